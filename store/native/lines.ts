/** What the lines of a native export say that are no rows: where a snapshot begins, and where a table does. */
import { holdsRows, statuses } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import type { Table, Value } from '../../collector/table.ts';
import { isTime } from '../../collector/time.ts';
import { readDoubts, withoutUnknownDoubts } from '../doubts.ts';
import { schemaVersion } from '../schema.ts';
import type { Cells, Origin, Snapshot } from '../snapshot.ts';
import { broken } from './broken.ts';
import { nativeVersion } from './encode.ts';
import type { Fields } from './rows.ts';

export const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export interface SnapshotHeader {
  readonly header: Omit<Snapshot, 'observations' | 'report' | 'snapshotId' | 'status'>;
  /** What the file calls it; its own id follows from what it says. */
  readonly givenId: number;
}

/** Throws UserError. */
export const readSnapshotLine = (fields: Fields, line: number): SnapshotHeader => {
  const { tokenquery, host_id: hostId, snapshot_id: id, collected_time: time, origin, euid } = fields;
  const { tool_version: tool, schema_version: schema, redaction, order_time: order } = fields;
  if (tokenquery !== nativeVersion)
    throw broken(
      line,
      `this is version ${String(tokenquery)} of the native export, and this tokenquery reads version ${nativeVersion}`,
    );
  if (typeof hostId !== 'string' || hostId === '') throw broken(line, 'the snapshot has no host_id');
  if (!isInteger(id) || !isInteger(time))
    throw broken(line, 'the snapshot has no snapshot_id or collected_time');
  if (!isTime(time)) throw broken(line, `the collected_time of the snapshot is no date: ${String(time)}`);
  if (!isInteger(schema)) throw broken(line, 'the snapshot has no schema_version');
  if (schema > schemaVersion)
    throw broken(
      line,
      `it was written by a newer tokenquery (rows of version ${schema}, this one knows ${schemaVersion})`,
    );
  return {
    header: {
      hostId,
      collectedTime: time,
      ...(isInteger(order) && order < time ? { orderTime: order } : {}),
      // Also a word of a newer version.
      origin: typeof origin === 'string' ? (origin as Origin) : 'merge',
      euid: isInteger(euid) ? euid : null,
      toolVersion: typeof tool === 'string' ? tool : '',
      schemaVersion: schema,
      redaction: typeof redaction === 'string' ? redaction : null,
    },
    givenId: id,
  };
};

const namesOf = (fields: Fields, field: string, line: number): readonly string[] | null => {
  const list = fields[field] ?? null;
  if (list !== null && (!Array.isArray(list) || list.some((one) => typeof one !== 'string'))) {
    throw broken(line, `${field} of ${String(fields['table'])} is not a list of names`);
  }
  return list as readonly string[] | null;
};

/** What is said of a table that this program knows. */
export interface KnownTable {
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly absent: readonly string[];
  /** Its row of table_status; null where none came along. */
  readonly details: Cells | null;
}

/** Throws UserError. */
export const readTableLine = (fields: Fields, table: Table, rowCount: number, line: number): KnownTable => {
  const { status, code, reason, duration_ms: duration } = fields;
  if (typeof status !== 'string') throw broken(line, `${table.name} has no status`);
  if (rowCount !== 0 && statuses.includes(status as Status) && !holdsRows(status, rowCount))
    throw broken(line, `${table.name} is ${status} and has rows`);
  const affected = namesOf(fields, 'columns_affected', line);
  const failed = namesOf(fields, 'sources_failed', line);
  const absent = namesOf(fields, 'columns_absent', line) ?? [];
  const doubts = readDoubts(fields);
  if (typeof doubts === 'string') throw broken(line, `${doubts} of ${table.name} cannot be read`);
  const details: Value[] = [
    table.name,
    status,
    rowCount,
    textOrNull(code),
    textOrNull(reason),
    affected === null ? null : JSON.stringify(affected),
    isInteger(duration) ? duration : null,
    null,
    ...doubts,
  ];
  return {
    status: status as Status,
    affected,
    failed: status === 'partial' ? failed : null,
    absent: absent.filter((name) => Object.hasOwn(table.columns, name)),
    details: duration === undefined ? null : withoutUnknownDoubts(details),
  };
};
