/** A table for people: columns that line up, and that fit a terminal. */
import { isTime } from '../collector/time.ts';
import { hexOf } from '../export/cell.ts';
import type { AnyCell } from '../export/cell.ts';
import { ofSeverity } from './screen.ts';
import type { Part } from './screen.ts';
import { shown } from './shown.ts';
import { peopleTime } from './time.ts';
import { visible } from '../export/visible.ts';
import { cutTo, padTo, widthOf, widthUpTo } from './width.ts';

/** Values as SQLite answers them; integers may be bigint. */
export type Cells = readonly AnyCell[];

/** Columns that hold moments: each is shown as a date. */
export type Times = ReadonlySet<number>;
export const noTimes: Times = new Set();

/** For people: unknown is shown as NULL, where a shell was not told otherwise. */
export const plainCell = (value: AnyCell, isDate = false): string => {
  if (value === null) return visible(shown().nullText);
  if (isDate && (typeof value === 'number' || typeof value === 'bigint')) {
    const seconds = Math.floor(Number(value));
    // 0 stands for "never" where macOS counts.
    if (seconds > 0 && isTime(seconds)) return peopleTime(seconds);
  }
  return visible(value instanceof Uint8Array ? hexOf(value) : String(value));
};

/** What tells rows apart, and is cut last. */
const isName = (name: string): boolean => /^(?:.*_)?(?:id|uuid|key|name|username|subject|user)$/.test(name);

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

interface Room {
  readonly natural: number;
  readonly least: number;
}

/** Gives each what it needs, and of what is not enough for all the same to each of the greedy ones. */
const spread = (rooms: readonly Room[], total: number): readonly number[] => {
  const capped = (cap: number): readonly number[] =>
    rooms.map(({ natural, least }) => Math.max(least, Math.min(natural, cap)));
  let [low, high] = [0, Math.max(0, ...rooms.map(({ natural }) => natural))];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sum(capped(middle)) <= total) low = middle;
    else high = middle - 1;
  }
  let left = total - sum(capped(low));
  return capped(low).map((width, index) => {
    if (left <= 0 || width >= (rooms[index]?.natural ?? 0)) return width;
    left -= 1;
    return width + 1;
  });
};

const leastOfName = 12;
const leastOfValue = 8;
/** A moment is whole, or its day alone: the hour says nothing without its minute. */
const wholeMoment = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/;
const widthOfDay = 10;
/** A text of which much is left out needs some room to say anything. */
const leastOfText = 12;
const longText = 24;

/** The lines of a column's name: `secure_`, `token`. */
const headLines = (name: string, width: number): readonly string[] => {
  const lines: string[] = [];
  for (const word of name.split(/(?<=[_ ])(?![_ ]|$)/)) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf((last + word).trimEnd()) <= width)
      lines[lines.length - 1] = last + word;
    else lines.push(word);
  }
  return lines.map((line) => line.trimEnd());
};

/** How narrow a name can stand, in several lines. */
const leastOfHead = (name: string): number => Math.max(...headLines(name, 0).map(widthOf));
/** Names take no more of a table than this, while something else is cut. */
const shareOfNames = 0.6;

/** What `count` columns take beside their texts. */
const frameOf = (count: number): number => 3 * count + 1;

interface RoomOfColumn extends Room {
  readonly isName: boolean;
}

const roomOf = (name: string, value: number): RoomOfColumn => {
  const natural = Math.max(leastOfHead(name), value);
  const own = natural >= longText ? leastOfText : leastOfValue;
  const least = isName(name) ? leastOfName : Math.max(own, leastOfHead(name));
  return { natural, least: Math.min(natural, least), isName: isName(name) };
};

/** A column of moments, each of which takes this much. */
const roomOfTime = (name: string, value: number): RoomOfColumn => {
  const natural = Math.max(leastOfHead(name), value);
  return { natural, least: natural, isName: false };
};

/** Whether so many columns, and … for the others, can stand side by side. */
const haveRoom = (rooms: readonly Room[], count: number, width: number): boolean =>
  sum(rooms.slice(0, count).map(({ least }) => least)) +
    frameOf(count) +
    (count < rooms.length ? frameOf(1) : 0) <=
  width;

/**
 * How wide each column is; fewer than there are where not all have room, and then one of … is last.
 *
 * @param values How wide the values of each would be.
 * @param times The columns of moments: each is as wide as all of it, or as its day.
 */
export const fitColumns = (
  names: readonly string[],
  values: readonly number[],
  width: number,
  times: Times = noTimes,
): readonly number[] => {
  const whole = names.map((name, index) => Math.max(widthUpTo(name, width), values[index] ?? 0));
  if (sum(whole) + frameOf(names.length) <= width) return whole;
  const roomsWith = (mostOfTime: number): readonly RoomOfColumn[] =>
    names.map((name, index) => {
      const value = values[index] ?? 0;
      return times.has(index) ? roomOfTime(name, Math.min(value, mostOfTime)) : roomOf(name, value);
    });
  const withMoments = roomsWith(Number.POSITIVE_INFINITY);
  const rooms = haveRoom(withMoments, names.length, width) ? withMoments : roomsWith(widthOfDay);
  let count = rooms.length;
  while (count > 1 && !haveRoom(rooms, count, width)) count -= 1;
  const total = Math.max(1, width - frameOf(count) - (count < rooms.length ? frameOf(1) : 0));
  const fitting = rooms.slice(0, count);
  // One alone may need more than there is.
  if (count === 1) return [Math.min(total, fitting[0]?.natural ?? total)];
  const [ids, others] = [fitting.filter((one) => one.isName), fitting.filter((one) => !one.isName)];
  const least = (some: readonly Room[]): number => sum(some.map((one) => one.least));
  const wanted = (some: readonly Room[]): number => sum(some.map((one) => one.natural));
  const share = Math.max(least(ids), Math.floor(total * shareOfNames), total - wanted(others));
  const forIds = Math.min(wanted(ids), share, total - least(others));
  const widthsOfIds = [...spread(ids, forIds)];
  const widthsOfOthers = [...spread(others, total - forIds)];
  return fitting.map((one) => (one.isName ? widthsOfIds : widthsOfOthers).shift() ?? 0);
};

