/** What a store file holds: its tables, and the views that analysts see. docs/store.md explains the layout. */
import { dataTables } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { columnStatusView } from './column_status.ts';
import { isCounted, isNewest, placeOf, wasNewest } from './clocks.ts';
import type { Db, Preparing } from './database.ts';
import { collationOf, hostIdOf, ownColumnDefinitions, quoteName, quoteText } from './ddl.ts';
import { doubtColumns } from './doubts.ts';
import { hasAccounts, isRenamed } from './renames.ts';
import { findingTables, findingViews, findingsAsOf } from './findings.ts';
import {
  findingEventIndexes,
  findingEventTables,
  findingEventViews,
  findingEventsAsOf,
} from './finding_events.ts';
import { verdictTables, verdictViews, verdictsAsOf } from './verdicts.ts';
import { describedViews, notSeenView } from './self_description.ts';

/** 'tkqy': in the header of every store file. */
export const applicationId = 0x746b_7179;
/**
 * Of the file: goes up with every change of the store's own tables and of what stands before the columns of a declared
 * one; a test holds both together. A declared table or column that is added is none: upgrade.ts adds it.
 */
export const layoutVersion = 5;
/** Of the views and indexes: goes up with every change of them, so that those in older files are made anew. */
export const viewsVersion = 6;
/**
 * Of the rows: goes up when a column changes its meaning, its type or its name, or a table its key. It is part of every
 * row id, so that a receiver takes the rows of either version for different ones.
 */
export const schemaVersion = 1;

export interface Schema {
  readonly tables: readonly Table[];
  readonly version: number;
}

/**
 * How a row version began: with the first good observation of its table,
 * as a new row, or by a change of a row.
 */
export type Began = 'baseline' | 'added' | 'changed';
/** How a row version ended; superseded: by a newer reading of what had not changed. */
export type Ended = 'changed' | 'removed' | 'superseded';
/** The numbers that stand for them in the file. */
export const beganNumbers = { baseline: 0, added: 1, changed: 2 } as const satisfies Record<Began, number>;
export const endedNumbers = { changed: 1, removed: 2, superseded: 3 } as const satisfies Record<
  Ended,
  number
>;

const wordReader = <W extends string>(numbers: Readonly<Record<W, number>>): ((number: number) => W) => {
  const words: W[] = [];
  for (const word in numbers) words[numbers[word]] = word;
  return (number) => words[number] as W;
};
export const beganOf = wordReader(beganNumbers);
export const endedOf = wordReader(endedNumbers);

const joined = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join(',\n');

export const currentName = (table: Table): string => quoteName(`_current_${table.name}`);
export const pastName = (table: Table): string => quoteName(`_past_${table.name}`);

// A version whose words a newer reading put in place of older ones keeps where it began, and _read_… says
// where the newer reading took over; the older one, superseded, stays for what was known before. A row
// version that began with the first good observation of its table (baseline) says nothing about when: that is
// held once for the host and table, in _state.
const currentTable = (table: Table, name: string): string =>
  `CREATE TABLE ${name} (\n${joined([
    '_host INTEGER NOT NULL',
    '_n INTEGER NOT NULL',
    '_began INTEGER NOT NULL DEFAULT 0',
    '_from_time INTEGER',
    '_first_snapshot INTEGER',
    '_read_time INTEGER',
    '_read_snapshot INTEGER',
    ...ownColumnDefinitions(table),
    'PRIMARY KEY (_host, _n)',
  ])}\n) STRICT, WITHOUT ROWID`;

const pastTable = (table: Table, name: string): string =>
  `CREATE TABLE ${name} (\n${joined([
    '_host INTEGER NOT NULL',
    '_n INTEGER NOT NULL',
    '_began INTEGER NOT NULL DEFAULT 0',
    '_from_time INTEGER',
    '_first_snapshot INTEGER',
    '_read_time INTEGER',
    '_read_snapshot INTEGER',
    '_until_time INTEGER NOT NULL',
    '_until_snapshot INTEGER NOT NULL',
    '_last_snapshot INTEGER NOT NULL',
    '_ended INTEGER NOT NULL',
    ...ownColumnDefinitions(table),
    'PRIMARY KEY (_host, _n, _until_time, _until_snapshot, _ended)',
  ])}\n) STRICT, WITHOUT ROWID`;

