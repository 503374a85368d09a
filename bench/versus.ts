/**
 * Two built programs against each other on equal work: an older one and this one, in turn, each round in the other
 * order, so that the load of the machine falls on both alike. What is compared is the time of the processors, of the
 * program and of the kernel for it; the least of all rounds is what the load disturbs least.
 *
 * Run: npm run build && node bench/versus.ts OLD [NEW] [--rounds 20] [--hosts 1000] [--fleet FILE] [--only WORD,…]
 * OLD and NEW are paths of a dist/tokenquery.cjs, NEW by default that of this folder. The evidence is that of OLD, and so
 * is the fleet: its bench/fleet.ts makes it, for an older program cannot read what a newer one writes; --fleet FILE
 * takes another, --hosts 0 leaves it out. Each program reads databases that it made itself.
 * Needs: bash, whose `time` knows the time of the processors to the millisecond.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    hosts: { type: 'string', default: '1000' },
    fleet: { type: 'string' },
    only: { type: 'string' },
  },
});
const [oldPath, newPath = join(import.meta.dirname, '../dist/tokenquery.cjs')] = positionals;
if (oldPath === undefined) throw new Error('name the dist/tokenquery.cjs of the older program');
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-versus-'));
const evidence = join(dirname(resolve(oldPath)), 'samples');
const sampleNames = ['macos10.15-mobile', 'macos14-not-root', 'macos15-unmanaged', 'macos26-managed'];
const samplePaths = sampleNames.map((name) => join(evidence, name));
const one = join(evidence, 'macos26-managed');

interface Contestant {
  readonly program: string;
  /** Its own databases. */
  readonly folder: string;
}
const contestant = (name: string, path: string): Contestant => {
  const own = join(folder, name);
  mkdirSync(own);
  return { program: resolve(path), folder: own };
};
const old = contestant('old', oldPath);
const contestants = [old, contestant('new', newPath)];

/** @returns Milliseconds of the processors. */
const run = ({ program, folder: cwd }: Contestant, parameters: readonly string[]): number => {
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%3U %3S"; time "$@" > /dev/null', 'bash', process.execPath, program, ...parameters],
    { cwd, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  );
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')} failed: ${stderr}`);
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  return last.split(' ').reduce((sum, seconds) => sum + Number(seconds) * 1000, 0);
};

interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  /** Of long work fewer rounds tell enough. */
  readonly isLong?: true;
  /** A database that is there when it begins; without it the one that it makes is not there. */
  readonly from?: string;
}
const sources = samplePaths.flatMap((path) => ['--source', path]);
const exported = (db: string, format: string): string[] => [
  ...['export', '--db', `${db}.db`, '--format', format],
  ...['--output', format === 'csv' ? 'out' : 'out.ndjson'],
];
const small: readonly Case[] = [
  { name: 'start: --version', argv: ['--version'] },
  { name: "start: query 'SELECT 1'", argv: ['query', 'SELECT 1'] },
  { name: 'query hosts, a sample', argv: ['query', '--source', one, 'SELECT * FROM hosts'] },
  { name: 'query secure_tokens, a sample', argv: ['query', '--source', one, 'SELECT * FROM secure_tokens'] },
  { name: 'query table_status, a sample', argv: ['query', '--source', one, 'SELECT * FROM table_status'] },
  { name: 'overview, a sample', argv: ['overview', '--source', one] },
  { name: 'findings, a sample', argv: ['findings', '--source', one] },
  { name: 'snapshot, a sample, new file', argv: ['snapshot', '--db', 'out.db', '--source', one] },
  { name: 'snapshot, 4 samples, new file', argv: ['snapshot', '--db', 'out.db', ...sources] },
  {
    name: 'snapshot, a sample, known before',
    argv: ['snapshot', '--db', 'out.db', '--source', one],
    from: 'samples.db',
  },
  {
    name: 'query secure_tokens, a file',
    argv: ['query', '--db', 'samples.db', 'SELECT * FROM secure_tokens'],
  },
  { name: 'findings, a file', argv: ['findings', '--db', 'samples.db'] },
  {
    name: 'merge, 4 exports, new file',
    argv: ['merge', '--db', 'out.db', ...sampleNames.map((name) => join(old.folder, `${name}.ndjson`))],
  },
  {
    name: 'merge, 4 databases, new file',
    argv: ['merge', '--db', 'out.db', ...sampleNames.map((name) => `${name}.db`)],
  },
  { name: 'merge, 4 bundles, new file', argv: ['merge', '--db', 'out.db', ...samplePaths] },
  ...['native', 'json', 'csv', 'osquery', 'ocsf', 'ecs', 'hec'].map((format) => ({
    name: `export ${format}, 4 samples`,
    argv: exported('samples', format),
  })),
];
const fleetPath = values.fleet === undefined ? join(folder, 'fleet.ndjson') : resolve(values.fleet);
const large: readonly Case[] = [
  { name: 'merge, a fleet, new file', argv: ['merge', '--db', 'out.db', fleetPath], isLong: true },
  ...['native', 'csv', 'ocsf', 'ecs', 'hec'].map((format): Case => ({
    name: `export ${format}, a fleet`,
    argv: exported('fleet', format),
    isLong: true,
  })),
  { name: 'query, a fleet', argv: ['query', '--db', 'fleet.db', 'SELECT count(*) FROM secure_tokens'] },
  {
    name: 'snapshot, a sample, into a fleet',
    argv: ['snapshot', '--db', 'out.db', '--source', one],
    from: 'fleet.db',
    isLong: true,
  },
];

