/** Redaction: what an export says less of. docs/siem.md has the table for readers. */
import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { UserError } from '../collector/errors.ts';
import { commands, files } from '../collector/sources.ts';
import type { CommandName } from '../collector/sources.ts';
import type { Privacy } from '../collector/privacy.ts';
import type { Column, Table } from '../collector/table.ts';
import { identities, jsonCell, keyWriter } from './format.ts';
import type { Cell, ExportRow, Head, ExportSnapshot, ExportTable } from './format.ts';

export const levels = ['pseudonym', 'strict'] as const;
export type Level = (typeof levels)[number];

/** What becomes of a value that says something of somebody. */
type Class = Exclude<Privacy, 'nobody'>;

type Rule = Class | ((value: Cell, row: (column: string) => Cell, by: Redactor) => Cell);

interface Redactor {
  readonly level: Level;
  /** Stable across hosts, so that what is the same stays the same. */
  readonly hmac: (text: string) => string;
  readonly apply: (kind: Class, value: Cell) => Cell;
  readonly hostId: string;
  readonly names: DeclaredNames;
}

/** What the declarations of tables say of a column by its name; null where it says nothing of anybody. */
type DeclaredNames = ReadonlyMap<string, readonly (Rule | null)[]>;

const uuid = /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i;
const day = 86_400;

/**
 * For columns of words: what Apple, or this program, calls things is kept, and anything else may be somebody's.
 * A list with commas is kept where every one of its words is known.
 */
const onlyKnown =
  (known: RegExp, otherwise: Class = 'linkable'): Rule =>
  (value, _row, by) =>
    typeof value !== 'string' || value.split(',').every((word) => known.test(word))
      ? value
      : by.apply(otherwise, value);

const appleGroups =
  /^(?:nobody|nogroup|wheel|daemon|kmem|sys|tty|operator|mail|bin|procview|procmod|owner|everyone|group|staff|network|utmp|certusers|authedusers|interactusers|netusers|consoleusers|localaccounts|netaccounts|admin|accessibility|_[a-z_]+|com\.apple\.[a-z_.-]+)$/;

/** Apple's own groups have ids below 500, as have some that somebody wanted hidden: both the id and the name must fit. */
const groupName: Rule = (value, row, by) => {
  const gid = row('gid');
  return typeof gid === 'number' && gid < 500 && appleGroups.test(String(value))
    ? value
    : by.apply('organisation', value);
};

/** A shell in a folder of the system; one that is anywhere else may stand in somebody's home. */
const shell = onlyKnown(
  /^(?:\/usr)?(?:\/local)?\/s?bin\/(?:ba|z|c|tc|k|da)?sh$|^\/usr\/bin\/(?:false|true)$|^\/sbin\/nologin$|^\/usr\/sbin\/uucico$/,
  'name',
);

const tags = onlyKnown(
  /^(?:ApplePasswordServer|AppleID|basic|CentrifyDC|DisabledTags|DisabledUser|Kerberosv5(?:Cert)?|LocalCachedUser|LocalWindowsHash|NetLogon|pubkeyhash|SecureToken|ShadowHash|tokenidentity)$/,
);

const device = onlyKnown(/^(?:\/|disk[0-9]+(?:s[0-9]+)*)$/, 'device');
const versionNumber = onlyKnown(/^[0-9]+(?:\.[0-9]+)*$/);
const evidence = onlyKnown(/^(?:apfs|fdesetup|opendirectory|sysadminctl|profiles|profile|mdmclient)$/);
const ssoPolicies = onlyKnown(
  /^(?:AttemptAuthentication|RequireAuthentication|AllowOfflineGracePeriod|AllowAuthenticationGracePeriod)$/,
);

/** What an MDM server says it can do: the names of Apple, and no others. */
const capabilities: Rule = (value, _row, by) =>
  typeof value !== 'string' || /^\[(?:"com\.apple\.mdm\.[a-z-]+",?)*\]$/.test(value)
    ? value
    : by.apply('organisation', value);

const nameOrUuid = (value: Cell, by: Redactor): Cell =>
  typeof value === 'string' && uuid.test(value) ? by.apply('device', value) : by.apply('name', value);

/** Of a thing of the host that has a name of its own, such as `group staff`: the kind of it is kept. */
const thing = /^(group|profile|administrator) (.+)$/s;
const subject: Rule = (value, row, by) => {
  if (row('subject_kind') !== 'host') return nameOrUuid(value, by);
  const [, kind, name] = thing.exec(String(value)) ?? [];
  return name === undefined ? value : `${kind} ${String(nameOrUuid(name, by))}`;
};

