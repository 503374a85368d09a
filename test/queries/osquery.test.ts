/** Statements in the words of osquery, as its users bring them: unchanged, on our tables. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { madeViewNames, mayNameViews } from '../../cli/made_views.ts';
import type { Backend, Output } from '../../collector/backends/backend.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import { isSeen } from '../../collector/status.ts';
import { collectedWorld } from '../../cli/collected.ts';
import { tablesToCollect } from '../../cli/sources.ts';
import { evaluatePacks, queriesOfPacks } from '../../cli/packs.ts';
import { mistakesIn, putsHostsTogether } from '../../queries/mistakes.ts';
import { addOsqueryViews, osqueryView, osqueryViews } from '../../queries/osquery_views.ts';
import { prepareGuarded, touchedTables } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import { names } from '../../cli/names.ts';
import { tables } from '../../tables/index.ts';
import { functionNames } from '../../store/osquery_functions.ts';
import { cli, root, sample, temporaryFolder } from '../standin.ts';

const known = { ...names, tables: [...names.tables, ...osqueryViews.map(({ name }) => name)] };

/** Of a Mac that tells everything, and of one that denies everything. */
const managed = await evidenceBackend(sample('macos26-managed'));
const refusing: Output = {
  ...{ outcome: 'denied', exitCode: null, signal: null, stdout: new Uint8Array(), stderr: new Uint8Array() },
  ...{ startedTime: null, durationMs: null, isSpawned: false },
};
const denied: Backend = {
  ...managed,
  run: async () => refusing,
  readFile: async () => ({ kind: 'denied' }),
  stat: async () => ({ kind: 'denied' }),
};

interface Asked {
  readonly rows: unknown[][];
  /** What was collected for it, and of that what was not seen. */
  readonly collected: readonly string[];
  readonly unseen: readonly string[];
}

/** As `query --source` does it. */
const ask = async (sql: string, backend: Backend): Promise<Asked> => {
  const db = openMemory(tables);
  addOsqueryViews(db, sql);
  prepareGuarded(db, sql, known);
  const touched = touchedTables(db, sql);
  const wanted = tablesToCollect(touched);
  const collection = await collect(wanted, backend);
  const world = collectedWorld(
    [collection],
    db,
    tables.filter(({ name }) => touched.has(name)),
  );
  const statement = prepareGuarded(db, sql, known);
  const rows = statement.raw(true).all({ now: 0 }) as unknown[][];
  world.close();
  return {
    rows,
    collected: wanted.map(({ name }) => name).toSorted(),
    unseen: collection.results.flatMap(({ table, status }) => (isSeen(status) ? [] : [table.name])),
  };
};

interface Case {
  readonly sql: string;
  readonly reads: readonly string[];
  readonly count: number;
  /** Some of the rows; all of them where there are so many. */
  readonly rows: readonly (readonly unknown[])[];
}

