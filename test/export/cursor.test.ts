import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import test from 'ava';
import { emptyCursor, lockCursor, newsSince, readCursor, writeCursor } from '../../export/cursor.ts';
import type { Cursor } from '../../export/cursor.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { fileSink } from '../../export/file_sink.ts';
import { hasZstd } from '../../export/part_file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { openForWriting } from '../../store/file.ts';
import { retain } from '../../store/retention.ts';
import { tables } from '../../tables/index.ts';
import { cli, program, temporaryFolder } from '../standin.ts';
import {
  dayLater,
  idsOf,
  later,
  linesOf,
  parsed,
  sampleSnapshots,
  sampleStore,
  storeAt,
  textOf,
  withStore,
} from './world.ts';

const day = 86_400;

const firstOf = async (): Promise<Snapshot> => {
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  return first;
};

const newIds = (path: string, cursor: Cursor, keep?: number): { ids: number[]; next: Cursor } =>
  withStore(path, (store) => {
    const news = keep === undefined ? newsSince(store, cursor, null) : newsSince(store, cursor, null, keep);
    return {
      ids: [...news.hosts.values()].flatMap((host) => [...host.ids]).toSorted((a, b) => a - b),
      next: news.next,
    };
  });

const sorted = (snapshots: readonly Snapshot[]): number[] =>
  snapshots.map(({ snapshotId }) => snapshotId).toSorted((a, b) => a - b);

test('a snapshot that comes late, or whose clock was wrong, is not left out', async (t) => {
  const first = await firstOf();
  const path = join(temporaryFolder(t), 'fleet.db');
  const at = (days: number): Snapshot => later(first, days * day);
  storeAt(path, [at(0), at(1)], 1_790_100_000);
  let { ids: found, next } = newIds(path, emptyCursor(''));
  t.deepEqual(found, sorted([at(0), at(1)]));
  t.deepEqual(newIds(path, next).ids, []);
  // Collected before what was exported, and stored after it.
  storeAt(path, [at(-3)], 1_790_100_500);
  ({ ids: found, next } = newIds(path, next));
  t.deepEqual(found, sorted([at(-3)]));
  // Stored by a clock that was years behind, then by one that was years ahead, then by one that is right.
  for (const [index, time] of [1_000_000_000, 4_000_000_000, 1_790_100_600].entries()) {
    const snapshot = at(10 + index);
    storeAt(path, [snapshot], time);
    ({ ids: found, next } = newIds(path, next));
    t.deepEqual(found, sorted([snapshot]), `clock ${time}`);
  }
  t.deepEqual(newIds(path, next).ids, []);
});

test('days that are kept as a checksum are exported again when they do not fit, and never left out', async (t) => {
  const first = await firstOf();
  const path = join(temporaryFolder(t), 'fleet.db');
  const snapshots = Array.from({ length: 12 }, (_, index) => later(first, index * day));
  for (const [index, snapshot] of snapshots.entries())
    storeAt(path, [snapshot], 1_790_100_000 + Math.floor(index / 3) * day);
  const { next } = newIds(path, emptyCursor(''), 4);
  t.is(next.recent.size, 1);
  t.is(next.settled.size, 3);
  t.deepEqual(newIds(path, next, 4).ids, []);
  // One more on a day of which only the checksum is known: that day again, and only that day.
  const more = later(first, 100 * day);
  storeAt(path, [more], 1_790_100_000 + 5);
  t.deepEqual(newIds(path, next, 4).ids, sorted([...snapshots.slice(0, 3), more]));
  // retain drops snapshots: what is left is not new, or is told again, but nothing is lost.
  const store = openForWriting(path, tables);
  retain(store, (snapshots[4] as Snapshot).collectedTime);
  store.close();
  const after = newIds(path, newIds(path, emptyCursor(''), 4).next, 4);
  t.deepEqual(after.ids, []);
});

