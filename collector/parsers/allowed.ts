import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { failed, firstLine, notUnderstood, saysRootNeeded } from './lines.ts';
import { PlistDate, writeXmlPlist } from './plist.ts';

/**
 * What may be kept of a key. `flag`: true, false, 1, 0. `present`: that the key is there, its content unread.
 * `time`: a date, or text such as `2023-03-31 01:14:38 +0000`.
 */
export type Leaf = 'text' | 'texts' | 'flag' | 'integer' | 'time' | 'present';
/**
 * The keys that may be kept, in the order in which they are written; `[…]` is a list of such dictionaries.
 */
export interface AllowedDict {
  readonly [key: string]: Leaf | AllowedDict | readonly [AllowedDict];
}

/** All of it can be written as a property list, XML or old-style. */
export type Kept = string | number | boolean | PlistDate | readonly Kept[] | KeptDict;
export type KeptDict = ReadonlyMap<string, Kept>;

const timeText = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;

/** Unix seconds of a time as NSDate describes itself, null for any other text. */
const secondsOf = (text: string): number | null => {
  const found = timeText.exec(text);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const isReal = new Date(at)
    .toISOString()
    .startsWith(`${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}`);
  if (!isReal) return null;
  const shift = (Number(found[8]) * 60 + Number(found[9])) * 60;
  return at / 1000 - (found[7] === '-' ? -shift : shift);
};

/**
 * The kept form of a value, undefined when the value is not of the kind that the key has by Apple's schema.
 */
const keepLeaf = (value: unknown, leaf: Leaf): Kept | undefined => {
  switch (leaf) {
    case 'present':
      return true;
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
    case 'flag':
      if (typeof value === 'boolean') return value;
      if (value === 1 || value === 1n || value === '1') return true;
      return value === 0 || value === 0n || value === '0' ? false : undefined;
    case 'integer': {
      const isDigits = typeof value === 'string' && /^-?\d{1,15}$/.test(value);
      if (typeof value !== 'number' && typeof value !== 'bigint' && !isDigits) return undefined;
      // Not -0: it is written as 0.
      return Number.isSafeInteger(Number(value)) ? Number(value) + 0 : undefined;
    }
    case 'time':
      if (typeof value === 'string') return secondsOf(value) === null ? undefined : value;
      return value instanceof PlistDate ? value : undefined;
  }
};

const isMap = (value: unknown): value is ReadonlyMap<string, unknown> => value instanceof Map;

/**
 * The allow-listed part of a dictionary, in the order of the list; the rest is dropped unread. Doing it twice
 * changes nothing.
 * Throws: parse_failed when an allow-listed key holds another kind of value than Apple's schema says; the
 * message names the key and never the value.
 */
export const keepAllowed = (value: unknown, allowed: AllowedDict, what: string): KeptDict => {
  if (!isMap(value)) throw parseFailed(`${what} is not a dictionary`);
  const kept = new Map<string, Kept>();
  for (const [key, rule] of Object.entries(allowed)) {
    const child = value.get(key);
    if (child === undefined) continue;
    if (typeof rule === 'string') {
      const leaf = keepLeaf(child, rule);
      if (leaf === undefined) throw parseFailed(`${key} of ${what} is not of a known kind`);
      kept.set(key, leaf);
    } else if (isList(rule)) {
      if (!Array.isArray(child)) throw parseFailed(`${key} of ${what} is not a list`);
      kept.set(
        key,
        child.map((item: unknown) => keepAllowed(item, rule[0], `an entry of ${key}`)),
      );
    } else {
      kept.set(key, keepAllowed(child, rule, key));
    }
  }
  return kept;
};

const isList = (rule: AllowedDict | readonly [AllowedDict]): rule is readonly [AllowedDict] =>
  Array.isArray(rule);

export const textOf = (dict: KeptDict, key: string): string | null => {
  const value = dict.get(key);
  return typeof value === 'string' ? value : null;
};

