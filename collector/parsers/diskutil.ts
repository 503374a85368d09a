import { CollectError } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { Entry } from './entry.ts';
import { keepLines, keptAnswer, sentencesOnly } from './kept_lines.ts';
import { failed, notUnderstood, told } from './lines.ts';
import { sanitizePlist, sanitizeXmlPlistWith } from './plist_sanitize.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import { PlistOdd } from './plist_value.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';
import { parseXmlDict } from './plist_xml.ts';

/** What every verb prints on failing. `withheld` says that there were keys, where none of them is kept. */
const commonKeys: AllowedKeys = { Error: 'flag', ErrorMessage: 'message', withheld: 'flag' };

/** That a dictionary is empty is an answer: one with other keys does not become one. */
const reducing =
  (keys: AllowedKeys) =>
  (value: PlistValue): PlistValue => {
    const kept = sanitizePlist(value, { ...commonKeys, ...keys });
    const isEmptied = value instanceof Map && value.size > 0 && kept instanceof Map && kept.size === 0;
    return isEmptied ? new Map([['withheld', true]]) : kept;
  };

const isPlist = (text: string): boolean => /<plist[ \t\r\n>]/.test(text) || text.startsWith('<');

/**
 * One known form ends after the dictionary (diskutil-listusers-plist-02). Nothing can be missing then: an output cut off after
 * an inner dictionary has open elements left, and fails.
 */
const closed = (text: string): string =>
  text.endsWith('</dict>') && !text.includes('</plist') ? `${text}\n</plist>` : text;

/** The keys that are read; of a text that is no property list the sentences that are known. */
export const sanitizeDiskutilPlist = (stdout: string, keys: AllowedKeys): string => {
  const text = stdout.trim();
  if (!isPlist(text)) return keepLines(stdout);
  const whole = closed(text);
  const kept = sanitizeXmlPlistWith(whole, reducing(keys));
  return kept === whole ? stdout : kept;
};

/**
 * Parses the property list that the verbs of diskutil print with -plist.
 *
 * Input: the answer of a verb, with or without the closing tag `</plist>`, and the keys that are kept of it.
 * Returns: the dictionary, to be read key by key; it holds no other keys.
 * Throws: `source_failed` for an exit code other than 0, for a dictionary with `Error` or `ErrorMessage`
 * (diskutil prints both for a disk that it cannot find), and for the text of an error; `parse_failed` for
 * all else.
 * Source: diskutil(8).
 */
export const parseDiskutilPlist = (tool: string, printed: Answer, keys: AllowedKeys): Entry => {
  const text = printed.stdout.trim();
  const answer = keptAnswer(printed, isPlist(text) ? null : sentencesOnly);
  const { stderr, exitCode } = answer;
  if (!isPlist(text)) throw notUnderstood(tool, answer);
  let found: ReturnType<typeof parseXmlDict>;
  try {
    found = parseXmlDict(closed(text), `what ${tool} printed`);
  } catch (error) {
    if (!(error instanceof CollectError) || exitCode === 0) throw error;
    throw failed(tool, `ended with exit code ${exitCode}: ${told(stderr)}`);
  }
  const dict = reducing(keys)(found.dict) as PlistDict;
  const { odd } = found;
  if (dict.get('Error') === true || dict.has('ErrorMessage')) {
    const message = dict.get('ErrorMessage');
    throw failed(tool, `reported: ${typeof message === 'string' ? told(message) : 'an error'}`);
  }
  if (exitCode !== 0) throw failed(tool, `ended with exit code ${exitCode}: ${told(stderr)}`);
  return new Entry(odd === null ? dict : new PlistOdd(odd, dict));
};
