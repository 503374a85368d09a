/** The short form of what `npm run hostile` does longer: a machine that gives too little. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../standin.ts';
import { liveRuns, makeGood, manyRuns, withDescriptors, withoutReader } from './machine.ts';

test('with few descriptors nothing is answered wrongly, and nothing ends in a stack trace', (t) => {
  const folder = temporaryFolder(t);
  makeGood(folder);
  t.deepEqual(withDescriptors(folder, [21, 24]), []);
});

test('without a reader, or room for the answer, nothing ends in a stack trace', (t) => {
  const folder = temporaryFolder(t);
  makeGood(folder);
  t.deepEqual(withoutReader(folder), []);
});

test('runs one after the other say the same and leave nothing behind', (t) => {
  const folder = temporaryFolder(t);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  t.deepEqual(manyRuns(folder, 3, temporary), []);
});

test('live runs, one after the other and four at once, leave no process and no file, and the database whole', async (t) => {
  const [alone, together] = [temporaryFolder(t), temporaryFolder(t)];
  t.deepEqual(await liveRuns(alone, 2, 1), []);
  t.deepEqual(await liveRuns(together, 4, 4), []);
});
