/** A lock beside a file, for as long as a process works on it. */
import { closeSync, constants, openSync } from 'node:fs';
import { codeOf, FileError, UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { checkData } from '../collector/trust.ts';
import { openDatabase } from '../store/database.ts';
import { sweep } from './file_sink.ts';

/**
 * Keeps a second run from a file until what is returned is called. SQLite holds the lock, which ends with the process, however
 * that ends; the file `PATH.lock` stays, and is empty.
 *
 * @param busy What is told where another run has it.
 */
export const lockBeside = (path: string, busy: string): (() => void) => {
  const lock = `${path}.lock`;
  checkData(path, ['.lock', '.lock-journal', '.lock-wal', '.lock-shm']);
  try {
    // A link is not followed, and a pipe is not waited for.
    const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    closeSync(openSync(lock, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
  } catch (error) {
    throw fileFailure(error, path, 'write');
  }
  const db = openDatabase(lock, { waitMs: 0 });
  try {
    // A journal on the disk would be one more file beside it.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (codeOf(error).startsWith('SQLITE_BUSY')) throw new UserError(busy, 'try again when it has ended');
    throw new FileError(lock, ` cannot be locked: ${(error as Error).message}`, 'remove it, and try again');
  }
  sweep(path);
  return () => db.close();
};
