/**
 * What published attack scripts leave on a Mac, planted whole: the tests of Atomic Red Team that change accounts, and the
 * scripts of bypass-mdm. scripts/coverage_peers.ts says which questions find each; here the program is asked. Constructed: no
 * script was run on a Mac.
 */
import { join } from 'node:path';
import test from 'ava';

import { attacks, bypasses } from '../../scripts/coverage_peers.ts';
import type { Fixture, PlistJson } from '../fixtures/backend.ts';
import { temporaryFolder } from '../standin.ts';
import { appleSilicon, evidenceOf, plain, replacing, supported } from './mac.ts';
import type { Mac, Person } from './mac.ts';
import { storeFixtures } from './program.ts';

/** A managed Mac in order; nobody has the uid 503, which scripts take. */
const before: Mac = {
  ...appleSilicon,
  people: appleSilicon.people.map((person) => (person.uid === 503 ? { ...person, uid: 505 } : person)),
};
const withPeople = (...people: readonly Person[]): Mac => ({
  ...before,
  people: [...before.people, ...people],
});
const changedPerson = (name: string, change: Partial<Person>): Mac => ({
  ...before,
  people: before.people.map((person) => (person.name === name ? { ...person, ...change } : person)),
});
const withoutPerson = (name: string): Mac => ({
  ...before,
  people: before.people.filter((person) => person.name !== name),
});
/** A record that a single `dscl -create` made. */
const bareRecord: Partial<Person> = {
  odd: {
    UserShell: null,
    AuthenticationAuthority: null,
    NFSHomeDirectory: null,
    PrimaryGroupID: null,
    RealName: null,
  },
};

const settings = '/var/db/ConfigurationProfiles/Settings';
/** A Mac that never was enrolled: the account was made in recovery, without a token. */
const bypassed = (uid: number): Mac => ({
  ...before,
  people: [plain('Apple', uid, { isAdmin: true, uuid: 'A0000000-0000-4000-8000-00000000A991' })],
  keys: [],
  filevault: ['FileVault is Off.'],
  root: { ...before.root, FileVault: false },
  enrollment: ['Enrolled via DEP: No', 'MDM enrollment: No'],
  payloads: null,
  bootstrap: supported('NO', null),
  looks: {
    ...before.looks,
    '/var/db/FileVaultPRK.dat': 'missing',
    [`${settings}/.cloudConfigHasActivationRecord`]: 'missing',
    [`${settings}/.cloudConfigRecordFound`]: 'missing',
    [`${settings}/.cloudConfigRecordNotFound`]: 'file 0644 0 0 1789900000',
    [`${settings}/.cloudConfigProfileInstalled`]: 'file 0644 0 0 1789900000',
  },
});

const withFile = (
  fixture: Fixture,
  path: string,
  content: string | { readonly plist: PlistJson },
): Fixture => {
  const { [path]: _missing, ...stat } = fixture.stat ?? {};
  return { ...fixture, stat, files: { ...fixture.files, [path]: content } };
};
const loginWindow = '/Library/Preferences/com.apple.loginwindow.plist';
const rootsLoginWindow = '/private/var/root/Library/Preferences/com.apple.loginwindow.plist';

const keysOf = (home: string): string => `${home}/.ssh/authorized_keys`;
const keyed = keysOf('/Users/devon');
/** The keys of one account, as they were written at a time; no other account has any. */
const withKeys = (fixture: Fixture, people: Mac['people'], time = 1_780_000_000): Fixture => {
  const homes = ['/var/root', ...people.map(({ name, home }) => home ?? `/Users/${name}`)];
  return {
    ...fixture,
    include: ['ssh_keys'],
    files: { ...fixture.files, [keyed]: { file: 'test/corpus/access/authorized_keys-01.txt' } },
    stat: {
      ...fixture.stat,
      ...Object.fromEntries(homes.map((home) => [keysOf(home), 'missing'])),
      [keyed]: `file 0600 ${people.find(({ name }) => name === 'devon')?.uid ?? 0} 641 ${time}`,
    },
  };
};

