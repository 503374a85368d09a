/** The extension from its start to its end, and what a socket can be sent. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { snapshotOf } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { storeAt } from '../export/world.ts';
import { addPerson, cleanHost, collectionOf } from '../queries/constructed.ts';
import { makeStandIn, runsIn, sample, temporaryFolder } from '../standin.ts';
import {
  asked,
  isAlive,
  memoryOf,
  ping,
  refusal,
  socketFolder,
  startExtension,
  startManager,
  talk,
  listens,
  until,
} from './extension.ts';
import type { Manager, Running } from './extension.ts';
import { callMessage, message, struct } from './wire.ts';

const source = ['--source', sample('macos15-unmanaged')];
const isRoot = process.geteuid?.() === 0;

interface Started {
  readonly socket: string;
  readonly manager: Manager;
  readonly running: Running;
}

const started = async (t: ExecutionContext, ...words: readonly string[]): Promise<Started> => {
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  const running = startExtension(t, socket, '--interval', '1', ...source, ...words);
  await until(() => existsSync(manager.extension), `a socket; ${running.stderr()}`);
  await listens(manager.extension);
  return { socket, manager, running };
};

const shutdown = message('shutdown', 1, struct([]));
const generate = (table: string): Buffer =>
  callMessage(`tokenquery_${table}`, { action: 'generate', context: '{"constraints":[]}' });

test('it is registered, answers, and ends with 0 when it is told to; nothing stays of it', async (t) => {
  const { manager, running } = await started(t);
  const stat = lstatSync(manager.extension);
  t.is(stat.mode & 0o777, 0o600);
  t.true(await isAlive(manager.extension));
  const users = await asked(manager.extension, generate('users'));
  t.true(users.includes('rowid') && users.includes('root'));
  await asked(manager.extension, shutdown);
  t.deepEqual(await running.ended, { code: 0, signal: null });
  t.false(existsSync(manager.extension));
  t.is(running.stderr(), '');
});

test('it ends when osquery dies, or does not know it any more, or a signal comes', async (t) => {
  const dies = await started(t);
  dies.manager.close();
  rmSync(dies.socket, { force: true });
  const forgets = await started(t);
  forgets.manager.state.knows = false;
  const killed = await started(t);
  killed.running.child.kill('SIGTERM');
  for (const { running, manager } of [dies, forgets, killed]) {
    t.deepEqual(await running.ended, { code: 0, signal: null });
    t.false(existsSync(manager.extension));
  }
});

test('it waits for osquery, and takes the place of a socket that nobody listens on', async (t) => {
  const socket = join(socketFolder(t), 'em');
  const running = startExtension(t, socket, '--timeout', '20', ...source);
  await sleep(600);
  // Of one that was killed.
  const left = spawn(process.execPath, [
    '-e',
    'require("net").createServer().listen(process.argv[1])',
    `${socket}.4711`,
  ]);
  await listens(`${socket}.4711`);
  left.kill('SIGKILL');
  await once(left, 'close');
  const manager = await startManager(t, socket);
  const mode = (): number | undefined => lstatSync(manager.extension, { throwIfNoEntry: false })?.mode;
  await until(() => ((mode() ?? 0) & 0o777) === 0o600, 'a new socket');
  await listens(manager.extension);
  t.is(manager.state.registered, 1);
  t.true(await isAlive(manager.extension));
  running.child.kill('SIGTERM');
  t.is((await running.ended).code, 0);
});

test('a socket at its place on which somebody listens stays, and is an error', async (t) => {
  const socket = join(socketFolder(t), 'em');
  const left = createServer((connection) => void connection.on('error', () => {}));
  t.teardown(() => left.close());
  await new Promise<void>((resolve) => left.listen(`${socket}.4711`, resolve));
  await startManager(t, socket);
  const running = startExtension(t, socket, ...source);
  t.is((await running.ended).code, 1);
  t.regex(running.stderr(), /is in the way: somebody listens there/);
  await listens(`${socket}.4711`);
});

test('with a database, what its last look could not see is an error at once, whatever was kept of before', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const seen = collectionOf(cleanHost('153620C3-42EA-40E8-B153-B949E6F4674A', 1_790_000_000));
  const blind: typeof seen = {
    ...seen,
    results: seen.results.map((result) =>
      ['ad_config', 'filevault_status'].includes(result.table.name)
        ? { ...result, status: 'failed' as const, reason: 'it ended with 77', rows: [] }
        : result,
    ),
  };
  storeAt(db, [snapshotOf(tables, seen, '0.1.0')], 1_790_000_100);
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  startExtension(t, socket, '--interval', '1', '--db', db, '--max-age', '3600');
  await until(() => existsSync(manager.extension), 'a socket');
  await listens(manager.extension);
  const ask = async (table: string): Promise<string> =>
    (await asked(manager.extension, generate(table))).toString('latin1');
  const policy = callMessage('tokenquery_policies', {
    action: 'generate',
    context: '{"constraints":[{"name":"query_name","list":[{"op":2,"expr":"filevault_off"}]}]}',
  });
  t.notRegex(await ask('filevault_status'), /could not be seen/);
  t.notRegex((await asked(manager.extension, policy)).toString('latin1'), /cannot be told/);
  const later = { ...blind, backend: { ...blind.backend, capturedTime: 1_790_086_400 } };
  storeAt(db, [snapshotOf(tables, later, '0.1.0')], 1_790_086_500);
  // What goes on is answered from one moment.
  await sleep(2500);
  t.regex(await ask('filevault_status'), /could not be seen: failed: it ended with 77/);
  t.regex(await ask('ad_config'), /could not be seen: failed/);
  t.regex((await asked(manager.extension, policy)).toString('latin1'), /cannot be told/);
});

test('who looks while it is looked waits for the same look, and pings are answered meanwhile', async (t) => {
  const { manager, running } = await started(t, '--verbose');
  const names = ['users', 'groups', 'hosts', 'answers', 'secure_tokens'];
  const answers = names.map((name) => asked(manager.extension, generate(name)));
  t.true(await isAlive(manager.extension));
  for (const answer of await Promise.all(answers)) t.true(answer.includes('rowid'));
  t.is(running.stderr().match(/looked in/g)?.length, 1, running.stderr());
});

test('what was seen is kept for as long as --max-age says', async (t) => {
  const { manager, running } = await started(t, '--verbose', '--max-age', '0');
  await asked(manager.extension, generate('users'));
  await sleep(1200);
  await asked(manager.extension, generate('users'));
  t.is(running.stderr().match(/looked in/g)?.length, 2, running.stderr());
});

test('what could not be looked at at all is an error with the reason, and the extension lives', async (t) => {
  const { manager } = await started(t, '--source', join(sample('macos15-unmanaged'), 'not here'));
  const answer = await asked(manager.extension, generate('users'));
  t.regex(answer.toString(), /tokenquery: .*not here/);
  const library = await asked(manager.extension, generate('answers'));
  t.regex(library.toString(), /not here/);
  t.true(await isAlive(manager.extension));
});

/** Seconds: on a machine that is busy, what answers may take a while to do so. */
const waited = '4';

