/**
 * The Macs of the mutation test: the four of samples/ and four that were made for it. As there, a declaration says
 * what is true of a Mac and what each tool says of it. All of it is constructed, and the people are invented.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundleOf, hosts as samples } from '../../scripts/samples.ts';
import type { MacFixture } from '../../scripts/samples.ts';
import { plistOf } from '../fixtures/backend.ts';
import type { Fixture, PlistJson } from '../fixtures/backend.ts';
import { adminGroup, appleSiliconDisk, root } from '../fixtures/every_mac.ts';
import { apfsListUsers, inOrder, uuidFor } from '../fixtures/mac.ts';
import type { Account, Mac } from '../fixtures/mac.ts';
import { bundleFrom, bytesOf, readFolder, withRun, without } from './bundle.ts';
import type { Bundle, Run } from './bundle.ts';
import { openStep } from './openstep.ts';

// --- Words ---

const personalKey = 'EBC6C064-0000-11AA-AA11-00306543ECAC';
const bootstrapKey = '2457711A-523C-4604-B75A-F48A571D5036';
const shadowHash = ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2>';
const secureToken = ';SecureToken;';
const disabledToken = ';DisabledTags;SecureToken';
const activeDirectory = '/Active Directory/CORP/corp.example.com';
const cachedUser = (name: string, guid: string): string =>
  `;LocalCachedUser;${activeDirectory}:${name}:${guid}`;
const localKerberos = (name: string, realm_: string): string => `;Kerberosv5;;${name}@${realm_};${realm_};`;
const settings = '/var/db/ConfigurationProfiles/Settings';
const preferences = '/Library/Preferences';
const managed = '/Library/Managed Preferences';

// --- Declarations ---

interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}

/** What stands at a path; a text is the time of its last change, or says that it is missing. */
type Mark = string | { readonly mode: string; readonly size: number; readonly changed: string };

/** A Mac, and what its tools say of FileVault and its profiles: flat, for the next one is this one with a difference. */
interface Host extends Omit<Mac, 'name' | 'hasFilevault'> {
  readonly folder: string;
  readonly captured: string;
  readonly euid: number;
  readonly hostId: string;
  readonly consoleUser: string;
  readonly filevault: {
    readonly status: readonly string[];
    readonly version: string;
    readonly hasPersonalKey: boolean;
    readonly deferral: PlistJson | null;
  };
  readonly bootstrapToken: Answer;
  readonly enrollment: readonly string[];
  readonly profiles: PlistJson;
  readonly cachedEnrollment: Answer;
  readonly files: Readonly<Record<string, PlistJson>>;
  readonly marks: Readonly<Record<string, Mark>>;
}

const xmlPlist = (value: PlistJson): string => plistOf(inOrder(value));

const answered = ({ exitCode = 0, stdout = '', stderr = '' }: Answer) => ({
  exit_code: String(exitCode),
  stdout,
  stderr,
});

const commandsOf = ({ filevault, ...host }: Host): Fixture['commands'] => [
  { command: 'fdesetup_status', stdout: filevault.status },
  { command: 'fdesetup_has_personal_recovery_key', stdout: [String(filevault.hasPersonalKey)] },
  {
    command: 'fdesetup_show_deferral_info',
    stdout: [filevault.deferral === null ? 'Not found.' : openStep(filevault.deferral)],
  },
  { command: 'fdesetup_version', stdout: [filevault.version] },
  { command: 'profiles_status_bootstraptoken', ...answered(host.bootstrapToken) },
  { command: 'profiles_status_enrollment', stdout: host.enrollment },
  { command: 'profiles_show_configuration', stdout: xmlPlist(host.profiles) },
  { command: 'profiles_show_enrollment_cached', ...answered(host.cachedEnrollment) },
];

const macOf = (host: Host): Mac => ({ ...host, name: host.folder, hasFilevault: true });

