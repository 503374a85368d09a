/** The same evidence, read by several versions of the program: the newest is current, and none of it is news. */
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { readHostIds, snapshotReader } from '../../store/reader.ts';
import { readingOf, versionRank } from '../../store/versions.ts';
import { retain } from '../../store/retention.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { addAll, everything, newStore, rowsOf, snapshotAt } from './world.ts';
import type { Observed } from './world.ts';

const runs = runsOf(60);
const host = 'A0000000-0000-4000-8000-000000000001';
const versions = ['0.1.0', '0.2.0', '0.3.0'] as const;
type Version = (typeof versions)[number];

/** What the Mac was like at one time: name, uuid, token, age. */
type Truth = readonly (readonly [string, string, 0 | 1, number])[];

/** `seen` is read otherwise since 0.2.0, and before 0.3.0 nobody read the row of a machine. */
const read = (truth: Truth, version: Version): Readonly<Record<string, Observed>> => ({
  people: {
    status: truth.length === 0 ? 'empty' : 'ok',
    rows: truth.map((person): Cells => [...person, version === '0.1.0' ? 1.5 : 2.5]),
  },
  machine: version === '0.3.0' ? { status: 'ok', rows: [['new', 1]] } : { status: 'empty', rows: [] },
});

const snapshotOf = (time: number, truth: Truth, version: Version): Snapshot =>
  snapshotAt(host, time, read(truth, version), { toolVersion: version });

const truth: fc.Arbitrary<Truth> = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom('ann', 'bob', 'cyd'),
    fc.constantFrom('A', 'B'),
    fc.constantFrom(0 as const, 1 as const),
    fc.constantFrom(7, 8),
  ),
  { maxLength: 3, selector: ([name]) => name },
);
const day = fc.record({ truth, versions: fc.subarray([...versions], { minLength: 1 }) });
const days = fc.array(day, { minLength: 1, maxLength: 5 });
type Days = readonly { readonly truth: Truth; readonly versions: readonly Version[] }[];

const snapshotsOf = (of: Days): Snapshot[] =>
  of.flatMap(({ truth: is, versions: by }, index) =>
    by.map((version) => snapshotOf(10 + index * 10, is, version)),
  );

const shuffled = (list: readonly Snapshot[], order: readonly number[]): Snapshot[] =>
  list
    .map((snapshot, index) => ({ snapshot, at: order[index] ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ snapshot }) => snapshot);
const order = fc.array(fc.nat(), { minLength: 15, maxLength: 15 });

const peopleNow = 'SELECT name, uuid, token, age, seen FROM people';
const changes =
  "SELECT change, key, column_name, old_value, new_value, change_time FROM changes WHERE column_name <> 'seen'";

const people: Truth = [
  ['bob', 'A', 1, 8],
  ['cyd', 'B', 0, 7],
];
/** What an older version read comes after what it is the same as, together with the rest. */
const readAgainByAnOlderOne: [Days, number[], number] = [
  [
    { truth: [], versions: ['0.1.0', '0.2.0'] },
    { truth: people, versions },
    { truth: [], versions: ['0.1.0', '0.3.0'] },
  ],
  [6, 0, 1, 5, 4, 3, 2, 7, 8, 9, 10, 11, 12, 13, 14],
  1,
];

test('the newest reading is current, whatever the ids and the order of arrival', (t) => {
  fc.assert(
    fc.property(days, order, fc.integer({ min: 1, max: 15 }), (of, by, size) => {
      const all = snapshotsOf(of);
      const [plain, mixed] = [newStore(), newStore()];
      addAll(plain, all);
      const late = shuffled(all, by);
      addAll(mixed, late.slice(0, size), late.slice(size));
      for (const snapshot of shuffled(all, by)) addAll(mixed, [snapshot]);
      t.deepEqual(everything(mixed), everything(plain));
      const last = of.at(-1) as Days[number];
      const newest = last.versions.at(-1) as Version;
      const one = newStore();
      addAll(one, [snapshotOf(10, last.truth, newest)]);
      t.deepEqual(rowsOf(mixed, peopleNow), rowsOf(one, peopleNow));
      one.close();
      plain.close();
      mixed.close();
    }),
    { numRuns: runs, examples: [readAgainByAnOlderOne] },
  );
});

