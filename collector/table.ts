import type { Twice } from './errors.ts';
import type { Parsed, ParsedFile } from './parsing.ts';
import type { Privacy } from './privacy.ts';
import type { CommandName, FileName, FolderName, OwnedName, SourceName } from './sources.ts';
import type { Stat } from './backends/backend.ts';
import type { CollectionReport } from './report.ts';

export type Value = string | number | null;

/** One column; the store, the docs, the schemas and the run-time check all come from this. */
export interface Column<out T = unknown> {
  readonly type: 'TEXT' | 'INTEGER' | 'REAL';
  readonly description: string;
  /** What it says of whom: what becomes of it in a redacted export. */
  readonly privacy: Privacy;
  readonly example: string;
  /** 1, 0 or NULL. */
  readonly isBoolean?: true;
  /** What a number counts, where its name alone does not say it; `unix_seconds` is a moment, in seconds since 1970 UTC. */
  readonly unit?: 'bytes' | 'percent' | 'seconds' | 'milliseconds' | 'unix_seconds';
  /** The closed list of values. */
  readonly values?: readonly string[];
  /** Never NULL. */
  readonly isRequired?: true;
  /** The sources that can fill it; without it, any source of the table. */
  readonly from?: readonly SourceName[];
  /** Why it is NULL where nothing failed: off by default, or no source may say it. */
  readonly nullBecause?: string;
  /** Then, to root it would be told. */
  readonly isToldToRoot?: true;
  /**
   * It tells who somebody is elsewhere, and is cut or NULL unless `--include` asks for that: a table says of which columns
   * it left something out.
   */
  readonly include?: 'identities';
  /** NULL is an answer, and this is what it tells; any other NULL is named in table_status. */
  readonly nullIsAnswer?: string;
  /** Of a moment: 0 is none, and this is what it tells. */
  readonly zeroIsAnswer?: string;
  /** Where `where`, SQL over a row, holds and none of `by` failed, no other source could make another value of it. */
  readonly settled?: { readonly where: string; readonly by: readonly SourceName[] };
  /**
   * The version whose allow-lists keep what it is made of, where an older one read the same source: of what that recorded it
   * is not known, as if the column had not been there.
   */
  readonly keptSince?: string;
  /** It is the owner of a file: of a volume that does not say whose its files are, it is not known. */
  readonly isOwner?: true;
  /**
   * Of a report: it is another in each snapshot by itself, so it alone is no news, and a report that says only this otherwise is not
   * told again (export/told_reports.ts). `always`, or `where_now`: where it is the time of the snapshot.
   */
  readonly passing?: 'always' | 'where_now';
  /** Never set; `Row` infers from it. */
  readonly $value?: T;
}

/**
 * What is told of it is certain: it says "no" only where all could be seen that could say "yes", or repeats what was said.
 */
export const toldForCertain: NonNullable<Column['settled']> = { where: '1', by: [] };

/** What the author of a column says beside its description. Without a privacy class it does not compile. */
type Meta = Pick<Column, 'privacy'> &
  Partial<
    Pick<
      Column,
      | 'example'
      | 'unit'
      | 'from'
      | 'nullBecause'
      | 'isToldToRoot'
      | 'include'
      | 'nullIsAnswer'
      | 'zeroIsAnswer'
      | 'settled'
      | 'keptSince'
      | 'isOwner'
      | 'passing'
    >
  >;

const column =
  <T>(type: Column['type'], fixed: Partial<Column> = {}) =>
  (description: string, meta: Meta): Column<T | null> =>
    ({ type, description, example: '', ...fixed, ...meta }) as Column<T | null>;

export const text = column<string>('TEXT');
export const integer = column<number>('INTEGER');
export const real = column<number>('REAL');
export const boolean = column<0 | 1>('INTEGER', { isBoolean: true });
/** Unix seconds UTC. */
export const time = column<number>('INTEGER', { unit: 'unix_seconds' });

export const oneOf = <const V extends string>(
  values: readonly V[],
  description: string,
  meta: Meta,
): Column<V | null> => ({ type: 'TEXT', description, example: values[0] ?? '', values, ...meta });

export const required = <T>(of: Column<T>): Column<NonNullable<T>> =>
  ({ ...of, isRequired: true }) as Column<NonNullable<T>>;

/** A boolean as a table holds it: unknown stays NULL. */
export const bit = (value: boolean | null | undefined): 0 | 1 | null =>
  value == null ? null : value ? 1 : 0;

export type Columns = Readonly<Record<string, Column>>;
export type Row<C extends Columns = Columns> = {
  readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never;
};

/** The last column of every table. */
export const hostIdColumn: Column<string | null> = text(
  'Hardware UUID of the Mac; the last column of every table.',
  {
    privacy: 'device',
    example: 'F6329A14-3B4C-4D5E-8F60-718293A4B5C6',
    from: ['ioreg_platform'],
  },
);

/** A file in a home, as it was parsed. */
export interface Owned<T> {
  /** Null where it is absent, or nothing says it. */
  readonly look: Exclude<Stat, { kind: 'missing' }> | null;
  readonly content: T | null;
}

