/** What is exported, in the chunks in which every format takes it: snapshots, their tables, their rows. */
import type { Status } from '../collector/status.ts';
import type { Table } from '../collector/table.ts';
import { isTime } from '../collector/time.ts';
import { quoteName, quoteText } from '../store/ddl.ts';
import { nameColumn } from '../store/renames.ts';
import { jsonCell } from './cell.ts';
import type { Cell } from './cell.ts';
import { rowIdHead, rowIdOf } from '../store/native/encode.ts';
import type { SnapshotHead, TableDetails } from '../store/native/encode.ts';

export { jsonCell } from './cell.ts';
export type { Cell } from './cell.ts';

export type Head = SnapshotHead & { readonly sequence: number | null };

/** `changed`: an account got another name (store/renames.ts). What else changes in a row is a removed and an added one. */
export type Change = 'added' | 'removed' | 'changed';

export interface ExportRow {
  /** Stable: the same row of the same snapshot has the same one in every format and in every run. */
  readonly id: string;
  /** Null where the rows are a state and not a difference. */
  readonly change: Change | null;
  /** In the order of the table's columns, without host_id. */
  readonly cells: readonly Cell[];
  /** What the row was under its former name, with the identity of a removed row; only of a changed one. */
  readonly former?: { readonly id: string; readonly cells: readonly Cell[] };
}

/** What a changed row tells beside its cells. */
export interface Renamed {
  readonly column_name: string;
  readonly old_value: Cell;
  readonly new_value: Cell;
}

/** Tells what changed in the rows of a table; null for a row that is not a changed one. */
export const renamedOf = ({ columns }: Table): ((row: ExportRow | null) => Renamed | null) => {
  const index = Object.keys(columns).indexOf(nameColumn);
  return (row) =>
    row?.former === undefined
      ? null
      : {
          column_name: nameColumn,
          old_value: row.former.cells[index] ?? null,
          new_value: row.cells[index] ?? null,
        };
};

/** What is told of one table in one snapshot, beside its rows. */
interface TableFacts {
  readonly table: Table;
  readonly status: Status;
  /** Columns that are NULL because something failed; null means all. */
  readonly affected: readonly string[] | null;
  /** What failed in a partial observation. */
  readonly failed?: readonly string[] | null;
  /** Columns that whoever collected it did not know. */
  readonly absent?: readonly string[];
  readonly rowCount: number;
  /** Null where it is not known any more. */
  readonly details: TableDetails | null;
  /** Differences of this table on this host before this one; the first whole set is number 0. */
  readonly counter: number;
  /** When the numbering began. */
  readonly epoch: number;
}

/** The rows of one table in one snapshot, or what the snapshot changed in it. */
export interface ExportTable extends TableFacts {
  /** Removed rows come before added ones. */
  readonly rows: Iterable<ExportRow>;
  readonly lines?: undefined;
}

/** The same, where SQLite wrote the rows of a state: only for formats that have `rowSql`. */
export interface WrittenTable extends TableFacts {
  readonly rows?: undefined;
  /** Of each row the key as a JSON array, a line feed, and the text of its columns. */
  readonly lines: Iterable<string>;
}

/** A snapshot whose rows have cells. */
export interface ExportSnapshot<T extends TableFacts = ExportTable> {
  readonly head: Head;
  /** The row of `hosts`, where it is known. */
  readonly host: Readonly<Record<string, Cell>>;
  /** To be taken one after the other, each with all its rows. */
  readonly tables: Iterable<T>;
}

/** A snapshot for a format that takes rows in either form, through `rowTexts`. */
export type AnySnapshot = ExportSnapshot<ExportTable | WrittenTable>;

/** The report on the collection itself; in the native format it stands in the lines of the tables. */
export const isReport = (table: Table): boolean => table.report !== undefined;

