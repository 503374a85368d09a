/**
 * Macs of our own, constructed: a declaration says what is true of one, and the functions after it print what
 * Apple's tools would say. Names, UUIDs and times are invented.
 */
import type { CommandName } from '../../collector/sources.ts';
import { plistOf } from '../fixtures/backend.ts';
import type { Fixture, PlistJson } from '../fixtures/backend.ts';

export interface Person {
  readonly name: string;
  readonly uid: number;
  /** As the record prints it; null is a record without one. */
  readonly uuid?: string | null;
  readonly isAdmin?: boolean;
  /** AuthenticationAuthority has ;SecureToken; */
  readonly hasTag?: boolean;
  /** Further values of AuthenticationAuthority, in front. */
  readonly authorities?: readonly string[];
  /** Among the crypto users of the volume. */
  readonly apfs?: 'owner' | 'no owner';
  /** In the list of fdesetup. */
  readonly isInFilevault?: boolean;
  readonly sysadminctl?: 'ENABLED' | 'DISABLED' | 'unknown user' | 'failed';
  readonly shell?: string;
  readonly home?: string;
  readonly isHidden?: boolean;
  /** Attributes of the record that are not as they should be; null is a missing one. */
  readonly odd?: Readonly<Record<string, readonly PlistJson[] | null>>;
}

export interface Said {
  readonly stdout?: string;
  readonly stderr?: string;
  /** A number (0 when left out), or timeout, missing, signal:SIGKILL. */
  readonly exitCode?: string;
}

interface Volume {
  readonly device: string;
  readonly roles: readonly string[];
  readonly group?: string;
}

/** A source, with its parameter after a blank. */
type Question = CommandName | `${CommandName} ${string}`;

export interface Mac {
  readonly os: string;
  readonly isAppleSilicon: boolean;
  readonly euid: number;
  readonly people: readonly Person[];
  readonly containers: readonly { readonly device: string; readonly volumes: readonly Volume[] }[];
  /** What `diskutil info /` says. */
  readonly root: Readonly<Record<string, PlistJson>>;
  /** Devices whose crypto users are those of `people`; others are in `answers`. */
  readonly listedOn: readonly string[];
  /** Keys among the crypto users. */
  readonly keys: readonly ('PersonalRecovery' | 'MDMRecovery')[];
  readonly filevault: readonly string[];
  readonly bootstrap: Said;
  readonly enrollment: readonly string[];
  /** PayloadType to PayloadContent of the profiles of the device; null where there is no profile. */
  readonly payloads: Readonly<Record<string, PlistJson>> | null;
  readonly looks: Readonly<Record<string, string>>;
  /** Answers in place of what would be said; null is none at all. */
  readonly answers?: Readonly<Partial<Record<Question, Said | null>>> | undefined;
  /** Changes of the text that would be said. */
  readonly edits?: Readonly<Partial<Record<Question, (stdout: string) => string>>> | undefined;
}

export const personalKey = 'EBC6C064-0000-11AA-AA11-00306543ECAC';
export const bootstrapKey = '2457711A-523C-4604-B75A-F48A571D5036';
const hex = (number: number, digits: number): string =>
  number.toString(16).toUpperCase().padStart(digits, '0');
export const uuidOfUid = (uid: number): string => `A0000000-0000-4000-8000-${hex(uid, 12)}`;
export const appleUuidOfUid = (uid: number): string => `FFFFEEEE-DDDD-CCCC-BBBB-AAAA${hex(uid, 8)}`;
const volumeUuid = (device: string): string =>
  `B0000000-0000-4000-8000-${device.replaceAll(/[^0-9]/g, '').padStart(12, '0')}`;

/** Somebody of whom every witness says that there is a token. */
export const holder = (name: string, uid: number, more: Partial<Person> = {}): Person => ({
  name,
  uid,
  hasTag: true,
  apfs: 'owner',
  isInFilevault: true,
  sysadminctl: 'ENABLED',
  ...more,
});

/** Somebody of whom none does. */
export const plain = (name: string, uid: number, more: Partial<Person> = {}): Person => ({
  name,
  uid,
  ...more,
});

const shadowHash = ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2>';
const noShells = new Set(['/usr/bin/false', '/sbin/nologin']);

