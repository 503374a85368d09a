/** What came of looking at a table. Documented in docs/errors.md. */
export const statuses = [
  'ok',
  'empty',
  'partial',
  'denied',
  'unsupported',
  'failed',
  'not_recorded',
  'skipped',
] as const;
export type Status = (typeof statuses)[number];
