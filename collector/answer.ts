import type { CollectError, Cost } from './errors.ts';

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
 * itself. Whoever reads the answer is told what it costs (errors.ts); by itself, a record.
 */
export type Note = (problem: CollectError, costs?: Cost) => void;

/**
 * A pure function from an answer to values; throws CollectError, `parse_failed` for what it does not know at all.
 * What is odd in an answer that is known for the rest goes to `note`.
 */
export type Parse<T> = (answer: Answer, note?: Note) => T;

/** The same from the content of a file. */
export type ParseFile<T> = (content: Uint8Array, note?: Note) => T;

/** For whoever calls a parser and does not ask what it left out. */
export const ignore: Note = () => {};
