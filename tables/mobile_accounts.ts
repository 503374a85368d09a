import { parseFailed } from '../collector/errors.ts';
import { cachedUserOf } from '../collector/parsers/authentication_authority.ts';
import { bit, boolean, defineTable, integer, required, text, time } from '../collector/table.ts';

export default defineTable({
  name: 'mobile_accounts',
  description:
    'One row per mobile account, the local copy of a directory account: from which directory, and when it was copied.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '1284730561' }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'bob' })),
    uuid: text('GeneratedUID of the local record, upper case.', {
      privacy: 'device',
      example: 'E9F6E0ED-138E-40C9-B9E7-A7F3F661DB14',
    }),
    original_node: text(
      'The directory that the account is from: OriginalNodeName, else as LocalCachedUser has it.',
      { privacy: 'linkable', example: '/Active Directory/CORP/corp.example.com' },
    ),
    directory_guid: text('GUID of the directory account: the last field of LocalCachedUser, upper case.', {
      privacy: 'linkable',
      example: 'E9F6E0ED-138E-40C9-B9E7-A7F3F661DB14',
      include: 'identities',
    }),
    guid_matches: boolean('Both GUIDs are the same; expect trouble at startup when they are not.', {
      privacy: 'nobody',
      example: '1',
    }),
    copy_time: time('When the record was last copied from the directory.', {
      privacy: 'nobody',
      example: '1788923096',
      nullIsAnswer: 'the record does not hold it',
    }),
    directory_password_last_set: time(
      'When the password was last set in the directory; NULL when it is not told.',
      { privacy: 'behaviour', example: '1785000000', nullIsAnswer: 'the record does not hold it' },
    ),
    last_login_time: time('Never collected.', {
      privacy: 'behaviour',
      example: '1790000000',
      from: [],
      nullBecause: 'no reviewed source says it',
    }),
  },
  key: ['username', 'uuid', 'uid'],
  sources: ['ds_users'],
  macos: '10.13+',
  notes: [
    'A mobile account has the tag LocalCachedUser. Directory users without a local record are not listed.',
    'The GUID of the account in its directory is told with --include identities only; whether both GUIDs are the same ' +
      'is told without.',
    'NULL in guid_matches means that LocalCachedUser does not have the known form; table_status says so.',
  ],
  examples: [
    'SELECT username, original_node FROM mobile_accounts;',
    'SELECT username, uuid, directory_guid FROM mobile_accounts WHERE guid_matches = 0;',
  ],
  generate: async (context) =>
    (await context.read('ds_users')).flatMap((user) => {
      const cached = cachedUserOf(user.authenticationAuthority);
      if (cached === null) return [];
      const { origin } = cached;
      if (origin === null && !cached.isWithheld) {
        context.note(parseFailed('LocalCachedUser is not "node:record name:GUID"'), { source: 'ds_users' });
      }
      context.leaveOut(cached.isWithheld ? ['directory_guid'] : []);
      return [
        {
          uid: user.uid,
          username: user.recordName,
          uuid: user.uuid,
          original_node: user.originalNodeName ?? cached.node,
          directory_guid: origin?.guid ?? null,
          guid_matches: user.uuid === null ? null : bit(cached.hasGuid(user.uuid)),
          copy_time: user.copyTimestamp,
          directory_password_last_set: user.smbPasswordLastSet,
          last_login_time: null,
        },
      ];
    }),
});
