/** Stores of the sample hosts, and what the tests of export/ ask of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import type { Table, Value } from '../../collector/table.ts';
import { formats } from '../../export/formats/index.ts';
import type { FormatName, FormatOptions } from '../../export/formats/index.ts';
import type { AnySnapshot, Cell, ExportRow, ExportSnapshot, Format, Head } from '../../export/format.ts';
import { identities, keyWriter } from '../../export/format.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { openDatabase } from '../../store/database.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import {
  cellsOrder,
  digestOfCells,
  packRows,
  rowsOf,
  snapshotIdOf,
  snapshotOf,
} from '../../store/snapshot.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { root, temporaryFolder } from '../standin.ts';

export const tableOf = (name: string): Table => {
  const table = tables.find((known) => known.name === name);
  if (table === undefined) throw new Error(`there is no table ${name}`);
  return table;
};

let collected: Promise<Snapshot[]> | null = null;

/** What the sample hosts are when they are collected; once for all tests of a file. */
export const sampleSnapshots = (): Promise<Snapshot[]> => {
  collected ??= collectSamples();
  return collected;
};

const collectSamples = async (): Promise<Snapshot[]> => {
  const folder = join(root, 'samples');
  const wanted = tables.filter(({ generate }) => generate !== undefined);
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Promise.all(
    names.map(async ({ name }) =>
      snapshotOf(
        tables,
        await collect(wanted, await evidenceBackend(join(folder, name)), {
          include: new Set(['serial_number', 'organization']),
        }),
        '0.1.0',
      ),
    ),
  );
};

/** The id of one of many hosts. */
export const hostNumber = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

type NamedRow = Record<string, Value>;

export const namedRows = (table: Table, rows: readonly Cells[]): NamedRow[] =>
  rows.map((row) =>
    Object.fromEntries(Object.keys(table.columns).map((name, index) => [name, row[index] ?? null])),
  );

/** The same host at another time, with the rows of some tables changed. */
export const later = (
  snapshot: Snapshot,
  seconds: number,
  edits: Readonly<Record<string, (rows: NamedRow[]) => NamedRow[]>> = {},
): Snapshot => {
  const observations = new Map(snapshot.observations);
  for (const [name, edit] of Object.entries(edits)) {
    const table = tableOf(name);
    const names = Object.keys(table.columns);
    const observation = observations.get(name);
    if (observation === undefined) throw new Error(`there is no look at ${name}`);
    const rows = edit(namedRows(table, rowsOf(observation, names.length)))
      .map((row): Cells => names.map((column) => row[column] ?? null))
      .sort(cellsOrder(table));
    const cells = packRows(rows);
    observations.set(name, {
      ...observation,
      cells,
      rowCount: rows.length,
      digest: digestOfCells(names, cells),
    });
  }
  const known = { ...snapshot, collectedTime: snapshot.collectedTime + seconds, observations };
  return { ...known, snapshotId: snapshotIdOf(known) };
};

export const addTo = (store: Store, snapshots: readonly Snapshot[], ingestedTime: number): void => {
  const writer = storeWriter(store.db, tables);
  transact(store, () => {
    for (const own of Map.groupBy(snapshots, ({ hostId }) => hostId).values()) writer.add(own, ingestedTime);
  });
};

export const storeAt = (
  path: string,
  snapshots: readonly Snapshot[],
  ingestedTime = 1_790_100_000,
): string => {
  const store = openForWriting(path, tables);
  addTo(store, snapshots, ingestedTime);
  store.close();
  return path;
};

/** A user appears, one is renamed, one loses the token, one is gone. */
export const dayLater = (snapshot: Snapshot): Snapshot =>
  later(snapshot, 86_400, {
    users: (rows) => [
      ...rows.slice(1),
      { ...rows[0], username: 'zoe', uid: 777, uuid: '11111111-2222-4333-8444-555555555555' },
    ],
    secure_tokens: (rows) => {
      const index = rows.findIndex((row) => row['secure_token'] === 1);
      return rows.map((row, at) => (at === index ? { ...row, secure_token: 0 } : row));
    },
  });

/** A store of the sample hosts, of which two have a second snapshot. */
export const sampleStore = async (t: ExecutionContext): Promise<string> => {
  const first = await sampleSnapshots();
  const path = storeAt(join(temporaryFolder(t), 'fleet.db'), first);
  return storeAt(path, first.slice(0, 2).map(dayLater), 1_790_200_000);
};

export const withStore = <T>(path: string, work: (store: Store) => T): T => {
  const store = openForReading(path, tables);
  try {
    return work(store);
  } finally {
    store.close();
  }
};

/** Changes a file behind the back of the program. */
export const editStore = (path: string, sql: string): void => {
  const db = openDatabase(path);
  db.exec(sql);
  db.close();
};

export const textOf = (format: Format, snapshots: Iterable<AnySnapshot>): string => {
  let text = format.begin?.() ?? '';
  let between = '';
  const begun = new Set<string>();
  for (const snapshot of snapshots) {
    text += between;
    between = format.between ?? '';
    for (const chunk of format.snapshot(snapshot)) {
      if (typeof chunk === 'string') {
        text += chunk;
        continue;
      }
      const { table } = chunk;
      if (!begun.has(table.name)) text += format.header?.(table) ?? '';
      begun.add(table.name);
      text += chunk.text;
    }
  }
  return text + (format.end?.() ?? '');
};

export const currentText = (path: string, name: FormatName, options: FormatOptions = {}): string =>
  withStore(path, (store) => {
    const format = formats[name].make(options);
    return textOf(format, exportReader(store, { tables, rowSql: format.rowSql }).currentSnapshots());
  });

export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

export const idsOf = (text: string): string[] =>
  linesOf(text).flatMap((line) => /"row_id":"([0-9a-f]{64})"/.exec(line)?.[1] ?? []);

export const parsed = (text: string): Record<string, unknown>[] =>
  linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>);

/** One row of one table, as it never was in a store. */
export const exportOf = (
  table: Table,
  cells: readonly Cell[],
  head: Partial<Head> = {},
  change: ExportRow['change'] = null,
): ExportSnapshot => {
  const whole: Head = {
    hostId: '153620C3-42EA-40E8-B153-B949E6F4674A',
    snapshotId: 1_339_143_236_087_841,
    collectedTime: 1_790_063_560,
    sequence: 1,
    status: 'complete',
    origin: 'live',
    euid: 0,
    toolVersion: '0.1.0',
    schemaVersion: 1,
    redaction: null,
    ...head,
  };
  const rows = [{ id: identities(whole, table.name)(keyWriter(table)(cells), change), change, cells }];
  return {
    head: whole,
    host: {},
    tables: [
      {
        table,
        status: 'ok',
        affected: [],
        rowCount: 1,
        details: null,
        rows,
        counter: 0,
        epoch: whole.collectedTime,
      },
    ],
  };
};
