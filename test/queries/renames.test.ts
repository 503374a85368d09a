/** A rename is a rename for the questions that compare snapshots. The hosts are constructed. */
import { join } from 'node:path';
import test from 'ava';
import { names } from '../../cli/names.ts';
import { queries as library } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { newPath } from '../store/world.ts';
import { addPerson, cleanHost, collectionOf, day, later, now, remove, set, uuidOf } from './constructed.ts';
import type { Host } from './constructed.ts';

const asked = [
  'new_admin_between_snapshots',
  'secure_token_gained',
  'secure_token_lost',
  'uuid_changed',
  'authentication_authority_changed',
  'disabled_tag_appended',
];
const questions = library.filter(({ name }) => asked.includes(name));

/** What the questions find in snapshots, each as its name and its subject. */
const hitsOf = (snapshots: readonly Snapshot[], at: number): string[] => {
  const store = openForWriting(newPath(), tables);
  store.db.pragma('synchronous = OFF');
  const writer = storeWriter(store.db, tables);
  for (const snapshot of snapshots) transact(store, () => writer.add([snapshot], snapshot.collectedTime));
  const found = evaluate(store.db, questions, { now: at, names, tables }).flatMap(
    ({ query, hits, verdicts }) => {
      if ([...verdicts.values()].includes('unknown')) return [`${query.name} unknown`];
      return hits.map(({ subject }) => `${query.name} ${String(subject)}`);
    },
  );
  store.close();
  return found.sort();
};

const looks = (...hosts: readonly Host[]): Snapshot[] =>
  hosts.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery test'));

const start = now - 2 * day;
const renamed = (host: Host, from: string, to: string): void => {
  for (const name of [
    'users',
    'secure_tokens',
    'authentication_authorities',
    'account_policy_data',
    'filevault_users',
  ])
    set(host, name, { username: to }, { username: from });
  set(host, 'apfs_crypto_users', { username: to }, { username: from });
  if (host.tables.get('group_members')?.rows.some(({ member }) => member === from) === true)
    set(host, 'group_members', { member: to }, { member: from });
};

/** Two snapshots of a Mac, a day apart; itadmin and mquist are administrators with a token. */
const pair = (change: (after: Host) => void, prepare: (before: Host) => void = () => {}): string[] => {
  const before = cleanHost('HOST-R', start);
  prepare(before);
  const after = later(before);
  change(after);
  return hitsOf(looks(before, after), now);
};

test('an administrator with a token who gets another name is no new one, and lost nothing', (t) => {
  t.deepEqual(
    pair((host) => renamed(host, 'itadmin', 'helpdesk')),
    [],
  );
  t.deepEqual(
    pair((host) => renamed(host, 'itadmin', 'ITadmin')),
    [],
  );
});

test('nor are two who swap their names', (t) => {
  t.deepEqual(
    pair((host) => {
      renamed(host, 'itadmin', 'between');
      renamed(host, 'mquist', 'itadmin');
      renamed(host, 'between', 'mquist');
    }),
    [],
  );
});

test('what changed together with the name is told', (t) => {
  const loaner = (host: Host): void => addPerson(host, { username: 'loaner', uid: 504 });
  t.deepEqual(
    pair((host) => {
      renamed({ ...host, tables: host.tables }, 'itadmin', 'helpdesk');
      set(host, 'secure_tokens', { secure_token: 0 }, { username: 'helpdesk' });
    }),
    ['secure_token_lost helpdesk'],
  );
  t.deepEqual(
    pair((host) => {
      for (const name of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
        set(host, name, { username: 'helper' }, { username: 'loaner' });
      set(host, 'users', { is_admin: 1 }, { username: 'helper' });
      set(host, 'secure_tokens', { secure_token: 1 }, { username: 'helper' });
    }, loaner),
    ['new_admin_between_snapshots helper', 'secure_token_gained helper'],
  );
});

test('where the GeneratedUID is not known or double, an account is gone and another one is new', (t) => {
  const uuid = uuidOf('HOST-R', 'itadmin');
  const both = [
    'new_admin_between_snapshots helpdesk',
    'secure_token_gained helpdesk',
    'secure_token_lost itadmin',
  ];
  // Another account has it too.
  const twin = (host: Host): void => addPerson(host, { username: 'twin', uid: 505, uuid });
  t.deepEqual(
    pair((host) => renamed(host, 'itadmin', 'helpdesk'), twin),
    both,
  );
  // It is that of two new ones.
  t.deepEqual(
    pair((host) => {
      renamed(host, 'itadmin', 'helpdesk');
      addPerson(host, { username: 'second', uid: 505, uuid, isAdmin: 1, token: 1 });
    }),
    [...both, 'new_admin_between_snapshots second', 'secure_token_gained second'].sort(),
  );
  // One of two is gone: nobody took its name over.
  t.deepEqual(
    pair(
      (host) => remove(host, 'secure_tokens', { username: 'twin' }),
      (host) => addPerson(host, { username: 'twin', uid: 505, uuid, token: 1 }),
    ),
    ['secure_token_lost twin'],
  );
  const other = 'DEADBEEF-0000-4000-8000-000000000001';
  t.deepEqual(
    pair((host) => {
      renamed(host, 'itadmin', 'helpdesk');
      for (const name of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
        set(host, name, { uuid: other }, { username: 'helpdesk' });
    }),
    both,
  );
});

test('an account that was deleted and made anew is still told, also by one that takes its name over', (t) => {
  const other = 'DEADBEEF-0000-4000-8000-000000000001';
  t.true(
    pair((host) => {
      for (const name of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
        set(host, name, { uuid: other }, { username: 'itadmin' });
    }).includes('uuid_changed itadmin'),
  );
  t.true(
    pair((host) => {
      for (const name of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
        remove(host, name, { username: 'itadmin' });
      renamed(host, 'mquist', 'itadmin');
    }).includes('uuid_changed itadmin'),
  );
});

test('the renamed account of corpus/questions F5 is one rename, and nothing is found', async (t) => {
  const folder = join(import.meta.dirname, 'evidence');
  const snapshots = await Promise.all(
    ['F5-renamed-look1', 'F5-renamed-look2'].map(async (name) =>
      snapshotOf(
        tables,
        await collect(
          tables.filter(({ generate }) => generate !== undefined),
          await evidenceBackend(join(folder, `${name}.tar.gz`)),
        ),
        'tokenquery test',
      ),
    ),
  );
  t.deepEqual(hitsOf(snapshots, 1_790_061_300), []);
});
