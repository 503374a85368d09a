/** From --db to a store. */
import { UserError } from '../collector/errors.ts';
import { explainStoreError, openForReading, openForWriting } from '../store/file.ts';
import type { Store } from '../store/file.ts';
import { blindSpots } from '../store/query.ts';
import { tables } from '../tables/index.ts';
import type { Arguments, OptionSpec } from './command.ts';
import { printNote } from './render.ts';

export const dbOption: OptionSpec = { type: 'string', value: 'FILE', description: 'The database.' };

export const dbPath = (given: Arguments): string => {
  const path = given.text('db');
  if (path === null || path === '')
    throw new UserError('--db FILE is missing', 'name the database to work on', 2);
  return path;
};

const noted = (store: Store): Store => {
  for (const note of store.notes) printNote(note);
  return store;
};

export const writableStore = (given: Arguments): Store => noted(openForWriting(dbPath(given), tables));
export const readableStore = (given: Arguments): Store => noted(openForReading(dbPath(given), tables));

/** Runs work on a store and closes it, whatever happens; what SQLite says comes out in plain words. */
export const using = async <T>(store: Store, work: (store: Store) => T | Promise<T>): Promise<T> => {
  try {
    return await work(store);
  } catch (error) {
    throw explainStoreError(error, store.path);
  } finally {
    store.close();
  }
};

/** Says on stderr what was not looked at in which share of the hosts; returns whether all was. */
export const noteStoreBlindSpots = (store: Store, touched: ReadonlySet<string>): boolean => {
  const { spots, hosts } = blindSpots(store, touched);
  for (const { table, status, reason, hosts: affected } of spots) {
    const on = hosts > 1 ? `on ${affected} of ${hosts} hosts, ` : '';
    printNote(`${on}${table} is ${status}: ${reason ?? 'see table_status for the reasons'}`);
  }
  return spots.length === 0;
};
