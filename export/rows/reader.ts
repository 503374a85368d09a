/** Reads what is to be exported out of a store, one host after the other and one table after the other. */
import { UserError } from '../../collector/errors.ts';
import { holdsRows as isTrue } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import type { Column, Table } from '../../collector/table.ts';
import { isTime } from '../../collector/time.ts';
import type { Statement } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import { doubtColumns, doubtsOfRow, noDoubtsKnown } from '../../store/doubts.ts';
import type { Doubts } from '../../store/doubts.ts';
import { isCounted } from '../../store/clocks.ts';
import { snapshotReader } from '../../store/reader.ts';
import type { StoredSnapshot } from '../../store/reader.ts';
import type { Store } from '../../store/file.ts';
import { compareRefs } from '../../store/history.ts';
import type { Ref } from '../../store/history.ts';
import { observationReader, retainedTime, statementCache } from '../../store/reader.ts';
import { hasAccounts } from '../../store/renames.ts';
import { currentName, dataTables, endedNumbers, pastName, renamesSql } from '../../store/schema.ts';
import { cellsOrder, rowsOf } from '../../store/snapshot.ts';
import type { Cells } from '../../store/snapshot.ts';
import type { TableDetails } from '../../store/native/encode.ts';
import { identities, isReport, keyWriter, namedCells } from '../format.ts';
import type { Cell, ExportRow, Format, Head, ExportSnapshot, ExportTable } from '../format.ts';

export interface ReadOptions {
  /** The tables to read, in this order. */
  readonly tables: readonly Table[];
  /** All hosts without it. */
  readonly hostIds?: readonly string[];
  /** SQL that writes the columns of a row, of which no values are read then. */
  readonly rowSql: Format['rowSql'];
  /**
   * Only what was collected then or before; the plain names already mean that moment (store/blind_spots.ts).
   */
  readonly asOf?: number;
}

// More rows than any Mac has: beyond them a table is read row by row.
const rowsAtOnce = 20_000;

const needsExact = (column: Column): boolean => column.type === 'INTEGER' && column.isBoolean !== true;

/** An integer that a double cannot hold comes as a text. */
const exact = (name: string, column: Column): string => {
  const quoted = quoteName(name);
  return needsExact(column)
    ? `CASE WHEN ${quoted} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${quoted} ELSE CAST(${quoted} AS TEXT) END`
    : quoted;
};

/** Makes cells of what `exact` selects. */
const exactCells = (table: Table): ((row: unknown[]) => Cell[]) => {
  const indexes = Object.values(table.columns).flatMap((column, index) =>
    needsExact(column) ? [index] : [],
  );
  return (row) => {
    for (const index of indexes)
      if (typeof row[index] === 'string') row[index] = BigInt(row[index] as string);
    return row as Cell[];
  };
};

/** A row of `snapshotColumns`. Arrays: better-sqlite3 takes ten times as long to make an object of a single row. */
type SnapshotRow = readonly unknown[];

// No join with _host, though it has the name: SQLite prepares a join anew for every value that is bound.
const snapshotColumns =
  's.snapshot_id, s.sequence, s.collected_time, s.status, s.origin, s.euid, s.tool_version, s.schema_version, ' +
  's.redaction, s.look, s.reading, s.order_time';

const noDate = (hostId: string, time: unknown): UserError =>
  new UserError(
    `a snapshot of ${hostId} has a collected_time that is no date: ${String(time)}`,
    'no Mac has such a clock; export --host exports the other hosts',
  );

const headOf = (row: SnapshotRow, hostId: string): Head => {
  if (!isTime(row[2])) throw noDate(hostId, row[2]);
  return {
    hostId,
    snapshotId: row[0] as number,
    sequence: row[1] as number,
    collectedTime: row[2] as number,
    status: row[3] as Head['status'],
    origin: row[4] as Head['origin'],
    euid: row[5] as number | null,
    toolVersion: row[6] as string,
    schemaVersion: row[7] as number,
    redaction: row[8] as string | null,
    reading: row[10] as number,
    ...(row[11] === null ? {} : { orderTime: row[11] as number }),
  };
};
const observationSetOf = (row: SnapshotRow): number => row[9] as number;

