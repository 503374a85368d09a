/**
 * Answers that are well-formed and cannot be true beside the others of the same Mac. Such an answer is no answer: whoever
 * reads it gets `contradicted` in its place, and the reason names both commands. This stands between the parsers, which
 * see one answer, and the tables, which believe what they read.
 *
 * The other commands are asked only where an answer looks odd by itself, and always the same ones: what is believed does
 * not depend on which tables are collected.
 */
import { isForSysadminctl } from './accounts.ts';
import { hasTag } from './parsers/authentication_authority.ts';
import type { ApfsVolume } from './parsers/diskutil_apfs_list.ts';
import type { DiskutilInfoRoot } from './parsers/diskutil_info_root.ts';
import type { Parsed } from './parsing.ts';
import type { CommandName } from './sources.ts';
import { asksSysadminctl } from './version.ts';

export interface Beside {
  /** Another answer as it came; null where there is none. */
  said<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S> | null>;
  /** False where an answer leaves something out: what it lacks may exist. */
  isComplete(source: CommandName, ...parameters: string[]): boolean;
}

/** Why an answer cannot be true; null where it can. */
type Objection<S extends CommandName> = (answer: Parsed<S>, beside: Beside) => Promise<string | null>;

/** Whether the volume of `/` is among these: by its device or its UUID, by its container where it tells neither. */
const holdsRoot = (volumes: readonly ApfsVolume[], root: DiskutilInfoRoot): boolean => {
  const device = rootDeviceOf(root);
  const isNamed = device !== null || root.volumeUuid !== null;
  return volumes.some(
    (volume) =>
      (device !== null && volume.deviceIdentifier === device) ||
      (root.volumeUuid !== null && volume.uuid === root.volumeUuid) ||
      (!isNamed && root.containerReference !== null && volume.containerReference === root.containerReference),
  );
};

/** The volume of the running system, of which `/` is a snapshot from macOS 11 on: disk3s1 of disk3s1s1. */
export const rootDeviceOf = ({ deviceIdentifier }: DiskutilInfoRoot): string | null =>
  /^disk[0-9]+s[0-9]+/.exec(deviceIdentifier ?? '')?.[0] ?? null;

interface Identified {
  readonly recordName: string | null;
  readonly uuid: string | null;
  readonly unread: ReadonlySet<string>;
}

/**
 * Every Mac has root, and the group admin. A record of which the id is not known may be the one that is missed, and so
 * may one that is lost: where an answer leaves something out, and nothing is odd of the records that are there.
 */
const lacks = <R extends Identified>(
  source: 'ds_users' | 'ds_groups',
  records: readonly R[],
  idOf: (record: R) => number | null,
  id: number,
  beside: Beside,
): boolean => {
  if (records.some((record) => idOf(record) === id || idOf(record) === null)) return false;
  const isOdd = ({ recordName, uuid, unread }: Identified): boolean =>
    recordName === null || uuid === null || unread.has('RecordName');
  return beside.isComplete(source) || records.some(isOdd);
};

const noRoot = 'dscl . -readall /Users names no account with uid 0, which every Mac has';
const usersWithoutRoot: Objection<'ds_users'> = async (users, beside) =>
  lacks('ds_users', users, ({ uid }) => uid, 0, beside) ? noRoot : null;

/** The same records, asked for other attributes; who has never logged in may be left out of them. */
const policiesOfNobody: Objection<'ds_account_policy'> = async (records, beside) =>
  records.length === 0 && beside.isComplete('ds_account_policy') ? noRoot : null;

const groupsWithoutAdmin: Objection<'ds_groups'> = async (groups, beside) =>
  lacks('ds_groups', groups, ({ gid }) => gid, 80, beside)
    ? 'dscl . -readall /Groups names no group with gid 80, which every Mac has'
    : null;

const volumesWithoutRoot: Objection<'diskutil_apfs_list'> = async (volumes, beside) => {
  if (!beside.isComplete('diskutil_apfs_list')) return null;
  const root = await beside.said('diskutil_info_root');
  if (root?.filesystem !== 'apfs' || holdsRoot(volumes, root)) return null;
  return 'diskutil apfs list has no volume of "/", which is on APFS as diskutil info -plist / says';
};

