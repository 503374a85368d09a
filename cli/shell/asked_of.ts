/** What a shell is asked about: what statements may name there, and which host somebody means. */
import type { Db } from '../../store/database.ts';
import { openMemory } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments } from '../command.ts';
import { collectionOf, hostNamesOf } from '../collected.ts';
import { readHostNames } from '../host_names.ts';
import type { HostNames } from '../host_names.ts';
import type { Looks } from '../looks.ts';
import type { Catalog, HostsKnown } from './frames.ts';

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

const hostsKnown = (hosts: readonly HostNames[]): HostsKnown => {
  const known = (of: (host: HostNames) => string | null): readonly string[] =>
    [...new Set(hosts.map(of).filter((text) => text !== null))].toSorted().slice(0, mostHosts);
  return {
    hosts: known(({ hostId }) => hostId),
    hostNames: known((host) => host.hostname ?? host.computerName),
  };
};

/** The hosts that were looked at. */
export const hostsIn = ({ collections }: Looks): HostsKnown => hostsKnown(collections.map(hostNamesOf));

/** The names of what a statement makes for itself where it asks for it. */
const madeViews = async (db: Db, isStored: boolean): Promise<readonly string[]> => {
  const { madeViewNames, withMadeViews } = await import(/* webpackMode: "eager" */ '../made_views.ts');
  const all = await madeViewNames();
  return (await withMadeViews(db, all.join(' '), { tables: [], columns: [] }, { now: 0, isStored })).tables;
};

const ofStore = (path: string): Promise<Omit<Catalog, 'queries'>> =>
  withStore(path, async (store) => {
    const { visibleNames } = await import(/* webpackMode: "eager" */ '../../store/guard.ts');
    const names = new Set([...visibleNames(store).tables, ...(await madeViews(store.db, true))]);
    return { tables: columnsOf(store.db, [...names].toSorted()), ...hostsKnown(readHostNames(store.db)) };
  });

const ofCollected = async (looks: Looks): Promise<Omit<Catalog, 'queries'>> => {
  const db = openMemory(tables);
  try {
    const names = [...tables.map(({ name }) => name), ...(await madeViews(db, false))];
    return { tables: columnsOf(db, names.toSorted()), ...hostsIn(looks) };
  } finally {
    db.close();
  }
};

export const catalogOf = async (given: Arguments, looks: Looks): Promise<Catalog> => {
  const { queries } = await import(/* webpackMode: "eager" */ '../../queries/index.ts');
  const path = given.text('db');
  const known = await (path === null ? ofCollected(looks) : ofStore(path));
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
  const hosts = tables.filter((table) => table.name === 'hosts');
  return collectionOf(await collectFrom(given, hosts), name).hostId ?? name;
};
