/** Hosts of a store that are judged together: each is judged as it is alone, at the moment at which it was observed. */
import { join } from 'node:path';
import test from 'ava';
import { blindSpotStatements, exemptStatement, spotStatements } from '../../queries/blind_spots.ts';
import { facts, factNames } from '../../queries/context.ts';
import { HostJudge, storedQueries, tablesOf } from '../../queries/findings.ts';
import type { EvaluatedHost } from '../../store/findings.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { analystName, touchedTables } from '../../store/guard.ts';
import { atShownMoments } from '../../store/shown_hosts.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { addPerson, cleanHost, collectionOf, day, deny, later, now, set } from './constructed.ts';
import type { Host } from './constructed.ts';
import { fleetOf } from './fleet.ts';

const stored = (path: string, fleet: readonly Host[]): Store => {
  const store = openForWriting(path, tables);
  const snapshots = fleet.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery test'));
  transact(store, () => {
    const writer = storeWriter(store.db, tables);
    for (const own of Map.groupBy(snapshots, ({ hostId }) => hostId).values())
      writer.add(own, now + 90 * day);
  });
  return store;
};

const idOf = (number: number): string => `00000000-0000-4000-9100-${String(number).padStart(12, '0')}`;

/** Macs that were looked at twice, and of which something became otherwise or was not seen then; and a Mac at home. */
const changed = (): readonly Host[] => {
  const changes: readonly ((host: Host) => void)[] = [
    (host) => set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' }),
    (host) => set(host, 'secure_tokens', { secure_token: 0 }, { username: 'mquist' }),
    (host) => addPerson(host, { username: 'newcomer', uid: 777, token: 1 }),
    (host) => set(host, 'mdm_enrollments', { is_enrolled: 0, dep_record_cached: 0 }),
    (host) => set(host, 'users', { is_admin: 1 }, { username: 'mquist' }),
    (host) => deny(host, 'users'),
    (host) => deny(host, 'filevault_status'),
  ];
  return changes.flatMap((change, index) => {
    const first = cleanHost(idOf(index), now - 2 * day);
    const second = later(first);
    change(second);
    return [first, second];
  });
};

const atHome = (): Host => {
  const host = cleanHost(idOf(99));
  set(host, 'account_policy_data', { password_last_set_time: now - 400 * day });
  set(host, 'mdm_enrollments', { is_enrolled: 0, dep_record_cached: 0, is_user_approved: null });
  set(host, 'enrollment_markers', { file_exists: 0 });
  set(host, 'bootstrap_tokens', { crypto_user_present: 0, escrowed_to_server: 0, state: 'not_enrolled' });
  set(host, 'filevault_status', { prk_escrow_blob_present: 0 });
  set(host, 'filevault_policies', { escrow_payload_present: 0 });
  return host;
};

type Judged = ReadonlyMap<string, EvaluatedHost>;

test('each host is judged among others as it is alone, whatever the moments of the others are', (t) => {
  const store = stored(join(temporaryFolder(t), 'fleet.db'), [...fleetOf(40), ...changed()]);
  const hosts = store.db.prepare('SELECT host_id FROM _host ORDER BY 1').pluck().all() as string[];
  // Some of these are so late that what changed is past, or that passwords and looks are old.
  const moments = new Map(hosts.map((host, index) => [host, now + [0, 6, 9, 100, 400][index % 5]! * day]));
  const judge = new HostJudge(store.db, tables);
  const together = judge.findingsOf(moments);
  const alone: Judged = new Map(
    [...moments].flatMap(([host, moment]) => [...judge.findingsOf(new Map([[host, moment]]))]),
  );
  const atOne = judge.findingsOf(new Map(hosts.map((host) => [host, now])));
  judge.end();
  store.close();
  t.deepEqual([...together.keys()], hosts);
  for (const host of hosts) t.deepEqual(together.get(host), alone.get(host), host);
  const differing = hosts.filter(
    (host) => JSON.stringify(atOne.get(host)?.rows) !== JSON.stringify(together.get(host)?.rows),
  );
  t.true(differing.length > 10, 'moments decide');
});

test('a Mac at home is one also beside Macs that were managed later', (t) => {
  const [home, managed] = [atHome(), cleanHost(idOf(1), now + 3 * day)];
  const store = stored(join(temporaryFolder(t), 'home.db'), [home, managed]);
  const judge = new HostJudge(store.db, tables);
  const severityAmong = (moments: ReadonlyMap<string, number>): string | undefined =>
    judge
      .findingsOf(moments)
      .get(home.hostId)
      ?.rows.find((row) => row.query_name === 'old_password')?.severity;
  const observed = new Map([[managed.hostId, managed.time]]);
  // A personal Mac has no policy that asks for a new password: that is no finding.
  t.is(severityAmong(new Map([[home.hostId, home.time]])), undefined);
  t.is(severityAmong(new Map([...observed, [home.hostId, home.time]])), undefined);
  t.is(severityAmong(new Map([...observed, [home.hostId, managed.time]])), 'low');
  judge.end();
  store.close();
});

test('a judge fills every table that a statement of its questions reads', (t) => {
  const db = openEmptyStore(tables);
  const filled = tablesOf(storedQueries);
  const named = new Set(tables.map(({ name }) => name));
  const statements = [
    ...storedQueries.flatMap((query) => [
      query.sql,
      ...blindSpotStatements(query),
      ...spotStatements(query).flatMap(({ butFor }) => butFor ?? []),
      exemptStatement(query) ?? 'SELECT 1',
    ]),
    ...factNames.map((name) => facts[name].sql),
  ];
  for (const sql of statements)
    for (const name of touchedTables(db, sql)) {
      const own = analystName(name);
      t.true(filled.has(own) || !named.has(own), `${own} in ${sql}`);
    }
  t.true(filled.size < named.size, 'what nobody asks is not filled');
  db.close();
});

test('a moment of its own stands for each :now, by the relation that is compared with it', (t) => {
  const ownOf = (host: string): string =>
    `(SELECT _shown.now FROM temp._shown WHERE _shown.id = ${host} COLLATE BINARY)`;
  t.is(atShownMoments('a.time > :now - 5'), `a.time > ${ownOf('a.host_id')} - 5`);
  t.is(
    atShownMoments('COALESCE(t.time, looks.first) < :now\nAND time <= :now'),
    `COALESCE(t.time, looks.first) < ${ownOf('looks.host_id')}\nAND time <= ${ownOf('host_id')}`,
  );
  t.is(atShownMoments("SELECT 'a :nowhere'"), "SELECT 'a :nowhere'");
});
