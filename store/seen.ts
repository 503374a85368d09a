/**
 * What the last look at each host told, in place of what is known of it: a question rests on nothing else.
 *
 * A store keeps the last known value where a partial look could not see; a table says of columns that they rest on a source
 * that failed (`columns_uncertain`). Neither is a fact of now. Within `asSeen` the plain names of the tables mean the rows of
 * the last look, and a value that is not certain is NULL. So a database and the evidence of its last look answer alike.
 */
import type { Table } from '../collector/table.ts';
import { isCounted } from './clocks.ts';
import type { Db, Preparing } from './database.ts';
import { collationOf, quoteName, quoteText } from './ddl.ts';
import { uncertainColumns } from './history.ts';
import { unguarded } from './guard.ts';
import { hostViews, meaningOf } from './meaning.ts';
import { namesOf, observationReader, readPackedRows, statementCache } from './reader.ts';
import type { ObservationStatus } from './reader.ts';
import { dataTables } from '../collector/table.ts';
import { readTableNumbers } from './schema.ts';
import type { Cells } from './snapshot.ts';

/** The last look at a host, by the numbers of the store. */
interface LastLook {
  readonly host: number;
  readonly hostId: string;
  readonly look: number;
  readonly time: number;
  readonly reading: number;
  readonly id: number;
}

/** A column that is told and not certain; `canSettle` where its declaration may say of a row that it is all the same. */
export interface Doubt {
  readonly table: string;
  readonly column: string;
  readonly hostId: string;
  readonly canSettle: boolean;
}

/** The rows of a host in one table, where they are not those that are known. */
interface Replaced {
  readonly hostId: string;
  readonly rows: readonly Cells[];
}

export const isStore = (db: Preparing): boolean =>
  db.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = '_look_table'").get() !== undefined;

/** The last look at each host, as `latest_snapshots` means it: also under `--as-of`, and of one host alone. */
const readLastLooks = (db: Preparing): readonly LastLook[] =>
  db
    .prepare(
      'SELECT h.host, h.host_id AS hostId, s.look, s.collected_time AS time, s.reading, s.snapshot_id AS id FROM latest_snapshots l ' +
        'JOIN main._host h ON h.host_id = l.host_id JOIN main._snapshot s ON s.host = h.host ' +
        'AND s.collected_time = l.collected_time AND s.snapshot_id = l.snapshot_id',
    )
    .all() as LastLook[];

/** Packed rows that a look saw where they are not simply what is known; null where they are. */
const packedRowsReader = (db: Preparing): ((last: LastLook, tableId: number) => Uint8Array | null) => {
  const aside = db
    .prepare('SELECT raw FROM _aside WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?')
    .pluck();
  const point = db
    .prepare(
      'SELECT p.raw FROM _partial p LEFT JOIN _snapshot s ON s.host = p.host AND s.collected_time = p.time ' +
        'AND s.snapshot_id = p.snapshot_id WHERE p.host = ? AND p.tab = ? ' +
        'AND (p.time, coalesce(s.reading, 0), p.snapshot_id) <= (?, ?, ?) ' +
        'ORDER BY p.time DESC, coalesce(s.reading, 0) DESC, p.snapshot_id DESC LIMIT 1',
    )
    .pluck();
  return ({ host, time, reading, id }, tableId) =>
    (aside.get(host, tableId, time, id) ??
      point.get(host, tableId, time, reading, id) ??
      null) as Uint8Array | null;
};

/** Of which hosts the last look told other rows of a table than those that are known. */
const replacedRows = (
  table: Table,
  tableId: number,
  looks: readonly LastLook[],
  toldBy: (last: LastLook, tableId: number) => ObservationStatus | undefined,
  packedRows: ReturnType<typeof packedRowsReader>,
): Replaced[] =>
  looks.flatMap((last): Replaced[] => {
    const of = toldBy(last, tableId);
    if (of === undefined || !of.holdsRows) return [{ hostId: last.hostId, rows: [] }];
    if (of.status !== 'partial') return [];
    const raw = packedRows(last, tableId);
    return raw === null ? [] : [{ hostId: last.hostId, rows: readPackedRows(raw, table) }];
  });

