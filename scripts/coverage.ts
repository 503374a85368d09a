/**
 * What Apple's text on secure and bootstrap tokens states, one entry a statement and in words of our own, and
 * where each can be asked. docs/coverage.md is written from it and from the declarations of the tables; a test
 * fails when a table, a column or a query that it names does not exist.
 */
import { allColumns } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import type { Query } from '../queries/query.ts';
import { peersLines } from './coverage_peers.ts';

/** What must be answerable, whatever else is. */
export const topics = [
  'secure token',
  'tag SecureToken',
  'DisabledTags',
  'KEK never touched',
  'personal recovery key',
  'institutional recovery key',
  'deferral',
  'remaining skips',
  'bootstrap token supported',
  'bootstrap token escrowed',
  'bootstrap token key on disk',
  'bootstrap token uses on Apple silicon',
  'supervision',
  'mobile accounts',
  'cachedaccounts.askForSecureTokenAuthBypass',
  'managed administrator',
  'last administrator or token holder',
  'downgraded user',
  'fdesetup remove and its trace',
  'version thresholds',
] as const;

export interface Statement {
  readonly number: number;
  readonly says: string;
  /** `table.column`; `table_history.column` is of a database, which keeps every version of a row. */
  readonly facts: readonly string[];
  /** What of it shows on a Mac, and what does not. */
  readonly shows: string;
  /** Names of the query library. */
  readonly queries: readonly string[];
  readonly topics?: readonly (typeof topics)[number][];
}

