/**
 * One column of a group of rows as Parquet writes it: a dictionary of its values and their numbers, or the values one by one, which
 * is shorter. hyparquet-writer does it for values of every kind, and looks at each several times; here it is once, while it is read.
 */
import type { ColumnChunk, Statistics } from 'hyparquet';
import type { ByteWriter } from 'hyparquet-writer';
import { UserError } from '../../collector/errors.ts';
import { dictionaryPages, levelsOf, sizeOf, valuePages, writePages } from './pages.ts';
import type { Pages, Values } from './pages.ts';
import type { LakeColumn } from './relations.ts';

export type LakeValue = string | number | null;

/** Of NULL. */
const noNumber = -1;
/** A dictionary with so many times fewer values than there are rows is shorter; nothing else is tried. */
const timesFewer = 16;
/** A page is read as a whole. */
const mostCharactersOfPage = 8 * 1024 * 1024;

const charactersOf = ({ different, numbers }: Values): number =>
  numbers.reduce((sum, number) => {
    const value = different[number];
    return sum + (typeof value === 'string' ? value.length : 8);
  }, 0);

/** What is shorter, where that is not clear without trying. */
const pagesOf = (values: Values): Pages => {
  const [different, all] = [values.different.length, values.numbers.length];
  if (different * 2 > all) return valuePages(values);
  if (different * timesFewer < all || charactersOf(values) > mostCharactersOfPage)
    return dictionaryPages(values);
  const [one, other] = [dictionaryPages(values), valuePages(values)];
  return sizeOf(one) <= sizeOf(other) ? one : other;
};

const boundsOf = ({ type, different }: Values): Statistics => {
  if (different.length === 0) return {};
  if (type === 'TEXT') {
    // By bytes, as Parquet compares.
    const texts = different
      .map((text) => Buffer.from(String(text)))
      .toSorted((one, other) => one.compare(other));
    return { min_value: String(texts[0]), max_value: String(texts.at(-1)) };
  }
  const sorted = different.map(Number).toSorted((one, other) => one - other);
  const bound = (value = 0): bigint | number => (type === 'INTEGER' ? BigInt(value) : value);
  return { min_value: bound(sorted[0]), max_value: bound(sorted.at(-1)) };
};

export class GroupColumn {
  /** Of the texts that are held: of those that are alike one is. */
  characters = 0;
  private readonly column: LakeColumn;
  private readonly isBounded: boolean;
  /** The number of the value of each row. */
  private readonly numbers: Int32Array;
  private different: (string | number)[] = [];
  private readonly known = new Map<string | number, number>();
  private last: LakeValue = null;
  private lastNumber = noNumber;
  private rows = 0;
  private nulls = 0;

  /** @param isBounded Whether it says its least and greatest value. */
  constructor(column: LakeColumn, mostRows: number, isBounded: boolean) {
    this.column = column;
    this.isBounded = isBounded;
    this.numbers = new Int32Array(mostRows);
  }

  add(value: LakeValue): void {
    if (value !== this.last) {
      this.last = value;
      this.lastNumber = value === null ? noNumber : (this.known.get(value) ?? this.numberNew(value));
    }
    if (value === null) this.nulls += 1;
    this.numbers[this.rows++] = this.lastNumber;
  }

  /** Writes what was added, and begins anew. */
  write(writer: ByteWriter): ColumnChunk {
    const { column, rows, nulls, different } = this;
    const all = this.numbers.subarray(0, rows);
    const levels = levelsOf(all.map((number) => (number === noNumber ? 0 : 1)));
    const numbers = nulls === 0 ? all : all.filter((number) => number !== noNumber);
    const values: Values = { type: column[1], different, numbers };
    const chunk = writePages(writer, column, pagesOf(values), { rows, nulls, levels });
    if (this.isBounded && chunk.meta_data !== undefined)
      chunk.meta_data.statistics = { ...boundsOf(values), null_count: BigInt(nulls) };
    this.different = [];
    this.known.clear();
    this.last = null;
    this.lastNumber = noNumber;
    this.rows = 0;
    this.nulls = 0;
    this.characters = 0;
    return chunk;
  }

  private numberNew(value: string | number): number {
    const [name, type] = this.column;
    const isRight =
      type === 'TEXT'
        ? typeof value === 'string'
        : typeof value === 'number' && (type === 'REAL' || Number.isSafeInteger(value));
    if (!isRight)
      throw new UserError(
        `a value of the column ${name} is no ${type} that tokenquery writes: ${JSON.stringify(value).slice(0, 100)}`,
        'something else wrote into the database; nothing was published',
      );
    if (typeof value === 'string') this.characters += value.length;
    const number = this.different.length;
    this.known.set(value, number);
    this.different.push(value);
    return number;
  }
}
