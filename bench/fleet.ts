/**
 * Makes a fleet: a native export of Macs with many accounts, every table filled. The same numbers always give the
 * same bytes.
 *
 * Run: node bench/fleet.ts OUT.ndjson[.gz|.zst] [--hosts 10000] [--accounts 120] [--days 1] [--changing 0.01]
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGzip, createZstdCompress } from 'node:zlib';
import { collect } from '../collector/collect.ts';
import { evidenceBackend } from '../collector/backends/evidence.ts';
import type { Table, Value } from '../collector/table.ts';
import { nativeFormat } from '../export/formats/native.ts';
import { wholeSnapshot } from '../export/rows/snapshots.ts';
import type { WholeSnapshot } from '../export/rows/snapshots.ts';
import { cellsOrder, digestOfCells, packRows, rowsOf, snapshotIdOf, snapshotOf } from '../store/snapshot.ts';
import type { Cells, TableObservation, Snapshot } from '../store/snapshot.ts';
import { tables } from '../tables/index.ts';

const hex = (text: string): string => createHash('sha256').update(text).digest('hex');

export const uuidOf = (text: string): string => {
  const digits = hex(text).toUpperCase();
  return [8, 4, 4, 4, 12]
    .map((length, index) => digits.slice(index * 4, index * 4 + length).padEnd(length, '0'))
    .join('-');
};

export const hostIdOf = (host: number): string => uuidOf(`host ${host}`);

/** Seconds of the day at which the fleet is collected. */
export const dayTime = (day: number): number => 1_790_000_000 + day * 86_400;

const tableNamed = (name: string): Table => tables.find((table) => table.name === name) as Table;

const linesOf = (snapshot: WholeSnapshot): string =>
  Array.from(nativeFormat().snapshot(wholeSnapshot(snapshot, tables)), (chunk) =>
    typeof chunk === 'string' ? chunk : chunk.text,
  ).join('');

const observationOf = (table: Table, rows: readonly Readonly<Record<string, Value>>[]): TableObservation => {
  const names = Object.keys(table.columns);
  const cells = packRows(
    rows.map((row): Cells => names.map((name) => row[name] ?? null)).sort(cellsOrder(table)),
  );
  return {
    status: 'ok',
    affected: [],
    failed: null,
    digest: digestOfCells(names, cells),
    rowCount: rows.length,
    cells,
  };
};

/** What every Mac of the fleet says alike: the small tables of a sample host. */
const readBase = async (): Promise<Snapshot> => {
  const sample = await evidenceBackend(join(import.meta.dirname, '../samples/macos26-managed'));
  return snapshotOf(
    tables,
    await collect(
      tables.filter(({ generate }) => generate !== undefined),
      sample,
    ),
    '0.1.0',
  );
};

const systemAccounts = 0.8;

interface Account {
  readonly uid: number;
  readonly username: string;
  readonly uuid: string;
  readonly isSystem: boolean;
}

const accountsOf = (host: number, count: number): Account[] =>
  Array.from({ length: count }, (_, index) => {
    const isSystem = index < count * systemAccounts;
    return isSystem
      ? {
          uid: 50 + index,
          username: `_service${index}`,
          uuid: `FFFFEEEE-DDDD-CCCC-BBBB-AAAA${(50 + index).toString(16).toUpperCase().padStart(8, '0')}`,
          isSystem,
        }
      : {
          uid: 501 + index,
          username: `user${host}x${index}`,
          uuid: uuidOf(`account ${host} ${index}`),
          isSystem,
        };
  });

export interface FleetOptions {
  readonly accounts: number;
  readonly day: number;
  /** Share of hosts on which an account gains or loses its token on a day. */
  readonly changing: number;
}

export type Fleet = (host: number, options: FleetOptions) => Snapshot;

type Rows = readonly Readonly<Record<string, Value>>[];

/** How often a host had changed after a day, from how often it had before it. */
export const movesOf = (host: number, day: number, changing: number, before: number): number => {
  const isNews =
    day > 0 && Number.parseInt(hex(`change ${host} ${day}`).slice(0, 8), 16) / 0xffff_ffff < changing;
  return isNews ? before + 1 : before;
};

