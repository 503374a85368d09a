import type { Answer } from '../answer.ts';
import { cutShort, isCut, notUnderstood, saidLinesOf, saysError } from './lines.ts';

/**
 * Parses the version of fdesetup.
 *
 * Input: `fdesetup version`; no capture is known.
 * Returns: the one line that it prints, trimmed.
 * Throws: `source_failed` when fdesetup reports an error; `parse_failed` for anything but one short line with
 * a digit in it, to its line feed: "15.0" may have been cut to "1".
 * Source: fdesetup(8), "version".
 */
export const parseFdesetupVersion = (answer: Answer): string => {
  const [line, ...more] = saidLinesOf(answer.stdout);
  const isVersion =
    line !== undefined && /^[\w .:()-]{1,80}$/.test(line) && /[0-9]/.test(line) && !saysError(line);
  if (!isVersion || more.length > 0 || answer.exitCode !== 0) throw notUnderstood('fdesetup version', answer);
  if (isCut(answer.stdout)) throw cutShort('fdesetup version');
  return line;
};