/** All that a table may ask. There is no clock, file system or process: live and replayed runs differ only in this. */
export interface Context {
  /** The parsed answer of a command; throws CollectError, or NotAsked where an option keeps it off. */
  read<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S>>;
  /**
   * The answer as it came, even where others contradict it; null where there is none. It is for rules that compare
   * witnesses, never for a fact of a row.
   */
  said<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S> | null>;
  /** False where the answer leaves something out, such as a record that cannot be parsed: what it lacks may exist. */
  isComplete(source: CommandName, ...parameters: string[]): boolean;
  /** What an answer that was read, or heard as it came, has twice and not alike. */
  twice(source: CommandName, ...parameters: string[]): readonly Twice[];
  /** The allow-listed content of a file, null when it is proven absent; throws CollectError. */
  readFile<S extends FileName>(source: S, path: string): Promise<ParsedFile<S> | null>;
  /** The names in the folder of such files, null when it is proven absent; throws CollectError, or NotAsked as readFile does. */
  list(source: FolderName): Promise<readonly string[] | null>;
  /** What is at a path, which is never opened; throws CollectError. */
  stat(path: string): Promise<Stat>;
  /**
   * A file in the home of the account with this uid: how it lies there, and its allow-listed content, null where it is proven
   * absent. Throws CollectError, also where the file is not the account’s own; NotAsked where nobody asked for it.
   */
  readOwned<S extends OwnedName>(source: S, path: string, uid: number): Promise<Owned<ParsedFile<S>>>;
  /** The rows of another table of the same collection; throws what made that table fail. */
  rows<C extends Columns>(table: Table<C>): Promise<ReadonlyArray<Row<C>>>;
  /** Notes a failure against this table and answers null, so that the rest of the table can still be told. */
  orUnknown<T>(reading: Promise<T>): Promise<T | null>;
  /** Notes what could not be collected, without an exception. */
  note(problem: Error, subject?: { source: SourceName; parameters?: readonly string[] }): void;
  /**
   * Says of columns that their fact does not exist on this Mac or this macOS: their NULL is no blind spot. The reason is
   * one line in plain words.
   */
  inapplicable(columns: readonly string[], reason: string): void;
  /**
   * Says of columns that something of them was left out, because nobody asked for it; each declares with which `include`
   * it would be told.
   */
  leaveOut(columns: readonly string[]): void;
  /**
   * Says that what this table tells does not exist on this Mac or this macOS: the table is `unsupported`, and its rows
   * stay, with NULL in what they cannot say.
   */
  unsupported(reason: string): void;
  /** Id of a command in command_log; the same argv has the same id on every Mac. Null when no process was started. */
  commandId(source: CommandName, ...parameters: string[]): string | null;
  /** Effective user id of the collection; null when the evidence does not say. */
  readonly euid: number | null;
  /** Personal or identifying facts that are off by default and were asked for. */
  readonly include: ReadonlySet<string>;
}

export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly description: string;
  /** Without host_id, which every table has as its last column. */
  readonly columns: C;
  /** What tells rows of one host apart; rows are sorted by it. Values may be NULL. */
  readonly key: readonly string[];
  readonly sources: readonly SourceName[];
  /** The sources whose records become rows; without it, all of them. The others only fill columns. */
  readonly rowsFrom?: readonly SourceName[];
  /** It is collected only where `--include` asks for it: else the table is skipped. */
  readonly include?: 'ssh_keys';
  /** Its rows are values of lists in records: a value that is lost is a row that is lost. */
  readonly hasRowsOfValues?: true;
  /** As the contract prints them, where that differs from `sources`: `(derived)`, `(collector)`. */
  readonly sourcesLabel?: string;
  readonly macos: string;
  /** The same as of a column, where all of it is made of what older allow-lists drop. */
  readonly keptSince?: string;
  /** What a reader must know before trusting a row. */
  readonly notes?: readonly string[];
  /**
   * By version of the program: since it, the same evidence is read otherwise into these columns, and with `rows` into
   * other rows. Between a snapshot of an older version and one of a newer, such a difference is no change of the Mac.
   */
  readonly readAnew?: Readonly<
    Record<string, { readonly columns?: readonly string[]; readonly rows?: true }>
  >;
  /**
   * Since this version the table has another key. `rows` puts rows of an older one, of which several may have the same
   * key now, into the words of this: what was one thing then and is one now stays one.
   */
  readonly rekeyed?: {
    readonly since: string;
    readonly rows: (
      rows: readonly Readonly<Record<string, Value>>[],
    ) => readonly Readonly<Record<string, Value>>[];
  };
  /** Queries worth running; the tests run them, the docs print them. */
  readonly examples: readonly [string, ...string[]];
  /** The rows, without host_id. */
  generate?(this: void, context: Context): Promise<ReadonlyArray<Row<C>>>;
  /** For tables that speak of the collection itself. */
  report?(this: void, collection: CollectionReport): ReadonlyArray<Row<C>>;
}

/** Declares a table: DDL, row type, run-time check, docs, JSON Schema, help and access list come from it. */
export const defineTable = <const C extends Columns>(
  table: Table<C> & { readonly key: readonly (keyof C & string)[] },
): Table<C> => table;

/** Why a column is cut or NULL where a table left something out of it. */
export const leftOutReason = ({ include }: { readonly include?: string }): string =>
  `off by default: --include ${include ?? ''}`;

/** What NULL in a column means where no source failed; undefined where it is not known. */
export const meaningOfNull = (table: Table, name: string): string | undefined =>
  table.columns[name]?.nullBecause ?? table.columns[name]?.nullIsAnswer;

/** What is said of a column beside its description: what NULL means, and what is told only where it is asked for. */
export const remarksOf = (table: Table, name: string): string => {
  const [meaning, include] = [meaningOfNull(table, name), table.columns[name]?.include];
  return (
    (meaning === undefined ? '' : ` NULL: ${meaning}.`) +
    (include === undefined ? '' : ` Whole with \`--include ${include}\` only.`)
  );
};

/** All columns in order, host_id last. */
export const allColumns = (table: Table): readonly (readonly [string, Column])[] => [
  ...Object.entries(table.columns),
  ['host_id', hostIdColumn],
];

/** The tables that are collected; the others speak of the collection itself. */
export const dataTables = (tables: readonly Table[]): readonly Table[] =>
  tables.filter(({ generate }) => generate !== undefined);
