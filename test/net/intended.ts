/**
 * What may differ from what was recorded, and why. All else must be the same, byte for byte. An entry that explains nothing
 * any more fails the test: take it out. What is said here holds for every format and every file that a table is in.
 */
export type Intended = { readonly reason: string } & (
  | {
      /** `table.column`: it is new. It is compared without it, and without the changes that tell of it. */
      readonly newColumn: string;
    }
  | {
      /** `table.column`: its values are other ones; they may be anything. */
      readonly changedColumn: string;
    }
  | {
      /** A table is new: its rows, its line in table_status and what is exported of it. */
      readonly newTable: string;
    }
  | {
      /**
       * Of what is collected anew from evidence, snapshot ids and row ids are other ones, as rows are: they must map one
       * to one to the recorded ones, across all files. What the recorded database and export hold keeps its ids.
       */
      readonly newIds: true;
    }
  | {
      /** A line that says otherwise what another said, or that is new (null). */
      readonly line: string;
      readonly was: string | null;
    }
  | {
      /** A file (`world/name`) that is not compared, or with `section` the part of it under `=== section`. */
      readonly file: string;
      readonly section?: string;
    }
);

export const intended: readonly Intended[] = [
  {
    file: 'fleet/cursor/cursor-13-ecs.ndjson',
    reason:
      'An export by cursor tells the report of a Mac where it is new: of one of the two Macs nothing is, and 38 of 39 rows of table_status are left out.',
  },
];
