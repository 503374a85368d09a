/** Drops history that is older than a moment, some hosts at a time. What is known from that moment on stays exact. */

import { transact } from './file.ts';
import type { Store } from './file.ts';
import { retainFindings } from './findings.ts';
import {
  countedOnes,
  observationReader,
  readAsides,
  readChangePoints,
  readingsOf,
  readTimeline,
  statementCache,
} from './reader.ts';
import type { Readings, TimelineEntry } from './reader.ts';
import { compareRefs } from './history.ts';
import { currentName, dataTables, pastName } from './schema.ts';

export interface Retained {
  readonly snapshots: number;
  readonly versions: number;
}

const hostsAtOnce = 50;
const pagesAtOnce = 2_000;

/** Up to a snapshot, in SQL; its parameters are those of `upToBase`. */
const isUpTo = (time: string, id: string): string =>
  `(${time} < ? OR (${time} = ? AND ${id} IN (SELECT value FROM json_each(?))))`;

const upToBase = (timeline: readonly TimelineEntry[], base: TimelineEntry): [number, number, string] => {
  const ids = timeline.filter((entry) => entry.time === base.time && compareRefs(entry, base) <= 0);
  return [base.time, base.time, JSON.stringify(ids.map(({ id }) => id))];
};

/**
 * Drops row versions that ended, and snapshots that were collected, at `time` or before. The last good
 * observation of each table before that time stays: it is what the table's history begins with from now on.
 */
