/**
 * The printed collector makes of a damaged output what the program makes of it, or less: the short form.
 * `npm run mutate -- --way script` is the long one.
 */
import test from 'ava';
import { mutate, offencesOf, shortOfScript } from './harness.ts';
import { macs } from './hosts.ts';
import { printedScript } from './script.ts';

const count = { mutations: 0, lost: 0 };
const others = process.platform === 'win32' ? test.serial.skip : test.serial;

for (const mac of macs()) {
  others(`the printed collector on ${mac.name} tells nothing that the program does not`, async (t) => {
    const result = await mutate([mac], shortOfScript, undefined, printedScript);
    for (const sort of ['wrong', 'unexplained'] as const) {
      t.deepEqual(
        offencesOf(result, sort).map(({ mutation, complaints }) => ({
          mutation: `${mutation.source} ${mutation.subject}: ${mutation.operator} ${mutation.site}`,
          complaints: complaints.map(({ where, from, to }) => `${where}: ${from} -> ${to}`),
        })),
        [],
        `${sort}: npm run mutate -- --way script --short --host ${mac.name} --list ${sort}`,
      );
    }
    count.mutations += result.mutations;
    // It leaves these out always, damaged or not.
    count.lost += offencesOf(result, 'lost').filter(({ complaints }) =>
      complaints.some(({ sort, where }) => sort === 'lost' && !/\b(?:sudo\w*|logins)\b/.test(where)),
    ).length;
    t.true(result.mutations > 5);
  });
}

others('the printed collector withholds little that the program keeps', (t) => {
  t.true(count.lost < count.mutations / 25, `${count.lost} of ${count.mutations}`);
});
