import { parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import {
  dictOf,
  dictsOf,
  flagOf,
  integerOf,
  keepAllowed,
  notAnAnswer,
  sanitizeText,
  textOf,
  textsOf,
  timeOf,
  unknownText,
  type AllowedDict,
  type Kept,
  type KeptDict,
} from './allowed.ts';
import { saysRootNeeded } from './lines.ts';
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
import { asArray, asDict, asString, parseXmlPlist, writeXmlPlist, type PlistValue } from './plist.ts';

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
  /** Null for a profile that carries no mark of either kind: a missing mark proves nothing. */
  readonly isUserEnrollment: boolean | null;
}

export interface ConfigurationProfiles {
  /** Null when no profile enrols the Mac. */
  readonly mdm: MdmProfile | null;
  readonly fileVault: FileVaultPolicy | null;
  readonly escrow: { readonly present: boolean; readonly location: string | null };
  readonly mcxFileVault: McxFileVault | null;
  readonly loginwindow: { readonly disableFdeAutologin: boolean | null } | null;
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
    EnrollmentMode: 'text',
    // Names a person: only that it is there.
    ManagedAppleID: 'present',
    ServerCapabilities: 'texts',
    ServerURL: 'text',
  },
  'com.apple.security.FDERecoveryKeyEscrow': { Location: 'text' },
} as const satisfies Readonly<Record<string, AllowedDict>>;
type PayloadType = keyof typeof contentKeys;

/** What may be kept of a profile beside its payloads, and of the one that enrols. */
export const profileKeys = { ProfileIdentifier: 'text' } as const satisfies AllowedDict;
export const mdmProfileKeys = {
  ProfileIdentifier: 'text',
  ProfileInstallDate: 'time',
  ProfileOrganization: 'text',
} as const satisfies AllowedDict;

const isPayloadType = (type: string): type is PayloadType => Object.hasOwn(contentKeys, type);

const tool = 'profiles show -type configuration';
const deviceScope = '_computerlevel';

