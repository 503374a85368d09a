/** The built program; `npm test` builds it first. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { version } from '../cli/version.ts';
import type { ExecutionContext } from 'ava';
import { root, temporaryFolder } from './standin.ts';

const isBuilt = existsSync(join(root, 'dist/caches'));
const builtTest = isBuilt ? test : test.skip;

/** dist/ alone in a folder of its own, with no node_modules beside or above it. */
const moved = (t: ExecutionContext): string => {
  const folder = temporaryFolder(t);
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  return folder;
};
const start = (folder: string, ...parameters: string[]) =>
  spawnSync(process.execPath, [join(folder, 'dist/tokenquery.cjs'), ...parameters], {
    cwd: '/',
    env: {},
    encoding: 'utf8',
  });

builtTest('dist runs from any folder, with no node_modules and no environment', (t) => {
  const folder = moved(t);
  t.is(start(folder, '--version').stdout, `tokenquery ${version}\n`);
  t.is(start(folder, 'query', '--csv', 'SELECT 1 AS one').stdout, 'one\r\n1\r\n');
  const sample = start(
    folder,
    'query',
    '--json',
    '--source',
    'sample',
    'SELECT count(*) AS hosts FROM hosts',
  );
  t.is(sample.status, 0, sample.stderr);
  t.deepEqual(JSON.parse(sample.stdout), [{ hosts: 4 }]);
  const overview = start(folder, '--source', 'sample');
  t.is(overview.status, 0, overview.stderr);
  t.regex(overview.stdout, /secure token/);
  const findings = start(folder, 'findings', '--source', 'sample', '--json');
  t.is(findings.status, 0, findings.stderr);
});

builtTest('dist snapshots, queries its database and merges it', (t) => {
  const folder = moved(t);
  const db = join(folder, 'a.db');
  for (const parameters of [
    ['snapshot', '--db', db, '--source', 'sample'],
    ['merge', '--db', join(folder, 'b.db'), db],
    ['changes', '--db', db],
  ]) {
    const { status, stderr } = start(folder, ...parameters);
    t.is(status, 0, `${parameters.join(' ')}: ${stderr}`);
  }
  const sql = 'SELECT host_id, username, secure_token FROM secure_tokens ORDER BY 1, 2';
  const [one, two] = ['a.db', 'b.db'].map((name) =>
    start(folder, 'query', '--json', '--db', join(folder, name), sql),
  );
  t.is(one?.status, 0, one?.stderr);
  t.true((one?.stdout.length ?? 0) > 1000);
  t.is(one?.stdout, two?.stdout);
});

builtTest('the build made every cache that the loader may ask for, with each part of the program', (t) => {
  const loader = readFileSync(join(root, 'dist/tokenquery.cjs'), 'utf8');
  const choice = /const cacheOf = [^]*?\n\};\n/.exec(loader)?.[0] ?? '';
  const kinds = [...choice.matchAll(/(?:return |\? |: )'([a-z]+)'/g)].map(([, kind]) => kind);
  for (const kind of ['start', 'ask', 'collect', 'query', 'findings']) t.true(kinds.includes(kind), kind);
  for (const kind of new Set(kinds)) t.true(existsSync(join(root, `dist/caches/${kind}/index.cjs`)), kind);
});

builtTest('Node takes the caches with the option that the launcher gives it, too', (t) => {
  const option = /--max-\S+/.exec(readFileSync(join(root, 'bin/tokenquery'), 'utf8'))?.[0] ?? '';
  t.not(option, '');
  const taken =
    'const { readFileSync } = require("node:fs"); const { Script } = require("node:vm"); ' +
    'const [text, cache] = process.argv.slice(1); const filename = "index.cjs"; ' +
    'const cachedData = readFileSync(cache); ' +
    'console.log(!new Script(readFileSync(text, "latin1"), { filename, cachedData }).cachedDataRejected)';
  const [text, cache] = [join(root, 'dist/index.cjs'), join(root, 'dist/caches/collect/index.cjs')];
  for (const [options, isTaken] of [
    [[], true],
    [[option], true],
    // What it would be to refuse one.
    [['--max-lazy'], false],
  ] as const) {
    const { stdout } = spawnSync(process.execPath, [...options, '-e', taken, text, cache], {
      encoding: 'utf8',
    });
    t.is(stdout, `${isTaken}\n`, options.join());
  }
});

