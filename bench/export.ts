/**
 * One million rows out of a store, in every format, beside `sqlite3 -json` of the same rows, all to a file, in turn.
 *
 * Run: node scripts/build.mjs && node bench/export.ts [--hosts 8000] [--rounds 3] [--formats native,json]
 * Needs: sqlite3 (Debian package of that name); memory and processor time are read from /proc, so Linux. The time of
 * the processors tells more than that of the clock where other programs run beside.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Table, Value } from '../collector/table.ts';
import { formatNames } from '../export/formats/index.ts';
import { openForWriting, transact } from '../store/file.ts';
import { digestOfCells, packRows, snapshotIdOf } from '../store/snapshot.ts';
import type { Snapshot } from '../store/snapshot.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '8000' },
    rounds: { type: 'string', default: '3' },
    formats: { type: 'string', default: formatNames.join(',') },
  },
});
const hosts = Number(values.hosts);
const rounds = Number(values.rounds);
const wanted = values.formats.split(',');
const unknown = wanted.filter((name) => !formatNames.some((known) => known === name));
if (unknown.length > 0) throw new Error(`no format: ${unknown.join(', ')}`);
// Of /proc, in all of Linux's own.
const ticksPerSecond = 100;
const accounts = 125;
const root = join(import.meta.dirname, '..');
const built = join(root, 'dist/tokenquery.cjs');
const program = existsSync(built) ? built : join(root, 'cli/start.ts');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));
const db = join(folder, 'fleet.db');
const out = join(folder, 'out');

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const uuid = (text: string): string => {
  const hex = createHash('sha256').update(text).digest('hex').toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
};

const users = tables.find(({ name }) => name === 'users') as Table;

const snapshotOf = (host: number): Snapshot => {
  const rows = Array.from({ length: accounts }, (_, index): Value[] => [
    ...[
      500 + index,
      20,
      `user${String(index).padStart(3, '0')}`,
      `User Number ${index}`,
      `/Users/user${index}`,
      '/bin/zsh',
    ],
    ...[uuid(`${host} ${index}`), 0, index % 9 === 0 ? 1 : 0, 'local', 0, 1, 1, null, 0],
  ]);
  const cells = packRows(rows);
  const digest = digestOfCells(Object.keys(users.columns), cells);
  const observation = {
    status: 'ok',
    affected: [],
    failed: null,
    digest,
    rowCount: rows.length,
    cells,
  } as const;
  const known = {
    ...{ hostId: uuid(`host ${host}`), collectedTime: 1_790_000_000, euid: 0, redaction: null },
    observations: new Map([['users', observation]]),
  };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: 'complete',
    origin: 'live',
    toolVersion: '0.1.0',
    schemaVersion: 1,
    report: null,
  };
};

interface Run {
  readonly seconds: number;
  /** Of all processors, in the program and in the kernel for it. */
  readonly processorSeconds: number;
  readonly megabytes: number;
  readonly bytes: number;
}

/** Runs a program into a file; its memory is the most that the kernel saw of it, its processor time the last it saw. */
const measure = (argv: readonly string[], isToStdout: boolean): Promise<Run> =>
  new Promise((resolve, reject) => {
    rmSync(out, { recursive: true, force: true });
    const stdout = isToStdout ? openSync(out, 'w') : null;
    const began = performance.now();
    const [command = '', ...parameters] = argv;
    const child = spawn(command, parameters, { stdio: ['ignore', stdout ?? 'ignore', 'inherit'] });
    let most = 0;
    let ticks = 0;
    const timer = setInterval(() => {
      try {
        most = Math.max(
          most,
          Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0),
        );
        // After the name in parentheses; fields 14 and 15 are the time in the program and in the kernel.
        const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
        ticks = Math.max(ticks, Number(stat[11]) + Number(stat[12]));
      } catch {
        // It has ended.
      }
    }, 20);
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - began) / 1000;
      clearInterval(timer);
      if (stdout !== null) closeSync(stdout);
      if (code === 0)
        resolve({
          seconds,
          processorSeconds: ticks / ticksPerSecond,
          megabytes: most / 1000,
          bytes: statSync(out).size,
        });
      else reject(new Error(`${command} ended with ${code}`));
    });
  });

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

try {
  const store = openForWriting(db, tables);
  const writer = storeWriter(store.db, tables);
  for (let host = 0; host < hosts; host += 500) {
    transact(store, () => {
      for (let own = host; own < Math.min(host + 500, hosts); own += 1)
        writer.add([snapshotOf(own)], 1_790_000_100);
    });
  }
  store.close();
  say(
    `${hosts * accounts} rows of users on ${hosts} hosts, ${(statSync(db).size / 1e6).toFixed(0)} MB; ${program.endsWith('.cjs') ? 'the built program' : 'the sources'}; ${rounds} rounds`,
  );
  const ours = (name: string): string[] => [
    process.execPath,
    program,
    'export',
    '--db',
    db,
    '--table',
    'users',
    '--format',
    name,
    '--output',
    out,
  ];
  const contestants: [string, string[], boolean][] = [
    ['sqlite3 -json', ['sqlite3', '-json', db, 'SELECT * FROM users'], true],
    ...wanted.map((name): [string, string[], boolean] => [name, ours(name), false]),
  ];
  const runs = new Map<string, Run[]>(contestants.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv, isToStdout] of contestants) runs.get(name)?.push(await measure(argv, isToStdout));
  }
  const base = median((runs.get('sqlite3 -json') ?? []).map(({ seconds }) => seconds));
  say('what            seconds (median)   of sqlite3   processor s   rows/s     peak RSS   output');
  for (const [name, own] of runs) {
    const seconds = median(own.map((run) => run.seconds));
    const processor = median(own.map((run) => run.processorSeconds));
    const peak = Math.max(...own.map((run) => run.megabytes));
    say(
      `${name.padEnd(16)}${seconds.toFixed(2).padStart(8)}${' '.repeat(11)}${(seconds / base).toFixed(2).padStart(10)}${processor.toFixed(2).padStart(14)}` +
        `${Math.round((hosts * accounts) / seconds)
          .toString()
          .padStart(
            11,
          )}${`${peak.toFixed(0)} MB`.padStart(12)}${`${((own[0]?.bytes ?? 0) / 1e6).toFixed(0)} MB`.padStart(10)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
