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

const asInOsquery = 'users and groups have the columns that osquery has';

export const intended: readonly Intended[] = [
  { newColumn: 'users.uid_signed', reason: asInOsquery },
  { newColumn: 'users.gid_signed', reason: asInOsquery },
  { newColumn: 'users.type', reason: asInOsquery },
  { newColumn: 'groups.gid_signed', reason: asInOsquery },
  { newColumn: 'groups.is_hidden', reason: asInOsquery },
  { newColumn: 'groups.comment', reason: asInOsquery },
  { newIds: true, reason: asInOsquery },
  { changedColumn: 'table_status.reason', reason: 'it says of groups why is_hidden and comment are NULL' },
  { file: 'fleet/asked/changes.txt', reason: 'columns are as wide as ids' },
  { file: 'samples/export/csv-spreadsheet.csv', reason: asInOsquery },
  { file: 'declared/tables.txt', reason: 'the tables of osquery stand below ours' },
  { file: 'declared/access.json', reason: asInOsquery },
  { file: 'declared/access.txt', reason: asInOsquery },
  { file: 'declared/json-schema.json', reason: asInOsquery },
  { file: 'declared/schema.json', reason: asInOsquery },
  { file: 'declared/schema.md', reason: asInOsquery },
  { file: 'declared/schema.sql', reason: asInOsquery },
  { file: 'declared/tables.json', reason: asInOsquery },
  {
    changedColumn: 'table_status.last_good_time',
    reason:
      'as of a moment it is that of the table; it was that of whichever table was seen last, for an inner name hid that of the table',
  },
];