const commonTables: Readonly<Record<string, string>> = {
  _host: `CREATE TABLE "_host" (
  host INTEGER PRIMARY KEY,
  host_id TEXT NOT NULL UNIQUE,
  last_time INTEGER,
  last_snapshot INTEGER,
  has_report BLOB,
  judged_from_time INTEGER,
  judged_until_time INTEGER,
  stored_time INTEGER,
  ahead_snapshot INTEGER
) STRICT`,
  _table: `CREATE TABLE "_table" (
  tab INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT`,
  _look: `CREATE TABLE "_look" (
  look INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE
) STRICT`,
  _look_table: `CREATE TABLE "_look_table" (
  look INTEGER NOT NULL,
  tab INTEGER NOT NULL,
  status TEXT NOT NULL,
  is_good INTEGER NOT NULL,
  columns_affected TEXT,
  sources_failed TEXT,
  columns_absent TEXT,
  PRIMARY KEY (look, tab)
) STRICT, WITHOUT ROWID`,
  _snapshot: `CREATE TABLE "_snapshot" (
  host INTEGER NOT NULL,
  collected_time INTEGER NOT NULL,
  snapshot_id INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  look INTEGER NOT NULL,
  ingested_time INTEGER NOT NULL,
  status TEXT NOT NULL,
  origin TEXT NOT NULL,
  euid INTEGER,
  tool_version TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  redaction TEXT,
  reading INTEGER NOT NULL DEFAULT 0,
  order_time INTEGER,
  PRIMARY KEY (host, collected_time, snapshot_id)
) STRICT, WITHOUT ROWID`,
  _state: `CREATE TABLE "_state" (
  host INTEGER NOT NULL,
  tab INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  first_snapshot INTEGER NOT NULL,
  digest BLOB NOT NULL,
  is_cut INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (host, tab)
) STRICT, WITHOUT ROWID`,
  _partial: `CREATE TABLE "_partial" (
  host INTEGER NOT NULL,
  tab INTEGER NOT NULL,
  time INTEGER NOT NULL,
  snapshot_id INTEGER NOT NULL,
  raw BLOB,
  PRIMARY KEY (host, tab, time, snapshot_id)
) STRICT, WITHOUT ROWID`,
  _aside: `CREATE TABLE "_aside" (
  host INTEGER NOT NULL,
  tab INTEGER NOT NULL,
  time INTEGER NOT NULL,
  snapshot_id INTEGER NOT NULL,
  raw BLOB NOT NULL,
  is_step INTEGER NOT NULL,
  PRIMARY KEY (host, tab, time, snapshot_id)
) STRICT, WITHOUT ROWID`,
  _command: `CREATE TABLE "_command" (
  command INTEGER PRIMARY KEY,
  argv TEXT NOT NULL UNIQUE,
  command_id TEXT NOT NULL,
  source TEXT NOT NULL,
  is_network_capable INTEGER NOT NULL
) STRICT`,
  _report_status: `CREATE TABLE "_report_status" (
  host INTEGER NOT NULL,
  tab INTEGER NOT NULL,
  status TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  code TEXT,
  reason TEXT,
  columns_affected TEXT,
  duration_ms INTEGER,
  failed_sources TEXT,
  rows_may_be_missing INTEGER,
  columns_uncertain TEXT,
  columns_inapplicable TEXT,
  PRIMARY KEY (host, tab)
) STRICT, WITHOUT ROWID`,
  _report_error: `CREATE TABLE "_report_error" (
  host INTEGER NOT NULL,
  n INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  command_id TEXT,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT,
  PRIMARY KEY (host, n)
) STRICT, WITHOUT ROWID`,
  _report_command: `CREATE TABLE "_report_command" (
  host INTEGER NOT NULL,
  n INTEGER NOT NULL,
  command INTEGER NOT NULL,
  started_time INTEGER,
  duration_ms INTEGER,
  exit_code INTEGER,
  signal TEXT,
  is_timed_out INTEGER NOT NULL,
  stdout_bytes INTEGER NOT NULL,
  stdout_sha256 BLOB NOT NULL,
  stderr_bytes INTEGER NOT NULL,
  stderr_sha256 BLOB NOT NULL,
  euid INTEGER,
  PRIMARY KEY (host, n)
) STRICT, WITHOUT ROWID`,
  _setting: `CREATE TABLE "_setting" (
  name TEXT PRIMARY KEY,
  value INTEGER
) STRICT, WITHOUT ROWID`,
};

