/**
 * What each question asks, value by value: where it fires, where it does not, and where it cannot be told. Every family goes
 * through all values of the facts that it turns on, and an oracle beside it says in words what is right.
 */
import { tables } from '../../tables/index.ts';
import test from 'ava';
import { names } from '../../cli/names.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Answer, Verdict } from '../../queries/evaluate.ts';
import { add, addPerson, cleanHost, deny, now, remove, set, uuidOf } from './constructed.ts';
import type { AnyRow, Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const answerOf = (hosts: readonly Host[], name: string): Answer => {
  const query = queries.find((one) => one.name === name);
  if (query === undefined) throw new Error(`there is no question ${name}`);
  const db = sqliteOf(relationsOf(hosts));
  const [answer] = evaluate(db, [query], { now, names, tables });
  db.close();
  if (answer === undefined) throw new Error('no answer');
  return answer;
};
const verdict = (host: Host, name: string): Verdict | undefined =>
  answerOf([host], name).verdicts.get(host.hostId);
const factsOf = (host: Host, name: string): AnyRow | undefined => answerOf([host], name).hits[0]?.facts;
const host = (...changes: ((host: Host) => void)[]): Host => {
  const made = cleanHost('HOST-A');
  for (const change of changes) change(made);
  return made;
};
const bits = [0, 1, null] as const;

// --- FileVault ---

test('filevault_off: a Mac being decrypted is a hit, whatever the headline says', (t) => {
  const states = ['on', 'off', 'encrypting', 'decrypting', 'deferred', 'restart_needed', 'unknown'] as const;
  for (const status of states)
    for (const enabled of bits) {
      const expected =
        status === 'decrypting'
          ? 'hit'
          : status === 'unknown' || enabled === null
            ? 'unknown'
            : enabled === 0 && !['deferred', 'encrypting'].includes(status)
              ? 'hit'
              : 'clean';
      const made = host((one) => set(one, 'filevault_status', { filevault_enabled: enabled, status }));
      t.is(verdict(made, 'filevault_off'), expected, `enabled ${enabled}, ${status}`);
    }
});

test('posture_by_os_version: a Mac being decrypted does not count as on', (t) => {
  const made = host((one) => set(one, 'filevault_status', { status: 'decrypting' }));
  t.is(factsOf(made, 'posture_by_os_version')?.['filevault_percent'], 0);
  t.is(factsOf(host(), 'posture_by_os_version')?.['filevault_percent'], 100);
});

const keyUuids = {
  PersonalRecovery: 'EBC6C064-0000-11AA-AA11-00306543ECAC',
  InstitutionalRecovery: 'C064EBC6-0000-11AA-AA11-00306543ECAC',
  ICloud: '64C0C6EB-0000-11AA-AA11-00306543ECAC',
  ICloudRecovery: 'EC1C2AD9-B618-4ED6-BD8D-50F361C27507',
} as const;
type Key = keyof typeof keyUuids;
const putKey = (one: Host, type: Key | 'Unknown' | 'Sealed'): void =>
  add(one, 'apfs_crypto_users', {
    device_identifier: 'disk3s5',
    crypto_user_uuid: type in keyUuids ? keyUuids[type as Key] : uuidOf(one.hostId, type),
    type,
    volume_owner: 0,
    resolution: type.startsWith('ICloud') ? 'icloud' : type in keyUuids ? 'recovery_key' : null,
  });
/** FileVault is on, and of keys there is what fdesetup says and what APFS lists. */
const withKeys =
  (personal: 0 | 1 | null, institutional: 0 | 1 | null, chip: 0 | 1 | null, listed: readonly Key[]) =>
  (one: Host): void => {
    set(one, 'filevault_status', {
      has_personal_recovery_key: personal,
      has_institutional_recovery_key: institutional,
      prk_escrow_blob_present: 0,
    });
    set(one, 'hosts', { is_apple_silicon: chip });
    remove(one, 'apfs_crypto_users', { type: 'PersonalRecovery' });
    for (const key of listed) putKey(one, key);
  };

test('filevault_without_recovery_key: a key of any kind that opens the disk is one, iCloud recovery too', (t) => {
  const lists: (readonly Key[])[] = [
    [],
    ['PersonalRecovery'],
    ['ICloud'],
    ['ICloudRecovery'],
    ['InstitutionalRecovery'],
    ['InstitutionalRecovery', 'ICloud'],
  ];
  for (const listed of lists)
    for (const personal of bits)
      for (const institutional of bits)
        for (const chip of bits) {
          const isListed = listed.some((key) => key !== 'InstitutionalRecovery');
          const hasMaster = listed.includes('InstitutionalRecovery');
          const isProven = personal === 0 && institutional !== null && chip !== null;
          const opens = isListed || (chip === 0 && (institutional === 1 || hasMaster));
          const made = host(withKeys(personal, institutional, chip, listed));
          const is = verdict(made, 'filevault_without_recovery_key');
          const about = `fdesetup ${personal} ${institutional}, chip ${chip}, listed ${listed.join()}`;
          if (isProven) t.is(is, opens ? 'clean' : 'hit', about);
          else if (personal === null) t.is(is, 'unknown', about);
          else if (personal === 1 || opens) t.not(is, 'hit', about);
          else t.not(is, 'clean', about);
        }
});

test('filevault_without_recovery_key: an entry of a kind that is not known may be a key', (t) => {
  const odd = host(withKeys(0, 0, 1, []), (one) => putKey(one, 'Unknown'));
  Object.assign(odd.tables.get('apfs_crypto_users') ?? {}, { status: 'partial', reason: 'an odd entry' });
  t.is(verdict(odd, 'filevault_without_recovery_key'), 'unknown');
  const dark = host(withKeys(0, 0, 1, ['ICloud']), (one) => deny(one, 'apfs_crypto_users'));
  t.is(verdict(dark, 'filevault_without_recovery_key'), 'unknown');
});

test('lockout_ways: iCloud recovery is a way, and none on which the organisation can count', (t) => {
  const made = host(withKeys(0, 0, 1, ['ICloud', 'ICloudRecovery']));
  const rows = answerOf([made], 'lockout_ways').hits.filter(({ subject }) => subject === 'iCloud recovery');
  t.deepEqual(
    rows.map(({ facts }) => [facts['capability'], facts['kind'], facts['counts']]),
    [['unlock', 'key', 0]],
  );
});

test('lockout: Guest is a way to none of the three, whatever rights it holds', (t) => {
  const made = host((one) => {
    for (const table of ['users', 'secure_tokens'])
      for (const username of ['itadmin', 'mquist']) remove(one, table, { username });
    addPerson(one, {
      ...{ username: 'Guest', uid: 201, uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' },
      ...{ isAdmin: 1, token: 1, facts: { account_type: 'guest' } },
    });
    set(one, 'bootstrap_tokens', { state: 'not_supported', escrowed_to_server: 0 });
  });
  const ways = answerOf([made], 'lockout_ways').hits.filter(({ subject }) => subject === 'Guest');
  t.deepEqual(
    ways.map(({ facts }) => [facts['capability'], facts['counts']]),
    [
      ['authority', 0],
      ['unlock', 0],
    ],
  );
  const none = answerOf([made], 'lockout_no_way_left').hits.map(({ subject }) => subject);
  t.deepEqual(none, ['authority']);
  // The escrowed key is left.
  t.deepEqual(
    answerOf([made], 'lockout_single_loss').hits.map(({ facts }) => facts['kind']),
    ['key'],
  );
});

// --- Enrolment ---

const versions = [
  ['10.15.7', 101_507, 10],
  ['11.0', 110_000, 11],
  ['15.6.1', 150_601, 15],
  [null, null, null],
] as const;

test('mdm_not_supervised: from macOS 11 on a user-approved enrolment supervises', (t) => {
  for (const [os_version, os_version_num, os_major] of versions)
    for (const approved of bits)
      for (const told of bits)
        for (const byUser of bits) {
          const made = host((one) => {
            set(one, 'hosts', { os_version, os_version_num, os_major });
            set(one, 'mdm_enrollments', {
              is_user_approved: approved,
              is_dep_enrolled: 0,
              dep_record_cached: 0,
              is_supervised: told,
              is_user_enrollment: byUser,
            });
          });
          const isDerived = approved === 1 && (os_version_num ?? 0) >= 110_000;
          const expected =
            told === 0 && byUser !== 1
              ? 'hit'
              : told === 1 || isDerived || byUser === 1
                ? 'clean'
                : 'unknown';
          const about = `macOS ${os_version}, approved ${approved}, supervised ${told}, user ${byUser}`;
          t.is(verdict(made, 'mdm_not_supervised'), expected, about);
          const isApproved = approved === null ? 'unknown' : approved === 0 ? 'hit' : 'clean';
          t.is(verdict(made, 'mdm_not_user_approved'), isApproved, about);
        }
});

test('an enrolment that may supervise is not known where the version is not', (t) => {
  const made = host((one) =>
    set(one, 'mdm_enrollments', {
      is_user_approved: 1,
      is_supervised: null,
      is_dep_enrolled: 0,
      dep_record_cached: 0,
    }),
  );
  t.is(verdict(made, 'mdm_not_supervised'), 'clean');
  deny(made, 'hosts');
  t.is(verdict(made, 'mdm_not_supervised'), 'unknown');
});

// --- The bootstrap token ---

test('bootstrap_token_stale: the preflight that its text names must be known where there is one', (t) => {
  const words = [
    ['success', 'clean'],
    ['success (cached)', 'clean'],
    ['not supported', 'clean'],
    ['Unable to get bootstrap token', 'hit'],
    ['Invalid disk layout', 'hit'],
    ['System is not on full security', 'hit'],
    ['EFI password exists', 'unknown'],
    ['postponed', 'unknown'],
    [null, 'unknown'],
  ] as const;
  const numbers = [101_507, 130_200, 130_300, 150_601, null] as const;
  for (const [word, expected] of words)
    for (const number of numbers) {
      const made = host((one) => {
        set(one, 'bootstrap_tokens', { eacs_preflight: word });
        set(one, 'hosts', { os_version_num: number });
      });
      const isBefore = number !== null && number < 130_300;
      const about = `${word} on ${number}`;
      t.is(verdict(made, 'bootstrap_token_stale'), word === null && isBefore ? 'clean' : expected, about);
    }
});

test('bootstrap_token_stale: no token that the server has, no preflight of it', (t) => {
  for (const state of ['supported_not_escrowed', 'not_supported', 'not_enrolled'] as const) {
    const made = host((one) =>
      set(one, 'bootstrap_tokens', {
        supported_on_server: state === 'not_enrolled' ? null : state === 'not_supported' ? 0 : 1,
        escrowed_to_server: state === 'supported_not_escrowed' ? 0 : null,
        crypto_user_present: 0,
        eacs_preflight: null,
        state,
      }),
    );
    t.is(verdict(made, 'bootstrap_token_stale'), 'clean', state);
  }
});

test('bootstrap_token_stale: a key that was left on a Mac that is not enrolled is not clean', (t) => {
  for (const key of [1, null]) {
    const made = host((one) =>
      set(one, 'bootstrap_tokens', {
        supported_on_server: null,
        escrowed_to_server: null,
        crypto_user_present: key,
        eacs_preflight: null,
        state: 'not_enrolled',
      }),
    );
    t.is(verdict(made, 'bootstrap_token_stale'), 'unknown', `key ${key}`);
    set(made, 'bootstrap_tokens', { supported_on_server: 0 });
    t.is(verdict(made, 'bootstrap_token_stale'), key === 1 ? 'hit' : 'unknown', `key ${key}, server no`);
  }
});

// --- Who may log in ---

test('root_login_on: root is a hit where root can log in', (t) => {
  for (const enabled of bits)
    for (const canLogin of bits) {
      const made = host((one) => {
        set(one, 'loginwindow_settings', { root_enabled: enabled });
        set(one, 'users', { can_login: canLogin }, { username: 'root' });
      });
      const expected =
        enabled === 0 || canLogin === 0 ? 'clean' : enabled === 1 && canLogin === 1 ? 'hit' : 'unknown';
      const is = verdict(made, 'root_login_on');
      // That root has an authority is not known: nothing is said of the shell alone.
      t.is(is, enabled === null ? 'unknown' : expected, `${enabled} ${canLogin}`);
    }
});

const disabled = (username: string, canLogin: 0 | 1 | null) => (one: Host) => {
  addPerson(one, { username, uid: 510, facts: { can_login: canLogin, is_awake: 1 } });
  set(one, 'account_policy_data', { password_last_set_time: 1, failed_login_count: 9 }, { username });
};

for (const name of ['failed_logins', 'old_password']) {
  test(`${name}: an account that cannot log in is none`, (t) => {
    t.is(verdict(host(disabled('gone', 1)), name), 'hit');
    t.is(verdict(host(disabled('gone', 0)), name), 'clean');
    const vague = host(disabled('gone', null));
    set(
      vague,
      'account_policy_data',
      { password_last_set_time: null, failed_login_count: null },
      { username: 'gone' },
    );
    t.is(verdict(vague, name), 'unknown');
  });

  test(`${name}: what would be a hit of an account that may log in is not clean`, (t) => {
    t.is(verdict(host(disabled('gone', null)), name), 'unknown');
  });
}

const admin =
  (facts: AnyRow, disabledTag: 0 | 1 | null = 0) =>
  (one: Host): void => {
    addPerson(one, { username: 'svc', uid: 505, isAdmin: 1, facts });
    set(one, 'secure_tokens', { disabled_tag: disabledTag }, { username: 'svc' });
  };

test('admin_without_token: one of MDM, or one that is barred from a token on purpose, is none', (t) => {
  t.is(verdict(host(admin({})), 'admin_without_token'), 'hit');
  t.is(verdict(host(admin({ account_type: 'managed_admin' })), 'admin_without_token'), 'clean');
  t.is(verdict(host(admin({}, 1)), 'admin_without_token'), 'clean');
  t.is(verdict(host(admin({}, null)), 'admin_without_token'), 'unknown');
  // MDM was asked, and did not tell which accounts it made.
  t.is(verdict(host(admin({ account_type: null })), 'admin_without_token'), 'unknown');
});

// --- A fleet ---

/** Twenty Macs, each with an administrator of its own and one that all have; and who sits at the screen. */
const fleetAt = (console: (index: number) => string | null): Host[] =>
  Array.from({ length: 20 }, (_, index) => {
    const one = cleanHost(`HOST-${index}`);
    for (const table of ['users', 'secure_tokens'])
      set(one, table, { username: `person${index}` }, { username: 'mquist' });
    set(one, 'hosts', { console_username: console(index) });
    return one;
  });
const count = (answer: Answer, word: Verdict): number =>
  [...answer.verdicts.values()].filter((one) => one === word).length;

test('rare_admin_accounts: is no count of who sits at the login window', (t) => {
  const day = answerOf(
    fleetAt((index) => `person${index}`),
    'rare_admin_accounts',
  );
  t.deepEqual([day.hits.length, count(day, 'clean')], [0, 20]);
  for (const nobody of ['root', '_mbsetupuser', null]) {
    const night = answerOf(
      fleetAt(() => nobody),
      'rare_admin_accounts',
    );
    // Whether the only one with a rare name is the person of the Mac is not known.
    t.deepEqual([night.hits.length, count(night, 'unknown')], [0, 20], `${nobody} at the screen`);
  }
});

test('rare_admin_accounts: at the login window, who is no person is still told, and a Mac without rare names is clean', (t) => {
  const fleet = fleetAt((index) => (index < 3 ? 'root' : `person${index}`));
  const [hidden, low, common] = fleet;
  if (hidden === undefined || low === undefined || common === undefined) throw new Error('no host');
  addPerson(hidden, { username: 'rook', uid: 777, isAdmin: 1, facts: { is_hidden: 1 } });
  addPerson(low, { username: 'pawn', uid: 404, isAdmin: 1 });
  for (const table of ['users', 'secure_tokens'])
    set(common, table, { username: 'helpdesk' }, { username: 'person2' });
  for (const one of fleet.slice(10)) addPerson(one, { username: 'helpdesk', uid: 600, isAdmin: 1 });
  const answer = answerOf(fleet, 'rare_admin_accounts');
  t.deepEqual(
    answer.hits.map(({ hostId, subject }) => [hostId, subject]),
    [
      ['HOST-0', 'rook'],
      ['HOST-1', 'pawn'],
    ],
  );
  t.is(answer.verdicts.get('HOST-2'), 'clean');
});

test('rare_admin_accounts: one beside the person at the screen is told', (t) => {
  const fleet = fleetAt((index) => `person${index}`);
  const [first] = fleet;
  if (first === undefined) throw new Error('no host');
  addPerson(first, { username: 'rook', uid: 777, isAdmin: 1 });
  t.deepEqual(
    answerOf(fleet, 'rare_admin_accounts').hits.map(({ subject }) => subject),
    ['rook'],
  );
});
