import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isDue, isTurn, splayOf, turnOf } from '../../cli/due.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { later, sampleSnapshots, storeAt } from './world.ts';

const host = '153620C3-42EA-40E8-B153-B949E6F4674A';
const day = 86_400;

test('the splay is the same for ever on one Mac, whatever the case of its UUID, and spreads a fleet', (t) => {
  t.is(splayOf(host, day), splayOf(host.toLowerCase(), day));
  t.is(splayOf(host, day), 55_895);
  const hours = Array.from({ length: 24 }, () => 0);
  for (let index = 0; index < 2_400; index += 1) {
    const splay = splayOf(`00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`, day);
    t.true(splay >= 0 && splay < day);
    hours[Math.floor(splay / 3600)] = (hours[Math.floor(splay / 3600)] ?? 0) + 1;
  }
  // A hundred in each hour, if it were ideal.
  for (const count of hours) t.true(count > 60 && count < 140, String(count));
});

test('started every quarter of an hour, it runs once a turn; a turn that was slept through is taken on waking', (t) => {
  const start = 1_790_000_000;
  let last = start;
  const runs: number[] = [];
  const sleeps = (time: number): boolean =>
    // A night, a weekend, a holiday of a month.
    (time > start + 2 * day && time < start + 2.4 * day) ||
    (time > start + 5 * day && time < start + 8 * day) ||
    (time > start + 12 * day && time < start + 42 * day);
  for (let now = start; now < start + 60 * day; now += 900) {
    if (sleeps(now) || !isTurn(host, day, last, now)) continue;
    runs.push(now);
    last = now;
  }
  const awake = new Set<number>();
  for (let now = start; now < start + 60 * day; now += 900)
    if (!sleeps(now)) awake.add(turnOf(host, day, now));
  awake.delete(turnOf(host, day, start));
  t.deepEqual(
    runs.map((time) => turnOf(host, day, time)),
    [...awake],
  );
  // The first start after waking is the run.
  t.true(runs.some((time) => time - (start + 42 * day) >= 0 && time - (start + 42 * day) <= 900));
});

test('when it ran last stands in the database, and a clock that was ahead does not silence it', async (t) => {
  const folder = temporaryFolder(t);
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const path = join(folder, 'mac.db');
  t.true(isDue(path, day, 1_790_000_000));
  storeAt(path, [first], 1_790_000_000);
  const next = turnOf(first.hostId, day, 1_790_000_000) + 1;
  const begin = next * day + splayOf(first.hostId, day);
  t.false(isDue(path, day, 1_790_000_000));
  t.false(isDue(path, day, begin - 1));
  t.true(isDue(path, day, begin));
  // A year ahead once; then the clock is right again.
  storeAt(path, [later(first, 5)], 1_790_000_000 + 365 * day);
  t.true(isDue(path, day, begin));
  storeAt(path, [later(first, 10)], begin);
  t.false(isDue(path, day, begin + 900));
});

test('--if-due outside of its turn does nothing, says nothing and is no failure', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const run = () => cli(['snapshot', '--db', db, '--if-due', '--source', sample('macos15-unmanaged')]);
  // The very first run was cut off before anything stood in the file.
  writeFileSync(db, '');
  const first = await run();
  t.is(first.code, 0, first.stderr);
  t.regex(first.stdout, /first snapshot/);
  const before = readFileSync(db);
  const second = await run();
  t.deepEqual([second.code, second.stdout, second.stderr], [0, '', '']);
  t.deepEqual(readFileSync(db), before);
  for (const more of [
    ['--if-due', '--every', 'sometimes'],
    ['--if-due', '--every', '0m'],
    ['--every', '1h'],
  ])
    t.is((await cli(['snapshot', '--db', db, ...more])).code, 2, more.join(' '));
  // A file that is there and holds nothing yet: another run is making it, or was ended before it had.
  const unmade = join(folder, 'unmade.db');
  writeFileSync(unmade, '');
  t.true(isDue(unmade, day, 1_790_000_000));
  const made = await cli(['snapshot', '--db', unmade, '--if-due', '--source', sample('macos15-unmanaged')]);
  t.is(made.code, 0, made.stderr);
  // What is no database is not taken for one that is due, and stays as it is.
  const other = join(folder, 'other.db');
  writeFileSync(other, 'not a database'.repeat(100));
  const refused = await cli(['snapshot', '--db', other, '--if-due', '--source', sample('macos15-unmanaged')]);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /is not a tokenquery database/);
  t.is(readFileSync(other, 'utf8'), 'not a database'.repeat(100));
});

