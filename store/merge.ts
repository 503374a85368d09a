/** Many hosts into one file: databases, evidence and exports, in any order and any number of times. */
import { readSync, closeSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FileError, UserError } from '../collector/errors.ts';
import { fileFailure, isPassing, passingHint } from '../collector/file_failure.ts';
import { openRegular } from '../collector/files.ts';
import { errorOf } from './thread_failure.ts';
import type { ThreadFailure } from './thread_failure.ts';
import { isNotBegun, isOutOfMemory, workerArgument } from './worker.ts';
import type { ThreadEntry } from './worker.ts';
import { readHostIds, snapshotReader } from './reader.ts';
import { explainStoreError, openForReading, RefusedRow } from './file.ts';
import type { Store } from './store.ts';
import { doorOf } from './door.ts';
import type { Door } from './door.ts';
import { isNativeName, readNativeFile } from './native/file.ts';
import { hostOfFolder, Strangers } from './senders.ts';
import type { SenderRules } from './senders.ts';
import { levelText, snapshotIdOf } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { KeptWriter } from './kept_writer.ts';
import type { Added } from './writer/writer.ts';

type InputKind = 'database' | 'evidence' | 'native';

export interface Input {
  readonly path: string;
  readonly kind: InputKind;
  /** The folder of whoever sent it: right below the path that was named, or that path. */
  readonly folder?: string;
}

/** What is wrong with an input; the others are merged all the same. */
export interface BadInput {
  readonly path: string;
  readonly message: string;
  readonly hint: string;
  /** Whether the message begins with the path. */
  readonly isNamed: boolean;
  /** It is of the machine, and not of the input: another time it may be read. */
  readonly isPassing: boolean;
}

/** @param cause What was thrown, where that was no UserError. */
const badInput = (path: string, error: UserError, cause: unknown = error.cause): BadInput => ({
  path,
  message: error.message,
  hint: error.hint,
  isNamed: error instanceof FileError && error.path === path,
  isPassing: isPassing(cause),
});

/** Whatever an input brings about is a fault of that input, and the others are merged. */
const plainError = (error: unknown): UserError => {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(
    `it cannot be read: ${message.split('\n')[0]?.slice(0, 200) ?? ''}`,
    isPassing(error)
      ? `${passingHint(error)}; the other inputs are merged`
      : 'is the file whole, and from a Mac of yours? the other inputs are merged',
  );
};

export interface Found {
  readonly inputs: readonly Input[];
  readonly bad: readonly BadInput[];
  /** Files of a folder that are none of these, and links, which are not followed. */
  readonly ignored: readonly string[];
}

const isDatabase = (path: string): boolean => {
  const bytes = Buffer.alloc(16);
  const file = openRegular(path).fd;
  try {
    return readSync(file, bytes, 0, 16, 0) === 16 && bytes.toString('latin1') === 'SQLite format 3\0';
  } finally {
    closeSync(file);
  }
};

const kindOfFile = (path: string): InputKind | null => {
  if (isNativeName(path)) return 'native';
  if (/\.(?:tgz|tar\.gz)$/i.test(path)) return 'evidence';
  return isDatabase(path) ? 'database' : null;
};

const whatIsMerged =
  'merge takes tokenquery databases, evidence (folders, .tar.gz), native exports (.ndjson, .gz, .zst), and folders of these';

const manifestName = 'evidence.json';
/** What `capture` writes into the folder of a bundle: nothing that can be merged by itself. */
const partsOfBundle: ReadonlySet<string> = new Set([
  ...[manifestName, 'SHA256SUMS', 'stat.tsv', 'commands', 'files'],
]);
const amongOthers = 'evidence that is not packed has a folder of its own; the other inputs are merged';

/**
 * The folder by which the sender of a path that was named is known. The outermost folder of the path that is named after a host
 * is its sender's: what lies deeper the sender may have made.
 */
const folderOfNamed = (path: string, isFolder: boolean): string =>
  (isFolder ? path : dirname(path)).split(sep).find((name) => hostOfFolder(name) !== null) ??
  basename(isFolder ? resolve(path) : dirname(resolve(path)));

/**
 * The sender of what lies in a folder that was named: that of the folder, where it is one of a sender, else each folder right
 * below it is that of one.
 */
const senderBelow = (folder: string, entry: Dirent): string =>
  entry.isDirectory() && hostOfFolder(folder) === null ? entry.name : folder;

