/**
 * Tables of osquery that are made from ours: temporary views for whoever asks in osquery's words. They are in no file and in no
 * export. A column that nothing here tells is NULL; docs/osquery.md says what differs.
 */
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import type { KnownColumn } from './literals.ts';

interface ViewColumn extends KnownColumn {
  readonly description: string;
  /** SQL over the rows; null where nothing tells it. */
  readonly is: string | null;
}

export interface OsqueryView {
  readonly name: string;
  readonly description: string;
  /** Where the facts are. */
  readonly madeOf: readonly string[];
  readonly rows: string;
  readonly columns: Readonly<Record<string, ViewColumn>>;
  readonly notes: readonly string[];
  readonly example: string;
}

type Told = Pick<ViewColumn, 'isBoolean' | 'values'>;
const text = (is: string, description: string, told: Told = {}): ViewColumn => ({
  type: 'TEXT',
  is,
  description,
  ...told,
});
const integer = (is: string, description: string, told: Told = {}): ViewColumn => ({
  ...text(is, description, told),
  type: 'INTEGER',
});
const untold = (
  type: 'TEXT' | 'INTEGER',
  description = 'NULL: nothing that is collected tells it.',
): ViewColumn => ({
  type,
  is: null,
  description,
});

/** 1 and 0 as words. */
const words = (column: string, yes: string, no: string): string =>
  `CASE ${column} WHEN 1 THEN '${yes}' WHEN 0 THEN '${no}' END`;
const trueFalse = (column: string, description: string): ViewColumn =>
  text(words(column, 'true', 'false'), description, { values: ['true', 'false'] });

const osVersion: OsqueryView = {
  name: 'os_version',
  description: 'One row per Mac: its macOS, in parts.',
  madeOf: ['hosts'],
  rows: 'hosts t',
  columns: {
    name: text(
      "CASE WHEN t.os_major >= 11 THEN 'macOS' WHEN t.os_major = 10 THEN 'Mac OS X' END",
      'The product, as macOS of this version names itself.',
      { values: ['macOS', 'Mac OS X'] },
    ),
    version: text(
      't.os_version',
      'hosts.os_version. It compares as a text: version_compare() and major, minor, patch do not.',
    ),
    major: integer('t.os_major', 'hosts.os_major.'),
    minor: integer(
      "CASE WHEN t.os_version LIKE '%.%' THEN t.os_version_num / 100 % 100 END",
      'The second number of the version; NULL where it has none.',
    ),
    patch: integer(
      "CASE WHEN t.os_version LIKE '%.%.%' THEN t.os_version_num % 100 END",
      'The third number of the version; NULL where it has none.',
    ),
    build: text('t.os_build', 'hosts.os_build.'),
    platform: text("'darwin'", 'darwin, as of every Mac.'),
    platform_like: text("'darwin'", 'darwin, as of every Mac.'),
    codename: untold('TEXT', 'NULL: a Mac has none.'),
    arch: text('t.cpu_arch', 'hosts.cpu_arch: of the Mac, also where the process runs under Rosetta.', {
      values: ['arm64', 'x86_64'],
    }),
    extra: untold('TEXT', 'NULL: the letter of a Rapid Security Response is not collected.'),
  },
  notes: [],
  example: 'SELECT 1 FROM os_version WHERE major > 15 OR (major = 15 AND minor >= 6);',
};

const systemInfo: OsqueryView = {
  name: 'system_info',
  description: 'One row per Mac: its names, its UUID and its model.',
  madeOf: ['hosts'],
  rows: 'hosts t',
  columns: {
    hostname: text('t.hostname', 'hosts.hostname: without a domain, which osquery has.'),
    uuid: text('t.hardware_uuid', 'hosts.hardware_uuid.'),
    cpu_type: text('t.cpu_arch', 'hosts.cpu_arch; osquery names the variant, arm64e or x86_64h.', {
      values: ['arm64', 'x86_64'],
    }),
    cpu_subtype: untold('TEXT'),
    cpu_brand: untold('TEXT'),
    cpu_physical_cores: untold('INTEGER'),
    cpu_logical_cores: untold('INTEGER'),
    cpu_sockets: untold('INTEGER'),
    cpu_microcode: untold('TEXT'),
    physical_memory: untold('INTEGER'),
    hardware_vendor: untold('TEXT'),
    hardware_model: text('t.model_identifier', 'hosts.model_identifier.'),
    hardware_version: untold('TEXT'),
    hardware_serial: text('t.serial_number', 'hosts.serial_number: NULL without --include serial_number.'),
    board_vendor: untold('TEXT'),
    board_model: untold('TEXT'),
    board_version: untold('TEXT'),
    board_serial: untold('TEXT'),
    computer_name: text('t.computer_name', 'hosts.computer_name.'),
    local_hostname: text('t.hostname', 'hosts.hostname.'),
  },
  notes: [],
  example: 'SELECT uuid, hardware_model, cpu_type FROM system_info;',
};