test('a snapshot with the id of that of another host is told too, also after a cursor that knew ids alone', async (t) => {
  const first = await firstOf();
  const path = join(temporaryFolder(t), 'fleet.db');
  storeAt(path, [first], 1_790_100_000);
  const { next } = newIds(path, emptyCursor(''));
  const other = {
    ...later(first, day),
    hostId: '00000000-0000-4000-8000-000000000001',
    snapshotId: first.snapshotId,
  };
  storeAt(path, [other], 1_790_100_001);
  const hostsOf = (cursor: Cursor): string[] =>
    withStore(path, (store) => [...newsSince(store, cursor, null).hosts.keys()]);
  t.deepEqual(hostsOf(next), [other.hostId]);
  // As version 1 wrote it: nobody can say of whom the id was, so both are told.
  const file = join(temporaryFolder(t), 'cursor');
  const days = [...next.recent].map(([number, seen]) => [
    number,
    [...seen.values()].flatMap((ids) => [...ids]),
  ]);
  const json = { format: 'tokenquery-cursor', version: 1, selection: '', recent: days, settled: [] };
  writeFileSync(file, JSON.stringify(json));
  t.deepEqual(hostsOf(readCursor(file, '')).toSorted(), [other.hostId, first.hostId].toSorted());
  const after = withStore(path, (store) => newsSince(store, readCursor(file, ''), null).next);
  writeCursor(file, after);
  t.deepEqual(hostsOf(readCursor(file, '')), []);
});

test('what an older cursor has seen is not told again', async (t) => {
  const first = await firstOf();
  const path = join(temporaryFolder(t), 'fleet.db');
  storeAt(path, [first, later(first, day)], 1_790_100_000);
  const file = join(temporaryFolder(t), 'cursor');
  const recent = [[Math.floor(1_790_100_000 / day), [first.snapshotId]]];
  writeFileSync(
    file,
    JSON.stringify({ format: 'tokenquery-cursor', version: 1, selection: '', recent, settled: [] }),
  );
  t.deepEqual(newIds(path, readCursor(file, '')).ids, [later(first, day).snapshotId]);
});

test('a cursor is of one question, and a broken one is not taken for an empty one', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const cursor = join(folder, 'cursor');
  const ask = (...more: string[]) => cli(['export', '--db', db, '--cursor', cursor, ...more]);
  const first = await ask('--table', 'users');
  t.is(first.code, 0, first.stderr);
  t.true(idsOf(first.stdout).length > 100);
  t.is(statSync(cursor).mode & 0o777, 0o600);
  t.is((await ask('--table', 'users')).stdout, '');
  const other = await ask('--table', 'groups');
  t.is(other.code, 1);
  t.regex(other.stderr, /belongs to an export of .* other tables or hosts/);
  const whole = readFileSync(cursor, 'utf8');
  // Of another format nothing was exported, whatever of this one was.
  const otherFormat = await ask('--table', 'users', '--format', 'hec');
  t.is(otherFormat.code, 1);
  t.regex(otherFormat.stderr, /belongs to an export of another format/);
  for (const text of [
    '{"format":"tokenquery-cur',
    '',
    'null',
    whole.replace(/"recent":.*,"settled"/, '"recent":[1],"settled"'),
    whole.replace(/"recent":.*,"settled"/, '"recent":[[20000]],"settled"'),
    whole.replace(/"recent":.*,"settled"/, '"recent":[[20000,["5"]]],"settled"'),
    whole.replace('"settled":[]', '"settled":[[20000,1]]'),
  ]) {
    writeFileSync(cursor, text);
    const broken = await ask('--table', 'users');
    t.is(broken.code, 1, text);
    t.is(broken.stdout, '');
    t.regex(broken.stderr, /is not a cursor/, text);
    t.is(readFileSync(cursor, 'utf8'), text);
  }
  const both = await ask('--current');
  t.is(both.code, 2);
  t.regex(both.stderr, /--cursor and --current exclude each other/);
});

test('a late snapshot has the differences after it told again', async (t) => {
  const first = await firstOf();
  const folder = temporaryFolder(t);
  const db = join(folder, 'fleet.db');
  const without = later(first, day, { users: (rows) => rows.slice(1) });
  const back = later(first, 2 * day);
  storeAt(db, [first, back], 1_790_300_000);
  const cursor = join(folder, 'cursor');
  const ask = () =>
    cli(['export', '--db', db, '--format', 'osquery', '--table', 'users', '--cursor', cursor]);
  t.true(parsed((await ask()).stdout).every(({ action, counter }) => action === 'added' && counter === 0));
  storeAt(db, [without], 1_790_400_000);
  const lines = parsed((await ask()).stdout);
  t.deepEqual(
    lines.map(({ action, counter, unixTime }) => [action, counter, unixTime]),
    [
      ['removed', 1, without.collectedTime],
      // It was there all the time for all that was exported before.
      ['added', 2, back.collectedTime],
    ],
  );
});

