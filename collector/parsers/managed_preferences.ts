import { parseFailed } from '../errors.ts';
import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  dictOf,
  flagOf,
  hasAny,
  integerOf,
  keepAllowed,
  sanitizeBytes,
  textOf,
  textsOf,
  unread,
  type AllowedDict,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { loginwindowKeys, readLoginwindow, type LoginwindowPreferences } from './loginwindow_preferences.ts';
import { parsePlistFile } from './plist.ts';

/** com.apple.MCX, mobile accounts; each null when it is not set. */
export interface MobileAccountPolicy {
  readonly askForSecureTokenAuthBypass: Setting<boolean>;
  readonly createAtLogin: Setting<boolean>;
  readonly warnOnCreate: Setting<boolean>;
  /** -1 never. */
  readonly expiryDisusedSeconds: Setting<number>;
}

/** com.apple.MCX, whether FileVault may be turned off or on. */
export interface McxFileVault {
  readonly dontAllowFdeDisable: Setting<boolean>;
  readonly dontAllowFdeEnable: Setting<boolean>;
}

/** com.apple.MCX, guest account: two switches that can contradict each other. */
export interface GuestPolicy {
  readonly disableGuestAccount: Setting<boolean>;
  readonly enableGuestAccount: Setting<boolean>;
}

/** com.apple.MCX.FileVault2; each null when it is not set. */
export interface FileVaultPolicy {
  readonly enable: Setting<'On' | 'Off'>;
  readonly defer: Setting<boolean>;
  /** -1 off, 0 at the next login, 9999 never forced. */
  readonly maxBypassAttempts: Setting<number>;
  readonly dontAskAtLogout: Setting<boolean>;
  readonly showRecoveryKey: Setting<boolean>;
  readonly useRecoveryKey: Setting<boolean>;
  readonly forceEnableInSetupAssistant: Setting<boolean>;
  /** Whether a certificate of an institutional recovery key is given; it is never read. */
  readonly irkCertificatePresent: boolean;
}

/** com.apple.extensiblesso, Platform SSO; each null when it is not set. */
export interface PlatformSsoPolicy {
  readonly authenticationMethod: Setting<string>;
  readonly fileVaultPolicy: Setting<readonly string[]>;
  readonly loginPolicy: Setting<readonly string[]>;
  readonly unlockPolicy: Setting<readonly string[]>;
  readonly nonPlatformSsoAccounts: Setting<readonly string[]>;
  readonly newUserAuthorizationMode: Setting<string>;
  readonly userAuthorizationMode: Setting<string>;
}

/** Each group is null when the file sets none of its keys. */
export interface ManagedPreferences {
  readonly mobileAccounts: MobileAccountPolicy | null;
  readonly mcxFileVault: McxFileVault | null;
  readonly guestAccount: GuestPolicy | null;
  readonly fileVault: FileVaultPolicy | null;
  readonly platformSso: PlatformSsoPolicy | null;
  readonly loginwindow: LoginwindowPreferences | null;
}

const mobileAccountKeys = {
  'cachedaccounts.askForSecureTokenAuthBypass': 'flag',
  'cachedaccounts.expiry.delete.disusedSeconds': 'integer',
  'com.apple.cachedaccounts.CreateAtLogin': 'flag',
  'com.apple.cachedaccounts.WarnOnCreate': 'flag',
} as const satisfies AllowedDict;

const guestKeys = { DisableGuestAccount: 'flag', EnableGuestAccount: 'flag' } as const satisfies AllowedDict;

export const mcxFileVaultKeys = {
  dontAllowFDEDisable: 'flag',
  dontAllowFDEEnable: 'flag',
} as const satisfies AllowedDict;

// The payload can hold a user's name and password in clear; neither is listed.
export const fileVaultKeys = {
  Certificate: 'present',
  Defer: 'flag',
  DeferDontAskAtUserLogout: 'flag',
  DeferForceAtUserLoginMaxBypassAttempts: 'integer',
  Enable: 'name',
  ForceEnableInSetupAssistant: 'flag',
  PayloadCertificateUUID: 'present',
  ShowRecoveryKey: 'flag',
  UseRecoveryKey: 'flag',
} as const satisfies AllowedDict;

// Not listed: RegistrationToken, ExtensionData.
export const platformSsoKeys = {
  // Here in macOS 13, in the dictionary since 14.
  AuthenticationMethod: 'word',
  PlatformSSO: {
    AuthenticationMethod: 'word',
    FileVaultPolicy: 'words',
    LoginPolicy: 'words',
    NewUserAuthorizationMode: 'word',
    NonPlatformSSOAccounts: 'texts',
    UnlockPolicy: 'words',
    UserAuthorizationMode: 'word',
  },
} as const satisfies AllowedDict;

export const managedPreferenceKeys = {
  ...mobileAccountKeys,
  ...guestKeys,
  ...mcxFileVaultKeys,
  ...fileVaultKeys,
  ...platformSsoKeys,
  ...loginwindowKeys,
} as const satisfies AllowedDict;

