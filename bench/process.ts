/** Runs a whole process, and says what it took: by the clock, of the processors, and of memory. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Measured } from './line.ts';
import { pythonProgram } from './tools.ts';

/**
 * Node cannot say what a process took that it started; Python's wait4 can, to the microsecond and with all that it started in
 * turn. It also stands between: else a process would begin with the memory of the one that measures.
 */
const counter = `
import json, os, sys, time
target, argv = sys.argv[1], sys.argv[2:]
out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
began = time.perf_counter()
pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out, 1)])
_, status, used = os.wait4(pid, 0)
seconds = time.perf_counter() - began
kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "seconds": seconds,
                  "processor": used.ru_utime + used.ru_stime, "megabytes": kilobytes * 1024 / 1e6}))
`;

interface RunOptions {
  /** The file for what it prints; nowhere by default. */
  readonly stdout?: string;
  /** Exit codes that are as good as 0. */
  readonly codes?: readonly number[];
}

const failed = (argv: readonly string[], code: unknown, stderr: string): Error =>
  new Error(`${argv.slice(0, 6).join(' ')} ended with ${String(code)}: ${stderr.slice(-800)}`);

/** By the clock alone. */
const runPlainly = (argv: readonly string[], options: RunOptions): Measured => {
  const [program = '', ...parameters] = argv;
  const out = openSync(options.stdout ?? '/dev/null', 'w');
  const began = performance.now();
  const { status, stderr, error } = spawnSync(program, parameters, {
    stdio: ['ignore', out, 'pipe'],
    encoding: 'utf8',
  });
  const seconds = (performance.now() - began) / 1000;
  closeSync(out);
  if (!(options.codes ?? [0]).includes(status ?? -1))
    throw failed(argv, status ?? error?.message, stderr ?? '');
  return { seconds, processor: null, megabytes: null };
};

/** Runs it to its end; throws where it fails. */
export const run = (argv: readonly string[], options: RunOptions = {}): Measured => {
  const python = pythonProgram();
  if (python === null) return runPlainly(argv, options);
  const { status, stdout, stderr } = spawnSync(
    python,
    ['-I', '-S', '-c', counter, options.stdout ?? '/dev/null', ...argv],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  if (status !== 0) throw failed(argv, status, stderr);
  const { code, ...measured } = JSON.parse(stdout) as Measured & { readonly code: number };
  if (!(options.codes ?? [0]).includes(code)) throw failed(argv, code, stderr);
  return measured;
};

/** What is done in this process, where starting one would hide it. */
export const runHere = (work: () => unknown): Measured => {
  const used = process.cpuUsage();
  const began = performance.now();
  work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(used);
  return { seconds, processor: (user + system) / 1e6, megabytes: null };
};