test('native exports by cursor, merged, are the database that they came from', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'mac.db'), first);
  const cursor = join(folder, 'cursor');
  const spool = join(folder, 'results.ndjson.gz');
  const run = async () => {
    const ended = await cli(['export', '--db', db, '--cursor', cursor, '--output', spool]);
    t.is(ended.code, 0, ended.stderr);
  };
  await run();
  storeAt(db, first.slice(0, 2).map(dayLater), 1_790_200_000);
  await run();
  // Nothing new: nothing is pushed out.
  await run();
  t.deepEqual(
    readdirSync(folder)
      .filter((name) => name.startsWith('results'))
      .toSorted(),
    ['results.1.ndjson.gz', 'results.ndjson.gz'],
  );
  const fleet = join(folder, 'fleet.db');
  const merged = await cli(['merge', '--db', fleet, join(folder, 'results.1.ndjson.gz'), spool]);
  t.is(merged.code, 0, merged.stderr);
  const dump = (path: string): unknown =>
    withStore(path, ({ db: own }) =>
      ['users_history', 'secure_tokens_history', 'changes', 'table_status', 'command_log'].map((name) =>
        (own.prepare(`SELECT * FROM ${name}`).all() as object[]).map((row) => JSON.stringify(row)).toSorted(),
      ),
    );
  t.deepEqual(dump(fleet), dump(db));
});

const unpack = (path: string): string => {
  const bytes = readFileSync(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes).toString();
  if (path.endsWith('.zst'))
    return (zlib as unknown as { zstdDecompressSync: (b: Buffer) => Buffer })
      .zstdDecompressSync(bytes)
      .toString();
  return bytes.toString();
};

test('files are cut after a size, compressed, numbered, private, and the oldest is dropped with a word', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const plain = (await cli(['export', '--db', db, '--format', 'osquery'])).stdout;
  for (const suffix of ['', '.gz', ...(hasZstd() ? ['.zst'] : [])]) {
    const out = join(folder, `cut.log${suffix}`);
    const ended = await cli([
      'export',
      '--db',
      db,
      '--format',
      'osquery',
      '--output',
      out,
      '--rotate-size',
      '100k',
    ]);
    t.is(ended.code, 0, ended.stderr);
    const numberOf = (name: string): number => Number(/\.(\d+)\./.exec(name)?.[1] ?? 0);
    const own = readdirSync(folder)
      .filter((name) => name.startsWith('cut.') && name.endsWith(`.log${suffix}`))
      .toSorted((a, b) => numberOf(b) - numberOf(a));
    t.true(own.length > 5);
    // The oldest has the first lines.
    t.is(own.map((name) => unpack(join(folder, name))).join(''), plain);
    for (const name of own) {
      t.is(statSync(join(folder, name)).mode & 0o777, 0o600);
      t.true(unpack(join(folder, name)).length < 110_000);
    }
  }
  const few = join(folder, 'few.log');
  const cutFew = () =>
    cli([
      ...['export', '--db', db, '--format', 'osquery', '--output', few],
      ...['--rotate-size', '100k', '--keep', '2'],
    ]);
  const fewNames = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.startsWith('few'))
      .toSorted();
  // What one run writes it does not drop itself, however little is to be kept: nobody can have read it.
  const whole = await cutFew();
  t.is(whole.stderr, '');
  const names = fewNames();
  t.true(names.length > 5);
  const told = names.flatMap((name) => idsOf(unpack(join(folder, name))));
  t.deepEqual(told.toSorted(), idsOf(plain).toSorted());
  writeFileSync(join(folder, `few.${names.length - 1}.log`), 'of an earlier run\n');
  const dropped = await cutFew();
  t.regex(
    dropped.stderr,
    new RegExp(`few\\.${names.length - 1}\\.log was the oldest of ${names.length} files and is dropped`),
  );
  t.deepEqual(fewNames(), names);
  t.deepEqual(names.flatMap((name) => idsOf(unpack(join(folder, name)))).toSorted(), idsOf(plain).toSorted());
  // Without a size or a cursor, a file is replaced.
  await cli(['export', '--db', db, '--format', 'hec', '--output', join(folder, 'one.json'), '--compress']);
  await cli(['export', '--db', db, '--format', 'hec', '--output', join(folder, 'one.json'), '--compress']);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('one')),
    [`one.json${hasZstd() ? '.zst' : '.gz'}`],
  );
  t.is(parsed(unpack(join(folder, `one.json${hasZstd() ? '.zst' : '.gz'}`))).length, linesOf(plain).length);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('nothing is under its name before it is whole', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'results.ndjson');
  writeFileSync(path, 'before\n');
  const sink = fileSink(path, { keep: 2 });
  const line = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 500; count += 1) await sink.write(line);
  const seen = (): string[] => readdirSync(folder).filter((name) => !name.startsWith('.'));
  t.deepEqual(seen(), ['results.ndjson']);
  t.is(readFileSync(path, 'utf8'), 'before\n');
  await sink.finish();
  t.deepEqual(readdirSync(folder).toSorted(), ['results.1.ndjson', 'results.ndjson']);
  t.is(readFileSync(path, 'utf8'), line.repeat(500));
  t.is(readFileSync(join(folder, 'results.1.ndjson'), 'utf8'), 'before\n');
  // One that is given up leaves nothing; what a run left that was killed is cleared away by the next one.
  const other = fileSink(path);
  await other.write(line);
  other.abandon();
  writeFileSync(join(folder, '.results.ndjson.999999999.0.tmp'), 'half a li');
  await fileSink(path).finish();
  t.deepEqual(readdirSync(folder).toSorted(), ['results.1.ndjson', 'results.ndjson']);
});