const osqueryInfo: OsqueryView = {
  name: 'osquery_info',
  description:
    'One row per Mac, so that a statement which asks for it runs. No osquery is asked, so nothing but the UUID is told.',
  madeOf: ['hosts'],
  rows: 'hosts t',
  columns: {
    pid: untold('INTEGER', 'NULL: no osquery is running here.'),
    uuid: text('t.hardware_uuid', 'hosts.hardware_uuid.'),
    instance_id: untold('TEXT', 'NULL: no osquery is running here.'),
    version: untold(
      'TEXT',
      'NULL: it is that of osquery. tokenquery --version tells ours, and so does snapshots.tool_version.',
    ),
    config_hash: untold('TEXT', 'NULL: no osquery is running here.'),
    config_valid: untold('INTEGER', 'NULL: no osquery is running here.'),
    extensions: untold('TEXT', 'NULL: no osquery is running here.'),
    build_platform: untold('TEXT', 'NULL: no osquery is running here.'),
    build_distro: untold('TEXT', 'NULL: no osquery is running here.'),
    start_time: untold('INTEGER', 'NULL: no osquery is running here.'),
    watcher: untold('INTEGER', 'NULL: no osquery is running here.'),
    platform_mask: untold('INTEGER', 'NULL: no osquery is running here.'),
  },
  notes: [],
  example: 'SELECT uuid, version FROM osquery_info;',
};

const sipConfig: OsqueryView = {
  name: 'sip_config',
  description: 'One row per Mac: whether System Integrity Protection is on.',
  madeOf: ['hosts'],
  rows: 'hosts t',
  columns: {
    config_flag: text("'sip'", 'sip: the parts of it are not collected.', { values: ['sip'] }),
    enabled: integer(
      't.sip_enabled',
      'hosts.sip_enabled: NULL for a custom configuration, for which osquery says 0.',
      {
        isBoolean: true,
      },
    ),
    enabled_nvram: untold('INTEGER'),
  },
  notes: ['osquery has twelve rows more, one for each part of the protection.'],
  example: "SELECT enabled FROM sip_config WHERE config_flag = 'sip';",
};

/** Of the local accounts that APFS knows on a volume, one. */
const volumeUser = (what: string): string =>
  `(SELECT ${what} FROM apfs_crypto_users c JOIN users u ON u.host_id IS c.host_id AND u.uuid = c.crypto_user_uuid ` +
  'WHERE c.host_id IS t.host_id AND c.device_identifier = t.device_identifier ORDER BY u.uuid LIMIT 1)';

const diskEncryption: OsqueryView = {
  name: 'disk_encryption',
  description: 'One row per APFS volume: whether it is encrypted, and whether FileVault is on.',
  madeOf: ['apfs_volumes', 'apfs_crypto_users', 'users'],
  rows: 'apfs_volumes t',
  columns: {
    name: text("'/dev/' || t.device_identifier", 'The device.'),
    uuid: text('t.uuid', 'apfs_volumes.uuid.'),
    encrypted: integer(
      't.encryption',
      'apfs_volumes.encryption: 1 at rest on Apple silicon and T2, which is not FileVault.',
      {
        isBoolean: true,
      },
    ),
    type: text(words('t.encryption', 'APFS Encryption', ''), 'Empty where it is not encrypted.', {
      values: ['APFS Encryption', ''],
    }),
    encryption_status: text(
      words('t.encryption', 'encrypted', 'not encrypted'),
      'NULL where osquery says undefined.',
      { values: ['encrypted', 'not encrypted'] },
    ),
    uid: integer(volumeUser('u.uid'), 'That of user_uuid.'),
    user_uuid: text(
      `${volumeUser('u.uuid')} COLLATE NOCASE`,
      'A local account that APFS knows on the volume, the first of several by its UUID; osquery shows the last one listed.',
    ),
    filevault_status: text(words('t.filevault', 'on', 'off'), 'NULL where osquery says unknown.', {
      values: ['on', 'off'],
    }),
  },
  notes: [
    'osquery also has rows for whole disks, partitions and disk images.',
    'Which accounts APFS knows is collected of the volume of the running system alone (apfs_crypto_users).',
  ],
  example: "SELECT name, filevault_status FROM disk_encryption WHERE filevault_status = 'on';",
};

