/** host_summary: what a look did not tell is NULL there, and all else is as it was. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { loadCollections } from '../../cli/collected.ts';
import { names } from '../../cli/names.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { HostJudge, mayBeOf, storedQueries } from '../../queries/findings.ts';
import { judgeTurns } from '../../queries/judging.ts';
import { addHostSummary, hostSummary } from '../../queries/host_summary.ts';
import { severities } from '../../queries/query.ts';
import { viewAsOf } from '../../store/as_of.ts';
import type { Db } from '../../store/database.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { openMemory } from '../../store/memory.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { sample, temporaryFolder } from '../standin.ts';

type Row = Readonly<Record<string, string | number | null>>;
const all = 'SELECT * FROM host_summary ORDER BY host_id';
const day = 86_400;

let collecting: Promise<readonly Collection[]> | null = null;
const collections = (): Promise<readonly Collection[]> => {
  collecting ??= Promise.all(
    ['macos26-managed', 'macos15-unmanaged', 'macos14-not-root'].map(async (name) =>
      collect(
        tables.filter(({ generate }) => generate !== undefined),
        await evidenceBackend(sample(name)),
      ),
    ),
  );
  return collecting;
};

/** The same Mac, which would not tell of a table. */
const denied = (collection: Collection, name: string, seconds = 0): Collection => ({
  ...collection,
  backend: { ...collection.backend, capturedTime: collection.backend.capturedTime + seconds },
  results: collection.results.map((result) =>
    result.table.name === name
      ? {
          ...result,
          rows: [],
          status: 'denied',
          code: 'permission_denied',
          reason: 'nobody may look',
          columnsAffected: null,
          doubts: { ...result.doubts, mayRowsBeMissing: true },
        }
      : result,
  ),
});

const summaryOf = (db: Db, now: number, isStored: boolean): readonly Row[] => {
  addHostSummary(db, all, { now, isStored, tables });
  return db.prepare(all).all() as Row[];
};

const summaryOfCollections = (given: readonly Collection[]): readonly Row[] => {
  const db = openMemory(tables);
  loadCollections(db, tables, given);
  const rows = summaryOf(db, Math.max(...given.map(({ backend }) => backend.capturedTime)), false);
  db.close();
  return rows;
};

const add = (store: Store, collection: Collection): void => {
  const snapshot = snapshotOf(tables, collection, '0.7.0');
  const { hostId, collectedTime: time } = snapshot;
  const judge = new HostJudge(store.db, tables);
  transact(store, () => {
    storeWriter(store.db, tables).add([snapshot], time + 60);
    judgeTurns(store.db, judge, [{ hostId, time, isLast: false }]);
  });
  judge.end();
};

const newStore = (t: ExecutionContext, name: string): Store => {
  const store = openForWriting(join(temporaryFolder(t), name), tables);
  t.teardown(() => store.close());
  return store;
};

const needed = [...new Set(hostSummary.columns.flatMap(({ needs }) => needs))];
const findingColumns = hostSummary.columns
  .map(({ name }) => name)
  .filter((name) => name.startsWith('findings_'));
/** Of the look itself, and counted over all tables. */
const ofLook = ['blind_spots', 'last_look_time', 'age_seconds', ...findingColumns];

/** What becomes of a row when a table is denied. */
const without = (row: Row, table: string): Row =>
  Object.fromEntries(
    hostSummary.columns
      .filter(({ name }) => !ofLook.includes(name))
      .map(({ name, needs }) => [name, needs.includes(table) ? null : (row[name] ?? null)]),
  );
const withoutLook = (row: Row | undefined): Row =>
  Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => !ofLook.includes(name)));

test('each table that was not seen costs its own cells and no other, on one Mac and on several', async (t) => {
  t.deepEqual(needed, [
    'hosts',
    'filevault_status',
    'filevault_policies',
    'bootstrap_tokens',
    'secure_tokens',
  ]);
  const given = await collections();
  const whole = summaryOfCollections(given);
  t.is(whole.length, given.length);
  for (const table of needed) {
    const rows = summaryOfCollections(given.map((collection) => denied(collection, table)));
    t.deepEqual(
      rows.map(withoutLook),
      whole.map((row) => without(row, table)),
      table,
    );
    for (const [index, row] of rows.entries()) {
      const wasUnseen = given
        .find(({ hostId }) => hostId === row['host_id'])
        ?.results.some((result) => result.table.name === table && !['ok', 'empty'].includes(result.status));
      t.is(row['blind_spots'], Number(whole[index]?.['blind_spots']) + (wasUnseen === true ? 0 : 1), table);
    }
  }
  const [one] = given;
  if (one !== undefined) t.deepEqual(summaryOfCollections([one])[0]?.['age_seconds'], 0);
});

