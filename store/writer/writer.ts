/** Writes snapshots: row versions that did not change are not touched. */
import { createHash, hash } from 'node:crypto';
import { holdsRows, isGood } from '../../collector/status.ts';
import type { Table, Value } from '../../collector/table.ts';
import {
  disown,
  earlierOrder,
  firstNumber,
  newestAhead,
  newestStoredTime,
  orderTimeOf,
  renumber,
  toleranceSeconds,
} from '../clocks.ts';
import type { OrderTime } from '../clocks.ts';
import type { Db, Statement } from '../database.ts';
import { doubtColumns, doubtsOfRow, noDoubtsKnown, withoutUnknownDoubts } from '../doubts.ts';
import { forgetFindingsAfter } from '../findings.ts';
import { widenTables } from '../held.ts';
import type { Difference } from '../held.ts';
import { compareRefs, History } from '../history.ts';
import { keyReader } from '../match_keys.ts';
import { isReadTwice, readingOfSnapshot, stepsOf } from '../readings.ts';
import { olderOf, rankOf, versionRank } from '../versions.ts';
import type { Step } from '../readings.ts';
import type { ClosedVersion, OpenVersion, Ref, Observation } from '../history.ts';
import {
  columnList,
  countedOnes,
  observationReader,
  readCurrent,
  readChangePoints,
  readHistory,
  readingsOf,
  readTimeline,
  statementCache,
  readPackedRows,
  retainedTime,
  snapshotReader,
} from '../reader.ts';
import { packRows } from '../packed.ts';
import { hasAccounts } from '../renames.ts';
import type { ChangePoint, PackedRows, TimelineEntry } from '../reader.ts';
import {
  beganNumbers,
  currentName,
  dataTables,
  endedNumbers,
  pastName,
  readTableNumbers,
  renamesSql,
} from '../schema.ts';
import {
  cellsOrder,
  digestOfCells,
  leadingCells,
  originRank,
  packRows as packCells,
  rowsOf,
} from '../snapshot.ts';
import type { Cells, TableObservation, Report, Snapshot } from '../snapshot.ts';
import { knownDifference } from '../upgrade.ts';

/** Rows of a table that appeared, changed and disappeared. */
export interface TableChanges {
  added: number;
  changed: number;
  removed: number;
}

export interface Added {
  /** Snapshots that were not there before. */
  readonly stored: number;
  /** Snapshots that were there already. */
  readonly known: number;
  /** Snapshots from before what `retain` dropped. */
  readonly tooOld: number;
  /** New ones that read, with another version of the program, what was read before. */
  readonly readAnew: number;
  /** New ones that are dated ahead of this moment: they are kept and do not count. */
  readonly ahead: readonly Snapshot[];
  /** How many in the file do not count any more: the clock was ahead when they were stored. */
  readonly disowned: number;
  readonly changes: ReadonlyMap<string, TableChanges>;
}

export interface StoreWriter {
  /**
   * Adds snapshots of one host, in whatever order. The caller holds the transaction.
   *
   * @param isInTurn They were taken after all that is stored, whatever they are dated.
   */
  add(snapshots: readonly Snapshot[], ingestedTime: number, isInTurn?: boolean): Added;
  /** Puts what older versions keyed otherwise into the words of this one. The caller holds the transaction. */
  rekey(): void;
  /** Takes what does not count out of histories that an older version made. The caller holds the transaction. */
  settle(): void;
}

interface HostRow {
  readonly host: number;
  readonly last: Ref | null;
  readonly isNew: boolean;
}

/** A snapshot, and the oldest version of the program that read it so. */
interface Read {
  readonly ref: Ref;
  readonly oldestTool: string;
  readonly orderTime: OrderTime;
}

/** Whether it matters who read a snapshot: not all were read by the same, or two are of one second. */
const isReadDifferently = (timeline: readonly TimelineEntry[]): boolean =>
  new Set(timeline.map(({ reading, oldestTool }) => `${rankOf(reading)} ${oldestTool}`)).size > 1 ||
  new Set(timeline.map(({ time }) => time)).size < timeline.length;

/** What is to be done in the tables of a host. */
interface TableWork {
  readonly isNew: boolean;
  /** Snapshots that were in the history are not any more. */
  readonly hasLost: boolean;
  /** As it was before the new ones. */
  readonly timeline: readonly TimelineEntry[];
  readonly raised: ReadonlyMap<number, Read>;
  readonly news: ReadonlyMap<string, readonly NewObservation[]>;
}

/** The first good observation of a table of a host, and what the last one saw. */
interface StateRow {
  readonly time: number;
  readonly id: number;
  readonly digest: Uint8Array;
  readonly isCut: number;
}

interface NewObservation extends Observation {
  readonly digest: Buffer;
  readonly tableObservation: TableObservation;
}

// Many rows at once cost less than one at a time; more than this bring nothing more.
const rowsAtOnce = 32;

/** What an observation saw, in 16 bytes. */
const digestOf = ({ status, affected, failed, digest }: TableObservation): Buffer =>
  status === 'partial'
    ? hash('sha256', JSON.stringify([affected, failed, digest]), 'buffer').subarray(0, 16)
    : Buffer.from(digest.slice(0, 32), 'hex');

/** The same of one whose rows were read back. */
const digestOfObserved = (table: Table, { isPartial, affected, failed, rows }: Observation): Buffer =>
  digestOf({
    ...{ status: isPartial ? 'partial' : 'ok', affected, failed, rowCount: rows.length, cells: [] },
    digest: digestOfCells(Object.keys(table.columns), packCells(rows)),
  });

const namesText = (affected: readonly string[] | null): string | null =>
  affected === null ? null : JSON.stringify(affected);

/** A list of names as text, with more of them: what the maker did not know is as unknown as what failed. */
const withNames = (list: Value, names: readonly string[]): Value =>
  list === null || names.length === 0
    ? list
    : JSON.stringify([...(JSON.parse(String(list)) as readonly string[]), ...names]);
/** Who asked, and how it is redacted, as the timeline has it. */
const evidenceOf = ({ euid, redaction }: Snapshot): string => `${euid ?? ''} ${redaction ?? ''}`;

const bytes = (hex: Value): Buffer => Buffer.from(String(hex), 'hex');

/** What makes a row version differ from another of the same number. */
const versionText = ({ rowNumber, began, from, read, cells }: OpenVersion): string =>
  JSON.stringify([rowNumber, began, from?.time, from?.id, read?.time, read?.id, cells]);
