/**
 * The history of one table of one host: a pure function of its good observations in the order of time.
 * Nothing here knows SQLite. The rules that are named here are those of docs/store.md, "How a history is made".
 */
import type { Table } from '../collector/table.ts';
import type { Began, Ended } from './schema.ts';
import { RowKeys } from './match_keys.ts';
import type { RowGroups } from './match_keys.ts';
import { cellsOrder } from './snapshot.ts';
import type { Cells } from './snapshot.ts';

/** Which snapshot; those of a host are ordered by time, then by how new their reading is, then by id. */
export interface Ref {
  readonly time: number;
  readonly id: number;
  /** How new the reading is (readings.ts); 0 where the snapshot is not in the store any more. */
  readonly reading: number;
}

export const compareRefs = (a: Ref, b: Ref): number =>
  a.time - b.time || a.reading - b.reading || a.id - b.id;

/** An observation that told something: complete, or partial with the columns that could not be observed. */
export interface Observation {
  readonly ref: Ref;
  readonly isPartial: boolean;
  /** Columns that may be NULL only because something failed; null means all. Of no account when not partial. */
  readonly affected: readonly string[] | null;
  /** What could not be observed; null where that is not known. Has no meaning when not partial. */
  readonly failed: readonly string[] | null;
  /** Sorted. The same array as that of the observation before means that nothing changed. */
  readonly rows: readonly Cells[];
  /** Observations of one host, time, user and level of redaction: the same evidence, read once or several times. */
  readonly evidence: string;
  /** Rank of the oldest version that read just this; without it, that of its reading is the only one. */
  readonly oldestRank?: number;
  /** Declared columns that whoever made it did not know yet. */
  readonly absent: readonly string[];
  /** Dated ahead of the moment at which it was stored: it is kept, and is no part of the history (clocks.ts). */
  readonly isAhead?: boolean;
}

/** A row version that is current. */
export interface OpenVersion {
  rowNumber: number;
  cells: Cells;
  began: Began;
  /** Null for the baseline: the first good observation of the table. */
  from: Ref | null;
  /** Where a newer reading put these words in place of older ones; null for a version that was read only once. */
  read: Ref | null;
}

export interface ClosedVersion extends OpenVersion {
  until: Ref;
  /** The last observation that had it. */
  last: Ref;
  ended: Ended;
}

const sameCells = (a: Cells, b: Cells): boolean => {
  if (a === b) return true;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
};

const sameRows = (a: readonly Cells[], b: readonly Cells[]): boolean =>
  a === b || (a.length === b.length && a.every((row, index) => sameCells(row, b[index] ?? [])));

/** Observations that lacked the same can be compared with each other. */
const kindOf = ({ affected, failed }: Observation): string =>
  JSON.stringify([failed, failed === null ? affected : null]);

/**
 * The columns of which a partial observation cannot tell whether they
 * changed: what they rest on is not all there.
 */
export const uncertainColumns = (
  table: Table,
  { affected, failed }: Pick<Observation, 'affected' | 'failed'>,
): ReadonlySet<number> => {
  const columns = Object.entries(table.columns);
  const isUncertain = (name: string, from: readonly string[]): boolean =>
    failed === null
      ? affected === null || affected.includes(name)
      : from.some((source) => failed.includes(source));
  return new Set(
    columns.flatMap(([name, { from }], index) => (isUncertain(name, from ?? table.sources) ? [index] : [])),
  );
};

/** What of the difference to the observation before says nothing of the Mac, only of how it was read. */
export interface Silent {
  /** Columns by their place; null is every one. */
  readonly columns: ReadonlySet<number> | null;
  /** Columns of which one of the two may have left something out: what is the same but for that is no news. */
  readonly cut?: ReadonlySet<number>;
  /** Which rows there are, too. */
  readonly rows: boolean;
}

/** Whether one of two cells is the other with something left out: all of it, or what follows a delimiter. */
const isCutOf = (a: Cells[number], b: Cells[number]): boolean => {
  if (a === null || b === null) return true;
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return /[;,]$/.test(short) && long.startsWith(short);
};

/** Read alike: every difference is news. */
export const readAlike: Silent = { columns: new Set(), rows: false };
/** The same evidence, read by a newer version: no difference is. */
export const sameEvidence: Silent = { columns: null, rows: true };

/** What a history goes on from. */
export interface HistoryStart {
  readonly open: readonly OpenVersion[];
  /** The last observation that it rests on. */
  readonly last: Ref;
  /** The same one, where it was partial. */
  readonly partial: Observation | null;
}

const byAge = (a: OpenVersion, b: OpenVersion): number => {
  if (a.from === null || b.from === null) return (a.from === null ? 0 : 1) - (b.from === null ? 0 : 1);
  return compareRefs(a.from, b.from);
};

