import type { CommandName } from '../collector/sources.ts';
import { defineTable, oneOf, required, text } from '../collector/table.ts';
import type { Context, Row } from '../collector/table.ts';
import { adminDecider, localAccounts } from './shared/accounts.ts';
import type { LocalAccounts } from './shared/accounts.ts';
import bootstrapTokens from './bootstrap_tokens.ts';
import {
  listingCommand,
  personalRecoveryUuid,
  readCryptoListing,
  resolutionOf,
} from './shared/crypto_users.ts';
import type { CryptoListing } from './shared/crypto_users.ts';
import { readFilevaultList } from './shared/filevault_list.ts';
import type { FilevaultList } from './shared/filevault_list.ts';
import filevaultStatus from './filevault_status.ts';
import filevaultUsers from './filevault_users.ts';
import secureTokenObservations from './secure_token_observations.ts';
import { conflict, facts, severities, subjectKinds } from './shared/conflict_rules.ts';
import type { Conflict, Witness } from './shared/conflict_rules.ts';
import { userConflicts } from './shared/token_rules.ts';

/** M06 and M07: UUIDs that no local account has. */
const strangers = (
  context: Context,
  accounts: LocalAccounts,
  crypto: CryptoListing | null,
  list: FilevaultList | null,
  listed: readonly Row<typeof filevaultUsers.columns>[] | null,
): Conflict[] => {
  const found = new Map<string, Conflict>();
  const nobody = { source: 'opendirectory', value: 0, command_id: context.commandId('ds_users') } as const;
  for (const user of crypto?.users ?? []) {
    if (crypto === null) continue;
    const { uuid } = user;
    const apfs = { source: 'apfs', value: 1, command_id: listingCommand(context, crypto) } as const;
    const resolution = resolutionOf(user, crypto.volumeUuid, accounts);
    if (resolution === 'orphan') found.set(`apfs ${uuid}`, conflict('M06', uuid, apfs, nobody));
    else if (resolution === 'guest' && accounts.has(uuid) === false)
      found.set(`apfs ${uuid}`, conflict('M07', uuid, apfs, nobody, 'withoutRecord'));
  }
  for (const { uuid, resolution } of listed ?? []) {
    if (resolution !== 'orphan' || list === null) continue;
    const fdesetup = { source: 'fdesetup', value: 1, command_id: context.commandId(list.source) } as const;
    found.set(`fdesetup ${uuid}`, conflict('M06', uuid, fdesetup, nobody, 'filevault'));
  }
  return [...found.values()];
};

/** M10 and M11: what the Mac believes of the bootstrap token, against what is on the disk or was tried. */
const bootstrapDisputes = (
  context: Context,
  row: Row<typeof bootstrapTokens.columns> | undefined,
  crypto: CryptoListing | null,
): Conflict[] => {
  if (row === undefined) return [];
  const subject = 'bootstrap token';
  const profiles = (value: string): Witness => ({
    source: 'profiles',
    value,
    command_id: context.commandId('profiles_status_bootstraptoken'),
  });
  const key: Witness = {
    source: 'apfs',
    value: row.crypto_user_present,
    command_id: crypto === null ? null : listingCommand(context, crypto),
  };
  const found: Conflict[] = [];
  if (row.supported_on_server === 0 && key.value === 1)
    found.push(conflict('M10', subject, profiles('supported 0'), key));
  if (row.escrowed_to_server === 1 && key.value === 0)
    found.push(conflict('M10', subject, profiles('escrowed 1'), key, 'keyMissing'));
  const preflight = row.eacs_preflight;
  // "EFI password exists" stands in the way of an erase, not of the token.
  if (
    row.escrowed_to_server === 1 &&
    preflight !== null &&
    !['success', 'EFI password exists'].includes(preflight)
  ) {
    const command_id = context.commandId('mdmclient_query_device_information');
    const trial = { source: 'mdmclient', value: preflight, command_id };
    found.push(conflict('M11', subject, profiles('escrowed 1'), trial));
  }
  return found;
};

