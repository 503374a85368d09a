import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Parse } from '../../collector/answer.ts';
import { parseProfilesStatusBootstraptoken } from '../../collector/parsers/profiles_status_bootstraptoken.ts';
import {
  parseProfilesStatusEnrollment,
  type EnrollmentStatus,
} from '../../collector/parsers/profiles_status_enrollment.ts';
import { sizeAndDigest } from '../../collector/parsers/withheld.ts';
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
  t.is(code({ stdout: 'profiles: Bootstrap Token supported on server: MAYBE\n' }), 'parse_failed');
  t.is(code({ stdout: `${yes}profiles: Error: -402\n` }), 'source_failed');
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

/** The value and the messages of what is noted beside it. */
const look = <T>(
  parse: Parse<T>,
  stdout: string,
): { readonly value: T; readonly notes: readonly string[] } => {
  const notes: string[] = [];
  const value = parse(answerOf({ stdout }), ({ message }) => notes.push(message));
  return { value, notes };
};
const noise = [
  '',
  ' \t',
  '2026-01-02 03:04:05.678 profiles[123:4567] something happened',
  'objc[812]: Class X is implemented in both',
];
const supportedLine = 'profiles: Bootstrap Token supported on server: YES';
const escrowedLine = 'profiles: Bootstrap Token escrowed to server: NO';

test('bootstraptoken: a line that is not known costs itself', (t) => {
  const both = { supported: true, escrowed: false, notEnrolled: false };
  for (const line of [
    'something new',
    'profiles: Bootstrap Token validated on server: YES',
    'Escrowed by: an MDM',
  ]) {
    for (const lines of [
      [line, supportedLine, escrowedLine],
      [supportedLine, line, escrowedLine],
      [supportedLine, escrowedLine, line],
    ]) {
      const { value, notes } = look(parseProfilesStatusBootstraptoken, `${lines.join('\n')}\n`);
      t.deepEqual(value, both);
      t.deepEqual(notes, [
        `profiles status -type bootstraptoken printed a line that is not known: ${sizeAndDigest(line)}`,
      ]);
    }
  }
  const word = look(
    parseProfilesStatusBootstraptoken,
    `${supportedLine}\n${escrowedLine.replace('NO', 'MAYBE')}\n`,
  );
  t.deepEqual(word.value, { ...both, escrowed: null });
  t.is(word.notes.length, 2);
});

test('bootstraptoken: a fact that is both is neither, one that is missing is noted', (t) => {
  const twice = look(
    parseProfilesStatusBootstraptoken,
    `${supportedLine}\n${escrowedLine}\n${escrowedLine}\n`,
  );
  t.deepEqual(twice, { value: { supported: true, escrowed: false, notEnrolled: false }, notes: [] });
  const other = escrowedLine.replace('NO', 'YES');
  const both = look(parseProfilesStatusBootstraptoken, `${supportedLine}\n${escrowedLine}\n${other}\n`);
  t.deepEqual(both.value, { supported: true, escrowed: null, notEnrolled: false });
  t.is(both.notes.length, 1);
  t.is(look(parseProfilesStatusBootstraptoken, `${supportedLine}\n`).notes.length, 1);
  t.is(look(parseProfilesStatusBootstraptoken, `${escrowedLine}\n`).notes.length, 1);
  // So does 10.15.6 where the server does not support it.
  t.deepEqual(look(parseProfilesStatusBootstraptoken, `${supportedLine.replace('YES', 'NO')}\n`).notes, []);
});

