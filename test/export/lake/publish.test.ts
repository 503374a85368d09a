/** What is published is what the store says, once, in the same bytes, and nothing of it is lost when something goes wrong. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { checkLake } from '../../../export/lake/check.ts';
import { folderPlace } from '../../../export/lake/folder.ts';
import { manifestName, readManifest } from '../../../export/lake/manifest.ts';
import { publish } from '../../../export/lake/publish.ts';
import { relationsOf } from '../../../export/lake/relations.ts';
import { lakeRows } from '../../../export/lake/rows.ts';
import { threadLanes } from '../../../export/lake/threads.ts';
import { partsOf } from '../../../export/lake/part.ts';
import type { Place } from '../../../export/lake/place.ts';
import type { Manifest } from '../../../export/lake/manifest.ts';
import { quoteName } from '../../../store/ddl.ts';
import { openForReading } from '../../../store/file.ts';
import { snapshotIdOf } from '../../../store/snapshot.ts';
import type { Snapshot } from '../../../store/snapshot.ts';
import type { Store } from '../../../store/store.ts';
import { tables } from '../../../tables/index.ts';
import { bound } from '../../queries/engines.ts';
import { queries } from '../../../queries/index.ts';
import { now } from '../../queries/constructed.ts';
import { fleetOf } from '../../queries/fleet.ts';
import { cli, program, temporaryFolder } from '../../standin.ts';
import { dayLater, editStore, sampleSnapshots, storeAt, withStore } from '../world.ts';
import {
  bytesOf,
  connect,
  filesOf,
  judgedStore,
  publishAt,
  publishedTime,
  publishTo,
  readLakeBy,
  sorted,
  storeOfHosts,
} from './world.ts';

/** Open for as long as the work takes. */
const withOpen = async (path: string, work: (store: Store) => Promise<void>): Promise<void> => {
  const store = openForReading(path, tables);
  await work(store).finally(() => store.close());
};

const manifestOf = (folder: string, shard = 'main') =>
  readManifest(readFileSync(join(folder, manifestName(shard)), 'utf8'), shard, shard);

test('what a lake holds is what the views of the store say: each row, each column, each type', async (t) => {
  const db = await judgedStore(t);
  const out = join(temporaryFolder(t), 'lake');
  await publishAt(out, db, {}, tables);
  const engine = await readLakeBy(folderPlace(out));
  const names: string[] = [];
  await withOpen(db, async (store) => {
    for (const { name, columns, fill } of relationsOf(store.db, tables)) {
      names.push(name);
      fill?.(store.db);
      const own = store.db
        .prepare(`SELECT * FROM ${quoteName(name)}`)
        .raw(true)
        .all() as unknown[][];
      t.deepEqual(sorted(await engine.rows(`SELECT * FROM ${quoteName(name)}`)), sorted(own), name);
      for (const row of own)
        for (const [index, [column, type]] of columns.entries()) {
          const value = row[index];
          const is = value === null || (type === 'TEXT') === (typeof value === 'string');
          if (!is) t.fail(`${name}.${column} is ${type} and holds ${String(value)}`);
        }
      if (!name.endsWith('_history')) continue;
      const plain = name.slice(0, -8);
      const shared = (await engine.rows(`DESCRIBE ${quoteName(plain)}`)).map(([column]) => String(column));
      const list = shared.map(quoteName).join(', ');
      const current = store.db
        .prepare(`SELECT ${list} FROM ${quoteName(plain)}`)
        .raw(true)
        .all();
      t.deepEqual(
        sorted(await engine.rows(`SELECT ${list} FROM ${quoteName(plain)}`)),
        sorted(current as unknown[][]),
        plain,
      );
    }
    const latest = store.db.prepare('SELECT * FROM latest_snapshots').raw(true).all() as unknown[][];
    t.deepEqual(sorted(await engine.rows('SELECT * FROM latest_snapshots')), sorted(latest));
  });
  engine.close();
  for (const name of [
    'changes',
    'host_states',
    'seen_rows',
    'snapshots',
    'table_status',
    'collection_errors',
    'findings_history',
    'users_history',
  ])
    t.true(names.includes(name), name);
  t.true((manifestOf(out).tables.get('findings_history')?.rows ?? 0) > 5);
});

