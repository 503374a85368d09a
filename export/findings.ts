/** The rows of findings, host by host. */
import { findingsOfAnswer } from '../queries/findings.ts';
import type { Query } from '../queries/query.ts';
import { fieldsOfSpot, gradeOn } from '../queries/evaluate.ts';
import type { Answer, BlindSpot, Grade, Verdict } from '../queries/evaluate.ts';
import type { Store } from '../store/store.ts';
import { findingsTable } from './findings_table.ts';
import { identifiedRows, keyWriter } from './format.ts';
import type { AnySnapshot, Cell, ExportSnapshot } from './format.ts';

type Row = readonly Cell[];

const rowOf = (
  { name, title, group, purpose, remediation, references, falsePositives }: Query,
  verdict: Exclude<Verdict, 'clean'>,
  { severity, reason: severityReason }: Grade,
  subject: string | null,
  details: readonly object[],
  blindSpots: readonly BlindSpot[],
  firstSeen: number | null,
): Row => [
  name,
  verdict,
  title,
  group,
  severity,
  subject,
  JSON.stringify(details),
  JSON.stringify(blindSpots.map(fieldsOfSpot)),
  purpose,
  remediation,
  references,
  falsePositives,
  firstSeen,
  severityReason,
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

/** By host. Reports on a whole fleet are of no host, and left out. */
const rowsByHost = (
  answers: readonly Answer[],
  firstSeen: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly Row[]> => {
  const byHost = new Map<string, Row[]>();
  const put = (hostId: string, row: Row): void => {
    const list = byHost.get(hostId);
    if (list === undefined) byHost.set(hostId, [row]);
    else list.push(row);
  };
  for (const answer of answers) {
    for (const { query, severity, severityReason, ...finding } of findingsOfAnswer(answer)) {
      const { hostId, subject, details, blindSpots } = finding;
      if (hostId === null) continue;
      const seen = firstSeen.get(findingKey(hostId, query.name, subject ?? '')) ?? null;
      put(
        hostId,
        rowOf(query, 'hit', { severity, reason: severityReason }, subject, details, blindSpots, seen),
      );
    }
    for (const [hostId, verdict] of answer.verdicts) {
      if (verdict === 'unknown' || verdict === 'not_asked')
        put(
          hostId,
          rowOf(
            answer.query,
            verdict,
            gradeOn(answer, hostId),
            null,
            [],
            answer.blindSpots.get(hostId) ?? [],
            null,
          ),
        );
    }
  }
  return byHost;
};

type SnapshotOfHost = Pick<AnySnapshot, 'head' | 'host'>;

const findingSnapshot = ({ head, host }: SnapshotOfHost, found: readonly Row[]): ExportSnapshot => {
  const rows = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return {
    head,
    host,
    tables: [
      {
        table: findingsTable,
        status: rows.length === 0 ? 'empty' : 'ok',
        affected: [],
        rowCount: rows.length,
        details: null,
        rows: identifiedRows(findingsTable, head, rows),
        counter: 0,
        epoch: head.collectedTime,
      },
    ],
  };
};

/** Findings host by host, each with the last snapshot of it: of the snapshots of a host, the last one comes last. */
export function* findingSnapshots(
  store: Store,
  answers: readonly Answer[],
  snapshots: Iterable<SnapshotOfHost>,
): Generator<ExportSnapshot> {
  const byHost = rowsByHost(answers, firstSeenTimes(store));
  const withFindings = (snapshot: SnapshotOfHost): ExportSnapshot =>
    findingSnapshot(snapshot, byHost.get(snapshot.head.hostId) ?? []);
  let before: SnapshotOfHost | null = null;
  for (const snapshot of snapshots) {
    if (before !== null && before.head.hostId !== snapshot.head.hostId) yield withFindings(before);
    before = snapshot;
  }
  if (before !== null) yield withFindings(before);
}
