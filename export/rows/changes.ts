/** What changed on a host, snapshot by snapshot: rows that were removed, and rows that were added. */
import type { Table } from '../../collector/table.ts';
import { isCounted } from '../../store/clocks.ts';
import { hasAccounts } from '../../store/renames.ts';
import { currentName, endedNumbers, pastName, renamesSql } from '../../store/schema.ts';
import { identities, keyWriter } from '../format.ts';
import type { AnySnapshot, Cell, ExportRow, ExportTable, Head, WrittenTable } from '../format.ts';
import { headOf, observationSetOf, snapshotColumns } from './head.ts';
import type { Moment, SnapshotRow } from './head.ts';
import type { ExportSource, HostState } from './source.ts';
import { exactCells, exactColumns } from './table_reader.ts';

/** A row for as long as it was the same. */
interface Version {
  readonly rowNumber: number;
  /** Null where a newer reading only put other words in place. */
  readonly from: Moment | null;
  readonly until: Moment | null;
  readonly cells: readonly Cell[];
}

/** What began and what ended with one snapshot. */
interface Event {
  readonly at: Moment;
  readonly removed: Version[];
  readonly added: Version[];
}

/** What one snapshot changed in one table. */
interface Difference {
  readonly table: Table;
  readonly counter: number;
  readonly rows: readonly ExportRow[];
}

/** The snapshots from a time on that count. */
interface Since {
  readonly time: number;
  readonly heads: ReadonlyMap<number, Head>;
  readonly observationSets: ReadonlyMap<number, number>;
}

/** What changed in one table of one host at a time or after it. */
class TableChanges {
  private readonly source: ExportSource;
  private readonly table: Table;
  private readonly host: number;
  /** The first snapshot that held rows of the table. */
  private readonly first: Moment;
  private readonly since: Since;
  private readonly keyOf: (cells: readonly Cell[]) => string;

  constructor(source: ExportSource, table: Table, host: number, first: Moment, since: Since) {
    this.source = source;
    this.table = table;
    this.host = host;
    this.first = first;
    this.since = since;
    this.keyOf = keyWriter(table);
  }

  /** The differences, with the id of the snapshot that each came with. */
  *differences(): Generator<readonly [snapshotId: number, Difference]> {
    const events = this.events();
    if (events.size === 0) return;
    const { table, first } = this;
    const points = this.changePoints();
    const renames = this.renames();
    for (const event of events.values()) {
      const { id } = event.at;
      const head = this.since.heads.get(id);
      if (head === undefined) continue;
      const counter = id === first.id ? 0 : points.findIndex((point) => point.id === id) + 1;
      yield [id, { table, counter, rows: this.rowsOf(event, head, renames) }];
    }
  }

  /** What began or ended, by the snapshot. */
  private events(): ReadonlyMap<number, Event> {
    const { first, since } = this;
    const events = new Map<number, Event>();
    const eventAt = (at: Moment): Event => {
      const known = events.get(at.id);
      if (known !== undefined) return known;
      const made = { at, removed: [], added: [] };
      events.set(at.id, made);
      return made;
    };
    if (first.time >= since.time) eventAt(first);
    for (const version of this.versions()) {
      const { from, until } = version;
      if (from !== null && from.time >= since.time) eventAt(from).added.push(version);
      if (until !== null && until.time >= since.time) eventAt(until).removed.push(version);
    }
    return events;
  }

