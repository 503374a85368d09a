/** Where the text goes: files that are written beside and renamed, whole or not at all. */
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as zlib from 'node:zlib';
import { UserError } from '../collector/errors.ts';

export interface Sink {
  write(text: string): void | Promise<void>;
  /** The same as UTF-8, where the sink takes it; the bytes are free again when it is done. */
  writeBytes?(bytes: Uint8Array): Promise<void>;
  /** The text so far is whole: a file may end here. */
  cut(): void | Promise<void>;
  /** All is on the disk, and under its name, when this is done. */
  finish(): Promise<void>;
  /** Nothing of it stays. */
  abandon(): void;
}

export type Compression = 'none' | 'gzip' | 'zstd';

export const hasZstd = typeof (zlib as { createZstdCompress?: unknown }).createZstdCompress === 'function';

const suffixes: readonly (readonly [string, Compression])[] = [
  ['.zst', 'zstd'],
  ['.gz', 'gzip'],
];

/** The compression that a name asks for. UserError for one that this Node lacks. */
export const compressionOf = (path: string): Compression => {
  const found = suffixes.find(([suffix]) => path.endsWith(suffix))?.[1] ?? 'none';
  if (found === 'zstd' && !hasZstd) {
    throw new UserError(
      `this Node (${process.version}) has no zstd`,
      'name the file .gz, or use a newer Node',
      2,
    );
  }
  return found;
};

export const bestSuffix = hasZstd ? '.zst' : '.gz';

export interface FileOptions {
  /** A file begins anew after so many bytes of text. */
  readonly rotateBytes?: number;
  /** How many older files stay, and more where one run makes more; 0 replaces the file that is there. */
  readonly keep?: number;
  /** Told of each older file that is dropped, and how many there were with it. */
  readonly onDrop?: (path: string, count: number) => void;
}

// Text is handed on in chunks of this size; two of them are in memory at once.
const chunkCharacters = 131_072;

/** What the file system says, in words for whoever named the path. */
export const explain = (error: unknown, path: string): unknown => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new UserError(
      `there is no space left for ${path}`,
      'make room and try again: the cursor did not move, so nothing will be left out',
    );
  }
  if (code === 'ENOENT')
    return new UserError(
      `${path} cannot be made: there is no folder ${dirname(path)}`,
      'make the folder first',
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new UserError(`${path} may not be written (${code})`, `may you write in ${dirname(path)}?`);
  }
  if (code === 'EISDIR' || code === 'ENOTEMPTY' || code === 'EEXIST')
    return new UserError(`${path} is a folder`, 'name a file');
  return code === undefined || error instanceof UserError
    ? error
    : new UserError(`${path} cannot be written (${code})`);
};

/** `results.ndjson.zst` and 2 make `results.2.ndjson.zst`: what reads files by the end of their name reads these too. */
export const numberedName = (path: string, number: number): string => {
  if (number === 0) return path;
  const end = /(?:\.(?:ndjson|jsonl|json|log|csv))?(?:\.(?:zst|gz))?$/.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - end.length)}.${number}${end}`;
};

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

const syncFolder = (folder: string): void => {
  // Windows has no such thing, and some file systems refuse it.
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    return;
  }
};

/** One file under a name that is not its own yet. */
const openPart = (path: string, compression: Compression) => {
  const fd = openSync(path, 'wx', 0o600);
  let writing: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  let isOpen = true;
  let unsynced = 0;
  let syncing: Promise<void> | null = null;
  const wrote = (count: number): void => {
    unsynced += count;
    if (unsynced < bytesToSync || syncing !== null) return;
    unsynced = 0;
    syncing = new Promise((fulfil) => {
      fdatasync(fd, (error) => {
        failure ??= error;
        syncing = null;
        fulfil();
      });
    });
  };
  const compressor =
    compression === 'gzip'
      ? zlib.createGzip()
      : compression === 'zstd'
        ? (zlib as unknown as { createZstdCompress: typeof zlib.createGzip }).createZstdCompress()
        : null;
  compressor?.on('data', (bytes: Uint8Array) => {
    try {
      for (let from = 0; from < bytes.length; from += writeSync(fd, bytes, from));
    } catch (error) {
      failure ??= error;
    }
  });
  const check = (): void => {
    if (failure !== null) throw failure;
  };
  return {
    path,
    async write(bytes: Uint8Array): Promise<void> {
      check();
      if (compressor === null) {
        // The one before it is written while this one was made.
        await writing;
        wrote(bytes.length);
        writing = writeFully(fd, bytes);
        writing.catch(() => {});
      } else if (!compressor.write(bytes)) {
        await new Promise<void>((fulfil) => compressor.once('drain', fulfil));
      }
      check();
    },
    /** Done when the bytes are needed no more. */
    async writeNow(bytes: Uint8Array): Promise<void> {
      check();
      await writing;
      if (compressor === null) {
        await writeFully(fd, bytes);
        wrote(bytes.length);
      } else await new Promise<void>((fulfil) => compressor.write(bytes, () => fulfil()));
      check();
    },
    async finish(): Promise<void> {
      await writing;
      if (compressor !== null) {
        await new Promise<void>((fulfil, reject) => {
          compressor.once('end', fulfil);
          compressor.once('error', reject);
          compressor.end();
        });
      }
      if (syncing !== null) await syncing;
      check();
      fsyncSync(fd);
      closeSync(fd);
      isOpen = false;
    },
    abandon(): void {
      if (isOpen) closeSync(fd);
      isOpen = false;
      rmSync(path, { force: true });
    },
  };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Clears away what a run that was killed left beside the file. */
export const sweep = (path: string): void => {
  const folder = dirname(path);
  const start = `.${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(start) ? /^(\d+)\.\d+\.tmp$/.exec(name.slice(start.length))?.[1] : undefined;
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
      rmSync(join(folder, name), { force: true });
  }
};

