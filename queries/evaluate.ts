/**
 * What came of a query on each host: hit, clean or unknown, and never two of them.
 *
 * A hit rests on proven facts only; that is the duty of the SQL. Clean means that everything was known that
 * could have made a hit; that is decided here, from what the query requires, in SQL that runs on every
 * engine too. What else is there is unknown. A hit on a host with blind spots stays a hit, with the blind
 * spots beside it.
 */
import { isGood } from '../collector/status.ts';
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName, quoteText, statusList } from '../store/ddl.ts';
import { prepareGuarded } from '../store/guard.ts';
import { asSeen, asSeenInParts } from '../store/seen.ts';
import type { Part } from '../store/seen.ts';
import { areRowsKnown, isTableKnown } from './known.ts';
import type { Requirement } from './known.ts';
import type { ClosedColumn, Query } from './query.ts';

/**
 * How long after a change a detection query still tells it, and how new a
 * snapshot must be to prove "no change".
 */
export const windowSeconds = 7 * 86_400;

/** Every host that is known at all. */
const everyHost = '(SELECT host_id FROM hosts UNION SELECT host_id FROM table_status)';

/** Why something is not known, as SQL: in words, and what the words are made of, where table_status says it. */
interface Why {
  readonly words: string;
  readonly status: string;
  readonly told: string;
  /** Who says it where table_status does not. */
  readonly otherwise: 'question' | 'nobody';
}

const ofQuestion = (words: string): Why => ({ words, status: 'NULL', told: 'NULL', otherwise: 'question' });

/** What table_status says of the table. */
const whyOfTable: Why = {
  words: "t.status || ': ' || COALESCE(t.reason, 'no reason is known')",
  status: 't.status',
  told: 't.reason',
  otherwise: 'question',
};

/** The same where the condition is true; else that nothing tells why a value is not known. */
const whyOfValue = (condition: string): Why => ({
  words: `CASE WHEN ${condition} THEN ${whyOfTable.words} ELSE 'the value is not known' END`,
  status: `CASE WHEN ${condition} THEN t.status END`,
  told: `CASE WHEN ${condition} THEN t.reason END`,
  otherwise: 'nobody',
});

/** A statement that finds hosts on which a query cannot be evaluated. */
interface SpotStatement {
  /** For any engine. */
  readonly sql: string;
  /** The same for SQLite, with the columns status and told. */
  readonly withParts: string;
  readonly otherwise: Why['otherwise'];
  /** Of `withParts`: finds hosts of which it says nothing; null where there are none such. */
  readonly butFor?: string;
}

const spot = (
  host: string,
  table: string,
  column: string | null,
  { words, status, told, otherwise }: Why,
  from: string,
): SpotStatement => {
  const columns =
    `SELECT DISTINCT ${host} AS host_id, ${quoteText(table)} AS table_name, ` +
    `${column === null ? 'CAST(NULL AS VARCHAR(64))' : quoteText(column)} AS column_name, ${words} AS reason`;
  return {
    sql: `${columns}\nFROM ${from}`,
    withParts: `${columns}, ${status} AS status, ${told} AS told\nFROM ${from}`,
    otherwise,
  };
};

/** True when the JSON array of column names holds the name; no engine shares its JSON functions with another. */
const names = (list: string, column: string): string =>
  `REPLACE(${list}, ${quoteText(`"${column}"`)}, '') <> ${list}`;

/** True when the JSON object of columns_inapplicable has the column: a fact that this Mac or this macOS has not. */
const isInapplicable = (column: string): string =>
  `REPLACE(t.columns_inapplicable, ${quoteText(`"${column}":`)}, '') <> t.columns_inapplicable`;

