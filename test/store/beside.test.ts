/** What lies beside a store under the names of SQLite, and reading where nothing can be written. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { UserError } from '../../collector/errors.ts';
import { openBytes } from '../../store/database.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { merge } from '../../store/merge.ts';
import { readWhole } from '../../store/wal.ts';
import { temporaryFolder } from '../standin.ts';
import { addAll, newPath, rowsOf, smallTables, snapshotAt, open } from './world.ts';

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const names = ['ann', 'bob', 'cleo', 'dan'];
const look = (time: number) =>
  snapshotAt('H1', time, {
    people: { status: 'ok', rows: names.slice(0, time / 10).map((name) => [name, name, 1, 1, 1]) },
  });

const storeOf = (path = newPath()): string => {
  const store = openForWriting(path, smallTables);
  addAll(store, [look(10)]);
  store.close();
  return path;
};

/** The journal that a database of somebody else leaves when it is cut off in a transaction. */
const foreignJournal = (path: string): Buffer => {
  const db = new Database(path);
  db.pragma('cache_size = 1');
  db.exec(
    'CREATE TABLE t (x); WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 5000) INSERT INTO t SELECT hex(randomblob(200)) FROM c',
  );
  db.exec("BEGIN; UPDATE t SET x = 'gone'");
  const journal = readFileSync(`${path}-journal`);
  db.exec('ROLLBACK');
  db.close();
  return journal;
};

const refusal = {
  instanceOf: UserError,
  message: /(?:that is not of it|is not of |belongs to (?:another )?user|is not a file|is a link)/,
};

/** What is put beside a database keeps it from being opened, and changes nothing of it. */
const refused = (t: ExecutionContext, what: string, put: (path: string) => void): void => {
  const path = storeOf();
  put(path);
  const before = sum(path);
  for (const opened of [openForReading, openForWriting])
    t.throws(() => opened(path, smallTables).close(), refusal, what);
  t.is(sum(path), before, what);
};

test('a journal, a log or an index that is not of the file is refused, and the file stays as it is', (t) => {
  const journal = foreignJournal(newPath());
  const wrong: Record<string, (path: string) => void> = {
    'a journal of another database': (path) => writeFileSync(`${path}-journal`, journal),
    'a journal of nothing': (path) => writeFileSync(`${path}-journal`, 'dear diary'),
    'a link in the place of a log': (path) => symlinkSync(newPath(), `${path}-wal`),
    'a folder in the place of an index': (path) => mkdirSync(`${path}-shm`),
    'a log of a file that has none': (path) => {
      const bytes = readFileSync(path);
      bytes.fill(1, 18, 20);
      writeFileSync(path, bytes);
      writeFileSync(`${path}-wal`, 'x'.repeat(4096));
    },
    'a journal that takes back all of a file in no WAL mode': (path) => {
      const bytes = readFileSync(path);
      bytes.fill(1, 18, 20);
      writeFileSync(path, bytes);
      const first = Buffer.from(journal);
      first.writeUInt32BE(0, 16);
      writeFileSync(`${path}-journal`, first);
    },
  };
  for (const [what, put] of Object.entries(wrong)) refused(t, what, put);
});

(process.geteuid?.() === 0 ? test : test.skip)(
  'a log of another user is not taken for one of the file',
  (t) => {
    refused(t, 'a log of another user', (path) => {
      writeFileSync(`${path}-wal`, 'x'.repeat(4096));
      chownSync(`${path}-wal`, 12_345, 12_345);
    });
  },
);

test('a file that was cut off in the switch to WAL mode is read, and goes on', (t) => {
  const path = storeOf();
  const db = new Database(path);
  db.pragma('journal_mode = DELETE');
  db.close();
  // What SQLite leaves when it is killed between the page and the end of the journal.
  const page = readFileSync(path).subarray(0, 4096);
  const journal = Buffer.alloc(512 + 4 + 4096 + 4);
  Buffer.from('d9d505f920a163d7', 'hex').copy(journal);
  const head = [1, 0, readFileSync(path).length / 4096, 512, 4096];
  for (const [index, word] of head.entries()) journal.writeUInt32BE(word, 8 + 4 * index);
  journal.writeUInt32BE(1, 512);
  page.copy(journal, 516);
  let check = 0;
  for (let at = 4096 - 200; at > 0; at -= 200) check = (check + (page[at] ?? 0)) >>> 0;
  journal.writeUInt32BE(check, 516 + 4096);
  const switched = readFileSync(path);
  switched.fill(2, 18, 20);
  writeFileSync(path, switched);
  writeFileSync(`${path}-journal`, journal);
  const reader = openForReading(path, smallTables);
  t.is(rowsOf(reader, 'SELECT * FROM people').length, 1);
  reader.close();
  const writer = openForWriting(path, smallTables);
  addAll(writer, [look(20)]);
  t.is(rowsOf(writer, 'SELECT * FROM people').length, 2);
  writer.close();
  t.false(existsSync(`${path}-journal`));
});

test('a file and its log are one in memory, up to the last whole transaction', (t) => {
  const path = storeOf();
  const writer = openForWriting(path, smallTables);
  addAll(writer, [look(20), look(30)]);
  const [copy, cut] = [newPath(), newPath()];
  for (const to of [copy, cut]) for (const suffix of ['', '-wal']) copyFileSync(path + suffix, to + suffix);
  writeFileSync(`${cut}-wal`, readFileSync(`${cut}-wal`).subarray(0, -100));
  const peopleIn = (of: string): unknown =>
    openBytes(readWhole(of)).prepare('SELECT count(*) FROM people').pluck().get();
  t.is(peopleIn(copy), 3);
  t.true([1, 2].includes(peopleIn(cut) as number));
  const log = readFileSync(`${copy}-wal`);
  log.writeUInt32BE(7, 24);
  writeFileSync(`${copy}-wal`, log);
  t.is(peopleIn(copy), 1, 'a log whose sum is wrong has nothing');
  writer.close();
});

test('a store on a disk that is full or only read answers, and can be merged from', async (t) => {
  const folder = temporaryFolder(t);
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mount = (...options: string[]): boolean => spawnSync('mount', [...options, disk]).status === 0;
  if (!mount('-t', 'tmpfs', '-o', 'size=2m', 'none')) {
    t.pass('nothing may be mounted here');
    return;
  }
  t.teardown(() => void spawnSync('umount', ['-l', disk]));
  const path = join(disk, 'mac.db');
  copyFileSync(storeOf(), path);
  const answers = async (what: string): Promise<void> => {
    const store = openForReading(path, smallTables);
    t.is(rowsOf(store, 'SELECT * FROM people').length, 1, what);
    store.close();
    const target = openForWriting(newPath(), smallTables);
    const { bad, stored } = await merge(target, [{ path, kind: 'database' }], {
      ...open,
      now: () => 2_000_000_000,
      readEvidence: () => Promise.reject(new Error('there is none')),
    });
    t.deepEqual([bad, stored], [[], 1], what);
    target.close();
  };
  const fill = spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4096']);
  t.not(fill.status, 0);
  await answers('full');
  t.true(mount('-o', 'remount,ro'));
  await answers('only read');
});
