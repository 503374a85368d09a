/** What is read of a lake is what its databases say: the same verdicts, the same rows, the same page, and of what it does not hold nothing. */
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as duckdb from '@duckdb/node-api';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { evaluateIn } from '../../../cli/findings.ts';
import { namedHosts, readAllHosts } from '../../../cli/host_names.ts';
import { readNotSeen } from '../../../cli/not_seen.ts';
import { jsonRow } from '../../../cli/output.ts';
import type { Cells } from '../../../cli/output.ts';
import { CachedPlace } from '../../../export/lake/cache.ts';
import { duckdbPackage, duckdbVersion, loadDuckdb } from '../../../export/lake/duckdb.ts';
import { LakeEngine, LakeSqlError, withNow } from '../../../export/lake/engine.ts';
import { folderPlace } from '../../../export/lake/folder.ts';
import { checkHosts, readLakeAt } from '../../../export/lake/reading.ts';
import { s3Place } from '../../../export/lake/s3.ts';
import { openLakeStore } from '../../../export/lake/store.ts';
import { reportText } from '../../../export/report/report.ts';
import type { Place } from '../../../export/lake/place.ts';
import { judgePending } from '../../../queries/judging.ts';
import { livesAt } from '../../../queries/lives.ts';
import { queries } from '../../../queries/index.ts';
import { openForReading, openForWriting } from '../../../store/file.ts';
import { asSeen } from '../../../store/seen.ts';
import { snapshotIdOf, snapshotOf } from '../../../store/snapshot.ts';
import type { Snapshot } from '../../../store/snapshot.ts';
import type { Store } from '../../../store/store.ts';
import { tables } from '../../../tables/index.ts';
import { cleanHost, collectionOf, day, deny, later, now, set } from '../../queries/constructed.ts';
import type { Host } from '../../queries/constructed.ts';
import { fleetOf } from '../../queries/fleet.ts';
import { hasS3, startS3 } from '../../s3.ts';
import { cli, root, temporaryFolder } from '../../standin.ts';
import { dayLater, editStore, sampleSnapshots, storeAt } from '../world.ts';
import { judgedStore, publishAt, publishTo, storeOfHosts } from './world.ts';

const taken = (host: Host): Snapshot => snapshotOf(tables, collectionOf(host), '0.1.0');

/** A look that saw the users in part, and one of them otherwise than is known. */
const partly = (host: Host): Host => {
  const users = host.tables.get('users');
  if (users === undefined) throw new Error('there are users');
  Object.assign(users, {
    status: 'partial',
    rows: users.rows.slice(1).map((row) => ({ ...row, is_hidden: null })),
    reason: 'dscl did not tell of all',
    columnsAffected: ['is_hidden'],
  });
  return host;
};

/** Without a table, as an older version took it. */
const lacking = (snapshot: Snapshot, name: string): Snapshot => {
  const observations = new Map([...snapshot.observations].filter(([own]) => own !== name));
  const known = { ...snapshot, observations };
  return { ...known, snapshotId: snapshotIdOf(known) };
};

const hostId = (number: number): string => `0000000${number}-3333-4000-8000-000000000000`;

/** Hosts whose last looks told all, a part, nothing, what was seen later than it was, and what does not count. */
const stranded = (path: string): string => {
  const hosts = [0, 1, 2, 3, 4, 5].map((number) => cleanHost(hostId(number), now - 3 * day));
  const [clean, partial, denied, old, late, ahead] = hosts as [Host, Host, Host, Host, Host, Host];
  const hidden = later(partial);
  set(hidden, 'users', { is_hidden: 1 }, { username: 'itadmin' });
  const closed = later(denied);
  deny(closed, 'secure_tokens');
  deny(closed, 'filevault_status', 'failed');
  const [off, on] = [later(late), later(late, 2 * day)];
  set(off, 'filevault_status', { filevault_enabled: 0, status: 'off' });
  const first = [clean, partial, hidden, denied, old, late, on, ahead].map(taken);
  storeAt(path, first, now - day);
  storeAt(
    path,
    [taken(partly(later(hidden))), taken(closed), lacking(taken(later(old)), 'users')],
    now - 3600,
  );
  storeAt(path, [taken(off)], now - 1800);
  storeAt(path, [taken(later(ahead, 40 * day))], now - 900);
  const store = openForWriting(path, tables);
  judgePending(store, new Map());
  store.close();
  return path;
};

