/**
 * What was released keeps its meaning. test/contract/released.json is docs/schema.json of the last release: put that of a
 * new release in its place. What is new needs no line here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { allColumns } from '../collector/table.ts';
import type { Column, Table } from '../collector/table.ts';
import { tables } from '../tables/index.ts';

interface ReleasedColumn {
  readonly name: string;
  readonly type: string;
  readonly boolean: boolean;
  readonly nullable: boolean;
  readonly unit?: string;
  readonly values?: readonly string[];
}
interface ReleasedTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: readonly ReleasedColumn[];
}
const { tables: released } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'contract/released.json'), 'utf8'),
) as { readonly tables: readonly ReleasedTable[] };

const breaksOfColumn = (was: ReleasedColumn, is: Column): readonly string[] => {
  const found: string[] = [];
  if (is.type !== was.type || (is.isBoolean === true) !== was.boolean || is.unit !== was.unit)
    found.push('is of another type');
  if (is.isRequired === true && was.nullable) found.push('is required');
  if (is.isRequired !== true && !was.nullable) found.push('may be NULL');
  for (const word of was.values ?? [])
    if (is.values?.includes(word) === false) found.push(`has lost the word ${word}`);
  if (is.values !== undefined && was.values === undefined) found.push('has a closed list');
  return found.map((what) => `${was.name} ${what}`);
};

const breaksOfTable = (was: ReleasedTable, is: Table | undefined): readonly string[] => {
  if (is === undefined) return [`${was.name} is gone`];
  const columns = new Map(allColumns(is));
  const found = was.columns.flatMap((column) => {
    const now = columns.get(column.name);
    return now === undefined ? [`${column.name} is gone`] : breaksOfColumn(column, now);
  });
  if (JSON.stringify(is.key) !== JSON.stringify(was.key)) found.push('has another key');
  // Behind the others: SELECT * in a program of then, and rows that were packed without names, go by the place.
  const names = Object.keys(is.columns);
  const before = was.columns.map(({ name }) => name).filter((name) => name !== 'host_id');
  const order = names.slice(0, before.length);
  if (found.length === 0 && order.join() !== before.join()) found.push('has columns in another order');
  for (const name of names)
    if (!before.includes(name) && columns.get(name)?.isRequired === true)
      found.push(`${name} is new and required: who does not know it has NULL`);
  return found.map((what) => `${was.name}: ${what}`);
};

const breaks = (declared: readonly Table[]): readonly string[] =>
  released.flatMap((was) =>
    breaksOfTable(
      was,
      declared.find(({ name }) => name === was.name),
    ),
  );

/** What was broken on purpose, as CHANGELOG.md says. */
const announced: readonly string[] = [
  // 0.3.0: one dispute is one row, whatever witnesses it has. The row ids of this table are other ones since.
  'conflicts: has another key',
];

test('nothing that was released is gone, renamed, of another type or key, or said otherwise', (t) => {
  t.deepEqual(breaks(tables), announced);
});

const users = tables.find(({ name }) => name === 'users') as Table;
const changed = (change: (columns: Record<string, Column>) => Record<string, Column>): readonly Table[] =>
  tables.map((table) =>
    table === users ? { ...users, columns: change({ ...(users.columns as Record<string, Column>) }) } : table,
  );
const without = (columns: Record<string, Column>, name: string): Record<string, Column> =>
  Object.fromEntries(Object.entries(columns).filter(([other]) => other !== name));
const column = (of: Partial<Column>): Column => ({
  type: 'TEXT',
  description: '',
  privacy: 'nobody',
  example: '',
  ...of,
});

const broken: readonly (readonly [string, readonly Table[], RegExp])[] = [
  ['a table that is gone', tables.filter((table) => table !== users), /users is gone/],
  ['a column that is gone', changed((columns) => without(columns, 'shell')), /shell is gone/],
  [
    'a column that is renamed',
    changed(({ shell, ...rest }) => ({ ...rest, login_shell: shell as Column })),
    /shell is gone/,
  ],
  [
    'another type',
    changed((columns) => ({ ...columns, shell: column({ type: 'INTEGER' }) })),
    /another type/,
  ],
  [
    'another key',
    tables.map((table) => (table === users ? { ...users, key: ['uid'] } : table)),
    /another key/,
  ],
  [
    'a word that is gone',
    changed((columns) => ({
      ...columns,
      account_type: { ...columns['account_type'], values: ['local'] } as Column,
    })),
    /lost the word mobile/,
  ],
  [
    'a column that is required from now on',
    changed((columns) => ({ ...columns, shell: column({ isRequired: true }) })),
    /shell is required/,
  ],
  [
    'a new column that is required',
    changed((columns) => ({ ...columns, extra: column({ isRequired: true }) })),
    /extra is new and required/,
  ],
  [
    'a new column before the others',
    changed((columns) => ({ extra: column({}), ...columns })),
    /another order/,
  ],
];
for (const [what, declared, message] of broken) {
  test(`${what} is seen`, (t) => {
    t.regex(breaks(declared).join('\n'), message);
  });
}

test('a new table, a new column and a new word break nothing', (t) => {
  const wider = changed((columns) => ({
    ...columns,
    account_type: {
      ...columns['account_type'],
      values: [...(columns['account_type']?.values ?? []), 'new'],
    } as Column,
    extra: column({}),
  }));
  t.deepEqual(breaks([...wider, { ...users, name: 'others' }]), announced);
});
