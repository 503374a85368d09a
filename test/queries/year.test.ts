import test from 'ava';
import { live } from './year.ts';

test.serial(
  'what was planted on some days is stored once, and told alike by every format, however late and often snapshots come',
  async (t) => {
    const { planted, stored, told, withdrawn } = await live(4, 12);
    t.true(planted.length > 6, String(planted.length));
    t.deepEqual(stored, planted);
    const [first, ...others] = Object.values(told);
    for (const [index, other] of others.entries()) t.deepEqual(other, first, Object.keys(told)[index + 1]);
    const count = Object.entries(first ?? {}).reduce(
      (sum, [kind, of]) => (kind === 'withdrawn' ? sum : sum + of),
      0,
    );
    t.true(
      count >= planted.length && count <= planted.length + withdrawn,
      `${count} told, ${planted.length} planted`,
    );
  },
);
