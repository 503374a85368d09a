import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { isGood } from '../../collector/status.ts';
import type { Table, Value } from '../../collector/table.ts';
import { readHostIds, snapshotReader } from '../../store/reader.ts';
import type { Store } from '../../store/store.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { openForReading } from '../../store/file.ts';
import { cellsOrder, rowsOf as observedRows } from '../../store/snapshot.ts';
import type { Cells, TableObservation, Snapshot } from '../../store/snapshot.ts';
import { addAll, everything, machine, newStore, people, rowsOf, smallTables, snapshotAt } from './world.ts';
import type { Observed } from './world.ts';

const runs = runsOf(60);

// Evidence at random

const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null, freq: 3 });
const bit = fc.constantFrom(0, 1);
const names = ['ann', 'bob', 'cy', null];

const person = fc.tuple(
  fc.constantFrom(...names),
  orNull(fc.constantFrom('A', 'B')),
  orNull(bit),
  orNull(fc.constantFrom(7, 8)),
  orNull(fc.constantFrom(0.1 + 0.2, 1757000000.123457)),
);
/** Rows with keys that are their own, and rows of which several may share one. */
const peopleRows: fc.Arbitrary<Cells[]> = fc.uniqueArray(person, {
  maxLength: 4,
  selector: ([name, uuid]) => `${name} ${uuid}`,
});
const anyPeopleRows: fc.Arbitrary<Cells[]> = fc.array(person, { maxLength: 5 });
const machineRows = fc.tuple(orNull(fc.constantFrom('on', 'off')), orNull(bit)).map((row): Cells[] => [row]);

/** What rests on a source, by the tables of world.ts. */
const columnsOf = (failed: readonly string[]): string[] =>
  failed.length === 0
    ? []
    : [
        ...new Set(
          failed.flatMap(
            (source) => ({ s1: ['token', 'state'], s2: ['age', 'is_on'], s3: ['uuid'] })[source] ?? [],
          ),
        ),
        'seen',
      ];

