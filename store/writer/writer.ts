/** Writes snapshots: row versions that did not change are not touched. */
import type { Table } from '../../collector/table.ts';
import { earlierOrder, firstNumber, newestAhead, orderTimeOf, renumber } from '../clocks.ts';
import type { Db } from '../database.ts';
import { compareRefs } from '../history.ts';
import { readTimeline, retainedTime } from '../reader.ts';
import type { Snapshot } from '../snapshot.ts';
import { Addition, nothingAdded } from './addition.ts';
import type { Added } from './addition.ts';
import { lastCounted } from './hosts.ts';
import { writerParts } from './parts.ts';
import type { Parts } from './parts.ts';

export type { Added } from './addition.ts';
export type { TableChanges } from './changes.ts';

/** Where a snapshot stands in the order if it is stored at a moment. */
const placeOf = ({ collectedTime, orderTime }: Snapshot, ingestedTime: number): number =>
  earlierOrder(orderTimeOf(collectedTime, ingestedTime), orderTime ?? null) ?? collectedTime;

export class StoreWriter {
  readonly #parts: Parts;
  /** What is dated before this, `retain` dropped. */
  readonly #retained: number | null;

  constructor(db: Db, declared: readonly Table[]) {
    this.#parts = writerParts(db, declared);
    this.#retained = retainedTime(db);
  }

  /**
   * Adds snapshots of one host, in whatever order. The caller holds the transaction.
   *
   * @param isInTurn They were taken after all that is stored, whatever they are dated.
   */
  add(given: readonly Snapshot[], ingestedTime: number, isInTurn = false): Added {
    const [first] = given;
    if (first === undefined) return nothingAdded;
    const snapshots = this.#parts.target.widen(given);
    const retained = this.#retained;
    const wanted =
      retained === null
        ? snapshots
        : snapshots.filter((snapshot) => placeOf(snapshot, ingestedTime) > retained);
    const tooOld = snapshots.length - wanted.length;
    if (wanted.length === 0) return { ...nothingAdded, tooOld };
    const addition = new Addition(this.#parts, first.hostId, ingestedTime, isInTurn);
    return { ...addition.add(wanted), tooOld };
  }

  /** Puts what older versions keyed otherwise into the words of this one. The caller holds the transaction. */
  rekey(): void {
    const { target, histories } = this.#parts;
    const { prepare, byName } = target;
    const isRekeyed = ({ rekeyed }: Table): boolean => rekeyed !== undefined;
    if (![...byName.values()].some(isRekeyed)) return;
    for (const host of prepare('SELECT host FROM _host ORDER BY host').pluck().all() as number[])
      histories.rebuildAll(host, readTimeline(prepare, host), isRekeyed);
  }

  /** Takes what does not count out of histories that an older version made. The caller holds the transaction. */
  settle(): void {
    const { target, hosts, histories } = this.#parts;
    const { prepare, db } = target;
    const mixed = prepare(
      'SELECT host, host_id AS hostId FROM _host WHERE host IN (SELECT host FROM _snapshot WHERE order_time IS NOT NULL) ORDER BY host',
    ).all() as { host: number; hostId: string }[];
    for (const { host, hostId } of mixed) {
      const timeline = readTimeline(prepare, host);
      const last = lastCounted(timeline);
      histories.rebuildAll(host, timeline);
      const known = hosts.of(hostId);
      if (known.last === null || last === null || compareRefs(known.last, last) !== 0)
        hosts.forgetAhead(host, hostId, last);
      renumber(db, host, firstNumber(db, host));
      hosts.recountStored(host);
      hosts.noteStored(host, 0, newestAhead(db, host, last?.time ?? null));
    }
  }
}

export const storeWriter = (db: Db, declared: readonly Table[]): StoreWriter => new StoreWriter(db, declared);
