/** Where the paths of a Mac lie on a mounted volume of it, and what is there: no link that leads out is followed. */
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, opendir, readlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CollectError, UserError, codeOf, parseFailed } from '../errors.ts';
import { isDenied, isNotThere } from '../file_failure.ts';

export const nodePath = '/private/var/db/dslocal';
export const versionPath = '/System/Library/CoreServices/SystemVersion.plist';

/** A record has some kilobytes, with a picture about two megabytes. */
const maxFileBytes = 16 * 1024 * 1024;
const maxLinks = 32;

const isAbsent = (error: unknown): boolean => isNotThere(error) || codeOf(error) === 'ENAMETOOLONG';

/** Links that every macOS has at its root, and that a Data volume mounted by itself lacks. */
const linkedToPrivate = new Set(['etc', 'tmp', 'var']);
/** Where other volumes, devices and servers appear while macOS runs: what is there is not of this volume. */
const ofOthers = new Set(['Network', 'Volumes', 'dev', 'home', 'net']);
/** What a Data volume holds of the root that macOS shows (/usr/share/firmlinks). */
const ofData = new Set(['Applications', 'Library', 'Users', 'cores', 'opt', 'private']);

export type Place =
  | { readonly kind: 'found'; readonly path: string; readonly stats: Stats }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' }
  /** Of another volume, or of a part of macOS that is not at hand. */
  | { readonly kind: 'elsewhere' }
  /** A link that leads out of the volume, or that leads in circles. */
  | { readonly kind: 'astray' };

/** One folder that stands for `/`. */
export interface Tree {
  /** Without links. */
  readonly root: string;
  /** The Data volume of a pair: other parts of `/` are on the System volume. */
  readonly isDataOnly: boolean;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** A way through the folders of a tree: where it is, and the names that are still to go. */
class Walk {
  readonly #tree: Tree;
  readonly #followsLast: boolean;
  readonly #rest: string[];
  /** Folders below the root that are no links, so the parent of each is the one before. */
  readonly #at: string[] = [];
  #links = 0;
  #found: Stats | null = null;

  constructor(tree: Tree, path: string, followsLast: boolean) {
    this.#tree = tree;
    this.#followsLast = followsLast;
    this.#rest = partsOf(path);
  }

