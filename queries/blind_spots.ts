/** The statements that find hosts on which a query cannot be evaluated, made from what it requires. */
import { isGood } from '../collector/status.ts';
import { quoteName, quoteText, statusList } from '../store/ddl.ts';
import { areRowsKnown, everyHost, isTableKnown, maybeUnknown } from './known.ts';
import type { Requirement } from './known.ts';
import type { ClosedColumn, Query } from './query.ts';

/**
 * How long after a change a detection query still tells it, and how new a
 * snapshot must be to prove "no change".
 */
const windowSeconds = 7 * 86_400;

/** Why something is not known, as SQL: in words, and what the words are made of, where table_status says it. */
export interface Why {
  readonly words: string;
  readonly status: string;
  readonly told: string;
  /** Who says it where table_status does not; `hosts`: that there are too few of them. */
  readonly otherwise: 'question' | 'nobody' | 'hosts';
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
export interface SpotStatement {
  /** For any engine. */
  readonly sql: string;
  /**
   * The same for SQLite, with the columns status and told.
   *
   * @param only What else must be true of a row that `glance` speaks of.
   */
  readonly withParts: (only: string) => string;
  readonly otherwise: Why['otherwise'];
  /** It finds the hosts of which table_status has nothing for this table, and no others. */
  readonly absentFrom?: string;
  /** It finds hosts with such a row, and no others: many of them are looked for at once. */
  readonly glance?: Glance;
  /** It goes through every host that is known: `withParts` takes where to find them. */
  readonly isOfEveryHost?: true;
  /** Of `withParts`: finds hosts of which it says nothing; null where there are none such. */
  readonly butFor?: string;
}

/** Rows of a table that may leave something open; the condition reads its own columns only. */
export interface Glance {
  readonly table: string;
  readonly condition: string;
}

/** Where rows that a glance speaks of stand in the text of a statement. */
const rowsOfGlance = ({ table, condition }: Glance, and: string, select = 'host_id'): string =>
  `(\n  SELECT ${select}\n  FROM ${quoteName(table)}\n  WHERE ${condition}${and}\n) r`;

const spot = (
  host: string,
  table: string,
  column: string | null,
  { words, status, told, otherwise }: Why,
  source: string | ((only: string) => string),
): SpotStatement => {
  const from = typeof source === 'string' ? () => source : source;
  const columns =
    `SELECT DISTINCT ${host} AS host_id, ${quoteText(table)} AS table_name, ` +
    `${column === null ? 'CAST(NULL AS VARCHAR(64))' : quoteText(column)} AS column_name, ${words} AS reason`;
  return {
    sql: `${columns}\nFROM ${from('')}`,
    withParts: (only) => `${columns}, ${status} AS status, ${told} AS told\nFROM ${from(only)}`,
    otherwise,
  };
};

/** True when the JSON array of column names holds the name; no engine shares its JSON functions with another. */
const names = (list: string, column: string): string =>
  `REPLACE(${list}, ${quoteText(`"${column}"`)}, '') <> ${list}`;

/** True when the JSON object of columns_inapplicable has the column: a fact that this Mac or this macOS has not. */
const isInapplicable = (column: string): string =>
  `REPLACE(t.columns_inapplicable, ${quoteText(`"${column}":`)}, '') <> t.columns_inapplicable`;

export const wasNotCollected = 'it was not collected';
const goodOnes = statusList(isGood);
const nothingCollected = spot(
  'h.host_id',
  'table_status',
  null,
  ofQuestion("'nothing was collected'"),
  `${everyHost} h\nWHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id)`,
);

const isOf = (table: string): string => `t.table_name = ${quoteText(table)}`;

/** The hosts of which a table is not known, or not enough of it. */
const spotsOfTable = (requirement: Requirement): readonly SpotStatement[] => {
  const { table } = requirement;
  return [
    {
      ...spot(
        'h.host_id',
        table,
        null,
        ofQuestion(quoteText(wasNotCollected)),
        `${everyHost} h\nWHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND ${isOf(table)})`,
      ),
      absentFrom: table,
    },
    // Of a partial table rows may be missing: it is enough only where it is named which columns are. What this Mac or
    // this macOS has not is not unknown.
    {
      ...spot(
        't.host_id',
        table,
        null,
        whyOfTable,
        (only) => `table_status t\nWHERE ${isOf(table)}\n  AND NOT ${isTableKnown(requirement)}${only}`,
      ),
      glance: { table: 'table_status', condition: maybeUnknown(table) },
    },
  ];
};

/** A condition that is neither true nor false may be true. */
const mayHold = (where: string): string => `CASE WHEN NOT (${where}) THEN 0 ELSE 1 END = 1`;

/** It says that something is missing, and not what: another blind spot mostly does. */
export const rowLeavesItOpen =
  'a row leaves it open, or has no counterpart in a table that the question reads';

/** The hosts with a row that must not be there, or may be such a one. */
const spotOfRow = (table: string, where: string): SpotStatement =>
  spot(
    'r.host_id',
    table,
    null,
    ofQuestion(quoteText(rowLeavesItOpen)),
    `(\n  SELECT host_id\n  FROM ${quoteName(table)}\n  WHERE ${mayHold(where)}\n) r`,
  );

/** The hosts of which table_status tells that NULL in the column is no answer. */
const spotOfAnswer = (table: string, column: string): SpotStatement => ({
  ...spot(
    't.host_id',
    table,
    column,
    whyOfTable,
    (only) =>
      `table_status t\nWHERE ${isOf(table)}\n  AND t.status IN ${goodOnes}\n` +
      `  AND (${names('t.columns_affected', column)} OR ${names('t.columns_uncertain', column)})${only}`,
  ),
  glance: {
    table: 'table_status',
    condition: `table_name = ${quoteText(table)} AND (columns_affected <> '[]' OR columns_uncertain <> '[]')`,
  },
});

/** The hosts with a row that matters of which the column is not known. */
const spotOfNull = (table: string, column: string, where: string | null): SpotStatement => {
  const glance: Glance = { table, condition: `${quoteName(column)} IS NULL` };
  const matters = where === null ? '' : `\n    AND ${mayHold(where)}`;
  const isTold = `t.reason IS NOT NULL AND (t.status = 'partial' OR ${names('t.columns_affected', column)})`;
  const found = spot(
    'r.host_id',
    table,
    column,
    whyOfValue(isTold),
    (only) =>
      `${rowsOfGlance(glance, `${matters}${only}`)}\n` +
      `LEFT JOIN table_status t ON t.host_id = r.host_id AND ${isOf(table)}\nWHERE COALESCE(t.status, 'ok') <> 'unsupported' AND CASE WHEN ${isInapplicable(column)} THEN 0 ELSE 1 END = 1`,
  );
  return { ...found, glance };
};

/** The statements that find the hosts of which one requirement is not known. */
const spotsOfRequirement = (requirement: Requirement): readonly SpotStatement[] => {
  const { table, column, isNullAnswer, where } = requirement;
  if (table === 'table_status') return [nothingCollected];
  const found = spotsOfTable(requirement);
  if (column === null) return where === null ? found : [...found, spotOfRow(table, where)];
  return [...found, isNullAnswer ? spotOfAnswer(table, column) : spotOfNull(table, column, where)];
};

/** The same, but for hosts on which it is proven that nothing that is not known could matter. */
const spotsThatMatter = (requirement: Requirement): readonly SpotStatement[] => {
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
  const isSeen = column === null || isNullAnswer ? '' : ` AND r.${quoteName(column)} IS NOT NULL`;
  const found = spot(
    'h.host_id',
    table,
    null,
    ofQuestion(
      isOfFleet
        ? "'two good snapshots are needed'"
        : "'two good snapshots are needed, the newer of the last seven days'",
    ),
    (hosts) =>
      `${hosts === '' ? everyHost : hosts} h\nLEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = ${quoteText(table)}\n` +
      `WHERE CASE WHEN ${isOfFleet ? '' : `t.last_good_time > :now - ${windowSeconds} AND `}EXISTS (\n` +
      `  SELECT 1\n  FROM ${quoteName(`${table}_history`)} r\n` +
      `  WHERE r.host_id = h.host_id AND r.valid_from_time < t.last_good_time AND r.valid_from_time <= :now${isSeen}\n` +
      ') THEN 0 ELSE 1 END = 1',
  );
  return { ...found, isOfEveryHost: true };
};

/** Finds every host where there are too few: the one statement that counts hosts. */
export const sizeStatements = ({ leastHosts }: Query): readonly SpotStatement[] =>
  leastHosts === 0
    ? []
    : [
        spot(
          'h.host_id',
          'hosts',
          null,
          { ...ofQuestion(`'at least ${leastHosts} hosts are needed to compare'`), otherwise: 'hosts' },
          `${everyHost} h\nWHERE (SELECT COUNT(*) FROM hosts) < ${leastHosts}`,
        ),
      ];

/**
 * A word that its list does not have is one of a newer version: what the query makes of it proves nothing. Of
 * what is past, only what still held in the time in question counts.
 */
const spotsOfWords = (
  { table, column, values }: ClosedColumn,
  { needsHistory, isOfFleet }: Query,
): SpotStatement => {
  const name = quoteName(column);
  const time = `\n    AND (valid_until_time IS NULL OR valid_until_time > :now - ${windowSeconds})`;
  const reason = `${quoteText(`${column} has the word `)} || r.word || ', which this version does not know: upgrade tokenquery'`;
  const glance: Glance = {
    table: needsHistory ? `${table}_history` : table,
    condition: `${name} NOT IN (${values.map(quoteText).join(', ')})${needsHistory && !isOfFleet ? time : ''}`,
  };
  return {
    ...spot('r.host_id', table, column, ofQuestion(reason), (only) =>
      rowsOfGlance(glance, only, `host_id, ${name} AS word`),
    ),
    glance,
  };
};

/** What each tells of a host rests on that host alone. */
export const spotStatements = (query: Query): readonly SpotStatement[] => [
  ...query.requires.flatMap(spotsThatMatter),
  ...query.closed.map((column) => spotsOfWords(column, query)),
  ...(query.needsHistory
    ? query.requires.map((requirement) => spotsOfHistory(requirement, query.isOfFleet))
    : []),
];

/** Statements of the shared SQL, each of which finds hosts on which the query cannot be evaluated. */
export const blindSpotStatements = (query: Query): readonly string[] =>
  [...spotStatements(query), ...sizeStatements(query)].map(({ sql }) => sql);

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
