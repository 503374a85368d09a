/**
 * Records what the tests of test/net compare with. `node scripts/net.ts --program PATH` asks a program and prints what
 * differs from what is recorded; with `--write` it is recorded. PATH is a cli/start.ts or a tokenquery.cjs, by default that of
 * this folder. `--world NAME` asks about one world only; test/net/README.md says what they are.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ask, recordedOf } from '../test/net/ask.ts';
import { comparer } from '../test/net/compare.ts';
import { thisProgram } from '../test/net/program.ts';
import { readWorld, removeRecorded, writePacked } from '../test/net/recorded.ts';
import { common, recordedAs, worlds } from '../test/net/worlds.ts';

const { values } = parseArgs({
  options: {
    program: { type: 'string', default: thisProgram },
    world: { type: 'string', multiple: true, default: Object.keys(worlds) },
    write: { type: 'boolean', default: false },
    // What a program of then wrote, and what later ones read: it is not made anew with the rest.
    origin: { type: 'boolean', default: false },
  },
});

const program = resolve(values.program);
const kept = mkdtempSync(join(tmpdir(), 'tokenquery-net-'));
let count = 0;
for (const world of values.world) {
  const was = recordedOf(world);
  const database = join(kept, `${world}.db`);
  const is = await ask(program, world, database);
  const found = comparer([]).differences(world, was, is);
  count += found.length;
  for (const one of found) process.stdout.write(`${one}\n`);
  const other = recordedAs[world];
  const shared = other === undefined ? new Map<string, string>() : readWorld(other);
  if (values.write) {
    for (const [file, text] of is) {
      if (shared.get(file) === text) removeRecorded(`${world}/${file}`);
      else writePacked(`${world}/${file}`, text);
    }
    for (const file of readWorld(world).keys()) if (!is.has(file)) removeRecorded(`${world}/${file}`);
    for (const file of shared.keys())
      if (file.startsWith(common) && !is.has(file)) writePacked(`${world}/${file}`, '');
  }
  if (!values.origin || !['samples', 'fleet'].includes(world)) continue;
  if (world === 'fleet' && existsSync(database)) writePacked('fleet.db', readFileSync(database));
  const native = is.get('asked/export/all-native.ndjson') ?? is.get('export/current-native.ndjson');
  if (native !== undefined) writePacked(`${world}.ndjson`, native);
}
rmSync(kept, { recursive: true, force: true });
process.stdout.write(
  `${count} files differ${values.write ? '; they are recorded now: read the diff before you commit it' : ''}\n`,
);
process.exitCode = count > 0 && !values.write ? 1 : 0;
