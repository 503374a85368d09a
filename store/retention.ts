/** Drops history that is older than a moment, some hosts at a time. What is known from that moment on stays exact. */

import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { transact } from './file.ts';
import type { Store } from './store.ts';
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
import type { Prepare, Readings, TimelineEntry } from './reader.ts';
import { compareRefs } from './history.ts';
import { dataTables } from '../collector/table.ts';
import { currentName, pastName } from './schema.ts';

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

/** Where the history of a table begins, in that of its host. */
interface Base {
  readonly base: TimelineEntry;
  readonly timeline: readonly TimelineEntry[];
}

/** Drops the history of hosts up to one moment. */
class Retention {
  readonly #time: number;
  readonly #prepare: Prepare;
  readonly #observationsOf: ReturnType<typeof observationReader>;
  readonly #known: readonly { readonly table: Table; readonly tableId: number }[];
  snapshots = 0;
  versions = 0;

  constructor({ db, tables, tableIds }: Store, time: number) {
    this.#time = time;
    this.#prepare = statementCache(db);
    this.#observationsOf = observationReader(this.#prepare);
    this.#known = dataTables(tables).flatMap((table) => {
      const tableId = tableIds.get(table.name);
      return tableId === undefined ? [] : [{ table, tableId }];
    });
  }

  hosts(): readonly number[] {
    return this.#prepare('SELECT host FROM _host ORDER BY host').pluck().all() as number[];
  }

  /** Notes in the file that nothing is known before. */
  noteTime(): void {
    this.#prepare(
      "INSERT INTO _setting VALUES ('retained_time', ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
    ).run(this.#time);
  }

  dropOfHost(host: number): void {
    const timeline = readTimeline(this.#prepare, host);
    this.#dropAhead(host);
    const old = countedOnes(timeline).filter((entry) => entry.time <= this.#time);
    if (old.length === 0) return;
    const readings = readingsOf(timeline);
    const bases = new Map<number, TimelineEntry>();
    for (const { table, tableId } of this.#known) {
      const base = this.#baseOf(host, tableId, old, readings);
      if (base === undefined) continue;
      bases.set(tableId, base);
      if (!this.#beginsWith(host, tableId, base)) this.#dropBefore(host, table, tableId, { base, timeline });
    }
    this.#dropSnapshots(host, old, bases);
    this.#dropAsides(host);
  }

  /** The last good observation of a table up to the moment: what its history begins with from now on. */
  #baseOf(
    host: number,
    tableId: number,
    old: readonly TimelineEntry[],
    readings: Readings,
  ): TimelineEntry | undefined {
    const aside = new Set(
      readAsides(this.#prepare, host, tableId, readings).flatMap(({ id, isStep: is }) => (is ? [] : [id])),
    );
    return old.findLast(
      ({ id, observationSet }) =>
        !aside.has(id) && this.#observationsOf(observationSet).get(tableId)?.holdsRows === true,
    );
  }

  #beginsWith(host: number, tableId: number, base: TimelineEntry): boolean {
    const first = this.#prepare('SELECT first_snapshot FROM _state WHERE host = ? AND tab = ?')
      .pluck()
      .get(host, tableId);
    return first === base.id;
  }

  /** Makes an observation the first one of a table. */
  #dropBefore(host: number, table: Table, tableId: number, { base, timeline }: Base): void {
    const upTo = upToBase(timeline, base);
    const run = (sql: string, ...values: unknown[]): number =>
      this.#prepare(sql).run(host, ...values, ...upTo).changes;
    this.versions += run(
      `DELETE FROM ${pastName(table)} WHERE _host = ? AND ${isUpTo('_until_time', '_until_snapshot')}`,
    );
    for (const name of [currentName(table), pastName(table)]) {
      run(
        `UPDATE ${name} SET _began = 0, _from_time = NULL, _first_snapshot = NULL ` +
          `WHERE _host = ? AND _began > 0 AND ${isUpTo('_from_time', '_first_snapshot')}`,
      );
      run(
        `UPDATE ${name} SET _read_time = NULL, _read_snapshot = NULL ` +
          `WHERE _host = ? AND ${isUpTo('_read_time', '_read_snapshot')}`,
      );
    }
    run(
      `DELETE FROM _aside WHERE host = ? AND tab = ? AND snapshot_id <> ? AND ${isUpTo('time', 'snapshot_id')}`,
      tableId,
      base.id,
    );
    const isCut = this.#dropPartial(host, tableId, base, readingsOf(timeline));
    this.#prepare(
      'UPDATE _state SET first_time = ?, first_snapshot = ?, is_cut = ? WHERE host = ? AND tab = ?',
    ).run(base.time, base.id, isCut ? 1 : 0, host, tableId);
  }

  /**
   * Moves what the last partial observation saw up to the base; returns
   * whether more than that is known there.
   */
  #dropPartial(host: number, tableId: number, base: TimelineEntry, readings: Readings): boolean {
    const old = readChangePoints(this.#prepare, host, tableId, readings).filter(
      (point) => compareRefs(point, base) <= 0,
    );
    const running = old.at(-1)?.raw ?? null;
    for (const { time, id } of old) {
      this.#prepare('DELETE FROM _partial WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        ...[host, tableId, time, id],
      );
    }
    if (running === null) return false;
    this.#prepare('INSERT INTO _partial (host, tab, time, snapshot_id, raw) VALUES (?, ?, ?, ?, ?)').run(
      ...[host, tableId, base.time, base.id, running],
    );
    return this.#observationsOf(base.observationSet).get(tableId)?.status === 'partial';
  }

  /** Drops the snapshots that no table begins with. The last one of that time stays too: it says what was observed then. */
  #dropSnapshots(
    host: number,
    old: readonly TimelineEntry[],
    bases: ReadonlyMap<number, TimelineEntry>,
  ): void {
    const where = 'WHERE host = ? AND collected_time = ? AND snapshot_id = ?';
    const last = old.at(-1);
    const kept = new Set([...bases.values()].map(({ id }) => id));
    for (const entry of old) {
      if (!kept.has(entry.id) && entry !== last) {
        this.#prepare(`DELETE FROM _snapshot ${where}`).run(host, entry.time, entry.id);
        this.snapshots += 1;
        continue;
      }
      const observationSet = this.#prunedObservations(entry.observationSet, (tableId) => {
        const base = bases.get(tableId);
        return base === undefined || compareRefs(entry, base) >= 0;
      });
      if (observationSet !== entry.observationSet)
        this.#prepare(`UPDATE _snapshot SET look = ? ${where}`).run(
          ...[observationSet, host, entry.time, entry.id],
        );
    }
  }

  /** An observation without the tables whose rows at it were dropped. */
  #prunedObservations(observationSet: number, keeps: (tableId: number) => boolean): number {
    const rows = this.#prepare(
      'SELECT tab, status, is_good, columns_affected, sources_failed, columns_absent FROM _look_table WHERE look = ? ORDER BY tab',
    )
      .raw(true)
      .all(observationSet) as unknown[][];
    const kept = rows.filter((row) => keeps(row[0] as number));
    if (kept.length === rows.length) return observationSet;
    // Its digest names no list of statuses: no snapshot is given this set but here.
    const made = Number(
      this.#prepare('INSERT INTO _look (digest) VALUES (randomblob(16))').run().lastInsertRowid,
    );
    for (const row of kept)
      this.#prepare(
        'INSERT INTO _look_table (look, tab, status, is_good, columns_affected, sources_failed, columns_absent) ' +
          'VALUES (?, ?, ?, ?, ?, ?, ?)',
      ).run(made, ...row);
    return made;
  }

  /** Drops snapshots that do not count; the last one of a host stays until something that counts comes after it. */
  #dropAhead(host: number): void {
    this.snapshots += this.#prepare(
      'DELETE FROM _snapshot WHERE host = ? AND order_time <= ? ' +
        'AND snapshot_id IS NOT (SELECT ahead_snapshot FROM _host h WHERE h.host = _snapshot.host)',
    ).run(host, this.#time).changes;
    this.#dropAsides(host);
  }

  /** Drops what was kept aside of snapshots that are gone. */
  #dropAsides(host: number): void {
    this.#prepare(
      'DELETE FROM _aside WHERE host = ? AND snapshot_id NOT IN (SELECT snapshot_id FROM _snapshot WHERE host = ?)',
    ).run(host, host);
  }
}

