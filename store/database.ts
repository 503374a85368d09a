import Database from 'better-sqlite3';
import { FileError } from '../collector/errors.ts';

export type Db = Database.Database;
export type Statement = Database.Statement;

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
    // Sorting stays in memory, so that a query writes no file; the guard bounds the memory.
    db.pragma('temp_store = MEMORY');
    db.pragma('trusted_schema = OFF');
    return db;
  } catch (error) {
    throw new FileError(
      path,
      ` cannot be opened: ${(error as Error).message}`,
      'is it a tokenquery database, and may you read it?',
    );
  }
};
