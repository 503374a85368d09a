/**
 * Damaged evidence makes no untrue answer: the short form. `npm run mutate` is the long one, and names causes.
 * known.json holds, by source, how many mutations of this sample are not answered right yet. It may only shrink.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { countsOf, mutate, shortChoice } from './harness.ts';
import { macs } from './hosts.ts';

const known = JSON.parse(readFileSync(join(import.meta.dirname, 'known.json'), 'utf8')) as Readonly<
  Record<string, number>
>;

test('damaged evidence makes no untrue answer, and what is no longer told is said to be missing', async (t) => {
  t.timeout(15 * 60_000);
  const result = await mutate(macs(), shortChoice);
  const counts = countsOf(result);
  const worse = Object.entries(counts).filter(([name, count]) => count > (known[name] ?? 0));
  const better = Object.entries(known).filter(([name, count]) => (counts[name] ?? 0) < count);
  if (better.length > 0)
    t.log(`${better.length} counts have shrunk: npm run mutate -- --known writes them down`);
  t.deepEqual(
    worse.map(([name, count]) => `${name}: ${count}, known ${known[name] ?? 0}`),
    [],
    'npm run mutate -- --short --list all names the mutations',
  );
});
