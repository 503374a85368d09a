import type { Answer } from '../answer.ts';
import { isCut, notUnderstood, saidLinesOf } from './lines.ts';

export interface LaunchdService {
  /** False where launchd has no such service: nothing else is known then. */
  readonly isLoaded: boolean;
  /** Where its property list was read; null where that is not told. */
  readonly path: string | null;
  /** Such as `not running`. */
  readonly state: string | null;
  /** How its last run ended; null where it is not told, and where none has ended yet. */
  readonly lastExitCode: number | null;
  readonly runs: number | null;
}

const none: LaunchdService = { isLoaded: false, path: null, state: null, lastExitCode: null, runs: null };
const notFound = /^Could not find service "[A-Za-z0-9._-]+" in domain for /m;
const isNumber = /^-?[0-9]{1,9}$/;

const tool = 'launchctl print';

/**
 * Parses what launchd holds of one service.
 *
 * Input: `launchctl print system/LABEL`. Its manual says that the form is none to rely on: only the head, and four lines that
 * stand one level in, are read, and what is not there is null.
 * Returns: whether it is loaded, and the four.
 * Throws: `parse_failed` without the head and without the sentence that there is no such service.
 * Source: launchctl(1). Not seen on a Mac.
 */
export const parseLaunchctlPrintJob = (answer: Answer, label: string): LaunchdService => {
  if (notFound.test(answer.stdout) || notFound.test(answer.stderr)) return none;
  if (answer.exitCode !== 0) throw notUnderstood(tool, answer);
  const [head = ''] = saidLinesOf(answer.stdout);
  if (head !== `system/${label} = {` || isCut(answer.stdout)) throw notUnderstood(tool, answer);
  const values = new Map<string, string>();
  // One level in, and no deeper: a block of its own may have a line of the same name.
  for (const [, name = '', value = ''] of answer.stdout.matchAll(
    /^\t([a-z][a-z ]{0,40}) = ([^\t\n{][^\n]{0,1000})$/gm,
  ))
    if (!values.has(name)) values.set(name, value.trim());
  const numberOf = (name: string): number | null => {
    // `78: EX_CONFIG`: the number comes first.
    const [text = ''] = (values.get(name) ?? '').split(':');
    return isNumber.test(text) ? Number(text) : null;
  };
  return {
    isLoaded: true,
    path: values.get('path') ?? null,
    state: values.get('state') ?? null,
    lastExitCode: numberOf('last exit code'),
    runs: numberOf('runs'),
  };
};
