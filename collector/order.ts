/** The one order of values and of rows: the same evidence gives the same order, here and in a store. */
import { allColumns } from './table.ts';
import type { Table, Value } from './table.ts';

/** NULL first, numbers by size, all else as text. */
export const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // By code unit: a locale would make the order a matter of the machine.
  return String(a) < String(b) ? -1 : 1;
};

type AnyRow = Readonly<Record<string, Value>>;

/** Rows in the order of the table's key, then of every column: the same evidence gives the same order. */
export const sortRows = <R extends AnyRow>(table: Table, rows: readonly R[]): R[] => {
  const order = [...table.key, ...allColumns(table).map(([name]) => name)];
  return rows.toSorted((a, b) => {
    for (const name of order) {
      const result = compareValues(a[name] ?? null, b[name] ?? null);
      if (result !== 0) return result;
    }
    return 0;
  });
};
