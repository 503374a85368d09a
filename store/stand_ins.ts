/**
 * What an older file lacks, for a reader that does not write: tables without rows and columns without values, on this
 * connection alone. SQLite looks for a name there first, so that all who read find them in place.
 */
import type { Table } from '../collector/table.ts';
import { orderTimeSql } from './clocks.ts';
import type { Db } from './database.ts';
import { openDatabase } from './database.ts';
import { collationOf, quoteName } from './ddl.ts';
import type { Difference, Held } from './held.ts';
import { readHeld, widenTables } from './held.ts';
import { ownViewsMark } from './meaning.ts';
import { hostIndex, readTableNumbers, storeTables, storeViews, tableViews } from './schema.ts';
import { canLackColumns, withAbsent } from './upgrade.ts';

/** What a column of the store's own says in a file that does not have it, as SQL over its row; NULL without it. */
const derived: Readonly<Record<string, string>> = { '_snapshot.order_time': orderTimeSql };

const whole = new WeakMap<readonly Table[], Held>();

/** What a file of this version holds. */
const heldBy = (tables: readonly Table[]): Held => {
  const known = whole.get(tables);
  if (known !== undefined) return known;
  const db = openDatabase(':memory:');
  for (const sql of storeTables(tables).values()) db.exec(sql);
  const held = readHeld(db);
  db.close();
  whole.set(tables, held);
  return held;
};

/** SQL that chooses by the number of a table. */
const byTable = (db: Db, columns: Difference['lackingColumns'], of: (names: readonly string[]) => string) => {
  const ids = readTableNumbers(db);
  const arms = [...columns].flatMap(([table, names]) =>
    ids.has(table) ? [`WHEN ${ids.get(table)} THEN ${of(names)}`] : [],
  );
  return (otherwise: string): string =>
    arms.length === 0 ? otherwise : `CASE tab ${arms.join(' ')} ELSE ${otherwise} END`;
};

/** Puts into place what a file lacks of the tables of the store. */
export const standInTables = (
  db: Db,
  tables: readonly Table[],
  held: Held,
  { lackingColumns }: Difference,
): void => {
  const statements = storeTables(tables);
  const absent = byTable(db, lackingColumns, (names) => withAbsent("coalesce(columns_absent, '[]')", names));
  const affected = byTable(db, lackingColumns, (names) => withAbsent('columns_affected', names));
  const told: Readonly<Record<string, string>> = {
    '_look_table.columns_absent': `CASE WHEN is_good = 1 THEN ${absent('columns_absent')} ELSE columns_absent END`,
    '_report_status.columns_affected': `CASE WHEN ${canLackColumns} THEN ${affected('columns_affected')} ELSE columns_affected END`,
  };
  for (const [name, columns] of heldBy(tables)) {
    const there = held.get(name);
    if (there === undefined) {
      db.exec((statements.get(name) ?? '').replace('CREATE TABLE', 'CREATE TEMP TABLE'));
      continue;
    }
    const lacking = [...columns.keys()].filter((column) => !there.has(column));
    const isTold = lackingColumns.size > 0 && Object.keys(told).some((key) => key.startsWith(`${name}.`));
    if (lacking.length === 0 && !isTold) continue;
    const filled = lacking.map(
      (column) => `${derived[`${name}.${column}`] ?? 'NULL'} AS ${quoteName(column)}`,
    );
    const inner = `SELECT ${['*', ...filled].join(', ')} FROM main.${quoteName(name)}`;
    const all = [...new Set([...there.keys(), ...columns.keys()])].map((column) => {
      const text = told[`${name}.${column}`];
      return text === undefined || !isTold ? quoteName(column) : `${text} AS ${quoteName(column)}`;
    });
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS SELECT ${all.join(', ')} FROM (${inner})`);
  }
};

const createHostIndex = (kind: string): string =>
  `CREATE ${kind} temp.${quoteName(hostIndex)} ON _host (host_id${collationOf('host_id')})`;

/** The hosts of a file that cannot look them up by an id in either letter case. */
const standInHosts = (db: Db, tables: readonly Table[]): void => {
  if (db.prepare('SELECT 1 FROM main.sqlite_schema WHERE name = ?').get(hostIndex) !== undefined) return;
  const rows = db.prepare('SELECT * FROM _host').all() as Readonly<Record<string, unknown>>[];
  db.exec('DROP VIEW IF EXISTS temp._host');
  db.exec((storeTables(tables).get('_host') ?? '').replace('CREATE TABLE', 'CREATE TEMP TABLE'));
  const columns = db.prepare("SELECT name FROM pragma_table_info('_host', 'temp')").pluck().all() as string[];
  const insert = db.prepare(
    `INSERT INTO temp._host (${columns.map(quoteName).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  for (const row of rows) insert.run(columns.map((name) => row[name] ?? null));
  // Of hosts whose ids differ in nothing but the case there are none, or few.
  try {
    db.exec(createHostIndex('UNIQUE INDEX'));
  } catch {
    db.exec(createHostIndex('INDEX'));
  }
};

/** What nobody here made: a name is all that is shown of it. */
const isNotOurs = (name: string): string =>
  `SELECT * FROM ${quoteName(`${name}, for it is a view that this tokenquery did not make`)}`;

/** A table of which only the file knows, as far as a view of it needs it. */
const tableInFile = (name: string, held: Held): Table => {
  const columns = [...(held.get(`_current_${name}`) ?? [])].filter(([column]) => !column.startsWith('_'));
  return widenTables(
    [{ name, columns: {}, key: [] } as unknown as Table],
    new Map([[name, new Map(columns)]]),
  )[0] as Table;
};

/**
 * The views of this program in place of those of the file; returns the text of each. A view that is none of these is named in
 * an error when it is asked for.
 */
export const putViews = (
  db: Db,
  tables: readonly Table[],
  difference: Difference,
): ReadonlyMap<string, string> => {
  const ids = readTableNumbers(db);
  const idOf = (table: string): number => ids.get(table) ?? 0;
  const views = new Map<string, string>();
  for (const [name, sql] of storeViews(widenTables(tables, difference.unknownColumns), idOf))
    views.set(name, throughStandIns(sql));
  if (difference.unknownTables.length > 0) {
    const held = readHeld(db);
    for (const name of difference.unknownTables)
      for (const [view, sql] of tableViews(tableInFile(name, held), idOf(name)))
        if (!views.has(view)) views.set(view, throughStandIns(sql));
  }
  const inFile = db
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'view'")
    .pluck();
  const others = (inFile.all() as string[]).filter((name) => !views.has(name.toLowerCase()));
  for (const [name, text] of views) db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${text}`);
  for (const name of others) db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS ${isNotOurs(name)}`);
  db.exec(`CREATE TEMP VIEW ${ownViewsMark} AS SELECT 1`);
  return views;
};

/** The views of this program in place of those of an older one; returns the text of each. */
export const standInViews = (
  db: Db,
  tables: readonly Table[],
  difference: Difference,
): ReadonlyMap<string, string> => {
  standInHosts(db, tables);
  return putViews(db, tables, difference);
};

/** A view of the store says that it means the file; a stand-in is looked for first. */
export const throughStandIns = (sql: string): string => sql.replaceAll('main.', '');
