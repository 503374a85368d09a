/** Keeps of a property list what may be kept. */
import { CollectError } from '../errors.ts';
import { isUuid } from '../uuid.ts';
import { PlistOdd, isArray, isDict } from './plist_value.ts';
import { isKnownSentence } from './sentences.ts';
import { isWord, withheldText } from './withheld.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';
import { writeXmlPlist } from './plist_write.ts';
import { readDocument } from './plist_xml.ts';
import type { Document } from './plist_xml.ts';

/**
 * What is read of a value: a text, a word, a UUID, a message of a tool, or a list of texts or words; of `flag` no text at all. A
 * label is what a maker calls a machine, as text or as bytes up to a NUL.
 * In place of another text stands how long it was.
 */
type Leaf = 'text' | 'texts' | 'word' | 'words' | 'label' | 'uuid' | 'message' | 'flag';
/**
 * The keys that may be kept. `true` keeps a value that holds no dictionary; a nested list says which keys
 * of the dictionaries below are kept. `*` speaks for every key that is not named. An array hands its
 * elements the list that it stands under.
 */
export interface AllowedKeys {
  readonly [key: string]: true | Leaf | AllowedKeys;
}

const isLabel = (text: string): boolean => /^[\w.()+ -]{0,64}$/.test(text.replace(',', '.'));
const noLabel = Uint8Array.of(0xff);
const labelKept = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.indexOf(0);
  const own = end < 0 ? bytes : bytes.subarray(0, end);
  if (own.length > 64 || !isLabel(String.fromCharCode(...own))) return noLabel;
  return end < 0 || end + 1 === bytes.length ? bytes : bytes.subarray(0, end + 1);
};
const textKept: Readonly<Record<Leaf, (text: string) => string>> = {
  text: (text) => text,
  texts: () => '',
  word: (text) => (isWord(text) ? text : withheldText(text)),
  words: () => '',
  label: (text) => (isLabel(text) ? text : withheldText(text)),
  uuid: (text) => (isUuid(text) ? text : withheldText(text)),
  message: (text) => (isKnownSentence(text) ? text.trim() : withheldText(text)),
  flag: () => '',
};
/** What is read of the elements of a list. */
const ofElements: Readonly<Partial<Record<Leaf, Leaf>>> = { texts: 'text', words: 'word' };

const emptyDict: PlistDict = new Map();
const emptyData = new Uint8Array();

/**
 * The value with only the allowed keys; itself when there was nothing to drop. Where a list was
 * meant for dictionaries, or none was foreseen, what is found is emptied but stays of its kind: a parser
 * must not take it for absent.
 */
export const sanitizePlist = (value: PlistValue, allowed: true | Leaf | AllowedKeys): PlistValue => {
  if (isArray(value)) {
    const below = typeof allowed === 'string' ? (ofElements[allowed] ?? 'flag') : allowed;
    const kept = value.map((element) => sanitizePlist(element, below));
    return kept.every((element, index) => element === value[index]) ? value : kept;
  }
  if (isDict(value)) {
    if (typeof allowed !== 'object') return value.size === 0 ? value : emptyDict;
    const kept = new Map<string, PlistValue>();
    let isSame = true;
    for (const [key, element] of value) {
      const below = Object.hasOwn(allowed, key) ? allowed[key] : allowed['*'];
      const reduced = below === undefined ? undefined : sanitizePlist(element, below);
      if (reduced !== undefined) kept.set(key, reduced);
      if (reduced !== element) isSame = false;
    }
    return isSame ? value : kept;
  }
  if (value instanceof PlistOdd) {
    const rest =
      value.rest === null || typeof allowed !== 'object' ? null : sanitizePlist(value.rest, allowed);
    return new PlistOdd(value.why, rest instanceof Map ? rest : null);
  }
  if (allowed === true) return value;
  if (allowed === 'label' && value instanceof Uint8Array) return labelKept(value);
  if (typeof value === 'string') return typeof allowed === 'string' ? textKept[allowed](value) : '';
  return value instanceof Uint8Array && value.length > 0 ? emptyData : value;
};

const withheldPlist = /^tokenquery: [0-9]+ bytes that are not [^\n]+ were withheld\n$/;

/**
 * Keeps of an XML property list only the allowed keys, as text.
 *
 * Input: what a command printed.
 * Returns: the same text when there was nothing to drop; for a text that is not a property list a fixed
 *   line that says how long it was, which no parser takes for an answer; nothing for nothing.
 * Throws: never.
 */
export const sanitizeXmlPlist = (text: string, allowed: AllowedKeys): string =>
  sanitizeXmlPlistWith(text, (value) => sanitizePlist(value, allowed));

/** The same with any rule; `reduce` answers the value itself when there is nothing to drop. */
export const sanitizeXmlPlistWith = (text: string, reduce: (value: PlistValue) => PlistValue): string => {
  if (text === '' || withheldPlist.test(text)) return text;
  let document: Document;
  try {
    document = readDocument(text);
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    const bytes = new TextEncoder().encode(text).length;
    return `tokenquery: ${bytes} bytes that are not a property list were withheld\n`;
  }
  const kept = reduce(document.value);
  // A comment, the line of a log and a value that cannot be read may hold anything.
  return kept === document.value && document.isPlain ? text : writeXmlPlist(kept);
};
