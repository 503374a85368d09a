/** Parquet, part by part: each is made in memory and is whole when it is handed on. The same rows make the same bytes. */
import { zstdCompressSync } from 'node:zlib';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnType, LakeColumn } from './relations.ts';
import type { LakeRow } from './rows.ts';

interface Limits {
  /** A group of rows is held as values until it is written: by both it is bounded. */
  readonly rowsOfGroup: number;
  readonly charactersOfGroup: number;
  /** A part is held as bytes until it is whole. */
  readonly rowsOfPart: number;
  readonly bytesOfPart: number;
}

/** Another limit makes other parts, and so other digests: all of a lake would be written again. */
const usualLimits: Limits = {
  rowsOfGroup: 20_000,
  charactersOfGroup: 8 * 1024 * 1024,
  rowsOfPart: 1_000_000,
  bytesOfPart: 16 * 1024 * 1024,
};

export interface Part {
  readonly rows: number;
  readonly bytes: Uint8Array;
}

export const parquetTypes = {
  TEXT: 'BYTE_ARRAY',
  INTEGER: 'INT64',
  REAL: 'DOUBLE',
} as const satisfies Record<ColumnType, SchemaElement['type']>;

const schemaOf = (columns: readonly LakeColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(([name, type]): SchemaElement => ({
    ...{ name, type: parquetTypes[type], repetition_type: 'OPTIONAL' },
    ...(type === 'TEXT' ? { converted_type: 'UTF8', logical_type: { type: 'STRING' } } : {}),
  })),
];

// Of what is known to be small, zstd needs little memory.
const compressors = {
  ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, { pledgedSrcSize: bytes.length }),
};

/** One part that is being made. */
class OpenPart {
  rows = 0;
  private readonly columns: readonly LakeColumn[];
  private readonly limits: Limits;
  private readonly bytes = new ByteWriter();
  private readonly writer: ParquetWriter;
  private readonly values: unknown[][];
  private waiting = 0;
  private characters = 0;

  constructor(columns: readonly LakeColumn[], limits: Limits) {
    this.columns = columns;
    this.limits = limits;
    this.values = columns.map(() => []);
    this.writer = new ParquetWriter({
      ...{ writer: this.bytes, schema: schemaOf(columns), codec: 'ZSTD', compressors },
      createdBy: 'tokenquery',
    });
  }

  add(row: LakeRow): void {
    const { values } = this;
    for (let index = 0; index < values.length; index += 1) {
      const value = row[index] ?? null;
      if (typeof value === 'string') this.characters += value.length;
      (values[index] as unknown[]).push(value);
    }
    this.rows += 1;
    this.waiting += 1;
    const { rowsOfGroup, charactersOfGroup } = this.limits;
    if (this.waiting >= rowsOfGroup || this.characters >= charactersOfGroup) this.endGroup();
  }

  /** Nothing waits to be written, and more would be too much. */
  isFull(): boolean {
    const { rowsOfPart, bytesOfPart } = this.limits;
    return this.waiting === 0 && (this.rows >= rowsOfPart || this.bytes.offset >= bytesOfPart);
  }

  finish(): Part {
    this.endGroup();
    void this.writer.finish();
    return { rows: this.rows, bytes: this.bytes.getBytes() };
  }

  private endGroup(): void {
    if (this.waiting === 0) return;
    const columnData = this.columns.map(([name], index) => ({
      ...{ name, data: this.values[index] as unknown[] },
      // What engines skip groups of rows by: rows lie in the order of their hosts. Of the rest, they would cost more than they save.
      statistics: name === 'host_id' || name.startsWith('valid_') || name === 'collected_time',
    }));
    void this.writer.write({ columnData, rowGroupSize: this.waiting });
    for (const values of this.values) values.length = 0;
    this.waiting = 0;
    this.characters = 0;
  }
}

/** At least one part: where there is no row, it still says which columns there are. */
export function* partsOf(
  columns: readonly LakeColumn[],
  batches: Iterable<readonly LakeRow[]>,
  limits: Limits = usualLimits,
): Generator<Part> {
  let part = new OpenPart(columns, limits);
  let isAny = false;
  for (const rows of batches) {
    for (const row of rows) {
      if (part.isFull()) {
        yield part.finish();
        isAny = true;
        part = new OpenPart(columns, limits);
      }
      part.add(row);
    }
  }
  if (part.rows > 0 || !isAny) yield part.finish();
}
