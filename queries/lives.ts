/** The lives of findings that a store keeps: when each was first seen, when its facts changed, and when it ended. */
import type { Severity } from './query.ts';
import type { Preparing } from '../store/database.ts';

/** A finding from its first moment to its end; one that comes back begins another life. */
export interface Life {
  readonly queryName: string;
  readonly severity: Severity;
  readonly hostId: string;
  readonly subject: string;
  /** JSON array of the facts, as they were last. */
  readonly details: string;
  readonly firstSeenTime: number;
  /** When the facts became what they are. */
  readonly changedTime: number;
  /** Null where it is there. */
  readonly resolvedTime: number | null;
}

/** @param now Unix seconds: what came later is not known yet. */
export const livesAt = (db: Preparing, now: number): readonly Life[] =>
  db
    .prepare(
      // Beside max(), SQLite takes the other columns from the row that has it: the last of this life.
      `SELECT query_name AS queryName, severity, host_id AS hostId, subject, details,
         first_seen_time AS firstSeenTime, max(valid_from_time) AS changedTime,
         CASE WHEN valid_until_time <= :now THEN valid_until_time END AS resolvedTime
       FROM findings_history
       WHERE valid_from_time <= :now
       GROUP BY host_id, query_name, subject, first_seen_time
       ORDER BY hostId, queryName, subject, firstSeenTime`,
    )
    .safeIntegers(false)
    .all({ now }) as Life[];

/** When the last snapshot of each host was taken, as far as it counts. */
export const lastTimes = (db: Preparing): ReadonlyMap<string, number> =>
  new Map(
    db
      .prepare('SELECT host_id, collected_time FROM latest_snapshots')
      .safeIntegers(false)
      .raw(true)
      .all() as [string, number][],
  );

/** What a life is known by among those that are there. */
export const lifeKey = (hostId: string, queryName: string, subject: string): string =>
  JSON.stringify([hostId, queryName, subject]);
