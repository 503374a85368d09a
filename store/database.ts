import Database from 'better-sqlite3';
import { FileError } from '../collector/errors.ts';

export type Db = Database.Database;
export type Statement = Database.Statement;

/** What holds of every connection: nothing is written beside the file, and what a schema says is not trusted. */
const prepareConnection = (db: Db): Db => {
  // Sorting stays in memory, so that a query writes no file; the guard bounds the memory.
  db.pragma('temp_store = MEMORY');
  db.pragma('trusted_schema = OFF');
  return db;
};

/** Opens what is in memory of a file: nothing is read from it any more, and nothing can be written to it. */
export const openBytes = (bytes: Buffer): Db => prepareConnection(new Database(bytes));

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
    const db = new Database(path, {
      readonly: isReadonly,
      fileMustExist: isReadonly,
      timeout: options.waitMs ?? 5000,
    });
    return prepareConnection(db);
  } catch (error) {
    throw new FileError(
      path,
      ` cannot be opened: ${(error as Error).message}`,
      'is it a tokenquery database, and may you read it?',
    );
  }
};
