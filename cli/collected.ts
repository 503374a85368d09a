/** What was collected: one collection for each host, a database in memory that holds it, and what it does not tell. */
import type { Collection } from '../collector/collection.ts';
import { isSeen } from '../collector/status.ts';
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { loadRows, openMemory } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import { hostAmong } from './host_names.ts';
import type { HostNames } from './host_names.ts';
import { printNote } from './output.ts';
import type { World } from './world.ts';

/**
 * One collection for each host: of several of the same the newest stays. What does not say which Mac it is of is another
 * host than all others.
 *
 * @param use What the newest is, in the note.
 */
export const newestOfEachHost = (
  collections: readonly Collection[],
  use: 'asked' | 'judged',
): readonly Collection[] => {
  const counts = new Map<string, number>();
  const newest = new Map<string | Collection, Collection>();
  for (const collection of collections) {
    const key = collection.hostId ?? collection;
    const before = newest.get(key);
    if (typeof key === 'string') counts.set(key, (counts.get(key) ?? 0) + 1);
    if (before === undefined || before.backend.capturedTime < collection.backend.capturedTime)
      newest.set(key, collection);
  }
  for (const [hostId, count] of counts) {
    if (count === 1) continue;
    const [many, which] = count === 2 ? ['two', 'newer'] : [String(count), 'newest'];
    printNote(
      `${many} sources are of the host ${hostId}: the ${which} one is ${use} (snapshot --db FILE keeps all, and their history)`,
    );
  }
  return [...newest.values()];
};

/** How the Mac of a collection is called; a name is known where the table `hosts` was collected. */
export const hostNamesOf = ({ hostId, results }: Collection): HostNames => {
  const row = results.find(({ table }) => table.name === 'hosts')?.rows[0];
  const named = (column: string): string | null => {
    const value = row?.[column];
    return typeof value === 'string' ? value : null;
  };
  return { hostId, hostname: named('hostname'), computerName: named('computer_name') };
};

/** The one collection of a host that somebody named; throws UserError where there is none. */
export const collectionOf = (collections: readonly Collection[], name: string): Collection => {
  const all = 'SELECT host_id, hostname, computer_name FROM hosts lists them';
  const id = hostAmong(collections.map(hostNamesOf), name, all);
  const found = collections.find(({ hostId }) => hostId === id);
  if (found === undefined) throw new Error('a host that is known was collected');
  return found;
};

/** Rows of the tables that speak of the collection itself. */
const reportRows = (table: Table, collection: Collection): Readonly<Record<string, Value>>[] =>
  (table.report?.(collection) ?? []).map((row) => ({ ...row, host_id: collection.hostId }));

/** All rows of a table in a collection. */
export const rowsOf = (table: Table, collection: Collection): readonly Readonly<Record<string, Value>>[] =>
  table.report === undefined
    ? (collection.results.find((result) => result.table === table)?.rows ?? [])
    : reportRows(table, collection);

export const loadCollections = (
  db: Db,
  wanted: readonly Table[],
  collections: readonly Collection[],
): void => {
  for (const table of wanted) {
    const rows = collections.flatMap((collection) => rowsOf(table, collection));
    loadRows(db, table, rows);
  }
};

/** When the newest of the collections was made: the `:now` of what is asked, so that evidence always answers the same. */
const nowOf = (collections: readonly Collection[]): number =>
  Math.max(0, ...collections.map(({ backend }) => backend.capturedTime));

/** The tables of which collections have rows. */
const tablesIn = (collections: readonly Collection[]): readonly Table[] => {
  const collected = new Set(collections.flatMap(({ results }) => results.map(({ table }) => table.name)));
  return tables.filter(({ name, report }) => report !== undefined || collected.has(name));
};

/** Collections as a world that is in memory. */
export const collectedWorld = (
  collections: readonly Collection[],
  db: Db = openMemory(tables),
  loaded: readonly Table[] = tablesIn(collections),
): World => {
  loadCollections(db, loaded, collections);
  return { db, now: nowOf(collections), store: null, close: () => void db.close() };
};

/** Says on stderr which of the needed tables could not be collected; returns whether all could. */
export const noteBlindSpots = (collections: readonly Collection[], touched: ReadonlySet<string>): boolean => {
  const notes = new Map<string, number>();
  for (const { results } of collections) {
    for (const { table, status, reason } of results) {
      if (!touched.has(table.name) || isSeen(status)) continue;
      const note = `${table.name} is ${status}: ${reason ?? 'no reason is known'}`;
      notes.set(note, (notes.get(note) ?? 0) + 1);
    }
  }
  const many = collections.length > 1;
  for (const [note, hosts] of notes)
    printNote(many ? `on ${hosts} of ${collections.length} hosts, ${note}` : note);
  return notes.size === 0;
};
