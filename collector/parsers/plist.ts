import { XMLParser } from 'fast-xml-parser';
import type { MatcherView } from 'fast-xml-parser';
import { CollectError, parseFailed } from '../errors.ts';
import { decodeText, isText } from './decode.ts';

/** A date of a property list, in whole seconds. */
export class PlistDate {
  readonly unixSeconds: number;

  constructor(unixSeconds: number) {
    this.unixSeconds = unixSeconds;
  }
}

/**
 * A value that is there and cannot be read: of another form than its element says, twice with different values,
 * or a dictionary that is not pairs. It costs itself; no parser takes it for an answer, none for absent.
 */
export class PlistOdd {
  readonly why: string;
  /** The pairs of a dictionary that is not pairs: what is not among them may have been there. */
  readonly rest: PlistDict | null;

  constructor(why: string, rest: PlistDict | null = null) {
    this.why = why;
    this.rest = rest;
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
  | PlistOdd
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
const integerOf = (value: bigint): number | bigint | null => {
  if (value < smallestInteger || value > largestInteger) return null;
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

const beginning = /^[ \t]*(?=<\?xml[ \t\r\n]|<!DOCTYPE[ \t\r\n]|<plist[ \t\r\n>])/m;
const ofAPlist =
  /<(?:\?xml|!DOCTYPE|!\[CDATA|\/?(?:plist|array|dict|key|string|integer|real|date|data|true|false))(?![A-Za-z])/i;
/** Whether a text is no part of a property list: the lines that a framework logs before or after one. */
const isNoise = (text: string): boolean => !ofAPlist.test(text);

/** Where the document begins: a framework may have logged lines before it. */
const startOf = (text: string): number => {
  const first = text.startsWith('\uFEFF') ? 1 : 0;
  spaceOrComment.lastIndex = first;
  let at = first;
  while (spaceOrComment.test(text)) at = spaceOrComment.lastIndex;
  if (ofAPlist.exec(text.slice(at, at + 20))?.index === 0) return first;
  const found = beginning.exec(text);
  return found !== null && isNoise(text.slice(0, found.index)) ? found.index : first;
};

/** Where `<plist` begins, and whether it does so after the only prolog that Apple's tools write. */
const endOfProlog = (text: string, start: number): { readonly at: number; readonly isKnown: boolean } => {
  let at = start;
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
  if (/^<plist[ \t\r\n>]/.test(text.slice(at, at + 7))) return { at, isKnown: true };
  const root = rootAfterDamage(text, at);
  if (root === null) throw notAPlist('it does not begin with <plist>');
  return { at: root, isKnown: false };
};

/** Opens what only a part of a document can be, or what could give a text another meaning. */
const notOfProlog = /<(?!\?xml[ \t\r\n]|!DOCTYPE[ \t\r\n])|[[\]]|\bencoding\b(?![ \t]*=[ \t]*["']utf-8["'])/i;

/**
 * Where `<plist` begins behind a prolog that is damaged; null where the damage may be more than that. The prolog says
 * nothing of the values, but for another encoding and for entities of its own: with neither, and with no part of another
 * document before it, what follows is as whole as the validator finds it.
 */
const rootAfterDamage = (text: string, at: number): number | null => {
  const rest = text.slice(at);
  const root = /^[ \t]*(?=<plist[ \t\r\n>])/m.exec(rest);
  return root === null || notOfProlog.test(rest.slice(0, root.index))
    ? null
    : at + root.index + root[0].length;
};

/** The document without its prolog, free of everything in which an entity could be declared or meant. */
const bodyOf = (text: string): { readonly body: string; readonly isAlone: boolean } => {
  // XML has none; programs written in C would take it for the end of a value.
  if (text.includes('\0')) throw notAPlist('it holds a NUL');
  const start = startOf(text);
  const prolog = endOfProlog(text, start);
  const whole = text.slice(prolog.at);
  const last = whole.lastIndexOf('</plist');
  const end = last < 0 ? whole.length : whole.indexOf('>', last) + 1 || whole.length;
  if (!isNoise(whole.slice(end))) throw notAPlist('something follows its end');
  const body = whole.slice(0, end);
  for (const { 0: found } of body.matchAll(markup)) {
    if (found.length === 2) throw notAPlist('it has a declaration or an instruction in its midst');
  }
  return { body, isAlone: prolog.isKnown && start <= 1 && isBlank(whole.slice(end)) };
};

const namedCharacters: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};
const references = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,10})|#x([0-9a-fA-F]{1,8}));|&/g;
/** In place of a reference that is not known; no document holds a NUL by itself. */
const noCharacter = '\0';
const isReadable = (text: string): boolean => !text.includes(noCharacter) && isText(text);
const characterOf = (_: string, name?: string, decimal?: string, hex?: string): string => {
  if (name !== undefined) return namedCharacters[name] ?? noCharacter;
  const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : 0;
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return noCharacter;
  return String.fromCodePoint(code);
};

/** It makes the whole document one that is not well-formed; it costs the text in which it stands. */
const strayAmpersand = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,10}|#x[0-9a-fA-F]{1,8});)/g;

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

/** Each answers null for a text that is none of its element. */
const scalars: Readonly<Record<string, (text: string) => PlistValue | null>> = {
  string: (text) => text,
  true: (text) => (text === '' ? true : null),
  false: (text) => (text === '' ? false : null),
  integer: (text) => {
    const [, sign, digits] = /^[ \t\r\n]*([+-]?)(0x[0-9a-f]{1,16}|[0-9]{1,20})[ \t\r\n]*$/i.exec(text) ?? [];
    if (digits === undefined) return null;
    return integerOf(sign === '-' ? -BigInt(digits) : BigInt(digits));
  },
  real: (text) => {
    const number = text.trim();
    const value = Number(number);
    const isReal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(number) && Number.isFinite(value);
    return isReal ? value : null;
  },
  date: (text) => {
    const seconds = unixSecondsOfIso(text.trim());
    return seconds === null ? null : new PlistDate(seconds);
  },
  data: (text) => {
    const base64 = text.replace(/[ \t\r\n]+/g, '');
    if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return null;
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  },
};
const containers: ReadonlySet<string> = new Set(['plist', 'array', 'dict']);
const isKnownElement = (tag: string): boolean =>
  tag === 'key' || containers.has(tag) || Object.hasOwn(scalars, tag);

/** An element that is still open. */
interface Element {
  readonly tag: string;
  text: string;
  readonly array: PlistValue[];
  readonly dict: Map<string, PlistValue> | null;
  key: string | null;
  /** Why its value cannot be read. */
  odd: string | null;
}

const noValues: PlistValue[] = [];

/** Builds the values while the document is read, so that no tree of its elements is ever held. */
class Builder {
  readonly #open: Element[] = [];
  // Each record repeats its keys: one string serves them all.
  readonly #keys = new Map<string, string>();
  #root: PlistValue | undefined;
  /** False where the document says something twice, or something that cannot be read. */
  isPlain = true;

  /** An element begins; those that are as deep or deeper have ended. */
  begin(tag: string, depth: number, attributes: Readonly<Record<string, string>> | undefined): void {
    this.#endTo(depth - 1);
    const parent = this.#open.at(-1);
    if (this.#open.length !== depth - 1) throw notAPlist('elements that are not closed');
    if (depth > maxDepth + 2) throw notAPlist('it is nested too deeply');
    const isRoot = parent === undefined;
    if (isRoot !== (tag === 'plist') || (isRoot && this.#root !== undefined)) {
      throw notAPlist('it is not one <plist>');
    }
    let odd = isKnownElement(tag) ? null : 'an element that is not known';
    for (const name in attributes) {
      if (isRoot && name !== 'version') throw notAPlist('attributes that are not known');
      if (!isRoot) odd = 'attributes that are not known';
    }
    if (!isRoot) this.#place(tag, parent);
    this.#open.push({
      tag,
      text: '',
      array: tag === 'array' || tag === 'plist' ? [] : noValues,
      dict: tag === 'dict' ? new Map() : null,
      key: null,
      odd,
    });
  }

  /** Where an element stands that is not foreseen, what holds it is odd. */
  #place(tag: string, parent: Element): void {
    if (parent.tag === 'plist') {
      if (tag === 'key' || parent.array.length > 0) throw notAPlist('it holds more than one value');
    } else if (parent.dict !== null) {
      if (tag !== 'key' && parent.key === null) parent.odd ??= 'a value without a key';
    } else if (parent.tag !== 'array') parent.odd ??= 'elements in a text';
  }

  /** Text of the element at this depth. */
  add(text: string, depth: number): void {
    this.#endTo(depth);
    const element = this.#open.at(-1);
    const isOwn = element !== undefined && depth === this.#open.length;
    if (isOwn && !containers.has(element.tag)) element.text += text;
    else if (!isBlank(text)) {
      if (!isOwn || element.tag === 'plist') throw notAPlist('text between its elements');
      const why = 'text between its elements';
      if (element.dict === null) element.array.push(this.#oddity(why));
      else element.odd ??= why;
    }
  }

  /** The value, at the end of the document. */
  end(): PlistValue {
    this.#endTo(0);
    if (this.#root === undefined) throw notAPlist('it holds no value');
    return this.#root;
  }

  #oddity(why: string, rest: PlistDict | null = null): PlistOdd {
    this.isPlain = false;
    return new PlistOdd(why, rest);
  }

  #endTo(depth: number): void {
    while (this.#open.length > depth) this.#endOne();
  }

  #endOne(): void {
    const element = this.#open.pop();
    if (element === undefined) return;
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element.array[0];
    else if (element.tag === 'key') this.#endKey(element, parent);
    else if (parent.dict === null) {
      if (parent.tag === 'array' || parent.tag === 'plist') parent.array.push(this.#valueOf(element));
    } else {
      if (parent.key !== null) this.#put(parent.dict, parent.key, this.#valueOf(element));
      parent.key = null;
    }
  }

  #endKey({ text, odd }: Element, parent: Element): void {
    if (parent.dict === null) {
      if (parent.tag === 'array') parent.array.push(this.#oddity('a key in an array'));
      return;
    }
    if (parent.key !== null) {
      this.isPlain = false;
      // The same key right after itself is one.
      if (parent.key === text && odd === null) return;
      this.#put(parent.dict, parent.key, this.#oddity('a key without a value'));
    }
    parent.key = null;
    if (odd !== null || !isReadable(text)) {
      parent.odd ??= 'a key that cannot be read';
      return;
    }
    const known = this.#keys.get(text);
    if (known === undefined) this.#keys.set(text, text);
    parent.key = known ?? text;
  }

  /** What is there twice and the same is there once; what differs is not known. */
  #put(dict: Map<string, PlistValue>, key: string, value: PlistValue): void {
    const before = dict.get(key);
    if (before === undefined) dict.set(key, value);
    else {
      this.isPlain = false;
      if (!isSameValue(before, value))
        dict.set(key, new PlistOdd('it is there twice, with different values'));
    }
  }

  #valueOf({ tag, text, array, dict, key, odd }: Element): PlistValue {
    if (dict !== null) {
      if (key !== null) this.#put(dict, key, this.#oddity('a key without a value'));
      return odd === null ? dict : this.#oddity(odd, dict);
    }
    if (odd !== null) return this.#oddity(odd);
    if (tag === 'array') return array;
    const value = isReadable(text) ? (scalars[tag]?.(text) ?? null) : null;
    return value ?? this.#oddity(`what stands as <${tag}> is none`);
  }
}

