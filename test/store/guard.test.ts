import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import type { Db } from '../../store/database.ts';
import { isInstant, prepareGuarded, touchedTables } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';

const names = { tables: ['users'], columns: ['username'] };

/** Statements of an attacker; FILE is replaced by a path that must not appear. */
const hostile = [
  "ATTACH DATABASE 'FILE' AS x",
  "ATTACH 'FILE' AS x; SELECT 1",
  'DETACH DATABASE main',
  "VACUUM INTO 'FILE'",
  'VACUUM',
  'PRAGMA query_only = 0',
  'PRAGMA database_list',
  'PRAGMA writable_schema = 1',
  "INSERT INTO users(username) VALUES ('x')",
  "INSERT INTO users(username) VALUES ('x') RETURNING username",
  'UPDATE users SET uid = 0 RETURNING username',
  'DELETE FROM users',
  'WITH gone AS (SELECT 1) DELETE FROM users',
  'WITH a AS (SELECT 1) INSERT INTO users(username) SELECT 1 FROM a RETURNING username',
  'DROP TABLE users',
  'CREATE TABLE t(x)',
  'CREATE TEMP TABLE t AS SELECT 1',
  'CREATE VIEW v AS SELECT 1',
  'CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END',
  "SELECT load_extension('FILE')",
  "SELECT writefile('FILE', 'x')",
  "SELECT readfile('/etc/passwd')",
  'SELECT * FROM pragma_database_list',
  'SELECT * FROM "pragma_table_info"(\'users\')',
  'SELECT * FROM sqlite_dbpage',
  "SELECT edit('x')",
  "SELECT fts3_tokenizer('x', x'00')",
  'SELECT 1; DROP TABLE users',
  "SELECT 1;\n--\nATTACH 'FILE' AS x",
  '/* SELECT */ REINDEX',
  '-- SELECT\nANALYZE',
  'BEGIN IMMEDIATE',
  'COMMIT',
  'SAVEPOINT x',
  'REPLACE INTO users(username) VALUES (1)',
  'EXPLAIN SELECT 1; DELETE FROM users',
  'EXPLAIN PRAGMA query_only = 0',
  'EXPLAIN QUERY PLAN PRAGMA trusted_schema = ON',
  'explain\n/* of */ query -- the\n plan\tpragma writable_schema = 1',
  "EXPLAIN ATTACH 'FILE' AS x",
  'EXPLAIN DELETE FROM users',
  "; ; ATTACH 'FILE' AS x",
  '',
  ';',
  '-- nothing',
];

test('hostile statements are refused, with words and without effect', (t) => {
  const folder = temporaryFolder(t);
  t.true(hostile.length >= 25);
  for (const [index, statement] of hostile.entries()) {
    const file = join(folder, `written-${index}`);
    const db = openMemory(tables);
    const sql = statement.replaceAll('FILE', file);
    const error = t.throws(
      () => prepareGuarded(db, sql, names).raw(true).all({ now: 0 }),
      { instanceOf: UserError },
      sql,
    );
    t.true((error?.message.length ?? 0) > 0);
    t.true((error?.hint.length ?? 0) > 0, sql);
    t.false(existsSync(file), sql);
    t.is(db.prepare('SELECT count(*) AS n FROM sqlite_schema').pluck().get(), tables.length);
    db.close();
  }
  t.deepEqual(readdirSync(folder), []);
});

test('reading statements pass, words of the gate in their strings and comments included', (t) => {
  const db = openMemory(tables);
  for (const sql of [
    'SELECT 1',
    '  \n -- comment\n /* another ; */ SELECT username FROM users;',
    'WITH a AS (SELECT 1 AS x) SELECT x FROM a',
    'VALUES (1), (2)',
    "SELECT 'DROP TABLE users; ATTACH' AS text",
    "SELECT 'pragma_database_list' AS text",
    'EXPLAIN SELECT * FROM users',
    'EXPLAIN QUERY PLAN SELECT * FROM users',
    'SELECT "username" FROM "users" -- DELETE',
    "SELECT json_extract('[1]', '$[0]')",
    'SELECT value FROM json_each(\'["a"]\')',
  ]) {
    t.notThrows(() => prepareGuarded(db, sql, names).raw(true).all({ now: 0 }), sql);
  }
});

