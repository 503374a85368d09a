import { holdsRows, statuses } from '../collector/status.ts';
import { errorCodes } from '../collector/errors.ts';
import { bit, boolean, defineTable, integer, oneOf, required, text, time } from '../collector/table.ts';

export default defineTable({
  name: 'table_status',
  description: 'One row per table: was it really collected, how many rows has it, what is missing and why.',
  columns: {
    table_name: required(text('Name of the table.', { privacy: 'nobody', example: 'filevault_users' })),
    status: required(
      oneOf(statuses, 'empty means: looked, and there is none.', { privacy: 'nobody', example: 'denied' }),
    ),
    row_count: required(integer('Rows collected.', { privacy: 'nobody', example: '0' })),
    code: oneOf(errorCodes, 'Error code when not ok or empty (see collection_errors.code).', {
      privacy: 'nobody',
      example: 'permission_denied',
    }),
    reason: text('One line in plain words.', { privacy: 'private', example: 'fdesetup list needs root' }),
    columns_affected: text('JSON array of the columns that are NULL because of it; NULL means all.', {
      privacy: 'nobody',
      example: '["escrow_reported"]',
    }),
    duration_ms: integer('Time that the commands behind the table took together.', {
      privacy: 'nobody',
      unit: 'milliseconds',
      example: '41',
      passing: 'always',
    }),
    last_good_time: time(
      'Collection time of the last snapshot of this host in which the table was ok, empty or partial: how old its rows are. NULL when never.',
      // Of a table that is not good it is news: it was good meanwhile.
      { privacy: 'nobody', example: '1790000000', passing: 'where_now' },
    ),
    failed_sources: text(
      'JSON array of the sources that failed for this table, `row` for a row that was left out; [] when none did, NULL where it is not known any more.',
      { privacy: 'source_names', example: '["ds_groups"]' },
    ),
    rows_may_be_missing: boolean('1 where a row may be missing; 0 where the rows are all that there are.', {
      privacy: 'nobody',
      example: '0',
    }),
    columns_uncertain: text(
      'JSON array of the columns that are not NULL in some row and rest on a source that failed, among others.',
      { privacy: 'column_names', example: '["secure_token"]' },
    ),
    columns_inapplicable: text(
      'JSON object, column to reason: the fact does not exist on this Mac or this macOS. A question that needs one is not unknown by it.',
      { privacy: 'private', example: '{"volume_owner":"volumes have owners from macOS 11 on"}' },
    ),
  },
  key: ['table_name'],
  sources: [],
  sourcesLabel: '(collector)',
  macos: 'all',
  notes: ['Naming this table in a live query collects every table: it speaks of the whole collection.'],
  examples: ["SELECT table_name, status, reason FROM table_status WHERE status NOT IN ('ok', 'empty');"],
  report: ({ results, backend }) =>
    results.map(({ table, status, rows, code, reason, columnsAffected, durationMs, doubts }) => ({
      table_name: table.name,
      status,
      row_count: rows.length,
      code,
      reason,
      columns_affected: columnsAffected === null ? null : JSON.stringify(columnsAffected),
      duration_ms: durationMs,
      last_good_time: holdsRows(status, rows.length) ? backend.capturedTime : null,
      failed_sources: JSON.stringify(doubts.failedSources),
      rows_may_be_missing: bit(doubts.mayRowsBeMissing),
      columns_uncertain: JSON.stringify(doubts.uncertain),
      columns_inapplicable: JSON.stringify(Object.fromEntries(doubts.inapplicable)),
    })),
});
