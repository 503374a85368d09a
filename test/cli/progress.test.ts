import test from 'ava';
import fc from '../property.ts';
import { progressText } from '../../cli/progress.ts';

test('progress says how much, how fast, and how long it will take', (t) => {
  const merging = { what: 'merging', unit: 'bytes' as const };
  t.is(
    progressText({ ...merging, done: 1_200_000_000, of: 4_800_000_000, seconds: 14 }),
    '[####............] merging 1.2 GB of 4.8 GB, 86 MB/s, about 42 s left',
  );
  t.is(
    progressText({ ...merging, done: 0, of: 100, seconds: 0, more: '3 snapshots stored' }),
    '[................] merging 0 B of 100 B, 3 snapshots stored',
  );
  t.is(progressText({ ...merging, done: 5_500, of: null, seconds: 2 }), 'merging 5.5 KB, 2.8 KB/s');
  const hosts = { what: 'storing host', unit: 'items' as const };
  t.is(
    progressText({ ...hosts, done: 12, of: 240, seconds: 4 }),
    '[#...............] storing host 12 of 240, 3.0/s, about 76 s left',
  );
  t.is(
    progressText({ ...hosts, done: 1, of: 1000, seconds: 60 }),
    '[................] storing host 1 of 1000, 0.0/s, about 17 h left',
  );
});

test('progress never claims more than there is, and never an end that is none', (t) => {
  fc.assert(
    fc.property(
      fc.nat(1e12),
      fc.option(fc.nat(1e12)),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      fc.constantFrom('bytes' as const, 'items' as const),
      (done, of, seconds, unit) => {
        const text = progressText({ what: 'x', unit, done, of, seconds });
        t.notRegex(text, /NaN|Infinity|undefined/);
        if (of === null || of < done || of === 0) t.notRegex(text, /\[| left/);
        else t.is(text.indexOf(']'), 17);
      },
    ),
  );
});