test('a reader that goes away is a good end, and the cursor stays where it was', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const cursor = join(folder, 'cursor');
  const child = spawn(
    process.execPath,
    [program, 'export', '--db', db, '--format', 'ecs', '--cursor', cursor],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    },
  );
  const stderr: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.is(code, 0);
  t.is(Buffer.concat(stderr).toString(), '');
  t.false(existsSync(cursor));
});

test('what cannot be done is said in a line, and nothing is left behind', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const ask = (...more: string[]) => cli(['export', '--db', db, ...more]);
  const cases: [string[], RegExp, number][] = [
    [['--format', 'osquary'], /there is no format "osquary"\n.*did you mean osquery\?/, 2],
    [['--format', 'csv'], /writes a file for each table/, 2],
    [['--format', 'csv', '--output', join(folder, 'no', 'where')], /cannot be made/, 1],
    [['--output', folder], /is a folder/, 1],
    [['--output', join(folder, 'no', 'file')], /there is no folder/, 1],
    [['--output', '/proc/nothing'], /\/proc\/nothing/, 1],
    [['--numerics'], /--numerics goes with --format osquery/, 2],
    [['--bulk', '--format', 'hec'], /--bulk goes with --format ecs/, 2],
    [['--current', '--findings'], /exclude each other/, 2],
    [['--snapshot', '5'], /there is no snapshot 5/, 1],
    [['--snapshot', 'x'], /takes the id of a snapshot/, 2],
    [['--table', 'user'], /did you mean users\?/, 1],
    [['--host', 'nobody'], /there is no host nobody/, 1],
    [['--rotate-size', '5x', '--output', join(folder, 'x')], /--rotate-size takes a size/, 2],
    [
      ['--format', 'json', '--rotate-size', '5m', '--output', join(folder, 'x')],
      /does not go with --format json/,
      2,
    ],
    [['--as-of', '2026-09-22', '--changes'], /exclude each other/, 2],
    [['--keep', '4'], /--keep goes with --output/, 2],
    [['--output', `${join(folder, 'x')}/`], /is a folder/, 1],
    [['--output', join(folder, 'x'.repeat(300))], /cannot be written \(ENAMETOOLONG\)/, 1],
    [['--cursor', join(folder, 'no', 'cursor'), '--output', join(folder, 'x')], /there is no folder/, 1],
    [
      ['--format', 'ocsf', '--table', 'secure_tokens'],
      /makes no event of secure_tokens alone\n.*add --table users/,
      2,
    ],
    [['--format', 'ocsf', '--table', 'command_log'], /add --table hosts/, 2],
  ];
  await Promise.all(
    cases.map(async ([parameters, message, code]) => {
      const ended = await ask(...parameters);
      t.regex(ended.stderr, message, parameters.join(' '));
      t.is(ended.code, code, `${parameters.join(' ')}: ${ended.stderr}`);
      t.is(ended.stdout, '');
      t.notRegex(ended.stderr, /at .*\.ts:/);
    }),
  );
  t.deepEqual(readdirSync(folder), []);
});

