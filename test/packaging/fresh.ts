/** A machine with nothing on it: a folder that is the root of whatever runs in it, with some programs and their libraries. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { put } from '../mounted.ts';
import { temporaryFolder } from '../standin.ts';
import { output } from './tools.ts';

const found = (program: string): string => {
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin'])
    if (existsSync(join(folder, program))) return realpathSync(join(folder, program));
  throw new Error(`this machine has no ${program}`);
};

/** A library of the system, or of a program, at the place where it is looked for. */
const bring = (root: string, path: string): void => {
  const at = join(root, path);
  if (existsSync(at)) return;
  mkdirSync(dirname(at), { recursive: true });
  copyFileSync(realpathSync(path), at);
  chmodSync(at, 0o755);
};

export const bringLibraries = (root: string, program: string): void => {
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  for (const [, path = ''] of stdout.matchAll(/(\/[^\s:]+) \(0x/g)) bring(root, path);
};

/** A program of this machine, with its libraries. */
export const bringProgram = (root: string, program: string): void => {
  const path = found(program);
  copyFileSync(path, join(root, 'bin', program));
  chmodSync(join(root, 'bin', program), 0o755);
  bringLibraries(root, path);
};

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Fresh {
  readonly root: string;
  /** Puts a script of the shell where a program would be. */
  readonly script: (path: string, ...lines: readonly string[]) => void;
  /** Runs a program with no environment and no network. */
  readonly run: (argv: readonly string[], user?: number) => Ended;
}

/**
 * @param shell What is sh.
 * @param programs The programs that are there; each is of the machine that tests, and lies in /bin.
 */
export const freshMachine = (t: ExecutionContext, shell: string, programs: readonly string[]): Fresh => {
  const root = join(temporaryFolder(t), 'root');
  for (const folder of [
    '',
    'bin',
    'usr',
    'tmp',
    'dev',
    'private/etc/newsyslog.d',
    'private/var/db',
    'private/var/log',
    'Library/LaunchDaemons',
  ])
    mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  chmodSync(dirname(root), 0o755);
  for (const name of ['bin', 'sbin']) symlinkSync('../bin', join(root, 'usr', name));
  symlinkSync('bin', join(root, 'sbin'));
  symlinkSync('private/etc', join(root, 'etc'));
  symlinkSync('private/var', join(root, 'var'));
  for (const program of [shell, ...programs]) bringProgram(root, program);
  // busybox goes by the name that it is called by, and has no tool in this one.
  symlinkSync(shell, join(root, 'bin/sh'));
  output(['mknod', '-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
  const script = (path: string, ...lines: readonly string[]): void => {
    put(join(root, path), ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(join(root, path), 0o755);
  };
  // Every Linux has /proc. What is mounted is so for this process alone.
  mkdirSync(join(root, 'proc'));
  const enter = 'mount -t proc proc "$1/proc" && shift && exec "$@"';
  const isolated = [found('unshare'), '-n', '-m', found('sh'), '-c', enter, 'sh', root];
  const run = (argv: readonly string[], user = 0): Ended => {
    const [program = '', ...words] = [
      ...isolated,
      found('chroot'),
      `--userspec=${user}:${user}`,
      root,
      ...argv,
    ];
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env: {}, cwd: '/' });
    return { status, stdout, stderr };
  };
  return { root, script, run };
};

/** Whether this machine can make one: in some containers root may mount nothing. */
export const canBeMade = (): boolean =>
  process.platform === 'linux' &&
  process.geteuid?.() === 0 &&
  spawnSync('unshare', ['-n', '-m', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;
