/** Where the inputs of merge go: what was merged, what cannot be read, and what may still be on its way. */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { holdFolder, identityOf, moveInto } from '../../cli/set_aside.ts';
import { askAt } from '../nights/clock.ts';
import { temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';

const now = 1_790_000_000;
const old = now - 3600;

/** All files below a folder. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .toSorted();

const setTime = (path: string, time: number): void => {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  if (stat.isDirectory()) for (const name of readdirSync(path)) setTime(join(path, name), time);
  utimesSync(path, time, time);
};

const worldOf = (t: ExecutionContext) => {
  const folder = temporaryFolder(t);
  const at = (...names: string[]): string => join(folder, ...names);
  for (const name of ['incoming', 'done', 'bad']) mkdirSync(at(name));
  const merge = (...more: readonly string[]) =>
    askAt(now, 'merge', '--db', at('fleet.db'), '--move-done', at('done'), '--move-bad', at('bad'), ...more);
  return { folder, at, merge };
};

/** What a Mac sends, in each form. */
const makeForms = async (folder: string): Promise<ReadonlyMap<string, Buffer | string>> => {
  const bundle = makeBundle('macos15-unmanaged', join(folder, 'bundle'), { time: old });
  const db = join(folder, 'mac.db');
  await askAt(now, 'snapshot', '--db', db, '--source', bundle);
  await askAt(now, 'export', '--db', db, '--output', join(folder, 'x.ndjson'));
  const native = readFileSync(join(folder, 'x.ndjson'));
  execFileSync('tar', ['-czf', join(folder, 'x.tar.gz'), '-C', bundle, '.']);
  await askAt(now, 'query', '--db', db, 'SELECT 1');
  return new Map<string, Buffer | string>([
    ['x.ndjson', native],
    ['x.ndjson.gz', gzipSync(native)],
    ['x.ndjson.zst', zstdCompressSync(native)],
    ['x.tar.gz', readFileSync(join(folder, 'x.tar.gz'))],
    ['x.db', readFileSync(db)],
    ['evidence', bundle],
  ]);
};

const put = (path: string, what: Buffer | string, part: number): void => {
  mkdirSync(dirname(path), { recursive: true });
  if (typeof what === 'string') {
    cpSync(what, path, { recursive: true });
    if (part < 1) truncateSync(join(path, 'evidence.json'), 20);
  } else writeFileSync(path, what.subarray(0, Math.floor(what.length * part)));
};

const sender = '1CD27D1F-667C-4E29-80DC-181075FEEB88';

test.serial(
  'every form, whole and cut, settled and not, lies after one run where it should, and the next run is quiet',
  async (t) => {
    const { at, merge } = worldOf(t);
    const forms = await makeForms(at());
    const expected: { place: string; name: string }[] = [];
    const places = ['', sender, join(sender, 'deeper')];
    for (const [form, what] of forms)
      for (const part of [1, 0.6])
        for (const time of [old, now - 60]) {
          const name = join(
            places[expected.length % places.length] ?? '',
            `${part === 1 ? 'whole' : 'cut'}-${time === old ? 'old' : 'young'}-${form}`,
          );
          put(at('incoming', name), what, part);
          setTime(at('incoming', name), time);
          const isText = form === 'x.ndjson' || form === 'evidence';
          const place =
            part === 1 ? (time === old || !isText ? 'done' : 'incoming') : time === old ? 'bad' : 'incoming';
          expected.push({ place, name });
        }
    const first = await merge(at('incoming'));
    t.is(first.exitCode, 6, first.stderr);
    for (const { place, name } of expected) {
      for (const other of ['incoming', 'done', 'bad'])
        t.is(existsSync(at(other, name)), other === place, `${name} in ${other}`);
      t.is(existsSync(at('bad', `${name}.reason.txt`)), place === 'bad', name);
    }
    for (const reason of filesIn(at('bad')).filter((name) => name.endsWith('.reason.txt')))
      t.regex(readFileSync(at('bad', reason), 'utf8'), /^2026-\S+Z \/.*\n.{10,}\n/, reason);
    t.is(filesIn(at()).filter((name) => name.includes('.tmp')).length, 0);

    // What may be on its way is told, and is no error.
    const second = await merge(at('incoming'));
    t.is(second.exitCode, 0, second.stderr);
    t.false(/error:/.test(second.stderr), second.stderr);
    t.regex(second.stdout, /^0 snapshots of 1 host stored, \d there before\n$/);
    setTime(at('incoming'), old);
    t.is((await merge(at('incoming'))).exitCode, 6);
    // An empty folder, and no word more.
    t.deepEqual(filesIn(at('incoming')), []);
    t.deepEqual(await merge(at('incoming')), {
      exitCode: 0,
      stdout: '0 snapshots of 0 hosts stored\n',
      stderr: '',
    });
    t.is(
      (await askAt(now, 'query', '--db', at('fleet.db'), '--list', 'SELECT count(*) FROM snapshots')).stdout,
      'count(*)\n1\n',
    );
  },
);

test.serial(
  'of one name both are kept, night after night; what was stored and not moved is moved without being stored twice',
  async (t) => {
    const { at, merge } = worldOf(t);
    const forms = await makeForms(at());
    const whole = forms.get('x.ndjson') ?? '';
    for (let night = 0; night < 4; night += 1) {
      for (const name of ['same.ndjson', 'same']) {
        put(at('incoming', name), name === 'same' ? (forms.get('evidence') ?? '') : whole, 1);
        setTime(at('incoming', name), old);
      }
      // As a kill between both leaves it: stored, a name reserved, and nothing moved.
      if (night === 1) {
        await askAt(now, 'merge', '--db', at('fleet.db'), at('incoming'));
        writeFileSync(at('done', 'same.20260921T141320Z.ndjson'), '');
      }
      const ran = await merge(at('incoming'));
      t.is(ran.exitCode, 0, ran.stderr);
      t.regex(ran.stdout, /2 inputs moved/);
    }
    const names = readdirSync(at('done')).toSorted();
    t.deepEqual(
      names.filter((name) => name.endsWith('.ndjson')),
      [
        'same.20260921T141320Z-2.ndjson',
        'same.20260921T141320Z-3.ndjson',
        'same.20260921T141320Z-4.ndjson',
        'same.20260921T141320Z.ndjson',
        'same.ndjson',
      ],
    );
    t.is(names.length, 9);
  },
);

test.serial('names that a sender chose do no harm, and no link is followed', async (t) => {
  const { at, merge } = worldOf(t);
  const outside = at('outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'private.ndjson'), 'x\n');
  const names = [
    'line\nfeed.ndjson',
    '\u001b[31mred.ndjson',
    '-rf.ndjson',
    `${'é'.repeat(120)}.ndjson`,
    `${'x'.repeat(240)}.ndjson`,
    'a.ndjson.reason.txt.ndjson',
    '..\u202eright.ndjson',
  ];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    writeFileSync(at('incoming', name), 'no export\n');
  }
  symlinkSync(join(outside, 'private.ndjson'), at('incoming', 'link.ndjson'));
  symlinkSync(outside, at('incoming', 'folder'));
  setTime(at('incoming'), old);
  const ran = await merge(at('incoming'));
  t.is(ran.exitCode, 6, ran.stderr);
  // eslint-disable-next-line no-control-regex
  t.false(/\u001b|\u202e/.test(ran.stderr));
  for (const line of ran.stderr.split('\n').slice(0, -1)) t.regex(line, /^2026\S+ \S+ tokenquery: /);
  t.is(readFileSync(join(outside, 'private.ndjson'), 'utf8'), 'x\n');
  t.is(filesIn(at('bad')).length, 12, filesIn(at('bad')).join('\n'));
  for (const name of filesIn(at('bad'))) t.true(lstatSync(at('bad', name)).isFile(), name);
});

test.serial('no sender makes a folder of many to evidence of one, nor has it taken away', async (t) => {
  const { at, merge } = worldOf(t);
  const forms = await makeForms(at());
  const manifests = ['{}', readFileSync(join(forms.get('evidence') as string, 'evidence.json'))];
  for (const manifest of manifests) {
    for (const name of ['x.ndjson.gz', join(sender, 'x.tar.gz'), join('files', 'x.db'), 'evidence'])
      put(at('incoming', name), forms.get(name.slice(name.indexOf('/') + 1)) ?? '', 1);
    writeFileSync(at('incoming', 'evidence.json'), manifest);
    setTime(at('incoming'), old);
    const first = await merge(at('incoming'));
    t.is(first.exitCode, 6, first.stderr);
    t.regex(first.stderr, /evidence\.json lies among other inputs/);
    t.regex(first.stdout, /4 inputs moved/);
    t.deepEqual(filesIn(at('incoming')), []);
    // There is nothing else.
    writeFileSync(at('incoming', 'evidence.json'), manifest);
    setTime(at('incoming'), old);
    const second = await merge(at('incoming'));
    t.is(second.exitCode, manifest === '{}' ? 1 : 0, second.stderr);
    t.deepEqual(filesIn(at('incoming')), ['evidence.json']);
  }
  // A whole one that was named stays, and that is told.
  const whole = await merge(forms.get('evidence') as string);
  t.is(whole.exitCode, 0, whole.stderr);
  t.regex(whole.stderr, /stays, for it was named itself/);
});

test('a folder that is held is the same when its sender puts a link in its place', (t) => {
  const { at } = worldOf(t);
  mkdirSync(at('incoming', sender, 'deeper'), { recursive: true });
  writeFileSync(at('incoming', sender, 'deeper', 'a.ndjson'), 'own\n');
  mkdirSync(at('outside', 'deeper'), { recursive: true });
  writeFileSync(at('outside', 'deeper', 'a.ndjson'), 'of the system\n');
  const held = holdFolder(at('incoming'), at('incoming', sender, 'deeper'));
  t.teardown(() => held.close());
  renameSync(at('incoming', sender), at('elsewhere'));
  symlinkSync(at('outside'), at('incoming', sender));
  t.is(held.isFixed, existsSync('/proc/self/fd'));
  if (held.isFixed) t.is(readFileSync(join(held.at, 'a.ndjson'), 'utf8'), 'own\n');
  t.throws(() => holdFolder(at('incoming'), at('incoming', sender, 'deeper')));
});

test('what lies beside a database takes the place of nothing', (t) => {
  const { at } = worldOf(t);
  for (const end of ['', '-wal']) writeFileSync(at('incoming', `a.db${end}`), `own${end}`);
  writeFileSync(at('done', 'a.db-wal'), 'of another');
  const path = at('incoming', 'a.db');
  const identity = identityOf(path);
  if (identity === null) return t.fail();
  const moving = { path, root: at('incoming'), identity, besides: ['-wal'] };
  const target = moveInto(at('done'), moving, null, now);
  t.is(readFileSync(at('done', 'a.db-wal'), 'utf8'), 'of another');
  t.is(readFileSync(`${target}-wal`, 'utf8'), 'own-wal');
  // One of those beside it is gone: the others stay with it.
  for (const end of ['', '-wal']) writeFileSync(at('incoming', `a.db${end}`), `own${end}`);
  const again = identityOf(path);
  if (again === null) return t.fail();
  t.throws(() => moveInto(at('done'), { ...moving, identity: again, besides: ['-wal', '-shm'] }, null, now));
  t.is(readFileSync(`${path}-wal`, 'utf8'), 'own-wal');
});

test.serial('a folder that cannot be moved into is told before anything is merged', async (t) => {
  const { at } = worldOf(t);
  symlinkSync(at('done'), at('link'));
  writeFileSync(at('file'), '');
  mkdirSync(at('incoming', 'inside'));
  symlinkSync(at('incoming'), at('same'));
  for (const [folder, code, what] of [
    [at('none'), 1, /none is not there[\s\S]*make the folder/],
    [at('link'), 1, /is a link/],
    [at('file'), 1, /is no folder/],
    [at('incoming', 'inside'), 2, /lies in/],
    [at('incoming'), 2, /lies in/],
    [at('same', 'inside'), 2, /lies in/],
  ] as const)
    for (const option of ['--move-done', '--move-bad']) {
      const ended = await askAt(now, 'merge', '--db', at('fleet.db'), option, folder, at('incoming'));
      t.is(ended.exitCode, code, folder);
      t.regex(ended.stderr, what);
      t.false(existsSync(at('fleet.db')));
    }
});

test('what another put in the place of an input meanwhile is not moved; nor is one that goes on', (t) => {
  const { at } = worldOf(t);
  mkdirSync(at('incoming', sender));
  const path = at('incoming', sender, 'a.ndjson');
  writeFileSync(path, 'one\n');
  const identity = identityOf(path);
  if (identity === null) return t.fail();
  const moving = { path, root: at('incoming'), identity, besides: [] };
  const isRefused = (what: string): void => {
    t.throws(
      () => moveInto(at('done'), moving, 'why', now),
      { message: /was changed while it was read/ },
      what,
    );
    t.deepEqual(filesIn(at('done')), [], what);
  };
  writeFileSync(path, 'one\ntwo\n');
  isRefused('it grew');
  rmSync(path);
  isRefused('it is gone');
  // The very file, by a way that its sender changed.
  writeFileSync(path, 'one\n');
  const again = identityOf(path);
  if (again === null) return t.fail();
  renameSync(at('incoming', sender), at('elsewhere'));
  symlinkSync(at('elsewhere'), at('incoming', sender));
  t.throws(() => moveInto(at('done'), { ...moving, identity: again }, 'why', now), {
    message: /was changed while it was read/,
  });
  t.deepEqual(filesIn(at('done')), []);
  t.is(readFileSync(at('elsewhere', 'a.ndjson'), 'utf8'), 'one\n');
  const isOtherVolume = lstatSync('/dev/shm', { throwIfNoEntry: false })?.dev !== lstatSync(at()).dev;
  if (!isOtherVolume || !existsSync('/dev/shm')) return t.log('no second volume here');
  const other = join('/dev/shm', `tokenquery-${process.pid}`);
  mkdirSync(other);
  t.teardown(() => rmSync(other, { recursive: true }));
  const file = at('b.ndjson');
  writeFileSync(file, 'x');
  const own = identityOf(file);
  if (own === null) return t.fail();
  t.throws(() => moveInto(other, { path: file, root: file, identity: own, besides: [] }, null, now), {
    message: /is on another volume/,
  });
  t.true(existsSync(file));
  t.deepEqual(readdirSync(other), []);
});

test.serial(
  'what fails for the machine, and what was not asked to be moved, stays, with exit code 1',
  async (t) => {
    const { at } = worldOf(t);
    writeFileSync(at('incoming', 'a.ndjson'), 'no export\n');
    setTime(at('incoming'), old);
    const stays = await askAt(
      now,
      'merge',
      '--db',
      at('fleet.db'),
      '--move-done',
      at('done'),
      at('incoming'),
    );
    t.is(stays.exitCode, 1);
    t.true(existsSync(at('incoming', 'a.ndjson')));
  },
);

// Root may write anywhere.
(process.geteuid?.() === 0 ? test.skip : test.serial)(
  'what may not be moved stays, with exit code 1',
  async (t) => {
    const { at } = worldOf(t);
    writeFileSync(at('incoming', 'a.ndjson'), 'no export\n');
    setTime(at('incoming'), old);
    chmodSync(at('bad'), 0o500);
    const closed = await askAt(now, 'merge', '--db', at('fleet.db'), '--move-bad', at('bad'), at('incoming'));
    t.is(closed.exitCode, 1);
    t.true(existsSync(at('incoming', 'a.ndjson')));
  },
);
