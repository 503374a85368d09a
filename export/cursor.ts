/**
 * What has been exported before. docs/siem.md explains it.
 *
 * A snapshot may come late, by a merge, from a clock that was wrong, or both: neither the time at which it was
 * collected nor that at which it was stored tells whether it was exported. So the cursor knows the snapshots
 * themselves: by their ids for the days of which it has seen most lately, and by a count and a checksum for each day
 * before. Where a checksum does not fit, the snapshots of that day are exported once more: rows are repeated then,
 * and none is left out.
 */
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { codeOf, FileError, UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { readRegular } from '../collector/files.ts';
import { checkData } from '../collector/trust.ts';
import { openDatabase } from '../store/database.ts';
import type { Db } from '../store/database.ts';
import { storedBetween, storedDays } from '../store/known_snapshots.ts';
import type { StoredDay } from '../store/known_snapshots.ts';
import type { Store } from '../store/store.ts';
import { replaceFile, sweep } from './file_sink.ts';

/** Count, and the sums of both halves of the ids. */
type Settled = readonly [count: number, low: number, high: number];

export interface Cursor {
  /** What was asked for: another choice needs another cursor. */
  readonly selection: string;
  /** Snapshot ids by the day on which they were stored. */
  readonly recent: ReadonlyMap<number, ReadonlySet<number>>;
  readonly settled: ReadonlyMap<number, Settled>;
}

const format = 'tokenquery-cursor';
const version = 1;
/** A hundred times that of 10,000 hosts with a year of daily snapshots. */
const maxCursorBytes = 256 * 1024 * 1024;

export const emptyCursor = (selection: string): Cursor => ({
  selection,
  recent: new Map(),
  settled: new Map(),
});

const notACursor = (path: string): UserError =>
  new UserError(
    `${path} is not a cursor of tokenquery`,
    'it was not touched; name another file, and export makes it',
  );

interface CursorJson {
  readonly format: string;
  readonly version: number;
  readonly selection: string;
  readonly recent: readonly (readonly [number, readonly number[]])[];
  readonly settled: readonly (readonly [number, number, number, number])[];
}

const isListOf = <T>(list: unknown, isOne: (one: unknown) => one is T): list is T[] =>
  Array.isArray(list) && list.every(isOne);
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

const isCursorJson = (json: Partial<CursorJson> | null): json is CursorJson =>
  typeof json === 'object' &&
  json?.format === format &&
  isListOf(
    json.recent,
    (one): one is CursorJson['recent'][number] =>
      Array.isArray(one) && one.length === 2 && isNumber(one[0]) && isListOf(one[1], isNumber),
  ) &&
  isListOf(
    json.settled,
    (one): one is CursorJson['settled'][number] => isListOf(one, isNumber) && one.length === 4,
  );

/** The text of a file; null where there is none. */
const textOf = (path: string): string | null =>
  existsSync(path) ? readRegular(path, maxCursorBytes).toString('utf8') : null;

/**
 * Keeps other exports from the cursor, and so from the files beside which it stands, until what is returned is
 * called. Two that shift the same older files at once would lose one. SQLite holds the lock, which ends with the
 * process, however that ends; the file itself stays, and is empty.
 */
export const lockCursor = (path: string): (() => void) => {
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
    if (codeOf(error).startsWith('SQLITE_BUSY'))
      throw new UserError(`another export with the cursor ${path} is running`, 'try again when it has ended');
    throw new FileError(lock, ` cannot be locked: ${(error as Error).message}`, 'remove it, and try again');
  }
  sweep(path);
  return () => db.close();
};

/** Reads a cursor; one that is not there has seen nothing. */
export const readCursor = (path: string, selection: string): Cursor => {
  let json: Partial<CursorJson> | null;
  try {
    const text = textOf(path);
    if (text === null) return emptyCursor(selection);
    json = JSON.parse(text) as Partial<CursorJson> | null;
  } catch (error) {
    throw error instanceof SyntaxError ? notACursor(path) : fileFailure(error, path, 'read');
  }
  const { version: own } = json ?? {};
  if (json?.format === format && isNumber(own) && own !== version) {
    throw new UserError(
      `${path} was written by another tokenquery (version ${own})`,
      'it was not touched; name another file',
    );
  }
  if (!isCursorJson(json)) throw notACursor(path);
  if (json.selection !== selection) {
    throw new UserError(
      `${path} belongs to an export of another format, or of other tables or hosts, or with another redaction`,
      'each export needs a cursor of its own, or rows would be left out: name another file',
    );
  }
  return {
    selection,
    recent: new Map(json.recent.map(([day, ids]) => [day, new Set(ids)])),
    settled: new Map(json.settled.map(([day, ...sums]) => [day, sums])),
  };
};

