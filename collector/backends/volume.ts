/** A mounted macOS volume: its files answer in place of commands, and nothing on it is ever run. */
import { opendir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import { CollectError, UserError, parseFailed } from '../errors.ts';
import { fileFailure, isNotThere } from '../file_failure.ts';
import { parseDslocalGroup, parseDslocalUser } from '../parsers/dslocal.ts';
import type { CommandName } from '../sources.ts';
import { pathStatOf } from './backend.ts';
import type { Backend, FileContent, FolderContent, Output, OwnedFile, PathStat } from './backend.ts';
import { isOwn, refused } from './owned_file.ts';
import { readRecords, rendered, versionOf } from './volume_records.ts';
import type { Parse, Records } from './volume_records.ts';
import { find, findAllowed, findTrees, hintOfPath, nodePath, readPlace, versionPath } from './volume_tree.ts';
import type { Tree } from './volume_tree.ts';

/**
 * What is read of a volume beside the files of sources.ts. It is never read of the Mac that this program
 * runs on: there, dscl and sw_vers are asked.
 */
export const volumeFiles = [
  {
    path: '/private/var/db/dslocal/nodes/Default/users/*.plist',
    serves: ['ds_users', 'ds_account_policy', 'ds_remote_rights'],
    why: 'records of the local accounts: only the attributes that dscl is asked for are kept; hashes, keys, hints and pictures are dropped while the file is parsed',
  },
  {
    path: '/private/var/db/dslocal/nodes/Default/groups/*.plist',
    serves: ['ds_groups'],
    why: 'records of the local groups: only the attributes that dscl is asked for are kept',
  },
  {
    path: '/System/Library/CoreServices/SystemVersion.plist',
    serves: ['sw_vers'],
    why: 'the version of macOS, where sw_vers has it from',
  },
] as const satisfies readonly {
  readonly path: string;
  /** The commands whose answer the files stand for. */
  readonly serves: readonly CommandName[];
  readonly why: string;
}[];

const usersPath = `${nodePath}/nodes/Default/users`;
const groupsPath = `${nodePath}/nodes/Default/groups`;
const defaultMaxEntries = 200_000;

/** Without links; throws UserError for what is no folder that can be looked into. */
const rootOf = async (path: string): Promise<string> => {
  try {
    const root = await realpath(path);
    if (!(await stat(root)).isDirectory()) {
      throw new UserError(`${path} is not a folder`, `attach the disk image, then ${hintOfPath}`);
    }
    for await (const _ of await opendir(root)) break;
    return root;
  } catch (error) {
    if (isNotThere(error)) throw new UserError(`no such volume: ${path}`, hintOfPath);
    throw fileFailure(error, path, 'read', 'run as root');
  }
};

/** What a file says in place of a command. */
const answer = (stdout: string, problems: readonly CollectError[]): Output => ({
  outcome: 'exited',
  exitCode: 0,
  signal: null,
  stdout: new TextEncoder().encode(stdout),
  stderr: new Uint8Array(),
  startedTime: null,
  durationMs: null,
  isSpawned: false,
  problems,
});

/** The files of one Mac, which lie in one folder or in two. */
class Volume {
  readonly #data: Tree;
  readonly #system: Tree | null;
  readonly #maxEntries: number;
  readonly #folders = new Map<string, Promise<Records>>();

  constructor(data: Tree, system: Tree | null, maxEntries: number) {
    this.#data = data;
    this.#system = system;
    this.#maxEntries = maxEntries;
  }

  /** Whether the files of root seem to be of somebody else: macOS keeps the accounts in a folder of root's. */
  async areOwnersHidden(): Promise<boolean> {
    const place = await find(this.#data, nodePath, true);
    return place.kind === 'found' && place.stats.uid !== 0;
  }

  /** When the Mac last wrote what is read here; 0 where nothing is found. */
  async writtenTime(): Promise<number> {
    const times = [0];
    for (const [tree, path] of [
      [this.#data, nodePath],
      [this.#data, usersPath],
      [this.#data, groupsPath],
      [this.#system, versionPath],
    ] as const) {
      const place = tree === null ? null : await find(tree, path, true);
      if (place?.kind === 'found') times.push(Math.floor(place.stats.mtimeMs / 1000));
    }
    return Math.max(...times);
  }

  /** Null for what only a running Mac can say. */
  async run(source: CommandName, argv: readonly string[]): Promise<Output | null> {
    switch (source) {
      case 'ds_users':
      case 'ds_account_policy':
      case 'ds_remote_rights':
        return this.#records(usersPath, parseDslocalUser, argv);
      case 'ds_groups':
        return this.#records(groupsPath, parseDslocalGroup, argv);
      case 'sw_vers':
        return this.#version();
      default:
        return null;
    }
  }

  async readFile(path: string): Promise<FileContent | null> {
    const place = await findAllowed(this.#data, path, true);
    if (place.kind === 'elsewhere') return null;
    return place.kind === 'missing' ? place : { kind: 'content', bytes: await readPlace(place, path) };
  }

  async list(path: string): Promise<FolderContent | null> {
    const place = await findAllowed(this.#data, path, true);
    if (place.kind === 'elsewhere') return null;
    if (place.kind === 'missing') return place;
    if (!place.stats.isDirectory()) throw parseFailed(`${path} is not a folder`);
    try {
      return { kind: 'names', names: (await readdir(place.path)).toSorted() };
    } catch {
      return { kind: 'denied' };
    }
  }

  async stat(path: string): Promise<PathStat | null> {
    const place = await findAllowed(this.#data, path, false);
    if (place.kind === 'elsewhere') return null;
    return place.kind === 'missing' ? place : pathStatOf(place.stats);
  }

  /** @param areOwnersHidden What `areOwnersHidden` told. */
  async readOwned(path: string, uid: number, areOwnersHidden: boolean): Promise<OwnedFile | null> {
    for (const folder of [dirname(dirname(path)), dirname(path)]) {
      const place = await find(this.#data, folder, false);
      if (place.kind === 'elsewhere') return null;
      if (place.kind === 'missing') return { look: place, bytes: null };
      // A link, too: what it leads to is of whoever made it.
      if (place.kind !== 'found' || !place.stats.isDirectory()) return refused;
    }
    const place = await find(this.#data, path, false);
    if (place.kind === 'missing') return { look: place, bytes: null };
    if (place.kind !== 'found' || !place.stats.isFile()) return refused;
    const look = pathStatOf(place.stats);
    if (areOwnersHidden) return { look, bytes: null, isOwnerHidden: true };
    return { look, bytes: isOwn(look, uid) ? await readPlace(place, path) : null };
  }

  async #records(folder: string, parse: Parse, argv: readonly string[]): Promise<Output> {
    const { records, problems } = await this.#recordsOf(folder, parse);
    return answer(rendered(records, argv.slice(5)), problems);
  }

  #recordsOf(folder: string, parse: Parse): Promise<Records> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const reading = readRecords(this.#data, folder, parse, this.#maxEntries);
    reading.catch(() => {});
    this.#folders.set(folder, reading);
    return reading;
  }

  async #version(): Promise<Output | null> {
    if (this.#system === null) {
      throw new CollectError('not_recorded', 'the version of macOS is on the System volume', {
        hint: 'name a folder that holds the Data volume and the System volume',
      });
    }
    const place = await findAllowed(this.#system, versionPath, true);
    if (place.kind !== 'found') return null;
    const { stdout, problems } = versionOf(await readPlace(place, versionPath));
    return answer(stdout, problems);
  }
}

/** Throws UserError, naming what is missing, for what is no macOS volume. */
const openVolume = async (path: string, maxEntries: number): Promise<Volume> => {
  const { data, system } = await findTrees(await rootOf(path));
  if (data !== null) return new Volume(data, system, maxEntries);
  throw system === null
    ? new UserError(
        `${path} is not a macOS volume: it has neither ${nodePath.slice(1)} nor ${versionPath.slice(1)}`,
        hintOfPath,
      )
    : new UserError(
        `${path} is a System volume without its Data volume: ${nodePath.slice(1)} is missing`,
        hintOfPath,
      );
};

/**
 * A mounted macOS volume: a whole system (10.14 or earlier), the Data volume of a pair, or a folder that holds
 * both. Its `capturedTime` is the newest modification time of the two folders of account records and of
 * SystemVersion.plist: when the Mac last wrote what is read here. `euid` is null, for who mounts a volume
 * changes nothing of what it says. No file that may be read says which hardware it was used with, so `hostId`
 * is what the caller knows. A folder with more than `maxEntries` entries (200,000) is not walked to its end.
 * Throws UserError, naming what is missing, for what is no macOS volume.
 */
export const volumeBackend = async (
  path: string,
  options: { readonly hostId?: string | null; readonly maxEntries?: number } = {},
): Promise<Backend> => {
  const volume = await openVolume(path, options.maxEntries ?? defaultMaxEntries);
  const areOwnersHidden = await volume.areOwnersHidden();
  return {
    origin: 'volume',
    label: `volume:${path}`,
    capturedTime: await volume.writtenTime(),
    euid: null,
    hostId: options.hostId ?? null,
    areOwnersHidden,
    run: (source, argv) => volume.run(source, argv),
    readFile: (file) => volume.readFile(file),
    list: (folder) => volume.list(folder),
    stat: (file) => volume.stat(file),
    readOwned: (file, uid) => volume.readOwned(file, uid, areOwnersHidden),
  };
};
