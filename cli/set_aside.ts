/**
 * Where inputs of `merge` go when they are done with, or cannot be read. They are moved by a rename and never copied: a run that
 * is killed leaves each in one place, and what is merged once more adds nothing. Whoever sends them may write in the folder
 * that they come from, and chooses their names.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
} from 'node:fs';
import { renameSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { codeOf, FileError, UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { statOrNull } from '../collector/files.ts';
import { checkLinks } from '../collector/trust.ts';
import { newFileFlags } from '../export/part_file.ts';
import { visible } from '../export/visible.ts';

/** What an input was when it was looked at: of a folder, all that is in it. */
export interface Identity {
  readonly device: number;
  readonly inode: number;
  readonly isFolder: boolean;
  readonly bytes: number;
  readonly files: number;
  /** When any of it was changed last, in unix seconds. */
  readonly changed: number;
}

/** More than any evidence has. */
const mostFiles = 100_000;

/** Null where it is not there, is a link, or has too many files to be looked at. */
export const identityOf = (path: string): Identity | null => {
  const first = statOrNull(path);
  if (first === null || first.isSymbolicLink()) return null;
  let [bytes, files, changed] = [0, 0, 0];
  const add = (stat: Stats): void => {
    files += 1;
    if (stat.isFile()) bytes += stat.size;
    changed = Math.max(changed, stat.mtimeMs / 1000);
  };
  const waiting: [string, Stats][] = [[path, first]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [at, stat] = next;
    add(stat);
    if (files > mostFiles) return null;
    if (!stat.isDirectory()) continue;
    for (const name of readdirSync(at)) {
      const below = statOrNull(join(at, name));
      if (below !== null) waiting.push([join(at, name), below]);
    }
  }
  return { device: first.dev, inode: first.ino, isFolder: first.isDirectory(), bytes, files, changed };
};

const isSame = (a: Identity, b: Identity): boolean =>
  a.device === b.device &&
  a.inode === b.inode &&
  a.bytes === b.bytes &&
  a.files === b.files &&
  a.changed === b.changed;

const hour = 3600;

/**
 * Whether nothing of it was changed for so long. What is dated later than now was given that date by whoever sent it, which
 * comes at the end of sending.
 */
export const isSettled = ({ changed }: Identity, now: number, seconds: number): boolean =>
  now - changed >= seconds || changed > now + hour;

/** The folder that a path leads into, whatever links are on the way. */
const placeOf = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
};

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** Checks a folder that inputs are to be moved into, before anything is merged. Throws UserError. */
export const checkShelf = (option: string, folder: string, inputs: readonly string[]): void => {
  let stat: Stats;
  try {
    checkLinks(folder);
    stat = lstatSync(folder);
  } catch (error) {
    throw fileFailure(error, folder, 'read', `make the folder that --${option} names first`);
  }
  if (stat.isSymbolicLink()) throw new FileError(folder, ' is a link', 'name the folder itself');
  if (!stat.isDirectory()) throw new FileError(folder, ' is no folder', `--${option} takes a folder`);
  for (const input of inputs) {
    if (isBelow(placeOf(folder), placeOf(input)))
      throw new UserError(
        `${folder} lies in ${input}, and what is moved there would be merged again`,
        'name a folder beside it, on the same volume',
        2,
      );
    const there = statOrNull(input);
    if (there !== null && there.dev !== stat.dev) throw otherVolume(input, folder);
  }
};

const otherVolume = (path: string, folder: string): UserError =>
  new UserError(
    `${path} is on another volume than ${folder}: it can only be moved within one`,
    'name a folder on the same volume; it stays where it is, and merging it again adds nothing',
  );

/** What SQLite writes beside a database, and what is moved with it. */
export const besideDatabase = ['-wal', '-shm', '-journal'] as const;

const ends = /(?:\.ndjson|\.tar)?\.(?:gz|zst|ndjson|tgz|db|sqlite)$/i;

