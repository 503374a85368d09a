/**
 * A file describes itself: what it holds of the declared tables and columns, and what more. Those who made it may have known
 * fewer tables than this program, or more.
 */
import { undecided } from '../collector/privacy.ts';
import type { Column, Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { dataTables } from '../collector/table.ts';

/** The columns of a table in a file, by name, with their types. */
type HeldColumns = ReadonlyMap<string, string>;
/** The tables in a file, by name. */
export type Held = ReadonlyMap<string, HeldColumns>;

export const readHeld = (db: Db): Held => {
  const rows = db
    .prepare(
      "SELECT m.name, c.name, c.type FROM main.sqlite_schema m JOIN pragma_table_info(m.name, 'main') c WHERE m.type = 'table'",
    )
    .raw(true)
    .all() as [string, string, string][];
  const held = new Map<string, Map<string, string>>();
  for (const [table, column, type] of rows) {
    const columns = held.get(table);
    if (columns === undefined) held.set(table, new Map([[column, type]]));
    else columns.set(column, type);
  }
  return held;
};

const currentPrefix = '_current_';

export interface Difference {
  /** Declared tables that the file lacks. */
  readonly lackingTables: readonly Table[];
  /** Declared columns that a table in the file lacks, by table; only tables that lack one. */
  readonly lackingColumns: ReadonlyMap<string, readonly string[]>;
  /** Tables of which only the file knows. */
  readonly unknownTables: readonly string[];
  /** Columns of declared tables of which only the file knows, with their types; only tables that have one. */
  readonly unknownColumns: ReadonlyMap<string, HeldColumns>;
}

export const differenceOf = (held: Held, tables: readonly Table[]): Difference => {
  const lackingTables: Table[] = [];
  const lackingColumns = new Map<string, readonly string[]>();
  const unknownColumns = new Map<string, HeldColumns>();
  const declared = dataTables(tables);
  for (const table of declared) {
    const columns = held.get(currentPrefix + table.name);
    if (columns === undefined) {
      lackingTables.push(table);
      continue;
    }
    const lacking = Object.keys(table.columns).filter((name) => !columns.has(name));
    if (lacking.length > 0) lackingColumns.set(table.name, lacking);
    const unknown = [...columns].filter(
      ([name]) => !name.startsWith('_') && !Object.hasOwn(table.columns, name),
    );
    if (unknown.length > 0) unknownColumns.set(table.name, new Map(unknown));
  }
  const names = new Set(declared.map(({ name }) => currentPrefix + name));
  const unknownTables = [...held.keys()]
    .filter((name) => name.startsWith(currentPrefix) && !names.has(name))
    .map((name) => name.slice(currentPrefix.length))
    .toSorted();
  return { lackingTables, lackingColumns, unknownTables, unknownColumns };
};

/** The declared tables, each with the columns behind its own that only the file knows. */
export const widenTables = (
  tables: readonly Table[],
  unknownColumns: Difference['unknownColumns'],
): readonly Table[] =>
  tables.map((table) => {
    const unknown = unknownColumns.get(table.name);
    if (unknown === undefined) return table;
    const columns = [...unknown].map(([name, type]): [string, Column] => [
      name,
      { type: type as Column['type'], description: '', privacy: undecided(type), example: '' },
    ]);
    return { ...table, columns: { ...table.columns, ...Object.fromEntries(columns) } };
  });
