/** The part of `lake` that runs in threads: they read and make Parquet, so that the first one only writes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { partsOf } from '../export/lake/part.ts';
import { relationsOf } from '../export/lake/relations.ts';
import { lakeRows } from '../export/lake/rows.ts';
import type { FromLakeThread, LakeTask, ToLakeThread } from '../export/lake/threads.ts';
import { openForReading } from '../store/file.ts';
import { failureOf } from '../store/thread_failure.ts';
import type { Store } from '../store/store.ts';
import { tables } from '../tables/index.ts';

class PartMaker {
  private readonly port: MessagePort;
  private readonly store: Store;
  private proceed: (() => void) | null = null;

  constructor(port: MessagePort, { path }: LakeTask) {
    this.port = port;
    this.store = openForReading(path, tables);
  }

  say(message: FromLakeThread, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  /** The moment that is read is that of the first read after BEGIN. */
  begin(): void {
    const { db } = this.store;
    if (db.inTransaction) db.exec('ROLLBACK');
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM main.sqlite_schema').get();
    this.say({ ready: true });
  }

  /** The other thread has written a part. */
  took(): void {
    this.proceed?.();
    this.proceed = null;
  }

  async make(name: string): Promise<void> {
    const { db } = this.store;
    const relation = relationsOf(db, tables).find((one) => one.name === name);
    if (relation === undefined) throw new Error(`there is no ${name}`);
    for (const { rows, bytes } of partsOf(relation.columns, lakeRows(db, relation))) {
      const own = bytes.slice();
      const written = new Promise<void>((resolve) => (this.proceed = resolve));
      this.say({ rows, bytes: own }, [own.buffer]);
      await written;
    }
    this.say({ done: true });
  }
}

export const serve = (): void => {
  if (parentPort === null) return;
  const maker = new PartMaker(parentPort, workerData as LakeTask);
  parentPort.on('message', (message: ToLakeThread) => {
    if ('begin' in message) maker.begin();
    else if ('took' in message) maker.took();
    else maker.make(message.relation).catch((error: unknown) => maker.say(failureOf(error)));
  });
};