export const statements: readonly Statement[] = [
  {
    number: 1,
    says: 'Since macOS 10.13, on APFS, the keys of FileVault come about in another way than on CoreStorage.',
    facts: ['hosts.os_version_num', 'hosts.boot_volume_fs'],
    shows: 'The version, and the file system of the startup volume.',
    queries: ['version_threshold_matrix'],
    topics: ['version thresholds'],
  },
  {
    number: 2,
    says: 'They are made when an account is made, when the first password is set, or at the first login.',
    facts: [
      'account_policy_data.creation_time',
      'account_policy_data.password_last_set_time',
      'hosts.setup_done_time',
    ],
    shows: 'No log says when; these three times are the nearest.',
    queries: ['first_token_holder'],
  },
  {
    number: 3,
    says: 'A secure token is a key encryption key, wrapped by the password of an account.',
    facts: [
      'secure_tokens.secure_token',
      'apfs_crypto_users.crypto_user_uuid',
      'secure_token_observations.value',
    ],
    shows:
      'The account is a crypto user of the volume. The key itself is never touched: no source could return it.',
    queries: ['no_secure_token_user', 'token_source_conflicts'],
    topics: ['secure token', 'KEK never touched'],
  },
  {
    number: 4,
    says: 'The record of the account shows it in AuthenticationAuthority.',
    facts: ['authentication_authorities.tag', 'secure_token_observations.raw_state'],
    shows: 'A value whose tag is exactly SecureToken: a claim, which the volume may contradict (M01, M02).',
    queries: ['token_source_conflicts'],
    topics: ['tag SecureToken'],
  },
  {
    number: 5,
    says: 'A personal recovery key can still be used, and be escrowed by MDM.',
    facts: [
      'filevault_status.has_personal_recovery_key',
      'filevault_status.prk_escrow_blob_present',
      'filevault_policies.escrow_payload_present',
      'apfs_crypto_users.type',
    ],
    shows: 'That there is one, and that a profile has it escrowed; whether it arrived only the server knows.',
    queries: ['filevault_without_recovery_key', 'prk_not_escrowed_by_profile'],
    topics: ['personal recovery key'],
  },
  {
    number: 6,
    says: 'An institutional recovery key can still be made and used.',
    facts: [
      'filevault_status.has_institutional_recovery_key',
      'filevault_status.master_keychain_present',
      'filevault_policies.irk_certificate_present',
    ],
    shows: 'That there is one, apart from a master keychain that only lies there.',
    queries: ['legacy_recovery_keys'],
    topics: ['institutional recovery key'],
  },
  {
    number: 7,
    says: 'Turning FileVault on can be deferred until a user logs in or out.',
    facts: [
      'filevault_deferrals.is_deferred',
      'filevault_deferrals.designated_username',
      'filevault_deferrals.dont_ask_at_logout',
      'filevault_policies.defer',
    ],
    shows: 'The deferral that is waiting, and the profile that asks for it.',
    queries: ['filevault_deferral_pending', 'recovery_key_file_on_disk'],
    topics: ['deferral'],
  },
  {
    number: 8,
    says: 'The user may be let skip it, a set number of times.',
    facts: [
      'filevault_deferrals.max_bypass_attempts',
      'filevault_deferrals.bypass_attempts_remaining',
      'filevault_policies.max_bypass_attempts',
    ],
    shows:
      'The number allowed. How many remain is NULL until an output shows under which key fdesetup prints it.',
    queries: ['filevault_deferral_pending'],
    topics: ['remaining skips'],
  },
  {
    number: 9,
    says: 'Since macOS 11 the first account whose password is set gets a secure token by that.',
    facts: [
      'hosts.os_version_num',
      'secure_tokens.secure_token',
      'account_policy_data.password_last_set_time',
    ],
    shows: 'The version, and the holder whose password was set first.',
    queries: ['first_token_holder'],
    topics: ['version thresholds'],
  },
  {
    number: 10,
    says: 'A tag set before the password keeps an account from getting it so.',
    facts: ['authentication_authorities.disabled_tag', 'secure_tokens.disabled_tag'],
    shows:
      'The tag DisabledTags that names SecureToken; it is no token, and both may stand side by side (M04).',
    queries: ['disabled_tag_appended'],
    topics: ['DisabledTags'],
  },
  {
    number: 11,
    says: 'dscl appends that tag.',
    facts: ['authentication_authorities_history.value', 'command_log.argv'],
    shows: 'The command writes and is never run; the tag that it leaves is seen, and when it came.',
    queries: ['disabled_tag_appended', 'authentication_authority_changed'],
    topics: ['DisabledTags'],
  },
  {
    number: 12,
    says: 'The bootstrap token of macOS 10.15 grants one to mobile accounts and to the managed administrator.',
    facts: [
      'bootstrap_tokens.crypto_user_present',
      'bootstrap_tokens.state',
      'mobile_accounts.username',
      'managed_users.kind',
    ],
    shows: 'Its key among the crypto users of the volume, and the accounts that it is meant for.',
    queries: ['bootstrap_token_not_escrowed', 'bootstrap_token_stale'],
    topics: ['bootstrap token key on disk', 'mobile accounts', 'managed administrator'],
  },
  {
    number: 13,
    says: 'Device enrolment can make such an administrator.',
    facts: ['managed_users.username', 'managed_users.kind', 'users.account_type'],
    shows: 'Its GUID, which only mdmclient tells: with --allow-network.',
    queries: ['only_token_holder_is_managed_admin', 'laps_admin_holds_secure_token'],
    topics: ['managed administrator'],
  },
  {
    number: 14,
    says: 'Since macOS 11 the bootstrap token grants one to anybody who logs in, local accounts too.',
    facts: [
      'secure_tokens_history.secure_token',
      'bootstrap_tokens.escrowed_to_server',
      'hosts.os_version_num',
    ],
    shows: 'The account that gained a token between two snapshots while the bootstrap token was escrowed.',
    queries: ['secure_token_gained'],
    topics: ['version thresholds'],
  },
  {
    number: 15,
    says: 'The bootstrap token needs a supervised Mac.',
    facts: ['mdm_enrollments.is_supervised', 'mdm_enrollments.is_user_approved'],
    shows: 'What the Mac remembers of its enrolment.',
    queries: ['mdm_not_supervised'],
    topics: ['supervision'],
  },
  {
    number: 16,
    says: 'It needs an MDM server that supports it.',
    facts: ['bootstrap_tokens.supported_on_server', 'bootstrap_tokens.server_capability_declared'],
    shows: 'What the Mac believes, and what the profile of the server declares.',
    queries: ['bootstrap_token_not_escrowed', 'bootstrap_token_stale'],
    topics: ['bootstrap token supported'],
  },
  {
    number: 17,
    says: 'Since macOS 10.15.4 it is made and escrowed when a token holder first logs in.',
    facts: ['bootstrap_tokens.escrowed_to_server', 'bootstrap_tokens.state', 'hosts.os_version_num'],
    shows: 'Whether it is escrowed, as the Mac believes; the server may have lost it (M11).',
    queries: ['bootstrap_token_not_escrowed'],
    topics: ['bootstrap token escrowed', 'version thresholds'],
  },
  {
    number: 18,
    says: 'On Apple silicon it can also authorise kernel extensions and software updates.',
    facts: [
      'bootstrap_tokens.allowed_for_authentication',
      'bootstrap_tokens.required_for_software_update',
      'bootstrap_tokens.required_for_kext_approval',
      'bootstrap_tokens.eacs_preflight',
    ],
    shows: 'What the Mac would tell its MDM server: with --allow-network.',
    queries: ['apple_silicon_no_admin_volume_owner'],
    topics: ['bootstrap token uses on Apple silicon'],
  },
  {
    number: 19,
    says: 'On Apple silicon volume owners may do the same.',
    facts: [
      'apfs_crypto_users.volume_owner',
      'secure_tokens.volume_owner',
      'bootstrap_tokens.crypto_user_volume_owner',
      'hosts.is_apple_silicon',
    ],
    shows: 'The key VolumeOwner of each crypto user; NULL where macOS does not say it.',
    queries: ['apple_silicon_no_admin_volume_owner'],
    topics: ['bootstrap token uses on Apple silicon'],
  },
  {
    number: 20,
    says: 'Who sets a Mac up alone makes the first account, which gets a secure token.',
    facts: ['users.username', 'hosts.setup_done_time', 'account_policy_data.creation_time'],
    shows: 'The accounts, and when Setup Assistant was done.',
    queries: ['first_token_holder'],
  },
  {
    number: 21,
    says: 'That account may be a standard one, or be made one by MDM, and has a token all the same.',
    facts: ['secure_tokens.is_admin', 'secure_tokens.secure_token', 'users_history.is_admin'],
    shows: 'A token holder who is no administrator, and whether it was one before.',
    queries: ['token_holder_not_admin'],
    topics: ['downgraded user'],
  },
  {
    number: 22,
    says: 'Where Setup Assistant makes no account, the mobile account that logs in gets one.',
    facts: ['mobile_accounts.username', 'mobile_accounts.original_node', 'secure_tokens.secure_token'],
    shows: 'Mobile accounts, by the tag LocalCachedUser, with and without a token.',
    queries: ['mobile_accounts_without_token'],
    topics: ['mobile accounts'],
  },
  {
    number: 23,
    says: 'The first user can then be enabled for FileVault and unlock the disk.',
    facts: [
      'filevault_users.username',
      'secure_tokens.filevault_enabled',
      'filevault_status.filevault_enabled',
    ],
    shows: 'Who may unlock the disk at startup.',
    queries: ['filevault_off', 'removed_from_filevault_keeps_token'],
  },
  {
    number: 24,
    says: 'Another user who logs in later gets a token from the escrowed bootstrap token.',
    facts: ['secure_tokens_history.secure_token', 'filevault_users_history.username'],
    shows: 'The token that came between two snapshots.',
    queries: ['secure_token_gained'],
    topics: ['bootstrap token escrowed'],
  },
  {
    number: 25,
    says: 'fdesetup takes the right to unlock the volume from an account.',
    facts: ['filevault_users.uuid', 'secure_tokens.filevault_enabled', 'conflicts.rule_id'],
    shows: 'The command writes and is never run; its trace is a token without a place in the list (M05).',
    queries: ['removed_from_filevault_keeps_token', 'secure_token_lost'],
    topics: ['fdesetup remove and its trace'],
  },
  {
    number: 26,
    says: 'On a Mac that an organisation prepares, the local administrator gets the first token at login.',
    facts: ['secure_tokens.username', 'secure_tokens.is_admin', 'managed_users.uuid'],
    shows: 'Whether the only holder, or a holder with a rotated password, is an account of the organisation.',
    queries: ['only_token_holder_is_managed_admin', 'laps_admin_holds_secure_token'],
    topics: ['managed administrator'],
  },
  {
    number: 27,
    says: 'Without a bootstrap token, directory users are asked for a token administrator, and may pass.',
    facts: ['mobile_accounts.uuid', 'secure_tokens.secure_token', 'bootstrap_tokens.state'],
    shows: 'Mobile accounts that ended without a token.',
    queries: ['mobile_accounts_without_token'],
    topics: ['mobile accounts'],
  },
  {
    number: 28,
    says: 'Since macOS 10.13.5 a key of com.apple.MCX keeps them from being asked.',
    facts: ['mobile_account_policies.ask_for_secure_token_auth_bypass', 'mobile_account_policies.scope'],
    shows: 'The managed preference, of the device and of each user.',
    queries: ['mobile_accounts_without_token'],
    topics: ['cachedaccounts.askForSecureTokenAuthBypass', 'version thresholds'],
  },
  {
    number: 29,
    says: 'Accounts that a token administrator makes in Users & Groups get a token at once.',
    facts: ['users_history.username', 'secure_tokens_history.secure_token'],
    shows: 'An account and its token that are new in the same snapshot.',
    queries: ['new_admin_between_snapshots', 'secure_token_gained'],
  },
  {
    number: 30,
    says: 'Accounts made with sysadminctl get one only with the credentials of a token administrator.',
    facts: ['secure_tokens.secure_token', 'users.account_type'],
    shows: 'Accounts without a token.',
    queries: ['admin_without_token'],
  },
  {
    number: 31,
    says: 'The preparing administrator, directory users with a token and new local users can unlock the volume.',
    facts: ['filevault_users.resolution', 'apfs_crypto_users.resolution', 'apfs_crypto_users.username'],
    shows: 'Everybody who can, whether an account still answers to it or not (M06).',
    queries: ['filevault_orphan_users', 'stale_account_can_unlock'],
  },
  {
    number: 32,
    says: 'profiles can make and escrow a bootstrap token; the Mac must be known to Apple’s portal for it.',
    facts: [
      'mdm_enrollments.is_dep_enrolled',
      'mdm_enrollments.dep_record_cached',
      'enrollment_markers.file_exists',
    ],
    shows: 'The command writes and is never run; what it needs is seen.',
    queries: ['mdm_enrolled_by_other_means'],
    topics: ['supervision'],
  },
  {
    number: 33,
    says: 'profiles can remove it.',
    facts: ['bootstrap_tokens_history.crypto_user_present', 'bootstrap_tokens_history.escrowed_to_server'],
    shows: 'The command writes and is never run; its trace is a key that went.',
    queries: ['bootstrap_token_stale', 'token_drift_over_time'],
    topics: ['bootstrap token key on disk'],
  },
  {
    number: 34,
    says: 'profiles tells whether the server supports it, and how it stands.',
    facts: ['bootstrap_tokens.supported_on_server', 'bootstrap_tokens.escrowed_to_server'],
    shows: 'The two lines of its status; the second may be missing, which is NULL.',
    queries: ['bootstrap_token_not_escrowed'],
    topics: ['bootstrap token supported', 'bootstrap token escrowed'],
  },
  {
    number: 35,
    says: 'profiles can validate it.',
    facts: ['bootstrap_tokens.state', 'bootstrap_tokens.sources'],
    shows:
      'Never run: it may ask a server and change what the Mac holds. The sources are compared in its place.',
    queries: ['bootstrap_token_stale'],
  },
  {
    number: 36,
    says: 'Since macOS 10.15 turning FileVault on with a name and a password is on its way out.',
    facts: ['filevault_status.fdesetup_version', 'hosts.os_version_num'],
    shows: 'The command writes and is never run; the version of the tool is recorded.',
    queries: ['version_threshold_matrix'],
    topics: ['version thresholds'],
  },
  {
    number: 37,
    says: 'sysadminctl changes the token of an account, with the credentials of a token administrator.',
    facts: ['secure_tokens_history.secure_token', 'secure_token_observations.source'],
    shows: 'Only its status is asked, and no credential can be given to this program.',
    queries: ['secure_token_gained', 'secure_token_lost'],
  },
  {
    number: 38,
    says: 'The last administrator and the last token holder cannot be deleted.',
    facts: ['secure_tokens.is_admin', 'secure_tokens.secure_token', 'deleted_users.username'],
    shows: 'How many are left.',
    queries: ['single_token_admin', 'lockout_single_loss'],
    topics: ['last administrator or token holder'],
  },
  {
    number: 39,
    says: 'A local account without a token gets one at login, since macOS 11, from the bootstrap token.',
    facts: ['secure_tokens_history.secure_token', 'bootstrap_tokens.state'],
    shows: 'As for 14.',
    queries: ['secure_token_gained'],
  },
  {
    number: 40,
    says: 'Behaviour changes with macOS 10.13, 10.13.5, 10.15, 10.15.4 and 11.',
    facts: ['hosts.os_version_num', 'hosts.os_version'],
    shows: 'The version as a number that compares: 101300, 101305, 101500, 101504, 110000.',
    queries: ['version_threshold_matrix'],
    topics: ['version thresholds'],
  },
  {
    number: 41,
    says: 'The tools explain themselves.',
    facts: ['filevault_status.fdesetup_version'],
    shows: 'Not collected, but for the version of fdesetup.',
    queries: [],
  },
];

