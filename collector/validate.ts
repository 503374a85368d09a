import { allColumns } from './table.ts';
import type { Column, Table, Value } from './table.ts';

const isOfType = (column: Column, value: string | number): boolean => {
  if (column.type === 'TEXT') return typeof value === 'string';
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (column.type === 'REAL') return true;
  return Number.isSafeInteger(value) && (column.isBoolean !== true || value === 0 || value === 1);
};

/** What is wrong with a row, in plain words; empty when nothing is. */
export const violations = (table: Table, row: Readonly<Record<string, unknown>>): string[] => {
  const known = new Map(allColumns(table));
  const found: string[] = [];
  for (const name of Object.keys(row)) if (!known.has(name)) found.push(`${name} is not a column`);
  for (const [name, column] of known) {
    const value = row[name] as Value | undefined;
    if (value === undefined) found.push(`${name} is missing`);
    else if (value === null) {
      if (column.isRequired === true) found.push(`${name} is NULL`);
    } else if (!isOfType(column, value)) {
      found.push(`${name} is not ${column.isBoolean === true ? '1, 0 or NULL' : column.type}`);
    } else if (column.values !== undefined && !column.values.includes(String(value))) {
      found.push(`${name} has a value outside of its list`);
    }
  }
  return found;
};

const compareValues = (a: Value, b: Value): number => {
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