test('every question, unchanged, over two shards gives the rows of one store of both', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const hosts = fleetOf(80);
  const isFirst = ({ hostId }: { hostId: string }): boolean => hostId < '00000028';
  const all = storeOfHosts(at('all.db'), hosts);
  storeOfHosts(at('a.db'), hosts.filter(isFirst));
  storeOfHosts(
    at('b.db'),
    hosts.filter((host) => !isFirst(host)),
  );
  await publishAt(at('lake'), at('a.db'), { shard: 'a' }, tables);
  await publishAt(at('lake'), at('b.db'), { shard: 'b' }, tables);
  const engine = await readLakeBy(folderPlace(at('lake')));
  let rows = 0;
  await withOpen(all, async (store) => {
    for (const { name, sql } of queries) {
      const own = store.db.prepare(sql).raw(true).all({ now }) as unknown[][];
      rows += own.length;
      const text = bound(sql).sql.replaceAll('$1', String(now));
      t.deepEqual(sorted(await engine.rows(text)), sorted(own), name);
    }
  });
  engine.close();
  t.true(rows > 200, `${rows}`);
  const checked = await checkLake(folderPlace(at('lake')), () => {});
  t.deepEqual([checked.problems, checked.twice], [[], []]);
});

test('the same snapshots make the same bytes, in whatever order they came; again, nothing is written', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const both = [...first, ...first.map(dayLater)];
  const ordered = storeAt(join(folder, 'ordered.db'), both);
  const turned = join(folder, 'turned.db');
  for (const snapshot of both.toReversed()) storeAt(turned, [snapshot]);
  for (const [name, db] of [
    ['one', ordered],
    ['two', turned],
  ] as const)
    await publishAt(join(folder, name), db);
  t.deepEqual(bytesOf(join(folder, 'one')), bytesOf(join(folder, 'two')));
  const before = filesOf(join(folder, 'one'));
  t.true(before.size > 8);
  const again = await publishAt(join(folder, 'one'), ordered);
  t.like(again, { written: 0, removed: 0, isChanged: false });
  t.deepEqual(filesOf(join(folder, 'one')), before);
});

test('a table that did not change keeps its files; old ones go after their time, and not before', async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, 'lake');
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'fleet.db'), first);
  await publishAt(out, db);
  const [before, old] = [filesOf(out), manifestOf(out)];
  // A snapshot of two tables: the rows of the others were seen last by the one before, as they were.
  const next = dayLater(first[0] as Snapshot);
  const observations = new Map([...next.observations].filter(([name]) => name === 'users'));
  const known = { ...next, observations };
  storeAt(db, [{ ...known, snapshotId: snapshotIdOf(known) }], 1_790_200_000);
  const changed = await publishAt(out, db, { now: publishedTime + 7200 });
  const pathsOf = (manifest: Manifest): string[] =>
    [...manifest.tables.values()].flatMap(({ parts }) => parts.map(({ path }) => path)).toSorted();
  const fresh = pathsOf(manifestOf(out)).filter((path) => !pathsOf(old).includes(path));
  t.deepEqual(
    fresh.map((path) => path.split('/')[0]),
    ['changes', 'host_states', 'seen_rows', 'snapshots', 'table_status', 'users_history'].map(
      (name) => `tbl=${name}`,
    ),
  );
  t.is(changed.written, fresh.length);
  // What the manifest before named is still there: its time begins now.
  for (const name of before.keys()) t.true(existsSync(join(out, name)), name);
  for (const name of filesOf(out).keys()) utimesSync(join(out, name), publishedTime, publishedTime);
  writeFileSync(join(out, 'tbl=users_history/shard=main/notes.txt'), 'of somebody');
  t.is((await publishAt(out, db, { now: publishedTime + 3599 })).removed, 0);
  t.is((await publishAt(out, db, { now: publishedTime + 3601 })).removed, fresh.length);
  const there = [...filesOf(out).keys()].filter((name) => name.startsWith('tbl='));
  t.deepEqual(there, [...pathsOf(manifestOf(out)), 'tbl=users_history/shard=main/notes.txt'].toSorted());
});

test('a group of rows and a part are bounded, by rows and by texts, and what is cut is the same rows', async (t) => {
  const columns = [
    ['number', 'INTEGER'],
    ['text', 'TEXT'],
  ] as const;
  const limits = { rowsOfGroup: 100, charactersOfGroup: 10_000, rowsOfPart: 1000, bytesOfPart: 1 << 20 };
  // From the 1200th on, each text is another one: of those that are alike, one is held.
  const rows = Array.from({ length: 1500 }, (_, number) => [
    number,
    number < 1200 ? 'x'.repeat(number % 3) : String(number).padStart(500),
  ]);
  const made = [...partsOf(columns, [rows.slice(0, 333), [], rows.slice(333)], limits)];
  t.deepEqual(
    made.map((part) => part.rows),
    [1000, 500],
  );
  const folder = temporaryFolder(t);
  for (const [index, { bytes }] of made.entries()) writeFileSync(join(folder, `${index}.parquet`), bytes);
  const engine = await connect();
  const groups = (file: string): Promise<unknown[][]> =>
    engine.rows(
      `SELECT DISTINCT row_group_num_rows FROM parquet_metadata('${folder}/${file}.parquet') ORDER BY 1`,
    );
  t.deepEqual(await groups('0'), [[100]]);
  // Twenty texts of 500 characters are a group of their own.
  t.deepEqual(await groups('1'), [[20], [100]]);
  t.deepEqual(
    await engine.rows(
      `SELECT count(*), count(DISTINCT number), sum(number), sum(length(text)) FROM read_parquet('${folder}/*.parquet')`,
    ),
    [[1500, 1500, (1500 * 1499) / 2, 1200 + 300 * 500]],
  );
  engine.close();
});

