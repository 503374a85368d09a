/** Which closed lists of words an answer rests on. */
import type { Table } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { touchedColumns } from '../store/guard.ts';
import { dataTables } from '../collector/table.ts';
import type { ClosedColumn, Query } from './query.ts';

/** Every column with a closed list, but for those of the report: a status that is not known is never a good one. */
const closedColumns = (tables: readonly Table[]): readonly ClosedColumn[] =>
  dataTables(tables).flatMap(({ name: table, columns }) =>
    Object.entries(columns).flatMap(([column, { values }]) =>
      values === undefined ? [] : [{ table, column, values }],
    ),
  );

/** The statements in which a query reads columns. */
export const statementsOf = ({ sql, applies, requires }: Query): readonly string[] => [
  sql,
  ...(applies === null ? [] : [`SELECT host_id FROM hosts WHERE NOT (${applies})`]),
  ...requires.flatMap(({ table, where, unless }) => [
    ...(where === null ? [] : [`SELECT 1 FROM ${quoteName(table)} WHERE ${where}`]),
    ...(unless === null ? [] : [`SELECT 1 FROM hosts WHERE ${unless}`]),
  ]),
];

/**
 * The query with the closed lists of all columns that it requires or that its SQL reads, as SQLite understands it.
 *
 * @param db An empty database with the tables; for a query that compares snapshots, a store. Null where there is none:
 * then every column of its tables counts as read.
 */
export const withClosed = (query: Query, tables: readonly Table[], db: Db | null): Query => {
  const named = new Set([...query.requires.map(({ table }) => table), ...query.alsoReads]);
  const read = new Set(query.requires.map(({ table, column }) => `${table}.${column ?? ''}`));
  const touched = db === null ? [] : statementsOf(query).flatMap((sql) => [...touchedColumns(db, sql)]);
  for (const column of touched) read.add(column.replace(/^_(?:current|past)_/, ''));
  const closed = closedColumns(tables).filter(({ table, column }) =>
    db === null ? named.has(table) : read.has(`${table}.${column}`),
  );
  return { ...query, closed };
};
