import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { isWithheldLine } from './decode.ts';
import { isKnownSentence } from './sentences.ts';
import { hasCue, hasCueAnywhere, isWord, isWithheldText, sizeAndDigest, withheldIn } from './withheld.ts';

// eslint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const recoveryKey = /[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}/g;
const maximumLength = 200;

/**
 * The first line of what a tool printed that is not blank: at most 200 characters, no control
 * characters, nothing that has the form of a recovery key. All that a message may echo.
 */
export const firstLine = (text: string): string => {
  const start = text.search(/\S/);
  if (start < 0) return '';
  // Cut early: one line can be as long as the whole output.
  const line = text.slice(start, start + 8 * maximumLength).split('\n', 1)[0] ?? '';
  const plain = line.replace(controlCharacters, '').replace(recoveryKey, '[removed]').trim();
  return Array.from(plain).slice(0, maximumLength).join('');
};

/** The first line that is not blank, whole. */
export const firstFilled = (text: string): string => {
  const at = text.search(/\S/);
  return at < 0 ? '' : (text.slice(at).split('\n', 1)[0] ?? '').trimEnd();
};

/**
 * How a message tells what a tool printed: the first line, where it is a sentence that is known; of any other its size and a
 * digest, for it may hold anything.
 */
export const told = (text: string): string => {
  const line = firstFilled(text);
  if (isWithheldText(line)) return line.slice('withheld '.length);
  if (line === '' || isKnownSentence(line) || isWithheldLine(line)) return firstLine(line);
  return withheldIn(line) ?? sizeAndDigest(line);
};

/** The same of a value of which words are expected: one that is not known is shown, and a sentence is not. */
export const toldWord = (text: string): string => (isWord(text) ? text : told(text));

/** Lines without their line ends; a trailing line end does not make a further line. */
export const linesOf = (text: string): string[] => {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines;
};

/** The same, blank lines left out. */
export const filledLinesOf = (text: string): string[] => linesOf(text).filter((line) => line.trim() !== '');

/** The lines that can be an answer: trimmed, without blank ones and those of a log. */
export const saidLinesOf = (text: string): string[] =>
  filledLinesOf(text)
    .filter((line) => !isLogLine(line))
    .map((line) => line.trim());

/** What a parser notes of a text that is cut (isCut). */
export const cutShort = (tool: string): CollectError =>
  parseFailed(`${tool} does not end with a line feed: the end may be missing`);

/** What a parser notes of one line beside others that it knows. */
export const unknownLine = (tool: string, line: string): CollectError =>
  parseFailed(`${tool} printed a line that is not known: ${told(line)}`);

const rootNeeded = /\b(?:must|needs?|requires?|only)\b[^\n]{0,40}\broot\b|\bpermission denied\b/i;

/** Whether a tool says that it needs root. Ask it only about text that cannot be an answer. */
export const saysRootNeeded = (text: string): boolean =>
  rootNeeded.test(text.slice(0, 4096)) || hasCueAnywhere(text, 'root');

const errorHeadline = /^\s*(?:[a-z]+: )?(?:error|failed|unable|could not|can't|cannot)\b/i;

/** Whether a text begins as tools begin their error messages. */
export const saysError = (text: string): boolean =>
  errorHeadline.test(text) || hasCue(firstFilled(text), 'error');

/**
 * Why an output is not an answer.
 *
 * Input: the tool as a reader knows it, and an answer in which its parser found nothing it knows.
 * Returns: `permission_denied` when the tool asks for root on either stream (some exit with 0 then),
 * `source_failed` when it reports an error, else `parse_failed`. Silence is never an answer.
 */
export const notUnderstood = (tool: string, { stdout, stderr, exitCode }: Answer): CollectError => {
  if (saysRootNeeded(stderr) || saysRootNeeded(stdout)) {
    return permissionDenied(`${tool} says that it needs root`);
  }
  const said = told(stderr) || told(stdout);
  if (said === '') return parseFailed(`${tool} printed nothing and ended with exit code ${exitCode}`);
  if (exitCode !== 0) return failed(tool, `ended with exit code ${exitCode}: ${said}`);
  if (saysError(stdout) || saysError(stderr)) return failed(tool, `reported: ${said}`);
  return parseFailed(`${tool} printed a text that is not known: ${told(stdout) || said}`);
};

/** The tool itself reports an error. */
export const failed = (tool: string, what: string): CollectError =>
  new CollectError('source_failed', `${tool} ${what}`);

const logged = /^\s*(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]{8,}|(?:objc|dyld)\[[0-9]+\]:|[-+]\[[A-Za-z])/;

/** Whether a line is of the kind that the frameworks below a tool log into its output: it says nothing of an answer. */
export const isLogLine = (line: string): boolean => logged.test(line) || hasCue(line, 'log');

/** Whether a text ends in the midst of a line: what stands there may be cut. */
export const isCut = (text: string): boolean => text !== '' && !text.endsWith('\n');
