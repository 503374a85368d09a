/**
 * Writes samples/: four constructed Macs, each an evidence bundle as a real Mac would have recorded it.
 * Edit a declaration below and run `node scripts/samples.ts`; `--check` exits 1 when a folder is stale.
 *
 * The declarations say what is true of each Mac and what each Apple tool says about it; the functions
 * after them print it in the form of that tool. Names, UUIDs and times are invented. No clock, no chance:
 * the same declarations always give the same bytes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlistDate } from '../collector/parsers/plist_value.ts';
import type { PlistValue } from '../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { fileNames, files, sourceOf, statOnly } from '../collector/sources.ts';
import { answersBeside } from './sample_answers.ts';

// --- What a declaration holds ---

export interface Account {
  readonly name: string;
  /** Further RecordName values. */
  readonly aliases?: readonly string[];
  readonly realName: string;
  readonly uid: number;
  /** By default the group staff, 20. */
  readonly gid?: number;
  /** By default the one that Apple derives from the uid. */
  readonly uuid?: string;
  /** NFSHomeDirectory; the first is the one that is checked. By default /Users/<name>. */
  readonly homes?: readonly string[];
  /** By default the home is there since the account was created. */
  readonly homeIsMissing?: true;
  /** By default /bin/zsh. */
  readonly shell?: string;
  readonly isHidden?: true;
  /** Member of the group admin, by name and by GUID. */
  readonly isAdmin?: true;
  /** AuthenticationAuthority, in order. */
  readonly authorities?: readonly string[];
  readonly altSecurityIdentities?: readonly string[];
  readonly mobile?: { readonly node: string; readonly copied: string; readonly passwordSet: string };
  /** What accountPolicyData says; `created` also dates the home. */
  readonly created?: string;
  readonly passwordSet?: string;
  readonly failedLogins?: { readonly count: number; readonly last: string };
  /** What sysadminctl prints; only asked of accounts that can log in. By default DISABLED. */
  readonly sysadminctl?: 'ENABLED' | 'DISABLED';
  /** Among the cryptographic users of the Data volume, and whether as an owner of the volume. */
  readonly cryptoUser?: 'owner' | 'not owner';
  /** In the list of fdesetup. */
  readonly isInFilevault?: true;
}

export interface Group {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly gid: number;
  /** By default the one that Apple derives from the gid. */
  readonly uuid?: string;
  readonly names?: readonly string[];
  readonly guids?: readonly string[];
  readonly nested?: readonly string[];
}

interface Volume {
  readonly device: string;
  readonly name: string;
  readonly role: string;
  readonly bytes: number;
  /** What diskutil says of it: `at rest` is encrypted by the hardware alone. */
  readonly encryption: 'none' | 'at rest' | 'filevault' | 'filevault, not encrypted itself';
}

export interface Container {
  readonly device: string;
  readonly store: string;
  readonly bytes: number;
  readonly volumes: readonly Volume[];
}

type Answer = { readonly stdout?: string; readonly stderr?: string; readonly exitCode?: number };

/** What stands at a path; a text is the time of its last change. */
type Mark =
  | 'missing'
  | 'denied'
  | string
  | { readonly mode: string; readonly size: number; readonly changed: string };

export interface Host {
  readonly folder: string;
  readonly captured: string;
  readonly euid: number;
  readonly hostId: string;
  readonly model: string;
  readonly isAppleSilicon: boolean;
  readonly productName: string;
  readonly version: string;
  readonly build: string;
  readonly booted: string;
  /** Overrides of launchd: label to whether it is disabled. */
  readonly services: Readonly<Record<string, boolean>>;
  readonly containers: readonly Container[];
  readonly consoleUser: string;
  readonly people: readonly Account[];
  readonly groups: readonly Group[];
  /** In the group admin beside root and the accounts with isAdmin. */
  readonly otherAdmins?: {
    readonly names: readonly string[];
    readonly guids: readonly string[];
    readonly nested?: readonly string[];
  };
  /** Cryptographic users that are no account. */
  readonly otherCryptoUsers: readonly (readonly [type: string, uuid: string, isOwner: boolean])[];
  readonly otherFilevaultUsers: readonly (readonly [type: string, uuid: string])[];
  readonly filevault: {
    readonly status: readonly string[];
    readonly version: string;
    readonly hasPersonalKey: boolean;
    readonly deferral: Plist | null;
  };
  readonly bootstrapToken: Answer;
  readonly enrollment: readonly string[];
  /** The allow-listed part of the installed profiles; null when there are none. */
  readonly profiles: Plist | null;
  readonly cachedEnrollment: Answer;
  /** Allow-listed content of the files that exist. */
  readonly files: Readonly<Record<string, Plist>>;
  readonly marks: Readonly<Record<string, Mark>>;
}

// --- Property lists ---

/** What the declarations below are made of: a dictionary is an object, and its keys are sorted. */
export type Plist =
  | string
  | number
  | boolean
  | Uint8Array
  | Date
  | readonly Plist[]
  | { readonly [key: string]: Plist };

const isList = (value: Plist): value is readonly Plist[] => Array.isArray(value);
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const valueOf = (value: Plist): PlistValue => {
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (value instanceof Date) return new PlistDate(value.getTime() / 1000);
  if (isList(value)) return value.map(valueOf);
  const pairs = Object.entries(value).toSorted(([a], [b]) => byName(a, b));
  return new Map(pairs.map(([key, item]) => [key, valueOf(item)]));
};

/** As Apple's tools lay a property list out. */
export const xmlPlist = (value: Plist): string => writeXmlPlist(valueOf(value), { hasDataLines: true });

/** As NSDictionary describes itself: fdesetup showdeferralinfo, profiles show -type enrollment. */
export const openStep = (value: Plist, indent = ''): string => {
  const inner = `${indent}    `;
  if (typeof value === 'string') return /^[A-Za-z0-9]+$/.test(value) ? value : `"${value}"`;
  if (typeof value === 'number') return value < 0 ? `"${value}"` : String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (isList(value)) {
    // The bracket stands one level in, after as many spaces.
    return `${indent}(${value.map((item) => `\n${inner}${openStep(item, inner)}`).join(',')}\n${indent})`;
  }
  const entries = Object.entries(value as { readonly [key: string]: Plist })
    .toSorted(([a], [b]) => byName(a, b))
    .map(([key, item]) => `${inner}${openStep(key)} = ${openStep(item, inner)};\n`)
    .join('');
  return `{\n${entries}${indent}}`;
};

// --- Times and fixed noise ---

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
/** A whole number from 0 to below `limit`, the same for the same text. */
const noise = (text: string, limit: number): number => Number.parseInt(hashOf(text).slice(0, 12), 16) % limit;
/** A UUID for what needs no name of its own, such as a volume. */
export const uuidFor = (text: string): string => {
  const hex = hashOf(text).toUpperCase();
  const version = `4${hex.slice(13, 16)}`;
  const variant = `${'89AB'[Number.parseInt(hex[16] ?? '0', 16) % 4]}${hex.slice(17, 20)}`;
  return [hex.slice(0, 8), hex.slice(8, 12), version, variant, hex.slice(20, 32)].join('-');
};

const hex8 = (id: number): string => (id < 0 ? id + 2 ** 32 : id).toString(16).toUpperCase().padStart(8, '0');
export const systemUserUuid = (uid: number): string => `FFFFEEEE-DDDD-CCCC-BBBB-AAAA${hex8(uid)}`;
export const systemGroupUuid = (gid: number): string => `ABCDEFAB-CDEF-ABCD-EFAB-CDEF${hex8(gid)}`;

export const personalKey = 'EBC6C064-0000-11AA-AA11-00306543ECAC';
export const bootstrapKey = '2457711A-523C-4604-B75A-F48A571D5036';

// --- AuthenticationAuthority ---

export const shadowHash = ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2>';
export const secureToken = ';SecureToken;';
export const disabledToken = ';DisabledTags;SecureToken';
/** The local key distribution centre of each Mac is named by the hash of its certificate. */
const managedRealm = 'LKDC:SHA1.BD57922BF05636A2720B7BFF1974D3DE542BE013';
const mobileRealm = 'LKDC:SHA1.21EE79DBC2E815407A5B4027A440DC96D791690F';
const unmanagedRealm = 'LKDC:SHA1.03FBBE24B0C3454635A58A3201C889B404CE69EA';
const notRootRealm = 'LKDC:SHA1.894C957AF420707015E5ABC022E1AFF76F6BF62E';
export const activeDirectory = '/Active Directory/CORP/corp.example.com';
export const cachedUser = (name: string, guid: string): string =>
  `;LocalCachedUser;${activeDirectory}:${name}:${guid}`;
