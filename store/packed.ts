/** Rows in one value: of a snapshot whose rows are not simply what is known. Names go with them, for tables grow. */
import { UserError } from '../collector/errors.ts';
import type { Table } from '../collector/table.ts';
import type { Cells } from './snapshot.ts';

// Loaded where it is needed, for few snapshots have such rows, and start-up counts.
const zlib = () => process.getBuiltinModule('node:zlib');

interface Packed {
  readonly columns: readonly string[];
  readonly rows: readonly Cells[];
}

export const deflateRows = ({ columns }: Table, rows: readonly Cells[]): Buffer => {
  const text = JSON.stringify({ columns: Object.keys(columns), rows } satisfies Packed);
  // What could not be read again is not written.
  if (rows.length >= mostRows || Buffer.byteLength(text) > mostBytes)
    throw new UserError(
      `a table has ${rows.length} rows, more than can be kept of a look that was not complete`,
      'nothing of this snapshot was stored; collect it as root, so that the look is complete',
    );
  return zlib().deflateRawSync(text, { level: 9 });
};

/** What rows in one value may come to: a thousand times what a Mac with thousands of accounts has. */
const mostBytes = 64 * 1024 * 1024;
const mostRows = 1_000_000;
/** From here on it is worth looking at the bytes before they are made values of. */
const largeBytes = 1024 * 1024;

const openBracket = 91;

/** How many bytes may still be unpacked of the rows of one host. */
export interface Budget {
  left: number;
}

/** As much as a year of looks at a Mac with hundreds of accounts, none of them complete. */
export const budgetOfHost = (): Budget => ({ left: 4 * mostBytes });

const inflated = (raw: Uint8Array, budget: Budget): string => {
  const bytes = zlib().inflateRawSync(raw, {
    maxOutputLength: Math.max(1, Math.min(mostBytes, budget.left)),
  });
  budget.left -= bytes.length;
  if (bytes.length > largeBytes) {
    let lists = 0;
    for (const byte of bytes) if (byte === openBracket) lists += 1;
    if (lists > mostRows) throw new Error(`it has more than ${mostRows} rows`);
  }
  return bytes.toString('utf8');
};

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isRow = (row: unknown): row is Cells =>
  isList(row) &&
  row.every((value) => value === null || typeof value === 'string' || typeof value === 'number');

/** The rows in the columns of a table as it is declared now. Throws for what nobody packed. */
export const inflateRows = (
  raw: Uint8Array,
  { columns }: Table,
  budget: Budget = budgetOfHost(),
): Cells[] => {
  const packed = JSON.parse(inflated(raw, budget)) as unknown;
  const names = Object.keys(columns);
  // Up to layout 2 there were no names; columns that came later stand behind those of then.
  if (isList(packed)) {
    if (!packed.every(isRow)) throw new Error('it holds no rows');
    return packed.map((row) => names.map((_, index) => row[index] ?? null));
  }
  const { columns: held, rows } = (packed ?? {}) as Partial<Packed>;
  if (!isList(held) || !isList(rows) || !rows.every((row) => isRow(row) && row.length === held.length))
    throw new Error('it holds no rows');
  if (held.length === names.length && names.every((name, index) => name === held[index])) return [...rows];
  const from = names.map((name) => held.indexOf(name));
  return rows.map((row) => from.map((index) => row[index] ?? null));
};
