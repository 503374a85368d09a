/** What the thread that writes an export and those that read and format it say to each other. */
import type { ThreadFailure } from '../store/thread_failure.ts';
import type { FormatName, FormatOptions } from './formats/index.ts';

export interface WorkerTask {
  readonly task: 'export';
  readonly path: string;
  readonly tableNames: readonly string[];
  readonly format: FormatName;
  readonly options: FormatOptions;
  readonly asOf: number | null;
}

export interface Chunk {
  /** Whose file it belongs to; empty where there is one file for all. */
  readonly table: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

export type ToWorker =
  | { readonly begin: true }
  | { readonly hostIds: readonly string[] }
  | { readonly took: Uint8Array<ArrayBuffer> };
export type FromWorker = { readonly ready: true } | Chunk | { readonly done: true } | ThreadFailure;

export const chunkBytes = 262_144;
/** Chunks that a thread may be ahead of the one that writes. */
export const chunksAhead = 5;
/** Below this, starting threads takes longer than they save. */
export const leastHosts = 500;
