/**
 * Snapshots of constructed hosts as the relations that queries read: tables, their history, snapshots.
 * Written apart from the store, as plainly as can be, so that the two can be held against each other.
 */
import type { Collection } from '../../collector/collection.ts';
import { allColumns } from '../../collector/table.ts';
import type { Value } from '../../collector/table.ts';
import { openDatabase } from '../../store/database.ts';
import type { Db } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import { tables } from '../../tables/index.ts';
import { collectionOf } from './constructed.ts';
import type { Host } from './constructed.ts';

type Type = 'TEXT' | 'INTEGER' | 'REAL';

export interface Relation {
  readonly name: string;
  readonly columns: readonly (readonly [string, Type])[];
  readonly rows: (readonly Value[])[];
}

interface Version {
  readonly cells: readonly Value[];
  readonly from: number;
  until: number | null;
}

const good = new Set(['ok', 'empty', 'partial']);

const snapshotColumns: Relation['columns'] = [
  ['snapshot_id', 'INTEGER'],
  ['host_id', 'TEXT'],
  ['sequence', 'INTEGER'],
  ['collected_time', 'INTEGER'],
  ['status', 'TEXT'],
];

/** @param hosts Snapshots, those of one host from old to new. */
export const relationsOf = (hosts: readonly Host[]): Relation[] => {
  const columnsOf = new Map(
    tables.map((table) => [table.name, allColumns(table).map(([name, { type }]) => [name, type] as const)]),
  );
  const relation = (name: string, columns: Relation['columns']): Relation => ({ name, columns, rows: [] });
  const current = new Map([...columnsOf].map(([name, columns]) => [name, relation(name, columns)]));
  const past = new Map(
    [...columnsOf].map(([name, columns]) => [
      name,
      relation(`${name}_history`, [
        ...columns,
        ['valid_from_time', 'INTEGER'],
        ['valid_until_time', 'INTEGER'],
      ]),
    ]),
  );
  const snapshots = relation('snapshots', snapshotColumns);
  const latest = relation('latest_snapshots', snapshotColumns);

  let snapshotId = 0;
  for (const own of Map.groupBy(hosts, ({ hostId }) => hostId).values()) {
    const versions = new Map<string, Version[]>();
    const lastGood = new Map<string, number>();
    let last: Collection | null = null;
    for (const [sequence, host] of own.entries()) {
      last = collectionOf(host);
      snapshotId += 1;
      const isComplete = last.results.every(({ status }) => good.has(status) && status !== 'partial');
      snapshots.rows.push([
        snapshotId,
        host.hostId,
        sequence + 1,
        host.time,
        isComplete ? 'complete' : 'partial',
      ]);
      for (const { table, rows, status } of last.results) {
        if (!good.has(status)) continue;
        lastGood.set(table.name, host.time);
        const all = versions.get(table.name) ?? [];
        versions.set(table.name, all);
        const open = new Map(
          all
            .filter(({ until }) => until === null)
            .map((version) => [JSON.stringify(version.cells), version]),
        );
        for (const row of rows) {
          const cells = allColumns(table).map(([name]) => row[name] ?? null);
          if (!open.delete(JSON.stringify(cells))) all.push({ cells, from: host.time, until: null });
        }
        for (const version of open.values()) version.until = host.time;
      }
    }
    latest.rows.push(snapshots.rows.at(-1) ?? []);
    for (const [name, all] of versions) {
      for (const { cells, from, until } of all) {
        past.get(name)?.rows.push([...cells, from, until]);
        if (until === null) current.get(name)?.rows.push(cells);
      }
    }
    for (const { table, status, rows, code, reason, columnsAffected } of last?.results ?? []) {
      const row: Readonly<Record<string, Value>> = {
        table_name: table.name,
        status,
        row_count: rows.length,
        code,
        reason,
        columns_affected: columnsAffected === null ? null : JSON.stringify(columnsAffected),
        last_good_time: lastGood.get(table.name) ?? null,
        host_id: last?.hostId ?? null,
      };
      const told = current.get('table_status');
      told?.rows.push(told.columns.map(([name]) => row[name] ?? null));
    }
  }
  return [...current.values(), ...past.values(), snapshots, latest];
};

/** The relations in SQLite. */
export const sqliteOf = (relations: readonly Relation[]): Db => {
  const db = openDatabase(':memory:');
  for (const { name, columns, rows } of relations) {
    db.exec(
      `CREATE TABLE ${quoteName(name)} (${columns.map(([column, type]) => `${quoteName(column)} ${type}`).join(', ')})`,
    );
    const insert = db.prepare(`INSERT INTO ${quoteName(name)} VALUES (${columns.map(() => '?').join(', ')})`);
    db.transaction(() => {
      for (const row of rows) insert.run(...row);
    })();
    if (columns.some(([column]) => column === 'host_id'))
      db.exec(`CREATE INDEX ${quoteName(`${name}_host`)} ON ${quoteName(name)} (host_id)`);
  }
  return db;
};
