/** Makes the parts of a large store in threads, each a table at a time, so that the first thread only writes. */
import { Worker } from 'node:worker_threads';
import type { Db } from '../../store/database.ts';
import { errorOf } from '../../store/thread_failure.ts';
import type { ThreadFailure } from '../../store/thread_failure.ts';
import { isNotBegun, workerArgument } from '../../store/worker.ts';
import type { ThreadEntry } from '../../store/worker.ts';
import type { Part } from './part.ts';
import type { Relation } from './relations.ts';

export interface LakeTask {
  readonly task: 'lake';
  readonly path: string;
}

export type ToLakeThread = { readonly begin: true } | { readonly relation: string } | { readonly took: true };
export type FromLakeThread =
  | { readonly ready: true }
  | { readonly rows: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly done: true }
  | ThreadFailure;

/** Makes the parts of one table after the other. */
export interface Lane {
  parts(relation: Relation): AsyncIterable<Part> | Iterable<Part>;
}

/** Below this, starting threads takes longer than they save. */
export const leastHostsForThreads = 500;
const laneCount = 2;
/** So often the threads are brought to one moment of a database that others write into. */
const attempts = 5;

class ThreadLane implements Lane {
  private readonly worker: Worker;
  private readonly told: FromLakeThread[] = [];
  private failure: unknown = null;
  private wake: (() => void) | null = null;

  constructor(entry: ThreadEntry, task: LakeTask) {
    this.worker = new Worker(entry.script, {
      eval: entry.isText,
      argv: [workerArgument],
      workerData: task,
      // Little is alive at any time. Small bounds make the collector work before garbage has piled up.
      resourceLimits: { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 256 },
    });
    this.worker.on('message', (message: FromLakeThread) => {
      this.told.push(message);
      this.wake?.();
    });
    this.worker.on('error', (error) => {
      this.failure ??= error;
      this.wake?.();
    });
  }

  async begin(): Promise<void> {
    this.tell({ begin: true });
    await this.next();
  }

  async *parts({ name }: Relation): AsyncGenerator<Part> {
    this.tell({ relation: name });
    for (;;) {
      const message = await this.next();
      if (!('bytes' in message)) return;
      yield message;
      this.tell({ took: true });
    }
  }

  end(): void {
    void this.worker.terminate();
  }

  private tell(message: ToLakeThread): void {
    this.worker.postMessage(message);
  }

  private async next(): Promise<FromLakeThread> {
    while (this.told.length === 0 && this.failure === null)
      await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.failure !== null) throw this.failure;
    const message = this.told.shift() as FromLakeThread;
    if ('message' in message || 'fault' in message) throw errorOf(message);
    return message;
  }
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  /** Ends the threads. */
  end(this: void): void;
}

/**
 * Threads that read one moment of a database, at which `db` is then too, in a transaction. Null where none can be begun, or where
 * they cannot be brought to one moment, because others write into it all the time.
 *
 * @param db Another connection to the same file, in no transaction.
 */
export const threadLanes = async (entry: ThreadEntry, path: string, db: Db): Promise<Lanes | null> => {
  const lanes: ThreadLane[] = [];
  const end = (): void => {
    for (const lane of lanes) lane.end();
  };
  // Changes when another connection has committed something; within a transaction it is that of its moment.
  const version = (): number => db.pragma('data_version', { simple: true }) as number;
  try {
    while (lanes.length < laneCount) lanes.push(new ThreadLane(entry, { task: 'lake', path }));
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const before = version();
      await Promise.all(lanes.map((lane) => lane.begin()));
      db.exec('BEGIN');
      db.prepare('SELECT count(*) FROM main.sqlite_schema').get();
      if (version() === before) return { lanes, end };
      db.exec('ROLLBACK');
    }
  } catch (error) {
    end();
    if (!isNotBegun(error)) throw error;
  }
  end();
  return null;
};
