import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { names } from '../../cli/names.ts';
import { HostJudge, storedQueries } from '../../queries/findings.ts';
import { judgeTurns } from '../../queries/judging.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { storeFindings } from '../../store/findings.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import {
  add,
  authority,
  cleanHost,
  collectionOf,
  day,
  deny,
  later,
  now,
  remove,
  set,
  uuidOf,
} from './constructed.ts';
import type { Host } from './constructed.ts';
import { fleetOf } from './fleet.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-queries-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Stores a snapshot and what is found on the host by then, as the command snapshot does. */
const take = (store: Store, host: Host): void => {
  const judge = new HostJudge(store.db, tables);
  transact(store, () => {
    storeWriter(store.db, tables).add([snapshotOf(tables, collectionOf(host), 'tokenquery test')], host.time);
    judgeTurns(store.db, judge, [{ hostId: host.hostId, time: host.time, isLast: false }]);
  });
  judge.end();
};

const rows = (db: Store['db'], sql: string): unknown[] => db.prepare(sql).raw(true).all({ now });
const verdicts = (db: Store['db']) =>
  evaluate(db, queries, { now, names, tables }).map(({ query, verdicts: all }) => [
    query.name,
    [...all].toSorted(),
  ]);

test('every question gives on the store the rows that it gives on plain tables, and the same verdicts', (t) => {
  const fleet = fleetOf(1_000);
  const plain = sqliteOf(relationsOf(fleet));
  const store = openForWriting(join(folder, 'fleet.db'), tables);
  transact(store, () => {
    for (const own of Map.groupBy(fleet, ({ hostId }) => hostId).values()) {
      storeWriter(store.db, tables).add(
        own.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery test')),
        // After the last of them: none is dated ahead.
        now + 90 * day,
      );
    }
  });
  for (const { name, sql } of queries) t.deepEqual(rows(store.db, sql), rows(plain, sql), name);
  // Plain tables keep the rows of an older look where the last one was denied; a store knows better.
  const odd = new Set(
    [...Map.groupBy(fleet, ({ hostId }) => hostId)].flatMap(([hostId, own]) =>
      own.length > 1 && [...(own.at(-1)?.tables.values() ?? [])].some(({ status }) => status === 'denied')
        ? [hostId]
        : [],
    ),
  );
  const told = (db: Store['db']) =>
    verdicts(db).map(([name, all]) => [
      name,
      (all as [string, string][]).filter(([hostId]) => !odd.has(hostId)),
    ]);
  t.deepEqual(told(store.db), told(plain));
  store.close();
});

test('a host whose last look saw less is told among many as it is told alone', (t) => {
  const saysLess = ['users', 'secure_tokens', 'filevault_status', 'apfs_crypto_users', 'hosts'].map(
    (table) => {
      const first = cleanHost(`LESS-${table}`, now - 2 * day);
      const second = later(first);
      deny(second, table);
      return [first, second];
    },
  );
  const others = Array.from({ length: 110 }, (_, index) => [cleanHost(`WHOLE-${index}`, now - day)]);
  const stored = (name: string, fleet: readonly Host[][]): Store => {
    const store = openForWriting(join(folder, name), tables);
    transact(store, () => {
      for (const own of fleet)
        storeWriter(store.db, tables).add(
          own.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery test')),
          now,
        );
    });
    return store;
  };
  const asked = queries.filter(({ isOfFleet, leastHosts }) => !isOfFleet && leastHosts === 0);
  const toldOf = (store: Store, hostId: string): unknown[] =>
    evaluate(store.db, asked, { now, names, tables }).map(({ query, hits, blindSpots, verdicts: own }) => [
      query.name,
      own.get(hostId),
      blindSpots.get(hostId),
      hits.filter((hit) => hit.hostId === hostId),
    ]);
  const many = stored('many.db', [...saysLess, ...others]);
  for (const own of [...saysLess, ...others.slice(0, 1)]) {
    const hostId = own[0]?.hostId ?? '';
    const alone = stored(`${hostId}.db`, [own]);
    t.deepEqual(toldOf(many, hostId), toldOf(alone, hostId), hostId);
    alone.close();
  }
  many.close();
});

