import fc from '../property.ts';
import test from 'ava';
import { Unframing, framed } from '../../cli/shell/frames.ts';
import type { Told } from '../../cli/shell/frames.ts';

const message: fc.Arbitrary<Told> = fc.oneof(
  fc.record({ kind: fc.constant('done' as const), code: fc.nat(4), isLarge: fc.boolean() }),
  fc.record({ kind: fc.constant('host' as const), id: fc.string() }),
  fc
    .tuple(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 3 }), fc.array(fc.string()))
    .map(([looks, hosts]): Told => ({
      kind: 'kept',
      looks: looks.map((bytes) => Buffer.from(bytes)),
      hosts: { hosts, hostNames: [] },
    })),
);

test('messages come out as they went in, wherever the pipe cuts them', (t) => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (given, cuts) => {
        const all = Buffer.concat(given.map(framed));
        const unframing = new Unframing<Told>();
        const found: Told[] = [];
        for (let at = 0, count = 0; at < all.length; count += 1) {
          const size = cuts[count % cuts.length] ?? 1;
          found.push(...unframing.add(Buffer.from(all.subarray(at, at + size))));
          at += size;
        }
        t.deepEqual(found, given);
      },
    ),
  );
});
