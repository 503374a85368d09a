/** What a table does not know for certain: NULLs that nothing failed for, lost rows, conclusions without all witnesses. */
import type { CollectError } from './errors.ts';
import type { Doubts } from './report.ts';
import type { SourceName } from './sources.ts';
import type { Status } from './status.ts';
import { meaningOfNull } from './table.ts';
import type { Column, Table, Value } from './table.ts';

type AnyRow = Readonly<Record<string, Value>>;

/** A failure that a table notes. */
export interface Failure {
  readonly problem: CollectError;
  /** The answer was read all the same, without one of its records or values. */
  readonly isOfItem: boolean;
}

export interface Looked {
  readonly table: Table;
  readonly rows: readonly AnyRow[];
  readonly inapplicable: ReadonlyMap<string, string>;
}

const columnsOf = ({ table }: Looked): readonly (readonly [string, Column])[] =>
  Object.entries(table.columns);

/** Columns that are NULL in some row, where NULL is no answer and no reason is declared: the sources did not tell. */
export const untoldColumns = (looked: Looked): readonly string[] =>
  columnsOf(looked)
    .filter(
      ([name]) =>
        meaningOfNull(looked.table, name) === undefined &&
        !looked.inapplicable.has(name) &&
        looked.rows.some((row) => row[name] === null),
    )
    .map(([name]) => name);

/** Whether a failure can cost this table a row. */
const losesRows = ({ table, rows }: Looked, { problem: { source, costs } }: Failure): boolean => {
  // What could not be made a row is one.
  if (source === null) return true;
  if (costs === 'value') return false;
  if (table.key.length === 0) return rows.length === 0;
  if (costs === 'entry' && table.hasRowsOfValues !== true) return false;
  return (table.rowsFrom ?? table.sources).some((name) => name === source);
};

/**
 * Columns that are told in some row, and rest on a source that failed. Where a column has but one source, each row has
 * it from an answer of its own; only the one row of a table without a key has it from the answer that failed. A record that
 * is lost is a row that is lost: the other rows have records of their own.
 */
const uncertainColumns = (looked: Looked, failures: readonly Failure[]): readonly string[] => {
  const { table, rows } = looked;
  const ofRows: readonly string[] = table.rowsFrom ?? [];
  const isOtherRow = ({ isOfItem, problem: { source, costs } }: Failure): boolean =>
    isOfItem && costs === 'record' && source !== null && ofRows.includes(source);
  const failed = failures.filter((failure) => failure.problem.costs !== 'value' && !isOtherRow(failure));
  return columnsOf(looked)
    .filter(([name, column]) => {
      if (table.key.includes(name) || !rows.some((row) => row[name] !== null)) return false;
      const from = column.from ?? table.sources;
      const rests = failed.filter(({ problem }) => from.some((source) => source === problem.source));
      return rests.some(({ isOfItem }) => from.length > 1 || (table.key.length === 0 && !isOfItem));
    })
    .map(([name]) => name);
};

/** Whether a column that is told could be another if this source had been asked. */
export const restsOn = (looked: Looked, source: SourceName): boolean =>
  columnsOf(looked).some(
    ([name, { from = looked.table.sources }]) =>
      !looked.table.key.includes(name) &&
      from.length > 1 &&
      from.includes(source) &&
      looked.rows.some((row) => row[name] !== null),
  );

const isWithoutRows = (status: Status): boolean =>
  status === 'failed' || status === 'denied' || status === 'not_recorded' || status === 'skipped';

export const doubtsOf = (looked: Looked, status: Status, failures: readonly Failure[]): Doubts => ({
  failedSources: [...new Set(failures.map(({ problem }) => problem.source ?? 'row'))].toSorted(),
  mayRowsBeMissing: isWithoutRows(status) || failures.some((failure) => losesRows(looked, failure)),
  uncertain: uncertainColumns(looked, failures),
  inapplicable: new Map([...looked.inapplicable].toSorted(([a], [b]) => (a < b ? -1 : 1))),
});
