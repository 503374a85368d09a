import { CollectError, NotAsked } from '../collector/errors.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';
import { isSafeUsername } from '../collector/sources.ts';
import { bit, boolean, defineTable, oneOf, required, text, toldForCertain } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { asksSysadminctl } from '../collector/version.ts';
import { canLogin, tagOf } from '../collector/accounts.ts';
import { localAccounts } from './shared/accounts.ts';
import { isListed, listingCommand, readCryptoListing, tellUntoldStrangers } from './shared/crypto_users.ts';
import type { CryptoListing } from './shared/crypto_users.ts';
import { isListed as isFilevaultUser, readFilevaultList } from './shared/filevault_list.ts';
import type { FilevaultList } from './shared/filevault_list.ts';
import { tokenSources } from './shared/observations.ts';
import type { Observation } from './shared/observations.ts';

const nameOf = ({ recordName, uuid }: DsUser) => ({ username: recordName, uuid });

const fromApfs = (context: Context, user: DsUser, crypto: CryptoListing | null): Observation[] => {
  const common = { ...nameOf(user), source: 'apfs' as const };
  if (crypto === null) return [{ ...common, value: null, raw_state: null, command_id: null }];
  // Without APFS there is nobody to ask.
  if (crypto.device === null) return [];
  const command_id = listingCommand(context, crypto);
  const isOn = user.uuid === null ? null : isListed(crypto, user.uuid);
  if (isOn === null) return [{ ...common, value: null, raw_state: null, command_id }];
  return [{ ...common, value: isOn ? 1 : 0, raw_state: isOn ? 'listed' : 'absent', command_id }];
};

const fromFdesetup = (context: Context, user: DsUser, list: FilevaultList | null): Observation => {
  const common = { ...nameOf(user), source: 'fdesetup' as const };
  if (list === null) return { ...common, value: null, raw_state: null, command_id: null };
  const commandId = context.commandId(list.source);
  if (user.uuid === null) return { ...common, value: null, raw_state: null, command_id: commandId };
  const listed = isFilevaultUser(list, user.uuid);
  if (listed === null) return { ...common, value: null, raw_state: null, command_id: commandId };
  if (listed) return { ...common, value: 1, raw_state: 'listed', command_id: commandId };
  // With FileVault off nobody is listed: that says nothing of a token.
  return { ...common, value: list.isFilevaultOff ? null : 0, raw_state: 'absent', command_id: commandId };
};

const fromOpenDirectory = (context: Context, user: DsUser): Observation => {
  const isTagged = tagOf(user, 'SecureToken');
  return {
    ...nameOf(user),
    source: 'opendirectory',
    value: bit(isTagged),
    raw_state: isTagged === null ? null : isTagged ? 'tag' : 'absent',
    command_id: context.commandId('ds_users'),
  };
};

const fromSysadminctl = async (
  context: Context,
  user: DsUser,
  isSupported: boolean,
): Promise<Observation[]> => {
  const common = { ...nameOf(user), source: 'sysadminctl' as const };
  // An account that cannot log in is not asked about: one process for each would cost more than it tells.
  if (!isSupported || canLogin(user) === 0) return [];
  if (!isSafeUsername(user.recordName)) {
    context.note(
      new CollectError(
        'row_invalid',
        'an account name that could be taken for an option or a path is never put on an argv',
        {
          hint: 'look at the account by hand',
        },
      ),
      { source: 'sysadminctl_secure_token_status' },
    );
    return [{ ...common, value: null, raw_state: null, command_id: null }];
  }
  const status = await context.orUnknown(context.read('sysadminctl_secure_token_status', user.recordName));
  // It is not known that it can log in, and so not that there is anything to be told.
  if (status === null && canLogin(user) === null) return [];
  const state = status?.state ?? null;
  return [
    {
      ...common,
      value: state === 'ENABLED' ? 1 : state === 'DISABLED' ? 0 : null,
      raw_state: state,
      command_id: context.commandId('sysadminctl_secure_token_status', user.recordName),
    },
  ];
};

/** Below macOS 10.14 sysadminctl may ask for an administrator: it is then left alone. */
const isSysadminctlSafe = async (context: Context): Promise<boolean> => {
  const version = await context.orUnknown(context.read('sw_vers'));
  const isAsked = asksSysadminctl(version);
  if (isAsked === true) return true;
  const reason =
    isAsked === false
      ? new NotAsked('before macOS 10.14 sysadminctl may ask for an administrator: it was left alone')
      : new CollectError(
          'unsupported_macos',
          'sysadminctl is run only where macOS is known to be 10.14 or later',
        );
  // Where sw_vers failed, that is what is told.
  if (version !== null) context.note(reason, { source: 'sysadminctl_secure_token_status' });
  return false;
};

