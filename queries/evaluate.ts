/**
 * What came of a query on each host: hit, clean or unknown, and never two of them.
 *
 * A hit rests on proven facts only; that is the duty of the SQL. Clean means that everything was known that
 * could have made a hit; that is decided here, from what the query requires, in SQL that runs on every
 * engine too. What else is there is unknown. A hit on a host with blind spots stays a hit, with the blind
 * spots beside it.
 */
import { isGood, isSeen, isTold } from '../collector/status.ts';
import type { Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName, quoteText, statusList } from '../store/ddl.ts';
import { prepareGuarded } from '../store/guard.ts';
import type { ClosedColumn, Query, Requirement } from './query.ts';

/**
 * How long after a change a detection query still tells it, and how new a
 * snapshot must be to prove "no change".
 */
export const windowSeconds = 7 * 86_400;

/** Every host that is known at all. */
const everyHost = '(SELECT host_id FROM hosts UNION SELECT host_id FROM table_status)';

const spot = (host: string, table: string, column: string | null, reason: string): string =>
  `SELECT DISTINCT ${host} AS host_id, ${quoteText(table)} AS table_name, ` +
  `${column === null ? 'CAST(NULL AS VARCHAR(64))' : quoteText(column)} AS column_name, ${reason} AS reason`;

/** True when the JSON array of column names holds the name; no engine shares its JSON functions with another. */
const names = (list: string, column: string): string =>
  `REPLACE(${list}, ${quoteText(`"${column}"`)}, '') <> ${list}`;

/** True when the JSON object of columns_inapplicable has the column: a fact that this Mac or this macOS has not. */
const isInapplicable = (column: string): string =>
  `REPLACE(t.columns_inapplicable, ${quoteText(`"${column}":`)}, '') <> t.columns_inapplicable`;

const goodOnes = statusList(isGood);
const toldOnes = statusList(isTold);

/** Of a partial table rows may be missing: where it says so, and where it is not named which columns are. */
const mayMissRows = '(t.columns_affected IS NULL OR COALESCE(t.rows_may_be_missing, 0) = 1)';
const rowsAreThere = `(t.status IN ${statusList(isSeen)} OR (t.status = 'partial' AND NOT ${mayMissRows}))`;

/** The statements that find the hosts of which one requirement is not known. */
const spotsOfRequirement = ({ table, column, isNullAnswer, where }: Requirement): string[] => {
  if (table === 'table_status') {
    return [
      `${spot('h.host_id', table, null, "'nothing was collected'")}\nFROM ${everyHost} h\n` +
        'WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id)',
    ];
  }
  const isTable = `t.table_name = ${quoteText(table)}`;
  const why = "t.status || ': ' || COALESCE(t.reason, 'no reason is known')";
  const found = [
    `${spot('h.host_id', table, null, "'it was not collected'")}\nFROM ${everyHost} h\n` +
      `WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND ${isTable})`,
    // Of a partial table rows may be missing: it is enough only where it is named which columns are. What this Mac or
    // this macOS has not is not unknown.
    `${spot('t.host_id', table, null, why)}\nFROM table_status t\nWHERE ${isTable}\n` +
      `  AND (t.status NOT IN ${toldOnes} OR (t.status = 'partial'${column === null && where === null ? '' : ` AND ${mayMissRows}`}))`,
  ];
  // A condition that is neither true nor false may be true.
  const matters = where === null ? '' : `CASE WHEN NOT (${where}) THEN 0 ELSE 1 END = 1`;
  if (column === null) {
    if (where === null) return found;
    return [
      ...found,
      `${spot('r.host_id', table, null, "'a row leaves it open, or has no counterpart in a table that the question reads'")}\n` +
        `FROM (\n  SELECT host_id\n  FROM ${quoteName(table)}\n  WHERE ${matters}\n) r`,
    ];
  }
  if (isNullAnswer) {
    return [
      ...found,
      `${spot('t.host_id', table, column, why)}\nFROM table_status t\nWHERE ${isTable}\n` +
        `  AND t.status IN ${goodOnes}\n  AND ${names('t.columns_affected', column)}`,
    ];
  }
  return [
    ...found,
    `${spot('r.host_id', table, column, `CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR ${names('t.columns_affected', column)}) THEN ${why} ELSE 'the value is not known' END`)}\n` +
      `FROM (\n  SELECT host_id\n  FROM ${quoteName(table)}\n  WHERE ${quoteName(column)} IS NULL${matters && `\n    AND ${matters}`}\n) r\n` +
      `LEFT JOIN table_status t ON t.host_id = r.host_id AND ${isTable}\nWHERE COALESCE(t.status, 'ok') <> 'unsupported' AND CASE WHEN ${isInapplicable(column)} THEN 0 ELSE 1 END = 1`,
  ];
};

