/** An export that is killed at any instant repeats rows, and leaves none out. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openForWriting } from '../../store/file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cli, root, temporaryFolder } from '../standin.ts';
import { addTo, idsOf, later, sampleSnapshots, storeAt } from './world.ts';

const day = 86_400;

// A few instants in every run of the tests; TOKENQUERY_KILLS=50 for many.
const kills = Number(process.env['TOKENQUERY_KILLS'] ?? 10);

test.serial(`killed at ${kills} random instants, an export by cursor leaves no row out`, async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = join(folder, 'mac.db');
  const many = (round: number): Snapshot[] =>
    Array.from({ length: 40 }, (_, index) => later(first[index % 4] as Snapshot, round * day + index * 60));
  const out = join(folder, 'results.log');
  const cursor = join(folder, 'cursor');
  const argv = [
    'export',
    '--db',
    db,
    '--format',
    'native',
    '--cursor',
    cursor,
    '--output',
    out,
    '--keep',
    '1000',
    '--rotate-size',
    '300k',
  ];
  const start = (): { readonly ended: Promise<NodeJS.Signals | null>; readonly kill: () => void } => {
    const child = spawn(process.execPath, [join(root, 'cli/start.ts'), ...argv], { stdio: 'ignore' });
    return {
      ended: new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal))),
      kill: () => void child.kill('SIGKILL'),
    };
  };
  const seen = new Set<string>();
  // What a shipper has read it may delete; what stands under another name it never sees.
  const ship = (): void => {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith('results')) continue;
      const text = readFileSync(join(folder, name), 'utf8');
      t.true(text === '' || text.endsWith('\n'), `${name} is whole`);
      for (const id of idsOf(text)) seen.add(id);
      rmSync(join(folder, name));
    }
  };
  storeAt(db, many(0));
  const timed = async (
    run: ReturnType<typeof start>,
  ): Promise<{ signal: NodeJS.Signals | null; took: number }> => {
    const began = performance.now();
    const signal = await run.ended;
    return { signal, took: performance.now() - began };
  };
  let { took: duration } = await timed(start());
  ship();
  let killed = 0;
  for (let round = 1; round <= kills; round += 1) {
    const store = openForWriting(db, tables);
    addTo(store, many(round), 1_790_100_000 + round);
    store.close();
    const run = start();
    // Up to a little after it would be done; from the moment on at which it can be doing anything.
    setTimeout(run.kill, duration * (0.25 + Math.random() * 0.9));
    const { signal, took } = await timed(run);
    if (signal === 'SIGKILL') killed += 1;
    else duration = Math.min(duration, took);
    ship();
  }
  t.true(killed > 0);
  await start().ended;
  ship();
  const all = await cli(['export', '--db', db, '--changes']);
  const expected = new Set(idsOf(all.stdout));
  t.true(expected.size > 10_000);
  t.is([...expected].filter((id) => !seen.has(id)).length, 0);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});
