/** What osquery gets to see: the declared tables, with a database their history and all else that questions read, and the library. */
import { allColumns, dataTables, remarksOf } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import { collationOf } from '../../store/ddl.ts';
import type { TextRow } from './protocol.ts';

export const prefix = 'tokenquery_';

type Type = Column['type'];

export interface ServedColumn {
  readonly name: string;
  readonly type: Type;
  readonly description: string;
  /** Conditions on it are handed down; others osquery looks at itself. */
  readonly isKey: boolean;
  /** Without a condition on it osquery does not ask. */
  readonly isRequired?: true;
}

export interface Served {
  /** Without the prefix; as it is called in the database that answers. */
  readonly name: string;
  readonly description: string;
  readonly columns: readonly ServedColumn[];
  /** What one row is told from all others by; null where only all of it does. */
  readonly identity: readonly string[] | null;
  /** The table of which `table_status` says whether it was seen; null for none. */
  readonly seenAs: string | null;
  /** Which database it lies in. */
  readonly of: 'facts' | 'library';
}

/** A column as it is listed here: its type, and what it is. */
type Listed = readonly [name: string, type: Type, description: string];

const served = (
  of: Served['of'],
  name: string,
  description: string,
  identity: readonly string[] | null,
  columns: readonly Listed[],
  keys: readonly string[] = identity ?? ['host_id'],
): Served => ({
  ...{ of, name, description, identity, seenAs: null },
  columns: columns.map(([column, type, about]) => ({
    ...{ name: column, type, description: about },
    isKey: keys.includes(column),
  })),
});

const declaredColumns = (table: Table): readonly ServedColumn[] =>
  allColumns(table).map(([name, { type, description }]) => ({
    ...{ name, type, description: `${description}${remarksOf(table, name)}` },
    isKey: name === 'host_id' || table.key.includes(name),
  }));

const declared = (table: Table): Served => ({
  ...{ of: 'facts', name: table.name, description: table.description },
  columns: declaredColumns(table),
  // Several rows of what speaks of the collection may have one key.
  identity: table.generate === undefined ? null : [...table.key, 'host_id'],
  seenAs: table.generate === undefined ? null : table.name,
});

const versionColumns: readonly Listed[] = [
  ['valid_from_time', 'INTEGER', 'The snapshot that saw the row first; unix seconds.'],
  ['valid_until_time', 'INTEGER', 'The snapshot that saw it changed or gone; NULL while it holds.'],
  ['first_snapshot_id', 'INTEGER', 'The snapshot of valid_from_time.'],
  ['last_snapshot_id', 'INTEGER', 'The last good snapshot that saw it so.'],
];

const historyOf = (table: Table): Served => ({
  ...{ of: 'facts', name: `${table.name}_history`, identity: null, seenAs: table.name },
  description: `${table.description} Each with the time in which it held.`,
  columns: [
    ...declaredColumns(table),
    ...versionColumns.map(([name, type, description]) => ({ name, type, description, isKey: false })),
  ],
});

const hostId: Listed = ['host_id', 'TEXT', 'Hardware UUID of the Mac.'];

const snapshotColumns: readonly Listed[] = [
  ['snapshot_id', 'INTEGER', 'Made from what the snapshot holds: the same everywhere.'],
  hostId,
  ['sequence', 'INTEGER', 'Its number among those of its host.'],
  ['collected_time', 'INTEGER', 'When the Mac was looked at, by its clock.'],
  ['ingested_time', 'INTEGER', 'When it was stored.'],
  ['status', 'TEXT', 'complete, partial or failed.'],
  ['origin', 'TEXT', 'live, evidence, volume or merge.'],
  ['euid', 'INTEGER', 'The effective user id of the collection.'],
  ['tool_version', 'TEXT', 'The tokenquery that collected.'],
  ['schema_version', 'INTEGER', 'The version of the schema.'],
  ['redaction', 'TEXT', 'The level of redaction; NULL for none.'],
  ['is_ahead', 'INTEGER', '1 where it is dated later than it was stored, and does not count.'],
];

