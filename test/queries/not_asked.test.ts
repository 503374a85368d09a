/** not_asked: what the means of a run exclude, and nothing that could not be seen. */
import { join } from 'node:path';
import test from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection, TableResult } from '../../collector/collection.ts';
import { commands } from '../../collector/sources.ts';
import type { Command } from '../../collector/sources.ts';
import { evaluateIn, judgedWorld } from '../../cli/findings.ts';
import { names } from '../../cli/names.ts';
import { evaluate, verdictOf } from '../../queries/evaluate.ts';
import type { Answer, BlindSpot, Verdict } from '../../queries/evaluate.ts';
import { queries } from '../../queries/index.ts';
import { meansOf } from '../../queries/means.ts';
import { tables } from '../../tables/index.ts';
import { cleanHost, collectable, day, deny, now, set } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const sample = (name: string): Promise<Collection> =>
  evidenceBackend(join(import.meta.dirname, '../../samples', name)).then((backend) =>
    collect(collectable, backend),
  );

const answersOf = (collection: Collection): readonly Answer[] => {
  const world = judgedWorld([collection]);
  try {
    return evaluateIn(world);
  } finally {
    world.close();
  }
};

const verdictsOf = (answers: readonly Answer[]): ReadonlyMap<string, Verdict | undefined> =>
  new Map(answers.map(({ query, verdicts }) => [query.name, [...verdicts.values()][0]]));

const changed = (
  collection: Collection,
  name: string,
  change: (result: TableResult) => TableResult,
): Collection => ({
  ...collection,
  results: collection.results.map((result) => (result.table.name === name ? change(result) : result)),
});

test('a healthy Mac of which all was seen that its means allow has no unknown answer', async (t) => {
  const answers = answersOf(await sample('macos26-managed'));
  t.false([...verdictsOf(answers).values()].includes('unknown'));
  const means = answers.flatMap(({ verdicts, blindSpots }) =>
    [...verdicts].flatMap(([host, verdict]) =>
      verdict === 'not_asked' ? (blindSpots.get(host) ?? []).map(({ because }) => because) : [],
    ),
  );
  t.deepEqual(
    [...new Set(means.map((because) => (because.by === 'means' ? because.means : because.by)))].toSorted(),
    ['database', 'hosts', 'network', 'source'],
  );
});

test('a table that could not be seen leaves no question of it not asked, whatever else was not asked', async (t) => {
  const whole = await sample('macos26-managed');
  let count = 0;
  for (const { table } of whole.results) {
    for (const status of ['denied', 'failed', 'not_recorded'] as const) {
      const dark = changed(whole, table.name, (result) => ({
        ...result,
        ...{ status, rows: [], code: 'source_failed', reason: `${table.name} did not answer` },
      }));
      for (const { query, verdicts, blindSpots } of answersOf(dark)) {
        if (query.needsHistory) continue;
        const [[host, verdict] = ['', undefined]] = verdicts;
        const needed = query.requires.map((required) => required.table);
        const isSeen = (blindSpots.get(host) ?? []).every((spot) => spot.table !== table.name);
        if (!needed.includes(table.name) || isSeen) continue;
        count += 1;
        t.not(verdict, 'not_asked', `${query.name} without ${table.name}`);
      }
    }
  }
  t.true(count > 150, String(count));
});

test('only a column, or a table, that a server alone could tell is not asked by the network, and only where nobody asked', (t) => {
  const isOfNetwork = (source: string): boolean =>
    (commands as Readonly<Record<string, Command | undefined>>)[source]?.network === true;
  let count = 0;
  for (const table of tables) {
    for (const column of [null, ...Object.keys(table.columns)]) {
      const from = (column === null ? undefined : table.columns[column]?.from) ?? table.sources;
      const told = from.map(
        (source) => `${source} was not asked: it may use the network (--allow-network, on the Mac itself)`,
      );
      const means = meansOf(
        tables,
        { table: table.name, column },
        { status: 'skipped', told: told.join('; ') },
      );
      const isTold = column === null || table.columns[column]?.from?.length !== 0;
      const expected = !isTold ? 'source' : from.length > 0 && from.every(isOfNetwork) ? 'network' : null;
      t.is(means, expected, `${table.name}.${column ?? '*'}`);
      if (expected !== 'network') continue;
      count += 1;
      for (const said of [
        null,
        { status: 'failed', told: 'mdmclient ended with 1' },
        { status: 'partial', told: null },
      ])
        t.is(meansOf(tables, { table: table.name, column }, said), null, `${table.name}.${column ?? '*'}`);
    }
  }
  t.true(count >= 5, String(count));
});

test('one blind spot that is none of the means makes it unknown, and a hit stays a hit', (t) => {
  const spot = (because: BlindSpot['because']): BlindSpot => ({
    table: 'x',
    column: null,
    reason: '',
    because,
  });
  const byMeans = spot({ by: 'means', means: 'network' });
  const others = [
    spot({ by: 'question' }),
    spot({ by: 'nobody' }),
    spot({ by: 'table_status', status: 'skipped', told: null }),
  ];
  t.is(verdictOf(false, undefined), 'clean');
  t.is(verdictOf(false, [byMeans]), 'not_asked');
  for (const other of others) {
    t.is(verdictOf(false, [byMeans, other]), 'unknown');
    t.is(verdictOf(true, [byMeans, other]), 'hit');
  }
  t.true(queries.length > 0);
});

test('keys that nobody asked for are not asked, with a database of two snapshots too; what could not be read is unknown', (t) => {
  const ofKeys = queries.filter(({ requires }) =>
    requires.some(({ table }) => table.startsWith('authorized_key')),
  );
  t.is(ofKeys.length, 3);
  const offByDefault = 'off by default: --include ssh_keys';
  for (const [status, reason, expected] of [
    ['skipped', offByDefault, 'not_asked'],
    [
      'skipped',
      'homes were not looked at: the evidence was recorded without --include ssh_keys',
      'not_asked',
    ],
    ['skipped', 'authorized_keys was not looked at', 'unknown'],
    ['denied', 'may not be read', 'unknown'],
  ] as const) {
    const [first, second] = [now - 3 * day, now].map((time) => {
      const host = cleanHost('HOST-A', time);
      set(host, 'hosts', { remote_login_enabled: 1 });
      for (const table of ['authorized_keys', 'authorized_key_files']) {
        deny(host, table, status);
        Object.assign(host.tables.get(table) ?? {}, { reason });
      }
      return host;
    });
    if (first === undefined || second === undefined) throw new Error('no host');
    const db = sqliteOf(relationsOf([first, second]));
    for (const { query, verdicts } of evaluate(db, ofKeys, { now, names, tables }))
      t.is(verdicts.get('HOST-A'), expected, `${query.name}: ${reason}`);
    db.close();
  }
});
