/** From --db to a store. */
import { isComplete } from '../collector/status.ts';
import { newestStored, readAhead } from '../store/clocks.ts';
import { statusList } from '../store/ddl.ts';
import { explainStoreError, openForReading, openForWriting } from '../store/file.ts';
import type { Store } from '../store/store.ts';
import { blindSpots } from '../store/blind_spots.ts';
import type { BlindSpot, BlindSpots } from '../store/blind_spots.ts';
import { retainedTime } from '../store/reader.ts';
import { tables } from '../tables/index.ts';
import type { Arguments, OptionSpec } from './command.ts';
import { hostAmong, readHostNames } from './host_names.ts';
import { lineBegin, setLogHost } from './log.ts';
import { printNote, visible } from './output.ts';
import { currentTime, isoSeconds } from './time.ts';

export const dbOption: OptionSpec = {
  type: 'string',
  value: 'FILE',
  isRequired: 'name the database to work on',
  description: 'The database.',
};

export const dbPath = (given: Arguments): string => given.required('db');

/**
 * The host of a database that somebody means by its UUID or by its name, as it is called now: with `--as-of`, then. Throws
 * UserError where there is none, and where several have the name.
 */
export const hostNamed = ({ db }: Store, name: string): string => {
  const byId = db.prepare('SELECT host_id FROM main._host WHERE host_id IN (?, ?) ORDER BY host_id = ? DESC');
  const found = byId.pluck().get(name, name.toUpperCase(), name);
  return typeof found === 'string'
    ? found
    : hostAmong(readHostNames(db), name, 'SELECT host_id, hostname, computer_name FROM hosts lists them');
};

const share = (affected: number, hosts: number): string =>
  hosts > 1 ? `on ${affected} of ${hosts} hosts, ` : '';

/** A Mac as a log names it, in one word: its id, and its name where it is known. */
export const logNameOf = ({ db }: Store, hostId: string): string => {
  const name = db.prepare('SELECT hostname FROM hosts WHERE host_id = ?').pluck().get(hostId);
  return typeof name === 'string' && name !== ''
    ? `${hostId}/${visible(name).replaceAll(/\s/g, '_').slice(0, 63)}`
    : hostId;
};

/** Lines of a log name the Mac, where the file is of one. */
const nameInLog = (store: Store): void => {
  if (lineBegin() === '') return;
  const [hostId, other] = store.db.prepare('SELECT host_id FROM main._host LIMIT 2').pluck().all();
  setLogHost(typeof hostId === 'string' && other === undefined ? logNameOf(store, hostId) : null);
};

const noted = (store: Store): Store => {
  nameInLog(store);
  for (const note of store.notes) printNote(note);
  return store;
};

const namedAtMost = 3;

/** Names snapshots that are dated ahead of the moment at which they were stored; they are kept and do not count. */
export const noteAhead = (
  ahead: readonly {
    readonly hostId: string;
    readonly collectedTime: number;
    readonly ingestedTime: number;
  }[],
): void => {
  if (ahead.length === 0) return;
  const named = ahead
    .slice(0, namedAtMost)
    .map(
      ({ hostId, collectedTime, ingestedTime }) =>
        `${hostId}, dated ${isoSeconds(collectedTime)}, stored ${isoSeconds(ingestedTime)}`,
    );
  const more = ahead.length > namedAtMost ? ` and ${ahead.length - namedAtMost} more` : '';
  const [what, count] = ahead.length === 1 ? ['snapshot is', 'counts'] : ['snapshots are', 'count'];
  printNote(
    `${ahead.length} ${what} dated later than stored, so a clock was wrong, and ${count} nowhere: ${named.join('; ')}${more} (ahead_snapshots lists them)`,
  );
};

/** Says when the clock here is behind that by which the file was filled: then one of them is wrong. */
export const noteClock = ({ db }: Store): void => noteNewest(newestStored(db));

/** The same of the newest moment at which anything was stored; null where nothing was. */
export const noteNewest = (newest: number | null): void => {
  const now = currentTime();
  if (newest !== null && newest > now)
    printNote(
      `the clock here says ${isoSeconds(now)}, and the newest snapshot was stored at ${isoSeconds(newest)}: one of the two clocks is wrong`,
    );
};

