import type { Arguments, Command } from '../command.ts';

// What makes a page is in a part of its own, which nothing else loads.
const run = async (given: Arguments): Promise<number> =>
  (await import(/* webpackMode: "eager" */ '../explorer.ts')).makeExplorer(given);

export const exploreCommand: Command = {
  name: 'explore',
  usage: 'tokenquery explore [--db FILE] --output FILE',
  summary: 'Writes one HTML page that opens a database in a browser: tables, questions, SQL, and no network.',
  about: [
    'The page is opened from the file, and asks for the database there. SQLite is in it; no server runs, and nothing leaves',
    'the browser. Nothing of a database is in the page. A database of tokenquery is kept with a log, which no page can see:',
    '--db looks at FILE and its log, and the page then knows the file for whole. Docs: docs/explorer.md.',
  ],
  options: {
    output: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      isRequired: 'name the page to write',
      description: 'The page: written whole or not at all, readable by its owner alone; - is stdout.',
    },
    db: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description:
        'A database that the page shall open: nothing of it is copied. Refused while a log lies beside it.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery explore --db fleet.db --output explorer.html',
    'tokenquery explore --output explorer.html',
  ],
  run,
};
