/** What table_status says of doubts: no NULL, no missing row and no conclusion of half the witnesses goes unnamed. */
import test from 'ava';
import { collect } from '../../collector/collect.ts';
import { doubtsOf, untoldColumns } from '../../collector/doubts.ts';
import { CollectError, parseFailed } from '../../collector/errors.ts';
import type { Cost } from '../../collector/errors.ts';
import type { SourceName } from '../../collector/sources.ts';
import { allColumns, defineTable, integer, meaningOfNull, required, text } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { fixtureBackend } from '../fixtures/backend.ts';

const people = defineTable({
  name: 'people',
  description: 'For this test.',
  columns: {
    name: required(text('Key.', { privacy: 'name' })),
    shell: text('Of the record.', { privacy: 'nobody', from: ['ds_users'] }),
    is_admin: integer('Of two sources.', { privacy: 'nobody', from: ['ds_users', 'ds_groups'] }),
    nickname: text('Need not be.', { privacy: 'name', from: ['ds_users'], nullIsAnswer: 'there is none' }),
  },
  key: ['name'],
  sources: ['ds_users', 'ds_groups'],
  rowsFrom: ['ds_users'],
  macos: 'all',
  examples: ['SELECT 1;'],
});
const none: ReadonlyMap<string, string> = new Map();
const row = { name: 'alice', shell: '/bin/zsh', is_admin: 1, nickname: null };
const failure = (source: SourceName, costs: Cost = 'record', isOfItem = false) => ({
  problem: parseFailed('odd').costing(costs).at(source),
  isOfItem,
});
const doubts = (failures: readonly ReturnType<typeof failure>[], table: Table = people) =>
  doubtsOf({ table, rows: [row], inapplicable: none }, 'partial', failures);

test('a NULL that is no answer is named, one that is an answer or cannot be is not', (t) => {
  const rows = [{ ...row, shell: null, is_admin: null }];
  t.deepEqual(untoldColumns({ table: people, rows, inapplicable: none }), ['shell', 'is_admin']);
  t.deepEqual(untoldColumns({ table: people, rows, inapplicable: new Map([['shell', 'no shells here']]) }), [
    'is_admin',
  ]);
});

test('a conclusion that lacks a witness is uncertain; what a record tells by itself is not', (t) => {
  t.deepEqual(doubts([failure('ds_groups')]).uncertain, ['is_admin']);
  // Which groups there are decides of every account; a record of an account that is lost is a row that is lost.
  t.deepEqual(doubts([failure('ds_groups', 'record', true)]).uncertain, ['is_admin']);
  t.deepEqual(doubts([failure('ds_users', 'record', true)]).uncertain, []);
  t.deepEqual(doubts([failure('ds_users', 'entry', true)]).uncertain, ['is_admin']);
  t.deepEqual(doubts([failure('ds_users', 'value', true)]).uncertain, []);
  t.deepEqual(doubts([]).uncertain, []);
  t.deepEqual(doubts([failure('ds_groups')]).failedSources, ['ds_groups']);
});

test('a row is missed only where a record of a source of rows is lost', (t) => {
  t.true(doubts([failure('ds_users', 'record', true)]).mayRowsBeMissing);
  t.false(doubts([failure('ds_groups')]).mayRowsBeMissing);
  t.false(doubts([failure('ds_users', 'entry', true)]).mayRowsBeMissing);
  t.true(doubts([failure('ds_users', 'entry', true)], { ...people, hasRowsOfValues: true }).mayRowsBeMissing);
  t.true(doubtsOf({ table: people, rows: [], inapplicable: none }, 'denied', []).mayRowsBeMissing);
  t.false(doubtsOf({ table: people, rows: [], inapplicable: none }, 'empty', []).mayRowsBeMissing);
  const leftOut = { problem: new CollectError('row_invalid', 'a row was left out'), isOfItem: false };
  t.deepEqual(doubts([leftOut]).failedSources, ['row']);
  t.true(doubts([leftOut]).mayRowsBeMissing);
});

test('whatever declares what its NULL means can be NULL, and rows come from sources that there are', (t) => {
  for (const { name, columns, rowsFrom = [], sources } of tables) {
    for (const [column, { isRequired, nullBecause, nullIsAnswer }] of Object.entries(columns)) {
      if (nullIsAnswer === undefined && nullBecause === undefined) continue;
      t.not(isRequired, true, `${name}.${column} is never NULL`);
    }
    for (const source of rowsFrom) t.true(sources.includes(source), `${name}: ${source}`);
  }
});

test('where nothing answers, no table calls its rows whole, and no NULL is unnamed', async (t) => {
  const { backend } = fixtureBackend({ origin: 'constructed', source: 'nothing', commands: [] }, 'H');
  const { results } = await collect(tables, backend);
  for (const { table, rows, status, columnsAffected, doubts: told } of results) {
    if (rows.length === 0 && status !== 'unsupported')
      t.true(told.mayRowsBeMissing, `${table.name} is ${status}`);
    for (const [name] of allColumns(table)) {
      if (name === 'host_id' || !rows.some((each) => each[name] === null) || columnsAffected === null)
        continue;
      const isNamed =
        columnsAffected.includes(name) ||
        told.inapplicable.has(name) ||
        meaningOfNull(table, name) !== undefined;
      t.true(isNamed, `${table.name}.${name}`);
    }
  }
});
