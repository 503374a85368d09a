import { parseFailed, permissionDenied, saidTwice } from '../errors.ts';
import type { CollectError } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  dictOf,
  dictsOf,
  flagOf,
  integerOf,
  isKeptDict,
  isKeptList,
  keepAllowed,
  known,
  notAnAnswer,
  sanitizeText,
  textOf,
  textsOf,
  timeOf,
  unknownText,
  withheldDict,
  withheldValue,
  type AllowedDict,
  type Kept,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { keptAnswer } from './kept_lines.ts';
import { saidLinesOf, saysRootNeeded, toldWord } from './lines.ts';
import {
  fileVaultKeys,
  groupOf,
  mcxFileVaultKeys,
  platformSsoKeys,
  readFileVault,
  readMcxFileVault,
  readPlatformSso,
  type FileVaultPolicy,
  type McxFileVault,
  type PlatformSsoPolicy,
} from './managed_preferences.ts';
import { asDict } from './plist_value.ts';
import { writeXmlPlist } from './plist_write.ts';
import { parseXmlPlist } from './plist_xml.ts';
import { originOf } from './url.ts';

/** The MDM profile. */
export interface MdmProfile {
  readonly identifier: string | null;
  /** Unix seconds. */
  readonly installTime: number | null;
  /** Host of the server, without port, path or credentials; null when its URL cannot be read. */
  readonly serverHost: string | null;
  readonly accessRights: number | null;
  readonly serverCapabilities: readonly string[] | null;
  readonly organization: string | null;
  /** Null for a profile that has no mark of either kind: a missing mark proves nothing. */
  readonly isUserEnrollment: boolean | null;
}

export interface ConfigurationProfiles {
  /** Null when no profile that was understood enrols the Mac. */
  readonly mdm: MdmProfile | null;
  /** False where a profile or payload was not understood: what is not here may be in it. */
  readonly isComplete: boolean;
  readonly fileVault: FileVaultPolicy | null;
  /** `present` is null where a payload of the device was not understood, which may be it. */
  readonly escrow: { readonly present: boolean | null; readonly location: string | null };
  readonly mcxFileVault: McxFileVault | null;
  readonly loginwindow: { readonly disableFdeAutologin: Setting<boolean> } | null;
  readonly platformSso: PlatformSsoPolicy | null;
}

const loginwindowKeys = { DisableFDEAutoLogin: 'flag' } as const satisfies AllowedDict;
const forced = <T extends AllowedDict>(settings: T) => ({
  Forced: [{ mcx_preference_settings: settings }] as const,
});

/** What may be kept of the content of a payload, by its type; every other payload is dropped unread. */
export const contentKeys = {
  'com.apple.MCX': mcxFileVaultKeys,
  'com.apple.MCX.FileVault2': fileVaultKeys,
  // "Custom settings": the same keys, wrapped (shape: Chef's osx_profile tests).
  'com.apple.ManagedClient.preferences': {
    PayloadContentManagedPreferences: {
      'com.apple.MCX': forced(mcxFileVaultKeys),
      'com.apple.loginwindow': forced(loginwindowKeys),
    },
  },
  'com.apple.extensiblesso': platformSsoKeys,
  'com.apple.loginwindow': loginwindowKeys,
  'com.apple.mdm': {
    AccessRights: 'integer',
    EnrollmentMode: 'word',
    // Names a person: only that it is there.
    ManagedAppleID: 'present',
    ServerCapabilities: 'words',
    ServerURL: 'text',
  },
  'com.apple.security.FDERecoveryKeyEscrow': { Location: 'text' },
} as const satisfies Readonly<Record<string, AllowedDict>>;
type PayloadType = keyof typeof contentKeys;

/** What may be kept of a profile beside its payloads, and of the one that enrols. */
export const profileKeys = { ProfileIdentifier: 'name' } as const satisfies AllowedDict;
export const mdmProfileKeys = {
  ProfileIdentifier: 'text',
  ProfileInstallDate: 'time',
  ProfileOrganization: 'text',
} as const satisfies AllowedDict;

const isPayloadType = (type: string): type is PayloadType => Object.hasOwn(contentKeys, type);

