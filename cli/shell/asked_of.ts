/** What a shell is asked about: what statements may name there, and which host somebody means. */
import type { Db } from '../../store/database.ts';
import { openMemory } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments } from '../command.ts';
import type { Looks } from '../looks.ts';
import type { Catalog } from './frames.ts';

/** So many hosts are offered where one is to be named. */
const mostHosts = 1000;

const columnsOf = (db: Db, names: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck();
  return new Map(names.map((name) => [name, columns.all(name) as string[]]));
};

/** Opens the database that is asked, without the notes that come with each statement. */
const withStore = async <T>(path: string, work: (store: Store) => T | Promise<T>): Promise<T> => {
  const { openForReading } = await import(/* webpackMode: "eager" */ '../../store/file.ts');
  const { using } = await import(/* webpackMode: "eager" */ '../database.ts');
  return await using(openForReading(path, tables), work);
};

const ofStore = (path: string): Promise<Omit<Catalog, 'queries'>> =>
  withStore(path, async (store) => {
    const { visibleNames } = await import(/* webpackMode: "eager" */ '../../store/guard.ts');
    const hosts = store.db
      .prepare('SELECT host_id FROM main._host ORDER BY host_id LIMIT ?')
      .pluck()
      .all(mostHosts) as string[];
    return { tables: columnsOf(store.db, visibleNames(store).tables.toSorted()), hosts };
  });

const ofCollected = ({ hosts }: Looks): Omit<Catalog, 'queries'> => {
  const db = openMemory(tables);
  try {
    const names = db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') UNION SELECT name FROM sqlite_temp_schema WHERE type = 'view' ORDER BY 1",
      )
      .pluck()
      .all() as string[];
    return { tables: columnsOf(db, names), hosts };
  } finally {
    db.close();
  }
};

export const catalogOf = async (given: Arguments, looks: Looks): Promise<Catalog> => {
  const { queries } = await import(/* webpackMode: "eager" */ '../../queries/index.ts');
  const path = given.text('db');
  const known = path === null ? ofCollected(looks) : await ofStore(path);
  return { ...known, queries: queries.map(({ name }) => name).toSorted() };
};

/** The host_id of a host that somebody named; throws UserError where there is none. */
export const hostOf = async (given: Arguments, name: string): Promise<string> => {
  const path = given.text('db');
  if (path !== null) {
    const { hostNamed } = await import(/* webpackMode: "eager" */ '../database.ts');
    return await withStore(path, (store) => hostNamed(store, name));
  }
  const { collectFrom } = await import(/* webpackMode: "eager" */ '../sources.ts');
  const { collectionOf } = await import(/* webpackMode: "eager" */ '../collected.ts');
  const hosts = tables.filter((table) => table.name === 'hosts');
  return collectionOf(await collectFrom(given, hosts), name).hostId ?? name;
};
