/** The APFS crypto users of this Mac, and what the well-known ones are. */
import { parseFailed } from '../../collector/errors.ts';
import { rootDeviceOf } from '../../collector/contradictions.ts';
import type { ApfsVolume } from '../../collector/parsers/diskutil_apfs_list.ts';
import type { DiskutilInfoRoot } from '../../collector/parsers/diskutil_info_root.ts';
import type { Context } from '../../collector/table.ts';
import { versionOf } from '../../collector/version.ts';
import { guestUuid } from './accounts.ts';
import type { LocalAccounts } from './accounts.ts';

export const personalRecoveryUuid = 'EBC6C064-0000-11AA-AA11-00306543ECAC';
export const institutionalRecoveryUuid = 'C064EBC6-0000-11AA-AA11-00306543ECAC';
export const icloudRecoveryExternalUuid = '64C0C6EB-0000-11AA-AA11-00306543ECAC';
export const icloudRecoveryUuid = 'EC1C2AD9-B618-4ED6-BD8D-50F361C27507';
export const bootstrapTokenUuid = '2457711A-523C-4604-B75A-F48A571D5036';

/** The words of diskutil that are known; Apple adds to them. */
export const cryptoUserTypes = [
  'LocalOpenDirectory',
  'PersonalRecovery',
  'InstitutionalRecovery',
  'ICloud',
  'ICloudRecovery',
  'MDMRecovery',
  'Disk',
] as const;
type CryptoUserType = (typeof cryptoUserTypes)[number];

export const resolutions = [
  'local_user',
  'guest',
  'recovery_key',
  'bootstrap_token',
  'icloud',
  'disk',
  'orphan',
] as const;
export type Resolution = (typeof resolutions)[number];

/** What the UUIDs stand for that are the same on every Mac. */
const wellKnown: ReadonlyMap<string, { readonly type: CryptoUserType; readonly resolution: Resolution }> =
  new Map([
    [personalRecoveryUuid, { type: 'PersonalRecovery', resolution: 'recovery_key' }],
    [institutionalRecoveryUuid, { type: 'InstitutionalRecovery', resolution: 'recovery_key' }],
    [icloudRecoveryExternalUuid, { type: 'ICloudRecovery', resolution: 'icloud' }],
    [icloudRecoveryUuid, { type: 'ICloud', resolution: 'icloud' }],
    [bootstrapTokenUuid, { type: 'MDMRecovery', resolution: 'bootstrap_token' }],
    [guestUuid, { type: 'LocalOpenDirectory', resolution: 'guest' }],
  ]);
export const isWellKnown = (uuid: string): boolean => wellKnown.has(uuid);

const resolutionOfType: ReadonlyMap<string, Resolution> = new Map<CryptoUserType, Resolution>([
  ['PersonalRecovery', 'recovery_key'],
  ['InstitutionalRecovery', 'recovery_key'],
  ['ICloud', 'icloud'],
  ['ICloudRecovery', 'icloud'],
  ['MDMRecovery', 'bootstrap_token'],
  ['Disk', 'disk'],
]);

export interface CryptoUser {
  readonly uuid: string;
  /** As diskutil prints it; Unknown where it does not tell. */
  readonly type: string;
  /** Null when the key is absent: Intel, or macOS before 11. */
  readonly volumeOwner: boolean | null;
  /** Keys in which two entries of this UUID differ. */
  readonly differing: readonly string[];
}

/** What the volume of the running system lists. */
export interface CryptoListing {
  /** Null where `/` is not on APFS, and nobody is listed. */
  readonly device: string | null;
  readonly volumeUuid: string | null;
  readonly users: readonly CryptoUser[];
  readonly byUuid: ReadonlyMap<string, CryptoUser>;
  /** False where an entry is left out: who is not listed may be. */
  readonly isComplete: boolean;
}

/** Why a table says nothing where `/` is not on APFS. */
export const noApfs =
  'the startup volume is not on APFS: there are no secure tokens, and nobody owns the volume';

