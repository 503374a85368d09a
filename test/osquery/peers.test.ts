/** osquery of code that nobody here wrote: Thrift's own, and SQLite that asks as osquery does. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { relationsServed } from '../../export/osquery/relations.ts';
import { queries } from '../../queries/index.ts';
import { judgePending } from '../../queries/judging.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { storeAt } from '../export/world.ts';
import { collectionOf, now } from '../queries/constructed.ts';
import { fleetOf } from '../queries/fleet.ts';
import { root, sample, temporaryFolder } from '../standin.ts';
import { missingForPeer, socketFolder, startExtension, startPeer, listens } from './extension.ts';
import type { Peer, Running, Told } from './extension.ts';

const isThere = missingForPeer.length === 0;
const peerTest = isThere ? test : test.skip;
const name = (title: string): string =>
  isThere ? title : `${title} (skipped: ${missingForPeer.join(', ')} not installed)`;

interface Registered {
  readonly peer: Peer;
  readonly running: Running;
  readonly socket: string;
  readonly routes: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
}

const registered = async (t: ExecutionContext, ...words: readonly string[]): Promise<Registered> => {
  const socket = join(socketFolder(t), 'em');
  const peer = await startPeer(t, socket);
  const running = startExtension(t, socket, '--timeout', '10', '--interval', '1', ...words);
  const told = await peer.registered;
  await listens(`${socket}.4711`);
  t.is(told['name'], 'tokenquery');
  return { peer, running, socket, routes: told['routes'] as Registered['routes'] };
};

const call = (peer: Peer, item: string, request: Told): Promise<Told> =>
  peer.ask({ do: 'call', item, request });

peerTest(name('Thrift’s own client is answered as by an extension of osquery'), async (t) => {
  const { peer, running, socket, routes } = await registered(t, '--source', sample('macos15-unmanaged'));
  t.deepEqual(await peer.ask({ do: 'ping' }), { code: 0, uuid: 4711 });
  for (const [table, route] of Object.entries(routes)) {
    const { code, rows } = await call(peer, table, { action: 'columns' });
    t.is(code, 0);
    t.deepEqual(rows, route, table);
  }
  const unknown = await call(peer, 'tokenquery_nothing', { action: 'generate' });
  t.like(unknown, { code: 1, message: 'tokenquery has no table tokenquery_nothing', rows: [] });
  t.like(await peer.ask({ do: 'call', registry: 'config', item: 'x', request: {} }), { code: 1 });
  t.like(await call(peer, 'tokenquery_users', { action: 'dance' }), {
    code: 1,
    message: 'a table has no action dance',
  });
  for (const action of ['insert', 'update', 'delete'])
    t.like(await call(peer, 'tokenquery_users', { action, id: '1', json_value_array: '[]' }), {
      code: 0,
      rows: [{ status: 'readonly' }],
    });
  // UNKNOWN_METHOD of Thrift.
  t.like(await peer.ask({ do: 'foreign' }), { error: 'TApplicationException', type: 1 });
  await peer.ask({ do: 'shutdown' });
  t.deepEqual(await running.ended, { code: 0, signal: null });
  t.false(existsSync(`${socket}.4711`));
});

peerTest(
  name('an osquery that is killed takes the extension along; a second one is refused by the first'),
  async (t) => {
    const { peer, running, socket } = await registered(t, '--source', sample('macos15-unmanaged'));
    const second = startExtension(t, socket, '--timeout', '5');
    t.is((await second.ended).code, 1);
    t.regex(second.stderr(), /Duplicate extension registered/);
    peer.kill();
    t.deepEqual(await running.ended, { code: 0, signal: null });
    t.false(existsSync(`${socket}.4711`));
  },
);

const errorOf = async (peer: Peer, text: string): Promise<string> =>
  String((await peer.ask({ do: 'sql', text }))['error']);
const rowsOf = async (peer: Peer, text: string, more: Told = {}): Promise<unknown[][]> => {
  const told = await peer.ask({ do: 'sql', text, ...more });
  if (told['rows'] === undefined) throw new Error(`${text}: ${JSON.stringify(told)}`);
  return told['rows'] as unknown[][];
};

peerTest(
  name('what could not be seen is an error in SQL, with the reason, and never an empty table'),
  async (t) => {
    const { peer } = await registered(t, '--source', sample('macos14-not-root'));
    const open = await rowsOf(
      peer,
      "SELECT table_name, status, row_count FROM tokenquery_table_status WHERE status NOT IN ('ok', 'empty', 'unsupported')",
    );
    t.true(open.length > 3);
    for (const [table, status, count] of open) {
      if (Number(count) > 0) t.true((await rowsOf(peer, `SELECT * FROM tokenquery_${table}`)).length > 0);
      else
        t.regex(
          await errorOf(peer, `SELECT * FROM tokenquery_${table}`),
          new RegExp(`tokenquery_${table}: it could not be seen: ${status}: .+`),
        );
    }
    const [unknown] = await rowsOf(
      peer,
      "SELECT query_name, reason FROM tokenquery_answers WHERE verdict = 'unknown' LIMIT 1",
    );
    t.truthy(unknown?.[1]);
    // A policy that cannot be told neither passes nor fails.
    const policy = (question: unknown): string =>
      `SELECT 1 FROM tokenquery_policies WHERE query_name = '${question}' AND is_met = 1`;
    t.regex(await errorOf(peer, policy(unknown?.[0])), /cannot be told: .+/);
    t.regex(await errorOf(peer, policy('account_created')), /was not asked: it compares snapshots/);
    t.regex(await errorOf(peer, policy('no_such_question')), /there is no question "no_such_question"/);
    t.regex(await errorOf(peer, 'SELECT * FROM tokenquery_policies'), /required column/);
    t.regex(
      await errorOf(peer, "SELECT * FROM tokenquery_policies WHERE query_name LIKE '%'"),
      /cannot be told|was not asked/,
    );
    const known = await rowsOf(
      peer,
      "SELECT query_name, verdict FROM tokenquery_answers WHERE verdict IN ('hit', 'clean') AND host_id IS NOT NULL",
    );
    t.deepEqual(new Set(known.map(([, verdict]) => verdict)), new Set(['hit', 'clean']));
    for (const [question, verdict] of known)
      t.is((await rowsOf(peer, policy(question))).length, verdict === 'clean' ? 1 : 0, String(question));
  },
);

/** Statements that SQLite asks a virtual table in its own ways: each side of an OR, each of a list, each row of a join. */
const statements: readonly string[] = [
  "SELECT username FROM users WHERE username = 'root' OR uid = 0 OR uid = 501",
  "SELECT host_id, username FROM users WHERE uid IN (0, 501, 502, -2) AND username IN ('root', 'mquist', 'nobody')",
  "SELECT username FROM users WHERE username LIKE 'R%' OR username GLOB '_*'",
  // What compares otherwise than its column.
  "SELECT username FROM users WHERE username = 'ROOT' COLLATE NOCASE",
  "SELECT username FROM users WHERE username = 'root  ' COLLATE RTRIM",
  "SELECT username FROM users WHERE username = 'ROOT'",
  'SELECT u.username FROM hosts h JOIN users u ON u.host_id = lower(h.host_id) WHERE u.uid = 501',
  'SELECT uid, username FROM users WHERE uid >= 501 AND uid < 510 AND uid <> 503',
  "SELECT username FROM users WHERE uid = '501' OR uid = 501.0 OR uid > 600.5",
  "SELECT username FROM users WHERE uid = 'five' OR uid = ''",
  'SELECT username FROM users WHERE uuid IS NULL OR uid IS NULL OR uid IS 501',
  'SELECT count(*), count(uuid), max(uid), min(uid) FROM users WHERE host_id IS NOT NULL',
  'SELECT username FROM users ORDER BY host_id, username LIMIT 5 OFFSET 2',
  'SELECT u.host_id, u.username, s.secure_token FROM users u LEFT JOIN secure_tokens s ON s.host_id = u.host_id AND s.username = u.username',
  "SELECT host_id FROM hosts WHERE host_id IN (SELECT host_id FROM users WHERE uid = 501 OR username = 'mquist')",
  'SELECT table_name, status, count(*) FROM table_status GROUP BY 1, 2',
  "SELECT query_name, subject, severity FROM findings_history WHERE severity = 'high' OR subject = 'mquist'",
  'SELECT snapshot_id, collected_time FROM snapshots WHERE collected_time > 1 ORDER BY 2',
  'SELECT table_name, change, key, column_name FROM changes WHERE host_id IS NOT NULL',
];

