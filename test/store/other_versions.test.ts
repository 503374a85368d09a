/**
 * Macs and centres of different versions. What "newer" knows more is derived from what is declared here: a table, a column,
 * a source and a word.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { integer, text } from '../../collector/table.ts';
import type { Table, Value } from '../../collector/table.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { blindSpots, touchedNames } from '../../store/blind_spots.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { merge } from '../../store/merge.ts';
import type { Merged } from '../../store/merge.ts';
import { nativeLines } from '../native_lines.ts';
import {
  cellsOrder,
  digestOfCells,
  packRows,
  rowsOf as cellsOf,
  snapshotIdOf,
} from '../../store/snapshot.ts';
import type { Cells, Snapshot, TableObservation } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, snapshotOfBundle, verifySnapshots } from './evidence.ts';
import { addAll, newPath, people, rowsOf, smallTables, snapshotAt, uuidOf } from './world.ts';

const tableNamed = (name: string): Table => {
  const table = tables.find((known) => known.name === name);
  if (table === undefined) throw new Error(`there is no table ${name}`);
  return table;
};

const widthOf = (table: Table): number => Object.keys(table.columns).length;

const observationOf = (table: Table, rows: readonly Cells[]): TableObservation => {
  const cells = packRows([...rows].sort(cellsOrder(table)));
  const digest = digestOfCells(Object.keys(table.columns), cells);
  return { status: 'ok', affected: [], failed: null, digest, rowCount: rows.length, cells };
};

const seals: Table = {
  ...tableNamed('groups'),
  name: 'volume_seals',
  columns: {
    volume: text('Volume.', { privacy: 'nobody' }),
    is_sealed: integer('Sealed.', { privacy: 'nobody' }),
  },
  key: ['volume'],
};
const users = tableNamed('users');
const newerUsers: Table = {
  ...users,
  columns: { ...users.columns, shell_digest: text('New.', { privacy: 'nobody' }) },
};

interface Novelty {
  /** What the newer one declares. */
  readonly declared: readonly Table[];
  /** What a Mac of that version says, made of what one of this version says. */
  readonly newer: (snapshot: Snapshot, value: string) => ReadonlyMap<string, TableObservation>;
  /** What an older centre cannot take in. */
  readonly leftOut: readonly string[];
  /** What shows it, on a database that knows it. */
  readonly sql: string;
  readonly shown: (value: string) => Value;
}

const changed = (
  snapshot: Snapshot,
  name: string,
  change: (row: Cells, names: readonly string[]) => Cells,
): ReadonlyMap<string, TableObservation> => {
  const table = tableNamed(name);
  const names = Object.keys(table.columns);
  const old = snapshot.observations.get(name) as TableObservation;
  const rows = cellsOf(old, names.length).map((row) => change(row, names));
  return new Map([...snapshot.observations, [name, observationOf(table, rows)]]);
};

const word = (table: string, column: string, value: string) => (snapshot: Snapshot) => {
  let isFirst = true;
  return changed(snapshot, table, (row, names) => {
    const own = isFirst ? row.map((cell, index) => (names[index] === column ? value : cell)) : row;
    isFirst = false;
    return own;
  });
};

const novelties: Readonly<Record<string, Novelty>> = {
  table: {
    declared: [...tables, seals],
    newer: ({ observations }, value) =>
      new Map([...observations, ['volume_seals', observationOf(seals, [[value, 1]])]]),
    leftOut: ['table volume_seals'],
    sql: 'SELECT volume AS shown FROM volume_seals',
    shown: (value) => value,
  },
  column: {
    declared: tables.map((table) => (table === users ? newerUsers : table)),
    newer: ({ observations }, value) => {
      const old = observations.get('users') as TableObservation;
      const rows = cellsOf(old, widthOf(users)).map((row): Cells => [...row, value]);
      return new Map([...observations, ['users', observationOf(newerUsers, rows)]]);
    },
    leftOut: ['column users.shell_digest'],
    sql: 'SELECT DISTINCT shell_digest AS shown FROM users',
    shown: (value) => value,
  },
  source: {
    declared: tables,
    newer: (snapshot) => word('secure_token_observations', 'source', 'future_source')(snapshot),
    leftOut: [],
    sql: "SELECT DISTINCT source AS shown FROM secure_token_observations WHERE source = 'future_source'",
    shown: () => 'future_source',
  },
  word: {
    declared: tables,
    newer: (snapshot) => word('users', 'account_type', 'future_kind')(snapshot),
    leftOut: [],
    sql: "SELECT DISTINCT account_type AS shown FROM users WHERE account_type = 'future_kind'",
    shown: () => 'future_kind',
  },
};

