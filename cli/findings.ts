/** From backends, collections or a database to the answers of queries. */
import type { Collection } from '../collector/collection.ts';
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { allColumns } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { bare } from '../queries/known.ts';
import type { Query } from '../queries/query.ts';
import { queries as library } from '../queries/index.ts';
import { aheadSpotsOf, evaluate } from '../queries/evaluate.ts';
import type { Answer, BlindSpot, Hit, Names, Verdict } from '../queries/evaluate.ts';
import { withClosed } from '../queries/closed.ts';
import type { Pack } from '../queries/osquery_pack.ts';
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { prepareGuarded, touchedTables } from '../store/guard.ts';
import { openMemory, ownTable } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import { loadCollections, newestOfEachHost, tablesToCollect } from './sources.ts';

export const names: Names = {
  tables: tables.map(({ name }) => name),
  columns: [...new Set(tables.flatMap((table) => allColumns(table).map(([name]) => name)))],
};

/** The tables to collect for queries; one that asks how the collection went needs them all. */
export const tablesOfQueries = (queries: readonly Query[]): readonly Table[] => {
  const needed = new Set(['hosts']);
  for (const { requires, alsoReads } of queries) {
    for (const { table } of requires) needed.add(table);
    // A query that reads table_status only to prove an absence is content with the tables that it names.
    for (const table of alsoReads) if (table !== 'table_status') needed.add(table);
  }
  return tablesToCollect(needed);
};

/**
 * One collection for each host, each with an id: without one, nothing could be joined and everything would
 * look clean. Of two of the same host the newer stays.
 */
export const identified = (collections: readonly Collection[]): readonly Collection[] => {
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

/**
 * When the newest of the collections was made: the `:now` of its queries, so
 * that evidence always answers the same.
 */
export const nowOf = (collections: readonly Collection[]): number =>
  Math.max(0, ...collections.map(({ backend }) => backend.capturedTime));

/** The rows of collections in a database in memory. */
export const memoryOf = (collections: readonly Collection[]): Db => {
  const db = openMemory(tables);
  const collected = new Set(collections.flatMap(({ results }) => results.map(({ table }) => table.name)));
  loadCollections(
    db,
    tables.filter(({ name, report }) => report !== undefined || collected.has(name)),
    collections,
  );
  return db;
};

/**
 * Evaluates queries on collections that hold the tables which they read. Detection
 * queries stay unknown: they need a database.
 */
export const evaluateCollections = (
  collections: readonly Collection[],
  queries: readonly Query[] = library,
): readonly Answer[] => {
  const own = identified(collections);
  const db = memoryOf(own);
  try {
    db.pragma('query_only = ON');
    return evaluate(db, queries, { now: nowOf(own), names, tables });
  } finally {
    db.close();
  }
};

/** The queries of these names and of this group; UserError for a name or a group that is not there. */
export const selectQueries = (
  queries: readonly Query[],
  wanted: readonly string[],
  group: string | null,
): readonly Query[] => {
  const known = queries.map(({ name }) => name);
  // The library is long, and has a list of its own.
  const list =
    queries === library ? 'tokenquery queries lists them all' : `the names are ${known.join(', ')}`;
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new UserError(
      `there is no question ${name}`,
      near === null ? list : `did you mean ${near}? ${list}`,
      2,
    );
  }
  const groups = [...new Set(queries.map((query) => query.group))];
  if (group !== null && !groups.includes(group)) {
    throw new UserError(`there is no group ${group}`, `the groups are ${groups.join(', ')}`, 2);
  }
  return queries.filter(
    (query) =>
      (wanted.length === 0 || wanted.includes(query.name)) && (group === null || query.group === group),
  );
};

interface PreparedPack {
  readonly queries: readonly Query[];
  /** Queries of a pack, with its discovery statements. */
  readonly discoveryOf: ReadonlyMap<Query, readonly string[]>;
  readonly skipped: readonly string[];
}

/**
 * The queries of osquery packs, as those of the library are; one that these tables
 * cannot answer is named, with the reason.
 */