// Reviewed by eye against the recorded answers of samples/macos26-managed.
const cases: Readonly<Record<string, Case>> = {
  accounts: {
    sql: 'SELECT uid, gid, username, description, directory, shell, type FROM users',
    reads: ['users'],
    count: 31,
    rows: [
      [501, 20, 'mquist', 'Marlow Quist', '/Users/mquist', '/bin/zsh', ''],
      [-2, -2, 'nobody', 'Unprivileged User', '/var/empty', '/usr/bin/false', ''],
    ],
  },
  'signed ids': {
    sql: 'SELECT uid_signed, gid_signed, is_hidden FROM users',
    reads: ['users'],
    count: 31,
    rows: [
      [-2, -2, 0],
      [501, 20, 0],
    ],
  },
  'primary groups': {
    sql: "SELECT u.uid, u.username, u.type, g.groupname FROM users u LEFT JOIN groups g ON g.gid = u.gid WHERE u.type <> 'special'",
    reads: ['groups', 'users'],
    count: 31,
    rows: [
      [501, 'mquist', '', 'staff'],
      [0, 'root', '', 'wheel'],
    ],
  },
  administrators: {
    sql: "SELECT u.username FROM users u JOIN user_groups ug USING (uid) JOIN groups g ON g.gid = ug.gid WHERE g.groupname = 'admin'",
    reads: ['groups', 'user_groups', 'users'],
    count: 4,
    rows: [['root'], ['mquist'], ['itadmin'], ['deskops']],
  },
  'hidden groups': {
    sql: 'SELECT groupname, gid_signed, is_hidden, comment FROM groups',
    reads: ['groups'],
    count: 21,
    rows: [
      ['admin', 80, null, null],
      ['nobody', -2, null, null],
    ],
  },
  system: {
    sql: 'SELECT name, version, major, minor, patch, build, arch, platform FROM os_version',
    reads: ['hosts'],
    count: 1,
    rows: [['macOS', '26.1', 26, 1, null, '25B78', 'arm64', 'darwin']],
  },
  'at least': {
    sql: 'SELECT 1 FROM os_version WHERE major > 15 OR (major = 15 AND minor >= 6)',
    reads: ['hosts'],
    count: 1,
    rows: [[1]],
  },
  SIP: {
    sql: "SELECT enabled FROM sip_config WHERE config_flag = 'sip'",
    reads: ['hosts'],
    count: 1,
    rows: [[1]],
  },
  machine: {
    sql: 'SELECT hostname, computer_name, local_hostname, uuid, hardware_model, hardware_serial, cpu_type FROM system_info',
    reads: ['hosts'],
    count: 1,
    rows: [
      [
        ...['mquist-mbp', 'Marlow’s MacBook Pro', 'mquist-mbp'],
        ...['7BA9E49B-B07F-4780-9868-65AA59440444', 'Mac16,1', null, 'arm64'],
      ],
    ],
  },
  agent: {
    sql: 'SELECT version, instance_id, start_time FROM osquery_info',
    reads: ['hosts'],
    count: 1,
    rows: [[null, null, null]],
  },
  disk: {
    sql: 'SELECT name, uuid, encrypted, encryption_status, user_uuid, filevault_status FROM disk_encryption',
    reads: ['apfs_crypto_users', 'apfs_volumes', 'users'],
    count: 11,
    rows: [
      ['/dev/disk3s1', '0CC17DF1-0102-4A6F-9C50-2DA70DB89459', 0, 'not encrypted', null, 'on'],
      [
        ...['/dev/disk3s5', '9C07052A-B31A-4916-9257-CB5CC581B350', 1, 'encrypted'],
        ...['09A21BED-E3D9-4AEF-92C1-F3D22B179948', 'on'],
      ],
      ['/dev/disk1s1', 'A95D2813-DABA-4E8E-8EF4-ECF414DA3AD4', 0, 'not encrypted', null, 'off'],
    ],
  },
  'FileVault policy': {
    sql: "SELECT 1 FROM disk_encryption WHERE user_uuid IS NOT '' AND filevault_status = 'on' LIMIT 1",
    reads: ['apfs_crypto_users', 'apfs_volumes', 'users'],
    count: 1,
    rows: [[1]],
  },
  MDM: {
    sql: 'SELECT enrolled, server_url, installed_from_dep, user_approved, payload_identifier FROM mdm',
    reads: ['mdm_enrollments'],
    count: 1,
    rows: [['true', 'mdm.example.com', 'true', 'true', 'com.example.mdm.enrollment']],
  },
  'MDM policy': {
    sql: "SELECT 1 FROM mdm WHERE enrolled = 'true'",
    reads: ['mdm_enrollments'],
    count: 1,
    rows: [[1]],
  },
  passwords: {
    sql: 'SELECT uid, creation_time, password_last_set_time, failed_login_count, failed_login_timestamp FROM account_policy_data',
    reads: ['account_policy_data'],
    count: 4,
    rows: [[501, 1_771_321_092.668511, 1_782_806_567.457977, 0, 0]],
  },
  functions: {
    sql: "SELECT split(directory, '/', 1) AS base, concat(username, ':', uid) AS who FROM users",
    reads: ['users'],
    count: 31,
    rows: [
      ['mquist', 'mquist:501'],
      ['root', 'daemon:1'],
      ['spool', '_postfix:27'],
    ],
  },
  pattern: {
    sql: "SELECT regex_match(username, '^[a-z_]+', 0) AS word FROM users",
    reads: ['users'],
    count: 31,
    rows: [['_mbsetupuser'], ['mquist']],
  },
};

for (const [what, { sql, reads, count, rows }] of Object.entries(cases)) {
  test(`${what}: the statement of osquery gives the right rows, and collects what it needs alone`, async (t) => {
    const asked = await ask(sql, managed);
    t.deepEqual(asked.collected, reads);
    t.deepEqual(asked.unseen, []);
    t.is(asked.rows.length, count);
    for (const row of rows)
      t.true(
        asked.rows.some((own) => JSON.stringify(own) === JSON.stringify(row)),
        JSON.stringify([row, asked.rows]),
      );
  });

  test(`${what}: where nothing may be seen the tables underneath are named, and no row is wrong`, async (t) => {
    const asked = await ask(sql, denied);
    t.deepEqual(asked.unseen.toSorted(), reads);
    t.deepEqual(asked.rows, []);
  });
}