/** Whether two values say the same; what cannot be read says the same as nothing. */
export const isSameValue = (a: PlistValue, b: PlistValue): boolean => {
  if (a === b) return true;
  if (a instanceof PlistDate) return b instanceof PlistDate && a.unixSeconds === b.unixSeconds;
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  if (isArray(a)) {
    return isArray(b) && a.length === b.length && a.every((each, i) => isSameValue(each, b[i] ?? ''));
  }
  if (!isDict(a) || !isDict(b) || a.size !== b.size) return false;
  return [...a].every(([key, each]) => {
    const other = b.get(key);
    return other !== undefined && isSameValue(each, other);
  });
};

interface Document {
  readonly value: PlistValue;
  /** Whether the text holds nothing but the value: no line of a log, no comment, nothing odd, nothing twice. */
  readonly isPlain: boolean;
}

const readDocument = (text: string): Document => {
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
    const { body, isAlone } = bodyOf(text);
    // `true` runs the validator: without it a truncated document, or one closed by a wrong tag, passes.
    parser.parse(body.includes('<![CDATA[') ? body : body.replace(strayAmpersand, '&#0;'), true);
    const value = builder.end();
    return { value, isPlain: builder.isPlain && isAlone && !text.includes('<!--') };
  } catch (error) {
    // The library quotes what it met, which may be a secret: its words are not passed on.
    throw error instanceof CollectError ? error : notAPlist('it is not well-formed XML');
  }
};