test('one command line takes a snapshot and then exports it, with no shell', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const argv = (source: string): string[] => [
    ...['snapshot', '--db', db, '--if-due', '--source', source],
    ...[
      '--then',
      'export',
      '--db',
      db,
      '--cursor',
      join(folder, 'cursor'),
      '--output',
      join(folder, 'results.ndjson'),
    ],
  ];
  const ended = await cli(argv(sample('macos15-unmanaged')));
  t.is(ended.code, 0, ended.stderr);
  t.regex(readFileSync(join(folder, 'results.ndjson'), 'utf8'), /^\{"tokenquery":1,"kind":"snapshot"/);
  // A snapshot that fails does not keep what was stored from being exported, and the failure is told.
  const other = join(folder, 'other.db');
  const failed = await cli(
    argv(join(folder, 'nothing')).map((word) =>
      word === db ? other : word === '--if-due' ? '--exec-root=/' : word,
    ),
  );
  t.not(failed.code, 0);
  t.is((await cli(['query', 'SELECT 1', '--then'])).code, 2);
});

interface LaunchdJob {
  readonly Label: string;
  readonly ProgramArguments: readonly string[];
  readonly StartInterval: unknown;
  readonly Umask: unknown;
  readonly ProcessType: string;
  readonly RunAtLoad: boolean;
  readonly KeepAlive?: unknown;
}

test('the launchd job is a property list that runs what it should, and the same for every Mac', async (t) => {
  const { stdout, stderr, code } = await cli([
    'schedule',
    '--label',
    'org.example.keys',
    '--every',
    '12h',
    '--db',
    '/var/db/a & b.db',
  ]);
  t.is(code, 0, stderr);
  const job = Object.fromEntries(
    parseXmlPlist(stdout) as ReadonlyMap<string, unknown>,
  ) as unknown as LaunchdJob;
  t.is(job.Label, 'org.example.keys');
  t.is(Number(job.StartInterval), 900);
  t.is(Number(job.Umask), 0o077);
  t.is(job.ProcessType, 'Background');
  t.is(job.RunAtLoad, true);
  // It runs to its end: launchd must not start it anew.
  t.is(job.KeepAlive, undefined);
  const words = [...job.ProgramArguments];
  t.is(words[0], '/opt/tokenquery/bin/tokenquery');
  t.deepEqual(words.slice(1, 6), ['job', '--db', '/var/db/a & b.db', '--every', '12h']);
  t.true(words.includes('--cursor') && words.includes('--output'));
  // It is off until its settings say otherwise.
  t.false(words.includes('--enabled'));
  t.false(words.some((word) => /(?:^|\/)(?:ba|z)?sh$/.test(word)));
  const again = await cli([
    'schedule',
    '--label',
    'org.example.keys',
    '--every',
    '12h',
    '--db',
    '/var/db/a & b.db',
    '--host-id',
    host,
  ]);
  t.is(again.stdout, stdout);
  t.regex(again.stderr, new RegExp(`the turns of ${host} begin at \\d\\d:\\d\\d UTC`));
});

