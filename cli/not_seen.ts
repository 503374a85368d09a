/** What was not seen, as a person reads it: one line for each reason, and nowhere else a second time. */
import { isOfOlderEvidence } from '../collector/source_failures.ts';
import { isComplete, isSeen } from '../collector/status.ts';
import { plural, someOf } from '../collector/plural.ts';
import { leftOutReason } from '../collector/table.ts';
import { rowLeavesItOpen } from '../queries/blind_spots.ts';
import type { Answer, BlindSpot } from '../queries/evaluate.ts';
import type { Means } from '../queries/means.ts';
import type { Db } from '../store/database.ts';
import { statusList } from '../store/ddl.ts';
import { tables } from '../tables/index.ts';

/** A table that was not wholly seen on a host. */
interface Gap {
  readonly hostId: string;
  readonly table: string;
  readonly code: string | null;
  readonly reason: string | null;
}

export interface NotSeen {
  readonly gaps: readonly Gap[];
  /** Hosts of which it is known that root looked. */
  readonly asRoot: ReadonlySet<string>;
}

/** What this Mac or this macOS has not, and what was not asked for, is no gap. */
const noGap = statusList((status) => isSeen(status) || isComplete(status) || status === 'skipped');

/** Where it stands who looked: a lake has no commands, and of each look who took it. */
const euidsIn = (db: Db): 'command_log' | 'latest_snapshots' =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'command_log'").get() === undefined
    ? 'latest_snapshots'
    : 'command_log';

/** Of the last look at each host. To be read while the world is open. */
export const readNotSeen = (db: Db): NotSeen => ({
  gaps: db
    .prepare(
      'SELECT host_id AS hostId, table_name AS "table", code, reason FROM table_status ' +
        `WHERE status NOT IN ${noGap} ORDER BY 1, 2`,
    )
    .all() as Gap[],
  asRoot: new Set(
    db
      .prepare(`SELECT DISTINCT host_id FROM ${euidsIn(db)} WHERE euid = 0`)
      .pluck()
      .all() as string[],
  ),
});

/** Why a column is not known of which table_status has one text for all that it leaves out. */
const causeOfColumn = ({ table, column, because }: BlindSpot, own: string): string => {
  const unknown = `${table}.${own} is not known`;
  if (column === null || because.by !== 'table_status') return unknown;
  const declared = tables.find(({ name }) => name === table)?.columns[own];
  if (declared?.nullBecause !== undefined) return `${own}: ${declared.nullBecause}`;
  const leftOut = `${own}: ${leftOutReason(declared ?? {})}`;
  if (declared?.include !== undefined && because.told?.includes(leftOut) === true) return leftOut;
  return because.told === null ? unknown : `${unknown}; of the table it is said: ${because.told}`;
};

/**
 * Why something is not known, in words of its own. What table_status says of a table that was seen is of every column
 * that is left out, as one text, which may not speak of this one: of a column that declares why it is NULL, that is said
 * alone.
 */
export const causeOf = (spot: BlindSpot): string => {
  const { column, reason, because } = spot;
  if (column === null || because.by === 'question' || because.by === 'means') return reason;
  if (because.by === 'table_status' && !isSeen(because.status)) return reason;
  return causeOfColumn(spot, column);
};

/** What a reason is known by, in words: why, and what to do where something can be done. */
const ofCode = ({ code, reason }: Pick<Gap, 'code' | 'reason'>, isRoot: boolean): string => {
  const told = reason ?? 'why is not known';
  switch (code) {
    case 'permission_denied':
      return isRoot ? `${told}, though it ran as root` : notAsRoot;
    case 'full_disk_access_required':
      return 'macOS shows it to programs with Full Disk Access only: grant it to the program that starts tokenquery';
    case 'not_recorded':
      return 'the evidence does not have it: collect it again with this version of tokenquery';
    default:
      return told;
  }
};

const olderEvidence =
  'the evidence is older than the question: capture it again with this version of tokenquery';
const notAsRoot = 'it did not run as root: run it with sudo';

interface Cause {
  readonly tables: Set<string>;
  readonly hosts: Set<string>;
  readonly queries: Set<string>;
  /** Tables were not seen; else questions are open though all that they read was. */
  isOfTables: boolean;
}

class Causes {
  readonly all = new Map<string, Cause>();
  readonly #seen: NotSeen;
  /** By host and table: why it was not seen. */
  readonly #gaps = new Map<string, string>();

  constructor(seen: NotSeen, wanted: (table: string) => boolean) {
    this.#seen = seen;
    for (const gap of seen.gaps.filter(({ table }) => wanted(table))) {
      const why = ofCode(gap, seen.asRoot.has(gap.hostId));
      this.#gaps.set(keyOf(gap.hostId, gap.table), why);
      this.#note(why, gap.hostId, gap.table, true);
    }
  }

