/** Many hosts are read in threads: the text is the same, and it is of one moment. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { programEntry } from '../../cli/delivered.ts';
import { ChunkMaker } from '../../export/chunk_maker.ts';
import { parallelExport } from '../../export/parallel.ts';
import { leastHosts } from '../../export/thread_protocol.ts';
import type { WorkerTask } from '../../export/thread_protocol.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cli, temporaryFolder } from '../standin.ts';
import { addTo, hostNumber, later, linesOf, sampleSnapshots, storeAt } from './world.ts';

const count = leastHosts + 3;

/** Hosts of a few rows each, all at a time. */
const fleetAt = async (time: number): Promise<Snapshot[]> => {
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const observations = new Map(
    [...first.observations].filter(([name]) => ['hosts', 'filevault_status'].includes(name)),
  );
  return Array.from({ length: count }, (_, index) => {
    const known = { ...first, hostId: hostNumber(index), collectedTime: time, observations, report: null };
    return { ...known, snapshotId: snapshotIdOf(known) };
  });
};

test('the text is the same, whether it was made in threads or not', async (t) => {
  const folder = temporaryFolder(t);
  const db = storeAt(join(folder, 'fleet.db'), await fleetAt(1_790_000_000));
  for (const name of ['native', 'ecs', 'json']) {
    const out = join(folder, name);
    const [file, stdout] = await Promise.all([
      cli(['export', '--db', db, '--format', name, '--output', out]),
      cli(['export', '--db', db, '--format', name]),
    ]);
    t.is(file.code, 0, file.stderr);
    t.true(linesOf(stdout.stdout).length > count);
    t.is(readFileSync(out, 'utf8'), stdout.stdout, name);
  }
  const csv = ['export', '--db', db, '--format', 'csv'];
  const all = await cli([...csv, '--output', join(folder, 'csv')]);
  t.is(all.code, 0, all.stderr);
  const files = readdirSync(join(folder, 'csv')).map((file) => file.replace('.csv', ''));
  t.true(files.includes('hosts') && files.includes('table_status'));
  for (const name of files) {
    const { stdout } = await cli([...csv, '--table', name]);
    t.is(readFileSync(join(folder, 'csv', `${name}.csv`), 'utf8'), stdout, name);
  }
  const failed = await cli(['export', '--db', db, '--output', join(folder, 'no', 'where')]);
  t.is(failed.code, 1);
});

test('hosts of which there is much come out whole and in their order, whichever thread read them', async (t) => {
  const folder = temporaryFolder(t);
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const observations = new Map([...first.observations].filter(([name]) => name === 'users'));
  // More than a thread may be ahead, of hosts that are read one after the other and at once.
  const manyRows = new Set([0, 5, 8, 9, 16, 17, 18, count - 1]);
  const snapshots = Array.from({ length: count }, (_, index) =>
    later({ ...first, hostId: hostNumber(index), observations, report: null }, 0, {
      users: ([row]) =>
        Array.from({ length: manyRows.has(index) ? 3000 : 1 }, (_row, account) => ({
          ...row,
          username: `ü${account}`,
        })),
    }),
  );
  const db = storeAt(join(folder, 'fleet.db'), snapshots);
  for (const name of ['ecs', 'csv']) {
    const out = join(folder, name);
    const argv = ['export', '--db', db, '--format', name, '--table', 'users'];
    const file = await cli([...argv, '--output', out]);
    const stdout = await cli(argv);
    t.is(file.code, 0, file.stderr);
    t.true(stdout.stdout.length > 3000 * manyRows.size * 200);
    t.true(readFileSync(out, 'utf8') === stdout.stdout, name);
  }
});

test('what is too much for the thread is read by the one that writes, and comes once', async (t) => {
  const folder = temporaryFolder(t);
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const observations = new Map([...first.observations].filter(([name]) => name === 'users'));
  const rowsOf = new Map([3, 20, 21].map((index) => [index, 500]));
  // The thread is given the first batch, and some of it is written by then.
  rowsOf.set(5, 20_000);
  const snapshots = Array.from({ length: 30 }, (_, index) =>
    later({ ...first, hostId: hostNumber(index), observations, report: null }, 0, {
      users: ([row]) =>
        Array.from({ length: rowsOf.get(index) ?? 1 }, (_row, account) => ({
          ...row,
          username: `${account}`.padEnd(200, 'x'),
        })),
    }),
  );
  const path = storeAt(join(folder, 'fleet.db'), snapshots);
  const users = tables.filter(({ name }) => name === 'users');
  for (const format of ['ecs', 'csv'] as const) {
    const store = openForReading(path, tables);
    const task: WorkerTask = {
      ...{ task: 'export', path, tableNames: ['users'], format, options: {}, asOf: null },
    };
    const maker = new ChunkMaker(store, users, task);
    const hostIds = Array.from({ length: 30 }, (_, index) => hostNumber(index));
    const parallel = await parallelExport(programEntry, task, maker, () => hostIds, 40);
    let text = '';
    for await (const { bytes } of parallel?.chunks ?? []) text += Buffer.from(bytes).toString('latin1');
    maker.end();
    let expected = '';
    maker.begin();
    for (const { bytes, length } of maker.chunks(hostIds))
      expected += Buffer.from(bytes.subarray(0, length)).toString('latin1');
    t.true(text === expected, format);
    store.close();
  }
});

test('the threads see one moment, whoever writes meanwhile', async (t) => {
  const folder = temporaryFolder(t);
  const path = storeAt(join(folder, 'fleet.db'), await fleetAt(1_790_000_000));
  const writer = openForWriting(path, tables);
  let time = 1_790_000_000;
  // The first host and the last one change together, or not at all.
  const [first, last] = [(await fleetAt(time))[0], (await fleetAt(time)).at(-1)];
  const write = setInterval(() => {
    time += 1;
    const pair = [first, last].flatMap((own) =>
      own === undefined ? [] : [later(own, time - 1_790_000_000)],
    );
    addTo(writer, pair, 1_790_100_000);
  }, 25);
  t.teardown(() => {
    clearInterval(write);
    writer.close();
  });
  const reader = openForReading(path, tables);
  t.teardown(() => reader.close());
  const task: WorkerTask = {
    ...{ task: 'export', path, tableNames: ['hosts'], format: 'native', options: {}, asOf: null },
  };
  const hostIds = Array.from({ length: count }, (_, index) => hostNumber(index));
  const maker = new ChunkMaker(
    reader,
    tables.filter(({ name }) => name === 'hosts'),
    task,
  );
  const times = new Set<string>();
  for (let turn = 0; turn < 20 && times.size < 3; turn += 1) {
    const parallel = await parallelExport(programEntry, task, maker, () => hostIds);
    if (parallel === null) continue;
    let text = '';
    for await (const { bytes } of parallel.chunks) text += Buffer.from(bytes).toString('utf8');
    maker.end();
    const found = linesOf(text).flatMap((line) => {
      const { kind, host_id: hostId, collected_time: at } = JSON.parse(line) as Record<string, unknown>;
      return kind === 'snapshot' && (hostId === hostIds[0] || hostId === hostIds.at(-1)) ? [String(at)] : [];
    });
    t.is(found.length, 2);
    t.is(found[0], found[1]);
    times.add(found[0] ?? '');
  }
  t.true(times.size > 0);
});
