import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { cutShort, isCut, notUnderstood, saidLinesOf, saysError, unknownLine } from './lines.ts';

const tool = 'fdesetup version';
/** Short, and with a digit in it: the form of a version is not documented. */
const isVersion = (line: string): boolean =>
  /^[\w .:()-]{1,64}$/.test(line) && /[0-9]/.test(line) && !saysError(line);

const rules: LineRules = { keep: (line) => (isVersion(line.trim()) ? line.trim() : null) };

/** The lines that can be a version. */
export const sanitizeFdesetupVersion = (stdout: string): string => keepLines(stdout, rules);

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
export const parseFdesetupVersion = (printed: Answer, note: Note = ignore): string => {
  const answer = keptAnswer(printed, rules);
  const lines = new Set(saidLinesOf(answer.stdout));
  const [version, ...more] = [...lines].filter(isVersion);
  const isError = answer.exitCode !== 0 || [...lines].some(saysError);
  if (version === undefined || more.length > 0 || isError) throw notUnderstood(tool, answer);
  if (isCut(answer.stdout)) throw cutShort(tool);
  for (const line of lines) if (line !== version) note(unknownLine(tool, line), 'value');
  return version;
};
