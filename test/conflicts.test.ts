/** The rules of conflicts as data, and the commands behind each row. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { loadCollections } from '../cli/collected.ts';
import { collect } from '../collector/collect.ts';
import { evidenceBackend } from '../collector/backends/evidence.ts';
import type { Backend } from '../collector/backends/backend.ts';
import { openMemory } from '../store/memory.ts';
import conflicts from '../tables/conflicts.ts';
import { tables } from '../tables/index.ts';
import { conflict, readingRules, rules } from '../tables/shared/conflict_rules.ts';
import type { Rule, RuleId } from '../tables/shared/conflict_rules.ts';
import { fixtureBackend } from './fixtures/backend.ts';
import type { Fixture } from './fixtures/backend.ts';
import { sample } from './standin.ts';

type Row = Readonly<Record<string, string | null>>;

/** Every conflict of a host, with the ids of its commands that command_log has. */
const conflictsOf = async (machine: Backend): Promise<Row[]> => {
  const wanted = tables.filter(({ generate }) => generate !== undefined);
  const db = openMemory(tables);
  loadCollections(db, tables, [await collect(wanted, machine, { allowNetwork: true })]);
  const sql =
    'SELECT c.*, (SELECT json_group_array(i.value) FROM json_each(c.command_ids) i ' +
    'WHERE EXISTS (SELECT 1 FROM command_log l WHERE l.command_id = i.value)) AS logged_ids FROM conflicts c';
  return db.prepare(sql).all() as Row[];
};

const hostId = 'F6329A14-3B4C-4D5E-8F60-718293A4B5C6';
const fixtures = join(import.meta.dirname, 'fixtures/conflicts');
const fixture = (name: string): Backend => {
  const told = JSON.parse(readFileSync(join(fixtures, name, 'fixture.json'), 'utf8')) as Fixture;
  return fixtureBackend(told, hostId).backend;
};

const saysOf = (id: RuleId): string[] => {
  const { conclusion, variants = {} }: Rule = rules[id];
  return [conclusion, ...Object.values(variants).map((variant) => variant.conclusion ?? conclusion)];
};

test('each rule of the catalogue makes rows or is a way to read, and says so once', (t) => {
  const ids = [...Object.keys(rules), ...Object.keys(readingRules)].toSorted();
  t.deepEqual(
    ids,
    Array.from({ length: 20 }, (_, index) => `M${String(index + 1).padStart(2, '0')}`),
  );
  const titles = Object.values(rules).map(({ title }) => title);
  t.is(new Set(titles).size, titles.length);
  // The overview puts the rule behind them, and a list of words reads the same in every format.
  for (const id of Object.keys(rules) as RuleId[])
    for (const conclusion of saysOf(id)) t.notRegex(conclusion, /command_log|\.$/, id);
});

test('a conflict names each command once, and none where files were read', (t) => {
  const by = (command_id: string | null) => ({ source: 'apfs', value: 1, command_id }) as const;
  t.is(conflict('M06', 'X', by('c1'), by('c2')).command_ids, '["c1","c2"]');
  t.is(conflict('M06', 'X', by('c1'), by('c1')).command_ids, '["c1"]');
  t.is(conflict('M06', 'X', by(null), by('c2')).command_ids, '["c2"]');
  t.is(conflict('M06', 'X', by(null), by(null)).command_ids, null);
  t.is(conflict('M06', 'X', [by('c1'), by('c3')], by('c2')).command_ids, '["c1","c3","c2"]');
});

test('a side says one value where all on it say the same, else the value of each', (t) => {
  const by = (source: string, value: string | 0 | 1 | null) => ({ source, value, command_id: null });
  const told = conflict('M18', 'X', [by('a', 1), by('b', 1)], [by('c', 0), by('d', 'off')]);
  t.like(told, { source_a: 'a,b', value_a: '1', source_b: 'c,d', value_b: '0,off' });
  t.is(conflict('M18', 'X', [by('a', null), by('b', null)], by('c', 0)).value_a, null);
});

test('every conflict of the samples and of the fixtures is made by a rule, and joins to the commands behind it', async (t) => {
  const hosts = ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged', 'macos14-not-root'];
  const machines = [
    ...(await Promise.all(hosts.map((name) => evidenceBackend(sample(name))))),
    ...readdirSync(fixtures).map(fixture),
  ];
  const rows = (await Promise.all(machines.map(conflictsOf))).flat();
  t.true(rows.length > 20);
  for (const row of rows) {
    const about = JSON.stringify(row);
    const ids = JSON.parse(row['command_ids'] ?? 'null') as string[] | null;
    t.true(ids !== null && ids.length > 0 && new Set(ids).size === ids.length, about);
    t.is(row['logged_ids'], row['command_ids'], about);
    t.true(saysOf(row['rule_id'] as RuleId).includes(row['conclusion'] ?? ''), about);
  }
  const made = new Set(rows.map((row) => row['rule_id']));
  t.deepEqual([...made].toSorted(), Object.keys(rules));
});

test('the key of the bootstrap token names the command that listed it, where the list of volumes cannot be had', async (t) => {
  const host = fixture('26.6.2--every-kind');
  const machine: Backend = {
    ...host,
    // Without the list of volumes the startup volume is asked, which answers for its volume of data.
    run: async (source, argv) => {
      const output = await host.run(source, [
        ...argv.slice(0, -1),
        argv.at(-1)?.replace(/^\/$/, 'disk3s5') ?? '',
      ]);
      const isMissing = source === 'diskutil_apfs_list' && output !== null;
      return isMissing ? { ...output, outcome: 'missing', isSpawned: false } : output;
    },
  };
  const rows = await conflictsOf(machine);
  t.true(rows.some((row) => row['rule_id'] === 'M10'));
  for (const row of rows) t.is(row['logged_ids'], row['command_ids'], JSON.stringify(row));
});

test('the page of the table leads to the rules', (t) => {
  t.true(conflicts.notes?.some((note) => note.includes('docs/conflicts.md')));
  const page = readFileSync(join(import.meta.dirname, '../docs/conflicts.md'), 'utf8');
  for (const id of [...Object.keys(rules), ...Object.keys(readingRules)]) t.true(page.includes(id), id);
});
