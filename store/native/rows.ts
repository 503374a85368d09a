/** Rows of a native export, checked and put into the order of their columns. */
import { ColumnRule } from '../../collector/validate.ts';
import type { Table, Value } from '../../collector/table.ts';
import { cellsOrder, isSorted, orderIndexes, packRows, unpackRows } from '../snapshot.ts';
import type { Cells } from '../snapshot.ts';
import { broken } from './broken.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Where rows stand in the file, and what is asked of them. */
interface RowsPlace {
  /** The line of their table; theirs follow. */
  readonly firstLine: number;
  /** The line that ended them. */
  readonly lastLine: number;
  /** Redaction drops what is never NULL otherwise. */
  readonly isRedacted: boolean;
}

export interface ReadRows {
  /** As `TableObservation.cells` has them. */
  readonly cells: readonly Value[];
  /** The columns that no row has: whoever wrote them did not know them. */
  readonly absent: readonly string[];
}

/** Reads the rows of one table; made once for each. */
export class RowsReader {
  readonly table: Table;
  readonly names: readonly string[];
  readonly #rules: readonly ColumnRule[];
  readonly #compare: (a: Cells, b: Cells) => number;
  readonly #order: readonly number[];
  /** The order of rows is part of what a snapshot is; that of what speaks of the collection is as it comes. */
  readonly #isSorted: boolean;
  readonly #leftOut: Set<string>;
  /** Of the rows that are being read: how many lack a column. */
  #missing = new Map<ColumnRule, number>();
  #isRedacted = false;

  constructor(table: Table, isSortedTable: boolean, leftOut: Set<string>) {
    this.table = table;
    this.names = Object.keys(table.columns);
    this.#rules = Object.entries(table.columns).map(([name, column]) => new ColumnRule(name, column));
    this.#compare = cellsOrder(table);
    this.#order = orderIndexes(table);
    this.#isSorted = isSortedTable;
    this.#leftOut = leftOut;
  }

  /** Throws UserError. */
  read(rows: readonly Fields[], { firstLine, lastLine, isRedacted }: RowsPlace): ReadRows {
    this.#isRedacted = isRedacted;
    this.#missing = new Map();
    const cells: Value[] = [];
    for (const [index, row] of rows.entries()) {
      cells.push(0, index + 1);
      this.#push(cells, row, firstLine + 1 + index);
    }
    const absent = this.#absentOf(rows.length, lastLine);
    // Whoever wrote them need not know the order.
    const width = this.#rules.length;
    if (!this.#isSorted || isSorted(cells, width, this.#order)) return { cells, absent };
    return { cells: packRows(unpackRows(cells, width).sort(this.#compare)), absent };
  }

  #push(cells: Value[], row: Fields, line: number): void {
    const rules = this.#rules;
    let next = 0;
    // Columns in their order, as this program writes them, need no look-up by name.
    for (const name in row) {
      const rule = rules[next];
      if (rule === undefined || rule.name !== name) break;
      cells.push(this.#checked(rule, row[name], line));
      next += 1;
    }
    if (next === rules.length && Object.keys(row).length === next) return;
    for (const rule of rules.slice(next)) {
      const value = row[rule.name];
      if (value === undefined) this.#missing.set(rule, (this.#missing.get(rule) ?? 0) + 1);
      cells.push(value === undefined ? null : this.#checked(rule, value, line));
    }
    for (const name of Object.keys(row))
      if (!rules.some((rule) => rule.name === name)) this.#leftOut.add(`column ${this.table.name}.${name}`);
  }

  #checked(rule: ColumnRule, given: unknown, line: number): Value {
    if (given === null) {
      if (rule.isRequired && !this.#isRedacted)
        throw broken(line, `${rule.name} of ${this.table.name} is missing`);
      return null;
    }
    const value = given === true ? 1 : given === false ? 0 : given;
    const fault = rule.faultOf(value);
    if (fault === null) return value as Value;
    const column = `${rule.name} of ${this.table.name}`;
    if (fault === 'boolean') throw broken(line, `${column} is ${JSON.stringify(value)}, which it cannot be`);
    throw broken(line, `${column} is not ${rule.type === 'TEXT' ? 'a text' : 'a number'}`);
  }

  #absentOf(rows: number, line: number): readonly string[] {
    const { name: table, key } = this.table;
    const absent: string[] = [];
    for (const [{ name, isRequired }, times] of this.#missing) {
      const isAbsent = times === rows;
      if ((key.includes(name) || !isAbsent) && isRequired && !this.#isRedacted)
        throw broken(line, `${name} of ${table} is missing in ${times} of its ${rows} rows`);
      if (isAbsent) absent.push(name);
    }
    return absent;
  }
}
