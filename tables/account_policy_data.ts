import { permissionDenied } from '../collector/errors.ts';
import { defineTable, integer, real, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'account_policy_data',
  description:
    'One row per account with a policy record: when it was made, its last new password, its failed logins.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '501' }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the user.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
    }),
    creation_time: real('When the account was made.', {
      privacy: 'nobody',
      unit: 'unix_seconds',
      example: '1757000001.1',
      nullIsAnswer: 'the policy of the account does not hold it',
    }),
    password_last_set_time: real('When the password was last set; NULL when it never was.', {
      privacy: 'behaviour',
      unit: 'unix_seconds',
      example: '1757000002.0',
      nullIsAnswer: 'the policy of the account does not hold it',
    }),
    failed_login_count: integer('Failed logins since the last good one.', {
      privacy: 'nobody',
      example: '0',
      nullIsAnswer: 'the policy of the account does not hold it',
    }),
    failed_login_timestamp: real('When a login last failed; 0 means that none did.', {
      privacy: 'behaviour',
      unit: 'unix_seconds',
      example: '0',
      zeroIsAnswer: 'no login failed',
      nullIsAnswer: 'the policy of the account does not hold it',
    }),
    last_login_time: real('Never collected.', {
      privacy: 'behaviour',
      unit: 'unix_seconds',
      example: '1790000000',
      from: [],
      nullBecause: 'no reviewed source says it: lastLoginTimestamp of the record is unreliable',
    }),
  },
  key: ['username', 'uuid', 'uid'],
  sources: ['ds_account_policy'],
  hasRowsOfValues: true,
  macos: '10.10+',
  notes: [
    'Accounts of services have no accountPolicyData, and no row.',
    'A row of NULLs is of a record whose accountPolicyData could not be read; table_status says so.',
    'Asked by another user than root the table is denied, or partial where some of the records answered.',
  ],
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { rows: true },
  },
  examples: [
    'SELECT username, failed_login_count FROM account_policy_data WHERE failed_login_count >= 5;',
    'SELECT username FROM account_policy_data WHERE password_last_set_time > creation_time + 60;',
  ],
  generate: async (context) => {
    const records = await context.read('ds_account_policy');
    const shown = records.filter(({ policy, isUnreadable }) => policy !== null || isUnreadable);
    // dscl leaves the attribute out where it may not show it: only root knows that a record has none.
    if (context.euid !== 0 && shown.length < records.length) {
      const denied = permissionDenied(
        shown.length === 0
          ? 'accountPolicyData is shown to root only'
          : 'accountPolicyData of every account is shown to root only',
      );
      if (shown.length === 0) throw denied.at('ds_account_policy');
      context.note(denied, { source: 'ds_account_policy' });
    }
    return shown.map(({ recordName, uid, uuid, policy }) => ({
      uid,
      username: recordName,
      uuid,
      creation_time: policy?.creationTime ?? null,
      password_last_set_time: policy?.passwordLastSetTime ?? null,
      failed_login_count: policy?.failedLoginCount ?? null,
      failed_login_timestamp: policy?.failedLoginTimestamp ?? null,
      last_login_time: null,
    }));
  },
});
