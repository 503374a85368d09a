/** Judges the snapshots of a store that were not judged when they came, in the order in which they were taken. */
import { settleFindingEvents } from '../store/finding_events.ts';
import { transact } from '../store/file.ts';
import { storeFindings } from '../store/findings.ts';
import { Moments } from '../store/moments.ts';
import { statementCache } from '../store/reader.ts';
import { isLargeHost } from '../store/shown_hosts.ts';
import type { Preparing } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import type { EvaluatedHost } from '../store/findings.ts';
import type { ThreadEntry } from '../store/worker.ts';
import { HostJudge, withAccepted } from './findings.ts';
import type { FoundOnHost, Judgement } from './findings.ts';
import { judgedInThreads, leastHostsForThreads, mostAhead } from './judge_threads.ts';
import type { Observed } from './judge_threads.ts';

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
  /** Is told how many more are judged. */
  readonly step: (count: number) => void;
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
const storeTurns = (
  db: Preparing,
  found: ReadonlyMap<string, EvaluatedHost>,
  turns: readonly Turn[],
): void => {
  for (const { hostId, time, isLast } of turns) {
    const own = found.get(hostId);
    if (own !== undefined) storeFindings(db, hostId, own, time);
    if (isLast) settleFindingEvents(db, hostId);
  }
};

const observedOf = (turns: readonly Turn[]): Observed =>
  new Map(turns.map(({ hostId, time }) => [hostId, time]));

/** Judges snapshots, one of a host. The caller holds the transaction. */
export const judgeTurns = (db: Preparing, judge: HostJudge, turns: readonly Turn[]): void =>
  storeTurns(db, judge.findingsOf(observedOf(turns)), turns);

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

const judgeAll = ({ store, judge, step }: Judging, turns: readonly Turn[]): void => {
  const prepare = statementCache(store.db);
  for (const some of turnsAtOnce({ prepare }, turns)) {
    transact(store, () => judgeTurns({ prepare }, judge, some));
    step(some.length);
  }
};

/** Snapshots after which others of the same host came, as the store was known at their moments. */
const judgePast = (
  store: Store,
  turns: readonly Turn[],
  { judgement, step }: Pick<Judging, 'step'> & { readonly judgement: Judgement },
): void => {
  if (turns.length === 0) return;
  const moments = new Moments(store);
  const judge = new HostJudge(store.db, store.tables, judgement);
  // The store is shown at one moment for all; of a host, what was before comes first.
  for (const [time, own] of [...Map.groupBy(turns, (turn) => turn.time)].sort(([a], [b]) => a - b)) {
    moments.show(time);
    judgeAll({ store, judge, step }, own);
  }
  judge.end();
  moments.end();
};

/** Snapshots that are the last of their hosts. */
const judgeLast = (
  store: Store,
  turns: readonly Turn[],
  { judgement, step }: Pick<Judging, 'step'> & { readonly judgement: Judgement },
): void => {
  const judge = new HostJudge(store.db, store.tables, judgement);
  judgeAll({ store, judge, step }, turns);
  judge.end();
};

/** Tells, in a transaction, whether what was found in a thread for a group may be older than what another program wrote. */
const agedGroups = ({ db }: Store): ((index: number) => boolean) => {
  const version = (): unknown => db.pragma('data_version', { simple: true });
  let [known, firstFresh] = [version(), 0];
  return (index) => {
    const is = version();
    if (is !== known) [known, firstFresh] = [is, index + mostAhead];
    return index < firstFresh;
  };
};

/** The same with threads that find, while this one stores. */
const judgeLastInThreads = async (
  store: Store,
  turns: readonly Turn[],
  { judgement, step, entry }: ThreadedJudging,
): Promise<void> => {
  const { expect = 'auto', exceptions = null } = judgement;
  const prepare = statementCache(store.db);
  const groups = [...turnsAtOnce({ prepare }, turns)];
  const task = { task: 'judge', path: store.path, expect } as const;
  const lastTime = prepare('SELECT last_time FROM _host WHERE host_id = ?').pluck();
  const isAged = agedGroups(store);
  const judge = new HostJudge(store.db, store.tables, judgement);
  let index = 0;
  for await (const found of judgedInThreads(entry, task, groups.map(observedOf))) {
    const group = groups[index] ?? [];
    transact(store, () => {
      // Of one that another program brought a snapshot of meanwhile, that program judges the new one.
      const own = group.filter(({ hostId, time }) => lastTime.get(hostId) === time);
      if (isAged(index) || found === null) return judgeTurns({ prepare }, judge, own);
      const accepted = own.map(({ hostId, time }) => {
        const of = found.get(hostId) as FoundOnHost;
        return [hostId, withAccepted(hostId, time, of, exceptions)] as const;
      });
      return storeTurns({ prepare }, new Map(accepted), own);
    });
    index += 1;
    step(group.length);
  }
  judge.end();
};

interface ThreadedJudging extends Pick<Judging, 'step'> {
  readonly judgement: Judgement;
  readonly entry: ThreadEntry;
}

/** What is to be judged, and who is told of it. */
const pendingTurns = (
  store: Store,
  since: ReadonlyMap<string, number>,
  progress: JudgingOptions['progress'],
) => {
  const turns = pendingOf(store, since).flatMap(({ hostId, times }) =>
    times.map((time, index): Turn => ({ hostId, time, isLast: index === times.length - 1 })),
  );
  let done = 0;
  return {
    past: turns.filter(({ isLast }) => !isLast),
    last: turns.filter(({ isLast }) => isLast),
    step: (count: number): void => progress?.((done += count), turns.length),
  };
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
  const { past, last, step } = pendingTurns(store, since, progress);
  judgePast(store, past, { judgement, step });
  if (last.length > 0) judgeLast(store, last, { judgement, step });
};

/**
 * The same, of many hosts in threads; the store is then the same byte for byte.
 *
 * @param entry What a thread of this program runs.
 */
export const judgePendingInThreads = async (
  store: Store,
  since: ReadonlyMap<string, number>,
  { progress, entry, ...judgement }: JudgingOptions & { readonly entry: ThreadEntry },
): Promise<void> => {
  const { past, last, step } = pendingTurns(store, since, progress);
  judgePast(store, past, { judgement, step });
  // What a site makes of the questions is not to be had in another thread.
  const isForThreads = last.length >= leastHostsForThreads && (judgement.overlay ?? null) === null;
  if (isForThreads) await judgeLastInThreads(store, last, { judgement, step, entry });
  else if (last.length > 0) judgeLast(store, last, { judgement, step });
};
