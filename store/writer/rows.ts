/** The rows of one table in the file, of one host at a time: row versions, and what observations saw apart from these. */
import { hash } from 'node:crypto';
import type { Table, Value } from '../../collector/table.ts';
import type { ClosedVersion, OpenVersion, Ref } from '../history.ts';
import { columnList } from '../reader.ts';
import type { ChangePoint, PackedRows, TableHistory } from '../reader.ts';
import { beganNumbers, currentName, endedNumbers, pastName } from '../schema.ts';
import { leadingCells } from '../snapshot.ts';
import type { Target } from './target.ts';

/** What the file holds of a table of a host, or a part of it that is replaced. */
export type StoredRows = Pick<TableHistory, 'current' | 'past' | 'changePoints' | 'asides'>;

/** The first good observation of a table of a host, and what the last one saw. */
export interface StateRow {
  readonly time: number;
  readonly id: number;
  readonly digest: Uint8Array;
  readonly isCut: number;
}

const versionColumns = '_host, _n, _began, _from_time, _first_snapshot, _read_time, _read_snapshot';
const versionValues = ({ rowNumber, began, from, read }: OpenVersion): unknown[] => [
  ...[rowNumber, beganNumbers[began]],
  ...[from?.time ?? null, from?.id ?? null, read?.time ?? null, read?.id ?? null],
];

/** What makes a row version differ from another of the same number. */
const versionText = ({ rowNumber, began, from, read, cells }: OpenVersion): string =>
  JSON.stringify([rowNumber, began, from?.time, from?.id, read?.time, read?.id, cells]);
const pastVersionText = (version: ClosedVersion): string =>
  JSON.stringify([
    versionText(version),
    version.until.time,
    version.until.id,
    version.last.id,
    version.ended,
  ]);
const pointText = ({ time, id, raw }: ChangePoint): string =>
  `${time} ${id} ${raw === null ? '' : hash('sha256', raw)}`;
const asideText = ({ isStep, ...aside }: PackedRows): string => `${pointText(aside)} ${isStep}`;

/** What only the one of two lists has, and what only the other. */
const differenceOf = <T>(
  before: readonly T[],
  after: readonly T[],
  textOf: (one: T) => string,
): { readonly gone: Iterable<T>; readonly fresh: readonly T[] } => {
  if (before.length === 0) return { gone: [], fresh: after };
  const gone = new Map(before.map((one) => [textOf(one), one]));
  const fresh = after.filter((one) => !gone.delete(textOf(one)));
  return { gone: gone.values(), fresh };
};

export class TableRows {
  readonly #target: Target;
  readonly #table: Table;
  readonly #tableId: number;
  readonly #width: number;
  readonly #firstInto: string;

  constructor(target: Target, table: Table, tableId: number) {
    this.#target = target;
    this.#table = table;
    this.#tableId = tableId;
    this.#width = Object.keys(table.columns).length;
    this.#firstInto = `${currentName(table)} (_host, _n, ${columnList(table)})`;
  }

  /** Inserts the rows of the first observation of a host straight from its cells, which get the host. */
  insertFirst(host: number, cells: Value[]): void {
    if (cells.length === 0) return;
    const stride = this.#width + leadingCells;
    for (let start = 0; start < cells.length; start += stride) cells[start] = host;
    this.#target.insertMany(this.#firstInto, stride, cells);
  }

  /** Writes rows in place of others; what is in both is not touched. */
  replace(host: number, before: StoredRows, after: StoredRows): void {
    this.#replaceCurrent(host, before.current, after.current);
    this.#replacePast(host, before.past, after.past);
    this.#replaceChangePoints(host, before.changePoints, after.changePoints);
    this.#replaceAsides(host, before.asides, after.asides);
  }