export const root = plain('root', 0, {
  uuid: appleUuidOfUid(0),
  home: '/var/root',
  shell: '/bin/sh',
  odd: { AuthenticationAuthority: null, PrimaryGroupID: ['0'] },
});
export const spotlight = plain('_spotlight', 89, {
  uuid: appleUuidOfUid(89),
  home: '/var/empty',
  shell: '/usr/bin/false',
  odd: { AuthenticationAuthority: null, PrimaryGroupID: ['89'] },
});

const isAskedOf = ({ shell = '/bin/zsh', authorities = [] }: Person): boolean =>
  !noShells.has(shell) && !authorities.some((value) => value.startsWith(';DisabledUser;'));
const uuidOf = ({ uuid, uid }: Person): string | null => (uuid === undefined ? uuidOfUid(uid) : uuid);
const homeOf = ({ home, name }: Person): string => home ?? `/Users/${name}`;

const dsclKey = (key: string): string =>
  `dsAttrType${['IsHidden', 'accountPolicyData'].includes(key) ? 'Native' : 'Standard'}:${key}`;

/** Records as `dscl -plist` prints them: every value an array. */
export const records = (
  list: readonly Readonly<Record<string, readonly PlistJson[] | null | undefined>>[],
): string =>
  plistOf(
    list.map((record) =>
      Object.fromEntries(
        Object.entries(record).flatMap(([key, values]) =>
          values === undefined || values === null || values.length === 0 ? [] : [[dsclKey(key), values]],
        ),
      ),
    ),
  );

const userRecord = (person: Person) => {
  const { name, uid, hasTag, authorities = [], shell = '/bin/zsh', isHidden, odd } = person;
  const uuid = uuidOf(person);
  return {
    RecordName: [name],
    UniqueID: [String(uid)],
    PrimaryGroupID: ['20'],
    RealName: [`Full name of ${name}`],
    GeneratedUID: uuid === null ? null : [uuid],
    NFSHomeDirectory: [homeOf(person)],
    UserShell: [shell],
    IsHidden: isHidden === true ? ['1'] : null,
    AuthenticationAuthority: [...authorities, shadowHash, ...(hasTag === true ? [';SecureToken;'] : [])],
    ...odd,
  };
};

const policyRecord = (person: Person) => ({
  RecordName: [person.name],
  UniqueID: [String(person.uid)],
  GeneratedUID: uuidOf(person) === null ? null : [String(uuidOf(person))],
  accountPolicyData:
    person.uid < 500
      ? null
      : [
          plistOf({
            creationTime: 1_760_000_000.5 + person.uid,
            failedLoginCount: 0,
            failedLoginTimestamp: 0,
            passwordLastSetTime: 1_761_000_000.5 + person.uid,
          }),
        ],
});

const groupRecords = (people: readonly Person[]): string => {
  const admins = people.filter(({ isAdmin }) => isAdmin === true);
  const uuids = admins.map(uuidOf).filter((uuid) => uuid !== null);
  return records([
    {
      RecordName: ['wheel'],
      PrimaryGroupID: ['0'],
      GeneratedUID: ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000000'],
      GroupMembership: ['root'],
    },
    {
      RecordName: ['staff'],
      PrimaryGroupID: ['20'],
      GeneratedUID: ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000014'],
      GroupMembership: ['root'],
    },
    {
      RecordName: ['admin'],
      PrimaryGroupID: ['80'],
      GeneratedUID: ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050'],
      GroupMembership: ['root', ...admins.map(({ name }) => name)],
      GroupMembers: [appleUuidOfUid(0), ...uuids],
    },
  ]);
};

const apfsList = ({ containers }: Mac): string =>
  plistOf(
    containers.length === 0
      ? {}
      : {
          Containers: containers.map(({ device, volumes }) => ({
            APFSContainerUUID: volumeUuid(device),
            ContainerReference: device,
            DesignatedPhysicalStore: 'disk0s2',
            Volumes: volumes.map((volume) => ({
              APFSVolumeUUID: volumeUuid(volume.device),
              ...(volume.group === undefined ? {} : { APFSVolumeGroupID: volume.group }),
              CryptoMigrationOn: false,
              DeviceIdentifier: volume.device,
              Encryption: true,
              FileVault: true,
              Locked: false,
              Name: `Volume ${volume.device}`,
              Roles: volume.roles,
            })),
          })),
        },
  );

type Entry = Readonly<Record<string, PlistJson>>;
export const cryptoEntry = (type: string, uuid: string, isOwner: boolean | null): Entry => ({
  APFSCryptoUserType: type,
  APFSCryptoUserUUID: uuid,
  ...(isOwner === null ? {} : { VolumeOwner: isOwner }),
});
export const listing = (...entries: readonly Entry[]): string => plistOf({ Users: entries });

