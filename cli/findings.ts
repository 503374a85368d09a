/** The queries of the library, and the world in which they are judged. */
import type { Collection } from '../collector/collection.ts';
import { UserError } from '../collector/errors.ts';
import type { Table } from '../collector/table.ts';
import { facts } from '../queries/context.ts';
import type { Expectation } from '../queries/expectations.ts';
import type { Query } from '../queries/query.ts';
import { queries as library } from '../queries/index.ts';
import { evaluate } from '../queries/evaluate.ts';
import type { Answer } from '../queries/evaluate.ts';
import { unguarded } from '../store/guard.ts';
import { ShownHosts } from '../store/shown_hosts.ts';
import { tables } from '../tables/index.ts';
import { names } from './names.ts';
import { Progress } from './progress.ts';
import { collectedWorld, newestOfEachHost } from './collected.ts';
import { tablesToCollect } from './sources.ts';
import { suggest } from './suggest.ts';
import type { World } from './world.ts';

/** The tables to collect for queries; one that asks how the collection went needs them all. */
export const tablesOfQueries = (queries: readonly Query[]): readonly Table[] => {
  const needed = new Set(['hosts']);
  for (const { requires, alsoReads, severityWhere } of queries) {
    for (const { table } of requires) needed.add(table);
    for (const { when } of severityWhere)
      for (const fact of when) for (const table of facts[fact].tables) needed.add(table);
    // A query that reads table_status only to prove an absence is content with the tables that it names.
    for (const table of alsoReads) if (table !== 'table_status') needed.add(table);
  }
  return tablesToCollect(needed);
};

/**
 * One collection for each host, each with an id: without one, nothing could be joined and everything would
 * look clean. Of two of the same host the newer stays.
 */
const identified = (collections: readonly Collection[]): readonly Collection[] => {
  let unnamed = 0;
  const named = collections.map((collection): Collection => {
    if (collection.hostId !== null) return collection;
    unnamed += 1;
    const hostId = `unidentified-${unnamed}`;
    const results = collection.results.map((result) => ({
      ...result,
      rows: result.rows.map((row) => ({ ...row, host_id: hostId })),
    }));
    return { ...collection, hostId, results };
  });
  return newestOfEachHost(named, 'judged');
};

/** The world in which collections are judged: every host has an id, and is there once. */
export const judgedWorld = (collections: readonly Collection[]): World =>
  collectedWorld(identified(collections));

/** Evaluates queries in a world. Of collections, detection queries stay unknown: they need a database. */
export const evaluateIn = (
  { db, now }: Pick<World, 'db' | 'now'>,
  queries: readonly Query[] = library,
  expect: Expectation = 'auto',
): readonly Answer[] => {
  const progress = new Progress('asking question');
  try {
    return evaluate(db, queries, { now, names, tables, expect, progress: progress.at });
  } finally {
    progress.end();
  }
};

/** Names that the library had, and what became of them. */
const former: Readonly<Record<string, string>> = {
  collection_blind_spots:
    'what was not seen is no finding any more: findings has a section for it, table_status has the tables, and host_not_seen and table_not_seen tell what was not seen for a week',
};

/**
 * The same for one host of a store, in the time that one host takes. What compares hosts is asked of all of them, so that
 * what is told of a host does not depend on how it was asked.
 */
export const evaluateOneIn = (
  world: Pick<World, 'db' | 'now'>,
  queries: readonly Query[],
  hostId: string,
  expect: Expectation,
): readonly Answer[] => {
  const { db, now } = world;
  const compares = ({ isOfFleet, leastHosts }: Query): boolean => isOfFleet || leastHosts > 0;
  const own = queries.filter((query) => !compares(query));
  const one = unguarded(db, () => {
    const host = new ShownHosts(db, tables);
    host.show(new Map([[hostId, null]]));
    return host;
  });
  const answers = evaluate(db, own, { now, names, tables, seeing: one, expect });
  unguarded(db, () => one.end());
  const comparing = queries.filter((query) => query.leastHosts > 0 && !query.isOfFleet);
  const others = comparing.length === 0 ? [] : evaluateIn(world, comparing, expect);
  const byQuery = new Map([...answers, ...others].map((answer) => [answer.query, answer]));
  return queries.flatMap((query) => byQuery.get(query) ?? []);
};

/** The queries of these names, or that had them, and of this group; UserError for a name or a group that is not there. */
export const selectQueries = (
  queries: readonly Query[],
  wanted: readonly string[],
  group: string | null,
): readonly Query[] => {
  const known = queries.flatMap(({ name, formerly }) => [name, ...formerly]);
  // The library is long, and has a list of its own.
  const list =
    queries === library ? 'tokenquery queries lists them all' : `the names are ${known.join(', ')}`;
  const unknown = wanted.find((name) => !known.includes(name));
  const became = queries === library ? former[unknown ?? ''] : undefined;
  if (became !== undefined)
    throw new UserError(`${unknown} is no question of the library any more`, became, 2);
  if (unknown !== undefined)
    throw new UserError(`there is no question ${unknown}`, suggest(unknown, known, list), 2);
  const groups = [...new Set(queries.map((query) => query.group))];
  if (group !== null && !groups.includes(group)) {
    throw new UserError(`there is no group ${group}`, `the groups are ${groups.join(', ')}`, 2);
  }
  return queries.filter(
    (query) =>
      (wanted.length === 0 || [query.name, ...query.formerly].some((name) => wanted.includes(name))) &&
      (group === null || query.group === group),
  );
};