const clean = (own: Contestant): void => {
  for (const name of ['out', 'out.ndjson', 'out.db', 'out.db-wal', 'out.db-shm'])
    rmSync(join(own.folder, name), { recursive: true, force: true });
};
const measure = (own: Contestant, { argv, from }: Case): number => {
  clean(own);
  if (from !== undefined) copyFileSync(join(own.folder, from), join(own.folder, 'out.db'));
  return run(own, argv);
};

const makeDatabases = (hasFleet: boolean): void => {
  for (const own of contestants) {
    run(own, ['snapshot', '--db', 'samples.db', ...sources]);
    for (const [index, name] of sampleNames.entries())
      run(own, ['snapshot', '--db', `${name}.db`, '--source', samplePaths[index] ?? '']);
  }
  for (const name of sampleNames)
    run(old, ['export', '--db', `${name}.db`, '--format', 'native', '--output', `${name}.ndjson`]);
  if (!hasFleet) return;
  if (values.fleet === undefined) {
    const script = join(dirname(old.program), '../bench/fleet.ts');
    const made = spawnSync(process.execPath, [script, fleetPath, '--hosts', values.hosts], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`${script} failed: ${made.stderr}`);
  }
  for (const own of contestants) run(own, ['merge', '--db', 'fleet.db', fleetPath]);
};

const least = (numbers: readonly number[]): number => Math.min(...numbers);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const say = (cells: readonly string[]): void => {
  const [name = '', ...figures] = cells;
  process.stdout.write(`${name.padEnd(34)}${figures.map((figure) => figure.padStart(11)).join('')}\n`);
};

try {
  const hasFleet = values.fleet !== undefined || Number(values.hosts) > 0;
  const words = values.only?.split(',') ?? [''];
  const cases = [...small, ...(hasFleet ? large : [])].filter(({ name }) =>
    words.some((word) => name.includes(word)),
  );
  makeDatabases(cases.some(({ name }) => name.includes('fleet')));
  process.stdout.write(
    `Node ${process.version}, ${rounds} rounds; processor ms, and NEW as a share of OLD\n`,
  );
  say(['', 'OLD least', 'NEW least', 'OLD median', 'NEW median', 'by least', 'by median']);
  for (const own of cases) {
    const times: readonly number[][] = contestants.map(() => []);
    const count = own.isLong === true ? Math.ceil(rounds / 4) : rounds;
    for (let round = -1; round < count; round += 1) {
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const index of order) {
        const took = measure(contestants[index] as Contestant, own);
        // The first round warms the caches of the kernel.
        if (round >= 0) times[index]?.push(took);
      }
    }
    const figures = [least, median].map((of) => times.map((list) => of(list)));
    say([
      own.name,
      ...figures.flat().map((ms) => ms.toFixed(0)),
      ...figures.map(([before = 0, after = 0]) => (after / before).toFixed(3)),
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
