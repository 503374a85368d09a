/**
 * The guard of a command that may take too long or too much: it is this process’s first thread, and the command runs in
 * another one.
 *
 * SQLite as better-sqlite3 builds it has no interrupt and no progress handler, and to end a thread waits for its SQL. But the
 * first thread may replace the whole process, whatever the others do: at a limit it becomes a Node that does nothing but
 * end with exit code 1. It loads next to nothing, for it is ready before the other begins.
 */
import { accessSync, constants, rmSync, writeSync } from 'node:fs';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { isNotBegun, isOutOfMemory, sessionArgument, workerArgument } from '../store/worker.ts';
import { lineBegin } from './log.ts';
import type { ThreadEntry } from '../store/worker.ts';

export interface Limits {
  /** Null for no limit. */
  readonly seconds: number | null;
  /** Resident memory; null for no limit. */
  readonly bytes: number | null;
  /** What is stopped, in the words of an error. */
  readonly what: string;
  /** What gives it longer. */
  readonly hint: string;
}

/** What the thread of the command tells. */
export type Told =
  | { readonly limits: Limits | null }
  | { readonly isPaused: boolean }
  | { readonly isPaging: boolean }
  | { readonly file: string; readonly isThere: boolean }
  | { readonly group: number; readonly isThere: boolean };

/** Places in the memory that both threads share. */
export const places = { standing: 0, inOrder: 1 } as const;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const tickMs = 25;
/** How long the other thread may take to put things in order; where it is in SQLite, it does not hear of it. */
const orderMs = 150;
/** So often the process of a shell looks whether the shell is still there. */
const orphanMs = 500;
/** So long memory may go unseen, where no file can be opened for the moment. */
const unseenMs = 1000;

const sleep = (ms: number): Promise<void> => new Promise((fulfil) => setTimeout(fulfil, ms));

/** To stderr. Nobody may read it any more, which changes nothing. */
const tell = (message: string, hint: string): void => {
  const line = (severity: string, text: string): string => `${lineBegin()}tokenquery: ${severity}: ${text}\n`;
  const text = line('error', message) + (hint === '' ? '' : line('hint', hint));
  try {
    writeSync(2, text);
  } catch {
    // It is closed or full.
  }
};

/** The name under which the single executable ends with exit code 1, and does nothing (scripts/executable.cjs). */
const leavingName = 'tokenquery-ends';

/** Ends this process at once with exit code 1, whatever its threads do. */
const leave = ({ isText }: ThreadEntry, isOfShell: boolean): void => {
  // The shell that waits for it says what there is to say, and to start a Node takes time.
  if (isOfShell) process.kill(process.pid, 'SIGKILL');
  try {
    accessSync(process.execPath, constants.X_OK);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_')));
    // The single executable is no Node that takes a script: it is told by its name.
    const argv = isText ? [leavingName] : [process.execPath, '-e', 'process.exit(1)'];
    process.execve?.(process.execPath, argv, env);
  } catch {
    // Node was taken away meanwhile.
  }
  // Where there is no such call, as on Windows, this is exit code 1 too.
  process.kill(process.pid, 'SIGKILL');
};

/** Told where the other thread could not begin: nothing of the work was done. */
const notBegun = (error: unknown): void => {
  const { code = 'unknown error', message } = error as NodeJS.ErrnoException;
  if (isNotBegun(error))
    tell(
      `the guard that ends what takes too long cannot be started (${code})`,
      'nothing was done without it: are there too few open files or processes left (ulimit -a)?',
    );
  else tell(`the program cannot be started: ${JSON.stringify(message)}`, '');
};

const startThread = (entry: ThreadEntry, argv: readonly string[], state: Int32Array): Worker =>
  new Worker(entry.script, {
    eval: entry.isText,
    argv: [workerArgument, ...argv],
    workerData: { task: 'command', state },
    env: SHARE_ENV,
  });

class Guardian {
  readonly #entry: ThreadEntry;
  readonly #worker: Worker;
  readonly #state: Int32Array;
  readonly #files = new Set<string>();
  readonly #groups = new Set<number>();
  #limits: Limits | null = null;
  #isPaused = false;
  #leftMs = Number.POSITIVE_INFINITY;
  #last = 0;
  #unseenMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #isEnding = false;
  #isPaging = false;
  #hasFailed = false;
  readonly #isOfShell: boolean;

  constructor(entry: ThreadEntry, worker: Worker, state: Int32Array, isOfShell: boolean) {
    this.#entry = entry;
    this.#worker = worker;
    this.#state = state;
    this.#isOfShell = isOfShell;
    worker.on('message', (told: Told) => this.#hear(told));
  }

  #hear(told: Told): void {
    if ('limits' in told) this.#watch(told.limits);
    else if ('isPaused' in told) this.#pause(told.isPaused);
    else if ('isPaging' in told) this.#isPaging = told.isPaging;
    else if ('file' in told) this.#files[told.isThere ? 'add' : 'delete'](told.file);
    else this.#groups[told.isThere ? 'add' : 'delete'](told.group);
  }

