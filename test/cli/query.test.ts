import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { commandNames, sourceOf } from '../../collector/sources.ts';
import type { CommandName } from '../../collector/sources.ts';
import { tables } from '../../tables/index.ts';
import { isReleased } from '../released.ts';
import { cli, makeStandIn, program, runsIn, sample, temporaryFolder } from '../standin.ts';

const managed = sample('macos26-managed');

test.serial('the same evidence gives the same bytes, in every mode', async (t) => {
  const sql = 'SELECT * FROM users, table_status USING (host_id)';
  for (const mode of [
    '--json',
    '--ndjson',
    '--csv',
    '--line',
    '--list',
    '--markdown',
    '--osquery-json',
    '--pretty',
  ]) {
    const [one, two] = await Promise.all([
      cli(['query', '--source', managed, mode, sql], { env: { TZ: 'Pacific/Apia', LANG: 'de_DE.UTF-8' } }),
      cli(['query', '--source', managed, mode, sql], { env: { TZ: 'UTC', LC_ALL: 'C' } }),
    ]);
    t.is(one.code, 0, one.stderr);
    t.true(one.stdout.length > 1000);
    t.is(one.stdout, two.stdout, mode);
  }
});

test.serial('capture, then replay, gives the rows of the live run', async (t) => {
  const folder = temporaryFolder(t);
  const { root } = makeStandIn(managed, folder);
  const bundle = join(folder, 'captured');
  const archive = join(folder, 'captured.tar.gz');
  const recorded = readdirSync(join(managed, 'commands')).map((number) =>
    sourceOf(
      readFileSync(join(managed, 'commands', number, 'argv'), 'utf8')
        .trimEnd()
        .split('\n'),
    ),
  );
  // The stand-in says of what the sample does not record that it is missing.
  const isTold = (source: string): boolean => isReleased(source) || recorded.includes(source as CommandName);
  const isAllTold = commandNames.every(isTold);
  for (const out of [bundle, archive]) {
    const captured = await cli(['capture', '--exec-root', root, out]);
    t.is(captured.code, 0, captured.stderr);
  }
  // When, and for how long, is of the run and not of the Mac.
  const sqlOf = (name: string): string =>
    name === 'command_log'
      ? 'SELECT command_id, argv, source, exit_code, signal, stdout_sha256, stderr_sha256, euid, host_id FROM command_log'
      : name === 'table_status'
        ? 'SELECT table_name, status, row_count, code, reason, columns_affected, host_id FROM table_status'
        : `SELECT * FROM "${name}"`;
  /** What each table is, in the order of the tables: one process, and each query a command of its own. */
  const answersOf = async (...source: readonly string[]): Promise<readonly string[]> => {
    const argv = tables.flatMap(({ name }) => ['--then', 'query', ...source, '--json', sqlOf(name)]);
    const { code, stdout, stderr } = await cli(argv.slice(1));
    t.is(code, 0, stderr);
    return stdout.split(/(?<=^\]\n|^\[\]\n)/m);
  };
  // Alone: what takes too long beside others would be told as such.
  const live = await answersOf('--exec-root', root);
  const [folderReplay, archiveReplay, original] = await Promise.all([
    answersOf('--source', bundle),
    answersOf('--source', archive),
    answersOf('--source', managed),
  ]);
  t.is(live.length, tables.length);
  for (const [index, { name, sources, generate }] of tables.entries()) {
    t.is(folderReplay[index], live[index], name);
    t.is(archiveReplay[index], live[index], name);
    // The stand-in is that sample, so its rows are those of the sample; only who ran it is another.
    const isComparable = generate === undefined ? isAllTold : sources.every(isTold);
    if (isComparable && name !== 'command_log' && process.geteuid?.() === 0)
      t.is(original[index], live[index], name);
  }
});

test.serial('a query runs what it names, each once, and nothing else', async (t) => {
  const folder = temporaryFolder(t);
  const { root, log } = makeStandIn(managed, folder);
  const run = async (sql: string): Promise<string[]> => {
    const before = runsIn(log).length;
    const { code, stderr } = await cli(['query', '--exec-root', root, '--json', sql]);
    t.is(code, 0, stderr);
    return runsIn(log).slice(before);
  };
  t.deepEqual(await run('SELECT 1'), []);
  t.deepEqual(await run("SELECT 'users' AS users -- FROM users"), []);
  const bootstrap = await run('SELECT * FROM bootstrap_tokens');
  t.false(
    bootstrap.some((line) => line.includes('dscl')),
    bootstrap.join('\n'),
  );
  t.true(bootstrap.some((line) => line.includes('bootstraptoken')));
  t.false(bootstrap.some((line) => line.includes('mdmclient')));

  const joined = await run(
    'WITH a AS (SELECT * FROM users) SELECT count(*) FROM a JOIN groups USING (host_id) WHERE EXISTS (SELECT 1 FROM filevault_status) AND a.uid IN (SELECT uid FROM secure_tokens)',
  );
  t.is(new Set(joined).size, joined.length, 'a command ran twice');
  for (const part of [
    'dscl -plist . -readall /Users',
    'dscl -plist . -readall /Groups',
    'fdesetup status',
    'sysadminctl',
  ]) {
    t.true(
      joined.some((line) => line.includes(part)),
      part,
    );
  }
  t.false(joined.some((line) => line.includes('profiles')));

  const sip = await run('SELECT sip_enabled FROM hosts LIMIT 0');
  t.false(sip.some((line) => line.includes('fdesetup')));
});

