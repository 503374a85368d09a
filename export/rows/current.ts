/**
 * The rows that are known of each host: those of the last good observation of each table. They may be of several
 * snapshots, for a collection that failed leaves what was known before it.
 */
import type { Table } from '../../collector/table.ts';
import { isCounted } from '../../store/clocks.ts';
import type { Statement } from '../../store/database.ts';
import { compareRefs } from '../../store/history.ts';
import type { TableDetails } from '../../store/native/encode.ts';
import type { ObservationStatus } from '../../store/reader.ts';
import type { AnySnapshot, Cell, ExportTable, Head, WrittenTable } from '../format.ts';
import { headOf, observationSetOf, refOf, snapshotColumns } from './head.ts';
import type { SnapshotRow } from './head.ts';
import { noDetails } from './source.ts';
import type { ExportSource, HostState } from './source.ts';

/** What is known of one table: what a snapshot observed of it, and which one. */
interface Known extends ObservationStatus {
  readonly head: Head;
}

/** What is known of one host; what its snapshots share is read once. */
class KnownHost {
  private readonly source: ExportSource;
  private readonly host: HostState;
  private readonly latest: Head;
  private readonly known: ReadonlyMap<Table, Known>;
  private facts: Readonly<Record<string, Cell>> | null = null;
  private details: ReadonlyMap<string, TableDetails> | null = null;

  constructor(source: ExportSource, host: HostState, latest: Head, known: ReadonlyMap<Table, Known>) {
    this.source = source;
    this.host = host;
    this.latest = latest;
    this.known = known;
  }

  /** The snapshots that rows are known of, in their order, and the last one in any case. */
  *snapshots(): Generator<AnySnapshot> {
    const groups = new Map<number, { readonly head: Head; readonly tables: Table[] }>();
    groups.set(this.latest.snapshotId, { head: this.latest, tables: [] });
    for (const table of this.source.dataTables) {
      const known = this.known.get(table);
      if (known === undefined) continue;
      const group = groups.get(known.head.snapshotId);
      if (group === undefined) groups.set(known.head.snapshotId, { head: known.head, tables: [table] });
      else group.tables.push(table);
    }
    const inOrder = [...groups.values()].sort((a, b) => compareRefs(refOf(a.head), refOf(b.head)));
    for (const { head, tables } of inOrder) yield this.snapshot(head, tables);
  }

  private snapshot(head: Head, tables: readonly Table[]): AnySnapshot {
    const factsOf = (): Readonly<Record<string, Cell>> => (this.facts ??= this.source.factsOf(this.host));
    return {
      head,
      get host() {
        return factsOf();
      },
      tables: this.tables(head, tables),
    };
  }

  private *tables(head: Head, tables: readonly Table[]): Generator<ExportTable | WrittenTable> {
    const { source, host } = this;
    const isLatest = head === this.latest;
    if (isLatest && host.hasReport) this.details ??= source.detailsOf(host);
    const details = isLatest ? this.details : null;
    const which = { host: host.host, host_id: host.hostId };
    for (const table of tables) {
      const { status, affected, failed, absent, holdsRows } = this.known.get(table) as Known;
      const told = {
        ...{ status, affected, failed, absent },
        details: details === null ? null : (details.get(table.name) ?? noDetails),
        counter: 0,
        // A whole set begins a new epoch: that is how osquery says "forget what you know".
        epoch: head.collectedTime,
      };
      const reader = source.tableReader(table);
      yield holdsRows ? reader.read(which, head, told) : reader.empty(told);
    }
    if (!isLatest) return;
    // What was not kept is not there, which is another thing than nothing having gone wrong.
    const isKept = ({ name }: Table): boolean => host.hasReport || name === 'table_status';
    yield* source.reportTables(host, head, source.reports.filter(isKept));
  }
}

export class CurrentReader {
  private readonly source: ExportSource;
  private readonly everStatement: Statement;
  private readonly snapshotsBack: Statement;
  private readonly lastSnapshot: Statement;

  constructor(source: ExportSource) {
    const { prepare, asOf } = source;
    this.source = source;
    this.everStatement = prepare('SELECT tab FROM main._state WHERE host = ?').pluck();
    const before = asOf === undefined ? '' : `AND s.collected_time <= ${asOf} `;
    this.snapshotsBack = prepare(
      `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? AND ${isCounted('s')} ` +
        `${before}ORDER BY s.collected_time DESC, s.reading DESC, s.snapshot_id DESC`,
    ).raw(true);
    // The last one is found by its key: SQLite takes ten times as long to look for it from the end.
    this.lastSnapshot = prepare(
      `SELECT ${snapshotColumns} FROM main._snapshot s WHERE s.host = ? ` +
        'AND s.collected_time = ? AND s.snapshot_id = ?',
    ).raw(true);
  }

  *snapshots(hostIds: readonly string[]): Generator<AnySnapshot> {
    for (const hostId of hostIds) {
      const host = this.source.host(hostId);
      const known = host === null ? null : this.knownOf(host);
      if (known !== null) yield* known.snapshots();
    }
  }

  /** Goes back through the snapshots of a host until one is found for each table that ever held rows. */
  private knownOf(host: HostState): KnownHost | null {
    const first = this.latestOf(host);
    if (first === undefined) return null;
    const known = new Map<Table, Known>();
    const ever = new Set(this.everStatement.all(host.host) as number[]);
    const latest = headOf(first, host.hostId);
    if (latest === null) return null;
    const missing = new Set(this.source.dataTables);
    const take = (row: SnapshotRow, head: Head): boolean => {
      const entries = this.source.observationsOf(observationSetOf(row));
      let isDone = true;
      for (const table of missing) {
        const tableId = this.source.store.tableIds.get(table.name) ?? -1;
        const entry = entries.get(tableId);
        if (entry?.holdsRows === true) {
          known.set(table, { head, ...entry });
          missing.delete(table);
          continue;
        }
        if (entry !== undefined && head === latest) known.set(table, { head, ...entry });
        if (ever.has(tableId)) isDone = false;
      }
      return isDone;
    };
    if (!take(first, latest)) {
      for (const row of this.snapshotsBack.iterate(host.host) as IterableIterator<SnapshotRow>) {
        const head = headOf(row, host.hostId);
        if (head !== null && take(row, head)) break;
      }
    }
    return new KnownHost(this.source, host, latest, known);
  }

  private latestOf({ host, last }: HostState): SnapshotRow | undefined {
    const isLast = this.source.asOf === undefined && last !== null;
    const row = isLast ? this.lastSnapshot.get(host, last.time, last.id) : this.snapshotsBack.get(host);
    return row as SnapshotRow | undefined;
  }
}
