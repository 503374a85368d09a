import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc, { runsOf } from '../property.ts';
import test from 'ava';
import { eventsAfter, lastEvent, newEvents } from '../../export/seen_events.ts';
import type { SeenEvent } from '../../export/seen_events.ts';
import { parseExceptions } from '../../queries/exceptions.ts';
import type { Judgement } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { judgePending } from '../../queries/judging.ts';
import { findingsAsOf } from '../../store/findings.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { now } from './constructed.ts';
import { snapshotsOf } from './life.ts';
import { Reader, standingIn } from './told.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-life-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const storeNamed = (): Store => openForWriting(join(folder, `${(files += 1)}.db`), tables);

/** What the command merge does with snapshots that come together. */
const merge = (store: Store, snapshots: readonly Snapshot[], judgement: Judgement = {}): void => {
  const since = new Map<string, number>();
  transact(store, () => {
    for (const [hostId, own] of Map.groupBy(snapshots, ({ hostId: of }) => of)) {
      storeWriter(store.db, tables).add(own, now);
      since.set(hostId, Math.min(...own.map(({ collectedTime }) => collectedTime)));
    }
  });
  judgePending(store, since, judgement);
};

const all = (store: Store, sql: string): unknown[][] => store.db.prepare(sql).raw(true).all() as unknown[][];

const quotesNoReason = "query_name <> 'table_not_seen'";

const compared =
  'host_id, query_name, subject, severity, details, first_seen_time, last_seen_time, finding_id, exception';

/**
 * All that a store says of the life of its findings, but for the order in which it came to know it. Why a table was not seen is
 * kept of the last look alone, so a fact that quotes it is another one when an older look is judged later.
 */
const lifeIn = (store: Store) => ({
  findings: all(
    store,
    `SELECT ${compared}, state FROM findings WHERE ${quotesNoReason} ORDER BY host_id, query_name, subject`,
  ),
  history: all(
    store,
    `SELECT ${compared}, valid_from_time, valid_until_time, resolved_time FROM findings_history WHERE ${quotesNoReason} ORDER BY host_id, query_name, subject, valid_from_time`,
  ),
  verdicts: all(store, 'SELECT * FROM verdicts_history ORDER BY host_id, query_name, valid_from_time'),
  events: all(
    store,
    `SELECT host_id, query_name, subject, event, event_time FROM finding_events WHERE event <> 'withdrawn' AND ${quotesNoReason} ORDER BY 1, 2, 3, 5, 4`,
  ),
});

const stated = `${compared}, state`;
const nowIn = (store: Store, hostId: string): unknown[][] =>
  all(
    store,
    `SELECT ${stated} FROM findings WHERE host_id = '${hostId}' AND ${quotesNoReason} ORDER BY query_name, subject`,
  );
const thenIn = (store: Store, hostId: string, time: number): unknown[][] =>
  all(
    store,
    `SELECT ${stated} FROM (${findingsAsOf(time)}) WHERE host_id = '${hostId}' AND ${quotesNoReason} ORDER BY query_name, subject`,
  );

const hostIds = ['AAAAAAAA-0000-4000-8000-000000000001', 'AAAAAAAA-0000-4000-8000-000000000002'];
const someDay = fc.record({
  isFilevaultOff: fc.boolean(),
  hasHiddenAdmin: fc.boolean(),
  isGuestOn: fc.boolean(),
  denied: fc.option(fc.constantFrom('users', 'filevault_status', 'loginwindow_settings', 'secure_tokens'), {
    freq: 3,
    nil: null,
  }),
});

