/** A store file and its log as one, in memory: for reading where nothing can be written, not even the index of the log. */
import { readFileSync, statSync } from 'node:fs';
import { codeOf, FileError } from '../collector/errors.ts';
import { statOrNull } from '../collector/files.ts';

const frameHeader = 24;
const logHeader = 32;

/** The running sum of SQLite over pairs of words, in the byte order that the log names. */
class Checksum {
  readonly #isBig: boolean;
  first = 0;
  second = 0;

  constructor(isBig: boolean) {
    this.#isBig = isBig;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const [a, b] = this.#isBig
        ? [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
        : [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
      this.first = (this.first + a + this.second) >>> 0;
      this.second = (this.second + b + this.first) >>> 0;
    }
  }

  is(bytes: Buffer, at: number): boolean {
    return bytes.readUInt32BE(at) === this.first && bytes.readUInt32BE(at + 4) === this.second;
  }
}

/** The pages that a log has of its last whole transaction, and how many the file then has; null where it has none. */
const pagesOf = (
  log: Buffer,
): { pages: ReadonlyMap<number, Buffer>; count: number; pageSize: number } | null => {
  if (log.length < logHeader) return null;
  const magic = log.readUInt32BE(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return null;
  const pageSize = log.readUInt32BE(8);
  const sum = new Checksum(magic === 0x377f0683);
  sum.add(log.subarray(0, 24));
  if (!sum.is(log, 24)) return null;
  const salts = log.subarray(16, 24);
  const waiting = new Map<number, Buffer>();
  const pages = new Map<number, Buffer>();
  let count = 0;
  for (let at = logHeader; at + frameHeader + pageSize <= log.length; at += frameHeader + pageSize) {
    const page = log.subarray(at + frameHeader, at + frameHeader + pageSize);
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    sum.add(log.subarray(at, at + 8));
    sum.add(page);
    if (!sum.is(log, at + 16)) break;
    waiting.set(log.readUInt32BE(at), page);
    const size = log.readUInt32BE(at + 4);
    if (size === 0) continue;
    for (const [number, bytes] of waiting) pages.set(number, bytes);
    waiting.clear();
    count = size;
  }
  return count === 0 ? null : { pages, count, pageSize };
};

/** A file with the pages of its log in their places. */
const applyLog = (file: Buffer, log: Buffer): Buffer => {
  const found = pagesOf(log);
  if (found === null) return file;
  const { pages, count, pageSize } = found;
  const whole = Buffer.alloc(count * pageSize);
  file.copy(whole, 0, 0, Math.min(file.length, whole.length));
  for (const [number, page] of pages) if (number <= count) page.copy(whole, (number - 1) * pageSize);
  return whole;
};

/** What can be held in memory of a file. */
const mostBytes = 1024 * 1024 * 1024;

const sizeOf = (path: string): string => {
  const stat = statOrNull(path, statSync);
  return stat === null ? '' : `${stat.size} ${stat.mtimeMs}`;
};

const readIfThere = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
};

/** The bytes of a database, its log included, as one that needs no log. Throws UserError where that is not to be had. */
export const readWhole = (path: string): Buffer => {
  if (statSync(path).size > mostBytes)
    throw new FileError(
      path,
      ' is too large to be read where nothing can be written beside it',
      'copy it to a folder that you may write in, and read the copy',
    );
  for (let times = 0; times < 5; times += 1) {
    const state = (): string => `${sizeOf(path)} ${sizeOf(`${path}-wal`)}`;
    const before = state();
    const bytes = applyLog(readFileSync(path), readIfThere(`${path}-wal`));
    if (state() !== before) continue;
    // As one without a log: SQLite looks for none.
    bytes[18] = 1;
    bytes[19] = 1;
    return bytes;
  }
  throw new FileError(path, ' is being written by another tokenquery', 'try again when it is done');
};
