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
  t.is(statusOf('Encryption in progress: Percent completed = 101').percentComplete, null);
  t.is(statusOf('Encryption in progress: Percent completed = ').percentComplete, null);
  t.is(statusOf('Encryption in progress: Percent completed = -1').percentComplete, null);
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
  t.is(code({ stdout: 'FileVault is On.\nConversion paused.\n' }), 'parse_failed');
  t.is(code({ stdout: 'FileVault is On.\nFileVault is Off.\n' }), 'parse_failed');
  t.is(code({ stdout: 'FileVault master keychain appears to be installed.\n' }), 'parse_failed');
  t.is(code({ stdout: 'fdesetup must be run as root\n', exitCode: 1 }), 'permission_denied');
  t.is(code({ stderr: 'fdesetup must be run as root\n', exitCode: 11 }), 'permission_denied');
});

test('status: any text', (t) => fuzzParser(t, parseFdesetupStatus, samplesOf('fdesetup-status-')));

// --- list ---

const alice = '163DDC62-5D23-40A2-8EC9-0190B267251B';

test('list: keys and deleted accounts have no name', (t) => {
  const stdout = [
    `alice,${alice.toLowerCase()}`,
    '(null),EBC6C064-0000-11AA-AA11-00306543ECAC',
    '10D5D1E2-62A5-482E-B1E0-E05E74B41D71,10D5D1E2-62A5-482E-B1E0-E05E74B41D71',
    `must be root,${alice}`,
    '',
  ].join('\n');
  t.deepEqual(parseFdesetupList(answerOf({ stdout })), {
    users: [
      { name: 'alice', uuid: alice },
      { name: null, uuid: 'EBC6C064-0000-11AA-AA11-00306543ECAC' },
      { name: null, uuid: '10D5D1E2-62A5-482E-B1E0-E05E74B41D71' },
      { name: 'must be root', uuid: alice },
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

test('list: one line that is not known spoils it, and the message does not repeat the line', (t) => {
  for (const bad of [
    'bob',
    `bob;${alice}`,
    `bob,${alice},x`,
    `,${alice}`,
    `bob,${alice}0`,
    'bob,FB756838-XXXX',
  ]) {
    const stdout = `alice,${alice}\n\n${bad}\n`;
    const error = t.throws(() => parseFdesetupList(answerOf({ stdout })), { instanceOf: CollectError }, bad);
    t.is(error?.code, 'parse_failed');
    t.is(error?.message, 'fdesetup list: line 3 has a form that is not known');
  }
  t.is(codeOf(parseFdesetupList, { stdout: `alice,${alice}\n`, exitCode: 1 }), 'source_failed');
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

test('list -extended: the header alone is an empty list, a row alone is not known', (t) => {
  t.deepEqual(parseFdesetupListExtended(answerOf({ stdout: header })), { rows: [], isFileVaultOff: false });
  const code = (stdout: string, exitCode = 0): string =>
    codeOf(parseFdesetupListExtended, { stdout, exitCode });
  t.is(code(`        ${alice}   OS User alice\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}   Hologram User alice\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}   OS Users\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}\n`), 'parse_failed');
  t.is(code(`${header}   alice OS User\n`), 'parse_failed');
  t.is(code(`${header}   ${alice}   OS User alice\n`, 1), 'source_failed');
});

test('list -extended: any text', (t) =>
  fuzzParser(t, parseFdesetupListExtended, samplesOf('fdesetup-list-extended-')));

// --- one word ---

test('true and false, and nothing else', (t) => {
  t.true(parseTrueFalse(answerOf({ stdout: 'true\n' })));
  t.false(parseTrueFalse(answerOf({ stdout: 'false', exitCode: 1 })));
  for (const stdout of ['', '\n', 'TRUE', 'true false', 'true\nfalse\n', '1', 'yes']) {
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

test('one word: any text', (t) => fuzzParser(t, parseTrueFalse, ['true\n', 'false\n']));

// --- version ---

test('version: one short line with a digit', (t) => {
  t.is(parseFdesetupVersion(answerOf({ stdout: ' 16.0\n' })), '16.0');
  t.is(
    parseFdesetupVersion(answerOf({ stdout: 'fdesetup version 12.1 (a)\n' })),
    'fdesetup version 12.1 (a)',
  );
  for (const stdout of ['', 'version\n', '16.0\n17.0\n', '9'.repeat(81), '16/0']) {
    t.is(codeOf(parseFdesetupVersion, { stdout }), 'parse_failed', stdout);
  }
  t.is(codeOf(parseFdesetupVersion, { stdout: 'Error: 13 is not a command' }), 'source_failed');
  t.is(codeOf(parseFdesetupVersion, { stdout: '16.0', exitCode: 13 }), 'source_failed');
});

test('version: any text', (t) =>
  fuzzParser(t, parseFdesetupVersion, ['16.0\n', 'fdesetup version 12.1 (a)\n']));
