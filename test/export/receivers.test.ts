/** What is written is read by programs that others wrote. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { DuckDBInstance } from '@duckdb/node-api';
import { PGlite } from '@electric-sql/pglite';
import { exportReader } from '../../export/rows/reader.ts';
import { nativeFormat } from '../../export/formats/native.ts';
import { osqueryFormat } from '../../export/formats/osquery.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { later, linesOf, sampleSnapshots, sampleStore, storeAt, textOf, withStore } from './world.ts';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const rsyslogd = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd', '/usr/local/sbin/rsyslogd'].find((path) =>
  existsSync(path),
);
const ifRsyslog = rsyslogd === undefined ? test.skip : test;

const sendAll = (port: number, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });

const until = async (isDone: () => boolean | Promise<boolean>, seconds: number): Promise<boolean> => {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await wait(50)) {
    if (await isDone()) return true;
  }
  return false;
};

ifRsyslog('rsyslog takes 10,000 lines over TCP, and a file on disk has them all', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  const db = storeAt(
    join(folder, 'fleet.db'),
    Array.from({ length: 40 }, (_, index) => later(first, index * 86_400)),
  );
  const text = withStore(db, (store) => {
    const reading = exportReader(store, { tables, rowSql: null });
    const all = Array.from(
      reading.wholeSnapshots(() => true),
      (snapshot) => textOf(osqueryFormat({ form: 'event' }), [snapshot]),
    ).join('');
    return `${linesOf(all).slice(0, 10_000).join('\n')}\n`;
  });
  const lines = linesOf(text);
  t.is(lines.length, 10_000);
  const out = join(folder, 'received.log');
  const conf = join(folder, 'rsyslog.conf');
  writeFileSync(
    conf,
    [
      'global(workDirectory="' +
        folder +
        '" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")',
      'module(load="imtcp")',
      'template(name="raw" type="string" string="%rawmsg%\\n")',
      `ruleset(name="take") { action(type="omfile" file="${out}" template="raw" asyncWriting="off") }`,
      `input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="take")`,
      '',
    ].join('\n'),
  );
  const daemon = spawn(rsyslogd ?? '', ['-n', '-f', conf, '-i', join(folder, 'rsyslogd.pid')], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => daemon.on('close', resolve));
  try {
    const isListening = await until(
      () =>
        new Promise<boolean>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            socket.end();
            resolve(true);
          });
          socket.on('error', () => resolve(false));
        }),
      15,
    );
    t.true(isListening);
    await sendAll(port, text);
    const received = (): string[] => (existsSync(out) ? linesOf(readFileSync(out, 'utf8')) : []);
    await until(() => received().length >= lines.length, 20);
    t.is(received().length, lines.length);
    t.deepEqual(received(), lines);
  } finally {
    daemon.kill('SIGTERM');
    await ended;
  }
});

test('DuckDB and PostgreSQL load the native lines, and count what the database counts', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const { text, counts, admins } = withStore(db, (store) => {
    const names = tables.filter(({ name }) => name !== 'table_status').map(({ name }) => name);
    return {
      text: textOf(
        nativeFormat(),
        exportReader(store, { tables, rowSql: nativeFormat().rowSql }).currentSnapshots(),
      ),
      counts: names
        .map((name): [string, number] => [
          name,
          store.db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get() as number,
        ])
        .filter(([, count]) => count > 0)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      admins: store.db
        .prepare(
          'SELECT host_id, count(*) FROM secure_tokens WHERE is_admin = 1 AND secure_token = 1 GROUP BY 1 ORDER BY 1',
        )
        .raw(true)
        .all() as [string, number][],
    };
  });
  t.true(counts.length > 15);
  const file = join(folder, 'native.ndjson');
  writeFileSync(file, text);

  const instance = await DuckDBInstance.create(':memory:');
  const duck = await instance.connect();
  const plain = (rows: readonly (readonly unknown[])[]): unknown[][] =>
    rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  const ask = async (sql: string): Promise<unknown[][]> => plain((await duck.runAndReadAll(sql)).getRowsJS());
  const lines = `read_ndjson('${file}', columns = {kind: 'VARCHAR', "table": 'VARCHAR', host_id: 'VARCHAR', row_id: 'VARCHAR', columns: 'JSON'})`;
  t.deepEqual(
    await ask(`SELECT "table", count(*) FROM ${lines} WHERE kind = 'row' GROUP BY 1 ORDER BY 1`),
    counts,
  );
  t.deepEqual(
    await ask(
      `SELECT host_id, count(*) FROM ${lines} WHERE kind = 'row' AND "table" = 'secure_tokens' ` +
        "AND CAST(columns->>'is_admin' AS INTEGER) = 1 AND CAST(columns->>'secure_token' AS INTEGER) = 1 GROUP BY 1 ORDER BY 1",
    ),
    admins,
  );
  // Without being told anything, too.
  t.deepEqual(
    await ask(`SELECT count(*), count(DISTINCT row_id) FROM read_ndjson_auto('${file}') WHERE kind = 'row'`),
    [
      [
        linesOf(text).filter((line) => line.startsWith('{"kind":"row"')).length,
        linesOf(text).filter((line) => line.startsWith('{"kind":"row"')).length,
      ],
    ],
  );
  duck.closeSync();
  instance.closeSync();

  const pg = await PGlite.create();
  await pg.exec('CREATE TABLE raw (line jsonb)');
  // COPY in its text form: a backslash is doubled, and a line is a line.
  const blob = new Blob([text.replaceAll('\\', '\\\\')]);
  await pg.query("COPY raw FROM '/dev/blob'", [], { blob });
  await pg.exec(
    'CREATE TABLE row_of (row_id text PRIMARY KEY, host_id text, table_name text, columns jsonb); ' +
      "INSERT INTO row_of SELECT line->>'row_id', line->>'host_id', line->>'table', line->'columns' FROM raw WHERE line->>'kind' = 'row'",
  );
  const rows = async (sql: string): Promise<unknown[][]> =>
    (await pg.query(sql, [], { rowMode: 'array' })).rows as unknown[][];
  t.deepEqual(
    await rows('SELECT table_name, count(*)::int FROM row_of GROUP BY 1 ORDER BY table_name COLLATE "C"'),
    counts,
  );
  t.deepEqual(
    await rows(
      "SELECT host_id, count(*)::int FROM row_of WHERE table_name = 'secure_tokens' AND (columns->>'is_admin')::int = 1 " +
        "AND (columns->>'secure_token')::int = 1 GROUP BY 1 ORDER BY 1",
    ),
    admins,
  );
  // A second load of the same lines adds nothing: the id of the row says that it is there.
  await pg.exec(
    "INSERT INTO row_of SELECT line->>'row_id', line->>'host_id', line->>'table', line->'columns' FROM raw WHERE line->>'kind' = 'row' ON CONFLICT DO NOTHING",
  );
  t.deepEqual(
    await rows('SELECT table_name, count(*)::int FROM row_of GROUP BY 1 ORDER BY table_name COLLATE "C"'),
    counts,
  );
  await pg.close();
});
