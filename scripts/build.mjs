/**
 * Builds dist/: tsc emits, ncc bundles into one file, and a loader starts it. dist/ runs from any folder
 * with no node_modules beside it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, fittingNode, root, setUp } from './setup.mjs';

setUp();
const node = fittingNode();
const run = (...argv) => {
  const { status, stdout, stderr } = spawnSync(node, argv, {
    cwd: root,
    env: childEnvironment(node),
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}\ntokenquery: error: the build failed in ${argv[0]}\n`);
  process.exit(1);
};
const at = (...parts) => join(root, ...parts);

for (const folder of ['build', 'dist']) rmSync(at(folder), { recursive: true, force: true });
run(at('node_modules/typescript/bin/tsc'), '-p', 'scripts/tsconfig.build.json');
// CommonJS: the loader of better-sqlite3's binary does not survive a bundle of ES modules.
writeFileSync(at('build/entry.cjs'), 'import(/* webpackMode: "eager" */ "./cli/start.js");\n');
// A bundle has no import.meta; the program that is built never asks where its sources are.
const delivered = readFileSync(at('build/cli/delivered.js'), 'utf8');
if (!delivered.includes('import.meta.dirname'))
  throw new Error('cli/delivered.ts no longer has import.meta.dirname');
writeFileSync(at('build/cli/delivered.js'), delivered.replace('import.meta.dirname', "''"));
mkdirSync(at('dist'), { recursive: true });
/** Bundles a file of build/ into one. */
const bundled = (entry, out, ...options) => {
  run(at('node_modules/@vercel/ncc/dist/ncc/cli.js'), 'build', entry, '-m', '-o', out, ...options);
  return readFileSync(at(out, 'index.cjs'), 'utf8');
};
const bundle = bundled('build/entry.cjs', 'build/bundle', '--license', 'licenses.txt');
// The first thread of a guarded command loads this alone.
writeFileSync(at('build/guardian.cjs'), 'module.exports = require("./cli/guardian.js");\n');
writeFileSync(at('dist/guardian.cjs'), bundled('build/guardian.cjs', 'build/guardian'));
for (const name of ['licenses.txt', 'prebuilds']) renameSync(at('build/bundle', name), at('dist', name));
// One character beyond ASCII would make V8 hold two bytes for each of the others.
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
writeFileSync(at('dist/index.cjs'), bundle.replace(/[^\0-\x7f]/g, escaped), 'latin1');
cpSync(at('samples'), at('dist/samples'), { recursive: true });
const sample = ['--source', at('samples/macos26-managed')];
const db = ['--db', at('build/warm.db')];
const cacheWith = (how, name, words) =>
  run(at('scripts/code_cache.cjs'), ...how, at('dist/index.cjs'), at('dist/caches', name), ...words);
const cache = (name, ...words) => cacheWith([], name, words);
mkdirSync(at('dist/caches'));
cache('start', 'query', 'SELECT 1');
cache(
  'collect',
  'overview',
  ...sample,
  '--then',
  'findings',
  ...sample,
  '--then',
  'snapshot',
  ...db,
  ...sample,
);
cacheWith(['--guarded'], 'query', ['query', ...db, 'SELECT * FROM users']);
cache('findings', 'findings', ...db);
const exported = at('build/warm.ndjson');
cache('export', 'export', ...db, '--format', 'native', '--output', exported);
cache('merge', ...['merge', '--db', at('build/warm2.db'), exported, at('build/warm.db')]);
// Last, for it is what bin/tokenquery compares the sources with.
cpSync(at('scripts/loader.cjs'), at('dist/tokenquery.cjs'));
