import {
  bit,
  boolean,
  defineTable,
  integer,
  oneOf,
  required,
  text,
  toldForCertain,
} from '../collector/table.ts';
import { isGuestIfKnown, isTagDisabled } from './shared/accounts.ts';
import { isListed } from './shared/filevault_list.ts';
import { noApfs, tellNoOwners, volumeOwnerOf } from './shared/crypto_users.ts';
import { confidences } from './shared/token_rules.ts';
import { readVerdicts, tokenVerdictSources, verdictSources } from './shared/verdicts.ts';
import { witnesses } from './shared/observations.ts';

export default defineTable({
  name: 'secure_tokens',
  description:
    'One row per account: does it hold a secure token, does it own the volume, how sure is that, and who says so.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '501', from: ['ds_users'] }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the user.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
      from: ['ds_users'],
    }),
    is_admin: boolean('Effective member of gid 80, as in users.', {
      privacy: 'nobody',
      example: '1',
      from: ['ds_users', 'ds_groups', 'dsconfigad_show'],
      settled: toldForCertain,
    }),
    secure_token: boolean(
      'The verdict: APFS where it answered, else any other that says yes, else sysadminctl; NULL where fdesetup lists whom APFS does not.',
      // APFS decides where it speaks; the others only agree or not.
      {
        privacy: 'nobody',
        example: '1',
        from: tokenVerdictSources,
        settled: { where: "sources = 'apfs' OR sources LIKE 'apfs,%'", by: [] },
      },
    ),
    volume_owner: boolean('Volume owner, by APFS only; NULL on Intel and before macOS 11.', {
      privacy: 'nobody',
      example: '1',
      from: ['diskutil_apfs_list_users'],
    }),
    filevault_enabled: boolean('In the list of fdesetup; NULL where that was not to be had.', {
      privacy: 'nobody',
      example: '1',
      from: ['fdesetup_list_extended', 'fdesetup_list'],
      settled: toldForCertain,
    }),
    disabled_tag: boolean(
      'Has ;DisabledTags;SecureToken, which keeps macOS from granting the first token by itself.',
      { privacy: 'nobody', example: '0', from: ['ds_users'] },
    ),
    confidence: required(
      oneOf(
        confidences,
        'confirmed: APFS and another source agree. probable: one side only. conflicting: conflicts has a row on the token. unknown: no verdict.',
        { privacy: 'nobody' },
      ),
    ),
    sources: text('The sources that agree with the verdict, with commas; NULL when there is no verdict.', {
      privacy: witnesses,
      example: 'apfs,opendirectory',
      from: tokenVerdictSources,
      nullIsAnswer: 'there is no verdict',
    }),
    has_conflict: boolean(
      '1 when conflicts has a row for this user; NULL when it has none and a source that was asked did not answer.',
      { privacy: 'nobody', example: '0' },
    ),
    is_guest: boolean('The Guest account of macOS, by its uid and its GeneratedUID: APFS may list it.', {
      privacy: 'nobody',
      example: '0',
      from: ['ds_users'],
    }),
  },
  key: ['username', 'uuid', 'uid'],
  sources: verdictSources,
  rowsFrom: ['ds_users'],
  macos: '10.13+ APFS',
  notes: [
    'A token that is listed may still be unusable: a password that was replaced outside of OpenDirectory leaves no trace that can be read.',
    'Absence from the list of fdesetup, or of the tag, is no evidence against a token; it never makes the verdict 0.',
    'Where the startup volume is not on APFS there are no tokens: the rows are there, what they would tell is NULL.',
  ],
  // Evidence speaks or is silent: a missing tag, a listing of another volume and a Mac without APFS say nothing.
  readAnew: {
    '0.3.0': {
      columns: ['secure_token', 'volume_owner', 'filevault_enabled', 'confidence', 'sources', 'has_conflict'],
    },
  },
  examples: [
    'SELECT username, is_admin, volume_owner, confidence FROM secure_tokens WHERE secure_token = 1;',
    'SELECT username, confidence, sources FROM secure_tokens WHERE is_admin = 1 AND secure_token IS NOT 1;',
  ],
  generate: async (context) => {
    const { crypto, list, accounts } = await readVerdicts(context);
    if (crypto?.device === null) {
      context.unsupported(noApfs);
      context.inapplicable(['secure_token', 'volume_owner', 'sources', 'has_conflict'], noApfs);
    } else if (crypto !== null) await tellNoOwners(context, crypto);
    return accounts.map(({ user, isAdmin, verdict }) => ({
      uid: user.uid,
      username: user.recordName,
      uuid: user.uuid,
      is_admin: isAdmin,
      secure_token: verdict.value,
      volume_owner: crypto === null ? null : bit(volumeOwnerOf(user.uuid, crypto)),
      filevault_enabled: list === null || user.uuid === null ? null : bit(isListed(list, user.uuid)),
      disabled_tag: bit(isTagDisabled(user, 'SecureToken')),
      confidence: verdict.confidence,
      sources: verdict.agreeing.length === 0 ? null : verdict.agreeing.join(','),
      has_conflict: verdict.hasConflict,
      is_guest: bit(isGuestIfKnown(user)),
    }));
  },
});
