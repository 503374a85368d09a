/** Reads the lines of a native export back into snapshots. */
import { isAscii, isUtf8 } from 'node:buffer';
import { holdsRows, statuses } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import { UserError } from '../../collector/errors.ts';
import { isTime } from '../../collector/time.ts';
import type { Table, Value } from '../../collector/table.ts';
import { readDoubts, withoutUnknownDoubts } from '../doubts.ts';
import { dataTables, schemaVersion } from '../schema.ts';
import {
  cellsOrder,
  digestOfCells,
  isSorted,
  leadingCells,
  orderIndexes,
  packRows,
  snapshotIdOf,
  snapshotStatus,
} from '../snapshot.ts';
import type { Cells, Origin, Snapshot, TableObservation } from '../snapshot.ts';
import { nativeVersion, reportTables, rowHead, rowMiddle } from './encode.ts';

/** What is wrong with an export, and where. */
const broken = (line: number, what: string): UserError =>
  new UserError(
    `line ${line}: ${what}`,
    'docs/native.md describes the lines; what stands before this one is good',
  );

interface OpenTable {
  readonly name: string;
  /** Null for one that only a newer tokenquery knows: its rows are counted and left out. */
  readonly known: KnownTable | null;
  /** Whether its rows are taken; those under a status that is not known here prove nothing. */
  readonly isTaken: boolean;
  readonly rowCount: number;
  /** What a row of this table begins with when this program wrote it. */
  readonly head: Buffer;
  readonly firstLine: number;
  /** Rows so far; what they say is in `columns`. */
  count: number;
}

