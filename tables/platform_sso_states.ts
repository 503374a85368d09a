import { CollectError, parseFailed } from '../collector/errors.ts';
import { known } from '../collector/setting.ts';
import type { Setting } from '../collector/setting.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';
import type { PlatformSsoPolicy } from '../collector/parsers/managed_preferences.ts';
import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { versionOf } from '../collector/version.ts';
import { localAccounts } from './shared/accounts.ts';
import { firstSet, readPreferences } from './shared/preferences.ts';

const path = '/Library/Managed Preferences/com.apple.extensiblesso.plist';

const listed = (setting: Setting<readonly string[]> | undefined): string | null => {
  const values = firstSet(setting);
  return values === null || values.length === 0 ? null : values.join(',');
};

const isRegistered = (user: DsUser): boolean =>
  user.altSecurityIdentities.some((value) => value.startsWith('PlatformSSO:'));

/** Of whom nobody can tell whether they have a row. */
const mayBeRegistered = (user: DsUser): boolean =>
  !isRegistered(user) && user.unread.has('AltSecurityIdentities');

interface State {
  readonly username: string;
  readonly isRegistered: boolean | null;
  readonly isExempt: boolean | null;
}

/**
 * Who is registered, or exempt. Names are compared without case, as macOS does; an exempt account need
 * not exist (yet).
 */
const statesOf = (
  users: readonly DsUser[] | null,
  exempt: readonly string[] | null,
  areAllUsers: boolean,
): readonly State[] => {
  const names = new Set(exempt?.map((name) => name.toLowerCase()));
  const met = new Set<string>();
  const ofUsers = (users ?? []).flatMap((user): State[] => {
    const own = [user.recordName, ...user.aliases].map((name) => name.toLowerCase());
    const isExempt = own.some((name) => names.has(name));
    if (isExempt) for (const name of own) met.add(name);
    if (!isExempt && !isRegistered(user)) return [];
    return [
      {
        username: user.recordName,
        isRegistered: isRegistered(user),
        isExempt: isExempt || (exempt === null ? null : false),
      },
    ];
  });
  const others = new Map<string, State>();
  for (const username of exempt ?? []) {
    const key = username.toLowerCase();
    if (met.has(key) || others.has(key)) continue;
    others.set(key, { username, isRegistered: areAllUsers ? false : null, isExempt: true });
  }
  return [...ofUsers, ...others.values()];
};

/** A declaration leaves no file behind: nobody can then tell what it sets, and whom it exempts. */
const declared = new CollectError(
  'unsupported_macos',
  'Platform SSO may be set by a declaration, of which no file tells',
  { hint: 'look at the declarations of the MDM server' },
);

/**
 * Whether Platform SSO may be set though no profile does: somebody is registered all the same, or macOS is one that
 * takes it from a declaration, from 27 on.
 */
const mayBeDeclaredElsewhere = async (
  context: Context,
  users: readonly DsUser[] | null,
): Promise<boolean> => {
  const isAnyRegistered = users?.some(isRegistered) === true;
  const { number } = versionOf((await context.said('sw_vers'))?.productVersion);
  return isAnyRegistered || number === null || number >= 270_000;
};

const policies = knownWords([
  'AttemptAuthentication',
  'RequireAuthentication',
  'AllowOfflineGracePeriod',
  'AllowAuthenticationGracePeriod',
]);

