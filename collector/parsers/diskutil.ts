import { CollectError } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { Entry } from './entry.ts';
import { failed, firstLine, notUnderstood } from './lines.ts';
import { PlistOdd } from './plist_value.ts';
import { parseXmlDict } from './plist_xml.ts';

/**
 * Parses the property list that the verbs of diskutil print with -plist.
 *
 * Input: the answer of a verb, with or without the closing tag `</plist>`.
 * Returns: the dictionary, to be read key by key.
 * Throws: `source_failed` for an exit code other than 0, for a dictionary with `Error` or `ErrorMessage`
 * (diskutil prints both for a disk that it cannot find), and for the text of an error; `parse_failed` for
 * all else.
 * Source: diskutil(8).
 */
export const parseDiskutilPlist = (tool: string, answer: Answer): Entry => {
  const { stdout, stderr, exitCode } = answer;
  const text = stdout.trim();
  if (!/<plist[ \t\r\n>]/.test(text) && !text.startsWith('<')) throw notUnderstood(tool, answer);
  let found: ReturnType<typeof parseXmlDict>;
  try {
    // One known form ends after the dictionary (diskutil-listusers-plist-02). Nothing can be missing then:
    // an output cut off after an inner dictionary has open elements left, and fails.
    const isUnclosed = text.endsWith('</dict>') && !text.includes('</plist');
    found = parseXmlDict(isUnclosed ? `${text}\n</plist>` : text, `what ${tool} printed`);
  } catch (error) {
    if (!(error instanceof CollectError) || exitCode === 0) throw error;
    throw failed(tool, `ended with exit code ${exitCode}: ${firstLine(stderr)}`);
  }
  const { dict, odd } = found;
  if (dict.get('Error') === true || dict.has('ErrorMessage')) {
    const message = dict.get('ErrorMessage');
    throw failed(tool, `reported: ${typeof message === 'string' ? firstLine(message) : 'an error'}`);
  }
  if (exitCode !== 0) throw failed(tool, `ended with exit code ${exitCode}: ${firstLine(stderr)}`);
  return new Entry(odd === null ? dict : new PlistOdd(odd, dict));
};
