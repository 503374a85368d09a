/** Options that name tables. Apart from the others, for a statement that names no table loads no declaration of one. */
import { UserError } from '../collector/errors.ts';
import { dataTables } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { tables } from '../tables/index.ts';
import type { Options } from './command.ts';
import { suggest } from './suggest.ts';

/** What a snapshot must see, so that the exit code is 0. */
export const seenOptions: Options = {
  strict: {
    type: 'boolean',
    description:
      'Exit code 4 when a table was not wholly seen; what this macOS does not have, and what was not asked for, is no gap.',
  },
  require: {
    type: 'string',
    isList: true,
    isRepeatable: true,
    value: 'TABLE',
    choices: dataTables(tables).map(({ name }) => name),
    noun: 'table',
    description: 'Exit code 4 when this table was not wholly seen. Repeatable, or TABLE,TABLE.',
  },
};

/** A table by name; UserError that suggests the near one. */
export const tableNamed = (name: string): Table => {
  const found = tables.find((table) => table.name === name);
  if (found !== undefined) return found;
  throw new UserError(
    `there is no table ${name}`,
    suggest(
      name,
      tables.map((table) => table.name),
      'tokenquery tables lists them all',
    ),
  );
};