/**
 * Finds what can be merged below the paths; `target` itself is left out.
 *
 * @param mayBeEmpty A folder in which there is nothing is no fault.
 */
export const findInputs = async (
  paths: readonly string[],
  target: string,
  mayBeEmpty = false,
): Promise<Found> => {
  const inputs: Input[] = [];
  const bad: BadInput[] = [];
  const ignored: string[] = [];
  const own = ['', '-wal', '-shm', '-journal'].map((suffix) => resolve(target) + suffix);
  /** @param sender The folder right below what was named; null for what was named. Who wrote deeper ones is not known. */
  const walk = async (path: string, sender: string | null): Promise<void> => {
    const isNamed = sender === null;
    try {
      const stat = statSync(path);
      const folder = sender ?? folderOfNamed(path, stat.isDirectory());
      if (!stat.isDirectory()) {
        if (own.includes(resolve(path))) {
          if (isNamed) throw new UserError('it is the database that is merged into');
          return;
        }
        const kind = stat.isFile() ? kindOfFile(path) : null;
        if (kind !== null) inputs.push({ path, kind, folder });
        else if (isNamed) throw new UserError('it is none of what can be merged', whatIsMerged);
        else if (!/-(?:wal|shm|journal)$/.test(path)) ignored.push(path);
        return;
      }
      const entries = (await readdir(path, { withFileTypes: true })).toSorted((a, b) =>
        a.name < b.name ? -1 : 1,
      );
      const below = async (wanted: (entry: Dirent) => boolean): Promise<void> => {
        for (const entry of entries) {
          if (entry.name.startsWith('.') || !wanted(entry)) continue;
          if (entry.isSymbolicLink()) ignored.push(join(path, entry.name));
          else await walk(join(path, entry.name), sender ?? senderBelow(folder, entry));
        }
      };
      if (entries.some(({ name }) => name === manifestName)) {
        const counts = [inputs.length, bad.length, ignored.length] as const;
        await below(({ name }) => !partsOfBundle.has(name));
        if (inputs.length === counts[0]) {
          bad.length = counts[1];
          ignored.length = counts[2];
          inputs.push({ path, kind: 'evidence', folder });
          return;
        }
        // One sender must not make a folder of many to evidence of one.
        const manifest = join(path, manifestName);
        bad.push(badInput(manifest, new FileError(manifest, ' lies among other inputs', amongOthers)));
        await below(({ name }) => partsOfBundle.has(name) && name !== manifestName);
        return;
      }
      const before = inputs.length + bad.length;
      await below(() => true);
      if (isNamed && !mayBeEmpty && inputs.length + bad.length === before)
        throw new UserError('nothing in it can be merged', whatIsMerged);
    } catch (error) {
      bad.push(badInput(path, fileFailure(error, path, 'read')));
    }
  };
  for (const path of paths) await walk(path, null);
  return { inputs, bad, ignored };
};

export interface Merged {
  /** Snapshots that are new in the file. */
  stored: number;
  /** Snapshots that were there already. */
  known: number;
  /** Snapshots from before what `retain` dropped. */
  tooOld: number;
  /** New ones that read, with another version of the program, what was read before. */
  readAnew: number;
  /** New ones that are dated ahead of this moment: they are kept and do not count. */
  readonly ahead: Pick<Snapshot, 'hostId' | 'collectedTime'>[];
  readonly hosts: Set<string>;
  /** When the first snapshot was taken that came of each host. */
  readonly since: Map<string, number>;
  readonly bad: BadInput[];
  /** What only a newer tokenquery knows, and the inputs that have it: it is not in the file. */
  readonly leftOut: Map<string, Set<string>>;
}

export interface MergeOptions extends SenderRules {
  /** The version of this program. */
  readonly version: string;
  /** What a snapshot must pass (door.ts); another one is for tests of what lies behind it. */
  readonly accept?: Door;
  /** Reads evidence: collecting is not the store's work. */
  readonly readEvidence: (path: string) => Promise<Snapshot>;
  /** The program that a thread runs to read exports; without it, exports are read in this one. */
  readonly workerEntry?: ThreadEntry;
  /** What that thread may hold; a host that is larger is read in this one. */
  readonly workerMegabytes?: number;
  readonly now: () => number;
  /** Snapshots of several levels of redaction may lie in one file; they must not be joined. */
  readonly mayMix?: boolean;
  /** Is told how many bytes of the inputs are read. */
  readonly progress?: (bytes: number, of: number, merged: Merged) => void;
}

