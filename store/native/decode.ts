/** Reads the lines of a native export back into snapshots. */
import { isAscii, isUtf8 } from 'node:buffer';
import { isGood, statuses } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import { UserError } from '../../collector/errors.ts';
import type { Table, Value } from '../../collector/table.ts';
import { dataTables, schemaVersion } from '../schema.ts';
import {
  cellsOrder,
  digestOfCells,
  isSorted,
  leadingCells,
  orderIndexes,
  origins,
  packRows,
  snapshotIdOf,
  snapshotStatus,
} from '../snapshot.ts';
import type { Cells, Origin, Snapshot, TableObservation } from '../snapshot.ts';
import { nativeVersion, reportTables, rowMiddle } from './encode.ts';

/** What is wrong with an export, and where. */
const broken = (line: number, what: string): UserError =>
  new UserError(
    `line ${line}: ${what}`,
    'docs/native.md describes the lines; what stands before this one is good',
  );

interface OpenTable {
  readonly table: Table;
  readonly isReport: boolean;
  readonly names: readonly string[];
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly rowCount: number;
  readonly details: Cells | null;
  /** What a row of this table begins with when this program wrote it. */
  readonly head: Buffer;
  readonly firstLine: number;
  /** Rows so far; what they say is in `columns`. */
  count: number;
}

interface OpenSnapshot {
  readonly header: Omit<Snapshot, 'observations' | 'report' | 'snapshotId' | 'status'>;
  readonly givenId: number;
  readonly observations: Map<string, TableObservation>;
  readonly status: Cells[];
  readonly errors: Cells[];
  readonly commands: Cells[];
  hasReport: boolean;
  rows: number;
}

interface Check {
  readonly name: string;
  readonly isText: boolean;
  readonly isInteger: boolean;
  readonly isBoolean: boolean;
  readonly isRequired: boolean;
  readonly values: ReadonlySet<unknown> | null;
}

const idLength = 64;

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

/** Pieces of JSON in a row, with commas between them. */
const jsonList = () => {
  let held = Buffer.allocUnsafe(65_536);
  let length = 0;
  return {
    clear: (): void => {
      length = 0;
    },
    add: (bytes: Buffer, from = 0, to = bytes.length): void => {
      const needed = length + to - from + 1;
      if (needed > held.length) {
        const larger = Buffer.allocUnsafe(needed * 2);
        held.copy(larger, 0, 0, length);
        held = larger;
      }
      if (length > 0) {
        held[length] = comma;
        length += 1;
      }
      bytes.copy(held, length, from, to);
      length += to - from;
    },
    /** Null when it is not UTF-8. */
    text: (): string | null => {
      const bytes = held.subarray(0, length);
      if (isAscii(bytes)) return bytes.toString('latin1');
      return isUtf8(bytes) ? bytes.toString('utf8') : null;
    },
  };
};

const lineFeed = 10;
const comma = 44;
const brace = 125;
const middle = Buffer.from(rowMiddle);

export interface NativeDecoder {
  /**
   * Takes the whole lines of some bytes, and hands over each snapshot that one of them ends. Returns where the rest
   * begins, which is no whole line. Throws UserError.
   */
  bytes(bytes: Buffer, take: (snapshot: Snapshot) => void): number;
  /** Throws UserError when a snapshot is not ended. */
  end(): void;
}

