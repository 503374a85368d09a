/**
 * A file that somebody else may have written is data. Its schema is taken only where it is one that this program makes, of
 * this or of an older layout: tables are compared by what SQLite understood of them, and what could compute something while
 * it is read, or do something while it is written, refuses the file.
 */
import { FileError } from '../collector/errors.ts';
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { openDatabase } from './database.ts';
import { layoutVersion, storeTables } from './schema.ts';

/** One thing in a file, as `sqlite_schema` has it. */
export interface SchemaRow {
  readonly type: string;
  readonly name: string;
  /** Null for an index that SQLite made for a key. */
  readonly sql: string | null;
}

export const readSchema = (db: Db): readonly SchemaRow[] =>
  db.prepare('SELECT type, name, sql FROM main.sqlite_schema').all() as SchemaRow[];

const refused = (path: string, what: string): FileError =>
  new FileError(
    path,
    ` ${what}, which no tokenquery makes`,
    'it was not touched, and nothing of it was run; ask whoever made it for an export (tokenquery export --format native)',
  );

/** The layouts in which columns of the store's own tables came, where that is not the first. */
const since: Readonly<Record<string, number>> = {
  '_host.judged_from_time': 2,
  '_host.judged_until_time': 2,
  '_host.stored_time': 4,
  '_host.ahead_snapshot': 4,
  '_snapshot.reading': 3,
  '_snapshot.order_time': 4,
  '_look_table.columns_absent': 3,
  '_report_status.failed_sources': 3,
  '_report_status.rows_may_be_missing': 3,
  '_report_status.columns_uncertain': 3,
  '_report_status.columns_inapplicable': 3,
  '_finding.last_seen_time': 5,
  '_finding.finding_id': 5,
  '_finding.exception': 5,
  '_rows._read_time': 3,
  '_rows._read_snapshot': 3,
};
const tablesSince: Readonly<Record<string, number>> = {
  _aside: 3,
  _verdict: 5,
  _finding_event: 5,
  _finding_unseen: 5,
};
/** Until this layout, `_ended` was no part of the key of past rows. */
const endedInKeySince = 3;

interface ColumnShape {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly standard: string | null;
  /** Its place in the primary key; 0 outside of it. */
  readonly key: number;
}

interface TableShape {
  readonly isRowless: boolean;
  readonly columns: ReadonlyMap<string, ColumnShape>;
}

type Cell = string | number | null;

/** The tables of a file as SQLite understood them, and what else it took for one. */
const readShapes = (db: Db): { tables: Map<string, TableShape>; others: Map<string, string> } => {
  const tables = new Map<string, { isRowless: boolean; columns: Map<string, ColumnShape> }>();
  const others = new Map<string, string>();
  const list = db
    .prepare("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'")
    .raw(true)
    .all() as [string, string, number, number][];
  for (const [name, type, wr, strict] of list) {
    if (type !== 'table') others.set(name, type);
    else if (name.startsWith('sqlite_')) continue;
    else if (strict === 1) tables.set(name, { isRowless: wr === 1, columns: new Map() });
    else others.set(name, 'loose');
  }
  const columns = db
    .prepare(
      'SELECT l.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden FROM pragma_table_list l ' +
        "JOIN pragma_table_xinfo(l.name, 'main') x WHERE l.schema = 'main' AND l.type = 'table' AND l.strict = 1",
    )
    .raw(true)
    .all() as Cell[][];
  for (const [table, name, type, required, standard, key, hidden] of columns) {
    if (hidden !== 0) others.set(String(table), 'computed');
    tables.get(String(table))?.columns.set(String(name), {
      name: String(name),
      type: String(type),
      isRequired: required === 1,
      standard: standard as string | null,
      key: Number(key),
    });
  }
  return { tables, others };
};

const ownShapes = new WeakMap<readonly Table[], ReadonlyMap<string, TableShape>>();

/** The tables that this program makes. */
const shapesOf = (tables: readonly Table[]): ReadonlyMap<string, TableShape> => {
  const known = ownShapes.get(tables);
  if (known !== undefined) return known;
  const db = openDatabase(':memory:');
  for (const sql of storeTables(tables).values()) db.exec(sql);
  const shapes = readShapes(db).tables;
  db.close();
  ownShapes.set(tables, shapes);
  return shapes;
};

