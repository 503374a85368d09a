import test from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { parseDsAccountPolicy } from '../../collector/parsers/ds_account_policy.ts';
import type { AccountPolicy, DsAccountPolicy } from '../../collector/parsers/ds_account_policy.ts';
import { sanitizeDsAccountPolicy } from '../../collector/parsers/ds_records.ts';
import {
  PlistDate,
  PlistOdd,
  asArray,
  asData,
  asDict,
  asString,
} from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import {
  answer,
  anyText,
  canary,
  cases,
  costsOnlyItself,
  hasCanary,
  isHandled,
  mutatedText,
  neverCollected,
  noted,
  numRuns,
  plistOf,
  secrets,
  textOf,
} from './directory.ts';
import type { Attributes } from './directory.ts';

const key = 'dsAttrTypeNative:accountPolicyData';
const guid = 'BF1ADA88-9D04-4D58-9C15-570A4D46D228';
const parse = (...records: readonly Attributes[]): DsAccountPolicy[] =>
  parseDsAccountPolicy(answer(plistOf(...records)));
const record = (...values: string[]): Attributes => ({
  RecordName: ['alice', 'alias'],
  UniqueID: ['501'],
  GeneratedUID: ['bf1ada88-9d04-4d58-9c15-570a4d46d227'],
  ...(values.length === 0 ? {} : { [key]: values }),
});
const inner = (entries: Record<string, PlistValue>): string =>
  writeXmlPlist(new Map(Object.entries(entries)));
const nothing: AccountPolicy = {
  creationTime: null,
  passwordLastSetTime: null,
  failedLoginCount: null,
  failedLoginTimestamp: null,
  lastLoginTimestamp: null,
};

test('the policies of the corpus', (t) => {
  let checked = 0;
  for (const { file, kind, expect } of cases) {
    const told = expect.account_policy;
    // Of the mangled file of 15.3 nothing can be read but by eye.
    if (told === undefined || file === 'dslocal-cat-bplist-01.txt') continue;
    const value =
      kind === 'opendirectory-json'
        ? (JSON.parse(textOf(file)) as Record<string, Array<{ data_base64: string }>>)[key]?.[0]?.data_base64
        : undefined;
    const text =
      value === undefined ? expect.attributes?.[key]?.[0] : Buffer.from(value, 'base64').toString('utf8');
    t.not(text, undefined, file);
    const [read] = parse(record(text ?? ''));
    // Other keys, such as passwordHistoryDepth, are dropped.
    const kept = Object.fromEntries(Object.entries(told).filter(([name]) => name in nothing));
    t.deepEqual(read?.policy, { ...nothing, ...kept }, file);
    t.false(read?.isUnreadable, file);
    checked++;
  }
  t.true(checked >= 4);
});

test('a record without a policy has none, and no error', (t) => {
  t.deepEqual(parse(record()), [
    {
      recordName: 'alice',
      uid: 501,
      uuid: 'BF1ADA88-9D04-4D58-9C15-570A4D46D227',
      policy: null,
      isUnreadable: false,
    },
  ]);
  t.deepEqual(parse({ RecordName: ['a'], [key]: [] })[0]?.policy, null);
  t.deepEqual(parse(record(inner({})))[0]?.policy, nothing);
});

test('zero is not absent, and a time may be an integer or a real', (t) => {
  const policy = (entries: Record<string, PlistValue>): AccountPolicy | null | undefined =>
    parse(record(inner(entries)))[0]?.policy;
  t.is(policy({ failedLoginTimestamp: 0 })?.failedLoginTimestamp, 0);
  t.is(policy({ failedLoginTimestamp: 1_739_203_049.84 })?.failedLoginTimestamp, 1_739_203_049.84);
  t.is(policy({ failedLoginCount: 0 })?.failedLoginCount, 0);
  t.is(policy({ lastLoginTimestamp: 5 })?.lastLoginTimestamp, 5);
});

test('a policy that cannot be read leaves the others right', (t) => {
  const good = inner({ creationTime: 1.5, failedLoginCount: 2 });
  const wrong: readonly string[] = [
    '',
    'not XML',
    good.slice(0, -12),
    '<plist><array/></plist>',
    // What is not UTF-8 is printed in hexadecimal groups.
    '3c3f786d 6c207665',
  ];
  for (const text of wrong) {
    for (const reduce of [(stdout: string): string => stdout, sanitizeDsAccountPolicy]) {
      const bob = { RecordName: ['bob'], UniqueID: ['502'], GeneratedUID: [guid], [key]: [text] };
      const stdout = plistOf(record(good), bob, { ...record(good), RecordName: ['lee'] });
      const { value, notes, isComplete } = noted(parseDsAccountPolicy, reduce(stdout));
      const [first, second, third] = value;
      t.like(second, { policy: null, isUnreadable: true }, text);
      t.regex(notes.join(), /^the record bob of dscl: accountPolicyData is [a-zA-Z ,:<>-]+$/, text);
      t.true(isComplete);
      t.deepEqual(first?.policy, { ...nothing, creationTime: 1.5, failedLoginCount: 2 });
      t.deepEqual(third?.policy, first?.policy);
    }
  }
  t.like(parse(record(good, good))[0], { isUnreadable: false });
  t.like(parse(record(good, inner({})))[0], { policy: null, isUnreadable: true });
});