const sorted = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).toSorted();

peerTest(
  name('every question over a hundred planted Macs is answered as the database answers it, row for row'),
  async (t) => {
    const path = join(temporaryFolder(t), 'fleet.db');
    const hosts = fleetOf(100);
    storeAt(
      path,
      hosts.map((host) => snapshotOf(tables, collectionOf(host), '0.1.0')),
      2_000_000_000,
    );
    const writing = openForWriting(path, tables);
    judgePending(writing, new Map());
    writing.close();
    const { peer } = await registered(t, '--db', path, '--max-age', '600');
    const store = openForReading(path, tables);
    t.teardown(() => store.close());
    let hits = 0;
    const asked = [
      ...queries.map(({ name: question, sql }) => [question, sql] as const),
      ...statements.map((sql) => [sql, sql] as const),
    ];
    for (const [question, sql] of asked) {
      const own = sorted(store.db.prepare(sql).raw(true).all({ now }) as unknown[][]);
      hits += own.length;
      t.deepEqual(sorted(await rowsOf(peer, sql, { now })), own, question);
    }
    t.true(hits > 1000, `${hits} rows`);
    // Of an extension that gives its rows no rowid: SQLite takes the first rows of both sides of an OR for the same ones.
    let lost: string | null = null;
    for (const { name: question, sql } of queries.filter((query) => /\bOR\b/.test(query.sql))) {
      const own = sorted(store.db.prepare(sql).raw(true).all({ now }) as unknown[][]);
      const without = await rowsOf(peer, sql, { now, rowid: false });
      if (sorted(without).length < own.length) lost = question;
      if (lost !== null) break;
    }
    t.truthy(lost, 'a question that loses rows');
  },
);

