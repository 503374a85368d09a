import { execa } from 'execa';
import type { Output } from './backend.ts';

export const maxOutputBytes = 64 * 1024 * 1024;
const graceMs = 2_000;

// Leaders of the process groups that are running now, so that an interrupted collection leaves none behind.
const running = new Set<number>();

const killGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
};

/** Ends every process group that this program started and that still runs. */
export const killRunning = (): void => {
  for (const pid of running) killGroup(pid, 'SIGKILL');
};

const spawnOutcome = (code: string | undefined): Output['outcome'] => {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  if (code === 'EACCES' || code === 'EPERM') return 'denied';
  return 'not_started';
};

const start = (program: string, parameters: readonly string[]) =>
  execa(program, parameters, {
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    extendEnv: false,
    stdin: 'ignore',
    encoding: 'buffer',
    stripFinalNewline: false,
    maxBuffer: maxOutputBytes,
    reject: false,
    detached: true,
    cleanup: false,
  });

type Subprocess = ReturnType<typeof start>;

/** A program that was started, as the leader of its process group: it is ended when it takes or prints too much. */
class ProcessGroup {
  readonly #subprocess: Subprocess;
  /** Undefined where the program could not be started. */
  readonly #pid: number | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  isTimedOut = false;
  isTooLarge = false;

  constructor(subprocess: Subprocess, timeoutMs: number) {
    this.#subprocess = subprocess;
    this.#pid = subprocess.pid;
    if (this.#pid !== undefined) {
      running.add(this.#pid);
      this.#after(timeoutMs, () => this.#timeOut());
    }
    this.#limitOutput();
  }

  /** Its output and its end; nothing of the group is left behind. */
  async ended(): Promise<Awaited<Subprocess>> {
    const result = await this.#subprocess;
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#pid !== undefined) running.delete(this.#pid);
    if (this.isTimedOut || this.isTooLarge) this.#kill('SIGKILL');
    return result;
  }

  #timeOut(): void {
    this.isTimedOut = true;
    this.#kill('SIGTERM');
    this.#after(graceMs, () => {
      this.#kill('SIGKILL');
      this.#after(graceMs, () => this.#closePipes());
    });
  }

  /** A process that left the group may hold the pipes open for ever. */
  #closePipes(): void {
    this.#subprocess.stdout.destroy();
    this.#subprocess.stderr.destroy();
  }

  /** execa ends only the process itself when an output grows too large; its children may keep the pipes open. */
  #limitOutput(): void {
    for (const stream of [this.#subprocess.stdout, this.#subprocess.stderr]) {
      let bytes = 0;
      stream.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes <= maxOutputBytes || this.isTooLarge || this.#pid === undefined) return;
        this.isTooLarge = true;
        this.#kill('SIGKILL');
      });
    }
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#pid !== undefined) killGroup(this.#pid, signal);
  }
}

const outcomeOf = (group: ProcessGroup, result: Awaited<Subprocess>): Output['outcome'] => {
  if (group.isTimedOut) return 'timed_out';
  if (group.isTooLarge || result.isMaxBuffer) return 'too_large';
  if (result.signal !== undefined) return 'signalled';
  // What has neither an exit code nor a signal did not run to an end.
  return result.exitCode === undefined ? spawnOutcome(result.code) : 'exited';
};

/**
 * Runs one program of the reviewed list to its end: no shell, no stdin, an environment of its own,
 * a process group of its own that is ended as a whole, bounded time and output.
 *
 * @param program Absolute path that is executed; `--exec-root` puts a folder in front of argv[0].
 */
export const runProcess = async (
  program: string,
  parameters: readonly string[],
  timeoutMs: number,
): Promise<Omit<Output, 'isSpawned'>> => {
  const startedAt = performance.now();
  const startedTime = Math.floor(Date.now() / 1000);
  const group = new ProcessGroup(start(program, parameters), timeoutMs);
  const result = await group.ended();
  const outcome = outcomeOf(group, result);
  const isKept = outcome === 'exited' || outcome === 'signalled';
  return {
    outcome,
    exitCode: outcome === 'exited' ? (result.exitCode ?? null) : null,
    signal: outcome === 'signalled' ? (result.signal ?? null) : null,
    stdout: isKept ? (result.stdout ?? new Uint8Array()) : new Uint8Array(),
    stderr: isKept ? (result.stderr ?? new Uint8Array()) : new Uint8Array(),
    startedTime,
    durationMs: Math.round(performance.now() - startedAt),
  };
};
