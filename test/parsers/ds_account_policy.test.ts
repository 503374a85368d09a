import test from 'ava';
import fc from 'fast-check';
import { CollectError } from '../../collector/errors.ts';
import { parseDsAccountPolicy } from '../../collector/parsers/ds_account_policy.ts';
import type { AccountPolicy, DsAccountPolicy } from '../../collector/parsers/ds_account_policy.ts';
import { sanitizeDsAccountPolicy } from '../../collector/parsers/ds_records.ts';
import {
  PlistDate,
  asArray,
  asData,
  asDict,
  asString,
  parseXmlPlist,
  writeXmlPlist,
} from '../../collector/parsers/plist.ts';
import type { PlistValue } from '../../collector/parsers/plist.ts';
import {
  answer,
  anyText,
  canary,
  cases,
  hasCanary,
  isHandled,
  mutatedText,
  neverCollected,
  numRuns,
  plistOf,
  secrets,
  textOf,
} from './directory.ts';
import type { Attributes } from './directory.ts';

const key = 'dsAttrTypeNative:accountPolicyData';
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
    t.is(read?.policyError, null, file);
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
      policyError: null,
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
    inner({ failedLoginCount: 1.5 }),
    inner({ failedLoginCount: 'two' }),
    inner({ creationTime: 'SECRET' }),
    inner({ creationTime: 2n ** 60n }),
    inner({ failedLoginTimestamp: new PlistDate(0) }),
    inner({ passwordLastSetTime: true }),
  ];
  for (const text of wrong) {
    for (const sanitize of [(stdout: string): string => stdout, sanitizeDsAccountPolicy]) {
      const stdout = plistOf(record(good), { RecordName: ['bob'], [key]: [text] }, record(good));
      const [first, second, third] = parseDsAccountPolicy(answer(sanitize(stdout)));
      t.is(second?.policy, null, text);
      t.regex(second?.policyError ?? '', /^accountPolicyData: [a-zA-Z ,:<>-]+$/, text);
      t.false(second?.policyError?.includes('SECRET'));
      t.deepEqual(first?.policy, { ...nothing, creationTime: 1.5, failedLoginCount: 2 });
      t.deepEqual(third, first);
    }
  }
  t.is(parse(record(good, good))[0]?.policyError, 'accountPolicyData has more than one value');
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
  const plain = plistOf(record(inner({ creationTime: 1.5, failedLoginCount: 0 })), record());
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
