import { errorCodes } from '../collector/errors.ts';
import { defineTable, oneOf, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'collection_errors',
  description: 'One row per problem of the collection: in which table, what went wrong, what to do about it.',
  columns: {
    table_name: required(
      text('The table that misses it.', { privacy: 'nobody', example: 'bootstrap_tokens' }),
    ),
    command_id: text('→ command_log.command_id; NULL for files, and where nothing was run.', {
      privacy: 'command_id',
      example: 'c5b0f4c2d1e',
    }),
    code: required(
      oneOf(errorCodes, 'What kind of problem.', { privacy: 'nobody', example: 'source_timed_out' }),
    ),
    message: required(
      text('What happened, in plain words.', {
        privacy: 'free',
        example: 'profiles did not end within 60 s and was stopped',
      }),
    ),
    hint: text('What the reader can do about it.', { privacy: 'free', example: 'run as root' }),
  },
  key: ['table_name', 'command_id', 'code', 'message'],
  sources: [],
  sourcesLabel: '(collector)',
  macos: 'all',
  notes: ['Naming this table in a live query collects every table.'],
  examples: ['SELECT DISTINCT code, message, hint FROM collection_errors;'],
  report: ({ errors }) =>
    errors.map(({ tableName, commandId, code, message, hint }) => ({
      table_name: tableName,
      command_id: commandId,
      code,
      message,
      hint,
    })),
});