const ownListing = ({ people, keys, isAppleSilicon }: Mac): string =>
  listing(
    ...people.flatMap((person) => {
      const uuid = uuidOf(person);
      if (person.apfs === undefined || uuid === null) return [];
      return [cryptoEntry('LocalOpenDirectory', uuid, isAppleSilicon ? person.apfs === 'owner' : null)];
    }),
    ...keys.map((type) =>
      cryptoEntry(type, type === 'MDMRecovery' ? bootstrapKey : personalKey, isAppleSilicon ? true : null),
    ),
  );

const isOff = ({ filevault }: Mac): boolean => filevault[0]?.startsWith('FileVault is Off') === true;

const filevaultList = (mac: Mac): Said => {
  if (mac.euid !== 0) return { stderr: 'Error: This command requires root access.\n', exitCode: '11' };
  if (isOff(mac)) return { stderr: 'Error: FileVault is Off.\n', exitCode: '1' };
  const row = (uuid: string, type: string, name: string): string =>
    `        ${uuid}${type.padStart(41)}${name === '' ? '' : ` ${name}`}\n`;
  return {
    stdout: [
      `${'ESCROW  UUID'.padEnd(81)}TYPE USER\n`,
      ...mac.people.flatMap((person) =>
        person.isInFilevault === true ? [row(uuidOf(person) ?? '', 'OS User', person.name)] : [],
      ),
      ...mac.keys.map((type) =>
        type === 'MDMRecovery'
          ? row(bootstrapKey, 'Bootstrap Token', '')
          : row(personalKey, 'Personal Recovery Record', ''),
      ),
    ].join(''),
  };
};

const tokenStatus = ({ name, sysadminctl = 'DISABLED' }: Person): Said => {
  if (sysadminctl === 'failed') return { stderr: 'nothing that is known\n', exitCode: '1' };
  const head = '2026-09-22 07:14:05.123 sysadminctl[1234:56789] ';
  if (sysadminctl === 'unknown user') return { stderr: `${head}Unknown user ${name}\n` };
  return { stderr: `${head}Secure token is ${sysadminctl} for user Full name of ${name}\n` };
};

const profiles = ({ payloads, euid }: Mac): Said => {
  if (euid !== 0) return { stderr: 'Must be running as root\n', exitCode: '1' };
  if (payloads === null)
    return { stdout: 'There are no configuration profiles installed in the system domain\n' };
  return {
    stdout: plistOf({
      _computerlevel: Object.entries(payloads).map(([type, content]) => ({
        ProfileIdentifier: `com.example.${type}`,
        ProfileItems: [{ PayloadContent: content, PayloadType: type }],
      })),
    }),
  };
};

const sysctl = ({ isAppleSilicon }: Mac): Said => {
  const boot = 'kern.boottime: { sec = 1789453269, usec = 934500 } Tue Sep 15 06:21:09 2026\n';
  if (isAppleSilicon)
    return { stdout: `hw.model: Mac16,12\nhw.optional.arm64: 1\n${boot}kern.hv_vmm_present: 0\n` };
  return {
    stdout: `hw.model: MacBookPro14,1\n${boot}`,
    stderr: "sysctl: unknown oid 'hw.optional.arm64'\nsysctl: unknown oid 'kern.hv_vmm_present'\n",
    exitCode: '1',
  };
};

const lines = (...texts: readonly string[]): Said => ({ stdout: texts.map((text) => `${text}\n`).join('') });

