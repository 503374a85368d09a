/**
 * Brings a file to what this program declares. The layout number covers the store's own tables; declared tables and columns
 * are added where they are lacking, and what only the file knows is left alone.
 */
import { hash } from 'node:crypto';
import type { Table } from '../collector/table.ts';
import { fillOrder } from './clocks.ts';
import type { Db } from './database.ts';
import { quoteName, quoteText } from './ddl.ts';
import { differenceOf, readHeld, widenTables } from './held.ts';
import type { Difference } from './held.ts';
import { dataTables } from '../collector/table.ts';
import {
  currentName,
  hostIndex,
  internTables,
  pastName,
  storeIndexes,
  storeTables,
  storeViews,
  viewsVersion,
} from './schema.ts';
import type { Schema } from './schema.ts';
import { fillReadings } from './versions.ts';
import { fillFindings } from './findings.ts';

/** Under this name, `_setting` has a row for each set of declarations that the file was seen to hold. */
const declaredSetting = (tables: readonly Table[]): string => {
  const names = dataTables(tables).map(({ name, columns }) => [name, ...Object.keys(columns)]);
  return `declared ${hash('sha256', JSON.stringify(names)).slice(0, 16)}`;
};

const settingOf = (db: Db, name: string): number | null =>
  (db.prepare('SELECT value FROM main._setting WHERE name = ?').pluck().get(name) as
    | number
    | null
    | undefined) ?? null;

const keepSetting = (db: Db, name: string, value: number): void => {
  db.prepare(
    'INSERT INTO _setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value',
  ).run(name, value);
};

/** Whether the views in a file are those of this version, or of a newer one. */
export const hasViews = (db: Db): boolean => (settingOf(db, 'views_version') ?? 0) >= viewsVersion;

/** That a file holds what is declared, and nothing else, or more. Whoever adds to it takes this away. */
const exactly = 1;
const andMore = 2;

/** Whether a file of this layout is known to hold all that is declared: one read, not of its tables. */
export const holdsDeclared = (db: Db, tables: readonly Table[]): boolean =>
  hasViews(db) && settingOf(db, declaredSetting(tables)) !== null;

/** How a file of this layout differs from the declarations; null where it is known not to. */
export const knownDifference = (db: Db, tables: readonly Table[]): Difference | null =>
  settingOf(db, declaredSetting(tables)) === exactly ? null : differenceOf(readHeld(db), tables);

/** Whether a reader finds less in a file of this layout than it may ask for. */
export const isLacking = (db: Db, { lackingTables, lackingColumns }: Difference): boolean =>
  lackingTables.length + lackingColumns.size > 0 || !hasViews(db);

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