/**
 * Reads an XML property list.
 *
 * Input: the text of a property list, as `-plist`, `-xml` and `-a` print it; macOS 10.5 to 26. Lines that a
 *   framework logged before or after it are passed over, and so is a prolog that is cut or changed, unless it may
 *   declare entities or another encoding than UTF-8.
 * Returns: the value; dates in unix seconds, data as bytes, integers past 2^53 as bigint. CR LF reads as LF.
 *   What of it cannot be read is a PlistOdd in its place.
 * Throws: parse_failed when it is not one whole document, or its value as a whole cannot be read.
 * Source: plist(5), PropertyList-1.0.dtd
 */
export const parseXmlPlist = (text: string): PlistValue => {
  const { value } = readDocument(text);
  if (value instanceof PlistOdd) throw notAPlist(value.why);
  return value;
};

/** A dictionary, and why it is not pairs: then it is those that are. */
export interface OddDict {
  readonly dict: PlistDict;
  readonly odd: string | null;
}
const dictOf = (value: PlistValue, what: string): OddDict => {
  if (value instanceof PlistOdd && value.rest !== null) return { dict: value.rest, odd: value.why };
  if (value instanceof PlistOdd) throw notAPlist(value.why);
  return { dict: asDict(value, what), odd: null };
};

/** The same for a dictionary: of one that is not pairs, those that are. */
export const parseXmlDict = (text: string, what: string): OddDict => dictOf(readDocument(text).value, what);

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
  else if (value instanceof PlistOdd) writeOdd(value, indent, lines);
  else if (isArray(value)) {
    if (value.length === 0) return line('<array/>');
    line('<array>');
    for (const element of value) writeValue(element, `${indent}\t`, lines);
    line('</array>');
  } else {
    if (value.size === 0) return line('<dict/>');
    line('<dict>');
    writePairs(value, indent, lines);
    line('</dict>');
  }
};

