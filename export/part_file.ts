/** One file under a name that is not its own yet, compressed or not. */
import { closeSync, constants, fdatasync, fsyncSync, openSync, rmSync, write, writeSync } from 'node:fs';
import type { Gzip } from 'node:zlib';
import { UserError } from '../collector/errors.ts';
import { unfinishedFiles } from '../collector/leaving.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

// Loaded where it is needed: that takes longer than to write a small file without it.
const zlib = () => process.getBuiltinModule('node:zlib');

export const hasZstd = (): boolean =>
  typeof (zlib() as { createZstdCompress?: unknown }).createZstdCompress === 'function';

const suffixes: readonly (readonly [string, Compression])[] = [
  ['.zst', 'zstd'],
  ['.gz', 'gzip'],
];

/** The compression that a name asks for. UserError for one that this Node lacks. */
export const compressionOf = (path: string): Compression => {
  const found = suffixes.find(([suffix]) => path.endsWith(suffix))?.[1] ?? 'none';
  if (found === 'zstd' && !hasZstd()) {
    throw new UserError(
      `this Node (${process.version}) has no zstd`,
      'name the file .gz, or use a newer Node',
      2,
    );
  }
  return found;
};

export const bestSuffix = (): string => (hasZstd() ? '.zst' : '.gz');

// So much is sent to the disk at once while more is made, so that little is left to wait for at the end.
const bytesToSync = 64 * 1024 * 1024;

const writeFully = (fd: number, bytes: Uint8Array): Promise<void> =>
  new Promise((fulfil, reject) => {
    const step = (from: number): void => {
      write(fd, bytes, from, bytes.length - from, null, (error, count) => {
        if (error !== null) reject(error);
        else if (from + count < bytes.length) step(from + count);
        else fulfil();
      });
    };
    step(0);
  });

const compressorOf = (compression: Compression): Gzip | null => {
  if (compression === 'none') return null;
  return compression === 'gzip' ? zlib().createGzip() : zlib().createZstdCompress();
};

/** For a file that is made now: it is none that was there, nor where a link leads. */
export const newFileFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Written to while more is made: what is given last may still be on its way. */
export class PartFile {
  readonly path: string;
  private readonly fd: number;
  private readonly compressor: Gzip | null;
  private writing: Promise<void> = Promise.resolve();
  private syncing: Promise<void> | null = null;
  private unsynced = 0;
  private failure: unknown = null;
  private isOpen = true;

  constructor(path: string, compression: Compression) {
    this.path = path;
    this.fd = openSync(path, newFileFlags, 0o600);
    unfinishedFiles.add(path);
    this.compressor = compressorOf(compression);
    this.compressor?.on('data', (bytes: Uint8Array) => {
      try {
        for (let from = 0; from < bytes.length; from += writeSync(this.fd, bytes, from));
      } catch (error) {
        this.failure ??= error;
      }
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.check();
    const { compressor } = this;
    if (compressor === null) {
      // The one before it is written while this one was made.
      await this.writing;
      this.wrote(bytes.length);
      this.writing = writeFully(this.fd, bytes);
      this.writing.catch(() => {});
    } else if (!compressor.write(bytes)) {
      await new Promise<void>((fulfil) => compressor.once('drain', fulfil));
    }
    this.check();
  }

  /** Done when the bytes are needed no more. To copy them costs less than to have that done by another thread. */
  async writeNow(bytes: Uint8Array): Promise<void> {
    this.check();
    const { compressor } = this;
    await this.writing;
    if (compressor === null) {
      for (let from = 0; from < bytes.length; from += writeSync(this.fd, bytes, from));
      this.wrote(bytes.length);
    } else await new Promise<void>((fulfil) => compressor.write(bytes, () => fulfil()));
    this.check();
  }

  async finish(): Promise<void> {
    const { compressor } = this;
    await this.writing;
    if (compressor !== null) {
      await new Promise<void>((fulfil, reject) => {
        compressor.once('end', fulfil);
        compressor.once('error', reject);
        compressor.end();
      });
    }
    if (this.syncing !== null) await this.syncing;
    this.check();
    fsyncSync(this.fd);
    closeSync(this.fd);
    this.isOpen = false;
  }

  abandon(): void {
    if (this.isOpen) closeSync(this.fd);
    this.isOpen = false;
    rmSync(this.path, { force: true });
    unfinishedFiles.delete(this.path);
  }

  private check(): void {
    if (this.failure !== null) throw this.failure;
  }

  private wrote(count: number): void {
    this.unsynced += count;
    if (this.unsynced < bytesToSync || this.syncing !== null) return;
    this.unsynced = 0;
    this.syncing = new Promise((fulfil) => {
      fdatasync(this.fd, (error) => {
        this.failure ??= error;
        this.syncing = null;
        fulfil();
      });
    });
  }
}