/** A URL without all that can hold a secret: scheme and host. Null for what is not an http(s) URL. */
const originOf = (url: string): string | null => {
  const [, scheme, host] =
    /^(https?):\/\/(?:[^/?#\\]*@)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#\\]|$)/i.exec(
      url.trim(),
    ) ?? [];
  return host === undefined ? null : `${scheme?.toLowerCase()}://${host.toLowerCase()}`;
};

const keepContent = (type: PayloadType, content: unknown): KeptDict => {
  const kept = new Map(keepAllowed(content, contentKeys[type], type));
  const url = textOf(kept, 'ServerURL');
  if (url !== null) {
    const origin = originOf(url);
    if (origin === null) kept.delete('ServerURL');
    else kept.set('ServerURL', origin);
  }
  return kept;
};

/** A profile with the payloads that are of use and their listed keys; null when it has none. */
const keepProfile = (profile: PlistValue): KeptDict | null => {
  const items: KeptDict[] = [];
  for (const item of asArray(asDict(profile, 'a profile').get('ProfileItems'), 'ProfileItems')) {
    const payload = asDict(item, 'a payload');
    const type = asString(payload.get('PayloadType'), 'PayloadType');
    if (!isPayloadType(type)) continue;
    items.push(
      new Map<string, Kept>([
        ['PayloadContent', keepContent(type, payload.get('PayloadContent'))],
        ['PayloadType', type],
      ]),
    );
  }
  if (items.length === 0) return null;
  const isMdm = items.some((item) => item.get('PayloadType') === 'com.apple.mdm');
  return new Map<string, Kept>([
    ...keepAllowed(profile, isMdm ? mdmProfileKeys : profileKeys, 'a profile'),
    ['ProfileItems', items],
  ]);
};

type Scopes = ReadonlyMap<string, readonly KeptDict[]>;

/** The profiles that are of use, by scope: `_computerlevel`, or the short name of a user. */
const keepScopes = (stdout: string): Scopes =>
  new Map(
    Array.from(asDict(parseXmlPlist(stdout), `the answer of ${tool}`), ([scope, profiles]) => [
      scope,
      asArray(profiles, 'a scope')
        .map(keepProfile)
        .filter((profile) => profile !== null),
    ]),
  );

const isKeptDict = (value: Kept | undefined): value is KeptDict => value instanceof Map;

/** What several payloads say together: a key on which they differ is dropped, so that it reads as unknown. */
const agreed = (dicts: readonly KeptDict[]): KeptDict => {
  const merged = new Map<string, Kept>();
  for (const key of new Set(dicts.flatMap((dict) => [...dict.keys()]))) {
    const given = dicts.map((dict) => dict.get(key)).filter((value) => value !== undefined);
    const [first] = given;
    if (first === undefined) continue;
    if (given.every(isKeptDict)) merged.set(key, agreed(given));
    else if (given.every((value) => writeXmlPlist(value) === writeXmlPlist(first))) merged.set(key, first);
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
): KeptDict => {
  const custom = payloadsOf(profiles, 'com.apple.ManagedClient.preferences').flatMap((content) => {
    const domains = dictOf(content, 'PayloadContentManagedPreferences');
    const settings = domains && dictOf(domains, domain);
    return settings === null
      ? []
      : dictsOf(settings, 'Forced').map((entry) => dictOf(entry, 'mcx_preference_settings'));
  });
  return agreed([...payloadsOf(profiles, domain), ...custom.filter((settings) => settings !== null)]);
};

const isUserEnrollment = (content: KeptDict): boolean | null => {
  const mode = textOf(content, 'EnrollmentMode');
  if (mode === 'BYOD' || content.has('ManagedAppleID')) return true;
  return mode === 'ADDE' ? false : null;
};

const readMdm = (profile: KeptDict, content: KeptDict): MdmProfile => ({
  identifier: textOf(profile, 'ProfileIdentifier'),
  installTime: timeOf(profile, 'ProfileInstallDate'),
  serverHost: textOf(content, 'ServerURL')?.replace(/^https?:\/\//, '') ?? null,
  accessRights: integerOf(content, 'AccessRights'),
  serverCapabilities: textsOf(content, 'ServerCapabilities'),
  organization: textOf(profile, 'ProfileOrganization'),
  isUserEnrollment: isUserEnrollment(content),
});

const interpret = (scopes: Scopes): ConfigurationProfiles => {
  const device = scopes.get(deviceScope) ?? [];
  const enrolling = [...scopes.values()]
    .flat()
    .flatMap((profile) => payloadsOf([profile], 'com.apple.mdm').map((content) => readMdm(profile, content)));
  if (enrolling.length > 1) throw parseFailed(`${tool} printed two MDM profiles`);
  const fileVault = payloadsOf(device, 'com.apple.MCX.FileVault2');
  const escrow = payloadsOf(device, 'com.apple.security.FDERecoveryKeyEscrow');
  return {
    mdm: enrolling[0] ?? null,
    fileVault: fileVault.length === 0 ? null : readFileVault(agreed(fileVault)),
    escrow: { present: escrow.length > 0, location: textOf(agreed(escrow), 'Location') },
    mcxFileVault: groupOf(settingsOf(device, 'com.apple.MCX'), mcxFileVaultKeys, readMcxFileVault),
    loginwindow: groupOf(settingsOf(device, 'com.apple.loginwindow'), loginwindowKeys, (settings) => ({
      disableFdeAutologin: flagOf(settings, 'DisableFDEAutoLogin'),
    })),
    platformSso: groupOf(
      agreed(payloadsOf(device, 'com.apple.extensiblesso')),
      platformSsoKeys,
      readPlatformSso,
    ),
  };
};

const isXml = (said: string): boolean => said.startsWith('<');
const noProfiles =
  /^There are no configuration profiles installed(?: in the system domain| on this system)?$/;
const noProfilesOfUser = /^There are no configuration profiles installed for user '[^\r\n]*'$/;

/**
 * Parses the configuration profiles, as far as they speak of enrolment and FileVault.
 *
 * Input: `profiles show -type configuration -output stdout-xml`; 13 (the XML, a fixture of macadmins), 26.5.2
 * (the sentence without profiles).
 * Returns: the settings of the device's profiles (`_computerlevel`), and the MDM profile of any scope. Where
 * two profiles differ about a key, it is null. Only listed keys of listed payloads are read: no password,
 * certificate, challenge or push topic, and of the server's URL only the host. `There are no configuration
 * profiles installed` is proof of none, unless it speaks of one user.
 * Throws: `permission_denied` when the tool asks for root or answers for one user only; `source_failed` when
 * it reports an error; `parse_failed` for any other text, a payload without content, or a listed key of
 * another kind than Apple's schema says.
 * Source: profiles(1), "show"; apple/device-management, com.apple.mdm, com.apple.MCX.FileVault2,
 * com.apple.MCX, com.apple.security.FDERecoveryKeyEscrow, com.apple.loginwindow, com.apple.extensiblesso.
 */
export const parseProfilesShowConfiguration = (answer: Answer): ConfigurationProfiles => {
  if (saysRootNeeded(answer.stderr)) throw notAnAnswer(tool, answer);
  const said = answer.stdout.trim();
  if (noProfiles.test(said)) return interpret(new Map());
  if (noProfilesOfUser.test(said)) throw permissionDenied(`${tool} answered for one user only`);
  if (answer.exitCode !== 0 || !isXml(said)) throw notAnAnswer(tool, answer);
  const scopes = keepScopes(said);
  if (!scopes.has(deviceScope) && answer.euid !== 0) {
    if (answer.euid !== null) throw permissionDenied(`${tool} answered without the profiles of the device`);
    throw parseFailed(`${tool} answered without the profiles of the device, and nothing says who asked`);
  }
  return interpret(scopes);
};

/**
 * The same output with the listed keys of the listed payloads alone; one line with its size when it is not
 * understood.
 */
export const sanitizeProfilesShowConfiguration = (stdout: string): string =>
  sanitizeText(stdout, tool, (text) => {
    const said = text.trim();
    if (noProfiles.test(said) || noProfilesOfUser.test(said)) return `${said}\n`;
    if (!isXml(said)) throw unknownText(tool, said);
    return writeXmlPlist(keepScopes(said));
  });
