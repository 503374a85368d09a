import fc from '../property.ts';
import test from 'ava';
import { boolean, defineTable, integer, oneOf, text, time } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { statementsOf } from '../../queries/closed.ts';
import { queries } from '../../queries/index.ts';
import { mistakesIn } from '../../queries/mistakes.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { openMemory } from '../../store/memory.ts';
import type { Db } from '../../store/database.ts';
import { tables } from '../../tables/index.ts';

const words = ['alpha', 'beta', 'gamma_ray'];

// Constructed: a column of each kind, and beside it one of free text that may hold anything.
const columns = {
  name: text('Free text.', { privacy: 'nobody' }),
  word: oneOf(words, 'One of three words.', { privacy: 'nobody' }),
  flag: boolean('Yes or no.', { privacy: 'nobody' }),
  num: integer('A whole number.', { privacy: 'nobody' }),
  at: time('When.', { privacy: 'nobody' }),
};
const declaration = (name: string): Table =>
  defineTable({
    ...{ name, description: 'Constructed.', columns, key: ['name'], sources: [], macos: '' },
    examples: ['SELECT 1;'],
    generate: async () => [],
  });
const own: readonly Table[] = [declaration('macs'), declaration('locks')];
const ownNames = { tables: own.map(({ name }) => name) };
/** What is told of a statement on tables that nothing is in. */
const told = (db: Db, sql: string): string[] =>
  mistakesIn({ db, tables: own, names: ownNames }, sql).map(({ message }) => message);

/** Every value that a column can hold, in every combination. */
const filled = (): Db => {
  const db = openMemory(own);
  for (const { name } of own) {
    const insert = db.prepare(`INSERT INTO ${name} VALUES (?, ?, ?, ?, ?, ?)`);
    let row = 0;
    for (const word of [...words, null])
      for (const flag of [0, 1, null])
        for (const num of [0, 1, 5, -2, null]) {
          const free = ['alpha', 'Alpha', '1', 'yes', 'x', null][row % 6];
          insert.run(free, word, flag, num, row % 2 === 0 ? 1_790_000_000 : null, `H${row % 2}`);
          row += 1;
        }
  }
  return db;
};

