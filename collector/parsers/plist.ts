import { XMLParser } from 'fast-xml-parser';
import type { MatcherView } from 'fast-xml-parser';
import { CollectError, parseFailed } from '../errors.ts';

/** A date of a property list, in whole seconds. */
export class PlistDate {
  readonly unixSeconds: number;

  constructor(unixSeconds: number) {
    this.unixSeconds = unixSeconds;
  }
}

/** A Map, so that no key of a hostile document can reach a prototype. */
export type PlistDict = ReadonlyMap<string, PlistValue>;
/** An integer is a bigint only where a number would lose digits. */
export type PlistValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | PlistDate
  | readonly PlistValue[]
  | PlistDict;

/** Arrays and dictionaries inside each other. */
const maxDepth = 100;
/** Characters and bytes that one binary document may unfold to; a command's output has the same limit. */
const maxUnfolded = 64 * 1024 * 1024;

const notAPlist = (why: string): CollectError => parseFailed(`not a property list: ${why}`);

/**
 * Unix seconds of `2024-01-02T03:04:05Z`, the only form that property lists and Open Directory write;
 * null for anything else, a day that the calendar lacks too.
 */
export const unixSecondsOfIso = (text: string): number | null => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return null;
  const milliseconds = Date.parse(text);
  // Date.parse moves 30 February into March.
  if (Number.isNaN(milliseconds) || isoOfUnixSeconds(milliseconds / 1000) !== text) return null;
  return milliseconds / 1000;
};

const isoOfUnixSeconds = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const smallestInteger = -(2n ** 63n);
const largestInteger = 2n ** 64n - 1n;
const integerOf = (value: bigint): number | bigint => {
  if (value < smallestInteger || value > largestInteger) throw notAPlist('an integer has more than 64 bits');
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const space = '[ \\t\\r\\n]';
const xmlDeclaration = new RegExp(
  `<\\?xml${space}+version="1\\.[01]"(?:${space}+encoding="utf-8")?` +
    `(?:${space}+standalone="(?:yes|no)")?${space}*\\?>`,
  'iy',
);
// Without an internal subset there are no entities but the five of XML.
const documentType = new RegExp(
  `<!DOCTYPE${space}+plist(?:${space}+(?:PUBLIC${space}+"[^"<>]*"|SYSTEM)${space}+"[^"<>]*")?${space}*>`,
  'y',
);
const spaceOrComment = /[ \t\r\n]+|<!--[^]*?-->/y;
const markup = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<[?!]/g;
const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text);

/** Where `<plist` begins, after the only prolog that Apple's tools write. */
const endOfProlog = (text: string): number => {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  const skip = (what: RegExp): boolean => {
    what.lastIndex = at;
    if (!what.test(text)) return false;
    at = what.lastIndex;
    return true;
  };
  const skipAll = (): void => {
    while (skip(spaceOrComment));
  };
  skipAll();
  skip(xmlDeclaration);
  skipAll();
  skip(documentType);
  skipAll();
  if (!/^<plist[ \t\r\n>]/.test(text.slice(at, at + 7))) throw notAPlist('it does not begin with <plist>');
  return at;
};

/** The document without its prolog, free of everything in which an entity could be declared or meant. */
const bodyOf = (text: string): string => {
  // XML has none; programs written in C would take it for the end of a value.
  if (text.includes('\0')) throw notAPlist('it holds a NUL');
  const body = text.slice(endOfProlog(text));
  const end = body.lastIndexOf('</plist');
  for (const { 0: found, index } of body.matchAll(markup)) {
    if (found.length === 2) throw notAPlist('it has a declaration or an instruction in its midst');
    if (index > end && found.startsWith('<![')) throw notAPlist('something follows its end');
  }
  return body;
};

const namedCharacters: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};
const references = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,10})|#x([0-9a-fA-F]{1,8}));|&/g;
const characterOf = (_: string, name?: string, decimal?: string, hex?: string): string => {
  if (name !== undefined) return namedCharacters[name] ?? '';
  const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : 0;
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw notAPlist('an entity or a character reference that is not known');
  }
  return String.fromCodePoint(code);
};

/** In place of the library's own decoder, which stops at 1,000 references and passes unknown ones through. */
const entityDecoder = {
  decode: (text: string): string => (text.includes('&') ? text.replace(references, characterOf) : text),
  addInputEntities: (): void => {
    throw notAPlist('it declares entities');
  },
  setExternalEntities: (): void => {},
  setXmlVersion: (): void => {},
  reset: (): void => {},
};