export const flagOf = (dict: KeptDict, key: string): boolean | null => {
  const value = dict.get(key);
  return typeof value === 'boolean' ? value : null;
};

export const integerOf = (dict: KeptDict, key: string): number | null => {
  const value = dict.get(key);
  return typeof value === 'number' ? value : null;
};

export const textsOf = (dict: KeptDict, key: string): readonly string[] | null => {
  const value = dict.get(key);
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : null;
};

/** Unix seconds. */
export const timeOf = (dict: KeptDict, key: string): number | null => {
  const value = dict.get(key);
  if (typeof value === 'string') return secondsOf(value);
  return value instanceof PlistDate ? value.unixSeconds : null;
};

export const dictOf = (dict: KeptDict, key: string): KeptDict | null => {
  const value = dict.get(key);
  return value instanceof Map ? (value as KeptDict) : null;
};

export const dictsOf = (dict: KeptDict, key: string): readonly KeptDict[] => {
  const value = dict.get(key);
  return Array.isArray(value) ? value.filter((item): item is KeptDict => item instanceof Map) : [];
};

/** Whether any of these keys is there. */
export const hasAny = (dict: KeptDict, allowed: AllowedDict): boolean =>
  Object.keys(allowed).some((key) => dict.has(key));

/**
 * Why a text of stdout is not an answer, for the tools whose output can hold a secret: nothing of it is
 * echoed.
 */
export const unknownText = (tool: string, stdout: string): CollectError =>
  saysRootNeeded(firstLine(stdout))
    ? permissionDenied(`${tool} says that it needs root`)
    : parseFailed(`${tool} printed a text that is not known`);

/**
 * Why an output is not an answer, for the same tools: unlike `notUnderstood`, it echoes nothing of stdout.
 */
export const notAnAnswer = (tool: string, answer: Answer): CollectError => {
  const { stdout, stderr, exitCode } = answer;
  if (saysRootNeeded(stderr) || stdout.trim() === '') return notUnderstood(tool, { ...answer, stdout: '' });
  const unknown = unknownText(tool, stdout);
  if (unknown.code === 'permission_denied' || exitCode === 0) return unknown;
  return failed(tool, `ended with exit code ${exitCode} and a text that is not known`);
};

const withheldLine = /^tokenquery: \d+ bytes that are not [^\n]+ were withheld\n$/;

// Known to the letter: profiles-list-09.txt, profiles-status-enrollment-13 and the text that cnquery looks
// for.
const refusals: ReadonlySet<string> = new Set([
  'Must be running as root',
  'profiles: this command requires root',
  'profiles: this command requires root privileges',
]);

/**
 * Sanitizes what a tool printed, and never lets through what is not understood: of that one line tells the
 * size, and whether the tool asks for root.
 */
export const sanitizeText = (text: string, tool: string, sanitize: (text: string) => string): string => {
  const line = text.trim();
  if (line === '') return '';
  if (withheldLine.test(text)) return text;
  if (refusals.has(line)) return `${line}\n`;
  try {
    return sanitize(text);
  } catch (problem) {
    if (!(problem instanceof CollectError)) throw problem;
    const why = problem.code === 'permission_denied' ? ' (the tool requires root)' : '';
    const size = new TextEncoder().encode(text).length;
    return `tokenquery: ${size} bytes that are not an answer of ${tool}${why} were withheld\n`;
  }
};

/** The same for a file, whose listed keys are written as an XML property list. */
export const sanitizeBytes = (bytes: Uint8Array, keep: (bytes: Uint8Array) => KeptDict): Uint8Array => {
  if (bytes.length < 200 && withheldLine.test(new TextDecoder().decode(bytes))) return bytes;
  try {
    return new TextEncoder().encode(writeXmlPlist(keep(bytes)));
  } catch (problem) {
    if (!(problem instanceof CollectError)) throw problem;
    const line = `tokenquery: ${bytes.length} bytes that are not a known property list were withheld\n`;
    return new TextEncoder().encode(line);
  }
};
