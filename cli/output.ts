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

/** Prints an answer. */
export const printRows = (
  mode: Mode,
  names: readonly string[],
  rows: Iterable<Cells>,
  look: TableLook = {},
): void => {
  switch (mode) {
    case 'pretty':
      printPretty(names, rows, look);
      return;
    case 'json':
    case 'osquery-json': {
      const row = mode === 'json' ? jsonRow : osqueryRow;
      let separator = '[\n  ';
      for (const cells of rows) {
        print(separator + row(names, cells));
        separator = ',\n  ';
      }
      if (mode === 'json') print(separator.startsWith('[') ? '[]\n' : '\n]\n');
      else print(separator.startsWith('[') ? '[\n\n]\n' : '\n]\n');
      return;
    }
    case 'ndjson':
      for (const cells of rows) print(`${jsonRow(names, cells)}\n`);
      return;
    case 'csv':
    case 'spreadsheet':
      if (shown().hasHeaders) print(csvLine(names, mode));
      for (const cells of rows) print(csvLine(cells, mode));
      return;
    case 'line':
      printLines(names, rows, look.times ?? noTimes);
      return;
    case 'list':
      if (shown().hasHeaders) print(`${names.map(visible).join('|')}\n`);
      for (const cells of rows) print(`${cells.map((cell) => plainCell(cell)).join('|')}\n`);
      return;
    case 'markdown':
      print(
        `| ${names.map((name) => markdownCell(name)).join(' | ')} |\n|${names.map(() => ' --- |').join('')}\n`,
      );
      for (const cells of rows) print(`| ${cells.map(markdownCell).join(' | ')} |\n`);
      return;
  }
};
