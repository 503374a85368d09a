/** Judges the snapshots of a store that were not judged when they came, in the order in which they were taken. */
import { settleFindingEvents } from '../store/finding_events.ts';
import { transact } from '../store/file.ts';
import { storeFindings } from '../store/findings.ts';
import { Moments } from '../store/moments.ts';
import { statementCache } from '../store/reader.ts';
import { isLargeHost } from '../store/shown_hosts.ts';
import type { Preparing } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import { HostJudge } from './findings.ts';
import type { Judgement } from './findings.ts';

/** The snapshots of a host that are to be judged: their times, the first one first. */
interface Pending {
  readonly hostId: string;
  readonly times: readonly number[];
}

/**
 * What is not judged yet.
 *
 * @param since When the first snapshot was taken that is new, by host: of a host that nobody ever judged, what was there before is left.
 */
const pendingOf = ({ db }: Store, since: ReadonlyMap<string, number>): readonly Pending[] => {
  const hosts = db
    .prepare(
      'SELECT host_id AS hostId, host, last_time AS last, judged_until_time AS judged FROM _host ' +
        'WHERE last_time IS NOT NULL AND (judged_until_time IS NULL OR judged_until_time < last_time) ORDER BY host_id',
    )
    .all() as { hostId: string; host: number; last: number; judged: number | null }[];
  const times = db
    .prepare(
      'SELECT DISTINCT collected_time FROM _snapshot WHERE host = ? AND order_time IS NULL AND collected_time >= ? ' +
        'AND collected_time > ? ORDER BY collected_time',
    )
    .pluck();
  return hosts.map(({ hostId, host, last, judged }) => ({
    hostId,
    times:
      judged === null
        ? (times.all(host, since.get(hostId) ?? last, Number.MIN_SAFE_INTEGER) as number[])
        : (times.all(host, Number.MIN_SAFE_INTEGER, judged) as number[]),
  }));
};

// One that is too small spends its time in what each statement costs, and in waiting for the disk; one that is too large keeps
// others waiting, and its rows in memory.
const judgedAtOnce = 32;

interface Judging {
  readonly store: Store;
  readonly judge: HostJudge;
  /** Is told of each that is judged. */
  readonly step: () => void;
}

interface JudgingOptions extends Judgement {
  readonly progress?: (done: number, of: number) => void;
}

/** One snapshot of a host to be judged. */
interface Turn {
  readonly hostId: string;
  readonly time: number;
  /** No other of the host is to be judged after it. */
  readonly isLast: boolean;
}

/** Stores what is found in snapshots, one of a host. The caller holds the transaction. */
export const judgeTurns = (db: Preparing, judge: HostJudge, turns: readonly Turn[]): void => {
  const found = judge.findingsOf(new Map(turns.map(({ hostId, time }) => [hostId, time])));
  for (const { hostId, time, isLast } of turns) {
    const own = found.get(hostId);
    if (own !== undefined) storeFindings(db, hostId, own, time);
    if (isLast) settleFindingEvents(db, hostId);
  }
};

/** The turns that are judged at once: of a host with many accounts each statement takes long, so it is alone. */
function* turnsAtOnce(db: Preparing, turns: readonly Turn[]): Generator<readonly Turn[]> {
  let some: Turn[] = [];
  for (const turn of turns) {
    if (isLargeHost(db, turn.hostId)) yield [turn];
    else some.push(turn);
    if (some.length < judgedAtOnce) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

const judgeAll = ({ store, judge, step }: Judging, groups: Iterable<readonly Turn[]>): void => {
  const prepare = statementCache(store.db);
  for (const turns of groups) {
    transact(store, () => judgeTurns({ prepare }, judge, turns));
    for (const _ of turns) step();
  }
};

/**
 * Judges what came and was not judged, host by host and in the order of time: those of the past as the host was known then.
 *
 * @param since See `pendingOf`.
 * @param options Whose Macs they are, what is accepted, and who is told how many are judged.
 */
export const judgePending = (
  store: Store,
  since: ReadonlyMap<string, number>,
  { progress, ...judgement }: JudgingOptions = {},
): void => {
  const { db, tables } = store;
  const turns = pendingOf(store, since).flatMap(({ hostId, times }) =>
    times.map((time, index): Turn => ({ hostId, time, isLast: index === times.length - 1 })),
  );
  if (turns.length === 0) return;
  let done = 0;
  const step = (): void => progress?.((done += 1), turns.length);
  const past = turns.filter(({ isLast }) => !isLast);
  if (past.length > 0) {
    const moments = new Moments(store);
    const judge = new HostJudge(db, tables, judgement);
    // The store is shown at one moment for all; of a host, what was before comes first.
    for (const [time, own] of [...Map.groupBy(past, (turn) => turn.time)].sort(([a], [b]) => a - b)) {
      moments.show(time);
      judgeAll({ store, judge, step }, turnsAtOnce(db, own));
    }
    judge.end();
    moments.end();
  }
  const judge = new HostJudge(db, tables, judgement);
  const last = turns.filter(({ isLast }) => isLast);
  judgeAll({ store, judge, step }, turnsAtOnce(db, last));
  judge.end();
};
