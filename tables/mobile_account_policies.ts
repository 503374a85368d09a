import { CollectError } from '../collector/errors.ts';
import { known } from '../collector/parsers/allowed.ts';
import type { MobileAccountPolicy } from '../collector/parsers/managed_preferences.ts';
import { isReadablePath } from '../collector/sources.ts';
import { bit, boolean, defineTable, integer, oneOf, required, text } from '../collector/table.ts';
import { canLogin } from '../collector/accounts.ts';
import { readPreferences } from './shared/preferences.ts';

const devicePath = '/Library/Managed Preferences/com.apple.MCX.plist';
const userPath = (username: string): string => `/Library/Managed Preferences/${username}/com.apple.MCX.plist`;

const rowOf = (scope: 'device' | 'user', username: string | null, policy: MobileAccountPolicy) => ({
  scope,
  username,
  ask_for_secure_token_auth_bypass: bit(known(policy.askForSecureTokenAuthBypass)),
  create_at_login: bit(known(policy.createAtLogin)),
  warn_on_create: bit(known(policy.warnOnCreate)),
  expiry_disused_seconds: known(policy.expiryDisusedSeconds),
});

export default defineTable({
  name: 'mobile_account_policies',
  description: 'Com.apple.MCX mobility keys.',
  columns: {
    scope: required(
      oneOf(['device', 'user'], 'Whom the settings are for.', { from: ['managed_preferences'] }),
    ),
    username: text('Short name of the user; NULL for the device.', { example: 'bob', from: ['ds_users'] }),
    ask_for_secure_token_auth_bypass: boolean(
      'No holder of a secure token is asked for, when a mobile account is made; macOS 10.13.5 or later.',
      { example: '1', from: ['managed_preferences'] },
    ),
    create_at_login: boolean('A mobile account is made at login.', {
      example: '1',
      from: ['managed_preferences'],
    }),
    warn_on_create: boolean('The user is asked before it is made.', {
      example: '0',
      from: ['managed_preferences'],
    }),
    expiry_disused_seconds: integer(
      'A mobile account that was not used for this long is deleted; -1 is never.',
      {
        unit: 'seconds',
        example: '-1',
        from: ['managed_preferences'],
      },
    ),
  },
  key: ['scope', 'username'],
  sources: ['managed_preferences', 'ds_users'],
  nullIsAnswer: {
    username: 'the row of the device',
    ask_for_secure_token_auth_bypass: 'the file does not set it',
    create_at_login: 'the file does not set it',
    warn_on_create: 'the file does not set it',
    expiry_disused_seconds: 'the file does not set it',
  },
  privilege: 'user/root',
  macos: '10.7+',
  notes: [
    'There is a row only for a file that sets at least one of the keys; a key that it does not set is NULL.',
    'Files of users are looked at for the local accounts that can log in.',
  ],
  examples: [
    "SELECT ask_for_secure_token_auth_bypass FROM mobile_account_policies WHERE scope = 'device';",
    "SELECT username, expiry_disused_seconds FROM mobile_account_policies WHERE scope = 'user';",
  ],
  generate: async (context) => {
    const read = (path: string) => readPreferences(context, context.readFile('managed_preferences', path));
    const [device, users] = await Promise.all([
      read(devicePath),
      context.orUnknown(context.read('ds_users')),
    ]);
    const usernames = (users ?? [])
      .filter((user) => canLogin(user) !== 0)
      .map(({ recordName }) => recordName);
    const files = await Promise.all(
      usernames.map(async (username) => {
        const path = userPath(username);
        if (isReadablePath('managed_preferences', path)) return { username, file: await read(path) };
        context.note(
          new CollectError(
            'row_invalid',
            'an account name that could be taken for a path is never put into one',
            {
              hint: 'look at the account by hand',
            },
          ),
          { source: 'managed_preferences' },
        );
        return { username, file: null };
      }),
    );
    if (device === null && files.every(({ file }) => file === null)) {
      await context.readFile('managed_preferences', devicePath);
    }
    const devicePolicy = device?.content?.mobileAccounts ?? null;
    return [
      ...(devicePolicy === null ? [] : [rowOf('device', null, devicePolicy)]),
      ...files.flatMap(({ username, file }) => {
        const policy = file?.content?.mobileAccounts ?? null;
        return policy === null ? [] : [rowOf('user', username, policy)];
      }),
    ];
  },
});
