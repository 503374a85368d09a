/** Evidence that was recorded on a Mac, now or long ago, answers in its place. */
import type { Backend, FileContent, Output, PathStat } from './backend.ts';
import {
  checkSums,
  format,
  formatVersion,
  openBundle,
  outcomeWords,
  textOf,
  whatABundleIs,
} from './bundle.ts';
import type { BundleFiles, PackedBundle } from './bundle.ts';
import { CollectError, FileError } from '../errors.ts';
import { isUuid } from '../uuid.ts';
import { oddMoment } from '../time.ts';
import { isVersion } from '../version.ts';

interface Manifest {
  readonly origin: 'recorded' | 'constructed';
  readonly capturedTime: number;
  readonly euid: number | null;
  readonly hostId: string | null;
  readonly allowList: string | null;
}

/** Before the evidence said it, tokenquery had reduced what it recorded all the same; evidence of others is whole. */
const allowListOf = (tool: unknown, said: unknown): string | null => {
  if (typeof said === 'string' && isVersion(said)) return said;
  return typeof tool === 'string' && tool.startsWith('tokenquery ') ? '0' : null;
};

/** The fields of evidence.json, as they stand; throws FileError for what is no bundle of this format. */
const manifestFields = (label: string, files: BundleFiles): Readonly<Record<string, unknown>> => {
  const noBundle = (why: string): FileError =>
    new FileError(label, ` is not an evidence bundle: evidence.json ${why}`, whatABundleIs);
  const text = textOf(files, 'evidence.json');
  if (text === null) throw noBundle('is missing');
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw noBundle('is not JSON');
  }
  const fields = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  if (fields['format'] !== format) throw noBundle(`does not say "format": "${format}"`);
  if (fields['version'] !== formatVersion) {
    throw new FileError(
      label,
      ` is an evidence bundle of version ${String(fields['version'])}; this tokenquery reads version ${formatVersion}`,
      'use a newer tokenquery',
    );
  }
  return fields;
};

const readManifest = (label: string, files: BundleFiles): Manifest => {
  const fields = manifestFields(label, files);
  const { origin, captured_time: time, euid, host_id: hostId, tool, allow_list: allowList } = fields;
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
  const odd = oddMoment(time);
  if (odd !== null) {
    throw new FileError(label, `: the captured_time of evidence.json ${odd}`, 'it counts seconds since 1970');
  }
  if (
    hostId !== undefined &&
    hostId !== null &&
    hostId !== '' &&
    !(typeof hostId === 'string' && isUuid(hostId))
  ) {
    throw new FileError(
      label,
      ': the host_id of evidence.json is no UUID',
      'it is the hardware UUID of the Mac, as ioreg prints it; without it, --host-id names the Mac',
    );
  }
  return {
    origin,
    capturedTime: time,
    euid: typeof euid === 'number' && Number.isSafeInteger(euid) ? euid : null,
    hostId: typeof hostId === 'string' && hostId !== '' ? hostId.toUpperCase() : null,
    allowList: allowListOf(tool, allowList),
  };
};

const integerOf = (text: string | null): number | null =>
  text !== null && /^-?[0-9]{1,15}\s*$/.test(text) ? Number(text) : null;

