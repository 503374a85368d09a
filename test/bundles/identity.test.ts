/**
 * An identity of macOS hides nobody: each identity that an account may claim, with each sign that somebody uses it, for each
 * question that leaves the accounts of macOS out. woken/ has three Macs of others; all of them are constructed.
 */
import { join } from 'node:path';
import test from 'ava';
import { appleSilicon, appleUuidOfUid, evidenceOf, plain, uuidOfUid } from './mac.ts';
import type { Mac, Person } from './mac.ts';
import { askBundle, askFixture, runProgram } from './program.ts';
import type { Answers } from './program.ts';
import type { Fixture } from '../fixtures/backend.ts';

type Claim = readonly [what: string, name: string, uid: number, uuid: string];
/** Whole identities: uid and GeneratedUID are those of an account of macOS. */
const whole: readonly Claim[] = [
  ['a service account that macOS does not have', '_spotlightd', 401, appleUuidOfUid(401)],
  ['an account of macOS', 'daemon', 1, appleUuidOfUid(1)],
  ['nobody, whose uid is below 0', 'nobody', -2, 'FFFFEEEE-DDDD-CCCC-BBBB-AAAAFFFFFFFE'],
];
/** Claims that cannot be true. */
const partial: readonly Claim[] = [
  ["Guest's uid alone", 'rook', 201, uuidOfUid(9001)],
  ["Guest's GeneratedUID alone", 'vex', 555, appleUuidOfUid(201)],
  ['the GeneratedUID of another uid', '_sly', 333, appleUuidOfUid(334)],
  ['the form of Apple with the uid of a person', 'sly', 512, appleUuidOfUid(512)],
  ['the GeneratedUID of another account', '_mds', 444, appleUuidOfUid(89)],
];

/** Nobody uses it: no shell, no password, no right. */
const asleep = ([, name, uid, uuid]: Claim): Person =>
  plain(name, uid, {
    uuid,
    shell: '/usr/bin/false',
    home: '/var/empty',
    odd: { AuthenticationAuthority: null },
  });
const shadowHash = ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>';

const hiddenByLoginWindow = (fixture: Fixture, name: string): Fixture => {
  const path = '/Library/Preferences/com.apple.loginwindow.plist';
  const { [path]: _missing, ...stat } = fixture.stat ?? {};
  return { ...fixture, stat, files: { [path]: { plist: { HiddenUsersList: ['other', name] } } } };
};
type Sign = readonly [what: string, change: Partial<Person>, more?: typeof hiddenByLoginWindow];
const signs: readonly Sign[] = [
  ['can log in', { shell: '/bin/zsh' }],
  ['has a password', { odd: { AuthenticationAuthority: [shadowHash] } }],
  [
    'had a password when it was disabled',
    { odd: { AuthenticationAuthority: [`;DisabledUser;${shadowHash}`] } },
  ],
  ['is an administrator', { isAdmin: true }],
  ['is hidden by its record', { isHidden: true }],
  ['holds a token', { apfs: 'owner' }],
  ['is hidden by the login window', {}, hiddenByLoginWindow],
];

const macWith = (...people: readonly Person[]): Mac => ({
  ...appleSilicon,
  people: [...appleSilicon.people, ...people],
});
const subjectsOf = (answers: Answers, question: string): readonly unknown[] =>
  answers.verdict(question).hits.map(({ subject }) => subject);

for (const claim of whole) {
  const [what, name] = claim;
  test(`${what} that sleeps is no finding`, async (t) => {
    const answers = await askFixture(evidenceOf(macWith(asleep(claim))));
    t.is(answers.verdict('system_account_impostor').verdict, 'clean');
    t.deepEqual(
      answers.sql(`SELECT is_system_account, is_awake, account_type FROM users WHERE username = '${name}'`),
      [{ is_system_account: 1, is_awake: 0, account_type: 'service' }],
    );
  });
  for (const [sign, change, more = (fixture: Fixture) => fixture] of signs) {
    test(`${what} that ${sign} is a finding`, async (t) => {
      const mac = macWith({ ...asleep(claim), ...change });
      const answers = await askFixture(more(evidenceOf(mac), name));
      t.like(
        answers.verdict('system_account_impostor').hits.find(({ subject }) => subject === name),
        { kind: 'awake' },
      );
    });
  }
  test(`${what}, of which it is not known whether it is an administrator, is not known`, async (t) => {
    const silent = { ds_groups: { stderr: 'nothing that is known\n', exitCode: '1' } };
    const answers = await askFixture(evidenceOf({ ...macWith(asleep(claim)), answers: silent }));
    t.is(answers.verdict('system_account_impostor').verdict, 'unknown');
  });
}

