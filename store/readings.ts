/**
 * Which of several readings of the same evidence counts. A newer version of the program may read the same bytes
 * otherwise: the newer reading is current, and what differs only because of it is no event. docs/store.md has the rules
 * in words.
 */
import type { Table } from '../collector/table.ts';
import { readAlike, sameEvidence, uncertainColumns } from './history.ts';
import type { Observation, Silent } from './history.ts';
import { cellsOrder } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { rankOf, readingOf, versionRank } from './versions.ts';

/** The reading of a snapshot: what it says of it itself, or else what follows from the version of the tool. */
export const readingOfSnapshot = (
  { reading, toolVersion, observations }: Snapshot,
  tables: ReadonlyMap<string, Table>,
): number =>
  reading ??
  readingOf(
    toolVersion,
    [...observations].reduce((sum, [name, { absent = [] }]) => {
      const table = tables.get(name);
      return table === undefined ? sum : sum + Object.keys(table.columns).length - absent.length;
    }, 0),
  );

/** Columns of a table that are read otherwise, and whether other rows may be there, after `older` and up to `newer`. */
const readAnewBetween = (table: Table, older: number, newer: number): Silent => {
  const names = Object.keys(table.columns);
  const columns = new Set<number>();
  let rows = false;
  for (const [version, anew] of Object.entries(table.readAnew ?? {})) {
    const rank = versionRank(version);
    if (rank <= older || rank > newer) continue;
    for (const name of anew.columns ?? []) columns.add(names.indexOf(name));
    rows ||= anew.rows === true;
  }
  return { columns, rows };
};

/** The versions that read just this: the oldest and the newest that are known of. */
const ranksOfOne = ({ ref, oldestRank }: Observation): readonly number[] => {
  const newest = rankOf(ref.reading);
  return oldestRank === undefined || oldestRank >= newest ? [newest] : [oldestRank, newest];
};

/** The versions by which two observations are most alike. */
const nearestRanks = (before: Observation, after: Observation): readonly [number, number] => {
  const pairs = ranksOfOne(before).flatMap((a) => ranksOfOne(after).map((b) => [a, b] as const));
  return pairs.sort(([a, b], [c, d]) => Math.abs(a - b) - Math.abs(c - d) || a - c)[0] as readonly [
    number,
    number,
  ];
};

const unreadColumns = (table: Table, observation: Observation): number[] =>
  observation.isPartial ? [...uncertainColumns(table, observation)] : [];

/**
 * The columns that are told only where they are asked for, of two observations of which one may leave out what the other
 * tells: one names them and the other does not, or both do, and of a partial one nobody knows whether that is why. To be
 * asked for otherwise is no news of the Mac. But the first value of which something is left out names them too, so only
 * what was cut is no news.
 */
const askedOtherwise = (table: Table, before: Observation, after: Observation): number[] => {
  const columns = Object.entries(table.columns);
  const isNamed = ({ affected }: Observation, name: string): boolean => affected?.includes(name) === true;
  const isPartial = before.isPartial || after.isPartial;
  const isOtherwise = columns.some(([name, { include }]) => {
    if (include === undefined) return false;
    const [then, now] = [isNamed(before, name), isNamed(after, name)];
    return then !== now || (then && isPartial);
  });
  return isOtherwise
    ? columns.flatMap(([, { include }], index) => (include === undefined ? [] : [index]))
    : [];
};

/** What cannot be news between two observations of a table, one after the other in time. */
const silenceBetween = (table: Table, before: Observation | null, after: Observation): Silent => {
  if (before === null) return readAlike;
  const [a, b] = nearestRanks(before, after);
  const anew = a === b ? readAlike : readAnewBetween(table, Math.min(a, b), Math.max(a, b));
  // What one version could not read of an answer, another may.
  const unread = a === b ? [] : [before, after].flatMap((each) => unreadColumns(table, each));
  // A value that is there only because its column is new says nothing of the Mac.
  const absent = [...before.absent, ...after.absent];
  const asked = askedOtherwise(table, before, after);
  if (absent.length + unread.length + asked.length === 0) return anew;
  const names = Object.keys(table.columns);
  return {
    columns: new Set([...(anew.columns ?? []), ...unread, ...absent.map((name) => names.indexOf(name))]),
    ...(asked.length === 0 ? {} : { cut: new Set(asked) }),
    rows: anew.rows,
  };
};