const enableOf = (kept: KeptDict, note: Note): FileVaultPolicy['enable'] => {
  const value = textOf(kept, 'Enable');
  if (value === null || value === 'On' || value === 'Off' || value === unread) return value;
  note(parseFailed('Enable of com.apple.MCX.FileVault2 is neither On nor Off'));
  return unread;
};

export const readFileVault = (kept: KeptDict, note: Note): FileVaultPolicy => ({
  enable: enableOf(kept, note),
  defer: flagOf(kept, 'Defer'),
  maxBypassAttempts: integerOf(kept, 'DeferForceAtUserLoginMaxBypassAttempts'),
  dontAskAtLogout: flagOf(kept, 'DeferDontAskAtUserLogout'),
  showRecoveryKey: flagOf(kept, 'ShowRecoveryKey'),
  useRecoveryKey: flagOf(kept, 'UseRecoveryKey'),
  forceEnableInSetupAssistant: flagOf(kept, 'ForceEnableInSetupAssistant'),
  irkCertificatePresent: kept.has('Certificate') || kept.has('PayloadCertificateUUID'),
});

export const readMcxFileVault = (kept: KeptDict): McxFileVault => ({
  dontAllowFdeDisable: flagOf(kept, 'dontAllowFDEDisable'),
  dontAllowFdeEnable: flagOf(kept, 'dontAllowFDEEnable'),
});

/** The settings of Platform SSO; all are unread where their dictionary is none. */
export const readPlatformSso = (kept: KeptDict): PlatformSsoPolicy => {
  const policy = dictOf(kept, 'PlatformSSO');
  const isUnread = policy === null && kept.has('PlatformSSO');
  const within = <T>(of: (dict: KeptDict, key: string) => Setting<T>, key: string): Setting<T> =>
    isUnread ? unread : policy === null ? null : of(policy, key);
  return {
    authenticationMethod: within(textOf, 'AuthenticationMethod') ?? textOf(kept, 'AuthenticationMethod'),
    fileVaultPolicy: within(textsOf, 'FileVaultPolicy'),
    loginPolicy: within(textsOf, 'LoginPolicy'),
    unlockPolicy: within(textsOf, 'UnlockPolicy'),
    nonPlatformSsoAccounts: within(textsOf, 'NonPlatformSSOAccounts'),
    newUserAuthorizationMode: within(textOf, 'NewUserAuthorizationMode'),
    userAuthorizationMode: within(textOf, 'UserAuthorizationMode'),
  };
};

/** A group of settings, null when none of its keys is there. */
export const groupOf = <T>(kept: KeptDict, keys: AllowedDict, read: (kept: KeptDict) => T): T | null =>
  hasAny(kept, keys) ? read(kept) : null;

const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), managedPreferenceKeys, 'a managed preference file', note);

/**
 * Parses what an MDM profile forces.
 *
 * Input: com.apple.MCX.plist, com.apple.MCX.FileVault2.plist, com.apple.extensiblesso.plist or
 * com.apple.loginwindow.plist of /Library/Managed Preferences, binary or XML. The parser does not know which
 * of them it reads; their keys do not collide.
 * Returns: the listed keys by group; of a certificate only that it is there.
 * Notes: a listed key of another kind or value than Apple's schema says, which is then unread.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: apple/device-management, com.apple.MCX(Mobililty), com.apple.MCX(Accounts),
 * com.apple.MCX(FileVault2), com.apple.MCX.FileVault2, com.apple.extensiblesso, com.apple.loginwindow.
 */
export const parseManagedPreferences: ParseFile<ManagedPreferences> = (bytes, note = ignore) => {
  const kept = keep(bytes, note);
  return {
    mobileAccounts: groupOf(kept, mobileAccountKeys, () => ({
      askForSecureTokenAuthBypass: flagOf(kept, 'cachedaccounts.askForSecureTokenAuthBypass'),
      createAtLogin: flagOf(kept, 'com.apple.cachedaccounts.CreateAtLogin'),
      warnOnCreate: flagOf(kept, 'com.apple.cachedaccounts.WarnOnCreate'),
      expiryDisusedSeconds: integerOf(kept, 'cachedaccounts.expiry.delete.disusedSeconds'),
    })),
    mcxFileVault: groupOf(kept, mcxFileVaultKeys, readMcxFileVault),
    guestAccount: groupOf(kept, guestKeys, () => ({
      disableGuestAccount: flagOf(kept, 'DisableGuestAccount'),
      enableGuestAccount: flagOf(kept, 'EnableGuestAccount'),
    })),
    fileVault: groupOf(kept, fileVaultKeys, () => readFileVault(kept, note)),
    platformSso: groupOf(kept, platformSsoKeys, readPlatformSso),
    loginwindow: groupOf(kept, loginwindowKeys, readLoginwindow),
  };
};

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeManagedPreferences = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
