/** Drops history that is older than a moment, some hosts at a time. What is known from that moment on stays exact. */
import { transact } from './file.ts';
import type { Store } from './file.ts';
import { retainFindings } from './findings.ts';
import { lookReader, readChangePoints, readTimeline, statementCache } from './read.ts';
import type { TimelineEntry } from './read.ts';
import { compareRefs } from './fold.ts';
import { currentName, dataTables, pastName } from './schema.ts';
import { isGood } from './snapshot.ts';

export interface Retained {
  readonly snapshots: number;
  readonly versions: number;
}

const hostsAtOnce = 50;
const pagesAtOnce = 2_000;

/**
 * Drops row versions that ended, and snapshots that were collected, at `time` or before. The last good look at each
 * table before that time stays: it is what the table's history begins with from now on.
 */
export const retain = (
  store: Store,
  time: number,
  progress?: (done: number, of: number) => void,
): Retained => {
  const { db, tables, tabs } = store;
  const prepare = statementCache(db);
  const lookOf = lookReader(prepare);
  const known = dataTables(tables).flatMap((table) => {
    const tab = tabs.get(table.name);
    return tab === undefined ? [] : [{ table, tab }];
  });
  let snapshots = 0;
  let versions = 0;

  /** A look without the tables whose rows at it were dropped. */
  const reducedLook = (look: number, keeps: (tab: number) => boolean): number => {
    const rows = prepare(
      'SELECT tab, status, is_good, columns_affected, sources_failed FROM _look_table WHERE look = ? ORDER BY tab',
    )
      .raw(true)
      .all(look) as unknown[][];
    const kept = rows.filter((row) => keeps(row[0] as number));
    if (kept.length === rows.length) return look;
    // Its digest names no list of statuses: no snapshot is given this look but here.
    const made = Number(prepare('INSERT INTO _look (digest) VALUES (randomblob(16))').run().lastInsertRowid);
    for (const row of kept) prepare('INSERT INTO _look_table VALUES (?, ?, ?, ?, ?, ?)').run(made, ...row);
    return made;
  };

  /** Moves what the last partial look saw up to the base; returns whether more than that is known there. */
  const dropPartial = (host: number, tab: number, base: TimelineEntry): boolean => {
    const old = readChangePoints(prepare, host, tab).filter((point) => compareRefs(point, base) <= 0);
    const running = old.at(-1)?.raw ?? null;
    for (const { time: at, id } of old) {
      prepare('DELETE FROM _partial WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        host,
        tab,
        at,
        id,
      );
    }
    if (running === null) return false;
    prepare('INSERT INTO _partial VALUES (?, ?, ?, ?, ?)').run(host, tab, base.time, base.id, running);
    return lookOf(base.look).get(tab)?.status === 'partial';
  };

  const dropOfHost = (host: number): void => {
    const timeline = readTimeline(prepare, host);
    const old = timeline.filter((entry) => entry.time <= time);
    if (old.length === 0) return;
    const bases = new Map<number, TimelineEntry>();
    for (const { table, tab } of known) {
      const isGoodAt = ({ look }: TimelineEntry): boolean =>
        isGood(lookOf(look).get(tab)?.status ?? 'failed');
      const base = old.findLast(isGoodAt);
      if (base === undefined) continue;
      bases.set(tab, base);
      const state = prepare(
        'SELECT first_time AS time, first_snapshot AS id FROM _state WHERE host = ? AND tab = ?',
      ).get(host, tab) as { time: number; id: number } | undefined;
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
      const isCut = dropPartial(host, tab, base);
      prepare(
        'UPDATE _state SET first_time = ?, first_snapshot = ?, is_cut = ? WHERE host = ? AND tab = ?',
      ).run(base.time, base.id, isCut ? 1 : 0, host, tab);
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
      const look = reducedLook(entry.look, (tab) => {
        const base = bases.get(tab);
        return base === undefined || compareRefs(entry, base) >= 0;
      });
      if (look !== entry.look)
        prepare(`UPDATE _snapshot SET look = ? ${where}`).run(look, host, entry.time, entry.id);
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
