import { CollectError, parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { failed, firstLine, isUuid, notUnderstood } from './lines.ts';
import { asDict, optionalString, parseXmlPlist, type PlistDict } from './plist.ts';

/**
 * Parses the property list that the verbs of diskutil print with -plist.
 *
 * Input: the answer of a verb, with or without the closing tag `</plist>`.
 * Returns: the dictionary.
 * Throws: `source_failed` for an exit code other than 0, for a dictionary with `Error` or `ErrorMessage`
 * (diskutil prints both for a disk that it cannot find), and for the text of an error; `parse_failed` for
 * all else.
 * Source: diskutil(8).
 */
export const parseDiskutilPlist = (tool: string, answer: Answer): PlistDict => {
  const { stdout, stderr, exitCode } = answer;
  const text = stdout.trim();
  if (!text.startsWith('<')) throw notUnderstood(tool, answer);
  let dict: PlistDict;
  try {
    // One known form ends after the dictionary (diskutil-listusers-plist-02). Nothing can be missing then:
    // an output cut off after an inner dictionary has open elements left, and fails.
    const isUnclosed = text.endsWith('</dict>') && !text.includes('</plist');
    dict = asDict(parseXmlPlist(isUnclosed ? `${text}\n</plist>` : text), `what ${tool} printed`);
  } catch (error) {
    if (!(error instanceof CollectError) || exitCode === 0) throw error;
    throw failed(tool, `ended with exit code ${exitCode}: ${firstLine(stderr)}`);
  }
  if (dict.get('Error') === true || dict.has('ErrorMessage')) {
    const message = dict.get('ErrorMessage');
    throw failed(tool, `reported: ${typeof message === 'string' ? firstLine(message) : 'an error'}`);
  }
  if (exitCode !== 0) throw failed(tool, `ended with exit code ${exitCode}: ${firstLine(stderr)}`);
  return dict;
};

/** A UUID in upper case, null when the key is absent. */
export const optionalUuid = (dict: PlistDict, key: string): string | null => {
  const uuid = optionalString(dict, key);
  if (uuid !== null && !isUuid(uuid)) throw parseFailed(`${key} is not a UUID`);
  return uuid?.toUpperCase() ?? null;
};
