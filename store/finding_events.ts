/**
 * What happened to findings, each event once and under a number of its own: whoever exports them goes by the numbers.
 *
 * A snapshot that comes late makes the time from then on to be evaluated anew. What was told of that time is set aside first; an
 * event that comes out again is the same one, one that comes out at another time is moved and keeps its number, and one that does
 * not come out any more is withdrawn, under a new number.
 *
 * Who reads them on by their numbers has each event with the time that it was told with. The last by those times says how a finding
 * stands, whatever came late: so an event is moved only where no other of its finding lies between, and a withdrawal, which says how
 * the finding stands then, is told again when that changed.
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
  told_time INTEGER NOT NULL,
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
const insertEvent = 'INSERT OR REPLACE INTO _finding_event VALUES (?, ?, ?, ?, ?, ?, ?, NULL)';

/** A finding of a host by its parts. */
type FindingKey = readonly [host: number, queryName: string, subject: string];

/** Tells something of a finding, under the next number and with this time. */
const tell = (
  db: Preparing,
  [host, queryName, subject]: FindingKey,
  kind: FindingEventKind,
  time: number,
): void => {
  db.prepare(insertEvent).run(host, time, kind, queryName, subject, nextNumber(db), time);
};

/** Withdrawals from a time on are told again: each says how the finding stands then, and that may be otherwise now. */
const tellWithdrawalsAgain = (db: Preparing, finding: FindingKey, time: number): void => {
  const times = db
    .prepare(
      "SELECT time FROM _finding_event WHERE host = ? AND query_name = ? AND subject = ? AND kind = 'withdrawn' AND time >= ? ORDER BY time",
    )
    .pluck()
    .all(...finding, time) as number[];
  for (const at of times) tell(db, finding, 'withdrawn', at);
};

interface Event {
  readonly time: number;
  readonly kind: FindingEventKind;
  readonly queryName: string;
  readonly subject: string;
  readonly number: number;
  /** The time that it was told with; another one where it was moved since. */
  readonly told: number;
}

/** One that was set aside, and the number of the last event by then. */
interface Aside extends Event {
  readonly aside: number;
}

const eventFields =
  'time, kind, query_name AS queryName, subject, number, told_time AS told, aside FROM _finding_event WHERE host = ?';

const sameEvent = ({ kind, queryName, subject }: Event): string => JSON.stringify([kind, queryName, subject]);
const sameFinding = ({ queryName, subject }: Event): string => JSON.stringify([queryName, subject]);

/** Whether another event lies between the time of one and the time that it was told with. */
const isOvertaken = (event: Event, others: readonly Event[]): boolean => {
  const [first, last] = [Math.min(event.time, event.told), Math.max(event.time, event.told)];
  return others.some(
    (other) =>
      other !== event &&
      Math.max(other.time, other.told) >= first &&
      Math.min(other.time, other.told) <= last,
  );
};

/** Says that what was told of a time is not so; what is told of that time instead comes after it. */
const withdraw = (db: Preparing, finding: FindingKey, told: number): void => {
  tell(db, finding, 'withdrawn', told);
  const instead = db
    .prepare(
      "SELECT kind FROM _finding_event WHERE host = ? AND query_name = ? AND subject = ? AND kind <> 'withdrawn' AND aside IS NULL " +
        'AND time = ? AND told_time = time',
    )
    .pluck()
    .all(...finding, told) as FindingEventKind[];
  for (const kind of instead) tell(db, finding, kind, told);
};

/** Tells the moved events of a finding anew that another one, or a withdrawal, has overtaken. */
const tellOvertakenAnew = (db: Preparing, finding: FindingKey): void => {
  const told = db.prepare(
    `SELECT ${eventFields} AND query_name = ? AND subject = ? AND aside IS NULL ORDER BY time`,
  );
  for (;;) {
    const events = told.all(...finding) as Event[];
    const event = events.find((one) => one.time !== one.told && isOvertaken(one, events));
    if (event === undefined) return;
    tell(db, finding, event.kind, event.time);
    withdraw(db, finding, event.told);
  }
};

