import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import { unread } from '../../collector/parsers/allowed.ts';
import {
  parseFdesetupShowDeferralInfo as parse,
  sanitizeFdesetupShowDeferralInfo as reduce,
} from '../../collector/parsers/fdesetup_show_deferral_info.ts';
import { answerOf, fuzzParser } from './fuzz.ts';
import {
  answerOfCase,
  casesOf,
  fuzzReducer,
  holdsNoCanary,
  neverCollected,
  noiseLines,
  plantOpenStep,
  tell,
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
  t.is(reduce(sample), sample);
});

test('no deferral is proven by its own words alone', (t) => {
  t.is(parse(answerOf({ stdout: 'Not found.\n' })), null);
  // munki-conditions: exit code 20.
  t.is(parse(answerOf({ stdout: 'Not found.\n', exitCode: 20 })), null);
  t.is(reduce('Not found.\n'), 'Not found.\n');
  t.is(codeOf({ stdout: 'Not found.\n', exitCode: 11 }), 'source_failed');
  t.is(codeOf({ stdout: '' }), 'parse_failed');
  t.is(codeOf({ stdout: '', exitCode: 20 }), 'parse_failed');
  t.is(codeOf({ stdout: 'Nothing.\n' }), 'parse_failed');
});

test('a line beside "Not found." is noted, and never repeated', (t) => {
  const line = 'A new sentence of a later macOS, SECRET-1234.';
  for (const text of [`Not found.\n${line}\n`, `${line}\n${line}\nNot found.\nNot found.\n`]) {
    const { value, notes } = look(text);
    t.is(value, null);
    t.is(notes.length, 1);
    t.false(`${notes[0]}${reduce(text)}`.includes('SECRET'));
    t.is(reduce(reduce(text)), reduce(text));
    t.deepEqual(look(reduce(text)), { value, notes });
  }
  t.is(codeOf({ stdout: `Not found.\n${full}` }), 'parse_failed');
  t.is(codeOf({ stdout: 'Not found.\nError: something\n', exitCode: 1 }), 'source_failed');
  t.is(codeOf({ stdout: 'Not found.\nMust be running as root\n' }), 'parse_failed');
});

test('a profile is known by its UUID, in any case, and by nothing else', (t) => {
  const uuid = '418DEB1B-2D6C-4B0E-8A0D-0C3B6E1F2A11';
  t.deepEqual(look(full.replace(uuid, uuid.toLowerCase())), look(full));
  for (const odd of [`${uuid.slice(0, -1)}G`, `${uuid} `, '', 'no'].map((text) => full.replace(uuid, text))) {
    const { value, notes } = look(odd);
    t.deepEqual(value as unknown, { ...look(full).value, profileUuid: null });
    t.is(notes.length, 1);
    t.deepEqual(look(reduce(odd)), { value, notes });
  }
});

test('a line of the deferral that is not text costs what it may have said', (t) => {
  const withheld = 'tokenquery: 20 bytes that are not UTF-8 were withheld';
  const text = full.replace('    ShowRecoveryKey = 1;', withheld);
  const { value, notes } = look(text);
  t.deepEqual(value as unknown, { ...look(full).value, showRecoveryKey: null });
  t.is(notes.length, 1);
  t.deepEqual(look(reduce(text)), { value, notes });
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

const full = `{
    Defer = 1;
    DeferDontAskAtUserLogout = 1;
    DeferForceAtUserLoginMaxBypassAttempts = 3;
    OutputPath = "/private/var/root/key.plist";
    ProfileUUID = "418DEB1B-2D6C-4B0E-8A0D-0C3B6E1F2A11";
    ShowRecoveryKey = 1;
    Usernames =     (
        alice
    );
}
`;
const look = (stdout: string) =>
  tell((text: string, note) => parse(answerOf({ stdout: text }), note), stdout);
/** What each key becomes when its value is not known. */
const lost: Readonly<Record<string, object>> = {
  DeferDontAskAtUserLogout: { dontAskAtLogout: null },
  DeferForceAtUserLoginMaxBypassAttempts: { maxBypassAttempts: null },
  OutputPath: { outputPath: unread },
  ProfileUUID: { profileUuid: null },
  ShowRecoveryKey: { showRecoveryKey: null },
  Usernames: { usernames: null },
};

test('the odd value of one key costs that key (constructed)', (t) => {
  const whole = look(full);
  t.deepEqual(whole.notes, []);
  for (const [key, expected] of Object.entries(lost)) {
    const found = new RegExp(`^    ${key} =[^;]*;$`, 'm').exec(full)?.[0] ?? '';
    for (const odd of ['{ }', '<0a>', '(null)', '( { } )', '{length = 1, bytes = 0x00}']) {
      for (const text of [
        full.replace(found, `    ${key} = ${odd};`),
        full.replace(found, `${found}\n    ${key} = ${odd};`),
      ]) {
        const { value, notes } = look(text);
        t.deepEqual(value, { ...whole.value, ...expected } as never, text);
        t.is(notes.length, 1, text);
        t.true(notes[0]?.includes(`${key} of the answer`), text);
        t.deepEqual(look(reduce(text)), { value, notes });
        t.is(reduce(reduce(text)), reduce(text));
      }
    }
    t.deepEqual(look(full.replace(found, `${found}\n${found}`)), whole, 'the same twice');
  }
  t.is(codeOf({ stdout: full.replace('Defer = 1;', 'Defer = 1; Defer = 0;') }), 'parse_failed');
});

test('lines of a log around the answer cost nothing', (t) => {
  for (const line of noiseLines) {
    for (const text of [`${line}\n${full}`, `${full}${line}\n`, full.replaceAll('\n', '\r\n')]) {
      t.deepEqual(look(text), look(full));
      t.is(reduce(text), reduce(full));
    }
    t.is(look(`${line}\nNot found.\n`).value, null);
    t.is(reduce(`Not found.\n${line}\n`), 'Not found.\n');
  }
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
  t.is(codeOf({ stdout: '( )' }), 'parse_failed');
  t.is(codeOf({ stdout: '(null)' }), 'parse_failed');
});

test('no planted secret comes out', (t) => {
  const planted = plantOpenStep(sample);
  for (const key of neverCollected) t.true(planted.includes(key));
  const value = parse(answerOf({ stdout: planted }));
  t.deepEqual(value, parse(answerOf({ stdout: sample })));
  holdsNoCanary(t, planted, value, reduce(planted));
  t.is(reduce(planted), sample);
  const broken = `${planted}}`;
  holdsNoCanary(t, broken, reduce(broken), t.throws(() => parse(answerOf({ stdout: broken })))?.message);
  const size = new TextEncoder().encode(broken).length;
  t.is(
    reduce(broken),
    `tokenquery: ${size} bytes that are not an answer of fdesetup showdeferralinfo were withheld\n`,
  );
  t.is(reduce('Only root may do that: CANARY\n').includes('requires root'), true);
});

test('the file that holds the recovery key is no answer of this command', (t) => {
  const file = textOf('fdesetup-deferplist-01.plist');
  t.is(codeOf({ stdout: file }), 'parse_failed');
  t.regex(
    reduce(file),
    /^tokenquery: \d+ bytes that are not an answer of fdesetup showdeferralinfo were withheld\n$/,
  );
});

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parse, [sample, 'Not found.\n', plantOpenStep(sample)]);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, reduce, (stdout, note) => parse(answerOf({ stdout }), note), [
    sample,
    'Not found.\n',
    plantOpenStep(sample),
  ]);
});
