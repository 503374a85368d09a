/** The only writer to stdout and stderr. */
import { writeSync } from 'node:fs';
import { codeOf } from '../collector/errors.ts';
import type { UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { sleep } from '../collector/sleep.ts';
import { notCalculated, csvCell, hexOf, jsonCell } from '../export/cell.ts';
import type { AnyCell } from '../export/cell.ts';
import { lineBegin, outputBegin } from './log.ts';
import { isShown, painted, screenSize } from './screen.ts';
import type { Part } from './screen.ts';
import { noTimes, plainCell, tableLines } from './table_text.ts';
import type { Cells, Cut, Times } from './table_text.ts';
import { shown } from './shown.ts';
import { isTerminal } from './terminal.ts';
import { forTerminal, markdownText, visible } from '../export/visible.ts';
import { cutTo, padTo, widthOf, wrapWords } from './width.ts';

export type { Cells } from './table_text.ts';
export { visible } from '../export/visible.ts';

const chunkCharacters = 65_536;
let pending: string[] = [];
let pendingLength = 0;

/** Writes all of it, also to a pipe that is full for the moment; false when nobody reads any more. */
const writeAll = (fd: number, text: string): boolean => {
  let bytes = Buffer.from(text, 'utf8');
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const code = codeOf(error);
      // A socket in the place of a pipe says it in its own way.
      if (code === 'EPIPE' || code === 'ECONNRESET') return false;
      if (code !== 'EAGAIN') throw error;
      sleep(2);
    }
  }
  return true;
};

// What stdout did not take is an error once, at the end at the latest: a note on stderr must not hide it.
let failure: UserError | null = null;

/** The exit code where nobody reads to the end. */
let unreadCode = 0;
/** Says what the exit code is, whether or not somebody reads what is printed from now on. */
export const exitUnreadWith = (exitCode: number): void => void (unreadCode = exitCode);

// More is not kept in memory for a pager.
const mostHeld = 16 * 1024 * 1024;

/** What is kept for a pager; null where everything goes straight to stdout. */
let held: { readonly isWide: boolean; notes: string } | null = null;

/** Keeps what is printed on a terminal from here on, until `showHeld`, where a pager may be wanted. */
export const holdForPager = (isWide: boolean): void => {
  if (shown().isPaged && isShown() && pendingLength === 0) held = { isWide, notes: '' };
};

/** How many lines of a terminal a text fills. */
const linesOf = (text: string, columns: number): number =>
  text.split('\n').reduce((lines, line) => lines + Math.max(1, Math.ceil(line.length / columns)), -1);

/** Shows what was kept: page by page, where it is longer than the terminal. */
export const showHeld = async (): Promise<void> => {
  const size = screenSize();
  if (held === null || size === null) return;
  const { isWide, notes } = held;
  const text = pending.join('');
  held = null;
  if (linesOf(text, size.columns) >= size.rows) {
    const { page, pagerFor } = await import(/* webpackMode: "eager" */ './pager.ts');
    const pager = pagerFor(process.env, { isRoot: process.geteuid?.() === 0, isWide });
    if (pager !== null && (await page(text, pager))) [pending, pendingLength] = [[], 0];
  }
  flush();
  if (notes !== '') writeAll(2, notes);
};

/** Goes on without a pager: what comes now must be seen at once. */
const letGo = (): void => {
  const notes = held?.notes ?? '';
  held = null;
  flush();
  if (notes !== '') writeAll(2, notes);
};

/** Whether a line of progress stands on the terminal: whatever else comes, clears it first. */
let hasProgress = false;
const clearProgress = (): void => {
  if (hasProgress) writeAll(2, '\r\u001b[K');
  hasProgress = false;
};

/** Sends what is buffered. Nobody reading any more (`| head`) is a good end of the program. */
export const flush = (): void => {
  if (failure !== null) throw failure;
  if (pendingLength === 0) return;
  if (held !== null) {
    if (pendingLength < mostHeld) return;
    letGo();
    return;
  }
  const text = pending.join('');
  pending = [];
  pendingLength = 0;
  try {
    clearProgress();
    if (!writeAll(1, text)) process.exit(unreadCode);
  } catch (error) {
    failure = fileFailure(error, 'stdout', 'write', 'is there room where it goes to?');
    throw failure;
  }
};

const safe = (text: string): string => (isShown() ? forTerminal(text) : text);

