import { knownWords, versionNumber } from '../collector/privacy.ts';
import { defineTable, integer, required, text } from '../collector/table.ts';
import {
  leftOutOf,
  authorityTags,
  parseAuthenticationAuthority,
  shownAuthority,
} from '../collector/parsers/authentication_authority.ts';

const tags = knownWords(authorityTags);

export default defineTable({
  name: 'authentication_authorities',
  description:
    'One row per AuthenticationAuthority value of an account: how it authenticates, and whether it claims a secure token.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '501' }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the user.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
    }),
    ordinal: required(integer('Position in the attribute, from 0.', { privacy: 'nobody', example: '2' })),
    value: required(
      text('The value as stored, up to the tag where what follows may name somebody.', {
        privacy: 'linkable',
        example: ';SecureToken;',
        include: 'identities',
      }),
    ),
    version: text('The part before the first semicolon; NULL when empty.', {
      privacy: versionNumber,
      example: '1.0',
      nullIsAnswer: 'the entry has no version',
    }),
    tag: required(
      text(
        'Exact tag, never a substring: ShadowHash, SecureToken, DisabledTags, DisabledUser, Kerberosv5, ' +
          'LocalCachedUser, NetLogon, tokenidentity, basic, …',
        { privacy: tags, example: 'SecureToken' },
      ),
    ),
    data: text('The part after the tag; NULL when empty.', {
      privacy: 'linkable',
      example: 'HASHLIST:<SALTED-SHA512-PBKDF2>',
      include: 'identities',
      nullIsAnswer: 'the entry has no data',
    }),
    disabled_tag: text('For the tag DisabledTags: the tag that it disables, or several with commas.', {
      privacy: tags,
      example: 'SecureToken',
      nullIsAnswer: 'the entry disables no tag',
    }),
  },
  key: ['username', 'uuid', 'uid', 'ordinal'],
  sources: ['ds_users'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'What follows a tag is kept where it is known to name nobody: a list of hashes, of tags, the digest of the key of a card. ' +
      'Else it is told with --include identities only: value then ends behind the tag, data is NULL, and table_status names both.',
    'What is there twice with another text that is left out has two rows: ordinal tells them apart.',
  ],
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['ordinal'], rows: true },
  },
  examples: [
    "SELECT username FROM authentication_authorities WHERE tag = 'SecureToken';",
    "SELECT username FROM authentication_authorities WHERE tag = 'DisabledTags' AND disabled_tag = 'SecureToken';",
  ],
  generate: async (context) =>
    (await context.read('ds_users')).flatMap((user) =>
      user.authenticationAuthority.map((value, index) => {
        context.leaveOut(leftOutOf(value));
        const { version, tag, data, disabledTags } = parseAuthenticationAuthority(value);
        return {
          uid: user.uid,
          username: user.recordName,
          uuid: user.uuid,
          ordinal: user.authorityPlaces?.[index] ?? index,
          value: shownAuthority(value),
          version,
          tag,
          data,
          disabled_tag: disabledTags.length === 0 ? null : disabledTags.join(','),
        };
      }),
    ),
});
