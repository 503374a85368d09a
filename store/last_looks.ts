/**
 * What a store knows of the last looks and no view of it tells: which rows they saw where these are not simply what is known, and
 * until when the host was judged. A copy of the views needs it to be judged as the store is (export/lake/).
 */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { hostIdOf } from './ddl.ts';
import { readSeen } from './seen.ts';

/** Temporary, in the place of a view; `fillSeenRows` puts in what there is. */
export const seenRows = 'seen_rows';
/** One row a host. */
export const hostStates = 'host_states';

const hostStatesView =
  `SELECT ${hostIdOf('h')}, h.judged_from_time, h.judged_until_time, h.stored_time, h.ahead_snapshot AS ahead_snapshot_id ` +
  'FROM main._host h';

/** Makes both names mean something on this connection. */
export const addLastLooks = (db: Db): void => {
  db.exec(
    `CREATE TEMP TABLE IF NOT EXISTS ${seenRows} (table_name TEXT, "row" TEXT, host_id TEXT COLLATE NOCASE)`,
  );
  db.exec(`CREATE TEMP VIEW IF NOT EXISTS ${hostStates} AS ${hostStatesView}`);
};

/** A row for each that the last look at a host saw, as JSON; one that is NULL where it saw none, though some are known. */
export const fillSeenRows = (db: Db, tables: readonly Table[]): void => {
  db.exec(`DELETE FROM temp.${seenRows}`);
  const insert = db.prepare(`INSERT INTO temp.${seenRows} VALUES (?, ?, ?)`);
  for (const [name, replaced] of readSeen(db, tables, 0).replaced) {
    const columns = Object.keys(tables.find((table) => table.name === name)?.columns ?? {});
    for (const { hostId, rows } of replaced) {
      if (rows.length === 0) insert.run(name, null, hostId);
      for (const cells of rows)
        insert.run(
          name,
          JSON.stringify(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? null]))),
          hostId,
        );
    }
  }
};
