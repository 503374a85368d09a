/** Thrift's binary protocol once more, written apart from the program, as plainly as can be: it writes any value of any type. */
import fc from '../property.ts';

/** A value as it goes over the wire, and the bytes of it. */
export interface Wire {
  readonly type: number;
  readonly bytes: Buffer;
}

const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const i16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const text = (value: string): Wire => ({
  type: 11,
  bytes: Buffer.concat([i32(Buffer.byteLength(value)), Buffer.from(value)]),
});

export const struct = (fields: readonly (readonly [number, Wire])[]): Wire => ({
  type: 12,
  bytes: Buffer.concat([
    ...fields.flatMap(([id, { type, bytes }]) => [Buffer.from([type]), i16(id), bytes]),
    Buffer.from([0]),
  ]),
});

export const texts = (entries: readonly (readonly [string, string])[]): Wire => ({
  type: 13,
  bytes: Buffer.concat([
    Buffer.from([11, 11]),
    i32(entries.length),
    ...entries.flatMap(([key, value]) => [text(key).bytes, text(value).bytes]),
  ]),
});

const list = (of: number, items: readonly Wire[], type = 15): Wire => ({
  type,
  bytes: Buffer.concat([Buffer.from([of]), i32(items.length), ...items.map(({ bytes }) => bytes)]),
});

export const message = (name: string, kind: number, body: Wire, sequence = 1): Buffer =>
  Buffer.concat([i32(0x8001_0000 | kind | 0), text(name).bytes, i32(sequence), body.bytes]);

/** As Thrift wrote it before it had a version. */
export const oldMessage = (name: string, kind: number, body: Wire, sequence = 1): Buffer =>
  Buffer.concat([text(name).bytes, Buffer.from([kind]), i32(sequence), body.bytes]);

export const callBody = (registry: string, item: string, request: Readonly<Record<string, string>>): Wire =>
  struct([
    [1, text(registry)],
    [2, text(item)],
    [3, texts(Object.entries(request))],
  ]);

export const callMessage = (item: string, request: Readonly<Record<string, string>>): Buffer =>
  message('call', 1, callBody('table', item, request));

const number = (type: number, size: number): fc.Arbitrary<Wire> =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => ({ type, bytes: Buffer.from(bytes) }));

const simple = fc.oneof(
  ...[number(2, 1), number(3, 1), number(4, 8), number(6, 2), number(8, 4), number(10, 8)],
  fc.string({ unit: 'grapheme', maxLength: 20 }).map(text),
);

/** Values of every type, nested. */
export const anyValue: fc.Arbitrary<Wire> = fc.letrec<{ value: Wire }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    simple,
    fc.array(fc.tuple(fc.integer({ min: -32_768, max: 32_767 }), tie('value')), { maxLength: 4 }).map(struct),
    fc.tuple(tie('value'), fc.nat(4), fc.constantFrom(14, 15)).map(([item, count, type]) =>
      list(
        item.type,
        Array.from({ length: count }, () => item),
        type,
      ),
    ),
    fc.array(fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })), { maxLength: 4 }).map(texts),
  ),
})).value;
