/** Every line of the table. A new one is a file beside this one, and its name here. */
import type { Line } from '../line.ts';
import { accounts } from './accounts.ts';
import { collect } from './collect.ts';
import { exported } from './export.ts';
import { hostile } from './hostile.ts';
import { merge } from './merge.ts';
import { night } from './night.ts';
import { others } from './others.ts';
import { plist } from './plist.ts';
import { questions } from './questions.ts';
import { sample } from './sample.ts';
import { snapshot } from './snapshot.ts';
import { start } from './start.ts';
import { unchanged } from './unchanged.ts';
import { year } from './year.ts';

export const lines: readonly Line[] = [
  ...[start, sample, collect, plist, accounts, snapshot, unchanged],
  ...[merge, exported, questions, year, night, others, hostile],
];
