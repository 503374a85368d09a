/**
 * Loads a database into a PostgreSQL of its own, then a night of which an export is given: times, rows, and whether every question of
 * the library has the rows of the store.
 *
 * Run: node bench/postgres.ts STORE.db NIGHT.ndjson; the night is merged into the database. TOKENQUERY_PROGRAM names the program.
 * node bench/fleet.ts NIGHT.ndjson --hosts 200 --days 3 makes a third night of 200 hosts of a fleet of two.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queries } from '../queries/index.ts';
import { openForReading } from '../store/file.ts';
import { tables } from '../tables/index.ts';
import { startPostgres } from '../test/servers.ts';

const tell = (text: string): void => void process.stdout.write(`${text}\n`);
const program = process.env['TOKENQUERY_PROGRAM'] ?? join(import.meta.dirname, '../dist/tokenquery.cjs');
const [db = 'fleet.db', night = 'night.ndjson'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
const at = (name: string): string => join(folder, name);

const timed = (what: string, [command = '', ...words]: readonly string[], out: string): void => {
  const began = performance.now();
  const { status, stderr } = spawnSync(command, words, {
    ...{ stdio: ['ignore', openSync(out, 'w'), 'pipe'], encoding: 'utf8' },
  });
  if (status !== 0) throw new Error(`${what}: ${stderr}`);
  const told = `${(statSync(out).size / 1e6).toFixed(1)} MB ${stderr.trim().replaceAll(/tokenquery: note: /g, '')}`;
  tell(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${told}`);
};

const ends: (() => Promise<void>)[] = [];
const postgres = await startPostgres({ teardown: (end) => void ends.push(end) });

const load = (what: string, ...words: string[]): void => {
  timed(
    `${what}: script`,
    [process.execPath, program, 'lake', '--psql', '--db', db, ...words],
    at('load.sql'),
  );
  timed(`${what}: psql`, [...postgres.command, '-f', at('load.sql')], at('told'));
};

const loadNight = (what: string): void => {
  timed(`${what}: marks`, [...postgres.command, '-c', 'COPY tokenquery_loaded TO STDOUT'], at('loaded'));
  load(what, '--loaded', at('loaded'));
};

const ask = async (): Promise<void> => {
  const store = openForReading(db, tables);
  const now = (store.db.prepare('SELECT max(collected_time) FROM snapshots').pluck().get() as number) + 3600;
  const sum = { store: 0, postgres: 0, same: 0 };
  const lines = (rows: readonly unknown[][]): string =>
    rows
      .map((row) => JSON.stringify(row))
      .toSorted()
      .join('\n');
  for (const { name, sql } of queries) {
    let began = performance.now();
    const own = store.db.prepare(sql).raw(true).all({ now }) as unknown[][];
    sum.store += performance.now() - began;
    began = performance.now();
    // As docs/lake.md says.
    const text = `SET enable_nestloop = off; SET work_mem = '64MB';\nSELECT to_json(r) FROM (\n${sql}\n) r;`;
    const { stdout, stderr, code } = await postgres.run(text, { words: ['-At', '-v', `now=${now}`] });
    if (code !== 0) throw new Error(`${name}: ${stderr}`);
    sum.postgres += performance.now() - began;
    const other = stdout.split('\n').filter((line) => line !== '');
    const isSame = lines(own) === lines(other.map((line) => Object.values(JSON.parse(line) as object)));
    sum.same += Number(isSame);
    if (!isSame) tell(`DIFFERENT ${name}`);
  }
  const [ofStore, ofPostgres] = [sum.store / 1000, sum.postgres / 1000];
  tell(
    `${sum.same} of ${queries.length} questions have the same rows; store ${ofStore.toFixed(1)} s, PostgreSQL ${ofPostgres.toFixed(1)} s`,
  );
  store.close();
};

try {
  load('first');
  timed('merge of the night', [process.execPath, program, 'merge', '--db', db, night], at('told'));
  loadNight('night');
  loadNight('night, nothing new');
  await ask();
} finally {
  for (const end of ends) await end();
  rmSync(folder, { recursive: true, force: true });
}