// A transaction that is too small spends its time in waiting for the disk; one that is too large keeps others waiting.
const cellsAtOnce = 200_000;

const sizeOf = (snapshots: readonly Snapshot[]): number =>
  snapshots.reduce(
    (sum, { observations }) =>
      [...observations.values()].reduce((cells, observation) => cells + observation.cells.length, sum + 100),
    0,
  );

/** Something is wrong with the file that is written, not with an input: the work ends. */
class TargetFailure extends Error {
  override readonly name = 'TargetFailure';
}

/** What a row or a snapshot brings about is of the input that has it; what else is told is of the file that is written. */
const isOfTarget = (error: unknown): boolean => error instanceof UserError && !(error instanceof RefusedRow);

/** One file holds one level of redaction: in a mixed one, the same user would be two. Throws UserError for another. */
const levelKeeper = ({ db }: Store, mayMix: boolean): ((snapshots: readonly Snapshot[]) => void) => {
  const levels = new Set(
    db.prepare('SELECT DISTINCT redaction FROM _snapshot').pluck().all() as (string | null)[],
  );
  return (snapshots) => {
    if (mayMix) return;
    for (const { redaction } of snapshots) {
      if (levels.size === 0) levels.add(redaction);
      if (levels.size === 1 && levels.has(redaction)) continue;
      const others = [...levels].filter((level) => level !== redaction).map(levelText);
      throw new UserError(
        `it is ${levelText(redaction)}, and the database holds what is ${others.join(' and ')}`,
        'merge it into another database; --mixed-redaction takes it all the same, but they must not be joined',
      );
    }
  };
};

interface Group {
  readonly path: string;
  readonly snapshots: readonly Snapshot[];
}

/** Snapshots on their way into the file, one list for each host, written some at a time. */
class BatchWriter {
  readonly #merged: Merged;
  readonly #now: () => number;
  readonly #writer: KeptWriter;
  #waiting: Group[] = [];
  #cells = 0;

  constructor(store: Store, merged: Merged, now: () => number) {
    this.#writer = new KeptWriter(store);
    this.#merged = merged;
    this.#now = now;
  }

  add(path: string, snapshots: readonly Snapshot[]): void {
    const size = sizeOf(snapshots);
    // Before, not after: something is always left for the last transaction.
    if (this.#cells + size > cellsAtOnce) this.flush();
    for (const group of Map.groupBy(snapshots, ({ hostId }) => hostId).values())
      this.#waiting.push({ path, snapshots: group });
    this.#cells += size;
  }

  flush(): void {
    const groups = this.#waiting;
    this.#waiting = [];
    this.#cells = 0;
    if (groups.length > 0) this.#write(groups);
  }

  #write(groups: readonly Group[]): void {
    const added: Added[] = [];
    try {
      this.#writer.transact((writer) => {
        for (const { snapshots } of groups) added.push(writer.add(snapshots, this.#now()));
      });
    } catch (error) {
      if (isOfTarget(error)) throw new TargetFailure('', { cause: error });
      this.#refuse(groups, error);
      return;
    }
    for (const one of added) this.#count(one);
    const { hosts, since } = this.#merged;
    for (const { hostId, collectedTime } of groups.flatMap(({ snapshots }) => snapshots)) {
      hosts.add(hostId);
      since.set(hostId, Math.min(collectedTime, since.get(hostId) ?? collectedTime));
    }
  }

  /** One of them has a row that its table refuses; the others are good. */
  #refuse(groups: readonly Group[], error: unknown): void {
    const [group] = groups;
    if (groups.length > 1 || group === undefined) {
      for (const one of groups) this.#write([one]);
      return;
    }
    const hostId = group.snapshots[0]?.hostId ?? '';
    const { message, hint } = plainError(error);
    this.#merged.bad.push(badInput(group.path, new UserError(`${hostId}: ${message}`, hint)));
  }

  #count({ stored, known, tooOld, readAnew, ahead }: Added): void {
    const merged = this.#merged;
    merged.stored += stored;
    merged.known += known;
    merged.tooOld += tooOld;
    merged.readAnew += readAnew;
    // Only what names them: their rows are in the file.
    for (const { hostId, collectedTime } of ahead) merged.ahead.push({ hostId, collectedTime });
  }
}

type FromWorker =
  | { readonly snapshots: readonly Snapshot[] }
  | { readonly done: true; readonly leftOut: ReadonlySet<string> }
  | (ThreadFailure & { readonly leftOut?: ReadonlySet<string> })
  | { readonly read: number };

