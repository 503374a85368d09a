import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import {
  parseFdesetupShowDeferralInfo as parse,
  sanitizeFdesetupShowDeferralInfo as sanitize,
} from '../../collector/parsers/fdesetup_show_deferral_info.ts';
import { answerOf, fuzzParser } from './fuzz.ts';
import {
  answerOfCase,
  casesOf,
  fuzzReducer,
  holdsNoCanary,
  neverCollected,
  plantOpenStep,
  textOf,
} from './more.ts';

const sample = textOf('fdesetup-showdeferralinfo-01.txt');
const codeOf = (answer: Partial<Answer>): string | undefined => {
  try {
    parse(answerOf(answer));
  } catch (problem) {
    return problem instanceof CollectError ? problem.code : String(problem);
  }
  return undefined;
};
const none = {
  defer: true,
  usernames: null,
  profileUuid: null,
  outputPath: null,
  showRecoveryKey: null,
  maxBypassAttempts: null,
  bypassAttemptsRemaining: null,
  dontAskAtLogout: null,
};

test('the published output of 10.15.6', (t) => {
  const cases = casesOf('fdesetup-showdeferralinfo');
  t.is(cases.length, 1);
  for (const each of cases) {
    const answer = parse(answerOfCase(each));
    t.deepEqual(
      {
        defer: answer?.defer,
        output_path: answer?.outputPath,
        profile_uuid: answer?.profileUuid,
        show_recovery_key: answer?.showRecoveryKey,
        usernames: answer?.usernames,
      },
      each.expect as never,
    );
    // No published output says how often the user may still put it off.
    t.is(answer?.maxBypassAttempts, null);
    t.is(answer?.bypassAttemptsRemaining, null);
    t.is(answer?.dontAskAtLogout, null);
  }
  t.is(sanitize(sample), sample);
});

test('no deferral is proven by its own words alone', (t) => {
  t.is(parse(answerOf({ stdout: 'Not found.\n' })), null);
  // munki-conditions: exit code 20.
  t.is(parse(answerOf({ stdout: 'Not found.\n', exitCode: 20 })), null);
  t.is(sanitize('Not found.\n'), 'Not found.\n');
  t.is(codeOf({ stdout: 'Not found.\n', exitCode: 11 }), 'source_failed');
  t.is(codeOf({ stdout: '' }), 'parse_failed');
  t.is(codeOf({ stdout: '', exitCode: 20 }), 'parse_failed');
  t.is(codeOf({ stdout: 'Nothing.\n' }), 'parse_failed');
});

test('the documented names of further settings (constructed)', (t) => {
  t.deepEqual(
    parse(
      answerOf({
        stdout: `{
    Defer = 1;
    DeferDontAskAtUserLogout = 1;
    DeferForceAtUserLoginMaxBypassAttempts = "-1";
    Usernames =     (
        alice,
        "Bob \\U00e9"
    );
}
`,
      }),
    ),
    { ...none, usernames: ['alice', 'Bob \u00e9'], maxBypassAttempts: -1, dontAskAtLogout: true },
  );
  t.deepEqual(parse(answerOf({ stdout: '{ Defer = 0; }' })), { ...none, defer: false });
});

test('what is not known is refused', (t) => {
  t.is(codeOf({ stdout: 'Must be running as root\n' }), 'permission_denied');
  t.is(
    codeOf({ stderr: 'fdesetup: this command requires root privileges\n', exitCode: 1 }),
    'permission_denied',
  );
  t.is(codeOf({ stdout: sample, stderr: 'Must be running as root\n' }), 'permission_denied');
  t.is(
    codeOf({ stderr: "Error: Unknown volume or device specifier: '/'.\n", exitCode: 15 }),
    'source_failed',
  );
  t.is(codeOf({ stdout: sample, exitCode: 20 }), 'source_failed');
  t.is(codeOf({ stdout: sample.slice(0, -3) }), 'parse_failed');
  t.is(codeOf({ stdout: sample.replace('Defer = 1', 'Defer = 2') }), 'parse_failed');
  t.is(codeOf({ stdout: sample.replace('Defer = 1', 'Later = 1') }), 'parse_failed');
  t.is(codeOf({ stdout: sample.replace('ShowRecoveryKey = 1', 'ShowRecoveryKey = YES') }), 'parse_failed');
  t.is(codeOf({ stdout: sample.replace('Usernames =     (\n    )', 'Usernames = alice') }), 'parse_failed');
  t.is(codeOf({ stdout: '( )' }), 'parse_failed');
  t.is(codeOf({ stdout: '(null)' }), 'parse_failed');
});

test('no planted secret comes out', (t) => {
  const planted = plantOpenStep(sample);
  for (const key of neverCollected) t.true(planted.includes(key));
  const value = parse(answerOf({ stdout: planted }));
  t.deepEqual(value, parse(answerOf({ stdout: sample })));
  holdsNoCanary(t, planted, value, sanitize(planted));
  t.is(sanitize(planted), sample);
  const broken = `${planted}}`;
  holdsNoCanary(t, broken, sanitize(broken), t.throws(() => parse(answerOf({ stdout: broken })))?.message);
  const size = new TextEncoder().encode(broken).length;
  t.is(
    sanitize(broken),
    `tokenquery: ${size} bytes that are not an answer of fdesetup showdeferralinfo were withheld\n`,
  );
  t.is(sanitize('Only root may do that: CANARY\n').includes('requires root'), true);
});

test('the file that holds the recovery key is no answer of this command', (t) => {
  const file = textOf('fdesetup-deferplist-01.plist');
  t.is(codeOf({ stdout: file }), 'parse_failed');
  t.regex(
    sanitize(file),
    /^tokenquery: \d+ bytes that are not an answer of fdesetup showdeferralinfo were withheld\n$/,
  );
});

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parse, [sample, 'Not found.\n', plantOpenStep(sample)]);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, sanitize, (stdout) => parse(answerOf({ stdout })), [
    sample,
    'Not found.\n',
    plantOpenStep(sample),
  ]);
});
