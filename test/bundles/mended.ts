/** Takes the tests out of open.json that pass by now: `node test/bundles/mended.ts`. It never puts one in. */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const root = join(folder, '../..');
const path = join(folder, 'open.json');
const files = readdirSync(folder).filter((name) => name.endsWith('.test.ts'));

const { stdout } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/ava/entrypoints/cli.js'),
    '--tap',
    ...files.map((name) => join('test/bundles', name)),
  ],
  { cwd: root, encoding: 'utf8', env: { ...process.env, TOKENQUERY_OPEN: 'asked' }, maxBuffer: 2 ** 28 },
);
const titles = (word: string): ReadonlySet<string> =>
  new Set(
    stdout
      .split('\n')
      .map((line) => new RegExp(`^${word} \\d+ - (?:[a-z]+ › )?(.*)$`).exec(line)?.[1])
      .filter((title) => title !== undefined),
  );
const [passed, failed] = [titles('ok'), titles('not ok')];
const open = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string[]>;
const left = Object.entries(open)
  .map(([mechanism, list]) => [mechanism, list.filter((title) => !passed.has(title))] as const)
  .filter(([, list]) => list.length > 0);
writeFileSync(path, `${JSON.stringify(Object.fromEntries(left), null, 2)}\n`);

const known = new Set(Object.values(open).flat());
for (const title of failed) if (!known.has(title)) process.stdout.write(`fails, and is not open: ${title}\n`);
for (const title of known)
  if (!passed.has(title) && !failed.has(title)) process.stdout.write(`open, and no test: ${title}\n`);
const count = left.reduce((sum, [, list]) => sum + list.length, 0);
process.stdout.write(`${known.size - count} taken out, ${count} left\n`);