/** Every table of a store file and the statement that makes it, by name. */
export const storeTables = (tables: readonly Table[]): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(commonTables),
    ...Object.entries({ ...findingTables, ...verdictTables, ...findingEventTables }),
    ...dataTables(tables).flatMap((table): [string, string][] => [
      [`_current_${table.name}`, currentTable(table, currentName(table))],
      [`_past_${table.name}`, pastTable(table, pastName(table))],
    ]),
  ]);

/** Finds a host by its id in either letter case; the key minds the case. */
export const hostIndex = '_host_by_id';

export const storeIndexes = (tables: readonly Table[]): ReadonlyMap<string, string> =>
  new Map([
    [hostIndex, `CREATE INDEX "${hostIndex}" ON "_host" (host_id${collationOf('host_id')})`],
    ...Object.entries(findingEventIndexes),
    ['_snapshot_by_id', 'CREATE INDEX "_snapshot_by_id" ON "_snapshot" (snapshot_id)'],
    // Nearly always empty.
    [
      '_snapshot_ahead',
      'CREATE INDEX "_snapshot_ahead" ON "_snapshot" (host, order_time) WHERE order_time IS NOT NULL',
    ],
    ...dataTables(tables).flatMap((table): [string, string][] => {
      const { name } = table;
      // Only what changed is in these: a file that was filled once and never changed has them empty.
      return [
        [
          `_current_${name}_from`,
          `CREATE INDEX "_current_${name}_from" ON ${currentName(table)} (_from_time) WHERE _began > 0`,
        ],
        [
          `_past_${name}_from`,
          `CREATE INDEX "_past_${name}_from" ON ${pastName(table)} (_from_time) WHERE _began > 0`,
        ],
        [`_past_${name}_until`, `CREATE INDEX "_past_${name}_until" ON ${pastName(table)} (_until_time)`],
      ];
    }),
  ]);

/** A value under its own name, comparing as texts of its kind do. */
const compared = (row: string, name: string): string => {
  const collation = collationOf(name);
  const value = `${row}.${quoteName(name)}`;
  return collation === '' ? value : `${value}${collation} AS ${quoteName(name)}`;
};

const columnsOf = (table: Table, row: string): string =>
  Object.keys(table.columns)
    .map((name) => compared(row, name))
    .join(', ');

/** The host of a row, in a view. The keys of the file stay as they are: an index stands beside them. */
const hostId = hostIdOf('h');

/** Collection time, or id, of the last good observation of a table of a host. */
export const lastGood = (
  what: 'collected_time' | 'snapshot_id',
  host: string,
  tableId: string,
  and = '',
): string =>
  `(SELECT s.${what} FROM main._snapshot s JOIN main._look_table l ON l.look = s.look AND l.tab = ${tableId} AND l.is_good = 1 ` +
  `WHERE s.host = ${host} AND ${isCounted('s')}${and} ORDER BY s.collected_time DESC` +
  // Of the same second, the time is the same.
  `${what === 'collected_time' ? '' : ', s.reading DESC, s.snapshot_id DESC'} LIMIT 1)`;

/** Hosts, and rows of a table that has one of them: where SQLite begins is its own matter. */
const rowsOfHosts = (name: string): string => `main._host h JOIN main.${name} r`;

/**
 * The same text of a view so that rows are looked for by their host. Of all hosts SQLite else makes an index of what a
 * condition names, and goes through all that it finds there for each row of another table.
 */
export const byHost = (text: string): string =>
  text.replace(/ FROM main\._host h JOIN main\.("_current_\w+"|_report_status) r ON /, (found) =>
    found.replace('JOIN', 'CROSS JOIN'),
  );

