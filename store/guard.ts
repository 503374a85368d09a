/**
 * SQL of an analyst is untrusted where the tool runs as root: one statement that SQLite itself calls
 * read-only and that returns rows. What remains cannot write a file, attach one, or change a setting.
 */
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import type { Db, Statement } from './database.ts';
import { ownViewsMark } from './meaning.ts';
import type { Store } from './store.ts';

const explainable = new Set(['SELECT', 'WITH', 'VALUES']);
const verbs = new Set([...explainable, 'EXPLAIN']);
const allowed =
  'one statement that begins with SELECT, WITH, VALUES or EXPLAIN is run; nothing can be written';

// String, quoted name, comment; in the order in which SQLite reads them.
const opaque = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/** The statement without its comments; with `quoted: 'keep'` its strings and quoted names stay. */
const bare = (sql: string, quoted: 'keep' | 'blank'): string =>
  sql.replace(opaque, (part) => {
    if (part.startsWith('--') || part.startsWith('/*')) return ' ';
    return quoted === 'keep'
      ? part
      : part.replace(/[^"`[\]]/g, (character) => (part.startsWith("'") ? '_' : character));
  });

// Functions of the outside world, should a build of SQLite have them, and settings in the dress of tables.
const refusedNames =
  /\b(?:load_extension|readfile|writefile|edit|fts3_tokenizer|pragma_[a-z_]+|sqlite_dbpage|dbstat)\b/i;

/** Whether a statement has a literal at all: only then is there anything to look into. */
export const hasLiteral = (sql: string): boolean => /['0-9]/.test(sql);

/** The verb of a statement; of one that is explained its own verb too, '' where there is none. */
const verbsOf = (sql: string): { readonly verb: string; readonly explained: string | null } => {
  const [, explain, word = ''] =
    /^[\s;(]*(EXPLAIN\b(?:\s+QUERY\s+PLAN\b)?)?[\s(]*([A-Za-z]*)/i.exec(bare(sql, 'blank')) ?? [];
  const own = word.toUpperCase();
  return explain === undefined ? { verb: own, explained: null } : { verb: 'EXPLAIN', explained: own };
};

const isExplain = (sql: string): boolean => verbsOf(sql).verb === 'EXPLAIN';

/** Throws UserError for what is no reading statement. Not left to SQLite: it carries out a PRAGMA while it prepares one. */
const checkVerb = (sql: string): void => {
  const { verb, explained } = verbsOf(sql);
  if (verb === '')
    throw new UserError('there is no SQL to run', 'for example: tokenquery query "SELECT * FROM users"');
  if (!verbs.has(verb)) throw new UserError(`${verb} is refused: queries only read`, allowed);
  // Also while it prepares one that is only to be explained.
  if (explained !== null && explained !== '' && !explainable.has(explained))
    throw new UserError(`EXPLAIN ${explained} is refused: queries only read`, allowed);
};

/**
 * What is wrong with the SQL, with the name that may be meant. SQLite has one code for all of it and gives the name in its
 * message only, in the forms `no such table: NAME`, `no such column: NAME` and, for a NAME in double quotes, a third.
 */
const explainFailure = (
  message: string,
  names: { readonly tables: readonly string[]; readonly columns: readonly string[] },
): UserError => {
  const table = /^no such table: (?:main\.|temp\.)?(.+)$/s.exec(message)?.[1];
  if (table !== undefined) {
    const near = nearest(table, names.tables);
    return new UserError(
      `there is no table ${table}`,
      near === null
        ? 'tokenquery tables lists them'
        : `did you mean ${near}? tokenquery tables lists them all`,
    );
  }
  const [, quoted, plain] =
    /^no such column: (?:"(.+)" - should this be a string literal in single-quotes\?|(?:.*\.)?([^.]+))$/s.exec(
      message,
    ) ?? [];
  const column = quoted ?? plain;
  if (column !== undefined) {
    const near = nearest(column, names.columns);
    return new UserError(
      `there is no column ${column}`,
      near === null
        ? 'tokenquery tables NAME lists the columns of a table; text stands in single quotes'
        : `did you mean ${near}? text stands in single quotes`,
    );
  }
  return new UserError(
    `the SQL cannot be run: ${message}`,
    'tokenquery tables NAME shows a table and examples',
  );
};

/** The name of the file itself in SQL, where its own views would be found behind those that stand in. */
const namesTheFile = /(?:\bmain\b|"main"|`main`|\[main\])\s*\./i;

const hasViewsOfItsOwn = (db: Db): boolean =>
  db.prepare('SELECT 1 FROM temp.sqlite_schema WHERE name = ?').get(ownViewsMark) !== undefined;

/** The prepared statement, or a UserError that says what is wrong with the SQL. */
export const prepareGuarded = (
  db: Db,
  sql: string,
  names: { readonly tables: readonly string[]; readonly columns: readonly string[] },
): Statement => {
  if (sql.includes('\0')) throw new UserError('the SQL holds a NUL character', allowed);
  checkVerb(sql);
  const refused = refusedNames.exec(bare(sql, 'keep').replace(/'(?:[^']|'')*'/g, "''"))?.[0];
  if (refused !== undefined)
    throw new UserError(`${refused} is refused: queries see the tables and nothing else`, allowed);
  if (hasViewsOfItsOwn(db) && namesTheFile.test(bare(sql, 'keep').replace(/'(?:[^']|'')*'/g, "''")))
    throw new UserError(
      'main. is refused: the file has views that this tokenquery did not make, and they are not run',
      'leave main. out: the tables are the same',
    );
  let statement: Statement;
  try {
    statement = db.prepare(sql);
  } catch (error) {
    // Of a text that begins with a verb: it goes on behind its first statement.
    if (error instanceof RangeError) throw new UserError('there is more than one statement', allowed);
    const { code, message } = error as Error & { readonly code?: string };
    // Any other code is of the file, and not of the SQL: whoever opened it knows its name.
    if (code?.startsWith('SQLITE_ERROR') !== true) throw error;
    throw explainFailure(message, names);
  }
  if (!statement.reader || !statement.readonly)
    throw new UserError('the statement is refused: it would write', allowed);
  return statement;
};

/** One operation of the program that SQLite made of a statement. */
export interface Instruction {
  readonly addr: number;
  readonly opcode: string;
  readonly p1: number;
  readonly p2: number;
  readonly p3: number;
  readonly p4: string | null;
  readonly p5: number;
}

// SQLite passes over empty statements and comments; EXPLAIN does not.
const beforeStatement = /^(?:[\s;]|--[^\n]*|\/\*[\s\S]*?\*\/)+/;

/** What EXPLAIN answers of a statement: nothing where it is an EXPLAIN itself. */
export const explain = (
  db: Db,
  sql: string,
  parameters: Readonly<Record<string, number>> = {},
  how: 'EXPLAIN' | 'EXPLAIN QUERY PLAN' = 'EXPLAIN',
): readonly Instruction[] =>
  isExplain(sql)
    ? []
    : (db
        .prepare(`${how} ${sql.replace(beforeStatement, '')}`)
        .safeIntegers(false)
        .all({ now: 0, ...parameters }) as Instruction[]);

/** The program that SQLite made of a statement. */
const programOf = (db: Db, sql: string): readonly Instruction[] => explain(db, sql);

/** The tables that a statement opens, whatever view, join or subquery names them. */
export const touchedTables = (db: Db, sql: string): ReadonlySet<string> => {
  const rootsOf = (schema: 'sqlite_schema' | 'sqlite_temp_schema'): ReadonlyMap<number, string> =>
    new Map(
      db
        .prepare(`SELECT rootpage, tbl_name FROM ${schema} WHERE rootpage > 0`)
        .safeIntegers(false)
        .raw(true)
        .all() as [number, string][],
    );
  // By the number of the database: tables that a file lacks are stood in for among the temporary ones.
  const roots = [rootsOf('sqlite_schema'), rootsOf('sqlite_temp_schema')];
  const touched = new Set<string>();
  for (const { opcode, p2, p3 } of programOf(db, sql)) {
    const name = opcode === 'OpenRead' || opcode === 'ReopenIdx' ? roots[p3]?.get(p2) : undefined;
    if (name !== undefined) touched.add(name);
  }
  return touched;
};

/** The name by which analysts know a table of a store, or of what was collected. */
export const analystName = (name: string): string =>
  name === '_finding' ? 'findings' : name.replace(/^_(?:current|past)_/, '');

// They speak of the collection itself: no status tells of them.
const reports: ReadonlySet<string> = new Set(['table_status', 'collection_errors', 'command_log']);

/** The tables that a statement reads of which `table_status` tells whether they were seen, in order. */
export const factTables = (db: Db, sql: string): readonly string[] =>
  [...new Set([...touchedTables(db, sql)].map(analystName))]
    .filter((name) => !name.startsWith('_') && !reports.has(name))
    .toSorted();

/** The columns that a statement reads, as table.column, whatever view, join or subquery names them. */
export const touchedColumns = (db: Db, sql: string): ReadonlySet<string> => {
  const tables = new Map(
    db
      .prepare("SELECT rootpage, name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
      .safeIntegers(false)
      .raw(true)
      .all() as [number, string][],
  );
  const columnsOf = db.prepare("SELECT name FROM pragma_table_info(?, 'main') ORDER BY cid").pluck();
  const cursors = new Map<number, { readonly table: string; readonly columns: readonly string[] }>();
  const touched = new Set<string>();
  for (const { opcode, p1, p2, p3 } of programOf(db, sql)) {
    const table = opcode === 'OpenRead' && p3 === 0 ? tables.get(p2) : undefined;
    if (table !== undefined) cursors.set(p1, { table, columns: columnsOf.all(table) as string[] });
    const cursor = opcode === 'Column' ? cursors.get(p1) : undefined;
    if (cursor !== undefined) touched.add(`${cursor.table}.${cursor.columns[p2] ?? ''}`);
  }
  return touched;
};

// What a program without loops and calls is made of: it ends at once, so nothing need watch it.
const straight = new Set([
  'Init',
  'Transaction',
  'Integer',
  'Int64',
  'Real',
  'String8',
  'String',
  'Null',
  'Copy',
  'SCopy',
  'Move',
  'Add',
  'Subtract',
  'Multiply',
  'Divide',
  'ResultRow',
  'Halt',
  'Goto',
]);

/** Whether a statement cannot take long. */
export const isInstant = (db: Db, sql: string): boolean =>
  isExplain(sql) || programOf(db, sql).every(({ opcode }) => straight.has(opcode));

/** The names and columns that a statement may use, for messages that suggest the near one. */
export const visibleNames = ({
  db,
  tables,
}: Store): { readonly tables: readonly string[]; readonly columns: readonly string[] } => ({
  tables: db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'view' UNION " +
        "SELECT name FROM sqlite_temp_schema WHERE type = 'view' AND substr(name, 1, 1) <> '_'",
    )
    .pluck()
    .all() as string[],
  columns: [
    ...new Set([
      ...tables.flatMap(({ columns }) => Object.keys(columns)),
      ...['host_id', 'valid_from_time', 'valid_until_time', 'first_snapshot_id', 'last_snapshot_id'],
      ...[
        'snapshot_id',
        'sequence',
        'collected_time',
        'ingested_time',
        'origin',
        'tool_version',
        'schema_version',
      ],
      ...['change', 'change_time', 'column_name', 'old_value', 'new_value', 'key', 'redaction'],
    ]),
  ],
});
