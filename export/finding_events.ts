/** What happened to findings since it was last exported, host by host. */
import { queries } from '../queries/index.ts';
import type { Query } from '../queries/query.ts';
import type { FindingEventKind } from '../store/finding_events.ts';
import { findingIdOf } from '../store/findings.ts';
import type { Store } from '../store/store.ts';
import { findingEventsTable } from './finding_events_table.ts';
import type { FindingState } from './finding_events_table.ts';
import { oneTableSnapshot } from './findings.ts';
import type { NewEvents } from './seen_events.ts';
import type { AnySnapshot, Cell, ExportSnapshot } from './format.ts';

interface Event {
  readonly number: number;
  readonly time: number;
  readonly kind: FindingEventKind;
  readonly queryName: string;
  readonly subject: string;
  readonly findingId: string | null;
  readonly severity: string | null;
  readonly details: string | null;
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
  readonly exception: string | null;
  /** The snapshot that saw it; null where it is not kept any more. */
  readonly snapshotId: number | null;
  readonly sequence: number | null;
}

const queryOf = new Map(queries.map((query) => [query.name, query]));

const metaOf = (name: string, query: Query | undefined) =>
  query === undefined
    ? { title: name, group: null, purpose: null, remediation: null, references: null, falsePositives: null }
    : query;

/** How the finding stands from then on. Beside a withdrawal is what holds at its time, if anything does. */
const stateAfter = (
  kind: FindingEventKind,
  { findingId, exception }: Pick<Event, 'findingId' | 'exception'>,
): FindingState => {
  if (kind === 'new' || kind === 'suppressed') return kind;
  if (kind === 'resolved' || (kind === 'withdrawn' && findingId === null)) return 'gone';
  return exception === null ? 'ongoing' : 'suppressed';
};

const rowOf = (hostId: string, { kind, time, queryName, subject, ...event }: Event): readonly Cell[] => {
  const { title, group, purpose, remediation, references, falsePositives } = metaOf(
    queryName,
    queryOf.get(queryName),
  );
  return [
    ...[kind, time, findingIdOf(hostId, queryName, subject), queryName, title, group, event.severity],
    ...[subject === '' ? null : subject, event.details, event.firstSeen, event.lastSeen],
    ...[kind === 'resolved' ? time : null, event.exception, purpose, remediation, references, falsePositives],
    stateAfter(kind, event),
  ];
};

const ofSnapshot = (what: string): string =>
  `(SELECT s.${what} FROM main._snapshot s WHERE s.host = e.host AND s.collected_time = e.time AND s.order_time IS NULL ` +
  'ORDER BY s.reading DESC, s.snapshot_id DESC LIMIT 1)';

/** Beside an event is the version of the finding that it begins, or ends; beside a withdrawal the one that holds then. */
const eventsSql =
  'SELECT e.number, e.time, e.kind, e.query_name AS queryName, e.subject, f.finding_id AS findingId, f.severity, f.details, ' +
  'f.first_seen_time AS firstSeen, coalesce(f.last_seen_time, h.judged_until_time) AS lastSeen, f.exception, ' +
  `${ofSnapshot('snapshot_id')} AS snapshotId, ${ofSnapshot('sequence')} AS sequence ` +
  'FROM main._host h JOIN main._finding_event e ON e.host = h.host LEFT JOIN main._finding f ON f.host = e.host ' +
  'AND f.query_name = e.query_name AND f.subject = e.subject ' +
  "AND CASE e.kind WHEN 'resolved' THEN f.until_time = e.time " +
  "WHEN 'withdrawn' THEN f.from_time <= e.time AND (f.until_time IS NULL OR f.until_time > e.time) " +
  'ELSE f.from_time = e.time END ' +
  'WHERE h.host_id = ? AND e.number > ? AND e.number <= ? AND e.aside IS NULL ORDER BY e.number';

type SnapshotOfHost = Pick<AnySnapshot, 'head' | 'host'>;

/** The events of each host, with what is known of it now, as if each were told by the snapshot that saw it. */
export function* findingEventSnapshots(
  { db }: Store,
  { after, until }: NewEvents,
  snapshots: Iterable<SnapshotOfHost>,
): Generator<ExportSnapshot> {
  const find = db.prepare(eventsSql);
  for (const { head, host } of snapshots) {
    const events = find.all(head.hostId, after, until) as Event[];
    for (const [collectedTime, own] of Map.groupBy(events, ({ time }) => time)) {
      const { snapshotId, sequence } = own[0] as Event;
      const then = { ...head, collectedTime, snapshotId: snapshotId ?? head.snapshotId, sequence };
      yield oneTableSnapshot(
        findingEventsTable,
        { head: then, host },
        own.map((event) => rowOf(head.hostId, event)),
      );
    }
  }
}