const spotsOfHistory = (table: string, isOfFleet: boolean): string =>
  `${spot('h.host_id', table, null, isOfFleet ? "'two good snapshots are needed'" : "'two good snapshots are needed, the newer of the last seven days'")}\n` +
  `FROM ${everyHost} h\n` +
  'LEFT JOIN (\n  SELECT host_id, MIN(valid_from_time) AS first_time\n' +
  `  FROM ${quoteName(`${table}_history`)}\n  WHERE valid_from_time <= :now\n  GROUP BY host_id\n) f ON f.host_id = h.host_id\n` +
  `LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = ${quoteText(table)}\n` +
  `WHERE CASE WHEN t.last_good_time > f.first_time${isOfFleet ? '' : ` AND t.last_good_time > :now - ${windowSeconds}`} THEN 0 ELSE 1 END = 1`;

const spotsOfSize = (least: number): string =>
  `${spot('h.host_id', 'hosts', null, `'at least ${least} hosts are needed to compare'`)}\nFROM ${everyHost} h\n` +
  `WHERE (SELECT COUNT(*) FROM hosts) < ${least}`;

/**
 * A word that its list does not have is one of a newer version: what the query makes of it proves nothing. Of
 * what is past, only what still held in the time in question counts.
 */
const spotsOfWords = (
  { table, column, values }: ClosedColumn,
  { needsHistory, isOfFleet }: Query,
): string => {
  const name = quoteName(column);
  const from = quoteName(needsHistory ? `${table}_history` : table);
  const time = `\n    AND (valid_until_time IS NULL OR valid_until_time > :now - ${windowSeconds})`;
  const reason = `${quoteText(`${column} has the word `)} || r.word || ', which this version does not know: upgrade tokenquery'`;
  return (
    `${spot('r.host_id', table, column, reason)}\nFROM (\n  SELECT host_id, ${name} AS word\n  FROM ${from}\n` +
    `  WHERE ${name} NOT IN (${values.map(quoteText).join(', ')})${needsHistory && !isOfFleet ? time : ''}\n) r`
  );
};

/** Statements of the shared SQL, each of which finds hosts on which the query cannot be evaluated. */
export const blindSpotStatements = (query: Query): readonly string[] => [
  ...query.requires.flatMap(spotsOfRequirement),
  ...query.closed.map((column) => spotsOfWords(column, query)),
  ...(query.needsHistory
    ? [...new Set(query.requires.map(({ table }) => table))].map((table) =>
        spotsOfHistory(table, query.isOfFleet),
      )
    : []),
  ...(query.leastHosts > 0 ? [spotsOfSize(query.leastHosts)] : []),
];

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
    `AND ${rowsAreThere}) = ${appliesReads.length}`
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

export interface BlindSpot {
  readonly table: string;
  readonly column: string | null;
  readonly reason: string;
}

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
}

export const hasHistory = (db: Db): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'users_history'").get() !== undefined;

const noHistory: BlindSpot = {
  table: 'snapshots',
  column: null,
  reason:
    'it compares snapshots: take two or more with tokenquery snapshot --db FILE, and ask with --db FILE',
};

type AnyRow = Readonly<Record<string, Value>>;

const compare = (a: string | null, b: string | null): number => {
  if (a === b) return 0;
  return (a ?? '') < (b ?? '') ? -1 : 1;
};

/** Evaluates queries on a database; what several of them require is looked up once. */
export const evaluate = (
  db: Db,
  queries: readonly Query[],
  { now, names: known }: EvaluateOptions,
): Answer[] => {
  const remembered = new Map<string, readonly AnyRow[]>();
  const rowsOf = (sql: string): readonly AnyRow[] =>
    prepareGuarded(db, sql, known).safeIntegers(false).all({ now }) as readonly AnyRow[];
  const once = (sql: string): readonly AnyRow[] => {
    const rows = remembered.get(sql) ?? rowsOf(sql);
    remembered.set(sql, rows);
    return rows;
  };
  const hosts = once(`SELECT host_id FROM ${everyHost} h ORDER BY host_id`).map((row) =>
    String(row['host_id']),
  );
  const canCompare = hasHistory(db);

  const blindSpotsOf = (query: Query): Map<string, BlindSpot[]> => {
    const found = new Map<string, BlindSpot[]>();
    if (query.needsHistory && !canCompare) return new Map(hosts.map((host) => [host, [noHistory]]));
    const statement = exemptStatement(query);
    const exempt = new Set(statement === null ? [] : once(statement).map((row) => row['host_id']));
    for (const sql of blindSpotStatements(query)) {
      for (const row of once(sql)) {
        const host = row['host_id'];
        if (typeof host !== 'string' || exempt.has(host)) continue;
        const one: BlindSpot = {
          table: String(row['table_name']),
          column: row['column_name'] as string | null,
          reason: String(row['reason']),
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