test('rows come host by host, each once, however many hosts are read at once', async (t) => {
  const folder = temporaryFolder(t);
  const db = storeOfHosts(join(folder, 'fleet.db'), fleetOf(40));
  withStore(db, ({ db: own }) => {
    for (const relation of relationsOf(own, tables)) {
      const at = relation.columns.findIndex(([name]) => name === 'host_id');
      const ids = [...lakeRows(own, relation)].flat().map((row) => String(row[at]));
      t.deepEqual(ids, ids.toSorted(), relation.name);
      t.is(ids.length, own.prepare(`SELECT count(*) FROM ${relation.name}`).pluck().get() as number);
    }
  });
});

test('threads make the same bytes, of one moment, and what goes wrong in one is told', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'fleet.db'), first);
  await publishAt(join(folder, 'one'), db, {}, tables);
  const store = openForReading(db, tables);
  const threads = await threadLanes({ script: program, isText: false }, db, store.db);
  if (threads === null) return t.fail('nobody else writes');
  t.teardown(() => threads.end());
  // What comes later is not of the moment at which the threads stand.
  storeAt(db, first.map(dayLater), 1_790_200_000);
  const publication = { shard: 'main', keep: 3600, now: publishedTime, toolVersion: '9.9.9' };
  await publish(store, tables, folderPlace(join(folder, 'two')), { ...publication, lanes: threads.lanes });
  t.deepEqual(bytesOf(join(folder, 'two')), bytesOf(join(folder, 'one')));
  const [lane] = threads.lanes;
  const unknown = lane?.parts({ name: 'nothing_of_this', columns: [], key: [] });
  await t.throwsAsync(
    async () => {
      for await (const part of unknown ?? []) t.log(part.rows);
    },
    { message: /there is no nothing_of_this/ },
  );
  threads.end();
  store.close();
});

test('a place of something else is refused, and stays as it is', async (t) => {
  const folder = temporaryFolder(t);
  const db = await judgedStore(t);
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('photos'));
  writeFileSync(at('photos/cat.jpg'), 'meow');
  writeFileSync(at('file'), 'text');
  const lake = JSON.stringify({ format: 'tokenquery lake', version: 2, redaction: null });
  for (const [name, content] of [
    ['newer', lake],
    ['broken', lake.slice(0, 20)],
    ['other', '{"format":"something else","version":1}'],
  ] as const) {
    mkdirSync(at(name));
    writeFileSync(at(`${name}/lake.json`), content);
  }
  const before = bytesOf(folder);
  for (const [name, message] of [
    ['photos', /holds something else: cat\.jpg/],
    ['file', /file is not a folder/],
    ['missing/lake', /cannot be made: there is no folder/],
    ['newer', /was written by a newer tokenquery/],
    ['broken', /lake\.json is not as tokenquery writes it/],
    ['other', /lake\.json is not as tokenquery writes it: it is no tokenquery lake/],
  ] as const)
    await t.throwsAsync(publishAt(at(name), db), { name: 'UserError', message }, name);
  t.deepEqual(bytesOf(folder), before);
});

test('levels of redaction are kept apart, in a store and in a lake', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const at = (name: string): string => join(folder, name);
  const plain = storeAt(at('plain.db'), first);
  const redacted = storeAt(at('redacted.db'), first);
  editStore(redacted, "UPDATE _snapshot SET redaction = 'pseudonym'");
  const mixed = storeAt(at('mixed.db'), first);
  editStore(mixed, "UPDATE _snapshot SET redaction = 'strict' WHERE host = 1");
  await publishAt(at('lake'), plain);
  const before = filesOf(at('lake'));
  await t.throwsAsync(publishAt(at('lake'), redacted, { shard: 'other' }), {
    message: /the database is redacted \(pseudonym\), and .* holds what is not redacted/,
  });
  await t.throwsAsync(publishAt(at('new'), mixed), {
    message: /holds what is not redacted and redacted \(strict\)/,
  });
  t.deepEqual(filesOf(at('lake')), before);
  t.false(existsSync(at('new')));
  await publishAt(at('apart'), redacted);
  // A shard that somebody put there by hand.
  const manifest = readFileSync(join(at('apart'), manifestName('main')), 'utf8');
  writeFileSync(join(at('lake'), manifestName('hand')), manifest.replaceAll('main', 'hand'));
  const { problems } = await checkLake(folderPlace(at('lake')), () => {});
  t.true(problems.some(({ message }) => /hand is redacted otherwise \(pseudonym\)/.test(message)));
});

