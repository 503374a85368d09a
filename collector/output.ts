import type { CollectError } from './errors.ts';

/** What running one command brought, whether now or when the evidence was recorded. */
export interface Output {
  readonly outcome: 'exited' | 'signalled' | 'timed_out' | 'too_large' | 'missing' | 'denied' | 'not_started';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Already reduced to what may be kept (sources.ts). */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Unix seconds; null where the evidence does not say. */
  readonly startedTime: number | null;
  readonly durationMs: number | null;
  /** False when a file of a mounted volume answered in place of a process. */
  readonly isSpawned: boolean;
  /** What could not be read of an answer that is right for the rest; only a mounted volume has such. */
  readonly problems?: readonly CollectError[];
}

/** The part of an output that a parser sees: a process that ended by itself, both streams valid UTF-8. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Effective user id that asked; null when the evidence does not say. */
  readonly euid: number | null;
}

/**
 * Says what of an answer could not be read, where the rest of it is right: one odd record, line or entry costs
 * itself. Whoever reads the answer is then told that it is not complete.
 */
export type Note = (problem: CollectError) => void;

/**
 * A pure function from an answer to values; throws CollectError, `parse_failed` for what it does not know at all.
 * What is odd in an answer that is known for the rest goes to `note`.
 */
export type Parse<T> = (answer: Answer, note?: Note) => T;

/** The same from the content of a file. */
export type ParseFile<T> = (content: Uint8Array, note?: Note) => T;

/** For whoever calls a parser and does not ask what it left out. */
export const ignore: Note = () => {};

/** What reading one file brought. */
export type FileContent =
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' };

/** What looking at one path brought; `missing` is proven absence. */
export type Stat =
  | {
      /** `file` for everything that is not a folder, devices too. */
      readonly kind: 'file' | 'dir';
      /** Permission bits, such as 0o600. */
      readonly mode: number;
      readonly uid: number;
      readonly size: number;
      /** Unix seconds. */
      readonly mtime: number;
    }
  | { readonly kind: 'missing' };
