/** A store file: made, recognised, brought up to date, and opened. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import { FileError, UserError, codeOf } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { statOrNull } from '../collector/files.ts';
import { sleep } from '../collector/sleep.ts';
import type { Table } from '../collector/table.ts';
import { checkData } from '../collector/trust.ts';
import { checkBeside, foreignJournal, isInWalMode, journalOf, pageSizeOf } from './beside.ts';
import { openBytes, openDatabase } from './database.ts';
import type { Db } from './database.ts';
import { differenceOf, readHeld, widenTables } from './held.ts';
import type { Difference } from './held.ts';
import { hasOwnViews, isOwnSchema } from './own_views.ts';
import { applicationId, layoutVersion, readTableNumbers } from './schema.ts';
import type { Schema } from './schema.ts';
import { judgeSchema, readSchema } from './shape.ts';
import type { SchemaRow } from './shape.ts';
import { putViews, standInTables, standInViews } from './stand_ins.ts';
import type { Store } from './store.ts';
import { readWhole } from './wal.ts';
import { storeWriter } from './writer/writer.ts';
import {
  addDeclared,
  bringUpToDate,
  hasViews,
  holdsDeclared,
  isLacking,
  knownDifference,
} from './upgrade.ts';

/** How long a writer waits for another one. A merge lets others in after some hundred hosts. */
const defaultWaitMs = 30_000;

const damaged = (path: string, what: string): UserError =>
  new FileError(
    path,
    ` is damaged: ${what}`,
    'it was not touched: put back a copy of it, or move it away and collect or merge into a new file',
  );

/** A row that its table refuses: of what came with it, all else may be good. */
export class RefusedRow extends UserError {
  constructor(message: string) {
    super(`a row does not fit its table: ${message}`, 'tokenquery schema prints what each column may hold');
  }
}

/** What SQLite says, in words that say what to do; any other error as it is. */
export const explainStoreError = (error: unknown, path: string): unknown => {
  const code = codeOf(error);
  if (!code.startsWith('SQLITE_')) return error;
  const { message } = error as Error;
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') {
    return new FileError(
      path,
      ' is being written by another tokenquery',
      'nothing was stored; try again when it is done',
    );
  }
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE' || code === 'SQLITE_IOERR_WRITE') {
    return new UserError(
      `there is no space left for ${path}`,
      'what was stored before is intact; make room, or drop history with tokenquery retain, and try again',
    );
  }
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') {
    return new FileError(
      path,
      ' may not be written',
      'its folder must be writable too: SQLite keeps its journal beside the file',
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return new FileError(
      path,
      ' cannot be opened',
      'its folder must exist and be writable, also for reading: SQLite keeps its journal beside the file; a copy in another folder will do',
    );
  }
  if (code.startsWith('SQLITE_CORRUPT')) return damaged(path, message);
  if (code === 'SQLITE_NOTADB') return notOurs(path);
  if (code.startsWith('SQLITE_IOERR')) {
    return new FileError(
      path,
      ` could not be read or written: ${message}`,
      'what was stored before is intact; check the disk',
    );
  }
  if (/^SQLITE_(?:CONSTRAINT|TOOBIG|MISMATCH|RANGE)/.test(code)) return new RefusedRow(message);
  return new FileError(
    path,
    `: ${message}`,
    'it is not as tokenquery writes it: take it from a backup, or collect anew',
  );
};

const notOurs = (path: string): UserError =>
  new FileError(
    path,
    ' is not a tokenquery database',
    'it was not touched; name another path, and snapshot or merge makes the file',
  );

interface Header {
  /** `none`: no file, or nothing in it. */
  readonly kind: 'none' | 'ours' | 'other' | 'unfinished';
  readonly version: number;
}

const isThere = (path: string): boolean => {
  const stat = statOrNull(path, statSync);
  return stat !== null && stat.size > 0;
};

/** Whether a file that is in no WAL mode holds a snapshot, read without what lies beside it. */
const holdsSnapshot = (path: string): boolean => {
  let db: Db | null = null;
  try {
    db = openBytes(readWhole(path));
    return db.prepare('SELECT 1 FROM main._snapshot LIMIT 1').get() !== undefined;
  } catch {
    return false;
  } finally {
    db?.close();
  }
};

