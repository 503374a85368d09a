import { known, unread } from '../collector/setting.ts';
import { bit, boolean, defineTable, integer, required, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';

/** Where a deferral that a profile asks for leaves the recovery key. */
const profileOutputPath = '/var/db/ConfigurationProfiles/fdesetup.plist';

const unknownFile = { output_file_exists: null, output_file_mode: null };

const outputFile = async (context: Context, path: string) => {
  const found = await context.orUnknown(context.stat(path));
  if (found === null) return unknownFile;
  if (found.kind === 'missing') return { output_file_exists: 0 as const, output_file_mode: null };
  return { output_file_exists: 1 as const, output_file_mode: found.mode.toString(8).padStart(4, '0') };
};

export default defineTable({
  name: 'filevault_deferrals',
  description:
    'One row per Mac: does FileVault wait for a login to be turned on, for whom, and what becomes of the recovery key.',
  columns: {
    is_deferred: required(
      boolean('FileVault is to be turned on at a login or logout; 0 when fdesetup knows of no deferral.', {
        privacy: 'nobody',
        example: '1',
        from: ['fdesetup_show_deferral_info'],
      }),
    ),
    designated_username: text(
      'Short name of the user who is to turn it on, or several with commas; empty for whoever logs in next.',
      {
        privacy: 'name',
        example: 'alice',
        from: ['fdesetup_show_deferral_info'],
        nullIsAnswer: 'fdesetup does not print it',
      },
    ),
    profile_uuid: text('UUID of the profile that asks for it.', {
      privacy: 'device',
      example: '418DEB1B-2D6C-4B0E-8A0D-0C3B6E1F2A11',
      from: ['fdesetup_show_deferral_info'],
      nullIsAnswer: 'fdesetup does not print it',
    }),
    output_path: text(
      'Where the recovery key is to be written in clear; where fdesetup names no path, the one that profiles ' +
        'use, if a file lies there.',
      {
        privacy: 'name',
        example: profileOutputPath,
        from: ['fdesetup_show_deferral_info', 'stat'],
        nullIsAnswer: 'fdesetup does not print it',
      },
    ),
    output_file_exists: boolean(
      'A file lies there: it may hold a recovery key, and is never read. Where fdesetup names no path, the one ' +
        'that profiles use is looked at.',
      { privacy: 'nobody', example: '1', from: ['fdesetup_show_deferral_info', 'stat'] },
    ),
    output_file_mode: text('Permissions of that file, octal; NULL when there is none.', {
      privacy: 'nobody',
      example: '0600',
      from: ['fdesetup_show_deferral_info', 'stat'],
      nullIsAnswer: 'fdesetup does not print it',
    }),
    show_recovery_key: boolean('The recovery key is shown to the user.', {
      privacy: 'nobody',
      example: '1',
      from: ['fdesetup_show_deferral_info'],
      nullIsAnswer: 'fdesetup does not print it',
    }),
    max_bypass_attempts: integer(
      'How often the user may put it off at login: -1 is off, 0 is at once, 9999 is never forced.',
      {
        privacy: 'nobody',
        example: '3',
        from: ['fdesetup_show_deferral_info'],
        nullIsAnswer: 'fdesetup does not print it',
      },
    ),
    bypass_attempts_remaining: integer('How often the user may still put it off.', {
      privacy: 'nobody',
      example: '2',
      from: [],
      nullBecause: 'under which key fdesetup prints it is not documented',
    }),
    dont_ask_at_logout: boolean('The user is not asked at logout.', {
      privacy: 'nobody',
      example: '1',
      from: ['fdesetup_show_deferral_info'],
      nullIsAnswer: 'fdesetup does not print it',
    }),
  },
  key: [],
  sources: ['fdesetup_show_deferral_info', 'stat'],
  macos: '10.13+',
  notes: [
    'There is a row also when there is no deferral: is_deferred is then 0, and its settings are NULL.',
    'A deferral can still be listed although FileVault is on.',
    'A setting is NULL when fdesetup does not print it.',
  ],
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['profile_uuid', 'designated_username', 'output_path'] },
  },
  examples: [
    'SELECT designated_username, max_bypass_attempts FROM filevault_deferrals WHERE is_deferred = 1;',
    'SELECT output_path, output_file_mode FROM filevault_deferrals WHERE output_file_exists = 1;',
  ],
  generate: async (context) => {
    const deferral = await context.read('fdesetup_show_deferral_info');
    const output = deferral?.outputPath ?? null;
    const named = known(output);
    // Where the path was not understood, the file is at no place that is known.
    const file = output === unread ? unknownFile : await outputFile(context, named ?? profileOutputPath);
    return [
      {
        is_deferred: deferral?.defer === true ? (1 as const) : (0 as const),
        designated_username: deferral?.usernames?.join(',') ?? null,
        profile_uuid: deferral?.profileUuid ?? null,
        output_path: named ?? (file.output_file_exists === 1 ? profileOutputPath : null),
        ...file,
        show_recovery_key: bit(deferral?.showRecoveryKey),
        max_bypass_attempts: deferral?.maxBypassAttempts ?? null,
        bypass_attempts_remaining: deferral?.bypassAttemptsRemaining ?? null,
        dont_ask_at_logout: bit(deferral?.dontAskAtLogout),
      },
    ];
  },
});