/** Writes rows of a table as JSON objects. */
export const objectWriter = (
  names: readonly string[],
  write: (value: Cell, index: number) => string = jsonCell,
): ((cells: readonly Cell[]) => string) => {
  const labels = names.map((name, index) => `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
  return (cells) => {
    let text = '';
    for (let index = 0; index < labels.length; index += 1)
      text += labels[index] + write(cells[index] ?? null, index);
    return text === '' ? '{}' : `${text}}`;
  };
};

/** 1 and 0 as true and false, where that is what they are. */
export const booleanWriter = (table: Table): ((cells: readonly Cell[]) => string) => {
  const names = Object.keys(table.columns);
  const isBoolean = Object.values(table.columns).map((column) => column.isBoolean === true);
  return objectWriter(names, (cell, index) =>
    isBoolean[index] === true && cell !== null ? String(cell === 1) : jsonCell(cell),
  );
};

/** The identity of a row that a snapshot no longer has: not that of a row that it has in its place. */
const removedMark = ',"removed"';

/**
 * Gives each row of one table in one snapshot its identity, from its key as a JSON array.
 *
 * @param isSorted Rows with the same key follow each other; without it, all keys are remembered.
 */
export const identities = (
  head: Pick<Head, 'schemaVersion' | 'hostId' | 'snapshotId'>,
  table: string,
  isSorted = true,
): ((key: string, change: Change | null) => string) => {
  const start = rowIdHead(head, table);
  const seen = new Map<string, number>();
  let before = '';
  let ordinal = 0;
  return (key, change) => {
    const marked = change === 'removed' ? key + removedMark : key;
    if (isSorted) {
      ordinal = marked === before ? ordinal + 1 : 0;
      before = marked;
    } else {
      ordinal = seen.get(marked) ?? 0;
      seen.set(marked, ordinal + 1);
    }
    return rowIdOf(start, marked, ordinal);
  };
};

/** Writes the key of a row as a JSON array. */
export const keyWriter = (table: Table): ((cells: readonly Cell[]) => string) => {
  const names = Object.keys(table.columns);
  const indexes = table.key.map((name) => names.indexOf(name));
  return (cells) => {
    let text = '';
    for (const index of indexes) text += `${text === '' ? '[' : ','}${jsonCell(cells[index] ?? null)}`;
    return text === '' ? '[]' : `${text}]`;
  };
};

/** Gives the rows of a state their identities. */
export function* identifiedRows(
  table: Table,
  head: Head,
  rows: Iterable<readonly Cell[]>,
): Generator<ExportRow> {
  const identify = identities(head, table.name);
  const keyOf = keyWriter(table);
  for (const cells of rows) yield { id: identify(keyOf(cells), null), change: null, cells };
}

/** The rows of a difference for a format that has no word for a changed one: it is removed, and added. */
export const removedAndAdded = ({
  table,
  rows,
}: Pick<ExportTable, 'table' | 'rows'>): readonly ExportRow[] => {
  const keyOf = keyWriter(table);
  const all = Array.from(rows);
  if (all.every(({ former }) => former === undefined)) return all;
  const removed = all.flatMap(({ change, former, ...row }): ExportRow[] => {
    if (change === 'removed') return [{ change, ...row }];
    return former === undefined ? [] : [{ ...former, change: 'removed' }];
  });
  const byKey = (a: ExportRow, b: ExportRow): number => (keyOf(a.cells) < keyOf(b.cells) ? -1 : 1);
  const added = all.flatMap(({ former, ...row }): ExportRow[] => {
    if (row.change === 'removed') return [];
    return [former === undefined ? row : { ...row, change: 'added' }];
  });
  return [...removed.sort(byKey), ...added];
};

/** The cells of a row by the names of its columns. */
export const namedCells = (table: Table, cells: readonly Cell[]): Record<string, Cell> =>
  Object.fromEntries(Object.keys(table.columns).map((name, index) => [name, cells[index] ?? null]));

/**
 * A member of a JSON object in SQL: from the text that stands before its value, arguments of `concat` that write both,
 * and what then stands behind the value. The fewer arguments, the less it costs.
 */
export type Member = readonly [name: string, sql: (start: string) => readonly string[], end?: string];

const valueMember = (name: string, sql: string): Member => [name, (start) => [quoteText(start), sql]];

/** A value between quotes, where it needs no escapes; NULL becomes the empty text. */
export const quotedMember = (name: string, sql = quoteName(name)): Member => [
  name,
  (start) => [quoteText(`${start}"`), sql],
  '"',
];

/** A text, or what else JSON needs a function for. */
export const textMember = (name: string, sql = quoteName(name)): Member =>
  valueMember(name, `json_quote(${sql})`);

/** An integer is its own text; to ask a function for that costs more than all else of it. */
export const integerMember = (name: string, forNull: string): Member =>
  valueMember(name, `ifnull(${quoteName(name)}, ${quoteText(forNull)})`);

