/** Which snapshots a store has: by their ids, and by the day on which they were stored. */
import { isCounted } from './clocks.ts';
import type { Db } from './database.ts';
import { isReadAnew } from './versions.ts';

/** The host of a snapshot; null where the store has no such snapshot. */
export const hostOfSnapshot = (db: Db, snapshotId: number): string | null =>
  (db
    .prepare(
      'SELECT h.host_id FROM main._snapshot s JOIN main._host h ON h.host = s.host WHERE s.snapshot_id = ?',
    )
    .pluck()
    .get(snapshotId) as string | undefined) ?? null;

/** All snapshots are redacted in the same way, or none is. */
export const isOneRedaction = (db: Db): boolean =>
  db.prepare('SELECT count(DISTINCT coalesce(redaction, 1)) FROM main._snapshot').pluck().get() === 1;

/** What was stored on one day (UTC): how many snapshots, and the sums of the lower and the upper 32 bits of their ids. */
export type StoredDay = readonly [day: number, count: number, low: number, high: number];

/** The days on which snapshots were stored, the newest first. */
export const storedDays = (db: Db): readonly StoredDay[] =>
  // Whole numbers of SQLite: sums of halves of 53 bits stay far below 2^53.
  db
    .prepare(
      'SELECT ingested_time / 86400, count(*), sum(snapshot_id & 4294967295), sum(snapshot_id >> 32) ' +
        'FROM main._snapshot GROUP BY 1 ORDER BY 1 DESC',
    )
    .raw(true)
    .all() as StoredDay[];

/** A snapshot that was stored; `isSilent` is 1 for one that has no news: it does not count, or was only read anew. */
export type StoredOne = readonly [
  day: number,
  hostId: string,
  snapshotId: number,
  collectedTime: number,
  isSilent: number,
];

/** What was stored from one day to another. */
export const storedBetween = (db: Db, first: number, last: number): IterableIterator<StoredOne> =>
  db
    .prepare(
      `SELECT s.ingested_time / 86400, h.host_id, s.snapshot_id, s.collected_time, ${isReadAnew('s')} OR NOT ${isCounted('s')} FROM main._snapshot s ` +
        'JOIN main._host h ON h.host = s.host WHERE s.ingested_time / 86400 BETWEEN ? AND ?',
    )
    .raw(true)
    .iterate(first, last) as IterableIterator<StoredOne>;

/** Ids that snapshots of more than one host have: an older version took them as a file said them. */
export const idsOfSeveralHosts = (db: Db): ReadonlySet<number> =>
  new Set(
    db
      .prepare('SELECT snapshot_id FROM main._snapshot GROUP BY snapshot_id HAVING count(DISTINCT host) > 1')
      .pluck()
      .all() as number[],
  );
