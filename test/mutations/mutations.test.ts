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

/**
 * Damage that makes another answer which is as good, and which nothing else on the Mac contradicts: a line of sudoers or a pair of
 * a rule for passwords that is gone, and a text of dsconfigad that is another one.
 */
const isAnotherAnswer = ({ source, subject, operator }: Result['offences'][number]['mutation']): boolean =>
  (subject === '/etc/sudoers' && /^(?:line-removed|cut-line)$/.test(operator)) ||
  (source === 'pwpolicy_get_account_policies' && /^(?:line-removed|line-new|nul-byte)$/.test(operator)) ||
  (source === 'dsconfigad_show' && operator === 'number-broken');

/** What a later source or table loses by damage is for its fixtures to say; what it tells must be true all the same. */
const released = (result: Result): Result => ({
  ...result,
  offences: result.offences
    .filter(({ mutation }) => !isAnotherAnswer(mutation))
    .map((offence) => ({
      ...offence,
      complaints: offence.complaints.filter(
        ({ sort, where }) =>
          // The rows of a damaged file are its own; whether its folder counts hangs on one line of it.
          !(offence.mutation.subject === '/etc/sudoers' && /^sudoers (?:row|status)$/.test(where)) &&
          (!sort.startsWith('lost') || !(isLaterSource(offence.mutation.source) || isLaterTable(where))),
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