/** Statements in which a literal is compared with a column, in the forms that people write. */
const forms: Readonly<Record<string, (column: string, literal: string) => string>> = {
  '=': (c, l) => `SELECT name FROM macs WHERE ${c} = ${l}`,
  '==': (c, l) => `SELECT name FROM macs WHERE ${c}==${l}`,
  '<>': (c, l) => `SELECT name FROM macs WHERE ${c} <> ${l}`,
  '!=': (c, l) => `SELECT name FROM macs WHERE ${c}!=${l}`,
  IS: (c, l) => `SELECT name FROM macs WHERE ${c} IS ${l}`,
  'IS NOT': (c, l) => `SELECT name FROM macs WHERE ${c} IS NOT ${l}`,
  'IS DISTINCT FROM': (c, l) => `SELECT name FROM macs WHERE ${c} IS DISTINCT FROM ${l}`,
  'literal first': (c, l) => `SELECT name FROM macs WHERE ${l} = ${c}`,
  'in parentheses': (c, l) => `SELECT name FROM macs WHERE ((${c}) = (${l}))`,
  'IN of one': (c, l) => `SELECT name FROM macs WHERE ${c} IN (${l})`,
  'IN of two': (c, l) => `SELECT name FROM macs WHERE ${c} IN (${l}, ${l})`,
  'IN of four': (c, l) => `SELECT name FROM macs WHERE ${c} IN (${l}, ${l}, ${l}, ${l})`,
  'NOT IN of one': (c, l) => `SELECT name FROM macs WHERE ${c} NOT IN (${l})`,
  'NOT IN of four': (c, l) => `SELECT name FROM macs WHERE ${c} NOT IN (${l}, ${l}, ${l}, ${l})`,
  'IN of a subquery': (c, l) => `SELECT name FROM macs WHERE ${c} IN (SELECT ${l})`,
  'IN of VALUES': (c, l) => `SELECT name FROM macs WHERE ${c} IN (VALUES (${l}), (${l}))`,
  'literal in a subquery': (c, l) => `SELECT name FROM macs WHERE ${l} IN (SELECT ${c} FROM locks)`,
  'equal to a subquery': (c, l) => `SELECT name FROM macs WHERE ${c} = (SELECT ${l})`,
  'row value': (c, l) => `SELECT name FROM macs WHERE (name, ${c}) = ('x', ${l})`,
  'CASE of a value': (c, l) => `SELECT CASE ${c} WHEN ${l} THEN 1 ELSE 0 END FROM macs`,
  'CASE of a condition': (c, l) => `SELECT CASE WHEN ${c} = ${l} THEN 'yes' ELSE 'no' END FROM macs`,
  IIF: (c, l) => `SELECT IIF(${c} = ${l}, 1, 0) FROM macs`,
  'as a column': (c, l) => `SELECT ${c} = ${l} AS hit FROM macs`,
  SUM: (c, l) => `SELECT SUM(${c} = ${l}) FROM macs`,
  FILTER: (c, l) => `SELECT COUNT(*) FILTER (WHERE ${c} = ${l}) FROM macs`,
  'ORDER BY': (c, l) => `SELECT name FROM macs ORDER BY ${c} = ${l}, name`,
  'NOT, AND, OR': (c, l) => `SELECT name FROM macs WHERE NOT (${c} = ${l}) AND (name = 'x' OR ${c} = ${l})`,
  'GROUP BY, HAVING': (c, l) => `SELECT ${c}, COUNT(*) FROM macs GROUP BY ${c} HAVING ${c} = ${l}`,
  'GROUP BY 1': (c, l) => `SELECT ${c}, COUNT(*) AS n FROM macs GROUP BY 1 HAVING ${c} = ${l} OR n > 9`,
  alias: (c, l) => `SELECT ${c} AS it FROM macs WHERE it = ${l}`,
  'table alias': (c, l) => `SELECT m.name FROM macs AS m WHERE m.${c} = ${l}`,
  'quoted names': (c, l) => `SELECT "name" FROM [macs] WHERE \`${c}\` = ${l}`,
  'a comment': (c, l) =>
    `/* it's ${l} */ SELECT name -- 'what'\nFROM macs WHERE ${c} /* = 'x' */ = ${l} -- it's`,
  subquery: (c, l) => `SELECT it FROM (SELECT ${c} AS it FROM macs) WHERE it = ${l}`,
  'subquery in a subquery': (c, l) =>
    `SELECT x FROM (SELECT it AS x FROM (SELECT ${c} AS it FROM macs)) WHERE x = ${l}`,
  'subquery with LIMIT': (c, l) =>
    `SELECT it FROM (SELECT DISTINCT ${c} AS it FROM macs ORDER BY 1 LIMIT 9) WHERE it = ${l}`,
  CTE: (c, l) => `WITH a AS (SELECT ${c} AS it FROM macs) SELECT it FROM a WHERE it = ${l}`,
  'CTE with names': (c, l) => `WITH a(it) AS (SELECT ${c} FROM macs) SELECT it FROM a WHERE it = ${l}`,
  'CTE used twice': (c, l) =>
    `WITH a AS MATERIALIZED (SELECT name, ${c} AS it FROM macs) SELECT p.name FROM a p JOIN a q USING (name) WHERE q.it = ${l}`,
  'recursive CTE': (c, l) =>
    `WITH RECURSIVE a(it, n) AS (SELECT ${c}, 1 FROM macs UNION ALL SELECT it, n + 1 FROM a WHERE n < 2) SELECT it FROM a WHERE it = ${l}`,
  'window function': (c, l) =>
    `SELECT * FROM (SELECT ${c} AS it, ROW_NUMBER() OVER (PARTITION BY ${c} ORDER BY name) AS n FROM macs) WHERE it = ${l}`,
  join: (c, l) => `SELECT m.name FROM macs m JOIN locks k USING (host_id, name) WHERE k.${c} = ${l}`,
  'join by a comma': (c, l) =>
    `SELECT m.name FROM macs m, locks k WHERE m.host_id = k.host_id AND k.${c} = ${l}`,
  'LEFT JOIN': (c, l) =>
    `SELECT m.name, k.num FROM macs m LEFT JOIN locks k ON k.host_id = m.host_id AND k.${c} = ${l}`,
  'LEFT JOIN of a subquery': (c, l) =>
    `SELECT m.name FROM macs m LEFT JOIN (SELECT host_id, ${c} AS it FROM locks) k ON k.host_id = m.host_id WHERE k.it IS ${l}`,
  'NATURAL JOIN': (c, l) => `SELECT name FROM macs NATURAL JOIN locks WHERE ${c} = ${l}`,
  EXISTS: (c, l) =>
    `SELECT name FROM macs m WHERE EXISTS (SELECT 1 FROM locks k WHERE k.host_id = m.host_id AND k.${c} = ${l})`,
  'NOT EXISTS': (c, l) =>
    `SELECT name FROM macs m WHERE NOT EXISTS (SELECT 1 FROM locks k WHERE k.host_id = m.host_id AND k.${c} = ${l})`,
  'scalar subquery': (c, l) =>
    `SELECT (SELECT COUNT(*) FROM locks k WHERE k.host_id = m.host_id AND ${c} = ${l}) FROM macs m`,
  'arm of a UNION': (c, l) =>
    `SELECT name FROM macs WHERE ${c} = ${l} UNION ALL SELECT name FROM locks WHERE name = ${l}`,
};