const tool = 'profiles show -type configuration';
const deviceScope = '_computerlevel';

const isMap = (value: unknown): value is ReadonlyMap<string, unknown> => value instanceof Map;
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

const managedDomains = 'PayloadContentManagedPreferences';
const canonicalDomains: ReadonlyMap<string, string> = new Map(
  Object.keys(contentKeys['com.apple.ManagedClient.preferences'][managedDomains]).map((domain) => [
    domain.toLowerCase(),
    domain,
  ]),
);

/**
 * Custom settings with their domains in the case of the list. The startup volume is not case-sensitive, so that
 * com.apple.mcx.plist and com.apple.MCX.plist are one file.
 */
const withCanonicalDomains = (content: ReadonlyMap<string, unknown>): ReadonlyMap<string, unknown> => {
  const domains = content.get(managedDomains);
  if (!isMap(domains)) return content;
  const merged = new Map<string, unknown>();
  for (const [domain, settings] of domains) {
    const name = canonicalDomains.get(domain.toLowerCase());
    if (name === undefined) continue;
    const before = merged.get(name);
    const entriesOf = (of: unknown): readonly unknown[] => {
      const forcedOnes = isMap(of) ? of.get('Forced') : undefined;
      return isMap(of) && forcedOnes === undefined ? [] : isList(forcedOnes) ? forcedOnes : [withheldDict];
    };
    merged.set(
      name,
      before === undefined ? settings : new Map([['Forced', [...entriesOf(before), ...entriesOf(settings)]]]),
    );
  }
  return new Map(content).set(managedDomains, merged);
};

const keepContent = (type: PayloadType, content: unknown, name: string, note: Note): Kept => {
  const what = `${type} of ${name}`;
  if (!isMap(content)) {
    note(parseFailed(`${what} has no content`));
    return withheldDict;
  }
  const read = type === 'com.apple.ManagedClient.preferences' ? withCanonicalDomains(content) : content;
  const kept = new Map(keepAllowed(read, contentKeys[type], what, note));
  const url = known(textOf(kept, 'ServerURL'));
  if (url !== null) {
    const origin = originOf(url);
    if (origin === null) note(parseFailed(`ServerURL of ${what} is not of a known kind`), 'value');
    kept.set('ServerURL', origin ?? withheldValue);
  }
  return kept;
};

const ownKeys = new Set(Object.values(contentKeys).flatMap((keys) => Object.keys(keys)));

/** A payload of use, null for one that is of none; one that may be of use and has no type is withheld. */
const keepPayload = (item: unknown, name: string, note: Note): Kept | null => {
  if (!isMap(item)) {
    note(parseFailed(`a payload of ${name} has a form that is not known`));
    return withheldDict;
  }
  const [type, content] = [item.get('PayloadType'), item.get('PayloadContent')];
  if (typeof type !== 'string') {
    // What has none of the keys that are read here need have no type.
    if (!isMap(content) || ![...content.keys()].some((key) => ownKeys.has(key))) return null;
    note(parseFailed(`a payload of ${name} has a form that is not known`));
    return withheldDict;
  }
  if (!isPayloadType(type)) return null;
  return new Map<string, Kept>([
    ['PayloadContent', keepContent(type, content, name, note)],
    ['PayloadType', type],
  ]);
};

const nameOf = (profile: ReadonlyMap<string, unknown>): string => {
  const identifier = profile.get('ProfileIdentifier');
  const plain = typeof identifier === 'string' ? toldWord(identifier) : '';
  return plain === '' ? 'a profile without an identifier' : `the profile ${plain}`;
};

/** A profile with the payloads that are of use and their listed keys; null when it has none. */
const keepProfile = (profile: unknown, note: Note): Kept | null => {
  if (!isMap(profile)) {
    note(parseFailed('a profile has a form that is not known'));
    return withheldDict;
  }
  const name = nameOf(profile);
  const items = profile.get('ProfileItems');
  if (!isList(items)) {
    note(parseFailed(`${name} has no list of payloads`));
    return new Map<string, Kept>([
      ...keepAllowed(profile, profileKeys, name),
      ['ProfileItems', withheldValue],
    ]);
  }
  const kept = items.map((item) => keepPayload(item, name, note)).filter((item) => item !== null);
  if (kept.length === 0) return null;
  const isMdm = kept.some((item) => isKeptDict(item) && item.get('PayloadType') === 'com.apple.mdm');
  return new Map<string, Kept>([
    ...keepAllowed(profile, isMdm ? mdmProfileKeys : profileKeys, name, note),
    ['ProfileItems', kept],
  ]);
};