const findingColumns: readonly Listed[] = [
  ['query_name', 'TEXT', 'The question that found it.'],
  ['severity', 'TEXT', 'How much it matters here.'],
  hostId,
  ['subject', 'TEXT', 'What it is about; empty for the Mac itself.'],
  ['details', 'TEXT', 'What it rests on, as JSON.'],
  ['first_seen_time', 'INTEGER', 'The snapshot that found it first.'],
  ['finding_id', 'TEXT', 'The same for the same finding, everywhere.'],
];
/** Of a database, what no table declares. */
const ofDatabase: readonly Served[] = [
  served('facts', 'snapshots', 'One row per snapshot.', null, snapshotColumns),
  served('facts', 'latest_snapshots', 'The last snapshot of each Mac that counts.', null, snapshotColumns),
  served('facts', 'ahead_snapshots', 'Snapshots that are dated later than they were stored.', null, [
    ['snapshot_id', 'INTEGER', 'The snapshot.'],
    hostId,
    ['collected_time', 'INTEGER', 'When the Mac was looked at, by its clock.'],
    ['ingested_time', 'INTEGER', 'When it was stored.'],
    ['is_newest', 'INTEGER', '1 where no other of the Mac came after it.'],
  ]),
  served('facts', 'changes', 'One row per value that changed, of all tables.', null, [
    hostId,
    ['table_name', 'TEXT', 'The table.'],
    ['change', 'TEXT', 'added, changed or removed.'],
    ['key', 'TEXT', 'What tells the row from others of its table, as JSON.'],
    ['column_name', 'TEXT', 'The column.'],
    ['old_value', 'TEXT', 'NULL where the row was added.'],
    ['new_value', 'TEXT', 'NULL where the row was removed.'],
    ['change_time', 'INTEGER', 'The snapshot that saw it.'],
    ['snapshot_id', 'INTEGER', 'The same, by its id.'],
  ]),
  served('facts', 'column_status', 'When each column of each Mac was last seen.', null, [
    ['table_name', 'TEXT', 'The table.'],
    ['column_name', 'TEXT', 'The column.'],
    ['last_good_time', 'INTEGER', 'The last snapshot that saw it.'],
    hostId,
  ]),
  served('facts', 'blind_spots', 'What the last snapshot of a Mac did not see whole.', null, [
    ['table_name', 'TEXT', 'The table.'],
    ['status', 'TEXT', 'Its status.'],
    ['reason', 'TEXT', 'Why.'],
    ['last_good_time', 'INTEGER', 'The last snapshot that saw it.'],
    hostId,
  ]),
  served('facts', 'findings_history', 'The findings, with the time in which each held.', null, [
    ...findingColumns.slice(0, -1),
    ['valid_from_time', 'INTEGER', 'The snapshot from which on it was so.'],
    ['valid_until_time', 'INTEGER', 'The snapshot that saw it otherwise; NULL while it holds.'],
    ['finding_id', 'TEXT', 'The same for the same finding, everywhere.'],
    ['last_seen_time', 'INTEGER', 'The last snapshot that found it.'],
    ['exception', 'TEXT', 'Who accepts it, why and until when, as JSON.'],
    ['resolved_time', 'INTEGER', 'The snapshot that did not find it any more.'],
  ]),
  served('facts', 'verdicts', 'What came of each question when the last snapshot was stored.', null, [
    ['query_name', 'TEXT', 'The question.'],
    ['verdict', 'TEXT', 'hit, clean, unknown or not_asked.'],
    hostId,
    ['since_time', 'INTEGER', 'The snapshot from which on it is so.'],
  ]),
  served('facts', 'verdicts_history', 'The same, with the time in which it held.', null, [
    ['query_name', 'TEXT', 'The question.'],
    ['verdict', 'TEXT', 'hit, clean, unknown or not_asked.'],
    hostId,
    ['valid_from_time', 'INTEGER', 'The snapshot from which on it was so.'],
    ['valid_until_time', 'INTEGER', 'The snapshot that saw it otherwise; NULL while it holds.'],
  ]),
  served('facts', 'finding_events', 'What happened to findings, each event once.', null, [
    ['event_number', 'INTEGER', 'In the order in which it became known.'],
    ['event', 'TEXT', 'new, changed, suppressed, expired, resolved or withdrawn.'],
    ['event_time', 'INTEGER', 'The snapshot that saw it.'],
    hostId,
    ['query_name', 'TEXT', 'The question.'],
    ['subject', 'TEXT', 'What it is about.'],
    ['finding_id', 'TEXT', 'The finding.'],
  ]),
];

