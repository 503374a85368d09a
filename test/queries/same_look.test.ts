/**
 * A database and the evidence of its last look give the same verdicts: whatever fails in that look, and whatever was known
 * before. Each command, file and path of each sample host fails in a second look, sixty days after a whole one.
 */
import { copyFileSync, rmSync } from 'node:fs';
import test from 'ava';
import { judgedWorld } from '../../cli/findings.ts';
import { names } from '../../cli/names.ts';
import type { Backend, Output } from '../../collector/backends/backend.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery } from '../../queries/query.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Db } from '../../store/database.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { shareOf } from '../property.ts';
import { sample, temporaryFolder } from '../standin.ts';

const first = 1_790_000_000;
const day = 86_400;
const later = first + 60 * day;
const collected = tables.filter(({ generate }) => generate !== undefined);

const failed: Output = {
  ...{ outcome: 'exited', exitCode: 15, signal: null, startedTime: null, durationMs: null, isSpawned: true },
  stdout: new Uint8Array(),
  stderr: new TextEncoder().encode('Operation failed with error: eServerError\n'),
};

/** A backend that notes what it is asked, and of which one thing fails. */
const failing = (backend: Backend, time: number, what: string | null, asked: Set<string>): Backend => ({
  ...backend,
  capturedTime: time,
  run: async (source, argv) => {
    asked.add(`command ${source}`);
    return what === `command ${source}` ? failed : backend.run(source, argv);
  },
  readFile: async (path) => {
    asked.add(`file ${path}`);
    return what === `file ${path}` ? { kind: 'denied' } : backend.readFile(path);
  },
  stat: async (path) => {
    asked.add(`path ${path}`);
    return what === `path ${path}` ? { kind: 'denied' } : backend.stat(path);
  },
});

/** The Mac of a host that says who it is, whatever fails. */
const look = async (name: string, time: number, what: string | null, asked = new Set<string>()) => {
  const backend = await evidenceBackend(sample(name));
  return collect(collected, failing(backend, time, what, asked));
};

const stateless = queries.filter(({ needsHistory, isOfFleet }) => !needsHistory && !isOfFleet);

const told = (db: Db, asked: typeof queries, now: number): ReadonlyMap<string, string> =>
  new Map(
    evaluate(db, asked, { now, names, tables }).map(({ query, verdicts, hits }) => [
      query.name,
      `${[...verdicts.values()].join()} ${hits.map(({ subject }) => subject).join()}`,
    ]),
  );

const bySource = (collection: Collection): ReadonlyMap<string, string> => {
  const { db } = judgedWorld([collection]);
  const answers = told(db, stateless, later);
  db.close();
  return answers;
};

const byStore = (
  path: string,
  looks: readonly (readonly [Collection, number])[],
  asked = stateless,
): ReadonlyMap<string, string> => {
  const store = openForWriting(path, tables);
  for (const [collection, time] of looks)
    transact(store, () => storeWriter(store.db, tables).add([snapshotOf(tables, collection, '0.4.0')], time));
  const answers = told(store.db, asked, later);
  store.close();
  return answers;
};

const macs = ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged', 'macos14-not-root'];
for (const [turn, name] of macs.entries()) {
  test(`${name}: whatever fails in the last look, a database answers as the look itself`, async (t) => {
    const folder = temporaryFolder(t);
    const asked = new Set<string>();
    const whole = await look(name, first, null, asked);
    // Who a Mac is says ioreg: without it nothing is stored.
    const sources = [...asked].filter((what) => what !== 'command ioreg_platform');
    t.true(sources.length > 30);
    const base = `${folder}/whole.db`;
    byStore(base, [[whole, first]], []);
    for (const [index, what] of shareOf(sources, 2, turn).entries()) {
      const last = await look(name, later, what);
      const now = bySource(last);
      const path = `${folder}/${index}.db`;
      copyFileSync(base, path);
      const stored = byStore(path, [[last, later]]);
      rmSync(path);
      t.deepEqual(stored, now, what);
    }
  });
}

test('a Mac seen with root once and without it since is what the looks without it tell', async (t) => {
  const folder = temporaryFolder(t);
  const [root, user] = await Promise.all([
    look('macos26-managed', first, null),
    look('macos26-managed', later, 'command fdesetup_list_extended'),
  ]);
  const night = await look('macos26-managed', later + day, 'command fdesetup_list_extended');
  const stored = byStore(`${folder}/nights.db`, [
    [root, first],
    [user, later],
    [night, later + day],
  ]);
  t.deepEqual(stored, bySource(night));
});

test('a header may allow facts of an age', async (t) => {
  const folder = temporaryFolder(t);
  const own = (maxAge: string) =>
    parseQuery(
      `-- name: own\n-- title: FileVault is off\n-- severity: low\n-- purpose: A test.\n${maxAge}-- requires: filevault_status.filevault_enabled\n` +
        "SELECT f.host_id, 'host' AS subject FROM filevault_status f WHERE f.filevault_enabled = 0",
      'own.sql',
    );
  const looks = [
    [await look('macos26-managed', later - 20 * day, null), later - 20 * day],
    [await look('macos26-managed', later, 'command fdesetup_status'), later],
  ] as const;
  const verdict = (maxAge: string, file: string) =>
    byStore(`${folder}/${file}`, looks, [own(maxAge)]).get('own');
  t.is(verdict('', 'none.db'), 'unknown ');
  t.is(verdict('-- max-age: 19d\n', 'short.db'), 'unknown ');
  t.is(verdict('-- max-age: 20d\n', 'long.db'), 'clean ');
  t.is(verdict('-- max-age: 3w\n', 'weeks.db'), 'clean ');
  t.throws(() => own('-- max-age: 20 days\n'), { message: /own\.sql:5: max-age is a whole number/ });
});

test('column_status tells when each column was last seen', async (t) => {
  const path = `${temporaryFolder(t)}/ages.db`;
  byStore(path, [
    [await look('macos26-managed', first, null), first],
    [await look('macos26-managed', later, 'command fdesetup_status'), later],
  ]);
  const store = openForWriting(path, tables);
  const age = store.db
    .prepare('SELECT last_good_time FROM column_status WHERE table_name = ? AND column_name = ?')
    .pluck();
  t.is(age.get('filevault_status', 'filevault_enabled'), first);
  t.is(age.get('filevault_status', 'fdesetup_version'), later);
  t.is(age.get('users', 'username'), later);
  t.is(age.get('hosts', 'serial_number'), null);
  store.close();
});
