import test from 'ava';
import fc from 'fast-check';
import { CollectError } from '../../collector/errors.ts';
import { parseDsGroups } from '../../collector/parsers/ds_groups.ts';
import type { DsGroup } from '../../collector/parsers/ds_groups.ts';
import { sanitizeDsGroups } from '../../collector/parsers/ds_records.ts';
import {
  answer,
  anyText,
  caseOf,
  hasCanary,
  isHandled,
  mutatedText,
  numRuns,
  plistOf,
  recordCases,
  secrets,
  textOf,
} from './directory.ts';
import type { Attributes } from './directory.ts';

const parse = (...records: readonly Attributes[]): DsGroup[] => parseDsGroups(answer(plistOf(...records)));
const refused = { instanceOf: CollectError, code: 'parse_failed' } as const;

const facts: Readonly<Record<string, (group: DsGroup) => unknown>> = {
  name: (group) => group.recordName,
  aliases: (group) => group.aliases,
  gid: (group) => group.gid,
  members: (group) => group.memberNames,
  member_guids: (group) => group.memberUuids,
  nested_group_guids: (group) => group.nestedGroupUuids,
};

const groupCases = recordCases('groups');

test('every case of a group, as -plist prints it, has the facts that its source shows', (t) => {
  t.true(groupCases.length >= 17);
  let checked = 0;
  for (const [{ file, expect }, records] of groupCases) {
    const groups = parse(...records);
    t.is(groups.length, records.length, file);
    const told = expect.groups ?? (expect.group === undefined ? [] : [expect.group]);
    for (const [index, record] of records.entries()) {
      const group = groups[index];
      if (group === undefined) continue;
      t.deepEqual([group.recordName, ...group.aliases], record['RecordName'], file);
      t.deepEqual(group.memberNames, record['GroupMembership'] ?? [], file);
      t.deepEqual(group.memberUuids, record['GroupMembers'] ?? [], file);
      t.deepEqual(group.nestedGroupUuids, record['NestedGroups'] ?? [], file);
      for (const [fact, is] of Object.entries(told[index] ?? {})) {
        const read = facts[fact];
        if (read === undefined) {
          t.fail(`${file}: ${fact} is not checked`);
          continue;
        }
        t.deepEqual(read(group), is, `${file}: ${fact}`);
        checked++;
      }
    }
  }
  t.true(checked >= 40, `${checked} facts`);
});

test('recorded -plist answers', (t) => {
  t.deepEqual(parseDsGroups(answer(textOf('dscl-plist-02.plist'))), [
    {
      recordName: '_amavisd',
      aliases: ['amavisd'],
      gid: 83,
      uuid: 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000053',
      memberNames: [],
      memberUuids: [],
      nestedGroupUuids: [],
    },
  ]);
  // An answer of -read: one dictionary, and no RecordName, which only -readall adds.
  const read = textOf('dscl-plist-08.plist');
  t.throws(() => parseDsGroups(answer(read)), refused);
  const { attributes = {} } = caseOf('dscl-plist-08.plist').expect;
  t.like(parse({ RecordName: ['devs'], ...attributes })[0], { gid: 700, memberNames: ['alice', 'bob'] });
});

test('the two lists of members may differ, and both are kept', (t) => {
  const [admin] = parse({
    RecordName: ['admin', 'BUILTIN\\Administrators'],
    PrimaryGroupID: ['80'],
    GeneratedUID: ['abcdefab-cdef-abcd-efab-cdef00000050'],
    GroupMembership: ['root', 'only by name', 'with space', 'ünïcode'],
    GroupMembers: ['ffffeeee-dddd-cccc-bbbb-aaaa00000000'],
    NestedGroups: ['aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaab', 'not-a-guid'],
  });
  t.deepEqual(admin, {
    recordName: 'admin',
    aliases: ['BUILTIN\\Administrators'],
    gid: 80,
    uuid: 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050',
    memberNames: ['root', 'only by name', 'with space', 'ünïcode'],
    memberUuids: ['FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000'],
    nestedGroupUuids: ['AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAB', 'NOT-A-GUID'],
  });
});

test('gid is text, and signed', (t) => {
  const gid = (text: string): number | null | undefined =>
    parse({ RecordName: ['g'], PrimaryGroupID: [text] })[0]?.gid;
  t.is(gid('-2'), -2);
  t.is(gid('4294967294'), -2);
  t.is(gid('020'), 20);
  t.is(gid('staff'), null);
  t.is(parse({ RecordName: ['g'] })[0]?.gid, null);
});

test('native names are the same attributes', (t) => {
  const [group] = parse({
    'dsAttrTypeNative:name': ['g'],
    'dsAttrTypeNative:users': ['a'],
    'dsAttrTypeNative:groupmembers': ['u'],
    'dsAttrTypeNative:nestedgroups': ['n'],
  });
  t.like(group, { recordName: 'g', memberNames: ['a'], memberUuids: ['U'], nestedGroupUuids: ['N'] });
});

test('what is not known is refused', (t) => {
  for (const stdout of [
    '',
    plistOf({ GroupMembership: ['a'] }),
    'GroupMembership: root\n',
    '<plist><array/>',
  ]) {
    t.throws(() => parseDsGroups(answer(stdout)), refused, stdout);
  }
  t.deepEqual(parse(), []);
  const denied = answer('', { exitCode: 40, stderr: textOf('dscl-error-11.txt') });
  t.throws(() => parseDsGroups(denied), { instanceOf: CollectError, code: 'permission_denied' });
});

test('no secret survives, nor what only users have', (t) => {
  const text = plistOf({
    RecordName: ['g'],
    GroupMembership: ['a'],
    RealName: ['CANARY'],
    UserShell: ['CANARY'],
    ...secrets,
  });
  const reduced = sanitizeDsGroups(text);
  t.false(hasCanary(reduced));
  t.is(sanitizeDsGroups(reduced), reduced);
  t.deepEqual(parseDsGroups(answer(reduced)), parseDsGroups(answer(text)));
  t.false(hasCanary(parseDsGroups(answer(text))));
  const plain = plistOf({ RecordName: ['g'], GroupMembership: Array<string>(1000).fill('a') });
  t.is(sanitizeDsGroups(plain), plain);
});

test('any answer is read or refused', (t) => {
  const originals = [
    textOf('dscl-plist-02.plist'),
    plistOf(...groupCases.slice(0, 4).flatMap(([, records]) => records)),
    plistOf({ RecordName: ['g'], NestedGroups: ['a'] }),
  ];
  fc.assert(
    fc.property(fc.oneof(anyText, mutatedText(...originals)), (stdout) => {
      const reduced = sanitizeDsGroups(stdout);
      t.is(sanitizeDsGroups(reduced), reduced);
      return isHandled(() => parseDsGroups(answer(stdout)));
    }),
    { numRuns },
  );
});
