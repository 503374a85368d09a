/** The same of the questions on who else gets in: sharing, hooks, homes, recovery. */
import type { Case } from './cases.ts';
import { add, cleanHost, day, deny, later, now, set, uuidOf } from './constructed.ts';
import type { Host } from './constructed.ts';

type Change = (host: Host) => void;

const changed =
  (...changes: Change[]) =>
  (hostId: string): Host[] => {
    const host = cleanHost(hostId);
    for (const change of changes) change(host);
    return [host];
  };
const on =
  (table: string, change: Parameters<typeof set>[2], fits: Parameters<typeof set>[3] = {}): Change =>
  (host) =>
    set(host, table, change, fits);
const put =
  (table: string, row: Parameters<typeof add>[2]): Change =>
  (host) =>
    add(host, table, row);
const denied =
  (table: string): Change =>
  (host) =>
    deny(host, table);

/** Rights over Remote Management, of which the account has those that are named. */
const rights =
  (username: string, uid: number, has: Readonly<Record<string, 0 | 1 | null>>): Change =>
  (host) =>
    add(host, 'remote_desktop_rights', {
      username,
      uid,
      uuid: host.tables.get('users')?.rows.find((row) => row['username'] === username)?.['uuid'] ?? null,
      ...Object.fromEntries(
        [
          'may_control',
          'may_chat',
          'may_copy',
          'may_delete',
          'may_report',
          'may_launch',
          'may_change_settings',
        ].map((name) => [name, 0]),
      ),
      may_restart: 0,
      is_notified: 1,
      ...has,
    });
const standard: Change = on('users', { is_admin: 0 }, { username: 'itadmin' });
const managed = on('sharing_preferences', { remote_management: 1 });

/** How the Mac is bound to Active Directory. */
const bound = (groups: string | null): Change =>
  put('ad_config', { domain: 'example.net', option: 'Allowed admin groups', value: groups });

const setting = (details: string | null): Change =>
  put('sudoers', {
    source: '/etc/sudoers',
    header: 'Defaults',
    rule_details: details,
    kind: 'defaults',
    no_password: details === null ? null : 0,
    occurrence: 1,
  });
/** A rule of sudoers. */
const rule = (header: string, noPassword: 0 | 1 | null): Change =>
  put('sudoers', {
    source: '/etc/sudoers',
    header,
    rule_details: noPassword === null ? null : 'ALL = (ALL) ALL',
    kind: 'rule',
    no_password: noPassword,
    all_commands: noPassword === null ? null : 1,
    occurrence: 1,
  });

const step = (plugin: string, position: number, isOfApple: 0 | 1): Change =>
  put('authorization_mechanisms', {
    label: 'system.login.console',
    plugin,
    mechanism: 'login',
    privileged: 0,
    entry: `${plugin}:login`,
    position,
    is_of_apple: isOfApple,
  });
const passwordRule = (name: string | null, isOfApple: 0 | 1 | null): Change =>
  put('password_policy', {
    uid: -1,
    policy_identifier: name,
    policy_category: 'policyCategoryPasswordContent',
    is_of_apple: isOfApple,
    occurrence: 1,
  });

const login = (username: string, daysAgo: number | null): Change =>
  put('logins', {
    username,
    last_login_time: daysAgo === null ? null : now - daysAgo * day,
    is_logged_in: 0,
  });

/** A Mac with Remote Login on, and sshd as a careful administrator sets it, but for what is named. */
const sshd =
  (but: Parameters<typeof set>[2] = {}): Change =>
  (host) => {
    set(host, 'hosts', { remote_login_enabled: 1 });
    add(host, 'sshd_config', {
      permit_root_login: 'no',
      password_authentication: 0,
      kbd_interactive_authentication: 0,
      use_pam: 1,
      permit_empty_passwords: 0,
      login_grace_seconds: 30,
      client_alive_interval: 900,
      client_alive_count_max: 1,
      unused_connection_timeout: 900,
      channel_timeout: '*=900',
      shell_timeout: 900,
      authorized_keys_file: '.ssh/authorized_keys,.ssh/authorized_keys2',
      has_authorized_keys_command: 0,
      has_trusted_user_ca: 0,
      banner: '/etc/banner',
      ciphers: 'aes128-gcm@openssh.com',
      fips_algorithms_only: 1,
      has_match_blocks: 0,
      ...but,
    });
  };
