/** Drops history that is older than a moment, some hosts at a time. What is known from that moment on stays exact. */
import { isGood } from '../collector/status.ts';
import { transact } from './file.ts';
import type { Store } from './file.ts';
import { retainFindings } from './findings.ts';
import { observationReader, readChangePoints, readTimeline, statementCache } from './reader.ts';
import type { TimelineEntry } from './reader.ts';
import { compareRefs } from './history.ts';
import { currentName, dataTables, pastName } from './schema.ts';

export interface Retained {
  readonly snapshots: number;
  readonly versions: number;
}

const hostsAtOnce = 50;
const pagesAtOnce = 2_000;

/**
 * Drops row versions that ended, and snapshots that were collected, at `time` or before. The last good observation of each
 * table before that time stays: it is what the table's history begins with from now on.
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
      'SELECT tab, status, is_good, columns_affected, sources_failed FROM _look_table WHERE look = ? ORDER BY tab',
    )
      .raw(true)
      .all(observationSet) as unknown[][];
    const kept = rows.filter((row) => keeps(row[0] as number));
    if (kept.length === rows.length) return observationSet;
    // Its digest names no list of statuses: no snapshot is given this set but here.
    const made = Number(prepare('INSERT INTO _look (digest) VALUES (randomblob(16))').run().lastInsertRowid);
    for (const row of kept) prepare('INSERT INTO _look_table VALUES (?, ?, ?, ?, ?, ?)').run(made, ...row);
    return made;
  };

  /** Moves what the last partial observation saw up to the base; returns whether more than that is known there. */
  const dropPartial = (host: number, tableId: number, base: TimelineEntry): boolean => {
    const old = readChangePoints(prepare, host, tableId).filter((point) => compareRefs(point, base) <= 0);
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
    prepare('INSERT INTO _partial VALUES (?, ?, ?, ?, ?)').run(host, tableId, base.time, base.id, running);
    return observationsOf(base.observationSet).get(tableId)?.status === 'partial';
  };

  const dropOfHost = (host: number): void => {
    const timeline = readTimeline(prepare, host);
    const old = timeline.filter((entry) => entry.time <= time);
    if (old.length === 0) return;
    const bases = new Map<number, TimelineEntry>();
    for (const { table, tableId } of known) {
      const isGoodAt = ({ observationSet }: TimelineEntry): boolean =>
        isGood(observationsOf(observationSet).get(tableId)?.status ?? 'failed');
      const base = old.findLast(isGoodAt);
      if (base === undefined) continue;
      bases.set(tableId, base);
      const state = prepare(
        'SELECT first_time AS time, first_snapshot AS id FROM _state WHERE host = ? AND tab = ?',
      ).get(host, tableId) as { time: number; id: number } | undefined;
      if (state !== undefined && compareRefs(state, base) === 0) continue;
      versions += prepare(
        `DELETE FROM ${pastName(table)} WHERE _host = ? AND (_until_time, _until_snapshot) <= (?, ?)`,
      ).run(host, base.time, base.id).changes;
      for (const name of [currentName(table), pastName(table)]) {
        prepare(
          `UPDATE ${name} SET _began = 0, _from_time = NULL, _first_snapshot = NULL ` +
            'WHERE _host = ? AND _began > 0 AND (_from_time, _first_snapshot) <= (?, ?)',
        ).run(host, base.time, base.id);
      }
      const isCut = dropPartial(host, tableId, base);
      prepare(
        'UPDATE _state SET first_time = ?, first_snapshot = ?, is_cut = ? WHERE host = ? AND tab = ?',
      ).run(base.time, base.id, isCut ? 1 : 0, host, tableId);
    }
    // The last one of that time stays too: what was looked at then is known by it.
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
