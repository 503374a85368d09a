import { parseFailed } from '../errors.ts';
import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  dictsOf,
  integerOf,
  keepAllowed,
  known,
  sanitizeBytes,
  textOf,
  timeOf,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { firstLine } from './lines.ts';
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

const file = 'com.apple.preferences.accounts.plist';
const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), accountsPreferenceKeys, file, note);

const keys = ['name', 'dsAttrTypeStandard:UniqueID', 'date'] as const;

/** Null for an entry that says nothing. */
const deletedUserOf = (entry: KeptDict, note: Note): DeletedUser | null => {
  const username = known(textOf(entry, 'name'));
  const uid = known(integerOf(entry, 'dsAttrTypeStandard:UniqueID'));
  const deletedTime = known(timeOf(entry, 'date'));
  const who = username === null ? `uid ${uid ?? 'unknown'}` : firstLine(username);
  for (const key of keys) {
    if (!entry.has(key)) note(parseFailed(`the entry of ${who} in deletedUsers of ${file} has no ${key}`));
  }
  return username === null && uid === null && deletedTime === null ? null : { username, uid, deletedTime };
};

/**
 * Parses the log of deleted accounts.
 *
 * Input: /Library/Preferences/com.apple.preferences.accounts.plist, binary or XML; 10.13 and later.
 * Returns: the deletions in the order of the file, each once; none when the file holds no list.
 * Notes: an entry that is none; a key that an entry lacks, or that is of another kind.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: no text of Apple; the keys are those that AutoMacTC (CrowdStrike) and mac_apt read.
 */
export const parseAccountsPreferences: ParseFile<readonly DeletedUser[]> = (bytes, note = ignore) => {
  const deleted = new Map<string, DeletedUser>();
  for (const entry of dictsOf(keep(bytes, note), 'deletedUsers')) {
    const user = deletedUserOf(entry, note);
    if (user !== null) deleted.set(JSON.stringify(user), user);
  }
  return [...deleted.values()];
};

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeAccountsPreferences = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
