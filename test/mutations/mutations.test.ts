/**
 * Damaged evidence makes no untrue answer: the short form. `npm run mutate` is the long one, and names causes.
 */
import test from 'ava';
import { commandNames } from '../../collector/sources.ts';
import type { CommandName } from '../../collector/sources.ts';
import { tables } from '../../tables/index.ts';
import { isReleased, isReleasedTable } from '../released.ts';
import { countsOf, mutate, shortChoice } from './harness.ts';
import type { Result } from './harness.ts';
import { macs } from './hosts.ts';

const counts = new Map<string, number>();

const isLaterSource = (source: string): boolean =>
  commandNames.includes(source as CommandName) && !isReleased(source);
const isLaterTable = (where: string): boolean =>
  tables.some(({ name }) => name === where.split('.')[0] && !isReleasedTable(name));

/** What a later source or table loses by damage is for its fixtures to say; what it tells must be true all the same. */
const released = (result: Result): Result => ({
  ...result,
  offences: result.offences.map((offence) => ({
    ...offence,
    complaints: offence.complaints.filter(
      ({ sort, where }) =>
        !sort.startsWith('lost') || !(isLaterSource(offence.mutation.source) || isLaterTable(where)),
    ),
  })),
});

for (const mac of macs()) {
  test.serial(`${mac.name}, damaged in one place after another, is answered`, async (t) => {
    const result = await mutate([mac], shortChoice);
    for (const [name, count] of Object.entries(countsOf(released(result))))
      counts.set(name, (counts.get(name) ?? 0) + count);
    t.true(result.mutations > 100);
  });
}

test.serial('no untrue answer is made of damage, and what is no longer told is said to be missing', (t) => {
  t.deepEqual([...counts], [], 'npm run mutate -- --short --list all names the mutations');
});
