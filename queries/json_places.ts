/** What JSON.parse does not tell of a text that it took: keys that are given twice, and the lines of what is in a list. */
import { UserError } from '../collector/errors.ts';

/** A key that an object has twice: JSON.parse keeps the last one without a word. */
interface Twice {
  readonly key: string;
  readonly line: number;
  /** The place in the list of the outermost object in which it stands; null outside of one. */
  readonly item: number | null;
}

export interface JsonPlaces {
  readonly twice: Twice | null;
  /** The line of each item of a list of the outermost object, by the key of the list. */
  readonly lines: ReadonlyMap<string, readonly number[]>;
}

/** An object or a list that is open where one reads. */
interface Open {
  /** Of an object; null for a list. */
  readonly keys: Set<string> | null;
  key: string;
  isKeyNext: boolean;
  items: number;
}

/** Where the string ends that begins at a quote. */
const endOfString = (text: string, begin: number): number => {
  let at = begin + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};

/** What one has read of a text so far. */
class Reading {
  readonly #open: Open[] = [];
  readonly lines = new Map<string, number[]>();
  twice: Twice | null = null;
  line = 1;

  /** A value begins. */
  #begin(): void {
    const [outermost, list] = this.#open;
    const top = this.#open.at(-1);
    if (top === undefined || top.keys !== null) return;
    top.items += 1;
    if (top !== list || outermost === undefined) return;
    const lines = this.lines.get(outermost.key) ?? [];
    this.lines.set(outermost.key, lines);
    lines.push(this.line);
  }

  open(isObject: boolean): void {
    this.#begin();
    this.#open.push({ keys: isObject ? new Set() : null, key: '', isKeyNext: isObject, items: 0 });
  }

  close(): void {
    this.#open.pop();
  }

  next(): void {
    const top = this.#open.at(-1);
    if (top !== undefined) top.isKeyNext = top.keys !== null;
  }

  /** A string, number or word; `text` is its source. */
  scalar(text: string): void {
    const top = this.#open.at(-1);
    if (top?.keys == null || !top.isKeyNext) {
      this.#begin();
      return;
    }
    top.key = JSON.parse(text) as string;
    top.isKeyNext = false;
    const list = this.#open[1];
    const item = list?.keys === null ? list.items - 1 : null;
    if (top.keys.has(top.key)) this.twice ??= { key: top.key, line: this.line, item };
    top.keys.add(top.key);
  }
}

const isSpace = (character: string): boolean => ' \t\r\n'.includes(character);
const isMark = (character: string): boolean => '{}[],:'.includes(character);

/** Reads a text that JSON.parse took, once, from its begin to its end. */
export const placesIn = (text: string): JsonPlaces => {
  const reading = new Reading();
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    const begin = at;
    at += 1;
    if (character === '\n') reading.line += 1;
    else if (character === '{' || character === '[') reading.open(character === '{');
    else if (character === '}' || character === ']') reading.close();
    else if (character === ',') reading.next();
    else if (character === '"') {
      at = endOfString(text, begin);
      reading.scalar(text.slice(begin, at));
    } else if (character !== ':' && !isSpace(character)) {
      while (at < text.length && !isSpace(text[at] ?? '') && !isMark(text[at] ?? '')) at += 1;
      reading.scalar(text.slice(begin, at));
    }
  }
  return { twice: reading.twice, lines: reading.lines };
};

/** Line and column of a place in a text, from 1. */
const placeOf = (text: string, at: number): string => {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
};

/** The value of a JSON text; UserError, with `hint`, that says where it is none. */
export const parseJson = (text: string, path: string, hint: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = /at position ([0-9]+)/.exec(message)?.[1];
    const where = at === undefined ? '' : `, ${placeOf(text, Number(at))}`;
    // What V8 says shows what stands there, and who names the file need not be one who may read it.
    throw new UserError(`${path} is not JSON${where}`, hint);
  }
};
