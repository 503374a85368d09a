/** The part of an output that a parser sees: a process that ended by itself, both streams valid UTF-8. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Effective user id that asked; null when the evidence does not say. */
  readonly euid: number | null;
}

/** A pure function from an answer to values; throws CollectError, `parse_failed` for what it does not know. */
export type Parse<T> = (answer: Answer) => T;
