import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import {
  parseProfilesShowEnrollmentCached as parse,
  sanitizeProfilesShowEnrollmentCached as sanitize,
} from '../../collector/parsers/profiles_show_enrollment_cached.ts';
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

const sample = textOf('profiles-show-enrollment-01.txt');
const parsedOf = (answer: Partial<Answer>): unknown => {
  try {
    return parse(answerOf(answer));
  } catch (problem) {
    return problem instanceof CollectError ? problem.code : String(problem);
  }
};
const notAssigned = { isAssigned: false, isSupervised: null, isMandatory: null, skipsFileVaultPane: null };

// All of these are outputs of the form without -cached, which asks Apple and is never run by tokenquery. No output of
// the form with -cached is published; what the two have in common is their wording.
const expected: Readonly<Record<string, unknown>> = {
  'profiles-show-enrollment-01.txt': {
    isAssigned: true,
    isSupervised: true,
    isMandatory: true,
    skipsFileVaultPane: true,
  },
  'profiles-show-enrollment-02.txt': notAssigned,
  'profiles-show-enrollment-03.txt': 'permission_denied',
  'profiles-show-enrollment-04.txt': notAssigned,
  'profiles-show-enrollment-05.txt': 'source_failed', // the service is not available
  'profiles-show-enrollment-06.txt': 'source_failed', // asked too often
  'profiles-show-enrollment-07.txt': notAssigned,
  'profiles-show-enrollment-09.txt': 'source_failed', // offline
};

for (const each of casesOf('profiles-show-enrollment')) {
  test(`${each.file}, printed without -cached, says what the corpus says`, (t) => {
    const answer = answerOfCase(each);
    const seen = parsedOf(answer);
    t.deepEqual(seen, expected[each.file]);
    t.is((seen as { isAssigned?: boolean }).isAssigned ?? null, each.expect.assigned as never);
    // The same text on the other stream means the same, except a record, which is only ever on stdout.
    if (each.file !== 'profiles-show-enrollment-01.txt' && each.file !== 'profiles-show-enrollment-07.txt') {
      t.deepEqual(parsedOf({ ...answer, stdout: answer.stderr, stderr: answer.stdout }), seen);
      t.deepEqual(parsedOf({ ...answer, exitCode: 1 }), seen);
    }
    t.deepEqual(parsedOf({ ...answer, stdout: sanitize(answer.stdout) }), seen);
  });
}

test('every case of the corpus is replayed', (t) => {
  t.deepEqual(
    casesOf('profiles-show-enrollment').map(({ file }) => file),
    Object.keys(expected),
  );
});

test('the keys that may be missing (constructed)', (t) => {
  const of = (body: string) => parsedOf({ stdout: `Device Enrollment configuration:\n${body}\n` });
  t.deepEqual(of('{\n}'), { ...notAssigned, isAssigned: true });
  t.deepEqual(of('{ IsSupervised = 0; SkipSetup = ( Siri ); }'), {
    isAssigned: true,
    isSupervised: false,
    isMandatory: null,
    skipsFileVaultPane: false,
  });
  t.is(of('{ IsSupervised = maybe; }'), 'parse_failed');
  t.is(of('{ SkipSetup = FileVault; }'), 'parse_failed');
  t.is(of('{ IsSupervised = 1; } more'), 'parse_failed');
  t.is(of(''), 'parse_failed');
  t.is(of('( )'), 'parse_failed');
});

test('what is not known is refused', (t) => {
  t.is(parsedOf({}), 'parse_failed');
  t.is(parsedOf({ stdout: '{ IsSupervised = 1; }' }), 'parse_failed');
  t.is(
    parsedOf({ stdout: 'Error fetching Device Enrollment configuration: (34017) Something new.' }),
    'parse_failed',
  );
  t.is(
    parsedOf({ stderr: 'Error fetching Device Enrollment configuration: (34017) Something new.' }),
    'source_failed',
  );
  t.is(
    parsedOf({ stdout: sample, stderr: 'Error fetching Device Enrollment configuration: Something new.' }),
    'parse_failed',
  );
  t.is(parsedOf({ stderr: 'profiles: this command requires root privileges' }), 'permission_denied');
  t.is(parsedOf({ stdout: 'profiles: this command requires root privileges' }), 'permission_denied');
});

test('no planted secret comes out, and no address of the organisation', (t) => {
  const planted = plantOpenStep(sample);
  for (const key of neverCollected) t.true(planted.includes(key));
  const value = parse(answerOf({ stdout: planted }));
  t.deepEqual(value as unknown, expected['profiles-show-enrollment-01.txt']);
  holdsNoCanary(t, planted, value, sanitize(planted));
  t.is(sanitize(planted), sanitize(sample));
  t.deepEqual(sanitize(sample).match(/^ {4}(\w+) = /gm), [
    '    IsMandatory = ',
    '    IsSupervised = ',
    '    SkipSetup = ',
  ]);
  for (const word of ['twocanoes', 'mdscentral', 'Chicago', '630 555', '30820364'])
    t.false(sanitize(sample).includes(word));
  holdsNoCanary(t, planted, sanitize(planted.slice(0, -4)), sanitize(`${planted} x`));
});

test('the details of an error are cut off', (t) => {
  const text = textOf('profiles-show-enrollment-05.txt');
  t.is(
    sanitize(text),
    'Error fetching Device Enrollment configuration: (34006) Error Domain=MCCloudConfigurationErrorDomain Code=34006 "The cloud configuration server is unavailable."\n',
  );
  t.regex(sanitize('Error fetching Device Enrollment configuration: CANARY'), /^tokenquery: 54 bytes/);
});

const samples = casesOf('profiles-show-enrollment').map(({ file }) => textOf(file));

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parse, [...samples, plantOpenStep(sample)]);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, sanitize, (stdout) => parse(answerOf({ stdout })), [...samples, plantOpenStep(sample)]);
});