const scalars: Readonly<Record<string, (text: string) => PlistValue>> = {
  string: (text) => text,
  true: (text) => emptyElement(text, true),
  false: (text) => emptyElement(text, false),
  integer: (text) => {
    const [, sign, digits] = /^[ \t\r\n]*([+-]?)(0x[0-9a-f]{1,16}|[0-9]{1,20})[ \t\r\n]*$/i.exec(text) ?? [];
    if (digits === undefined) throw notAPlist('an <integer> that is none');
    return integerOf(sign === '-' ? -BigInt(digits) : BigInt(digits));
  },
  real: (text) => {
    const number = text.trim();
    const value = Number(number);
    if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(number) || !Number.isFinite(value)) {
      throw notAPlist('a <real> that is not a finite number');
    }
    return value;
  },
  date: (text) => {
    const seconds = unixSecondsOfIso(text.trim());
    if (seconds === null) throw notAPlist('a <date> that is none');
    return new PlistDate(seconds);
  },
  data: (text) => {
    const base64 = text.replace(/[ \t\r\n]+/g, '');
    if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
      throw notAPlist('a <data> that is not Base64');
    }
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  },
};
const emptyElement = (text: string, value: boolean): boolean => {
  if (text !== '') throw notAPlist('text in a boolean');
  return value;
};

/** An element that is still open. */
interface Element {
  readonly tag: string;
  text: string;
  readonly array: PlistValue[];
  readonly dict: Map<string, PlistValue> | null;
  key: string | null;
}

const noValues: PlistValue[] = [];

/** Builds the values while the document is read, so that no tree of its elements is ever held. */
class Builder {
  readonly #open: Element[] = [];
  // Each record repeats its keys: one string serves them all.
  readonly #keys = new Map<string, string>();
  #root: PlistValue | undefined;

  /** An element begins; those that are as deep or deeper have ended. */
  begin(tag: string, depth: number, attributes: Readonly<Record<string, string>> | undefined): void {
    this.#endTo(depth - 1);
    const parent = this.#open.at(-1);
    if (this.#open.length !== depth - 1) throw notAPlist('elements that are not closed');
    const isRoot = parent === undefined;
    if (isRoot !== (tag === 'plist') || (isRoot && this.#root !== undefined)) {
      throw notAPlist('it is not one <plist>');
    }
    for (const name in attributes) {
      if (!isRoot || name !== 'version') throw notAPlist('attributes that are not known');
    }
    if (!isRoot) {
      const isKey = tag === 'key';
      const isInDict = parent.tag === 'dict';
      if (!isInDict && parent.tag !== 'array' && parent.tag !== 'plist') {
        throw notAPlist('elements in a text');
      }
      if (isKey !== (isInDict && parent.key === null)) throw notAPlist('a dictionary that is not pairs');
      if (parent.tag === 'plist' && parent.array.length > 0) throw notAPlist('it holds more than one value');
      if (!isKey && tag !== 'array' && tag !== 'dict' && !Object.hasOwn(scalars, tag)) {
        throw notAPlist('an element that is not known');
      }
    }
    if (depth > maxDepth + 2) throw notAPlist('it is nested too deeply');
    this.#open.push({
      tag,
      text: '',
      array: tag === 'array' || tag === 'plist' ? [] : noValues,
      dict: tag === 'dict' ? new Map() : null,
      key: null,
    });
  }

  /** Text of the element at this depth. */
  add(text: string, depth: number): void {
    this.#endTo(depth);
    const element = this.#open.at(-1);
    if (element !== undefined && depth === this.#open.length) {
      if (element.tag !== 'plist' && element.tag !== 'array' && element.tag !== 'dict') {
        element.text += text;
        return;
      }
    }
    if (!isBlank(text)) throw notAPlist('text between its elements');
  }

  /** The value, at the end of the document. */
  end(): PlistValue {
    this.#endTo(0);
    if (this.#root === undefined) throw notAPlist('it holds no value');
    return this.#root;
  }

  #endTo(depth: number): void {
    while (this.#open.length > depth) this.#endOne();
  }

  #endOne(): void {
    const element = this.#open.pop();
    if (element === undefined) return;
    const { tag, text, array, dict } = element;
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      this.#root = array[0];
    } else if (tag === 'key') {
      if (parent.dict?.has(text)) throw notAPlist('a key that is there twice');
      const known = this.#keys.get(text);
      if (known === undefined) this.#keys.set(text, text);
      parent.key = known ?? text;
    } else {
      if (dict !== null && element.key !== null) throw notAPlist('a key without a value');
      const value = dict ?? (tag === 'array' ? array : scalars[tag]?.(text));
      if (value === undefined) throw notAPlist('an element that is not known');
      if (parent.dict === null) parent.array.push(value);
      else if (parent.key !== null) parent.dict.set(parent.key, value);
      parent.key = null;
    }
  }
}

