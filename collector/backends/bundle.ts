/** The files of an evidence bundle, a folder or a .tar.gz, and how they are laid out. */
import { createReadStream, lstatSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { FileError, UserError } from '../errors.ts';
import { fileFailure, isNotThere } from '../file_failure.ts';
import { openRegular, readRegular } from '../files.ts';
import { decodeUtf8 } from '../sanitize.ts';

export const format = 'tokenquery-evidence';
export const formatVersion = 1;
/** Loaded where something is packed: most bundles that are asked are not. */
const zlib = () => process.getBuiltinModule('node:zlib');
/** As much as `capture` keeps of one output. */
const maxFileBytes = 64 * 1024 * 1024;
/** Some twenty times that of a Mac with 5,000 accounts. */
const maxBundleBytes = 256 * 1024 * 1024;
const maxEntries = 100_000;
/** With what tar itself adds to each file. */
const maxUnpackedBytes = maxBundleBytes + maxEntries * 1536;
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

/** What a bundle may hold; it may come from anybody, and a small archive can be the start of an endless one. */
class Limits {
  readonly #bundle: string;
  #entries = 0;
  #bytes = 0;

  constructor(bundle: string) {
    this.#bundle = bundle;
  }

  #refused(what: string): FileError {
    return new FileError(this.#bundle, ` is more than any Mac answers: ${what}`, whatABundleIs);
  }

  addEntry(): void {
    this.#entries += 1;
    if (this.#entries > maxEntries) throw this.#refused(`it holds more than ${maxEntries} files and folders`);
  }

  /** Throws FileError, before they are read, where there are too many. */
  addBytes(path: string, bytes: number): void {
    if (bytes > maxFileBytes) throw this.#refused(`${path} has more than 64 MiB`);
    this.#bytes += bytes;
    if (this.#bytes > maxBundleBytes) throw this.#refused('its files have more than 256 MiB');
  }

  checkUnpacked(bytes: number): void {
    if (bytes > maxUnpackedBytes) throw this.#refused('it unpacks to more than 256 MiB');
  }
}

const openFolder = (folder: string): BundleFiles => {
  const files = new Map<string, () => Uint8Array>();
  const limits = new Limits(folder);
  // What is in it has plain names: only the folder's own is to be made plain, once.
  const prefix = join(folder, '-').slice(0, -1);
  /** Once, so that what was compared with SHA256SUMS is what is used. */
  const reader = (path: string): (() => Uint8Array) => {
    let content: Uint8Array | null = null;
    return () => {
      if (content !== null) return content;
      // A link in it would make root read a file of somebody else's choice.
      const bytes = readRegular(`${prefix}${path}`, maxFileBytes, { noLink: true, hint: whatABundleIs });
      limits.addBytes(path, bytes.length);
      content = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      return content;
    };
  };
  const walk = (relative: string): void => {
    for (const entry of readdirSync(join(folder, relative), { withFileTypes: true })) {
      limits.addEntry();
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.set(path, reader(path));
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

/** The streams from a packed file to what unpacks it; `unpack` is destroyed with the first error of any. */
const unpackInto = (archive: string, unpack: Writable, limits: Limits): Readable => {
  const reading = createReadStream(archive, { fd: openRegular(archive, { hint: whatABundleIs }).fd });
  const gunzip = zlib().createGunzip();
  const fail = (error: Error): void => {
    unpack.destroy(error);
  };
  let unpacked = 0;
  gunzip.on('data', (chunk: Uint8Array) => {
    unpacked += chunk.length;
    try {
      limits.checkUnpacked(unpacked);
    } catch (error) {
      fail(error as Error);
    }
  });
  reading.on('error', fail);
  gunzip.on('error', fail);
  reading.pipe(gunzip).pipe(unpack);
  return reading;
};

const openArchive = async (archive: string): Promise<BundleFiles> => {
  const { extract } = await import(/* webpackMode: "eager" */ 'tar-stream');
  const files = new Map<string, () => Uint8Array>();
  const limits = new Limits(archive);
  const unpack = extract();
  const reading = unpackInto(archive, unpack as unknown as Writable, limits);
  try {
    for await (const entry of unpack) {
      const name = entry.header.name.replace(/^(?:\.\/)+/, '');
      const isFile = entry.header.type === 'file';
      limits.addEntry();
      limits.addBytes(name, entry.header.size ?? 0);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) if (isFile) chunks.push(chunk);
      if (!isFile) continue;
      if (files.has(name)) throw new FileError(archive, ` holds ${name} twice`, whatABundleIs);
      const bytes = new Uint8Array(Buffer.concat(chunks));
      files.set(name, () => bytes);
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
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

/** A bundle that came with the program, packed by scripts/packed.mjs: it is small, and in memory. */
export interface PackedBundle {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const blockBytes = 512;

/** At once: to wait for each of many small files takes longer than to read them all. */
const openPacked = ({ bytes }: PackedBundle): BundleFiles => {
  const archive = zlib().gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  const textAt = (start: number, length: number): string =>
    archive.toString('utf8', start, start + length).replace(/\0.*$/s, '');
  const files = new Map<string, () => Uint8Array>();
  let at = 0;
  for (let name = textAt(at, 100); name !== ''; name = textAt(at, 100)) {
    const start = at + blockBytes;
    const size = Number.parseInt(textAt(at + 124, 12), 8);
    files.set(name, () => new Uint8Array(archive.buffer, archive.byteOffset + start, size));
    at = start + Math.ceil(size / blockBytes) * blockBytes;
  }
  return files;
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

const isArchive = (path: string): boolean => {
  try {
    return !lstatSync(resolve(path)).isDirectory() && isArchiveName(path);
  } catch (error) {
    const hint = `--source takes live, sample, volume:PATH, or the path of a bundle; ${whatABundleIs}`;
    if (isNotThere(error)) throw new UserError(`no such evidence: ${path}`, hint);
    throw fileFailure(error, path, 'read', hint);
  }
};

/** The files of a bundle, mostly of that at a path; throws UserError. */
export const openBundle = async (path: string | PackedBundle): Promise<BundleFiles> => {
  if (typeof path !== 'string') return openPacked(path);
  const isPacked = isArchive(path);
  try {
    // Before a large folder that is none is walked.
    if (!isPacked) lstatSync(join(path, 'evidence.json'));
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
  const { hash } = process.getBuiltinModule('node:crypto');
  const listed = new Set<string>();
  for (const line of sums.split('\n')) {
    if (line === '') continue;
    const sum = sumOf(line);
    const read = sum === null ? undefined : files.get(sum.path);
    if (sum === null || read === undefined)
      throw changed(`SHA256SUMS names ${sum?.path ?? 'what is no file'}, which is not there`);
    if (hash('sha256', read()) !== sum.digest) throw changed(`${sum.path} does not match SHA256SUMS`);
    listed.add(sum.path);
  }
  for (const path of files.keys()) {
    if (path !== 'SHA256SUMS' && !listed.has(path)) throw changed(`${path} is not in SHA256SUMS`);
  }
};
