import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { cutShort, isCut, notUnderstood, saidLinesOf, saysError, unknownLine } from './lines.ts';

const tool = 'fdesetup version';
/** Short, and with a digit in it: the form of a version is not documented. */
const isVersion = (line: string): boolean =>
  /^[\w .:()-]{1,80}$/.test(line) && /[0-9]/.test(line) && !saysError(line);

/**
 * Parses the version of fdesetup.
 *
 * Input: `fdesetup version`; no capture is known.
 * Returns: the one line that can be a version, trimmed.
 * Notes: a line of another kind beside it.
 * Throws: `source_failed` when fdesetup reports an error; `parse_failed` without a line that can be a version, with two
 * that differ, and without a line feed: "15.0" may have been cut to "1".
 * Source: fdesetup(8), "version".
 */
export const parseFdesetupVersion = (answer: Answer, note: Note = ignore): string => {
  const lines = new Set(saidLinesOf(answer.stdout));
  const [version, ...more] = [...lines].filter(isVersion);
  const isError = answer.exitCode !== 0 || [...lines].some(saysError);
  if (version === undefined || more.length > 0 || isError) throw notUnderstood(tool, answer);
  if (isCut(answer.stdout)) throw cutShort(tool);
  for (const line of lines) if (line !== version) note(unknownLine(tool, line), 'value');
  return version;
};