/** What is known of a file that has a journal beside it; null where the journal changes nothing. */
const readJournaled = (path: string, bytes: Buffer): Header | null => {
  const journal = journalOf(path);
  if (journal === 'foreign')
    throw foreignJournal(path, isInWalMode(bytes) ? ', for it is in WAL mode and has none' : '');
  if (journal !== 'begun') return null;
  const [application, isBlank] = [bytes.readUInt32BE(68), bytes.every((byte) => byte === 0)];
  if (!isBlank && bytes.toString('latin1', 0, 16) !== magic) return { kind: 'other', version: 0 };
  if (application !== 0 && application !== applicationId) return { kind: 'other', version: 0 };
  if (application === applicationId && holdsSnapshot(path))
    throw foreignJournal(path, ', for it would take back all that is in it');
  // The very first transaction was cut off: SQLite takes it back.
  return { kind: 'unfinished', version: 0 };
};

const magic = 'SQLite format 3\0';

/** What the file says of itself, read without SQLite: a file that is not ours is never opened by it. */
const readHeader = (path: string): Header => {
  checkBeside(path);
  let file: number;
  try {
    // A pipe would be waited for until somebody writes into it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileFailure(error, path, 'read');
    if (statOrNull(path)?.isSymbolicLink() === true)
      throw new FileError(path, ' is a link to a file that is not there', 'name the file itself');
    return { kind: 'none', version: 0 };
  }
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw new FileError(path, ' is a folder', 'name a file');
    if (!stat.isFile()) throw new FileError(path, ' is not a file', 'name a file');
    if (stat.size === 0) return { kind: 'none', version: 0 };
    const bytes = Buffer.alloc(108);
    const count = readSync(file, bytes, 0, 108, 0);
    const journaled = readJournaled(path, bytes);
    if (journaled !== null) return journaled;
    if (count < 100 || bytes.toString('latin1', 0, 16) !== magic) return { kind: 'other', version: 0 };
    const pageSize = pageSizeOf(bytes);
    if (bytes.readUInt32BE(68) !== applicationId) {
      // One page without a table, set to be vacuumed piece by piece: ours, cut off before it said so.
      const isFirstPage =
        stat.size === pageSize &&
        bytes.readUInt32BE(68) === 0 &&
        bytes.readUInt32BE(64) === 1 &&
        bytes.readUInt16BE(103) === 0;
      return { kind: isFirstPage ? 'unfinished' : 'other', version: 0 };
    }
    const pages = bytes.readUInt32BE(28);
    const isCountValid = bytes.readUInt32BE(24) === bytes.readUInt32BE(92);
    // With a write-ahead log, the file may be about to grow.
    if (isCountValid && stat.size < pages * pageSize && !isThere(`${path}-wal`)) {
      throw damaged(path, `it should have ${pages * pageSize} bytes and has ${stat.size}`);
    }
    return { kind: 'ours', version: bytes.readUInt32BE(60) };
  } finally {
    closeSync(file);
  }
};

const tooNew = (path: string, version: number, known: number): UserError =>
  new FileError(
    path,
    ` was written by a newer tokenquery: it has layout ${version}, and this one knows ${known}`,
    'it was not touched; use the newer tokenquery',
  );

/**
 * Whether there is a file in which something may be: the very first write into a new one can have been cut off, or
 * another run is just making it.
 */
export const isBegun = (path: string): boolean => {
  const { kind } = readHeader(path);
  return kind !== 'none' && kind !== 'unfinished';
};

/** Another process may be switching the file to a write-ahead log at the same moment. */
const switchToWal = (db: Db, waitMs: number): void => {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!codeOf(error).startsWith('SQLITE_BUSY') || performance.now() > end) throw error;
      sleep(20);
    }
  }
};

const inTransaction = (db: Db, work: () => void): void => {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
};

const versionOf = (db: Db): number => db.pragma('user_version', { simple: true }) as number;
const isEmpty = (db: Db): boolean => db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
const isOurs = (db: Db): boolean => db.pragma('application_id', { simple: true }) === applicationId;

