import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  isKeptDict,
  keepAllowed,
  sanitizeBytes,
  textOf,
  unread,
  type AllowedDict,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { parsePlistFile } from './plist.ts';

/** Each null when the file does not set it. */
export interface SystemConfiguration {
  /** As Bonjour tells it, without `.local`. */
  readonly localHostName: Setting<string>;
  /** As people read it: any text. */
  readonly computerName: Setting<string>;
}

export const systemConfigurationKeys = {
  System: {
    Network: { HostNames: { LocalHostName: 'text' } },
    System: { ComputerName: 'text' },
  },
} as const satisfies AllowedDict;

const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), systemConfigurationKeys, 'SystemConfiguration/preferences.plist', note);

/** A text below dictionaries; one of them that is none may have held it. */
const textBelow = (kept: KeptDict, folders: readonly string[], key: string): Setting<string> => {
  let dict = kept;
  for (const folder of folders) {
    const child = dict.get(folder);
    if (child === undefined) return null;
    if (!isKeptDict(child)) return unread;
    dict = child;
  }
  // An empty name is none.
  return textOf(dict, key) || null;
};

/**
 * Parses the names of the Mac.
 *
 * Input: /Library/Preferences/SystemConfiguration/preferences.plist, binary or XML; 10.13 and later.
 * Returns: the two names; `scutil --get LocalHostName` says "LocalHostName: not set" where there is none.
 * Notes: a listed key of another kind, which is then unread.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: apple-oss-distributions/configd, SCPreferencesPath and scutil.tproj/prefs.c; log2timeline/plaso, its test of this file.
 */
export const parseSystemConfiguration: ParseFile<SystemConfiguration> = (bytes, note = ignore) => {
  const kept = keep(bytes, note);
  return {
    localHostName: textBelow(kept, ['System', 'Network', 'HostNames'], 'LocalHostName'),
    computerName: textBelow(kept, ['System', 'System'], 'ComputerName'),
  };
};

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeSystemConfiguration = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