test.serial('the default source off a Mac is the sample hosts, and says so', async (t) => {
  if (process.platform === 'darwin') {
    t.pass('on a Mac the default source is live');
    return;
  }
  const { code, stdout, stderr } = await cli(['query', '--json', 'SELECT count(*) AS hosts FROM hosts']);
  t.is(code, 0);
  t.deepEqual(JSON.parse(stdout), [
    {
      hosts: readdirSync(sample('.'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).length,
    },
  ]);
  t.regex(stderr, /^tokenquery: note: this is not a Mac.*constructed/);
});

test.serial('SQL comes from the argument, from -f and from standard input', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'q.sql');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(file, '-- a comment\nSELECT 7 AS seven;\n');
  for (const [parameters, input] of [
    [['-f', file], ''],
    [['-f', '-'], 'SELECT 7 AS seven'],
    [[], '/* c */ SELECT 7 AS seven;'],
    [['-- a comment\nSELECT 7 AS seven'], ''],
  ] as const) {
    const { code, stdout, stderr } = await cli(['query', '--json', ...parameters], { input });
    t.is(code, 0, stderr);
    t.is(stdout, '[\n  {"seven":7}\n]\n');
  }
});

test.serial('--strict ends with 4 when a needed table was not whole, and only then', async (t) => {
  const denied = await cli([
    'query',
    '--strict',
    '--json',
    '--source',
    sample('macos14-not-root'),
    'SELECT * FROM filevault_users',
  ]);
  t.is(denied.code, 4);
  t.is(denied.stdout, '[]\n');
  t.regex(denied.stderr, /filevault_users is denied: /);
  const whole = await cli([
    'query',
    '--strict',
    '--json',
    '--source',
    managed,
    'SELECT * FROM filevault_users',
  ]);
  t.is(whole.code, 0, whole.stderr);
});

test.serial('what people meet reads well', async (t) => {
  const folder = temporaryFolder(t);
  const cases: [string[], number, RegExp][] = [
    [['query', 'SELECT * FROM user'], 1, /there is no table user\n.*did you mean users\?/],
    [['query', 'SELECT usernme FROM users'], 1, /there is no column usernme\n.*did you mean username\?/],
    [['query', '--jsno', 'SELECT 1'], 2, /unknown option --jsno\n.*did you mean --json\?/],
    [['query', '--database', 'x', 'SELECT 1'], 2, /unknown option --database\n.*did you mean --db\?/],
    [['query', '--source'], 2, /--source needs a value/],
    [['query', '--json', '--csv', 'SELECT 1'], 2, /exclude each other/],
    [['query', '--timeout', 'soon', 'SELECT 1'], 2, /--timeout takes a whole number/],
    [['query', 'SELECT 1', 'SELECT 2'], 2, /unexpected "SELECT 2"/],
    [['query', '-f', join(folder, 'none.sql')], 1, /none\.sql is not there/],
    [
      ['query', '--source', folder, 'SELECT * FROM users'],
      1,
      /is not an evidence bundle: evidence\.json is missing\n/,
    ],
    [['query', '--source', join(folder, 'no'), 'SELECT * FROM users'], 1, /no such evidence/],
    [['qurey', 'SELECT 1'], 2, /there is no command qurey\n.*did you mean query\?/],
    [['SELECT 1'], 2, /SQL goes with the command query/],
    [['tables', 'userz'], 1, /there is no table userz\n.*did you mean users\?/],
    [['query', '--include', 'password', 'SELECT 1 FROM users'], 2, /--include does not know "password"/],
    [['capture'], 2, /usage: tokenquery capture OUT/],
  ];
  for (const [parameters, code, pattern] of cases) {
    const ended = await cli(parameters);
    t.is(ended.code, code, `${parameters.join(' ')}\n${ended.stderr}`);
    t.regex(ended.stderr, pattern);
    t.notRegex(ended.stderr, /\n\s+at /);
    t.is(ended.stdout, '');
  }
});