const lives = (store: Store): unknown[][] =>
  store.db
    .prepare(
      'SELECT query_name, subject, first_seen_time, valid_from_time, valid_until_time FROM findings_history ORDER BY query_name, subject, valid_from_time',
    )
    .raw(true)
    .all() as unknown[][];

test('a finding has a life: seen, changed, not judged, gone, back', (t) => {
  const store = openForWriting(join(folder, 'life.db'), tables);
  const start = now - 40 * day;
  const clean = cleanHost('HOST-A', start);
  take(store, clean);
  t.deepEqual(lives(store), []);

  const off = later(clean);
  set(off, 'filevault_status', {
    filevault_enabled: 0,
    status: 'off',
    has_personal_recovery_key: null,
    has_institutional_recovery_key: null,
  });
  take(store, off);
  const [first] = store.db
    .prepare(
      "SELECT query_name, severity, host_id, subject, details, first_seen_time FROM findings WHERE query_name = 'filevault_off'",
    )
    .all() as Record<string, unknown>[];
  t.deepEqual(first, {
    query_name: 'filevault_off',
    severity: 'high',
    host_id: 'HOST-A',
    subject: 'host',
    details: '[{"filevault_enabled":0,"status":"off"}]',
    first_seen_time: start + day,
  });
  const other = later(off);
  set(other, 'filevault_status', { status: 'restart_needed' });
  take(store, other);
  const dark = later(other);
  deny(dark, 'filevault_status');
  take(store, dark);
  const clear = later(clean, 4 * day);
  take(store, clear);
  const again = later(off, 4 * day);
  take(store, again);
  const only = (name: string): unknown[][] =>
    lives(store)
      .filter(([query]) => query === name)
      .map((row) => row.slice(2));
  t.deepEqual(only('filevault_off'), [
    [start + day, start + day, start + 2 * day],
    // Its facts changed: the same finding. On the dark day nobody could tell.
    [start + day, start + 2 * day, start + 4 * day],
    [start + 5 * day, start + 5 * day, null],
  ]);
  // What one look did not see is no finding.
  t.false(lives(store).some(([query]) => query === 'table_not_seen'));
  // Looked at later than it was taken: nothing of the past is written anew.
  take(store, later(off, 3 * day + 60));
  t.is(only('filevault_off').length, 3);
  store.close();

  const reader = openForReading(join(folder, 'life.db'), tables);
  viewAsOf(reader, start + 2 * day);
  t.deepEqual(
    reader.db
      .prepare("SELECT subject, details FROM findings WHERE query_name = 'filevault_off'")
      .raw(true)
      .all(),
    [['host', '[{"filevault_enabled":0,"status":"restart_needed"}]']],
  );
  reader.close();
});

test('a finding whose question cannot be judged stays as it was', (t) => {
  const store = openForWriting(join(folder, 'unjudged.db'), tables);
  const first = cleanHost('HOST-A', now - 9 * day);
  set(first, 'filevault_status', { has_personal_recovery_key: 0 });
  remove(first, 'apfs_crypto_users', { type: 'PersonalRecovery' });
  take(store, first);
  const life = (): unknown[][] =>
    lives(store)
      .filter(([name]) => name === 'filevault_without_recovery_key')
      .map((row) => row.slice(3));
  t.deepEqual(life(), [[now - 9 * day, null]]);
  // Without the crypto users it can no longer be proven that there is no key.
  const dark = later(first);
  deny(dark, 'apfs_crypto_users');
  take(store, dark);
  t.deepEqual(life(), [[now - 9 * day, null]]);
  take(store, cleanHost('HOST-A', now - 7 * day));
  t.deepEqual(life(), [[now - 9 * day, now - 7 * day]]);
  store.close();
});

