/** Versions compared as osquery compares them: segment by segment, and each by its characters (sqlite_version.cpp). */

interface Rules {
  /** A version with an epoch, as 1:2.0, is above one without. */
  readonly hasEpoch: boolean;
  /** Which of two dividers is the higher one counts. */
  readonly ranksDividers: boolean;
  /** What is left of the longer one says which is above: ~ is below, ^ above, and - alike. */
  readonly looksAtRest: boolean;
  /** The last segment decides before the rest, unless the shorter one ends with a digit. */
  readonly prefersRest: boolean;
}

const plain: Rules = { hasEpoch: false, ranksDividers: false, looksAtRest: false, prefersRest: false };

/** By the third argument of version_compare. */
export const versionFlavours: Readonly<Record<string, Rules>> = {
  '': plain,
  ARCH: { hasEpoch: true, ranksDividers: false, looksAtRest: true, prefersRest: true },
  DPKG: { ...plain, hasEpoch: true, ranksDividers: true },
  RHEL: { hasEpoch: true, ranksDividers: true, looksAtRest: true, prefersRest: false },
};

/** From the lowest on; 0 is for what divides nothing. */
const rankOf = (character: number): number =>
  ['~', '-', '^', '.', ':'].indexOf(String.fromCharCode(character)) + 1;

const isDigit = (character: number | undefined): boolean =>
  character !== undefined && character >= 0x30 && character <= 0x39;

/**
 * What the rest of the longer one says, from where the shorter one ends.
 *
 * @param difference Of the last segment, as far as both have it.
 * @returns As if the longer one were on the right; null where only the lengths say something.
 */
const compareRest = (
  short: Buffer,
  long: Buffer,
  difference: number,
  { looksAtRest, prefersRest }: Rules,
): number | null => {
  const next = long[short.length] ?? 0;
  if (!looksAtRest) return difference !== 0 && rankOf(next) > 0 ? difference : null;
  const told = { '~': 1, '-': 0, '^': -1 }[String.fromCharCode(next)];
  if (told !== undefined) return told;
  return difference !== 0 && (!prefersRest || !isDigit(short.at(-1))) ? difference : null;
};

const compareLengths = (left: Buffer, right: Buffer, difference: number, rules: Rules): number => {
  if (left.length === right.length) return difference;
  const isLeftShort = left.length < right.length;
  const [short, long] = isLeftShort ? [left, right] : [right, left];
  const told = compareRest(short, long, isLeftShort ? difference : -difference, rules);
  if (told === null) return left.length - right.length;
  return isLeftShort ? told : -told;
};

/** Below 0, 0 or above 0. */
export const compareVersions = (one: string, other: string, rules: Rules = plain): number => {
  if (one === other) return 0;
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  if (left.length === 0 || right.length === 0) return left.length - right.length;
  if (rules.hasEpoch) {
    const [own, its] = [left.indexOf(':'), right.indexOf(':')];
    if (own !== its) return own === -1 ? -1 : its === -1 ? 1 : own - its;
  }
  let difference = 0;
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const [a, b] = [left[index] ?? 0, right[index] ?? 0];
    const [rank, otherRank] = [rankOf(a), rankOf(b)];
    if (rank === 0 && otherRank === 0) {
      if (difference === 0) difference = a - b;
      continue;
    }
    // One of them has the longer segment.
    if (rank === 0) return 1;
    if (otherRank === 0) return -1;
    if (difference !== 0) return difference;
    if (rules.ranksDividers && rank !== otherRank) return rank - otherRank;
  }
  return compareLengths(left, right, difference, rules);
};