const rowsName = /^_(?:current|past)_(.+)$/;
/** A name that a newer version may have given; what holds none of these cannot be SQL, and is safe to print. */
const plainName = /^[a-z][a-z0-9_]{0,63}$/;
const valueTypes: ReadonlySet<string> = new Set(['TEXT', 'INTEGER', 'REAL']);

const sameColumn = (a: ColumnShape, b: ColumnShape): boolean =>
  a.type === b.type && a.isRequired === b.isRequired && a.standard === b.standard && a.key === b.key;

/** Compares the tables of one file with those of the program. */
class ShapeJudge {
  readonly #path: string;
  readonly #version: number;

  constructor(path: string, version: number) {
    this.#path = path;
    this.#version = version;
  }

  #fault(what: string): FileError {
    return refused(this.#path, `has ${what}`);
  }

  /** The columns that tokenquery itself puts into a table. */
  #ownColumns(table: string, held: TableShape, own: TableShape, kind: string): void {
    if (held.isRowless !== own.isRowless) throw this.#fault(`a table ${table} of another kind`);
    for (const column of own.columns.values()) {
      if (kind === '_rows' && !column.name.startsWith('_')) continue;
      const there = held.columns.get(column.name);
      if (there === undefined) {
        if ((since[`${kind}.${column.name}`] ?? 1) > this.#version) continue;
        throw this.#fault(`a table ${table} without the column ${column.name}`);
      }
      const expected =
        column.name === '_ended' && this.#version < endedInKeySince && there.key === 0
          ? { ...column, key: 0 }
          : column;
      if (!sameColumn(there, expected))
        throw this.#fault(`a column ${table}.${column.name} of another type or key`);
    }
  }

  /** A table of the store's own. */
  #own(name: string, held: TableShape, own: TableShape): void {
    this.#ownColumns(name, held, own, name);
    for (const column of held.columns.keys())
      if (!own.columns.has(column)) throw this.#fault(`a table ${name} with another column`);
  }

  /** The rows of a declared table, or of one of a newer version. */
  #rows(name: string, held: TableShape, own: TableShape, like: TableShape | undefined): void {
    this.#ownColumns(name, held, own, '_rows');
    for (const column of held.columns.values()) {
      if (column.name.startsWith('_')) {
        if (!own.columns.has(column.name)) throw this.#fault(`a table ${name} with another column`);
        continue;
      }
      const known = like?.columns.get(column.name);
      const isPlain =
        valueTypes.has(column.type) && !column.isRequired && column.standard === null && column.key === 0;
      if (!isPlain || (known === undefined ? !plainName.test(column.name) : known.type !== column.type))
        throw this.#fault(`a table ${name} with a column of another type`);
    }
  }

  /** Throws UserError where a table is none of ours. */
  tables(held: ReadonlyMap<string, TableShape>, own: ReadonlyMap<string, TableShape>): void {
    const [first] = [...own.keys()].filter((name) => name.startsWith('_past_'));
    const models = { current: own.get(`_current_${first?.slice(6)}`), past: own.get(first ?? '') };
    for (const [name, shape] of held) {
      const [, rows] = rowsName.exec(name) ?? [];
      const like = own.get(name);
      if (rows === undefined) {
        if (like !== undefined) this.#own(name, shape, like);
        else throw this.#fault('another table');
        continue;
      }
      if (like === undefined && !plainName.test(rows)) throw this.#fault('a table of another name');
      const other = name.startsWith('_current_') ? `_past_${rows}` : `_current_${rows}`;
      if (!held.has(other)) throw this.#fault(`a table ${name} and no ${other}`);
      const model = like ?? (name.startsWith('_current_') ? models.current : models.past);
      if (model !== undefined) this.#rows(name, shape, model, like);
    }
    for (const name of own.keys()) {
      if (held.has(name) || rowsName.test(name) || (tablesSince[name] ?? 1) > this.#version) continue;
      throw refused(this.#path, `has no table ${name}`);
    }
  }

  /** Throws UserError for what is no table, no plain index and no view that nobody need run. */
  schema(rows: readonly SchemaRow[], others: ReadonlyMap<string, string>): void {
    for (const [name, type] of others)
      if (type === 'virtual' || type === 'shadow') throw this.#fault('a virtual table');
      else if (type === 'computed') throw this.#fault('a column that is computed');
      else if (type === 'view' && name.startsWith('_')) throw this.#fault('a view in place of a table');
      else if (type === 'loose') throw this.#fault('a table that takes values of any type');
    for (const row of rows) this.#row(row, others);
  }

  #row({ type, name, sql }: SchemaRow, others: ReadonlyMap<string, string>): void {
    if (type === 'trigger') throw this.#fault('a trigger');
    if (sql === null) {
      if (type !== 'index' || !name.startsWith('sqlite_autoindex_'))
        throw this.#fault('something that is named nowhere');
      return;
    }
    // SQLite goes by the text and not by the type: both must say the same.
    const isStated = statements[type]?.test(sql) === true;
    const isView = others.get(name) === 'view';
    if (!isStated || (type === 'view') !== isView) throw this.#fault('something under the name of another');
    if (type === 'table' && !(name.startsWith('sqlite_') ? statistics : plainTable).test(sql))
      throw this.#fault('a table with a rule of its own');
    if (type === 'index' && !plainIndex.test(sql)) throw this.#fault('an index that computes something');
  }
}

