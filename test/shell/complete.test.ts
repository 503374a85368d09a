import fc from '../property.ts';
import test from 'ava';
import { completeDot, completeSql } from '../../cli/shell/complete.ts';
import { dotCommands } from '../../cli/shell/dot_commands.ts';
import type { Catalog } from '../../cli/shell/frames.ts';
import { allColumns } from '../../collector/table.ts';
import { prepareGuarded } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';

const odd = 'Odd "name"';
const catalog: Catalog = {
  tables: new Map([
    ...tables.map((table) => [table.name, allColumns(table).map(([name]) => name)] as const),
    [odd.toLowerCase(), ['order', 'a b', 'it"s']],
  ]),
  queries: ['bootstrap_token_stale', 'hidden_admin'],
  hosts: ["5F0A-it's", '6B1C'],
  hostNames: ['Fern-Mac'],
};
const names = { tables: [], columns: [] };

/** A statement with | where the cursor is. */
const complete = (text: string): readonly [string[], string] => {
  const [before = '', after = ''] = text.split('|');
  return completeSql(before, after, catalog);
};

/** The statement with one of the answers put in. */
const completed = (text: string, hit: string): string => {
  const [before = '', after = ''] = text.split('|');
  const [, part] = complete(text);
  return `${before.slice(0, before.length - part.length)}${hit}${after}`;
};

test('what may stand behind a comparison is what its column can be, and SQLite takes it', (t) => {
  const db = openMemory(tables);
  let count = 0;
  for (const table of tables) {
    for (const [name, column] of allColumns(table)) {
      const values = column.isBoolean === true ? ['0', '1'] : (column.values ?? []);
      if (values.length === 0) continue;
      for (const where of [
        `SELECT 1 FROM ${table.name} WHERE ${name} = |`,
        `SELECT 1 FROM ${table.name} AS x WHERE x.${name} <> |`,
        `SELECT 1 FROM ${table.name} x WHERE "${name}" IS NOT |`,
        `SELECT 1 FROM ${table.name} WHERE ${name} IN (|)`,
        `SELECT 1 FROM ${table.name} WHERE ${name} NOT IN (${column.isBoolean === true ? '0' : "'a'"}, |)`,
      ]) {
        const [hits] = complete(where);
        t.is(hits.length, values.length, where);
        t.deepEqual(
          hits.map((hit) => hit.replaceAll(/^'|'$/g, '')),
          [...values],
          where,
        );
        t.notThrows(() => prepareGuarded(db, completed(where, hits[0] ?? ''), names), where);
        count += 1;
      }
    }
  }
  t.true(count > 200);
});

test('a value that was begun is completed, with its quote or without it', (t) => {
  const where = 'SELECT * FROM table_status WHERE status = ';
  t.deepEqual(complete(`${where}'den|`), [["'denied'"], "'den"]);
  t.deepEqual(complete(`${where}den|`), [["'denied'"], 'den']);
  t.deepEqual(complete(`SELECT * FROM users WHERE host_id = '5|`), [["'5F0A-it''s'"], "'5"]);
  t.deepEqual(complete(`SELECT 'den|`)[0], []);
});

test('every beginning of a name is completed to it, where it may stand', (t) => {
  const one = fc
    .constantFrom(...tables)
    .chain((table) =>
      fc.tuple(fc.constant(table.name), fc.constantFrom(...allColumns(table).map(([name]) => name))),
    );
  fc.assert(
    fc.property(one, fc.nat(100), fc.boolean(), ([table, column], length, isLoud) => {
      const begun = (name: string): string => {
        const part = name.slice(0, length % (name.length + 1));
        return isLoud ? part.toUpperCase() : part;
      };
      t.true(complete(`SELECT ${begun(column)}| FROM ${table}`)[0].includes(column));
      t.true(complete(`SELECT x.${begun(column)}| FROM ${table} x`)[0].includes(column));
      t.deepEqual(
        complete(`SELECT x.${begun(column)}| FROM ${table} x`)[0].toSorted(),
        (catalog.tables.get(table) ?? [])
          .filter((name) => name.startsWith(begun(column).toLowerCase()))
          .toSorted(),
      );
      for (const from of [
        'FROM',
        'from',
        'FROM users JOIN',
        'FROM groups g, ',
        'WHERE uid IN (SELECT uid FROM ',
      ])
        t.true(complete(`SELECT * ${from} ${begun(table)}|`)[0].includes(table), from);
    }),
  );
});

