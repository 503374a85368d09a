/** For each query a host that it fires on, beside the clean host and one where it cannot be told. */
import {
  add,
  addPerson,
  authority,
  cleanHost,
  day,
  deny,
  later,
  now,
  remove,
  set,
  uuidOf,
} from './constructed.ts';
import type { Host } from './constructed.ts';
import { accessCases } from './cases_access.ts';

export interface Case {
  readonly query: string;
  /** Snapshots of a host on which it fires, oldest first. */
  readonly fires: (hostId: string) => Host[];
  /** What makes the answer unknown on a host that is else clean. */
  readonly unknown: (host: Host) => void;
  /** Snapshots of a host on which it does not fire; the clean host unless told. */
  readonly clean?: (hostId: string) => Host[];
}

const changed =
  (...changes: ((host: Host) => void)[]) =>
  (hostId: string): Host[] => {
    const host = cleanHost(hostId);
    for (const change of changes) change(host);
    return [host];
  };

/** A clean snapshot of three days ago, and one of today with a change. */
export const changedSince =
  (before: (host: Host) => void, ...changes: ((host: Host) => void)[]) =>
  (hostId: string): Host[] => {
    const first = cleanHost(hostId, now - 3 * day);
    before(first);
    const second = later(first, 3 * day);
    for (const change of changes) change(second);
    return [first, second];
  };

const nothing = (): void => {};
const on =
  (table: string, change: Parameters<typeof set>[2], fits: Parameters<typeof set>[3] = {}) =>
  (host: Host): void =>
    set(host, table, change, fits);
const put =
  (table: string, row: Parameters<typeof add>[2]) =>
  (host: Host): void =>
    add(host, table, row);
const denied =
  (table: string) =>
  (host: Host): void =>
    deny(host, table);
const filevaultOff = on('filevault_status', {
  filevault_enabled: 0,
  status: 'off',
  has_personal_recovery_key: null,
  has_institutional_recovery_key: null,
});
export const notEnrolled = (host: Host): void => {
  set(host, 'mdm_enrollments', {
    is_enrolled: 0,
    is_user_approved: null,
    is_dep_enrolled: 0,
    is_supervised: null,
    dep_record_cached: 0,
    server_host: null,
  });
  set(host, 'bootstrap_tokens', {
    supported_on_server: null,
    escrowed_to_server: null,
    crypto_user_present: 0,
    state: 'not_enrolled',
  });
};
const noTokens = (host: Host): void => {
  set(host, 'secure_tokens', { secure_token: 0, volume_owner: 0, filevault_enabled: 0 });
};
const token =
  (username: string, value: 0 | 1 | null) =>
  (host: Host): void =>
    set(
      host,
      'secure_tokens',
      { secure_token: value, volume_owner: value, filevault_enabled: value },
      { username },
    );
const noPersonalKey = (host: Host): void => {
  set(host, 'filevault_status', { has_personal_recovery_key: 0, prk_escrow_blob_present: 0 });
  remove(host, 'apfs_crypto_users', { type: 'PersonalRecovery' });
};

/** An account of three people more, of whom two have no right. */
const person =
  (username: string, uid: number, isAdmin: 0 | 1 = 0, has: 0 | 1 = 0) =>
  (host: Host): void =>
    addPerson(host, { username, uid, isAdmin, token: has });

/** The tables that have rows of an account by its name. */
const ofAccounts = ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'];
/** The same account under another name. */
const named =
  (from: string, to: string) =>
  (host: Host): void => {
    for (const table of ofAccounts) set(host, table, { username: to }, { username: from });
  };
const without =
  (username: string) =>
  (host: Host): void => {
    for (const table of ofAccounts) remove(host, table, { username });
  };
/** A second volume without a role. */
const volume = (row: Parameters<typeof add>[2]) =>
  put('apfs_volumes', { device_identifier: 'disk3s7', name: 'Work', ...row });

const withManaged = (host: Host): void =>
  add(host, 'managed_users', {
    username: 'itadmin',
    uuid: uuidOf(host.hostId, 'itadmin'),
    kind: 'auto_setup_admin',
    source: 'mdmclient',
  });

