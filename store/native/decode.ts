/** Reads the lines of a native export back into snapshots. */
import { isUtf8 } from 'node:buffer';
import { holdsRows } from '../../collector/status.ts';
import type { Table } from '../../collector/table.ts';
import { dataTables } from '../../collector/table.ts';
import { digestOfCells, snapshotIdOf, snapshotStatus, unpackRows } from '../snapshot.ts';
import type { Cells, Snapshot, TableObservation } from '../snapshot.ts';
import { broken } from './broken.ts';
import { reportTables, rowHead, rowMiddle } from './encode.ts';
import { JsonList } from './json_list.ts';
import { isInteger, readSnapshotLine, readTableLine } from './lines.ts';
import type { KnownTable, SnapshotHeader } from './lines.ts';
import { RowsReader } from './rows.ts';
import type { Fields, ReadRows } from './rows.ts';

interface OpenTable {
  readonly name: string;
  /** Null for one that only a newer tokenquery knows: its rows are counted and left out. */
  readonly known: (KnownTable & { readonly reader: RowsReader }) | null;
  /** Whether its rows are taken; those under a status that is not known here prove nothing. */
  readonly isTaken: boolean;
  readonly rowCount: number;
  /** What a row of this table begins with when this program wrote it. */
  readonly head: Buffer;
  readonly firstLine: number;
  /** Rows so far; what they say is in the list of columns. */
  count: number;
}

interface OpenSnapshot extends SnapshotHeader {
  readonly observations: Map<string, TableObservation>;
  readonly status: Cells[];
  readonly errors: Cells[];
  readonly commands: Cells[];
  hasReport: boolean;
  rows: number;
}

const idLength = 64;
const lineFeed = 10;
const brace = 125;
const middle = Buffer.from(rowMiddle);

const isReport = (name: string): boolean => name === reportTables.errors || name === reportTables.commands;

/** What is nested costs a parser more than what is long, and no line of an export is nested so deeply. */
const maxDepth = 64;
/** Shorter ones are parsed at once, however they are nested. */
const longLine = 16_384;

/** Whether brackets of JSON, those in its texts aside, stand deeper in each other than any of an export do. */
const isDeep = (line: Buffer): boolean => {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at];
    // A backslash and what it escapes.
    if (byte === 92) at += 1;
    else if (byte === 34) isText = !isText;
    else if (isText) continue;
    else if (byte === 91 || byte === 123) depth += 1;
    else if (byte === 93 || byte === 125) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
};

/** Decodes an export line by line; holds one snapshot at a time. */
export class NativeDecoder {
  readonly #readers: ReadonlyMap<string, RowsReader>;
  readonly #leftOut: Set<string>;
  readonly #columns = new JsonList();
  #lineNumber = 0;
  #snapshot: OpenSnapshot | null = null;
  #table: OpenTable | null = null;