const schemaRows = (db: Db): readonly SchemaRow[] =>
  db
    .prepare("SELECT type, name, sql FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    .all() as SchemaRow[];

/**
 * Says that few hosts have one id, whatever its letter case, as the key that minds the case says it of itself: else SQLite
 * takes them for many, and goes through whole tables in place of looking hosts up.
 */
const noteHostsAreFew = (db: Db): void => {
  db.exec(`ANALYZE ${quoteName(hostIndex)}`);
  db.exec('DROP TABLE IF EXISTS sqlite_stat4');
  db.prepare('DELETE FROM sqlite_stat1 WHERE tbl = ?').run('_host');
  // As many rows as SQLite supposes in a table of which it is told nothing.
  db.prepare('INSERT INTO sqlite_stat1 VALUES (?, ?, ?)').run('_host', hostIndex, '1048576 1');
  db.exec('ANALYZE sqlite_schema');
};

/** Makes the indexes that differ, and all views; those of tables that are not declared here stay. */
const makeViews = (db: Db, tables: readonly Table[]): void => {
  const rows = schemaRows(db);
  for (const [name, sql] of storeIndexes(tables)) {
    const now = rows.find((row) => row.type === 'index' && row.name === name);
    if (now?.sql === sql) continue;
    if (now !== undefined) db.exec(`DROP INDEX ${quoteName(name)}`);
    db.exec(sql);
  }
  noteHostsAreFew(db);
  const views = new Set(rows.flatMap(({ type, name }) => (type === 'view' ? [name] : [])));
  const tableIds = internTables(db, tables);
  for (const [name, sql] of storeViews(tables, (table) => tableIds.get(table) ?? 0)) {
    if (views.has(name)) db.exec(`DROP VIEW main.${quoteName(name)}`);
    db.exec(`CREATE VIEW ${quoteName(name)} AS\n${sql}`);
  }
};

const noteHeld = (db: Db, tables: readonly Table[], { unknownTables, unknownColumns }: Difference): void =>
  keepSetting(
    db,
    declaredSetting(tables),
    unknownTables.length + unknownColumns.size === 0 ? exactly : andMore,
  );

const noteMade = (db: Db, tables: readonly Table[], difference: Difference): void => {
  db.prepare("DELETE FROM _setting WHERE name LIKE 'declared %'").run();
  noteHeld(db, tables, difference);
  keepSetting(db, 'views_version', viewsVersion);
};

/**
 * Tables of which _report_status names unknown columns: those that were
 * observed, and where not all is unknown.
 */
export const canLackColumns = "status IN ('ok', 'empty', 'partial') AND columns_affected IS NOT NULL";

/** A JSON array of names in SQL, with more of them. */
export const withAbsent = (list: string, names: readonly string[]): string =>
  `json_insert(${list}${names.map((name) => `, '$[#]', ${quoteText(name)}`).join('')})`;

/** Who filled a table did not know these columns: that they are NULL says nothing. */
const noteAbsent = (db: Db, { name: table }: Table, names: readonly string[]): void => {
  const id = db.prepare('SELECT tab FROM _table WHERE name = ?').pluck().get(table);
  if (id === undefined) return;
  // What is looked up by its digest is a set of statuses of somebody who knew the columns.
  db.prepare(
    'UPDATE _look SET digest = randomblob(16) WHERE look IN (SELECT look FROM _look_table WHERE tab = ? AND is_good = 1)',
  ).run(id);
  db.prepare(
    `UPDATE _look_table SET columns_absent = ${withAbsent("coalesce(columns_absent, '[]')", names)} WHERE tab = ? AND is_good = 1`,
  ).run(id);
  db.prepare(
    `UPDATE _report_status SET columns_affected = ${withAbsent('columns_affected', names)} WHERE tab = ? AND ${canLackColumns}`,
  ).run(id);
};

const addColumns = (db: Db, table: Table, names: readonly string[]): void => {
  for (const name of names) {
    const type = table.columns[name]?.type ?? 'TEXT';
    for (const held of [currentName(table), pastName(table)])
      db.exec(`ALTER TABLE ${held} ADD COLUMN ${quoteName(name)} ${type}`);
  }
  noteAbsent(db, table, names);
};

/** Adds what a file of this layout lacks of the declarations. The caller holds the transaction. */
export const addDeclared = (db: Db, { tables }: Schema): void => {
  const lacking = differenceOf(readHeld(db), tables);
  if (!isLacking(db, lacking)) {
    // Another version made it; that all is there need not be found out each time.
    noteHeld(db, tables, lacking);
    return;
  }
  const wide = widenTables(tables, lacking.unknownColumns);
  const statements = storeTables(tables);
  for (const { name } of lacking.lackingTables) {
    for (const held of [`_current_${name}`, `_past_${name}`]) db.exec(statements.get(held) ?? '');
  }
  for (const table of dataTables(tables)) {
    const names = lacking.lackingColumns.get(table.name);
    if (names !== undefined) addColumns(db, table, names);
  }
  makeViews(db, wide);
  noteMade(db, tables, lacking);
};

const columnsOf = (db: Db, name: string): string[] =>
  (db.pragma(`table_info(${quoteName(name)})`) as { name: string }[]).map((column) => column.name);

/** Makes a table anew, filled with the columns that both have. */
const remakeTable = (db: Db, name: string, sql: string): void => {
  const old = `_old${name}`;
  db.exec(`ALTER TABLE ${quoteName(name)} RENAME TO ${quoteName(old)}`);
  db.exec(sql);
  const before = new Set(columnsOf(db, old));
  const both = columnsOf(db, name)
    .filter((column) => before.has(column))
    .map(quoteName)
    .join(', ');
  db.exec(`INSERT INTO ${quoteName(name)} (${both}) SELECT ${both} FROM ${quoteName(old)}`);
  db.exec(`DROP TABLE ${quoteName(old)}`);
};

/** Makes the tables of a file of an older layout, or of a new one, what they are in this. The caller holds the transaction. */
export const bringUpToDate = (db: Db, { tables, version }: Schema): void => {
  const rows = schemaRows(db);
  const difference = differenceOf(readHeld(db), tables);
  const wide = widenTables(tables, difference.unknownColumns);
  // A table that is renamed takes the views on it along.
  for (const { type, name } of rows) if (type === 'view') db.exec(`DROP VIEW ${quoteName(name)}`);
  const own = new Set(storeIndexes(wide).keys());
  for (const { type, name } of rows)
    if (type === 'index' && own.has(name)) db.exec(`DROP INDEX ${quoteName(name)}`);
  const filled = dataTables(tables).filter(({ name }) => difference.lackingColumns.has(name));
  for (const [name, sql] of storeTables(wide)) {
    const now = rows.find((row) => row.type === 'table' && row.name === name);
    if (now === undefined) db.exec(sql);
    else if (now.sql !== sql) remakeTable(db, name, sql);
  }
  for (const table of filled) noteAbsent(db, table, difference.lackingColumns.get(table.name) ?? []);
  fillReadings(db, tables);
  fillOrder(db);
  fillFindings(db);
  makeViews(db, wide);
  const made = new Set(storeViews(wide, () => 0).keys());
  // One statement and no more: a text in a file may go on behind the view.
  for (const { type, name, sql } of rows) if (type === 'view' && !made.has(name)) db.prepare(sql).run();
  noteMade(db, tables, difference);
  db.pragma(`user_version = ${version}`);
};
