/**
 * Brings what the project needs and this machine lacks: the dependencies, and a Node that can run the tool.
 * Runs on Node 18 or newer, before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.tokenquery-setup');

const digest = () => {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json']) hash.update(readFileSync(join(root, name)));
  return hash.digest('hex');
};

const say = (message) => process.stderr.write(`tokenquery: note: ${message}\n`);

/** Installs the locked dependencies, unless that was done for the same lock file before. */
export const setUp = () => {
  const wanted = digest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // npm would empty the folder that the link leads to, which is another project's.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) {
    process.stderr.write(`tokenquery: error: ${modules} is a link, and what it leads to would be emptied\n`);
    process.stderr.write('tokenquery: hint: remove the link and run the same command again\n');
    process.exit(1);
  }
  say('setting up: installing the dependencies (once)');
  const npm = process.env.npm_execpath;
  const parameters = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm's own messages go to stderr: stdout is for answers.
  const stdio = ['ignore', process.stderr, process.stderr];
  const { status, error } =
    npm === undefined
      ? spawnSync('npm', parameters, { cwd: root, stdio })
      : spawnSync(process.execPath, [npm, ...parameters], { cwd: root, stdio });
  if (status !== 0) {
    process.stderr.write(
      `tokenquery: error: npm ci failed${error === undefined ? '' : `: ${error.message}`}\n`,
    );
    process.stderr.write(
      'tokenquery: hint: is the npm registry reachable? then run the same command again\n',
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
};

const fits = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
};

/** A Node that can run the sources: the one that runs now, or the one that the project brings. */
export const fittingNode = () => {
  if (fits(process.version)) return process.execPath;
  const own = join(root, 'node_modules', '.bin', 'node');
  const found = existsSync(own) ? spawnSync(own, ['--version'], { encoding: 'utf8' }).stdout : null;
  if (found !== null && fits(found.trim())) return own;
  process.stderr.write(
    `tokenquery: error: this is Node ${process.version}, and Node 22.18 or newer is needed\n`,
  );
  process.stderr.write(
    'tokenquery: hint: install a newer Node; for this platform npm has none to bring along\n',
  );
  return process.exit(1);
};

/** The environment of a child: its own Node first, and node_modules/.bin on the path. */
export const childEnvironment = (node) => ({
  ...process.env,
  PATH: [dirname(node), join(root, 'node_modules', '.bin'), process.env.PATH].join(':'),
});
