/** What status says of a database: ages, blind spots, clocks, exports and the log, in three forms that agree. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openDatabase } from '../../store/database.ts';
import { askAt } from '../nights/clock.ts';
import { temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';
import type { Edits } from '../store/evidence.ts';

const start = 1_790_000_000;
const hour = 3600;
const day = 24 * hour;

interface Told {
  readonly time: number;
  readonly database: { readonly bytes: number; readonly wal_bytes: number };
  readonly clock_behind_seconds: number;
  readonly cursors: readonly {
    readonly path: string;
    readonly pending_snapshots: number;
    readonly is_old: boolean;
    readonly oldest_pending_time: number | null;
  }[];
  readonly log: {
    readonly last_error: {
      readonly message: string;
      readonly is_last: boolean;
      readonly time: string | null;
    } | null;
  } | null;
  readonly hosts: readonly {
    readonly host_id: string;
    readonly last_time: number | null;
    readonly age_seconds: number | null;
    readonly is_old: boolean;
    readonly is_retired: boolean;
    readonly ahead: { readonly collected_time: number } | null;
    readonly tables: readonly {
      readonly table_name: string;
      readonly status: string | null;
      readonly last_good_time: number | null;
      readonly is_blind: boolean;
      readonly is_old: boolean;
    }[];
  }[];
  readonly totals: Readonly<Record<string, number>>;
  readonly exit_code: number;
}

const worldOf = (t: ExecutionContext) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const db = at('mac.db');
  let made = 0;
  return {
    at,
    db,
    store: async (time: number, edits: Edits = {}, name = 'macos26-managed') => {
      const bundle = makeBundle(name, at(`bundle${(made += 1)}`), { time, ...edits });
      return askAt(
        edits.time === undefined ? time : Math.min(time, edits.time),
        'snapshot',
        '--db',
        db,
        '--source',
        bundle,
      );
    },
    status: (time: number, ...more: readonly string[]) => askAt(time, 'status', '--db', db, ...more),
    json: async (time: number, ...more: readonly string[]) => {
      const { exitCode, stdout, stderr } = await askAt(time, 'status', '--db', db, '--json', ...more);
      const told = JSON.parse(stdout) as Told;
      t.is(told.exit_code, exitCode, stderr);
      t.is(told.time, time);
      return told;
    },
  };
};

test.serial(
  'the age of each host and each table is that of the last good look, and old is told with 5',
  async (t) => {
    const { store, status: textAt, json, db } = worldOf(t);
    await store(start);
    const blind = { without: ['-extended', 'listUsers'] };
    await store(start + day, blind);
    const now = start + day + 2 * hour;
    const told = await json(now, '--max-age', '26h', '--strict');
    t.is(told.exit_code, 4, 'a table is not wholly seen, and none is older than 26 h');
    const [host] = told.hosts;
    if (host === undefined) return t.fail();
    t.deepEqual([host.last_time, host.age_seconds, host.is_old], [start + day, 2 * hour, false]);
    const unseen = host.tables.filter(
      ({ last_good_time: time, status }) => time !== start + day && status !== 'skipped',
    );
    t.deepEqual(
      unseen.map(({ last_good_time: time }) => time),
      unseen.map(() => start),
    );
    t.true(unseen.some(({ table_name: name }) => name === 'filevault_users'));
    for (const { table_name: name, status, is_blind: isBlind } of host.tables)
      t.is(isBlind, !['ok', 'empty', 'skipped', 'unsupported'].includes(status ?? ''), name);
    t.is((await json(now, '--max-age', '25h')).exit_code, 5, 'a table is older');
    t.is((await json(now)).exit_code, 0);
    t.is((await json(now, '--require', 'users')).exit_code, 0);
    t.is((await json(now, '--require', 'users,filevault_users')).exit_code, 4);
    t.is(
      (await json(now, '--require', 'users', '--max-age', '25h')).exit_code,
      0,
      'of the others nothing is asked',
    );
    t.is((await json(now + 30 * hour, '--max-age', '26h')).totals['old'], 1);
    // What nobody feeds any more is not well.
    const later = ['--max-age', '26h', '--retired-after', '30d'];
    t.is((await json(now + 40 * day, ...later)).exit_code, 5);
    t.is((await json(now + 40 * day, ...later.slice(2), '--strict')).exit_code, 4);
    t.regex((await textAt(now + 40 * day, ...later)).stdout, /none is in use/);
    t.is((await textAt(now, '--max-age', '2d', '--retired-after', '2d')).exitCode, 2);
    // As of a moment, the same: a table that was not seen is not as new as another.
    const { stdout } = await askAt(
      now,
      ...['query', '--db', db, '--as-of', String(now), '--list'],
      "SELECT last_good_time FROM table_status WHERE table_name = 'filevault_users'",
    );
    t.is(stdout, `last_good_time\n${start}\n`);
  },
);

test.serial('what was never seen has no age, and is told by --strict alone', async (t) => {
  const { store, json, db } = worldOf(t);
  await store(start, {}, 'macos14-not-root');
  const told = await json(start + hour, '--strict', '--max-age', '26h');
  t.is(told.exit_code, 4);
  const denied = told.hosts[0]?.tables.filter(({ status }) => status === 'denied') ?? [];
  t.true(denied.length > 0);
  for (const { last_good_time: time, is_old: isOld } of denied) t.deepEqual([time, isOld], [null, false]);
  const { stdout } = await askAt(
    start + hour,
    ...['query', '--db', db, '--as-of', String(start + hour), '--list'],
    "SELECT DISTINCT last_good_time FROM table_status WHERE status = 'denied'",
  );
  t.is(stdout, 'last_good_time\nNULL\n');
});

test.serial('a clock that is ahead, or behind, is told until it is right', async (t) => {
  const { store, json, status, at, db } = worldOf(t);
  await store(start);
  const calm = await json(start + hour, '--max-age', '26h', '--strict');
  t.is(calm.exit_code, 0, JSON.stringify(calm.hosts[0]?.tables.filter(({ is_blind: isBlind }) => isBlind)));
  const ahead = await json(start - 2 * hour, '--strict');
  t.is(ahead.exit_code, 4);
  t.is(ahead.clock_behind_seconds, 2 * hour);
  t.is(ahead.hosts[0]?.age_seconds, 0);
  // No age can be told, so none is young enough; some seconds between two clocks are no matter.
  t.is((await json(start - 2 * hour, '--max-age', '26h')).exit_code, 5);
  t.is((await json(start - 60, '--max-age', '26h')).exit_code, 0);
  t.regex((await status(start - 2 * hour)).stdout, /the\s+clock\s+here\s+is\s+2\s+h\s+behind/);
  // One snapshot of a year ahead: stored, named, and not current; the next right one ends it.
  const bundle = makeBundle('macos26-managed', at('ahead'), { time: start + 365 * day });
  await askAt(start + day, 'snapshot', '--db', db, '--source', bundle);
  const night = await json(start + day, '--max-age', '26h', '--strict');
  t.is(night.exit_code, 4);
  t.is(night.hosts[0]?.ahead?.collected_time, start + 365 * day);
  t.is(night.hosts[0]?.last_time, start);
  t.regex((await status(start + day)).stdout, /its\s+newest\s+snapshot\s+does\s+not\s+count:\s+dated\s+2027/);
  await store(start + 2 * day);
  t.is((await json(start + 2 * day, '--max-age', '26h', '--strict')).exit_code, 0);
});

test.serial(
  'an export that waits is told with its count and age; the cursor lies beside the database, or is named',
  async (t) => {
    const { store, json, db, at } = worldOf(t);
    await store(start);
    t.deepEqual((await json(start + hour)).cursors, []);
    const cursor = at('export.cursor');
    const exporting = ['export', '--db', db, '--cursor', cursor, '--output', at('results.ndjson')];
    const named = await json(start + hour, '--cursor', cursor);
    t.like(named.cursors[0], { pending_snapshots: 1, oldest_pending_time: start });
    await askAt(start + hour, ...exporting);
    t.like((await json(start + hour)).cursors, [{ path: cursor, pending_snapshots: 0, is_old: false }]);
    await store(start + day);
    await store(start + 2 * day, { replace: [['RecordName', 'ann', 'bob']] });
    const waits = await json(start + 2 * day + hour, '--max-age', '24h');
    t.like(waits.cursors, [{ pending_snapshots: 2, oldest_pending_time: start + day, is_old: true }]);
    t.is(waits.exit_code, 5);
    t.is((await json(start + 2 * day + hour, '--max-age', '26h')).exit_code, 0);
    await askAt(start + 2 * day, ...exporting);
    t.like((await json(start + 2 * day)).cursors, [{ pending_snapshots: 0 }]);
    // One of another host has nothing to wait for.
    const other = await askAt(start, 'status', '--db', db, '--cursor', at('bundle1/evidence.json'));
    t.is(other.exitCode, 1);
    t.regex(other.stderr, /is not a cursor of tokenquery/);
  },
);

test.serial('the last error of the log is told, and whether the last run ended with it', async (t) => {
  const { store, json, status, at } = worldOf(t);
  await store(start);
  const log = at('job.log');
  const told = async (...lines: readonly string[]) => {
    writeFileSync(log, lines.map((line) => `${line}\n`).join(''));
    return json(start, '--log', log, '--strict');
  };
  const error = '2026-09-21T14:13:20Z - tokenquery: error: live: nothing says which Mac this is';
  const [hint, good] = [
    '2026-09-21T14:13:20Z - tokenquery: hint: x',
    '2026-09-22T14:13:20Z F tokenquery: info: F: nothing changed',
  ];
  t.is((await told()).exit_code, 0);
  const last = await told(error, hint);
  t.is(last.exit_code, 4);
  t.deepEqual(last.log?.last_error, {
    time: '2026-09-21T14:13:20Z',
    message: 'live: nothing says which Mac this is',
    is_last: true,
  });
  t.is((await told(error, hint, good)).log?.last_error?.is_last, false);
  t.is((await told(error, hint, good)).exit_code, 0);
  t.is((await told('tokenquery: error: of an older version')).log?.last_error?.time, null);
  t.regex((await status(start, '--log', log)).stdout, /the\s+last\s+error:\s+of\s+an\s+older\s+version/);
  t.is((await json(start, '--log', at('none'), '--strict')).exit_code, 0);
});

test.serial(
  'at 80 columns no line is longer, but for a word; an empty file, none and no database are told',
  async (t) => {
    const { store, status, at } = worldOf(t);
    const none = await status(start);
    t.is(none.exitCode, 1);
    t.regex(none.stderr, /there is no .*mac\.db/);
    await askAt(start, 'merge', '--db', at('mac.db'), at('nothing'));
    const empty = await status(start, '--strict');
    t.is(empty.exitCode, 4);
    t.regex(empty.stdout, /holds no snapshot/);
    t.is((await status(start, '--max-age', '26h')).exitCode, 5, 'nothing was seen for so long');
    await store(start, {}, 'macos14-not-root');
    for (const line of (await status(start + hour)).stdout.split('\n'))
      t.true(line.length <= 80 || !line.trim().includes(' ', 30), line);
    t.regex((await status(start + hour)).stdout, /\| filevault_users +\| denied +\| never +\|/);
  },
);

test.serial('metrics take the place of nothing that status reads, by whatever name', async (t) => {
  const { store, status, at, db } = worldOf(t);
  await store(start);
  await askAt(start, 'export', '--db', db, '--cursor', at('export.cursor'), '--output', at('x.ndjson'));
  writeFileSync(at('job.log'), '');
  linkSync(db, at('again.db'));
  symlinkSync(db, at('link.prom'));
  const named = ['mac.db', 'mac.db-wal', 'again.db', 'link.prom', 'export.cursor', 'job.log'];
  for (const name of named) {
    const before = existsSync(at(name)) ? readFileSync(at(name)) : null;
    const told = await status(start, '--prometheus', '--output', at(name), '--log', at('job.log'));
    t.is(told.exitCode, 2, name);
    t.regex(told.stderr, /would replace the (?:database|cursor|log)/, name);
    t.deepEqual(existsSync(at(name)) ? readFileSync(at(name)) : null, before, name);
  }
});

const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool', '/opt/homebrew/bin/promtool'].find((path) =>
  existsSync(path),
);

/** Samples by name and labels. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

/** Makes hosts of one, in the file itself. */
const multiply = (path: string, hosts: number, snapshots = 1): void => {
  const db = openDatabase(path);
  const columns = (table: string, own: Readonly<Record<string, string>>): string[] => {
    const names = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
    return names.map((name) => own[name] ?? name);
  };
  const each = `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${hosts})`;
  const copy = (table: string, own: Readonly<Record<string, string>>): void =>
    void db.exec(
      `INSERT INTO ${table} SELECT ${columns(table, own).join(', ')} FROM (${each} SELECT i FROM n), ${table} WHERE ${table === '_host' ? 'host' : 'host'} = 1`,
    );
  db.exec('BEGIN');
  for (let more = 1; more < snapshots; more += 1)
    db.exec(
      `INSERT INTO _snapshot SELECT ${columns('_snapshot', { collected_time: `collected_time - ${more} * 86400`, snapshot_id: `snapshot_id + ${more}`, sequence: `-${more}` }).join(', ')} FROM _snapshot WHERE host = 1 AND sequence > 0`,
    );
  copy('_host', { host: 'i', host_id: "printf('00000000-0000-4000-8000-%012X', i)" });
  for (const table of ['_snapshot', '_report_status', '_state']) copy(table, { host: 'i' });
  db.exec('COMMIT');
  db.close();
};

