/** The part of `export` that runs in a thread: it reads and formats, as the one that writes does too. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { ChunkMaker } from '../export/chunk_maker.ts';
import { chunksAhead } from '../export/thread_protocol.ts';
import type { FromWorker, ToWorker, WorkerTask } from '../export/thread_protocol.ts';
import { openForReading } from '../store/file.ts';
import { failureOf } from '../store/thread_failure.ts';
import { tables } from '../tables/index.ts';

/** Sends chunks to the thread that writes, and waits where that one has not taken enough of them yet. */
class ReadingWorker {
  private readonly port: MessagePort;
  private readonly maker: ChunkMaker;
  private unanswered = 0;
  private proceed: (() => void) | null = null;

  constructor(port: MessagePort, task: WorkerTask) {
    this.port = port;
    const wanted = tables.filter((table) => task.tableNames.includes(table.name));
    this.maker = new ChunkMaker(openForReading(task.path, tables), wanted, task);
  }

  begin(): void {
    this.maker.begin();
    this.say({ ready: true });
  }

  /** The other thread is done with a chunk. */
  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.maker.took(bytes);
    this.unanswered -= 1;
    this.proceed?.();
    this.proceed = null;
  }

  async work(hostIds: readonly string[]): Promise<void> {
    for (const chunk of this.maker.chunks(hostIds)) {
      this.unanswered += 1;
      this.say(chunk, [chunk.bytes.buffer]);
      if (this.unanswered >= chunksAhead) await new Promise<void>((resolve) => (this.proceed = resolve));
    }
    this.say({ done: true });
  }

  say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

export const serve = (): void => {
  if (parentPort === null) return;
  const worker = new ReadingWorker(parentPort, workerData as WorkerTask);
  parentPort.on('message', (message: ToWorker) => {
    if ('begin' in message) worker.begin();
    else if ('took' in message) worker.took(message.took);
    else worker.work(message.hostIds).catch((error: unknown) => worker.say(failureOf(error)));
  });
};
