/** What the printed collector may keep of each output and file: the allow-lists of the parsers, as lines for awk. */
import { accountsPreferenceKeys } from '../parsers/accounts_preferences.ts';
import { keptData, keptDataLength, keptDepth, keptListLength } from '../parsers/authentication_authority.ts';
import type { AllowedDict } from '../parsers/allowed.ts';
import {
  accountPolicyKeys,
  groupKeys,
  policyKeys,
  remoteRightsKeys,
  userKeys,
} from '../parsers/ds_records.ts';
import { deferralKeys } from '../parsers/fdesetup_show_deferral_info.ts';
import { ioregPlatformKeys, serialNumberKeys } from '../parsers/ioreg_platform.ts';
import { loginwindowKeys } from '../parsers/loginwindow_preferences.ts';
import { managedPreferenceKeys } from '../parsers/managed_preferences.ts';
import { contentKeys, mdmProfileKeys, profileKeys } from '../parsers/profiles_show_configuration.ts';
import { cachedEnrollmentKeys } from '../parsers/profiles_show_enrollment_cached.ts';
import { rootLoginwindowKeys } from '../parsers/root_loginwindow_preferences.ts';
import { smartcardKeys } from '../parsers/smartcard_preferences.ts';
import { systemConfigurationKeys } from '../parsers/system_configuration.ts';
import { fileNames } from '../sources.ts';
import type { FileName } from '../sources.ts';

/** One line of the rules of the awk programs: the set, the path of a key in it, and what may be kept of it. */
type Rule = readonly [set: string, path: string, kept: string];

/** The script knows no words: it keeps texts, of which the reader of the bundle keeps the words. */
const asInScript: Readonly<Record<string, string>> = {
  word: 'text',
  sentence: 'text',
  name: 'text',
  uuid: 'text',
  words: 'texts',
};

const rulesOf = (set: string, allowed: AllowedDict, above = ''): Rule[] =>
  Object.entries(allowed).flatMap(([key, rule]): Rule[] => {
    // A preference domain is the name of a file, and no two differ in case alone.
    const path = above + (above.endsWith('PayloadContentManagedPreferences/') ? key.toLowerCase() : key);
    if (typeof rule === 'string')
      return [[set, path, key === 'ServerURL' ? 'url' : (asInScript[rule] ?? rule)]];
    const list = rule as readonly [AllowedDict];
    return Array.isArray(rule)
      ? [[set, path, 'list'], ...rulesOf(set, list[0], `${path}/`)]
      : [[set, path, 'dict'], ...rulesOf(set, rule as AllowedDict, `${path}/`)];
  });

/** The files of which the script keeps something, with the keys. */
export const preferenceKeys: Readonly<Partial<Record<FileName, AllowedDict>>> = {
  managed_preferences: managedPreferenceKeys,
  loginwindow_preferences: loginwindowKeys,
  root_loginwindow_preferences: rootLoginwindowKeys,
  smartcard_preferences: smartcardKeys,
  accounts_preferences: accountsPreferenceKeys,
  system_configuration: systemConfigurationKeys,
};

const any = (set: string, keys: Iterable<string>): Rule[] => Array.from(keys, (key) => [set, key, 'any']);

/** What is kept of an account's policy is said key by key: it is a property list of its own, as text. */
const policyRule = (key: string): Rule => [
  'ds_account_policy',
  key,
  accountPolicyKeys.get(key) === 'accountPolicyData' ? 'policy' : 'any',
];

/** Of whom an identity provider knows nobody reads more than that it does. */
const ofProvider = 'AltSecurityIdentities';
/** Who a person is in a directory is left out unless it is asked for. */
const identityRules: Readonly<Record<string, string>> = {
  AuthenticationAuthority: 'authority',
};
const userRules = (include: ReadonlySet<string>): Rule[] => {
  const hidden = include.has('identities') ? {} : identityRules;
  const rules: Readonly<Record<string, string>> = { ...hidden, [ofProvider]: 'provider' };
  return [
    ...Array.from(userKeys, ([key, attribute]): Rule => ['ds_users', key, rules[attribute] ?? 'any']),
    ...Array.from(keptData, ([tag, form]): Rule => ['kept_data', tag, form]),
    ['kept_data_length', 'most', String(keptDataLength)],
    ['kept_depth', 'most', String(keptDepth)],
    ['kept_list_length', 'most', String(keptListLength)],
  ];
};

const allRules = (include: ReadonlySet<string>, noShells: ReadonlySet<string>): Rule[] => [
  ...any('ioreg_platform', [
    ...Object.keys(ioregPlatformKeys),
    ...(include.has('serial_number') ? Object.keys(serialNumberKeys) : []),
  ]),
  ...userRules(include),
  ...any('ds_groups', groupKeys.keys()),
  ...any('ds_remote_rights', remoteRightsKeys.keys()),
  ...Array.from(accountPolicyKeys.keys(), policyRule),
  ...Object.keys(policyKeys).map((key): Rule => ['policy', key, 'number']),
  ...rulesOf('deferral', deferralKeys),
  ...rulesOf('enrollment', cachedEnrollmentKeys),
  ...rulesOf('profile', profileKeys),
  ...rulesOf('mdm_profile', mdmProfileKeys),
  ...Object.entries(contentKeys).flatMap(([type, keys]) => rulesOf(`payload/${type}`, keys)),
  ...any('payload_key', new Set(Object.values(contentKeys).flatMap((keys) => Object.keys(keys)))),
  ...fileNames.flatMap((name) => rulesOf(name, preferenceKeys[name] ?? {})),
  ...Array.from(userKeys, ([key, attribute]): Rule => ['attribute', key, attribute]),
  ...Array.from(noShells, (shell): Rule => ['no_shell', shell, 'x']),
];

/** The rules as lines for awk. */
export const ruleLines = (include: ReadonlySet<string>, noShells: ReadonlySet<string>): readonly string[] =>
  allRules(include, noShells).map((rule) => rule.join('\t'));
