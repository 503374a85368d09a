import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { modes } from '../../cli/output.ts';
import { HostJudge, isAtLeast } from '../../queries/findings.ts';
import { judgeTurns } from '../../queries/judging.ts';
import { queries } from '../../queries/index.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { askAt } from '../nights/clock.ts';
import { cleanHost, collectionOf, day, deny, now, set } from '../queries/constructed.ts';
import type { Host } from '../queries/constructed.ts';
import { root, sample } from '../standin.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-told-'));
const db = join(folder, 'fleet.db');
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const idOf = (number: number): string => `0000000${number}-0000-4000-8000-000000000000`;

/** Stores a snapshot and what is found on the host by then, as the command snapshot does. */
const take = (store: Store, host: Host): void => {
  const judge = new HostJudge(store.db, tables);
  transact(store, () => {
    storeWriter(store.db, tables).add([snapshotOf(tables, collectionOf(host), 'tokenquery test')], host.time);
    judgeTurns(store.db, judge, [{ hostId: host.hostId, time: host.time, isLast: false }]);
  });
  judge.end();
};

type Change = (host: Host) => void;
const filevaultOff: Change = (host) => {
  set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' });
};
const hidden: Change = (host) => set(host, 'loginwindow_settings', { hidden_users: '["itadmin"]' });
const guest: Change = (host) => set(host, 'loginwindow_settings', { guest_enabled: 1 });
const hiddenAndMore: Change = (host) =>
  set(host, 'loginwindow_settings', { hidden_users: '["itadmin","loaner"]' });
const virtual: Change = (host) => set(host, 'hosts', { is_virtual_machine: 1 });
/** As a Mac at home is; but others of this file are managed, so that nothing matters less here. */
const likeAtHome: Change = (host) => {
  set(host, 'mdm_enrollments', { is_enrolled: 0, dep_record_cached: 0, is_user_approved: null });
  set(host, 'enrollment_markers', { file_exists: 0 });
  set(host, 'bootstrap_tokens', { crypto_user_present: 0, escrowed_to_server: 0, state: 'not_enrolled' });
  set(host, 'filevault_status', { prk_escrow_blob_present: 0 });
  set(host, 'filevault_policies', { escrow_payload_present: 0 });
};
const nothingOfUsers: Change = (host) => deny(host, 'users');

/** What is so on each host twenty days ago, three days ago, and now. */
const fleet: readonly (readonly (readonly Change[])[])[] = [
  [[filevaultOff], [filevaultOff], [filevaultOff]],
  [[], [], [guest]],
  [[hidden], [hidden], []],
  [[hidden], [hidden], [hiddenAndMore]],
  [[], [filevaultOff, nothingOfUsers], [filevaultOff, nothingOfUsers]],
  [[], [], []],
  [[virtual], [virtual], [virtual, filevaultOff]],
  [[likeAtHome], [likeAtHome], [likeAtHome]],
];

test.before(() => {
  const store = openForWriting(db, tables);
  for (const [index, looks] of fleet.entries()) {
    for (const [at, changes] of looks.entries()) {
      const host = cleanHost(idOf(index + 1), now - ([20, 3, 0][at] ?? 0) * day);
      set(host, 'hosts', { hostname: `mac-${index + 1}` });
      for (const change of changes) change(host);
      take(store, host);
    }
  }
  store.close();
});

interface Row {
  readonly verdict: string | null;
  readonly query_name: string;
  readonly severity: string;
  readonly host_id: string | null;
  readonly subject: string | null;
  readonly state?: string | null;
  readonly exception?: { readonly owner: string; readonly reason: string; readonly until: string } | null;
  readonly first_seen_time?: number | null;
  readonly changed_time?: number | null;
  readonly resolved_time?: number | null;
}

const ask = (...words: readonly string[]) => askAt(now + 3600, 'findings', ...words);
const rowsOf = async <T = Row>(...words: readonly string[]): Promise<readonly T[]> => {
  const { stdout, stderr } = await ask('--json', ...words);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T[];
};
const texts = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
const where = (rows: readonly Row[]): string[] =>
  rows
    .filter(({ severity, state }) => severity !== 'info' && state != null)
    .map(({ query_name: name, host_id: id, state }) => `${state} ${name} ${id?.slice(7, 8)}`)
    .toSorted();

