import type { Arguments, Command, Options } from '../command.ts';
import { expectOption, logOption, overlayOption, worldOptions } from '../options.ts';

const { 'as-of': _asOf, ...sources } = worldOptions;

/** What is looked at. */
const looking: Options = { ...sources, ...expectOption, ...overlayOption };

// What speaks with osquery is in a part of its own, which nothing else loads.
const run = async (given: Arguments): Promise<number> =>
  (await import(/* webpackMode: "eager" */ '../osquery/extension.ts')).runExtension(
    given,
    Object.keys(looking),
  );

export const osqueryExtensionCommand: Command = {
  name: 'osquery-extension',
  usage: 'tokenquery osquery-extension --socket PATH [--db FILE] [--max-age SECONDS]',
  summary: 'Gives osquery every table and what came of every question. osqueryd starts it.',
  about: [
    'Tables are called tokenquery_NAME; tokenquery_columns lists them. They answer from one look at this Mac, which is made when the',
    'first of them is asked and kept for --max-age, or from a database. What could not be seen is an error with the reason, never',
    'an empty table. Nothing can be written. It ends with osquery. docs/osquery.md tells how osqueryd starts it.',
  ],
  options: {
    socket: {
      type: 'string',
      value: 'PATH',
      kind: 'file',
      isRequired: 'osqueryd passes it: --extensions_socket of osquery',
      description: 'The socket of osquery.',
    },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      kind: 'count',
      description: 'How long osquery is waited for; 3 by default.',
    },
    interval: {
      type: 'string',
      value: 'SECONDS',
      kind: 'count',
      least: 0,
      description: 'How often it is looked whether osquery is still there; 3 by default.',
    },
    verbose: { type: 'boolean', description: 'Say on stderr what is done.' },
    'max-age': {
      type: 'string',
      value: 'SECONDS',
      kind: 'count',
      least: 0,
      description: 'How long what was seen is answered again; 60 by default.',
    },
    ...looking,
    ...logOption,
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery osquery-extension --socket /var/osquery/osquery.em --verbose',
    'sudo tokenquery osquery-extension --socket /var/osquery/osquery.em --db /var/db/tokenquery/tokenquery.db',
  ],
  log: 'messages',
  // --timeout is how long it waits, as osquery means it.
  boundsItself: true,
  run,
};
