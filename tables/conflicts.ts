import type { Twice } from '../collector/errors.ts';
import type { CommandName } from '../collector/sources.ts';
import { defineTable, oneOf, required, text, toldForCertain } from '../collector/table.ts';
import type { Context, Row } from '../collector/table.ts';
import { localAccounts } from './shared/accounts.ts';
import type { LocalAccounts } from './shared/accounts.ts';
import bootstrapTokens from './bootstrap_tokens.ts';
import {
  listingCommand,
  readCryptoListing,
  resolutionOf,
  tellUntoldStrangers,
} from './shared/crypto_users.ts';
import type { CryptoListing } from './shared/crypto_users.ts';
import { readFilevaultList } from './shared/filevault_list.ts';
import type { FilevaultList } from './shared/filevault_list.ts';
import { enrollmentSources, readEnrollmentWitnesses } from './shared/enrollment.ts';
import type { EnrollmentWitnesses } from './shared/enrollment.ts';
import filevaultStatus from './filevault_status.ts';
import filevaultUsers from './filevault_users.ts';
import { readPersonalKey } from './shared/recovery_key.ts';
import { conflict, facts, joinDisputes, severities, subjectKinds } from './shared/conflict_rules.ts';
import type { Conflict, Witness } from './shared/conflict_rules.ts';
import { readVerdicts, verdictSources } from './shared/verdicts.ts';

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
  if (crypto !== null) tellUntoldStrangers(context, crypto, accounts);
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

type Differing = readonly [subject: string, differing: Iterable<string>];
const thingOf = ({ of, key, differing }: Twice): Differing => [`${of} ${key}`, differing];

/** M20 of what is neither an account nor a UUID that is listed: what one answer has twice, and not alike. */
const thingsTwice = async (context: Context): Promise<Conflict[]> => {
  const groups = (await context.said('ds_groups')) ?? [];
  const heard = async (command: CommandName): Promise<readonly Differing[]> => {
    await context.said(command);
    return context.twice(command).map(thingOf);
  };
  const all: readonly (readonly [source: string, command: CommandName, twice: readonly Differing[]])[] = [
    [
      'opendirectory',
      'ds_groups',
      groups.map(({ recordName, differing }) => [`group ${recordName ?? ''}`, differing]),
    ],
    ['diskutil', 'diskutil_apfs_list', await heard('diskutil_apfs_list')],
    ['profiles', 'profiles_show_configuration', await heard('profiles_show_configuration')],
    ['mdmclient', 'mdmclient_query_device_information', await heard('mdmclient_query_device_information')],
  ];
  return all.flatMap(([source, command, twice]) =>
    joinedKeys(twice).map(([subject, value]) => {
      const record = { source, value, command_id: context.commandId(command) };
      return conflict('M20', subject, record, record, 'thing');
    }),
  );
};

/** Of one key all that differs, as one text; nothing of what does not. */
const joinedKeys = (all: readonly Differing[]): readonly (readonly [string, string])[] =>
  [...Map.groupBy(all, ([key]) => key)].flatMap(([key, of]) => {
    const names = [...new Set(of.flatMap(([, differing]) => [...differing]))].toSorted();
    return names.length === 0 ? [] : [[key, names.join(',')] as const];
  });

/** M20 of UUIDs, which APFS and FileVault list: one row for both lists. */
const uuidsTwice = (
  context: Context,
  crypto: CryptoListing | null,
  list: FilevaultList | null,
): Conflict[] => {
  const witnesses = new Map<string, Witness[]>();
  const hear = (source: string, command_id: string | null, all: readonly Differing[]): void => {
    for (const [uuid, value] of joinedKeys(all))
      witnesses.set(uuid, [...(witnesses.get(uuid) ?? []), { source, value, command_id }]);
  };
  if (crypto !== null)
    hear(
      'apfs',
      listingCommand(context, crypto),
      crypto.users.map(({ uuid, differing }) => [uuid, differing]),
    );
  if (list !== null)
    hear(
      'fdesetup',
      context.commandId(list.source),
      context.twice(list.source).map(({ key, differing }) => [key, differing]),
    );
  return Array.from(witnesses, ([uuid, all]) => conflict('M20', uuid, all, all, 'cryptoUser'));
};

/** M19: who says that the Mac is enrolled, against who denies it. */
const enrollmentDispute = ({ says, denies }: EnrollmentWitnesses): Conflict[] =>
  says.length > 0 && denies.length > 0 ? [conflict('M19', 'mdm enrollment', says, denies)] : [];

/** What mdmclient is known to print where an erase would fail; a word that is not known says nothing. */
const failedPreflight =
  /^(?:unable to get bootstrap token|invalid disk layout|system is not on full security)\b/i;

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
  if (row.escrowed_to_server === 1 && preflight !== null && failedPreflight.test(preflight)) {
    const command_id = context.commandId('mdmclient_query_device_information');
    const trial = { source: 'mdmclient', value: preflight, command_id };
    found.push(conflict('M11', subject, profiles('escrowed 1'), trial));
  }
  return found;
};

