/** One snapshot of one host, as it is stored and exported: its observations and its identity. */
import { createHash, hash } from 'node:crypto';
import type { Collection } from '../collector/collection.ts';
import { compareValues } from '../collector/order.ts';
import { holdsRows, isComplete, isGood } from '../collector/status.ts';
import type { Status } from '../collector/status.ts';
import { FileError } from '../collector/errors.ts';
import type { Table, Value } from '../collector/table.ts';
import { schemaVersion } from './schema.ts';

/** A row without host_id: values in the order of the table's columns. */
export type Cells = readonly Value[];

/**
 * Cells that stand before the values of each row in `TableObservation.cells`: the
 * host and a number, which the writer fills.
 */
export const leadingCells = 2;

/** What one snapshot saw of one table. */
export interface TableObservation {
  readonly status: Status;
  /** Columns that are NULL because something failed; null means all. */
  readonly affected: readonly string[] | null;
  /** What failed in a partial observation; null where it is not known, or nothing failed. */
  readonly failed: readonly string[] | null;
  /** Declared columns that whoever made it did not know yet: they are NULL for that; without it, it knew all. */
  readonly absent?: readonly string[];
  /** SHA-256 of the rows. */
  readonly digest: string;
  readonly rowCount: number;
  /** All rows one after the other, each with `leadingCells` before it, sorted as the table sorts. */
  readonly cells: readonly Value[];
}

/** Rows of the tables that speak of the collection, without host_id. */
export interface Report {
  readonly status: readonly Cells[];
  readonly errors: readonly Cells[];
  readonly commands: readonly Cells[];
}

export const origins = ['live', 'volume', 'evidence', 'merge'] as const;
export type Origin = (typeof origins)[number];
/** The order of origins, best first; a word of a newer version comes after those that are known. */
export const originRank = (origin: string): string => {
  const rank = origins.indexOf(origin as Origin);
  return rank === -1 ? `${origins.length} ${origin}` : `${rank}`;
};
export const snapshotStatuses = ['complete', 'partial', 'failed'] as const;
export type SnapshotStatus = (typeof snapshotStatuses)[number];

/** How much less a redacted snapshot says; export/redact.ts has what each level does. */
export const redactionLevels = ['pseudonym', 'strict'] as const;
/** How a snapshot is redacted, in words; null where it is not. */
export const levelText = (level: string | null): string =>
  level === null ? 'not redacted' : `redacted (${level})`;

export interface Snapshot {
  readonly hostId: string;
  readonly collectedTime: number;
  readonly snapshotId: number;
  readonly status: SnapshotStatus;
  readonly origin: Origin;
  readonly euid: number | null;
  readonly toolVersion: string;
  readonly schemaVersion: number;
  readonly redaction: string | null;
  /** How new the reading of the evidence is (readings.ts), where that is told apart from the version of the tool. */
  readonly reading?: number;
  /** Where it stands in the order (clocks.ts), for one that a store has and does not count. */
  readonly orderTime?: number;
  readonly observations: ReadonlyMap<string, TableObservation>;
  /** Null where it is not known any more: it is kept of the last snapshot of a host only. */
  readonly report: Report | null;
}

export const snapshotStatus = (statuses: readonly Status[]): SnapshotStatus => {
  if (!statuses.some(isGood)) return 'failed';
  return statuses.every(isComplete) ? 'complete' : 'partial';
};

/**
 * Digest of the rows of an observation, given as `TableObservation.cells`. Columns that hold nothing but NULL
 * do not count: a column that a later version adds leaves the digests of older rows as they are.
 */
export const digestOfCells = (names: readonly string[], cells: readonly Value[]): string => {
  const stride = names.length + leadingCells;
  const used = names.map(() => false);
  for (let start = leadingCells; start < cells.length; start += stride) {
    for (let index = 0; index < names.length; index += 1)
      if (cells[start + index] !== null) used[index] = true;
  }
  const indexes = [...names.keys()].filter((index) => used[index]);
  const values: Value[] = [];
  for (let start = leadingCells; start < cells.length; start += stride) {
    for (const index of indexes) values.push(cells[start + index] ?? null);
  }
  const head = [cells.length / stride, ...indexes.map((index) => names[index])];
  return hash('sha256', `${JSON.stringify(head)}${JSON.stringify(values)}`);
};

/** Cells as `TableObservation` holds them, row by row. */
export const unpackRows = (cells: readonly Value[], width: number): Cells[] => {
  const rows: Cells[] = [];
  const stride = width + leadingCells;
  for (let start = leadingCells; start < cells.length; start += stride)
    rows.push(cells.slice(start, start + width));
  return rows;
};

const unpacked = new WeakMap<TableObservation, readonly Cells[]>();

