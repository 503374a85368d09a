/** What collecting brings. */
import type { CollectionReport, ReportedTable } from './report.ts';
import type { Table, Value } from './table.ts';

export interface TableResult extends ReportedTable {
  readonly table: Table;
  /** With host_id, sorted by key. */
  readonly rows: ReadonlyArray<Readonly<Record<string, Value>>>;
  /** What failed, where the table is partial: sources, or `row` for a row that was left out. */
  readonly failedSources?: readonly string[];
  /** Columns of which the evidence dropped what they are made of: as if they had not been there. */
  readonly notKept?: readonly string[];
}

/** All that one collection of one host brought. */
export interface Collection extends CollectionReport {
  readonly hostId: string | null;
  readonly results: readonly TableResult[];
}
