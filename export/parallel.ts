/** Reads and formats many hosts in threads. The text comes out in the order of the hosts, as if there were one. */
import { Worker } from 'node:worker_threads';
import { UserError } from '../collector/errors.ts';
import { workerArgument } from '../store/worker.ts';
import type { Db } from '../store/database.ts';
import type { FormatName, FormatOptions } from './formats/index.ts';

export interface WorkerTask {
  readonly task: 'export';
  readonly path: string;
  readonly tableNames: readonly string[];
  readonly format: FormatName;
  readonly options: FormatOptions;
  readonly asOf: number | null;
}

export type ToWorker =
  | { readonly begin: true }
  | { readonly hostIds: readonly string[] }
  | { readonly took: Uint8Array<ArrayBuffer> };
export type FromWorker =
  | { readonly ready: true }
  | Chunk
  | { readonly done: true }
  | { readonly message: string; readonly hint: string }
  | { readonly fault: string };

export const chunkBytes = 262_144;
/** Chunks that a thread may be ahead of the one that writes. */
export const chunksAhead = 5;
// What a thread makes of so many fits into what it may be ahead, mostly: it need not
// wait for the other one to be written.
const hostsAtOnce = 8;
/** Below this, starting threads takes longer than they save. */
export const leastHosts = 500;
// A third would take memory and, on most machines, the processor of the one that writes.
const workerCount = 2;

export interface ParallelExport {
  /** A format's `between` stands before the first snapshot too. */
  readonly chunks: AsyncGenerator<{ readonly table: string; readonly bytes: Uint8Array }>;
  /** Ends the threads, also where no chunk was ever asked for: they would keep the program from ending. */
  end(): void;
}

interface Chunk {
  /** Whose file it belongs to; empty where there is one file for all. */
  readonly table: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

interface Batch {
  readonly hostIds: readonly string[];
  readonly chunks: Chunk[];
  isDone: boolean;
}

const openWorker = (entry: string, task: WorkerTask, onEvent: () => void) => {
  // Little is alive at any time. Small bounds make the collector work before garbage has piled up.
  const worker = new Worker(entry, {
    argv: [workerArgument],
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 192 },
  });
  let batch: Batch | null = null;
  let isReady = false;
  let failure: unknown = null;
  worker.on('message', (message: FromWorker) => {
    if ('bytes' in message) batch?.chunks.push(message);
    else if ('done' in message) {
      if (batch !== null) batch.isDone = true;
      batch = null;
    } else if ('ready' in message) isReady = true;
    else
      failure = 'fault' in message ? new Error(message.fault) : new UserError(message.message, message.hint);
    onEvent();
  });
  worker.on('error', (error) => {
    failure ??= error;
    onEvent();
  });
  const tell = (message: ToWorker): void => worker.postMessage(message);
  return {
    begin: (): void => {
      isReady = false;
      tell({ begin: true });
    },
    isReady: () => isReady,
    isFree: () => batch === null,
    failure: () => failure,
    take: (next: Batch): void => {
      batch = next;
      tell({ hostIds: next.hostIds });
    },
    took: (bytes: Uint8Array<ArrayBuffer>): void =>
      worker.postMessage({ took: bytes } satisfies ToWorker, [bytes.buffer]),
    end: (): void => void worker.terminate(),
  };
};

/**
 * The bytes of an export of current rows; each chunk is good until the next one is asked for. Null, and
 * nothing is read, where the threads cannot be brought to see one and the same moment of the database,
 * because others write into it all the time.
 *
 * @param db Another connection to the same file, in no transaction.
 */
export const parallelExport = async (
  entry: string,
  task: WorkerTask,
  db: Db,
  hostIds: () => readonly string[],
): Promise<ParallelExport | null> => {
  let wake: (() => void) | null = null;
  let isAwake = false;
  const onEvent = (): void => {
    isAwake = true;
    wake?.();
  };
  const event = async (): Promise<void> => {
    if (!isAwake) await new Promise<void>((resolve) => (wake = resolve));
    isAwake = false;
    wake = null;
  };
  const workers = Array.from({ length: workerCount }, () => openWorker(entry, task, onEvent));
  const end = (): void => {
    for (const worker of workers) worker.end();
  };
  const check = (): void => {
    for (const worker of workers) if (worker.failure() !== null) throw worker.failure();
  };
  // Changes when another connection has committed something since this one checked last.
  const version = (): number => db.pragma('data_version', { simple: true }) as number;
  try {
    let hosts: readonly string[] | null = null;
    for (let attempt = 0; attempt < 5 && hosts === null; attempt += 1) {
      const before = version();
      for (const worker of workers) worker.begin();
      while (!workers.every((worker) => worker.isReady())) {
        await event();
        check();
      }
      const found = hostIds();
      if (version() === before) hosts = found;
    }
    if (hosts === null) {
      end();
      return null;
    }
    const all = hosts;
    const chunks = async function* (): ParallelExport['chunks'] {
      try {
        const queue: { readonly batch: Batch; readonly worker: (typeof workers)[number] }[] = [];
        let next = 0;
        for (;;) {
          for (const worker of workers) {
            if (next >= all.length || !worker.isFree()) continue;
            const batch: Batch = { hostIds: all.slice(next, next + hostsAtOnce), chunks: [], isDone: false };
            next += hostsAtOnce;
            queue.push({ batch, worker });
            worker.take(batch);
          }
          const first = queue[0];
          if (first === undefined) return;
          const chunk = first.batch.chunks.shift();
          if (chunk !== undefined) {
            yield { table: chunk.table, bytes: chunk.bytes.subarray(0, chunk.length) };
            first.worker.took(chunk.bytes);
          } else if (first.batch.isDone) queue.shift();
          else await event();
          check();
        }
      } finally {
        end();
      }
    };
    return { chunks: chunks(), end };
  } catch (error) {
    end();
    throw error;
  }
};
