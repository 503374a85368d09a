import { unread } from '../collector/setting.ts';
import type { Setting } from '../collector/setting.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';
import type { GuestPolicy } from '../collector/parsers/managed_preferences.ts';
import { bit, boolean, defineTable, text } from '../collector/table.ts';
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
    const guestElsewhere = effective(
      forced,
      ({ loginwindow }) => loginwindow?.guestEnabled,
      local,
      ({ guestEnabled }) => guestEnabled,
      false,
    );
    const hiddenUsers = effective(
      forced,
      ({ loginwindow }) => loginwindow?.hiddenUsers,
      local,
      (content) => content.hiddenUsers,
      [],
    );
    const root = users?.find(isRoot);
    return [
      {
        autologin_username: effective(
          forced,
          ({ loginwindow }) => loginwindow?.autologinUsername,
          local,
          ({ autologinUsername }) => autologinUsername,
          null,
        ),
        kcpassword_present: kcpassword === null ? null : kcpassword.kind === 'missing' ? 0 : 1,
        guest_enabled: mcx === null || guestFromMcx === unread ? null : bit(guestFromMcx ?? guestElsewhere),
        hide_500_users: bit(
          effective(
            forced,
            ({ loginwindow }) => loginwindow?.hide500Users,
            local,
            ({ hide500Users }) => hide500Users,
            false,
          ),
        ),
        // By code unit, and each name once: the same settings give the same text.
        hidden_users: hiddenUsers === null ? null : JSON.stringify([...new Set(hiddenUsers)].toSorted()),
        root_enabled: bit(root === undefined ? null : isEnabled(root)),
      },
    ];
  },
});
