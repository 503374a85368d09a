/**
 * The history of one table goes on: from nothing, from what is current, or, where something came late, once more from its
 * beginning. One path for all three: `#advance`.
 */
import type { Table, Value } from '../../collector/table.ts';
import { compareRefs, History } from '../history.ts';
import type { HistoryStart, Observation, Ref } from '../history.ts';
import { keyReader } from '../match_keys.ts';
import {
  countedOnes,
  readChangePoints,
  readCurrent,
  readHistory,
  readingsOf,
  readPackedRows,
} from '../reader.ts';
import type { TableHistory, TimelineEntry } from '../reader.ts';
import { isReadTwice, stepsOf } from '../readings.ts';
import type { Step } from '../readings.ts';
import { cellsOrder } from '../snapshot.ts';
import { rankOf, versionRank } from '../versions.ts';
import { asidesOf, changePointsOf, countChanges, observeAll, withRenames } from './changes.ts';
import type { TableChanges } from './changes.ts';
import { RowNumbers } from './numbers.ts';
import { digestOfObserved, observationAt } from './observations.ts';
import type { NewObservation, Read } from './observations.ts';
import { TableRows } from './rows.ts';
import type { StateRow, StoredRows } from './rows.ts';
import type { Target } from './target.ts';

/** What is to be done in the tables of a host. */
interface TableWork {
  readonly isNew: boolean;
  /** Snapshots that were in the history are not any more. */
  readonly hasLost: boolean;
  /** As it was before the new ones. */
  readonly timeline: readonly TimelineEntry[];
  /** Snapshots in the file that turned out to be newer readings than was known. */
  readonly raised: ReadonlyMap<number, Read>;
  readonly news: ReadonlyMap<string, readonly NewObservation[]>;
}

/** What the file has, and a history goes on from or replaces. */
interface Held extends StoredRows {
  readonly start: HistoryStart | null;
  /** What the last change point before has. */
  readonly running: Uint8Array | null;
  readonly number: (key: string) => number;
}

/** Where a history goes on. */
interface Before {
  /** The observation that it rests on; null where the first is still to come. */
  readonly last: Observation | null;
  /** What that one saw: as long as it is seen again, nothing is read or written. Null: all is made anew. */
  readonly digest: Uint8Array | null;
  /** @param seen The last observation that saw the same. */
  held(seen: Ref | null): Held;
}

/** What a history has become. */
interface After {
  readonly history: History;
  readonly steps: readonly Step[];
}

const nothingHeld = (): Held => {
  let number = 0;
  return {
    ...{ current: [], past: [], changePoints: [], asides: [] },
    ...{ start: null, running: null, number: () => (number += 1) },
  };
};
const fromNothing: Before = { last: null, digest: null, held: nothingHeld };

/**
 * Whether it matters who read a snapshot, of those that are there and those that come, as is known now: not all were read by the
 * same, or two are of one second.
 */
const isReadDifferently = (
  history: readonly TimelineEntry[],
  { raised, news }: Pick<TableWork, 'raised' | 'news'>,
): boolean => {
  const byId = new Map<number, { readonly time: number; readonly by: string }>();
  const note = ({ id, time, reading }: Ref, oldestRank: number | undefined): unknown =>
    byId.set(id, { time, by: `${rankOf(reading)} ${oldestRank}` });
  for (const entry of history) {
    const { ref, oldestTool } = raised.get(entry.id) ?? { ...entry, ref: entry };
    note(ref, versionRank(oldestTool));
  }
  for (const { ref, oldestRank } of [...news.values()].flat()) note(ref, oldestRank);
  const all = [...byId.values()];
  return new Set(all.map(({ by }) => by)).size > 1 || new Set(all.map(({ time }) => time)).size < all.length;
};

class TableAdvance {
  readonly table: Table;
  readonly tableId: number;
  readonly rows: TableRows;
  readonly #target: Target;

  constructor(target: Target, table: Table, tableId: number) {
    this.#target = target;
    this.table = table;
    this.tableId = tableId;
    this.rows = new TableRows(target, table, tableId);
  }

