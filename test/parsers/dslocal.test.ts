import test from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { parseDsAccountPolicy } from '../../collector/parsers/ds_account_policy.ts';
import { parseDsGroups } from '../../collector/parsers/ds_groups.ts';
import { sanitizeDsUsers } from '../../collector/parsers/ds_records.ts';
import { parseDsUsers } from '../../collector/parsers/ds_users.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import * as dslocal from '../../collector/parsers/dslocal.ts';
import type { DslocalRecord } from '../../collector/parsers/dslocal.ts';
import { PlistOdd } from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import {
  answer,
  bytesOf,
  canary,
  casesOf,
  hasCanary,
  isHandled,
  mutated,
  neverCollected,
  numRuns,
} from './directory.ts';

/** Of a file that is pairs of keys and values. */
const whole = (record: DslocalRecord | PlistOdd): DslocalRecord => {
  if (record instanceof PlistOdd) throw new Error(`a record that has lost a key: ${record.why}`);
  return record;
};
const parseDslocalUser = (bytes: Uint8Array): DslocalRecord => whole(dslocal.parseDslocalUser(bytes));
const parseDslocalGroup = (bytes: Uint8Array): DslocalRecord => whole(dslocal.parseDslocalGroup(bytes));

const refused = { instanceOf: CollectError, code: 'parse_failed' } as const;
const file = (entries: Record<string, PlistValue>): Uint8Array =>
  new TextEncoder().encode(writeXmlPlist(new Map(Object.entries(entries))));
const rendered = (...records: readonly (DslocalRecord | PlistOdd)[]): string => writeXmlPlist(records);
const userOf = (record: DslocalRecord | PlistOdd): DsUser | undefined =>
  parseDsUsers(answer(rendered(record)))[0];

test('the files of the corpus give what dscl would', (t) => {
  const files = casesOf('dslocal-plist').filter(({ expect }) => expect.format !== undefined);
  t.is(files.length, 6);
  for (const { file: name, expect } of files) {
    const record = parseDslocalUser(bytesOf(name));
    const values = expect.values ?? {};
    const user = userOf(record);
    t.like(
      user,
      {
        recordName: values['name']?.[0] as string,
        aliases: (values['name'] ?? []).slice(1) as string[],
        realName: (values['realname']?.[0] ?? null) as string | null,
        home: (values['home']?.[0] ?? null) as string | null,
        shell: (values['shell']?.[0] ?? null) as string | null,
        authenticationAuthority: (values['authentication_authority'] ?? []) as string[],
        originalNodeName: (values['original_node_name']?.[0] ?? null) as string | null,
      },
      name,
    );
    const guid = String(values['generateduid']?.[0]).toUpperCase();
    t.is(user?.uuid, guid === 'NOT-A-GUID' ? null : guid, name);
    for (const fact of ['uid', 'gid'] as const) {
      if (expect.user?.[fact] !== undefined) t.is(user?.[fact], expect.user[fact] as number, name);
    }
    if (expect.user?.['hidden'] !== undefined) t.is(user?.isHidden, true, name);
    // Only what the sources ask for is there.
    const rest = Object.keys(values).filter(
      (key) =>
        !/^(name|realname|uid|gid|home|shell|generateduid|authentication_authority|IsHidden|accountPolicyData|original_node_name|copy_timestamp)$/.test(
          key,
        ),
    );
    t.is(record.size, Object.keys(values).length - rest.length, name);
    if (expect.accountPolicyData !== undefined) {
      const [policy] = parseDsAccountPolicy(answer(rendered(record)));
      for (const [key, is] of Object.entries(expect.accountPolicyData)) {
        // The corpus rounds the times to a microsecond.
        const read = policy?.policy?.[key as 'creationTime'] ?? Number.NaN;
        t.true(Math.abs(read - is) < 1e-5, `${name}: ${key}`);
      }
    }
  }
  t.is(userOf(parseDslocalUser(bytesOf('dslocal-user-10.plist')))?.copyTimestamp, 1_704_164_645);
  // Its bytes were lost in print.
  t.throws(() => parseDslocalUser(bytesOf('dslocal-cat-bplist-01.txt')), refused);
});

