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
const notEnrolled = (host: Host): void => {
  set(host, 'mdm_enrollments', {
    is_enrolled: 0,
    is_user_approved: null,
    is_dep_enrolled: 0,
    is_supervised: null,
    dep_record_cached: 0,
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

const withManaged = (host: Host): void =>
  add(host, 'managed_users', {
    username: 'itadmin',
    uuid: uuidOf(host.hostId, 'itadmin'),
    kind: 'auto_setup_admin',
    source: 'mdmclient',
  });

export const cases: readonly Case[] = [
  {
    query: 'collection_blind_spots',
    fires: changed(denied('filevault_users')),
    unknown: (host) => host.tables.clear(),
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
    query: 'login_exposure',
    fires: changed(on('loginwindow_settings', { guest_enabled: 1 })),
    unknown: (host) => {
      const state = host.tables.get('loginwindow_settings');
      if (state !== undefined)
        Object.assign(state, {
          status: 'partial',
          reason: 'the preference file may not be read',
          columnsAffected: ['autologin_username'],
        });
    },
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
    query: 'mdm_enrollment_gaps',
    fires: changed(notEnrolled),
    unknown: on('mdm_enrollments', { is_user_approved: null }),
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
    query: 'password_signals',
    fires: changed(on('account_policy_data', { failed_login_count: 7 }, { username: 'mquist' })),
    unknown: on('account_policy_data', { password_last_set_time: null }, { username: 'mquist' }),
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
    unknown: on('account_policy_data', { last_login_time: null }, { username: 'itadmin' }),
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
  ...accessCases,
];