test('columns are those of the tables of the statement, also of lines before and behind', (t) => {
  const [hits] = complete('SELECT c|\nFROM filevault_status');
  t.false(hits.includes('console_username'));
  t.true(complete('SELECT\nc|\nFROM hosts')[0].includes('console_username'));
  t.deepEqual(complete('SELECT nobody.|\nFROM hosts')[0], []);
});

test('a name that needs quotes gets them, and those that were begun are closed', (t) => {
  t.deepEqual(complete('SELECT * FROM odd|')[0], ['"odd ""name"""']);
  t.deepEqual(complete('SELECT "or| FROM "odd ""name"""')[0], ['"order"']);
  t.deepEqual(complete('SELECT o| FROM "odd ""name"""')[0][0], '"order"');
  t.deepEqual(complete('SELECT [a | FROM "odd ""name"""')[0], ['[a b]']);
  t.true(complete('SELECT * FROM "use|')[0].includes('"users"'));
});

test('words of SQL are completed as they were begun, and nothing in a comment', (t) => {
  t.true(complete('SEL|')[0].includes('SELECT'));
  t.true(complete('sel|')[0].includes('select'));
  t.true(complete('SELECT cou|')[0].includes('count('));
  t.deepEqual(complete('SELECT 1 -- us|'), [[], '']);
  t.deepEqual(complete('SELECT 1 /* us|'), [[], '']);
  t.true(complete('SELECT 1 -- x\n FROM us|')[0].includes('users'));
});

test('what is offered begins with what was typed, whatever that is', (t) => {
  const piece = fc.constantFrom(
    ...[
      'SELECT',
      'FROM',
      'users',
      'uid',
      '=',
      "'a'",
      "'",
      '"',
      ',',
      '(',
      ')',
      '.',
      'IN',
      'NOT',
      'x',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      '1',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(piece, { maxLength: 4 }), (before, after) => {
      const text = before.join(' ');
      const [hits, part] = completeSql(text, after.join(' '), catalog);
      t.true(text.endsWith(part));
      for (const hit of hits)
        t.true(
          hit.toLowerCase().replace(/^['"]/, '').startsWith(part.toLowerCase().replace(/^['"]/, '')),
          `${text}|`,
        );
    }),
  );
});

test('dot commands and their arguments are completed', (t) => {
  for (const { name } of dotCommands)
    for (let length = 1; length <= name.length; length += 1)
      t.true(completeDot(name.slice(0, length), catalog)[0].includes(name));
  t.deepEqual(completeDot('.mode m', catalog), [['markdown'], 'm']);
  t.deepEqual(completeDot('.headers o', catalog), [['on', 'off'], 'o']);
  t.deepEqual(completeDot('.schema filevault_s', catalog), [['filevault_status'], 'filevault_s']);
  t.deepEqual(completeDot('.run hid', catalog), [['hidden_admin'], 'hid']);
  t.deepEqual(completeDot('.use 6', catalog), [['6B1C'], '6']);
  t.deepEqual(completeDot('.use f', catalog), [['Fern-Mac'], 'f']);
  t.deepEqual(completeDot('.quit x', catalog), [[], 'x']);
});

test('no name that a Mac or a file chose reaches the terminal with what it would act upon or hide', (t) => {
  const hostile = [
    '\u001b]0;x\u0007',
    'a\n.exit',
    'a\u202eb',
    'a\u200bb',
    '\u009b31m',
    '\r.quit',
    'x'.repeat(65_536),
  ];
  const own: Catalog = {
    tables: new Map([...hostile.map((name) => [name, hostile] as const), ['users', hostile]]),
    queries: hostile,
    hosts: hostile,
    hostNames: [...hostile, 'Fern-Mac'],
  };
  const [hits] = completeDot('.use ', own);
  t.deepEqual(hits, ['Fern-Mac']);
  for (const line of ['.run ', '.schema ', '.explain '])
    t.false(
      completeDot(line, own)[0].some((hit) => hostile.some((name) => hit.includes(name))),
      line,
    );
  for (const sql of ['SELECT ', 'SELECT * FROM ', 'SELECT users.', 'SELECT * FROM users WHERE host_id = '])
    t.false(
      completeSql(sql, '', own)[0].some((hit) => hostile.some((name) => hit.includes(name))),
      sql,
    );
});
