/**
 * A lake as a store in memory, in the layout of a file: what judges the hosts of a database then judges those of a lake, and there
 * are no two ways to do it. What a lake does not hold has no view there: to name it is an error, and never an empty answer.
 */
import { UserError } from '../../collector/errors.ts';
import { dataTables } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { toleranceSeconds } from '../../store/clocks.ts';
import type { Db } from '../../store/database.ts';
import { collationOf, quoteName } from '../../store/ddl.ts';
import { changesColumns, hostStates, seenRows } from '../../store/last_looks.ts';
import { deflateRows } from '../../store/packed.ts';
import { currentName, pastName } from '../../store/schema.ts';
import type { Cells } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { openUnkept } from '../../store/unkept.ts';
import type { Manifest } from './manifest.ts';
import type { LakeReading } from './reading.ts';
import { readPart, rowsOfPart } from './shards.ts';

type Row = Readonly<Record<string, unknown>>;

/** What each look told, what was run, and how verdicts came and went: the database alone has it. */
const notInLake = [
  ...['column_status', 'command_log', 'verdicts', 'verdicts_history', 'finding_events'],
  // They tell of the file.
  ...['about', 'blind_spots'],
] as const;

/** Asked for by this name beside those of tables. */
export const changes = 'changes';

interface Host {
  readonly host: number;
  readonly shard: string;
  readonly snapshots: Row[];
  /** The last one that counts. */
  last: Row | null;
  errors: number;
}

const wrong = (shard: string, what: string): UserError =>
  new UserError(
    `the shard ${shard} is not as tokenquery writes it: ${what}`,
    'tokenquery lake --check tells what else is wrong; publish it again. Nothing was counted',
  );

class Filling {
  readonly #db: Db;
  readonly #lake: LakeReading;
  readonly #tables: readonly Table[];
  readonly #hosts = new Map<string, Host>();
  readonly #looks = new Map<string, number>();
  readonly #tableIds: Map<string, number>;
  /** By host, table_status of its last snapshot. */
  readonly #statuses = new Map<Host, Row[]>();

  constructor({ db, tableIds }: Store, lake: LakeReading, tables: readonly Table[]) {
    this.#db = db;
    this.#lake = lake;
    this.#tables = tables;
    this.#tableIds = new Map(tableIds);
  }

  async fill(wanted: ReadonlySet<string>, progress: (done: number, of: number) => void): Promise<void> {
    await this.#readSnapshots();
    await this.#writeHosts();
    await this.#readStatuses();
    await this.#writeErrors();
    this.#writeLooks();
    await this.#writeSeenRows(wanted);
    await this.#writeFindings();
    await this.#writeChanges(wanted.has(changes));
    const own = dataTables(this.#tables).filter(({ name }) => wanted.has(name));
    for (const [index, table] of own.entries()) {
      progress(index, own.length);
      await this.#writeTable(table);
    }
  }

  #hostOf({ host_id: id }: Row, shard: string): Host {
    const host = this.#hosts.get(String(id).toUpperCase());
    if (host?.shard === shard) return host;
    throw host === undefined
      ? wrong(shard, `it has rows of ${String(id)}, and no snapshot`)
      : new UserError(
          `${String(id)} is in the shards ${host.shard} and ${shard}, and would count twice`,
          'tokenquery lake --check says which is newer; nothing was counted',
        );
  }

