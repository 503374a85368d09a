import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { retain } from '../../store/retention.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { addAll, everything, newPath, newStore, rowsOf, smallTables, snapshotAt } from './world.ts';
import type { Observed } from './world.ts';

const observed: fc.Arbitrary<Observed> = fc.oneof(
  fc
    .uniqueArray(fc.tuple(fc.constantFrom('ann', 'bob', 'cy'), fc.constantFrom(0, 1, null)), {
      selector: ([name]) => name,
      maxLength: 3,
    })
    .chain((list) =>
      fc.constantFrom('ok' as const, 'partial' as const).map((status): Observed => ({
        status: status === 'ok' && list.length === 0 ? 'empty' : status,
        affected: ['token'],
        rows: list.map(([name, token]): Cells => [name, 'A', token, 1, null]),
      })),
    ),
  fc.constant<Observed>({ status: 'denied', affected: null, rows: [] }),
);

const snapshots: fc.Arbitrary<Snapshot[]> = fc.array(
  fc
    .tuple(fc.constantFrom('H1', 'H2'), fc.integer({ min: 1, max: 9 }), observed, observed)
    .map(([host, time, people, other]) =>
      snapshotAt(host, time * 10, {
        people,
        machine: { ...other, rows: other.rows.length === 0 ? [] : [['on', other.rows.length % 2]] },
      }),
    ),
  { minLength: 1, maxLength: 10 },
);

const rowsAt = (path: string, time: number): unknown => {
  const store = openForReading(path, smallTables);
  viewAsOf(store, time);
  const rows = ['people', 'machine', 'latest_snapshots'].map((name) =>
    rowsOf(store, `SELECT * FROM ${name}`),
  );
  store.close();
  return rows.map((list) => list.map((row) => ({ ...row, ingested_time: null })));
};

const changesAfter = (store: Store, time: number): unknown =>
  rowsOf(store, 'SELECT * FROM changes WHERE change_time > ?', time);

test('what is known from then on stays, and what came before is gone', (t) => {
  fc.assert(
    fc.property(snapshots, fc.integer({ min: 0, max: 100 }), (list, cut) => {
      const store = newStore();
      try {
        addAll(store, ...list.map((snapshot) => [snapshot]));
        const times = [cut, cut + 1, cut + 5, cut + 10, cut + 33, 1000].filter((time) => time >= cut);
        const [before, changes] = [times.map((time) => rowsAt(store.path, time)), changesAfter(store, cut)];
        const current = everything(store);
        retain(store, cut);
        t.deepEqual(
          times.map((time) => rowsAt(store.path, time)),
          before,
        );
        t.deepEqual(changesAfter(store, cut), changes);
        for (const name of ['people', 'machine', 'table_status', 'collection_errors', 'command_log'])
          t.deepEqual(everything(store)[name], current[name], name);
        // At most one snapshot for each table is left of that time, and the last of all.
        t.true(
          rowsOf(store, "SELECT * FROM snapshots WHERE host_id = 'H1' AND collected_time <= ?", cut).length <=
            3,
        );
        t.deepEqual(
          rowsOf(
            store,
            'SELECT first_snapshot_id FROM people_history WHERE first_snapshot_id NOT IN (SELECT snapshot_id FROM snapshots)',
          ),
          [],
        );
        t.deepEqual(
          rowsOf(
            store,
            'SELECT last_snapshot_id FROM people_history WHERE last_snapshot_id NOT IN (SELECT snapshot_id FROM snapshots)',
          ),
          [],
        );
        // Twice is once; and what was dropped does not come back.
        const kept = store.db.serialize();
        retain(store, cut);
        t.is(Buffer.compare(store.db.serialize(), kept), 0);
        const view = everything(store);
        addAll(
          store,
          ...list.filter(({ collectedTime }) => collectedTime <= cut).map((snapshot) => [snapshot]),
        );
        t.deepEqual(everything(store), view);
        // Late ones after that time find their place. It brings the tables that the others bring, so it is another
        // look, and not another reading of the same second: readings.test.ts has those.
        const late = snapshotAt('H1', cut + 3, {
          people: {
            status: 'partial',
            affected: ['token'],
            failed: ['s1'],
            rows: [['ann', 'A', null, 2, null]],
          },
          machine: { status: 'denied', affected: null, rows: [] },
        });
        const untouched = newStore();
        addAll(untouched, ...list.map((snapshot) => [snapshot]), [late]);
        const began =
          'SELECT min(valid_from_time) AS t FROM people_history WHERE host_id = ? AND valid_from_time <= ?';
        const first = rowsOf(store, began, 'H1', cut);
        addAll(store, [late]);
        t.deepEqual(rowsOf(store, began, 'H1', cut), first, 'the history begins where it began');
        t.deepEqual(
          times.map((time) => (rowsAt(store.path, time) as unknown[]).slice(0, 2)),
          times.map((time) => (rowsAt(untouched.path, time) as unknown[]).slice(0, 2)),
        );
        untouched.close();
        t.is(store.db.pragma('integrity_check', { simple: true }), 'ok');
      } finally {
        store.close();
      }
    }),
    { numRuns: runsOf(40) },
  );
});

