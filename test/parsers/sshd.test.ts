/** What sshd says of its settings, and what of its files is read beside that. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseSshdConfig, sanitizeSshdConfig } from '../../collector/parsers/sshd_config.ts';
import { numberIn, parseSshdG, sanitizeSshdG, textIn } from '../../collector/parsers/sshd_g.ts';
import type { SshdSettings } from '../../collector/parsers/sshd_g.ts';
import { decodeUtf8 } from '../../collector/sanitize.ts';
import type { Answer } from '../../collector/answer.ts';
import { answerOf } from './fuzz.ts';
import { told } from './told.ts';

const corpus = (file: string): string =>
  readFileSync(new URL(`../corpus/access/${file}`, import.meta.url), 'utf8');
const recorded = corpus('sshd-dump-01.txt');

interface Asserting {
  readonly is: (a: unknown, b: unknown, message?: string) => void;
  readonly deepEqual: (a: unknown, b: unknown, message?: string) => void;
}

/** What is said of an answer; what is kept of it says the same, is kept as it is, and holds none of these. */
const read = (t: Asserting, answer: Partial<Answer>, secrets: readonly string[] = []) => {
  const kept = sanitizeSshdG(answer.stdout ?? '');
  t.is(sanitizeSshdG(kept), kept);
  const said = told(parseSshdG, answerOf(answer));
  t.deepEqual(told(parseSshdG, answerOf({ ...answer, stdout: kept })), said);
  for (const secret of secrets) t.is(kept.includes(secret), false, secret);
  return said;
};
/** The recorded answer, with lines in place of those of their keywords. */
const withLines = (...lines: readonly string[]): string => {
  const keywords = lines.map((line) => line.split(' ')[0] ?? '');
  const others = recorded.split('\n').filter((line) => !keywords.includes(line.split(' ')[0] ?? ''));
  return `${[...lines, ...others.filter((line) => line !== '')].join('\n')}\n`;
};
const settings = (t: Asserting, ...lines: readonly string[]): SshdSettings => {
  const { value } = read(t, { stdout: withLines(...lines) });
  if (value === null) throw new Error('no answer');
  return value;
};

test('sshd-dump-01: passwords by another name, an allow-list, and nothing that is not read', (t) => {
  const { value, notes } = read(t, { stdout: recorded }, ['sshusers', 'ops team', '/run/sshd.pid']);
  t.deepEqual(notes, []);
  if (value === null) return;
  t.is(value.rootLogin, 'no');
  t.deepEqual(
    ['passwordauthentication', 'kbdinteractiveauthentication', 'usepam', 'pubkeyauthentication'].map(
      (keyword) => textIn(value, keyword as never),
    ),
    ['no', 'yes', 'yes', 'yes'],
  );
  t.deepEqual(
    [numberIn(value, 'logingracetime'), numberIn(value, 'unusedconnectiontimeout'), value.shellTimeout],
    [120, 0, 0],
  );
  t.deepEqual([value.hasAllowList, value.channelTimeout, value.isFipsOnly], [true, 'none', false]);
});

test('without-password is the older word for prohibit-password, and a word that nobody knows is none', (t) => {
  t.is(settings(t, 'permitrootlogin without-password').rootLogin, 'prohibit-password');
  t.is(settings(t, 'permitrootlogin forced-commands-only').rootLogin, 'forced-commands-only');
  t.is(settings(t, 'permitrootlogin perhaps').rootLogin, null);
});

const shells: readonly (readonly [string, number | null])[] = [
  ['none', 0],
  ['session:*=900', 900],
  ['*=15m', 900],
  ['session:shell=1h30m session:*=10', 5400],
  ['session:command=5 direct-tcpip=5', 0],
  ['session:*=0', 0],
  ['session:*=0 global=60', 60],
  ['session:*=900 global=60', 60],
  // A pattern that is not known may fit a shell, and it comes first.
  ['sess*=5 session:*=900', null],
  ['session:*=900 sess*=5', 900],
];
test('the first pattern that fits a shell says when it is closed', (t) => {
  for (const [printed, seconds] of shells)
    t.is(settings(t, `channeltimeout ${printed}`).shellTimeout, seconds, printed);
});

test('no path, no command, no name and no algorithm that is not known is kept', (t) => {
  const secret = 'hunter2';
  const stdout = withLines(
    ...['authorizedkeyscommand', 'trustedusercakeys', 'banner', 'authorizedkeysfile', 'forcecommand'].map(
      (keyword) => `${keyword} /Users/${secret}/x --token ${secret}`,
    ),
    ...['allowusers', 'denyusers', 'allowgroups', 'setenv', 'versionaddendum', 'permitopen'].map(
      (keyword) => `${keyword} ${secret}`,
    ),
    `ciphers aes128-ctr,${secret}`,
    `channeltimeout ${secret}=5`,
    `permitrootlogin ${secret}`,
    `logingracetime ${secret}`,
    `${secret} ${secret}`,
  );
  const { value } = read(t, { stdout }, [secret]);
  t.is(value?.printed['ciphers'], 'aes128-ctr,(another)');
  t.is(value?.channelTimeout, '(another)=5');
});

