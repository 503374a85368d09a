/**
 * Thrift's binary protocol, as far as osquery speaks it: https://thrift.apache.org/docs, "Thrift Binary protocol encoding". What is
 * read comes from whoever has the socket: every length, count and depth has a bound, nothing is kept that nobody asked for, and
 * a message that comes byte by byte costs no more than one that comes at once.
 */

/** The numbers of types on the wire. */
const types = {
  boolean: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;
const stopField = 0;

/** The kinds of messages. */
export const messages = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;

/** A message of osquery has some kilobytes; what it asks for is one JSON text. */
export const mostBytes = 1024 * 1024;
/** Of a text that names a method. */
const mostNameBytes = 128;
const mostDepth = 16;
/** Entries of all maps and lists of one message that are kept. */
const mostEntries = 4096;

/** What is not Thrift, or more than is read. */
export class ProtocolError extends Error {}

/** What is kept of a message; anything else is read over. */
export type Shape =
  | 'i32'
  | 'i64'
  | 'string'
  | { readonly struct: Readonly<Record<number, Shape>> }
  | { readonly map: readonly [key: Shape, value: Shape] };
export type Struct = ReadonlyMap<number, Value>;
export type Value = number | bigint | string | Struct | ReadonlyMap<Value, Value>;

export interface Message {
  readonly kind: number;
  readonly name: string;
  readonly sequence: number;
  readonly body: Struct;
}

const typeOf = (shape: Shape): number => {
  if (typeof shape === 'string') return types[shape];
  return 'struct' in shape ? types.struct : types.map;
};

const fixedSizes: ReadonlyMap<number, number> = new Map([
  [types.boolean, 1],
  [types.byte, 1],
  [types.double, 8],
  [types.i16, 2],
  [types.i32, 4],
  [types.i64, 8],
]);

/** Goes on where it stopped when there were too few bytes. */
type Reading<T> = Generator<undefined, T, undefined>;

const binaryVersion = 0x8001_0000;
const isStrict = (first: number): boolean => (first & 0xffff_0000) >>> 0 === binaryVersion;

/** Makes messages of bytes as they come. */
export class Incoming {
  #held: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #entries = 0;
  #reading: Reading<Message> | null = null;
  readonly #shapeOf: (name: string, kind: number) => Readonly<Record<number, Shape>>;

  /** @param shapeOf What is kept of the body of a message. */
  constructor(shapeOf: (name: string, kind: number) => Readonly<Record<number, Shape>>) {
    this.#shapeOf = shapeOf;
  }

  /** How many bytes are held of messages that are not whole, or not yet taken. */
  get heldBytes(): number {
    return this.#to;
  }

  push(bytes: Uint8Array): void {
    if (this.#to + bytes.length > this.#held.length) {
      const held = Buffer.allocUnsafe(Math.max(this.#held.length * 2, this.#to + bytes.length, 1024));
      this.#held.copy(held, 0, 0, this.#to);
      this.#held = held;
    }
    this.#held.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  /** The next message; null where it is not whole yet. Throws ProtocolError, and is of no use from then on. */
  take(): Message | null {
    if (this.#to === 0) return null;
    this.#reading ??= this.#message();
    const { done, value } = this.#reading.next();
    if (done !== true) return null;
    this.#reading = null;
    this.#entries = 0;
    this.#held.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    // What one long message needed is not kept for ever.
    if (this.#to === 0) this.#held = Buffer.alloc(0);
    return value;
  }

  /** Where so many bytes begin, once they are there. */
  *#need(count: number): Reading<number> {
    if (count < 0 || this.#from + count > mostBytes)
      throw new ProtocolError(`a message has more than ${mostBytes} bytes`);
    while (this.#to - this.#from < count) yield undefined;
    const at = this.#from;
    this.#from += count;
    return at;
  }

  // What is held may be another buffer once the bytes are there: only then is it looked at.
  *#byte(): Reading<number> {
    const at = yield* this.#need(1);
    return this.#held.readUInt8(at);
  }

  *#i16(): Reading<number> {
    const at = yield* this.#need(2);
    return this.#held.readInt16BE(at);
  }

  *#i32(): Reading<number> {
    const at = yield* this.#need(4);
    return this.#held.readInt32BE(at);
  }

  *#i64(): Reading<bigint> {
    const at = yield* this.#need(8);
    return this.#held.readBigInt64BE(at);
  }

  *#text(length: number): Reading<string> {
    const at = yield* this.#need(length);
    return this.#held.toString('utf8', at, at + length);
  }

  *#name(length: number): Reading<string> {
    if (length < 0 || length > mostNameBytes)
      throw new ProtocolError('the name of a method has no such length');
    return yield* this.#text(length);
  }

  *#message(): Reading<Message> {
    const first = yield* this.#i32();
    let kind: number;
    let name: string;
    if (first < 0) {
      if (!isStrict(first)) throw new ProtocolError('this is no version of the binary protocol');
      kind = first & 0xff;
      name = yield* this.#name(yield* this.#i32());
    } else {
      // The old form has no version.
      name = yield* this.#name(first);
      kind = yield* this.#byte();
    }
    if (kind < messages.call || kind > messages.oneway) throw new ProtocolError('this is no kind of message');
    const sequence = yield* this.#i32();
    const body = yield* this.#struct(this.#shapeOf(name, kind), 0);
    return { kind, name, sequence, body };
  }

  *#struct(fields: Readonly<Record<number, Shape>>, depth: number): Reading<Struct> {
    const struct = new Map<number, Value>();
    for (;;) {
      const type = yield* this.#byte();
      if (type === stopField) return struct;
      const id = yield* this.#i16();
      const shape = fields[id];
      // As generated code does: a field of another type is one that is not known.
      if (shape === undefined || typeOf(shape) !== type) yield* this.#skip(type, depth + 1);
      else struct.set(id, yield* this.#value(shape, depth + 1));
    }
  }

  *#value(shape: Shape, depth: number): Reading<Value> {
    if (depth > mostDepth) throw new ProtocolError('a message is nested too deep');
    if (shape === 'i32') return yield* this.#i32();
    if (shape === 'i64') return yield* this.#i64();
    if (shape === 'string') return yield* this.#text(yield* this.#i32());
    return 'struct' in shape
      ? yield* this.#struct(shape.struct, depth)
      : yield* this.#map(shape.map[0], shape.map[1], depth);
  }

  *#map(key: Shape, value: Shape, depth: number): Reading<ReadonlyMap<Value, Value>> {
    const keyType = yield* this.#byte();
    const valueType = yield* this.#byte();
    const count = yield* this.#i32();
    if (count < 0) throw new ProtocolError('a map has a length below 0');
    this.#entries += count;
    if (this.#entries > mostEntries) throw new ProtocolError('a message has too many entries');
    if (count > 0 && (keyType !== typeOf(key) || valueType !== typeOf(value)))
      throw new ProtocolError('a map has other types than it should');
    const map = new Map<Value, Value>();
    for (let index = 0; index < count; index += 1) {
      const own = yield* this.#value(key, depth + 1);
      map.set(own, yield* this.#value(value, depth + 1));
    }
    return map;
  }

  /** Reads over a value. Each takes a byte at least, so that no count can make it long. */
  *#skip(type: number, depth: number): Reading<void> {
    if (depth > mostDepth) throw new ProtocolError('a message is nested too deep');
    const size = fixedSizes.get(type);
    if (size !== undefined) yield* this.#need(size);
    else if (type === types.string) yield* this.#need(yield* this.#i32());
    else if (type === types.struct) {
      for (let field = yield* this.#byte(); field !== stopField; field = yield* this.#byte()) {
        yield* this.#need(2);
        yield* this.#skip(field, depth + 1);
      }
    } else if (type === types.map) {
      const kinds = [yield* this.#byte(), yield* this.#byte()];
      yield* this.#skipMany(kinds, yield* this.#i32(), depth);
    } else if (type === types.list || type === types.set) {
      const kinds = [yield* this.#byte()];
      yield* this.#skipMany(kinds, yield* this.#i32(), depth);
    } else throw new ProtocolError(`there is no type ${type}`);
  }

  *#skipMany(kinds: readonly number[], count: number, depth: number): Reading<void> {
    if (count < 0 || count > mostBytes) throw new ProtocolError('a list has no such length');
    for (let index = 0; index < count; index += 1)
      for (const kind of kinds) yield* this.#skip(kind, depth + 1);
  }
}

