/** The documented hosts where sources disagree (test/corpus/cases/disagreements.json is the acceptance list). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { collect } from '../collector/collect.ts';
import { evidenceBackend } from '../collector/backends/evidence.ts';
import type { Backend } from '../collector/backends/backend.ts';
import { sourceOf } from '../collector/sources.ts';
import type { DsGroup } from '../collector/parsers/ds_groups.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';
import { unread as notUnderstood } from '../collector/setting.ts';
import type { Setting } from '../collector/setting.ts';
import type { Context } from '../collector/table.ts';
import { canLogin } from '../collector/accounts.ts';
import { accountTypeOf, adminDecider, localAccounts, memberships } from '../tables/shared/accounts.ts';
import { bootstrapStateOf } from '../tables/bootstrap_tokens.ts';
import { resolutionOf, volumeOwnerOf } from '../tables/shared/crypto_users.ts';
import type { CryptoListing } from '../tables/shared/crypto_users.ts';
import type { Observation, TokenSource } from '../tables/shared/observations.ts';
import { verdictOf } from '../tables/shared/token_rules.ts';
import type { TokenVerdict, UserFacts } from '../tables/shared/token_rules.ts';
import secureTokens from '../tables/secure_tokens.ts';
import { tables } from '../tables/index.ts';
import { root, sample } from './standin.ts';

const user = (over: Partial<DsUser> = {}): DsUser => ({
  recordName: 'alice',
  aliases: [],
  uid: 501,
  gid: 20,
  realName: 'Alice A.',
  uuid: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
  home: '/Users/alice',
  shell: '/bin/zsh',
  isHidden: false,
  authenticationAuthority: [],
  originalNodeName: null,
  altSecurityIdentities: [],
  copyTimestamp: null,
  smbPasswordLastSet: null,
  unread: new Set(),
  differing: new Set(),
  ...over,
});

const observe = (values: Partial<Record<TokenSource, 0 | 1 | null>>): Observation[] =>
  Object.entries(values).map(([source, value]) => ({
    username: 'alice',
    uuid: user().uuid,
    source: source as TokenSource,
    value,
    raw_state: value === null ? null : value === 1 ? 'listed' : 'absent',
    command_id: `c${source}`,
  }));

type Values = Partial<Record<TokenSource, 0 | 1 | null>>;
const facts = (values: Values, more: Partial<UserFacts> = {}): UserFacts => ({
  user: user(),
  observations: observe(values),
  list: null,
  isAdmin: 0,
  groupsCommand: null,
  isApfs: true,
  isSysadminctlAsked: true,
  ...more,
});
const judge = (values: Values, more: Partial<UserFacts> = {}): TokenVerdict => verdictOf(facts(values, more));

const verdict = (values: Values, of: DsUser = user()) => {
  const { value, confidence, agreeing } = judge(values, { user: of });
  return [value, confidence, agreeing.join(',')];
};

test('the verdict: APFS, else any yes, else the no of sysadminctl', (t) => {
  t.deepEqual(verdict({ apfs: 1, fdesetup: 1, opendirectory: 1, sysadminctl: 1 }), [
    1,
    'confirmed',
    'apfs,fdesetup,opendirectory,sysadminctl',
  ]);
  // A missing tag is no evidence against a token, and so bears nobody out.
  t.deepEqual(verdict({ apfs: 0, opendirectory: 0, sysadminctl: 0 }), [0, 'confirmed', 'apfs,sysadminctl']);
  t.deepEqual(verdict({ apfs: 0, opendirectory: 0 }), [0, 'probable', 'apfs']);
  t.deepEqual(verdict({ apfs: 1 }), [1, 'probable', 'apfs']);
  t.deepEqual(verdict({ apfs: 0, opendirectory: 1 }), [0, 'conflicting', 'apfs']);
  t.deepEqual(verdict({ apfs: 1, opendirectory: 0 }), [1, 'conflicting', 'apfs']);
  t.deepEqual(verdict({ apfs: null, fdesetup: 1, opendirectory: 1 }), [
    1,
    'probable',
    'fdesetup,opendirectory',
  ]);
  t.deepEqual(verdict({ apfs: null, opendirectory: 1 }), [1, 'probable', 'opendirectory']);
  t.deepEqual(verdict({ apfs: null, opendirectory: 0, sysadminctl: 1 }), [1, 'probable', 'sysadminctl']);
  t.deepEqual(verdict({ apfs: null, sysadminctl: 0 }), [0, 'probable', 'sysadminctl']);
  t.deepEqual(verdict({ apfs: null, opendirectory: 0 }), [null, 'unknown', '']);
  t.deepEqual(verdict({ apfs: null, fdesetup: null, sysadminctl: null }), [null, 'unknown', '']);
  t.deepEqual(verdict({}), [null, 'unknown', '']);
  // Off the list of FileVault is not without a token (M05), whoever else is silent.
  t.deepEqual(verdict({ apfs: 1, fdesetup: 0, opendirectory: 1 }), [1, 'confirmed', 'apfs,opendirectory']);
  t.deepEqual(verdict({ apfs: null, fdesetup: 0 }), [null, 'unknown', '']);
  t.deepEqual(verdict({ apfs: null, fdesetup: 0, opendirectory: 1 }), [1, 'probable', 'opendirectory']);
  // Whom fdesetup lists and APFS does not: one of the two is of another volume, or late.
  t.deepEqual(verdict({ apfs: 0, fdesetup: 1, opendirectory: 1 }), [null, 'conflicting', '']);
  // Without APFS there are no tokens, whatever the others print.
  t.deepEqual(
    [judge({ fdesetup: 1, opendirectory: 1 }, { isApfs: false })].map(
      ({ value, confidence, hasConflict }) => [value, confidence, hasConflict],
    ),
    [[null, 'unknown', null]],
  );
});

test('that nothing is in dispute is known only where every source that is asked has answered', (t) => {
  const all: Values = { apfs: 1, fdesetup: 1, opendirectory: 1, sysadminctl: 1 };
  const hasConflict = (values: Values, more: Partial<UserFacts> = {}) => judge(values, more).hasConflict;
  t.is(hasConflict(all), 0);
  for (const source of ['apfs', 'fdesetup', 'opendirectory', 'sysadminctl'] as const)
    t.is(hasConflict({ ...all, [source]: null }), null, source);
  const { sysadminctl: _, ...others } = all;
  t.is(hasConflict(others), null);
  // Not asked by rule: an old macOS, an account that cannot log in, a name that goes on no argv.
  t.is(hasConflict(others, { isSysadminctlAsked: false }), 0);
  t.is(hasConflict(others, { isSysadminctlAsked: null }), null);
  t.is(hasConflict(others, { user: user({ shell: '/usr/bin/false' }) }), 0);
  t.is(hasConflict({ ...all, sysadminctl: null }, { user: user({ recordName: '-x' }) }), 0);
  // With FileVault off fdesetup has answered, and says nothing of a token.
  const off = observe(all).map((each) =>
    each.source === 'fdesetup' ? { ...each, value: null, raw_state: 'absent' as const } : each,
  );
  t.is(hasConflict(all, { observations: off }), 0);
  // What is in dispute stays so, whoever is silent.
  t.is(hasConflict({ apfs: 0, opendirectory: 1, fdesetup: null, sysadminctl: null }), 1);
});

const rules = (values: Values, of: DsUser = user(), isAdmin: 0 | 1 = 0): string[] =>
  judge(values, { user: of, isAdmin }).conflicts.map(({ rule_id: rule, severity }) => `${rule} ${severity}`);

test('the mismatch rules of one account', (t) => {
  t.deepEqual(rules({ apfs: 1, fdesetup: 1, opendirectory: 1, sysadminctl: 1 }), []);
  t.deepEqual(rules({ apfs: 0, opendirectory: 1, sysadminctl: 0 }), ['M01 high']);
  t.deepEqual(rules({ apfs: 0, opendirectory: 1, sysadminctl: 1 }), ['M01 high']);
  t.deepEqual(rules({ apfs: 1, opendirectory: 0 }), ['M02 medium']);
  t.deepEqual(rules({ apfs: 1, fdesetup: 0, opendirectory: 1 }), ['M05 low']);
  t.deepEqual(rules({ apfs: null, opendirectory: 1, sysadminctl: 0 }), ['M01 medium']);
  t.deepEqual(rules({ apfs: null, fdesetup: 1, sysadminctl: 0 }), ['M01 medium']);
  t.deepEqual(rules({ apfs: null, opendirectory: 1, sysadminctl: null }), []);
  t.deepEqual(rules({ apfs: null, opendirectory: 0, sysadminctl: 1 }), []);
  t.deepEqual(rules({ apfs: 0, fdesetup: 1, opendirectory: 1, sysadminctl: 0 }), ['M18 medium']);
  const both = user({ authenticationAuthority: [';DisabledTags;SecureToken', ';SecureToken;'] });
  t.deepEqual(rules({ apfs: 1, opendirectory: 1 }, both), ['M04 info']);
  const guest = user({ recordName: 'Guest', uid: 201, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' });
  t.deepEqual(rules({ apfs: 1, opendirectory: 0 }, guest), ['M07 info']);
  t.deepEqual(verdict({ apfs: 1, opendirectory: 0 }, guest)[1], 'probable');
  // Only that APFS lists it is normal.
  t.deepEqual(rules({ apfs: 0, opendirectory: 1 }, guest), ['M01 high']);
  const mobile = (guid: string) =>
    user({
      authenticationAuthority: [`;LocalCachedUser;/Active Directory/CORP/corp.example.com:alice:${guid}`],
    });
  t.deepEqual(rules({ apfs: 1, opendirectory: 1 }, mobile('E9F6E0ED-0000-4000-8000-000000000001')), [
    'M12 medium',
  ]);
  t.deepEqual(rules({ apfs: 1, opendirectory: 1 }, mobile(String(user().uuid).toLowerCase())), []);
  const assistant = user({ recordName: '_mbsetupuser', uid: 248, shell: '/bin/bash' });
  t.deepEqual(rules({ apfs: 0, opendirectory: 0 }, assistant, 1), []);
  t.deepEqual(
    rules({ apfs: 0, opendirectory: 0 }, { ...assistant, authenticationAuthority: [';ShadowHash;'] }, 1),
    ['M15 high'],
  );
});

test('each conflict has both values, plain words and the commands behind it', (t) => {
  const [conflict] = judge({ apfs: 0, opendirectory: 1 }).conflicts;
  t.like(conflict, {
    subject: 'alice',
    source_a: 'opendirectory',
    value_a: '1',
    source_b: 'apfs',
    value_b: '0',
  });
  t.regex(conflict?.conclusion ?? '', /^claimed, not effective: .* tampered with$/);
  t.is(conflict?.command_ids, '["copendirectory","capfs"]');
});

const listing = (users: { uuid: string; volumeOwner: boolean | null }[]): CryptoListing => {
  const full = users.map((each) => ({ ...each, type: 'LocalOpenDirectory' as const, differing: [] }));
  const byUuid = new Map(full.map((each) => [each.uuid, each]));
  return { device: 'disk3s5', volumeUuid: null, users: full, byUuid, isComplete: true };
};

test('one dispute is one row, with all who are on each side of it', (t) => {
  t.like(judge({ apfs: 0, opendirectory: 1, sysadminctl: 1 }).conflicts[0], {
    source_a: 'opendirectory,sysadminctl',
    value_a: '1',
    source_b: 'apfs',
    value_b: '0',
  });
  t.like(judge({ apfs: 0, opendirectory: 1, sysadminctl: 0 }).conflicts[0], {
    source_a: 'opendirectory',
    source_b: 'apfs,sysadminctl',
    value_b: '0',
  });
  t.like(judge({ apfs: 1, fdesetup: 0, opendirectory: 1, sysadminctl: 1 }).conflicts[0], {
    rule_id: 'M05',
    source_a: 'apfs,opendirectory,sysadminctl',
    source_b: 'fdesetup',
  });
  t.like(judge({ apfs: 0, fdesetup: 1, opendirectory: 1, sysadminctl: 0 }).conflicts[0], {
    rule_id: 'M18',
    source_a: 'fdesetup,opendirectory',
    source_b: 'apfs,sysadminctl',
  });
});

test('a listed crypto user without VolumeOwner is NULL, not 0', (t) => {
  t.is(volumeOwnerOf('A', listing([{ uuid: 'A', volumeOwner: null }])), null);
  t.is(volumeOwnerOf('A', listing([{ uuid: 'A', volumeOwner: true }])), true);
  t.is(volumeOwnerOf('A', listing([{ uuid: 'A', volumeOwner: false }])), false);
  // Not listed: no owner, where owners are told at all.
  t.is(volumeOwnerOf('B', listing([{ uuid: 'A', volumeOwner: true }])), false);
  t.is(volumeOwnerOf('B', listing([{ uuid: 'A', volumeOwner: null }])), null);
  t.is(volumeOwnerOf(null, listing([])), null);
  // Of a listing that lacks an entry, who is not listed may be one.
  const partial = { ...listing([{ uuid: 'A', volumeOwner: true }]), isComplete: false };
  t.is(volumeOwnerOf('B', partial), null);
  t.is(volumeOwnerOf('A', partial), true);
});

test('the state of the bootstrap token', (t) => {
  const state = (
    supported: boolean | null,
    escrowed: boolean | null,
    keyPresent: boolean | null,
    isNotEnrolled = false,
  ) => bootstrapStateOf({ isNotEnrolled, supported, escrowed, keyPresent });
  t.is(state(null, null, null, true), 'not_enrolled');
  t.is(state(false, null, false), 'not_supported');
  t.is(state(false, null, true), 'stale_local');
  t.is(state(false, null, null), 'unknown');
  t.is(state(true, true, false), 'stale_local');
  t.is(state(true, false, true), 'supported_not_escrowed');
  t.is(state(true, true, true), 'escrowed');
  // YES is what the Mac believes.
  t.is(state(true, true, null), 'unknown');
  t.is(state(true, null, true), 'unknown');
  t.is(state(null, null, null), 'unknown');
});

/** A Mac that is not bound to Active Directory, unless told. */
const contextOf = (isComplete: boolean, notes: string[] = [], adminGroups: Setting<string> = null): Context =>
  ({
    isComplete: () => isComplete,
    read: async () => ({ adminGroups }) as never,
    note: (problem) => notes.push(problem.message),
  }) as Partial<Context> as Context;