/** A name as SQL may write it. */
const spellings = (name: string): readonly string[] => [
  name,
  name.toUpperCase(),
  `"${name}"`,
  `[${name}]`,
  `\`${name}\``,
  `'${name}'`,
  `main.${name}`,
  `/* ' */${name}/* ' */`,
  `-- "\n${name}`,
];

test('no spelling of a name hides what reaches beyond the tables', (t) => {
  const db = openMemory(tables);
  const known = db.prepare('SELECT name FROM pragma_module_list').pluck().all() as string[];
  const modules = [
    ...known.filter((name) => !/^jsonb?_/.test(name)),
    ...['pragma_database_list', 'pragma_table_list', 'pragma_function_list', 'pragma_compile_options'],
  ];
  const functions = [
    ...['load_extension', 'fts3_tokenizer', 'fts5_source_id', 'rtreenode', 'rtreedepth', 'sqlite_log'],
    ...['sqlite_compileoption_get', 'geopoly_blob', 'fts5'],
  ];
  const statements = [
    ...modules.flatMap((name) =>
      spellings(name).flatMap((spelt) => [
        `SELECT * FROM ${spelt} AS "'" WHERE 1 OR "'" IS NULL`,
        `WITH a AS (SELECT * FROM ${spelt}) SELECT "'" FROM (SELECT 1 AS "'"), a`,
        `EXPLAIN SELECT * FROM ${spelt}`,
        `explain query plan select 1 where exists (select 1 from ${spelt})`,
      ]),
    ),
    ...functions.flatMap((name) =>
      [name, name.toUpperCase(), `"${name}"`, `[${name}]`, `\`${name}\``].flatMap((spelt) =>
        ["''", "'', x''", "'', '', ''"].map((given) => `SELECT 1 AS "'", ${spelt}(${given}) AS "'"`),
      ),
    ),
  ];
  t.true(statements.length >= 250, String(statements.length));
  for (const sql of statements)
    t.throws(() => prepareGuarded(db, sql, names), { instanceOf: UserError }, sql);
  for (const name of ['json_each', 'json_tree'])
    for (const spelt of spellings(name).filter((one) => !one.startsWith('main.')))
      t.notThrows(() => prepareGuarded(db, `SELECT * FROM ${spelt}('[1]')`, names), spelt);
  db.close();
});

test('the gate is passed once, however long a text is', (t) => {
  const db = openMemory(tables);
  const started = performance.now();
  for (const text of ['[', '"', "'", '`', '/*', '--\n', '(', ';', 'EXPLAIN '])
    t.throws(() => prepareGuarded(db, text.repeat(200_000), names), { instanceOf: UserError }, text);
  t.throws(() => prepareGuarded(db, `SELECT ${'['.repeat(200_000)}`, names), { instanceOf: UserError });
  t.true(performance.now() - started < 5_000);
  for (const sql of ['SELECT ?', 'SELECT :x', 'SELECT @x, $y', 'EXPLAIN SELECT ?'])
    t.throws(() => prepareGuarded(db, sql, names), { instanceOf: UserError, message: /parameter/ }, sql);
  t.notThrows(() => prepareGuarded(db, 'SELECT :now', names));
  db.close();
});

test('no statement changes a setting, also not while it is prepared', (t) => {
  const db = openMemory(tables);
  const settings = ['query_only', 'trusted_schema', 'foreign_keys', 'recursive_triggers', 'writable_schema'];
  const read = () => settings.map((name) => db.pragma(name, { simple: true }));
  db.pragma('query_only = ON');
  const before = read();
  const heads = [
    '',
    '; ',
    'EXPLAIN ',
    'EXPLAIN QUERY PLAN ',
    'explain/**/',
    '/* EXPLAIN */ ',
    'EXPLAIN\n--\n',
  ];
  const forms = ['PRAGMA # = 0', 'PRAGMA # = 1', 'pragma main.#(1)', 'PRAGMA/**/#=0', 'PRAGMA "#" = 1'];
  for (const head of heads)
    for (const form of forms)
      for (const name of settings) {
        const sql = head + form.replace('#', name);
        t.throws(() => prepareGuarded(db, sql, names), { instanceOf: UserError, message: /refused/ }, sql);
        t.deepEqual(read(), before, sql);
      }
  db.close();
});

