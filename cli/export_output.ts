/** Where an export goes: files that are written beside and renamed, rotated and kept, or stdout. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import type { Table } from '../collector/table.ts';
import { checkLinks } from '../collector/trust.ts';
import { formats } from '../export/formats/index.ts';
import type { FormatName } from '../export/formats/index.ts';
import type { Format } from '../export/format.ts';
import { fileSink, stdoutSink } from '../export/file_sink.ts';
import type { Sink } from '../export/file_sink.ts';
import { bestSuffix } from '../export/part_file.ts';
import type { Arguments } from './command.ts';
import { flush, print, printNote } from './output.ts';
import { cleaningUp } from './signals.ts';
import { checkTaken } from './taken_places.ts';

const rotateBytesOf = (given: Arguments, name: FormatName): number | null => {
  const bytes = given.number('rotate-size');
  if (bytes !== null && formats[name].cut === 'never')
    throw new UserError(`--rotate-size does not go with --format ${name}`, 'it is no format of lines', 2);
  return bytes;
};

/** osquery keeps as many of its logs. */
export const defaultKeep = 25;

export const outputPath = (given: Arguments): string | null => {
  const output = given.text('output');
  if (output === null || output === '' || output === '-') {
    if (given.flag('compress')) throw new UserError('--compress goes with --output FILE', '', 2);
    return null;
  }
  return given.flag('compress') && !/\.(?:zst|gz)$/.test(output) ? output + bestSuffix() : output;
};

export interface Output {
  /** Where the text of a table goes; null for a format that writes one file. */
  sinkFor(table: Table | null): Sink;
  begin(): Promise<void>;
  finish(): Promise<void>;
  /** Nothing of it stays. */
  abandon(): void;
}

/** Makes a folder for files, where it is not there. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return;
    throw new UserError(`${path} is not a folder`, '--format csv writes a file for each table into a folder');
  }
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw fileFailure(error, path, 'write');
  }
};

/**
 * Sends the chunks of a format to where they go: stdout, a file, or a folder of files.
 *
 * @param tableCount How many tables there are, for a format that writes a file for each.
 */
export const outputOf = (given: Arguments, format: Format, name: FormatName, tableCount: number): Output => {
  const path = outputPath(given);
  if (path !== null)
    checkTaken(path, [
      ['the database', given.text('db')],
      ['the cursor', given.text('cursor')],
      ['the key', given.text('redact-key')],
    ]);
  else if (given.flag('keep')) throw new UserError('--keep goes with --output FILE', '', 2);
  const rotateBytes = rotateBytesOf(given, name);
  const keep = given.number('keep') ?? (given.flag('cursor') || rotateBytes !== null ? defaultKeep : 0);
  const onDrop = (dropped: string, count: number): void =>
    printNote(`${dropped} was the oldest of ${count} files and is dropped (--keep)`);
  const options = { keep, onDrop, ...(rotateBytes === null ? {} : { rotateBytes }) };
  const isFolder = format.files === 'table' && tableCount > 1;
  if (path !== null) checkLinks(isFolder ? path : dirname(path));
  if (isFolder && path === null) {
    throw new UserError(
      '--format csv writes a file for each table',
      '--output FOLDER takes them all, --table NAME prints one',
      2,
    );
  }
  if (isFolder && path !== null) makeFolder(path);
  const sinks = new Map<string, Sink>();
  const sinkFor = (table: Table | null): Sink => {
    const file = isFolder && table !== null ? table.name : '';
    const known = sinks.get(file);
    if (known !== undefined) return known;
    const suffix = given.flag('compress') ? bestSuffix() : '';
    const made =
      path === null
        ? stdoutSink(print, flush)
        : fileSink(
            isFolder ? join(path.replace(/\.(?:zst|gz)$/, ''), `${file}${format.extension}${suffix}`) : path,
            options,
          );
    sinks.set(file, made);
    // It is short: no sink has to be waited for.
    if (table !== null && format.header !== undefined) void made.write(format.header(table));
    return made;
  };
  return {
    sinkFor,
    begin: async (): Promise<void> => {
      if (format.files === 'one') await sinkFor(null).write(format.begin?.() ?? '');
    },
    finish: async (): Promise<void> => {
      if (format.end !== undefined) await sinkFor(null).write(format.end());
      for (const sink of sinks.values()) await sink.finish();
    },
    abandon: (): void => {
      for (const sink of sinks.values()) sink.abandon();
    },
  };
};

/** Runs work that writes; whatever ends it before it is done, nothing half-written stays. */
export const withSignals = async (output: { abandon(): void }, work: () => Promise<void>): Promise<void> => {
  try {
    await cleaningUp(() => output.abandon(), work);
  } catch (error) {
    output.abandon();
    throw error;
  }
};