/** What `table_status` tells of the doubts of a table. */
interface StatusDoubts {
  readonly hostId: string;
  readonly table: string;
  /** Null where whoever made it did not tell. */
  readonly uncertain: readonly string[] | null;
  readonly failed: readonly string[] | null;
}

const readStatusDoubts = (db: Preparing): readonly StatusDoubts[] => {
  const rows = db
    .prepare(
      'SELECT host_id AS hostId, table_name AS "table", columns_uncertain AS uncertain, failed_sources AS failed FROM table_status ' +
        "WHERE columns_uncertain <> '[]' OR (columns_uncertain IS NULL AND status = 'partial')",
    )
    .all() as { hostId: string; table: string; uncertain: string | null; failed: string | null }[];
  return rows.map(({ uncertain, failed, ...row }) => ({
    ...row,
    uncertain: namesOf(uncertain),
    failed: namesOf(failed),
  }));
};

/** Older versions did not tell what is uncertain: then it is all that rests on what failed. */
const uncertainByLook = (table: Table, told: ObservationStatus | undefined): readonly string[] => {
  if (told === undefined) return [];
  const names = Object.keys(table.columns);
  const { affected, failed } = told;
  return [...uncertainColumns(table, { affected, failed })]
    .flatMap((index) => names[index] ?? [])
    .filter((name) => !table.key.includes(name));
};

/** How a column says that nothing is known; undefined for one that cannot, and for one of a newer version. */
export const unknownOf = (table: Table, name: string): string | undefined => {
  const column = table.columns[name];
  if (column === undefined) return undefined;
  if (column.isRequired !== true) return 'NULL';
  return column.values?.includes('unknown') === true ? "'unknown'" : undefined;
};

/** Whether none of the sources failed that settle a column. */
const canSettle = (table: Table, column: string, failed: readonly string[] | null): boolean => {
  const settled = table.columns[column]?.settled;
  if (settled === undefined) return false;
  return (
    settled.by.length === 0 || (failed !== null && settled.by.every((source) => !failed.includes(source)))
  );
};

/** A table of a host of which what a complete look saw shortly before the last one counts. */
export interface Recent {
  readonly hostId: string;
  readonly table: string;
  readonly status: string;
  readonly affected: string | null;
}

export interface Seen {
  readonly doubts: readonly Doubt[];
  readonly replaced: ReadonlyMap<string, readonly Replaced[]>;
  readonly recent: readonly Recent[];
}

/** The last complete look at a table of a host that is not older, before its last look, than is allowed. */
const recentReader = (
  db: Preparing,
  maxAge: number,
): ((last: LastLook, tableId: number) => Pick<Recent, 'status' | 'affected'> | undefined) => {
  if (maxAge === 0) return () => undefined;
  const find = db.prepare(
    'SELECT l.status, l.columns_affected AS affected FROM _snapshot s JOIN _look_table l ON l.look = s.look AND l.tab = ? ' +
      `WHERE s.host = ? AND ${isCounted('s')} AND l.status IN ('ok', 'empty') AND s.collected_time BETWEEN ? AND ? ` +
      'ORDER BY s.collected_time DESC, s.reading DESC, s.snapshot_id DESC LIMIT 1',
  );
  return ({ host, time }, tableId) =>
    find.get(tableId, host, time - maxAge, time) as Pick<Recent, 'status' | 'affected'> | undefined;
};

const toldNothing = (): undefined => undefined;

