/** Pieces of the statements of a report. They read what a store shows to analysts, and nothing behind it. */
import { quoteText } from '../../store/ddl.ts';

/** The Macs of which nobody judged the last look, or whose last look does not count: what was found before is no answer. */
export const notJudged =
  "SELECT b.host_id FROM blind_spots b WHERE b.table_name = 'findings'\n" +
  '    UNION SELECT a.host_id FROM ahead_snapshots a WHERE a.is_newest = 1\n' +
  // A file that an older version judged has findings, and no verdicts.
  '    UNION SELECT e.host_id FROM latest_snapshots e WHERE NOT EXISTS (SELECT 1 FROM verdicts j WHERE j.host_id = e.host_id)';

/** Every Mac of the file. */
export const allMacs = '(SELECT COUNT(DISTINCT x.host_id) FROM snapshots x)';

/** Of how many Macs one of these tables was not wholly seen. What a Mac does not have is no gap. */
export const notWhollySeen = (...tables: readonly string[]): string =>
  `SELECT ${allMacs} - COUNT(*) FROM (\n` +
  `  SELECT t.host_id FROM table_status t WHERE t.table_name IN (${tables.map(quoteText).join(', ')})\n` +
  "    AND t.status IN ('ok', 'empty', 'unsupported')\n" +
  `  GROUP BY t.host_id HAVING COUNT(*) = ${tables.length}\n)`;

/** The gravest first. */
export const rankOf = (severity: string): string =>
  `CASE ${severity} WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END`;

/** How many of the rows of a group fit. */
export const counted = (condition: string): string => `COUNT(CASE WHEN ${condition} THEN 1 END)`;

export const daySeconds = 86_400;
export const weekSeconds = 7 * daySeconds;

/** Weeks begin on Monday, 0 o'clock UTC; this is the first of 1970. */
const firstMonday = 4 * daySeconds;
export const weekOf = (time: number): number => time - ((time - firstMonday) % weekSeconds);

/** So many weeks are told of. */
export const weeksTold = 13;
export const firstWeek = (now: number): number => weekOf(now) - (weeksTold - 1) * weekSeconds;
