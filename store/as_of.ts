/** A store as it was known at a moment in the past. */
import { quoteName } from './ddl.ts';
import type { Store } from './store.ts';
import { asOfViews } from './schema.ts';
import { throughStandIns } from './stand_ins.ts';

/**
 * Makes the plain names mean a moment, for this connection alone.
 *
 * @param time Unix seconds, or SQL that says them.
 */
export const viewAsOf = ({ db, tables, tableIds, standIns }: Store, time: number | string): void => {
  const changes = standIns.get('changes');
  for (const [name, sql] of asOfViews(tables, (table) => tableIds.get(table) ?? 0, time)) {
    // What stood in under this name is taken up in the text: a view cannot name itself.
    const text = changes === undefined ? sql : throughStandIns(sql.replace('main.changes', `(${changes})`));
    db.exec(`DROP VIEW IF EXISTS temp.${quoteName(name)}`);
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${text}`);
  }
};
