/** What an export shall be, from its arguments alone: whatever they say that cannot be is refused here. */
import { UserError } from '../collector/errors.ts';
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
import { tableNamed } from './table_options.ts';

const whats = ['current', 'changes', 'snapshot', 'findings', 'finding-events'] as const;
type What = (typeof whats)[number];

/** What was found, or what happened to it: one table of its own, whichever tables there are. */
export const isOfFindings = (what: What): boolean => what === 'findings' || what === 'finding-events';

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
  /** With a cursor: reports on a collection are told again, also where nothing in them is new. */
  readonly isStatusRepeated: boolean;
  /** With findings: also what was asked and found nothing. */
  readonly withPasses: boolean;
  /** With findings: what the site changes of the questions; null for nothing. */
  readonly overlayFolder: string | null;
}

interface Redaction {
  readonly level: Level;
  readonly apply: (snapshot: ExportSnapshot) => ExportSnapshot;
}

const formatOf = (given: Arguments): FormatName =>
  formatNames.find((name) => name === given.text('format')) ?? 'native';

const whatOf = (given: Arguments): What =>
  whats.find((what) => given.flag(what)) ?? (given.flag('cursor') ? 'changes' : 'current');

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
  if (name !== 'ocsf' || isOfFindings(what) || wanted.some(makesEvent)) return;
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
  const level = levels.find((known) => known === given.text('redact'));
  return level === undefined
    ? null
    : { level, apply: redaction(level, readKey(given.required('redact-key')), tables) };
};

export const exportPlan = (given: Arguments): ExportPlan => {
  const formatName = formatOf(given);
  const what = whatOf(given);
  const areTablesNamed = given.flag('table');
  const wanted = tablesOf(given, formatName, what);
  if (areTablesNamed) checkTables(wanted, formatName, what);
  const formatOptions = formatOptionsOf(given, what);
  const hosts = namesOf(given, 'host');
  return {
    ...{ what, formatName, formatOptions, format: formats[formatName].make(formatOptions) },
    ...{ tables: wanted, areTablesNamed, hosts: hosts.length === 0 ? null : hosts },
    ...{ asOf: given.number('as-of'), snapshotId: given.number('snapshot') },
    ...{ redact: redactOf(given), mayMixLevels: given.flag('mixed-redaction') },
    cursorPath: given.text('cursor'),
    isStatusRepeated: given.flag('repeat-status'),
    withPasses: given.flag('passes'),
    overlayFolder: given.text('overlay'),
  };
};
