/** What the page knows of the open file: its tables and columns, what they mean, and the verdicts that it keeps. */
import { ask } from './client.js';
import { countStatement } from './questions.js';
import { quoteText } from './sql.js';

const isShown =
  "m.type IN ('table', 'view') AND substr(m.name, 1, 1) <> '_' AND substr(m.name, 1, 7) <> 'sqlite_'";
const columnsStatement = `SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE ${isShown} ORDER BY m.name, p.cid`;
const namesStatement = `SELECT m.name FROM sqlite_schema m WHERE ${isShown} ORDER BY m.name`;

const meaningsStatement =
  'SELECT c.table_name, c.column_name, c.type, c.unit, c.allowed_values, c.meaning, c.meaning_of_null FROM columns c';

const commentsStatement = "SELECT m.name, m.sql FROM sqlite_schema m WHERE m.type = 'view'";

const mostRowsOfWorld = 100_000;

/** Rows, or none where the file cannot answer. */
const rowsOf = async (sql) => (await ask(sql, mostRowsOfWorld)).rows ?? [];

/** Rows, or why there are none: what could not be counted is not nothing. */
const rowsOrFault = async (sql) => {
  const { rows, error } = await ask(sql, mostRowsOfWorld);
  return { rows: rows ?? null, fault: error ?? null };
};

const grouped = (rows, valueOf) => {
  const groups = new Map();
  for (const [key, ...rest] of rows) {
    const group = groups.get(key) ?? [];
    group.push(valueOf(rest));
    groups.set(key, group);
  }
  return groups;
};

/** The columns of each table. A view that cannot be read takes its own columns away, and no others. */
const readColumns = async () => {
  const all = await ask(columnsStatement, mostRowsOfWorld);
  if (all.error === undefined) return grouped(all.rows, ([name]) => name);
  const columns = new Map();
  for (const [table] of await rowsOf(namesStatement)) {
    const own = await rowsOf(`SELECT p.name FROM pragma_table_info(${quoteText(table)}) p ORDER BY p.cid`);
    columns.set(
      table,
      own.map(([name]) => name),
    );
  }
  return columns;
};

const meaningOf = ([name, type, unit, allowed, meaning, ofNull]) => [
  name,
  { type, unit, allowed_values: allowed, meaning, meaning_of_null: ofNull },
];

/** A view of a store begins with what it is; there, a point after `main` is escaped. */
const commentOf = ([name, sql]) => {
  const found = /^CREATE VIEW [^\n]* AS\n-- ([^\n]*)/.exec(sql ?? '');
  return [name, found === null ? undefined : found[1].replaceAll(String.raw`main\u002e`, 'main.')];
};

/** Reads what there is to know of the file that was opened, but for what takes its time. */
export const readWorld = async (library) => {
  const columns = await readColumns();
  const meanings = grouped(await rowsOf(meaningsStatement), meaningOf);
  return {
    ...library,
    columns,
    meanings: new Map([...meanings].map(([table, pairs]) => [table, new Map(pairs)])),
    comments: new Map((await rowsOf(commentsStatement)).map(commentOf)),
    // Not counted yet.
    counted: null,
    about: await rowsOrFault('SELECT * FROM about'),
  };
};

/** How many Macs have each verdict, by question; a large file takes a second or two. */
export const readCounts = async (library) => {
  const counts = await rowsOrFault(countStatement(library.notJudged));
  const macs = await rowsOrFault('SELECT COUNT(DISTINCT s.host_id) FROM snapshots s');
  return {
    verdicts: new Map(
      [...grouped(counts.rows ?? [], (rest) => rest)].map(([name, pairs]) => [name, new Map(pairs)]),
    ),
    macs: macs.rows?.[0]?.[0] ?? null,
    fault: counts.fault ?? macs.fault,
  };
};
