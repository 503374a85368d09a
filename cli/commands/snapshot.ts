import { UserError } from '../../collector/errors.ts';
import type { Collection } from '../../collector/collection.ts';
import { isAnswered } from '../../collector/status.ts';
import { acceptSnapshot } from '../../store/door.ts';
import { transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import type { Added, TableChanges } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { dueOptions, everyOf, isDue } from '../due.ts';
import { collectAll, backendsOf, generatedTables } from '../sources.ts';
import { sourceOptions, timeoutOption } from '../options.ts';
import { flush, print, printError, visible } from '../output.ts';
import { Progress } from '../progress.ts';
import { findingsOf } from '../../queries/findings.ts';
import { isEvaluated, storeFindings } from '../../store/findings.ts';
import { dbOption, dbPath, noteAhead, noteClock, using, writableStore } from '../database.ts';
import { currentTime, isoSeconds } from '../time.ts';
import { version } from '../version.ts';

const counts = ({ added, changed, removed }: TableChanges): string =>
  [
    ...(added > 0 ? [`${added} added`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
  ].join(', ');

/** What a snapshot changed, and what it could not collect: a line or two. */
const describe = (
  snapshot: Snapshot,
  { stored, tooOld, readAnew, ahead, disowned, changes }: Added,
  isFirst: boolean,
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
  return `${hostId}: ${what}\n${past}${unseen.length === 0 ? '' : `  not wholly looked at: ${unseen.join('; ')}\n`}`;
};

const store = (target: Store, collection: Collection): string => {
  const ingestedTime = currentTime();
  const snapshot = acceptSnapshot(snapshotOf(tables, collection, version), {
    ...{ tables, version },
    now: () => ingestedTime,
  });
  const added = transact(target, () => {
    const isFirst =
      target.db.prepare('SELECT 1 FROM _host WHERE host_id = ?').get(snapshot.hostId) === undefined;
    const result = storeWriter(target.db, tables).add([snapshot], ingestedTime, true);
    const last = target.db
      .prepare('SELECT last_time FROM _host WHERE host_id = ?')
      .pluck()
      .get(snapshot.hostId);
    // A snapshot that came late says nothing of how the host stands; one that
    // came by merge before is not evaluated yet.
    if (
      last === snapshot.collectedTime &&
      (result.stored > 0 || !isEvaluated(target.db, snapshot.hostId, snapshot.collectedTime))
    ) {
      storeFindings(
        target.db,
        snapshot.hostId,
        findingsOf(target.db, tables, snapshot.hostId, snapshot.collectedTime),
        snapshot.collectedTime,
      );
    }
    return { result, isFirst };
  });
  noteAhead(added.result.ahead.map((each) => ({ ...each, ingestedTime })));
  return describe(snapshot, added.result, added.isFirst);
};

const run = async (given: Arguments): Promise<number> => {
  const every = everyOf(given);
  const isTurn = !given.flag('if-due') || isDue(dbPath(given), every, currentTime());
  return isTurn ? takeSnapshots(given) : 0;
};

const takeSnapshots = (given: Arguments): Promise<number> =>
  // Opened first: what cannot be stored need not be collected.
  using(writableStore(given), async (target) => {
    const backends = await backendsOf(given);
    noteClock(target);
    const collections = await collectAll(backends, generatedTables, given);
    let failures = 0;
    const progress = new Progress('storing host');
    for (const [index, collection] of collections.entries()) {
      progress.at(index, collections.length);
      try {
        print(visible(store(target, collection)).replaceAll('\\n', '\n'));
      } catch (error) {
        if (!(error instanceof UserError) || collections.length === 1) throw error;
        printError(error.message, error.hint);
        failures += 1;
      }
    }
    progress.end();
    flush();
    return failures > 0 ? 1 : 0;
  });

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
    ...timeoutOption('no limit by default; every source of a Mac has one of its own'),
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery snapshot --db /var/db/tokenquery.db',
    'tokenquery snapshot --db fleet.db --source mac1.tar.gz --source mac2.tar.gz',
  ],
  run,
};
