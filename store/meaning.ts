/** What a name stands for on a connection: SQLite looks for a temporary view first, and a view cannot name itself. */
import type { Db } from './database.ts';
import { quoteName } from './ddl.ts';

/** The SELECT of a view, of its whole statement. */
export const selectOf = (view: string): string => view.slice(view.search(/\sAS\s/) + ' AS '.length);

/** A name as SQL to select from, and the statement of the temporary view that it is, if it is one. */
export const meaningOf = (db: Db, name: string): { readonly from: string; readonly view: string | null } => {
  const view = db
    .prepare("SELECT sql FROM temp.sqlite_schema WHERE type = 'view' AND name = ?")
    .pluck()
    .get(name) as string | undefined;
  return view === undefined
    ? { from: `main.${quoteName(name)}`, view: null }
    : { from: `(${selectOf(view)})`, view };
};

// The others tell of the file, or what table_status tells.
const ofNoHost: ReadonlySet<string> = new Set(['changes', 'about', 'blind_spots', 'columns']);

/** The views of a store that questions read of one host apart. */
export const hostViews = (db: Db): readonly string[] =>
  (db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'view'").pluck().all() as string[]).filter(
    (name) => !ofNoHost.has(name),
  );

/** Under this name a connection says that it has views of its own, and that those of the file are not to be run. */
export const ownViewsMark = '_own_views';

/**
 * Makes `changes` be read once, where a statement names it more than once or in a WITH: it is put together of some hundred SELECTs.
 * SQLite would take up each of the one in each of the other, and resolves no expression of a WITH behind 1000 tables of a statement.
 */
export const readChangesOnce = (db: Db, sql: string): void => {
  const named = sql.match(/\bchanges\b/gi)?.length ?? 0;
  if (named === 0 || (named === 1 && !/\bwith\b/i.test(sql))) return;
  const { from } = meaningOf(db, 'changes');
  db.exec('DROP TABLE IF EXISTS temp._changes');
  db.exec(`CREATE TEMP TABLE _changes AS\nSELECT * FROM ${from}`);
  db.exec('DROP VIEW IF EXISTS temp.changes');
  db.exec('CREATE TEMP VIEW changes AS\nSELECT * FROM temp._changes');
};