const firstBytes = 4096;
const laterBytes = 256 * 1024;

/** Where a number stands that is known later. */
export interface Place {
  readonly chunk: Buffer;
  readonly at: number;
}

/** A text with its length, ready to be written. */
export type Packed = Buffer;

export const packed = (text: string): Packed => {
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(text));
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.write(text, 4);
  return bytes;
};

/** Writes a message into pieces: what is written is never copied to make room for more. */
export class Writer {
  readonly #full: Buffer[] = [];
  #chunk: Buffer = Buffer.allocUnsafe(firstBytes);
  #at = 0;
  #before = 0;

  get length(): number {
    return this.#before + this.#at;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#chunk.length) return;
    this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#before += this.#at;
    this.#chunk = Buffer.allocUnsafe(Math.max(laterBytes, count));
    this.#at = 0;
  }

  byte(value: number): void {
    this.#room(1);
    this.#at = this.#chunk.writeUInt8(value, this.#at);
  }

  i32(value: number): void {
    this.#room(4);
    this.#at = this.#chunk.writeInt32BE(value, this.#at);
  }

  i64(value: bigint): void {
    this.#room(8);
    this.#at = this.#chunk.writeBigInt64BE(value, this.#at);
  }

  /** Leaves room for a number. */
  i32Later(): Place {
    this.#room(4);
    const place = { chunk: this.#chunk, at: this.#at };
    this.#at += 4;
    return place;
  }

  setLater({ chunk, at }: Place, value: number): void {
    chunk.writeInt32BE(value, at);
  }

  packed(bytes: Packed): void {
    this.#room(bytes.length);
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  string(text: string): void {
    // A unit of UTF-16 takes three bytes at most; only a long text is counted.
    const most = text.length < 1024 ? text.length * 3 : Buffer.byteLength(text);
    this.#room(4 + most);
    const length = this.#chunk.write(text, this.#at + 4);
    this.#chunk.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }

  field(type: keyof typeof types, id: number): void {
    this.#room(3);
    this.#chunk.writeUInt8(types[type], this.#at);
    this.#at = this.#chunk.writeInt16BE(id, this.#at + 1);
  }

  stop(): void {
    this.byte(stopField);
  }

  /** Begins a map; where the number of its entries is known later, it is left open. */
  map(key: keyof typeof types, value: keyof typeof types): Place {
    this.byte(types[key]);
    this.byte(types[value]);
    return this.i32Later();
  }

  list(of: keyof typeof types): Place {
    this.byte(types[of]);
    return this.i32Later();
  }

  begin(name: string, kind: number, sequence: number): void {
    this.i32(binaryVersion | kind | 0);
    this.string(name);
    this.i32(sequence);
  }

  chunks(): readonly Buffer[] {
    return [...this.#full, this.#chunk.subarray(0, this.#at)];
  }
}
