/** What went wrong in a thread, as one thread can tell it to another: an error of its own class would come as a plain one. */
import { codeOf, UserError } from '../collector/errors.ts';

export type ThreadFailure =
  /** `code` is that of its cause; empty where that has none. */
  | { readonly message: string; readonly hint: string; readonly code: string }
  /** A fault of this program. */
  | { readonly fault: string };

export const failureOf = (error: unknown): ThreadFailure => {
  if (error instanceof UserError)
    return { message: error.message, hint: error.hint, code: codeOf(error.cause) };
  return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
};

export const errorOf = (failure: ThreadFailure): Error =>
  'fault' in failure
    ? new Error(failure.fault)
    : new UserError(failure.message, failure.hint, 1, { code: failure.code });
