/** The APFS crypto users of this Mac, and what the well-known ones are. */
import type { ApfsVolume } from '../../collector/parsers/diskutil_apfs_list.ts';
import type { Context } from '../../collector/table.ts';
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
}

/** What the volume of the running system lists. */
export interface CryptoListing {
  /** Null where no volume is APFS, and nobody is listed. */
  readonly device: string | null;
  readonly volumeUuid: string | null;
  readonly users: readonly CryptoUser[];
  readonly byUuid: ReadonlyMap<string, CryptoUser>;
  /** False where an entry is left out: who is not listed may be. */
  readonly isComplete: boolean;
}

/** The one volume with the role Data; null where there is no APFS. */
const volumeOf = (volumes: readonly ApfsVolume[] | null): { device: string; uuid: string | null } | null => {
  if (volumes !== null && volumes.length === 0) return null;
  const [data, ...more] = (volumes ?? []).filter(({ roles }) => roles.includes('Data'));
  // Before 10.15 no volume has the role, and a Mac with two systems has two: the startup volume is of the right one.
  if (data === undefined || more.length > 0) return { device: '/', uuid: null };
  return { device: data.deviceIdentifier, uuid: data.uuid };
};

/** A word that is not known is shown as it is, but for a UUID that tells what it is by itself. */
const typeOf = (uuid: string, printed: string | null, volumeUuid: string | null): string => {
  if (cryptoUserTypes.some((type) => type === printed)) return printed ?? 'Unknown';
  if (volumeUuid !== null && uuid === volumeUuid) return 'Disk';
  return wellKnown.get(uuid)?.type ?? printed ?? 'Unknown';
};

/** Throws where the volume does not answer; that the volumes are not known is noted. */
export const readCryptoListing = async (context: Context): Promise<CryptoListing> => {
  const volumes = await context.orUnknown(context.read('diskutil_apfs_list'));
  // Of a list that lacks a volume, or its role, nobody can tell which is the one: the startup volume is asked.
  const volume = volumeOf(context.isComplete('diskutil_apfs_list') ? volumes : null);
  if (volume === null)
    return { device: null, volumeUuid: null, users: [], byUuid: new Map(), isComplete: true };
  const { device, uuid } = volume;
  const answer = await context.read('diskutil_apfs_list_users', device);
  const users = answer.users.map((user) => ({
    uuid: user.uuid,
    type: typeOf(user.uuid, user.type, uuid),
    volumeOwner: user.volumeOwner,
  }));
  const isComplete = context.isComplete('diskutil_apfs_list_users', device);
  return {
    device,
    volumeUuid: uuid,
    users,
    byUuid: new Map(users.map((user) => [user.uuid, user])),
    isComplete,
  };
};

/** The command that says who is listed, or that no volume is APFS. */
export const listingCommand = (context: Context, { device }: CryptoListing): string | null =>
  device === null
    ? context.commandId('diskutil_apfs_list')
    : context.commandId('diskutil_apfs_list_users', device);

/** What a crypto user is; null where only accounts that were not read could tell, or its kind is not known. */
export const resolutionOf = (
  user: CryptoUser,
  volumeUuid: string | null,
  accounts: LocalAccounts,
): Resolution | null => {
  const known = wellKnown.get(user.uuid)?.resolution;
  if (known !== undefined) return known;
  if (volumeUuid !== null && user.uuid === volumeUuid) return 'disk';
  const byType = resolutionOfType.get(user.type);
  if (byType !== undefined) return byType;
  const isLocal = accounts.has(user.uuid);
  if (isLocal === true) return 'local_user';
  // A kind that is not known need not be an account.
  return isLocal === false && user.type === 'LocalOpenDirectory' ? 'orphan' : null;
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
  if (!isComplete) return null;
  return users.some(({ volumeOwner }) => volumeOwner !== null) ? false : null;
};