const kinds = [
  {
    column: 'word',
    good: ["'alpha'", "'beta'", "'gamma_ray'"],
    bad: ["'Alpha'", "'alhpa'", "'gamma ray'", "'none'", "''", "'it''s'", '3'],
  },
  {
    column: 'flag',
    good: ['0', '1', "'1'", "'0'", '1.0', "' 1 '"],
    bad: ["'true'", "'yes'", "'NO'", '2', "''"],
  },
  { column: 'num', good: ['0', '501', "'501'", '5e2', "'-2'", '0x10'], bad: ["'abc'", "'5a'", '5.5', "''"] },
  { column: 'at', good: ['1790000000', "'1790000000'"], bad: ["'2026-09-01'", "'now'"] },
] as const;

test('a literal that can match is never told, in any form', (t) => {
  const db = openMemory(own);
  for (const { column, good } of kinds)
    for (const literal of good)
      for (const [form, make] of Object.entries(forms)) {
        const sql = make(column, literal);
        t.notThrows(() => db.prepare(sql), sql);
        t.deepEqual(told(db, sql), [], `${form}: ${sql}`);
      }
});

test('a literal that cannot match is told, in every form', (t) => {
  const db = openMemory(own);
  for (const { column, bad } of kinds)
    for (const literal of bad)
      for (const [form, make] of Object.entries(forms)) {
        const sql = make(column, literal);
        const found = told(db, sql);
        t.true(found.length > 0, `${form}: ${sql}`);
        for (const message of found)
          t.regex(message, new RegExp(`\\.${column}(?: and \\w+\\.\\w+)* (?:is|are) never`));
      }
});

// What is compared is not the column, or the literal may be the other side too: nothing is said, whatever the literal.
const silent: Readonly<Record<string, (column: string, literal: string) => string>> = {
  COALESCE: (c, l) => `SELECT name FROM macs WHERE COALESCE(${c}, ${l}) = ${l}`,
  CAST: (c, l) => `SELECT name FROM macs WHERE CAST(${c} AS TEXT) = ${l}`,
  'a function': (c, l) => `SELECT name FROM macs WHERE UPPER(${c}) = ${l}`,
  'put together': (c, l) => `SELECT name FROM macs WHERE ${c} || '' = ${l}`,
  LIKE: (c, l) => `SELECT name FROM macs WHERE ${c} LIKE ${l}`,
  GLOB: (c, l) => `SELECT name FROM macs WHERE ${c} GLOB ${l}`,
  'CASE as a value': (c, l) => `SELECT name FROM macs WHERE CASE WHEN ${c} IS NULL THEN ${l} END = ${l}`,
  IIF: (c, l) => `SELECT name FROM macs WHERE IIF(${c} IS NULL, ${l}, 'x') = ${l}`,
  NULLIF: (_column, l) => `SELECT name FROM macs WHERE NULLIF(${l}, 'x') = ${l}`,
  'a view of two kinds': (c, l) =>
    `SELECT * FROM (SELECT ${c} AS it FROM macs UNION ALL SELECT ${l}) WHERE it = ${l}`,
  'a CTE of two kinds': (c, l) =>
    `WITH a AS (SELECT ${c} AS it FROM macs UNION SELECT ${l} FROM locks) SELECT * FROM a WHERE it IN (${l}, 'x', 'y')`,
  'two kinds, one of free text': (c, l) =>
    `SELECT * FROM (SELECT ${c} AS it FROM macs UNION ALL SELECT name FROM locks) WHERE it = ${l}`,
  'free text': (_column, l) => `SELECT name FROM macs WHERE name = ${l}`,
  'an output': (c, l) => `SELECT ${l} AS kind, ${c} FROM macs`,
  'an output by a set': (c, l) => `SELECT ${l} AS kind UNION SELECT ${c} FROM macs`,
  'a set without': (c, l) => `SELECT ${l} EXCEPT SELECT ${c} FROM macs`,
  'the last, or another': (c, l) =>
    `SELECT * FROM (SELECT LAG(${c}, 1, ${l}) OVER () AS it FROM macs) WHERE it = ${l}`,
  JSON: (c, l) => `SELECT name FROM macs WHERE ${c} IN (SELECT value FROM json_each(json_array(${l})))`,
  'a join with a list': (_column, l) =>
    `WITH v(x) AS (VALUES (${l}), ('x')) SELECT v.x FROM v LEFT JOIN macs m ON m.name = v.x`,
};

