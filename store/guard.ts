/**
 * SQL of an analyst is untrusted where the tool runs as root: one statement that SQLite itself calls
 * read-only and that returns rows. What remains cannot write a file, attach one, or change a setting.
 */
import { UserError } from '../collector/errors.ts';
import type { Db, Preparing, Statement } from './database.ts';
import { ownViewsMark } from './meaning.ts';
import { addFunctions } from './osquery_functions.ts';
import { explainFailure, explainVerb } from './sql_failure.ts';
import type { KnownNames } from './sql_failure.ts';
import type { Store } from './store.ts';

const explainable = new Set(['SELECT', 'WITH', 'VALUES']);
const verbs = new Set([...explainable, 'EXPLAIN']);
const allowed =
  'one statement that begins with SELECT, WITH, VALUES or EXPLAIN is run; nothing can be written';

/** Hundreds of times the longest of the library. What is longer is refused before anything looks at it. */
export const maxSqlBytes = 1024 * 1024;

/** How far blanks, comments and what `also` names reach from a place on: one pass, whatever the text is. */
const skip = (sql: string, from: number, also: string): number => {
  let at = from;
  while (at < sql.length) {
    const character = sql[at] ?? '';
    if (sql.startsWith('--', at)) {
      const end = sql.indexOf('\n', at);
      at = end === -1 ? sql.length : end + 1;
    } else if (sql.startsWith('/*', at)) {
      const end = sql.indexOf('*/', at + 2);
      at = end === -1 ? sql.length : end + 2;
    } else if (also.includes(character) || character.trim() === '') at += 1;
    else break;
  }
  return at;
};

/** The word that begins at a place, in capitals. */
const wordAt = (sql: string, at: number): string => {
  const word = /[A-Za-z]*/y;
  word.lastIndex = at;
  return (word.exec(sql)?.[0] ?? '').toUpperCase();
};

