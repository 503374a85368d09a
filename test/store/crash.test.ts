import { spawn, spawnSync } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { nativeLines } from '../native_lines.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { cli, program, root, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, snapshotOfBundle, verifySnapshots } from './evidence.ts';

/** How often the power is cut: some times here, often in the long run: `TOKENQUERY_KILLS=100 ava --timeout=30m`. */
const kills = Number(process.env['TOKENQUERY_KILLS'] ?? 6);
const start = 1_790_000_000;

const command = (...parameters: readonly string[]): [string, string[]] => [
  process.execPath,
  ['--disable-warning=ExperimentalWarning', program, ...parameters],
];

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly ms: number;
}

/**
 * Runs the command line and kills it after so long: from its start, or, with `db`, from when it begins to write. Nearly all
 * of its time goes by before that.
 */
const killed = (
  parameters: readonly string[],
  afterMs: number,
  options: SpawnOptions = {},
  db: string | null = null,
): Promise<Ended> =>
  new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(...command(...parameters), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...options,
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
    const kill = (): boolean => child.kill('SIGKILL');
    let timer = setTimeout(kill, db === null ? afterMs : 60_000);
    const logs = db === null ? [] : [`${db}-wal`, `${db}-journal`];
    const before = logs.map(sizeOf).join();
    const watching = setInterval(() => {
      if (logs.length === 0 || logs.map(sizeOf).join() === before) return;
      clearInterval(watching);
      clearTimeout(timer);
      timer = setTimeout(kill, afterMs);
    }, 1);
    child.on('close', (code, signal) => {
      clearInterval(watching);
      clearTimeout(timer);
      resolve({ code, signal, stderr, ms: performance.now() - began });
    });
  });

/** Snapshots in a file, each whole; none when the first transaction was cut off. */
const wholeSnapshots = (path: string): number => {
  if (!existsSync(path)) return 0;
  let store;
  try {
    store = openForReading(path, tables);
  } catch (error) {
    // Not even the layout was written; the next command begins anew.
    if (/holds no snapshot/.test(String(error))) return 0;
    throw error;
  }
  try {
    return verifySnapshots(store);
  } finally {
    store.close();
  }
};

test.serial('snapshot: the power is cut at any moment', async (t) => {
  t.timeout(kills * 60_000);
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const bundle = (number: number): string =>
    makeBundle('macos26-managed', join(folder, `mac${number}`), {
      time: start + number,
      replace: [['sw_vers', '26.1', `26.${number % 9}`]],
    });
  let whole = 0;
  const timing = await killed(['snapshot', '--db', join(folder, 'timing.db'), '--source', bundle(0)], 60_000);
  t.is(timing.code, 0, timing.stderr);
  let { ms: duration } = timing;
  let [cut, stored] = [0, 0];
  for (let number = 1; number <= kills; number += 1) {
    // The first file too is made under fire, now and then.
    if (number % 5 === 1)
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(db + suffix, { force: true });
    if (number % 5 === 1) whole = 0;
    const source = bundle(number);
    const argv = ['snapshot', '--db', db, '--source', source];
    // Every other time while it writes.
    const ended =
      number % 2 === 0
        ? await killed(argv, duration * (0.3 + 0.75 * Math.random()))
        : await killed(argv, 30 * Math.random(), {}, db);
    const now = wholeSnapshots(db);
    t.true(now === whole || now === whole + 1, `${whole} before and ${now} after`);
    if (ended.code === 0) {
      t.is(now, whole + 1, 'what was said to be stored is stored');
      if (number % 2 === 0) duration = ended.ms;
    } else {
      cut += 1;
      if (now > whole) stored += 1;
    }
    whole = now;
    rmSync(source, { recursive: true });
  }
  t.log(`${cut} of ${kills} cut off, ${stored} of them after the commit`);
  t.is((await cli(['snapshot', '--db', db, '--source', bundle(kills + 1)])).code, 0);
  t.is(wholeSnapshots(db), whole + 1);
});

