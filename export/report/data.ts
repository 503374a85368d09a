/** Asks a store everything that a report tells. */
import type { Table } from '../../collector/table.ts';
import type { Db } from '../../store/database.ts';
import { addHostSummary } from '../../queries/host_summary.ts';
import { fleetTiles, shortAbove } from './fleet_tiles.ts';
import { allMacs } from './sql.ts';
import { hostTiles } from './host_tiles.ts';
import { ask } from './tile.ts';
import type { Tile, Told } from './tile.ts';
import { witnessTile } from './witness_tile.ts';

/** The rows that a list shows at most, of few Macs and of many. */
const mostRows = { few: 500, many: 100 } as const;

export interface ReportData {
  readonly now: number;
  readonly hosts: number;
  readonly tolds: ReadonlyMap<string, Told>;
}

export interface DataOptions {
  /** Unix seconds: the moment of the report. */
  readonly now: number;
  readonly tables: readonly Table[];
  /** The rows are of a lake, which has no commands. */
  readonly isLake?: boolean;
  readonly progress?: (done: number, of: number) => void;
}

const askAll = (
  db: Db,
  tiles: readonly Tile[],
  most: number,
  progress: DataOptions['progress'],
): ReportData['tolds'] =>
  new Map(
    tiles.map((tile, index) => {
      progress?.(index, tiles.length);
      return [tile.id, ask(db, tile, most)];
    }),
  );

export const hostCount = (db: Db): number => db.prepare(`SELECT ${allMacs}`).pluck().get() as number;

/** What a report tells of all Macs of a store. */
export const fleetData = (db: Db, { now, tables, progress }: DataOptions): ReportData => {
  addHostSummary(db, 'host_summary', { now, isStored: true, tables });
  const hosts = hostCount(db);
  const isShort = hosts > shortAbove;
  const tiles = fleetTiles(now, hosts, witnessTile({ hostId: null, onlyConflicts: isShort }));
  return { now, hosts, tolds: askAll(db, tiles, isShort ? mostRows.many : mostRows.few, progress) };
};

/** So that the statement of the page can be asked, and finds nothing; the page says why. */
const noCommands =
  'CREATE TEMP VIEW command_log AS SELECT NULL AS command_id, NULL AS argv, NULL AS source, NULL AS exit_code, NULL AS started_time, ' +
  'NULL AS duration_ms, NULL AS stdout_bytes, NULL AS stdout_sha256, NULL AS euid, NULL AS host_id WHERE 0';

/** What a report tells of one Mac. */
export const hostData = (
  db: Db,
  hostId: string,
  { now, tables, isLake = false, progress }: DataOptions,
): ReportData => {
  if (isLake) db.exec(noCommands);
  addHostSummary(db, 'host_summary', { now, isStored: true, tables });
  return { now, hosts: 1, tolds: askAll(db, hostTiles(hostId, now, isLake), mostRows.few, progress) };
};
