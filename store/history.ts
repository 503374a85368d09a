/**
 * The history of one table of one host: a pure function of its good observations in the order of time.
 * Nothing here knows SQLite. docs/store.md says the rules in words.
 */
import type { Table } from '../collector/table.ts';
import type { Began, Ended } from './schema.ts';
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

export const sameCells = (a: Cells, b: Cells): boolean => {
  if (a === b) return true;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
};

const sameRows = (a: readonly Cells[], b: readonly Cells[]): boolean =>
  a === b || (a.length === b.length && a.every((row, index) => sameCells(row, b[index] ?? [])));

/** What tells the rows of a table apart, as a text. */
export const keyReader = (table: Table): ((cells: Cells) => string) => {
  const names = Object.keys(table.columns);
  const indexes = table.key.map((name) => names.indexOf(name));
  const [only] = indexes;
  if (indexes.length === 1 && only !== undefined) return (cells) => JSON.stringify(cells[only] ?? null);
  return (cells) => JSON.stringify(indexes.map((index) => cells[index] ?? null));
};

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
  /** Which rows there are, too. */
  readonly rows: boolean;
}

/** Read alike: every difference is news. */
export const readAlike: Silent = { columns: new Set(), rows: false };
/** The same evidence, read by a newer version: no difference is. */
export const sameEvidence: Silent = { columns: null, rows: true };

export interface History {
  /** Takes the next observation. Returns whether its rows, as they are, are what is known from then on. */
  observe(observation: Observation, silent: Silent): boolean;
  readonly closed: readonly ClosedVersion[];
  open(): readonly OpenVersion[];
}

/** What a history goes on from. */
export interface HistoryStart {
  readonly open: readonly OpenVersion[];
  /** The last observation that it rests on. */
  readonly last: Ref;
  /** The same one, where it was partial. */
  readonly partial: Observation | null;
}

/**
 * Turns observations into row versions.
 *
 * @param start What is current already; null before the first observation.
 * @param number A number for a row that is new, given what its key says.
 */