const readCommand = (
  label: string,
  files: BundleFiles,
  folder: string,
): Omit<Output, 'stdout' | 'stderr'> => {
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

const readStats = (label: string, files: BundleFiles): ReadonlyMap<string, PathStat> => {
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

interface RecordedCommand {
  readonly folder: string;
  readonly known: Omit<Output, 'stdout' | 'stderr'>;
  /** The bundle has it twice, and not alike. */
  readonly isContradicted: boolean;
}

const bytesIn = (files: BundleFiles, path: string): Uint8Array => files.get(path)?.() ?? new Uint8Array();

type Answered = Omit<RecordedCommand, 'isContradicted'>;

/** Whether two folders hold one answer; when it was given, and how long it took, is no part of it. */
const isSameAnswer = (files: BundleFiles, one: Answered, other: Answered): boolean =>
  one.known.outcome === other.known.outcome &&
  one.known.exitCode === other.known.exitCode &&
  one.known.signal === other.known.signal &&
  ['stdout', 'stderr'].every(
    (stream) =>
      Buffer.compare(
        bytesIn(files, `${one.folder}/${stream}`),
        bytesIn(files, `${other.folder}/${stream}`),
      ) === 0,
  );

/** The commands of a bundle by their argv. */
const readCommands = (label: string, files: BundleFiles): ReadonlyMap<string, RecordedCommand> => {
  const commands = new Map<string, RecordedCommand>();
  for (const file of files.keys()) {
    const folder = /^(commands\/[^/]+)\/argv$/.exec(file)?.[1];
    if (folder === undefined) continue;
    const argv = (textOf(files, file) ?? '').replace(/\n$/, '').split('\n');
    const key = argv.join('\0');
    const known = readCommand(label, files, folder);
    const first = commands.get(key);
    const isContradicted =
      first !== undefined && (first.isContradicted || !isSameAnswer(files, first, { folder, known }));
    commands.set(key, { ...(first ?? { folder, known }), isContradicted });
  }
  return commands;
};

/**
 * Evidence that was recorded on a Mac, now or long ago: a folder or a .tar.gz, which may be in memory.
 * Throws UserError, naming what is missing, for what is no bundle.
 */
export const evidenceBackend = async (
  place: string | PackedBundle,
  label: string = typeof place === 'string' ? place : place.name,
): Promise<Backend & { readonly isConstructed: boolean }> => {
  const files = await openBundle(place);
  const { origin, capturedTime, euid, hostId, allowList } = readManifest(label, files);
  checkSums(label, files);
  const commands = readCommands(label, files);
  const stats = readStats(label, files);

  return {
    origin: 'evidence',
    label,
    isConstructed: origin === 'constructed',
    capturedTime,
    euid,
    hostId,
    ...(allowList === null ? {} : { allowList }),
    run: async (_source, argv) => {
      const recorded = commands.get(argv.join('\0'));
      if (recorded === undefined) return null;
      const { folder, known, isContradicted } = recorded;
      if (isContradicted) {
        throw new CollectError(
          'contradicted',
          `the evidence has two answers of ${argv.join(' ')}, not alike`,
          {
            hint: 'collect the evidence again; if it repeats, look at the Mac itself',
          },
        );
      }
      return {
        ...known,
        stdout: bytesIn(files, `${folder}/stdout`),
        stderr: bytesIn(files, `${folder}/stderr`),
      };
    },
    readFile: async (file): Promise<FileContent | null> => {
      const read = files.get(`files${file}`);
      if (read !== undefined) return { kind: 'content', bytes: read() };
      const found = stats.get(file);
      if (found === undefined) return null;
      return found.kind === 'missing' || found.kind === 'denied' ? { kind: found.kind } : null;
    },
    list: async (folder) => {
      const found = stats.get(folder);
      // That it was listed is told by its own line.
      if (found === undefined || found.kind === 'file') return null;
      if (found.kind !== 'dir') return { kind: found.kind };
      const paths = [...[...files.keys()].map((path) => path.replace(/^files/, '')), ...stats.keys()];
      const below = paths.filter((path) => path.startsWith(`${folder}/`));
      const names = below.map((path) => path.slice(folder.length + 1));
      return { kind: 'names', names: [...new Set(names)].filter((name) => !name.includes('/')).toSorted() };
    },
    stat: async (file) => stats.get(file) ?? null,
    readOwned: async (file) => {
      const [look, read] = [stats.get(file) ?? null, files.get(`files${file}`)];
      return look === null && read === undefined ? null : { look, bytes: read?.() ?? null };
    },
  };
};