let base: Promise<Snapshot> | null = null;
const olderSnapshot = (): Promise<Snapshot> => (base ??= snapshotOfBundle(sample('macos26-managed')));

const newerSnapshot = (snapshot: Snapshot, novelty: Novelty, value = 'x'): Snapshot => {
  const { snapshotId: _id, ...rest } = snapshot;
  const known = { ...rest, observations: novelty.newer(snapshot, value), toolVersion: '0.3.0' };
  return { ...known, snapshotId: snapshotIdOf(known) };
};

const atTime = (snapshot: Snapshot, collectedTime: number): Snapshot => {
  const known = { ...snapshot, collectedTime };
  return { ...known, snapshotId: snapshotIdOf(known) };
};

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const databaseOf = (snapshots: readonly Snapshot[], declared: readonly Table[]): string => {
  const path = newPath();
  const store = openForWriting(path, declared);
  addAll(store, snapshots);
  store.close();
  return path;
};

const exportOf = (snapshots: readonly Snapshot[], declared: readonly Table[]): string => {
  const path = newPath('.ndjson');
  writeFileSync(path, snapshots.flatMap((snapshot) => [...nativeLines(snapshot, declared)]).join(''));
  return path;
};

const mergeInto = async (t: ExecutionContext, store: Store, path: string): Promise<Merged> => {
  const before = sum(path);
  const kind = path.endsWith('.ndjson') ? 'native' : 'database';
  const merged = await merge(store, [{ path, kind }], {
    version: '0.2.0',
    now: () => 2_000_000_000,
    readEvidence: () => Promise.reject(new Error('there is none')),
  });
  t.deepEqual(merged.bad, []);
  t.is(sum(path), before, 'an input is not changed');
  return merged;
};

const changesIn = (store: Store): number =>
  store.db.prepare('SELECT count(*) FROM changes').pluck().get() as number;
const usersIn = (store: Store, sql = 'SELECT username, uid, uuid, shell FROM users'): unknown =>
  rowsOf(store, sql);

for (const [what, novelty] of Object.entries(novelties)) {
  for (const [way, made] of [
    ['database', databaseOf],
    ['export', exportOf],
  ] as const) {
    test(`the ${way} of a newer Mac with a new ${what} comes into an older centre, and whole into one that is upgraded`, async (t) => {
      const old = await olderSnapshot();
      const snapshot = newerSnapshot(old, novelty);
      const input = made([snapshot], novelty.declared);
      const path = newPath();
      const centre = openForWriting(path, tables);
      const merged = await mergeInto(t, centre, input);
      t.deepEqual([merged.stored, [...merged.leftOut.keys()]], [1, [...novelty.leftOut]]);
      const plain = openForWriting(databaseOf([old], tables), tables);
      t.deepEqual(usersIn(centre), usersIn(plain));
      plain.close();
      t.is(verifySnapshots(centre), 1);
      // The other way to the same Mac is the same snapshot.
      const other = (way === 'database' ? exportOf : databaseOf)([snapshot], novelty.declared);
      t.deepEqual((await mergeInto(t, centre, other)).known, 1);
      if (novelty.leftOut.length === 0)
        t.is(centre.db.prepare(novelty.sql).pluck().get(), novelty.shown('x'));
      centre.close();

      const upgraded = openForWriting(path, novelty.declared);
      t.is((await mergeInto(t, upgraded, input)).stored, novelty.leftOut.length > 0 ? 1 : 0);
      t.is(upgraded.db.prepare(novelty.sql).pluck().get(), novelty.shown('x'));
      t.is(changesIn(upgraded), 0);
      t.is(verifySnapshots(upgraded), novelty.leftOut.length > 0 ? 2 : 1);
      upgraded.close();
    });

    test(`the ${way} of an older Mac comes into a centre with a new ${what}, which knows what it was not told`, async (t) => {
      const old = await olderSnapshot();
      const input = made([old], tables);
      const path = newPath();
      const centre = openForWriting(path, novelty.declared);
      const merged = await mergeInto(t, centre, input);
      t.deepEqual([merged.stored, [...merged.leftOut]], [1, []]);
      t.is(centre.db.prepare(novelty.sql).pluck().get() ?? null, null);
      const status = centre.db
        .prepare('SELECT columns_affected FROM table_status WHERE table_name = ?')
        .pluck();
      if (what === 'table') t.is(status.get('volume_seals'), undefined);
      if (what === 'column')
        t.regex(String(status.get('users')), /"shell_digest"/, 'a NULL that nobody meant is no answer');
      // The next night, the Mac is upgraded: what is new to those who look is no change of the Mac.
      const night = atTime(old, old.collectedTime + 86_400);
      addAll(centre, [newerSnapshot(night, novelty, 'first')]);
      if (what === 'table' || what === 'column') t.is(changesIn(centre), 0);
      t.is(centre.db.prepare(novelty.sql).pluck().get(), novelty.shown('first'));
      // And the night after it, a change is one.
      const before = changesIn(centre);
      const next = atTime(old, old.collectedTime + 2 * 86_400);
      addAll(centre, [newerSnapshot(next, novelty, 'second')]);
      if (what === 'table' || what === 'column') t.true(changesIn(centre) > before);
      t.is(verifySnapshots(centre), 3);
      centre.close();
    });
  }
}

