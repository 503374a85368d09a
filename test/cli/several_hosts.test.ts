import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Table, Value } from '../../collector/table.ts';
import { mistakesIn } from '../../queries/mistakes.ts';
import { viewAsOf } from '../../store/as_of.ts';
import type { Db } from '../../store/database.ts';
import { viewEachHost } from '../../store/each_host.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { visibleNames } from '../../store/guard.ts';
import { loadRows, openMemory, ownTable } from '../../store/memory.ts';
import { withPlainHosts } from '../../store/plain_hosts.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';

const names = ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged'];

type Rows = readonly Readonly<Record<string, unknown>>[];
const ask = async (...parameters: readonly string[]): Promise<{ rows: Rows; stderr: string }> => {
  const { code, stdout, stderr } = await cli(['query', '--json', ...parameters]);
  if (code !== 0) throw new Error(`${parameters.join(' ')}: ${stderr}`);
  return { rows: JSON.parse(stdout) as Rows, stderr };
};
const sourcesOf = (some: readonly string[]): string[] => some.flatMap((name) => ['--source', sample(name)]);

// On one Mac right, on several wrong; the last is right on both.
const statements = [
  'SELECT username FROM secure_tokens WHERE secure_token = 1 AND username NOT IN (SELECT username FROM filevault_users)',
  'SELECT * FROM filevault_status',
];

test('--each-host asks each host as if it were the only one, of sources and of a database', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'hosts.db');
  const made = await cli(['snapshot', '--db', db, ...sourcesOf(names)]);
  t.is(made.code, 0, made.stderr);
  const ids = new Map<string, unknown>();
  for (const name of names)
    ids.set(name, (await ask('--source', sample(name), 'SELECT host_id FROM hosts')).rows[0]?.['host_id']);
  for (const [index, sql] of statements.entries()) {
    const alone: Record<string, unknown>[] = [];
    for (const name of names) {
      const { rows } = await ask('--source', sample(name), sql);
      alone.push(...rows.map(({ host_id: _own, ...row }) => ({ host_id: ids.get(name), ...row })));
    }
    const each = await ask('--each-host', ...sourcesOf(names), sql);
    t.deepEqual(each.rows, alone, sql);
    t.deepEqual(Object.keys(each.rows[0] ?? {})[0], 'host_id');
    t.notRegex(each.stderr, /put together/);
    const stored = await ask('--each-host', '--db', db, sql);
    const byHost = (rows: Rows): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
    t.deepEqual(byHost(stored.rows), byHost(alone), sql);
    if (index === 0) {
      const past = await ask('--each-host', '--db', db, '--as-of', '2030-01-01', sql);
      t.deepEqual(past.rows, stored.rows, sql);
    }
    for (const where of [sourcesOf(names), ['--db', db]]) {
      const together = await ask(...where, sql);
      t.is(/rows of 3 hosts are put together, .*--each-host/.test(together.stderr), index === 0, sql);
    }
  }
  const few = await ask('--each-host', '--db', db, '--max-rows', '3', 'SELECT username FROM users');
  t.is(few.rows.length, 3);
});

test('one host alone is never told to be several', async (t) => {
  for (const sql of statements) {
    const { stderr } = await ask('--source', sample('macos26-managed'), sql);
    t.notRegex(stderr, /put together/);
  }
});

/** Constructed: the sample one day later, after an update. */
const laterLook = (folder: string): string => {
  const later = join(folder, 'later');
  cpSync(sample('macos26-managed'), later, { recursive: true });
  rmSync(join(later, 'SHA256SUMS'));
  const change = (file: string, edit: (text: string) => string): void =>
    writeFileSync(join(later, file), edit(readFileSync(join(later, file), 'utf8')));
  change('evidence.json', (text) => {
    const evidence = JSON.parse(text) as { captured_time: number };
    return JSON.stringify({ ...evidence, captured_time: evidence.captured_time + 86_400 });
  });
  for (const number of readdirSync(join(later, 'commands')))
    if (readFileSync(join(later, 'commands', number, 'argv'), 'utf8').includes('sw_vers'))
      change(join('commands', number, 'stdout'), (text) =>
        text.replace(/(ProductVersion:\s*)\S+/, (_all, name: string) => `${name}26.9.9`),
      );
  return later;
};

test('a host that is given twice counts once, the newer, and says so', async (t) => {
  const managed = sample('macos26-managed');
  const sql = 'SELECT host_id, username FROM users';
  const once = await ask('--source', managed, sql);
  for (const more of [[], ['--each-host']]) {
    const twice = await ask('--source', managed, '--source', managed, ...more, sql);
    t.deepEqual(twice.rows, once.rows);
    t.regex(twice.stderr, /note: two sources are of the host [0-9A-F-]+: the newer one is asked/);
  }
  const thrice = await ask('--source', managed, '--source', managed, '--source', managed, sql);
  t.deepEqual(thrice.rows, once.rows);
  t.regex(thrice.stderr, /note: 3 sources are of the host [0-9A-F-]+: the newest one is asked/);
  const [older, newer] = [managed, laterLook(temporaryFolder(t))];
  for (const both of [
    [older, newer],
    [newer, older],
  ]) {
    const { rows } = await ask(...both.flatMap((path) => ['--source', path]), 'SELECT os_version FROM hosts');
    t.deepEqual(rows, [{ os_version: '26.9.9' }]);
  }
});