/** Whether a statement has a literal at all: only then is there anything to look into. */
export const hasLiteral = (sql: string): boolean => /['0-9]/.test(sql);

interface Verbs {
  readonly verb: string;
  /** Of a statement that is explained its own verb, '' where there is none. */
  readonly explained: string | null;
  /** Where the statement itself begins, behind empty statements, comments and EXPLAIN. */
  readonly start: number;
}

const verbsOf = (sql: string): Verbs => {
  const own = skip(sql, 0, ';');
  const first = skip(sql, own, ';(');
  const verb = wordAt(sql, first);
  if (verb !== 'EXPLAIN') return { verb, explained: null, start: own };
  let start = skip(sql, first + verb.length, '');
  if (wordAt(sql, start) === 'QUERY') {
    const plan = skip(sql, start + 'QUERY'.length, '');
    if (wordAt(sql, plan) === 'PLAN') start = skip(sql, plan + 'PLAN'.length, '');
  }
  return { verb, explained: wordAt(sql, skip(sql, start, '(')), start };
};

const isExplain = (sql: string): boolean => verbsOf(sql).verb === 'EXPLAIN';

/** What EXPLAIN is asked of; null for a statement that is none. */
export const behindExplain = (sql: string): string | null => {
  const { explained, start } = verbsOf(sql);
  return explained === null ? null : sql.slice(start);
};

/** Throws UserError for what is no reading statement. Not left to SQLite: it carries out a PRAGMA while it prepares one. */
const checkVerb = (sql: string, names: KnownNames): void => {
  const { verb, explained } = verbsOf(sql);
  if (!verbs.has(verb)) throw explainVerb(sql, verb, names);
  // Also while it prepares one that is only to be explained.
  if (explained !== null && explained !== '' && !explainable.has(explained))
    throw new UserError(`EXPLAIN ${explained} is refused: queries only read`, allowed);
};

/** A message may hold the whole statement. */
const shortened = (message: string): string => (message.length > 300 ? `${message.slice(0, 300)}…` : message);

const checkLength = (sql: string): void => {
  // A character has at least one byte of UTF-8 and at most three for each unit: a short text need not be counted.
  if (sql.length <= maxSqlBytes / 3 || Buffer.byteLength(sql) <= maxSqlBytes) return;
  throw new UserError(
    'the SQL has more than 1 MiB',
    'ask in parts, or give a list as one JSON text: json_each makes rows of it',
  );
};

// Quoted in any way, which may hold what looks like a comment; or a comment.
const opaque =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const withoutComments = (sql: string): string =>
  sql.replace(opaque, (part) => (part.startsWith('--') || part.startsWith('/*') ? ' ' : part));

/** The name of the file itself in SQL, where its own views would be found behind those that stand in. */
const namesTheFile = /(?:\bmain\b|["'`[]main["'`\]])\s*\./i;

/** Whether a connection has views of its own, and those of the file are not to be run. */
export const hasViewsOfItsOwn = (db: Preparing): boolean =>
  db.prepare('SELECT 1 FROM temp.sqlite_schema WHERE name = ?').get(ownViewsMark) !== undefined;

/** How a statement is refused, whatever engine found it to be so. */
export const severalStatements = (): UserError => new UserError('there is more than one statement', allowed);
export const writingStatement = (): UserError =>
  new UserError('the statement is refused: it would write', allowed);
export const unknownParameter = (): UserError =>
  new UserError(
    'the SQL has a parameter that stands for nothing',
    ':now is the only one; other values are written into the statement',
  );

/** Throws UserError for what is no text of a reading statement, whatever engine shall run it. */
export const checkText = (sql: string, names: KnownNames): void => {
  checkLength(sql);
  if (sql.includes('\0')) throw new UserError('the SQL holds a NUL character', allowed);
  checkVerb(sql, names);
};

/** The prepared statement, or a UserError that says what is wrong with the SQL. */
export const prepareGuarded = (db: Db, sql: string, names: KnownNames): Statement => {
  checkText(sql, names);
  if (hasViewsOfItsOwn(db) && namesTheFile.test(withoutComments(sql)))
    throw new UserError(
      'main. is refused: the file has views that this tokenquery did not make, and they are not run',
      'leave main. out: the tables are the same',
    );
  addFunctions(db, sql);
  let statement: Statement;
  try {
    statement = db.prepare(sql);
  } catch (error) {
    // Of a text that begins with a verb: it goes on behind its first statement.
    if (error instanceof RangeError) throw severalStatements();
    const { code, message } = error as Error & { readonly code?: string };
    // Any other code is of the file, and not of the SQL: whoever opened it knows its name.
    if (code?.startsWith('SQLITE_ERROR') !== true) throw error;
    throw explainFailure(db, sql, shortened(message), names);
  }
  if (!statement.reader || !statement.readonly) throw writingStatement();
  checkProgram(db, sql);
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
        // SQLite passes over empty statements and comments; EXPLAIN does not.
        .prepare(`${how} ${sql.slice(verbsOf(sql).start)}`)
        .safeIntegers(false)
        .all({ now: 0, among: '[]', ...parameters }) as Instruction[]);

/** The program that SQLite made of a statement. */
const programOf = (db: Db, sql: string): readonly Instruction[] => explain(db, sql);

// Of the virtual tables that SQLite has, those that read their arguments and nothing else.
const allowedModules = ['json_each', 'json_tree', 'jsonb_each', 'jsonb_tree'];

// Functions of the outside world, of the build and of the insides of other modules.
const refusedFunctions =
  /^(?:load_extension|readfile|writefile|edit|lsdir|fsdir|fts[0-9].*|rtree.*|geopoly.*|sqlite_(?!version$|source_id$).*|match(?:info)?|offsets|snippet|optimize|highlight|bm25)$/;

/** How SQLite names, in a program, the virtual tables that a statement opens: by where they lie in memory. */
const openedModules = (program: readonly Instruction[]): readonly string[] =>
  program.filter(({ opcode }) => opcode === 'VOpen').map(({ p4 }) => p4 ?? '');

/** The same of those that are allowed. */
const knownModules = (db: Db): ReadonlySet<string> =>
  new Set(
    allowedModules.flatMap((name) => {
      try {
        return openedModules(programOf(db, `SELECT 1 FROM ${name}('[]')`));
      } catch {
        // This build does not have it.
        return [];
      }
    }),
  );

/** The name of the virtual table that is meant, as far as the text says it. */
const moduleIn = (db: Db, sql: string): string =>
  (db.prepare('SELECT name FROM pragma_module_list').pluck().all() as string[])
    .filter((name) => !allowedModules.includes(name))
    .find((name) => sql.toLowerCase().includes(name)) ??
  /pragma_[a-z_]+/i.exec(sql)?.[0] ??
  'a virtual table';

const programToCheck = (db: Db, sql: string): readonly Instruction[] => {
  const { explained, start } = verbsOf(sql);
  try {
    return programOf(db, explained === null ? sql : sql.slice(start));
  } catch (error) {
    // So a statement is told that has parameters without a value.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw unknownParameter();
  }
};

/**
 * Throws UserError for a statement that reaches beyond the tables. What it opens and calls is taken from the program that
 * SQLite made of it: no way to write a name hides anything from that.
 */
const checkProgram = (db: Db, sql: string): void => {
  const program = programToCheck(db, sql);
  const refuse = (what: string): never => {
    throw new UserError(`${what} is refused: queries see the tables and nothing else`, allowed);
  };
  for (const { opcode, p4 } of program) {
    const called = p4 !== null && /^(?:Function|PureFunc|Agg)/.test(opcode) ? p4.replace(/\(.*$/s, '') : '';
    if (refusedFunctions.test(called.toLowerCase())) refuse(called);
  }
  const opened = openedModules(program);
  if (opened.length === 0) return;
  const known = knownModules(db);
  if (opened.some((module) => !known.has(module))) refuse(moduleIn(db, sql));
};

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

/**
 * Whether a statement cannot take long, whatever SQLite makes of it: it is short, and reads, calls and nests nothing. Told
 * by its text alone: also to prepare one may take for ever.
 */
export const isInstant = (sql: string): boolean =>
  sql.length <= 1000 && /^select\b/i.test(sql) && !/[(]|\b(?:from|with|values|explain)\b/i.test(sql);

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

/** Makes what names mean on a connection that may be guarded against writing. */
export const unguarded = <T>(db: Db, work: () => T): T => {
  const isGuarded = db.pragma('query_only', { simple: true }) === 1;
  if (isGuarded) db.pragma('query_only = OFF');
  try {
    return work();
  } finally {
    if (isGuarded) db.pragma('query_only = ON');
  }
};