peerTest(name('one row has one identity, and no other has it'), async (t) => {
  const path = join(temporaryFolder(t), 'fleet.db');
  storeAt(
    path,
    fleetOf(40).map((host) => snapshotOf(tables, collectionOf(host), '0.1.0')),
    2_000_000_000,
  );
  const { peer, routes } = await registered(t, '--db', path);
  const store = openForReading(path, tables);
  t.teardown(() => store.close());
  for (const table of Object.keys(routes)) {
    const told = await call(peer, table, { action: 'generate', context: '{}' });
    if (told['code'] !== 0) continue;
    const rows = told['rows'] as readonly Readonly<Record<string, string>>[];
    const rowids = rows.map((row) => row['rowid']);
    t.true(
      rowids.every((rowid) => /^[0-9]{1,15}$/.test(rowid ?? '')),
      table,
    );
    const whole = new Set(rows.map((row) => JSON.stringify(row)));
    t.is(new Set(rowids).size, whole.size, table);
    // Whichever columns are asked for.
    const few = await call(peer, table, { action: 'generate', context: '{"constraints":[],"colsUsed":[]}' });
    t.deepEqual((few['rows'] as typeof rows).map(({ rowid }) => rowid).toSorted(), rowids.toSorted(), table);
  }
});

peerTest(name('the pack and the policies ask what the extension answers'), async (t) => {
  const { peer } = await registered(t, '--source', sample('macos26-managed'));
  const verdicts = new Map(
    (await rowsOf(peer, 'SELECT query_name, verdict FROM tokenquery_answers')).map(([own, verdict]) => [
      own,
      verdict,
    ]),
  );
  let found = 0;
  const outcomes = new Set<string>();
  for (const file of ['tokenquery-pack.json', 'tokenquery-pack-with-database.json']) {
    const { queries: pack } = JSON.parse(readFileSync(join(root, 'docs/osquery', file), 'utf8')) as {
      queries: Record<string, { query: string }>;
    };
    for (const [question, { query }] of Object.entries(pack)) {
      const told = await peer.ask({ do: 'sql', text: query });
      const verdict = String(verdicts.get(question) ?? 'none');
      outcomes.add(verdict);
      // What cannot be told is an error: else what was found before would be logged as gone.
      t.is(
        told['error'] !== undefined,
        ['unknown', 'not_asked'].includes(verdict),
        `${question}: ${JSON.stringify(told)}`,
      );
      const rows = (told['rows'] ?? []) as unknown[];
      if (verdict === 'clean') t.is(rows.length, 0, question);
      if (verdict === 'hit') t.true(rows.length > 0, question);
      found += rows.length;
    }
  }
  t.true(found > 5, `${found} rows`);
  t.true(outcomes.has('hit') && outcomes.has('clean') && outcomes.has('not_asked'), [...outcomes].join());
  const asked = new Set<string>();
  for (const [file, least] of [
    ['fleet-policies.yml', 50],
    ['fleet-policies-with-database.yml', 10],
  ] as const) {
    const text = readFileSync(join(root, 'docs/osquery', file), 'utf8');
    const policies = [...text.matchAll(/^ {2}query: (".*")$/gm)].map(
      ([, one = '']) => JSON.parse(one) as string,
    );
    t.true(policies.length >= least, `${policies.length} in ${file}`);
    for (const statement of policies) {
      const question = /query_name = '([a-z_0-9]+)'/.exec(statement)?.[1] ?? '';
      asked.add(question);
      const told = await peer.ask({ do: 'sql', text: statement });
      const outcome = told['error'] === undefined ? (told['rows'] as unknown[]).length : 'error';
      const verdict = String(verdicts.get(question));
      t.is(
        outcome,
        verdict === 'clean' ? 1 : verdict === 'hit' ? 0 : 'error',
        `${question}: ${JSON.stringify(told)}`,
      );
    }
  }
  const ofOneMac = queries.filter(
    ({ isOfFleet, leastHosts, severity }) => !isOfFleet && leastHosts === 0 && severity !== 'info',
  );
  t.deepEqual([...asked].toSorted(), ofOneMac.map((query) => query.name).toSorted());
});

test('what is served is what a database has, column by column', (t) => {
  const db = openEmptyStore(tables);
  const views = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all() as string[];
  const served = [...relationsServed(tables, true).values()].filter(({ of }) => of === 'facts');
  // `columns` and `findings` are of the library here, and `about` is about the file.
  t.deepEqual(
    served.map(({ name: own }) => own).toSorted(),
    views.filter((view) => !['about', 'columns', 'findings'].includes(view)).toSorted(),
  );
  for (const { name: own, columns } of served)
    t.deepEqual(
      columns.map((column) => column.name),
      db
        .prepare(`SELECT * FROM "${own}" LIMIT 0`)
        .columns()
        .map((column) => column.name),
      own,
    );
  // What no question reads is no loss; what one reads must be there, also without a database where it needs none.
  const live = new Set([...relationsServed(tables, false).values()].map(({ name: own }) => own));
  for (const { name: question, requires, alsoReads, needsHistory } of queries)
    if (!needsHistory)
      for (const table of [...requires.map((one) => one.table), ...alsoReads])
        t.true(live.has(table) || views.includes(table), `${question}: ${table}`);
  db.close();
});