/** What is 1 and 0 in words. */
export const booleanMember = (
  name: string,
  [yes, no, unknown]: readonly [yes: string, no: string, unknown: string] = ['true', 'false', 'null'],
): Member => [
  name,
  (start) => {
    const value = quoteName(name);
    const written = (word: string): string => quoteText(start + word);
    return [
      `CASE WHEN ${value} = 1 THEN ${written(yes)} WHEN ${value} IS NULL THEN ${written(unknown)} ELSE ${written(no)} END`,
    ];
  },
];

/** The value of `host_id`, which is a column of no table in a store; rows/table_reader.ts binds it. */
export const hostIdMember: Member = textMember('host_id', ':host_id');

/**
 * Members as arguments of `concat`.
 *
 * @param labelOf What stands before a value.
 */
export const membersSql = (
  members: readonly Member[],
  labelOf: (name: string) => string,
  [begin, between, end]: readonly [begin: string, between: string, end: string],
): readonly string[] => {
  let before = begin;
  let last = begin;
  const parts = members.flatMap(([name, sql, behind = '']) => {
    const start = before + labelOf(name);
    before = behind + between;
    last = behind;
    return sql(start);
  });
  return [...parts, quoteText(last + end)];
};

/** SQL of a JSON object. */
export const objectSql = (members: readonly Member[]): string =>
  `concat(${membersSql(members, (name) => `${JSON.stringify(name)}:`, ['{', ',', '}']).join(', ')})`;

/** The columns of a row as they are, as a JSON object in SQL. */
export const columnsSql = ({ columns }: Table): string =>
  `json_object(${Object.keys(columns)
    .map((name) => `${quoteText(name)}, ${quoteName(name)}`)
    .join(', ')})`;

/** The columns of a row in SQL, with 1 and 0 as true and false where that is what they are. */
export const booleanMembers = ({ columns }: Table): readonly Member[] =>
  Object.entries(columns).map(([name, { type, isBoolean }]): Member => {
    if (isBoolean === true) return booleanMember(name);
    return type === 'INTEGER' ? integerMember(name, 'null') : textMember(name);
  });

/** So much text makes a chunk: a chunk for each row costs more than the row itself. */
export const chunkCharacters = 4096;

/**
 * The rows of a table in chunks of text, whoever wrote their columns.
 *
 * @param write The text of the columns, where SQLite did not write it.
 * @param frame What stands around it. `row` is null where SQLite wrote it; such a row is never a changed one.
 */
export function* rowTexts(
  { table, rows, lines }: ExportTable | WrittenTable,
  head: Head,
  write: (cells: readonly Cell[]) => string,
  frame: (id: string, text: string, change: Change | null, row: ExportRow | null) => string,
): Generator<string> {
  if (rows !== undefined) {
    for (const row of rows) yield frame(row.id, write(row.cells), row.change, row);
    return;
  }
  const identify = identities(head, table.name);
  let chunk = '';
  for (const line of lines) {
    const cut = line.indexOf('\n');
    chunk += frame(identify(line.slice(0, cut), null), line.slice(cut + 1), null, null);
    if (chunk.length < chunkCharacters) continue;
    yield chunk;
    chunk = '';
  }
  // Nothing is no chunk: whoever asks is told that there was none.
  if (chunk !== '') yield chunk;
}

/** One format: turns snapshots into text. */
export interface Format {
  /**
   * SQL that writes the columns of a row at a fraction of the cost. Null where their values are needed: the format is
   * then given tables whose rows have cells, and no others; for one table alone where it is null for that one.
   */
  readonly rowSql: ((table: Table) => string | null) | null;
  /** `table`: the text of each table goes into a file of its own. */
  readonly files: 'one' | 'table';
  /** How the name of a file ends. */
  readonly extension: string;
  begin?(): string;
  /** Stands between two snapshots; ASCII. */
  readonly between?: string;
  /** The first text of a file of a table. */
  header?(table: Table): string;
  /** Chunks of text; each but the chunks of one document is whole lines. */
  snapshot(snapshot: AnySnapshot): Iterable<string | TableText>;
  end?(): string;
}

/** Text of one table, for formats that write a file for each. */
export interface TableText {
  readonly table: Table;
  readonly text: string;
}

/** Null for what is no date: nothing is written of it, and nothing is thrown. */
export const isoTime = (seconds: unknown): string | null =>
  isTime(seconds) ? new Date(seconds * 1000).toISOString() : null;

/** The same for a field that is left out then. */
export const isoTimeOf = (value: unknown): string | undefined => isoTime(value) ?? undefined;
