/** Findings in a store: each is a row with the time in which it held, so that its life can be queried. */
import type { Preparing } from './database.ts';
import { hostIdOf } from './ddl.ts';
import { rankOf } from './versions.ts';

/** A finding of one host, as queries/findings.ts makes it. */
export interface FindingRow {
  readonly query_name: string;
  readonly severity: string;
  readonly host_id: string;
  readonly subject: string;
  /** JSON array of the facts. */
  readonly details: string;
}

export interface EvaluatedHost {
  readonly rows: readonly FindingRow[];
  /** Queries that could not be evaluated: what they found before neither stays found nor is gone. */
  readonly unevaluated: ReadonlySet<string>;
}

export const findingTables: Readonly<Record<string, string>> = {
  _finding: `CREATE TABLE "_finding" (
  host INTEGER NOT NULL,
  query_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  from_time INTEGER NOT NULL,
  until_time INTEGER,
  severity TEXT NOT NULL,
  details TEXT NOT NULL,
  first_seen_time INTEGER NOT NULL,
  PRIMARY KEY (host, query_name, subject, from_time)
) STRICT, WITHOUT ROWID`,
};

const columns = `f.query_name, f.severity, ${hostIdOf('h')}, f.subject, f.details, f.first_seen_time`;
const from = 'FROM main._host h JOIN main._finding f ON f.host = h.host';

export const findingViews: Readonly<Record<string, string>> = {
  findings: `SELECT ${columns} ${from} WHERE f.until_time IS NULL`,
  findings_history: `SELECT ${columns}, f.from_time AS valid_from_time, f.until_time AS valid_until_time ${from}`,
};

/** What `findings` means under `--as-of`. */
export const findingsAsOf = (time: number): string =>
  `SELECT ${columns} ${from} WHERE f.from_time <= ${time} AND (f.until_time IS NULL OR f.until_time > ${time})`;

interface OpenFinding {
  readonly queryName: string;
  readonly subject: string;
  readonly fromTime: number;
  readonly severity: string;
  readonly details: string;
  readonly firstSeenTime: number;
}

const keyOf = (queryName: string, subject: string): string => JSON.stringify([queryName, subject]);

/**
 * Notes that the snapshot of a time was evaluated: `findings` is as good as the time from the first to the
 * last of those that were evaluated one after the other. Returns false where a later one was.
 */
const noteEvaluated = (db: Preparing, host: number, time: number): boolean => {
  const { evaluatedFrom, evaluatedUntil } = db
    .prepare(
      'SELECT judged_from_time AS evaluatedFrom, judged_until_time AS evaluatedUntil FROM _host WHERE host = ?',
    )
    .get(host) as { evaluatedFrom: number | null; evaluatedUntil: number | null };
  if (evaluatedUntil !== null && evaluatedUntil > time) return false;
  const before = db
    .prepare(
      'SELECT max(collected_time) FROM _snapshot WHERE host = ? AND collected_time < ? AND order_time IS NULL',
    )
    .pluck()
    .get(host, time) as number | null;
  const goesOn = evaluatedUntil !== null && before !== null && before <= evaluatedUntil;
  db.prepare('UPDATE _host SET judged_from_time = ?, judged_until_time = ? WHERE host = ?').run(
    goesOn || evaluatedUntil === time ? evaluatedFrom : time,
    time,
    host,
  );
  return true;
};

/**
 * Whether another version of the program evaluates this time than the one that evaluated before: what it tells otherwise
 * of a finding that stays is no change of the Mac. To be asked before the time is noted.
 */
const isReadAnew = (db: Preparing, host: number, time: number): boolean => {
  const readings = db
    .prepare(
      'SELECT s.reading FROM _host h JOIN _snapshot s ON s.host = h.host AND s.collected_time IN (h.judged_until_time, ?) ' +
        'WHERE h.host = ?',
    )
    .pluck()
    .all(time, host) as number[];
  return new Set(readings.map(rankOf)).size > 1;
};

