/** What statements are run against: rows that were collected for them, or a database of snapshots. */
import { UserError } from '../collector/errors.ts';
import type { Db } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import type { Arguments } from './command.ts';

export interface World {
  readonly db: Db;
  /** The time that `:now` stands for. */
  readonly now: number;
  /** Null where the rows were collected. */
  readonly store: Store | null;
  close(): void;
}

/** A database of snapshots, at the moment that was asked for. */
export interface StoredWorld extends World {
  readonly store: Store;
  /** Null for what is known last. */
  readonly asOf: number | null;
}

/** A store as `--as-of` shows it. */
export const storedWorld = async (given: Arguments, store: Store): Promise<StoredWorld> => {
  const { currentTime } = await import(/* webpackMode: "eager" */ './time.ts');
  const asOf = given.number('as-of');
  if (asOf !== null) {
    const { viewAsOf } = await import(/* webpackMode: "eager" */ '../store/as_of.ts');
    viewAsOf(store, asOf);
  }
  return { db: store.db, now: asOf ?? currentTime(), store, asOf, close: () => store.close() };
};

const ofTheFile = /^SQLITE_(?:CORRUPT|NOTADB|IOERR|BUSY|LOCKED|FULL|CANTOPEN)/;

/** What is wrong with a file is told of the file; what else SQLite says, of what was asked. */
const explain = async (error: unknown, { store }: World, what: string, hint: string): Promise<unknown> => {
  const { code = '' } = error as { code?: string };
  if (!code.startsWith('SQLITE_')) return error;
  if (store !== null && ofTheFile.test(code)) {
    const { explainStoreError } = await import(/* webpackMode: "eager" */ '../store/file.ts');
    return explainStoreError(error, store.path);
  }
  return new UserError(`${what} failed: ${(error as Error).message}`, hint);
};

interface Asking {
  /** What is asked, in the words of an error. */
  readonly what: string;
  readonly hint?: string;
}

/** Asks a world, which from here on can only be read, and closes it. */
export const asking = async <T>(
  world: World,
  { what, hint = '' }: Asking,
  work: () => T | Promise<T>,
): Promise<T> => {
  world.db.pragma('query_only = ON');
  try {
    return await work();
  } catch (error) {
    throw await explain(error, world, what, hint);
  } finally {
    world.close();
  }
};
