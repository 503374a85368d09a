import type { Collection } from '../../collector/collection.ts';
import { isAnswered, isComplete, isSeen } from '../../collector/status.ts';
import { acceptSnapshot } from '../../store/door.ts';
import { KeptWriter } from '../../store/kept_writer.ts';
import type { Preparing } from '../../store/database.ts';
import { statementCache } from '../../store/reader.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import type { Added, TableChanges } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { judgementOf, judgementOptions } from '../judgement.ts';
import { dueOptions, everyOf, isDue } from '../due.ts';
import { collectEach, generatedTables } from '../sources.ts';
import { exitCodes } from '../exit_codes.ts';
import { setLogHost } from '../log.ts';
import { logOption, sourceOptions, timeoutOption } from '../options.ts';
import { seenOptions } from '../table_options.ts';
import { flush, printDone, printError, visible } from '../output.ts';
import { UserError } from '../../collector/errors.ts';
import { HostJudge } from '../../queries/findings.ts';
import type { Judgement } from '../../queries/findings.ts';
import { judgePending, judgeTurns } from '../../queries/judging.ts';
import { isEvaluated, unjudgedBefore } from '../../store/findings.ts';
import { dbOption, dbPath, logNameOf, noteAhead, noteClock, using, writableStore } from '../database.ts';
import { currentTime, isoSeconds } from '../time.ts';
import { version } from '../version.ts';