test('a Mac on which MDM and FileVault are off is told so, not found', async (t) => {
  const unmanaged = await evidenceBackend(sample('macos15-unmanaged'));
  const rowsOf = async (sql: string): Promise<unknown[][]> => (await ask(sql, unmanaged)).rows;
  t.deepEqual(await rowsOf('SELECT enrolled, installed_from_dep, access_rights, dep_capable FROM mdm'), [
    ['false', 'false', null, 'false'],
  ]);
  t.deepEqual(await rowsOf(cases['MDM policy']?.sql ?? ''), []);
  t.deepEqual(await rowsOf(cases['FileVault policy']?.sql ?? ''), []);
  t.deepEqual(await rowsOf('SELECT name, version, major, minor, patch FROM os_version'), [
    ['macOS', '15.6.1', 15, 6, 1],
  ]);
});

test('where only the UUID of the Mac can be seen, what osquery would say 0 or nothing of is NULL', async (t) => {
  const uuidAlone: Backend = {
    ...denied,
    run: async (source, argv) => (source === 'ioreg_platform' ? managed.run(source, argv) : refusing),
  };
  const seen = await ask(
    "SELECT enabled, enabled IS NULL FROM sip_config WHERE config_flag = 'sip'",
    uuidAlone,
  );
  t.deepEqual(seen, { rows: [[null, 1]], collected: ['hosts'], unseen: ['hosts'] });
  const system = await ask('SELECT name, version, major, minor, patch, arch FROM os_version', uuidAlone);
  // ioreg names the model too, and no other processor is in it.
  t.deepEqual(system.rows, [[null, null, null, null, null, 'arm64']]);
});

const empty = openMemory(tables);
for (const { name } of osqueryViews) addOsqueryViews(empty, name);
const asked = { db: empty, tables, names: known };

test('each column of a view has a type, so that it compares as in osquery, and host_id is the last one', (t) => {
  for (const { name, columns } of osqueryViews) {
    const own = empty
      .prepare('SELECT name, type FROM pragma_table_info(?)')
      .raw(true)
      .all(name) as string[][];
    t.deepEqual(
      own.map(([column]) => column),
      [...Object.keys(columns), 'host_id'],
    );
    for (const [column = '', type = ''] of own.slice(0, -1))
      t.true(
        columns[column]?.type === 'TEXT' ? type === 'TEXT' : ['INTEGER', 'INT', 'NUM'].includes(type),
        `${name}.${column} ${type}`,
      );
  }
});

test('a closed list of a view has the words that the view can say, and no other', (t) => {
  for (const { name, columns } of osqueryViews)
    for (const [column, { is, values }] of Object.entries(columns)) {
      if (values === undefined || is === null || !is.includes("'")) continue;
      const words = [...is.matchAll(/(?:THEN |^)'([^']*)'/g)].map(([, word]) => word);
      t.deepEqual([...new Set(words)].toSorted(), values.toSorted(), `${name}.${column}`);
    }
});

test('a literal that a view can never say is an error that names what it can', (t) => {
  const told = (sql: string): string[] =>
    mistakesIn(asked, sql).map(({ message, hint }) => `${message}. ${hint}`);
  t.deepEqual(told("SELECT 1 FROM mdm WHERE enrolled = 'yes'"), [
    "mdm.enrolled is never 'yes'. it is one of true, false",
  ]);
  t.deepEqual(told("SELECT 1 FROM disk_encryption WHERE filevault_status = 'enabled'"), [
    "disk_encryption.filevault_status is never 'enabled'. it is one of on, off",
  ]);
  t.deepEqual(told("SELECT 1 FROM sip_config WHERE config_flag = 'allow_untrusted_kexts'"), [
    "sip_config.config_flag is never 'allow_untrusted_kexts'. it is one of sip",
  ]);
  t.deepEqual(told("SELECT 1 FROM os_version WHERE version >= '15.6'"), [
    "os_version.version is a text, in which 15.6.1 comes before 9: '15.6' says nothing about it. " +
      "version_compare(version, '15.6') >= 0, or compare major and minor",
  ]);
  // The platform is asked by packs for several systems: no is an answer.
  t.deepEqual(told("SELECT 1 FROM os_version WHERE platform = 'ubuntu'"), []);
  for (const { sql } of Object.values(cases)) t.deepEqual(told(sql), [], sql);
});

