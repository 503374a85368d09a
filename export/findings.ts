/** The rows of findings, host by host. */
import { explain } from '../queries/explained.ts';
import { findingsOfAnswer } from '../queries/findings.ts';
import type { Query } from '../queries/query.ts';
import { fieldsOfSpot, gradeOn } from '../queries/evaluate.ts';
import type { Answer, BlindSpot, Grade, Verdict } from '../queries/evaluate.ts';
import type { Table } from '../collector/table.ts';
import type { Store } from '../store/store.ts';
import { findingsTable } from './findings_table.ts';
import { identifiedRows, keyWriter } from './format.ts';
import type { AnySnapshot, Cell, ExportSnapshot } from './format.ts';

type Row = readonly Cell[];

/** What a row tells. */
interface Told {
  readonly query: Query;
  readonly verdict: Verdict;
  readonly grade: Grade;
  readonly subject: string | null;
  readonly details: readonly object[];
  readonly blindSpots: readonly BlindSpot[];
  readonly firstSeen: number | null;
  readonly explainedBy: string | null;
}

const rowOf = ({
  query,
  verdict,
  grade,
  subject,
  details,
  blindSpots,
  firstSeen,
  explainedBy,
}: Told): Row => [
  query.name,
  verdict,
  query.title,
  query.group,
  grade.severity,
  subject,
  JSON.stringify(details),
  JSON.stringify(blindSpots.map(fieldsOfSpot)),
  query.purpose,
  query.remediation,
  query.references,
  query.falsePositives,
  firstSeen,
  grade.reason,
  explainedBy,
];

const keyOf = keyWriter(findingsTable);

/** When each finding was first found, by what `findingKey` says; nothing where the database does not know findings. */
const firstSeenTimes = ({ db }: Store): ReadonlyMap<string, number> => {
  const isKnown = db.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'findings'").get() !== undefined;
  if (!isKnown) return new Map();
  const rows = db
    .prepare('SELECT host_id, query_name, subject, first_seen_time FROM findings')
    .raw(true)
    .all() as [string, string, string, number][];
  return new Map(rows.map(([hostId, name, subject, time]) => [findingKey(hostId, name, subject), time]));
};

const findingKey = (hostId: string, query: string, subject: string): string =>
  JSON.stringify([hostId, query, subject]);

/**
 * By host. Reports on a whole fleet are of no host, and left out.
 *
 * @param withPasses Also what was asked and found nothing: without it nobody can tell a share of all.
 */
const rowsByHost = (
  answers: readonly Answer[],
  firstSeen: ReadonlyMap<string, number>,
  withPasses: boolean,
): ReadonlyMap<string, readonly Row[]> => {
  const byHost = new Map<string, Row[]>();
  const put = (hostId: string, row: Row): void => {
    const list = byHost.get(hostId);
    if (list === undefined) byHost.set(hostId, [row]);
    else list.push(row);
  };
  const findings = answers.flatMap(findingsOfAnswer);
  const explained = explain(findings);
  for (const finding of findings) {
    const { query, hostId, subject, severity, severityReason } = finding;
    if (hostId === null) continue;
    const told: Told = {
      ...{ ...finding, verdict: 'hit', grade: { severity, reason: severityReason } },
      firstSeen: firstSeen.get(findingKey(hostId, query.name, subject ?? '')) ?? null,
      explainedBy: explained.get(finding)?.query.name ?? null,
    };
    put(hostId, rowOf(told));
  }
  for (const answer of answers) {
    const { query, blindSpots } = answer;
    for (const [hostId, verdict] of answer.verdicts) {
      const isTold = verdict === 'unknown' || (withPasses && verdict !== 'hit' && !query.isOfFleet);
      if (!isTold) continue;
      const told: Told = {
        ...{ query, verdict, grade: gradeOn(answer, hostId), blindSpots: blindSpots.get(hostId) ?? [] },
        ...{ subject: null, details: [], firstSeen: null, explainedBy: null },
      };
      put(hostId, rowOf(told));
    }
  }
  return byHost;
};

type SnapshotOfHost = Pick<AnySnapshot, 'head' | 'host'>;

/** A snapshot that has rows of one table, in their order. */
export const oneTableSnapshot = (
  table: Table,
  { head, host }: SnapshotOfHost,
  rows: readonly Row[],
): ExportSnapshot => ({
  head,
  host,
  tables: [
    {
      table,
      status: rows.length === 0 ? 'empty' : 'ok',
      affected: [],
      rowCount: rows.length,
      details: null,
      rows: identifiedRows(table, head, rows),
      counter: 0,
      epoch: head.collectedTime,
    },
  ],
});

const findingSnapshot = (snapshot: SnapshotOfHost, found: readonly Row[]): ExportSnapshot =>
  oneTableSnapshot(
    findingsTable,
    snapshot,
    found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  );

/** Findings host by host, each with the last snapshot of it: of the snapshots of a host, the last one comes last. */
export function* findingSnapshots(
  store: Store,
  answers: readonly Answer[],
  snapshots: Iterable<SnapshotOfHost>,
  withPasses = false,
): Generator<ExportSnapshot> {
  const byHost = rowsByHost(answers, firstSeenTimes(store), withPasses);
  const withFindings = (snapshot: SnapshotOfHost): ExportSnapshot =>
    findingSnapshot(snapshot, byHost.get(snapshot.head.hostId) ?? []);
  let before: SnapshotOfHost | null = null;
  for (const snapshot of snapshots) {
    if (before !== null && before.head.hostId !== snapshot.head.hostId) yield withFindings(before);
    before = snapshot;
  }
  if (before !== null) yield withFindings(before);
}
