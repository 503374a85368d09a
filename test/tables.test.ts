import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { violations } from '../collector/validate.ts';
import { collect } from '../collector/collect.ts';
import { allColumns } from '../collector/table.ts';
import type { Table, Value } from '../collector/table.ts';
import { tables } from '../tables/index.ts';
import { fixtureBackend } from './fixtures/backend.ts';
import type { Fixture } from './fixtures/backend.ts';

const hostId = 'F6329A14-3B4C-4D5E-8F60-718293A4B5C6';
const folder = join(import.meta.dirname, 'fixtures');

type AnyRow = Readonly<Record<string, Value>>;

interface Expected {
  readonly situation: 'normal' | 'absent' | 'malformed';
  readonly status: string;
  readonly code: string | null;
  readonly columns_affected: readonly string[] | null;
}

const foldersOf = (path: string): string[] =>
  !existsSync(path)
    ? []
    : readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted();

const json = (...path: readonly string[]): unknown => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));
const rowsOf = (table: string, situation: string) => json(table, situation, 'rows.json') as readonly AnyRow[];
const expectedOf = (table: string, situation: string) => json(table, situation, 'status.json') as Expected;

// The tables of the collection itself have no rows of their own to generate.
const generated = tables.filter(({ generate }) => generate !== undefined);

test('no table has anything left to fill in', (t) => {
  for (const table of tables) t.notRegex(JSON.stringify(table), /TODO/, `tables/${table.name}.ts`);
});

test('every folder is of a table that generates rows', (t) => {
  t.deepEqual(foldersOf(folder), generated.map(({ name }) => name).toSorted());
});

const check = (table: Table, situation: string): void =>
  test(`${table.name}: ${situation}`, async (t) => {
    const fixture = json(table.name, situation, 'fixture.json') as Fixture;
    const { backend, unasked } = fixtureBackend(fixture, hostId);
    const { results } = await collect([table], backend, { include: new Set(fixture.include) });
    const [result] = results;
    if (result === undefined || results.length > 1) {
      t.fail('one table is one result');
      return;
    }
    const { rows, status, code, columnsAffected } = result;

    t.deepEqual(
      rows.flatMap((row) => violations(table, row)),
      [],
    );
    t.deepEqual(rows, rowsOf(table.name, situation));
    const { situation: kind } = expectedOf(table.name, situation);
    t.deepEqual(
      { situation: kind, status, code, columns_affected: columnsAffected },
      expectedOf(table.name, situation),
    );

    const keys = rows.map((row) => JSON.stringify(table.key.map((name) => row[name])));
    t.is(new Set(keys).size, keys.length, 'the key tells rows apart');
    t.deepEqual(unasked(), [], 'a fixture holds what its table asks for, and no more');
  });

for (const table of generated) {
  const situations = foldersOf(join(folder, table.name));
  for (const situation of situations) check(table, situation);

  test(`${table.name}: has a normal, an absent and a malformed situation`, (t) => {
    const kinds = new Set(situations.map((situation) => expectedOf(table.name, situation).situation));
    t.deepEqual([...kinds].toSorted(), ['absent', 'malformed', 'normal']);
    for (const situation of situations) t.regex(situation, /^[0-9]+(?:\.[0-9]+)*--[a-z0-9-]+$/);
  });

  test(`${table.name}: every column is told by one of them`, (t) => {
    const rows = situations.flatMap((situation) => rowsOf(table.name, situation));
    const untold = allColumns(table)
      .filter(([name, { from }]) => from?.length !== 0 && rows.every((row) => row[name] === null))
      .map(([name]) => name);
    t.deepEqual(untold, []);
  });
}