/** The rows of an observation; the same array each time. */
export const rowsOf = (observation: TableObservation, width: number): readonly Cells[] => {
  const known = unpacked.get(observation);
  if (known !== undefined) return known;
  const rows = unpackRows(observation.cells, width);
  unpacked.set(observation, rows);
  return rows;
};

/** Rows as cells, in the way `TableObservation` holds them. */
export const packRows = (rows: readonly Cells[]): Value[] => {
  const cells: Value[] = [];
  for (const [index, row] of rows.entries()) cells.push(0, index + 1, ...row);
  return cells;
};

/**
 * A snapshot is the same wherever it is met: its id comes from its
 * content, in 53 bits, which fit a JSON number.
 */
export const snapshotIdOf = (
  of: Pick<Snapshot, 'hostId' | 'collectedTime' | 'euid' | 'redaction' | 'observations'>,
): number => {
  const observations = [...of.observations]
    .map(([name, { status, affected, failed, digest, rowCount }]) => [
      name,
      status,
      affected,
      ...(holdsRows(status, rowCount) ? [digest] : []),
      ...(status === 'partial' ? [failed] : []),
    ])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const text = JSON.stringify([of.hostId, of.collectedTime, of.euid, of.redaction, observations]);
  const digest = createHash('sha256').update(text).digest();
  return Number(digest.readBigUInt64BE(0) >> 11n);
};

const reportOf = (tables: readonly Table[], collection: Collection): Report => {
  const rows = (name: string): Cells[] => {
    const table = tables.find((known) => known.name === name);
    const names = Object.keys(table?.columns ?? {});
    return (table?.report?.(collection) ?? []).map((row) =>
      names.map((column) => (row as Readonly<Record<string, Value>>)[column] ?? null),
    );
  };
  return { status: rows('table_status'), errors: rows('collection_errors'), commands: rows('command_log') };
};

/**
 * What a collection brought, ready to be stored. Throws UserError where nothing says which host it is: its rows
 * could never be told from those of another Mac.
 */
export const snapshotOf = (
  tables: readonly Table[],
  collection: Collection,
  toolVersion: string,
): Snapshot => {
  const { backend, hostId, results } = collection;
  if (hostId === null || hostId === '') {
    throw new FileError(
      backend.label,
      ': nothing says which Mac this is, so nothing was stored',
      'the hardware UUID comes from ioreg, or from host_id in evidence.json',
    );
  }
  if (backend.hostId !== null && backend.hostId !== hostId) {
    throw new FileError(
      backend.label,
      `: ioreg says that it is of ${hostId}, and evidence.json or --host-id of ${backend.hostId}, so nothing was stored`,
      'one of the two is wrong: collect the evidence again',
    );
  }
  const observations = new Map<string, TableObservation>();
  for (const { table, rows, status, columnsAffected, failedSources, notKept = [] } of results) {
    const names = Object.keys(table.columns);
    const cells: Value[] = [];
    for (const [index, row] of rows.entries()) {
      cells.push(0, index + 1);
      for (const name of names) cells.push(row[name] ?? null);
    }
    const digest = digestOfCells(names, cells);
    const failed = status === 'partial' ? (failedSources ?? null) : null;
    observations.set(table.name, {
      status,
      affected: columnsAffected,
      failed,
      digest,
      rowCount: rows.length,
      cells,
      ...(notKept.length === 0 ? {} : { absent: notKept }),
    });
  }
  const known = {
    hostId,
    collectedTime: backend.capturedTime,
    euid: backend.euid,
    redaction: null,
    observations,
  };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: snapshotStatus(results.map(({ status }) => status)),
    origin: backend.origin,
    toolVersion,
    schemaVersion,
    report: reportOf(tables, collection),
  };
};

/**
 * The columns by which rows are ordered: those of the key, then every one, as collector/order.ts has it.
 */
export const orderIndexes = (table: Table): readonly number[] => {
  const names = Object.keys(table.columns);
  return [...new Set([...table.key.map((name) => names.indexOf(name)), ...names.keys()])];
};

/** The order of a table's rows. */
export const cellsOrder = (table: Table): ((a: Cells, b: Cells) => number) => {
  const order = orderIndexes(table);
  return (a, b) => {
    for (const index of order) {
      const result = compareValues(a[index] ?? null, b[index] ?? null);
      if (result !== 0) return result;
    }
    return 0;
  };
};

/** Whether rows, as `TableObservation.cells` has them, are in their order. */
export const isSorted = (cells: readonly Value[], width: number, order: readonly number[]): boolean => {
  const stride = width + leadingCells;
  for (let start = stride + leadingCells; start < cells.length; start += stride) {
    for (const index of order) {
      const result = compareValues(cells[start - stride + index] ?? null, cells[start + index] ?? null);
      if (result > 0) return false;
      if (result < 0) break;
    }
  }
  return true;
};
