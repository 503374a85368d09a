/** Ended at any instant, a publication leaves a whole shard: that of before, or the new one. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { checkLake } from '../../../export/lake/check.ts';
import { folderPlace } from '../../../export/lake/folder.ts';
import { manifestName, readManifest } from '../../../export/lake/manifest.ts';
import type { Place } from '../../../export/lake/place.ts';
import { s3Place } from '../../../export/lake/s3.ts';
import { hasS3, startS3 } from '../../s3.ts';
import { program, temporaryFolder } from '../../standin.ts';
import { tables } from '../../../tables/index.ts';
import { dayLater, sampleSnapshots, storeAt } from '../world.ts';
import { publishAt, publishTo } from './world.ts';

/** A place that does nothing any more from some request on, as for a program that is gone. */
const endingAt = (place: Place, most: number): Place & { readonly count: () => number } => {
  let count = 0;
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    count += 1;
    if (count > most) throw new Error('ended');
    return work();
  };
  return {
    count: () => count,
    pathOf: (name) => place.pathOf(name),
    prepare: () => counted(() => place.prepare()),
    read: (name, size) => counted(() => place.read(name, size)),
    list: (folder) => counted(() => place.list(folder)),
    write: (name, bytes) => counted(() => place.write(name, bytes)),
    remove: (name) => counted(() => place.remove(name)),
    lock: (shard) => place.lock(shard),
  };
};

const manifestIn = async (place: Place): Promise<string> =>
  Buffer.from((await place.read(manifestName('main'), 1 << 24)) ?? []).toString();

const isWhole = async (t: ExecutionContext, place: Place, what: string): Promise<void> => {
  const { problems, shards } = await checkLake(place, () => {});
  t.deepEqual(problems, [], what);
  t.is(shards.length, 1, what);
};

test('ended before each of its requests, it leaves the shard of before or the new one; the next run goes on', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'fleet.db'), first);
  const place = folderPlace(join(folder, 'lake'));
  await publishTo(place, db);
  const before = await manifestIn(place);
  storeAt(db, first.map(dayLater), 1_790_200_000);
  await publishAt(join(folder, 'other'), db);
  const after = await manifestIn(folderPlace(join(folder, 'other')));
  let ended = 0;
  for (let most = 0; ; most += 1) {
    const ending = endingAt(place, most);
    const done = await publishTo(ending, db, { keep: 0 }).then(
      () => true,
      (error: Error) => {
        t.is(error.message, 'ended');
        return false;
      },
    );
    ended += Number(!done);
    const now = await manifestIn(place);
    t.true(now === before || now === after, `${most} requests`);
    await isWhole(t, place, `${most} requests`);
    if (done) {
      t.is(now, after);
      break;
    }
  }
  t.true(ended > 15, `${ended} ends`);
});

// A few instants in every run of the tests; TOKENQUERY_KILLS=50 for many.
const kills = Number(process.env['TOKENQUERY_KILLS'] ?? 2);

interface Target {
  readonly out: string;
  readonly place: Place;
  readonly env: Readonly<Record<string, string>>;
}

const killedAtRandom = async (t: ExecutionContext, { out, place, env }: Target): Promise<void> => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'fleet.db'), first);
  const run = (): { ended: Promise<NodeJS.Signals | null>; kill: () => void } => {
    const child = spawn(process.execPath, [program, 'lake', '--db', db, '--out', out, '--keep', '0s'], {
      stdio: 'ignore',
      env: { ...process.env, ...env },
    });
    return {
      ended: new Promise((fulfil) => child.on('close', (_, signal) => fulfil(signal))),
      kill: () => void child.kill('SIGKILL'),
    };
  };
  const began = performance.now();
  await run().ended;
  let duration = performance.now() - began;
  const counts = { killed: 0, before: 0, after: 0 };
  for (let round = 1; round <= kills; round += 1) {
    const next = first.map((snapshot) => ({ ...snapshot }));
    storeAt(
      db,
      next.map((snapshot) => dayLaterBy(snapshot, round)),
      1_790_200_000 + round,
    );
    const before = await manifestIn(place);
    const started = performance.now();
    const { ended, kill } = run();
    setTimeout(kill, duration * (0.3 + Math.random() * 0.8));
    if ((await ended) === 'SIGKILL') counts.killed += 1;
    else duration = performance.now() - started;
    await isWhole(t, place, `round ${round}`);
    counts[(await manifestIn(place)) === before ? 'before' : 'after'] += 1;
  }
  t.log(
    `${counts.killed} of ${kills} were ended by the signal; ${counts.before} left the shard of before, ${counts.after} the new one`,
  );
  // Of few, all may come too late.
  if (kills > 9) t.true(counts.killed > 0);
  await run().ended;
  await publishAt(join(folder, 'fresh'), db, {}, tables);
  const fresh = readFileSync(join(folder, 'fresh', manifestName('main')), 'utf8');
  const partsOf = (json: string): ReadonlyMap<string, unknown> => readManifest(json, 'main', 'it').tables;
  t.deepEqual(partsOf(await manifestIn(place)), partsOf(fresh));
};

const dayLaterBy = (
  snapshot: Parameters<typeof dayLater>[0],
  days: number,
): Parameters<typeof dayLater>[0] => {
  let later = snapshot;
  for (let day = 0; day < days; day += 1) later = dayLater(later);
  return later;
};

test.serial(`killed at ${kills} random instants, a folder has a whole shard`, async (t) => {
  const out = join(temporaryFolder(t), 'lake');
  await killedAtRandom(t, { out, place: folderPlace(out), env: {} });
});

(hasS3 ? test.serial : test.serial.skip)(
  `killed at ${kills} random instants, a bucket has a whole shard`,
  async (t) => {
    const port = await startS3(t, join(temporaryFolder(t), 's3'));
    const env = {
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    };
    const out = 's3://fleet/lake';
    await killedAtRandom(t, { out, place: s3Place(out, env), env });
  },
);