/** The profiles of each scope: `_computerlevel`, or those of a user, whose name is not kept. */
type Scopes = ReadonlyMap<string, Kept>;

const keepScopes = (xml: string, note: Note): Scopes => {
  let users = 0;
  const scopeOf = (printed: string): string => {
    if (printed === deviceScope) return printed;
    users += 1;
    return `user ${users}`;
  };
  return new Map(
    Array.from(asDict(parseXmlPlist(xml), `the answer of ${tool}`), ([printed, profiles]): [string, Kept] => {
      const scope = scopeOf(printed);
      if (isList(profiles)) {
        return [scope, profiles.map((each) => keepProfile(each, note)).filter((each) => each !== null)];
      }
      note(parseFailed(`the scope ${scope} of ${tool} is not a list`));
      return [scope, withheldValue];
    }),
  );
};

const profilesOf = (scope: Kept | undefined): readonly KeptDict[] =>
  isKeptList(scope) ? scope.filter(isKeptDict) : [];

/** Whether every profile and payload of a scope was understood. */
const isUnderstood = (scope: Kept | undefined): boolean => {
  if (scope === undefined) return true;
  const isComplete = (profile: Kept): boolean => {
    const items = isKeptDict(profile) ? profile.get('ProfileItems') : undefined;
    return isKeptList(items) && items.every(isKeptDict);
  };
  return isKeptList(scope) && scope.every(isComplete);
};

/** What several payloads of a type say together: a key on which they differ is dropped and told, so that it is not known. */
const agreed = (dicts: readonly KeptDict[], type: string, note: Note): KeptDict => {
  const merged = new Map<string, Kept>();
  for (const key of new Set(dicts.flatMap((dict) => [...dict.keys()]))) {
    const given = dicts.map((dict) => dict.get(key)).filter((value) => value !== undefined);
    const [first] = given;
    if (first === undefined) continue;
    if (given.every(isKeptDict)) merged.set(key, agreed(given, type, note));
    else if (given.every((value) => writeXmlPlist(value) === writeXmlPlist(first))) merged.set(key, first);
    else note(parseFailed(`${tool}: payloads of ${type} differ in ${key}`), 'value');
  }
  return merged;
};

const payloadsOf = (profiles: readonly KeptDict[], type: PayloadType): readonly KeptDict[] =>
  profiles
    .flatMap((profile) => dictsOf(profile, 'ProfileItems'))
    .filter((item) => textOf(item, 'PayloadType') === type)
    .map((item) => dictOf(item, 'PayloadContent') ?? new Map());

/** Payloads of a type together with the custom settings for the same domain. */
const settingsOf = (
  profiles: readonly KeptDict[],
  domain: 'com.apple.MCX' | 'com.apple.loginwindow',
  note: Note,
): KeptDict => {
  const custom = payloadsOf(profiles, 'com.apple.ManagedClient.preferences').flatMap((content) => {
    const domains = dictOf(content, 'PayloadContentManagedPreferences');
    const settings = domains && dictOf(domains, domain);
    return settings === null
      ? []
      : dictsOf(settings, 'Forced').map((entry) => dictOf(entry, 'mcx_preference_settings'));
  });
  return agreed(
    [...payloadsOf(profiles, domain), ...custom.filter((settings) => settings !== null)],
    domain,
    note,
  );
};

const isUserEnrollment = (content: KeptDict): boolean | null => {
  const mode = known(textOf(content, 'EnrollmentMode'));
  if (mode === 'BYOD' || content.has('ManagedAppleID')) return true;
  return mode === 'ADDE' ? false : null;
};