const cellsOf = ({ cells }: OpenVersion): Cells => cells;

/**
 * What is known of a row after a partial observation saw it (rule 2): an uncertain value counts where it is not what
 * such an observation saw before.
 */
const combined = (
  row: Cells,
  known: Cells,
  then: Cells | undefined,
  uncertain: ReadonlySet<number>,
): Cells => {
  const cells = row.map((value, index) => {
    if (!uncertain.has(index) || (known[index] ?? null) === null) return value;
    const isNews = value !== null && then !== undefined && then[index] !== value;
    return isNews ? value : (known[index] ?? null);
  });
  if (sameCells(cells, known)) return known;
  return sameCells(cells, row) ? row : cells;
};

/** Turns observations into row versions. */
export class History {
  readonly closed: ClosedVersion[] = [];
  readonly #table: Table;
  readonly #keys: RowKeys;
  readonly #compare: (a: Cells, b: Cells) => number;
  readonly #number: (key: string) => number;
  /** The open versions by what their keys say; nearly always one of each. */
  readonly #state = new Map<string, OpenVersion[]>();
  #last: Ref | null;
  #before: Observation | null = null;
  /** The partial observation that the next one of its kind is compared with; none after a whole one. */
  #base: Observation | null;
  #wasKnown = true;

  /**
   * @param start What is current already; null before the first observation.
   * @param number A number for a row that is new, given what its key says.
   */
  constructor(table: Table, start: HistoryStart | null, number: (key: string) => number) {
    this.#table = table;
    this.#keys = new RowKeys(table);
    this.#compare = cellsOrder(table);
    this.#number = number;
    this.#last = start?.last ?? null;
    this.#base = start?.partial ?? null;
    for (const version of start?.open ?? []) {
      const key = this.#keys.of(version.cells);
      const same = this.#state.get(key);
      if (same === undefined) this.#state.set(key, [version]);
      else same.push(version);
    }
  }