interface KnownTable {
  readonly table: Table;
  readonly isReport: boolean;
  readonly names: readonly string[];
  readonly status: Status;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly absent: readonly string[];
  readonly details: Cells | null;
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
  readonly isKey: boolean;
  readonly isText: boolean;
  readonly isInteger: boolean;
  readonly isBoolean: boolean;
  readonly isRequired: boolean;
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

/**
 * Decodes an export line by line; holds one snapshot at a time.
 *
 * @param leftOut Gets the names of what only a newer tokenquery knows, and is not in the snapshots.
 */
export const nativeDecoder = (tables: readonly Table[], leftOut: Set<string> = new Set()): NativeDecoder => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const isData = new Set(dataTables(tables).map(({ name }) => name));
  const checks = new Map(
    tables.map((table) => [
      table.name,
      Object.entries(table.columns).map(([name, column]): Check => ({
        name,
        isKey: table.key.includes(name),
        isText: column.type === 'TEXT',
        isInteger: column.type === 'INTEGER',
        isBoolean: column.isBoolean === true,
        isRequired: column.isRequired === true,
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
    const { name, isText, isInteger: mustBeInteger, isBoolean, isRequired } = column;
    if (given === null) {
      // Redaction drops what is never NULL otherwise.
      if (isRequired && snapshot?.header.redaction === null)
        throw broken(line, `${name} of ${table.name} is missing`);
      return null;
    }
    const value = given === true ? 1 : given === false ? 0 : given;
    if (isText ? typeof value !== 'string' : mustBeInteger ? !isInteger(value) : typeof value !== 'number') {
      throw broken(line, `${name} of ${table.name} is not ${isText ? 'a text' : 'a number'}`);
    }
    // A word that its list does not have is one of a newer version, and is kept.
    if (isBoolean && value !== 0 && value !== 1) {
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
    missing: Map<Check, number>,
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
    for (const column of own.slice(next)) {
      const value = row[column.name];
      if (value === undefined) missing.set(column, (missing.get(column) ?? 0) + 1);
      cells.push(value === undefined ? null : checked(table, column, value, line));
    }
    for (const name of Object.keys(row))
      if (!own.some((column) => column.name === name)) leftOut.add(`column ${table.name}.${name}`);
  };

  /** The columns that no row has: whoever wrote them did not know them. */
  const absentOf = (
    { name: table }: OpenTable,
    missing: ReadonlyMap<Check, number>,
    rows: number,
  ): readonly string[] => {
    const absent: string[] = [];
    for (const [{ name, isRequired, isKey }, times] of missing) {
      const isAbsent = times === rows;
      if ((isKey || !isAbsent) && isRequired && snapshot?.header.redaction === null)
        throw broken(number, `${name} of ${table} is missing in ${times} of its ${rows} rows`);
      if (isAbsent) absent.push(name);
    }
    return absent;
  };

  const rowsOf = ({ name, count, firstLine, rowCount }: OpenTable): readonly Record<string, unknown>[] => {
    if (count !== rowCount) throw broken(number, `${name} should have ${rowCount} rows and has ${count}`);
    const text = columns.text();
    if (text === null) throw broken(firstLine, `a row of ${name} from here on is not UTF-8`);
    let rows: Record<string, unknown>[];
    try {
      rows = JSON.parse(`[${text}]`) as Record<string, unknown>[];
    } catch {
      throw broken(firstLine, `a row of ${name} from here on is not JSON`);
    }
    if (rows.length !== rowCount)
      throw broken(firstLine, `a row of ${name} from here on is not one JSON object`);
    return rows;
  };

  const packed = (
    of: OpenTable,
    table: Table,
  ): { readonly cells: readonly Value[]; readonly absent: readonly string[] } => {
    const own = checks.get(table.name) ?? [];
    const rows = rowsOf(of);
    const cells: Value[] = [];
    const missing = new Map<Check, number>();
    for (const [index, row] of rows.entries()) {
      cells.push(0, index + 1);
      pushRow(cells, table, own, row, of.firstLine + 1 + index, missing);
    }
    const absent = absentOf(of, missing, rows.length);
    // The order of rows is part of what a snapshot is; whoever wrote them need not know it.
    const order = orders.get(table.name);
    if (order === undefined || !isData.has(table.name) || isSorted(cells, own.length, order.indexes))
      return { cells, absent };
    const all: Cells[] = [];
    const stride = own.length + leadingCells;
    for (let at = leadingCells; at < cells.length; at += stride) all.push(cells.slice(at, at + own.length));
    return { cells: packRows(all.sort(order.compare)), absent };
  };

  const closeReport = (table: Table, width: number, cells: readonly Value[], into: OpenSnapshot): void => {
    const rows: Cells[] = [];
    const stride = width + leadingCells;
    for (let start = leadingCells; start < cells.length; start += stride)
      rows.push(cells.slice(start, start + width));
    if (table.name === reportTables.errors) into.errors.push(...rows);
    else into.commands.push(...rows);
  };

  const closeTable = (): void => {
    if (open === null || snapshot === null) return;
    const { known, isTaken, name, count, rowCount } = open;
    snapshot.rows += rowCount;
    if (!isTaken && count !== rowCount)
      throw broken(number, `${name} should have ${rowCount} rows and has ${count}`);
    if (known !== null) {
      const { table, isReport, names, status, affected, failed, details } = known;
      const { cells, absent } = isTaken ? packed(open, table) : { cells: [], absent: [] };
      if (isReport) closeReport(table, names.length, cells, snapshot);
      else {
        const all = [...new Set([...known.absent, ...absent])];
        snapshot.observations.set(name, {
          status,
          affected,
          failed,
          ...(all.length === 0 ? {} : { absent: all }),
          digest: holdsRows(status, isTaken ? rowCount : 0) ? digestOfCells(names, cells) : '',
          rowCount: isTaken ? rowCount : 0,
          cells,
        });
        if (details !== null) {
          snapshot.status.push(details);
          snapshot.hasReport = true;
        }
      }
    }
    open = null;
  };

  const openSnapshot = (fields: Readonly<Record<string, unknown>>): void => {
    const { tokenquery, host_id: hostId, snapshot_id: id, collected_time: time, origin, euid } = fields;
    const { tool_version: tool, schema_version: schema, redaction, order_time: order } = fields;
    if (snapshot !== null) throw broken(number, 'a snapshot begins before the one before it has ended');
    if (tokenquery !== nativeVersion)
      throw broken(
        number,
        `this is version ${String(tokenquery)} of the native export, and this tokenquery reads version ${nativeVersion}`,
      );
    if (typeof hostId !== 'string' || hostId === '') throw broken(number, 'the snapshot has no host_id');
    if (!isInteger(id) || !isInteger(time))
      throw broken(number, 'the snapshot has no snapshot_id or collected_time');
    if (!isTime(time)) throw broken(number, `the collected_time of the snapshot is no date: ${time}`);
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
        ...(isInteger(order) && order < time ? { orderTime: order } : {}),
        // Also a word of a newer version.
        origin: typeof origin === 'string' ? (origin as Origin) : 'merge',
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

  const namesOf = (fields: Readonly<Record<string, unknown>>, field: string): readonly string[] | null => {
    const list = fields[field] ?? null;
    if (list !== null && (!Array.isArray(list) || list.some((one) => typeof one !== 'string'))) {
      throw broken(number, `${field} of ${String(fields['table'])} is not a list of names`);
    }
    return list as readonly string[] | null;
  };

  const knownTable = (
    table: Table,
    isReport: boolean,
    fields: Readonly<Record<string, unknown>>,
  ): KnownTable => {
    const { status, row_count: rowCount, code, reason, duration_ms: duration } = fields;
    if (snapshot?.observations.has(table.name) === true)
      throw broken(number, `${table.name} stands twice in a snapshot`);
    if (typeof status !== 'string') throw broken(number, `${table.name} has no status`);
    if (rowCount !== 0 && statuses.includes(status as Status) && !holdsRows(status, rowCount as number))
      throw broken(number, `${table.name} is ${status} and has rows`);
    const affected = namesOf(fields, 'columns_affected');
    const failed = namesOf(fields, 'sources_failed');
    const absent = namesOf(fields, 'columns_absent') ?? [];
    const doubts = readDoubts(fields);
    if (typeof doubts === 'string') throw broken(number, `${doubts} of ${table.name} cannot be read`);
    const details = [
      table.name,
      status,
      rowCount as number,
      textOrNull(code),
      textOrNull(reason),
      affected === null ? null : JSON.stringify(affected),
      isInteger(duration) ? duration : null,
      null,
      ...doubts,
    ];
    return {
      table,
      isReport,
      names: Object.keys(table.columns),
      status: status as Status,
      affected,
      failed: status === 'partial' ? failed : null,
      absent: absent.filter((name) => Object.hasOwn(table.columns, name)),
      details: isReport || duration === undefined ? null : withoutUnknownDoubts(details),
    };
  };

  const openTable = (fields: Readonly<Record<string, unknown>>): void => {
    closeTable();
    if (snapshot === null) throw broken(number, 'a table stands outside of a snapshot');
    const { table: name, row_count: rowCount } = fields;
    if (typeof name !== 'string') throw broken(number, 'the table has no name');
    if (!isInteger(rowCount) || rowCount < 0) throw broken(number, `${name} has no row_count`);
    const isReport = name === reportTables.errors || name === reportTables.commands;
    const table = isReport || isData.has(name) ? byName.get(name) : undefined;
    const known = table === undefined ? null : knownTable(table, isReport, fields);
    const isTaken = known !== null && (holdsRows(known.status, rowCount) || rowCount === 0);
    if (known === null) leftOut.add(`table ${name}`);
    else if (!isTaken) leftOut.add(`rows of ${name} under the status ${known.status}`);
    columns.clear();
    open = {
      name,
      known,
      isTaken,
      rowCount,
      head: Buffer.from(rowHead({ hostId: snapshot.header.hostId, snapshotId: snapshot.givenId }, name)),
      firstLine: number,
      count: 0,
    };
  };

  const addRow = (fields: Readonly<Record<string, unknown>>): void => {
    if (snapshot === null || open === null || fields['table'] !== open.name) {
      throw broken(number, `a row of ${String(fields['table'])} does not follow its table`);
    }
    const { host_id: hostId, snapshot_id: id, columns: given } = fields;
    if (hostId !== snapshot.header.hostId || id !== snapshot.givenId)
      throw broken(number, 'the row is of another snapshot');
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw broken(number, 'the row has no columns');
    open.count += 1;
    if (open.isTaken) columns.add(Buffer.from(JSON.stringify(given)));
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
        if (snapshot !== null && typeof fields['kind'] === 'string') {
          leftOut.add(`lines of the kind ${fields['kind']}`);
          return null;
        }
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
            if (rows.isTaken) columns.add(bytes, start + skip, end - 1);
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