  async toEnd(): Promise<Place> {
    for (let name = this.#rest.shift(); name !== undefined; name = this.#rest.shift()) {
      const ended = await this.#step(name);
      if (ended !== null) return ended;
    }
    if (this.#at.length === 0 || this.#found === null) return { kind: 'astray' };
    // A ".." at the end of a link leaves the last look behind.
    const end = join(this.#tree.root, ...this.#at);
    try {
      return { kind: 'found', path: end, stats: await lstat(end) };
    } catch {
      return { kind: 'denied' };
    }
  }

  /** Null where the way goes on. */
  async #step(name: string): Promise<Place | null> {
    if (name === '..') return this.#at.pop() === undefined ? { kind: 'astray' } : null;
    if (this.#at.length === 0) {
      if (ofOthers.has(name)) return { kind: 'elsewhere' };
      if (this.#tree.isDataOnly) {
        if (this.#isDataItself(name)) {
          this.#rest.splice(0, 2);
          return null;
        }
        if (!this.#isOnData(name)) return { kind: 'elsewhere' };
      }
    }
    const candidate = join(this.#tree.root, ...this.#at, name);
    let found: Stats;
    try {
      found = await lstat(candidate);
    } catch (error) {
      return this.#unseen(name, error);
    }
    this.#found = found;
    if (found.isSymbolicLink() && (this.#rest.length > 0 || this.#followsLast))
      return this.#follow(candidate);
    if (this.#rest.length > 0 && !found.isDirectory()) return { kind: 'missing' };
    this.#at.push(name);
    return null;
  }

  /** /System/Volumes/Data, where macOS shows this volume. */
  #isDataItself(name: string): boolean {
    return name === 'System' && this.#rest[0] === 'Volumes' && this.#rest[1] === 'Data';
  }

  #isOnData(name: string): boolean {
    return ofData.has(name) || linkedToPrivate.has(name) || (name === 'usr' && this.#rest[0] === 'local');
  }

  #unseen(name: string, error: unknown): Place | null {
    if (!isAbsent(error)) return { kind: 'denied' };
    if (this.#at.length > 0 || !linkedToPrivate.has(name)) return { kind: 'missing' };
    this.#rest.unshift('private', name);
    return null;
  }

  async #follow(link: string): Promise<Place | null> {
    this.#links += 1;
    if (this.#links > maxLinks) return { kind: 'astray' };
    let target: string;
    try {
      target = await readlink(link);
    } catch {
      return { kind: 'denied' };
    }
    if (target.startsWith('/')) this.#at.length = 0;
    this.#rest.unshift(...partsOf(target));
    return null;
  }
}

/**
 * Finds what a path of the Mac means on the volume. Every link is resolved here, below the root: an absolute
 * one as that Mac would resolve it, and none that leads out is followed.
 */
export const find = (tree: Tree, path: string, followsLast: boolean): Promise<Place> =>
  new Walk(tree, path, followsLast).toEnd();

export const denied = (what: string): CollectError =>
  process.geteuid?.() === 0
    ? new CollectError('full_disk_access_required', `${what} may not be read, not even by root`)
    : new CollectError('permission_denied', `${what} may not be read`, {
        hint: 'run as root',
      });

interface File {
  readonly path: string;
  readonly stats: Stats;
}

/** What an open file holds, where it is the one that was found. */
const contentOf = async (handle: FileHandle, found: Stats, shown: string): Promise<Uint8Array> => {
  const opened = await handle.stat();
  if (opened.ino !== found.ino || opened.dev !== found.dev || !opened.isFile())
    throw new CollectError('source_failed', `${shown} was replaced while it was read`, {
      hint: 'try again',
    });
  const bytes = new Uint8Array(opened.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
};

/**
 * The content of what `find` found; throws CollectError. A pipe or a device is never opened, and what was put
 * in its place since it was found is refused.
 */
export const readPlace = async ({ path, stats }: File, shown: string): Promise<Uint8Array> => {
  if (!stats.isFile()) throw parseFailed(`${shown} is not a file`);
  if (stats.size > maxFileBytes)
    throw new CollectError('output_too_large', `${shown} is larger than ${maxFileBytes / 1024 / 1024} MiB`, {
      hint: 'look at the file by hand: macOS makes none of that size there',
    });
  try {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(path, flags);
    try {
      return await contentOf(handle, stats, shown);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CollectError) throw error;
    if (isDenied(error)) throw denied(shown);
    throw new CollectError('source_failed', `${shown} cannot be read (${codeOf(error) || 'unknown error'})`, {
      hint: 'check the volume: the disk may be damaged',
    });
  }
};

const astray = (path: string): CollectError =>
  new CollectError('not_recorded', `${path} is, or lies behind, a link that leads out of the volume`, {
    hint: 'such a link is never followed: look at it by hand',
  });

/** What `find` says of a path that may be looked at; throws CollectError of one that may not. */
export const findAllowed = async (
  tree: Tree,
  path: string,
  followsLast: boolean,
): Promise<Exclude<Place, { kind: 'astray' | 'denied' }>> => {
  const place = await find(tree, path, followsLast);
  if (place.kind === 'astray') throw astray(path);
  if (place.kind === 'denied') throw denied(path);
  return place;
};

const isThere = async (tree: Tree, path: string): Promise<boolean> => {
  const { kind } = await find(tree, path, true);
  return kind === 'found' || kind === 'denied';
};

export const hintOfPath =
  'name the folder at which the Data volume is mounted, or one that holds it and the System volume';

/** The folder that holds accounts and settings, and the one that holds macOS; one of the two may be null. */
export interface Trees {
  readonly data: Tree | null;
  readonly system: Tree | null;
}

/** A folder that may be a whole system, or one volume of a pair. */
interface Candidate {
  readonly at: string;
  readonly hasData: boolean;
  readonly hasSystem: boolean;
}

const candidate = async (at: string): Promise<Candidate> => {
  const tree: Tree = { root: at, isDataOnly: false };
  return { at, hasData: await isThere(tree, nodePath), hasSystem: await isThere(tree, versionPath) };
};

/** A System volume, with the Data volume where macOS itself mounts it; a link there could lead anywhere. */
const systemTrees = async (root: string): Promise<Trees> => {
  const system: Tree = { root, isDataOnly: false };
  const place = await find(system, '/System/Volumes/Data', true);
  const data = place.kind === 'found' ? { root: place.path, isDataOnly: true } : null;
  return { data: data !== null && (await isThere(data, nodePath)) ? data : null, system };
};

/** The pair that is mounted in the folders of a folder. */
const treesBelow = async (path: string): Promise<Trees> => {
  const below: Candidate[] = [];
  let entries = 0;
  for await (const entry of await opendir(path)) {
    entries += 1;
    if (entries > 1000) break;
    // A folder alone: a link could lead anywhere.
    if (entry.isDirectory()) below.push(await candidate(join(path, entry.name)));
  }
  const withData = below.filter(({ hasData }) => hasData);
  const withSystem = below.filter(({ hasSystem }) => hasSystem);
  if (withData.length > 1 || withSystem.length > 1) {
    throw new UserError(`${path} holds more than one macOS volume`, `${hintOfPath}: one Mac at a time`);
  }
  const [data] = withData;
  const [system] = withSystem;
  return {
    data: data === undefined ? null : { root: data.at, isDataOnly: !data.hasSystem },
    system: system === undefined ? null : { root: system.at, isDataOnly: false },
  };
};

export const findTrees = async (path: string): Promise<Trees> => {
  const { hasData, hasSystem } = await candidate(path);
  if (hasData && hasSystem) {
    const tree = { root: path, isDataOnly: false };
    return { data: tree, system: tree };
  }
  if (hasData) return { data: { root: path, isDataOnly: true }, system: null };
  return hasSystem ? systemTrees(path) : treesBelow(path);
};