const fixtureOf = (host: Host): MacFixture => {
  const statOf = ([path, mark]: readonly [string, Mark]): [string, string] => {
    if (mark === 'missing') return [path, mark];
    const { mode, size, changed } =
      typeof mark === 'string' ? { mode: '0644', size: 0, changed: mark } : mark;
    const owner =
      path === '/dev/console' ? host.people.find(({ name }) => name === host.consoleUser)?.uid : 0;
    return [path, `file ${mode} ${owner ?? 0} ${size} ${changed}`];
  };
  return {
    origin: 'constructed',
    source: 'constructed',
    captured: host.captured,
    euid: host.euid,
    host_id: host.hostId,
    mac: macOf(host),
    commands: commandsOf(host) ?? [],
    files: Object.fromEntries(
      Object.entries(host.files).map(([path, content]) => [path, { plist: inOrder(content) }]),
    ),
    stat: Object.fromEntries(Object.entries(host.marks).map(statOf)),
  };
};

// --- Building ---

const diskutil = (...words: readonly string[]): readonly string[] => ['/usr/sbin/diskutil', ...words];
const said = (argv: readonly string[], stdout: string, stderr = '', exit = '0'): Run => ({
  argv,
  exit,
  stdout: bytesOf(stdout),
  stderr: bytesOf(stderr),
});
const printed = (host: Host, ...more: readonly Run[]): Bundle =>
  more.reduce(withRun, bundleFrom(host.folder, bundleOf(fixtureOf(host))));
const withoutRuns = (bundle: Bundle, isUnwanted: (argv: string) => boolean): Bundle => ({
  ...bundle,
  runs: [...bundle.runs.keys()].filter(isUnwanted).reduce(without, bundle.runs),
});
const listUsers = (device: string, users: PlistJson): Run =>
  said(diskutil('apfs', 'listUsers', '-plist', device), xmlPlist(users));

const realm = 'LKDC:SHA1.6F5D0F1C2C8F7A7D6C0E0C3E1B5A4D3C2B1A0F9E';
const person = (name: string, uid: number, rest: Partial<Account> = {}): Account => ({
  name,
  realName: `${name[0]?.toUpperCase()}${name.slice(1)} Example`,
  uid,
  uuid: uuidFor(`person ${name}`),
  authorities: [shadowHash, localKerberos(name, realm)],
  created: '2025-03-04T08:15:00Z',
  passwordSet: '2026-05-06T07:30:00Z',
  ...rest,
});
const token = { sysadminctl: 'ENABLED', cryptoUser: 'owner', isInFilevault: true } as const;
const holder = (name: string, uid: number, rest: Partial<Account> = {}): Account =>
  person(name, uid, {
    authorities: [shadowHash, secureToken, localKerberos(name, realm)],
    ...token,
    ...rest,
  });
const mobile = (name: string, uid: number, guid: string, rest: Partial<Account> = {}): Account =>
  person(name, uid, {
    gid: 1289273465,
    authorities: [
      cachedUser(name, guid),
      `;Kerberosv5;;${name}@CORP.EXAMPLE.COM;CORP.EXAMPLE.COM;`,
      shadowHash,
      ...(rest.cryptoUser === undefined ? [] : [secureToken]),
    ],
    mobile: { node: activeDirectory, copied: '2026-09-20T06:01:00Z', passwordSet: '2026-07-01T05:00:00Z' },
    ...rest,
  });

const markers = {
  '/var/db/.AppleSetupDone': { mode: '0400', size: 0, changed: '2025-03-04T08:16:00Z' },
  '/var/db/FileVaultPRK.dat': { mode: '0600', size: 728, changed: '2025-03-04T09:00:00Z' },
  '/etc/kcpassword': 'missing',
  '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
  [`${settings}/.cloudConfigHasActivationRecord`]: '2025-03-04T08:00:00Z',
  [`${settings}/.cloudConfigRecordFound`]: { mode: '0644', size: 912, changed: '2025-03-04T08:00:00Z' },
  [`${settings}/.cloudConfigRecordNotFound`]: 'missing',
  [`${settings}/.cloudConfigProfileInstalled`]: '2025-03-04T08:01:00Z',
  '/dev/console': { mode: '0600', size: 0, changed: '2026-09-22T06:00:00Z' },
} as const;

