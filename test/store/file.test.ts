import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import { text } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import {
  layoutVersion,
  schemaVersion,
  storeIndexes,
  storeTables,
  storeViews,
  viewsVersion,
} from '../../store/schema.ts';
import { tables } from '../../tables/index.ts';
import { isReleasedColumn, isReleasedTable } from '../released.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, verifySnapshots } from './evidence.ts';
import { addAll, everything, newPath, people, rowsOf, smallTables, snapshotAt } from './world.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

test('the file and what SQLite keeps beside it are for the owner alone', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'open'));
  // As root no other folder will do that others may write.
  chmodSync(join(folder, 'open'), 0o1777);
  const path = join(folder, 'open', 'mac.db');
  const store = openForWriting(path, smallTables);
  addAll(store, [snapshotAt('H1', 10, { people: { status: 'ok', rows: [['ann', 'A', 1, 1, 1]] } })]);
  for (const suffix of ['', '-wal', '-shm']) t.is(modeOf(path + suffix), '600', suffix);
  t.is(store.db.pragma('journal_mode', { simple: true }), 'wal');
  store.close();
  for (const suffix of ['-wal', '-shm', '-journal']) t.false(existsSync(path + suffix), suffix);
  t.is(modeOf(join(folder, 'open')), '777');
  // A file that was there, empty and open to all.
  const empty = join(folder, 'open', 'empty.db');
  writeFileSync(empty, '', { mode: 0o666 });
  openForWriting(empty, smallTables).close();
  t.is(modeOf(empty), '600');
  chmodSync(empty, 0o644);
  const again = openForWriting(empty, smallTables);
  t.regex(again.notes.join(), /mode is 0600 now/);
  again.close();
  t.is(modeOf(empty), '600');
  const reader = openForReading(empty, smallTables);
  reader.db.prepare('SELECT * FROM people').all();
  for (const suffix of ['-wal', '-shm'])
    if (existsSync(empty + suffix)) t.is(modeOf(empty + suffix), '600', suffix);
  reader.close();
});

const refusals: readonly (readonly [string, (path: string) => void, RegExp])[] = [
  [
    'a text',
    (path) => writeFileSync(path, 'dear diary\n'.repeat(100)),
    /is not a tokenquery database\|.*not touched/,
  ],
  ['a short text', (path) => writeFileSync(path, 'x'), /is not a tokenquery database/],
  [
    'another database',
    (path) => {
      const db = new Database(path);
      db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)');
      db.close();
    },
    /is not a tokenquery database/,
  ],
  ['a folder', (path) => mkdirSync(path), /is a folder/],
  // Opened as a file is, it would be waited for until somebody writes into it.
  ['a pipe', (path) => void spawnSync('mkfifo', ['-m', '600', path]), /is not a file/],
  [
    'a newer database',
    (path) => {
      openForWriting(path, smallTables, {
        schema: { tables: smallTables, version: layoutVersion + 7 },
      }).close();
    },
    new RegExp(`written by a newer tokenquery: it has layout ${layoutVersion + 7}, .*\\|.*not touched`),
  ],
];

for (const [what, make, message] of refusals) {
  test(`${what} is refused and stays as it is`, (t) => {
    const path = newPath();
    make(path);
    const isFile = statSync(path).isFile();
    const [before, mode] = [isFile ? sum(path) : '', modeOf(path)];
    for (const open of [openForWriting, openForReading]) {
      const error = t.throws<UserError>(() => open(path, smallTables), { instanceOf: UserError });
      t.regex(`${error?.message}|${error?.hint}`, message);
      for (const suffix of ['-wal', '-shm', '-journal']) t.false(existsSync(path + suffix), suffix);
    }
    t.deepEqual([isFile ? sum(path) : '', modeOf(path)], [before, mode]);
  });
}

test('a file that was cut off before it said whose it is is begun anew', (t) => {
  const path = newPath();
  const db = new Database(path);
  db.pragma('auto_vacuum = INCREMENTAL');
  db.close();
  t.is(statSync(path).size, 4096);
  t.throws(() => openForReading(path, smallTables), { message: /holds no snapshot/ });
  const store = openForWriting(path, smallTables);
  addAll(store, [snapshotAt('H1', 10, { people: { status: 'ok', rows: [['ann', 'A', 1, 1, 1]] } })]);
  t.is(rowsOf(store, 'SELECT * FROM people').length, 1);
  store.close();
});

