/** One value as text, for files and for stdout. */
import type { Value } from '../collector/table.ts';

/** A value as it is exported: an integer beyond 2^53 is a bigint. */
export type Cell = Value | bigint;

/** Bytes are in no table, but may be in the answer of a query. */
export type AnyCell = Cell | Uint8Array;

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** JSON of one value. Lone surrogates become escapes, and integers of any size stay digits. */
export const jsonCell = (value: AnyCell): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null) return 'null';
  // JSON.stringify takes several times as long for what needs no quotes.
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  return typeof value === 'bigint' ? `${value}` : `"${hexOf(value)}"`;
};

const needsQuotes = /[",\r\n]/;

/** A field of CSV as RFC 4180 has it. NULL is an empty field and an empty text is "", so that they stay apart. */
export const csvCell = (value: AnyCell): string => {
  if (value === null) return '';
  if (typeof value === 'number') return `${value}`;
  const text = value instanceof Uint8Array ? hexOf(value) : `${value}`;
  return text === '' || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

// A spreadsheet takes a cell that begins so for a formula; some take the wide forms of East Asian keyboards too.
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

/**
 * A cell that no spreadsheet calculates: an apostrophe stands before such a text, which is then not what was read. A number
 * that begins with a minus is a number.
 */
export const notCalculated = <T extends AnyCell>(value: T): T | string =>
  typeof value === 'string' && formula.test(value) ? `'${value}` : value;