/** Which volume is to be asked for the crypto users of the running system. */
type Asked = { readonly device: string; readonly uuid: string | null } | 'no APFS';

/**
 * The Data volume of the running system, null where nobody can tell which it is. One of its group is it; where no group
 * is told, it is the only one of its container, unless `/` has not the role System: what was started from a volume
 * without a role (before macOS 10.15) is another system than that of the Data volume.
 */
const dataVolumeOf = (root: DiskutilInfoRoot, volumes: readonly ApfsVolume[], isComplete: boolean) => {
  const device = rootDeviceOf(root);
  const container = root.containerReference ?? /^disk[0-9]+/.exec(device ?? '')?.[0] ?? null;
  const own = volumes.find(({ deviceIdentifier }) => deviceIdentifier === device);
  const group = root.volumeGroupUuid ?? own?.volumeGroupUuid ?? null;
  const ofData = volumes.filter(
    ({ roles, containerReference }) =>
      roles.includes('Data') && container !== null && containerReference === container,
  );
  const ofGroup = ofData.filter(({ volumeGroupUuid }) => group !== null && volumeGroupUuid === group);
  if (ofGroup.length === 1) return ofGroup[0] ?? null;
  const [only, ...more] = ofData;
  if (!isComplete || only === undefined || more.length > 0) return null;
  const isOfAnother = only.volumeGroupUuid !== null || own?.roles.includes('System') === false;
  return isOfAnother ? null : only;
};

/** Where it is not known which system is running, the startup volume is asked, which is always the right one. */
const volumeOf = (
  root: DiskutilInfoRoot | null,
  volumes: readonly ApfsVolume[] | null,
  isComplete: boolean,
): Asked => {
  if (root?.filesystem === 'hfs') return 'no APFS';
  // Without a word on the file system: no volume at all is APFS.
  if (root?.filesystem == null && volumes?.length === 0 && isComplete) return 'no APFS';
  const data = root === null || volumes === null ? null : dataVolumeOf(root, volumes, isComplete);
  return data === null ? { device: '/', uuid: null } : { device: data.deviceIdentifier, uuid: data.uuid };
};

/** The same where it is sure, whatever else of both answers is odd: a volume of the group of `/` is that of its system. */
const sureVolumeOf = async (context: Context): Promise<Asked | null> => {
  const [root, volumes] = [
    await context.said('diskutil_info_root'),
    await context.said('diskutil_apfs_list'),
  ];
  if (root?.filesystem !== 'apfs' || volumes === null) return null;
  const data = dataVolumeOf(root, volumes, false);
  return data === null ? null : { device: data.deviceIdentifier, uuid: data.uuid };
};

const readVolume = async (context: Context): Promise<Asked> => {
  const sure = await sureVolumeOf(context);
  if (sure !== null) return sure;
  const [root, volumes] = await Promise.all([
    context.orUnknown(context.read('diskutil_info_root')),
    context.orUnknown(context.read('diskutil_apfs_list')),
  ]);
  return volumeOf(root, volumes, context.isComplete('diskutil_apfs_list'));
};

/** A word that is not known is shown as it is, but for a UUID that tells what it is by itself. */
const typeOf = (uuid: string, printed: string | null, volumeUuid: string | null): string => {
  if (cryptoUserTypes.some((type) => type === printed)) return printed ?? 'Unknown';
  if (volumeUuid !== null && uuid === volumeUuid) return 'Disk';
  return wellKnown.get(uuid)?.type ?? printed ?? 'Unknown';
};

