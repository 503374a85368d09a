/** The lines of osqueryd's result log, as osquery/core/query.cpp writes them and not as its wiki shows them. */
import { isReport } from './parts.ts';
import type { Cell, ExportRow, Format, Head, SnapshotPart, TablePart } from './parts.ts';

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

/** asctime, whose day of the month is padded with a space, and UTC. */
export const calendarTime = (seconds: number): string => {
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

const columnsWriter = (
  { table }: TablePart,
  head: Head,
  options: OsqueryOptions,
): ((row: ExportRow) => string) => {
  // osquery holds a row in a sorted map.
  const entries = Object.entries(table.columns).map(([name, column], index) => ({
    label: `${JSON.stringify(name)}:`,
    name,
    index,
    isReal: column.type === 'REAL',
  }));
  const hostId = { label: '"host_id":', name: 'host_id', index: entries.length, isReal: false };
  const sorted = [...entries, hostId].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { isNumeric = false, isEscaped = false } = options;
  const text = (value: Cell, isReal: boolean): string => {
    if (value === null) return '""';
    if (typeof value === 'string') return JSON.stringify(isEscaped ? escaped(value) : value);
    if (isNumeric) return String(value);
    return `"${isReal ? realText(value as number) : String(value)}"`;
  };
  return ({ cells }) => {
    let result = '';
    for (const { label, index, isReal } of sorted) {
      const value = index === entries.length ? head.hostId : (cells?.[index] ?? null);
      result += `${result === '' ? '{' : ','}${label}${text(value, isReal)}`;
    }
    return `${result}}`;
  };
};

/** The name under which osquery would schedule `SELECT * FROM` the table in a pack. */
export const queryName = (table: string): string => `pack_tokenquery_${table}`;

function* linesOfTable(
  part: TablePart,
  { head, host }: SnapshotPart,
  options: OsqueryOptions,
): Generator<string> {
  const { isNumeric = false } = options;
  const hostname = host['hostname'];
  // The report on the collection is what osquery calls a snapshot query: it is never compared with the one before.
  const isState = isReport(part.table);
  const form = isState && options.form === 'batch' ? 'snapshot' : options.form;
  const [epoch, counter] = isState || form === 'snapshot' ? [0, 0] : [part.epoch, part.counter];
  const fields = JSON.stringify({
    name: queryName(part.table.name),
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
  const columns = columnsWriter(part, head, options);
  if (form === 'event') {
    const start = fields.slice(0, -2);
    for (const row of part.rows) {
      const action = isState ? 'snapshot' : (row.change ?? 'added');
      yield `${start},"row_id":"${row.id}"},"columns":${columns(row)},"action":"${action}"}\n`;
    }
    return;
  }
  const shared = fields.slice(1);
  if (form === 'snapshot') {
    yield '{"snapshot":[';
    let comma = '';
    for (const row of part.rows) {
      yield comma + columns(row);
      comma = ',';
    }
    yield `],"action":"snapshot",${shared}\n`;
    return;
  }
  yield '{"diffResults":{"removed":[';
  let isRemoved = true;
  let comma = '';
  for (const row of part.rows) {
    if (row.change !== 'removed' && isRemoved) {
      isRemoved = false;
      comma = '';
      yield '],"added":[';
    }
    yield comma + columns(row);
    comma = ',';
  }
  yield `${isRemoved ? '],"added":[]' : ']'}},${shared}\n`;
}

export const osqueryFormat = (options: OsqueryOptions): Format => ({
  wants: 'cells',
  files: 'one',
  extension: '.log',
  *snapshot(part) {
    for (const table of part.tables) yield* linesOfTable(table, part, options);
  },
});
