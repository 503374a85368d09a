/** The rows of `_snapshot`: which snapshots of a host there are, who read them, and where they stand. */
import { holdsRows } from '../../collector/status.ts';
import { earlierOrder, orderTimeOf } from '../clocks.ts';
import type { OrderTime } from '../clocks.ts';
import { compareRefs } from '../history.ts';
import type { Ref } from '../history.ts';
import type { TimelineEntry } from '../reader.ts';
import { readingOfSnapshot } from '../readings.ts';
import { originRank } from '../snapshot.ts';
import type { Snapshot, TableObservation } from '../snapshot.ts';
import { olderOf } from '../versions.ts';
import { entryOf } from './dictionary.ts';
import type { Dictionary, ObservationEntry } from './dictionary.ts';
import type { HostRow } from './hosts.ts';
import type { Read } from './observations.ts';
import type { Target } from './target.ts';

/** What the file says of a snapshot that it has. */
interface KnownSnapshot {
  readonly observationSet: number;
  readonly origin: Snapshot['origin'];
  readonly tool: string;
  readonly schema: number;
  readonly reading: number;
  readonly orderTime: OrderTime;
}

const isIt = 'WHERE host = ? AND collected_time = ? AND snapshot_id = ?';
const place = '(collected_time, reading, snapshot_id)';

export class SnapshotRows {
  readonly #target: Target;
  readonly #dictionary: Dictionary;

  constructor(target: Target, dictionary: Dictionary) {
    this.#target = target;
    this.#dictionary = dictionary;
  }

  known(host: HostRow, { collectedTime, snapshotId }: Snapshot): KnownSnapshot | undefined {
    if (host.isNew) return undefined;
    return this.#target
      .prepare(
        'SELECT look AS observationSet, origin, tool_version AS tool, schema_version AS schema, reading, ' +
          `order_time AS orderTime FROM _snapshot ${isIt}`,
      )
      .get(host.host, collectedTime, snapshotId) as KnownSnapshot | undefined;
  }

  /** What is known of snapshots before they are added: which the file has, how they are read, where they stand. */
  readsOf(host: HostRow, snapshots: readonly Snapshot[], ingestedTime: number): ReadonlyMap<number, Read> {
    // One snapshot may come as several versions read it: what they say is the same.
    const reads = new Map<number, Read>();
    for (const snapshot of snapshots) {
      const { snapshotId: id, collectedTime: time, toolVersion, orderTime = null } = snapshot;
      const row = this.known(host, snapshot);
      const known =
        reads.get(id) ??
        (row && { ref: { time, id, reading: row.reading }, oldestTool: row.tool, orderTime: row.orderTime });
      const reading = Math.max(known?.ref.reading ?? 0, readingOfSnapshot(snapshot, this.#target.byName));
      const oldestTool = known === undefined ? toolVersion : olderOf(known.oldestTool, toolVersion);
      const own = known === undefined ? orderTimeOf(time, ingestedTime) : known.orderTime;
      reads.set(id, { ref: { time, id, reading }, oldestTool, orderTime: earlierOrder(own, orderTime) });
    }
    return reads;
  }

  /**
   * Snapshots in the file that turn out not to count: another store had them before their date. Returns whether any
   * counted until now.
   */
  lowerOrder(host: number, timeline: readonly TimelineEntry[], reads: ReadonlyMap<number, Read>): boolean {
    let hasLost = false;
    for (const { id, time, orderTime } of timeline) {
      const now = reads.get(id)?.orderTime ?? orderTime;
      if (now === orderTime) continue;
      this.#target.prepare(`UPDATE _snapshot SET order_time = ? ${isIt}`).run(...[now, host, time, id]);
      hasLost ||= orderTime === null;
    }
    return hasLost;
  }

  insert(host: HostRow, snapshot: Snapshot, { ref, orderTime }: Read, ingestedTime: number): void {
    const sequence = this.#placeIn(host, ref);
    const { status, origin, euid, toolVersion, schemaVersion, redaction, observations } = snapshot;
    const observationSet = this.#dictionary.setOf(
      new Map([...observations].map(([name, observation]) => [name, entryOf(observation)])),
    );
    this.#target
      .prepare(
        'INSERT INTO _snapshot (host, collected_time, snapshot_id, sequence, look, ingested_time, status, origin, euid, ' +
          'tool_version, schema_version, redaction, reading, order_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        ...[host.host, ref.time, ref.id, sequence, observationSet, ingestedTime],
        ...[status, origin, euid, toolVersion, schemaVersion, redaction, ref.reading, orderTime],
      );
  }

  /** The number of a snapshot that comes; those after a late one move up. */
  #placeIn(host: HostRow, ref: Ref): number {
    if (host.isNew) return 1;
    const { prepare } = this.#target;
    const at = [host.host, ref.time, ref.reading, ref.id] as const;
    const before = prepare(
      `SELECT sequence FROM _snapshot WHERE host = ? AND ${place} < (?, ?, ?) ` +
        'ORDER BY collected_time DESC, reading DESC, snapshot_id DESC LIMIT 1',
    )
      .pluck()
      .get(...at) as number | undefined;
    if (host.last === null || compareRefs(ref, host.last) > 0) return (before ?? 0) + 1;
    // The first that is left after `retain` may not be number 1.
    const next = prepare(
      `SELECT sequence FROM _snapshot WHERE host = ? AND ${place} > (?, ?, ?) ` +
        'ORDER BY collected_time, reading, snapshot_id LIMIT 1',
    )
      .pluck()
      .get(...at) as number;
    prepare(`UPDATE _snapshot SET sequence = sequence + 1 WHERE host = ? AND ${place} > (?, ?, ?)`).run(
      ...at,
    );
    return before === undefined ? next : before + 1;
  }

