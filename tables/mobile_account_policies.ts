import { CollectError, NotAsked } from '../collector/errors.ts';
import { known } from '../collector/setting.ts';
import type { Setting } from '../collector/setting.ts';
import type { MobileAccountPolicy } from '../collector/parsers/managed_preferences.ts';
import { isReadablePath } from '../collector/sources.ts';
import { bit, boolean, defineTable, integer, oneOf, required, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { canLogin } from '../collector/accounts.ts';
import { effective, readPreferences } from './shared/preferences.ts';
import type { PreferenceFile } from './shared/preferences.ts';

const devicePath = '/Library/Managed Preferences/com.apple.MCX.plist';
/** What is set by hand counts where no profile sets it. */
const localPath = '/Library/Preferences/com.apple.MCX.plist';
const userPath = (username: string): string => `/Library/Managed Preferences/${username}/com.apple.MCX.plist`;

const rowOf = (scope: 'device' | 'user', username: string | null, policy: MobileAccountPolicy) => ({
  scope,
  username,
  ask_for_secure_token_auth_bypass: bit(known(policy.askForSecureTokenAuthBypass)),
  create_at_login: bit(known(policy.createAtLogin)),
  warn_on_create: bit(known(policy.warnOnCreate)),
  expiry_disused_seconds: known(policy.expiryDisusedSeconds),
});

type Policies = PreferenceFile<{ readonly mobileAccounts: MobileAccountPolicy | null }> | null;

/** What holds on the device: what a profile sets, else what is set by hand; null where neither sets anything. */
const devicePolicyOf = (device: Policies, local: Policies): MobileAccountPolicy | null => {
  const [managed, byHand] = [device?.content?.mobileAccounts ?? null, local?.content?.mobileAccounts ?? null];
  if (managed === null && byHand === null) return null;
  const holds = <T>(of: (policy: MobileAccountPolicy) => Setting<T>): T | null =>
    effective(
      device,
      ({ mobileAccounts }) => (mobileAccounts === null ? null : of(mobileAccounts)),
      local,
      ({ mobileAccounts }) => (mobileAccounts === null ? null : of(mobileAccounts)),
      null,
    );
  return {
    askForSecureTokenAuthBypass: holds((policy) => policy.askForSecureTokenAuthBypass),
    createAtLogin: holds((policy) => policy.createAtLogin),
    warnOnCreate: holds((policy) => policy.warnOnCreate),
    expiryDisusedSeconds: holds((policy) => policy.expiryDisusedSeconds),
  };
};

/** The file that is set by hand; `unlooked` where evidence is older than the look at it. */
const readLocal = async (
  context: Context,
): Promise<{ readonly local: Policies; readonly unlooked: NotAsked | null }> => {
  try {
    const content = await context.readFile('managed_preferences', localPath);
    return { local: { content }, unlooked: null };
  } catch (error) {
    if (error instanceof NotAsked) return { local: null, unlooked: error };
    context.note(error as Error);
    return { local: null, unlooked: null };
  }
};

export default defineTable({
  name: 'mobile_account_policies',
  description:
    'One row per file of settings for mobile accounts: are they made at login, is the dialog for a secure token left out, when do they expire.',
  columns: {
    scope: required(
      oneOf(['device', 'user'], 'Whom the settings are for.', {
        privacy: 'nobody',
        from: ['managed_preferences'],
      }),
    ),
    username: text('Short name of the user; NULL for the device.', {
      privacy: 'name',
      example: 'bob',
      from: ['ds_users'],
      nullIsAnswer: 'the row of the device',
    }),
    ask_for_secure_token_auth_bypass: boolean(
      'No holder of a secure token is asked for, when a mobile account is made; macOS 10.13.5 or later.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['managed_preferences'],
        nullIsAnswer: 'the file does not set it',
      },
    ),
    create_at_login: boolean('A mobile account is made at login.', {
      privacy: 'nobody',
      example: '1',
      from: ['managed_preferences'],
      nullIsAnswer: 'the file does not set it',
    }),
    warn_on_create: boolean('The user is asked before it is made.', {
      privacy: 'nobody',
      example: '0',
      from: ['managed_preferences'],
      nullIsAnswer: 'the file does not set it',
    }),
    expiry_disused_seconds: integer(
      'A mobile account that was not used for this long is deleted; -1 is never.',
      {
        privacy: 'nobody',
        unit: 'seconds',
        example: '-1',
        from: ['managed_preferences'],
        nullIsAnswer: 'the file does not set it',
      },
    ),
  },
  key: ['scope', 'username'],
  sources: ['managed_preferences', 'ds_users'],
  macos: '10.7+',
  notes: [
    'There is a row only for a file that sets at least one of the keys; a key that it does not set is NULL.',
    'Files of users are looked at for the local accounts that can log in.',
    'The row of the device holds what a profile sets, and else what /Library/Preferences/com.apple.MCX.plist sets.',
  ],
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { rows: true },
  },
  examples: [
    "SELECT ask_for_secure_token_auth_bypass FROM mobile_account_policies WHERE scope = 'device';",
    "SELECT username, expiry_disused_seconds FROM mobile_account_policies WHERE scope = 'user';",
  ],
  generate: async (context) => {
    const read = (path: string) => readPreferences(context, context.readFile('managed_preferences', path));
    const [device, { local, unlooked }, users] = await Promise.all([
      read(devicePath),
      readLocal(context),
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
    if (device === null && local === null && files.every(({ file }) => file === null)) {
      await context.readFile('managed_preferences', devicePath);
    }
    const devicePolicy = devicePolicyOf(device, local);
    if (unlooked !== null) {
      const all = [device, ...files.map(({ file }) => file)];
      const setsNothing = (file: Policies): boolean =>
        file !== null && (file.content?.mobileAccounts ?? null) === null;
      const isNothingElse = users !== null && all.every(setsNothing);
      // Without a row nothing is told, and "looked, and there is none" would not be true.
      if (isNothingElse) throw unlooked;
      const problem = new CollectError('not_recorded', unlooked.message);
      context.note(problem, { source: 'managed_preferences' });
    }
    return [
      ...(devicePolicy === null ? [] : [rowOf('device', null, devicePolicy)]),
      ...files.flatMap(({ username, file }) => {
        const policy = file?.content?.mobileAccounts ?? null;
        return policy === null ? [] : [rowOf('user', username, policy)];
      }),
    ];
  },
});