/** Hears how many bytes of an input are read. */
type Told = (bytes: number) => void;

type Take = (snapshots: readonly Snapshot[]) => void;

/** Reads exports in a thread, so that one core parses while the other writes. */
const nativeWorker = (entry: ThreadEntry, megabytes: number) => {
  const worker = new Worker(entry.script, {
    eval: entry.isText,
    argv: [workerArgument],
    workerData: { task: 'decode' },
    // What it holds is a few batches; without a limit, garbage is left lying until there is a lot of it.
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: megabytes },
  });
  const read = (path: string, take: Take, leftOut: Set<string>, told: Told): Promise<void> =>
    new Promise((fulfil, reject) => {
      const finish = (error: unknown): void => {
        worker.off('message', onMessage);
        worker.off('error', finish);
        if (error === null) fulfil();
        else reject(error);
      };
      const onMessage = (message: FromWorker): void => {
        try {
          if ('read' in message) {
            told(message.read);
            return;
          }
          if ('leftOut' in message) for (const what of message.leftOut ?? []) leftOut.add(what);
          if ('snapshots' in message) {
            take(message.snapshots);
            worker.postMessage({});
          } else if ('done' in message) finish(null);
          else finish(errorOf(message));
        } catch (error) {
          finish(error);
        }
      };
      worker.on('message', onMessage);
      worker.on('error', finish);
      worker.postMessage({ path });
    });
  return { read, end: () => void worker.terminate() };
};

// Below this, starting a thread takes longer than it saves.
const bytesForWorker = 2 * 1024 * 1024;

/** A file says of its snapshots what it likes: what they are is what is in them. */
const named = (snapshot: Snapshot): Snapshot => ({ ...snapshot, snapshotId: snapshotIdOf(snapshot) });

/** Without what is left out it is another snapshot, as it is in an export: the whole one can still come. */
const reduced = ({ reading: _whole, ...snapshot }: Snapshot): Snapshot => snapshot;

const mergeDatabase = (path: string, store: Store, take: Take, leftOut: Set<string>): void => {
  const source = openForReading(path, store.tables, { mayUpdate: false });
  try {
    const reader = snapshotReader(source, { isInput: true });
    const { unknownTables = [], unknownColumns = new Map() } = source.difference ?? {};
    for (const table of unknownTables) leftOut.add(`table ${table}`);
    for (const [table, columns] of unknownColumns)
      for (const column of columns.keys()) leftOut.add(`column ${table}.${column}`);
    const isWhole = leftOut.size === 0;
    // In one transaction: what is read is one moment of the other file.
    source.db.exec('BEGIN');
    for (const hostId of readHostIds(source.db)) {
      const snapshots: readonly Snapshot[] = [...reader.read(hostId)];
      take((isWhole ? snapshots : snapshots.map(reduced)).map(named));
    }
  } catch (error) {
    throw explainStoreError(error, path);
  } finally {
    source.close();
  }
};

/** Exports, read in a thread where that is worth it. */
class ExportReader {
  readonly #store: Store;
  readonly #options: MergeOptions;
  #worker: ReturnType<typeof nativeWorker> | null = null;

  constructor(store: Store, options: MergeOptions) {
    this.#store = store;
    this.#options = options;
  }

  async read(path: string, take: Take, leftOut: Set<string>, told: Told): Promise<void> {
    const { workerEntry, workerMegabytes = 128 } = this.#options;
    if (workerEntry === undefined || statSync(path).size < bytesForWorker) {
      await readNativeFile(path, this.#store.tables, take, { leftOut, read: told });
      return;
    }
    let handed = 0;
    const hand = (snapshots: readonly Snapshot[]): void => {
      take(snapshots);
      handed += snapshots.length;
    };
    try {
      this.#worker ??= nativeWorker(workerEntry, workerMegabytes);
      await this.#worker.read(path, hand, leftOut, told);
    } catch (error) {
      // It may have more of this file under way, which must not be taken for the next one.
      this.end();
      if (!isOutOfMemory(error) && !isNotBegun(error)) throw error;
      await this.#readRest(path, take, leftOut, handed);
    }
  }

  /** Where no thread could begin, or a snapshot is larger than what one may hold: here there is more room. */
  async #readRest(path: string, take: Take, leftOut: Set<string>, handed: number): Promise<void> {
    let passed = 0;
    const takeRest = (snapshots: readonly Snapshot[]): void => {
      const rest = snapshots.slice(Math.max(0, handed - passed));
      passed += snapshots.length;
      if (rest.length > 0) take(rest);
    };
    await readNativeFile(path, this.#store.tables, takeRest, { leftOut });
  }

  end(): void {
    this.#worker?.end();
    this.#worker = null;
  }
}

const nothingMerged = (): Merged => ({
  stored: 0,
  known: 0,
  tooOld: 0,
  readAnew: 0,
  ahead: [],
  hosts: new Set(),
  since: new Map(),
  bad: [],
  leftOut: new Map(),
});

/** How much there is to read; of a folder of evidence, which is small, nobody asks every file. */
const sizeOfInput = ({ path }: Input): number => {
  try {
    return statSync(path).size;
  } catch {
    // Reading it will tell.
    return 0;
  }
};

/** How many bytes of all inputs are read. */
class Reach {
  readonly #sizes: readonly number[];
  readonly #all: number;
  readonly #tell: (bytes: number, of: number) => void;
  #index = 0;
  #before = 0;
  #bytes = 0;

