/**
 * What others test on a Mac, and which queries ask it: the tests of Atomic Red Team that change accounts, the scripts of
 * bypass-mdm, and the rules of mSCP for macOS 26. docs/coverage.md has it.
 */
import type { Query } from '../queries/query.ts';

export interface Attack {
  /** The technique and the number of the test in its file, or the name of the script. */
  readonly id: string;
  /** What it leaves on the Mac. */
  readonly leaves: string;
  /** The queries that find it; test/bundles/attacks.test.ts plants each. */
  readonly queries: readonly string[];
  /** Why none does, or what to know. */
  readonly why?: string;
}

export const atomicCommit = '9f85cf3e54b0cbdd6c702375c555273913eff442';
export const bypassCommit = 'fc91fec59eabf4fdda67599cde7caeb375ca47d0';
export const mscpCommit = '73754b04bb43e511fece75fc892464bf1812fc52';

export const attacks: readonly Attack[] = [
  {
    id: 'T1136.001 #3',
    leaves: 'An account with the primary group admin, and without a password.',
    queries: ['new_admin_between_snapshots', 'account_without_password'],
  },
  {
    id: 'T1078.003 #2',
    leaves: 'An account in the group admin, made by dscl.',
    queries: ['new_admin_between_snapshots'],
  },
  {
    id: 'T1078.003 #3',
    leaves: 'An administrator, made by sysadminctl.',
    queries: ['new_admin_between_snapshots'],
  },
  {
    id: 'T1078.003 #4',
    leaves: 'Root has a password.',
    queries: ['root_login_on', 'authentication_authority_changed'],
  },
  {
    id: 'T1078.003 #5',
    leaves: 'An account that was there is in the group admin.',
    queries: ['new_admin_between_snapshots'],
  },
  { id: 'T1078.001 #3', leaves: 'The Guest account is on.', queries: ['guest_login_on'] },
  {
    id: 'T1531 #4',
    leaves: 'Another password.',
    queries: ['password_changed'],
    why: 'For information: users change their passwords, too.',
  },
  {
    id: 'T1531 #5',
    leaves: 'An account is gone, by dscl.',
    queries: ['account_deleted', 'secure_token_lost'],
    why: 'The second where the account held a token.',
  },
  {
    id: 'T1531 #6',
    leaves: 'An account is gone, by sysadminctl.',
    queries: ['account_deleted', 'secure_token_lost'],
    why: 'The second where the account held a token.',
  },
  {
    id: 'T1564.002 #1',
    leaves: 'An account that was there has the uid 333.',
    queries: ['hidden_account', 'account_uid_changed'],
  },
  {
    id: 'T1564.002 #1, a new record',
    leaves: 'A record with the uid 333, and without a shell.',
    queries: ['account_created'],
    why: 'Whether it can be used is not known, so hidden_account is unknown.',
  },
  {
    id: 'T1564.002 #2',
    leaves: 'An account that was there is hidden.',
    queries: ['hidden_account'],
  },
  {
    id: 'T1564.002 #2, a new record',
    leaves: 'A hidden record, without a uid and a shell.',
    queries: ['account_created'],
    why: 'Whether it can be used is not known, so hidden_account is unknown.',
  },
  {
    id: 'T1098.004 #1',
    leaves: 'Another authorized_keys.',
    queries: ['ssh_keys_changed'],
    why: 'With --include ssh_keys. The test writes the file with what it had: its time tells it.',
  },
  {
    id: 'T1037.002 #1',
    leaves: 'A login hook. T1547.007 #2 leaves the same.',
    queries: ['login_hook_set'],
  },
  {
    id: 'T1548.003 #1',
    leaves: 'Nothing: it reads /etc/sudoers, and opens it in an editor.',
    queries: [],
    why: 'Nothing is changed.',
  },
  { id: 'T1548.003 #3', leaves: 'sudo asks for a password once.', queries: ['sudo_password_kept'] },
  { id: 'T1548.003 #5', leaves: 'sudo asks once for all terminals.', queries: ['sudo_password_kept'] },
  {
    id: 'T1021.005 #1',
    leaves: 'Remote Management is on, for all users, with all rights.',
    queries: [],
    why: 'The settings of Remote Management are not collected.',
  },
];