const person = (number: number, day: number): Cells => [`person ${number}`, 'A', day % 2, day, null];

test('the file shrinks in place', (t) => {
  const path = newPath();
  const store = openForWriting(path, smallTables);
  store.db.pragma('synchronous = OFF');
  for (let day = 0; day < 60; day += 1) {
    const rows = Array.from({ length: 200 }, (_, number) => person(number, day));
    addAll(store, [snapshotAt('H1', day * 10, { people: { status: 'ok', rows } })]);
  }
  store.db.pragma('wal_checkpoint(TRUNCATE)');
  const before = statSync(path).size;
  const { versions, snapshots: dropped } = retain(store, 550);
  t.is(versions, 55 * 200);
  t.is(dropped, 55);
  store.close();
  t.true(statSync(path).size < before / 4, `${before} and ${statSync(path).size}`);
  t.false(existsSync(`${path}-wal`));
});

test('retain on the command line', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')]);
  const ran = await cli(['retain', '--db', db, '--older-than', '30d']);
  t.is(ran.code, 0);
  t.regex(ran.stdout, /^dropped what ended before 20.*: 0 row versions and 0 snapshots; /);
  t.is((await cli(['retain', '--db', db])).code, 2);
  t.is((await cli(['retain', '--db', db, '--older-than', 'soon'])).code, 2);
  const absent = await cli(['retain', '--db', join(folder, 'no.db'), '--older-than', '30d']);
  t.is(absent.code, 1);
  t.false(existsSync(join(folder, 'no.db')));
});

test('a snapshot that is kept for one table says nothing of another any more', (t) => {
  const store = newStore();
  const someone: Observed = { status: 'ok', rows: [['ann', 'A', 1, 1, null]] };
  const denied: Observed = { status: 'denied', affected: null, rows: [] };
  addAll(
    store,
    [snapshotAt('H1', 10, { people: someone, machine: { status: 'ok', rows: [['on', 1]] } })],
    [snapshotAt('H1', 20, { people: someone, machine: denied })],
    [snapshotAt('H1', 90, { people: { status: 'ok', rows: [['ann', 'A', 0, 1, null]] }, machine: denied })],
  );
  retain(store, 50);
  t.deepEqual(rowsOf(store, 'SELECT collected_time FROM snapshots'), [
    { collected_time: 10 },
    { collected_time: 20 },
    { collected_time: 90 },
  ]);
  const began = 'SELECT valid_from_time, token FROM people_history';
  const expected = [
    { valid_from_time: 20, token: 1 },
    { valid_from_time: 90, token: 0 },
  ];
  t.deepEqual(rowsOf(store, began), expected);
  addAll(store, [snapshotAt('H1', 60, { people: someone, machine: denied })]);
  t.deepEqual(rowsOf(store, began), expected);
  store.close();
});