const storeOf = (
  db: Db,
  path: string,
  schema: Schema,
  { notes, isWriter, ...held }: Pick<Store, 'difference' | 'standIns' | 'notes'> & { isWriter: boolean },
): Store => ({
  db,
  path,
  tables: schema.tables,
  tableIds: readTableNumbers(db),
  ...held,
  notes,
  close: () => {
    if (!db.open) return;
    try {
      if (isWriter) db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // A reader is at work, or the disk is full: what is committed stays in the log beside the file.
    }
    db.close();
  },
});

const defaultSchema = (tables: readonly Table[]): Schema => ({ tables, version: layoutVersion });

/** Makes the file with its mode from the first moment on: it never was readable by others. */
const createFile = (path: string): void => {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    throw fileFailure(error, path, 'write');
  }
};

/** SQLite takes some names, `:memory:` among them, for what is no file. */
const fileName = (path: string): string => resolve(path);

/** What SQLite keeps beside a file while it is written. */
const besideSuffixes = ['-wal', '-shm', '-journal'];

/** Takes the rights of others away, of a file alone and never through a link; returns whether they had any. */
const narrowMode = (path: string): boolean => {
  const isWide = (stat: Stats | undefined): boolean => stat?.isFile() === true && (stat.mode & 0o077) !== 0;
  if (!isWide(lstatSync(path, { throwIfNoEntry: false }))) return false;
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!isWide(fstatSync(file))) return false;
    fchmodSync(file, 0o600);
    return true;
  } finally {
    closeSync(file);
  }
};

export interface OpenOptions {
  readonly schema?: Schema;
  readonly waitMs?: number;
  /**
   * Whether a file of an older layout may be brought up to date to be read; true by default. Where it may not, what it
   * lacks is stood in for, and only its snapshots can be read: it is an input, whose pages are checked.
   */
  readonly mayUpdate?: boolean;
  /** Nothing is written, not even the index of a log: what is in the file is read into memory, and its pages are checked. */
  readonly isUntouched?: boolean;
}

/** Sets up a connection to write by; the file is made ours where nothing is in it. */
const prepareToWrite = (db: Db, path: string, isNew: boolean, schema: Schema, waitMs: number): void => {
  db.pragma('synchronous = FULL');
  db.pragma('cache_size = -16384');
  if (isNew) {
    // What `retain` drops can then be given back piece by piece; it must be said before the first page.
    db.pragma('auto_vacuum = INCREMENTAL');
    inTransaction(db, () => {
      if (isOurs(db)) return;
      if (!isEmpty(db)) throw notOurs(path);
      db.pragma(`application_id = ${applicationId}`);
      bringUpToDate(db, schema);
    });
  }
  // Not before the file says whose it is: that must stand in the file itself, not in the log.
  switchToWal(db, waitMs);
  db.pragma('synchronous = FULL');
};

/**
 * Throws UserError for a file that is not ours, that is newer, or that says what none of ours says of itself. Returns whether
 * it is to the letter what this program makes.
 */
const judgeFile = (db: Db, path: string, { tables, version: known }: Schema): boolean => {
  if (!isOurs(db)) throw notOurs(path);
  const version = versionOf(db);
  if (version > known) throw tooNew(path, version, known);
  const rows = readSchema(db);
  if (isOwnSchema(rows)) return true;
  judgeSchema(db, rows, tables, { path, version });
  return false;
};

/** A connection to write by to a file that was judged: what a trigger or a rule of somebody else would do, it would do now. */
const openJudged = (path: string, schema: Schema, waitMs: number): { db: Db; isOwn: boolean } => {
  if (isThere(`${path}-wal`)) {
    // Whoever may write would play the log into the file at the end.
    const reader = openDatabase(fileName(path), { readonly: true, waitMs });
    try {
      judgeFile(reader, path, schema);
    } finally {
      reader.close();
    }
  }
  const db = openDatabase(fileName(path), { waitMs });
  try {
    return { db, isOwn: judgeFile(db, path, schema) };
  } catch (error) {
    db.close();
    throw error;
  }
};

