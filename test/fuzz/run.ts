/**
 * `npm run fuzz -- [--seconds 600] [--only NAME,…] [--seed N]`: tries changed inputs on each target in turn, for the time
 * given in all. What fails is made as small as it goes and kept in test/fuzz/kept, where npm test finds it.
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { attempt, keep, targetOf } from './attempt.ts';
import type { Kept, Outcome } from './attempt.ts';
import { targets } from './targets/index.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    only: { type: 'string' },
    seed: { type: 'string' },
    child: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  process.stderr.write('fuzz: --seconds and --seed take a number\n');
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** No input may take longer. */
const mostSeconds = 60;

type Message = { readonly input: unknown } | { readonly outcome: Outcome };

/** Tries one target in a child, and ends it when an input does not end. */
const tried = (name: string, share: number): Promise<Outcome> =>
  new Promise((fulfil) => {
    const child = fork(
      import.meta.filename,
      ['--child', name, '--seconds', String(share), '--seed', String(seed)],
      {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      },
    );
    let input: unknown = null;
    let count = 0;
    let outcome: Outcome | null = null;
    const failedBy = (why: string): Kept => ({ target: name, why, input });
    let failure = failedBy('the process ended in the middle of it');
    const late = (): void => {
      failure = failedBy(`it did not end within ${mostSeconds} s`);
      child.kill('SIGKILL');
    };
    let timer = setTimeout(late, 10 * mostSeconds * 1000);
    child.on('message', (message: Message) => {
      if ('outcome' in message) ({ outcome } = message);
      else {
        ({ input } = message);
        count += 1;
        clearTimeout(timer);
        timer = setTimeout(late, mostSeconds * 1000);
      }
    });
    child.on('close', () => {
      clearTimeout(timer);
      fulfil(outcome ?? { tried: count, failed: { ...failure, input } });
    });
  });

const asChild = async (name: string): Promise<void> => {
  const outcome = await attempt(targetOf(name), { seed, seconds }, (input) => process.send?.({ input }));
  process.send?.({ outcome }, () => process.exit(0));
};

const asParent = async (): Promise<void> => {
  const chosen = (values.only?.split(',') ?? targets.map(({ name }) => name)).map(targetOf);
  say(`fuzz: seed ${seed}, ${seconds} s for ${chosen.length} targets`);
  for (const { name } of chosen) {
    const { tried: count, failed } = await tried(name, seconds / chosen.length);
    say(`${failed === null ? 'ok' : 'FAILED'}: ${name}, ${count} inputs`);
    if (failed === null) continue;
    process.exitCode = 1;
    say(`  ${failed.why.replaceAll('\n', '\n  ')}\n  kept as ${keep(failed)}`);
  }
};

await (values.child === undefined ? asParent() : asChild(values.child));
