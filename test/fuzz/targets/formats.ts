import { join } from 'node:path';
import fc from 'fast-check';
import type { Value } from '../../../collector/table.ts';
import { isTime } from '../../../collector/time.ts';
import { dataTables } from '../../../collector/table.ts';
import { snapshotIdOf } from '../../../store/snapshot.ts';
import type { Snapshot } from '../../../store/snapshot.ts';
import { tables } from '../../../tables/index.ts';
import { later, sampleSnapshots, storeAt } from '../../export/world.ts';
import { askEverythingOrFail } from '../stores.ts';
import { inFolder } from '../target.ts';
import type { Target } from '../target.ts';

interface Row {
  readonly table: string;
  readonly cells: Readonly<Record<string, Value>>;
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '',
    '=cmd()',
    '"quoted"',
    'a,b',
    'line\nfeed',
    '</script>',
    '\\',
    '\u202eabc',
    '\u200b',
    '\ufeff',
    '\u0000',
    '\u007f',
    '\u009b31m',
    "it's",
    '😀',
    'é',
    '\u2028',
  ),
);
const integer = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, 1, -1, 9_007_199_254_740_991, -9_007_199_254_740_991),
);
const real = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e-9, 1e300),
);

/** Each column holds what its type, its list of words or its unit allows, at its extremes. */
const rowOf = (table: (typeof tables)[number]): fc.Arbitrary<Row> =>
  fc.record({
    table: fc.constant(table.name),
    cells: fc.record(
      Object.fromEntries(
        Object.entries(table.columns).map(([name, column]): [string, fc.Arbitrary<Value>] => {
          const own: fc.Arbitrary<Value> =
            column.isBoolean === true
              ? fc.constantFrom(0, 1)
              : column.values !== undefined
                ? fc.constantFrom(...column.values)
                : column.type === 'INTEGER'
                  ? column.unit !== 'unix_seconds'
                    ? integer
                    : integer.filter((value) => isTime(value))
                  : column.type === 'REAL'
                    ? real.filter((value) => column.unit !== 'unix_seconds' || isTime(Math.floor(value)))
                    : text;
          return [name, fc.oneof({ arbitrary: own, weight: 4 }, fc.constant(null))];
        }),
      ),
    ),
  });

/** What a store may hold is written by every format. */
export const written: Target<readonly Row[]> = {
  name: 'formats',
  inputs: fc.array(fc.constantFrom(...dataTables(tables)).chain(rowOf), { minLength: 1, maxLength: 6 }),
  check: (rows) =>
    inFolder(async (folder) => {
      const [first] = await sampleSnapshots();
      const edits = Object.fromEntries(
        [...Map.groupBy(rows, ({ table }) => table)].map(([name, own]) => [
          name,
          () => own.map(({ cells }) => cells as Record<string, Value>),
        ]),
      );
      const changed = later(first as Snapshot, 3600, edits);
      const path = storeAt(join(folder, 'fleet.db'), [
        first as Snapshot,
        { ...changed, snapshotId: snapshotIdOf(changed) },
      ]);
      askEverythingOrFail(path);
    }),
};