/** `1`, `escrowed 1`, `token`: what sources say is made of few words; a name, a UUID or a path is not among them. */
const statement =
  /^(?:(?:supported|escrowed) )?[01]$|^(?:tag|absent|listed|success|master keychain|unknown_user|ENABLED|DISABLED|token|ShadowHash|SecureToken|DisabledTags;SecureToken|APFSCryptoUserType|VolumeOwner)$/;

/** One value, or that of each witness, with commas. */
const stated: Rule = (value, _row, by) => {
  if (typeof value !== 'string') return value;
  const parts = value.split(',').map((part) => (statement.test(part) ? part : nameOrUuid(part, by)));
  return parts.includes(null) ? null : parts.join(',');
};

/** The id of a command is a hash of its argv, which may hold a name: it would be guessed. */
const commandId: Rule = (value, _row, by) => {
  if (typeof value !== 'string') return value;
  // A strict export has nothing by which the same name on two hosts could be told to be the same.
  return `c${by.hmac(by.level === 'strict' ? `${by.hostId} ${value}` : value).slice(0, 10)}`;
};

/** The texts of a JSON array; null where it is none, for a file that was merged may hold anything. */
const listOf = (value: Cell): readonly string[] | null => {
  try {
    const list = JSON.parse(String(value)) as unknown;
    return Array.isArray(list) ? list.map(String) : null;
  } catch {
    return null;
  }
};

const commandIds: Rule = (value, row, by) => {
  const ids = listOf(value);
  return ids === null ? null : JSON.stringify(ids.map((id) => commandId(id, row, by)));
};

const argv: Rule = (value, row, by) => {
  const source = row('source');
  if (typeof value !== 'string' || typeof source !== 'string' || !Object.hasOwn(commands, source))
    return null;
  const known = commands[source as CommandName] as { readonly argv: readonly string[] };
  const given = listOf(value);
  if (given === null) return null;
  const words = given.map((word, index) => {
    const fixed = known.argv[index];
    if (fixed === word || (fixed === '{device}' && /^(?:\/|disk[0-9]+s[0-9]+)$/.test(word))) return word;
    return by.level === 'strict' ? commandId(row('command_id'), row, by) : by.hmac(word);
  });
  return JSON.stringify(words);
};

const listOfNames: Rule = (value, _row, by) => {
  const names = typeof value !== 'string' || by.level === 'strict' ? null : listOf(value);
  return names === null ? null : JSON.stringify(names.map(by.hmac));
};

/** A JSON array of words of our own; others are left out, for a file that was merged may hold anything. */
const ownWords =
  (isOwn: (word: string) => boolean): Rule =>
  (value) => {
    if (typeof value !== 'string') return value;
    const words = listOf(value);
    return words === null ? null : JSON.stringify(words.filter(isOwn));
  };

const isSource = (word: string): boolean =>
  word === 'row' || word === 'stat' || Object.hasOwn(commands, word) || Object.hasOwn(files, word);

const isColumn = (word: string): boolean =>
  [everywhere, ...Object.values(byTable)].some((rules) => Object.hasOwn(rules, word)) ||
  Object.values(harmless).some((names) => names.includes(word));

const member: Rule = (value, row, by) => {
  if (typeof value === 'string' && uuid.test(value)) return by.apply('device', value);
  return by.apply(row('member_kind') === 'nested_group' ? 'organisation' : 'name', value);
};

/** For every table that does not declare it. Newer tables say it themselves, as `privacy`. */
const everywhere: Readonly<Record<string, Rule>> = {
  host_id: 'device',
  username: 'name',
  uuid: 'device',
  groupname: groupName,
  command_id: commandId,
};

