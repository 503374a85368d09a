/** How long what was looked up is answered again, and what a file of snapshots tells while others write into it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Kept } from '../../cli/osquery/kept.ts';
import { addTo, sampleSnapshots, storeAt } from '../export/world.ts';
import { openForWriting } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { asked, socketFolder, startExtension, startManager, listens } from './extension.ts';
import { callMessage } from './wire.ts';

const keptFor = (maxAgeMs: number) => {
  const state = { now: 0, loads: 0, closed: [] as number[], fails: false };
  const load = async () => {
    state.loads += 1;
    const number = state.loads;
    await sleep(1);
    if (state.fails) throw new Error(`failure ${number}`);
    return { number, close: () => void state.closed.push(number) };
  };
  return { state, kept: new Kept(load, maxAgeMs, () => state.now) };
};

test('who asks at the same time gets one look; an old one is made anew, and closed', async (t) => {
  const { state, kept } = keptFor(60_000);
  const all = await Promise.all([kept.get(), kept.get(), kept.get()]);
  t.deepEqual(
    all.map(({ number }) => number),
    [1, 1, 1],
  );
  state.now = 59_999;
  t.is((await kept.get()).number, 1);
  state.now = 62_000;
  t.is((await kept.get()).number, 2);
  t.deepEqual(state.closed, [1]);
  kept.close();
  t.deepEqual(state.closed, [1, 2]);
});

test('a statement that goes on is answered to its end from one look, but not for ever', async (t) => {
  const { state, kept } = keptFor(1000);
  await kept.get();
  for (; state.now < 60_000; state.now += 500) t.is((await kept.get()).number, 1, String(state.now));
  state.now = 61_500;
  t.is((await kept.get()).number, 2);
});

test('a failure is told to all who wait and for some seconds more, and then tried again; what was there stays', async (t) => {
  const { state, kept } = keptFor(1000);
  state.fails = true;
  for (const error of await Promise.all([kept.get(), kept.get()].map((one) => one.catch(String))))
    t.is(String(error), 'Error: failure 1');
  state.now = 4000;
  await t.throwsAsync(kept.get(), { message: 'failure 1' });
  t.is(state.loads, 1);
  state.fails = false;
  state.now = 6000;
  t.is((await kept.get()).number, 2);
  // Nothing that is too old is answered for a failure.
  state.fails = true;
  state.now = 12_000;
  await t.throwsAsync(kept.get(), { message: 'failure 3' });
  t.deepEqual(state.closed, []);
});

test('a database is told as it was when a statement began, and then as it is', async (t) => {
  const path = join(temporaryFolder(t), 'one.db');
  const [first, ...others] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are samples');
  storeAt(path, [first]);
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  startExtension(t, socket, '--db', path);
  await listens(manager.extension);
  const question = callMessage('tokenquery_hosts', { action: 'generate' });
  const known = async (): Promise<number> => {
    const answer = await asked(manager.extension, question);
    return [first, ...others].filter(({ hostId }) => answer.includes(hostId)).length;
  };
  const store = openForWriting(path, tables);
  let hosts = 1;
  for (const one of others) {
    t.is(await known(), hosts);
    const began = performance.now();
    addTo(store, [one], 1_790_200_000);
    const now = await known();
    // On a machine that is busy a statement may have ended meanwhile.
    if (performance.now() - began < 900) t.is(now, hosts);
    hosts += 1;
    await sleep(1500);
    t.is(await known(), hosts);
  }
  store.close();
});

test('a database that is not there yet is an error with what to do, until it is', async (t) => {
  const path = join(temporaryFolder(t), 'later.db');
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  startExtension(t, socket, '--db', path);
  await listens(manager.extension);
  const question = callMessage('tokenquery_users_history', { action: 'generate' });
  t.regex(
    (await asked(manager.extension, question)).toString(),
    /there is no .*later\.db.*tokenquery snapshot --db/s,
  );
  storeAt(path, await sampleSnapshots());
  await sleep(5100);
  t.true((await asked(manager.extension, question)).includes('valid_from_time'));
});