/** A name with something before its end; one that is too long for what is put behind it is cut, and stays its own. */
const nameWith = (name: string, more: string): string => {
  const end = ends.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - end.length);
  if (Buffer.byteLength(name) <= 200) return stem + more + end;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${Buffer.from(stem).subarray(0, 100).toString().replaceAll('\u{fffd}', '')}~${digest}${more}${end}`;
};

const besides = ['.reason.txt', ...besideDatabase];

/** Takes a name for ourselves that nobody has: what is moved there takes the place of nothing. */
const reserve = (path: string, isFolder: boolean): boolean => {
  try {
    if (isFolder) mkdirSync(path, { mode: 0o700 });
    else closeSync(openSync(path, newFileFlags, 0o600));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
};

const reserved = (folder: string, name: string, isFolder: boolean, now: number): string => {
  const time = new Date(now * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  for (let number = 0; number < 10_000; number += 1) {
    const more = number === 0 ? '' : number === 1 ? `.${time}` : `.${time}-${number}`;
    const path = join(folder, nameWith(name, more));
    // What lies beside one is never taken for that of another, nor put in its place.
    const isFree = besides.every((end) => statOrNull(path + end) === null);
    if (isFree && reserve(path, isFolder)) return path;
  }
  throw new FileError(join(folder, name), ' is there ten thousand times', 'clear the folder');
};

/** Makes the folders of a sender below ours, as they are below the one that was named; a link among them is refused. */
const folderBelow = (folder: string, below: string): string => {
  let at = folder;
  for (const name of below.split(sep).filter((part) => part !== '' && part !== '.')) {
    at = join(at, nameWith(name, ''));
    if (statOrNull(at) === null) mkdirSync(at, { mode: 0o700 });
    else if (statOrNull(at)?.isDirectory() !== true) throw new FileError(at, ' is no folder', 'move it away');
  }
  return at;
};

/** A folder by whatever name it has meanwhile, while it is held open. */
export interface HeldFolder {
  /** A path that leads there. */
  readonly at: string;
  /** Whether `at` leads there also when somebody puts another folder, or a link, in its place. */
  readonly isFixed: boolean;
  close(): void;
}

const openedFolder = (path: string, more = 0): number =>
  openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK | more);

/** Where an open folder can be gone into; null where the system has no such paths, as macOS. */
const pathOfOpened = (fd: number): string | null => {
  const path = `/proc/self/fd/${fd}`;
  const there = statOrNull(path, statSync);
  const own = fstatSync(fd);
  return there?.ino === own.ino && there.dev === own.dev ? path : null;
};

/**
 * Goes from what was named down to a folder below it, and holds that. Refuses a link on the way: it would lead to what nobody
 * sent. Where folders cannot be held, it is looked at the way alone.
 */
export const holdFolder = (root: string, folder: string): HeldFolder => {
  let fd = openedFolder(root);
  try {
    let at = root;
    const names = relative(root, folder).split(sep);
    for (const name of names.filter((part) => part !== '')) {
      at = join(at, name);
      const held = pathOfOpened(fd);
      const next = openedFolder(held === null ? at : join(held, name), constants.O_NOFOLLOW);
      closeSync(fd);
      fd = next;
    }
    const held = pathOfOpened(fd);
    return { at: held ?? folder, isFixed: held !== null, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
};

/** The folder that holds an input. */
const holdWay = (root: string, path: string): HeldFolder => {
  try {
    return holdFolder(root, dirname(path));
  } catch (error) {
    if (['ELOOP', 'ENOTDIR', 'ENOENT'].includes(codeOf(error))) throw changedMeanwhile(path);
    throw error;
  }
};

const changedMeanwhile = (path: string): FileError =>
  new FileError(path, ' was changed while it was read: it stays', 'the next run takes it');

export interface Moving {
  readonly path: string;
  /** What was named on the command line, and holds it. */
  readonly root: string;
  /** As it was before it was read. */
  readonly identity: Identity;
  /** What lies beside a database is moved with it. */
  readonly besides: readonly string[];
}

const writeReason = (path: string, text: string): void => {
  const fd = openSync(path, newFileFlags, 0o600);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
};

const giveBack = (target: string, isFolder: boolean): void => {
  if (isFolder) rmdirSync(target);
  else rmSync(target, { force: true });
  rmSync(`${target}.reason.txt`, { force: true });
};

/**
 * Moves an input into a folder, below the same folders as it was in. Throws UserError where it cannot be, and it stays.
 *
 * @param reason What is written beside it; null for nothing.
 * @returns Where it is now.
 */
export const moveInto = (folder: string, moving: Moving, reason: string | null, now: number): string => {
  const { path, root } = moving;
  let way: HeldFolder | null = null;
  try {
    const isNamed = resolve(path) === resolve(root);
    way = holdWay(isNamed ? dirname(path) : root, path);
    const into = isNamed ? folder : folderBelow(folder, relative(root, dirname(path)));
    return moveFrom(way, into, moving, reason, now);
  } catch (error) {
    if (codeOf(error) === 'EXDEV') throw otherVolume(path, folder);
    throw fileFailure(
      error,
      path,
      'write',
      `it stays where it is; may files be moved from there to ${folder}?`,
    );
  } finally {
    way?.close();
  }
};

const moveFrom = (
  way: HeldFolder,
  into: string,
  moving: Moving,
  reason: string | null,
  now: number,
): string => {
  const { path, identity } = moving;
  const name = basename(resolve(path));
  const from = join(way.at, name);
  const current = identityOf(from);
  if (current === null || !isSame(current, identity)) throw changedMeanwhile(path);
  const target = reserved(into, name, identity.isFolder, now);
  const withIt: string[] = [];
  try {
    if (reason !== null) writeReason(`${target}.reason.txt`, visibleLines(reason));
    for (const end of moving.besides) {
      renameSync(from + end, target + end);
      withIt.push(end);
    }
    renameSync(from, target);
  } catch (error) {
    for (const end of withIt) renameSync(target + end, from + end);
    giveBack(target, identity.isFolder);
    throw error;
  }
  const moved = lstatSync(target);
  if (moved.ino === identity.inode && moved.dev === identity.device) return target;
  // Somebody put another in its place at the last moment; it was never opened. By a path that its sender may lead elsewhere
  // nothing is put back.
  if (!way.isFixed)
    throw new FileError(
      path,
      ` was changed while it was moved: what was there lies in ${target}`,
      'look at it',
    );
  renameSync(target, from);
  throw changedMeanwhile(path);
};

const visibleLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => visible(line))
    .join('\n');
