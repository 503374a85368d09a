/** A mounted macOS volume: its files answer in place of commands, and nothing on it is ever run. */
import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, opendir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { CollectError, UserError, parseFailed } from '../errors.ts';
import type { PathStat, Backend } from './backend.ts';
import type { FileContent, Output } from './backend.ts';
import { parseDslocalGroup, parseDslocalUser } from '../parsers/dslocal.ts';
import type { DslocalRecord } from '../parsers/dslocal.ts';
import { dsclKey } from '../parsers/ds_records.ts';
import { firstLine } from '../parsers/lines.ts';
import { PlistOdd, parsePlistFileDict, writeXmlPlist } from '../parsers/plist.ts';
import type { CommandName } from '../sources.ts';

/**
 * What is read of a volume beside the files of sources.ts. It is never read of the Mac that this program
 * runs on: there, dscl and sw_vers are asked.
 */
export const volumeFiles = [
  {
    path: '/private/var/db/dslocal/nodes/Default/users/*.plist',
    serves: ['ds_users', 'ds_account_policy'],
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

const nodePath = '/private/var/db/dslocal';
const usersPath = `${nodePath}/nodes/Default/users`;
const groupsPath = `${nodePath}/nodes/Default/groups`;
const versionPath = '/System/Library/CoreServices/SystemVersion.plist';

/** A record has some kilobytes, with a picture about two megabytes. */
const maxFileBytes = 16 * 1024 * 1024;
/** What all records of a folder may come to; a command's output has the same limit. */
const maxRecordsBytes = 64 * 1024 * 1024;
const defaultMaxEntries = 200_000;
/** Records that cannot be read and are told one by one. */
const maxTold = 50;
const maxLinks = 32;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';
const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(codeOf(error));

/** Links that every macOS has at its root, and that a Data volume mounted by itself lacks. */
const linkedToPrivate = new Set(['etc', 'tmp', 'var']);
/** Where other volumes, devices and servers appear while macOS runs: what is there is not of this volume. */
const ofOthers = new Set(['Network', 'Volumes', 'dev', 'home', 'net']);
/** What a Data volume holds of the root that macOS shows (/usr/share/firmlinks). */
const ofData = new Set(['Applications', 'Library', 'Users', 'cores', 'opt', 'private']);

type Place =
  | { readonly kind: 'found'; readonly path: string; readonly stats: Stats }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' }
  /** Of another volume, or of a part of macOS that is not at hand. */
  | { readonly kind: 'elsewhere' }
  /** A link that leads out of the volume, or that leads in circles. */
  | { readonly kind: 'astray' };

/** One folder that stands for `/`. */
interface Tree {
  /** Without links. */
  readonly root: string;
  /** The Data volume of a pair: other parts of `/` are on the System volume. */
  readonly isDataOnly: boolean;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/**
 * Finds what a path of the Mac means on the volume. Every link is resolved here, below the root: an absolute
 * one as that Mac would resolve it, and none that leads out is followed.
 */
const find = async ({ root, isDataOnly }: Tree, path: string, followsLast: boolean): Promise<Place> => {
  const rest = partsOf(path);
  const at: string[] = [];
  let links = 0;
  let found: Stats | null = null;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      // Of folders that are no links, so their parent is the one before.
      if (at.pop() === undefined) return { kind: 'astray' };
      continue;
    }
    if (at.length === 0) {
      if (ofOthers.has(name)) return { kind: 'elsewhere' };
      if (isDataOnly) {
        if (name === 'System' && rest[0] === 'Volumes' && rest[1] === 'Data') {
          rest.splice(0, 2);
          continue;
        }
        const isOnData =
          ofData.has(name) || linkedToPrivate.has(name) || (name === 'usr' && rest[0] === 'local');
        if (!isOnData) return { kind: 'elsewhere' };
      }
    }
    const candidate = join(root, ...at, name);
    try {
      found = await lstat(candidate);
    } catch (error) {
      if (!isAbsent(error)) return { kind: 'denied' };
      if (at.length > 0 || !linkedToPrivate.has(name)) return { kind: 'missing' };
      rest.unshift('private', name);
      continue;
    }
    if (found.isSymbolicLink() && (rest.length > 0 || followsLast)) {
      links += 1;
      if (links > maxLinks) return { kind: 'astray' };
      let target: string;
      try {
        target = await readlink(candidate);
      } catch {
        return { kind: 'denied' };
      }
      if (target.startsWith('/')) at.length = 0;
      rest.unshift(...partsOf(target));
      continue;
    }
    if (rest.length > 0 && !found.isDirectory()) return { kind: 'missing' };
    at.push(name);
  }
  if (at.length === 0 || found === null) return { kind: 'astray' };
  // A ".." at the end of a link leaves the last look behind.
  const end = join(root, ...at);
  try {
    return { kind: 'found', path: end, stats: await lstat(end) };
  } catch {
    return { kind: 'denied' };
  }
};

const denied = (what: string): CollectError =>
  process.geteuid?.() === 0
    ? new CollectError('full_disk_access_required', `${what} may not be read, not even by root`)
    : new CollectError('permission_denied', `${what} may not be read`, {
        hint: 'run as root, or mount the volume so that its owners are ignored',
      });

/**
 * The content of what `find` found; throws CollectError. A pipe or a device is never opened, and what was put
 * in its place since it was found is refused.
 */
const readPlace = async (
  { path, stats }: { readonly path: string; readonly stats: Stats },
  shown: string,
): Promise<Uint8Array> => {
  if (!stats.isFile()) throw parseFailed(`${shown} is not a file`);
  const tooLarge = (): CollectError =>
    new CollectError('output_too_large', `${shown} is larger than ${maxFileBytes / 1024 / 1024} MiB`, {
      hint: 'look at the file by hand: macOS makes none of that size there',
    });
  if (stats.size > maxFileBytes) throw tooLarge();
  try {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(path, flags);
    try {
      const opened = await handle.stat();
      if (opened.ino !== stats.ino || opened.dev !== stats.dev || !opened.isFile())
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
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CollectError) throw error;
    if (['EACCES', 'EPERM'].includes(codeOf(error))) throw denied(shown);
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
const findAllowed = async (
  tree: Tree,
  path: string,
  followsLast: boolean,
): Promise<Exclude<Place, { kind: 'astray' | 'denied' }>> => {
  const place = await find(tree, path, followsLast);
  if (place.kind === 'astray') throw astray(path);
  if (place.kind === 'denied') throw denied(path);
  return place;
};

/** Names of the records of a folder, in order; those that begin with a dot dscl does not list. */
const recordNames = async (folder: string, shown: string, maxEntries: number): Promise<readonly string[]> => {
  const names: string[] = [];
  let entries = 0;
  for await (const { name } of await opendir(folder)) {
    entries += 1;
    if (entries > maxEntries) {
      throw new CollectError('output_too_large', `${shown} holds more than ${maxEntries} entries`, {
        hint: 'look at the folder by hand: no Mac has so many accounts',
      });
    }
    if (!name.startsWith('.') && name.endsWith('.plist')) names.push(name);
  }
  // By code unit, so that the order does not depend on the file system.
  return names.toSorted();
};

/** Of a record that has lost a key, those that can be read. */
type Found = DslocalRecord | PlistOdd;
type Parse = (bytes: Uint8Array) => Found;
interface Records {
  readonly records: readonly Found[];
  readonly problems: readonly CollectError[];
}

/** A parser does not know which record it reads: what is wrong with one is told with its name. */
const parseNamed = <T>(parse: (bytes: Uint8Array) => T, bytes: Uint8Array, shown: string): T => {
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    throw new CollectError(error.code, `${shown}: ${error.message}`, {
      hint: 'look at the record by hand; the others were read',
    });
  }
};

const pairsOf = (record: Found): DslocalRecord =>
  record instanceof PlistOdd ? ((record.rest ?? new Map()) as DslocalRecord) : record;

const lengthOf = (record: Found): number =>
  [...pairsOf(record).values()]
    .flat()
    .reduce((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/** All records of a folder that can be read, and what is wrong with the others. */
const readRecords = async (tree: Tree, path: string, parse: Parse, maxEntries: number): Promise<Records> => {
  const place = await findAllowed(tree, path, true);
  if (place.kind !== 'found' || !place.stats.isDirectory()) {
    throw new CollectError('source_missing', `${path} is not on the volume`, {
      hint: 'the volume is damaged, or is not one that macOS made',
    });
  }
  let names: readonly string[];
  try {
    names = await recordNames(place.path, path, maxEntries);
  } catch (error) {
    throw error instanceof CollectError ? error : denied(path);
  }
  const limit = pLimit(8);
  const records: Found[] = [];
  const problems: CollectError[] = [];
  let total = 0;
  await Promise.all(
    names.map((name, index) =>
      limit(async (): Promise<void> => {
        if (total > maxRecordsBytes) return;
        const shown = `${path}/${firstLine(name)}`;
        const at = join(place.path, name);
        try {
          const bytes = await readPlace({ path: at, stats: await lstat(at) }, shown);
          const record = parseNamed(parse, bytes, shown);
          total += lengthOf(record);
          records[index] = record;
        } catch (error) {
          problems[index] = error instanceof CollectError ? error : denied(shown);
        }
      }),
    ),
  );
  if (total > maxRecordsBytes) {
    throw new CollectError('output_too_large', `the records of ${path} come to more than 64 MiB`, {
      hint: 'look at the folder by hand: no Mac has so many accounts',
    });
  }
  const told = problems.filter((problem) => problem !== undefined);
  const more = told.length - maxTold;
  return {
    records: records.filter((record) => record !== undefined),
    problems:
      more <= 0
        ? told
        : [...told.slice(0, maxTold), parseFailed(`${path}: ${more} more records cannot be read`)],
  };
};

/** What dscl would print of the records, asked for these attributes. */
const rendered = (records: readonly Found[], attributes: readonly string[]): string => {
  const keys = new Set(['RecordName', ...attributes].map(dsclKey));
  return writeXmlPlist(
    records.map((record) => {
      const kept = new Map([...pairsOf(record)].filter(([key]) => keys.has(key)));
      return record instanceof PlistOdd ? new PlistOdd(record.why, kept) : kept;
    }),
  );
};

const versionKeys = {
  ProductName: 'ProductName',
  ProductVersion: 'ProductVersion',
  ProductVersionExtra: 'ProductVersionExtra',
  ProductBuildVersion: 'BuildVersion',
} as const;

/** What sw_vers would print of the keys that can be read, and what is wrong with the others. */
const versionOf = (bytes: Uint8Array): { stdout: string; problems: readonly CollectError[] } => {
  const { dict, odd } = parsePlistFileDict(bytes, 'SystemVersion.plist');
  const problems: CollectError[] = [];
  const noteOdd = (what: string): void =>
    void problems.push(parseFailed(`${versionPath}: ${what}`).costing('value'));
  if (odd !== null) noteOdd(odd);
  const lines = Object.entries(versionKeys).flatMap(([key, printed]) => {
    const value = dict.get(key);
    if (value === undefined) return [];
    if (typeof value === 'string' && value === firstLine(value)) return [`${printed}:\t\t${value}\n`];
    noteOdd(`${key} is not one line of text`);
    return [];
  });
  if (lines.length === 0) throw parseFailed(`${versionPath} does not say the version of macOS`);
  return { stdout: lines.join(''), problems };
};

const isThere = async (tree: Tree, path: string): Promise<boolean> => {
  const { kind } = await find(tree, path, true);
  return kind === 'found' || kind === 'denied';
};

const hintOfPath =
  'name the folder at which the Data volume is mounted, or one that holds it and the System volume';

/** The folder that holds accounts and settings, and the one that holds macOS; one of the two may be null. */
const findTrees = async (path: string): Promise<{ data: Tree | null; system: Tree | null }> => {
  const whole = async (at: string) => {
    const tree: Tree = { root: at, isDataOnly: false };
    return { at, hasData: await isThere(tree, nodePath), hasSystem: await isThere(tree, versionPath) };
  };
  const own = await whole(path);
  if (own.hasData && own.hasSystem) {
    const tree = { root: path, isDataOnly: false };
    return { data: tree, system: tree };
  }
  if (own.hasData) return { data: { root: path, isDataOnly: true }, system: null };
  if (own.hasSystem) {
    // As macOS itself mounts the pair; a link there could lead anywhere, so it is resolved as any other.
    const system: Tree = { root: path, isDataOnly: false };
    const place = await find(system, '/System/Volumes/Data', true);
    const data = place.kind === 'found' ? { root: place.path, isDataOnly: true } : null;
    return { data: data !== null && (await isThere(data, nodePath)) ? data : null, system };
  }
  const below = [];
  let entries = 0;
  for await (const entry of await opendir(path)) {
    entries += 1;
    if (entries > 1000) break;
    // A folder alone: a link could lead anywhere.
    if (entry.isDirectory()) below.push(await whole(join(path, entry.name)));
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
    if (error instanceof UserError) throw error;
    throw isAbsent(error)
      ? new UserError(`no such volume: ${path}`, hintOfPath)
      : new UserError(`${path} cannot be looked into (${codeOf(error) || 'unknown error'})`, 'run as root');
  }
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
  const root = await rootOf(path);
  const { data, system } = await findTrees(root);
  if (data === null && system === null) {
    throw new UserError(
      `${path} is not a macOS volume: it has neither ${nodePath.slice(1)} nor ${versionPath.slice(1)}`,
      hintOfPath,
    );
  }
  if (data === null) {
    throw new UserError(
      `${path} is a System volume without its Data volume: ${nodePath.slice(1)} is missing`,
      hintOfPath,
    );
  }

  const times: number[] = [];
  for (const [tree, each] of [
    [data, nodePath],
    [data, usersPath],
    [data, groupsPath],
    [system, versionPath],
  ] as const) {
    const place = tree === null ? null : await find(tree, each, true);
    if (place?.kind === 'found') times.push(Math.floor(place.stats.mtimeMs / 1000));
  }

  const folders = new Map<string, Promise<Records>>();
  const recordsOf = (folder: string, parse: Parse): Promise<Records> => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const reading = readRecords(data, folder, parse, options.maxEntries ?? defaultMaxEntries);
    reading.catch(() => {});
    folders.set(folder, reading);
    return reading;
  };
  const answer = (stdout: string, problems: readonly CollectError[] = []): Output => ({
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
  const fromRecords = async (folder: string, parse: Parse, argv: readonly string[]): Promise<Output> => {
    const { records, problems } = await recordsOf(folder, parse);
    return answer(rendered(records, argv.slice(5)), problems);
  };

  return {
    origin: 'volume',
    label: `volume:${path}`,
    capturedTime: Math.max(0, ...times),
    euid: null,
    hostId: options.hostId ?? null,
    run: async (source, argv) => {
      switch (source) {
        case 'ds_users':
        case 'ds_account_policy':
          return fromRecords(usersPath, parseDslocalUser, argv);
        case 'ds_groups':
          return fromRecords(groupsPath, parseDslocalGroup, argv);
        case 'sw_vers': {
          if (system === null) {
            throw new CollectError('not_recorded', 'the version of macOS is on the System volume', {
              hint: 'name a folder that holds the Data volume and the System volume',
            });
          }
          const place = await findAllowed(system, versionPath, true);
          if (place.kind !== 'found') return null;
          const { stdout, problems } = versionOf(await readPlace(place, versionPath));
          return answer(stdout, problems);
        }
        default:
          // Only a running Mac can say it.
          return null;
      }
    },
    readFile: async (file): Promise<FileContent | null> => {
      const place = await findAllowed(data, file, true);
      if (place.kind === 'elsewhere') return null;
      return place.kind === 'missing' ? place : { kind: 'content', bytes: await readPlace(place, file) };
    },
    stat: async (file): Promise<PathStat | null> => {
      const place = await findAllowed(data, file, false);
      if (place.kind === 'elsewhere') return null;
      if (place.kind === 'missing') return place;
      const { stats } = place;
      return {
        kind: stats.isDirectory() ? 'dir' : 'file',
        mode: stats.mode & 0o7777,
        uid: stats.uid,
        size: stats.isFile() ? stats.size : 0,
        mtime: Math.floor(stats.mtimeMs / 1000),
      };
    },
  };
};
