/** A stand-in Mac: scripts under a folder that replay the recorded bytes of a bundle, for --exec-root. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';

export const root = join(import.meta.dirname, '..');
export const sample = (name: string): string => join(root, 'samples', name);

/** A folder of its own for one test, removed when the test is over. */
export const temporaryFolder = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

interface Options {
  /** Seconds that every command takes, as `sleep` reads them. */
  readonly delay?: string;
  /** Lines of shell that a command runs first; by its argv joined with spaces. */
  readonly before?: (argv: string) => string | null;
}

/** Makes a stand-in of a bundle in `folder`; its log has one line for each process that was started. */
export const makeStandIn = (
  bundle: string,
  folder: string,
  options: Options = {},
): { root: string; log: string } => {
  const standIn = join(folder, 'mac');
  const log = join(folder, 'runs.log');
  const programs = new Map<string, string[]>();
  const commands = join(bundle, 'commands');
  mkdirSync(standIn, { recursive: true });
  writeFileSync(log, '');
  for (const name of readdirSync(commands).toSorted()) {
    const at = join(commands, name);
    const argv = readFileSync(join(at, 'argv'), 'utf8').replace(/\n$/, '').split('\n');
    const [program = '', ...parameters] = argv;
    const exitCode = readFileSync(join(at, 'exit_code'), 'utf8').trim();
    const lines = programs.get(program) ?? [];
    programs.set(program, lines);
    // A program that the Mac lacks is no script.
    if (exitCode === 'missing') continue;
    const tests = parameters.map((word, index) => `[ "\${${index + 1}}" = ${quote(word)} ]`);
    lines.push(
      `if ${[`[ "$#" = ${parameters.length} ]`, ...tests].join(' && ')}; then`,
      options.before?.(argv.join(' ')) ?? ':',
      options.delay === undefined ? ':' : `sleep ${options.delay}`,
      existsSync(join(at, 'stdout')) ? `cat ${quote(join(at, 'stdout'))}` : ':',
      existsSync(join(at, 'stderr')) ? `cat ${quote(join(at, 'stderr'))} >&2` : ':',
      `exit ${/^[0-9]+$/.test(exitCode) ? exitCode : '1'}`,
      'fi',
    );
  }
  for (const [program, lines] of programs) {
    if (lines.length === 0) continue;
    const at = join(standIn, program);
    mkdirSync(dirname(at), { recursive: true });
    const head = ['#!/bin/sh', `printf '%s %s\\n' ${quote(program)} "$*" >> ${quote(log)}`];
    writeFileSync(
      at,
      [...head, ...lines, 'echo "stand-in: unknown arguments: $*" >&2', 'exit 99', ''].join('\n'),
    );
    chmodSync(at, 0o755);
  }
  if (existsSync(join(bundle, 'files'))) cpSync(join(bundle, 'files'), standIn, { recursive: true });
  const stats = existsSync(join(bundle, 'stat.tsv')) ? readFileSync(join(bundle, 'stat.tsv'), 'utf8') : '';
  for (const line of stats.split('\n')) {
    const [path = '', kind, mode = '', uid = '', size = '', mtime = ''] = line.split('\t');
    if (kind !== 'file' && kind !== 'dir') continue;
    const at = join(standIn, path);
    mkdirSync(kind === 'dir' ? at : dirname(at), { recursive: true });
    if (kind === 'file') writeFileSync(at, Buffer.alloc(Number(size)));
    chmodSync(at, Number.parseInt(mode, 8));
    if (process.geteuid?.() === 0) chownSync(at, Number(uid), 0);
    utimesSync(at, Number(mtime), Number(mtime));
  }
  return { root: standIn, log };
};

export const runsIn = (log: string): string[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line from its sources. */
/** What the tests run: the built program, which is also much quicker to start, where `npm test` has made it. */
export const program = process.env['TOKENQUERY_PROGRAM'] ?? join(root, 'cli', 'start.ts');

export const cli = (
  parameters: readonly string[],
  options: {
    readonly input?: string;
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...parameters], {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: 'pipe',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
