/**
 * What the single executable is made of, without making one: it takes a Node of 55 MB, and minutes. packaging/check_programs.ts
 * makes them, and runs the tests of the command line on one.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { root, temporaryFolder } from '../standin.ts';

const builtTest = existsSync(join(root, 'dist/tokenquery.cjs')) ? test : test.skip;
const isRoot = process.geteuid?.() === 0;
const nobody = 65_534;
const platform = `${process.platform}-${process.arch}`;

/** `node:sea` as the executable has it, over the files of dist/, in front of the text that the executable runs. */
const withAssets = (t: ExecutionContext): string => {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const main = ['executable.cjs', 'loader.cjs'].map((name) =>
    readFileSync(join(root, 'scripts', name), 'utf8'),
  );
  const self = join(folder, 'main.cjs');
  const standIn = `{
    const { readFileSync, readdirSync } = require('node:fs');
    const dist = ${JSON.stringify(join(root, 'dist'))};
    const pathOf = (name) =>
      name === 'main' ? ${JSON.stringify(self)}
      : name === 'addon' ? dist + ${JSON.stringify(`/prebuilds/${platform}.node`)} : dist + '/' + name;
    const sea = {
      getAssetKeys: () => readdirSync(dist, { recursive: true }),
      getRawAsset: (name) => new Uint8Array(readFileSync(pathOf(name))).buffer,
    };
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...more) => (name === 'node:sea' ? sea : load(name, ...more));
  }
  `;
  writeFileSync(self, standIn + main.join(''));
  return self;
};

/** Root takes no TMPDIR, so an ordinary user runs it. */
const run = (main: string, words: readonly string[], temporary: string) => {
  const user = isRoot ? { uid: nobody, gid: nobody } : {};
  return spawnSync(process.execPath, [main, ...words], {
    cwd: '/',
    env: { TMPDIR: temporary },
    encoding: 'utf8',
    ...user,
  });
};

const temporaryOf = (t: ExecutionContext): string => {
  const folder = temporaryFolder(t);
  if (isRoot) chownSync(folder, nobody, nobody);
  return folder;
};

test('what is no target, and no target at all, is an error', (t) => {
  for (const words of [[], ['darwin-arm46'], ['linux-x64', 'linux']]) {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(root, 'packaging/executable.ts'), ...words],
      { encoding: 'utf8' },
    );
    t.is(status, 1);
    t.regex(stderr, /is no target: they are darwin-arm64, darwin-x64, linux-x64/);
  }
});

builtTest('its own text answers from what it has in itself, and leaves no file behind', (t) => {
  const main = withAssets(t);
  const temporary = temporaryOf(t);
  for (const [words, answer] of [
    [['query', '--csv', 'SELECT 1 AS one'], 'one\r\n1\r\n'],
    // Behind the guard, in a thread that runs the same text.
    [['query', '--csv', '--source', 'sample', 'SELECT count(*) AS hosts FROM hosts'], 'hosts\r\n4\r\n'],
  ] as const) {
    const { stdout, stderr } = run(main, words, temporary);
    t.is(stdout, answer, stderr);
  }
  t.deepEqual(readdirSync(temporary), []);
});