/** The two scripts; both also name three hosts of Apple in /etc/hosts, which is not read. */
export const bypasses: readonly Attack[] = ['bypass-mdm.sh', 'bypass-mdm-v2.sh'].map((id) => ({
  id,
  leaves:
    'An administrator without a token, made in recovery, and the markers of a Mac that Apple does not know.',
  queries: ['mdm_bypass_markers', 'mdm_not_enrolled', 'no_secure_token_user', 'admin_without_token'],
}));

export interface Rule {
  readonly id: string;
  readonly cis: readonly string[];
  readonly stig: readonly string[];
  /** What it wants, in our words. */
  readonly says: string;
  /** In what the queries that cite it differ from it. */
  readonly how?: string;
  /** Why none asks it, while none cites it. */
  readonly otherwise: string;
}

/** On accounts, tokens, FileVault, login, sudo, SSH, MDM and recovery, with a CIS or a STIG item. */
export const rules: readonly Rule[] = [
  {
    id: 'auth_pam_login_smartcard_enforce',
    cis: [],
    stig: ['APPL-26-003050'],
    says: 'Login at the window takes a smart card.',
    otherwise: 'The files of /etc/pam.d are not read.',
  },
  {
    id: 'auth_pam_su_smartcard_enforce',
    cis: [],
    stig: ['APPL-26-003051'],
    says: 'su takes a smart card.',
    otherwise: 'The files of /etc/pam.d are not read.',
  },
  {
    id: 'auth_pam_sudo_smartcard_enforce',
    cis: [],
    stig: ['APPL-26-003052'],
    says: 'sudo takes a smart card.',
    otherwise: 'The files of /etc/pam.d are not read.',
  },
  {
    id: 'auth_smartcard_allow',
    cis: [],
    stig: ['APPL-26-003030'],
    says: 'Smart cards may be used.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'auth_smartcard_certificate_trust_enforce_moderate',
    cis: [],
    stig: ['APPL-26-001060'],
    says: 'Certificates of smart cards are checked.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'auth_smartcard_enforce',
    cis: [],
    stig: ['APPL-26-003020'],
    says: 'Smart cards must be used.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'auth_ssh_password_authentication_disable',
    cis: [],
    stig: ['APPL-26-001150'],
    says: 'SSH takes no passwords.',
    how: 'Where Remote Login is on, as in all questions on sshd; where a Match block says otherwise for some, it is unknown.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_external_apfs_hfs_volumes_encrypted',
    cis: ['5.3.2'],
    stig: [],
    says: 'External volumes of users are encrypted.',
    how: 'Of APFS volumes that are attached; those of HFS+ are not collected.',
    otherwise: 'No query asks of external volumes.',
  },
  {
    id: 'os_filevault_autologin_disable',
    cis: [],
    stig: ['APPL-26-000033'],
    says: 'Unlocking the disk does not log in.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_guest_folder_removed',
    cis: ['5.9'],
    stig: [],
    says: 'No home of Guest is left.',
    otherwise: 'Nothing looks at /Users/Guest.',
  },
  {
    id: 'os_home_folders_secure',
    cis: ['5.1.1'],
    stig: ['APPL-26-002068'],
    says: 'Homes are 0700 or 0711.',
    otherwise: 'The modes of homes are not collected.',
  },
  {
    id: 'os_internal_apfs_volumes_encrypted',
    cis: ['5.3.1'],
    stig: [],
    says: 'Internal volumes of users are encrypted.',
    how: 'Of volumes for users; the test of the rule takes those of macOS, too.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_loginwindow_adminhostinfo_disabled',
    cis: [],
    stig: ['APPL-26-000009'],
    says: 'The login window tells nothing of the Mac.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_mdm_require',
    cis: [],
    stig: ['APPL-26-005110'],
    says: 'The Mac is enrolled in MDM.',
    how: 'And how far the enrolment reaches.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_password_hint_remove',
    cis: ['2.12.1'],
    stig: ['APPL-26-003014'],
    says: 'No account has a password hint.',
    otherwise: 'Whether a hint is set could be told only by reading it, which is never done.',
  },
  {
    id: 'os_policy_banner_loginwindow_enforce',
    cis: ['5.8'],
    stig: ['APPL-26-000025'],
    says: 'The login window shows the policy.',
    otherwise: 'It is a text for whoever logs in, and gives nobody access.',
  },
  {
    id: 'os_policy_banner_ssh_configure',
    cis: [],
    stig: ['APPL-26-000023'],
    says: 'SSH has the text of the policy.',
    otherwise: 'The text itself is not read.',
  },
  {
    id: 'os_policy_banner_ssh_enforce',
    cis: [],
    stig: ['APPL-26-000024'],
    says: 'SSH shows the policy.',
    how: 'Whether there is one; what it says is not read.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_recovery_lock_enable',
    cis: [],
    stig: ['APPL-26-005120'],
    says: 'Recovery asks for a password.',
    otherwise: 'Whether there is a recovery lock is not collected.',
  },
  {
    id: 'os_root_disable',
    cis: ['5.6'],
    stig: ['APPL-26-000100'],
    says: 'Root cannot log in.',
    how: 'A root that was disabled again is no finding; the rule wants none that ever was enabled.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_secure_boot_verify',
    cis: [],
    stig: ['APPL-26-005100'],
    says: 'Startup security is full.',
    otherwise: 'The level of startup security is not collected.',
  },
  {
    id: 'os_sip_enable',
    cis: ['5.1.2'],
    stig: ['APPL-26-005001'],
    says: 'System Integrity Protection is on.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_ssh_fips_compliant',
    cis: [],
    stig: ['APPL-26-000057'],
    says: 'SSH takes approved ciphers only, outwards.',
    otherwise: 'It is of connections that go out, by which nobody gets in.',
  },
  {
    id: 'os_ssh_server_alive_count_max_configure',
    cis: [],
    stig: ['APPL-26-000140'],
    says: 'SSH drops dead connections, outwards.',
    otherwise: 'It is of connections that go out, by which nobody gets in.',
  },
  {
    id: 'os_ssh_server_alive_interval_configure',
    cis: [],
    stig: ['APPL-26-000110'],
    says: 'SSH looks for dead connections, outwards.',
    otherwise: 'It is of connections that go out, by which nobody gets in.',
  },
  {
    id: 'os_sshd_channel_timeout_configure',
    cis: [],
    stig: ['APPL-26-000120'],
    says: 'sshd ends idle channels.',
    how: 'By what holds for a shell.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_client_alive_count_max_configure',
    cis: [],
    stig: ['APPL-26-000052'],
    says: 'sshd drops dead connections.',
    how: 'A count of 0, which ends nothing, is no finding.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_client_alive_interval_configure',
    cis: [],
    stig: ['APPL-26-000051'],
    says: 'sshd looks for dead connections.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_fips_compliant',
    cis: [],
    stig: ['APPL-26-000054'],
    says: 'sshd takes approved ciphers only.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_login_grace_time_configure',
    cis: [],
    stig: ['APPL-26-000053'],
    says: 'sshd waits only so long for a login.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_permit_root_login_configure',
    cis: [],
    stig: ['APPL-26-001100'],
    says: 'sshd lets no root in.',
    how: 'With a key alone, it matters less.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sshd_unused_connection_timeout_configure',
    cis: [],
    stig: ['APPL-26-000130'],
    says: 'sshd ends unused connections.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sudo_log_enforce',
    cis: ['5.11'],
    stig: ['APPL-26-000190'],
    says: 'sudo logs what it allowed.',
    how: 'By what the files say, of all users.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'os_sudo_timeout_configure',
    cis: ['5.4'],
    stig: ['APPL-26-004022'],
    says: 'sudo asks anew each time.',
    otherwise: 'Whether sudo logs what it allowed is a default of sudo that no query asks.',
  },
  {
    id: 'os_sudoers_timestamp_type_configure',
    cis: ['5.5'],
    stig: ['APPL-26-004060'],
    says: 'sudo asks in each terminal.',
    otherwise: 'Whether sudo logs what it allowed is a default of sudo that no query asks.',
  },
  {
    id: 'os_unlock_active_user_session_disable',
    cis: ['5.7'],
    stig: ['APPL-26-000090'],
    says: 'An administrator cannot unlock the session of another.',
    otherwise: 'Of the authorization database only the steps of the login window are read.',
  },
  {
    id: 'pwpolicy_account_inactivity_enforce',
    cis: [],
    stig: ['APPL-26-003080'],
    says: 'Accounts that are not used are disabled.',
    how: 'The number in force, for information; and stale_account_can_unlock asks of 90 days.',
    otherwise:
      'The password policies (pwpolicy -getaccountpolicies) are not collected; stale_account_can_unlock asks of 90 days, and no source tells of a last login.',
  },
  {
    id: 'pwpolicy_account_lockout_enforce',
    cis: ['5.2.1'],
    stig: ['APPL-26-000022'],
    says: 'Failed logins are limited.',
    how: 'By what happened: five failures in a row. The rule wants a policy.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_account_lockout_timeout_enforce',
    cis: ['5.2.1'],
    stig: ['APPL-26-000060'],
    says: 'A locked account stays so for a time.',
    how: 'The number in force, for information.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_alpha_numeric_enforce',
    cis: ['5.2.3', '5.2.4'],
    stig: ['APPL-26-003007'],
    says: 'Passwords have letters and digits.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_custom_regex_enforce',
    cis: ['5.2.6'],
    stig: ['APPL-26-003060'],
    says: 'Passwords have upper and lower case.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_history_enforce',
    cis: ['5.2.8'],
    stig: [],
    says: 'Old passwords are not used again.',
    how: 'The number in force, for information.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_max_lifetime_enforce',
    cis: ['5.2.7'],
    stig: ['APPL-26-003008'],
    says: 'Passwords end after a time.',
    how: 'By state: a password older than 365 days. The rule wants a policy.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_minimum_length_enforce',
    cis: ['5.2.2'],
    stig: ['APPL-26-003010'],
    says: 'Passwords are long.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_minimum_lifetime_enforce',
    cis: [],
    stig: ['APPL-26-003070'],
    says: 'A new password stays for a time.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_special_character_enforce',
    cis: ['5.2.5'],
    stig: ['APPL-26-003011'],
    says: 'Passwords have a special character.',
    otherwise: 'The rule is a predicate (password_policy.policy_content), and no predicate is evaluated.',
  },
  {
    id: 'pwpolicy_temporary_or_emergency_accounts_disable',
    cis: [],
    stig: ['APPL-26-000012'],
    says: 'Accounts for a while end by themselves.',
    otherwise: 'Which account is one for a while nothing tells.',
  },
  {
    id: 'system_settings_automatic_login_disable',
    cis: ['2.13.3'],
    stig: ['APPL-26-002066'],
    says: 'Nobody is logged in at startup.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_filevault_enforce',
    cis: ['2.6.6'],
    stig: ['APPL-26-005020'],
    says: 'FileVault is on and stays so.',
    how: 'One query asks whether it is on, another whether it may be turned off.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_guest_access_smb_disable',
    cis: ['2.13.2'],
    stig: [],
    says: 'Guests reach no shared folders.',
    otherwise: 'The settings of file sharing are not collected.',
  },
  {
    id: 'system_settings_guest_account_disable',
    cis: ['2.13.1'],
    stig: ['APPL-26-002063'],
    says: 'Guest cannot log in.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_loginwindow_prompt_username_password_enforce',
    cis: ['2.11.4'],
    stig: ['APPL-26-005052'],
    says: 'The login window asks for a name.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_password_hints_disable',
    cis: ['2.11.5'],
    stig: ['APPL-26-003012'],
    says: 'The login window shows no hints.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_rae_disable',
    cis: ['2.3.3.6'],
    stig: ['APPL-26-002022'],
    says: 'Nobody sends Apple events from afar.',
    otherwise: 'Whether Apple events are served is not collected.',
  },
  {
    id: 'system_settings_remote_management_disable',
    cis: ['2.3.3.5'],
    stig: ['APPL-26-002250'],
    says: 'Remote Management is off.',
    otherwise: 'Whether Remote Management is on is not collected.',
  },
  {
    id: 'system_settings_screen_sharing_disable',
    cis: ['2.3.3.1'],
    stig: ['APPL-26-002050'],
    says: 'Screen Sharing is off.',
    otherwise: 'Whether Screen Sharing is on is not collected.',
  },
  {
    id: 'system_settings_ssh_disable',
    cis: ['2.3.3.4'],
    stig: [],
    says: 'Remote Login is off.',
    otherwise: 'No query asks it.',
  },
  {
    id: 'system_settings_system_wide_preferences_configure',
    cis: ['2.6.8'],
    stig: ['APPL-26-002069'],
    says: 'System settings ask for an administrator.',
    otherwise: 'Of the authorization database only the steps of the login window are read.',
  },
  {
    id: 'system_settings_token_removal_enforce',
    cis: [],
    stig: ['APPL-26-000005'],
    says: 'The session locks when the smart card is taken out.',
    otherwise: 'No query asks it.',
  },
];