const questionColumns: readonly Listed[] = [
  ['query_name', 'TEXT', 'Name of the question.'],
  ['title', 'TEXT', 'The question in words.'],
  ['group_name', 'TEXT', 'Its group.'],
  ['severity', 'TEXT', 'How much it matters, where nothing lowers it.'],
  ['purpose', 'TEXT', 'Why it is asked.'],
  ['remediation', 'TEXT', 'What to do.'],
  ['false_positives', 'TEXT', 'What else could cause it.'],
  ['reference', 'TEXT', 'Where to read more.'],
  ['needs_history', 'INTEGER', '1 where it compares snapshots: then it needs --db.'],
  ['is_of_fleet', 'INTEGER', '1 where it is about all Macs of a database.'],
  ['version', 'INTEGER', 'Its version.'],
  ['modified', 'TEXT', 'The day of that version.'],
];
const answerColumns: readonly Listed[] = [
  ['query_name', 'TEXT', 'Name of the question.'],
  ['verdict', 'TEXT', 'hit, clean, unknown or not_asked.'],
  ['severity', 'TEXT', 'How much it matters on this Mac.'],
  ['severity_reason', 'TEXT', 'Why that is less than the question says; NULL where it is not.'],
  ['title', 'TEXT', 'The question in words.'],
  ['found_count', 'INTEGER', 'How many rows it found.'],
  ['found', 'TEXT', 'The first hundred of them, as JSON.'],
  ['reason', 'TEXT', 'What could not be told, and why; NULL where all was.'],
  hostId,
];
const policyColumns: readonly Listed[] = [
  ['query_name', 'TEXT', 'Name of the question: without a condition on it there is no answer.'],
  ['is_met', 'INTEGER', '1 where nothing was found, 0 where something was.'],
  ['severity', 'TEXT', 'How much it matters on this Mac.'],
  ['title', 'TEXT', 'The question in words.'],
  ['found_count', 'INTEGER', 'How many rows it found.'],
  ['found', 'TEXT', 'The first hundred of them, as JSON.'],
  ['reason', 'TEXT', 'Beside what was found: what could not be told, and why.'],
  ['remediation', 'TEXT', 'What to do.'],
  hostId,
];

export const questionsTable = served(
  ...(['library', 'questions', 'One row per question of the library.', ['query_name']] as const),
  questionColumns,
);
export const answersTable = served(
  ...(['library', 'answers', 'What came of each question on each Mac.', ['query_name', 'host_id']] as const),
  answerColumns,
);
/** As `answers`; but of what cannot be told there is no row: to ask for it is an error, with the reason. */
const policies: Served = served(
  ...([
    'library',
    'policies',
    'What came of a question, as a policy asks for it.',
    ['query_name', 'host_id'],
  ] as const),
  policyColumns,
);
export const policiesTable: Served = {
  ...policies,
  columns: policies.columns.map((column) =>
    column.name === 'query_name' ? { ...column, isRequired: true as const } : column,
  ),
};
export const columnsTable = served(
  ...([
    'library',
    'columns',
    'What each column of each table means.',
    ['table_name', 'column_name'],
  ] as const),
  [
    ['table_name', 'TEXT', 'The table, as it is called here.'],
    ['column_name', 'TEXT', 'The column.'],
    ['type', 'TEXT', 'TEXT, BIGINT or DOUBLE.'],
    ['meaning', 'TEXT', 'What it means.'],
  ],
);

/** What was found when the answers were made: what a database keeps is of the moment of its snapshots, and less. */
export const judgedFindings = served(
  'library',
  'findings',
  'What the questions find when they are asked; findings_history of a database has when it was found first.',
  ['query_name', 'subject', 'host_id'],
  findingColumns.filter(([name]) => name !== 'first_seen_time'),
);

const libraryTables: readonly Served[] = [
  ...[questionsTable, answersTable, policiesTable],
  ...[judgedFindings, columnsTable],
];

/** All that is served, by its name. */
export const relationsServed = (
  tables: readonly Table[],
  hasDatabase: boolean,
): ReadonlyMap<string, Served> => {
  // Without snapshots there is no history: what is not there is an error, and not empty.
  const more = hasDatabase ? [...dataTables(tables).map(historyOf), ...ofDatabase] : [];
  const all = [...tables.map(declared), ...more, ...libraryTables];
  return new Map(all.map((relation) => [`${prefix}${relation.name}`, relation]));
};

/** The bits by which osquery knows columns: specs of osquery/core/sql/column.h. */
const index = 1;
const required = 2;
/** What keeps osquery from making an index of a column that has no bit at all (--extensions_default_index). */
const notIndexed = 8;
const noCase = 64;

const osqueryTypes = { TEXT: 'TEXT', INTEGER: 'BIGINT', REAL: 'DOUBLE' } as const satisfies Record<
  Type,
  string
>;
export const osqueryTypeOf = ({ type }: ServedColumn): string => osqueryTypes[type];

const optionsOf = ({ name, isKey, isRequired }: ServedColumn): number =>
  (isKey ? index : notIndexed) |
  (isRequired === true ? required : 0) |
  (collationOf(name) === '' ? 0 : noCase);

/** The route of a table: what osquery makes it of. */
export const routeOf = ({ columns }: Served): readonly TextRow[] => [
  ...columns.map((column) => ({
    ...{ id: 'column', name: column.name, type: osqueryTypeOf(column) },
    op: String(optionsOf(column)),
  })),
  { id: 'attributes', attributes: '0' },
];