  /**
   * The same snapshot by another way. What is said of it apart from its content may differ (a file that was read by
   * two versions of the tool): the choice does not depend on which came first. Returns the observations that are new.
   */
  join(
    host: HostRow,
    snapshot: Snapshot,
    { reading }: Ref,
    known: KnownSnapshot,
  ): ReadonlyMap<string, TableObservation> {
    const { snapshotId, collectedTime, origin, toolVersion, schemaVersion } = snapshot;
    const { prepare } = this.#target;
    const at = [host.host, collectedTime, snapshotId] as const;
    const best = originRank(origin) < originRank(known.origin) ? origin : known.origin;
    const tool = olderOf(toolVersion, known.tool);
    const schema = Math.min(schemaVersion, known.schema);
    const isSame =
      best === known.origin && tool === known.tool && schema === known.schema && reading === known.reading;
    if (!isSame)
      prepare(
        `UPDATE _snapshot SET origin = ?, tool_version = ?, schema_version = ?, reading = ? ${isIt}`,
      ).run(best, tool, schema, reading, ...at);
    const missing = this.#missing(snapshot, known.observationSet);
    if (missing.size === 0) return missing;
    const all = this.#entriesOf(known.observationSet);
    for (const [name, observation] of missing) all.set(name, entryOf(observation));
    prepare(`UPDATE _snapshot SET look = ? ${isIt}`).run(this.#dictionary.setOf(all), ...at);
    return missing;
  }

  /** The observations that a set does not have, or not with their rows. */
  #missing({ observations }: Snapshot, observationSet: number): ReadonlyMap<string, TableObservation> {
    const { tableIds, observationsOf } = this.#target;
    const entries = observationsOf(observationSet);
    return new Map(
      [...observations].filter(([name, { status, rowCount }]) => {
        const entry = entries.get(tableIds.get(name) ?? -1);
        return entry === undefined || (holdsRows(status, rowCount) && !entry.holdsRows);
      }),
    );
  }

  #entriesOf(observationSet: number): Map<string, ObservationEntry> {
    const { tableIds, observationsOf } = this.#target;
    const names = new Map([...tableIds].map(([name, tableId]) => [tableId, name]));
    const entries = [...observationsOf(observationSet)];
    return new Map(entries.map(([tableId, entry]) => [names.get(tableId) ?? '', entry]));
  }
}
