/** Where the text goes: files that are written beside and renamed, whole or not at all. */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, FileError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { checkLinks } from '../collector/trust.ts';
import { compressionOf, newFileFlags, PartFile } from './part_file.ts';
import type { Compression } from './part_file.ts';

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

/** `results.ndjson.zst` and 2 make `results.2.ndjson.zst`: what reads files by the end of their name reads these too. */
const numberedName = (path: string, number: number): string => {
  if (number === 0) return path;
  const end = /(?:\.(?:ndjson|jsonl|json|log|csv))?(?:\.(?:zst|gz))?$/.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - end.length)}.${number}${end}`;
};

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

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
};

/**
 * A name beside a file, for what takes its place when it is whole. Nobody can guess it, and take it first.
 *
 * @param number Of several that one run writes.
 */
const nameBeside = (path: string, number = 0): string => {
  const random = crypto.getRandomValues(Buffer.alloc(6)).toString('hex');
  return join(dirname(path), `.${basename(path)}.${process.pid}.${number}.${random}.tmp`);
};

// What an older version left has no random part.
const endOfBeside = /^(\d+)\.\d+(?:\.[0-9a-f]{12})?\.tmp$/;

/** A file that is there, and ours. */
const isOwnFile = (path: string): boolean => {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.uid === (process.geteuid?.() ?? stat.uid);
};

/** Clears away what a run that was killed left beside the file. */
export const sweep = (path: string): void => {
  const folder = dirname(path);
  const start = `.${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(start) ? endOfBeside.exec(name.slice(start.length))?.[1] : undefined;
    if (pid === undefined || Number(pid) === process.pid || isAlive(Number(pid))) continue;
    // What others named so is theirs.
    if (isOwnFile(join(folder, name))) rmSync(join(folder, name), { force: true });
  }
};

/** A file, or several where it is cut after a size. Nothing is seen under its name before `finish`. */
class FileSink implements Sink {
  private readonly path: string;
  private readonly options: FileOptions;
  private readonly compression: Compression;
  private readonly parts: PartFile[] = [];
  private part: PartFile;
  private pending = '';
  /** Of the part, as text. */
  private bytes = 0;

  constructor(path: string, options: FileOptions) {
    this.path = path;
    this.options = options;
    this.compression = compressionOf(path);
    try {
      checkPlace(path);
      sweep(path);
      this.part = this.begin();
    } catch (error) {
      throw fileFailure(error, path, 'write');
    }
  }

  write(text: string): void | Promise<void> {
    this.pending += text;
    return this.pending.length >= chunkCharacters ? this.flush() : undefined;
  }

  async writeBytes(more: Uint8Array): Promise<void> {
    await this.flush();
    this.bytes += more.length;
    await this.guarded(() => this.part.writeNow(more));
  }

  cut(): void | Promise<void> {
    const { rotateBytes } = this.options;
    if (rotateBytes === undefined || this.bytes + this.pending.length < rotateBytes) return undefined;
    return this.guarded(async () => {
      await this.flush();
      await this.part.finish();
      this.part = this.begin();
    });
  }

  finish(): Promise<void> {
    return this.guarded(async () => {
      const { path, parts, part } = this;
      const { keep = 0 } = this.options;
      await this.flush();
      // Where older files are kept, one without a line would only push one with lines out.
      if (this.bytes === 0 && (parts.length > 1 || keep > 0)) {
        parts.pop();
        part.abandon();
      } else await part.finish();
      for (const { path: from } of parts) {
        if (keep > 0 || parts.length > 1) this.shift();
        renameSync(from, path);
      }
      syncFolder(dirname(path));
    });
  }

  abandon(): void {
    for (const one of this.parts) one.abandon();
  }

  private begin(): PartFile {
    const part = new PartFile(nameBeside(this.path, this.parts.length), this.compression);
    this.parts.push(part);
    this.bytes = 0;
    return part;
  }

  private flush(): Promise<void> {
    return this.guarded(async () => {
      const text = this.pending;
      this.pending = '';
      this.bytes += text.length;
      if (text !== '') await this.part.write(Buffer.from(text, 'utf8'));
    });
  }

  /** Makes room for a file under the name: the older ones get the next number each, and the oldest may go. */
  private shift(): void {
    const { keep = 0, onDrop } = this.options;
    const at = (number: number): string => numberedName(this.path, number);
    if (!existsSync(this.path)) return;
    // What this run wrote nobody has read yet: only what an earlier one left is dropped.
    const most = Math.max(keep, this.parts.length - 1);
    // The first gap takes them in: what is older stays where it is.
    let last = 1;
    while (last < most && existsSync(at(last))) last += 1;
    if (existsSync(at(last))) onDrop?.(at(last), most + 1);
    for (let number = last; number > 0; number -= 1) renameSync(at(number - 1), at(number));
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fileFailure(error, this.path, 'write');
    }
  }
}

/** Refuses what a file cannot take the place of. */
export const checkPlace = (path: string): void => {
  checkLinks(dirname(path));
  const there = path.endsWith('/') ? null : statSync(path, { throwIfNoEntry: false });
  if (there === null || there?.isDirectory() === true) throw Object.assign(new Error(''), { code: 'EISDIR' });
  // A rename would put a file in the place of /dev/null, for every program of the machine.
  if (there?.isFile() === false)
    throw new FileError(path, ' is no regular file', 'without --output it goes to stdout: … > FILE');
};

export const fileSink = (path: string, options: FileOptions = {}): Sink => new FileSink(path, options);

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

/** Puts a small file in place as a whole; readable by its owner alone, where nothing else is said. */
export const replaceFile = (path: string, content: string | Uint8Array, mode = 0o600): void => {
  const beside = nameBeside(path);
  try {
    const fd = openSync(beside, newFileFlags, 0o600);
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let from = 0; from < bytes.length; from += writeSync(fd, bytes, from));
      if (mode !== 0o600) fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(beside, { force: true });
    throw fileFailure(error, path, 'write');
  }
};
