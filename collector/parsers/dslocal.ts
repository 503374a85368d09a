import { parseFailed } from '../errors.ts';
import {
  dsclKey,
  groupAttributesByNativeName,
  sanitizeAccountPolicyData,
  userAttributesByNativeName,
} from './ds_records.ts';
import { asArray, asDict, parsePlistFile } from './plist.ts';
import type { PlistValue } from './plist.ts';

/** What `dscl -plist` would print of one record: full keys, each with its values. */
export type DslocalRecord = ReadonlyMap<string, string[]>;

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

const textOf = (value: PlistValue, name: string): string => {
  if (typeof value === 'string')
    return value.includes('\0') ? textOfData(new TextEncoder().encode(value)) : value;
  if (value instanceof Uint8Array) return textOfData(value);
  throw parseFailed(`a value of ${name} is neither text nor data`);
};

const parseRecord = (bytes: Uint8Array, attributes: ReadonlyMap<string, string>): DslocalRecord => {
  const file = asDict(parsePlistFile(bytes), 'a record of the local node');
  const record = new Map<string, string[]>();
  for (const [name, values] of file) {
    const attribute = attributes.get(name);
    // Hashes, keys, pictures and hints end here.
    if (attribute === undefined) continue;
    const key = dsclKey(attribute);
    if (record.has(key)) throw parseFailed(`a record of the local node has ${attribute} twice`);
    const texts = asArray(values, name).map((value) => textOf(value, name));
    record.set(key, attribute === 'accountPolicyData' ? texts.map(sanitizeAccountPolicyData) : texts);
  }
  if ((record.get(dsclKey('RecordName')) ?? []).length === 0) {
    throw parseFailed('a record of the local node has no name');
  }
  // dscl prints the keys in this order.
  return new Map([...record].sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
};

/**
 * Reads the file of one user in the local node of a mounted volume.
 *
 * Input: the bytes of `/var/db/dslocal/nodes/Default/users/NAME.plist`, binary or XML; macOS 10.5 to 26.
 * Returns: the allow-listed attributes as `dscl -plist` would print them, accountPolicyData reduced to its
 *   times and its count. Everything else, ShadowHashData first, is dropped here.
 * Throws: parse_failed when it is not a property list, has a value of an unknown kind, or no name.
 * Source: DSLocal of Apple's DirectoryService
 */
export const parseDslocalUser = (bytes: Uint8Array): DslocalRecord =>
  parseRecord(bytes, userAttributesByNativeName);

/** The same for the file of a group, `/var/db/dslocal/nodes/Default/groups/NAME.plist`. */
export const parseDslocalGroup = (bytes: Uint8Array): DslocalRecord =>
  parseRecord(bytes, groupAttributesByNativeName);
