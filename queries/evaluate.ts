/**
 * What came of a query on each host: hit, clean, unknown or not asked, and never two of them.
 *
 * A hit rests on proven facts only; that is the duty of the SQL. Clean means that everything was known that
 * could have made a hit; that is decided here, from what the query requires, in SQL that runs on every
 * engine too. What else is there is unknown. Where nothing is missing but what the means of this run exclude, it was
 * not asked. A hit on a host with blind spots stays a hit, with the blind spots beside it.
 */
import { compareValues } from '../collector/order.ts';
import type { Table, Value } from '../collector/table.ts';
import { readAhead } from '../store/clocks.ts';
import type { Db, Preparing, Statement } from '../store/database.ts';
import { hasViewsOfItsOwn, prepareGuarded } from '../store/guard.ts';
import { atShownMoments, seeEveryHost, shownMoment } from '../store/shown_hosts.ts';
import type { Part, Seeing } from '../store/seen.ts';
import { exemptStatement, sizeStatements, spotStatements } from './blind_spots.ts';
import type { SpotStatement, Why } from './blind_spots.ts';
import { factSql } from './context.ts';
import type { FactName, Histories, Place } from './context.ts';
import type { Expectation } from './expectations.ts';
import { queries as library } from './index.ts';
import { everyHost } from './known.ts';
import { meansOf } from './means.ts';
import type { Means } from './means.ts';
import { isOff, verdicts } from './query.ts';
import type { Query, Severity, SeverityRule } from './query.ts';
import { spotReader } from './spot_reader.ts';
import type { AnyRow, Ask } from './spot_reader.ts';
import { HostList, VerdictMap } from './verdict_map.ts';

/** Who says why something is not known: table_status of the table, the question itself, or nobody; or the means of the run. */
type Because =
  | { readonly by: 'table_status'; readonly status: string; readonly told: string | null }
  | { readonly by: 'means'; readonly means: Means }
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

/** `suppressed`: all that was found is what somebody accepts (suppress.ts); `evaluate` itself never says it. */
export const verdictWords = [...verdicts, 'suppressed'] as const;
export type Verdict = (typeof verdictWords)[number];

/** What could not be seen is unknown. A question to which nothing is missing but what nobody asked for was not asked. */
export const verdictOf = (isHit: boolean, spots: readonly BlindSpot[] | undefined): Verdict => {
  if (isHit) return 'hit';
  if (spots === undefined || spots.length === 0) return 'clean';
  return spots.every(({ because }) => because.by === 'means') ? 'not_asked' : 'unknown';
};

export interface Answer {
  readonly query: Query;
  readonly hits: readonly Hit[];
  /** Hosts with blind spots; those with a hit are among them. */
  readonly blindSpots: ReadonlyMap<string, readonly BlindSpot[]>;
  /** Each host exactly once. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** The hosts on which it matters less than its severity says, and why. */
  readonly lowered: ReadonlyMap<string, SeverityRule>;
}

const onlyOf = <V>(map: ReadonlyMap<string, V>, host: string): ReadonlyMap<string, V> => {
  const own = map.get(host);
  return new Map(own === undefined ? [] : [[host, own]]);
};

/** An answer as far as it is of one host. */
export const answerOn = (answer: Answer, host: string): Answer => ({
  ...answer,
  hits: answer.hits.filter(({ hostId }) => hostId === host),
  blindSpots: onlyOf(answer.blindSpots, host),
  verdicts: onlyOf(answer.verdicts, host),
});

/** On how many hosts questions were asked. */
export const hostCountOf = (answers: readonly Answer[]): number => {
  const hosts = new Set<string>();
  for (const { verdicts: of } of answers) for (const host of of.keys()) hosts.add(host);
  return hosts.size;
};

/** How much something matters on a host, and why, where its question says another severity. */
export interface Grade {
  readonly severity: Severity;
  readonly reason: string | null;
}

/** How much a question matters on a host. */
export const gradeOn = ({ query, lowered }: Answer, hostId: string | null): Grade => {
  const rule = lowered.get(hostId ?? '');
  if (rule !== undefined) return { severity: rule.severity, reason: rule.reason };
  const { severity, overlay } = query;
  return { severity, reason: overlay === undefined || overlay.isOff ? null : `overlay: ${overlay.reason}` };
};