/** Decodes an export line by line; holds one snapshot at a time. */
export const nativeDecoder = (tables: readonly Table[]): NativeDecoder => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const isData = new Set(dataTables(tables).map(({ name }) => name));
  const checks = new Map(
    tables.map((table) => [
      table.name,
      Object.entries(table.columns).map(([name, column]): Check => ({
        name,
        isText: column.type === 'TEXT',
        isInteger: column.type === 'INTEGER',
        isBoolean: column.isBoolean === true,
        isRequired: column.isRequired === true,
        values: column.values === undefined ? null : new Set<unknown>(column.values),
      })),
    ]),
  );
  const orders = new Map(
    tables.map((table) => [table.name, { compare: cellsOrder(table), indexes: orderIndexes(table) }]),
  );
  const columns = jsonList();
  let number = 0;
  let snapshot: OpenSnapshot | null = null;
  let open: OpenTable | null = null;

  const checked = (table: Table, column: Check, given: unknown, line: number): Value => {
    const { name, isText, isInteger: mustBeInteger, isBoolean, isRequired, values } = column;
    if (given === null || given === undefined) {
      // Redaction drops what is never NULL otherwise.
      if (isRequired && snapshot?.header.redaction === null)
        throw broken(line, `${name} of ${table.name} is missing`);
      return null;
    }
    const value = given === true ? 1 : given === false ? 0 : given;
    if (isText ? typeof value !== 'string' : mustBeInteger ? !isInteger(value) : typeof value !== 'number') {
      throw broken(line, `${name} of ${table.name} is not ${isText ? 'a text' : 'a number'}`);
    }
    if (isBoolean ? value !== 0 && value !== 1 : values !== null && !values.has(value)) {
      throw broken(line, `${name} of ${table.name} is ${JSON.stringify(value)}, which it cannot be`);
    }
    return value as Value;
  };

  const pushRow = (
    cells: Value[],
    table: Table,
    own: readonly Check[],
    row: Readonly<Record<string, unknown>>,
    line: number,
  ): void => {
    let next = 0;
    // Columns in their order, as this program writes them, need no look-up by name.
    for (const name in row) {
      const column = own[next];
      if (column === undefined || column.name !== name) break;
      cells.push(checked(table, column, row[name], line));
      next += 1;
    }
    if (next === own.length && Object.keys(row).length === next) return;
    for (const column of own.slice(next)) cells.push(checked(table, column, row[column.name], line));
    const unknown = Object.keys(row).find((name) => !own.some((column) => column.name === name));
    if (unknown !== undefined) throw broken(line, `${table.name} has no column ${unknown}`);
  };

  const packed = ({ table, count, firstLine, rowCount }: OpenTable): Value[] => {
    if (count !== rowCount)
      throw broken(number, `${table.name} should have ${rowCount} rows and has ${count}`);
    const own = checks.get(table.name) ?? [];
    const text = columns.text();
    if (text === null) throw broken(firstLine, `a row of ${table.name} from here on is not UTF-8`);
    let rows: Record<string, unknown>[];
    try {
      rows = JSON.parse(`[${text}]`) as Record<string, unknown>[];
    } catch {
      throw broken(firstLine, `a row of ${table.name} from here on is not JSON`);
    }
    if (rows.length !== rowCount)
      throw broken(firstLine, `a row of ${table.name} from here on is not one JSON object`);
    const cells: Value[] = [];
    for (const [index, row] of rows.entries()) {
      cells.push(0, index + 1);
      pushRow(cells, table, own, row, firstLine + 1 + index);
    }
    // The order of rows is part of what a snapshot is; whoever wrote them need not know it.
    const order = orders.get(table.name);
    if (order === undefined || !isData.has(table.name) || isSorted(cells, own.length, order.indexes))
      return cells;
    const all: Cells[] = [];
    const stride = own.length + leadingCells;
    for (let at = leadingCells; at < cells.length; at += stride) all.push(cells.slice(at, at + own.length));
    return packRows(all.sort(order.compare));
  };

  const closeTable = (): void => {
    if (open === null || snapshot === null) return;
    const { table, names, status, affected, failed, rowCount, details, isReport } = open;
    const cells = packed(open);
    snapshot.rows += rowCount;
    if (isReport) {
      const rows: Cells[] = [];
      const stride = names.length + leadingCells;
      for (let start = leadingCells; start < cells.length; start += stride)
        rows.push(cells.slice(start, start + names.length));
      if (table.name === reportTables.errors) snapshot.errors.push(...rows);
      else snapshot.commands.push(...rows);
    } else {
      const digest = isGood(status) ? digestOfCells(names, cells) : '';
      snapshot.observations.set(table.name, { status, affected, failed, digest, rowCount, cells });
      if (details !== null) {
        snapshot.status.push(details);
        snapshot.hasReport = true;
      }
    }
    open = null;
  };

  const openSnapshot = (fields: Readonly<Record<string, unknown>>): void => {
    const { tokenquery, host_id: hostId, snapshot_id: id, collected_time: time, origin, euid } = fields;
    const { tool_version: tool, schema_version: schema, redaction } = fields;
    if (snapshot !== null) throw broken(number, 'a snapshot begins before the one before it has ended');
    if (tokenquery !== nativeVersion)
      throw broken(
        number,
        `this is version ${String(tokenquery)} of the native export, and this tokenquery reads version ${nativeVersion}`,
      );
    if (typeof hostId !== 'string' || hostId === '') throw broken(number, 'the snapshot has no host_id');
    if (!isInteger(id) || !isInteger(time))
      throw broken(number, 'the snapshot has no snapshot_id or collected_time');
    if (!isInteger(schema)) throw broken(number, 'the snapshot has no schema_version');
    if (schema > schemaVersion)
      throw broken(
        number,
        `it was written by a newer tokenquery (rows of version ${schema}, this one knows ${schemaVersion})`,
      );
    snapshot = {
      header: {
        hostId,
        collectedTime: time,
        origin: origins.includes(origin as Origin) ? (origin as Origin) : 'merge',
        euid: isInteger(euid) ? euid : null,
        toolVersion: typeof tool === 'string' ? tool : '',
        schemaVersion: schema,
        redaction: typeof redaction === 'string' ? redaction : null,
      },
      givenId: id,
      observations: new Map(),
      status: [],
      errors: [],
      commands: [],
      hasReport: false,
      rows: 0,
    };
  };

  const openTable = (fields: Readonly<Record<string, unknown>>): void => {
    closeTable();
    if (snapshot === null) throw broken(number, 'a table stands outside of a snapshot');
    const {
      table: name,
      status,
      row_count: rowCount,
      columns_affected: affected,
      sources_failed: failed,
      code,
      reason,
      duration_ms: duration,
    } = fields;
    const table = byName.get(String(name));
    const isReport = name === reportTables.errors || name === reportTables.commands;
    if (table === undefined || (!isData.has(table.name) && !isReport))
      throw broken(number, `there is no table ${String(name)}`);
    if (snapshot.observations.has(table.name))
      throw broken(number, `${table.name} stands twice in a snapshot`);
    if (!statuses.includes(status as Status))
      throw broken(number, `${table.name} has a status that is not known here`);
    if (!isInteger(rowCount) || rowCount < 0) throw broken(number, `${table.name} has no row_count`);
    if (rowCount > 0 && !isGood(status as Status))
      throw broken(number, `${table.name} is ${String(status)} and has rows`);
    const namesOf = (given: unknown, field: string): readonly string[] | null => {
      const list = given ?? null;
      if (list !== null && (!Array.isArray(list) || list.some((one) => typeof one !== 'string'))) {
        throw broken(number, `${field} of ${table.name} is not a list of names`);
      }
      return list as readonly string[] | null;
    };
    const list = namesOf(affected, 'columns_affected');
    const failedList = namesOf(failed, 'sources_failed');
    const { hostId } = snapshot.header;
    columns.clear();
    open = {
      table,
      isReport,
      names: Object.keys(table.columns),
      status: status as Status,
      affected: list,
      failed: status === 'partial' ? failedList : null,
      rowCount,
      details:
        isReport || duration === undefined
          ? null
          : [
              table.name,
              status as string,
              rowCount,
              textOrNull(code),
              textOrNull(reason),
              list === null ? null : JSON.stringify(list),
              isInteger(duration) ? duration : null,
              null,
            ],
      head: Buffer.from(
        `{"kind":"row","table":${JSON.stringify(table.name)},"host_id":${JSON.stringify(hostId)},"snapshot_id":${snapshot.givenId},"row_id":"`,
      ),
      firstLine: number,
      count: 0,
    };
  };

  const addRow = (fields: Readonly<Record<string, unknown>>): void => {
    if (snapshot === null || open === null || fields['table'] !== open.table.name) {
      throw broken(number, `a row of ${String(fields['table'])} does not follow its table`);
    }
    const { host_id: hostId, snapshot_id: id, columns: given } = fields;
    if (hostId !== snapshot.header.hostId || id !== snapshot.givenId)
      throw broken(number, 'the row is of another snapshot');
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw broken(number, 'the row has no columns');
    open.count += 1;
    columns.add(Buffer.from(JSON.stringify(given)));
  };

  const closeSnapshot = (fields: Readonly<Record<string, unknown>>): Snapshot => {
    closeTable();
    if (snapshot === null) throw broken(number, 'there is an end and no snapshot');
    const { header, givenId, observations, rows, hasReport, status, errors, commands } = snapshot;
    if (fields['snapshot_id'] !== givenId || fields['rows'] !== rows) {
      throw broken(number, `the snapshot should have ${String(fields['rows'])} rows and has ${rows}`);
    }
    snapshot = null;
    const known = { ...header, observations };
    return {
      ...known,
      // What it says is what it is: an export of some tables only is not the snapshot that it was taken from.
      snapshotId: snapshotIdOf(known),
      status: snapshotStatus([...observations.values()].map((observation) => observation.status)),
      report: hasReport ? { status, errors, commands } : null,
    };
  };

  const line = (text: string): Snapshot | null => {
    if (text.trim() === '') return null;
    let fields: Readonly<Record<string, unknown>>;
    try {
      fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch {
      throw broken(number, 'this is not JSON');
    }
    if (typeof fields !== 'object' || fields === null) throw broken(number, 'this is not a JSON object');
    switch (fields['kind']) {
      case 'snapshot':
        openSnapshot(fields);
        return null;
      case 'table':
        openTable(fields);
        return null;
      case 'row':
        addRow(fields);
        return null;
      case 'end':
        return closeSnapshot(fields);
      default:
        throw broken(
          number,
          `this is no line of the native export: its kind is ${JSON.stringify(fields['kind'] ?? null)}`,
        );
    }
  };

  const decodeText = (bytes: Buffer): string => {
    if (!isUtf8(bytes)) throw broken(number, 'this is not UTF-8');
    return bytes.toString('utf8');
  };

  return {
    bytes: (bytes, take) => {
      let start = 0;
      for (;;) {
        // Rows as this program writes them are not parsed one by one: their columns are cut out, and parsed together.
        const rows = open as OpenTable | null;
        if (rows !== null) {
          const { head } = rows;
          const gap = head.length + idLength;
          const skip = gap + middle.length;
          while (
            start + skip < bytes.length &&
            bytes.compare(head, 0, head.length, start, start + head.length) === 0 &&
            bytes.compare(middle, 0, middle.length, start + gap, start + skip) === 0
          ) {
            const end = bytes.indexOf(lineFeed, start + skip);
            if (end === -1) return start;
            if (bytes[end - 1] !== brace || bytes[end - 2] !== brace) break;
            columns.add(bytes, start + skip, end - 1);
            rows.count += 1;
            number += 1;
            start = end + 1;
          }
        }
        const end = bytes.indexOf(lineFeed, start);
        if (end === -1) return start;
        number += 1;
        const ended = line(decodeText(bytes.subarray(start, end)));
        if (ended !== null) take(ended);
        start = end + 1;
      }
    },
    end: () => {
      if (number === 0) throw broken(1, 'the file is empty');
      if (snapshot !== null)
        throw broken(number, `the file ends within a snapshot of ${snapshot.header.hostId}: it was cut off`);
    },
  };
};

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