/** A snapshot of one host, where their order does not matter. */
type Moment = Pick<Ref, 'time' | 'id'>;

/** What a snapshot observed of one table. */
interface ObservedTable {
  readonly head: Head;
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly absent: readonly string[];
  readonly holdsRows: boolean;
}

const refOf = ({ collectedTime: time, snapshotId: id, reading = 0 }: Head): Ref => ({ time, id, reading });

/** All hosts of a store, or those that are named. */
export const hostIdsOf = ({ db }: Store): string[] =>
  db.prepare('SELECT host_id FROM main._host ORDER BY host_id').pluck().all() as string[];

// Between quotes, and above the quote itself: then texts that end there sort as what they hold.
const plainText = /^[#-[\]-~]+$/;

/** True where each text surely comes after the one before it. */
const areSorted = (texts: readonly unknown[]): boolean => {
  let before = '';
  for (const text of texts) {
    if (typeof text !== 'string' || !plainText.test(text) || text <= before) return texts.length === 1;
    before = text;
  }
  return true;
};

/** What the rows of a host are found by: its number in the tables themselves, its name in a view. */
interface Which {
  readonly host: number;
  readonly host_id: string;
}

export const exportReader = (store: Store, { tables, hostIds, rowSql, asOf }: ReadOptions) => {
  const { db, tableIds } = store;
  const prepare = statementCache(db);
  const observationsOf = observationReader(prepare);
  const hosts = hostIds ?? hostIdsOf(store);
  const dataOnes = tables.filter((table) => !isReport(table));
  const reports = tables.filter(isReport);
  const epoch = retainedTime(db) ?? 0;

  const order = (table: Table): string => {
    const names = table.key.length > 0 ? table.key : Object.keys(table.columns).slice(0, 1);
    return names.map(quoteName).join(', ');
  };

  /** The rows of a host in a view: all at once where they are few, for their number stands before them. */
  const viewReader = (table: Table) => {
    const names = Object.keys(table.columns);
    // SQLite writes doubles with other digits than JavaScript; the bytes of a line must not depend on the way.
    const write = Object.values(table.columns).every(({ type }) => type !== 'REAL') ? rowSql : null;
    const isText = write !== null;
    const key = `json_array(${table.key.map(quoteName).join(', ')})`;
    const what =
      write !== null
        ? `${key} || char(10) || ${write(table)}`
        : names.map((name) => exact(name, table.columns[name] as Column)).join(', ');
    // The view of a table finds its host by name, for every row anew; the table beneath has its number.
    const isDirect = asOf === undefined && !isReport(table);
    const from = isDirect
      ? `FROM ${currentName(table)} WHERE _host = :host`
      : `FROM ${quoteName(table.name)} WHERE host_id = :host_id`;
    const reading = (sql: string): Statement => (isText ? prepare(sql).pluck() : prepare(sql).raw(true));
    const sorted = reading(`SELECT ${what} ${from} ORDER BY ${order(table)}`);
    // A table that was filled once lies as it is sorted, and seeing that costs less than sorting.
    const first = names.indexOf(table.key[0] ?? '');
    const plain =
      table.columns[names[first] ?? '']?.type === 'TEXT' ? reading(`SELECT ${what} ${from}`) : null;
    const firstOfText = (row: string): string | null =>
      row.startsWith('["') ? row.slice(2, row.indexOf('"', 2)) : null;
    const firstOfKey = (row: unknown): unknown =>
      isText ? firstOfText(row as string) : (row as unknown[])[first];
    let mayBeSorted = plain !== null;
    const rowsOfHost = (which: Which): unknown[] => {
      if (plain !== null && mayBeSorted) {
        const rows = plain.all(which);
        if (areSorted(rows.map(firstOfKey))) return rows;
        mayBeSorted = false;
      }
      return sorted.all(which);
    };
    // Rows are numbered within a host: whether one has a high number is found at once, and counting them is not.
    const isMany = (name: string): Statement =>
      prepare(`SELECT 1 FROM ${name} WHERE _host = ? AND _n > ${rowsAtOnce} LIMIT 1`).pluck();
    const many = isReport(table)
      ? []
      : [isMany(currentName(table)), ...(isDirect ? [] : [isMany(pastName(table))])];
    const cells = exactCells(table);
    const keyOf = keyWriter(table);

    const asText = function* (lines: Iterable<unknown>, head: Head): Generator<ExportRow> {
      const identify = identities(head, table.name);
      for (const line of lines as Iterable<string>) {
        const cut = line.indexOf('\n');
        yield {
          id: identify(line.slice(0, cut), null),
          change: null,
          cells: null,
          text: line.slice(cut + 1),
        };
      }
    };
    const asCells = function* (rows: Iterable<unknown>, head: Head): Generator<ExportRow> {
      const identify = identities(head, table.name);
      for (const row of rows as Iterable<unknown[]>) {
        const own = cells(row);
        yield { id: identify(keyOf(own), null), change: null, cells: own, text: null };
      }
    };
    return (
      hostId: string,
      host: number,
    ): {
      readonly rowCount: number;
      readonly rows: (head: Head) => Iterable<ExportRow>;
      readonly lines?: readonly string[];
    } => {
      const rows = isText ? asText : asCells;
      const which = { host, host_id: hostId };
      if (many.every((statement) => statement.get(host) === undefined)) {
        const some = rowsOfHost(which);
        return {
          rowCount: some.length,
          rows: (head) => rows(some, head),
          ...(isText ? { lines: some as readonly string[] } : {}),
        };
      }
      const rowCount = prepare(`SELECT count(*) ${from}`).pluck().get(which) as number;
      return { rowCount, rows: (head) => rows(sorted.iterate(which), head) };
    };
  };

  const viewReaders = new Map<Table, ReturnType<typeof viewReader>>();
  const readView = (table: Table): ReturnType<typeof viewReader> => {
    const known = viewReaders.get(table);
    if (known !== undefined) return known;
    const made = viewReader(table);
    viewReaders.set(table, made);
    return made;
  };

  const hostColumns = [...Object.keys(store.tables.find(({ name }) => name === 'hosts')?.columns ?? {})];
  // As in viewReader: the table beneath the view where it can be.
  const fromHosts =
    asOf === undefined ? '_current_hosts WHERE _host = :host' : 'hosts WHERE host_id = :host_id';
  const hostRow = (which: Which): Readonly<Record<string, Cell>> =>
    (prepare(`SELECT ${hostColumns.map(quoteName).join(', ')} FROM ${fromHosts}`).get(which) as
      | Record<string, Cell>
      | undefined) ?? {};

  interface HostNumber {
    readonly host: number;
    readonly hostId: string;
    readonly last: Moment | null;
    /** What the last snapshot reported is still known. */
    readonly hasReport: boolean;
  }
  const hostStatement = prepare(
    'SELECT host, has_report IS NOT NULL, last_time, last_snapshot FROM main._host WHERE host_id = ?',
  ).raw(true);
  const hostNumber = (hostId: string): HostNumber | null => {
    const row = hostStatement.get(hostId) as [number, number, number | null, number | null] | undefined;
    if (row === undefined) return null;
    const [host, hasReport, lastTime, lastSnapshot] = row;
    return {
      host,
      hostId,
      last: lastTime === null || lastSnapshot === null ? null : { time: lastTime, id: lastSnapshot },
      hasReport: hasReport === 1 && (asOf === undefined || (lastTime !== null && lastTime <= asOf)),
    };
  };

  const tableNames = new Map([...tableIds].map(([name, tableId]) => [tableId, name]));
  const detailsStatement = prepare(
    `SELECT tab, code, reason, duration_ms, ${doubtColumns.join(', ')} FROM main._report_status WHERE host = ?`,
  ).raw(true);
  const detailsOf = (host: number): ReadonlyMap<string, TableDetails> =>
    new Map(
      (detailsStatement.all(host) as [number, string | null, string | null, number | null, ...Doubts][]).map(
        ([tableId, code, reason, durationMs, ...doubts]) => [
          tableNames.get(tableId) ?? '',
          { code, reason, durationMs, doubts },
        ],
      ),
    );
  const noDetails: TableDetails = { code: null, reason: null, durationMs: null, doubts: noDoubtsKnown };

  const reportTables = function* (
    hostId: string,
    host: number,
    head: Head,
    wanted: readonly Table[],
  ): Generator<ExportTable> {
    for (const table of wanted) {
      const { rowCount, rows } = readView(table)(hostId, host);
      yield {
        table,
        status: 'ok',
        affected: null,
        rowCount,
        details: null,
        rows: rows(head),
        counter: 0,
        epoch: 0,
      };
    }
  };

  const everStatement = prepare('SELECT tab FROM main._state WHERE host = ?').pluck();
  const snapshotsBack = prepare(
    `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? AND ${isCounted('s')} ` +
      `${asOf === undefined ? '' : `AND s.collected_time <= ${asOf} `}ORDER BY s.collected_time DESC, s.reading DESC, s.snapshot_id DESC`,
  ).raw(true);

  // The last one is found by its key: SQLite takes ten times as long to look for it from the end.
  const lastSnapshot = prepare(
    `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? ` +
      'AND s.collected_time = ? AND s.snapshot_id = ?',
  ).raw(true);

  /** For a host, the snapshots that its current rows are of. */
  const observedTables = ({
    host,
    hostId,
    last,
  }: HostNumber): {
    readonly observations: ReadonlyMap<Table, ObservedTable>;
    readonly latest: Head | null;
  } => {
    const observations = new Map<Table, ObservedTable>();
    const first = (
      asOf === undefined && last !== null
        ? lastSnapshot.get(host, last.time, last.id)
        : snapshotsBack.get(host)
    ) as SnapshotRow | undefined;
    if (first === undefined) return { observations, latest: null };
    const ever = new Set(everStatement.all(host) as number[]);
    const latest = headOf(first, hostId);
    const missing = new Set(dataOnes);
    const take = (row: SnapshotRow, head: Head): boolean => {
      const entries = observationsOf(observationSetOf(row));
      let isDone = true;
      for (const table of missing) {
        const tableId = tableIds.get(table.name) ?? -1;
        const entry = entries.get(tableId);
        if (entry?.holdsRows === true) {
          observations.set(table, { head, ...entry });
          missing.delete(table);
          continue;
        }
        if (entry !== undefined && head === latest) observations.set(table, { head, ...entry });
        if (ever.has(tableId)) isDone = false;
      }
      return isDone;
    };
    if (take(first, latest)) return { observations, latest };
    for (const row of snapshotsBack.iterate(host) as IterableIterator<SnapshotRow>) {
      if (take(row, headOf(row, hostId))) break;
    }
    return { observations, latest };
  };

  const currentSnapshots = function* (wantedHosts: readonly string[] = hosts): Generator<ExportSnapshot> {
    for (const hostId of wantedHosts) {
      const known = hostNumber(hostId);
      if (known === null) continue;
      const { host, hasReport } = known;
      const { observations, latest } = observedTables(known);
      if (latest === null) continue;
      const groups = new Map<number, { head: Head; tables: Table[] }>();
      const group = (head: Head): Table[] => {
        const found = groups.get(head.snapshotId);
        if (found !== undefined) return found.tables;
        const made = { head, tables: [] };
        groups.set(head.snapshotId, made);
        return made.tables;
      };
      group(latest);
      for (const table of dataOnes) {
        const observation = observations.get(table);
        if (observation !== undefined) group(observation.head).push(table);
      }
      let details: ReadonlyMap<string, TableDetails> | null = null;
      let facts: Readonly<Record<string, Cell>> | null = null;
      for (const { head, tables: own } of [...groups.values()].sort((a, b) =>
        compareRefs(refOf(a.head), refOf(b.head)),
      )) {
        const isLatest = head === latest;
        const exportTables = function* (): Generator<ExportTable> {
          if (isLatest && hasReport) details ??= detailsOf(host);
          for (const table of own) {
            const { status, affected, failed, absent, holdsRows } = observations.get(table) as ObservedTable;
            const { rowCount, rows, lines } = holdsRows
              ? readView(table)(hostId, host)
              : { rowCount: 0, rows: () => [], lines: [] };
            yield {
              ...(lines === undefined ? {} : { lines }),
              table,
              status,
              affected,
              failed,
              absent,
              rowCount,
              details: isLatest && details !== null ? (details.get(table.name) ?? noDetails) : null,
              rows: rows(head),
              counter: 0,
              // A whole set begins a new epoch: that is how osquery says "forget what you know".
              epoch: head.collectedTime,
            };
          }
          // What was not kept is not there, which is another thing than nothing having gone wrong.
          if (isLatest) {
            yield* reportTables(
              hostId,
              host,
              head,
              hasReport ? reports : reports.filter(({ name }) => name === 'table_status'),
            );
          }
        };
        yield {
          head,
          get host() {
            facts ??= hostRow({ host, host_id: hostId });
            return facts;
          },
          tables: exportTables(),
        };
      }
    }
  };

  const reader = snapshotReader(store);
  const cellsOf = (cells: Cells): readonly Cell[] => cells;

  /** A snapshot as it was taken, whole. */
  const wholeSnapshot = (snapshot: StoredSnapshot): ExportSnapshot => {
    const { observations, report, ...rest } = snapshot;
    const head: Head = rest;
    const details = report === null ? null : new Map(report.status.map((row) => [String(row[0]), row]));
    const rowsFrom = function* (table: Table, rows: readonly Cells[]): Generator<ExportRow> {
      const identify = identities(head, table.name);
      const keyOf = keyWriter(table);
      for (const cells of rows)
        yield { id: identify(keyOf(cells), null), change: null, cells: cellsOf(cells), text: null };
    };
    const exportTables = function* (): Generator<ExportTable> {
      for (const table of dataOnes) {
        const observation = observations.get(table.name);
        if (observation === undefined) continue;
        const { status, affected, failed, absent = [], rowCount } = observation;
        const own = details?.get(table.name) ?? [];
        const [, , , code = null, reason = null, , durationMs = null] = own;
        const rows = rowsFrom(table, rowsOf(observation, Object.keys(table.columns).length));
        const known = { code, reason, durationMs, doubts: doubtsOfRow(own) };
        yield {
          table,
          status,
          affected,
          failed,
          absent,
          rowCount,
          details: details === null ? null : known,
          rows,
          counter: 0,
          epoch: head.collectedTime,
        };
      }
      for (const table of reports) {
        let rows: readonly Cells[];
        if (table.name === 'table_status') {
          // What the observations themselves tell is known of every snapshot.
          rows = [...observations]
            .map(([name, { status, affected, rowCount }]): Cells => {
              const told = details?.get(name) ?? [];
              const [, , , code, reason, , durationMs] = told;
              return [
                name,
                status,
                rowCount,
                code ?? null,
                reason ?? null,
                affected === null ? null : JSON.stringify(affected),
                durationMs ?? null,
                isTrue(status, rowCount) ? head.collectedTime : null,
                ...doubtsOfRow(told),
              ];
            })
            .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
        } else if (report === null) continue;
        else
          rows = (table.name === 'collection_errors' ? report.errors : report.commands).toSorted(
            cellsOrder(table),
          );
        yield {
          table,
          status: 'ok',
          affected: null,
          rowCount: rows.length,
          details: null,
          rows: rowsFrom(table, rows),
          counter: 0,
          epoch: 0,
        };
      }
    };
    const hostTable = store.tables.find(({ name }) => name === 'hosts');
    const observation = observations.get('hosts');
    const row =
      hostTable === undefined || observation === undefined
        ? undefined
        : rowsOf(observation, Object.keys(hostTable.columns).length)[0];
    return {
      head,
      host: row === undefined ? {} : namedCells(hostTable as Table, row),
      tables: exportTables(),
    };
  };

  /** Whole snapshots, of those hosts that have one of them. */
  const wholeSnapshots = function* (
    isWanted: (snapshot: { readonly id: number; readonly isAhead: boolean }) => boolean,
    wantedHosts: readonly string[] = hosts,
  ): Generator<ExportSnapshot> {
    for (const hostId of wantedHosts) {
      for (const snapshot of reader.read(hostId, isWanted)) yield wholeSnapshot(snapshot);
    }
  };

  interface Version {
    readonly rowNumber: number;
    /** Null where a newer reading only put other words in place. */
    readonly from: Moment | null;
    readonly until: Moment | null;
    readonly cells: readonly Cell[];
  }

  /** What began or ended in a table of a host at a time or after it. */
  const versionsOf = (table: Table, host: number, first: Moment, since: number): Version[] => {
    const names = Object.entries(table.columns).map(([name, column]) => exact(name, column));
    const cells = exactCells(table);
    const when = first.time >= since ? '' : ' AND _from_time >= ?';
    const current = prepare(
      `SELECT _n, _read_time, NULL, _from_time, _first_snapshot, NULL, NULL, ${names.join(', ')} FROM ${currentName(table)} WHERE _host = ?${when}`,
    ).raw(true);
    const past = prepare(
      `SELECT _n, _read_time, _ended, _from_time, _first_snapshot, _until_time, _until_snapshot, ${names.join(', ')} FROM ${pastName(table)} ` +
        'WHERE _host = ? AND _until_time >= ?',
    ).raw(true);
    const rows = [
      ...(when === '' ? current.all(host) : current.all(host, since)),
      // What began later has also ended later.
      ...past.all(host, since),
    ] as unknown[][];
    return rows.map(([rowNumber, read, ended, fromTime, from, untilTime, until, ...own]) => ({
      rowNumber: rowNumber as number,
      from:
        read !== null ? null : fromTime === null ? first : { time: fromTime as number, id: from as number },
      until:
        untilTime === null || ended === endedNumbers.superseded
          ? null
          : { time: untilTime as number, id: until as number },
      cells: cells(own),
    }));
  };

  /** What a row of a host was before its account got another name, by the snapshot and the number of the row. */
  const renamesOf = (table: Table, host: number, since: number): ReadonlyMap<string, number> => {
    if (!hasAccounts(table)) return new Map();
    const rows = prepare(renamesSql(table)).raw(true).all({ host, since }) as [number, number, number][];
    return new Map(rows.map(([snapshotId, before, after]) => [`${snapshotId} ${after}`, before]));
  };

  /** Every moment at which a table of a host changed, in order. */
  const changePoints = (table: Table, host: number): Moment[] =>
    (
      prepare(
        `SELECT _from_time, _first_snapshot FROM ${currentName(table)} WHERE _host = ? AND _began > 0 UNION ` +
          `SELECT _from_time, _first_snapshot FROM ${pastName(table)} WHERE _host = ? AND _began > 0 UNION ` +
          `SELECT _until_time, _until_snapshot FROM ${pastName(table)} WHERE _host = ? AND _ended <> ${endedNumbers.superseded} ORDER BY 1, 2`,
      )
        .raw(true)
        .all(host, host, host) as [number, number][]
    ).map(([time, id]) => ({ time, id }));

  interface Difference {
    readonly table: Table;
    readonly counter: number;
    readonly rows: readonly ExportRow[];
  }

  /**
   * What changed on a host at a time or after it. A snapshot that comes late may change how those after it read, so
   * their differences are told again.
   *
   * @param reportOf The snapshot whose report is told, where it is the last one.
   */
  const changedSnapshots = function* (
    hostId: string,
    since: number,
    isNew: (snapshotId: number) => boolean,
  ): Generator<ExportSnapshot> {
    const host = hostNumber(hostId)?.host;
    if (host === undefined) return;
    const rowsSince = prepare(
      `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? ` +
        `AND ${isCounted('s')} AND s.collected_time >= ? ORDER BY s.collected_time, s.reading, s.snapshot_id`,
    )
      .raw(true)
      .all(host, since) as SnapshotRow[];
    const heads = new Map(rowsSince.map((row) => [row[0] as number, headOf(row, hostId)]));
    const latest = [...heads.values()].at(-1);
    const observationSets = new Map(rowsSince.map((row) => [row[0] as number, observationSetOf(row)]));
    const differences = new Map<number, Difference[]>();
    for (const table of dataOnes) {
      const tableId = tableIds.get(table.name);
      if (tableId === undefined) continue;
      const state = prepare(
        'SELECT first_time AS time, first_snapshot AS id FROM main._state WHERE host = ? AND tab = ?',
      ).get(host, tableId) as Moment | undefined;
      if (state === undefined) continue;
      const identify = new Map<number, ReturnType<typeof identities>>();
      const keyOf = keyWriter(table);
      const events = new Map<number, { at: Moment; removed: Version[]; added: Version[] }>();
      const eventAt = (at: Moment): { removed: Version[]; added: Version[] } => {
        const known = events.get(at.id);
        if (known !== undefined) return known;
        const made = { at, removed: [], added: [] };
        events.set(at.id, made);
        return made;
      };
      if (state.time >= since) eventAt(state);
      for (const version of versionsOf(table, host, state, since)) {
        if (version.from !== null && version.from.time >= since) eventAt(version.from).added.push(version);
        if (version.until !== null && version.until.time >= since)
          eventAt(version.until).removed.push(version);
      }
      if (events.size === 0) continue;
      const points = changePoints(table, host);
      const renames = renamesOf(table, host, since);
      const byKey = (a: Version, b: Version): number => (keyOf(a.cells) < keyOf(b.cells) ? -1 : 1);
      for (const { at, removed, added } of events.values()) {
        const head = heads.get(at.id);
        if (head === undefined) continue;
        const own = identify.get(at.id) ?? identities(head, table.name);
        identify.set(at.id, own);
        const formers = new Map(removed.map((version) => [version.rowNumber, version]));
        const formerOf = ({ rowNumber }: Version): Version | undefined =>
          formers.get(renames.get(`${at.id} ${rowNumber}`) ?? -1);
        const gone = new Set(added.map(formerOf));
        const removedIds = new Map(
          removed.sort(byKey).map((version) => [version, own(keyOf(version.cells), 'removed')]),
        );
        const rows = [
          ...[...removedIds]
            .filter(([version]) => !gone.has(version))
            .map(([{ cells }, id]): ExportRow => ({ id, change: 'removed', cells, text: null })),
          ...added.sort(byKey).map((version): ExportRow => {
            const { cells } = version;
            const former = formerOf(version);
            const row = { id: own(keyOf(cells), 'added'), cells, text: null };
            if (former === undefined) return { ...row, change: 'added' };
            return {
              ...row,
              change: 'changed',
              former: { id: removedIds.get(former) ?? '', cells: former.cells },
            };
          }),
        ];
        const isFirst = at.id === state.id;
        const counter = isFirst ? 0 : points.findIndex((point) => point.id === at.id) + 1;
        const list = differences.get(at.id);
        if (list === undefined) differences.set(at.id, [{ table, counter, rows }]);
        else list.push({ table, counter, rows });
      }
    }
    const facts = hostRow({ host, host_id: hostId });
    for (const [id, head] of heads) {
      const own = differences.get(id) ?? [];
      const withReport = head === latest && isNew(id);
      if (own.length === 0 && !withReport) continue;
      const entries = observationsOf(observationSets.get(id) as number);
      const exportTables = function* (): Generator<ExportTable> {
        for (const { table, counter, rows } of own) {
          const entry = entries.get(tableIds.get(table.name) ?? -1);
          yield {
            table,
            status: entry?.status ?? 'ok',
            affected: entry?.affected ?? null,
            failed: entry?.failed ?? null,
            rowCount: rows.length,
            details: null,
            rows,
            counter,
            epoch,
          };
        }
        if (withReport) yield* reportTables(hostId, host, head, reports);
      };
      yield { head, host: facts, tables: exportTables() };
    }
  };

  return { hosts, currentSnapshots, wholeSnapshots, changedSnapshots };
};

export { dataTables };
