/**
 * Measures the store: a fleet merged from its export, queries asked of it, and what days without news cost.
 *
 * Run: node bench/store.ts [--hosts 10000] [--accounts 120] [--folder DIR]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openForReading, openForWriting, transact } from '../store/file.ts';
import { retain } from '../store/retention.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';
import { dayTime, fleet, hostIdOf, writeFleet } from './fleet.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '10000' },
    accounts: { type: 'string', default: '120' },
    folder: { type: 'string' },
  },
});
const hosts = Number(values.hosts);
const accounts = Number(values.accounts);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
mkdirSync(folder, { recursive: true });

const print = (label: string, measured: string, goal = ''): void => {
  process.stdout.write(`${label.padEnd(58)} ${measured.padStart(16)}${goal === '' ? '' : `   ${goal}`}\n`);
};
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

interface Measured {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** Runs the command line, and looks at its memory and processor time as the kernel counts them. */
const measure = (...parameters: readonly string[]): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, [join(import.meta.dirname, '../cli/start.ts'), ...parameters], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    let peakBytes = 0;
    let cpuMs = 0;
    const timer = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peakBytes = Math.max(peakBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
        const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        cpuMs = (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * 10;
      } catch {
        // Not Linux, or just ended.
      }
    }, 50);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ ms: performance.now() - began, cpuMs, peakBytes });
      else reject(new Error(`exit code ${code}`));
    });
  });

print('cores, load at the beginning', `${availableParallelism()}, ${loadavg()[0]?.toFixed(1)}`);
const input = join(folder, 'fleet.ndjson.zst');
// A fleet that was made before, in a folder that was named, is taken as it is.
if (!existsSync(input)) await writeFleet(input, { hosts, accounts, days: 1, changing: 0 });
const example = (await fleet())(0, { accounts, day: 0, changing: 0 });
const rows = hosts * [...example.observations.values()].reduce((sum, { rowCount }) => sum + rowCount, 0);
print(`an export of ${hosts} hosts, ${rows} rows`, megabytes(statSync(input).size));

const path = join(folder, 'fleet.db');
for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
const merged = await measure('merge', '--db', path, input);
print('merge from the export', `${Math.round((hosts / merged.ms) * 1000)} hosts/s`, '>= 300 hosts/s');
print('  wall time, processor time', `${seconds(merged.ms)}, ${seconds(merged.cpuMs)}`);
print('  rows a second', String(Math.round((rows / merged.ms) * 1000)));
print('  memory at most', megabytes(merged.peakBytes), '< 500 MB');
print('  the file', megabytes(statSync(path).size), `${Math.round(statSync(path).size / rows)} bytes a row`);
const again = await measure('merge', '--db', path, input);
print('merge of the same once more', `${Math.round((hosts / again.ms) * 1000)} hosts/s`);

const store = openForReading(path, tables);
const time = (label: string, goal: string, sql: string, ...parameters: readonly string[]): void => {
  const statement = store.db.prepare(sql).raw(true);
  const took: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const start = performance.now();
    statement.all(...parameters);
    took.push(performance.now() - start);
  }
  const [best = 0, , median = 0] = took.toSorted((a, b) => a - b);
  print(label, `${median.toFixed(1)} ms`, `${goal}${goal === '' ? '' : '; '}best ${best.toFixed(1)} ms`);
};
const one = hostIdOf(Math.floor(hosts / 2));
time('secure_tokens of one host', '< 20 ms', 'SELECT * FROM secure_tokens WHERE host_id = ?', one);
time(
  'users and tokens of one host, joined',
  '< 20 ms',
  'SELECT u.username, s.secure_token FROM users u JOIN secure_tokens s USING (host_id, uuid) WHERE host_id = ?',
  one,
);
time('history of one host', '< 20 ms', 'SELECT * FROM secure_tokens_history WHERE host_id = ?', one);
time('changes of one host', '', 'SELECT * FROM changes WHERE host_id = ?', one);
time(
  'group-by over secure_tokens',
  '< 2 s',
  'SELECT confidence, is_admin, secure_token, count(*) FROM secure_tokens GROUP BY 1, 2, 3',
);
time(
  'hosts by number of token holders',
  '< 2 s',
  'SELECT n, count(*) FROM (SELECT host_id, sum(secure_token) AS n FROM secure_tokens GROUP BY host_id) GROUP BY n',
);
time(
  'users joined with tokens, whole fleet',
  '',
  'SELECT count(*) FROM users u JOIN secure_tokens s USING (host_id, uuid) WHERE s.secure_token = 1 AND u.is_admin = 1',
);
store.close();

// A year of 100 hosts, with news on one host in a hundred a day, and with none.
for (const changing of [0, 0.01]) {
  const snapshotOf = await fleet();
  const yearPath = join(folder, `year${changing}.db`);
  for (const suffix of ['', '-wal', '-shm']) rmSync(yearPath + suffix, { force: true });
  const year = openForWriting(yearPath, tables);
  year.db.pragma('synchronous = NORMAL');
  const writer = storeWriter(year.db, tables);
  let first = 0;
  for (let day = 0; day < 365; day += 1) {
    transact(year, () => {
      for (let host = 0; host < 100; host += 1)
        writer.add([snapshotOf(host, { accounts, day, changing })], dayTime(day));
    });
    if (day === 0) {
      year.db.pragma('wal_checkpoint(TRUNCATE)');
      first = statSync(yearPath).size;
    }
  }
  year.db.pragma('wal_checkpoint(TRUNCATE)');
  const { size } = statSync(yearPath);
  print(
    `100 hosts, 365 days, ${changing * 100} % of them changing a day`,
    megabytes(size),
    changing === 0 ? '< 100 MB' : '',
  );
  print(
    '  the first day, and each snapshot after it',
    `${megabytes(first)}, ${Math.round((size - first) / (364 * 100))} B`,
    '< 2 KiB',
  );
  if (changing > 0) {
    const ago = performance.now();
    const dropped = retain(year, dayTime(300));
    print(
      '  retain 65 days',
      seconds(performance.now() - ago),
      `${dropped.versions} versions, ${dropped.snapshots} snapshots; ${megabytes(statSync(yearPath).size)} left`,
    );
  }
  year.close();
}
print('load at the end', String(loadavg()[0]?.toFixed(1)));
if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
