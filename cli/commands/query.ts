import { readFileSync } from 'node:fs';
import { UserError } from '../../collector/errors.ts';
import { allColumns } from '../../collector/table.ts';
import type { Query } from '../../queries/query.ts';
import type { Db, Statement } from '../../store/database.ts';
import { isInstant, prepareGuarded, touchedTables } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../args.ts';
import { modeOf, modeOptions, sourceOptions } from '../options.ts';
import { flush, printNote, printRows } from '../output.ts';
import type { Cells } from '../output.ts';

const names = {
  tables: tables.map(({ name }) => name),
  columns: [...new Set(tables.flatMap((table) => allColumns(table).map(([name]) => name)))],
};

/** A query of the library. */
const queryOf = async (given: Arguments): Promise<Query> => {
  if (given.positionals.length > 0 || given.text('f') !== null) {
    throw new UserError('give the SQL itself, -f FILE or -n NAME, and one of them only', '', 2);
  }
  const { queries } = await import(/* webpackMode: "eager" */ '../../queries/index.ts');
  const { selectQueries } = await import(/* webpackMode: "eager" */ '../findings.ts');
  const [query] = selectQueries(queries, given.texts('n'), null);
  if (query === undefined) throw new Error('a name that is known selects a question');
  if (query.needsHistory && given.text('db') === null) {
    throw new UserError(
      `${query.name} compares snapshots`,
      'ask it with --db FILE, of a database that tokenquery snapshot --db FILE filled on two days or more',
    );
  }
  return query;
};

const readSql = (given: Arguments): string => {
  const [inline] = given.positionals;
  const file = given.text('f');
  if (inline !== undefined && file !== null)
    throw new UserError('give the SQL itself or -f FILE, not both', '', 2);
  if (file === null && inline !== undefined && inline !== '-') return inline;
  if (file === null && inline === undefined && process.stdin.isTTY) {
    throw new UserError('there is no SQL to run', 'for example: tokenquery query "SELECT * FROM users"', 2);
  }
  try {
    return readFileSync(file === null || file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      file === null ? 'standard input cannot be read' : `${file} cannot be read (${code ?? 'unknown error'})`,
      '-f takes the path of a file with one SQL statement',
    );
  }
};

/** Rows of a statement, at most `most`; says so when there were more. */
function* limited(statement: Statement, most: number | null, now: number): Generator<Cells> {
  let count = 0;
  for (const row of statement.raw(true).safeIntegers(true).iterate({ now })) {
    if (most !== null && count === most) {
      flush();
      printNote(`only the first ${most} rows are shown (--max-rows)`);
      return;
    }
    count += 1;
    yield row as Cells;
  }
}

/** What a statement is run against, and what it does not see. */
interface World {
  readonly db: Db;
  readonly names: Parameters<typeof prepareGuarded>[2];
  /** The time that `:now` stands for. */
  readonly now: number;
  readonly isComplete: boolean;
  close(): void;
}

const collectedWorld = async (given: Arguments, sql: string, query: Query | null): Promise<World> => {
  if (given.text('as-of') !== null) throw new UserError('--as-of goes with --db FILE', '', 2);
  const db = openMemory(tables);
  prepareGuarded(db, sql, names);
  const touched = touchedTables(db, sql);
  const close = (): void => void db.close();
  if (touched.size === 0) return { db, names, now: 0, isComplete: true, close };
  const hosts = await import(/* webpackMode: "eager" */ '../sources.ts');
  const backends = await hosts.backendsOf(given);
  const needed = new Set(touched);
  // It asks table_status only of the tables that it names, where that is not what it is about.
  if (query !== null && !query.requires.some(({ table }) => table === 'table_status'))
    needed.delete('table_status');
  const collections = await hosts.collectAll(backends, hosts.tablesToCollect(needed), given);
  hosts.loadCollections(
    db,
    tables.filter(({ name }) => touched.has(name)),
    collections,
  );
  const isComplete = hosts.noteBlindSpots(collections, touched);
  return { db, names, now: Math.max(...backends.map(({ capturedTime }) => capturedTime)), isComplete, close };
};

