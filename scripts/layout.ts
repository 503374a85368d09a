/**
 * Makes the file of the present layout that the tests keep of each former one (test/store/layouts/): run it before
 * layoutVersion is raised. `node scripts/layout.ts [--program PATH]` asks a program, by default that of this folder, to
 * store four snapshots of two sample hosts, with changes and a partial observation among them. The same
 * program and samples give the same bytes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { makeBundle } from '../test/store/evidence.ts';
import { runner, thisProgram } from '../test/net/program.ts';

const { values } = parseArgs({ options: { program: { type: 'string', default: thisProgram } } });

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-layout-'));
const firstTime = 1_790_000_000;
const day = 86_400;
const bundles = [
  makeBundle('macos26-managed', join(folder, 'first'), { time: firstTime }),
  makeBundle('macos26-managed', join(folder, 'changed'), {
    time: firstTime + day,
    replace: [
      ['sw_vers', /26\.\d+/g, '26.9'],
      ['-readall', '/bin/zsh', '/bin/sh'],
      ['sysadminctl', 'ENABLED', 'DISABLED'],
    ],
  }),
  makeBundle('macos26-managed', join(folder, 'partial'), {
    time: firstTime + 2 * day,
    without: ['/usr/bin/fdesetup'],
  }),
  makeBundle('macos15-unmanaged', join(folder, 'other'), { time: firstTime }),
];
const database = join(folder, 'layout.db');
const run = runner(resolve(values.program), folder);
for (const bundle of bundles) {
  const { end } = await run([['snapshot', '--db', database, '--source', bundle]], firstTime + 3 * day);
  if (!end.endsWith('exit code 0\n')) throw new Error(end);
}
const bytes = readFileSync(database);
// The layout stands in the header, as user_version.
const path = join(import.meta.dirname, '..', 'test/store/layouts', `${bytes.readUInt32BE(60)}.db.gz`);
writeFileSync(path, gzipSync(bytes, { level: 9 }));
rmSync(folder, { recursive: true });
process.stdout.write(`${path}\n`);