/**
 * Reads an XML property list.
 *
 * Input: the text of a property list, as `-plist`, `-xml` and `-a` print it; macOS 10.5 to 26.
 * Returns: the value; dates in unix seconds, data as bytes, integers past 2^53 as bigint. CR LF reads as LF.
 * Throws: parse_failed when it is not exactly one whole, known document.
 * Source: plist(5), PropertyList-1.0.dtd
 */
export const parseXmlPlist = (text: string): PlistValue => {
  const builder = new Builder();
  const parser = new XMLParser({
    preserveOrder: true,
    jPath: false,
    trimValues: false,
    parseTagValue: false,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    maxNestedTags: maxDepth + 3,
    entityDecoder,
    // Answering false keeps the element out of the library's own tree.
    updateTag: (tag, matcher, attributes) => {
      builder.begin(tag, (matcher as MatcherView).getDepth(), attributes);
      return false;
    },
    tagValueProcessor: (_tag, value, matcher) => {
      builder.add(value, (matcher as MatcherView).getDepth());
      return '';
    },
  });
  try {
    // `true` runs the validator: without it a truncated document, or one closed by a wrong tag, passes.
    parser.parse(bodyOf(text), true);
    return builder.end();
  } catch (error) {
    // The library quotes what it met, which may be a secret: its words are not passed on.
    throw error instanceof CollectError ? error : notAPlist('it is not well-formed XML');
  }
};

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
const escape = (text: string): string => {
  if (text.includes('\0')) throw notAPlist('it holds a NUL');
  return text.replace(/[&<>\r]/g, (character) => escapes[character] ?? '');
};

const base64Of = (bytes: Uint8Array): string => {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
};

const writeNumber = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError('a property list holds finite numbers only');
  return Number.isSafeInteger(value) && !Object.is(value, -0)
    ? `<integer>${value}</integer>`
    : `<real>${Object.is(value, -0) ? '-0' : value}</real>`;
};

const writeValue = (value: PlistValue, indent: string, lines: string[]): void => {
  const line = (text: string): void => void lines.push(indent + text);
  if (typeof value === 'string') line(`<string>${escape(value)}</string>`);
  else if (typeof value === 'number') line(writeNumber(value));
  else if (typeof value === 'bigint') line(`<integer>${value}</integer>`);
  else if (typeof value === 'boolean') line(value ? '<true/>' : '<false/>');
  else if (value instanceof Uint8Array) line(`<data>${base64Of(value)}</data>`);
  else if (value instanceof PlistDate) line(`<date>${isoOfUnixSeconds(value.unixSeconds)}</date>`);
  else if (isArray(value)) {
    if (value.length === 0) return line('<array/>');
    line('<array>');
    for (const element of value) writeValue(element, `${indent}\t`, lines);
    line('</array>');
  } else {
    if (value.size === 0) return line('<dict/>');
    line('<dict>');
    for (const [key, element] of value) {
      lines.push(`${indent}\t<key>${escape(key)}</key>`);
      writeValue(element, `${indent}\t`, lines);
    }
    line('</dict>');
  }
};

/** The value as Apple's tools print it; keys keep their order, so the same value is always the same text. */
export const writeXmlPlist = (value: PlistValue): string => {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
  ];
  writeValue(value, '', lines);
  lines.push('</plist>', '');
  return lines.join('\n');
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const strictUtf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });
const isBinary = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && String.fromCharCode(...bytes.subarray(0, 8)) === 'bplist00';

/** Seconds from 1970 to 2001, from which binary dates count. */
const epochOf2001 = 978_307_200;

/**
 * Reads a binary property list, version 00.
 *
 * Input: the bytes of a file that macOS 10.4 or newer wrote; hostile ones end as fast as whole ones.
 * Returns: the value, of the same types as parseXmlPlist; an ISO date has no fraction, so neither has this.
 * Throws: parse_failed when an offset, a length, a reference or a type is not as the format says.
 * Source: CFBinaryPList.c
 */
