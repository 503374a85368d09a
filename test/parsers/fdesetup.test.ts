import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Parse } from '../../collector/answer.ts';
import { parseTrueFalse } from '../../collector/parsers/fdesetup_flags.ts';
import { parseFdesetupList } from '../../collector/parsers/fdesetup_list.ts';
import { parseFdesetupListExtended } from '../../collector/parsers/fdesetup_list_extended.ts';
import { parseFdesetupStatus, type FdesetupStatus } from '../../collector/parsers/fdesetup_status.ts';
import { parseFdesetupVersion } from '../../collector/parsers/fdesetup_version.ts';
import { samplesOf, textOf } from './corpus.ts';
import { answerOf, fuzzParser } from './fuzz.ts';

const codeOf = (parse: Parse<unknown>, answer: Partial<Answer>): string => {
  try {
    return `no error: ${JSON.stringify(parse(answerOf(answer)))}`;
  } catch (error) {
    return error instanceof CollectError ? error.code : String(error);
  }
};

// --- status ---

const statusOf = (stdout: string, exitCode = 0): FdesetupStatus =>
  parseFdesetupStatus(answerOf({ stdout, exitCode }));
/** What a parser notes beside its value. */
const notesOf = (parse: Parse<unknown>, answer: Partial<Answer>): string[] => {
  const notes: string[] = [];
  parse(answerOf(answer), ({ code, message }) => notes.push(`${code}: ${message}`));
  return notes;
};
const off: FdesetupStatus = {
  isOn: false,
  status: 'off',
  percentComplete: null,
  isDeferred: false,
  deferredUser: null,
  masterKeychainPresent: false,
};

test('status: on, off and what is in between', (t) => {
  t.deepEqual(statusOf('FileVault is Off.\n'), off);
  t.deepEqual(statusOf('FileVault is Off.\n', 1), off);
  t.deepEqual(statusOf('FileVault is On.\n', 2), { ...off, isOn: true, status: 'on' });
  t.deepEqual(statusOf('FileVault is On, but needs to be restarted to finish.\n'), {
    ...off,
    isOn: true,
    status: 'restart_needed',
  });
  t.deepEqual(statusOf('FileVault is Off, but will be enabled after the next restart.\n'), {
    ...off,
    status: 'restart_needed',
  });
});

test('status: the headline and the conversion are two facts', (t) => {
  t.deepEqual(statusOf('FileVault is On.\nDecryption in progress: Percent completed = 50.5\n'), {
    ...off,
    isOn: true,
    status: 'decrypting',
    percentComplete: 50.5,
  });
  t.deepEqual(statusOf('FileVault is Off.\nEncryption in progress: percent complete = 42\n'), {
    ...off,
    status: 'encrypting',
    percentComplete: 42,
  });
  t.is(statusOf('Encryption in progress: Percent completed = 101\n').percentComplete, null);
  t.is(statusOf('Encryption in progress: Percent completed = \n').percentComplete, null);
  t.is(statusOf('Encryption in progress: Percent completed = -1\n').percentComplete, null);
});

test('status: a deferral while FileVault is on is told, but is not the status', (t) => {
  const deferral = "Deferred enablement appears to be active for user 'd'angelo'.\n";
  t.deepEqual(statusOf(`FileVault is Off.\n${deferral}`), {
    ...off,
    status: 'deferred',
    isDeferred: true,
    deferredUser: "d'angelo",
  });
  t.is(statusOf(`FileVault is On.\n${deferral}`).status, 'on');
  t.true(statusOf(`FileVault is On.\n${deferral}`).isDeferred);
  t.is(
    statusOf("FileVault is Off.\nDeferred enablement appears to be active for user ''.\n").deferredUser,
    null,
  );
});

test('status: unknown is not off', (t) => {
  const code = (answer: Partial<Answer>): string => codeOf(parseFdesetupStatus, answer);
  t.is(code({}), 'parse_failed');
  t.is(code({ exitCode: 1 }), 'parse_failed');
  t.is(code({ exitCode: 15, stderr: "Error: Unknown volume or device specifier: '/'.\n" }), 'source_failed');
  t.is(code({ exitCode: 15, stdout: 'FileVault is Off.\n' }), 'source_failed');
  t.is(code({ exitCode: 0, stderr: "Error: Unknown volume or device specifier: '/'.\n" }), 'source_failed');
  t.is(code({ stdout: 'FileVault is On' }), 'parse_failed');
  t.is(code({ stdout: 'FileVault is Paused.' }), 'parse_failed');
  t.is(code({ stdout: 'FileVault master keychain appears to be installed.\n' }), 'parse_failed');
  t.is(code({ stdout: 'fdesetup must be run as root\n', exitCode: 1 }), 'permission_denied');
  t.is(code({ stderr: 'fdesetup must be run as root\n', exitCode: 11 }), 'permission_denied');
});

