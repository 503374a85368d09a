import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { quoteName } from '../../../store/ddl.ts';
import { openDatabase } from '../../../store/database.ts';
import { edited, edits } from '../edits.ts';
import type { Edit } from '../edits.ts';
import { bytesOfLatin1, latin1 } from '../samples.ts';
import { askEverything, mergeInto, sampleStore } from '../stores.ts';
import { inFolder } from '../target.ts';
import type { Target } from '../target.ts';

interface Lines {
  readonly changes: readonly Edit[];
  /** Lines that stay, as parts of the whole, so that a case is small and soon tried. */
  readonly from: number;
  readonly count: number;
}

export const native: Target<Lines> = {
  name: 'native',
  inputs: fc.record({ changes: edits(), from: fc.nat(), count: fc.integer({ min: 1, max: 200 }) }),
  check: ({ changes, from, count }) =>
    inFolder(async (folder) => {
      const lines = (await sampleStore()).native.split('\n');
      const first = from % lines.length;
      // Each part begins as an export does.
      const part = [...lines.slice(0, 1), ...lines.slice(Math.max(1, first), first + count)].join('\n');
      const path = join(folder, 'one.ndjson');
      writeFileSync(path, bytesOfLatin1(edited(part, changes)));
      await mergeInto(join(folder, 'fleet.db'), [{ path, kind: 'native' }]);
    }),
};

interface Bytes {
  readonly changes: readonly Edit[];
}

/** Bytes of a page are overwritten, or the file is cut; what is put in moves all that follows. */
export const damaged: Target<Bytes> = {
  name: 'damaged databases',
  inputs: fc.record({ changes: edits() }),
  check: ({ changes }) =>
    inFolder(async (folder) => {
      const path = join(folder, 'foreign.db');
      writeFileSync(path, bytesOfLatin1(edited(latin1((await sampleStore()).database), changes)));
      await askEverything(path);
      await mergeInto(join(folder, 'fleet.db'), [{ path, kind: 'database' }]);
    }),
};

interface Cell {
  readonly table: number;
  readonly column: number;
  readonly row: number;
  readonly value: string | number | null;
  readonly isBlob: boolean;
}

const values = fc.oneof(
  fc.constantFrom(
    null,
    -1,
    0,
    1,
    2,
    1e18,
    9_007_199_254_740_991,
    -62_135_596_801,
    0.5,
    '',
    'x',
    '{}',
    '[]',
    '[1,2,null]',
    '{"__proto__":[1]}',
    '\u0000',
    '\u202e',
    '[['.repeat(2000),
  ),
  fc.integer(),
  fc.string({ maxLength: 40 }),
);

/** The file is as we write it, and what stands in its cells is not. */
export const lying: Target<readonly Cell[]> = {
  name: 'lying databases',
  inputs: fc.array(
    fc.record({
      table: fc.nat(),
      column: fc.nat(),
      row: fc.nat(),
      value: values,
      isBlob: fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, fc.constant(true)),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  check: (cells) =>
    inFolder(async (folder) => {
      const path = join(folder, 'foreign.db');
      writeFileSync(path, (await sampleStore()).database);
      const db = openDatabase(path);
      db.pragma('ignore_check_constraints = ON');
      db.pragma('foreign_keys = OFF');
      const names = db
        .prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .pluck()
        .all() as string[];
      for (const { table, column, row, value, isBlob } of cells) {
        const name = quoteName(names[table % names.length] ?? '');
        const columns = db
          .prepare(`SELECT name FROM pragma_table_info(?)`)
          .pluck()
          .all(names[table % names.length]);
        const target = quoteName(String(columns[column % columns.length]));
        const count = db.prepare(`SELECT count(*) FROM ${name}`).pluck().get() as number;
        if (count === 0) continue;
        try {
          db.prepare(
            `UPDATE ${name} SET ${target} = ? WHERE ${target} IS (SELECT ${target} FROM ${name} LIMIT 1 OFFSET ?)`,
          ).run(isBlob ? Buffer.from(String(value)) : value, row % count);
        } catch {
          // A STRICT table or a key does not take it.
        }
      }
      db.close();
      await askEverything(path);
      await mergeInto(join(folder, 'fleet.db'), [{ path, kind: 'database' }]);
    }),
};