const storedWorld = async (given: Arguments, sql: string): Promise<World> => {
  const extra = Object.keys(sourceOptions).find((name) => given.flag(name));
  if (extra !== undefined)
    throw new UserError(`--${extra} and --db exclude each other: with --db nothing is collected`, '', 2);
  const { readableStore, noteStoreBlindSpots } = await import(/* webpackMode: "eager" */ '../database.ts');
  const { viewAsOf } = await import(/* webpackMode: "eager" */ '../../store/as_of.ts');
  const { touchedNames } = await import(/* webpackMode: "eager" */ '../../store/blind_spots.ts');
  const { visibleNames } = await import(/* webpackMode: "eager" */ '../../store/guard.ts');
  const { currentTime, parseTime } = await import(/* webpackMode: "eager" */ '../time.ts');
  const asOf = given.text('as-of');
  const now = asOf === null ? currentTime() : parseTime('--as-of', asOf);
  const store = readableStore(given);
  try {
    if (asOf !== null) viewAsOf(store, now);
    const { db } = store;
    const known = visibleNames(store);
    prepareGuarded(db, sql, known);
    const moment = asOf === null ? null : now;
    const isComplete = noteStoreBlindSpots(store, touchedNames(store, sql, moment), moment);
    return { db, names: known, now, isComplete, close: () => store.close() };
  } catch (error) {
    store.close();
    const { explainStoreError } = await import(/* webpackMode: "eager" */ '../../store/file.ts');
    throw explainStoreError(error, store.path);
  }
};

const run = async (given: Arguments): Promise<number> => {
  const mode = modeOf(given);
  const maxRows = given.count('max-rows', 0);
  const timeout = given.count('timeout') ?? 30;
  const query = given.text('n') === null ? null : await queryOf(given);
  const sql = query === null ? readSql(given) : query.sql;
  const world = await (given.text('db') === null
    ? collectedWorld(given, sql, query)
    : storedWorld(given, sql));
  const { db } = world;
  // From here on the statement can only read, whatever it is.
  db.pragma('query_only = ON');
  const statement = prepareGuarded(db, sql, world.names);
  const columns = statement.columns().map(({ name }) => name);
  const watching = isInstant(db, sql)
    ? null
    : (await import(/* webpackMode: "eager" */ '../../store/watchdog.ts')).watch(timeout);
  try {
    printRows(mode, columns, limited(statement, maxRows, world.now));
  } catch (error) {
    const path = given.text('db');
    if ((error as { code?: string }).code?.startsWith('SQLITE_CORRUPT') === true && path !== null) {
      const { explainStoreError } = await import(/* webpackMode: "eager" */ '../../store/file.ts');
      throw explainStoreError(error, path);
    }
    if ((error as { code?: string }).code?.startsWith('SQLITE_') === true) {
      throw new UserError(`the query failed: ${(error as Error).message}`);
    }
    throw error;
  } finally {
    watching?.stop();
    world.close();
  }
  flush();
  return given.flag('strict') && !world.isComplete ? 4 : 0;
};

export const queryCommand: Command = {
  name: 'query',
  usage:
    'tokenquery query SQL | -f FILE | -n NAME | < FILE   [--source SOURCE]… | --db FILE [--as-of TIME]   [--json|--csv|…] [--strict]',
  summary: 'Answers one SQL statement about this Mac, recorded evidence, or a database of snapshots.',
  about: [
    'Only the tables that the statement names are collected. A table that could not be collected is named',
    'on stderr; --strict then ends with exit code 4. With --db nothing is collected: beside the tables there are',
    'NAME_history for each, snapshots, latest_snapshots and changes (docs/store.md).',
  ],
  options: {
    n: {
      type: 'string',
      value: 'NAME',
      description: 'Run a query of the library; tokenquery queries lists them.',
    },
    f: { type: 'string', value: 'FILE', description: 'Read the SQL from a file; - is standard input.' },
    ...sourceOptions,
    db: { type: 'string', value: 'FILE', description: 'Ask a database of snapshots; nothing is collected.' },
    'as-of': {
      type: 'string',
      value: 'TIME',
      description: 'With --db: what was known at that time: unix seconds, 2026-09-01, or -7d.',
    },
    ...modeOptions,
    strict: { type: 'boolean', description: 'Exit code 4 when a needed table was not ok or empty.' },
    timeout: { type: 'string', value: 'SECONDS', description: 'End the query after so long; 30 by default.' },
    'max-rows': { type: 'string', value: 'N', description: 'Print at most N rows.' },
  },
  positionals: { least: 0, most: 1 },
  examples: [
    'tokenquery query "SELECT username, secure_token, confidence FROM secure_tokens WHERE is_admin = 1"',
    'sudo tokenquery query --json "SELECT * FROM bootstrap_tokens"',
    'tokenquery query --source evidence.tar.gz -f tokens.sql --csv',
    'tokenquery query --db fleet.db --as-of -7d "SELECT host_id, username FROM secure_tokens WHERE secure_token = 1"',
  ],
  run,
};