/** Gives free pages back, piece by piece: a VACUUM would need the size of the whole file once more. */
const shrink = (db: Db): void => {
  const freePages = (): number => db.pragma('freelist_count', { simple: true }) as number;
  for (;;) {
    const free = freePages();
    if (free === 0) return;
    db.exec(`PRAGMA incremental_vacuum(${pagesAtOnce})`);
    db.pragma('wal_checkpoint(TRUNCATE)');
    if (freePages() >= free) return;
  }
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
  const { db } = store;
  const retention = new Retention(store, time);
  const hosts = retention.hosts();
  for (let start = 0; start < hosts.length || start === 0; start += hostsAtOnce) {
    transact(store, () => {
      retention.noteTime();
      for (const host of hosts.slice(start, start + hostsAtOnce)) retention.dropOfHost(host);
    });
    progress?.(Math.min(start + hostsAtOnce, hosts.length), hosts.length);
  }
  transact(store, () => {
    retainFindings(db, time);
    db.exec('DELETE FROM _look_table WHERE look NOT IN (SELECT look FROM _snapshot)');
    db.exec('DELETE FROM _look WHERE look NOT IN (SELECT look FROM _snapshot)');
    db.exec('DELETE FROM _command WHERE command NOT IN (SELECT command FROM _report_command)');
  });
  shrink(db);
  return { snapshots: retention.snapshots, versions: retention.versions };
};
