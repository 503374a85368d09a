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
    changedColumn: 'conflicts.conclusion',
    reason: 'it says the rule in words; the commands behind it have a column of their own',
  },
  { newColumn: 'conflicts.command_ids', reason: 'the commands behind a conclusion, to be joined with command_log' },
  {
    line: 'tokenquery: note: fleet.db was brought from layout 2 to 3',
    was: null,
    reason: 'layout 3 keeps how new a reading is, and what its maker did not know',
  },
  {
    line: 'tokenquery: note: again.db was brought from layout 2 to 3',
    was: null,
    reason: 'the same',
  },
  {
    line: '10 snapshots of 2 hosts stored, 10 of them evidence that another version of tokenquery had read, 11 there before',
    was: '0 snapshots of 2 hosts stored, 21 there before',
    reason: 'what conflicts says is read anew',
  },
  { newIds: true, reason: 'ids come from what a snapshot says, and conflicts says it in other words' },
];
