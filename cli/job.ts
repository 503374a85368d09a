/** The job of one Mac: where it keeps its files, what launchd runs, and the options that it takes. */
import { posix } from 'node:path';
import type { PlistDict, PlistValue } from '../collector/parsers/plist_value.ts';
import { formats, formatNames } from '../export/formats/index.ts';
import { levels } from '../export/redact.ts';
import type { Arguments, OptionSpec } from './command.ts';
import { shortestTurn } from './due.ts';
import { sourceOptions } from './options.ts';
import { seenOptions } from './table_options.ts';

/** What the job of a Mac does; everything that its command line says. */
export interface Job {
  readonly db: string;
  readonly every: string;
  readonly format: string;
  readonly cursor: string;
  readonly output: string;
  /** Null for an export that says all. */
  readonly redact: string | null;
  readonly redactKey: string;
  /** The export tells each night anew what was looked at. */
  readonly isStatusRepeated: boolean;
  readonly include: readonly string[];
  /** What must be seen, so that it ends with 0: every table, or these. */
  readonly isStrict: boolean;
  readonly require: readonly string[];
  /** What somebody accepts, and what the site changes of the questions; null where that is nothing. */
  readonly exceptions: string | null;
  readonly overlay: string | null;
  /** On, where no settings say whether it is. */
  readonly isEnabled: boolean;
}

/** How launchd starts a job. */
export interface LaunchdFrame {
  readonly label: string;
  readonly program: string;
  readonly log: string;
  readonly checkSeconds: number;
}

/** The label of the job that the package installs. */
export const packageLabel = 'com.tokenquery.collector';
/** Where the package puts the program. */
export const installedFolder = '/opt/tokenquery';
export const installedProgram = `${installedFolder}/bin/tokenquery`;
export const macState = '/var/db/tokenquery';
/** Where a machine keeps what it merges of many Macs. */
export const centreState = '/var/lib/tokenquery';
export const macLog = '/var/log/tokenquery/tokenquery.log';

export const resultsPath = (format: string): string =>
  `/var/log/tokenquery/results.${format === 'osquery' ? 'log' : 'ndjson'}`;

/** Seconds between two starts of a job. */
export const checkSecondsFor = (everySeconds: number): number => (everySeconds > 900 ? 900 : 60);

/** Formats that are sent on line by line: others have a beginning and an end. */
const jobFormats = formatNames.filter((name) => formats[name].cut !== 'never');

const optional = (option: OptionSpec, description: string): OptionSpec => ({ ...option, description });

const path: OptionSpec = { type: 'string', value: 'FILE', kind: 'absolute path', description: '' };