const goodOnes = statusList(isGood);
/** The statements that find the hosts of which one requirement is not known. */
const spotsOfRequirement = (requirement: Requirement): SpotStatement[] => {
  const { table, column, isNullAnswer, where } = requirement;
  if (table === 'table_status') {
    return [
      spot(
        'h.host_id',
        table,
        null,
        ofQuestion("'nothing was collected'"),
        `${everyHost} h\nWHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id)`,
      ),
    ];
  }
  const isTable = `t.table_name = ${quoteText(table)}`;
  const found = [
    spot(
      'h.host_id',
      table,
      null,
      ofQuestion("'it was not collected'"),
      `${everyHost} h\nWHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND ${isTable})`,
    ),
    // Of a partial table rows may be missing: it is enough only where it is named which columns are. What this Mac or
    // this macOS has not is not unknown.
    spot(
      't.host_id',
      table,
      null,
      whyOfTable,
      `table_status t\nWHERE ${isTable}\n` + `  AND NOT ${isTableKnown(requirement)}`,
    ),
  ];
  // A condition that is neither true nor false may be true.
  const matters = where === null ? '' : `CASE WHEN NOT (${where}) THEN 0 ELSE 1 END = 1`;
  if (column === null) {
    if (where === null) return found;
    return [
      ...found,
      spot(
        'r.host_id',
        table,
        null,
        ofQuestion("'a row leaves it open, or has no counterpart in a table that the question reads'"),
        `(\n  SELECT host_id\n  FROM ${quoteName(table)}\n  WHERE ${matters}\n) r`,
      ),
    ];
  }
  if (isNullAnswer) {
    return [
      ...found,
      spot(
        't.host_id',
        table,
        column,
        whyOfTable,
        `table_status t\nWHERE ${isTable}\n` +
          `  AND t.status IN ${goodOnes}\n  AND (${names('t.columns_affected', column)} OR ${names('t.columns_uncertain', column)})`,
      ),
    ];
  }
  return [
    ...found,
    spot(
      'r.host_id',
      table,
      column,
      whyOfValue(`t.reason IS NOT NULL AND (t.status = 'partial' OR ${names('t.columns_affected', column)})`),
      `(\n  SELECT host_id\n  FROM ${quoteName(table)}\n  WHERE ${quoteName(column)} IS NULL${matters && `\n    AND ${matters}`}\n) r\n` +
        `LEFT JOIN table_status t ON t.host_id = r.host_id AND ${isTable}\nWHERE COALESCE(t.status, 'ok') <> 'unsupported' AND CASE WHEN ${isInapplicable(column)} THEN 0 ELSE 1 END = 1`,
    ),
  ];
};

/** The same, but for hosts on which it is proven that nothing that is not known could matter. */
const spotsThatMatter = (requirement: Requirement): SpotStatement[] => {
  const { unless } = requirement;
  const spots = spotsOfRequirement(requirement);
  if (unless === null) return spots;
  const butFor = `SELECT hosts.host_id FROM hosts WHERE ${unless}`;
  const columns = 'u.host_id, u.table_name, u.column_name, u.reason';
  return spots.map((spotted) => ({
    ...spotted,
    sql: `SELECT ${columns}\nFROM (\n${spotted.sql}\n) u\nWHERE u.host_id NOT IN (${butFor})`,
    butFor,
  }));
};

/** Whether a table, or a column of it, was seen twice; of a column that is NULL in all that was seen first, nothing was. */
const spotsOfHistory = ({ table, column, isNullAnswer }: Requirement, isOfFleet: boolean): SpotStatement => {
  const isSeen = column === null || isNullAnswer ? '' : ` AND ${quoteName(column)} IS NOT NULL`;
  return spot(
    'h.host_id',
    table,
    null,
    ofQuestion(
      isOfFleet
        ? "'two good snapshots are needed'"
        : "'two good snapshots are needed, the newer of the last seven days'",
    ),
    `${everyHost} h\n` +
      'LEFT JOIN (\n  SELECT host_id, MIN(valid_from_time) AS first_time\n' +
      `  FROM ${quoteName(`${table}_history`)}\n  WHERE valid_from_time <= :now${isSeen}\n  GROUP BY host_id\n) f ON f.host_id = h.host_id\n` +
      `LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = ${quoteText(table)}\n` +
      `WHERE CASE WHEN t.last_good_time > f.first_time${isOfFleet ? '' : ` AND t.last_good_time > :now - ${windowSeconds}`} THEN 0 ELSE 1 END = 1`,
  );
};

const spotsOfSize = (least: number): SpotStatement =>
  spot(
    'h.host_id',
    'hosts',
    null,
    ofQuestion(`'at least ${least} hosts are needed to compare'`),
    `${everyHost} h\nWHERE (SELECT COUNT(*) FROM hosts) < ${least}`,
  );

/**
 * A word that its list does not have is one of a newer version: what the query makes of it proves nothing. Of
 * what is past, only what still held in the time in question counts.
 */