test('what is wrong with the SQL is told with the name that is meant, in each form of SQLite', (t) => {
  const db = openMemory(tables);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['SELECT usrname FROM users', 'there is no column usrname', /did you mean username\?/],
    ['SELECT u.usrname FROM users u', 'there is no column usrname', /did you mean username\?/],
    ['SELECT "usrname" FROM users', 'there is no column usrname', /did you mean username\?/],
    ['SELECT "a\nb" FROM users', 'there is no column a\nb', /single quotes/],
    ['SELECT * FROM userz', 'there is no table userz', /did you mean users\?/],
    ['SELECT * FROM main.userz', 'there is no table userz', /did you mean users\?/],
    ['SELECT * FROM "a\nb"', 'there is no table a\nb', /lists them/],
    ['SELECT 1 ORDER BY 1 COLLATE nope', 'the SQL cannot be run: no such collation sequence: nope', /./],
    ['SELECT 1; SELECT 2', 'there is more than one statement', /one statement/],
    ['SELECT 1; nonsense (', 'there is more than one statement', /one statement/],
    ["SELECT 'contains no statements' FROM nope", 'there is no table nope', /lists them/],
    ['SELECT * FROM "more than one statement"', 'there is no table more than one statement', /lists them/],
    ['SELECT "contains no statements" FROM users', 'there is no column contains no statements', /quotes/],
  ];
  for (const [sql, message, hint] of cases) {
    const error = t.throws(() => prepareGuarded(db, sql, names), { instanceOf: UserError }, sql);
    t.is(error?.message, message, sql);
    t.regex(error?.hint ?? '', hint, sql);
  }
  db.close();
});

test('what is wrong with the file is not told as a fault of the SQL', (t) => {
  const fault = Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' });
  const db = {
    prepare: () => {
      throw fault;
    },
  } as unknown as Db;
  t.is(
    t.throws(() => prepareGuarded(db, 'SELECT 1', names)),
    fault,
  );
});

test('the tables that a statement touches are found through CTEs, subqueries, unions and EXISTS', (t) => {
  const db = openMemory(tables);
  const touched = (sql: string): string[] => [...touchedTables(db, sql)].toSorted();
  t.deepEqual(touched('SELECT 1'), []);
  t.deepEqual(touched("SELECT 'users'"), []);
  t.deepEqual(touched('SELECT count(*) FROM users'), ['users']);
  t.deepEqual(touched('/* ; */ ;; -- groups\n; SELECT count(*) FROM users; -- end'), ['users']);
  t.deepEqual(touched('SELECT 1 FROM groups WHERE EXISTS (SELECT 1 FROM hosts)'), ['groups', 'hosts']);
  t.deepEqual(touched('WITH a AS (SELECT uid FROM users UNION SELECT gid FROM groups) SELECT * FROM a'), [
    'groups',
    'users',
  ]);
  t.deepEqual(touched('SELECT (SELECT state FROM bootstrap_tokens)'), ['bootstrap_tokens']);
  t.deepEqual(touched('SELECT * FROM users u LEFT JOIN secure_tokens s USING (uid) WHERE u.uid = :now'), [
    'secure_tokens',
    'users',
  ]);
});

test('only what is short, and reads, calls and nests nothing, goes unwatched', (t) => {
  t.true(isInstant('SELECT 1'));
  t.true(isInstant("SELECT 1 + 2, 'x', NULL"));
  for (const sql of [
    'SELECT count(*) FROM users',
    'SELECT zeroblob(1000000000)',
    "SELECT printf('%1000000000d', 1)",
    'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT x FROM c',
  ]) {
    t.false(isInstant(sql), sql);
  }
});

test('memory is bounded', async (t) => {
  const { signal, code, stderr } = await cli([
    'query',
    '--json',
    // The memory is to end it, however busy the machine is.
    '--timeout',
    '300',
    'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c LIMIT 20) SELECT group_concat(hex(zeroblob(200000000))) FROM c',
  ]);
  t.is(signal, null);
  t.is(code, 1);
  t.regex(stderr, /more than \d+ MiB of memory|the query failed: /);
});

test('a hostile query over real rows leaves the evidence as it was', async (t) => {
  const { code, stderr } = await cli([
    'query',
    '--source',
    sample('macos26-managed'),
    'UPDATE users SET uid = 0 RETURNING uid',
  ]);
  t.is(code, 1);
  t.regex(stderr, /refused/);
});
