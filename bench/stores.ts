/** Databases and exports of fleets, for the lines that work on them. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Table, Value } from '../collector/table.ts';
import { openForWriting, transact } from '../store/file.ts';
import { digestOfCells, packRows, rowsOf, snapshotIdOf, snapshotOf } from '../store/snapshot.ts';
import type { Snapshot } from '../store/snapshot.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';
import { addPerson, cleanHost, collectionOf, day, later, now, set } from '../test/queries/constructed.ts';
import type { Host } from '../test/queries/constructed.ts';
import { fleetOf } from '../test/queries/fleet.ts';
import { fleet, hostIdOf, uuidOf, writeFleet } from './fleet.ts';
import type { Place } from './place.ts';
import { run } from './process.ts';

/** Of each Mac of a fleet, as many as where people share Macs; most belong to macOS. */
export const accountsOfFleet = 120;

/** A native export of a fleet. */
export const fleetExport = (place: Place, hosts: number): Promise<string> =>
  place.made(`fleet-${hosts}.ndjson.zst`, (path) =>
    writeFleet(path, { hosts, accounts: accountsOfFleet, days: 1, changing: 0 }),
  );

/** The database of such a fleet. */
export const fleetStore = async (place: Place, hosts: number): Promise<string> => {
  const input = await fleetExport(place, hosts);
  return place.made(`fleet-${hosts}.db`, (path) => run([...place.program, 'merge', '--db', path, input]));
};

/** Rows of such a fleet. */
export const rowsOfFleet = async (hosts: number): Promise<number> => {
  const example = (await fleet())(0, { accounts: accountsOfFleet, day: 0, changing: 0 });
  return hosts * [...example.observations.values()].reduce((sum, { rowCount }) => sum + rowCount, 0);
};

