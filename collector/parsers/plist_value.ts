/** The values of a property list, in whichever form it was written. */
import { parseFailed } from '../errors.ts';
import type { CollectError } from '../errors.ts';

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
export const maxDepth = 100;
export const notAPlist = (why: string): CollectError => parseFailed(`not a property list: ${why}`);

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

export const isoOfUnixSeconds = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const smallestInteger = -(2n ** 63n);
const largestInteger = 2n ** 64n - 1n;
/** A number where it loses no digit; null for what no property list can hold. */
export const integerOf = (value: bigint): number | bigint | null => {
  if (value < smallestInteger || value > largestInteger) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

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

// Array.isArray alone does not narrow a readonly array.
export const isArray = (value: PlistValue): value is readonly PlistValue[] => Array.isArray(value);
export const isDict = (value: PlistValue): value is PlistDict => value instanceof Map;

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
export const optionalString = optional(asString);
export const optionalBoolean = optional(asBoolean);
export const optionalInteger = optional(asInteger);
export const optionalDate = optional(asDate);
