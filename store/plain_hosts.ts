/** A store for statements that are known to write no id of a host in another letter case: they need not look for either. */
import type { Db } from './database.ts';
import { hostIdOf, quoteName } from './ddl.ts';
import { selectOf } from './meaning.ts';

interface View {
  readonly name: string;
  readonly sql: string;
}

/** What the names of a store mean on this connection, those of `--as-of` and of an older file first. */
const viewsOf = (db: Db): readonly View[] =>
  ['sqlite_temp_schema', 'main.sqlite_schema'].flatMap(
    (schema) => db.prepare(`SELECT name, sql FROM ${schema} WHERE type = 'view'`).all() as View[],
  );

/**
 * Makes ids of hosts compare as they are written, for this connection alone: that is what joins are made of, and where a
 * join minds no case it takes longer.
 */
export const withPlainHosts = (db: Db): void => {
  const seen = new Set(['changes']);
  for (const { name, sql } of viewsOf(db)) {
    if (seen.has(name)) continue;
    seen.add(name);
    const text = selectOf(sql);
    const plain = text.replaceAll(hostIdOf('h'), 'h.host_id AS host_id');
    if (plain === text) continue;
    db.exec(`DROP VIEW IF EXISTS temp.${quoteName(name)}`);
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${plain}`);
  }
};
