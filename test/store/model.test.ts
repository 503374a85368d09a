/** The history against a second opinion of docs/store.md, written without reading store/history.ts. */
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { isGood } from '../../collector/status.ts';
import type { Value } from '../../collector/table.ts';
import { nativeLines } from '../native_lines.ts';
import { nativeDecoder } from '../../store/native/decode.ts';
import { readHostIds, snapshotReader } from '../../store/reader.ts';
import { openForReading } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { retain } from '../../store/retention.ts';
import { rowsOf as observedRows, snapshotIdOf } from '../../store/snapshot.ts';
import type { Cells, TableObservation, Snapshot } from '../../store/snapshot.ts';
import { addAll, everything, newStore, people, rowsOf, smallTables, snapshotAt } from './world.ts';
import type { Observed } from './world.ts';

const runs = runsOf(60);
const names = Object.keys(people.columns);
const lastTime = 75;

// Evidence: keys that are NULL or only in part known, several observations in
// one second, every kind of observation.

/** What each column of `people` rests on. */
const restsOn: Readonly<Record<string, readonly string[]>> = {
  name: [],
  uuid: ['s3'],
  token: ['s1'],
  age: ['s2'],
  seen: ['s1', 's2', 's3'],
};
const lacking = (failed: readonly string[]): string[] =>
  names.filter((name) => restsOn[name]?.some((source) => failed.includes(source)));

const person: fc.Arbitrary<Cells> = fc.tuple(
  fc.constantFrom('ann', 'ann', 'bob', null),
  fc.constantFrom('A', 'A', 'B', null),
  fc.constantFrom(0, 1, null),
  fc.constantFrom(7, 8, null),
  fc.constantFrom(1.5, 2.5, null),
);
const keyOf = (row: Cells): string => JSON.stringify(row.slice(0, 2));
const ownKeys = fc.uniqueArray(person, { maxLength: 5, selector: keyOf });
const anyKeys = fc.array(person, { maxLength: 5 });

const observed = (rows: fc.Arbitrary<Cells[]>): fc.Arbitrary<Observed> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: rows.map((list): Observed => ({ status: list.length === 0 ? 'empty' : 'ok', rows: list })),
    },
    {
      weight: 7,
      arbitrary: fc
        .tuple(
          rows,
          // Few kinds, for such of one kind are compared with each other.
          fc.constantFrom([], ['s1'], ['s1'], ['s1'], ['s2', 's3']),
          fc.constantFrom(
            'sources' as const,
            'sources' as const,
            'sources' as const,
            'columns' as const,
            'nothing' as const,
          ),
        )
        .map(([list, failed, said]): Observed => ({
          status: 'partial',
          affected: said === 'nothing' ? null : lacking(failed),
          failed: said === 'sources' ? failed : null,
          rows: list,
        })),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(
          'denied' as const,
          'failed' as const,
          'not_recorded' as const,
          'skipped' as const,
          'unsupported' as const,
        )
        .map((status): Observed => ({ status, affected: null, rows: [] })),
    },
  );

const evidence = (rows: fc.Arbitrary<Cells[]>): fc.Arbitrary<Snapshot[]> =>
  fc.array(
    fc
      .tuple(fc.constantFrom('H1', 'H1', 'H1', 'H2'), fc.integer({ min: 1, max: 7 }), observed(rows))
      .map(([host, time, of]) => snapshotAt(host, time * 10, { people: of })),
    { minLength: 1, maxLength: 12 },
  );

// The second opinion

const observationOf = (snapshot: Snapshot): TableObservation =>
  snapshot.observations.get('people') as TableObservation;
const seenBy = (observation: TableObservation): Cells[] => [...observedRows(observation, names.length)];

/** Good observations of a host, each once, in their order. */
const observationsOf = (snapshots: readonly Snapshot[], host: string, until: number): Snapshot[] =>
  [...new Map(snapshots.map((snapshot) => [`${snapshot.hostId} ${snapshot.snapshotId}`, snapshot])).values()]
    .filter(({ hostId, collectedTime }) => hostId === host && collectedTime <= until)
    .filter((snapshot) => isGood(observationOf(snapshot).status))
    .toSorted((a, b) => a.collectedTime - b.collectedTime || a.snapshotId - b.snapshotId);