/** Whether what is found at a time, the last of a host, is in the store. */
export const isEvaluated = (db: Preparing, hostId: string, time: number): boolean =>
  db.prepare('SELECT judged_until_time FROM _host WHERE host_id = ?').pluck().get(hostId) === time;

/**
 * Brings the findings of a host to what was evaluated at a time: one that did not change is not touched. Does
 * nothing for a time before one that was evaluated already. The caller holds the transaction.
 */
export const storeFindings = (
  db: Preparing,
  hostId: string,
  { rows, unevaluated }: EvaluatedHost,
  time: number,
): void => {
  const host = db.prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(hostId) as
    | number
    | undefined;
  if (host === undefined) throw new Error(`the store has no host ${hostId}`);
  const newest = db
    .prepare('SELECT max(max(from_time), max(coalesce(until_time, 0))) FROM _finding WHERE host = ?')
    .pluck()
    .get(host) as number | null;
  if (newest !== null && newest > time) return;
  const isAnew = isReadAnew(db, host, time);
  if (!noteEvaluated(db, host, time)) return;
  const open = new Map(
    (
      db
        .prepare(
          'SELECT query_name AS queryName, subject, from_time AS fromTime, severity, details, first_seen_time AS firstSeenTime ' +
            'FROM _finding WHERE host = ? AND until_time IS NULL',
        )
        .safeIntegers(false)
        .all(host) as OpenFinding[]
    ).map((finding) => [keyOf(finding.queryName, finding.subject), finding]),
  );
  const end = db.prepare(
    'UPDATE _finding SET until_time = ? WHERE host = ? AND query_name = ? AND subject = ? AND from_time = ?',
  );
  // A snapshot that is evaluated again at the same time takes the place of what was evaluated first.
  const drop = db.prepare(
    'DELETE FROM _finding WHERE host = ? AND query_name = ? AND subject = ? AND from_time = ?',
  );
  const reword = db.prepare(
    'UPDATE _finding SET severity = ?, details = ? WHERE host = ? AND query_name = ? AND subject = ? AND from_time = ?',
  );
  const insert = db.prepare('INSERT INTO _finding VALUES (?, ?, ?, ?, NULL, ?, ?, ?)');
  const close = ({ queryName, subject, fromTime }: OpenFinding): void => {
    if (fromTime === time) drop.run(host, queryName, subject, fromTime);
    else end.run(time, host, queryName, subject, fromTime);
  };
  for (const { query_name: queryName, subject, severity, details } of rows) {
    const key = keyOf(queryName, subject);
    const before = open.get(key);
    open.delete(key);
    if (before !== undefined && before.severity === severity && before.details === details) continue;
    if (before !== undefined && isAnew) {
      reword.run(severity, details, host, queryName, subject, before.fromTime);
      continue;
    }
    if (before !== undefined) close(before);
    insert.run(host, queryName, subject, time, severity, details, before?.firstSeenTime ?? time);
  }
  for (const gone of open.values()) if (!unevaluated.has(gone.queryName)) close(gone);
};

/** Takes back what was evaluated at snapshots after a time, which turned out not to count. */
export const forgetFindingsAfter = (db: Preparing, host: number, time: number): void => {
  db.prepare('DELETE FROM _finding WHERE host = ? AND from_time > ?').run(host, time);
  db.prepare('UPDATE _finding SET until_time = NULL WHERE host = ? AND until_time > ?').run(host, time);
  db.prepare(
    'UPDATE _host SET judged_from_time = NULL, judged_until_time = NULL WHERE host = ? AND judged_until_time > ?',
  ).run(host, time);
};

/** Drops findings that ended at a time or before. */
export const retainFindings = (db: Preparing, time: number): void => {
  db.prepare('DELETE FROM _finding WHERE until_time <= ?').run(time);
};
