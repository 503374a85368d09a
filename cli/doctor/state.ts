/** What the job keeps: database, log, cursor and key. All are tokenquery’s own files, and none is changed. */
import { closeSync, lstatSync, readSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { posix } from 'node:path';
import { fileFailure, isDenied, isNotThere } from '../../collector/file_failure.ts';
import { openRegular } from '../../collector/files.ts';
import { plural } from '../../collector/plural.ts';
import { isCursorThere } from '../../export/cursor.ts';
import { readExceptions } from '../../queries/exceptions.ts';
import { readOverlay } from '../../queries/overlay.ts';
import { openForReading } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import { day } from '../due.ts';
import { readLogLine } from '../log.ts';
import { isoSeconds } from '../time.ts';
import { ageWords, failure, ok, sizeWords, unknown, warning } from './report.ts';
import type { Line } from './report.ts';

/**
 * What is at a path: `denied` where this user cannot say. Throws UserError.
 *
 * @param how By `statSync` what a link leads to.
 */
const lookAt = (path: string, how: (path: string) => Stats = lstatSync): Stats | 'absent' | 'denied' => {
  try {
    return how(path);
  } catch (error) {
    if (isNotThere(error)) return 'absent';
    if (isDenied(error)) return 'denied';
    throw fileFailure(error, path, 'read');
  }
};

/** Whether this user may open a file. Throws UserError for what is none. */
const mayRead = (path: string): boolean => {
  try {
    closeSync(openRegular(path).fd);
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    throw fileFailure(error, path, 'read');
  }
};

const askRoot = 'sudo tokenquery doctor';

const deniedLine = (check: string, path: string): Line =>
  unknown(check, `${path} may not be looked at`, askRoot);

const openModes = ({ mode }: Stats): string => (mode & 0o777).toString(8).padStart(4, '0');

/** Nothing larger is read whole to be checked: it takes seconds, and as much memory. */
const mostChecked = 256 * 1024 * 1024;

interface Held {
  /** Null where nothing can be asked of it. */
  readonly store: Store | null;
  readonly lines: readonly Line[];
}

const notOpened = (line: Line): Held => ({ store: null, lines: [line] });

/** The database, opened without being touched. Throws UserError for one that is damaged, newer, or none. */
export const openHeld = (path: string): Held => {
  const stat = lookAt(path);
  if (stat === 'denied') return notOpened(deniedLine('database', path));
  if (stat === 'absent')
    return notOpened(
      warning(
        'database',
        `there is no ${path}: nothing was stored yet`,
        '--db names another; the first run makes it',
      ),
    );
  const size = sizeWords(stat.size);
  if (stat.size > mostChecked)
    return notOpened(
      unknown(
        'database',
        `${path} has ${size}, and only up to ${sizeWords(mostChecked)} are read to be checked`,
        `tokenquery query --db ${path} "SELECT count(*) FROM snapshots"`,
      ),
    );
  if (!mayRead(path)) return notOpened(unknown('database', `${path} may not be read`, askRoot));
  if (stat.size === 0)
    return notOpened(
      warning('database', `${path} is empty: its first run was cut off`, 'the next run makes it'),
    );
  const store = openForReading(path, tables, { isUntouched: true });
  const hosts = store.db.prepare('SELECT count(*) FROM main._host').pluck().get() as number;
  const says = `${path}: ${size}, ${plural(hosts, 'host')}, its pages are whole`;
  const isOpen = (stat.mode & 0o077) !== 0;
  const line = isOpen
    ? warning(
        'database',
        `${says}; its mode is ${openModes(stat)}, so that others may open it`,
        `chmod 600 ${path}; the next run does it too`,
      )
    : ok('database', says);
  return { store, lines: [line] };
};

interface Newest {
  readonly host_id: string;
  readonly collected_time: number;
  readonly euid: number | null;
  readonly tool_version: string | null;
}

const newestOf = ({ db }: Store): Newest | null =>
  (db
    .prepare(
      'SELECT host_id, collected_time, euid, tool_version FROM snapshots WHERE is_ahead = 0 ORDER BY collected_time DESC LIMIT 1',
    )
    .get() as Newest | undefined) ?? null;

/** The newest snapshot and its age. */
export const snapshotLine = (store: Store, now: number, every: number | null): Line => {
  const newest = newestOf(store);
  if (newest === null)
    return warning('snapshot', 'the database holds no snapshot that counts', 'look at the log');
  const age = now - newest.collected_time;
  const says = `${isoSeconds(newest.collected_time)}, ${ageWords(age)} ago, ${newest.euid === 0 ? 'as root' : 'not as root'}, by tokenquery ${newest.tool_version ?? 'of an unknown version'}`;
  if (age < -300)
    return warning(
      'snapshot',
      `the newest is of ${isoSeconds(newest.collected_time)}, which is later than now`,
      'set the clock right',
    );
  if (every !== null && age > 2 * every)
    return warning('snapshot', `${says}: two turns were missed`, 'see launchd, switch and log');
  // A file of many Macs, whose turns are not known here.
  if (every === null && age > 7 * day)
    return warning('snapshot', `the newest is of ${says}`, 'see that what the Macs send is merged');
  if (newest.euid !== 0 && newest.euid !== null && every !== null)
    return warning('snapshot', says, 'the job of launchd runs as root; by hand, use sudo');
  return ok('snapshot', says);
};

/** Sources that macOS refused to root in the last snapshot of a host: that is what Full Disk Access is for. */
export const refusedToRoot = ({
  db,
}: Store): { readonly isKnown: boolean; readonly messages: readonly string[] } => {
  const newest = db
    .prepare('SELECT euid FROM latest_snapshots ORDER BY collected_time DESC LIMIT 1')
    .pluck()
    .get();
  const messages = db
    .prepare(
      "SELECT DISTINCT message FROM collection_errors WHERE code = 'full_disk_access_required' ORDER BY 1 LIMIT 20",
    )
    .pluck()
    .all() as string[];
  return { isKnown: newest === 0, messages };
};

const tailBytes = 64 * 1024;

const tailOf = (path: string): string => {
  const { fd, size } = openRegular(path, { noLink: true });
  try {
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    return bytes
      .subarray(0, readSync(fd, bytes, 0, bytes.length, Math.max(0, size - bytes.length)))
      .toString('utf8');
  } finally {
    closeSync(fd);
  }
};

export interface LoggedError {
  /** As the log has it; null in one of an older version. */
  readonly time: string | null;
  readonly text: string;
  /** Nothing was told after it. */
  readonly isLast: boolean;
}

/** The last error in the end of a log; null for none. Throws as openRegular does. */
export const lastErrorOf = (path: string): LoggedError | null => {
  const lines = tailOf(path)
    .split('\n')
    .map(readLogLine)
    .filter(({ text }) => text !== '' && !text.startsWith('tokenquery: hint: '));
  const begin = 'tokenquery: error: ';
  const last = lines.findLast(({ text }) => text.startsWith(begin));
  if (last === undefined) return null;
  return { time: last.time, text: last.text.slice(begin.length, 400), isLast: last === lines.at(-1) };
};

/** The log of the job, and whether an error is the last that it tells. */
export const logLine = (path: string, now: number): Line => {
  const stat = lookAt(path);
  if (stat === 'denied') return deniedLine('log', path);
  if (stat === 'absent') {
    const folder = posix.dirname(path);
    return lookAt(folder) === 'absent'
      ? warning(
          'log',
          `there is no folder ${folder}, and launchd makes none`,
          `sudo install -d -m 700 -o root -g wheel ${folder}`,
        )
      : ok('log', `${path} is not there: nothing was written yet`);
  }
  if (stat.isSymbolicLink())
    return unknown('log', `${path} is a link, which is not followed`, '--log names the file itself');
  if (!mayRead(path)) return unknown('log', `${path} may not be read`, askRoot);
  const written = `${path}: ${sizeWords(stat.size)}, last written ${ageWords(now - Math.floor(stat.mtimeMs / 1000))} ago`;
  const error = lastErrorOf(path);
  if (error?.isLast !== true) return ok('log', written);
  return warning(
    'log',
    `${written}; the last that it tells is an error: ${error.text}`,
    'its next line has the hint',
  );
};

/** The cursor of the export, and the file into which it goes. Throws UserError for what is no cursor. */
export const cursorLine = (cursor: string, output: string | null, now: number): Line => {
  const folder = output === null ? null : posix.dirname(output);
  if (folder !== null && lookAt(folder) === 'absent')
    return failure('cursor', `there is no folder ${folder} for the export`, 'make it, root:wheel 0700');
  const stat = lookAt(cursor);
  if (stat === 'denied') return deniedLine('cursor', cursor);
  if (stat !== 'absent' && !mayRead(cursor)) return unknown('cursor', `${cursor} may not be read`, askRoot);
  if (stat === 'absent' || !isCursorThere(cursor))
    return ok('cursor', `${cursor} is not there: nothing was exported by it yet`);
  return ok('cursor', `${cursor} moved ${ageWords(now - Math.floor(stat.mtimeMs / 1000))} ago`);
};

/** The key of the redaction, of which only the place is looked at. */
export const keyLine = (path: string): Line => {
  const stat = lookAt(path, statSync);
  if (stat === 'denied') return deniedLine('key', path);
  if (stat === 'absent')
    return failure(
      'key',
      `there is no ${path}, so that nothing is exported`,
      'put the key of the fleet there, root:wheel 0600',
    );
  if (!stat.isFile())
    return failure(
      'key',
      `${path} is no file, so that nothing is exported`,
      'put the key of the fleet there, root:wheel 0600',
    );
  return (stat.mode & 0o077) === 0
    ? ok('key', `${path} is there`)
    : failure('key', `${path} may be read by others, so that nothing is exported`, `sudo chmod 600 ${path}`);
};

/** What the job stores as accepted. Throws UserError for a file by which nothing is judged. */
export const exceptionsLine = (path: string, now: number): Line => {
  const exceptions = readExceptions(path, { now });
  const ended = exceptions.expired(now).length;
  const says = `${path}: ${plural(exceptions.all.length, 'exception')}`;
  return ended === 0
    ? ok('exceptions', says)
    : warning('exceptions', `${says}, of which ${ended} ended`, 'remove what ended, or look at it again');
};

/** What the site changes of the questions. Throws UserError for a folder by which nothing is judged. */
export const overlayLine = (path: string): Line =>
  ok('overlay', `${path}: ${plural(readOverlay(path).size, 'question')} changed`);