const refusedWith = async (
  t: ExecutionContext,
  words: readonly string[],
  code: number,
  stderr: RegExp,
): Promise<void> => {
  const [socket = '', ...rest] = words;
  const running = startExtension(t, socket, '--timeout', waited, ...source, ...rest);
  const ended = await running.ended;
  t.is(ended.code, code, running.stderr());
  t.regex(running.stderr(), stderr);
  t.notRegex(running.stderr(), /\n {4}at |should not happen/);
};

test('bad flags and sockets that are none of osquery are told in words', async (t) => {
  const folder = socketFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const http = join(folder, 'http');
  const server = createServer((connection) => {
    connection.on('error', () => {});
    connection.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(http, resolve));
  t.teardown(() => server.close());
  await Promise.all([
    refusedWith(
      t,
      [join(folder, 'none')],
      1,
      /error: osquery does not answer at .* within 4 s: there is no such socket\n.*hint: .*extensions_socket/s,
    ),
    refusedWith(t, [file], 1, /is no socket/),
    refusedWith(t, [http], 1, /what answers is not osquery|closed the connection/),
    refusedWith(t, [`/${'x'.repeat(120)}`], 2, /at most 97/),
    refusedWith(t, [''], 2, /names no file/),
    refusedWith(t, [join(folder, 'none'), '--interval', 'often'], 2, /whole number/),
    refusedWith(t, [join(folder, 'none'), '--max-age', '-1'], 2, /--max-age/),
    refusedWith(t, [join(folder, 'none'), '--db', 'x.db'], 2, /exclude each other/),
    refusedWith(t, [join(folder, 'none'), '--nonsense'], 2, /unknown option/),
  ]);
});

test('a second extension of the name is told what osquery says', async (t) => {
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  manager.state.answersRegister = refusal('Duplicate extension registered');
  await refusedWith(
    t,
    [socket],
    1,
    /did not register the extension: Duplicate extension registered\n.*hint: .*osquery_extensions/s,
  );
  manager.state.answersRegister = refusal('');
  await refusedWith(t, [socket], 1, /it gives no reason/);
  t.false(existsSync(manager.extension));
});

test('a socket where others can put theirs is not spoken to', async (t) => {
  const folder = socketFolder(t);
  const socket = join(folder, 'em');
  const manager = await startManager(t, socket);
  chmodSync(folder, 0o777);
  await refusedWith(t, [socket], 1, /may be written by others than its owner/);
  chmodSync(folder, 0o700);
  t.is(manager.state.registered, 0);
  // What lies where its own socket should is not taken away.
  writeFileSync(manager.extension, 'mine');
  await refusedWith(t, [socket], 1, /is in the way/);
  t.true(lstatSync(manager.extension).isFile());
});

// Only root can make what is another user’s.
(isRoot ? test : test.skip)('a socket of another user is not spoken to', async (t) => {
  const folder = socketFolder(t);
  const socket = join(folder, 'em');
  const manager = await startManager(t, socket);
  chownSync(socket, 4711, 0);
  await refusedWith(t, [socket], 1, /belongs to user 4711/);
  chownSync(socket, 0, 0);
  chownSync(folder, 4711, 0);
  await refusedWith(t, [socket], 1, /belongs to user 4711/);
  t.is(manager.state.registered, 0);
});

const random = (length: number, seed: number): Buffer => {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
};

test('nothing that is sent to its socket harms it, and others are answered meanwhile', async (t) => {
  const { manager, running } = await started(t);
  await asked(manager.extension, generate('users'));
  const before = memoryOf(running);
  const long = Buffer.from('800100010000000463616c6c000000010b00017fffffff', 'hex');
  const deep = Buffer.concat([
    Buffer.from('800100010000000463616c6c00000001', 'hex'),
    Buffer.alloc(90_000, Buffer.from('0c0009', 'hex')),
  ]);
  const whole = generate('users');
  const hostile = [
    ...Array.from({ length: 40 }, (_, seed) => random(3000, seed)),
    random(300_000, 7),
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    long,
    deep,
    message('call', 2, struct([])),
    Buffer.alloc(100_000),
  ];
  for (const bytes of hostile) {
    const own = await talk(manager.extension);
    own.send(bytes);
    if (bytes.readInt32BE(0) !== 0) await Promise.race([own.closed, sleep(1000)]);
    own.end();
    t.true(await isAlive(manager.extension));
  }
  // A message in two, and one byte at a time, is answered; half of one waits, and keeps nobody.
  const slow = await talk(manager.extension);
  for (const byte of ping) {
    slow.send(Uint8Array.of(byte));
    await sleep(1);
  }
  await until(() => slow.received().includes('OK'), 'an answer to a slow writer');
  const halves = await Promise.all(Array.from({ length: 200 }, () => talk(manager.extension)));
  for (const [index, half] of halves.entries())
    half.send(whole.subarray(0, 1 + (index % (whole.length - 1))));
  t.true(await isAlive(manager.extension));
  for (const [index, half] of halves.entries()) half.send(whole.subarray(1 + (index % (whole.length - 1))));
  await until(() => halves.every((half) => half.received().includes('rowid')), '200 answers');
  for (const half of halves) half.end();
  slow.end();
  t.true(await isAlive(manager.extension));
  const after = memoryOf(running);
  if (before !== null && after !== null)
    t.true(after < before + 60, `${before} MB before, ${after} MB after`);
});

test('what is begun and never ended is held up to a bound for all together', async (t) => {
  const { manager, running } = await started(t);
  // A text of a megabyte, of which all but the end is sent, in 60 connections.
  const begun = Buffer.concat([
    Buffer.from('800100010000000463616c6c000000010b0001000f0000', 'hex'),
    Buffer.alloc(0xe_ff00),
  ]);
  const all = await Promise.all(Array.from({ length: 60 }, () => talk(manager.extension)));
  for (const one of all) one.send(begun);
  await until(() => all.filter((one) => one.isClosed()).length >= 40, 'connections that were given up');
  t.true(await isAlive(manager.extension));
  const peak = memoryOf(running, 'VmHWM');
  if (peak !== null) t.true(peak < 200, `${peak} MB`);
  for (const one of all) one.end();
});

/** A database of so many accounts on each of 11 Macs. */
const largeStore = (t: ExecutionContext, accounts: number): string =>
  storeAt(
    join(temporaryFolder(t), 'large.db'),
    Array.from({ length: 11 }, (_, index) => {
      const host = cleanHost(`${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`);
      for (let account = 0; account < accounts; account += 1)
        addPerson(host, { username: `user${account}`, uid: 1000 + account, token: 0 });
      return snapshotOf(tables, collectionOf(host), '0.1.0');
    }),
  );

test('a large table comes whole, some rows at a time; who does not read holds little, and keeps nobody', async (t) => {
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  const running = startExtension(t, socket, '--db', largeStore(t, 1000));
  await listens(manager.extension);
  // Who asks and is gone before there is an answer takes nothing away from others.
  const gone = await Promise.all(Array.from({ length: 30 }, () => talk(manager.extension)));
  for (const one of gone) one.send(generate('users'));
  for (const one of gone) one.end();
  t.true((await asked(manager.extension, generate('hosts'))).includes('rowid'));
  // Each is sent some megabytes, which it does not take.
  const idle = Array.from({ length: 20 }, () => {
    const connection = connect(manager.extension).pause();
    connection.on('error', () => {});
    connection.write(generate('users'));
    return connection;
  });
  await sleep(500);
  t.true(await isAlive(manager.extension));
  await until(() => idle.every(({ bytesWritten }) => bytesWritten > 0), 'questions');
  const told: Buffer[] = Array.from({ length: idle.length }, () => Buffer.of());
  // A part of them was refused for the others; whoever reads gets all of it.
  await until(() => (memoryOf(running) ?? 200) > 75, 'answers that wait');
  for (const [index, connection] of idle.entries())
    connection
      .resume()
      .on('data', (bytes: Buffer) => (told[index] = Buffer.concat([told[index] ?? Buffer.of(), bytes])));
  const rowsIn = (bytes: Buffer): number => bytes.toString('latin1').split('rowid').length - 1;
  // The number of rows stands behind the head of the list.
  const isWhole = (bytes: Buffer): boolean => {
    const at = bytes.indexOf(Buffer.from('0f00020d', 'hex'));
    return (
      at !== -1 && bytes.subarray(-2).equals(Buffer.alloc(2)) && rowsIn(bytes) === bytes.readInt32BE(at + 4)
    );
  };
  for (const [index] of told.entries())
    await until(() => isWhole(told[index] ?? Buffer.of()), 'a whole answer', 60_000);
  const counts = new Set(told.map(rowsIn));
  for (const bytes of told)
    t.true(
      rowsIn(bytes) === Math.max(...counts) || bytes.includes('too many answers'),
      String(rowsIn(bytes)),
    );
  t.true(Math.max(...counts) > 11 * 1000, JSON.stringify([...counts]));
  t.true(told.some((bytes) => bytes.includes('too many answers')));
  for (const connection of idle) connection.destroy();
  const peak = memoryOf(running, 'VmHWM');
  if (peak !== null) t.true(peak < 260, `${peak} MB`);
});

/** The processes that a process started, as the system lists them; null where it does not. */
const childrenOf = (pid: number): readonly number[] | null => {
  if (!existsSync('/proc/self/stat')) return null;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      return Number(parent) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
};

const liveMac = (t: ExecutionContext, delay: string): { readonly root: string; readonly log: string } =>
  makeStandIn(sample('macos15-unmanaged'), temporaryFolder(t), { delay });

test('this Mac is looked at once for all that one look answers, by nothing but what may be run', async (t) => {
  const mac = liveMac(t, '0');
  const socket = join(socketFolder(t), 'em');
  const manager = await startManager(t, socket);
  startExtension(t, socket, '--source', 'live', '--exec-root', mac.root);
  await listens(manager.extension);
  t.deepEqual(runsIn(mac.log), []);
  for (const table of ['users', 'groups', 'answers', 'command_log'])
    t.true((await asked(manager.extension, generate(table))).includes('rowid'), table);
  const runs = runsIn(mac.log);
  t.true(runs.length > 20);
  t.is(new Set(runs).size, runs.length);
});

test('a look ends with the extension, also where that is killed', async (t) => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const mac = liveMac(t, '30');
    const socket = join(socketFolder(t), 'em');
    const manager = await startManager(t, socket);
    const running = startExtension(t, socket, '--source', 'live', '--exec-root', mac.root);
    await listens(manager.extension);
    const own = await talk(manager.extension);
    own.send(generate('users'));
    await until(() => runsIn(mac.log).length > 0, 'a look');
    const [looking] = childrenOf(running.child.pid ?? 0) ?? [];
    if (looking === undefined) return void t.pass();
    const programs = childrenOf(looking) ?? [];
    t.true(programs.length > 0);
    running.child.kill(signal);
    await running.ended;
    // A dead process without a parent is gone, or waits for somebody to hear of it.
    const isGone = (pid: number): boolean =>
      !existsSync(`/proc/${pid}`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    await until(() => [looking, ...programs].every(isGone), `the end of a look after ${signal}`);
    t.pass();
  }
});