const writePairs = (dict: PlistDict, indent: string, lines: string[]): void => {
  for (const [key, element] of dict) {
    lines.push(`${indent}\t<key>${escape(key)}</key>`);
    writeValue(element, `${indent}\t`, lines);
  }
};

/** What stands for a value that cannot be read, and is none itself. Nothing is left of what was there. */
const noValue = '<integer></integer>';
const writeOdd = ({ rest }: PlistOdd, indent: string, lines: string[]): void => {
  if (rest === null) {
    lines.push(indent + noValue);
    return;
  }
  lines.push(`${indent}<dict>`, `${indent}\t${noValue}`);
  writePairs(rest, indent, lines);
  lines.push(`${indent}</dict>`);
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

/** Pairs of which the keys come first, then the values. */
const readDict = (count: number, read: (index: number) => PlistValue): PlistValue => {
  const dict = new Map<string, PlistValue>();
  let why: string | null = null;
  for (let index = 0; index < count; index++) {
    const key = read(index);
    const value = read(count + index);
    if (typeof key !== 'string') why = 'a key that is not a string';
    else if (!dict.has(key)) dict.set(key, value);
    else if (!isSameValue(dict.get(key) ?? '', value)) {
      dict.set(key, new PlistOdd('it is there twice, with different values'));
    }
  }
  return why === null ? dict : new PlistOdd(why, dict);
};

/**
 * Reads a binary property list, version 00.
 *
 * Input: the bytes of a file that macOS 10.4 or newer wrote; hostile ones end as fast as whole ones.
 * Returns: the value, of the same types as parseXmlPlist; an ISO date has no fraction, so neither has this.
 * Throws: parse_failed when an offset, a length, a reference or a type is not as the format says.
 * Source: CFBinaryPList.c
 */
export const parseBinaryPlist = (bytes: Uint8Array): PlistValue => {
  const value = readBinary(bytes);
  if (value instanceof PlistOdd) throw notAPlist(`binary form, ${value.why}`);
  return value;
};

const readBinary = (bytes: Uint8Array): PlistValue => {
  const fail = (why: string): CollectError => notAPlist(`binary form, ${why}`);
  const odd = (why: string): PlistOdd => new PlistOdd(why);
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
    const text = (decoder: typeof strictUtf8, size: number): PlistValue => {
      try {
        return decoder.decode(content(size));
      } catch (error) {
        if (error instanceof CollectError) throw error;
        return odd('a string that is not text');
      }
    };
    switch (type) {
      case 0x0:
        return info === 8 || info === 9 ? info === 9 : odd('an object that is not known');
      case 0x1: {
        if (info > 4) throw fail('an integer that is too long');
        let value = 0n;
        for (const byte of content(2 ** info)) value = (value << 8n) | BigInt(byte);
        // Only those of 8 bytes have a sign; those of 16 are the unsigned ones past 2^63.
        return integerOf(info === 3 ? BigInt.asIntN(64, value) : value) ?? odd('more than 64 bits');
      }
      case 0x2: {
        if (info !== 2 && info !== 3) throw fail('a real of an unknown size');
        need(at, 2 ** info);
        const value = info === 2 ? view.getFloat32(at) : view.getFloat64(at);
        return Number.isFinite(value) ? value : odd('a real that is not a finite number');
      }
      case 0x3: {
        if (info !== 3) throw fail('a date of an unknown size');
        need(at, 8);
        const seconds = Math.floor(view.getFloat64(at)) + epochOf2001;
        // The years that an ISO date can write.
        const isDate = seconds >= -62_167_219_200 && seconds <= 253_402_300_799;
        return isDate ? new PlistDate(seconds) : odd('a date that is none');
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
        return readDict(count, (index) => read(reference(index), depth + 1));
      }
      default:
        return odd('an object that is not known');
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
export const parsePlistFile = (bytes: Uint8Array): PlistValue =>
  isBinary(bytes) ? parseBinaryPlist(bytes) : parseXmlPlist(textOfFile(bytes));

/** The same for a dictionary: of one that is not pairs, those that are. */
export const parsePlistFileDict = (bytes: Uint8Array, what: string): OddDict =>
  isBinary(bytes) ? dictOf(readBinary(bytes), what) : parseXmlDict(textOfFile(bytes), what);

const textOfFile = (bytes: Uint8Array): string => {
  const text = decodeText(bytes);
  if (text === null) throw notAPlist('neither binary nor UTF-8');
  return text;
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
      const reduced = below === undefined ? undefined : sanitizePlist(element, below);
      if (reduced !== undefined) kept.set(key, reduced);
      if (reduced !== element) isSame = false;
    }
    return isSame ? value : kept;
  }
  if (value instanceof PlistOdd) {
    const rest = value.rest === null || allowed === true ? null : sanitizePlist(value.rest, allowed);
    return new PlistOdd(value.why, rest instanceof Map ? rest : null);
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

/** The same with any rule; `reduce` answers the value itself when there is nothing to drop. */
export const sanitizeXmlPlistWith = (text: string, reduce: (value: PlistValue) => PlistValue): string => {
  if (text === '' || withheldText.test(text)) return text;
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
