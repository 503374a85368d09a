/** Reads property lists in the binary form. */
import type { CollectError } from '../errors.ts';
import { PlistDate, PlistOdd, integerOf, isSameValue, maxDepth, notAPlist } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';

/** Characters and bytes that one binary document may unfold to; a command's output has the same limit. */
const maxUnfolded = 64 * 1024 * 1024;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const strictUtf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true });
export const isBinary = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && String.fromCharCode(...bytes.subarray(0, 8)) === 'bplist00';

/** Seconds from 1970 to 2001, from which binary dates count. */
const epochOf2001 = 978_307_200;

/** Pairs of which the keys come first, then the values. */
const readDict = (count: number, read: (index: number) => PlistValue): PlistValue => {
  const dict = new Map<string, PlistValue>();
  let why: string | null = null;
  for (let index = 0; index < count; index++) {
    const key = read(index);
    const value = read(count + index);
    if (typeof key !== 'string') why = 'a key that is not a string';
    else if (!dict.has(key)) dict.set(key, value);
    else if (!isSameValue(dict.get(key) ?? '', value)) {
      dict.set(key, new PlistOdd('it is there twice, with different values'));
    }
  }
  return why === null ? dict : new PlistOdd(why, dict);
};

const fail = (why: string): CollectError => notAPlist(`binary form, ${why}`);
const odd = (why: string): PlistOdd => new PlistOdd(why);

/** The beginning of an object: what it is, and where its content stands. */
interface Marker {
  readonly type: number;
  /** The lower half of the first byte: a size, or what the object is. */
  readonly info: number;
  readonly at: number;
  readonly count: number;
}

/** One document; what its trailer says is checked first, and each object before it is read. */
class BinaryDocument {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offsetSize: number;
  readonly #referenceSize: number;
  readonly #objectCount: number;
  readonly #rootObject: number;
  /** Objects end before the offset table. */
  readonly #table: number;
  // What is shared is read again for each reference: a small document must not unfold to a large one.
  #objectsLeft: number;
  #contentLeft = maxUnfolded;

