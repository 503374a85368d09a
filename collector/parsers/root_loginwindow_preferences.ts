import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepAllowed, sanitizeBytes, type AllowedDict, type KeptDict } from './allowed.ts';
import { loginHookKeys, readLoginHooks, type LoginHooks } from './loginwindow_preferences.ts';
import { parsePlistFile } from './plist.ts';

export const rootLoginwindowKeys = loginHookKeys satisfies AllowedDict;

const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), rootLoginwindowKeys, "root's com.apple.loginwindow.plist", note);

/**
 * Parses the login hooks that were set as root: `sudo defaults write com.apple.loginwindow LoginHook PATH` writes them here.
 *
 * Input: com.apple.loginwindow.plist of root's own preferences, binary or XML; 10.13 and later.
 * Returns: the two hooks.
 * Notes: a hook that is no text, which is then unread.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: defaults-loginwindow-user-01, a user's own file of the same form; ATT&CK T1037.002.
 */
export const parseRootLoginwindowPreferences: ParseFile<LoginHooks> = (bytes, note = ignore) =>
  readLoginHooks(keep(bytes, note));

/** The two keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeRootLoginwindowPreferences = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
