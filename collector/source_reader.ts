/** Reads each source of one host at most once, and remembers what came of it. */
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import type { Answer, Note } from './answer.ts';
import type { Backend, Output, Stat } from './backends/backend.ts';
import { objectionTo } from './contradictions.ts';
import type { Beside } from './contradictions.ts';
import { CollectError, NotAsked, parseFailed } from './errors.ts';
import { fileParserOf, parserOf } from './parsing.ts';
import type { Parsed } from './parsing.ts';
import type { CommandRun } from './report.ts';
import { decodeOutput, sanitizeFile, sanitizeOutput, saysNotUtf8 } from './sanitize.ts';
import {
  deniedPath,
  failureOf,
  faultOfOwned,
  latePath,
  notAskedFor,
  remotePath,
  unnamedCommand,
  unnamedFile,
  unnamedOwned,
} from './source_failures.ts';
import {
  argvOf,
  commands,
  folders,
  isReadablePath,
  isStatPath,
  mayBeRemote,
  notAskedOfNetwork,
  ownedFiles,
} from './sources.ts';
import type { Command, CommandName, FileName, FolderName, OwnedName, SourceName } from './sources.ts';
import type { Owned } from './table.ts';

export interface CollectOptions {
  /** Processes at once; by default the number of cores, at least 12. */
  readonly concurrency?: number;
  /** Lets sources run that may ask a server. */
  readonly allowNetwork?: boolean;
  /** Personal or identifying facts that are off by default: `serial_number`, `organization`. */
  readonly include?: ReadonlySet<string>;
  /** The clock of whoever collects; without it, that of the evidence. */
  readonly now?: number;
  /** Is told how many tables are there. */
  readonly progress?: (done: number, of: number) => void;
}

const sha256 = (bytes: Uint8Array | string): string =>
  process.getBuiltinModule('node:crypto').hash('sha256', bytes);

/** The same argv has the same id on every Mac and in every snapshot, so that rows do not change with it. */
export const commandIdOf = (argv: readonly string[]): string => `c${sha256(argv.join('\0')).slice(0, 10)}`;

/** How the reader knows a command with its parameters. */
export const argvKey = (source: CommandName, parameters: readonly string[]): string =>
  argvOf(source, parameters).join('\0');

/** What is told one by one of an answer in which much is odd. */
const maxTold = 50;
const tell = (told: CollectError[], problem: CollectError, source: SourceName): void => {
  if (told.length < maxTold) told.push(problem);
  else if (told.length === maxTold)
    told.push(parseFailed(`${source}: more than ${maxTold} items cannot be read`));
};

/** What reading brings; a failure is named after its source. */
const naming = async <T>(
  reading: () => Promise<T>,
  source: SourceName,
  parameters: readonly string[] = [],
): Promise<T> => {
  try {
    return await reading();
  } catch (error) {
    throw error instanceof CollectError ? error.at(source, parameters) : error;
  }
};

/** Both streams as a parser takes them; throws CollectError. */
const streamsOf = (output: Output): { readonly stdout: string; readonly stderr: string } => {
  const [stdout, stderr] = [decodeOutput(output.stdout) ?? '', decodeOutput(output.stderr) ?? ''];
  // Of a property list, what a framework says beside it on stderr is no part.
  if (saysNotUtf8(stdout) || (saysNotUtf8(stderr) && !stdout.includes('<plist')))
    throw new CollectError('parse_failed', 'the output is not UTF-8');
  return { stdout, stderr };
};

/**
 * How many commands run at once. A sysadminctl waits for Open Directory for most of its time: 200 accounts took 4.3 s with
 * four, 2.7 s with eight, 2.5 s with twelve, 2.0 s with sixteen. Twelve leave two cores some time for the Mac's user; beyond, they are full.
 */
export const commandsAtOnce = (): number => Math.max(12, availableParallelism());

export class SourceReader implements Beside {
  readonly #backend: Backend;
  readonly #allowsNetwork: boolean;
  readonly #limit: LimitFunction;
  readonly #outputs = new Map<string, Promise<Output>>();
  readonly #values = new Map<string, Promise<unknown>>();
  readonly #problems = new Map<string, readonly CollectError[]>();
  /** Answers of which a record is left out: what they lack may exist. */
  readonly #incomplete = new Set<string>();
  readonly finished: CommandRun[] = [];
  readonly include: ReadonlySet<string>;

