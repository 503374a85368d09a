/** The snapshots of a store as the heads of exported ones. */
import { isTime } from '../../collector/time.ts';
import type { Ref } from '../../store/history.ts';
import type { Head } from '../format.ts';

/** A row of `snapshotColumns`. Arrays: better-sqlite3 takes ten times as long to make an object of a single row. */
export type SnapshotRow = readonly unknown[];

// No join with _host, though it has the name: SQLite prepares a join anew for every value that is bound.
export const snapshotColumns =
  's.snapshot_id, s.sequence, s.collected_time, s.status, s.origin, s.euid, s.tool_version, s.schema_version, ' +
  's.redaction, s.look, s.reading, s.order_time';

/**
 * Null for a snapshot whose own time is no date: no format can write it. Such a one can only be in a file that an older version
 * filled, or another program; unwritable.ts counts them.
 */
export const headOf = (row: SnapshotRow, hostId: string): Head | null => {
  if (!isTime(row[2])) return null;
  return {
    hostId,
    snapshotId: row[0] as number,
    sequence: row[1] as number,
    collectedTime: row[2],
    status: row[3] as Head['status'],
    origin: row[4] as Head['origin'],
    euid: row[5] as number | null,
    toolVersion: row[6] as string,
    schemaVersion: row[7] as number,
    redaction: row[8] as string | null,
    reading: row[10] as number,
    ...(row[11] === null ? {} : { orderTime: row[11] as number }),
  };
};

/** The number of the set of observations that a snapshot stands for. */
export const observationSetOf = (row: SnapshotRow): number => row[9] as number;

/** A snapshot of one host, where their order does not matter. */
export type Moment = Pick<Ref, 'time' | 'id'>;

export const refOf = ({ collectedTime: time, snapshotId: id, reading = 0 }: Head): Ref => ({
  time,
  id,
  reading,
});
