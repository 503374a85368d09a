/**
 * A lake in a bucket, read by way of a folder on this machine: a part is fetched once, for its name has its digest. What is in the
 * folder is held against that name each time, so that nobody can put other rows there.
 */
import { hash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FileError } from '../../collector/errors.ts';
import { fileFailure, isNotThere } from '../../collector/file_failure.ts';
import { readRegular, statOrNull } from '../../collector/files.ts';
import { checkLinks } from '../../collector/trust.ts';
import { replaceFile } from '../file_sink.ts';
import type { Place, Placed } from './place.ts';
import type { LakeReading } from './reading.ts';

/** Another run may still read what is named no more. */
const keptMs = 3_600_000;
const folderMode = 0o700;

/** Makes a folder that is its owner’s alone. Throws FileError for one in which others can put what they like. */
const ownFolder = (path: string): void => {
  checkLinks(path);
  try {
    mkdirSync(path, { recursive: true, mode: folderMode });
  } catch (error) {
    throw fileFailure(error, path, 'write');
  }
  const stat = lstatSync(path);
  const what = !stat.isDirectory()
    ? ' is not a folder'
    : stat.uid !== process.geteuid?.()
      ? ` belongs to user ${stat.uid}`
      : (stat.mode & 0o077) !== 0
        ? ' is not its owner’s alone'
        : null;
  if (what !== null)
    throw new FileError(
      path,
      `${what}, and what is fetched of a lake is for you alone`,
      `chmod 700 ${path} where it is yours, or name another folder with --cache DIR`,
    );
};

const isPart = (name: string): boolean => name.startsWith('tbl=');

/** The beginning of the digest that a part has, by its name. */
const digestIn = (name: string): string => /-([0-9a-f]{32})\.parquet$/.exec(name)?.[1] ?? '';

export interface Fetched {
  readonly files: number;
  readonly bytes: number;
  /** Of all that is kept of this lake now. */
  readonly keptBytes: number;
  readonly folder: string;
}

export class CachedPlace implements Place {
  private readonly bucket: Place;
  private readonly folder: string;
  private fetchedFiles = 0;
  private fetchedBytes = 0;

  /** @param cache The folder for all lakes; each has one of its own in it. */
  constructor(bucket: Place, cache: string, identity: string) {
    this.bucket = bucket;
    ownFolder(resolve(cache));
    this.folder = join(resolve(cache), hash('sha256', identity).slice(0, 24));
    ownFolder(this.folder);
  }

  pathOf(name = ''): string {
    return this.bucket.pathOf(name);
  }

  fileOf(name: string): string {
    return join(this.folder, name);
  }

  async read(name: string, most: number): Promise<Uint8Array | null> {
    if (!isPart(name)) return this.bucket.read(name, most);
    const kept = this.kept(name, most);
    if (kept !== null) return kept;
    const bytes = await this.bucket.read(name, most);
    if (bytes === null) return null;
    // What is not what its name says is told by whoever reads it, and not kept.
    if (hash('sha256', bytes).startsWith(digestIn(name))) this.keep(name, bytes);
    this.fetchedFiles += 1;
    this.fetchedBytes += bytes.length;
    return bytes;
  }

  list(folder: string): Promise<readonly Placed[]> {
    return this.bucket.list(folder);
  }

  prepare(): Promise<void> {
    return this.bucket.prepare();
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.bucket.write(name, bytes);
  }

  remove(name: string): Promise<void> {
    return this.bucket.remove(name);
  }

  lock(shard: string): () => void {
    return this.bucket.lock(shard);
  }

  /** Removes what the lake names no more. */
  tidy({ manifests }: LakeReading): Fetched {
    const named = new Set(
      manifests.flatMap(({ tables }) =>
        [...tables.values()].flatMap(({ parts }) => parts.map(({ path }) => path)),
      ),
    );
    let keptBytes = 0;
    for (const name of readdirSync(this.folder, { recursive: true, encoding: 'utf8' })) {
      const stat = statOrNull(this.fileOf(name));
      if (stat === null || !stat.isFile()) continue;
      if (!named.has(name) && Date.now() - stat.mtimeMs > keptMs) rmSync(this.fileOf(name), { force: true });
      else keptBytes += stat.size;
    }
    return { files: this.fetchedFiles, bytes: this.fetchedBytes, keptBytes, folder: this.folder };
  }

  /** A part as it is kept; null where it is not, or is not what its name says. */
  private kept(name: string, most: number): Uint8Array | null {
    const path = this.fileOf(name);
    try {
      const bytes = readRegular(path, most, { noLink: true });
      return hash('sha256', bytes).startsWith(digestIn(name)) ? bytes : null;
    } catch (error) {
      if (isNotThere(error)) return null;
      throw fileFailure(error, path, 'read');
    }
  }

  private keep(name: string, bytes: Uint8Array): void {
    const path = this.fileOf(name);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: folderMode });
      replaceFile(path, bytes);
    } catch (error) {
      throw fileFailure(error, path, 'write');
    }
  }
}
