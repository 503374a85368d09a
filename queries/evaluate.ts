/**
 * What came of a query on each host: hit, clean or unknown, and never two of them.
 *
 * A hit rests on proven facts only; that is the duty of the SQL. Clean means that everything was known that
 * could have made a hit; that is decided here, from what the query requires, in SQL that runs on every
 * engine too. What else is there is unknown. A hit on a host with blind spots stays a hit, with the blind
 * spots beside it.
 */
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { prepareGuarded } from '../store/guard.ts';
import { asSeen, asSeenInParts } from '../store/seen.ts';
import type { Part } from '../store/seen.ts';
import { everyHost, exemptStatement, sizeStatements, spotStatements } from './blind_spots.ts';
import type { SpotStatement, Why } from './blind_spots.ts';
import type { Query } from './query.ts';
import { spotReader } from './spot_reader.ts';
import type { AnyRow, Ask } from './spot_reader.ts';

/** Who says why something is not known: table_status of the table, the question itself, or nobody. */
type Because =
  | { readonly by: 'table_status'; readonly status: string; readonly told: string | null }
  | { readonly by: 'question' | 'nobody' };

export interface BlindSpot {
  readonly table: string;
  readonly column: string | null;
  /** In words, which need not speak of the column alone. */
  readonly reason: string;
  readonly because: Because;
}

/** As outputs show it. */
export const fieldsOfSpot = ({ table, column, reason }: BlindSpot): object => ({ table, column, reason });

export interface Hit {
  /** Null for a report on the fleet. */
  readonly hostId: string | null;
  readonly subject: string | null;
  /** The other columns of the row: what the hit rests on. */
  readonly facts: Readonly<Record<string, Value>>;
}

export type Verdict = 'hit' | 'clean' | 'unknown';