/** What is found with this, and is unknown where that is not known, or with a Match block. */
const ofSshd = (query: string, bad: Parameters<typeof set>[2], unknown: Parameters<typeof set>[2]): Case => ({
  query,
  fires: changed(sshd(bad)),
  unknown: (host) => {
    if (host.tables.get('sshd_config')?.rows.length === 0) sshd()(host);
    set(host, 'sshd_config', unknown);
  },
  clean: changed(sshd()),
});
const matched = { has_match_blocks: 1 };
const perhapsMatched = { has_match_blocks: null };

/** Files of keys; of the account of the person at the Mac what is named. */
const keyFiles =
  (own: Parameters<typeof set>[2] = {}, ofRoot: Parameters<typeof set>[2] = {}): Change =>
  (host) => {
    set(host, 'hosts', { remote_login_enabled: 1 });
    const none = { file_exists: 0, key_count: 0, keys_digest: 'e3b0c44298fc1c14' };
    for (const [username, uid, row] of [
      ['mquist', 501, own],
      ['root', 0, ofRoot],
    ] as const)
      add(host, 'authorized_key_files', {
        username,
        uid,
        uuid: uuidOf(host.hostId, username),
        ...none,
        ...row,
      });
  };
/** Two looks at them, three days apart. */
const keysChanged =
  (before: Parameters<typeof set>[2], after: Parameters<typeof set>[2]) =>
  (hostId: string): Host[] => {
    const first = cleanHost(hostId, now - 3 * day);
    keyFiles(before)(first);
    const second = later(first, 3 * day);
    set(second, 'authorized_key_files', after, { username: 'mquist' });
    return [first, second];
  };
const oneKey = {
  file_exists: 1,
  key_count: 1,
  keys_digest: '3f1c5e0a9b7d2468',
  file_modified_time: now - 9 * day,
};
const key = (algorithm: string, bits: number): Change =>
  put('authorized_keys', {
    username: 'mquist',
    uid: 501,
    algorithm,
    bits,
    fingerprint: 'SHA256:L3k/oJubblSY0lB9Ulsl7emDMnRPKm/8udf2ccwk560',
    occurrence: 1,
  });