export default defineTable({
  name: 'secure_token_observations',
  description: 'One row per account and source: what this source alone says of the secure token.',
  columns: {
    username: text('Short name; NULL for a UUID that no local account has.', {
      privacy: 'name',
      example: 'alice',
      from: ['ds_users'],
      nullIsAnswer: 'no local account has the UUID',
    }),
    uuid: text('GeneratedUID, or the UUID of the crypto user.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
    }),
    source: required(oneOf(tokenSources, 'Who says it.', { privacy: 'nobody' })),
    value: boolean('Secure token by this source: 1, 0, or NULL when the source did not say.', {
      privacy: 'nobody',
      example: '1',
      settled: toldForCertain,
      nullIsAnswer: 'the source did not say',
    }),
    raw_state: oneOf(
      ['ENABLED', 'DISABLED', 'unknown_user', 'tag', 'listed', 'absent'],
      'What the source answered, in its own terms.',
      { privacy: 'nobody', settled: toldForCertain, nullIsAnswer: 'the source did not answer' },
    ),
    command_id: text('The command behind it, in command_log.', {
      privacy: 'command_id',
      example: 'c5b0f4c2d1e',
      settled: toldForCertain,
      nullIsAnswer: 'no command was run',
    }),
  },
  key: ['username', 'uuid', 'source'],
  sources: [
    'ds_users',
    'diskutil_info_root',
    'diskutil_apfs_list',
    'diskutil_apfs_list_users',
    'fdesetup_list_extended',
    'fdesetup_list',
    'sysadminctl_secure_token_status',
    'sw_vers',
  ],
  hasRowsOfValues: true,
  macos: '10.13+ APFS',
  notes: [
    'A missing tag, and a missing place in the list of fdesetup, are told as 0 and are no evidence against a token.',
    'Without APFS there is no row of apfs.',
    'fdesetup lists who may unlock at startup: an account may have been taken off that list and keep its token.',
    'sysadminctl is asked for accounts that can log in, on macOS 10.14 or later.',
  ],
  // The volume that is asked is that of the running system; a Mac without APFS has nobody to ask.
  readAnew: {
    '0.3.0': { columns: ['value', 'raw_state', 'command_id'], rows: true },
    // Odd records and words cost themselves.
    '0.4.0': { rows: true },
  },
  examples: [
    "SELECT source, value, raw_state FROM secure_token_observations WHERE username = 'alice';",
    'SELECT username, source FROM secure_token_observations WHERE value IS NULL;',
  ],
  generate: async (context) => {
    const [users, crypto, list, isSafe] = await Promise.all([
      context.read('ds_users'),
      context.orUnknown(readCryptoListing(context)),
      context.orUnknown(readFilevaultList(context)),
      isSysadminctlSafe(context),
    ]);
    const observed = await Promise.all(
      users.map(async (user) => [
        ...fromApfs(context, user, crypto),
        fromFdesetup(context, user, list),
        fromOpenDirectory(context, user),
        ...(await fromSysadminctl(context, user, isSafe)),
      ]),
    );
    const accounts = localAccounts(context, users);
    const orphans = new Map<string, Observation>();
    const orphan = { username: null, value: 1, raw_state: 'listed' } as const;
    if (crypto !== null) tellUntoldStrangers(context, crypto, accounts);
    for (const { uuid, type } of crypto?.users ?? []) {
      if (crypto === null || type !== 'LocalOpenDirectory' || accounts.has(uuid) === true) continue;
      const command_id = listingCommand(context, crypto);
      orphans.set(`apfs ${uuid}`, { ...orphan, uuid, source: 'apfs', command_id });
    }
    for (const { uuid, type } of list?.users ?? []) {
      if ((type !== 'os_user' && type !== 'unknown') || accounts.has(uuid) === true) continue;
      const command_id = list === null ? null : context.commandId(list.source);
      orphans.set(`fdesetup ${uuid}`, { ...orphan, uuid, source: 'fdesetup', command_id });
    }
    return [...observed.flat(), ...orphans.values()];
  },
});
