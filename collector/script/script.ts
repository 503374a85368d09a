/**
 * The collector for Macs without this program: a POSIX shell script, whose text is in capture.sh and the .awk files
 * beside it. Here it gets its lists, from what everything else that is read comes from (sources.ts and the allow-lists
 * of the parsers). It makes an evidence bundle, version 1.
 */
import {
  allowListVersion,
  commandNames,
  commands,
  fileNames,
  files,
  networkFolders,
  statOnly,
} from '../sources.ts';
import type { Command, CommandName, FileName, SourceName } from '../sources.ts';
import { preferenceKeys, ruleLines } from './rules.ts';
import { filledIn } from './template.ts';

const defaultTimeoutSeconds = 15;

/**
 * How the script reduces what a command prints: with an awk program. What is `whole` holds no secret by the words of its tool; the
 * reader of the bundle reduces it further, before anything is stored or shown.
 */
const sanitizers: Readonly<
  Partial<Record<CommandName, 'records' | 'profiles' | 'deferral' | 'enrollment' | 'whole'>>
> = {
  sw_vers: 'whole',
  sysctl: 'whole',
  csrutil_status: 'whole',
  launchctl_print_disabled: 'whole',
  diskutil_info_root: 'whole',
  diskutil_apfs_list: 'whole',
  diskutil_apfs_list_users: 'whole',
  sysadminctl_secure_token_status: 'whole',
  fdesetup_status: 'whole',
  fdesetup_list_extended: 'whole',
  fdesetup_list: 'whole',
  fdesetup_has_personal_recovery_key: 'whole',
  fdesetup_has_institutional_recovery_key: 'whole',
  fdesetup_using_recovery_key: 'whole',
  fdesetup_supports_auth_restart: 'whole',
  fdesetup_version: 'whole',
  profiles_status_bootstraptoken: 'whole',
  profiles_status_enrollment: 'whole',
  ioreg_platform: 'records',
  ds_users: 'records',
  ds_groups: 'records',
  ds_account_policy: 'records',
  ds_remote_rights: 'records',
  dsconfigad_show: 'whole',
  pwpolicy_get_account_policies: 'whole',
  security_authorizationdb_console: 'whole',
  system_profiler_ibridge: 'whole',
  fdesetup_show_deferral_info: 'deferral',
  profiles_show_configuration: 'profiles',
  profiles_show_enrollment_cached: 'enrollment',
};

/** Commands with a parameter, which the script asks in its loops over volumes and accounts. */
const ofVolumes: readonly CommandName[] = ['diskutil_apfs_list_users'];
const ofAccounts: readonly CommandName[] = ['sysadminctl_secure_token_status'];
const isLooped = (name: CommandName): boolean => ofVolumes.includes(name) || ofAccounts.includes(name);

/**
 * Whether the script records a source. What may ask a server is left out, and so is what the script has no way to
 * ask, or no rules to keep only what may be kept: its bundle does not hold it, and the tables say "not recorded".
 */
export const isInScript = (source: SourceName): boolean => {
  if (source === 'stat') return true;
  if (!(source in commands)) return preferenceKeys[source as FileName] !== undefined;
  const name = source as CommandName;
  const { network, parameter }: Command = commands[name];
  return !network && sanitizers[name] !== undefined && (parameter === undefined || isLooped(name));
};

const isNetwork = (name: SourceName): boolean => name in commands && commands[name as CommandName].network;

const bare = /^[A-Za-z0-9_@%+=:,./-]+$/;
const quote = (word: string): string => (bare.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** The line that asks a source; in a loop, about what `$name` holds. */
const askLine = (name: CommandName, seconds: number | undefined): string => {
  const { argv, parameter, timeoutSeconds }: Command = commands[name];
  const words = argv.map((word) => (word === parameter?.placeholder ? '"$name"' : quote(word)));
  return [
    'ask',
    name,
    seconds ?? timeoutSeconds ?? defaultTimeoutSeconds,
    sanitizers[name] ?? 'whole',
    ...words,
  ].join(' ');
};

/** The lines that keep the files of accounts, by what `$name` holds, or of the Mac. */
const keepLines = (isOfAccount: boolean): readonly string[] =>
  fileNames
    .filter(isInScript)
    .flatMap((name) =>
      files[name].paths
        .filter((path) => path.includes('{username}') === isOfAccount)
        .map((path) => `keep ${name} "${path.replace('{username}', '$name')}"`),
    );

export interface ScriptOptions {
  /** What writes it, such as `tokenquery 0.1.0`. */
  readonly tool: string;
  /** Facts that are off by default: `serial_number`. */
  readonly include?: ReadonlySet<string>;
  /** Shells that make an account one that cannot log in. */
  readonly noShells: ReadonlySet<string>;
  /** For tests: in place of the seconds of each source. */
  readonly timeoutSeconds?: number;
}

/** The text of the script; the same for the same options. */
export const captureScript = ({ tool, include, noShells, timeoutSeconds }: ScriptOptions): string => {
  const askLines = (names: readonly CommandName[]): readonly string[] =>
    names.map((name) => askLine(name, timeoutSeconds));
  return filledIn('capture.sh', {
    tool,
    tool_as_a_word: quote(tool),
    allow_list: allowListVersion,
    not_asked: commandNames.filter(isNetwork).join(' and '),
    without_rules: [...commandNames, ...fileNames]
      .filter((name) => !isInScript(name) && !isNetwork(name))
      .map((name) => `# ${name} is left out: this script has no rules for it.`),
    rules: ruleLines(include ?? new Set(), noShells),
    sources: askLines(commandNames.filter((name) => isInScript(name) && !isLooped(name))),
    sources_of_a_volume: askLines(ofVolumes),
    sources_of_an_account: askLines(ofAccounts),
    files_of_an_account: keepLines(true),
    files: keepLines(false),
    network_folders: networkFolders.map((folder) => `${folder}/*`).join(' | '),
    paths: statOnly.map((path) => `look ${quote(path)}`),
  });
};