/** Whether an event of a host was moved or withdrawn: what is noted may have to tell it again. */
const wasAnyRetold = (db: Preparing, host: number): boolean =>
  db
    .prepare(
      "SELECT 1 FROM _finding_event WHERE host = ? AND (told_time <> time OR kind = 'withdrawn') LIMIT 1",
    )
    .get(host) !== undefined;

/** Notes what happens to the findings of a host at one time. */
export class FindingEvents {
  readonly #db: Preparing;
  readonly #host: number;
  readonly #time: number;
  /** Null before it is asked for. What is noted here moves and withdraws nothing where nothing was. */
  #wasAnyRetold: boolean | null = null;

  constructor(db: Preparing, host: number, time: number) {
    this.#db = db;
    this.#host = host;
    this.#time = time;
  }

  note(kind: FindingEventKind, queryName: string, subject: string): void {
    const finding = [this.#host, queryName, subject] as const;
    const told = this.#db
      .prepare(`UPDATE _finding_event SET aside = NULL ${thisEvent} RETURNING told_time`)
      .pluck()
      .get(this.#host, this.#time, kind, queryName, subject) as number | undefined;
    if (told !== undefined) {
      // Others were told while it was set aside.
      if (told !== this.#time) tellOvertakenAnew(this.#db, finding);
      return;
    }
    this.#wasAnyRetold ??= wasAnyRetold(this.#db, this.#host);
    tell(this.#db, finding, kind, this.#time);
    if (!this.#wasAnyRetold) return;
    tellOvertakenAnew(this.#db, finding);
    tellWithdrawalsAgain(this.#db, finding, this.#time + 1);
  }
}

/** The number of a host in this file; it must be there. */
export const hostNumber = (db: Preparing, hostId: string): number => {
  const host = db.prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(hostId) as
    | number
    | undefined;
  if (host === undefined) throw new Error(`the store has no host ${hostId}`);
  return host;
};

/**
 * Moves what was set aside to where it came out, under the number that it has.
 *
 * @returns What did not come out again.
 */
const moveEvents = (db: Preparing, host: number, aside: readonly Aside[]): readonly Event[] => {
  const least = Math.min(...aside.map((event) => event.aside));
  const fresh = Map.groupBy(
    db
      .prepare(`SELECT ${eventFields} AND aside IS NULL AND number > ? ORDER BY time`)
      .all(host, least) as Event[],
    sameEvent,
  );
  const drop = db.prepare(`DELETE FROM _finding_event ${thisEvent}`);
  const insert = db.prepare(insertEvent);
  return aside.filter((event) => {
    const { time, kind, queryName, subject, number, told } = event;
    const candidates = fresh.get(sameEvent(event)) ?? [];
    const at = candidates.findIndex((other) => other.number > event.aside);
    // It moves once: readers have it with the one time or with the other.
    const [moved] = at === -1 || time !== told ? [] : candidates.splice(at, 1);
    drop.run(host, time, kind, queryName, subject);
    if (moved === undefined) return true;
    insert.run(host, moved.time, kind, queryName, subject, number, told);
    return false;
  });
};

/** Settles what was set aside of a host, when all that follows was told: moved, told anew or withdrawn. */
export const settleFindingEvents = (db: Preparing, hostId: string): void => {
  const host = hostNumber(db, hostId);
  const aside = db.prepare(`SELECT ${eventFields} AND aside IS NOT NULL ORDER BY time`).all(host) as Aside[];
  if (aside.length === 0) return;
  for (const { queryName, subject, told, time } of moveEvents(db, host, aside))
    for (const at of new Set([told, time])) withdraw(db, [host, queryName, subject], at);
  for (const [first] of Map.groupBy(aside, sameFinding).values()) {
    if (first === undefined) continue;
    const finding = [host, first.queryName, first.subject] as const;
    tellOvertakenAnew(db, finding);
    tellWithdrawalsAgain(db, finding, first.time);
  }
};
