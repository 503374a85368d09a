/**
 * Asks a lake by DuckDB, which sees the parts of the tables that a statement names and nothing else: no other file, no network,
 * no extension, and no setting can be changed.
 */
import { quoteName, quoteText } from '../../store/ddl.ts';
import { behindExplain, severalStatements, unknownParameter, writingStatement } from '../../store/guard.ts';
import type { AnyCell } from '../cell.ts';
import type { Connection, DuckDB } from './duckdb.ts';
import type { LakeReading } from './reading.ts';
import type { ColumnType } from './relations.ts';
import { readPart } from './shards.ts';
import { duckdbViews, fileIn, literalPath, viewNames } from './views.ts';

export interface LakeAnswer {
  readonly columns: readonly string[];
  /** Some at a time. */
  readonly rows: AsyncIterable<readonly (readonly AnyCell[])[]>;
}

/** What DuckDB says of a statement that cannot be run. */
export class LakeSqlError extends Error {}

const sqlTypes: Readonly<Record<ColumnType, string>> = { TEXT: 'VARCHAR', INTEGER: 'BIGINT', REAL: 'DOUBLE' };

/** Where a text has words that are none of SQL: quoted in any way of DuckDB’s, or a comment. */
const opaque =
  /(?<![\w$])[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|(?<!:):now\b/g;

/** Puts the moment in the place of `:now`, which DuckDB does not know. */
export const withNow = (sql: string, now: number): string =>
  sql.replaceAll(opaque, (part) => (part === ':now' ? `CAST(${now} AS BIGINT)` : part));

/** Of a type that SQLite does not have. */
interface Printable {
  toString(): string;
}

/** A value as SQLite would have it: a truth is 1 or 0, what is no number stays unknown, and what SQLite has no type for is a text. */
const cellOf = (value: unknown): AnyCell => {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  const { toDouble, bytes } = value as { toDouble?: () => number; bytes?: unknown };
  if (bytes instanceof Uint8Array) return bytes;
  return typeof toDouble === 'function' ? toDouble.call(value) : (value as Printable).toString();
};

async function* rowsOf(result: Awaited<ReturnType<Connection['stream']>>): LakeAnswer['rows'] {
  for (;;) {
    const chunk = await failing(result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getRows().map((row) => row.map(cellOf));
  }
}

/** DuckDB’s own words, where something fails. */
const failing = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw new LakeSqlError((error as Error).message, { cause: error });
  }
};

/** What EXPLAIN is asked of. */
const explained = (sql: string): string | null => behindExplain(sql)?.replace(/^ANALYZE\b/i, '') ?? null;

export class LakeEngine {
  private readonly lake: LakeReading;
  private readonly connection: Connection;
  /** Tables without a row, to find out what a statement reads: DuckDB opens files while it prepares one, and here it may open none. */
  private readonly naming: Connection;
  private readonly end: () => void;
  /** The published tables that are shown. */
  private readonly shown = new Set<string>();
  private readonly names: ReturnType<typeof viewNames>;

  private readonly types: DuckDB['StatementType'];
  /** Nothing but the parts can be opened any more. */
  private isShut = false;

  private constructor(
    lake: LakeReading,
    [connection, naming]: readonly [Connection, Connection],
    statementTypes: DuckDB['StatementType'],
    end: () => void,
  ) {
    this.types = statementTypes;
    this.lake = lake;
    this.connection = connection;
    this.naming = naming;
    this.end = end;
    this.names = viewNames(lake.tables);
  }

