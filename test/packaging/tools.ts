/** Programs that nobody here wrote, by which the tests read what was packed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';

const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
export const isThere = (name: string): boolean => folders.some((folder) => existsSync(join(folder, name)));

/** A test that needs programs; where one lacks it is skipped, and its title says which. */
export const testWith = (...names: readonly string[]): typeof test => {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length === 0) return test;
  const skipped = (title: string, ...rest: readonly unknown[]): void =>
    (test.skip as (...words: readonly unknown[]) => void)(`${title} (lacks ${missing.join(', ')})`, ...rest);
  return skipped as typeof test;
};

/** Runs a program; what it says on stderr is an error when it fails. */
export const output = (
  argv: readonly string[],
  options: { readonly cwd?: string; readonly input?: Uint8Array } = {},
): Buffer => {
  const [program = '', ...words] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    ...options,
    env: {
      PATH: folders.join(':'),
      LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
      TZ: 'UTC',
    },
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${status} ${error?.message ?? ''} ${String(stderr)}`);
  return stdout;
};
