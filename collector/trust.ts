/**
 * Whom a path is trusted from where the program runs as root, decided in this one place; docs/security.md has the rules.
 * An ordinary user risks nothing by a path that its owner could not do to them anyway.
 */
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { FileError } from './errors.ts';
import { statOrNull } from './files.ts';

const isRoot = (): boolean => process.geteuid?.() === 0;

/** Who called sudo; nobody where launchd started the program, which asks no one for a password. */
const caller = (): number | null => {
  const given = process.env['SUDO_UID'] ?? '';
  return /^[0-9]{1,10}$/.test(given) && process.ppid !== 1 ? Number(given) : null;
};

/** Who may have written what root runs: root, and the caller where the program itself is the caller's checkout. */
const ownersOfCode = (): ReadonlySet<number> => {
  const user = caller();
  const entry = process.argv[1];
  const program = user === null || entry === undefined ? null : statOrNull(entry);
  return new Set(user !== null && program?.uid === user ? [0, user] : [0]);
};

const ownersOfData = (): ReadonlySet<number> => {
  const user = caller();
  return new Set(user === null ? [0] : [0, user]);
};

const isOpenToOthers = ({ mode }: Stats): boolean => (mode & 0o022) !== 0;
const isSticky = ({ mode }: Stats): boolean => (mode & 0o1000) !== 0;

interface Step {
  readonly path: string;
  readonly stat: Stats;
  /** The folder that it lies in. */
  readonly folder: Stats | null;
  readonly isLast: boolean;
}

const mostLinks = 40;

/** Every folder and every link on the way to a path, from the root down, and the path itself; it ends where nothing is. */
function* stepsTo(path: string): Generator<Step> {
  // Not by resolve(): the system goes through a link before it goes up again.
  const rest = (isAbsolute(path) ? path : `${process.cwd()}/${path}`).split('/');
  const next = (): string | undefined => {
    while (rest[0] === '' || rest[0] === '.') rest.shift();
    return rest.shift();
  };
  let at = '/';
  let folder: Stats | null = null;
  let stat = statOrNull(at);
  let links = 0;
  for (let name = next(); ; name = next()) {
    if (stat === null) return;
    if (!stat.isSymbolicLink()) {
      yield { path: at, stat, folder, isLast: name === undefined };
      folder = stat;
    }
    if (name === undefined) return;
    if (name === '..') {
      at = dirname(at);
      stat = statOrNull(at);
      folder = null;
      continue;
    }
    const entry = join(at, name);
    stat = statOrNull(entry);
    if (stat?.isSymbolicLink() !== true) {
      at = entry;
      continue;
    }
    links += 1;
    if (links > mostLinks) return;
    yield { path: entry, stat, folder, isLast: false };
    const target = readlinkSync(entry);
    rest.unshift(...target.split('/'));
    if (isAbsolute(target)) at = '/';
    stat = statOrNull(at);
  }
}

const userOf = ({ uid }: Stats): string => (uid === 0 ? 'root' : `user ${uid}`);

/** Refuses a link on the way to a path that others than the owners made, or can put another in the place of. */
const linkFault = ({ stat, folder }: Step, owners: ReadonlySet<number>): string | null => {
  if (!owners.has(stat.uid)) return ` is a link of ${userOf(stat)}’s`;
  return folder !== null && isOpenToOthers(folder) ? ' is a link in a folder that others may write' : null;
};

const codeFault = (step: Step, owners: ReadonlySet<number>): string | null => {
  const { stat, isLast } = step;
  if (stat.isSymbolicLink()) return linkFault(step, owners);
  if (!owners.has(stat.uid)) return ` belongs to ${userOf(stat)}`;
  // In /tmp others make only what is their own, which the next step shows.
  const isShared = stat.isDirectory() && !isLast && isSticky(stat);
  return isOpenToOthers(stat) && !isShared ? ' may be written by others than its owner' : null;
};

/** Whether nothing is there for certain: what may not be looked at may be there. */
const isAbsent = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
};

