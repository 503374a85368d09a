import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import {
  parseProfilesShowEnrollmentCached as parse,
  sanitizeProfilesShowEnrollmentCached as reduce,
} from '../../collector/parsers/profiles_show_enrollment_cached.ts';
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

const sample = textOf('profiles-show-enrollment-01.txt');
const look = (answer: Partial<Answer>): unknown => {
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
    const seen = look(answer);
    t.deepEqual(seen, expected[each.file]);
    t.is((seen as { isAssigned?: boolean }).isAssigned ?? null, each.expect.assigned as never);
    // The same text on the other stream means the same, except a record, which is only ever on stdout.
    if (each.file !== 'profiles-show-enrollment-01.txt' && each.file !== 'profiles-show-enrollment-07.txt') {
      t.deepEqual(look({ ...answer, stdout: answer.stderr, stderr: answer.stdout }), seen);
      t.deepEqual(look({ ...answer, exitCode: 1 }), seen);
    }
    t.deepEqual(look({ ...answer, stdout: reduce(answer.stdout) }), seen);
  });
}

test('every case of the corpus is replayed', (t) => {
  t.deepEqual(
    casesOf('profiles-show-enrollment').map(({ file }) => file),
    Object.keys(expected),
  );
});

test('the keys that may be missing (constructed)', (t) => {
  const of = (body: string) => look({ stdout: `Device Enrollment configuration:\n${body}\n` });
  t.deepEqual(of('{\n}'), { ...notAssigned, isAssigned: true });
  t.deepEqual(of('{ IsSupervised = 0; SkipSetup = ( Siri ); }'), {
    isAssigned: true,
    isSupervised: false,
    isMandatory: null,
    skipsFileVaultPane: false,
  });
  t.is(of('{ IsSupervised = 1; } more'), 'parse_failed');
  t.is(of(''), 'parse_failed');
  t.is(of('( )'), 'parse_failed');
});

test('the odd value of one key costs that key, a log around the record nothing (constructed)', (t) => {
  const text = (body: string): string => `Device Enrollment configuration:\n${body}\n`;
  const told = (stdout: string) =>
    tell((said: string, note) => parse(answerOf({ stdout: said }), note), stdout);
  const entries = ['IsMandatory = 1;', 'IsSupervised = 1;', 'SkipSetup = ( Siri, FileVault );'];
  const whole = told(text(`{ ${entries.join(' ')} }`));
  t.deepEqual(whole, {
    value: { isAssigned: true, isSupervised: true, isMandatory: true, skipsFileVaultPane: true },
    notes: [],
  });
  const lost = [{ isMandatory: null }, { isSupervised: null }, { skipsFileVaultPane: null }];
  for (const [at, entry] of entries.entries()) {
    for (const odd of ['maybe', '{ }', '(null)', '<0a>']) {
      const other = `${entry.split(' ')[0]} = ${odd};`;
      for (const changed of [entries.with(at, other), [...entries, other]]) {
        const stdout = text(`{ ${changed.join(' ')} }`);
        const { value, notes } = told(stdout);
        t.deepEqual(value, { ...whole.value, ...lost[at] });
        t.is(notes.length, 1);
        t.deepEqual(told(reduce(stdout)), { value, notes });
      }
    }
  }
  const pane = told(text('{ SkipSetup = ( FileVault, { } ); }'));
  t.is(pane.value.skipsFileVaultPane, true);
  t.is(told(text('{ SkipSetup = ( Siri, { } ); }')).value.skipsFileVaultPane, null);
  for (const line of noiseLines) {
    for (const stdout of [
      `${line}\n${sample}`,
      `${sample}${line}\n`,
      sample.replace(':\n', `:\n${line}\n`),
    ]) {
      t.deepEqual(told(stdout), told(sample));
      t.is(reduce(stdout), reduce(sample));
    }
    const none = `${line}\nError fetching Device Enrollment configuration: Client is not DEP enabled.\n${line}\n`;
    t.false(told(none).value.isAssigned);
  }
});

test('what is not known is refused', (t) => {
  t.is(look({}), 'parse_failed');
  t.is(look({ stdout: '{ IsSupervised = 1; }' }), 'parse_failed');
  t.is(
    look({ stdout: 'Error fetching Device Enrollment configuration: (34017) Something new.' }),
    'parse_failed',
  );
  t.is(
    look({ stderr: 'Error fetching Device Enrollment configuration: (34017) Something new.' }),
    'source_failed',
  );
  t.is(
    look({ stdout: sample, stderr: 'Error fetching Device Enrollment configuration: Something new.' }),
    'parse_failed',
  );
  t.is(look({ stderr: 'profiles: this command requires root privileges' }), 'permission_denied');
  t.is(look({ stdout: 'profiles: this command requires root privileges' }), 'permission_denied');
});

test('no planted secret comes out, and no address of the organisation', (t) => {
  const planted = plantOpenStep(sample);
  for (const key of neverCollected) t.true(planted.includes(key));
  const value = parse(answerOf({ stdout: planted }));
  t.deepEqual(value as unknown, expected['profiles-show-enrollment-01.txt']);
  holdsNoCanary(t, planted, value, reduce(planted));
  t.is(reduce(planted), reduce(sample));
  t.deepEqual(reduce(sample).match(/^ {4}(\w+) = /gm), [
    '    IsMandatory = ',
    '    IsSupervised = ',
    '    SkipSetup = ',
  ]);
  for (const word of ['twocanoes', 'mdscentral', 'Chicago', '630 555', '30820364'])
    t.false(reduce(sample).includes(word));
  holdsNoCanary(t, planted, reduce(planted.slice(0, -4)), reduce(`${planted} x`));
});

test('the details of an error are cut off', (t) => {
  const text = textOf('profiles-show-enrollment-05.txt');
  t.is(
    reduce(text),
    'Error fetching Device Enrollment configuration: (34006) Error Domain=MCCloudConfigurationErrorDomain Code=34006 "The cloud configuration server is unavailable."\n',
  );
  t.regex(reduce('Error fetching Device Enrollment configuration: CANARY'), /^tokenquery: 54 bytes/);
});

const samples = casesOf('profiles-show-enrollment').map(({ file }) => textOf(file));

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parse, [...samples, plantOpenStep(sample)]);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, reduce, (stdout, note) => parse(answerOf({ stdout }), note), [
    ...samples,
    plantOpenStep(sample),
  ]);
});
