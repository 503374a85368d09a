/**
 * Start-up of the built tool against that of Node itself, in one run: each is started in turn, so that the
 * load of the machine falls on all alike. Run `npm run build` first.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist/tokenquery.cjs');
const environment = { PATH: process.env['PATH'] };

const cases: Readonly<Record<string, readonly string[]>> = {
  'node -e 0': [process.execPath, '-e', '0'],
  '--version': [process.execPath, built, '--version'],
  "query 'SELECT 1'": [process.execPath, built, 'query', 'SELECT 1'],
  "bin/tokenquery query 'SELECT 1'": [join(root, 'bin/tokenquery'), 'query', 'SELECT 1'],
  "query 'SELECT * FROM hosts' (sample)": [
    process.execPath,
    built,
    'query',
    '--source',
    join(root, 'samples/macos26-managed'),
    'SELECT * FROM hosts',
  ],
};

const rounds = Number(process.argv[2] ?? 40);
const times = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
for (let round = -3; round < rounds; round += 1) {
  for (const [name, [program = '', ...parameters]] of Object.entries(cases)) {
    const started = performance.now();
    const { status, stderr } = spawnSync(program, parameters, { env: environment, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
    if (round >= 0) times.get(name)?.push(performance.now() - started);
  }
}
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const base = median(times.get('node -e 0') ?? []);
process.stdout.write(`Node ${process.version}, ${rounds} rounds, median\n`);
for (const [name, values] of times) {
  const value = median(values);
  process.stdout.write(
    `${name.padEnd(40)} ${value.toFixed(1).padStart(7)} ms  ${(value / base).toFixed(2)} x\n`,
  );
}