export const cases: readonly Case[] = [
  {
    query: 'host_not_seen',
    fires: (hostId) => [cleanHost(hostId, now - 8 * day)],
    unknown: (host) => host.tables.clear(),
  },
  {
    query: 'table_not_seen',
    fires: (hostId) => {
      const first = cleanHost(hostId, now - 8 * day);
      deny(first, 'filevault_users');
      return [first, later(first, 8 * day)];
    },
    unknown: denied('hosts'),
    clean: changedSince(nothing, denied('filevault_users')),
  },
  {
    query: 'filevault_off',
    fires: changed(filevaultOff),
    unknown: on('filevault_status', { filevault_enabled: null, status: 'unknown' }),
  },
  {
    query: 'filevault_without_recovery_key',
    fires: changed(noPersonalKey),
    unknown: denied('apfs_crypto_users'),
  },
  {
    query: 'no_secure_token_user',
    fires: changed(noTokens),
    unknown: (host) => {
      noTokens(host);
      token('mquist', null)(host);
    },
  },
  {
    query: 'apple_silicon_no_admin_volume_owner',
    fires: changed(on('secure_tokens', { volume_owner: 0 })),
    unknown: on('secure_tokens', { volume_owner: null }),
  },
  {
    query: 'bootstrap_token_not_escrowed',
    fires: changed(
      on('bootstrap_tokens', {
        escrowed_to_server: 0,
        crypto_user_present: 0,
        state: 'supported_not_escrowed',
      }),
    ),
    unknown: on('bootstrap_tokens', { escrowed_to_server: null, state: 'unknown' }),
  },
  {
    query: 'root_login_on',
    fires: changed(on('loginwindow_settings', { root_enabled: 1 })),
    unknown: on('loginwindow_settings', { root_enabled: null }),
    // It was disabled again.
    clean: changed(
      on('loginwindow_settings', { root_enabled: 1 }),
      on('users', { can_login: 0 }, { username: 'root' }),
    ),
  },
  {
    query: 'automatic_login_on',
    fires: changed(on('loginwindow_settings', { autologin_username: 'mquist' })),
    unknown: (host) => {
      const state = host.tables.get('loginwindow_settings');
      if (state !== undefined)
        Object.assign(state, {
          status: 'partial',
          reason: 'the preference file may not be read',
          columnsAffected: ['autologin_username'],
        });
    },
    // What it left behind is another question.
    clean: changed(on('loginwindow_settings', { kcpassword_present: 1 })),
  },
  {
    query: 'automatic_login_password_kept',
    fires: changed(on('loginwindow_settings', { kcpassword_present: 1 })),
    unknown: on('loginwindow_settings', { kcpassword_present: null }),
    clean: changed(on('loginwindow_settings', { autologin_username: 'mquist' })),
  },
  {
    query: 'guest_login_on',
    fires: changed(on('loginwindow_settings', { guest_enabled: 1 })),
    unknown: on('loginwindow_settings', { guest_enabled: null }),
  },
  {
    query: 'single_token_admin',
    fires: changed(notEnrolled, token('itadmin', 0)),
    unknown: (host) => {
      notEnrolled(host);
      token('itadmin', null)(host);
    },
  },
  {
    query: 'bootstrap_token_stale',
    fires: changed(on('bootstrap_tokens', { crypto_user_present: 0, state: 'stale_local' })),
    unknown: on('bootstrap_tokens', { crypto_user_present: null }),
  },
  {
    query: 'mdm_not_enrolled',
    fires: changed(notEnrolled),
    unknown: on('mdm_enrollments', { is_enrolled: null }),
    clean: changed(on('mdm_enrollments', { is_user_approved: 0, is_supervised: 0 })),
  },
  {
    query: 'mdm_not_user_approved',
    fires: changed(on('mdm_enrollments', { is_user_approved: 0 })),
    unknown: on('mdm_enrollments', { is_enrolled: 1, is_user_approved: null }),
    clean: changed(notEnrolled),
  },
  {
    query: 'mdm_not_supervised',
    fires: changed(on('mdm_enrollments', { is_supervised: 0 })),
    unknown: on('mdm_enrollments', { is_supervised: null, is_user_approved: null, is_user_enrollment: 0 }),
    // A user enrolment never is, by design.
    clean: changed(on('mdm_enrollments', { is_supervised: 0, is_user_enrollment: 1 })),
  },
  {
    query: 'mdm_enrolled_by_other_means',
    fires: changed(on('mdm_enrollments', { is_dep_enrolled: 0 })),
    unknown: on('mdm_enrollments', { is_dep_enrolled: 0, dep_record_cached: null }),
    clean: changed(on('mdm_enrollments', { is_dep_enrolled: 0, dep_record_cached: 0 })),
  },
  {
    query: 'filevault_deferral_pending',
    fires: changed(
      filevaultOff,
      on('filevault_deferrals', { is_deferred: 1, designated_username: 'mquist', max_bypass_attempts: 9999 }),
    ),
    unknown: (host) => {
      filevaultOff(host);
      deny(host, 'filevault_deferrals');
    },
  },
  {
    query: 'prk_not_escrowed_by_profile',
    fires: changed(
      on('filevault_status', { prk_escrow_blob_present: 0 }),
      on('filevault_policies', { escrow_payload_present: 0 }),
    ),
    unknown: (host) => {
      set(host, 'filevault_status', { prk_escrow_blob_present: 0 });
      set(host, 'filevault_policies', { escrow_payload_present: null });
    },
  },
  {
    query: 'mobile_accounts_without_token',
    fires: changed(person('jmarwick', 90_001), (host) =>
      add(host, 'mobile_accounts', {
        uid: 90_001,
        username: 'jmarwick',
        uuid: uuidOf(host.hostId, 'jmarwick'),
        original_node: '/Active Directory/CORP',
      }),
    ),
    unknown: denied('mobile_accounts'),
  },
  {
    query: 'new_admin_between_snapshots',
    fires: changedSince(person('loaner', 504), on('users', { is_admin: 1 }, { username: 'loaner' })),
    unknown: on('users', { is_admin: null }, { username: 'itadmin' }),
    clean: changedSince(nothing),
  },
  {
    query: 'mdm_enrollment_lost',
    fires: changedSince(nothing, notEnrolled),
    unknown: denied('mdm_enrollments'),
    clean: changedSince(nothing),
  },
  {
    query: 'secure_token_gained',
    fires: changedSince(person('loaner', 504), token('loaner', 1)),
    unknown: denied('secure_tokens'),
    clean: changedSince(nothing),
  },
  {
    query: 'secure_token_lost',
    fires: changedSince(nothing, token('itadmin', 0)),
    unknown: denied('secure_tokens'),
    clean: changedSince(nothing),
  },
  {
    query: 'hidden_admin',
    fires: changed(on('loginwindow_settings', { hidden_users: '["itadmin"]' })),
    unknown: on('loginwindow_settings', { hidden_users: null }),
  },
  {
    query: 'system_account_impostor',
    fires: changed(person('_svcadm', 490)),
    unknown: (host) => addPerson(host, { username: '_svcadm', uid: 490, facts: { can_login: null } }),
  },
  {
    query: 'disabled_tag_appended',
    fires: changedSince(person('loaner', 504), (host) =>
      add(host, 'authentication_authorities', {
        username: 'loaner',
        uid: 504,
        uuid: uuidOf(host.hostId, 'loaner'),
        ordinal: 1,
        ...authority(';DisabledTags;SecureToken'),
      }),
    ),
    unknown: denied('authentication_authorities'),
    clean: changedSince(nothing),
  },
  {
    query: 'authentication_authority_changed',
    fires: changedSince(nothing, (host) =>
      add(host, 'authentication_authorities', {
        username: 'mquist',
        uid: 501,
        uuid: uuidOf(host.hostId, 'mquist'),
        ordinal: 2,
        ...authority(';tokenidentity;0123456789ABCDEF'),
      }),
    ),
    unknown: denied('authentication_authorities'),
    // The same values in another order are no change.
    clean: changedSince(nothing, (host) => {
      set(host, 'authentication_authorities', { ordinal: 5 }, { username: 'mquist', tag: 'ShadowHash' });
    }),
  },
  {
    query: 'uuid_changed',
    fires: changedSince(nothing, (host) => {
      const uuid = uuidOf(host.hostId, 'mquist again');
      for (const table of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
        set(host, table, { uuid }, { username: 'mquist' });
    }),
    unknown: on('users', { uuid: null }, { username: 'mquist' }),
    clean: changedSince(nothing),
  },
  {
    query: 'host_identity_changed',
    fires: changedSince(nothing, on('hosts', { model_identifier: 'Mac14,2' })),
    unknown: denied('hosts'),
    clean: changedSince(nothing),
  },
  {
    query: 'recovery_key_file_on_disk',
    fires: changed(
      on('filevault_deferrals', {
        output_path: '/var/root/fdesetup.plist',
        output_file_exists: 1,
        output_file_mode: '0600',
      }),
    ),
    unknown: on('filevault_deferrals', { output_path: '/var/root/fdesetup.plist', output_file_exists: null }),
  },
  {
    query: 'mdm_bypass_markers',
    fires: changed(notEnrolled, on('enrollment_markers', { file_exists: 1 })),
    unknown: (host) => {
      notEnrolled(host);
      set(host, 'enrollment_markers', { file_exists: null });
    },
  },
  {
    query: 'dangling_admin_member',
    fires: changed(
      put('group_members', {
        gid: 80,
        groupname: 'admin',
        member_kind: 'name',
        member: 'gone',
        is_resolved: 0,
      }),
    ),
    unknown: denied('group_members'),
  },
  {
    query: 'account_without_password',
    fires: changed(person('signage', 505), (host) =>
      remove(host, 'authentication_authorities', { username: 'signage' }),
    ),
    unknown: denied('authentication_authorities'),
  },
  {
    query: 'failed_logins',
    fires: changed(on('account_policy_data', { failed_login_count: 7 }, { username: 'mquist' })),
    unknown: on('account_policy_data', { failed_login_count: null }, { username: 'mquist' }),
    clean: changed(
      on('account_policy_data', { failed_login_count: 4, password_last_set_time: 1 }, { username: 'mquist' }),
    ),
  },
  {
    query: 'old_password',
    fires: changed(
      on('account_policy_data', { password_last_set_time: now - 400 * day }, { username: 'mquist' }),
    ),
    unknown: on('account_policy_data', { password_last_set_time: null }, { username: 'mquist' }),
    clean: changed(on('account_policy_data', { failed_login_count: 7 }, { username: 'mquist' })),
  },
  {
    query: 'admin_without_token',
    fires: changed(person('svcdeploy', 505, 1)),
    unknown: token('itadmin', null),
  },
  {
    query: 'token_holder_not_admin',
    fires: changed(person('loaner', 504, 0, 1)),
    unknown: on('secure_tokens', { is_admin: null }, { username: 'itadmin' }),
  },
  {
    query: 'laps_admin_holds_secure_token',
    fires: changed(withManaged),
    unknown: denied('managed_users'),
  },
  {
    query: 'token_source_conflicts',
    fires: changed(
      put('conflicts', {
        subject_kind: 'user',
        subject: 'mquist',
        fact: 'secure_token',
        rule_id: 'M01',
        source_a: 'opendirectory',
        value_a: '1',
        source_b: 'apfs',
        value_b: '0',
        severity: 'high',
        conclusion: 'claimed, not effective.',
      }),
    ),
    unknown: denied('conflicts'),
  },
  {
    query: 'filevault_orphan_users',
    fires: changed((host) =>
      add(host, 'filevault_users', {
        uuid: uuidOf(host.hostId, 'gone'),
        type: 'os_user',
        resolution: 'orphan',
      }),
    ),
    unknown: denied('filevault_users'),
  },
  {
    query: 'stale_account_can_unlock',
    fires: changed(on('account_policy_data', { last_login_time: now - 200 * day }, { username: 'itadmin' })),
    unknown: denied('account_policy_data'),
  },
  {
    query: 'disabled_account_can_unlock',
    fires: changed((host) =>
      add(host, 'authentication_authorities', {
        username: 'itadmin',
        uid: 502,
        uuid: uuidOf(host.hostId, 'itadmin'),
        ordinal: 1,
        ...authority(';DisabledUser;;ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>'),
      }),
    ),
    unknown: denied('authentication_authorities'),
  },
  {
    query: 'removed_from_filevault_keeps_token',
    fires: changed(on('secure_tokens', { filevault_enabled: 0 }, { username: 'itadmin' })),
    unknown: on('secure_tokens', { filevault_enabled: null }, { username: 'itadmin' }),
  },
  {
    query: 'legacy_recovery_keys',
    fires: changed(on('filevault_policies', { irk_certificate_present: 1 })),
    unknown: on('filevault_status', { has_institutional_recovery_key: null }),
  },
  {
    query: 'first_token_holder',
    fires: changed(nothing),
    unknown: (host) => {
      noTokens(host);
      deny(host, 'account_policy_data');
    },
    clean: changed(noTokens),
  },
  {
    query: 'version_threshold_matrix',
    fires: changed(nothing),
    unknown: on('hosts', { os_version: null, os_version_num: null, os_major: null }),
    clean: changed(on('hosts', { os_version: '10.12.6', os_version_num: 101_206, os_major: 10 })),
  },
  {
    query: 'only_token_holder_is_managed_admin',
    fires: changed(withManaged, token('mquist', 0)),
    unknown: denied('managed_users'),
  },
  {
    query: 'lockout_single_loss',
    fires: changed(
      token('itadmin', 0),
      on('filevault_policies', { escrow_payload_present: 0 }),
      on('filevault_status', { prk_escrow_blob_present: 0 }),
    ),
    unknown: denied('filevault_policies'),
  },
  {
    query: 'lockout_no_way_left',
    fires: changed(
      notEnrolled,
      on('users', { can_login: 0 }),
      on('filevault_policies', { escrow_payload_present: 0 }),
      on('filevault_status', { prk_escrow_blob_present: 0 }),
    ),
    unknown: denied('bootstrap_tokens'),
  },
  {
    query: 'lockout_ways',
    fires: changed(nothing),
    unknown: (host) => {
      filevaultOff(host);
      noTokens(host);
      deny(host, 'bootstrap_tokens');
    },
    clean: changed(filevaultOff, noTokens, (host) => {
      deny(host, 'bootstrap_tokens');
      Object.assign(host.tables.get('bootstrap_tokens') ?? {}, { status: 'empty' });
    }),
  },
  {
    query: 'account_created',
    fires: changedSince(nothing, person('loaner', 504)),
    unknown: on('users', { uuid: null }, { username: 'mquist' }),
    // An account of macOS that nobody uses, as updates bring them.
    clean: changedSince(nothing, person('_modelmanagerd', 301), (host) =>
      set(
        host,
        'users',
        { is_system_account: 1, is_awake: 0, can_login: 0, account_type: 'service' },
        { username: '_modelmanagerd' },
      ),
    ),
  },
  {
    query: 'account_renamed',
    fires: changedSince(nothing, named('mquist', 'MQuist')),
    unknown: denied('users'),
    // Another account with that name is not the same.
    clean: changedSince(person('loaner', 504), without('loaner'), person('other', 504)),
  },
  {
    query: 'account_deleted',
    fires: changedSince(person('loaner', 504), without('loaner')),
    unknown: on('users', { uuid: null }, { username: 'itadmin' }),
    // Another name is no other account.
    clean: changedSince(nothing, named('mquist', 'maquist')),
  },
  {
    query: 'account_uid_changed',
    fires: changedSince(nothing, on('users', { uid: 499 }, { username: 'mquist' })),
    unknown: on('users', { uid: null }, { username: 'mquist' }),
    // Another account with another uid.
    clean: changedSince(person('loaner', 504), without('loaner'), (host) =>
      addPerson(host, { username: 'loaner', uid: 505, uuid: uuidOf(host.hostId, 'another') }),
    ),
  },
  {
    query: 'hidden_account',
    fires: changed(person('loaner', 333)),
    unknown: (host) => addPerson(host, { username: 'loaner', uid: 333, facts: { can_login: null } }),
    // A build user, as of Nix: hidden, and of no use to anybody.
    clean: changed((host) =>
      addPerson(host, {
        username: '_nixbld1',
        uid: 351,
        facts: { is_hidden: 1, can_login: 0, shell: '/sbin/nologin' },
      }),
    ),
  },
  {
    query: 'mdm_server_changed',
    fires: changedSince(nothing, on('mdm_enrollments', { server_host: 'mdm.example.net' })),
    unknown: denied('mdm_enrollments'),
    // It left, and came back to the same.
    clean: (hostId) => {
      const first = cleanHost(hostId, now - 5 * day);
      const away = later(first);
      notEnrolled(away);
      return [first, away, later(first, 5 * day)];
    },
  },
  {
    query: 'filevault_turned_off',
    fires: changedSince(nothing, filevaultOff),
    unknown: on('filevault_status', { filevault_enabled: null, status: 'unknown' }),
    // It was off before.
    clean: changedSince(filevaultOff, on('filevault_status', { supports_auth_restart: 0 })),
  },
  {
    query: 'bootstrap_token_lost',
    fires: changedSince(nothing, on('bootstrap_tokens', { state: 'stale_local' })),
    unknown: on('bootstrap_tokens', { state: 'unknown' }),
    // It left MDM: that is another question.
    clean: changedSince(nothing, notEnrolled),
  },
  {
    query: 'recovery_key_replaced',
    fires: changedSince(nothing, on('filevault_status', { prk_escrow_blob_modified_time: now - day })),
    unknown: denied('filevault_status'),
    // The first key.
    clean: changedSince(
      on('filevault_status', { prk_escrow_blob_present: 0, prk_escrow_blob_modified_time: null }),
      on('filevault_status', { prk_escrow_blob_present: 1, prk_escrow_blob_modified_time: now - day }),
    ),
  },
  {
    query: 'password_changed',
    fires: changedSince(
      nothing,
      on('account_policy_data', { password_last_set_time: now - day - 0.5 }, { username: 'mquist' }),
    ),
    unknown: denied('account_policy_data'),
    // A failed login changes another fact of the same row.
    clean: changedSince(
      nothing,
      on('account_policy_data', { failed_login_count: 1 }, { username: 'mquist' }),
    ),
  },
  {
    query: 'started_with_recovery_key',
    fires: changed(on('filevault_status', { using_recovery_key: 1 })),
    unknown: on('filevault_status', { using_recovery_key: null }),
  },
  {
    query: 'enrollment_marker_owner',
    fires: changed(on('enrollment_markers', { owner_uid: 501 }, { file_exists: 1 })),
    unknown: on('enrollment_markers', { owner_uid: null }),
  },
  {
    query: 'sip_off',
    fires: changed(on('hosts', { sip_enabled: 0 })),
    unknown: on('hosts', { sip_enabled: null }),
  },
  {
    query: 'remote_login_on',
    fires: changed(on('hosts', { remote_login_enabled: 1 })),
    unknown: on('hosts', { remote_login_enabled: null }),
  },
  {
    query: 'remote_login_open_to_everybody',
    fires: changed(
      on('hosts', { remote_login_enabled: 1 }),
      put('groups', { groupname: 'com.apple.access_ssh-disabled', gid: 395 }),
    ),
    unknown: (host) => {
      set(host, 'hosts', { remote_login_enabled: 1 });
      deny(host, 'groups');
    },
    clean: changed(
      on('hosts', { remote_login_enabled: 1 }),
      put('groups', { groupname: 'com.apple.access_ssh', gid: 395 }),
    ),
  },
  {
    query: 'remote_access_allowed',
    fires: changed(
      put('user_groups', {
        username: 'mquist',
        uid: 501,
        groupname: 'com.apple.access_ssh',
        gid: 395,
        is_direct: 1,
      }),
    ),
    unknown: denied('user_groups'),
    clean: changed(
      put('user_groups', { username: 'mquist', uid: 501, groupname: 'admin', gid: 80, is_direct: 1 }),
    ),
  },
  {
    query: 'filevault_may_be_turned_off',
    fires: changed(on('filevault_policies', { dont_allow_fde_disable: 0 })),
    unknown: denied('filevault_policies'),
  },
  {
    query: 'filevault_unlock_logs_in',
    fires: changed(on('filevault_policies', { disable_fde_autologin: null })),
    unknown: denied('filevault_policies'),
  },
  {
    query: 'internal_volume_unencrypted',
    fires: changed(volume({ is_internal: 1, filevault: 0 })),
    unknown: volume({ is_internal: null, filevault: 0 }),
    clean: changed(volume({ is_internal: 0, filevault: 0 }), (host) =>
      add(host, 'apfs_volumes', {
        device_identifier: 'disk3s2',
        role: 'Preboot',
        is_internal: 1,
        filevault: 0,
      }),
    ),
  },
  {
    query: 'external_volume_unencrypted',
    fires: changed(volume({ is_internal: 0, filevault: 0, encryption: 0 })),
    unknown: volume({ is_internal: 0, filevault: null }),
    clean: changed(volume({ is_internal: 1, filevault: 0, encryption: 0 })),
  },
  {
    query: 'platform_sso_admin_by_default',
    fires: changed(put('platform_sso_states', { new_user_authorization_mode: 'Admin' })),
    unknown: denied('platform_sso_states'),
    clean: changed(put('platform_sso_states', { new_user_authorization_mode: 'Groups' })),
  },
  {
    query: 'platform_sso_exempt_account',
    fires: changed(put('platform_sso_states', { username: 'itadmin', is_registered: 0, is_exempt: 1 })),
    unknown: denied('platform_sso_states'),
    clean: changed(put('platform_sso_states', { username: 'mquist', is_registered: 1, is_exempt: 0 })),
  },
  ...accessCases,
  {
    query: 'login_window_tells_of_the_mac',
    fires: changed(on('loginwindow_settings', { admin_host_info: 'HostName' })),
    unknown: denied('loginwindow_settings'),
  },
  {
    query: 'login_window_shows_accounts',
    fires: changed(on('loginwindow_settings', { asks_for_name: 0 })),
    unknown: on('loginwindow_settings', { asks_for_name: null }),
  },
  {
    query: 'password_hints_shown',
    fires: changed(on('loginwindow_settings', { retries_until_hint: null })),
    unknown: denied('loginwindow_settings'),
  },
  {
    query: 'smart_card_not_allowed',
    fires: changed(on('smart_card_settings', { allow_smart_card: 0 })),
    unknown: on('smart_card_settings', { allow_smart_card: null }),
  },
  {
    query: 'smart_card_not_required',
    fires: changed(on('smart_card_settings', { enforce_smart_card: 0 })),
    unknown: on('smart_card_settings', { enforce_smart_card: null }),
  },
  {
    query: 'smart_card_trust_unchecked',
    fires: changed(on('smart_card_settings', { enforce_smart_card: 1, check_certificate_trust: 1 })),
    unknown: on('smart_card_settings', { enforce_smart_card: null }),
    // With the lists of the issuer.
    clean: changed(on('smart_card_settings', { enforce_smart_card: 1, check_certificate_trust: 2 })),
  },
  {
    query: 'smart_card_removal_ignored',
    fires: changed(on('smart_card_settings', { enforce_smart_card: 1, token_removal_action: null })),
    unknown: denied('smart_card_settings'),
    clean: changed(on('smart_card_settings', { enforce_smart_card: 1, token_removal_action: 1 })),
  },
];
