/**
 * V8's compiled form of a built program, for each kind of work (scripts/loader.cjs). Only the Node that made it takes it.
 * No path goes in, and what chance decides is given; what the clock decides shows where it is made twice.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, root } from './setup.mjs';

/** V8 takes a cache whose maker had these and whose reader has not. */
const predictable = ['--predictable', '--random-seed=1'];
const mostTries = 8;

const source = ['--source', './warm-sample'];
const file = (name) => `./warm-${name}`;
/** For each kind: what it writes, and the words of a command line that does such work. In this order, for one reads the other's. */
const works = {
  start: [[], 'query', 'SELECT 1'],
  collect: [
    ['one.db'],
    ...['overview', ...source, '--then', 'findings', ...source],
    ...['--then', 'snapshot', '--db', file('one.db'), ...source],
  ],
  ask: [
    [],
    ...['query', ...source, 'SELECT * FROM hosts'],
    ...['--then', 'query', ...source, 'SELECT * FROM secure_tokens'],
  ],
  query: [[], 'query', '--db', file('one.db'), 'SELECT * FROM users'],
  findings: [[], 'findings', '--db', file('one.db')],
  export: [
    ['one.ndjson'],
    ...['export', '--db', file('one.db'), '--format', 'native', '--output', file('one.ndjson')],
  ],
  merge: [['two.db'], 'merge', '--db', file('two.db'), file('one.ndjson'), file('one.db')],
};

const digestOf = (folder) => {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).toSorted()) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex');
};

/**
 * @param node The Node that will take them.
 * @param dist The program; they become dist/caches.
 * @param scratch A folder for what is written on the way.
 * @param isSettled Each is made until the same bytes came twice, so that they come again at another time.
 */
export const makeCaches = (node, dist, scratch, isSettled) => {
  const clear = (names) => {
    for (const name of names) rmSync(join(scratch, file(name)), { recursive: true, force: true });
  };
  const make = (kind) => {
    const [written, ...words] = works[kind];
    clear(written);
    const how = kind === 'query' || kind === 'ask' ? ['--guarded'] : [];
    const program = [join(root, 'scripts/code_cache.cjs'), ...how, dist, kind, ...words];
    const { status, stderr } = spawnSync(node, [...predictable, ...program], {
      cwd: scratch,
      env: childEnvironment(node),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the caches for ${kind} could not be made: ${stderr}`);
    return digestOf(join(dist, 'caches', kind));
  };
  cpSync(join(root, 'samples/macos26-managed'), join(scratch, file('sample')), { recursive: true });
  for (const kind of Object.keys(works)) {
    const seen = new Set();
    let digest = make(kind);
    if (!isSettled) continue;
    while (!seen.has(digest)) {
      seen.add(digest);
      if (seen.size > mostTries) throw new Error(`no cache for ${kind} came twice; is the machine busy?`);
      digest = make(kind);
    }
  }
  clear(['sample', ...Object.values(works).flatMap(([written]) => written)]);
};
