import { boolean, defineTable, integer, required, text, time } from '../collector/table.ts';
import { commands } from '../collector/sources.ts';

export default defineTable({
  name: 'command_log',
  description:
    'One row per command that was run: its words, how it ended, how long it took, and a hash of what it printed.',
  columns: {
    command_id: required(
      text('The same argv has the same id on every Mac.', { privacy: 'command_id', example: 'c5b0f4c2d1e' }),
    ),
    argv: required(
      text('JSON array; secrets are impossible by the allow-list.', {
        privacy: 'argv',
        example: '["/usr/bin/fdesetup","list"]',
      }),
    ),
    source: required(text('Source id (sources.json).', { privacy: 'nobody', example: 'fdesetup_list' })),
    is_network_capable: required(
      boolean('The program may ask a server.', { privacy: 'nobody', example: '0' }),
    ),
    started_time: time('When it was started; NULL where the evidence does not say.', {
      privacy: 'nobody',
      passing: 'always',
    }),
    duration_ms: integer('How long it ran.', {
      privacy: 'nobody',
      unit: 'milliseconds',
      example: '88',
      passing: 'always',
    }),
    exit_code: integer('Exit code; NULL when it did not end by itself.', { privacy: 'nobody', example: '0' }),
    signal: text('The signal that ended it.', { privacy: 'nobody', example: 'SIGKILL' }),
    is_timed_out: required(
      boolean('It was stopped because it took too long.', { privacy: 'nobody', example: '0' }),
    ),
    stdout_bytes: required(
      integer('Size of stdout, reduced to what may be kept.', {
        privacy: 'nobody',
        unit: 'bytes',
        example: '112',
      }),
    ),
    stdout_sha256: required(text('SHA-256 of the same bytes.', { privacy: 'hash' })),
    stderr_bytes: required(
      integer('Size of stderr; sysadminctl answers here.', {
        privacy: 'nobody',
        unit: 'bytes',
        example: '71',
      }),
    ),
    stderr_sha256: required(text('SHA-256 of stderr.', { privacy: 'hash' })),
    euid: integer('Effective user id that ran it; NULL where the evidence does not say.', {
      privacy: 'nobody',
      example: '0',
    }),
  },
  key: ['source', 'argv'],
  sources: [],
  sourcesLabel: '(collector)',
  macos: 'all',
  notes: ['Naming this table in a live query collects every table.'],
  examples: ['SELECT argv, exit_code, duration_ms FROM command_log ORDER BY duration_ms DESC;'],
  report: ({ commands: runs, backend }) =>
    runs.map(({ commandId, source, argv, output, stdoutSha256, stderrSha256 }) => ({
      command_id: commandId,
      argv: JSON.stringify(argv),
      source,
      is_network_capable: commands[source].network ? (1 as const) : (0 as const),
      started_time: output.startedTime,
      duration_ms: output.durationMs,
      exit_code: output.exitCode,
      signal: output.signal,
      is_timed_out: output.outcome === 'timed_out' ? (1 as const) : (0 as const),
      stdout_bytes: output.stdout.length,
      stdout_sha256: stdoutSha256,
      stderr_bytes: output.stderr.length,
      stderr_sha256: stderrSha256,
      euid: backend.euid,
    })),
});
