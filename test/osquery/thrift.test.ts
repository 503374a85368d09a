/** The codec of osquery's protocol: what it reads is what was written, and nothing that comes over a socket hurts it. */
import test from 'ava';
import {
  answered,
  callOf,
  done,
  noSuchMethod,
  pong,
  register,
  shapeOf,
} from '../../export/osquery/protocol.ts';
import { Incoming, mostBytes, packed, ProtocolError, Writer } from '../../export/osquery/thrift.ts';
import type { Message } from '../../export/osquery/thrift.ts';
import fc, { runsOf } from '../property.ts';
import { anyValue, callBody, message, oldMessage, struct, text, texts } from './wire.ts';

/** The messages of bytes that come in pieces of these sizes. */
const taken = (bytes: Uint8Array, sizes: readonly number[] = []): { messages: Message[]; left: number } => {
  const incoming = new Incoming(shapeOf);
  const messages: Message[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    incoming.push(bytes.subarray(at, at + size));
    at += size;
    for (let next = incoming.take(); next !== null; next = incoming.take()) messages.push(next);
  }
  return { messages, left: incoming.heldBytes };
};

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
const requests = fc.dictionary(words, words, { maxKeys: 5, noNullPrototype: true });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test('a call is read as it was written, in both forms and in whatever pieces it comes', (t) => {
  fc.assert(
    fc.property(
      words,
      words,
      requests,
      sizes,
      fc.boolean(),
      fc.integer(),
      (registry, item, request, pieces, isOld, sequence) => {
        const write = isOld ? oldMessage : message;
        const bytes = write('call', 1, callBody(registry, item, request), sequence | 0);
        const { messages, left } = taken(Buffer.concat([bytes, bytes]), pieces);
        t.is(messages.length, 2);
        t.is(left, 0);
        for (const one of messages) {
          t.is(one.sequence, sequence | 0);
          const call = callOf(one);
          t.deepEqual([call.registry, call.item], [registry, item]);
          t.deepEqual(new Map(call.request), new Map(Object.entries(request)));
        }
      },
    ),
    { numRuns: runsOf(300) },
  );
});

test('what nobody knows is read over, whatever its type', (t) => {
  fc.assert(
    fc.property(anyValue, fc.integer({ min: 4, max: 900 }), sizes, (value, id, pieces) => {
      const call = callBody('table', 'x', { action: 'columns' });
      // Before what is known, and the same field with another type.
      const bytes = message('call', 1, {
        type: 12,
        bytes: Buffer.concat([
          struct([[id, value], ...(value.type === 11 ? [] : [[1, value] as const])]).bytes.subarray(0, -1),
          call.bytes,
        ]),
      });
      const { messages, left } = taken(bytes, pieces);
      t.is(left, 0);
      t.is(messages.length, 1);
      const own = messages[0];
      if (own !== undefined) t.is(callOf(own).request.get('action'), 'columns');
    }),
    { numRuns: runsOf(300) },
  );
});

test('a message that is cut off waits, and a changed one is read or refused, and nothing else', (t) => {
  const whole = message(
    'call',
    1,
    callBody('table', 'tokenquery_users', { action: 'generate', context: '{"constraints":[]}' }),
  );
  for (let length = 0; length < whole.length; length += 1) {
    const { messages, left } = taken(whole.subarray(0, length));
    t.is(messages.length, 0);
    t.is(left, length);
  }
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      sizes,
      (changes, pieces) => {
        const changed = Buffer.from(whole);
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          taken(changed, pieces);
        } catch (error) {
          t.true(error instanceof ProtocolError, String(error));
        }
      },
    ),
    { numRuns: runsOf(1000) },
  );
  t.pass();
});

test('lengths, counts and depths have bounds, and are refused before anything of that size is there', (t) => {
  const long = Buffer.from('800100010000000463616c6c000000010b00017fffffff', 'hex');
  t.throws(() => taken(long), { instanceOf: ProtocolError });
  const negative = Buffer.from('800100010000000463616c6c000000010b0001ffffffff', 'hex');
  t.throws(() => taken(negative), { instanceOf: ProtocolError });
  const many = Buffer.from('800100010000000463616c6c000000010d00030b0b7fffffff', 'hex');
  t.throws(() => taken(many), { instanceOf: ProtocolError });
  // A list of lists of lists …
  const deep = Buffer.concat([
    Buffer.from('800100010000000463616c6c000000010f0009', 'hex'),
    ...Array.from({ length: 10_000 }, () => Buffer.from('0f00000001', 'hex')),
  ]);
  t.throws(() => taken(deep), { instanceOf: ProtocolError, message: /deep/ });
  const nested = Buffer.concat([
    Buffer.from('800100010000000463616c6c00000001', 'hex'),
    ...Array.from({ length: 10_000 }, () => Buffer.from('0c0009', 'hex')),
  ]);
  t.throws(() => taken(nested), { instanceOf: ProtocolError, message: /deep/ });
  t.throws(() => taken(Buffer.from('GET / HTTP/1.1\r\n\r\n')), { instanceOf: ProtocolError });
  // A version that is not known, a kind that is none, a type that is none.
  for (const hex of [
    '800200010000000463616c6c',
    '800100090000000463616c6c00000001',
    '800100010000000463616c6c000000014d0001',
  ])
    t.throws(() => taken(Buffer.from(hex, 'hex')), { instanceOf: ProtocolError }, hex);
  const entries = Array.from({ length: 5000 }, (_, index) => [String(index), ''] as const);
  t.throws(() => taken(message('call', 1, struct([[3, texts(entries)]]))), { message: /too many entries/ });
});

