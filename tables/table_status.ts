import { isGood, statuses } from '../collector/status.ts';
import { errorCodes } from '../collector/errors.ts';
import { defineTable, integer, oneOf, required, text, time } from '../collector/table.ts';

export default defineTable({
  name: 'table_status',
  description: 'Was each table really collected.',
  columns: {
    table_name: required(text('Name of the table.', { example: 'filevault_users' })),
    status: required(oneOf(statuses, 'empty means: looked, and there is none.', { example: 'denied' })),
    row_count: required(integer('Rows collected.', { example: '0' })),
    code: oneOf(errorCodes, 'Error code when not ok or empty (see collection_errors.code).', {
      example: 'permission_denied',
    }),
    reason: text('One line in plain words.', { example: 'fdesetup list needs root' }),
    columns_affected: text('JSON array of the columns that are NULL because of it; NULL means all.', {
      example: '["escrow_reported"]',
    }),
    duration_ms: integer('Time that the commands behind the table took together.', {
      unit: 'milliseconds',
      example: '41',
    }),
    last_good_time: time(
      'Collection time of the last snapshot of this host in which the table was ok, empty or partial: how old its rows are. NULL when never.',
      { example: '1790000000' },
    ),
  },
  key: ['table_name'],
  sources: [],
  sourcesLabel: '(collector)',
  privilege: '—',
  macos: 'all',
  notes: ['Naming this table in a live query collects every table: it speaks of the whole collection.'],
  examples: ["SELECT table_name, status, reason FROM table_status WHERE status NOT IN ('ok', 'empty');"],
  report: ({ results, backend }) =>
    results.map(({ table, status, rows, code, reason, columnsAffected, durationMs }) => ({
      table_name: table.name,
      status,
      row_count: rows.length,
      code,
      reason,
      columns_affected: columnsAffected === null ? null : JSON.stringify(columnsAffected),
      duration_ms: durationMs,
      last_good_time: isGood(status) ? backend.capturedTime : null,
    })),
});
