/** Many hosts that are judged in threads: the store is the same as where one thread judges them. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { programEntry } from '../../cli/delivered.ts';
import { parseExceptions } from '../../queries/exceptions.ts';
import type { Exceptions } from '../../queries/exceptions.ts';
import { queries } from '../../queries/index.ts';
import { judgedInThreads, leastHostsForThreads } from '../../queries/judge_threads.ts';
import { judgePending, judgePendingInThreads } from '../../queries/judging.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { addPerson, cleanHost, collectionOf, day, deny, later, now } from './constructed.ts';
import type { Host } from './constructed.ts';
import { fleetOf } from './fleet.ts';

const many = leastHostsForThreads + 20;

/** A fleet of which some were looked at twice: the second look saw no accounts. */
const stored = (t: ExecutionContext): Store => {
  const store = openForWriting(join(temporaryFolder(t), 'fleet.db'), tables);
  const fleet = fleetOf(many).flatMap((host, index) => {
    if (index % 10 > 0) return [host];
    const second = later(host);
    deny(second, 'users');
    return [host, second];
  });
  transact(store, () => {
    const writer = storeWriter(store.db, tables);
    const snapshots = fleet.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery test'));
    for (const own of Map.groupBy(snapshots, ({ hostId }) => hostId).values()) writer.add(own, now + 9 * day);
  });
  return store;
};

const accepted = (): Exceptions =>
  parseExceptions(
    JSON.stringify({
      version: 1,
      exceptions: [
        {
          ...{ query: 'filevault_off', host: '*', subject: '*', owner: 'mquist@example.org' },
          ...{ reason: 'they are erased this month', until: '2027-01-01' },
        },
      ],
    }),
    'accepted.json',
    { queries, now },
  );

const judged = ['_host', '_finding', '_finding_unseen', '_finding_event', '_verdict'];
const rowsOf = ({ db }: Store): unknown =>
  judged.map((table) => db.prepare(`SELECT * FROM ${table}`).raw().all());

/** When the first snapshot of each host was taken. */
const sinceOf = ({ db }: Store): ReadonlyMap<string, number> =>
  new Map(
    db
      .prepare(
        'SELECT h.host_id, min(s.collected_time) FROM _host h JOIN _snapshot s ON s.host = h.host GROUP BY 1',
      )
      .raw()
      .all() as [string, number][],
  );

test('threads find what one thread finds, and it is stored in the same order', async (t) => {
  const [one, several] = [stored(t), stored(t)];
  judgePending(one, sinceOf(one), { exceptions: accepted() });
  const told: number[] = [];
  await judgePendingInThreads(several, sinceOf(several), {
    ...{ exceptions: accepted(), entry: programEntry },
    progress: (done) => told.push(done),
  });
  t.deepEqual(rowsOf(several), rowsOf(one));
  t.is(told.at(-1), one.db.prepare('SELECT count(*) FROM _snapshot').pluck().get() as number);
  const counted = one.db.prepare('SELECT count(*), count(exception) FROM _finding').raw().get() as number[];
  t.true(
    counted.every((count) => count > 4),
    String(counted),
  );
  one.close();
  several.close();
});

test('what another program brings of the past while threads find is what a host is judged by', async (t) => {
  const store = stored(t);
  // Its last look saw an account that one before, which comes late, did not see.
  const hosts = store.db.prepare('SELECT host_id FROM _host ORDER BY 1').pluck().all() as string[];
  const hostId = `${hosts[40]!.slice(0, -1)}9`;
  const look = cleanHost(hostId, now);
  addPerson(look, { username: 'newcomer', uid: 777 });
  const before = cleanHost(hostId, now - day);
  const bring = (to: Store, host: Host): void =>
    transact(to, () => {
      const snapshot = snapshotOf(tables, collectionOf(host), 'tokenquery test');
      storeWriter(to.db, tables).add([snapshot], now + 9 * day);
    });
  bring(store, look);
  const past = store.db
    .prepare('SELECT count(*) - count(DISTINCT host) FROM _snapshot')
    .pluck()
    .get() as number;
  let isBrought = false;
  await judgePendingInThreads(store, sinceOf(store), {
    entry: programEntry,
    progress: (done) => {
      // Those of the past come first.
      if (isBrought || done <= past) return;
      isBrought = true;
      // By then, threads have found what they were given ahead.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      const other = openForWriting(store.path, tables);
      bring(other, before);
      judgePending(other, new Map([[hostId, before.time]]));
      other.close();
    },
  });
  const found = store.db.prepare(
    "SELECT subject, from_time FROM _finding WHERE query_name = 'account_created' AND host = (SELECT host FROM _host WHERE host_id = ?)",
  );
  t.deepEqual(found.all(hostId), [{ subject: 'newcomer', from_time: now }]);
  store.close();
});

test('what a thread does not come to the end of is judged all the same', async (t) => {
  const [one, several] = [stored(t), stored(t)];
  judgePending(one, sinceOf(one));
  await judgePendingInThreads(several, sinceOf(several), {
    entry: { script: "setTimeout(() => { throw new Error('no memory is left'); }, 20);", isText: true },
  });
  t.deepEqual(rowsOf(several), rowsOf(one));
  one.close();
  several.close();
});

test('what is wrong in a thread is told, and no thread goes on', async (t) => {
  const task = { task: 'judge', path: join(temporaryFolder(t), 'nowhere.db'), expect: 'auto' } as const;
  const groups = Array.from({ length: 9 }, () => new Map([['00000000-0000-4000-8000-000000000000', now]]));
  const all = async (): Promise<void> => {
    for await (const _ of judgedInThreads(programEntry, task, groups)) t.fail();
  };
  await t.throwsAsync(all, { message: /there is no .*nowhere\.db/ });
});