const unknownLines = ['Remote unlock is enabled.', 'A line without a colon', 'Secure Enclave: ready'];

test('status: a sentence that is not known costs what it may be about, and nothing else', (t) => {
  for (const line of unknownLines) {
    for (const stdout of [
      `FileVault is On.\n${line}\n`,
      `${line}\nFileVault is On.\n`,
      `FileVault is On. ${line}\n`,
    ]) {
      t.deepEqual(statusOf(stdout), { ...off, isOn: true, status: 'on' }, stdout);
      t.is(notesOf(parseFdesetupStatus, { stdout }).length, 1, stdout);
    }
  }
  const on = 'FileVault is On.\n';
  t.like(statusOf(`${on}Conversion paused.\n`), { isOn: true, status: null, masterKeychainPresent: false });
  t.like(statusOf(`${on}Encryption is 40 percent done.\n`), { isOn: true, status: null });
  t.like(statusOf(`${on}A master keychain was found.\n`), { status: 'on', masterKeychainPresent: null });
  t.like(statusOf('FileVault is Off.\nEnablement is deferred.\n'), {
    isOn: false,
    status: null,
    isDeferred: null,
  });
  t.like(statusOf(`${on}FileVault is Paused.\n`), { isOn: null, status: null });
  t.deepEqual(statusOf("FileVault is Off.\nDeferred enablement appears to be active for user 'ann\n"), {
    ...off,
    status: 'deferred',
    isDeferred: true,
  });
});

test('status: sentences that contradict each other leave what they agree on', (t) => {
  const notes = (stdout: string): number => notesOf(parseFdesetupStatus, { stdout }).length;
  const both = 'FileVault is On.\nFileVault is Off.\n';
  t.like(statusOf(both), { isOn: null, status: null });
  t.is(notes(both), 1);
  const restart = 'FileVault is On.\nFileVault is On, but needs to be restarted to finish.\n';
  t.like(statusOf(restart), { isOn: true, status: null });
  const twice = 'FileVault is On.\nFileVault is On.\n';
  t.deepEqual(statusOf(twice), { ...off, isOn: true, status: 'on' });
  t.is(notes(twice), 0);
  const conversions = 'FileVault is On.\nEncryption in progress: Pending\nDecryption in progress: Pending\n';
  t.like(statusOf(conversions), { isOn: true, status: null, percentComplete: null });
  const progress = [40, 41]
    .map((percent) => `Encryption in progress: Percent completed = ${percent}\n`)
    .join('');
  t.like(statusOf(progress), { isOn: null, status: 'encrypting', percentComplete: null });
  t.is(notes(progress), 2);
});

test('status: an end without a line feed may be cut', (t) => {
  const whole = 'FileVault is On.\nEncryption in progress: Percent completed = 42\n';
  t.deepEqual(statusOf(whole.slice(0, -2)), {
    isOn: true,
    status: 'encrypting',
    percentComplete: null,
    isDeferred: null,
    deferredUser: null,
    masterKeychainPresent: null,
  });
  // What follows may be a conversion.
  t.like(statusOf('FileVault is On.'), { isOn: true, status: null });
  for (let length = 0; length < whole.length; length++) {
    const stdout = whole.slice(0, length);
    if (stdout === 'FileVault is On.\n') continue;
    const value = (() => {
      try {
        return statusOf(stdout);
      } catch (error) {
        return error;
      }
    })();
    if (value instanceof CollectError) continue;
    t.like(value, { isOn: true, percentComplete: null });
    t.not((value as FdesetupStatus).status, 'on', stdout);
    t.true(notesOf(parseFdesetupStatus, { stdout }).length > 0, stdout);
  }
});

const noise = [
  '',
  ' \t',
  '2026-01-02 03:04:05.678 fdesetup[123:4567] something happened',
  '2026-01-02 03:04:05.678+0100 fdesetup[123] On',
  'objc[812]: Class X is implemented in both',
];

