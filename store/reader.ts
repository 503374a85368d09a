/** Reads back what was stored: the observations of a table of a host, and whole snapshots as they went in. */

import type { Status } from '../collector/status.ts';
import type { Table } from '../collector/table.ts';
import type { OrderTime } from './clocks.ts';
import type { Db, Preparing, Statement } from './database.ts';
import { quoteName } from './ddl.ts';
import { doubtColumns } from './doubts.ts';
import type { ClosedVersion, Observation, OpenVersion, Ref } from './history.ts';
import { compareRefs } from './history.ts';
import { budgetOfHost, inflateRows } from './packed.ts';
import type { Budget } from './packed.ts';
import { dataTables } from '../collector/table.ts';
import { beganOf, currentName, endedOf, pastName } from './schema.ts';
import { cellsOrder, digestOfCells, packRows } from './snapshot.ts';
import type { Cells, Report, Snapshot, TableObservation } from './snapshot.ts';
import type { Store } from './store.ts';
import { versionRank } from './versions.ts';

/** One snapshot of a host and the number of its set of observations. */
export interface TimelineEntry extends Ref {
  readonly observationSet: number;
  /** Who asked, and how it is redacted: with the time, which evidence was read. */
  readonly evidence: string;
  /** The oldest version of the program that is known to have read it so. */
  readonly oldestTool: string;
  /** Where it stands in the order if it does not count; else null. */
  readonly orderTime: OrderTime;
}

export interface ObservationStatus {
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly absent: readonly string[];
  /** Its rows are true. */
  readonly holdsRows: boolean;
}

/** The time before which history was dropped; null where none was. */
export const retainedTime = (db: Db): number | null =>
  (db.prepare("SELECT value FROM main._setting WHERE name = 'retained_time'").pluck().get() as
    | number
    | null
    | undefined) ?? null;

