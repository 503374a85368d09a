import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  flagOf,
  integerOf,
  keepAllowed,
  sanitizeBytes,
  textOf,
  textsOf,
  type AllowedDict,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { parsePlistFile } from './plist.ts';

/** Each null when the file does not set it. */
export interface LoginwindowPreferences {
  /** Short name of the account that is logged in at start-up. */
  readonly autologinUsername: Setting<string>;
  /**
   * Whether the login window logs a user in who has already unlocked FileVault; true means that it does not.
   */
  readonly disableFdeAutologin: Setting<boolean>;
  readonly guestEnabled: Setting<boolean>;
  readonly hide500Users: Setting<boolean>;
  /** Short names. */
  readonly hiddenUsers: Setting<readonly string[]>;
  /** Fields for name and password in place of a list of accounts. */
  readonly asksForName: Setting<boolean>;
  /** What a click on the clock shows, such as HostName. */
  readonly adminHostInfo: Setting<string>;
  /** Wrong passwords until the hint is shown; 0 never. */
  readonly retriesUntilHint: Setting<number>;
  /** Whether `>console` as a name is refused. */
  readonly disableConsoleAccess: Setting<boolean>;
  readonly hooks: LoginHooks;
}

/** Programs that run as root when somebody logs in or out; null when none is set. */
export interface LoginHooks {
  readonly login: Setting<string>;
  readonly logout: Setting<string>;
}

export const loginHookKeys = { LoginHook: 'text', LogoutHook: 'text' } as const satisfies AllowedDict;

// An empty path is none.
export const readLoginHooks = (kept: KeptDict): LoginHooks => ({
  login: textOf(kept, 'LoginHook') || null,
  logout: textOf(kept, 'LogoutHook') || null,
});

export const loginwindowKeys = {
  AdminHostInfo: 'word',
  DisableConsoleAccess: 'flag',
  DisableFDEAutoLogin: 'flag',
  GuestEnabled: 'flag',
  HiddenUsersList: 'texts',
  Hide500Users: 'flag',
  ...loginHookKeys,
  RetriesUntilHint: 'integer',
  SHOWFULLNAME: 'flag',
  autoLoginUser: 'text',
} as const satisfies AllowedDict;

export const readLoginwindow = (kept: KeptDict): LoginwindowPreferences => ({
  // An empty name is nobody's.
  autologinUsername: textOf(kept, 'autoLoginUser') || null,
  disableFdeAutologin: flagOf(kept, 'DisableFDEAutoLogin'),
  guestEnabled: flagOf(kept, 'GuestEnabled'),
  hide500Users: flagOf(kept, 'Hide500Users'),
  hiddenUsers: textsOf(kept, 'HiddenUsersList'),
  asksForName: flagOf(kept, 'SHOWFULLNAME'),
  adminHostInfo: textOf(kept, 'AdminHostInfo'),
  retriesUntilHint: integerOf(kept, 'RetriesUntilHint'),
  disableConsoleAccess: flagOf(kept, 'DisableConsoleAccess'),
  hooks: readLoginHooks(kept),
});

const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), loginwindowKeys, 'com.apple.loginwindow.plist', note);

/**
 * Parses the settings of the login window.
 *
 * Input: /Library/Preferences/com.apple.loginwindow.plist, binary or XML; 10.13 and later.
 * Returns: the listed keys. The password of an automatic login is not here but in /etc/kcpassword, which is
 * never read.
 * Notes: a listed key of another kind, which is then unread.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: apple/device-management, com.apple.loginwindow; mSCP for autoLoginUser and GuestEnabled.
 */
export const parseLoginwindowPreferences: ParseFile<LoginwindowPreferences> = (bytes, note = ignore) =>
  readLoginwindow(keep(bytes, note));

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeLoginwindowPreferences = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