test('keys are those of dscl, in its order', (t) => {
  const user = parseDslocalUser(
    file({
      uid: ['-2'],
      name: ['alice', 'com.apple.idms.appleid.prd.1'],
      IsHidden: ['YES'],
      accountPolicyData: [
        new TextEncoder().encode(
          writeXmlPlist(
            new Map<string, PlistValue>([
              ['creationTime', 1.5],
              ['x', 1],
            ]),
          ),
        ),
      ],
      altsecurityidentities: ['PlatformSSO:'],
      smb_pwd_last_set: ['0'],
      SMBPasswordLastSet2: ['x'],
    }),
  );
  t.deepEqual(
    [...user.keys()],
    [
      'dsAttrTypeNative:accountPolicyData',
      'dsAttrTypeNative:IsHidden',
      'dsAttrTypeStandard:AltSecurityIdentities',
      'dsAttrTypeStandard:RecordName',
      'dsAttrTypeStandard:SMBPasswordLastSet',
      'dsAttrTypeStandard:UniqueID',
    ],
  );
  t.is(sanitizeDsUsers(rendered(new Map([...user].slice(1)))), rendered(new Map([...user].slice(1))));
  const group = parseDslocalGroup(
    file({
      name: ['admin'],
      gid: ['80'],
      users: ['root'],
      generateduid: ['abcdefab-cdef-abcd-efab-cdef00000050'],
      groupmembers: ['bf1ada88-9d04-4d58-9c15-570a4d46d227'],
      nestedgroups: ['bf1ada88-9d04-4d58-9c15-570a4d46d228'],
      realname: ['x'],
    }),
  );
  t.deepEqual(parseDsGroups(answer(rendered(group))), [
    {
      recordName: 'admin',
      aliases: [],
      gid: 80,
      uuid: 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050',
      memberNames: ['root'],
      memberUuids: ['BF1ADA88-9D04-4D58-9C15-570A4D46D227'],
      nestedGroupUuids: ['BF1ADA88-9D04-4D58-9C15-570A4D46D228'],
      unread: new Set(),
      differing: new Set(),
    },
  ]);
  t.is(group.size, 6);
  // The attributes of a group are none of a user.
  t.is(parseDslocalUser(file({ name: ['a'], users: ['b'] })).size, 1);
});

test('data is printed as dscl prints it', (t) => {
  const real = (bytes: Uint8Array): unknown =>
    parseDslocalUser(file({ name: ['a'], realname: [bytes] })).get('dsAttrTypeStandard:RealName')?.[0];
  t.is(real(new TextEncoder().encode('é')), 'é');
  t.is(real(Uint8Array.of(1, 5, 0, 0, 0, 0xff)), '01050000 00ff');
  t.is(real(Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb)), 'fffefdfc fb');
  t.is(real(Uint8Array.of(0x61, 0)), '6100');
  t.is(real(new Uint8Array()), '');
});

test('what is not known is refused', (t) => {
  const wrong = [
    file({}),
    file({ uid: ['501'] }),
    file({ name: [] }),
    file({ name: [new Map()] }),
    new TextEncoder().encode(writeXmlPlist([])),
    new TextEncoder().encode('name: alice'),
    new Uint8Array(),
  ];
  for (const bytes of wrong) t.throws(() => parseDslocalUser(bytes), refused);
  for (const bytes of wrong) t.true(isHandled(() => parseDslocalGroup(bytes)));
});