/** Prepared once for each statement: a store has several for each of its tables. */
export const statementCache = (db: Preparing): Preparing['prepare'] => {
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

/** The snapshots that make the history of a host. */
export const countedOnes = (timeline: readonly TimelineEntry[]): readonly TimelineEntry[] =>
  timeline.every(({ orderTime }) => orderTime === null)
    ? timeline
    : timeline.filter(({ orderTime }) => orderTime === null);

/** All snapshots of a host in the order of their dates, those that do not count among them. */
export const readTimeline = (prepare: Prepare, host: number): TimelineEntry[] =>
  prepare(
    'SELECT collected_time AS time, snapshot_id AS id, reading, look AS observationSet, ' +
      "coalesce(euid, '') || ' ' || coalesce(redaction, '') AS evidence, tool_version AS oldestTool, order_time AS orderTime " +
      'FROM _snapshot WHERE host = ? ORDER BY collected_time, reading, snapshot_id',
  ).all(host) as TimelineEntry[];

/**
 * A value that no tokenquery wrote: with the code of SQLite for a damaged page, so that it is told like one.
 */
const damagedValue = (what: string, cause?: unknown): Error =>
  Object.assign(new Error(what, { cause }), { code: 'SQLITE_CORRUPT' });

/** A list of names as the file has it. */
export const namesOf = (text: string | null): readonly string[] | null => {
  if (text === null) return null;
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch (error) {
    throw damagedValue('what a look lacked cannot be read', error);
  }
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string'))
    throw damagedValue('what a look lacked is no list of names');
  return names as string[];
};

/** The statuses that an observation set stands for, by table id. */
export const observationReader = (
  prepare: Prepare,
): ((observationSet: number) => ReadonlyMap<number, ObservationStatus>) => {
  const known = new Map<number, ReadonlyMap<number, ObservationStatus>>();
  return (observationSet) => {
    const found = known.get(observationSet);
    if (found !== undefined) return found;
    const rows = prepare(
      'SELECT tab AS tableId, status, columns_affected AS affected, sources_failed AS failed, columns_absent AS absent, ' +
        'is_good AS good FROM _look_table WHERE look = ?',
    ).all(observationSet) as {
      tableId: number;
      status: Status;
      affected: string | null;
      failed: string | null;
      absent: string | null;
      good: number;
    }[];
    const entries = new Map(
      rows.map(({ tableId, status, affected, failed, absent, good }) => [
        tableId,
        {
          ...{ status, affected: namesOf(affected), failed: namesOf(failed), absent: namesOf(absent) ?? [] },
          holdsRows: good === 1,
        },
      ]),
    );
    if (known.size > 10_000) known.clear();
    known.set(observationSet, entries);
    return entries;
  };
};

export const columnList = (table: Table): string => Object.keys(table.columns).map(quoteName).join(', ');

/** How new the reading of each snapshot of a host is, by id. */
export type Readings = ReadonlyMap<number, number>;

export const readingsOf = (timeline: readonly TimelineEntry[]): Readings =>
  new Map(timeline.map(({ id, reading }) => [id, reading]));

const refReader =
  (readings: Readings) =>
  (time: unknown, id: unknown): Ref | null =>
    time === null
      ? null
      : { time: time as number, id: id as number, reading: readings.get(id as number) ?? 0 };

export const readCurrent = (
  prepare: Prepare,
  table: Table,
  host: number,
  readings: Readings,
): OpenVersion[] => {
  const refOf = refReader(readings);
  const rows = prepare(
    `SELECT _n, _began, _from_time, _first_snapshot, _read_time, _read_snapshot, ${columnList(table)} ` +
      `FROM ${currentName(table)} WHERE _host = ?`,
  )
    .raw(true)
    .all(host) as unknown[][];
  return rows.map(([rowNumber, began, fromTime, first, readTime, read, ...cells]) => ({
    rowNumber: rowNumber as number,
    began: beganOf(began as number),
    from: refOf(fromTime, first),
    read: refOf(readTime, read),
    cells: cells as Cells,
  }));
};

const readPast = (
  prepare: Prepare,
  table: Table,
  host: number,
  timeline: readonly TimelineEntry[],
): ClosedVersion[] => {
  const readings = readingsOf(timeline);
  const times = new Map(timeline.map(({ id, time }) => [id, time]));
  const refOf = refReader(readings);
  const rows = prepare(
    'SELECT _n, _began, _from_time, _first_snapshot, _read_time, _read_snapshot, _until_time, _until_snapshot, ' +
      `_last_snapshot, _ended, ${columnList(table)} FROM ${pastName(table)} WHERE _host = ?`,
  )
    .raw(true)
    .all(host) as unknown[][];
  return rows.map(
    ([rowNumber, began, fromTime, first, readTime, read, untilTime, until, last, ended, ...cells]) => ({
      rowNumber: rowNumber as number,
      began: beganOf(began as number),
      from: refOf(fromTime, first),
      read: refOf(readTime, read),
      until: refOf(untilTime, until) as Ref,
      last: refOf(times.get(last as number) ?? 0, last) as Ref,
      ended: endedOf(ended as number),
      cells: cells as Cells,
    }),
  );
};

/** Rows that are packed in one value, of a snapshot whose rows are not simply what is known. */
export interface PackedRows extends Ref {
  readonly raw: Uint8Array;
  /** The history has the snapshot, in other words. */
  readonly isStep: boolean;
}

export interface ChangePoint extends Ref {
  readonly raw: Uint8Array | null;
}

/** Rows of one table of a host, in the order of their snapshots. */
const inOrder = <P extends Pick<Ref, 'time' | 'id'>>(rows: readonly P[], readings: Readings): (P & Ref)[] =>
  rows.map((row) => ({ ...row, reading: readings.get(row.id) ?? 0 })).sort(compareRefs);

/** What partial observations saw, from where it changed. */
export const readChangePoints = (
  prepare: Prepare,
  host: number,
  tableId: number,
  readings: Readings,
): ChangePoint[] =>
  inOrder(
    prepare('SELECT time, snapshot_id AS id, raw FROM _partial WHERE host = ? AND tab = ?').all(
      host,
      tableId,
    ) as Omit<ChangePoint, 'reading'>[],
    readings,
  );

/** What those saw of whom the history says other words, or nothing. */
export const readAsides = (
  prepare: Prepare,
  host: number,
  tableId: number,
  readings: Readings,
): PackedRows[] => {
  const rows = prepare(
    'SELECT time, snapshot_id AS id, raw, is_step AS step FROM _aside WHERE host = ? AND tab = ?',
  ).all(host, tableId) as { time: number; id: number; raw: Uint8Array; step: number }[];
  return inOrder(
    rows.map(({ time, id, raw, step }) => ({ time, id, raw, isStep: step === 1 })),
    readings,
  );
};

export const readPackedRows = (raw: Uint8Array, table: Table, budget?: Budget): Cells[] => {
  try {
    return inflateRows(raw, table, budget);
  } catch (error) {
    throw damagedValue('what a look saw cannot be read', error);
  }
};

const put = <V>(map: Map<number, V[]>, key: number, value: V): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

export interface TableHistory {
  readonly observations: readonly Observation[];
  readonly current: readonly OpenVersion[];
  readonly past: readonly ClosedVersion[];
  readonly changePoints: readonly ChangePoint[];
  readonly asides: readonly PackedRows[];
}

/**
 * Every good observation of a table of a host, in order, each with the rows that it saw.
 * Observations that saw the same share one array.
 */
export const readHistory = (
  prepare: Prepare,
  observationsOf: (observationSet: number) => ReadonlyMap<number, ObservationStatus>,
  table: Table,
  tableId: number,
  host: number,
  timeline: readonly TimelineEntry[],
  budget?: Budget,
): TableHistory => {
  const readings = readingsOf(timeline);
  const open = readCurrent(prepare, table, host, readings);
  const past = readPast(prepare, table, host, timeline);
  const changePoints = readChangePoints(prepare, host, tableId, readings);
  const asides = readAsides(prepare, host, tableId, readings);
  const aside = new Map(asides.map(({ id, raw }) => [id, raw]));
  const known = versionReplay(table, open, past);
  const partial = pointReplay(table, changePoints, budget);
  const observations: Observation[] = [];
  for (const { time, id, reading, observationSet, evidence, oldestTool, orderTime } of timeline) {
    const entry = observationsOf(observationSet).get(tableId);
    if (entry === undefined || !entry.holdsRows) continue;
    const ref = { time, id, reading };
    const isPartial = entry.status === 'partial';
    const packed = aside.get(id);
    const current = known(ref);
    const rows = packed === undefined ? current : readPackedRows(packed, table, budget);
    const seen = packed === undefined && isPartial ? partial(ref) : null;
    const { affected, failed, absent } = entry;
    const oldestRank = versionRank(oldestTool);
    observations.push({
      ...{ ref, isPartial, affected, failed, absent, evidence, oldestRank },
      isAhead: orderTime !== null,
      rows: seen ?? rows,
    });
  }
  return { observations, current: open, past, changePoints, asides };
};

/** The rows that are known from each snapshot on, which is asked for in order. */
const versionReplay = (table: Table, current: readonly OpenVersion[], past: readonly ClosedVersion[]) => {
  const order = cellsOrder(table);
  const starts = new Map<number, OpenVersion[]>();
  const ends = new Map<number, ClosedVersion[]>();
  const known = new Set<OpenVersion>();
  for (const version of [...current, ...past]) {
    const start = version.read ?? version.from;
    const end = 'until' in version ? (version as ClosedVersion).until : null;
    // A step within one snapshot: it never was what was known.
    if (start !== null && start.id === end?.id) continue;
    if (start === null) known.add(version);
    else put(starts, start.id, version);
    if (end !== null) put(ends, end.id, version as ClosedVersion);
  }
  let rows: readonly Cells[] = [];
  let isStale = true;
  return ({ id }: Ref): readonly Cells[] => {
    for (const version of ends.get(id) ?? []) isStale = known.delete(version) || isStale;
    for (const version of starts.get(id) ?? []) {
      known.add(version);
      isStale = true;
    }
    if (isStale) rows = [...known].map(({ cells }) => cells).sort(order);
    isStale = false;
    return rows;
  };
};

/** What partial observations saw where it is not what is known; asked for in order. */
const pointReplay = (table: Table, points: readonly ChangePoint[], budget?: Budget) => {
  let next = 0;
  let rows: readonly Cells[] | null = null;
  return (ref: Ref): readonly Cells[] | null => {
    for (; next < points.length; next += 1) {
      const point = points[next] as ChangePoint;
      if (compareRefs(point, ref) > 0) break;
      rows = point.raw === null ? null : readPackedRows(point.raw, table, budget);
    }
    return rows;
  };
};

export const readHostIds = (db: Db): string[] =>
  db.prepare('SELECT host_id FROM _host ORDER BY host_id').pluck().all() as string[];

const readReport = (prepare: Prepare, host: number): Report | null => {
  const known = prepare('SELECT has_report FROM _host WHERE host = ?').pluck().get(host);
  if (known === null || known === undefined) return null;
  const rows = (sql: string): Cells[] => prepare(sql).raw(true).all(host) as Cells[];
  return {
    status: rows(
      'SELECT t.name, r.status, r.row_count, r.code, r.reason, r.columns_affected, r.duration_ms, NULL, ' +
        `${doubtColumns.map((name) => `r.${name}`).join(', ')} ` +
        'FROM _report_status r JOIN _table t ON t.tab = r.tab WHERE r.host = ? ORDER BY t.name',
    ),
    errors: rows(
      'SELECT table_name, command_id, code, message, hint FROM _report_error WHERE host = ? ORDER BY n',
    ),
    commands: rows(
      'SELECT c.command_id, c.argv, c.source, c.is_network_capable, r.started_time, r.duration_ms, r.exit_code, ' +
        'r.signal, r.is_timed_out, r.stdout_bytes, lower(hex(r.stdout_sha256)), r.stderr_bytes, ' +
        'lower(hex(r.stderr_sha256)), r.euid FROM _report_command r JOIN _command c ON c.command = r.command ' +
        'WHERE r.host = ? ORDER BY r.n',
    ),
  };
};

interface SnapshotRow {
  readonly time: number;
  readonly id: number;
  readonly observationSet: number;
  readonly sequence: number;
  readonly status: Snapshot['status'];
  readonly origin: Snapshot['origin'];
  readonly euid: number | null;
  readonly tool_version: string;
  readonly schema_version: number;
  readonly redaction: string | null;
  /** NULL in a file of an older layout, which is only read. */
  readonly reading: number | null;
  readonly order_time: OrderTime;
}

interface StoredSnapshot extends Snapshot {
  readonly sequence: number;
}

/** What a snapshot is chosen by. */
export interface ReadSnapshot {
  readonly time: number;
  readonly id: number;
  /** It does not count (clocks.ts). */
  readonly isAhead: boolean;
}

export interface SnapshotReader {
  /** The snapshots of a host, in order. Observations that saw the same are one object. */
  read(hostId: string, only?: (snapshot: ReadSnapshot) => boolean): Generator<StoredSnapshot>;
}

/** The observations of one table of a host, one after the other. */
class ObservationReplay {
  readonly name: string;
  readonly tableId: number;
  readonly #columns: readonly string[];
  readonly #observations: readonly Observation[];
  #next = 0;
  #before: {
    readonly observation: TableObservation;
    readonly rows: readonly Cells[];
    readonly entry: ObservationStatus;
  } | null = null;

  constructor(table: Table, tableId: number, observations: readonly Observation[]) {
    this.name = table.name;
    this.tableId = tableId;
    this.#columns = Object.keys(table.columns);
    this.#observations = observations;
  }

  /** What the next snapshot that observed the table saw; the same object while it is the same. */
  next(entry: ObservationStatus): TableObservation {
    const { status, affected, failed, absent } = entry;
    if (!entry.holdsRows) return { status, affected, failed, digest: '', rowCount: 0, cells: [] };
    const { rows } = this.#observations[this.#next] as Observation;
    this.#next += 1;
    const before = this.#before;
    if (before !== null && before.rows === rows && before.entry === entry) return before.observation;
    const cells = packRows(rows);
    const digest = digestOfCells(this.#columns, cells);
    const observation = {
      ...{ status, affected, failed, digest, rowCount: rows.length, cells },
      ...(absent.length === 0 ? {} : { absent }),
    };
    this.#before = { observation, rows, entry };
    return observation;
  }
}

const snapshotOfRow = (
  hostId: string,
  row: SnapshotRow,
  observations: Snapshot['observations'],
  report: Report | null,
): StoredSnapshot => ({
  hostId,
  collectedTime: row.time,
  snapshotId: row.id,
  sequence: row.sequence,
  status: row.status,
  origin: row.origin,
  euid: row.euid,
  toolVersion: row.tool_version,
  schemaVersion: row.schema_version,
  redaction: row.redaction,
  ...(row.reading === null ? {} : { reading: row.reading }),
  ...(row.order_time === null ? {} : { orderTime: row.order_time }),
  observations,
  report,
});

/**
 * Reads snapshots back. One reader serves all hosts of a store.
 *
 * @param options Whether the store is an input: what it packs has a bound.
 */
export const snapshotReader = (
  { db, tables, tableIds }: Pick<Store, 'db' | 'tables' | 'tableIds'>,
  { isInput = false }: { readonly isInput?: boolean } = {},
): SnapshotReader => {
  const prepare = statementCache(db);
  const observationsOf = observationReader(prepare);
  const known = dataTables(tables).flatMap((table): [Table, number][] => {
    const tableId = tableIds.get(table.name);
    return tableId === undefined ? [] : [[table, tableId]];
  });

  const replaysOf = (host: number): readonly ObservationReplay[] => {
    const timeline = readTimeline(prepare, host);
    const budget = isInput ? budgetOfHost() : undefined;
    return known.map(([table, tableId]) => {
      const history = readHistory(prepare, observationsOf, table, tableId, host, timeline, budget);
      return new ObservationReplay(table, tableId, history.observations);
    });
  };

  function* read(
    hostId: string,
    only: (snapshot: ReadSnapshot) => boolean = () => true,
  ): Generator<StoredSnapshot> {
    const host = prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(hostId) as
      | number
      | undefined;
    if (host === undefined) return;
    const rows = prepare(
      'SELECT collected_time AS time, snapshot_id AS id, look AS observationSet, sequence, status, origin, euid, tool_version, ' +
        'schema_version, redaction, reading, order_time FROM _snapshot WHERE host = ? ORDER BY collected_time, reading, snapshot_id',
    ).all(host) as SnapshotRow[];
    const replays = replaysOf(host);
    const last = prepare('SELECT last_snapshot FROM _host WHERE host = ?').pluck().get(host);
    for (const row of rows) {
      const entries = observationsOf(row.observationSet);
      const observations = new Map<string, TableObservation>();
      for (const replay of replays) {
        const entry = entries.get(replay.tableId);
        if (entry !== undefined) observations.set(replay.name, replay.next(entry));
      }
      if (!only({ time: row.time, id: row.id, isAhead: row.order_time !== null })) continue;
      yield snapshotOfRow(hostId, row, observations, row.id === last ? readReport(prepare, host) : null);
    }
  }
  return { read };
};
