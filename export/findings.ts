/** The rows of findings, host by host. */
import { findingsOfAnswer } from '../queries/findings.ts';
import type { Query } from '../queries/query.ts';
import { fieldsOfSpot } from '../queries/evaluate.ts';
import type { Answer, BlindSpot } from '../queries/evaluate.ts';
import type { Store } from '../store/file.ts';
import { findingsTable } from './findings_table.ts';
import { identities, keyWriter } from './format.ts';
import type { Cell, ExportRow, Head, ExportSnapshot } from './format.ts';

type Row = readonly Cell[];

const rowOf = (
  { name, title, group, severity, purpose, remediation, references, falsePositives }: Query,
  verdict: 'hit' | 'unknown',
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
];

const keyOf = keyWriter(findingsTable);

/** Findings host by host, each with the last snapshot of it. Reports on a whole fleet are of no host, and left out. */
export function* findingSnapshots(
  { db }: Store,
  answers: readonly Answer[],
  snapshots: Iterable<ExportSnapshot>,
): Generator<ExportSnapshot> {
  const hasFindings =
    db.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'findings'").get() !== undefined;
  const firstSeen = new Map(
    (hasFindings
      ? (db.prepare('SELECT host_id, query_name, subject, first_seen_time FROM findings').raw(true).all() as [
          string,
          string,
          string,
          number,
        ][])
      : []
    ).map(([host, name, subject, at]) => [JSON.stringify([host, name, subject]), at]),
  );
  const byHost = new Map<string, Row[]>();
  const put = (host: string, row: Row): void => {
    const list = byHost.get(host);
    if (list === undefined) byHost.set(host, [row]);
    else list.push(row);
  };
  for (const answer of answers) {
    for (const { query, hostId, subject, details, blindSpots } of findingsOfAnswer(answer)) {
      if (hostId === null) continue;
      const seen = firstSeen.get(JSON.stringify([hostId, query.name, subject ?? ''])) ?? null;
      put(hostId, rowOf(query, 'hit', subject, details, blindSpots, seen));
    }
    for (const [host, verdict] of answer.verdicts) {
      if (verdict === 'unknown')
        put(host, rowOf(answer.query, 'unknown', null, [], answer.blindSpots.get(host) ?? [], null));
    }
  }
  const findingsOfHost = (snapshot: ExportSnapshot): ExportSnapshot => {
    const rows = (byHost.get(snapshot.head.hostId) ?? []).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const exported = function* (head: Head): Generator<ExportRow> {
      const identify = identities(head, findingsTable.name);
      for (const cells of rows) yield { id: identify(keyOf(cells), null), change: null, cells, text: null };
    };
    return {
      head: snapshot.head,
      host: snapshot.host,
      tables: [
        {
          table: findingsTable,
          status: rows.length === 0 ? 'empty' : 'ok',
          affected: [],
          rowCount: rows.length,
          details: null,
          rows: exported(snapshot.head),
          counter: 0,
          epoch: snapshot.head.collectedTime,
        },
      ],
    };
  };
  // Of the snapshots of a host, the last one comes last.
  let before: ExportSnapshot | null = null;
  for (const snapshot of snapshots) {
    if (before !== null && before.head.hostId !== snapshot.head.hostId) yield findingsOfHost(before);
    before = snapshot;
  }
  if (before !== null) yield findingsOfHost(before);
}
