/** What of the tables that an answer was read from the last look at a Mac did not see. As store/blind_spots.ts tells it. */
import { ask } from './client.js';
import { quoteText } from './sql.js';

/** The name by which analysts know a table of a store. */
const analystName = (name) =>
  name === '_finding' || name === '_verdict' ? 'findings' : name.replace(/^_(?:current|past)_/, '');

// They speak of the looks themselves: no status tells of them.
const reports = new Set(['table_status', 'collection_errors', 'command_log']);

/** The tables that an answer speaks of, of which it is told whether they were seen. */
export const factsOf = (touched, tables) =>
  [...new Set(touched.map(analystName))].filter((name) => tables.has(name) && !reports.has(name));

const spotsStatement = (names) =>
  `SELECT b.table_name, b.status, CASE WHEN COUNT(DISTINCT b.reason) = 1 THEN MAX(b.reason) END, COUNT(DISTINCT b.host_id)
FROM blind_spots b
WHERE b.table_name IN (${names.map(quoteText).join(', ')})
GROUP BY b.table_name, b.status
UNION ALL
SELECT n.value, NULL, NULL, (SELECT COUNT(*) FROM _host) - (SELECT COUNT(*) FROM table_status t WHERE t.table_name = n.value)
FROM json_each(${quoteText(JSON.stringify(names.filter((name) => name !== 'findings')))}) n
ORDER BY 1, 2`;

const lineOf = ([table, status, reason, macs]) => {
  const on = macs === 1 ? 'on 1 Mac' : `on ${macs} Macs`;
  if (table === 'findings')
    return `${on}, findings and verdicts do not tell of the last look: it was not judged`;
  if (status === null) return `${on}, ${table} was not collected: it is not in the last look`;
  return `${on}, ${table} is ${status}: ${reason ?? 'table_status has the reasons'}`;
};

const ahead = 'SELECT COUNT(DISTINCT a.host_id) FROM ahead_snapshots a WHERE a.is_newest = 1';

/** Lines that say what was not seen, and whether nothing is missing. */
export const blindSpotsOf = async (touched, tables) => {
  const names = factsOf(touched, tables);
  if (names.length === 0) {
    // What begins so is how a store is kept: of the file itself, nothing is hidden.
    const isWhole = touched.every((name) => name.startsWith('_') || name.startsWith('sqlite_'));
    const line = isWhole
      ? 'It reads no facts of Macs.'
      : 'It reads tables of which nothing tells whether they are whole.';
    return { lines: [line], isWhole };
  }
  const answer = await ask(spotsStatement(names));
  if (answer.error !== undefined)
    return { lines: [`It could not be told what was not seen: ${answer.error}.`], isWhole: false };
  const lines = answer.rows.filter(([, , , macs]) => macs > 0).map(lineOf);
  // A file of an older version does not know it, and counts every look.
  if (tables.has('ahead_snapshots')) {
    const late = await ask(ahead);
    if (late.error !== undefined)
      lines.push(`it could not be told whether a last look is dated ahead: ${late.error}`);
    else if (late.rows[0][0] > 0)
      lines.push(`the last look at ${late.rows[0][0]} Macs is dated ahead, and does not count`);
  }
  return { lines: [...lines, `It reads ${names.join(', ')}.`], isWhole: lines.length === 0 };
};