test('one snapshot, one table, one host, one moment', async (t) => {
  const db = await sampleStore(t);
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const { hostId, snapshotId, collectedTime } = first;
  const ask = async (...more: string[]): Promise<Record<string, unknown>[]> => {
    const ended = await cli(['export', '--db', db, ...more]);
    t.is(ended.code, 0, ended.stderr);
    return parsed(ended.stdout).filter(({ kind }) => kind === 'row');
  };
  const [whole, then, now] = await Promise.all([
    ask('--snapshot', String(snapshotId), '--table', 'users,secure_tokens'),
    ask(
      '--as-of',
      String(collectedTime + 5),
      '--host',
      hostId.toLowerCase(),
      '--table',
      'users',
      '--table',
      'secure_tokens',
    ),
    ask('--host', hostId, '--table', 'users'),
  ]);
  t.deepEqual(whole, then);
  t.true(
    whole.length > 50 && whole.every((row) => row['host_id'] === hostId && row['snapshot_id'] === snapshotId),
  );
  t.true(now.some((row) => (row['columns'] as Record<string, unknown>)['username'] === 'zoe'));
  t.false(whole.some((row) => (row['columns'] as Record<string, unknown>)['username'] === 'zoe'));
});

test('a row has the same id in every format', async (t) => {
  const db = await sampleStore(t);
  const idIn: Readonly<Record<string, RegExp>> = {
    ecs: /"event":\{"id":"([0-9a-f]{64})"/g,
    csv: /,([0-9a-f]{64})\r/g,
    // Of an account; other rows stand within other events.
    ocsf: /"uid":"([0-9a-f]{64})","profiles":\["host"/g,
  };
  const users = tables.filter(({ name }) => name === 'users');
  const found = withStore(db, (store) =>
    formatNames.map((name) => {
      const format = formats[name].make({});
      const text = textOf(
        format,
        exportReader(store, { tables: users, rowSql: format.rowSql }).currentSnapshots(),
      );
      return [...text.matchAll(idIn[name] ?? /"row_id":"([0-9a-f]{64})"/g)].map(([, id]) => id ?? '');
    }),
  );
  const [native = []] = found;
  t.true(native.length > 100);
  t.is(new Set(native).size, native.length);
  for (const own of found) t.deepEqual(own, native);
});

test('the output takes the place of no database, cursor, key, pipe or device', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const cursor = join(folder, 'cursor');
  await cli(['export', '--db', db, '--cursor', cursor]);
  const key = join(folder, 'key');
  writeFileSync(key, 'x'.repeat(32), { mode: 0o600 });
  const link = join(folder, 'link.db');
  linkSync(db, link);
  const before = readFileSync(db);
  const known = readFileSync(cursor);
  for (const [output, more, label] of [
    [db, [], 'the database'],
    [`${db}-wal`, [], 'the database'],
    [link, [], 'the database'],
    [key, ['--redact', 'strict', '--redact-key', key], 'the key'],
  ] as const) {
    const { code, stderr } = await cli(['export', '--db', db, ...more, '--output', output]);
    t.is(code, 2, output);
    t.true(stderr.includes(`would replace ${label}`), stderr);
  }
  const fresh = join(folder, 'fresh');
  const { code, stderr } = await cli(['export', '--db', db, '--cursor', fresh, '--output', fresh]);
  t.is(code, 2);
  t.regex(stderr, /would replace the cursor/);
  t.deepEqual(readFileSync(db), before);
  t.deepEqual(readFileSync(cursor), known);
  t.is(readFileSync(key, 'utf8'), 'x'.repeat(32));
  if (process.platform === 'win32') return;
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const ended = await cli(['export', '--db', db, '--output', pipe]);
  t.is(ended.code, 1);
  t.regex(ended.stderr, /is no regular file/);
  t.true(statSync(pipe).isFIFO());
});

test('two exports do not move one cursor at once', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const cursor = join(folder, 'cursor');
  const ask = () =>
    cli(['export', '--db', db, '--cursor', cursor, '--output', join(folder, 'results.ndjson')]);
  const release = lockCursor(cursor);
  const refused = await ask();
  t.is(refused.code, 1);
  t.regex(refused.stderr, /another export with the cursor .* is running/);
  t.deepEqual(readdirSync(folder), ['cursor.lock']);
  t.is(statSync(`${cursor}.lock`).mode & 0o777, 0o600);
  release();
  const made = await ask();
  t.is(made.code, 0, made.stderr);
  t.deepEqual(readdirSync(folder).toSorted(), ['cursor', 'cursor.lock', 'results.ndjson']);
  // What a run that was killed left beside the cursor goes, also where nothing is new.
  writeFileSync(join(folder, '.cursor.999999999.0.tmp'), '{');
  t.is((await ask()).code, 0);
  t.deepEqual(readdirSync(folder).toSorted(), ['cursor', 'cursor.lock', 'results.ndjson']);
});