/** M13 and M14: recovery keys. */
const recoveryKeyDisputes = async (
  context: Context,
  row: Row<typeof filevaultStatus.columns> | undefined,
): Promise<Conflict[]> => {
  if (row === undefined) return [];
  const none = (command: CommandName): Witness => ({
    source: 'fdesetup',
    value: 0,
    command_id: context.commandId(command),
  });
  const found: Conflict[] = [];
  const said = await context.said('fdesetup_has_personal_recovery_key');
  const { listing } = await readPersonalKey(context, row.filevault_enabled === 1, said);
  if (listing !== null) {
    const listed: Witness = { source: 'apfs', value: 1, command_id: listingCommand(context, listing) };
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
  description:
    'One row per dispute between sources: who says what, how much it matters, and what to conclude.',
  columns: {
    subject_kind: required(oneOf(subjectKinds, 'What is in dispute.', { privacy: 'nobody' })),
    subject: required(text('Username or UUID.', { privacy: 'subject', example: 'alice' })),
    fact: required(oneOf(facts, 'The fact in dispute.', { privacy: 'nobody' })),
    rule_id: required(
      text('The rule; docs/conflicts.md explains each.', { privacy: 'nobody', example: 'M01' }),
    ),
    source_a: required(
      text('One side: all who are on it, with commas, always in the same order.', {
        privacy: 'nobody',
        example: 'opendirectory,sysadminctl',
      }),
    ),
    value_a: text(
      'What it says; several with commas, in the order of source_a, where they say it differently.',
      {
        privacy: 'statement',
        example: '1',
        include: 'identities',
        settled: toldForCertain,
        nullIsAnswer: 'the witness says nothing',
      },
    ),
    source_b: required(text('The other side, in the same form.', { privacy: 'nobody', example: 'apfs' })),
    value_b: text('What it says.', {
      privacy: 'statement',
      example: '0',
      settled: toldForCertain,
      nullIsAnswer: 'the witness says nothing',
    }),
    severity: required(oneOf(severities, 'How much it matters.', { privacy: 'nobody', example: 'high' })),
    conclusion: required(
      text('What it means, in plain words.', { privacy: 'free', example: 'claimed, not effective' }),
    ),
    command_ids: text(
      'The commands behind both sides: JSON array of command_log.command_id; NULL where files were read.',
      {
        privacy: 'command_ids',
        example: '["c67a5fe7d35","ca538d6d1e1"]',
        settled: toldForCertain,
        nullIsAnswer: 'no command was run',
      },
    ),
  },
  key: ['subject_kind', 'subject', 'rule_id', 'fact'],
  sources: [
    ...verdictSources,
    'fdesetup_status',
    'fdesetup_has_personal_recovery_key',
    'fdesetup_has_institutional_recovery_key',
    ...enrollmentSources,
    'mdmclient_query_device_information',
  ],
  rekeyed: { since: '0.3.0', rows: joinDisputes },
  sourcesLabel: '(derived)',
  hasRowsOfValues: true,
  macos: 'all',
  notes: [
    'docs/conflicts.md has every rule with its reasons.',
    'One dispute is one row, with all witnesses in it: a source that fails changes the row, and makes or removes none.',
    'A partial status means that some disagreements could not be looked for.',
  ],
  // The commands moved out of the words, into a column of their own.
  readAnew: {
    '0.2.0': { columns: ['conclusion'] },
    // One dispute is one row, whatever witnesses it has.
    '0.3.0': {
      columns: ['source_a', 'value_a', 'source_b', 'value_b', 'severity', 'conclusion', 'command_ids'],
      rows: true,
    },
    // Odd records and words cost themselves.
    '0.4.0': { rows: true },
  },
  examples: [
    'SELECT subject, rule_id, severity, conclusion FROM conflicts ORDER BY severity;',
    'SELECT c.subject, c.rule_id, l.argv, l.exit_code FROM conflicts c, json_each(c.command_ids) i ' +
      'JOIN command_log l ON l.command_id = i.value AND l.host_id IS c.host_id;',
  ],
  generate: async (context) => {
    const [users, verdicts, crypto, list, enrollment, bootstrap, filevault, listed] = await Promise.all([
      context.orUnknown(context.read('ds_users')),
      context.orUnknown(readVerdicts(context)),
      context.orUnknown(readCryptoListing(context)),
      context.orUnknown(readFilevaultList(context)),
      readEnrollmentWitnesses(context),
      context.orUnknown(context.rows(bootstrapTokens)),
      context.orUnknown(context.rows(filevaultStatus)),
      context.orUnknown(context.rows(filevaultUsers)),
    ]);
    if ([users, crypto, bootstrap, filevault].every((answer) => answer === null))
      await context.read('ds_users');
    const ofAccounts = (verdicts?.accounts ?? []).flatMap(({ verdict }) => verdict.conflicts);
    // The GUID of an account in its directory.
    if (ofAccounts.some(({ rule_id, value_a }) => rule_id === 'M12' && value_a === null))
      context.leaveOut(['value_a']);
    return [
      ...ofAccounts,
      ...strangers(context, localAccounts(context, users), crypto, list, listed),
      ...uuidsTwice(context, crypto, list),
      ...(await thingsTwice(context)),
      ...enrollmentDispute(enrollment),
      ...bootstrapDisputes(context, bootstrap?.[0], crypto),
      ...(await recoveryKeyDisputes(context, filevault?.[0])),
    ];
  },
});
