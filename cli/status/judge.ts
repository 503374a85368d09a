/** How a database and what goes with it stand: what is old, what is not seen, and what waits to be exported. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isComplete, isSeen } from '../../collector/status.ts';
import { newsSince, readAnyCursor, emptyCursor } from '../../export/cursor.ts';
import type { Cursor } from '../../export/cursor.ts';
import { eventsAfter } from '../../export/seen_events.ts';
import { newestStored, readAhead } from '../../store/clocks.ts';
import type { AheadSnapshot } from '../../store/clocks.ts';
import { readLooks } from '../../store/looks.ts';
import type { HostLook, TableLook } from '../../store/looks.ts';
import type { Store } from '../../store/store.ts';
import { statOrNull } from '../../collector/files.ts';
import type { Arguments } from '../command.ts';
import { lastErrorOf } from '../doctor/state.ts';
import type { LoggedError } from '../doctor/state.ts';
import { macLog, macState } from '../job.ts';

/** What is held against a database. */
export interface Bounds {
  readonly now: number;
  /** Seconds; null where age is only told. */
  readonly maxAge: number | null;
  /** A host that was not seen for so long is out of use, and not judged. */
  readonly retiredAfter: number | null;
  readonly isStrict: boolean;
  /** Only these tables count; empty for all. */
  readonly required: ReadonlySet<string>;
}

export interface JudgedTable extends TableLook {
  readonly age: number | null;
  readonly isBlind: boolean;
  readonly isOld: boolean;
}

export interface JudgedHost extends HostLook {
  readonly age: number | null;
  readonly isOld: boolean;
  readonly isRetired: boolean;
  /** The newest snapshot, where it does not count because a clock was ahead. */
  readonly ahead: AheadSnapshot | null;
  readonly tables: readonly JudgedTable[];
}

export interface CursorState {
  readonly path: string;
  readonly isThere: boolean;
  /** Snapshots that were not exported by it. */
  readonly pending: number;
  /** When the oldest of them was stored. */
  readonly oldestTime: number | null;
  readonly isOld: boolean;
}

/** What is not of one host. */
export interface Surroundings {
  readonly now: number;
  readonly path: string;
  readonly bytes: number;
  readonly walBytes: number;
  /** Seconds by which the clock here is behind the newest snapshot; 0 where it is not. */
  readonly clockBehind: number;
  readonly cursors: readonly CursorState[];
  readonly log: { readonly path: string; readonly error: LoggedError | null } | null;
}

const judgeTable = (look: TableLook, { now, maxAge, required }: Bounds): JudgedTable => {
  const { table, status, lastGoodTime } = look;
  const age = lastGoodTime === null ? null : Math.max(0, now - lastGoodTime);
  const counts = required.size === 0 || required.has(table);
  const isThere =
    status !== null &&
    (required.has(table) ? isSeen(status) || status === 'unsupported' : isComplete(status));
  return {
    ...look,
    age,
    isBlind: counts && !isThere,
    isOld: counts && !isThere && maxAge !== null && age !== null && age > maxAge,
  };
};

/** Judges each host in turn: a file may hold thousands. */
export function* judgeHosts(store: Store, bounds: Bounds): Generator<JudgedHost> {
  const { now, maxAge, retiredAfter } = bounds;
  const ahead = new Map(
    readAhead(store.db).flatMap((one) => (one.isNewest ? [[one.hostId, one] as const] : [])),
  );
  for (const host of readLooks(store)) {
    const age = host.lastTime === null ? null : Math.max(0, now - host.lastTime);
    const isRetired = retiredAfter !== null && age !== null && age > retiredAfter;
    yield {
      ...host,
      age,
      isRetired,
      isOld: !isRetired && maxAge !== null && (age === null || age > maxAge),
      ahead: ahead.get(host.hostId) ?? null,
      tables: host.tables.map((look) => judgeTable(look, bounds)),
    };
  }
}

/** How many snapshots a cursor has not told yet, and when the first of them was stored. */
const snapshotsAfter = (
  store: Store,
  cursor: Cursor,
  hostIds: readonly string[] | null,
): Pick<CursorState, 'pending' | 'oldestTime'> => {
  const { hosts } = newsSince(store, cursor, hostIds);
  const storedTime = store.db
    .prepare(
      'SELECT s.ingested_time FROM main._snapshot s JOIN main._host h ON h.host = s.host WHERE s.snapshot_id = ? AND h.host_id = ?',
    )
    .pluck();
  let [pending, oldestTime]: [number, number | null] = [0, null];
  for (const [hostId, { ids }] of hosts)
    for (const id of ids) {
      pending += 1;
      const time = storedTime.get(id, hostId) as number;
      oldestTime = oldestTime === null ? time : Math.min(oldestTime, time);
    }
  return { pending, oldestTime };
};

/** What of a store a cursor has not told yet. */
const cursorState = (store: Store, path: string, { now, maxAge }: Bounds): CursorState => {
  const found = readAnyCursor(path);
  const { cursor, hosts, isOfFindings } = found ?? {
    cursor: emptyCursor(''),
    hosts: null,
    isOfFindings: false,
  };
  const { pending, oldestTime } = isOfFindings
    ? eventsAfter(store, cursor.event, hosts)
    : snapshotsAfter(store, cursor, hosts);
  const isOld = maxAge !== null && oldestTime !== null && now - oldestTime > maxAge;
  return { path, isThere: found !== null, pending, oldestTime, isOld };
};

/** The cursors that are named, else the one that lies where the job keeps it. */
const cursorsOf = (given: Arguments, db: string): readonly string[] => {
  const named = given.texts('cursor');
  if (named.length > 0) return named;
  const beside = join(dirname(db), 'export.cursor');
  return statOrNull(beside)?.isFile() === true ? [beside] : [];
};

const logOf = (given: Arguments, db: string): Surroundings['log'] => {
  const named = given.text('log');
  const path = named ?? (dirname(db) === macState && statOrNull(macLog) !== null ? macLog : null);
  if (path === null) return null;
  return { path, error: statOrNull(path) === null ? null : lastErrorOf(path) };
};

export const surroundingsOf = (store: Store, given: Arguments, bounds: Bounds): Surroundings => {
  const { path, db } = store;
  const newest = newestStored(db);
  return {
    ...{ now: bounds.now, path, bytes: statSync(path).size },
    walBytes: statOrNull(`${path}-wal`)?.size ?? 0,
    clockBehind: newest === null ? 0 : Math.max(0, newest - bounds.now),
    cursors: cursorsOf(given, path).map((cursor) => cursorState(store, cursor, bounds)),
    log: logOf(given, path),
  };
};
