/**
 * What happened to findings, each event once and under a number of its own: whoever exports them goes by the numbers.
 *
 * A snapshot that comes late makes the time from then on to be evaluated anew. What was told of that time is set aside first; an
 * event that comes out again is the same one, one that comes out at another time is moved and keeps its number, and one that does
 * not come out any more is withdrawn, under a new number.
 */
import type { Preparing } from './database.ts';
import { hostIdOf } from './ddl.ts';

/** `changed`: in its facts or its severity. `expired`: what made it accepted ended. `withdrawn`: it is not known any more. */
export const findingEventKinds = [
  'new',
  'changed',
  'suppressed',
  'expired',
  'resolved',
  'withdrawn',
] as const;
export type FindingEventKind = (typeof findingEventKinds)[number];

export const findingEventTables: Readonly<Record<string, string>> = {
  _finding_event: `CREATE TABLE "_finding_event" (
  host INTEGER NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  query_name TEXT NOT NULL,
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,
  aside INTEGER,
  PRIMARY KEY (host, time, kind, query_name, subject)
) STRICT, WITHOUT ROWID`,
};

export const findingEventIndexes: Readonly<Record<string, string>> = {
  _finding_event_number: 'CREATE INDEX "_finding_event_number" ON "_finding_event" (number)',
};

const columns =
  `e.number AS event_number, e.kind AS event, e.time AS event_time, ${hostIdOf('h')}, e.query_name, e.subject, ` +
  '(SELECT f.finding_id FROM main._finding f WHERE f.host = e.host AND f.query_name = e.query_name AND f.subject = e.subject LIMIT 1) AS finding_id';
const from = 'FROM main._host h JOIN main._finding_event e ON e.host = h.host AND e.aside IS NULL';

export const findingEventViews: Readonly<Record<string, string>> = {
  finding_events: `SELECT ${columns} ${from}`,
};

/** What `finding_events` means under `--as-of`. */
export const findingEventsAsOf = (time: number | string): string =>
  `SELECT ${columns} ${from} WHERE e.time <= ${time}`;

const counter = 'finding_events';

/** The number of the last event; 0 before the first. */
export const lastEventNumber = (db: Preparing): number =>
  (db.prepare('SELECT value FROM main._setting WHERE name = ?').pluck().get(counter) as number | undefined) ??
  0;

const nextNumber = (db: Preparing): number =>
  db
    .prepare('INSERT INTO _setting VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value')
    .pluck()
    .get(counter) as number;

/** Sets aside what was told of a host from a time on: it is to be told anew, and then settled. */
export const findingEventsFrom = (db: Preparing, host: number, time: number): void => {
  db.prepare(
    "UPDATE _finding_event SET aside = ? WHERE host = ? AND time >= ? AND aside IS NULL AND kind <> 'withdrawn'",
  ).run(lastEventNumber(db), host, time);
};

const thisEvent = 'WHERE host = ? AND time = ? AND kind = ? AND query_name = ? AND subject = ?';

/** Notes what happens to the findings of a host at one time. */
export class FindingEvents {
  readonly #db: Preparing;
  readonly #host: number;
  readonly #time: number;

  constructor(db: Preparing, host: number, time: number) {
    this.#db = db;
    this.#host = host;
    this.#time = time;
  }

  note(kind: FindingEventKind, queryName: string, subject: string): void {
    const key = [this.#host, this.#time, kind, queryName, subject];
    const isKnown = this.#db
      .prepare(`UPDATE _finding_event SET aside = NULL ${thisEvent}`)
      .run(...key).changes;
    if (isKnown === 0)
      this.#db
        .prepare('INSERT INTO _finding_event VALUES (?, ?, ?, ?, ?, ?, NULL)')
        .run(...key, nextNumber(this.#db));
  }
}

interface Event {
  readonly time: number;
  readonly kind: FindingEventKind;
  readonly queryName: string;
  readonly subject: string;
  readonly number: number;
}

/** One that was set aside, and the number of the last event by then. */
interface Aside extends Event {
  readonly aside: number;
}

const sameFinding = ({ kind, queryName, subject }: Event): string =>
  JSON.stringify([kind, queryName, subject]);

/** The number of a host in this file; it must be there. */
export const hostNumber = (db: Preparing, hostId: string): number => {
  const host = db.prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(hostId) as
    | number
    | undefined;
  if (host === undefined) throw new Error(`the store has no host ${hostId}`);
  return host;
};

/** What was set aside of a host and did not come out again is moved to where it came out, or withdrawn. */
export const settleFindingEvents = (db: Preparing, hostId: string): void => {
  const host = hostNumber(db, hostId);
  const fields =
    'time, kind, query_name AS queryName, subject, number, aside FROM _finding_event WHERE host = ?';
  const aside = db.prepare(`SELECT ${fields} AND aside IS NOT NULL ORDER BY time`).all(host) as Aside[];
  if (aside.length === 0) return;
  const least = Math.min(...aside.map((event) => event.aside));
  const fresh = Map.groupBy(
    db.prepare(`SELECT ${fields} AND aside IS NULL AND number > ? ORDER BY time`).all(host, least) as Event[],
    sameFinding,
  );
  const drop = db.prepare(`DELETE FROM _finding_event ${thisEvent}`);
  const insert = db.prepare('INSERT OR IGNORE INTO _finding_event VALUES (?, ?, ?, ?, ?, ?, NULL)');
  for (const event of aside) {
    const { time, kind, queryName, subject, number } = event;
    const candidates = fresh.get(sameFinding(event)) ?? [];
    const at = candidates.findIndex((other) => other.number > event.aside);
    const [moved] = at === -1 ? [] : candidates.splice(at, 1);
    drop.run(host, time, kind, queryName, subject);
    if (moved === undefined) {
      insert.run(host, time, 'withdrawn', queryName, subject, nextNumber(db));
      continue;
    }
    drop.run(host, moved.time, kind, queryName, subject);
    insert.run(host, moved.time, kind, queryName, subject, number);
  }
};
