/** osquery packs, asked as the queries of the library are. */
import { UserError } from '../collector/errors.ts';
import { withClosed } from '../queries/closed.ts';
import { aheadSpotsOf, evaluate, verdictOf } from '../queries/evaluate.ts';
import type { Answer, BlindSpot, Hit } from '../queries/evaluate.ts';
import { nothingCited } from '../queries/catalogues.ts';
import { bare } from '../queries/known.ts';
import { addOsqueryViews } from '../queries/osquery_views.ts';
import type { Pack, PackQuery } from '../queries/osquery_pack.ts';
import type { Query } from '../queries/query.ts';
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { prepareGuarded, touchedTables } from '../store/guard.ts';
import { openMemory, ownTable } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import { names } from './names.ts';

interface PreparedPack {
  readonly queries: readonly Query[];
  /** Queries of a pack, with its discovery statements. */
  readonly discoveryOf: ReadonlyMap<Query, readonly string[]>;
  readonly skipped: readonly string[];
}

/** The tables that a statement touches; a text says why it cannot be asked. */
const touchedBy = (db: Db, sql: string): readonly string[] | string => {
  try {
    addOsqueryViews(db, sql);
    prepareGuarded(db, sql, names);
    return [...touchedTables(db, sql)].toSorted();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
};

/** A query of a pack in the form of those of the library. */
const queryOf = (
  { name, sql, description }: PackQuery,
  touched: readonly string[],
  alsoReads: readonly string[],
  file: string,
): Query => ({
  name,
  formerly: [],
  title: description || name,
  group: 'pack',
  version: null,
  modified: null,
  status: null,
  severity: 'info',
  severityWhere: [],
  severityFrom: null,
  explainedBy: [],
  purpose: description,
  requires: touched.map(bare),
  closed: [],
  alsoReads,
  applies: null,
  appliesReads: [],
  remediation: '',
  cited: nothingCited,
  references: '',
  falsePositives: '',
  needsHistory: false,
  isOfFleet: false,
  leastHosts: 0,
  maxAge: 0,
  notSeenAfter: 0,
  sql,
  file,
});

/**
 * The queries of osquery packs, as those of the library are; one that these tables
 * cannot answer is named, with the reason.
 */
export const queriesOfPacks = (packs: readonly Pack[], file: string): PreparedPack => {
  const db = openMemory(tables);
  const skipped: string[] = [];
  const discoveryOf = new Map<Query, readonly string[]>();
  for (const { name: packName, discovery, queries } of packs) {
    const found = discovery.map((sql) => touchedBy(db, sql));
    const broken = found.find((touched) => typeof touched === 'string');
    if (broken !== undefined) {
      skipped.push(`pack ${packName}: its discovery cannot be asked, ${broken}`);
      continue;
    }
    for (const query of queries) {
      const touched = touchedBy(db, query.sql);
      if (typeof touched === 'string') skipped.push(`${query.name}: ${touched}`);
      else {
        const asked = queryOf(query, touched, found.flat(), file);
        discoveryOf.set(withClosed(asked, tables, db), discovery);
      }
    }
  }
  db.close();
  return { queries: [...discoveryOf.keys()], discoveryOf, skipped };
};

// What a row of a pack is about, by the columns that tables of osquery name things with.
const subjectColumns = ['subject', 'username', 'uuid', 'path', 'name', 'identifier'];

const hitOf = (hostId: string, row: Readonly<Record<string, string | number | null>>): Hit => {
  const about = subjectColumns.find((column) => row[column] != null);
  return { hostId, subject: about === undefined ? null : String(row[about]), facts: row };
};

/** The rows of one host in a database of its own, in which the statements are prepared. */
const databaseOf = (db: Db, touched: readonly string[], sql: readonly string[], host: string): Db => {
  // A store may hold words of a newer version.
  const own = openMemory(tables, ownTable);
  for (const name of touched) {
    const columns = (own.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[]).map(
      quoteName,
    );
    const insert = own.prepare(
      `INSERT INTO ${quoteName(name)} VALUES (${columns.map(() => '?').join(', ')})`,
    );
    const rows = db
      .prepare(`SELECT ${columns.join(', ')} FROM ${quoteName(name)} WHERE host_id = ?`)
      .raw(true)
      .all(host) as unknown[][];
    for (const row of rows) insert.run(row);
  }
  addOsqueryViews(own, sql.join('\n'));
  own.pragma('query_only = ON');
  return own;
};

/** One host, asked alone: what its answers are, and where it cannot answer. */
class AskedHost {
  readonly #db: Db;
  readonly #host: string;
  readonly #now: number;
  /** By the discovery statements, which the queries of a pack share. */
  readonly #active = new Map<readonly string[], boolean>();

  constructor(db: Db, host: string, now: number) {
    this.#db = db;
    this.#host = host;
    this.#now = now;
  }

  #rows(sql: string): Record<string, string | number | null>[] {
    const statement = prepareGuarded(this.#db, sql, names).safeIntegers(false);
    return statement.all({ now: this.#now }) as Record<string, string | number | null>[];
  }

  /** Whether all statements of a discovery find something. */
  isActive(discovery: readonly string[]): boolean {
    const known = this.#active.get(discovery);
    if (known !== undefined) return known;
    const isActive = discovery.every((sql) => this.#rows(sql).length > 0);
    this.#active.set(discovery, isActive);
    return isActive;
  }

  hits({ sql }: Query): readonly Hit[] {
    return this.#rows(sql).map((row) => hitOf(this.#host, row));
  }

  blindSpots(query: Query, isActive: boolean): readonly BlindSpot[] {
    // Where the discovery found nothing, it must have been able to.
    const requires = isActive ? query.requires : query.alsoReads.map(bare);
    const [answer] = evaluate(this.#db, [{ ...query, requires, sql: 'SELECT NULL AS host_id WHERE 1 = 0' }], {
      now: this.#now,
      names,
      tables,
    });
    return answer?.blindSpots.get(this.#host) ?? [];
  }

  close(): void {
    this.#db.close();
  }
}

const answerOf = (
  query: Query,
  hosts: readonly string[],
  hits: readonly Hit[],
  blindSpots: ReadonlyMap<string, readonly BlindSpot[]>,
): Answer => {
  const withHit = new Set(hits.map(({ hostId }) => hostId));
  const verdicts = hosts.map((host) => [host, verdictOf(withHit.has(host), blindSpots.get(host))] as const);
  return { query, hits, blindSpots, verdicts: new Map(verdicts), lowered: new Map() };
};

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
  const read = queries.flatMap(({ requires, alsoReads }) => [
    ...requires.map(({ table }) => table),
    ...alsoReads,
  ]);
  const touched = [...new Set([...read, 'hosts', 'table_status'])];
  const found = queries.map((query) => ({
    query,
    hits: [] as Hit[],
    spots: new Map<string, readonly BlindSpot[]>(),
  }));
  const statements = [...queries.map(({ sql }) => sql), ...[...discoveryOf.values()].flat()];
  for (const host of hosts) {
    const asked = new AskedHost(databaseOf(db, touched, statements, host), host, now);
    const newest = ahead.get(host);
    for (const { query, hits, spots } of found) {
      const isActive = asked.isActive(discoveryOf.get(query) ?? noDiscovery);
      if (isActive) hits.push(...asked.hits(query));
      const own = [...asked.blindSpots(query, isActive), ...(newest === undefined ? [] : [newest])];
      if (own.length > 0) spots.set(host, own);
    }
    asked.close();
  }
  return found.map(({ query, hits, spots }) => answerOf(query, hosts, hits, spots));
};

const noDiscovery: readonly string[] = [];