test('bootstraptoken: what says the same costs nothing', (t) => {
  const lines = [supportedLine, escrowedLine];
  const same = { value: { supported: true, escrowed: false, notEnrolled: false }, notes: [] };
  for (const line of noise) {
    for (const at of [0, 1, 2]) {
      const text = `${lines.toSpliced(at, 0, line).join('\n')}\n`;
      t.deepEqual(look(parseProfilesStatusBootstraptoken, text), same);
    }
  }
  for (const text of [lines.toReversed().join('\r\n'), lines.join(' (cached)\n').toUpperCase()]) {
    t.deepEqual(look(parseProfilesStatusBootstraptoken, `${text}\n`), same);
  }
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

test('enrollment: of the URL its origin, whatever is in it', (t) => {
  const url = 'https://u:p@mdm.example.com:8443/a?b=c: d'.replace(' ', '%20');
  t.is(
    statusOf(`Enrolled via DEP: Yes\nMDM enrollment: Yes (User Approved)\nMDM server: ${url}\n`).serverUrl,
    'https://mdm.example.com',
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
  t.is(code({ stdout: 'MDM server: https://mdm.example.com\n' }), 'parse_failed');
  t.is(code({ stdout: `${no}Error: something\n` }), 'source_failed');
  t.is(
    code({ stderr: 'profiles: this command requires root privileges\n', exitCode: 1 }),
    'permission_denied',
  );
  t.is(code({ stdout: 'Must be running as root\n' }), 'permission_denied');
});

test('enrollment: a line that is not known costs itself (enrollment-01)', (t) => {
  const lines = [
    'Enrolled via DEP: No',
    'MDM enrollment: Yes (User Approved)',
    'MDM server: https://mdm.example.com',
  ];
  const all = look(parseProfilesStatusEnrollment, `${lines.join('\n')}\n`);
  t.deepEqual(all.value, { ...enrolled, enrolledViaDep: false, serverUrl: 'https://mdm.example.com' });
  t.deepEqual(all.notes, []);
  for (const line of ['Some banner line that has no colon', '(null)', 'x: y']) {
    for (const at of [0, 1, 2, 3]) {
      const { value, notes } = look(
        parseProfilesStatusEnrollment,
        `${lines.toSpliced(at, 0, line).join('\n')}\n`,
      );
      t.deepEqual(value, all.value);
      t.deepEqual(notes, [
        `profiles status -type enrollment printed a line that is not known: ${sizeAndDigest(line)}`,
      ]);
    }
  }
  for (const line of noise) {
    for (const at of [0, 1, 2, 3]) {
      t.deepEqual(look(parseProfilesStatusEnrollment, `${lines.toSpliced(at, 0, line).join('\r\n')}\n`), all);
    }
  }
  const capitals = look(
    parseProfilesStatusEnrollment,
    `${lines
      .join('\n')
      .toUpperCase()
      .replace(/HTTPS.*/, 'https://mdm.example.com')}\n`,
  );
  t.deepEqual(capitals, all);
});

test('enrollment: the odd line i of n costs the fact of it', (t) => {
  const lines = [
    'Enrolled via DEP: Yes',
    'MDM enrollment: Yes (User Approved)',
    'MDM server: https://mdm.example.com',
  ];
  const whole = { ...enrolled, serverUrl: 'https://mdm.example.com' };
  const lost: readonly Partial<EnrollmentStatus>[] = [
    { enrolledViaDep: null },
    { mdmEnrolled: null, userApproved: null },
    { serverUrl: null },
  ];
  for (const [at, line] of lines.entries()) {
    const odd = [line.replace(/: .*/, ': Perhaps so'), line.replace(': ', ' = '), line.replace(/: .*/, ':')];
    for (const text of odd) {
      const { value, notes } = look(parseProfilesStatusEnrollment, `${lines.with(at, text).join('\n')}\n`);
      t.deepEqual(value, { ...whole, ...lost[at] }, text);
      t.true(notes.length > 0, text);
    }
    const twice = look(parseProfilesStatusEnrollment, `${[...lines, line].join('\n')}\n`);
    t.deepEqual(twice, { value: whole, notes: [] });
    const other = line.replace('Yes', 'No').replace('https://', 'https://a.');
    const both = look(parseProfilesStatusEnrollment, `${[...lines, other].join('\n')}\n`);
    t.deepEqual(both.value, { ...whole, ...lost[at] });
    t.is(both.notes.length, 1);
  }
});

test('enrollment: no cut is read as a whole answer', (t) => {
  const texts = [
    'Enrolled via DEP: Yes\nMDM enrollment: Yes (User Approved)\n',
    'MDM enrollment: Yes (User Approved)\nEnrolled via DEP: Yes\nMDM server: https://mdm.example.com\n',
  ];
  for (const text of texts) {
    const whole = look(parseProfilesStatusEnrollment, text).value;
    for (let length = 1; length < text.length; length++) {
      const stdout = text.slice(0, length);
      if (codeOf(parseProfilesStatusEnrollment, { stdout }) === 'parse_failed') continue;
      const { value, notes } = look(parseProfilesStatusEnrollment, stdout);
      for (const fact of ['enrolledViaDep', 'mdmEnrolled', 'userApproved', 'serverUrl'] as const) {
        if (value[fact] !== null) t.is<unknown, unknown>(value[fact], whole[fact], stdout);
      }
      // A cut right before the line of the server cannot be seen: older versions of macOS print none.
      if (!stdout.endsWith('\n') || value.mdmEnrolled === null) t.true(notes.length > 0, stdout);
    }
  }
});

test('enrollment: a remark that is not known says nothing of approval', (t) => {
  t.is(
    look(parseProfilesStatusEnrollment, 'Enrolled via DEP: No\nMDM enrollment: Yes (Other)\n').notes.length,
    1,
  );
  const no = look(parseProfilesStatusEnrollment, 'Enrolled via DEP: No\nMDM enrollment: No (Removed)\n');
  t.deepEqual(no.notes, []);
  t.is(no.value.mdmEnrolled, false);
});

test('enrollment: any text', (t) =>
  fuzzParser(t, parseProfilesStatusEnrollment, samplesOf('profiles-status-enrollment-')));