const mdm: OsqueryView = {
  name: 'mdm',
  description:
    'One row per Mac: its enrolment in MDM, in the words of the osquery extension of macadmins and of Fleet.',
  madeOf: ['mdm_enrollments'],
  rows: 'mdm_enrollments t',
  columns: {
    enrolled: trueFalse('t.is_enrolled', 'mdm_enrollments.is_enrolled in words.'),
    server_url: text('t.server_host', 'The host alone: the rest of the URL is not kept.'),
    checkin_url: untold('TEXT', 'NULL: it is not kept.'),
    access_rights: integer('t.access_rights', 'mdm_enrollments.access_rights.'),
    install_date: text(
      "strftime('%Y-%m-%d %H:%M:%S +0000', t.profile_install_time, 'unixepoch')",
      'mdm_enrollments.profile_install_time as profiles prints it.',
    ),
    payload_identifier: text('t.profile_identifier', 'mdm_enrollments.profile_identifier.'),
    topic: untold('TEXT'),
    sign_message: untold('TEXT'),
    identity_certificate_uuid: untold('TEXT'),
    has_scep_payload: untold('TEXT'),
    installed_from_dep: trueFalse(
      't.is_dep_enrolled',
      'mdm_enrollments.is_dep_enrolled in words; NULL where the extension says unknown.',
    ),
    user_approved: trueFalse(
      't.is_user_approved',
      'mdm_enrollments.is_user_approved in words; NULL where the extension says unknown.',
    ),
    dep_capable: text(
      "CASE WHEN t.is_dep_enrolled = 1 OR t.dep_record_cached = 1 THEN 'true' WHEN t.dep_record_cached = 0 THEN 'false' END",
      'Enrolled by Automated Device Enrollment, or a record of it is stored.',
      { values: ['true', 'false'] },
    ),
  },
  notes: [],
  example: "SELECT 1 FROM mdm WHERE enrolled = 'true';",
};

/** All of them, by name. */
export const osqueryViews: readonly OsqueryView[] = [
  diskEncryption,
  mdm,
  osVersion,
  osqueryInfo,
  sipConfig,
  systemInfo,
];

const byName: ReadonlyMap<string, OsqueryView> = new Map(osqueryViews.map((view) => [view.name, view]));

export const osqueryView = (name: string): OsqueryView | undefined => byName.get(name);

const valueOf = ({ type, is }: ViewColumn): string => {
  // A column keeps how it compares; what is computed has no type of its own.
  if (is !== null && (/^t\.[a-z_]+$/.test(is) || is.endsWith(' COLLATE NOCASE'))) return is;
  return `CAST(${is ?? 'NULL'} AS ${type})`;
};

const viewText = ({ columns, rows }: OsqueryView): string => {
  const values = Object.entries(columns).map(([name, column]) => `${valueOf(column)} AS ${quoteName(name)}`);
  return `SELECT ${[...values, 't.host_id'].join(', ')} FROM ${rows}`;
};

const anyName = new RegExp(`\\b(?:${osqueryViews.map(({ name }) => name).join('|')})\\b`, 'gi');

const named = (sql: string): readonly string[] => [
  ...new Set((sql.match(anyName) ?? []).map((name) => name.toLowerCase())),
];

/**
 * Gives a connection those of osquery's tables that a statement may name; where it names none, nothing is done.
 *
 * @returns The names that it has now of them.
 */
export const addOsqueryViews = (db: Db, sql: string): readonly string[] => {
  const names = named(sql);
  for (const name of names) {
    const view = byName.get(name);
    if (view !== undefined)
      db.exec(`CREATE TEMP VIEW IF NOT EXISTS ${quoteName(name)} AS\n${viewText(view)}`);
  }
  return names;
};
