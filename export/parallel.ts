/** Reads and formats many hosts in two threads. The text comes out in the order of the hosts, as if there were one. */
import { Worker } from 'node:worker_threads';
import { codeOf } from '../collector/errors.ts';
import { errorOf } from '../store/thread_failure.ts';
import { isNotBegun, workerArgument } from '../store/worker.ts';
import type { ThreadEntry } from '../store/worker.ts';
import type { ChunkMaker } from './chunk_maker.ts';
import { chunksAhead } from './thread_protocol.ts';
import type { Chunk, FromWorker, ToWorker, WorkerTask } from './thread_protocol.ts';

// What a thread makes of so many fits into what it may be ahead, mostly: it need not
// wait for the other one to be written.
const hostsAtOnce = 8;
/** So often both are brought to one moment of a database that others write into. */
const attempts = 5;

export interface ParallelExport {
  /** A format's `between` stands before the first snapshot too. */
  readonly chunks: AsyncGenerator<{ readonly table: string; readonly bytes: Uint8Array }>;
  /** Ends the thread, also where no chunk was ever asked for: it would keep the program from ending. */
  end(this: void): void;
}

/** Hosts that one of them reads, and what it has made of them so far. */
interface Batch {
  readonly hostIds: readonly string[];
  reader: Reading;
  readonly chunks: Chunk[];
  /** Chunks that were made of it, handed on or not: of the same hosts they are always the same. */
  made: number;
  isDone: boolean;
}

interface Reading {
  /** The bytes of a chunk are needed no more. */
  took(bytes: Uint8Array<ArrayBuffer>): void;
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

class ReadingThread implements Reading {
  isReady = false;
  failure: unknown = null;
  private batch: Batch | null = null;
  private readonly worker: Worker;

  constructor(entry: ThreadEntry, task: WorkerTask, megabytes: number, onEvent: () => void) {
    // Little is alive at any time. Small bounds make the collector work before garbage has piled up.
    this.worker = new Worker(entry.script, {
      eval: entry.isText,
      // The verb is for V8's caches (scripts/loader.cjs).
      argv: [workerArgument, 'export'],
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: megabytes },
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
    return this.batch === null && this.failure === null;
  }

  /** Whether its memory did not suffice. */
  isTooSmall(): boolean {
    return codeOf(this.failure) === 'ERR_WORKER_OUT_OF_MEMORY';
  }

  /** What it was reading when it ended; another one does so. */
  unfinished(): Batch | null {
    const { batch } = this;
    this.batch = null;
    return batch;
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
    if ('bytes' in message) {
      if (this.batch === null) return;
      this.batch.chunks.push(message);
      this.batch.made += 1;
    } else if ('done' in message) {
      if (this.batch !== null) this.batch.isDone = true;
      this.batch = null;
    } else if ('ready' in message) this.isReady = true;
    else this.failure = errorOf(message);
  }
}

/** What the thread that writes reads itself, while there is nothing to write. */
class OwnReading implements Reading {
  readonly maker: ChunkMaker;
  private batch: Batch | null = null;
  private making: Generator<Chunk> | null = null;

  constructor(maker: ChunkMaker) {
    this.maker = maker;
  }

  isFree(): boolean {
    return this.batch === null;
  }

  /** What is made of the batch already is left out. */
  take(batch: Batch): void {
    this.batch = batch;
    this.making = this.maker.chunks(batch.hostIds);
    for (let again = 0; again < batch.made; again += 1) {
      const { value } = this.making.next();
      if (value !== undefined) this.took(value.bytes);
    }
  }

  /** Makes all that is left, to be free for another batch. */
  finish(): void {
    while (this.make());
  }

  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.maker.took(bytes);
  }

  /** Makes one more chunk; false where there is nothing to do, or enough is made already. */
  step(): boolean {
    return this.batch !== null && this.batch.chunks.length < chunksAhead && this.make();
  }

