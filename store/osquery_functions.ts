/**
 * The functions of osquery that SQLite lacks and that look at nothing but their arguments, with osquery's meaning
 * (osquery/sql/sqlite_*.cpp). A connection gets those that a statement names, when it is prepared. None can be called by a
 * view of a file. What takes long, as a pattern may, ends with its statement (docs/decisions/0014).
 */
import { UserError } from '../collector/errors.ts';
import type { Db } from './database.ts';
import { compareVersions, versionFlavours } from './osquery_versions.ts';

/** As better-sqlite3 hands it over: whole numbers are bigints. */
type Given = bigint | number | string | Buffer | null;
type Answer = string | number | bigint | Buffer | null;

/** Longer arguments are refused: no answer is longer than twice its argument. */
const mostCharacters = 16 * 1024 * 1024;
/** As osquery has it. */
const mostPatternBytes = 256;

// Loaded when they are used: what prepares a statement is part of every start.
const hashOf = (algorithm: string, text: string): string =>
  process.getBuiltinModule('node:crypto').hash(algorithm, text);
const isIP = (address: string): number => process.getBuiltinModule('node:net').isIP(address);

const failed = (name: string, why: string): UserError =>
  new UserError(`${name}(): ${why}`, 'docs/osquery.md says what each function takes');

