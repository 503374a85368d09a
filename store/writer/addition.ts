/** Snapshots of one host on their way into the file. */
import { holdsRows } from '../../collector/status.ts';
import { disown, firstNumber, newestAhead, renumber, toleranceSeconds } from '../clocks.ts';
import { forgetFindingsAfter, isEvaluatedFrom } from '../findings.ts';
import { compareRefs } from '../history.ts';
import type { Ref } from '../history.ts';
import { deflateRows } from '../packed.ts';
import { countedOnes, readTimeline } from '../reader.ts';
import type { TimelineEntry } from '../reader.ts';
import { rowsOf } from '../snapshot.ts';
import type { Snapshot } from '../snapshot.ts';
import { rankOf } from '../versions.ts';
import type { TableChanges } from './changes.ts';
import { lastCounted } from './hosts.ts';
import type { HostRow } from './hosts.ts';
import { evidenceOf, NewObservation } from './observations.ts';
import type { Read } from './observations.ts';
import type { Parts } from './parts.ts';

export interface Added {
  /** Snapshots that were not there before. */
  readonly stored: number;
  /** Snapshots that were there already. */
  readonly known: number;
  /** Snapshots from before what `retain` dropped. */
  readonly tooOld: number;
  /** New ones that read, with another version of the program, what was read before. */
  readonly readAnew: number;
  /** New ones that are dated ahead of this moment: they are kept and do not count. */
  readonly ahead: readonly Snapshot[];
  /** How many in the file do not count any more: the clock was ahead when they were stored. */
  readonly disowned: number;
  readonly changes: ReadonlyMap<string, TableChanges>;
}

export const nothingAdded: Added = {
  ...{ stored: 0, known: 0, tooOld: 0, readAnew: 0, disowned: 0 },
  ...{ ahead: [], changes: new Map() },
};

/** A snapshot that has just been taken, as far as two clocks can tell. */
const isJustTaken = ({ collectedTime }: Snapshot, ingestedTime: number): boolean =>
  Math.abs(ingestedTime - collectedTime) <= toleranceSeconds;

/** Whether another version of the program read the evidence of a snapshot before. */
const isReadAnew = (
  timeline: readonly TimelineEntry[],
  snapshot: Snapshot,
  { time, reading }: Ref,
): boolean =>
  timeline.some(
    (entry) =>
      entry.time === time &&
      entry.evidence === evidenceOf(snapshot) &&
      rankOf(entry.reading) !== rankOf(reading),
  );

export class Addition {
  readonly #parts: Parts;
  readonly #hostId: string;
  readonly #isNew: boolean;
  readonly #ingestedTime: number;
  readonly #isInTurn: boolean;
  #host: HostRow;
  /** As it was before the new ones: what the rows in the file rest on. */
  #timeline: readonly TimelineEntry[] = [];
  /** Snapshots in the file do not count any more. */
  #hasLost = false;
  /** What comes last of all that counts, if it is among these. */
  #latest: Snapshot | null = null;
  /** Snapshots that are in the file, and turn out to be newer readings than was known. */
  readonly #raised = new Map<number, Read>();
  readonly #news = new Map<string, NewObservation[]>();
  /** Snapshots that do not count, whose rows are kept aside. */
  readonly #asides: { readonly ref: Ref; readonly observed: Snapshot['observations'] }[] = [];
  readonly #ahead: Snapshot[] = [];
  readonly #counts = { stored: 0, known: 0, readAnew: 0 };
  /** When the first was taken of those that are new and count. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(parts: Parts, hostId: string, ingestedTime: number, isInTurn: boolean) {
    this.#parts = parts;
    this.#hostId = hostId;
    this.#ingestedTime = ingestedTime;
    this.#isInTurn = isInTurn;
    this.#host = parts.hosts.of(hostId);
    this.#isNew = this.#host.isNew;
  }

  add(snapshots: readonly Snapshot[]): Omit<Added, 'tooOld'> {
    const { target, hosts, histories } = this.#parts;
    const { host } = this.#host;
    const reads = this.#parts.snapshots.readsOf(this.#host, snapshots, this.#ingestedTime);
    const disowned = this.#readTimeline(snapshots, reads);
    const first = this.#isMixed(reads) ? firstNumber(target.db, host) : null;
    const ordered = snapshots
      .map((snapshot) => ({ snapshot, read: reads.get(snapshot.snapshotId) as Read }))
      .sort((a, b) => compareRefs(a.read.ref, b.read.ref));
    for (const { snapshot, read } of ordered) this.#take(snapshot, read);
    if (this.#latest !== null) hosts.noteLatest(this.#host, this.#isNew, this.#latest);
    const changes = histories.change(host, {
      isNew: this.#isNew,
      hasLost: this.#hasLost,
      timeline: this.#timeline,
      raised: this.#raised,
      news: this.#news,
    });
    // Not before the tables are made: these know the snapshots that were there.
    for (const { ref, observed } of this.#asides) this.#insertAsides(observed, ref);
    if (this.#hasLost) this.#forgetLost();
    if (!this.#isNew) this.#forgetLate();
    if (first !== null) renumber(target.db, host, first);
    this.#noteStored();
    return { ...this.#counts, ahead: this.#ahead, disowned, changes };
  }

  /** Reads what is there, after snapshots that turn out not to count are left out. Returns how many this one disowns. */
  #readTimeline(snapshots: readonly Snapshot[], reads: ReadonlyMap<number, Read>): number {
    if (this.#isNew) return 0;
    const { target, snapshots: rows } = this.#parts;
    const { host } = this.#host;
    this.#timeline = readTimeline(target.prepare, host);
    const isNow = this.#isInTurn
      ? snapshots.find(
          (snapshot) =>
            isJustTaken(snapshot, this.#ingestedTime) && rows.known(this.#host, snapshot) === undefined,
        )
      : undefined;
    const disowned = isNow === undefined ? 0 : disown(target.db, host, isNow.collectedTime);
    this.#hasLost = rows.lowerOrder(host, this.#timeline, reads) || disowned > 0;
    if (this.#hasLost) {
      this.#timeline = readTimeline(target.prepare, host);
      this.#host = { ...this.#host, last: lastCounted(this.#timeline) };
    }
    return disowned;
  }

  /** Whether the host has snapshots that do not count, or gets one. */
  #isMixed(reads: ReadonlyMap<number, Read>): boolean {
    return (
      countedOnes(this.#timeline).length < this.#timeline.length ||
      [...reads.values()].some(({ orderTime }) => orderTime !== null)
    );
  }

  #take(snapshot: Snapshot, read: Read): void {
    const observed = this.#write(snapshot, read);
    const { ref, orderTime } = read;
    this.#host = { ...this.#host, isNew: false };
    if (orderTime !== null) {
      this.#asides.push({ ref, observed });
      return;
    }
    if (this.#host.last === null || compareRefs(ref, this.#host.last) >= 0) {
      this.#latest = snapshot;
      this.#host = { ...this.#host, last: ref };
    }
    for (const [name, tableObservation] of observed) {
      const table = this.#parts.target.byName.get(name);
      if (table === undefined || !holdsRows(tableObservation.status, tableObservation.rowCount)) continue;
      const observation = new NewObservation(table, tableObservation, snapshot, read);
      const list = this.#news.get(name);
      if (list === undefined) this.#news.set(name, [observation]);
      else list.push(observation);
    }
  }