  private make(): boolean {
    const { batch, making } = this;
    if (batch === null || making === null) return false;
    const { value } = making.next();
    if (value !== undefined) {
      batch.chunks.push(value);
      batch.made += 1;
    } else {
      batch.isDone = true;
      this.batch = null;
    }
    return true;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class TwoReadings {
  private readonly wakening = new Wakening();
  private readonly thread: ReadingThread;
  private readonly own: OwnReading;

  constructor(entry: ThreadEntry, task: WorkerTask, maker: ChunkMaker, megabytes: number) {
    this.thread = new ReadingThread(entry, task, megabytes, this.wakening.happened);
    this.own = new OwnReading(maker);
  }

  end(): void {
    this.thread.end();
  }

  /** Brings both to one moment of the database. The hosts of that moment; null where it cannot be done. */
  async begin(hostIds: () => readonly string[]): Promise<readonly string[] | null> {
    const { thread } = this;
    const { maker } = this.own;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const before = maker.version();
      thread.begin();
      while (!thread.isReady) {
        await this.wakening.next();
        this.check();
      }
      maker.begin();
      if (maker.version() === before) return hostIds();
      maker.end();
    }
    return null;
  }

  async *chunks(hosts: readonly string[]): ParallelExport['chunks'] {
    const { thread, own } = this;
    const queue: Batch[] = [];
    let next = 0;
    const give = (reader: ReadingThread | OwnReading): boolean => {
      if (next >= hosts.length || !reader.isFree()) return false;
      const batch = {
        hostIds: hosts.slice(next, next + hostsAtOnce),
        ...{ reader, chunks: [], made: 0, isDone: false },
      };
      next += hostsAtOnce;
      queue.push(batch);
      reader.take(batch);
      return true;
    };
    try {
      for (;;) {
        // Where the thread has come to its end, all that is left is read here.
        if (!give(thread) && queue.length === 0) give(own);
        const first = queue[0];
        if (first === undefined) return;
        const chunk = first.chunks.shift();
        if (chunk !== undefined) {
          yield { table: chunk.table, bytes: chunk.bytes.subarray(0, chunk.length) };
          first.reader.took(chunk.bytes);
        } else if (first.isDone) queue.shift();
        else if (own.step()) {
          // Now the thread is heard.
          await turn();
        } else if (!give(own)) await this.wakening.next();
        if (thread.isTooSmall()) this.takeOver();
        else this.check();
      }
    } finally {
      this.end();
    }
  }

  /** A host that is larger than what the thread may hold: here there is more room. */
  private takeOver(): void {
    const batch = this.thread.unfinished();
    if (batch === null) return;
    this.own.finish();
    batch.reader = this.own;
    this.own.take(batch);
  }

  private check(): void {
    const { failure } = this.thread;
    if (failure !== null) throw failure;
  }
}

/** What the thread may hold; a batch that is larger is read by the one that writes. */
const usualMegabytes = 192;

/**
 * The bytes of an export of current rows; each chunk is good until the next one is asked for. Null, and
 * nothing is read, where no thread can be begun, or where it cannot be brought to see the same moment of the
 * database as this one, because others write into it all the time.
 *
 * @param maker Of the same task, by a connection to the same file that is in no transaction.
 */
export const parallelExport = async (
  entry: ThreadEntry,
  task: WorkerTask,
  maker: ChunkMaker,
  hostIds: () => readonly string[],
  megabytes = usualMegabytes,
): Promise<ParallelExport | null> => {
  let readings: TwoReadings | null = null;
  try {
    readings = new TwoReadings(entry, task, maker, megabytes);
    const hosts = await readings.begin(hostIds);
    const both = readings;
    if (hosts !== null) return { chunks: both.chunks(hosts), end: () => both.end() };
  } catch (error) {
    readings?.end();
    if (!isNotBegun(error) && codeOf(error) !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
  }
  readings?.end();
  return null;
};