/** Takes parts away; what does not need them runs as before. */
const runsWithout = (
  t: ExecutionContext,
  folder: string,
  parts: readonly string[],
  db: string,
  verb: string,
): void => {
  for (const part of parts) rmSync(join(folder, 'dist', part));
  for (const words of [
    ['query', '--db', db, 'SELECT 1'],
    ['findings', '--db', db],
    ['export', '--db', db],
    [verb, '--help'],
  ]) {
    const { status, stderr } = start(folder, ...words);
    t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  }
};

builtTest('what a report needs is in a part of its own, which nothing else loads', (t) => {
  const folder = moved(t);
  const db = join(folder, 'a.db');
  const page = join(folder, 'report.html');
  t.is(start(folder, 'snapshot', '--db', db, '--source', 'sample').status, 0);
  const made = start(folder, 'report', '--db', db, '--output', page);
  t.is(made.status, 0, made.stderr);
  t.true(readFileSync(page, 'utf8').includes('The keys of 4 Macs'));
  const parts = readdirSync(join(folder, 'dist')).filter((name) => {
    if (!name.endsWith('.index.cjs.js')) return false;
    const text = readFileSync(join(folder, 'dist', name), 'latin1');
    return text.includes("default-src 'none'") || text.includes('d3_scale_linear');
  });
  t.is(parts.length, 2);
  runsWithout(t, folder, parts, db, 'report');
});

builtTest('what a lake needs is in a part of its own, which nothing else loads', (t) => {
  const folder = moved(t);
  const db = join(folder, 'a.db');
  const out = join(folder, 'lake');
  t.is(start(folder, 'snapshot', '--db', db, '--source', 'sample').status, 0);
  const made = start(folder, 'lake', '--db', db, '--out', out);
  t.is(made.status, 0, made.stderr);
  t.is(start(folder, 'lake', '--check', '--out', out).status, 0);
  const parts = readdirSync(join(folder, 'dist')).filter(
    (name) =>
      name.endsWith('.index.cjs.js') &&
      /AWS4-HMAC-SHA256|parquet columns must have/.test(readFileSync(join(folder, 'dist', name), 'latin1')),
  );
  t.true(parts.length > 0);
  runsWithout(t, folder, parts, db, 'lake');
});

builtTest('what the extension of osquery needs is in a part of its own, which nothing else loads', (t) => {
  const folder = moved(t);
  const db = join(folder, 'a.db');
  t.is(start(folder, 'snapshot', '--db', db, '--source', 'sample').status, 0);
  const without = (): ReturnType<typeof start> =>
    start(folder, 'osquery-extension', '--socket', '/tmp/no/socket', '--timeout', '1');
  t.regex(without().stderr, /osquery does not answer/);
  const parts = readdirSync(join(folder, 'dist')).filter(
    (name) =>
      name.endsWith('.index.cjs.js') &&
      readFileSync(join(folder, 'dist', name), 'latin1').includes('osquery did not register the extension'),
  );
  t.is(parts.length, 1);
  // It waits all day: what looks is not in it.
  t.true(lstatSync(join(folder, 'dist', parts[0] ?? '')).size < 60_000);
  for (const part of parts) rmSync(join(folder, 'dist', part));
  for (const words of [
    ['query', '--db', db, 'SELECT 1'],
    ['findings', '--db', db],
  ]) {
    const { status, stderr } = start(folder, ...words);
    t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  }
});

builtTest('the launcher works from any folder and through a symlink', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(root, 'bin/tokenquery'), join(folder, 'bin/one'));
  symlinkSync('one', join(folder, 'bin/two'));
  for (const name of ['bin/one', 'bin/two']) {
    const { stdout, stderr } = spawnSync(join(folder, name), ['--version'], { cwd: '/', encoding: 'utf8' });
    t.is(stdout, `tokenquery ${version}\n`, stderr);
  }
  const hostile = spawnSync(join(folder, 'bin/two'), ['query', '--csv', 'SELECT 1 AS one'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NODE_OPTIONS: '--require /nowhere.cjs', NODE_PATH: '/nowhere' },
  });
  t.is(hostile.stdout, 'one\r\n1\r\n', hostile.stderr);
});

builtTest('an old Node is refused with words, not with a crash', (t) => {
  const folder = moved(t);
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '-e',
      `Object.defineProperty(process.versions, 'napi', { value: '9' }); require(${JSON.stringify(join(folder, 'dist/tokenquery.cjs'))})`,
    ],
    { encoding: 'utf8' },
  );
  t.is(status, 1);
  t.regex(stderr, /needs Node 22\.18 or newer\n.*bin\/tokenquery/);
});