const rootOfApfs: Objection<'diskutil_info_root'> = async (root, beside) => {
  if (root.filesystem !== 'hfs') return null;
  if (root.containerReference !== null)
    return 'diskutil info -plist / says that "/" is on HFS+, and names a container of APFS for it';
  const volumes = (await beside.said('diskutil_apfs_list')) ?? [];
  return holdsRoot(volumes, root)
    ? 'diskutil info -plist / says that "/" is on HFS+, and diskutil apfs list has its volume'
    : null;
};

/** A witness that somebody can unlock the volume; null where none answers so. */
const witnessOfTokens = async (beside: Beside): Promise<string | null> => {
  const [status, extended] = await Promise.all([
    beside.said('fdesetup_status'),
    beside.said('fdesetup_list_extended'),
  ]);
  if (status?.isOn === true) return 'fdesetup status says that FileVault is on';
  if (extended?.rows.some(({ type }) => type === 'os_user') === true)
    return 'fdesetup list -extended names users';
  const plain = extended === null ? await beside.said('fdesetup_list') : null;
  if (plain?.users.some(({ name }) => name !== null) === true) return 'fdesetup list names users';
  const users = (await beside.said('ds_users')) ?? [];
  if (users.some(({ authenticationAuthority }) => hasTag(authenticationAuthority, 'SecureToken')))
    return 'dscl . -readall /Users has accounts with the tag SecureToken';
  if (!asksSysadminctl(await beside.said('sw_vers'))) return null;
  const names = users.filter(isForSysadminctl).map(({ recordName }) => recordName);
  const states = await Promise.all(names.map((name) => beside.said('sysadminctl_secure_token_status', name)));
  return states.some((answer) => answer?.state === 'ENABLED')
    ? 'sysadminctl -secureTokenStatus says ENABLED'
    : null;
};

const listingOfNobody: Objection<'diskutil_apfs_list_users'> = async ({ users }, beside) => {
  if (users.length > 0) return null;
  const witness = await witnessOfTokens(beside);
  return witness === null ? null : `diskutil apfs listUsers names nobody, and ${witness}`;
};

/** During a decryption both may be right: the list is gone before the headline says so. */
const listAgainstStatus = async (
  tool: string,
  says: 'off' | 'nobody' | null,
  beside: Beside,
): Promise<string | null> => {
  if (says === null) return null;
  const status = await beside.said('fdesetup_status');
  if (status?.isOn !== true || status.status === 'decrypting') return null;
  const what = says === 'off' ? 'says that FileVault is off' : 'names nobody';
  return `${tool} ${what}, and fdesetup status says that FileVault is on`;
};

const extendedList: Objection<'fdesetup_list_extended'> = ({ rows, isFileVaultOff }, beside) =>
  listAgainstStatus(
    'fdesetup list -extended',
    isFileVaultOff
      ? 'off'
      : rows.length === 0 && beside.isComplete('fdesetup_list_extended')
        ? 'nobody'
        : null,
    beside,
  );

const plainList: Objection<'fdesetup_list'> = ({ users, isFileVaultOff }, beside) =>
  listAgainstStatus(
    'fdesetup list',
    isFileVaultOff ? 'off' : users.length === 0 && beside.isComplete('fdesetup_list') ? 'nobody' : null,
    beside,
  );

const profilesWithoutMdm: Objection<'profiles_show_configuration'> = async ({ mdm }, beside) => {
  if (mdm !== null || !beside.isComplete('profiles_show_configuration')) return null;
  const status = await beside.said('profiles_status_enrollment');
  const isEnrolled =
    status?.mdmEnrolled === true || (status?.isLegacy === true && status.enrolledViaDep === true);
  return isEnrolled
    ? 'profiles show -type configuration lists no MDM profile, and profiles status -type enrollment says enrolled'
    : null;
};

/** The answers that others can contradict. */
const objections: { readonly [S in CommandName]?: Objection<S> } = {
  ds_users: usersWithoutRoot,
  ds_account_policy: policiesOfNobody,
  ds_groups: groupsWithoutAdmin,
  diskutil_apfs_list: volumesWithoutRoot,
  diskutil_info_root: rootOfApfs,
  diskutil_apfs_list_users: listingOfNobody,
  fdesetup_list_extended: extendedList,
  fdesetup_list: plainList,
  profiles_show_configuration: profilesWithoutMdm,
};

export const contradictable = Object.keys(objections) as CommandName[];

/** Why an answer cannot be true beside the others; null where it can. */
export const objectionTo = async (
  source: CommandName,
  answer: unknown,
  beside: Beside,
): Promise<string | null> => {
  const objection = objections[source];
  return objection === undefined ? null : objection(answer as never, beside);
};