const everything: ReadonlySet<string> = new Set([...tables.map(({ name }) => name), 'changes']);

const storeOfLake = async (place: Place, wanted = everything): Promise<Store> =>
  openLakeStore(await readLakeAt(place), { tables, wanted, progress: () => {} });

interface Published {
  readonly db: string;
  readonly out: string;
}

const publishedBeside = async (db: string): Promise<Published> => {
  const out = join(dirname(db), 'lake');
  await publishAt(out, db, {}, tables);
  return { db, out };
};

const folderOfAll = mkdtempSync(join(tmpdir(), 'tokenquery-lake-'));
test.after.always(() => rmSync(folderOfAll, { recursive: true, force: true }));
let samples: Promise<Published> | null = null;

/** The samples over two nights, and the lake of them; nobody changes either. */
const publishedSamples = async (t: ExecutionContext): Promise<Published> => {
  samples ??= (async () => {
    const db = join(folderOfAll, 'fleet.db');
    copyFileSync(await judgedStore(t), db);
    return publishedBeside(db);
  })();
  return samples;
};

/** A database, and the store that is read from the lake of it. */
const bothOf = async (
  t: ExecutionContext,
  { db: path, out }: Published,
): Promise<readonly [Store, Store]> => {
  const both = [openForReading(path, tables), await storeOfLake(folderPlace(out))] as const;
  t.teardown(() => {
    for (const store of both) store.close();
  });
  return both;
};

const rowsOf = ({ db }: Store, sql: string): readonly string[] =>
  (db.prepare(sql).raw(true).all() as unknown[][]).map((row) => JSON.stringify(row)).toSorted();

/** Answers by the names of their questions, as texts: what differs is then soon found. */
const answersOf = ({ db }: Store, moment: number): ReadonlyMap<string, string> =>
  new Map(
    evaluateIn({ db, now: moment }).map(({ query, hits, blindSpots, verdicts, lowered }) => [
      query.name,
      JSON.stringify([hits, [...blindSpots], [...verdicts], [...lowered].toSorted()]),
    ]),
  );

/** What else is told of findings. */
const readBy = (store: Store, moment: number) => ({
  lives: livesAt(store.db, moment),
  gaps: readNotSeen(store.db).gaps,
  hosts: readAllHosts(store.db),
});

for (const [what, make] of [
  ['the samples over two nights', publishedSamples],
  [
    'looks that were partial, late, older or ahead of their time',
    async (t: ExecutionContext) => publishedBeside(stranded(join(temporaryFolder(t), 'fleet.db'))),
  ],
] as const)
  test(`a lake is judged as its database: ${what}`, async (t) => {
    const [own, lake] = await bothOf(t, await make(t));
    const moment = now + 30 * day;
    const [expected, found] = [readBy(own, moment), readBy(lake, moment)];
    t.deepEqual(found, expected);
    const [answers, others] = [answersOf(own, moment), answersOf(lake, moment)];
    for (const [name, answer] of answers) t.is(others.get(name), answer, name);
    const all = [...answers.values()].join(' ');
    for (const verdict of ['hit', 'clean', 'unknown']) t.true(all.includes(`"${verdict}"`), verdict);
    for (const name of [
      'table_status',
      'snapshots',
      'latest_snapshots',
      'ahead_snapshots',
      'collection_errors',
    ])
      t.deepEqual(rowsOf(lake, `SELECT * FROM ${name}`), rowsOf(own, `SELECT * FROM ${name}`), name);
    for (const name of ['changes', 'findings', 'findings_history', 'users_history', 'conflicts_history'])
      t.deepEqual(rowsOf(lake, `SELECT * FROM ${name}`), rowsOf(own, `SELECT * FROM ${name}`), name);
    t.true(rowsOf(own, 'SELECT * FROM changes').length > 3);
    // What a question of the library finds by itself, row by row in its order.
    for (const { name, sql, maxAge } of queries) {
      const [rows, of] = [lake, own].map(({ db }) =>
        asSeen(db, tables, maxAge, () => db.prepare(sql).raw(true).all({ now: moment })),
      );
      t.deepEqual(rows, of, name);
    }
    for (const name of ['column_status', 'command_log', 'verdicts', 'finding_events', 'about'])
      t.throws(() => lake.db.prepare(`SELECT * FROM ${name}`), { message: /no such table/ }, name);
  });

