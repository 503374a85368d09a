/** The faults that a long run of mutations found, each rebuilt on a Mac of our own, with what should be answered. */
import { contradicted } from './contradicted.ts';
import { volumes } from './volumes.ts';
import { evidence } from './evidence.ts';
import { escrow } from './escrow.ts';
import { accounts } from './accounts.ts';
import { questions } from './questions.ts';
import { records } from './records.ts';
import { status } from './status.ts';
import type { Reproduction } from './common.ts';

export type { Check, Reproduction } from './common.ts';

export const reproductions: readonly Reproduction[] = [
  ...contradicted,
  ...volumes,
  ...evidence,
  ...escrow,
  ...accounts,
  ...questions,
  ...records,
  ...status,
];
