/** What local accounts and groups are: the one place for who can log in, who is an admin, and which kind an account is. */
import { CollectError, NotAsked } from '../../collector/errors.ts';
import { unread as notUnderstood } from '../../collector/setting.ts';
import { hasTag, parseAuthenticationAuthority } from '../../collector/parsers/authentication_authority.ts';
import type { DsGroup } from '../../collector/parsers/ds_groups.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import type { Context } from '../../collector/table.ts';
import { canLogin, tagOf } from '../../collector/accounts.ts';

export const accountTypes = [
  'local',
  'mobile',
  'managed_admin',
  'guest',
  'root',
  'setup_assistant',
  'service',
] as const;
export type AccountType = (typeof accountTypes)[number];

/** GeneratedUIDs that Apple gives to its own accounts: this and the uid in 8 hexadecimal digits. */
const systemUuidPrefix = 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA';
export const guestUuid = `${systemUuidPrefix}000000C9`;
const adminGid = 80;

/** Has the tag DisabledTags for this tag: it is kept from being granted by itself, which is not a token. */
export const isTagDisabled = (user: DsUser, tag: string): boolean | null =>
  user.authenticationAuthority.some((value) =>
    parseAuthenticationAuthority(value).disabledTags.includes(tag),
  ) || (user.unread.has('AuthenticationAuthority') ? null : false);

