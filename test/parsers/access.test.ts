import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Answer, Note } from '../../collector/answer.ts';
import { parseDsconfigadShow, sanitizeDsconfigadShow } from '../../collector/parsers/dsconfigad_show.ts';
import {
  parsePwpolicyGetAccountPolicies,
  sanitizePwpolicyGetAccountPolicies,
} from '../../collector/parsers/pwpolicy_get_account_policies.ts';
import {
  parseSecurityAuthorizationdbConsole,
  sanitizeSecurityAuthorizationdbConsole,
} from '../../collector/parsers/security_authorizationdb_console.ts';
import {
  parseSystemProfilerIbridge,
  sanitizeSystemProfilerIbridge,
} from '../../collector/parsers/system_profiler_ibridge.ts';
import { unread } from '../../collector/setting.ts';
import { answerOf } from './fuzz.ts';
import { codeOf, told } from './told.ts';

const corpus = (file: string): string =>
  readFileSync(new URL(`../corpus/access/${file}`, import.meta.url), 'utf8');

/** What a parser says of an answer, and that what is kept of it is kept as it is and says the same. */
const reader =
  <T>(parse: (answer: Answer, note: Note) => T, sanitize: (stdout: string) => string) =>
  (t: { deepEqual: (a: unknown, b: unknown, message?: string) => void }, answer: Partial<Answer>) => {
    const [whole, kept] = [answer.stdout ?? '', sanitize(answer.stdout ?? '')];
    t.deepEqual(sanitize(kept), kept, whole);
    const said = told(parse, answerOf(answer));
    t.deepEqual(told(parse, answerOf({ ...answer, stdout: kept })), said, whole);
    return said;
  };
const directory = reader(parseDsconfigadShow, sanitizeDsconfigadShow);
const policies = reader(parsePwpolicyGetAccountPolicies, sanitizePwpolicyGetAccountPolicies);
const startup = reader(parseSystemProfilerIbridge, sanitizeSystemProfilerIbridge);
const steps = reader(parseSecurityAuthorizationdbConsole, sanitizeSecurityAuthorizationdbConsole);

test('dsconfigad-show-04: bound, with a group whose name has a blank', (t) => {
  const { value, notes } = directory(t, { stdout: corpus('dsconfigad-show-04.txt') });
  t.is(value?.domain, 'example.net');
  t.is(value?.adminGroups, 'Local Administrators');
  t.is(value?.options.length, 22);
  t.deepEqual(notes, []);
});

test('nothing and exit 0 is not bound, and no error is', (t) => {
  t.deepEqual(directory(t, {}).value, { domain: null, options: [], adminGroups: null });
  const error = corpus('dsconfigad-error-01.txt');
  for (const answer of [
    { stdout: error, exitCode: 70 },
    { stdout: error },
    { exitCode: 70 },
    { stderr: 'dsconfigad: no node\n' },
    { stdout: 'Allowed admin groups           = not set\n' },
    { stdout: 'Active Directory Domain          = not set\n' },
  ])
    t.is(directory(t, answer).value, null, JSON.stringify(answer));
});

test('administrator groups that are cut, twice or not told are not known', (t) => {
  const whole = corpus('dsconfigad-show-04.txt');
  const line = '  Allowed admin groups           = Local Administrators\n';
  t.true(whole.includes(line));
  const cutAt = whole.indexOf('Administrators\n  Auth');
  for (const stdout of [
    whole.replace(line, ''),
    whole.replace(line, line + line.replace('Local', 'Other')),
    whole.slice(0, cutAt),
  ]) {
    const { value, notes } = directory(t, { stdout });
    t.is(value?.adminGroups, unread, stdout);
    t.true(notes.length > 0);
  }
  t.is(directory(t, { stdout: whole.replace(line, line + line) }).value?.adminGroups, 'Local Administrators');
  t.is(
    directory(t, { stdout: whole.replace('Local Administrators', 'CORP\\a = b, c') }).value?.adminGroups,
    'CORP\\a = b, c',
  );
});