/** What error messages about SQL may suggest. */
export interface Names {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

export interface EvaluateOptions {
  /** Unix seconds: the `:now` of the queries; or that each host, shown by `seeing`, is asked alone and at a moment of its own. */
  readonly now: number | 'shown';
  readonly names: Names;
  /** What is declared of the tables in the database. */
  readonly tables: readonly Table[];
  /** Whether the hosts are of an organisation; by default that is found out. */
  readonly expect?: Expectation;
  /** How the names come to mean what the last look told; by default of all hosts at once. */
  readonly seeing?: Seeing;
  /** Is told how many queries are answered. */
  readonly progress?: (done: number, of: number) => void;
}

const hasHistory = (db: Preparing): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'users_history'").get() !== undefined;

const noHistory: BlindSpot = {
  table: 'snapshots',
  column: null,
  reason:
    'it compares snapshots: take two or more with tokenquery snapshot --db FILE, and ask with --db FILE',
  because: { by: 'means', means: 'database' },
};

/** The answer to a question that the site switched off: on every host it is not asked, whatever else is known. */
const offAnswer = (query: Query, hosts: HostList): Answer => {
  const reason = `switched off by the overlay, of ${query.overlay?.owner}: ${query.overlay?.reason}`;
  const spot: BlindSpot = {
    table: 'overlay',
    column: null,
    reason,
    because: { by: 'means', means: 'overlay' },
  };
  return {
    query,
    hits: [],
    blindSpots: new Map(hosts.all.map((host) => [host, [spot]])),
    verdicts: new VerdictMap(hosts, 'not_asked', new Map()),
    lowered: nowhere,
  };
};

/** A snapshot that does not count came last: what it saw is not known, so nothing is clean. */
const lastDoesNotCount: BlindSpot = {
  table: 'snapshots',
  column: null,
  reason: 'the last snapshot is dated later than it was stored, so a clock was wrong and it does not count',
  because: { by: 'question' },
};

/** Whether a database has snapshots at all, and tells which of them count. */
const tellsAhead = (db: Preparing): boolean =>
  db
    .prepare(
      "SELECT 1 FROM (SELECT name FROM sqlite_schema UNION ALL SELECT name FROM sqlite_temp_schema) WHERE name = 'ahead_snapshots'",
    )
    .get() !== undefined;

/** The hosts of a store of which the last snapshot does not count, each with what that leaves open. */
export const aheadSpotsOf = (db: Preparing): ReadonlyMap<string, BlindSpot> => {
  const newest = tellsAhead(db) ? readAhead(db).filter(({ isNewest }) => isNewest) : [];
  return new Map(newest.map(({ hostId }) => [hostId, lastDoesNotCount]));
};

const compareSpots = (a: BlindSpot, b: BlindSpot): number =>
  compareValues(a.table, b.table) || compareValues(a.column, b.column) || compareValues(a.reason, b.reason);

/** Who says why a blind spot is one. */
const becauseOf = (row: AnyRow, otherwise: Why['otherwise'], tables: readonly Table[]): Because => {
  if (otherwise === 'hosts') return { by: 'means', means: 'hosts' };
  const { status, told } = row;
  const said = typeof status === 'string' ? { status, told: told == null ? null : String(told) } : null;
  const fact = { table: String(row['table_name']), column: row['column_name'] as string | null };
  const means = otherwise === 'nobody' || said !== null ? meansOf(tables, fact, said) : null;
  if (means !== null) return { by: 'means', means };
  return said === null ? { by: otherwise } : { by: 'table_status', ...said };
};

const asksEachHost = ({ isOfFleet, leastHosts }: Query): boolean => !isOfFleet && leastHosts === 0;

/** The blind spots of each host, in no order. */
type Spots = ReadonlyMap<string, readonly BlindSpot[]>;

/** @param spots No two of them alike. */
const addSpots = (found: Map<string, BlindSpot[]>, host: string, spots: readonly BlindSpot[]): void => {
  const own = found.get(host);
  // A list that grows has room for more, and most hosts have one of one: a copy has none.
  if (own === undefined) found.set(host, [...spots]);
  else for (const one of spots) if (own.every((other) => compareSpots(one, other) !== 0)) own.push(one);
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
  readonly lowered: ReadonlyMap<string, SeverityRule>;
}

const nowhere: ReadonlyMap<string, SeverityRule> = new Map();
const nobody: ReadonlySet<string> = new Set();

const shipped: ReadonlySet<Query> = new Set(library);

/** What this tokenquery brings went through the guard in its tests; a statement of anybody else does so now. */
const preparerFor = (
  db: Db,
  queries: readonly Query[],
  { names, seeing }: EvaluateOptions,
): ((sql: string) => Statement) =>
  // What a site changes of a question is how grave it is.
  queries.every((query) => shipped.has(query.overlay?.of ?? query))
    ? (sql) => (seeing ?? db).prepare(sql)
    : (sql) => prepareGuarded(db, sql, names);

/** The histories of all hosts, where there are any: those of the file itself, for a name may stand for one host alone. */
const historiesOf = (db: Preparing): Histories => {
  const names = ['mdm_enrollments_history', 'enrollment_markers_history'] as const;
  const rows = db
    .prepare(
      `SELECT name FROM main.sqlite_schema WHERE name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    )
    .all() as { name: string }[];
  if (rows.length < names.length) return null;
  if (hasViewsOfItsOwn(db)) return 'foreign';
  return { enrolments: `main.${names[0]}`, markers: `main.${names[1]}` };
};

const hostIdsOf = (rows: readonly AnyRow[]): readonly string[] => rows.map((row) => String(row['host_id']));

/** Asks queries of what the names of the tables mean at that time; what several of them require is looked up once. */
class Asking {
  readonly #now: EvaluateOptions['now'];
  readonly #tables: readonly Table[];
  readonly #prepare: (sql: string) => Statement;
  readonly #remembered = new Map<string, readonly AnyRow[]>();
  readonly #hostsBySql = new Map<string, ReadonlySet<string>>();
  /** What many hosts have alike is held once. */
  readonly #once = onceReader();
  readonly #spots = new Map<string, BlindSpot>();
  /** Prepares what is of this program, whoever wrote the queries. */
  readonly #prepareOwn: (sql: string) => Statement;
  readonly #place: Place;
  readonly #facts = new Map<FactName, ReadonlySet<string>>();
  #hosts: readonly string[] | null = null;

  constructor(db: Db, queries: readonly Query[], options: EvaluateOptions) {
    this.#now = options.now;
    this.#tables = options.tables;
    this.#prepare = preparerFor(db, queries, options);
    this.#prepareOwn = (sql) => (options.seeing ?? db).prepare(sql);
    this.#place = {
      expect: options.expect ?? 'auto',
      historiesOf: () => historiesOf(options.seeing ?? db),
      alone: options.now === 'shown' ? { nowOf: shownMoment } : null,
    };
  }

  #statement(sql: string): Statement {
    return this.#prepare(this.#now === 'shown' ? atShownMoments(sql) : sql).safeIntegers(false);
  }

  get #moment(): { readonly now?: number } {
    return this.#now === 'shown' ? {} : { now: this.#now };
  }

  #rows(sql: string, among?: readonly string[]): readonly AnyRow[] {
    const ids = among === undefined ? {} : { among: JSON.stringify(among) };
    return this.#statement(sql).all({ ...this.#moment, ...ids }) as readonly AnyRow[];
  }

  /** Of a large fleet these are many: each row is gone before the next one is read, and a text that several have is held once. */
  #hits(sql: string): readonly Hit[] {
    const once = onceReader();
    const hits: Hit[] = [];
    for (const row of this.#statement(sql).iterate(this.#moment)) hits.push(hitOf(row as AnyRow, once));
    return hits;
  }

  readonly #ask: Ask = (sql, among) => {
    const rows = this.#remembered.get(sql) ?? this.#rows(sql, among).map((row) => held(row, this.#once));
    this.#remembered.set(sql, rows);
    return rows;
  };

  /** Every host that is known at all. */
  get hosts(): readonly string[] {
    this.#hosts ??= hostIdsOf(this.#rows(`SELECT host_id FROM ${everyHost} h`));
    return this.#hosts;
  }

  #hostsOf(sql: string | null | undefined): ReadonlySet<string> {
    if (sql == null) return nobody;
    const known = this.#hostsBySql.get(sql) ?? new Set(hostIdsOf(this.#rows(sql)));
    this.#hostsBySql.set(sql, known);
    return known;
  }

  find(asked: readonly Asked[], step: (query: Query) => void): readonly Found[] {
    const statements = asked.flatMap((one) => one.statements ?? []);
    const read = spotReader(statements, () => this.hosts, this.#ask);
    return asked.map((one) => {
      const spots = this.#spotsOf(one, read);
      const hits = one.sql === null ? [] : this.#hits(one.sql);
      step(one.query);
      // Where nothing is found and nothing open, it does not matter how much it would matter.
      const isClean = hits.length === 0 && spots.size === 0;
      return { query: one.query, spots, hits, lowered: isClean ? nowhere : this.#loweredOn(one.query) };
    });
  }

  /** The hosts of which a fact is proven. */
  #provenOn(name: FactName): ReadonlySet<string> {
    const known = this.#facts.get(name);
    if (known !== undefined) return known;
    const sql = factSql(name, this.#place);
    const now = this.#now;
    const rows = sql === null ? [] : (this.#prepareOwn(sql).all(now === 'shown' ? {} : { now }) as AnyRow[]);
    const hosts = new Set(hostIdsOf(rows));
    this.#facts.set(name, hosts);
    return hosts;
  }

  #loweredOn({ severityWhere, isOfFleet }: Query): ReadonlyMap<string, SeverityRule> {
    const lowered = new Map<string, SeverityRule>();
    if (isOfFleet) return lowered;
    for (const rule of severityWhere) {
      const [first, ...others] = rule.when.map((name) => this.#provenOn(name));
      for (const host of first ?? [])
        if (!lowered.has(host) && others.every((hosts) => hosts.has(host))) lowered.set(host, rule);
    }
    return lowered;
  }

  #spotOf(row: AnyRow, statement: SpotStatement): BlindSpot {
    const { table_name: table, column_name: column, reason, status, told } = row;
    const key = JSON.stringify([table, column, reason, status, told, statement.otherwise]);
    const spot = this.#spots.get(key) ?? spotOf(row, statement, this.#tables);
    this.#spots.set(key, spot);
    return spot;
  }

  #spotsOf({ query, statements }: Asked, read: ReturnType<typeof spotReader>): Spots {
    if (statements === null) return new Map(this.hosts.map((host) => [host, [noHistory]]));
    const found = new Map<string, BlindSpot[]>();
    if (statements.length === 0) return found;
    const exempt = this.#hostsOf(exemptStatement(query));
    for (const statement of statements) {
      const settled = this.#hostsOf(statement.butFor);
      for (const row of read(statement)) {
        const host = row['host_id'];
        if (typeof host !== 'string' || exempt.has(host) || settled.has(host)) continue;
        addSpots(found, host, [this.#spotOf(row, statement)]);
      }
    }
    return new Map(Array.from(found, ([host, spots]) => [host, withoutImplied(spots)]));
  }
}

/** What nobody asked for was not seen twice either: that is no gap of its own. */
const withoutImplied = (spots: readonly BlindSpot[]): readonly BlindSpot[] => {
  if (spots.length < 2) return spots;
  const unasked = new Set(
    spots.flatMap(({ table, column, because }) => (column === null && because.by === 'means' ? [table] : [])),
  );
  return spots.filter(({ table, because }) => because.by !== 'question' || !unasked.has(table));
};

const spotOf = (row: AnyRow, { otherwise }: SpotStatement, tables: readonly Table[]): BlindSpot => ({
  table: String(row['table_name']),
  column: row['column_name'] as string | null,
  reason: String(row['reason']),
  because: becauseOf(row, otherwise, tables),
});

/** Gives the same for each value, and of equal texts the one that came first. */
const onceReader = (): ((value: Value) => Value) => {
  const texts = new Map<string, string>();
  return (value) => {
    if (typeof value !== 'string') return value;
    const first = texts.get(value);
    if (first === undefined) texts.set(value, value);
    return first ?? value;
  };
};

/** A row with texts that others have, too. */
const held = (row: AnyRow, once: (value: Value) => Value): AnyRow => {
  const own: Record<string, Value> = {};
  for (const name in row) own[name] = once(row[name] as Value);
  return own;
};

const hitOf = (row: AnyRow, once: (value: Value) => Value): Hit => {
  const facts: Record<string, Value> = {};
  for (const name in row)
    if (name !== 'host_id' && name !== 'subject') facts[name] = once(row[name] as Value);
  const { host_id: hostId, subject } = row;
  return {
    hostId: hostId == null ? null : String(once(hostId)),
    subject: subject == null ? null : String(once(subject)),
    facts,
  };
};

/** What is true of some hosts, and what is true of the others, in the order of the hosts. */
const joinHits = (parts: readonly Part<readonly Hit[]>[]): readonly Hit[] => {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first?.of ?? [];
  return parts
    .flatMap(({ of, isTrueOf }) => of.filter(({ hostId }) => isTrueOf(hostId ?? '')))
    .sort((a, b) => compareValues(a.hostId, b.hostId));
};

const answerOf = (
  query: Query,
  hits: readonly Hit[],
  spots: readonly Part<Spots>[],
  graded: readonly Part<Found['lowered']>[],
  hosts: HostList,
): Answer => {
  const lowered = graded.flatMap(({ of, isTrueOf }) => [...of].filter(([host]) => isTrueOf(host)));
  const all = new Map<string, BlindSpot[]>();
  for (const { of, isTrueOf } of spots)
    for (const [host, own] of of) if (isTrueOf(host)) addSpots(all, host, own);
  const blindSpots = new Map(
    [...all]
      .map(([host, own]) => [host, own.sort(compareSpots)] as const)
      .sort(([a], [b]) => compareValues(a, b)),
  );
  const others = new Map<string, Verdict>();
  for (const [host, own] of blindSpots) others.set(host, verdictOf(false, own));
  for (const { hostId } of hits) if (hostId !== null) others.set(hostId, 'hit');
  const verdictsOf = new VerdictMap(hosts, verdictOf(false, undefined), others);
  return { query, hits, blindSpots, verdicts: verdictsOf, lowered: new Map(lowered) };
};

/** The same, of queries that allow facts of one age. */
const evaluateGroup = (
  db: Db,
  queries: readonly Query[],
  maxAge: number,
  options: EvaluateOptions & { readonly step: (query: Query) => void },
): readonly Answer[] => {
  const canCompare = hasHistory(options.seeing ?? db);
  const isAsked = (query: Query): boolean => !isOff(query) && (canCompare || !query.needsHistory);
  const ofHosts = queries.map((query) => ({
    query,
    statements: isAsked(query) ? spotStatements(query) : null,
    sql: isAsked(query) && asksEachHost(query) ? query.sql : null,
  }));
  const ofFleet = queries
    .filter((query) => isAsked(query) && !asksEachHost(query))
    .map((query) => ({ query, statements: sizeStatements(query), sql: query.sql }));
  const ahead = new Map([...aheadSpotsOf(options.seeing ?? db)].map(([host, spot]) => [host, [spot]]));
  const seeing = options.seeing ?? seeEveryHost(db, options.tables);
  const parts = seeing.inParts(maxAge, () => {
    const asking = new Asking(db, queries, options);
    return { hosts: asking.hosts, found: asking.find(ofHosts, options.step) };
  });
  const whole =
    ofFleet.length === 0
      ? []
      : seeing.whole(maxAge, () => new Asking(db, queries, options).find(ofFleet, options.step));
  const told = parts.flatMap(({ of, isTrueOf: isOfPart }) => of.hosts.filter(isOfPart));
  // A host may have no snapshot that counts.
  const hosts = new HostList([...new Set([...told, ...ahead.keys()])].sort(compareValues));
  const fleet = new Map(whole.map((found) => [found.query, found]));
  const isTrueOf = (): boolean => true;
  return queries.map((query, index) => {
    if (isOff(query)) return offAnswer(query, hosts);
    const own = parts.flatMap(({ of, ...part }) => {
      const found = of.found[index];
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
      own.map((part) => ({ ...part, of: part.of.lowered })),
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
  // A query is looked at once for each part of the hosts; the first time counts.
  const looked = new Set<Query>();
  const step = (query: Query): void => {
    looked.add(query);
    options.progress?.(looked.size, queries.length);
  };
  for (const [maxAge, own] of Map.groupBy(queries, (query) => query.maxAge))
    for (const answer of evaluateGroup(db, own, maxAge, { ...options, step }))
      answers.set(answer.query, answer);
  return queries.flatMap((query) => answers.get(query) ?? []);
};
