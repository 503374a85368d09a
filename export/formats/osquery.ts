/** The lines of osqueryd's result log, as osquery/core/query.cpp writes them and not as its wiki shows them. */
import type { Column, Table } from '../../collector/table.ts';
import { isTime } from '../../collector/time.ts';
import { quoteName } from '../../store/ddl.ts';
import {
  hostIdMember,
  integerMember,
  isReport,
  objectSql,
  quotedMember,
  removedAndAdded,
  rowTexts,
  textMember,
} from '../format.ts';
import type { AnySnapshot, Cell, ExportTable, Format, Head, Member, WrittenTable } from '../format.ts';

export interface OsqueryOptions {
  /** `event`: a line for each row; `batch`: one for each difference; `snapshot`: one for each whole set. */
  readonly form: 'event' | 'batch' | 'snapshot';
  /** Numbers in place of texts; NULL stays the empty text. */
  readonly isNumeric?: boolean;
  /** Writes bytes that are not printable ASCII as \xNN, as osqueryd does in differences. It cannot be undone. */
  readonly isEscaped?: boolean;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** asctime, whose day of the month is padded with a space, and UTC; empty for what is no date. */
export const calendarTime = (seconds: number): string => {
  if (!isTime(seconds)) return '';
  const time = new Date(seconds * 1000);
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':');
  const day = String(time.getUTCDate()).padStart(2, ' ');
  return `${days[time.getUTCDay()]} ${months[time.getUTCMonth()]} ${day} ${clock} ${time.getUTCFullYear()} UTC`;
};

// eslint-disable-next-line no-control-regex
const unprintable = /[^\u0020-\u007f]/;
const escaped = (text: string): string => {
  if (!unprintable.test(text)) return text;
  let result = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    result +=
      byte < 0x20 || byte >= 0x80
        ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCodePoint(byte);
  }
  return result;
};

/** SQLite's text of a double has a point. */
const realText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

// osquery holds a row in a sorted map.
const byName = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number =>
  a[0] < b[0] ? -1 : 1;

const columnsWriter = (
  table: Table,
  head: Head,
  { isNumeric = false, isEscaped = false }: OsqueryOptions,
): ((cells: readonly Cell[]) => string) => {
  const text = (value: Cell, isReal: boolean): string => {
    if (value === null) return '""';
    if (typeof value === 'string') return JSON.stringify(isEscaped ? escaped(value) : value);
    if (isNumeric) return String(value);
    return `"${isReal ? realText(value as number) : String(value)}"`;
  };
  const columns = [...Object.entries(table.columns), ['host_id', null] as const]
    .map(([name, column], index) => [name, index, column?.type === 'REAL'] as const)
    .sort(byName);
  return (cells) => {
    let result = '';
    for (const [name, index, isReal] of columns) {
      const value = name === 'host_id' ? head.hostId : (cells[index] ?? null);
      result += `${result === '' ? '{' : ','}"${name}":${text(value, isReal)}`;
    }
    return `${result}}`;
  };
};

/** The same in SQL. */
const columnsSql =
  ({ isNumeric = false }: OsqueryOptions) =>
  ({ columns }: Table): string => {
    const member = ([name, { type }]: readonly [string, Column]): Member => {
      if (type === 'TEXT') return textMember(name, `ifnull(${quoteName(name)}, '')`);
      return isNumeric ? integerMember(name, '""') : quotedMember(name);
    };
    return objectSql([...Object.entries(columns).map(member), hostIdMember].toSorted(byName));
  };

/** The name under which osquery would schedule `SELECT * FROM` the table in a pack. */
const queryName = (table: string): string => `pack_tokenquery_${table}`;

function* linesOfTable(
  given: ExportTable | WrittenTable,
  { head, host }: AnySnapshot,
  options: OsqueryOptions,
): Generator<string> {
  const { isNumeric = false } = options;
  // The result log of osquery has no word for a row that changed.
  const exportTable = given.rows === undefined ? given : { ...given, rows: removedAndAdded(given) };
  const hostname = host['hostname'];
  // The report on the collection is what osquery calls a snapshot query: it is never compared with the one before.
  const isState = isReport(exportTable.table);
  const form = isState && options.form === 'batch' ? 'snapshot' : options.form;
  const [epoch, counter] = isState || form === 'snapshot' ? [0, 0] : [exportTable.epoch, exportTable.counter];
  const fields = JSON.stringify({
    name: queryName(exportTable.table.name),
    hostIdentifier: head.hostId,
    calendarTime: calendarTime(head.collectedTime),
    unixTime: head.collectedTime,
    epoch,
    counter,
    numerics: isNumeric,
    decorations: {
      host_uuid: head.hostId,
      ...(typeof hostname === 'string' ? { hostname } : {}),
      snapshot_id: String(head.snapshotId),
      ...(head.redaction === null ? {} : { redaction: head.redaction }),
    },
  });
  const write = columnsWriter(exportTable.table, head, options);
  if (form === 'event') {
    const start = fields.slice(0, -2);
    yield* rowTexts(exportTable, head, write, (id, columns, change) => {
      const action = isState ? 'snapshot' : (change ?? 'added');
      return `${start},"row_id":"${id}"},"columns":${columns},"action":"${action}"}\n`;
    });
    return;
  }
  const shared = fields.slice(1);
  let before = '';
  if (form === 'snapshot') {
    yield '{"snapshot":[';
    yield* rowTexts(exportTable, head, write, (_id, columns) => {
      const text = before + columns;
      before = ',';
      return text;
    });
    yield `],"action":"snapshot",${shared}\n`;
    return;
  }
  yield '{"diffResults":{"removed":[';
  let isRemoved = true;
  yield* rowTexts(exportTable, head, write, (_id, columns, change) => {
    if (change !== 'removed' && isRemoved) {
      isRemoved = false;
      before = '],"added":[';
    }
    const text = before + columns;
    before = ',';
    return text;
  });
  yield `${isRemoved ? '],"added":[]' : ']'}},${shared}\n`;
}

export const osqueryFormat = (options: OsqueryOptions): Format => ({
  rowSql: options.isEscaped === true ? null : columnsSql(options),
  files: 'one',
  extension: '.log',
  *snapshot(snapshot) {
    for (const table of snapshot.tables) yield* linesOfTable(table, snapshot, options);
  },
});