export const localKerberos = (name: string, realm: string): string =>
  `;Kerberosv5;;${name}@${realm};${realm};`;

// --- What every Mac has ---

const service = (
  name: string,
  uid: number,
  realName: string,
  home = '/var/empty',
  rest: Partial<Account> = {},
): Account => ({
  name,
  uid,
  realName,
  gid: uid,
  homes: [home],
  shell: '/usr/bin/false',
  ...rest,
});
const alias = (...aliases: string[]): Partial<Account> => ({ aliases });

/** `root` may be changed by a host. */
export const root: Account = {
  name: 'root',
  aliases: ['BUILTIN\\Local System'],
  realName: 'System Administrator',
  uid: 0,
  gid: 0,
  homes: ['/var/root', '/private/var/root'],
  shell: '/bin/sh',
};

const systemAccounts: readonly Account[] = [
  service('daemon', 1, 'System Services', '/var/root'),
  service('nobody', -2, 'Unprivileged User'),
  service('_uucp', 4, 'Unix to Unix Copy Protocol', '/var/spool/uucp', {
    aliases: ['uucp'],
    shell: '/usr/sbin/uucico',
  }),
  service('_taskgated', 13, 'Task Gate Daemon', '/var/empty', alias('taskgated')),
  service('_networkd', 24, 'Network Services', '/var/networkd'),
  service('_installassistant', 25, 'Install Assistant'),
  service('_lp', 26, 'Printing Services', '/var/spool/cups', alias('lp')),
  service('_postfix', 27, 'Postfix Mail Server', '/var/spool/postfix', alias('postfix')),
  service('_appstore', 33, 'Mac App Store Service', '/var/db/appstore'),
  service('_mcxalr', 54, 'MCX AppLaunch', '/var/empty', alias('mcxalr')),
  service('_appleevents', 55, 'AppleEvents Daemon'),
  service('_geod', 56, 'Geo Services Daemon', '/var/db/geod'),
  service('_sandbox', 60, 'Seatbelt', '/var/empty', alias('sandbox')),
  service('_mdnsresponder', 65, 'mDNSResponder', '/var/empty', alias('mdnsresponder')),
  service('_ard', 67, 'Apple Remote Desktop', '/var/empty', alias('ard')),
  service('_www', 70, 'World Wide Web Server', '/Library/WebServer', alias('www')),
  service('_sshd', 75, 'sshd Privilege separation', '/var/empty', alias('sshd')),
  service('_windowserver', 88, 'WindowServer', '/var/empty', alias('windowserver')),
  service('_spotlight', 89, 'Spotlight', '/var/empty', alias('spotlight')),
  service('_securityagent', 92, 'SecurityAgent', '/var/db/securityagent', alias('securityagent')),
  service('_softwareupdate', 200, 'Software Update Service', '/var/db/softwareupdate'),
  service('_coreaudiod', 202, 'Core Audio Daemon', '/var/empty', alias('coreaudiod')),
  service('_locationd', 205, 'Location Daemon', '/var/db/locationd'),
  service('_mbsetupuser', 248, 'Setup User', '/var/setup', { shell: '/bin/bash' }),
  service('_hidd', 261, 'HID Service User', '/var/db/hidd'),
  service('_timed', 266, 'Time Sync Daemon', '/var/db/timed'),
];

export const adminGroup = systemGroupUuid(80);
const systemGroups: readonly Group[] = [
  { name: 'wheel', gid: 0, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'daemon', gid: 1, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'kmem', gid: 2, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'sys', gid: 3, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'tty', gid: 4, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'operator', gid: 5, names: ['root'], guids: [systemUserUuid(0)] },
  { name: 'mail', gid: 6 },
  { name: 'bin', gid: 7 },
  { name: 'nobody', gid: -2 },
  { name: 'everyone', gid: 12, nested: [systemGroupUuid(61), systemGroupUuid(62)] },
  { name: 'staff', aliases: ['BUILTIN\\Users'], gid: 20, names: ['root'], guids: [systemUserUuid(0)] },
  { name: '_lp', aliases: ['lp'], gid: 26 },
  { name: 'localaccounts', gid: 61 },
  { name: 'netaccounts', gid: 62 },
  { name: '_www', aliases: ['www'], gid: 70 },
  { name: '_appserveradm', aliases: ['appserveradm'], gid: 81, nested: [adminGroup] },
  { name: '_lpadmin', aliases: ['lpadmin', 'BUILTIN\\Print Operators'], gid: 98, nested: [adminGroup] },
  { name: '_developer', gid: 204, nested: [adminGroup] },
  { name: '_mbsetupuser', gid: 248 },
];

/** The three containers of a Mac with Apple silicon. */
export const appleSiliconDisk = (bytes: number, isFilevaultOn: boolean): readonly Container[] => [
  {
    device: 'disk1',
    store: 'disk0s1',
    bytes: 524288000,
    volumes: [
      { device: 'disk1s1', name: 'iSCPreboot', role: 'Preboot', bytes: 6213632, encryption: 'none' },
      { device: 'disk1s2', name: 'xART', role: 'xART', bytes: 6311936, encryption: 'none' },
      { device: 'disk1s3', name: 'Hardware', role: 'Hardware', bytes: 507904, encryption: 'none' },
      { device: 'disk1s4', name: 'Recovery', role: 'Recovery', bytes: 20480, encryption: 'none' },
    ],
  },
  {
    device: 'disk2',
    store: 'disk0s3',
    bytes: 5368664064,
    volumes: [
      { device: 'disk2s1', name: 'Recovery', role: 'Recovery', bytes: 1995423744, encryption: 'none' },
      { device: 'disk2s2', name: 'Update', role: 'Update', bytes: 24576, encryption: 'none' },
    ],
  },
  {
    device: 'disk3',
    store: 'disk0s2',
    bytes,
    volumes: [
      {
        device: 'disk3s1',
        name: 'Macintosh HD',
        role: 'System',
        bytes: 12083585024,
        encryption: isFilevaultOn ? 'filevault, not encrypted itself' : 'at rest',
      },
      { device: 'disk3s2', name: 'Preboot', role: 'Preboot', bytes: 8210825216, encryption: 'none' },
      { device: 'disk3s3', name: 'Recovery', role: 'Recovery', bytes: 1313988608, encryption: 'none' },
      {
        device: 'disk3s5',
        name: 'Data',
        role: 'Data',
        bytes: 88103157760,
        encryption: isFilevaultOn ? 'filevault' : 'at rest',
      },
      { device: 'disk3s6', name: 'VM', role: 'VM', bytes: 20480, encryption: 'at rest' },
    ],
  },
];

export const settings = '/var/db/ConfigurationProfiles/Settings';
export const preferences = '/Library/Preferences';
export const managed = '/Library/Managed Preferences';

// --- The hosts ---

