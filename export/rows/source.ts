/** What every way of reading a store for an export needs: its statements, its hosts, and the rows of a host. */
import type { Table } from '../../collector/table.ts';
import { quoteName } from '../../store/ddl.ts';
import type { Statement } from '../../store/database.ts';
import { doubtColumns, noDoubtsKnown } from '../../store/doubts.ts';
import type { Doubts } from '../../store/doubts.ts';
import type { TableDetails } from '../../store/native/encode.ts';
import { observationReader, readHostIds, retainedTime, statementCache } from '../../store/reader.ts';
import type { ObservationStatus, Prepare } from '../../store/reader.ts';
import type { Store } from '../../store/store.ts';
import { isReport } from '../format.ts';
import type { Cell, ExportTable, Format, Head, WrittenTable } from '../format.ts';
import type { Moment } from './head.ts';
import { TableReader } from './table_reader.ts';

export interface ReadOptions {
  /** The tables to read, in this order. */
  readonly tables: readonly Table[];
  /** All hosts without it. */
  readonly hostIds?: readonly string[];
  /** SQL that writes the columns of a row, of which no values are read then. */
  readonly rowSql: Format['rowSql'];
  /** Only what was collected then or before; the plain names already mean that moment (store/as_of.ts). */
  readonly asOf?: number;
}

/** A host, as the store has it. */
export interface HostState {
  readonly host: number;
  readonly hostId: string;
  /** The last snapshot that counts. */
  readonly last: Moment | null;
  /** What the last snapshot reported is still known. */
  readonly hasReport: boolean;
}

/** The report on a collection has no status of its own, and is no difference to the one before. */
const toldOfReport = { status: 'ok', affected: null, details: null, counter: 0, epoch: 0 } as const;

export class ExportSource {
  readonly store: Store;
  readonly hosts: readonly string[];
  readonly asOf: number | undefined;
  /** Of the tables that are wanted, those of the Mac and those of the collection. */
  readonly dataTables: readonly Table[];
  readonly reports: readonly Table[];
  /** The time before which history was dropped: the numbering of differences begins there. */
  readonly epoch: number;
  readonly prepare: Prepare;
  readonly observationsOf: (observationSet: number) => ReadonlyMap<number, ObservationStatus>;
  private readonly rowSql: Format['rowSql'];
  private readonly tableReaders = new Map<Table, TableReader>();
  private readonly tableNames: ReadonlyMap<number, string>;
  private readonly hostStatement: Statement;
  private readonly factsSql: string;
  private readonly detailsStatement: Statement;

  constructor(store: Store, { tables, hostIds, rowSql, asOf }: ReadOptions) {
    const prepare = statementCache(store.db);
    this.store = store;
    this.hosts = hostIds ?? readHostIds(store.db);
    this.asOf = asOf;
    this.dataTables = tables.filter((table) => !isReport(table));
    this.reports = tables.filter(isReport);
    this.epoch = retainedTime(store.db) ?? 0;
    this.prepare = prepare;
    this.observationsOf = observationReader(prepare);
    this.rowSql = rowSql;
    this.tableNames = new Map([...store.tableIds].map(([name, tableId]) => [tableId, name]));
    this.hostStatement = prepare(
      'SELECT host, has_report IS NOT NULL, last_time, last_snapshot FROM main._host WHERE host_id = ?',
    ).raw(true);
    const hostColumns = Object.keys(store.tables.find(({ name }) => name === 'hosts')?.columns ?? {});
    // As in TableReader: the table beneath the view where it can be.
    const from = asOf === undefined ? '_current_hosts WHERE _host = :host' : 'hosts WHERE host_id = :host_id';
    this.factsSql = `SELECT ${hostColumns.map(quoteName).join(', ')} FROM ${from}`;
    this.detailsStatement = prepare(
      `SELECT tab, code, reason, duration_ms, ${doubtColumns.join(', ')} FROM main._report_status WHERE host = ?`,
    ).raw(true);
  }

  host(hostId: string): HostState | null {
    const row = this.hostStatement.get(hostId) as [number, number, number | null, number | null] | undefined;
    if (row === undefined) return null;
    const [host, hasReport, lastTime, lastSnapshot] = row;
    const { asOf } = this;
    return {
      host,
      hostId,
      last: lastTime === null || lastSnapshot === null ? null : { time: lastTime, id: lastSnapshot },
      hasReport: hasReport === 1 && (asOf === undefined || (lastTime !== null && lastTime <= asOf)),
    };
  }

  /** The row of `hosts`. */
  factsOf({ host, hostId }: HostState): Readonly<Record<string, Cell>> {
    const row = this.prepare(this.factsSql).get({ host, host_id: hostId });
    return (row as Record<string, Cell> | undefined) ?? {};
  }

  /** What the last snapshot of a host told of its tables, by name. */
  detailsOf({ host }: HostState): ReadonlyMap<string, TableDetails> {
    const rows = this.detailsStatement.all(host) as [
      number,
      string | null,
      string | null,
      number | null,
      ...Doubts,
    ][];
    return new Map(
      rows.map(([tableId, code, reason, durationMs, ...doubts]) => [
        this.tableNames.get(tableId) ?? '',
        { code, reason, durationMs, doubts },
      ]),
    );
  }

  tableReader(table: Table): TableReader {
    const known = this.tableReaders.get(table);
    if (known !== undefined) return known;
    const made = new TableReader(this.prepare, table, this.rowSql, this.asOf !== undefined);
    this.tableReaders.set(table, made);
    return made;
  }

  /** What is known of the last collection of a host. */
  *reportTables(
    { host, hostId }: HostState,
    head: Head,
    wanted: readonly Table[] = this.reports,
  ): Generator<ExportTable | WrittenTable> {
    for (const table of wanted)
      yield this.tableReader(table).read({ host, host_id: hostId }, head, toldOfReport);
  }
}

export const noDetails: TableDetails = { code: null, reason: null, durationMs: null, doubts: noDoubtsKnown };
