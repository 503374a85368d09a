/**
 * `npm run properties [-- --minutes 10] [--times 10] [FILE…]`: the property tests with other values than `npm test` has, and so many
 * times as many, until the time is over or one fails. Says the seed of each round: TOKENQUERY_SEED=N tries it again.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { childEnvironment, fittingNode, root, setUp } from './setup.mjs';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, times: { type: 'string', default: '10' } },
  allowPositionals: true,
});
const [minutes, times] = [Number(values.minutes), Number(values.times)];
if (!(minutes > 0) || !(times > 0)) {
  process.stderr.write('properties: --minutes and --times take a number above 0\n');
  process.exit(2);
}

const hasProperty = (path) => /\/property\.ts'/.test(readFileSync(join(root, path), 'utf8'));
const files =
  positionals.length > 0
    ? positionals
    : readdirSync(join(root, 'test'), { recursive: true })
        .map((path) => join('test', path))
        .filter((path) => path.endsWith('.test.ts') && hasProperty(path))
        .toSorted();

setUp();
const node = fittingNode();
const end = Date.now() + minutes * 60_000;
do {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`properties: seed ${seed}, ${files.length} files\n`);
  const { status } = spawnSync(
    node,
    [join(root, 'node_modules/ava/entrypoints/cli.js'), '--timeout=60m', '--fail-fast', ...files],
    {
      cwd: root,
      env: { ...childEnvironment(node), TOKENQUERY_SEED: String(seed), TOKENQUERY_TIMES: String(times) },
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exit(1);
} while (Date.now() < end);
