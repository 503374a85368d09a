/** The only writer to stdout and stderr. */
import { writeSync } from 'node:fs';
import { eastAsianWidth } from 'get-east-asian-width';
import { codeOf } from '../collector/errors.ts';
import type { UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { sleep } from '../collector/sleep.ts';
import { notCalculated, csvCell, hexOf, jsonCell } from '../export/cell.ts';
import type { AnyCell } from '../export/cell.ts';
import { lineBegin, outputBegin } from './log.ts';
import { isTerminal } from './terminal.ts';
import { forTerminal, markdownText, visible } from './visible.ts';

export { visible } from './visible.ts';

let terminal: boolean | null = null;
/** Whether what is printed goes to a terminal. */
const isShown = (): boolean => (terminal ??= isTerminal(1));

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

/** Sends what is buffered. Nobody reading any more (`| head`) is a good end of the program. */
export const flush = (): void => {
  if (failure !== null) throw failure;
  if (pendingLength === 0) return;
  const text = pending.join('');
  pending = [];
  pendingLength = 0;
  try {
    if (!writeAll(1, text)) process.exit(unreadCode);
  } catch (error) {
    failure = fileFailure(error, 'stdout', 'write', 'is there room where it goes to?');
    throw failure;
  }
};

/** Data, to stdout. A terminal gets nothing that it would act upon or hide; a file and a pipe get every byte. */
export const print = (given: string): void => {
  const text = isShown() ? forTerminal(given) : given;
  pending.push(text);
  pendingLength += text.length;
  if (pendingLength >= chunkCharacters) flush();
};

const toStderr = (text: string): void => {
  try {
    flush();
  } catch (error) {
    if (error !== failure) throw error;
  }
  writeAll(2, text);
};

// A name may have 64 KiB, and fills no screen.
const mostOfMessage = 8_000;

/** The text of a message, of which the end is left out when it is very long. */
const told = (message: string): string =>
  visible(message.length <= mostOfMessage ? message : message.slice(0, mostOfMessage)) +
  (message.length <= mostOfMessage ? '' : ` … (${message.length - mostOfMessage} more characters)`);

export const printError = (message: string, hint = ''): void => {
  const line = (severity: string, text: string): string =>
    `${lineBegin()}tokenquery: ${severity}: ${told(text)}\n`;
  toStderr(line('error', message) + (hint === '' ? '' : line('hint', hint)));
};
export const printNote = (message: string): void => {
  toStderr(`${lineBegin()}tokenquery: note: ${told(message)}\n`);
};

/** What a command did, to stdout: whole lines, which are lines of the log in a scheduled job. */
export const printDone = (lines: string): void => {
  const begin = outputBegin();
  print(begin === null ? lines : lines.replaceAll(/^(?=.)/gm, begin));
};

/** Progress, on a terminal only: each call replaces the line before it. */
export const printProgress = (message: string): void => {
  if (isTerminal(2)) toStderr(`\r\u001b[K${visible(message)}`);
};
export const endProgress = (): void => {
  if (isTerminal(2)) toStderr('\r\u001b[K');
};

/** Values as SQLite answers them; integers may be bigint. */
export type Cells = readonly AnyCell[];

export const modes = ['pretty', 'json', 'ndjson', 'csv', 'line', 'list', 'markdown', 'osquery-json'] as const;
/** `spreadsheet` is CSV of which no cell is calculated. */
export type Mode = (typeof modes)[number] | 'spreadsheet';

/** For people: unknown is shown as NULL. */
const plain = (value: AnyCell): string => {
  if (value === null) return 'NULL';
  return visible(value instanceof Uint8Array ? hexOf(value) : String(value));
};

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

let graphemes: Intl.Segmenter | null = null;

/** How many columns of a terminal a text takes. */
const widthOf = (text: string): number => {
  if (/^[ -~]*$/.test(text)) return text.length;
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    const isEmoji = segment.includes('\u{fe0f}') || segment.includes('\u{200d}');
    width += isEmoji ? 2 : eastAsianWidth(segment.codePointAt(0) ?? 0);
  }
  return width;
};

const pad = (text: string, width: number, isNumber: boolean): string => {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isNumber ? space + text : text + space;
};

// Widths are taken from the first rows, so that a long answer need not be held in memory.
const rowsForWidths = 5_000;

const printPretty = (names: readonly string[], rows: Iterable<Cells>): void => {
  const iterator = rows[Symbol.iterator]();
  const first: Cells[] = [];
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    first.push(next.value);
    if (first.length === rowsForWidths) break;
  }
  const isNumber = names.map((_, index) => {
    const values = first.map((row) => row[index]).filter((value) => value != null);
    return (
      values.length > 0 && values.every((value) => typeof value === 'number' || typeof value === 'bigint')
    );
  });
  const widths = names.map((name, index) =>
    Math.max(widthOf(visible(name)), ...first.map((row) => widthOf(plain(row[index] ?? null)))),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const line = (texts: readonly string[], isHead: boolean): string =>
    `|${texts.map((text, index) => ` ${pad(text, widths[index] ?? 0, !isHead && isNumber[index] === true)} `).join('|')}|\n`;
  const printRow = (row: Cells): void =>
    print(
      line(
        names.map((_, index) => plain(row[index] ?? null)),
        false,
      ),
    );
  print(rule + line(names.map(visible), true) + rule);
  for (const row of first) printRow(row);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) printRow(next.value);
  print(rule);
};

const markdownCell = (value: AnyCell): string => markdownText(plain(value));

/** Prints an answer. */
export const printRows = (mode: Mode, names: readonly string[], rows: Iterable<Cells>): void => {
  switch (mode) {
    case 'pretty':
      printPretty(names, rows);
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
      print(csvLine(names, mode));
      for (const cells of rows) print(csvLine(cells, mode));
      return;
    case 'line': {
      const width = Math.max(0, ...names.map((name) => widthOf(visible(name))));
      let separator = '';
      for (const cells of rows) {
        const lines = names.map(
          (name, index) => `${pad(visible(name), width, true)} = ${plain(cells[index] ?? null)}\n`,
        );
        print(separator + lines.join(''));
        separator = '\n';
      }
      return;
    }
    case 'list':
      print(`${names.map(visible).join('|')}\n`);
      for (const cells of rows) print(`${cells.map(plain).join('|')}\n`);
      return;
    case 'markdown':
      print(
        `| ${names.map((name) => markdownCell(name)).join(' | ')} |\n|${names.map(() => ' --- |').join('')}\n`,
      );
      for (const cells of rows) print(`| ${cells.map(markdownCell).join(' | ')} |\n`);
      return;
  }
};