/** By what a job judges what it stores. No setting names these: whoever may write one would hide what he does. */
export const judgedByOptions = {
  exceptions: optional(path, 'Store what this file accepts as suppressed: docs/exceptions.md.'),
  overlay: {
    ...path,
    value: 'DIR',
    description: 'Judge as the files of this folder say: docs/overlay.md.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** Of an export by cursor, for whoever runs it at night. */
export const repeatStatusOption = {
  type: 'boolean',
  description: 'Of the export: table_status of each Mac whole, also where nothing in it is new.',
} as const satisfies OptionSpec;

/** The options of a job; a setting takes the place of one (settings.ts). */
export const jobOptions = {
  enabled: {
    type: 'boolean',
    description: 'On where no settings say whether it is; without this, off.',
  },
  db: optional(path, `The database; ${macState}/tokenquery.db by default.`),
  every: {
    type: 'string',
    value: 'AGE',
    kind: 'age',
    least: shortestTurn,
    description: 'How often it is this Mac’s turn; 24h by default.',
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    choices: jobFormats,
    noun: 'format',
    description: `Of the export: ${jobFormats.join(', ')}; native by default.`,
  },
  cursor: optional(path, `The cursor of the export; ${macState}/export.cursor by default.`),
  output: optional(path, `Where the export goes; ${resultsPath('native')} by default.`),
  redact: {
    type: 'string',
    value: 'LEVEL',
    choices: levels,
    description: `Of the export: ${levels.join(' or ')}.`,
  },
  'redact-key': optional(path, `The key of the redaction; ${macState}/redact.key by default.`),
  'repeat-status': repeatStatusOption,
  include: sourceOptions['include'] as OptionSpec,
  strict: seenOptions['strict'] as OptionSpec,
  require: seenOptions['require'] as OptionSpec,
  ...judgedByOptions,
  'exec-root': {
    type: 'string',
    value: 'DIR',
    description: 'For tests: a folder that stands for this Mac.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** What a command line of `job` says, with what stands where it says nothing. */
export const jobOf = (given: Arguments): Job => {
  const format = given.text('format') ?? 'native';
  return {
    db: given.text('db') ?? `${macState}/tokenquery.db`,
    every: given.text('every') ?? '24h',
    format,
    cursor: given.text('cursor') ?? `${macState}/export.cursor`,
    output: given.text('output') ?? resultsPath(format),
    redact: given.text('redact'),
    redactKey: given.text('redact-key') ?? `${macState}/redact.key`,
    isStatusRepeated: given.flag('repeat-status'),
    include: given.texts('include'),
    isStrict: given.flag('strict'),
    require: given.texts('require'),
    exceptions: given.text('exceptions'),
    overlay: given.text('overlay'),
    isEnabled: given.flag('enabled'),
  };
};

/** How much an export says. */
const extentWords = ({
  redact,
  redactKey,
  isStatusRepeated,
}: Pick<Job, 'redact' | 'redactKey' | 'isStatusRepeated'>): readonly string[] => [
  ...(redact === null ? [] : ['--redact', redact, '--redact-key', redactKey]),
  ...(isStatusRepeated ? ['--repeat-status'] : []),
];

const includeWords = ({ include }: Job): readonly string[] => include.flatMap((fact) => ['--include', fact]);

const seenWords = ({ isStrict, require }: Job): readonly string[] => [
  ...(isStrict ? ['--strict'] : []),
  ...require.flatMap((table) => ['--require', table]),
];

/** Of whatever judges: `snapshot` and `merge`. */
export const judgedByWords = ({
  exceptions,
  overlay,
}: Pick<Job, 'exceptions' | 'overlay'>): readonly string[] => [
  ...(exceptions === null ? [] : ['--exceptions', exceptions]),
  ...(overlay === null ? [] : ['--overlay', overlay]),
];

export const snapshotWords = (job: Job): readonly string[] => [
  ...['snapshot', '--db', job.db, '--if-due', '--every', job.every],
  ...includeWords(job),
  ...seenWords(job),
  ...judgedByWords(job),
];

export const exportWords = (
  job: Pick<Job, 'db' | 'format' | 'cursor' | 'output' | 'redact' | 'redactKey' | 'isStatusRepeated'>,
): readonly string[] => [
  ...['export', '--db', job.db, '--format', job.format, '--cursor', job.cursor, '--output', job.output],
  ...extentWords(job),
];

/** What launchd runs: one command line, so that no script of a site's own has to be kept beside it. */
const launchdWords = (job: Job, { program }: LaunchdFrame): readonly string[] => [
  ...[program, 'job', ...(job.isEnabled ? ['--enabled'] : []), '--db', job.db, '--every', job.every],
  ...['--format', job.format, '--cursor', job.cursor, '--output', job.output],
  ...extentWords(job),
  ...includeWords(job),
  ...seenWords(job),
  ...judgedByWords(job),
];

/** The property list of a job. doctor compares one that is installed with it. */
export const launchdJob = (job: Job, frame: LaunchdFrame): PlistDict =>
  new Map<string, PlistValue>([
    ['Label', frame.label],
    ['ProgramArguments', launchdWords(job, frame)],
    ['StartInterval', frame.checkSeconds],
    ['RunAtLoad', true],
    ['ProcessType', 'Background'],
    ['Nice', 10],
    ['LowPriorityIO', true],
    ['LowPriorityBackgroundIO', true],
    ['ThrottleInterval', 60],
    ['ExitTimeOut', 30],
    // 0077: what it makes is for root alone.
    ['Umask', 63],
    ['SoftResourceLimits', new Map([['NumberOfFiles', 4096]])],
    ['EnvironmentVariables', new Map([['PATH', '/usr/bin:/bin:/usr/sbin:/sbin']])],
    ['StandardErrorPath', frame.log],
    ['StandardOutPath', frame.log],
  ]);

/** A name beside a path that says what is otherwise: `results-ecs.ndjson`. */
export const besides = (given: string, words: readonly string[]): string => {
  const { dir, name, ext } = posix.parse(given);
  return words.length === 0 ? given : posix.join(dir, `${[name, ...words].join('-')}${ext}`);
};