/** Everything as it should be: no query of the library finds anything. */
const managedHost: Host = {
  folder: 'macos26-managed',
  captured: '2026-09-22T07:14:05Z',
  euid: 0,
  hostId: '7BA9E49B-B07F-4780-9868-65AA59440444',
  model: 'Mac16,1',
  isAppleSilicon: true,
  productName: 'macOS',
  version: '26.1',
  build: '25B78',
  booted: '2026-09-15T06:21:09Z',
  services: { 'com.apple.ftpd': true, 'com.apple.screensharing': true, 'com.openssh.sshd': true },
  containers: appleSiliconDisk(494384795648, true),
  consoleUser: 'mquist',
  people: [
    root,
    {
      name: 'mquist',
      realName: 'Marlow Quist',
      uid: 501,
      uuid: '09A21BED-E3D9-4AEF-92C1-F3D22B179948',
      isAdmin: true,
      authorities: [shadowHash, secureToken, localKerberos('mquist', managedRealm)],
      altSecurityIdentities: ['PlatformSSO:marlow.quist@example.com'],
      created: '2026-02-17T09:38:12Z',
      passwordSet: '2026-06-30T08:02:47Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
      isInFilevault: true,
    },
    {
      name: 'itadmin',
      realName: 'IT Administrator',
      uid: 502,
      uuid: '5B2759E6-7BE0-41D7-8BDE-E31B64864FF0',
      isAdmin: true,
      authorities: [shadowHash, secureToken, localKerberos('itadmin', managedRealm)],
      created: '2026-02-17T09:31:55Z',
      passwordSet: '2026-08-24T03:10:19Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
      isInFilevault: true,
    },
    {
      name: 'deskops',
      realName: 'Desk Operations',
      uid: 503,
      uuid: '6C894B5E-566C-47E3-9E7E-C4370769ADD9',
      isAdmin: true,
      authorities: [shadowHash, secureToken, localKerberos('deskops', managedRealm)],
      created: '2026-03-02T12:15:40Z',
      passwordSet: '2026-07-14T10:44:03Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
      isInFilevault: true,
    },
    {
      // Created, never logged in: no home, no token, and nothing wrong with that.
      name: 'loaner',
      realName: 'Loan Desk',
      uid: 504,
      uuid: '80E94671-8C71-4EE5-99DF-7826C4BB7DB8',
      authorities: [shadowHash, localKerberos('loaner', managedRealm)],
      created: '2026-09-01T13:20:08Z',
      passwordSet: '2026-09-01T13:20:09Z',
      homeIsMissing: true,
    },
  ],
  groups: [
    {
      name: 'com.apple.access_ssh',
      gid: 399,
      uuid: 'D3B1382D-8563-4125-979F-7D85DB1D5145',
      nested: [adminGroup],
    },
  ],
  otherCryptoUsers: [
    ['PersonalRecovery', personalKey, true],
    ['MDMRecovery', bootstrapKey, true],
  ],
  otherFilevaultUsers: [
    ['Personal Recovery Record', personalKey],
    ['Bootstrap Token', bootstrapKey],
  ],
  filevault: { status: ['FileVault is On.'], version: '16.0', hasPersonalKey: true, deferral: null },
  bootstrapToken: {
    stdout: [
      'profiles: Bootstrap Token supported on server: YES\n',
      'profiles: Bootstrap Token escrowed to server: YES\n',
    ].join(''),
  },
  enrollment: [
    'Enrolled via DEP: Yes',
    'MDM enrollment: Yes (User Approved)',
    'MDM server: https://mdm.example.com/mdm/ServerURL',
  ],
  profiles: {
    _computerlevel: [
      {
        ProfileIdentifier: 'com.example.mdm.enrollment',
        ProfileInstallDate: '2026-02-17 09:29:31 +0000',
        ProfileItems: [
          {
            PayloadType: 'com.apple.mdm',
            PayloadContent: {
              AccessRights: 8191,
              ServerCapabilities: ['com.apple.mdm.per-user-connections', 'com.apple.mdm.bootstraptoken'],
              ServerURL: 'https://mdm.example.com',
            },
          },
        ],
      },
      {
        ProfileIdentifier: 'com.example.mdm.filevault',
        ProfileItems: [
          {
            PayloadType: 'com.apple.MCX.FileVault2',
            PayloadContent: {
              Enable: 'On',
              Defer: true,
              DeferDontAskAtUserLogout: true,
              DeferForceAtUserLoginMaxBypassAttempts: 0,
              ForceEnableInSetupAssistant: true,
              ShowRecoveryKey: false,
              UseRecoveryKey: true,
            },
          },
          {
            PayloadType: 'com.apple.security.FDERecoveryKeyEscrow',
            PayloadContent: { Location: 'Example IT' },
          },
          { PayloadType: 'com.apple.MCX', PayloadContent: { dontAllowFDEDisable: true } },
        ],
      },
    ],
  },
  cachedEnrollment: {
    stdout: `Device Enrollment configuration:\n${openStep({ IsMandatory: true, IsSupervised: true })}\n`,
  },
  files: {
    [`${managed}/com.apple.MCX.plist`]: { dontAllowFDEDisable: true },
    [`${managed}/com.apple.MCX.FileVault2.plist`]: {
      Enable: 'On',
      Defer: true,
      DeferDontAskAtUserLogout: true,
      DeferForceAtUserLoginMaxBypassAttempts: 0,
      ForceEnableInSetupAssistant: true,
      ShowRecoveryKey: false,
      UseRecoveryKey: true,
    },
    [`${managed}/com.apple.extensiblesso.plist`]: {
      PlatformSSO: {
        AuthenticationMethod: 'Password',
        FileVaultPolicy: ['AttemptAuthentication'],
        NewUserAuthorizationMode: 'Standard',
        NonPlatformSSOAccounts: ['itadmin', 'deskops'],
      },
    },
    [`${managed}/com.apple.loginwindow.plist`]: { DisableFDEAutoLogin: true },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false },
  },
  marks: {
    '/var/db/.AppleSetupDone': { mode: '0400', size: 0, changed: '2026-02-17T09:40:26Z' },
    '/var/db/FileVaultPRK.dat': { mode: '0600', size: 728, changed: '2026-02-17T09:46:58Z' },
    '/etc/kcpassword': 'missing',
    '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
    [`${settings}/.cloudConfigHasActivationRecord`]: '2026-02-17T09:22:14Z',
    [`${settings}/.cloudConfigRecordFound`]: { mode: '0644', size: 912, changed: '2026-02-17T09:22:14Z' },
    [`${settings}/.cloudConfigRecordNotFound`]: 'missing',
    [`${settings}/.cloudConfigProfileInstalled`]: '2026-02-17T09:29:31Z',
    '/dev/console': { mode: '0600', size: 0, changed: '2026-09-22T07:13:48Z' },
  },
};