test('status: what says the same costs nothing', (t) => {
  const text = "FileVault is Off.\nDeferred enablement appears to be active for user 'ann'.\n";
  const same = statusOf(text);
  for (const line of noise) {
    for (const stdout of [`${line}\n${text}`, `${text}${line}\n`, text.replace('\n', `\n${line}\n`)]) {
      t.deepEqual(statusOf(stdout), same);
      t.deepEqual(notesOf(parseFdesetupStatus, { stdout }), []);
    }
  }
  for (const stdout of [
    text.toUpperCase().replace('ANN', 'ann'),
    text.replaceAll('\n', ' \r\n'),
    text + text,
  ]) {
    t.deepEqual(statusOf(stdout), same, stdout);
    t.deepEqual(notesOf(parseFdesetupStatus, { stdout }), []);
  }
});

test('status: sentences, not lines, are what counts (fdesetup-07)', (t) => {
  const stdout = 'FileVault is On. Decryption in progress: Percent completed = 42.\n';
  t.deepEqual(statusOf(stdout), { ...off, isOn: true, status: 'decrypting', percentComplete: 42 });
  t.deepEqual(notesOf(parseFdesetupStatus, { stdout }), []);
});

test('status: any text', (t) => fuzzParser(t, parseFdesetupStatus, samplesOf('fdesetup-status-')));

// --- list ---

const alice = '163DDC62-5D23-40A2-8EC9-0190B267251B';

test('list: keys and deleted accounts have no name', (t) => {
  const stdout = [
    `alice,${alice.toLowerCase()}`,
    '(null),EBC6C064-0000-11AA-AA11-00306543ECAC',
    '10D5D1E2-62A5-482E-B1E0-E05E74B41D71,10D5D1E2-62A5-482E-B1E0-E05E74B41D71',
    'must be root,0C37B8E7-9B1A-4F52-9E0B-6E7B3A1D2C44',
    '',
  ].join('\n');
  t.deepEqual(parseFdesetupList(answerOf({ stdout })), {
    users: [
      { name: 'alice', uuid: alice },
      { name: null, uuid: 'EBC6C064-0000-11AA-AA11-00306543ECAC' },
      { name: null, uuid: '10D5D1E2-62A5-482E-B1E0-E05E74B41D71' },
      { name: 'must be root', uuid: '0C37B8E7-9B1A-4F52-9E0B-6E7B3A1D2C44' },
    ],
    isFileVaultOff: false,
  });
});

for (const [name, parse, none] of [
  ['list', parseFdesetupList, { users: [], isFileVaultOff: true }],
  ['list -extended', parseFdesetupListExtended, { rows: [], isFileVaultOff: true }],
] as const) {
  test(`${name}: FileVault is off, on either stream and with any exit code`, (t) => {
    const said = 'Error: FileVault is Off.\n';
    t.deepEqual<unknown, unknown>(parse(answerOf({ stderr: said })), none);
    t.deepEqual<unknown, unknown>(parse(answerOf({ stdout: said, exitCode: 28 })), none);
    t.deepEqual<unknown, unknown>(parse(answerOf({ stderr: said, exitCode: 1, euid: 501 })), none);
    const rows = textOf(name === 'list' ? 'fdesetup-list-02.txt' : 'fdesetup-list-extended-01.txt');
    t.is(codeOf(parse, { stdout: `${rows}\n${said}` }), 'parse_failed');
    t.deepEqual<unknown, unknown>(
      parse(answerOf({ stdout: rows, stderr: said })),
      parse(answerOf({ stdout: rows })),
    );
  });

  test(`${name}: silence is no answer`, (t) => {
    t.is(codeOf(parse, { euid: 0 }), 'parse_failed');
    t.is(codeOf(parse, { euid: null }), 'parse_failed');
    t.is(codeOf(parse, { euid: 501 }), 'permission_denied');
    t.is(
      codeOf(parse, { euid: 501, exitCode: 11, stderr: 'Error: Authentication error.\n' }),
      'permission_denied',
    );
    t.is(codeOf(parse, { euid: 0, exitCode: 11, stderr: 'Error: Authentication error.\n' }), 'source_failed');
    t.is(
      codeOf(parse, { exitCode: 15, stderr: "Error: Unknown volume or device specifier: '/'.\n" }),
      'source_failed',
    );
    t.is(codeOf(parse, { stderr: 'fdesetup: requires root access\n' }), 'permission_denied');
    t.is(codeOf(parse, { stdout: 'This command must be run as root\n' }), 'permission_denied');
  });
}