export const readSeen = (db: Preparing, tables: readonly Table[], maxAge: number): Seen => {
  const byName = new Map(dataTables(tables).map((table) => [table.name, table]));
  const replaced = new Map<string, readonly Replaced[]>();
  const recent: Recent[] = [];
  let toldOf: (hostId: string, table: string) => ObservationStatus | undefined = toldNothing;
  if (isStore(db)) {
    const looks = readLastLooks(db);
    const packedRows = packedRowsReader(db);
    const recentLook = recentReader(db, maxAge);
    const tableIds = readTableNumbers(db);
    const observationsOf = observationReader(statementCache(db));
    const toldBy = ({ look }: LastLook, tableId: number): ObservationStatus | undefined =>
      observationsOf(look).get(tableId);
    for (const [name, table] of byName) {
      const tableId = tableIds.get(name) ?? -1;
      const current = looks.filter((last) => {
        const { status } = toldBy(last, tableId) ?? {};
        const found = status === 'ok' || status === 'empty' ? undefined : recentLook(last, tableId);
        if (found !== undefined) recent.push({ ...found, table: name, hostId: last.hostId });
        return found === undefined;
      });
      const own = replacedRows(table, tableId, current, toldBy, packedRows);
      if (own.length > 0) replaced.set(name, own);
    }
    const lastOf = new Map(looks.map((last) => [last.hostId, last]));
    toldOf = (hostId, table) => {
      const last = lastOf.get(hostId);
      return last === undefined ? undefined : toldBy(last, tableIds.get(table) ?? -1);
    };
  }
  const isRecent = new Set(recent.map(({ hostId, table }) => `${table} ${hostId}`));
  const doubts = readStatusDoubts(db).flatMap(({ hostId, table: name, uncertain, failed }) => {
    const table = byName.get(name);
    if (table === undefined || isRecent.has(`${name} ${hostId}`)) return [];
    return (uncertain ?? uncertainByLook(table, toldOf(hostId, name)))
      .filter((column) => unknownOf(table, column) !== undefined)
      .map((column): Doubt => ({ table: name, column, hostId, canSettle: canSettle(table, column, failed) }));
  });
  return { doubts, replaced, recent };
};

const doubtTable = '_doubt';
const seenTable = (name: string): string => `_seen_${name}`;
const replacedTable = (name: string): string => `_replaced_${name}`;

/** A column where the last look told it for certain, else unknown. */
const certain = (table: Table, name: string): string => {
  const settled = table.columns[name]?.settled;
  const isSettled =
    settled === undefined ? '' : ` AND NOT (d.can_settle = 1 AND COALESCE(${settled.where}, 0))`;
  return (
    `CASE WHEN EXISTS (SELECT 1 FROM temp.${doubtTable} d WHERE d.table_name = ${quoteText(table.name)} ` +
    `AND d.column_name = ${quoteText(name)} AND d.host_id = t.host_id${isSettled}) ` +
    `THEN ${unknownOf(table, name)} ELSE t.${quoteName(name)} END AS ${quoteName(name)}`
  );
};

const fill = (db: Db, table: Table, replaced: readonly Replaced[]): void => {
  const { name } = table;
  // Ids of hosts compare as they are written where the library asks (plain_hosts.ts). With other types than those of the store
  // SQLite would not look behind the view, and read all of it each time.
  const columns = [
    ...Object.entries(table.columns).map(
      ([column, { type }]) => `${quoteName(column)} ${type}${collationOf(column)}`,
    ),
    'host_id TEXT',
  ].join(', ');
  const own = quoteName(seenTable(name));
  db.exec(`CREATE TEMP TABLE ${quoteName(replacedTable(name))} (host_id TEXT PRIMARY KEY) WITHOUT ROWID`);
  db.exec(`CREATE TEMP TABLE ${own} (${columns})`);
  const host = db.prepare(`INSERT OR IGNORE INTO temp.${quoteName(replacedTable(name))} VALUES (?)`);
  const row = db.prepare(
    `INSERT INTO temp.${own} VALUES (${Array.from({ length: Object.keys(table.columns).length + 1 }, () => '?').join(', ')})`,
  );
  for (const { hostId, rows } of replaced) {
    host.run(hostId);
    for (const cells of rows) row.run(...cells, hostId);
  }
  db.exec(`CREATE INDEX temp.${quoteName(`${seenTable(name)}_host`)} ON ${own} (host_id)`);
};