test('one odd time of a policy costs itself', (t) => {
  const whole = { creationTime: 1.5, failedLoginCount: 2, failedLoginTimestamp: 0, passwordLastSetTime: 3 };
  const odd: ReadonlyArray<readonly [keyof AccountPolicy, PlistValue]> = [
    ['failedLoginCount', 1.5],
    ['failedLoginCount', 'SECRET'],
    ['creationTime', 'SECRET'],
    ['creationTime', 2n ** 60n],
    ['failedLoginTimestamp', new PlistDate(0)],
    ['passwordLastSetTime', true],
    ['passwordLastSetTime', new PlistOdd('x')],
  ];
  for (const [time, is] of odd) {
    for (const reduce of [(stdout: string): string => stdout, sanitizeDsAccountPolicy]) {
      const stdout = reduce(plistOf(record(inner({ ...whole, [time]: is }))));
      const { value, notes } = noted(parseDsAccountPolicy, stdout);
      t.deepEqual(value[0]?.policy, { ...nothing, ...whole, [time]: null });
      t.deepEqual(notes, [
        `the record alice of dscl: accountPolicyData has what cannot be read (${time} is no number)`,
      ]);
    }
  }
  // Of a key that is lost, nobody knows which it was.
  const lost = inner(whole).replace('<key>creationTime</key>', '');
  const { value, notes } = noted(parseDsAccountPolicy, plistOf(record(lost)));
  t.deepEqual(value[0]?.policy, { ...nothing, ...whole, creationTime: null });
  t.regex(notes.join(), /a value without a key/);
  // What is logged in the midst of an answer stays out of it.
  t.is(parse(record(`2026-01-01 log\n${inner(whole)}`))[0]?.policy?.creationTime, 1.5);
});

test('one odd record of many costs itself', (t) => {
  const policies = (name: string, uuid: string): Attributes => ({
    RecordName: [name],
    UniqueID: ['20'],
    GeneratedUID: [uuid],
    [key]: [inner({ creationTime: 1.5 })],
  });
  costsOnlyItself(t, parseDsAccountPolicy, sanitizeDsAccountPolicy, policies, 'UniqueID');
});

test('what is not known is refused', (t) => {
  const refused = { instanceOf: CollectError, code: 'parse_failed' } as const;
  for (const stdout of ['', plistOf({ [key]: [inner({})] }), textOf('dscl-plist-09.plist')]) {
    t.throws(() => parseDsAccountPolicy(answer(stdout)), refused, stdout);
  }
  t.throws(() => parseDsAccountPolicy(answer('', { exitCode: 87 })), {
    instanceOf: CollectError,
    code: 'permission_denied',
  });
});

test('no secret survives, inside the policy either', (t) => {
  const policy = inner({
    creationTime: 1.5,
    history: ['CANARY'],
    ...Object.fromEntries(neverCollected.map((each) => [each, canary(each)])),
    failedLoginTimestamp: new Map([['CANARY', 'CANARY']]),
    passwordLastSetTime: 'CANARY',
  });
  const stdout = plistOf(
    {
      ...record(policy, `${policy}<!-- CANARY -->`, 'CANARY', `<plist><string>CANARY</string></plist>`),
      ...secrets,
    },
    { RecordName: ['bob'], RealName: ['CANARY'], 'dsAttrTypeStandard:accountPolicyData': [policy] },
  );
  const nested = plistOf(record(policy))
    .replace('<array>\n\t<dict>', '<array><array>\n\t<dict>')
    .replace('</array>\n</plist>', '</array></array>\n</plist>');
  const data = plistOf(record('X')).replace(
    '<string>X</string>',
    `<data>${Buffer.from(policy).toString('base64')}</data>`,
  );
  const single = plistOf(record(policy)).replace(
    /<plist version="1.0">\n<array>([^]*)<\/array>\n<\/plist>/,
    '<plist>$1</plist>',
  );
  for (const text of [stdout, stdout.replaceAll('\t', ' '), nested, data, single]) {
    const reduced = sanitizeDsAccountPolicy(text);
    t.false(hasCanary(reduced));
    t.false(reduced.includes(Buffer.from('CANARY').toString('base64').slice(0, 6)));
    t.is(sanitizeDsAccountPolicy(reduced), reduced);
    isHandled(() => t.false(hasCanary(parseDsAccountPolicy(answer(text)))));
    // What remains is a property list with the same records.
    t.notThrows(() => parseXmlPlist(reduced));
  }
  const kept = asArray(parseXmlPlist(sanitizeDsAccountPolicy(stdout)), 'it')[0];
  const [first] = asArray(asDict(kept, 'it').get(key), key);
  t.is(asDict(parseXmlPlist(asString(first, 'it')), 'it').get('creationTime'), 1.5);
  t.throws(() => asData(first, 'it'));
});

test('reducing keeps the text where there is nothing to drop', (t) => {
  const plain = plistOf(record(inner({ creationTime: 1.5, failedLoginCount: 0 })), record()).replaceAll(
    '\t\t\t<string>alias</string>\n',
    '',
  );
  t.is(sanitizeDsAccountPolicy(plain), plain);
  t.is(sanitizeDsAccountPolicy(''), '');
});

test('any answer is read or refused', (t) => {
  const originals = [
    plistOf(record(inner({ creationTime: 1.5, failedLoginCount: 0, passwordHistoryDepth: 3 })), record()),
    textOf('dscl-plist-01.plist'),
  ];
  const stdout = fc.oneof(
    anyText,
    mutatedText(...originals),
    fc
      .oneof(anyText, mutatedText(inner({ creationTime: 1.5, failedLoginTimestamp: 0 })))
      // XML has no NUL.
      .map((text) => plistOf(record(text.replaceAll('\0', '')))),
  );
  fc.assert(
    fc.property(stdout, (text) => {
      const reduced = sanitizeDsAccountPolicy(text);
      t.is(sanitizeDsAccountPolicy(reduced), reduced);
      return isHandled(() => parseDsAccountPolicy(answer(text)));
    }),
    { numRuns },
  );
});