/** M13 and M14: recovery keys. */
const recoveryKeyDisputes = (
  context: Context,
  row: Row<typeof filevaultStatus.columns> | undefined,
  crypto: CryptoListing | null,
): Conflict[] => {
  if (row === undefined) return [];
  const none = (command: CommandName): Witness => ({
    source: 'fdesetup',
    value: 0,
    command_id: context.commandId(command),
  });
  const found: Conflict[] = [];
  if (row.has_personal_recovery_key === 0 && crypto !== null && crypto.byUuid.has(personalRecoveryUuid)) {
    const listed: Witness = { source: 'apfs', value: 1, command_id: listingCommand(context, crypto) };
    found.push(conflict('M13', 'personal recovery key', none('fdesetup_has_personal_recovery_key'), listed));
  }
  if (row.master_keychain_present === 1 && row.has_institutional_recovery_key === 0) {
    const command_id = context.commandId('fdesetup_status');
    const keychain: Witness = { source: 'fdesetup status', value: 'master keychain', command_id };
    found.push(
      conflict(
        'M14',
        'institutional recovery key',
        none('fdesetup_has_institutional_recovery_key'),
        keychain,
      ),
    );
  }
  return found;
};

export default defineTable({
  name: 'conflicts',
  description: 'Source disagreements.',
  columns: {
    subject_kind: required(oneOf(subjectKinds, 'What is in dispute.')),
    subject: required(text('Username or UUID.', { example: 'alice' })),
    fact: required(oneOf(facts, 'The fact in dispute.')),
    rule_id: required(text('The rule; docs/conflicts.md explains each.', { example: 'M01' })),
    source_a: required(text('One side.', { example: 'opendirectory' })),
    value_a: text('What it says.', { example: '1' }),
    source_b: required(text('The other side.', { example: 'apfs' })),
    value_b: text('What it says.', { example: '0' }),
    severity: required(oneOf(severities, 'How much it matters.', { example: 'high' })),
    conclusion: required(text('What it means, in plain words.', { example: 'claimed, not effective' })),
    command_ids: text(
      'The commands behind both sides: JSON array of command_log.command_id; NULL where files were read.',
      { example: '["c67a5fe7d35","ca538d6d1e1"]' },
    ),
  },
  key: ['subject_kind', 'subject', 'rule_id', 'fact', 'source_a', 'source_b', 'value_a', 'value_b'],
  sources: [
    'ds_users',
    'ds_groups',
    'diskutil_apfs_list',
    'diskutil_apfs_list_users',
    'fdesetup_list_extended',
    'fdesetup_list',
    'fdesetup_status',
    'fdesetup_has_personal_recovery_key',
    'fdesetup_has_institutional_recovery_key',
    'sysadminctl_secure_token_status',
    'sw_vers',
    'profiles_status_bootstraptoken',
    'mdmclient_query_device_information',
  ],
  sourcesLabel: '(derived)',
  privilege: '—',
  macos: 'all',
  notes: [
    'docs/conflicts.md has every rule with its reasons.',
    'A partial status means that some disagreements could not be looked for.',
  ],
  // The commands moved out of the words, into a column of their own.
  readAnew: { '0.2.0': { columns: ['conclusion'] } },
  examples: [
    'SELECT subject, rule_id, severity, conclusion FROM conflicts ORDER BY severity;',
    'SELECT c.subject, c.rule_id, l.argv, l.exit_code FROM conflicts c, json_each(c.command_ids) i ' +
      'JOIN command_log l ON l.command_id = i.value AND l.host_id IS c.host_id;',
  ],
  generate: async (context) => {
    const [users, groups, crypto, list, observations, bootstrap, filevault, listed] = await Promise.all([
      context.orUnknown(context.read('ds_users')),
      context.orUnknown(context.read('ds_groups')),
      context.orUnknown(readCryptoListing(context)),
      context.orUnknown(readFilevaultList(context)),
      context.orUnknown(context.rows(secureTokenObservations)),
      context.orUnknown(context.rows(bootstrapTokens)),
      context.orUnknown(context.rows(filevaultStatus)),
      context.orUnknown(context.rows(filevaultUsers)),
    ]);
    if ([users, crypto, bootstrap, filevault].every((answer) => answer === null))
      await context.read('ds_users');
    const isAdminOf = adminDecider(context, users ?? [], groups);
    const byUser = Map.groupBy(observations ?? [], ({ username }) => username);
    return [
      ...(users ?? []).flatMap((user) =>
        userConflicts({
          user,
          observations: (byUser.get(user.recordName) ?? []).filter(({ uuid }) => uuid === user.uuid),
          list,
          isAdmin: isAdminOf(user),
          groupsCommand: context.commandId('ds_groups'),
        }),
      ),
      ...strangers(context, localAccounts(context, users), crypto, list, listed),
      ...bootstrapDisputes(context, bootstrap?.[0], crypto),
      ...recoveryKeyDisputes(context, filevault?.[0], crypto),
    ];
  },
});