/** Brings a file to what this program declares; returns its layout before. */
const updateFile = (db: Db, path: string, schema: Schema): number => {
  const version = versionOf(db);
  if (!isOurs(db)) throw notOurs(path);
  if (version > schema.version) throw tooNew(path, version, schema.version);
  if (version < schema.version) {
    inTransaction(db, () => {
      if (versionOf(db) >= schema.version) return;
      bringUpToDate(db, schema);
      const writer = storeWriter(db, schema.tables);
      writer.rekey();
      writer.settle();
    });
  } else if (!holdsDeclared(db, schema.tables)) inTransaction(db, () => addDeclared(db, schema));
  return version;
};

/** The same as `openForWriting`, with errors as they came. */
const openToWrite = (path: string, tables: readonly Table[], options: OpenOptions): Store => {
  const schema = options.schema ?? defaultSchema(tables);
  const waitMs = options.waitMs ?? defaultWaitMs;
  checkData(path, besideSuffixes);
  const header = readHeader(path);
  if (header.kind === 'other') throw notOurs(path);
  if (header.version > schema.version) throw tooNew(path, header.version, schema.version);
  if (header.kind === 'none') createFile(path);
  const notes: string[] = [];
  let db: Db | null = null;
  try {
    const isNew = header.kind !== 'ours';
    const judged = isNew ? null : openJudged(path, schema, waitMs);
    if (judged !== null) ({ db } = judged);
    // A log that was left behind keeps the mode of the file that it was made for.
    const real = realpathSync(path);
    const open = ['', ...besideSuffixes].filter((suffix) => narrowMode(real + suffix));
    if (open.length > 0 && header.kind !== 'none')
      notes.push(`${path} could be read by others than its owner; its mode is 0600 now`);
    db ??= openDatabase(fileName(path), { waitMs });
    prepareToWrite(db, path, isNew, schema, waitMs);
    const before = updateFile(db, path, schema);
    if (before < schema.version) notes.push(`${path} was brought from layout ${before} to ${schema.version}`);
    const difference = knownDifference(db, schema.tables);
    const rows = judged?.isOwn === true ? null : readSchema(db);
    const standIns =
      rows === null || isOwnSchema(rows)
        ? new Map<string, string>()
        : ownViews(db, schema.tables, rows, difference, putViews);
    return storeOf(db, path, schema, { difference, standIns, notes, isWriter: true });
  } catch (error) {
    db?.close();
    throw error;
  }
};

/**
 * Opens a store to write, making it where it is not there and bringing it up to date where it is older. Throws
 * UserError, and leaves the file as it is, for one that is not ours, that is newer, or that is damaged.
 */
export const openForWriting = (path: string, tables: readonly Table[], options: OpenOptions = {}): Store => {
  try {
    return openToWrite(path, tables, options);
  } catch (error) {
    throw explainFileError(error, path);
  }
};

const explainFileError = (error: unknown, path: string): unknown => {
  const code = codeOf(error);
  if (code === 'EPERM' || code === 'EACCES' || code === 'EROFS')
    return new FileError(path, ` may not be changed (${code})`, 'are you its owner?');
  return explainStoreError(error, path);
};

/** Puts this program's views in front of those of a file, where these are not the same text by text; returns their texts. */
const ownViews = (
  db: Db,
  tables: readonly Table[],
  rows: readonly SchemaRow[],
  difference: Difference | null,
  put: typeof putViews,
): ReadonlyMap<string, string> => {
  const wide = difference === null ? tables : widenTables(tables, difference.unknownColumns);
  if (hasOwnViews(db, rows, wide)) return new Map();
  return put(db, tables, difference ?? differenceOf(readHeld(db), tables));
};

/** Puts in place, for this connection, what a file lacks, and what of it is not to be run. */
const standIn = (
  db: Db,
  { tables, version }: Schema,
  { path, given, withViews }: { readonly path: string; readonly given: number; readonly withViews: boolean },
): Pick<Store, 'difference' | 'standIns'> => {
  const rows = readSchema(db);
  const isOwn = isOwnSchema(rows);
  if (!isOwn) judgeSchema(db, rows, tables, { path, version: given });
  const isOlder = given < version;
  // The views of an older version say less, also where the file has all that is declared.
  const held = isOlder || !hasViews(db) ? readHeld(db) : null;
  const difference = held === null ? knownDifference(db, tables) : differenceOf(held, tables);
  if (difference === null || !(isOlder || isLacking(db, difference))) {
    const standIns =
      withViews && !isOwn ? ownViews(db, tables, rows, difference, standInViews) : new Map<string, string>();
    return { difference, standIns };
  }
  standInTables(db, tables, held ?? readHeld(db), difference);
  return { difference, standIns: withViews ? standInViews(db, tables, difference) : new Map() };
};

