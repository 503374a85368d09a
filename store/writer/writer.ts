/** Writes snapshots: row versions that did not change are not touched. */
import { createHash, hash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { isGood } from '../../collector/status.ts';
import type { Table, Value } from '../../collector/table.ts';
import type { Db, Statement } from '../database.ts';
import { compareRefs, historyOf, keyReader } from '../history.ts';
import type { ClosedVersion, OpenVersion, Ref, Observation } from '../history.ts';
import {
  columnList,
  observationReader,
  readCurrent,
  readHistory,
  readTimeline,
  statementCache,
  unpackPartial,
  retainedTime,
} from '../reader.ts';
import type { ChangePoint, TimelineEntry } from '../reader.ts';
import {
  beganNumbers,
  currentName,
  dataTables,
  endedNumbers,
  pastName,
  readTableNumbers,
} from '../schema.ts';
import { cellsOrder, leadingCells, origins, rowsOf } from '../snapshot.ts';
import type { Cells, TableObservation, Report, Snapshot } from '../snapshot.ts';

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
  readonly changes: ReadonlyMap<string, TableChanges>;
}

export interface StoreWriter {
  /** Adds snapshots of one host, in whatever order. The caller holds the transaction. */
  add(snapshots: readonly Snapshot[], ingestedTime: number): Added;
}

interface HostRow {
  readonly host: number;
  readonly lastTime: number | null;
  readonly lastSnapshot: number | null;
  readonly isNew: boolean;
}

/** The first good observation of a table of a host, and what the last one saw. */
interface StateRow extends Ref {
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

const packPartial = (rows: readonly Cells[]): Buffer => deflateRawSync(JSON.stringify(rows), { level: 9 });

const namesText = (affected: readonly string[] | null): string | null =>
  affected === null ? null : JSON.stringify(affected);

const bytes = (hex: Value): Buffer => Buffer.from(String(hex), 'hex');

/** What makes a row version differ from another of the same number. */
const versionText = ({ rowNumber, began, from, cells }: OpenVersion): string =>
  JSON.stringify([rowNumber, began, from?.time, from?.id, cells]);
const pastVersionText = (version: ClosedVersion): string =>
  JSON.stringify([versionText(version), version.until, version.last.id, version.ended]);

/** What the new observations changed, for the line that `snapshot` prints. */
const countChanges = (
  news: readonly Observation[],
  open: readonly OpenVersion[],
  closed: readonly ClosedVersion[],
): TableChanges => {
  const ids = new Set(news.map(({ ref }) => ref.id));
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { began, from } of [...open, ...closed]) {
    if (from === null || !ids.has(from.id)) continue;
    if (began === 'added') counts.added += 1;
    else if (began === 'changed') counts.changed += 1;
  }
  for (const { ended, until } of closed) if (ended === 'removed' && ids.has(until.id)) counts.removed += 1;
  return counts;
};

const observeAll = (
  history: ReturnType<typeof historyOf>,
  observations: readonly Observation[],
): { readonly ref: Ref; readonly raw: readonly Cells[] | null }[] => {
  const partial: { ref: Ref; raw: readonly Cells[] | null }[] = [];
  for (const observation of observations) {
    const isKnown = history.observe(observation);
    if (observation.isPartial) partial.push({ ref: observation.ref, raw: isKnown ? null : observation.rows });
  }
  return partial;
};

/** Packs the rows of partial observations where they are not those that are known, and only where they change. */
const changePointsOf = (
  partial: readonly { readonly ref: Ref; readonly raw: readonly Cells[] | null }[],
  before: Uint8Array | null,
): ChangePoint[] => {
  const points: ChangePoint[] = [];
  let last = before;
  let lastRows: readonly Cells[] | null = null;
  for (const { ref, raw } of partial) {
    if (raw !== null && raw === lastRows) continue;
    const packed = raw === null ? null : packPartial(raw);
    lastRows = raw;
    const isSame = packed === null || last === null ? packed === last : Buffer.compare(packed, last) === 0;
    if (!isSame) points.push({ ...ref, raw: packed });
    last = packed;
  }
  return points;
};

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0);

const pointText = ({ time, id, raw }: ChangePoint): string =>
  `${time} ${id} ${raw === null ? '' : hash('sha256', raw)}`;