export const parseBinaryPlist = (bytes: Uint8Array): PlistValue => {
  const fail = (why: string): CollectError => notAPlist(`binary form, ${why}`);
  if (!isBinary(bytes)) throw fail('no bplist00 at the start');
  if (bytes.length < 40) throw fail('truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 32;
  const uint = (at: number, size: number): number => {
    let value = 0;
    for (let index = at; index < at + size; index++) value = value * 256 + view.getUint8(index);
    return value;
  };
  const offsetSize = uint(end + 6, 1);
  const referenceSize = uint(end + 7, 1);
  const objectCount = uint(end + 8, 8);
  const rootObject = uint(end + 16, 8);
  const table = uint(end + 24, 8);
  const isSize = (size: number): boolean => size >= 1 && size <= 8;
  if (!isSize(offsetSize) || !isSize(referenceSize)) throw fail('a wrong size of its numbers');
  if (table < 8 || table > end || objectCount > (end - table) / offsetSize) {
    throw fail('a wrong offset table');
  }

  // What is shared is read again for each reference: a small document must not unfold to a large one.
  let objectsLeft = 8 * bytes.length;
  let contentLeft = maxUnfolded;
  /** Objects end before the offset table. */
  const need = (at: number, size: number): void => {
    if (size > table - at) throw fail('truncated');
  };
  const read = (object: number, depth: number): PlistValue => {
    if (object >= objectCount) throw fail('a reference to nothing');
    if (--objectsLeft < 0 || depth > maxDepth) throw fail('it refers to itself or is nested too deeply');
    const offset = uint(table + object * offsetSize, offsetSize);
    if (offset < 8 || offset >= table) throw fail('an offset to nowhere');
    const type = uint(offset, 1) >> 4;
    const info = uint(offset, 1) & 15;
    let at = offset + 1;
    let count = info;
    if (info === 15 && type >= 4) {
      need(at, 1);
      const size = 2 ** (uint(at, 1) & 15);
      if (uint(at, 1) >> 4 !== 1 || size > 8) throw fail('a length that is not a number');
      need(at + 1, size);
      count = uint(at + 1, size);
      at += 1 + size;
    }
    const content = (size: number): Uint8Array => {
      need(at, size);
      contentLeft -= size;
      if (contentLeft < 0) throw fail('it unfolds to more than it may');
      return bytes.subarray(at, at + size);
    };
    const reference = (index: number): number => uint(at + index * referenceSize, referenceSize);
    const text = (decoder: typeof strictUtf8, size: number): string => {
      try {
        return decoder.decode(content(size));
      } catch (error) {
        throw error instanceof CollectError ? error : fail('a string that is not text');
      }
    };
    switch (type) {
      case 0x0:
        if (info === 8 || info === 9) return info === 9;
        throw fail('an object that is not known');
      case 0x1: {
        if (info > 4) throw fail('an integer that is too long');
        let value = 0n;
        for (const byte of content(2 ** info)) value = (value << 8n) | BigInt(byte);
        // Only those of 8 bytes have a sign; those of 16 are the unsigned ones past 2^63.
        return integerOf(info === 3 ? BigInt.asIntN(64, value) : value);
      }
      case 0x2: {
        if (info !== 2 && info !== 3) throw fail('a real of an unknown size');
        need(at, 2 ** info);
        const value = info === 2 ? view.getFloat32(at) : view.getFloat64(at);
        if (!Number.isFinite(value)) throw fail('a real that is not a finite number');
        return value;
      }
      case 0x3: {
        if (info !== 3) throw fail('a date of an unknown size');
        need(at, 8);
        const seconds = Math.floor(view.getFloat64(at)) + epochOf2001;
        // The years that an ISO date can write.
        if (!(seconds >= -62_167_219_200 && seconds <= 253_402_300_799)) throw fail('a date that is none');
        return new PlistDate(seconds);
      }
      case 0x4:
        return content(count);
      case 0x5:
      case 0x6:
        return type === 5 ? text(strictUtf8, count) : text(strictUtf16, 2 * count);
      case 0xa: {
        need(at, count * referenceSize);
        const array: PlistValue[] = [];
        for (let index = 0; index < count; index++) array.push(read(reference(index), depth + 1));
        return array;
      }
      case 0xd: {
        need(at, 2 * count * referenceSize);
        const dict = new Map<string, PlistValue>();
        for (let index = 0; index < count; index++) {
          const key = read(reference(index), depth + 1);
          if (typeof key !== 'string') throw fail('a key that is not a string');
          if (dict.has(key)) throw fail('a key that is there twice');
          dict.set(key, read(reference(count + index), depth + 1));
        }
        return dict;
      }
      default:
        throw fail('an object that is not known');
    }
  };
  return read(rootObject, 0);
};

/**
 * Reads the property list of a file.
 *
 * Input: the bytes of a preference or directory file, binary or XML in UTF-8.
 * Returns: the value.
 * Throws: parse_failed for every other form, the old braces form (OpenStep) too.
 * Source: plist(5)
 */
export const parsePlistFile = (bytes: Uint8Array): PlistValue => {
  if (isBinary(bytes)) return parseBinaryPlist(bytes);
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    throw notAPlist('neither binary nor UTF-8');
  }
  return parseXmlPlist(text);
};

