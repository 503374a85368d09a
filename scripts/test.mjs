/**
 * Every check, in the order of how soon they fail; ends with a line `N passed, N failed`.
 * Brings what the project needs first.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { childEnvironment, fittingNode, root, setUp } from './setup.mjs';

setUp();
const node = fittingNode();
const env = {
  ...childEnvironment(node),
  NO_COLOR: '1',
  TOKENQUERY_FUZZ_RUNS: process.env.TOKENQUERY_FUZZ_RUNS ?? '10000',
};
const bin = (name) => join(root, 'node_modules', name);

let passed = 0;
let failed = 0;
const say = (text) => process.stdout.write(`${text}\n`);

const check = (what, ...argv) => {
  const { status, stdout, stderr } = spawnSync(node, argv, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) {
    passed += 1;
    say(`ok: ${what}`);
    return;
  }
  failed += 1;
  say(`FAILED: ${what}\n${stdout}${stderr}`);
};

check('generated files are fresh', 'scripts/generate.ts', '--check');
check('sample hosts are fresh', 'scripts/samples.ts', '--check');
check('types', bin('typescript/bin/tsc'), '-p', 'tsconfig.json');
check('lint', bin('oxlint/bin/oxlint'), '--quiet');
check('format', bin('oxfmt/bin/oxfmt'), '--check', '.');
check('build', 'scripts/build.mjs');

// ava's words come through as they are; its closing lines are counted.
const parameters = process.argv.slice(2);
const tests = spawnSync(node, [bin('ava/entrypoints/cli.js'), ...parameters], {
  cwd: root,
  env: { ...env, TOKENQUERY_PROGRAM: join(root, 'dist', 'tokenquery.cjs') },
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
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

say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;