const appleUuidOf = (uid: number): string =>
  `${systemUuidPrefix}${(uid >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;

/** What the record claims, which whoever makes an account may choose: it proves nothing of who uses it. */
export const isSystemAccount = ({ uid, uuid }: DsUser): 0 | 1 | null => {
  if (uid === null || uuid === null) return null;
  return uid < 500 && uuid === appleUuidOf(uid) ? 1 : 0;
};

/** Guest is both, its uid and its GeneratedUID; either alone is a claim. */
export const isGuestIfKnown = ({ uid, uuid }: DsUser): boolean | null => {
  if (uid !== null && uid !== 201) return false;
  if (uuid !== null && uuid !== guestUuid) return false;
  return uid === null || uuid === null ? null : true;
};
export const isGuest = (user: DsUser): boolean => isGuestIfKnown(user) === true;

export const isRoot = (user: DsUser): boolean => user.uid === 0 && user.recordName === 'root';
export const isSetupAssistant = (user: DsUser): boolean =>
  user.recordName === '_mbsetupuser' && user.uid === 248;

/** 1 where a part of the record claims an account of macOS, and the GeneratedUID or the uid is not that account's. */
export const isFalseIdentity = (user: DsUser): 0 | 1 | null => {
  const { uid, uuid } = user;
  if (uid === null || uuid === null) return null;
  const isClaimed =
    uuid.startsWith(systemUuidPrefix) || uid === 201 || isRoot(user) || isSetupAssistant(user);
  return isClaimed && isSystemAccount(user) === 0 ? 1 : 0;
};

const hasShadowHash = ({ authenticationAuthority, unread }: DsUser): boolean | null =>
  authenticationAuthority.some((value) => {
    const { tag, data } = parseAuthenticationAuthority(value);
    // A disabled account keeps its former value behind the tag.
    return tag === 'ShadowHash' || (tag === 'DisabledUser' && data !== null && hasTag([data], 'ShadowHash'));
  }) || (unread.has('AuthenticationAuthority') ? null : false);

/** 1 by any sign that somebody uses the account, 0 where every sign was looked for and there is none. */
export const isAwake = (user: DsUser, isAdmin: 0 | 1 | null): 0 | 1 | null => {
  const signs = [canLogin(user), isAdmin, user.isHidden, hasShadowHash(user)].map((sign) =>
    sign === null ? null : Boolean(sign),
  );
  if (signs.includes(true)) return 1;
  return signs.includes(null) ? null : 0;
};

/** Half of the identity is not known, and the other half is that of root, Setup Assistant or Guest. */
const mayBeOfMacos = (user: DsUser): boolean =>
  isGuestIfKnown(user) === null || (user.uid === null && ['root', '_mbsetupuser'].includes(user.recordName));

/** An account of macOS, or one of a service's name or uid that cannot log in; null where what is lost of it would tell. */
const isServiceIfKnown = (user: DsUser): boolean | null => {
  const { uid, uuid, recordName } = user;
  const isOfApple = (uuid === null || uuid.startsWith(systemUuidPrefix)) && (uid === null || uid < 500);
  const isOfMacos = isOfApple ? isSystemAccount(user) : 0;
  const isNamed = recordName.startsWith('_') || (uid === null ? null : uid < 500);
  const login = canLogin(user);
  if (isOfMacos === 1 || (isNamed === true && login === 0)) return true;
  return isOfMacos === null || (isNamed !== false && login !== 1) ? null : false;
};

/**
 * Null where a tag or an id could not be read that would tell.
 *
 * @param managedUuids GeneratedUIDs of the accounts that MDM made; null where it was asked and did not tell.
 */
export const accountTypeOf = (user: DsUser, managedUuids: ReadonlySet<string> | null): AccountType | null => {
  if (isRoot(user)) return 'root';
  if (isSetupAssistant(user)) return 'setup_assistant';
  if (isGuest(user)) return 'guest';
  if (mayBeOfMacos(user)) return null;
  if (user.uuid !== null && managedUuids?.has(user.uuid) === true) return 'managed_admin';
  const isMobile = tagOf(user, 'LocalCachedUser');
  if (isMobile !== false) return isMobile === null ? null : 'mobile';
  const isService = isServiceIfKnown(user);
  if (isService !== false) return isService === null ? null : 'service';
  return managedUuids === null ? null : 'local';
};

/** The local accounts by GeneratedUID. */
export interface LocalAccounts {
  /** False where an account may be left out: what is not here may exist. */
  readonly isComplete: boolean;
  /** Short name; null where no account that was read has the UUID. */
  nameOf(uuid: string): string | null;
  /** Null where nobody can say that no account has it. */
  has(uuid: string): boolean | null;
  /** An account that is not Guest has the GeneratedUID of Guest. */
  readonly isGuestTaken: boolean;
}

/** @param users Null when they could not be read. */
export const localAccounts = (context: Context, users: readonly DsUser[] | null): LocalAccounts => {
  const names = new Map(
    (users ?? []).flatMap(({ uuid, recordName }) => (uuid === null ? [] : [[uuid, recordName]])),
  );
  const isComplete = users !== null && context.isComplete('ds_users');
  return {
    isComplete,
    nameOf: (uuid) => names.get(uuid) ?? null,
    has: (uuid) => names.has(uuid) || (isComplete ? false : null),
    isGuestTaken: users?.some((user) => user.uuid === guestUuid && isGuestIfKnown(user) === false) === true,
  };
};

// macOS computes these two for every local account; their records name nobody.
const everybodyGids = new Set([12, 61]);

const lowerCase = (name: string): string => name.toLowerCase();

/** How an account is in a group: named by it, or through a nested group or its primary group. */
export type Membership = 'direct' | 'indirect';

const groupsByUuid = (groups: readonly DsGroup[]): ReadonlyMap<string, DsGroup> =>
  new Map(groups.flatMap((group) => (group.uuid === null ? [] : [[group.uuid, group] as const])));

/** Groups with all that are nested in them, at any depth and in circles; and whether one of those is not of this Mac. */
const nestingOf = (
  from: readonly DsGroup[],
  byUuid: ReadonlyMap<string, DsGroup>,
): { readonly groups: ReadonlySet<DsGroup>; readonly isForeign: boolean } => {
  const seen = new Set(from);
  let isForeign = false;
  for (const group of seen) {
    for (const uuid of group.nestedGroupUuids) {
      const nested = byUuid.get(uuid);
      if (nested === undefined) isForeign = true;
      else seen.add(nested);
    }
  }
  return { groups: seen, isForeign };
};

const add = <K>(map: Map<K, DsUser[]>, key: K, user: DsUser): void => {
  const known = map.get(key);
  if (known === undefined) map.set(key, [user]);
  else known.push(user);
};

/**
 * Effective membership of every local account, as macOS computes it: by any of the account's record
 * names, by GeneratedUID, through nested groups (which may form circles), and by primary group.
 *
 * @returns For each group, the accounts that are in it.
 */
export const memberships = (
  users: readonly DsUser[],
  groups: readonly DsGroup[],
): ReadonlyMap<DsGroup, ReadonlyMap<DsUser, Membership>> => {
  const byName = new Map<string, DsUser[]>();
  const byUuid = new Map<string, DsUser[]>();
  const byGid = new Map<number, DsUser[]>();
  for (const user of users) {
    for (const name of new Set([user.recordName, ...user.aliases].map(lowerCase))) add(byName, name, user);
    if (user.uuid !== null) add(byUuid, user.uuid, user);
    if (user.gid !== null) add(byGid, user.gid, user);
  }
  const groupByUuid = groupsByUuid(groups);

  const directOf = (group: DsGroup): DsUser[] => [
    ...group.memberNames.flatMap((name) => byName.get(lowerCase(name)) ?? []),
    ...group.memberUuids.flatMap((uuid) => byUuid.get(uuid) ?? []),
  ];
  const ownOf = (group: DsGroup): readonly DsUser[] => {
    if (group.gid !== null && everybodyGids.has(group.gid)) return users;
    return [...directOf(group), ...(group.gid === null ? [] : (byGid.get(group.gid) ?? []))];
  };

  const result = new Map<DsGroup, Map<DsUser, Membership>>();
  for (const group of groups) {
    const members = new Map<DsUser, Membership>();
    for (const user of directOf(group)) members.set(user, 'direct');
    for (const part of nestingOf([group], groupByUuid).groups) {
      const isEverybody = part === group && part.gid !== null && everybodyGids.has(part.gid);
      for (const user of isEverybody ? [] : ownOf(part))
        if (!members.has(user)) members.set(user, 'indirect');
    }
    result.set(group, members);
  }
  return result;
};

/** False for one of those that make the answer incomplete: where all are known, a whole record is lost. */
const isKnownGroup = ({ recordName, uuid, unread }: DsGroup): boolean =>
  recordName !== null && uuid !== null && !unread.has('RecordName');
const isMembershipRead = ({ unread }: DsGroup): boolean =>
  !['GroupMembership', 'GroupMembers', 'NestedGroups'].some((attribute) => unread.has(attribute));
/** A group may name the account by what could not be read of it. */
const isMembershipUnread = ({ unread, uuid, gid }: DsUser): boolean =>
  unread.has('RecordName') || uuid === null || gid === null;

const isMobile = (user: DsUser): boolean => tagOf(user, 'LocalCachedUser') !== false;

/**
 * Whether Active Directory may make somebody an administrator at login, whom no local group names. Older evidence was read
 * without that answer, and still is.
 */
const mayDirectoryDecide = async (context: Context): Promise<boolean> => {
  let reason = 'Active Directory makes the members of its groups administrators, and no directory is asked';
  try {
    const { adminGroups } = await context.read('dsconfigad_show');
    if (adminGroups === null) return false;
    if (adminGroups === notUnderstood)
      reason = 'which groups of Active Directory are administrators is not known';
  } catch (error) {
    if (error instanceof NotAsked) return false;
    if (!(error instanceof CollectError)) throw error;
    reason = `whether Active Directory makes administrators is not known: ${error.message}`;
  }
  context.note(new NotAsked(`is_admin: ${reason}`), { source: 'dsconfigad_show' });
  return true;
};

/**
 * Who is an administrator: 1, 0, or NULL where nobody can tell, which is noted. An account that no group names is
 * none, unless a group could not be read; nor is a mobile account where admin has a member group of a directory, or
 * Active Directory has groups of administrators: a directory is never asked.
 *
 * @param groups Null when they could not be read.
 */
export const adminDecider = async (
  context: Context,
  users: readonly DsUser[],
  groups: readonly DsGroup[] | null,
): Promise<(user: DsUser) => 0 | 1 | null> => {
  if (groups === null) return () => null;
  const adminGroups = groups.filter((group) => group.gid === adminGid);
  if (adminGroups.length === 0) {
    const problem = new CollectError('source_failed', 'there is no local group with gid 80', {
      hint: 'look at the group admin by hand: without it nobody can tell who is an administrator',
    });
    context.note(problem, { source: 'ds_groups' });
    return () => null;
  }
  const all = memberships(users, groups);
  const inAnyOf = (of: readonly DsGroup[]): ReadonlySet<DsUser> =>
    new Set(of.flatMap((group) => [...(all.get(group)?.keys() ?? [])]));
  const administrators = inAnyOf(adminGroups);
  // Whoever is in a group whose id could not be read may be one.
  const nameless = groups.filter((group) => group.gid === null);
  const doubtful = inAnyOf(nameless);
  const nesting = nestingOf(adminGroups, groupsByUuid(groups));
  // What is odd of groups of other ids makes nobody an administrator, unless one is nested that was not found.
  const isLost = !context.isComplete('ds_groups') && (nesting.isForeign || groups.every(isKnownGroup));
  const isComplete = !isLost && [...nesting.groups, ...nameless].every(isMembershipRead);
  const isForeign = isComplete && nesting.isForeign;
  const hasGuests = users.some((user) => isMobile(user) && !administrators.has(user));
  const isDecidedElsewhere = isComplete && hasGuests && (isForeign || (await mayDirectoryDecide(context)));
  if (isForeign && hasGuests) {
    context.note(
      new NotAsked('is_admin: the group admin has a member group of a directory, which is never asked'),
      { source: 'ds_groups' },
    );
  }
  return (user) => {
    if (administrators.has(user)) return 1;
    const isKnown =
      isComplete &&
      !doubtful.has(user) &&
      !isMembershipUnread(user) &&
      !(isDecidedElsewhere && isMobile(user));
    return isKnown ? 0 : null;
  };
};
