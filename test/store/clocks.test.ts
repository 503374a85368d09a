/** Clocks that are wrong: what counts, in what order, and who is told. docs/store.md has the rules in words. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { emptyCursor, newsSince } from '../../export/cursor.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { nativeDecoder } from '../../store/native/decode.ts';
import { nativeLines } from '../native_lines.ts';
import { snapshotReader } from '../../store/reader.ts';
import { retain } from '../../store/retention.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { verifySnapshots } from './evidence.ts';
import { everything, newPath, rowsOf, smallTables, snapshotAt } from './world.ts';

const day = 86_400;
const start = 1_790_000_000;
const hour = 3_600;
const runs = runsOf(60);

const hosts = tables.filter(({ name }) => name === 'hosts');
const clockTables = [...smallTables, ...hosts];
const newStore = (): Store => {
  const store = openForWriting(newPath(), clockTables);
  store.db.pragma('synchronous = OFF');
  return store;
};

/** One look: what it saw, when it was really taken, and how wrong the clock of the Mac was. */
interface Look {
  readonly people: readonly string[];
  readonly skew: number;
  readonly isPartial: boolean;
}

const person = (name: string): Cells => [name, name.toUpperCase(), 1, 7, 1.5];

const taken = ({ people, skew, isPartial }: Look, index: number): Snapshot =>
  snapshotAt('H1', start + index * day + skew, {
    people: isPartial
      ? { status: 'partial', affected: ['token'], failed: ['s1'], rows: people.map(person) }
      : { status: people.length === 0 ? 'empty' : 'ok', rows: people.map(person) },
    machine: { status: 'ok', rows: [[String(index), 1]] },
  });

const ingested = (index: number): number => start + index * day + 60;
const isAhead = ({ skew }: Look): boolean => skew - 60 > hour;

const skews = [0, 0, 0, 3 * day, 400 * day, -3 * day, -400 * day, hour + 60, hour + 61];
const look: fc.Arbitrary<Look> = fc.record({
  people: fc.uniqueArray(fc.constantFrom('ann', 'bob', 'cid', 'sneaky'), { maxLength: 4 }),
  skew: fc.constantFrom(...skews),
  isPartial: fc.constantFrom(false, false, false, true),
});

const put = (store: Store, looks: readonly Look[], isInTurn = false): void => {
  const writer = storeWriter(store.db, store.tables);
  for (const [index, each] of looks.entries())
    transact(store, () => writer.add([taken(each, index)], ingested(index), isInTurn));
};

/** The same with only those that count, which is what all who ask must see. */
const onlyCounted = (looks: readonly Look[]): Store => {
  const store = newStore();
  const writer = storeWriter(store.db, store.tables);
  for (const [index, each] of looks.entries())
    if (!isAhead(each)) transact(store, () => writer.add([taken(each, index)], ingested(index)));
  return store;
};

const listed = ['ahead_snapshots', 'snapshots'];
const facts = (store: Store): Readonly<Record<string, unknown>> => {
  const { latest_snapshots: latest = [], ...rest } = everything(store);
  const views = Object.fromEntries(Object.entries(rest).filter(([name]) => !listed.includes(name)));
  // The number of a snapshot counts those that do not count too.
  return { ...views, latest: latest.map((row) => ({ ...row, sequence: null })) };
};

/** Rows of a differential export of all that a store holds. */
const differences = (store: Store): unknown[] => {
  const reader = exportReader(store, { tables: clockTables, rowSql: null });
  const rows: unknown[] = [];
  for (const [hostId, { ids, since }] of newsSince(store, emptyCursor(''), null).hosts)
    for (const { head, tables: own } of reader.changedSnapshots(hostId, since, (id) => ids.has(id)))
      for (const { table, rows: changed } of own)
        for (const { id, change, cells } of changed)
          rows.push([head.snapshotId, table.name, id, change, cells?.map(String)]);
  return rows;
};

const current = (store: Store): unknown[] => {
  const reader = exportReader(store, { tables: clockTables, rowSql: null });
  return [...reader.currentSnapshots()].map(({ head, tables: own }) => [
    head.snapshotId,
    [...own].map(({ table, rows }) => [
      table.name,
      [...rows].map(({ id, cells }) => [id, cells?.map(String)]),
    ]),
  ]);
};

