/** What `query` runs a statement against: what was collected for it, or a database of snapshots. */
import { isUuid } from '../collector/uuid.ts';
import type { Names } from '../queries/evaluate.ts';
import { mistakesIn, putsHostsTogether } from '../queries/mistakes.ts';
import type { Asked } from '../queries/mistakes.ts';
import type { Query } from '../queries/query.ts';
import { touchedNames } from '../store/blind_spots.ts';
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { viewEachHost } from '../store/each_host.ts';
import { explainStoreError } from '../store/file.ts';
import { hasLiteral, prepareGuarded, touchedTables, unguarded, visibleNames } from '../store/guard.ts';
import { openMemory } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { tables } from '../tables/index.ts';
import {
  collectedWorld,
  collectionOf,
  loadCollections,
  newestOfEachHost,
  noteBlindSpots,
} from './collected.ts';
import type { Arguments } from './command.ts';
import { hostNamed, noteStoreBlindSpots, readableStore } from './database.ts';
import { mayNameViews, withMadeViews } from './made_views.ts';
import { tellMistakes } from './mistakes.ts';
import { names } from './names.ts';
import { printNote } from './output.ts';
import { collectFrom, tablesToCollect } from './sources.ts';
import { storedWorld } from './world.ts';
import type { World } from './world.ts';

/** A host that can be asked apart: its rows are the only ones after `show`, which says what `:now` then stands for. */
export interface Host {
  readonly id: string | null;
  show(): number;
}

/** What a statement is run against, and what it does not see. */
export interface AskedWorld extends World {
  readonly names: Names;
  readonly isComplete: boolean;
  /** Makes that each host can be asked apart, of what names mean by then. */
  readonly hosts: () => readonly Host[];
}

export interface Question {
  readonly sql: string;
  readonly query: Query | null;
}

/** Tells of literals that cannot match: an error, but for a file, which may be somebody else’s. */
const tellLiterals = (given: Arguments, { sql, query }: Question, asked: Asked): void => {
  // The library is tested.
  if (query !== null || !hasLiteral(sql)) return;
  const isError = given.text('f') === null || given.flag('strict');
  tellMistakes(mistakesIn(asked, sql), { isError });
};

/** Says of a statement on several hosts that it puts them together. */
const noteMixed = (given: Arguments, { sql, query }: Question, asked: Asked, hosts: number): void => {
  if (query !== null || hosts < 2 || given.flag('each-host')) return;
  if (!putsHostsTogether(asked, sql)) return;
  printNote(
    `rows of ${hosts} hosts are put together, for the statement does not compare their host_id; ` +
      '--each-host asks each host apart',
  );
};

interface Memory {
  readonly db: Db;
  readonly known: Names;
}

/** A database with all tables, in which the statement can be prepared. */
const memoryOfAll = async (sql: string): Promise<Memory> => {
  const db = openMemory(tables);
  const known = await withMadeViews(db, sql, names, { now: 0, isStored: false });
  prepareGuarded(db, sql, known);
  return { db, known };
};

/** What reads more tables than it names, or sees where they lie: a view, the schema, and what SQLite tells of a statement. */
const seesAll = (sql: string): boolean => mayNameViews.test(sql) || /sqlite_|pragma_|explain/i.test(sql);

/**
 * A database in which the statement can be prepared: of those that it names, for to make all takes longer than to answer. Whatever
 * is wrong with it is told by one who has all.
 */
const memoryFor = async (sql: string): Promise<Memory> => {
  if (seesAll(sql)) return await memoryOfAll(sql);
  const text = sql.toLowerCase();
  const db = openMemory(tables.filter(({ name }) => text.includes(name)));
  try {
    prepareGuarded(db, sql, names);
    return { db, known: names };
  } catch {
    db.close();
    return await memoryOfAll(sql);
  }
};

