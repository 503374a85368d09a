/**
 * How soon a shell shows its first prompt, against a Node that does nothing, in one run and each on a terminal of its own
 * (`script` makes one). Run `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const built = join(import.meta.dirname, '../dist/tokenquery.cjs');
const rounds = Number(process.argv[2] ?? 20);
/** What the issue of the shell asks for. */
const most = 2;

const onTerminal = (words: readonly string[]): readonly string[] =>
  process.platform === 'darwin'
    ? ['-q', '/dev/null', ...words]
    : ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'];

/** Milliseconds until it prints `sign`, or ends where there is none. */
const timeOf = (words: readonly string[], sign: string | null): Promise<number> =>
  new Promise((fulfil, fail) => {
    const started = performance.now();
    const child = spawn('script', onTerminal(words), { stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    let found: number | null = null;
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (sign === null || found !== null || !text.includes(sign)) return;
      found = performance.now() - started;
      child.stdin.end('.quit\n');
      // Some `script` waits for more where its program is gone.
      setTimeout(() => child.kill('SIGKILL'), 300);
    });
    child.on('error', fail);
    child.on('exit', () => {
      if (sign !== null && found === null) fail(new Error(`there was no prompt: ${text}`));
      else fulfil(found ?? performance.now() - started);
    });
  });

const cases: Readonly<Record<string, readonly [readonly string[], string | null]>> = {
  'node -e 0': [[process.execPath, '-e', '0'], null],
  'shell --source sample': [[process.execPath, built, 'shell', '--source', 'sample'], 'tokenquery> '],
  query: [[process.execPath, built, 'query'], 'tokenquery> '],
};
const best = new Map<string, number>();
for (let round = -2; round < rounds; round += 1) {
  for (const [name, [words, sign]] of Object.entries(cases)) {
    const time = await timeOf(words, sign);
    if (round >= 0) best.set(name, Math.min(time, best.get(name) ?? Number.POSITIVE_INFINITY));
  }
}
const base = best.get('node -e 0') ?? 0;
process.stdout.write(`Node ${process.version}, best of ${rounds}, until the prompt is there\n`);
for (const [name, time] of best)
  process.stdout.write(
    `${name.padEnd(24)} ${time.toFixed(1).padStart(7)} ms  ${(time / base).toFixed(2)} x\n`,
  );
if (rounds >= 20 && [...best.values()].some((time) => time > most * base)) process.exitCode = 1;