test('where a literal is not compared with the column alone, nothing is said', (t) => {
  const db = openMemory(own);
  for (const { column, good, bad } of kinds)
    for (const literal of [...good, ...bad])
      for (const [form, make] of Object.entries(silent)) {
        const sql = make(column, literal);
        t.notThrows(() => db.prepare(sql), sql);
        t.deepEqual(told(db, sql), [], `${form}: ${sql}`);
      }
  t.deepEqual(told(db, "SELECT 1 FROM macs WHERE word = 'ALPHA' COLLATE NOCASE"), []);
  t.is(told(db, "SELECT 1 FROM macs WHERE word = 'ALPHABET' COLLATE NOCASE").length, 1);
  t.deepEqual(told(db, "EXPLAIN SELECT 1 FROM macs WHERE word = 'x'"), []);
  t.deepEqual(told(db, "SELECT 1 FROM macs WHERE word = ? AND word = 'x'"), []);
});

/** Expressions over the columns of both tables, with literals anywhere. */
const literalValues = [
  "'alpha'",
  "'Alpha'",
  "'beta'",
  "'1'",
  "'yes'",
  "'x'",
  "''",
  '0',
  '1',
  '2',
  '5',
  '5.5',
  "'-2'",
];
const { statement } = fc.letrec<{ condition: string; value: string; source: string; statement: string }>(
  (tie) => {
    const literal = fc.constantFrom(...literalValues);
    const column = fc.constantFrom('word', 'flag', 'num', 'name');
    const operator = fc.constantFrom('=', '<>', 'IS', 'IS NOT', '==');
    const list = fc.array(literal, { minLength: 1, maxLength: 5 });
    return {
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        column,
        column,
        literal,
        fc.tuple(column, literal).map(([c, l]) => `COALESCE(${c}, ${l})`),
        fc
          .tuple(tie('condition'), tie('value'), tie('value'))
          .map(([c, a, b]) => `CASE WHEN ${c} THEN ${a} ELSE ${b} END`),
        tie('value').map((v) => `CAST(${v} AS TEXT)`),
        tie('value').map((v) => `(SELECT ${v})`),
        column.map((c) => `(SELECT MAX(k.${c}) FROM locks k)`),
        column.map((c) => `+${c}`),
      ),
      condition: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.tuple(tie('value'), operator, literal).map(([v, o, l]) => `${v} ${o} ${l}`),
        fc.tuple(literal, operator, tie('value')).map(([l, o, v]) => `${l} ${o} ${v}`),
        fc
          .tuple(tie('value'), fc.constantFrom('', 'NOT '), list)
          .map(([v, no, l]) => `${v} ${no}IN (${l.join(', ')})`),
        fc
          .tuple(column, list)
          .map(([c, l]) => `CASE ${c} ${l.map((one, i) => `WHEN ${one} THEN ${i % 2}`).join(' ')} END`),
        fc
          .tuple(tie('condition'), fc.constantFrom('AND', 'OR'), tie('condition'))
          .map((all) => `(${all.join(' ')})`),
        tie('condition').map((c) => `NOT (${c})`),
        fc
          .tuple(column, operator, literal)
          .map(([c, o, l]) => `EXISTS (SELECT 1 FROM locks k WHERE k.${c} ${o} ${l})`),
        fc
          .tuple(column, literal)
          .map(([c, l]) => `${c} IN (SELECT k.${c} FROM locks k WHERE k.${c} = ${l} UNION ALL SELECT ${l})`),
      ),
      source: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constant('macs'),
        fc
          .tuple(tie('source'), tie('condition'))
          .map(([s, c]) => `(SELECT word, flag, num, name FROM ${s} WHERE ${c})`),
        fc
          .tuple(tie('source'), literal)
          .map(
            ([s, l]) => `(SELECT word, flag, num, name FROM ${s} UNION ALL SELECT ${l}, ${l}, ${l}, ${l})`,
          ),
        fc
          .tuple(tie('source'), tie('source'))
          .map(
            ([a, b]) =>
              `(SELECT word, flag, num, name FROM ${a} UNION SELECT name, num, flag, word FROM ${b})`,
          ),
        tie('source').map((s) => `(SELECT name AS word, flag, num, word AS name FROM ${s})`),
        tie('source').map(
          (s) => `(SELECT MIN(word) AS word, flag, num, name FROM ${s} GROUP BY flag, num, name)`,
        ),
      ),
      statement: fc.oneof(
        fc
          .tuple(tie('source'), tie('condition'))
          .map(([s, c]) => `SELECT word, flag, num, name FROM ${s} WHERE ${c}`),
        fc
          .tuple(tie('source'), tie('condition'))
          .map(([s, c]) => `SELECT ${c} AS it, COUNT(*) FROM ${s} GROUP BY 1`),
        fc
          .tuple(tie('source'), column, literal)
          .map(([s, c, l]) => `SELECT ${c}, COUNT(*) FROM ${s} GROUP BY ${c} HAVING ${c} = ${l}`),
        fc
          .tuple(tie('source'), tie('condition'))
          .map(
            ([s, c]) =>
              `WITH a AS MATERIALIZED (SELECT * FROM ${s}), b AS (SELECT word FROM a) SELECT word, flag, num, name FROM a WHERE ${c} AND (SELECT COUNT(*) FROM b) > 0`,
          ),
        fc
          .tuple(tie('source'), tie('condition'))
          .map(
            ([s, c]) =>
              `SELECT x.word, x.flag, m.num FROM (SELECT * FROM ${s} WHERE ${c}) x LEFT JOIN macs m ON m.word = x.word AND m.flag = x.flag`,
          ),
      ),
    };
  },
);