/** The table and the column that a fact names; null when there is none. */
export const columnOf = (tables: readonly Table[], fact: string) => {
  const [name = '', columnName = ''] = fact.split('.');
  const table = tables.find((each) => each.name === name.replace(/_history$/, ''));
  const column = table && allColumns(table).find(([each]) => each === columnName)?.[1];
  return table === undefined || column === undefined ? null : { table, column };
};

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join('<br>');

/** The text of docs/coverage.md. Throws for a fact that no table has. */
export const coveragePage = (tables: readonly Table[], library: readonly Query[]): string => {
  const sourcesOf = (facts: readonly string[]): string => {
    const sources = new Set(
      facts.flatMap((fact) => {
        const found = columnOf(tables, fact);
        if (found === null) throw new Error(`coverage: there is no ${fact}`);
        const { table, column } = found;
        const from = column.from ?? table.sources;
        return from.length > 0 ? [...from] : table.sourcesLabel === undefined ? [] : [table.sourcesLabel];
      }),
    );
    return [...sources].map((source) => `\`${source}\``).join(', ');
  };
  const linked = (facts: readonly string[]): string =>
    facts.map((fact) => `[${fact}](tables/${columnOf(tables, fact)?.table.name}.md)`).join('<br>');
  return [
    '<!-- GENERATED by scripts/generate.ts from scripts/coverage.ts, scripts/coverage_peers.ts, the tables and the queries; do not edit. -->',
    '',
    '# What can be queried: Apple’s statements, attack scripts, and rules of mSCP',
    '',
    'Apple’s pages on secure token, bootstrap token and FileVault, statement by statement, in our words:',
    'which columns hold it, how it is seen, which sources say it ([access.md](access.md)) and which queries of the',
    '[library](queries.md) ask for it. A command that writes is never run: only its trace is seen. Tables that end in',
    '`_history` need a database. After that: what attack scripts leave, and rules of mSCP.',
    '',
    '| # | what the text says | columns | how it is seen | sources | queries |',
    '| --- | --- | --- | --- | --- | --- |',
    ...statements.map(
      ({ number, says, facts, shows, queries }) =>
        `| ${number} | ${says} | ${linked(facts)} | ${shows} | ${sourcesOf(facts)} | ${queries.length === 0 ? '—' : list(queries)} |`,
    ),
    '',
    '## By topic',
    '',
    '| topic | statements |',
    '| --- | --- |',
    ...topics.map(
      (topic) =>
        `| ${topic} | ${statements
          .filter((statement) => statement.topics?.includes(topic) === true)
          .map(({ number }) => number)
          .join(', ')} |`,
    ),
    '',
    ...peersLines(library),
  ].join('\n');
};
