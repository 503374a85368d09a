/** What the file system says of a path, in words for whoever named it: one place for every reader and writer. */
import { dirname, resolve } from 'node:path';
import { codeOf, FileError, UserError } from './errors.ts';

/** Whether nothing is at a path. */
export const isNotThere = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
/** Whether the path, or a folder on the way to it, is closed to this user. */
export const isDenied = (error: unknown): boolean => ['EACCES', 'EPERM'].includes(codeOf(error));

/** Whether it is the machine that lacks something: another time the same will be done. */
export const isPassing = (error: unknown): boolean =>
  /^(?:E(?:MFILE|NFILE|NOMEM|AGAIN|BUSY|IO|NOSPC|STALE|TIMEDOUT)|SQLITE_(?:BUSY|IOERR|NOMEM)\w*)$/.test(
    codeOf(error),
  );

/** What to do where there is too little of something; empty where that is not it. */
const shortageHint = (error: unknown): string =>
  ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'].includes(codeOf(error))
    ? 'are there too few open files or processes left, or too little memory (ulimit -a)? try again then'
    : '';

/** What to do about what is passing. */
export const passingHint = (error: unknown): string => shortageHint(error) || 'try again later';

/** What follows the path, and what to do about it. */
type Words = readonly [what: string, hint: string];

const otherWords = (error: unknown, verb: string): string =>
  codeOf(error) === ''
    ? ` cannot be ${verb}: ${error instanceof Error ? error.message : String(error)}`
    : ` cannot be ${verb} (${codeOf(error)})`;

const readingWords = (error: unknown): Words => {
  if (isNotThere(error)) return [' is not there', 'is the path right?'];
  if (isDenied(error)) return [' may not be read', 'only its owner and root may read it'];
  if (codeOf(error) === 'EISDIR') return [' is a folder', 'name a file'];
  if (codeOf(error) === 'ELOOP') return [' is a link', 'name the file itself'];
  return [otherWords(error, 'read'), shortageHint(error)];
};

const writingWords = (error: unknown, path: string): Words => {
  const folder = dirname(resolve(path));
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [` cannot be made: there is no folder ${folder}`, 'make the folder first'];
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return [` may not be written (${codeOf(error)})`, `may you write in ${folder}?`];
    case 'EISDIR':
    case 'ENOTEMPTY':
      return [' is a folder', 'name a file'];
    case 'EEXIST':
      return [' exists already', 'name a new path'];
    default:
      return [otherWords(error, 'written'), shortageHint(error)];
  }
};

/**
 * The error to show for what befell a path; one that is in words already stays as it is.
 *
 * @param hint What to do about it, where the caller knows better.
 */
export const fileFailure = (
  error: unknown,
  path: string,
  doing: 'read' | 'write',
  hint?: string,
): UserError => {
  if (error instanceof UserError) return error;
  if (['ENOSPC', 'EDQUOT'].includes(codeOf(error)))
    return new UserError(
      `there is no space left for ${path}`,
      'make room and try again: what was there before is as it was',
    );
  const [what, ownHint] = doing === 'read' ? readingWords(error) : writingWords(error, path);
  return Object.assign(new FileError(path, what, hint ?? ownHint), { cause: error });
};
