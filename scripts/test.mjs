/**
 * `npm test`: every check and the build, then every test; ends with a line `N passed, N failed`.
 * `npm test -- FILE…` runs these tests only, on the sources. Both bring what the project needs first.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run, runChecks } from './checks.mjs';
import { childEnvironment, fittingNode, root, setUp } from './setup.mjs';

setUp();
const node = fittingNode();
const parameters = process.argv.slice(2);
const isWhole = parameters.length === 0;
// Hundreds of processes load the same files: what V8 made of them is kept for all, which takes a fifth of their time away.
const compiled = join(root, 'node_modules', '.cache', 'compiled');
const env = { ...childEnvironment(node), NO_COLOR: '1', NODE_COMPILE_CACHE: compiled };
if (isWhole) {
  env.TOKENQUERY_FUZZ_RUNS ??= '3000';
  env.TOKENQUERY_PROGRAM = join(root, 'dist', 'tokenquery.cjs');
}
const say = (text) => process.stdout.write(text);

const start = (...argv) => spawnSync(node, argv, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });

let [passed, failed] = [0, 0];
if (isWhole) {
  // A build is busy on one core, and no check looks at what it makes.
  const [checked, built] = await Promise.all([
    runChecks(node, env, say),
    run(node, env, ['scripts/build.mjs']),
  ]);
  passed = checked.passed + Number(built.isOk);
  failed = checked.failed + Number(!built.isOk);
  say(built.isOk ? 'ok: build\n' : `FAILED: build\n${built.said}`);
}

// ava's words come through as they are; its closing lines are counted.
const tests = start(join(root, 'node_modules/ava/entrypoints/cli.js'), ...parameters);
process.stdout.write(tests.stdout);
process.stderr.write(tests.stderr);
const counted = (pattern) =>
  [...`${tests.stdout}\n${tests.stderr}`.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
// With failures, ava's closing lines leave out how many passed.
passed += `${tests.stdout}\n${tests.stderr}`.match(/^\s*✔ /gm)?.length ?? 0;
const skipped = counted(/^\s*(\d+) tests? skipped$/gm);
const broken = counted(
  /^\s*(\d+) (?:tests? failed|tests? remained pending.*|uncaught exceptions?|unhandled rejections?|known failures? .*)$/gm,
);
failed += tests.status === 0 ? 0 : Math.max(1, broken);

say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exitCode = failed === 0 ? 0 : 1;
