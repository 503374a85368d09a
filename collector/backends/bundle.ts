/** The files of an evidence bundle, a folder or a .tar.gz, and how they are laid out. */
import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, openSync, readFileSync, readdirSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createGunzip } from 'node:zlib';
import { FileError, UserError } from '../errors.ts';
import { fileFailure, isNotThere } from '../file_failure.ts';
import { decodeUtf8 } from '../sanitize.ts';

export const format = 'tokenquery-evidence';
export const formatVersion = 1;
const maxArchiveBytes = 1024 * 1024 * 1024;
export const whatABundleIs = 'a bundle is a folder or .tar.gz that `tokenquery capture` writes';

/** How an outcome is written, and read again. The first two are those of the format; the others are our own. */
export const outcomeWords = {
  timeout: 'timed_out',
  missing: 'missing',
  denied: 'denied',
  output_too_large: 'too_large',
  not_started: 'not_started',
} as const;

/**
 * All files of a bundle by their path inside it. They are many and small: to wait for each would take longer than to
 * read it.
 */
export type BundleFiles = ReadonlyMap<string, () => Uint8Array>;

/** A bundle may come from anybody: a link in it would make root read a file of its choice. */
const readNoLink = (path: string): Uint8Array => {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return new Uint8Array(readFileSync(file));
  } finally {
    closeSync(file);
  }
};

const openFolder = (folder: string): BundleFiles => {
  const files = new Map<string, () => Uint8Array>();
  const walk = (relative: string): void => {
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.set(path, () => readNoLink(join(folder, path)));
      else {
        throw new FileError(
          folder,
          ` holds something that is neither a file nor a folder: ${path}`,
          whatABundleIs,
        );
      }
    }
  };
  walk('');
  return files;
};

const openArchive = async (archive: string): Promise<BundleFiles> => {
  const { extract } = await import(/* webpackMode: "eager" */ 'tar-stream');
  const files = new Map<string, () => Uint8Array>();
  let total = 0;
  const unpack = extract();
  const reading = createReadStream(archive);
  const gunzip = createGunzip();
  const fail = (error: Error): void => {
    unpack.destroy(error);
  };
  reading.on('error', fail);
  gunzip.on('error', fail);
  reading.pipe(gunzip).pipe(unpack);
  try {
    for await (const entry of unpack) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) {
        total += chunk.length;
        if (total > maxArchiveBytes) throw new Error('it unpacks to more than 1 GiB');
        chunks.push(chunk);
      }
      if (entry.header.type !== 'file') continue;
      const bytes = new Uint8Array(Buffer.concat(chunks));
      files.set(entry.header.name.replace(/^(?:\.\/)+/, ''), () => bytes);
    }
  } catch (error) {
    throw new FileError(
      archive,
      ` is not a .tar.gz that can be read: ${(error as Error).message}`,
      whatABundleIs,
    );
  } finally {
    reading.destroy();
  }
  return stripCommonFolder(files);
};

/** An archive of a folder holds the folder; an archive of its content does not. Both are read. */
const stripCommonFolder = (files: BundleFiles): BundleFiles => {
  if (files.has('evidence.json')) return files;
  const [first] = files.keys();
  const prefix = `${first?.split('/')[0]}/`;
  if (![...files.keys()].every((path) => path.startsWith(prefix))) return files;
  return new Map([...files].map(([path, read]) => [path.slice(prefix.length), read]));
};

export const textOf = (files: BundleFiles, path: string): string | null => {
  const read = files.get(path);
  if (read === undefined) return null;
  const text = decodeUtf8(read());
  if (text === null) throw new UserError(`${path} of the evidence is not UTF-8`, whatABundleIs);
  return text;
};

const archiveName = /\.(?:tgz|tar\.gz)$/i;
/** Whether a path has the name of a packed bundle. */
export const isArchiveName = (path: string): boolean => archiveName.test(path);
/** The name of a bundle, packed or not, without what says that it is packed. */
export const withoutArchiveName = (name: string): string => name.replace(archiveName, '');

const isArchive = async (path: string): Promise<boolean> => {
  try {
    return !(await lstat(resolve(path))).isDirectory() && isArchiveName(path);
  } catch (error) {
    const hint = `--source takes live, sample, volume:PATH, or the path of a bundle; ${whatABundleIs}`;
    if (isNotThere(error)) throw new UserError(`no such evidence: ${path}`, hint);
    throw fileFailure(error, path, 'read', hint);
  }
};

/** The files of the bundle at a path; throws UserError. */
export const openBundle = async (path: string): Promise<BundleFiles> => {
  const isPacked = await isArchive(path);
  try {
    // Before a large folder that is none is walked.
    if (!isPacked) await lstat(join(path, 'evidence.json'));
  } catch {
    throw new FileError(path, ' is not an evidence bundle: evidence.json is missing', whatABundleIs);
  }
  try {
    return isPacked ? await openArchive(path) : openFolder(path);
  } catch (error) {
    throw fileFailure(error, path, 'read', whatABundleIs);
  }
};

interface Sum {
  readonly digest: string;
  readonly path: string;
}

/** A line of SHA256SUMS; null for what is none. */
const sumOf = (line: string): Sum | null => {
  const [, digest, path] = /^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/.exec(line) ?? [];
  return digest === undefined || path === undefined ? null : { digest, path };
};

/** Where there are sums, they tell of all files; throws FileError. */
export const checkSums = (label: string, files: BundleFiles): void => {
  const changed = (how: string): FileError =>
    new FileError(label, ` was changed after it was written: ${how}`);
  const sums = textOf(files, 'SHA256SUMS');
  if (sums === null) return;
  const listed = new Set<string>();
  for (const line of sums.split('\n')) {
    if (line === '') continue;
    const sum = sumOf(line);
    const read = sum === null ? undefined : files.get(sum.path);
    if (sum === null || read === undefined)
      throw changed(`SHA256SUMS names ${sum?.path ?? 'what is no file'}, which is not there`);
    const found = createHash('sha256').update(read()).digest('hex');
    if (found !== sum.digest) throw changed(`${sum.path} does not match SHA256SUMS`);
    listed.add(sum.path);
  }
  for (const path of files.keys()) {
    if (path !== 'SHA256SUMS' && !listed.has(path)) throw changed(`${path} is not in SHA256SUMS`);
  }
};