  /** Takes the next observation. Returns whether its rows, as they are, are what is known from then on. */
  observe(observation: Observation, silent: Silent): boolean {
    if (!this.#isAsBefore(observation))
      this.#wasKnown = observation.isPartial
        ? this.#observePartial(observation, silent)
        : this.#observeWhole(observation, silent);
    this.#before = observation;
    this.#base = observation.isPartial ? observation : null;
    this.#last = observation.ref;
    return this.#wasKnown;
  }

  open(): readonly OpenVersion[] {
    return [...this.#state.values()].flat();
  }

  #isAsBefore(observation: Observation): boolean {
    const before = this.#before;
    return (
      before !== null &&
      before.isPartial === observation.isPartial &&
      (!observation.isPartial || kindOf(before) === kindOf(observation)) &&
      sameRows(before.rows, observation.rows)
    );
  }

  /** Versions of one key in an order that does not depend on how they came. */
  #inOrder(versions: readonly OpenVersion[]): OpenVersion[] {
    return versions.toSorted((a, b) => this.#compare(a.cells, b.cells) || byAge(a, b));
  }

  /** Rule 1: its rows are the rows, and one that it does not have is gone. */
  #observeWhole({ rows, ref }: Observation, silent: Silent): boolean {
    const groups = this.#keys.group(rows);
    for (const [key, open] of [...this.#state]) if (!groups.has(key)) this.#step(key, open, [], ref, silent);
    for (const [key, now] of groups) {
      const open = this.#state.get(key);
      const [single] = now;
      if (open?.length === 1 && now.length === 1 && sameCells(open[0]?.cells ?? [], single ?? [])) continue;
      this.#step(key, open ?? [], now, ref, silent);
    }
    return true;
  }

  /** Rule 2: what it could not see stays as it was known. */
  #observePartial(observation: Observation, silent: Silent): boolean {
    const { rows, ref } = observation;
    const uncertain = uncertainColumns(this.#table, observation);
    const groups = this.#keys.match(rows, uncertain, this.#state);
    const seenThen = this.#seenThen(observation, uncertain);
    let isKnown = this.#endUnseen(groups, seenThen, ref, silent);
    for (const [key, seen] of groups) {
      const open = this.#state.get(key) ?? [];
      const now = this.#rowsNow(open, seen, seenThen.get(key) ?? [], uncertain);
      this.#step(key, open, now, ref, silent);
      if (!sameRows(now.toSorted(this.#compare), seen.toSorted(this.#compare))) isKnown = false;
    }
    return isKnown;
  }

  /** Like is compared with like: what the observation before saw, where it lacked the same. */
  #seenThen(observation: Observation, uncertain: ReadonlySet<number>): RowGroups {
    const base = this.#base;
    if (base === null || kindOf(base) !== kindOf(observation)) return new Map();
    return this.#keys.match(base.rows, uncertain, this.#state);
  }

  /**
   * A row that a partial observation does not have is gone when such an observation saw it the last time; else perhaps
   * it could only not be observed. Returns whether all rows that were not seen are gone.
   */
  #endUnseen(groups: RowGroups, seenThen: RowGroups, at: Ref, silent: Silent): boolean {
    let isAllGone = true;
    for (const [key, open] of [...this.#state]) {
      if (groups.has(key)) continue;
      const kept = this.#inOrder(open).slice(seenThen.get(key)?.length ?? 0);
      if (kept.length > 0) isAllGone = false;
      this.#step(key, open, kept.map(cellsOf), at, silent);
    }
    return isAllGone;
  }

  /** The rows of one key after a partial observation saw some of it, and one of its kind saw others then. */
  #rowsNow(
    open: readonly OpenVersion[],
    seen: readonly Cells[],
    then: readonly Cells[],
    uncertain: ReadonlySet<number>,
  ): Cells[] {
    const [known] = open;
    const [row] = seen;
    if (known !== undefined && row !== undefined && open.length === 1 && seen.length === 1)
      return [combined(row, known.cells, then.length === 1 ? then[0] : undefined, uncertain)];
    const now: Cells[] = [];
    const left = this.#inOrder(open);
    const rest: Cells[] = [];
    for (const one of seen) {
      const index = left.findIndex(({ cells }) =>
        sameCells(combined(one, cells, undefined, uncertain), cells),
      );
      if (index === -1) rest.push(one);
      else now.push(...left.splice(index, 1).map(cellsOf));
    }
    for (const one of rest) {
      const match = left.shift();
      now.push(match === undefined ? one : combined(one, match.cells, undefined, uncertain));
    }
    now.push(...left.slice(Math.max(0, then.length - seen.length)).map(cellsOf));
    return now;
  }

  /** From the versions of one key to its rows now; both are nearly always one. */
  #step(key: string, open: readonly OpenVersion[], rows: readonly Cells[], at: Ref, silent: Silent): void {
    const kept: OpenVersion[] = [];
    let left = open.toSorted(byAge);
    const fresh: Cells[] = [];
    for (const row of rows) {
      const index = left.findIndex(({ cells }) => sameCells(cells, row));
      if (index === -1) fresh.push(row);
      else kept.push(...left.splice(index, 1));
    }
    if (left.length === 0 && fresh.length === 0) return;
    if (left.length > 1) left = this.#inOrder(left);
    fresh.sort(this.#compare);
    const shared = Math.min(left.length, fresh.length);
    const ended = silent.rows ? 'superseded' : 'removed';
    for (const version of left.slice(shared))
      this.closed.push({ ...version, until: at, last: this.#last ?? at, ended });
    for (const [index, cells] of fresh.entries()) {
      const old = index < shared ? left[index] : undefined;
      kept.push(
        old === undefined ? this.#appear(key, cells, at, silent) : this.#goOver(old, cells, at, silent),
      );
    }
    if (kept.length === 0) this.#state.delete(key);
    else this.#state.set(key, kept);
  }

  #appear(key: string, cells: Cells, at: Ref, silent: Silent): OpenVersion {
    const rowNumber = this.#number(key);
    if (this.#last === null) return { rowNumber, cells, began: 'baseline', from: null, read: null };
    // It was there all along, and is read only now.
    if (silent.rows) return { rowNumber, cells, began: 'baseline', from: null, read: at };
    return { rowNumber, cells, began: 'added', from: at, read: null };
  }

  /** One version goes over into the row that it became. */
  #goOver(old: OpenVersion, cells: Cells, at: Ref, silent: Silent): OpenVersion {
    const end = { until: at, last: this.#last ?? at };
    const isSilent = (index: number): boolean => {
      const [then = null, now = null] = [old.cells[index], cells[index]];
      if (then === now) return false;
      if (silent.columns === null || silent.columns.has(index)) return true;
      return silent.cut?.has(index) === true && isCutOf(then, now);
    };
    const { rowNumber } = old;
    let before = old;
    if (cells.some((_, index) => isSilent(index))) {
      this.closed.push({ ...old, ...end, ended: 'superseded' });
      const words = old.cells.map((cell, index) => (isSilent(index) ? (cells[index] ?? null) : cell));
      before = { ...old, cells: words, read: at };
      if (sameCells(words, cells)) return before;
    }
    this.closed.push({ ...before, ...end, ended: 'changed' });
    return { rowNumber, cells, began: 'changed', from: at, read: null };
  }
}
