import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { unread } from '../setting.ts';
import type { Setting } from '../setting.ts';
import { failed, firstLine, notUnderstood, saysRootNeeded } from './lines.ts';
import { isUuid } from '../uuid.ts';
import { BrokenDict } from './openstep.ts';
import { PlistDate } from './plist_value.ts';
import { writeXmlPlist } from './plist_write.ts';
import { isWord, withheldText } from './withheld.ts';

export { known, unread } from '../setting.ts';
export type { Setting } from '../setting.ts';

/**
 * What may be kept of a key. `word`: what is no sentence and no address. `sentence`: the same, or an answer of mdmclient that is
 * known. `name` and `uuid`: a word, or a UUID; of any other text it is told apart from others. `flag`: true, false, 1, 0. `present`: that the key is there, its content unread.
 * `time`: a date, or text such as `2023-03-31 01:14:38 +0000`.
 */
type Leaf =
  | 'text'
  | 'texts'
  | 'word'
  | 'words'
  | 'sentence'
  | 'name'
  | 'uuid'
  | 'flag'
  | 'integer'
  | 'time'
  | 'present';
/**
 * The keys that may be kept, in the order in which they are written; `[…]` is a list of such dictionaries.
 */
export interface AllowedDict {
  readonly [key: string]: Leaf | AllowedDict | readonly [AllowedDict];
}

/** All of it can be written as a property list, XML or old-style. */
export type Kept = string | number | boolean | PlistDate | readonly Kept[] | KeptDict;
export type KeptDict = ReadonlyMap<string, Kept>;

/**
 * What stands in place of a value that is not of its key's kind: nothing of it is kept, no parser takes it for
 * a value, and none takes it for absent. A dictionary where none belongs, an array where a dictionary does.
 */
export const withheldValue: KeptDict = new Map();
export const withheldDict: readonly Kept[] = [];

const timeText = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? ?(?:Z|([+-])(\d\d):?(\d\d))$/;

/** Unix seconds of a time as NSDate describes itself, or as ISO 8601 writes it; null for any other text. */
const secondsOf = (text: string): number | null => {
  const found = timeText.exec(text);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const isReal = new Date(at)
    .toISOString()
    .startsWith(`${found[1]}-${found[2]}-${found[3]}T${found[4]}:${found[5]}`);
  if (!isReal) return null;
  const shift = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * 60;
  return at / 1000 - (found[7] === '-' ? -shift : shift);
};

/** A text that a property list in XML can hold: no NUL, and no half a pair of surrogates. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0') && value.isWellFormed();

// X stands for a digit that somebody masked before sharing an output (fdesetup-showdeferralinfo-01).
export const isPrintedUuid = (text: string): boolean => isUuid(text.replaceAll(/[Xx]/g, '0'));

/** Of the sentences of EACSPreflight the one that has more than words (mdmclient-eacspreflight-05). */
const isPreflight = (text: string): boolean =>
  /^Unable to get Bootstrap Token <\(null\):-?[0-9]{1,9}>(?: \(\(null\)\))?$/.test(text);

/**
 * The kept form of a value, undefined when the value is not of the kind that the key has by Apple's schema.
 */
