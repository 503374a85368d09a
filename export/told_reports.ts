/**
 * The report on a collection, told only where it says something else than what was told of that host last. docs/siem.md
 * explains it to those who read it.
 *
 * It is one whole: where anything in it is news, all of it is told, for rows have no word for an error that is gone. Of a report
 * that says the same as before, the row of `hosts` in table_status is told alone: the Mac was looked at.
 *
 * The digest is of what is written, so after redaction: it says no more than the output does, and without the key of the
 * redaction nobody can try values out on it. What is no news by itself the tables declare (`passing` of a column).
 */
import { createHash } from 'node:crypto';
import type { Column, Table } from '../collector/table.ts';
import { isReport, jsonCell } from './format.ts';
import type { Cell, ExportSnapshot, ExportTable, Head } from './format.ts';

/** What was told of a host last. */
export interface ToldReport {
  /** The latest of the snapshots whose reports were told. */
  readonly time: number;
  /** Null where it is not known which report came last to whoever reads it. */
  readonly digest: string | null;
}

export type ToldReports = ReadonlyMap<string, ToldReport>;

/** A table whose rows were read. */
type ReadTable = ExportTable & { readonly rows: ExportTable['rows'] & { readonly length: number } };

const read = (table: ExportTable): ReadTable => ({ ...table, rows: [...table.rows] });

/** 96 bits: by chance, no two reports of one host share them. */
const digestLength = 16;

const newsOfCell = ({ passing }: Column, cell: Cell, time: number): string => {
  if (passing === 'always') return '';
  return passing === 'where_now' && cell === time ? 'now' : jsonCell(cell);
};

const digestOf = (reports: readonly ReadTable[], time: number): string => {
  const hash = createHash('sha256');
  for (const { table, rows } of reports) {
    const columns = Object.values(table.columns);
    const lines = Array.from(rows, ({ cells }) =>
      columns.map((column, index) => newsOfCell(column, cells[index] ?? null, time)).join(),
    );
    // Nothing promises the order of rows that share a key.
    hash.update(`${table.name}\n${lines.sort().join('\n')}\n\n`);
  }
  return hash.digest('base64url').slice(0, digestLength);
};

/** The one row of a report without news; null where the report has none, and is told as it is. */
const sign = (reports: readonly ReadTable[]): ReadTable | null => {
  const status = reports.find(({ table }) => table.name === 'table_status');
  if (status === undefined) return null;
  const name = Object.keys(status.table.columns).indexOf('table_name');
  const rows = Array.from(status.rows).filter(({ cells }) => cells[name] === 'hosts');
  return rows.length === 0 ? null : { ...status, rows, rowCount: rows.length };
};

/** Without table_status nothing would say that an error is gone, nor that the Mac was looked at. */
export const canBeLeftOut = (tables: readonly Table[]): boolean =>
  tables.some(({ name }) => name === 'table_status');

export class ReportNews {
  readonly #told: Map<string, ToldReport>;
  readonly #isRepeated: boolean;
  readonly #beforeNews: (forgotten: ToldReports) => void;
  #isNews = false;

  /**
   * @param known What was told before.
   * @param isRepeated Reports are told whole, also where nothing in them is new.
   * @param beforeNews Is called before a report is told that is not the one that is known. If this run comes to no good end, who
   *   reads it may have that report or not; so what was told has to be forgotten first, where it is kept.
   */
  constructor(known: ToldReports, isRepeated: boolean, beforeNews: (forgotten: ToldReports) => void) {
    this.#told = new Map(known);
    this.#isRepeated = isRepeated;
    this.#beforeNews = beforeNews;
  }

  /** What was told of each host, when all that `apply` returned is written. */
  get told(): ToldReports {
    return this.#told;
  }

  /**
   * @param head The snapshot as the store has it.
   * @param snapshot The same as it is written.
   */
  apply({ hostId, collectedTime }: Head, snapshot: ExportSnapshot): ExportSnapshot {
    return { ...snapshot, tables: this.#tables(hostId, collectedTime, snapshot.tables) };
  }

  *#tables(hostId: string, time: number, tables: Iterable<ExportTable>): Generator<ExportTable> {
    const reports: ReadTable[] = [];
    for (const table of tables) {
      if (isReport(table.table)) reports.push(read(table));
      else yield table;
    }
    if (reports.length === 0) return;
    const isSame = this.#note(hostId, { time, digest: digestOf(reports, time) });
    const only = isSame && !this.#isRepeated ? sign(reports) : null;
    if (only === null) yield* reports;
    else yield only;
  }

  /** Whether a report says what was told last. */
  #note(hostId: string, { time, digest }: ToldReport): boolean {
    const known = this.#told.get(hostId);
    if (known === undefined) {
      this.#told.set(hostId, { time, digest });
      return false;
    }
    if (digest === known.digest && time >= known.time) {
      this.#told.set(hostId, { time, digest });
      return true;
    }
    this.#forget();
    // Where it is not the later one, that which was told last does not count any more; by time, it still is the last one for
    // whoever reads it. So the next report is told whole, too.
    this.#told.set(hostId, time > known.time ? { time, digest } : { ...known, digest: null });
    return false;
  }

  #forget(): void {
    if (this.#isNews) return;
    this.#isNews = true;
    this.#beforeNews(new Map([...this.#told].map(([hostId, { time }]) => [hostId, { time, digest: null }])));
  }
}
