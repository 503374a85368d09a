/** Reads the rows that one table has of a host: as cells, or as text that SQLite wrote. */
import type { Column, Table } from '../../collector/table.ts';
import type { Statement } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import type { Prepare } from '../../store/reader.ts';
import { currentName, pastName } from '../../store/schema.ts';
import { identifiedRows, isReport } from '../format.ts';
import type { Cell, ExportTable, Format, Head, WrittenTable } from '../format.ts';

// More rows than any Mac has: beyond them a table is read row by row.
const rowsAtOnce = 20_000;

const needsExact = (column: Column): boolean => column.type === 'INTEGER' && column.isBoolean !== true;

/** The columns of a table in SQL; an integer that a double cannot hold comes as a text. */
export const exactColumns = ({ columns }: Table): string =>
  Object.entries(columns)
    .map(([name, column]) => {
      const quoted = quoteName(name);
      return needsExact(column)
        ? `CASE WHEN ${quoted} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${quoted} ELSE CAST(${quoted} AS TEXT) END`
        : quoted;
    })
    .join(', ');

/** Makes cells of what `exactColumns` selects, in place. */
export const exactCells = (table: Table): ((row: unknown[]) => Cell[]) => {
  const indexes = Object.values(table.columns).flatMap((column, index) =>
    needsExact(column) ? [index] : [],
  );
  return (row) => {
    for (const index of indexes) if (typeof row[index] === 'string') row[index] = BigInt(row[index]);
    return row as Cell[];
  };
};

// Between quotes, and above the quote itself: then texts that end there sort as what they hold.
const plainText = /^[#-[\]-~]+$/;

/** True where each text surely comes after the one before it. */
const areSorted = (texts: readonly unknown[]): boolean => {
  let before = '';
  for (const text of texts) {
    if (typeof text !== 'string' || !plainText.test(text) || text <= before) return texts.length === 1;
    before = text;
  }
  return true;
};

/** The first value of a key that is a JSON array, where it is a text. */
const firstTextOf = (key: string): string | null =>
  key.startsWith('["') ? key.slice(2, key.indexOf('"', 2)) : null;

const orderOf = (table: Table): string => {
  const names = table.key.length > 0 ? table.key : Object.keys(table.columns).slice(0, 1);
  return names.map(quoteName).join(', ');
};

/** What the rows of a host are found by: its number in the tables themselves, its name in a view. */
export interface Which {
  readonly host: number;
  readonly host_id: string;
}

/** What is told of a table beside what it is and what its rows are. */
export type ToldOfTable = Omit<ExportTable, 'table' | 'rowCount' | 'rows' | 'lines'>;

export class TableReader {
  private readonly table: Table;
  private readonly prepare: Prepare;
  /** SQLite writes the rows: the key of each, a line feed, and the text of the format. */
  private readonly isText: boolean;
  private readonly from: string;
  private readonly sorted: Statement;
  /** As they lie, and one more than are read at once; null where nothing would tell whether that is the order of the key. */
  private readonly unsorted: Statement | null;
  /** The column that the key begins with. */
  private readonly firstOfKey: number;
  /** Each answers where a host has more rows than are read at once. */
  private readonly many: readonly Statement[];
  private readonly exact: (row: unknown[]) => Cell[];
  private mayLieSorted: boolean;

  constructor(prepare: Prepare, table: Table, rowSql: Format['rowSql'], isAsOf: boolean) {
    const names = Object.keys(table.columns);
    // SQLite writes doubles with other digits than JavaScript; the bytes of a line must not depend on the way.
    const hasReal = Object.values(table.columns).some(({ type }) => type === 'REAL');
    const written = hasReal ? null : (rowSql?.(table) ?? null);
    const what =
      written === null
        ? exactColumns(table)
        : `json_array(${table.key.map(quoteName).join(', ')}) || char(10) || ${written}`;
    // The view of a table finds its host by name, for every row anew; the table beneath has its number.
    const isDirect = !isAsOf && !isReport(table);
    this.table = table;
    this.prepare = prepare;
    this.isText = written !== null;
    this.from = isDirect
      ? `FROM ${currentName(table)} WHERE _host = :host`
      : `FROM ${quoteName(table.name)} WHERE host_id = :host_id`;
    const reading = (sql: string): Statement => (this.isText ? prepare(sql).pluck() : prepare(sql).raw(true));
    this.sorted = reading(`SELECT ${what} ${this.from} ORDER BY ${orderOf(table)}`);
    this.firstOfKey = names.indexOf(table.key[0] ?? '');
    this.unsorted =
      table.columns[names[this.firstOfKey] ?? '']?.type === 'TEXT'
        ? reading(`SELECT ${what} ${this.from} LIMIT ${rowsAtOnce + 1}`)
        : null;
    this.mayLieSorted = this.unsorted !== null;
    // Rows are numbered within a host: whether one has a high number is found at once, and counting them is not.
    const isMany = (name: string): Statement =>
      prepare(`SELECT 1 FROM ${name} WHERE _host = ? AND _n > ${rowsAtOnce} LIMIT 1`).pluck();
    this.many = isReport(table)
      ? []
      : [isMany(currentName(table)), ...(isDirect ? [] : [isMany(pastName(table))])];
    this.exact = exactCells(table);
  }

  /** The table of a host; rows that are few are read at once, for their number stands before them. */
  read(which: Which, head: Head, told: ToldOfTable): ExportTable | WrittenTable {
    const few = this.fewRows(which);
    const rowCount =
      few?.length ?? (this.prepare(`SELECT count(*) ${this.from}`).pluck().get(which) as number);
    const { table } = this;
    const rows = few ?? this.sorted.iterate(which);
    if (this.isText) return { ...told, table, rowCount, lines: rows as Iterable<string> };
    return { ...told, table, rowCount, rows: identifiedRows(table, head, this.cellsOf(rows)) };
  }

  /** The table of a host on which it has no rows. */
  empty(told: ToldOfTable): ExportTable | WrittenTable {
    const { table } = this;
    return this.isText
      ? { ...told, table, rowCount: 0, lines: [] }
      : { ...told, table, rowCount: 0, rows: [] };
  }

  /** The rows of a host in their order; null where they are too many to be read at once. */
  private fewRows(which: Which): unknown[] | null {
    const found = this.mayLieSorted ? (this.unsorted?.all(which) ?? null) : null;
    if (found !== null && found.length > rowsAtOnce) return null;
    // A table that was filled once lies as it is sorted, and seeing that costs less than sorting.
    if (found !== null && areSorted(this.firstValues(found))) return found;
    this.mayLieSorted = false;
    const isMany = this.many.some((statement) => statement.get(which.host) !== undefined);
    return isMany ? null : this.sorted.all(which);
  }

  /** The first value of each key. */
  private firstValues(rows: readonly unknown[]): readonly unknown[] {
    if (this.isText) return (rows as readonly string[]).map(firstTextOf);
    return (rows as readonly unknown[][]).map((row) => row[this.firstOfKey]);
  }

  private *cellsOf(rows: Iterable<unknown>): Generator<readonly Cell[]> {
    for (const row of rows) yield this.exact(row as unknown[]);
  }
}