export const retain = (
  store: Store,
  time: number,
  progress?: (done: number, of: number) => void,
): Retained => {
  const { db, tables, tableIds } = store;
  const prepare = statementCache(db);
  const observationsOf = observationReader(prepare);
  const known = dataTables(tables).flatMap((table) => {
    const tableId = tableIds.get(table.name);
    return tableId === undefined ? [] : [{ table, tableId }];
  });
  let snapshots = 0;
  let versions = 0;

  /** An observation without the tables whose rows at it were dropped. */
  const prunedObservations = (observationSet: number, keeps: (tableId: number) => boolean): number => {
    const rows = prepare(
      'SELECT tab, status, is_good, columns_affected, sources_failed, columns_absent FROM _look_table WHERE look = ? ORDER BY tab',
    )
      .raw(true)
      .all(observationSet) as unknown[][];
    const kept = rows.filter((row) => keeps(row[0] as number));
    if (kept.length === rows.length) return observationSet;
    // Its digest names no list of statuses: no snapshot is given this set but here.
    const made = Number(prepare('INSERT INTO _look (digest) VALUES (randomblob(16))').run().lastInsertRowid);
    for (const row of kept)
      prepare(
        'INSERT INTO _look_table (look, tab, status, is_good, columns_affected, sources_failed, columns_absent) ' +
          'VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(made, ...row);
    return made;
  };

  /**
   * Moves what the last partial observation saw up to the base; returns
   * whether more than that is known there.
   */
  const dropPartial = (host: number, tableId: number, base: TimelineEntry, readings: Readings): boolean => {
    const old = readChangePoints(prepare, host, tableId, readings).filter(
      (point) => compareRefs(point, base) <= 0,
    );
    const running = old.at(-1)?.raw ?? null;
    for (const { time: at, id } of old) {
      prepare('DELETE FROM _partial WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        host,
        tableId,
        at,
        id,
      );
    }
    if (running === null) return false;
    prepare('INSERT INTO _partial (host, tab, time, snapshot_id, raw) VALUES (?, ?, ?, ?, ?)').run(
      ...[host, tableId, base.time, base.id, running],
    );
    return observationsOf(base.observationSet).get(tableId)?.status === 'partial';
  };

  /** Drops snapshots that do not count; the last one of a host stays until something that counts comes after it. */
  const dropAhead = (host: number): void => {
    snapshots += prepare(
      'DELETE FROM _snapshot WHERE host = ? AND order_time <= ? ' +
        'AND snapshot_id IS NOT (SELECT ahead_snapshot FROM _host h WHERE h.host = _snapshot.host)',
    ).run(host, time).changes;
    prepare(
      'DELETE FROM _aside WHERE host = ? AND snapshot_id NOT IN (SELECT snapshot_id FROM _snapshot WHERE host = ?)',
    ).run(host, host);
  };

  const dropOfHost = (host: number): void => {
    const timeline = readTimeline(prepare, host);
    dropAhead(host);
    const old = countedOnes(timeline).filter((entry) => entry.time <= time);
    if (old.length === 0) return;
    const readings = readingsOf(timeline);
    const bases = new Map<number, TimelineEntry>();
    for (const { table, tableId } of known) {
      const aside = new Set(
        readAsides(prepare, host, tableId, readings).flatMap(({ id, isStep: is }) => (is ? [] : [id])),
      );
      const isStep = ({ id, observationSet }: TimelineEntry): boolean =>
        !aside.has(id) && observationsOf(observationSet).get(tableId)?.holdsRows === true;
      const base = old.findLast(isStep);
      if (base === undefined) continue;
      bases.set(tableId, base);
      const state = prepare(
        'SELECT first_time AS time, first_snapshot AS id FROM _state WHERE host = ? AND tab = ?',
      ).get(host, tableId) as { time: number; id: number } | undefined;
      if (state !== undefined && state.id === base.id) continue;
      const upTo = upToBase(timeline, base);
      versions += prepare(
        `DELETE FROM ${pastName(table)} WHERE _host = ? AND ${isUpTo('_until_time', '_until_snapshot')}`,
      ).run(host, ...upTo).changes;
      for (const name of [currentName(table), pastName(table)]) {
        prepare(
          `UPDATE ${name} SET _began = 0, _from_time = NULL, _first_snapshot = NULL ` +
            `WHERE _host = ? AND _began > 0 AND ${isUpTo('_from_time', '_first_snapshot')}`,
        ).run(host, ...upTo);
        prepare(
          `UPDATE ${name} SET _read_time = NULL, _read_snapshot = NULL ` +
            `WHERE _host = ? AND ${isUpTo('_read_time', '_read_snapshot')}`,
        ).run(host, ...upTo);
      }
      prepare(
        `DELETE FROM _aside WHERE host = ? AND tab = ? AND snapshot_id <> ? AND ${isUpTo('time', 'snapshot_id')}`,
      ).run(host, tableId, base.id, ...upTo);
      const isCut = dropPartial(host, tableId, base, readings);
      prepare(
        'UPDATE _state SET first_time = ?, first_snapshot = ?, is_cut = ? WHERE host = ? AND tab = ?',
      ).run(base.time, base.id, isCut ? 1 : 0, host, tableId);
    }
    // The last one of that time stays too: it says what was observed then.
    const last = old.at(-1);
    const kept = new Set([...bases.values()].map(({ id }) => id));
    for (const entry of old) {
      const where = 'WHERE host = ? AND collected_time = ? AND snapshot_id = ?';
      if (!kept.has(entry.id) && entry !== last) {
        prepare(`DELETE FROM _snapshot ${where}`).run(host, entry.time, entry.id);
        snapshots += 1;
        continue;
      }
      const observationSet = prunedObservations(entry.observationSet, (tableId) => {
        const base = bases.get(tableId);
        return base === undefined || compareRefs(entry, base) >= 0;
      });
      if (observationSet !== entry.observationSet)
        prepare(`UPDATE _snapshot SET look = ? ${where}`).run(observationSet, host, entry.time, entry.id);
    }
    prepare(
      'DELETE FROM _aside WHERE host = ? AND snapshot_id NOT IN (SELECT snapshot_id FROM _snapshot WHERE host = ?)',
    ).run(host, host);
  };

  const hosts = prepare('SELECT host FROM _host ORDER BY host').pluck().all() as number[];
  for (let start = 0; start < hosts.length || start === 0; start += hostsAtOnce) {
    transact(store, () => {
      prepare(
        "INSERT INTO _setting VALUES ('retained_time', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
      ).run(time);
      for (const host of hosts.slice(start, start + hostsAtOnce)) dropOfHost(host);
    });
    progress?.(Math.min(start + hostsAtOnce, hosts.length), hosts.length);
  }
  transact(store, () => {
    retainFindings(db, time);
    db.exec('DELETE FROM _look_table WHERE look NOT IN (SELECT look FROM _snapshot)');
    db.exec('DELETE FROM _look WHERE look NOT IN (SELECT look FROM _snapshot)');
    db.exec('DELETE FROM _command WHERE command NOT IN (SELECT command FROM _report_command)');
  });
  // Piece by piece: a VACUUM would need the size of the whole file once more.
  for (;;) {
    const free = db.pragma('freelist_count', { simple: true }) as number;
    if (free === 0) break;
    db.exec(`PRAGMA incremental_vacuum(${pagesAtOnce})`);
    db.pragma('wal_checkpoint(TRUNCATE)');
    if ((db.pragma('freelist_count', { simple: true }) as number) >= free) break;
  }
  return { snapshots, versions };
};
