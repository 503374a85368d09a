import test from 'ava';
import { comparer } from './compare.ts';
import type { Intended } from './intended.ts';

const reason = 'for this test';
const idOf = (digit: string): string => digit.repeat(64);
const row = (columns: object, id = idOf('a'), table = 'conflicts'): string =>
  `${JSON.stringify({ kind: 'row', table, snapshot_id: 1234567890123456, row_id: id, columns })}\n`;

const compare = (
  was: Readonly<Record<string, string>>,
  is: Readonly<Record<string, string>>,
  intended: readonly Intended[] = [],
  world = 'samples',
) => {
  const { differences, unused } = comparer(intended);
  const found = differences(world, new Map(Object.entries(was)), new Map(Object.entries(is)));
  return { found, unused: unused().length };
};

test('one id that is another is named with its file and its line', (t) => {
  const was = row({ a: 1 }) + row({ a: 2 }, idOf('b'));
  const { found } = compare({ 'x.ndjson': was }, { 'x.ndjson': was.replace(idOf('b'), idOf('c')) });
  t.is(found.length, 1);
  t.regex(found[0] ?? '', /^samples\/x\.ndjson\n {2}line 2\n/);
});

test('a file too many and a file too few are differences', (t) => {
  t.deepEqual(compare({ a: '1' }, { b: '1' }).found, [
    'samples/a: it is not there any more',
    'samples/b: it was not recorded',
  ]);
});

const forms: Readonly<Record<string, readonly [file: string, was: string, is: string]>> = {
  native: ['x.ndjson', row({ a: 1 }), row({ a: 1, ids: '[1]' })],
  'a query': ['tables/conflicts.ndjson', '{"a":1}\n', '{"a":1,"ids":null}\n'],
  'a JSON array': ['tables/conflicts.json', '[\n  {"a":1}\n]\n', '[\n  {"a":1,"ids":null}\n]\n'],
  csv: ['current-csv/conflicts.csv', 'a,b\r\n1,"x, ""y"""\r\n', 'a,ids,b\r\n1,"[1,2]","x, ""y"""\r\n'],
  osquery: [
    'x.ndjson',
    '{"name":"pack_tokenquery_conflicts","columns":{"a":"1"}}\n',
    '{"name":"pack_tokenquery_conflicts","columns":{"a":"1","ids":""}}\n',
  ],
  hec: [
    'x.ndjson',
    '{"sourcetype":"tokenquery:conflicts","event":{"a":1}}\n',
    '{"sourcetype":"tokenquery:conflicts","event":{"a":1,"ids":1}}\n',
  ],
  ecs: [
    'x.ndjson',
    '{"tokenquery":{"conflicts":{"a":1}}}\n',
    '{"tokenquery":{"conflicts":{"a":1,"ids":1}}}\n',
  ],
  'tags of ocsf': [
    'x.ndjson',
    '{"tags":[{"name":"conflicts.a","value":"1"}]}\n',
    '{"tags":[{"name":"conflicts.a","value":"1"},{"name":"conflicts.ids","value":"1"}]}\n',
  ],
  changes: ['changes.ndjson', '', '{"table_name":"conflicts","column_name":"ids","new_value":"1"}\n'],
  'the columns that are affected': [
    'tables/conflicts.ndjson',
    '{"columns_affected":"[\\"a\\"]"}\n',
    '{"columns_affected":"[\\"a\\",\\"ids\\"]"}\n',
  ],
};

for (const [form, [file, was, is]] of Object.entries(forms)) {
  test(`a new column is left out, and nothing but it: ${form}`, (t) => {
    const entry: Intended = { newColumn: 'conflicts.ids', reason };
    t.deepEqual(compare({ [file]: was }, { [file]: is }, [entry]), { found: [], unused: 0 });
    t.is(compare({ [file]: was }, { [file]: is }).found.length, 1);
    const other: Intended = { newColumn: 'users.other', reason };
    t.is(compare({ [file]: was }, { [file]: is }, [other]).found.length, 1);
    const spoiled = is.replace(/1/g, '7');
    if (was.includes('1')) t.is(compare({ [file]: was }, { [file]: spoiled }, [entry]).found.length, 1);
  });
}

test('a column of another table by the same name is a difference', (t) => {
  const entry: Intended = { newColumn: 'conflicts.ids', reason };
  const { found, unused } = compare(
    { 'x.ndjson': row({ a: 1 }, idOf('a'), 'users') },
    { 'x.ndjson': row({ a: 1, ids: 1 }, idOf('a'), 'users') },
    [entry],
  );
  t.is(found.length, 1);
  t.is(unused, 1);
});

test('of a changed column the values may be others, of the rest not', (t) => {
  const entry: Intended = { changedColumn: 'conflicts.text', reason };
  const was = { 'x.ndjson': row({ a: 1, text: 'before' }), 'conflicts.csv': 'a,text\n1,before\n' };
  const is = { 'x.ndjson': row({ a: 1, text: 'after' }), 'conflicts.csv': 'a,text\n1,"after, all"\n' };
  t.deepEqual(compare(was, is, [entry]), { found: [], unused: 0 });
  const wrong = { ...is, 'conflicts.csv': 'a,text\n2,"after, all"\n' };
  t.is(compare(was, wrong, [entry]).found.length, 1);
});

test('a new table brings rows, files and a status', (t) => {
  const entry: Intended = { newTable: 'fresh', reason };
  const was = { 'x.ndjson': row({ a: 1 }) };
  const is = {
    'x.ndjson': row({ b: 1 }, idOf('b'), 'fresh') + row({ a: 1 }),
    'current-csv/fresh.csv': 'b\n1\n',
  };
  t.deepEqual(compare(was, is, [entry]), { found: [], unused: 0 });
  t.is(compare(was, is).found.length, 2);
});

test('new ids go one to one with the old ones, across files, and only where evidence is collected', (t) => {
  const entry: Intended = { newIds: true, reason };
  const was = { a: row({ a: 1 }, idOf('a')) + row({ a: 2 }, idOf('b')), b: row({ a: 1 }, idOf('a')) };
  const renamed = { a: row({ a: 1 }, idOf('c')) + row({ a: 2 }, idOf('d')), b: row({ a: 1 }, idOf('c')) };
  t.deepEqual(compare(was, renamed, [entry]), { found: [], unused: 0 });
  t.is(compare(was, renamed, [entry], 'stored').found.length, 2);
  t.is(compare(was, { ...renamed, b: row({ a: 1 }, idOf('d')) }, [entry]).found.length, 1);
  t.is(compare(was, { ...was, a: row({ a: 1 }) + row({ a: 2 }) }, [entry]).found.length, 1);
});

test('a part of a file may be left out by its name, and the other parts are compared', (t) => {
  const entry: Intended = { file: 'samples/x.txt', section: 'two', reason };
  const was = { 'x.txt': '=== one\n1\n=== two\n2\n' };
  t.deepEqual(compare(was, { 'x.txt': '=== one\n1\n=== two\n3\n' }, [entry]), { found: [], unused: 0 });
  t.is(compare(was, { 'x.txt': '=== one\n9\n=== two\n3\n' }, [entry]).found.length, 1);
});

test('an entry that explains nothing is told', (t) => {
  const entries: readonly Intended[] = [
    { newColumn: 'conflicts.ids', reason },
    { changedColumn: 'conflicts.text', reason },
    { newTable: 'fresh', reason },
    { newIds: true, reason },
    { file: 'samples/x.ndjson', reason },
  ];
  const same = { 'x.ndjson': row({ a: 1 }) };
  t.deepEqual(compare(same, same, entries), { found: [], unused: 5 });
});
