/**
 * A mounted volume of which a file is damaged makes no untrue answer: the short form. `npm run mutate -- --way volume`
 * is the long one, and names causes.
 */
import test from 'ava';
import { mutate, offencesOf, shortOfVolumes } from './harness.ts';
import { macs } from './hosts.ts';
import type { Sort } from './judge.ts';
import { volume } from './volume.ts';

const sorts: readonly Sort[] = ['wrong', 'unexplained', 'lost table', 'lost'];

for (const mac of macs()) {
  test.serial(`the volume of ${mac.name}, damaged in one file after another, is answered`, async (t) => {
    const result = await mutate([mac], shortOfVolumes, undefined, volume);
    for (const sort of sorts) {
      t.deepEqual(
        offencesOf(result, sort).map(({ mutation, complaints }) => ({
          mutation: `${mutation.subject}: ${mutation.operator} ${mutation.site}`,
          complaints: complaints.map(({ where, from, to }) => `${where}: ${from} -> ${to}`),
        })),
        [],
        `${sort}: npm run mutate -- --way volume --short --host ${mac.name} --list '${sort}'`,
      );
    }
    t.true(result.mutations > 30);
  });
}