test('who looked is told of a lake as of its database, and its page is the same', async (t) => {
  const [own, lake] = await bothOf(t, await publishedSamples(t));
  t.deepEqual(readNotSeen(lake.db), readNotSeen(own.db));
  t.true(readNotSeen(own.db).asRoot.size > 0);
  const pageOf = ({ db }: Store, host: string | null, isLake: boolean): string => {
    if (host !== null && isLake) t.log('the commands are left out');
    return reportText(db, {
      ...{ now: now + day, tables, hostId: host, redaction: null, isJudgedAnew: false, isKept: true },
      ...{ version: '0.8.0', fileDigest: 'x', rules: new Map(), nameOf: namedHosts(db).nameOf, isLake },
    });
  };
  // Verdicts are of the database alone; report makes them anew before it tells.
  const views =
    'CREATE TEMP TABLE verdicts (query_name, verdict, host_id, since_time); CREATE TEMP VIEW blind_spots AS SELECT NULL AS table_name, NULL AS host_id WHERE 0';
  own.db.exec(views);
  lake.db.exec(views);
  const sameWords = (page: string): string => page.replaceAll('--lake DIR', '--db FILE');
  t.is(sameWords(pageOf(lake, null, true)), pageOf(own, null, false));
  const [host = ''] = own.db
    .prepare('SELECT host_id FROM latest_snapshots ORDER BY 1')
    .pluck()
    .all() as string[];
  t.regex(pageOf(lake, host, true), /A lake does not hold the commands/);
});

/** A lake with DuckDB before it, in which all tables are shown. */
const engineOf = async (t: ExecutionContext, place: Place, names: readonly string[]): Promise<LakeEngine> => {
  const engine = await LakeEngine.open(duckdb, await readLakeAt(place), 400e6);
  t.teardown(() => engine.close());
  await engine.show(new Set(names.length === 0 ? engine.tableNames : names));
  return engine;
};

const textOf = (columns: readonly string[], rows: readonly Cells[]): string[] =>
  rows.map((row) => jsonRow(columns, row)).toSorted();

test('a statement over two shards has the text that it has over one database of both', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const hosts = fleetOf(12);
  const isFirst = ({ hostId: id }: Host): boolean => id < '00000006';
  const all = storeOfHosts(at('all.db'), hosts);
  await publishAt(at('lake'), storeOfHosts(at('a.db'), hosts.filter(isFirst)), { shard: 'a' }, tables);
  const rest = hosts.filter((host) => !isFirst(host));
  await publishAt(at('lake'), storeOfHosts(at('b.db'), rest), { shard: 'b' }, tables);
  const engine = await engineOf(t, folderPlace(at('lake')), []);
  const own = openForReading(all, tables);
  let rows = 0;
  for (const { name, sql } of queries) {
    const statement = own.db.prepare(sql);
    const columns = statement.columns().map((column) => column.name);
    const cells = statement.raw(true).safeIntegers(true).all({ now }) as Cells[];
    rows += cells.length;
    const text = withNow(sql, now);
    const answer = await engine.ask(text);
    t.deepEqual(answer.columns, columns, name);
    t.deepEqual(textOf(columns, await engine.rows(text)), textOf(columns, cells), name);
  }
  t.true(rows > 30, `${rows}`);
  const lake = await storeOfLake(folderPlace(at('lake')));
  t.deepEqual(answersOf(lake, now), answersOf(own, now));
  lake.close();
  own.close();
});

