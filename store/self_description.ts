/**
 * What a store file says of itself to whoever opens it with plain SQLite: a comment in each view, and the views `about`,
 * `columns` and `blind_spots`. SQLite reads the text of all views whenever it opens the file: what is long stands in one literal,
 * which costs next to nothing to read.
 */
import { isSeen } from '../collector/status.ts';
import { allColumns, meaningOfNull } from '../collector/table.ts';
import type { Column, Table } from '../collector/table.ts';
import { hostIdOf, quoteText, statusList } from './ddl.ts';

/** In a view that stands in for one of the file, `main.` is taken out of the text, also where it is none of SQL. */
const harmless = (text: string): string => text.replaceAll('main.', String.raw`main\u002e`);

type Row = readonly [
  table: string,
  column: string,
  type: string,
  unit: string | null,
  values: readonly string[] | null,
  meaning: string,
  ofNull: string | null,
];

const rowOf = (table: Table, name: string, { type, unit, values, isBoolean, description }: Column): Row => [
  table.name,
  name,
  type,
  isBoolean === true ? '1, 0 or NULL' : unit === 'unix_seconds' ? 'unix seconds, UTC' : (unit ?? null),
  values ?? null,
  description,
  meaningOfNull(table, name) ?? null,
];

const seconds = 'unix seconds, UTC';
const own = (
  table: string,
  columns: readonly (readonly [string, string, string | null, string])[],
): readonly Row[] =>
  columns.map(([name, type, unit, meaning]) => [table, name, type, unit, null, meaning, null]);

/** Of the views that no table declares. */
const ownRows: readonly Row[] = [
  ...own('NAME_history', [
    [
      'valid_from_time',
      'INTEGER',
      seconds,
      'The snapshot that saw the row first; of the first good one of a table, it may be older.',
    ],
    [
      'valid_until_time',
      'INTEGER',
      seconds,
      'The snapshot that saw it changed or gone; NULL while it holds.',
    ],
    ['first_snapshot_id', 'INTEGER', null, 'The snapshot of valid_from_time.'],
    ['last_snapshot_id', 'INTEGER', null, 'The last good snapshot that saw it so.'],
  ]),
  ...own('snapshots', [
    ['snapshot_id', 'INTEGER', null, 'Made from what the snapshot holds: the same everywhere.'],
    ['sequence', 'INTEGER', null, 'Its number among those of its host.'],
    ['collected_time', 'INTEGER', seconds, 'When the Mac was looked at, by its clock.'],
    ['ingested_time', 'INTEGER', seconds, 'When it was stored here.'],
    ['status', 'TEXT', null, 'complete, partial or failed.'],
    ['origin', 'TEXT', null, 'live, evidence, volume or merge.'],
    ['is_ahead', 'INTEGER', '1 or 0', '1 where it is dated later than it was stored, and does not count.'],
  ]),
  ...own('changes', [
    ['change', 'TEXT', null, 'added, changed or removed.'],
    ['key', 'TEXT', null, 'What tells the row from others of its table, as JSON.'],
    ['old_value', 'ANY', null, 'NULL where the row was added.'],
    ['new_value', 'ANY', null, 'NULL where the row was removed.'],
    ['change_time', 'INTEGER', seconds, 'The snapshot that saw it.'],
  ]),
  ...own('findings', [
    ['query_name', 'TEXT', null, 'The query of the library that found it: tokenquery queries NAME.'],
    ['subject', 'TEXT', null, 'What it is about.'],
    ['details', 'TEXT', null, 'What it rests on, as JSON.'],
    ['finding_id', 'TEXT', null, 'The same for the same finding, in every snapshot, file and output.'],
    [
      'state',
      'TEXT',
      null,
      'new: first found by the last snapshot that was evaluated; ongoing; suppressed: somebody accepts it.',
    ],
    ['first_seen_time', 'INTEGER', seconds, 'The snapshot that found it first.'],
    ['last_seen_time', 'INTEGER', seconds, 'The last snapshot that found it.'],
    ['exception', 'TEXT', null, 'Who accepts it, why and until when, as JSON; NULL where nobody does.'],
  ]),
  ...own('findings_history', [
    [
      'resolved_time',
      'INTEGER',
      seconds,
      'The snapshot that did not find it any more; NULL where it goes on, or only changed.',
    ],
  ]),
  ...own('verdicts', [
    ['verdict', 'TEXT', null, 'hit, clean, unknown or not_asked.'],
    ['since_time', 'INTEGER', seconds, 'The snapshot from which on it is so.'],
  ]),
  ...own('finding_events', [
    ['event_number', 'INTEGER', null, 'In the order in which it became known here; it may have gaps.'],
    [
      'event',
      'TEXT',
      null,
      'new, changed, suppressed, expired, resolved; withdrawn: what was told of this time is not so, as a snapshot says that came later.',
    ],
    ['event_time', 'INTEGER', seconds, 'The snapshot that saw it.'],
  ]),
];

