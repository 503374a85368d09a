/** Hosts of a store that are asked one at a time: each is told as it is told among all. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { names } from '../../cli/names.ts';
import type { Backend } from '../../collector/backends/backend.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { storedQueries } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import { ShownHosts } from '../../store/shown_hosts.ts';
import type { Seeing } from '../../store/seen.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { sample, temporaryFolder } from '../standin.ts';
import {
  addPerson,
  cleanHost,
  collectable,
  collectionOf,
  day,
  deny,
  later,
  now,
  set,
} from './constructed.ts';
import type { Host } from './constructed.ts';
import { fleetOf } from './fleet.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const storedOf = (path: string, collections: readonly Collection[]): Store => {
  const store = openForWriting(path, tables);
  const snapshots = collections.map((collection) => snapshotOf(tables, collection, 'tokenquery test'));
  transact(store, () => {
    const writer = storeWriter(store.db, tables);
    for (const own of Map.groupBy(snapshots, ({ hostId }) => hostId).values())
      writer.add(own, now + 90 * day);
  });
  return store;
};

const stored = (path: string, fleet: readonly Host[]): Store => storedOf(path, fleet.map(collectionOf));

type Told = ReadonlyMap<string, unknown>;

/** What each question tells of each host, by both names. */
const toldOf = (db: Store['db'], asked: typeof queries, seeing?: Seeing): Told =>
  new Map(
    evaluate(db, asked, { now, names, tables, ...(seeing === undefined ? {} : { seeing }) }).flatMap(
      ({ query, verdicts, hits, blindSpots }) =>
        [...verdicts].map(([hostId, verdict]): [string, unknown] => [
          `${query.name} ${hostId}`,
          { verdict, spots: blindSpots.get(hostId), hits: hits.filter((hit) => hit.hostId === hostId) },
        ]),
    ),
  );

/** What was seen once and would fire, and was not wholly looked at the last time. */
const seenLess = (): Host[] =>
  (['denied', 'partial'] as const).flatMap((status) =>
    ['filevault_status', 'users', 'secure_tokens', 'filevault_users', 'hosts'].flatMap((table, index) => {
      const first = cleanHost(`00000000-0000-4000-9000-${status.length}0000000000${index}`, now - 2 * day);
      set(first, 'filevault_status', { filevault_enabled: 0, status: 'off' });
      set(first, 'users', { is_hidden: 1, is_admin: 1 }, { username: 'mquist' });
      const second = later(first);
      const state = second.tables.get(table);
      if (status === 'denied') deny(second, table);
      else if (state !== undefined)
        Object.assign(state, {
          status,
          reason: 'a part could not be looked at',
          columnsAffected: ['is_hidden', 'filevault_enabled', 'secure_token', 'is_virtual_machine'],
          rows: state.rows.slice(1),
          mayRowsBeMissing: true,
        });
      return [first, second];
    }),
  );

/** Asks each host of a store by itself, and among all. */
const compare = (t: ExecutionContext, store: Store): void => {
  const all = toldOf(store.db, storedQueries);
  const hosts = store.db.prepare('SELECT host_id FROM _host ORDER BY 1').pluck().all() as string[];
  const one = new ShownHosts(store.db, tables);
  const alone = new Map<string, unknown>();
  // Back and forth: what one host leaves behind would show at the next.
  for (const hostId of [...hosts, ...hosts.toReversed()]) {
    one.show(new Map([[hostId, null]]));
    for (const [key, told] of toldOf(store.db, storedQueries, one)) {
      if (alone.has(key)) t.deepEqual(told, alone.get(key));
      alone.set(key, told);
    }
  }
  t.is(alone.size, all.size);
  for (const [key, told] of all) t.deepEqual(alone.get(key), told, key);
  one.end();
  t.deepEqual(toldOf(store.db, storedQueries), all, 'the names mean every host again');
  store.close();
};

/** Of a Mac of which one command fails, some columns are told and not certain. */
const failing = (backend: Backend, failed: string): Backend => ({
  ...backend,
  run: async (source, argv) => (source === failed ? null : backend.run(source, argv)),
});

test('each sample host, some of their sources failed, is told alone as it is told among all', async (t) => {
  const failed = ['none', 'ds_groups', 'diskutil_apfs_list_users', 'fdesetup_list_extended', 'sysctl'];
  const collections: Collection[] = [];
  for (const [index, what] of failed.entries())
    for (const name of ['macos26-managed', 'macos10.15-mobile', 'macos14-not-root']) {
      const backend = failing(await evidenceBackend(sample(name)), what);
      const collection = await collect(collectable, backend);
      // One Mac for each of them.
      const hostId = collection.hostId?.replace(/^../, `${index}${index}`) ?? null;
      collections.push({ ...collection, hostId, backend: { ...backend, hostId } });
    }
  compare(t, storedOf(join(temporaryFolder(t), 'samples.db'), collections));
});

test('each host of a planted fleet, some of them partly seen, is told alone as it is told among all', (t) => {
  compare(t, stored(join(temporaryFolder(t), 'fleet.db'), [...fleetOf(120), ...seenLess()]));
});

test('a host of a thousand accounts among others is told as plain tables tell it', (t) => {
  const path = join(temporaryFolder(t), 'large.db');
  const large = cleanHost('00000000-0000-4000-8000-00000000AAAA');
  for (let index = 0; index < 1000; index += 1)
    addPerson(large, { username: `user${index}`, uid: 1000 + index, token: index % 7 === 0 ? 1 : 0 });
  const blind = later(cleanHost('00000000-0000-4000-8000-00000000BBBB', now - day));
  deny(blind, 'filevault_users');
  const off = cleanHost('00000000-0000-4000-8000-00000000CCCC');
  set(off, 'filevault_status', { filevault_enabled: 0, status: 'off' });
  const fleet = [large, blind, off];
  stored(path, fleet).close();
  const store = openForReading(path, tables);
  store.db.pragma('query_only = ON');
  const asked = queries.filter(({ needsHistory }) => !needsHistory);
  const plain = toldOf(sqliteOf(relationsOf(fleet)), asked);
  t.is(plain.size, asked.length * fleet.length);
  t.deepEqual(toldOf(store.db, asked), plain);
  t.is(store.db.pragma('query_only', { simple: true }), 1);
  store.close();
});
