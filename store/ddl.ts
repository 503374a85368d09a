import { statuses } from '../collector/status.ts';
import { allColumns } from '../collector/table.ts';
import type { Column, Table } from '../collector/table.ts';

/** An SQL identifier: `groups` is a keyword in SQLite. */
export const quoteName = (name: string): string =>
  `"${name.includes('"') ? name.replaceAll('"', '""') : name}"`;
export const quoteText = (text: string): string =>
  `'${text.includes("'") ? text.replaceAll("'", "''") : text}'`;

/** The statuses of which a predicate of collector/status.ts holds, for `status IN …`. */
export const statusList = (is: (status: string) => boolean): string =>
  `(${statuses.filter(is).map(quoteText).join(', ')})`;

const constraintsOf = (name: string, column: Column): string => {
  const words: string[] = [];
  if (column.isRequired === true) words.push('NOT NULL');
  if (column.isBoolean === true) words.push(`CHECK (${quoteName(name)} IN (0, 1))`);
  if (column.values !== undefined) {
    words.push(`CHECK (${quoteName(name)} IN (${column.values.map(quoteText).join(', ')}))`);
  }
  return words.map((word) => ` ${word}`).join('');
};

/** The identifiers of machines, accounts, disks and profiles: they are written in either case, and mean the same. */
const isIdentifier = (name: string): boolean => name === 'host_id' || /(?:^|_)(?:uuid|guid)$/.test(name);

/** How texts of a column compare, as SQL behind its type or a value of it. */
export const collationOf = (name: string): string => (isIdentifier(name) ? ' COLLATE NOCASE' : '');

/** The host of a row of `_host`, in a view. */
export const hostIdOf = (row: string): string => `${row}.host_id${collationOf('host_id')} AS host_id`;

const columnDefinition = (name: string, column: Column): string =>
  `${quoteName(name)} ${column.type}${constraintsOf(name, column)}`;

/** The lines of a CREATE TABLE, host_id last. */
const columnDefinitions = (table: Table): readonly string[] =>
  allColumns(table).map(([name, column]) => columnDefinition(name, column));

/**
 * The same for the store: without host_id, for it knows hosts by a number, and by type alone. What a value may be
 * is checked before it gets there; rows of an older file know nothing of a column or a word that came later.
 */
export const ownColumnDefinitions = (table: Table): readonly string[] =>
  Object.entries(table.columns).map(([name, { type }]) => `${quoteName(name)} ${type}`);

/** The statement that makes a table as it is declared. */
export const createTable = (table: Table): string =>
  `CREATE TABLE ${quoteName(table.name)} (\n  ${columnDefinitions(table).join(',\n  ')}\n) STRICT;`;

/** The same where SQLite asks it: other engines know no collation of this name. */
export const createAskedTable = (table: Table): string => {
  const lines = allColumns(table).map(([name, column]) => columnDefinition(name, column) + collationOf(name));
  return `CREATE TABLE ${quoteName(table.name)} (\n  ${lines.join(',\n  ')}\n) STRICT;`;
};