/** An old Intel Mac bound to Active Directory: most of the ways in which sources disagree. */
const mobileHost: Host = {
  folder: 'macos10.15-mobile',
  captured: '2026-09-22T07:52:40Z',
  euid: 0,
  hostId: '153620C3-42EA-40E8-B153-B949E6F4674A',
  model: 'MacBookPro15,1',
  isAppleSilicon: false,
  productName: 'Mac OS X',
  version: '10.15.7',
  build: '19H15',
  booted: '2026-09-08T12:40:31Z',
  services: { 'com.apple.ftpd': true, 'com.apple.screensharing': true, 'com.openssh.sshd': false },
  containers: [
    {
      device: 'disk1',
      store: 'disk0s2',
      bytes: 250790436864,
      volumes: [
        {
          device: 'disk1s1',
          name: 'Macintosh HD - Data',
          role: 'Data',
          bytes: 141733920768,
          encryption: 'filevault',
        },
        { device: 'disk1s2', name: 'Preboot', role: 'Preboot', bytes: 82817024, encryption: 'none' },
        { device: 'disk1s3', name: 'Recovery', role: 'Recovery', bytes: 528879616, encryption: 'none' },
        { device: 'disk1s4', name: 'VM', role: 'VM', bytes: 4296077312, encryption: 'filevault' },
        {
          device: 'disk1s5',
          name: 'Macintosh HD',
          role: 'System',
          bytes: 11239223296,
          encryption: 'filevault',
        },
      ],
    },
  ],
  consoleUser: 'jmarwick',
  people: [
    root,
    {
      name: 'itadmin',
      realName: 'IT Administrator',
      uid: 501,
      uuid: 'D373DA75-72C5-4925-8CB1-66150B044991',
      isAdmin: true,
      authorities: [shadowHash, localKerberos('itadmin', mobileRealm), secureToken],
      created: '2020-11-30T10:12:44Z',
      // More than a year ago.
      passwordSet: '2025-03-04T16:27:31Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'not owner',
      isInFilevault: true,
    },
    {
      // fdesetup remove -user: no longer at the start screen, still with its token.
      name: 'plocke',
      realName: 'Perrin Locke',
      uid: 502,
      uuid: '40E7310F-6E3D-4DC5-92A4-54B3D1346F2A',
      isAdmin: true,
      authorities: [shadowHash, localKerberos('plocke', mobileRealm), secureToken],
      created: '2021-01-18T09:05:10Z',
      passwordSet: '2026-05-11T07:49:56Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'not owner',
    },
    {
      // Made by a deployment tool, which keeps it from ever taking the first token.
      name: 'svcdeploy',
      realName: 'Deployment Service',
      uid: 503,
      uuid: '20D04742-04CA-411A-A9C8-A07781195564',
      isAdmin: true,
      authorities: [disabledToken, shadowHash, localKerberos('svcdeploy', mobileRealm)],
      created: '2020-11-30T10:31:02Z',
      passwordSet: '2026-04-20T02:00:11Z',
    },
    {
      // Has left: disabled, and can still unlock the disk.
      name: 'tsable',
      realName: 'Tamsin Sable',
      uid: 504,
      uuid: 'FAEAB6DC-AA43-4294-9FAC-EFE1C64962D7',
      authorities: [`;DisabledUser;${shadowHash}`, localKerberos('tsable', mobileRealm), secureToken],
      created: '2022-08-29T08:14:22Z',
      passwordSet: '2026-01-12T08:33:15Z',
      cryptoUser: 'not owner',
      isInFilevault: true,
    },
    {
      // A directory account whose GUID is not the one of the record that it was cached from; no token.
      name: 'jmarwick',
      realName: 'Jory Marwick',
      uid: 1284730561,
      gid: 1289273465,
      uuid: '1DA115FB-AB41-4C18-B9F7-301824BAAE5F',
      shell: '/bin/bash',
      authorities: [
        cachedUser('jmarwick', '6113684A-BA37-445B-9F38-24B3ADA71ECF'),
        ';Kerberosv5;;jmarwick@CORP.EXAMPLE.COM;CORP.EXAMPLE.COM;',
        ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>',
      ],
      mobile: {
        node: activeDirectory,
        copied: '2026-09-21T07:30:52Z',
        passwordSet: '2026-07-02T06:58:20Z',
      },
      created: '2024-06-03T07:21:36Z',
      passwordSet: '2026-07-02T07:31:05Z',
    },
  ],
  groups: [
    {
      name: 'com.apple.access_ssh',
      gid: 399,
      uuid: 'EE7C2BFE-F981-4FEE-A777-455859CE2881',
      names: ['itadmin'],
      guids: ['D373DA75-72C5-4925-8CB1-66150B044991'],
    },
  ],
  // The account bkestrel was deleted; the group and the keys were forgotten. _mbsetupuser is normal there.
  otherAdmins: {
    names: ['bkestrel', '_mbsetupuser'],
    guids: ['DF9EE9C1-87CE-47D1-BD03-ACFEA7A6E19C', systemUserUuid(248)],
  },
  otherCryptoUsers: [
    ['LocalOpenDirectory', 'DF9EE9C1-87CE-47D1-BD03-ACFEA7A6E19C', false],
    ['LocalOpenDirectory', systemUserUuid(201), false],
    ['PersonalRecovery', personalKey, false],
    ['MDMRecovery', bootstrapKey, false],
  ],
  otherFilevaultUsers: [
    ['Unknown User', 'DF9EE9C1-87CE-47D1-BD03-ACFEA7A6E19C'],
    ['Personal Recovery Record', personalKey],
    ['Bootstrap Token', bootstrapKey],
  ],
  filevault: {
    status: ['FileVault is On.', 'FileVault master keychain appears to be installed.'],
    version: '10.0',
    hasPersonalKey: true,
    deferral: {
      Defer: 1,
      OutputPath: '/var/db/ConfigurationProfiles/fdesetup.plist',
      ProfileUUID: '5769D6B7-7827-4111-9D4E-8067F9AB06A3',
      ShowRecoveryKey: 1,
      Usernames: [],
    },
  },
  bootstrapToken: { stdout: 'profiles: Bootstrap Token supported on server: NO\n' },
  enrollment: ['Enrolled via DEP: No', 'MDM enrollment: Yes (User Approved)'],
  profiles: {
    _computerlevel: [
      {
        ProfileIdentifier: 'com.example.mdm.enrollment',
        ProfileInstallDate: '2020-11-30 10:40:17 +0000',
        ProfileItems: [
          {
            PayloadType: 'com.apple.mdm',
            PayloadContent: {
              AccessRights: 8191,
              ServerCapabilities: ['com.apple.mdm.per-user-connections'],
              ServerURL: 'https://mdm.example.com',
            },
          },
        ],
      },
      {
        ProfileIdentifier: 'com.example.mdm.filevault',
        ProfileItems: [
          {
            PayloadType: 'com.apple.MCX.FileVault2',
            PayloadContent: {
              Enable: 'On',
              Defer: true,
              // Of the certificate of an institutional key, only that one is given.
              PayloadCertificateUUID: true,
              ShowRecoveryKey: true,
              UseRecoveryKey: true,
            },
          },
        ],
      },
    ],
  },
  cachedEnrollment: {
    stderr: 'Error fetching Device Enrollment configuration: (34000) Client is not DEP enabled.\n',
    exitCode: 1,
  },
  files: {
    [`${managed}/com.apple.MCX.plist`]: {
      'cachedaccounts.askForSecureTokenAuthBypass': true,
      'com.apple.cachedaccounts.CreateAtLogin': true,
      'com.apple.cachedaccounts.WarnOnCreate': false,
      'cachedaccounts.expiry.delete.disusedSeconds': -1,
    },
    [`${managed}/jmarwick/com.apple.MCX.plist`]: { 'cachedaccounts.askForSecureTokenAuthBypass': true },
    [`${managed}/com.apple.MCX.FileVault2.plist`]: {
      Enable: 'On',
      Defer: true,
      PayloadCertificateUUID: true,
      ShowRecoveryKey: true,
      UseRecoveryKey: true,
    },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false, Hide500Users: true },
    [`${preferences}/com.apple.preferences.accounts.plist`]: {
      deletedUsers: [
        {
          date: new Date('2026-08-06T14:55:09Z'),
          'dsAttrTypeStandard:UniqueID': 505,
          name: 'bkestrel',
        },
      ],
    },
  },
  marks: {
    '/var/db/.AppleSetupDone': { mode: '0400', size: 0, changed: '2020-11-30T10:14:10Z' },
    '/var/db/FileVaultPRK.dat': 'missing',
    '/etc/kcpassword': 'missing',
    '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
    [`${settings}/.cloudConfigHasActivationRecord`]: 'missing',
    [`${settings}/.cloudConfigRecordFound`]: 'missing',
    [`${settings}/.cloudConfigRecordNotFound`]: '2020-11-30T10:09:33Z',
    [`${settings}/.cloudConfigProfileInstalled`]: 'missing',
    '/dev/console': { mode: '0600', size: 0, changed: '2026-09-22T06:31:20Z' },
  },
};