/** Data, to stdout. A terminal gets nothing that it would act upon or hide; a file and a pipe get every byte. */
export const print = (...parts: readonly Part[]): void => {
  for (const part of parts) {
    const text = typeof part === 'string' ? safe(part) : painted(part.style, safe(part.text));
    pending.push(text);
    pendingLength += text.length;
  }
  if (pendingLength >= chunkCharacters) flush();
};

const toStderr = (text: string): void => {
  try {
    flush();
  } catch (error) {
    if (error !== failure) throw error;
  }
  clearProgress();
  writeAll(2, text);
};

// A name may have 64 KiB, and fills no screen.
const mostOfMessage = 8_000;

/** The text of a message, of which the end is left out when it is very long. */
const told = (message: string): string =>
  visible(message.length <= mostOfMessage ? message : message.slice(0, mostOfMessage)) +
  (message.length <= mostOfMessage ? '' : ` … (${message.length - mostOfMessage} more characters)`);

/** A message, of which a terminal gets lines of whole words. */
const message = (kind: 'error' | 'hint' | 'note', text: string): string => {
  const first = `${lineBegin()}tokenquery: ${kind}: `;
  const columns = isTerminal(2) ? screenSize()?.columns : undefined;
  return columns === undefined
    ? `${first}${told(text)}\n`
    : wrapWords(told(text), { width: Math.min(columns, 100), first, indent: '  ' });
};

export const printError = (text: string, hint = ''): void => {
  if (held !== null) letGo();
  toStderr(message('error', text) + (hint === '' ? '' : message('hint', hint)));
};
export const printNote = (text: string): void => {
  const note = message('note', text);
  // A note of what was printed stands behind it.
  if (held !== null && pendingLength > 0 && isTerminal(2)) held.notes += note;
  else toStderr(note);
};

/** What a command did, to stdout: whole lines, which are lines of the log in a scheduled job. */
export const printDone = (lines: string): void => {
  const begin = outputBegin();
  print(begin === null ? lines : lines.replaceAll(/^(?=.)/gm, begin));
};

/** Progress, on a terminal only: each call replaces the line before it. */
export const printProgress = (text: string): void => {
  if (!isTerminal(2)) return;
  toStderr(`\r\u001b[K${cutTo(visible(text), (screenSize()?.columns ?? 80) - 1)}`);
  hasProgress = true;
};
export const endProgress = (): void => clearProgress();

export const modes = ['pretty', 'json', 'ndjson', 'csv', 'line', 'list', 'markdown', 'osquery-json'] as const;
/** `spreadsheet` is CSV of which no cell is calculated. */
export type Mode = (typeof modes)[number] | 'spreadsheet';

export const jsonRow = (names: readonly string[], cells: Cells): string =>
  `{${names.map((name, index) => `${JSON.stringify(name)}:${jsonCell(cells[index] ?? null)}`).join(',')}}`;

const csvLine = (cells: Cells, mode: 'csv' | 'spreadsheet'): string => {
  const field = (cell: AnyCell): string => {
    const text = mode === 'spreadsheet' ? notCalculated(cell) : cell;
    // A line feed within a field is a line on a terminal.
    return csvCell(isShown() && typeof text === 'string' ? visible(text) : text);
  };
  return `${cells.map(field).join(',')}\r\n`;
};

// osqueryi holds a row in a sorted map of text, with NULL as the empty text.
const osqueryRow = (names: readonly string[], cells: Cells): string => {
  const pairs = new Map(names.map((name, index) => [name, cells[index] ?? null]));
  const sorted = [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = (value: AnyCell): string =>
    value === null ? '' : value instanceof Uint8Array ? hexOf(value) : String(value);
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(text(value))}`).join(',')}}`;
};

/** How a table for people looks. */
export interface TableLook {
  /** Nothing is cut, however wide the terminal is. */
  readonly isWide?: boolean;
  /** The columns that are moments. */
  readonly times?: Times;
  /** What shows the whole of it, for the note of what was cut. */
  readonly whole?: string;
}

/** Rows as a shell wants the columns of a table for people: no wider than it was told. */
function* boundedRows(rows: Iterable<Cells>, times: Times): Generator<Cells> {
  const { widths } = shown();
  const hasBounds = widths.some((width) => width > 0);
  const bounded = (value: AnyCell, index: number): AnyCell => {
    const most = widths[index] ?? 0;
    const text = plainCell(value, times.has(index));
    return most === 0 || widthOf(text) <= most ? value : cutTo(text, most);
  };
  for (const row of rows) yield hasBounds ? row.map(bounded) : row;
}