const currentView = (table: Table): string =>
  `SELECT ${columnsOf(table, 'r')}, ${hostId} FROM ${rowsOfHosts(currentName(table))} ON r._host = h.host`;

const fromTime = 'coalesce(r._from_time, s.first_time)';
const firstSnapshot = 'coalesce(r._first_snapshot, s.first_snapshot)';

// What a newer reading took the place of is not what the Mac said.
const isHistory = `r._ended <> ${endedNumbers.superseded}`;

// Of one type in both arms: else SQLite does not look behind the view, and reads all of it in every subquery.
const noEnd = 'CAST(NULL AS INTEGER)';

const historyArm = (table: Table, tableId: number, of: 'current' | 'past'): string => {
  const name = of === 'current' ? currentName(table) : pastName(table);
  return (
    `SELECT ${columnsOf(table, 'r')}, ${hostId}, ${fromTime} AS valid_from_time, ` +
    `${of === 'current' ? noEnd : 'r._until_time'} AS valid_until_time, ${firstSnapshot} AS first_snapshot_id, ` +
    `${of === 'current' ? lastGood('snapshot_id', 'h.host', String(tableId)) : 'r._last_snapshot'} AS last_snapshot_id ` +
    `FROM main._host h JOIN main._state s ON s.host = h.host AND s.tab = ${tableId} JOIN main.${name} r ON r._host = h.host` +
    (of === 'current' ? '' : ` AND ${isHistory}`)
  );
};

export const historyView = (table: Table, tableId: number): string =>
  `${historyArm(table, tableId, 'current')}\nUNION ALL\n${historyArm(table, tableId, 'past')}`;

/**
 * The same rows in another order, for who asks many hosts of some days: what came or changed is found by its time, and what
 * was there from the first look on by the time of that look. The state of a host is looked up, never gone through.
 */
export const timedHistoryView = (table: Table, tableId: number): string => {
  const [current, past] = [`main.${currentName(table)}`, `main.${pastName(table)}`];
  const state = `main._state s ON s.host = h.host AND s.tab = ${tableId}`;
  const last = lastGood('snapshot_id', 'h.host', String(tableId));
  const arm = (from: string, first: string, until: string, lastId: string, relations: string): string =>
    `SELECT ${columnsOf(table, 'r')}, ${hostId}, ${from} AS valid_from_time, ${until} AS valid_until_time, ` +
    `${first} AS first_snapshot_id, ${lastId} AS last_snapshot_id FROM main._host h ${relations}`;
  return [
    // First, for whoever asks whether there is any.
    arm(
      ...(['s.first_time', 's.first_snapshot', noEnd, last] as const),
      `CROSS JOIN ${state} CROSS JOIN ${current} r ON r._host = h.host AND r._began = ${beganNumbers.baseline}`,
    ),
    arm(
      ...(['r._from_time', 'r._first_snapshot', noEnd, last] as const),
      `JOIN ${current} r ON r._host = h.host AND r._began > 0`,
    ),
    // Of one type in all arms, as above.
    arm(
      ...([`CAST(${fromTime} AS INTEGER)`, `CAST(${firstSnapshot} AS INTEGER)`] as const),
      ...(['r._until_time', 'r._last_snapshot'] as const),
      `JOIN ${past} r ON r._host = h.host AND ${isHistory} CROSS JOIN ${state}`,
    ),
  ].join('\nUNION ALL\n');
};

/** The rows as they were known at a moment: what `--as-of` puts in place of the plain name. */
const asOfView = (table: Table, tableId: number, time: number | string): string => {
  const arm = (name: string, and: string): string =>
    `SELECT ${columnsOf(table, 'r')}, ${hostId} FROM main._host h ` +
    `JOIN main._state s ON s.host = h.host AND s.tab = ${tableId} AND s.first_time <= ${time} ` +
    `JOIN main.${name} r ON r._host = h.host AND coalesce(r._read_time, r._from_time, ${time}) <= ${time}${and}`;
  return `${arm(currentName(table), '')}\nUNION ALL\n${arm(pastName(table), ` AND r._until_time > ${time}`)}`;
};

