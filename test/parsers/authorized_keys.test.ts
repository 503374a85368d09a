/** Keys that may log in: what is read of them, and what is never kept. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  optionNames,
  parseAuthorizedKeys,
  sanitizeAuthorizedKeys,
} from '../../collector/parsers/authorized_keys.ts';
import { decodeUtf8 } from '../../collector/sanitize.ts';

const recorded = readFileSync(new URL('../corpus/access/authorized_keys-01.txt', import.meta.url), 'utf8');
const lines = recorded.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
const [ed25519 = '', rsa = '', ecdsa = ''] = lines;
const keyIn = (line: string): string => /AAAA[A-Za-z0-9+/=]+/.exec(line)?.[0] ?? '';
const encoder = new TextEncoder();

interface Asserting {
  readonly is: (a: unknown, b: unknown, message?: string) => void;
  readonly deepEqual: (a: unknown, b: unknown, message?: string) => void;
}

/** What is read of a text; what is kept of it says the same, is kept as it is, and holds neither a key nor a canary. */
const read = (t: Asserting, text: string) => {
  const told = (content: Uint8Array) => {
    const notes: string[] = [];
    return { ...parseAuthorizedKeys(content, (problem) => notes.push(problem.message)), notes };
  };
  const kept = sanitizeAuthorizedKeys(encoder.encode(text));
  const shown = decodeUtf8(kept) ?? '';
  t.deepEqual(told(kept), told(encoder.encode(text)), text);
  t.is(decodeUtf8(sanitizeAuthorizedKeys(kept)), shown);
  for (const secret of ['CANARY', ...lines.map(keyIn)]) t.is(shown.includes(secret), false, text);
  return told(encoder.encode(text));
};

test('authorized_keys-01: three keys with the fingerprints of ssh-keygen', (t) => {
  const { keys, notes, isWhole } = read(t, recorded);
  t.deepEqual([notes, isWhole], [[], true]);
  t.deepEqual(
    keys.map(({ line, algorithm, bits, fingerprint, options }) => [
      line,
      algorithm,
      bits,
      fingerprint,
      options,
    ]),
    [
      [3, 'ssh-ed25519', 256, 'SHA256:L3k/oJubblSY0lB9Ulsl7emDMnRPKm/8udf2ccwk560', []],
      [4, 'ssh-rsa', 1024, 'SHA256:l6itGumSMcRBBAFteCgmjQBIXqLK/jFGUH3viHX1RmE', ['restrict', 'command']],
      [
        5,
        'ecdsa-sha2-nistp256',
        256,
        'SHA256:8ty77fOpABat1y88aNdclQTfU+lVvWe7jYZGw8VYtfg',
        ['from', 'no-port-forwarding'],
      ],
    ],
  );
});

const bare = `ssh-ed25519 ${keyIn(ed25519)}`;
const optionCases: readonly (readonly [string, readonly string[] | null])[] = [
  ['', []],
  ['restrict ', ['restrict']],
  ['RESTRICT,No-Pty ', ['restrict', 'no-pty']],
  // What looks like a key in a command is none.
  ['command="ssh-rsa CANARY",no-pty\t', ['command', 'no-pty']],
  ['command="say \\"CANARY CANARY\\"" ', ['command']],
  [`command="${rsa.replaceAll('"', '\\"')} CANARY" `, ['command']],
  ['from="CANARY,!CANARY" ', ['from']],
  ['cert-authority,principals="CANARY" ', ['cert-authority', 'principals']],
  ['canary=CANARY,environment="A=CANARY" ', ['(another)', 'environment']],
  ['CANARY ', ['(another)']],
  ['command="open ', null],
  ['a b ', null],
];
test('options are told by name, and a key in the value of one is none', (t) => {
  for (const [before, options] of optionCases) {
    const { keys, isWhole } = read(t, `${before}${bare} CANARY ssh-rsa CANARY\n`);
    t.deepEqual(
      keys.map((key) => key.options),
      options === null ? [] : [options],
      before,
    );
    t.is(isWhole, options !== null, before);
  }
  for (const name of optionNames)
    t.deepEqual(read(t, `${name}="CANARY" ${bare}\n`).keys[0]?.options, [name], name);
});

test('what is no key is none, and says its line alone', (t) => {
  const cases = [
    'ssh-ed25519',
    'ssh-ed25519 CANARY',
    `ssh-rsa ${keyIn(ed25519)} CANARY`,
    `ssh-ed25519 ${keyIn(ed25519).slice(0, -8)}`,
    `ssh-new-CANARY ${keyIn(ed25519)}`,
    `ssh-ed25519-cert-v01@openssh.com ${keyIn(ed25519)}`,
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    'CANARY',
    'CANARY CANARY CANARY',
  ];
  for (const odd of cases) {
    const { keys, isWhole, notes } = read(t, `${ecdsa}\n${odd}\n${ed25519}`);
    t.deepEqual([keys.map(({ line }) => line), isWhole], [[1, 3], false], odd);
    t.deepEqual(notes, ['line 2 of authorized_keys has a form that is not known'], odd);
  }
});

test('comments and blank lines are nothing, and so is an empty file', (t) => {
  for (const text of ['', '\n', '# CANARY\n', ` #${ed25519}\n\n\t\n`, '\r\n'])
    t.deepEqual(read(t, text), { keys: [], isWhole: true, notes: [] }, JSON.stringify(text));
  t.is(read(t, ` \t${ed25519}\r\n`).keys.length, 1);
});

test('what is no text is withheld, and is an error', (t) => {
  const bytes = Uint8Array.from([0x73, 0x73, 0x00, 0xff]);
  const kept = sanitizeAuthorizedKeys(bytes);
  t.is(decodeUtf8(kept), 'tokenquery: 4 bytes that are not a text of authorized_keys were withheld\n');
  t.deepEqual(sanitizeAuthorizedKeys(kept), kept);
  for (const content of [bytes, kept]) t.throws(() => parseAuthorizedKeys(content), { message: /no text/ });
});

test('lines put together of parts are read, kept and read again alike', (t) => {
  const parts = [
    bare,
    keyIn(rsa),
    'ssh-rsa',
    ' ',
    ',',
    '"',
    '\\',
    '=',
    '#',
    '\n',
    'from',
    'command="CANARY"',
    'CANARY',
  ];
  let state = 7;
  for (let round = 0; round < 3000; round += 1) {
    let text = '';
    for (let count = round % 12; count >= 0; count -= 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      text += parts[state % parts.length];
    }
    read(t, text);
  }
});
