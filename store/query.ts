/** What an analyst's statement sees of a store, and what it does not see. */
import { touchedTables } from './gate.ts';
import { quoteName } from './ddl.ts';
import type { Store } from './file.ts';
import { asOfViews, dataTables } from './schema.ts';

/** Makes the plain names mean a moment, for this connection alone. */
export const lookBack = ({ db, tables, tabs }: Store, time: number): void => {
  for (const [name, sql] of asOfViews(tables, (table) => tabs.get(table) ?? 0, time)) {
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${sql}`);
  }
};

/** The names and columns that a statement may use, for messages that suggest the near one. */
export const visibleNames = ({
  db,
  tables,
}: Store): { readonly tables: readonly string[]; readonly columns: readonly string[] } => ({
  tables: db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all() as string[],
  columns: [
    ...new Set([
      ...tables.flatMap(({ columns }) => Object.keys(columns)),
      ...['host_id', 'valid_from_time', 'valid_until_time', 'first_snapshot_id', 'last_snapshot_id'],
      ...[
        'snapshot_id',
        'sequence',
        'collected_time',
        'ingested_time',
        'origin',
        'tool_version',
        'schema_version',
      ],
      ...['change', 'change_time', 'column_name', 'old_value', 'new_value', 'key', 'redaction'],
    ]),
  ],
});

/** The tables that a statement reads, by the names that analysts know. */
export const touchedNames = ({ db, tables }: Store, sql: string): ReadonlySet<string> => {
  const names = touchedTables(db, sql);
  const touched = new Set<string>();
  if (names.has('_finding')) touched.add('findings');
  // It reads every table, and speaks of looks that were good.
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
  /** Hosts of which `findings` does not tell how their last snapshot was judged. */
  readonly unjudged: number;
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
  const unjudged = touched.has('findings')
    ? count(
        'SELECT count(*) FROM latest_snapshots s JOIN main._host h ON h.host_id = s.host_id ' +
          'WHERE h.judged_from_time IS NULL OR s.collected_time NOT BETWEEN h.judged_from_time AND h.judged_until_time',
      )
    : 0;
  const names = dataTables(tables).flatMap(({ name }) => (touched.has(name) ? [name] : []));
  if (names.length === 0) return { spots: [], unjudged, seen, hosts };
  const found = db
    .prepare(
      'SELECT table_name AS "table", status, CASE WHEN count(DISTINCT reason) = 1 THEN max(reason) END AS reason, ' +
        `count(*) AS hosts FROM table_status WHERE table_name IN (${names.map(() => '?').join(', ')}) GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all(names) as BlindSpot[];
  const missing = names.map((table): BlindSpot => {
    const told = found.reduce((sum, spot) => sum + (spot.table === table ? spot.hosts : 0), 0);
    return { table, status: null, reason: null, hosts: seen - told };
  });
  const spots = [
    ...found.filter(({ status }) => status !== 'ok' && status !== 'empty'),
    ...missing.filter((spot) => spot.hosts > 0),
  ];
  return { spots, unjudged, seen, hosts };
};