test('a message that comes byte by byte costs what it has, and not its square', (t) => {
  const request = Object.fromEntries(
    Array.from({ length: 2000 }, (_, index) => [`key ${index}`, 'x'.repeat(100)]),
  );
  const bytes = message('call', 1, callBody('table', 'x', request));
  const incoming = new Incoming(shapeOf);
  const before = process.cpuUsage();
  let read: Message | null = null;
  for (let at = 0; at < bytes.length; at += 1) {
    incoming.push(bytes.subarray(at, at + 1));
    read = incoming.take();
  }
  const { user } = process.cpuUsage(before);
  t.is(read === null ? 0 : callOf(read).request.size, 2000);
  // To read it anew with each byte would take minutes.
  t.true(user < 3_000_000, `${bytes.length} bytes took ${user / 1000} ms`);
});

test('no message has more than it may, also where it says so in small pieces', (t) => {
  const incoming = new Incoming(shapeOf);
  incoming.push(Buffer.from('800100010000000463616c6c00000001', 'hex'));
  const field = struct([[9, text('x'.repeat(1000))]]).bytes.subarray(0, -1);
  t.throws(
    () => {
      for (let index = 0; index < (2 * mostBytes) / 1000; index += 1) {
        incoming.push(field);
        incoming.take();
      }
    },
    { instanceOf: ProtocolError },
  );
});

const bytesOf = (...writers: readonly Writer[]): Buffer =>
  Buffer.concat(writers.flatMap((writer) => writer.chunks()));

test('what is written in pieces is one message, and its numbers stand where they were left open', (t) => {
  const rows = Array.from({ length: 20_000 }, (_, index) => ({
    a: String(index),
    b: 'é'.repeat(index % 50),
  }));
  const asked = { name: 'call', kind: 1, sequence: 9, body: new Map() };
  const [writer = new Writer(), ...others] = answered(asked, { rows }, 7n);
  t.deepEqual(others, []);
  t.is(writer.length, bytesOf(writer).length);
  t.true(writer.chunks().length > 3);
  const expected = message(
    'call',
    2,
    struct([
      [
        0,
        struct([
          [
            1,
            struct([
              [1, { type: 8, bytes: Buffer.alloc(4) }],
              [2, text('OK')],
              [3, { type: 10, bytes: Buffer.from('0000000000000007', 'hex') }],
            ]),
          ],
          [
            2,
            {
              type: 15,
              bytes: Buffer.concat([
                Buffer.from([13]),
                Buffer.from(Uint32Array.of(rows.length).buffer).swap32(),
                ...rows.map((row) => texts(Object.entries(row)).bytes),
              ]),
            },
          ],
        ]),
      ],
    ]),
    9,
  );
  t.true(bytesOf(writer).equals(expected));
});

test('rows that are sent some at a time are one message; of a table that changes meanwhile there is none', (t) => {
  const asked = { name: 'call', kind: 1, sequence: 9, body: new Map() };
  const rows = Array.from({ length: 25 }, (_, index) => ({ a: String(index) }));
  const slices = (some: typeof rows, total: number) => ({
    write: (writer: Writer, from: number): number => {
      const own = some.slice(from, from + 10);
      for (const { a } of own) {
        writer.setLater(writer.map('string', 'string'), 1);
        writer.string('a');
        writer.string(a);
      }
      return own.length;
    },
    totalAfter: (): number => total,
  });
  let released = 0;
  const release = (): void => void (released += 1);
  const pieces = [...answered(asked, { slices: slices(rows, 25), release }, 7n)];
  t.is(pieces.length, 3);
  t.true(bytesOf(...pieces).equals(bytesOf(...answered(asked, { rows }, 7n))));
  for (const total of [24, 26])
    t.throws(() => [...answered(asked, { slices: slices(rows, total), release }, 7n)], {
      message: /changed/,
    });
  // What goes wrong before anything is sent is an answer; later there is no end of the message.
  const failing = (from: number) => ({
    write: (writer: Writer, at: number): number => {
      if (at >= from) throw new Error('the disk is gone');
      return slices(rows, 25).write(writer, at);
    },
    totalAfter: (): number => 25,
  });
  const failure = bytesOf(...answered(asked, { failure: 'tokenquery: the disk is gone' }, 7n));
  t.true(bytesOf(...answered(asked, { slices: failing(0), release }, 7n)).equals(failure));
  t.throws(() => [...answered(asked, { slices: failing(10), release }, 7n)], { message: 'the disk is gone' });
  // Also where nobody reads on.
  for (const _ of answered(asked, { slices: slices(rows, 25), release }, 7n)) break;
  t.is(released, 6);
});

test('the other answers are those of Thrift', (t) => {
  const asked = { name: 'ping', kind: 1, sequence: 3, body: new Map() };
  t.is(
    bytesOf(done({ ...asked, name: 'shutdown' })).toString('hex'),
    '800100020000000873687574646f776e0000000300',
  );
  const refused = noSuchMethod({ ...asked, name: 'dance' });
  t.true(
    bytesOf(refused).equals(
      message(
        'dance',
        3,
        struct([
          [1, text("Invalid method name: 'dance'")],
          [2, { type: 8, bytes: Buffer.from([0, 0, 0, 1]) }],
        ]),
        3,
      ),
    ),
  );
  t.is(taken(bytesOf(pong(asked, 5n))).messages.length, 1);
  const extension = { name: 'a', version: '1', sdkVersion: '5', leastSdkVersion: '1' };
  t.is(taken(bytesOf(register(extension, new Map([['x', [{ id: 'column' }]]])))).messages.length, 1);
  const writer = new Writer();
  writer.packed(packed('ünder'));
  t.is(bytesOf(writer).toString(), `\0\0\0\u0006ünder`);
});
