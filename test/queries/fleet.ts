/** A fleet of constructed hosts in which every condition of every query is planted. */
import { holdsRows } from '../../collector/status.ts';
import { cases } from './cases.ts';
import { add, addPerson, authority, cleanHost, day, deny, later, now, set } from './constructed.ts';
import type { Host } from './constructed.ts';

/** A source of numbers that are always the same. */
const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
};

// What SQL engines may take differently: quotes, backslashes, cases, letters beyond ASCII, wildcards.
const oddNames = [
  "o'brien",
  'Ümit',
  'a"b',
  'back\\slash',
  '_SVC',
  'percent%',
  'ünder_score',
  'MQUIST',
  'zoë',
  'z',
];

const hostIdOf = (index: number): string =>
  `${index.toString(16).padStart(8, '0').toUpperCase()}-0000-4000-8000-000000000000`;

/** Small changes that make no case but move every count. */
const vary = (host: Host, next: (below: number) => number): void => {
  const versions = [101_206, 101_304, 101_507, 110_700, 130_600, 140_700, 150_601, 260_100];
  const version = versions[next(versions.length)] ?? 150_601;
  set(host, 'hosts', {
    os_version_num: version,
    os_major: Math.floor(version / 10_000),
    os_version: `${version}`,
  });
  if (next(4) === 0) set(host, 'hosts', { is_apple_silicon: 0, cpu_arch: 'x86_64' });
  for (let count = next(4); count > 0; count -= 1) {
    const name = `${oddNames[next(oddNames.length)]}${count}`;
    addPerson(host, {
      username: name,
      uid: 600 + next(5),
      isAdmin: next(5) === 0 ? 1 : 0,
      token: next(2) === 0 ? 1 : 0,
    });
    if (next(6) === 0) set(host, 'loginwindow_settings', { hidden_users: JSON.stringify([name, 'nobody']) });
    if (next(6) === 0) set(host, 'users', { can_login: [0, 1, null][next(3)] ?? null }, { username: name });
    if (next(6) === 0)
      set(
        host,
        'secure_tokens',
        { volume_owner: null, filevault_enabled: [0, 1, null][next(3)] ?? null },
        { username: name },
      );
    if (next(8) === 0)
      set(
        host,
        'account_policy_data',
        { last_login_time: now - next(300) * day - 0.5, failed_login_count: next(12) },
        { username: name },
      );
  }
  if (next(10) === 0) set(host, 'bootstrap_tokens', { escrowed_to_server: null, state: 'unknown' });
  if (next(12) === 0)
    set(host, 'bootstrap_tokens', {
      eacs_preflight: ['success', 'EFI password exists', 'token not found'][next(3)] ?? null,
    });
  if (next(15) === 0) set(host, 'filevault_status', { has_institutional_recovery_key: 1 });
  if (next(20) === 0)
    add(host, 'apfs_crypto_users', {
      device_identifier: 'disk3s5',
      crypto_user_uuid: '64C0C6EB-0000-11AA-AA11-00306543ECAC',
      type: 'ICloud',
      resolution: 'icloud',
    });
  if (next(25) === 0)
    deny(
      host,
      ['filevault_users', 'account_policy_data', 'apfs_crypto_users', 'users', 'secure_tokens'][next(5)] ??
        'users',
    );
};

/** Changes between two snapshots of one host. */
const drift = (host: Host, next: (below: number) => number): void => {
  const has = (table: string, username: string): boolean =>
    host.tables.get(table)?.rows.some((row) => row['username'] === username) === true;
  for (const username of ['mquist', 'itadmin']) {
    if (next(6) === 0 && has('users', username))
      set(host, 'users', { is_admin: next(2) === 0 ? 1 : 0 }, { username });
    if (next(6) === 0 && has('secure_tokens', username))
      set(host, 'secure_tokens', { secure_token: [0, 1, null][next(3)] ?? null }, { username });
    if (next(8) === 0 && has('authentication_authorities', username)) {
      add(host, 'authentication_authorities', {
        username,
        uid: 501,
        uuid: null,
        ordinal: 7 + next(50),
        ...authority([';DisabledUser;', ';Kerberosv5;;a@LKDC', ';DisabledTags;SecureToken'][next(3)] ?? ''),
      });
    }
  }
};

/** @returns Snapshots, those of one host from old to new. */
export const fleetOf = (count: number): Host[] => {
  const next = numbers(20_260_921);
  const snapshots: Host[] = [];
  for (let index = 0; index < count; index += 1) {
    const hostId = hostIdOf(index);
    const planted = cases[Math.floor(index / 4) % cases.length];
    // A host without any status is none that could be planted.
    const isPlanted = planted !== undefined && planted.query !== 'host_not_seen';
    if (isPlanted && index % 4 === 0) {
      const hosts = planted.fires(hostId);
      if (index % 3 === 0) for (const host of hosts) vary(host, next);
      snapshots.push(...hosts);
    } else if (isPlanted && index % 4 === 1) {
      const host = cleanHost(hostId);
      planted.unknown(host);
      snapshots.push(host);
    } else if (planted?.clean !== undefined && index % 4 === 2) {
      snapshots.push(...planted.clean(hostId));
    } else {
      let host = cleanHost(hostId, now - (2 + next(30)) * day);
      vary(host, next);
      snapshots.push(host);
      for (let more = next(3); more > 0; more -= 1) {
        host = later(host, next(4 * day) + 3600);
        drift(host, next);
        snapshots.push(host);
      }
    }
  }
  // What was varied after a table was denied is in no table.
  for (const { tables } of snapshots)
    for (const state of tables.values()) if (!holdsRows(state.status, state.rows.length)) state.rows = [];
  return snapshots;
};