test('a finding keeps when it was first seen through an unknown day and another severity; a question that is gone ends it', (t) => {
  const store = openForWriting(join(folder, 'severity.db'), tables);
  take(store, cleanHost('HOST-A', now - 9 * day));
  const found = (severity: string, query_name = 'own_question') => ({
    query_name,
    severity,
    host_id: 'HOST-A',
    subject: 'host',
    details: '[{}]',
    exception: null,
  });
  const keep = (at: number, given: ReturnType<typeof found>[], unevaluated: string[] = []): void =>
    storeFindings(
      store.db,
      'HOST-A',
      {
        rows: given,
        verdicts: new Map([['own_question', given.length > 0 ? 'hit' : 'unknown']]),
        unevaluated: new Set(unevaluated),
      },
      now - at * day,
    );
  keep(8, [found('medium')]);
  keep(7, [], ['own_question']);
  keep(6, [found('high')]);
  keep(5, [found('high', 'renamed_question')]);
  t.deepEqual(
    store.db
      .prepare(
        'SELECT query_name, severity, first_seen_time, valid_from_time, valid_until_time FROM findings_history ORDER BY 4',
      )
      .raw(true)
      .all(),
    [
      ['own_question', 'medium', now - 8 * day, now - 8 * day, now - 6 * day],
      ['own_question', 'high', now - 8 * day, now - 6 * day, now - 5 * day],
      ['renamed_question', 'high', now - 5 * day, now - 5 * day, null],
    ],
  );
  store.close();
});

test('detection questions find the change of the snapshot that they come with', (t) => {
  const store = openForWriting(join(folder, 'detect.db'), tables);
  const first = cleanHost('HOST-A', now - 2 * day);
  take(store, first);
  take(store, cleanHost('HOST-B', now - 2 * day));
  const second = later(first);
  set(second, 'secure_tokens', { secure_token: 0 }, { username: 'itadmin' });
  add(second, 'authentication_authorities', {
    username: 'mquist',
    uid: 501,
    uuid: uuidOf('HOST-A', 'mquist'),
    ordinal: 4,
    ...authority(';DisabledUser;'),
  });
  take(store, second);
  const found = store.db
    .prepare('SELECT host_id, query_name, subject FROM findings ORDER BY 1, 2, 3')
    .raw(true)
    .all();
  t.deepEqual(found, [
    ['HOST-A', 'admin_without_token', 'itadmin'],
    ['HOST-A', 'authentication_authority_changed', 'mquist'],
    ['HOST-A', 'disabled_account_can_unlock', 'mquist'],
    ['HOST-A', 'secure_token_lost', 'itadmin'],
  ]);
  // Ten days on the change is no news any more, and what still holds is the same finding.
  take(store, later(second, 10 * day));
  t.deepEqual(
    store.db.prepare('SELECT query_name, first_seen_time FROM findings ORDER BY 1').raw(true).all(),
    [
      ['admin_without_token', now - day],
      ['disabled_account_can_unlock', now - day],
    ],
  );
  store.close();
});

const withStore = <T>(path: string, work: (store: Store) => T): T => {
  const store = openForWriting(path, tables);
  const result = work(store);
  store.close();
  return result;
};

test('a snapshot in which nothing changed adds no finding, and the file hardly grows', (t) => {
  const path = join(folder, 'same.db');
  let host = cleanHost('HOST-A', now - 30 * day);
  set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' });
  remove(host, 'authentication_authorities', { username: 'itadmin' });
  const before = withStore(path, (store) => {
    take(store, host);
    return lives(store);
  });
  t.deepEqual(
    before.map(([name]) => name),
    ['account_without_password', 'filevault_off'],
  );
  const size = statSync(path).size;
  const after = withStore(path, (store) => {
    for (let more = 0; more < 20; more += 1) {
      host = later(host);
      take(store, host);
    }
    return lives(store);
  });
  t.deepEqual(after, before);
  t.true(statSync(path).size - size < 20 * 2_048, `${statSync(path).size - size} bytes`);
});

test('a stored question never tells how long ago something was: its facts would change every day', (t) => {
  const first = cleanHost('HOST-A', now - 3 * day);
  set(
    first,
    'account_policy_data',
    { last_login_time: now - 300 * day, password_last_set_time: now - 500 * day },
    { username: 'itadmin' },
  );
  const facts = (at: number) => {
    const db = sqliteOf(relationsOf([first, later(first)]));
    const found = evaluate(db, storedQueries, { now: at, names, tables }).flatMap(({ query, hits }) =>
      hits.map((hit) => [query.name, hit]),
    );
    db.close();
    return found;
  };
  t.true(facts(now).length >= 2);
  t.deepEqual(facts(now), facts(now + day));
});