for (const claim of partial) {
  test(`${claim[0]} is a false identity, whether somebody uses the account or not`, async (t) => {
    for (const person of [asleep(claim), { ...asleep(claim), shell: '/bin/zsh' }]) {
      const answers = await askFixture(evidenceOf(macWith(person)));
      t.true(subjectsOf(answers, 'system_account_impostor').includes(claim[1]));
      t.deepEqual(
        answers.sql(`SELECT has_false_identity, is_system_account FROM users WHERE username = '${claim[1]}'`),
        [{ has_false_identity: 1, is_system_account: 0 }],
      );
    }
  });
}

const user: Partial<Person> = { shell: '/bin/zsh', home: '/Users/shared', odd: {} };
const holds: Partial<Person> = { ...user, apfs: 'owner', hasTag: true, sysadminctl: 'ENABLED' };
const withoutTokens = appleSilicon.people.map(({ name, uid, isAdmin = false }) =>
  plain(name, uid, { isAdmin }),
);

for (const claim of [...whole, ...partial]) {
  const [what, name] = claim;
  const asked = (change: Partial<Person>): Promise<Answers> =>
    askFixture(evidenceOf(macWith({ ...asleep(claim), ...change })));
  test(`${what} is left out by no question`, async (t) => {
    const hidden = await asked({ ...holds, isAdmin: true, isHidden: true, isInFilevault: true });
    t.true(subjectsOf(hidden, 'hidden_admin').includes(name));
    const ways = hidden.verdict('lockout_ways').hits.filter(({ subject }) => subject === name);
    t.deepEqual(
      ways.map(({ capability, counts }) => [capability, counts]),
      [
        ['authority', 1],
        ['unlock', 1],
      ],
    );
    const standard = await asked(holds);
    for (const question of ['token_holder_not_admin', 'removed_from_filevault_keeps_token'])
      t.true(subjectsOf(standard, question).includes(name), question);
    const open = await asked({ ...user, odd: { AuthenticationAuthority: null } });
    t.true(subjectsOf(open, 'account_without_password').includes(name));
    const admin = await asked({ ...user, isAdmin: true });
    t.true(subjectsOf(admin, 'admin_without_token').includes(name));
    const only = await askFixture(
      evidenceOf({ ...macWith(), people: [...withoutTokens, { ...asleep(claim), ...holds }] }),
    );
    t.is(only.verdict('no_secure_token_user').verdict, 'clean');
  });
}

test("an account with Guest's GeneratedUID is an account wherever it is listed", async (t) => {
  const [, vex] = partial;
  if (vex === undefined) throw new Error('no such claim');
  const person = { ...asleep(vex), ...holds, isInFilevault: true };
  const answers = await askFixture(evidenceOf(macWith(person)));
  for (const [table, column] of [
    ['apfs_crypto_users', 'crypto_user_uuid'],
    ['filevault_users', 'uuid'],
  ] as const) {
    t.deepEqual(
      answers.sql(`SELECT resolution FROM ${table} WHERE ${column} = '${appleUuidOfUid(201)}'`),
      [{ resolution: 'local_user' }],
      table,
    );
  }
});

for (const [bundle, name] of [
  ['F1-apple-guid', '_spotlightd'],
  ['F1-nobody-woken', 'nobody'],
  ['F1-daemon-woken', 'daemon'],
] as const) {
  const path = join(import.meta.dirname, 'woken', `${bundle}.tar.gz`);
  test(`${bundle}: the account is found, and overview shows it`, async (t) => {
    t.true(subjectsOf(await askBundle(path), 'system_account_impostor').includes(name));
    const { stdout } = await runProgram(['overview', '--source', path]);
    t.regex(stdout, new RegExp(`\\n\\| ${name} +\\|`));
    t.regex(stdout, new RegExp(`high +${name}: .*system_account_impostor`));
  });
}
