/** Where no thread can begin, for want of open files or processes, the work is done in one; no input is blamed for it. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import workers from 'node:worker_threads';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { ChunkMaker } from '../../export/chunk_maker.ts';
import { threadLanes } from '../../export/lake/threads.ts';
import { parallelExport } from '../../export/parallel.ts';
import { judgedInThreads } from '../../queries/judge_threads.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { merge } from '../../store/merge.ts';
import { errorOf, failureOf } from '../../store/thread_failure.ts';
import { codeOf, UserError } from '../../collector/errors.ts';
import type { ThreadEntry } from '../../store/worker.ts';
import { tables } from '../../tables/index.ts';
import { hostNumber, later, sampleSnapshots, storeAt } from '../export/world.ts';
import { cli, program, temporaryFolder } from '../standin.ts';

const codes = ['ERR_WORKER_INIT_FAILED', 'EMFILE', 'EAGAIN', 'ENOMEM'];

/** A thread whose error event says that it could not begin. */
const failing = (code: string): ThreadEntry => ({
  script: `throw Object.assign(new Error('no thread: ${code}'), { code: '${code}' })`,
  isText: true,
});

/** Work while no thread can be made at all. */
const withoutThreads = async <T>(work: () => Promise<T>): Promise<T> => {
  const { Worker } = workers;
  const put = (own: typeof Worker): void => {
    workers.Worker = own;
    syncBuiltinESMExports();
  };
  put(function none() {
    throw Object.assign(new Error('Worker initialization failure: EAGAIN'), {
      code: 'ERR_WORKER_INIT_FAILED',
    });
  } as unknown as typeof Worker);
  try {
    return await work();
  } finally {
    put(Worker);
  }
};

/** An export that is read in a thread where there is one, for it is larger than 2 MiB. */
const largeExport = async (t: ExecutionContext): Promise<string> => {
  const folder = temporaryFolder(t);
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const hosts = Array.from({ length: 12 }, (_, index) =>
    later({ ...first, hostId: hostNumber(index) }, index),
  );
  const db = storeAt(join(folder, 'fleet.db'), hosts);
  const path = join(folder, 'fleet.ndjson');
  const { code, stderr } = await cli(['export', '--db', db, '--format', 'native', '--output', path]);
  t.is(code, 0, stderr);
  t.true(statSync(path).size > 2 * 1024 * 1024);
  return path;
};

const merged = async (path: string, workerEntry: ThreadEntry, to: string) => {
  const store = openForWriting(to, tables);
  try {
    return await merge(store, [{ path, kind: 'native' }], {
      ...{ version: '9.9.9', now: () => 1_790_200_000, workerEntry },
      readEvidence: () => Promise.reject(new Error('there is none')),
    });
  } finally {
    store.close();
  }
};

test.serial('exports are merged where no thread can begin', async (t) => {
  const path = await largeExport(t);
  const folder = temporaryFolder(t);
  const check = async (name: string, of: Promise<Awaited<ReturnType<typeof merged>>>): Promise<void> => {
    const { stored, bad } = await of;
    t.deepEqual([stored, bad], [12, []], name);
  };
  for (const code of codes) await check(code, merged(path, failing(code), join(folder, `${code}.db`)));
  await check(
    'none',
    withoutThreads(() => merged(path, failing(''), join(folder, 'none.db'))),
  );
  // A fault of the program is one.
  const fault = await merged(
    path,
    { script: "throw new Error('a fault')", isText: true },
    join(folder, 'fault.db'),
  );
  t.regex(fault.bad[0]?.message ?? '', /a fault/);
});

test.serial('what reads a database in threads is told that there are none', async (t) => {
  const path = storeAt(join(temporaryFolder(t), 'fleet.db'), await sampleSnapshots());
  const store = openForReading(path, tables);
  t.teardown(() => store.close());
  const task = {
    task: 'export',
    path,
    tableNames: ['hosts'],
    format: 'native',
    options: {},
    asOf: null,
  } as const;
  const judge = { task: 'judge', path, expect: 'auto' } as const;
  const exported = tables.filter(({ name }) => name === 'hosts');
  const tried = async (entry: ThreadEntry) => {
    const judged: unknown[] = [];
    for await (const found of judgedInThreads(entry, judge, [new Map(), new Map()])) judged.push(found);
    return [
      await parallelExport(entry, task, new ChunkMaker(store, exported, task), () => []),
      await threadLanes(entry, path, store.db),
      ...judged,
    ];
  };
  for (const code of codes) t.deepEqual(await tried(failing(code)), [null, null, null, null], code);
  t.deepEqual(await withoutThreads(() => tried(failing(''))), [null, null, null, null]);
});

test('what a thread tells of has the code of its cause', (t) => {
  const cause = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  const error = errorOf(failureOf(new UserError('it cannot be read', 'try again', 1, cause)));
  t.true(error instanceof UserError);
  t.is(codeOf(error.cause), 'EMFILE');
  t.is(codeOf(errorOf(failureOf(new UserError('it is cut off'))).cause), '');
});

test('with few open files all is merged, or it is said why; no input is put aside', async (t) => {
  const text = readFileSync(await largeExport(t));
  const folder = temporaryFolder(t);
  const [incoming, bad, db] = [join(folder, 'in'), join(folder, 'bad'), join(folder, 'fleet.db')];
  const input = join(incoming, 'fleet.ndjson');
  let whole = 0;
  for (let limit = 22; limit < 34; limit += 1) {
    for (const path of [incoming, bad]) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
    }
    for (const end of ['', '-wal', '-shm']) rmSync(db + end, { force: true });
    writeFileSync(input, text);
    utimesSync(input, 1_700_000_000, 1_700_000_000);
    const words = ['merge', '--db', db, '--move-bad', bad, incoming];
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, program, ...words],
      {
        encoding: 'utf8',
        env: {},
      },
    );
    t.deepEqual(readdirSync(bad), [], `${limit}: ${stderr}`);
    t.true(existsSync(input), String(limit));
    if (status === 0) whole += 1;
    else t.notRegex(stderr, /from a Mac of yours|should not happen/, String(limit));
  }
  t.true(whole > 0);
});
