/**
 * What a store knows and no view of it tells, or not as a copy can hold it: which rows the last looks saw where these are not simply
 * what is known, until when each host was judged, and what changed, in columns of one type. A copy of the views needs it to be
 * judged as the store is (export/lake/).
 */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { hostIdOf } from './ddl.ts';
import { meaningOf } from './meaning.ts';
import { readSeen } from './seen.ts';

/** Temporary, in the place of a view; `fillSeenRows` puts in what there is. */
export const seenRows = 'seen_rows';
/** One row a host. */
export const hostStates = 'host_states';

const hostStatesView =
  `SELECT ${hostIdOf('h')}, h.judged_from_time, h.judged_until_time, h.stored_time, h.ahead_snapshot AS ahead_snapshot_id ` +
  'FROM main._host h';

/** The columns of `changes` in a copy: a value is the text of it, whatever the type of its column is. */
export const changesColumns: Readonly<Record<string, 'TEXT' | 'INTEGER'>> = {
  ...{ host_id: 'TEXT', table_name: 'TEXT', change: 'TEXT', key: 'TEXT', column_name: 'TEXT' },
  ...{ old_value: 'TEXT', new_value: 'TEXT', change_time: 'INTEGER', snapshot_id: 'INTEGER' },
};

const valueColumns: ReadonlySet<string> = new Set(['old_value', 'new_value']);
const ofCopy = 'copied';

/** Makes `changes` tell texts, on top of what it meant. */
const addChanges = (db: Db): void => {
  const { from, view } = meaningOf(db, 'changes');
  if (view?.endsWith(` ${ofCopy}`) === true) return;
  const list = Object.keys(changesColumns).map((name) =>
    valueColumns.has(name) ? `CAST(${name} AS TEXT) AS ${name}` : name,
  );
  if (view !== null) db.exec('DROP VIEW temp.changes');
  db.exec(`CREATE TEMP VIEW changes AS SELECT ${list.join(', ')} FROM ${from} ${ofCopy}`);
};

/** Makes these names mean what a copy holds, on this connection. */
export const addLastLooks = (db: Db): void => {
  addChanges(db);
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
