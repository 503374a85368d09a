/**
 * Which row is which: what tells the rows of a table apart, and what becomes of a row whose key is itself not fully known.
 * The rules that are named here are those of docs/store.md, "How a history is made".
 */
import type { Table } from '../collector/table.ts';
import type { Cells } from './snapshot.ts';

/** What tells the rows of a table apart, as a text. */
export const keyReader = (table: Table): ((cells: Cells) => string) => {
  const names = Object.keys(table.columns);
  const indexes = table.key.map((name) => names.indexOf(name));
  const [only] = indexes;
  if (indexes.length === 1 && only !== undefined) return (cells) => JSON.stringify(cells[only] ?? null);
  return (cells) => JSON.stringify(indexes.map((index) => cells[index] ?? null));
};

/** Rows by what their keys say; nearly always one of each. */
export type RowGroups = Map<string, Cells[]>;

/** Rows that are known, by what their keys say. */
type KnownRows = ReadonlyMap<string, readonly { readonly cells: Cells }[]>;

/** The key columns that a row leaves open, by their places. */
type Gaps = readonly number[];

const put = (lists: Map<string, string[]>, pattern: string, key: string): void => {
  const list = lists.get(pattern);
  if (list === undefined) lists.set(pattern, [key]);
  else list.push(key);
};

export class RowKeys {
  readonly of: (cells: Cells) => string;
  readonly #indexes: readonly number[];

  constructor(table: Table) {
    const names = Object.keys(table.columns);
    this.of = keyReader(table);
    this.#indexes = table.key.map((name) => names.indexOf(name));
  }

  group(rows: readonly Cells[]): RowGroups {
    const groups: RowGroups = new Map();
    for (const row of rows) {
      const key = this.of(row);
      const same = groups.get(key);
      if (same === undefined) groups.set(key, [row]);
      else same.push(row);
    }
    return groups;
  }

  /**
   * Rows of a partial observation under the keys of the rows that they are. Rule 2: a row whose key is not fully known
   * is matched with the one known row that it can be; where there are several, it is a row of its own.
   *
   * @param uncertain Columns by their places.
   */
  match(rows: readonly Cells[], uncertain: ReadonlySet<number>, known: KnownRows): RowGroups {
    const groups = this.group(rows);
    const weak = this.#indexes.filter((index) => uncertain.has(index));
    if (weak.length === 0) return groups;
    const { seeking, gaps } = this.#seeking(groups, weak, known);
    if (seeking.size === 0) return groups;
    const candidates = this.#candidates(groups, seeking, gaps, known);
    // Several patterns may fit one known row: then there is doubt, too.
    const fits = new Map<string, number>();
    for (const keys of candidates.values()) for (const key of keys) fits.set(key, (fits.get(key) ?? 0) + 1);
    for (const [pattern, keys] of seeking) {
      const targets = candidates.get(pattern) ?? [];
      const [target] = targets;
      const [key] = keys;
      if (target === undefined || key === undefined) continue;
      if (keys.length > 1 || targets.length > 1 || fits.get(target) !== 1) continue;
      const same = groups.get(key) ?? [];
      if (same.length !== 1 || known.get(target)?.length !== 1) continue;
      groups.delete(key);
      groups.set(target, same);
    }
    return groups;
  }

  /** A key with gaps, as a text that each key has which can fill them. */
  #pattern(cells: Cells, gaps: Gaps): string {
    return JSON.stringify([
      gaps,
      ...this.#indexes.map((index) => (gaps.includes(index) ? null : (cells[index] ?? null))),
    ]);
  }

  /** The keys with gaps that no known row has: by pattern, and which gaps there are. */
  #seeking(
    groups: RowGroups,
    weak: readonly number[],
    known: KnownRows,
  ): { readonly seeking: Map<string, string[]>; readonly gaps: readonly Gaps[] } {
    const seeking = new Map<string, string[]>();
    const gaps = new Map<string, Gaps>();
    for (const [key, [first = []]] of groups) {
      const open = weak.filter((index) => first[index] === null);
      if (open.length === 0 || known.has(key)) continue;
      gaps.set(open.join(' '), open);
      put(seeking, this.#pattern(first, open), key);
    }
    return { seeking, gaps: [...gaps.values()] };
  }

  /** The known rows that were not seen, by each pattern that they fit. */
  #candidates(
    groups: RowGroups,
    seeking: ReadonlyMap<string, unknown>,
    gaps: readonly Gaps[],
    known: KnownRows,
  ): Map<string, string[]> {
    const candidates = new Map<string, string[]>();
    for (const [key, [first]] of known) {
      if (groups.has(key)) continue;
      for (const open of gaps) {
        const pattern = this.#pattern(first?.cells ?? [], open);
        if (seeking.has(pattern)) put(candidates, pattern, key);
      }
    }
    return candidates;
  }
}