/** The condition under which a removed and an added version of a table are of one account that got another name. */
const isPairOf = (table: Table, p: string, v: string): string => {
  const where = { table, current: `main.${currentName(table)}`, past: `main.${pastName(table)}` };
  return isRenamed(where, p, v, endedNumbers.removed, beganNumbers.added);
};

/** The rows of a host whose accounts got another name at a time or after it: the snapshot, and their numbers before and after. */
export const renamesSql = (table: Table): string =>
  [currentName(table), pastName(table)]
    .map(
      (name) =>
        `SELECT p._until_snapshot, p._n, v._n FROM main.${pastName(table)} p JOIN main.${name} v ON ${isPairOf(table, 'p', 'v')} ` +
        'WHERE p._host = :host AND p._until_time >= :since',
    )
    .join(' UNION ');

/** The value of the column in turn, `c`, in a row of either side. */
const valueIn = ({ columns }: Table, row: string): string =>
  `CASE c.key ${Object.keys(columns)
    .map((name, index) => `WHEN ${index} THEN ${row}.${quoteName(name)}`)
    .join(' ')} END`;
const keyIn = (table: Table, row: string): string =>
  `json_object(${table.key.map((name) => `${quoteText(name)}, ${row}.${quoteName(name)}`).join(', ')})`;

const changesOf = (table: Table): string[] => {
  const names = Object.keys(table.columns);
  // Each connection takes in the text of the view when it opens a file, and the rows of a VALUES cost it most. The list comes
  // last whatever SQLite thinks of its length.
  const list = `json_each(${quoteText(JSON.stringify(names))}) c`;
  const value = { p: valueIn(table, 'p'), v: valueIn(table, 'v') };
  const key = { p: keyIn(table, 'p'), v: keyIn(table, 'v') };
  const arm = (
    change: string,
    row: 'p' | 'v',
    values: readonly [string, string],
    at: readonly [string, string],
  ): string =>
    `SELECT ${hostId}, ${quoteText(table.name)} AS table_name, '${change}' AS change, ${key[row]} AS key, ` +
    `c.value AS column_name, ${values[0]} AS old_value, ${values[1]} AS new_value, ${at[0]} AS change_time, ` +
    `${at[1]} AS snapshot_id, c.key = 0 AS is_first FROM `;
  const [current, past] = [`main.${currentName(table)}`, `main.${pastName(table)}`];
  const host = (row: string): string => `JOIN main._host h ON h.host = ${row}._host`;
  const isPair = hasAccounts(table) ? isPairOf(table, 'p', 'v') : '';
  /** A row that has a counterpart under another name is told as renamed. */
  const unless = (has: readonly (readonly [name: string, condition: string])[]): string =>
    hasAccounts(table)
      ? has.map(([name, condition]) => ` AND NOT EXISTS (SELECT 1 FROM ${name} WHERE ${condition})`).join('')
      : '';
  const appeared = (name: string): string =>
    `${arm('added', 'v', ['NULL', value.v], ['v._from_time', 'v._first_snapshot'])}${name} v ${host('v')} ` +
    `CROSS JOIN ${list} WHERE v._began > 0 AND v._began = ${beganNumbers.added} AND v._read_time IS NULL` +
    unless([[`${past} p`, isPair]]);
  const altered = (name: string): string =>
    `${arm('changed', 'p', [value.p, value.v], ['p._until_time', 'p._until_snapshot'])}${past} p ` +
    `JOIN ${name} v ON v._host = p._host AND v._n = p._n AND v._first_snapshot = p._until_snapshot ` +
    `${host('p')} CROSS JOIN ${list} WHERE p._ended = ${endedNumbers.changed} AND v._read_time IS NULL`;
  const renamed = (name: string): string =>
    `${arm('changed', 'v', [value.p, value.v], ['p._until_time', 'p._until_snapshot'])}${past} p ` +
    `JOIN ${name} v ON ${isPair} ${host('p')} CROSS JOIN ${list}`;
  const disappeared =
    `${arm('removed', 'p', [value.p, 'NULL'], ['p._until_time', 'p._until_snapshot'])}${past} p ${host('p')} ` +
    `CROSS JOIN ${list} WHERE p._ended = ${endedNumbers.removed}` +
    unless([
      [`${current} v`, isPair],
      [`${past} v`, isPair],
    ]);
  return [
    ...[appeared(current), appeared(past), altered(current), altered(past), disappeared],
    ...(hasAccounts(table) ? [renamed(current), renamed(past)] : []),
  ];
};

