/** Reads and formats many hosts in threads. The text comes out in the order of the hosts, as if there were one. */
import { Worker } from 'node:worker_threads';
import { errorOf } from '../store/thread_failure.ts';
import { isNotBegun, workerArgument } from '../store/worker.ts';
import type { ThreadEntry } from '../store/worker.ts';
import type { Db } from '../store/database.ts';
import type { Chunk, FromWorker, ToWorker, WorkerTask } from './thread_protocol.ts';

// What a thread makes of so many fits into what it may be ahead, mostly: it need not
// wait for the other one to be written.
const hostsAtOnce = 8;
// A third would take memory and, on most machines, the processor of the one that writes.
const workerCount = 2;
/** So often the threads are brought to one moment of a database that others write into. */
const attempts = 5;

export interface ParallelExport {
  /** A format's `between` stands before the first snapshot too. */
  readonly chunks: AsyncGenerator<{ readonly table: string; readonly bytes: Uint8Array }>;
  /** Ends the threads, also where no chunk was ever asked for: they would keep the program from ending. */
  end(this: void): void;
}

/** Hosts that one thread reads, and what it has made of them so far. */
interface Batch {
  readonly hostIds: readonly string[];
  readonly chunks: Chunk[];
  isDone: boolean;
}

/** Something came from a thread. */
class Wakening {
  private isAwake = false;
  private wake: (() => void) | null = null;

  readonly happened = (): void => {
    this.isAwake = true;
    this.wake?.();
  };

  async next(): Promise<void> {
    if (!this.isAwake) await new Promise<void>((resolve) => (this.wake = resolve));
    this.isAwake = false;
    this.wake = null;
  }
}

class ReadingThread {
  isReady = false;
  failure: unknown = null;
  private batch: Batch | null = null;
  private readonly worker: Worker;

  constructor(entry: ThreadEntry, task: WorkerTask, onEvent: () => void) {
    // Little is alive at any time. Small bounds make the collector work before garbage has piled up.
    this.worker = new Worker(entry.script, {
      eval: entry.isText,
      argv: [workerArgument],
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 192 },
    });
    this.worker.on('message', (message: FromWorker) => {
      this.hear(message);
      onEvent();
    });
    this.worker.on('error', (error) => {
      this.failure ??= error;
      onEvent();
    });
  }

  /** It reads another batch when this is true. */
  isFree(): boolean {
    return this.batch === null;
  }

  /** Begins a transaction; `isReady` when it has. */
  begin(): void {
    this.isReady = false;
    this.tell({ begin: true });
  }

  take(batch: Batch): void {
    this.batch = batch;
    this.tell({ hostIds: batch.hostIds });
  }

  /** Gives the bytes of a chunk back. */
  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.worker.postMessage({ took: bytes } satisfies ToWorker, [bytes.buffer]);
  }

  end(): void {
    void this.worker.terminate();
  }

  private tell(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private hear(message: FromWorker): void {
    if ('bytes' in message) this.batch?.chunks.push(message);
    else if ('done' in message) {
      if (this.batch !== null) this.batch.isDone = true;
      this.batch = null;
    } else if ('ready' in message) this.isReady = true;
    else this.failure = errorOf(message);
  }
}

class ReadingThreads {
  private readonly wakening = new Wakening();
  private readonly threads: ReadingThread[] = [];

  start(entry: ThreadEntry, task: WorkerTask): void {
    while (this.threads.length < workerCount)
      this.threads.push(new ReadingThread(entry, task, this.wakening.happened));
  }

  end(): void {
    for (const thread of this.threads) thread.end();
  }

  /** Brings all of them to one moment of the database. The hosts of that moment; null where it cannot be done. */
  async begin(db: Db, hostIds: () => readonly string[]): Promise<readonly string[] | null> {
    // Changes when another connection has committed something since this one checked last.
    const version = (): number => db.pragma('data_version', { simple: true }) as number;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const before = version();
      for (const thread of this.threads) thread.begin();
      while (!this.threads.every(({ isReady }) => isReady)) {
        await this.wakening.next();
        this.check();
      }
      const hosts = hostIds();
      if (version() === before) return hosts;
    }
    return null;
  }

  async *chunks(hosts: readonly string[]): ParallelExport['chunks'] {
    try {
      const queue: { readonly batch: Batch; readonly thread: ReadingThread }[] = [];
      let next = 0;
      for (;;) {
        for (const thread of this.threads) {
          if (next >= hosts.length || !thread.isFree()) continue;
          const batch: Batch = { hostIds: hosts.slice(next, next + hostsAtOnce), chunks: [], isDone: false };
          next += hostsAtOnce;
          queue.push({ batch, thread });
          thread.take(batch);
        }
        const first = queue[0];
        if (first === undefined) return;
        const chunk = first.batch.chunks.shift();
        if (chunk !== undefined) {
          yield { table: chunk.table, bytes: chunk.bytes.subarray(0, chunk.length) };
          first.thread.took(chunk.bytes);
        } else if (first.batch.isDone) queue.shift();
        else await this.wakening.next();
        this.check();
      }
    } finally {
      this.end();
    }
  }

  private check(): void {
    for (const { failure } of this.threads) if (failure !== null) throw failure;
  }
}

/**
 * The bytes of an export of current rows; each chunk is good until the next one is asked for. Null, and
 * nothing is read, where no threads can be begun, or where they cannot be brought to see one and the same
 * moment of the database, because others write into it all the time.
 *
 * @param db Another connection to the same file, in no transaction.
 */
export const parallelExport = async (
  entry: ThreadEntry,
  task: WorkerTask,
  db: Db,
  hostIds: () => readonly string[],
): Promise<ParallelExport | null> => {
  const threads = new ReadingThreads();
  try {
    threads.start(entry, task);
    const hosts = await threads.begin(db, hostIds);
    if (hosts !== null) return { chunks: threads.chunks(hosts), end: () => threads.end() };
  } catch (error) {
    threads.end();
    if (!isNotBegun(error)) throw error;
  }
  threads.end();
  return null;
};