test('a link to nothing is named, and makes no file', (t) => {
  const path = newPath();
  symlinkSync(`${path}.absent`, path);
  for (const open of [openForWriting, openForReading]) {
    t.throws(() => open(path, smallTables), {
      instanceOf: UserError,
      message: process.geteuid?.() === 0 ? /is a link/ : /link to a file that is not/,
    });
  }
  t.false(existsSync(`${path}.absent`));
});

test('a name that SQLite takes for a database in memory is a file like any other', async (t) => {
  const cwd = temporaryFolder(t);
  const argv = ['snapshot', '--db', ':memory:', '--source', sample('macos26-managed')];
  t.regex((await cli(argv, { cwd })).stdout, /first snapshot/);
  t.regex((await cli(argv, { cwd })).stdout, /was stored before/);
});

test('a log that was left open to others is for the owner alone from then on', (t) => {
  const path = newPath();
  openForWriting(path, smallTables).close();
  const left = openForWriting(path, smallTables);
  addAll(left, [snapshotAt('H1', 10, { people: { status: 'ok', rows: [['ann', 'A', 1, 1, 1]] } })]);
  for (const suffix of ['-wal', '-shm']) chmodSync(path + suffix, 0o644);
  const store = openForWriting(path, smallTables);
  for (const suffix of ['', '-wal', '-shm']) t.is(modeOf(path + suffix), '600', suffix);
  t.regex(store.notes.join(), /mode is 0600 now/);
  for (const each of [store, left]) each.close();
});

test('an older database is brought up to date, with all that it holds', (t) => {
  // The older tool knew people without `seen`, under another order of columns, and no machine.
  const columns = Object.fromEntries(Object.entries(people.columns).filter(([name]) => name !== 'seen'));
  const olderPeople: Table = { ...people, columns: { token: columns['token'] as never, ...columns } };
  const older = [olderPeople, ...smallTables.filter(({ report }) => report !== undefined)];
  const newer = { tables: smallTables, version: 2 };
  const path = newPath();
  const store = openForWriting(path, older, { schema: { tables: older, version: 1 } });
  const rowOf = (token: number, name: string, age: number) => {
    const by: Record<string, unknown> = { token, name, uuid: 'A', age };
    return Object.keys(olderPeople.columns).map((column) => by[column] as never);
  };
  store.db.exec('BEGIN');
  store.db
    .prepare("INSERT INTO _host (host, host_id, last_time, last_snapshot) VALUES (1, 'H1', 10, 5)")
    .run();
  store.db
    .prepare(
      `INSERT INTO _current_people (_host, _n, ${Object.keys(olderPeople.columns).join(', ')}) VALUES (1, 1, ?, ?, ?, ?)`,
    )
    .run(...rowOf(1, 'ann', 30));
  store.db.prepare("INSERT INTO _state VALUES (1, 1, 10, 5, x'00', 0)").run();
  store.db.exec('COMMIT');
  store.close();

  // A reader that may not change the file finds what it lacks stood in for; the first that may brings it up to date.
  const untouched = sum(path);
  const input = openForReading(path, smallTables, { schema: newer, mayUpdate: false });
  const [inputSnapshot] = input.db.prepare('SELECT name, seen FROM _current_people').all() as object[];
  t.deepEqual(inputSnapshot, { name: 'ann', seen: null });
  t.deepEqual(input.db.prepare('SELECT * FROM _current_machine').all(), []);
  input.close();
  t.is(sum(path), untouched);
  const reader = openForReading(path, smallTables, { schema: newer });
  t.deepEqual(rowsOf(reader, 'SELECT * FROM people'), [
    { name: 'ann', uuid: 'A', token: 1, age: 30, seen: null, host_id: 'H1' },
  ]);
  t.deepEqual(rowsOf(reader, 'SELECT * FROM machine'), []);
  t.is(reader.db.pragma('user_version', { simple: true }), 2);
  reader.close();
  const writer = openForWriting(path, smallTables, { schema: newer });
  t.is(writer.db.pragma('integrity_check', { simple: true }), 'ok');
  const { db } = writer;
  const made = (type: string) =>
    new Map(
      (
        db
          .prepare("SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_stat%'")
          .all(type) as {
          name: string;
          sql: string;
        }[]
      ).map(({ name, sql }) => [name, sql]),
    );
  const fresh = openForWriting(newPath(), smallTables, { schema: newer });
  t.deepEqual([...made('table').keys()].sort(), [...storeTables(smallTables).keys()].sort());
  t.deepEqual([...made('view').keys()].sort(), [...storeViews(smallTables, () => 0).keys()].sort());
  fresh.close();
  writer.close();
  // The older tool leaves it alone from now on.
  const before = sum(path);
  t.throws(() => openForWriting(path, older, { schema: { tables: older, version: 1 } }), {
    message: /newer tokenquery/,
  });
  t.is(sum(path), before);
});

