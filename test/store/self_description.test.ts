/** What a file says of itself to plain SQLite, which knows nothing of tokenquery. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import { allColumns } from '../../collector/table.ts';
import { isSeen } from '../../collector/status.ts';
import { openMemory } from '../../store/memory.ts';
import { openForReading } from '../../store/file.ts';
import { storeViews } from '../../store/schema.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';

let once: Promise<string> | null = null;
const folderOfAll = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
test.after.always(() => rmSync(folderOfAll, { recursive: true, force: true }));
/** A database of two Macs, of which each test reads or copies the same. */
const made = (): Promise<string> => (once ??= make());

const make = async (): Promise<string> => {
  const db = join(folderOfAll, 'fleet.db');
  await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    sample('macos26-managed'),
    '--source',
    sample('macos14-not-root'),
  ]);
  return db;
};

test('about, columns and blind_spots tell what a reader with plain SQLite needs', async (t) => {
  const path = await made();
  const db = new Database(path, { readonly: true });
  const about = new Map(
    db.prepare('SELECT name, value FROM about').raw(true).all() as [string, string | number][],
  );
  t.is(about.get('hosts'), 2);
  t.is(about.get('snapshots'), 2);
  t.regex(String(about.get('last_snapshot')), /^2026-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  const spots = db.prepare('SELECT table_name, host_id, status, reason FROM blind_spots').all() as Record<
    string,
    string
  >[];
  t.is(about.get('not_seen'), spots.length);
  const told = db.prepare('SELECT table_name, host_id, status FROM table_status').all() as Record<
    string,
    string
  >[];
  t.is(spots.length, told.filter(({ status = '' }) => !isSeen(status)).length);
  // Where a count says nothing, this says so.
  t.is(
    db
      .prepare(
        "SELECT count(*) FROM filevault_users u JOIN latest_snapshots USING (host_id) WHERE host_id LIKE 'C345%'",
      )
      .pluck()
      .get(),
    0,
  );
  t.true(
    spots.some(
      ({ table_name: name, host_id: host }) => name === 'filevault_users' && host?.startsWith('C345'),
    ),
  );
  const columns = db.prepare('SELECT table_name, column_name FROM columns').raw(true).all() as string[][];
  const views = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all() as string[];
  for (const table of tables) {
    t.true(views.includes(table.name));
    t.deepEqual(
      columns.flatMap(([name, column]) => (name === table.name ? [column] : [])),
      allColumns(table).map(([column]) => column),
    );
  }
  t.deepEqual(
    db
      .prepare(
        "SELECT unit, allowed_values FROM columns WHERE table_name = 'filevault_status' AND column_name IN ('status', 'percent_complete') ORDER BY 1",
      )
      .raw(true)
      .all(),
    [
      [null, '["on","off","encrypting","decrypting","deferred","restart_needed","unknown"]'],
      ['percent', null],
    ],
  );
  db.close();
});

test('where findings were not evaluated blind_spots says so of the host', async (t) => {
  const folder = temporaryFolder(t);
  const [path, merged] = [await made(), join(folder, 'merged.db')];
  await cli(['merge', '--db', merged, path]);
  const judged = new Database(merged);
  const toldOf = "SELECT count(*) FROM blind_spots WHERE table_name = 'findings'";
  t.is(judged.prepare(toldOf).pluck().get(), 0);
  // As an older tokenquery left it, which did not judge what came by merge.
  judged.exec('UPDATE _host SET judged_from_time = NULL, judged_until_time = NULL');
  judged.close();
  const db = new Database(merged, { readonly: true });
  t.deepEqual(
    db.prepare("SELECT DISTINCT status FROM blind_spots WHERE table_name = 'findings'").pluck().all(),
    ['not_evaluated'],
  );
  t.is(db.prepare(toldOf).pluck().get(), 2);
  db.close();
});

test('each view begins with a comment, which no text of it ends or hides in', (t) => {
  for (const [name, sql] of storeViews(tables, () => 1)) {
    t.regex(sql, /^-- [A-Za-z].*[.…]\n(?:SELECT|WITH)\b/, name);
    // What stands in for a view of the file takes this out of the text.
    const [comment = ''] = sql.split('\n');
    t.false(comment.includes('main.'), name);
  }
  const literal = storeViews(tables, () => 1).get('columns') ?? '';
  t.false(literal.includes('main.'));
});

test('a descriptive text is the declared one, also where it holds what SQL would change', (t) => {
  const [first] = tables;
  if (first === undefined) throw new Error('there are tables');
  const odd = {
    ...first,
    columns: {
      ...first.columns,
      odd: { ...first.columns['uid']!, description: 'It\'s of the domain. Or \u2028 "main.x".' },
    },
  };
  const db = openMemory([]);
  db.exec(`CREATE VIEW columns AS\n${storeViews([odd], () => 1).get('columns')}`);
  t.is(
    db.prepare("SELECT meaning FROM columns WHERE column_name = 'odd'").pluck().get(),
    odd.columns.odd.description,
  );
  db.close();
});

test('what an older program made is read with these views, and under --as-of blind_spots is of that moment', async (t) => {
  const folder = temporaryFolder(t);
  const path = await made();
  const old = join(folder, 'old.db');
  copyFileSync(path, old);
  const editor = new Database(old);
  for (const name of ['about', 'columns', 'blind_spots']) editor.exec(`DROP VIEW ${name}`);
  editor.prepare("UPDATE _setting SET value = 3 WHERE name = 'views_version'").run();
  editor.close();
  for (const file of [path, old]) {
    const store = openForReading(file, tables);
    t.is(store.db.prepare("SELECT value FROM about WHERE name = 'hosts'").pluck().get(), 2);
    t.true((store.db.prepare('SELECT count(*) FROM blind_spots').pluck().get() as number) > 0);
    viewAsOf(store, 1_500_000_000);
    t.is(store.db.prepare('SELECT count(*) FROM blind_spots').pluck().get(), 0);
    store.close();
  }
});
