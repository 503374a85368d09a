/** When each column was last seen: a partial look keeps the last known value of what it could not see. */
import type { Table } from '../collector/table.ts';
import { hostIdOf, quoteText } from './ddl.ts';

/** SQL over a row `l` of _look_table and one `c` of the columns: whether this look saw the column. */
const isColumnSeen =
  "l.is_good = 1 AND instr(coalesce(l.columns_absent, '[]'), json_quote(c.column2)) = 0 " +
  "AND CASE WHEN l.sources_failed IS NOT NULL AND l.status = 'partial' " +
  'THEN NOT EXISTS (SELECT 1 FROM json_each(l.sources_failed) f JOIN json_each(c.column3) o ON o.value = f.value) ' +
  "WHEN l.status = 'partial' AND l.columns_affected IS NULL THEN 0 " +
  "ELSE instr(coalesce(l.columns_affected, '[]'), json_quote(c.column2)) = 0 END";

/**
 * The view `column_status`: for each column of each table of a host the time of the last look that saw it; NULL where none
 * did.
 *
 * @param and Which snapshots `s` count.
 */
export const columnStatusView = (
  tables: readonly Table[],
  tableIdOf: (name: string) => number,
  and: string,
): string => {
  const columns = tables.flatMap((table) =>
    Object.entries(table.columns).map(
      ([name, { from }]) =>
        `(${tableIdOf(table.name)}, ${quoteText(name)}, ${quoteText(JSON.stringify(from ?? table.sources))})`,
    ),
  );
  return (
    'SELECT t.name AS table_name, c.column2 AS column_name, (SELECT s.collected_time FROM main._snapshot s ' +
    `JOIN main._look_table l ON l.look = s.look AND l.tab = c.column1 WHERE s.host = h.host${and} AND ${isColumnSeen} ` +
    'ORDER BY s.collected_time DESC, s.reading DESC, s.snapshot_id DESC LIMIT 1) AS last_good_time, ' +
    `${hostIdOf('h')} ` +
    `FROM main._host h JOIN (VALUES ${columns.join(', ')}) c JOIN main._table t ON t.tab = c.column1 ` +
    // A host of which no snapshot counts is not known.
    'WHERE h.last_time IS NOT NULL'
  );
};