  /** @param memory So many bytes DuckDB takes at most. */
  static async open(
    { DuckDBInstance, StatementType }: DuckDB,
    lake: LakeReading,
    memory: number,
  ): Promise<LakeEngine> {
    const settings = {
      memory_limit: `${Math.floor(memory / 1e6)}MB`,
      ...{ autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' },
      // What does not fit into memory is an error: a query writes no file.
      temp_directory: '',
      // As SQLite has it.
      ...{ default_null_order: 'nulls_first_on_asc_last_on_desc', integer_division: 'true' },
    };
    const shut = { ...settings, enable_external_access: 'false' };
    const instances = [
      await DuckDBInstance.create(':memory:', settings),
      await DuckDBInstance.create(':memory:', shut),
    ] as const;
    const connections = [await instances[0].connect(), await instances[1].connect()] as const;
    const engine = new LakeEngine(lake, connections, StatementType, () => {
      for (const connection of connections) connection.closeSync();
      for (const instance of instances) instance.closeSync();
    });
    for (const [name, { columns }] of engine.names)
      await engine.naming.run(
        `CREATE TABLE ${quoteName(name)} (${columns.map(([column, type]) => `${quoteName(column)} ${sqlTypes[type]}`).join(', ')})`,
      );
    await engine.naming.run('SET lock_configuration = true');
    return engine;
  }

  /** The names of the tables of the lake. */
  get tableNames(): readonly string[] {
    return [...this.names.keys()];
  }

  /** Of each table the columns. */
  get columns(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.names].map(([name, { columns }]) => [name, columns.map(([column]) => column)]));
  }

  /** The tables that a statement names. Throws UserError for one that is refused, LakeSqlError for one that DuckDB does not take. */
  async namedIn(sql: string): Promise<ReadonlySet<string>> {
    await this.prepare(sql, this.naming);
    const named = this.naming.getTableNames(sql, false);
    const known = new Map(this.tableNames.map((name) => [name.toLowerCase(), name]));
    return new Set(named.flatMap((name) => known.get(name.toLowerCase()) ?? []));
  }

  /** Makes that these names mean what was published, and no other name anything. To be called once, before anything is asked. */
  async show(names: ReadonlySet<string>): Promise<void> {
    for (const name of names) this.shown.add(this.names.get(name)?.table ?? '');
    const { place, tables } = this.lake;
    const paths: string[] = [];
    for (const table of this.shown)
      for (const { table: of, part } of tables.get(table)?.parts ?? []) {
        await readPart(place, of, part);
        const path = fileIn(place, part.path);
        // It is held against the list as it is written, and as it is found.
        paths.push(...new Set([path, literalPath(path)].map(quoteText)));
      }
    await this.connection.run(`SET allowed_paths = [${paths.join(', ')}]`);
    await this.connection.run('SET enable_external_access = false');
    await this.connection.run('SET lock_configuration = true');
    this.isShut = true;
    await this.narrow(null);
  }

  /** Makes that there seems to be one host; null for all. */
  async narrow(hostId: string | null): Promise<void> {
    for (const sql of duckdbViews(this.lake, this.shown, hostId)) await failing(this.connection.run(sql));
  }

  /** Rows of a statement, as they come. */
  async ask(sql: string): Promise<LakeAnswer> {
    if (!this.isShut) throw new Error('a lake is shown before it is asked');
    const statement = await this.prepare(sql, this.connection);
    const result = await failing(statement.stream());
    return { columns: result.columnNames(), rows: rowsOf(result) };
  }

  /** All rows of a statement of this program’s. */
  async rows(sql: string): Promise<readonly (readonly AnyCell[])[]> {
    const all: (readonly AnyCell[])[] = [];
    for await (const some of (await this.ask(sql)).rows) all.push(...some);
    return all;
  }

  close(): void {
    this.end();
  }

  private async prepare(sql: string, connection: Connection) {
    const extracted = await failing(connection.extractStatements(sql));
    if (extracted.count !== 1) throw severalStatements();
    const statement = await failing(extracted.prepare(0));
    if (statement.parameterCount > 0) throw unknownParameter();
    const inner = explained(sql);
    const own = inner === null ? statement : await failing(connection.prepare(inner));
    // Carried out only where DuckDB itself calls it a reading one.
    const isReading = own.statementType === this.types.SELECT;
    if (!isReading) throw writingStatement();
    return statement;
  }
}