  constructor(backend: Backend, options: CollectOptions) {
    this.#backend = backend;
    this.#allowsNetwork = options.allowNetwork === true;
    this.#limit = pLimit(options.concurrency ?? commandsAtOnce());
    this.include = options.include ?? new Set<string>();
  }

  /** The answer, where the others do not contradict it. */
  read(source: CommandName, parameters: readonly string[]): Promise<unknown> {
    return this.#once(`believed\0${source}\0${parameters.join('\0')}`, async () => {
      const answer = await this.#hear(source, parameters);
      const objection = await objectionTo(source, answer, this);
      if (objection === null) return answer;
      throw new CollectError('contradicted', objection).at(source, parameters);
    });
  }

  /** The answer as it came; null where there is none. */
  async said<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S> | null> {
    try {
      return (await this.#hear(source, parameters)) as Parsed<S>;
    } catch (error) {
      if (error instanceof CollectError || error instanceof NotAsked) return null;
      throw error;
    }
  }

  /** The content of a file; null where it is proven absent. */
  readFile(source: FileName, path: string): Promise<unknown> {
    return this.#once(`file\0${path}`, () => naming(() => this.#fileContent(source, path), source));
  }

  /** The same of a file in the home of an account, with how it lies there; absent, it has no content. */
  readOwned(source: OwnedName, path: string, uid: number): Promise<Owned<unknown>> {
    return this.#once(`owned\0${uid}\0${path}`, () =>
      naming(() => this.#ownedContent(source, path, uid), source),
    );
  }

  /** The names in the folder of a file source; null where it is proven absent. */
  list(source: FolderName): Promise<readonly string[] | null> {
    return this.#once(`list\0${source}`, () => naming(() => this.#names(folders[source]), source));
  }

  stat(path: string): Promise<Stat> {
    return this.#once(`stat\0${path}`, () => naming(() => this.#look(path), 'stat'));
  }

  /** What an answer that was read leaves out. */
  problemsOf(source: CommandName, parameters: readonly string[]): readonly CollectError[] {
    return this.#problems.get(argvKey(source, parameters)) ?? [];
  }

  problemsOfFile(path: string): readonly CollectError[] {
    return this.#problems.get(`file\0${path}`) ?? [];
  }

  isComplete(source: CommandName, ...parameters: string[]): boolean {
    return !this.#incomplete.has(argvKey(source, parameters));
  }

  #once<T>(key: string, start: () => Promise<T>): Promise<T> {
    const known = this.#values.get(key);
    if (known !== undefined) return known as Promise<T>;
    const pending = start();
    pending.catch(() => {});
    this.#values.set(key, pending);
    return pending;
  }

  /** The answer as it came. */
  #hear(source: CommandName, parameters: readonly string[]): Promise<unknown> {
    return this.#once(`run\0${source}\0${parameters.join('\0')}`, () =>
      naming(() => this.#answer(source, parameters), source, parameters),
    );
  }

  async #answer(source: CommandName, parameters: readonly string[]): Promise<unknown> {
    const argv = argvOf(source, parameters);
    const { network }: Command = commands[source];
    if (network && (await this.#isLeftAlone(source, argv))) {
      throw new NotAsked(notAskedOfNetwork(source));
    }
    const output = await this.#outputOf(source, argv);
    const failure = failureOf(output, source);
    if (failure !== null) throw failure;
    return this.#parsed(source, argv.join('\0'), output);
  }

  async #parsed(source: CommandName, key: string, output: Output): Promise<unknown> {
    const found = [...(output.problems ?? [])];
    this.#problems.set(key, found);
    if (found.length > 0) this.#incomplete.add(key);
    const { exitCode } = output;
    const streams = streamsOf(output);
    if (exitCode === null) throw new Error(`${source} exited and has no exit code`);
    const parse = await parserOf(source);
    const answer: Answer = { ...streams, exitCode, euid: this.#backend.euid };
    const note: Note = (problem, costs = 'record') => {
      if (costs === 'record') this.#incomplete.add(key);
      tell(found, problem.costing(costs), source);
    };
    return parse(answer, note);
  }

  // Of evidence, nobody was asked either when nothing is recorded: that is no gap in it.
  async #isLeftAlone(source: CommandName, argv: readonly string[]): Promise<boolean> {
    return this.#backend.origin === 'live'
      ? !this.#allowsNetwork
      : (await this.#backend.run(source, argv)) === null;
  }

  /** Two sources may ask the same of one command. */
  #outputOf(source: CommandName, argv: readonly string[]): Promise<Output> {
    const key = argv.join('\0');
    const known = this.#outputs.get(key);
    if (known !== undefined) return known;
    const running = this.#limit(() => this.#run(source, argv));
    this.#outputs.set(key, running);
    return running;
  }

  async #run(source: CommandName, argv: readonly string[]): Promise<Output> {
    const found = await this.#backend.run(source, argv);
    if (found === null) throw unnamedCommand(source, argv, this.#backend);
    const output = await sanitizeOutput(source, found, this.include);
    if (output.isSpawned)
      this.finished.push({
        commandId: commandIdOf(argv),
        source,
        argv,
        output,
        stdoutSha256: sha256(output.stdout),
        stderrSha256: sha256(output.stderr),
      });
    return output;
  }

  async #fileContent(source: FileName, path: string): Promise<unknown> {
    if (!isReadablePath(source, path) || Object.hasOwn(ownedFiles, source))
      throw new Error(`${source} does not name ${path}`);
    const found = await this.#backend.readFile(path);
    if (found === null) throw unnamedFile(path, this.#backend);
    if (found.kind === 'missing') return null;
    if (found.kind === 'denied') throw deniedPath(path, 'read', this.#backend);
    return this.#parsedFile(source, path, found.bytes);
  }

  async #parsedFile(source: FileName, path: string, bytes: Uint8Array): Promise<unknown> {
    const odd: CollectError[] = [];
    this.#problems.set(`file\0${path}`, odd);
    const parse = await fileParserOf(source);
    return parse(await sanitizeFile(source, bytes), (problem, costs = 'record') =>
      tell(odd, problem.costing(costs), source),
    );
  }

  async #ownedContent(source: OwnedName, path: string, uid: number): Promise<Owned<unknown>> {
    const include = ownedFiles[source];
    if (!this.include.has(include)) throw notAskedFor(include);
    if (!isReadablePath(source, path))
      throw new CollectError(
        'row_invalid',
        'a home with a control character, "." or ".." in its path is not read',
      );
    const isRemote = mayBeRemote(path);
    if (isRemote && this.#backend.origin === 'live') throw remotePath(path);
    const found = (await this.#backend.readOwned?.(path, uid)) ?? null;
    if (found === null) throw isRemote ? remotePath(path) : unnamedOwned(path, include, this.#backend);
    const fault = faultOfOwned(path, found, uid);
    if (fault !== null) throw fault;
    const { look, bytes } = found;
    const content = bytes === null ? null : await this.#parsedFile(source, path, bytes);
    return { look: look?.kind === 'file' ? look : null, content };
  }

  async #names(folder: string): Promise<readonly string[] | null> {
    const found = (await this.#backend.list?.(folder)) ?? null;
    if (found === null) throw unnamedFile(folder, this.#backend);
    if (found.kind === 'denied') throw deniedPath(folder, 'read', this.#backend);
    return found.kind === 'missing' ? null : found.names;
  }

  async #look(path: string): Promise<Stat> {
    if (!isStatPath(path))
      throw new CollectError('row_invalid', 'a path with a control character or ".." is not looked at');
    const isRemote = mayBeRemote(path);
    if (isRemote && this.#backend.origin === 'live') throw remotePath(path);
    const found = await this.#backend.stat(path);
    // What an older version did look at is told.
    if (found === null) throw isRemote ? remotePath(path) : unnamedFile(path, this.#backend);
    if (found.kind === 'late') throw latePath(path);
    if (found.kind === 'denied') throw deniedPath(path, 'looked at', this.#backend);
    return found;
  }
}