  /** @param leftOut Gets the names of what only a newer tokenquery knows, and is not in the snapshots. */
  constructor(tables: readonly Table[], leftOut: Set<string>) {
    const data = new Set(dataTables(tables));
    this.#readers = new Map(
      tables
        .filter((table) => data.has(table) || isReport(table.name))
        .map((table) => [table.name, new RowsReader(table, data.has(table), leftOut)]),
    );
    this.#leftOut = leftOut;
  }

  /**
   * Takes the whole lines of some bytes, and hands over each snapshot that one of them ends. Returns where the rest
   * begins, which is no whole line. Throws UserError.
   */
  bytes(bytes: Buffer, take: (snapshot: Snapshot) => void): number {
    let start = 0;
    for (;;) {
      if (this.#table !== null) start = this.#takeRows(bytes, start, this.#table);
      // There may be millions of blank ones.
      for (; bytes[start] === lineFeed; start += 1) this.#lineNumber += 1;
      const end = bytes.indexOf(lineFeed, start);
      if (end === -1) return start;
      this.#lineNumber += 1;
      const line = bytes.subarray(start, end);
      if (line.length > longLine && isDeep(line)) throw this.#broken('this is nested too deeply');
      if (!isUtf8(line)) throw this.#broken('this is not UTF-8');
      const ended = this.#line(line.toString('utf8'));
      if (ended !== null) take(ended);
      start = end + 1;
    }
  }

  /** Throws UserError when a snapshot is not ended. */
  end(): void {
    if (this.#lineNumber === 0) throw broken(1, 'the file is empty');
    if (this.#snapshot !== null)
      throw this.#broken(
        `the file ends within a snapshot of ${this.#snapshot.header.hostId}: it was cut off`,
      );
  }

  #broken(what: string): Error {
    return broken(this.#lineNumber, what);
  }

  /**
   * Rows as this program writes them are not parsed one by one: their columns are cut out, and parsed together.
   * Returns where something else begins.
   */
  #takeRows(bytes: Buffer, from: number, table: OpenTable): number {
    const { head, isTaken } = table;
    const gap = head.length + idLength;
    const skip = gap + middle.length;
    let start = from;
    let count = 0;
    while (
      start + skip < bytes.length &&
      bytes.compare(head, 0, head.length, start, start + head.length) === 0 &&
      bytes.compare(middle, 0, middle.length, start + gap, start + skip) === 0
    ) {
      const end = bytes.indexOf(lineFeed, start + skip);
      if (end === -1 || bytes[end - 1] !== brace || bytes[end - 2] !== brace) break;
      if (isTaken) this.#columns.add(bytes, start + skip, end - 1);
      count += 1;
      start = end + 1;
    }
    table.count += count;
    this.#lineNumber += count;
    return start;
  }

  #line(text: string): Snapshot | null {
    if (text.trim() === '') return null;
    let fields: Fields;
    try {
      fields = JSON.parse(text) as Fields;
    } catch {
      throw this.#broken('this is not JSON');
    }
    if (typeof fields !== 'object' || fields === null) throw this.#broken('this is not a JSON object');
    const { kind } = fields;
    if (kind === 'end') return this.#closeSnapshot(fields);
    if (kind === 'snapshot') this.#openSnapshot(fields);
    else if (kind === 'table') this.#openTable(fields);
    else if (kind === 'row') this.#addRow(fields);
    else if (this.#snapshot !== null && typeof kind === 'string')
      this.#leftOut.add(`lines of the kind ${kind}`);
    else
      throw this.#broken(`this is no line of the native export: its kind is ${JSON.stringify(kind ?? null)}`);
    return null;
  }

  #openSnapshot(fields: Fields): void {
    if (this.#snapshot !== null) throw this.#broken('a snapshot begins before the one before it has ended');
    this.#snapshot = {
      ...readSnapshotLine(fields, this.#lineNumber),
      observations: new Map(),
      status: [],
      errors: [],
      commands: [],
      hasReport: false,
      rows: 0,
    };
  }

  #openTable(fields: Fields): void {
    this.#closeTable();
    const snapshot = this.#snapshot;
    if (snapshot === null) throw this.#broken('a table stands outside of a snapshot');
    const { table: name, row_count: rowCount } = fields;
    if (typeof name !== 'string') throw this.#broken('the table has no name');
    if (!isInteger(rowCount) || rowCount < 0) throw this.#broken(`${name} has no row_count`);
    if (snapshot.observations.has(name)) throw this.#broken(`${name} stands twice in a snapshot`);
    const reader = this.#readers.get(name);
    const known =
      reader === undefined
        ? null
        : { reader, ...readTableLine(fields, reader.table, rowCount, this.#lineNumber) };
    const isTaken = known !== null && (holdsRows(known.status, rowCount) || rowCount === 0);
    if (known === null) this.#leftOut.add(`table ${name}`);
    else if (!isTaken) this.#leftOut.add(`rows of ${name} under the status ${known.status}`);
    this.#columns.clear();
    this.#table = {
      name,
      known,
      isTaken,
      rowCount,
      head: Buffer.from(rowHead({ hostId: snapshot.header.hostId, snapshotId: snapshot.givenId }, name)),
      firstLine: this.#lineNumber,
      count: 0,
    };
  }

  #addRow(fields: Fields): void {
    const snapshot = this.#snapshot;
    const table = this.#table;
    if (snapshot === null || table === null || fields['table'] !== table.name) {
      throw this.#broken(`a row of ${String(fields['table'])} does not follow its table`);
    }
    const { host_id: hostId, snapshot_id: id, columns: given } = fields;
    if (hostId !== snapshot.header.hostId || id !== snapshot.givenId)
      throw this.#broken('the row is of another snapshot');
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw this.#broken('the row has no columns');
    table.count += 1;
    if (table.isTaken) this.#columns.add(Buffer.from(JSON.stringify(given)));
  }

  /** The rows of a table, parsed together. */
  #rowsOf({ name, firstLine, rowCount }: OpenTable): readonly Fields[] {
    const text = this.#columns.text();
    if (text === null) throw broken(firstLine, `a row of ${name} from here on is not UTF-8`);
    let rows: Fields[];
    try {
      rows = JSON.parse(`[${text}]`) as Fields[];
    } catch {
      throw broken(firstLine, `a row of ${name} from here on is not JSON`);
    }
    if (rows.length !== rowCount)
      throw broken(firstLine, `a row of ${name} from here on is not one JSON object`);
    return rows;
  }

  #closeTable(): void {
    const table = this.#table;
    const snapshot = this.#snapshot;
    if (table === null || snapshot === null) return;
    const { known, isTaken, name, count, rowCount, firstLine } = table;
    snapshot.rows += rowCount;
    if (count !== rowCount) throw this.#broken(`${name} should have ${rowCount} rows and has ${count}`);
    if (known !== null) {
      const { header } = snapshot;
      const place = { firstLine, lastLine: this.#lineNumber, isRedacted: header.redaction !== null };
      const rows = isTaken ? known.reader.read(this.#rowsOf(table), place) : { cells: [], absent: [] };
      if (isReport(name)) addReport(snapshot, known.reader, rows);
      else addObservation(snapshot, known, rows, isTaken ? rowCount : 0);
    }
    this.#table = null;
  }

  #closeSnapshot(fields: Fields): Snapshot {
    this.#closeTable();
    const snapshot = this.#snapshot;
    if (snapshot === null) throw this.#broken('there is an end and no snapshot');
    const { header, givenId, observations, rows, hasReport, status, errors, commands } = snapshot;
    if (fields['snapshot_id'] !== givenId || fields['rows'] !== rows) {
      throw this.#broken(`the snapshot should have ${String(fields['rows'])} rows and has ${rows}`);
    }
    this.#snapshot = null;
    const known = { ...header, observations };
    return {
      ...known,
      // What it says is what it is: an export of some tables only is not the snapshot that it was taken from.
      snapshotId: snapshotIdOf(known),
      status: snapshotStatus([...observations.values()].map((observation) => observation.status)),
      report: hasReport ? { status, errors, commands } : null,
    };
  }
}

/** Rows that speak of the collection. */
const addReport = (snapshot: OpenSnapshot, { table, names }: RowsReader, { cells }: ReadRows): void => {
  const rows = unpackRows(cells, names.length);
  if (table.name === reportTables.errors) snapshot.errors.push(...rows);
  else snapshot.commands.push(...rows);
};

const addObservation = (
  snapshot: OpenSnapshot,
  { reader, status, affected, failed, absent: named, details }: KnownTable & { readonly reader: RowsReader },
  { cells, absent: found }: ReadRows,
  rowCount: number,
): void => {
  const absent = [...new Set([...named, ...found])];
  snapshot.observations.set(reader.table.name, {
    status,
    affected,
    failed,
    ...(absent.length === 0 ? {} : { absent }),
    digest: holdsRows(status, rowCount) ? digestOfCells(reader.names, cells) : '',
    rowCount,
    cells,
  });
  if (details === null) return;
  snapshot.status.push(details);
  snapshot.hasReport = true;
};

/** @param leftOut Gets the names of what only a newer tokenquery knows, and is not in the snapshots. */
export const nativeDecoder = (tables: readonly Table[], leftOut: Set<string> = new Set()): NativeDecoder =>
  new NativeDecoder(tables, leftOut);