/** A Mac that nobody manages, and where somebody left a way in. */
const unmanagedHost: Host = {
  folder: 'macos15-unmanaged',
  captured: '2026-09-22T08:20:11Z',
  euid: 0,
  hostId: '1CD27D1F-667C-4E29-80DC-181075FEEB88',
  model: 'Mac16,10',
  isAppleSilicon: true,
  productName: 'macOS',
  version: '15.6.1',
  build: '24G90',
  booted: '2026-09-22T05:03:57Z',
  services: { 'com.apple.ftpd': true, 'com.apple.screensharing': false, 'com.openssh.sshd': false },
  containers: appleSiliconDisk(245107195904, false),
  consoleUser: 'frontdesk',
  people: [
    // Has a password: root can log in.
    {
      ...root,
      authorities: [shadowHash],
      created: '2025-10-02T15:40:00Z',
      passwordSet: '2026-08-30T21:14:37Z',
    },
    {
      name: 'ivale',
      realName: 'Ingram Vale',
      uid: 501,
      uuid: '548B4CB2-2478-42EA-A372-DE0E8BA782E9',
      isAdmin: true,
      authorities: [shadowHash, secureToken, localKerberos('ivale', unmanagedRealm)],
      created: '2025-10-02T15:44:51Z',
      passwordSet: '2025-10-02T15:44:53Z',
      failedLogins: { count: 7, last: '2026-09-21T22:46:18Z' },
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
    },
    {
      name: 'cbrae',
      realName: 'Corin Brae',
      uid: 502,
      uuid: '8F664006-D32F-4B53-9269-9D7E87D4BA93',
      authorities: [shadowHash, secureToken, localKerberos('cbrae', unmanagedRealm)],
      created: '2025-10-09T11:02:14Z',
      passwordSet: '2026-03-16T09:10:42Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
    },
    {
      // Restored from another Mac: the record claims a token that the volume does not know.
      name: 'frontdesk',
      realName: 'Front Desk',
      uid: 503,
      uuid: '4BC6648E-7C7E-4A7B-B996-A029DE342BEF',
      authorities: [shadowHash, secureToken, localKerberos('frontdesk', unmanagedRealm)],
      created: '2025-11-20T08:30:27Z',
      passwordSet: '2026-02-05T12:01:39Z',
      sysadminctl: 'ENABLED',
    },
    {
      // dscl -create, and no password ever set.
      name: 'signage',
      realName: 'Signage',
      uid: 504,
      uuid: '7EEF12FE-E35B-4AF8-9FA0-F9F189529165',
      created: '2026-01-22T10:17:05Z',
      homeIsMissing: true,
    },
    {
      // Named and numbered like an account of Apple's, which it is not.
      name: '_svcadm',
      realName: 'Service Administration',
      uid: 490,
      uuid: '442B89F8-31C8-4AF8-B009-B96BB806D094',
      homes: ['/private/var/svcadm'],
      isHidden: true,
      isAdmin: true,
      authorities: [shadowHash, localKerberos('_svcadm', unmanagedRealm)],
      created: '2026-08-30T21:09:12Z',
      passwordSet: '2026-08-30T21:09:14Z',
    },
    {
      name: 'Guest',
      realName: 'Guest User',
      uid: 201,
      gid: 201,
      homes: ['/Users/Guest'],
      homeIsMissing: true,
      shell: '/bin/bash',
      authorities: [';basic;'],
    },
  ],
  groups: [
    { name: '_guest', aliases: ['guest'], gid: 201, names: ['Guest'], guids: [systemUserUuid(201)] },
    {
      name: 'com.apple.access_ssh',
      gid: 399,
      uuid: '0DC30EAD-89C7-4B7F-900F-A13BBB95C57B',
      names: ['_svcadm'],
      guids: ['442B89F8-31C8-4AF8-B009-B96BB806D094'],
      nested: [adminGroup],
    },
  ],
  otherCryptoUsers: [],
  otherFilevaultUsers: [],
  filevault: {
    status: ['FileVault is Off.'],
    version: '15.0',
    hasPersonalKey: false,
    deferral: {
      Defer: 1,
      DeferForceAtUserLoginMaxBypassAttempts: 9999,
      OutputPath: '/var/root/fdesetup_output.plist',
      ProfileUUID: '68C9DF75-F667-4AA8-9D3B-40351C8E3833',
      ShowRecoveryKey: 0,
      Usernames: ['ivale'],
    },
  },
  // What a Mac prints that is not enrolled is not public: silence and an exit code, so "not known".
  bootstrapToken: { exitCode: 1 },
  enrollment: ['Enrolled via DEP: No', 'MDM enrollment: No'],
  profiles: null,
  cachedEnrollment: {
    stderr: 'Error fetching Device Enrollment configuration: Client is not DEP enabled.\n',
    exitCode: 1,
  },
  files: {
    [`${preferences}/com.apple.loginwindow.plist`]: {
      GuestEnabled: true,
      HiddenUsersList: ['_svcadm'],
      Hide500Users: true,
      autoLoginUser: 'frontdesk',
    },
  },
  marks: {
    '/var/db/.AppleSetupDone': { mode: '0400', size: 0, changed: '2025-10-02T15:45:33Z' },
    '/var/db/FileVaultPRK.dat': 'missing',
    '/etc/kcpassword': { mode: '0600', size: 24, changed: '2026-02-05T12:02:50Z' },
    '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
    '/var/root/fdesetup_output.plist': { mode: '0600', size: 611, changed: '2026-03-27T17:08:44Z' },
    [`${settings}/.cloudConfigHasActivationRecord`]: 'missing',
    [`${settings}/.cloudConfigRecordFound`]: 'missing',
    [`${settings}/.cloudConfigRecordNotFound`]: '2025-10-02T15:38:47Z',
    [`${settings}/.cloudConfigProfileInstalled`]: '2025-10-02T15:38:47Z',
    '/dev/console': { mode: '0600', size: 0, changed: '2026-09-22T05:04:40Z' },
  },
};

/** In good order, but asked by an ordinary user: what is not known must not read as "no". */
const notRootHost: Host = {
  folder: 'macos14-not-root',
  captured: '2026-09-22T08:41:26Z',
  euid: 501,
  hostId: 'C345F54B-8A44-4525-887B-F6952EE219AB',
  model: 'Mac14,2',
  isAppleSilicon: true,
  productName: 'macOS',
  version: '14.7',
  build: '23H124',
  booted: '2026-09-01T06:15:02Z',
  services: { 'com.apple.ftpd': true, 'com.apple.screensharing': true, 'com.openssh.sshd': true },
  containers: appleSiliconDisk(494384795648, true),
  consoleUser: 'ethorne',
  people: [
    root,
    {
      name: 'ethorne',
      realName: 'Elowen Thornequist',
      uid: 501,
      uuid: '3E49B3B6-D7B3-4582-BAA3-64353ECFA991',
      isAdmin: true,
      authorities: [shadowHash, secureToken, localKerberos('ethorne', notRootRealm)],
      created: '2024-09-23T08:50:31Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
      isInFilevault: true,
    },
    {
      // Kept from the first token when it was made, granted one later: both tags are normal.
      name: 'itadmin',
      realName: 'IT Administrator',
      uid: 502,
      uuid: '66054271-B271-4638-BA9E-DFEAE9EA5964',
      isAdmin: true,
      authorities: [disabledToken, shadowHash, secureToken, localKerberos('itadmin', notRootRealm)],
      created: '2024-09-23T08:44:18Z',
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
      isInFilevault: true,
    },
  ],
  groups: [
    {
      name: 'com.apple.access_ssh',
      gid: 399,
      uuid: '9F1771B2-D1C7-47B2-8A87-37AD73A9577A',
      nested: [adminGroup],
    },
  ],
  otherCryptoUsers: [
    ['PersonalRecovery', personalKey, true],
    ['MDMRecovery', bootstrapKey, true],
  ],
  otherFilevaultUsers: [],
  filevault: { status: ['FileVault is On.'], version: '14.0', hasPersonalKey: true, deferral: null },
  bootstrapToken: { stderr: 'profiles: this command requires root privileges\n', exitCode: 1 },
  enrollment: [
    'Enrolled via DEP: Yes',
    'MDM enrollment: Yes (User Approved)',
    'MDM server: https://mdm.example.com/mdm/ServerURL',
  ],
  profiles: null,
  cachedEnrollment: { stderr: 'Must be running as root\n', exitCode: 1 },
  files: {
    [`${managed}/com.apple.MCX.FileVault2.plist`]: {
      Enable: 'On',
      Defer: true,
      DeferForceAtUserLoginMaxBypassAttempts: 0,
      ShowRecoveryKey: false,
      UseRecoveryKey: true,
    },
    [`${managed}/com.apple.MCX.plist`]: { dontAllowFDEDisable: true },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false },
  },
  marks: {
    '/var/db/.AppleSetupDone': { mode: '0400', size: 0, changed: '2024-09-23T08:52:09Z' },
    '/var/db/FileVaultPRK.dat': { mode: '0600', size: 728, changed: '2024-09-23T08:58:36Z' },
    '/etc/kcpassword': 'missing',
    '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
    [`${settings}/.cloudConfigHasActivationRecord`]: 'denied',
    [`${settings}/.cloudConfigRecordFound`]: 'denied',
    [`${settings}/.cloudConfigRecordNotFound`]: 'denied',
    [`${settings}/.cloudConfigProfileInstalled`]: 'denied',
    '/dev/console': { mode: '0600', size: 0, changed: '2026-09-22T06:58:12Z' },
  },
};

export const hosts: readonly Host[] = [managedHost, mobileHost, unmanagedHost, notRootHost];

// --- What the tools print ---

/** Programs in the field UserShell that end at once, or answer a modem and not a person. */
const noLoginShells: ReadonlySet<string> = new Set(['/usr/bin/false', '/sbin/nologin', '/usr/sbin/uucico']);

/** The one rule for who can log in: a shell that is one, and no DisabledUser. */
const canLogIn = ({ shell = '/bin/zsh', authorities = [] }: Account): boolean =>
  !noLoginShells.has(shell) && !authorities.some((value) => value.split(';')[1] === 'DisabledUser');

