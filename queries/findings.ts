/** Hits as findings: one for each query, host and subject. */
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { ShownHosts } from '../store/shown_hosts.ts';
import type { FindingRow, EvaluatedHost } from '../store/findings.ts';
import { isOff, severities } from './query.ts';
import type { Query, Severity } from './query.ts';
import { queries as library } from './index.ts';
import type { Exception, Exceptions } from './exceptions.ts';
import { evaluate, gradeOn } from './evaluate.ts';
import type { Answer, BlindSpot, Grade, Hit } from './evaluate.ts';
import { factTables } from './context.ts';
import type { Expectation } from './expectations.ts';
import type { Overlay } from './overlay.ts';

export interface Finding {
  readonly query: Query;
  /** How much it matters here. */
  readonly severity: Severity;
  /** Why that is less than its question says; null where it is not. */
  readonly severityReason: string | null;
  /** Null for a report on the fleet. */
  readonly hostId: string | null;
  readonly subject: string | null;
  /** The facts, one entry for each row that the query answered for this subject. */
  readonly details: readonly Readonly<Record<string, Value>>[];
  /** What of the same query could not be collected on this host. */
  readonly blindSpots: readonly BlindSpot[];
}

const rankOf = (severity: Severity): number => severities.indexOf(severity);

/** How much rows matter of themselves, where a column says it: as much as the gravest of them. */
const ofRows = ({ severity, severityFrom }: Query, own: readonly Hit[]): Severity => {
  if (severityFrom === null) return severity;
  const said = own.map(({ facts }) => severities.find((known) => known === facts[severityFrom]) ?? severity);
  const gravest = severities.findLast((known) => said.includes(known)) ?? severity;
  return rankOf(gravest) < rankOf(severity) ? gravest : severity;
};

const gradeOf = (answer: Answer, hostId: string | null, own: readonly Hit[]): Grade => {
  const [byRows, byHost] = [ofRows(answer.query, own), gradeOn(answer, hostId)];
  return rankOf(byRows) < rankOf(byHost.severity) ? { severity: byRows, reason: null } : byHost;
};

/** What makes several rows of one answer one finding. */
export const subjectKey = ({ hostId, subject }: Pick<Finding, 'hostId' | 'subject'>): string =>
  JSON.stringify([hostId, subject]);