test('what differs only because the program is newer is no change, and what differs besides is one', (t) => {
  fc.assert(
    fc.property(days, order, (of, by) => {
      const [mixed, alike] = [newStore(), newStore()];
      for (const snapshot of shuffled(snapshotsOf(of), by)) addAll(mixed, [snapshot]);
      addAll(
        alike,
        of.map(({ truth: is }, index) => snapshotOf(10 + index * 10, is, '0.2.0')),
      );
      t.deepEqual(rowsOf(mixed, changes), rowsOf(alike, changes));
      t.deepEqual(
        rowsOf(mixed, "SELECT 1 FROM changes WHERE change = 'changed' AND column_name = 'seen'"),
        [],
      );
      t.deepEqual(rowsOf(mixed, "SELECT 1 FROM changes WHERE table_name = 'machine'"), []);
      mixed.close();
      alike.close();
    }),
    { numRuns: runs },
  );
});

test('each snapshot is read back as it went in', (t) => {
  fc.assert(
    fc.property(days, order, (of, by) => {
      const store = newStore();
      const all = snapshotsOf(of);
      for (const snapshot of shuffled(all, by)) addAll(store, [snapshot]);
      const reader = snapshotReader(store);
      const back = readHostIds(store.db).flatMap((id) => [...reader.read(id)]);
      const said = (list: readonly Snapshot[]): unknown =>
        list
          .map(({ snapshotId, observations }) => ({
            snapshotId,
            observations: [...observations].map(([name, { status, digest }]) => [name, status, digest]),
          }))
          .sort((a, b) => a.snapshotId - b.snapshotId);
      const unique = [...new Map(all.map((snapshot) => [snapshot.snapshotId, snapshot])).values()];
      t.deepEqual(said(back), said(unique));
      store.close();
    }),
    { numRuns: runs },
  );
});

test('retain in the middle of several readings changes nothing from its time on', (t) => {
  fc.assert(
    fc.property(days, order, fc.nat(60), (of, by, time) => {
      const store = newStore();
      for (const snapshot of shuffled(snapshotsOf(of), by)) addAll(store, [snapshot]);
      const since = `${changes} AND change_time > ${time}`;
      const before = { now: rowsOf(store, peopleNow), changes: rowsOf(store, since) };
      retain(store, time);
      t.deepEqual({ now: rowsOf(store, peopleNow), changes: rowsOf(store, since) }, before);
      for (const snapshot of shuffled(snapshotsOf(of), by)) addAll(store, [snapshot]);
      t.deepEqual({ now: rowsOf(store, peopleNow), changes: rowsOf(store, since) }, before);
      store.close();
    }),
    { numRuns: runs },
  );
});

test('a row that a newer version reads otherwise keeps the time since when it is so', (t) => {
  const store = newStore();
  const is: Truth = [['ann', 'A', 1, 7]];
  addAll(store, [snapshotOf(10, is, '0.1.0')], [snapshotOf(20, is, '0.2.0')], [snapshotOf(30, is, '0.3.0')]);
  t.deepEqual(rowsOf(store, 'SELECT name, seen, valid_from_time, valid_until_time FROM people_history'), [
    { name: 'ann', seen: 2.5, valid_from_time: 10, valid_until_time: null },
  ]);
  t.deepEqual(rowsOf(store, 'SELECT * FROM changes'), []);
  t.is(addAll(store, [snapshotOf(30, is, '0.2.0')])[0]?.readAnew, 1);
});

test('what is read anew names columns that there are', (t) => {
  for (const { name, columns, readAnew = {} } of tables) {
    for (const [version, anew] of Object.entries(readAnew)) {
      t.true(versionRank(version) > 0, `${name} ${version}`);
      for (const column of anew.columns ?? []) t.true(column in columns, `${name}.${column}`);
    }
  }
});

test('versions are ordered as numbers, and a fuller snapshot of one version goes before one that was cut down', (t) => {
  t.true(versionRank('0.10.0') > versionRank('0.9.9'));
  t.true(versionRank('1.0.0') > versionRank('0.99.99'));
  t.is(versionRank('no version'), 0);
  t.true(readingOf('0.2.0', 10) > readingOf('0.2.0', 9));
  t.true(readingOf('0.2.1', 0) > readingOf('0.2.0', 99_999));
});

test('rows of what this Mac does not have take the place of what was guessed before, and go on as they are', (t) => {
  const store = newStore();
  const before = snapshotOf(10, [['ann', 'A', 0, 7]], '0.1.0');
  const now = snapshotAt(
    host,
    20,
    { people: { status: 'unsupported', affected: [], rows: [['ann', 'A', null, 7, null]] } },
    { toolVersion: '0.3.0' },
  );
  addAll(store, [before], [now]);
  t.deepEqual(rowsOf(store, peopleNow), [{ name: 'ann', uuid: 'A', token: null, age: 7, seen: null }]);
  const [, back] = [...snapshotReader(store).read(host)];
  t.is(back?.snapshotId, now.snapshotId);
  t.deepEqual(back?.observations.get('people')?.rowCount, 1);
  store.close();
});