export const uuidOf = ({ uuid, uid }: Account): string => uuid ?? systemUserUuid(uid);
const homesOf = ({ homes, name }: Account): readonly string[] => homes ?? [`/Users/${name}`];
/** dslocal lists its records by file name. */
export const accountsOf = ({ people }: Host): readonly Account[] =>
  [...people, ...systemAccounts].toSorted((a, b) => byName(a.name, b.name));

/** One record as `dscl -plist` prints it: full attribute names, every value an array of strings. */
const dsRecord = (attributes: Readonly<Record<string, readonly string[] | undefined>>): Plist =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([key, values]) => {
      if (values === undefined || values.length === 0) return [];
      const isNative = key === 'IsHidden' || key === 'accountPolicyData';
      return [[`dsAttrType${isNative ? 'Native' : 'Standard'}:${key}`, values]];
    }),
  );

/** 100 ns since 1601, as Active Directory counts. */
const filetime = (iso: string): string => `${seconds(iso) + 11644473600}0000000`;

const dsUser = (account: Account): Plist => {
  const { name, aliases = [], realName, uid, gid = 20, shell = '/bin/zsh', isHidden, mobile } = account;
  return dsRecord({
    RecordName: [name, ...aliases],
    UniqueID: [String(uid)],
    PrimaryGroupID: [String(gid)],
    RealName: [realName],
    GeneratedUID: [uuidOf(account)],
    NFSHomeDirectory: homesOf(account),
    UserShell: [shell],
    IsHidden: isHidden && ['1'],
    AuthenticationAuthority: account.authorities,
    OriginalNodeName: mobile && [mobile.node],
    AltSecurityIdentities: account.altSecurityIdentities,
    CopyTimestamp: mobile && [mobile.copied],
    SMBPasswordLastSet: mobile && [filetime(mobile.passwordSet)],
  });
};

const dsGroups = (host: Host): Plist => {
  const admins = host.people.filter(({ isAdmin }) => isAdmin);
  const admin: Group = {
    name: 'admin',
    aliases: ['BUILTIN\\Administrators'],
    gid: 80,
    names: ['root', ...admins.map(({ name }) => name), ...(host.otherAdmins?.names ?? [])],
    guids: [systemUserUuid(0), ...admins.map(uuidOf), ...(host.otherAdmins?.guids ?? [])],
    nested: host.otherAdmins?.nested ?? [],
  };
  return [...systemGroups, admin, ...host.groups]
    .toSorted((a, b) => byName(a.name, b.name))
    .map(({ name, aliases = [], gid, uuid = systemGroupUuid(gid), names, guids, nested }) =>
      dsRecord({
        RecordName: [name, ...aliases],
        PrimaryGroupID: [String(gid)],
        GeneratedUID: [uuid],
        GroupMembership: names,
        GroupMembers: guids,
        NestedGroups: nested,
      }),
    );
};

/** A time with a fraction, as accountPolicyData has it. */
const policyTime = (iso: string, what: string): number =>
  Number(`${seconds(iso)}.${String(noise(`${iso} ${what}`, 999999) + 1).padStart(6, '0')}`);

/** Only root is told accountPolicyData. */
const dsAccountPolicy = (account: Account, euid: number): Plist => {
  const { name, aliases = [], uid, created, passwordSet, failedLogins } = account;
  const policy: Record<string, Plist> = {};
  if (created !== undefined) policy['creationTime'] = policyTime(created, name);
  if (passwordSet !== undefined) {
    policy['failedLoginCount'] = failedLogins?.count ?? 0;
    policy['failedLoginTimestamp'] = failedLogins === undefined ? 0 : policyTime(failedLogins.last, name);
    policy['passwordLastSetTime'] = policyTime(passwordSet, `${name} password`);
  }
  return dsRecord({
    RecordName: [name, ...aliases],
    UniqueID: [String(uid)],
    GeneratedUID: [uuidOf(account)],
    accountPolicyData: euid === 0 && created !== undefined ? [xmlPlist(policy)] : undefined,
  });
};

const weekday = (date: Date): string => date.toUTCString().slice(0, 3);
const month = (date: Date): string => date.toUTCString().slice(8, 11);

const sysctl = ({ folder, model, isAppleSilicon, version, booted }: Host): Answer => {
  const date = new Date(booted);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const clock = date.toISOString().slice(11, 19);
  const usec = noise(`${folder} boot`, 1000000);
  const boot =
    `kern.boottime: { sec = ${seconds(booted)}, usec = ${usec} }` +
    ` ${weekday(date)} ${month(date)} ${day} ${clock} ${date.getUTCFullYear()}\n`;
  if (isAppleSilicon) {
    return { stdout: `hw.model: ${model}\nhw.optional.arm64: 1\n${boot}kern.hv_vmm_present: 0\n` };
  }
  // Intel has no hw.optional.arm64, and 10.15 no kern.hv_vmm_present: both names are unknown.
  const isOld = version.startsWith('10.');
  return {
    stdout: `hw.model: ${model}\n${boot}${isOld ? '' : 'kern.hv_vmm_present: 0\n'}`,
    stderr:
      `sysctl: unknown oid 'hw.optional.arm64'\n` +
      (isOld ? `sysctl: unknown oid 'kern.hv_vmm_present'\n` : ''),
    exitCode: 1,
  };
};

/** Without the serial number, which is off by default. */
const ioreg = ({ hostId, model }: Host): string =>
  xmlPlist([{ IOPlatformUUID: hostId, model: Buffer.from(`${model}\0`, 'latin1') }]);

/** "disabled" and "enabled" since macOS 13; "true" and "false" before, where true means disabled. */
const launchctl = ({ services, version }: Host): string => {
  const [off, on] = version.startsWith('10.') ? ['true', 'false'] : ['disabled', 'enabled'];
  const lines = Object.entries(services).map(([label, isOff]) => `\t\t"${label}" => ${isOff ? off : on}\n`);
  return `\n\tdisabled services = {\n${lines.join('')}\t}\n\n\tlogin item associations = {\n\t}\n`;
};

const isEncrypted = ({ encryption }: Volume): boolean =>
  encryption === 'at rest' || encryption === 'filevault';
const hasFilevault = ({ encryption }: Volume): boolean => encryption.startsWith('filevault');
export const volumeUuid = (host: Host, device: string): string => uuidFor(`${host.folder} ${device}`);

const apfsList = (host: Host): Plist => ({
  Containers: host.containers.map(({ device, store, bytes, volumes }) => ({
    APFSContainerUUID: uuidFor(`${host.folder} ${device}`),
    CapacityCeiling: bytes,
    CapacityFree: bytes - volumes.reduce((sum, volume) => sum + volume.bytes, 0),
    ContainerReference: device,
    DesignatedPhysicalStore: store,
    Fusion: false,
    PhysicalStores: [{ DeviceIdentifier: store, DiskUUID: uuidFor(`${host.folder} ${store}`), Size: bytes }],
    Volumes: volumes.map((volume) => ({
      APFSVolumeUUID: volumeUuid(host, volume.device),
      CapacityInUse: volume.bytes,
      CapacityQuota: 0,
      CapacityReserve: 0,
      CryptoMigrationOn: false,
      DeviceIdentifier: volume.device,
      Encryption: isEncrypted(volume),
      FileVault: hasFilevault(volume),
      Locked: false,
      Name: volume.name,
      Roles: [volume.role],
    })),
  })),
});

const findVolume = (host: Host, role: string): readonly [Container, Volume] => {
  const container = host.containers.at(-1);
  const volume = container?.volumes.find((candidate) => candidate.role === role);
  if (container === undefined || volume === undefined)
    throw new Error(`${host.folder} has no volume ${role}`);
  return [container, volume];
};
const dataDevice = (host: Host): string => findVolume(host, 'Data')[1].device;

