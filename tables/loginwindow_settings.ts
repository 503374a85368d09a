import { unread } from '../collector/setting.ts';
import type { Setting } from '../collector/setting.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';
import type { LoginwindowPreferences } from '../collector/parsers/loginwindow_preferences.ts';
import type { GuestPolicy } from '../collector/parsers/managed_preferences.ts';
import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, integer, text } from '../collector/table.ts';
import { isRoot } from './shared/accounts.ts';
import { effective, readPreferences } from './shared/preferences.ts';

/** What the two switches of com.apple.MCX say together; not to be told when they do not agree. */
const guestOf = ({ disableGuestAccount, enableGuestAccount }: GuestPolicy): Setting<boolean> => {
  if (disableGuestAccount === unread || enableGuestAccount === unread) return unread;
  if (disableGuestAccount === null) return enableGuestAccount;
  if (enableGuestAccount === disableGuestAccount) return unread;
  return !disableGuestAccount;
};

/** Any value will do; without one, a value that could not be read may be it. */
const isEnabled = ({ authenticationAuthority, unread: lost }: DsUser): boolean | null =>
  authenticationAuthority.length > 0 || (lost.has('AuthenticationAuthority') ? null : false);

const ofPreferences = ['loginwindow_preferences', 'managed_preferences'] as const;

export default defineTable({
  name: 'loginwindow_settings',
  description:
    'One row per Mac: can somebody log in without a password, as Guest or as root, and who is hidden at the login window.',
  columns: {
    autologin_username: text(
      'Short name of the account that is logged in at startup; NULL when none is set.',
      {
        privacy: 'name',
        example: 'alice',
        from: ['loginwindow_preferences', 'managed_preferences'],
        nullIsAnswer: 'nobody is logged in automatically',
      },
    ),
    kcpassword_present: boolean(
      'The file /etc/kcpassword exists: it holds the password of an automatic login, and is never read.',
      { privacy: 'nobody', example: '0', from: ['stat'] },
    ),
    guest_enabled: boolean(
      'The Guest account may log in; 0 also when nothing sets it, since macOS has it off by default.',
      {
        privacy: 'nobody',
        example: '0',
        from: ['loginwindow_preferences', 'managed_preferences'],
        nullBecause: 'the profiles both enable and disable the Guest account',
      },
    ),
    hide_500_users: boolean(
      'Accounts with a uid below 500 are left out at the login window; 0 when nothing sets it.',
      { privacy: 'nobody', example: '0', from: ['loginwindow_preferences', 'managed_preferences'] },
    ),
    hidden_users: text('JSON array of the short names that are left out at the login window, sorted.', {
      privacy: 'names',
      example: '[]',
      from: ['loginwindow_preferences', 'managed_preferences'],
    }),
    root_enabled: boolean('The record of root has any AuthenticationAuthority, as mSCP tests it.', {
      privacy: 'nobody',
      example: '0',
      from: ['ds_users'],
    }),
    asks_for_name: boolean(
      'The login window asks for a name and a password in place of showing who has an account; 0 when nothing sets it.',
      { privacy: 'nobody', example: '1', from: ofPreferences, keptSince: '0.8.0' },
    ),
    admin_host_info: text(
      'What a click on the clock of the login window tells of the Mac, such as HostName.',
      {
        privacy: knownWords([
          'HostName',
          'SystemVersion',
          'SystemBuild',
          'SerialNumber',
          'IPAddress',
          'DSStatus',
          'Time',
        ]),
        example: 'HostName',
        from: ofPreferences,
        nullIsAnswer: 'nothing sets it',
        keptSince: '0.8.0',
      },
    ),
    retries_until_hint: integer('Wrong passwords until the hint is shown; 0 never.', {
      privacy: 'nobody',
      example: '0',
      from: ofPreferences,
      nullIsAnswer: 'nothing sets it',
      keptSince: '0.8.0',
    }),
    console_access_disabled: boolean(
      'The name >console does not lead to a text console; 0 when nothing sets it.',
      { privacy: 'nobody', example: '0', from: ofPreferences, keptSince: '0.8.0' },
    ),
  },
  key: [],
  sources: ['loginwindow_preferences', 'managed_preferences', 'ds_users', 'stat'],
  macos: '10.13+',
  notes: [
    'What a profile forces goes before the preference file: com.apple.loginwindow, and com.apple.MCX for ' +
      'the Guest account.',
    'NULL in autologin_username is proven only where table_status has the table as ok.',
    'With FileVault on there is no automatic login, whatever is set.',
  ],
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['root_enabled'] },
  },
  examples: [
    'SELECT autologin_username, kcpassword_present FROM loginwindow_settings WHERE kcpassword_present = 1;',
    'SELECT host_id FROM loginwindow_settings WHERE guest_enabled = 1 OR root_enabled = 1;',
  ],
  generate: async (context) => {
    const managed = (file: string) =>
      readPreferences(
        context,
        context.readFile('managed_preferences', `/Library/Managed Preferences/${file}`),
      );
    const preferences = '/Library/Preferences/com.apple.loginwindow.plist';
    const [local, forced, mcx, users, kcpassword] = await Promise.all([
      readPreferences(context, context.readFile('loginwindow_preferences', preferences)),
      managed('com.apple.loginwindow.plist'),
      managed('com.apple.MCX.plist'),
      context.orUnknown(context.read('ds_users')),
      context.orUnknown(context.stat('/etc/kcpassword')),
    ]);
    if ([local, forced, mcx, users, kcpassword].every((answer) => answer === null)) {
      await context.readFile('loginwindow_preferences', preferences);
    }
    const guestPolicy = mcx?.content?.guestAccount ?? null;
    const guestFromMcx = guestPolicy === null ? null : guestOf(guestPolicy);
    type Read<T> = (content: LoginwindowPreferences) => Setting<T>;
    const setting = <T>(read: Read<T>, absent: T | null): T | null =>
      effective(forced, ({ loginwindow }) => loginwindow && read(loginwindow), local, read, absent);
    const guestElsewhere = setting(({ guestEnabled }) => guestEnabled, false);
    const hiddenUsers = setting<readonly string[]>((content) => content.hiddenUsers, []);
    const root = users?.find(isRoot);
    return [
      {
        autologin_username: setting(({ autologinUsername }) => autologinUsername, null),
        kcpassword_present: kcpassword === null ? null : kcpassword.kind === 'missing' ? 0 : 1,
        guest_enabled: mcx === null || guestFromMcx === unread ? null : bit(guestFromMcx ?? guestElsewhere),
        hide_500_users: bit(setting(({ hide500Users }) => hide500Users, false)),
        // By code unit, and each name once: the same settings give the same text.
        hidden_users: hiddenUsers === null ? null : JSON.stringify([...new Set(hiddenUsers)].toSorted()),
        root_enabled: bit(root === undefined ? null : isEnabled(root)),
        asks_for_name: bit(setting(({ asksForName }) => asksForName, false)),
        admin_host_info: setting(({ adminHostInfo }) => adminHostInfo, null),
        retries_until_hint: setting(({ retriesUntilHint }) => retriesUntilHint, null),
        console_access_disabled: bit(setting(({ disableConsoleAccess }) => disableConsoleAccess, false)),
      },
    ];
  },
});