const byTable: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  secure_tokens: { sources: evidence },
  filevault_status: { fdesetup_version: versionNumber },
  bootstrap_tokens: {
    allowed_for_authentication: onlyKnown(/^(?:allowed|disallowed|not supported)$/, 'free'),
    eacs_preflight: onlyKnown(/^success$/, 'free'),
    sources: evidence,
  },
  account_policy_data: {
    password_last_set_time: 'behaviour',
    failed_login_timestamp: 'behaviour',
    last_login_time: 'behaviour',
  },
  apfs_crypto_users: {
    volume_uuid: 'device',
    crypto_user_uuid: 'device',
    device_identifier: device,
    type: onlyKnown(
      /^(?:LocalOpenDirectory|PersonalRecovery|InstitutionalRecovery|ICloud|ICloudRecovery|MDMRecovery|Disk|Unknown)$/,
      'free',
    ),
  },
  apfs_volumes: {
    container_uuid: 'device',
    name: 'organisation',
    device_identifier: device,
    role: onlyKnown(
      /^(?:System|Data|Preboot|Recovery|VM|Update|xART|Hardware|Installer|User|Baseband|Backup|Sidecar|Enterprise|Prelogin)$/,
    ),
  },
  authentication_authorities: {
    value: 'linkable',
    data: 'linkable',
    version: versionNumber,
    tag: tags,
    disabled_tag: tags,
  },
  collection_errors: { message: 'free', hint: 'free' },
  command_log: { argv, stdout_sha256: 'hash', stderr_sha256: 'hash' },
  conflicts: { subject, value_a: stated, value_b: stated, conclusion: 'free', command_ids: commandIds },
  filevault_deferrals: { designated_username: 'name', profile_uuid: 'device', output_path: 'name' },
  filevault_policies: { escrow_location: 'organisation' },
  findings: { subject: (value, _row, by) => nameOrUuid(value, by), details: facts, blind_spots: 'private' },
  group_members: { member },
  hosts: {
    hardware_uuid: 'device',
    serial_number: 'device',
    hostname: 'device',
    console_username: 'private',
    os_version: versionNumber,
    os_build: onlyKnown(/^[0-9]+[A-Z][0-9]+[a-z]*$/),
    model_identifier: onlyKnown(/^[A-Za-z]*[0-9]+$/),
  },
  loginwindow_settings: { autologin_username: 'name', hidden_users: listOfNames },
  mdm_enrollments: {
    server_host: 'organisation',
    profile_identifier: 'organisation',
    organization: 'organisation',
    server_capabilities: capabilities,
  },
  mobile_accounts: {
    original_node: 'linkable',
    directory_guid: 'linkable',
    directory_password_last_set: 'behaviour',
    last_login_time: 'behaviour',
  },
  platform_sso_states: {
    identity_sha256: 'linkable',
    authentication_method: onlyKnown(/^(?:Password|UserSecureEnclaveKey|SmartCard|OpenID)$/, 'free'),
    new_user_authorization_mode: onlyKnown(/^(?:Standard|Admin|Groups|Temporary)$/, 'free'),
    filevault_policy: ssoPolicies,
    login_policy: ssoPolicies,
  },
  table_status: {
    reason: 'private',
    failed_sources: ownWords(isSource),
    columns_uncertain: ownWords(isColumn),
    columns_inapplicable: 'private',
  },
  users: { description: 'private', directory: 'name', password_hint_set: 'private', shell },
};