  /** Returns null where nothing that was seen is news. */
  #advance(host: number, before: Before, observations: readonly Observation[]): After | null {
    const counted = observations.filter(({ isAhead }) => isAhead !== true);
    const steps = stepsOf(this.table, counted, before.last);
    const asides = asidesOf(this.table, observations, steps);
    const { digest } = before;
    const first =
      digest === null
        ? 0
        : steps.findIndex(
            ({ observation }) => Buffer.compare(digestOfObserved(this.table, observation), digest) !== 0,
          );
    if (first === -1) {
      for (const aside of asides) this.rows.insertAside(host, aside);
      return null;
    }
    const held = before.held(steps[first - 1]?.observation.ref ?? before.last?.ref ?? null);
    const history = new History(this.table, held.start, held.number);
    const partial = observeAll(history, first === 0 ? steps : steps.slice(first));
    const changePoints = changePointsOf(this.table, partial, held.running);
    this.rows.replace(host, held, { current: history.open(), past: history.closed, changePoints, asides });
    return { history, steps };
  }

  /** @param states Gets the values of the row of `_state`, which is not there yet. */
  addFirst(host: number, news: readonly NewObservation[], states: unknown[]): TableChanges | null {
    const [only] = news;
    if (only === undefined) return null;
    // Nearly all that a merge adds is the first snapshot of a host, and the only one: its rows need no history.
    if (news.length === 1 && stepsOf(this.table, news)[0]?.observation === only) {
      states.push(host, this.tableId, only.ref.time, only.ref.id, only.digest);
      this.rows.insertFirst(host, only.tableObservation.cells as Value[]);
      return null;
    }
    const after = this.#advance(host, fromNothing, news);
    const first = after?.steps[0]?.observation;
    const last = after?.steps.at(-1)?.observation;
    if (after === null || first === undefined || last === undefined) return null;
    states.push(host, this.tableId, first.ref.time, first.ref.id, digestOfObserved(this.table, last));
    return countChanges(news, after.history.open(), after.history.closed);
  }

  append(
    host: number,
    state: StateRow,
    timeline: readonly TimelineEntry[],
    last: Observation,
    news: readonly NewObservation[],
  ): TableChanges | null {
    const held = (seen: Ref | null): Held => this.#currentOnes(host, timeline, last, seen ?? last.ref);
    const after = this.#advance(host, { last, digest: state.digest, held }, news);
    const newest = after?.steps.at(-1)?.observation;
    if (after === null || newest === undefined) return null;
    this.rows.writeState(host, state, digestOfObserved(this.table, newest));
    return countChanges(news, after.history.open(), after.history.closed);
  }

  #currentOnes(host: number, timeline: readonly TimelineEntry[], last: Observation, seen: Ref): Held {
    const { prepare } = this.#target;
    const readings = readingsOf(timeline);
    const current = readCurrent(prepare, this.table, host, readings);
    const running = readChangePoints(prepare, host, this.tableId, readings).at(-1)?.raw ?? null;
    const rows = (): Observation['rows'] =>
      running === null
        ? current.map(({ cells }) => cells).sort(cellsOrder(this.table))
        : readPackedRows(running, this.table);
    let number = this.rows.lastNumber(host);
    return {
      ...{ current, past: [], changePoints: [], asides: [] },
      start: {
        open: current,
        last: seen,
        partial: last.isPartial ? { ...last, ref: seen, rows: rows() } : null,
      },
      running,
      number: () => (number += 1),
    };
  }

  /** The history is made anew, and only what differs is written. */
  rebuild(
    host: number,
    state: StateRow,
    { timeline, raised }: Pick<TableWork, 'timeline' | 'raised'>,
    news: readonly NewObservation[],
  ): TableChanges {
    const { prepare, observationsOf } = this.#target;
    const old = readHistory(prepare, observationsOf, this.table, this.tableId, host, timeline);
    const observations: Observation[] = [
      ...old.observations.map((observation) => {
        const read = raised.get(observation.ref.id);
        if (read === undefined) return observation;
        return { ...observation, ref: read.ref, oldestRank: versionRank(read.oldestTool) };
      }),
      ...news,
    ].sort((a, b) => compareRefs(a.ref, b.ref));
    // After `retain`, what was known at the first observation is more than what it saw: it is not made anew.
    const first = observations.find(({ isAhead }) => isAhead !== true);
    const cut = state.isCut === 1 && first?.ref.id === state.id ? first : null;
    const held = (): Held => this.#allOfThem(old, cut);
    const after = this.#advance(
      host,
      { last: cut, digest: null, held },
      cut === null ? observations : observations.filter((observation) => observation !== cut),
    ) as After;
    const begin = cut ?? after.steps[0]?.observation;
    const last = after.steps.at(-1)?.observation ?? cut;
    if (begin === undefined || last === null) this.rows.deleteState(host);
    else this.rows.writeState(host, begin.ref, digestOfObserved(this.table, last));
    return countChanges(news, after.history.open(), after.history.closed);
  }

  /** @param cut The observation that the history begins with since `retain`; null where it begins with the first of all. */
  #allOfThem(old: TableHistory, cut: Observation | null): Held {
    const numbers = new RowNumbers(keyReader(this.table), [...old.current, ...old.past]);
    const number = (key: string): number => numbers.of(key);
    if (cut === null) return { ...old, start: null, running: null, number };
    const open = [...old.current, ...old.past].filter(({ from, read }) => from === null && read === null);
    for (const version of open) numbers.take(version);
    const isBefore = (point: Ref): boolean => compareRefs(point, cut.ref) <= 0;
    return {
      ...old,
      changePoints: old.changePoints.filter((point) => !isBefore(point)),
      start: {
        open: open.map(({ rowNumber, cells, began }) => ({
          ...{ rowNumber, cells, began, from: null, read: null },
        })),
        last: cut.ref,
        partial: cut.isPartial ? cut : null,
      },
      running: old.changePoints.findLast(isBefore)?.raw ?? null,
      number,
    };
  }
}