const keepLeaf = (value: unknown, leaf: Leaf): Kept | undefined => {
  switch (leaf) {
    case 'present':
      return true;
    case 'text':
      return isText(value) ? value : undefined;
    case 'word':
    case 'sentence':
      return isText(value) && (isWord(value) || (leaf === 'sentence' && isPreflight(value)))
        ? value
        : undefined;
    case 'name':
      return isText(value) ? (isWord(value) ? value : withheldText(value)) : undefined;
    case 'uuid':
      return isText(value) ? (isPrintedUuid(value) ? value : withheldText(value)) : undefined;
    case 'texts':
      if (!Array.isArray(value)) return undefined;
      return value.map((item: unknown) => (isText(item) ? item : withheldValue));
    case 'words':
      if (!Array.isArray(value)) return undefined;
      return value.map((item: unknown) => (isText(item) && isWord(item) ? item : withheldValue));
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
const isOddText = (item: Kept): boolean => typeof item !== 'string';

/**
 * The allow-listed part of a dictionary, in the order of the list; the rest is dropped unread. Doing it twice
 * changes nothing.
 * Notes: each allow-listed key with another kind of value than Apple's schema says, which is withheld alone; the
 * message names the key and never the value.
 * Throws: parse_failed when it is no dictionary.
 */
export const keepAllowed = (
  value: unknown,
  allowed: AllowedDict,
  what: string,
  note: Note = ignore,
): KeptDict => {
  if (!isMap(value)) throw parseFailed(`${what} is not a dictionary`);
  const kept = new Map<string, Kept>();
  for (const [key, rule] of Object.entries(allowed)) {
    // An entry that is lost with its key may have been any that is not there.
    const child = value.has(key) || !(value instanceof BrokenDict) ? value.get(key) : null;
    if (child !== undefined) kept.set(key, keepChild(child, rule, `${key} of ${what}`, note));
  }
  return kept;
};

const keepChild = (child: unknown, rule: AllowedDict[string], what: string, note: Note): Kept => {
  if (typeof rule === 'string') {
    const leaf = keepLeaf(child, rule);
    if (leaf === undefined)
      note(
        parseFailed(`${what} is not of a known kind`),
        rule === 'texts' || rule === 'words' ? 'entry' : 'value',
      );
    else if (isKeptList(leaf) && leaf.some(isOddText))
      note(
        parseFailed(`an entry of ${what} is ${rule === 'texts' ? 'no text' : 'not of a known kind'}`),
        'entry',
      );
    return leaf ?? withheldValue;
  }
  if (!isList(rule)) {
    if (isMap(child)) return keepAllowed(child, rule, what, note);
    note(parseFailed(`${what} is not a dictionary`));
    return withheldDict;
  }
  if (!Array.isArray(child)) {
    note(parseFailed(`${what} is not a list`));
    return withheldValue;
  }
  return child.map((item: unknown) => {
    if (isMap(item)) return keepAllowed(item, rule[0], `an entry of ${what}`, note);
    note(parseFailed(`an entry of ${what} is not a dictionary`));
    return withheldDict;
  });
};

const isList = (rule: AllowedDict | readonly [AllowedDict]): rule is readonly [AllowedDict] =>
  Array.isArray(rule);
export const isKeptList = (value: Kept | undefined): value is readonly Kept[] => Array.isArray(value);
export const isKeptDict = (value: Kept | undefined): value is KeptDict => value instanceof Map;

export const textOf = (dict: KeptDict, key: string): Setting<string> => {
  const value = dict.get(key) ?? null;
  return value === null || typeof value === 'string' ? value : unread;
};

export const flagOf = (dict: KeptDict, key: string): Setting<boolean> => {
  const value = dict.get(key) ?? null;
  return value === null || typeof value === 'boolean' ? value : unread;
};

export const integerOf = (dict: KeptDict, key: string): Setting<number> => {
  const value = dict.get(key) ?? null;
  return value === null || typeof value === 'number' ? value : unread;
};

/** Not known with one entry that is no text: a list must not be told in part. */
export const textsOf = (dict: KeptDict, key: string): Setting<readonly string[]> => {
  const value = dict.get(key);
  if (value === undefined) return null;
  return isKeptList(value) && !value.some(isOddText) ? (value as readonly string[]) : unread;
};

/** Whether a list of texts has this one; null without the list, and where an entry of it may be it. */
export const listsText = (dict: KeptDict, key: string, text: string): boolean | null => {
  const value = dict.get(key);
  if (!isKeptList(value)) return null;
  return value.includes(text) || (value.some(isOddText) ? null : false);
};

/** Unix seconds. */
export const timeOf = (dict: KeptDict, key: string): Setting<number> => {
  const value = dict.get(key);
  if (value === undefined) return null;
  if (typeof value === 'string') return secondsOf(value) ?? unread;
  return value instanceof PlistDate ? value.unixSeconds : unread;
};

/** Null when it is not there, and when it is not known. */
export const dictOf = (dict: KeptDict, key: string): KeptDict | null => {
  const value = dict.get(key);
  return isKeptDict(value) ? value : null;
};

/** The dictionaries of a list; entries that are none are left out, and were noted. */
export const dictsOf = (dict: KeptDict, key: string): readonly KeptDict[] => {
  const value = dict.get(key);
  return isKeptList(value) ? value.filter(isKeptDict) : [];
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
 * Reduces what a tool printed, and never lets through what is not understood: of a whole output one line tells
 * the size, and whether the tool asks for root.
 */
export const sanitizeText = (text: string, tool: string, reduce: (text: string) => string): string => {
  const line = text.trim();
  if (line === '') return '';
  if (withheldLine.test(text)) return text;
  if (refusals.has(line)) return `${line}\n`;
  try {
    return reduce(text);
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
