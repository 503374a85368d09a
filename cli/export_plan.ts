/** What an export shall be, from its arguments alone: whatever they say that cannot be is refused here. */
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import type { Table } from '../collector/table.ts';
import { formatNames, formats } from '../export/formats/index.ts';
import type { FormatName, FormatOptions } from '../export/formats/index.ts';
import { makesEvent } from '../export/formats/ocsf.ts';
import { isReport } from '../export/format.ts';
import type { ExportSnapshot, Format } from '../export/format.ts';
import { readKey } from '../export/pseudonyms.ts';
import { levels } from '../export/redact.ts';
import type { Level } from '../export/redact.ts';
import { redaction } from '../export/redaction.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { tableNamed } from './options.ts';
import { parseTime } from './time.ts';

type What = 'current' | 'changes' | 'snapshot' | 'findings';

export interface ExportPlan {
  readonly what: What;
  readonly formatName: FormatName;
  readonly formatOptions: FormatOptions;
  readonly format: Format;
  /** The tables whose rows are exported, in this order. */
  readonly tables: readonly Table[];
  /** Somebody named them. */
  readonly areTablesNamed: boolean;
  /** Names of hosts as they were given; null means all. */
  readonly hosts: readonly string[] | null;
  readonly asOf: number | null;
  readonly snapshotId: number | null;
  readonly redact: Redaction | null;
  /** Snapshots of several levels of redaction may stand beside each other. */
  readonly mayMixLevels: boolean;
  readonly cursorPath: string | null;
}

interface Redaction {
  readonly level: Level;
  readonly apply: (snapshot: ExportSnapshot) => ExportSnapshot;
}

const formatOf = (given: Arguments): FormatName => {
  const name = given.text('format') ?? 'native';
  const known = formatNames.find((format) => format === name);
  if (known !== undefined) return known;
  const near = nearest(name, formatNames);
  throw new UserError(
    `there is no format ${JSON.stringify(name)}`,
    `${near === null ? '' : `did you mean ${near}? `}the formats are ${formatNames.join(', ')}`,
    2,
  );
};

const whatOf = (given: Arguments): What => {
  const asked = (['current', 'changes', 'snapshot', 'findings'] as const).filter((what) => given.flag(what));
  if (asked.length > 1) throw new UserError(`--${asked[0]} and --${asked[1]} exclude each other`, '', 2);
  const what = asked[0] ?? (given.flag('cursor') ? 'changes' : 'current');
  if (given.flag('cursor') && what !== 'changes') {
    throw new UserError(
      `--cursor and --${what} exclude each other`,
      'a cursor remembers up to where changes were exported',
      2,
    );
  }
  return what;
};

/** Options that go with one format only. */
const ofOneFormat: Readonly<Record<string, FormatName>> = {
  'osquery-batch': 'osquery',
  'osquery-snapshot': 'osquery',
  'osquery-escape': 'osquery',
  numerics: 'osquery',
  bulk: 'ecs',
  spreadsheet: 'csv',
};

const checkFormatOptions = (given: Arguments, name: FormatName, what: What): void => {
  for (const [option, only] of Object.entries(ofOneFormat)) {
    if (given.flag(option) && name !== only)
      throw new UserError(`--${option} goes with --format ${only}`, '', 2);
  }
  if (given.flag('osquery-batch') && given.flag('osquery-snapshot')) {
    throw new UserError('--osquery-batch and --osquery-snapshot exclude each other', '', 2);
  }
  if (given.flag('osquery-snapshot') && what === 'changes') {
    throw new UserError(
      '--osquery-snapshot and --changes exclude each other',
      'a snapshot line holds a whole table',
      2,
    );
  }
};

const formatOptionsOf = (given: Arguments, what: What): FormatOptions => ({
  hasChange: what === 'changes',
  isForSpreadsheet: given.flag('spreadsheet'),
  osqueryForm: given.flag('osquery-batch') ? 'batch' : given.flag('osquery-snapshot') ? 'snapshot' : 'event',
  isNumeric: given.flag('numerics'),
  isEscaped: given.flag('osquery-escape'),
  isBulk: given.flag('bulk'),
});