const statements: Readonly<Record<string, RegExp>> = {
  table: /^CREATE TABLE /,
  index: /^CREATE INDEX /,
  view: /^CREATE VIEW /,
};
const named = '"?[A-Za-z_]\\w*"?';
const listed = (item: string): string => `\\(\\s*${item}(?:,\\s*${item})*\\s*\\)`;
/** Up to layout 2, the file itself held the words of a snapshot. */
const oldRules =
  "(?: CHECK \\(status IN \\('complete', 'partial', 'failed'\\)\\)| CHECK \\(origin IN \\('live', 'evidence', 'volume', 'merge'\\)\\))?";
const plainColumn =
  `(?:"?(?:host_id|name|digest|argv)"? (?:TEXT|BLOB) NOT NULL UNIQUE|` +
  `${named} (?:TEXT|INTEGER|REAL|BLOB)(?: NOT NULL)?(?: DEFAULT 0)?(?: PRIMARY KEY)?${oldRules})`;
/** All that the text of a table of ours has: no rule, no reference, nothing computed, no word on conflicts. */
const plainTable = new RegExp(
  `^CREATE TABLE ${named} ${listed(`(?:${plainColumn}|PRIMARY KEY ${listed(named)})`)} STRICT(?:, WITHOUT ROWID)?$`,
);
/** What SQLite itself keeps of the hosts (upgrade.ts). */
const statistics =
  /^CREATE TABLE (?:sqlite_stat1\(tbl,idx,stat\)|sqlite_stat4\(tbl,idx,neq,nlt,ndlt,sample\))$/;
/** An index of columns, of all rows or under one of the two conditions that ours have. */
const plainIndex = new RegExp(
  `^CREATE INDEX ${named} ON ${named} ?${listed(`${named}(?: COLLATE NOCASE)?`)}(?: WHERE _began > 0| WHERE order_time IS NOT NULL)?$`,
);

const textsOf = new WeakMap<readonly Table[], ReadonlyMap<string, string>>();

/** Whether the texts of all tables and indexes are those that this program writes: then there is nothing to compare. */
const isWrittenByUs = (rows: readonly SchemaRow[], tables: readonly Table[]): boolean => {
  const known = textsOf.get(tables) ?? storeTables(tables);
  textsOf.set(tables, known);
  let count = 0;
  for (const { type, name, sql } of rows) {
    if (type !== 'table' || name.startsWith('sqlite_stat')) continue;
    if (known.get(name) !== sql) return false;
    count += 1;
  }
  return count === known.size;
};

/** Throws UserError for a file whose schema is none that a tokenquery makes. What its views say is not looked at. */
export const judgeSchema = (
  db: Db,
  rows: readonly SchemaRow[],
  tables: readonly Table[],
  { path, version }: { readonly path: string; readonly version: number },
): void => {
  const judge = new ShapeJudge(path, Math.min(version, layoutVersion));
  if (isWrittenByUs(rows, tables)) {
    const others = new Map(rows.flatMap(({ type, name }) => (type === 'view' ? [[name, 'view']] : [])));
    judge.schema(rows, others);
    return;
  }
  const held = readShapes(db);
  judge.schema(rows, held.others);
  judge.tables(held.tables, shapesOf(tables));
};