  #tableId(name: string): number {
    const known = this.#tableIds.get(name);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#db.prepare('INSERT INTO _table (name) VALUES (?)').run(name);
    this.#tableIds.set(name, Number(lastInsertRowid));
    return Number(lastInsertRowid);
  }

  /** The rows of a published table, shard by shard; `isNeeded` where a shard cannot do without it. */
  async #rows(name: string, isNeeded: boolean, take: (row: Row, shard: string) => void): Promise<void> {
    const { place, manifests, tables } = this.#lake;
    const columns = tables.get(name)?.columns.map(([column]) => column) ?? [];
    for (const { shard, tables: own } of manifests) {
      const table = own.get(name);
      if (table === undefined) {
        if (isNeeded) throw wrong(shard, `it has no ${name}`);
        continue;
      }
      const held = columns.filter((column) => table.columns.some(([known]) => known === column));
      for (const part of table.parts)
        for await (const rows of rowsOfPart(await readPart(place, table, part), held))
          this.#written(shard, name, () => {
            for (const row of rows) take(row, shard);
          });
    }
  }

  /** Somebody else may have written what is read: what does not fit is told, and no fault of this program. */
  #written(shard: string, name: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw wrong(shard, `${name}: ${(error as Error).message}`);
    }
  }

  async #readSnapshots(): Promise<void> {
    await this.#rows('snapshots', true, (row, shard) => {
      const id = String(row['host_id']);
      const key = id.toUpperCase();
      if (!this.#hosts.has(key))
        this.#hosts.set(key, { host: this.#hosts.size + 1, shard, snapshots: [], last: null, errors: 0 });
      const host = this.#hostOf(row, shard);
      host.snapshots.push(row);
      const isLater = host.last === null || Number(row['sequence']) > Number(host.last['sequence']);
      if (Number(row['is_ahead']) === 0 && isLater) host.last = row;
    });
    for (const { shard, hosts } of this.#lake.manifests) this.#checkCount(shard, hosts);
  }

  #checkCount(shard: Manifest['shard'], said: number): void {
    const there = [...this.#hosts.values()].filter((host) => host.shard === shard && host.last !== null);
    if (there.length !== said) throw wrong(shard, `it has ${there.length} hosts, and says ${said}`);
  }

  async #writeHosts(): Promise<void> {
    const insert = this.#db.prepare(
      'INSERT INTO _host (host, host_id, last_time, last_snapshot, judged_from_time, judged_until_time, stored_time, ahead_snapshot) ' +
        'VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    const told = new Set<Host>();
    await this.#rows(hostStates, true, (row, shard) => {
      const host = this.#hostOf(row, shard);
      told.add(host);
      const { host_id: id, judged_from_time: from, judged_until_time: until } = row;
      const { collected_time: time, snapshot_id: last } = host.last ?? {};
      insert.run(
        ...[
          host.host,
          id,
          time ?? null,
          last ?? null,
          from,
          until,
          row['stored_time'],
          row['ahead_snapshot_id'],
        ],
      );
    });
    for (const host of this.#hosts.values())
      if (!told.has(host)) throw wrong(host.shard, `${hostStates} lacks a host`);
  }

  async #readStatuses(): Promise<void> {
    await this.#rows('table_status', true, (row, shard) => {
      const host = this.#hostOf(row, shard);
      const own = this.#statuses.get(host) ?? [];
      this.#statuses.set(host, own);
      own.push(row);
    });
  }

  async #writeErrors(): Promise<void> {
    const insert = this.#db.prepare('INSERT INTO _report_error VALUES (?, ?, ?, ?, ?, ?, ?)');
    await this.#rows('collection_errors', false, (row, shard) => {
      const host = this.#hostOf(row, shard);
      host.errors += 1;
      const fields = ['table_name', 'command_id', 'code', 'message', 'hint'].map((name) => row[name] ?? null);
      insert.run(host.host, host.errors, ...fields);
    });
  }

  /** The number of a set of observations: hosts that were seen alike share one. */
  #look(observations: readonly (readonly unknown[])[]): number {
    const key = JSON.stringify(observations);
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const look = this.#looks.size + 1;
    this.#looks.set(key, look);
    this.#db.prepare('INSERT INTO _look VALUES (?, ?)').run(look, Buffer.from(`${look}`));
    const insert = this.#db.prepare(
      'INSERT INTO _look_table (look, tab, status, is_good, columns_affected, sources_failed) VALUES (?, ?, ?, ?, ?, ?)',
    );
    for (const cells of observations) insert.run(look, ...cells);
    return look;
  }

  /** Of the last look all that table_status says, and of those before that a table was seen well then. */
  #writeLooks(): void {
    const snapshot = this.#db.prepare(
      'INSERT INTO _snapshot (host, collected_time, snapshot_id, sequence, look, ingested_time, status, origin, euid, tool_version, ' +
        'schema_version, redaction, order_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    for (const host of this.#hosts.values()) {
      const statuses = this.#statuses.get(host) ?? [];
      this.#written(host.shard, 'table_status', () => this.#writeReport(host, statuses));
      const last = host.last;
      this.#written(host.shard, 'snapshots', () => {
        for (const row of host.snapshots) {
          const isLast = row === last;
          const own = isLast
            ? statuses.map((status) => this.#observed(status, row))
            : this.#goodAt(statuses, row, last);
          const rest = ['ingested_time', 'status', 'origin', 'euid', 'tool_version', 'schema_version'];
          snapshot.run(
            ...[host.host, row['collected_time'], row['snapshot_id'], row['sequence'], this.#look(own)],
            ...[...rest, 'redaction'].map((name) => row[name] ?? null),
            Number(row['is_ahead']) === 1 ? Number(row['ingested_time']) + toleranceSeconds : null,
          );
        }
      });
    }
  }

  /** What the last look told of a table: its rows are true where it is the last that saw the table well. */
  #observed(row: Row, last: Row): readonly unknown[] {
    const isGood = row['last_good_time'] === last['collected_time'];
    return [
      ...[this.#tableId(String(row['table_name'])), String(row['status']), isGood ? 1 : 0],
      ...[row['columns_affected'] ?? null, row['failed_sources'] ?? null],
    ];
  }

  #goodAt(
    statuses: readonly Row[],
    { collected_time: time, is_ahead: ahead }: Row,
    last: Row | null,
  ): unknown[][] {
    if (Number(ahead) === 1 || time === last?.['collected_time']) return [];
    return statuses.flatMap(({ table_name: name, last_good_time: good }) =>
      good === time ? [[this.#tableId(String(name)), 'ok', 1, null, null]] : [],
    );
  }

  #writeReport({ host }: Host, statuses: readonly Row[]): void {
    const fields = [
      ...['status', 'row_count', 'code', 'reason', 'columns_affected', 'duration_ms', 'failed_sources'],
      ...['rows_may_be_missing', 'columns_uncertain', 'columns_inapplicable'],
    ];
    const insert = this.#db.prepare(
      `INSERT INTO _report_status (host, tab, ${fields.join(', ')}) VALUES (?, ?, ${fields.map(() => '?').join(', ')})`,
    );
    for (const row of statuses)
      insert.run(host, this.#tableId(String(row['table_name'])), ...fields.map((name) => row[name] ?? null));
  }

  /** Rows that a look saw in a table that it saw in part; where a table was not seen, its status says that it has none. */
  async #writeSeenRows(wanted: ReadonlySet<string>): Promise<void> {
    const byName = new Map(dataTables(this.#tables).map((table) => [table.name, table]));
    const seen = new Map<Host, Map<string, Cells[]>>();
    await this.#rows(seenRows, true, ({ table_name: name, row, ...rest }, shard) => {
      const table = byName.get(String(name));
      if (table === undefined || !wanted.has(table.name)) return;
      const host = this.#hostOf(rest, shard);
      const own = seen.get(host) ?? new Map<string, Cells[]>();
      seen.set(host, own);
      const cells = own.get(table.name) ?? [];
      own.set(table.name, cells);
      if (typeof row !== 'string') return;
      const values = JSON.parse(row) as Readonly<Record<string, Cells[number]>>;
      cells.push(Object.keys(table.columns).map((column) => values[column] ?? null));
    });
    const insert = this.#db.prepare('INSERT INTO _partial VALUES (?, ?, ?, ?, ?)');
    for (const [{ host, last, shard }, own] of seen)
      this.#written(shard, seenRows, () => {
        for (const [name, rows] of own) {
          const table = byName.get(name);
          if (table === undefined || last === null) continue;
          const raw = deflateRows(table, rows);
          insert.run(host, this.#tableId(name), last['collected_time'], last['snapshot_id'], raw);
        }
      });
  }

  async #writeFindings(): Promise<void> {
    const insert = this.#db.prepare('INSERT INTO _finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const fields = [
      ...['query_name', 'subject', 'valid_from_time', 'valid_until_time', 'severity', 'details'],
      ...['first_seen_time', 'last_seen_time', 'finding_id', 'exception'],
    ];
    await this.#rows('findings_history', true, (row, shard) => {
      insert.run(this.#hostOf(row, shard).host, ...fields.map((name) => row[name] ?? null));
    });
  }

  /** Values have the types of their columns again. Where they are not needed, there is no such name. */
  async #writeChanges(isWanted: boolean): Promise<void> {
    this.#db.exec('DROP VIEW main.changes');
    if (!isWanted) return;
    const columns = Object.keys(changesColumns);
    this.#db.exec(
      `CREATE TABLE ${changes} (${columns.map((name) => `${name}${collationOf(name)}`).join(', ')})`,
    );
    const types = new Map(
      dataTables(this.#tables).flatMap((table) =>
        Object.entries(table.columns).map(([name, { type }]) => [`${table.name}.${name}`, type]),
      ),
    );
    const insert = this.#db.prepare(`INSERT INTO ${changes} VALUES (${columns.map(() => '?').join(', ')})`);
    await this.#rows(changes, true, (row, shard) => {
      this.#hostOf(row, shard);
      const type = types.get(`${String(row['table_name'])}.${String(row['column_name'])}`) ?? 'TEXT';
      insert.run(
        ...columns.map((name) => {
          const value = row[name] ?? null;
          if (typeof value !== 'string' || type === 'TEXT' || !/^(?:old|new)_value$/.test(name)) return value;
          return type === 'INTEGER' ? BigInt(value) : Number(value);
        }),
      );
    });
  }

  async #writeTable(table: Table): Promise<void> {
    const db = this.#db;
    const tab = this.#tableId(table.name);
    const columns = Object.keys(table.columns);
    const list = columns.map(quoteName).join(', ');
    const marks = columns.map(() => '?').join(', ');
    const current = db.prepare(
      `INSERT INTO ${currentName(table)} (_host, _n, _from_time, _first_snapshot, ${list}) VALUES (?, ?, ?, ?, ${marks})`,
    );
    const past = db.prepare(
      `INSERT INTO ${pastName(table)} (_host, _n, _from_time, _first_snapshot, _until_time, _until_snapshot, _last_snapshot, _ended, ${list}) ` +
        `VALUES (?, ?, ?, ?, ?, 0, ?, 1, ${marks})`,
    );
    const state = db.prepare('INSERT OR IGNORE INTO _state VALUES (?, ?, ?, ?, ?, 0)');
    const counts = new Map<Host, number>();
    await this.#rows(`${table.name}_history`, false, (row, shard) => {
      const host = this.#hostOf(row, shard);
      const number = (counts.get(host) ?? 0) + 1;
      counts.set(host, number);
      const { valid_from_time: from, valid_until_time: until, first_snapshot_id: first } = row;
      if (number === 1) state.run(host.host, tab, from, first, Buffer.alloc(0));
      const cells = columns.map((name) => row[name] ?? null);
      const begin = [host.host, number, from, first];
      if (until === null) current.run(...begin, ...cells);
      else past.run(...begin, until, row['last_snapshot_id'], ...cells);
    });
  }
}

/** Names that a lake has no rows for. */
const dropUnknown = (db: Db): void => {
  for (const name of notInLake) db.exec(`DROP VIEW main.${quoteName(name)}`);
};

export interface LakeStoreOptions {
  readonly tables: readonly Table[];
  /** The tables of which the rows are needed; of the others there are none. */
  readonly wanted: ReadonlySet<string>;
  readonly progress: (done: number, of: number) => void;
}

export const openLakeStore = async (
  lake: LakeReading,
  { tables, wanted, progress }: LakeStoreOptions,
): Promise<Store> => {
  const store = { ...openUnkept(tables), path: lake.place.pathOf() };
  const { db } = store;
  try {
    db.exec('BEGIN');
    await new Filling(store, lake, tables).fill(wanted, progress);
    db.exec('COMMIT');
    dropUnknown(db);
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
};