  /** Writes what is known of a snapshot apart from its rows. Returns the observations that the file did not have. */
  #write(snapshot: Snapshot, read: Read): Snapshot['observations'] {
    const { snapshots: rows } = this.#parts;
    const { ref, oldestTool, orderTime } = read;
    const known = rows.known(this.#host, snapshot);
    if (known !== undefined) {
      this.#counts.known += 1;
      if (known.reading !== ref.reading || known.tool !== oldestTool) this.#raised.set(ref.id, read);
      return rows.join(this.#host, snapshot, ref, known);
    }
    rows.insert(this.#host, snapshot, read, this.#ingestedTime);
    this.#counts.stored += 1;
    if (isReadAnew(this.#timeline, snapshot, ref)) this.#counts.readAnew += 1;
    if (orderTime !== null) this.#ahead.push(snapshot);
    else this.#earliest = Math.min(this.#earliest, ref.time);
    return snapshot.observations;
  }

  #insertAsides(observed: Snapshot['observations'], ref: Ref): void {
    const { target, histories } = this.#parts;
    for (const [name, observation] of observed) {
      const table = target.byName.get(name);
      if (table === undefined || !holdsRows(observation.status, observation.rowCount)) continue;
      const rows = rowsOf(observation, Object.keys(table.columns).length);
      const aside = { ...ref, raw: deflateRows(table, rows), isStep: false };
      histories.rowsOf(name)?.insertAside(this.#host.host, aside);
    }
  }

  #forgetLost(): void {
    const { target, hosts } = this.#parts;
    const { host, last } = this.#host;
    if (this.#latest === null) hosts.forgetAhead(host, this.#hostId, last);
    else forgetFindingsAfter(target.db, host, countedOnes(this.#timeline).at(-1)?.time ?? 0);
  }

  /** What was evaluated from the time of a snapshot on that comes late is to be evaluated anew. */
  #forgetLate(): void {
    const { host } = this.#host;
    const { db } = this.#parts.target;
    if (isEvaluatedFrom(db, host, this.#earliest)) forgetFindingsAfter(db, host, this.#earliest - 1);
  }

  #noteStored(): void {
    const { hosts } = this.#parts;
    const { host } = this.#host;
    if (this.#hasLost) hosts.recountStored(host);
    const hasStored = this.#counts.stored > 0;
    if (hasStored || this.#hasLost)
      hosts.noteStored(host, hasStored ? this.#ingestedTime : 0, this.#newestAhead());
  }

  /** The last snapshot of the host, where it does not count. */
  #newestAhead(): number | null {
    const { target, hosts } = this.#parts;
    const { host, last } = this.#host;
    if (!this.#isInTurn) return newestAhead(target.db, host, last?.time ?? null);
    const given = this.#ahead.at(-1);
    if (given !== undefined || this.#latest !== null) return given?.snapshotId ?? null;
    return hosts.aheadOf(host);
  }
}