/**
 * What changed, a row a value: of a row that came or went the first column and all that are not NULL, else those that differ. The
 * condition stands here once, and not in each arm: SQLite resolves no expression of a WITH behind 1000 tables of a statement.
 */
const changesView = (tables: readonly Table[]): string =>
  'SELECT host_id, table_name, change, key, column_name, old_value, new_value, change_time, snapshot_id FROM (\n' +
  `${dataTables(tables).flatMap(changesOf).join('\nUNION ALL\n')}\n) ` +
  "WHERE old_value IS NOT new_value OR (change <> 'changed' AND is_first)";

const snapshotsView = (from: string): string =>
  `SELECT s.snapshot_id, ${hostId}, s.sequence, s.collected_time, s.ingested_time, s.status, s.origin, s.euid, ` +
  `s.tool_version, s.schema_version, s.redaction, s.order_time IS NOT NULL AS is_ahead ` +
  `FROM main._host h JOIN main._snapshot s ON s.host = h.host${from}`;

/** The snapshots that are kept and do not count. */
const aheadView = (newest: string, and = ''): string =>
  `SELECT s.snapshot_id, ${hostId}, s.collected_time, s.ingested_time, ${newest} AS is_newest ` +
  `FROM main._snapshot s JOIN main._host h ON h.host = s.host WHERE s.order_time IS NOT NULL${and}`;

const statusView =
  'SELECT t.name AS table_name, r.status, r.row_count, r.code, r.reason, r.columns_affected, r.duration_ms, ' +
  `${lastGood('collected_time', 'h.host', 'r.tab')} AS last_good_time, ${doubtColumns.map((name) => `r.${name}`).join(', ')}, ${hostId} ` +
  `FROM ${rowsOfHosts('_report_status')} ON r.host = h.host JOIN main._table t ON t.tab = r.tab`;

const errorsView =
  `SELECT r.table_name, r.command_id, r.code, r.message, r.hint, ${hostId} ` +
  'FROM main._host h JOIN main._report_error r ON r.host = h.host';

const commandsView =
  'SELECT c.command_id, c.argv, c.source, c.is_network_capable, r.started_time, r.duration_ms, r.exit_code, r.signal, ' +
  'r.is_timed_out, r.stdout_bytes, lower(hex(r.stdout_sha256)) AS stdout_sha256, r.stderr_bytes, ' +
  `lower(hex(r.stderr_sha256)) AS stderr_sha256, r.euid, ${hostId} ` +
  'FROM main._host h JOIN main._report_command r ON r.host = h.host JOIN main._command c ON c.command = r.command';

/** The views of one table. */
export const tableViews = (table: Table, tableId: number): readonly (readonly [string, string])[] => [
  [table.name, currentView(table)],
  [`${table.name}_history`, historyView(table, tableId)],
];

/** The views of a store file, by name. */
export const storeViews = (
  tables: readonly Table[],
  tableIdOf: (name: string) => number,
): ReadonlyMap<string, string> => describedViews(plainViews(tables, tableIdOf), tables);

const plainViews = (
  tables: readonly Table[],
  tableIdOf: (name: string) => number,
): ReadonlyMap<string, string> =>
  new Map([
    ...dataTables(tables).flatMap((table) => tableViews(table, tableIdOf(table.name))),
    ['snapshots', snapshotsView('')],
    [
      'latest_snapshots',
      snapshotsView(' AND s.collected_time = h.last_time AND s.snapshot_id = h.last_snapshot'),
    ],
    ['ahead_snapshots', aheadView(isNewest('s'))],
    ['changes', changesView(tables)],
    ['table_status', statusView],
    ['column_status', columnStatusView(dataTables(tables), tableIdOf, ` AND ${isCounted('s')}`)],
    ['collection_errors', errorsView],
    ['command_log', commandsView],
    ...Object.entries({ ...findingViews, ...verdictViews, ...findingEventViews }),
  ]);