test('a snapshot that changed nothing makes no file, and pushes none out', async (t) => {
  const folder = temporaryFolder(t);
  const first = await firstOf();
  const db = storeAt(join(folder, 'mac.db'), [first]);
  const out = join(folder, 'results.ndjson');
  const run = async (): Promise<void> => {
    const ended = await cli([
      ...['export', '--db', db, '--format', 'ecs', '--table', 'users'],
      ...['--cursor', join(folder, 'cursor'), '--output', out],
    ]);
    t.is(ended.code, 0, ended.stderr);
    t.is(ended.stderr, '');
  };
  await run();
  const told = readFileSync(out, 'utf8');
  t.true(linesOf(told).length > 20);
  storeAt(db, [later(first, day)], 1_790_200_000);
  await run();
  t.is(readFileSync(out, 'utf8'), told);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.includes('results')),
    ['results.ndjson'],
  );
});

test('nothing at all is said to be nothing', async (t) => {
  const folder = temporaryFolder(t);
  const db = storeAt(join(folder, 'mac.db'), [later(await firstOf(), 1, { deleted_users: () => [] })]);
  const ask = (...more: string[]) => cli(['export', '--db', db, ...more]);
  for (const format of ['ecs', 'hec', 'osquery']) {
    const none = await ask('--format', format, '--table', 'deleted_users');
    t.deepEqual([none.code, none.stdout], [0, ''], format);
    t.regex(none.stderr, /note: nothing was exported: there are no rows in deleted_users on 1 host/, format);
  }
  const some = await ask('--format', 'ecs', '--table', 'users');
  t.is(some.stderr, '');
  const empty = storeAt(join(folder, 'empty.db'), []);
  t.regex((await cli(['export', '--db', empty])).stderr, /the database holds no host/);
});

(existsSync('/dev/full') ? test : test.skip)(
  'a full disk behind stdout is told, and moves no cursor',
  async (t) => {
    const folder = temporaryFolder(t);
    const db = await sampleStore(t);
    const cursor = join(folder, 'cursor');
    for (const argv of [['export', '--db', db, '--cursor', cursor], ['export', '--help'], ['--version']]) {
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [program, ...argv], {
        stdio: ['ignore', full, 'pipe'],
        env: { ...process.env, NODE_NO_WARNINGS: '1' },
      });
      const stderr: Buffer[] = [];
      child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
      const code = await new Promise((resolve) => child.on('close', resolve));
      closeSync(full);
      t.is(code, 1);
      t.is(
        Buffer.concat(stderr)
          .toString()
          .replaceAll(/^\S+Z - /gm, ''),
        'tokenquery: error: there is no space left for stdout\ntokenquery: hint: make room and try again: what was there before is as it was\n',
      );
    }
    t.false(existsSync(cursor));
  },
);