const pastVersionText = (version: ClosedVersion): string =>
  JSON.stringify([
    versionText(version),
    version.until.time,
    version.until.id,
    version.last.id,
    version.ended,
  ]);

const versionColumns = '_host, _n, _began, _from_time, _first_snapshot, _read_time, _read_snapshot';
const versionValues = ({ rowNumber, began, from, read }: OpenVersion): unknown[] => [
  ...[rowNumber, beganNumbers[began]],
  ...[from?.time ?? null, from?.id ?? null, read?.time ?? null, read?.id ?? null],
];

/** What the new observations changed, for the line that `snapshot` prints. */
const countChanges = (
  news: readonly Observation[],
  open: readonly OpenVersion[],
  closed: readonly ClosedVersion[],
): TableChanges => {
  const ids = new Set(news.map(({ ref }) => ref.id));
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { began, from, read } of [...open, ...closed]) {
    if (from === null || read !== null || !ids.has(from.id)) continue;
    if (began === 'added') counts.added += 1;
    else if (began === 'changed') counts.changed += 1;
  }
  for (const { ended, until } of closed) if (ended === 'removed' && ids.has(until.id)) counts.removed += 1;
  return counts;
};

const observeAll = (
  history: History,
  steps: readonly Step[],
): { readonly ref: Ref; readonly raw: readonly Cells[] | null }[] => {
  const partial: { ref: Ref; raw: readonly Cells[] | null }[] = [];
  for (const { observation, silent } of steps) {
    const isKnown = history.observe(observation, silent);
    if (observation.isPartial) partial.push({ ref: observation.ref, raw: isKnown ? null : observation.rows });
  }
  return partial;
};

/**
 * Packs the rows of partial observations where they are not those that are known, and only where they change.
 */
const changePointsOf = (
  table: Table,
  partial: readonly { readonly ref: Ref; readonly raw: readonly Cells[] | null }[],
  before: Uint8Array | null,
): ChangePoint[] => {
  const points: ChangePoint[] = [];
  const textOf = (rows: readonly Cells[] | null): string | null =>
    rows === null ? null : JSON.stringify(rows);
  let last = before === null ? null : textOf(readPackedRows(before, table));
  let lastRows: readonly Cells[] | null = null;
  for (const { ref, raw } of partial) {
    if (raw !== null && raw === lastRows) continue;
    const text = textOf(raw);
    lastRows = raw;
    if (text !== last) points.push({ ...ref, raw: raw === null ? null : packRows(table, raw) });
    last = text;
  }
  return points;
};

/** What was observed where the history says other words of it, or nothing, packed. */
const asidesOf = (
  table: Table,
  observations: readonly Observation[],
  steps: readonly Step[],
): PackedRows[] => {
  const counted = new Map(steps.map(({ observation }) => [observation.ref.id, observation]));
  return observations.flatMap((observation) => {
    const step = counted.get(observation.ref.id);
    if (step === observation) return [];
    return [{ ...observation.ref, raw: packRows(table, observation.rows), isStep: step !== undefined }];
  });
};

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0);

const pointText = ({ time, id, raw }: ChangePoint): string =>
  `${time} ${id} ${raw === null ? '' : hash('sha256', raw)}`;

/** What is kept of an observation beside its rows; many snapshots share it. */
type Interned = Pick<TableObservation, 'status' | 'affected' | 'failed' | 'absent'> & {
  readonly holdsRows: boolean;
};

const interned = (observation: TableObservation): Interned => ({
  ...observation,
  holdsRows: holdsRows(observation.status, observation.rowCount),
});

/** An observation by a program that does not know columns of the file. */
const widened = (
  observation: TableObservation,
  width: number,
  unknown: ReadonlyMap<string, string>,
): TableObservation => {
  if (!holdsRows(observation.status, observation.rowCount)) return observation;
  const more = [...unknown.keys()];
  return {
    ...observation,
    absent: [...(observation.absent ?? []), ...more],
    cells: packCells(rowsOf(observation, width).map((row) => [...row, ...more.map(() => null)])),
  };
};

const asideText = (aside: PackedRows): string => `${pointText(aside)} ${aside.isStep}`;