const observed = (rows: fc.Arbitrary<Cells[]>, sources: readonly string[]): fc.Arbitrary<Observed> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: rows.map((list): Observed => ({ status: list.length === 0 ? 'empty' : 'ok', rows: list })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(rows, fc.subarray([...sources]), fc.constantFrom(false, false, true))
        .map(([list, failed, isUnknown]): Observed => ({
          status: 'partial',
          affected: columnsOf(failed),
          failed: isUnknown ? null : failed,
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

const evidence = (rows: fc.Arbitrary<Cells[]>, sources: readonly string[]): fc.Arbitrary<Snapshot> =>
  fc
    .tuple(
      fc.constantFrom('H1', 'H2'),
      fc.integer({ min: 1, max: 8 }),
      observed(rows, sources),
      observed(machineRows, ['s1', 's2']),
    )
    .map(([host, time, ofPeople, ofMachine]) =>
      snapshotAt(host, time * 10, { people: ofPeople, machine: ofMachine }),
    );

// What partial observations may not know: no part of the key here, so that
// which row is which is never in doubt.
const plainEvidence = evidence(peopleRows, ['s1', 's2']);
const anyEvidence = evidence(anyPeopleRows, ['s1', 's2', 's3']);

// What should come of it, thought anew and slowly

const byTime = (a: Snapshot, b: Snapshot): number =>
  a.collectedTime - b.collectedTime || a.snapshotId - b.snapshotId;
const distinct = (snapshots: readonly Snapshot[]): Snapshot[] =>
  [
    ...new Map(snapshots.map((snapshot) => [`${snapshot.hostId} ${snapshot.snapshotId}`, snapshot])).values(),
  ].sort(byTime);

const width = (table: Table): number => Object.keys(table.columns).length;

/** Complete observations replace; partial ones add what they know, and are compared with the one before of their kind. */
const expectedRows = (
  snapshots: readonly Snapshot[],
  hostId: string,
  table: Table,
  time: number,
): Cells[] => {
  const columns = Object.keys(table.columns);
  const keyOf = (row: Cells): string => JSON.stringify(table.key.map((name) => row[columns.indexOf(name)]));
  let state = new Map<string, Cells>();
  let then: { kind: string; rows: Map<string, Cells> } | null = null;
  for (const snapshot of distinct(snapshots)) {
    const observation = snapshot.observations.get(table.name);
    if (
      snapshot.hostId !== hostId ||
      snapshot.collectedTime > time ||
      observation === undefined ||
      !isGood(observation.status)
    )
      continue;
    const rows = new Map(observedRows(observation, width(table)).map((row) => [keyOf(row), row]));
    if (observation.status !== 'partial') {
      state = new Map(rows);
      then = null;
      continue;
    }
    const kind = observation.failed === null ? `? ${observation.affected}` : `! ${observation.failed}`;
    const same = then?.kind === kind ? then.rows : new Map<string, Cells>();
    const isSure = (index: number): boolean =>
      observation.failed === null
        ? observation.affected?.includes(columns[index] ?? '') !== true
        : !columnsOf(observation.failed).includes(columns[index] ?? '');
    for (const [key, row] of rows) {
      const known = state.get(key);
      state.set(
        key,
        row.map((value, index) => {
          if (known === undefined || isSure(index)) return value;
          const before = known[index] ?? null;
          if (before === null) return value;
          const last = same.get(key);
          return value === null || last === undefined || last[index] === value ? before : value;
        }),
      );
    }
    for (const key of same.keys()) if (!rows.has(key)) state.delete(key);
    then = { kind, rows };
  }
  return [...state.values()].sort(cellsOrder(table));
};

const storedRows = (store: Store, hostId: string, table: Table): Cells[] =>
  (store.db.prepare(`SELECT * FROM ${table.name} WHERE host_id = ?`).raw(true).all(hostId) as Value[][])
    .map((row) => row.slice(0, -1))
    .sort(cellsOrder(table));

/** Puts snapshots in, in an order and in groups that a seed decides. */
const shuffled = <T>(list: readonly T[], seed: number): T[] => {
  const random = [...list];
  let state = seed;
  for (let index = random.length - 1; index > 0; index -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (index + 1);
    [random[index], random[other]] = [random[other] as T, random[index] as T];
  }
  return random;
};

const grouped = (snapshots: readonly Snapshot[], seed: number): Snapshot[][] => {
  const order = shuffled(snapshots, seed);
  const groups: Snapshot[][] = [];
  for (const [index, snapshot] of order.entries()) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.hostId === snapshot.hostId && (seed + index) % 3 === 0)
      last.push(snapshot);
    else groups.push([snapshot]);
  }
  return groups;
};

test('the rows at each time are those of a replay', (t) => {
  fc.assert(
    fc.property(fc.array(plainEvidence, { minLength: 1, maxLength: 9 }), fc.nat(), (snapshots, seed) => {
      const store = newStore();
      try {
        addAll(store, ...grouped(snapshots, seed));
        for (const hostId of ['H1', 'H2']) {
          for (const table of [people, machine]) {
            t.deepEqual(storedRows(store, hostId, table), expectedRows(snapshots, hostId, table, Infinity));
          }
        }
        const path = store.path;
        for (let time = 5; time <= 85; time += 5) {
          const past = openForReading(path, smallTables);
          viewAsOf(past, time);
          for (const hostId of ['H1', 'H2']) {
            for (const table of [people, machine]) {
              t.deepEqual(
                storedRows(past, hostId, table),
                expectedRows(snapshots, hostId, table, time),
                `${table.name} at ${time}`,
              );
              // A whole observation is its own answer: nothing that came before shows in it.
              const last = distinct(snapshots).findLast(
                (snapshot) => snapshot.hostId === hostId && snapshot.collectedTime === time,
              );
              const observation = last?.observations.get(table.name);
              if (observation?.status === 'ok' || observation?.status === 'empty') {
                t.deepEqual(
                  storedRows(past, hostId, table),
                  [...observedRows(observation, width(table))],
                  `alone at ${time}`,
                );
              }
            }
          }
          past.close();
        }
      } finally {
        store.close();
      }
    }),
    { numRuns: runs },
  );
});

/** What `changes` makes of the rows of the first good observation. */
const applied = (store: Store, hostId: string, table: Table, first: readonly Cells[]): Cells[] => {
  const columns = Object.keys(table.columns);
  const keyOf = (row: Cells): string =>
    JSON.stringify(Object.fromEntries(table.key.map((name) => [name, row[columns.indexOf(name)]])));
  const state = new Map(first.map((row) => [keyOf(row), [...row]]));
  const list = store.db
    .prepare(
      'SELECT c.* FROM changes c JOIN snapshots s USING (host_id, snapshot_id) WHERE host_id = ? AND table_name = ? ORDER BY change_time, s.sequence',
    )
    .all(hostId, table.name) as {
    key: string;
    change: string;
    column_name: string;
    old_value: Value;
    new_value: Value;
  }[];
  for (const { key, change, column_name: name, old_value: old, new_value: now } of list) {
    const index = columns.indexOf(name);
    if (change === 'removed') {
      state.delete(key);
      continue;
    }
    const row: Value[] = state.get(key) ?? columns.map(() => null);
    if (change === 'changed' && row[index] !== old)
      throw new Error(`${name} of ${key} is ${row[index]}, not ${old}`);
    row[index] = now;
    state.set(key, row);
  }
  return [...state.values()].sort(cellsOrder(table));
};

test('changes, applied to the first look, give the last', (t) => {
  fc.assert(
    fc.property(fc.array(plainEvidence, { minLength: 2, maxLength: 9 }), fc.nat(), (snapshots, seed) => {
      const store = newStore();
      try {
        addAll(store, ...grouped(snapshots, seed));
        for (const hostId of ['H1', 'H2']) {
          for (const table of [people, machine]) {
            const first = distinct(snapshots).find(
              (snapshot) =>
                snapshot.hostId === hostId &&
                isGood(snapshot.observations.get(table.name)?.status ?? 'failed'),
            );
            if (first === undefined) continue;
            const rows = observedRows(first.observations.get(table.name) as TableObservation, width(table));
            t.deepEqual(
              applied(store, hostId, table, rows),
              expectedRows(snapshots, hostId, table, Infinity),
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

test('order, repeats and the way by which snapshots come make no difference', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyEvidence, { minLength: 1, maxLength: 9 }),
      fc.nat(),
      fc.nat(),
      (snapshots, one, two) => {
        const [a, b, c] = [newStore(), newStore(), newStore()];
        try {
          addAll(a, ...grouped(snapshots, one));
          const repeated = grouped([...snapshots, ...snapshots.slice(0, 3)], two);
          addAll(b, ...repeated);
          t.deepEqual(everything(b), everything(a));
          // By way of other databases: halves that overlap, each read back.
          const half = Math.ceil(snapshots.length / 2);
          const [left, right] = [newStore(), newStore()];
          addAll(left, ...grouped(snapshots.slice(0, half + 1), two));
          addAll(right, ...grouped(snapshots.slice(half - 1), one));
          for (const source of shuffled([left, right], two)) {
            const reader = snapshotReader(source);
            for (const hostId of readHostIds(source.db)) addAll(c, [...reader.read(hostId)]);
          }
          for (const source of [left, right]) source.close();
          t.deepEqual(everything(c), everything(a));
          // Once more changes nothing at all.
          const before = c.db.serialize();
          const reader = snapshotReader(a);
          for (const hostId of readHostIds(a.db)) addAll(c, [...reader.read(hostId)]);
          t.is(Buffer.compare(c.db.serialize(), before), 0, 'the file is the same, byte for byte');
        } finally {
          for (const store of [a, b, c]) store.close();
        }
      },
    ),
    { numRuns: runs },
  );
});

test('what was not looked at closes nothing and is no change', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyEvidence, { maxLength: 4 }),
      fc.constantFrom(
        'failed' as const,
        'denied' as const,
        'not_recorded' as const,
        'skipped' as const,
        'unsupported' as const,
      ),
      (snapshots, status) => {
        const store = newStore();
        try {
          addAll(store, ...snapshots.map((snapshot) => [snapshot]));
          const [before, changes] = [everything(store), rowsOf(store, 'SELECT * FROM changes')];
          addAll(store, [
            snapshotAt('H1', 999, {
              people: { status, affected: null, rows: [] },
              machine: { status, affected: null, rows: [] },
            }),
          ]);
          const after = everything(store);
          for (const name of ['people', 'people_history', 'machine', 'machine_history'])
            t.deepEqual(after[name], before[name]);
          t.deepEqual(rowsOf(store, 'SELECT * FROM changes'), changes);
        } finally {
          store.close();
        }
      },
    ),
    { numRuns: runs },
  );
});

test('a partial look closes only what it looked at', (t) => {
  const store = newStore();
  const at = (time: number, ofPeople: Observed): void => {
    addAll(store, [snapshotAt('H1', time, { people: ofPeople })]);
  };
  at(10, {
    status: 'ok',
    rows: [
      ['ann', 'A', 1, 30, null],
      ['bob', 'B', 1, 40, null],
    ],
  });
  // The token could not be observed, the age could; bob was not met.
  at(20, { status: 'partial', affected: ['token'], rows: [['ann', 'A', null, 31, null]] });
  t.deepEqual(rowsOf(store, 'SELECT name, token, age FROM people'), [
    { name: 'ann', token: 1, age: 31 },
    { name: 'bob', token: 1, age: 40 },
  ]);
  t.deepEqual(rowsOf(store, 'SELECT change, column_name, old_value, new_value FROM changes'), [
    { change: 'changed', column_name: 'age', old_value: 30, new_value: 31 },
  ]);
  // A column that could be observed and is NULL is NULL; one that says 0 is 0, failed or not.
  at(30, { status: 'partial', affected: ['token'], rows: [['ann', 'A', 0, null, null]] });
  t.deepEqual(rowsOf(store, "SELECT token, age FROM people WHERE name = 'ann'"), [{ token: 0, age: null }]);
  // Whose id could not be observed is still who it was.
  at(40, { status: 'partial', affected: ['uuid'], rows: [['bob', null, 1, 41, null]] });
  t.deepEqual(rowsOf(store, "SELECT uuid, age FROM people WHERE name = 'bob'"), [{ uuid: 'B', age: 41 }]);
  // No columns named: any NULL may be for want of looking.
  at(50, { status: 'partial', affected: null, rows: [['ann', 'A', null, 32, null]] });
  t.deepEqual(rowsOf(store, "SELECT token, age FROM people WHERE name = 'ann'"), [{ token: 0, age: 32 }]);
  at(60, { status: 'ok', rows: [['ann', 'A', 1, 32, null]] });
  t.deepEqual(rowsOf(store, 'SELECT name FROM people'), [{ name: 'ann' }]);
  t.is(rowsOf(store, "SELECT DISTINCT key FROM changes WHERE change = 'removed'").length, 1);
  store.close();
});

test('partial looks of one kind are compared with each other', (t) => {
  const store = newStore();
  const observe = (
    time: number,
    status: 'ok' | 'partial',
    rows: readonly Cells[],
    failed: readonly string[] | null = ['s1'],
  ): void => {
    addAll(store, [snapshotAt('H1', time, { people: { status, affected: ['token'], failed, rows } })]);
  };
  const known = (): unknown => rowsOf(store, 'SELECT name, token, seen FROM people');
  const changes = (): number => rowsOf(store, 'SELECT * FROM changes').length;
  // `seen` is evaluated from all sources: with one of them missing, the
  // judgement is another and nothing happened.
  observe(10, 'ok', [
    ['ann', 'A', 1, 1, 5],
    ['bob', 'B', 1, 1, 5],
  ]);
  observe(20, 'partial', [['ann', 'A', null, 1, 4]]);
  observe(30, 'partial', [['ann', 'A', null, 1, 4]]);
  t.deepEqual(known(), [
    { name: 'ann', token: 1, seen: 5 },
    { name: 'bob', token: 1, seen: 5 },
  ]);
  t.is(changes(), 0);
  // Another judgement than the last time with as little: something did happen.
  observe(40, 'partial', [
    ['ann', 'A', null, 1, 3],
    ['cy', 'C', null, 1, 3],
  ]);
  t.deepEqual(known(), [
    { name: 'ann', token: 1, seen: 3 },
    { name: 'bob', token: 1, seen: 5 },
    { name: 'cy', token: null, seen: 3 },
  ]);
  // Not met by an observation that met it the last time: gone. Never met by such an observation: who knows.
  observe(50, 'partial', [['ann', 'A', null, 1, 3]]);
  t.deepEqual(known(), [
    { name: 'ann', token: 1, seen: 3 },
    { name: 'bob', token: 1, seen: 5 },
  ]);
  // A whole observation in between: what such an observation saw before it is no measure any more.
  observe(52, 'ok', [
    ['ann', 'A', 1, 1, 8],
    ['bob', 'B', 1, 1, 8],
  ]);
  observe(54, 'partial', [['ann', 'A', null, 1, 6]]);
  t.deepEqual(known(), [
    { name: 'ann', token: 1, seen: 8 },
    { name: 'bob', token: 1, seen: 8 },
  ]);
  // With more missing, there is nothing to compare with.
  observe(60, 'partial', [], ['s1', 's2']);
  observe(70, 'partial', [], ['s1']);
  t.deepEqual(known(), [
    { name: 'ann', token: 1, seen: 8 },
    { name: 'bob', token: 1, seen: 8 },
  ]);
  store.close();
});

test('rows with one key are told apart by what they say', (t) => {
  const store = newStore();
  const twin: Cells = ['ann', 'A', 1, 30, null];
  addAll(store, [
    snapshotAt('H1', 10, { people: { status: 'ok', rows: [twin, twin, ['ann', 'A', 0, 50, null]] } }),
  ]);
  t.is(rowsOf(store, 'SELECT * FROM people').length, 3);
  addAll(store, [
    snapshotAt('H1', 20, { people: { status: 'ok', rows: [twin, ['ann', 'A', 0, 51, null]] } }),
  ]);
  t.deepEqual(rowsOf(store, 'SELECT age FROM people'), [{ age: 30 }, { age: 51 }]);
  // Late, between the two.
  addAll(store, [snapshotAt('H1', 15, { people: { status: 'ok', rows: [twin, twin] } })]);
  t.deepEqual(rowsOf(store, 'SELECT age, valid_from_time, valid_until_time FROM people_history'), [
    { age: 30, valid_from_time: 10, valid_until_time: 20 },
    { age: 30, valid_from_time: 10, valid_until_time: null },
    { age: 50, valid_from_time: 10, valid_until_time: 15 },
    { age: 51, valid_from_time: 20, valid_until_time: null },
  ]);
  store.close();
});

test('a snapshot that comes in parts is joined', (t) => {
  const [a, b] = [newStore(), newStore()];
  const whole = snapshotAt('H1', 10, {
    people: { status: 'ok', rows: [['ann', 'A', 1, 30, null]] },
    machine: { status: 'ok', rows: [['on', 1]] },
  });
  const part: Snapshot = {
    ...whole,
    observations: new Map([...whole.observations].slice(0, 1)),
    origin: 'evidence',
    toolVersion: '0.2.0',
  };
  addAll(a, [part], [whole]);
  addAll(b, [whole], [part]);
  t.deepEqual(everything(a), everything(b));
  t.is(rowsOf(a, 'SELECT * FROM machine').length, 1);
  t.deepEqual(rowsOf(a, 'SELECT origin, tool_version FROM snapshots'), [
    { origin: 'live', tool_version: '0.1.0' },
  ]);
  for (const store of [a, b]) store.close();
});

test('a snapshot is told by what it says, and by nothing else', (t) => {
  const rows: readonly Cells[] = [['ann', 'A', null, 30, null]];
  const partial = { status: 'partial', affected: ['token'], rows } as const;
  const base = snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'] } });
  const others = [
    snapshotAt('H2', 10, { people: { ...partial, failed: ['s1'] } }),
    snapshotAt('H1', 11, { people: { ...partial, failed: ['s1'] } }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1', 's2'] } }),
    snapshotAt('H1', 10, { people: { ...partial, affected: [], failed: ['s1'] } }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'], rows: [['ann', 'A', null, 31, null]] } }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'], rows: [...rows, ...rows] } }),
    snapshotAt('H1', 10, { people: { status: 'ok', rows } }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'] } }, { euid: 501 }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'] } }, { redaction: 'strict' }),
    snapshotAt('H1', 10, { people: { ...partial, failed: ['s1'] }, machine: { status: 'denied', rows: [] } }),
  ];
  const ids = [base, ...others].map(({ snapshotId }) => snapshotId);
  t.is(new Set(ids).size, ids.length);
  t.true(ids.every((id) => Number.isSafeInteger(id) && id > 0));
  const same = snapshotAt(
    'H1',
    10,
    { people: { ...partial, failed: ['s1'] } },
    { origin: 'merge', toolVersion: '9', report: null },
  );
  t.is(same.snapshotId, base.snapshotId);
});