  private versions(): Version[] {
    const { source, table, host, first } = this;
    const { time } = this.since;
    const columns = exactColumns(table);
    const cells = exactCells(table);
    const when = first.time >= time ? '' : ' AND _from_time >= ?';
    const current = source
      .prepare(
        `SELECT _n, _read_time, NULL, _from_time, _first_snapshot, NULL, NULL, ${columns} FROM ${currentName(table)} WHERE _host = ?${when}`,
      )
      .raw(true);
    const past = source
      .prepare(
        `SELECT _n, _read_time, _ended, _from_time, _first_snapshot, _until_time, _until_snapshot, ${columns} FROM ${pastName(table)} ` +
          'WHERE _host = ? AND _until_time >= ?',
      )
      .raw(true);
    const rows = [
      ...(when === '' ? current.all(host) : current.all(host, time)),
      // What began later has also ended later.
      ...past.all(host, time),
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
  }

  /** Every moment at which the table changed, in order: a difference is numbered by them. */
  private changePoints(): Moment[] {
    const { source, table, host } = this;
    const rows = source
      .prepare(
        `SELECT _from_time, _first_snapshot FROM ${currentName(table)} WHERE _host = ? AND _began > 0 UNION ` +
          `SELECT _from_time, _first_snapshot FROM ${pastName(table)} WHERE _host = ? AND _began > 0 UNION ` +
          `SELECT _until_time, _until_snapshot FROM ${pastName(table)} WHERE _host = ? AND _ended <> ${endedNumbers.superseded} ORDER BY 1, 2`,
      )
      .raw(true)
      .all(host, host, host) as [number, number][];
    return rows.map(([time, id]) => ({ time, id }));
  }

  /** What a row was before its account got another name: the number of that row, by the snapshot and its own number. */
  private renames(): ReadonlyMap<string, number> {
    const { source, table, host, since } = this;
    if (!hasAccounts(table)) return new Map();
    const rows = source.prepare(renamesSql(table)).raw(true).all({ host, since: since.time }) as [
      number,
      number,
      number,
    ][];
    return new Map(rows.map(([snapshotId, before, after]) => [`${snapshotId} ${after}`, before]));
  }

  /** Removed rows, then added ones; a row that got another name is told once, with what it was. */
  private rowsOf(
    { at, removed, added }: Event,
    head: Head,
    renames: ReadonlyMap<string, number>,
  ): readonly ExportRow[] {
    const { keyOf } = this;
    const identify = identities(head, this.table.name);
    const byKey = (a: Version, b: Version): number => (keyOf(a.cells) < keyOf(b.cells) ? -1 : 1);
    const formers = new Map(removed.map((version) => [version.rowNumber, version]));
    const formerOf = ({ rowNumber }: Version): Version | undefined =>
      formers.get(renames.get(`${at.id} ${rowNumber}`) ?? -1);
    const renamed = new Set(added.map(formerOf));
    const removedIds = new Map(
      removed.sort(byKey).map((version) => [version, identify(keyOf(version.cells), 'removed')]),
    );
    const gone = [...removedIds]
      .filter(([version]) => !renamed.has(version))
      .map(([{ cells }, id]): ExportRow => ({ id, change: 'removed', cells }));
    const come = added.sort(byKey).map((version): ExportRow => {
      const { cells } = version;
      const former = formerOf(version);
      const id = identify(keyOf(cells), 'added');
      if (former === undefined) return { id, cells, change: 'added' };
      return {
        ...{ id, cells, change: 'changed' },
        former: { id: removedIds.get(former) ?? '', cells: former.cells },
      };
    });
    return [...gone, ...come];
  }
}

export class ChangesReader {
  private readonly source: ExportSource;

  constructor(source: ExportSource) {
    this.source = source;
  }

  /**
   * What changed on a host at a time or after it. A snapshot that comes late may change how those after it read, so
   * their differences are told again.
   *
   * @param isNew Of the last snapshot, whether its report is told.
   */
  *snapshots(hostId: string, time: number, isNew: (snapshotId: number) => boolean): Generator<AnySnapshot> {
    const { source } = this;
    const host = source.host(hostId);
    if (host === null) return;
    const since = this.since(host, time);
    const differences = this.differences(host, since);
    const latest = [...since.heads.values()].at(-1);
    const facts = source.factsOf(host);
    for (const [id, head] of since.heads) {
      const own = differences.get(id) ?? [];
      const hasReport = head === latest && isNew(id);
      if (own.length === 0 && !hasReport) continue;
      const observationSet = since.observationSets.get(id) as number;
      yield { head, host: facts, tables: this.tables(host, head, observationSet, own, hasReport) };
    }
  }

  private since({ host, hostId }: HostState, time: number): Since {
    const rows = this.source
      .prepare(
        `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? ` +
          `AND ${isCounted('s')} AND s.collected_time >= ? ORDER BY s.collected_time, s.reading, s.snapshot_id`,
      )
      .raw(true)
      .all(host, time) as SnapshotRow[];
    return {
      time,
      heads: new Map(
        rows.flatMap((row): [number, Head][] => {
          const head = headOf(row, hostId);
          return head === null ? [] : [[head.snapshotId, head]];
        }),
      ),
      observationSets: new Map(rows.map((row) => [row[0] as number, observationSetOf(row)])),
    };
  }

  /** Of all tables, by the snapshot. */
  private differences({ host }: HostState, since: Since): ReadonlyMap<number, readonly Difference[]> {
    const { source } = this;
    const differences = new Map<number, Difference[]>();
    for (const table of source.dataTables) {
      const tableId = source.store.tableIds.get(table.name);
      if (tableId === undefined) continue;
      const first = source
        .prepare(
          'SELECT first_time AS time, first_snapshot AS id FROM main._state WHERE host = ? AND tab = ?',
        )
        .get(host, tableId) as Moment | undefined;
      if (first === undefined) continue;
      for (const [id, difference] of new TableChanges(source, table, host, first, since).differences()) {
        const list = differences.get(id);
        if (list === undefined) differences.set(id, [difference]);
        else list.push(difference);
      }
    }
    return differences;
  }

  private *tables(
    host: HostState,
    head: Head,
    observationSet: number,
    differences: readonly Difference[],
    hasReport: boolean,
  ): Generator<ExportTable | WrittenTable> {
    const { source } = this;
    const entries = source.observationsOf(observationSet);
    for (const { table, counter, rows } of differences) {
      const entry = entries.get(source.store.tableIds.get(table.name) ?? -1);
      yield {
        table,
        status: entry?.status ?? 'ok',
        affected: entry?.affected ?? null,
        failed: entry?.failed ?? null,
        rowCount: rows.length,
        details: null,
        rows,
        counter,
        epoch: source.epoch,
      };
    }
    if (hasReport) yield* source.reportTables(host, head);
  }
}
