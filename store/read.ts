/** Reads back what was stored: the good looks at a table of a host, each as it was. */
import { inflateRawSync } from 'node:zlib';
import type { Status } from '../collector/status.ts';
import type { Table } from '../collector/table.ts';
import type { Db, Statement } from './database.ts';
import { quoteName } from './ddl.ts';
import type { ClosedVersion, OpenVersion, Ref, Sighting } from './fold.ts';
import { compareRefs } from './fold.ts';
import { currentName, pastName } from './schema.ts';
import { cellsOrder, isGood } from './snapshot.ts';
import type { Cells } from './snapshot.ts';

/** One snapshot of a host and the number of what it looked at. */
export interface TimelineEntry extends Ref {
  readonly look: number;
}

export interface LookEntry {
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
}

/** The time before which history was dropped; null where none was. */
export const retainedTime = (db: Db): number | null =>
  (db.prepare("SELECT value FROM main._setting WHERE name = 'retained_time'").pluck().get() as
    | number
    | null
    | undefined) ?? null;

/** Prepared once for each statement: a store has several for each of its tables. */
export const statementCache = (db: Db): ((sql: string) => Statement) => {
  const known = new Map<string, Statement>();
  return (sql) => {
    const found = known.get(sql);
    if (found !== undefined) return found;
    const made = db.prepare(sql);
    known.set(sql, made);
    return made;
  };
};

export type Prepare = ReturnType<typeof statementCache>;

export const readTimeline = (prepare: Prepare, host: number): TimelineEntry[] =>
  prepare(
    'SELECT collected_time AS time, snapshot_id AS id, look FROM _snapshot WHERE host = ? ORDER BY collected_time, snapshot_id',
  ).all(host) as TimelineEntry[];

/** A value that no tokenquery wrote: with the code of SQLite for a damaged page, so that it is told like one. */
const damagedValue = (what: string, cause: unknown): Error =>
  Object.assign(new Error(`${what} cannot be read`, { cause }), { code: 'SQLITE_CORRUPT' });

const namesOf = (text: string | null): readonly string[] | null => {
  if (text === null) return null;
  try {
    return JSON.parse(text) as string[];
  } catch (error) {
    throw damagedValue('what a look lacked', error);
  }
};

/** The statuses that a look number stands for, by table number. */
export const lookReader = (prepare: Prepare): ((look: number) => ReadonlyMap<number, LookEntry>) => {
  const known = new Map<number, ReadonlyMap<number, LookEntry>>();
  return (look) => {
    const found = known.get(look);
    if (found !== undefined) return found;
    const rows = prepare(
      'SELECT tab, status, columns_affected AS affected, sources_failed AS failed FROM _look_table WHERE look = ?',
    ).all(look) as {
      tab: number;
      status: Status;
      affected: string | null;
      failed: string | null;
    }[];
    const entries = new Map(
      rows.map(({ tab, status, affected, failed }) => [
        tab,
        { status, affected: namesOf(affected), failed: namesOf(failed) },
      ]),
    );
    if (known.size > 10_000) known.clear();
    known.set(look, entries);
    return entries;
  };
};

export const columnList = (table: Table): string => Object.keys(table.columns).map(quoteName).join(', ');

const refOf = (time: unknown, id: unknown): Ref | null =>
  time === null ? null : { time: time as number, id: id as number };

export const readCurrent = (prepare: Prepare, table: Table, host: number): OpenVersion[] =>
  (
    prepare(
      `SELECT _n, _began, _from_time, _first_snapshot, ${columnList(table)} FROM ${currentName(table)} WHERE _host = ?`,
    )
      .raw(true)
      .all(host) as unknown[][]
  ).map((row) => ({
    n: row[0] as number,
    began: row[1] as number,
    from: refOf(row[2], row[3]),
    cells: row.slice(4) as Cells,
  }));

