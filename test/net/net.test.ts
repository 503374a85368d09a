import test from 'ava';
import { ask, recordedOf } from './ask.ts';
import { comparer } from './compare.ts';
import { intended } from './intended.ts';
import { thisProgram } from './program.ts';
import { worlds } from './worlds.ts';

const { differences, unused } = comparer(intended);
const answers = new Map<string, Promise<readonly string[]>>();
/** Each world is asked about once, whichever test needs it. */
const answerOf = (world: string): Promise<readonly string[]> => {
  const known =
    answers.get(world) ?? ask(thisProgram, world).then((is) => differences(world, recordedOf(world), is));
  answers.set(world, known);
  return known;
};

const titles: Readonly<Record<string, string>> = {
  samples: 'the four samples: rows, output modes, findings, overview and exports are what they were',
  declared: 'what is declared and what may be run is what it was',
  fleet: 'two Macs in a month: steps, rows, histories, findings and exports are what they were',
  stored: 'the database that the first program wrote says the same, and a night without news brings none',
  merged: 'the native export that the first program wrote, merged into an empty file, says the same',
  matrix: 'every question has the same verdict for every status of every table that it reads',
};

for (const world of Object.keys(worlds)) {
  test(titles[world] ?? world, async (t) => {
    const found = await answerOf(world);
    t.is(
      found.length,
      0,
      `${found.slice(0, 12).join('\n')}\n${found.length} files differ: node scripts/net.ts`,
    );
  });
}

test('every intended change is still needed', async (t) => {
  for (const world of Object.keys(worlds)) await answerOf(world);
  t.deepEqual(unused(), []);
});
