import {
  flagOf,
  keepAllowed,
  sanitizeBytes,
  textOf,
  textsOf,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { parsePlistFile } from './plist.ts';

/** Each null when the file does not set it. */
export interface LoginwindowPreferences {
  /** Short name of the account that is logged in at start-up. */
  readonly autologinUsername: string | null;
  /**
   * Whether the login window logs a user in who has already unlocked FileVault; true means that it does not.
   */
  readonly disableFdeAutologin: boolean | null;
  readonly guestEnabled: boolean | null;
  readonly hide500Users: boolean | null;
  /** Short names. */
  readonly hiddenUsers: readonly string[] | null;
}

export const loginwindowKeys = {
  DisableFDEAutoLogin: 'flag',
  GuestEnabled: 'flag',
  HiddenUsersList: 'texts',
  Hide500Users: 'flag',
  autoLoginUser: 'text',
} as const satisfies AllowedDict;

export const readLoginwindow = (kept: KeptDict): LoginwindowPreferences => ({
  // An empty name is nobody's.
  autologinUsername: textOf(kept, 'autoLoginUser') || null,
  disableFdeAutologin: flagOf(kept, 'DisableFDEAutoLogin'),
  guestEnabled: flagOf(kept, 'GuestEnabled'),
  hide500Users: flagOf(kept, 'Hide500Users'),
  hiddenUsers: textsOf(kept, 'HiddenUsersList'),
});

const keep = (bytes: Uint8Array): KeptDict =>
  keepAllowed(parsePlistFile(bytes), loginwindowKeys, 'com.apple.loginwindow.plist');

/**
 * Parses the settings of the login window.
 *
 * Input: /Library/Preferences/com.apple.loginwindow.plist, binary or XML; 10.13 and later.
 * Returns: the listed keys. The password of an automatic login is not here but in /etc/kcpassword, which is
 * never read.
 * Throws: `parse_failed` when it is not a property list, or a listed key is of another kind.
 * Source: apple/device-management, com.apple.loginwindow; mSCP for autoLoginUser and GuestEnabled.
 */
export const parseLoginwindowPreferences = (bytes: Uint8Array): LoginwindowPreferences =>
  readLoginwindow(keep(bytes));

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeLoginwindowPreferences = (bytes: Uint8Array): Uint8Array => sanitizeBytes(bytes, keep);