const counts = ({ added, changed, removed }: TableChanges): string =>
  [
    ...(added > 0 ? [`${added} added`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ].join(', ');

/** How a snapshot stands to the others of its host. */
interface Standing {
  /** There was none before. */
  readonly isFirst: boolean;
  /** A later one was there before this run. */
  readonly isPast: boolean;
}

/** What a snapshot changed, and what it could not collect: a line or two. */
const describe = (
  snapshot: Snapshot,
  { stored, tooOld, readAnew, ahead, disowned, changes }: Added,
  { isFirst, isPast }: Standing,
): string => {
  const { hostId, observations } = snapshot;
  if (tooOld > 0) return `${hostId}: older than what is retained; nothing was stored\n`;
  if (stored === 0) return `${hostId}: this snapshot was stored before\n`;
  if (ahead.length > 0)
    return `${hostId}: dated ${isoSeconds(snapshot.collectedTime)}, which is later than now: it was stored and does not count\n`;
  const rows = [...observations.values()].reduce((sum, { rowCount }) => sum + rowCount, 0);
  const what = isFirst
    ? `first snapshot, ${rows} rows`
    : changes.size === 0
      ? readAnew > 0
        ? 'read anew: what this version of tokenquery reads otherwise took the place of what was read before'
        : 'nothing changed'
      : [...changes].map(([name, change]) => `${name} ${counts(change)}`).join('; ');
  const blind = Map.groupBy(
    [...observations].filter(([, { status }]) => !isAnswered(status)),
    ([, { status }]) => status,
  );
  const unseen = [...blind].map(([status, list]) => `${status}: ${list.map(([name]) => name).join(', ')}`);
  const past =
    disowned === 0
      ? ''
      : `  the clock was ahead when ${disowned} snapshot${disowned === 1 ? ' was' : 's were'} stored before: not counted any more\n`;
  const late = isPast ? 'taken before the last snapshot of this host, and stored as its past; ' : '';
  return `${hostId}: ${late}${what}\n${past}${unseen.length === 0 ? '' : `  not wholly looked at: ${unseen.join('; ')}\n`}`;
};

/** What a snapshot must have seen, as the command line says; null where it says nothing. */
type Needed = ((table: string, status: string) => boolean) | null;

const neededOf = (given: Arguments): Needed => {
  const [isStrict, required] = [given.flag('strict'), new Set(given.texts('require'))];
  if (!isStrict && required.size === 0) return null;
  return (table, status) =>
    // What was not asked for is no gap, unless it is needed by name.
    required.has(table) ? isSeen(status) || status === 'unsupported' : !isStrict || isComplete(status);
};

/** Why what was seen says nothing of how the host stands; null where it does. */
const uselessness = ({ ahead, tooOld }: Added, { isPast }: Standing): string | null => {
  if (ahead.length > 0) return 'the snapshot does not count, for its date is later than now';
  if (tooOld > 0) return 'nothing was stored, for its date is before what is retained';
  return isPast ? 'the snapshot does not say how it stands now, for a later one was stored before' : null;
};

/** Says what of a snapshot is not as it is needed; returns whether all is. */
const isAsNeeded = (needed: Needed, { hostId, observations }: Snapshot, useless: string | null): boolean => {
  if (needed === null) return true;
  const lacking = [...observations].filter(([table, { status }]) => !needed(table, status));
  if (useless !== null)
    printError(`${hostId}: ${useless}`, 'is the clock right? tokenquery status says more');
  else if (lacking.length > 0)
    printError(
      `${hostId}: not wholly looked at: ${lacking.map(([table, { status }]) => `${table} (${status})`).join(', ')}`,
      'what was seen is stored; table_status has the reasons',
    );
  return useless === null && lacking.length === 0;
};

interface Stored {
  /** What there is to say of it. */
  readonly text: string;
  readonly snapshot: Snapshot;
  /** Null where it says how the host stands. */
  readonly useless: string | null;
}

/** What stores one host after the other. */
interface Storing {
  readonly db: Preparing;
  readonly writer: KeptWriter;
  /** Null where what it would judge by is not right. */
  readonly judge: HostJudge | null;
  /** The hosts of which a snapshot came after a later one, or one before was not judged, and its time: from there on all is judged, at the end. */
  readonly late: Map<string, number>;
  /** The hosts of which this run stored how they stand. */
  readonly current: Set<string>;
}

const store = ({ db, writer: kept, judge, late, current }: Storing, collection: Collection): Stored => {
  const ingestedTime = currentTime();
  const snapshot = acceptSnapshot(snapshotOf(tables, collection, version), {
    ...{ tables, version },
    now: () => ingestedTime,
  });
  const { hostId, collectedTime } = snapshot;
  const added = kept.transact((writer) => {
    const isFirst = db.prepare('SELECT 1 FROM _host WHERE host_id = ?').get(hostId) === undefined;
    const result = writer.add([snapshot], ingestedTime, true);
    const last = db.prepare('SELECT last_time FROM _host WHERE host_id = ?').pluck().get(hostId);
    if (last !== collectedTime && result.stored > result.ahead.length)
      late.set(hostId, Math.min(collectedTime, late.get(hostId) ?? collectedTime));
    const before = unjudgedBefore(db, hostId, collectedTime);
    if (before !== null) late.set(hostId, Math.min(before, late.get(hostId) ?? before));
    // One that came by merge before, from an older tokenquery, is not evaluated yet.
    const isOpen = result.stored > 0 || !isEvaluated(db, hostId, collectedTime);
    if (judge !== null && last === collectedTime && isOpen && !late.has(hostId))
      judgeTurns(db, judge, [{ hostId, time: collectedTime, isLast: true }]);
    if (last === collectedTime) current.add(hostId);
    const isPast = typeof last === 'number' && last > collectedTime && !current.has(hostId);
    return { result, isFirst, isPast };
  });
  noteAhead(added.result.ahead.map((each) => ({ ...each, ingestedTime })));
  const text = describe(snapshot, added.result, added);
  return { text, snapshot, useless: uselessness(added.result, added) };
};

const run = async (given: Arguments): Promise<number> => {
  const every = everyOf(given);
  const isTurn = !given.flag('if-due') || isDue(dbPath(given), every, currentTime());
  return isTurn ? takeSnapshots(given) : 0;
};

/** What it is judged by; null where that is not right, which costs no look at the Mac. */
const rightJudgement = (given: Arguments): Judgement | null => {
  try {
    return judgementOf(given);
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== exitCodes.error) throw error;
    printError(error.message, error.hint);
    printError(
      'what is seen is stored, and not judged',
      'the next snapshot for which the file is right judges it too',
    );
    return null;
  }
};

const takeSnapshots = (given: Arguments): Promise<number> => {
  const judgement = rightJudgement(given);
  // Opened first: what cannot be stored need not be collected.
  return using(writableStore(given), async (target) => {
    const needed = neededOf(given);
    noteClock(target);
    const storing = {
      db: { prepare: statementCache(target.db) },
      writer: new KeptWriter(target),
      judge: judgement === null ? null : new HostJudge(target.db, tables, judgement),
      late: new Map<string, number>(),
      current: new Set<string>(),
    };
    let [hasFailed, isAllSeen] = [judgement === null, true];
    await collectEach(given, generatedTables, {
      take: (collection) => {
        const { text, snapshot, useless } = store(storing, collection);
        setLogHost(logNameOf(target, snapshot.hostId));
        printDone(visible(text).replaceAll('\\n', '\n'));
        isAllSeen = isAsNeeded(needed, snapshot, useless) && isAllSeen;
      },
      fail: ({ message, hint }) => {
        setLogHost(null);
        printError(message, hint);
        hasFailed = true;
      },
    });
    flush();
    storing.judge?.end();
    if (judgement !== null && storing.late.size > 0) judgePending(target, storing.late, judgement);
    return hasFailed ? exitCodes.error : isAllSeen ? exitCodes.done : exitCodes.notSeen;
  });
};

export const snapshotCommand: Command = {
  name: 'snapshot',
  usage: 'tokenquery snapshot --db FILE [--source SOURCE]…',
  summary: 'Collects every table and stores what changed.',
  about: [
    'Each host is one transaction: it is stored as a whole or not at all. A table that could not be collected keeps',
    'its last good rows. The file is made where it is not there, readable by its owner alone.',
  ],
  options: {
    db: { ...dbOption, description: 'The database; it is made where it is not there.' },
    ...dueOptions,
    ...sourceOptions,
    ...seenOptions,
    ...judgementOptions,
    ...logOption,
    ...timeoutOption('no limit by default; every source of a Mac has one of its own'),
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery snapshot --db /var/db/tokenquery.db',
    'sudo tokenquery snapshot --db /var/db/tokenquery.db --require users,filevault_users',
    'tokenquery snapshot --db fleet.db --source mac1.tar.gz --source mac2.tar.gz',
  ],
  log: 'messages',
  run,
};
