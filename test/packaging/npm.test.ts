/** The npm package: packed, installed into an empty folder, and run from there. The long form is packaging/check_programs.ts. */
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readFileSync, readdirSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { extract } from 'tar-stream';
import { version } from '../../cli/version.ts';
import { packNpm } from '../../packaging/npm.ts';
import { root, temporaryFolder } from '../standin.ts';
import { install, installedFiles, npmFile, prefixFor, runInstalled } from './installed.ts';

const isRoot = process.geteuid?.() === 0;
const isBuilt = existsSync(join(root, 'dist/tokenquery.cjs')) && npmFile() !== null;
const builtTest = isBuilt ? test.serial : test.skip;

const shared = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
let tarball = '';
test.before(() => {
  if (isBuilt) tarball = packNpm(shared);
});
test.after.always(() => rmSync(shared, { recursive: true }));

interface Packed {
  readonly modes: ReadonlyMap<string, number>;
  readonly manifest: Readonly<Record<string, unknown>>;
}

const packedIn = async (): Promise<Packed> => {
  const modes = new Map<string, number>();
  let manifest = '';
  const reader = extract();
  reader.end(gunzipSync(readFileSync(tarball)));
  for await (const entry of reader) {
    modes.set(entry.header.name, entry.header.mode ?? 0);
    for await (const part of entry)
      if (entry.header.name === 'package/package.json') manifest += String(part);
  }
  return { modes, manifest: JSON.parse(manifest) as Record<string, unknown> };
};

builtTest('the package holds the built program alone, in fewer than 60 files', async (t) => {
  const { modes, manifest } = await packedIn();
  t.true(modes.size < 60, `${modes.size} files`);
  for (const [path, mode] of modes) {
    t.regex(path, /^package\/(?:bin|dist)\/|^package\/(?:LICENSE|README\.md|package\.json)$/);
    // Node strips no types below node_modules.
    t.notRegex(path, /\.ts$/);
    t.is(mode & 0o777, path.startsWith('package/bin/') ? 0o755 : 0o644, path);
  }
  for (const name of ['LICENSE', 'dist/licenses.txt', 'bin/tokenquery.cjs', 'bin/tokenquery'])
    t.true(modes.has(`package/${name}`), name);
  for (const platform of ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64'])
    t.true(modes.has(`package/dist/prebuilds/${platform}.node`), platform);
  for (const name of ['dependencies', 'optionalDependencies', 'devDependencies', 'scripts', 'private'])
    t.false(name in manifest, name);
  // Somebody may install it: npm does not.
  t.deepEqual(Object.keys(manifest['peerDependencies'] as object), ['@duckdb/node-api']);
  t.deepEqual(manifest['peerDependenciesMeta'], { '@duckdb/node-api': { optional: true } });
  t.deepEqual(manifest['bin'], { tokenquery: 'bin/tokenquery.cjs' });
});

/** What the package is made of, in another folder, with other times. */
const copied = (folder: string): string => {
  mkdirSync(folder);
  for (const name of ['bin', 'dist', 'LICENSE', 'README.md', 'package.json'])
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.includes('dist/caches'),
    });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    utimesSync(join(entry.parentPath, entry.name), 1_700_000_000, 1_700_000_000);
  return folder;
};

builtTest('the package has the same bytes from two folders at two times', (t) => {
  const folder = temporaryFolder(t);
  const again = packNpm(join(folder, 'out'), copied(join(folder, 'copy')));
  t.true(readFileSync(again).equals(readFileSync(tarball)));
});

const first = ['query', '--csv', 'SELECT 1 AS one'];
const ofSample = ['query', '--csv', '--source', 'sample', 'SELECT count(*) AS hosts FROM hosts'];

builtTest('installed by npm it answers for an ordinary user', (t) => {
  const folder = temporaryFolder(t);
  const prefix = prefixFor(folder, process.execPath);
  const { status, stderr } = install(prefix, tarball);
  t.is(status, 0, stderr);
  const files = installedFiles(prefix);
  // npm's own list of what is there is not part of it.
  t.deepEqual(
    files.filter((path) => !path.startsWith('tokenquery/') && !path.startsWith('.')),
    [],
  );
  t.is(runInstalled(prefix, 'user', ['--version']).stdout, `tokenquery ${version}\n`);
  const answered = runInstalled(prefix, 'user', ofSample);
  t.is(answered.stdout, 'hosts\r\n4\r\n', answered.stderr);
  const sqlite = join(prefix, 'lib/node_modules/tokenquery/dist/prebuilds');
  renameSync(sqlite, `${sqlite}-away`);
  const other = runInstalled(prefix, 'user', first);
  t.is(other.status, 1);
  t.regex(
    other.stderr,
    /^tokenquery: error: SQLite cannot be loaded on this system .*\ntokenquery: hint: .*glibc/,
  );
  renameSync(`${sqlite}-away`, sqlite);
});

(isRoot ? builtTest : test.skip)('root runs of it what is root’s, and nothing of another user’s', (t) => {
  const prefix = prefixFor(temporaryFolder(t), process.execPath);
  t.is(install(prefix, tarball).status, 0);
  const asRoot = runInstalled(prefix, 'root', first);
  t.is(asRoot.stdout, 'one\r\n1\r\n', asRoot.stderr);
  // What is another user's is not run by root, and an ordinary user may still run it.
  chownSync(join(prefix, 'lib/node_modules/tokenquery/dist/index.cjs'), 4711, 4711);
  const refused = runInstalled(prefix, 'root', first);
  t.is(refused.status, 1);
  t.is(refused.stdout, '');
  t.regex(refused.stderr, /error: .*dist\/index\.cjs belongs to another user.*\n.*hint: chown it to root/);
  t.is(runInstalled(prefix, 'user', first).stdout, 'one\r\n1\r\n');
});

/** The command with versions that are told to it. */
const withVersion = (node: string, napi: string) =>
  spawnSync(
    process.execPath,
    [
      '-e',
      `Object.defineProperties(process.versions, { node: { value: '${node}' }, napi: { value: '${napi}' } });
       require(${JSON.stringify(join(root, 'bin/tokenquery.cjs'))});`,
    ],
    { encoding: 'utf8' },
  );

test('a Node that is too old is refused with words, before anything is loaded', (t) => {
  for (const [node, napi] of [
    ['6.17.1', '3'],
    ['18.20.8', '9'],
    ['20.20.2', '9'],
    ['22.17.1', '10'],
    ['23.5.0', '9'],
  ] as const) {
    const { status, stdout, stderr } = withVersion(node, napi);
    t.is(status, 1, node);
    t.is(stdout, '', node);
    t.regex(stderr, /^tokenquery: error: .*needs Node 22\.18 or newer\ntokenquery: hint: .*\n$/, node);
  }
});

const [, systems = ''] =
  /^v([0-9]+)\./.exec(spawnSync('/usr/bin/node', ['-v'], { encoding: 'utf8' }).stdout ?? '') ?? [];
const oldTest = systems !== '' && Number(systems) < 22 ? builtTest : test.skip;

oldTest('the old Node of this system gets the same words', (t) => {
  const { status, signal, stderr } = spawnSync(
    '/usr/bin/node',
    [join(root, 'bin/tokenquery.cjs'), ...first],
    {
      encoding: 'utf8',
    },
  );
  t.deepEqual([status, signal], [1, null]);
  t.regex(stderr, /needs Node 22\.18 or newer/);
});
