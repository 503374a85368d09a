/**
 * The allow-list: all that tokenquery may run, read or check. A new entry here is what a security
 * reviewer wants to see. Argv are exact, paths absolute; there is no shell, no password, no stdin.
 * What reads an answer is found by the name of its source: parsers/index.ts, which is generated.
 */
type Privilege = 'user' | 'root';

/** One parameter of an argv, and what it must look like. */
interface Parameter {
  readonly placeholder: string;
  readonly isAllowed: (value: string) => boolean;
}

export interface Command {
  readonly argv: readonly string[];
  readonly parameter?: Parameter;
  /** `root` where the answer to anybody else is less, or nothing. */
  readonly privilege: Privilege;
  /** Whether the program may ask a server: such a source needs --allow-network. */
  readonly network: boolean;
  /** Why running this only reads. */
  readonly why: string;
  /** Where `defaultTimeoutSeconds` are not enough. */
  readonly timeoutSeconds?: number;
}

/** Why a source that may ask a server was left alone; queries/means.ts knows it again. */
export const notAskedOfNetwork = (source: string): string =>
  `${source} was not asked: it may use the network (--allow-network, on the Mac itself)`;

/** A command that takes longer is ended. */
export const defaultTimeoutSeconds = 15;

export interface FileSource {
  /**
   * `{username}` stands for the short name of a local account, `{home}` for its home directory, `{label}` for the label of a job,
   * `{drop_in}` for a name of the folder (`folders`).
   */
  readonly paths: readonly string[];
  readonly privilege: Privilege;
  readonly why: string;
}

const command = (spec: Omit<Command, 'network'> & { readonly network?: boolean }): Command => ({
  network: false,
  ...spec,
});
const file = (spec: FileSource): FileSource => spec;

// A name that a tool could take for an option, a path or a second line is never put on an argv.
// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;
export const isSafeUsername = (name: string): boolean =>
  name !== '' &&
  !name.startsWith('-') &&
  !name.includes('/') &&
  // sysadminctl takes this word for the order to ask for a password.
  name !== 'interactive' &&
  !controlCharacter.test(name);

