/** A lake in a folder. What its folder lets others read, its files let them read; a new folder is its owner's alone. */
import { lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../collector/errors.ts';
import { fileFailure, isNotThere } from '../../collector/file_failure.ts';
import { readRegular, statOrNull } from '../../collector/files.ts';
import { checkLinks } from '../../collector/trust.ts';
import { replaceFile, sweep } from '../file_sink.ts';
import { lockBeside } from '../lock.ts';
import { lakeName, manifestName } from './manifest.ts';
import type { Place, Placed } from './place.ts';

const ofOwner = 0o700;
const mayRead = 0o044;
const mayEnter = 0o055;

class FolderPlace implements Place {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(name = ''): string {
    return name === '' ? this.folder : join(this.folder, name);
  }

  async read(name: string, most: number): Promise<Uint8Array | null> {
    const path = this.pathOf(name);
    try {
      return readRegular(path, most);
    } catch (error) {
      if (isNotThere(error)) return null;
      throw fileFailure(error, path, 'read');
    }
  }

  async list(folder: string): Promise<readonly Placed[]> {
    const path = this.pathOf(folder);
    try {
      return readdirSync(path).flatMap((name): Placed[] => {
        const stat = statOrNull(join(path, name));
        if (stat === null) return [];
        const isFolder = stat.isDirectory();
        return [{ name, isFolder, bytes: stat.size, time: isFolder ? 0 : stat.mtimeMs / 1000 }];
      });
    } catch (error) {
      if (isNotThere(error)) return [];
      throw fileFailure(error, path, 'read');
    }
  }

  async prepare(): Promise<void> {
    checkLinks(this.folder);
    const there = statOrNull(this.folder, statSync);
    if (there !== null && !there.isDirectory())
      throw new FileError(this.folder, ' is not a folder', 'a lake is a folder of files: name one for --out');
    try {
      if (there === null) mkdirSync(this.folder, { mode: ofOwner });
      else sweep(this.pathOf(lakeName));
    } catch (error) {
      throw fileFailure(error, this.folder, 'write');
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(name);
    try {
      const mode = lstatSync(this.folder).mode;
      this.makeFolders(name, ofOwner | (mode & mayEnter));
      replaceFile(path, bytes, 0o600 | (mode & mayRead));
    } catch (error) {
      throw fileFailure(error, path, 'write');
    }
  }

  async remove(name: string): Promise<void> {
    try {
      rmSync(this.pathOf(name), { force: true });
    } catch (error) {
      throw fileFailure(error, this.pathOf(name), 'write');
    }
  }

  lock(shard: string): () => void {
    const path = this.pathOf(manifestName(shard));
    return lockBeside(path, `another run is publishing the shard ${shard} in ${this.folder}`);
  }

  /** Those on the way to a file; one that is there stays as it is. */
  private makeFolders(name: string, mode: number): void {
    const parts = name.split('/').slice(0, -1);
    for (let length = 1; length <= parts.length; length += 1) {
      const path = join(this.folder, ...parts.slice(0, length));
      if (statOrNull(path) === null) mkdirSync(path, { mode });
      checkLinks(path);
    }
  }
}

export const folderPlace = (folder: string): Place => new FolderPlace(folder);
