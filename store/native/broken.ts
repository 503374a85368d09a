import { UserError } from '../../collector/errors.ts';

/** What is wrong with an export, and where. */
export const broken = (line: number, what: string): UserError =>
  new UserError(
    `line ${line}: ${what}`,
    'docs/native.md describes the lines; what stands before this one is good',
  );