const spotsOfWords = (
  { table, column, values }: ClosedColumn,
  { needsHistory, isOfFleet }: Query,
): SpotStatement => {
  const name = quoteName(column);
  const from = quoteName(needsHistory ? `${table}_history` : table);
  const time = `\n    AND (valid_until_time IS NULL OR valid_until_time > :now - ${windowSeconds})`;
  const reason = `${quoteText(`${column} has the word `)} || r.word || ', which this version does not know: upgrade tokenquery'`;
  return spot(
    'r.host_id',
    table,
    column,
    ofQuestion(reason),
    `(\n  SELECT host_id, ${name} AS word\n  FROM ${from}\n` +
      `  WHERE ${name} NOT IN (${values.map(quoteText).join(', ')})${needsHistory && !isOfFleet ? time : ''}\n) r`,
  );
};

const spotStatements = (query: Query): readonly SpotStatement[] => [
  ...query.requires.flatMap(spotsThatMatter),
  ...query.closed.map((column) => spotsOfWords(column, query)),
  ...(query.needsHistory
    ? query.requires.map((requirement) => spotsOfHistory(requirement, query.isOfFleet))
    : []),
  ...(query.leastHosts > 0 ? [spotsOfSize(query.leastHosts)] : []),
];

/** Statements of the shared SQL, each of which finds hosts on which the query cannot be evaluated. */
export const blindSpotStatements = (query: Query): readonly string[] =>
  spotStatements(query).map(({ sql }) => sql);

/**
 * The statement that finds the hosts which the query cannot concern; null when it concerns
 * every host. A store keeps the last good rows of a table that is denied by now: they exempt
 * nobody, and neither do rows that are missing.
 */
export const exemptStatement = ({ applies, appliesReads }: Query): string | null => {
  if (applies === null || appliesReads === null) return null;
  return (
    `SELECT host_id FROM hosts WHERE NOT (${applies}) AND (SELECT COUNT(*) FROM table_status t ` +
    `WHERE t.host_id = hosts.host_id AND t.table_name IN (${appliesReads.map(quoteText).join(', ')}) ` +
    `AND t.status <> 'unsupported' AND ${areRowsKnown}) = ${appliesReads.length}`
  );
};

/**
 * The hosts on which a query cannot be evaluated, and why, as one statement for any engine: columns host_id,
 * table_name, column_name, reason. A host may have several rows, and may be a hit all the same.
 */
export const blindSpotsSql = (query: Query): string => {
  const all = blindSpotStatements(query).join('\nUNION ALL\n');
  const statement = exemptStatement(query);
  const exempt = statement === null ? '' : `\nWHERE b.host_id NOT IN (${statement})`;
  return `SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason\nFROM (\n${all}\n) b${exempt}\nORDER BY 1, 2, 3, 4`;
};

/** Who says why something is not known: table_status of the table, the question itself, or nobody. */
export type Because =
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

export const hasHistory = (db: Db): boolean =>
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

type AnyRow = Readonly<Record<string, Value>>;

const compare = (a: string | null, b: string | null): number => {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
};

const becauseOf = ({ status, told }: AnyRow, otherwise: Why['otherwise']): Because =>
  typeof status === 'string'
    ? { by: 'table_status', status, told: told == null ? null : String(told) }
    : { by: otherwise };

const asksEachHost = ({ isOfFleet, leastHosts }: Query): boolean => !isOfFleet && leastHosts === 0;

/** Answers that are true of some hosts, and answers that are true of the others, in the order of the hosts. */
const joinParts = (parts: readonly Part<readonly Answer[]>[]): readonly Answer[] => {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first?.of ?? [];
  return first.of.map(({ query }, index) => {
    const all = parts.flatMap(({ of, isTrueOf }) => {
      const answer = of[index];
      return answer === undefined ? [] : [{ answer, isTrueOf }];
    });
    const inOrder = <V>(of: (answer: Answer) => ReadonlyMap<string, V>): ReadonlyMap<string, V> =>
      new Map(
        all
          .flatMap(({ answer, isTrueOf }) => [...of(answer)].filter(([host]) => isTrueOf(host)))
          .sort(([a], [b]) => compare(a, b)),
      );
    return {
      query,
      hits: all
        .flatMap(({ answer, isTrueOf }) => answer.hits.filter(({ hostId }) => isTrueOf(hostId ?? '')))
        .sort((a, b) => compare(a.hostId, b.hostId)),
      blindSpots: inOrder(({ blindSpots }) => blindSpots),
      verdicts: inOrder(({ verdicts }) => verdicts),
    };
  });
};

