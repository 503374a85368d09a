import { execa } from 'execa';
import type { Output } from './backend.ts';

export const maxOutputBytes = 64 * 1024 * 1024;
const graceMs = 2_000;

// Groups of processes that are running now, so that an interrupted collection leaves none behind.
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
  const subprocess = execa(program, parameters, {
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
  const { pid } = subprocess;
  let isTimedOut = false;
  let isTooLarge = false;
  const timers: NodeJS.Timeout[] = [];
  if (pid !== undefined) {
    running.add(pid);
    timers.push(
      setTimeout(() => {
        isTimedOut = true;
        killGroup(pid, 'SIGTERM');
        timers.push(
          setTimeout(() => {
            killGroup(pid, 'SIGKILL');
            // A process that left the group may hold the pipes open for ever.
            timers.push(
              setTimeout(() => {
                subprocess.stdout.destroy();
                subprocess.stderr.destroy();
              }, graceMs),
            );
          }, graceMs),
        );
      }, timeoutMs),
    );
  }
  // execa ends only the process itself when an output grows too large; its children may keep the pipes open.
  for (const stream of [subprocess.stdout, subprocess.stderr]) {
    let bytes = 0;
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes <= maxOutputBytes || isTooLarge || pid === undefined) return;
      isTooLarge = true;
      killGroup(pid, 'SIGKILL');
    });
  }
  const result = await subprocess;
  for (const timer of timers) clearTimeout(timer);
  if (pid !== undefined) {
    running.delete(pid);
    if (isTimedOut || isTooLarge) killGroup(pid, 'SIGKILL');
  }

  const outcome = ((): Output['outcome'] => {
    if (isTimedOut) return 'timed_out';
    if (isTooLarge || result.isMaxBuffer) return 'too_large';
    if (result.signal !== undefined) return 'signalled';
    // What has neither an exit code nor a signal did not run to an end.
    return result.exitCode === undefined ? spawnOutcome(result.code) : 'exited';
  })();
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
