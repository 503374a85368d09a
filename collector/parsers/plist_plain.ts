/** Reads XML property lists that are, to the letter, as Apple's tools print them. */
import { isText } from './decode.ts';
import { decoded, isReadable, scalars } from './plist_text.ts';
import { isArray } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';

const head =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
  '<plist version="1.0">\n';
const tail = '</plist>';

/** What is no XML, and what another line break is made one of. */
// eslint-disable-next-line no-control-regex
const notPlain = /[\0-\x08\x0b-\x1f\ufffe\uffff]/;
/** The end of a section of another kind, which no text may hold. */
const endOfSection = ']]>';

/** No tool nests as deep; what does is for the parser, which counts. */
const mostDepth = 32;

const lineFeed = 0x0a;
const tab = 0x09;
const space = 0x20;
const slash = 0x2f;
const letterK = 0x6b;
const letterS = 0x73;

/** An array or a dictionary that is still open. */
interface Container {
  readonly array: PlistValue[] | null;
  readonly dict: Map<string, PlistValue> | null;
  key: string | null;
}

/** Elements that close themselves. */
const alone: readonly (readonly [tag: string, value: () => PlistValue])[] = [
  ['<true/>', () => true],
  ['<false/>', () => false],
  ['<array/>', () => []],
  ['<dict/>', () => new Map()],
];
const ofText = (['integer', 'real', 'date', 'data'] as const).map(
  (name) => [`<${name}>`, `</${name}>`, scalars[name]] as const,
);

class PlainReader {
  readonly #text: string;
  /** What is made of each element of the outermost array, at once: so it is gone before the next one is read. */
  readonly #each: ((value: PlistValue) => PlistValue) | null;
  readonly #open: Container[] = [];
  // Each record repeats its keys: one string serves them all.
  readonly #keys = new Map<string, string>();
  #at = head.length;
  #root: PlistValue | undefined;

  constructor(text: string, each: ((value: PlistValue) => PlistValue) | null) {
    this.#text = text;
    this.#each = each;
  }

  /** The value; null where the text is of any other form. */
  read(): PlistValue | null {
    const text = this.#text;
    for (;;) {
      let code = text.charCodeAt(this.#at);
      while (code === lineFeed || code === tab || code === space) code = text.charCodeAt((this.#at += 1));
      if (text.startsWith(tail, this.#at)) return this.#end();
      if (!this.#element()) return null;
    }
  }

  #end(): PlistValue | null {
    const rest = this.#text.slice(this.#at + tail.length);
    return this.#open.length === 0 && (rest === '' || rest === '\n') ? (this.#root ?? null) : null;
  }

  /** One tag, or one element that holds a text; false where it is of any other form. */
  #element(): boolean {
    // What is most frequent first, and by its letter: most of the time goes into this.
    switch (this.#text.charCodeAt(this.#at + 1)) {
      case letterS: {
        const text = this.#skip('<string>') ? this.#textOf('</string>') : null;
        return text !== null && this.#put(text);
      }
      case letterK:
        return this.#skip('<key>') && this.#key();
      case slash:
        if (this.#skip('</array>')) return this.#endArray();
        return this.#skip('</dict>') && this.#endDict();
      default:
        return this.#begin() || this.#scalar();
    }
  }

  #skip(tag: string): boolean {
    const isThere = this.#text.startsWith(tag, this.#at);
    if (isThere) this.#at += tag.length;
    return isThere;
  }

  /** What stands up to this end tag; null where it is not the next one, and where it may be no text. */
  #textOf(endTag: string): string | null {
    const end = this.#text.indexOf('<', this.#at);
    if (end < 0 || !this.#text.startsWith(endTag, end)) return null;
    const written = this.#text.slice(this.#at, end);
    this.#at = end + endTag.length;
    if (!written.includes('&')) return written;
    const text = decoded(written);
    // What a reference may mean that is no character.
    return isReadable(text) ? text : null;
  }

  #key(): boolean {
    const text = this.#textOf('</key>');
    const parent = this.#open.at(-1);
    if (text === null || text === '') return false;
    if (parent === undefined || parent.dict === null || parent.key !== null || parent.dict.has(text))
      return false;
    const known = this.#keys.get(text);
    if (known === undefined) this.#keys.set(text, text);
    parent.key = known ?? text;
    return true;
  }

  /** An array or a dictionary that begins; false for what is none, or is nested too deeply. */
  #begin(): boolean {
    if (this.#open.length === mostDepth) return false;
    if (this.#skip('<array>')) this.#open.push({ array: [], dict: null, key: null });
    else if (this.#skip('<dict>')) this.#open.push({ array: null, dict: new Map(), key: null });
    else return false;
    return true;
  }

  #endArray(): boolean {
    const array = this.#open.pop()?.array ?? null;
    return array !== null && this.#put(array);
  }

  #endDict(): boolean {
    const own = this.#open.pop();
    return own?.dict != null && own.key === null && this.#put(own.dict);
  }

  /** What is neither a string nor holds elements. */
  #scalar(): boolean {
    for (const [tag, value] of alone) if (this.#skip(tag)) return this.#put(value());
    for (const [tag, endTag, read] of ofText) {
      if (!this.#skip(tag)) continue;
      const text = this.#textOf(endTag);
      const value = text === null ? null : read(text);
      return value !== null && this.#put(value);
    }
    return false;
  }

  /** Puts a value where it belongs; false where it does not belong there. */
  #put(value: PlistValue): boolean {
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      if (this.#root !== undefined) return false;
      this.#root = value;
    } else if (parent.array !== null)
      parent.array.push(this.#each !== null && this.#open.length === 1 ? this.#each(value) : value);
    else {
      if (parent.key === null || parent.dict === null) return false;
      parent.dict.set(parent.key, value);
      parent.key = null;
    }
    return true;
  }
}

const isPlain = (text: string): boolean =>
  text.startsWith(head) && isText(text) && !notPlain.test(text) && !text.includes(endOfSection);

/**
 * The value of a property list that is plain: the head of Apple's tools, elements without attributes, comments or
 * sections, each key once, each value of its element's form. Such a text has one meaning, and nothing beside it.
 *
 * Returns: null for every other text, whatever it is: that is for the parser of XML to say.
 * Throws: never.
 */
export const readPlain = (text: string): PlistValue | null =>
  isPlain(text) ? new PlainReader(text, null).read() : null;

/** What `each` makes of the elements of an array, where the text is plain and an array; `each` may be asked in vain. */
export const readPlainArray = <T>(text: string, each: (value: PlistValue) => T): readonly T[] | null => {
  if (!isPlain(text)) return null;
  const made: T[] = [];
  // In the array there is nothing but a place for each.
  const value = new PlainReader(text, (element) => {
    made.push(each(element));
    return false;
  }).read();
  return isArray(value ?? '') ? made : null;
};
