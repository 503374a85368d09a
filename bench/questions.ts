/**
 * Asks the questions of the library of a database, in this process: `node bench/questions.ts --db FILE [--only NAME,…] [--plan] [--json]`.
 *
 * `--only` asks some of them, `--plan` prints how SQLite goes about each, `--rounds N` takes the best of so many. `npm run bench -- questions
 * --keep FOLDER` leaves databases to ask there.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { queries } from '../queries/index.ts';
import { openDatabase } from '../store/database.ts';
import type { Db } from '../store/database.ts';
import { withPlainHosts } from '../store/plain_hosts.ts';
import { tables } from '../tables/index.ts';
import { now } from '../test/queries/constructed.ts';

/** What no question may take on 10,000 hosts. */
const mostSeconds = 0.6;

const { values } = parseArgs({
  options: {
    db: { type: 'string' },
    only: { type: 'string' },
    plan: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '1' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const timed = (
  db: Db,
  sql: string,
): { readonly rows: number; readonly seconds: number; readonly cpu: number } => {
  const statement = db.prepare(sql).raw(true);
  const start = performance.now();
  const used = process.cpuUsage();
  let rows = 0;
  for (const _row of statement.iterate({ now })) rows += 1;
  const { user, system } = process.cpuUsage(used);
  return { rows, seconds: (performance.now() - start) / 1_000, cpu: (user + system) / 1e6 };
};

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** What the questions of the last release cost on the mean, and what all do: on the processor, in one run. */
const sayMeans = (every: ReadonlyMap<string, number>): void => {
  const { questions } = JSON.parse(
    readFileSync(new URL('../test/contract/questions.json', import.meta.url), 'utf8'),
  ) as { readonly questions: readonly { readonly name: string }[] };
  const before = questions.flatMap(({ name }) => every.get(name) ?? []);
  if (before.length === 0) return;
  const [all, old] = [mean([...every.values()]), mean(before)];
  say(
    `\nmean of ${every.size}: ${all.toFixed(3)}; of the ${before.length} of the last release: ${old.toFixed(3)}; ratio ${(all / old).toFixed(2)}`,
  );
};

const askOne = (db: Db, sql: string): ReturnType<typeof timed> => {
  const runs = Array.from({ length: Number(values.rounds) }, () => timed(db, sql));
  return {
    rows: runs[0]?.rows ?? 0,
    seconds: Math.min(...runs.map((one) => one.seconds)),
    cpu: Math.min(...runs.map((one) => one.cpu)),
  };
};

const ask = (path: string): void => {
  const db = openDatabase(path, { readonly: true });
  // As findings asks them.
  withPlainHosts(db, tables);
  const every = new Map<string, ReturnType<typeof timed>>();
  const asked = queries.filter(
    ({ name }) => values.only === undefined || values.only.split(',').includes(name),
  );
  for (const { name, sql } of asked.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const own = askOne(db, sql);
    every.set(name, own);
    if (values.json) continue;
    say(
      `${name.padEnd(36)} ${own.seconds.toFixed(3).padStart(7)} ${own.cpu.toFixed(3).padStart(7)}  ${String(own.rows).padStart(7)} rows${own.seconds > mostSeconds ? '  TOO SLOW' : ''}`,
    );
    if (!values.plan) continue;
    for (const { detail } of db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all({ now }) as { detail: string }[])
      say(`    ${detail}`);
  }
  db.close();
  if (values.json) say(JSON.stringify(Object.fromEntries(every)));
  else sayMeans(new Map([...every].map(([name, { cpu }]) => [name, cpu])));
};

if (values.db === undefined) throw new Error('--db names the database');
ask(values.db);
