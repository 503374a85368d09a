import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Parse } from '../../collector/answer.ts';
import { parseProfilesStatusBootstraptoken } from '../../collector/parsers/profiles_status_bootstraptoken.ts';
import {
  parseProfilesStatusEnrollment,
  type EnrollmentStatus,
} from '../../collector/parsers/profiles_status_enrollment.ts';
import { samplesOf } from './corpus.ts';
import { answerOf, fuzzParser } from './fuzz.ts';

const codeOf = (parse: Parse<unknown>, answer: Partial<Answer>): string => {
  try {
    return `no error: ${JSON.stringify(parse(answerOf(answer)))}`;
  } catch (error) {
    return error instanceof CollectError ? error.code : String(error);
  }
};

// --- bootstraptoken ---

interface BootstrapCase {
  readonly stdout: string;
  readonly exit?: number;
  readonly supported: boolean | null;
  readonly escrowed: boolean | null;
}
const { cases } = JSON.parse(
  readFileSync(new URL('../corpus/cases/profiles-status-bootstraptoken.cases.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly BootstrapCase[] };

for (const { stdout, exit = 0, supported, escrowed } of cases) {
  test(`bootstraptoken: ${JSON.stringify(stdout)}`, (t) => {
    const answer = answerOf({ stdout, exitCode: exit });
    if (supported === null && escrowed === null) {
      // Nothing known: here that is an error with a code.
      t.is(codeOf(parseProfilesStatusBootstraptoken, answer), 'parse_failed');
    } else {
      t.deepEqual(parseProfilesStatusBootstraptoken(answer), { supported, escrowed, notEnrolled: false });
    }
  });
}

test('bootstraptoken: what is not known is not "no"', (t) => {
  const code = (answer: Partial<Answer>): string => codeOf(parseProfilesStatusBootstraptoken, answer);
  const yes = 'profiles: Bootstrap Token supported on server: YES\n';
  t.is(code({}), 'parse_failed');
  t.is(code({ exitCode: 1 }), 'parse_failed');
  t.is(code({ stdout: 'something new\n' }), 'parse_failed');
  t.is(code({ stdout: `${yes}something new\n` }), 'parse_failed');
  t.is(code({ stdout: 'profiles: Bootstrap Token supported on server: MAYBE\n' }), 'parse_failed');
  t.is(code({ stdout: `${yes}profiles: Bootstrap Token supported on server: NO\n` }), 'parse_failed');
  t.is(code({ stdout: 'profiles: Error: -402\n' }), 'source_failed');
  t.is(code({ stderr: 'profiles: the operation could not be completed\n', exitCode: 1 }), 'source_failed');
  t.is(code({ stdout: 'Must be running as root\n' }), 'permission_denied');
  t.is(
    code({ stdout: yes, stderr: 'profiles: this command requires root privileges\n' }),
    'permission_denied',
  );
});

test('bootstraptoken: only a Mac that says so is not enrolled', (t) => {
  const none = { supported: null, escrowed: null, notEnrolled: true };
  const said = 'profiles: this Mac is not enrolled in MDM\n';
  t.deepEqual(parseProfilesStatusBootstraptoken(answerOf({ stderr: said, exitCode: 1 })), none);
  t.deepEqual(parseProfilesStatusBootstraptoken(answerOf({ stdout: said })), none);
});

test('bootstraptoken: any text', (t) =>
  fuzzParser(t, parseProfilesStatusBootstraptoken, samplesOf('profiles-status-bootstraptoken-')));

// --- enrollment ---

const enrolled: EnrollmentStatus = {
  enrolledViaDep: true,
  mdmEnrolled: true,
  userApproved: true,
  serverUrl: null,
  isLegacy: false,
};
const statusOf = (stdout: string): EnrollmentStatus => parseProfilesStatusEnrollment(answerOf({ stdout }));

test('enrollment: approval is a fact of an enrolled Mac only', (t) => {
  t.deepEqual(statusOf('Enrolled via DEP: Yes\nMDM enrollment: Yes (User Approved)\n'), enrolled);
  t.deepEqual(statusOf('Enrolled via DEP: Yes\nMDM enrollment: Yes\n'), { ...enrolled, userApproved: false });
  t.deepEqual(statusOf('Enrolled via DEP: Yes\nMDM enrollment: Yes (User Enrollment)\n'), {
    ...enrolled,
    userApproved: null,
  });
  t.deepEqual(statusOf('Enrolled via DEP: Yes\nMDM enrollment: No\n'), {
    ...enrolled,
    mdmEnrolled: false,
    userApproved: null,
  });
});

test('enrollment: a missing line is null, a further one changes nothing', (t) => {
  t.deepEqual(statusOf('MDM enrollment: Yes (User Approved)\n'), { ...enrolled, enrolledViaDep: null });
  t.deepEqual(statusOf('Enrolled via DEP: No\n'), {
    enrolledViaDep: false,
    mdmEnrolled: null,
    userApproved: null,
    serverUrl: null,
    isLegacy: false,
  });
  t.deepEqual(
    statusOf('Enrolled via DEP: Yes\nMDM enrollment: Yes (User Approved)\nDevice channel: on\n'),
    enrolled,
  );
});

test('enrollment: the whole URL, whatever is in it', (t) => {
  const url = 'https://u:p@mdm.example.com:8443/a?b=c: d'.replace(' ', '%20');
  t.is(
    statusOf(`Enrolled via DEP: Yes\nMDM enrollment: Yes (User Approved)\nMDM server: ${url}\n`).serverUrl,
    url,
  );
});

test('enrollment: 10.13.0 speaks of DEP alone', (t) => {
  t.deepEqual(statusOf('An enrollment profile is currently installed on this system\n'), {
    enrolledViaDep: true,
    mdmEnrolled: null,
    userApproved: null,
    serverUrl: null,
    isLegacy: true,
  });
});

test('enrollment: what is not known is not "no"', (t) => {
  const code = (answer: Partial<Answer>): string => codeOf(parseProfilesStatusEnrollment, answer);
  const no = 'Enrolled via DEP: No\nMDM enrollment: No\n';
  t.is(code({}), 'parse_failed');
  t.is(code({ exitCode: 1 }), 'parse_failed');
  t.is(code({ stdout: `${no}something new\n` }), 'parse_failed');
  t.is(code({ stdout: 'Enrolled via DEP: No\nMDM enrollment: Perhaps\n' }), 'parse_failed');
  t.is(code({ stdout: `${no}MDM enrollment: Yes\n` }), 'parse_failed');
  t.is(code({ stdout: 'MDM server: https://mdm.example.com\n' }), 'parse_failed');
  t.is(code({ stdout: `${no}Error: something\n` }), 'source_failed');
  t.is(
    code({ stderr: 'profiles: this command requires root privileges\n', exitCode: 1 }),
    'permission_denied',
  );
  t.is(code({ stdout: 'Must be running as root\n' }), 'permission_denied');
});

test('enrollment: any text', (t) =>
  fuzzParser(t, parseProfilesStatusEnrollment, samplesOf('profiles-status-enrollment-')));
