import type { Answer } from '../answer.ts';
import { filledLinesOf, notUnderstood, saysError } from './lines.ts';

/**
 * Parses the version of fdesetup.
 *
 * Input: `fdesetup version`; no capture is known.
 * Returns: the one line that it prints, trimmed.
 * Throws: `source_failed` when fdesetup reports an error; `parse_failed` for anything but one short line with
 * a digit in it.
 * Source: fdesetup(8), "version".
 */
export const parseFdesetupVersion = (answer: Answer): string => {
  const [line, ...more] = filledLinesOf(answer.stdout).map((text) => text.trim());
  const isVersion =
    line !== undefined && /^[\w .:()-]{1,80}$/.test(line) && /[0-9]/.test(line) && !saysError(line);
  if (!isVersion || more.length > 0 || answer.exitCode !== 0) throw notUnderstood('fdesetup version', answer);
  return line;
};
