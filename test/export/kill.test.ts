/** An export that is killed at any instant repeats rows, and leaves none out. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openForWriting } from '../../store/file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cli, program, temporaryFolder } from '../standin.ts';
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
    const child = spawn(process.execPath, [program, ...argv], { stdio: 'ignore' });
    return {
      ended: new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal))),
      kill: () => void child.kill('SIGKILL'),
    };
  };
  const seen = new Set<string>();
  // What a shipper has read it may delete; what stands under another name it never sees.
  const ship = (): boolean => {
    let isAny = false;
    for (const name of readdirSync(folder)) {
      if (!name.startsWith('results')) continue;
      const text = readFileSync(join(folder, name), 'utf8');
      t.true(text === '' || text.endsWith('\n'), `${name} is whole`);
      for (const id of idsOf(text)) seen.add(id);
      isAny ||= text !== '';
      rmSync(join(folder, name));
    }
    return isAny;
  };
  const cursorText = (): string => (existsSync(cursor) ? readFileSync(cursor, 'utf8') : '');
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
  const outcomes = { nothing: 0, shipped: 0, moved: 0 };
  let hasMoved = true;
  for (let round = 1; round <= kills; round += 1) {
    // As much to do each time, or the instants would all fall into its beginning.
    if (hasMoved) {
      const store = openForWriting(db, tables);
      addTo(store, many(round), 1_790_100_000 + round);
      store.close();
    }
    const before = cursorText();
    const run = start();
    let watcher: FSWatcher | null = null;
    if (round % 3 === 0) {
      // Between the first file and the cursor there are few milliseconds, which chance alone would hardly meet.
      watcher = watch(folder, (_event, name) => {
        if (name?.startsWith('results') === true) setTimeout(run.kill, Math.random() * 12);
      });
    } else {
      // Up to a little after it would be done; from the moment on at which it can be doing anything.
      setTimeout(run.kill, duration * (0.3 + Math.random() * 1.1));
    }
    const { signal, took } = await timed(run);
    watcher?.close();
    if (signal === 'SIGKILL') killed += 1;
    else duration = took;
    const hasShipped = ship();
    hasMoved = cursorText() !== before;
    outcomes[hasMoved ? 'moved' : hasShipped ? 'shipped' : 'nothing'] += 1;
    // A cursor that moves before its rows can be read loses them, if the run ends there.
    t.true(hasShipped || !hasMoved);
  }
  t.log(
    `${killed} of ${kills} were ended by the signal; of all, ${outcomes.nothing} before a file was there, ` +
      `${outcomes.shipped} between the first file and the cursor, ${outcomes.moved} after the cursor moved`,
  );
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
