/** What osquery hands down becomes SQL of our own words alone, and is never true of fewer rows than the statement is. */
import test from 'ava';
import { askedOf, equalTo, whereOf } from '../../export/osquery/constraints.ts';
import { relationsServed } from '../../export/osquery/relations.ts';
import type { Served } from '../../export/osquery/relations.ts';
import { openDatabase } from '../../store/database.ts';
import { tables } from '../../tables/index.ts';
import fc, { runsOf } from '../property.ts';

const users = relationsServed(tables, true).get('tokenquery_users') as Served;
const whereFor = (constraints: unknown, context: object = {}) =>
  whereOf(askedOf(JSON.stringify({ constraints, ...context }), users));
const one = (name: string, op: unknown, expr: unknown) => whereFor([{ name, list: [{ op, expr }] }]);

test('conditions on keys are handed down, bound as what the column is', (t) => {
  t.deepEqual(one('uid', 2, '501'), { sql: ' WHERE "uid" = ?', values: [501n] });
  // Older versions send numbers as texts.
  t.deepEqual(one('uid', '32', '501'), { sql: ' WHERE "uid" >= ?', values: [501n] });
  t.deepEqual(one('uid', 4, '500'), { sql: ' WHERE "uid" > ?', values: [500n] });
  t.deepEqual(one('host_id', 72, 'X'), { sql: ' WHERE "host_id" = rtrim(?) COLLATE NOCASE', values: ['X'] });
  t.deepEqual(one('username', 2, 'x'), {
    sql: ' WHERE rtrim("username") = rtrim(?) COLLATE NOCASE',
    values: ['x'],
  });
});

test('what is no condition on a key, or not understood, is left to osquery', (t) => {
  const nothing = { sql: '', values: [] };
  for (const [name, op, expr] of [
    ['is_admin', 2, '1'],
    ['nothing', 2, '1'],
    ['"uid" = 0 OR 1 --', 2, '1'],
    ['uid', 2, 'five'],
    ['uid', 2, ''],
    ['uid', 2, '0x10'],
    ['uid', 2, 501],
    ['uid', 65, '5%'],
    // LIMIT and OFFSET, which SQLite hands down like conditions on the first column.
    ['uid', 73, '1'],
    ['uid', 74, '1'],
    ['uid', 'toString', '1'],
    ['username', 65, 'r%'],
    ['username', 4, 'a'],
    ['uid', null, '1'],
  ] as const)
    t.deepEqual(one(name, op, expr), nothing, `${name} ${op} ${expr}`);
  for (const context of [
    '',
    '{',
    'null',
    '[]',
    '5',
    '{"constraints":5}',
    '{"constraints":[5,null,{"name":"uid","list":""},{"name":"uid","list":[null,5]}]}',
  ])
    t.deepEqual(whereOf(askedOf(context, users)), nothing, context);
});

test('the columns that are used are those that are said; else all', (t) => {
  t.is(askedOf('{}', users).columns, null);
  t.is(askedOf('{"colsUsed":"uid"}', users).columns, null);
  t.deepEqual(askedOf('{"colsUsed":["uid",5,"x"]}', users).columns, new Set(['uid', 'x']));
  const asked = askedOf(
    '{"constraints":[{"name":"username","list":[{"op":2,"expr":"a"},{"op":65,"expr":"b"}]}]}',
    users,
  );
  t.deepEqual(equalTo(asked, 'username'), new Set(['a']));
  t.is(equalTo(asked, 'uuid'), null);
});

test('whichever way a statement compares, no row is left out of which it is true', (t) => {
  const db = openDatabase(':memory:');
  db.exec('CREATE TABLE users (username TEXT, uid INTEGER, host_id TEXT COLLATE NOCASE)');
  const words = fc.constantFrom('a', 'A', 'a ', 'A  ', ' a', 'ä', 'b', '', '5', '05', '5.0', '5.5');
  const numbers = fc.constantFrom(0, 5, -5, 6, 4_294_967_294, 9_007_199_254_740_991);
  const rows = fc.array(fc.tuple(words, numbers), { minLength: 1, maxLength: 6 });
  const insert = db.prepare('INSERT INTO users VALUES (?, ?, NULL)');
  fc.assert(
    fc.property(
      rows,
      words,
      fc.constantFrom('BINARY', 'NOCASE', 'RTRIM'),
      fc.constantFrom('=', '>', '<=', '<', '>='),
      (own, text, collation, sign) => {
        db.exec('DELETE FROM users');
        for (const row of own) insert.run(...row);
        const op = { '=': 2, '>': 4, '<=': 8, '<': 16, '>=': 32 }[sign];
        for (const [column, sql] of [
          ['username', `username ${sign} ? COLLATE ${collation}`],
          ['uid', `uid ${sign} ?`],
        ] as const) {
          const meant = db.prepare(`SELECT rowid FROM users WHERE ${sql}`).pluck().all(text) as number[];
          const { sql: where, values } = one(column, op, text);
          const sent = new Set(
            db
              .prepare(`SELECT rowid FROM users${where}`)
              .pluck()
              .all(...values) as number[],
          );
          for (const rowid of meant)
            t.true(sent.has(rowid), `${column} ${sign} ${JSON.stringify(text)} COLLATE ${collation}`);
        }
      },
    ),
    { numRuns: runsOf(500) },
  );
  db.close();
});
