import {
  dictsOf,
  integerOf,
  keepAllowed,
  sanitizeBytes,
  textOf,
  timeOf,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { parsePlistFile } from './plist.ts';

/** An account that was deleted in System Settings. */
export interface DeletedUser {
  readonly username: string | null;
  readonly uid: number | null;
  /** Unix seconds. */
  readonly deletedTime: number | null;
}

// The full name, which is here too, is not kept.
export const accountsPreferenceKeys = {
  deletedUsers: [{ date: 'time', 'dsAttrTypeStandard:UniqueID': 'integer', name: 'text' }],
} as const satisfies AllowedDict;

const keep = (bytes: Uint8Array): KeptDict =>
  keepAllowed(parsePlistFile(bytes), accountsPreferenceKeys, 'com.apple.preferences.accounts.plist');

/**
 * Parses the log of deleted accounts.
 *
 * Input: /Library/Preferences/com.apple.preferences.accounts.plist, binary or XML; 10.13 and later.
 * Returns: the deletions in the order of the file; none when the file holds no list.
 * Throws: `parse_failed` when it is not a property list, or a listed key is of another kind.
 * Source: no text of Apple; the keys are those that AutoMacTC (CrowdStrike) and mac_apt read.
 */
export const parseAccountsPreferences = (bytes: Uint8Array): readonly DeletedUser[] =>
  dictsOf(keep(bytes), 'deletedUsers').map((entry) => ({
    username: textOf(entry, 'name'),
    uid: integerOf(entry, 'dsAttrTypeStandard:UniqueID'),
    deletedTime: timeOf(entry, 'date'),
  }));

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeAccountsPreferences = (bytes: Uint8Array): Uint8Array => sanitizeBytes(bytes, keep);