export const storeWriter = (db: Db, declared: readonly Table[]): StoreWriter => {
  const prepare = statementCache(db);
  const observationsOf = observationReader(prepare);
  const tableIds = readTableNumbers(db);
  // Rows keep the columns that only the file knows.
  const unknownColumns: Difference['unknownColumns'] =
    knownDifference(db, declared)?.unknownColumns ?? new Map();
  const tables = widenTables(declared, unknownColumns);
  const byName = new Map(dataTables(tables).map((table) => [table.name, table]));
  const retained = retainedTime(db);

  const inserts = new Map<string, Map<number, Statement>>();
  /** Inserts rows that are given as one list of values. */
  const insertMany = (into: string, width: number, values: readonly unknown[]): void => {
    let statements = inserts.get(into);
    if (statements === undefined) {
      statements = new Map();
      inserts.set(into, statements);
    }
    const count = values.length / width;
    for (let start = 0; start < count; start += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - start);
      let statement = statements.get(rows);
      if (statement === undefined) {
        const one = `(${Array.from({ length: width }, () => '?').join(', ')})`;
        statement = db.prepare(
          `INSERT INTO ${into} VALUES ${Array.from({ length: rows }, () => one).join(', ')}`,
        );
        statements.set(rows, statement);
      }
      // Spread: better-sqlite3 takes arguments faster than the elements of an array.
      statement.run(...(rows === count ? values : values.slice(start * width, (start + rows) * width)));
    }
  };
  const firstInto = new Map(
    dataTables(tables).map((table) => [table, `${currentName(table)} (_host, _n, ${columnList(table)})`]),
  );

  const observationSets = new Map<string, number>();
  const internObservations = (entries: ReadonlyMap<string, Interned>): number => {
    const list = [...entries]
      .flatMap(([name, { status, affected, failed, absent = [], holdsRows: good }]) => {
        const tableId = tableIds.get(name);
        return tableId === undefined
          ? []
          : [
              {
                tableId,
                status,
                affected: namesText(affected),
                failed: namesText(failed),
                absent: absent.length === 0 ? null : namesText(absent),
                good,
              },
            ];
      })
      .sort((a, b) => a.tableId - b.tableId);
    // What is as the status says is left out, so that the text is as it was before there were such columns.
    const text = JSON.stringify(
      list.map(({ tableId, status, affected, failed, absent, good }) => [
        ...[tableId, status, affected, failed],
        ...(absent === null ? [] : [absent]),
        ...(good === isGood(status) ? [] : [{ good }]),
      ]),
    );
    const known = observationSets.get(text);
    if (known !== undefined) return known;
    const digest = createHash('sha256').update(text).digest().subarray(0, 16);
    let observationSet = prepare('SELECT look FROM _look WHERE digest = ?').pluck().get(digest) as
      | number
      | undefined;
    if (observationSet === undefined) {
      observationSet = Number(prepare('INSERT INTO _look (digest) VALUES (?)').run(digest).lastInsertRowid);
      insertMany(
        '_look_table (look, tab, status, is_good, columns_affected, sources_failed, columns_absent)',
        7,
        list.flatMap(({ tableId, status, affected, failed, absent, good }) => [
          ...[observationSet as number, tableId, status, good ? 1 : 0],
          ...[affected, failed, absent],
        ]),
      );
    }
    if (observationSets.size > 10_000) observationSets.clear();
    observationSets.set(text, observationSet);
    return observationSet;
  };

  const internHost = (hostId: string): HostRow => {
    const row = prepare(
      'SELECT h.host, h.last_time AS time, h.last_snapshot AS id, s.reading FROM _host h LEFT JOIN _snapshot s ' +
        'ON s.host = h.host AND s.collected_time = h.last_time AND s.snapshot_id = h.last_snapshot WHERE h.host_id = ?',
    ).get(hostId) as { host: number; time: number | null; id: number; reading: number | null } | undefined;
    if (row !== undefined) {
      const { host, time, id, reading } = row;
      return { host, last: time === null ? null : { time, id, reading: reading ?? 0 }, isNew: false };
    }
    const host = Number(prepare('INSERT INTO _host (host_id) VALUES (?)').run(hostId).lastInsertRowid);
    return { host, last: null, isNew: true };
  };

  const commands = new Map<string, number>();
  const internCommand = (commandId: Value, argv: Value, source: Value, isNetworkCapable: Value): number => {
    const text = String(argv);
    const known = commands.get(text);
    if (known !== undefined) return known;
    let command = prepare('SELECT command FROM _command WHERE argv = ?').pluck().get(text) as
      | number
      | undefined;
    command ??= Number(
      prepare('INSERT INTO _command (argv, command_id, source, is_network_capable) VALUES (?, ?, ?, ?)').run(
        text,
        commandId,
        source,
        isNetworkCapable,
      ).lastInsertRowid,
    );
    if (commands.size > 20_000) commands.clear();
    commands.set(text, command);
    return command;
  };

  /** Replaces the rows of a host in a table of the last snapshot; those that stay the same are not written. */
  const replaceRows = (
    into: string,
    host: number,
    isNew: boolean,
    rows: readonly (readonly unknown[])[],
  ): void => {
    if (isNew) {
      if (rows.length > 0)
        insertMany(
          into,
          (rows[0]?.length ?? 0) + 2,
          rows.flatMap((row, rowNumber) => [host, rowNumber, ...row]),
        );
      return;
    }
    const old = prepare(`SELECT * FROM ${into} WHERE host = ? ORDER BY 2`).raw(true).all(host) as unknown[][];
    for (const [rowNumber, row] of rows.entries()) {
      const before = old[rowNumber];
      if (before !== undefined && row.every((value, index) => same(value, before[index + 2]))) continue;
      const values = [host, rowNumber, ...row];
      prepare(`INSERT OR REPLACE INTO ${into} VALUES (${values.map(() => '?').join(', ')})`).run(values);
    }
    if (old.length > rows.length) {
      const second = into === '_report_status' ? 'tab' : 'n';
      prepare(`DELETE FROM ${into} WHERE host = ? AND ${second} >= ?`).run(host, rows.length);
    }
  };

  const writeReport = (
    host: number,
    isNew: boolean,
    snapshot: Pick<Snapshot, 'observations' | 'report'>,
  ): void => {
    const report: Report = snapshot.report ?? { status: [], errors: [], commands: [] };
    // Where no report came along, what the observations themselves tell is still known.
    const status =
      snapshot.report !== null
        ? report.status
        : [...snapshot.observations].map(([name, { status: is, affected, rowCount }]): Cells => [
            name,
            is,
            rowCount,
            null,
            null,
            namesText(affected),
            null,
            null,
            ...noDoubtsKnown,
          ]);
    const statusRows = status
      .flatMap((row) => {
        const [name, is = null, rowCount = null, code = null, reason = null, affected = null, ms = null] =
          row;
        const tableId = byName.has(String(name)) ? tableIds.get(String(name)) : undefined;
        // Also a table of which only the file knows: its rows are not among those that are stored.
        if (tableId === undefined) return [];
        const absent = snapshot.observations.get(String(name))?.absent ?? [];
        return [
          [
            tableId,
            is,
            rowCount,
            code,
            reason,
            withNames(affected, absent),
            ms,
            ...doubtsOfRow(row),
          ] as const,
        ];
      })
      .sort(([a], [b]) => Number(a) - Number(b));
    if (isNew) {
      if (statusRows.length > 0)
        insertMany(
          '_report_status',
          8 + doubtColumns.length,
          statusRows.flatMap((row) => [host, ...row]),
        );
    } else {
      const old = new Map(
        (prepare('SELECT * FROM _report_status WHERE host = ?').raw(true).all(host) as unknown[][]).map(
          (row) => [row[1] as number, row.slice(2)],
        ),
      );
      for (const [tableId, ...row] of statusRows) {
        const before = old.get(tableId as number);
        old.delete(tableId as number);
        if (before !== undefined && row.every((value, index) => value === before[index])) continue;
        const values = [host, tableId, ...row];
        prepare(`INSERT OR REPLACE INTO _report_status VALUES (${values.map(() => '?').join(', ')})`).run(
          values,
        );
      }
      for (const tableId of old.keys())
        prepare('DELETE FROM _report_status WHERE host = ? AND tab = ?').run(host, tableId);
    }
    replaceRows('_report_error', host, isNew, report.errors);
    replaceRows(
      '_report_command',
      host,
      isNew,
      report.commands.map(
        ([
          commandId,
          argv,
          source,
          isNetwork,
          started,
          duration,
          exit,
          signal,
          timedOut,
          outSize,
          out,
          errSize,
          err,
          euid,
        ]) => [
          internCommand(commandId ?? null, argv ?? null, source ?? null, isNetwork ?? null),
          started ?? null,
          duration ?? null,
          exit ?? null,
          signal ?? null,
          timedOut ?? null,
          outSize ?? null,
          bytes(out ?? ''),
          errSize ?? null,
          bytes(err ?? ''),
          euid ?? null,
        ],
      ),
    );
    prepare('UPDATE _host SET has_report = ? WHERE host = ?').run(
      snapshot.report === null ? null : reportDigest(snapshot.report),
      host,
    );
  };

  const insertPast = (table: Table, host: number, versions: readonly ClosedVersion[]): void => {
    if (versions.length === 0) return;
    const width = 11 + Object.keys(table.columns).length;
    insertMany(
      `${pastName(table)} (${versionColumns}, _until_time, _until_snapshot, _last_snapshot, _ended, ${columnList(table)})`,
      width,
      versions.flatMap((version) => [
        ...[host, ...versionValues(version)],
        ...[version.until.time, version.until.id, version.last.id, endedNumbers[version.ended]],
        ...version.cells,
      ]),
    );
  };

  const insertCurrent = (table: Table, host: number, versions: readonly OpenVersion[]): void => {
    if (versions.length === 0) return;
    const width = 7 + Object.keys(table.columns).length;
    insertMany(
      `${currentName(table)} (${versionColumns}, ${columnList(table)})`,
      width,
      versions.flatMap((version) => [host, ...versionValues(version), ...version.cells]),
    );
  };

  const writeCurrent = (
    table: Table,
    host: number,
    before: readonly OpenVersion[],
    now: readonly OpenVersion[],
  ): void => {
    const old = new Map(before.map((version) => [version.rowNumber, version]));
    const fresh: OpenVersion[] = [];
    const remove = prepare(`DELETE FROM ${currentName(table)} WHERE _host = ? AND _n = ?`);
    for (const version of now) {
      const known = old.get(version.rowNumber);
      old.delete(version.rowNumber);
      if (known === version) continue;
      if (known !== undefined) {
        if (versionText(known) === versionText(version)) continue;
        remove.run(host, version.rowNumber);
      }
      fresh.push(version);
    }
    for (const rowNumber of old.keys()) remove.run(host, rowNumber);
    insertCurrent(table, host, fresh);
  };

  const insertChangePoint = (host: number, tableId: number, { time, id, raw }: ChangePoint): void => {
    prepare('INSERT INTO _partial (host, tab, time, snapshot_id, raw) VALUES (?, ?, ?, ?, ?)').run(
      ...[host, tableId, time, id, raw],
    );
  };

  const insertAside = (host: number, tableId: number, { time, id, raw, isStep }: PackedRows): void => {
    prepare('INSERT INTO _aside (host, tab, time, snapshot_id, raw, is_step) VALUES (?, ?, ?, ?, ?, ?)').run(
      ...[host, tableId, time, id, raw, isStep ? 1 : 0],
    );
  };

  const writeState = (
    host: number,
    tableId: number,
    first: Pick<Ref, 'time' | 'id'>,
    digest: Buffer,
  ): void => {
    prepare(
      'INSERT INTO _state (host, tab, first_time, first_snapshot, digest) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE ' +
        'SET first_time = excluded.first_time, first_snapshot = excluded.first_snapshot, digest = excluded.digest',
    ).run(host, tableId, first.time, first.id, digest);
  };

  const addFirst = (
    table: Table,
    tableId: number,
    host: number,
    news: readonly NewObservation[],
    states: unknown[],
  ): TableChanges | null => {
    const [first] = news;
    const last = news.at(-1);
    if (first === undefined || last === undefined) return null;
    states.push(host, tableId, first.ref.time, first.ref.id, last.digest);
    const steps = stepsOf(table, news);
    if (news.length === 1 && steps[0]?.observation === first) {
      const { cells } = first.tableObservation;
      if (cells.length === 0) return null;
      const width = Object.keys(table.columns).length;
      const stride = width + leadingCells;
      const own = cells as Value[];
      for (let start = 0; start < own.length; start += stride) own[start] = host;
      insertMany(firstInto.get(table) ?? '', stride, own);
      return null;
    }
    let number = 0;
    const history = new History(table, null, () => (number += 1));
    const points = changePointsOf(table, observeAll(history, steps), null);
    for (const point of points) insertChangePoint(host, tableId, point);
    for (const aside of asidesOf(table, news, steps)) insertAside(host, tableId, aside);
    insertCurrent(table, host, history.open());
    insertPast(table, host, history.closed);
    return countChanges(news, history.open(), history.closed);
  };

  const append = (
    table: Table,
    tableId: number,
    host: number,
    state: StateRow,
    timeline: readonly TimelineEntry[],
    last: TimelineEntry,
    news: readonly NewObservation[],
  ): TableChanges | null => {
    const steps = stepsOf(table, news, observationAt(last, tableId));
    const isSeen = ({ observation }: Step): boolean =>
      Buffer.compare((observation as NewObservation).digest, state.digest) === 0;
    const start = steps.findIndex((step) => !isSeen(step));
    const asides = asidesOf(table, news, steps);
    for (const aside of asides) insertAside(host, tableId, aside);
    if (start === -1) return null;
    const readings = readingsOf(timeline);
    const before = readCurrent(prepare, table, host, readings);
    const maximum = (name: string): number =>
      (prepare(`SELECT max(_n) FROM ${name} WHERE _host = ?`).pluck().get(host) as number | null) ?? 0;
    let number = Math.max(maximum(currentName(table)), maximum(pastName(table)));
    const seen = steps[start - 1]?.observation.ref ?? last;
    const running = readChangePoints(prepare, host, tableId, readings).at(-1)?.raw ?? null;
    const known = observationAt(last, tableId);
    const lastPartial: Observation | null = known.isPartial
      ? {
          ...known,
          ref: seen,
          rows:
            running === null
              ? before.map(({ cells }) => cells).sort(cellsOrder(table))
              : readPackedRows(running, table),
        }
      : null;
    const history = new History(
      table,
      { open: before, last: seen, partial: lastPartial },
      () => (number += 1),
    );
    const rest = steps.slice(start);
    for (const point of changePointsOf(table, observeAll(history, rest), running))
      insertChangePoint(host, tableId, point);
    writeCurrent(table, host, before, history.open());
    insertPast(table, host, history.closed);
    const newest = rest.at(-1)?.observation as NewObservation;
    writeState(host, tableId, state, newest.digest);
    return countChanges(news, history.open(), history.closed);
  };

  /** What is known of an observation without its rows. */
  const observationAt = (entry: TimelineEntry, tableId: number): Observation => {
    const { time, id, reading, evidence, observationSet, oldestTool } = entry;
    const status = observationsOf(observationSet).get(tableId);
    return {
      ref: { time, id, reading },
      evidence,
      oldestRank: versionRank(oldestTool),
      isPartial: status?.status === 'partial',
      affected: status?.affected ?? null,
      failed: status?.failed ?? null,
      absent: status?.absent ?? [],
      rows: [],
    };
  };

  /** The last good observations of a table: those of its last second. */
  const lastGood = (timeline: readonly TimelineEntry[], tableId: number): readonly TimelineEntry[] => {
    const isGoodHere = ({ observationSet }: TimelineEntry): boolean =>
      observationsOf(observationSet).get(tableId)?.holdsRows === true;
    const last = timeline.findLastIndex(isGoodHere);
    const time = timeline[last]?.time;
    let first = last;
    while (first > 0 && timeline[first - 1]?.time === time) first -= 1;
    return timeline.slice(Math.max(0, first), last + 1).filter(isGoodHere);
  };

  /** Whether new observations simply come after the last ones: an older second, and the same one, are told anew. */
  const mayAppend = (
    tableId: number,
    last: readonly TimelineEntry[],
    news: readonly NewObservation[],
  ): boolean =>
    last.length > 0 &&
    (news[0]?.ref.time ?? 0) > (last[0]?.time ?? 0) &&
    !isReadTwice(last.map((entry) => observationAt(entry, tableId)));

  /**
   * An observation that came late: the history of the table is made anew, and only what differs is written.
   */
  const rebuild = (
    table: Table,
    tableId: number,
    host: number,
    state: StateRow,
    timeline: readonly TimelineEntry[],
    raised: ReadonlyMap<number, Read>,
    news: readonly NewObservation[],
  ): TableChanges => {
    const { isCut } = state;
    const old = readHistory(prepare, observationsOf, table, tableId, host, timeline);
    const keyOf = keyReader(table);
    // Rows keep the numbers that they have, so that what did not change is not written.
    const pool = new Map<string, number[]>();
    let number = 0;
    for (const { rowNumber, cells } of [...old.current, ...old.past]) {
      number = Math.max(number, rowNumber);
      const key = keyOf(cells);
      const numbers = pool.get(key);
      if (numbers === undefined) pool.set(key, [rowNumber]);
      else if (!numbers.includes(rowNumber)) numbers.push(rowNumber);
    }
    const observations = [
      ...old.observations.map((observation) => {
        const read = raised.get(observation.ref.id);
        if (read === undefined) return observation;
        return { ...observation, ref: read.ref, oldestRank: versionRank(read.oldestTool) };
      }),
      ...news,
    ].sort((a, b) => compareRefs(a.ref, b.ref));
    const counted = observations.filter(({ isAhead }) => isAhead !== true);
    // After `retain`, what was known at the first observation is more than what it saw.
    const first = isCut === 1 && counted[0]?.ref.id === state.id ? counted[0] : undefined;
    const open =
      first === undefined
        ? []
        : [...old.current, ...old.past].filter(({ from, read }) => from === null && read === null);
    for (const { rowNumber, cells } of open) {
      const key = keyOf(cells);
      pool.set(
        key,
        (pool.get(key) ?? []).filter((other) => other !== rowNumber),
      );
    }
    const kept =
      first === undefined ? [] : old.changePoints.filter((point) => compareRefs(point, first.ref) <= 0);
    const steps =
      first === undefined ? stepsOf(table, counted) : stepsOf(table, counted.slice(1), counted[0]);
    const history = new History(
      table,
      first === undefined
        ? null
        : {
            open: open.map(({ rowNumber, cells, began }) => ({
              ...{ rowNumber, cells, began, from: null, read: null },
            })),
            last: first.ref,
            partial: first.isPartial ? first : null,
          },
      (key) => pool.get(key)?.shift() ?? (number += 1),
    );
    const points = [...kept, ...changePointsOf(table, observeAll(history, steps), kept.at(-1)?.raw ?? null)];

    writeCurrent(table, host, old.current, history.open());
    const gone = new Map(old.past.map((version) => [pastVersionText(version), version]));
    const fresh: ClosedVersion[] = [];
    for (const version of history.closed) if (!gone.delete(pastVersionText(version))) fresh.push(version);
    for (const { rowNumber, until, ended } of gone.values()) {
      prepare(
        `DELETE FROM ${pastName(table)} WHERE _host = ? AND _n = ? AND _until_time = ? AND _until_snapshot = ? AND _ended = ?`,
      ).run(host, rowNumber, until.time, until.id, endedNumbers[ended]);
    }
    insertPast(table, host, fresh);

    const gonePoints = new Map(old.changePoints.map((point) => [pointText(point), point]));
    const freshPoints = points.filter((point) => !gonePoints.delete(pointText(point)));
    for (const { time, id } of gonePoints.values()) {
      prepare('DELETE FROM _partial WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        host,
        tableId,
        time,
        id,
      );
    }
    for (const point of freshPoints) insertChangePoint(host, tableId, point);

    const goneAsides = new Map(old.asides.map((aside) => [asideText(aside), aside]));
    const asides = asidesOf(
      table,
      observations.filter((observation) => observation !== first),
      steps,
    );
    const freshAsides = asides.filter((aside) => !goneAsides.delete(asideText(aside)));
    for (const { time, id } of goneAsides.values()) {
      prepare('DELETE FROM _aside WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        ...[host, tableId, time, id],
      );
    }
    for (const aside of freshAsides) insertAside(host, tableId, aside);

    const last = steps.at(-1)?.observation ?? first;
    if (last === undefined) prepare('DELETE FROM _state WHERE host = ? AND tab = ?').run(host, tableId);
    else
      writeState(
        host,
        tableId,
        (first ?? (steps[0] as Step).observation).ref,
        'digest' in last ? (last as NewObservation).digest : digestOfObserved(table, last),
      );
    return countChanges(news, history.open(), history.closed);
  };

  const writeSnapshot = (
    host: HostRow,
    snapshot: Snapshot,
    { ref, orderTime }: Read,
    ingestedTime: number,
  ): void => {
    const at = [ref.time, ref.reading, ref.id] as const;
    const isLast = host.last === null || compareRefs(ref, host.last) > 0;
    const before = host.isNew
      ? 0
      : ((prepare(
          'SELECT sequence FROM _snapshot WHERE host = ? AND (collected_time, reading, snapshot_id) < (?, ?, ?) ' +
            'ORDER BY collected_time DESC, reading DESC, snapshot_id DESC LIMIT 1',
        )
          .pluck()
          .get(host.host, ...at) as number | undefined) ?? null);
    let sequence = (before ?? 0) + 1;
    if (!isLast && !host.isNew) {
      // The first that is left after `retain` may not be number 1; those after a late one move up.
      const next = prepare(
        'SELECT sequence FROM _snapshot WHERE host = ? AND (collected_time, reading, snapshot_id) > (?, ?, ?) ' +
          'ORDER BY collected_time, reading, snapshot_id LIMIT 1',
      )
        .pluck()
        .get(host.host, ...at) as number;
      if (before === null) sequence = next;
      prepare(
        'UPDATE _snapshot SET sequence = sequence + 1 WHERE host = ? AND (collected_time, reading, snapshot_id) > (?, ?, ?)',
      ).run(host.host, ...at);
    }
    const { status, origin, euid, toolVersion, schemaVersion, redaction } = snapshot;
    prepare(
      'INSERT INTO _snapshot (host, collected_time, snapshot_id, sequence, look, ingested_time, status, origin, euid, ' +
        'tool_version, schema_version, redaction, reading, order_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(
      ...[
        host.host,
        ref.time,
        ref.id,
        sequence,
        internObservations(
          new Map([...snapshot.observations].map(([name, observation]) => [name, interned(observation)])),
        ),
        ingestedTime,
      ],
      ...[status, origin, euid, toolVersion, schemaVersion, redaction, ref.reading, orderTime],
    );
  };

  interface KnownRow {
    readonly observationSet: number;
    readonly origin: Snapshot['origin'];
    readonly tool: string;
    readonly schema: number;
    readonly reading: number;
    readonly orderTime: OrderTime;
  }

  /**
   * The same snapshot by another way. What is said of it apart from its content may differ (a file that was read by
   * two versions of the tool): the choice does not depend on which came first. The observations are joined.
   */
  const joinKnown = (
    host: HostRow,
    snapshot: Snapshot,
    { reading }: Ref,
    known: KnownRow,
  ): ReadonlyMap<string, TableObservation> => {
    const { snapshotId, collectedTime, origin, toolVersion, schemaVersion } = snapshot;
    const at = [host.host, collectedTime, snapshotId] as const;
    const where = 'WHERE host = ? AND collected_time = ? AND snapshot_id = ?';
    const best = originRank(origin) < originRank(known.origin) ? origin : known.origin;
    const tool = olderOf(toolVersion, known.tool);
    const schema = Math.min(schemaVersion, known.schema);
    if (
      best !== known.origin ||
      tool !== known.tool ||
      schema !== known.schema ||
      reading !== known.reading
    ) {
      prepare(
        `UPDATE _snapshot SET origin = ?, tool_version = ?, schema_version = ?, reading = ? ${where}`,
      ).run(best, tool, schema, reading, ...at);
    }
    const entries = observationsOf(known.observationSet);
    const missing = new Map(
      [...snapshot.observations].filter(([name, { status, rowCount }]) => {
        const entry = entries.get(tableIds.get(name) ?? -1);
        return entry === undefined || (holdsRows(status, rowCount) && !entry.holdsRows);
      }),
    );
    if (missing.size === 0) return missing;
    const names = new Map([...tableIds].map(([name, tableId]) => [tableId, name]));
    const all = new Map<string, Interned>(
      [...entries].map(([tableId, entry]) => [names.get(tableId) ?? '', entry]),
    );
    for (const [name, tableObservation] of missing) all.set(name, interned(tableObservation));
    prepare(`UPDATE _snapshot SET look = ? ${where}`).run(internObservations(all), ...at);
    return missing;
  };

  const widenSnapshot = (snapshot: Snapshot): Snapshot => {
    const observations = new Map(snapshot.observations);
    for (const [name, unknown] of unknownColumns) {
      const observation = observations.get(name);
      const width = Object.keys(byName.get(name)?.columns ?? {}).length - unknown.size;
      if (observation !== undefined) observations.set(name, widened(observation, width, unknown));
    }
    return { ...snapshot, observations };
  };

  const knownRow = (host: HostRow, snapshot: Snapshot): KnownRow | undefined =>
    host.isNew
      ? undefined
      : (prepare(
          'SELECT look AS observationSet, origin, tool_version AS tool, schema_version AS schema, reading, ' +
            'order_time AS orderTime FROM _snapshot ' +
            'WHERE host = ? AND collected_time = ? AND snapshot_id = ?',
        ).get(host.host, snapshot.collectedTime, snapshot.snapshotId) as KnownRow | undefined);

  const observationOf = (
    table: Table,
    tableObservation: TableObservation,
    snapshot: Snapshot,
    { ref, oldestTool }: Read,
  ): NewObservation => {
    const width = Object.keys(table.columns).length;
    return {
      ref,
      evidence: evidenceOf(snapshot),
      oldestRank: versionRank(oldestTool),
      isPartial: tableObservation.status === 'partial',
      affected: tableObservation.affected,
      failed: tableObservation.failed,
      absent: tableObservation.absent ?? [],
      // Not needed where the first observation of a host is written straight from its cells.
      get rows() {
        const rows = rowsOf(tableObservation, width);
        Object.defineProperty(this, 'rows', { value: rows });
        return rows;
      },
      digest: digestOf(tableObservation),
      tableObservation,
    };
  };

  /** Whether another version of the program read the evidence of a snapshot before. */
  const isReadAnew = (
    timeline: readonly TimelineEntry[],
    snapshot: Snapshot,
    { time, reading }: Ref,
  ): boolean =>
    timeline.some(
      (entry) =>
        entry.time === time &&
        entry.evidence === evidenceOf(snapshot) &&
        rankOf(entry.reading) !== rankOf(reading),
    );

  const stateOf = (host: number, tableId: number): StateRow | undefined =>
    prepare(
      'SELECT first_time AS time, first_snapshot AS id, digest, is_cut AS isCut FROM _state WHERE host = ? AND tab = ?',
    ).get(host, tableId) as StateRow | undefined;

  /** Counts of what changed, with an account that got another name as changed. */
  const withRenames = (
    table: Table,
    host: number,
    news: readonly Observation[],
    counts: TableChanges,
  ): TableChanges => {
    if (!hasAccounts(table) || counts.added === 0 || counts.removed === 0) return counts;
    const since = Math.min(...news.map(({ ref }) => ref.time));
    const ids = new Set(news.map(({ ref }) => ref.id));
    const rows = prepare(renamesSql(table)).raw(true).all({ host, since }) as [number][];
    const renamed = rows.filter(([id]) => ids.has(id)).length;
    return {
      added: counts.added - renamed,
      changed: counts.changed + renamed,
      removed: counts.removed - renamed,
    };
  };

  /** What is known of snapshots before they are added: which the file has, how they are read, where they stand. */
  const readsOf = (
    host: HostRow,
    wanted: readonly Snapshot[],
    ingestedTime: number,
  ): ReadonlyMap<number, Read> => {
    // One snapshot may come as several versions read it: what they say is the same.
    const reads = new Map<number, Read>();
    for (const snapshot of wanted) {
      const { snapshotId: id, collectedTime: time, toolVersion, orderTime = null } = snapshot;
      const row = knownRow(host, snapshot);
      const known =
        reads.get(id) ??
        (row && { ref: { time, id, reading: row.reading }, oldestTool: row.tool, orderTime: row.orderTime });
      const reading = Math.max(known?.ref.reading ?? 0, readingOfSnapshot(snapshot, byName));
      const oldestTool = known === undefined ? toolVersion : olderOf(known.oldestTool, toolVersion);
      const own = known === undefined ? orderTimeOf(time, ingestedTime) : known.orderTime;
      reads.set(id, { ref: { time, id, reading }, oldestTool, orderTime: earlierOrder(own, orderTime) });
    }
    return reads;
  };

  /** Snapshots in the file that turn out not to count: another store had them before their date. Returns whether any did. */
  const lowerOrder = (
    host: HostRow,
    timeline: readonly TimelineEntry[],
    reads: ReadonlyMap<number, Read>,
  ): boolean => {
    let hasLost = false;
    for (const { id, time, orderTime } of timeline) {
      const now = reads.get(id)?.orderTime ?? orderTime;
      if (now === orderTime) continue;
      prepare(
        'UPDATE _snapshot SET order_time = ? WHERE host = ? AND collected_time = ? AND snapshot_id = ?',
      ).run(...[now, host.host, time, id]);
      hasLost ||= orderTime === null;
    }
    return hasLost;
  };

  /** A snapshot that has just been taken, as far as two clocks can tell. */
  const isJustTaken = ({ collectedTime }: Snapshot, ingestedTime: number): boolean =>
    Math.abs(ingestedTime - collectedTime) <= toleranceSeconds;

  const lastCounted = (timeline: readonly TimelineEntry[]): Ref | null =>
    countedOnes(timeline).toSorted(compareRefs).at(-1) ?? null;

  const writeLast = (host: number, last: Ref | null): void => {
    prepare('UPDATE _host SET last_time = ?, last_snapshot = ? WHERE host = ?').run(
      last?.time ?? null,
      last?.id ?? null,
      host,
    );
  };

  /** Makes the history of a host without snapshots that do not count any more, when the rows of all tables are made. */
  const forgetAhead = (host: number, hostId: string, last: Ref | null): void => {
    writeLast(host, last);
    const read = snapshotReader({ db, tables, tableIds }).read(hostId, ({ id }) => id === last?.id);
    const [snapshot] = read;
    // What was reported with it is not known any more.
    writeReport(host, false, { observations: snapshot?.observations ?? new Map(), report: null });
    forgetFindingsAfter(db, host, last?.time ?? 0);
  };

  /** Notes when a host was last stored, and which snapshot came last if it does not count. */
  const noteStored = (host: number, ingestedTime: number, ahead: number | null): void => {
    prepare(
      'UPDATE _host SET stored_time = max(coalesce(stored_time, 0), ?), ahead_snapshot = ? ' +
        'WHERE host = ? AND (stored_time IS NOT max(coalesce(stored_time, 0), ?) OR ahead_snapshot IS NOT ?)',
    ).run(ingestedTime, ahead, host, ingestedTime, ahead);
  };
  const recountStored = (host: number): void => {
    prepare(`UPDATE _host SET stored_time = ${newestStoredTime('_host.host')} WHERE host = ?`).run(host);
  };

  /** The last snapshot of a host, where it does not count; given what came after all others. */
  const aheadOf = (host: number, latest: Snapshot | null, ahead: readonly Snapshot[]): number | null => {
    const [last] = ahead.slice(-1);
    if (last !== undefined || latest !== null) return last?.snapshotId ?? null;
    return prepare('SELECT ahead_snapshot FROM _host WHERE host = ?').pluck().get(host) as number | null;
  };

  const insertAsides = (host: number, observed: Snapshot['observations'], ref: Ref): void => {
    for (const [name, observation] of observed) {
      const table = byName.get(name);
      const tableId = tableIds.get(name);
      if (table === undefined || tableId === undefined) continue;
      if (!holdsRows(observation.status, observation.rowCount)) continue;
      const rows = rowsOf(observation, Object.keys(table.columns).length);
      insertAside(host, tableId, { ...ref, raw: packRows(table, rows), isStep: false });
    }
  };

  /** Notes which snapshot of a host is the last one that counts, and what was reported with it. */
  const noteLatest = (host: HostRow, isNew: boolean, latest: Snapshot): void => {
    const { collectedTime, snapshotId } = latest;
    const row = prepare('SELECT last_time, last_snapshot, has_report FROM _host WHERE host = ?').get(
      host.host,
    ) as {
      last_time: number | null;
      last_snapshot: number | null;
      has_report: Uint8Array | null;
    };
    const isSame = row.last_time === collectedTime && row.last_snapshot === snapshotId;
    if (!isSame) writeLast(host.host, host.last);
    const isBetter =
      latest.report !== null &&
      (row.has_report === null || Buffer.compare(reportDigest(latest.report), row.has_report) > 0);
    if (!isSame || isBetter) writeReport(host.host, isNew, latest);
  };

  /** Brings the rows of all tables that new observations concern up to date, and tells what changed. */
  const changeTables = (
    host: number,
    { isNew, hasLost, timeline, raised, news }: TableWork,
  ): ReadonlyMap<string, TableChanges> => {
    const history = countedOnes(timeline);
    const changes = new Map<string, TableChanges>();
    const states: unknown[] = [];
    const isReordered = hasLost || (raised.size > 0 && isReadDifferently(history));
    for (const name of isReordered ? byName.keys() : news.keys()) {
      const table = byName.get(name) as Table;
      const tableId = tableIds.get(name) as number;
      const observations = news.get(name) ?? [];
      const state = isNew ? undefined : stateOf(host, tableId);
      let counts: TableChanges | null = null;
      if (state === undefined) {
        if (observations.length > 0) counts = addFirst(table, tableId, host, observations, states);
      } else {
        const last = lastGood(history, tableId);
        counts =
          !isReordered && mayAppend(tableId, last, observations)
            ? append(table, tableId, host, state, history, last.at(-1) as TimelineEntry, observations)
            : rebuild(table, tableId, host, state, timeline, raised, observations);
      }
      if (counts === null || counts.added + counts.changed + counts.removed === 0) continue;
      changes.set(name, withRenames(table, host, observations, counts));
    }
    insertMany('_state (host, tab, first_time, first_snapshot, digest)', 5, states);
    return changes;
  };

  const add = (given: readonly Snapshot[], ingestedTime: number, isInTurn = false): Added => {
    const snapshots = unknownColumns.size === 0 ? given : given.map(widenSnapshot);
    const hostId = snapshots[0]?.hostId;
    const counted = { stored: 0, known: 0, tooOld: 0, readAnew: 0 };
    const ahead: Snapshot[] = [];
    if (hostId === undefined) return { ...counted, ahead, disowned: 0, changes: new Map() };
    const news = new Map<string, NewObservation[]>();
    const wanted = snapshots.filter(
      ({ collectedTime, orderTime }) =>
        retained === null ||
        (earlierOrder(orderTimeOf(collectedTime, ingestedTime), orderTime ?? null) ?? collectedTime) >
          retained,
    );
    counted.tooOld = snapshots.length - wanted.length;
    if (wanted.length === 0) return { ...counted, ahead, disowned: 0, changes: new Map() };

    let host = internHost(hostId);
    const isNew = host.isNew;
    const reads = readsOf(host, wanted, ingestedTime);
    // As it was before the new ones: what the rows in the file rest on.
    let timeline = isNew ? [] : readTimeline(prepare, host.host);
    const isNow = wanted.find(
      (snapshot) => isJustTaken(snapshot, ingestedTime) && knownRow(host, snapshot) === undefined,
    );
    const disowned = isInTurn && isNow !== undefined ? disown(db, host.host, isNow.collectedTime) : 0;
    const hasLost = lowerOrder(host, timeline, reads) || disowned > 0;
    if (hasLost) {
      timeline = readTimeline(prepare, host.host);
      host = { ...host, last: lastCounted(timeline) };
    }
    const history = countedOnes(timeline);
    // Snapshots that are in the file, and turn out to be newer readings than was known.
    const raised = new Map<number, Read>();
    const ordered = wanted
      .map((snapshot) => ({ snapshot, read: reads.get(snapshot.snapshotId) as Read }))
      .sort((a, b) => compareRefs(a.read.ref, b.read.ref));
    const asides: (() => void)[] = [];
    const isMixed =
      history.length < timeline.length || [...reads.values()].some(({ orderTime }) => orderTime !== null);
    const first = isMixed ? firstNumber(db, host.host) : 1;
    let latest: Snapshot | null = null;
    for (const { snapshot, read } of ordered) {
      const { ref, oldestTool, orderTime } = read;
      const known = knownRow(host, snapshot);
      let observed = snapshot.observations;
      if (known === undefined) {
        writeSnapshot(host, snapshot, read, ingestedTime);
        counted.stored += 1;
        if (isReadAnew(timeline, snapshot, ref)) counted.readAnew += 1;
        if (orderTime !== null) ahead.push(snapshot);
      } else {
        observed = joinKnown(host, snapshot, ref, known);
        counted.known += 1;
        if (known.reading !== ref.reading || known.tool !== oldestTool) raised.set(ref.id, read);
      }
      host = { ...host, isNew: false };
      if (orderTime !== null) {
        // Not before the tables are made: these know the snapshots that were there.
        asides.push(() => insertAsides(host.host, observed, ref));
        continue;
      }
      if (host.last === null || compareRefs(ref, host.last) >= 0) {
        latest = snapshot;
        host = { ...host, last: ref };
      }
      for (const [name, tableObservation] of observed) {
        const table = byName.get(name);
        if (table === undefined || !holdsRows(tableObservation.status, tableObservation.rowCount)) continue;
        const observation = observationOf(table, tableObservation, snapshot, read);
        const list = news.get(name);
        if (list === undefined) news.set(name, [observation]);
        else list.push(observation);
      }
    }
    if (latest !== null) noteLatest(host, isNew, latest);
    const changes = changeTables(host.host, { isNew, hasLost, timeline, raised, news });
    for (const insert of asides) insert();
    if (hasLost && latest === null) forgetAhead(host.host, hostId, host.last);
    else if (hasLost) forgetFindingsAfter(db, host.host, history.at(-1)?.time ?? 0);
    if (isMixed) renumber(db, host.host, first);
    if (hasLost) recountStored(host.host);
    if (counted.stored > 0 || hasLost) {
      const last = isInTurn
        ? aheadOf(host.host, latest, ahead)
        : newestAhead(db, host.host, host.last?.time ?? null);
      noteStored(host.host, counted.stored > 0 ? ingestedTime : 0, last);
    }
    return { ...counted, ahead, disowned, changes };
  };

  const rebuildAll = (host: number, isWanted: (table: Table) => boolean): void => {
    for (const table of byName.values()) {
      const tableId = tableIds.get(table.name);
      const state = tableId === undefined || !isWanted(table) ? undefined : stateOf(host, tableId);
      if (tableId === undefined || state === undefined) continue;
      rebuild(table, tableId, host, state, readTimeline(prepare, host), new Map(), []);
    }
  };

  const rekey = (): void => {
    const hosts = prepare('SELECT host FROM _host ORDER BY host').pluck().all() as number[];
    if (![...byName.values()].some(({ rekeyed }) => rekeyed !== undefined)) return;
    for (const host of hosts) rebuildAll(host, ({ rekeyed }) => rekeyed !== undefined);
  };

  const settle = (): void => {
    const hosts = prepare(
      'SELECT host, host_id AS hostId FROM _host WHERE host IN (SELECT host FROM _snapshot WHERE order_time IS NOT NULL) ORDER BY host',
    ).all() as { host: number; hostId: string }[];
    for (const { host, hostId } of hosts) {
      const last = lastCounted(readTimeline(prepare, host));
      rebuildAll(host, () => true);
      const known = internHost(hostId);
      if (known.last === null || last === null || compareRefs(known.last, last) !== 0)
        forgetAhead(host, hostId, last);
      renumber(db, host, firstNumber(db, host));
      recountStored(host);
      noteStored(host, 0, newestAhead(db, host, last?.time ?? null));
    }
  };

  return { add, rekey, settle };
};

/** Of two reports of one snapshot, the greater stays: it does not matter which came first. */
const reportDigest = (report: Report): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([report.status.map(withoutUnknownDoubts), report.errors, report.commands]))
    .digest()
    .subarray(0, 16);
