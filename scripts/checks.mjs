/** The static checks: what can be said of the project without running its tests. All at once, for most wait for one core. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup.mjs';

const bin = (path) => join(root, 'node_modules', path);

/** What is checked, and by which words after `node`. */
const checks = {
  types: [bin('typescript/bin/tsc'), '-p', 'tsconfig.json'],
  lint: [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings'],
  format: [bin('oxfmt/bin/oxfmt'), '--check', '.'],
  'unused files, exports and dependencies': [bin('knip/bin/knip.js'), ...['--config', 'scripts/knip.json']],
  'generated files are fresh': ['scripts/generate.ts', '--check'],
  'sample hosts are fresh': ['scripts/samples.ts', '--check'],
};

/** Starts Node, and tells how it ended and all that it said. */
export const run = (node, env, argv) =>
  new Promise((resolve) => {
    const child = spawn(node, argv, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => said.push(bytes));
    child.on('error', (error) => resolve({ isOk: false, said: `${error.message}\n` }));
    child.on('close', (status) => resolve({ isOk: status === 0, said: Buffer.concat(said).toString() }));
  });

/**
 * Runs them, and tells of each as soon as it has ended.
 * @returns How many passed and failed.
 */
export const runChecks = async (node, env, say) => {
  const started = performance.now();
  const ended = await Promise.all(
    Object.entries(checks).map(async ([what, argv]) => {
      const { isOk, said } = await run(node, env, argv);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      say(isOk ? `ok: ${what} (${seconds} s)\n` : `FAILED: ${what}\n${said}`);
      return isOk;
    }),
  );
  const passed = ended.filter(Boolean).length;
  return { passed, failed: ended.length - passed };
};