const columnsView = (tables: readonly Table[]): string => {
  const rows = tables.flatMap((table) =>
    allColumns(table).map(([name, column]): Row => rowOf(table, name, column)),
  );
  const names = ['table_name', 'column_name', 'type', 'unit', 'allowed_values', 'meaning', 'meaning_of_null'];
  const literal = quoteText(harmless(JSON.stringify([...rows, ...ownRows])));
  const values = names.map((name, index) => `json_extract(value, '$[${index}]') AS ${name}`);
  return `SELECT ${values.join(', ')} FROM json_each(${literal})`;
};

/** A host of which `findings` does not tell how its last snapshot was evaluated. */
const isUnjudged =
  'h.last_time IS NOT NULL AND (h.judged_from_time IS NULL OR h.last_time NOT BETWEEN h.judged_from_time AND h.judged_until_time)';

/** @param schema Where `table_status` is looked for: nowhere in particular under `--as-of`. */
export const notSeenView = (schema: 'main.' | ''): string =>
  `SELECT t.table_name, t.status, t.reason, t.last_good_time, t.host_id FROM ${schema}table_status t WHERE t.status NOT IN ${statusList(isSeen)}`;

const blindSpotsView = (): string =>
  `${notSeenView('main.')}\nUNION ALL\n` +
  "SELECT 'findings', 'not_evaluated', 'the last snapshot of the host was not evaluated', h.judged_until_time, " +
  `${hostIdOf('h')} FROM main._host h WHERE ${isUnjudged}`;

const aboutView = (): string => {
  const rows: readonly (readonly [string, string])[] = [
    [
      'what',
      quoteText(
        'What tokenquery saw on Macs: their accounts, secure tokens, FileVault, MDM, and how that changed.',
      ),
    ],
    ['hosts', '(SELECT count(*) FROM main._host)'],
    ['snapshots', '(SELECT count(*) FROM main._snapshot)'],
    [
      'last_snapshot',
      "(SELECT strftime('%Y-%m-%d %H:%M:%S UTC', max(last_time), 'unixepoch') FROM main._host)",
    ],
    ['tool_version', '(SELECT tool_version FROM main._snapshot ORDER BY ingested_time DESC LIMIT 1)'],
    ['not_seen', '(SELECT count(*) FROM main.blind_spots)'],
    [
      'read_first',
      quoteText(
        'blind_spots names each table of a host that the last snapshot did not see whole: there, no row proves nothing, and a count is too low.',
      ),
    ],
    [
      'null',
      quoteText(
        'NULL is not known. It is never no, none or 0; columns.meaning_of_null, column_status and table_status say why.',
      ),
    ],
    ['times', quoteText("Unix seconds, UTC: datetime(collected_time, 'unixepoch').")],
    [
      'tables',
      quoteText(
        'A name means what is known now, NAME_history its past. Join by host_id. The view columns explains each column, and .schema NAME begins with what it is.',
      ),
    ],
    [
      'internal',
      quoteText(
        'What begins with _ is how the file is kept. It may change with any version; the views do not.',
      ),
    ],
    ['docs', quoteText('docs/store.md and docs/tables/ of tokenquery; tokenquery tables NAME.')],
  ];
  return `SELECT column1 AS name, column2 AS value FROM (VALUES ${rows.map(([name, value]) => `('${name}', ${value})`).join(', ')})`;
};

/** What each view of no table is, by name. */
const comments: Readonly<Record<string, string>> = {
  about: 'What this file is, and what to know before counting.',
  blind_spots: 'What the last snapshot of a host did not see whole.',
  columns: 'What each column of each view means.',
  snapshots: 'One row per snapshot.',
  latest_snapshots: 'The last snapshot of each host that counts.',
  ahead_snapshots: 'Snapshots that are dated later than they were stored, and do not count.',
  changes: 'One row per value that changed, of all tables.',
  column_status: 'When each column of each host was last seen.',
  findings: 'What the library of queries found in the last snapshot of each host that was evaluated.',
  findings_history: 'The same, with the time in which it held.',
  verdicts: 'What came of each question on each host, at the last snapshot that was evaluated.',
  verdicts_history: 'The same, with the time in which it held.',
  finding_events: 'What happened to findings, each event once.',
};

const commentOf = (tables: ReadonlyMap<string, Table>, name: string): string | null => {
  const table = tables.get(name.replace(/_history$/, ''));
  if (table === undefined) return comments[name] ?? null;
  return name === table.name ? table.description : `${table.name} and its past.`;
};

/** Views with a comment in front of each, and those that speak of the file. */
export const describedViews = (
  views: ReadonlyMap<string, string>,
  tables: readonly Table[],
): ReadonlyMap<string, string> => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const all = new Map([
    ...views,
    ['blind_spots', blindSpotsView()],
    ['about', aboutView()],
    ['columns', columnsView(tables)],
  ]);
  return new Map(
    [...all].map(([name, sql]) => {
      const comment = commentOf(byName, name);
      return [name, comment === null ? sql : `-- ${harmless(comment.replaceAll('\n', ' '))}\n${sql}`];
    }),
  );
};