const answersOf = (mac: Mac): Readonly<Partial<Record<Question, Said>>> => {
  const everybody = [root, spotlight, ...mac.people];
  const hasKey = mac.keys.includes('PersonalRecovery');
  return {
    sw_vers: lines('ProductName:\t\tmacOS', `ProductVersion:\t\t${mac.os}`, 'BuildVersion:\t\t24G90'),
    sysctl: sysctl(mac),
    ioreg_platform: {
      stdout: plistOf([
        { IOPlatformUUID: 'A0000000-0000-4000-8000-0000000000FF', model: { $data: 'TWFjMTYsMTIA' } },
      ]),
    },
    csrutil_status: lines('System Integrity Protection status: enabled.'),
    launchctl_print_disabled: { stdout: '\n\tdisabled services = {\n\t}\n' },
    diskutil_info_root: { stdout: plistOf(mac.root) },
    diskutil_apfs_list: { stdout: apfsList(mac) },
    ...Object.fromEntries(
      mac.listedOn.map((device) => [`diskutil_apfs_list_users ${device}`, { stdout: ownListing(mac) }]),
    ),
    ds_users: { stdout: records(everybody.map(userRecord)) },
    ds_groups: { stdout: groupRecords(mac.people) },
    ds_account_policy: { stdout: records(everybody.map(policyRecord)) },
    ...Object.fromEntries(
      everybody
        .filter(isAskedOf)
        .map((person) => [`sysadminctl_secure_token_status ${person.name}`, tokenStatus(person)]),
    ),
    fdesetup_status: lines(...mac.filevault),
    fdesetup_list_extended: filevaultList(mac),
    fdesetup_has_personal_recovery_key: lines(String(hasKey && !isOff(mac))),
    fdesetup_has_institutional_recovery_key: lines('false'),
    fdesetup_using_recovery_key: {
      stderr: 'This command is not supported on APFS volumes.\n',
      exitCode: '34',
    },
    fdesetup_supports_auth_restart: lines('true'),
    fdesetup_show_deferral_info: lines('Not found.'),
    fdesetup_version: lines('15.0'),
    profiles_status_bootstraptoken: mac.bootstrap,
    profiles_status_enrollment: lines(...mac.enrollment),
    profiles_show_configuration: profiles(mac),
    profiles_show_enrollment_cached: lines(
      'Device Enrollment configuration:',
      '{',
      '    IsSupervised = 1;',
      '}',
    ),
  };
};

const filesOf = (mac: Mac): readonly string[] => [
  '/Library/Managed Preferences/com.apple.MCX.plist',
  '/Library/Managed Preferences/com.apple.MCX.FileVault2.plist',
  '/Library/Managed Preferences/com.apple.extensiblesso.plist',
  '/Library/Managed Preferences/com.apple.loginwindow.plist',
  '/Library/Preferences/com.apple.loginwindow.plist',
  '/Library/Preferences/com.apple.preferences.accounts.plist',
  '/Library/Preferences/com.apple.MCX.plist',
  '/Library/Preferences/SystemConfiguration/preferences.plist',
  ...[root, ...mac.people].map(({ name }) => `/Library/Managed Preferences/${name}/com.apple.MCX.plist`),
];

/** The Mac as evidence. */
export const evidenceOf = (mac: Mac): Fixture => {
  const said = { ...answersOf(mac), ...mac.answers };
  const commands = Object.entries(said).flatMap(([question, answer]) => {
    if (answer === null || answer === undefined) return [];
    const [command, ...parameter] = question.split(' ');
    const edit = mac.edits?.[question as Question];
    const stdout = answer.stdout ?? '';
    return [
      {
        command: command as CommandName,
        ...(parameter.length === 0 ? {} : { parameter: parameter.join(' ') }),
        exit_code: answer.exitCode ?? '0',
        stdout: edit === undefined ? stdout : edit(stdout),
        stderr: answer.stderr ?? '',
      },
    ];
  });
  const homes = [root, ...mac.people].map((person) => [
    homeOf(person),
    `dir 0750 ${person.uid} 640 1780000000`,
  ]);
  return {
    origin: 'constructed',
    source: 'a Mac of our own',
    euid: mac.euid,
    commands,
    stat: {
      ...Object.fromEntries(filesOf(mac).map((path) => [path, 'missing'])),
      ...Object.fromEntries(homes),
      ...mac.looks,
    },
  };
};

/** A text in place of another that must be there. */
export const replacing =
  (from: string, to: string) =>
  (text: string): string => {
    if (!text.includes(from)) throw new Error(`${from} is not in ${text.slice(0, 500)}`);
    return text.replace(from, to);
  };

// --- The Macs ---

const settings = '/var/db/ConfigurationProfiles/Settings';
const looks: Readonly<Record<string, string>> = {
  '/var/db/.AppleSetupDone': 'file 0400 0 0 1780000000',
  '/var/db/FileVaultPRK.dat': 'file 0600 0 728 1780000000',
  '/etc/kcpassword': 'missing',
  '/var/db/ConfigurationProfiles/fdesetup.plist': 'missing',
  [`${settings}/.cloudConfigHasActivationRecord`]: 'file 0644 0 0 1780000000',
  [`${settings}/.cloudConfigRecordFound`]: 'file 0644 0 0 1780000000',
  [`${settings}/.cloudConfigRecordNotFound`]: 'missing',
  [`${settings}/.cloudConfigProfileInstalled`]: 'file 0644 0 0 1780000000',
  '/dev/console': 'file 0600 501 0 1780000000',
};

