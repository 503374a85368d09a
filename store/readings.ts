/**
 * Which of several readings of the same evidence counts. A newer version of the program may read the same bytes
 * otherwise: the newer reading is current, and what differs only because of it is no event. docs/store.md has the rules
 * in words.
 */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { readAlike, sameEvidence } from './history.ts';
import type { Observation, Silent } from './history.ts';
import type { Snapshot } from './snapshot.ts';

/** A version as a number that orders versions: 0.2.0 is 2,000; what is no version is 0. */
export const versionRank = (version: string): number => {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b/.exec(version) ?? [];
  return major === undefined ? 0 : Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch);
};

const columnsAtMost = 100_000;

/**
 * How new a reading is: by the version of the program, then by how many columns it knew. An older program that passes a
 * snapshot on may have left out what it does not know.
 */
export const readingOf = (version: string, columns: number): number =>
  versionRank(version) * columnsAtMost + Math.min(columns, columnsAtMost - 1);

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

/** The version rank of a reading. */
export const rankOf = (reading: number): number => Math.floor(reading / columnsAtMost);

/** In SQL: an older version read the evidence of this snapshot too. */
export const isReadAnew = (snapshot: string): string =>
  `EXISTS (SELECT 1 FROM main._snapshot o WHERE o.host = ${snapshot}.host AND o.collected_time = ${snapshot}.collected_time ` +
  `AND o.euid IS ${snapshot}.euid AND o.redaction IS ${snapshot}.redaction ` +
  `AND o.reading / ${columnsAtMost} < ${snapshot}.reading / ${columnsAtMost})`;

/** Fills in the readings of a file that did not have them. The caller holds the transaction. */
export const fillReadings = (db: Db, tables: readonly Table[]): void => {
  const widths = new Map(tables.map(({ name, columns }) => [name, Object.keys(columns).length]));
  const namesOf = db.prepare(
    'SELECT t.name, json_array_length(l.columns_absent) AS absent FROM _look_table l JOIN _table t ON t.tab = l.tab WHERE l.look = ?',
  );
  const rows = db
    .prepare('SELECT DISTINCT tool_version AS version, look FROM _snapshot WHERE reading = 0')
    .all() as { version: string; look: number }[];
  const fill = db.prepare('UPDATE _snapshot SET reading = ? WHERE tool_version = ? AND look = ?');
  for (const { version, look } of rows) {
    const known = namesOf.all(look) as { name: string; absent: number | null }[];
    const columns = known.reduce((sum, { name, absent }) => sum + (widths.get(name) ?? 0) - (absent ?? 0), 0);
    fill.run(readingOf(version, columns), version, look);
  }
};

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

/** What cannot be news between two observations of a table, one after the other in time. */
const silenceBetween = (table: Table, before: Observation | null, after: Observation): Silent => {
  if (before === null) return readAlike;
  const [a, b] = [rankOf(before.ref.reading), rankOf(after.ref.reading)];
  const anew = a === b ? readAlike : readAnewBetween(table, Math.min(a, b), Math.max(a, b));
  // A value that is there only because its column is new says nothing of the Mac.
  const absent = [...before.absent, ...after.absent];
  if (absent.length === 0) return anew;
  const names = Object.keys(table.columns);
  return {
    columns: new Set([...(anew.columns ?? []), ...absent.map((name) => names.indexOf(name))]),
    rows: anew.rows,
  };
};

/** An observation that the history is made of, and what of it is no news; those that are not are kept aside. */
export interface Step {
  readonly observation: Observation;
  readonly silent: Silent;
}

type Group = readonly Observation[];

const groupKey = ({ ref, evidence }: Observation): string => `${ref.time} ${evidence}`;
const ranksOf = (group: Group): number[] =>
  [...new Set(group.map(({ ref }) => rankOf(ref.reading)))].sort((a, b) => a - b);

/** The oldest version that read both: what it saw was told first, and stays as it was told. */
const likeOf = (group: Group, other: Group | undefined): number | undefined => {
  const ranks = ranksOf(other ?? []);
  return ranksOf(group).find((rank) => ranks.includes(rank));
};

/**
 * The versions whose readings of one group count: the one by which it is compared with what was before, and the one by
 * which it is compared with what comes after; of the last group, the newest.
 */
const countedRanks = (before: number | null, group: Group, next: Group | undefined): [number, number] => {
  const ranks = ranksOf(group);
  const first = before !== null && ranks.includes(before) ? before : (ranks[0] as number);
  return [first, likeOf(group, next) ?? (ranks.at(-1) as number)];
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
  const groups = [...Map.groupBy(observations, groupKey).values()];
  const counted = new Set<Observation>();
  let rank = before === null ? null : rankOf(before.ref.reading);
  for (const [index, group] of groups.entries()) {
    const [first, last] = countedRanks(rank, group, groups[index + 1]);
    for (const observation of group) {
      const own = rankOf(observation.ref.reading);
      if (own === first || own === last) counted.add(observation);
    }
    rank = last;
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
      observation,
      silent: isReadAgain ? sameEvidence : silenceBetween(table, last, observation),
    });
    readings.set(key, read.add(reading));
    last = observation;
  }
  return steps;
};
