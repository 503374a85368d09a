/**
 * Whether it is a scheduled job's turn. launchd starts the job often, because what it would have started during sleep
 * is lost; the job itself knows when it ran last, from the database. So a turn that was slept through is taken on the
 * first start after it.
 */
import { createHash } from 'node:crypto';
import { isBegun, openForReading } from '../store/file.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import type { Options } from './command.ts';

export const day = 86_400;
/** In seconds: launchd starts nothing more often. */
export const shortestTurn = 60;

export const dueOptions: Options = {
  'if-due': {
    type: 'boolean',
    description: 'Do nothing unless it is this Mac’s turn: for a job that is started often.',
  },
  every: {
    type: 'string',
    value: 'AGE',
    kind: 'age',
    least: shortestTurn,
    goesWith: { option: 'if-due' },
    description: 'With --if-due: how often it is its turn; 24h by default.',
  },
};

/** Seconds between turns. */
export const everyOf = (given: Arguments): number => given.number('every') ?? day;

/**
 * Seconds by which a host's turns come after the full interval: the same for ever on one Mac, and spread evenly over
 * a fleet. Macs that were imaged alike differ all the same, for the hardware UUID does.
 */
export const splayOf = (hostId: string, every: number): number =>
  Number(createHash('sha256').update(hostId.toUpperCase()).digest().readBigUInt64BE(0) % BigInt(every));

/** The turn that a moment falls into. */
export const turnOf = (hostId: string, every: number, time: number): number =>
  Math.floor((time - splayOf(hostId, every)) / every);

/** True when a turn has begun since the last run, whatever happened in between. */
export const isTurn = (hostId: string, every: number, last: number, now: number): boolean =>
  turnOf(hostId, every, now) > turnOf(hostId, every, last);

/** When this database was last filled by a collection, and of which host. */
const lastRun = (path: string, until: number): { readonly hostId: string; readonly time: number } | null => {
  if (!isBegun(path)) return null;
  const store = openForReading(path, tables);
  try {
    const row = store.db
      .prepare(
        'SELECT h.host_id AS hostId, s.ingested_time AS time FROM main._snapshot s JOIN main._host h ON h.host = s.host ' +
          "WHERE s.ingested_time <= ? AND s.origin <> 'merge' ORDER BY s.ingested_time DESC LIMIT 1",
      )
      .get(until) as { hostId: string; time: number } | undefined;
    return row ?? null;
  } finally {
    store.close();
  }
};

/** Whether a snapshot into this database is due. Throws UserError for a file that is no database. */
export const isDue = (path: string, every: number, now: number): boolean => {
  // A clock that was far ahead once must not silence the job until that day has come.
  const last = lastRun(path, now + every);
  return last === null || isTurn(last.hostId, every, last.time, now);
};