export interface Answer {
  readonly query: Query;
  readonly hits: readonly Hit[];
  /** Hosts with blind spots; those with a hit are among them. */
  readonly blindSpots: ReadonlyMap<string, readonly BlindSpot[]>;
  /** Each host exactly once. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** What error messages about SQL may suggest. */
export interface Names {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

export interface EvaluateOptions {
  /** Unix seconds: the `:now` of the queries. */
  readonly now: number;
  readonly names: Names;
  /** What is declared of the tables in the database. */
  readonly tables: readonly Table[];
}

const hasHistory = (db: Db): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'users_history'").get() !== undefined;

const noHistory: BlindSpot = {
  table: 'snapshots',
  column: null,
  reason:
    'it compares snapshots: take two or more with tokenquery snapshot --db FILE, and ask with --db FILE',
  because: { by: 'question' },
};

/** A snapshot that does not count came last: what it saw is not known, so nothing is clean. */
const aheadSpots =
  "SELECT host_id, 'snapshots' AS table_name, NULL AS column_name, 'the last snapshot is dated later than it was stored, so a clock was wrong and it does not count' AS reason\n" +
  'FROM ahead_snapshots\nWHERE is_newest = 1';

/** Whether a database has snapshots at all, and tells which of them count. */
const tellsAhead = (db: Db): boolean =>
  db
    .prepare(
      "SELECT 1 FROM (SELECT name FROM sqlite_schema UNION ALL SELECT name FROM sqlite_temp_schema) WHERE name = 'ahead_snapshots'",
    )
    .get() !== undefined;

/** The hosts of a store of which the last snapshot does not count, each with what that leaves open. */
export const aheadSpotsOf = (db: Db): ReadonlyMap<string, BlindSpot> =>
  new Map(
    tellsAhead(db)
      ? (db.prepare(aheadSpots).safeIntegers(false).all() as Record<string, string>[]).map((row) => [
          String(row['host_id']),
          {
            ...{ table: String(row['table_name']), column: null, reason: String(row['reason']) },
            because: { by: 'question' },
          },
        ])
      : [],
  );

const compare = (a: string | null, b: string | null): number => {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
};

const compareSpots = (a: BlindSpot, b: BlindSpot): number =>
  compare(a.table, b.table) || compare(a.column, b.column) || compare(a.reason, b.reason);

const isSame = (a: BlindSpot, b: BlindSpot): boolean =>
  a.table === b.table && a.column === b.column && a.reason === b.reason;

const becauseOf = ({ status, told }: AnyRow, otherwise: Why['otherwise']): Because =>
  typeof status === 'string'
    ? { by: 'table_status', status, told: told == null ? null : String(told) }
    : { by: otherwise };

const asksEachHost = ({ isOfFleet, leastHosts }: Query): boolean => !isOfFleet && leastHosts === 0;

/** The blind spots of each host, in no order. */
type Spots = ReadonlyMap<string, readonly BlindSpot[]>;

const addSpots = (found: Map<string, BlindSpot[]>, host: string, spots: readonly BlindSpot[]): void => {
  const own = found.get(host) ?? [];
  found.set(host, own);
  for (const one of spots) if (!own.some((other) => isSame(one, other))) own.push(one);
};

/** What is asked of a query at one time: where it is blind, what it finds, or both. */
interface Asked {
  readonly query: Query;
  /** Null where nothing is looked at: there is no history. */
  readonly statements: readonly SpotStatement[] | null;
  readonly sql: string | null;
}

interface Found {
  readonly query: Query;
  readonly spots: Spots;
  readonly hits: readonly Hit[];
}

/** What came of it; what several queries require is looked up once. */
const find = (db: Db, asked: readonly Asked[], { now, names: known }: EvaluateOptions): Found[] => {
  const remembered = new Map<string, readonly AnyRow[]>();
  const rowsOf: Ask = (sql, among) =>
    prepareGuarded(db, sql, known)
      .safeIntegers(false)
      .all({ now, ...(among === undefined ? {} : { among: JSON.stringify(among) }) }) as readonly AnyRow[];
  const once: Ask = (sql, among) => {
    const rows = remembered.get(sql) ?? rowsOf(sql, among);
    remembered.set(sql, rows);
    return rows;
  };
  const hostsOf = (sql: string | null | undefined): ReadonlySet<Value | undefined> =>
    new Set(sql == null ? [] : once(sql).map((row) => row['host_id']));
  const hosts = hostIdsOf(once(`SELECT host_id FROM ${everyHost} h`));
  const readSpots = spotReader(
    asked.flatMap(({ statements }) => statements ?? []),
    hosts,
    once,
  );
  const spotsOf = ({ query, statements }: Asked): Spots => {
    if (statements === null) return new Map(hosts.map((host) => [host, [noHistory]]));
    const found = new Map<string, BlindSpot[]>();
    const exempt = hostsOf(exemptStatement(query));
    for (const statement of statements) {
      const settled = hostsOf(statement.butFor);
      for (const row of readSpots(statement)) {
        const host = row['host_id'];
        if (typeof host !== 'string' || exempt.has(host) || settled.has(host)) continue;
        addSpots(found, host, [spotOf(row, statement)]);
      }
    }
    return found;
  };
  return asked.map((one) => ({
    query: one.query,
    spots: spotsOf(one),
    hits: one.sql === null ? [] : rowsOf(one.sql).map(hitOf),
  }));
};

const hostIdsOf = (rows: readonly AnyRow[]): readonly string[] => rows.map((row) => String(row['host_id']));

const spotOf = (row: AnyRow, { otherwise }: SpotStatement): BlindSpot => ({
  table: String(row['table_name']),
  column: row['column_name'] as string | null,
  reason: String(row['reason']),
  because: becauseOf(row, otherwise),
});

const hitOf = ({ host_id: hostId, subject, ...facts }: AnyRow): Hit => ({
  hostId: hostId == null ? null : String(hostId),
  subject: subject == null ? null : String(subject),
  facts,
});

/** What is true of some hosts, and what is true of the others, in the order of the hosts. */
const joinHits = (parts: readonly Part<readonly Hit[]>[]): readonly Hit[] => {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first?.of ?? [];
  return parts
    .flatMap(({ of, isTrueOf }) => of.filter(({ hostId }) => isTrueOf(hostId ?? '')))
    .sort((a, b) => compare(a.hostId, b.hostId));
};

const answerOf = (
  query: Query,
  hits: readonly Hit[],
  spots: readonly Part<Spots>[],
  hosts: readonly string[],
): Answer => {
  const all = new Map<string, BlindSpot[]>();
  for (const { of, isTrueOf } of spots)
    for (const [host, own] of of) if (isTrueOf(host)) addSpots(all, host, own);
  const blindSpots = new Map(
    [...all].map(([host, own]) => [host, own.sort(compareSpots)] as const).sort(([a], [b]) => compare(a, b)),
  );
  const hit = new Set(hits.map(({ hostId }) => hostId));
  const verdictOf = (host: string): Verdict =>
    hit.has(host) ? 'hit' : blindSpots.has(host) ? 'unknown' : 'clean';
  return { query, hits, blindSpots, verdicts: new Map(hosts.map((host) => [host, verdictOf(host)])) };
};

/** The same, of queries that allow facts of one age. */
const evaluateGroup = (
  db: Db,
  queries: readonly Query[],
  maxAge: number,
  options: EvaluateOptions,
): readonly Answer[] => {
  const canCompare = hasHistory(db);
  const isAsked = ({ needsHistory }: Query): boolean => canCompare || !needsHistory;
  const ofHosts = queries.map((query) => ({
    query,
    statements: isAsked(query) ? spotStatements(query) : null,
    sql: isAsked(query) && asksEachHost(query) ? query.sql : null,
  }));
  const ofFleet = queries
    .filter((query) => isAsked(query) && !asksEachHost(query))
    .map((query) => ({ query, statements: sizeStatements(query), sql: query.sql }));
  const ahead = new Map([...aheadSpotsOf(db)].map(([host, spot]) => [host, [spot]]));
  const told = hostIdsOf(db.prepare(`SELECT host_id FROM ${everyHost} h`).all() as readonly AnyRow[]);
  // A host may have no snapshot that counts.
  const hosts = [...new Set([...told, ...ahead.keys()])].sort(compare);
  const parts = asSeenInParts(db, options.tables, maxAge, () => find(db, ofHosts, options));
  const whole =
    ofFleet.length === 0 ? [] : asSeen(db, options.tables, maxAge, () => find(db, ofFleet, options));
  const fleet = new Map(whole.map((found) => [found.query, found]));
  const isTrueOf = (): boolean => true;
  return queries.map((query, index) => {
    const own = parts.flatMap(({ of, ...part }) => {
      const found = of[index];
      return found === undefined ? [] : [{ ...part, of: found }];
    });
    const ofAll = fleet.get(query);
    return answerOf(
      query,
      ofAll?.hits ?? joinHits(own.map((part) => ({ ...part, of: part.of.hits }))),
      [
        ...own.map((part) => ({ ...part, of: part.of.spots })),
        ...(ofAll === undefined ? [] : [{ of: ofAll.spots, isTrueOf }]),
        { of: ahead, isTrueOf },
      ],
      hosts,
    );
  });
};

/**
 * Evaluates queries on a database, by what the last look at each host told for certain, or one of the age that a header
 * allows.
 */
export const evaluate = (db: Db, queries: readonly Query[], options: EvaluateOptions): Answer[] => {
  const answers = new Map<Query, Answer>();
  for (const [maxAge, own] of Map.groupBy(queries, (query) => query.maxAge))
    for (const answer of evaluateGroup(db, own, maxAge, options)) answers.set(answer.query, answer);
  return queries.flatMap((query) => answers.get(query) ?? []);
};
