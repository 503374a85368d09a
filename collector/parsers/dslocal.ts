import { parseFailed } from '../errors.ts';
import {
  dsclKey,
  groupAttributesByNativeName,
  sanitizeAccountPolicyData,
  userAttributesByNativeName,
} from './ds_records.ts';
import { parsePlistFileDict } from './plist.ts';
import { PlistOdd } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';

/** What `dscl -plist` would print of one record: full keys, each with its values. What cannot be read is odd. */
export type DslocalRecord = ReadonlyMap<string, readonly (string | PlistOdd)[]>;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Data as dscl prints it: as text where it is, else in hexadecimal groups of four bytes. XML has no NUL. */
const textOfData = (bytes: Uint8Array): string => {
  try {
    const text = strictUtf8.decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Not text.
  }
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return (hex.match(/.{1,8}/g) ?? []).join(' ');
};

const textOf = (value: PlistValue, name: string): string | PlistOdd => {
  if (typeof value === 'string')
    return value.includes('\0') ? textOfData(new TextEncoder().encode(value)) : value;
  if (value instanceof Uint8Array) return textOfData(value);
  // A number is one of an id, and of no name.
  return typeof value === 'number' && Number.isSafeInteger(value) && (name === 'uid' || name === 'gid')
    ? String(value)
    : new PlistOdd('neither text nor data');
};
const textsOf = (value: PlistValue, name: string): (string | PlistOdd)[] =>
  Array.isArray(value) ? value.map((each) => textOf(each, name)) : [textOf(value, name)];

const isSame = (a: readonly (string | PlistOdd)[], b: readonly (string | PlistOdd)[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

const parseRecord = (
  bytes: Uint8Array,
  attributes: ReadonlyMap<string, string>,
): DslocalRecord | PlistOdd => {
  const { dict, odd } = parsePlistFileDict(bytes, 'a record of the local node');
  const record = new Map<string, readonly (string | PlistOdd)[]>();
  for (const [name, values] of dict) {
    const attribute = attributes.get(name);
    // Hashes, keys, pictures and hints end here.
    if (attribute === undefined) continue;
    const key = dsclKey(attribute);
    const texts = textsOf(values, name).map((text) =>
      attribute === 'accountPolicyData' && typeof text === 'string' ? sanitizeAccountPolicyData(text) : text,
    );
    // Two names of one attribute that say different things.
    const isAgainstItself = !isSame(record.get(key) ?? texts, texts);
    record.set(key, isAgainstItself ? [new PlistOdd('it is there twice, with different values')] : texts);
  }
  if (typeof record.get(dsclKey('RecordName'))?.[0] !== 'string') {
    throw parseFailed('a record of the local node has no name');
  }
  // dscl prints the keys in this order.
  const sorted = new Map([...record].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
  return odd === null ? sorted : new PlistOdd(odd, sorted);
};

/**
 * Reads the file of one user in the local node of a mounted volume.
 *
 * Input: the bytes of `/var/db/dslocal/nodes/Default/users/NAME.plist`, binary or XML; macOS 10.5 to 26.
 * Returns: the allow-listed attributes as `dscl -plist` would print them, accountPolicyData reduced to its
 *   times and its count. Everything else, ShadowHashData first, is dropped here. A PlistOdd with those that can be
 *   read, where the record has lost a key: what it lacks may have been there.
 * Throws: parse_failed when it is not a property list, or has no name.
 * Source: DSLocal of Apple's DirectoryService
 */
export const parseDslocalUser = (bytes: Uint8Array): DslocalRecord | PlistOdd =>
  parseRecord(bytes, userAttributesByNativeName);

/** The same for the file of a group, `/var/db/dslocal/nodes/Default/groups/NAME.plist`. */
export const parseDslocalGroup = (bytes: Uint8Array): DslocalRecord | PlistOdd =>
  parseRecord(bytes, groupAttributesByNativeName);