test('an older file is read with what it lacks stood in for, and not written', async (t) => {
  const old = await olderSnapshot();
  for (const [what, { declared, sql }] of Object.entries(novelties)) {
    const path = databaseOf([old], tables);
    const before = sum(path);
    const store = openForReading(path, declared);
    t.is(store.db.prepare(sql).pluck().get() ?? null, null);
    t.deepEqual(store.db.prepare(sql.replace('users', 'users_history')).all().length < 2, true);
    if (what === 'table') {
      t.true(touchedNames(store, sql).has('volume_seals'));
      const { spots } = blindSpots(store, touchedNames(store, sql), null);
      t.deepEqual(spots, [{ table: 'volume_seals', status: null, reason: null, hosts: 1 }]);
      for (const changes of ['changes', 'main.changes']) {
        t.deepEqual([...touchedNames(store, `SELECT * FROM ${changes}`)], []);
        t.deepEqual([...touchedNames(store, `SELECT 1 FROM ${changes}, volume_seals`)], ['volume_seals']);
      }
    }
    if (what === 'column') {
      const affected = store.db
        .prepare("SELECT columns_affected FROM table_status WHERE table_name = 'users'")
        .pluck();
      t.regex(String(affected.get()), /shell_digest/);
    }
    const reader = exportReader(store, { tables: declared, rowSql: null });
    const exported = [...reader.currentSnapshots()].flatMap(({ tables: all }) =>
      [...all].map(({ table, rows }) => [table.name, [...rows].length] as const),
    );
    t.true((exported.find(([name]) => name === 'users')?.[1] ?? 0) > 3);
    viewAsOf(store, old.collectedTime + 5);
    t.is(store.db.prepare(sql).pluck().get() ?? null, null);
    t.true(Array.isArray(usersIn(store)) && (usersIn(store) as unknown[]).length > 3);
    t.is(changesIn(store), 0);
    store.close();
    t.is(sum(path), before);
  }
});