  constructor(inputs: readonly Input[], tell: (bytes: number, of: number) => void) {
    this.#sizes = inputs.map(sizeOfInput);
    this.#all = this.#sizes.reduce((sum, size) => sum + size, 0);
    this.#tell = tell;
  }

  /** The inputs before this one are read. */
  begin(index: number): void {
    for (; this.#index < index; this.#index += 1) this.#before += this.#sizes[this.#index] ?? 0;
    this.at(0);
  }

  readonly at: Told = (bytes) => {
    this.#bytes = Math.min(bytes, this.#sizes[this.#index] ?? 0);
    this.tell();
  };

  tell(): void {
    this.#tell(this.#before + this.#bytes, this.#all);
  }
}

/** Merges inputs into a store. A bad one is named in the result, and the others are in. */
export const merge = async (
  store: Store,
  inputs: readonly Input[],
  options: MergeOptions,
): Promise<Merged> => {
  const merged = nothingMerged();
  const batch = new BatchWriter(store, merged, options.now);
  const keepLevel = levelKeeper(store, options.mayMix === true);
  const accept =
    options.accept ?? doorOf({ tables: store.tables, version: options.version, now: options.now });
  const exports = new ExportReader(store, options);
  const reach = new Reach(inputs, (bytes, of) => options.progress?.(bytes, of, merged));
  const read = async ({ path, kind }: Input, take: Take, leftOut: Set<string>, told: Told): Promise<void> => {
    if (kind === 'database') mergeDatabase(path, store, take, leftOut);
    else if (kind === 'evidence') take([await options.readEvidence(path)]);
    else await exports.read(path, take, leftOut, told);
  };
  // A cut of the power may cost the last transactions, which can be merged again, and nothing else: the disk need
  // not be waited for until the last one, which brings all before it to the disk as well.
  store.db.pragma('synchronous = NORMAL');
  // Much of the log is written several times over: it goes into the file less often.
  store.db.pragma('wal_autocheckpoint = 4000');
  try {
    for (const [index, input] of inputs.entries()) {
      const { path, folder = '' } = input;
      reach.begin(index);
      const strangers = new Strangers();
      const take = (snapshots: readonly Snapshot[]): void => {
        const accepted: Snapshot[] = [];
        try {
          for (const snapshot of snapshots) {
            const one = accept(snapshot);
            if (strangers.pass(options, folder, one)) accepted.push(one);
          }
        } finally {
          // What came before one that is refused is good.
          keepLevel(accepted);
          batch.add(path, accepted);
        }
        reach.tell();
      };
      const leftOut = new Set<string>();
      try {
        await read(input, take, leftOut, reach.at);
      } catch (error) {
        if (error instanceof TargetFailure) throw error;
        merged.bad.push(badInput(path, plainError(error), error instanceof UserError ? error.cause : error));
      }
      if (strangers.fault !== null) merged.bad.push(badInput(path, strangers.fault));
      for (const what of leftOut) merged.leftOut.set(what, (merged.leftOut.get(what) ?? new Set()).add(path));
    }
    store.db.pragma('synchronous = FULL');
    batch.flush();
    return merged;
  } catch (error) {
    // What was read before whatever ended the work is stored; where the file itself fails, nothing can be.
    if (!(error instanceof TargetFailure)) batch.flush();
    throw error instanceof TargetFailure ? error.cause : error;
  } finally {
    exports.end();
  }
};