test('only reading statements are run, on the tables that they name, and values are those that SQLite would have', async (t) => {
  const folder = temporaryFolder(t);
  const { out } = await publishedSamples(t);
  writeFileSync(join(folder, 'secret.csv'), 'a\n1\n');
  const fresh = await LakeEngine.open(duckdb, await readLakeAt(folderPlace(out)), 400e6);
  const named = async (sql: string): Promise<string[]> => [...(await fresh.namedIn(sql))].toSorted();
  t.deepEqual(await named('WITH groups AS (SELECT * FROM Users) SELECT * FROM groups'), ['users']);
  t.deepEqual(await named("SELECT * FROM query('SELECT * FROM hosts') h, users_history"), [
    'hosts',
    'users_history',
  ]);
  fresh.close();
  const engine = await engineOf(t, folderPlace(out), ['users', 'snapshots']);
  const secret = join(folder, 'secret.csv');
  for (const [sql, message] of [
    ['INSERT INTO users_history VALUES (1)', /./],
    ['CREATE TABLE x AS SELECT 1', /it would write/],
    [`COPY (SELECT 1) TO '${join(folder, 'out.csv')}'`, /./],
    ['SELECT 1; SELECT 2', /more than one statement/],
    ['SELECT $1', /a parameter that stands for nothing/],
    ["ATTACH 'x.db'", /it would write/],
    ['SET threads = 1', /it would write/],
    ['INSTALL httpfs', /it would write/],
    ['LOAD json', /it would write/],
    ['EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1', /it would write/],
    [`SELECT * FROM '${secret}'`, /disabled by configuration/],
    [`SELECT * FROM read_text('${secret}')`, /disabled by configuration/],
    [`SELECT * FROM glob('${folder}/*')`, /disabled by configuration/],
    ["SELECT * FROM read_csv('https://example.org/x.csv')", /./],
    // It is in the lake, and was not named.
    ['SELECT * FROM groups', /does not exist/],
  ] as const)
    await t.throwsAsync(engine.rows(sql), { message }, sql);
  t.deepEqual(readdirSync(folder), ['secret.csv']);
  const [[...cells] = []] = await engine.rows(
    withNow(
      "SELECT 1 = 1, 7 / 2, 1.5, sum(9007199254740993), NULL, 'a', ':now', :now + 1, 0.0 / 0, 2 ** 0.5 > 1, DATE '2026-09-01' -- :now",
      now,
    ),
  );
  t.deepEqual(cells, [
    1,
    3,
    1.5,
    9_007_199_254_740_993n,
    null,
    'a',
    ':now',
    BigInt(now + 1),
    null,
    1,
    '2026-09-01',
  ]);
  t.deepEqual(await engine.rows('SELECT * FROM (VALUES (2), (NULL), (1)) v(a) ORDER BY a'), [
    [null],
    [1],
    [2],
  ]);
  await t.throwsAsync(engine.rows('SELECT nothing FROM users'), { instanceOf: LakeSqlError });
});