const badLines = ['bob', `bob;${alice}`, `bob,${alice},x`, `,${alice}`, `bob,${alice}0`, 'bob,FB756838-XXXX'];

test('list: a line that is not known is noted by its number, and costs itself', (t) => {
  for (const bad of badLines) {
    const stdout = `alice,${alice}\n\n${bad}\n`;
    t.deepEqual(parseFdesetupList(answerOf({ stdout })).users, [{ name: 'alice', uuid: alice }], bad);
    t.deepEqual(notesOf(parseFdesetupList, { stdout }), [
      'parse_failed: fdesetup list: line 3 has a form that is not known',
    ]);
    t.is(codeOf(parseFdesetupList, { stdout: `${bad}\n` }), 'parse_failed', bad);
  }
  t.is(codeOf(parseFdesetupList, { stdout: 'objc[812]: noise\n' }), 'parse_failed');
  t.is(codeOf(parseFdesetupList, { stdout: `alice,${alice}\n`, exitCode: 1 }), 'source_failed');
});

test('list: a UUID twice is one entry, without a name where the names differ', (t) => {
  const line = `alice,${alice}\n`;
  t.deepEqual(parseFdesetupList(answerOf({ stdout: line + line })).users, [{ name: 'alice', uuid: alice }]);
  t.deepEqual(notesOf(parseFdesetupList, { stdout: line + line }), []);
  const other = `${line}${line.replace('alice,', 'bob,')}`;
  t.deepEqual(parseFdesetupList(answerOf({ stdout: other })).users, [{ name: null, uuid: alice }]);
  t.deepEqual(notesOf(parseFdesetupList, { stdout: other }), [
    `parse_failed: fdesetup list has ${alice} twice, with two names`,
  ]);
});

const uuidOf = (index: number): string => `0000000${index}-0000-4000-8000-000000000000`;

test('lists: the odd line i of n costs only itself, and noise nothing', (t) => {
  const plain = [1, 2, 3, 4].map((index) => `user${index},${uuidOf(index)}`);
  const extended = [1, 2, 3, 4].map((index) => `        ${uuidOf(index)}      OS User user${index}`);
  for (const [parse, top, lines, idsOf] of [
    [parseFdesetupList, '', plain, (answer) => parseFdesetupList(answer).users.map(({ uuid }) => uuid)],
    [
      parseFdesetupListExtended,
      'ESCROW  UUID    TYPE USER\n',
      extended,
      (answer) => parseFdesetupListExtended(answer).rows.map(({ uuid }) => uuid),
    ],
  ] as const satisfies readonly (readonly [
    Parse<unknown>,
    string,
    string[],
    (answer: Answer) => string[],
  ])[]) {
    const all = [1, 2, 3, 4].map(uuidOf);
    for (const at of lines.keys()) {
      const odd = answerOf({ stdout: `${top}${lines.with(at, 'something new').join('\n')}\n` });
      t.deepEqual(idsOf(odd), all.toSpliced(at, 1));
      t.is(notesOf(parse, odd).length, 1);
      for (const line of noise) {
        const noisy = answerOf({ stdout: `${top}${lines.toSpliced(at, 0, line).join('\r\n')}\n` });
        t.deepEqual(idsOf(noisy), all);
        t.deepEqual(notesOf(parse, noisy), []);
      }
    }
    const cut = `${top}${lines.join('\n')}`;
    t.deepEqual(idsOf(answerOf({ stdout: cut })), all);
    t.is(notesOf(parse, { stdout: cut }).length, 1);
  }
});

test('list: any text', (t) =>
  fuzzParser(t, parseFdesetupList, samplesOf('fdesetup-list-0', 'fdesetup-list-1')));

// --- list -extended ---

const header = 'ESCROW  UUID                                                                     TYPE USER\n';

test('list -extended: every known type', (t) => {
  const typed = (type: string): unknown => {
    const stdout = `${header}        ${alice}    ${type}\n`;
    const [row] = parseFdesetupListExtended(answerOf({ stdout })).rows;
    return [row?.type, row?.typeText, row?.username];
  };
  t.deepEqual(typed('OS User alice b'), ['os_user', 'OS User', 'alice b']);
  t.deepEqual(typed('OS User Bootstrap Token'), ['os_user', 'OS User', 'Bootstrap Token']);
  t.deepEqual(typed(`OS User ${alice}`), ['os_user', 'OS User', null]);
  t.deepEqual(typed('Personal Recovery Record'), ['personal_recovery', 'Personal Recovery Record', null]);
  t.deepEqual(typed('Institutional Recovery Record'), [
    'institutional_recovery',
    'Institutional Recovery Record',
    null,
  ]);
  t.deepEqual(typed('iCloud Recovery Record'), ['icloud_recovery', 'iCloud Recovery Record', null]);
  t.deepEqual(typed('Bootstrap Token'), ['bootstrap_token', 'Bootstrap Token', null]);
  t.deepEqual(typed('Unknown User'), ['unknown', 'Unknown User', null]);
  t.deepEqual(typed('Disk Passphrase User'), ['unknown', 'Disk Passphrase User', null]);
});

