/** Findings in a store: each is a row with the time in which it held, so that its life can be queried. */
import { hash } from 'node:crypto';
import type { Preparing } from './database.ts';
import { hostIdOf } from './ddl.ts';
import { FindingEvents, findingEventsFrom, hostNumber } from './finding_events.ts';
import { storeVerdicts } from './verdicts.ts';
import { rankOf } from './versions.ts';

/** A finding of one host, as queries/findings.ts makes it. */
export interface FindingRow {
  readonly query_name: string;
  readonly severity: string;
  readonly host_id: string;
  readonly subject: string;
  /** JSON array of the facts. */
  readonly details: string;
  /** JSON: who accepts it, why and until when; null where nobody does. */
  readonly exception: string | null;
}

export interface EvaluatedHost {
  readonly rows: readonly FindingRow[];
  /** What came of each query that was asked. */
  readonly verdicts: ReadonlyMap<string, string>;
  /** Queries that could not be evaluated: what they found before neither stays found nor is gone. */
  readonly unevaluated: ReadonlySet<string>;
}

/** The same for the same finding, in every snapshot, file and output: 64 hexadecimal digits. */
export const findingIdOf = (hostId: string, queryName: string, subject: string): string =>
  hash('sha256', JSON.stringify([hostId, 'finding', queryName, subject]));

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
  last_seen_time INTEGER,
  finding_id TEXT,
  exception TEXT,
  PRIMARY KEY (host, query_name, subject, from_time)
) STRICT, WITHOUT ROWID`,
  // Each time in which a finding could not be looked at: from the first look that did not tell, to the one that told again.
  _finding_unseen: `CREATE TABLE "_finding_unseen" (
  host INTEGER NOT NULL,
  query_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  from_time INTEGER NOT NULL,
  until_time INTEGER,
  last_seen_time INTEGER NOT NULL,
  PRIMARY KEY (host, query_name, subject, from_time)
) STRICT, WITHOUT ROWID`,
};

const columns = `f.query_name, f.severity, ${hostIdOf('h')}, f.subject, f.details, f.first_seen_time`;
const from = 'FROM main._host h JOIN main._finding f ON f.host = h.host';
const isSuppressed = "f.exception IS NOT NULL THEN 'suppressed'";

/** Rows of a table are of the finding `f`. */
const ofFinding = (alias: string): string =>
  `${alias}.host = f.host AND ${alias}.query_name = f.query_name AND ${alias}.subject = f.subject`;

/** Of a version that ended: when the finding was gone; NULL where it only changed. */
const resolvedTime =
  `CASE WHEN f.until_time IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main._finding n WHERE ${ofFinding('n')} ` +
  'AND n.from_time = f.until_time) THEN f.until_time END';

export const findingViews: Readonly<Record<string, string>> = {
  findings:
    `SELECT ${columns}, f.finding_id, CASE WHEN ${isSuppressed} WHEN f.first_seen_time = h.judged_until_time THEN 'new' ` +
    `ELSE 'ongoing' END AS state, coalesce(f.last_seen_time, h.judged_until_time) AS last_seen_time, f.exception ${from} ` +
    'WHERE f.until_time IS NULL',
  findings_history:
    `SELECT ${columns}, f.from_time AS valid_from_time, f.until_time AS valid_until_time, f.finding_id, ` +
    `coalesce(f.last_seen_time, h.judged_until_time) AS last_seen_time, f.exception, ${resolvedTime} AS resolved_time ${from}`,
};

/** What `findings` means under `--as-of`. */
export const findingsAsOf = (time: number | string): string => {
  const isThen = (span: string): string =>
    `${span}.from_time <= ${time} AND (${span}.until_time IS NULL OR ${span}.until_time > ${time})`;
  const last = `(SELECT max(s.collected_time) FROM main._snapshot s WHERE s.host = f.host AND s.order_time IS NULL AND s.collected_time <= ${time})`;
  const lastSeen = `(SELECT u.last_seen_time FROM main._finding_unseen u WHERE ${ofFinding('u')} AND ${isThen('u')})`;
  return (
    `SELECT ${columns}, f.finding_id, CASE WHEN ${isSuppressed} WHEN f.first_seen_time = ${last} THEN 'new' ` +
    `ELSE 'ongoing' END AS state, coalesce(${lastSeen}, ${last}) AS last_seen_time, f.exception ${from} WHERE ${isThen('f')}`
  );
};

interface OpenFinding {
  readonly queryName: string;
  readonly subject: string;
  readonly fromTime: number;
  readonly severity: string;
  readonly details: string;
  readonly firstSeenTime: number;
  readonly lastSeenTime: number | null;
  readonly exception: string | null;
}

const keyOf = (queryName: string, subject: string): string => JSON.stringify([queryName, subject]);

interface Judged {
  readonly from: number | null;
  readonly until: number | null;
}

const judgedOf = (db: Preparing, host: number): Judged =>
  db
    .prepare('SELECT judged_from_time AS "from", judged_until_time AS until FROM _host WHERE host = ?')
    .get(host) as Judged;

/**
 * Notes that the snapshot of a time was evaluated: `findings` is as good as the time from the first to the
 * last of those that were evaluated one after the other.
 */
const noteEvaluated = (db: Preparing, host: number, time: number, judged: Judged): void => {
  const before = db
    .prepare(
      'SELECT max(collected_time) FROM _snapshot WHERE host = ? AND collected_time < ? AND order_time IS NULL',
    )
    .pluck()
    .get(host, time) as number | null;
  const goesOn = judged.until !== null && before !== null && before <= judged.until;
  db.prepare('UPDATE _host SET judged_from_time = ?, judged_until_time = ? WHERE host = ?').run(
    goesOn || judged.until === time ? judged.from : time,
    time,
    host,
  );
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

/** The time of the last snapshot before this one, where it counts and was not judged, on a host of which others were; else null. */
export const unjudgedBefore = (db: Preparing, hostId: string, time: number): number | null =>
  db
    .prepare(
      'SELECT max(s.collected_time) FROM _host h JOIN _snapshot s ON s.host = h.host AND s.order_time IS NULL ' +
        'AND s.collected_time < ? AND s.collected_time > h.judged_until_time WHERE h.host_id = ?',
    )
    .pluck()
    .get(time, hostId) as number | null;

/** Whether what is found at a time, or later, was evaluated. */
export const isEvaluatedFrom = (db: Preparing, host: number, time: number): boolean =>
  (judgedOf(db, host).until ?? Number.NEGATIVE_INFINITY) >= time;

const thisFinding = 'WHERE host = ? AND query_name = ? AND subject = ? AND from_time = ?';

/** The findings of one host, brought to what was evaluated at one time. */
class Evaluation {
  readonly #db: Preparing;
  readonly #host: number;
  readonly #time: number;
  /** The time that was evaluated before; null at the first. */
  readonly #before: number | null;
  readonly #events: FindingEvents;

  constructor(db: Preparing, host: number, time: number, before: number | null) {
    this.#db = db;
    this.#host = host;
    this.#time = time;
    this.#before = before;
    this.#events = new FindingEvents(db, host, time);
  }

  #change(sql: string, { queryName, subject, fromTime }: OpenFinding, ...values: unknown[]): void {
    this.#db.prepare(`${sql} ${thisFinding}`).run(...values, this.#host, queryName, subject, fromTime);
  }

  #close(finding: OpenFinding): void {
    const lastSeen = finding.lastSeenTime ?? this.#before;
    this.#change('UPDATE _finding SET until_time = ?, last_seen_time = ?', finding, this.#time, lastSeen);
    this.#endUnseen(finding);
  }

  #endUnseen({ queryName, subject, lastSeenTime }: OpenFinding): void {
    if (lastSeenTime === null) return;
    this.#db
      .prepare(
        'UPDATE _finding_unseen SET until_time = ? WHERE host = ? AND query_name = ? AND subject = ? AND until_time IS NULL',
      )
      .run(this.#time, this.#host, queryName, subject);
  }

  open(): ReadonlyMap<string, OpenFinding> {
    const rows = this.#db
      .prepare(
        'SELECT query_name AS queryName, subject, from_time AS fromTime, severity, details, first_seen_time AS firstSeenTime, ' +
          'last_seen_time AS lastSeenTime, exception FROM _finding WHERE host = ? AND until_time IS NULL',
      )
      .safeIntegers(false)
      .all(this.#host) as OpenFinding[];
    return new Map(rows.map((finding) => [keyOf(finding.queryName, finding.subject), finding]));
  }

  begin(row: FindingRow, before: OpenFinding | undefined): void {
    const { query_name: queryName, subject, severity, details, exception } = row;
    if (before !== undefined) this.#close(before);
    this.#db
      .prepare('INSERT INTO _finding VALUES (?, ?, ?, ?, NULL, ?, ?, ?, NULL, ?, ?)')
      .run(
        ...[this.#host, queryName, subject, this.#time, severity, details],
        ...[before?.firstSeenTime ?? this.#time, findingIdOf(row.host_id, queryName, subject), exception],
      );
    this.#events.note(eventOf(before, row), queryName, subject);
  }

  /** The same, told in other words. */
  reword(before: OpenFinding, { severity, details, exception }: FindingRow): void {
    this.#change(
      'UPDATE _finding SET severity = ?, details = ?, exception = ?',
      before,
      severity,
      details,
      exception,
    );
  }

  seen(before: OpenFinding): void {
    if (before.lastSeenTime === null) return;
    this.#change('UPDATE _finding SET last_seen_time = NULL', before);
    this.#endUnseen(before);
  }

  unseen(before: OpenFinding): void {
    if (before.lastSeenTime !== null || this.#before === null) return;
    this.#change('UPDATE _finding SET last_seen_time = ?', before, this.#before);
    this.#db
      .prepare('INSERT INTO _finding_unseen VALUES (?, ?, ?, ?, NULL, ?)')
      .run(this.#host, before.queryName, before.subject, this.#time, this.#before);
  }

  /** @param isAsked Whether its query is still one; else nobody knows. */
  end(before: OpenFinding, isAsked: boolean): void {
    this.#close(before);
    this.#events.note(isAsked ? 'resolved' : 'withdrawn', before.queryName, before.subject);
  }
}

const isAccepted = ({ exception }: { readonly exception: string | null }): boolean => exception !== null;

/** What became of a finding that begins, or goes on otherwise. */
const eventOf = (before: OpenFinding | undefined, row: FindingRow) => {
  const was = before !== undefined && isAccepted(before);
  if (was !== isAccepted(row)) return was ? 'expired' : 'suppressed';
  return before === undefined ? 'new' : 'changed';
};

/**
 * Brings the findings of a host to what was evaluated at a time: one that did not change is not touched. Does
 * nothing for a time before one that was evaluated already. The caller holds the transaction.
 */
export const storeFindings = (
  db: Preparing,
  hostId: string,
  { rows, verdicts, unevaluated }: EvaluatedHost,
  time: number,
): void => {
  const host = hostNumber(db, hostId);
  const known = judgedOf(db, host).until ?? newestOf(db, host);
  if (known > time) return;
  // The same time once more: it takes the place of what was found then.
  if (known === time) forgetFindingsAfter(db, host, time - 1);
  const judged = judgedOf(db, host);
  const isAnew = isReadAnew(db, host, time);
  noteEvaluated(db, host, time, judged);
  storeVerdicts(db, host, verdicts, time);
  const evaluation = new Evaluation(db, host, time, judged.until);
  const open = new Map(evaluation.open());
  for (const row of rows) {
    const key = keyOf(row.query_name, row.subject);
    const before = open.get(key);
    open.delete(key);
    const isSame = before !== undefined && before.severity === row.severity && before.details === row.details;
    if (before === undefined || isAccepted(before) !== isAccepted(row) || !(isSame || isAnew))
      evaluation.begin(row, before);
    else {
      if (!isSame || before.exception !== row.exception) evaluation.reword(before, row);
      evaluation.seen(before);
    }
  }
  for (const gone of open.values())
    if (unevaluated.has(gone.queryName)) evaluation.unseen(gone);
    else evaluation.end(gone, isAsked(verdicts.get(gone.queryName)));
};

/** A query may be gone from the library, or switched off: what it found before is not resolved by that. */
const isAsked = (verdict: string | undefined): boolean => verdict !== undefined && verdict !== 'not_asked';

/** What is told last of the findings of a host; a file of the first layout does not say what was evaluated. */
const newestOf = (db: Preparing, host: number): number =>
  (db
    .prepare('SELECT max(max(from_time), max(coalesce(until_time, 0))) FROM _finding WHERE host = ?')
    .pluck()
    .get(host) as number | null) ?? Number.NEGATIVE_INFINITY;

/** Takes back what was evaluated after a time: a snapshot that came late, or one that turned out not to count. */
export const forgetFindingsAfter = (db: Preparing, host: number, time: number): void => {
  for (const table of ['_finding', '_finding_unseen', '_verdict']) {
    db.prepare(`DELETE FROM ${table} WHERE host = ? AND from_time > ?`).run(host, time);
    db.prepare(`UPDATE ${table} SET until_time = NULL WHERE host = ? AND until_time > ?`).run(host, time);
  }
  // One that could not be looked at then stays as it was seen last.
  db.prepare(
    'UPDATE _finding AS f SET last_seen_time = (SELECT u.last_seen_time FROM _finding_unseen u ' +
      `WHERE ${ofFinding('u')} AND u.until_time IS NULL) WHERE f.host = ? AND f.until_time IS NULL`,
  ).run(host);
  findingEventsFrom(db, host, time + 1);
  const judged = judgedOf(db, host);
  if (judged.until === null || judged.until <= time) return;
  const before = db
    .prepare(
      'SELECT max(collected_time) FROM _snapshot WHERE host = ? AND collected_time <= ? AND order_time IS NULL',
    )
    .pluck()
    .get(host, time) as number | null;
  const isLeft = before !== null && judged.from !== null && before >= judged.from;
  db.prepare('UPDATE _host SET judged_from_time = ?, judged_until_time = ? WHERE host = ?').run(
    isLeft ? judged.from : null,
    isLeft ? before : null,
    host,
  );
};

/** Drops findings that ended at a time or before, and what was told of them. */
export const retainFindings = (db: Preparing, time: number): void => {
  for (const table of ['_finding', '_finding_unseen', '_verdict'])
    db.prepare(`DELETE FROM ${table} WHERE until_time <= ?`).run(time);
  db.prepare('DELETE FROM _finding_event WHERE time <= ?').run(time);
};

interface StoredFinding {
  readonly host: number;
  readonly hostId: string;
  readonly queryName: string;
  readonly subject: string;
  readonly fromTime: number;
  readonly untilTime: number | null;
}

/** Fills in what a file of an older layout did not have: the ids of findings, and what happened to them. The caller holds the transaction. */
export const fillFindings = (db: Preparing): void => {
  const rows = db
    .prepare(
      'SELECT f.host, h.host_id AS hostId, f.query_name AS queryName, f.subject, f.from_time AS fromTime, f.until_time AS untilTime ' +
        'FROM _finding f JOIN _host h ON h.host = f.host WHERE f.finding_id IS NULL ORDER BY f.from_time, 1, 3, 4',
    )
    .all() as StoredFinding[];
  const name = db.prepare(`UPDATE _finding SET finding_id = ? ${thisFinding}`);
  const begins = new Set(
    rows.map(({ host, queryName, subject, fromTime }) =>
      JSON.stringify([host, queryName, subject, fromTime]),
    ),
  );
  const ends = new Set(
    rows.map(({ host, queryName, subject, untilTime }) =>
      JSON.stringify([host, queryName, subject, untilTime]),
    ),
  );
  const events = rows.flatMap(({ host, hostId, queryName, subject, fromTime, untilTime }) => {
    name.run(findingIdOf(hostId, queryName, subject), host, queryName, subject, fromTime);
    const goesOn = ends.has(JSON.stringify([host, queryName, subject, fromTime]));
    const isEnd = untilTime !== null && !begins.has(JSON.stringify([host, queryName, subject, untilTime]));
    const event = { host, queryName, subject };
    return [
      { ...event, time: fromTime, kind: goesOn ? 'changed' : 'new' } as const,
      ...(isEnd ? [{ ...event, time: untilTime, kind: 'resolved' } as const] : []),
    ];
  });
  for (const { host, time, kind, queryName, subject } of events.toSorted((a, b) => a.time - b.time))
    new FindingEvents(db, host, time).note(kind, queryName, subject);
};