/** An export of many hosts, so that a merge takes several transactions. */
const manyHosts = async (folder: string, hosts: number): Promise<string> => {
  const base = await snapshotOfBundle(sample('macos26-managed'));
  const path = join(folder, 'many.ndjson');
  const lines: string[] = [];
  for (let number = 0; number < hosts; number += 1) {
    const known = { ...base, hostId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` };
    lines.push(...nativeLines({ ...known, snapshotId: snapshotIdOf(known) }, tables));
  }
  writeFileSync(path, lines.join(''));
  return path;
};

test.serial('merge: the power is cut at any moment', async (t) => {
  t.timeout(kills * 60_000);
  const folder = temporaryFolder(t);
  const hosts = 300;
  const input = await manyHosts(folder, hosts);
  const timing = await killed(['merge', '--db', join(folder, 'timing.db'), input], 60_000);
  t.is(timing.code, 0, timing.stderr);
  const db = join(folder, 'fleet.db');
  let { ms: duration } = timing;
  let [whole, cut] = [0, 0];
  for (let number = 0; number < kills; number += 1) {
    if (number % 3 === 0) {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(db + suffix, { force: true });
      whole = 0;
    }
    const ended = await killed(['merge', '--db', db, input], duration * (0.15 + 0.9 * Math.random()));
    const now = wholeSnapshots(db);
    t.true(now >= whole, `${whole} before and ${now} after`);
    if (ended.code === 0) {
      t.is(now, hosts);
      // With all of it in the file, the next run would have nothing to write.
      if (number % 3 === 0) duration = ended.ms;
    } else cut += 1;
    whole = now;
  }
  t.log(`${cut} of ${kills} cut off`);
  t.is((await cli(['merge', '--db', db, input])).code, 0);
  t.is(wholeSnapshots(db), hosts);
});

test.serial('many at once on a file that is not there yet: each is in, or says why not', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'fleet.db');
  const names = ['macos26-managed', 'macos14-not-root', 'macos15-unmanaged', 'macos10.15-mobile'];
  const ended = await Promise.all(
    names.map((name) => cli(['snapshot', '--db', db, '--source', sample(name)])),
  );
  for (const { code, stderr } of ended) t.is(code, 0, stderr);
  t.is(wholeSnapshots(db), names.length);
});

/** A folder that holds so many bytes and no more; null where none may be mounted. */
const smallDisk = (
  folder: string,
  bytes: number,
): { readonly path: string; readonly end: () => void } | null => {
  const path = join(folder, 'disk');
  mkdirSync(path);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', path], {
    stdio: 'ignore',
  });
  return mounted.status === 0 ? { path, end: () => void spawnSync('umount', ['-l', path]) } : null;
};

test.serial('the disk is full', async (t) => {
  const folder = temporaryFolder(t);
  const disk = smallDisk(folder, 3 * 1024 * 1024);
  if (disk === null) {
    t.log('skipped: a small disk may not be mounted here');
    t.pass();
    return;
  }
  try {
    const db = join(disk.path, 'mac.db');
    t.is((await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')])).code, 0);
    const input = await manyHosts(folder, 60);
    const full = await cli(['merge', '--db', db, input]);
    t.is(full.code, 1);
    t.regex(
      full.stderr,
      /error: there is no space left for .*\n.*hint: what was stored before is intact; make room/,
    );
    t.notRegex(full.stderr, /\n\s+at /);
    t.true(wholeSnapshots(db) >= 1);
    // Nothing left at all, not even for the log.
    const filler = join(disk.path, 'filler');
    for (let size = 1 << 20; size >= 512; size >>= 1) {
      for (;;) {
        try {
          writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch {
          break;
        }
      }
    }
    const before = wholeSnapshots(db);
    const none = await cli(['snapshot', '--db', db, '--source', sample('macos15-unmanaged')]);
    // What the failed merge left of the log may be room enough for one Mac; then it is stored whole.
    if (none.code === 1) t.regex(none.stderr, /error: there is no space left for .*\n.*hint: /);
    t.is(wholeSnapshots(db), none.code === 0 ? before + 1 : before);
    const many = await cli(['merge', '--db', db, await manyHosts(folder, 61)]);
    t.is(many.code, 1);
    t.regex(many.stderr, /error: there is no space left for .*\n.*hint: /);
    const fresh = await cli([
      'snapshot',
      '--db',
      join(disk.path, 'other.db'),
      '--source',
      sample('macos15-unmanaged'),
    ]);
    t.is(fresh.code, 1);
    t.regex(fresh.stderr, /error: there is no space left for /);
    rmSync(filler);
    t.true(wholeSnapshots(db) >= 1);
    t.is((await cli(['query', '--db', db, 'SELECT count(*) FROM users'])).code, 0);
  } finally {
    disk.end();
  }
});

test.serial('a folder that may not be written', async (t) => {
  const folder = temporaryFolder(t);
  const place = join(folder, 'place');
  mkdirSync(place);
  chmodSync(folder, 0o755);
  const db = join(place, 'mac.db');
  copyFileSync(join(root, 'package.json'), join(folder, 'probe'));
  // Root may write anywhere: the command runs as nobody.
  const asNobody: SpawnOptions =
    process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534, env: { PATH: '/usr/bin' } } : {};
  const probe = await killed(['--version'], 20_000, asNobody);
  if (probe.code !== 0) {
    t.log('skipped: this program may not be run by nobody here');
    t.pass();
    return;
  }
  chmodSync(place, 0o555);
  const made = await killed(
    ['snapshot', '--db', db, '--source', sample('macos26-managed')],
    20_000,
    asNobody,
  );
  t.is(made.code, 1);
  t.regex(made.stderr, /error: .*may not be written \(EACCES\)\n.*hint: may you write in /);
  // One that is there, and cannot have its journal beside it.
  chmodSync(place, 0o755);
  t.is((await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')])).code, 0);
  if (process.getuid?.() === 0) spawnSync('chown', ['65534', db]);
  chmodSync(place, 0o555);
  const again = ['snapshot', '--db', db, '--source', sample('macos15-unmanaged')];
  const { code, stderr } = await killed(again, 20_000, asNobody);
  t.is(code, 1);
  t.regex(stderr, /error: .*(?:may not be written|cannot be opened)\n.*hint: its folder must .*writable/);
  // Reading needs no writing.
  t.is((await killed(['query', '--db', db, 'SELECT count(*) FROM users'], 20_000, asNobody)).code, 0);
  chmodSync(place, 0o755);
  if (process.getuid?.() === 0) spawnSync('chown', ['0', db]);
  t.is(wholeSnapshots(db), 1);
  t.is(statSync(db).mode & 0o777, 0o600);
});

test.serial('a reader sees one moment while a writer writes', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'mac.db');
  const base: Snapshot = await snapshotOfBundle(sample('macos26-managed'));
  const writer = openForWriting(path, tables);
  const write = (time: number): void => {
    const known = { ...base, collectedTime: time };
    transact(writer, () =>
      storeWriter(writer.db, tables).add([{ ...known, snapshotId: snapshotIdOf(known) }], time),
    );
  };
  write(start);
  const reader = openForReading(path, tables);
  reader.db.exec('BEGIN');
  const count = () => reader.db.prepare('SELECT count(*) FROM snapshots').pluck().get();
  t.is(count(), 1);
  write(start + 1);
  await sleep(1);
  t.is(count(), 1);
  reader.db.exec('COMMIT');
  t.is(count(), 2);
  for (const store of [reader, writer]) store.close();
});