test('an update that fails leaves the older file as it was', (t) => {
  const path = newPath();
  const store = openForWriting(path, smallTables, { schema: { tables: smallTables, version: 1 } });
  addAll(store, [snapshotAt('H1', 10, { people: { status: 'ok', rows: [['ann', 'A', 1, 1, 1]] } })]);
  const before = everything(store);
  store.close();
  // A column that cannot be made.
  const broken: Table = {
    ...people,
    columns: { ...people.columns, NAME: text('The same name once more.', { privacy: 'nobody' }) },
  };
  t.throws(() => openForWriting(path, [broken], { schema: { tables: [broken], version: 2 } }), {
    instanceOf: UserError,
  });
  const again = openForWriting(path, smallTables, { schema: { tables: smallTables, version: 1 } });
  t.deepEqual(everything(again), before);
  again.close();
});

const digestOf = (texts: Iterable<string>): string =>
  createHash('sha256')
    .update(JSON.stringify([...texts]))
    .digest('hex')
    .slice(0, 16);

// Of small tables: what is declared is no part of either number.
test('a change of the own tables of the store goes with a new layout', (t) => {
  const known: Readonly<Record<number, string>> = { 5: '6ea5e291d9ab80c9' };
  t.is(
    digestOf(storeTables(smallTables).values()),
    known[layoutVersion] ?? '',
    'the own tables of the store changed: run scripts/layout.ts before the change, so that a file of the layout is kept in layouts/; raise layoutVersion in store/schema.ts; note the new digest here',
  );
});

test('a change of the views goes with a new version of them', (t) => {
  const known: Readonly<Record<number, string>> = { 6: '36c48c89fc1ab1c8' };
  const views = [...storeIndexes(smallTables).values(), ...storeViews(smallTables, () => 0).values()];
  t.is(
    digestOf(views),
    known[viewsVersion] ?? '',
    'the views or indexes changed: raise viewsVersion in store/schema.ts, and note the new digest here',
  );
});

test('neither a table nor a column that is added raises the layout or the version of the views', (t) => {
  const [before, after] = [
    people,
    { ...people, columns: { ...people.columns, extra: text('New.', { privacy: 'nobody' }) } },
  ];
  const own = (declared: readonly Table[]): string[] =>
    [...storeTables(declared)].filter(([name]) => !/^_(?:current|past)_/.test(name)).map(([, sql]) => sql);
  t.deepEqual(own([after, ...smallTables]), own([before]));
});

test('a change of what released rows are goes with a new version of them', (t) => {
  const rows = JSON.stringify(
    tables
      .filter(({ name }) => isReleasedTable(name))
      .map(({ name, key, columns }) => [
        name,
        key,
        Object.entries(columns)
          .filter(([column]) => isReleasedColumn(name, column))
          .map(([column, { type }]) => [column, type]),
      ]),
  );
  const known: Readonly<Record<number, string>> = { 1: 'bdca83dc703eea69' };
  t.is(
    createHash('sha256').update(rows).digest('hex').slice(0, 16),
    known[schemaVersion] ?? '',
    'released tables changed: note the new digest here, and raise schemaVersion in store/schema.ts',
  );
});

