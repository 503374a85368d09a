/** What `schema --dialect` prints, made for real in each engine that is here, and filled with what is exported as CSV. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { PGlite } from '@electric-sql/pglite';
import Database from 'better-sqlite3';
import test from 'ava';
import { createInDialect, relationsBeside } from '../../export/dialects.ts';
import { csvLine } from '../../export/formats/csv.ts';
import type { Cell } from '../../export/format.ts';
import { queries } from '../../queries/index.ts';
import { openForReading } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { bound } from '../queries/engines.ts';
import { cli, sample } from '../standin.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const now = 1_790_500_000;

/** A database of two Macs, its export, and its histories and snapshots as `query --csv` prints them. */
test.before(async (t) => {
  t.timeout(300_000);
  const db = join(folder, 'fleet.db');
  await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    sample('macos26-managed'),
    '--source',
    sample('macos10.15-mobile'),
  ]);
  const exported = await cli([
    'export',
    '--db',
    db,
    '--format',
    'csv',
    '--current',
    '--output',
    join(folder, 'csv'),
  ]);
  t.is(exported.code, 0, exported.stderr);
  const store = openForReading(db, tables);
  for (const { name, columns } of relationsBeside(tables)) {
    const statement = store.db.prepare(`SELECT * FROM "${name}"`);
    t.deepEqual(
      statement.columns().map((column) => column.name),
      columns.map(([column]) => column),
      name,
    );
    const rows = statement.raw(true).safeIntegers(false).all() as Cell[][];
    writeFileSync(
      join(folder, 'csv', `${name}.csv`),
      [columns.map(([column]) => column), ...rows].map((row) => csvLine(row)).join(''),
    );
  }
  store.close();
});

const files = (): readonly string[] =>
  readdirSync(join(folder, 'csv')).filter((name) => name.endsWith('.csv'));
const pathOf = (name: string): string => join(folder, 'csv', `${name}.csv`);

/** What the store itself counts and answers. */
const expected = () => {
  const store = openForReading(join(folder, 'fleet.db'), tables);
  const counts = new Map(
    files().map((file) => {
      const name = file.replace('.csv', '');
      return [name, Number(store.db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get())] as const;
    }),
  );
  const answers = new Map(
    queries.map(
      ({ name, sql }) =>
        [name, store.db.prepare(sql).safeIntegers(false).raw(true).all({ now }) as unknown[][]] as const,
    ),
  );
  store.close();
  return { counts, answers };
};

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
const sorted = (rows: unknown[][]): string[] => rows.map((row) => JSON.stringify(row.map(plain))).toSorted();

interface Engine {
  readonly name: string;
  run(sql: string): Promise<unknown>;
  load(name: string): Promise<unknown>;
  rows(sql: string): Promise<unknown[][]>;
  close(): Promise<unknown>;
}

const duckdb = async (): Promise<Engine> => {
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  return {
    name: 'duckdb',
    run: (sql) => db.run(sql),
    load: (name) =>
      db.run(
        `COPY "${name}" FROM '${pathOf(name)}' (FORMAT csv, HEADER, QUOTE '"', ESCAPE '"', NULLSTR '', AUTO_DETECT false, DELIM ',', ALLOW_QUOTED_NULLS false, NEW_LINE '\\r\\n')`,
      ),
    rows: async (sql) => {
      const { sql: text, isBound } = bound(sql);
      return (await db.runAndReadAll(text, isBound ? [BigInt(now)] : [])).getRowsJS();
    },
    close: async () => {
      db.closeSync();
      instance.closeSync();
    },
  };
};

const postgres = async (): Promise<Engine> => {
  const db = await PGlite.create();
  return {
    name: 'postgres',
    run: (sql) => db.exec(sql),
    load: (name) =>
      db.query(`COPY "${name}" FROM '/dev/blob' WITH (FORMAT csv, HEADER)`, [], {
        blob: new Blob([readFileSync(pathOf(name))]),
      }),
    rows: async (sql) => {
      const { sql: text, isBound } = bound(sql);
      return (await db.query(text, isBound ? [now] : [], { rowMode: 'array' })).rows as unknown[][];
    },
    close: () => db.close(),
  };
};