test('an older program writes into a newer file and a newer into an older, in turn, and nothing is lost', async (t) => {
  const old = await olderSnapshot();
  const { declared } = novelties['column'] as Novelty;
  const newer = [...declared, seals];
  const both: Novelty = {
    ...(novelties['column'] as Novelty),
    newer: (snapshot, value) =>
      new Map([
        ...(novelties['column'] as Novelty).newer(snapshot, value),
        ['volume_seals', observationOf(seals, [[value, 1]])],
      ]),
  };
  const path = newPath();
  const write = (version: readonly Table[], snapshot: Snapshot): void => {
    const store = openForWriting(path, version);
    addAll(store, [snapshot]);
    t.is(changesIn(store), 0);
    store.close();
  };
  const views = (): unknown => {
    const store = openForReading(path, newer);
    const found = store.db
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type IN ('view', 'index') ORDER BY name")
      .all();
    store.close();
    return found;
  };
  write(tables, old);
  write(newer, newerSnapshot(atTime(old, old.collectedTime + 10), both, 'x'));
  const made = views();
  write(tables, atTime(old, old.collectedTime + 20));
  t.deepEqual(views(), made, 'an older program leaves the views of a newer one');
  write(newer, newerSnapshot(atTime(old, old.collectedTime + 30), both, 'x'));
  write(tables, atTime(old, old.collectedTime + 40));

  const store = openForReading(path, newer);
  t.is(verifySnapshots(openForReading(path, newer)), 5);
  t.deepEqual(rowsOf(store, 'SELECT volume, is_sealed FROM volume_seals'), [{ volume: 'x', is_sealed: 1 }]);
  t.is(
    store.db.prepare("SELECT count(*) FROM table_status WHERE table_name = 'volume_seals'").pluck().get(),
    0,
    'the last snapshot does not speak of it',
  );
  // What the newer one saw is in the history of the file.
  t.true(
    (store.db
      .prepare("SELECT count(*) FROM users_history WHERE shell_digest = 'x'")
      .pluck()
      .get() as number) > 0 ||
      (store.db
        .prepare("SELECT count(*) FROM _past_users WHERE shell_digest = 'x'")
        .pluck()
        .get() as number) > 0,
  );
  t.deepEqual(usersIn(store), usersIn(openForReading(databaseOf([old], tables), tables)));
  store.close();
});

test('a program that lacks what the file has, and has what the file lacks, leaves the one and adds the other', async (t) => {
  const old = await olderSnapshot();
  const { declared } = novelties['column'] as Novelty;
  const path = databaseOf([newerSnapshot(old, novelties['column'] as Novelty)], declared);
  const branch = [...tables, seals];
  const store = openForWriting(path, branch);
  t.deepEqual(rowsOf(store, 'SELECT * FROM volume_seals'), []);
  t.is(store.db.prepare('SELECT DISTINCT shell_digest FROM users').pluck().get(), 'x');
  t.is(store.db.prepare('SELECT DISTINCT shell_digest FROM users_history').pluck().get(), 'x');
  const columns = store.db.prepare("SELECT name FROM pragma_table_info('users')").pluck().all();
  t.deepEqual(columns.slice(-2), ['shell_digest', 'host_id']);
  store.close();
});

test('merge says in one note what it left out, of however many inputs', async (t) => {
  const old = await olderSnapshot();
  const [table, column] = [novelties['table'] as Novelty, novelties['column'] as Novelty];
  // One of them large enough for the thread that reads exports.
  const many = Array.from({ length: 40 }, (_, number) => {
    const known = { ...newerSnapshot(old, table), hostId: uuidOf(number) };
    return { ...known, snapshotId: snapshotIdOf(known) };
  });
  const inputs = [
    exportOf(many, table.declared),
    databaseOf([newerSnapshot(old, column)], column.declared),
    exportOf([newerSnapshot(old, column)], column.declared),
    databaseOf([atTime(old, old.collectedTime + 5)], tables),
  ];
  t.true(statSync(inputs[0] as string).size > 2 * 1024 * 1024);
  const { code, stdout, stderr } = await cli(['merge', '--db', newPath(), ...inputs]);
  t.is(code, 0);
  t.regex(stdout, /^42 snapshots of 41 hosts stored/);
  t.is(
    stderr.replace(/^\S+Z - /, ''),
    'tokenquery: note: 3 inputs of a newer tokenquery: left out, for this one does not know it: ' +
      'column users.shell_digest, table volume_seals; upgrade tokenquery here and merge again\n',
  );
});

test('what is lacking is looked for once: the next opening reads one row', async (t) => {
  const old = await olderSnapshot();
  const path = databaseOf([old], tables);
  const settings = (): unknown => {
    const store = openForReading(path, tables);
    const found = store.db.prepare("SELECT * FROM _setting WHERE name LIKE 'declared %'").all();
    t.is(store.difference, null);
    store.close();
    return found;
  };
  t.is((settings() as unknown[]).length, 1);
  openForWriting(path, tables).close();
  t.is((settings() as unknown[]).length, 1);
});

