/** How Parquet packs the values of a page, before and while it is compressed. */
import { constants, zstdCompressSync } from 'node:zlib';
import type { ColumnChunk, Encoding, PageHeader, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { deltaBinaryPack } from 'hyparquet-writer/src/delta.js';
import type { ColumnType } from './relations.ts';

export const parquetTypes = {
  TEXT: 'BYTE_ARRAY',
  INTEGER: 'INT64',
  REAL: 'DOUBLE',
} as const satisfies Record<ColumnType, SchemaElement['type']>;

/** Bytes that are being put together; the memory is used again for the next ones. */
class Scratch {
  private length = 0;
  private bytes = Buffer.alloc(1 << 16);

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  varInt(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** @returns How many bytes it has. */
  text(value: string): number {
    this.reserve(value.length * 3);
    const count = this.bytes.write(value, this.length, 'utf8');
    this.length += count;
    return count;
  }

  /** As PLAIN says it. */
  value(type: ColumnType, value: string | number): void {
    if (typeof value === 'string') {
      this.reserve(4);
      const at = this.length;
      this.length += 4;
      const count = this.text(value);
      this.bytes.writeUInt32LE(count, at);
      return;
    }
    this.reserve(8);
    if (type === 'REAL') this.bytes.writeDoubleLE(value, this.length);
    else {
      this.bytes.writeInt32LE(value | 0, this.length);
      this.bytes.writeInt32LE(Math.floor(value / 0x1_0000_0000), this.length + 4);
    }
    this.length += 8;
  }

  /** What was put together, until the next is begun. */
  taken(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

const scratch = new Scratch();

/** Groups of eight numbers, each in so many bits. */
const packGroups = (numbers: Int32Array, from: number, until: number, bits: number): void => {
  const groups = Math.ceil((until - from) / 8);
  scratch.varInt((groups << 1) | 1);
  let held = 0;
  let count = 0;
  for (let at = from; at < from + groups * 8; at += 1) {
    held |= (at < until ? (numbers[at] as number) : 0) << count;
    for (count += bits; count >= 8; count -= 8) {
      scratch.byte(held & 0xff);
      held >>>= 8;
    }
  }
};

const leastRun = 8;

/** Numbers as runs of the same one, and in groups of eight where there is none. */
const packNumbers = (numbers: Int32Array, bits: number): void => {
  let packedFrom = 0;
  for (let at = 0; at < numbers.length;) {
    const value = numbers[at] as number;
    let end = at + 1;
    while (end < numbers.length && numbers[end] === value) end += 1;
    if (end - at < leastRun) {
      at += 8;
      continue;
    }
    if (at > packedFrom) packGroups(numbers, packedFrom, at, bits);
    scratch.varInt((end - at) << 1);
    for (let shift = 0; shift < bits; shift += 8) scratch.byte((value >> shift) & 0xff);
    at = end;
    packedFrom = end;
  }
  if (numbers.length > packedFrom) packGroups(numbers, packedFrom, numbers.length, bits);
};

/** Of each row, whether it has a value: 0 or 1. */
export const levelsOf = (isThere: Int32Array): Uint8Array => {
  packNumbers(isThere, 1);
  return Uint8Array.from(scratch.taken());
};

interface Compressed {
  readonly length: number;
  readonly bytes: Uint8Array;
}

// Of what is known to be small, zstd needs little memory. Another level makes other bytes: all of a lake would be written again.
const compressed = (bytes: Uint8Array): Compressed => ({
  length: bytes.length,
  bytes: zstdCompressSync(bytes, {
    pledgedSrcSize: bytes.length,
    params: { [constants.ZSTD_c_compressionLevel]: 3 },
  }),
});

/** The values of a column of a group of rows, without NULLs: different ones, and the number of each. */
export interface Values {
  readonly type: ColumnType;
  readonly different: readonly (string | number)[];
  readonly numbers: Int32Array;
}

export interface Pages {
  readonly encoding: Encoding;
  readonly dictionary: (Compressed & { readonly count: number }) | null;
  readonly data: Compressed;
}

export const sizeOf = ({ dictionary, data }: Pages): number =>
  (dictionary?.bytes.length ?? 0) + data.bytes.length;

export const dictionaryPages = ({ type, different, numbers }: Values): Pages => {
  for (const value of different) scratch.value(type, value);
  const dictionary = { ...compressed(scratch.taken()), count: different.length };
  const bits = different.length <= 1 ? 0 : 32 - Math.clz32(different.length - 1);
  scratch.byte(bits);
  packNumbers(numbers, bits);
  return { encoding: 'RLE_DICTIONARY', dictionary, data: compressed(scratch.taken()) };
};

/** Lengths, then texts: those between the texts would cost more than those that are alike. */
const textsPage = (texts: readonly string[], numbers: Int32Array): Compressed => {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const packed = new ByteWriter();
  deltaBinaryPack(
    packed,
    numbers.map((number) => lengths[number] as number),
    'INT32',
  );
  scratch.append(packed.getBytes());
  for (const number of numbers) scratch.text(texts[number] as string);
  return compressed(scratch.taken());
};

export const valuePages = ({ type, different, numbers }: Values): Pages => {
  if (type === 'TEXT' && numbers.length > 0) {
    const data = textsPage(different as readonly string[], numbers);
    return { encoding: 'DELTA_LENGTH_BYTE_ARRAY', dictionary: null, data };
  }
  for (const number of numbers) scratch.value(type, different[number] as string | number);
  return { encoding: 'PLAIN', dictionary: null, data: compressed(scratch.taken()) };
};

type Header = Omit<PageHeader, 'uncompressed_page_size' | 'compressed_page_size'>;

const writePage = (writer: ByteWriter, header: Header, page: Compressed, levels: Uint8Array): number => {
  const before = writer.offset;
  writePageHeader(writer, {
    ...header,
    uncompressed_page_size: levels.length + page.length,
    compressed_page_size: levels.length + page.bytes.length,
  });
  const length = writer.offset - before + levels.length + page.length;
  writer.appendBytes(levels);
  writer.appendBytes(page.bytes);
  return length;
};

/** @param levels Of each row, whether it has a value. */
export const writePages = (
  writer: ByteWriter,
  [name, type]: readonly [string, ColumnType],
  { encoding, dictionary, data }: Pages,
  { rows, nulls, levels }: { readonly rows: number; readonly nulls: number; readonly levels: Uint8Array },
): ColumnChunk => {
  const start = writer.offset;
  let length = 0;
  if (dictionary !== null) {
    const header = { num_values: dictionary.count, encoding: 'PLAIN' as const };
    length += writePage(
      writer,
      { type: 'DICTIONARY_PAGE', dictionary_page_header: header },
      dictionary,
      new Uint8Array(),
    );
  }
  const dataOffset = writer.offset;
  const header = {
    ...{ num_values: rows, num_nulls: nulls, num_rows: rows, encoding, is_compressed: true },
    ...{ definition_levels_byte_length: levels.length, repetition_levels_byte_length: 0 },
  };
  length += writePage(writer, { type: 'DATA_PAGE_V2', data_page_header_v2: header }, data, levels);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: parquetTypes[type],
      encodings: dictionary === null ? [encoding] : ['PLAIN', encoding],
      path_in_schema: [name],
      codec: 'ZSTD',
      num_values: BigInt(rows),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(length),
      data_page_offset: BigInt(dataOffset),
      ...(dictionary === null ? {} : { dictionary_page_offset: BigInt(start) }),
    },
  };
};
