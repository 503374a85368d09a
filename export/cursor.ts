/**
 * What has been exported before. docs/siem.md explains it.
 *
 * A snapshot may come late, by a merge, from a clock that was wrong, or both: neither the time at which it was
 * collected nor that at which it was stored tells whether it was exported. So the cursor knows the snapshots
 * themselves: by their ids for the days of which it has seen most lately, and by a count and a checksum for each day
 * before. Where a checksum does not fit, the snapshots of that day are exported once more: rows are repeated then,
 * and none is left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../collector/errors.ts';
import type { Store } from '../store/file.ts';
import { replaceFile } from './sink.ts';

/** Count, and the sums of both halves of the ids. */
type Settled = readonly [count: number, low: number, high: number];

export interface Cursor {
  /** What was asked for: another question needs another cursor. */
  readonly selection: string;
  /** Snapshot ids by the day on which they were stored. */
  readonly recent: ReadonlyMap<number, ReadonlySet<number>>;
  readonly settled: ReadonlyMap<number, Settled>;
}

const format = 'tokenquery-cursor';
const version = 1;

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

/** Reads a cursor; one that is not there has seen nothing. */
export const readCursor = (path: string, selection: string): Cursor => {
  if (!existsSync(path)) return emptyCursor(selection);
  let json: CursorJson;
  try {
    json = JSON.parse(readFileSync(path, 'utf8')) as CursorJson;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined) throw new UserError(`${path} cannot be read (${code})`);
    throw notACursor(path);
  }
  if (
    typeof json !== 'object' ||
    json?.format !== format ||
    !Array.isArray(json.recent) ||
    !Array.isArray(json.settled)
  ) {
    throw notACursor(path);
  }
  if (json.version !== version) {
    throw new UserError(
      `${path} was written by another tokenquery (version ${json.version})`,
      'it was not touched; name another file',
    );
  }
  if (json.selection !== selection) {
    throw new UserError(
      `${path} belongs to an export of other tables or hosts, or with another redaction`,
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
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
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

/** Compares a store with a cursor. The caller holds a transaction, so that nothing comes in between. */
export const newsSince = (
  { db }: Pick<Store, 'db'>,
  cursor: Cursor,
  hostIds: readonly string[] | null,
  keep: number = idsToKeep,
): News => {
  const isWanted = hostIds === null ? null : new Set(hostIds);
  // Whole numbers of SQLite: sums of halves of 53 bits stay far below 2^53.
  const days = db
    .prepare(
      'SELECT ingested_time / 86400, count(*), sum(snapshot_id & 4294967295), sum(snapshot_id >> 32) ' +
        'FROM main._snapshot GROUP BY 1 ORDER BY 1 DESC',
    )
    .raw(true)
    .all() as [number, number, number, number][];
  const isSame = (day: number, sums: Settled): boolean => {
    const fits = (other: Settled | undefined): boolean =>
      other !== undefined && other.every((sum, index) => sum === sums[index]);
    const known = cursor.recent.get(day);
    return known === undefined ? fits(cursor.settled.get(day)) : fits(sumsOf(known));
  };
  const open = new Map(
    days.filter(([day, ...sums]) => !isSame(day, sums)).map(([day]) => [day, new Set<number>()]),
  );
  const hosts = new Map<string, { ids: Set<number>; since: number }>();
  if (open.size > 0) {
    const rows = db
      .prepare(
        'SELECT s.ingested_time / 86400, h.host_id, s.snapshot_id, s.collected_time FROM main._snapshot s ' +
          'JOIN main._host h ON h.host = s.host WHERE s.ingested_time / 86400 BETWEEN ? AND ?',
      )
      .raw(true)
      .iterate(Math.min(...open.keys()), Math.max(...open.keys())) as IterableIterator<
      [number, string, number, number]
    >;
    for (const [day, hostId, id, time] of rows) {
      const ids = open.get(day);
      if (ids === undefined) continue;
      ids.add(id);
      if (cursor.recent.get(day)?.has(id) === true || (isWanted !== null && !isWanted.has(hostId))) continue;
      const host = hosts.get(hostId);
      if (host === undefined) hosts.set(hostId, { ids: new Set([id]), since: time });
      else {
        host.ids.add(id);
        host.since = Math.min(host.since, time);
      }
    }
  }
  const recent = new Map<number, ReadonlySet<number>>();
  const settled = new Map<number, Settled>();
  let kept = 0;
  for (const [day, ...sums] of days) {
    const ids = open.get(day) ?? cursor.recent.get(day);
    if (ids !== undefined && (kept === 0 || kept + ids.size <= keep)) {
      recent.set(day, ids);
      kept += ids.size;
    } else settled.set(day, sums);
  }
  return {
    hosts: new Map([...hosts].sort(([a], [b]) => (a < b ? -1 : 1))),
    next: { selection: cursor.selection, recent, settled },
  };
};