/** The histories of all tables. */
export class Histories {
  readonly #target: Target;
  readonly #tables: ReadonlyMap<string, TableAdvance>;

  constructor(target: Target) {
    this.#target = target;
    this.#tables = new Map(
      [...target.byName].flatMap(([name, table]) => {
        const tableId = target.tableIds.get(name);
        return tableId === undefined ? [] : [[name, new TableAdvance(target, table, tableId)]];
      }),
    );
  }

  rowsOf(name: string): TableRows | undefined {
    return this.#tables.get(name)?.rows;
  }

  /** Brings the rows of all tables that new observations concern up to date, and tells what changed. */
  change(host: number, work: TableWork): ReadonlyMap<string, TableChanges> {
    const history = countedOnes(work.timeline);
    const isReordered = work.hasLost || (work.raised.size > 0 && isReadDifferently(history, work));
    const changes = new Map<string, TableChanges>();
    const states: unknown[] = [];
    for (const name of isReordered ? this.#tables.keys() : work.news.keys()) {
      const table = this.#tables.get(name);
      if (table === undefined) continue;
      const news = work.news.get(name) ?? [];
      const state = work.isNew ? undefined : table.rows.stateOf(host);
      const counts =
        state === undefined
          ? table.addFirst(host, news, states)
          : this.#goOn(host, table, state, isReordered ? null : history, work, news);
      if (counts === null || counts.added + counts.changed + counts.removed === 0) continue;
      changes.set(name, withRenames(this.#target.prepare, table.table, host, news, counts));
    }
    this.#target.insertMany('_state (host, tab, first_time, first_snapshot, digest)', 5, states);
    return changes;
  }

  /** @param history What the table has; null where that itself has changed. */
  #goOn(
    host: number,
    table: TableAdvance,
    state: StateRow,
    history: readonly TimelineEntry[] | null,
    work: TableWork,
    news: readonly NewObservation[],
  ): TableChanges | null {
    const last = history === null ? null : this.#appendsTo(history, table.tableId, news);
    if (history === null || last === null) return table.rebuild(host, state, work, news);
    return table.append(host, state, history, last, news);
  }

  /**
   * The last observation of a table, if new ones simply come after it; null where they do not: an older second, and the
   * same one, are told anew.
   */
  #appendsTo(
    history: readonly TimelineEntry[],
    tableId: number,
    news: readonly NewObservation[],
  ): Observation | null {
    const { observationsOf } = this.#target;
    const observedAt = (entry: TimelineEntry): Observation =>
      observationAt(entry, observationsOf(entry.observationSet).get(tableId));
    const holds = ({ observationSet }: TimelineEntry): boolean =>
      observationsOf(observationSet).get(tableId)?.holdsRows === true;
    const at = history.findLastIndex(holds);
    const last = history[at];
    if (last === undefined || (news[0]?.ref.time ?? 0) <= last.time) return null;
    let from = at;
    while (from > 0 && history[from - 1]?.time === last.time) from -= 1;
    const ofThatSecond = history.slice(from, at + 1).filter(holds);
    return isReadTwice(ofThatSecond.map(observedAt)) ? null : observedAt(last);
  }

  /** Makes the histories of a host anew from what the file has. */
  rebuildAll(
    host: number,
    timeline: readonly TimelineEntry[],
    isWanted: (table: Table) => boolean = () => true,
  ): void {
    for (const table of this.#tables.values()) {
      const state = isWanted(table.table) ? table.rows.stateOf(host) : undefined;
      if (state !== undefined) table.rebuild(host, state, { timeline, raised: new Map() }, []);
    }
  }
}