test('a statement that joins views without their host_id is told of', (t) => {
  t.true(putsHostsTogether(asked, 'SELECT * FROM mdm m, os_version o'));
  t.false(putsHostsTogether(asked, 'SELECT * FROM mdm m JOIN os_version o USING (host_id)'));
  t.false(putsHostsTogether(asked, 'SELECT * FROM disk_encryption'));
});

test('a pack may name the views: none is skipped, and each host answers for itself', async (t) => {
  const queries = Object.entries(cases).map(([what, { sql }]) => ({ name: what, sql, description: '' }));
  const pack = { name: 'habits', discovery: ['SELECT 1 FROM os_version WHERE major >= 15'], queries };
  const prepared = queriesOfPacks([pack], 'pack.json');
  t.deepEqual(prepared.skipped, []);
  const backends = [
    managed,
    await evidenceBackend(sample('macos15-unmanaged')),
    await evidenceBackend(sample('macos10.15-mobile')),
  ];
  const wanted = tablesToCollect(new Set(tables.map(({ name }) => name)));
  const world = collectedWorld(await Promise.all(backends.map((backend) => collect(wanted, backend))));
  const answers = evaluatePacks(world.db, prepared, 0);
  const verdicts = (what: string): readonly string[] =>
    backends.map(
      ({ hostId }) => answers.find(({ query }) => query.name === what)?.verdicts.get(hostId ?? '') ?? '',
    );
  t.deepEqual(verdicts('MDM policy'), ['hit', 'clean', 'clean']);
  t.deepEqual(verdicts('FileVault policy'), ['hit', 'clean', 'clean']);
  t.deepEqual(verdicts('accounts'), ['hit', 'hit', 'clean']);
  world.close();
});

test('no view has the name of a table, and each example runs', (t) => {
  for (const { name, example } of osqueryViews) {
    t.false(tables.some((table) => table.name === name));
    t.is(osqueryView(name)?.name, name);
    t.notThrows(() => prepareGuarded(empty, example, known));
  }
});

test('docs/osquery.md has every view and every function, and no view that is not there', (t) => {
  const page = readFileSync(join(root, 'docs/osquery.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \| `/gm)].map(([, name]) => name);
  t.deepEqual(rows, osqueryViews.map(({ name }) => name).toSorted());
  for (const name of functionNames) t.regex(page, new RegExp(`\`${name}\\b`), name);
});

test('a literal of a pack that can never match is told of, also of a view', async (t) => {
  const folder = temporaryFolder(t);
  const pack = join(folder, 'habits.json');
  writeFileSync(
    pack,
    JSON.stringify({
      queries: { enrolled: { query: "SELECT 1 FROM mdm WHERE enrolled = 'yes'", interval: 60 } },
    }),
  );
  const { stderr, code } = await cli(['findings', '--pack', pack, '--source', sample('macos26-managed')]);
  t.regex(stderr, /mdm\.enrolled is never 'yes'; it is one of true, false/);
  t.is(code, 0);
});

test('a database answers in the words of osquery, each host apart and at a moment', async (t) => {
  const db = join(temporaryFolder(t), 'fleet.db');
  const sources = ['macos26-managed', 'macos15-unmanaged', 'macos14-not-root'].flatMap((name) => [
    '--source',
    sample(name),
  ]);
  await cli(['snapshot', '--db', db, ...sources]);
  const query = async (...words: string[]) => cli(['query', '--db', db, '--csv', ...words]);
  const versions = await query('--each-host', 'SELECT count(*) AS macs, major FROM os_version');
  t.deepEqual(
    versions.stdout
      .split('\r\n')
      .slice(1)
      .map((line) => line.slice(37))
      .toSorted(),
    ['', '1,14', '1,15', '1,26'],
  );
  const enrolled = await query("SELECT enrolled FROM mdm WHERE enrolled = 'true'");
  t.is(enrolled.stdout, 'enrolled\r\ntrue\r\ntrue\r\n');
  t.regex(enrolled.stderr, /on 1 of 3 hosts, mdm_enrollments is partial/);
  const before = await query('--as-of', '2020-01-01', 'SELECT * FROM mdm');
  t.is(before.stdout.split('\r\n').length, 2);
});

test('each view that a query makes has a word by which it is noticed', async (t) => {
  const made = await madeViewNames();
  t.is(made.length, 7);
  for (const name of made) t.regex(`SELECT * FROM ${name.toUpperCase()}`, mayNameViews, name);
});
