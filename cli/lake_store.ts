/** From --lake to a store in memory, for what judges hosts: it needs no DuckDB. */
import type { Table } from '../collector/table.ts';
import { changes, openLakeStore } from '../export/lake/store.ts';
import type { Store } from '../store/store.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { noteClocks } from './database.ts';
import { readingLake } from './lake_place.ts';
import { Progress } from './progress.ts';

const all: readonly string[] = [...tables.map(({ name }) => name), changes];

/** @param wanted The tables of which the rows are needed; null for all, and what changed. */
export const lakeStore = async (given: Arguments, wanted: readonly Table[] | null): Promise<Store> => {
  const progress = new Progress('reading table');
  try {
    const store = await readingLake(given, (lake) =>
      openLakeStore(lake, {
        ...{ tables, wanted: new Set(wanted?.map(({ name }) => name) ?? all) },
        progress: (done, of) => progress.at(done, of),
      }),
    );
    return noteClocks(store);
  } finally {
    progress.end();
  }
};
