import {
  accountTypeOf,
  accountTypes,
  adminDecider,
  isAwake,
  isFalseIdentity,
  isSystemAccount,
} from './shared/accounts.ts';
import { canLogin } from '../collector/accounts.ts';
import { CollectError, NotAsked } from '../collector/errors.ts';
import { knownWords } from '../collector/privacy.ts';
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
import type { Context } from '../collector/table.ts';
import { hasTag } from '../collector/parsers/authentication_authority.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';

interface Home {
  readonly exists: 0 | 1;
  /** Null for one that is not there. */
  readonly mode: string | null;
}

// Homes are checked only for accounts that can log in; NULL says that it was not checked.
const lookHome = async (context: Context, user: DsUser): Promise<Home | null> => {
  if (canLogin(user) === 0) return null;
  if (user.home === null || !user.home.startsWith('/')) {
    const reason = 'the record of an account that may log in names no home';
    context.note(new NotAsked(reason), { source: 'stat' });
    return null;
  }
  const found = await context.orUnknown(context.stat(user.home));
  if (found === null) return null;
  if (found.kind === 'missing') return { exists: 0, mode: null };
  return { exists: 1, mode: found.mode.toString(8).padStart(4, '0') };
};

/** The tags of a paired card: today’s, and that of before macOS 10.13. */
const cardTags = ['tokenidentity', 'pubkeyhash'];
const isCardPaired = ({ authenticationAuthority, unread }: DsUser): boolean | null =>
  cardTags.some((tag) => hasTag(authenticationAuthority, tag)) ||
  (unread.has('AuthenticationAuthority') ? null : false);

const isRegistered = (user: DsUser): boolean | null =>
  user.altSecurityIdentities.some((value) => value.startsWith('PlatformSSO:')) ||
  (user.unread.has('AltSecurityIdentities') ? null : false);

const nobody: ReadonlySet<string> = new Set();

interface ManagedAccounts {
  /** GeneratedUIDs of the accounts that MDM made; null where it was asked and did not tell. */
  readonly uuids: ReadonlySet<string> | null;
  /** One more may be among those that were not understood. */
  readonly mayBeMore: boolean;
}

/** The accounts that MDM made: nobody's where it was not asked. */
const readManagedAccounts = async (context: Context): Promise<ManagedAccounts> => {
  try {
    const { autoSetupAdminAccounts, areAllAdminsKnown } = await context.read(
      'mdmclient_query_device_information',
    );
    if (autoSetupAdminAccounts !== null) {
      const uuids = new Set(autoSetupAdminAccounts.flatMap(({ guid }) => guid ?? []));
      return { uuids, mayBeMore: !areAllAdminsKnown };
    }
    throw new CollectError('source_failed', 'mdmclient does not say which accounts MDM made', {
      hint: 'only a Mac with an Automated Device Enrollment is known to say it',
      source: 'mdmclient_query_device_information',
    });
  } catch (error) {
    if (error instanceof NotAsked) return { uuids: nobody, mayBeMore: false };
    context.note(error as Error);
    return { uuids: null, mayBeMore: true };
  }
};

/** A shell in a folder of the system; one that is anywhere else may stand in somebody's home. */
const systemShell = knownWords(
  /^(?:\/usr)?(?:\/local)?\/s?bin\/(?:ba|z|c|tc|k|da)?sh$|^\/usr\/bin\/(?:false|true)$|^\/sbin\/nologin$|^\/usr\/sbin\/uucico$/,
  'name',
);

