import { UserError } from '../../collector/errors.ts';
import { dataTables } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { lookOf, modeOf, modeOptions, tableOptions, timeoutOption } from '../options.ts';
import { momentsIn } from '../moments.ts';
import { flush, printRows } from '../output.ts';
import type { Cells } from '../output.ts';
import {
  dbOption,
  hostNamed,
  noteStoreBlindSpots,
  noteUnobserved,
  readableStore,
  using,
} from '../database.ts';
import { namedHosts, withNames } from '../host_names.ts';
import { suggest } from '../suggest.ts';

const dataTableNamed = (name: string): string => {
  const names = dataTables(tables).map((table) => table.name);
  if (names.includes(name)) return name;
  throw new UserError(
    `there is no history of a table ${name}`,
    suggest(name, names, 'tokenquery tables lists them'),
  );
};

const columns = [
  'host_id',
  'table_name',
  'change',
  'key',
  'column_name',
  'old_value',
  'new_value',
  'change_time',
  'snapshot_id',
];

const run = async (given: Arguments): Promise<number> => {
  const mode = modeOf(given);
  const sinceTime = given.number('since');
  const table = given.text('table');
  const tableName = table === null ? null : dataTableNamed(table);
  return using(readableStore(given), (store) => {
    const host = given.text('host');
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    if (sinceTime !== null) {
      conditions.push('change_time >= ?');
      values.push(sinceTime);
    }
    if (tableName !== null) {
      conditions.push('table_name = ?');
      values.push(tableName);
    }
    if (host !== null) {
      conditions.push('host_id = ?');
      values.push(hostNamed(store, host));
    }
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const statement = store.db.prepare(
      `SELECT ${columns.join(', ')} FROM changes${where} ORDER BY change_time, host_id, table_name, key, change, column_name`,
    );
    const look = lookOf(given, momentsIn(statement.columns(), given.flag('raw')));
    const rows = statement
      .raw(true)
      .safeIntegers(true)
      .iterate(...values) as Iterable<Cells>;
    const named = withNames(mode, columns, rows, namedHosts(store.db));
    printRows(mode, named.columns, named.rows, look);
    flush();
    if (tableName !== null) noteStoreBlindSpots(store, new Set([tableName]), null);
    else noteUnobserved(store);
    return 0;
  });
};

export const changesCommand: Command = {
  name: 'changes',
  usage: 'tokenquery changes --db FILE [--since TIME] [--table NAME] [--host NAME] [--json|--csv|…]',
  summary: 'Lists what changed between snapshots, one line for each column.',
  about: [
    'What the first good observation of a table shows is no change. Nor is what could not be collected.',
    'TIME is unix seconds, a date, a time (UTC where it has no offset), yesterday, or 7d, 12h, 30m for so long ago.',
  ],
  options: {
    db: dbOption,
    since: {
      type: 'string',
      value: 'TIME',
      kind: 'time',
      description: 'Only what changed at that time or after it.',
    },
    table: { type: 'string', value: 'NAME', description: 'Only this table.' },
    host: {
      type: 'string',
      value: 'NAME',
      description: 'Only this host: its UUID, hostname or computer_name.',
    },
    ...timeoutOption('no limit by default'),
    ...modeOptions,
    ...tableOptions,
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery changes --db fleet.db --since -7d',
    'tokenquery changes --db fleet.db --table secure_tokens --since 2026-09-01 --json',
  ],
  limits: () => ({ what: 'the list of changes', seconds: null, isMemoryBounded: false }),
  run,
};