/** One Mac on one day: its accounts, and which of them holds a token. */
class Mac {
  readonly host: number;
  readonly accounts: readonly Account[];
  readonly people: readonly Account[];
  /** How often the host changed until that day: with each change one account gains or loses its token. */
  readonly #moves: number;

  constructor(host: number, { accounts, day, changing }: FleetOptions) {
    this.host = host;
    this.accounts = accountsOf(host, accounts);
    this.people = this.accounts.filter(({ isSystem }) => !isSystem);
    let moves = 0;
    for (let past = 1; past <= day; past += 1) moves = movesOf(host, past, changing, moves);
    this.#moves = moves;
  }

  holds(account: Account): 0 | 1 {
    if (account.isSystem) return 0;
    const index = this.people.indexOf(account);
    // The first change is of the first account, the next one of the next, and so on in a circle.
    const times = Math.ceil((this.#moves - index) / this.people.length);
    const heldAtFirst = index % 3 !== 0;
    return heldAtFirst === (times % 2 === 0) ? 1 : 0;
  }
}

interface Group {
  readonly gid: Value;
  readonly groupname: Value;
}

const usersOf = ({ host, accounts }: Mac): Rows =>
  accounts.map(({ uid, username, uuid, isSystem }) => ({
    uid,
    gid: isSystem ? uid : 20,
    username,
    description: isSystem ? 'A Service' : `Person ${host} ${uid}`,
    directory: isSystem ? '/var/empty' : `/Users/${username}`,
    shell: isSystem ? '/usr/bin/false' : '/bin/zsh',
    uuid,
    is_hidden: 0,
    is_admin: uid % 10 === 1 ? 1 : 0,
    account_type: isSystem ? 'service' : 'local',
    is_system_account: isSystem ? 1 : 0,
    can_login: isSystem ? 0 : 1,
    home_exists: isSystem ? null : 1,
    password_hint_set: 0,
    platform_sso_registered: 0,
  }));

const secureTokensOf = (mac: Mac): Rows =>
  mac.accounts.map((account) => ({
    uid: account.uid,
    username: account.username,
    uuid: account.uuid,
    is_admin: account.uid % 10 === 1 ? 1 : 0,
    secure_token: mac.holds(account),
    volume_owner: mac.holds(account),
    filevault_enabled: mac.holds(account),
    disabled_tag: 0,
    confidence: 'confirmed',
    sources: 'apfs,opendirectory',
    has_conflict: 0,
  }));

const witnesses = [
  ['apfs', 'c900c0d314c'],
  ['fdesetup', 'c7046ebbee3'],
  ['opendirectory', 'c3f0a1b2c3d'],
] as const;

const tokenObservationsOf = (mac: Mac): Rows =>
  mac.accounts.flatMap((account) =>
    witnesses.map(([source, command]) => ({
      username: account.username,
      uuid: account.uuid,
      source,
      value: mac.holds(account),
      raw_state: mac.holds(account) === 1 ? 'listed' : 'absent',
      command_id: command,
    })),
  );

const userGroupsOf = ({ accounts }: Mac, groups: readonly Group[]): Rows =>
  accounts.flatMap(({ uid, username, isSystem }) =>
    groups
      .slice(0, isSystem ? 1 : 4)
      .map(({ gid, groupname }) => ({ uid, gid, username, groupname, is_direct: 0 })),
  );

const authoritiesOf = (mac: Mac): Rows =>
  mac.people.flatMap((account) =>
    [
      ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>',
      ...(mac.holds(account) === 1 ? [';SecureToken;'] : []),
    ].map((value, ordinal) => ({
      uid: account.uid,
      username: account.username,
      uuid: account.uuid,
      ordinal,
      value,
      version: null,
      tag: value.split(';')[1] ?? '',
      data: null,
      disabled_tag: null,
    })),
  );

const accountPoliciesOf = ({ people }: Mac): Rows =>
  people.map(({ uid, username, uuid }) => ({
    uid,
    username,
    uuid,
    creation_time: 1_771_320_715.344_302 + uid,
    password_last_set_time: 1_787_541_019.579_325 + uid,
    failed_login_count: 0,
    failed_login_timestamp: 0,
    last_login_time: null,
  }));

const cryptoUsersOf = (mac: Mac): Rows =>
  mac.people
    .filter((account) => mac.holds(account) === 1)
    .map(({ username, uuid }) => ({
      device_identifier: 'disk3s5',
      volume_uuid: uuidOf(`volume ${mac.host}`),
      crypto_user_uuid: uuid,
      type: 'LocalOpenDirectory',
      volume_owner: 1,
      username,
      resolution: 'local_user',
    }));

/** The row of `hosts` as the sample has it, for another Mac. */
const hostsRow = (base: Snapshot, host: number): Rows[number] => {
  const names = Object.keys(tableNamed('hosts').columns);
  const [cells = []] = rowsOf(base.observations.get('hosts') as TableObservation, names.length);
  return {
    ...Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null])),
    hardware_uuid: hostIdOf(host),
    boot_time: 1_789_000_000 + host,
  };
};