test('a host in two shards, other levels and other types are told, and nothing is counted', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const some = (await sampleSnapshots()).slice(0, 2);
  await publishAt(at('twice'), storeAt(at('a.db'), some), { shard: 'a' });
  await publishAt(at('twice'), storeAt(at('b.db'), some.slice(0, 1).map(dayLater), 1_790_200_000), {
    shard: 'b',
  });
  const twice = folderPlace(at('twice'));
  await t.throwsAsync(storeOfLake(twice), { message: /is in the shards a and b, and would count twice/ });
  const read = await readLakeAt(twice);
  t.throws(() => checkHosts(read, 2), { message: /have 3 hosts, and there are 2/ });
  checkHosts(read, 3);
  const redacted = storeAt(at('redacted.db'), some);
  editStore(redacted, "UPDATE _snapshot SET redaction = 'strict'");
  await publishAt(at('strict'), redacted, { shard: 'c' });
  const manifest = readFileSync(join(at('strict'), 'shard=c.json'), 'utf8');
  writeFileSync(join(at('twice'), 'shard=c.json'), manifest);
  await t.throwsAsync(readLakeAt(twice), { message: /the shard c is redacted otherwise \(strict\)/ });
  const plain = manifest.replace('"redaction": "strict"', '"redaction": null');
  writeFileSync(join(at('twice'), 'shard=c.json'), plain.replace(/"uid",\s+"INTEGER"/, '"uid", "TEXT"'));
  await t.throwsAsync(readLakeAt(twice), { message: /_history\.uid is TEXT in the shard c/ });
  mkdirSync(at('none'));
  await t.throwsAsync(readLakeAt(folderPlace(at('none'))), { message: /is no lake/ });
});

test('DuckDB that is not there is told with what installs it; the version is that of the package', (t) => {
  const folder = temporaryFolder(t);
  const { peerDependencies, devDependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  t.is(peerDependencies?.[duckdbPackage], duckdbVersion);
  t.is(devDependencies?.[duckdbPackage], duckdbVersion);
  const thrown = t.throws(() => loadDuckdb(folder, null), { message: /not installed beside tokenquery/ });
  t.regex((thrown as unknown as { hint: string }).hint, /npm install --prefix DIR @duckdb\/node-api@1\.5/);
  t.throws(() => loadDuckdb(root, folder), { message: /there is no DuckDB in / });
  const broken = join(folder, 'node_modules', duckdbPackage);
  mkdirSync(broken, { recursive: true });
  writeFileSync(join(broken, 'package.json'), '{"main":"x.js"}');
  writeFileSync(join(broken, 'x.js'), "require('nothing-of-this')");
  t.throws(() => loadDuckdb(root, folder), { message: /cannot be loaded: a part of it is missing/ });
  // Node looks above the folder, too, where others may have put something.
  const above = join(folder, 'node_modules/detect-libc');
  mkdirSync(above);
  writeFileSync(join(above, 'index.js'), 'exports.of = "above";');
  const partOf = (name: string, isBeside: boolean): object => {
    const inner = join(folder, name, 'node_modules', duckdbPackage);
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'package.json'), '{"main":"x.js"}');
    writeFileSync(join(inner, 'x.js'), "exports.part = require('detect-libc')");
    const beside = join(folder, name, 'node_modules/detect-libc');
    if (isBeside) mkdirSync(beside);
    if (isBeside) writeFileSync(join(beside, 'index.js'), 'exports.of = "beside";');
    return (loadDuckdb(root, join(folder, name)) as unknown as { part: object }).part;
  };
  t.throws(() => partOf('lacking', false), { message: /cannot be loaded: a part of it is missing/ });
  t.deepEqual(partOf('whole', true), { of: 'beside' });
});

