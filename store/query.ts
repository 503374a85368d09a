/** What an analyst's statement sees of a store, and what it does not see. */
import { touchedTables } from './gate.ts';
import { quoteName } from './ddl.ts';
import type { Store } from './file.ts';
import { asOfViews } from './schema.ts';

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
  // It reads every table, and speaks of looks that were good.
  if (/\bchanges\b/i.test(sql)) return new Set();
  const known = new Set(tables.map(({ name }) => name));
  const touched = new Set<string>();
  for (const name of touchedTables(db, sql)) {
    const table = name.replace(/^_(?:current|past)_/, '');
    if (known.has(table)) touched.add(table);
  }
  return touched;
};

export interface BlindSpot {
  readonly table: string;
  readonly status: string;
  /** Null when several hosts give different reasons. */
  readonly reason: string | null;
  readonly hosts: number;
}

/** Which of the tables could not be looked at in the last snapshot of how many hosts. */
export const blindSpots = (
  { db }: Store,
  touched: ReadonlySet<string>,
): { readonly spots: readonly BlindSpot[]; readonly hosts: number } => {
  if (touched.size === 0) return { spots: [], hosts: 0 };
  const hosts = db.prepare('SELECT count(*) FROM _host').pluck().get() as number;
  const names = [...touched];
  const spots = db
    .prepare(
      'SELECT table_name AS "table", status, CASE WHEN count(DISTINCT reason) = 1 THEN max(reason) END AS reason, ' +
        'count(*) AS hosts FROM table_status ' +
        `WHERE status NOT IN ('ok', 'empty') AND table_name IN (${names.map(() => '?').join(', ')}) GROUP BY 1, 2 ORDER BY 1, 2`,
    )
    .all(names) as BlindSpot[];
  return { spots, hosts };
};
