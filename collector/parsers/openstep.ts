import { CollectError, parseFailed } from '../errors.ts';
import { isLogLine } from './lines.ts';
import type { PlistDate } from './plist_value.ts';

/** Bytes that a tool printed: recognised, counted as a value, and never kept. */
interface OpaqueData {
  readonly kind: 'data';
}
type OpenStepDict = ReadonlyMap<string, OpenStepValue>;
/** A dictionary of which an entry is lost with its key: what it lacks may have been there. */
export class BrokenDict extends Map<string, OpenStepValue> {}
/** The format knows no types: numbers and booleans are strings. `(null)` is null. */
export type OpenStepValue = string | null | OpaqueData | readonly OpenStepValue[] | OpenStepDict;

const opaque: OpaqueData = Object.freeze({ kind: 'data' });
const maxDepth = 64;

const space = /[ \t\r\n]*/y;
const bareWord = /[A-Za-z0-9_$/:.-]+/y;
const plainText = /[^"\\]*/y;
const hexData = /<[0-9A-Fa-f \t\r\n]*>/y;
// NSData describes itself so since macOS 10.15, and cuts long ones short (profiles-show-enrollment-01.txt).
const describedData = /\{\s*length\s*=\s*\d+\s*,\s*bytes\s*=\s*0x[0-9A-Fa-f\s.]*\}/y;
const fourHex = /[0-9A-Fa-f]{4}/y;
const octal = /[0-7]{1,3}/y;

const letterEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  "'": "'",
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Says where, never what: the text can hold a secret. */
const failAt = (what: string, offset: number) =>
  parseFailed(`old-style property list: ${what} at offset ${offset}`);

const isArray = (value: OpenStepValue): value is readonly OpenStepValue[] => Array.isArray(value);
const isEntries = (value: OpenStepValue): value is OpenStepDict => value instanceof Map;

const isSame = (a: OpenStepValue, b: OpenStepValue): boolean => {
  if (isArray(a) && isArray(b)) {
    return a.length === b.length && a.every((item, index) => isSame(item, b[index] ?? null));
  }
  if (isEntries(a) && isEntries(b)) {
    return a.size === b.size && [...a].every(([key, value]) => isSame(value, b.get(key) ?? opaque));
  }
  return a === b;
};

/** What two values of one key say alike; where they differ, bytes that nobody takes for an answer. */
export const agreed = (a: OpenStepValue, b: OpenStepValue): OpenStepValue => {
  if (!isEntries(a) || !isEntries(b)) return isSame(a, b) ? a : opaque;
  const isBroken = a instanceof BrokenDict || b instanceof BrokenDict;
  const both = isBroken ? new BrokenDict(a) : new Map(a);
  for (const [key, value] of b) {
    const before = both.get(key);
    both.set(key, before === undefined ? value : agreed(before, value));
  }
  return both;
};

class Reader {
  readonly text: string;
  at: number;

  constructor(text: string, offset: number) {
    this.text = text;
    this.at = offset;
  }

  /** The match of a sticky expression here, or null; moves past it. */
  take(expression: RegExp): string | null {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }

  skipSpace(): void {
    this.take(space);
  }

  /** Whether this character stands here; moves past it if so. */
  skip(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  expect(character: string, what: string): void {
    if (!this.skip(character)) throw failAt(`${what} is missing`, this.at);
  }

  readValue(depth: number): OpenStepValue {
    if (depth > maxDepth) throw failAt(`more than ${maxDepth} levels`, this.at);
    switch (this.text[this.at]) {
      case '{':
        return this.take(describedData) === null ? this.readDict(depth) : opaque;
      case '(':
        if (this.text.startsWith('(null)', this.at)) {
          this.at += 6;
          return null;
        }
        return this.readArray(depth);
      case '<':
        if (this.take(hexData) === null) throw failAt('data is not hexadecimal', this.at);
        return opaque;
      default: {
        const text = this.readText();
        // Half a pair of surrogates costs the value in which it stands.
        return text.isWellFormed() ? text : opaque;
      }
    }
  }

  readKey(): string {
    const start = this.at;
    const key = this.readText();
    if (!key.isWellFormed()) throw failAt('a string that is not Unicode', start);
    return key;
  }

  readText(): string {
    if (this.text[this.at] === '"') return this.readQuoted();
    const word = this.take(bareWord);
    if (word === null) {
      throw failAt(this.at < this.text.length ? 'an unknown character' : 'the end comes too early', this.at);
    }
    return word;
  }

  readQuoted(): string {
    const start = this.at;
    const parts: string[] = [];
    this.at += 1;
    for (;;) {
      parts.push(this.take(plainText) ?? '');
      const character = this.text[this.at];
      if (character === undefined) throw failAt('a quotation mark is not closed', start);
      this.at += 1;
      if (character === '"') break;
      parts.push(this.readEscape());
    }
    return parts.join('');
  }

  readEscape(): string {
    const start = this.at - 1;
    const letter = this.text[this.at] ?? '';
    if (letter === 'U' || letter === 'u') {
      this.at += 1;
      const unit = this.take(fourHex);
      if (unit === null) throw failAt('an escape without four hexadecimal digits', start);
      return String.fromCharCode(Number.parseInt(unit, 16));
    }
    const digits = this.take(octal);
    if (digits !== null) {
      const code = Number.parseInt(digits, 8);
      // Above 0o177 the digits count in the NeXTSTEP character set, which no tool of today prints.
      if (code > 0o177) throw failAt('an octal escape outside ASCII', start);
      return String.fromCharCode(code);
    }
    const plain = Object.hasOwn(letterEscapes, letter) ? letterEscapes[letter] : undefined;
    if (plain === undefined) throw failAt('an unknown escape', start);
    this.at += 1;
    return plain;
  }

  readArray(depth: number): readonly OpenStepValue[] {
    const values: OpenStepValue[] = [];
    this.expect('(', 'an opening bracket');
    this.skipSpace();
    if (this.skip(')')) return values;
    for (;;) {
      values.push(this.readValue(depth + 1));
      this.skipSpace();
      if (this.skip(')')) return values;
      this.expect(',', 'a comma or closing bracket');
      this.skipSpace();
    }
  }

  readDict(depth: number): OpenStepDict {
    const entries = new Map<string, OpenStepValue>();
    let isBroken = false;
    this.expect('{', 'an opening brace');
    const indent = this.indentOfEntries();
    this.skipSpace();
    while (!this.skip('}')) {
      const start = this.at;
      try {
        const [key, value] = this.readEntry(depth);
        put(entries, key, value);
      } catch (problem) {
        if (!(problem instanceof CollectError) || indent === null) throw problem;
        const key = this.keyOfLine(start, indent);
        if (!this.skipEntry(start, indent)) throw problem;
        if (key !== null) put(entries, key, opaque);
        else if (!isLogLine(this.lineAt(start))) isBroken = true;
      }
      this.skipSpace();
    }
    return isBroken ? new BrokenDict(entries) : entries;
  }

  readEntry(depth: number): readonly [key: string, value: OpenStepValue] {
    const key = this.readKey();
    this.skipSpace();
    this.expect('=', 'an equals sign');
    this.skipSpace();
    const value = this.readValue(depth + 1);
    this.skipSpace();
    this.expect(';', 'a semicolon');
    return [key, value];
  }

  lineAt(offset: number): string {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1;
    const end = this.text.indexOf('\n', offset);
    return this.text.slice(start, end < 0 ? undefined : end);
  }

  /** What stands before each entry of the dictionary that begins here; null where it is not written line by line. */
  indentOfEntries(): string | null {
    entryLine.lastIndex = this.at;
    return entryLine.exec(this.text)?.[1] ?? null;
  }

  /** The key of an entry that cannot be read, where it can. */
  keyOfLine(start: number, indent: string): string | null {
    const line = this.lineAt(start);
    if (!line.startsWith(indent) || !plainKey.test(line.slice(indent.length))) return null;
    return new Reader(line, indent.length).readKey();
  }

  /**
   * Past an entry that cannot be read: to the next line of this dictionary that begins one, or to its end. The tools
   * write one entry a line and every line break inside a text as an escape, so that no text can look like one.
   * False, and nowhere moved, where there is no such line: then nobody can tell what belongs to what.
   */
  skipEntry(start: number, indent: string): boolean {
    for (let end = this.text.indexOf('\n', start); end >= 0; end = this.text.indexOf('\n', end + 1)) {
      const line = this.lineAt(end + 1);
      const inside = line.trimStart();
      const own = line.slice(0, line.length - inside.length);
      const isEnd = inside.startsWith('}') && own.length < indent.length;
      if (isEnd || (own === indent && plainKey.test(inside))) {
        this.at = end + 1 + own.length;
        return true;
      }
      const isOutside = own.length < indent.length && inside !== '' && plainKey.test(inside);
      if (isOutside) return false;
    }
    return false;
  }
}

/** The first line below an opening brace that begins an entry; what stands between is none. */
const entryLine = /[ \t]*\r?\n(?:[^={}()\n]*\n){0,3}?([ \t]+)(?:"[^"\\\n]*"|[A-Za-z0-9_$/:.-]+) = /y;
const plainKey = /^(?:"[^"\\\n]*"|[A-Za-z0-9_$/:.-]+) = /;

const put = (entries: Map<string, OpenStepValue>, key: string, value: OpenStepValue): void => {
  const before = entries.get(key);
  entries.set(key, before === undefined ? value : agreed(before, value));
};

/**
 * Reads one old-style (OpenStep, ASCII) property list value that begins at `offset`, as NSDictionary
 * describes itself.
 * Returns: the value, and the offset right after it. Bytes, as `<0a0b>` or `{length = 2, bytes = 0x0a0b}`,
 * are dropped; so is the value of a key that stands twice and differs, but for what two dictionaries have alike.
 * An entry that cannot be read costs itself where each stands on lines of its own, as the tools write them: it is bytes
 * under its key, and without a key that can be read the dictionary is a BrokenDict.
 * Throws: parse_failed with the offset, for anything else, and more than 64 levels.
 * Source: Apple, Property List Programming Guide, "Old-Style ASCII Property Lists".
 */
export const readOpenStepAt = (text: string, offset: number): { value: OpenStepValue; end: number } => {
  const reader = new Reader(text, offset);
  reader.skipSpace();
  const value = reader.readValue(0);
  return { value, end: reader.at };
};

/**
 * Reads a text that is one old-style property list and nothing else but lines of a log after it.
 * Throws: parse_failed with the offset, as readOpenStepAt does, and for anything else after the value.
 */
export const parseOpenStep = (text: string): OpenStepValue => {
  const { value, end } = readOpenStepAt(text, 0);
  let at = end;
  for (const [index, line] of text.slice(end).split('\n').entries()) {
    const isNothing = line.trim() === '' || (index > 0 && isLogLine(line));
    if (!isNothing) throw failAt('something follows the value', at + line.search(/\S/));
    at += line.length + 1;
  }
  return value;
};

/** A text without the lines of a log before its first line of another kind. */
export const withoutLeadingLog = (text: string): string => {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() !== '' && !isLogLine(line));
  return start < 0 ? '' : lines.slice(start).join('\n');
};

/**
 * What can be written back: no bytes, no null. Booleans are written 1 and 0, as NSNumber describes itself.
 */
export type WritableOpenStep =
  | string
  | number
  | boolean
  | PlistDate
  | readonly WritableOpenStep[]
  | ReadonlyMap<string, WritableOpenStep>;

const bare = /^[A-Za-z0-9]+$/;
const namedEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
const escaped = (unit: string): string =>
  namedEscapes.get(unit) ?? `\\U${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const writeString = (value: string): string =>
  bare.test(value) ? value : `"${value.replace(/[^ !#-[\]-~]/g, escaped)}"`;

const isList = (value: WritableOpenStep): value is readonly WritableOpenStep[] => Array.isArray(value);
const isDict = (value: WritableOpenStep): value is ReadonlyMap<string, WritableOpenStep> =>
  value instanceof Map;

/**
 * Writes a value as NSDictionary describes itself (four spaces for each level), without a final newline; what
 * is written reads back equal.
 */
export const writeOpenStep = (value: WritableOpenStep, indent = ''): string => {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeString(String(value));
  if (typeof value === 'boolean') return value ? '1' : '0';
  const inner = `${indent}    `;
  if (isList(value)) {
    const lines = value.map((child) => `${inner}${writeOpenStep(child, inner)}`);
    return `(\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}${indent})`;
  }
  if (isDict(value)) {
    const lines = Array.from(value, ([key, child]) => {
      const gap = isDict(child) || isList(child) ? inner : '';
      return `${inner}${writeString(key)} = ${gap}${writeOpenStep(child, inner)};\n`;
    });
    return `{\n${lines.join('')}${indent}}`;
  }
  const [day, clock] = new Date(value.unixSeconds * 1000).toISOString().split('T');
  return writeString(`${day} ${clock?.slice(0, 8)} +0000`);
};