test('no file is opened for a statement, also while DuckDB finds out what it means; a name may begin with U+FEFF', async (t) => {
  const folder = temporaryFolder(t);
  const host = cleanHost(hostId(1));
  const [user] = host.tables.get('users')?.rows ?? [];
  if (user === undefined) throw new Error('there are users');
  Object.assign(user, { description: '\uFEFFmarked', is_hidden: 1 });
  const db = storeOfHosts(join(folder, 'mac.db'), [host]);
  const out = join(folder, 'lake');
  t.is((await cli(['lake', '--db', db, '--out', out])).code, 0);
  const secret = join(folder, 'secret.csv');
  writeFileSync(secret, 'head|row\nhush4711|x\n');
  for (const text of [
    `SELECT t + 1 FROM read_csv('${secret}', header = true, delim = '|', skip = 1) t`,
    `EXPLAIN SELECT t + 1 FROM read_csv('${secret}', header = true, delim = '|', skip = 1) t`,
    `SELECT x FROM '${secret}' WHERE nowhere = 1`,
  ]) {
    const { code, stdout, stderr } = await cli(['query', '--lake', out, text]);
    t.is(code, 1, text);
    t.notRegex(stdout + stderr, /hush4711|row/, text);
  }
  const sql = 'SELECT username, description FROM users ORDER BY username';
  const [ofLake, ofDb] = [
    await cli(['query', '--lake', out, '--json', sql]),
    await cli(['query', '--db', db, '--json', sql]),
  ];
  t.is(ofLake.stdout, ofDb.stdout);
  t.true(ofDb.stdout.includes('\uFEFFmarked'));
  const lakeStore = await openLakeStore(await readLakeAt(folderPlace(out)), {
    tables,
    wanted: new Set(['users']),
    progress: () => {},
  });
  t.is(
    lakeStore.db
      .prepare("SELECT count(*) FROM users WHERE description = char(65279) || 'marked'")
      .pluck()
      .get(),
    1,
  );
  lakeStore.close();
  // Each comment was tried as the end of each before it.
  const comments = '/* c */\n'.repeat(200);
  t.is((await cli(['query', '--lake', out, '--timeout', '20', `${comments}SELECT 1 AS one`])).code, 0);
});

(process.geteuid?.() === 0 ? test : test.skip)('as root, DuckDB of somebody else is not loaded', (t) => {
  const folder = temporaryFolder(t);
  const own = join(folder, 'node_modules', duckdbPackage);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'package.json'), '{"main":"x.js"}');
  writeFileSync(join(own, 'x.js'), 'exports.loaded = true;');
  t.true('loaded' in loadDuckdb(root, folder));
  for (const [path, message] of [
    [join(own, 'x.js'), /x\.js belongs to user 4242, and as root DuckDB must be root’s alone/],
    [join(folder, 'node_modules'), /node_modules belongs to user 4242/],
  ] as const) {
    chownSync(path, 4242, 0);
    t.throws(() => loadDuckdb(root, folder), { message });
    chownSync(path, 0, 0);
  }
});

test('the commands: the same bytes of a lake as of its database, and what is wrong is told', async (t) => {
  const { db, out } = await publishedSamples(t);
  const folder = temporaryFolder(t);
  const exceptions = join(folder, 'exceptions.json');
  const accepted = { query: 'filevault_off', host: '*', subject: 'host', until: '2027-03-01' };
  const why = { owner: 'Endpoint team', reason: 'It is a kiosk.' };
  writeFileSync(exceptions, JSON.stringify({ version: 1, exceptions: [{ ...accepted, ...why }] }));
  const sql = 'SELECT host_id, username, uid, secure_token FROM secure_tokens ORDER BY host_id, username';
  for (const words of [
    ['findings'],
    ['findings', '--json', '--changed-since', '2026-09-01', '--exceptions', exceptions],
    ['findings', '--summary', '--csv'],
    ['query', '-n', 'bootstrap_token_not_escrowed', '--json'],
    ['query', '--csv', sql.replace('uid, ', '')],
    ['query', '--json', sql.replace('uid, ', '')],
  ]) {
    const [own, lake] = await Promise.all([
      cli([...words.slice(0, 1), '--db', db, ...words.slice(1)]),
      cli([...words.slice(0, 1), '--lake', out, ...words.slice(1)]),
    ]);
    t.deepEqual([lake.code, lake.stdout], [own.code, own.stdout], words.join(' '));
    t.is(lake.stderr, own.stderr, words.join(' '));
  }
  const wrong = async (code: number, message: RegExp, ...words: string[]): Promise<void> => {
    const { code: ended, stdout, stderr } = await cli(words);
    t.deepEqual([ended, stdout], [code, ''], stderr);
    t.regex(stderr, message);
  };
  await wrong(
    1,
    /there is no table user\n.*did you mean users\?/,
    'query',
    '--lake',
    out,
    'SELECT * FROM user',
  );
  await wrong(1, /there is no DuckDB in/, 'query', '--lake', out, '--duckdb', folder, 'SELECT 1');
  await wrong(1, /DELETE is refused: queries only read/, 'query', '--lake', out, 'DELETE FROM users');
  await wrong(
    1,
    /confidence is never 'hihg'/,
    'query',
    '--lake',
    out,
    '--strict',
    "SELECT 1 FROM secure_tokens WHERE confidence = 'hihg'",
  );
  await wrong(1, /is no lake: there is no lake\.json in it/, 'findings', '--lake', folder);
  await wrong(2, /--lake and --db exclude each other/, 'findings', '--lake', out, '--db', db);
  await wrong(
    1,
    /did not end within 1 s and was stopped/,
    'query',
    '--lake',
    out,
    '--timeout',
    '1',
    'SELECT sum(a.range) FROM range(100000000) a, range(1000000) b',
  );
});

