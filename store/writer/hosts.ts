/** The rows of `_host`: the number of a host, and which of its snapshots is the last one. */
import { newestStoredTime } from '../clocks.ts';
import { forgetFindingsAfter } from '../findings.ts';
import { compareRefs } from '../history.ts';
import type { Ref } from '../history.ts';
import { countedOnes, snapshotReader } from '../reader.ts';
import type { TimelineEntry } from '../reader.ts';
import type { Snapshot } from '../snapshot.ts';
import { reportDigest } from './report.ts';
import type { ReportWriter } from './report.ts';
import type { Target } from './target.ts';

export interface HostRow {
  readonly host: number;
  /** The last snapshot that counts. */
  readonly last: Ref | null;
  readonly isNew: boolean;
}

/** The last snapshot of a host that counts. */
export const lastCounted = (timeline: readonly TimelineEntry[]): Ref | null =>
  countedOnes(timeline).toSorted(compareRefs).at(-1) ?? null;

export class HostRows {
  readonly #target: Target;
  readonly #reports: ReportWriter;

  constructor(target: Target, reports: ReportWriter) {
    this.#target = target;
    this.#reports = reports;
  }

  /** The row of a host, which is stored if it is new. */
  of(hostId: string): HostRow {
    const { prepare } = this.#target;
    const row = prepare(
      'SELECT h.host, h.last_time AS time, h.last_snapshot AS id, s.reading FROM _host h LEFT JOIN _snapshot s ' +
        'ON s.host = h.host AND s.collected_time = h.last_time AND s.snapshot_id = h.last_snapshot WHERE h.host_id = ?',
    ).get(hostId) as { host: number; time: number | null; id: number; reading: number | null } | undefined;
    if (row !== undefined) {
      const { host, time, id, reading } = row;
      return { host, last: time === null ? null : { time, id, reading: reading ?? 0 }, isNew: false };
    }
    const host = Number(prepare('INSERT INTO _host (host_id) VALUES (?)').run(hostId).lastInsertRowid);
    return { host, last: null, isNew: true };
  }

  #writeLast(host: number, last: Ref | null): void {
    this.#target
      .prepare('UPDATE _host SET last_time = ?, last_snapshot = ? WHERE host = ?')
      .run(last?.time ?? null, last?.id ?? null, host);
  }

  /** Notes which snapshot of a host is the last one that counts, and what was reported with it. */
  noteLatest(host: HostRow, isNew: boolean, latest: Snapshot): void {
    const { collectedTime, snapshotId, report } = latest;
    const row = this.#target
      .prepare('SELECT last_time, last_snapshot, has_report FROM _host WHERE host = ?')
      .get(host.host) as {
      last_time: number | null;
      last_snapshot: number | null;
      has_report: Uint8Array | null;
    };
    const isSame = row.last_time === collectedTime && row.last_snapshot === snapshotId;
    if (!isSame) this.#writeLast(host.host, host.last);
    const isBetter =
      report !== null &&
      (row.has_report === null || Buffer.compare(reportDigest(report), row.has_report) > 0);
    if (!isSame || isBetter) this.#reports.write(host.host, isNew, latest);
  }

  /** Makes the history of a host without snapshots that do not count any more, when the rows of all tables are made. */
  forgetAhead(host: number, hostId: string, last: Ref | null): void {
    this.#writeLast(host, last);
    const [snapshot] = snapshotReader(this.#target).read(hostId, ({ id }) => id === last?.id);
    // What was reported with it is not known any more.
    this.#reports.write(host, false, { observations: snapshot?.observations ?? new Map(), report: null });
    forgetFindingsAfter(this.#target.db, host, last?.time ?? 0);
  }

  /** Notes when a host was last stored, and which snapshot came last if it does not count. */
  noteStored(host: number, ingestedTime: number, ahead: number | null): void {
    this.#target
      .prepare(
        'UPDATE _host SET stored_time = max(coalesce(stored_time, 0), ?), ahead_snapshot = ? ' +
          'WHERE host = ? AND (stored_time IS NOT max(coalesce(stored_time, 0), ?) OR ahead_snapshot IS NOT ?)',
      )
      .run(ingestedTime, ahead, host, ingestedTime, ahead);
  }

  recountStored(host: number): void {
    this.#target
      .prepare(`UPDATE _host SET stored_time = ${newestStoredTime('_host.host')} WHERE host = ?`)
      .run(host);
  }

  /** The last snapshot of a host, where it does not count. */
  aheadOf(host: number): number | null {
    return this.#target.prepare('SELECT ahead_snapshot FROM _host WHERE host = ?').pluck().get(host) as
      | number
      | null;
  }
}
