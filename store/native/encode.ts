/** The native export: snapshots as NDJSON, one row a line. docs/native.md describes it. */
import { hash } from 'node:crypto';
import type { Value } from '../../collector/table.ts';
import { doubtFields } from '../doubts.ts';
import type { Doubts } from '../doubts.ts';
import type { Snapshot, TableObservation } from '../snapshot.ts';

export const nativeVersion = 1;

export const reportTables = { errors: 'collection_errors', commands: 'command_log' } as const;

/**
 * What the identities of the rows of one table in one snapshot begin with. Identity of a row, the same in
 * every format and on every export: SHA-256 of the canonical JSON of schema version, host, snapshot, table
 * and key. A second row with the same key has its number too.
 */
export const rowIdHead = (
  snapshot: Pick<Snapshot, 'schemaVersion' | 'hostId' | 'snapshotId'>,
  table: string,
): string =>
  `${JSON.stringify([snapshot.schemaVersion, snapshot.hostId, snapshot.snapshotId, table]).slice(0, -1)},`;

/**
 * The identity of a row from the head above and its key as a JSON array
 * of scalars, which is as RFC 8785 has it.
 */
export const rowIdOf = (head: string, key: string, ordinal = 0): string =>
  hash('sha256', ordinal === 0 ? `${head}${key}]` : `${head}${key},${ordinal}]`);

export type SnapshotHead = Omit<Snapshot, 'observations' | 'report'> & { readonly sequence?: number | null };

export const snapshotLine = (snapshot: SnapshotHead): string =>
  `${JSON.stringify({
    tokenquery: nativeVersion,
    kind: 'snapshot',
    snapshot_id: snapshot.snapshotId,
    host_id: snapshot.hostId,
    collected_time: snapshot.collectedTime,
    // Only of one that the store has and does not count.
    ...(snapshot.orderTime === undefined ? {} : { order_time: snapshot.orderTime }),
    sequence: snapshot.sequence ?? null,
    status: snapshot.status,
    origin: snapshot.origin,
    euid: snapshot.euid,
    tool_version: snapshot.toolVersion,
    schema_version: snapshot.schemaVersion,
    redaction: snapshot.redaction,
  })}\n`;

export interface TableDetails {
  readonly code: Value;
  readonly reason: Value;
  readonly durationMs: Value;
  readonly doubts: Doubts;
}

export const tableLine = (
  table: string,
  snapshotId: number,
  observation: Pick<TableObservation, 'status' | 'rowCount' | 'affected' | 'failed' | 'absent'>,
  details: TableDetails | null,
): string =>
  `${JSON.stringify({
    kind: 'table',
    table,
    snapshot_id: snapshotId,
    status: observation.status,
    row_count: observation.rowCount,
    columns_affected: observation.affected,
    ...(observation.status === 'partial' ? { sources_failed: observation.failed } : {}),
    ...((observation.absent ?? []).length > 0 ? { columns_absent: observation.absent } : {}),
    // Known of the last snapshot of a host only.
    ...(details === null
      ? {}
      : {
          code: details.code,
          reason: details.reason,
          duration_ms: details.durationMs,
          ...doubtFields(details.doubts),
        }),
  })}\n`;

/**
 * What the rows of one table in one snapshot begin with; the identity,
 * `rowMiddle`, the columns and `}\n` follow.
 */
export const rowHead = (
  { hostId, snapshotId }: Pick<Snapshot, 'hostId' | 'snapshotId'>,
  table: string,
): string =>
  `{"kind":"row","table":${JSON.stringify(table)},"host_id":${JSON.stringify(hostId)},"snapshot_id":${snapshotId},"row_id":"`;
export const rowMiddle = '","columns":';

export const endLine = (snapshotId: number, rows: number): string =>
  `${JSON.stringify({ kind: 'end', snapshot_id: snapshotId, rows })}\n`;
