/** Hosts that never were, as row sets: a Mac in good order, and everything that can be wrong with one. */
import type { Status } from '../../collector/status.ts';
import type { Collection, TableResult } from '../../collector/collection.ts';
import { sortRows } from '../../collector/order.ts';
import { violations } from '../../collector/validate.ts';
import type { Backend } from '../../collector/backends/backend.ts';
import { allColumns } from '../../collector/table.ts';
import type { Table, Value } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';

export type AnyRow = Readonly<Record<string, Value>>;

export const day = 86_400;
/** A Tuesday: the time of the newest snapshot unless a test says otherwise. */
export const now = 1_790_000_000;

interface State {
  rows: Record<string, Value>[];
  status: Status;
  reason: string | null;
  columnsAffected: readonly string[] | null;
  mayRowsBeMissing?: boolean;
}

/** One snapshot of one host, to be changed at will. */
export interface Host {
  readonly hostId: string;
  time: number;
  readonly tables: Map<string, State>;
}

export const collectable = tables.filter(({ generate }) => generate !== undefined);
const tableNamed = (name: string): Table => {
  const table = tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`there is no table ${name}`);
  return table;
};

const full = (name: string, hostId: string, row: AnyRow): Record<string, Value> =>
  Object.fromEntries(
    allColumns(tableNamed(name)).map(([column]) => [
      column,
      column === 'host_id' ? hostId : (row[column] ?? null),
    ]),
  );

/** Adds rows to a table; columns that are not named are NULL. */
export const add = (host: Host, name: string, ...rows: AnyRow[]): void => {
  const state = host.tables.get(name);
  if (state === undefined) throw new Error(`there is no table ${name}`);
  state.rows.push(...rows.map((row) => full(name, host.hostId, row)));
  if (state.status === 'empty') state.status = 'ok';
};

/** Changes the rows of a table that fit. */
export const set = (host: Host, name: string, change: AnyRow, fits: AnyRow = {}): void => {
  let count = 0;
  for (const row of host.tables.get(name)?.rows ?? []) {
    if (!Object.entries(fits).every(([column, value]) => row[column] === value)) continue;
    for (const [column, value] of Object.entries(change)) {
      if (!(column in row)) throw new Error(`${name} has no column ${column}`);
      row[column] = value;
    }
    count += 1;
  }
  if (count === 0) throw new Error(`no row of ${name} fits`);
};

/** Removes the rows of a table that fit. */
export const remove = (host: Host, name: string, fits: AnyRow): void => {
  const state = host.tables.get(name);
  if (state === undefined) throw new Error(`there is no table ${name}`);
  const before = state.rows.length;
  state.rows = state.rows.filter(
    (row) => !Object.entries(fits).every(([column, value]) => row[column] === value),
  );
  if (state.rows.length === before) throw new Error(`no row of ${name} fits`);
  if (state.rows.length === 0) state.status = 'empty';
};

/** Makes a table one that could not be collected. */
export const deny = (host: Host, name: string, status: Status = 'denied'): void => {
  const state = host.tables.get(name);
  if (state === undefined) throw new Error(`there is no table ${name}`);
  Object.assign(state, { rows: [], status, reason: `${name} could not be looked at`, columnsAffected: null });
};

export interface Person {
  readonly username: string;
  readonly uid?: number;
  readonly uuid?: string;
  readonly isAdmin?: 0 | 1 | null;
  readonly token?: 0 | 1 | null;
  readonly facts?: AnyRow;
}

