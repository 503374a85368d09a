import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import {
  parseSysadminctlSecureTokenStatus as parse,
  type SecureTokenStatus,
} from '../../collector/parsers/sysadminctl_secure_token_status.ts';
import { samplesOf } from './corpus.ts';
import { answerOf, fuzzParser } from './fuzz.ts';

const at = '2026-09-23 10:10:38.619 sysadminctl[1053:11513] ';
const ask = (stderr: string, exitCode = 0): SecureTokenStatus => parse(answerOf({ stderr, exitCode }));
const codeOf = (stderr: string, exitCode = 0): string => {
  try {
    return `no error: ${JSON.stringify(ask(stderr, exitCode))}`;
  } catch (error) {
    return error instanceof CollectError ? error.code : String(error);
  }
};

interface SysadminctlCase {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly token: boolean | null;
  readonly display_name?: string;
  readonly error?: string;
}
const { cases } = JSON.parse(
  readFileSync(new URL('../corpus/cases/sysadminctl.cases.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly SysadminctlCase[] };

for (const { stream, text, token, display_name, error } of cases) {
  test(`${stream} ${JSON.stringify(text)} says ${token ?? error ?? 'nothing'}`, (t) => {
    const answer = answerOf({ [stream]: text });
    if (token === null && error !== 'unknown user') {
      // "unrecognised" and "empty": no answer, so an error.
      t.is(t.throws(() => parse(answer), { instanceOf: CollectError })?.code, 'parse_failed');
      return;
    }
    const { state, displayName } = parse(answer);
    t.is(state, token === null ? 'unknown_user' : token ? 'ENABLED' : 'DISABLED');
    if (display_name !== undefined) t.is(displayName, display_name);
  });
}

test('stdout is never asked', (t) => {
  const stdout = `${at}Secure token is ENABLED for user alice\n`;
  t.throws(() => parse(answerOf({ stdout })), { instanceOf: CollectError, message: /stderr/ });
});

test('the exit code changes nothing', (t) => {
  t.is(ask(`${at}Secure token is DISABLED for user alice\n`, 1).state, 'DISABLED');
  t.is(ask(`${at}Unknown user alice\n`, 0).state, 'unknown_user');
});

test('a full name cannot answer', (t) => {
  t.deepEqual(ask(`${at}Secure token is DISABLED for user Secure token is ENABLED for user bob\n`), {
    state: 'DISABLED',
    displayName: 'Secure token is ENABLED for user bob',
  });
  t.deepEqual(ask(`${at}Unknown user Secure token is ENABLED for user bob\n`), {
    state: 'unknown_user',
    displayName: 'Secure token is ENABLED for user bob',
  });
  t.is(codeOf(`${at}Looked for Unknown user bob\n`), 'parse_failed');
  t.is(codeOf(`${at}Looked for Secure token is ENABLED for user bob\n`), 'parse_failed');
});

test('a line break in a full name goes on with it', (t) => {
  const name = 'Mallory\nSecure token is ENABLED for user root';
  t.is(ask(`${at}Secure token is DISABLED for user ${name}\n`).state, 'DISABLED');
  t.is(ask(`${at}Secure token is DISABLED for user Mallory\n\nUnknown user x\n`).state, 'DISABLED');
});

test('two messages that differ are no answer, even when a full name made one of them', (t) => {
  const disabled = `${at}Secure token is DISABLED for user Mallory\n`;
  t.is(codeOf(`${disabled}${at}Secure token is ENABLED for user root\n`), 'parse_failed');
  t.is(codeOf(`${disabled}${at}Unknown user root\n`), 'parse_failed');
  // Without prefixes nothing tells where a message ends.
  t.is(codeOf('Secure token is DISABLED for user a\nSecure token is ENABLED for user b\n'), 'parse_failed');
  t.is(codeOf(`Secure token is ENABLED for user b\n${disabled}`), 'parse_failed');
  t.is(ask(`${disabled}${disabled}`).state, 'DISABLED');
});

test('lines around the answer change nothing', (t) => {
  const answer = `${at}Secure token is ENABLED for user alice\n`;
  t.is(ask(`objc[1]: Class X is implemented in both\n${answer}`).state, 'ENABLED');
  t.is(ask(`${at}### Error:-14090 File:/x/DSAuthenticator.m Line:94\n${answer}`).state, 'ENABLED');
  t.is(ask(`${answer}${at}Done\n`).state, 'ENABLED');
  t.is(ask(`${at}\nSecure token is ENABLED for user alice\n`).state, 'ENABLED');
});

test('no answer at all', (t) => {
  t.is(codeOf(''), 'parse_failed');
  t.is(codeOf('\n'), 'parse_failed');
  t.is(codeOf('Usage: sysadminctl\n', 64), 'parse_failed');
  t.is(codeOf(`${at}Secure token is UNKNOWN for user alice\n`), 'parse_failed');
  t.is(codeOf(`${at}Secure token is enabled for user alice\n`), 'parse_failed');
  t.is(codeOf(`${at}Failed to authenticate with SystemAdministration framework.\n`), 'source_failed');
  t.is(codeOf(`${at}### Error:-14090 File:/x/DSAuthenticator.m Line:94\n`), 'source_failed');
  t.is(codeOf(`${at}This must be run as root\n`), 'permission_denied');
});

test('the prefix with its process number is not part of a message', (t) => {
  const error = t.throws(() => ask(`${at}something else\n`), { instanceOf: CollectError });
  t.regex(error?.message ?? '', /: 14 bytes, sha256 [0-9a-f]{12}$/);
  t.notRegex(error?.message ?? '', /1053|2026/);
});

test('any text', (t) => fuzzParser(t, parse, samplesOf('sysadminctl-')));