test('a lake is as open as its folder: to its owner alone where it is new', async (t) => {
  const folder = temporaryFolder(t);
  const db = await judgedStore(t);
  const modes = (out: string): number[] =>
    [out, 'lake.json', 'tbl=users_history', 'tbl=users_history/shard=main', manifestName('main')].map(
      (name) => statSync(name === out ? out : join(out, name)).mode & 0o777,
    );
  await publishAt(join(folder, 'own'), db);
  t.deepEqual(modes(join(folder, 'own')), [0o700, 0o600, 0o700, 0o700, 0o600]);
  mkdirSync(join(folder, 'shared'));
  chmodSync(join(folder, 'shared'), 0o750);
  await publishAt(join(folder, 'shared'), db);
  t.deepEqual(modes(join(folder, 'shared')), [0o750, 0o640, 0o750, 0o750, 0o640]);
});

test('what was written before a failure is taken back', async (t) => {
  const folder = temporaryFolder(t);
  const first = await sampleSnapshots();
  const db = storeAt(join(folder, 'fleet.db'), first);
  const out = join(folder, 'lake');
  await publishAt(out, db);
  const before = bytesOf(out);
  storeAt(db, first.map(dayLater), 1_790_200_000);
  const place = folderPlace(out);
  const written: string[] = [];
  const failing = Object.assign(Object.create(place) as Place, {
    write: async (name: string, bytes: Uint8Array) => {
      if (name.includes('tbl=users_history')) throw new Error('no more');
      written.push(name);
      await place.write(name, bytes);
    },
  });
  await t.throwsAsync(publishTo(failing, db), { message: 'no more' });
  t.true(written.length > 2);
  t.deepEqual(bytesOf(out), before);
});

const canMount = process.geteuid?.() === 0 && process.platform === 'linux';

(canMount ? test : test.skip)(
  'a full disk: what is published stays as it was, and a new try goes on',
  async (t) => {
    const folder = temporaryFolder(t);
    const first = await sampleSnapshots();
    const db = storeAt(join(folder, 'fleet.db'), first);
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      t.pass('nothing may be mounted here');
      return;
    }
    t.teardown(() => void spawnSync('umount', [disk]));
    const out = join(disk, 'lake');
    await publishAt(out, db);
    const before = bytesOf(out);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(4096));
    for (let size = 1 << 19; size >= 4096; size >>= 1)
      try {
        for (;;) writeFileSync(join(disk, `ballast${size}-${readdirSync(disk).length}`), Buffer.alloc(size));
      } catch {
        continue;
      }
    storeAt(db, first.map(dayLater), 1_790_200_000);
    await t.throwsAsync(publishAt(out, db), { message: /there is no space left for .*parquet/ });
    t.deepEqual(bytesOf(out), before);
    for (const name of readdirSync(disk)) if (name !== 'lake') rmSync(join(disk, name));
    t.true((await publishAt(out, db)).isChanged);
  },
);

test('the command: published, checked, and told what is wrong with exit code 1', async (t) => {
  const folder = temporaryFolder(t);
  const db = await judgedStore(t);
  const out = join(folder, 'lake');
  const run = (...words: string[]) => cli(['lake', '--out', out, ...words]);
  const first = await run('--db', db);
  t.is(first.code, 0, first.stderr);
  t.regex(first.stdout, /^main: \d+ rows, 0\.\d MB: \d+ files written\n$/);
  t.regex((await run('--db', db)).stdout, /: nothing changed, nothing written\n$/);
  const checked = await run('--check');
  t.is(checked.code, 0, checked.stderr);
  t.regex(checked.stdout, /^main: 4 hosts, \d+ rows, 0\.\d MB, newest snapshot 20\d\d-/);
  const other = await run('--db', db, '--shard', 'other');
  t.is(other.code, 0, other.stderr);
  const twice = await run('--check');
  t.is(twice.code, 1);
  t.regex(
    twice.stdout,
    /is in the shards main \(last snapshot .*\), other \(last snapshot .*\): both are as new/,
  );
  t.regex(twice.stderr, /4 hosts in more than one shard/);
  for (const [words, message] of [
    [['--db', db, '--shard', 'A b'], /--shard takes lower-case letters/],
    [[], /lake needs --db FILE, --check or --views ENGINE/],
    [['--check', '--db', db], /exclude each other/],
  ] as const) {
    const { code, stderr } = await run(...words);
    t.is(code, 2, stderr);
    t.regex(stderr, message);
  }
  const none = await cli(['lake', '--check', '--out', join(folder, 'nothing')]);
  t.is(none.code, 1);
  t.regex(none.stderr, /is no lake: there is no lake\.json in it/);
});