export default defineTable({
  name: 'platform_sso_states',
  description:
    'One row per user of Platform SSO, and one for the device: who is registered or exempt, and what the profile asks for.',
  columns: {
    username: text('Short name of the user; NULL on the row of the device.', {
      privacy: 'name',
      example: 'alice',
      from: ['ds_users', 'managed_preferences'],
      nullIsAnswer: 'the row of the device',
    }),
    is_registered: boolean('AltSecurityIdentities of the user has a PlatformSSO: value.', {
      privacy: 'nobody',
      example: '1',
      from: ['ds_users'],
      nullBecause: 'no reviewed source says it of the device',
      nullIsAnswer: 'the row of the device',
    }),
    identity_sha256: text('Keyed hash of the name at the identity provider, which itself is never kept.', {
      privacy: 'linkable',
      example: '9f86d081884c7d65',
      from: [],
      nullBecause: 'needs the key of --redact; a bare hash of a name can be guessed',
    }),
    authentication_method: text(
      "How users authenticate, in Apple's word: Password, UserSecureEnclaveKey, SmartCard, OpenID (macOS 27) or " +
        'one of a later version; on the row of the device.',
      {
        privacy: knownWords(['Password', 'UserSecureEnclaveKey', 'SmartCard', 'OpenID'], 'free'),
        example: 'Password',
        from: ['managed_preferences'],
        nullIsAnswer: 'the row of a user, or no profile sets it',
      },
    ),
    filevault_policy: text(
      'FileVaultPolicy, several with commas; on the row of the device, macOS 15 or later on Apple silicon.',
      {
        privacy: policies,
        example: 'RequireAuthentication',
        from: ['managed_preferences'],
        nullIsAnswer: 'the row of a user, or no profile sets it',
      },
    ),
    login_policy: text('LoginPolicy, several with commas; on the row of the device, macOS 15 or later.', {
      privacy: policies,
      example: 'AttemptAuthentication',
      from: ['managed_preferences'],
      nullIsAnswer: 'the row of a user, or no profile sets it',
    }),
    is_exempt: boolean('NonPlatformSSOAccounts names the user; NULL on the row of the device.', {
      privacy: 'nobody',
      example: '0',
      from: ['managed_preferences'],
      nullIsAnswer: 'the row of the device',
    }),
    new_user_authorization_mode: text(
      "What users that are made at login may do, in Apple's word: Standard, Admin, Groups, Temporary or one of a " +
        'later version; on the row of the device.',
      {
        privacy: knownWords(['Standard', 'Admin', 'Groups', 'Temporary'], 'free'),
        example: 'Standard',
        from: ['managed_preferences'],
        nullIsAnswer: 'the row of a user, or no profile sets it',
      },
    ),
  },
  key: ['username'],
  sources: ['managed_preferences', 'ds_users', 'sw_vers'],
  hasRowsOfValues: true,
  macos: '13+',
  notes: [
    'The row of the device is there when a profile configures Platform SSO; its settings hold for all users.',
    'Users are listed who are registered or exempt; an exempt name may be of an account that does not exist.',
    'The profile can exempt an account that is registered all the same: both are then 1.',
  ],
  // Words of Apple's lists are shown as they are.
  readAnew: {
    '0.3.0': { columns: ['authentication_method', 'new_user_authorization_mode', 'is_exempt'], rows: true },
  },
  examples: [
    'SELECT authentication_method, filevault_policy FROM platform_sso_states WHERE username IS NULL;',
    'SELECT username FROM platform_sso_states WHERE is_registered = 1;',
  ],
  generate: async (context) => {
    const [file, users] = await Promise.all([
      readPreferences(context, context.readFile('managed_preferences', path)),
      context.orUnknown(context.read('ds_users')),
    ]);
    if (users?.some(mayBeRegistered) === true) {
      const problem = parseFailed('AltSecurityIdentities of an account cannot be read').costing('entry');
      context.note(problem, { source: 'ds_users' });
    }
    if (file === null && users === null) await context.read('ds_users');
    const mayBeDeclared =
      file !== null && file.content === null && (await mayBeDeclaredElsewhere(context, users));
    if (mayBeDeclared) context.note(declared, { source: 'managed_preferences' });
    const policy: PlatformSsoPolicy | null = file?.content?.platformSso ?? null;
    const exemptions = policy?.nonPlatformSsoAccounts ?? [];
    const exempt = file === null || mayBeDeclared ? null : known(exemptions);
    const device = {
      username: null,
      is_registered: null,
      identity_sha256: null,
      authentication_method: firstSet(policy?.authenticationMethod),
      filevault_policy: listed(policy?.fileVaultPolicy),
      login_policy: listed(policy?.loginPolicy),
      is_exempt: null,
      new_user_authorization_mode: firstSet(policy?.newUserAuthorizationMode),
    };
    return [
      ...(policy === null ? [] : [device]),
      ...statesOf(users, exempt, localAccounts(context, users).isComplete).map((state) => ({
        username: state.username,
        is_registered: bit(state.isRegistered),
        identity_sha256: null,
        authentication_method: null,
        filevault_policy: null,
        login_policy: null,
        is_exempt: bit(state.isExempt),
        new_user_authorization_mode: null,
      })),
    ];
  },
});
