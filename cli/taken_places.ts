/** Files that an output must not take the place of: those that the command itself reads. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../collector/errors.ts';
import { statOrNull } from '../collector/files.ts';

/** What a file is for, and where; null where none was named. */
type Taken = readonly [label: string, path: string | null];

const besides = ['', '-wal', '-shm', '-journal', '.lock'];

/** Refuses to put an output in the place of what a command needs, by whatever name. Throws UserError. */
export const checkTaken = (output: string, taken: readonly Taken[]): void => {
  const there = statOrNull(output, statSync);
  for (const [label, own] of taken) {
    if (own === null) continue;
    const other = statOrNull(own, statSync);
    const isSame = there !== null && other?.dev === there.dev && other.ino === there.ino;
    if (isSame || besides.some((end) => resolve(own + end) === resolve(output)))
      throw new UserError(`--output ${output} would replace ${label}`, 'name another file', 2);
  }
};
