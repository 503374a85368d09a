/** When each host and each of its tables was seen last: host by host, for a file may hold many. */
import { dataTables } from '../collector/table.ts';
import type { Store } from './store.ts';
import { lastGood, readTableNumbers } from './schema.ts';

/** A table of a host, as its last snapshot that counts has it. */
export interface TableLook {
  readonly table: string;
  /** Null where it is not in that snapshot. */
  readonly status: string | null;
  readonly code: string | null;
  readonly reason: string | null;
  /** Null where no snapshot ever saw it. */
  readonly lastGoodTime: number | null;
}

export interface HostLook {
  readonly hostId: string;
  readonly name: string | null;
  /** Of the last snapshot that counts; null where none does. */
  readonly lastTime: number | null;
  readonly euid: number | null;
  readonly toolVersion: string | null;
  readonly tables: readonly TableLook[];
}

interface HostRow {
  readonly host: number;
  readonly hostId: string;
  readonly lastTime: number | null;
  readonly euid: number | null;
  readonly toolVersion: string | null;
}

const hostsSql =
  'SELECT h.host, h.host_id AS hostId, h.last_time AS lastTime, s.euid, s.tool_version AS toolVersion FROM main._host h ' +
  'LEFT JOIN main._snapshot s ON s.host = h.host AND s.collected_time = h.last_time AND s.snapshot_id = h.last_snapshot ' +
  'ORDER BY h.host_id';

// What is good in the last snapshot need not be looked for in those before.
const tablesSql =
  'SELECT t.name AS "table", l.status, r.code, r.reason, ' +
  `CASE WHEN l.is_good = 1 THEN h.last_time ELSE ${lastGood('collected_time', 'h.host', 't.tab')} END AS lastGoodTime ` +
  'FROM main._host h JOIN main._snapshot s ON s.host = h.host AND s.collected_time = h.last_time AND s.snapshot_id = h.last_snapshot ' +
  'JOIN main._look_table l ON l.look = s.look JOIN main._table t ON t.tab = l.tab ' +
  'LEFT JOIN main._report_status r ON r.host = h.host AND r.tab = l.tab WHERE h.host = ? ORDER BY t.name';

/** Every host of a store, by its id. The caller holds a transaction, where others may write. */
export function* readLooks({ db, tables }: Store): Generator<HostLook> {
  const names = new Map(
    db.prepare('SELECT host_id, hostname FROM hosts WHERE hostname IS NOT NULL').raw(true).all() as [
      string,
      string,
    ][],
  );
  const numbers = readTableNumbers(db);
  const known = dataTables(tables).map(({ name }) => name);
  const tablesOf = db.prepare(tablesSql);
  const before = db.prepare(`SELECT ${lastGood('collected_time', ':host', ':tab')}`).pluck();
  for (const { host, ...row } of db.prepare(hostsSql).all() as HostRow[]) {
    const found = tablesOf.all(host) as TableLook[];
    const there = new Set(found.map(({ table }) => table));
    const missing = known
      .filter((table) => !there.has(table))
      .map((table): TableLook => {
        const tab = numbers.get(table);
        const lastGoodTime = tab === undefined ? null : (before.get({ host, tab }) as number | null);
        return { table, status: null, code: null, reason: null, lastGoodTime };
      });
    yield {
      ...row,
      name: names.get(row.hostId) ?? null,
      // Where no snapshot counts, there is nothing to say of tables.
      tables: row.lastTime === null ? [] : [...found, ...missing],
    };
  }
}
