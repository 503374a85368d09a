import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { killGroup, runningGroups } from '../leaving.ts';
import type { Output } from './backend.ts';

export const maxOutputBytes = 64 * 1024 * 1024;
const graceMs = 2_000;

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
    // It is collected here: of what it collects itself, execa makes the text of an error, at many times the cost.
    buffer: false,
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
  readonly #stdout: Uint8Array[] = [];
  readonly #stderr: Uint8Array[] = [];

  constructor(subprocess: Subprocess, timeoutMs: number) {
    this.#subprocess = subprocess;
    this.#pid = subprocess.pid;
    if (this.#pid !== undefined) {
      runningGroups.add(this.#pid);
      this.#after(timeoutMs, () => this.#timeOut());
    }
    this.#collect(subprocess.stdout, this.#stdout);
    this.#collect(subprocess.stderr, this.#stderr);
  }

  get stdout(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#stdout));
  }

  get stderr(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#stderr));
  }

  /** Its output and its end; nothing of the group is left behind. */
  async ended(): Promise<Awaited<Subprocess>> {
    const result = await this.#subprocess;
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#pid !== undefined) runningGroups.delete(this.#pid);
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

  /** What is printed beyond the limit is dropped, and the whole group ended: its children may keep the pipes open. */
  #collect(stream: Readable, chunks: Uint8Array[]): void {
    let bytes = 0;
    stream.on('data', (chunk: Uint8Array) => {
      if (this.isTooLarge) return;
      bytes += chunk.length;
      if (bytes <= maxOutputBytes) chunks.push(chunk);
      else {
        this.isTooLarge = true;
        this.#kill('SIGKILL');
      }
    });
    // A pipe that cannot be read on is what its process then ends of.
    stream.on('error', () => {});
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
  if (group.isTooLarge) return 'too_large';
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
    stdout: isKept ? group.stdout : new Uint8Array(),
    stderr: isKept ? group.stderr : new Uint8Array(),
    startedTime,
    durationMs: Math.round(performance.now() - startedAt),
  };
};
