/** What was typed in a shell, kept for the next one in a file that its owner alone can read. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { codeOf } from '../../collector/errors.ts';
import { statOrNull } from '../../collector/files.ts';

const mostEntries = 1000;
const mostBytes = 1024 * 1024;
/** A statement that is longer is in a file somewhere. */
const longestEntry = 16_384;

/** Where the history is kept; null where nothing says whose home this is. */
export const historyPath = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | null => {
  const state = environment['XDG_STATE_HOME'] ?? '';
  const home = environment['HOME'] ?? homedir();
  if (isAbsolute(state)) return join(state, 'tokenquery', 'shell_history');
  return isAbsolute(home) ? join(home, '.local', 'state', 'tokenquery', 'shell_history') : null;
};

/** An entry as a line of the file. */
export const lineOf = (entry: string): string =>
  entry.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

export const entryOf = (line: string): string =>
  line.replaceAll(/\\(.)/g, (_, character: string) =>
    character === 'n' ? '\n' : character === 'r' ? '\r' : character,
  );

/** Entries as the file has them, the newest first, each once. */
export const entriesOf = (text: string): readonly string[] =>
  [
    ...new Set(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map(entryOf)
        .toReversed(),
    ),
  ].slice(0, mostEntries);

/** Why a folder or a file is not to be trusted with what somebody typed; null where it is. */
const faultOf = (path: string, isFolder: boolean, user: number): string | null => {
  const stat = statOrNull(path);
  if (stat === null) return null;
  if (stat.isSymbolicLink()) return `${path} is a link`;
  if (isFolder ? !stat.isDirectory() : !stat.isFile()) return `${path} is no ${isFolder ? 'folder' : 'file'}`;
  // A root who came by sudo has the home of somebody else.
  if (stat.uid !== user) return `${path} is user ${stat.uid}’s`;
  if ((stat.mode & 0o022) !== 0) return `${path} may be written by others`;
  return !isFolder && stat.nlink > 1 ? `${path} has another name, too` : null;
};

/** The folders that hold the file, from the outermost that can matter: the home, or the folder of states. */
const foldersOf = (path: string): readonly string[] => {
  const own = dirname(path);
  const state = dirname(own);
  return state.endsWith('/.local/state')
    ? [dirname(dirname(state)), dirname(state), state, own]
    : [state, own];
};

const user = (): number => process.geteuid?.() ?? -1;

export class History {
  readonly #path: string | null;
  /** Why nothing is kept; null where it is. */
  fault: string | null = null;
  #entries: readonly string[] = [];

  constructor(path: string | null = historyPath()) {
    this.#path = path;
    if (path === null) this.fault = 'no home is known';
    else this.#try(() => this.#load(path));
  }

  /** The newest first. */
  get entries(): readonly string[] {
    return this.#entries;
  }

  get where(): string {
    return this.fault === null ? (this.#path ?? '') : `not kept: ${this.fault}`;
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      // Only what is kept for another time is lost.
      this.fault = `${this.#path} cannot be used (${codeOf(error) || String(error)})`;
    }
  }

  #check(path: string): boolean {
    const faults = [
      ...foldersOf(path).map((folder) => faultOf(folder, true, user())),
      faultOf(path, false, user()),
    ];
    this.fault = faults.find((fault) => fault !== null) ?? null;
    return this.fault === null;
  }

  #load(path: string): void {
    if (!this.#check(path) || statOrNull(path) === null) return;
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (fstatSync(file).size > 4 * mostBytes) {
        this.fault = `${path} has more than ${(4 * mostBytes) / 1024 / 1024} MiB`;
        return;
      }
      this.#entries = entriesOf(readFileSync(file, 'utf8'));
    } finally {
      closeSync(file);
    }
  }

  /** Remembers what was typed, and keeps it at once: a shell may end in any way. */
  add(entry: string): void {
    if (entry.trim() === '' || entry === this.#entries[0]) return;
    this.#entries = [entry, ...this.#entries.filter((one) => one !== entry)].slice(0, mostEntries);
    const path = this.#path;
    if (path === null || this.fault !== null || entry.length > longestEntry) return;
    this.#try(() => this.#append(path, entry));
  }

  #append(path: string, entry: string): void {
    if (!this.#check(path)) return;
    // One by one: where a file system takes none, Node would try for ever.
    for (const folder of foldersOf(path)) if (statOrNull(folder) === null) mkdirSync(folder, { mode: 0o700 });
    if (!this.#check(path)) return;
    const how =
      constants.O_WRONLY |
      constants.O_APPEND |
      constants.O_CREAT |
      constants.O_NOFOLLOW |
      constants.O_NONBLOCK;
    const file = openSync(path, how, 0o600);
    let size = 0;
    try {
      fchmodSync(file, 0o600);
      writeFileSync(file, `${lineOf(entry)}\n`);
      ({ size } = fstatSync(file));
    } finally {
      closeSync(file);
    }
    if (size > mostBytes) this.#shorten(path);
  }

  /** Keeps the newest half: other shells may have added to it. */
  #shorten(path: string): void {
    const lines = readFileSync(path, 'utf8').split('\n');
    let room = mostBytes / 2;
    const kept = lines.toReversed().filter((line) => (room -= Buffer.byteLength(line) + 1) > 0);
    const whole = `${path}.${process.pid}`;
    try {
      writeFileSync(whole, `${kept.toReversed().join('\n')}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(whole, path);
    } finally {
      rmSync(whole, { force: true });
    }
  }
}
