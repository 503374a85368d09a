import { known } from '../collector/setting.ts';
import { bit, boolean, defineTable, integer, oneOf, text } from '../collector/table.ts';
import type { FileVaultPolicy } from '../collector/parsers/managed_preferences.ts';
import { firstSet, readPreferences } from './shared/preferences.ts';

/** A certificate counts wherever it is given; without one it is 0 where a payload was there to give it. */
const irkCertificatePresent = (policies: readonly (FileVaultPolicy | null)[]): 0 | 1 | null => {
  const understood = policies.filter((policy) => policy !== null);
  return understood.length === 0 ? null : bit(understood.some((policy) => policy.irkCertificatePresent));
};

export default defineTable({
  name: 'filevault_policies',
  description:
    'One row per Mac whose profiles speak of FileVault: what they ask for, and where the recovery key goes.',
  columns: {
    enable: oneOf(['On', 'Off'], 'What the profile asks for.', {
      privacy: 'nobody',
      example: 'On',
      nullIsAnswer: 'no profile sets it',
    }),
    defer: boolean('FileVault is turned on at a later login or logout.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'no profile sets it',
    }),
    max_bypass_attempts: integer(
      'How often a user may put it off at login: -1 is off, 0 is at once, 9999 is never forced.',
      { privacy: 'nobody', example: '0', nullIsAnswer: 'no profile sets it' },
    ),
    dont_ask_at_logout: boolean('The user is not asked at logout.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'no profile sets it',
    }),
    show_recovery_key: boolean('The recovery key is shown to the user.', {
      privacy: 'nobody',
      example: '0',
      nullIsAnswer: 'no profile sets it',
    }),
    use_recovery_key: boolean('A personal recovery key is made.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'no profile sets it',
    }),
    force_enable_in_setup_assistant: boolean(
      'FileVault is turned on in Setup Assistant; macOS 14 or later.',
      { privacy: 'nobody', example: '1', nullIsAnswer: 'no profile sets it' },
    ),
    irk_certificate_present: boolean(
      'A certificate for an institutional recovery key is given, which Apple silicon does not support; ' +
        'NULL without a FileVault payload.',
      { privacy: 'nobody', example: '0', nullIsAnswer: 'no profile sets it' },
    ),
    escrow_payload_present: boolean('A profile has the recovery key escrowed.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_show_configuration'],
    }),
    escrow_location: text('What the user is told of where the recovery key goes.', {
      privacy: 'organisation',
      example: 'Example IT',
      from: ['profiles_show_configuration'],
      nullIsAnswer: 'no profile sets it',
    }),
    dont_allow_fde_disable: boolean('FileVault may not be turned off.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'no profile sets it',
    }),
    dont_allow_fde_enable: boolean('FileVault may not be turned on.', {
      privacy: 'nobody',
      example: '0',
      nullIsAnswer: 'no profile sets it',
    }),
    disable_fde_autologin: boolean(
      'Unlocking the disk does not log the user in: the login window asks again.',
      { privacy: 'nobody', example: '0', nullIsAnswer: 'no profile sets it' },
    ),
  },
  key: [],
  sources: ['managed_preferences', 'profiles_show_configuration'],
  macos: '10.13+',
  notes: [
    'One row, or none when no profile says anything of FileVault.',
    'The managed preference files are what macOS applies: they go before the profiles.',
    'A setting that neither says is NULL, and so is one on which two profiles differ.',
  ],
  // Domains are compared without case, and an odd payload costs itself.
  readAnew: { '0.3.0': { columns: ['dont_allow_fde_disable', 'escrow_payload_present'], rows: true } },
  examples: [
    "SELECT defer, max_bypass_attempts, escrow_payload_present FROM filevault_policies WHERE enable = 'On';",
    'SELECT host_id FROM filevault_policies WHERE use_recovery_key = 1 AND escrow_payload_present = 0;',
  ],
  generate: async (context) => {
    const read = (file: string) =>
      readPreferences(
        context,
        context.readFile('managed_preferences', `/Library/Managed Preferences/${file}`),
      );
    const [fileVaultFile, mcxFile, loginwindowFile, profiles] = await Promise.all([
      read('com.apple.MCX.FileVault2.plist'),
      read('com.apple.MCX.plist'),
      read('com.apple.loginwindow.plist'),
      context.orUnknown(context.read('profiles_show_configuration')),
    ]);
    if ([fileVaultFile, mcxFile, loginwindowFile, profiles].every((answer) => answer === null)) {
      await context.read('profiles_show_configuration');
    }
    const file = fileVaultFile?.content?.fileVault ?? null;
    const payload = profiles?.fileVault ?? null;
    const mcx = mcxFile?.content?.mcxFileVault ?? null;
    const mcxPayload = profiles?.mcxFileVault ?? null;
    const disableFdeAutologin =
      loginwindowFile?.content?.loginwindow?.disableFdeAutologin ??
      profiles?.loginwindow?.disableFdeAutologin ??
      null;
    const isEscrowed = profiles?.escrow.present ?? null;
    const isSaid =
      [file, payload, mcx, mcxPayload, disableFdeAutologin].some((says) => says !== null) ||
      isEscrowed === true;
    if (!isSaid) return [];
    return [
      {
        enable: firstSet(file?.enable, payload?.enable),
        defer: bit(firstSet(file?.defer, payload?.defer)),
        max_bypass_attempts: firstSet(file?.maxBypassAttempts, payload?.maxBypassAttempts),
        dont_ask_at_logout: bit(firstSet(file?.dontAskAtLogout, payload?.dontAskAtLogout)),
        show_recovery_key: bit(firstSet(file?.showRecoveryKey, payload?.showRecoveryKey)),
        use_recovery_key: bit(firstSet(file?.useRecoveryKey, payload?.useRecoveryKey)),
        force_enable_in_setup_assistant: bit(
          firstSet(file?.forceEnableInSetupAssistant, payload?.forceEnableInSetupAssistant),
        ),
        irk_certificate_present: irkCertificatePresent([file, payload]),
        escrow_payload_present: bit(isEscrowed),
        escrow_location: profiles?.escrow.location ?? null,
        dont_allow_fde_disable: bit(firstSet(mcx?.dontAllowFdeDisable, mcxPayload?.dontAllowFdeDisable)),
        dont_allow_fde_enable: bit(firstSet(mcx?.dontAllowFdeEnable, mcxPayload?.dontAllowFdeEnable)),
        disable_fde_autologin: bit(known(disableFdeAutologin)),
      },
    ];
  },
});