const diskutilInfoRoot = (host: Host): Plist => {
  const [container, system] = findVolume(host, 'System');
  // Since macOS 11 the root is a sealed snapshot of the system volume.
  const isSnapshot = host.isAppleSilicon;
  const device = isSnapshot ? `${system.device}s1` : system.device;
  const deviceOf = (role: string): string => findVolume(host, role)[1].device;
  const snapshotName = `com.apple.os.update-${hashOf(`${host.folder} snapshot`).toUpperCase()}`;
  const snapshot: Readonly<Record<string, Plist>> = {
    APFSSnapshot: true,
    APFSSnapshotName: snapshotName,
    APFSSnapshotUUID: volumeUuid(host, device),
    Sealed: 'Yes',
  };
  return {
    ...(isSnapshot ? snapshot : {}),
    AESHardware: true,
    APFSContainerFree: container.bytes - container.volumes.reduce((sum, { bytes }) => sum + bytes, 0),
    APFSContainerReference: container.device,
    APFSContainerSize: container.bytes,
    APFSPhysicalStores: [{ APFSPhysicalStore: container.store }],
    APFSVolumeGroupID: volumeUuid(host, dataDevice(host)),
    Bootable: true,
    BooterDeviceIdentifier: deviceOf('Preboot'),
    BusProtocol: host.isAppleSilicon ? 'Apple Fabric' : 'PCI-Express',
    Content: '41504653-0000-11AA-AA11-00306543ECAC',
    DeviceBlockSize: 4096,
    DeviceIdentifier: device,
    DeviceNode: `/dev/${device}`,
    DiskUUID: volumeUuid(host, system.device),
    Ejectable: false,
    Encryption: isEncrypted(system),
    FileVault: hasFilevault(system),
    FilesystemName: 'APFS',
    FilesystemType: 'apfs',
    FilesystemUserVisibleName: 'APFS',
    FreeSpace: 0,
    Fusion: false,
    GlobalPermissionsEnabled: true,
    IORegistryEntryName: isSnapshot ? snapshotName : system.name,
    Internal: true,
    Locked: false,
    MediaName: '',
    MediaType: 'Generic',
    MountPoint: '/',
    ParentWholeDisk: container.device,
    RAIDMaster: false,
    RAIDSlice: false,
    RecoveryDeviceIdentifier: deviceOf('Recovery'),
    Removable: false,
    RemovableMedia: false,
    SMARTStatus: 'Verified',
    Size: container.bytes,
    SolidState: true,
    SystemImage: false,
    TotalSize: container.bytes,
    VolumeAllocationBlockSize: 4096,
    VolumeName: system.name,
    VolumeUUID: volumeUuid(host, system.device),
    WholeDisk: false,
    Writable: false,
    WritableMedia: true,
    WritableVolume: false,
  };
};

/** Before macOS 11, and on Intel, nobody owns a volume: the key is not there. */
export const apfsListUsers = (host: Host): Plist => {
  const users = host.people.flatMap((account) =>
    account.cryptoUser === undefined
      ? []
      : [['LocalOpenDirectory', uuidOf(account), account.cryptoUser === 'owner'] as const],
  );
  return {
    Users: [...users, ...host.otherCryptoUsers].map(([type, uuid, isOwner]) => ({
      APFSCryptoUserType: type,
      APFSCryptoUserUUID: uuid,
      ...(host.isAppleSilicon ? { VolumeOwner: isOwner } : {}),
    })),
  };
};

/** On stderr, with the full name and not the short one. */
const sysadminctl = (account: Account, started: number): string => {
  const stamp = new Date(started * 1000 + noise(`${account.name} ${started}`, 1000)).toISOString();
  const process = 1000 + noise(`${account.name} ${started} pid`, 60000);
  const thread = 10000 + noise(`${account.name} ${started} tid`, 900000);
  const when = stamp.replace('T', ' ').replace('Z', '');
  const state = account.sysadminctl ?? 'DISABLED';
  return `${when} sysadminctl[${process}:${thread}] Secure token is ${state} for user ${account.realName}\n`;
};

/** What fdesetup prints to others than root is not public: an invented text, the exit code of its manual. */
const fdesetupRefusal: Answer = { stderr: 'Error: This command requires root access.\n', exitCode: 11 };

const fdesetupListExtended = (host: Host): Answer => {
  if (host.euid !== 0) return fdesetupRefusal;
  if (host.filevault.status[0] === 'FileVault is Off.') {
    return { stderr: 'Error: FileVault is Off.\n', exitCode: 1 };
  }
  const row = (uuid: string, type: string, user: string): string =>
    `        ${uuid}${type.padStart(41)}${user === '' ? '' : ` ${user}`}\n`;
  const users = host.people.filter(({ isInFilevault }) => isInFilevault);
  const table = [
    `${'ESCROW  UUID'.padEnd(81)}TYPE USER\n`,
    ...users.map((account) => row(uuidOf(account), 'OS User', account.name)),
    ...host.otherFilevaultUsers.map(([type, uuid]) => row(uuid, type, '')),
  ];
  return { stdout: table.join('') };
};

const lines = (...texts: readonly string[]): Answer => ({
  stdout: texts.map((text) => `${text}\n`).join(''),
});
const refused: Answer = { stderr: 'Must be running as root\n', exitCode: 1 };

// --- The bundle ---

interface Run extends Answer {
  readonly argv: readonly string[];
  /** What it takes on a Mac, about. */
  readonly milliseconds: number;
  /** For output that holds the time. */
  readonly stderrAt?: (started: number) => string;
}

const dscl = (folder: string, ...keys: readonly string[]): readonly string[] => [
  '/usr/bin/dscl',
  '-plist',
  '.',
  '-readall',
  folder,
  ...keys,
];

const runsOf = (host: Host): readonly Run[] => {
  const accounts = accountsOf(host);
  const { filevault } = host;
  const isRoot = host.euid === 0;
  const run = (argv: readonly string[], milliseconds: number, answer: Answer): Run => ({
    argv,
    milliseconds,
    ...answer,
  });
  const fdesetup = (milliseconds: number, answer: Answer, ...words: readonly string[]): Run =>
    run(['/usr/bin/fdesetup', ...words], milliseconds, answer);
  const profiles = (milliseconds: number, answer: Answer, ...words: readonly string[]): Run =>
    run(['/usr/bin/profiles', ...words], milliseconds, answer);

  const userKeys = [
    'RecordName',
    'UniqueID',
    'PrimaryGroupID',
    'RealName',
    'GeneratedUID',
    'NFSHomeDirectory',
    'UserShell',
    'IsHidden',
    'AuthenticationAuthority',
    'OriginalNodeName',
    'AltSecurityIdentities',
    'CopyTimestamp',
    'SMBPasswordLastSet',
  ];
  const groupKeys = [
    'RecordName',
    'PrimaryGroupID',
    'GeneratedUID',
    'GroupMembership',
    'GroupMembers',
    'NestedGroups',
  ];
  const policyKeys = ['RecordName', 'UniqueID', 'GeneratedUID', 'accountPolicyData'];

  const tabs = host.version.startsWith('10.') ? '\t' : '\t\t';
  return [
    run(
      ['/usr/bin/sw_vers'],
      22,
      lines(
        `ProductName:${tabs}${host.productName}`,
        `ProductVersion:${tabs}${host.version}`,
        `BuildVersion:${tabs}${host.build}`,
      ),
    ),
    run(
      ['/usr/sbin/sysctl', 'hw.model', 'hw.optional.arm64', 'kern.boottime', 'kern.hv_vmm_present'],
      6,
      sysctl(host),
    ),
    run(['/usr/sbin/ioreg', '-a', '-r', '-d', '1', '-c', 'IOPlatformExpertDevice'], 19, {
      stdout: ioreg(host),
    }),
    run(['/usr/bin/csrutil', 'status'], 14, lines('System Integrity Protection status: enabled.')),
    run(['/bin/launchctl', 'print-disabled', 'system'], 9, { stdout: launchctl(host) }),
    run(['/usr/sbin/diskutil', 'info', '-plist', '/'], 160, { stdout: xmlPlist(diskutilInfoRoot(host)) }),
    run(['/usr/sbin/diskutil', 'apfs', 'list', '-plist'], 310, { stdout: xmlPlist(apfsList(host)) }),
    run(['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', dataDevice(host)], 190, {
      stdout: xmlPlist(apfsListUsers(host)),
    }),
    run(dscl('/Users', ...userKeys), 120, { stdout: xmlPlist(accounts.map(dsUser)) }),
    run(dscl('/Groups', ...groupKeys), 80, { stdout: xmlPlist(dsGroups(host)) }),
    run(dscl('/Users', ...policyKeys), 90, {
      stdout: xmlPlist(accounts.map((account) => dsAccountPolicy(account, host.euid))),
    }),
    ...accounts.filter(canLogIn).map((account) => ({
      argv: ['/usr/sbin/sysadminctl', '-secureTokenStatus', account.name],
      milliseconds: 70,
      stderrAt: (started: number) => sysadminctl(account, started),
    })),
    fdesetup(40, lines(...filevault.status), 'status'),
    fdesetup(60, fdesetupListExtended(host), 'list', '-extended'),
    // Asked only where the longer list is refused.
    ...(isRoot ? [] : [fdesetup(50, fdesetupRefusal, 'list')]),
    // "false" is also what these print without the right to read.
    fdesetup(45, lines(String(isRoot && filevault.hasPersonalKey)), 'haspersonalrecoverykey'),
    fdesetup(45, lines('false'), 'hasinstitutionalrecoverykey'),
    fdesetup(40, lines('false'), 'usingrecoverykey'),
    fdesetup(40, lines('true'), 'supportsauthrestart'),
    fdesetup(
      45,
      isRoot
        ? lines(filevault.deferral === null ? 'Not found.' : openStep(filevault.deferral))
        : fdesetupRefusal,
      'showdeferralinfo',
    ),
    fdesetup(30, lines(filevault.version), 'version'),
    profiles(130, host.bootstrapToken, 'status', '-type', 'bootstraptoken'),
    profiles(110, lines(...host.enrollment), 'status', '-type', 'enrollment'),
    profiles(
      140,
      !isRoot
        ? refused
        : host.profiles === null
          ? lines('There are no configuration profiles installed in the system domain')
          : { stdout: xmlPlist(host.profiles) },
      'show',
      '-type',
      'configuration',
      '-output',
      'stdout-xml',
    ),
    profiles(120, host.cachedEnrollment, 'show', '-type', 'enrollment', '-cached'),
  ];
};

