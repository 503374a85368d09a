/** Options that several commands take, and what they mean. */
import type { Arguments } from './command.ts';
import { alternatives } from './checks.ts';
import type { Options } from './command.ts';
import { logForms } from './log.ts';
import { modes } from './output.ts';
import type { Mode, TableLook } from './output.ts';
import { expectations } from '../queries/expectations.ts';
import type { Expectation } from '../queries/expectations.ts';
import type { Times } from './table_text.ts';

/** Where rows are collected from. */
export const sourceOptions: Options = {
  source: {
    type: 'string',
    isRepeatable: true,
    value: 'SOURCE',
    description:
      'live, sample, volume:PATH, or an evidence bundle (folder or .tar.gz). Repeatable: several hosts.',
  },
  'host-id': {
    type: 'string',
    value: 'UUID',
    kind: 'uuid',
    description: 'Hardware UUID of the Mac, for a source that does not say it: a volume, or such a bundle.',
  },
  'exec-root': {
    type: 'string',
    value: 'DIR',
    description: 'For tests: run DIR/usr/bin/dscl in place of /usr/bin/dscl.',
    goesWith: { option: 'source', value: 'live', orNone: true },
  },
  'allow-network': { type: 'boolean', description: 'Also ask mdmclient, which may contact the MDM server.' },
  include: {
    type: 'string',
    isList: true,
    value: 'FACT',
    choices: ['serial_number', 'organization', 'identities', 'ssh_keys'],
    description:
      'Collect what is off by default: serial_number, organization, identities, ssh_keys. Repeatable.',
  },
};

const ofDatabase = { option: 'db', because: 'with --db nothing is collected' };

/** Where rows come from: collected, or from a database of snapshots, of which a moment can be asked for. */
export const worldOptions: Options = {
  ...Object.fromEntries(
    Object.entries(sourceOptions).map(([name, spec]) => [name, { ...spec, excludes: [ofDatabase] }]),
  ),
  db: {
    type: 'string',
    value: 'FILE',
    kind: 'file',
    description: 'Ask a database of snapshots; nothing is collected.',
  },
  'as-of': {
    type: 'string',
    value: 'TIME',
    kind: 'time',
    goesWith: { option: 'db' },
    description: 'With --db: what was known at that time: unix seconds, 2026-09-01, or -7d.',
  },
};

/** A fleet that `tokenquery lake` published, for whoever has no engine at hand. */
export const lakeOptions: Options = {
  lake: {
    type: 'string',
    value: 'DIR',
    excludes: [
      { option: 'db', because: 'a lake was published from databases' },
      ...Object.keys(sourceOptions).map((option) => ({
        option,
        because: 'with --lake nothing is collected',
      })),
    ],
    description: 'Ask a lake, a folder or s3://BUCKET/PREFIX, that tokenquery lake published (docs/lake.md).',
  },
  cache: {
    type: 'string',
    value: 'DIR',
    goesWith: { option: 'lake' },
    description:
      'Of a lake in a bucket: keep what is fetched in this folder, by default .cache/tokenquery/lakes at home.',
  },
};

/** How much a finding matters depends on whose Mac it is. */
export const expectOption: Options = {
  expect: {
    type: 'string',
    value: 'WHOSE',
    choices: expectations,
    description:
      'Whose Macs they are: managed or personal; auto, the default, takes a Mac for personal only where nothing says that it was ever managed.',
  },
};
export const expectOf = (given: Arguments): Expectation =>
  (given.text('expect') as Expectation | null) ?? 'auto';

/** What a site changes of the questions (overlay.ts). */
export const overlayOption: Options = {
  overlay: {
    type: 'string',
    value: 'DIR',
    description:
      'Judge as the files of this folder say: questions that matter more or less here, or are not asked. JSON, docs/overlay.md.',
  },
};

/** Of what may take long. */
export const timeoutOption = (otherwise: string): Options => ({
  timeout: {
    type: 'string',
    value: 'SECONDS',
    kind: 'count',
    description: `End after so long, with exit code 1; ${otherwise}.`,
  },
});

/** Of what a scheduler starts. */
export const logOption: Options = {
  'log-lines': {
    type: 'string',
    value: 'FORM',
    choices: logForms,
    description:
      'plain, or timed: a time and a host before each message. By default timed where stderr is no terminal.',
  },
};

const modeAlternatives: Options = alternatives({
  pretty: { type: 'boolean', description: 'A table for people (the default).' },
  json: { type: 'boolean', description: 'A JSON array; numbers are numbers and unknown is null.' },
  ndjson: { type: 'boolean', description: 'One JSON object a line.' },
  csv: {
    type: 'boolean',
    description: 'CSV as RFC 4180 has it; NULL is an empty field, an empty text is "".',
  },
  line: { type: 'boolean', description: 'One value a line.' },
  list: { type: 'boolean', description: 'Values separated by |.' },
  markdown: { type: 'boolean', description: 'A Markdown table.' },
  'osquery-json': {
    type: 'boolean',
    description: 'What osqueryi --json prints: every value a text, NULL as "".',
  },
});

const otherModes = modes.filter((mode) => mode !== 'pretty');
const dataModes = otherModes.filter((mode) => mode !== 'line');

export const modeOptions: Options = {
  ...modeAlternatives,
  spreadsheet: {
    type: 'boolean',
    description: 'With --csv: put an apostrophe before a text that a spreadsheet would calculate.',
    goesWith: { option: 'csv' },
  },
};

/** Of a command whose answer may be long. */
export const pagerOption: Options = {
  'no-pager': {
    type: 'boolean',
    description: 'Print all at once, also where it is longer than the terminal.',
  },
};

/** Of a command whose answer is a table for people. */
export const wideOption: Options = {
  ...pagerOption,
  wide: {
    type: 'boolean',
    excludes: otherModes.map((option) => ({ option, because: 'only a table for people is cut' })),
    description: 'Cut nothing, also where the terminal is narrower than the table.',
  },
};

export const tableOptions: Options = {
  ...wideOption,
  raw: {
    type: 'boolean',
    excludes: dataModes.map((option) => ({ option, because: 'times are numbers there' })),
    description: 'Times in unix seconds on a terminal too, where they are dates by default.',
  },
};

export const modeOf = (given: Arguments): Mode =>
  given.flag('spreadsheet') ? 'spreadsheet' : (modes.find((mode) => given.flag(mode)) ?? 'pretty');

export const lookOf = (given: Arguments, times: Times): TableLook => ({
  isWide: given.flag('wide'),
  times,
  whole: '--line shows one value a line, --wide the whole table',
});

export const includeOf = (given: Arguments): ReadonlySet<string> => new Set(given.texts('include'));