/** Columns that say nothing of anybody, of the tables that do not declare it. */
export const harmless: Readonly<Record<string, readonly string[]>> = {
  account_policy_data: ['uid', 'creation_time', 'failed_login_count'],
  apfs_crypto_users: ['volume_owner', 'resolution'],
  apfs_volumes: ['is_internal', 'encryption', 'filevault', 'locked', 'crypto_migration_on'],
  authentication_authorities: ['uid', 'ordinal'],
  bootstrap_tokens: [
    'supported_on_server',
    'escrowed_to_server',
    'crypto_user_present',
    'crypto_user_volume_owner',
    'server_capability_declared',
    'required_for_software_update',
    'required_for_kext_approval',
    'state',
  ],
  collection_errors: ['table_name', 'code'],
  command_log: [
    'source',
    'is_network_capable',
    'started_time',
    'duration_ms',
    'exit_code',
    'signal',
    'is_timed_out',
    'stdout_bytes',
    'stderr_bytes',
    'euid',
  ],
  conflicts: ['subject_kind', 'fact', 'rule_id', 'source_a', 'source_b', 'severity'],
  deleted_users: ['uid', 'deleted_time'],
  enrollment_markers: ['path', 'file_exists', 'size_bytes', 'modified_time', 'owner_uid'],
  filevault_deferrals: [
    'is_deferred',
    'output_file_exists',
    'output_file_mode',
    'show_recovery_key',
    'max_bypass_attempts',
    'bypass_attempts_remaining',
    'dont_ask_at_logout',
  ],
  filevault_policies: [
    'enable',
    'defer',
    'max_bypass_attempts',
    'dont_ask_at_logout',
    'show_recovery_key',
    'use_recovery_key',
    'force_enable_in_setup_assistant',
    'irk_certificate_present',
    'escrow_payload_present',
    'dont_allow_fde_disable',
    'dont_allow_fde_enable',
    'disable_fde_autologin',
  ],
  filevault_status: [
    'filevault_enabled',
    'status',
    'percent_complete',
    'has_personal_recovery_key',
    'has_institutional_recovery_key',
    'master_keychain_present',
    'using_recovery_key',
    'supports_auth_restart',
    'prk_escrow_blob_present',
    'prk_escrow_blob_modified_time',
  ],
  filevault_users: ['type', 'escrow_reported', 'resolution'],
  findings: [
    'query_name',
    'verdict',
    'title',
    'group',
    'severity',
    'purpose',
    'remediation',
    'references',
    'false_positives',
    'first_seen_time',
  ],
  group_members: ['gid', 'member_kind', 'is_resolved'],
  groups: ['gid'],
  hosts: [
    'os_version_num',
    'os_major',
    'cpu_arch',
    'is_apple_silicon',
    'has_t2',
    'is_virtual_machine',
    'boot_volume_fs',
    'boot_time',
    'setup_done_time',
    'sip_enabled',
    'remote_login_enabled',
  ],
  loginwindow_settings: ['kcpassword_present', 'guest_enabled', 'hide_500_users', 'root_enabled'],
  managed_users: ['kind', 'source'],
  mdm_enrollments: [
    'is_enrolled',
    'is_user_approved',
    'is_dep_enrolled',
    'is_supervised',
    'is_user_enrollment',
    'profile_install_time',
    'access_rights',
    'dep_record_cached',
  ],
  mobile_account_policies: [
    'scope',
    'ask_for_secure_token_auth_bypass',
    'create_at_login',
    'warn_on_create',
    'expiry_disused_seconds',
  ],
  mobile_accounts: ['uid', 'guid_matches', 'copy_time'],
  platform_sso_states: ['is_registered', 'is_exempt'],
  secure_token_observations: ['source', 'value', 'raw_state'],
  secure_tokens: [
    'uid',
    'is_admin',
    'secure_token',
    'volume_owner',
    'filevault_enabled',
    'disabled_tag',
    'confidence',
    'has_conflict',
    'is_guest',
  ],
  table_status: [
    'table_name',
    'status',
    'row_count',
    'code',
    'columns_affected',
    'duration_ms',
    'last_good_time',
    'rows_may_be_missing',
  ],
  user_groups: ['uid', 'gid', 'is_direct'],
  users: [
    'uid',
    'gid',
    'is_hidden',
    'is_admin',
    'account_type',
    'is_system_account',
    'can_login',
    'home_exists',
    'platform_sso_registered',
    'is_awake',
    'has_false_identity',
  ],
};

/** The rule of the lists above. */
export const ruleOf = (table: string, column: string): Rule | null =>
  byTable[table]?.[column] ?? (Object.hasOwn(everywhere, column) ? (everywhere[column] ?? null) : null);

const declaredOf = ({ privacy }: Table, name: string): Privacy | undefined =>
  privacy !== undefined && Object.hasOwn(privacy, name) ? privacy[name] : undefined;

/** Whether somebody decided what the column says of whom: in its table, or in the lists above. */
export const isDecided = (table: Table, name: string): boolean =>
  declaredOf(table, name) !== undefined ||
  ruleOf(table.name, name) !== null ||
  (harmless[table.name] ?? []).includes(name);

/** Until somebody decides: a pseudonym, which strict drops; a number or a word of a closed list has none. */
const undecided = (column: Column | undefined): Class =>
  column === undefined || (column.type === 'TEXT' && column.values === undefined) ? 'name' : 'private';

/** What the table itself declares goes before the lists. Null where the column says nothing of anybody. */
const ruleFor = (table: Table, name: string): Rule | null => {
  const declared = declaredOf(table, name);
  if (declared !== undefined) return declared === 'nobody' ? null : declared;
  return isDecided(table, name) ? ruleOf(table.name, name) : undecided(table.columns[name]);
};

