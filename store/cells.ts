/**
 * Values as a file has them, held against what is declared, before anything is computed of them: SQLite keeps to the types of
 * a table when it writes, and not when it reads what somebody else wrote.
 */
import { isGood, statuses } from '../collector/status.ts';
import type { Status } from '../collector/status.ts';
import type { Table } from '../collector/table.ts';
import { ColumnRule } from '../collector/validate.ts';
import type { ObservationStatus } from './reader.ts';
import type { Cells } from './snapshot.ts';

/** A word of a closed list, also one that a newer version has in it: short, and of plain characters. */
const word = /^[A-Za-z0-9._ -]{1,64}$/;

const shown = (value: unknown): string =>
  typeof value === 'string'
    ? JSON.stringify(value.slice(0, 40))
    : typeof value === 'number'
      ? `${value}`
      : 'no text and no number';

/** Checks the rows of one file; each row once. */
export class CellCheck {
  readonly #rules = new Map<Table, readonly ColumnRule[]>();
  readonly #checked = new WeakSet<Cells>();

  #rulesOf(table: Table): readonly ColumnRule[] {
    const known =
      this.#rules.get(table) ??
      Object.entries(table.columns).map(([name, column]) => new ColumnRule(name, column));
    this.#rules.set(table, known);
    return known;
  }

  /** What is wrong with rows; null when nothing is. */
  faultIn(table: Table, rows: readonly Cells[]): string | null {
    const rules = this.#rulesOf(table);
    for (const row of rows) {
      if (this.#checked.has(row)) continue;
      this.#checked.add(row);
      for (const [index, rule] of rules.entries()) {
        const value: unknown = row[index] ?? null;
        if (value === null) continue;
        const isOdd = rule.faultOf(value) !== null || (rule.values !== null && !word.test(String(value)));
        if (isOdd) return `${rule.name} of ${table.name} is ${shown(value)}, which it cannot be`;
      }
    }
    return null;
  }
}

/** What is wrong with what a look is said to have told of a table; null when nothing is. */
export const faultOfStatus = (table: string, { status, holdsRows }: ObservationStatus): string | null => {
  if (!word.test(String(status))) return `the status of ${table} is ${shown(status)}, which it cannot be`;
  if (!statuses.includes(status as Status) || status === 'unsupported') return null;
  return holdsRows === isGood(status) ? null : `${table} is ${status}, and its rows say otherwise`;
};
