import { catalogueNames } from '../../queries/catalogues.ts';
import { explanationText, requirementText, severityRank, severityRuleText } from '../../queries/query.ts';
import type { Query } from '../../queries/query.ts';
import { queries as library } from '../../queries/index.ts';
import { blindSpotsSql } from '../../queries/blind_spots.ts';
import { tables } from '../../tables/index.ts';
import { readQueries } from '../../queries/custom.ts';
import { alignColumns } from '../args.ts';
import type { Arguments, Command } from '../command.ts';
import { selectQueries } from '../findings.ts';
import { lookOf, modeOf, modeOptions, wideOption } from '../options.ts';
import { flush, print, printRows, visible } from '../output.ts';
import { ofSeverity, textWidth } from '../screen.ts';
import { fitsAll, noTimes } from '../table_text.ts';
import { wrapWords } from '../width.ts';

const columns = [
  'name',
  'group',
  'severity',
  'title',
  'needs_history',
  'requires',
  'purpose',
  'remediation',
  'references',
  'false_positives',
  'severity_where',
  'explained_by',
  'attack',
  'nist_800_53',
  'nist_800_171',
  'cis',
  'stig',
  'mscp',
  'version',
  'modified',
  'status',
] as const;

const cellsOf = (query: Query) => [
  query.name,
  query.group,
  query.severity,
  query.title,
  query.needsHistory ? 1 : 0,
  query.requires.map(requirementText).join(', '),
  query.purpose,
  query.remediation,
  query.references,
  query.falsePositives,
  query.severityWhere.map(severityRuleText).join('; '),
  query.explainedBy.map(explanationText).join('; '),
  ...catalogueNames.map((name) => (query.cited[name].length === 0 ? null : query.cited[name].join(', '))),
  query.version,
  query.modified,
  query.status,
];

/** Which edition of it this is; a query of a user's own may say none. */
const editionText = ({ version, modified, status }: Query): string =>
  [
    ...(version === null ? [] : [`version ${version}`]),
    ...(modified === null ? [] : [`modified ${modified}`]),
    ...(status === null ? [] : [`status ${status}`]),
  ].join(', ');

const printQuery = (query: Query): void => {
  const history = query.needsHistory ? ', needs a database with two snapshots' : '';
  const width = textWidth();
  print(wrapWords(`${query.name}: ${query.title}`, { width }));
  print(wrapWords(`group ${query.group}, severity ${query.severity}${history}`, { width }));
  const edition = editionText(query);
  if (edition !== '') print(wrapWords(edition, { width }));
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['Why it matters', [query.purpose]],
    ['What to do', [query.remediation]],
    ['Where it matters less', query.severityWhere.map(severityRuleText)],
    ['Told with its cause, if that is found', query.explainedBy.map(explanationText)],
    ['What else could cause it', [query.falsePositives]],
    ['References', [query.references]],
    ['Must be known, else the answer is unknown', query.requires.map(requirementText)],
  ];
  for (const [heading, texts] of parts) {
    const lines = texts.filter((text) => text !== '').map((text) => wrapWords(text, { width, indent: '  ' }));
    if (lines.length > 0) print(`\n${heading}\n${lines.join('')}`);
  }
  // SQL keeps its lines; nothing else in it may speak to the terminal.
  print(`\n${query.sql.split('\n').map(visible).join('\n')};\n`);
};

const sqlOf = ({ sql }: Query): string => sql;

/** Queries of a folder, with what they read: it is part of the SQL that is printed. */
const checked = async (queries: readonly Query[]): Promise<readonly Query[]> => {
  const { checkQuery } = await import(/* webpackMode: "eager" */ '../../queries/custom.ts');
  const { openEmptyStore } = await import(/* webpackMode: "eager" */ '../../store/empty.ts');
  const { openMemory } = await import(/* webpackMode: "eager" */ '../../store/memory.ts');
  const { names } = await import(/* webpackMode: "eager" */ '../names.ts');
  const [empty, store] = [openMemory(tables), openEmptyStore(tables)];
  try {
    return queries.map((query) => checkQuery(query, names, tables, empty, store));
  } finally {
    empty.close();
    store.close();
  }
};

/** For a terminal that is too narrow for the table: what is wrong is said whole, and who asks is beside it. */
const listForPeople = (queries: readonly Query[]): void => {
  for (const [severity, own] of Map.groupBy(queries, (query) => query.severity)) {
    print(ofSeverity(severity), '\n');
    const pairs = own.map(({ name, title, group }) => [name, `${title} (${group})`] as const);
    print(`${alignColumns(pairs)}\n`);
  }
};

const run = async (given: Arguments): Promise<number> => {
  const mode = modeOf(given);
  const folder = given.text('queries');
  const [name] = given.positionals;
  const all = folder === null ? library : readQueries(folder);
  const chosen = selectQueries(all, name === undefined ? [] : [name], given.text('group'));
  const [only] = chosen;
  const statementOf = given.flag('unknown-sql') ? blindSpotsSql : given.flag('sql') ? sqlOf : null;
  if (statementOf !== null) {
    const known = folder === null ? chosen : await checked(chosen);
    for (const query of known) print(`${statementOf(query)};\n`);
  } else if (name !== undefined && mode === 'pretty') {
    for (const query of chosen) printQuery(query);
  } else {
    const sorted = chosen.toSorted(
      (a, b) =>
        severityRank(a.severity) - severityRank(b.severity) || (a.group + a.name < b.group + b.name ? -1 : 1),
    );
    // The list for people is short; every other mode has all of it.
    const most = mode === 'pretty' && only !== undefined ? 4 : columns.length;
    const rows = sorted.map((query) => cellsOf(query).slice(0, most));
    const isNarrow =
      mode === 'pretty' && !given.flag('wide') && !fitsAll(columns.slice(0, most), rows, textWidth());
    if (isNarrow) listForPeople(sorted);
    else printRows(mode, columns.slice(0, most), rows, lookOf(given, noTimes));
  }
  flush();
  return 0;
};

export const queriesCommand: Command = {
  name: 'queries',
  usage: 'tokenquery queries [NAME] [--group GROUP] [--queries DIR] [--json|--csv|…]',
  summary: 'Lists the queries of the library, or prints one: its SQL, why it matters, what to do.',
  options: {
    group: { type: 'string', value: 'GROUP', description: 'Only the queries of this group.' },
    queries: {
      type: 'string',
      value: 'DIR',
      description: 'The .sql files of this folder in place of the library.',
    },
    sql: {
      type: 'boolean',
      excludes: [{ option: 'unknown-sql' }],
      description:
        'Print the SQL alone, for another engine: with known_tables and what several queries share.',
    },
    'unknown-sql': {
      type: 'boolean',
      description: 'Print the SQL that lists the hosts on which it cannot be evaluated, for another engine.',
    },
    ...modeOptions,
    ...wideOption,
  },
  positionals: { least: 0, most: 1 },
  examples: [
    'tokenquery queries',
    'tokenquery queries filevault_off',
    'tokenquery queries --json --group detection',
  ],
  run,
};