export const storeWriter = (db: Db, tables: readonly Table[]): StoreWriter => {
  const prepare = statementCache(db);
  const observationsOf = observationReader(prepare);
  const tableIds = readTableNumbers(db);
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
  const internObservations = (
    entries: ReadonlyMap<string, Pick<TableObservation, 'status' | 'affected' | 'failed'>>,
  ): number => {
    const list = [...entries]
      .flatMap(([name, { status, affected, failed }]) => {
        const tableId = tableIds.get(name);
        return tableId === undefined
          ? []
          : [[tableId, status, namesText(affected), namesText(failed)] as const];
      })
      .sort(([a], [b]) => a - b);
    const text = JSON.stringify(list);
    const known = observationSets.get(text);
    if (known !== undefined) return known;
    const digest = createHash('sha256').update(text).digest().subarray(0, 16);
    let observationSet = prepare('SELECT look FROM _look WHERE digest = ?').pluck().get(digest) as
      | number
      | undefined;
    if (observationSet === undefined) {
      observationSet = Number(prepare('INSERT INTO _look (digest) VALUES (?)').run(digest).lastInsertRowid);
      insertMany(
        '_look_table',
        6,
        list.flatMap(([tableId, status, affected, failed]) => [
          observationSet as number,
          tableId,
          status,
          isGood(status) ? 1 : 0,
          affected,
          failed,
        ]),
      );
    }
    if (observationSets.size > 10_000) observationSets.clear();
    observationSets.set(text, observationSet);
    return observationSet;
  };

  const internHost = (hostId: string): HostRow => {
    const row = prepare('SELECT host, last_time, last_snapshot FROM _host WHERE host_id = ?').get(hostId) as
      | { host: number; last_time: number | null; last_snapshot: number | null }
      | undefined;
    if (row !== undefined) {
      return { host: row.host, lastTime: row.last_time, lastSnapshot: row.last_snapshot, isNew: false };
    }
    const host = Number(prepare('INSERT INTO _host (host_id) VALUES (?)').run(hostId).lastInsertRowid);
    return { host, lastTime: null, lastSnapshot: null, isNew: true };
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

  const writeReport = (host: number, isNew: boolean, snapshot: Snapshot): void => {
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
          ]);
    const statusRows = status
      .flatMap(([name, ...rest]) => {
        const tableId = tableIds.get(String(name));
        return tableId === undefined ? [] : [[tableId, ...rest.slice(0, 6)] as const];
      })
      .sort(([a], [b]) => Number(a) - Number(b));
    if (isNew) {
      if (statusRows.length > 0)
        insertMany(
          '_report_status',
          8,
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
        prepare('INSERT OR REPLACE INTO _report_status VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
          host,
          tableId,
          ...row,
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
    const width = 9 + Object.keys(table.columns).length;
    insertMany(
      pastName(table),
      width,
      versions.flatMap(({ rowNumber, began, from, until, last, ended, cells }) => [
        host,
        rowNumber,
        beganNumbers[began],
        from?.time ?? null,
        from?.id ?? null,
        until.time,
        until.id,
        last.id,
        endedNumbers[ended],
        ...cells,
      ]),
    );
  };

  const insertCurrent = (table: Table, host: number, versions: readonly OpenVersion[]): void => {
    if (versions.length === 0) return;
    const width = 5 + Object.keys(table.columns).length;
    insertMany(
      currentName(table),
      width,
      versions.flatMap(({ rowNumber, began, from, cells }) => [
        host,
        rowNumber,
        beganNumbers[began],
        from?.time ?? null,
        from?.id ?? null,
        ...cells,
      ]),
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
    prepare('INSERT INTO _partial VALUES (?, ?, ?, ?, ?)').run(host, tableId, time, id, raw);
  };

  const writeState = (host: number, tableId: number, first: Ref, digest: Buffer): void => {
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
    if (news.length === 1) {
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
    const history = historyOf(table, null, () => (number += 1));
    const points = changePointsOf(observeAll(history, news), null);
    for (const point of points) insertChangePoint(host, tableId, point);
    insertCurrent(table, host, history.open());
    insertPast(table, host, history.closed);
    return countChanges(news, history.open(), history.closed);
  };

  const append = (
    table: Table,
    tableId: number,
    host: number,
    state: StateRow,
    last: TimelineEntry,
    news: readonly NewObservation[],
  ): TableChanges | null => {
    let start = 0;
    while (start < news.length && Buffer.compare(news[start]?.digest ?? Buffer.alloc(0), state.digest) === 0)
      start += 1;
    if (start === news.length) return null;
    const before = readCurrent(prepare, table, host);
    const maximum = (name: string): number =>
      (prepare(`SELECT max(_n) FROM ${name} WHERE _host = ?`).pluck().get(host) as number | null) ?? 0;
    let number = Math.max(maximum(currentName(table)), maximum(pastName(table)));
    const seen = start === 0 ? last : (news[start - 1]?.ref ?? last);
    const running = (prepare(
      'SELECT raw FROM _partial WHERE host = ? AND tab = ? ORDER BY time DESC, snapshot_id DESC LIMIT 1',
    )
      .pluck()
      .get(host, tableId) ?? null) as Uint8Array | null;
    const entry = observationsOf(last.observationSet).get(tableId);
    const lastPartial: Observation | null =
      entry?.status === 'partial'
        ? {
            ref: seen,
            isPartial: true,
            affected: entry.affected,
            failed: entry.failed,
            rows:
              running === null
                ? before.map(({ cells }) => cells).sort(cellsOrder(table))
                : unpackPartial(running),
          }
        : null;
    const history = historyOf(table, { open: before, last: seen, partial: lastPartial }, () => (number += 1));
    const rest = news.slice(start);
    for (const point of changePointsOf(observeAll(history, rest), running))
      insertChangePoint(host, tableId, point);
    writeCurrent(table, host, before, history.open());
    insertPast(table, host, history.closed);
    writeState(host, tableId, state, rest.at(-1)?.digest ?? Buffer.from(state.digest));
    return countChanges(rest, history.open(), history.closed);
  };

  /** An observation that came late: the history of the table is made anew, and only what differs is written. */
  const rebuild = (
    table: Table,
    tableId: number,
    host: number,
    { digest, isCut }: StateRow,
    timeline: readonly TimelineEntry[],
    news: readonly NewObservation[],
  ): TableChanges => {
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
    const observations = [...old.observations, ...news].sort((a, b) => compareRefs(a.ref, b.ref));
    // After `retain`, what was known at the first observation is more than what it saw.
    const first = isCut === 1 ? old.observations[0] : undefined;
    const open = first === undefined ? [] : [...old.current, ...old.past].filter(({ from }) => from === null);
    for (const { rowNumber, cells } of open) {
      const key = keyOf(cells);
      pool.set(
        key,
        (pool.get(key) ?? []).filter((other) => other !== rowNumber),
      );
    }
    const kept =
      first === undefined ? [] : old.changePoints.filter((point) => compareRefs(point, first.ref) <= 0);
    const history = historyOf(
      table,
      first === undefined
        ? null
        : {
            open: open.map(({ rowNumber, cells, began, from }) => ({ rowNumber, cells, began, from })),
            last: first.ref,
            partial: first.isPartial ? first : null,
          },
      (key) => pool.get(key)?.shift() ?? (number += 1),
    );
    const points = [
      ...kept,
      ...changePointsOf(
        observeAll(history, first === undefined ? observations : observations.slice(1)),
        kept.at(-1)?.raw ?? null,
      ),
    ];

    writeCurrent(table, host, old.current, history.open());
    const gone = new Map(old.past.map((version) => [pastVersionText(version), version]));
    const fresh: ClosedVersion[] = [];
    for (const version of history.closed) if (!gone.delete(pastVersionText(version))) fresh.push(version);
    for (const { rowNumber, until } of gone.values()) {
      prepare(
        `DELETE FROM ${pastName(table)} WHERE _host = ? AND _n = ? AND _until_time = ? AND _until_snapshot = ?`,
      ).run(host, rowNumber, until.time, until.id);
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

    const last = observations.at(-1) as Observation | NewObservation;
    writeState(
      host,
      tableId,
      (observations[0] as Observation).ref,
      'digest' in last ? last.digest : Buffer.from(digest),
    );
    return countChanges(news, history.open(), history.closed);
  };

  const writeSnapshot = (host: HostRow, snapshot: Snapshot, ingestedTime: number): void => {
    const ref = { time: snapshot.collectedTime, id: snapshot.snapshotId };
    const isLast =
      host.lastTime === null || compareRefs(ref, { time: host.lastTime, id: host.lastSnapshot ?? 0 }) > 0;
    const before = host.isNew
      ? 0
      : ((prepare(
          'SELECT sequence FROM _snapshot WHERE host = ? AND (collected_time, snapshot_id) < (?, ?) ' +
            'ORDER BY collected_time DESC, snapshot_id DESC LIMIT 1',
        )
          .pluck()
          .get(host.host, ref.time, ref.id) as number | undefined) ?? null);
    let sequence = (before ?? 0) + 1;
    if (!isLast && !host.isNew) {
      // The first that is left after `retain` may not be number 1; those after a late one move up.
      const next = prepare(
        'SELECT sequence FROM _snapshot WHERE host = ? AND (collected_time, snapshot_id) > (?, ?) ' +
          'ORDER BY collected_time, snapshot_id LIMIT 1',
      )
        .pluck()
        .get(host.host, ref.time, ref.id) as number;
      if (before === null) sequence = next;
      prepare(
        'UPDATE _snapshot SET sequence = sequence + 1 WHERE host = ? AND (collected_time, snapshot_id) > (?, ?)',
      ).run(host.host, ref.time, ref.id);
    }
    prepare('INSERT INTO _snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      host.host,
      ref.time,
      ref.id,
      sequence,
      internObservations(snapshot.observations),
      ingestedTime,
      snapshot.status,
      snapshot.origin,
      snapshot.euid,
      snapshot.toolVersion,
      snapshot.schemaVersion,
      snapshot.redaction,
    );
  };

  interface KnownRow {
    readonly observationSet: number;
    readonly origin: Snapshot['origin'];
    readonly tool: string;
    readonly schema: number;
  }

  /**
   * The same snapshot by another way. What is said of it apart from its content may differ (a file that was read by
   * two versions of the tool): the choice does not depend on which came first. What it looked at is joined.
   */
  const joinKnown = (
    host: HostRow,
    snapshot: Snapshot,
    known: KnownRow,
  ): ReadonlyMap<string, TableObservation> => {
    const { snapshotId, collectedTime, origin, toolVersion, schemaVersion } = snapshot;
    const at = [host.host, collectedTime, snapshotId] as const;
    const where = 'WHERE host = ? AND collected_time = ? AND snapshot_id = ?';
    const best = origins.indexOf(origin) < origins.indexOf(known.origin) ? origin : known.origin;
    const tool = toolVersion < known.tool ? toolVersion : known.tool;
    const schema = Math.min(schemaVersion, known.schema);
    if (best !== known.origin || tool !== known.tool || schema !== known.schema) {
      prepare(`UPDATE _snapshot SET origin = ?, tool_version = ?, schema_version = ? ${where}`).run(
        best,
        tool,
        schema,
        ...at,
      );
    }
    const entries = observationsOf(known.observationSet);
    const missing = new Map(
      [...snapshot.observations].filter(([name, { status }]) => {
        const entry = entries.get(tableIds.get(name) ?? -1);
        return entry === undefined || (isGood(status) && !isGood(entry.status));
      }),
    );
    if (missing.size === 0) return missing;
    const names = new Map([...tableIds].map(([name, tableId]) => [tableId, name]));
    const all = new Map<string, Pick<TableObservation, 'status' | 'affected' | 'failed'>>(
      [...entries].map(([tableId, entry]) => [names.get(tableId) ?? '', entry]),
    );
    for (const [name, tableObservation] of missing) all.set(name, tableObservation);
    prepare(`UPDATE _snapshot SET look = ? ${where}`).run(internObservations(all), ...at);
    return missing;
  };

  const add = (snapshots: readonly Snapshot[], ingestedTime: number): Added => {
    const hostId = snapshots[0]?.hostId;
    if (hostId === undefined) return { stored: 0, known: 0, tooOld: 0, changes: new Map() };
    let tooOld = 0;
    let knownCount = 0;
    let stored = 0;
    const news = new Map<string, NewObservation[]>();
    const wanted = snapshots.filter(({ collectedTime }) => retained === null || collectedTime > retained);
    tooOld = snapshots.length - wanted.length;
    if (wanted.length === 0) return { stored, known: 0, tooOld, changes: new Map() };

    let host = internHost(hostId);
    // As it was before the new ones: what the rows in the file rest on.
    const timeline = host.isNew ? [] : readTimeline(prepare, host.host);
    const isNew = host.isNew;
    const ordered = [...wanted].sort((a, b) =>
      compareRefs({ time: a.collectedTime, id: a.snapshotId }, { time: b.collectedTime, id: b.snapshotId }),
    );
    let latest: Snapshot | null = null;
    for (const snapshot of ordered) {
      const ref = { time: snapshot.collectedTime, id: snapshot.snapshotId };
      const known = host.isNew
        ? undefined
        : (prepare(
            'SELECT look AS observationSet, origin, tool_version AS tool, schema_version AS schema FROM _snapshot ' +
              'WHERE host = ? AND collected_time = ? AND snapshot_id = ?',
          ).get(host.host, ref.time, ref.id) as KnownRow | undefined);
      let observed = snapshot.observations;
      if (known === undefined) {
        writeSnapshot(host, snapshot, ingestedTime);
        stored += 1;
      } else {
        observed = joinKnown(host, snapshot, known);
        knownCount += 1;
      }
      if (
        host.lastTime === null ||
        compareRefs(ref, { time: host.lastTime, id: host.lastSnapshot ?? 0 }) >= 0
      ) {
        latest = snapshot;
        host = { ...host, lastTime: ref.time, lastSnapshot: ref.id, isNew: false };
      }
      for (const [name, tableObservation] of observed) {
        const table = byName.get(name);
        if (table === undefined || !isGood(tableObservation.status)) continue;
        const width = Object.keys(table.columns).length;
        const observation: NewObservation = {
          ref,
          isPartial: tableObservation.status === 'partial',
          affected: tableObservation.affected,
          failed: tableObservation.failed,
          // Not needed where the first observation of a host is written straight from its cells.
          get rows() {
            const rows = rowsOf(tableObservation, width);
            Object.defineProperty(this, 'rows', { value: rows });
            return rows;
          },
          digest: digestOf(tableObservation),
          tableObservation,
        };
        const list = news.get(name);
        if (list === undefined) news.set(name, [observation]);
        else list.push(observation);
      }
    }
    if (latest !== null) {
      const { collectedTime, snapshotId } = latest;
      const row = prepare('SELECT last_time, last_snapshot, has_report FROM _host WHERE host = ?').get(
        host.host,
      ) as {
        last_time: number | null;
        last_snapshot: number | null;
        has_report: Uint8Array | null;
      };
      const isSame = row.last_time === collectedTime && row.last_snapshot === snapshotId;
      if (!isSame) {
        prepare('UPDATE _host SET last_time = ?, last_snapshot = ? WHERE host = ?').run(
          collectedTime,
          snapshotId,
          host.host,
        );
      }
      const isBetter =
        latest.report !== null &&
        (row.has_report === null || Buffer.compare(reportDigest(latest.report), row.has_report) > 0);
      if (!isSame || isBetter) writeReport(host.host, isNew, latest);
    }

    const changes = new Map<string, TableChanges>();
    const states: unknown[] = [];
    for (const [name, observations] of news) {
      const table = byName.get(name) as Table;
      const tableId = tableIds.get(name) as number;
      const state = isNew
        ? undefined
        : (prepare(
            'SELECT first_time AS time, first_snapshot AS id, digest, is_cut AS isCut FROM _state WHERE host = ? AND tab = ?',
          ).get(host.host, tableId) as StateRow | undefined);
      let counts: TableChanges | null;
      if (state === undefined) counts = addFirst(table, tableId, host.host, observations, states);
      else {
        const last = timeline.findLast(({ observationSet }) =>
          isGood(observationsOf(observationSet).get(tableId)?.status ?? 'failed'),
        );
        const firstNew = observations[0] as NewObservation;
        counts =
          last !== undefined && compareRefs(firstNew.ref, last) > 0
            ? append(table, tableId, host.host, state, last, observations)
            : rebuild(table, tableId, host.host, state, timeline, observations);
      }
      if (counts !== null && counts.added + counts.changed + counts.removed > 0) changes.set(name, counts);
    }
    insertMany('_state (host, tab, first_time, first_snapshot, digest)', 5, states);
    return { stored, known: knownCount, tooOld, changes };
  };

  return { add };
};

/** Of two reports of one snapshot, the greater stays: it does not matter which came first. */
const reportDigest = (report: Report): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([report.status, report.errors, report.commands]))
    .digest()
    .subarray(0, 16);