test('however late, repeated or together snapshots come, the life of findings is that of their times', (t) => {
  const fleets = fc.tuple(
    fc.array(someDay, { minLength: 3, maxLength: 6 }),
    fc.array(someDay, { minLength: 3, maxLength: 6 }),
    fc.infiniteStream(fc.nat(1000)),
  );
  fc.assert(
    fc.property(fleets, ([one, other, chance]) => {
      const snapshots = [one, other].flatMap((days, index) => snapshotsOf(hostIds[index] ?? '', days));
      const inOrder = storeNamed();
      const nightly = snapshots
        .toSorted((a, b) => a.collectedTime - b.collectedTime)
        .map((snapshot) => {
          merge(inOrder, [snapshot]);
          const { hostId, collectedTime } = snapshot;
          return { hostId, collectedTime, found: nowIn(inOrder, hostId) };
        });
      const late = storeNamed();
      const next = (): number => chance.next().value as number;
      // In any order, some of them twice, some together.
      const arriving = [...snapshots, ...snapshots.filter(() => next() < 300)]
        .map((snapshot) => ({ snapshot, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ snapshot }) => snapshot);
      const reader = new Reader(hostIds);
      while (arriving.length > 0) {
        merge(late, arriving.splice(0, 1 + (next() % 3)));
        reader.read(late);
      }
      t.deepEqual(lifeIn(late), lifeIn(inOrder));
      for (const { hostId, collectedTime, found } of nightly)
        t.deepEqual(thenIn(late, hostId, collectedTime), found);
      // Who takes the last event by its time knows how each finding stands, whatever came late.
      t.deepEqual(reader.standing(), standingIn(late));
      inOrder.close();
      late.close();
    }),
    { numRuns: runsOf(5) },
  );
});

test('an export between a late snapshot and its judgement tells nothing twice, and loses nothing', (t) => {
  const calm = { isFilevaultOff: false, hasHiddenAdmin: false, isGuestOn: false, denied: null };
  const off = { ...calm, isFilevaultOff: true };
  const [first, late, last] = snapshotsOf(hostIds[0] ?? '', [calm, off, off]) as [
    Snapshot,
    Snapshot,
    Snapshot,
  ];
  const store = storeNamed();
  merge(store, [first, last]);
  let seen: SeenEvent | null = null;
  /** The numbers that an export with a cursor tells. */
  const told = (): readonly unknown[] => {
    const news = newEvents(store, seen);
    seen = lastEvent(store, news, seen);
    return all(
      store,
      `SELECT event_number FROM finding_events WHERE event_number > ${news.after} AND event_number <= ${news.until}`,
    ).flat();
  };
  // What merge does first: what was judged from then on is set aside.
  transact(store, () => storeWriter(store.db, tables).add([late], now));
  const early = told();
  judgePending(store, new Map());
  const every = [...early, ...told(), ...told()];
  const numbers = all(store, 'SELECT event_number FROM finding_events ORDER BY 1').flat();
  t.true(numbers.length > early.length);
  t.deepEqual(every.toSorted(), numbers.toSorted());
  t.is(eventsAfter(store, seen, null).pending, 0);
  store.close();
});

test('in the order of time every event comes once, and no export is told it twice', (t) => {
  const calm = { isFilevaultOff: false, hasHiddenAdmin: false, isGuestOn: false, denied: null };
  const off = { ...calm, isFilevaultOff: true };
  const days = [calm, off, off, { ...off, denied: 'filevault_status' }, calm, off, calm];
  const store = storeNamed();
  const host = hostIds[0] ?? '';
  const reader = new Reader(hostIds);
  for (const snapshot of snapshotsOf(host, days)) {
    merge(store, [snapshot]);
    merge(store, [snapshot]);
    reader.read(store);
  }
  t.is(new Set(reader.told.map(({ id }) => id)).size, reader.told.length);
  t.deepEqual(
    reader.told.filter(({ query }) => query === 'filevault_off').map(({ event }) => event),
    ['new', 'resolved', 'new', 'resolved'],
  );
  // While it could not be looked at it is neither gone nor seen.
  const dayOf = (time: unknown): number => Math.round((Number(time) - now) / 86_400) + days.length;
  t.deepEqual(
    all(
      store,
      "SELECT first_seen_time, last_seen_time, resolved_time FROM findings_history WHERE query_name = 'filevault_off' ORDER BY 1",
    ).map((times) => times.map(dayOf)),
    [
      [1, 2, 4],
      [5, 5, 6],
    ],
  );
  t.deepEqual(
    all(
      store,
      "SELECT verdict, valid_from_time FROM verdicts_history WHERE query_name = 'filevault_off' ORDER BY 2",
    ).map(([verdict, time]) => [verdict, dayOf(time)]),
    [
      ['clean', 0],
      ['hit', 1],
      ['unknown', 3],
      ['clean', 4],
      ['hit', 5],
      ['clean', 6],
    ],
  );
  store.close();
});