test.serial(
  'a bundle that was changed, or is half of one, is refused by what is wrong with it',
  async (t) => {
    const { cpSync, rmSync, writeFileSync, appendFileSync, symlinkSync } = await import('node:fs');
    const folder = temporaryFolder(t);
    const spoil = async (what: string, change: (bundle: string) => void, pattern: RegExp): Promise<void> => {
      const bundle = join(folder, what);
      cpSync(managed, bundle, { recursive: true });
      change(bundle);
      const { code, stderr } = await cli(['query', '--source', bundle, 'SELECT * FROM users']);
      t.is(code, 1, what);
      t.regex(stderr, pattern, what);
    };
    await spoil(
      'changed',
      (bundle) => appendFileSync(join(bundle, 'commands/001/stdout'), ' '),
      /does not match SHA256SUMS/,
    );
    await spoil(
      'extra',
      (bundle) => writeFileSync(join(bundle, 'commands/001/extra'), ''),
      /extra is not in SHA256SUMS/,
    );
    await spoil(
      'lost',
      (bundle) => rmSync(join(bundle, 'commands/001/stdout')),
      /SHA256SUMS names commands\/001\/stdout/,
    );
    const unsummed = (change: (bundle: string) => void) => (bundle: string) => {
      rmSync(join(bundle, 'SHA256SUMS'));
      change(bundle);
    };
    await spoil(
      'future',
      unsummed((bundle) =>
        writeFileSync(join(bundle, 'evidence.json'), '{"format":"tokenquery-evidence","version":2}'),
      ),
      /version 2; this tokenquery reads version 1/,
    );
    await spoil(
      'nojson',
      unsummed((bundle) => writeFileSync(join(bundle, 'evidence.json'), 'x')),
      /evidence\.json is not JSON/,
    );
    await spoil(
      'noexit',
      unsummed((bundle) => rmSync(join(bundle, 'commands/001/exit_code'))),
      /commands\/001\/exit_code is missing/,
    );
    await spoil(
      'link',
      unsummed((bundle) => symlinkSync('/etc/passwd', join(bundle, 'commands/001/link'))),
      /neither a file nor a folder/,
    );
    await spoil(
      'stat',
      unsummed((bundle) => appendFileSync(join(bundle, 'stat.tsv'), '/x\tfile\n')),
      /stat\.tsv is not/,
    );
    writeFileSync(join(folder, 'bad.tar.gz'), 'not an archive');
    const bad = await cli(['query', '--source', join(folder, 'bad.tar.gz'), 'SELECT * FROM users']);
    t.is(bad.code, 1);
    t.regex(bad.stderr, /is not a \.tar\.gz that can be read/);
  },
);

test.serial('evidence is never overwritten, and a failed capture leaves nothing', async (t) => {
  const folder = temporaryFolder(t);
  const { root } = makeStandIn(managed, folder);
  const there = await cli(['capture', '--exec-root', root, folder]);
  t.is(there.code, 1);
  t.regex(there.stderr, /exists already/);
  const nowhere = await cli(['capture', '--exec-root', root, join(folder, 'a', 'b')]);
  t.is(nowhere.code, 1);
  t.regex(nowhere.stderr, /cannot be made: there is no folder .*\/a\n/);
  t.deepEqual(readdirSync(folder).toSorted(), ['mac', 'runs.log']);
});

test.serial('a runaway query is ended in time, with a message', async (t) => {
  const { signal, code, stderr } = await cli([
    'query',
    '--timeout',
    '1',
    'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c',
  ]);
  t.is(signal, null);
  t.is(code, 1);
  t.regex(stderr, /did not end within 1 s/);
});

test.serial('--max-rows bounds the output and says so', async (t) => {
  const { stdout, stderr } = await cli([
    'query',
    '--source',
    managed,
    '--json',
    '--max-rows',
    '2',
    'SELECT username FROM users',
  ]);
  t.is((JSON.parse(stdout) as unknown[]).length, 2);
  t.regex(stderr, /only the first 2 rows/);
});

test.serial('a reader that stops early is no error', async (t) => {
  const { spawnSync } = await import('node:child_process');
  const { root } = await import('../standin.ts');
  const { status, stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      `"${process.execPath}" --disable-warning=ExperimentalWarning "${program}" query --ndjson "WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c LIMIT 200000) SELECT x FROM c" | head -n 1`,
    ],
    { cwd: root, encoding: 'utf8' },
  );
  t.is(status, 0);
  t.is(stdout, '{"x":1}\n');
  t.is(stderr, '');
});

test.serial('a statement is answered as if every table were there, whichever it names', async (t) => {
  const ask = (sql: string) => cli(['query', '--source', managed, '--csv', sql]);
  const all = await Promise.all(tables.map(({ name }) => ask(`SELECT count(*) FROM ${name.toUpperCase()}`)));
  t.true(all.every(({ code, stdout }) => code === 0 && /^count\(\*\)\r\n[0-9]+\r\n$/.test(stdout)));
  const schema = await ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
  t.is(schema.stdout.split('\r\n')[1], String(tables.length));
  // Where its table lies is told as it was when all were made.
  const opened = await ask('EXPLAIN SELECT username FROM users');
  const [, , root] = /OpenRead,([0-9]+),([0-9]+)/.exec(opened.stdout) ?? [];
  t.true(Number(root) > tables.findIndex(({ name }) => name === 'users'), opened.stdout);
  const wrong = await ask('SELECT filevault_enabled FROM users');
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /filevault_status/);
  const near = await ask('SELECT * FROM secure_tokenz');
  t.regex(near.stderr, /secure_tokens/);
  const view = await ask('SELECT count(*) AS views FROM os_version');
  t.is(view.stdout, 'views\r\n1\r\n', view.stderr);
});
