import test from 'ava';
import { queries } from '../../queries/index.ts';
import { blindSpotStatements, blindSpotsSql, exemptStatement } from '../../queries/blind_spots.ts';
import { refusals } from './shared_sql.ts';

test('no statement of the library has what ClickHouse or MariaDB refuses', (t) => {
  for (const query of queries) {
    t.deepEqual(refusals(query.sql), [], query.name);
    t.deepEqual(refusals(blindSpotsSql(query)), [], `${query.name}, its blind spots`);
    for (const sql of [...blindSpotStatements(query), exemptStatement(query) ?? ''])
      t.deepEqual(refusals(sql), [], query.name);
  }
});

/** A statement, and how many refusals it has. */
const planted: readonly (readonly [sql: string, count: number])[] = [
  ['WITH a AS (SELECT u.host_id, s.uid AS uid FROM users u JOIN s ON s.x = u.x) SELECT a.host_id FROM a', 1],
  ['WITH a AS (SELECT DISTINCT u.host_id FROM users u LEFT JOIN s ON s.x = u.x) SELECT a.host_id FROM a', 1],
  ['WITH a AS (SELECT u.host_id, s.* FROM users u, s WHERE s.x = u.x) SELECT a.host_id FROM a', 2],
  ['SELECT b.x FROM (SELECT u.x FROM users u CROSS JOIN s WHERE s.x = u.x) b', 1],
  ['SELECT b.x FROM (SELECT 1 AS x UNION ALL SELECT u.x FROM users u CROSS JOIN s) b', 1],
  ['SELECT b.x FROM (SELECT u.x FROM users u WHERE EXISTS (SELECT 1 FROM s JOIN r ON r.x = s.x)) b', 0],
  ['SELECT u.x FROM users u JOIN s ON s.x = u.x', 0],
  [
    "SELECT b.x FROM (SELECT CASE WHEN u.x = ',' THEN u.x END AS x, MAX(s.y) AS y FROM users u JOIN s ON 1 = 1) b",
    0,
  ],
  ["SELECT '\\' AS x", 1],
  ["SELECT '\\\\' AS x", 1],
  ["SELECT REPLACE(u.x, '\\\"', '') AS x FROM users u", 1],
  ["SELECT SUBSTR('\\\\', 1, 1) AS x", 0],
  ["SELECT SUBSTR('\\\\', 1, 2) AS x", 1],
  ["SELECT 'a' AS change", 1],
  ["SELECT 'a' AS Key", 1],
  ['WITH left AS (SELECT 1 AS x) SELECT x FROM left', 1],
  ['WITH leftover AS (SELECT 1 AS changed) SELECT l.change FROM leftover l', 0],
  ['SELECT CAST(NULL AS VARCHAR(64)) AS name, 1 AS range', 1],
  ["SELECT 'it is AS key' AS x -- AS key", 0],
  [
    'SELECT u.x FROM users u WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.x = u.x AND NOT EXISTS (SELECT 1 FROM r q WHERE q.x = u.x))',
    1,
  ],
  [
    'SELECT u.x FROM users u WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.x = u.x AND NOT EXISTS (SELECT 1 FROM r q WHERE q.x = s.x))',
    0,
  ],
  [
    'SELECT u.x FROM t JOIN users AS u ON u.x = t.x WHERE (SELECT MAX(s.y) FROM (SELECT r.y AS y FROM r WHERE r.z = t.z) s) = 1',
    1,
  ],
  ['SELECT DISTINCT u.x, (SELECT MAX(s.y) FROM s WHERE s.x = u.x) AS y FROM users u', 0],
  ['SELECT DISTINCT u.x, (SELECT MAX(s.y) FROM s WHERE s.x = u.x AND s.z = u.z) AS y FROM users u', 1],
  ['SELECT u.x, (SELECT MAX(s.y) FROM s WHERE s.x = u.x) AS y FROM users u', 0],
  ['SELECT DISTINCT u.x FROM users u WHERE u.x IN (SELECT s.x FROM s)', 0],
];

test('what they refuse is seen where it is planted, and nothing else is', (t) => {
  for (const [sql, count] of planted)
    t.is(refusals(sql).length, count, `${sql}: ${refusals(sql).join('; ')}`);
});

test('each refusal says where it stands', (t) => {
  t.deepEqual(refusals("SELECT 1 AS x,\n  '\\' AS y"), [
    "line 2: '\\' has a backslash; SUBSTR('\\\\', 1, 1) is one to every engine",
  ]);
});
