/** Hits as findings: one for each query, host and subject. */
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { OneHost } from '../store/one_host.ts';
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

const keyOf = ({ query_name: name, subject }: FindingRow): string => `${name}\0${subject}`;

/** Judges hosts of a store, one after the other. */
export class HostJudge {
  readonly #db: Db;
  readonly #tables: readonly Table[];
  readonly #one: OneHost;

  /** To be made outside of a transaction: what it makes would go with one that fails. */
  constructor(db: Db, tables: readonly Table[]) {
    this.#db = db;
    this.#tables = tables;
    this.#one = new OneHost(db, tables);
  }

  /**
   * The findings of the library on one host, sorted by query and subject, for `storeFindings`.
   *
   * @param now When the host was observed.
   */
  findingsOf(hostId: string, now: number): EvaluatedHost {
    this.#one.show(hostId);
    const answers = evaluate(this.#db, storedQueries, {
      ...{ now, names: { tables: [], columns: [] } },
      ...{ tables: this.#tables, seeing: this.#one },
    });
    const rows = answers.flatMap((answer) =>
      findingsOfAnswer(answer).map(({ query, subject, details }): FindingRow => ({
        query_name: query.name,
        severity: query.severity,
        host_id: hostId,
        subject: subject ?? '',
        details: JSON.stringify(details),
        exception: null,
      })),
    );
    const verdicts = new Map(
      answers.flatMap(({ query, verdicts: of }) => {
        const verdict = of.get(hostId);
        return verdict === undefined ? [] : [[query.name, verdict] as const];
      }),
    );
    const unevaluated = new Set(
      answers.filter(({ blindSpots }) => blindSpots.has(hostId)).map(({ query }) => query.name),
    );
    return { rows: rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)), verdicts, unevaluated };
  }

  /** The names of the store mean every host again. */
  end(): void {
    this.#one.end();
  }
}
