import { levels } from '../../export/redact.ts';
import type { Arguments, Command } from '../command.ts';
import { judgementOptions } from '../judgement.ts';
import { lakeOptions, timeoutOption, worldOptions } from '../options.ts';

// What makes a page is in a part of its own, which nothing else loads.
const run = async (given: Arguments): Promise<number> =>
  (await import(/* webpackMode: "eager" */ '../report.ts')).makeReport(given);

const { 'as-of': _, db, ...sources } = worldOptions;

export const reportCommand: Command = {
  name: 'report',
  usage:
    'tokenquery report --db FILE|--lake DIR|--source SOURCE… --output FILE [--host NAME] [--judge] [--appendix FILE] [--redact LEVEL --redact-key FILE]',
  summary: 'Writes one HTML page to look at and to print: how the Macs stand, and what nobody knows.',
  about: [
    'The page has no script and asks nobody for anything. Each number names the statement behind it, and what is unknown',
    'is never counted as clean. Of a database, the verdicts are those that were stored with each look; --judge makes them',
    'anew, and of a lake they always are. Above 200 Macs, lists are cut at 100, and --appendix writes the verdicts of each Mac beside the page.',
  ],
  options: {
    output: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      isRequired: 'name the page to write',
      description:
        'The page: written whole or not at all, readable by its owner alone; - is stdout. A name in .gz is compressed.',
    },
    ...sources,
    ...(db === undefined ? {} : { db }),
    ...lakeOptions,
    host: {
      type: 'string',
      value: 'NAME',
      description:
        'The page of this Mac alone, down to the commands behind each fact: its UUID, hostname or computer_name.',
    },
    judge: {
      type: 'boolean',
      goesWith: { option: 'db', because: 'what is collected, or read from a lake, is judged in any case' },
      description: 'Judge all Macs anew for the page; nothing is stored.',
    },
    appendix: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      excludes: [{ option: 'host' }],
      description:
        'Also write CSV: a line for each question and Mac, with its controls and the ids of its evidence.',
    },
    redact: {
      type: 'string',
      value: 'LEVEL',
      choices: levels,
      needs: { option: 'redact-key', because: 'a pseudonym is the same as in the exports of the same key' },
      description: `${levels.join(' or ')}: say less of people and machines, as export does.`,
    },
    'redact-key': {
      type: 'string',
      value: 'FILE',
      goesWith: { option: 'redact' },
      description: 'The key of the pseudonyms, readable by its owner alone. It is never made here.',
    },
    ...judgementOptions,
    exceptions: {
      ...judgementOptions['exceptions'],
      type: 'string',
      description:
        'Take what this file accepts for accepted, where it is judged for the page: JSON, docs/exceptions.md.',
    },
    ...timeoutOption('no limit by default; a half-written page is removed'),
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery report --db fleet.db --output report.html',
    'tokenquery report --db fleet.db --host mac-07 --output mac-07.html',
    'tokenquery report --db fleet.db --output report.html --appendix verdicts.csv.gz --redact pseudonym --redact-key redact.key',
    'tokenquery report --source evidence.tar.gz --output mac.html',
  ],
  // What a lake unpacks to, its files do not say.
  limits: (given) => ({ what: 'the report', seconds: null, isMemoryBounded: given.text('lake') !== null }),
  run,
};