test('an id of a host, an account or a disk is found in either letter case, and no name is', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'hosts.db');
  const managed = sample('macos26-managed');
  t.is((await cli(['snapshot', '--db', path, '--source', managed])).code, 0);
  const store = openForReading(path, tables);
  const memory = openMemory(tables, ownTable);
  for (const name of ['users', 'secure_tokens']) {
    const rows = store.db.prepare(`SELECT * FROM ${name}`).all() as Readonly<Record<string, Value>>[];
    loadRows(memory, tables.find((table) => table.name === name) as Table, rows);
  }
  const { host_id: host, uuid } = store.db
    .prepare("SELECT lower(host_id) AS host_id, lower(uuid) AS uuid FROM users WHERE username = 'itadmin'")
    .get() as { host_id: string; uuid: string };
  const check = (db: Db, what: string): void => {
    for (const condition of [
      `uuid = '${uuid}' AND host_id = '${host}'`,
      `uuid IN ('${uuid}', 'x', 'y') AND host_id IN (SELECT '${host}')`,
      `(host_id, uuid) IN (VALUES ('${host}', '${uuid}'))`,
      `EXISTS (SELECT 1 FROM secure_tokens s WHERE s.uuid = users.uuid AND s.host_id = '${host}' AND s.uuid = '${uuid}')`,
    ]) {
      const found = db.prepare(`SELECT username FROM users WHERE ${condition}`).pluck().all();
      t.deepEqual(found, ['itadmin'], `${what}: ${condition}`);
    }
    t.deepEqual(db.prepare("SELECT username FROM users WHERE username = 'ITADMIN'").all(), [], what);
  };
  check(memory, 'in memory');
  check(store.db, 'a database');
  const choose = viewEachHost(store, 'users secure_tokens');
  choose(host);
  check(store.db, 'each host');
  store.close();
  const past = openForReading(path, tables);
  viewAsOf(past, 1_900_000_000);
  check(past.db, 'as of');
  past.close();
  // As a file of an older version is, which has other views and cannot look a host up in either case.
  const old = openForWriting(path, tables);
  old.db.exec('DROP INDEX _host_by_id; DROP VIEW users; CREATE VIEW users AS SELECT 1 AS host_id');
  old.db.exec("UPDATE _setting SET value = 1 WHERE name = 'views_version'");
  old.close();
  const reader = openForReading(path, tables);
  check(reader.db, 'an older file');
  withPlainHosts(reader.db, tables);
  t.is(reader.db.prepare('SELECT count(*) FROM users WHERE host_id = ?').pluck().get(host), 0);
  reader.close();
  const writer = openForWriting(path, tables);
  check(writer.db, 'brought up to date');
  t.deepEqual(writer.db.prepare('SELECT * FROM sqlite_stat1').raw(true).all(), [
    ['_host', '_host_by_id', '1048576 1'],
  ]);
  writer.close();
});