/**
 * An observation that the history is made of, and what of it is no news. What the history says otherwise, or leaves out,
 * is kept aside as it was.
 */
export interface Step {
  readonly observation: Observation;
  readonly silent: Silent;
}

/** An observation of a version that keyed the rows otherwise, with its rows as they are keyed now. */
const rekeyed = (table: Table, observation: Observation): Observation => {
  const { rekeyed: by } = table;
  if (by === undefined || rankOf(observation.ref.reading) >= versionRank(by.since)) return observation;
  const names = Object.keys(table.columns);
  const rows = observation.rows.map((cells) =>
    Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null])),
  );
  const now = by.rows(rows);
  if (now.length === rows.length) return observation;
  const cells = now.map((row) => names.map((name) => row[name] ?? null));
  return { ...observation, rows: cells.sort(cellsOrder(table)) };
};

type Group = readonly Observation[];

const groupKey = ({ ref, evidence }: Observation): string => `${ref.time} ${evidence}`;
const ranksOf = (group: Group): number[] => [...new Set(group.flatMap(ranksOfOne))].sort((a, b) => a - b);

/** The oldest version from a rank on that read both: what it saw was told first, and stays as it was told. */
const likeOf = (group: Group, other: Group | undefined, from: number): number | undefined => {
  const ranks = ranksOf(other ?? []);
  return ranksOf(group).find((rank) => rank >= from && ranks.includes(rank));
};

/**
 * The versions whose readings of one group count: the one by which it is compared with what was before, and the one by
 * which it is compared with what comes after; of the last group, the newest.
 */
const countedRanks = (before: number | null, group: Group, next: Group | undefined): [number, number] => {
  const ranks = ranksOf(group);
  const first = before !== null && ranks.includes(before) ? before : (ranks[0] as number);
  return [first, likeOf(group, next, first) ?? (ranks.at(-1) as number)];
};

/** Several versions read the same evidence of this group: the next observation may choose another one of them. */
export const isReadTwice = (group: Group): boolean => ranksOf(group).length > 1;

/**
 * The observations of a table of a host that make its history, in order. Of several readings of the same evidence, one
 * can be compared with what was before, and one is current, or can be compared with what comes after.
 *
 * @param observations In order, good ones only.
 * @param before The step that stands before them; null where they are the first.
 */
export const stepsOf = (
  table: Table,
  observations: readonly Observation[],
  before: Observation | null = null,
): Step[] => {
  const [first] = observations;
  // Nearly all that a merge adds is the first snapshot of a host, and the only one.
  if (first !== undefined && observations.length === 1 && before === null)
    return [{ observation: rekeyed(table, first), silent: readAlike }];
  const groups = [...Map.groupBy(observations, groupKey).values()];
  const counted = new Set<Observation>();
  let rank = before === null ? null : rankOf(before.ref.reading);
  for (const [index, group] of groups.entries()) {
    const [from, to] = countedRanks(rank, group, groups[index + 1]);
    for (const observation of group) {
      const own = ranksOfOne(observation);
      if (own.includes(from) || own.includes(to)) counted.add(observation);
    }
    rank = to;
  }
  const steps: Step[] = [];
  const readings = new Map<string, Set<number>>();
  let last = before;
  for (const observation of observations) {
    if (!counted.has(observation)) continue;
    const key = groupKey(observation);
    const read = readings.get(key) ?? new Set();
    const { reading } = observation.ref;
    // With the same reading, it is another piece of evidence of that second.
    const isReadAgain = read.size > 0 && !read.has(reading);
    steps.push({
      observation: rekeyed(table, observation),
      silent: isReadAgain ? sameEvidence : silenceBetween(table, last, observation),
    });
    readings.set(key, read.add(reading));
    last = observation;
  }
  return steps;
};