for (const open of [postgres, duckdb]) {
  test(`${open.name}: the tables are made, take the exports whole, and answer all queries of the library as the store does`, async (t) => {
    t.timeout(300_000);
    const engine = await open();
    for (const sql of createInDialect(tables, engine.name as 'duckdb' | 'postgres', true))
      await engine.run(sql);
    const { counts, answers } = expected();
    t.deepEqual(files().length, tables.length + relationsBeside(tables).length);
    for (const [name, count] of counts) {
      await engine.load(name);
      const [row] = await engine.rows(`SELECT count(*) FROM "${name}"`);
      t.is(Number(row?.[0]), count, name);
    }
    // An empty text is not NULL.
    t.deepEqual(sorted(await engine.rows('SELECT DISTINCT type FROM users')), ['[""]']);
    for (const [name, rows] of answers) {
      const { sql = '' } = queries.find((query) => query.name === name) ?? {};
      t.deepEqual(sorted(await engine.rows(sql)), sorted(rows), name);
    }
    await engine.close();
  });
}

test('sqlite: the tables are made, and the shell of SQLite puts the exports into them', (t) => {
  const path = join(folder, 'plain.db');
  const db = new Database(path);
  for (const sql of createInDialect(tables, 'sqlite', true)) db.exec(sql);
  db.close();
  if (spawnSync('sqlite3', ['--version']).status !== 0) {
    t.log('skipped: no sqlite3');
    t.pass();
    return;
  }
  const { counts } = expected();
  const lines = [...counts.keys()].map((name) => `.import --csv --skip 1 ${pathOf(name)} ${name}`);
  const { stderr } = spawnSync('sqlite3', [path], { input: lines.join('\n'), encoding: 'utf8' });
  t.is(stderr, '');
  const loaded = new Database(path, { readonly: true });
  for (const [name, count] of counts)
    t.is(loaded.prepare(`SELECT count(*) FROM "${name}"`).pluck().get(), count, name);
  loaded.close();
});

/** Engines that a machine may have; without one its test says so by name. */
test('clickhouse: the tables are made, and take the exports whole', (t) => {
  if (spawnSync('clickhouse', ['local', '--version']).status !== 0) {
    t.log('skipped: no clickhouse');
    t.pass();
    return;
  }
  const { counts } = expected();
  const statements = [
    ...createInDialect(tables, 'clickhouse', true),
    ...[...counts.keys()].map(
      (name) => `INSERT INTO \`${name}\` FROM INFILE '${pathOf(name)}' FORMAT CSVWithNames;`,
    ),
    ...[...counts.keys()].map((name) => `SELECT '${name}', count() FROM \`${name}\`;`),
  ];
  const { stdout, stderr } = spawnSync('clickhouse', ['local', '--multiquery'], {
    input: statements.join('\n'),
    encoding: 'utf8',
  });
  t.is(stderr, '');
  t.deepEqual(
    stdout.trim().split('\n'),
    [...counts].map(([name, count]) => `${name}\t${count}`),
  );
});

/** Runs SQL without a server: MariaDB reads it as it does when it is set up. */
const mariadb = (data: string, sql: string): string =>
  spawnSync(
    'mariadbd',
    [
      ...['--no-defaults', '--bootstrap', `--datadir=${data}`, '--secure-file-priv=', '--skip-log-bin'],
      ...(process.geteuid?.() === 0 ? ['--user=root'] : []),
    ],
    { input: sql, encoding: 'utf8', env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` } },
  ).stderr;

test('mysql: the tables are made in MariaDB, and take the exports whole', (t) => {
  t.timeout(300_000);
  const data = join(folder, 'mariadb');
  mkdirSync(data);
  if (!/as process \d+/.test(mariadb(data, 'CREATE DATABASE fleet;\n'))) {
    t.log('skipped: no mariadbd');
    t.pass();
    return;
  }
  const { counts } = expected();
  const load = (name: string): string => {
    const [header = ''] = readFileSync(pathOf(name), 'utf8').split('\r\n');
    const columns = header.split(',');
    const set = columns.map((column, index) => `\`${column}\` = NULLIF(@c${index}, '')`);
    return (
      `LOAD DATA INFILE '${pathOf(name)}' INTO TABLE \`${name}\` CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' ` +
      `OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES ` +
      `(${columns.map((_column, index) => `@c${index}`).join(', ')}) SET ${set.join(', ')};`
    );
  };
  const told = join(folder, 'counts.tsv');
  const statements = [
    'USE fleet;',
    ...createInDialect(tables, 'mysql', true).map((sql) => sql.replaceAll('\n', ' ')),
    ...[...counts.keys()].map(load),
    `SELECT * FROM (${[...counts.keys()].map((name) => `SELECT '${name}' AS name, count(*) FROM \`${name}\``).join(' UNION ALL ')}) c INTO OUTFILE '${told}';`,
  ];
  const stderr = mariadb(data, `${statements.join('\n')}\n`);
  t.notRegex(stderr, /ERROR/, stderr);
  t.deepEqual(
    readFileSync(told, 'utf8').trim().split('\n').toSorted(),
    [...counts].map(([name, count]) => `${name}\t${count}`).toSorted(),
  );
});
