/**
 * A store for the questions of the library: they write no id of a host in another letter case, and need not look for either;
 * and they say in which order they tell.
 */
import { dataTables } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { hostIdOf, quoteName } from './ddl.ts';
import { selectOf } from './meaning.ts';
import { byHost, historyView, readTableNumbers, timedHistoryView } from './schema.ts';
import { isStore } from './seen.ts';

interface View {
  readonly name: string;
  readonly sql: string;
}

/** What the names of a store mean on this connection, those of `--as-of` and of an older file first. */
const viewsOf = (db: Db): readonly View[] =>
  ['sqlite_temp_schema', 'main.sqlite_schema'].flatMap(
    (schema) => db.prepare(`SELECT name, sql FROM ${schema} WHERE type = 'view'`).all() as View[],
  );

/** The same rows as a view has: of a history as this program writes it by their times, of another by their hosts. */
const askedOf = (db: Db, tables: readonly Table[]): ((name: string, text: string) => string) => {
  const numbers = isStore(db) ? readTableNumbers(db) : new Map<string, number>();
  const byHistory = new Map(dataTables(tables).map((table) => [`${table.name}_history`, table]));
  return (name, text) => {
    const table = byHistory.get(name);
    const number = numbers.get(table?.name ?? '');
    return table !== undefined && number !== undefined && text.endsWith(historyView(table, number))
      ? timedHistoryView(table, number)
      : byHost(text);
  };
};

/**
 * Makes ids of hosts compare as they are written, for this connection alone: that is what joins are made of, and where a
 * join minds no case it takes longer. Histories are read by their times, and other rows by their hosts.
 *
 * @param tables What is declared of the tables in the database.
 */
export const withPlainHosts = (db: Db, tables: readonly Table[]): void => {
  const asked = askedOf(db, tables);
  const seen = new Set(['changes']);
  for (const { name, sql } of viewsOf(db)) {
    if (seen.has(name)) continue;
    seen.add(name);
    const text = selectOf(sql);
    const plain = asked(name, text).replaceAll(hostIdOf('h'), 'h.host_id AS host_id');
    if (plain === text) continue;
    db.exec(`DROP VIEW IF EXISTS temp.${quoteName(name)}`);
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${plain}`);
  }
};