export const accessCases: readonly Case[] = [
  {
    query: 'ssh_keys_changed',
    fires: keysChanged(oneKey, { key_count: 2, keys_digest: '0123456789abcdef' }),
    unknown: (host) => {
      if (host.tables.get('authorized_key_files')?.rows.length === 0) keyFiles()(host);
      set(host, 'authorized_key_files', { key_count: null, keys_digest: null });
    },
    clean: keysChanged(oneKey, {}),
  },
  {
    query: 'ssh_key_of_root',
    fires: changed(keyFiles({}, oneKey)),
    unknown: (host) => {
      if (host.tables.get('authorized_key_files')?.rows.length === 0) keyFiles()(host);
      set(host, 'authorized_key_files', { key_count: null }, { username: 'root' });
    },
    clean: changed(keyFiles(oneKey)),
  },
  {
    query: 'ssh_key_weak',
    fires: changed(on('hosts', { remote_login_enabled: 1 }), key('ssh-rsa', 1024)),
    unknown: (host) => {
      set(host, 'hosts', { remote_login_enabled: 1 });
      deny(host, 'authorized_keys');
    },
    clean: changed(on('hosts', { remote_login_enabled: 1 }), key('ssh-rsa', 2048), key('ssh-ed25519', 256)),
  },
  ofSshd('sshd_takes_passwords', { kbd_interactive_authentication: 1 }, matched),
  ofSshd('sshd_takes_empty_passwords', { permit_empty_passwords: 1 }, perhapsMatched),
  ofSshd('sshd_lets_root_in', { permit_root_login: 'prohibit-password' }, { permit_root_login: null }),
  ofSshd('sshd_keys_from_elsewhere', { authorized_keys_file: '(another)' }, { has_trusted_user_ca: null }),
  ofSshd('sshd_waits_long_for_a_login', { login_grace_seconds: 0 }, { login_grace_seconds: null }),
  ofSshd('sshd_keeps_dead_connections', { client_alive_count_max: 2 }, matched),
  ofSshd('sshd_keeps_idle_sessions', { shell_timeout: 901 }, { shell_timeout: null }),
  ofSshd('sshd_algorithms_not_fips', { fips_algorithms_only: 0 }, { fips_algorithms_only: null }),
  ofSshd('sshd_shows_no_policy', { banner: 'none' }, perhapsMatched),
  {
    query: 'sudo_does_not_log',
    fires: changed(setting('env_reset, !log_allowed')),
    unknown: setting(null),
    // What a later file says counts.
    clean: changed(setting('!log_allowed'), (host) =>
      add(host, 'sudoers', {
        source: '/etc/sudoers.d/mscp',
        header: 'Defaults',
        rule_details: 'log_allowed',
        kind: 'defaults',
        no_password: 0,
        occurrence: 1,
      }),
    ),
  },
  {
    query: 'startup_security_reduced',
    fires: changed(on('secureboot', { level: 'reduced', description: 'Reduced Security' })),
    unknown: on('secureboot', { level: null, description: 'Sécurité maximale' }),
  },
  {
    query: 'admin_not_seen_for_90_days',
    fires: changed(login('itadmin', 91), login('mquist', 1)),
    unknown: login('_spotlight', null),
    // Who is no administrator, and who logged in within the time.
    clean: changed(login('_mbsetupuser', 200), login('itadmin', 89)),
  },
  {
    query: 'login_mechanism_not_apple',
    fires: changed(step('loginwindow', 1, 1), step('ExampleLogin', 2, 0)),
    unknown: denied('authorization_mechanisms'),
    clean: changed(step('loginwindow', 1, 1), step('PSSOAuthPlugin', 2, 1)),
  },
  {
    query: 'password_rules_of_apple_alone',
    fires: changed(passwordRule('com.apple.defaultpasswordpolicy.fde', 1)),
    unknown: denied('password_policy'),
    clean: changed(passwordRule('com.apple.defaultpasswordpolicy.fde', 1), passwordRule(null, null)),
  },
  {
    query: 'password_rules',
    fires: changed(passwordRule('com.apple.defaultpasswordpolicy.fde', 1)),
    unknown: denied('password_policy'),
  },
  {
    query: 'sudo_password_kept',
    fires: changed(setting('env_reset, timestamp_timeout=-1')),
    unknown: setting(null),
    clean: changed(setting('timestamp_timeout=0, timestamp_type=tty')),
  },
  {
    query: 'sudo_without_password',
    fires: changed(rule('root', 0), rule('#501', 1)),
    unknown: rule('bob', null),
    clean: changed(rule('root', 0), rule('%admin', 0)),
  },
  {
    query: 'directory_groups_are_admins',
    fires: changed(bound('Mac Admins')),
    unknown: denied('ad_config'),
    clean: changed(bound(null)),
  },
  {
    query: 'screen_sharing_on',
    fires: changed(on('sharing_preferences', { screen_sharing: 1, screen_sharing_access: 'members' })),
    unknown: denied('sharing_preferences'),
    clean: changed(on('sharing_preferences', { screen_sharing: 0, screen_sharing_access: 'everybody' })),
  },
  {
    query: 'remote_apple_events_on',
    fires: changed(on('sharing_preferences', { remote_apple_events: 1 })),
    unknown: denied('sharing_preferences'),
    clean: changed(on('sharing_preferences', { remote_apple_events: 0 })),
  },
  {
    query: 'remote_desktop_rights_not_admin',
    fires: changed(standard, managed, rights('itadmin', 502, { may_launch: 1 })),
    unknown: (host) => {
      managed(host);
      standard(host);
      rights('itadmin', 502, { may_launch: null })(host);
    },
    // An administrator has the right, and who is none may send messages.
    clean: changed(
      standard,
      managed,
      rights('mquist', 501, { may_control: 1 }),
      rights('itadmin', 502, { may_chat: 1 }),
    ),
  },
  {
    query: 'login_hook_set',
    fires: changed(put('login_hooks', { event: 'login', set_in: 'root', program: '/Users/Shared/hook.sh' })),
    unknown: denied('login_hooks'),
  },
  {
    query: 'home_open_to_others',
    fires: changed(on('users', { home_mode: '0755' }, { username: 'mquist' })),
    unknown: denied('users'),
    clean: changed(on('users', { home_mode: '0711' }, { username: 'mquist' })),
  },
  {
    query: 'recovery_lock_off',
    fires: changed(on('mdm_security_info', { recovery_lock_enabled: 0 })),
    unknown: on('mdm_security_info', { recovery_lock_enabled: null }),
  },
];
