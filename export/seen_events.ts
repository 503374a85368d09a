/** Up to which event in the life of findings a store was exported. */
import { hash } from 'node:crypto';
import { lastEventNumber } from '../store/finding_events.ts';
import type { Store } from '../store/store.ts';

/** The last event that was exported: its number, and a digest that only its own database has under that number. */
export type SeenEvent = readonly [number: number, digest: string];

const digestOf = ({ db }: Store, number: number): string | null => {
  const row = db
    .prepare(
      'SELECT h.host_id, e.kind, e.query_name, e.subject FROM main._finding_event e JOIN main._host h ON h.host = e.host WHERE e.number = ?',
    )
    .raw(true)
    .get(number);
  return row === undefined ? null : hash('sha256', JSON.stringify(row)).slice(0, 16);
};

/** The number after which events are new. Where a cursor is of another database, all are: repeated, and none left out. */
const firstNewEvent = (store: Store, seen: SeenEvent | null): number => {
  if (seen === null) return 0;
  const [number, digest] = seen;
  if (lastEventNumber(store.db) < number) return 0;
  const own = digestOf(store, number);
  // What is not kept any more can be told by nobody.
  return own === null || digest === '' || own === digest ? number : 0;
};

/** Events that are told now, by their numbers: those after the first, up to the last. */
export interface NewEvents {
  readonly after: number;
  readonly until: number;
}

/** What is new to a cursor. An event that is set aside may come out again under its number: nothing behind it is told before. */
export const newEvents = (store: Store, seen: SeenEvent | null): NewEvents => {
  const after = firstNewEvent(store, seen);
  const aside = store.db
    .prepare('SELECT min(number) FROM main._finding_event WHERE aside IS NOT NULL AND number > ?')
    .pluck()
    .get(after) as number | null;
  return { after, until: aside === null ? lastEventNumber(store.db) : aside - 1 };
};

/** The last of these as a cursor keeps it; what it had where nothing is new. */
export const lastEvent = (
  store: Store,
  { after, until }: NewEvents,
  seen: SeenEvent | null,
): SeenEvent | null => {
  const number = store.db
    .prepare('SELECT max(number) FROM main._finding_event WHERE number > ? AND number <= ?')
    .pluck()
    .get(after, until) as number | null;
  if (number !== null) return [number, digestOf(store, number) ?? ''];
  return after === 0 ? null : seen;
};

const hostsSql =
  'SELECT DISTINCT h.host_id FROM main._finding_event e JOIN main._host h ON h.host = e.host ' +
  'WHERE e.number > ? AND e.number <= ? AND e.aside IS NULL ORDER BY h.host_id';

/** The hosts of which something is told. */
export const hostsWithEvents = ({ db }: Store, { after, until }: NewEvents): readonly string[] =>
  db.prepare(hostsSql).pluck().all(after, until) as string[];

/** How many events a cursor has not told yet, and the time of the first of them. */
export const eventsAfter = (
  store: Store,
  seen: SeenEvent | null,
  hostIds: readonly string[] | null,
): { readonly pending: number; readonly oldestTime: number | null } =>
  store.db
    .prepare(
      'SELECT count(*) AS pending, min(e.time) AS oldestTime FROM main._finding_event e JOIN main._host h ON h.host = e.host ' +
        'WHERE e.number > ? AND e.aside IS NULL AND (? IS NULL OR h.host_id IN (SELECT value FROM json_each(?)))',
    )
    .get(
      firstNewEvent(store, seen),
      ...Array<string | null>(2).fill(hostIds === null ? null : JSON.stringify(hostIds)),
    ) as {
    pending: number;
    oldestTime: number | null;
  };
