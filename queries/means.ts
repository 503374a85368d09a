/** What the means of a run exclude: a fact that was not asked for, which is another thing than one that could not be seen. */
import { commands, notAskedOfNetwork } from '../collector/sources.ts';
import type { Command } from '../collector/sources.ts';
import { leftOutReason } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';

/** `source`: no source of this version tells it, on whatever Mac. `overlay`: the site does not ask it. */
export type Means = 'database' | 'network' | 'include' | 'hosts' | 'source' | 'overlay';

/** What table_status says of a table: its status, and why. */
interface Told {
  readonly status: string;
  readonly told: string | null;
}

const isOfNetwork = (source: string): boolean =>
  (commands as Readonly<Record<string, Command | undefined>>)[source]?.network === true;

/** The sources that tell a column, or a table of itself; null where one of them asks no server. */
const networkSources = (table: Table, column: string | null): readonly string[] | null => {
  const sources = (column === null ? null : table.columns[column]?.from) ?? table.sources;
  return sources.length > 0 && sources.every(isOfNetwork) ? sources : null;
};

/**
 * By which means a fact would have been told that is not known; null where it was asked for, and was not seen. What
 * table_status says must say so: a source that was asked and failed is a blind spot.
 */
export const meansOf = (
  tables: readonly Table[],
  of: { readonly table: string; readonly column: string | null },
  said: Told | null,
): Means | null => {
  const table = tables.find(({ name }) => name === of.table);
  const column = of.column === null ? undefined : table?.columns[of.column];
  if (table === undefined || (of.column !== null && column === undefined)) return null;
  if (column?.from?.length === 0) return 'source';
  if (said === null) return null;
  const sources = networkSources(table, of.column);
  // A table is skipped where nobody asked for it; why, a database does not know any more of a former moment.
  if (column === undefined) {
    if (said.status !== 'skipped') return null;
    if (sources !== null) return 'network';
    const option = table.include === undefined ? null : optionOf(table.include);
    return option !== null && (said.told ?? option).includes(option) ? 'include' : null;
  }
  const reason = said.told ?? '';
  const leftOut = column.include === undefined ? (column.nullBecause ?? '') : leftOutReason(column);
  if (leftOut.startsWith(leftOutReason({})) && reason.includes(leftOut)) return 'include';
  return sources?.every((source) => reason.includes(notAskedOfNetwork(source))) === true ? 'network' : null;
};

/** What table_status says of a table that an option alone asks for; why, a database does not know of a former moment. */
const optionOf = (include: string): string => `--include ${include}`;
const isSkippedFor = (include: string): string =>
  `(t.status = 'skipped' AND COALESCE(REPLACE(t.reason, '${optionOf(include)}', '') <> t.reason, 1))`;

/** SQL over a row `t` of table_status of the table: whether a fact was not asked for; null where no option asks for it. */
export const isNotAsked = (table: Table, column: string | null): string | null => {
  if (table.include !== undefined) return isSkippedFor(table.include);
  const sources = networkSources(table, column);
  if (sources === null) return null;
  if (column === null) return "t.status = 'skipped'";
  const notes = sources.map((source) => notAskedOfNetwork(source).replaceAll("'", "''"));
  return notes.map((note) => `COALESCE(REPLACE(t.reason, '${note}', '') <> t.reason, 0)`).join(' AND ');
};