test('a column in the middle that came later shifts nothing of what a partial look saw', (t) => {
  const columnsWithout = Object.fromEntries(
    Object.entries(people.columns).filter(([name]) => name !== 'age'),
  );
  const olderPeople: Table = { ...people, columns: columnsWithout };
  const older = [olderPeople, ...smallTables.filter((table) => table !== people)];
  const look = (time: number, status: 'ok' | 'partial', rows: readonly Cells[]): Snapshot => {
    const observation = {
      ...observationOf(olderPeople, rows),
      status,
      failed: status === 'ok' ? null : ['s1'],
    };
    const observations = new Map([
      ['people', { ...observation, affected: status === 'ok' ? [] : ['token'] }],
    ]);
    const known = { ...snapshotAt('H1', time, {}), observations };
    return { ...known, snapshotId: snapshotIdOf(known) };
  };
  const path = newPath();
  const store = openForWriting(path, older);
  addAll(store, [
    look(10, 'ok', [['ann', 'A', 1, 0.5]]),
    look(20, 'partial', [['ann', 'A', null, 1.5]]),
    look(30, 'partial', [['ann', 'A', 0, 2.5]]),
  ]);
  const before = rowsOf(store, 'SELECT name, uuid, token, seen, valid_from_time FROM people_history');
  store.close();
  const newer = openForWriting(path, smallTables);
  t.deepEqual(rowsOf(newer, 'SELECT name, uuid, token, seen, valid_from_time FROM people_history'), before);
  t.is(verifySnapshots(newer), 3);
  // A late one folds all of it anew.
  const late = snapshotAt('H1', 15, { people: { status: 'ok', rows: [['ann', 'A', 1, 30, 0.5]] } });
  addAll(newer, [late]);
  t.is(verifySnapshots(newer), 4);
  t.deepEqual(rowsOf(newer, 'SELECT name, uuid, token, seen FROM people'), [
    { name: 'ann', uuid: 'A', token: 0, seen: 2.5 },
  ]);
  newer.close();
});

const answersOn = (store: Store) =>
  evaluate(store.db, queries, { now: 1_790_500_000, names: { tables: [], columns: [] }, tables });

test('a word that is not known proves nothing to the questions that read it, and nothing else changes', async (t) => {
  const bundle = makeBundle('macos26-managed', temporaryFolder(t), { time: 1_790_400_000 });
  const old = await snapshotOfBundle(bundle);
  const before = new Map(
    answersOn(openForWriting(databaseOf([old], tables), tables)).map((answer) => [answer.query, answer]),
  );
  const closed = new Map(
    queries.flatMap((query) => query.closed.map((one) => [`${one.table}.${one.column}`, one] as const)),
  );
  let tried = 0;
  for (const { table, column } of closed.values()) {
    const rows = old.observations.get(table)?.rowCount ?? 0;
    if (rows === 0) continue;
    tried += 1;
    const novelty = { ...(novelties['word'] as Novelty), newer: word(table, column, 'future') };
    const store = openForWriting(databaseOf([newerSnapshot(old, novelty)], tables), tables);
    for (const { query, verdicts, blindSpots: spots } of answersOn(store)) {
      const verdict = verdicts.get(old.hostId);
      const reads = query.closed.some((one) => one.table === table && one.column === column);
      const own = spots.get(old.hostId)?.find((spot) => spot.table === table && spot.column === column);
      const about = `${query.name} with ${table}.${column}`;
      if (reads) {
        // But where the rest proves what the word cannot change: one holder is enough not to be without one.
        if (query.name === 'no_secure_token_user' && column === 'boot_volume_fs') {
          t.is(verdict, 'clean', about);
          continue;
        }
        // A Mac that the question cannot concern is clean, whatever the word.
        const wasClean = before.get(query)?.verdicts.get(old.hostId) === 'clean';
        if (query.applies !== null && own === undefined && wasClean) continue;
        t.not(verdict, 'clean', about);
        if (query.needsHistory || query.isOfFleet) continue;
        // But for a Mac that the question cannot concern.
        if (own === undefined) t.not(query.applies, null, about);
        else t.regex(own.reason, new RegExp(`^${column} has the word future, .*upgrade`), about);
      } else t.is(verdict, before.get(query)?.verdicts.get(old.hostId), about);
    }
    store.close();
  }
  t.true(tried > 8, String(tried));
});