  constructor(bytes: Uint8Array) {
    if (!isBinary(bytes)) throw fail('no bplist00 at the start');
    if (bytes.length < 40) throw fail('truncated');
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#objectsLeft = 8 * bytes.length;
    const end = bytes.length - 32;
    this.#offsetSize = this.#uint(end + 6, 1);
    this.#referenceSize = this.#uint(end + 7, 1);
    this.#objectCount = this.#uint(end + 8, 8);
    this.#rootObject = this.#uint(end + 16, 8);
    this.#table = this.#uint(end + 24, 8);
    const isSize = (size: number): boolean => size >= 1 && size <= 8;
    if (!isSize(this.#offsetSize) || !isSize(this.#referenceSize)) throw fail('a wrong size of its numbers');
    if (this.#table < 8 || this.#table > end || this.#objectCount > (end - this.#table) / this.#offsetSize) {
      throw fail('a wrong offset table');
    }
  }

  value(): PlistValue {
    return this.#read(this.#rootObject, 0);
  }

  #read(object: number, depth: number): PlistValue {
    const marker = this.#markerOf(object, depth);
    const { type, info, at, count } = marker;
    switch (type) {
      case 0x0:
        return info === 8 || info === 9 ? info === 9 : odd('an object that is not known');
      case 0x1:
        return this.#integer(marker);
      case 0x2:
        return this.#real(marker);
      case 0x3:
        return this.#date(marker);
      case 0x4:
        return this.#content(at, count);
      case 0x5:
        return this.#text(strictUtf8, at, count);
      case 0x6:
        return this.#text(strictUtf16, at, 2 * count);
      case 0xa:
        return this.#array(marker, depth);
      case 0xd:
        this.#need(at, 2 * count * this.#referenceSize);
        return readDict(count, (index) => this.#read(this.#reference(at, index), depth + 1));
      default:
        return odd('an object that is not known');
    }
  }

  #markerOf(object: number, depth: number): Marker {
    if (object >= this.#objectCount) throw fail('a reference to nothing');
    if (--this.#objectsLeft < 0 || depth > maxDepth) {
      throw fail('it refers to itself or is nested too deeply');
    }
    const offset = this.#uint(this.#table + object * this.#offsetSize, this.#offsetSize);
    if (offset < 8 || offset >= this.#table) throw fail('an offset to nowhere');
    const type = this.#uint(offset, 1) >> 4;
    const info = this.#uint(offset, 1) & 15;
    const at = offset + 1;
    if (info !== 15 || type < 4) return { type, info, at, count: info };
    // A length past 14 is an integer of its own.
    this.#need(at, 1);
    const size = 2 ** (this.#uint(at, 1) & 15);
    if (this.#uint(at, 1) >> 4 !== 1 || size > 8) throw fail('a length that is not a number');
    this.#need(at + 1, size);
    return { type, info, at: at + 1 + size, count: this.#uint(at + 1, size) };
  }

  #integer({ info, at }: Marker): PlistValue {
    if (info > 4) throw fail('an integer that is too long');
    let value = 0n;
    for (const byte of this.#content(at, 2 ** info)) value = (value << 8n) | BigInt(byte);
    // Only those of 8 bytes have a sign; those of 16 are the unsigned ones past 2^63.
    return integerOf(info === 3 ? BigInt.asIntN(64, value) : value) ?? odd('more than 64 bits');
  }

  #real({ info, at }: Marker): PlistValue {
    if (info !== 2 && info !== 3) throw fail('a real of an unknown size');
    this.#need(at, 2 ** info);
    const value = info === 2 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
    return Number.isFinite(value) ? value : odd('a real that is not a finite number');
  }

  #date({ info, at }: Marker): PlistValue {
    if (info !== 3) throw fail('a date of an unknown size');
    this.#need(at, 8);
    const seconds = Math.floor(this.#view.getFloat64(at)) + epochOf2001;
    // The years that an ISO date can write.
    const isDate = seconds >= -62_167_219_200 && seconds <= 253_402_300_799;
    return isDate ? new PlistDate(seconds) : odd('a date that is none');
  }

  #text(decoder: typeof strictUtf8, at: number, size: number): PlistValue {
    const content = this.#content(at, size);
    try {
      return decoder.decode(content);
    } catch {
      return odd('a string that is not text');
    }
  }

  #array({ at, count }: Marker, depth: number): PlistValue {
    this.#need(at, count * this.#referenceSize);
    const array: PlistValue[] = [];
    for (let index = 0; index < count; index++) array.push(this.#read(this.#reference(at, index), depth + 1));
    return array;
  }

  #content(at: number, size: number): Uint8Array {
    this.#need(at, size);
    this.#contentLeft -= size;
    if (this.#contentLeft < 0) throw fail('it unfolds to more than it may');
    return this.#bytes.subarray(at, at + size);
  }

  #need(at: number, size: number): void {
    if (size > this.#table - at) throw fail('truncated');
  }

  #reference(at: number, index: number): number {
    return this.#uint(at + index * this.#referenceSize, this.#referenceSize);
  }

  #uint(at: number, size: number): number {
    let value = 0;
    for (let index = at; index < at + size; index++) value = value * 256 + this.#view.getUint8(index);
    return value;
  }
}

/** The value, which may be odd as a whole; throws parse_failed. */
export const readBinary = (bytes: Uint8Array): PlistValue => new BinaryDocument(bytes).value();

/**
 * Reads a binary property list, version 00.
 *
 * Input: the bytes of a file that macOS 10.4 or newer wrote; hostile ones end as fast as whole ones.
 * Returns: the value, of the same types as parseXmlPlist; an ISO date has no fraction, so neither has this.
 * Throws: parse_failed when an offset, a length, a reference or a type is not as the format says.
 * Source: CFBinaryPList.c
 */
export const parseBinaryPlist = (bytes: Uint8Array): PlistValue => {
  const value = readBinary(bytes);
  if (value instanceof PlistOdd) throw notAPlist(`binary form, ${value.why}`);
  return value;
};