/** Two JSON arrays of names in one: what failed, and what the collecting version did not know. */
const affectedOrAbsent =
  "CASE WHEN l.columns_affected = '[]' THEN coalesce(l.columns_absent, '[]') WHEN l.columns_absent IS NULL THEN l.columns_affected " +
  "ELSE substr(l.columns_affected, 1, length(l.columns_affected) - 1) || ',' || substr(l.columns_absent, 2) END";

/**
 * The views that stand in for the plain names under `--as-of`.
 *
 * @param time Unix seconds, or SQL that says them.
 */
export const asOfViews = (
  tables: readonly Table[],
  tableIdOf: (name: string) => number,
  time: number | string,
): ReadonlyMap<string, string> => {
  const last = (what: string): string =>
    `(SELECT ${what} FROM main._snapshot p WHERE p.host = h.host AND ${isCounted('p')} AND p.collected_time <= ${time} ` +
    'ORDER BY p.collected_time DESC, p.reading DESC, p.snapshot_id DESC LIMIT 1)';
  const isLast = ` WHERE h.last_time <= ${time}`;
  return new Map([
    ...dataTables(tables).map((table): [string, string] => [
      table.name,
      asOfView(table, tableIdOf(table.name), time),
    ]),
    ['snapshots', snapshotsView(` AND ${placeOf('s')} <= ${time}`)],
    [
      'latest_snapshots',
      snapshotsView(` AND s.snapshot_id = ${last('p.snapshot_id')} AND s.collected_time <= ${time}`),
    ],
    ['ahead_snapshots', aheadView(wasNewest('s', time), ` AND s.order_time <= ${time}`)],
    ['changes', `SELECT * FROM main.changes WHERE change_time <= ${time}`],
    // What is kept of the last snapshot only is known at a moment after it;
    // before, what the observations tell is.
    [
      'table_status',
      `SELECT t.name AS table_name, l.status, CASE WHEN h.last_time <= ${time} THEN r.row_count END AS row_count, ` +
        `CASE WHEN h.last_time <= ${time} THEN r.code END AS code, CASE WHEN h.last_time <= ${time} THEN r.reason END AS reason, ` +
        `${affectedOrAbsent} AS columns_affected, CASE WHEN h.last_time <= ${time} THEN r.duration_ms END AS duration_ms, ` +
        // Not of l, which is another table within.
        `${lastGood('collected_time', 'h.host', 't.tab', ` AND s.collected_time <= ${time}`)} AS last_good_time, ` +
        `${doubtColumns.map((name) => `CASE WHEN h.last_time <= ${time} THEN r.${name} END AS ${name}`).join(', ')}, ${hostId} ` +
        `FROM main._host h JOIN main._look_table l ON l.look = ${last('p.look')} JOIN main._table t ON t.tab = l.tab ` +
        'LEFT JOIN main._report_status r ON r.host = h.host AND r.tab = l.tab',
    ],
    [
      'column_status',
      columnStatusView(
        dataTables(tables),
        tableIdOf,
        ` AND ${isCounted('s')} AND s.collected_time <= ${time}`,
      ),
    ],
    ['collection_errors', errorsView + isLast],
    ['command_log', commandsView + isLast],
    ['findings', findingsAsOf(time)],
    ['verdicts', verdictsAsOf(time)],
    ['finding_events', findingEventsAsOf(time)],
    ['blind_spots', notSeenView('')],
  ]);
};

/** The number of every table in this file, made where it has none. */
export const internTables = (db: Db, tables: readonly Table[]): ReadonlyMap<string, number> => {
  const insert = db.prepare('INSERT INTO _table (name) VALUES (?) ON CONFLICT DO NOTHING');
  for (const { name } of dataTables(tables)) insert.run(name);
  return readTableNumbers(db);
};

export const readTableNumbers = (db: Preparing): ReadonlyMap<string, number> =>
  new Map(
    (db.prepare('SELECT name, tab AS tableId FROM _table').all() as { name: string; tableId: number }[]).map(
      ({ name, tableId }) => [name, tableId],
    ),
  );
