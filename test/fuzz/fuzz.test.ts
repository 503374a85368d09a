/** The short form of `npm run fuzz`: some inputs of each target, and all that once failed. */
import test from 'ava';
import { attempt, keptInputs, targetOf } from './attempt.ts';
import { targets } from './targets/index.ts';

/** As many as take a second or so. */
const runs: Readonly<Record<string, number>> = {
  parsers: 400,
  files: 400,
  gate: 100,
  archives: 30,
  osquery: 300,
  'lying databases': 5,
  script: 2,
};

for (const target of targets)
  test(`some inputs of ${target.name}`, async (t) => {
    const { failed } = await attempt(target, { seed: 20_261_128, runs: runs[target.name] ?? 12 });
    t.is(failed, null, JSON.stringify(failed));
  });

for (const [name, { target, input }] of keptInputs())
  test(`what failed once: ${name}`, async (t) => {
    await t.notThrowsAsync(async () => targetOf(target).check(input as never));
  });

test('a fault is found, and made small', async (t) => {
  const gate = targetOf('gate');
  const faulty = {
    ...gate,
    check: (sql: string) => {
      if (sql.includes('SELECT')) throw new Error('a fault');
    },
  };
  const { failed } = await attempt(faulty, { seed: 1, runs: 1000 });
  t.is(failed?.input, 'SELECT');
  t.regex(failed?.why ?? '', /a fault/);
});
