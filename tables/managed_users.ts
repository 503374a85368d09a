import { CollectError } from '../collector/errors.ts';
import { defineTable, oneOf, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'managed_users',
  description: 'One row per account that MDM made or manages, and who says so.',
  columns: {
    username: text('Short name, as MDM gave it; NULL when the Mac does not tell it.', {
      privacy: 'name',
      example: 'itadmin',
      nullIsAnswer: 'mdmclient does not name it',
    }),
    uuid: required(
      text('GeneratedUID of the account, upper case.', {
        privacy: 'device',
        example: 'A1B2C3D4-0000-4000-8000-0123456789AB',
      }),
    ),
    kind: required(
      oneOf(
        ['auto_setup_admin', 'managed_user', 'configured'],
        'Kind: auto_setup_admin is an administrator that MDM made in Setup Assistant; no source says others.',
        { privacy: 'nobody' },
      ),
    ),
    source: required(
      oneOf(['mdmclient', 'system_profiler', 'config'], 'Who says it.', { privacy: 'nobody' }),
    ),
  },
  key: ['uuid', 'kind', 'source'],
  sources: ['mdmclient_query_device_information'],
  macos: '10.11+',
  notes: [
    'Skipped unless --allow-network is given: mdmclient may ask the MDM server.',
    'The account may have been renamed or deleted since: join users by uuid.',
  ],
  examples: [
    "SELECT username, uuid FROM managed_users WHERE kind = 'auto_setup_admin';",
    'SELECT m.username, s.secure_token FROM managed_users m JOIN secure_tokens s ON s.uuid = m.uuid;',
  ],
  generate: async (context) => {
    const { autoSetupAdminAccounts } = await context.read('mdmclient_query_device_information');
    if (autoSetupAdminAccounts === null) {
      // An answer without the list is not an empty list.
      throw new CollectError('source_failed', 'mdmclient does not say which accounts MDM made', {
        hint: 'only a Mac with an Automated Device Enrollment is known to say it',
        source: 'mdmclient_query_device_information',
      });
    }
    return autoSetupAdminAccounts.map(({ guid, shortName }) => ({
      username: shortName,
      uuid: guid,
      kind: 'auto_setup_admin' as const,
      source: 'mdmclient' as const,
    }));
  },
});
