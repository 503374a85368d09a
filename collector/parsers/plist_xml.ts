/** Reads property lists in XML. */
import { XMLParser } from 'fast-xml-parser';
import type { MatcherView } from 'fast-xml-parser';
import { CollectError } from '../errors.ts';
import { bodyOf, isBlank } from './plist_body.ts';
import { readPlain } from './plist_plain.ts';
import { decoded, isReadable, scalars } from './plist_text.ts';
import { PlistOdd, asDict, isSameValue, maxDepth, notAPlist } from './plist_value.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';

/** It makes the whole document one that is not well-formed; it costs the text in which it stands. */
const strayAmpersand = /&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,10}|#x[0-9a-fA-F]{1,8});)/g;

/** In place of the library's own decoder, which stops at 1,000 references and passes unknown ones through. */
const entityDecoder = {
  decode: decoded,
  addInputEntities: (): void => {
    throw notAPlist('it declares entities');
  },
  setExternalEntities: (): void => {},
  setXmlVersion: (): void => {},
  reset: (): void => {},
};

const scalarOf: Readonly<Record<string, (text: string) => PlistValue | null>> = scalars;
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
    const value = isReadable(text) ? (scalarOf[tag]?.(text) ?? null) : null;
    return value ?? this.#oddity(`what stands as <${tag}> is none`);
  }
}

export interface Document {
  readonly value: PlistValue;
  /** Whether the text holds nothing but the value: no line of a log, no comment, nothing odd, nothing twice. */
  readonly isPlain: boolean;
}

/** The same of every text that is one. */
export const readAnyDocument = (text: string): Document => {
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

/** Of a text as Apple's tools print it, at a tenth of the cost. */
export const readDocument = (text: string): Document => {
  const value = readPlain(text);
  return value === null ? readAnyDocument(text) : { value, isPlain: true };
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
/** The value as a dictionary; throws parse_failed. */
export const dictOf = (value: PlistValue, what: string): OddDict => {
  if (value instanceof PlistOdd && value.rest !== null) return { dict: value.rest, odd: value.why };
  if (value instanceof PlistOdd) throw notAPlist(value.why);
  return { dict: asDict(value, what), odd: null };
};

/** The same for a dictionary: of one that is not pairs, those that are. */
export const parseXmlDict = (text: string, what: string): OddDict => dictOf(readDocument(text).value, what);
