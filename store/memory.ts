import type { Table, Value } from '../collector/table.ts';
import { allColumns, hostIdColumn } from '../collector/table.ts';
import { openDatabase } from './database.ts';
import type { Db } from './database.ts';
import { collationOf, createAskedTable, quoteName } from './ddl.ts';

/**
 * An empty database in memory with every table, as a live query sees it.
 *
 * @param create The statement that makes a table.
 */
export const openMemory = (
  tables: readonly Table[],
  create: (table: Table) => string = createAskedTable,
): Db => {
  const db = openDatabase(':memory:');
  db.exec(tables.map(create).join('\n'));
  return db;
};

/** A table that takes whatever a store holds: words of a newer version, and NULL for what an older one did not know. */
export const ownTable = (table: Table): string => {
  const own = Object.entries({ ...table.columns, host_id: hostIdColumn }).map(
    ([name, { type }]) => `${quoteName(name)} ${type}${collationOf(name)}`,
  );
  return `CREATE TABLE ${quoteName(table.name)} (${own.join(', ')}) STRICT;`;
};

/** The columns that questions join by. */
const joinColumns: readonly string[] = ['username', 'uuid', 'uid', 'groupname', 'gid'];

const joinColumnsOf = ({ columns }: Table): readonly string[] =>
  joinColumns.filter((column) => columns[column] !== undefined);

/**
 * The statements that make indexes of what questions join by: SQLite makes one of its own for a join, and none for the
 * inside of an EXISTS.
 *
 * @param columns Beside the host.
 */
export const createJoinIndexes = (table: Table, schema = '', columns = joinColumnsOf(table)): string =>
  columns
    .map(
      (column) =>
        `CREATE INDEX IF NOT EXISTS ${schema}${quoteName(`${table.name} by ${column}`)} ON ${quoteName(table.name)} (host_id, ${quoteName(column)});`,
    )
    .join('\n');

/** Of fewer rows all are looked through as quickly. */
const leastOfIndex = 100;

// SQLite binds at most 32,766 values in one statement; more than some 50 rows at once bring nothing.
const rowsAtOnce = 50;

/** Puts rows into a table of `openMemory`. */
export const loadRows = (db: Db, table: Table, rows: readonly Readonly<Record<string, Value>>[]): void => {
  const names = allColumns(table).map(([name]) => name);
  const one = `(${names.map(() => '?').join(', ')})`;
  const insert = (count: number) =>
    db.prepare(
      `INSERT INTO ${quoteName(table.name)} VALUES ${Array.from({ length: count }, () => one).join(', ')}`,
    );
  db.transaction(() => {
    const many = rows.length >= rowsAtOnce ? insert(rowsAtOnce) : null;
    let start = 0;
    if (many !== null) {
      for (; start + rowsAtOnce <= rows.length; start += rowsAtOnce) {
        many.run(
          rows.slice(start, start + rowsAtOnce).flatMap((row) => names.map((name) => row[name] ?? null)),
        );
      }
    }
    const single = insert(1);
    for (const row of rows.slice(start)) single.run(names.map((name) => row[name] ?? null));
  })();
  if (rows.length >= leastOfIndex) db.exec(createJoinIndexes(table));
};