test('a late snapshot that could not look does not make a finding seen when it was not', (t) => {
  const calm = { isFilevaultOff: false, hasHiddenAdmin: false, isGuestOn: false, denied: null };
  const off = { ...calm, isFilevaultOff: true };
  const blind = { ...calm, denied: 'filevault_status' };
  const snapshots = snapshotsOf(hostIds[0] ?? '', [off, blind, blind, calm]);
  const lastSeen = (order: readonly number[]): unknown[] => {
    const store = storeNamed();
    for (const at of order) merge(store, [snapshots[at] as Snapshot]);
    const times = all(
      store,
      "SELECT last_seen_time - first_seen_time, resolved_time - first_seen_time FROM findings_history WHERE query_name = 'filevault_off'",
    );
    store.close();
    return times;
  };
  t.deepEqual(lastSeen([0, 1, 2, 3]), [[0, 3 * 86_400]]);
  t.deepEqual(lastSeen([0, 1, 3, 2]), [[0, 3 * 86_400]]);
});

test('a finding that was seen again stays unseen for the time in which nobody could look', (t) => {
  const calm = { isFilevaultOff: false, hasHiddenAdmin: false, isGuestOn: false, denied: null };
  const off = { ...calm, isFilevaultOff: true };
  const blind = { ...off, denied: 'filevault_status' };
  const snapshots = snapshotsOf(hostIds[0] ?? '', [off, blind, blind, off]);
  const start = (snapshots[0] as Snapshot).collectedTime;
  for (const order of [
    [0, 1, 2, 3],
    [0, 1, 3, 2],
    [3, 1, 0, 2],
  ]) {
    const store = storeNamed();
    for (const at of order) merge(store, [snapshots[at] as Snapshot]);
    const lastSeen = (time: number): unknown[] =>
      all(
        store,
        `SELECT last_seen_time FROM (${findingsAsOf(time)}) WHERE query_name = 'filevault_off'`,
      ).flat();
    const day = 86_400;
    t.deepEqual([1, 2, 3].map((at) => lastSeen(start + at * day)).flat(), [start, start, start + 3 * day]);
    store.close();
  }
});

test('what somebody accepts is suppressed while that holds, and then it counts again; late and repeated merges change nothing', (t) => {
  const off = { isFilevaultOff: true, hasHiddenAdmin: true, isGuestOn: false, denied: null };
  const days = [off, off, off, off, { ...off, isFilevaultOff: false }];
  const host = hostIds[0] ?? '';
  const start = now - days.length * 86_400;
  const exceptions = (): Judgement => ({
    exceptions: parseExceptions(
      JSON.stringify({
        version: 1,
        exceptions: [
          {
            ...{
              query: 'filevault_off',
              host,
              subject: 'host',
              owner: 'Mara Lindqvist',
              reason: 'A lab Mac.',
            },
            from: new Date((start + 86_400) * 1000).toISOString(),
            until: new Date((start + 3 * 86_400) * 1000).toISOString(),
          },
        ],
      }),
      'accepted.json',
      { queries, now: start },
    ),
  });
  const snapshots = snapshotsOf(host, days);
  const lifeOf = (arriving: readonly (readonly Snapshot[])[]) => {
    const store = storeNamed();
    for (const some of arriving) merge(store, some, exceptions());
    const events = all(
      store,
      "SELECT event, event_time FROM finding_events WHERE query_name = 'filevault_off' AND event <> 'withdrawn' ORDER BY event_time",
    ).map(([event, time]) => [event, (Number(time) - start) / 86_400]);
    const states = all(
      store,
      "SELECT query_name, exception IS NOT NULL FROM findings_history WHERE query_name IN ('filevault_off', 'hidden_admin') ORDER BY 1, valid_from_time",
    );
    store.close();
    return { events, states };
  };
  const inOrder = lifeOf(snapshots.map((one) => [one]));
  t.deepEqual(inOrder, {
    events: [
      ['new', 0],
      ['suppressed', 1],
      ['expired', 3],
      ['resolved', 4],
    ],
    states: [
      ['filevault_off', 0],
      ['filevault_off', 1],
      ['filevault_off', 0],
      ['hidden_admin', 0],
    ],
  });
  t.deepEqual(lifeOf([snapshots]), inOrder);
  t.deepEqual(lifeOf([snapshots, snapshots]), inOrder);
  t.deepEqual(lifeOf(snapshots.toReversed().map((one) => [one])), inOrder);
});
