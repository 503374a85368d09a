/**
 * Builds dist/: tsc emits, ncc bundles into three files, and a loader starts them. dist/ runs from any folder
 * with no node_modules beside it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { makeCaches } from './caches.mjs';
import { childEnvironment, fittingNode, root, setUp } from './setup.mjs';

setUp();
// It is there from now on.
const { minify } = await import('terser');
const { packed } = await import('./packed.mjs');
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

// What was fetched for packages (packaging/node_official.ts) stays: it has its digest.
mkdirSync(at('build'), { recursive: true });
for (const path of ['dist', ...readdirSync(at('build')).map((name) => join('build', name))])
  if (path !== join('build', 'cache')) rmSync(at(path), { recursive: true, force: true });
run(at('node_modules/typescript/bin/tsc'), '-p', 'scripts/tsconfig.build.json');
// CommonJS: the loader of better-sqlite3's binary does not survive a bundle of ES modules.
writeFileSync(at('build/entry.cjs'), 'import(/* webpackMode: "eager" */ "./cli/start.js");\n');
// A bundle has no import.meta; the program that is built never asks where its sources are.
const delivered = readFileSync(at('build/cli/delivered.js'), 'utf8');
if (!delivered.includes('import.meta.dirname'))
  throw new Error('cli/delivered.ts no longer has import.meta.dirname');
writeFileSync(at('build/cli/delivered.js'), delivered.replace('import.meta.dirname', "''"));
/** Bundles a file of build/, with a file of its own for what is only imported when it is needed. */
const bundle = (entry, out, ...options) =>
  run(at('node_modules/@vercel/ncc/dist/ncc/cli.js'), 'build', entry, '-o', out, ...options);
// Of whole programs alone ncc finds every license.
bundle('build/entry.cjs', 'build/whole', '--license', 'licenses.txt');
// What `SELECT 1` and --version need is in one part, which is soon read, what the prompt of a shell needs besides in another,
// what a page to look at needs in a third, what a lake alone needs in a fourth, what the extension of osquery needs in a fifth, and all the rest in a sixth.
const importing = /\/\* webpackMode: "eager" \*\//g;
for (const path of readdirSync(at('build'), { recursive: true }).filter((name) => name.endsWith('.js'))) {
  const text = readFileSync(at('build', path), 'utf8');
  const lines = text.split('\n').map((line) => {
    if (/'\.\/commands\/query\.js'|'\.\.\/collector\/trust\.js'/.test(line)) return line;
    const isOfPrompt = /'\.\/commands\/shell\.js'|'\.\.\/shell\/(?:shell|talk)\.js'/.test(line);
    const isOfPage = /'\.\.\/(?:report|explorer)\.js'/.test(line);
    // The extension of osquery runs all the time: what it does not need stays out of its memory.
    const isOfOsquery = /'\.\/commands\/osquery_extension\.js'|'\.\.\/osquery\/extension\.js'/.test(line);
    const isOfLake = /'\.\.?\/lake(?:_worker|_query|_store)?\.js'/.test(line);
    const parts = { prompt: isOfPrompt, report: isOfPage, osquery: isOfOsquery, lake: isOfLake };
    const chunk = Object.entries(parts).find(([, isOfPart]) => isOfPart)?.[0] ?? 'rest';
    return line.replaceAll(importing, `/* webpackChunkName: "${chunk}" */`);
  });
  writeFileSync(at('build', path), lines.join('\n'));
}
mkdirSync(at('dist'), { recursive: true });
// One character beyond ASCII would make V8 hold two bytes for each of the others.
const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
const minified = async (path) => {
  const { code } = await minify(readFileSync(path, 'utf8'), {
    compress: false,
    // They are told in errors.
    mangle: { keep_classnames: true, keep_fnames: true },
  });
  return code.replace(/[^\0-\x7f]/g, escaped);
};
bundle('build/entry.cjs', 'build/bundle');
for (const name of readdirSync(at('build/bundle')).filter((file) => /index\.cjs(?:\.js)?$/.test(file)))
  writeFileSync(at('dist', name), Module.wrap(await minified(at('build/bundle', name))), 'latin1');
// The first thread of a guarded command loads this alone.
writeFileSync(at('build/guardian.cjs'), 'module.exports = require("./cli/guardian.js");\n');
bundle('build/guardian.cjs', 'build/guardian');
writeFileSync(at('dist/guardian.cjs'), Module.wrap(await minified(at('build/guardian/index.cjs'))), 'latin1');
// SQLite for the explorer's page is no part of the bundle: what it may be used under stands behind the licenses of the others.
for (const name of ['sql-wasm-browser.js', 'sql-wasm-browser.wasm'])
  // Not copied: it would be executable, as sql.js delivers it.
  writeFileSync(at('dist', name), readFileSync(at('node_modules/sql.js/dist', name)));
const licenses = readFileSync(at('build/whole/licenses.txt'), 'utf8').trimEnd();
const ofSqlJs = readFileSync(at('node_modules/sql.js/LICENSE'), 'utf8').trim();
writeFileSync(
  at('dist/licenses.txt'),
  `${licenses}\n\nsql.js\nMIT\n${ofSqlJs}\n\nSQLite, which is in sql.js, is in the public domain.\n`,
);
renameSync(at('build/bundle/prebuilds'), at('dist/prebuilds'));
mkdirSync(at('dist/samples'));
for (const entry of readdirSync(at('samples'), { withFileTypes: true }))
  if (entry.isDirectory())
    writeFileSync(at('dist/samples', `${entry.name}.tar.gz`), await packed(at('samples', entry.name)));
// Without the caches that follow it starts slower, not differently.
cpSync(at('scripts/loader.cjs'), at('dist/tokenquery.cjs'));
makeCaches(node, at('dist'), at('build'), false);