/** The view that means a table as the last look told it. */
const seenView = (table: Table, from: string, doubtful: ReadonlySet<string>, isReplaced: boolean): string => {
  const { name } = table;
  const columns = Object.keys(table.columns)
    .map((column) => (doubtful.has(column) ? certain(table, column) : `t.${quoteName(column)}`))
    .join(', ');
  const arm = (relation: string): string => `SELECT ${columns}, t.host_id FROM ${relation} t`;
  if (!isReplaced) return arm(from);
  return (
    `${arm(from)} WHERE t.host_id NOT IN (SELECT host_id FROM temp.${quoteName(replacedTable(name))})\n` +
    `UNION ALL\n${arm(`temp.${quoteName(seenTable(name))}`)}`
  );
};

/** Puts a view into the place of a name; returns what puts back what was there, the last first. */
const replaceView = (db: Db, name: string, view: string | null, text: string): string[] => {
  const drop = `DROP VIEW temp.${quoteName(name)}`;
  if (view !== null) db.exec(drop);
  db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS ${text}`);
  return view === null ? [drop] : [view.replace(/^CREATE VIEW/, 'CREATE TEMP VIEW'), drop];
};

const recentTable = '_recent';

/** Makes `table_status` tell of the looks that count. */
const showRecent = (db: Db, tables: readonly Table[], recent: readonly Recent[]): string[] => {
  db.exec(
    `CREATE TEMP TABLE ${recentTable} (table_name TEXT, host_id TEXT, status TEXT, columns_affected TEXT, PRIMARY KEY (table_name, host_id)) WITHOUT ROWID`,
  );
  const insert = db.prepare(`INSERT INTO temp.${recentTable} VALUES (?, ?, ?, ?)`);
  for (const { table, hostId, status, affected } of recent) insert.run(table, hostId, status, affected);
  const { from, view } = meaningOf(db, 'table_status');
  const columns = Object.keys(tables.find(({ name }) => name === 'table_status')?.columns ?? {});
  const ofRecent = new Set(['table_name', 'status', 'columns_affected']);
  const own = columns.map((name) => (ofRecent.has(name) ? `r.${name}` : `NULL AS ${name}`));
  const text =
    `SELECT ${columns.map((name) => `t.${name}`).join(', ')}, t.host_id FROM ${from} t WHERE NOT EXISTS (SELECT 1 FROM temp.${recentTable} r ` +
    `WHERE r.table_name = t.table_name AND r.host_id = t.host_id)\nUNION ALL\n` +
    `SELECT ${own.join(', ')}, r.host_id FROM temp.${recentTable} r`;
  return [`DROP TABLE temp.${recentTable}`, ...replaceView(db, 'table_status', view, text)];
};

/** Makes the names mean what was seen; returns what makes them mean again what they meant, the last first. */
const show = (db: Db, tables: readonly Table[], { doubts, replaced, recent }: Seen): readonly string[] => {
  const undo: string[] = recent.length === 0 ? [] : showRecent(db, tables, recent);
  const doubtful = Map.groupBy(doubts, ({ table }) => table);
  if (doubts.length > 0) {
    db.exec(
      `CREATE TEMP TABLE ${doubtTable} (table_name TEXT, column_name TEXT, host_id TEXT, can_settle INTEGER, PRIMARY KEY (table_name, column_name, host_id)) WITHOUT ROWID`,
    );
    undo.push(`DROP TABLE temp.${doubtTable}`);
    const insert = db.prepare(`INSERT OR IGNORE INTO temp.${doubtTable} VALUES (?, ?, ?, ?)`);
    for (const { table, column, hostId, canSettle: can } of doubts)
      insert.run(table, column, hostId, can ? 1 : 0);
  }
  for (const table of dataTables(tables)) {
    const { name } = table;
    const own = replaced.get(name);
    const columns = new Set((doubtful.get(name) ?? []).map(({ column }) => column));
    if (own === undefined && columns.size === 0) continue;
    const { from, view } = meaningOf(db, name);
    if (own !== undefined) {
      fill(db, table, own);
      undo.push(`DROP TABLE temp.${quoteName(seenTable(name))}`);
      undo.push(`DROP TABLE temp.${quoteName(replacedTable(name))}`);
    }
    undo.push(...replaceView(db, name, view, seenView(table, from, columns, own !== undefined)));
  }
  return undo;
};

const isPlain = ({ doubts, replaced, recent }: Seen): boolean =>
  doubts.length === 0 && replaced.size === 0 && recent.length === 0;

/** Does work where names mean something else; `change` says how they come to, and returns how that ends. */
const under = <T>(db: Db, change: () => readonly string[], work: () => T): T => {
  const undo = unguarded(db, change);
  try {
    return work();
  } finally {
    unguarded(db, () => {
      for (const sql of undo.toReversed()) db.exec(sql);
    });
  }
};

/**
 * Does work on a connection on which the names of the tables mean what the last look at each host told.
 *
 * @param maxAge Seconds: so long before the last look a complete one of a table may be, and counts in its place.
 */
export const asSeen = <T>(db: Db, tables: readonly Table[], maxAge: number, work: () => T): T => {
  const seen = readSeen(db, tables, maxAge);
  return isPlain(seen) ? work() : under(db, () => show(db, tables, seen), work);
};

/** Makes every view of a store show some hosts only: these, or all but these. */
const showOnly = (db: Db, which: 'IN' | 'NOT IN', hostIds: ReadonlySet<string>): string[] => {
  const some = which === 'IN' ? '_odd' : '_others';
  db.exec(`CREATE TEMP TABLE ${some} (host_id TEXT PRIMARY KEY) WITHOUT ROWID`);
  const insert = db.prepare(`INSERT INTO temp.${some} VALUES (?)`);
  for (const hostId of hostIds) insert.run(hostId);
  return [
    `DROP TABLE temp.${some}`,
    ...hostViews(db).flatMap((name) => {
      const { from, view } = meaningOf(db, name);
      const text = `SELECT t.* FROM ${from} t WHERE t.host_id ${which} (SELECT host_id FROM temp.${some})`;
      return replaceView(db, name, view, text);
    }),
  ];
};

/** The hosts whose last look told otherwise than is known. */
const oddHosts = ({ doubts, replaced, recent }: Seen): ReadonlySet<string> =>
  new Set([...doubts, ...[...replaced.values()].flat(), ...recent].map(({ hostId }) => hostId));

/** From so many hosts on the plain ones are asked apart. */
const leastOfParts = 100;

/** What came of work, and of which hosts it is true. */
export interface Part<T> {
  readonly of: T;
  isTrueOf(this: void, hostId: string): boolean;
}

/**
 * The same for work that asks each host apart: one time for the hosts of which what is known was seen last, and one time for the
 * others, so that the plain ones of a large store do not pay for the rest.
 */
export const asSeenInParts = <T>(
  db: Db,
  tables: readonly Table[],
  maxAge: number,
  work: () => T,
): readonly Part<T>[] => {
  const all = (of: T): readonly Part<T>[] => [{ of, isTrueOf: () => true }];
  const seen = readSeen(db, tables, maxAge);
  if (isPlain(seen)) return all(work());
  const odd = oddHosts(seen);
  const count = isStore(db) ? Number(db.prepare('SELECT count(*) FROM main._host').pluck().get()) : 1;
  // Of few hosts, to prepare each statement twice takes longer than to look behind the views.
  if (count < leastOfParts || odd.size * 2 > count) return all(under(db, () => show(db, tables, seen), work));
  return [
    { of: work(), isTrueOf: (hostId) => !odd.has(hostId) },
    {
      of: under(db, () => [...showOnly(db, 'IN', odd), ...show(db, tables, seen)], work),
      isTrueOf: (hostId) => odd.has(hostId),
    },
  ];
};

/** Does work on a store that seems to hold no other hosts. */
export const without = <T>(db: Db, hostIds: ReadonlySet<string>, work: () => T): T =>
  under(db, () => showOnly(db, 'NOT IN', hostIds), work);

/** How names come to mean what the last look told, while work is done. */
export interface Seeing extends Preparing {
  whole<T>(maxAge: number, work: () => T): T;
  /** For work that asks each host apart. */
  inParts<T>(maxAge: number, work: () => T): readonly Part<T>[];
}