const mdmPayload = (...capabilities: readonly string[]): PlistJson => ({
  ProfileIdentifier: 'com.example.mdm.enrollment',
  ProfileInstallDate: '2025-03-04 08:02:11 +0000',
  ProfileItems: [
    {
      PayloadType: 'com.apple.mdm',
      PayloadContent: {
        AccessRights: 8191,
        ServerCapabilities: ['com.apple.mdm.per-user-connections', ...capabilities],
        ServerURL: 'https://mdm.example.com',
      },
    },
  ],
});
const filevaultPayload = (rest: Readonly<Record<string, PlistJson>> = {}): PlistJson => ({
  PayloadType: 'com.apple.MCX.FileVault2',
  PayloadContent: { Enable: 'On', Defer: true, ShowRecoveryKey: false, UseRecoveryKey: true, ...rest },
});
const enrolled = [
  'Enrolled via DEP: Yes',
  'MDM enrollment: Yes (User Approved)',
  'MDM server: https://mdm.example.com/mdm/ServerURL',
];
const tokenStatus = (escrowed: 'YES' | 'NO') => ({
  stdout:
    'profiles: Bootstrap Token supported on server: YES\n' +
    `profiles: Bootstrap Token escrowed to server: ${escrowed}\n`,
});

// --- A large managed Mac: who has left, who is in a group of a group, who says what is not so ---

const fleetAdmin = uuidFor('person laps');
const helpdesk = uuidFor('group helpdesk');
const fleet: Host = {
  folder: 'macos15-fleet',
  captured: '2026-09-22T07:00:00Z',
  euid: 0,
  hostId: uuidFor('macos15-fleet'),
  model: 'Mac15,3',
  isAppleSilicon: true,
  productName: 'macOS',
  version: '15.6.1',
  build: '24G90',
  booted: '2026-09-10T06:00:00Z',
  services: { 'com.apple.ftpd': true, 'com.apple.screensharing': true, 'com.openssh.sshd': false },
  containers: appleSiliconDisk(494384795648, true),
  consoleUser: 'alice',
  people: [
    root,
    holder('itadmin', 501, { isAdmin: true }),
    // Made by the MDM while the Mac was set up (AutoSetupAdminAccounts).
    holder('laps', 502, { isAdmin: true, isHidden: true }),
    holder('alice', 503, { failedLogins: { count: 2, last: '2026-09-21T16:00:00Z' } }),
    // An administrator through a group in a group.
    holder('bob', 504),
    mobile('carol', 1284730561, uuidFor('person carol'), token),
    // Its GUID is not the one of the directory (M12), and it has no token.
    mobile('dave', 1284730562, uuidFor('dave in the directory')),
    // Taken off FileVault (M05).
    person('erin', 505, {
      authorities: [shadowHash, secureToken],
      sysadminctl: 'ENABLED',
      cryptoUser: 'owner',
    }),
    // Claims a token that the volume does not know (M01).
    person('frank', 506, { authorities: [shadowHash, secureToken], sysadminctl: 'ENABLED' }),
    // Has one that the record does not claim (M02).
    person('grace', 507, { sysadminctl: 'ENABLED', cryptoUser: 'owner', isInFilevault: true }),
    // Both tags (M04).
    holder('heidi', 508, { isAdmin: true, authorities: [disabledToken, shadowHash, secureToken] }),
    person('ivan', 509, { authorities: [`;DisabledUser;${shadowHash}`] }),
    person('judy', 510, { isHidden: true, homeIsMissing: true }),
    person('kim', 511),
  ],
  groups: [
    { name: 'helpdesk', gid: 701, uuid: helpdesk, nested: [uuidFor('group helpdesk lead')] },
    {
      name: 'helpdesk-lead',
      gid: 702,
      uuid: uuidFor('group helpdesk lead'),
      names: ['bob'],
      guids: [uuidFor('person bob')],
    },
    { name: 'com.apple.access_ssh', gid: 399, uuid: uuidFor('group ssh'), nested: [adminGroup] },
  ],
  otherAdmins: { names: ['gone'], guids: [uuidFor('person gone')], nested: [helpdesk] },
  otherCryptoUsers: [
    ['LocalOpenDirectory', uuidFor('person gone'), true],
    ['PersonalRecovery', personalKey, true],
    ['MDMRecovery', bootstrapKey, true],
  ],
  otherFilevaultUsers: [
    ['Unknown User', uuidFor('person gone')],
    ['Personal Recovery Record', personalKey],
    ['Bootstrap Token', bootstrapKey],
  ],
  filevault: {
    status: ['FileVault is On.'],
    version: '15.0',
    hasPersonalKey: true,
    deferral: {
      Defer: 1,
      DeferForceAtUserLoginMaxBypassAttempts: 3,
      OutputPath: '/var/db/ConfigurationProfiles/fdesetup.plist',
      ProfileUUID: uuidFor('profile filevault'),
      ShowRecoveryKey: 0,
      Usernames: ['alice'],
    },
  },
  bootstrapToken: tokenStatus('YES'),
  enrollment: enrolled,
  profiles: {
    _computerlevel: [
      mdmPayload('com.apple.mdm.bootstraptoken'),
      {
        ProfileIdentifier: 'com.example.mdm.filevault',
        ProfileItems: [
          filevaultPayload({ DeferForceAtUserLoginMaxBypassAttempts: 3 }),
          {
            PayloadType: 'com.apple.security.FDERecoveryKeyEscrow',
            PayloadContent: { Location: 'Example IT' },
          },
        ],
      },
    ],
  },
  cachedEnrollment: {
    stdout: `Device Enrollment configuration:\n${openStep({ IsMandatory: true, IsSupervised: true })}\n`,
  },
  files: {
    [`${managed}/com.apple.MCX.plist`]: { 'com.apple.cachedaccounts.CreateAtLogin': true },
    [`${managed}/carol/com.apple.MCX.plist`]: { 'cachedaccounts.askForSecureTokenAuthBypass': true },
    [`${managed}/com.apple.MCX.FileVault2.plist`]: {
      Enable: 'On',
      Defer: true,
      DeferForceAtUserLoginMaxBypassAttempts: 3,
      ShowRecoveryKey: false,
      UseRecoveryKey: true,
    },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false, HiddenUsersList: ['judy'] },
    [`${preferences}/com.apple.preferences.accounts.plist`]: {
      deletedUsers: [
        { date: { $date: '2026-08-06T14:55:09Z' }, 'dsAttrTypeStandard:UniqueID': 520, name: 'gone' },
        { date: { $date: '2026-08-07T10:00:00Z' }, 'dsAttrTypeStandard:UniqueID': 521, name: 'intern' },
      ],
    },
  },
  marks: markers,
};
const daemon = (content: PlistJson): string =>
  `Daemon response: ${openStep(content)}\nAgent response: (null)\n`;
