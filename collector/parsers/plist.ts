/** Reads the property list of a file, in either of its forms. */
import { decodeText } from './decode.ts';
import { isBinary, parseBinaryPlist, readBinary } from './plist_binary.ts';
import { notAPlist } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';
import { dictOf, parseXmlDict, parseXmlPlist } from './plist_xml.ts';
import type { OddDict } from './plist_xml.ts';

/**
 * Reads the property list of a file.
 *
 * Input: the bytes of a preference or directory file, binary or XML in UTF-8.
 * Returns: the value.
 * Throws: parse_failed for every other form, the old braces form (OpenStep) too.
 * Source: plist(5)
 */
export const parsePlistFile = (bytes: Uint8Array): PlistValue =>
  isBinary(bytes) ? parseBinaryPlist(bytes) : parseXmlPlist(textOfFile(bytes));

/** The same for a dictionary: of one that is not pairs, those that are. */
export const parsePlistFileDict = (bytes: Uint8Array, what: string): OddDict =>
  isBinary(bytes) ? dictOf(readBinary(bytes), what) : parseXmlDict(textOfFile(bytes), what);

const textOfFile = (bytes: Uint8Array): string => {
  const text = decodeText(bytes);
  if (text === null) throw notAPlist('neither binary nor UTF-8');
  return text;
};
