/** Files that somebody else may have put there: a pipe or a device in the place of one would never end. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { FileError } from './errors.ts';

const MiB = 1024 * 1024;

/**
 * What is at a path; null where nothing is, or where it cannot be looked at: whoever opens it says why.
 *
 * @param how By `statSync` what a link leads to.
 */
export const statOrNull = (path: string, how: typeof lstatSync = lstatSync): Stats | null => {
  try {
    return how(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
};

const kindOf = (stat: Stats): string => {
  if (stat.isDirectory()) return 'folder';
  if (stat.isFIFO()) return 'pipe';
  if (stat.isSocket()) return 'socket';
  return 'device';
};

interface Opened {
  readonly fd: number;
  readonly size: number;
}

interface Opening {
  /** A link is an error, ELOOP. */
  readonly noLink?: boolean;
  readonly hint?: string | undefined;
}

/**
 * Opens a file for reading. What is no file is refused at once, with a FileError; other errors are those of the system.
 * Without O_NONBLOCK, to open a pipe would wait for somebody who writes.
 */
export const openRegular = (path: string, { noLink = false, hint = 'name a file' }: Opening = {}): Opened => {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | (noLink ? O_NOFOLLOW : 0));
  try {
    const stat = fstatSync(fd);
    if (stat.isFile()) return { fd, size: stat.size };
    if (!stat.isDirectory()) throw new FileError(path, ` is not a file but a ${kindOf(stat)}`, hint);
    throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

const tooLarge = (path: string, most: number, hint: string): FileError =>
  new FileError(path, ` has more than ${Math.floor(most / MiB)} MiB`, hint);

/** The bytes of an open descriptor, of which there are at most `most`; it may be standard input. Throws FileError. */
export const readAtMost = (fd: number, path: string, most: number, hint = '', expected = 65_536): Buffer => {
  let bytes = Buffer.allocUnsafe(Math.min(most, expected) + 1);
  let length = 0;
  for (;;) {
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(length * 2, most + 1));
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > most) throw tooLarge(path, most, hint);
  }
};

/** The content of a file of at most `most` bytes, of which nothing is read where there are more. Throws as openRegular does. */
export const readRegular = (path: string, most: number, how: Opening = {}): Buffer => {
  const { fd, size } = openRegular(path, how);
  try {
    if (size > most) throw tooLarge(path, most, how.hint ?? '');
    return readAtMost(fd, path, most, how.hint, size);
  } finally {
    closeSync(fd);
  }
};
