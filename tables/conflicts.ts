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
import { facts, seeCommands, severities, subjectKinds, userConflicts } from './shared/token_rules.ts';
import type { Conflict } from './shared/token_rules.ts';
import secureTokenObservations from './secure_token_observations.ts';

/** M06 and M07: UUIDs that no local account has. */
const strangers = (
  context: Context,
  accounts: LocalAccounts,
  crypto: CryptoListing | null,
  list: FilevaultList | null,
  listed: readonly Row<typeof filevaultUsers.columns>[] | null,
): Conflict[] => {
  const found = new Map<string, Conflict>();
  const orphan = {
    subject_kind: 'crypto_user',
    rule_id: 'M06',
    value_a: '1',
    source_b: 'opendirectory',
    value_b: '0',
    severity: 'high',
  } as const;
  for (const user of crypto?.users ?? []) {
    const resolution = resolutionOf(user, crypto?.volumeUuid ?? null, accounts);
    const ids = [crypto === null ? null : listingCommand(context, crypto), context.commandId('ds_users')];
    const common = { subject: user.uuid, source_a: 'apfs', fact: 'secure_token' as const };
    if (resolution === 'orphan') {
      const conclusion =
        'a UUID that no local account has can still unlock the disk: the account was deleted, or its record was replaced';
      found.set(`apfs ${user.uuid}`, { ...orphan, ...common, conclusion: seeCommands(conclusion, ids) });
    } else if (resolution === 'guest' && accounts.has(user.uuid) === false) {
      found.set(`apfs ${user.uuid}`, {
        ...orphan,
        ...common,
        rule_id: 'M07',
        severity: 'info',
        conclusion: seeCommands('the Guest account is listed by APFS; this is normal', ids),
      });
    }
  }
  for (const { uuid, resolution } of listed ?? []) {
    if (resolution !== 'orphan' || list === null) continue;
    const ids = [context.commandId(list.source), context.commandId('ds_users')];
    const conclusion =
      'a UUID that no local account has is still a FileVault user: the account was deleted, or its record was replaced';
    found.set(`fdesetup ${uuid}`, {
      ...orphan,
      subject: uuid,
      source_a: 'fdesetup',
      fact: 'filevault_user',
      conclusion: seeCommands(conclusion, ids),
    });
  }
  return [...found.values()];
};

const bitText = (value: 0 | 1 | null): string | null => (value === null ? null : String(value));

/** M10 and M11: what the Mac believes of the bootstrap token, against what is on the disk or was tried. */
const bootstrapDisputes = (
  context: Context,
  row: Row<typeof bootstrapTokens.columns> | undefined,
): Conflict[] => {
  if (row === undefined) return [];
  const common = {
    subject_kind: 'host',
    subject: 'bootstrap token',
    fact: 'bootstrap',
    source_a: 'profiles',
  } as const;
  const profiles = context.commandId('profiles_status_bootstraptoken');
  const apfs = context.commandId('diskutil_apfs_list');
  const found: Conflict[] = [];
  if (row.supported_on_server === 0 && row.crypto_user_present === 1) {
    found.push({
      ...common,
      rule_id: 'M10',
      value_a: 'supported 0',
      source_b: 'apfs',
      value_b: '1',
      severity: 'medium',
      conclusion: seeCommands(
        'the key is on the disk and the server does not support it: left from another server or enrolment',
        [profiles, apfs],
      ),
    });
  }
  if (row.escrowed_to_server === 1 && row.crypto_user_present === 0) {
    found.push({
      ...common,
      rule_id: 'M10',
      value_a: 'escrowed 1',
      source_b: 'apfs',
      value_b: '0',
      severity: 'medium',
      conclusion: seeCommands('the Mac believes that a token is escrowed and has no key for it on the disk', [
        profiles,
        apfs,
      ]),
    });
  }
  const preflight = row.eacs_preflight;
  // "EFI password exists" stands in the way of an erase, not of the token.
  if (
    row.escrowed_to_server === 1 &&
    preflight !== null &&
    !['success', 'EFI password exists'].includes(preflight)
  ) {
    found.push({
      ...common,
      rule_id: 'M11',
      value_a: 'escrowed 1',
      source_b: 'mdmclient',
      value_b: preflight,
      severity: 'medium',
      conclusion: seeCommands(
        'escrowed is only what the Mac believes, and the trial of an erase did not succeed: compare with the MDM',
        [profiles, context.commandId('mdmclient_query_device_information')],
      ),
    });
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
  const common = { subject_kind: 'host', fact: 'recovery_key', source_a: 'fdesetup' } as const;
  const found: Conflict[] = [];
  if (row.has_personal_recovery_key === 0 && crypto !== null && crypto.byUuid.has(personalRecoveryUuid)) {
    found.push({
      ...common,
      subject: 'personal recovery key',
      rule_id: 'M13',
      value_a: '0',
      source_b: 'apfs',
      value_b: '1',
      severity: 'info',
      conclusion: seeCommands('a personal recovery key exists: fdesetup also says "false" on any error', [
        context.commandId('fdesetup_has_personal_recovery_key'),
        listingCommand(context, crypto),
      ]),
    });
  }
  if (row.master_keychain_present === 1 && row.has_institutional_recovery_key === 0) {
    found.push({
      ...common,
      subject: 'institutional recovery key',
      rule_id: 'M14',
      value_a: bitText(row.has_institutional_recovery_key),
      source_b: 'fdesetup status',
      value_b: 'master keychain',
      severity: 'info',
      conclusion: seeCommands('a master keychain lies on the disk and no institutional key is in use', [
        context.commandId('fdesetup_has_institutional_recovery_key'),
        context.commandId('fdesetup_status'),
      ]),
    });
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
    rule_id: required(text('The rule, M01 to M16.', { example: 'M01' })),
    source_a: required(text('One side.', { example: 'opendirectory' })),
    value_a: text('What it says.', { example: '1' }),
    source_b: required(text('The other side.', { example: 'apfs' })),
    value_b: text('What it says.', { example: '0' }),
    severity: required(oneOf(severities, 'How much it matters.', { example: 'high' })),
    conclusion: required(
      text('Plain words, and the commands behind both sides.', { example: 'claimed, not effective' }),
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
  notes: ['A partial status means that some disagreements could not be looked for.'],
  examples: ['SELECT subject, rule_id, severity, conclusion FROM conflicts ORDER BY severity;'],
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
        }),
      ),
      ...strangers(context, localAccounts(context, users), crypto, list, listed),
      ...bootstrapDisputes(context, bootstrap?.[0]),
      ...recoveryKeyDisputes(context, filevault?.[0], crypto),
    ];
  },
});
