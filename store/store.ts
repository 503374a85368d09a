/** A store that is open. */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import type { Difference } from './held.ts';

export interface Store {
  readonly db: Db;
  readonly path: string;
  readonly tables: readonly Table[];
  readonly tableIds: ReadonlyMap<string, number>;
  /** How the file differs from what is declared; null where it is known not to. */
  readonly difference: Difference | null;
  /** Views that stand in for those of the file on this connection, with their text. */
  readonly standIns: ReadonlyMap<string, string>;
  /** What was put right on opening, for a note to the user. */
  readonly notes: readonly string[];
  close(): void;
}
