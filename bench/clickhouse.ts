/**
 * Asks every question of the library of a database and, by ClickHouse, of a lake with it, through the views that `lake --views clickhouse`
 * prints: whether the rows are the same, and how long both take.
 *
 * Run: node bench/clickhouse.ts STORE.db OUT [--chdb DIR]; OUT is published anew. ClickHouse is chdb, of npm, with 543 MB: no part of the
 * project. It is installed into DIR, where it is not there: .cache/tokenquery-tests/chdb by default.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { folderPlace } from '../export/lake/folder.ts';
import { lakeViews } from '../export/lake/views.ts';
import { publish } from '../export/lake/publish.ts';
import { queries } from '../queries/index.ts';
import { openForReading } from '../store/file.ts';
import { tables } from '../tables/index.ts';
import { bound } from '../test/queries/engines.ts';

const version = '3.4.0';
const tell = (text: string): void => void process.stdout.write(`${text}\n`);

interface Session {
  query(sql: string, format: string): string;
  cleanup(): void;
}

const chdbOf = (folder: string): new (path: string) => Session => {
  if (!existsSync(join(folder, 'node_modules/chdb'))) {
    const words = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder];
    const { status, stderr } = spawnSync('npm', [...words, `chdb@${version}`], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  const found = createRequire(join(folder, 'node_modules/'))('chdb') as {
    Session: new (path: string) => Session;
  };
  return found.Session;
};

const cell = (value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(12)) : value;

// NULL is first in one engine and last in the other: a set is compared.
const lines = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) => JSON.stringify(row.map(cell)))
    .toSorted()
    .join('\n');

const ask = (store: ReturnType<typeof openForReading>, session: Session, settings: string): void => {
  const now = (store.db.prepare('SELECT max(collected_time) FROM snapshots').pluck().get() as number) + 3600;
  const sum = { store: 0, lake: 0, same: 0 };
  for (const { name, sql } of queries) {
    let began = performance.now();
    const own = store.db.prepare(sql).raw(true).all({ now }) as unknown[][];
    sum.store += performance.now() - began;
    began = performance.now();
    try {
      const text = bound(sql).sql.replaceAll('CAST($1 AS BIGINT)', String(now));
      const answer = session.query(`${settings} ${text}`, 'JSONCompactEachRow').trim();
      sum.lake += performance.now() - began;
      const other = answer === '' ? [] : answer.split('\n').map((line) => JSON.parse(line) as unknown[]);
      const isSame = lines(own) === lines(other);
      sum.same += Number(isSame);
      if (!isSame) tell(`DIFFERENT ${name}: ${own.length} rows, and ${other.length}`);
    } catch (error) {
      tell(`REFUSED ${name}: ${String(error).replaceAll(/\s+/g, ' ').slice(0, 300)}`);
    }
  }
  tell(
    `${sum.same} of ${queries.length} questions have the same rows; store ${(sum.store / 1000).toFixed(1)} s, ClickHouse ${(sum.lake / 1000).toFixed(1)} s`,
  );
};

const { values, positionals } = parseArgs({ options: { chdb: { type: 'string' } }, allowPositionals: true });
const [db = 'fleet.db', out = 'lake'] = positionals;
const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const ClickHouse = chdbOf(resolve(values.chdb ?? join(caches, 'tokenquery-tests/chdb')));
const place = folderPlace(resolve(out));
const store = openForReading(db, tables);
await publish(store, tables, place, {
  ...{ shard: 'main', keep: 0, now: Math.floor(Date.now() / 1000), toolVersion: 'bench' },
});
const views = await lakeViews(place, 'clickhouse');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
// It reads files below the folder in which it runs, and no others.
process.chdir('/');
const session = new ClickHouse(folder);
tell(`ClickHouse ${session.query('SELECT version()', 'TSV').trim()}`);
session.query(views, 'CSV');
const settings = [...views.matchAll(/^SET [^;]*;/gm)].map(([text]) => text).join(' ');
ask(store, session, `${settings} SET output_format_json_quote_64bit_integers = 0;`);
session.cleanup();
store.close();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
