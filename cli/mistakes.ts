/** How a literal that cannot match is told. */
import { UserError } from '../collector/errors.ts';
import type { Mistake } from '../queries/literals.ts';
import { printNote } from './output.ts';

/**
 * Ends with an error, or goes on with a note in the same words.
 *
 * @param of What the statement is called, where there are several.
 */
export const tellMistakes = (
  mistakes: readonly Mistake[],
  { isError, of = '' }: { readonly isError: boolean; readonly of?: string },
): void => {
  const prefix = of === '' ? '' : `${of}: `;
  if (!isError) {
    for (const { message, hint } of mistakes) printNote(`${prefix}${message}; ${hint}`);
    return;
  }
  const [first, ...others] = mistakes;
  if (first === undefined) return;
  for (const { message, hint } of others) printNote(`${prefix}${message}; ${hint}`);
  throw new UserError(`${prefix}${first.message}`, first.hint);
};
