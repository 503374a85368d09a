import { CollectError, parseFailed } from '../errors.ts';
import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import { decodeText } from './decode.ts';

/** One key that may log in, without the key, the values of its options and its comment. */
export interface AuthorizedKey {
  /** Where it stands, from 1. */
  readonly line: number;
  readonly algorithm: Algorithm;
  readonly bits: number;
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** Names, in their order; one that is not known is `(another)`. */
  readonly options: readonly string[];
}

export interface AuthorizedKeys {
  readonly keys: readonly AuthorizedKey[];
  /** False where a line has a form that is not known: it may be a key of a kind that came later. */
  readonly isWhole: boolean;
}

export const anotherOption = '(another)';
/** Of authorized_keys(5) in sshd(8). */
export const optionNames: readonly string[] = [
  ...['agent-forwarding', 'cert-authority', 'command', 'environment', 'expiry-time', 'from'],
  ...['no-agent-forwarding', 'no-port-forwarding', 'no-pty', 'no-user-rc', 'no-x11-forwarding'],
  ...['permitlisten', 'permitopen', 'port-forwarding', 'principals', 'pty', 'no-touch-required'],
  ...['verify-required', 'restrict', 'tunnel', 'user-rc', 'x11-forwarding'],
];
const isOption: ReadonlySet<string> = new Set(optionNames);

/** Kinds of keys; a number is how many bits every such key has, null that the key says it. */
const bitsOf = {
  'ssh-ed25519': 256,
  'ssh-rsa': null,
  'ecdsa-sha2-nistp256': 256,
  'ecdsa-sha2-nistp384': 384,
  'ecdsa-sha2-nistp521': 521,
  'sk-ssh-ed25519@openssh.com': 256,
  'sk-ecdsa-sha2-nistp256@openssh.com': 256,
  'ssh-dss': null,
} as const;
type Algorithm = keyof typeof bitsOf;
export const keyAlgorithms = Object.keys(bitsOf) as Algorithm[];

const unknownForm = '(a form that is not known)';
const withheld = /^tokenquery: [0-9]+ bytes that are not a text of authorized_keys were withheld$/;

/** Up to the first blank that is not in quotes, and the rest; a quote in quotes stands behind a backslash. */
const cutAtBlank = (text: string): readonly [string, string] => {
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '\\' && text[at + 1] === '"') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === ' ' || character === '\t'))
      return [text.slice(0, at), text.slice(at).trimStart()];
  }
  return [text, ''];
};

/** The names; null where a quote is open. */
const optionsOf = (text: string): readonly string[] | null => {
  const names: string[] = [];
  const option = /([^=,"]*)(?:=(?:"(?:[^"\\]|\\.)*"|[^",]*))?(,|$)/y;
  for (let isOpen = true; isOpen;) {
    const found = option.exec(text);
    if (found === null) return null;
    const name = (found[1] ?? '').toLowerCase();
    names.push(isOption.has(name) ? name : anotherOption);
    isOpen = found[2] === ',';
  }
  return names;
};

/** The fields of a key, each with its length before it; null for what is none. */
const fieldsOf = (blob: Buffer): readonly Buffer[] | null => {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    if (at + 4 > blob.length) return null;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return null;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
};

const bitLength = (number: Buffer): number => {
  const first = number.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - Math.clz32(number[first] ?? 0) + 24;
};

const sha256 = (bytes: Uint8Array): string =>
  process.getBuiltinModule('node:crypto').hash('sha256', bytes, 'base64').replace(/=+$/, '');

const base64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2,3}={1,2}$/;
const keptKey = /^([0-9]{1,5}) SHA256:([A-Za-z0-9+/]{43})$/;

type Key = Omit<AuthorizedKey, 'line'>;

/** What stands behind the options; null for what is no key. */
const keyOf = (text: string, options: readonly string[]): Key | null => {
  const [word, rest] = cutAtBlank(text);
  const algorithm = keyAlgorithms.find((each) => each === word);
  if (algorithm === undefined) return null;
  const kept = keptKey.exec(rest);
  if (kept !== null) {
    const [, bits, digest] = kept;
    return { algorithm, bits: Number(bits), fingerprint: `SHA256:${digest}`, options };
  }
  const [encoded] = cutAtBlank(rest);
  if (!base64.test(encoded)) return null;
  const blob = Buffer.from(encoded, 'base64');
  const fields = fieldsOf(blob);
  if (fields?.[0]?.toString('latin1') !== algorithm) return null;
  // The modulus of RSA stands behind the exponent, the prime of DSA first.
  const number = fields[algorithm === 'ssh-rsa' ? 2 : 1];
  const bits = bitsOf[algorithm] ?? (number === undefined ? 0 : bitLength(number));
  return bits === 0 ? null : { algorithm, bits, fingerprint: `SHA256:${sha256(blob)}`, options };
};

const read = (text: string): Key | null => {
  const plain = keyOf(text, []);
  if (plain !== null) return plain;
  const [before, rest] = cutAtBlank(text);
  const options = Object.hasOwn(bitsOf, before) ? null : optionsOf(before);
  return options === null ? null : keyOf(rest, options);
};

interface Line {
  readonly line: number;
  readonly key: Key | null;
}

const linesOf = (content: Uint8Array): readonly Line[] | null => {
  const text = decodeText(content);
  if (text === null || withheld.test(text.trim())) return null;
  return text.split('\n').flatMap((each, index) => {
    const entry = each.trim();
    return entry === '' || entry.startsWith('#') ? [] : [{ line: index + 1, key: read(entry) }];
  });
};

/**
 * Parses which keys may log in as an account.
 *
 * Input: ~/.ssh/authorized_keys (authorized_keys-01: after the example of sshd(8), with keys of OpenSSH).
 * Returns: kind, size and fingerprint of each key, and the names of its options. Neither the key nor its comment is kept.
 * Notes: each line that is no key; the message names the line alone.
 * Throws: `parse_failed` for what is no text.
 * Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT.
 */
export const parseAuthorizedKeys: ParseFile<AuthorizedKeys> = (content, note: Note = ignore) => {
  const lines = linesOf(content);
  if (lines === null) throw new CollectError('parse_failed', 'the file is no text of authorized_keys');
  for (const { line, key } of lines)
    if (key === null) note(parseFailed(`line ${line} of authorized_keys has a form that is not known`));
  return {
    keys: lines.flatMap(({ line, key }) => (key === null ? [] : [{ line, ...key }])),
    isWhole: lines.every(({ key }) => key !== null),
  };
};

const written = (key: Key | null): string => {
  if (key === null) return unknownForm;
  const { algorithm, bits, fingerprint, options } = key;
  return `${options.length === 0 ? '' : `${options.join(',')} `}${algorithm} ${bits} ${fingerprint}`;
};

/** Of each key what is read of it, at its line; one line with the size of what is no text. */
export const sanitizeAuthorizedKeys = (content: Uint8Array): Uint8Array => {
  const lines = linesOf(content);
  const encoder = new TextEncoder();
  if (lines === null) {
    if (withheld.test(decodeText(content)?.trim() ?? '')) return content;
    return encoder.encode(
      `tokenquery: ${content.length} bytes that are not a text of authorized_keys were withheld\n`,
    );
  }
  const kept: string[] = [];
  for (const { line, key } of lines) kept[line - 1] = written(key);
  return encoder.encode(kept.length === 0 ? '' : `${Array.from(kept, (each) => each ?? '').join('\n')}\n`);
};
