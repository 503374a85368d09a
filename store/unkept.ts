/** A store in memory: what was collected is judged there as it would be in a file, and kept nowhere. */
import type { Table } from '../collector/table.ts';
import { openDatabase } from './database.ts';
import { layoutVersion, readTableNumbers } from './schema.ts';
import type { Store } from './store.ts';
import { bringUpToDate } from './upgrade.ts';

export const openUnkept = (tables: readonly Table[]): Store => {
  const db = openDatabase(':memory:');
  bringUpToDate(db, { tables, version: layoutVersion });
  return {
    ...{ db, path: 'memory', tables, tableIds: readTableNumbers(db) },
    ...{ difference: null, standIns: new Map(), notes: [] },
    close: () => void db.close(),
  };
};