const printPretty = (
  names: readonly string[],
  rows: Iterable<Cells>,
  { isWide, times = noTimes, whole }: TableLook,
): void => {
  const screen = isWide === true ? null : screenSize();
  const width = screen?.columns ?? Number.POSITIVE_INFINITY;
  const lines = tableLines(names, boundedRows(rows, times), { width, times });
  let next = lines.next();
  for (; next.done !== true; next = lines.next()) print(...next.value);
  const { columns, isCut }: Cut = next.value;
  const isLess = columns < names.length;
  if (whole === undefined || screen === null || (!isLess && !isCut)) return;
  const what = isLess ? `only ${columns} of ${names.length} columns fit` : 'some values are cut to fit';
  printNote(`${what} this terminal: ${shown().showsAll ?? whole}`);
};

const markdownCell = (value: AnyCell): string => markdownText(plainCell(value));

/** One value a line, and an empty line between two rows. */
const printLines = (names: readonly string[], rows: Iterable<Cells>, times: Times): void => {
  const width = Math.max(0, ...names.map((name) => widthOf(visible(name))));
  let separator = '';
  for (const cells of rows) {
    const lines = names.map(
      (name, index) =>
        `${padTo(visible(name), width, true)} = ${plainCell(cells[index] ?? null, times.has(index))}\n`,
    );
    print(separator + lines.join(''));
    separator = '\n';
  }
};

/** A form in which each row is printed by itself, whatever the others are. */
interface RowForm {
  readonly begin: string;
  row(cells: Cells, isFirst: boolean): string;
  end(isEmpty: boolean): string;
}

const lines = (row: (cells: Cells) => string, begin = ''): RowForm => ({ begin, row, end: () => '' });

/** Null for what people read: it is laid out by the rows that come. */
const formOf = (mode: Mode, names: readonly string[]): RowForm | null => {
  const { hasHeaders } = shown();
  switch (mode) {
    case 'json':
    case 'osquery-json': {
      const row = mode === 'json' ? jsonRow : osqueryRow;
      const none = mode === 'json' ? '[]\n' : '[\n\n]\n';
      return {
        begin: '',
        row: (cells, isFirst) => (isFirst ? '[\n  ' : ',\n  ') + row(names, cells),
        end: (isEmpty) => (isEmpty ? none : '\n]\n'),
      };
    }
    case 'ndjson':
      return lines((cells) => `${jsonRow(names, cells)}\n`);
    case 'csv':
    case 'spreadsheet':
      return lines((cells) => csvLine(cells, mode), hasHeaders ? csvLine(names, mode) : '');
    case 'list':
      return lines(
        (cells) => `${cells.map((cell) => plainCell(cell)).join('|')}\n`,
        hasHeaders ? `${names.map(visible).join('|')}\n` : '',
      );
    case 'markdown':
      return lines(
        (cells) => `| ${cells.map(markdownCell).join(' | ')} |\n`,
        `| ${names.map((name) => markdownCell(name)).join(' | ')} |\n|${names.map(() => ' --- |').join('')}\n`,
      );
    default:
      return null;
  }
};

/** Prints an answer. */
export const printRows = (
  mode: Mode,
  names: readonly string[],
  rows: Iterable<Cells>,
  look: TableLook = {},
): void => {
  const form = formOf(mode, names);
  if (form === null) {
    if (mode === 'pretty') printPretty(names, rows, look);
    else printLines(names, rows, look.times ?? noTimes);
    return;
  }
  print(form.begin);
  let isEmpty = true;
  for (const cells of rows) {
    print(form.row(cells, isEmpty));
    isEmpty = false;
  }
  print(form.end(isEmpty));
};

/** The same of rows that come some at a time. */
export const printRowsAsTheyCome = async (
  mode: Mode,
  names: readonly string[],
  rows: AsyncIterable<readonly Cells[]>,
  look: TableLook = {},
): Promise<void> => {
  const form = formOf(mode, names);
  if (form === null) {
    const all: Cells[] = [];
    for await (const some of rows) all.push(...some);
    return printRows(mode, names, all, look);
  }
  print(form.begin);
  let isEmpty = true;
  for await (const some of rows)
    for (const cells of some) {
      print(form.row(cells, isEmpty));
      isEmpty = false;
    }
  print(form.end(isEmpty));
};
