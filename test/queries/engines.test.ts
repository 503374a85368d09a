import test from 'ava';
import { names } from '../../cli/names.ts';
import { tables } from '../../tables/index.ts';
import { queries } from '../../queries/index.ts';
import { blindSpotsSql } from '../../queries/blind_spots.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { now } from './constructed.ts';
import { duckdb, postgres } from './engines.ts';
import { fleetOf } from './fleet.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const relations = relationsOf(fleetOf(600));
const sqlite = sqliteOf(relations);
const own = (sql: string): unknown[][] => sqlite.prepare(sql).raw(true).all({ now }) as unknown[][];

test('the fleet has every condition: each question fires, does not fire and is unknown somewhere', (t) => {
  for (const { query, hits, verdicts } of evaluate(sqlite, queries, { now, names, tables })) {
    t.is(verdicts.size, 600, query.name);
    t.true(hits.length > 0, `${query.name} fires nowhere`);
    // A host without any status cannot be among collected ones.
    if (query.name === 'host_not_seen') continue;
    const all = new Set(verdicts.values());
    t.true(all.has('unknown') || all.has('not_asked'), `${query.name} is open nowhere`);
    t.true(all.has('clean'), `${query.name} is clean nowhere`);
  }
});

// NULL sorts first in one engine and last in the other: a set is compared.
const sorted = (rows: unknown[][]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

for (const open of [postgres, duckdb]) {
  test(`${open.name}: every question, unchanged, gives the rows of SQLite in the same order`, async (t) => {
    const engine = await open(relations);
    let rows = 0;
    for (const { name, sql } of queries) {
      const expected = own(sql);
      rows += expected.length;
      t.deepEqual(await engine.rows(sql, now), expected, `${name} on ${engine.name}`);
    }
    t.true(rows > 1_000);
    await engine.close();
  });

  test(`${open.name}: the SQL of the blind spots gives the rows of SQLite`, async (t) => {
    const engine = await open(relations);
    for (const query of queries) {
      const sql = blindSpotsSql(query);
      t.deepEqual(sorted(await engine.rows(sql, now)), sorted(own(sql)), `${query.name} on ${engine.name}`);
    }
    await engine.close();
  });
}