/** The key of the one known row that a row is, where a part of its own could not be observed; else its own. */
const placed = (
  rows: readonly Cells[],
  known: ReadonlyMap<string, Cells>,
  unsure: ReadonlySet<number>,
): Map<string, Cells> => {
  const taken = new Set(rows.map(keyOf));
  const free = [...known.keys()].filter((key) => !taken.has(key));
  const isDoubtful = (row: Cells): boolean =>
    !known.has(keyOf(row)) && [0, 1].some((index) => unsure.has(index) && row[index] === null);
  const canBe = (row: Cells): string[] =>
    free.filter((key) =>
      (JSON.parse(key) as Value[]).every(
        (value, index) => row[index] === value || (unsure.has(index) && row[index] === null),
      ),
    );
  const doubtful = rows.filter(isDoubtful);
  return new Map(
    rows.map((row) => {
      const [target, ...others] = isDoubtful(row) ? canBe(row) : [];
      const isSure =
        target !== undefined &&
        others.length === 0 &&
        doubtful.filter((other) => canBe(other).includes(target)).length === 1;
      return [isSure ? target : keyOf(row), row];
    }),
  );
};

const expected = (snapshots: readonly Snapshot[], host: string, until: number): Cells[] => {
  let known = new Map<string, Cells>();
  let before: TableObservation | null = null;
  for (const observation of observationsOf(snapshots, host, until).map(observationOf)) {
    const rows = seenBy(observation);
    if (observation.status !== 'partial') {
      known = new Map(rows.map((row) => [keyOf(row), row]));
      before = null;
      continue;
    }
    const { failed, affected } = observation;
    const unsure = new Set(
      names.flatMap((name, index) => {
        const isUnsure =
          failed === null
            ? affected === null || affected.includes(name)
            : restsOn[name]?.some((source) => failed.includes(source)) === true;
        return isUnsure ? [index] : [];
      }),
    );
    const isAlike =
      before !== null &&
      JSON.stringify(before.failed) === JSON.stringify(failed) &&
      (failed !== null || JSON.stringify(before.affected) === JSON.stringify(affected));
    const now = placed(rows, known, unsure);
    const then =
      isAlike && before !== null ? placed(seenBy(before), known, unsure) : new Map<string, Cells>();
    const next: Cells[] = [...known].flatMap(([key, row]) => (now.has(key) || then.has(key) ? [] : [row]));
    for (const [key, row] of now) {
      const old = known.get(key);
      next.push(
        row.map((value, index) => {
          const last = old?.[index] ?? null;
          if (!unsure.has(index) || last === null) return value;
          const compared = then.get(key);
          return value !== null && compared !== undefined && compared[index] !== value ? value : last;
        }),
      );
    }
    known = new Map(next.map((row) => [keyOf(row), row]));
    before = observation;
  }
  return [...known.values()];
};