/** What SQLite and the system say where reading would need to write: the index of a log, or an update. */
const needsWriting =
  /^(?:SQLITE_(?:CANTOPEN|READONLY|FULL|PERM|IOERR_SHM|IOERR_WRITE|IOERR_LOCK)|EROFS$|EACCES$|EPERM$|ENOSPC$)/;

/** A connection to read by: to the file, or to what is in it where nothing can be written beside it. */
const openToRead = (path: string, waitMs: number): Db => {
  let db: Db | null = null;
  try {
    if (journalOf(path) === 'none') {
      db = openDatabase(fileName(path), { readonly: true, waitMs });
      // The first look makes the index of the log.
      isOurs(db);
      return db;
    }
  } catch (error) {
    db?.close();
    if (!needsWriting.test(codeOf(error))) throw error;
  }
  return openBytes(readWhole(path));
};

/** An older file as it would be if it were brought up to date, in memory: for one that may not be written. */
const openUpdated = (path: string, schema: Schema): Db => {
  const db = openBytes(readWhole(path));
  try {
    judgeFile(db, path, schema);
    updateFile(db, path, schema);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
};

/** Brings an older file up to date before it is read, where it may be written. */
const updateBefore = (path: string, tables: readonly Table[], options: OpenOptions): readonly string[] => {
  try {
    const store = openToWrite(path, tables, options);
    store.close();
    return store.notes;
  } catch (error) {
    if (!needsWriting.test(codeOf(error))) throw explainFileError(error, path);
    return [];
  }
};

/** Throws UserError for a file whose pages are not as SQLite writes them. */
const checkPages = (db: Db, path: string): void => {
  db.pragma('cell_size_check = ON');
  const found = db.pragma('quick_check(1)', { simple: true }) as string;
  if (found !== 'ok') throw damaged(path, found.replaceAll(/\s+/g, ' '));
};

/** Opens a store to read. One that is older is brought up to date first, where it may be written. */
export const openForReading = (path: string, tables: readonly Table[], options: OpenOptions = {}): Store => {
  const schema = options.schema ?? defaultSchema(tables);
  // What is merged may be a stranger's, and is taken for that.
  if (options.mayUpdate !== false) checkData(path, besideSuffixes);
  const header = readHeader(path);
  if (header.kind === 'none' || header.kind === 'unfinished') {
    const hint = `tokenquery snapshot --db ${path} makes it`;
    if (statOrNull(path, statSync) !== null) throw new FileError(path, ' holds no snapshot', hint);
    throw new UserError(`there is no ${path}`, hint);
  }
  if (header.kind === 'other') throw notOurs(path);
  if (header.version > schema.version) throw tooNew(path, header.version, schema.version);
  const isInput = options.mayUpdate === false;
  const isUntouched = options.isUntouched === true;
  const isUpdated = header.version < schema.version && !isInput && !isUntouched;
  const notes = isUpdated ? updateBefore(path, tables, options) : [];
  let db: Db | null = null;
  try {
    db = isUntouched ? openBytes(readWhole(path)) : openToRead(path, options.waitMs ?? defaultWaitMs);
    if (!isOurs(db)) throw notOurs(path);
    if (isUntouched) checkPages(db, path);
    if (versionOf(db) < schema.version && !isInput) {
      db.close();
      db = openUpdated(path, schema);
    }
    const version = versionOf(db);
    if (version > schema.version) throw tooNew(path, version, schema.version);
    const held = standIn(db, schema, { path, given: version, withViews: !isInput });
    if (isInput) checkPages(db, path);
    return storeOf(db, path, schema, { ...held, notes, isWriter: false });
  } catch (error) {
    db?.close();
    throw explainFileError(error, path);
  }
};

/** Runs work on a store in one transaction; all of it is stored, or none. */
export const transact = <T>(store: Store, work: () => T): T => {
  const { db } = store;
  try {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  } catch (error) {
    throw explainStoreError(error, store.path);
  }
};