const accepted = {
  query: 'filevault_off',
  host: 'MAC-1',
  subject: 'host',
  owner: 'Endpoint team',
  reason: 'A kiosk without data.',
  until: '2027-03-01',
};
const fileOf = (...exceptions: readonly object[]): string => {
  const path = join(folder, `${exceptions.length}-${JSON.stringify(exceptions).length}.json`);
  writeFileSync(path, JSON.stringify({ version: 1, exceptions }));
  return path;
};

test.serial(
  'what is excepted is told with its reason, is not counted, and comes back by itself',
  async (t) => {
    const file = fileOf(accepted);
    const of = ['--db', db, '--exceptions', file, '-n', 'filevault_off'];
    const rows = await rowsOf(...of);
    const [one] = rows.filter(({ state }) => state === 'suppressed');
    t.is(one?.host_id, idOf(1));
    t.is(one?.verdict, 'hit');
    t.deepEqual(one?.exception, {
      owner: 'Endpoint team',
      reason: 'A kiosk without data.',
      until: '2027-03-01',
    });
    t.is(one?.first_seen_time, now - 20 * day);
    const others = rows.filter(({ state }) => state === 'ongoing');
    t.deepEqual(
      others.map(({ host_id: id, exception }) => [id, exception]),
      [[idOf(5), null]],
    );

    const { stdout } = await ask(...of);
    const words = stdout.replaceAll(/\s+/g, ' ');
    t.regex(words, /Suppressed by exceptions, and not counted: filevault_off: host on mac-1 \(0000/);
    t.true(words.includes('exception 1 of Endpoint team, until 2027-03-01: A kiosk without data.'));
    t.regex(words, /found 1 high, 1 info; of 8 answers 2 hit, 5 clean, 0 unknown, 1 suppressed/);

    // Host 5 has the other one.
    const alone = ['--host', 'mac-1', '--fail-on', 'low'];
    t.is((await ask('--db', db, '-n', 'filevault_off', ...alone)).exitCode, 3);
    t.is((await ask(...of, ...alone)).exitCode, 0);
    t.is((await ask(...of, '--fail-on', 'low')).exitCode, 3);
    const after = await askAt(Date.UTC(2027, 2, 2) / 1000, 'findings', ...of, ...alone);
    t.is(after.exitCode, 3);
    t.regex(after.stderr, /1 exception ended, and what it hid counts again: exception 1 \(filevault_off, /);
    const before = await askAt(Date.UTC(2027, 2, 1, 23) / 1000, 'findings', ...of, ...alone);
    t.is(before.exitCode, 0);
  },
);

test.serial(
  'a file that is not right stops the command before it prints, and a question about seeing has no exceptions',
  async (t) => {
    for (const change of [{ owner: '' }, { query: 'host_not_seen' }, { query: '*' }, { until: 'never' }]) {
      for (const mode of ['--json', '--summary']) {
        const { exitCode, stdout, stderr } = await ask(
          '--db',
          db,
          mode,
          '--exceptions',
          fileOf(accepted, { ...accepted, ...change }),
        );
        t.is(exitCode, 1);
        t.is(stdout, '');
        t.regex(stderr, /:1: exception 2 \([a-z_*]+\): /);
        t.regex(stderr, /nothing is suppressed/);
      }
    }
  },
);

test.serial('an exception hides no blind spot, and one that fits nothing is told', async (t) => {
  // Of host 5 users is denied: hidden_admin is unknown there, whatever is excepted.
  const file = fileOf(
    { ...accepted, query: 'hidden_admin', host: 'mac-5', subject: '*' },
    { ...accepted, host: 'mac-6' },
    { ...accepted, query: 'hidden_admin', host: 'mac-6', until: '2026-09-01' },
  );
  const of = ['--db', db, '--exceptions', file, '-n', 'hidden_admin', '-n', 'filevault_off'];
  const { exitCode, stderr } = await ask(...of, '--strict');
  t.is(exitCode, 4);
  const words = stderr.replaceAll(/\s+/g, ' ');
  t.regex(
    words,
    /1 exception ended, [^]*exception 3 \(hidden_admin, host on mac-6, of Endpoint team\), until 2026-09-01/,
  );
  t.regex(
    words,
    /2 exceptions fit nothing that was found[^]*exception 1 \(hidden_admin, \* on mac-5, of Endpoint team\), whose question could not be judged everywhere; exception 2 \(filevault_off, host on mac-6, of Endpoint team\)\n?/,
  );
  // Of what was not asked nothing is said.
  const other = await ask('--db', db, '--exceptions', file, '-n', 'guest_login_on', '--host', 'mac-2');
  t.false(other.stderr.includes('fit'), other.stderr);
});

test.serial('--host and --severity tell what is told of all, and nothing else', async (t) => {
  const named = queries.filter(({ isOfFleet }) => !isOfFleet).map(({ name }) => name);
  const ofOne = (rows: readonly Row[], id: string): readonly Row[] =>
    rows.filter((row) => row.host_id === id && named.includes(row.query_name));
  const all = await rowsOf('--db', db);
  const then = ['--as-of', String(now - 2 * day)];
  const before = await rowsOf('--db', db, ...then);
  for (const [index] of fleet.entries()) {
    const id = idOf(index + 1);
    const host = index % 2 === 0 ? id.toLowerCase() : `MAC-${index + 1}`;
    t.true(ofOne(all, id).length > 5);
    t.deepEqual(texts(await rowsOf('--db', db, '--host', host)), texts(ofOne(all, id)));
    if (index > 5)
      t.deepEqual(texts(await rowsOf('--db', db, ...then, '--host', host)), texts(ofOne(before, id)));
  }
  for (const least of ['low', 'medium', 'critical'] as const)
    t.deepEqual(
      texts(await rowsOf('--db', db, '--severity', least)),
      texts(all.filter(({ severity }) => isAtLeast(severity as 'low', least))),
    );
  const sources = ['macos26-managed', 'macos15-unmanaged'].flatMap((name) => ['--source', sample(name)]);
  const ofSources = await rowsOf(...sources);
  const ids = [...new Set(ofSources.map(({ host_id: id }) => id).filter((id) => id !== null))];
  t.is(ids.length, 2);
  for (const id of ids)
    t.deepEqual(texts(await rowsOf(...sources, '--host', id)), texts(ofOne(ofSources, id)));
  for (const world of [['--db', db], sources]) {
    const { exitCode, stdout, stderr } = await ask(...world, '--host', 'mac-77');
    t.deepEqual([exitCode, stdout], [1, '']);
    t.regex(stderr, /there is no host mac-77/);
  }
  t.regex(
    (await ask('-n', 'lockout_ways', '--severity', 'high', '--db', db)).stderr,
    /none of these questions is of severity high/,
  );
});

test.serial(
  '--new is what the last snapshot saw first, and --changed-since what happened since',
  async (t) => {
    const isNew = await rowsOf('--db', db, '--new');
    t.deepEqual(
      where(isNew).filter((text) => /guest_login_on|hidden_admin|filevault_off/.test(text)),
      ['new guest_login_on 2'],
    );
    for (const { verdict, first_seen_time: seen } of isNew)
      if (verdict === 'hit') t.true(seen == null || seen === now);

    const since = await rowsOf('--db', db, '--changed-since', '-10d');
    t.deepEqual(
      where(since).filter((text) => /guest_login_on|hidden_admin|filevault_off/.test(text)),
      [
        'new guest_login_on 2',
        'ongoing filevault_off 5',
        'ongoing hidden_admin 4',
        'resolved hidden_admin 3',
      ],
    );
    const resolved = since.find(({ state }) => state === 'resolved');
    t.deepEqual(
      [resolved?.verdict, resolved?.first_seen_time, resolved?.resolved_time],
      ['clean', now - 20 * day, now],
    );
    const changed = since.find(
      ({ query_name: name, host_id: id }) => name === 'hidden_admin' && id === idOf(4),
    );
    t.deepEqual([changed?.first_seen_time, changed?.changed_time], [now - 20 * day, now]);
    const pretty = (await ask('--db', db, '--changed-since', '-10d')).stdout.replaceAll(/\s+/g, ' ');
    t.regex(pretty, /Resolved since 20[^:]*:\d\d:\d\dZ: high hidden_admin: itadmin on mac-3 \(/);
    // At a moment that is past, what came later is not known.
    const then = await rowsOf(
      '--db',
      db,
      '--changed-since',
      String(now - 10 * day),
      '--as-of',
      String(now - day),
    );
    t.deepEqual(
      where(then).filter((text) => text.startsWith('resolved')),
      [],
    );
    for (const words of [['--new'], ['--changed-since', '-1d']]) {
      const { exitCode, stderr } = await ask(...words, '--source', sample('macos26-managed'));
      t.is(exitCode, 2);
      t.regex(stderr, /needs --db FILE[^]*when a finding was first seen stands in a database/);
    }
  },
);

test.serial('to be accepted, and to count again, is a change since then', async (t) => {
  const on = (days: number) => new Date((now - days * day) * 1000).toISOString().slice(0, 19);
  const of = async (...fields: readonly object[]): Promise<readonly Row[]> => {
    const file = fileOf(...fields.map((one) => ({ ...accepted, ...one })));
    const rows = await rowsOf(
      '--db',
      db,
      '--exceptions',
      file,
      '--changed-since',
      '-10d',
      '-n',
      'filevault_off',
    );
    return rows.filter(({ host_id: id, state }) => id === idOf(1) && state != null);
  };
  // What was accepted longer ago, or from no known day on, is no change; nor is what is accepted some other day.
  t.deepEqual(await of({}), []);
  t.deepEqual(await of({ from: `${on(15)}Z` }), []);
  t.deepEqual(await of({ from: `${on(-2)}Z` }), []);
  t.deepEqual(await of({ from: `${on(19)}Z`, until: `${on(12)}Z` }), []);
  const [begun] = await of({ from: `${on(4)}Z` });
  t.deepEqual(
    [begun?.state, begun?.changed_time, begun?.first_seen_time],
    ['suppressed', now - 4 * day, now - 20 * day],
  );
  const [ended] = await of({ from: `${on(19)}Z`, until: `${on(3)}Z` });
  t.deepEqual([ended?.state, ended?.changed_time, ended?.exception], ['ongoing', now - 3 * day, null]);
  // One that takes the place of another on the same day changes nothing.
  t.deepEqual(await of({ from: `${on(19)}Z`, until: `${on(3)}Z` }, { from: `${on(3)}Z` }), []);
});

interface SummaryRow {
  readonly query_name: string;
  readonly severity: string;
  readonly hit: number;
  readonly clean: number;
  readonly unknown: number;
  readonly not_asked: number;
  readonly suppressed: number;
  readonly findings: number;
  readonly new_findings: number | null;
  readonly resolved_findings: number | null;
}

test.serial(
  '--summary counts what findings tells, the gravest first, in 80 columns and in every mode',
  async (t) => {
    const file = fileOf(accepted);
    const all = await rowsOf('--db', db, '--exceptions', file);
    const summary = await rowsOf<SummaryRow>('--db', db, '--exceptions', file, '--summary');
    t.deepEqual(
      [...new Set(summary.map(({ query_name: name }) => name))].toSorted(),
      queries.map(({ name }) => name).toSorted(),
    );
    for (const line of summary) {
      const own = all.filter(
        (row) => row.query_name === line.query_name && row.severity === line.severity && row.host_id !== null,
      );
      const hosts = (is: (row: Row) => boolean): number =>
        new Set(own.filter(is).map(({ host_id: id }) => id)).size;
      t.is(
        line.hit,
        hosts(({ verdict, state }) => verdict === 'hit' && state !== 'suppressed'),
        line.query_name,
      );
      for (const word of ['unknown', 'not_asked'] as const)
        t.is(
          line[word],
          hosts(({ verdict }) => verdict === word),
          line.query_name,
        );
    }
    for (const lines of Map.groupBy(summary, ({ query_name: name }) => name).values()) {
      const hosts = lines.map(
        (line) => line.hit + line.clean + line.unknown + line.not_asked + line.suppressed,
      );
      t.is(
        hosts.reduce((sum, count) => sum + count, 0),
        fleet.length,
      );
    }
    const lineOf = (name: string): SummaryRow | undefined =>
      summary.find(({ query_name: own, severity }) => own === name && severity !== 'info');
    t.like(lineOf('filevault_off'), { hit: 1, suppressed: 1, new_findings: 1, resolved_findings: 0 });
    t.like(lineOf('hidden_admin'), { hit: 1, unknown: 1, new_findings: 0, resolved_findings: 1 });
    t.like(
      summary.find(({ query_name: name }) => name === 'lockout_ways'),
      { new_findings: null, resolved_findings: null },
    );
    t.like(
      summary.find(({ query_name: name, severity }) => name === 'filevault_off' && severity === 'info'),
      { hit: 1, clean: 0, new_findings: null },
    );
    const ranks = summary.map(({ severity }) =>
      ['critical', 'high', 'medium', 'low', 'info'].indexOf(severity),
    );
    t.deepEqual(
      ranks,
      ranks.toSorted((a, b) => a - b),
    );
    for (const [index, line] of summary.entries()) {
      const next = summary[index + 1];
      if (next?.severity === line.severity) t.true(next.hit <= line.hit);
    }
    for (const mode of modes) {
      const { exitCode, stdout } = await ask('--db', db, '--exceptions', file, '--summary', `--${mode}`);
      t.is(exitCode, 0, mode);
      t.true(stdout.includes('filevault_off'), mode);
      if (mode === 'pretty') for (const line of stdout.split('\n')) t.true(line.length <= 80, line);
    }
    t.is((await ask('--db', db, '--summary', '--fail-on', 'high')).exitCode, 3);
    t.is((await ask('--db', db, '--summary', '--new')).exitCode, 2);
  },
);

test.serial('the statement of docs/findings.md counts what came and went in each week', async (t) => {
  const page = readFileSync(join(root, 'docs/findings.md'), 'utf8');
  const [, sql] = /```sql\n(WITH weeks[^`]*);\n```/.exec(page) ?? [];
  const answer = await askAt(now + 3600, 'query', '--db', db, '--json', sql ?? '');
  const weeks = JSON.parse(answer.stdout) as { readonly [name: string]: number }[];
  const all = await askAt(now + 3600, 'query', '--db', db, '--json', 'SELECT * FROM findings_history');
  const history = JSON.parse(all.stdout) as (Row & {
    readonly valid_from_time: number;
    readonly valid_until_time: number | null;
  })[];
  t.is(weeks.length, 3);
  const week = 7 * day;
  // A finding is there at a moment where one of its rows is.
  const at = (time: number): Set<string> =>
    new Set(
      history
        .filter((row) => row.valid_from_time <= time && (row.valid_until_time ?? Infinity) > time)
        .map((row) => `${row.query_name} ${row.host_id} ${row.subject} ${row.first_seen_time}`),
    );
  let [added, resolved] = [0, 0];
  for (const row of weeks) {
    const [begin, end] = [row['week_time'] ?? 0, (row['week_time'] ?? 0) + week];
    const [before, after] = [at(begin - 1), at(end - 1)];
    t.is(begin % week, 345_600 % week);
    t.is(row['open_findings'], after.size);
    t.is(row['new_findings'], [...after].filter((one) => !before.has(one)).length);
    t.is(row['resolved_findings'], [...before].filter((one) => !after.has(one)).length);
    added += row['new_findings'] ?? 0;
    resolved += row['resolved_findings'] ?? 0;
  }
  t.true(added > resolved && resolved > 0);
});