/** Of columns that the lists do not have. */
const declaredNames = (tables: readonly Table[]): DeclaredNames => {
  const names = new Map<string, (Rule | null)[]>();
  for (const table of tables) {
    for (const name of Object.keys(table.columns)) {
      if (isDecided(table, name) && declaredOf(table, name) === undefined) continue;
      names.set(name, [...(names.get(name) ?? []), ruleFor(table, name)]);
    }
  }
  return names;
};

const applied = (rule: Rule | null, value: Cell, row: (column: string) => Cell, by: Redactor): Cell => {
  if (rule === null) return value;
  return typeof rule === 'function' ? rule(value, row, by) : by.apply(rule, value);
};

/** True where the column may be NULL in a redacted export though it never is otherwise. */
export const mayBeDropped = (table: Table, column: string): boolean => {
  const rule = ruleFor(table, column);
  return rule !== null && rule !== 'free' && rule !== 'device' && rule !== device;
};

/**
 * The rules for a fact of a finding. A fact has the name of the column that it comes from, and nothing says of which
 * table: what any of them hides is hidden.
 */
const rulesOfFact = (name: string, { names }: Redactor): readonly Rule[] => [
  ...[...Object.entries(byTable), ['', everywhere] as const].flatMap(([table, rules]) =>
    table !== 'findings' && Object.hasOwn(rules, name) ? [rules[name] as Rule] : [],
  ),
  ...(names.get(name) ?? []).filter((rule) => rule !== null),
];

const harmlessNames: ReadonlySet<string> = new Set(Object.values(harmless).flat());
const isHarmlessName = (name: string, { names }: Redactor): boolean =>
  harmlessNames.has(name) || names.get(name)?.includes(null) === true;

/** What a finding rests on: names of columns as the queries give them. */
function facts(value: Cell, _row: (column: string) => Cell, by: Redactor): Cell {
  if (typeof value !== 'string') return null;
  const redactFact = (name: string, fact: Cell, row: (column: string) => Cell): Cell => {
    if (fact === null) return null;
    const rules = rulesOfFact(name, by);
    if (typeof fact === 'number') {
      // A number is a count, an id or a bit; or it is a time, and of what is known only by its name.
      const isTime = /_time(?:stamp)?$|_last_set$/.test(name) && !isHarmlessName(name, by);
      if (rules.includes('private')) return null;
      return rules.includes('behaviour') || isTime ? by.apply('behaviour', fact) : fact;
    }
    if (rules.length === 0) return isHarmlessName(name, by) && name !== 'path' ? fact : nameOrUuid(fact, by);
    let redacted: Cell = fact;
    for (const rule of rules) {
      const own = applied(rule, fact, row, by);
      if (own !== fact) redacted = own;
    }
    return redacted;
  };
  const redacted = (JSON.parse(value) as Record<string, Cell>[]).map((one) =>
    Object.fromEntries(
      Object.entries(one).map(([name, fact]): [string, Cell] => [
        name,
        redactFact(name, fact, (column) => one[column] ?? null),
      ]),
    ),
  );
  return JSON.stringify(redacted);
}

const redactor = (
  level: Level,
  hmac: (text: string) => string,
  hostId: string,
  names: DeclaredNames,
): Redactor => {
  const isStrict = level === 'strict';
  const pseudonym = (value: Cell): Cell => (value === null ? null : hmac(String(value)));
  const apply = (kind: Class, value: Cell): Cell => {
    if (value === null) return null;
    switch (kind) {
      case 'device':
        return pseudonym(value);
      case 'name':
      case 'linkable':
      case 'organisation':
      case 'hash':
        return isStrict ? null : pseudonym(value);
      case 'behaviour': {
        if (typeof value !== 'number') return null;
        // Weeks begin on a Monday; unix time began on a Thursday.
        return isStrict
          ? Math.floor((value + 3 * day) / (7 * day)) * 7 * day - 3 * day
          : Math.floor(value / day) * day;
      }
      case 'private':
        return null;
      case 'free':
        return '(redacted)';
    }
  };
  return { level, hmac, apply, hostId, names };
};

/** Keyed, so that who has an export and a list of names cannot tell who is who: 16 hexadecimal digits. */
export const hmacOf = (key: Uint8Array): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    // A UUID is the same however it is written.
    const same = uuid.test(text) ? text.toUpperCase() : text;
    const made = createHmac('sha256', key).update(same, 'utf8').digest('hex').slice(0, 16);
    if (known.size > 50_000) known.clear();
    known.set(text, made);
    return made;
  };
};

