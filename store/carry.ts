/** Snapshots out of a store, each whole, as they went in: for merging and for export. */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import type { Store } from './file.ts';
import { lookReader, readHistory, readTimeline, statementCache } from './read.ts';
import type { LookEntry, Prepare, TableHistory } from './read.ts';
import { dataTables } from './schema.ts';
import { digestOfCells, isGood, packRows } from './snapshot.ts';
import type { Cells, Look, Report, Snapshot } from './snapshot.ts';

export const readHostIds = (db: Db): string[] =>
  db.prepare('SELECT host_id FROM _host ORDER BY host_id').pluck().all() as string[];

const readReport = (prepare: Prepare, host: number): Report | null => {
  const known = prepare('SELECT has_report FROM _host WHERE host = ?').pluck().get(host);
  if (known === null || known === undefined) return null;
  const rows = (sql: string): Cells[] => prepare(sql).raw(true).all(host) as Cells[];
  return {
    status: rows(
      'SELECT t.name, r.status, r.row_count, r.code, r.reason, r.columns_affected, r.duration_ms, NULL ' +
        'FROM _report_status r JOIN _table t ON t.tab = r.tab WHERE r.host = ? ORDER BY t.name',
    ),
    errors: rows(
      'SELECT table_name, command_id, code, message, hint FROM _report_error WHERE host = ? ORDER BY n',
    ),
    commands: rows(
      'SELECT c.command_id, c.argv, c.source, c.is_network_capable, r.started_time, r.duration_ms, r.exit_code, ' +
        'r.signal, r.is_timed_out, r.stdout_bytes, lower(hex(r.stdout_sha256)), r.stderr_bytes, ' +
        'lower(hex(r.stderr_sha256)), r.euid FROM _report_command r JOIN _command c ON c.command = r.command ' +
        'WHERE r.host = ? ORDER BY r.n',
    ),
  };
};

interface SnapshotRow {
  readonly time: number;
  readonly id: number;
  readonly look: number;
  readonly sequence: number;
  readonly status: Snapshot['status'];
  readonly origin: Snapshot['origin'];
  readonly euid: number | null;
  readonly tool_version: string;
  readonly schema_version: number;
  readonly redaction: string | null;
}

export interface CarriedSnapshot extends Snapshot {
  readonly sequence: number;
}

export interface SnapshotReader {
  /** The snapshots of a host, in order. Looks that saw the same are one object. */
  read(
    hostId: string,
    only?: (snapshot: { readonly time: number; readonly id: number }) => boolean,
  ): Generator<CarriedSnapshot>;
}

/** Reads snapshots back. One reader serves all hosts of a store. */
export const snapshotReader = ({
  db,
  tables,
  tabs,
}: Pick<Store, 'db' | 'tables' | 'tabs'>): SnapshotReader => {
  const prepare = statementCache(db);
  const lookOf = lookReader(prepare);
  const known = dataTables(tables).flatMap((table): [Table, number][] => {
    const tab = tabs.get(table.name);
    return tab === undefined ? [] : [[table, tab]];
  });

  function* read(
    hostId: string,
    only: (snapshot: { readonly time: number; readonly id: number }) => boolean = () => true,
  ): Generator<CarriedSnapshot> {
    const host = prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(hostId) as
      | number
      | undefined;
    if (host === undefined) return;
    const timeline = readTimeline(prepare, host);
    const rows = prepare(
      'SELECT collected_time AS time, snapshot_id AS id, look, sequence, status, origin, euid, tool_version, ' +
        'schema_version, redaction FROM _snapshot WHERE host = ? ORDER BY collected_time, snapshot_id',
    ).all(host) as SnapshotRow[];
    const histories = known.map(([table, tab]) => ({
      table,
      tab,
      names: Object.keys(table.columns),
      history: readHistory(prepare, lookOf, table, tab, host, timeline),
      next: 0,
      before: null as { look: Look; rows: readonly Cells[]; entry: LookEntry } | null,
    }));
    for (const [index, row] of rows.entries()) {
      const looks = new Map<string, Look>();
      const entries = lookOf(row.look);
      for (const state of histories) {
        const entry = entries.get(state.tab);
        if (entry === undefined) continue;
        const { status, affected, failed } = entry;
        if (!isGood(status)) {
          looks.set(state.table.name, { status, affected, failed, digest: '', rowCount: 0, cells: [] });
          continue;
        }
        const sighting = state.history.sightings[state.next] as TableHistory['sightings'][number];
        state.next += 1;
        const { before } = state;
        if (before !== null && before.rows === sighting.rows && before.entry === entry) {
          looks.set(state.table.name, before.look);
          continue;
        }
        const cells = packRows(sighting.rows);
        const digest = digestOfCells(state.names, cells);
        const look = { status, affected, failed, digest, rowCount: sighting.rows.length, cells };
        state.before = { look, rows: sighting.rows, entry };
        looks.set(state.table.name, look);
      }
      if (!only(row)) continue;
      yield {
        hostId,
        collectedTime: row.time,
        snapshotId: row.id,
        sequence: row.sequence,
        status: row.status,
        origin: row.origin,
        euid: row.euid,
        toolVersion: row.tool_version,
        schemaVersion: row.schema_version,
        redaction: row.redaction,
        looks,
        report: index === rows.length - 1 ? readReport(prepare, host) : null,
      };
    }
  }
  return { read };
};