const readMdm = (profile: KeptDict, content: KeptDict): MdmProfile => ({
  identifier: known(textOf(profile, 'ProfileIdentifier')),
  installTime: known(timeOf(profile, 'ProfileInstallDate')),
  serverHost: known(textOf(content, 'ServerURL'))?.replace(/^https?:\/\//, '') ?? null,
  accessRights: known(integerOf(content, 'AccessRights')),
  serverCapabilities: known(textsOf(content, 'ServerCapabilities')),
  organization: known(textOf(profile, 'ProfileOrganization')),
  isUserEnrollment: isUserEnrollment(content),
});

/** What two MDM profiles say alike: there is one for each Mac, but it may be printed twice. */
const agreedMdm = (a: MdmProfile, b: MdmProfile): MdmProfile => {
  const same = <K extends keyof MdmProfile>(key: K): MdmProfile[K] | null =>
    JSON.stringify(a[key]) === JSON.stringify(b[key]) ? a[key] : null;
  return {
    identifier: same('identifier'),
    installTime: same('installTime'),
    serverHost: same('serverHost'),
    accessRights: same('accessRights'),
    serverCapabilities: same('serverCapabilities'),
    organization: same('organization'),
    isUserEnrollment: same('isUserEnrollment'),
  };
};

const enrollingOf = (scopes: Scopes, note: Note): MdmProfile | null => {
  const enrolling = [...scopes.values()]
    .flatMap(profilesOf)
    .flatMap((profile) => payloadsOf([profile], 'com.apple.mdm').map((content) => readMdm(profile, content)));
  if (new Set(enrolling.map((each) => JSON.stringify(each))).size > 1) {
    note(parseFailed(`${tool} printed two MDM profiles`));
  }
  return enrolling.length === 0 ? null : enrolling.reduce(agreedMdm);
};

/** macOS knows a profile by its identifier, and has each once in a scope. */
const tellTwice = (profiles: readonly KeptDict[], note: Note): void => {
  const named = Map.groupBy(profiles, (profile) => known(textOf(profile, 'ProfileIdentifier')));
  for (const [identifier, [first, ...others]] of named) {
    if (identifier === null || first === undefined) continue;
    const saidOf = (profile: KeptDict, key: string): string => writeXmlPlist(profile.get(key) ?? '');
    const differing = [...new Set([first, ...others].flatMap((profile) => [...profile.keys()]))].filter(
      (key) => others.some((other) => saidOf(other, key) !== saidOf(first, key)),
    );
    if (differing.length === 0) continue;
    const of = { of: 'profile', key: identifier, differing } as const;
    note(saidTwice(`${tool}: the profile ${toldWord(identifier)} is there twice, and differs`, of), 'value');
  }
};

const interpret = (scopes: Scopes, note: Note): ConfigurationProfiles => {
  for (const scope of scopes.values()) tellTwice(profilesOf(scope), note);
  const device = profilesOf(scopes.get(deviceScope));
  const fileVault = payloadsOf(device, 'com.apple.MCX.FileVault2');
  const escrow = payloadsOf(device, 'com.apple.security.FDERecoveryKeyEscrow');
  return {
    mdm: enrollingOf(scopes, note),
    isComplete: [...scopes.values()].every(isUnderstood),
    fileVault:
      fileVault.length === 0
        ? null
        : readFileVault(agreed(fileVault, 'com.apple.MCX.FileVault2', note), note),
    escrow: {
      present: escrow.length > 0 || (isUnderstood(scopes.get(deviceScope)) ? false : null),
      location: known(textOf(agreed(escrow, 'com.apple.security.FDERecoveryKeyEscrow', note), 'Location')),
    },
    mcxFileVault: groupOf(settingsOf(device, 'com.apple.MCX', note), mcxFileVaultKeys, readMcxFileVault),
    loginwindow: groupOf(settingsOf(device, 'com.apple.loginwindow', note), loginwindowKeys, (settings) => ({
      disableFdeAutologin: flagOf(settings, 'DisableFDEAutoLogin'),
    })),
    platformSso: groupOf(
      agreed(payloadsOf(device, 'com.apple.extensiblesso'), 'com.apple.extensiblesso', note),
      platformSsoKeys,
      readPlatformSso,
    ),
  };
};

const noProfiles =
  /^There are no configuration profiles installed(?: in the system domain| on this system)?$/;
const noProfilesOfUser = /^There are no configuration profiles installed for user '[^\r\n]*'$/;
const withheldLines = 'tokenquery: lines that are not known were withheld';
const startOfXml = /^[ \t]*<(?:\?xml|!DOCTYPE plist|plist)\b/m;

/** What the tool says in words, which are never beside a property list, and the property list. */
const partsOf = (stdout: string): { readonly said: readonly string[]; readonly xml: string | null } => {
  const start = stdout.search(startOfXml);
  return start < 0
    ? { said: saidLinesOf(stdout), xml: null }
    : { said: saidLinesOf(stdout.slice(0, start)), xml: stdout };
};

/** Why the words before a property list take from it that it is the answer; null when they do not. */
const objectionOf = (said: readonly string[]): CollectError | null => {
  if (said.some(saysRootNeeded)) return permissionDenied(`${tool} says that it needs root`);
  return said.some((line) => noProfiles.test(line) || noProfilesOfUser.test(line))
    ? parseFailed(`${tool} printed profiles, and that there are none`)
    : null;
};

/**
 * Parses the configuration profiles, as far as they speak of enrolment and FileVault.
 *
 * Input: `profiles show -type configuration -output stdout-xml`; 13 (the XML, a fixture of macadmins), 26.5.2
 * (the sentence without profiles).
 * Returns: the settings of the device's profiles (`_computerlevel`), and the MDM profile of any scope. Where
 * two profiles differ about a key, it is null. Only listed keys of listed payloads are read: no password,
 * certificate, challenge or push topic, and of the server's URL only the host. `There are no configuration
 * profiles installed` is proof of none, unless it speaks of one user.
 * Notes: what of a profile, of a payload of use or of a listed key is not of the form that Apple's schema says,
 * which costs itself; what is of no use need have no form.
 * Throws: `permission_denied` when the tool asks for root or answers for one user only; `source_failed` when
 * it reports an error; `parse_failed` for any other text.
 * Source: profiles(1), "show"; apple/device-management, com.apple.mdm, com.apple.MCX.FileVault2,
 * com.apple.MCX, com.apple.security.FDERecoveryKeyEscrow, com.apple.loginwindow, com.apple.extensiblesso.
 */
export const parseProfilesShowConfiguration = (
  printed: Answer,
  note: Note = ignore,
): ConfigurationProfiles => {
  const answer = keptAnswer(printed, null);
  if (saysRootNeeded(answer.stderr)) throw notAnAnswer(tool, answer);
  const { said, xml } = partsOf(answer.stdout);
  if (xml === null && said.some((line) => noProfiles.test(line))) {
    // It may hold anything: it is not repeated.
    if (!said.every((line) => noProfiles.test(line)))
      note(parseFailed(`${tool} printed a line that is not known`));
    return interpret(new Map(), note);
  }
  if (said.some((line) => noProfilesOfUser.test(line))) {
    throw permissionDenied(`${tool} answered for one user only`);
  }
  if (answer.exitCode !== 0 || xml === null) throw notAnAnswer(tool, answer);
  const objection = objectionOf(said);
  if (objection !== null) throw objection;
  const scopes = keepScopes(xml, note);
  if (!scopes.has(deviceScope) && answer.euid !== 0) {
    if (answer.euid !== null) throw permissionDenied(`${tool} answered without the profiles of the device`);
    throw parseFailed(`${tool} answered without the profiles of the device, and nothing says who asked`);
  }
  return interpret(scopes, note);
};

/**
 * The same output with the listed keys of the listed payloads alone; one line with its size when it is not
 * understood.
 */
export const sanitizeProfilesShowConfiguration = (stdout: string): string =>
  sanitizeText(stdout, tool, (text) => {
    const { said, xml } = partsOf(text);
    const line =
      said.find((each) => noProfiles.test(each)) ?? said.find((each) => noProfilesOfUser.test(each));
    if (xml === null && line !== undefined) {
      return said.every((each) => each === line) ? `${line}\n` : `${line}\n${withheldLines}\n`;
    }
    if (xml === null) throw unknownText(tool, said.join('\n'));
    const objection = objectionOf(said);
    if (objection !== null) throw objection;
    return writeXmlPlist(keepScopes(xml, ignore));
  });