// Array.isArray alone does not narrow a readonly array.
const isArray = (value: PlistValue): value is readonly PlistValue[] => Array.isArray(value);
const isDict = (value: PlistValue): value is PlistDict => value instanceof Map;

type As<T> = (value: PlistValue | undefined, what: string) => T;

const as =
  <T extends PlistValue>(kind: string, is: (value: PlistValue) => value is T): As<T> =>
  (value, what) => {
    if (value === undefined) throw parseFailed(`${what} is missing`);
    if (!is(value)) throw parseFailed(`${what} is not ${kind}`);
    return value;
  };

/** Each answers the value when it is of that kind, and throws parse_failed, naming `what`, when it is not. */
export const asDict = as('a dictionary', isDict);
export const asArray = as('an array', isArray);
export const asString = as('a string', (value) => typeof value === 'string');
export const asBoolean = as('true or false', (value) => typeof value === 'boolean');
export const asNumber = as('a number', (value) => typeof value === 'number');
export const asInteger = as('an integer', (value): value is number => Number.isSafeInteger(value));
export const asDate = as('a date', (value) => value instanceof PlistDate);
export const asData = as('data', (value) => value instanceof Uint8Array);

const optional =
  <T>(of: As<T>) =>
  (dict: PlistDict, key: string): T | null =>
    dict.has(key) ? of(dict.get(key), key) : null;

/** Each answers null when the key is absent, and throws parse_failed when its value is of another kind. */
export const optionalDict = optional(asDict);
export const optionalArray = optional(asArray);
export const optionalString = optional(asString);
export const optionalBoolean = optional(asBoolean);
export const optionalNumber = optional(asNumber);
export const optionalInteger = optional(asInteger);
export const optionalDate = optional(asDate);
export const optionalData = optional(asData);

/**
 * The keys that may be kept. `true` keeps a value that holds no dictionary; a nested list says which keys
 * of the dictionaries below are kept. `*` speaks for every key that is not named. An array hands its
 * elements the list that it stands under.
 */
export interface AllowedKeys {
  readonly [key: string]: true | AllowedKeys;
}

const emptyDict: PlistDict = new Map();
const emptyData = new Uint8Array();

/**
 * The value with only the allowed keys; itself when there was nothing to drop. Where a list was
 * meant for dictionaries, or none was foreseen, what is found is emptied but stays of its kind: a parser
 * must not take it for absent.
 */
export const sanitizePlist = (value: PlistValue, allowed: true | AllowedKeys): PlistValue => {
  if (isArray(value)) {
    const kept = value.map((element) => sanitizePlist(element, allowed));
    return kept.every((element, index) => element === value[index]) ? value : kept;
  }
  if (isDict(value)) {
    if (allowed === true) return value.size === 0 ? value : emptyDict;
    const kept = new Map<string, PlistValue>();
    let isSame = true;
    for (const [key, element] of value) {
      const below = Object.hasOwn(allowed, key) ? allowed[key] : allowed['*'];
      const sanitized = below === undefined ? undefined : sanitizePlist(element, below);
      if (sanitized !== undefined) kept.set(key, sanitized);
      if (sanitized !== element) isSame = false;
    }
    return isSame ? value : kept;
  }
  if (allowed === true) return value;
  if (typeof value === 'string') return '';
  return value instanceof Uint8Array && value.length > 0 ? emptyData : value;
};

const withheldText = /^tokenquery: [0-9]+ bytes that are not [^\n]+ were withheld\n$/;

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

/** The same with any rule; `sanitize` answers the value itself when there is nothing to drop. */
export const sanitizeXmlPlistWith = (text: string, sanitize: (value: PlistValue) => PlistValue): string => {
  if (text === '' || withheldText.test(text)) return text;
  let value: PlistValue;
  try {
    value = parseXmlPlist(text);
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    const bytes = new TextEncoder().encode(text).length;
    return `tokenquery: ${bytes} bytes that are not a property list were withheld\n`;
  }
  const kept = sanitize(value);
  // A comment is the one place where text could hide that is not part of the value.
  return kept === value && !text.includes('<!--') ? text : writeXmlPlist(kept);
};
