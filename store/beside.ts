/**
 * What lies beside a store file: a log of what was written last (-wal, with an index, -shm), or a journal by which SQLite takes
 * a transaction back (-journal). SQLite believes what it finds under these names, so that a file of somebody else would be
 * read, or played back into the store. Each must be one that can be of this file.
 */
import { closeSync, readSync } from 'node:fs';
import { FileError } from '../collector/errors.ts';
import { openRegular, statOrNull } from '../collector/files.ts';
import { sleep } from '../collector/sleep.ts';

/** Up to so many bytes from a place in a file; fewer where it is shorter, none where it is not there. */
const readAt = (path: string, from: number, count: number): Buffer => {
  let file: number;
  try {
    file = openRegular(path).fd;
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, from));
  } finally {
    closeSync(file);
  }
};

/** The size of a page, by the header of a file. */
export const pageSizeOf = (header: Buffer): number =>
  header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);

/** Whether a file is in WAL mode, by its own header: then it has no rollback journal. */
export const isInWalMode = (header: Buffer): boolean => header[18] === 2 || header[19] === 2;

const journalMagic = Buffer.from('d9d505f920a163d7', 'hex');

/** The parts of page 1 that each transaction changes, and the two bytes that say the mode. */
const counters: readonly (readonly [number, number])[] = [
  [18, 20],
  [24, 28],
  [92, 100],
];

const withoutCounters = (page: Buffer): Buffer => {
  const bytes = Buffer.from(page);
  for (const [from, until] of counters) bytes.fill(0, from, until);
  return bytes;
};

/** Whether a journal would give back page 1 as it was before the file was switched to WAL mode, and nothing else. */
const isOfTheSwitch = (path: string, header: Buffer, head: Buffer): boolean => {
  const pageSize = pageSizeOf(header);
  const [count, pages, sector] = [head.readUInt32BE(8), head.readUInt32BE(16), head.readUInt32BE(20)];
  if (count !== 1 || pages !== header.readUInt32BE(28) || head.readUInt32BE(24) !== pageSize) return false;
  if (sector < 512 || sector > 65_536) return false;
  const record = readAt(`${path}-journal`, sector, pageSize + 4);
  const page = readAt(path, 0, pageSize);
  if (record.length < pageSize + 4 || page.length < pageSize || record.readUInt32BE(0) !== 1) return false;
  return withoutCounters(record.subarray(4)).equals(withoutCounters(page));
};

/**
 * `none`: no journal. `begun`: it takes back the very first transaction of a file, so that nothing is left of it. `switch`: it
 * takes back the switch to WAL mode, and nothing is lost. `foreign`: it is not of this file.
 */
export type Journal = 'none' | 'begun' | 'switch' | 'foreign';

const readJournal = (path: string): Journal => {
  const stat = statOrNull(`${path}-journal`);
  if (stat === null || stat.size === 0) return 'none';
  const header = readAt(path, 0, 100);
  if (header.length === 0) return 'none';
  const head = readAt(`${path}-journal`, 0, 28);
  if (isInWalMode(header)) {
    const isOwn = head.length === 28 && head.subarray(0, 8).equals(journalMagic);
    return isOwn && header.length === 100 && isOfTheSwitch(path, header, head) ? 'switch' : 'foreign';
  }
  // Before it is on the disk, its first bytes are zero, and SQLite plays nothing back.
  if (head.length < 28 || head.readUInt32BE(0) === 0) return 'begun';
  return head.subarray(0, 8).equals(journalMagic) && head.readUInt32BE(16) <= 1 ? 'begun' : 'foreign';
};

/** Another process may be just making the file: what is foreign stays so. */
export const journalOf = (path: string): Journal => {
  for (let times = 0; ; times += 1) {
    const journal = readJournal(path);
    if (journal !== 'foreign' || times === 4) return journal;
    sleep(25);
  }
};

export const foreignJournal = (path: string, why = ''): FileError =>
  new FileError(
    path,
    ` has a file ${path}-journal beside it that is not of it${why}, and SQLite would write it over the database`,
    `nothing was touched; move ${path}-journal away and try again`,
  );

/** Throws UserError for what lies beside a file under the names of SQLite, and is not of it. */
export const checkBeside = (path: string): void => {
  const file = statOrNull(path);
  if (file === null) return;
  for (const suffix of ['-journal', '-wal', '-shm']) {
    const stat = statOrNull(path + suffix);
    if (stat === null) continue;
    const hint = `nothing was touched; move ${path + suffix} away and try again`;
    if (!stat.isFile()) throw new FileError(path + suffix, ' is not a file', hint);
    // What root wrote beside the file of a user is no stranger's.
    if (!file.isSymbolicLink() && stat.uid !== file.uid && stat.uid !== 0)
      throw new FileError(path + suffix, ` belongs to another user than ${path}: it is not of it`, hint);
  }
  const log = statOrNull(`${path}-wal`);
  const header = readAt(path, 0, 100);
  if (log !== null && log.size > 0 && header.length === 100 && !isInWalMode(header))
    throw new FileError(
      `${path}-wal`,
      ` is not of ${path}, which is in no WAL mode and has no such file`,
      `nothing was touched; move ${path}-wal away and try again`,
    );
};
