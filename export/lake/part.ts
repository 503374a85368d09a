/** Parquet, part by part: each is made in memory and is whole when it is handed on. The same rows make the same bytes. */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { GroupColumn } from './column.ts';
import type { LakeValue } from './column.ts';
import { parquetTypes } from './pages.ts';
import type { LakeColumn } from './relations.ts';
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
  rowsOfGroup: 50_000,
  charactersOfGroup: 8 * 1024 * 1024,
  rowsOfPart: 1_000_000,
  bytesOfPart: 16 * 1024 * 1024,
};

export interface Part {
  readonly rows: number;
  readonly bytes: Uint8Array;
}

const schemaOf = (columns: readonly LakeColumn[]): SchemaElement[] => [
  { name: 'root', num_children: columns.length },
  ...columns.map(([name, type]): SchemaElement => ({
    ...{ name, type: parquetTypes[type], repetition_type: 'OPTIONAL' },
    ...(type === 'TEXT' ? { converted_type: 'UTF8', logical_type: { type: 'STRING' } } : {}),
  })),
];

/** What engines skip groups of rows by: rows lie in the order of their hosts. Of the rest, bounds would cost more than they save. */
const isBounded = (name: string): boolean =>
  name === 'host_id' || name.startsWith('valid_') || name === 'collected_time';

/** One part that is being made. */
class OpenPart {
  rows = 0;
  private readonly limits: Limits;
  private readonly bytes = new ByteWriter();
  private readonly writer: ParquetWriter;
  private readonly columns: readonly GroupColumn[];
  private waiting = 0;

  constructor(columns: readonly LakeColumn[], limits: Limits) {
    this.limits = limits;
    this.columns = columns.map((column) => new GroupColumn(column, limits.rowsOfGroup, isBounded(column[0])));
    this.writer = new ParquetWriter({
      ...{ writer: this.bytes, schema: schemaOf(columns), codec: 'ZSTD' },
      createdBy: 'tokenquery',
    });
  }

  add(row: LakeRow): void {
    const { columns } = this;
    let characters = 0;
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as GroupColumn;
      column.add(row[index] as LakeValue);
      characters += column.characters;
    }
    this.rows += 1;
    this.waiting += 1;
    const { rowsOfGroup, charactersOfGroup } = this.limits;
    if (this.waiting >= rowsOfGroup || characters >= charactersOfGroup) this.endGroup();
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
    const start = this.bytes.offset;
    const columns = this.columns.map((column) => column.write(this.bytes));
    this.writer.row_groups.push({
      columns,
      total_byte_size: columns.reduce(
        (sum, { meta_data: data }) => sum + (data?.total_uncompressed_size ?? 0n),
        0n,
      ),
      num_rows: BigInt(this.waiting),
      total_compressed_size: BigInt(this.bytes.offset - start),
    });
    this.writer.num_rows += BigInt(this.waiting);
    this.waiting = 0;
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