export const supported = (server: string, escrowed: string | null): Said =>
  lines(
    `profiles: Bootstrap Token supported on server: ${server}`,
    ...(escrowed === null ? [] : [`profiles: Bootstrap Token escrowed to server: ${escrowed}`]),
  );
export const silent: Said = { stderr: 'nothing that is known\n', exitCode: '1' };

export const mdmPayload: PlistJson = {
  AccessRights: 8191,
  ServerCapabilities: ['com.apple.mdm.bootstraptoken'],
  ServerURL: 'https://mdm.example.com',
};
export const escrowPayload: PlistJson = { Location: 'Example IT' };
const fileVaultPayload: PlistJson = { Defer: true, Enable: 'On', ShowRecoveryKey: false };

export const group = 'C0000000-0000-4000-8000-000000000001';
export const otherGroup = 'C0000000-0000-4000-8000-000000000002';

/** macOS 15 on Apple silicon, managed and in order: two administrators and Casey hold a token, Devon does not. */
export const appleSilicon: Mac = {
  os: '15.6.1',
  isAppleSilicon: true,
  euid: 0,
  people: [
    holder('avery', 501, { isAdmin: true }),
    holder('blake', 502, { isAdmin: true }),
    holder('casey', 503),
    plain('devon', 504),
  ],
  containers: [
    {
      device: 'disk3',
      volumes: [
        { device: 'disk3s1', roles: ['System'], group },
        { device: 'disk3s2', roles: ['Preboot'] },
        { device: 'disk3s5', roles: ['Data'], group },
      ],
    },
  ],
  root: {
    APFSContainerReference: 'disk3',
    APFSVolumeGroupID: group,
    DeviceIdentifier: 'disk3s1s1',
    Encryption: true,
    FileVault: true,
    FilesystemType: 'apfs',
    MountPoint: '/',
    ParentWholeDisk: 'disk3',
    VolumeUUID: volumeUuid('disk3s1'),
  },
  listedOn: ['disk3s5', '/'],
  keys: ['PersonalRecovery', 'MDMRecovery'],
  filevault: ['FileVault is On.'],
  bootstrap: supported('YES', 'YES'),
  enrollment: [
    'Enrolled via DEP: Yes',
    'MDM enrollment: Yes (User Approved)',
    'MDM server: https://mdm.example.com/mdm/ServerURL',
  ],
  payloads: {
    'com.apple.mdm': mdmPayload,
    'com.apple.MCX.FileVault2': fileVaultPayload,
    'com.apple.security.FDERecoveryKeyEscrow': escrowPayload,
  },
  looks,
};

/** macOS 10.14 on Intel: no volume has the role Data, and nobody owns a volume. */
export const mojave: Mac = {
  ...appleSilicon,
  os: '10.14.6',
  isAppleSilicon: false,
  containers: [
    {
      device: 'disk1',
      volumes: [
        { device: 'disk1s1', roles: [] },
        { device: 'disk1s2', roles: ['Preboot'] },
      ],
    },
  ],
  root: {
    APFSContainerReference: 'disk1',
    DeviceIdentifier: 'disk1s1',
    Encryption: true,
    FileVault: true,
    FilesystemType: 'apfs',
    MountPoint: '/',
    ParentWholeDisk: 'disk1',
    VolumeUUID: volumeUuid('disk1s1'),
  },
  listedOn: ['/', 'disk1s1'],
  keys: ['PersonalRecovery'],
  // What 10.14 says of a type that it does not know is not published: an invented text.
  bootstrap: { stderr: 'profiles: unknown type bootstraptoken\n', exitCode: '1' },
};

/** macOS 10.13 on HFS+, with FileVault of CoreStorage. */
export const coreStorage: Mac = {
  ...mojave,
  os: '10.13.6',
  people: [
    plain('avery', 501, { isAdmin: true, isInFilevault: true }),
    plain('blake', 502, { isAdmin: true, isInFilevault: true }),
    plain('devon', 504),
  ],
  containers: [],
  root: {
    DeviceIdentifier: 'disk1',
    FilesystemType: 'hfs',
    FilesystemName: 'Journaled HFS+',
    MountPoint: '/',
    ParentWholeDisk: 'disk1',
    VolumeUUID: volumeUuid('disk1'),
  },
  listedOn: [],
  keys: [],
};
