/**
 * The extension of osquery: how long it takes until it is registered, what it holds in memory, how long one Mac's rows take, and
 * what 120,000 rows take.
 *
 * Run: node scripts/build.mjs && node bench/extension.ts [--rounds 10] [--rows 120000] [--json]. `npm run bench -- others` runs it, too.
 * Memory and processor time are read from /proc, so Linux. The time of the processors tells more than that of the clock where other
 * programs run beside.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messages, Incoming, Writer } from '../export/osquery/thrift.ts';
import { openForWriting, transact } from '../store/file.ts';
import { snapshotOf } from '../store/snapshot.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';
import { addPerson, cleanHost, collectionOf, now } from '../test/queries/constructed.ts';
import type { Measured } from './line.ts';
import { placeIn, root } from './place.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    rows: { type: 'string', default: '120000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const wanted = Number(values.rows);
// Of /proc, in all of Linux's own.
const millisecondsPerTick = 10;
const uuid = 1;
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
const [node = '', ...program] = placeIn(folder).program;
const socket = join(folder, 'em');
const own = `${socket}.${uuid}`;

/** What it took, as bench/lines/others.ts reads it. */
const figures: Record<string, Measured> = {};
const note = (
  name: string,
  { ms, cpu, megabytes }: { readonly ms: number; readonly cpu: number; readonly megabytes: number },
): void => void (figures[name] = { seconds: ms / 1000, processor: cpu / 1000, megabytes });
const say = (text: string): void => {
  if (!values.json) process.stdout.write(`${text}\n`);
};

const answerOf = (name: string): Writer => {
  const writer = new Writer();
  writer.begin(name, messages.reply, 1);
  if (name === 'registerExtension') {
    writer.field('struct', 0);
    writer.field('i32', 1);
    writer.i32(0);
    writer.field('i64', 3);
    writer.i64(BigInt(uuid));
    writer.stop();
  } else {
    writer.field('map', 0);
    writer.setLater(writer.map('i64', 'struct'), 1);
    writer.i64(BigInt(uuid));
    writer.stop();
  }
  writer.stop();
  return writer;
};

let registeredAt = 0;
let registered: () => void = () => {};
/** The least of an osquery. */
const manager = createServer((connection) => {
  const incoming = new Incoming(() => ({}));
  connection.on('error', () => {});
  connection.on('data', (bytes) => {
    incoming.push(bytes);
    const asked = incoming.take();
    if (asked === null) return;
    if (asked.name === 'registerExtension') {
      registeredAt = performance.now();
      registered();
    }
    for (const chunk of answerOf(asked.name).chunks()) connection.write(chunk);
  });
});

