/** By what snapshots are judged when they are stored. */
import type { Judgement } from '../queries/findings.ts';
import { queries } from '../queries/index.ts';
import type { Arguments, Options } from './command.ts';
import { exceptionsOf } from './findings_told.ts';
import { expectOf, expectOption, overlayOption } from './options.ts';
import { overlayOf } from './overlay.ts';

export const judgementOptions: Options = {
  ...expectOption,
  exceptions: {
    type: 'string',
    value: 'FILE',
    kind: 'file',
    description:
      'Store what this file accepts as suppressed: JSON, docs/exceptions.md. Each run that stores snapshots needs it: without it nothing is accepted.',
  },
  ...overlayOption,
};

export const judgementOf = (given: Arguments): Judgement => ({
  expect: expectOf(given),
  exceptions: exceptionsOf(given, queries),
  overlay: overlayOf(given),
});
