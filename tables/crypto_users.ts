/** The APFS crypto users of this Mac, and what the well-known ones are. */
import type { ApfsVolume } from '../collector/parsers/diskutil_apfs_list.ts';
import type { Context } from '../collector/table.ts';
import { guestUuid } from './accounts.ts';
import type { LocalAccounts } from './accounts.ts';

export const personalRecoveryUuid = 'EBC6C064-0000-11AA-AA11-00306543ECAC';
export const institutionalRecoveryUuid = 'C064EBC6-0000-11AA-AA11-00306543ECAC';
export const icloudRecoveryExternalUuid = '64C0C6EB-0000-11AA-AA11-00306543ECAC';
export const icloudRecoveryUuid = 'EC1C2AD9-B618-4ED6-BD8D-50F361C27507';
export const bootstrapTokenUuid = '2457711A-523C-4604-B75A-F48A571D5036';

export const cryptoUserTypes = [
  'LocalOpenDirectory',
  'PersonalRecovery',
  'InstitutionalRecovery',
  'ICloud',
  'ICloudRecovery',
  'MDMRecovery',
  'Disk',
  'Unknown',
] as const;
export type CryptoUserType = (typeof cryptoUserTypes)[number];

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

const resolutionOfType: Readonly<Partial<Record<CryptoUserType, Resolution>>> = {
  PersonalRecovery: 'recovery_key',
  InstitutionalRecovery: 'recovery_key',
  ICloud: 'icloud',
  ICloudRecovery: 'icloud',
  MDMRecovery: 'bootstrap_token',
  Disk: 'disk',
};

export interface CryptoUser {
  readonly uuid: string;
  readonly type: CryptoUserType;
  /** Null when the key is absent: Intel, or macOS before 11. */
  readonly volumeOwner: boolean | null;
}

export interface CryptoListing {
  readonly device: string;
  readonly volumeUuid: string | null;
  readonly users: readonly CryptoUser[];
}

export interface CryptoListings {
  readonly listings: readonly CryptoListing[];
  /** Every listing of each UUID: a Mac with two systems lists an account on either. */
  readonly byUuid: ReadonlyMap<string, readonly { readonly device: string; readonly user: CryptoUser }[]>;
  /** False when a volume did not answer: a UUID that is not listed may then be listed there. */
  readonly isComplete: boolean;
}

const devicesOf = (volumes: readonly ApfsVolume[] | null): { device: string; uuid: string | null }[] => {
  const data = (volumes ?? []).filter(({ roles }) => roles.includes('Data'));
  if (data.length > 0) return data.map(({ deviceIdentifier, uuid }) => ({ device: deviceIdentifier, uuid }));
  // Before 10.15 no volume has the role Data; the startup volume itself answers.
  return volumes !== null && volumes.length === 0 ? [] : [{ device: '/', uuid: null }];
};

const typeOf = (uuid: string, printed: string, volumeUuid: string | null): CryptoUserType => {
  const known = cryptoUserTypes.find((type) => type === printed);
  if (known !== undefined) return known;
  if (volumeUuid !== null && uuid === volumeUuid) return 'Disk';
  return wellKnown.get(uuid)?.type ?? 'Unknown';
};

/**
 * The crypto users of each volume with the role Data, or of the startup volume where there is none.
 * A volume that does not answer is noted; throws when none answers.
 */
export const readCryptoListings = async (context: Context): Promise<CryptoListings> => {
  const volumes = await context.orUnknown(context.read('diskutil_apfs_list'));
  const devices = devicesOf(volumes);
  const listings: CryptoListing[] = [];
  let failure: unknown = null;
  await Promise.all(
    devices.map(async ({ device, uuid }, index) => {
      try {
        const { users } = await context.read('diskutil_apfs_list_users', device);
        listings[index] = {
          device,
          volumeUuid: uuid,
          users: users.map((user) => ({
            uuid: user.uuid,
            type: typeOf(user.uuid, user.type, uuid),
            volumeOwner: user.volumeOwner,
          })),
        };
      } catch (error) {
        failure = error;
        context.note(error as Error);
      }
    }),
  );
  const answered = listings.filter((listing) => listing !== undefined);
  if (failure !== null && answered.length === 0) throw failure;
  const entries = answered.flatMap(({ device, users }) => users.map((user) => ({ device, user })));
  return {
    listings: answered,
    byUuid: Map.groupBy(entries, ({ user }) => user.uuid),
    isComplete: failure === null,
  };
};

/** What a crypto user is; null where only accounts that were not read could tell, or its kind is not known. */
export const resolutionOf = (
  user: CryptoUser,
  volumeUuid: string | null,
  accounts: LocalAccounts,
): Resolution | null => {
  const known = wellKnown.get(user.uuid)?.resolution;
  if (known !== undefined) return known;
  if (volumeUuid !== null && user.uuid === volumeUuid) return 'disk';
  const byType = resolutionOfType[user.type];
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
export const volumeOwnerOf = (uuid: string | null, crypto: CryptoListings): boolean | null => {
  if (uuid === null) return null;
  const own = (crypto.byUuid.get(uuid) ?? []).map(({ user }) => user.volumeOwner);
  if (own.includes(true)) return true;
  if (own.length > 0) return own.includes(false) ? false : null;
  const isSaid = crypto.listings.some(({ users }) => users.some(({ volumeOwner }) => volumeOwner !== null));
  return isSaid && crypto.isComplete ? false : null;
};