/** Throws where the volume does not answer; that the volumes are not known is noted. */
export const readCryptoListing = async (context: Context): Promise<CryptoListing> => {
  const asked = await readVolume(context);
  if (asked === 'no APFS')
    return { device: null, volumeUuid: null, users: [], byUuid: new Map(), isComplete: true };
  const { device, uuid } = asked;
  const answer = await context.read('diskutil_apfs_list_users', device);
  const users = answer.users.map((user) => ({
    uuid: user.uuid,
    type: typeOf(user.uuid, user.type, uuid),
    volumeOwner: user.volumeOwner,
    differing: user.differing,
  }));
  return {
    device,
    volumeUuid: uuid,
    users,
    byUuid: new Map(users.map((user) => [user.uuid, user])),
    isComplete: context.isComplete('diskutil_apfs_list_users', device),
  };
};

/** Whether a UUID is listed; null where nobody can tell. */
export const isListed = ({ byUuid, isComplete, device }: CryptoListing, uuid: string): boolean | null =>
  device === null ? null : byUuid.has(uuid) || (isComplete ? false : null);

/** The command that says who is listed, or that `/` is not on APFS. */
export const listingCommand = (context: Context, { device }: CryptoListing): string | null =>
  device === null
    ? context.commandId('diskutil_info_root')
    : context.commandId('diskutil_apfs_list_users', device);

/** What a crypto user is; null where only accounts that were not read could tell, or its kind is not known. */
export const resolutionOf = (
  user: CryptoUser,
  volumeUuid: string | null,
  accounts: LocalAccounts,
): Resolution | null => {
  const known = wellKnown.get(user.uuid)?.resolution;
  if (known === 'guest' && accounts.isGuestTaken) return 'local_user';
  if (known !== undefined) return known;
  if (volumeUuid !== null && user.uuid === volumeUuid) return 'disk';
  const byType = resolutionOfType.get(user.type);
  if (byType !== undefined) return byType;
  const isLocal = accounts.has(user.uuid);
  if (isLocal === true) return 'local_user';
  // A kind that is not known need not be an account.
  return isLocal === false && user.type === 'LocalOpenDirectory' ? 'orphan' : null;
};

const untoldType = parseFailed('diskutil apfs listUsers does not tell the type of an entry');

const isOfNoKind = (type: string): boolean => !cryptoUserTypes.some((known) => known === type);

/** Notes that of a UUID without an account it is not known what it is: it may be one whose account is gone. */
export const tellUntoldStrangers = (
  context: Context,
  { device, users }: CryptoListing,
  accounts: LocalAccounts,
): void => {
  if (device === null || !users.some(({ uuid, type }) => isOfNoKind(type) && accounts.has(uuid) !== true))
    return;
  context.note(untoldType, { source: 'diskutil_apfs_list_users', parameters: [device] });
};

/** Notes that the type of an entry is not told, where that costs a value. */
export const tellUntoldTypes = (context: Context, { device, users }: CryptoListing): void => {
  if (device === null || !users.some(({ type }) => type === 'Unknown')) return;
  const problem = untoldType.costing('entry');
  context.note(problem, { source: 'diskutil_apfs_list_users', parameters: [device] });
};

/**
 * Whether an account owns the volume. An account that is not listed is no owner, where the listing
 * speaks of owners at all; where it does not (Intel, or macOS before 11) nobody's is known.
 */
export const volumeOwnerOf = (
  uuid: string | null,
  { users, byUuid, isComplete }: CryptoListing,
): boolean | null => {
  if (uuid === null) return null;
  const own = byUuid.get(uuid);
  if (own !== undefined) return own.volumeOwner;
  return isComplete && users.some(({ volumeOwner }) => volumeOwner !== null) ? false : null;
};

/** Says that nobody can own the volume where that is so: the listing tells no owners, and macOS is too old for them. */
export const tellNoOwners = async (context: Context, { users }: CryptoListing): Promise<void> => {
  if (users.length === 0 || users.some(({ volumeOwner }) => volumeOwner !== null)) return;
  const { number } = versionOf((await context.said('sw_vers'))?.productVersion);
  if (number !== null && number < 110_000)
    context.inapplicable(['volume_owner'], 'volumes have owners from macOS 11 on');
};
