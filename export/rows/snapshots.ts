/** Snapshots as they were taken, whole. */
import { holdsRows } from '../../collector/status.ts';
import type { Table } from '../../collector/table.ts';
import { doubtsOfRow } from '../../store/doubts.ts';
import type { TableDetails } from '../../store/native/encode.ts';
import { cellsOrder, rowsOf } from '../../store/snapshot.ts';
import type { Cells, Report, Snapshot, TableObservation } from '../../store/snapshot.ts';
import { identifiedRows, isReport, namedCells } from '../format.ts';
import type { Cell, ExportSnapshot, ExportTable, Head } from '../format.ts';

/** A snapshot that a store need not have. */
export type WholeSnapshot = Snapshot & { readonly sequence?: number };

/** The rows of table_status of the last snapshot of a host, by the table that they are of; null where they are not known. */
type Told = ReadonlyMap<string, Cells> | null;

const detailsOf = (told: Cells): TableDetails => {
  const [, , , code = null, reason = null, , durationMs = null] = told;
  return { code, reason, durationMs, doubts: doubtsOfRow(told) };
};

const widthOf = (table: Table): number => Object.keys(table.columns).length;

const dataTable = (
  table: Table,
  head: Head,
  observation: TableObservation,
  details: TableDetails | null,
): ExportTable => {
  const { status, affected, failed, absent = [], rowCount } = observation;
  return {
    ...{ table, status, affected, failed, absent, rowCount, details },
    rows: identifiedRows(table, head, rowsOf(observation, widthOf(table))),
    counter: 0,
    epoch: head.collectedTime,
  };
};

/** The rows of table_status: what the observations themselves tell is known of every snapshot. */
const statusRows = ({ collectedTime }: Head, observations: Snapshot['observations'], told: Told): Cells[] =>
  [...observations]
    .map(([name, { status, affected, rowCount }]): Cells => {
      const own = told?.get(name) ?? [];
      const { code, reason, durationMs, doubts } = detailsOf(own);
      return [
        ...[name, status, rowCount, code, reason],
        ...[affected === null ? null : JSON.stringify(affected), durationMs],
        holdsRows(status, rowCount) ? collectedTime : null,
        ...doubts,
      ];
    })
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));

const reportRows = (table: Table, { errors, commands }: Report): Cells[] =>
  (table.name === 'collection_errors' ? errors : commands).toSorted(cellsOrder(table));

function* exportTables(
  { observations, report }: Snapshot,
  head: Head,
  wanted: readonly Table[],
): Generator<ExportTable> {
  const told: Told = report === null ? null : new Map(report.status.map((row) => [String(row[0]), row]));
  for (const table of wanted) {
    const observation = isReport(table) ? undefined : observations.get(table.name);
    if (observation === undefined) continue;
    yield dataTable(table, head, observation, told === null ? null : detailsOf(told.get(table.name) ?? []));
  }
  for (const table of wanted.filter(isReport)) {
    const isStatus = table.name === 'table_status';
    if (!isStatus && report === null) continue;
    const rows = isStatus ? statusRows(head, observations, told) : reportRows(table, report as Report);
    yield {
      ...{ table, status: 'ok', affected: null, rowCount: rows.length, details: null },
      rows: identifiedRows(table, head, rows),
      counter: 0,
      epoch: 0,
    };
  }
}

const factsOf = (
  observations: Snapshot['observations'],
  hosts: Table | undefined,
): Readonly<Record<string, Cell>> => {
  const observation = observations.get('hosts');
  const row =
    hosts === undefined || observation === undefined ? undefined : rowsOf(observation, widthOf(hosts))[0];
  return row === undefined ? {} : namedCells(hosts as Table, row);
};

/**
 * A snapshot for a format.
 *
 * @param wanted The tables that are told, in this order.
 * @param hosts The table `hosts`, which need not be one of them.
 */
export const wholeSnapshot = (
  snapshot: WholeSnapshot,
  wanted: readonly Table[],
  hosts: Table | undefined = wanted.find(({ name }) => name === 'hosts'),
): ExportSnapshot => {
  const { observations, report: _, sequence = null, ...rest } = snapshot;
  const head: Head = { ...rest, sequence };
  return { head, host: factsOf(observations, hosts), tables: exportTables(snapshot, head, wanted) };
};