const texts = (rows: readonly Cells[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
const stored = (store: Store, host: string): string[] =>
  texts(
    store.db
      .prepare(`SELECT ${names.join(', ')} FROM people WHERE host_id = ?`)
      .raw(true)
      .all(host) as Cells[],
  );

/** The snapshots in an order, and in groups of a host, that a seed decides. */
const shuffled = (snapshots: readonly Snapshot[], seed: number): Snapshot[][] => {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const left = [...snapshots];
  const groups: Snapshot[][] = [];
  while (left.length > 0) {
    const [next] = left.splice(random(left.length), 1) as [Snapshot];
    const last = groups.at(-1);
    if (last?.[0]?.hostId === next.hostId && random(5) < 2) last.push(next);
    else groups.push([next]);
  }
  return groups;
};

const atEachTime = (store: Store, check: (past: Store, time: number) => void, from = 5): void => {
  for (let time = from; time <= lastTime; time += 5) {
    const past = openForReading(store.path, smallTables);
    viewAsOf(past, time);
    check(past, time);
    past.close();
  }
};

interface Line {
  readonly key: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly name: string;
  readonly old: Value;
  readonly now: Value;
  readonly id: number;
}

test('rows at each time, and changes from the first look to the last, as a second opinion has them', (t) => {
  fc.assert(
    fc.property(evidence(ownKeys), fc.nat(), (snapshots, seed) => {
      const store = newStore();
      try {
        addAll(store, ...shuffled([...snapshots, ...snapshots.slice(0, seed % 3)], seed));
        atEachTime(store, (past, time) => {
          for (const host of ['H1', 'H2'])
            t.deepEqual(stored(past, host), texts(expected(snapshots, host, time)), `${host} at ${time}`);
        });
        for (const host of ['H1', 'H2']) {
          const observations = observationsOf(snapshots, host, lastTime);
          const [first] = observations;
          t.deepEqual(stored(store, host), texts(expected(snapshots, host, lastTime)));
          if (first === undefined) continue;
          const label = (row: Cells): string => JSON.stringify({ name: row[0], uuid: row[1] });
          const rows = new Map(seenBy(observationOf(first)).map((row) => [label(row), [...row]]));
          const lines = store.db
            .prepare(
              'SELECT key, change, column_name AS name, old_value AS old, new_value AS now, snapshot_id AS id ' +
                'FROM changes WHERE host_id = ?',
            )
            .all(host) as Line[];
          for (const { snapshotId } of observations) {
            const own = lines.filter(({ id }) => id === snapshotId);
            for (const { key, change, name, old } of own) {
              const row = rows.get(key);
              if (change !== 'added') t.is(row?.[names.indexOf(name)], old, `${name} of ${key}`);
            }
            for (const { key, change } of own) if (change === 'removed') rows.delete(key);
            for (const { key, change, name, now } of own) {
              if (change === 'removed') continue;
              const row = rows.get(key) ?? names.map((): Value => null);
              row[names.indexOf(name)] = now;
              rows.set(key, row);
            }
            t.deepEqual(
              texts([...rows.values()]),
              texts(
                expected(
                  // Of observations in one second, those up to this one.
                  observations.slice(
                    0,
                    observations.findIndex((observation) => observation.snapshotId === snapshotId) + 1,
                  ),
                  host,
                  lastTime,
                ),
              ),
            );
          }
        }
      } finally {
        store.close();
      }
    }),
    { numRuns: runs },
  );
});

/** What a store holds, read back as it is or by way of the native export. */
const carried = (store: Store, isExported: boolean): Snapshot[] => {
  const reader = snapshotReader(store);
  const found: Snapshot[] = [];
  for (const hostId of readHostIds(store.db)) {
    for (const snapshot of reader.read(hostId)) {
      if (!isExported) found.push(snapshot);
      else {
        const decoder = nativeDecoder(smallTables);
        decoder.bytes(Buffer.from([...nativeLines(snapshot, smallTables)].join('')), (one) =>
          found.push(one),
        );
        decoder.end();
      }
      if (snapshotIdOf(found.at(-1) as Snapshot) !== snapshot.snapshotId)
        throw new Error(`${snapshot.snapshotId} is not what it was`);
    }
  }
  return found;
};

test('rows of one key, and what came by several ways', (t) => {
  fc.assert(
    fc.property(evidence(anyKeys), fc.nat(), fc.nat(), (snapshots, one, two) => {
      const [direct, part, mixed] = [newStore(), newStore(), newStore()];
      try {
        addAll(direct, ...shuffled(snapshots, one));
        const half = Math.ceil(snapshots.length / 2);
        addAll(part, ...shuffled(snapshots.slice(0, half + 1), two));
        addAll(mixed, ...shuffled([...carried(part, one % 2 === 0), ...snapshots.slice(half)], two));
        t.deepEqual(everything(mixed), everything(direct));
        atEachTime(direct, (past, time) => {
          const columns = `${names.join(', ')}, host_id`;
          t.deepEqual(
            rowsOf(past, `SELECT ${columns} FROM people`),
            rowsOf(
              past,
              `SELECT ${columns} FROM people_history WHERE valid_from_time <= ? AND coalesce(valid_until_time, 999) > ?`,
              time,
              time,
            ),
          );
          for (const host of ['H1', 'H2']) {
            const last = observationsOf(snapshots, host, time).at(-1);
            const seen = last === undefined ? [] : seenBy(observationOf(last));
            if (last === undefined || observationOf(last).status !== 'partial')
              t.deepEqual(stored(past, host), texts(seen), `${host} at ${time}`);
            // Twins are counted: none that was met is lost.
            else t.true(stored(past, host).length >= seen.length);
          }
        });
      } finally {
        for (const store of [direct, part, mixed]) store.close();
      }
    }),
    { numRuns: runs },
  );
});

test('retain in the middle of what comes changes nothing from its time on', (t) => {
  fc.assert(
    fc.property(evidence(anyKeys), fc.nat(), fc.integer({ min: 0, max: 80 }), (snapshots, seed, cut) => {
      const [retained, whole] = [newStore(), newStore()];
      try {
        const groups = shuffled(snapshots, seed);
        const at = seed % (groups.length + 1);
        addAll(retained, ...groups.slice(0, at));
        retain(retained, cut);
        addAll(retained, ...groups.slice(at));
        addAll(whole, ...groups.slice(0, at));
        for (const group of groups.slice(at)) {
          const young = group.filter(({ collectedTime }) => collectedTime > cut);
          if (young.length > 0) addAll(whole, young);
        }
        for (const time of [cut, cut + 1, cut + 5, cut + 12, 200]) {
          const [a, b] = [retained, whole].map((store) => {
            const past = openForReading(store.path, smallTables);
            viewAsOf(past, time);
            const rows = rowsOf(past, 'SELECT * FROM people');
            past.close();
            return rows;
          });
          t.deepEqual(a, b, `at ${time}`);
        }
        const changes = 'SELECT * FROM changes WHERE change_time > ?';
        t.deepEqual(rowsOf(retained, changes, cut), rowsOf(whole, changes, cut));
      } finally {
        for (const store of [retained, whole]) store.close();
      }
    }),
    { numRuns: runs },
  );
});
