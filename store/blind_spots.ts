/** What an analyst's statement reads of a store, and what of that could not be collected. */
import { isSeen } from '../collector/status.ts';
import { viewAsOf } from './as_of.ts';
import type { Db } from './database.ts';
import type { Store } from './store.ts';
import { analystName, touchedTables } from './guard.ts';
import { widenTables } from './held.ts';
import { openEmptyStore } from './empty.ts';
import { addFunctions } from './osquery_functions.ts';
import { dataTables } from '../collector/table.ts';

const changesColumns =
  'host_id, table_name, change, key, column_name, old_value, new_value, change_time, snapshot_id';

/**
 * The layout of a store, without rows, in which `changes` reads a table of its own: what a statement opens here besides,
 * it does not read through `changes`. A table, for SQLite would leave out what stands beside a view that is always empty.
 */
const layoutWithoutChanges = (store: Store, asOf: number | null): Db => {
  const db = openEmptyStore(widenTables(store.tables, store.difference?.unknownColumns ?? new Map()));
  db.exec('DROP VIEW changes');
  db.exec(`CREATE TABLE _changes (${changesColumns})`);
  db.exec(`CREATE VIEW changes AS SELECT ${changesColumns} FROM _changes`);
  if (asOf !== null) viewAsOf({ ...store, db, standIns: new Map() }, asOf);
  return db;
};

/**
 * What a statement opens otherwise than through `changes`, which speaks of good observations only. All that it opens,
 * where that cannot be told.
 */
const touchedBesideChanges = (store: Store, sql: string, asOf: number | null): ReadonlySet<string> => {
  const touched = touchedTables(store.db, sql);
  const lacking = new Set(store.difference?.lackingTables);
  const opensAll = dataTables(store.tables).every(
    (table) =>
      lacking.has(table) || (touched.has(`_current_${table.name}`) && touched.has(`_past_${table.name}`)),
  );
  // Only a statement on `changes`, or on all that it reads, opens all of them.
  if (!opensAll) return touched;
  const layout = layoutWithoutChanges(store, asOf);
  addFunctions(layout, sql);
  try {
    return touchedTables(layout, sql);
  } catch {
    return touched;
  } finally {
    layout.close();
  }
};

/**
 * The tables that a statement reads, by the names that analysts know.
 *
 * @param asOf The moment that the plain names mean, where it is not the present.
 */
export const touchedNames = (store: Store, sql: string, asOf: number | null = null): ReadonlySet<string> => {
  const known = new Set(store.tables.map(({ name }) => name));
  const touched = new Set<string>();
  for (const name of touchedBesideChanges(store, sql, asOf)) {
    const table = analystName(name);
    if (table === 'findings' || known.has(table)) touched.add(table);
  }
  return touched;
};

export interface BlindSpot {
  readonly table: string;
  /** Null where the table was no part of the last snapshot at all. */
  readonly status: string | null;
  /** Null when several hosts give different reasons. */
  readonly reason: string | null;
  readonly hosts: number;
}

export interface BlindSpots {
  readonly spots: readonly BlindSpot[];
  /** Hosts of which `findings` does not tell how their last snapshot was evaluated. */
  readonly unevaluated: number;
  /** Hosts that have a snapshot, at the moment that is asked about. */
  readonly seen: number;
  readonly hosts: number;
}

/** On how many hosts a table has a status. */
export type StatusCount = BlindSpot & { readonly status: string };

/**
 * SQL, of every engine, that counts the statuses of some tables.
 *
 * @param names What stands for their names, in a list.
 * @param isAsked A condition on the host.
 */
export const statusesSql = (names: string, isAsked: string): string =>
  'SELECT table_name AS "table", status, CASE WHEN count(DISTINCT reason) = 1 THEN max(reason) END AS reason, ' +
  `count(*) AS hosts FROM table_status WHERE ${isAsked} AND table_name IN (${names}) GROUP BY 1, 2 ORDER BY 1, 2`;

/** What of these counts is a blind spot, on so many hosts that were seen. */
export const spotsAmong = (
  found: readonly StatusCount[],
  names: readonly string[],
  seen: number,
): readonly BlindSpot[] => {
  const missing = names.map((table): BlindSpot => {
    const told = found.reduce((sum, spot) => sum + (spot.table === table ? spot.hosts : 0), 0);
    return { table, status: null, reason: null, hosts: seen - told };
  });
  return [...found.filter(({ status }) => !isSeen(status)), ...missing.filter((spot) => spot.hosts > 0)];
};

/**
 * Which tables could not be collected in the last snapshot (before
 * `asOf`, where given), and on how many hosts.
 *
 * @param hostId The one host that is asked about; null for all.
 */
export const blindSpots = (
  { db, tables }: Store,
  touched: ReadonlySet<string>,
  asOf: number | null,
  hostId: string | null = null,
): BlindSpots => {
  const only = hostId === null ? [] : [hostId];
  const isAsked = (of: string): string => (hostId === null ? '1' : `${of}host_id = ?`);
  const count = (sql: string): number => db.prepare(sql).pluck().get(only) as number;
  const hosts = count(`SELECT count(*) FROM main._host WHERE ${isAsked('')}`);
  const seen = asOf === null ? hosts : count(`SELECT count(*) FROM latest_snapshots WHERE ${isAsked('')}`);
  const unevaluated = touched.has('findings')
    ? count(
        'SELECT count(*) FROM latest_snapshots s JOIN main._host h ON h.host_id = s.host_id ' +
          `WHERE ${isAsked('h.')} AND (h.judged_from_time IS NULL OR s.collected_time NOT BETWEEN h.judged_from_time AND h.judged_until_time)`,
      )
    : 0;
  const names = dataTables(tables).flatMap(({ name }) => (touched.has(name) ? [name] : []));
  if (names.length === 0) return { spots: [], unevaluated, seen, hosts };
  const found = db
    .prepare(statusesSql(names.map(() => '?').join(', '), isAsked('')))
    .all([...only, ...names]) as StatusCount[];
  return { spots: spotsAmong(found, names, seen), unevaluated, seen, hosts };
};