const cpuOf = ({ pid }: ChildProcess): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
  return (Number(fields[13]) + Number(fields[14])) * millisecondsPerTick;
};
const memoryOf = ({ pid }: ChildProcess, which: 'VmRSS' | 'VmHWM'): number =>
  Math.round(
    Number(new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
  );

interface Started {
  readonly child: ChildProcess;
  readonly ms: number;
  readonly cpu: number;
}

const start = async (...words: readonly string[]): Promise<Started> => {
  let cpu = 0;
  const began = performance.now();
  const child = spawn(node, [...program, 'osquery-extension', '--socket', socket, ...words], {
    env: {},
    stdio: 'inherit',
  });
  await new Promise<void>((resolve) => {
    registered = () => {
      cpu = cpuOf(child);
      resolve();
    };
  });
  while (!existsSync(own)) await sleep(1);
  // The file is there a moment before somebody listens.
  await sleep(50);
  return { child, ms: registeredAt - began, cpu };
};

const end = async ({ child }: Started): Promise<void> => {
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
};

const question = (table: string): Writer => {
  const writer = new Writer();
  writer.begin('call', messages.call, 1);
  for (const [index, text] of ['table', `tokenquery_${table}`].entries()) {
    writer.field('string', index + 1);
    writer.string(text);
  }
  writer.field('map', 3);
  writer.setLater(writer.map('string', 'string'), 1);
  writer.string('action');
  writer.string('generate');
  writer.stop();
  return writer;
};

/** Asks for a table, and says how long it took and how many bytes came. */
const ask = (table: string): Promise<{ readonly ms: number; readonly bytes: number }> =>
  new Promise((resolve) => {
    const began = performance.now();
    const connection = connect(own);
    let bytes = 0;
    let last = 0;
    let timer: NodeJS.Timeout | null = null;
    connection.on('data', (came) => {
      bytes += came.length;
      last = performance.now();
      if (timer !== null) clearTimeout(timer);
      // So ends a message; a text may, too, and then goes on.
      if (came.at(-1) !== 0 || came.at(-2) !== 0) return;
      timer = setTimeout(() => {
        connection.destroy();
        resolve({ ms: last - began, bytes });
      }, 500);
    });
    connection.on('connect', () => {
      for (const chunk of question(table).chunks()) connection.write(chunk);
    });
  });

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

const measureStart = async (): Promise<void> => {
  const all: Started[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = await start('--source', join(root, 'samples/macos15-unmanaged'));
    all.push(started);
    if (round < rounds - 1) await end(started);
  }
  const last = all.at(-1);
  if (last === undefined) return;
  const [ms, cpu] = [median(all.map((one) => one.ms)), median(all.map((one) => one.cpu))];
  await sleep(1000);
  const idle = memoryOf(last.child, 'VmRSS');
  note('registered', { ms, cpu, megabytes: idle });
  say(`registered after ${ms.toFixed(0)} ms, of which the processor ${cpu} ms (medians of ${rounds})`);
  const first = await ask('users');
  const kept: number[] = [];
  const before = cpuOf(last.child);
  for (let round = 0; round < 20; round += 1) kept.push((await ask('users')).ms);
  const cpuOfKept = (cpuOf(last.child) - before) / 20;
  say(
    `first answer, with a look, ${first.ms.toFixed(0)} ms; from the kept one ${median(kept).toFixed(1)} ms, of which the processor ${cpuOfKept.toFixed(2)} ms`,
  );
  await sleep(1000);
  const idleAfter = memoryOf(last.child, 'VmRSS');
  note('kept', { ms: median(kept), cpu: cpuOfKept, megabytes: idleAfter });
  say(`idle ${idle} MB before a look, ${idleAfter} MB after it`);
  await end(last);
};

const measureRows = async (): Promise<void> => {
  const db = join(folder, 'large.db');
  const perHost = 1000;
  const store = openForWriting(db, tables);
  const writer = storeWriter(store.db, tables);
  for (let host = 0; host < wanted / perHost; host += 1) {
    const one = cleanHost(`${String(host).padStart(8, '0')}-0000-4000-8000-000000000000`, now);
    for (let index = 0; index < perHost; index += 1)
      addPerson(one, { username: `user${index}`, uid: 1000 + index, token: 0 });
    transact(store, () => writer.add([snapshotOf(tables, collectionOf(one), 'bench')], now));
  }
  store.close();
  const started = await start('--db', db);
  const before = cpuOf(started.child);
  const { ms, bytes } = await ask('users');
  const [cpu, megabytes] = [cpuOf(started.child) - before, memoryOf(started.child, 'VmHWM')];
  note('rows', { ms, cpu, megabytes });
  say(
    `${wanted} rows of users, ${(bytes / 1e6).toFixed(0)} MB: ${ms.toFixed(0)} ms, of which the processor ${cpu} ms; ${megabytes} MB at most`,
  );
  await end(started);
};

await new Promise<void>((resolve) => manager.listen(socket, resolve));
try {
  await measureStart();
  await measureRows();
  if (values.json) process.stdout.write(JSON.stringify(figures));
} finally {
  manager.close();
  rmSync(folder, { recursive: true, force: true });
}