const judged = async (
  users: readonly DsUser[],
  groups: readonly DsGroup[] | null,
  isComplete = true,
  adminGroups: Setting<string> = null,
) => {
  const notes: string[] = [];
  const isAdminOf = await adminDecider(contextOf(isComplete, notes, adminGroups), users, groups);
  return { answers: Object.fromEntries(users.map((each) => [each.recordName, isAdminOf(each)])), notes };
};

test('admin follows names, aliases, GUIDs, nested groups with circles, and the primary group', async (t) => {
  const people = {
    byName: user({ recordName: 'byname', uid: 501, uuid: 'U1' }),
    byAlias: user({ recordName: 'longname', aliases: ['nick'], uid: 502, uuid: 'U2' }),
    byUuid: user({ recordName: 'byuuid', uid: 503, uuid: 'U3' }),
    nested: user({ recordName: 'nested', uid: 504, uuid: 'U4' }),
    primary: user({ recordName: 'primary', uid: 505, uuid: 'U5', gid: 80 }),
    near: user({ recordName: 'al', uid: 506, uuid: 'U6' }),
  };
  const group = (recordName: string, gid: number, uuid: string, over = {}) => ({
    recordName,
    aliases: [],
    gid,
    uuid,
    memberNames: [],
    memberUuids: [],
    nestedGroupUuids: [],
    unread: new Set<string>(),
    differing: new Set<string>(),
    ...over,
  });
  const groups = [
    group('admin', 80, 'G80', {
      memberNames: ['ByName', 'nick', 'alice'],
      memberUuids: ['U3'],
      nestedGroupUuids: ['GA'],
    }),
    group('a', 600, 'GA', { nestedGroupUuids: ['GB', 'G80'] }),
    group('b', 601, 'GB', { memberNames: ['nested'], nestedGroupUuids: ['GA', 'GB'] }),
    group('_lpadmin', 98, 'G98', { memberNames: ['al'] }),
  ];
  const users = Object.values(people);
  const found = await judged(users, groups);
  t.deepEqual(found.answers, { byname: 1, longname: 1, byuuid: 1, nested: 1, primary: 1, al: 0 });
  t.deepEqual(found.notes, []);
  const none = await judged(users, groups.slice(1));
  t.deepEqual(new Set(Object.values(none.answers)), new Set([null]));
  t.regex(none.notes.join(), /no local group with gid 80/);
  t.deepEqual(new Set(Object.values((await judged(users, null)).answers)), new Set([null]));
  // Of an answer that lacks a group, only who is an administrator is known.
  t.deepEqual((await judged(users, groups, false)).answers, { ...found.answers, al: null });
  // What is odd of another group costs nobody; what is odd of admin, or nested in it, all who are not in it.
  const oddGroup = (at: number, over: object): typeof groups =>
    groups.map((each, index) => (index === at ? { ...each, ...over } : each));
  const unread = (...attributes: string[]) => ({ unread: new Set(attributes) });
  t.deepEqual((await judged(users, oddGroup(3, unread('GroupMembers')))).answers, found.answers);
  t.deepEqual((await judged(users, oddGroup(3, { uuid: null }), false)).answers, found.answers);
  t.is((await judged(users, oddGroup(0, unread('GroupMembers')))).answers['al'], null);
  t.is((await judged(users, oddGroup(2, unread('GroupMembership')))).answers['al'], null);
  t.is((await judged(users, oddGroup(2, { uuid: null }), false)).answers['al'], null);
  t.is((await judged(users, oddGroup(2, { recordName: null }), false)).answers['nested'], 1);
  // Whoever is in a group of an unknown id may be one, and so may who is of no known GUID or primary group.
  t.is((await judged(users, oddGroup(3, { gid: null, ...unread('PrimaryGroupID') }))).answers['al'], null);
  t.is((await judged(users, oddGroup(1, { gid: null, ...unread('PrimaryGroupID') }))).answers['al'], 0);
  t.is((await judged([{ ...people.near, uuid: null }], groups)).answers['al'], null);
  t.is((await judged([{ ...people.near, gid: null }], groups)).answers['al'], null);
  // A directory is never asked: whoever it may know can be in a group of it.
  const mobile = user({
    ...{ recordName: 'mobile', uid: 507, uuid: 'U7' },
    authenticationAuthority: [';LocalCachedUser;/Active Directory/CORP:mobile:U7'],
  });
  t.is((await judged([...users, mobile], groups)).answers['mobile'], 0);
  const nested = [...groups.slice(0, 2), group('b', 601, 'GB', { nestedGroupUuids: ['GX'] })];
  const foreign = await judged([people.byName, people.near, mobile], nested);
  t.deepEqual(foreign.answers, { byname: 1, al: 0, mobile: null });
  t.regex(foreign.notes.join(), /a member group of a directory/);
  t.deepEqual((await judged([people.byName, people.near], nested)).notes, []);
  // Nor is it where Active Directory makes the members of its groups administrators, or may.
  for (const adminGroups of ['CORP\\mac admins', notUnderstood] as const) {
    const bound = await judged([people.byName, people.near, mobile], groups, true, adminGroups);
    t.deepEqual(bound.answers, { byname: 1, al: 0, mobile: null });
    t.regex(bound.notes.join(), /^is_admin: .*Active Directory/);
    t.deepEqual((await judged([people.byName, people.near], groups, true, adminGroups)).notes, []);
  }
  t.is(
    memberships(users, groups)
      .get(groups[0] as never)
      ?.get(people.nested),
    'indirect',
  );
  t.is(
    memberships(users, groups)
      .get(groups[0] as never)
      ?.get(people.byAlias),
    'direct',
  );
});

