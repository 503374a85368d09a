/** Records what a Mac answers, and writes it as an evidence bundle. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UserError } from '../errors.ts';
import { fileFailure, isNotThere } from '../file_failure.ts';
import { checkLinks } from '../trust.ts';
import { sanitizeFile, sanitizeOutput } from '../sanitize.ts';
import { allowListVersion, fileNames, isReadablePath } from '../sources.ts';
import type { CommandName } from '../sources.ts';
import type { Backend, FileContent, Output, PathStat } from './backend.ts';
import { format, formatVersion, isArchiveName, outcomeWords, withoutArchiveName } from './bundle.ts';

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
    readOwned: async (path, uid) => {
      const found = (await backend.readOwned?.(path, uid)) ?? null;
      const source = fileNames.find((name) => isReadablePath(name, path));
      if (found === null || source === undefined) return found;
      if (found.look !== null) stats.set(path, found.look);
      if (found.bytes === null) return found;
      const bytes = await sanitizeFile(source, found.bytes);
      files.set(path, { kind: 'content', bytes });
      return { ...found, bytes };
    },
    list: async (path) => {
      const found = (await backend.list?.(path)) ?? null;
      const look = found?.kind === 'names' ? await backend.stat(path) : found;
      if (look !== null && look.kind !== 'late') stats.set(path, look);
      return found;
    },
    stat: async (path) => {
      const found = await backend.stat(path);
      // A look that did not end tells nothing of the path.
      if (found !== null && found.kind !== 'late') stats.set(path, found);
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

/** What a bundle says of itself. */
interface Description {
  readonly capturedTime: number;
  readonly euid: number | null;
  readonly hostId: string | null;
  readonly tool: string;
}

const described = ({ capturedTime, euid, hostId, tool }: Description) => ({
  format,
  version: formatVersion,
  origin: 'recorded',
  captured_time: capturedTime,
  ...(euid === null ? {} : { euid }),
  ...(hostId === null ? {} : { host_id: hostId }),
  tool,
  allow_list: allowListVersion,
});

type Content = string | Uint8Array;
/** A file of a bundle: its path, and what it holds. */
type Entry = readonly [path: string, content: Content];

const byPath = ([a]: Entry, [b]: Entry): number => (a < b ? -1 : 1);

const commandFiles = (folder: string, argv: readonly string[], output: Output): readonly Entry[] => [
  [`${folder}/argv`, `${argv.join('\n')}\n`],
  [`${folder}/exit_code`, `${exitCodeWord(output)}\n`],
  ...(output.stdout.length > 0 ? [[`${folder}/stdout`, output.stdout] as const] : []),
  ...(output.stderr.length > 0 ? [[`${folder}/stderr`, output.stderr] as const] : []),
  ...(output.startedTime === null ? [] : [[`${folder}/started_time`, `${output.startedTime}\n`] as const]),
  ...(output.durationMs === null ? [] : [[`${folder}/duration_ms`, `${output.durationMs}\n`] as const]),
];

/** stat.tsv, with the files that were asked for and are not there. */
const statsText = ({ files, stats }: Recording): string => {
  const lines = new Map([...stats].map(([path, found]) => [path, statLine(path, found)]));
  for (const [path, found] of files)
    if (found.kind !== 'content' && !lines.has(path)) lines.set(path, statLine(path, found));
  return [...lines]
    .toSorted(byPath)
    .map(([, line]) => `${line}\n`)
    .join('');
};

/** All files of a bundle, by path, in order. */
const bundleFiles = (
  recording: Recording,
  description: Description,
  beside: ReadonlyMap<string, string>,
): Map<string, Uint8Array> => {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  const put = (path: string, content: Content): void => {
    files.set(path, typeof content === 'string' ? encoder.encode(content) : content);
  };
  for (const [path, text] of beside) put(path, text);
  put('evidence.json', `${JSON.stringify(described(description), null, 1)}\n`);
  const commands = [...recording.commands].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [, { argv, output }]] of commands.entries()) {
    const folder = `commands/${String(index + 1).padStart(3, '0')}`;
    for (const [path, content] of commandFiles(folder, argv, output)) put(path, content);
  }
  for (const [path, found] of recording.files) if (found.kind === 'content') put(`files${path}`, found.bytes);
  const stats = statsText(recording);
  if (stats !== '') put('stat.tsv', stats);
  const sums = [...files]
    .toSorted(byPath)
    .map(([path, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${path}\n`);
  put('SHA256SUMS', sums.join(''));
  return files;
};

const writeFolder = (folder: string, files: ReadonlyMap<string, Uint8Array>): void => {
  for (const [path, bytes] of files) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
    writeFileSync(at, bytes, { mode: 0o600, flag: 'wx' });
  }
};

/**
 * Does something in a folder that was just made for it. It is entered, and named no more: who owns the folder above
 * could put a link in its place, and what is written would go where that leads. So nothing may wait meanwhile.
 */
const within = (folder: string, work: () => void): void => {
  const made = lstatSync(folder);
  const before = process.cwd();
  process.chdir(folder);
  try {
    const here = lstatSync('.');
    if (
      !made.isDirectory() ||
      here.ino !== made.ino ||
      here.dev !== made.dev ||
      here.uid !== process.geteuid?.()
    )
      throw new Error('another folder was put in its place meanwhile');
    work();
  } finally {
    process.chdir(before);
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

/** Throws UserError where something is at the place of a bundle: evidence is never overwritten. */
export const mustBeFree = async (out: string): Promise<void> => {
  try {
    await lstat(resolve(out));
  } catch (error) {
    if (isNotThere(error)) return;
    throw error;
  }
  throw new UserError(`${out} exists already`, 'name a new path: evidence is never overwritten');
};

/** Makes the bundle in a folder beside its place, and puts it there when it is whole. */
const makeIn = async (
  staging: string,
  target: string,
  files: ReadonlyMap<string, Uint8Array>,
  time: number,
): Promise<void> => {
  const packed = isArchiveName(target)
    ? await archiveOf(files, withoutArchiveName(basename(target)), time)
    : null;
  within(staging, () => {
    if (packed !== null) writeFileSync('bundle', packed, { mode: 0o600, flag: 'wx' });
    else {
      mkdirSync('bundle', { mode: 0o700 });
      writeFolder('bundle', files);
    }
    renameSync('bundle', target);
  });
};

/**
 * Writes a bundle to a new folder, or to a new .tar.gz; readable by its owner alone. It appears whole
 * or not at all. Throws UserError when the place is taken or cannot be written.
 *
 * @param beside Further files, by name, which no reader of evidence looks at.
 */
export const writeBundle = async (
  out: string,
  recording: Recording,
  description: Description,
  beside: ReadonlyMap<string, string> = new Map(),
): Promise<{ readonly files: number; readonly bytes: number }> => {
  const files = bundleFiles(recording, description, beside);
  const target = resolve(out);
  checkLinks(dirname(target));
  await mustBeFree(out);
  let staging: string | null = null;
  try {
    staging = await mkdtemp(join(dirname(target), '.tokenquery-'));
    await makeIn(staging, target, files, description.capturedTime);
  } catch (error) {
    throw fileFailure(error, out, 'write');
  } finally {
    if (staging !== null) await rm(staging, { recursive: true, force: true });
  }
  const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  return { files: files.size, bytes };
};
