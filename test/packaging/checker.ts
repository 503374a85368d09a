/** packaging/check_macho.py, which is written apart from what signs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../standin.ts';

export const hasPython = spawnSync('python3', ['-c', '0']).status === 0;

/** What it says of each file, in their order: `ok: …` or `BAD: …`. */
export const checkMachO = (paths: readonly string[]): readonly string[] => {
  const { stdout, stderr } = spawnSync('python3', [join(root, 'packaging/check_macho.py'), ...paths], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (stderr !== '') throw new Error(stderr);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line, index) => line.slice(`${paths[index]}: `.length));
};