test('what is told is so: another literal that nothing equals gives the same answer', (t) => {
  const db = filled();
  const answer = (sql: string): string =>
    JSON.stringify(
      db
        .prepare(sql)
        .raw(true)
        .all()
        .map((row) => JSON.stringify(row))
        .toSorted(),
    );
  let count = 0;
  fc.assert(
    fc.property(statement, (sql) => {
      for (const { start, length } of mistakesIn({ db, tables: own, names: ownNames }, sql)) {
        const other = `${sql.slice(0, start)}'nobody says this'${sql.slice(start + length)}`;
        count += 1;
        if (answer(other) !== answer(sql))
          throw new Error(`told of ${sql.slice(start, start + length)} in ${sql}`);
      }
    }),
    { numRuns: 1500, seed: 12 },
  );
  t.true(count > 300, `${count} were told`);
});

test('the library, its conditions and the examples of the tables have no literal in vain', (t) => {
  const [memory, store] = [openMemory(tables), openEmptyStore(tables)];
  const names = (db: Db): { tables: string[] } => ({
    tables: db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE '\\_%' ESCAPE '\\'",
      )
      .pluck()
      .all() as string[],
  });
  const [inMemory, inStore] = [names(memory), names(store)];
  for (const query of queries) {
    const db = query.needsHistory ? store : memory;
    for (const sql of statementsOf(query))
      t.deepEqual(
        mistakesIn({ db, tables, names: query.needsHistory ? inStore : inMemory }, sql),
        [],
        `${query.name}: ${sql}`,
      );
  }
  for (const { name, examples } of tables)
    for (const sql of examples)
      t.deepEqual(mistakesIn({ db: memory, tables, names: inMemory }, sql), [], name);
});

test('every closed and yes-or-no column of every table takes its own words, and tells of others', (t) => {
  const db = openMemory(tables);
  const asked = { db, tables, names: { tables: tables.map(({ name }) => name) } };
  for (const { name, columns: all } of tables)
    for (const [column, { values, isBoolean }] of Object.entries(all)) {
      if (values === undefined && isBoolean !== true) continue;
      const good = values ?? ['0', '1'];
      const list = good.map((word) => `'${word}'`).join(', ');
      t.deepEqual(mistakesIn(asked, `SELECT 1 FROM "${name}" WHERE "${column}" IN (${list})`), [], column);
      const [bad] = mistakesIn(
        asked,
        `SELECT 1 FROM "${name}" WHERE "${column}" IN (${list}, 'No such word')`,
      );
      t.is(bad?.message, `${name}.${column} is never 'No such word'`);
    }
});