interface Fault {
  readonly path: string;
  /** What follows the path. */
  readonly what: string;
  /** It could not be looked at. */
  readonly isUnseen?: true;
}

/** What others than its owners can have written of a path and every folder above it; null for nothing. */
const faultOnTheWay = (path: string, owners: ReadonlySet<number>): Fault | null => {
  for (const step of stepsTo(path)) {
    const what = codeFault(step, owners);
    if (what !== null) return { path: step.path, what };
  }
  return null;
};

const notRootsCode = ({ path, what: fault }: Fault, what: string): FileError =>
  new FileError(
    path,
    `${fault}, and as root ${what} must be root’s alone, with every folder above it`,
    'copy it to a folder of root’s (chown root, chmod go-w), name it by its own path, or run without sudo',
  );

/**
 * Refuses, as root, what others can have written, and would have run: it and every folder above it must be root’s alone.
 *
 * @param what What the path is for, in the words of the command line.
 */
export const checkCode = (path: string, what: string): void => {
  const fault = isRoot() ? faultOnTheWay(path, ownersOfCode()) : null;
  if (fault !== null) throw notRootsCode(fault, what);
};

/** The same of a folder of code, with all that lies in it: what of it is loaded, the code itself decides. */
export const checkCodeFolder = (path: string, what: string): void => {
  if (!isRoot()) return;
  const owners = ownersOfCode();
  const fault = faultOnTheWay(path, owners) ?? faultBelow(path, null, owners, () => false);
  if (fault !== null) throw notRootsCode(fault, what);
};

/** In a folder that stands for a Mac, what is the user’s own counts as root’s. */
const rootsOf = (isStandIn: boolean): ReadonlySet<number> =>
  new Set([0, ...(isStandIn ? [process.geteuid?.() ?? 0] : [])]);

/** Refuses, whoever runs the program, what speaks for root and is not root’s alone, with every folder above it. */
export const checkRootsOwn = (path: string, isStandIn: boolean): void => {
  const fault = faultOnTheWay(path, rootsOf(isStandIn));
  if (fault === null) return;
  throw new FileError(
    fault.path,
    `${fault.what}, and it is believed only where it is root’s alone, with every folder above it`,
    'look at who put it there; then remove it, or chown it to root and chmod it go-w',
  );
};

/** The first fault of what lies at a path and below it, of itself alone. */
const faultBelow = (
  path: string,
  folder: Stats | null,
  owners: ReadonlySet<number>,
  isLeftOut: (name: string) => boolean,
): Fault | null => {
  const stat = statOrNull(path);
  if (stat === null) return { path, what: ' cannot be looked at', isUnseen: true };
  const what = codeFault({ path, stat, folder, isLast: true }, owners);
  if (what !== null) return { path, what };
  if (!stat.isDirectory()) return null;
  for (const name of readdirSync(path).toSorted()) {
    const fault = isLeftOut(name) ? null : faultBelow(join(path, name), stat, owners, isLeftOut);
    if (fault !== null) return fault;
  }
  return null;
};

/**
 * The first thing of a program that root would not start: on the way to one of its places, or below one; null where all is
 * root’s alone. bin/tokenquery looks at the same before it starts Node.
 *
 * @param isLeftOut Names that are not looked into.
 */
export const faultOfProgram = (
  places: readonly string[],
  isStandIn: boolean,
  isLeftOut: (name: string) => boolean = () => false,
): Fault | null => {
  const owners = rootsOf(isStandIn);
  for (const place of places) {
    if (isAbsent(place)) continue;
    const fault = faultOnTheWay(place, owners) ?? faultBelow(place, null, owners, isLeftOut);
    if (fault !== null) return fault;
  }
  return null;
};

/**
 * Refuses, as root, to be a program that others can have written. bin/tokenquery does it for every other way to start; the
 * single executable has no launcher.
 *
 * @returns What to tell on stderr where it is of the caller of sudo; null for nothing.
 */