export const worldOfSources = async (given: Arguments, question: Question): Promise<AskedWorld> => {
  const { sql, query } = question;
  // What a query of the library finds depends on table_status, too.
  const { db, known } = await (query === null ? memoryFor : memoryOfAll)(sql);
  const asked = { db, tables, names: known };
  // Of a query of the library it matters what is certain.
  const touched = new Set([...touchedTables(db, sql), ...(query === null ? [] : ['table_status'])]);
  if (touched.size > 0) tellLiterals(given, question, asked);
  const isEach = given.flag('each-host');
  if (touched.size === 0 && !isEach) {
    const close = (): void => void db.close();
    return { db, names: known, now: 0, store: null, isComplete: true, hosts: () => [], close };
  }
  const needed = new Set(touched);
  // It asks table_status only of the tables that it names, where that is not what it is about.
  if (query !== null && !query.requires.some(({ table }) => table === 'table_status'))
    needed.delete('table_status');
  const only = given.text('host');
  // It may be a name, which is told there.
  if (only !== null && !isUuid(only)) needed.add('hosts');
  const wanted = tablesToCollect(needed);
  const all = newestOfEachHost(await collectFrom(given, wanted), 'asked');
  const collections = only === null ? all : [collectionOf(all, only)];
  const loaded = tables.filter(({ name }) => touched.has(name));
  noteMixed(given, question, asked, collections.length);
  // Each host in its turn.
  const world = collectedWorld(collections, db, isEach ? [] : loaded);
  await withMadeViews(db, sql, known, { now: world.now, isStored: false });
  const hosts = collections.map((collection): Host => ({
    id: collection.hostId,
    show: () => {
      db.pragma('query_only = OFF');
      for (const { name } of loaded) db.exec(`DELETE FROM ${quoteName(name)}`);
      loadCollections(db, loaded, [collection]);
      db.pragma('query_only = ON');
      return collection.backend.capturedTime;
    },
  }));
  const isComplete = noteBlindSpots(collections, touched);
  return { ...world, names: known, isComplete, hosts: () => hosts };
};

/** A database, or of a lake as much as a question of the library needs. */
const storeOf = async (given: Arguments, { query }: Question): Promise<Store> => {
  if (query === null || given.text('lake') === null) return readableStore(given);
  const { tablesOfQueries } = await import(/* webpackMode: "eager" */ './findings.ts');
  const { lakeStore } = await import(/* webpackMode: "eager" */ './lake_store.ts');
  return await lakeStore(given, tablesOfQueries([query]));
};

export const worldOfStore = async (given: Arguments, question: Question): Promise<AskedWorld> => {
  const { sql } = question;
  const store = await storeOf(given, question);
  try {
    const world = await storedWorld(given, store);
    const { db, now, asOf } = world;
    const known = await withMadeViews(db, sql, visibleNames(store), { now, isStored: true });
    prepareGuarded(db, sql, known);
    const asked = { db, tables: store.tables, names: known };
    tellLiterals(given, question, asked);
    const named = given.text('host');
    const only = named === null ? null : hostNamed(store, named);
    const isComplete = noteStoreBlindSpots(store, touchedNames(store, sql, asOf), asOf, only);
    const ids = only === null ? hostIds(db) : [only];
    noteMixed(given, question, asked, ids.length);
    const hosts = (): readonly Host[] => storedHosts(store, viewEachHost(store, sql), ids, now);
    return { ...world, names: known, isComplete, hosts };
  } catch (error) {
    store.close();
    throw explainStoreError(error, store.path);
  }
};

const hostIds = (db: Db): readonly string[] =>
  db.prepare('SELECT host_id FROM main._host ORDER BY host_id').pluck().all() as string[];

const storedHosts = (
  store: Store,
  choose: (hostId: string) => void,
  ids: readonly string[],
  now: number,
): readonly Host[] =>
  ids.map((id) => ({
    id,
    show: () => {
      unguarded(store.db, () => choose(id));
      return now;
    },
  }));
