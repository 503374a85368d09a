/**
 * `npm run hostile`: each hostile database is given to each command that takes one, as a process of its own. Prints a line for
 * what hangs, ends as a fault of the program, or changes a file. Then a stand-in Mac is collected 100 times, and 40 times in fours.
 * Ends with 1 if there is a fault.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeVariant, variants } from './databases.ts';
import { liveRuns } from './machine.ts';

const root = join(import.meta.dirname, '..', '..');
const program = process.env['TOKENQUERY_PROGRAM'] ?? join(root, 'cli', 'start.ts');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-hostile-'));
/** What the slowest of them takes on a busy machine, several times over. */
const limitMs = 30_000;

const run = (parameters: readonly string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...parameters], {
    cwd: root,
    encoding: 'utf8',
    timeout: limitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
  });

const good = join(folder, 'good.db');
run(['snapshot', '--db', good, '--source', join(root, 'samples', 'macos26-managed')]);

const commands: Readonly<Record<string, (path: string) => readonly string[]>> = {
  query: (path) => ['query', '--db', path, '--timeout', '5', 'SELECT * FROM users'],
  findings: (path) => ['findings', '--db', path, '--timeout', '20'],
  changes: (path) => ['changes', '--db', path],
  export: (path) => ['export', '--db', path, '--format', 'native'],
  merge: (path) => ['merge', '--db', join(folder, 'target.db'), path],
  snapshot: (path) => ['snapshot', '--db', path, '--source', join(root, 'samples', 'macos14-not-root')],
};

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

let [runs, faults] = [0, 0];
for (const [index, variant] of variants.entries()) {
  const path = join(folder, `hostile${index}.db`);
  makeVariant(good, path, variant);
  const before = sum(path);
  for (const [name, argv] of Object.entries(commands)) {
    const { status, signal, stderr } = run(argv(path));
    runs += 1;
    const fault =
      signal !== null
        ? `was ended by ${signal}`
        : /should not happen|^ {4}at /m.test(stderr)
          ? `ended as a fault of the program: ${stderr.slice(0, 200)}`
          : variant.outcome === 'refused' && status === 0
            ? 'took it'
            : (name !== 'snapshot' || variant.outcome === 'refused') && sum(path) !== before
              ? 'changed it'
              : null;
    if (fault === null) continue;
    faults += 1;
    process.stdout.write(`${name} on ${variant.name}: ${fault}\n`);
  }
}
process.stdout.write(`${variants.length} databases, ${runs} runs, ${faults} faults\n`);

const [alone, together] = ['alone', 'together'].map((name) => join(folder, name)) as [string, string];
mkdirSync(alone);
mkdirSync(together);
const live = [...(await liveRuns(alone, 100, 1)), ...(await liveRuns(together, 40, 4))];
for (const fault of live) process.stdout.write(`live: ${fault}\n`);
process.stdout.write(`140 live runs, ${live.length} faults\n`);
faults += live.length;
rmSync(folder, { recursive: true });
process.exitCode = faults === 0 ? 0 : 1;