export default defineTable({
  name: 'users',
  description:
    'One row per local account: who it is, can it log in, and is it an administrator, hidden, or of macOS itself.',
  columns: {
    uid: integer('User id, signed: nobody is -2.', { privacy: 'nobody', example: '501', from: ['ds_users'] }),
    gid: integer('Primary group id.', { privacy: 'nobody', example: '20', from: ['ds_users'] }),
    username: required(
      text('Short name: the first RecordName. Aliases make no second row.', {
        privacy: 'name',
        example: 'alice',
      }),
    ),
    description: text('Full name (RealName); personal data.', {
      privacy: 'private',
      example: 'Alice A.',
      from: ['ds_users'],
      nullIsAnswer: 'the record has no full name',
    }),
    directory: text('Home directory.', { privacy: 'name', example: '/Users/alice', from: ['ds_users'] }),
    shell: text('Login shell.', { privacy: systemShell, example: '/bin/zsh', from: ['ds_users'] }),
    uuid: text('GeneratedUID, upper case.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
      from: ['ds_users'],
    }),
    is_hidden: boolean(
      'IsHidden is 1, YES or true; 0 when the record has no such key, NULL for another word.',
      { privacy: 'nobody', example: '0', from: ['ds_users'] },
    ),
    is_admin: boolean('Effective member of gid 80: by name, GUID, nested group or primary group.', {
      privacy: 'nobody',
      example: '1',
      from: ['ds_users', 'ds_groups', 'dsconfigad_show'],
      settled: toldForCertain,
    }),
    account_type: oneOf(
      accountTypes,
      'Kind of account. managed_admin only where MDM was asked (--allow-network); NULL in place of local where it was and did not tell.',
      { privacy: 'nobody', from: ['ds_users', 'mdmclient_query_device_information'] },
    ),
    is_system_account: boolean(
      'Claims to be of macOS: uid below 500, and the GeneratedUID that Apple gives to that uid. Whoever makes an account chooses both.',
      { privacy: 'nobody', example: '0', from: ['ds_users'] },
    ),
    can_login: boolean('Has a real shell and no DisabledUser tag; NULL when the record names no shell.', {
      privacy: 'nobody',
      example: '1',
      from: ['ds_users'],
    }),
    home_exists: boolean('The home directory exists; looked at only for accounts that can log in.', {
      privacy: 'nobody',
      example: '1',
      from: ['stat'],
      nullIsAnswer: 'the account cannot log in',
    }),
    password_hint_set: boolean('Never collected.', {
      privacy: 'private',
      from: [],
      nullBecause: 'whether a hint is set could be told only by reading the hint',
    }),
    platform_sso_registered: boolean('AltSecurityIdentities has a PlatformSSO: value.', {
      privacy: 'nobody',
      example: '0',
      from: ['ds_users'],
    }),
    is_awake: boolean(
      'A sign that somebody uses it: it can log in, has a ShadowHash, is an administrator, or is hidden by its own record. 0 where there is no such sign, as with the service accounts of macOS.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['ds_users', 'ds_groups', 'dsconfigad_show'],
        settled: toldForCertain,
      },
    ),
    has_false_identity: boolean(
      'Claims to be an account of macOS that it cannot be: a GeneratedUID of the form of Apple that does not end in its uid, or the uid of Guest, root or Setup Assistant with another GeneratedUID.',
      { privacy: 'nobody', example: '0', from: ['ds_users'] },
    ),
    uid_signed: integer('The same as uid, under the name by which osquery has it.', {
      privacy: 'nobody',
      example: '501',
      from: ['ds_users'],
    }),
    gid_signed: integer('The same as gid, under the name by which osquery has it.', {
      privacy: 'nobody',
      example: '20',
      from: ['ds_users'],
    }),
    type: text(
      'Empty for every account of macOS, as osquery has it: its words local, roaming and special are of Windows. account_type tells the kind.',
      { privacy: 'nobody', from: ['ds_users'] },
    ),
    home_mode: text(
      'Mode of the home directory, four octal digits; its access control list is not looked at. For accounts that can log in.',
      {
        privacy: knownWords(/^[0-7]{4}$/),
        example: '0750',
        from: ['stat'],
        nullIsAnswer: 'the account cannot log in, or has no home directory',
      },
    ),
    smart_card_paired: boolean('A smart card is paired with the account: it logs in with it.', {
      privacy: 'nobody',
      example: '0',
      from: ['ds_users'],
    }),
  },
  key: ['username', 'uuid', 'uid'],
  sources: ['ds_users', 'ds_groups', 'stat', 'mdmclient_query_device_information', 'dsconfigad_show'],
  rowsFrom: ['ds_users'],
  macos: '10.13+',
  // Guest, and an account of macOS, are both their uid and their GeneratedUID.
  readAnew: {
    '0.3.0': { columns: ['account_type', 'is_system_account'] },
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['account_type', 'is_admin', 'can_login', 'is_awake'] },
  },
  notes: [
    'is_admin is NULL for a mobile account where admin has a member group of a directory, or Active Directory has groups of administrators (ad_config): a directory is never asked.',
  ],
  examples: [
    'SELECT uid, username, account_type, is_admin FROM users WHERE can_login = 1;',
    'SELECT username FROM users WHERE is_admin = 1 AND is_hidden = 1;',
    'SELECT username, uid, shell FROM users WHERE is_system_account = 1 AND is_awake = 1;',
  ],
  generate: async (context) => {
    const [users, groups, managed] = await Promise.all([
      context.read('ds_users'),
      context.orUnknown(context.read('ds_groups')),
      readManagedAccounts(context),
    ]);
    const isAdminOf = await adminDecider(context, users, groups);
    const typeOf = (user: DsUser) => {
      const type = accountTypeOf(user, managed.uuids);
      // The account may be the one that MDM made and that was not understood.
      return type === 'local' && managed.mayBeMore ? null : type;
    };
    return Promise.all(
      users.map(async (user) => {
        const home = await lookHome(context, user);
        return {
          uid: user.uid,
          gid: user.gid,
          username: user.recordName,
          description: user.realName,
          directory: user.home,
          shell: user.shell,
          uuid: user.uuid,
          is_hidden: bit(user.isHidden),
          is_admin: isAdminOf(user),
          account_type: typeOf(user),
          is_system_account: isSystemAccount(user),
          can_login: canLogin(user),
          home_exists: home?.exists ?? null,
          password_hint_set: null,
          platform_sso_registered: bit(isRegistered(user)),
          is_awake: isAwake(user, isAdminOf(user)),
          has_false_identity: isFalseIdentity(user),
          uid_signed: user.uid,
          gid_signed: user.gid,
          type: '',
          home_mode: home?.mode ?? null,
          smart_card_paired: bit(isCardPaired(user)),
        };
      }),
    );
  },
});