  #note(why: string, hostId: string, table: string, isOfTables: boolean): Cause {
    const cause = this.all.get(why) ?? {
      ...{ tables: new Set(), hosts: new Set(), queries: new Set() },
      isOfTables,
    };
    this.all.set(why, cause);
    cause.tables.add(table);
    cause.hosts.add(hostId);
    cause.isOfTables ||= isOfTables;
    return cause;
  }

  /** Why the table of a blind spot was not seen, or not all of it; null where it was. */
  #gapOf(hostId: string, { table, column, because }: BlindSpot): string | null {
    const gap = this.#gaps.get(keyOf(hostId, table));
    if (gap !== undefined) return gap;
    if (because.by === 'table_status' && isOfOlderEvidence(because.told ?? '')) return olderEvidence;
    const declared = tables.find(({ name }) => name === table)?.columns[column ?? ''];
    const isOfRoot = declared?.isToldToRoot === true && because.by !== 'question';
    return isOfRoot && !this.#seen.asRoot.has(hostId) ? notAsRoot : null;
  }

  /** Notes why a question is open on a host. */
  leaveOpen(query: string, hostId: string, spots: readonly BlindSpot[]): void {
    const open = spots.filter(({ because }) => because.by !== 'means');
    const ofTables = open.filter((spot) => this.#gapOf(hostId, spot) !== null);
    for (const spot of open) {
      const gap = this.#gapOf(hostId, spot);
      // What is missing in a row is what was not seen elsewhere.
      if (gap === null && ofTables.length > 0 && spot.reason === rowLeavesItOpen) continue;
      this.#note(gap ?? causeOf(spot), hostId, spot.table, gap !== null).queries.add(query);
    }
  }
}

const keyOf = (hostId: string, table: string): string => `${hostId}\0${table}`;

/** Fewer are named, more are counted. */
const named = 3;
const listOf = (names: ReadonlySet<string>, isWhole: boolean): string =>
  isWhole || names.size <= named ? ` (${[...names].toSorted().join(', ')})` : '';

const openText = ({ queries }: Cause, isWhole: boolean): string =>
  queries.size === 0
    ? 'no question is open'
    : `${queries.size === 1 ? '1 question is' : `${queries.size} questions are`} open${listOf(queries, isWhole)}`;

export interface NotSeenOptions {
  readonly labelOf: (hostId: string) => string;
  /** Tables and questions by their names, however many they are. */
  readonly isWhole: boolean;
  /** Of how many hosts it is told. */
  readonly hosts: number;
  /** Of which tables it is told that nobody saw them; the others are beside the point. */
  readonly wanted?: (table: string) => boolean;
}

const hostText = ({ hosts }: Cause, { labelOf, hosts: all }: NotSeenOptions): string => {
  if (all <= 1) return '';
  const shown = someOf([...hosts].toSorted().map(labelOf), named);
  return ` on ${hosts.size} of ${plural(all, 'host')} (${shown})`;
};

const lineOf = (why: string, cause: Cause, options: NotSeenOptions): string => {
  const { isWhole } = options;
  const names = listOf(cause.tables, isWhole);
  const where = hostText(cause, options);
  if (!cause.isOfTables)
    return `${openText(cause, isWhole)}${where}, because ${why}${listOf(cause.tables, true)}`;
  const what = cause.tables.size === 1 ? '1 table was' : `${cause.tables.size} tables were`;
  return `${what} not wholly seen${names}${where}, because ${why}; ${openText(cause, isWhole)}`;
};

/** One line for each reason, what leaves the most open first. */
export const notSeenLines = (
  answers: readonly Answer[],
  seen: NotSeen,
  options: NotSeenOptions,
): readonly string[] => {
  const causes = new Causes(seen, options.wanted ?? (() => true));
  for (const { query, verdicts, blindSpots } of answers)
    for (const [hostId, spots] of blindSpots)
      if (verdicts.get(hostId) === 'unknown') causes.leaveOpen(query.name, hostId, spots);
  const weight = ({ queries, hosts }: Cause): number => queries.size * hosts.size;
  return [...causes.all]
    .toSorted(([a, one], [b, other]) => weight(other) - weight(one) || (a < b ? -1 : 1))
    .map(([why, cause]) => lineOf(why, cause, options));
};

/** Of one question, and of several. */
const meansWords: Readonly<Record<Means, readonly [string, string]>> = {
  database: ['compares snapshots (--db FILE)', 'compare snapshots (--db FILE)'],
  network: ['needs --allow-network', 'need --allow-network'],
  include: ['needs --include', 'need --include'],
  hosts: ['needs more hosts', 'need more hosts'],
  source: ['rests on what no source tells yet', 'rest on what no source tells yet'],
  overlay: ['is switched off (--overlay)', 'are switched off (--overlay)'],
};

/** The first host on which a question was not asked. */
const hostNotAsked = (verdicts: Answer['verdicts']): string | null => {
  for (const [host, verdict] of verdicts) if (verdict === 'not_asked') return host;
  return null;
};

/** What the means of this run exclude, each question once; null where that is nothing. */
export const notAskedText = (answers: readonly Answer[]): string | null => {
  const counts = new Map<Means, number>();
  for (const { verdicts, blindSpots } of answers) {
    const host = hostNotAsked(verdicts);
    const spot = host === null ? undefined : blindSpots.get(host)?.[0];
    if (spot?.because.by !== 'means') continue;
    counts.set(spot.because.means, (counts.get(spot.because.means) ?? 0) + 1);
  }
  const words = [...counts].map(([means, count]) => `${count} ${meansWords[means][count === 1 ? 0 : 1]}`);
  return words.length === 0 ? null : `questions not asked: ${words.join('; ')}`;
};
