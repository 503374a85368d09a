/** What a part of the program is given by the fuzzer, and what counts as a fault of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type fc from 'fast-check';
import { CollectError, UserError } from '../../collector/errors.ts';
import { mustBeShortLine } from '../parsers/fuzz.ts';

export interface Target<T = unknown> {
  readonly name: string;
  /** What is tried. It can be written as JSON, so that one that fails can be kept. */
  readonly inputs: fc.Arbitrary<T>;
  /** Throws for a fault; an input that is refused in words is none. */
  readonly check: (input: T) => void | Promise<void>;
}

/** Passes on what is no refusal in words, and a refusal that cannot stand in a row. */
export const refusedInWords = (error: unknown): void => {
  if (error instanceof UserError) return;
  if (!(error instanceof CollectError) || error.message === '') throw error;
  mustBeShortLine(error);
};

/** Runs what may refuse its input in words; null where it did. */
export const unlessRefused = async <T>(work: () => T | Promise<T>): Promise<T | null> => {
  try {
    return await work();
  } catch (error) {
    refusedInWords(error);
    return null;
  }
};

/** A folder for one input. */
export const inFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-fuzz-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
