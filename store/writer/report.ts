/** What is told of the last snapshot of a host beside its rows: states of tables, errors and commands. */
import { createHash } from 'node:crypto';
import type { Value } from '../../collector/table.ts';
import { doubtColumns, doubtsOfRow, noDoubtsKnown, withoutUnknownDoubts } from '../doubts.ts';
import type { Cells, Report, Snapshot } from '../snapshot.ts';
import { namesText } from './dictionary.ts';
import type { Dictionary } from './dictionary.ts';
import type { Target } from './target.ts';

/** Of two reports of one snapshot, the greater stays: it does not matter which came first. */
export const reportDigest = (report: Report): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([report.status.map(withoutUnknownDoubts), report.errors, report.commands]))
    .digest()
    .subarray(0, 16);

/** What observations themselves tell, where no report came along. */
const statusOf = (observations: Snapshot['observations']): Cells[] =>
  [...observations].map(([name, { status, affected, rowCount }]) => [
    ...[name, status, rowCount, null, null, namesText(affected), null, null],
    ...noDoubtsKnown,
  ]);

/** A list of names as text, with more of them: what the maker did not know is as unknown as what failed. */
const withNames = (list: Value, names: readonly string[]): Value =>
  list === null || names.length === 0
    ? list
    : JSON.stringify([...(JSON.parse(String(list)) as readonly string[]), ...names]);

const bytes = (hex: Value): Buffer => Buffer.from(String(hex), 'hex');

const same = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0);

/** A row of `_report_status` without its host: the number of the table, then the rest. */
type StatusRow = readonly [number, ...Value[]];

export class ReportWriter {
  readonly #target: Target;
  readonly #dictionary: Dictionary;

  constructor(target: Target, dictionary: Dictionary) {
    this.#target = target;
    this.#dictionary = dictionary;
  }

  /** Replaces the report of a host; rows that stay the same are not written. */
  write(
    host: number,
    isNew: boolean,
    { observations, report }: Pick<Snapshot, 'observations' | 'report'>,
  ): void {
    const status = this.#statusRows(report?.status ?? statusOf(observations), observations);
    if (isNew) this.#insertStatus(host, status);
    else this.#replaceStatus(host, status);
    this.#writeRows('_report_error', host, isNew, report?.errors ?? []);
    const commands = (report?.commands ?? []).map((row) => this.#commandRow(row));
    this.#writeRows('_report_command', host, isNew, commands);
    this.#target
      .prepare('UPDATE _host SET has_report = ? WHERE host = ?')
      .run(report === null ? null : reportDigest(report), host);
  }

  #statusRows(status: readonly Cells[], observations: Snapshot['observations']): readonly StatusRow[] {
    const { byName, tableIds } = this.#target;
    const rows: StatusRow[] = [];
    for (const row of status) {
      const [given, is = null, rowCount = null, code = null, reason = null, affected = null, ms = null] = row;
      const name = String(given);
      const tableId = byName.has(name) ? tableIds.get(name) : undefined;
      // Also a table of which only the file knows: its rows are not among those that are stored.
      if (tableId === undefined) continue;
      const names = withNames(affected, observations.get(name)?.absent ?? []);
      rows.push([tableId, is, rowCount, code, reason, names, ms, ...doubtsOfRow(row)]);
    }
    return rows.sort(([a], [b]) => a - b);
  }

  #insertStatus(host: number, rows: readonly StatusRow[]): void {
    if (rows.length === 0) return;
    this.#target.insertMany(
      '_report_status',
      8 + doubtColumns.length,
      rows.flatMap((row) => [host, ...row]),
    );
  }

  #replaceStatus(host: number, rows: readonly StatusRow[]): void {
    const { prepare } = this.#target;
    const old = new Map(
      (prepare('SELECT * FROM _report_status WHERE host = ?').raw(true).all(host) as unknown[][]).map(
        (row) => [row[1] as number, row.slice(2)],
      ),
    );
    for (const [tableId, ...row] of rows) {
      const before = old.get(tableId);
      old.delete(tableId);
      if (before !== undefined && row.every((value, index) => value === before[index])) continue;
      this.#replaceRow('_report_status', [host, tableId, ...row]);
    }
    for (const tableId of old.keys())
      prepare('DELETE FROM _report_status WHERE host = ? AND tab = ?').run(host, tableId);
  }

  /** Rows that stand in their order, by number. */
  #writeRows(into: string, host: number, isNew: boolean, rows: readonly (readonly unknown[])[]): void {
    const [first] = rows;
    if (!isNew) this.#replaceRows(into, host, rows);
    else if (first !== undefined)
      this.#target.insertMany(
        into,
        first.length + 2,
        rows.flatMap((row, rowNumber) => [host, rowNumber, ...row]),
      );
  }

  #replaceRows(into: string, host: number, rows: readonly (readonly unknown[])[]): void {
    const { prepare } = this.#target;
    const old = prepare(`SELECT * FROM ${into} WHERE host = ? ORDER BY 2`).raw(true).all(host) as unknown[][];
    for (const [rowNumber, row] of rows.entries()) {
      const before = old[rowNumber];
      if (before !== undefined && row.every((value, index) => same(value, before[index + 2]))) continue;
      this.#replaceRow(into, [host, rowNumber, ...row]);
    }
    if (old.length > rows.length)
      prepare(`DELETE FROM ${into} WHERE host = ? AND n >= ?`).run(host, rows.length);
  }

  #replaceRow(into: string, values: readonly unknown[]): void {
    this.#target
      .prepare(`INSERT OR REPLACE INTO ${into} VALUES (${values.map(() => '?').join(', ')})`)
      .run(values);
  }

  #commandRow(row: Cells): readonly unknown[] {
    const [commandId = null, argv = null, source = null, isNetworkCapable = null, ...run] = row;
    const [started, duration, exit, signal, timedOut, outSize, out, errSize, err, euid] = run;
    return [
      this.#dictionary.commandOf(commandId, argv, source, isNetworkCapable),
      ...[started ?? null, duration ?? null, exit ?? null, signal ?? null, timedOut ?? null],
      ...[outSize ?? null, bytes(out ?? ''), errSize ?? null, bytes(err ?? ''), euid ?? null],
    ];
  }
}