/** Four snapshots of two hosts, as the tool of that layout wrote them: of a sample, of it with other answers, of another. */
for (let layout = 1; layout < layoutVersion; layout += 1) {
  test(`a database that the tool of layout ${layout} wrote is brought up to date and goes on`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'mac.db');
    const input = join(folder, 'input.db');
    for (const file of [path, input]) {
      writeFileSync(file, gunzipSync(readFileSync(join(import.meta.dirname, 'layouts', `${layout}.db.gz`))), {
        mode: 0o600,
      });
    }
    const old = new Database(path, { readonly: true });
    t.is(old.pragma('user_version', { simple: true }), layout);
    const names = old
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
      .pluck()
      .all() as string[];
    const columns = new Map(
      names.map((name) => [
        name,
        (old.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[])
          .map((column) => `"${column}"`)
          .join(', '),
      ]),
    );
    const seen = (db: Database.Database): Record<string, unknown> =>
      Object.fromEntries(
        names.map((name) => [
          name,
          db
            .prepare(`SELECT ${columns.get(name) ?? ''} FROM "${name}"`)
            .raw()
            .all()
            .map((row) => JSON.stringify(row))
            .sort(),
        ]),
      );
    const before = seen(old);
    old.close();
    t.is((before['snapshots'] as unknown[]).length, 4);
    t.true((before['changes'] as unknown[]).length > 10);
    // As an input it is read as it is, and not changed.
    const sumBefore = sum(input);
    const asInput = await cli(['merge', '--db', join(folder, 'input-target.db'), input]);
    t.deepEqual([asInput.stdout, asInput.stderr], ['4 snapshots of 2 hosts stored\n', '']);
    t.is(sum(input), sumBefore);
    const target = join(folder, 'target.db');

    const store = openForWriting(path, tables);
    t.regex(store.notes.join(), new RegExp(`brought from layout ${layout} to ${layoutVersion}`));
    // But for what is not known of columns that came later.
    const now = seen(store.db);
    const added = tables.flatMap(({ name, columns: own }) =>
      Object.keys(own).filter((column) => columns.get(name)?.includes(`"${column}"`) === false),
    );
    t.true(added.length > 0 || layout > 2);
    const forget = (row: unknown): string =>
      added.reduce((left, name) => left.replace(new RegExp(`,?\\\\"${name}\\\\"`), ''), String(row));
    const statuses = (now['table_status'] as unknown[]).map(forget).sort();
    // And but for conflicts, which have another key since: what was one thing in several rows is one row.
    // The file tells of its own columns what this version says.
    const apart = ['conflicts', 'conflicts_history', 'changes', 'columns', 'column_status'];
    const others = (of: Record<string, unknown>): Record<string, unknown> =>
      Object.fromEntries(Object.entries(of).filter(([name]) => !apart.includes(name)));
    t.deepEqual({ ...others(now), table_status: statuses }, others(before));
    // When a column was last seen is told of those that came later, too.
    const seenColumns = new Set((before['column_status'] as string[] | undefined) ?? []);
    for (const row of seenColumns) t.true((now['column_status'] as string[]).includes(row), row);
    const besides = (rows: unknown): unknown[] =>
      (rows as string[]).filter((row) => !row.includes('"conflicts"'));
    t.deepEqual(besides(now['changes']), besides(before['changes']));
    const keysOf = (rows: unknown): string[] => [
      ...new Set(
        (rows as string[]).map((row) => {
          const [kind, subject, fact, rule, , , , , , , host] = JSON.parse(row) as unknown[];
          return JSON.stringify([kind, subject, fact, rule, host]);
        }),
      ),
    ];
    t.deepEqual(keysOf(now['conflicts']).sort(), keysOf(before['conflicts']).sort());
    t.is((now['conflicts'] as unknown[]).length, keysOf(now['conflicts']).length);
    t.is(verifySnapshots(store), 4);
    store.close();
    const merged = await cli(['merge', '--db', target, path]);
    t.is(merged.stdout, '4 snapshots of 2 hosts stored\n', merged.stderr);
    const again = await cli(['merge', '--db', path, target]);
    t.is(again.stdout, '0 snapshots of 2 hosts stored, 4 there before\n', again.stderr);
    const bundle = makeBundle('macos26-managed', join(folder, 'next'), {
      time: 1_790_900_000,
      replace: [['sw_vers', '26.1', '26.2']],
    });
    const next = await cli(['snapshot', '--db', path, '--source', bundle]);
    t.regex(next.stdout, /hosts 1 changed/);
  });
}