const fleetBundle = (): Bundle =>
  printed(
    fleet,
    said(
      ['/usr/libexec/mdmclient', 'QuerySecurityInfo'],
      daemon({
        SecurityInfo: {
          BootstrapTokenAllowedForAuthentication: 'allowed',
          BootstrapTokenRequiredForKernelExtensionApproval: true,
          BootstrapTokenRequiredForSoftwareUpdate: true,
          FDE_Enabled: true,
          IsRecoveryLockEnabled: false,
          ManagementStatus: { EnrolledViaDEP: true, IsUserEnrollment: false, UserApprovedEnrollment: true },
        },
      }),
    ),
    said(
      ['/usr/libexec/mdmclient', 'QueryDeviceInformation'],
      daemon({
        QueryResponses: {
          AutoSetupAdminAccounts: [{ GUID: fleetAdmin, shortName: 'laps' }],
          EACSPreflight: 'success',
          IsSupervised: true,
        },
      }),
    ),
    listUsers('/', apfsListUsers(macOf(fleet))),
  );

// --- macOS 10.14 on APFS: no volume group, no role but for the helpers, the disk is being encrypted ---

const apfsVolume = (device: string, name: string, roles: readonly string[], isOn: boolean): PlistJson => ({
  APFSVolumeUUID: uuidFor(`mojave ${device}`),
  CapacityInUse: 8192,
  CapacityQuota: 0,
  CapacityReserve: 0,
  CryptoMigrationOn: isOn,
  DeviceIdentifier: device,
  Encryption: isOn,
  FileVault: isOn,
  Locked: false,
  Name: name,
  Roles: roles,
});
const mojave: Host = {
  ...fleet,
  folder: 'macos10.14-apfs',
  hostId: uuidFor('macos10.14-apfs'),
  model: 'MacBookPro14,1',
  isAppleSilicon: false,
  productName: 'Mac OS X',
  version: '10.14.6',
  build: '18G9323',
  services: { 'com.apple.ftpd': true, 'com.openssh.sshd': true },
  // Only for the printer: what diskutil says is given below.
  containers: samples.find(({ mac }) => mac.name === 'macos10.15-mobile')?.mac.containers ?? [],
  consoleUser: 'peter',
  people: [
    root,
    holder('itadmin', 501, { isAdmin: true, cryptoUser: 'not owner' }),
    holder('peter', 502, { isAdmin: true, cryptoUser: 'not owner' }),
    person('quinn', 503),
    mobile('rosa', 1284730570, uuidFor('person rosa'), { ...token, cryptoUser: 'not owner' }),
  ],
  groups: [],
  // A group of the directory: who is in it, only the directory knows.
  otherAdmins: { names: [], guids: [], nested: [uuidFor('directory group')] },
  otherCryptoUsers: [['PersonalRecovery', personalKey, false]],
  otherFilevaultUsers: [['Personal Recovery Record', personalKey]],
  filevault: {
    status: ['FileVault is On.', 'Encryption in progress: Percent completed = 42'],
    version: '10.0',
    hasPersonalKey: true,
    deferral: null,
  },
  // The verb came with 10.15; the text is invented.
  bootstrapToken: { stderr: "profiles: unknown type 'bootstraptoken'\n", exitCode: 1 },
  enrollment: ['Enrolled via DEP: No', 'MDM enrollment: Yes (User Approved)'],
  profiles: { _computerlevel: [mdmPayload(), { ProfileItems: [filevaultPayload()] }] },
  cachedEnrollment: { stderr: "profiles: unknown option '-cached'\n", exitCode: 1 },
  files: {
    [`${managed}/com.apple.MCX.FileVault2.plist`]: {
      Enable: 'On',
      Defer: true,
      ShowRecoveryKey: false,
      UseRecoveryKey: true,
    },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false },
  },
};
const mojaveBundle = (): Bundle =>
  printed(
    mojave,
    said(
      diskutil('apfs', 'list', '-plist'),
      xmlPlist({
        Containers: [
          {
            APFSContainerUUID: uuidFor('mojave disk1'),
            CapacityCeiling: 250790436864,
            CapacityFree: 1073741824,
            ContainerReference: 'disk1',
            DesignatedPhysicalStore: 'disk0s2',
            Fusion: false,
            Volumes: [
              apfsVolume('disk1s1', 'Macintosh HD', [], true),
              apfsVolume('disk1s2', 'Preboot', ['Preboot'], false),
              apfsVolume('disk1s3', 'Recovery', ['Recovery'], false),
              apfsVolume('disk1s4', 'VM', ['VM'], false),
            ],
          },
        ],
      }),
    ),
    said(
      diskutil('info', '-plist', '/'),
      xmlPlist({
        APFSContainerReference: 'disk1',
        APFSContainerFree: 1073741824,
        DeviceIdentifier: 'disk1s1',
        Encryption: true,
        FileVault: true,
        FilesystemName: 'APFS',
        FilesystemType: 'apfs',
        MountPoint: '/',
        VolumeName: 'Macintosh HD',
        VolumeUUID: uuidFor('mojave disk1s1'),
      }),
    ),
    listUsers('/', apfsListUsers(macOf(mojave))),
    listUsers('disk1s1', apfsListUsers(macOf(mojave))),
  );

