/** Rows in one value: of a snapshot whose rows are not simply what is known. Names go with them, for tables grow. */
import type { Table } from '../collector/table.ts';
import type { Cells } from './snapshot.ts';

// Loaded where it is needed, for few snapshots have such rows, and start-up counts.
const zlib = () => process.getBuiltinModule('node:zlib');

interface Packed {
  readonly columns: readonly string[];
  readonly rows: readonly Cells[];
}

export const deflateRows = ({ columns }: Table, rows: readonly Cells[]): Buffer =>
  zlib().deflateRawSync(JSON.stringify({ columns: Object.keys(columns), rows } satisfies Packed), {
    level: 9,
  });

/** The rows in the columns of a table as it is declared now. Throws for what nobody packed. */
export const inflateRows = (raw: Uint8Array, { columns }: Table): Cells[] => {
  const packed = JSON.parse(zlib().inflateRawSync(raw).toString('utf8')) as Packed | readonly Cells[];
  const names = Object.keys(columns);
  // Up to layout 2 there were no names; columns that came later stand behind those of then.
  if (Array.isArray(packed))
    return (packed as readonly Cells[]).map((row) => names.map((_, index) => row[index] ?? null));
  const { columns: held, rows } = packed as Packed;
  if (held.length === names.length && names.every((name, index) => name === held[index])) return [...rows];
  const from = names.map((name) => held.indexOf(name));
  return rows.map((row) => from.map((index) => row[index] ?? null));
};
