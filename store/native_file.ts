/** Reads a native export from a file, plain or compressed, in constant memory. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '../collector/errors.ts';
import type { Table } from '../collector/table.ts';
import { nativeDecoder } from '../export/native.ts';
import type { Snapshot } from './snapshot.ts';

export const isNativeName = (path: string): boolean => /\.(?:ndjson|jsonl)(?:\.(?:gz|zst))?$/i.test(path);

const chunkBytes = 1024 * 1024;

const bytesOf = (path: string): Readable => {
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  const unpack = /\.gz$/i.test(path)
    ? createGunzip({ chunkSize: chunkBytes })
    : /\.zst$/i.test(path)
      ? createZstdDecompress({ chunkSize: chunkBytes })
      : null;
  if (unpack === null) return file;
  file.on('error', (error) => unpack.destroy(error));
  return file.pipe(unpack);
};

/** Far more than any row: a file without line feeds must not fill the memory. */
const maxLine = 16 * 1024 * 1024;

/**
 * Decodes a file and hands its snapshots over in batches. Throws UserError for what is no export; the snapshots
 * before the broken line are handed over first.
 *
 * @param take Is given at least `batchCells` values at once, but for the last batch.
 */
export const readNativeFile = async (
  path: string,
  tables: readonly Table[],
  take: (snapshots: readonly Snapshot[]) => void | Promise<void>,
  batchCells = 60_000,
): Promise<void> => {
  const decoder = nativeDecoder(tables);
  let batch: Snapshot[] = [];
  let cells = 0;
  const hand = async (): Promise<void> => {
    const ready = batch;
    batch = [];
    cells = 0;
    if (ready.length > 0) await take(ready);
  };
  const put = (snapshot: Snapshot): void => {
    batch.push(snapshot);
    for (const look of snapshot.looks.values()) cells += look.cells.length;
  };
  const decode = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  try {
    const source = bytesOf(path);
    for await (const chunk of source) {
      const text = rest + decode.decode(chunk as Uint8Array, { stream: true });
      rest = text.slice(decoder.lines(text, put));
      if (rest.length > maxLine)
        throw new UserError('it has a line of more than 16 MiB', 'docs/native.md describes the lines');
      if (cells >= batchCells) await hand();
    }
    rest += decode.decode();
    if (rest !== '') decoder.lines(`${rest}\n`, put);
    decoder.end();
  } catch (error) {
    await hand();
    if (error instanceof UserError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new UserError('it is not UTF-8', 'docs/native.md describes the lines');
    if (code === undefined && !(error instanceof RangeError)) throw error;
    throw new UserError(
      `it cannot be read: ${message}`,
      'is the file whole? what could be read of it is stored',
    );
  }
  await hand();
};