test('pwpolicy-getaccountpolicies-04 to -06: the rule of Apple, none, and two of a profile', (t) => {
  const [stock, none, profile] = [4, 5, 6].map(
    (number) => policies(t, { stdout: corpus(`pwpolicy-getaccountpolicies-0${number}.txt`) }).value,
  );
  t.is(stock?.[0]?.identifier, 'com.apple.defaultpasswordpolicy.fde');
  t.is(stock?.[0]?.content, "policyAttributePassword matches '.{4,}+'");
  t.deepEqual(none, []);
  t.deepEqual(
    profile?.map(({ parameters }) => [...parameters]),
    [
      [['policyAttributeMaximumFailedAuthentications', 10]],
      [
        ['autoEnableInSeconds', 900],
        ['policyAttributeMaximumFailedAuthentications', 10],
      ],
    ],
  );
});

test('the header alone is no rule, and nothing else is', (t) => {
  const header = 'Getting global account policies\n';
  t.deepEqual(policies(t, { stdout: header }).value, []);
  const list = corpus('pwpolicy-getaccountpolicies-05.txt').slice(header.length);
  for (const answer of [
    {},
    { stdout: header.trimEnd() },
    { stdout: list },
    { stdout: header, exitCode: 1 },
    { stdout: header + header },
    { stdout: `${header}${list.slice(0, -12)}` },
    { stdout: `Getting account policies for user <alice>\n${list}` },
  ])
    t.is(policies(t, answer).value, null, JSON.stringify(answer));
});

test('of the rules no other language and no other key is kept', (t) => {
  const more = '<key>de</key><string>CANARY</string>';
  const stdout = corpus('pwpolicy-getaccountpolicies-04.txt')
    .replace('<key>en</key>', `${more}<key>en</key>`)
    .replace('<key>policyContent</key>', '<key>other</key><string>CANARY</string><key>policyContent</key>');
  t.true(stdout.includes('CANARY'));
  t.false(sanitizePwpolicyGetAccountPolicies(stdout).includes('CANARY'));
  t.is(policies(t, { stdout }).value?.length, 1);
});

test('security-authorizationdb-console-01 and -02: the steps in their order, whatever stands behind the list', (t) => {
  const [both, one] = [1, 2].map(
    (number) => steps(t, { stdout: corpus(`security-authorizationdb-console-0${number}.txt`) }).value,
  );
  t.deepEqual([both?.length, one?.length], [17, 18]);
  t.deepEqual(both?.[4], { plugin: 'builtin', mechanism: 'reset-password', isPrivileged: true });
  t.deepEqual(one?.[16], { plugin: 'PSSOAuthPlugin', mechanism: 'login-auth', isPrivileged: false });
});

test('a right that is not found, and silence, are no empty list', (t) => {
  t.is(
    codeOf(() => parseSecurityAuthorizationdbConsole(answerOf({ stderr: 'NO (-60005)\n', exitCode: 1 }))),
    'source_failed',
  );
  for (const answer of [{}, { stderr: 'YES (0)\n' }, { stdout: 'YES (0)\n' }, { exitCode: 1 }])
    t.is(steps(t, answer).value, null, JSON.stringify(answer));
});

test('system_profiler-ibridge-json-01: full security, and no UUID is kept', (t) => {
  const stdout = corpus('system_profiler-ibridge-json-01.txt');
  t.deepEqual(startup(t, { stdout }).value, {
    description: 'Full Security',
    level: 'full',
    allowsKernelExtensions: false,
    allowsMdmOperations: true,
    isSystemSealed: true,
  });
  t.notRegex(sanitizeSystemProfilerIbridge(stdout), /uuid|mBoot/);
});

test('a word that is not known says nothing, and no list is an answer without a chip', (t) => {
  const of = (...chips: unknown[]): string => JSON.stringify({ SPiBridgeDataType: chips });
  const french = startup(t, { stdout: of({ ibridge_secure_boot: 'Sécurité maximale' }) });
  t.like(french.value, { description: 'Sécurité maximale', level: null, allowsMdmOperations: null });
  const long = startup(t, { stdout: of({ ibridge_secure_boot: 'x'.repeat(100) }) });
  t.is(long.value?.description, null);
  t.is(
    startup(t, { stdout: of({ ibridge_sb_device_mdm: 'No', ibridge_sb_manual_mdm: 'Oui' }) }).value
      ?.allowsMdmOperations,
    null,
  );
  for (const stdout of ['', '{', '[]', '{}', of(), of({}, {}), of('x'), 'null'])
    t.is(startup(t, { stdout }).value, null, stdout);
  t.is(startup(t, { stdout: of({}), exitCode: 1 }).value, null);
});