// --- macOS 10.13 on CoreStorage: no APFS, so there are no tokens ---

const corestorage: Host = {
  ...mojave,
  folder: 'macos10.13-corestorage',
  hostId: uuidFor('macos10.13-corestorage'),
  model: 'iMac15,1',
  version: '10.13.6',
  build: '17G14042',
  people: [
    root,
    person('itadmin', 501, { isAdmin: true, isInFilevault: true }),
    person('sam', 502, { isInFilevault: true }),
    person('tess', 503),
  ],
  otherAdmins: { names: [], guids: [] },
  otherCryptoUsers: [],
  filevault: { status: ['FileVault is On.'], version: '10.0', hasPersonalKey: true, deferral: null },
};
const corestorageBundle = (): Bundle =>
  withoutRuns(
    printed(
      corestorage,
      said(diskutil('apfs', 'list', '-plist'), xmlPlist({})),
      said(
        diskutil('info', '-plist', '/'),
        xmlPlist({
          Bootable: true,
          Content: 'Apple_HFS',
          CoreStorageCompositeDisk: false,
          CoreStorageEncrypted: true,
          DeviceIdentifier: 'disk1',
          FilesystemName: 'Journaled HFS+',
          FilesystemType: 'hfs',
          MountPoint: '/',
        }),
      ),
    ),
    // Below 10.14 sysadminctl is not asked: it would want a password.
    (argv) => argv.includes('listUsers') || argv.includes('sysadminctl'),
  );

