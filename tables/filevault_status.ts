import { versionNumber } from '../collector/privacy.ts';
import { bit, boolean, defineTable, oneOf, real, required, text, time } from '../collector/table.ts';
import { keyFlag, readPersonalKey } from './shared/recovery_key.ts';

const filevaultStatuses = [
  'on',
  'off',
  'encrypting',
  'decrypting',
  'deferred',
  'restart_needed',
  'unknown',
] as const;

export default defineTable({
  name: 'filevault_status',
  description:
    'One row per Mac: is FileVault on, how far is a conversion, and which recovery keys are there.',
  columns: {
    filevault_enabled: boolean('FileVault is on.', {
      privacy: 'nobody',
      example: '1',
      from: ['fdesetup_status'],
    }),
    status: required(
      oneOf(filevaultStatuses, 'unknown when fdesetup status did not tell.', {
        privacy: 'nobody',
        from: ['fdesetup_status'],
      }),
    ),
    percent_complete: real('Progress of a conversion; NULL when there is none.', {
      privacy: 'nobody',
      unit: 'percent',
      from: ['fdesetup_status'],
      nullIsAnswer: 'no conversion is going on',
    }),
    has_personal_recovery_key: boolean(
      'NULL unless FileVault is on and root asked: "false" is also the answer to an error, and counts where APFS lists no such key.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['fdesetup_has_personal_recovery_key', 'fdesetup_status', 'diskutil_apfs_list_users'],
        nullBecause: 'fdesetup says it for certain to root only, and with FileVault on',
        isToldToRoot: true,
      },
    ),
    has_institutional_recovery_key: boolean('The same for an institutional recovery key.', {
      privacy: 'nobody',
      example: '0',
      from: ['fdesetup_has_institutional_recovery_key', 'fdesetup_status'],
      nullBecause: 'fdesetup says it for certain to root only, and with FileVault on',
      isToldToRoot: true,
    }),
    master_keychain_present: boolean(
      'A FileVault master keychain lies on the disk; not the same as a key in use.',
      { privacy: 'nobody', example: '0', from: ['fdesetup_status'] },
    ),
    using_recovery_key: boolean('The Mac was started with the personal recovery key.', {
      privacy: 'nobody',
      example: '0',
      from: ['fdesetup_using_recovery_key', 'fdesetup_status'],
      nullBecause: 'fdesetup says it for certain to root only',
      isToldToRoot: true,
    }),
    supports_auth_restart: boolean('Supports an authenticated restart.', {
      privacy: 'nobody',
      example: '1',
      from: ['fdesetup_supports_auth_restart'],
    }),
    prk_escrow_blob_present: boolean('/var/db/FileVaultPRK.dat exists; it is never read.', {
      privacy: 'nobody',
      example: '1',
      from: ['stat'],
    }),
    prk_escrow_blob_modified_time: time('When that file was last changed.', {
      privacy: 'nobody',
      from: ['stat'],
      nullIsAnswer: 'the file is not there',
    }),
    fdesetup_version: text('Version of fdesetup.', {
      privacy: versionNumber,
      example: '16.0',
      from: ['fdesetup_version'],
    }),
  },
  key: [],
  sources: [
    'fdesetup_status',
    'fdesetup_has_personal_recovery_key',
    'fdesetup_has_institutional_recovery_key',
    'fdesetup_using_recovery_key',
    'fdesetup_supports_auth_restart',
    'fdesetup_version',
    'diskutil_info_root',
    'diskutil_apfs_list',
    'diskutil_apfs_list_users',
    'stat',
  ],
  macos: '10.13+',
  notes: [
    'A personal recovery crypto user can be listed with FileVault off: do not infer FileVault from it.',
  ],
  // Each sentence counts by itself; a key that APFS lists is one, whatever fdesetup says.
  readAnew: {
    '0.3.0': {
      columns: [
        'filevault_enabled',
        'status',
        'percent_complete',
        'has_personal_recovery_key',
        'has_institutional_recovery_key',
        'master_keychain_present',
        'using_recovery_key',
      ],
    },
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['status', 'filevault_enabled', 'master_keychain_present', 'fdesetup_version'] },
  },
  examples: ['SELECT filevault_enabled, status, has_personal_recovery_key FROM filevault_status;'],
  generate: async (context) => {
    const [status, personal, institutional, using, restart, version, blob] = await Promise.all([
      context.orUnknown(context.read('fdesetup_status')),
      context.orUnknown(context.read('fdesetup_has_personal_recovery_key')),
      context.orUnknown(context.read('fdesetup_has_institutional_recovery_key')),
      context.orUnknown(context.read('fdesetup_using_recovery_key').then((isUsing) => ({ isUsing }))),
      context.orUnknown(context.read('fdesetup_supports_auth_restart')),
      context.orUnknown(context.read('fdesetup_version')),
      context.orUnknown(context.stat('/var/db/FileVaultPRK.dat')),
    ]);
    // When nothing answered there is no row to tell.
    if ([status, personal, institutional, using, restart, version].every((answer) => answer === null)) {
      await context.read('fdesetup_status');
    }
    if (using?.isUsing === null)
      context.inapplicable(
        ['using_recovery_key'],
        'fdesetup usingrecoverykey does not exist for this volume',
      );
    const isOn = status?.isOn ?? null;
    const personalKey = await readPersonalKey(context, isOn, personal);
    return [
      {
        filevault_enabled: bit(isOn),
        status: status?.status ?? ('unknown' as const),
        percent_complete: status?.percentComplete ?? null,
        has_personal_recovery_key: personalKey.isThere,
        has_institutional_recovery_key: keyFlag(context, isOn, institutional),
        master_keychain_present: bit(status?.masterKeychainPresent),
        // "false" is also the answer to an error, as where fdesetup status fails.
        using_recovery_key:
          using?.isUsing === true || (context.euid === 0 && status !== null) ? bit(using?.isUsing) : null,
        supports_auth_restart: bit(restart),
        prk_escrow_blob_present: blob === null ? null : blob.kind === 'missing' ? 0 : 1,
        prk_escrow_blob_modified_time: blob !== null && blob.kind !== 'missing' ? blob.mtime : null,
        fdesetup_version: version,
      },
    ];
  },
});
