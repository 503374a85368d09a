/** Hosts on which a query could be wrong: a "no" that nobody knows, or a "yes" on a Mac in good order. */
import test from 'ava';
import { names } from '../../cli/names.ts';
import { tables } from '../../tables/index.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Verdict } from '../../queries/evaluate.ts';
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
import { relationsOf, sqliteOf } from './relations.ts';

const verdict = (hosts: readonly Host[], name: string): Verdict | undefined => {
  const db = sqliteOf(relationsOf(hosts));
  const [answer] = evaluate(
    db,
    queries.filter((query) => query.name === name),
    { now, names, tables },
  );
  db.close();
  return answer?.verdicts.get('HOST-A');
};
const host = (...changes: ((host: Host) => void)[]): Host => {
  const made = cleanHost('HOST-A');
  for (const change of changes) change(made);
  return made;
};

/** Guest as APFS lists it while it is on: with a token by that word alone. */
const withGuest = (one: Host): void => {
  addPerson(one, {
    username: 'Guest',
    uid: 201,
    uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9',
    token: 1,
    facts: { shell: '/bin/bash', account_type: 'guest', is_system_account: 1 },
  });
  set(one, 'secure_tokens', { filevault_enabled: 0 }, { username: 'Guest' });
  remove(one, 'account_policy_data', { username: 'Guest' });
};
const withoutTokens = (one: Host): void =>
  set(one, 'secure_tokens', { secure_token: 0, volume_owner: 0, filevault_enabled: 0 });

test('Guest is no token holder', (t) => {
  t.is(verdict([host(withoutTokens, withGuest)], 'no_secure_token_user'), 'hit');
  t.is(verdict([host(withGuest)], 'removed_from_filevault_keeps_token'), 'clean');
  t.is(verdict([host(withGuest)], 'token_holder_not_admin'), 'clean');
  t.is(verdict([host(withGuest)], 'first_token_holder'), 'hit');
  const managed = host(withGuest, (one) => {
    set(one, 'secure_tokens', { secure_token: 0 }, { username: 'mquist' });
    add(one, 'managed_users', {
      username: 'itadmin',
      uuid: uuidOf('HOST-A', 'itadmin'),
      kind: 'auto_setup_admin',
      source: 'mdmclient',
    });
  });
  t.is(verdict([managed], 'only_token_holder_is_managed_admin'), 'hit');
  const before = cleanHost('HOST-A', now - 3 * day);
  const on = later(before, day);
  withGuest(on);
  t.is(verdict([before, on], 'secure_token_gained'), 'clean');
  t.is(verdict([before, on, later(before, 2 * day)], 'secure_token_lost'), 'clean');
});

