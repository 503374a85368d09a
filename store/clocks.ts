/**
 * Which snapshots count, and in what order: the one place where that is decided. The clock of a Mac may be wrong, and so may
 * that of a reader; a snapshot is held against the moment at which it was stored. docs/store.md has the rules in words.
 */
import type { Db, Preparing } from './database.ts';

/** So much later than it was stored a snapshot may be dated: clocks differ, and a time may be of the end of a minute. */
export const toleranceSeconds = 3_600;

/** What `_snapshot.order_time` says: where one that is dated ahead stands in the order; null for one that counts. */
export type OrderTime = number | null;

/** The order of a snapshot that is stored at a moment. */
export const orderTimeOf = (collectedTime: number, ingestedTime: number): OrderTime =>
  collectedTime > ingestedTime + toleranceSeconds ? ingestedTime + toleranceSeconds : null;

/** Of two stores that know a snapshot, the one that had it first: what did not count once never does. */
export const earlierOrder = (a: OrderTime, b: OrderTime): OrderTime =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** The same as `orderTimeOf` in SQL, over a row of `_snapshot` that has no order_time yet. */
export const orderTimeSql = `CASE WHEN collected_time > ingested_time + ${toleranceSeconds} THEN ingested_time + ${toleranceSeconds} END`;

/** In SQL: a snapshot counts, and its date is where it stands. */
export const isCounted = (snapshot: string): string => `${snapshot}.order_time IS NULL`;

/** In SQL: where a snapshot stands in the order, counted or not. */
export const placeOf = (snapshot: string): string =>
  `coalesce(${snapshot}.order_time, ${snapshot}.collected_time)`;

/** In SQL: when a snapshot was stored, as far as that is believed. */
const storedTime = (snapshot: string): string =>
  `CASE WHEN ${isCounted(snapshot)} THEN ${snapshot}.ingested_time ` +
  `ELSE min(${snapshot}.ingested_time, ${snapshot}.order_time - ${toleranceSeconds}) END`;

/** In SQL, of a host: the newest moment at which one of its snapshots was stored. */
export const newestStoredTime = (host: string): string =>
  `(SELECT max(${storedTime('s')}) FROM _snapshot s WHERE s.host = ${host})`;

/** In SQL: nothing that counts came after a snapshot that does not; `h` is its host. */
export const isNewest = (snapshot: string): string =>
  `coalesce(h.ahead_snapshot = ${snapshot}.snapshot_id, 0)`;

/** The same at a moment in the past, by the times alone. */
export const wasNewest = (snapshot: string, time: number | string): string =>
  `NOT EXISTS (SELECT 1 FROM main._snapshot c WHERE c.host = ${snapshot}.host AND ${isCounted('c')} ` +
  `AND c.collected_time BETWEEN ${snapshot}.order_time - ${toleranceSeconds} AND ${time})`;

/** The last snapshot of a host that does not count, if nothing that counts is of its moment or later. */
export const newestAhead = (db: Db, host: number, lastTime: number | null): number | null =>
  (db
    .prepare(
      'SELECT snapshot_id FROM _snapshot WHERE host = ? AND order_time IS NOT NULL AND order_time - ? >= ? ' +
        'ORDER BY order_time DESC, snapshot_id DESC LIMIT 1',
    )
    .pluck()
    .get(host, toleranceSeconds, lastTime ?? Number.MIN_SAFE_INTEGER) as number | undefined) ?? null;

/** The number of the first snapshot of a host; after `retain` it need not be 1. */
export const firstNumber = (db: Db, host: number): number =>
  (db.prepare('SELECT min(sequence) FROM _snapshot WHERE host = ?').pluck().get(host) as number | null) ?? 1;

/** Gives the snapshots of a host their numbers in order. */
export const renumber = (db: Db, host: number, first: number): void => {
  db.prepare(
    'UPDATE _snapshot SET sequence = n.number FROM (SELECT collected_time, snapshot_id, ? - 1 + ' +
      `row_number() OVER (ORDER BY ${placeOf('o')}, o.reading, o.snapshot_id) AS number FROM _snapshot o WHERE o.host = ?) n ` +
      'WHERE _snapshot.host = ? AND n.collected_time = _snapshot.collected_time AND n.snapshot_id = _snapshot.snapshot_id ' +
      'AND n.number <> _snapshot.sequence',
  ).run(first, host, host);
};

/**
 * A snapshot was taken and is stored now, and others of the host say that they were stored later than that. One of the clocks
 * was wrong; it is the one that fewer snapshots speak for, and of as many, that of the older ones. Where it was theirs, they
 * do not count any more. Returns how many that are.
 */
export const disown = (db: Db, host: number, takenTime: number): number => {
  const latest = takenTime + toleranceSeconds;
  const isLater = `ingested_time > ${latest} AND collected_time > ${latest}`;
  const { all, later } = db
    .prepare(
      `SELECT count(*) AS "all", count(*) FILTER (WHERE ${isLater}) AS later FROM _snapshot s WHERE host = ? AND ${isCounted('s')}`,
    )
    .get(host) as { all: number; later: number };
  if (later === 0 || later > all - later + 1) return 0;
  db.prepare(`UPDATE _snapshot SET order_time = ? WHERE host = ? AND order_time IS NULL AND ${isLater}`).run(
    // They were there before this one was taken.
    latest - 1,
    host,
  );
  return later;
};

/** Fills in what a file of an older layout did not have. The caller holds the transaction. */
export const fillOrder = (db: Db): void => {
  db.exec(`UPDATE _snapshot SET order_time = ${orderTimeSql} WHERE order_time IS NULL`);
  db.exec(`UPDATE _host SET stored_time = ${newestStoredTime('_host.host')} WHERE stored_time IS NULL`);
};

/** A snapshot that is kept and does not count, as the file tells it. */
export interface AheadSnapshot {
  readonly hostId: string;
  readonly snapshotId: number;
  readonly collectedTime: number;
  readonly ingestedTime: number;
  /** Nothing that counts came after it: what it saw is not known. */
  readonly isNewest: boolean;
}

export const readAhead = (db: Preparing): AheadSnapshot[] =>
  (
    db
      .prepare(
        'SELECT host_id AS hostId, snapshot_id AS snapshotId, collected_time AS collectedTime, ingested_time AS ingestedTime, ' +
          'is_newest AS isNewest FROM ahead_snapshots ORDER BY is_newest DESC, host_id, collected_time',
      )
      .safeIntegers(false)
      .all() as (Omit<AheadSnapshot, 'isNewest'> & { readonly isNewest: number })[]
  ).map((row) => ({ ...row, isNewest: row.isNewest === 1 }));

/** The newest moment at which a snapshot was stored, as far as that is believed; null in a file without any. */
export const newestStored = (db: Db): number | null =>
  (db.prepare('SELECT max(stored_time) FROM _host').pluck().get() as number | null | undefined) ?? null;