/** The queries that cite each rule. */
export const askedBy = (queries: readonly Query[], { id }: Rule): readonly string[] =>
  queries
    .filter(({ references }) => new RegExp(`\\b${id}\\b`).test(references))
    .map(({ name }) => name)
    .toSorted();

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join('<br>');

const attackLines = (all: readonly Attack[]): readonly string[] =>
  all.map(
    ({ id, leaves, queries, why }) =>
      `| ${id} | ${leaves} | ${queries.length === 0 ? '—' : list(queries)} | ${why ?? ''} |`,
  );

const ruleLine = (queries: readonly Query[], rule: Rule): string => {
  const asked = askedBy(queries, rule);
  const items = [...rule.cis.map((item) => `CIS ${item}`), ...rule.stig].join('<br>');
  const note = asked.length === 0 ? rule.otherwise : (rule.how ?? '');
  return `| ${rule.id} | ${items} | ${rule.says} | ${asked.length === 0 ? '—' : list(asked)} | ${note} |`;
};

/** The second half of docs/coverage.md. */
export const peersLines = (queries: readonly Query[]): readonly string[] => {
  const tests = attacks.filter(({ id }) => !id.includes(','));
  const found = tests.filter((attack) => attack.queries.length > 0);
  const asked = rules.filter((rule) => askedBy(queries, rule).length > 0);
  return [
    '## Tests of Atomic Red Team that change accounts',
    '',
    `Those for macOS at commit \`${atomicCommit.slice(0, 8)}\` that change an account, or who may log in or become root:`,
    `${found.length} of ${tests.length} are found. What each leaves was planted in constructed evidence, a day after a Mac in order; none was run on a Mac.`,
    '',
    '| test | what it leaves | found by | |',
    '| --- | --- | --- | --- |',
    ...attackLines(attacks),
    '',
    '## The scripts of bypass-mdm',
    '',
    `assafdori/bypass-mdm at commit \`${bypassCommit.slice(0, 8)}\`, planted whole. Both also name three hosts of Apple in /etc/hosts,`,
    'which is not read.',
    '',
    '| script | what it leaves | found by | |',
    '| --- | --- | --- | --- |',
    ...attackLines(bypasses),
    '',
    '## Rules of mSCP for macOS 26',
    '',
    `usnistgov/macos_security at commit \`${mscpCommit.slice(0, 8)}\`: the rules on accounts, tokens, FileVault, login, sudo, SSH, MDM and`,
    `recovery that have a CIS or a STIG item. ${asked.length} of ${rules.length} are asked: a query cites the rule.`,
    '',
    '| rule | items | what it wants | asked by | how, or why not |',
    '| --- | --- | --- | --- | --- |',
    ...rules.map((rule) => ruleLine(queries, rule)),
    '',
  ];
};