test('each setting that is lost, changed or doubled costs itself alone', (t) => {
  const whole = read(t, { stdout: recorded }).value;
  const lines = recorded.split('\n').slice(0, -1);
  for (const [at, line] of lines.entries()) {
    const [keyword = ''] = line.split(' ');
    if (whole?.printed[keyword as never] === undefined || keyword.startsWith('allow')) continue;
    for (const other of [[], [`${keyword} \u00e9`], [line, `${keyword} another-word`]]) {
      const stdout = `${[...lines.slice(0, at), ...other, ...lines.slice(at + 1)].join('\n')}\n`;
      const { value, notes } = read(t, { stdout });
      const isOpen = !/algorithms|ciphers|macs|banner|file|command|cakeys|pubkeyauthoptions/.test(keyword);
      if (isOpen) t.is(value?.printed[keyword as never], undefined, line);
      for (const [name, left] of Object.entries(value?.printed ?? {}))
        if (name !== keyword) t.is(left, whole.printed[name as never], line);
      if (isOpen) t.true(notes.length > 0, line);
    }
  }
});

test('of a text that is cut nothing is told that was not printed', (t) => {
  for (let at = 0; at < recorded.length; at += 37) {
    const { value } = read(t, { stdout: recorded.slice(0, at) });
    if (value === null) continue;
    const isWhole = value.printed['pubkeyauthoptions'] !== undefined;
    t.is(
      value.hasAllowList === false || value.channelTimeout === 'none',
      isWhole && !value.hasAllowList,
      String(at),
    );
  }
});

test('an error is no answer', (t) => {
  const cases: readonly (readonly [Partial<Answer>, string])[] = [
    [{ exitCode: 1, stderr: '/etc/ssh/sshd_config.d/01-x.conf: Permission denied\n' }, 'permission_denied'],
    [{ exitCode: 255, stderr: '/etc/ssh/sshd_config: No such file or directory\n' }, 'source_failed'],
    [{ exitCode: 1, stderr: 'sshd: illegal option -- G\n' }, 'source_failed'],
    [{ exitCode: 1, stdout: recorded }, 'source_failed'],
    [{}, 'parse_failed'],
    [{ stdout: 'port 22\n' }, 'parse_failed'],
  ];
  for (const [answer, code] of cases) t.is(read(t, answer).code, code, JSON.stringify(answer).slice(0, 90));
});

const encoder = new TextEncoder();
const file = (t: Asserting, text: string) => {
  const kept = sanitizeSshdConfig(encoder.encode(text));
  t.deepEqual(sanitizeSshdConfig(kept), kept);
  const said = parseSshdConfig(encoder.encode(text));
  t.deepEqual(parseSshdConfig(kept), said, text);
  return { ...said, kept: decodeUtf8(kept) ?? '' };
};

test('ssh-sshd_config.d-100-macos: it includes the file of algorithms', (t) => {
  const { hasMatch, includes, hasNamedAddress } = file(t, corpus('ssh-sshd_config.d-100-macos.txt'));
  t.deepEqual([hasMatch, includes, hasNamedAddress], [false, ['/etc/ssh/crypto.conf'], false]);
});

test('a Match block is one in every spelling, and a comment is none', (t) => {
  for (const line of ['Match User alice', ' match all', 'MATCH=Group x', 'Match "User" alice', 'match\tall'])
    t.true(file(t, `UsePAM yes\n${line}\n`).hasMatch, line);
  for (const line of ['#Match User alice', 'MatchUser alice', 'Banner Match', 'Match'])
    t.false(file(t, `UsePAM yes\n${line}\n`).hasMatch, line);
});

test('what macOS ships includes is known, and any other path is not kept', (t) => {
  for (const [line, includes] of [
    ['Include /etc/ssh/sshd_config.d/*', ['/etc/ssh/sshd_config.d/*']],
    ['include "/private/etc/ssh/crypto.conf" # why', ['/etc/ssh/crypto.conf']],
    ['Include=sshd_config.d/*.conf', ['/etc/ssh/sshd_config.d/*.conf']],
    ['Include /etc/ssh/crypto.conf /Users/hunter2/x', ['/etc/ssh/crypto.conf', '(another)']],
    ['Include "/Users/hunter2/a b"', ['(another)']],
  ] as const) {
    const said = file(t, `${line}\n`);
    t.deepEqual(said.includes, includes, line);
    t.false(said.kept.includes('hunter2'));
  }
});

test('an address that is a name is one, and a number is none', (t) => {
  for (const address of [
    '192.0.2.1',
    '192.0.2.1:22',
    '[2001:db8::1]:22',
    '2001:db8::1',
    '::',
    '0.0.0.0',
    '*',
  ])
    t.false(file(t, `ListenAddress ${address}\n`).hasNamedAddress, address);
  for (const address of ['mac.example.com', 'mac', 'abc:22', 'mac.example.com:22', '"mac"', 'localhost'])
    t.true(file(t, `ListenAddress ${address}\n`).hasNamedAddress, address);
});

test('what is no text is withheld, and is an error', (t) => {
  const bytes = Uint8Array.from([0xff, 0xfe, 0x00]);
  const kept = sanitizeSshdConfig(bytes);
  t.is(decodeUtf8(kept), 'tokenquery: 3 bytes that are not a text of sshd_config were withheld\n');
  t.deepEqual(sanitizeSshdConfig(kept), kept);
  for (const content of [bytes, kept]) t.throws(() => parseSshdConfig(content), { message: /no text/ });
});
