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
import { nativeLines } from '../store/native/encode.ts';
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

/** Snapshots of a fleet, by the number of a host. */
export const fleet = async (): Promise<Fleet> => {
  const base = await readBase();
  const groupsObservation = base.observations.get('groups') as TableObservation;
  const groups = rowsOf(groupsObservation, 3).map(([gid, groupname]) => ({
    gid: gid ?? null,
    groupname: groupname ?? null,
  }));
  return (host, { accounts: count, day, changing }) => {
    const hostId = hostIdOf(host);
    const accounts = accountsOf(host, count);
    // How often the host changed until that day: each change moves the token of one account.
    let moves = 0;
    for (let past = 1; past <= day; past += 1) {
      if (Number.parseInt(hex(`change ${host} ${past}`).slice(0, 8), 16) / 0xffff_ffff < changing) moves += 1;
    }
    const people = accounts.filter(({ isSystem }) => !isSystem);
    const holds = (account: Account): 0 | 1 =>
      account.isSystem || people.indexOf(account) % 3 === moves % 3 ? 0 : 1;
    const observations = new Map(base.observations);
    const put = (name: string, rows: readonly Readonly<Record<string, Value>>[]): void => {
      observations.set(name, observationOf(tableNamed(name), rows));
    };
    const hostsRow =
      rowsOf(
        base.observations.get('hosts') as TableObservation,
        Object.keys(tableNamed('hosts').columns).length,
      )[0] ?? [];
    put('hosts', [
      {
        ...Object.fromEntries(
          Object.keys(tableNamed('hosts').columns).map((name, index) => [name, hostsRow[index] ?? null]),
        ),
        hardware_uuid: hostId,
        boot_time: 1_789_000_000 + host,
      },
    ]);
    put(
      'users',
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
      })),
    );
    put(
      'secure_tokens',
      accounts.map((account) => ({
        uid: account.uid,
        username: account.username,
        uuid: account.uuid,
        is_admin: account.uid % 10 === 1 ? 1 : 0,
        secure_token: holds(account),
        volume_owner: holds(account),
        filevault_enabled: holds(account),
        disabled_tag: 0,
        confidence: 'confirmed',
        sources: 'apfs,opendirectory',
        has_conflict: 0,
      })),
    );
    put(
      'secure_token_observations',
      accounts.flatMap((account) =>
        [
          ['apfs', 'c900c0d314c'],
          ['fdesetup', 'c7046ebbee3'],
          ['opendirectory', 'c3f0a1b2c3d'],
        ].map(([source, command]) => ({
          username: account.username,
          uuid: account.uuid,
          source: source ?? '',
          value: holds(account),
          raw_state: holds(account) === 1 ? 'listed' : 'absent',
          command_id: command ?? '',
        })),
      ),
    );
    put(
      'user_groups',
      accounts.flatMap(({ uid, username, isSystem }) =>
        groups
          .slice(0, isSystem ? 1 : 4)
          .map(({ gid, groupname }) => ({ uid, gid, username, groupname, is_direct: 0 })),
      ),
    );
    put(
      'authentication_authorities',
      people.flatMap((account) =>
        [
          ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>',
          ...(holds(account) === 1 ? [';SecureToken;'] : []),
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
      ),
    );
    put(
      'account_policy_data',
      people.map(({ uid, username, uuid }) => ({
        uid,
        username,
        uuid,
        creation_time: 1_771_320_715.344_302 + uid,
        password_last_set_time: 1_787_541_019.579_325 + uid,
        failed_login_count: 0,
        failed_login_timestamp: 0,
        last_login_time: null,
      })),
    );
    put(
      'apfs_crypto_users',
      people
        .filter((account) => holds(account) === 1)
        .map(({ username, uuid }) => ({
          device_identifier: 'disk3s5',
          volume_uuid: uuidOf(`volume ${host}`),
          crypto_user_uuid: uuid,
          type: 'LocalOpenDirectory',
          volume_owner: 1,
          username,
          resolution: 'local_user',
        })),
    );
    const known = { hostId, collectedTime: dayTime(day), euid: 0, redaction: null, observations };
    const report = base.report;
    return {
      ...base,
      ...known,
      origin: 'live',
      snapshotId: snapshotIdOf(known),
      report:
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
            },
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
      if (!out.write([...nativeLines({ ...snapshot, sequence: day + 1 }, tables)].join('')))
        await once(out, 'drain');
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
