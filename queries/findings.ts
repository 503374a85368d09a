/** Hits as findings: one for each query, host and subject. */
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName, quoteText } from '../store/ddl.ts';
import { hostViews, selectOf } from '../store/meaning.ts';
import type { FindingRow, EvaluatedHost } from '../store/findings.ts';
import { severities } from './query.ts';
import type { Query, Severity } from './query.ts';
import { queries as library } from './index.ts';
import { evaluate } from './evaluate.ts';
import type { Answer, BlindSpot } from './evaluate.ts';

export interface Finding {
  readonly query: Query;
  /** Null for a report on the fleet. */
  readonly hostId: string | null;
  readonly subject: string | null;
  /** The facts, one entry for each row that the query answered for this subject. */
  readonly details: readonly Readonly<Record<string, Value>>[];
  /** What of the same query could not be collected on this host. */
  readonly blindSpots: readonly BlindSpot[];
}

/** The findings of an answer, in its order. */
export const findingsOfAnswer = ({ query, hits, blindSpots }: Answer): Finding[] => {
  const bySubject = Map.groupBy(hits, ({ hostId, subject }) => JSON.stringify([hostId, subject]));
  return [...bySubject.values()].map((own) => {
    const hostId = own[0]?.hostId ?? null;
    return {
      query,
      hostId,
      subject: own[0]?.subject ?? null,
      details: own.map(({ facts }) => facts),
      blindSpots: hostId === null ? [] : (blindSpots.get(hostId) ?? []),
    };
  });
};

export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  severities.indexOf(severity) >= severities.indexOf(least);

/**
 * What the store keeps of the library: hits above info on one host. A query that compares hosts with each
 * other would change its answer with every host that comes or goes.
 */
export const storedQueries: readonly Query[] = library.filter(
  ({ severity, isOfFleet, leastHosts }) => severity !== 'info' && !isOfFleet && leastHosts === 0,
);

/** Makes every view of a store show one host only, on this connection, while the work is done. */
const ofHost = <T>(db: Db, hostId: string, work: () => T): T => {
  const views = hostViews(db);
  // What stood in for a view of the file is taken up in the text: a view cannot name itself.
  const standIns = standInsOf(db);
  const drop = (name: string): void => void db.exec(`DROP VIEW temp.${quoteName(name)}`);
  for (const name of views) {
    const standIn = standIns.get(name);
    if (standIn !== undefined) drop(name);
    const from = standIn === undefined ? `main.${quoteName(name)}` : `(${selectOf(standIn)})`;
    db.exec(
      `CREATE TEMP VIEW ${quoteName(name)} AS SELECT * FROM ${from} WHERE host_id = ${quoteText(hostId)}`,
    );
  }
  try {
    return work();
  } finally {
    for (const name of views) {
      drop(name);
      const standIn = standIns.get(name);
      if (standIn !== undefined) db.exec(standIn.replace(/^CREATE VIEW/, 'CREATE TEMP VIEW'));
    }
  }
};

/** The statements of the views that stand in for those of a file, by name. */
const standInsOf = (db: Db): ReadonlyMap<string, string> =>
  new Map(
    db.prepare("SELECT name, sql FROM temp.sqlite_schema WHERE type = 'view'").raw(true).all() as [
      string,
      string,
    ][],
  );

const keyOf = ({ query_name: name, subject }: FindingRow): string => `${name}\0${subject}`;

/**
 * The findings of the library on one host of a store, sorted by query and subject, for `storeFindings`.
 *
 * @param now When the host was observed.
 */
export const findingsOf = (db: Db, tables: readonly Table[], hostId: string, now: number): EvaluatedHost =>
  ofHost(db, hostId, () => {
    const answers = evaluate(db, storedQueries, { now, names: { tables: [], columns: [] }, tables });
    const rows = answers.flatMap((answer) =>
      findingsOfAnswer(answer).map(({ query, subject, details }): FindingRow => ({
        query_name: query.name,
        severity: query.severity,
        host_id: hostId,
        subject: subject ?? '',
        details: JSON.stringify(details),
      })),
    );
    const unevaluated = new Set(
      answers.filter(({ blindSpots }) => blindSpots.has(hostId)).map(({ query }) => query.name),
    );
    return { rows: rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)), unevaluated };
  });