/** Accounts with the whole identity of macOS, and half of Guest's, that somebody uses. */
const claims = [
  { username: '_spotlightd', uid: 401, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000191', is_system_account: 1 },
  { username: 'nobody', uid: -2, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAAFFFFFFFE', is_system_account: 1 },
  { username: 'rook', uid: 201, uuid: '9D8C7B6A-5F4E-4D3C-8B2A-1F0E9D8C7B6A', is_system_account: 0 },
] as const;
for (const { is_system_account, ...who } of claims) {
  const { username } = who;
  const facts = {
    account_type: is_system_account === 1 ? 'service' : 'local',
    is_system_account,
    has_false_identity: 1 - is_system_account,
  };
  const used =
    (token: 0 | 1, isAdmin: 0 | 1 = 0) =>
    (one: Host) =>
      addPerson(one, { ...who, isAdmin, token, facts });

  test(`${username} is left out of no question, whatever identity it claims`, (t) => {
    t.is(
      verdict(
        [host(used(0), (one) => set(one, 'account_policy_data', { failed_login_count: 7 }, { username }))],
        'failed_logins',
      ),
      'hit',
    );
    t.is(verdict([host(withoutTokens, used(1))], 'no_secure_token_user'), 'clean');
    const disabled = host(used(1), (one) =>
      add(one, 'authentication_authorities', { ...who, ordinal: 5, ...authority(';DisabledUser;') }),
    );
    t.is(verdict([disabled], 'disabled_account_can_unlock'), 'hit');
    const managed = host(withoutTokens, used(1), (one) => {
      set(one, 'secure_tokens', { secure_token: 1 }, { username: 'itadmin' });
      add(one, 'managed_users', {
        username: 'itadmin',
        uuid: uuidOf('HOST-A', 'itadmin'),
        kind: 'auto_setup_admin',
        source: 'mdmclient',
      });
    });
    t.is(verdict([managed], 'only_token_holder_is_managed_admin'), 'clean');
    const lonely = host(withoutTokens, used(1, 1), (one) =>
      set(one, 'bootstrap_tokens', { escrowed_to_server: 0, state: 'supported_not_escrowed' }),
    );
    t.is(verdict([lonely], 'single_token_admin'), 'hit');
    const before = cleanHost('HOST-A', now - 3 * day);
    used(0)(before);
    const after = cleanHost('HOST-A');
    used(1, 1)(after);
    t.is(verdict([before, after], 'secure_token_gained'), 'hit');
    t.is(verdict([before, after], 'new_admin_between_snapshots'), 'hit');
    before.time = now;
    after.time = now - 3 * day;
    t.is(verdict([after, before], 'secure_token_lost'), 'hit');
  });
}

test('a key is escrowed where its file is there and the Mac is enrolled', (t) => {
  const of = (blob: 0 | 1 | null, payload: 0 | 1 | null, enrolled: 0 | 1 | null): Host =>
    host((one) => {
      set(one, 'filevault_status', { prk_escrow_blob_present: blob });
      set(one, 'filevault_policies', { escrow_payload_present: payload });
      set(one, 'mdm_enrollments', { is_enrolled: enrolled });
    });
  const values = [0, 1, null] as const;
  for (const blob of values)
    for (const payload of values)
      for (const enrolled of values) {
        const expected =
          enrolled === 0 || (blob === 0 && payload === 0)
            ? 'hit'
            : blob === 1 && enrolled === 1
              ? 'clean'
              : 'unknown';
        t.is(
          verdict([of(blob, payload, enrolled)], 'prk_not_escrowed_by_profile'),
          expected,
          `file ${blob}, payload ${payload}, enrolled ${enrolled}`,
        );
      }
});

test('an administrator who is disabled is no second one', (t) => {
  const made = host((one) => {
    set(one, 'bootstrap_tokens', { escrowed_to_server: 0, state: 'supported_not_escrowed' });
    set(one, 'users', { can_login: 0 }, { username: 'mquist' });
  });
  t.is(verdict([made], 'single_token_admin'), 'hit');
  set(made, 'users', { can_login: null }, { username: 'mquist' });
  t.is(verdict([made], 'single_token_admin'), 'unknown');
  set(made, 'users', { can_login: 1 }, { username: 'mquist' });
  t.is(verdict([made], 'single_token_admin'), 'clean');
});

test('the first token holder is told only where of every holder it is known when it was made', (t) => {
  const made = host((one) =>
    set(one, 'account_policy_data', { creation_time: null }, { username: 'mquist' }),
  );
  t.is(verdict([made], 'first_token_holder'), 'unknown');
  const vague = host((one) => set(one, 'secure_tokens', { secure_token: null }, { username: 'mquist' }));
  t.is(verdict([vague], 'first_token_holder'), 'unknown');
});

test('where no profile says anything of FileVault, nothing escrows the key', (t) => {
  const made = host((one) => {
    set(one, 'filevault_status', { prk_escrow_blob_present: 0 });
    one.tables.get('filevault_policies')?.rows.splice(0);
    Object.assign(one.tables.get('filevault_policies') ?? {}, { status: 'empty' });
  });
  t.is(verdict([made], 'prk_not_escrowed_by_profile'), 'hit');
  // One FileVault user, and a key that only a person has.
  set(made, 'secure_tokens', { secure_token: 0, filevault_enabled: 0 }, { username: 'itadmin' });
  t.is(verdict([made], 'lockout_single_loss'), 'hit');
  set(made, 'users', { can_login: 0 }, { username: 'mquist' });
  t.is(verdict([made], 'lockout_no_way_left'), 'hit');
  // Empty is proven; what could not be collected is not.
  set(made, 'users', { can_login: 1 }, { username: 'mquist' });
  deny(made, 'filevault_policies');
  for (const name of ['prk_not_escrowed_by_profile', 'lockout_single_loss', 'lockout_no_way_left'])
    t.is(verdict([made], name), 'unknown', name);
});

test('the last good rows of a table that is denied by now exempt nobody', (t) => {
  const off = cleanHost('HOST-A', now - 30 * day);
  set(off, 'filevault_status', {
    filevault_enabled: 0,
    status: 'deferred',
    has_personal_recovery_key: null,
    has_institutional_recovery_key: null,
  });
  const dark = later(off, 30 * day);
  deny(dark, 'filevault_status');
  for (const name of [
    'filevault_without_recovery_key',
    'prk_not_escrowed_by_profile',
    'removed_from_filevault_keeps_token',
  ]) {
    t.is(verdict([off], name), 'clean', name);
    t.is(verdict([off, dark], name), 'unknown', name);
  }
});

test('a verdict without APFS is not compared with one of APFS', (t) => {
  const whole = cleanHost('HOST-A', now - 3 * day);
  // OpenDirectory has no tag on an account that APFS lists; on the next day APFS does not answer.
  const partly = later(whole, day);
  set(partly, 'secure_tokens', { secure_token: 0, sources: 'opendirectory' }, { username: 'itadmin' });
  deny(partly, 'apfs_crypto_users');
  t.is(verdict([whole, partly], 'secure_token_lost'), 'unknown');
  const back = later(whole, 2 * day);
  t.is(verdict([whole, partly, back], 'secure_token_gained'), 'clean');
  t.is(verdict([whole, partly, back], 'secure_token_lost'), 'clean');
  // A loss that APFS tells after the dark day is one.
  const lost = later(whole, 2 * day);
  set(lost, 'secure_tokens', { secure_token: 0, sources: 'apfs' }, { username: 'itadmin' });
  t.is(verdict([whole, partly, lost], 'secure_token_lost'), 'hit');
  t.is(verdict([lost, later(whole, 3 * day)], 'secure_token_gained'), 'hit');
});

test('an account of which accountPolicyData has no row is not known', (t) => {
  const without = host((one) => remove(one, 'account_policy_data', { username: 'itadmin' }));
  set(without, 'account_policy_data', { last_login_time: now - day });
  for (const name of ['failed_logins', 'old_password', 'stale_account_can_unlock'])
    t.is(verdict([without], name), 'unknown', name);
  t.is(verdict([host()], 'old_password'), 'clean');
  // To others than root dscl shows some of the records only.
  const some = host((one) =>
    Object.assign(one.tables.get('account_policy_data') ?? {}, {
      status: 'partial',
      reason: 'accountPolicyData of every account is shown to root only',
      columnsAffected: ['last_login_time'],
      mayRowsBeMissing: true,
    }),
  );
  t.is(verdict([some], 'old_password'), 'unknown');
  // Whether the account can log in is not known, nor when its password was set.
  const vague = host((one) => {
    set(one, 'users', { can_login: null }, { username: 'mquist' });
    set(one, 'account_policy_data', { password_last_set_time: null }, { username: 'mquist' });
  });
  t.is(verdict([vague], 'old_password'), 'unknown');
});

test('the managed administrator without accountPolicyData is not known', (t) => {
  const made = host((one) => {
    add(one, 'managed_users', {
      username: 'itadmin',
      uuid: uuidOf('HOST-A', 'itadmin'),
      kind: 'auto_setup_admin',
      source: 'mdmclient',
    });
    remove(one, 'account_policy_data', { username: 'itadmin' });
  });
  t.is(verdict([made], 'laps_admin_holds_secure_token'), 'unknown');
});

test('the file of a deferral that could not be looked at is not known, whatever path it has', (t) => {
  const made = host((one) => set(one, 'filevault_deferrals', { output_file_exists: null }));
  t.is(verdict([made], 'recovery_key_file_on_disk'), 'unknown');
});

test('a bootstrap token whose state is unknown is one that may be there', (t) => {
  const made = host((one) => {
    set(one, 'secure_tokens', { secure_token: 0, filevault_enabled: 0 }, { username: 'itadmin' });
    set(one, 'bootstrap_tokens', {
      supported_on_server: 0,
      escrowed_to_server: 0,
      crypto_user_present: null,
      state: 'unknown',
    });
  });
  for (const name of ['single_token_admin', 'lockout_no_way_left'])
    t.is(verdict([made], name), 'unknown', name);
});

test('an orphan is one, whoever else is listed', (t) => {
  const orphan = host((one) =>
    add(one, 'apfs_crypto_users', {
      device_identifier: 'disk3s5',
      crypto_user_uuid: uuidOf('HOST-A', 'gone'),
      type: 'LocalOpenDirectory',
      volume_owner: 1,
      resolution: 'orphan',
    }),
  );
  t.is(verdict([orphan], 'filevault_orphan_users'), 'hit');
  // With nobody else on any volume it is the only one there is.
  remove(orphan, 'apfs_crypto_users', { resolution: 'local_user' });
  t.is(verdict([orphan], 'filevault_orphan_users'), 'hit');
  // A kind that is not known need not be an account, and may be one.
  const odd = host((one) =>
    add(one, 'apfs_crypto_users', {
      device_identifier: 'disk3s5',
      crypto_user_uuid: uuidOf('HOST-A', 'odd'),
      type: 'Unknown',
    }),
  );
  t.is(verdict([odd], 'filevault_orphan_users'), 'unknown');
});

test('without APFS there is no token that could be missing', (t) => {
  const hfs = host(withoutTokens, (one) => {
    set(one, 'hosts', { boot_volume_fs: 'hfs' });
    addPerson(one, { username: 'jmarwick', uid: 90_001 });
    add(one, 'mobile_accounts', {
      uid: 90_001,
      username: 'jmarwick',
      uuid: uuidOf('HOST-A', 'jmarwick'),
      original_node: '/Active Directory/CORP',
    });
  });
  for (const name of ['admin_without_token', 'mobile_accounts_without_token', 'no_secure_token_user'])
    t.is(verdict([hfs], name), 'clean', name);
});

test('an administrator of whom it is not known whether he can log in is not known', (t) => {
  const made = host((one) => {
    addPerson(one, { username: 'svc', uid: 505, isAdmin: 1, facts: { can_login: null } });
  });
  t.is(verdict([made], 'admin_without_token'), 'unknown');
});

test('a payload without a certificate is no institutional key', (t) => {
  const made = host((one) => set(one, 'filevault_policies', { irk_certificate_present: null }));
  t.is(verdict([made], 'legacy_recovery_keys'), 'clean');
  Object.assign(made.tables.get('filevault_policies') ?? {}, {
    status: 'partial',
    reason: 'profiles show -type configuration says that it needs root',
    columnsAffected: ['irk_certificate_present'],
  });
  t.is(verdict([made], 'legacy_recovery_keys'), 'unknown');
});

test('an enrolment of which it is not known how it was made is not known', (t) => {
  const made = host((one) =>
    set(one, 'mdm_enrollments', { is_dep_enrolled: 0, dep_record_cached: null, is_supervised: 1 }),
  );
  t.is(verdict([made], 'mdm_enrolled_by_other_means'), 'unknown');
});
