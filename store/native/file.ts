/** Reads a native export from a file, plain or compressed, in constant memory. */
import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UserError } from '../../collector/errors.ts';
import { isPassing, passingHint } from '../../collector/file_failure.ts';
import { openRegular } from '../../collector/files.ts';
import type { Table } from '../../collector/table.ts';
import { nativeDecoder } from './decode.ts';
import type { Snapshot } from '../snapshot.ts';

export const isNativeName = (path: string): boolean => /\.(?:ndjson|jsonl)(?:\.(?:gz|zst))?$/i.test(path);

const chunkBytes = 256 * 1024;
/** What is unpacked ahead of being read: unpacking has a thread of its own. */
const aheadBytes = 4 * 1024 * 1024;
const unpacking = { chunkSize: chunkBytes, highWaterMark: aheadBytes };

/** What is in a file, and the file. */
const bytesOf = (path: string): { readonly source: Readable; readonly file: ReadStream } => {
  const file = createReadStream(path, { fd: openRegular(path).fd, highWaterMark: chunkBytes });
  const unpack = /\.gz$/i.test(path)
    ? createGunzip(unpacking)
    : /\.zst$/i.test(path)
      ? createZstdDecompress(unpacking)
      : null;
  if (unpack === null) return { source: file, file };
  file.on('error', (error) => unpack.destroy(error));
  return { source: file.pipe(unpack), file };
};

/** Far more than any row: a file without line feeds must not fill the memory. */
const maxLine = 64 * 1024 * 1024;
/** Far more than any host: some 60,000 accounts. A small packed file can be the start of an endless one. */
const maxSnapshot = 256 * 1024 * 1024;

const lineFeed = 10;

/** A line that is not whole yet. Its parts are put together once: each time anew, a long line would cost its square. */
class Unfinished {
  #parts: Buffer[] = [];
  length = 0;

  begin(rest: Buffer): void {
    this.#parts = rest.length === 0 ? [] : [rest];
    this.length = rest.length;
  }

  /** What there is with a chunk behind it; null, and the chunk is kept, where it still is no whole line. */
  with(chunk: Buffer): Buffer | null {
    if (this.length === 0) return chunk;
    this.#parts.push(chunk);
    this.length += chunk.length;
    return chunk.includes(lineFeed) ? Buffer.concat(this.#parts) : null;
  }
}

export interface ReadOptions {
  readonly batchCells?: number;
  readonly maxSnapshotBytes?: number;
  /** Gets the names of what only a newer tokenquery knows. */
  readonly leftOut?: Set<string>;
  /** Is told how many bytes of the file are read. */
  readonly read?: (bytes: number) => void;
}

/** What is wrong with an export that cannot be read to its end; a fault of this program stays one. */
const readFailure = (error: unknown): unknown => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof UserError || (code === undefined && !(error instanceof RangeError))) return error;
  const hint = isPassing(error) ? `${passingHint(error)};` : 'is the file whole?';
  const rest = 'what could be read of it is stored';
  return new UserError(`it cannot be read: ${message}`, `${hint} ${rest}`, 1, error);
};

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
  {
    batchCells = 60_000,
    maxSnapshotBytes = maxSnapshot,
    leftOut = new Set(),
    read = () => {},
  }: ReadOptions = {},
): Promise<void> => {
  const decoder = nativeDecoder(tables, leftOut);
  let batch: Snapshot[] = [];
  let cells = 0;
  const hand = async (): Promise<void> => {
    const ready = batch;
    batch = [];
    cells = 0;
    if (ready.length > 0) await take(ready);
  };
  let sinceSnapshot = 0;
  const put = (snapshot: Snapshot): void => {
    sinceSnapshot = 0;
    batch.push(snapshot);
    for (const observation of snapshot.observations.values()) cells += observation.cells.length;
  };
  const line = new Unfinished();
  try {
    const { source, file } = bytesOf(path);
    for await (const chunk of source) {
      read(file.bytesRead);
      sinceSnapshot += (chunk as Buffer).length;
      const bytes = line.with(chunk as Buffer);
      if (bytes !== null) line.begin(bytes.subarray(decoder.bytes(bytes, put)));
      if (line.length > maxLine)
        throw new UserError('it has a line of more than 64 MiB', 'docs/native.md describes the lines');
      if (sinceSnapshot > maxSnapshotBytes)
        throw new UserError(
          'it has a snapshot of more than 256 MiB',
          'that is more than one host; docs/native.md describes the lines',
        );
      if (cells >= batchCells) await hand();
    }
    const last = line.length > 0 ? line.with(Buffer.from('\n')) : null;
    if (last !== null) decoder.bytes(last, put);
    decoder.end();
  } catch (error) {
    await hand();
    throw readFailure(error);
  }
  await hand();
};
