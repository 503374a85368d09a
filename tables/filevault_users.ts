import { boolean, defineTable, oneOf, required, text } from '../collector/table.ts';
import { guestUuid, localAccounts } from './shared/accounts.ts';
import type { LocalAccounts } from './shared/accounts.ts';
import { isWellKnown } from './shared/crypto_users.ts';
import { filevaultUserTypes, readFilevaultList } from './shared/filevault_list.ts';
import type { FilevaultUser } from './shared/filevault_list.ts';

const resolutions = ['local_user', 'well_known', 'orphan'] as const;

const recordTypes = new Set([
  'personal_recovery',
  'institutional_recovery',
  'icloud_recovery',
  'bootstrap_token',
]);

const resolutionOf = (
  user: FilevaultUser,
  accounts: LocalAccounts,
  isTyped: boolean,
): (typeof resolutions)[number] | null => {
  if (user.uuid === guestUuid && accounts.isGuestTaken) return 'local_user';
  if (isWellKnown(user.uuid) || (user.type !== null && recordTypes.has(user.type))) return 'well_known';
  // The passphrase of an external disk: a record, not an account.
  if (user.typeText === 'Disk Passphrase User') return 'well_known';
  const isLocal = accounts.has(user.uuid);
  // Of a kind that is not known: it may be a record, as keys are.
  if (isTyped && user.type === null && isLocal !== true) return null;
  return isLocal === null ? null : isLocal ? 'local_user' : 'orphan';
};

const escrowReported = (escrow: string | null): 0 | 1 | null => {
  if (escrow === null) return null;
  return /^yes$/i.test(escrow) ? 1 : /^no$/i.test(escrow) ? 0 : null;
};

export default defineTable({
  name: 'filevault_users',
  description:
    'One row per entry of fdesetup list: who can unlock FileVault at start-up, an account or a recovery key.',
  columns: {
    username: text(
      'Short name of the local account with this GeneratedUID; else as printed. NULL for records.',
      { privacy: 'name', example: 'alice', nullIsAnswer: 'a record is no account' },
    ),
    uuid: required(
      text('GeneratedUID of an account, or of a record.', {
        privacy: 'device',
        example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
      }),
    ),
    type: oneOf(
      filevaultUserTypes,
      'Kind of record; NULL when only the plain list answered, or in words that are not known.',
      { privacy: 'nobody', from: ['fdesetup_list_extended'] },
    ),
    escrow_reported: boolean('ESCROW column; "Yes" may precede delivery, so it is no proof.', {
      privacy: 'nobody',
      from: ['fdesetup_list_extended'],
      nullIsAnswer: 'fdesetup prints nothing there',
    }),
    resolution: oneOf(resolutions, 'What the UUID is; orphan when no local account has it.', {
      privacy: 'nobody',
      from: ['ds_users'],
    }),
  },
  key: ['uuid', 'username'],
  sources: ['fdesetup_list_extended', 'fdesetup_list', 'ds_users'],
  rowsFrom: ['fdesetup_list_extended', 'fdesetup_list'],
  macos: '10.13+',
  notes: ['With FileVault off the list is empty, which says nothing of secure tokens.'],
  examples: [
    "SELECT username FROM filevault_users WHERE type = 'os_user';",
    "SELECT uuid FROM filevault_users WHERE resolution = 'orphan';",
  ],
  generate: async (context) => {
    const [list, users] = await Promise.all([
      readFilevaultList(context),
      context.orUnknown(context.read('ds_users')),
    ]);
    const accounts = localAccounts(context, users);
    const isTyped = list.source === 'fdesetup_list_extended';
    return list.users.map((user) => {
      const resolution = resolutionOf(user, accounts, isTyped);
      return {
        username: resolution === 'well_known' ? null : (accounts.nameOf(user.uuid) ?? user.username),
        uuid: user.uuid,
        type: user.type ?? (!isTyped && resolution === 'local_user' ? ('os_user' as const) : null),
        escrow_reported: escrowReported(user.escrow),
        resolution,
      };
    });
  },
});
