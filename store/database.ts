import Database from 'better-sqlite3';
import { codeOf, FileError, UserError } from '../collector/errors.ts';

export type Db = Database.Database;
export type Statement = Database.Statement;
/** A connection, or one that keeps its statements (`statementCache`). */
export interface Preparing {
  prepare(sql: string): Statement;
}
export type ColumnDefinition = Database.ColumnDefinition;

/** What holds of every connection: nothing is written beside the file, and what a schema says is not trusted. */
const prepareConnection = (db: Db): Db => {
  // Sorting stays in memory, so that a query writes no file; the guard bounds the memory.
  db.pragma('temp_store = MEMORY');
  db.pragma('trusted_schema = OFF');
  return db;
};

/** What Node says where SQLite's part is not there for this system, or is there and cannot be loaded. */
const notLoaded: ReadonlySet<unknown> = new Set(['MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED']);

const connect = (...given: ConstructorParameters<typeof Database>): Db => {
  try {
    return new Database(...given);
  } catch (error) {
    if (!notLoaded.has(codeOf(error))) throw error;
    const why = (error as Error).message.split('\n')[0] ?? '';
    throw new UserError(
      `SQLite cannot be loaded on this system (${process.platform}-${process.arch}): ${why}`,
      'it comes for macOS, and for Linux with glibc 2.34 or newer, on arm64 and x64',
    );
  }
};

/** Opens what is in memory of a file: nothing is read from it any more, and nothing can be written to it. */
export const openBytes = (bytes: Buffer): Db => prepareConnection(connect(bytes));

/**
 * Opens SQLite. Nothing else imports better-sqlite3, which ends a Node that lacks Node-API 10 without a
 * word: main.ts refuses to start there.
 *
 * @param path A file, or `:memory:`.
 */
export const openDatabase = (
  path: string,
  options: { readonly readonly?: boolean; readonly waitMs?: number } = {},
): Db => {
  const isReadonly = options.readonly === true;
  try {
    const db = connect(path, {
      readonly: isReadonly,
      fileMustExist: isReadonly,
      timeout: options.waitMs ?? 5000,
    });
    return prepareConnection(db);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new FileError(
      path,
      ` cannot be opened: ${(error as Error).message}`,
      'is it a tokenquery database, and may you read it?',
    );
  }
};