const readPast = (
  prepare: Prepare,
  table: Table,
  host: number,
  snapshotTime: (id: number) => number,
): ClosedVersion[] =>
  (
    prepare(
      `SELECT _n, _began, _from_time, _first_snapshot, _until_time, _until_snapshot, _last_snapshot, _ended, ` +
        `${columnList(table)} FROM ${pastName(table)} WHERE _host = ?`,
    )
      .raw(true)
      .all(host) as unknown[][]
  ).map((row) => ({
    n: row[0] as number,
    began: row[1] as number,
    from: refOf(row[2], row[3]),
    until: { time: row[4] as number, id: row[5] as number },
    last: { time: snapshotTime(row[6] as number), id: row[6] as number },
    ended: row[7] as number,
    cells: row.slice(8) as Cells,
  }));

export interface ChangePoint extends Ref {
  readonly raw: Uint8Array | null;
}

export const readChangePoints = (prepare: Prepare, host: number, tab: number): ChangePoint[] =>
  prepare(
    'SELECT time, snapshot_id AS id, raw FROM _partial WHERE host = ? AND tab = ? ORDER BY time, snapshot_id',
  ).all(host, tab) as ChangePoint[];

export const unpackPartial = (raw: Uint8Array): Cells[] => {
  try {
    return JSON.parse(inflateRawSync(raw).toString('utf8')) as Cells[];
  } catch (error) {
    throw damagedValue('what a partial look saw', error);
  }
};

const put = <V>(map: Map<number, V[]>, key: number, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

export interface TableHistory {
  readonly sightings: readonly Sighting[];
  readonly current: readonly OpenVersion[];
  readonly past: readonly ClosedVersion[];
  readonly changePoints: readonly ChangePoint[];
}

/**
 * Every good look at a table of a host, in order, each with the rows that it saw. Looks that saw the same share
 * one array.
 */
export const readHistory = (
  prepare: Prepare,
  lookOf: (look: number) => ReadonlyMap<number, LookEntry>,
  table: Table,
  tab: number,
  host: number,
  timeline: readonly TimelineEntry[],
): TableHistory => {
  const times = new Map(timeline.map(({ id, time }) => [id, time]));
  const current = readCurrent(prepare, table, host);
  const past = readPast(prepare, table, host, (id) => times.get(id) ?? 0);
  const changePoints = readChangePoints(prepare, host, tab);
  const order = cellsOrder(table);

  const starts = new Map<number, OpenVersion[]>();
  const ends = new Map<number, ClosedVersion[]>();
  const first: OpenVersion[] = [];
  for (const version of [...current, ...past]) {
    if (version.from === null) first.push(version);
    else put(starts, version.from.id, version);
  }
  for (const version of past) put(ends, version.until.id, version);

  const known = new Set<OpenVersion>();
  let rows: readonly Cells[] = [];
  let isStale = true;
  let point = 0;
  let raw: readonly Cells[] | null = null;
  const sightings: Sighting[] = [];
  for (const { time, id, look } of timeline) {
    const entry = lookOf(look).get(tab);
    if (entry === undefined || !isGood(entry.status)) continue;
    const ref = { time, id };
    if (sightings.length === 0) {
      for (const version of first) known.add(version);
    }
    for (const version of ends.get(id) ?? []) {
      known.delete(version);
      isStale = true;
    }
    for (const version of starts.get(id) ?? []) {
      known.add(version);
      isStale = true;
    }
    if (isStale) {
      rows = [...known].map(({ cells }) => cells).sort(order);
      isStale = false;
    }
    const isPartial = entry.status === 'partial';
    if (isPartial) {
      for (; point < changePoints.length; point += 1) {
        const next = changePoints[point] as ChangePoint;
        if (compareRefs(next, ref) > 0) break;
        raw = next.raw === null ? null : unpackPartial(next.raw);
      }
    }
    const { affected, failed } = entry;
    sightings.push({ ref, isPartial, affected, failed, rows: isPartial && raw !== null ? raw : rows });
  }
  return { sightings, current, past, changePoints };
};
