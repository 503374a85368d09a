import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { cutShort, filledLinesOf, isCut, notUnderstood } from './lines.ts';

/** Of sshd and of this program: what stands in place of a value that could name somebody or hold a command. */
export const anotherValue = '(another)';
const aValue = '(set)';

/** Algorithms of OpenSSH 8 to 10. */
export const algorithmNames: readonly string[] = [
  ...['3des-cbc', 'aes128-cbc', 'aes192-cbc', 'aes256-cbc', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  ...['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com'],
  ...['hmac-md5', 'hmac-md5-96', 'hmac-sha1', 'hmac-sha1-96', 'hmac-sha2-256', 'hmac-sha2-512'],
  ...[
    'umac-64@openssh.com',
    'umac-128@openssh.com',
    'hmac-md5-etm@openssh.com',
    'hmac-md5-96-etm@openssh.com',
  ],
  ...['hmac-sha1-etm@openssh.com', 'hmac-sha1-96-etm@openssh.com', 'hmac-sha2-256-etm@openssh.com'],
  ...['hmac-sha2-512-etm@openssh.com', 'umac-64-etm@openssh.com', 'umac-128-etm@openssh.com'],
  ...['diffie-hellman-group1-sha1', 'diffie-hellman-group14-sha1', 'diffie-hellman-group14-sha256'],
  ...['diffie-hellman-group16-sha512', 'diffie-hellman-group18-sha512'],
  ...['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group-exchange-sha256'],
  ...['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
  ...['curve25519-sha256', 'curve25519-sha256@libssh.org', 'mlkem768x25519-sha256'],
  ...['sntrup761x25519-sha512', 'sntrup761x25519-sha512@openssh.com'],
  ...['ssh-dss', 'ssh-rsa', 'rsa-sha2-256', 'rsa-sha2-512', 'ssh-ed25519'],
  ...['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'],
  ...['webauthn-sk-ecdsa-sha2-nistp256@openssh.com'],
  ...['ssh-dss-cert-v01@openssh.com', 'ssh-rsa-cert-v01@openssh.com', 'rsa-sha2-256-cert-v01@openssh.com'],
  ...['rsa-sha2-512-cert-v01@openssh.com', 'ssh-ed25519-cert-v01@openssh.com'],
  ...['ecdsa-sha2-nistp256-cert-v01@openssh.com', 'ecdsa-sha2-nistp384-cert-v01@openssh.com'],
  ...['ecdsa-sha2-nistp521-cert-v01@openssh.com', 'sk-ssh-ed25519-cert-v01@openssh.com'],
  ...['sk-ecdsa-sha2-nistp256-cert-v01@openssh.com'],
];
const isAlgorithm: ReadonlySet<string> = new Set(algorithmNames);

/** What /etc/ssh/crypto/fips.conf of macOS 14 to 26 leaves, by mSCP os_sshd_fips_compliant. */
const fipsAlgorithms: ReadonlySet<string> = new Set([
  ...['aes128-gcm@openssh.com', 'ecdh-sha2-nistp256', 'hmac-sha2-256', 'hmac-sha2-256-etm@openssh.com'],
  ...['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256-cert-v01@openssh.com'],
  ...['sk-ecdsa-sha2-nistp256@openssh.com', 'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com'],
]);

/** Kinds of channels, as sshd_config(5) names them, and patterns of them that are often used. */
export const channelTypes: readonly string[] = [
  ...['*', 'global', 'agent-connection', 'direct-tcpip', 'direct-streamlocal@openssh.com'],
  ...['forwarded-tcpip', 'forwarded-streamlocal@openssh.com', 'session', 'session:*', 'session:shell'],
  ...['session:command', 'session:subsystem:*', 'session:subsystem:sftp', 'tun-connection', 'x11-connection'],
];
const isChannelType: ReadonlySet<string> = new Set(channelTypes);

export const keyFiles = ['none', '.ssh/authorized_keys', '.ssh/authorized_keys2'] as const;
export const banners = ['none', '/etc/banner'] as const;
export const rootWords = ['yes', 'prohibit-password', 'forced-commands-only', 'no'] as const;
type RootWord = (typeof rootWords)[number];

/** A value as it is kept, null for one of a form that is not known. What it answers is kept as it is. */
type Form = (value: string) => string | null;
const oneOf =
  (...words: readonly string[]): Form =>
  (value) =>
    words.includes(value) ? value : null;
/** Of a list, the words that are known, in their places. */
const listOf =
  (isKnown: (word: string) => boolean, separator: string): Form =>
  (value) => {
    const words = value.split(separator).map((word) => (isKnown(word) ? word : anotherValue));
    return words.join(separator);
  };
const flag = oneOf('yes', 'no');
const number: Form = (value) => (/^[0-9]{1,9}$/.test(value) ? value : null);
const seconds: Form = (value) => (value === 'none' ? value : number(value));
const algorithms = listOf((word) => isAlgorithm.has(word), ',');
const isSet: Form = (value) => (value === 'none' ? value : aValue);

const timeout = /^(.*)=((?:[0-9]{1,9}[smhdw]?)+)$/i;
const timeouts: Form = (value) => {
  if (value === 'none') return value;
  const parts = value.split(' ').map((part) => {
    const [, type, time] = timeout.exec(part) ?? [];
    if (type === undefined) return null;
    return `${isChannelType.has(type) ? type : anotherValue}=${time}`;
  });
  return parts.includes(null) ? null : parts.join(' ');
};

/** Last of what every sshd since 8.2 prints, but for what newer ones print behind it. */
const nearTheEnd = 'pubkeyauthoptions';

const forms = {
  permitrootlogin: oneOf(...rootWords, 'without-password'),
  passwordauthentication: flag,
  kbdinteractiveauthentication: flag,
  usepam: flag,
  pubkeyauthentication: flag,
  hostbasedauthentication: flag,
  permitemptypasswords: flag,
  strictmodes: flag,
  logingracetime: number,
  maxauthtries: number,
  clientaliveinterval: number,
  clientalivecountmax: number,
  unusedconnectiontimeout: seconds,
  channeltimeout: timeouts,
  banner: (value: string) => (banners.includes(value as never) ? value : anotherValue),
  authorizedkeysfile: listOf((word) => keyFiles.includes(word as never), ' '),
  authorizedkeyscommand: isSet,
  trustedusercakeys: isSet,
  allowusers: () => aValue,
  allowgroups: () => aValue,
  ciphers: algorithms,
  macs: algorithms,
  kexalgorithms: algorithms,
  hostkeyalgorithms: algorithms,
  pubkeyacceptedalgorithms: algorithms,
  hostbasedacceptedalgorithms: algorithms,
  casignaturealgorithms: algorithms,
  [nearTheEnd]: () => aValue,
} as const satisfies Readonly<Record<string, Form>>;
export type Keyword = keyof typeof forms;
const keywords = Object.keys(forms) as Keyword[];
/** Lists, which are not printed where they are empty. */
const isLeftOut: ReadonlySet<Keyword> = new Set<Keyword>([
  'allowusers',
  'allowgroups',
  'channeltimeout',
  nearTheEnd,
]);

export interface SshdSettings {
  /** As they are kept; without what was not printed, twice and not alike, or in a form that is not known. */
  readonly printed: Readonly<Partial<Record<Keyword, string>>>;
  /** Each null where it is not known. */
  readonly rootLogin: RootWord | null;
  readonly hasAllowList: boolean | null;
  /** Each kind of channel with its time, or `none`. */
  readonly channelTimeout: string | null;
  /** After how many idle seconds the channel of a shell is closed; 0 is never. */
  readonly shellTimeout: number | null;
  /** Whether all seven lists of algorithms have names of Apple’s list for FIPS alone. */
  readonly isFipsOnly: boolean | null;
}

/** Null where it is not known, as in the two below. */
export const textIn = ({ printed }: SshdSettings, keyword: Keyword): string | null =>
  printed[keyword] ?? null;
export const flagIn = (settings: SshdSettings, keyword: Keyword): boolean | null => {
  const value = textIn(settings, keyword);
  return value === null ? null : value === 'yes';
};
/** Of a time `none` is 0, as is every time that never comes. */
export const numberIn = (settings: SshdSettings, keyword: Keyword): number | null => {
  const value = textIn(settings, keyword);
  return value === null ? null : value === 'none' ? 0 : Number(value);
};

/** Keywords that this program does not read, and newer ones, stand as blank lines. */
const settingLine = /^([a-z0-9]{1,60})(?: (.*))?$/;
const read = (line: string): readonly [Keyword, string | null] | null => {
  const [, keyword = '', value = ''] = settingLine.exec(line.trimEnd()) ?? [];
  if (!Object.hasOwn(forms, keyword)) return null;
  const form: Form = forms[keyword as Keyword];
  return [keyword as Keyword, form(value)];
};
const unknownForm = '(a form that is not known)';
const rules: LineRules = {
  keep: (line) => {
    const setting = read(line);
    if (setting !== null) return `${setting[0]} ${setting[1] ?? unknownForm}`;
    return settingLine.test(line.trimEnd()) ? '' : null;
  },
};

/** The settings that are read; of names, commands and paths only that there are some. */
export const sanitizeSshdG = (stdout: string): string => keepLines(stdout, rules);

const perUnit: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const secondsOf = (time: string): number =>
  [...time.toLowerCase().matchAll(/([0-9]+)([smhdw]?)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (perUnit[unit] ?? 0),
    0,
  );
/** The types that a shell is, as sshd looks for them: the first that fits counts, `global` beside it. */
const ofShells: ReadonlySet<string> = new Set(['*', 'session:*', 'session:shell']);

const shellTimeoutOf = (printed: string): number | null => {
  if (printed === 'none') return 0;
  const parts = printed.split(' ').map((part) => timeout.exec(part) ?? []);
  const own = parts.find(([, type = '']) => ofShells.has(type) || type === anotherValue);
  const global = parts.find(([, type]) => type === 'global');
  // A pattern that is not known may fit a shell, too.
  if (own?.[1] === anotherValue) return null;
  const times = [own, global].map((part) => secondsOf(part?.[2] ?? '')).filter((time) => time > 0);
  return times.length === 0 ? 0 : Math.min(...times);
};

const algorithmLists = [
  ...(['ciphers', 'macs', 'kexalgorithms', 'hostkeyalgorithms', 'pubkeyacceptedalgorithms'] as const),
  ...(['hostbasedacceptedalgorithms', 'casignaturealgorithms'] as const),
];

const tool = 'sshd -G';

/** The settings by keyword; notes what is in a form that is not known, or twice and not alike. */
const settingsOf = (lines: readonly string[], note: Note): ReadonlyMap<Keyword, string> => {
  const settings = new Map<Keyword, string>();
  const odd = new Set<Keyword>();
  for (const line of lines) {
    const setting = read(line);
    if (setting === null) continue;
    const [keyword, value] = setting;
    const before = settings.get(keyword);
    if (value === null || (before !== undefined && before !== value)) odd.add(keyword);
    else settings.set(keyword, value);
  }
  for (const keyword of odd) {
    settings.delete(keyword);
    note(parseFailed(`${tool} has ${keyword} in a form that is not known, or twice and not alike`), 'value');
  }
  return settings;
};

/**
 * Parses how sshd is set for everybody; what a Match block says for some is not printed.
 *
 * Input: `sshd -G` of OpenSSH 9.3 and later, macOS 14 to 26; no capture from a Mac is known (sshd-dump-01: OpenSSH 9.2, run elsewhere).
 * Returns: the settings. A list that is empty is not printed, which tells something only where the end was.
 * Notes: a setting that is missing, in a form that is not known, or twice and not alike; an end without a line feed.
 * Throws: `permission_denied` where a file may not be read, `source_failed` for another error, `parse_failed` for what has no
 * PermitRootLogin.
 * Source: sshd_config(5); openssh-portable, servconf.c, dump_config.
 */
export const parseSshdG = (printed: Answer, note: Note = ignore): SshdSettings => {
  const answer = keptAnswer(printed, rules);
  const lines = filledLinesOf(answer.stdout);
  // Of a line that was cut nobody knows how it went on.
  const settings = settingsOf(isCut(answer.stdout) ? lines.slice(0, -1) : lines, note);
  if (answer.exitCode !== 0 || settings.size === 0) throw notUnderstood(tool, answer);
  const isWhole = settings.has(nearTheEnd);
  if (isCut(answer.stdout)) note(cutShort(tool), 'value');
  if (!isWhole)
    note(parseFailed(`${tool} does not end with what it ends with: the rest may be missing`), 'value');
  const text = (keyword: Keyword): string | null => settings.get(keyword) ?? null;
  for (const keyword of keywords)
    if (text(keyword) === null && !isLeftOut.has(keyword))
      note(parseFailed(`${tool} does not tell ${keyword}`), 'value');
  const root = text('permitrootlogin');
  const channelTimeout = text('channeltimeout') ?? (isWhole ? 'none' : null);
  const isListed = settings.has('allowusers') || settings.has('allowgroups');
  const named = algorithmLists.map(text);
  return {
    printed: Object.fromEntries(settings),
    rootLogin: root === 'without-password' ? 'prohibit-password' : (root as RootWord | null),
    hasAllowList: isListed || (isWhole ? false : null),
    channelTimeout,
    shellTimeout: channelTimeout === null ? null : shellTimeoutOf(channelTimeout),
    isFipsOnly: named.includes(null)
      ? null
      : named.every((list) => (list ?? '').split(',').every((name) => fipsAlgorithms.has(name))),
  };
};
