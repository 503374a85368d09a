/**
 * V8's compiled form of a built program, for each kind of work (scripts/loader.cjs). Only the Node that made it takes it,
 * and it is not the same bytes each time.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, root } from './setup.mjs';

/**
 * @param node The Node that will take them.
 * @param dist The program; they become dist/caches.
 * @param scratch A folder for what is written on the way.
 */
export const makeCaches = (node, dist, scratch) => {
  const files = ['warm.db', 'warm2.db', 'warm.ndjson'].map((name) => join(scratch, name));
  const [first, second, exported] = files;
  for (const file of files) rmSync(file, { force: true });
  const cache = (how, kind, ...words) => {
    const { status, stderr } = spawnSync(
      node,
      [join(root, 'scripts/code_cache.cjs'), ...how, dist, kind, ...words],
      { cwd: root, env: childEnvironment(node), encoding: 'utf8' },
    );
    if (status === 0) return;
    process.stderr.write(`${stderr}\ntokenquery: error: the caches for ${kind} could not be made\n`);
    process.exit(1);
  };
  const sample = ['--source', join(root, 'samples/macos26-managed')];
  const works = ['overview', ...sample, '--then', 'findings', ...sample];
  cache([], 'start', 'query', 'SELECT 1');
  cache([], 'collect', ...works, '--then', 'snapshot', '--db', first, ...sample);
  cache(['--guarded'], 'query', 'query', '--db', first, 'SELECT * FROM users');
  cache([], 'findings', 'findings', '--db', first);
  cache([], 'export', 'export', '--db', first, '--format', 'native', '--output', exported);
  cache([], 'merge', 'merge', '--db', second, exported, first);
};
