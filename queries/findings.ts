/** Hits as findings: one for each question, host and subject. */
import type { Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { severities } from './header.ts';
import type { Question, Severity } from './header.ts';
import { questions as library } from './index.ts';
import { judge } from './judge.ts';
import type { Answer, BlindSpot, Names } from './judge.ts';

export interface Finding {
  readonly question: Question;
  /** Null for a report on the fleet. */
  readonly hostId: string | null;
  readonly subject: string | null;
  /** The facts, one entry for each row that the question answered for this subject. */
  readonly details: readonly Readonly<Record<string, Value>>[];
  /** What of the same question could not be looked at on this host. */
  readonly blindSpots: readonly BlindSpot[];
}

/** The findings of an answer, in its order. */
export const findingsOfAnswer = ({ question, hits, blindSpots }: Answer): Finding[] => {
  const bySubject = Map.groupBy(hits, ({ hostId, subject }) => JSON.stringify([hostId, subject]));
  return [...bySubject.values()].map((own) => {
    const hostId = own[0]?.hostId ?? null;
    return {
      question,
      hostId,
      subject: own[0]?.subject ?? null,
      details: own.map(({ facts }) => facts),
      blindSpots: hostId === null ? [] : (blindSpots.get(hostId) ?? []),
    };
  });
};

export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  severities.indexOf(severity) >= severities.indexOf(least);

/** A row of the table `findings` in the store; first_seen_time is the store's. */
export interface FindingRow {
  readonly query_name: string;
  readonly severity: Severity;
  readonly host_id: string;
  readonly subject: string;
  /** JSON array of the facts. */
  readonly details: string;
}

/** What the store keeps of the library: hits above info, on a host. */
export const storedQuestions: readonly Question[] = library.filter(
  ({ severity, isOfFleet }) => severity !== 'info' && !isOfFleet,
);

export interface FindingsOptions {
  readonly now: number;
  /** Only these hosts; all without it. */
  readonly hostIds?: ReadonlySet<string>;
  readonly names?: Names;
}

/**
 * The findings of the library as rows for the store, sorted by their key (host_id, query_name, subject).
 *
 * A finding of `unjudged` that is not among the rows is neither there nor gone: the store leaves it as it was.
 */
export const findingsOf = (
  db: Db,
  { now, hostIds, names = { tables: [], columns: [] } }: FindingsOptions,
): {
  readonly rows: readonly FindingRow[];
  readonly unjudged: readonly { readonly host_id: string; readonly query_name: string }[];
} => {
  const rows: FindingRow[] = [];
  const unjudged: { host_id: string; query_name: string }[] = [];
  const isMeant = (host: string): boolean => hostIds === undefined || hostIds.has(host);
  for (const answer of judge(db, storedQuestions, { now, names })) {
    const { name, severity } = answer.question;
    for (const { hostId, subject, details } of findingsOfAnswer(answer)) {
      if (hostId === null || !isMeant(hostId)) continue;
      rows.push({ query_name: name, severity, host_id: hostId, subject: subject ?? '', details: JSON.stringify(details) });
    }
    for (const [host] of answer.blindSpots) if (isMeant(host)) unjudged.push({ host_id: host, query_name: name });
  }
  const keyOf = (row: { host_id: string; query_name: string; subject?: string }): string =>
    [row.host_id, row.query_name, row.subject ?? ''].join('\0');
  const byKey = (a: Parameters<typeof keyOf>[0], b: Parameters<typeof keyOf>[0]): number => (keyOf(a) < keyOf(b) ? -1 : 1);
  return { rows: rows.sort(byKey), unjudged: unjudged.sort(byKey) };
};
