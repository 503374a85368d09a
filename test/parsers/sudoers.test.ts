import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseSudoers, sanitizeSudoers } from '../../collector/parsers/sudoers.ts';
import type { SudoersEntry } from '../../collector/parsers/sudoers.ts';
import { decodeUtf8 } from '../../collector/sanitize.ts';

const encoder = new TextEncoder();
const corpus = (file: string): string =>
  readFileSync(new URL(`../corpus/access/${file}`, import.meta.url), 'utf8');

/** What is read of a text, and that what is kept of it says the same, holds none of these, and is kept as it is. */
const read = (
  t: { is: (a: unknown, b: unknown) => void; deepEqual: (a: unknown, b: unknown) => void },
  text: string,
  secrets: readonly string[] = [],
): { readonly entries: readonly SudoersEntry[]; readonly notes: readonly string[] } => {
  const told = (content: Uint8Array) => {
    const notes: string[] = [];
    const entries = parseSudoers(content, (problem) => notes.push(problem.message));
    return { entries, notes };
  };
  const kept = sanitizeSudoers(encoder.encode(text));
  t.deepEqual(told(kept), told(encoder.encode(text)));
  t.is(decodeUtf8(sanitizeSudoers(kept)), decodeUtf8(kept));
  for (const secret of secrets) t.is((decodeUtf8(kept) ?? '').includes(secret), false);
  return told(encoder.encode(text));
};
const one = (t: Parameters<typeof read>[0], text: string): SudoersEntry | undefined =>
  read(t, text).entries[0];

test('sudoers-default-01: two rules, fifteen settings, and an include that is no comment', (t) => {
  const { entries, notes } = read(t, corpus('sudoers-default-01.txt'));
  t.deepEqual(notes, []);
  t.is(entries.filter(({ kind }) => kind === 'defaults').length, 15);
  t.deepEqual(
    entries
      .filter(({ kind }) => kind === 'rule')
      .map(({ line, header, details, needsNoPassword, isForAllCommands }) => [
        line,
        header,
        details,
        needsNoPassword,
        isForAllCommands,
      ]),
    [
      [59, 'root', 'ALL = (ALL) ALL', false, true],
      [60, '%admin', 'ALL = (ALL) ALL', false, true],
    ],
  );
  t.deepEqual(
    entries.flatMap(({ included }) => included ?? []),
    ['/private/etc/sudoers.d'],
  );
  // As many rows as osquery has.
  t.is(entries.length, 18);
});

test('sudoers-d-mscp-01: settings with their values', (t) => {
  t.deepEqual(
    read(t, corpus('sudoers-d-mscp-01.txt')).entries.map(({ details }) => details),
    ['timestamp_timeout=0', 'log_allowed'],
  );
});

test('a number behind "#" is a user, and any other word a comment', (t) => {
  t.is(one(t, '#501 ALL = (ALL) NOPASSWD: ALL\n')?.header, '#501');
  t.is(one(t, '%#20 ALL = (ALL) ALL # why\n')?.details, 'ALL = (ALL) ALL');
  t.deepEqual(read(t, '# alice ALL = NOPASSWD: ALL\n#includes nothing\n').entries, []);
  t.deepEqual(read(t, '# a comment that goes on \\\nalice ALL = NOPASSWD: ALL\n').entries, []);
});

const passwordCases: readonly (readonly [string, boolean | null])[] = [
  ['alice ALL = NOPASSWD: ALL', true],
  ['alice ALL=(ALL)NOPASSWD:ALL', true],
  ['alice ALL = NOPASSWD: SETENV: /bin/a, /bin/b', true],
  ['alice ALL = /bin/a, NOPASSWD: /bin/b', true],
  ['alice ALL = PASSWD: /bin/a', false],
  ['alice ALL = NOPASSWD: !/bin/a, PASSWD: /bin/b', false],
  ['alice ALL = TIMEOUT=8h NOPASSWD: /bin/a', true],
  ['alice ALL = /bin/echo NOPASSWD', false],
  // Another list of commands may begin there.
  ['alice ALL = /bin/a : host = NOPASSWD: ALL', null],
  ['alice ALL = echo NOPASSWD', null],
  ['Defaults !authenticate', true],
  ['Defaults:alice authenticate', false],
];
test('a command without a password is told, and where the form is not known nobody says that there is none', (t) => {
  for (const [text, expected] of passwordCases) {
    t.is(one(t, `${text}\n`)?.needsNoPassword, expected, text);
    t.is(one(t, text.replace(' = ', ' = \\\n    '))?.needsNoPassword, expected, `${text}, in two lines`);
  }
});

test('no argument, no digest and no text of a setting is kept', (t) => {
  const text = [
    'alice ALL = /bin/cat /etc/hunter2, /usr/bin/x -p hunter2\\, more, sudoedit /hunter2',
    'bob ALL = sha256:hunter2 /bin/ls, CWD="/hunter2" /bin/ls',
    'Defaults badpass_message="hunter2, and more", secure_path="/hunter2:/bin"',
    'hunter2 is no form that is known',
    'Cmnd_Alias A = /bin/a hunter2',
    '',
  ].join('\n');
  const { entries, notes } = read(t, text, ['hunter2']);
  t.is(entries.length, 5);
  t.is(notes.length, 1);
});

test('what is no text is withheld, and is an error', (t) => {
  const bytes = Uint8Array.from([0xff, 0xfe, 0x00]);
  const kept = sanitizeSudoers(bytes);
  t.is(decodeUtf8(kept), 'tokenquery: 3 bytes that are not a text of sudoers were withheld\n');
  t.deepEqual(sanitizeSudoers(kept), kept);
  t.throws(() => parseSudoers(bytes), { message: /no text of sudoers/ });
  t.throws(() => parseSudoers(kept), { message: /no text of sudoers/ });
  t.deepEqual(parseSudoers(new Uint8Array()), []);
});

test('texts put together of parts are read, kept and read again alike', (t) => {
  const parts = [
    ...[
      'alice',
      'ALL',
      '=',
      '(root)',
      'NOPASSWD:',
      '/bin/ls',
      ',',
      ' ',
      '\n',
      '\\',
      '"',
      '#',
      '#501',
      ':',
      '!',
      'Defaults',
    ],
    ...[
      '%admin',
      'Cmnd_Alias',
      'A',
      '@include',
      '/x',
      '(',
      ')',
      '(arguments)',
      '(a form that is not known)',
      'sha256:x',
    ],
  ];
  let state = 7;
  const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648);
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: 1 + (next() % 12) }, () => parts[next() % parts.length]).join(
      next() % 2 === 0 ? ' ' : '',
    );
    t.notThrows(() => read(t, text), JSON.stringify(text));
  }
});
