/** A store of which one host is seen at a time. */
import type { Db } from './database.ts';
import { quoteName } from './ddl.ts';
import { visibleNames } from './guard.ts';
import { meaningOf } from './meaning.ts';
import type { Store } from './store.ts';

const hasHost = (db: Db, name: string): boolean =>
  db.prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = 'host_id'").get(name) !== undefined;

/**
 * Makes the names that a statement uses mean the rows of one host, for this connection alone.
 *
 * @returns Chooses the host.
 */
export const viewEachHost = (store: Store, sql: string): ((hostId: string) => void) => {
  const { db } = store;
  const given = sql.toLowerCase();
  const names = visibleNames(store).tables.filter((name) => given.includes(name) && hasHost(db, name));
  db.exec('CREATE TEMP TABLE _asked (host_id TEXT)');
  for (const name of names) {
    const { from } = meaningOf(db, name);
    db.exec(`DROP VIEW IF EXISTS temp.${quoteName(name)}`);
    db.exec(
      `CREATE TEMP VIEW ${quoteName(name)} AS\nSELECT * FROM ${from} WHERE host_id = (SELECT a.host_id FROM temp._asked a)`,
    );
  }
  const drop = db.prepare('DELETE FROM temp._asked');
  const choose = db.prepare('INSERT INTO temp._asked VALUES (?)');
  return (hostId) => {
    drop.run();
    choose.run(hostId);
  };
};