/** As evidence, with sudoers as macOS ships it. */
const evidence = (mac: Mac, defaults = '', keysWritten?: number): Fixture => {
  const made = withKeys(evidenceOf(mac), mac.people, keysWritten);
  const fixture = {
    ...made,
    stat: { ...made.stat, '/etc/sudoers.d': 'missing', [rootsLoginWindow]: 'missing' },
  };
  return withFile(
    fixture,
    '/etc/sudoers',
    `Defaults env_reset${defaults}\nroot ALL = (ALL) ALL\n%admin ALL = (ALL) ALL\n`,
  );
};

/** What is there after the attack, by its id; several where it can be made in several ways. */
const planted: Readonly<Record<string, readonly (Mac | Fixture)[]>> = {
  'T1136.001 #3': [
    withPeople(plain('AtomicUser', 1010, { odd: { PrimaryGroupID: ['80'], AuthenticationAuthority: null } })),
  ],
  'T1078.003 #2': [withPeople(plain('AtomicUser', 503, { isAdmin: true, shell: '/bin/bash' }))],
  'T1078.003 #3': [withPeople(plain('art-tester', 506, { isAdmin: true }))],
  'T1078.003 #4': [
    {
      ...before,
      edits: {
        ds_users: replacing(
          '<key>dsAttrTypeStandard:GeneratedUID</key>',
          '<key>dsAttrTypeStandard:AuthenticationAuthority</key><array><string>;ShadowHash;HASHLIST:&lt;SALTED-SHA512-PBKDF2&gt;</string></array><key>dsAttrTypeStandard:GeneratedUID</key>',
        ),
      },
    },
  ],
  'T1078.003 #5': [changedPerson('devon', { isAdmin: true })],
  'T1078.001 #3': [withFile(evidence(before), loginWindow, { plist: { GuestEnabled: true } })],
  'T1531 #4': [{ ...before, edits: { ds_account_policy: replacing('1761000504.5', '1789000000.5') } }],
  'T1531 #5': [withoutPerson('casey')],
  'T1531 #6': [withoutPerson('casey')],
  'T1564.002 #1': [changedPerson('devon', { uid: 333, uuid: 'A0000000-0000-4000-8000-0000000001F8' })],
  'T1564.002 #1, a new record': [withPeople(plain('APT', 333, bareRecord))],
  'T1564.002 #2': [changedPerson('devon', { isHidden: true })],
  'T1564.002 #2, a new record': [
    withPeople(plain('APT', 507, { isHidden: true, odd: { ...bareRecord.odd, UniqueID: null } })),
  ],
  'T1098.004 #1': [evidence(before, '', 1_790_080_000)],
  'T1037.002 #1': [
    withFile(evidence(before), rootsLoginWindow, {
      plist: { LoginHook: '/Library/Scripts/AtomicRedTeam.sh' },
    }),
  ],
  'T1548.003 #3': [evidence(before, ',timestamp_timeout=-1')],
  'T1548.003 #5': [evidence(before, '\nDefaults !tty_tickets')],
  'bypass-mdm.sh': [bypassed(501)],
  'bypass-mdm-v2.sh': [bypassed(502)],
};

const fixtureOf = (made: Mac | Fixture): Fixture => ('people' in made ? evidence(made) : made);

const named = [...attacks, ...bypasses].filter((attack) => attack.queries.length > 0);

test('every attack that is said to be found is planted', (t) => {
  t.deepEqual(Object.keys(planted).toSorted(), named.map(({ id }) => id).toSorted());
});

for (const { id, queries } of named) {
  test(`${id} is found by ${queries.join(', ')}`, async (t) => {
    const path = join(temporaryFolder(t), 'attack.db');
    const script = bypasses.some((one) => one.id === id);
    for (const made of planted[id] ?? []) {
      const store = await storeFixtures(path, [...(script ? [] : [evidence(before)]), fixtureOf(made)]);
      for (const query of queries) t.is(store.verdict(query).verdict, 'hit', query);
      store.close();
    }
  });
}

test('a Mac in order that was looked at twice shows none of it', async (t) => {
  const store = await storeFixtures(join(temporaryFolder(t), 'order.db'), [
    evidence(before),
    evidence(before),
  ]);
  for (const query of new Set(named.flatMap((attack) => attack.queries)))
    t.is(store.verdict(query).verdict, 'clean', query);
  store.close();
});