test('whatever clock was wrong, a store says what it says without the snapshots that are dated ahead', (t) => {
  fc.assert(
    fc.property(
      fc.array(look, { minLength: 1, maxLength: 7 }),
      fc.integer({ min: -2, max: 8 }),
      (looks, at) => {
        const store = newStore();
        put(store, looks);
        const model = onlyCounted(looks);
        t.deepEqual(facts(store), facts(model));
        t.deepEqual(differences(store), differences(model));
        t.deepEqual(current(store), current(model));
        t.is(verifySnapshots(store), new Set(looks.map((each, index) => taken(each, index).snapshotId)).size);
        // In the order of the lesser of its date and the hour after it was stored.
        t.deepEqual(
          store.db.prepare('SELECT snapshot_id FROM snapshots ORDER BY sequence').pluck().all(),
          store.db
            .prepare(
              'SELECT snapshot_id FROM snapshots ORDER BY min(collected_time, ingested_time + 3600), snapshot_id',
            )
            .pluck()
            .all(),
        );
        t.is(
          store.db.prepare('SELECT count(*) FROM ahead_snapshots').pluck().get(),
          looks.filter(isAhead).length,
        );
        // Nothing of what is dated ahead is there at any moment, also one after its date.
        for (const time of [start + at * day + 61, start + (400 + at) * day]) {
          viewAsOf(store, time);
          viewAsOf(model, time);
          for (const name of ['people', 'machine', 'changes', 'table_status'])
            t.deepEqual(rowsOf(store, `SELECT * FROM ${name}`), rowsOf(model, `SELECT * FROM ${name}`));
        }
        store.close();
        model.close();
      },
    ),
    { numRuns: runs },
  );
});

test('a snapshot that counts nowhere is kept whole, and stays so by every way into other databases', (t) => {
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 6 }), fc.boolean(), (looks, isReversed) => {
      const store = newStore();
      put(store, looks);
      const stored = [...snapshotReader(store).read('H1')];
      const viaLines: Snapshot[] = [];
      const decoder = nativeDecoder(clockTables);
      for (const each of stored)
        decoder.bytes(Buffer.from([...nativeLines(each, clockTables)].join('')), (one) => viaLines.push(one));
      // Two years later, when no date is ahead of any clock any more.
      for (const ones of [stored, viaLines]) {
        const target = newStore();
        const writer = storeWriter(target.db, target.tables);
        for (const one of isReversed ? ones.toReversed() : ones)
          transact(target, () => writer.add([one], start + 800 * day));
        t.deepEqual(facts(target), facts(store));
        t.deepEqual(
          rowsOf(target, 'SELECT snapshot_id, sequence FROM snapshots WHERE is_ahead = 1'),
          rowsOf(store, 'SELECT snapshot_id, sequence FROM snapshots WHERE is_ahead = 1'),
        );
        target.close();
      }
      store.close();
    }),
    { numRuns: Math.ceil(runs / 3) },
  );
});

test('retain keeps what is current, and drops what is dated ahead by when it was stored', (t) => {
  fc.assert(
    fc.property(
      fc.array(look, { minLength: 2, maxLength: 7 }),
      fc.integer({ min: 0, max: 7 }),
      (looks, at) => {
        const store = newStore();
        put(store, looks);
        const model = onlyCounted(looks);
        retain(store, start + at * day + 2 * hour);
        retain(model, start + at * day + 2 * hour);
        t.deepEqual(facts(store), facts(model));
        // The last one stays, if nothing that counts is as new: what it saw is not known.
        const lastTime = Math.max(
          0,
          ...looks.flatMap((each, index) => (isAhead(each) ? [] : [taken(each, index).collectedTime])),
        );
        const lastAhead = looks.findLastIndex(isAhead);
        const isKept = (each: Look, index: number): boolean =>
          isAhead(each) && (index > at || (index === lastAhead && ingested(index) >= lastTime));
        t.is(
          store.db.prepare('SELECT count(*) FROM ahead_snapshots').pluck().get(),
          looks.filter(isKept).length,
        );
        verifySnapshots(store);
        store.close();
        model.close();
      },
    ),
    { numRuns: Math.ceil(runs / 3) },
  );
});

test('a cursor goes on past what is dated ahead, and tells all that comes after it', (t) => {
  const store = newStore();
  const model = newStore();
  const looks = [['ann'], ['ann', 'bob'], ['ann', 'sneaky'], ['ann', 'sneaky']].map(
    (people, index): Look => ({ people, skew: index === 1 ? 400 * day : 0, isPartial: false }),
  );
  const told: Record<string, unknown[]> = {};
  for (const [name, into] of Object.entries({ store, model })) {
    let cursor = emptyCursor('');
    const writer = storeWriter(into.db, into.tables);
    told[name] = looks.flatMap((each, index) => {
      if (into === model && isAhead(each)) return [];
      transact(into, () => writer.add([taken(each, index)], ingested(index), true));
      const reader = exportReader(into, { tables: clockTables, rowSql: null });
      const { hosts: changed, next } = newsSince(into, cursor, null);
      cursor = next;
      return [...changed].flatMap(([hostId, { ids, since }]) =>
        [...reader.changedSnapshots(hostId, since, (id) => ids.has(id))].flatMap(({ tables: own }) =>
          [...own].flatMap(({ rows }) => [...rows].map(({ id, change }) => [id, change])),
        ),
      );
    });
  }
  t.deepEqual(told['store'], told['model']);
  t.true((told['store'] ?? []).length > 2);
  store.close();
  model.close();
});

