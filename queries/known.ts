/**
 * When a table is known on a host, as the requirements of a query have it. The same condition makes a host unknown (a blind
 * spot) and leaves it out of what the SQL finds: the SQL reads it as `known_tables`, which is made here from `requires`.
 */
import { isComplete, isTold } from '../collector/status.ts';
import { quoteText, statusList } from '../store/ddl.ts';

/** Every host that is known at all. */
export const everyHost = '(SELECT host_id FROM hosts UNION SELECT host_id FROM table_status)';

/** A fact that must be known for the answer "no" to mean anything. */
export interface Requirement {
  readonly table: string;
  /**
   * Null: the rows themselves decide, so the table must be completely observed; with a condition, there
   * must be no row for which it holds.
   */
  readonly column: string | null;
  /** NULL in the column is an answer; only table_status tells whether it is one. */
  readonly isNullAnswer: boolean;
  /** SQL over a row of the table: for which rows it matters. Unknown counts as yes. */
  readonly where: string | null;
  /** SQL over a row of hosts, which rows that are there prove: where it holds, what is not known cannot matter. */
  readonly unless: string | null;
  /** Of a whole table: the columns of it that the query reads, as SQLite understands it (reads.ts); null is all. */
  readonly reads: readonly string[] | null;
}

/** A table must be completely observed. */
export const bare = (table: string): Requirement => ({
  table,
  column: null,
  isNullAnswer: false,
  where: null,
  unless: null,
  reads: null,
});

/** Every row is told, or there are none to be had. `skipped` is what nobody asked for. */
const wholeOnes = statusList((status) => isTold(status) && isComplete(status));

/** Older versions did not say whether rows may be missing: where it is named which columns are, none is. */
const rowsAreThere =
  "(t.status = 'partial' AND t.columns_affected IS NOT NULL AND COALESCE(t.rows_may_be_missing, 0) = 0)";

/** Of a whole table nobody guesses what an older version did not say. */
const allRowsAreThere = "t.status = 'partial' AND t.rows_may_be_missing = 0";

/** Columns are required where one is named; of a whole table all that the query reads must be there, too. */
const isOfColumns = ({ column, where }: Requirement): boolean => column !== null || where !== null;

/** True when the JSON array of column names does not have the name; no engine shares its JSON functions with another. */
const lacks = (list: string, column: string): string =>
  `COALESCE(REPLACE(${list}, ${quoteText(`"${column}"`)}, ''), '') = ${list}`;

/** SQL over a row `t` of table_status: whether the rows of a table are there, though columns of them may not be known. */
export const areRowsKnown = `(t.status IN ${wholeOnes} OR ${rowsAreThere})`;

/** SQL over a row `t` of table_status: whether what a row says in a column is of the last look, and certain. */
export const isColumnKnown = (column: string): string =>
  `COALESCE(CASE WHEN ${areRowsKnown} AND ${lacks('t.columns_affected', column)} ` +
  `AND COALESCE(${lacks('t.columns_uncertain', column)}, 1) = 1 THEN 1 END, 0) = 1`;

const areAllKnown = (reads: readonly string[] | null): string => {
  if (reads === null) return `t.status IN ${wholeOnes}`;
  const columns = reads.flatMap((column) => [
    lacks('t.columns_affected', column),
    lacks('t.columns_uncertain', column),
  ]);
  return `(t.status IN ${wholeOnes} OR (${[allRowsAreThere, ...columns].join(' AND ')}))`;
};

/** SQL over a row `t` of table_status: never NULL where there is one. */
export const isTableKnown = (requirement: Requirement): string =>
  `COALESCE(CASE WHEN ${isOfColumns(requirement) ? areRowsKnown : areAllKnown(requirement.reads)} THEN 1 END, 0) = 1`;

/** SQL over a row of table_status: whether it may be that of a table of which something is not known. Mostly it is none. */
export const maybeUnknown = (table: string): string =>
  `table_name = ${quoteText(table)} AND COALESCE(status, '') NOT IN ${wholeOnes}`;

const isRead = /\bknown_tables\b/;
const own = /^WITH known_tables AS \([^]*?\n\)(?:,\n|\n)/;

/** The hosts and tables that are known, as the first of the expressions of a WITH. */
const knownTables = (requires: readonly Requirement[]): string => {
  // A table that is required as a whole somewhere is.
  const byTable = [...Map.groupBy(requires, ({ table }) => table)].map(
    ([table, same]) => [table, same.find((one) => !isOfColumns(one)) ?? (same[0] as Requirement)] as const,
  );
  const arms = byTable.map(
    ([table, requirement]) => `(t.table_name = ${quoteText(table)} AND ${isTableKnown(requirement)})`,
  );
  return (
    'known_tables AS (\n  -- From the requires of this query.\n  SELECT t.host_id, t.table_name\n  FROM table_status t\n' +
    `  WHERE ${arms.length === 0 ? '1 = 0' : arms.join('\n    OR ')}\n)`
  );
};

/** The statement with these before the other expressions of its WITH. */
export const withFirst = (sql: string, expressions: readonly string[]): string => {
  if (expressions.length === 0) return sql;
  const [words] = /^WITH\s+/i.exec(sql) ?? [''];
  return `WITH ${expressions.join(',\n')}${words === '' ? '' : ','}\n${sql.slice(words.length)}`;
};

/** The statement with what it may read besides the tables; made anew where it is there already. */
export const withKnownTables = (sql: string, requires: readonly Requirement[]): string => {
  if (!isRead.test(sql)) return sql;
  const isChained = (own.exec(sql)?.[0] ?? '').endsWith(',\n');
  return withFirst(sql.replace(own, isChained ? 'WITH ' : ''), [knownTables(requires)]);
};