test('in a database the last look counts: what it did not see is NULL, though an older look did', async (t) => {
  const [managed] = await collections();
  if (managed === undefined) return t.fail();
  const time = managed.backend.capturedTime;
  for (const table of [...needed, 'users']) {
    const store = newStore(t, `${table}.db`);
    add(store, managed);
    const [first] = summaryOf(store.db, time + 10, true);
    add(store, denied(managed, table, day));
    const [second, ...others] = summaryOf(store.db, time + day + 20, true);
    t.deepEqual(others, []);
    t.deepEqual(withoutLook(second), without(first ?? {}, table), table);
    t.deepEqual([second?.['last_look_time'], second?.['age_seconds']], [time + day, 20]);
    t.is(second?.['blind_spots'], Number(first?.['blind_spots']) + 1, table);
    // A count of 0 is one of questions that all had an answer; evaluate has its own way to tell.
    const verdicts = evaluate(store.db, storedQueries, { now: time + day, names, tables });
    for (const severity of severities.filter((each) => findingColumns.includes(`findings_${each}`))) {
      const own = verdicts.filter(({ query }) => mayBeOf(query, severity) && !query.needsHistory);
      const isOpen = own.some((answer) => [...answer.verdicts.values()].includes('unknown'));
      const found = second?.[`findings_${severity}`] ?? null;
      if (found === 0) t.false(isOpen, `${table} ${severity}`);
      // It looks at whole tables: a question may be answered without one that it names.
      const isNamed = own.some(({ query }) => query.requires.some((required) => required.table === table));
      if (found === null) t.true(isOpen || isNamed, `${table} ${severity}`);
    }
    // As it was known before the second look, and before the first.
    viewAsOf(store, time + 10);
    // Why a column was NULL is known of the last look only: that nobody asked for the preflight, of none before.
    t.is(first?.['findings_medium'], 0);
    t.deepEqual(summaryOf(store.db, time + 10, true), [{ ...first, findings_medium: null }], table);
    viewAsOf(store, time - 1);
    t.deepEqual(summaryOf(store.db, time - 1, true), []);
  }
});

test('a question that cannot concern a Mac leaves no number of its open', async (t) => {
  const [managed] = await collections();
  if (managed === undefined) return t.fail();
  const store = newStore(t, 'off.db');
  add(store, managed);
  // Remote Login is off: how sshd is set does not matter.
  add(store, denied(managed, 'sshd_config', day));
  const [row] = summaryOf(store.db, managed.backend.capturedTime + day + 20, true);
  t.deepEqual([row?.['findings_high'], row?.['findings_low']], [0, 0]);
  // Whether it is off is not known: it may.
  add(
    store,
    denied(
      { ...managed, results: managed.results.filter(({ table }) => table.name !== 'sshd_config') },
      'hosts',
      2 * day,
    ),
  );
  const [dark] = summaryOf(store.db, managed.backend.capturedTime + 2 * day + 20, true);
  t.is(dark?.['findings_high'], null);
});

test('a Mac whose last look was not judged has no number of findings, and a clock that is behind no age', async (t) => {
  const [managed] = await collections();
  if (managed === undefined) return t.fail();
  const store = newStore(t, 'merged.db');
  transact(store, () =>
    storeWriter(store.db, tables).add([snapshotOf(tables, managed, '0.7.0')], 1_790_100_000),
  );
  const [row] = summaryOf(store.db, managed.backend.capturedTime - 5, true);
  t.deepEqual(
    [...findingColumns, 'age_seconds'].map((name) => row?.[name]),
    [...findingColumns, 'age_seconds'].map(() => null),
  );
  t.is(row?.['hostname'], 'mquist-mbp');
});

test('one Mac that does not say which it is has a row; of two nothing says whose a row is', async (t) => {
  const given = (await collections()).slice(0, 2).map((collection) => ({
    ...collection,
    hostId: null,
    results: collection.results.map((result) => ({
      ...result,
      rows: result.rows.map((row) => ({ ...row, host_id: null })),
    })),
  }));
  const [first] = given;
  t.is(first === undefined ? null : summaryOfCollections([first])[0]?.['hostname'], 'mquist-mbp');
  t.deepEqual(summaryOfCollections(given), []);
});