export const queriesOfPacks = (packs: readonly Pack[], file: string): PreparedPack => {
  const db = openMemory(tables);
  const skipped: string[] = [];
  const queries: Query[] = [];
  const discoveryOf = new Map<Query, readonly string[]>();
  const touched = (sql: string): readonly string[] | string => {
    try {
      prepareGuarded(db, sql, names);
      return [...touchedTables(db, sql)].toSorted();
    } catch (error) {
      if (error instanceof UserError) return error.message;
      throw error;
    }
  };
  for (const pack of packs) {
    const broken = pack.discovery.map(touched).find((found) => typeof found === 'string');
    if (broken !== undefined) {
      skipped.push(`pack ${pack.name}: its discovery cannot be asked, ${String(broken)}`);
      continue;
    }
    for (const { name, sql, description } of pack.queries) {
      const found = touched(sql);
      if (typeof found === 'string') {
        skipped.push(`${name}: ${found}`);
        continue;
      }
      const query: Query = {
        name,
        title: description || name,
        group: 'pack',
        severity: 'info',
        purpose: description,
        requires: found.map(bare),
        closed: [],
        alsoReads: pack.discovery.flatMap((statement) => touched(statement) as readonly string[]),
        applies: null,
        appliesReads: [],
        remediation: '',
        references: '',
        falsePositives: '',
        needsHistory: false,
        isOfFleet: false,
        leastHosts: 0,
        maxAge: 0,
        sql,
        file,
      };
      const whole = withClosed(query, tables, db);
      queries.push(whole);
      discoveryOf.set(whole, pack.discovery);
    }
  }
  db.close();
  return { queries, discoveryOf, skipped };
};

// What a row of a pack is about, by the columns that tables of osquery name things with.
const subjectColumns = ['subject', 'username', 'uuid', 'path', 'name', 'identifier'];

/**
 * Evaluates the queries of packs. They know no host_id, as each Mac of osquery asks only itself: so each
 * host is put into a database of its own.
 */
export const evaluatePacks = (
  db: Db,
  { queries, discoveryOf }: PreparedPack,
  now: number,
): readonly Answer[] => {
  const ahead = aheadSpotsOf(db);
  const told = db
    .prepare('SELECT host_id FROM hosts UNION SELECT host_id FROM table_status')
    .pluck()
    .all() as string[];
  const hosts = [...new Set([...told, ...ahead.keys()])].sort();
  const touched = [
    ...new Set([
      ...queries.flatMap(({ requires, alsoReads }) => [...requires.map(({ table }) => table), ...alsoReads]),
      'hosts',
      'table_status',
    ]),
  ];
  const hits = new Map(queries.map((query) => [query, [] as Hit[]]));
  const spots = new Map(queries.map((query) => [query, new Map<string, readonly BlindSpot[]>()]));
  for (const host of hosts) {
    // A store may hold words of a newer version.
    const own = openMemory(tables, ownTable);
    for (const name of touched) {
      const columns = (
        own.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[]
      ).map(quoteName);
      const insert = own.prepare(
        `INSERT INTO ${quoteName(name)} VALUES (${columns.map(() => '?').join(', ')})`,
      );
      const rows = db
        .prepare(`SELECT ${columns.join(', ')} FROM ${quoteName(name)} WHERE host_id = ?`)
        .raw(true)
        .all(host) as unknown[][];
      for (const row of rows) insert.run(row);
    }
    own.pragma('query_only = ON');
    const answers = (sql: string): unknown[] =>
      prepareGuarded(own, sql, names).safeIntegers(false).all({ now });
    const active = new Map<readonly string[], boolean>();
    for (const query of queries) {
      const discovery = discoveryOf.get(query) ?? [];
      if (!active.has(discovery))
        active.set(
          discovery,
          discovery.every((sql) => answers(sql).length > 0),
        );
      const isActive = active.get(discovery) === true;
      for (const row of (isActive ? answers(query.sql) : []) as Record<string, string | number | null>[]) {
        const about = subjectColumns.find((column) => row[column] != null);
        hits
          .get(query)
          ?.push({ hostId: host, subject: about === undefined ? null : String(row[about]), facts: row });
      }
      // Where the discovery found nothing, it must have been able to.
      const requires = isActive ? query.requires : query.alsoReads.map(bare);
      const [answer] = evaluate(own, [{ ...query, requires, sql: 'SELECT NULL AS host_id WHERE 1 = 0' }], {
        now,
        names,
        tables,
      });
      const newest = ahead.get(host);
      const found = [...(answer?.blindSpots.get(host) ?? []), ...(newest === undefined ? [] : [newest])];
      if (found.length > 0) spots.get(query)?.set(host, found);
    }
    own.close();
  }
  return queries.map((query): Answer => {
    const hit = hits.get(query) ?? [];
    const blindSpots = spots.get(query) ?? new Map<string, readonly BlindSpot[]>();
    const withHit = new Set(hit.map(({ hostId }) => hostId));
    const verdicts = new Map(
      hosts.map((host): [string, Verdict] => [
        host,
        withHit.has(host) ? 'hit' : blindSpots.has(host) ? 'unknown' : 'clean',
      ]),
    );
    return { query, hits: hit, blindSpots, verdicts };
  });
};