test('a database that was cut off is told from one that is whole', async (t) => {
  const folder = temporaryFolder(t);
  const whole = join(folder, 'whole.db');
  await cli(['snapshot', '--db', whole, '--source', sample('macos26-managed')]);
  const { size } = statSync(whole);
  for (const length of [50, 100, 4096, Math.floor(size / 2), size - 4096, size - 1]) {
    const path = join(folder, `cut${length}.db`);
    copyFileSync(whole, path);
    truncateSync(path, length);
    const before = sum(path);
    for (const open of [openForWriting, openForReading]) {
      const error = t.throws<UserError>(() => open(path, tables), { instanceOf: UserError });
      t.regex(
        `${error?.message} | ${error?.hint}`,
        /(?:is damaged|is not a tokenquery database).* \| it was not touched/,
        String(length),
      );
    }
    t.is(sum(path), before, String(length));
  }
  const cut = join(folder, `cut${size - 4096}.db`);
  const before = sum(cut);
  const target = join(folder, 'target.db');
  for (const argv of [
    ['query', '--db', cut, 'SELECT * FROM users'],
    ['snapshot', '--db', cut, '--source', sample('macos26-managed')],
    // As an input it is named, and the good one is in.
    ['merge', '--db', target, cut, whole],
  ]) {
    const { code, stderr, stdout } = await cli(argv);
    t.is(code, 1, argv[0]);
    t.regex(stderr, /error: .*is damaged: .*\n.*hint: it was not touched: put back a copy of it/, argv[0]);
    t.is(sum(cut), before, argv[0]);
    if (argv[0] === 'merge') t.regex(stdout, /^1 snapshot of 1 host stored/);
  }
});

test('a damaged page is met with a message, not with a wrong answer', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'mac.db');
  await cli(['snapshot', '--db', path, '--source', sample('macos26-managed')]);
  const bytes = readFileSync(path);
  bytes.fill(0xff, 4096 * 3);
  writeFileSync(path, bytes);
  for (const argv of [
    ['query', '--db', path, 'SELECT * FROM users'],
    ['changes', '--db', path],
    ['snapshot', '--db', path, '--source', sample('macos15-unmanaged')],
  ]) {
    const { code, stderr } = await cli(argv);
    t.is(code, 1, argv[0]);
    t.regex(stderr, /error: .*damaged.*\n.*hint: /, argv[0]);
  }
});

test('a damaged value is met like a damaged page, and costs a merge that input only', async (t) => {
  const folder = temporaryFolder(t);
  const good = join(folder, 'good.db');
  const [whole, part] = [
    makeBundle('macos26-managed', join(folder, 'a'), { time: 1_790_000_000 }),
    makeBundle('macos26-managed', join(folder, 'b'), { time: 1_790_000_100, without: ['/usr/bin/fdesetup'] }),
  ];
  for (const source of [whole, part]) await cli(['snapshot', '--db', good, '--source', source]);
  for (const [what, sql] of [
    ['partial', "UPDATE _partial SET raw = x'00112233' WHERE raw IS NOT NULL"],
    ['look', "UPDATE _look_table SET columns_affected = '[' WHERE columns_affected IS NOT NULL"],
  ] as const) {
    const bad = join(folder, `${what}.db`);
    copyFileSync(good, bad);
    const db = new Database(bad);
    t.true(db.prepare(sql).run().changes > 0);
    db.close();
    const target = join(folder, `${what}-target.db`);
    const merged = await cli(['merge', '--db', target, bad, good]);
    t.is(merged.code, 1);
    t.is(merged.stdout, '2 snapshots of 1 host stored\n', merged.stderr);
    t.regex(merged.stderr, new RegExp(`error: .*${what}\\.db is damaged: .* cannot be read\\n.*hint: `));
    // A late observation needs what the others saw.
    const late = makeBundle('macos26-managed', join(folder, `late-${what}`), {
      time: 1_790_000_050,
      without: ['/usr/bin/fdesetup'],
      replace: [['-readall', '/bin/zsh', '/bin/sh']],
    });
    const { code, stderr } = await cli(['snapshot', '--db', bad, '--source', late]);
    t.is(code, 1, what);
    t.regex(stderr, /error: .* is damaged: .* cannot be read\n.*hint: /, what);
  }
});

test('a writer waits for another, and says so when that takes too long', (t) => {
  const path = newPath();
  const [a, b] = [openForWriting(path, smallTables), openForWriting(path, smallTables, { waitMs: 50 })];
  a.db.exec('BEGIN IMMEDIATE');
  const error = t.throws<UserError>(() => transact(b, () => {}), { instanceOf: UserError });
  t.regex(`${error.message} ${error.hint}`, /being written by another tokenquery.*try again/);
  a.db.exec('COMMIT');
  t.notThrows(() => transact(b, () => {}));
  for (const store of [a, b]) store.close();
});
