/** What an analyst's statement reads of a store, and what of that could not be looked at. */
import { isSeen } from '../collector/status.ts';
import { touchedTables } from './guard.ts';
import type { Store } from './file.ts';
import { dataTables } from './schema.ts';

/** The tables that a statement reads, by the names that analysts know. */
export const touchedNames = ({ db, tables }: Store, sql: string): ReadonlySet<string> => {
  const names = touchedTables(db, sql);
  const touched = new Set<string>();
  if (names.has('_finding')) touched.add('findings');
  // It reads every table, and speaks of observations that were good.
  if (/\bchanges\b/i.test(sql)) return touched;
  const known = new Set(tables.map(({ name }) => name));
  for (const name of names) {
    const table = name.replace(/^_(?:current|past)_/, '');
    if (known.has(table)) touched.add(table);
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

/** Which of the tables could not be looked at in the last snapshot of how many hosts; before `asOf`, where one is given. */
export const blindSpots = (
  { db, tables }: Store,
  touched: ReadonlySet<string>,
  asOf: number | null,
): BlindSpots => {
  const count = (sql: string): number => db.prepare(sql).pluck().get() as number;
  const hosts = count('SELECT count(*) FROM main._host');
  const seen = asOf === null ? hosts : count('SELECT count(*) FROM latest_snapshots');
  const unevaluated = touched.has('findings')
    ? count(
        'SELECT count(*) FROM latest_snapshots s JOIN main._host h ON h.host_id = s.host_id ' +
          'WHERE h.judged_from_time IS NULL OR s.collected_time NOT BETWEEN h.judged_from_time AND h.judged_until_time',
      )
    : 0;
  const names = dataTables(tables).flatMap(({ name }) => (touched.has(name) ? [name] : []));
  if (names.length === 0) return { spots: [], unevaluated, seen, hosts };
  const found = db
    .prepare(
      'SELECT table_name AS "table", status, CASE WHEN count(DISTINCT reason) = 1 THEN max(reason) END AS reason, ' +
        `count(*) AS hosts FROM table_status WHERE table_name IN (${names.map(() => '?').join(', ')}) GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all(names) as (BlindSpot & { readonly status: string })[];
  const missing = names.map((table): BlindSpot => {
    const told = found.reduce((sum, spot) => sum + (spot.table === table ? spot.hosts : 0), 0);
    return { table, status: null, reason: null, hosts: seen - told };
  });
  const spots = [
    ...found.filter(({ status }) => !isSeen(status)),
    ...missing.filter((spot) => spot.hosts > 0),
  ];
  return { spots, unevaluated, seen, hosts };
};