/**
 * Redacts rows and their identities. One that is redacted already stays as it is. `declared`: the tables in which a
 * fact of a finding and a column of a host are looked up by name.
 */
export const redaction = (level: Level, key: Uint8Array, declared: readonly Table[] = []) => {
  const hmac = hmacOf(key);
  const known = declaredNames(declared);
  const hosts = declared.find(({ name }) => name === 'hosts');
  const ruleOfHost = (name: string): Rule | null => {
    if (hosts !== undefined) return ruleFor(hosts, name);
    return harmless['hosts']?.includes(name) === true ? null : (ruleOf('hosts', name) ?? 'private');
  };
  const headOf = (head: Head): Head => ({
    ...head,
    hostId: hmac(head.hostId),
    // It is a hash of the host and of what was found there, and leads from a redacted export to one that is not.
    snapshotId: Number(BigInt(`0x${hmac(`snapshot ${head.snapshotId}`)}`) >> 11n),
    redaction: level,
  });

  const redactTable = (exportTable: ExportTable, head: Head, by: Redactor): ExportTable => {
    const { table, details, rows, lines: _, ...rest } = exportTable;
    const names = Object.keys(table.columns);
    const rules = names.map((name) => ruleFor(table, name));
    const keyOf = keyWriter(table);
    const redactCells = (cells: readonly Cell[]): Cell[] => {
      const row = (column: string): Cell => cells[names.indexOf(column)] ?? null;
      return cells.map((cell, index) => {
        return applied(rules[index] ?? null, cell, row, by);
      });
    };
    const redacted = function* (): Generator<ExportRow> {
      const identify = identities(head, table.name, false);
      const all = Array.from(rows, ({ change, cells, former }) => {
        const own = redactCells(cells ?? []);
        return {
          change,
          own,
          former: former === undefined ? null : redactCells(former.cells),
          order: `${change === 'removed' ? 0 : 1}${keyOf(own)}${own.map(jsonCell).join()}`,
        };
      });
      // They came in the order of what they no longer say: pseudonyms sorted by name would tell where a name belongs.
      all.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
      for (const { change, own, former } of all) {
        // Of what is told, not of what was: a hash of a name could be guessed.
        yield {
          ...{ id: identify(keyOf(own), change), change, cells: own, text: null },
          ...(former === null ? {} : { former: { id: identify(keyOf(former), 'removed'), cells: former } }),
        };
      }
    };
    // A reason is words of the program around names of the Mac; the code says what kind of reason it was.
    return {
      ...rest,
      table,
      details: details === null ? null : { ...details, reason: null },
      rows: redacted(),
    };
  };

  return (snapshot: ExportSnapshot): ExportSnapshot => {
    if (snapshot.head.redaction !== null) return snapshot;
    const head = headOf(snapshot.head);
    const by = redactor(level, hmac, snapshot.head.hostId, known);
    const host = Object.fromEntries(
      Object.entries(snapshot.host).map(([name, value]): [string, Cell] => {
        return [name, applied(ruleOfHost(name), value, (column) => snapshot.host[column] ?? null, by)];
      }),
    );
    const tables = function* (): Generator<ExportTable> {
      for (const table of snapshot.tables) yield redactTable(table, head, by);
    };
    return { head, host, tables: tables() };
  };
};

const makeKey = (path: string): string =>
  `make one key for the whole fleet, and keep it apart from the exports: (umask 077; openssl rand -hex 32 > ${path})`;

/**
 * Reads the key. It is never made here: each Mac would have its own, and the same user another pseudonym on each,
 * without a word.
 */
export const readKey = (path: string): Uint8Array => {
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new UserError(`${path} is not a file`, makeKey('KEYFILE'));
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw new UserError(`the key ${path} can be read by others than its owner`, `chmod 600 ${path}`);
    }
    const own = process.geteuid?.();
    if (own !== undefined && stat.uid !== own && stat.uid !== 0) {
      throw new UserError(
        `the key ${path} belongs to another user`,
        'whoever owns it can undo the redaction: it must be yours, or root’s',
      );
    }
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UserError(`there is no key ${path}`, makeKey(path));
    throw new UserError(`the key ${path} cannot be read (${code ?? 'unknown error'})`);
  }
  const text = bytes.toString('latin1').trim();
  const key = Buffer.from(text, 'latin1');
  if (key.length < 16)
    throw new UserError(
      `the key ${path} is too short: it has ${key.length} bytes, and 16 are the least`,
      makeKey(path),
    );
  return key;
};