test('list -extended: a UUID that somebody masked, whole or in part', (t) => {
  for (const uuid of ['XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX', 'FB756838-XXXX-XXXX-XXXX-40FB5E7D5D3F']) {
    const stdout = `${header}Yes ${uuid.toLowerCase()} OS User alice\n`;
    t.deepEqual(parseFdesetupListExtended(answerOf({ stdout })).rows, [
      { escrow: 'Yes', uuid, type: 'os_user', typeText: 'OS User', username: 'alice' },
    ]);
  }
});

test('list -extended: the header alone is an empty list, and may be missing before a row', (t) => {
  t.deepEqual(parseFdesetupListExtended(answerOf({ stdout: header })), { rows: [], isFileVaultOff: false });
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(parseFdesetupListExtended, { stdout, exitCode });
  const stdout = `        ${alice}   OS User alice\n`;
  t.deepEqual(
    parseFdesetupListExtended(answerOf({ stdout })),
    parseFdesetupListExtended(answerOf({ stdout: header + stdout })),
  );
  t.deepEqual(notesOf(parseFdesetupListExtended, { stdout }), [
    'parse_failed: fdesetup list -extended printed no header',
  ]);
  t.is(
    code(`ESCROW UUID TYPE USER NOTE\n${stdout}`),
    'parse_failed',
    'the name could not be told from the note',
  );
  t.is(code(`${header}   alice OS User\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}   OS User alice\n`, 1), 'source_failed');
});

test('list -extended: a row of a type that is not known keeps its UUID', (t) => {
  for (const type of ['Hologram User alice', 'OS Users', 'os user alice']) {
    const stdout = `${header}   ${alice}   ${type}\n`;
    t.deepEqual(parseFdesetupListExtended(answerOf({ stdout })).rows, [
      { escrow: null, uuid: alice, type: null, typeText: null, username: null },
    ]);
    t.deepEqual(notesOf(parseFdesetupListExtended, { stdout }), [
      'parse_failed: fdesetup list -extended: line 2 has a form that is not known',
    ]);
  }
});

test('list -extended: a UUID twice is one row, unknown in what differs', (t) => {
  const row = `Yes ${alice} OS User alice\n`;
  const same = parseFdesetupListExtended(answerOf({ stdout: header + row }));
  t.deepEqual(parseFdesetupListExtended(answerOf({ stdout: header + row + row })), same);
  const other = `${header}${row}No ${alice} OS User bob\n`;
  t.deepEqual(parseFdesetupListExtended(answerOf({ stdout: other })).rows, [
    { escrow: null, uuid: alice, type: 'os_user', typeText: 'OS User', username: null },
  ]);
  t.is(notesOf(parseFdesetupListExtended, { stdout: other }).length, 1);
});

test('list -extended: a list that is cut anywhere says so, and a cut name is none', (t) => {
  const whole = `${header}   ${alice}   OS User alice\n   ${uuidOf(1)}   OS User bob smith\n`;
  for (let length = header.length + 1; length < whole.length; length++) {
    const stdout = whole.slice(0, length);
    if (stdout.endsWith('\n')) continue;
    const code = codeOf(parseFdesetupListExtended, { stdout });
    if (!code.startsWith('no error')) continue;
    const { rows } = parseFdesetupListExtended(answerOf({ stdout }));
    t.true(
      rows.every(({ username }) => username === null || username === 'alice'),
      stdout,
    );
    t.true(notesOf(parseFdesetupListExtended, { stdout }).length > 0, stdout);
  }
});

test('list -extended: any text', (t) =>
  fuzzParser(t, parseFdesetupListExtended, samplesOf('fdesetup-list-extended-')));

// --- one word ---