  #watch(limits: Limits | null): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#limits = limits;
    this.#isPaused = false;
    this.#leftMs = limits?.seconds == null ? Number.POSITIVE_INFINITY : limits.seconds * 1000;
    this.#last = performance.now();
    this.#timer = limits === null ? null : setInterval(() => this.#look(limits), tickMs);
    if (limits === null) return;
    Atomics.add(this.#state, places.standing, 1);
    Atomics.notify(this.#state, places.standing);
  }

  #pause(isPaused: boolean): void {
    this.#passed();
    this.#isPaused = isPaused;
  }

  /** The time since it was looked last. */
  #passed(): number {
    const now = performance.now();
    const passed = now - this.#last;
    this.#last = now;
    if (!this.#isPaused) this.#leftMs -= passed;
    return passed;
  }

  #look({ seconds, bytes, what, hint }: Limits): void {
    const passed = this.#passed();
    if (this.#leftMs < 0) return this.#end(`${what} did not end within ${seconds} s and was stopped`, hint);
    if (bytes === null) return;
    try {
      const used = process.memoryUsage.rss();
      this.#unseenMs = 0;
      if (used > bytes) this.#endOfMemory(bytes);
    } catch (error) {
      this.#unseenMs += passed;
      const { code } = error as NodeJS.ErrnoException;
      if (this.#unseenMs > unseenMs)
        this.#end(
          `${what} was stopped, for its memory cannot be watched (${code ?? 'unknown error'})`,
          'are there too few open files left (ulimit -n)?',
        );
    }
  }

  #endOfMemory(bytes: number): void {
    const most = `${Math.round(bytes / 1024 / 1024)} MiB of memory`;
    this.#end(
      `${this.#limits?.what} took more than ${most} and was stopped`,
      'ask for fewer rows or columns',
    );
  }

  /** Puts in order what there is: what the other thread does not hear of in time is done here. */
  async #putInOrder(): Promise<void> {
    // In a shell nothing is begun that is not told here, and somebody waits for the next prompt.
    if (this.#isOfShell && this.#files.size === 0 && this.#groups.size === 0) return;
    this.#worker.postMessage('end');
    for (let waited = 0; waited < orderMs; waited += 5) {
      await sleep(5);
      if (Atomics.load(this.#state, places.inOrder) === 1) break;
    }
    for (const file of this.#files) {
      try {
        rmSync(file, { force: true });
      } catch {
        // It stays, under a name that the next run clears away.
      }
    }
    for (const pid of this.#groups) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It is gone.
      }
    }
  }

  #end(message: string, hint: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    void this.#putInOrder().then(() => {
      tell(message, hint);
      leave(this.#entry, this.#isOfShell);
    });
  }

  #signal(signal: NodeJS.Signals): void {
    // A pager has Ctrl-C for itself, and ends when it is told to.
    if (this.#isEnding || (this.#isPaging && signal === 'SIGINT')) return;
    this.#isEnding = true;
    void this.#putInOrder().then(() => {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  }

  /** The exit code of the thread. */
  async ended(): Promise<number> {
    const pass = (signal: NodeJS.Signals): void => this.#signal(signal);
    for (const signal of signals) process.on(signal, pass);
    const shell = this.#isOfShell ? process.ppid : null;
    const ownerWatch = setInterval(() => {
      // A shell that was killed can end nobody any more.
      if (shell !== null && process.ppid !== shell) process.kill(process.pid, 'SIGKILL');
    }, orphanMs);
    ownerWatch.unref();
    const code = await new Promise<number>((fulfil) => {
      this.#worker.on('error', (error) => this.#failed(error));
      this.#worker.on('exit', fulfil);
    });
    if (this.#timer !== null) clearInterval(this.#timer);
    clearInterval(ownerWatch);
    for (const signal of signals) process.removeListener(signal, pass);
    return this.#hasFailed ? 1 : code;
  }

  /** What the thread does not tell of itself: it could not begin, or its memory was full. */
  #failed(error: unknown): void {
    this.#hasFailed = true;
    const { message } = error as Error;
    if (isOutOfMemory(error))
      tell(
        `${this.#limits?.what ?? 'the work'} took all of the memory that Node gives it and was stopped`,
        '',
      );
    else if (Atomics.load(this.#state, places.standing) === 0) notBegun(error);
    else
      tell(`this should not happen: ${JSON.stringify(message)}`, 'please report it, with the command line');
  }
}

/**
 * Runs a command line in a thread of its own, behind the guard. The thread tells which limits it has, and goes on when
 * the guard stands (cli/guarded.ts).
 *
 * @param entry What starts this program.
 * @returns The exit code; with a limit that is met, or a signal, this process ends.
 */
export const runGuarded = async (entry: ThreadEntry, argv: readonly string[]): Promise<number> => {
  const state = new Int32Array(new SharedArrayBuffer(8));
  let worker: Worker;
  try {
    worker = startThread(entry, argv, state);
  } catch (error) {
    notBegun(error);
    return 1;
  }
  return await new Guardian(entry, worker, state, argv[0] === sessionArgument).ended();
};
