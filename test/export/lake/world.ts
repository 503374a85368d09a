/** Stores that are published, and lakes that are read back by an engine that others wrote. */
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ExecutionContext } from 'ava';
import { folderPlace } from '../../../export/lake/folder.ts';
import type { Place } from '../../../export/lake/place.ts';
import { publish } from '../../../export/lake/publish.ts';
import type { Publication, Published } from '../../../export/lake/publish.ts';
import { lakeViews } from '../../../export/lake/views.ts';
import type { Table } from '../../../collector/table.ts';
import { judgePending } from '../../../queries/judging.ts';
import { openForReading, openForWriting } from '../../../store/file.ts';
import { snapshotOf } from '../../../store/snapshot.ts';
import { tables } from '../../../tables/index.ts';
import { collectionOf } from '../../queries/constructed.ts';
import type { Host } from '../../queries/constructed.ts';
import { temporaryFolder } from '../../standin.ts';
import { dayLater, sampleSnapshots, storeAt } from '../world.ts';

/** The clock of a publication, far after that of any file that a test writes. */
export const publishedTime = Math.floor(Date.now() / 1000);

/** Some tables: enough for what does not depend on how many there are. */
export const fewTables: readonly Table[] = tables.filter(({ name }) =>
  ['users', 'secure_tokens', 'groups', 'table_status', 'collection_errors'].includes(name),
);

export const publishTo = (
  place: Place,
  store: string,
  options: Partial<Publication> = {},
  published: readonly Table[] = fewTables,
): Promise<Published> => {
  const opened = openForReading(store, tables);
  opened.db.exec('BEGIN');
  return publish(opened, published, place, {
    ...{ shard: 'main', keep: 3600, now: publishedTime, toolVersion: '9.9.9' },
    ...options,
  }).finally(() => opened.close());
};

export const publishAt = (
  folder: string,
  store: string,
  options: Partial<Publication> = {},
  published: readonly Table[] = fewTables,
): Promise<Published> => publishTo(folderPlace(folder), store, options, published);

/** The sample hosts over two nights, with what was found. */
export const judgedStore = async (t: ExecutionContext): Promise<string> => {
  const first = await sampleSnapshots();
  const path = storeAt(join(temporaryFolder(t), 'fleet.db'), first);
  storeAt(path, first.slice(0, 2).map(dayLater), 1_790_200_000);
  const store = openForWriting(path, tables);
  judgePending(store, new Map());
  store.close();
  return path;
};

/** A store of constructed hosts. */
export const storeOfHosts = (path: string, hosts: readonly Host[]): string =>
  storeAt(
    path,
    hosts.map((host) => snapshotOf(tables, collectionOf(host), '0.1.0')),
    2_000_000_000,
  );

/** Every file of a folder with what tells it from another: nothing is written where these are the same. */
export const filesOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !lstatSync(join(folder, name)).isDirectory())
      .toSorted()
      .map((name) => {
        const { ino, mtimeMs, size } = lstatSync(join(folder, name));
        return [name, `${ino} ${mtimeMs} ${size}`];
      }),
  );

/** The bytes of every file. */
export const bytesOf = (folder: string): ReadonlyMap<string, string> =>
  new Map([...filesOf(folder).keys()].map((name) => [name, readFileSync(join(folder, name), 'latin1')]));

export interface Reader {
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

export const connect = async (): Promise<Reader & { readonly connection: DuckDBConnection }> => {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MB' });
  const connection = await instance.connect();
  return {
    connection,
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJS().map((row) => row.map(plain)),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
};

/** DuckDB with the views that the recipe makes. */
export const readLakeBy = async (place: Place): Promise<Reader> => {
  const reader = await connect();
  await reader.connection.run(await lakeViews(place, 'duckdb'));
  return reader;
};

export const sorted = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).toSorted();