const username: Parameter = { placeholder: '{username}', isAllowed: isSafeUsername };
const label: Parameter = {
  placeholder: '{label}',
  isAllowed: (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(value),
};
const device: Parameter = {
  placeholder: '{device}',
  isAllowed: (value) => value === '/' || /^disk[0-9]+s[0-9]+$/.test(value),
};

export const commands = {
  sw_vers: command({
    argv: ['/usr/bin/sw_vers'],
    privilege: 'user',
    why: 'prints the version of macOS; it has no verb that writes',
  }),
  sysctl: command({
    argv: ['/usr/sbin/sysctl', 'hw.model', 'hw.optional.arm64', 'kern.boottime', 'kern.hv_vmm_present'],
    privilege: 'user',
    why: 'names without "=" or -w are only printed',
  }),
  ioreg_platform: command({
    argv: ['/usr/sbin/ioreg', '-a', '-r', '-d', '1', '-c', 'IOPlatformExpertDevice'],
    privilege: 'user',
    why: 'prints one object of the I/O registry',
  }),
  csrutil_status: command({
    argv: ['/usr/bin/csrutil', 'status'],
    privilege: 'user',
    why: 'the verb status prints',
  }),
  launchctl_print_disabled: command({
    argv: ['/bin/launchctl', 'print-disabled', 'system'],
    privilege: 'user',
    why: 'the verb print-disabled prints',
  }),
  diskutil_info_root: command({
    argv: ['/usr/sbin/diskutil', 'info', '-plist', '/'],
    privilege: 'user',
    why: 'the verb info prints',
    timeoutSeconds: 30,
  }),
  diskutil_apfs_list: command({
    argv: ['/usr/sbin/diskutil', 'apfs', 'list', '-plist'],
    privilege: 'user',
    why: 'the verb apfs list prints',
    timeoutSeconds: 30,
  }),
  diskutil_apfs_list_users: command({
    argv: ['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', '{device}'],
    parameter: device,
    privilege: 'user',
    why: 'the verb apfs listUsers prints',
    timeoutSeconds: 30,
  }),
  ds_users: command({
    argv: [
      '/usr/bin/dscl',
      '-plist',
      '.',
      '-readall',
      '/Users',
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
    ],
    privilege: 'user',
    why: 'readall with named keys: without them it would return password hashes to root',
  }),
  ds_groups: command({
    argv: [
      '/usr/bin/dscl',
      '-plist',
      '.',
      '-readall',
      '/Groups',
      'RecordName',
      'PrimaryGroupID',
      'GeneratedUID',
      'GroupMembership',
      'GroupMembers',
      'NestedGroups',
    ],
    privilege: 'user',
    why: 'readall with named keys',
  }),
  ds_account_policy: command({
    argv: [
      '/usr/bin/dscl',
      '-plist',
      '.',
      '-readall',
      '/Users',
      'RecordName',
      'UniqueID',
      'GeneratedUID',
      'accountPolicyData',
    ],
    privilege: 'root',
    why: 'readall with named keys',
  }),
  sysadminctl_secure_token_status: command({
    argv: ['/usr/sbin/sysadminctl', '-secureTokenStatus', '{username}'],
    parameter: username,
    privilege: 'user',
    why: '-secureTokenStatus prints; no credential is passed, and it is skipped where macOS would ask for one',
  }),
  fdesetup_status: command({
    argv: ['/usr/bin/fdesetup', 'status'],
    privilege: 'user',
    why: 'the verb status prints; with -extended it would not end during a conversion',
  }),
  fdesetup_list_extended: command({
    argv: ['/usr/bin/fdesetup', 'list', '-extended'],
    privilege: 'root',
    why: 'the verb list prints',
  }),
  fdesetup_list: command({
    argv: ['/usr/bin/fdesetup', 'list'],
    privilege: 'root',
    why: 'the verb list prints',
  }),
  fdesetup_has_personal_recovery_key: command({
    argv: ['/usr/bin/fdesetup', 'haspersonalrecoverykey'],
    privilege: 'root',
    why: 'prints true or false, never the key',
  }),
  fdesetup_has_institutional_recovery_key: command({
    argv: ['/usr/bin/fdesetup', 'hasinstitutionalrecoverykey'],
    privilege: 'root',
    why: 'prints true or false, never the key',
  }),
  fdesetup_using_recovery_key: command({
    argv: ['/usr/bin/fdesetup', 'usingrecoverykey'],
    privilege: 'root',
    why: 'prints true or false',
  }),
  fdesetup_supports_auth_restart: command({
    argv: ['/usr/bin/fdesetup', 'supportsauthrestart'],
    privilege: 'user',
    why: 'prints true or false',
  }),
  fdesetup_show_deferral_info: command({
    argv: ['/usr/bin/fdesetup', 'showdeferralinfo'],
    privilege: 'root',
    why: 'prints the settings of a deferred enablement, not the key',
  }),
  fdesetup_version: command({
    argv: ['/usr/bin/fdesetup', 'version'],
    privilege: 'user',
    why: 'prints the version of the tool',
  }),
  profiles_status_bootstraptoken: command({
    argv: ['/usr/bin/profiles', 'status', '-type', 'bootstraptoken'],
    privilege: 'root',
    why: 'the verb status prints what the client remembers; validate would ask the server',
    timeoutSeconds: 60,
  }),
  profiles_status_enrollment: command({
    argv: ['/usr/bin/profiles', 'status', '-type', 'enrollment'],
    privilege: 'user',
    why: 'the verb status prints',
    timeoutSeconds: 60,
  }),
  profiles_show_configuration: command({
    argv: ['/usr/bin/profiles', 'show', '-type', 'configuration', '-output', 'stdout-xml'],
    privilege: 'root',
    why: 'the verb show prints; only allow-listed keys of its output are kept',
    timeoutSeconds: 60,
  }),
  profiles_show_enrollment_cached: command({
    argv: ['/usr/bin/profiles', 'show', '-type', 'enrollment', '-cached'],
    privilege: 'root',
    why: 'with -cached it prints what is stored; without, it asks a server and is rate-limited',
    timeoutSeconds: 60,
  }),
  mdmclient_query_security_info: command({
    argv: ['/usr/libexec/mdmclient', 'QuerySecurityInfo'],
    privilege: 'root',
    network: true,
    why: 'a Query verb of a private tool; it may use the network, so it is off by default',
    timeoutSeconds: 60,
  }),
  mdmclient_query_device_information: command({
    argv: ['/usr/libexec/mdmclient', 'QueryDeviceInformation'],
    privilege: 'root',
    network: true,
    why: 'a Query verb of a private tool; it may fetch the bootstrap token from the MDM server, so it is off by default',
    timeoutSeconds: 60,
  }),
  ds_remote_rights: command({
    argv: [
      '/usr/bin/dscl',
      '-plist',
      '.',
      '-readall',
      '/Users',
      'RecordName',
      'UniqueID',
      'GeneratedUID',
      'naprivs',
    ],
    privilege: 'user',
    why: 'readall with named keys; naprivs is a number',
  }),
  dsconfigad_show: command({
    argv: ['/usr/sbin/dsconfigad', '-show'],
    privilege: 'user',
    why: 'the option -show prints how the Mac is bound; all others bind, unbind or change it',
  }),
  pwpolicy_get_account_policies: command({
    argv: ['/usr/bin/pwpolicy', '-getaccountpolicies'],
    privilege: 'user',
    why: 'the verb -getaccountpolicies prints the rules for all accounts; without -u no account is named, and no directory asked',
  }),
  security_authorizationdb_console: command({
    argv: ['/usr/bin/security', 'authorizationdb', 'read', 'system.login.console'],
    privilege: 'user',
    why: 'the verb read of authorizationdb prints one right; the right is named here and nowhere else',
  }),
  // Only asked on macOS 14 and newer, where it knows the option; no account is named, for a name may mean a terminal.
  last_libxo_xml: command({
    argv: ['/usr/bin/last', '--libxo', 'xml'],
    privilege: 'root',
    why: 'last prints the log of logins, and has no option that writes',
    timeoutSeconds: 60,
  }),
  system_profiler_ibridge: command({
    argv: ['/usr/sbin/system_profiler', '-json', 'SPiBridgeDataType'],
    privilege: 'user',
    why: 'prints one kind of data; system_profiler has no option that changes the Mac',
    timeoutSeconds: 60,
  }),
  // Only asked on macOS 14 and newer, where it knows the option, and not where a ListenAddress is a name: sshd looks it up.
  // `sshd -T` is never run: it loads the host keys.
  sshd_g: command({
    argv: ['/usr/sbin/sshd', '-G'],
    privilege: 'user',
    why: 'the option -G prints how sshd is set and ends; no key is loaded, no port is opened, and no account is named',
  }),
} as const;

export const files = {
  managed_preferences: file({
    paths: [
      '/Library/Managed Preferences/com.apple.MCX.plist',
      '/Library/Managed Preferences/{username}/com.apple.MCX.plist',
      '/Library/Managed Preferences/com.apple.MCX.FileVault2.plist',
      '/Library/Managed Preferences/com.apple.extensiblesso.plist',
      '/Library/Managed Preferences/com.apple.loginwindow.plist',
      // Set by hand or by a script, it holds where no profile says otherwise.
      '/Library/Preferences/com.apple.MCX.plist',
    ],
    privilege: 'user',
    why: 'settings that MDM laid down; only allow-listed keys are kept',
  }),
  loginwindow_preferences: file({
    paths: ['/Library/Preferences/com.apple.loginwindow.plist'],
    privilege: 'user',
    why: 'login window settings; only allow-listed keys are kept',
  }),
  // Here a hook stands that was set with sudo, as defaults writes it.
  root_loginwindow_preferences: file({
    paths: ['/private/var/root/Library/Preferences/com.apple.loginwindow.plist'],
    privilege: 'root',
    why: 'the two login hooks that were set as root; nothing else of it is kept',
  }),
  smartcard_preferences: file({
    paths: [
      '/Library/Managed Preferences/com.apple.security.smartcard.plist',
      '/Library/Preferences/com.apple.security.smartcard.plist',
    ],
    privilege: 'user',
    why: 'whether smart cards may or must be used to log in; only allow-listed keys are kept',
  }),
  accounts_preferences: file({
    paths: ['/Library/Preferences/com.apple.preferences.accounts.plist'],
    privilege: 'user',
    why: 'the log of accounts deleted in System Settings; only allow-listed keys are kept',
  }),
  // Where `scutil --get` has it from: one file, no process, and a volume has it too. scutil also has verbs that write.
  system_configuration: file({
    paths: ['/Library/Preferences/SystemConfiguration/preferences.plist'],
    privilege: 'user',
    why: 'the two names of the Mac; of networks, services and accounts, which stand there too, nothing is kept',
  }),
  // Not `sudo -l`, which asks PAM and directories and writes to the log.
  sudoers: file({
    paths: ['/etc/sudoers', '/etc/sudoers.d/{drop_in}'],
    privilege: 'root',
    why: 'who may do what with sudo; of commands no argument is kept, and of settings no text',
  }),
  // What sshd -G does not print, and what it would ask a server for. crypto.conf is what 100-macos.conf includes.
  sshd_config: file({
    paths: ['/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/{drop_in}', '/etc/ssh/crypto.conf'],
    privilege: 'user',
    why: 'whether there is a Match block, a file that is included, or a ListenAddress that is a name; nothing else of it is kept',
  }),
  // Whoever owns a home puts there what they want: backends/owned_file.ts opens no link and no file of another account.
  authorized_keys: file({
    paths: ['{home}/.ssh/authorized_keys'],
    privilege: 'root',
    why: 'kind, size and fingerprint of each key that may log in; neither the key, its comment nor the value of an option is kept',
  }),
} as const;

/** A file of an account that is larger is none that this program knows, and is not read. */
export const maxOwnedBytes = 1024 * 1024;
/**
 * Files in homes, and what must be asked for (`--include`) so that they are read: only where the account owns them
 * (Context.readOwned).
 */
export const ownedFiles = { authorized_keys: 'ssh_keys' } as const satisfies Partial<
  Record<keyof typeof files, string>
>;
export type OwnedName = keyof typeof ownedFiles;

/** Folders of which the names are read, to know which of these files there are: nothing else of them is. */
export const folders = {
  sudoers: '/etc/sudoers.d',
  sshd_config: '/etc/ssh/sshd_config.d',
} as const satisfies Partial<Record<keyof typeof files, string>>;
export type FolderName = keyof typeof folders;

/** What the program whose folder it is reads of it. */
const readsOf: Readonly<Record<FolderName, RegExp>> = {
  // No name with a dot, none that ends in "~".
  sudoers: /^[^./~]{1,255}$/,
  // `*` is no dot at the beginning.
  sshd_config: /^[^./][^/]{0,254}$/,
};
export const isDropIn = (folder: FolderName, name: string): boolean =>
  readsOf[folder].test(name) && !controlCharacter.test(name);

/**
 * What `job` and `doctor` ask about tokenquery itself: its settings, and its own job. No table is made of it, and `capture` and the
 * printed collector ask none of it.
 */
export const ownCommands = {
  launchctl_print_job: command({
    argv: ['/bin/launchctl', 'print', 'system/{label}'],
    parameter: label,
    privilege: 'user',
    why: 'the verb print prints what launchd holds of one service',
  }),
} as const;

export const ownFiles = {
  managed_settings: file({
    paths: ['/Library/Managed Preferences/com.tokenquery.collector.plist'],
    privilege: 'user',
    why: 'the switch and the options of the job, as a profile sets them; only the documented keys are used',
  }),
  local_settings: file({
    paths: ['/Library/Preferences/com.tokenquery.collector.plist'],
    privilege: 'user',
    why: 'the same keys, as root sets them by hand where no profile does',
  }),
  job_plist: file({
    paths: ['/Library/LaunchDaemons/{label}.plist'],
    privilege: 'user',
    why: 'the job as it is installed, to be compared with what tokenquery schedule prints',
  }),
} as const;

/**
 * Places that versions before this did not look at, by the first that does. Evidence that does not name one was recorded by
 * such a version, or by another tool: nobody looked there, which is no fault of the evidence, and no proof of anything.
 */
export const laterPlaces: Readonly<Record<string, string>> = {
  '/Library/Preferences/com.apple.MCX.plist': '0.3.0',
  '/Library/Preferences/SystemConfiguration/preferences.plist': '0.7.0',
  '/private/var/root/Library/Preferences/com.apple.loginwindow.plist': '0.8.0',
  '/Library/Managed Preferences/com.apple.security.smartcard.plist': '0.8.0',
  '/Library/Preferences/com.apple.security.smartcard.plist': '0.8.0',
  '/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd': '0.8.0',
  '/etc/sudoers': '0.8.0',
  '/etc/sudoers.d': '0.8.0',
  '/etc/ssh/sshd_config': '0.8.0',
  '/etc/ssh/sshd_config.d': '0.8.0',
  '/etc/ssh/crypto.conf': '0.8.0',
};

/** The same of commands: evidence without one was recorded before tokenquery asked it. */
export const laterCommands: Readonly<Record<string, string>> = {
  ds_remote_rights: '0.8.0',
  dsconfigad_show: '0.8.0',
  pwpolicy_get_account_policies: '0.8.0',
  security_authorizationdb_console: '0.8.0',
  last_libxo_xml: '0.8.0',
  system_profiler_ibridge: '0.8.0',
  sshd_g: '0.8.0',
};

/**
 * Since when the allow-lists of the parsers are as they are. Evidence says by which of them it was reduced: what an older one
 * dropped was not looked at (`keptSince` of a column or a table). A new key in a list is a new version here.
 */
export const allowListVersion = '0.8.0';

/** Paths whose existence, mode, owner, size and time are checked; their content is never read. */
export const statOnly = [
  '/var/db/.AppleSetupDone',
  '/var/db/FileVaultPRK.dat',
  '/etc/kcpassword',
  '/var/db/ConfigurationProfiles/fdesetup.plist',
  '/var/db/ConfigurationProfiles/Settings/.cloudConfigHasActivationRecord',
  '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordFound',
  '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordNotFound',
  '/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled',
  '/dev/console',
  // There while Remote Management is on; it has no label of its own at launchd.
  '/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd',
] as const;

/** Paths that another source names: only these two kinds, and only as that source printed them. */
export const statNamedBySources = [
  '{home directory of each account that can log in}',
  '{OutputPath of showdeferralinfo}',
] as const;

/** A look at such a path that takes longer is given up, and what it would have told is unknown. */
export const lookSeconds = 5;

/**
 * Folders below which a look can ask a server: automount makes a connection of it, and a share is mounted among the volumes.
 * Without capitals, as a volume of a Mac makes no difference between them.
 */
export const networkFolders = [
  '/network',
  '/net',
  '/home',
  '/volumes',
  '/private/var/automount',
  '/var/automount',
];

/** The Data volume is where these folders are seen a second time. */
const asSeenFirst = (path: string): string =>
  path
    .replace(/\/(?:\.?\/)*/g, '/')
    .toLowerCase()
    .replace(/^\/system\/volumes\/data(?=\/)/, '');

/** Whether a path that a source names may lie on the network: it is then not looked at. */
export const mayBeRemote = (path: string): boolean => {
  const plain = asSeenFirst(path);
  return networkFolders.some((folder) => plain === folder || plain.startsWith(`${folder}/`));
};

export type OwnCommandName = keyof typeof ownCommands;
export type OwnFileName = keyof typeof ownFiles;

/** The argv that asks of a job by its label; throws on what is no label. */
export const ownArgvOf = (name: OwnCommandName, value: string): readonly string[] => {
  const { argv, parameter } = ownCommands[name];
  if (!parameter?.isAllowed(value)) throw new Error(`${name}: not a value for ${parameter?.placeholder}`);
  return argv.map((word) => word.replace(parameter.placeholder, value));
};

/** The path of a file of tokenquery’s own; throws on what is no label. */
export const ownPathOf = (name: OwnFileName, value = ''): string => {
  const { paths }: FileSource = ownFiles[name];
  const [path = ''] = paths;
  if (!path.includes(label.placeholder)) return path;
  if (!label.isAllowed(value)) throw new Error(`${name}: not a value for ${label.placeholder}`);
  return path.replace(label.placeholder, value);
};

export type CommandName = keyof typeof commands;
export type FileName = keyof typeof files;
export type SourceName = CommandName | FileName | 'stat';

export const commandNames = Object.keys(commands) as CommandName[];
export const fileNames = Object.keys(files) as FileName[];

export const timeoutSecondsOf = (name: CommandName): number => {
  const { timeoutSeconds = defaultTimeoutSeconds }: Command = commands[name];
  return timeoutSeconds;
};

/** Whether a source takes a parameter, and this value is never put on its argv. */
export const isUnsafe = (name: CommandName, value: string | undefined): boolean => {
  const { parameter }: Command = commands[name];
  return parameter !== undefined && value !== undefined && !parameter.isAllowed(value);
};

/** The exact argv of a source; throws on a parameter that it does not take. */
export const argvOf = (name: CommandName, parameters: readonly string[] = []): readonly string[] => {
  const { argv, parameter }: Command = commands[name];
  const value = parameters[0];
  if (parameter === undefined) {
    if (parameters.length > 0) throw new Error(`${name} takes no parameter`);
    return argv;
  }
  if (parameters.length !== 1 || value === undefined || !parameter.isAllowed(value)) {
    throw new Error(`${name}: not a value for ${parameter.placeholder}`);
  }
  return argv.map((word) => (word === parameter.placeholder ? value : word));
};

/** Which source an argv belongs to; null means that it must not be run. */
export const sourceOf = (argv: readonly string[]): CommandName | null => {
  for (const name of commandNames) {
    const { argv: template, parameter }: Command = commands[name];
    const isMatch =
      argv.length === template.length &&
      template.every((word, index) => {
        const given = argv[index] ?? '';
        return word === parameter?.placeholder ? parameter.isAllowed(given) : word === given;
      });
    if (isMatch) return name;
  }
  return null;
};

/** Whether a path can be that of a home: a folder with a name, without tricks. */
const isHome = (path: string): boolean =>
  isStatPath(path) && path.split('/').every((part, at) => (at === 0) === (part === '') && part !== '.');

/** Whether a file source names this path. */
export const isReadablePath = (name: FileName, path: string): boolean => {
  const { paths }: FileSource = files[name];
  return paths.some((template) => {
    const [parent = '', dropIn] = template.split('{drop_in}');
    if (dropIn !== undefined)
      return path.startsWith(parent) && isDropIn(name as FolderName, path.slice(parent.length));
    const [none, inHome] = template.split('{home}');
    if (inHome !== undefined && none === '')
      return path.endsWith(inHome) && isHome(path.slice(0, -inHome.length));
    const [before, after] = template.split('{username}');
    if (after === undefined || before === undefined) return template === path;
    if (!path.startsWith(before) || !path.endsWith(after)) return false;
    const folder = path.slice(before.length, path.length - after.length);
    // "." and ".." would lead out of the folder.
    return isSafeUsername(folder) && folder !== '.' && folder !== '..';
  });
};

/** Whether a path named by a source may be checked: absolute, plain, and free of tricks. */
export const isStatPath = (path: string): boolean =>
  path.startsWith('/') && !controlCharacter.test(path) && !path.split('/').includes('..');