const csvCell = (value: Value): string => {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const jsonOf = (names: readonly string[], cells: readonly Value[]): string =>
  JSON.stringify(Object.fromEntries(names.map((name, index) => [name, cells[index] ?? null])));

/** The same rows as plain tables, TABLE.ndjson and TABLE.csv in a folder: what other programs can read. */
export const plainTables = (place: Place, hosts: number): Promise<string> =>
  place.made(`plain-${hosts}`, async (folder) => {
    mkdirSync(folder);
    const snapshotOfHost = await fleet();
    const columns = new Map(tables.map(({ name, columns: own }) => [name, ['host_id', ...Object.keys(own)]]));
    for (let host = 0; host < hosts; host += 1) {
      const snapshot = snapshotOfHost(host, { accounts: accountsOfFleet, day: 0, changing: 0 });
      for (const [name, observation] of snapshot.observations) {
        const names = columns.get(name) ?? [];
        const rows = rowsOf(observation, names.length - 1).map((cells) => [hostIdOf(host), ...cells]);
        if (rows.length === 0) continue;
        const header = host === 0 ? `${names.join(',')}\n` : '';
        appendFileSync(
          join(folder, `${name}.csv`),
          header + rows.map((cells) => `${cells.map(csvCell).join(',')}\n`).join(''),
        );
        appendFileSync(
          join(folder, `${name}.ndjson`),
          rows.map((cells) => `${jsonOf(names, cells)}\n`).join(''),
        );
      }
    }
  });

/** A host of the fleet that is asked: mostly service accounts, some people; one in a hundred changed lately. */
const snapshotsOf = (index: number): Host[] => {
  const hostId = `${index.toString(16).padStart(8, '0').toUpperCase()}-1111-4000-8000-000000000000`;
  const host = cleanHost(hostId, now - 20 * day);
  for (let account = 4; account < accountsOfFleet; account += 1) {
    const uid = 100 + account;
    const uuid = `FFFFEEEE-DDDD-CCCC-BBBB-AAAA${uid.toString(16).padStart(8, '0').toUpperCase()}`;
    const username = `_service${account}`;
    const isPerson = account > accountsOfFleet - 4;
    if (isPerson)
      addPerson(host, {
        username: `user${index % 997}n${account}`,
        uid: 600 + account,
        isAdmin: 0,
        token: 1,
      });
    else
      addPerson(host, {
        username,
        uid,
        uuid,
        facts: { account_type: 'service', is_system_account: 1, can_login: 0, shell: '/usr/bin/false' },
      });
  }
  const second = later(host, 19 * day);
  if (index % 100 === 0) {
    set(second, 'users', { is_admin: 0 }, { username: 'itadmin' });
    set(second, 'secure_tokens', { secure_token: 0 }, { username: 'mquist' });
  }
  return [host, second];
};

/** When the fleet that is asked is asked. */
export { now as askedTime };

/** Hosts of the fleet that is asked: a tenth has every condition of every question planted, the others are in good order. */
function* askedHosts(hosts: number): Generator<readonly Host[]> {
  const planted = Math.ceil(hosts / 10);
  yield* Map.groupBy(fleetOf(planted), ({ hostId }) => hostId).values();
  for (let index = 0; index < hosts - planted; index += 1) yield snapshotsOf(index);
}

const hostsAtOnce = 100;

/** Adds to a database, of each host what `of` says of its snapshots. */
const addAsked = (
  path: string,
  hosts: number,
  of: (own: readonly Host[]) => readonly Host[],
  storedTime: number,
): void => {
  const store = openForWriting(path, tables);
  const writer = storeWriter(store.db, tables);
  let batch: (readonly Host[])[] = [];
  const flush = (): void => {
    transact(store, () => {
      for (const own of batch)
        writer.add(
          of(own).map((host) => snapshotOf(tables, collectionOf(host), 'tokenquery bench')),
          storedTime,
        );
    });
    batch = [];
  };
  for (const own of askedHosts(hosts)) if (batch.push(own) === hostsAtOnce) flush();
  flush();
  store.close();
};

/** Two snapshots of each host. */
export const askedStore = (place: Place, hosts: number): Promise<string> =>
  place.made(`asked-${hosts}.db`, (path) => addAsked(path, hosts, (own) => own, now));

/** Adds a night in which nothing changed: one more snapshot of each host, a day later, that says the same. */
export const addNight = (path: string, hosts: number): void =>
  addAsked(path, hosts, (own) => [later(own.at(-1) as Host, day)], now + day);

const usersOfHost = 125;

/** A snapshot that has users alone. */
const usersSnapshot = (users: Table, host: number): Snapshot => {
  const rows = Array.from({ length: usersOfHost }, (_, index): Value[] => [
    ...[500 + index, 20, `user${String(index).padStart(3, '0')}`, `User Number ${index}`],
    ...[`/Users/user${index}`, '/bin/zsh', uuidOf(`${host} ${index}`), 0, index % 9 === 0 ? 1 : 0],
    ...['local', 0, 1, 1, null, 0],
  ]);
  const names = Object.keys(users.columns);
  const cells = packRows(
    rows.map((row) => [...row, ...Array.from({ length: names.length - row.length }, () => null)]),
  );
  const observation = {
    ...({ status: 'ok', affected: [], failed: null, rowCount: rows.length, cells } as const),
    digest: digestOfCells(names, cells),
  };
  const known = {
    ...{ hostId: uuidOf(`host ${host}`), collectedTime: 1_790_000_000, euid: 0, redaction: null },
    observations: new Map([['users', observation]]),
  };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: 'complete',
    origin: 'live',
    toolVersion: '0.1.0',
    schemaVersion: 1,
    report: null,
  };
};

/** A database with so many rows of users. */
export const usersStore = (place: Place, rows: number): Promise<string> =>
  place.made(`users-${rows}.db`, (path) => {
    const users = tables.find(({ name }) => name === 'users') as Table;
    const hosts = Math.ceil(rows / usersOfHost);
    const store = openForWriting(path, tables);
    const writer = storeWriter(store.db, tables);
    for (let host = 0; host < hosts; host += 500) {
      transact(store, () => {
        for (let own = host; own < Math.min(host + 500, hosts); own += 1)
          writer.add([usersSnapshot(users, own)], 1_790_000_100);
      });
    }
    store.close();
  });