  /** The highest number that a row of a host has. */
  lastNumber(host: number): number {
    const maximum = (name: string): number =>
      (this.#target.prepare(`SELECT max(_n) FROM ${name} WHERE _host = ?`).pluck().get(host) as
        | number
        | null) ?? 0;
    return Math.max(maximum(currentName(this.#table)), maximum(pastName(this.#table)));
  }

  insertAside(host: number, { time, id, raw, isStep }: PackedRows): void {
    this.#target
      .prepare('INSERT INTO _aside (host, tab, time, snapshot_id, raw, is_step) VALUES (?, ?, ?, ?, ?, ?)')
      .run(...[host, this.#tableId, time, id, raw, isStep ? 1 : 0]);
  }

  stateOf(host: number): StateRow | undefined {
    return this.#target
      .prepare(
        'SELECT first_time AS time, first_snapshot AS id, digest, is_cut AS isCut FROM _state WHERE host = ? AND tab = ?',
      )
      .get(host, this.#tableId) as StateRow | undefined;
  }

  writeState(host: number, first: Pick<Ref, 'time' | 'id'>, digest: Buffer): void {
    this.#target
      .prepare(
        'INSERT INTO _state (host, tab, first_time, first_snapshot, digest) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE ' +
          'SET first_time = excluded.first_time, first_snapshot = excluded.first_snapshot, digest = excluded.digest',
      )
      .run(host, this.#tableId, first.time, first.id, digest);
  }

  deleteState(host: number): void {
    this.#target.prepare('DELETE FROM _state WHERE host = ? AND tab = ?').run(host, this.#tableId);
  }

  #replaceCurrent(host: number, before: readonly OpenVersion[], now: readonly OpenVersion[]): void {
    if (before.length === 0) {
      this.#insertCurrent(host, now);
      return;
    }
    const old = new Map(before.map((version) => [version.rowNumber, version]));
    const fresh: OpenVersion[] = [];
    const remove = this.#target.prepare(`DELETE FROM ${currentName(this.#table)} WHERE _host = ? AND _n = ?`);
    for (const version of now) {
      const known = old.get(version.rowNumber);
      old.delete(version.rowNumber);
      if (known === version) continue;
      if (known !== undefined) {
        if (versionText(known) === versionText(version)) continue;
        remove.run(host, version.rowNumber);
      }
      fresh.push(version);
    }
    for (const rowNumber of old.keys()) remove.run(host, rowNumber);
    this.#insertCurrent(host, fresh);
  }

  #insertCurrent(host: number, versions: readonly OpenVersion[]): void {
    if (versions.length === 0) return;
    this.#target.insertMany(
      `${currentName(this.#table)} (${versionColumns}, ${columnList(this.#table)})`,
      7 + this.#width,
      versions.flatMap((version) => [host, ...versionValues(version), ...version.cells]),
    );
  }

  #replacePast(host: number, before: readonly ClosedVersion[], now: readonly ClosedVersion[]): void {
    const name = pastName(this.#table);
    const { gone, fresh } = differenceOf(before, now, pastVersionText);
    for (const { rowNumber, until, ended } of gone) {
      this.#target
        .prepare(
          `DELETE FROM ${name} WHERE _host = ? AND _n = ? AND _until_time = ? AND _until_snapshot = ? AND _ended = ?`,
        )
        .run(host, rowNumber, until.time, until.id, endedNumbers[ended]);
    }
    if (fresh.length === 0) return;
    this.#target.insertMany(
      `${name} (${versionColumns}, _until_time, _until_snapshot, _last_snapshot, _ended, ${columnList(this.#table)})`,
      11 + this.#width,
      fresh.flatMap((version) => [
        ...[host, ...versionValues(version)],
        ...[version.until.time, version.until.id, version.last.id, endedNumbers[version.ended]],
        ...version.cells,
      ]),
    );
  }

  #replaceChangePoints(host: number, before: readonly ChangePoint[], now: readonly ChangePoint[]): void {
    const { prepare } = this.#target;
    const { gone, fresh } = differenceOf(before, now, pointText);
    for (const { time, id } of gone) {
      prepare('DELETE FROM _partial WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?').run(
        ...[host, this.#tableId, time, id],
      );
    }
    for (const { time, id, raw } of fresh) {
      prepare('INSERT INTO _partial (host, tab, time, snapshot_id, raw) VALUES (?, ?, ?, ?, ?)').run(
        ...[host, this.#tableId, time, id, raw],
      );
    }
  }

  #replaceAsides(host: number, before: readonly PackedRows[], now: readonly PackedRows[]): void {
    const { gone, fresh } = differenceOf(before, now, asideText);
    for (const { time, id } of gone) {
      this.#target
        .prepare('DELETE FROM _aside WHERE host = ? AND tab = ? AND time = ? AND snapshot_id = ?')
        .run(...[host, this.#tableId, time, id]);
    }
    for (const aside of fresh) this.insertAside(host, aside);
  }
}