const laterAnswers = await answersBeside(
  new Set(hosts.flatMap((host) => runsOf(host).map(({ argv }) => sourceOf(argv)))),
);

/** What a parameter of a source stands for on a host. */
const argumentsOf = (host: Host, placeholder: string | null): readonly string[] => {
  if (placeholder === null) return [''];
  return placeholder === '{device}'
    ? [dataDevice(host)]
    : accountsOf(host)
        .filter(canLogIn)
        .map(({ name }) => name);
};

/** Of newer sources, for which no host has an answer of its own. */
const laterRuns = (host: Host): readonly Run[] =>
  laterAnswers
    .filter(({ isForAll }) => isForAll || host.euid === 0)
    .flatMap((answer) =>
      argumentsOf(host, answer.placeholder).map((value) => ({ ...answer.runFor(value), milliseconds: 50 })),
    );

/** Every file that is read on a Mac with these accounts; one that its declaration does not have is missing there. */
const filePathsOf = (host: Host): readonly string[] =>
  fileNames
    .flatMap((name) => [...files[name].paths])
    .flatMap((path) =>
      path.includes('{username}')
        ? argumentsOf(host, '{username}').map((name) => path.replace('{username}', name))
        : [path],
    );

const homeLine = (host: Host, account: Account): readonly [string, string] => {
  const [home = ''] = homesOf(account);
  if (account.homeIsMissing) return [home, 'missing\t-\t-\t-\t-'];
  // Private since macOS 11; a home under /var is the system's own.
  const isPerson = home.startsWith('/Users/');
  const mode = isPerson ? (host.isAppleSilicon ? '0750' : '0755') : account.uid === 0 ? '0750' : '0755';
  const changed = isPerson
    ? seconds(host.booted) + 60 + noise(`${host.folder} ${home}`, 86400)
    : seconds(host.booted);
  const size = 32 * (8 + noise(`${host.folder} ${home} size`, 40));
  return [home, `dir\t${mode}\t${account.uid}\t${size}\t${changed}`];
};

const statLines = (host: Host): string => {
  const found = new Map<string, string>(statOnly.map((path) => [path, 'missing\t-\t-\t-\t-']));
  for (const [path, mark] of Object.entries(host.marks)) {
    if (mark === 'missing' || mark === 'denied') {
      found.set(path, `${mark}\t-\t-\t-\t-`);
      continue;
    }
    const { mode, size, changed } =
      typeof mark === 'string' ? { mode: '0644', size: 0, changed: mark } : mark;
    const owner =
      path === '/dev/console' ? host.people.find(({ name }) => name === host.consoleUser)?.uid : 0;
    found.set(path, `file\t${mode}\t${owner ?? 0}\t${size}\t${seconds(changed)}`);
  }
  for (const account of accountsOf(host).filter(canLogIn)) found.set(...homeLine(host, account));
  for (const path of filePathsOf(host)) {
    if (host.files[path] === undefined) found.set(path, 'missing\t-\t-\t-\t-');
  }
  return [...found]
    .toSorted(([a], [b]) => byName(a, b))
    .map(([path, rest]) => `${path}\t${rest}\n`)
    .join('');
};

/** Path inside the bundle to content. */
export const bundleOf = (host: Host): ReadonlyMap<string, string> => {
  const files = new Map<string, string>();
  const captured = seconds(host.captured);
  const about = {
    format: 'tokenquery-evidence',
    version: 1,
    origin: 'constructed',
    captured_time: captured,
    euid: host.euid,
    host_id: host.hostId,
    tool: 'tokenquery 0.1.0',
  };
  files.set('evidence.json', `${JSON.stringify(about, null, 2)}\n`);

  let elapsed = 0;
  const runs = [...runsOf(host), ...laterRuns(host)];
  for (const [index, run] of runs.entries()) {
    const { argv, stdout = '', stderr = '', exitCode = 0, milliseconds, stderrAt } = run;
    const folder = `commands/${String(index + 1).padStart(3, '0')}`;
    const started = captured + Math.floor(elapsed / 1000);
    const duration = Math.round(milliseconds * (0.8 + noise(`${host.folder} ${argv.join(' ')}`, 400) / 1000));
    elapsed += duration;
    const said = stderrAt === undefined ? stderr : stderrAt(started);
    files.set(`${folder}/argv`, argv.map((word) => `${word}\n`).join(''));
    files.set(`${folder}/duration_ms`, `${duration}\n`);
    files.set(`${folder}/exit_code`, `${exitCode}\n`);
    files.set(`${folder}/started_time`, `${started}\n`);
    if (said !== '') files.set(`${folder}/stderr`, said);
    if (stdout !== '') files.set(`${folder}/stdout`, stdout);
  }

  const readable = new Set(filePathsOf(host));
  for (const [path, content] of Object.entries(host.files)) {
    if (!readable.has(path)) throw new Error(`${host.folder}: ${path} is no file that is read`);
    files.set(`files${path}`, xmlPlist(content));
  }
  files.set('stat.tsv', statLines(host));

  const sums = [...files.keys()]
    .toSorted(byName)
    .map((path) => `${hashOf(files.get(path) ?? '')}  ${path}\n`);
  files.set('SHA256SUMS', sums.join(''));
  return files;
};

// --- Writing and checking ---

const samples = join(dirname(fileURLToPath(import.meta.url)), '..', 'samples');

/** Files below a folder, with `/` on every system; none when it is not there. */
const filesBelow = (folder: string): readonly string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        );

const stalePaths = (folder: string, wanted: ReadonlyMap<string, string>): readonly string[] => {
  const present = new Set(filesBelow(folder));
  const wrong = [...wanted].filter(
    ([path, content]) => !present.has(path) || readFileSync(join(folder, path), 'utf8') !== content,
  );
  return [...wrong.map(([path]) => path), ...[...present].filter((path) => !wanted.has(path))];
};

const main = (options: readonly string[]): number => {
  if (options.some((option) => option !== '--check')) {
    process.stderr.write('samples: error: the only option is --check\n');
    return 2;
  }
  let stale = 0;
  for (const host of hosts) {
    const folder = join(samples, host.folder);
    const bundle = bundleOf(host);
    if (options.includes('--check')) {
      for (const path of stalePaths(folder, bundle)) {
        process.stderr.write(`samples: error: samples/${host.folder}/${path} is stale\n`);
        stale += 1;
      }
      continue;
    }
    rmSync(folder, { recursive: true, force: true });
    for (const [path, content] of bundle) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  }
  if (stale > 0) process.stderr.write('samples: hint: run node scripts/samples.ts\n');
  return stale > 0 ? 1 : 0;
};

// The tests print further hosts with what stands here.
if (import.meta.main) process.exitCode = main(process.argv.slice(2));