test('a literal that cannot match is an error, in a file a note, and with --strict an error', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'hosts.db');
  const managed = sample('macos26-managed');
  t.is((await cli(['snapshot', '--db', db, '--source', managed])).code, 0);
  const cases: readonly (readonly [string, RegExp, string])[] = [
    [
      "SELECT 1 FROM secure_tokens WHERE confidence='Confirmed'",
      /secure_tokens\.confidence is never 'Confirmed'/,
      'did you mean confirmed?',
    ],
    [
      "SELECT 1 FROM table_status WHERE status='Denied'",
      /table_status\.status is never 'Denied'/,
      'did you mean denied?',
    ],
    [
      "SELECT 1 FROM users WHERE account_type='Local'",
      /users\.account_type is never 'Local'/,
      'did you mean local?',
    ],
    [
      "SELECT 1 FROM secure_tokens WHERE secure_token='yes'",
      /secure_tokens\.secure_token is never 'yes'/,
      'did you mean 1?',
    ],
    ["SELECT 1 FROM users WHERE is_admin='true'", /users\.is_admin is never 'true'/, 'did you mean 1?'],
    [
      "SELECT 1 FROM hosts WHERE os_version >= '9.0'",
      /hosts\.os_version is a text/,
      'os_version_num >= 90000',
    ],
    [
      "SELECT 1 FROM hosts WHERE '15.6.1' > os_version",
      /hosts\.os_version is a text/,
      'os_version_num < 150601',
    ],
    [
      "SELECT 1 FROM hosts WHERE boot_time > '2026-09-01'",
      /hosts\.boot_time is a number/,
      "it is in unix seconds: unixepoch('2026-09-01')",
    ],
  ];
  const store = openForReading(db, tables);
  const stored = { db: store.db, tables, names: visibleNames(store) };
  for (const [sql, message, hint] of cases) {
    const [first, second] = mistakesIn(stored, sql);
    t.regex(first?.message ?? '', message);
    t.true(first?.hint.startsWith(hint), first?.hint);
    t.is(second, undefined);
  }
  for (const sql of [
    "SELECT change FROM changes WHERE change = 'Added'",
    "SELECT 1 FROM users_history WHERE is_admin = 'no'",
    "SELECT 1 FROM latest_snapshots WHERE status = 'ok'",
    "SELECT 1 FROM findings WHERE severity = 'High'",
    "SELECT 1 FROM users_history WHERE valid_until_time > '2026-09-01'",
  ])
    t.is(mistakesIn(stored, sql).length, 1, sql);
  // A word that a newer version wrote is there, whatever the lists of this one say.
  const newer = openForWriting(db, tables);
  newer.db.exec("UPDATE _current_secure_tokens SET confidence = 'certain'");
  newer.close();
  t.deepEqual(mistakesIn(stored, "SELECT 1 FROM secure_tokens WHERE confidence = 'certain'"), []);
  store.close();
  for (const [sql, message, hint] of [cases[0], cases[5]] as typeof cases) {
    for (const where of [
      ['--source', managed],
      ['--db', db],
    ]) {
      const ended = await cli(['query', ...where, sql]);
      t.is(ended.code, 1, sql);
      t.is(ended.stdout, '');
      t.regex(ended.stderr, new RegExp(`^tokenquery: error: ${message.source}`));
      t.true(ended.stderr.includes(`tokenquery: hint: ${hint}`), ended.stderr);
    }
    const file = join(folder, 'asked.sql');
    writeFileSync(file, sql);
    const noted = await cli(['query', '--source', managed, '-f', file]);
    t.is(noted.code, 0, noted.stderr);
    t.regex(noted.stderr, new RegExp(`tokenquery: note: ${message.source}`));
    t.true(noted.stderr.includes(`; ${hint}`), noted.stderr);
    const strict = await cli(['query', '--strict', '--source', managed, '-f', file]);
    t.is(strict.code, 1);
    t.regex(strict.stderr, new RegExp(`tokenquery: error: ${message.source}`));
  }
});

test('packs and queries of one’s own go on with a note, and end with an error under --strict', async (t) => {
  const folder = temporaryFolder(t);
  const pack = join(folder, 'own.conf');
  const queries = join(folder, 'queries');
  mkdirSync(queries);
  const entry = { query: "SELECT username FROM users WHERE is_admin = 'true'" };
  writeFileSync(
    pack,
    JSON.stringify({
      discovery: ["SELECT 1 FROM hosts WHERE cpu_arch <> 'ARM64'"],
      queries: { admins: entry },
    }),
  );
  writeFileSync(
    join(queries, 'own_one.sql'),
    "-- name: own_one\n-- title: One\n-- severity: high\n-- purpose: It shows.\n-- applies: is_apple_silicon = 'yes'\n" +
      "-- requires: secure_tokens.secure_token where is_admin = 'true'\n" +
      "SELECT s.host_id, s.username AS subject FROM secure_tokens s WHERE s.confidence = 'Confirmed'\n",
  );
  const cases: readonly (readonly [string[], readonly string[]])[] = [
    [
      ['--pack', pack],
      ["users.is_admin is never 'true'", "hosts.cpu_arch is never 'ARM64'; did you mean arm64?"],
    ],
    [
      ['--queries', queries],
      [
        "secure_tokens.confidence is never 'Confirmed'; did you mean confirmed?",
        "hosts.is_apple_silicon is never 'yes'; did you mean 1?",
        "secure_tokens.is_admin is never 'true'; did you mean 1?",
      ],
    ],
  ];
  for (const [given, messages] of cases) {
    const noted = await cli(['findings', ...given, '--source', sample('macos26-managed')]);
    t.is(noted.code, 0, noted.stderr);
    for (const message of messages) t.is(noted.stderr.split(message).length, 2, noted.stderr);
    const strict = await cli(['findings', '--strict', ...given, '--source', sample('macos26-managed')]);
    t.is(strict.code, 1);
    t.regex(strict.stderr, /^tokenquery: error: \w+: \w+\.\w+ is never '/m);
  }
});

test('a source that cannot be read costs itself: snapshot names it and stores the others', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'hosts.db');
  const bad = join(folder, 'no-bundle');
  mkdirSync(bad);
  const sources = [sample('macos26-managed'), bad, sample('macos15-unmanaged'), join(folder, 'not-there')];
  const { code, stdout, stderr } = await cli([
    'snapshot',
    '--db',
    db,
    ...sources.flatMap((one) => ['--source', one]),
  ]);
  t.is(code, 1);
  t.is(stdout.match(/first snapshot/g)?.length, 2);
  t.regex(stderr, /error: .*no-bundle/);
  t.regex(stderr, /error: .*not-there/);
  t.is((await ask('--db', db, 'SELECT host_id FROM hosts')).rows.length, 2);
});
