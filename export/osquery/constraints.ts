/** What osquery hands down of a statement: conditions as texts, and the columns that it will look at. */
import { quoteName } from '../../store/ddl.ts';
import type { Served, ServedColumn } from './relations.ts';

export interface Asked {
  /** Null where it did not say: then all. */
  readonly columns: ReadonlySet<string> | null;
  /** The texts with which each column is to be equal, of those that are keys. */
  readonly conditions: readonly Condition[];
}

interface Condition {
  readonly column: ServedColumn;
  readonly operator: keyof typeof operators;
  readonly text: string;
}

/** The operators of SQLite that are handed down further, by their numbers: `IS` is as good as `=`, for NULL is never handed down. */
const operators = { 2: '=', 72: '=', 4: '>', 8: '<=', 16: '<', 32: '>=' } as const;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const conditionOf = (column: ServedColumn, given: unknown): Condition | null => {
  if (!isObject(given) || typeof given['expr'] !== 'string') return null;
  // Older versions send the number as a text.
  const number = Number(given['op']);
  return Object.hasOwn(operators, number)
    ? { column, operator: number as keyof typeof operators, text: given['expr'] }
    : null;
};

/** Reads the context of a call; what is not understood of it is as good as not said, for osquery looks at each row again. */
export const askedOf = (context: string, { columns }: Served): Asked => {
  let given: unknown;
  try {
    given = JSON.parse(context === '' ? '{}' : context);
  } catch {
    return { columns: null, conditions: [] };
  }
  if (!isObject(given)) return { columns: null, conditions: [] };
  const keys = new Map(columns.filter(({ isKey }) => isKey).map((column) => [column.name, column]));
  const conditions = listOf(given['constraints']).flatMap((constraint) => {
    const column = isObject(constraint) ? keys.get(String(constraint['name'])) : undefined;
    if (column === undefined || !isObject(constraint)) return [];
    return listOf(constraint['list']).flatMap((one) => conditionOf(column, one) ?? []);
  });
  const used = listOf(given['colsUsed']).filter((name) => typeof name === 'string');
  return { columns: Array.isArray(given['colsUsed']) ? new Set(used) : null, conditions };
};

export interface Where {
  /** Empty, or begins with WHERE. */
  readonly sql: string;
  readonly values: readonly (string | bigint)[];
}

const mostOfInteger = 2n ** 63n;
/** A whole number as it is; null for any other: SQLite hands down no more than 15 digits of those, rounded to one side or the other. */
const wholeOf = (text: string): bigint | null => {
  if (!/^-?(?:0|[1-9][0-9]{0,18})$/.test(text)) return null;
  const number = BigInt(text);
  return number < mostOfInteger && number >= -mostOfInteger ? number : null;
};

/** The SQL of a condition, which is true of every row of which osquery may find it true; null where there is none. */
const sqlOf = ({ column, operator, text }: Condition): readonly [string, string | bigint] | null => {
  const [name, sign] = [quoteName(column.name), operators[operator]];
  // As what the column is: as a text no number would be equal.
  if (column.type !== 'TEXT') {
    const number = wholeOf(text);
    return number === null ? null : [`${name} ${sign} ?`, number];
  }
  if (sign !== '=') return null;
  // The statement may compare otherwise than the column does (COLLATE NOCASE, COLLATE RTRIM), and osquery does not tell: what is
  // equal by any of them is sent. Ids of Macs have an index for that, and no blanks behind them.
  return column.name === 'host_id'
    ? [`${name} = rtrim(?) COLLATE NOCASE`, text]
    : [`rtrim(${name}) = rtrim(?) COLLATE NOCASE`, text];
};

export const whereOf = ({ conditions }: Asked): Where => {
  const parts = conditions.flatMap((condition) => {
    const part = sqlOf(condition);
    return part === null ? [] : [part];
  });
  return {
    sql: parts.length === 0 ? '' : ` WHERE ${parts.map(([sql]) => sql).join(' AND ')}`,
    values: parts.map(([, value]) => value),
  };
};

/** What a text column must be equal to; null where nothing says it. */
export const equalTo = ({ conditions }: Asked, name: string): ReadonlySet<string> | null => {
  const texts = conditions
    .filter(({ column, operator }) => column.name === name && operators[operator] === '=')
    .map(({ text }) => text);
  return texts.length === 0 ? null : new Set(texts);
};