/**
 * Evaluates queries on a database, by what the last look at each host told for certain, or one of the age that a header
 * allows.
 */
export const evaluate = (db: Db, queries: readonly Query[], options: EvaluateOptions): Answer[] => {
  const answers = new Map<Query, Answer>();
  for (const [maxAge, own] of Map.groupBy(queries, (query) => query.maxAge)) {
    const [ofHosts, ofFleet] = [own.filter(asksEachHost), own.filter((query) => !asksEachHost(query))];
    const ask = (asked: readonly Query[]) => () => evaluateAll(db, asked, options);
    const found = [
      ...joinParts(asSeenInParts(db, options.tables, maxAge, ask(ofHosts))),
      ...(ofFleet.length === 0 ? [] : asSeen(db, options.tables, maxAge, ask(ofFleet))),
    ];
    for (const answer of found) answers.set(answer.query, answer);
  }
  return queries.flatMap((query) => answers.get(query) ?? []);
};

/** What several queries require is looked up once. */
const evaluateAll = (db: Db, queries: readonly Query[], { now, names: known }: EvaluateOptions): Answer[] => {
  const remembered = new Map<string, readonly AnyRow[]>();
  const rowsOf = (sql: string): readonly AnyRow[] =>
    prepareGuarded(db, sql, known).safeIntegers(false).all({ now }) as readonly AnyRow[];
  const once = (sql: string): readonly AnyRow[] => {
    const rows = remembered.get(sql) ?? rowsOf(sql);
    remembered.set(sql, rows);
    return rows;
  };
  const ahead = aheadSpotsOf(db);
  const told = once(`SELECT host_id FROM ${everyHost} h ORDER BY host_id`).map((row) =>
    String(row['host_id']),
  );
  // A host may have no snapshot that counts.
  const hosts = [...new Set([...told, ...ahead.keys()])].sort(compare);
  const canCompare = hasHistory(db);
  const hostsOf = (sql: string | null | undefined): ReadonlySet<Value | undefined> =>
    new Set(sql == null ? [] : once(sql).map((row) => row['host_id']));

  const blindSpotsOf = (query: Query): Map<string, BlindSpot[]> => {
    const found = new Map<string, BlindSpot[]>();
    if (query.needsHistory && !canCompare) return new Map(hosts.map((host) => [host, [noHistory]]));
    const exempt = hostsOf(exemptStatement(query));
    for (const { withParts, otherwise, butFor } of spotStatements(query)) {
      const settled = hostsOf(butFor);
      for (const row of once(withParts)) {
        const host = row['host_id'];
        if (typeof host !== 'string' || exempt.has(host) || settled.has(host)) continue;
        const one: BlindSpot = {
          table: String(row['table_name']),
          column: row['column_name'] as string | null,
          reason: String(row['reason']),
          because: becauseOf(row, otherwise),
        };
        const own = found.get(host);
        if (own === undefined) found.set(host, [one]);
        else if (
          !own.some(
            ({ table, column, reason }) =>
              table === one.table && column === one.column && reason === one.reason,
          )
        )
          own.push(one);
      }
    }
    for (const [host, spot] of ahead) found.set(host, [...(found.get(host) ?? []), spot]);
    for (const spots of found.values()) {
      spots.sort(
        (a, b) => compare(a.table, b.table) || compare(a.column, b.column) || compare(a.reason, b.reason),
      );
    }
    return found;
  };

  return queries.map((query): Answer => {
    const blindSpots = blindSpotsOf(query);
    const rows = query.needsHistory && !canCompare ? [] : rowsOf(query.sql);
    const hits = rows.map(({ host_id: hostId, subject, ...facts }): Hit => ({
      hostId: hostId == null ? null : String(hostId),
      subject: subject == null ? null : String(subject),
      facts,
    }));
    const hit = new Set(hits.map(({ hostId }) => hostId));
    const verdicts = new Map(
      hosts.map((host): [string, Verdict] => [
        host,
        hit.has(host) ? 'hit' : blindSpots.has(host) ? 'unknown' : 'clean',
      ]),
    );
    return { query, hits, blindSpots, verdicts };
  });
};