(hasS3 ? test : test.skip)('a lake in a bucket is fetched once into a folder of its reader’s', async (t) => {
  const folder = temporaryFolder(t);
  const port = await startS3(t, join(folder, 's3'));
  const environment = {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  };
  const bucket = s3Place('s3://fleet/lake', environment, { retryMs: 5 });
  const first = storeAt(join(folder, 'fleet.db'), await sampleSnapshots());
  await publishTo(bucket, first);
  const cache = join(folder, 'cache');
  const read = async (): Promise<readonly [number, number]> => {
    const cached = new CachedPlace(bucket, cache, 'lake');
    const engine = await engineOf(t, cached, ['users', 'snapshots']);
    const [[users] = []] = await engine.rows('SELECT count(*) FROM users');
    return [Number(users), cached.tidy(await readLakeAt(cached)).files];
  };
  const [users, files] = await read();
  t.deepEqual([files, users > 100], [2, true]);
  t.is(statSync(cache).mode & 0o777, 0o700);
  t.deepEqual(await read(), [users, 0]);
  const parts = readdirSync(cache, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(cache, name));
  t.deepEqual(
    parts.map((path) => statSync(path).mode & 0o777),
    [0o600, 0o600],
  );
  // What somebody put there is not read.
  for (const path of parts) writeFileSync(path, 'PAR1 other rows PAR1');
  t.deepEqual(await read(), [users, 2]);
  const old = join(parts[0] ?? '', '..', `part-0000-${'0'.repeat(32)}.parquet`);
  writeFileSync(old, 'old');
  await read();
  t.true(readdirSync(join(old, '..')).includes(`part-0000-${'0'.repeat(32)}.parquet`));
  utimesSync(old, 1_000_000, 1_000_000);
  await read();
  t.false(readdirSync(join(old, '..')).includes(`part-0000-${'0'.repeat(32)}.parquet`));
  const open = join(folder, 'open');
  mkdirSync(open, { mode: 0o755 });
  t.throws(() => new CachedPlace(bucket, open, 'lake'), { message: /is not its owner’s alone/ });
  const words = [
    'query',
    '--lake',
    's3://fleet/lake',
    '--cache',
    join(folder, 'own'),
    '--csv',
    'SELECT count(*) AS n FROM users',
  ];
  const { code, stdout, stderr } = await cli(words, { env: environment });
  t.deepEqual([code, stdout], [0, `n\r\n${users}\r\n`], stderr);
  t.regex(stderr, /files of s3:\/\/fleet\/lake fetched, 0\.\d MB; .* now keeps 0\.\d MB of it/);
});