test('the words of the job are options that there are', async (t) => {
  for (const more of [[], ['--systemd']]) {
    const { stdout } = await cli([
      ...['schedule', '--redact', 'pseudonym', '--format', 'osquery', ...more],
      ...['--exceptions', '/etc/x.json', '--overlay', '/etc/x'],
    ]);
    t.regex(stdout, /--exceptions(?: |<\/string>\s+<string>)\/etc\/x\.json/);
    const options = new Set(stdout.match(/--[a-z-]+/g) ?? []);
    t.true(options.size > 4);
    for (const [verb, text] of [
      ['job', await cli(['job', '--help'])],
      ['export', await cli(['export', '--help'])],
      ['merge', await cli(['merge', '--help'])],
    ] as const) {
      for (const option of options) if (text.stdout.includes(option)) options.delete(option);
      t.is(text.code, 0, verb);
    }
    options.delete('--then');
    t.deepEqual(
      [...options].filter((option) => option !== '--'),
      [],
    );
  }
});

test('newsyslog has a line of its columns, and the timer survives a machine that was down', async (t) => {
  const log = (await cli(['schedule', '--newsyslog', '--log', '/var/log/keys.log'])).stdout;
  const [line] = log.split('\n').filter((text) => text !== '' && !text.startsWith('#'));
  t.deepEqual(line?.split(/\s+/), ['/var/log/keys.log', 'root:wheel', '600', '5', '1024', '*', 'JN']);
  const text = (await cli(['schedule', '--systemd', '--db', '/srv/fleet%.db'])).stdout;
  t.regex(text, /^Persistent=true$/m);
  t.regex(text, /^FixedRandomDelay=true$/m);
  t.regex(text, /^UMask=0077$/m);
  t.regex(text, /^ReadWritePaths=\/srv$/m);
  t.regex((await cli(['schedule', '--systemd', '--check', '6h'])).stdout, /^OnCalendar=0\/6:00$/m);
  t.notRegex((await cli(['schedule', '--systemd'])).stdout, /ReadWritePaths/);
  t.regex(
    text,
    /ExecStart=\S+ merge --db \/srv\/fleet%%\.db --move-done \S+\/done --move-bad \S+\/bad \S+\/incoming --then export --db \/srv\/fleet%%\.db .*--cursor/,
  );
});

const analyze = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((path) => existsSync(path));

(analyze === undefined ? test.skip : test)('systemd itself finds nothing wrong with the units', async (t) => {
  const folder = temporaryFolder(t);
  const { stdout } = await cli(['schedule', '--systemd', '--program', '/bin/true']);
  const [, service = '', timer = ''] = stdout.split(/^# \/etc\/systemd\/system\/.*$/m);
  writeFileSync(join(folder, 'tokenquery-merge.service'), service.replace('User=tokenquery', 'User=root'));
  writeFileSync(join(folder, 'tokenquery-merge.timer'), timer);
  const text = execFileSync(
    analyze ?? '',
    ['verify', '--man=no', join(folder, 'tokenquery-merge.service'), join(folder, 'tokenquery-merge.timer')],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.is(text.trim(), '');
});

test('nothing that schedule is given makes it print what would not run', async (t) => {
  for (const parameters of [
    ['--db', 'relative.db'],
    ['--format', 'csv'],
    ['--check', '5s'],
    ['--every', 'now'],
    ['--label', 'a b'],
    ['--newsyslog', '--systemd'],
    ['--incoming', '/x'],
    ['--redact', 'x'],
    ['--program', '/a\nb'],
    ['--every', '0m'],
    ['--check', '2h', '--every', '1h'],
    ['--redact-key', '/k'],
    ['--host-id', 'mac-0042'],
    ['--systemd', '--check', '40m'],
    ['--systemd', '--every', '1h'],
    ['--systemd', '--label', 'a.b'],
  ]) {
    const { code, stdout } = await cli(['schedule', ...parameters]);
    t.is(code, 2, parameters.join(' '));
    t.is(stdout, '');
  }
});