const namesOf = (given: Arguments, option: string): readonly string[] =>
  given.texts(option).flatMap((text) => text.split(','));

const tablesOf = (given: Arguments, name: FormatName, what: What): readonly Table[] => {
  const named = namesOf(given, 'table').map(tableNamed);
  if (named.length > 0) return tables.filter((table) => named.includes(table));
  // Which commands ran is new in each snapshot, and no change of the Mac; a complete snapshot has them.
  return what === 'changes' && !formats[name].isWhole
    ? tables.filter((table) => table.name !== 'command_log')
    : tables;
};

/** Refuses tables of which a format makes nothing: no output would read as no rows. */
const checkTables = (wanted: readonly Table[], name: FormatName, what: What): void => {
  if (name !== 'ocsf' || what === 'findings' || wanted.some(makesEvent)) return;
  const beside = wanted.every(isReport) ? 'hosts' : 'users';
  throw new UserError(
    `--format ocsf makes no event of ${wanted.map((table) => table.name).join(', ')} alone`,
    beside === 'users'
      ? 'they become tags, groups and labels of accounts: add --table users'
      : 'they stand beside the facts of a Mac: add --table hosts',
    2,
  );
};

const redactOf = (given: Arguments): Redaction | null => {
  const text = given.text('redact');
  const file = given.text('redact-key');
  if (text === null) {
    if (file !== null) throw new UserError('--redact-key goes with --redact', '', 2);
    return null;
  }
  const level = levels.find((known) => known === text);
  if (level === undefined)
    throw new UserError(
      `--redact does not know ${JSON.stringify(text)}`,
      `it takes ${levels.join(' or ')}`,
      2,
    );
  if (file === null) {
    throw new UserError(
      '--redact needs --redact-key FILE',
      'one key for the whole fleet, so that the same user is the same everywhere',
      2,
    );
  }
  return { level, apply: redaction(level, readKey(file), tables) };
};

const asOfOf = (given: Arguments, what: What): number | null => {
  const text = given.text('as-of');
  if (text === null) return null;
  if (what !== 'current' && what !== 'findings')
    throw new UserError(`--as-of and --${what} exclude each other`, '', 2);
  return parseTime('--as-of', text);
};

const snapshotIdOf = (given: Arguments, what: What): number | null => {
  if (what !== 'snapshot') return null;
  const text = given.text('snapshot') ?? '';
  const id = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(id)) return id;
  throw new UserError(
    `--snapshot takes the id of a snapshot, not ${JSON.stringify(text)}`,
    'SELECT snapshot_id FROM snapshots lists them',
    2,
  );
};

const cursorPathOf = (given: Arguments): string | null => {
  const path = given.text('cursor');
  if (path === '') throw new UserError('--cursor names no file', '', 2);
  return path;
};

export const exportPlan = (given: Arguments): ExportPlan => {
  const formatName = formatOf(given);
  const what = whatOf(given);
  const areTablesNamed = given.flag('table');
  const wanted = tablesOf(given, formatName, what);
  if (areTablesNamed) checkTables(wanted, formatName, what);
  checkFormatOptions(given, formatName, what);
  const formatOptions = formatOptionsOf(given, what);
  const redact = redactOf(given);
  const cursorPath = cursorPathOf(given);
  const asOf = asOfOf(given, what);
  if (what === 'findings' && areTablesNamed)
    throw new UserError('--findings and --table exclude each other', '', 2);
  const hosts = namesOf(given, 'host');
  return {
    ...{ what, formatName, formatOptions, format: formats[formatName].make(formatOptions) },
    ...{ tables: wanted, areTablesNamed, hosts: hosts.length === 0 ? null : hosts },
    ...{ asOf, snapshotId: snapshotIdOf(given, what) },
    ...{ redact, mayMixLevels: given.flag('mixed-redaction'), cursorPath },
  };
};
