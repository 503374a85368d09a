/**
 * How long each query takes on a fleet file: `node bench/queries.ts [--db FILE]
 * [--keep FILE] [--only NAME,…] [--plan]`.
 *
 * Without --db it makes a store of 10,000 hosts with 120 accounts each, two snapshots a host, in a temporary file;
 * --keep FILE keeps it. --only NAME,… asks some of the queries,
 * --plan prints how SQLite goes about each.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { names } from '../cli/names.ts';
import { queries } from '../queries/index.ts';
import { evaluate } from '../queries/evaluate.ts';
import { openDatabase } from '../store/database.ts';
import type { Db } from '../store/database.ts';
import { openForWriting, transact } from '../store/file.ts';
import { withPlainHosts } from '../store/plain_hosts.ts';
import { snapshotOf } from '../store/snapshot.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';
import { addPerson, cleanHost, collectionOf, day, later, now, set } from '../test/queries/constructed.ts';
import type { Host } from '../test/queries/constructed.ts';
import { fleetOf } from '../test/queries/fleet.ts';

const mostSeconds = 2;

const { values } = parseArgs({
  options: {
    db: { type: 'string' },
    keep: { type: 'string' },
    only: { type: 'string' },
    plan: { type: 'boolean' },
    hosts: { type: 'string' },
    accounts: { type: 'string' },
  },
});
const hostCount = Number(values.hosts ?? 10_000);
const accountCount = Number(values.accounts ?? 120);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A host of the fleet: mostly service accounts, some people; one in a hundred changed lately. */
const snapshotsOf = (index: number): Host[] => {
  const hostId = `${index.toString(16).padStart(8, '0').toUpperCase()}-1111-4000-8000-000000000000`;
  const host = cleanHost(hostId, now - 20 * day);
  for (let account = 4; account < accountCount; account += 1) {
    const uid = 100 + account;
    const uuid = `FFFFEEEE-DDDD-CCCC-BBBB-AAAA${uid.toString(16).padStart(8, '0').toUpperCase()}`;
    const username = `_service${account}`;
    const isPerson = account > accountCount - 4;
    if (isPerson)
      addPerson(host, {
        username: `user${index % 997}n${account}`,
        uid: 600 + account,
        isAdmin: 0,
        token: 1,
      });
    else
      addPerson(host, {
        username,
        uid,
        uuid,
        facts: { account_type: 'service', is_system_account: 1, can_login: 0, shell: '/usr/bin/false' },
      });
  }
  const second = later(host, 19 * day);
  if (index % 100 === 0) {
    set(second, 'users', { is_admin: 0 }, { username: 'itadmin' });
    set(second, 'secure_tokens', { secure_token: 0 }, { username: 'mquist' });
  }
  return [host, second];
};

const makeFleet = (path: string): void => {
  const store = openForWriting(path, tables);
  const writer = storeWriter(store.db, tables);
  const load = (snapshots: readonly Host[]): void =>
    transact(store, () => {
      for (const own of Map.groupBy(snapshots, ({ hostId }) => hostId).values()) {
        writer.add(
          own.map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery bench')),
          now,
        );
      }
    });
  // A thousand hosts with every condition planted, the others in good order.
  const planted = Math.min(1_000, hostCount);
  load(fleetOf(planted));
  for (let index = 0; index < hostCount - planted; index += 1) load(snapshotsOf(index));
  store.close();
};

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

const run = (path: string): number => {
  const db = openDatabase(path, { readonly: true });
  // As findings asks them.
  withPlainHosts(db);
  const hosts = db.prepare('SELECT COUNT(*) FROM hosts').pluck().get() as number;
  const accounts = db.prepare('SELECT COUNT(*) FROM users').pluck().get() as number;
  say(`${hosts} hosts, ${accounts} accounts; the best of three: seconds, of them on the processor\n`);
  let slow = 0;
  const every = new Map<string, number>();
  const asked = queries.filter(
    ({ name }) => values.only === undefined || values.only.split(',').includes(name),
  );
  for (const { name, sql } of asked.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const runs = [timed(db, sql), timed(db, sql), timed(db, sql)];
    const seconds = Math.min(...runs.map((one) => one.seconds));
    const cpu = Math.min(...runs.map((one) => one.cpu));
    if (seconds > mostSeconds) slow += 1;
    every.set(name, cpu);
    say(
      `${name.padEnd(36)} ${seconds.toFixed(3).padStart(7)} ${cpu.toFixed(3).padStart(7)}  ${String(runs[0]?.rows ?? 0).padStart(7)} rows${seconds > mostSeconds ? '  TOO SLOW' : ''}`,
    );
    if (values.plan !== true) continue;
    for (const { detail } of db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all({ now }) as { detail: string }[])
      say(`    ${detail}`);
  }
  sayMeans(every);
  const start = performance.now();
  evaluate(db, asked, { now, names, tables });
  say(`\nall questions judged on every host  ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  db.close();
  return slow === 0 ? 0 : 1;
};

if (values.db !== undefined) process.exitCode = run(values.db);
else {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
  try {
    const path = values.keep ?? join(folder, 'fleet.db');
    const start = performance.now();
    makeFleet(path);
    say(`fleet made in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
    process.exitCode = run(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