test('true and false, and nothing else', (t) => {
  t.true(parseTrueFalse(answerOf({ stdout: 'true\n' })));
  t.false(parseTrueFalse(answerOf({ stdout: 'false', exitCode: 1 })));
  for (const stdout of ['', '\n', 'tru', 'true false', 'true\nfalse\n', '1', 'yes']) {
    t.is(codeOf(parseTrueFalse, { stdout }), 'parse_failed', stdout);
  }
  t.is(codeOf(parseTrueFalse, { stdout: 'false', exitCode: 15 }), 'source_failed');
  t.is(
    codeOf(parseTrueFalse, { stdout: 'false', stderr: 'fdesetup must be run as root' }),
    'permission_denied',
  );
  const refused = { stderr: 'Error: Authentication error.', exitCode: 11 };
  t.is(codeOf(parseTrueFalse, refused), 'source_failed');
  t.is(codeOf(parseTrueFalse, { ...refused, euid: 501 }), 'permission_denied');
});

test('one word: capitals, noise and a further line leave it as it is', (t) => {
  for (const line of noise) {
    t.true(parseTrueFalse(answerOf({ stdout: `${line}\nTRUE\r\n` })));
    t.deepEqual(notesOf(parseTrueFalse, { stdout: `${line}\nfalse\n` }), []);
  }
  t.false(parseTrueFalse(answerOf({ stdout: 'false\nfalse\n' })));
  t.true(parseTrueFalse(answerOf({ stdout: 'true\nsomething new\n' })));
  t.is(notesOf(parseTrueFalse, { stdout: 'true\nsomething new\n' }).length, 1);
  t.is(codeOf(parseTrueFalse, { stdout: 'false\nError: something\n' }), 'parse_failed');
});

test('one word: a verb that is not for APFS has no answer, which is no failure (fdesetup-01)', (t) => {
  const stderr = 'This command is not supported on APFS volumes.\n';
  t.is(parseTrueFalse(answerOf({ stderr, exitCode: 34 })), null);
  t.deepEqual(notesOf(parseTrueFalse, { stderr, exitCode: 34 }), []);
  t.is(codeOf(parseTrueFalse, { stderr, exitCode: 33 }), 'source_failed');
});

test('one word: any text', (t) => fuzzParser(t, parseTrueFalse, ['true\n', 'false\n']));

test('status: a line that was not text may have said anything', (t) => {
  const withheld = 'tokenquery: 60 bytes that are not UTF-8 were withheld';
  const nothing = { ...off, isOn: true, status: null, isDeferred: null, masterKeychainPresent: null };
  t.deepEqual(statusOf(`FileVault is On.\n${withheld}\n`), nothing);
  const conversion = 'Encryption in progress: Percent completed = 40';
  t.like(statusOf(`${conversion}\n${withheld}\n`), { status: 'encrypting', isOn: null });
});

// --- version ---

test('version: one short line with a digit', (t) => {
  t.is(parseFdesetupVersion(answerOf({ stdout: ' 16.0\n' })), '16.0');
  t.is(
    parseFdesetupVersion(answerOf({ stdout: 'fdesetup version 12.1 (a)\n' })),
    'fdesetup version 12.1 (a)',
  );
  for (const stdout of [
    '',
    'version\n',
    '16.0\n17.0\n',
    '16.0 x\n16.0\n',
    '9'.repeat(81),
    '16/0',
    '1',
    '16.0',
  ]) {
    t.is(codeOf(parseFdesetupVersion, { stdout }), 'parse_failed', stdout);
  }
  t.is(codeOf(parseFdesetupVersion, { stdout: 'Error: 13 is not a command' }), 'source_failed');
  t.is(codeOf(parseFdesetupVersion, { stdout: '16.0\n', exitCode: 13 }), 'source_failed');
});

test('version: the same line twice is one, and a line that can be none costs nothing', (t) => {
  t.is(parseFdesetupVersion(answerOf({ stdout: '16.0\n16.0\n' })), '16.0');
  t.is(
    parseFdesetupVersion(answerOf({ stdout: '16.0\nA new sentence of macOS, and no version.\n' })),
    '16.0',
  );
  t.is(notesOf(parseFdesetupVersion, { stdout: '16.0\nA new sentence, and no version.\n' }).length, 1);
  t.is(codeOf(parseFdesetupVersion, { stdout: '16.0\nError: no\n' }), 'parse_failed');
});

test('version: any text', (t) =>
  fuzzParser(t, parseFdesetupVersion, ['16.0\n', 'fdesetup version 12.1 (a)\n']));
