/** Small tables, snapshots of them, and a store of them: what the tests of store/ are made of. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceName } from '../../collector/sources.ts';
import { holdsRows, isGood } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import { boolean, defineTable, integer, real, text } from '../../collector/table.ts';
import type { Table, Value } from '../../collector/table.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import type { MergeOptions } from '../../store/merge.ts';
import { cellsOrder, digestOfCells, packRows, snapshotIdOf, snapshotStatus } from '../../store/snapshot.ts';
import type { Cells, TableObservation, Report, Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import type { Added } from '../../store/writer/writer.ts';
import { tables as realTables } from '../../tables/index.ts';

/** Sources stand for themselves: nothing is run here. */
const from = (...sources: readonly string[]) => ({
  privacy: 'nobody' as const,
  from: sources as SourceName[],
});

const common = {
  sources: ['s1', 's2', 's3'] as unknown as readonly SourceName[],
  macos: 'all',
  examples: ['SELECT 1;'] as const,
  generate: async () => [],
};

export const people = defineTable({
  name: 'people',
  description:
    'Two columns are its key, and one of them may be unknown. What was seen is judged from all sources.',
  columns: {
    name: text('Name.', { ...from(), privacy: 'name' }),
    uuid: text('Id.', { ...from('s3'), privacy: 'device' }),
    token: boolean('Token.', from('s1')),
    age: integer('Age.', from('s2')),
    seen: real('Seen.', { privacy: 'nobody' }),
  },
  key: ['name', 'uuid'],
  readAnew: { '0.2.0': { columns: ['seen'] } },
  ...common,
}) as unknown as Table;

export const machine = defineTable({
  name: 'machine',
  description: 'One row a host.',
  columns: { state: text('State.', from('s1')), is_on: boolean('On.', from('s2')) },
  key: [],
  readAnew: { '0.3.0': { rows: true } },
  ...common,
}) as unknown as Table;

const reports = realTables.filter(({ report }) => report !== undefined);
/** Two tables of rows, and those that speak of the collection. */
export const smallTables: readonly Table[] = [people, machine, ...reports];

export interface Observed {
  readonly status: Status;
  readonly affected?: readonly string[] | null;
  readonly failed?: readonly string[] | null;
  readonly rows: readonly Cells[];
}

export const observationOf = (
  table: Table,
  { status, affected = [], failed = null, rows }: Observed,
): TableObservation => {
  const sorted = holdsRows(status, rows.length) ? [...rows].sort(cellsOrder(table)) : [];
  const cells = packRows(sorted);
  const digest = holdsRows(status, rows.length) ? digestOfCells(Object.keys(table.columns), cells) : '';
  return {
    status,
    affected,
    failed: status === 'partial' ? failed : null,
    digest,
    rowCount: sorted.length,
    cells,
  };
};

/** A report that is told apart from that of any other snapshot. */
const reportOf = (time: number, observations: ReadonlyMap<string, TableObservation>): Report => ({
  status: [...observations].map(([name, { status, rowCount, affected }]): Cells => [
    name,
    status,
    rowCount,
    isGood(status) && status !== 'partial' ? null : 'permission_denied',
    isGood(status) && status !== 'partial' ? null : `at ${time}`,
    affected === null ? null : JSON.stringify(affected),
    time % 7,
    null,
  ]),
  errors: [...observations]
    .filter(([, { status }]) => !isGood(status))
    .map(([name]): Cells => [name, null, 'permission_denied', `not at ${time}`, 'run as root']),
  commands: [
    [
      'c1',
      '["/usr/bin/true"]',
      'sw_vers',
      0,
      time,
      time % 5,
      0,
      null,
      0,
      3,
      'ab'.repeat(32),
      0,
      'cd'.repeat(32),
      0,
    ],
  ],
});

/** For tests of what lies behind the door: hosts and times of theirs are no real ones. */
export const open: Pick<MergeOptions, 'accept' | 'version'> = {
  accept: (snapshot) => snapshot,
  version: '9.9.9',
};

/** A host_id as Macs have them, by a number. */
export const uuidOf = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const snapshotAt = (
  hostId: string,
  collectedTime: number,
  observed: Readonly<Record<string, Observed>>,
  extra: Partial<Snapshot> = {},
): Snapshot => {
  const observations = new Map(
    Object.entries(observed).map(([name, of]) => [
      name,
      observationOf(smallTables.find((table) => table.name === name) as Table, of),
    ]),
  );
  const known = { hostId, collectedTime, euid: 0, redaction: null, observations, ...extra };
  return {
    snapshotId: snapshotIdOf(known),
    status: snapshotStatus([...observations.values()].map(({ status }) => status)),
    origin: 'live',
    toolVersion: '0.1.0',
    schemaVersion: 1,
    report: reportOf(collectedTime, observations),
    ...known,
  };
};

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-store-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let made = 0;
let template: string | null = null;

/** A path for a file of its own. */
export const newPath = (suffix = '.db'): string => join(folder, `${(made += 1)}${suffix}`);

/** A new store of the small tables. */
export const newStore = (): Store => {
  if (template === null) {
    template = newPath();
    openForWriting(template, smallTables).close();
  }
  const path = newPath();
  copyFileSync(template, path);
  const store = openForWriting(path, smallTables);
  // The tests that cut the power have their own stores; here a disk need not be waited for.
  store.db.pragma('synchronous = OFF');
  return store;
};

/** After everything: no snapshot is dated ahead of it. */
const ingestedTime = 2_000_000_000;

export const addAll = (store: Store, ...groups: readonly (readonly Snapshot[])[]): Added[] => {
  const writer = storeWriter(store.db, store.tables);
  return groups.map((group) => transact(store, () => writer.add(group, ingestedTime)));
};

export type Rows = readonly Readonly<Record<string, Value>>[];

/** Rows of a statement, in an order of their own. */
export const rowsOf = (store: Store, sql: string, ...values: readonly Value[]): Rows =>
  (store.db.prepare(sql).all(...values) as Record<string, Value>[])
    .map((row) => JSON.stringify(row))
    .sort()
    .map((row) => JSON.parse(row) as Record<string, Value>);

/**
 * Everything that an analyst can see, but when it was ingested, and what
 * was found in it by those who evaluate.
 */
export const everything = (store: Store): Readonly<Record<string, Rows>> => {
  const views = store.db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE 'findings%' " +
        // They tell of findings too.
        "AND name NOT IN ('about', 'blind_spots') ORDER BY name",
    )
    .pluck()
    .all() as string[];
  return Object.fromEntries(
    views.map((name) => [
      name,
      rowsOf(store, `SELECT * FROM "${name}"`).map((row) => ({ ...row, ingested_time: null })),
    ]),
  );
};
