import { parseFailed } from '../errors.ts';
import type { Cost } from '../errors.ts';
import type { Note } from '../answer.ts';
import { told } from './lines.ts';
import { isUuid } from '../uuid.ts';
import { PlistOdd } from './plist_value.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';
import { isWithheldText } from './withheld.ts';

/**
 * One dictionary of an answer, read key by key. A key that is absent is null, and so is one that cannot be read:
 * that is told at the end, in one problem for all of the dictionary.
 */
export class Entry {
  readonly #dict: PlistDict;
  readonly #oddities: string[] = [];
  /** Keys that are there, or may be, and that cannot be read. */
  readonly unread = new Set<string>();

  /** @param dict Also one that is not pairs: of a key that it lacks nobody knows whether it was there. */
  constructor(dict: PlistDict | PlistOdd) {
    this.#dict = dict instanceof PlistOdd ? (dict.rest ?? new Map()) : dict;
    if (dict instanceof PlistOdd) this.#oddities.push(dict.why);
    this.isPairs = !(dict instanceof PlistOdd);
  }

  /** False where a key may be lost. */
  readonly isPairs: boolean;

  get isEmpty(): boolean {
    return this.isPairs && this.#dict.size === 0;
  }

  odd(key: string, why: string): null {
    this.unread.add(key);
    this.#oddities.push(`${key} ${why}`);
    return null;
  }

  value(key: string): PlistValue | null {
    if (!this.isPairs && !this.#dict.has(key)) this.unread.add(key);
    return this.#dict.get(key) ?? null;
  }

  has(key: string): boolean {
    return this.#dict.has(key);
  }

  /** Of entries that are alike, each has what one of them has: where it is missing, it is not known. */
  needLike(others: readonly Entry[], keys: readonly string[]): void {
    for (const key of keys) {
      if (!this.has(key) && others.some((other) => other.has(key))) this.odd(key, 'is missing');
    }
  }

  /** The value where it is of a kind, else null. */
  #of<T extends PlistValue>(key: string, kind: string, is: (value: PlistValue) => value is T): T | null {
    const value = this.value(key);
    if (value === null || is(value)) return value;
    return this.odd(key, value instanceof PlistOdd ? value.why : `is not ${kind}`);
  }

  #string(key: string): string | null {
    return this.#of(key, 'text', (value) => typeof value === 'string');
  }

  text(key: string): string | null {
    const text = this.#string(key);
    return text !== null && isWithheldText(text) ? this.odd(key, `is not known: ${told(text)}`) : text;
  }

  flag(key: string): boolean | null {
    return this.#of(key, 'true or false', (value) => typeof value === 'boolean');
  }

  /** In upper case. */
  uuid(key: string): string | null {
    const text = this.#string(key);
    return text === null || isUuid(text) ? (text?.toUpperCase() ?? null) : this.odd(key, 'is not a UUID');
  }

  /** What of a list is text; null where the key is absent or holds no list. */
  texts(key: string): readonly string[] | null {
    const values = this.list(key);
    const texts = values?.filter((value) => typeof value === 'string') ?? null;
    if (texts?.length !== values?.length) this.odd(key, 'holds what is not text');
    const odd = texts?.find(isWithheldText);
    if (odd !== undefined) this.odd(key, `holds what is not known: ${told(odd)}`);
    return texts?.filter((text) => !isWithheldText(text)) ?? null;
  }

  list(key: string): readonly PlistValue[] | null {
    return this.#of(key, 'a list', (value): value is readonly PlistValue[] => Array.isArray(value));
  }

  /** @param costs Asked when all keys were read. */
  tell(note: Note, what: string, costs: (unread: ReadonlySet<string>) => Cost): void {
    if (this.#oddities.length === 0) return;
    note(parseFailed(`${what}: ${this.#oddities.join(', ')}`), costs(this.unread));
  }
}

/** A value as the entry that it is meant to be; null for what is no dictionary. */
export const entryOf = (value: PlistValue): Entry | null =>
  value instanceof Map || (value instanceof PlistOdd && value.rest !== null) ? new Entry(value) : null;

/** Entries of one key as one: the same twice is there once, and what differs is told and left to `merge`. */
export const mergedByKey = <T>(
  entries: readonly T[],
  keyOf: (entry: T) => string,
  merge: (a: T, b: T) => T,
  tell: (key: string, merged: T, pair: readonly [T, T]) => void,
): readonly T[] => {
  const byKey = new Map<string, T>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const known = byKey.get(key);
    const isSame = known === undefined || JSON.stringify(known) === JSON.stringify(entry);
    if (isSame) byKey.set(key, entry);
    else {
      const both = merge(known, entry);
      tell(key, both, [known, entry]);
      byKey.set(key, both);
    }
  }
  return [...byKey.values()];
};