/** The findings of an answer, in its order. */
export const findingsOfAnswer = (answer: Answer): Finding[] => {
  const { query, hits, blindSpots } = answer;
  const bySubject = Map.groupBy(hits, subjectKey);
  return [...bySubject.values()].map((own) => {
    const hostId = own[0]?.hostId ?? null;
    const { severity, reason } = gradeOf(answer, hostId, own);
    return {
      query,
      severity,
      severityReason: reason,
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
export const isStored = ({ severity, isOfFleet, leastHosts }: Query): boolean =>
  severity !== 'info' && !isOfFleet && leastHosts === 0;

/** Where no site changed anything. */
export const storedQueries: readonly Query[] = library.filter(isStored);

/** Whether findings of a question may be of a severity, on some host. */
export const mayBeOf = (query: Query, severity: Severity): boolean =>
  query.severity === severity ||
  query.severityWhere.some((rule) => rule.severity === severity) ||
  (query.severityFrom !== null && rankOf(severity) < rankOf(query.severity));

const keyOf = ({ query_name: name, subject }: FindingRow): string => `${name}\0${subject}`;

/** A file has no column for the reason of a severity: it stands with the facts. */
const storedRow = (
  { query, severity, severityReason, subject, details }: Finding,
  hostId: string,
): FindingRow => ({
  query_name: query.name,
  severity,
  host_id: hostId,
  subject: subject ?? '',
  details: JSON.stringify(
    severityReason === null ? details : details.map((own) => ({ ...own, severity_reason: severityReason })),
  ),
  exception: null,
});

const exceptionText = (exception: Exception | null): string | null =>
  exception === null
    ? null
    : JSON.stringify({ owner: exception.owner, reason: exception.reason, until: exception.until });

/** By what hosts are judged. */
export interface Judgement {
  readonly expect?: Expectation;
  /** What somebody accepted; null where nothing is. */
  readonly exceptions?: Exceptions | null;
  /** What the site changes of the library; null where that is nothing. */
  readonly overlay?: Overlay | null;
}

/** The questions whose answers a store keeps, as the site asks them. */
export const keptQueries = (overlay: Overlay | null): readonly Query[] =>
  overlay === null ? storedQueries : overlay.apply(library).filter(isStored);

/** The tables that questions read of the hosts on which they are asked. */
export const tablesOf = (queries: readonly Query[]): ReadonlySet<string> =>
  new Set([
    ...['hosts', 'table_status'],
    ...factTables,
    ...queries.flatMap(({ requires, alsoReads, appliesReads, closed }) => [
      ...[...requires, ...closed].map(({ table }) => table),
      ...alsoReads,
      ...(appliesReads ?? []),
    ]),
  ]);

/** What is found on a host, before anybody's exceptions. */
export interface FoundOnHost extends EvaluatedHost {
  /** What the host is called. */
  readonly names: readonly string[];
}

/** The same with what somebody accepts of it. */
export const withAccepted = (
  hostId: string,
  now: number,
  { rows, names, ...found }: FoundOnHost,
  exceptions: Exceptions | null,
): EvaluatedHost => {
  if (exceptions === null) return { ...found, rows };
  const accepted = rows.map((row): FindingRow => {
    const subject = { query: row.query_name, hostId, names, subject: row.subject };
    return { ...row, exception: exceptionText(exceptions.of(subject, now)) };
  });
  return { ...found, rows: accepted };
};

/** Judges hosts of a store, some at a time. */
export class HostJudge {
  readonly #db: Db;
  readonly #tables: readonly Table[];
  readonly #shown: ShownHosts;
  readonly #expect: Expectation;
  readonly #exceptions: Exceptions | null;
  readonly #queries: readonly Query[];

  /** To be made outside of a transaction: what it makes would go with one that fails. */
  constructor(
    db: Db,
    tables: readonly Table[],
    { expect = 'auto', exceptions = null, overlay = null }: Judgement = {},
  ) {
    this.#db = db;
    this.#queries = keptQueries(overlay);
    this.#expect = expect;
    this.#exceptions = exceptions;
    this.#tables = tables;
    this.#shown = new ShownHosts(db, tables, tablesOf(this.#queries));
  }

  /**
   * The findings of the library on some hosts, each as if it were alone, sorted by query and subject, for `storeFindings`.
   *
   * @param hosts When each was observed.
   */
  findingsOf(hosts: ReadonlyMap<string, number>): ReadonlyMap<string, EvaluatedHost> {
    const found = this.foundOn(hosts);
    return new Map(
      Array.from(hosts, ([hostId, now]) => {
        const own = found.get(hostId) as FoundOnHost;
        return [hostId, withAccepted(hostId, now, own, this.#exceptions)];
      }),
    );
  }

  /** The same before what somebody accepts. */
  foundOn(hosts: ReadonlyMap<string, number>): ReadonlyMap<string, FoundOnHost> {
    this.#shown.show(hosts);
    const answers = evaluate(this.#db, this.#queries, {
      ...{ now: 'shown', names: { tables: [], columns: [] } },
      ...{ tables: this.#tables, seeing: this.#shown, expect: this.#expect },
    });
    const found = answers.flatMap(findingsOfAnswer).filter(({ severity }) => severity !== 'info');
    const byHost = Map.groupBy(found, ({ hostId }) => hostId);
    const names = this.#namesOf();
    return new Map(
      Array.from(hosts.keys(), (hostId) => {
        const rows = (byHost.get(hostId) ?? []).map((finding) => storedRow(finding, hostId));
        return [hostId, { ...evaluatedHost(hostId, answers, rows), names: names.get(hostId) ?? [] }];
      }),
    );
  }

  /** What the hosts that are shown are called. */
  #namesOf(): ReadonlyMap<string, readonly string[]> {
    const rows = this.#shown
      .prepare('SELECT host_id, hostname, computer_name FROM hosts')
      .raw(true)
      .all() as [string, ...(string | null)[]][];
    return new Map(rows.map(([hostId, ...own]) => [hostId, own.filter((name) => name !== null)]));
  }

  /** The names of the store mean every host again. */
  end(): void {
    this.#shown.end();
  }
}

const evaluatedHost = (
  hostId: string,
  answers: readonly Answer[],
  rows: readonly FindingRow[],
): EvaluatedHost => ({
  rows: rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  verdicts: new Map(
    answers.flatMap(({ query, verdicts: of }) => {
      const verdict = of.get(hostId);
      return verdict === undefined ? [] : [[query.name, verdict] as const];
    }),
  ),
  // Of a question that is switched off, what was found is no open question: nobody asks any more.
  unevaluated: new Set(
    answers
      .filter(({ query, blindSpots }) => blindSpots.has(hostId) && !isOff(query))
      .map(({ query }) => query.name),
  ),
});
