/** Reads and formats many hosts in two threads. The text comes out in the order of the hosts, as if there were one. */
import { Worker } from 'node:worker_threads';
import { errorOf } from '../store/thread_failure.ts';
import { isNotBegun, isOutOfMemory, workerArgument } from '../store/worker.ts';
import type { ThreadEntry } from '../store/worker.ts';
import type { ChunkMaker } from './chunk_maker.ts';
import { chunkBytes, chunksAhead } from './thread_protocol.ts';
import type { Chunk, FromWorker, ToWorker, WorkerTask } from './thread_protocol.ts';

const firstHosts = 8;
const mostHosts = 256;
// So much fits into what a thread may be ahead: it need not wait for the other one to be written. Of less, messages cost more.
const bytesAtOnce = 4 * chunkBytes;
// With more, garbage would pile up before it is looked for.
const threadMegabytes = 192;
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
  readonly reader: Reading;
  readonly chunks: Chunk[];
  isDone: boolean;
}

/** How many hosts to read at once, from what was made of some. */
const fittingHosts = ({ hostIds: { length: count } }: Batch, bytes: number): number => {
  const fitting = Math.round((count * bytesAtOnce) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, 2 * count, mostHosts));
};

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
  /** It ran out of memory, which the thread that writes has more of. */
  isLost = false;
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
      if (isOutOfMemory(error)) this.isLost = true;
      else this.failure ??= error;
      onEvent();
    });
  }

  /** It reads another batch when this is true. */
  isFree(): boolean {
    return this.batch === null && !this.isLost;
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
    if ('bytes' in message) this.batch?.chunks.push(message);
    else if ('done' in message) {
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

  take(batch: Batch): void {
    this.batch = batch;
    this.making = this.maker.chunks(batch.hostIds);
  }

  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.maker.took(bytes);
  }

  /** Nothing of what it is making is needed. */
  drop(): void {
    this.making?.return(undefined);
    this.making = null;
    this.batch = null;
  }

  /** Makes one more chunk; false where there is nothing to do, or enough is made already. */
  step(): boolean {
    const { batch, making } = this;
    if (batch === null || making === null || batch.chunks.length >= chunksAhead) return false;
    const { value } = making.next();
    if (value !== undefined) batch.chunks.push(value);
    else {
      batch.isDone = true;
      this.batch = null;
    }
    return true;
  }
}

/** The batches that are being read, in the order in which they are written. */
class BatchQueue {
  private readonly hosts: readonly string[];
  private readonly batches: Batch[] = [];
  private given = 0;
  private hostsAtOnce = firstHosts;
  /** By the table: what is written of the first batch; and what was, and is made once more. */
  private written = new Map<string, number>();
  private repeated = new Map<string, number>();

  constructor(hosts: readonly string[]) {
    this.hosts = hosts;
  }

  get first(): Batch | undefined {
    return this.batches[0];
  }

  /** Gives hosts to one that is free; false where there are no more. */
  give(reader: ReadingThread | OwnReading): boolean {
    const hostIds = this.hosts.slice(this.given, this.given + this.hostsAtOnce);
    if (hostIds.length === 0) return false;
    this.given += hostIds.length;
    const batch = { hostIds, reader, chunks: [], isDone: false };
    this.batches.push(batch);
    reader.take(batch);
    return true;
  }

  /** What of a chunk of the first batch is to be written. */
  unwritten({ table, bytes, length }: Chunk): Uint8Array {
    const repeated = Math.min(this.repeated.get(table) ?? 0, length);
    this.repeated.set(table, (this.repeated.get(table) ?? 0) - repeated);
    this.written.set(table, (this.written.get(table) ?? 0) + length - repeated);
    return bytes.subarray(repeated, length);
  }

  /** The first batch is written. */
  next(): void {
    const batch = this.batches.shift();
    const bytes = [...this.written.values()].reduce((sum, own) => sum + own, 0);
    if (batch !== undefined) this.hostsAtOnce = fittingHosts(batch, bytes);
    this.written = new Map();
  }

  /** Whoever read the first batch is no more: all of it is made again, and the same bytes once more. */
  restart(): void {
    this.given -= this.batches.reduce((sum, { hostIds }) => sum + hostIds.length, 0);
    this.batches.length = 0;
    this.hostsAtOnce = 1;
    this.repeated = new Map(this.written);
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
        if (thread.isLost) return null;
      }
      maker.begin();
      if (maker.version() === before) return hostIds();
      maker.end();
    }
    return null;
  }

  async *chunks(hosts: readonly string[]): ParallelExport['chunks'] {
    const { thread, own } = this;
    const queue = new BatchQueue(hosts);
    try {
      for (;;) {
        if (thread.isLost && queue.first?.reader === thread) {
          own.drop();
          queue.restart();
        }
        if (thread.isFree()) queue.give(thread);
        const { first } = queue;
        if (first === undefined && !queue.give(own)) return;
        const chunk = first?.chunks.shift();
        if (first !== undefined && chunk !== undefined) {
          yield { table: chunk.table, bytes: queue.unwritten(chunk) };
          first.reader.took(chunk.bytes);
        } else if (first?.isDone === true) queue.next();
        else if (own.step()) {
          // Now the thread is heard.
          await turn();
        } else if (!own.isFree() || !queue.give(own)) await this.wakening.next();
        this.check();
      }
    } finally {
      this.end();
    }
  }

  private check(): void {
    const { failure } = this.thread;
    if (failure !== null) throw failure;
  }
}

/**
 * The bytes of an export of current rows; each chunk is good until the next one is asked for. Null, and
 * nothing is read, where no thread can be begun, or where it cannot be brought to see the same moment of the
 * database as this one, because others write into it all the time.
 *
 * @param maker Of the same task, by a connection to the same file that is in no transaction.
 * @param megabytes What the thread may hold; hosts that take more are read by the one that writes.
 */
export const parallelExport = async (
  entry: ThreadEntry,
  task: WorkerTask,
  maker: ChunkMaker,
  hostIds: () => readonly string[],
  megabytes = threadMegabytes,
): Promise<ParallelExport | null> => {
  let readings: TwoReadings | null = null;
  try {
    readings = new TwoReadings(entry, task, maker, megabytes);
    const both = readings;
    const hosts = await both.begin(hostIds);
    if (hosts !== null) return { chunks: both.chunks(hosts), end: () => both.end() };
  } catch (error) {
    readings?.end();
    if (!isNotBegun(error)) throw error;
  }
  readings?.end();
  return null;
};