/** Whether every value has room. */
export const fitsAll = (names: readonly string[], rows: readonly Cells[], width: number): boolean => {
  const values = names.map((_, index) =>
    Math.max(0, ...rows.map((row) => widthUpTo(plainCell(row[index] ?? null), width))),
  );
  const widths = fitColumns(names, values, width);
  return values.every((value, index) => value <= (widths[index] ?? -1));
};

// Widths are taken from the first rows, so that a long answer need not be held in memory.
const rowsForWidths = 5_000;

export interface Look {
  /** How wide it may be; endless where nothing is cut. */
  readonly width: number;
  readonly times: Times;
}

/** What is not seen of a table. */
export interface Cut {
  /** How many columns are shown. */
  readonly columns: number;
  readonly isCut: boolean;
}

/** The head of an iterator, which goes on behind it. */
const firstOf = (iterator: Iterator<Cells>, most: number): readonly Cells[] => {
  const first: Cells[] = [];
  while (first.length < most) {
    const next = iterator.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return first;
};

const numericColumns = (names: readonly string[], rows: readonly Cells[], times: Times): readonly boolean[] =>
  names.map((_, index) => {
    const values = rows.map((row) => row[index]).filter((value) => value != null);
    const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
    return values.length > 0 && !times.has(index) && values.every(isNumber);
  });

/** Lays a table out: its widths, and each of its lines. */
class Layout {
  readonly #look: Look;
  readonly #names: readonly string[];
  readonly #widths: readonly number[];
  readonly #isNumber: readonly boolean[];
  readonly #isLess: boolean;
  readonly #severity: number;
  isCut = false;

  constructor(names: readonly string[], first: readonly Cells[], look: Look) {
    this.#look = look;
    this.#names = names.map(visible);
    this.#isNumber = numericColumns(names, first, look.times);
    const measure = (text: string): number => widthUpTo(text, look.width);
    const values = names.map((_, index) =>
      first.reduce(
        (most, row) => Math.max(most, measure(plainCell(row[index] ?? null, look.times.has(index)))),
        0,
      ),
    );
    this.#widths = fitColumns(this.#names, values, look.width, look.times);
    this.#isLess = this.#widths.length < names.length;
    this.#severity = names.indexOf('severity');
  }

  get columns(): number {
    return this.#widths.length;
  }

  rule(): string {
    const more = this.#isLess ? '---+' : '';
    return `+${this.#widths.map((width) => '-'.repeat(width + 2)).join('+')}+${more}\n`;
  }

  #fitted(text: string, index: number): string {
    if (this.#look.width === Number.POSITIVE_INFINITY) return text;
    const width = this.#widths[index] ?? 0;
    const isDay = width < text.length && width >= widthOfDay && wholeMoment.test(text);
    const cut = isDay ? text.slice(0, widthOfDay) : cutTo(text, width);
    this.isCut ||= cut !== text;
    return cut;
  }

  /** Names that are wider than their column stand in several lines. */
  head(): string {
    const heads = this.#widths.map((width, index) => headLines(this.#names[index] ?? '', width));
    const height = Math.max(1, ...heads.map((lines) => lines.length));
    const lines = Array.from({ length: height }, (_, at) => {
      const texts = this.#widths.map((width, index) =>
        padTo(this.#fitted(heads[index]?.[at] ?? '', index), width, false),
      );
      return `| ${texts.join(' | ')} |${this.#isLess ? (at === 0 ? ' … |' : '   |') : ''}\n`;
    });
    return lines.join('');
  }

  line(row: Cells): readonly Part[] {
    const end = this.#isLess ? ' … |\n' : '\n';
    const texts = this.#widths.map((width, index) => {
      const text = plainCell(row[index] ?? null, this.#look.times.has(index));
      return padTo(this.#fitted(text, index), width, this.#isNumber[index] === true);
    });
    const at = this.#severity;
    const severity = row[at];
    if (typeof severity !== 'string' || at >= texts.length) return [`| ${texts.join(' | ')} |${end}`];
    const before = texts.slice(0, at).map((text) => `${text} | `);
    const after = texts.slice(at + 1).map((text) => ` | ${text}`);
    return [`| ${before.join('')}`, ofSeverity(severity, texts[at] ?? ''), `${after.join('')} |${end}`];
  }
}

/** The lines of a table, one after the other, and then what of it is not seen. */
export function* tableLines(
  names: readonly string[],
  rows: Iterable<Cells>,
  look: Look,
): Generator<readonly Part[], Cut> {
  const iterator = rows[Symbol.iterator]();
  const first = firstOf(iterator, rowsForWidths);
  const layout = new Layout(names, first, look);
  yield [layout.rule() + (shown().hasHeaders ? layout.head() + layout.rule() : '')];
  for (const row of first) yield layout.line(row);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield layout.line(next.value);
  yield [layout.rule()];
  return { columns: layout.columns, isCut: layout.isCut };
}