test('one odd value of a file costs itself', (t) => {
  const right = {
    name: ['a'],
    uid: ['501'],
    realname: ['A'],
    authentication_authority: [';ShadowHash;', ';SecureToken;'],
  };
  const read = (over: Record<string, PlistValue>): Partial<DsUser> | undefined =>
    userOf(parseDslocalUser(file({ ...right, ...over })));
  t.like(read({}), { recordName: 'a', uid: 501, realName: 'A' });
  t.like(read({ name: 'a', uid: [501] }), { recordName: 'a', uid: 501, realName: 'A' });
  t.like(read({ uid: [true] }), { uid: null, realName: 'A' });
  t.like(read({ realname: new Map() }), { uid: 501, realName: null });
  t.like(read({ authentication_authority: [';SecureToken;', 1.5] }), {
    authenticationAuthority: [';SecureToken;'],
  });
  t.true(read({ authentication_authority: [';SecureToken;', 1.5] })?.unread?.has('AuthenticationAuthority'));
  t.is(
    read({ copy_timestamp: ['2024-01-02T03:04:05Z'], CopyTimestamp: ['2025-01-02T03:04:05Z'] })
      ?.copyTimestamp,
    null,
  );
  t.is(
    read({ copy_timestamp: ['2024-01-02T03:04:05Z'], CopyTimestamp: ['2024-01-02T03:04:05Z'] })
      ?.copyTimestamp,
    1_704_164_645,
  );
});

test('a record that has lost a key keeps the others, and what it lacks is not proven absent', (t) => {
  const all = new Map<string, PlistValue>([
    ['name', ['alice']],
    ['uid', ['501']],
    ['generateduid', ['11111111-2222-4333-8444-555555555555']],
    ['shell', ['/bin/zsh']],
    ['hint', ['secret']],
  ]);
  for (const key of ['uid', 'generateduid', 'shell', 'hint']) {
    const text = writeXmlPlist(all).replace(`\t<key>${key}</key>\n`, '');
    const user = userOf(dslocal.parseDslocalUser(new TextEncoder().encode(text)));
    t.is(user?.recordName, 'alice', key);
    t.is(user?.uid, key === 'uid' ? null : 501, key);
    t.is(user?.shell, key === 'shell' ? null : '/bin/zsh', key);
    t.true(user?.unread.has('AuthenticationAuthority'), key);
    t.is(user?.unread.has('UniqueID'), key === 'uid', key);
  }
});

test('no secret survives', (t) => {
  const record = file({
    name: ['alice'],
    ...Object.fromEntries(
      neverCollected.map((key) => [key, [new TextEncoder().encode(canary(key)), canary(key)]]),
    ),
    accountPolicyData: [
      writeXmlPlist(new Map(neverCollected.map((key) => [key, canary(key)]))),
      new TextEncoder().encode('CANARY'),
    ],
    nested: new Map([['name', 'CANARY']]),
  });
  for (const parse of [parseDslocalUser, parseDslocalGroup]) {
    const read = parse(record);
    t.false(hasCanary([...read]));
    t.false(JSON.stringify([...read]).includes(Buffer.from('CANARY').toString('hex').slice(0, 8)));
    t.deepEqual(read.get('dsAttrTypeStandard:RecordName'), ['alice']);
  }
});

test('any file is read or refused', (t) => {
  const originals = casesOf('dslocal-plist').map(({ file: name }) => bytesOf(name));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((each) => new Uint8Array(each)),
    mutated(...originals),
    mutated(file({ name: ['g'], gid: ['1'], users: ['a'] })),
  );
  fc.assert(
    fc.property(bytes, (each) => {
      isHandled(() => dslocal.parseDslocalGroup(each));
      return isHandled(() => {
        const found = dslocal.parseDslocalUser(each);
        const record = (found instanceof PlistOdd ? found.rest : found) as DslocalRecord;
        // What was read can be rendered, and read as dscl's answer.
        t.is<unknown, unknown>(userOf(found)?.recordName, record.get('dsAttrTypeStandard:RecordName')?.[0]);
      });
    }),
    { numRuns },
  );
});