// --- macOS 26 with Platform SSO, and a second system in the same container ---

const [, , disk3] = appleSiliconDisk(994662584320, true);
const psso: Host = {
  ...fleet,
  folder: 'macos26-psso',
  hostId: uuidFor('macos26-psso'),
  model: 'Mac16,8',
  version: '26.1',
  build: '25B78',
  containers: [
    ...appleSiliconDisk(994662584320, true).slice(0, 2),
    {
      ...(disk3 as NonNullable<typeof disk3>),
      volumes: [
        ...(disk3?.volumes ?? []),
        { device: 'disk3s7', name: 'Beta', role: 'System', bytes: 12083585024, encryption: 'at rest' },
        { device: 'disk3s8', name: 'Beta - Data', role: 'Data', bytes: 9103157760, encryption: 'at rest' },
      ],
    },
  ],
  consoleUser: 'uma',
  people: [
    root,
    holder('itadmin', 501, { isAdmin: true }),
    holder('uma', 502, { altSecurityIdentities: ['PlatformSSO:uma@example.com'] }),
    holder('victor', 503, { altSecurityIdentities: ['PlatformSSO:victor@example.com'], isAdmin: true }),
    person('wendy', 504),
  ],
  groups: [],
  otherAdmins: { names: [], guids: [] },
  otherCryptoUsers: [['PersonalRecovery', personalKey, true]],
  otherFilevaultUsers: [['Personal Recovery Record', personalKey]],
  filevault: { status: ['FileVault is On.'], version: '16.0', hasPersonalKey: true, deferral: null },
  bootstrapToken: tokenStatus('NO'),
  // A FileVault payload, and none that has the key escrowed.
  profiles: { _computerlevel: [mdmPayload(), { ProfileItems: [filevaultPayload()] }] },
  files: {
    [`${managed}/com.apple.MCX.FileVault2.plist`]: { Enable: 'On', Defer: true, UseRecoveryKey: true },
    [`${managed}/com.apple.extensiblesso.plist`]: {
      PlatformSSO: {
        AuthenticationMethod: 'UserSecureEnclaveKey',
        FileVaultPolicy: ['RequireAuthentication'],
        NewUserAuthorizationMode: 'Standard',
        NonPlatformSSOAccounts: ['itadmin'],
      },
    },
    [`${preferences}/com.apple.loginwindow.plist`]: { GuestEnabled: false },
  },
};
const pssoBundle = (): Bundle =>
  printed(
    psso,
    listUsers('/', apfsListUsers(macOf(psso))),
    // The system of the volume beside it has one account, of which this Mac knows nothing.
    listUsers('disk3s8', {
      Users: [
        {
          APFSCryptoUserType: 'LocalOpenDirectory',
          APFSCryptoUserUUID: uuidFor('person of the beta'),
          VolumeOwner: true,
        },
      ],
    }),
  );

const sampleFolder = join(import.meta.dirname, '../../samples');
const sampleBundles = (): readonly Bundle[] =>
  readdirSync(sampleFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => readFolder(name, join(sampleFolder, name)));

const ofVolume = diskutil('apfs', 'listUsers', '-plist').join(' ');
/**
 * A Mac that is asked for its startup volume lists the same: every volume of a group has one list (semantics.md, 3.1). Of a
 * Mac that prints an odd list of volumes that answer is recorded too.
 */
const withStartupVolume = (bundle: Bundle): Bundle => {
  const listings = [...bundle.runs].filter(([argv]) => argv.startsWith(`${ofVolume} `));
  const [only, ...more] = listings.map(([, run]) => run);
  if (only === undefined || more.length > 0) return bundle;
  return withRun(bundle, { ...only, argv: diskutil('apfs', 'listUsers', '-plist', '/') });
};

/** Every Mac of the test, by name. */
export const macs = (): readonly Bundle[] =>
  [
    ...sampleBundles().toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    fleetBundle(),
    mojaveBundle(),
    corestorageBundle(),
    pssoBundle(),
  ].map(withStartupVolume);
