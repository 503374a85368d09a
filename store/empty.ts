import type { Table } from '../collector/table.ts';
import { openDatabase } from './database.ts';
import type { Db } from './database.ts';
import { quoteName } from './ddl.ts';
import { storeTables, storeViews } from './schema.ts';

/** An empty store in memory: what statements on a store, also those that compare snapshots, can be checked on. */
export const openEmptyStore = (tables: readonly Table[]): Db => {
  const db = openDatabase(':memory:');
  for (const sql of storeTables(tables).values()) db.exec(sql);
  for (const [name, sql] of storeViews(tables, () => 0)) db.exec(`CREATE VIEW ${quoteName(name)} AS\n${sql}`);
  return db;
};
