/** What came of each question on each host, with the time in which it held. */
import type { Preparing } from './database.ts';
import { hostIdOf } from './ddl.ts';

export const verdictTables: Readonly<Record<string, string>> = {
  _verdict: `CREATE TABLE "_verdict" (
  host INTEGER NOT NULL,
  query_name TEXT NOT NULL,
  from_time INTEGER NOT NULL,
  until_time INTEGER,
  verdict TEXT NOT NULL,
  PRIMARY KEY (host, query_name, from_time)
) STRICT, WITHOUT ROWID`,
};

const columns = `v.query_name, v.verdict, ${hostIdOf('h')}`;
const from = 'FROM main._host h JOIN main._verdict v ON v.host = h.host';

export const verdictViews: Readonly<Record<string, string>> = {
  verdicts: `SELECT ${columns}, v.from_time AS since_time ${from} WHERE v.until_time IS NULL`,
  verdicts_history: `SELECT ${columns}, v.from_time AS valid_from_time, v.until_time AS valid_until_time ${from}`,
};

/** What `verdicts` means under `--as-of`. */
export const verdictsAsOf = (time: number | string): string =>
  `SELECT ${columns}, v.from_time AS since_time ${from} ` +
  `WHERE v.from_time <= ${time} AND (v.until_time IS NULL OR v.until_time > ${time})`;

interface OpenVerdict {
  readonly name: string;
  readonly fromTime: number;
  readonly verdict: string;
}

/** Brings the verdicts of a host to those of a time; one that did not change is not touched. */
export const storeVerdicts = (
  db: Preparing,
  host: number,
  verdicts: ReadonlyMap<string, string>,
  time: number,
): void => {
  const open = db
    .prepare(
      'SELECT query_name AS name, from_time AS fromTime, verdict FROM _verdict WHERE host = ? AND until_time IS NULL',
    )
    .safeIntegers(false)
    .all(host) as OpenVerdict[];
  const held = new Set<string>();
  for (const { name, fromTime, verdict } of open) {
    if (verdicts.get(name) === verdict) held.add(name);
    // One of this very time is replaced.
    else if (fromTime === time)
      db.prepare('DELETE FROM _verdict WHERE host = ? AND query_name = ? AND from_time = ?').run(
        host,
        name,
        time,
      );
    else
      db.prepare(
        'UPDATE _verdict SET until_time = ? WHERE host = ? AND query_name = ? AND from_time = ?',
      ).run(time, host, name, fromTime);
  }
  const begun = [...verdicts].filter(([name]) => !held.has(name));
  if (begun.length === 0) return;
  // In the order of the table, and in one statement: of a new host all begin.
  db.prepare('INSERT INTO _verdict SELECT ?, value ->> 0, ?, NULL, value ->> 1 FROM json_each(?)').run(
    host,
    time,
    JSON.stringify(begun.sort(([a], [b]) => (a < b ? -1 : 1))),
  );
};