export const checkProgram = (path: string): string | null => {
  checkCode(path, 'the program');
  const owner = isRoot() ? statOrNull(path)?.uid : 0;
  if (owner === undefined || owner === 0) return null;
  return `run by sudo from ${path}, which is user ${owner}’s: whoever can write there is root here`;
};

/** Whether root was called by sudo from a program of the caller’s, which then may run: every way to start says so at each start. */
export const isCallersProgram = (path: string): boolean => {
  const user = isRoot() ? caller() : null;
  return user !== null && user !== 0 && statOrNull(path)?.uid === user;
};

/** Refuses, as root, a path that leads through a link of a stranger’s. */
export const checkLinks = (path: string): void => {
  if (!isRoot()) return;
  const owners = ownersOfData();
  for (const step of stepsTo(path)) {
    if (!step.stat.isSymbolicLink() || owners.has(step.stat.uid)) continue;
    throw new FileError(
      step.path,
      ` is a link of ${userOf(step.stat)}’s, and root does not follow it`,
      'name the place itself',
    );
  }
};

const folderFault = (stat: Stats, owners: ReadonlySet<number>): string | null => {
  if (!owners.has(stat.uid)) return ` belongs to ${userOf(stat)}`;
  return isOpenToOthers(stat) && !isSticky(stat) ? ' may be written by others than its owner' : null;
};

/** What is wrong with a file that is there; null for nothing. */
const dataFault = (stat: Stats, owners: ReadonlySet<number>, isShared: boolean): string | null => {
  if (stat.isSymbolicLink()) return ' is a link, and root follows none';
  if (!owners.has(stat.uid)) return ` belongs to ${userOf(stat)}`;
  // Whoever may write in a folder can give a file of root’s another name there.
  return isShared && stat.isFile() && stat.nlink > 1
    ? ' has another name elsewhere, so it is not known for what it was made'
    : null;
};

/** Refuses, as root, a folder in which others than root and the caller can put what they like in a file’s place. */
const checkOwnFolder = (path: string, owners: ReadonlySet<number>): Stats | null => {
  const folder = dirname(resolve(path));
  const stat = statOrNull(folder, statSync);
  if (stat === null) return null;
  const fault = folderFault(stat, owners);
  if (fault === null) return stat;
  throw new FileError(
    folder,
    `${fault}: as root, ${path} must lie where nobody else can put another in its place`,
    owners.has(stat.uid)
      ? `chmod go-w ${folder}, or name a file in a folder of root’s, such as /var/db/tokenquery`
      : `run it as ${userOf(stat)} (sudo -u '#${stat.uid}'), or name a file in a folder of root’s, such as /var/db/tokenquery`,
  );
};

const refuseFile = (path: string, fault: string): never => {
  throw new FileError(
    path,
    `${fault}: it was not touched`,
    'look at what it is; then move it away, or name another file',
  );
};

/**
 * Refuses a file that is kept and read again where others can have put it there, with what lies beside it under its name
 * and a suffix. A link beside it is refused for everyone, as SQLite does.
 */
export const checkData = (path: string, suffixes: readonly string[]): void => {
  for (const suffix of suffixes)
    if (statOrNull(path + suffix)?.isSymbolicLink() === true)
      refuseFile(path + suffix, ' is a link, and what is beside a file is never one');
  if (!isRoot()) return;
  const owners = ownersOfData();
  checkLinks(dirname(resolve(path)));
  const folder = checkOwnFolder(path, owners);
  if (folder === null) return;
  const isShared = isOpenToOthers(folder);
  const own = statOrNull(path);
  const fault = own === null ? null : dataFault(own, owners, isShared);
  if (fault !== null) refuseFile(path, fault);
  // What a caller owns beside a file of root’s was not written with it.
  const ownersBeside = new Set(own === null && !isShared ? owners : [0, own?.uid ?? 0]);
  for (const suffix of suffixes) {
    const beside = statOrNull(path + suffix);
    const faultBeside = beside === null ? null : dataFault(beside, ownersBeside, isShared);
    if (faultBeside !== null) refuseFile(path + suffix, faultBeside);
  }
};
