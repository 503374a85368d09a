/** One snapshot of one host, as it is stored and carried: what was looked at, what came of it, and an identity. */
import { createHash, hash } from 'node:crypto';
import type { Collection, Status } from '../collector/collect.ts';
import { UserError } from '../collector/errors.ts';
import type { Table, Value } from '../collector/table.ts';
import { dataTables, schemaVersion } from './schema.ts';

/** A row without host_id: values in the order of the table's columns. */
export type Cells = readonly Value[];

/** Cells that stand before the values of each row in `Look.cells`: the host and a number, which the writer fills. */
export const leadingCells = 2;

/** What one snapshot saw of one table. */
export interface Look {
  readonly status: Status;
  /** Columns that are NULL because something failed; null means all. */
  readonly affected: readonly string[] | null;
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
export type SnapshotStatus = 'complete' | 'partial' | 'failed';

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
  readonly looks: ReadonlyMap<string, Look>;
  /** Null where it is not known any more: it is kept of the last snapshot of a host only. */
  readonly report: Report | null;
}

export const isGood = (status: Status): boolean => status === 'ok' || status === 'empty' || status === 'partial';

const isWhole = (status: Status): boolean =>
  status === 'ok' || status === 'empty' || status === 'skipped' || status === 'unsupported';

/** `skipped` was not asked for and `unsupported` cannot be had: neither makes a snapshot less than complete. */
export const snapshotStatus = (statuses: readonly Status[]): SnapshotStatus => {
  if (!statuses.some(isGood)) return 'failed';
  return statuses.every(isWhole) ? 'complete' : 'partial';
};

const nullsAfter = /,"[a-z0-9_]+":null/g;
const nullsFirst = /\{"[a-z0-9_]+":null,?/g;

/**
 * Digest of rows given as JSON objects in a row, one a line, with their columns in order. NULLs do not count: a
 * column that a later version adds leaves the digests of older rows as they are.
 */
export const digestOfText = (lines: string): string =>
  hash('sha256', lines.replace(nullsAfter, '').replace(nullsFirst, '{'));

const objectText = (names: readonly string[], row: Readonly<Record<string, Value>>): string =>
  `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(row[name] ?? null)}`).join(',')}}`;

/** The rows of a look, each a new array. */
export const rowsOf = (look: Look, width: number): Cells[] => {
  const rows: Cells[] = [];
  const stride = width + leadingCells;
  for (let start = leadingCells; start < look.cells.length; start += stride) {
    rows.push(look.cells.slice(start, start + width));
  }
  return rows;
};

/** Cells as `Look` holds them. */
export const packRows = (rows: readonly Cells[]): Value[] => {
  const cells: Value[] = [];
  for (const [index, row] of rows.entries()) cells.push(0, index + 1, ...row);
  return cells;
};

/** A snapshot is the same wherever it is met: its id comes from what it says, in 53 bits that JSON can carry. */
export const snapshotIdOf = (
  of: Pick<Snapshot, 'hostId' | 'collectedTime' | 'euid' | 'redaction' | 'looks'>,
): number => {
  const looks = [...of.looks]
    .map(([name, { status, affected, digest }]) => [name, status, affected, isGood(status) ? digest : ''])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const text = JSON.stringify([of.hostId, of.collectedTime, of.euid, of.redaction, looks]);
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
  const { machine, hostId, results } = collection;
  if (hostId === null || hostId === '') {
    throw new UserError(
      `${machine.label}: nothing says which Mac this is, so nothing was stored`,
      'the hardware UUID comes from ioreg, or from host_id in evidence.json',
    );
  }
  const looks = new Map<string, Look>();
  for (const { table, rows, status, columnsAffected } of results) {
    const names = Object.keys(table.columns);
    const cells: Value[] = [];
    for (const [index, row] of rows.entries()) {
      cells.push(0, index + 1);
      for (const name of names) cells.push(row[name] ?? null);
    }
    const digest = digestOfText(rows.map((row) => objectText(names, row)).join('\n'));
    looks.set(table.name, { status, affected: columnsAffected, digest, rowCount: rows.length, cells });
  }
  const known = {
    hostId,
    collectedTime: machine.capturedTime,
    euid: machine.euid,
    redaction: null,
    looks,
  };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: snapshotStatus(results.map(({ status }) => status)),
    origin: machine.origin,
    toolVersion,
    schemaVersion,
    report: reportOf(tables, collection),
  };
};

/** Digest of rows, for those that did not come as text. */
export const digestOfRows = (table: Table, rows: readonly Cells[]): string => {
  const names = Object.keys(table.columns).map((name) => JSON.stringify(name));
  return digestOfText(
    rows
      .map((row) => `{${names.map((name, index) => `${name}:${JSON.stringify(row[index] ?? null)}`).join(',')}}`)
      .join('\n'),
  );
};

const compareValues = (a: Value, b: Value): number => {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : 1;
};

/** The order of a table's rows: by its key, then by every column, as collector/check.ts has it. */
export const cellsOrder = (table: Table): ((a: Cells, b: Cells) => number) => {
  const names = Object.keys(table.columns);
  const order = [...table.key.map((name) => names.indexOf(name)), ...names.keys()];
  return (a, b) => {
    for (const index of order) {
      const result = compareValues(a[index] ?? null, b[index] ?? null);
      if (result !== 0) return result;
    }
    return 0;
  };
};

export { dataTables };
