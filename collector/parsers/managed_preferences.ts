import { parseFailed } from '../errors.ts';
import {
  dictOf,
  flagOf,
  hasAny,
  integerOf,
  keepAllowed,
  sanitizeBytes,
  textOf,
  textsOf,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { loginwindowKeys, readLoginwindow, type LoginwindowPreferences } from './loginwindow_preferences.ts';
import { parsePlistFile } from './plist.ts';

/** com.apple.MCX, mobile accounts; each null when it is not set. */
export interface MobileAccountPolicy {
  readonly askForSecureTokenAuthBypass: boolean | null;
  readonly createAtLogin: boolean | null;
  readonly warnOnCreate: boolean | null;
  /** -1 never. */
  readonly expiryDisusedSeconds: number | null;
}

/** com.apple.MCX, whether FileVault may be turned off or on. */
export interface McxFileVault {
  readonly dontAllowFdeDisable: boolean | null;
  readonly dontAllowFdeEnable: boolean | null;
}

/** com.apple.MCX, guest account: two switches that can contradict each other. */
export interface GuestPolicy {
  readonly disableGuestAccount: boolean | null;
  readonly enableGuestAccount: boolean | null;
}

/** com.apple.MCX.FileVault2; each null when it is not set. */
export interface FileVaultPolicy {
  readonly enable: 'On' | 'Off' | null;
  readonly defer: boolean | null;
  /** -1 off, 0 at the next login, 9999 never forced. */
  readonly maxBypassAttempts: number | null;
  readonly dontAskAtLogout: boolean | null;
  readonly showRecoveryKey: boolean | null;
  readonly useRecoveryKey: boolean | null;
  readonly forceEnableInSetupAssistant: boolean | null;
  /** Whether a certificate of an institutional recovery key is given; it is never read. */
  readonly irkCertificatePresent: boolean;
}

/** com.apple.extensiblesso, Platform SSO; each null when it is not set. */
export interface PlatformSsoPolicy {
  readonly authenticationMethod: string | null;
  readonly fileVaultPolicy: readonly string[] | null;
  readonly loginPolicy: readonly string[] | null;
  readonly unlockPolicy: readonly string[] | null;
  readonly nonPlatformSsoAccounts: readonly string[] | null;
  readonly newUserAuthorizationMode: string | null;
  readonly userAuthorizationMode: string | null;
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
  Enable: 'text',
  ForceEnableInSetupAssistant: 'flag',
  PayloadCertificateUUID: 'present',
  ShowRecoveryKey: 'flag',
  UseRecoveryKey: 'flag',
} as const satisfies AllowedDict;

// Not listed: RegistrationToken, ExtensionData.
export const platformSsoKeys = {
  // Here in macOS 13, in the dictionary since 14.
  AuthenticationMethod: 'text',
  PlatformSSO: {
    AuthenticationMethod: 'text',
    FileVaultPolicy: 'texts',
    LoginPolicy: 'texts',
    NewUserAuthorizationMode: 'text',
    NonPlatformSSOAccounts: 'texts',
    UnlockPolicy: 'texts',
    UserAuthorizationMode: 'text',
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

const enableOf = (kept: KeptDict): FileVaultPolicy['enable'] => {
  const value = textOf(kept, 'Enable');
  if (value === null || value === 'On' || value === 'Off') return value;
  throw parseFailed('Enable of com.apple.MCX.FileVault2 is neither On nor Off');
};

export const readFileVault = (kept: KeptDict): FileVaultPolicy => ({
  enable: enableOf(kept),
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

export const readPlatformSso = (kept: KeptDict): PlatformSsoPolicy => {
  const policy: KeptDict = dictOf(kept, 'PlatformSSO') ?? new Map();
  return {
    authenticationMethod: textOf(policy, 'AuthenticationMethod') ?? textOf(kept, 'AuthenticationMethod'),
    fileVaultPolicy: textsOf(policy, 'FileVaultPolicy'),
    loginPolicy: textsOf(policy, 'LoginPolicy'),
    unlockPolicy: textsOf(policy, 'UnlockPolicy'),
    nonPlatformSsoAccounts: textsOf(policy, 'NonPlatformSSOAccounts'),
    newUserAuthorizationMode: textOf(policy, 'NewUserAuthorizationMode'),
    userAuthorizationMode: textOf(policy, 'UserAuthorizationMode'),
  };
};

/** A group of settings, null when none of its keys is there. */
export const groupOf = <T>(kept: KeptDict, keys: AllowedDict, read: (kept: KeptDict) => T): T | null =>
  hasAny(kept, keys) ? read(kept) : null;

const keep = (bytes: Uint8Array): KeptDict =>
  keepAllowed(parsePlistFile(bytes), managedPreferenceKeys, 'a managed preference file');

/**
 * Parses what an MDM profile forces.
 *
 * Input: com.apple.MCX.plist, com.apple.MCX.FileVault2.plist, com.apple.extensiblesso.plist or
 * com.apple.loginwindow.plist of /Library/Managed Preferences, binary or XML. The parser does not know which
 * of them it reads; their keys do not collide.
 * Returns: the listed keys by group; of a certificate only that it is there.
 * Throws: `parse_failed` when it is not a property list, or a listed key is of another kind or value than
 * Apple's schema says.
 * Source: apple/device-management, com.apple.MCX(Mobililty), com.apple.MCX(Accounts),
 * com.apple.MCX(FileVault2), com.apple.MCX.FileVault2, com.apple.extensiblesso, com.apple.loginwindow.
 */
export const parseManagedPreferences = (bytes: Uint8Array): ManagedPreferences => {
  const kept = keep(bytes);
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
    fileVault: groupOf(kept, fileVaultKeys, readFileVault),
    platformSso: groupOf(kept, platformSsoKeys, readPlatformSso),
    loginwindow: groupOf(kept, loginwindowKeys, readLoginwindow),
  };
};

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeManagedPreferences = (bytes: Uint8Array): Uint8Array => sanitizeBytes(bytes, keep);
