/** The file that is written: its statements, prepared once, and its tables. */
import { holdsRows } from '../../collector/status.ts';
import type { Table } from '../../collector/table.ts';
import type { Db, Statement } from '../database.ts';
import { widenTables } from '../held.ts';
import type { Difference } from '../held.ts';
import { observationReader, statementCache } from '../reader.ts';
import type { ObservationStatus, Prepare } from '../reader.ts';
import { dataTables } from '../../collector/table.ts';
import { readTableNumbers } from '../schema.ts';
import { packRows, rowsOf } from '../snapshot.ts';
import type { Snapshot, TableObservation } from '../snapshot.ts';
import { knownDifference } from '../upgrade.ts';

// Many rows at once cost less than one at a time; more than this bring nothing more.
const rowsAtOnce = 32;

/** An observation by a program that does not know columns of the file. */
const widened = (
  observation: TableObservation,
  width: number,
  unknown: ReadonlyMap<string, string>,
): TableObservation => {
  if (!holdsRows(observation.status, observation.rowCount)) return observation;
  const more = [...unknown.keys()];
  return {
    ...observation,
    absent: [...(observation.absent ?? []), ...more],
    cells: packRows(rowsOf(observation, width).map((row) => [...row, ...more.map(() => null)])),
  };
};

export class Target {
  readonly db: Db;
  readonly prepare: Prepare;
  readonly observationsOf: (observationSet: number) => ReadonlyMap<number, ObservationStatus>;
  readonly tableIds: ReadonlyMap<string, number>;
  /** The declared tables, with the columns that only the file knows. */
  readonly tables: readonly Table[];
  /** Those that have a history. */
  readonly byName: ReadonlyMap<string, Table>;
  readonly #unknownColumns: Difference['unknownColumns'];
  readonly #inserts = new Map<string, Map<number, Statement>>();

  constructor(db: Db, declared: readonly Table[]) {
    this.db = db;
    this.prepare = statementCache(db);
    this.observationsOf = observationReader(this.prepare);
    this.tableIds = readTableNumbers(db);
    this.#unknownColumns = knownDifference(db, declared)?.unknownColumns ?? new Map();
    this.tables = widenTables(declared, this.#unknownColumns);
    this.byName = new Map(dataTables(this.tables).map((table) => [table.name, table]));
  }

  /** Snapshots as the file can have them: rows keep the columns that only it knows. */
  widen(snapshots: readonly Snapshot[]): readonly Snapshot[] {
    if (this.#unknownColumns.size === 0) return snapshots;
    return snapshots.map((snapshot) => {
      const observations = new Map(snapshot.observations);
      for (const [name, unknown] of this.#unknownColumns) {
        const observation = observations.get(name);
        const width = Object.keys(this.byName.get(name)?.columns ?? {}).length - unknown.size;
        if (observation !== undefined) observations.set(name, widened(observation, width, unknown));
      }
      return { ...snapshot, observations };
    });
  }

  /** Inserts rows that are given as one list of values. */
  insertMany(into: string, width: number, values: readonly unknown[]): void {
    const count = values.length / width;
    for (let start = 0; start < count; start += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - start);
      const statement = this.#insertOf(into, width, rows);
      // Spread: better-sqlite3 takes arguments faster than the elements of an array.
      statement.run(...(rows === count ? values : values.slice(start * width, (start + rows) * width)));
    }
  }

  #insertOf(into: string, width: number, rows: number): Statement {
    let statements = this.#inserts.get(into);
    if (statements === undefined) {
      statements = new Map();
      this.#inserts.set(into, statements);
    }
    const known = statements.get(rows);
    if (known !== undefined) return known;
    const one = `(${Array.from({ length: width }, () => '?').join(', ')})`;
    const made = this.db.prepare(
      `INSERT INTO ${into} VALUES ${Array.from({ length: rows }, () => one).join(', ')}`,
    );
    statements.set(rows, made);
    return made;
  }
}
