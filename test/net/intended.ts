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
    file: 'declared/queries.unknown.sql',
    reason:
      'a host is exempt only where every table that the condition reads was looked at; matrix/verdicts.txt has what follows',
  },
  {
    changedColumn: 'conflicts.conclusion',
    reason: 'it says the rule in words; the commands behind it have a column of their own',
  },
  {
    newColumn: 'conflicts.command_ids',
    reason: 'the commands behind a conclusion, to be joined with command_log',
  },
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
  { file: 'declared/access.txt', reason: 'conflicts.command_ids is listed beside the other columns' },
  {
    file: 'declared/json-schema.json',
    reason: 'the texts of conflicts.rule_id and conflicts.conclusion, and the new column',
  },
  { file: 'declared/queries.unknown.sql', reason: 'a word that is not known makes a question unknown' },
  { file: 'declared/schema.json', reason: 'the texts of conflicts, and the new column' },
  { file: 'declared/schema.md', reason: 'the texts of conflicts, and the new column' },
  { file: 'declared/schema.sql', reason: 'the new column of conflicts' },
  { file: 'declared/tables.json', reason: 'the new column of conflicts' },
  { file: 'samples/findings.txt', reason: 'conclusions are shorter, so that lines break elsewhere' },
  { file: 'samples/modes/csv.txt', reason: 'conclusions without a comma need no quotes' },
  { file: 'samples/modes/pretty.txt', reason: 'conclusions are shorter, so that columns are narrower' },
  {
    file: 'samples/overview.json',
    reason: 'two conflicts that differ in nothing but their commands have another order',
  },
  { file: 'fleet/asked/changes.txt', reason: 'conclusions are shorter, so that columns are narrower' },
  {
    file: 'fleet/asked/findings-asked.txt',
    reason: 'conclusions are shorter, so that lines break elsewhere',
  },
  {
    file: 'stored/next-night/changes.ndjson',
    reason:
      'a change of a second that was read anew names the newer snapshot; readings.test.ts counts the events',
  },
  {
    file: 'stored/next-night/exported.ndjson',
    reason:
      'snapshots that are read anew are counted in sequence; the rows are of a snapshot that is collected anew',
  },
  { newIds: true, reason: 'ids come from what a snapshot says, and conflicts says it in other words' },
  {
    newColumn: 'users.is_awake',
    reason: 'a sign that somebody uses the account, in one place for every question',
  },
  { newColumn: 'users.has_false_identity', reason: 'a claim of an identity of macOS that is not its own' },
  ...['failed_sources', 'rows_may_be_missing', 'columns_uncertain', 'columns_inapplicable'].map((column) => ({
    newColumn: `table_status.${column}`,
    reason: 'what is not known for certain, for SQL and receivers',
  })),
  {
    changedColumn: 'table_status.columns_affected',
    reason: 'it names every NULL that is no answer, also of what nobody asked for in a partial table',
  },
  {
    changedColumn: 'table_status.reason',
    reason: 'it stands beside ok where a NULL is no answer, a fact does not exist or a source was left alone',
  },
  { newColumn: 'secure_tokens.is_guest', reason: 'who Guest is, in one place for every question' },
  { file: 'declared/access.json', reason: 'the new columns of conflicts, users and secure_tokens' },
  {
    file: 'declared/queries.json',
    reason: 'no question leaves out an account for what it claims; guards and facts',
  },
  { file: 'declared/queries.txt', reason: 'the same' },
  {
    file: 'matrix/verdicts.txt',
    reason:
      'what is unsupported is not unknown; what an older version saw has no is_awake and no is_guest, so that questions on it are unknown; a partial table users hides no lockout',
  },
];