/** A number with a fraction as SQLite writes it: with a point always, and with a power where it is large or small. */
const textOfReal = (value: number): string => {
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const [digits = '0', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  const withPoint = (text: string): string => (text.includes('.') ? text : `${text}.0`);
  if (exponent >= -4 && exponent < 17) {
    const places = Math.max(0, digits.replace(/[-.]/g, '').length - 1 - exponent);
    return withPoint(value.toFixed(Math.min(100, places)));
  }
  return `${withPoint(digits)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
};

const textOf = (name: string, value: Exclude<Given, null>): string => {
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number'
        ? textOfReal(value)
        : Buffer.isBuffer(value)
          ? value.toString('utf8')
          : String(value);
  if (text.length > mostCharacters) throw failed(name, 'a text of more than 16 MiB is not taken');
  return text;
};

/** The same up to its first NUL, where a text of C ends. */
const cTextOf = (name: string, value: Exclude<Given, null>): string => {
  const text = textOf(name, value);
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
};

/** What SQLite takes for a whole number of 32 bits. */
const intOf = (value: Exclude<Given, null>): number => {
  if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value));
  if (typeof value === 'number') return Number(BigInt.asIntN(32, BigInt(Math.trunc(value) || 0)));
  const found = /^[ \t-\r]*([+-]?[0-9]+)/.exec(value.toString());
  return found === null ? 0 : Number(BigInt.asIntN(32, BigInt(found[1] ?? 0)));
};

const isGiven = (values: readonly Given[]): values is Exclude<Given, null>[] =>
  values.every((value) => value !== null);

/** Of parts, the one of a number from 0; NULL where there is none. */
const partAt = (parts: readonly string[], index: number): string | null =>
  index < 0 ? null : (parts[index] ?? null);

const blanks = ' \t\n\v\f\r';

/** How much of a text is left without such characters at its end: a pattern would begin anew at each of them. */
const endWithout = (text: string, characters: string): number => {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? '')) end -= 1;
  return end;
};

const trimmed = (text: string, characters: string): string => {
  const end = endWithout(text, characters);
  let begin = 0;
  while (begin < end && characters.includes(text[begin] ?? '')) begin += 1;
  return text.slice(begin, end);
};

/** Each character of `tokens` divides; parts are trimmed, and empty ones do not count. */
const tokenSplit = (text: string, tokens: string): readonly string[] => {
  const dividers = new Set(tokens);
  const parts: string[] = [];
  let part = '';
  for (const character of text) {
    if (!dividers.has(character)) part += character;
    else {
      parts.push(part);
      part = '';
    }
  }
  return [...parts, part].filter((one) => one !== '').map((one) => trimmed(one, blanks));
};

const posixClasses: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  d: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t-\\r',
  s: ' \\t-\\r',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  cntrl: '\\x00-\\x1f\\x7f',
  graph: '!-~',
  print: ' -~',
  w: '\\w',
};

const invalidPattern = (name: string, pattern: string): UserError =>
  failed(name, `${JSON.stringify(pattern)} is no regular expression of ECMAScript`);

/** A pattern of C++, which is of ECMAScript with the classes of POSIX. */
const patternOf = (name: string, pattern: string): RegExp => {
  if (Buffer.byteLength(pattern) > mostPatternBytes)
    throw failed(name, `the pattern has more than ${mostPatternBytes} bytes`);
  const own = pattern.replaceAll(/\[([:.=])([^\]]*)\1\]/g, (_all, kind: string, word: string) => {
    const characters = kind === ':' && Object.hasOwn(posixClasses, word) ? posixClasses[word] : undefined;
    if (characters === undefined) throw invalidPattern(name, pattern);
    return characters;
  });
  try {
    // By whole characters; where that is too strict, as with an escaped character that needs no escape, without.
    try {
      return new RegExp(own, 'gu');
    } catch {
      return new RegExp(own, 'g');
    }
  } catch {
    throw invalidPattern(name, pattern);
  }
};

const regexSplit = (text: string, pattern: string): readonly string[] => {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(patternOf('regex_split', pattern))) {
    parts.push(text.slice(end, match.index));
    end = match.index + match[0].length;
  }
  return parts.length === 0 || end < text.length ? [...parts, text.slice(end)] : parts;
};

const splitter =
  (name: string, split: (text: string, token: string) => readonly string[]) =>
  (...given: readonly Given[]): Answer => {
    if (!isGiven(given)) return null;
    const [text = '', token = '', index = 0] = given;
    const tokens = cTextOf(name, token);
    if (tokens === '') throw failed(name, 'what divides must not be empty');
    return partAt(split(cTextOf(name, text), tokens), intOf(index))?.toWellFormed() ?? null;
  };

/** Group `index` of the first match, 0 being all of it: empty for a group that took no part. */
const regexMatch = (...given: readonly Given[]): Answer => {
  if (!isGiven(given)) return null;
  const [text = '', pattern = '', index = 0] = given;
  const match = patternOf('regex_match', cTextOf('regex_match', pattern)).exec(cTextOf('regex_match', text));
  const group = intOf(index);
  if (match === null || group < 0 || group >= match.length) return null;
  return (match[group] ?? '').toWellFormed();
};

const hasher =
  (algorithm: 'md5' | 'sha1' | 'sha256') =>
  (value: Given): Answer =>
    value === null ? null : hashOf(algorithm, cTextOf(algorithm, value));

/** Bytes as a text where they are one. */
const textOrBytes = (bytes: Buffer): string | Buffer => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
};

const bytesOf = (name: string, value: Exclude<Given, null>): Buffer =>
  Buffer.isBuffer(value) && value.length <= mostCharacters ? value : Buffer.from(textOf(name, value));

const toBase64 = (value: Given): Answer =>
  value === null ? null : bytesOf('to_base64', value).toString('base64');

const isPrintable = (bytes: Buffer): boolean => bytes.every((byte) => byte > 0x1f && byte < 0x7f);

const conditionalToBase64 = (value: Given): Answer => {
  if (value === null) return null;
  const bytes = bytesOf('conditional_to_base64', value);
  return isPrintable(bytes) ? bytes.toString('latin1') : bytes.toString('base64');
};

/** What is no Base64 is an empty text. */
const fromBase64 = (value: Given): Answer => {
  if (value === null) return null;
  const padded = textOf('from_base64', value).replaceAll(/\r?\n/g, '');
  const text = padded.slice(0, endWithout(padded, '='));
  return /^[A-Za-z0-9+/]*$/.test(text) ? textOrBytes(Buffer.from(text, 'base64')) : '';
};

const numberOfIpv4 = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const inetAton = (value: Given): Answer => {
  if (value === null) return null;
  const address = cTextOf('inet_aton', value);
  return isIP(address) === 4 ? BigInt(numberOfIpv4(address)) : null;
};

/** An address of either kind as a number of 128 bits at most. */
const numberOfIp = (address: string): bigint => {
  if (isIP(address) === 4) return BigInt(numberOfIpv4(address));
  // The last 32 bits may be written as IPv4.
  const own = address.replace(/[0-9]+(?:\.[0-9]+){3}$/, (ipv4) => {
    const number = numberOfIpv4(ipv4);
    return `${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`;
  });
  const [head = '', tail] = own.split('::');
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const groups = tail === undefined ? first : [...first, ...zeros, ...last];
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
};

/** As osquery: of IPv4 the address of the network and the one of all its hosts are not in it. */
const inCidrBlock = (block: Given, address: Given): Answer => {
  if (typeof block !== 'string' || typeof address !== 'string')
    throw failed('in_cidr_block', 'it takes two texts, a block such as 198.51.100.0/24 and an address');
  const kind = isIP(address);
  if (kind === 0 || address.includes('%'))
    throw failed('in_cidr_block', `${JSON.stringify(address)} is no address`);
  const [, network = '', length = ''] = /^([^/]+)\/([0-9]{1,3})$/.exec(block) ?? [];
  const width = kind === 4 ? 32 : 128;
  if (isIP(network) !== kind || network.includes('%') || Number(length) > width)
    throw failed('in_cidr_block', `${JSON.stringify(block)} is no block of IPv${kind}`);
  const free = BigInt(width - Number(length));
  const [given, first] = [numberOfIp(address), (numberOfIp(network) >> free) << free];
  if (given >> free !== first >> free) return 0n;
  const isEdge = given === first || given === first + (1n << free) - 1n;
  return kind === 4 && free > 0n && isEdge ? 0n : 1n;
};

const versionCompare = (...given: readonly Given[]): Answer => {
  const [left, right, flavour = ''] = given;
  if (
    typeof left !== 'string' ||
    typeof right !== 'string' ||
    typeof flavour !== 'string' ||
    given.length > 3
  )
    throw failed('version_compare', 'it takes two texts, and a third that is ARCH, DPKG or RHEL');
  const rules = versionFlavours[flavour.toUpperCase()];
  if (rules === undefined || (flavour === '' && given.length === 3))
    throw failed('version_compare', 'the third text is not ARCH, DPKG or RHEL');
  return BigInt(
    Math.sign(compareVersions(cTextOf('version_compare', left), cTextOf('version_compare', right), rules)),
  );
};

const parentDirectory = (path: Given): Answer => {
  if (typeof path !== 'string') throw failed('parent_directory', 'it takes a text');
  const text = cTextOf('parent_directory', path);
  const end = text.lastIndexOf('/');
  return end === -1 ? null : text.slice(0, end);
};

const cot = (value: Given): Answer => (value === null ? null : 1 / Math.tan(Number(value.toString())));

type Function = (...given: Given[]) => Answer;

/** By name, with how many arguments they take; without that, any number. */
const functions: Readonly<Record<string, { readonly takes: number | null; readonly answer: Function }>> = {
  split: { takes: 3, answer: splitter('split', tokenSplit) },
  regex_split: { takes: 3, answer: splitter('regex_split', regexSplit) },
  regex_match: { takes: 3, answer: regexMatch },
  md5: { takes: 1, answer: hasher('md5') },
  sha1: { takes: 1, answer: hasher('sha1') },
  sha256: { takes: 1, answer: hasher('sha256') },
  to_base64: { takes: 1, answer: toBase64 },
  conditional_to_base64: { takes: 1, answer: conditionalToBase64 },
  from_base64: { takes: 1, answer: fromBase64 },
  inet_aton: { takes: 1, answer: inetAton },
  in_cidr_block: { takes: 2, answer: inCidrBlock },
  version_compare: { takes: null, answer: versionCompare },
  parent_directory: { takes: 1, answer: parentDirectory },
  cot: { takes: 1, answer: cot },
};

/** Their names. */
export const functionNames: readonly string[] = Object.keys(functions);

const anyName = new RegExp(`\\b(?:${functionNames.join('|')})\\b`, 'gi');

const known = new WeakMap<Db, Set<string>>();

/** better-sqlite3 takes the number of arguments from the function itself. */
const withLength = (answer: Function, takes: number | null): Function => {
  const own: Function = (...given) => answer(...given);
  return takes === null ? own : Object.defineProperty(own, 'length', { value: takes });
};

/** Gives a connection the functions of osquery that a statement names. */
export const addFunctions = (db: Db, sql: string): void => {
  const named = sql.match(anyName);
  if (named === null) return;
  const own = known.get(db) ?? new Set<string>();
  known.set(db, own);
  for (const name of named.map((one) => one.toLowerCase())) {
    const found = functions[name];
    if (found === undefined || own.has(name)) continue;
    own.add(name);
    db.function(
      name,
      { deterministic: true, directOnly: true, safeIntegers: true, varargs: found.takes === null },
      withLength(found.answer, found.takes) as (...given: unknown[]) => unknown,
    );
  }
};
