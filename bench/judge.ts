/** Makes figures of what was measured: ratios, whether targets are held, and how work grows. */
import type { Figure, Limit, Measured, Work } from './line.ts';

/** The best of each figure over all rounds: what other programs disturb least. The memory is the most. */
export const bestOf = (rounds: readonly Measured[]): Measured => {
  const all = (of: (one: Measured) => number | null | undefined): number[] =>
    rounds.flatMap((one) => of(one) ?? []);
  const least = (numbers: readonly number[]): number | null =>
    numbers.length === 0 ? null : Math.min(...numbers);
  const megabytes = all((one) => one.megabytes);
  const bytes = least(all((one) => one.bytes));
  return {
    seconds: Math.min(...all((one) => one.seconds)),
    processor: least(all((one) => one.processor)),
    megabytes: megabytes.length === 0 ? null : Math.max(...megabytes),
    ...(bytes === null ? {} : { bytes }),
  };
};

const figureOf = (measured: Measured, figure: Figure, amount?: Work['amount']): number | null => {
  if (figure === 'rate') return amount === undefined ? null : amount.count / measured.seconds;
  if (figure === 'each')
    return amount === undefined || measured.bytes === undefined ? null : measured.bytes / amount.count;
  return measured[figure] ?? null;
};

/** Null where it could not be told. */
interface Verdict {
  readonly value: number | null;
  readonly isHeld: boolean | null;
}

const isWithin = (value: number, { most, least }: Limit): boolean =>
  (most === undefined || value <= most) && (least === undefined || value >= least);

/** Ours ÷ theirs; theirs ÷ ours where the target is a `least`: how many times quicker or smaller. */
export const judge = (
  limit: Limit,
  ours: Measured,
  theirs: Measured | null,
  amount?: Work['amount'],
): Verdict => {
  const own = figureOf(ours, limit.figure, amount);
  if (own === null) return { value: null, isHeld: null };
  if (limit.of === undefined) return { value: own, isHeld: isWithin(own, limit) };
  const other = theirs === null ? null : figureOf(theirs, limit.figure, amount);
  if (other === null) return { value: null, isHeld: null };
  const value = limit.least === undefined ? own / other : other / own;
  return { value, isHeld: isWithin(value, limit) };
};

/** Work that grows with its size has 1, with the square of it 2. */
export const exponentOf = (
  [fromSize, from]: readonly [size: number, seconds: number],
  [toSize, to]: readonly [size: number, seconds: number],
): number => Math.log(to / from) / Math.log(toSize / fromSize);

/** Beyond it, work grows with more than what it is done on. */
const mostExponent = 1.1;
/** What takes less grows by what a start costs, or by chance. */
const leastSeconds = 0.05;

export const isTooSteep = (
  from: readonly [size: number, seconds: number],
  to: readonly [size: number, seconds: number],
): boolean => from[1] >= leastSeconds && exponentOf(from, to) > mostExponent;