/** The report of the sample, with the numbers of rows of these observations. */
const reportOf = (
  { report }: Snapshot,
  observations: ReadonlyMap<string, TableObservation>,
): Snapshot['report'] =>
  report === null
    ? null
    : {
        ...report,
        status: report.status.map(([name, is, , ...rest]): Cells => [
          name ?? null,
          is ?? null,
          observations.get(String(name))?.rowCount ?? 0,
          ...rest,
        ]),
      };

/** Snapshots of a fleet, by the number of a host. */
export const fleet = async (): Promise<Fleet> => {
  const base = await readBase();
  const groupColumns = Object.keys(tableNamed('groups').columns);
  const groups = rowsOf(base.observations.get('groups') as TableObservation, groupColumns.length).map(
    (cells): Group => ({
      gid: cells[groupColumns.indexOf('gid')] ?? null,
      groupname: cells[groupColumns.indexOf('groupname')] ?? null,
    }),
  );
  return (host, options) => {
    const mac = new Mac(host, options);
    const own: Readonly<Record<string, Rows>> = {
      hosts: [hostsRow(base, host)],
      users: usersOf(mac),
      secure_tokens: secureTokensOf(mac),
      secure_token_observations: tokenObservationsOf(mac),
      user_groups: userGroupsOf(mac, groups),
      authentication_authorities: authoritiesOf(mac),
      account_policy_data: accountPoliciesOf(mac),
      apfs_crypto_users: cryptoUsersOf(mac),
    };
    const observations = new Map(base.observations);
    for (const [name, rows] of Object.entries(own))
      observations.set(name, observationOf(tableNamed(name), rows));
    const known = {
      hostId: hostIdOf(host),
      collectedTime: dayTime(options.day),
      euid: 0,
      redaction: null,
      observations,
    };
    return {
      ...base,
      ...known,
      origin: 'live',
      snapshotId: snapshotIdOf(known),
      report: reportOf(base, observations),
    };
  };
};

/** Writes an export. @returns Rows written. */
export const writeFleet = async (
  path: string,
  options: {
    readonly hosts: number;
    readonly accounts: number;
    readonly days: number;
    readonly changing: number;
  },
): Promise<number> => {
  const snapshotOfHost = await fleet();
  const file = createWriteStream(path);
  const packer = path.endsWith('.gz')
    ? createGzip({ level: 1 })
    : path.endsWith('.zst')
      ? createZstdCompress()
      : null;
  packer?.pipe(file);
  const out = packer ?? file;
  let rows = 0;
  for (let day = 0; day < options.days; day += 1) {
    for (let host = 0; host < options.hosts; host += 1) {
      const snapshot = snapshotOfHost(host, { accounts: options.accounts, day, changing: options.changing });
      for (const observation of snapshot.observations.values()) rows += observation.rowCount;
      if (!out.write(linesOf({ ...snapshot, sequence: day + 1 }))) await once(out, 'drain');
    }
  }
  out.end();
  await once(file, 'finish');
  return rows;
};

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    options: {
      hosts: { type: 'string', default: '10000' },
      accounts: { type: 'string', default: '120' },
      days: { type: 'string', default: '1' },
      changing: { type: 'string', default: '0.01' },
    },
    allowPositionals: true,
  });
  const [path = 'fleet.ndjson.zst'] = positionals;
  const rows = await writeFleet(path, {
    hosts: Number(values.hosts),
    accounts: Number(values.accounts),
    days: Number(values.days),
    changing: Number(values.changing),
  });
  process.stdout.write(`${path}: ${values.hosts} hosts, ${rows} rows\n`);
}