test('a tag that cannot be read may be any', (t) => {
  const unread = new Set(['AuthenticationAuthority']);
  t.is(canLogin(user({ unread })), null);
  t.is(canLogin(user({ unread, shell: '/usr/bin/false' })), 0);
  t.is(canLogin(user({ unread, authenticationAuthority: [';DisabledUser;'] })), 0);
  t.is(accountTypeOf(user({ unread }), new Set()), null);
  t.is(accountTypeOf(user({ unread, recordName: 'root', uid: 0 }), new Set()), 'root');
  t.is(
    accountTypeOf(user({ unread, authenticationAuthority: [';LocalCachedUser;/A:b:C'] }), new Set()),
    'mobile',
  );
});

test('system accounts are classified, not reported', (t) => {
  const type = (over: Partial<DsUser>) => accountTypeOf(user(over), new Set());
  t.is(type({ recordName: 'root', uid: 0, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000' }), 'root');
  t.is(type({ recordName: 'toor', uid: 0 }), 'local');
  t.is(type({ recordName: '_mbsetupuser', uid: 248, shell: '/bin/bash' }), 'setup_assistant');
  t.is(type({ recordName: 'Guest', uid: 201, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' }), 'guest');
  // Either half alone is an ordinary account that claims to be Guest.
  t.is(type({ recordName: 'Guest', uid: 201 }), 'local');
  t.is(type({ uid: 555, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' }), 'local');
  t.is(type({ uid: 201, uuid: null }), null);
  t.is(
    type({
      recordName: '_spotlight',
      uid: 89,
      uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000059',
      shell: '/usr/bin/false',
    }),
    'service',
  );
  t.is(type({ recordName: '_svc', uid: 490 }), 'local');
  // What is lost of a record may be what tells a service from a person.
  t.is(type({ uid: null, shell: '/usr/bin/false' }), null);
  t.is(type({ uid: null, shell: null }), null);
  t.is(type({ uid: null }), 'local');
  t.is(type({ uid: null, recordName: '_role', shell: '/usr/bin/false' }), 'service');
  t.is(type({ uid: 300, shell: null }), null);
  t.is(type({ uid: 89, uuid: null }), null);
  t.is(type({ uid: 501, uuid: null }), 'local');
  t.is(type({ recordName: '_role', uid: 300, shell: '/usr/bin/false' }), 'service');
  t.is(type({ authenticationAuthority: [';LocalCachedUser;/x:y:z'] }), 'mobile');
  t.is(accountTypeOf(user(), new Set([String(user().uuid)])), 'managed_admin');
  t.is(canLogin(user({ authenticationAuthority: [';DisabledUser;;ShadowHash;'] })), 0);
  t.is(canLogin(user({ shell: null })), null);
});

test('the six well-known UUIDs, Guest and FFFFEEEE- records are no orphans', async (t) => {
  const local = localAccounts(contextOf(true), [user({ uuid: 'L' })]);
  const resolve = (uuid: string, type: 'LocalOpenDirectory' | 'Unknown' = 'LocalOpenDirectory') =>
    resolutionOf({ uuid, type, volumeOwner: null, differing: [] }, 'VOLUME', local);
  t.is(resolve('EBC6C064-0000-11AA-AA11-00306543ECAC'), 'recovery_key');
  t.is(resolve('C064EBC6-0000-11AA-AA11-00306543ECAC'), 'recovery_key');
  t.is(resolve('64C0C6EB-0000-11AA-AA11-00306543ECAC'), 'icloud');
  t.is(resolve('EC1C2AD9-B618-4ED6-BD8D-50F361C27507'), 'icloud');
  t.is(resolve('2457711A-523C-4604-B75A-F48A571D5036'), 'bootstrap_token');
  t.is(resolve('FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9'), 'guest');
  t.is(resolve('VOLUME'), 'disk');
  t.is(resolve('L'), 'local_user');
  t.is(resolve('X'), 'orphan');
  // Without all of the accounts, nobody is an orphan.
  const listed = (uuid: string) =>
    ({ uuid, type: 'LocalOpenDirectory', volumeOwner: null, differing: [] }) as const;
  t.is(resolutionOf(listed('X'), null, localAccounts(contextOf(true), null)), null);
  const some = localAccounts(contextOf(false), [user({ uuid: 'L' })]);
  t.is(resolutionOf(listed('X'), null, some), null);
  t.is(resolutionOf(listed('L'), null, some), 'local_user');
});

/** Rows of a table on a sample host, some of whose commands answer otherwise. */
const rowsWith = async (name: string, wanted: string, answers: Readonly<Record<string, string>>) => {
  const host = await evidenceBackend(sample(name));
  const machine: Backend = {
    ...host,
    run: async (source, argv) => {
      const stdout = answers[source];
      if (stdout === undefined) return host.run(source, argv);
      const bytes = new TextEncoder().encode(stdout);
      return {
        outcome: stdout === 'MISSING' ? 'missing' : 'exited',
        exitCode: 0,
        signal: null,
        stdout: bytes,
        stderr: new Uint8Array(),
        startedTime: null,
        durationMs: null,
        isSpawned: true,
      };
    },
  };
  const { results } = await collect(tables, machine, { allowNetwork: true });
  return results.find(({ table }) => table.name === wanted)?.rows ?? [];
};

/** How each case of the acceptance list is told. A case that nothing here holds makes the test fail. */
const held: Readonly<Record<string, () => unknown>> = {
  // Listed and tagged everywhere: nothing that can be read tells a token that no longer works; the table says so.
  'token-tag-stale': () => secureTokens.notes?.some((note) => note.includes('may still be unusable')),
  'disabled-tags': async () => {
    const rows = await rowsWith('macos10.15-mobile', 'secure_tokens', {});
    const row = rows.find(({ username }) => username === 'svcdeploy');
    return row?.['disabled_tag'] === 1 && row['secure_token'] === 0;
  },
  'bootstrap-key-on-disk-server-says-no': async () => {
    const [row] = await rowsWith('macos10.15-mobile', 'bootstrap_tokens', {});
    return (
      row?.['state'] === 'stale_local' &&
      row['crypto_user_present'] === 1 &&
      row['escrowed_to_server'] === null
    );
  },
  'personal-recovery-user-without-filevault': async () => {
    const [row] = await rowsWith('macos26-managed', 'filevault_status', {
      fdesetup_status: 'FileVault is Off.\n',
    });
    return row?.['filevault_enabled'] === 0 && row['has_personal_recovery_key'] === null;
  },
  'crypto-user-is-not-owner': () =>
    volumeOwnerOf('A', listing([{ uuid: 'A', volumeOwner: false }])) === false,
  'ghost-crypto-user': async () => {
    const rows = await rowsWith('macos10.15-mobile', 'apfs_crypto_users', {});
    return rows.some(({ resolution, username }) => resolution === 'orphan' && username === null);
  },
  'guest-crypto-user': async () => {
    const rows = await rowsWith('macos10.15-mobile', 'apfs_crypto_users', {});
    return rows.some(
      (row) =>
        row['crypto_user_uuid'] === 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' && row['resolution'] === 'guest',
    );
  },
  'full-name-not-short-name': async () => {
    const rows = await rowsWith('macos26-managed', 'secure_token_observations', {});
    const own = rows.filter(({ source }) => source === 'sysadminctl');
    return own.length > 3 && own.every(({ username }) => !String(username).includes(' '));
  },
  'prk-listed-as-user': async () => {
    const rows = await rowsWith('macos26-managed', 'filevault_users', {
      fdesetup_list_extended: 'MISSING',
      fdesetup_list: '(null),EBC6C064-0000-11AA-AA11-00306543ECAC\n',
    });
    const [row] = rows;
    return (
      rows.length === 1 &&
      row?.['type'] === 'personal_recovery' &&
      row['resolution'] === 'well_known' &&
      row['username'] === null
    );
  },
  'escrowed-but-invalid': async () => {
    const device =
      'Daemon response: {\n QueryResponses = {\n EACSPreflight = "Invalid disk layout";\n };\n}\n';
    const rows = await rowsWith('macos26-managed', 'conflicts', {
      mdmclient_query_device_information: device,
    });
    return rows.some((row) => row['rule_id'] === 'M11' && row['value_b'] === 'Invalid disk layout');
  },
  // A collector that authenticates can itself grant a token: there is no argv that does.
  'observer-effect': () =>
    ['-authonly', '-auth', '-passwd'].every(
      (verb) => sourceOf(['/usr/bin/dscl', '.', verb, 'alice']) === null,
    ),
};

test('the acceptance list of disagreements is whole', async (t) => {
  const { cases } = JSON.parse(readFileSync(join(root, 'test/corpus/cases/disagreements.json'), 'utf8')) as {
    cases: { id: string; expect: string }[];
  };
  t.deepEqual(cases.map(({ id }) => id).toSorted(), Object.keys(held).toSorted());
  for (const { id, expect } of cases) t.true(await held[id]?.(), `${id}: ${expect}`);
});
