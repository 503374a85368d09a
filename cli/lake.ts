/** Publishes a database to a lake, looks at one, or prints the views of one, or what loads a database into PostgreSQL. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { plural } from '../collector/plural.ts';
import { checkLake } from '../export/lake/check.ts';
import type { Checked } from '../export/lake/check.ts';
import { isShardName } from '../export/lake/manifest.ts';
import { hostMarks } from '../export/lake/marks.ts';
import type { Place } from '../export/lake/place.ts';
import { changesOf, psqlScript, readLoaded } from '../export/lake/psql.ts';
import type { Loaded } from '../export/lake/psql.ts';
import { publish, redactionOf } from '../export/lake/publish.ts';
import { askedRelations } from '../export/lake/relations.ts';
import { leastHostsForThreads, threadLanes } from '../export/lake/threads.ts';
import type { Lanes } from '../export/lake/threads.ts';
import { lakeViews } from '../export/lake/views.ts';
import type { EngineName } from '../export/lake/views.ts';
import type { Store } from '../store/store.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { readableStore, using } from './database.ts';
import { programEntry } from './delivered.ts';
import { exitCodes } from './exit_codes.ts';
import { lakePlace, sizeText } from './lake_place.ts';
import { print, printError, printNote } from './output.ts';
import { Progress } from './progress.ts';
import { currentTime, isoSeconds } from './time.ts';
import { version } from './version.ts';

const defaultKeep = 3600;
const defaultShard = 'main';

const shardOf = (given: Arguments): string => {
  const shard = given.text('shard') ?? defaultShard;
  if (isShardName(shard)) return shard;
  throw new UserError(
    `--shard takes lower-case letters, digits, - and _, not ${JSON.stringify(shard)}`,
    'for example --shard emea-01',
    2,
  );
};

/** Threads for a large database; null for a small one, and where they cannot be had. */
const lanesOf = async ({ db, path }: Store): Promise<Lanes | null> => {
  const hosts = db.prepare('SELECT count(*) FROM main._host').pluck().get() as number;
  if (hosts < leastHostsForThreads || availableParallelism() < 2) return null;
  return threadLanes(programEntry, path, db);
};

const publishStore = async (given: Arguments, place: Place): Promise<number> => {
  const shard = shardOf(given);
  return using(readableStore(given), async (store) => {
    const threads = await lanesOf(store);
    // One moment of the database, whoever writes into it meanwhile.
    if (threads === null) store.db.exec('BEGIN');
    const progress = new Progress('publishing table');
    const { rows, bytes, written, removed, isChanged } = await publish(store, tables, place, {
      ...{ shard, keep: given.number('keep') ?? defaultKeep, now: currentTime(), toolVersion: version },
      ...(threads === null ? {} : { lanes: threads.lanes }),
      progress: (done, of) => progress.at(done, of),
    }).finally(() => threads?.end());
    progress.end();
    const what = isChanged ? `${plural(written, 'file')} written` : 'nothing changed, nothing written';
    const old = removed === 0 ? '' : `, ${plural(removed, 'old file')} removed`;
    print(`${shard}: ${plural(rows, 'row')}, ${sizeText(bytes)}: ${what}${old}\n`);
    return exitCodes.done;
  });
};

const namedAtMost = 100;

const printTwice = ({ twice }: Checked): void => {
  for (const { hostId, places } of twice.slice(0, namedAtMost)) {
    const told = places.map(([shard, time]) => `${shard} (last snapshot ${isoSeconds(time)})`);
    const [newest, second] = places;
    const isTie = newest?.[1] === second?.[1];
    print(
      `${hostId} is in the shards ${told.join(', ')}: ${isTie ? 'both are as new' : `${newest?.[0]} is newer`}\n`,
    );
  }
  if (twice.length > namedAtMost) print(`and ${twice.length - namedAtMost} more hosts\n`);
};

const check = async (place: Place): Promise<number> => {
  const progress = new Progress('reading shard');
  const checked = await checkLake(place, (done, of) => progress.at(done, of));
  progress.end();
  for (const { shard, hosts, rows, bytes, newestTime } of checked.shards) {
    const newest = newestTime === null ? '' : `, newest snapshot ${isoSeconds(newestTime)}`;
    print(`${shard}: ${plural(hosts, 'host')}, ${plural(rows, 'row')}, ${sizeText(bytes)}${newest}\n`);
  }
  printTwice(checked);
  const { problems, twice } = checked;
  for (const { message, hint } of problems) printError(message, hint);
  if (twice.length > 0)
    printError(
      `${plural(twice.length, 'host')} in more than one shard: each is counted as often`,
      'take the older snapshots out of one database, or publish one database for each part of the fleet',
    );
  return problems.length + twice.length === 0 ? exitCodes.done : exitCodes.error;
};

const loadedOf = (given: Arguments, shard: string): Loaded | null => {
  const path = given.text('loaded');
  if (path === null) return null;
  try {
    return readLoaded(readFileSync(path, 'utf8'), shard, path);
  } catch (error) {
    throw error instanceof UserError ? error : fileFailure(error, path, 'read');
  }
};

const printPsql = (given: Arguments): Promise<number> => {
  const shard = shardOf(given);
  const loaded = loadedOf(given, shard);
  return using(readableStore(given), async (store) => {
    const { db } = store;
    // One moment of the database, whoever writes into it meanwhile.
    db.exec('BEGIN');
    const relations = askedRelations(db, tables);
    const marks = hostMarks(db, relations);
    const load = { shard, redaction: redactionOf(store), relations, marks, loaded };
    const changes = changesOf(db, load);
    for (const piece of psqlScript(db, load, changes)) print(piece);
    const { hosts, replaced } = changes;
    const gone = replaced.filter((hostId) => !marks.has(hostId)).length;
    printNote(
      `${hosts.length} of ${plural(marks.size, 'host')} to load` +
        `${loaded === null ? '' : ', the others are as they were'}${gone === 0 ? '' : `; ${plural(gone, 'host')} to take out`}`,
    );
    return exitCodes.done;
  });
};

export const runLake = async (given: Arguments): Promise<number> => {
  if (given.flag('psql')) return printPsql(given);
  const out = given.text('out');
  if (out === null)
    throw new UserError('lake needs --out DIR', 'name the folder of the lake, or s3://BUCKET/PREFIX', 2);
  const place = lakePlace(out);
  if (given.flag('check')) return check(place);
  const engine = given.text('views') as EngineName | null;
  if (engine !== null) {
    print(await lakeViews(place, engine));
    return exitCodes.done;
  }
  if (given.text('db') === null)
    throw new UserError('lake needs --db FILE, --check or --views ENGINE', 'tokenquery lake --help', 2);
  return publishStore(given, place);
};