/** A file, or several where it is cut after a size. Nothing is seen under its name before `finish`. */
export const fileSink = (path: string, { rotateBytes, keep = 0, onDrop }: FileOptions = {}): Sink => {
  const compression = compressionOf(path);
  const parts: ReturnType<typeof openPart>[] = [];
  let pending = '';
  let bytes = 0;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw explain(error, path);
    }
  };
  const begin = (): ReturnType<typeof openPart> => {
    const part = openPart(
      join(dirname(path), `.${basename(path)}.${process.pid}.${parts.length}.tmp`),
      compression,
    );
    parts.push(part);
    bytes = 0;
    return part;
  };
  let part: ReturnType<typeof openPart>;
  try {
    if (path.endsWith('/')) throw Object.assign(new Error(''), { code: 'EISDIR' });
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) throw Object.assign(new Error(''), { code: 'EISDIR' });
    // A rename would put a file in the place of /dev/null, for every program of the machine.
    if (there?.isFile() === false)
      throw new UserError(`${path} is no regular file`, 'without --output it goes to stdout: … > FILE');
    sweep(path);
    part = begin();
  } catch (error) {
    throw explain(error, path);
  }
  const flush = (): Promise<void> =>
    guarded(async () => {
      const text = pending;
      pending = '';
      bytes += text.length;
      if (text !== '') await part.write(Buffer.from(text, 'utf8'));
    });

  const shift = (): void => {
    const at = (number: number): string => numberedName(path, number);
    if (!existsSync(path)) return;
    // What this run wrote nobody has read yet: only what an earlier one left is dropped.
    const most = Math.max(keep, parts.length - 1);
    // The first gap takes them in: what is older stays where it is.
    let last = 1;
    while (last < most && existsSync(at(last))) last += 1;
    if (existsSync(at(last))) onDrop?.(at(last), most + 1);
    for (let number = last; number > 0; number -= 1) renameSync(at(number - 1), at(number));
  };

  return {
    write: (text) => {
      pending += text;
      return pending.length >= chunkCharacters ? flush() : undefined;
    },
    writeBytes: async (more) => {
      await flush();
      bytes += more.length;
      await guarded(() => part.writeNow(more));
    },
    cut: () => {
      if (rotateBytes === undefined || bytes + pending.length < rotateBytes) return undefined;
      return guarded(async () => {
        await flush();
        await part.finish();
        part = begin();
      });
    },
    finish: () =>
      guarded(async () => {
        await flush();
        // Where older files are kept, one without a line would only push one with lines out.
        if (bytes === 0 && (parts.length > 1 || keep > 0)) {
          parts.pop();
          part.abandon();
        } else await part.finish();
        for (const { path: from } of parts) {
          if (keep > 0 || parts.length > 1) shift();
          renameSync(from, path);
        }
        syncFolder(dirname(path));
      }),
    abandon: () => {
      for (const one of parts) one.abandon();
    },
  };
};

/** Standard output; `print` is the only thing that may write there. */
export const stdoutSink = (print: (text: string) => void, flush: () => void): Sink => ({
  write: print,
  cut: () => undefined,
  finish: async () => {
    flush();
    // A file behind it is synced; a pipe has nothing to sync.
    if (fstatSync(1).isFile()) fsyncSync(1);
  },
  abandon: () => undefined,
});

/** Puts a small file in place as a whole, readable by its owner alone. */
export const replaceFile = (path: string, text: string): void => {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}.0.tmp`);
  try {
    rmSync(beside, { force: true });
    const fd = openSync(beside, 'wx', 0o600);
    try {
      const bytes = Buffer.from(text, 'utf8');
      for (let from = 0; from < bytes.length; from += writeSync(fd, bytes, from));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(beside, { force: true });
    throw explain(error, path);
  }
};
