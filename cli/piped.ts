/** SQL that is piped into the program without a command, as osqueryi takes it. */
import { createReadStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isSql } from './args.ts';

/** So long something may take to come: a remote shell leaves its input open, and nothing ever comes. */
const waitMs = 200;
const mostBytes = 1024 * 1024;

const openInput = (): Readable | null => {
  try {
    const found = fstatSync(0);
    if (found.isFile()) return createReadStream('', { fd: 0, autoClose: false });
    return found.isFIFO() || found.isSocket() ? new Socket({ fd: 0, readable: true, writable: false }) : null;
  } catch {
    // It is closed.
    return null;
  }
};

/** All that comes, where something does in time; null otherwise. */
const readInput = (input: Readable): Promise<string | null> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (text: string | null): void => {
      clearTimeout(timer);
      input.destroy();
      resolve(text);
    };
    const timer = setTimeout(() => end(null), waitMs);
    input.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      chunks.push(chunk);
      length += chunk.length;
      // The statement is too long then, and is told so.
      if (length > mostBytes) end(Buffer.concat(chunks).toString('utf8'));
    });
    input.on('end', () => end(Buffer.concat(chunks).toString('utf8')));
    input.on('error', () => end(null));
  });

/** The statement that stdin holds; null where it holds none. Other input is nobody’s: a loop over names may feed it. */
export const pipedSql = async (): Promise<string | null> => {
  const input = openInput();
  const text = input === null ? null : await readInput(input);
  return text !== null && isSql(text) ? text : null;
};
