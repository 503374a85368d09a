/** The one validator: what a value of a column may be, wherever it comes from. */
import { allColumns } from './table.ts';
import type { Column, Table, Value } from './table.ts';
import { firstTime, weekOfZero } from './time.ts';

/** A word as lists have them. A newer version may know one that no list has yet; it has this form. */
const word = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

export const isListWord = (value: unknown): value is string => typeof value === 'string' && word.test(value);

/** What a value of one column must be, as far as that does not depend on the rest of its row. */
export class ColumnRule {
  readonly name: string;
  readonly type: Column['type'];
  readonly isRequired: boolean;
  readonly isBoolean: boolean;
  readonly values: ReadonlySet<string> | null;
  readonly isTime: boolean;
  readonly #zeroIsAnswer: boolean;

  constructor(name: string, { type, isBoolean, isRequired, values, unit, zeroIsAnswer }: Column) {
    this.name = name;
    this.type = type;
    this.isRequired = isRequired === true;
    this.isBoolean = isBoolean === true;
    this.values = values === undefined ? null : new Set(values);
    this.isTime = unit === 'unix_seconds';
    this.#zeroIsAnswer = zeroIsAnswer !== undefined;
  }

  /** What is wrong with a value that is not NULL. Whether its list has it is asked apart: a newer version has more words. */
  faultOf(value: unknown): 'type' | 'boolean' | null {
    if (this.type === 'TEXT') return typeof value === 'string' ? null : 'type';
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'type';
    if (this.type === 'INTEGER' && !Number.isSafeInteger(value)) return 'type';
    return this.isBoolean && value !== 0 && value !== 1 ? 'boolean' : null;
  }

  /** A number that is no moment at which anything on a Mac can have been: it is unknown when that was. */
  isOddTime(value: Value | undefined, lastTime: number): boolean {
    if (!this.isTime || typeof value !== 'number') return false;
    const isAnswer = this.#zeroIsAnswer && (value === 0 || value === weekOfZero);
    return (value < firstTime || value > lastTime) && !isAnswer;
  }

  /** Why that is, where the column is NULL. */
  get oddTimeReason(): string {
    return `${this.name}: what was told is no time between 2001 and now`;
  }
}

const rulesOfTables = new WeakMap<Table, ReadonlyMap<string, ColumnRule>>();

/** The rules of all columns of a table in order, host_id last; made once. */
export const rulesOf = (table: Table): ReadonlyMap<string, ColumnRule> => {
  const known = rulesOfTables.get(table);
  if (known !== undefined) return known;
  const made = new Map(allColumns(table).map(([name, column]) => [name, new ColumnRule(name, column)]));
  rulesOfTables.set(table, made);
  return made;
};

/** What is wrong with a row, in plain words; empty when nothing is. */
export const violations = (table: Table, row: Readonly<Record<string, unknown>>): string[] => {
  const rules = rulesOf(table);
  const found: string[] = [];
  for (const name of Object.keys(row)) if (!rules.has(name)) found.push(`${name} is not a column`);
  for (const rule of rules.values()) {
    const { name } = rule;
    const value = row[name] as Value | undefined;
    if (value === undefined) found.push(`${name} is missing`);
    else if (value === null) {
      if (rule.isRequired) found.push(`${name} is NULL`);
    } else if (rule.faultOf(value) !== null) {
      found.push(`${name} is not ${rule.isBoolean ? '1, 0 or NULL' : rule.type}`);
    } else if (rule.values !== null && !rule.values.has(String(value))) {
      found.push(`${name} has a value outside of its list`);
    }
  }
  return found;
};
