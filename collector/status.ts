/** The result of collecting a table. Documented in docs/errors.md. */
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

/** A word that is none of these, as a newer file may hold it, is never taken for one of them. */
const oneOf = (...these: readonly Status[]): ((status: string) => boolean) => {
  const words: ReadonlySet<string> = new Set(these);
  return (status) => words.has(status);
};

/** Its rows are all that there are: no row proves that there is none. */
export const isSeen = oneOf('ok', 'empty');
/** Its rows are true, and the history goes on with them; of a partial one some may be missing. */
export const isGood = oneOf('ok', 'empty', 'partial');
/** There is nothing to be found out: what it says is true, or this Mac has no such fact. */
export const isTold = oneOf('ok', 'empty', 'partial', 'unsupported');
/**
 * Its rows are true. Those of a table that is `unsupported` say of whom there is nothing to be known: a Mac without APFS has
 * accounts, and no tokens.
 */
export const holdsRows = (status: string, rowCount: number): boolean =>
  isGood(status) || (status === 'unsupported' && rowCount > 0);
/** All that was asked was answered; `skipped` is what nobody asked for. */
export const isAnswered = oneOf('ok', 'empty', 'skipped');
/** All that can be had was had; `unsupported` is what this Mac does not have. */
export const isComplete = oneOf('ok', 'empty', 'skipped', 'unsupported');