export const writeCursor = (path: string, { selection, recent, settled }: Cursor): void => {
  const json: CursorJson = {
    format,
    version,
    selection,
    recent: [...recent].map(([day, ids]) => [day, [...ids]]),
    settled: [...settled].map(([day, sums]) => [day, ...sums]),
  };
  const text = `${JSON.stringify(json)}\n`;
  if (textOf(path) === text) return;
  replaceFile(path, text);
};

export interface News {
  /** Snapshots that were not exported before, by host, and the time of the oldest of them. */
  readonly hosts: ReadonlyMap<string, { readonly ids: ReadonlySet<number>; readonly since: number }>;
  /** The cursor after they are exported. */
  readonly next: Cursor;
}

/** So many ids are kept one by one; the days of older ones are kept as a checksum. */
const idsToKeep = 100_000;

const low = 4_294_967_296;
const sumsOf = (ids: ReadonlySet<number>): Settled => {
  let [lowSum, highSum] = [0, 0];
  for (const id of ids) {
    lowSum += id % low;
    highSum += Math.floor(id / low);
  }
  return [ids.size, lowSum, highSum];
};

/** By host: the snapshots that a cursor has not seen. */
type NewHosts = Map<string, { readonly ids: Set<number>; since: number }>;

/** The days of a store that are not as a cursor has them. */
const changedDays = (days: readonly StoredDay[], cursor: Cursor): ReadonlySet<number> => {
  const fits = (sums: Settled, other: Settled | undefined): boolean =>
    other !== undefined && other.every((sum, index) => sum === sums[index]);
  const isSame = (day: number, sums: Settled): boolean => {
    const known = cursor.recent.get(day);
    return fits(sums, known === undefined ? cursor.settled.get(day) : sumsOf(known));
  };
  return new Set(days.filter(([day, ...sums]) => !isSame(day, sums)).map(([day]) => day));
};

/** Reads the days that changed: the ids of each, and what of them is new. */
const readDays = (
  db: Db,
  changed: ReadonlySet<number>,
  cursor: Cursor,
  isWanted: (hostId: string) => boolean,
): { readonly idsOfDay: ReadonlyMap<number, ReadonlySet<number>>; readonly hosts: NewHosts } => {
  const idsOfDay = new Map([...changed].map((day) => [day, new Set<number>()]));
  const hosts: NewHosts = new Map();
  if (changed.size === 0) return { idsOfDay, hosts };
  for (const [day, hostId, id, time, isSilent] of storedBetween(
    db,
    Math.min(...changed),
    Math.max(...changed),
  )) {
    const ids = idsOfDay.get(day);
    if (ids === undefined) continue;
    ids.add(id);
    if (cursor.recent.get(day)?.has(id) === true || !isWanted(hostId)) continue;
    const host = hosts.get(hostId);
    // Read by a newer version of the program, the same evidence has no news; nor has what does not count.
    const since = isSilent === 1 ? Infinity : time;
    if (host === undefined) hosts.set(hostId, { ids: new Set([id]), since });
    else {
      host.ids.add(id);
      host.since = Math.min(host.since, since);
    }
  }
  return { idsOfDay, hosts };
};

/** The newest days are kept id by id, as many as there is room for, and the others as a checksum. */
const settle = (
  days: readonly StoredDay[],
  idsOfDay: ReadonlyMap<number, ReadonlySet<number>>,
  cursor: Cursor,
  keep: number,
): Cursor => {
  const recent = new Map<number, ReadonlySet<number>>();
  const settled = new Map<number, Settled>();
  let kept = 0;
  for (const [day, ...sums] of days) {
    const ids = idsOfDay.get(day) ?? cursor.recent.get(day);
    if (ids !== undefined && (kept === 0 || kept + ids.size <= keep)) {
      recent.set(day, ids);
      kept += ids.size;
    } else settled.set(day, sums);
  }
  return { selection: cursor.selection, recent, settled };
};

/** Compares a store with a cursor. The caller holds a transaction, so that nothing comes in between. */
export const newsSince = (
  { db }: Pick<Store, 'db'>,
  cursor: Cursor,
  hostIds: readonly string[] | null,
  keep: number = idsToKeep,
): News => {
  const wanted = hostIds === null ? null : new Set(hostIds);
  const days = storedDays(db);
  const { idsOfDay, hosts } = readDays(
    db,
    changedDays(days, cursor),
    cursor,
    (hostId) => wanted === null || wanted.has(hostId),
  );
  return {
    hosts: new Map([...hosts].sort(([a], [b]) => (a < b ? -1 : 1))),
    next: settle(days, idsOfDay, cursor, keep),
  };
};