test('where both, date and storing, are by a clock that was ahead, the first snapshot after it tells so', (t) => {
  for (const ahead of [3 * day, 400 * day]) {
    const store = newStore();
    const writer = storeWriter(store.db, store.tables);
    const add = (people: readonly string[], time: number) =>
      transact(store, () =>
        writer.add(
          [snapshotAt('H1', time, { people: { status: 'ok', rows: people.map(person) } })],
          time + 5,
          true,
        ),
      );
    add(['ann'], start);
    add(['ann', 'bob'], start + day);
    t.is(add(['ann'], start + day + ahead).disowned, 0);
    t.deepEqual(rowsOf(store, 'SELECT name FROM people'), [{ name: 'ann' }]);
    t.is(add(['ann', 'bob', 'sneaky'], start + 2 * day).disowned, 1);
    t.deepEqual(
      rowsOf(store, 'SELECT name FROM people').map(({ name }) => name),
      ['ann', 'bob', 'sneaky'],
    );
    t.deepEqual(rowsOf(store, "SELECT DISTINCT change, json_extract(key, '$.name') AS name FROM changes"), [
      { change: 'added', name: 'bob' },
      { change: 'added', name: 'sneaky' },
    ]);
    t.is(rowsOf(store, 'SELECT * FROM ahead_snapshots WHERE is_newest = 0').length, 1);
    verifySnapshots(store);
    store.close();
  }
});

test('a clock that is behind for once takes nothing away', (t) => {
  const store = newStore();
  const writer = storeWriter(store.db, store.tables);
  const add = (people: readonly string[], time: number) =>
    transact(store, () =>
      writer.add(
        [snapshotAt('H1', time, { people: { status: 'ok', rows: people.map(person) } })],
        time + 5,
        true,
      ),
    );
  for (const number of [0, 1, 2, 3]) add(['ann'], start + number * day);
  t.is(add(['ann', 'bob'], start - 400 * day).disowned, 0);
  add(['ann', 'bob'], start + 5 * day);
  t.is(rowsOf(store, 'SELECT * FROM ahead_snapshots').length, 0);
  t.deepEqual(
    rowsOf(store, 'SELECT name FROM people').map(({ name }) => name),
    ['ann', 'bob'],
  );
  store.close();
});

test('a file that an older version filled with a snapshot that is dated ahead is put right', (t) => {
  const path = join(temporaryFolder(t), 'old.db');
  const bytes = gunzipSync(readFileSync(join(import.meta.dirname, 'layouts/3-ahead.db.gz')));
  const copy = newPath();
  for (const file of [path, copy]) writeFileSync(file, bytes, { mode: 0o600 });
  // As an input it is only read.
  const input = openForReading(copy, tables, { mayUpdate: false });
  const stored = [
    ...snapshotReader(input).read(input.db.prepare('SELECT host_id FROM _host').pluck().get() as string),
  ];
  input.close();
  const target = openForWriting(newPath(), tables);
  transact(target, () => storeWriter(target.db, tables).add(stored, start + 900 * day));
  const store = openForWriting(path, tables);
  for (const each of [store, target]) {
    verifySnapshots(each);
    t.deepEqual(
      each.db.prepare("SELECT DISTINCT shell FROM users WHERE shell LIKE '%sh' ORDER BY shell").pluck().all(),
      ['/bin/bash', '/bin/sh'],
    );
    t.is(each.db.prepare('SELECT count(*) FROM ahead_snapshots WHERE is_newest = 1').pluck().get(), 1);
    t.is(each.db.prepare('SELECT count(*) FROM snapshots WHERE is_ahead = 1').pluck().get(), 1);
    t.deepEqual(
      each.db.prepare("SELECT DISTINCT change FROM changes WHERE table_name = 'users'").pluck().all(),
      ['changed'],
    );
    t.is(each.db.prepare('SELECT max(collected_time) FROM latest_snapshots').pluck().get(), start + day);
    t.true((each.db.prepare('SELECT count(*) FROM table_status').pluck().get() as number) > 20);
    each.close();
  }
});
