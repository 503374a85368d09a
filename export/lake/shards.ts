/** Reads what a lake names: its shards, and their parts, which are held against what the manifest says of them. */
import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { FileMetaData } from 'hyparquet';
import { UserError } from '../../collector/errors.ts';
import {
  lakeName,
  manifestName,
  mostManifestBytes,
  readLake,
  readManifest,
  shardOfName,
} from './manifest.ts';
import type { LakePart, LakeTable, Manifest } from './manifest.ts';
import { parquetTypes } from './pages.ts';
import type { Place } from './place.ts';

/** A part has some 16 MB: what has much more is none of ours, and is not read into memory. */
const mostPartBytes = 128 * 1024 * 1024;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** The level of redaction of a lake. Throws UserError where there is none. */
export const openLake = async (place: Place): Promise<string | null> => {
  const bytes = await place.read(lakeName, mostManifestBytes);
  if (bytes === null)
    throw new UserError(
      `${place.pathOf()} is no lake: there is no ${lakeName} in it`,
      `tokenquery lake --db FILE --out ${place.pathOf()} makes one`,
    );
  return readLake(text(bytes), place.pathOf(lakeName));
};

/** The names of the shards of a lake, in order. */
export const shardNames = async (place: Place): Promise<readonly string[]> =>
  (await place.list(''))
    .flatMap(({ name, isFolder }) => (isFolder ? [] : (shardOfName(name) ?? [])))
    .toSorted();

export const readShard = async (place: Place, shard: string): Promise<Manifest> => {
  const path = place.pathOf(manifestName(shard));
  const bytes = await place.read(manifestName(shard), mostManifestBytes);
  if (bytes === null) throw new UserError(`${path} is not there any more`, 'try again');
  return readManifest(text(bytes), shard, path);
};

const wrong = (place: Place, { path }: LakePart, what: string): UserError =>
  new UserError(`${place.pathOf(path)} ${what}`, 'publish the shard again: nothing of this part was counted');

const bufferOf = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

const metadataOf = (bytes: ArrayBuffer): FileMetaData | null => {
  try {
    return parquetMetadata(bytes);
  } catch {
    return null;
  }
};

/** What a part says of its columns, as `name TYPE`. */
const columnsOf = ({ schema }: FileMetaData): string =>
  schema
    .slice(1)
    .map(({ name, type }) => `${name} ${type}`)
    .join(', ');

export interface ReadPart {
  readonly bytes: ArrayBuffer;
  readonly metadata: FileMetaData;
}

/** A part that is what its manifest says: its length, its digest, its rows and its columns. Throws UserError for another. */
export const readPart = async (place: Place, table: LakeTable, part: LakePart): Promise<ReadPart> => {
  if (part.bytes > mostPartBytes) throw wrong(place, part, `has ${part.bytes} bytes, which no part has`);
  const read = await place.read(part.path, mostPartBytes);
  if (read === null) throw wrong(place, part, 'is not there, and the manifest names it');
  if (read.length !== part.bytes)
    throw wrong(place, part, `has ${read.length} bytes, and the manifest says ${part.bytes}`);
  if (hash('sha256', read) !== part.sha256)
    throw wrong(place, part, 'has another digest than the manifest says');
  const bytes = bufferOf(read);
  const metadata = metadataOf(bytes);
  if (metadata === null) throw wrong(place, part, 'is no Parquet');
  if (Number(metadata.num_rows) !== part.rows)
    throw wrong(place, part, `has ${metadata.num_rows} rows, and the manifest says ${part.rows}`);
  const said = table.columns.map(([name, type]) => `${name} ${parquetTypes[type]}`).join(', ');
  if (columnsOf(metadata) !== said) throw wrong(place, part, 'has other columns than the manifest says');
  return { bytes, metadata };
};

/** A page of ours has far less: what unpacks to more was made to fill the memory. */
const mostPageBytes = 256 * 1024 * 1024;
const compressors = {
  ZSTD: (bytes: Uint8Array, length: number): Uint8Array =>
    zstdDecompressSync(bytes, { maxOutputLength: Math.min(Math.max(length, 1), mostPageBytes) }),
};

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** A text may begin with U+FEFF, which is no mark of order there, and part of a name. */
const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => bytes && decoder.decode(bytes),
};

/** The rows of a part with some of its columns, group of rows by group of rows. */
export async function* rowsOfPart(
  { bytes, metadata }: ReadPart,
  columns: readonly string[],
): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]> {
  const file = {
    byteLength: bytes.byteLength,
    slice: (start: number, end?: number): ArrayBuffer => bytes.slice(start, end),
  };
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    yield await parquetReadObjects({
      file,
      metadata,
      columns: [...columns],
      rowStart,
      rowEnd,
      compressors,
      parsers,
    });
    rowStart = rowEnd;
  }
}
