import test from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { parseDsGroups } from '../../collector/parsers/ds_groups.ts';
import type { DsGroup } from '../../collector/parsers/ds_groups.ts';
import { sanitizeDsGroups } from '../../collector/parsers/ds_records.ts';
import {
  answer,
  anyText,
  caseOf,
  costsOnlyItself,
  hasCanary,
  isHandled,
  mutatedText,
  noted,
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
      unread: new Set(),
      differing: new Set(),
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
    unread: new Set(['NestedGroups']),
    differing: new Set(),
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

const wholeGroup = (name: string, guid: string): Attributes => ({
  RecordName: [name],
  PrimaryGroupID: ['20'],
  GeneratedUID: [guid],
  GroupMembership: ['root', name],
  GroupMembers: ['FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000'],
  NestedGroups: ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050'],
});
test('one odd record of many costs itself', (t) => {
  costsOnlyItself(t, parseDsGroups, sanitizeDsGroups, wholeGroup);
});

test('an odd member is told, and the members beside it are known', (t) => {
  const guid = '00000000-0000-4000-8000-000000000000';
  const read = (change: (stdout: string) => string) => {
    const { value, notes, isComplete } = noted(parseDsGroups, change(plistOf(wholeGroup('g', guid))));
    return { ...(value[0] as DsGroup), notes, isComplete };
  };
  const member = read((stdout) => stdout.replace('<string>root</string>', '<data>AQ==</data>'));
  t.deepEqual(member.memberNames, ['g']);
  t.deepEqual(member.notes, ['the record g of dscl: GroupMembership cannot be read']);
  t.true(member.isComplete && member.unread.has('GroupMembership'));
  // What is no GUID is listed as it stands: the record holds it, and it may be meant for somebody.
  const blank = read((stdout) => stdout.replace('AAAA00000000', 'AAAA00000000 '));
  t.deepEqual(blank.memberUuids, ['FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000 ']);
  t.deepEqual(blank.notes, ['the record g of dscl: GroupMembers holds what is not a GUID']);
  t.true(blank.unread.has('GroupMembers'));
  t.deepEqual(
    read((stdout) => stdout.replace('<string>root</string>', '<string>root</string>'.repeat(2))).notes,
    [],
  );
});

test('a group without a name is kept: it may be nested in another', (t) => {
  const guid = '00000000-0000-4000-8000-000000000000';
  const { RecordName: _, ...nameless } = wholeGroup('g', guid);
  const { value, isComplete } = noted(parseDsGroups, plistOf(wholeGroup('admin', guid), nameless));
  t.like(value[1], { recordName: null, gid: 20, uuid: guid });
  t.false(isComplete);
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
