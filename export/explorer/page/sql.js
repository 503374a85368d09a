/** Pieces of statements, and values as text. */

export const quoteName = (name) =>
  /^[a-z][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text) => `'${text.replaceAll("'", "''")}'`;

export const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A value as SQL has it. */
export const literal = (value) => {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `x'${hexOf(value)}'`;
  return typeof value === 'string' ? quoteText(value) : String(value);
};

/** A value as text; NULL has none. */
export const textOf = (value) => (value instanceof Uint8Array ? literal(value) : String(value));

/** Rows that have these values; IS, for NULL is one of them. */
export const whereOf = (pairs) =>
  pairs.length === 0
    ? ''
    : `\nWHERE ${pairs.map(([name, value]) => `${quoteName(name)} IS ${literal(value)}`).join('\n  AND ')}`;

const isTime = (name, value) =>
  name.endsWith('_time') && typeof value === 'number' && value > 0 && value < 32_503_680_000;

/** Unix seconds of a column of times in words, else null. */
export const timeOf = (name, value) =>
  isTime(name, value) ? `${new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC` : null;

/** What a spreadsheet would calculate begins with one of these, as export/cell.ts has it. */
const calculated = /^[=+\-@\t\r\n＝＋－＠]/;

/** A cell of CSV. A text that a spreadsheet would calculate has an apostrophe before it, as in the exports. */
const csvCell = (value) => {
  if (value === null) return '';
  const text = textOf(value);
  const safe = typeof value === 'string' && calculated.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export const csvOf = ({ columns, rows }) =>
  [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');

/** Numbers beyond those that a number holds stand as they are; JSON has no limit. */
const jsonValue = (value) => {
  if (typeof value === 'bigint') return String(value);
  // JSON has no infinity.
  return JSON.stringify(value instanceof Uint8Array ? literal(value) : value);
};

export const jsonOf = ({ columns, rows }) => {
  const keys = columns.map((name) => JSON.stringify(name));
  const lines = rows.map((row) => `{${row.map((value, at) => `${keys[at]}:${jsonValue(value)}`).join(',')}}`);
  return `[\n${lines.join(',\n')}\n]\n`;
};