test.serial(
  'the metrics are of the text format, agree with the JSON, and have a bound on their series',
  async (t) => {
    const { store, json, status, db, at } = worldOf(t);
    await store(start, {}, 'macos14-not-root');
    const raw = openDatabase(db);
    const odd = 'quote" back\\slash and\nfeed';
    raw.prepare('UPDATE _current_hosts SET hostname = ?').run(odd);
    raw.close();
    const log = at('job.log');
    writeFileSync(log, '2026-09-21T14:13:20Z - tokenquery: error: x\n');
    const more = ['--max-age', '26h', '--strict', '--cursor', at('c'), '--log', log];
    const one = await status(start + hour, '--prometheus', ...more);
    t.is(one.exitCode, 4);
    const told = await json(start + hour, ...more);
    const samples = samplesOf(one.stdout);
    const own = `host_id="${told.hosts[0]?.host_id}",host_name="quote\\" back\\\\slash and\\nfeed"`;
    t.is(samples.get(`tokenquery_host_last_seen_timestamp_seconds{${own}}`), start);
    for (const table of told.hosts[0]?.tables ?? []) {
      const labels = `{${own},table="${table.table_name}"}`;
      t.is(samples.get(`tokenquery_table_blind${labels}`), table.is_blind ? 1 : 0, labels);
      t.is(
        samples.get(`tokenquery_table_last_seen_timestamp_seconds${labels}`),
        table.last_good_time ?? undefined,
      );
    }
    t.is(samples.get('tokenquery_status_exit_code'), 4);
    t.is(samples.get('tokenquery_log_ends_with_error'), 1);
    t.is(samples.get(`tokenquery_cursor_pending_snapshots{cursor="${at('c')}"}`), 1);
    t.is(one.stdout.match(/^# HELP /gm)?.length, one.stdout.match(/^# TYPE /gm)?.length);
    t.is(
      new Set(samples.keys()).size,
      one.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    );
    if (promtool === undefined) t.log('promtool is not to be had: the format was not checked by it');
    else t.is(spawnSync(promtool, ['check', 'metrics'], { input: one.stdout, encoding: 'utf8' }).status, 0);
    for (const [hosts, perTable, perHost] of [
      [60, 60, 60],
      [150, 0, 150],
      [2_001, 0, 0],
    ] as const) {
      const { at: atOther, db: fleet, store: fill, status: ask } = worldOf(t);
      void atOther;
      await fill(start);
      multiply(fleet, hosts);
      const text = (await ask(start + hour, '--prometheus')).stdout;
      const tables = told.hosts[0]?.tables.length ?? 0;
      t.is(text.match(/^tokenquery_table_blind\{/gm)?.length ?? 0, perTable * tables, String(hosts));
      t.is(text.match(/^tokenquery_host_blind_tables\{/gm)?.length ?? 0, perHost);
      t.is(samplesOf(text).get('tokenquery_hosts'), hosts);
      t.is(samplesOf(text).get('tokenquery_status_series_left_out{per="table"}'), perTable === 0 ? 1 : 0);
      if (promtool !== undefined) execFileSync(promtool, ['check', 'metrics'], { input: text });
    }
  },
);

test.serial(
  '--output puts them in place as a whole, with mode 0644, also where the umask is strict',
  async (t) => {
    const { store, status, at } = worldOf(t);
    await store(start);
    mkdirSync(at('textfile'));
    const file = join(at('textfile'), 'tokenquery.prom');
    const before = process.umask(0o077);
    t.teardown(() => process.umask(before));
    const ended = await status(start, '--prometheus', '--output', file);
    t.deepEqual([ended.exitCode, ended.stdout, ended.stderr], [0, '', '']);
    t.is(lstatSync(file).mode & 0o777, 0o644);
    t.deepEqual(readdirSync(at('textfile')), ['tokenquery.prom']);
    writeFileSync(at('mine'), 'mine');
    chmodSync(at('mine'), 0o600);
    symlinkSync(at('mine'), join(at('textfile'), 'link.prom'));
    await status(start, '--prometheus', '--output', join(at('textfile'), 'link.prom'));
    t.is(readFileSync(at('mine'), 'utf8'), 'mine');
    t.is((await status(start, '--prometheus', '--output', '/dev/null')).exitCode, 1);
    t.is((await status(start, '--prometheus', '--output', at('none/x'))).exitCode, 1);
    t.is((await status(start, '--output', file)).exitCode, 2);
  },
);

test.serial('2,000 hosts with 30 looks each take no more than their share', async (t) => {
  const { store, status, db } = worldOf(t);
  await store(start, { without: ['-extended'] });
  multiply(db, 2_000, 30);
  const began = performance.now();
  const { stdout } = await status(start, '--json');
  const took = performance.now() - began;
  t.log(`${Math.round(took)} ms`);
  t.is((JSON.parse(stdout) as Told).hosts.length, 2_000);
  t.true(took < 15_000);
});
