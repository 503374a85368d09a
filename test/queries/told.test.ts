/** Who reads the events of a finding on by their numbers knows how it stands, in whatever order its snapshots come. Constructed. */
import { rmSync } from 'node:fs';
import fc, { runsOf } from '../property.ts';
import test from 'ava';
import { openForWriting, transact } from '../../store/file.ts';
import { hostNumber, settleFindingEvents } from '../../store/finding_events.ts';
import { findingsAsOf, storeFindings } from '../../store/findings.ts';
import type { EvaluatedHost } from '../../store/findings.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables as all } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { cleanHost, collectionOf, day, later, now } from './constructed.ts';
import { Reader, standingIn } from './told.ts';

const tables = all.filter(({ name }) => name === 'users' || name === 'system_info');
const hostId = 'AAAAAAAA-0000-4000-8000-000000000001';

/** How a question about a host comes out on one day; the facts are one of two. */
const states = ['clean', 'found', 'found otherwise', 'accepted', 'accepted otherwise', 'unknown'] as const;
type State = (typeof states)[number];

const evaluated = (state: State): EvaluatedHost => {
  const isFound = state !== 'clean' && state !== 'unknown';
  const verdict = isFound ? 'hit' : state;
  const row = {
    ...{ query_name: 'filevault_off', severity: 'high', host_id: hostId, subject: 'host' },
    details: state.endsWith('otherwise') ? '[{"status":"other"}]' : '[{"status":"off"}]',
    exception: state.startsWith('accepted') ? '{"owner":"Mara Lindqvist"}' : null,
  };
  return {
    rows: isFound ? [row] : [],
    verdicts: new Map([['filevault_off', verdict]]),
    unevaluated: new Set(state === 'unknown' ? ['filevault_off'] : []),
  };
};

/** By day: how the question comes out, and how while the day before is not known. */
type Life = readonly (readonly [known: State, alone: State])[];

/** Stores the snapshots of some days, and judges what is not judged, as `merge` does. */
const merge = (store: Store, days: readonly number[], life: Life): void =>
  transact(store, () => {
    const first = cleanHost(hostId, now - life.length * day);
    const snapshots = days.map((at) =>
      snapshotOf(all, collectionOf(later(first, at * day)), 'tokenquery test'),
    );
    storeWriter(store.db, tables).add(snapshots, now);
    const times = store.db
      .prepare(
        'SELECT DISTINCT s.collected_time FROM _snapshot s JOIN _host h ON h.host = s.host WHERE h.host = ? ' +
          'AND s.collected_time > coalesce(h.judged_until_time, 0) ORDER BY 1',
      )
      .pluck()
      .all(hostNumber(store.db, hostId)) as number[];
    const isThere = store.db.prepare('SELECT 1 FROM _snapshot WHERE collected_time = ?');
    for (const time of times) {
      const [known, alone] = life[Math.round((time - now) / day) + life.length] as Life[number];
      const state = isThere.get(time - day) === undefined ? alone : known;
      storeFindings(store.db, hostId, evaluated(state), time);
    }
    settleFindingEvents(store.db, hostId);
  });

const events = (store: Store): unknown[] =>
  store.db
    .prepare(
      "SELECT event, event_time FROM finding_events WHERE event <> 'withdrawn' ORDER BY event_time, event",
    )
    .raw(true)
    .all();

const times = 'subject, details, first_seen_time, last_seen_time, exception';
const rows = (store: Store, sql: string): unknown[] => store.db.prepare(sql).raw(true).all();
const history = (store: Store): unknown[] =>
  rows(
    store,
    `SELECT ${times}, valid_from_time, valid_until_time, resolved_time FROM findings_history ORDER BY valid_from_time`,
  );

const someState = fc.constantFrom<State>('clean', 'clean', 'found', 'found', ...states);
const lives = fc
  .array(fc.tuple(someState, someState), { minLength: 4, maxLength: 9 })
  .chain((life) =>
    fc.tuple(
      fc.constant(life),
      fc.shuffledSubarray([...life.keys()], { minLength: life.length }),
      fc.array(fc.integer({ min: 1, max: 2 }), { minLength: life.length, maxLength: life.length }),
      fc.array(fc.boolean(), { minLength: life.length, maxLength: life.length }),
    ),
  );

test('the last event of a finding by its time says how it stands, for whoever read from the first or from anywhere', (t) => {
  const folder = temporaryFolder(t);
  let files = 0;
  const storeNamed = (): Store => openForWriting(`${folder}/${(files += 1)}.db`, tables);
  fc.assert(
    fc.property(lives, ([life, order, together, isRead]) => {
      const [inOrder, late] = [storeNamed(), storeNamed()];
      const nightly = [...life.keys()].map((at) => {
        merge(inOrder, [at], life);
        return rows(inOrder, `SELECT ${times}, state FROM findings`);
      });
      const [every, some] = [new Reader([hostId]), new Reader([hostId])];
      const left = [...order];
      for (const [at, count] of together.entries()) {
        if (left.length === 0) break;
        merge(late, left.splice(0, count), life);
        every.read(late);
        if (isRead[at] === true) some.read(late);
        t.deepEqual(every.standing(), standingIn(late), JSON.stringify(every.told));
      }
      some.read(late);
      t.deepEqual(some.standing(), standingIn(late));
      t.deepEqual(events(late), events(inOrder));
      t.deepEqual(history(late), history(inOrder));
      // The file says of each day what it said on that day.
      for (const [at, found] of nightly.entries()) {
        const time = now - (life.length - at) * day;
        t.deepEqual(rows(late, `SELECT ${times}, state FROM (${findingsAsOf(time)})`), found);
      }
      for (const store of [inOrder, late]) store.close();
      rmSync(`${folder}/${files}.db`);
      rmSync(`${folder}/${files - 1}.db`);
    }),
    { numRuns: runsOf(60) },
  );
});