export const historyOf = (
  table: Table,
  start: HistoryStart | null,
  number: (key: string) => number,
): History => {
  const names = Object.keys(table.columns);
  const keyIndexes = table.key.map((name) => names.indexOf(name));
  const compare = cellsOrder(table);
  const keyOf = keyReader(table);

  const state = new Map<string, OpenVersion[]>();
  for (const version of start?.open ?? []) {
    const key = keyOf(version.cells);
    const same = state.get(key);
    if (same === undefined) state.set(key, [version]);
    else same.push(version);
  }
  const closed: ClosedVersion[] = [];
  let last: Ref | null = start?.last ?? null;
  let before: Observation | null = null;
  // The partial observation that the next one of its kind is compared with; none after a whole one.
  let base: Observation | null = start?.partial ?? null;
  let wasKnown = true;

  const byAge = (a: OpenVersion, b: OpenVersion): number => {
    if (a.from === null || b.from === null) return (a.from === null ? 0 : 1) - (b.from === null ? 0 : 1);
    return compareRefs(a.from, b.from);
  };

  /** One version goes over into the row that it became. */
  const goOver = (old: OpenVersion, cells: Cells, at: Ref, silent: Silent): OpenVersion => {
    const end = { until: at, last: last ?? at };
    const isSilent = (index: number): boolean =>
      old.cells[index] !== cells[index] && (silent.columns === null || silent.columns.has(index));
    const { rowNumber } = old;
    let before = old;
    if (cells.some((_, index) => isSilent(index))) {
      closed.push({ ...old, ...end, ended: 'superseded' });
      const words = old.cells.map((cell, index) => (isSilent(index) ? (cells[index] ?? null) : cell));
      before = { ...old, cells: words, read: at };
      if (sameCells(words, cells)) return before;
    }
    closed.push({ ...before, ...end, ended: 'changed' });
    return { rowNumber, cells, began: 'changed', from: at, read: null };
  };

  const appear = (key: string, cells: Cells, at: Ref, silent: Silent): OpenVersion => {
    const rowNumber = number(key);
    if (last === null) return { rowNumber, cells, began: 'baseline', from: null, read: null };
    // It was there all along, and is read only now.
    if (silent.rows) return { rowNumber, cells, began: 'baseline', from: null, read: at };
    return { rowNumber, cells, began: 'added', from: at, read: null };
  };

  /** From the versions of one key to its rows now; both are nearly always one. */
  const step = (
    key: string,
    open: readonly OpenVersion[],
    rows: readonly Cells[],
    at: Ref,
    silent: Silent,
  ): void => {
    const kept: OpenVersion[] = [];
    const left = [...open].sort(byAge);
    const fresh: Cells[] = [];
    for (const row of rows) {
      const index = left.findIndex(({ cells }) => sameCells(cells, row));
      if (index === -1) fresh.push(row);
      else kept.push(...left.splice(index, 1));
    }
    if (left.length === 0 && fresh.length === 0) return;
    if (left.length > 1) left.sort((a, b) => compare(a.cells, b.cells) || byAge(a, b));
    fresh.sort(compare);
    const shared = Math.min(left.length, fresh.length);
    for (const version of left.slice(shared)) {
      const ended = silent.rows ? 'superseded' : 'removed';
      closed.push({ ...version, until: at, last: last ?? at, ended });
    }
    for (const [index, cells] of fresh.entries()) {
      const old = index < shared ? left[index] : undefined;
      kept.push(old === undefined ? appear(key, cells, at, silent) : goOver(old, cells, at, silent));
    }
    if (kept.length === 0) state.delete(key);
    else state.set(key, kept);
  };

  const group = (rows: readonly Cells[]): Map<string, Cells[]> => {
    const groups = new Map<string, Cells[]>();
    for (const row of rows) {
      const key = keyOf(row);
      const same = groups.get(key);
      if (same === undefined) groups.set(key, [row]);
      else same.push(row);
    }
    return groups;
  };

  const observeWhole = ({ rows, ref }: Observation, silent: Silent): boolean => {
    const groups = group(rows);
    for (const [key, open] of [...state]) if (!groups.has(key)) step(key, open, [], ref, silent);
    for (const [key, now] of groups) {
      const open = state.get(key);
      const [single] = now;
      if (open?.length === 1 && now.length === 1 && sameCells(open[0]?.cells ?? [], single ?? [])) continue;
      step(key, open ?? [], now, ref, silent);
    }
    return true;
  };

  /**
   * Rows of a partial observation under the keys of the rows that they
   * are: a key column may itself be unknown.
   */
  const matchKeys = (rows: readonly Cells[], unknown: ReadonlySet<number>): Map<string, Cells[]> => {
    const groups = group(rows);
    const weak = keyIndexes.filter((index) => unknown.has(index));
    if (weak.length === 0) return groups;
    const wildcard = (cells: Cells, nulls: string): string =>
      JSON.stringify([
        nulls,
        ...keyIndexes.map((index) => (nulls.includes(`,${index},`) ? null : (cells[index] ?? null))),
      ]);
    const nullsOf = (cells: Cells): string =>
      `,${weak
        .filter((index) => cells[index] === null)
        .map((index) => `${index},`)
        .join(',')}`;
    const seeking = new Map<string, string[]>();
    const shapes = new Set<string>();
    for (const [key, same] of groups) {
      const nulls = nullsOf(same[0] ?? []);
      if (nulls === ',' || state.has(key)) continue;
      shapes.add(nulls);
      const as = wildcard(same[0] ?? [], nulls);
      seeking.set(as, [...(seeking.get(as) ?? []), key]);
    }
    if (seeking.size === 0) return groups;
    const candidates = new Map<string, string[]>();
    for (const [key, open] of state) {
      if (groups.has(key)) continue;
      for (const nulls of shapes) {
        const as = wildcard(open[0]?.cells ?? [], nulls);
        if (seeking.has(as)) candidates.set(as, [...(candidates.get(as) ?? []), key]);
      }
    }
    // Each only where there is no doubt: one row of no name, and one known row that it can be.
    const taken = new Map<string, number>();
    for (const keys of candidates.values()) for (const key of keys) taken.set(key, (taken.get(key) ?? 0) + 1);
    for (const [as, keys] of seeking) {
      const [target] = candidates.get(as) ?? [];
      const [key] = keys;
      if (target === undefined || key === undefined) continue;
      if (keys.length > 1 || (candidates.get(as) ?? []).length > 1 || taken.get(target) !== 1) continue;
      const same = groups.get(key) ?? [];
      if (same.length !== 1 || (state.get(target) ?? []).length !== 1) continue;
      groups.delete(key);
      groups.set(target, same);
    }
    return groups;
  };

  const observePartial = (observation: Observation, silent: Silent): boolean => {
    const { rows, ref } = observation;
    const unknown = uncertainColumns(table, observation);
    /**
     * What is known after a row was seen: an uncertain value counts where it is
     * not what such an observation saw before.
     */
    const combine = (row: Cells, known: Cells, then: Cells | undefined): Cells => {
      const cells = row.map((value, index) => {
        if (!unknown.has(index) || (known[index] ?? null) === null) return value;
        const isNews = value !== null && then !== undefined && then[index] !== value;
        return isNews ? value : (known[index] ?? null);
      });
      if (sameCells(cells, known)) return known;
      return sameCells(cells, row) ? row : cells;
    };
    const groups = matchKeys(rows, unknown);
    const seenThen =
      base !== null && kindOf(base) === kindOf(observation)
        ? matchKeys(base.rows, unknown)
        : new Map<string, Cells[]>();
    let isKnown = true;
    for (const [key, open] of [...state]) {
      if (groups.has(key)) continue;
      // Gone, when such an observation saw it the last time; else perhaps it could only not be observed.
      const gone = seenThen.get(key)?.length ?? 0;
      const kept = [...open].sort((a, b) => compare(a.cells, b.cells) || byAge(a, b)).slice(gone);
      if (kept.length > 0) isKnown = false;
      step(
        key,
        open,
        kept.map(({ cells }) => cells),
        ref,
        silent,
      );
    }
    for (const [key, seen] of groups) {
      const open = state.get(key) ?? [];
      const then = seenThen.get(key) ?? [];
      const now: Cells[] = [];
      const [known] = open;
      const [row] = seen;
      if (known !== undefined && row !== undefined && open.length === 1 && seen.length === 1) {
        now.push(combine(row, known.cells, then.length === 1 ? then[0] : undefined));
      } else {
        const left = [...open].sort((a, b) => compare(a.cells, b.cells) || byAge(a, b));
        const rest: Cells[] = [];
        for (const one of seen) {
          const index = left.findIndex(({ cells }) => sameCells(combine(one, cells, undefined), cells));
          if (index === -1) rest.push(one);
          else now.push(...left.splice(index, 1).map(({ cells }) => cells));
        }
        for (const one of rest) {
          const match = left.shift();
          now.push(match === undefined ? one : combine(one, match.cells, undefined));
        }
        now.push(...left.slice(Math.max(0, then.length - seen.length)).map(({ cells }) => cells));
      }
      step(key, open, now, ref, silent);
      if (!sameRows(now.toSorted(compare), seen.toSorted(compare))) isKnown = false;
    }
    return isKnown;
  };

  return {
    observe: (observation, silent) => {
      const isSame =
        before !== null &&
        before.isPartial === observation.isPartial &&
        (!observation.isPartial || kindOf(before) === kindOf(observation)) &&
        sameRows(before.rows, observation.rows);
      if (!isSame)
        wasKnown = observation.isPartial
          ? observePartial(observation, silent)
          : observeWhole(observation, silent);
      before = observation;
      base = observation.isPartial ? observation : null;
      last = observation.ref;
      return wasKnown;
    },
    closed,
    open: () => [...state.values()].flat(),
  };
};
