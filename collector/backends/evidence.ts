import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, openSync, readFileSync, readdirSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createGunzip, gzipSync } from 'node:zlib';
import { FileError, UserError } from '../errors.ts';
import type { PathStat, Backend } from './backend.ts';
import type { FileContent, Output } from './backend.ts';
import { decodeUtf8, sanitizeFile, sanitizeOutput } from '../sanitize.ts';
import { fileNames, isReadablePath } from '../sources.ts';
import { isTime } from '../time.ts';
import type { CommandName } from '../sources.ts';

const format = 'tokenquery-evidence';
const formatVersion = 1;
const maxArchiveBytes = 1024 * 1024 * 1024;
const whatABundleIs = 'a bundle is a folder or .tar.gz that `tokenquery capture` writes';

/**
 * All files of a bundle by their path inside it. They are many and small: to wait for each would take longer than to
 * read it.
 */
type Files = ReadonlyMap<string, () => Uint8Array>;

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** A bundle may come from anybody: a link in it would make root read a file of its choice. */
const readNoLink = (path: string): Uint8Array => {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return new Uint8Array(readFileSync(file));
  } finally {
    closeSync(file);
  }
};

const openFolder = (folder: string): Files => {
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

const openArchive = async (archive: string): Promise<Files> => {
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
const stripCommonFolder = (files: Files): Files => {
  if (files.has('evidence.json')) return files;
  const [first] = files.keys();
  const prefix = `${first?.split('/')[0]}/`;
  if (![...files.keys()].every((path) => path.startsWith(prefix))) return files;
  return new Map([...files].map(([path, read]) => [path.slice(prefix.length), read]));
};

const textOf = (files: Files, path: string): string | null => {
  const read = files.get(path);
  if (read === undefined) return null;
  const text = decodeUtf8(read());
  if (text === null) throw new UserError(`${path} of the evidence is not UTF-8`, whatABundleIs);
  return text;
};

const checkSums = (label: string, files: Files): void => {
  const sums = textOf(files, 'SHA256SUMS');
  if (sums === null) return;
  const listed = new Set<string>();
  for (const line of sums.split('\n')) {
    if (line === '') continue;
    const [, expected, path] = /^([0-9a-f]{64}) [ *](?:\.\/)?(.+)$/.exec(line) ?? [];
    const read = path === undefined ? undefined : files.get(path);
    if (expected === undefined || path === undefined || read === undefined) {
      throw new FileError(
        label,
        ` was changed after it was written: SHA256SUMS names ${path ?? 'what is no file'}, which is not there`,
      );
    }
    const found = createHash('sha256').update(read()).digest('hex');
    if (found !== expected) {
      throw new FileError(label, ` was changed after it was written: ${path} does not match SHA256SUMS`);
    }
    listed.add(path);
  }
  for (const path of files.keys()) {
    if (path !== 'SHA256SUMS' && !listed.has(path)) {
      throw new FileError(label, ` was changed after it was written: ${path} is not in SHA256SUMS`);
    }
  }
};

interface Manifest {
  readonly origin: 'recorded' | 'constructed';
  readonly capturedTime: number;
  readonly euid: number | null;
  readonly hostId: string | null;
}

const readManifest = (label: string, files: Files): Manifest => {
  const text = textOf(files, 'evidence.json');
  if (text === null)
    throw new FileError(label, ' is not an evidence bundle: evidence.json is missing', whatABundleIs);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new FileError(label, ' is not an evidence bundle: evidence.json is not JSON', whatABundleIs);
  }
  const manifest = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  const { format: is, version, origin, captured_time: time, euid, host_id: hostId } = manifest;
  if (is !== format) {
    throw new FileError(
      label,
      ` is not an evidence bundle: evidence.json does not say "format": "${format}"`,
      whatABundleIs,
    );
  }
  if (version !== formatVersion) {
    throw new FileError(
      label,
      ` is an evidence bundle of version ${String(version)}; this tokenquery reads version ${formatVersion}`,
      'use a newer tokenquery',
    );
  }
  if (origin !== 'recorded' && origin !== 'constructed') {
    throw new FileError(
      label,
      ': evidence.json has no origin, which is "recorded" or "constructed"',
      whatABundleIs,
    );
  }
  if (typeof time !== 'number' || !Number.isSafeInteger(time)) {
    throw new FileError(label, ': evidence.json has no captured_time in unix seconds', whatABundleIs);
  }
  if (!isTime(time)) {
    throw new FileError(
      label,
      `: the captured_time of evidence.json is no date: ${time}`,
      'it counts seconds since 1970',
    );
  }
  return {
    origin,
    capturedTime: time,
    euid: typeof euid === 'number' && Number.isSafeInteger(euid) ? euid : null,
    hostId: typeof hostId === 'string' && hostId !== '' ? hostId.toUpperCase() : null,
  };
};

const integerOf = (text: string | null): number | null =>
  text !== null && /^-?[0-9]{1,15}\s*$/.test(text) ? Number(text) : null;

// How an outcome is written, and read again. The first three are those of the format; the others are our own.
const outcomeWords = {
  timeout: 'timed_out',
  missing: 'missing',
  denied: 'denied',
  output_too_large: 'too_large',
  not_started: 'not_started',
} as const;

const readCommand = (label: string, files: Files, folder: string): Omit<Output, 'stdout' | 'stderr'> => {
  const word = textOf(files, `${folder}/exit_code`)?.trim();
  const common = {
    startedTime: integerOf(textOf(files, `${folder}/started_time`)),
    durationMs: integerOf(textOf(files, `${folder}/duration_ms`)),
    exitCode: null,
    signal: null,
  };
  if (word === undefined) throw new FileError(label, `: ${folder}/exit_code is missing`, whatABundleIs);
  const outcome = outcomeWords[word as keyof typeof outcomeWords];
  const isSpawned = outcome !== 'missing' && outcome !== 'denied' && outcome !== 'not_started';
  if (outcome !== undefined) return { ...common, outcome, isSpawned };
  const signal = /^signal:(SIG[A-Z0-9]+)$/.exec(word)?.[1];
  if (signal !== undefined) return { ...common, outcome: 'signalled', signal, isSpawned };
  const exitCode = integerOf(word);
  if (exitCode === null)
    throw new FileError(
      label,
      `: ${folder}/exit_code holds neither a number nor a word of the format`,
      whatABundleIs,
    );
  return { ...common, outcome: 'exited', exitCode, isSpawned };
};

const readStats = (label: string, files: Files): ReadonlyMap<string, PathStat> => {
  const stats = new Map<string, PathStat>();
  for (const [index, line] of (textOf(files, 'stat.tsv') ?? '').split('\n').entries()) {
    if (line === '') continue;
    const [path = '', kind, mode = '', uid = '', size = '', mtime = ''] = line.split('\t');
    if (kind === 'missing' || kind === 'denied') stats.set(path, { kind });
    else if (
      (kind === 'file' || kind === 'dir') &&
      /^[0-7]{3,5}$/.test(mode) &&
      [uid, size, mtime].every((text) => integerOf(text) !== null)
    ) {
      stats.set(path, {
        kind,
        mode: Number.parseInt(mode, 8),
        uid: Number(uid),
        size: Number(size),
        mtime: Number(mtime),
      });
    } else {
      throw new FileError(
        label,
        `: line ${index + 1} of stat.tsv is not "path, kind, mode, uid, size, mtime" with tabs`,
        whatABundleIs,
      );
    }
  }
  return stats;
};

/**
 * Evidence that was recorded on a Mac, now or long ago: a folder or a .tar.gz.
 * Throws UserError, naming what is missing, for what is no bundle.
 */
export const evidenceBackend = async (
  path: string,
  label: string = path,
): Promise<Backend & { readonly isConstructed: boolean }> => {
  let isFolder: boolean;
  try {
    isFolder = (await lstat(resolve(path))).isDirectory() || !/\.(?:tgz|tar\.gz)$/i.test(path);
  } catch (error) {
    const hint = `--source takes live, sample, volume:PATH, or the path of a bundle; ${whatABundleIs}`;
    if (isMissing(error)) throw new UserError(`no such evidence: ${path}`, hint);
    throw new FileError(path, ` cannot be read: ${(error as Error).message}`, hint);
  }
  let files: Files;
  try {
    // Before a large folder that is none is walked.
    if (isFolder) await lstat(join(path, 'evidence.json'));
  } catch {
    throw new FileError(path, ' is not an evidence bundle: evidence.json is missing', whatABundleIs);
  }
  try {
    files = isFolder ? openFolder(path) : await openArchive(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new FileError(
      path,
      ` is not an evidence bundle: it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      whatABundleIs,
    );
  }
  const manifest = readManifest(label, files);
  checkSums(label, files);

  const folders = new Map<
    string,
    { readonly folder: string; readonly known: Omit<Output, 'stdout' | 'stderr'> }
  >();
  for (const file of files.keys()) {
    const folder = /^(commands\/[^/]+)\/argv$/.exec(file)?.[1];
    if (folder === undefined) continue;
    const argv = (textOf(files, file) ?? '').replace(/\n$/, '').split('\n');
    const key = argv.join('\0');
    if (folders.has(key)) throw new FileError(label, ` has ${argv.join(' ')} twice`, whatABundleIs);
    folders.set(key, { folder, known: readCommand(label, files, folder) });
  }
  const stats = readStats(label, files);
  const bytesOf = (file: string): Uint8Array => files.get(file)?.() ?? new Uint8Array();

  return {
    origin: 'evidence',
    label,
    isConstructed: manifest.origin === 'constructed',
    capturedTime: manifest.capturedTime,
    euid: manifest.euid,
    hostId: manifest.hostId,
    run: async (_source, argv) => {
      const recorded = folders.get(argv.join('\0'));
      if (recorded === undefined) return null;
      const { folder, known } = recorded;
      return {
        ...known,
        stdout: bytesOf(`${folder}/stdout`),
        stderr: bytesOf(`${folder}/stderr`),
      };
    },
    readFile: async (file): Promise<FileContent | null> => {
      const read = files.get(`files${file}`);
      if (read !== undefined) return { kind: 'content', bytes: read() };
      const found = stats.get(file);
      if (found === undefined) return null;
      return found.kind === 'missing' || found.kind === 'denied' ? { kind: found.kind } : null;
    },
    stat: async (file) => stats.get(file) ?? null,
  };
};

/** What a recording backend has seen, in the order of its paths. */
export interface Recording {
  readonly commands: ReadonlyMap<string, { readonly argv: readonly string[]; readonly output: Output }>;
  readonly files: ReadonlyMap<string, FileContent>;
  readonly stats: ReadonlyMap<string, PathStat>;
}

/** A backend that remembers, sanitized to what may be kept, all that it was asked. */
export const recordingBackend = (
  backend: Backend,
  include: ReadonlySet<string>,
): { readonly backend: Backend; readonly recording: Recording } => {
  const commands = new Map<string, { argv: readonly string[]; output: Output }>();
  const files = new Map<string, FileContent>();
  const stats = new Map<string, PathStat>();
  const recorder: Backend = {
    ...backend,
    run: async (source: CommandName, argv) => {
      const found = await backend.run(source, argv);
      if (found === null) return null;
      const output = await sanitizeOutput(source, found, include);
      commands.set(argv.join('\0'), { argv, output });
      return output;
    },
    readFile: async (path) => {
      const found = await backend.readFile(path);
      const source = fileNames.find((name) => isReadablePath(name, path));
      if (found === null || source === undefined) return found;
      const kept: FileContent =
        found.kind === 'content'
          ? { kind: 'content', bytes: await sanitizeFile(source, found.bytes) }
          : found;
      files.set(path, kept);
      return kept;
    },
    stat: async (path) => {
      const found = await backend.stat(path);
      if (found !== null) stats.set(path, found);
      return found;
    },
  };
  return { backend: recorder, recording: { commands, files, stats } };
};

const exitCodeWord = ({ outcome, exitCode, signal }: Output): string => {
  if (outcome === 'exited' && exitCode !== null) return String(exitCode);
  if (outcome === 'signalled') return `signal:${signal ?? 'SIGKILL'}`;
  const [word] = Object.entries(outcomeWords).find(([, known]) => known === outcome) ?? ['not_started'];
  return word;
};

const statLine = (path: string, found: PathStat | FileContent): string => {
  if (found.kind === 'missing' || found.kind === 'denied' || found.kind === 'content') {
    return [path, found.kind, '-', '-', '-', '-'].join('\t');
  }
  const mode = found.mode.toString(8).padStart(4, '0');
  return [path, found.kind, mode, found.uid, found.size, found.mtime].join('\t');
};

/** All files of a bundle, by path, in order. */
const bundleFiles = (
  recording: Recording,
  manifest: {
    readonly capturedTime: number;
    readonly euid: number | null;
    readonly hostId: string | null;
    readonly tool: string;
  },
): Map<string, Uint8Array> => {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  const put = (path: string, content: string | Uint8Array): void => {
    files.set(path, typeof content === 'string' ? encoder.encode(content) : content);
  };
  const described = {
    format,
    version: formatVersion,
    origin: 'recorded',
    captured_time: manifest.capturedTime,
    ...(manifest.euid === null ? {} : { euid: manifest.euid }),
    ...(manifest.hostId === null ? {} : { host_id: manifest.hostId }),
    tool: manifest.tool,
  };
  put('evidence.json', `${JSON.stringify(described, null, 1)}\n`);
  const commands = [...recording.commands].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [, { argv, output }]] of commands.entries()) {
    const folder = `commands/${String(index + 1).padStart(3, '0')}`;
    put(`${folder}/argv`, `${argv.join('\n')}\n`);
    put(`${folder}/exit_code`, `${exitCodeWord(output)}\n`);
    if (output.stdout.length > 0) put(`${folder}/stdout`, output.stdout);
    if (output.stderr.length > 0) put(`${folder}/stderr`, output.stderr);
    if (output.startedTime !== null) put(`${folder}/started_time`, `${output.startedTime}\n`);
    if (output.durationMs !== null) put(`${folder}/duration_ms`, `${output.durationMs}\n`);
  }
  const lines = new Map([...recording.stats].map(([path, found]) => [path, statLine(path, found)]));
  for (const [path, found] of recording.files) {
    if (found.kind === 'content') put(`files${path}`, found.bytes);
    else if (!lines.has(path)) lines.set(path, statLine(path, found));
  }
  const stats = [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => `${line}\n`);
  if (stats.length > 0) put('stat.tsv', stats.join(''));
  const sums = [...files]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${path}\n`);
  put('SHA256SUMS', sums.join(''));
  return files;
};

const writeFolder = async (folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  for (const [path, bytes] of files) {
    const at = join(folder, path);
    await mkdir(dirname(at), { recursive: true, mode: 0o700 });
    await writeFile(at, bytes, { mode: 0o600, flag: 'wx' });
  }
};

const archiveOf = async (
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  time: number,
): Promise<Buffer> => {
  const { pack } = await import(/* webpackMode: "eager" */ 'tar-stream');
  const packing = pack();
  for (const [path, bytes] of files) {
    packing.entry(
      { name: `${name}/${path}`, mode: 0o600, mtime: new Date(time * 1000), uid: 0, gid: 0 },
      Buffer.from(bytes),
    );
  }
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks), { level: 9 });
};

/**
 * Writes a bundle to a new folder, or to a new .tar.gz; readable by its owner alone. It appears whole
 * or not at all. Throws UserError when the place is taken or cannot be written.
 */
export const writeBundle = async (
  out: string,
  recording: Recording,
  manifest: {
    readonly capturedTime: number;
    readonly euid: number | null;
    readonly hostId: string | null;
    readonly tool: string;
  },
): Promise<{ readonly files: number; readonly bytes: number }> => {
  const files = bundleFiles(recording, manifest);
  const target = resolve(out);
  const isArchive = /\.(?:tgz|tar\.gz)$/i.test(target);
  try {
    await lstat(target);
    throw new UserError(`${out} exists already`, 'name a new path: evidence is never overwritten');
  } catch (error) {
    if (error instanceof UserError || !isMissing(error)) throw error;
  }
  let staging: string | null = null;
  try {
    staging = await mkdtemp(join(dirname(target), '.tokenquery-'));
    await chmod(staging, 0o700);
    if (isArchive) {
      const name = basename(target).replace(/\.(?:tgz|tar\.gz)$/i, '');
      const made = join(staging, 'bundle.tar.gz');
      await writeFile(made, await archiveOf(files, name, manifest.capturedTime), { mode: 0o600, flag: 'wx' });
      await rename(made, target);
    } else {
      const made = join(staging, 'bundle');
      await mkdir(made, { mode: 0o700 });
      await writeFolder(made, files);
      await rename(made, target);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `${out} cannot be written: ${code === 'ENOENT' ? 'its folder does not exist' : (code ?? message)}`,
      'name a path in a folder that exists and may be written',
    );
  } finally {
    if (staging !== null) await rm(staging, { recursive: true, force: true });
  }
  const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  return { files: files.size, bytes };
};
