import { allColumns } from './table.ts';
import type { Column, Table, Value } from './table.ts';

/** What a value of one column must be, as far as that does not depend on the rest of its row. */
export class ColumnRule {
  readonly name: string;
  readonly type: Column['type'];
  readonly isRequired: boolean;
  readonly isBoolean: boolean;
  readonly values: readonly string[] | null;

  constructor(name: string, { type, isBoolean, isRequired, values }: Column) {
    this.name = name;
    this.type = type;
    this.isRequired = isRequired === true;
    this.isBoolean = isBoolean === true;
    this.values = values ?? null;
  }

  /** What is wrong with a value that is not NULL. Whether its list has it is asked apart: a newer version has more words. */
  faultOf(value: unknown): 'type' | 'boolean' | null {
    if (this.type === 'TEXT') return typeof value === 'string' ? null : 'type';
    if (typeof value !== 'number' || !Number.isFinite(value)) return 'type';
    if (this.type === 'INTEGER' && !Number.isSafeInteger(value)) return 'type';
    return this.isBoolean && value !== 0 && value !== 1 ? 'boolean' : null;
  }
}

const rulesOfTables = new WeakMap<Table, ReadonlyMap<string, ColumnRule>>();

/** The rules of all columns of a table in order, host_id last; made once. */
const rulesOf = (table: Table): ReadonlyMap<string, ColumnRule> => {
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
    } else if (rule.values !== null && !rule.values.includes(String(value))) {
      found.push(`${name} has a value outside of its list`);
    }
  }
  return found;
};