/** Says what of a store is doubtful for a clock was wrong. */
export const noteClocks = (store: Store): Store => {
  noteAhead(readAhead(store.db));
  noteClock(store);
  return store;
};

export const writableStore = (given: Arguments): Store => noted(openForWriting(dbPath(given), tables));
export const readableStore = (given: Arguments): Store =>
  noteClocks(noted(openForReading(dbPath(given), tables)));

/** Runs work on a store and closes it, whatever happens; what SQLite says comes out in plain words. */
export const using = async <T>(store: Store, work: (store: Store) => T | Promise<T>): Promise<T> => {
  try {
    return await work(store);
  } catch (error) {
    throw explainStoreError(error, store.path);
  } finally {
    store.close();
  }
};

/** Says of how many hosts nothing is known at a moment: no rows of theirs is no answer. Returns whether all are known. */
const noteUnseen = ({ db }: Store, asOf: number, { seen, hosts }: BlindSpots): boolean => {
  const first = db
    .prepare('SELECT min(collected_time) FROM main._snapshot WHERE order_time IS NULL')
    .pluck()
    .get() as number | null;
  const retained = retainedTime(db);
  const dropped =
    retained !== null && asOf < retained ? `; what is older than ${isoSeconds(retained)} was dropped` : '';
  if (seen === hosts) {
    if (dropped === '') return true;
    printNote(`not all is known as of ${isoSeconds(asOf)}${dropped}`);
    return false;
  }
  const which = seen === 0 ? 'nothing' : `of ${hosts - seen} of ${hosts} hosts nothing`;
  const since = first === null ? '' : `: the first snapshot in the file is of ${isoSeconds(first)}`;
  printNote(`${which} is known as of ${isoSeconds(asOf)}${seen === 0 ? since : ''}${dropped}`);
  return false;
};

/** Says on stderr which tables were not seen, on which share of the hosts. */
export const noteSpots = (spots: readonly BlindSpot[], hosts: number): void => {
  for (const { table, status, reason, hosts: affected } of spots) {
    printNote(
      status === null
        ? `${share(affected, hosts)}${table} was not collected: it is not in the last snapshot`
        : `${share(affected, hosts)}${table} is ${status}: ${reason ?? 'see table_status for the reasons'}`,
    );
  }
};

/** Says on how many hosts `findings` does not tell of the last snapshot. */
export const noteUnjudged = (unjudged: number, hosts: number, hint: string): void => {
  if (unjudged === 0) return;
  printNote(
    `${share(unjudged, hosts)}findings does not tell of the last snapshot: it was not judged when it came, by merge or from an older tokenquery; ${hint}`,
  );
};

/** Says on stderr what could not be collected on which share of the hosts; returns whether all was. */
export const noteStoreBlindSpots = (
  store: Store,
  touched: ReadonlySet<string>,
  asOf: number | null,
  hostId: string | null = null,
): boolean => {
  const found = blindSpots(store, touched, asOf, hostId);
  const { spots, unevaluated, hosts } = found;
  if (hosts === 0) {
    printNote(`${store.path} holds no snapshot`);
    return false;
  }
  const isSeen = asOf === null || noteUnseen(store, asOf, found);
  noteSpots(spots, hosts);
  noteUnjudged(unevaluated, hosts, `tokenquery findings --db ${store.path} judges it`);
  const isLastKnown = !readAhead(store.db).some(({ isNewest }) => isNewest);
  return isSeen && isLastKnown && spots.length === 0 && unevaluated === 0;
};

/** Says on how many hosts a table could not be collected: what changed there is not in `changes`. */
export const noteUnobserved = ({ db }: Store): void => {
  const { affected, hosts } = db
    .prepare(
      'SELECT (SELECT count(*) FROM _host) AS hosts, count(DISTINCT host_id) AS affected FROM table_status ' +
        `WHERE status NOT IN ${statusList(isComplete)}`,
    )
    .get() as { affected: number; hosts: number };
  if (affected === 0) return;
  printNote(
    `${share(affected, hosts)}not every table could be looked at in the last snapshot, and what changed there is not told: table_status names them`,
  );
};
