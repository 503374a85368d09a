/**
 * Publishes a database, and asks every question of the library of the store and, by DuckDB, of the lake: bytes, times, memory, and
 * whether the answers are the same.
 *
 * Run: node bench/lake.ts STORE.db OUT [--no-questions] [--shards N]; TOKENQUERY_PROGRAM names the program that publishes. bench/fleet.ts
 * and merge make the database. With --shards it is published N times, one after the other, each time with other ids of its hosts: a fleet
 * of N times as many Macs, and of each question N times the rows, but of those that compare Macs with each other.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { folderPlace } from '../export/lake/folder.ts';
import { lakeViews } from '../export/lake/views.ts';
import { queries } from '../queries/index.ts';
import { openDatabase } from '../store/database.ts';
import { openForReading } from '../store/file.ts';
import { tables } from '../tables/index.ts';

const tell = (text: string): void => void process.stdout.write(`${text}\n`);
const program = process.env['TOKENQUERY_PROGRAM'] ?? join(import.meta.dirname, '../dist/tokenquery.cjs');
const seconds = (from: number): number => (performance.now() - from) / 1000;

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

const publish = (db: string, out: string, shard: string): void => {
  const before = performance.now();
  const [time] = ['/usr/bin/time', '/bin/time'].filter((path) => existsSync(path));
  const command = [process.execPath, program, 'lake', '--db', db, '--out', out, '--shard', shard];
  const [first = '', ...words] = time === undefined ? command : [time, '-v', ...command];
  const { stdout, stderr, status } = spawnSync(first, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const told = (what: string): string => new RegExp(`${what}[^:]*: ([\\d.]+)`).exec(stderr)?.[1] ?? '?';
  tell(
    `${stdout.trim()}: ${seconds(before).toFixed(1)} s, CPU ${told('User time')} + ${told('System time')} s, ` +
      `${Math.round(Number(told('Maximum resident set size')) / 1024)} MB at most, ${(sizeOf(out) / 1e6).toFixed(1)} MB on the disk`,
  );
};

/** The same database as one of other Macs. */
const publishAs = (db: string, out: string, number: number): void => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
  const copy = join(folder, 'fleet.db');
  copyFileSync(db, copy);
  const other = openDatabase(copy);
  other.exec(
    `UPDATE _host SET host_id = '${number.toString(16).toUpperCase().padStart(4, '0')}' || substr(host_id, 5)`,
  );
  other.close();
  publish(copy, out, `shard${number}`);
  rmSync(folder, { recursive: true, force: true });
};

type Rows = readonly (readonly unknown[])[];

const cell = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

const digestOf = (rows: Rows): string => {
  const hash = createHash('sha256');
  for (const line of rows.map((row) => JSON.stringify(row.map(cell))).toSorted()) hash.update(`${line}\n`);
  return hash.digest('hex');
};

const ask = async (db: string, out: string, shards: number): Promise<void> => {
  const store = openForReading(db, tables);
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MB' });
  const duckdb = await instance.connect();
  await duckdb.run(await lakeViews(folderPlace(out), 'duckdb'));
  const now = (store.db.prepare('SELECT max(collected_time) FROM snapshots').pluck().get() as number) + 3600;
  const sum = { store: 0, lake: 0, same: 0 };
  for (const { name, sql } of queries) {
    let began = performance.now();
    const own = store.db.prepare(sql).raw(true).all({ now }) as Rows;
    const ofStore = seconds(began);
    const text = sql.replaceAll(/'(?:[^']|'')*'|--[^\n]*|:now\b/g, (part) =>
      part === ':now' ? `${now}` : part,
    );
    began = performance.now();
    const other = (await duckdb.runAndReadAll(text)).getRowsJS();
    const ofLake = seconds(began);
    sum.store += ofStore;
    sum.lake += ofLake;
    const isSame = shards === 1 ? digestOf(own) === digestOf(other) : own.length * shards === other.length;
    sum.same += Number(isSame);
    if (!isSame || ofLake > 2 || ofStore > 2)
      tell(
        `${isSame ? 'same' : 'DIFFERENT'} ${name}: ${own.length} rows, store ${ofStore.toFixed(2)} s, lake ${ofLake.toFixed(2)} s`,
      );
  }
  tell(
    `${sum.same} of ${queries.length} questions have ${shards === 1 ? 'the same' : `${shards} times the`} rows; store ${sum.store.toFixed(1)} s, lake ${sum.lake.toFixed(1)} s (${(sum.lake / sum.store).toFixed(2)})`,
  );
  duckdb.closeSync();
  instance.closeSync();
  store.close();
};

const { values, positionals } = parseArgs({
  options: { 'no-questions': { type: 'boolean' }, shards: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [db = 'fleet.db', out = 'lake'] = positionals;
const shards = Number(values.shards);
for (const _time of ['first', 'again']) publish(db, out, 'main');
for (let number = 2; number <= shards; number += 1) publishAs(db, out, number);
if (values['no-questions'] !== true) await ask(db, out, shards);