/** A GeneratedUID that is always the same for a host and a name. */
export const uuidOf = (hostId: string, name: string): string => {
  let state = 2_166_136_261;
  let text = '';
  for (let round = 0; text.length < 32; round += 1) {
    for (const character of `${hostId}/${name}/${round}`)
      state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
    text += state.toString(16).padStart(8, '0');
  }
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-8${text.slice(17, 20)}-${text.slice(20, 32)}`.toUpperCase();
};

/** Adds an account to every table that knows of accounts. */
export const addPerson = (
  host: Host,
  { username, uid = 501, isAdmin = 0, token = 0, facts = {}, ...given }: Person,
): void => {
  const uuid = given.uuid ?? uuidOf(host.hostId, username);
  const who = { username, uid, uuid };
  add(host, 'users', {
    ...who,
    gid: 20,
    directory: `/Users/${username}`,
    shell: '/bin/zsh',
    is_hidden: 0,
    is_admin: isAdmin,
    account_type: 'local',
    is_system_account: 0,
    can_login: 1,
    home_exists: 1,
    platform_sso_registered: 0,
    is_awake: facts['account_type'] === 'service' && facts['can_login'] === 0 && isAdmin === 0 ? 0 : 1,
    has_false_identity: 0,
    home_mode: '0750',
    smart_card_paired: 0,
    ...facts,
  });
  add(host, 'secure_tokens', {
    ...who,
    is_admin: isAdmin,
    secure_token: token,
    volume_owner: token,
    filevault_enabled: token,
    disabled_tag: 0,
    confidence: token === null ? 'unknown' : 'confirmed',
    sources: token === null ? null : 'apfs,opendirectory',
    has_conflict: 0,
    is_guest: facts['account_type'] === 'guest' ? 1 : 0,
  });
  const values = [';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>', ...(token === 1 ? [';SecureToken;'] : [])];
  for (const [ordinal, value] of values.entries())
    add(host, 'authentication_authorities', { ...who, ordinal, ...authority(value) });
  add(host, 'account_policy_data', {
    ...who,
    creation_time: now - 100 * day + 0.5,
    password_last_set_time: now - 50 * day + 0.25,
    failed_login_count: 0,
    failed_login_timestamp: 0,
    last_login_time: now - day,
  });
  if (isAdmin === 1)
    add(host, 'group_members', {
      gid: 80,
      groupname: 'admin',
      member_kind: 'name',
      member: username,
      uuid,
      is_resolved: 1,
    });
  if (token === 1) {
    add(host, 'apfs_crypto_users', {
      device_identifier: 'disk3s5',
      crypto_user_uuid: uuid,
      type: 'LocalOpenDirectory',
      volume_owner: 1,
      username,
      resolution: 'local_user',
    });
    add(host, 'filevault_users', { username, uuid, type: 'os_user', resolution: 'local_user' });
  }
};

/** A value of AuthenticationAuthority as the table holds it. */
export const authority = (value: string): AnyRow => {
  const [version, tag, ...data] = value.split(';');
  const rest = data.join(';').replace(/;$/, '');
  return {
    value,
    version: version === '' ? null : (version ?? null),
    tag: tag ?? null,
    data: rest === '' ? null : rest,
    disabled_tag: tag === 'DisabledTags' ? rest : null,
  };
};

const markers = ['RecordFound', 'RecordNotFound', 'ProfileInstalled', 'HasActivationRecord'].map(
  (name) => `/var/db/ConfigurationProfiles/Settings/.cloudConfig${name}`,
);

/** A managed Apple silicon Mac in good order: no query above info has anything to say of it. */
export const cleanHost = (hostId: string, time = now): Host => {
  const host: Host = {
    hostId,
    time,
    tables: new Map(
      collectable.map(({ name }): [string, State] => [
        name,
        { rows: [], status: 'empty', reason: null, columnsAffected: [] },
      ]),
    ),
  };
  add(host, 'hosts', {
    hardware_uuid: hostId,
    os_version: '15.6.1',
    os_version_num: 150_601,
    os_major: 15,
    os_build: '24G90',
    cpu_arch: 'arm64',
    is_apple_silicon: 1,
    has_t2: 0,
    model_identifier: 'Mac15,3',
    is_virtual_machine: 0,
    boot_volume_fs: 'apfs',
    setup_done_time: now - 100 * day,
    sip_enabled: 1,
    remote_login_enabled: 0,
    console_username: 'mquist',
  });
  addPerson(host, {
    username: 'root',
    uid: 0,
    uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000',
    isAdmin: 1,
    facts: { gid: 0, shell: '/bin/sh', account_type: 'root', is_system_account: 1, can_login: 1 },
  });
  addPerson(host, {
    username: '_spotlight',
    uid: 89,
    uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000059',
    facts: {
      gid: 89,
      shell: '/usr/bin/false',
      account_type: 'service',
      is_system_account: 1,
      can_login: 0,
    },
  });
  addPerson(host, { username: 'mquist', isAdmin: 1, token: 1 });
  addPerson(host, { username: 'itadmin', uid: 502, isAdmin: 1, token: 1 });
  add(host, 'apfs_crypto_users', {
    device_identifier: 'disk3s5',
    crypto_user_uuid: 'EBC6C064-0000-11AA-AA11-00306543ECAC',
    type: 'PersonalRecovery',
    volume_owner: 0,
    resolution: 'recovery_key',
  });
  add(host, 'apfs_crypto_users', {
    device_identifier: 'disk3s5',
    crypto_user_uuid: '2457711A-523C-4604-B75A-F48A571D5036',
    type: 'MDMRecovery',
    volume_owner: 1,
    resolution: 'bootstrap_token',
  });
  add(host, 'filevault_status', {
    filevault_enabled: 1,
    status: 'on',
    has_personal_recovery_key: 1,
    has_institutional_recovery_key: 0,
    master_keychain_present: 0,
    using_recovery_key: 0,
    supports_auth_restart: 1,
    prk_escrow_blob_present: 1,
    prk_escrow_blob_modified_time: now - 90 * day,
  });
  add(host, 'filevault_deferrals', { is_deferred: 0, output_file_exists: 0 });
  add(host, 'filevault_policies', {
    enable: 'On',
    defer: 1,
    irk_certificate_present: 0,
    escrow_payload_present: 1,
    dont_allow_fde_disable: 1,
    disable_fde_autologin: 1,
  });
  add(host, 'apfs_volumes', {
    device_identifier: 'disk3s5',
    name: 'Data',
    role: 'Data',
    is_internal: 1,
    encryption: 1,
    filevault: 1,
    crypto_migration_on: 0,
  });
  add(host, 'bootstrap_tokens', {
    supported_on_server: 1,
    escrowed_to_server: 1,
    crypto_user_present: 1,
    crypto_user_volume_owner: 1,
    server_capability_declared: 1,
    eacs_preflight: 'success',
    state: 'escrowed',
    sources: 'profiles,apfs,profile',
  });
  add(host, 'mdm_enrollments', {
    is_enrolled: 1,
    is_user_approved: 1,
    is_dep_enrolled: 1,
    is_supervised: 1,
    is_user_enrollment: 0,
    dep_record_cached: 1,
    server_host: 'mdm.example.com',
  });
  add(
    host,
    'enrollment_markers',
    ...markers.map((path) =>
      path.endsWith('RecordFound') ? { path, file_exists: 1, owner_uid: 0 } : { path, file_exists: 0 },
    ),
  );
  add(host, 'loginwindow_settings', {
    kcpassword_present: 0,
    guest_enabled: 0,
    hide_500_users: 0,
    hidden_users: '[]',
    root_enabled: 0,
    asks_for_name: 1,
    retries_until_hint: 0,
    console_access_disabled: 1,
  });
  add(host, 'sharing_preferences', {
    remote_login: 0,
    remote_management: 0,
    remote_login_access: 'everybody',
    screen_sharing_access: 'everybody',
    remote_apple_events_access: 'everybody',
  });
  add(host, 'smart_card_settings', {
    allow_smart_card: 1,
    enforce_smart_card: 1,
    check_certificate_trust: 2,
    token_removal_action: 1,
    one_card_per_user: 0,
    user_pairing: 1,
  });
  add(host, 'secureboot', {
    secure_boot: 1,
    description: 'Full Security',
    kernel_extensions: 0,
    mdm_operations: 1,
    level: 'full',
    system_sealed: 1,
  });
  add(host, 'mdm_security_info', {
    recovery_lock_enabled: 1,
    remote_desktop_enabled: 0,
    secure_boot_level: 'full',
    external_boot_level: 'disallowed',
    is_supervised: 1,
  });
  return host;
};

/** A further snapshot of a host, by default a day later. */
export const later = (host: Host, seconds = day): Host => ({
  hostId: host.hostId,
  time: host.time + seconds,
  tables: new Map(
    [...host.tables].map(([name, state]) => [
      name,
      { ...state, rows: state.rows.map((row) => ({ ...row })) },
    ]),
  ),
});

const nobody = (): never => {
  throw new Error('a constructed host answers no command');
};

/** The snapshot as a collection, checked as a collector checks its rows. */
export const collectionOf = (host: Host): Collection => {
  const backend: Backend = {
    origin: 'evidence',
    label: host.hostId,
    capturedTime: host.time,
    euid: 0,
    hostId: host.hostId,
    run: nobody,
    readFile: nobody,
    stat: nobody,
  };
  const results = collectable.map((table): TableResult => {
    const state = host.tables.get(table.name);
    if (state === undefined) throw new Error(`there is no table ${table.name}`);
    for (const row of state.rows) {
      const wrong = violations(table, row);
      if (wrong.length > 0) throw new Error(`${host.hostId}: ${table.name}: ${wrong.join(', ')}`);
    }
    return {
      table,
      rows: sortRows(table, state.rows),
      status: state.status,
      code: ['ok', 'empty'].includes(state.status) ? null : 'permission_denied',
      reason: state.reason,
      doubts: {
        failedSources: [],
        mayRowsBeMissing: state.mayRowsBeMissing === true,
        uncertain: [],
        inapplicable: new Map(),
      },
      columnsAffected: state.columnsAffected,
      durationMs: null,
    };
  });
  return { backend, hostId: host.hostId, results, errors: [], commands: [] };
};
