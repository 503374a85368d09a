import { bit, boolean, defineTable, integer, oneOf, required, text } from '../collector/table.ts';
import { adminDecider, isGuestIfKnown, isTagDisabled } from './shared/accounts.ts';
import { readCryptoListing, volumeOwnerOf } from './shared/crypto_users.ts';
import { readFilevaultList } from './shared/filevault_list.ts';
import secureTokenObservations from './secure_token_observations.ts';
import { confidences, userConflicts, verdictOf } from './shared/token_rules.ts';

export default defineTable({
  name: 'secure_tokens',
  description: 'Resolved verdict per local user.',
  columns: {
    uid: integer('User id.', { example: '501', from: ['ds_users'] }),
    username: required(text('Short name of the user.', { example: 'alice' })),
    uuid: text('GeneratedUID of the user.', {
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
      from: ['ds_users'],
    }),
    is_admin: boolean('Effective member of gid 80, as in users.', { example: '1', from: ['ds_groups'] }),
    secure_token: boolean('The verdict: APFS where it answered, else fdesetup, OpenDirectory, sysadminctl.', {
      example: '1',
    }),
    volume_owner: boolean('Volume owner, by APFS only; NULL on Intel and before macOS 11.', {
      example: '1',
      from: ['diskutil_apfs_list_users'],
    }),
    filevault_enabled: boolean('In the list of fdesetup; NULL where that was not to be had.', {
      example: '1',
      from: ['fdesetup_list_extended', 'fdesetup_list'],
    }),
    disabled_tag: boolean(
      'Has ;DisabledTags;SecureToken, which keeps macOS from granting the first token by itself.',
      {
        example: '0',
      },
    ),
    confidence: required(
      oneOf(
        confidences,
        'confirmed: APFS and another source agree. probable: one side only. conflicting: see conflicts.',
      ),
    ),
    sources: text('The sources that agree with the verdict, with commas; NULL when there is no verdict.', {
      example: 'apfs,opendirectory',
    }),
    has_conflict: boolean('1 when conflicts has a row for this user.', { example: '0' }),
    is_guest: boolean('The Guest account of macOS, by its uid and its GeneratedUID: APFS may list it.', {
      example: '0',
      from: ['ds_users'],
    }),
  },
  key: ['username', 'uuid', 'uid'],
  sources: [
    'ds_users',
    'ds_groups',
    'diskutil_apfs_list',
    'diskutil_apfs_list_users',
    'fdesetup_list_extended',
    'fdesetup_list',
    'sysadminctl_secure_token_status',
    'sw_vers',
  ],
  privilege: 'root best',
  macos: '10.13+ APFS',
  notes: [
    'A token that is listed may still be unusable: a password that was replaced outside of OpenDirectory leaves no trace that can be read.',
    'Absence from the list of fdesetup is no evidence against a token; it never makes the verdict 0.',
  ],
  examples: [
    'SELECT username, is_admin, volume_owner, confidence FROM secure_tokens WHERE secure_token = 1;',
    'SELECT username, confidence, sources FROM secure_tokens WHERE is_admin = 1 AND secure_token IS NOT 1;',
  ],
  generate: async (context) => {
    const [users, groups, observations, crypto, list] = await Promise.all([
      context.read('ds_users'),
      context.orUnknown(context.read('ds_groups')),
      context.rows(secureTokenObservations),
      context.orUnknown(readCryptoListing(context)),
      context.orUnknown(readFilevaultList(context)),
    ]);
    const isAdminOf = adminDecider(context, users, groups);
    const groupsCommand = context.commandId('ds_groups');
    const byUser = Map.groupBy(observations, ({ username }) => username);
    return users.map((user) => {
      const own = (byUser.get(user.recordName) ?? []).filter(({ uuid }) => uuid === user.uuid);
      const isAdmin = isAdminOf(user);
      const { value, confidence, agreeing } = verdictOf(user, own);
      const conflicts = userConflicts({ user, observations: own, list, isAdmin, groupsCommand });
      return {
        uid: user.uid,
        username: user.recordName,
        uuid: user.uuid,
        is_admin: isAdmin,
        secure_token: value,
        volume_owner: crypto === null ? null : bit(volumeOwnerOf(user.uuid, crypto)),
        filevault_enabled: list === null || user.uuid === null ? null : bit(list.uuids.has(user.uuid)),
        disabled_tag: bit(isTagDisabled(user, 'SecureToken')),
        confidence,
        sources: agreeing.length === 0 ? null : agreeing.join(','),
        has_conflict: bit(conflicts.length > 0),
        is_guest: bit(isGuestIfKnown(user)),
      };
    });
  },
});
