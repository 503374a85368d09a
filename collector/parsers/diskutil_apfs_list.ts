import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { optionalUuid, parseDiskutilPlist } from './diskutil.ts';
import { asArray, asDict, asString, optionalArray, optionalBoolean, optionalString } from './plist.ts';

/** A fact is null where its key is absent. */
export interface ApfsVolume {
  /** Upper case. */
  readonly containerUuid: string | null;
  /** Such as `disk3`. */
  readonly containerReference: string | null;
  /** Null in every output seen so far: none has a key that says it. */
  readonly isInternal: boolean | null;
  readonly deviceIdentifier: string;
  /** Upper case. */
  readonly uuid: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  /** Encrypted at rest, which on T2 and Apple silicon is not FileVault. */
  readonly encryption: boolean | null;
  /** 10.13 has no such key. */
  readonly fileVault: boolean | null;
  readonly locked: boolean | null;
  readonly cryptoMigrationOn: boolean | null;
  /** Upper case. */
  readonly volumeGroupUuid: string | null;
}

/**
 * Parses the APFS volumes of all containers.
 *
 * Input: `diskutil apfs list -plist`; 10.12, 10.13, 12.
 * Returns: the volumes in the order printed; none for an empty list of containers, and for the empty
 * dictionary that 10.12 prints when there is no APFS at all (diskutil-apfs-list-plist-04).
 * Throws: `source_failed` when diskutil reports an error; `parse_failed` when a dictionary with other keys
 * has no `Containers`, a container no `Volumes`, a volume no `DeviceIdentifier`, or a key has a wrong kind.
 * Source: diskutil(8), "apfs list".
 */
export const parseDiskutilApfsList = (answer: Answer): readonly ApfsVolume[] => {
  const list = parseDiskutilPlist('diskutil apfs list', answer);
  if (list.size === 0) return [];
  return asArray(list.get('Containers'), 'Containers').flatMap((element) => {
    const container = asDict(element, 'a container');
    return asArray(container.get('Volumes'), 'Volumes').map((value): ApfsVolume => {
      const volume = asDict(value, 'a volume');
      const deviceIdentifier = asString(volume.get('DeviceIdentifier'), 'DeviceIdentifier');
      if (!/^disk[0-9]+s[0-9]+$/.test(deviceIdentifier))
        throw parseFailed('DeviceIdentifier is not that of a volume');
      return {
        containerUuid: optionalUuid(container, 'APFSContainerUUID'),
        containerReference: optionalString(container, 'ContainerReference'),
        isInternal: optionalBoolean(volume, 'Internal') ?? optionalBoolean(container, 'Internal'),
        deviceIdentifier,
        uuid: optionalUuid(volume, 'APFSVolumeUUID'),
        name: optionalString(volume, 'Name'),
        roles: (optionalArray(volume, 'Roles') ?? []).map((role) => asString(role, 'a role')),
        encryption: optionalBoolean(volume, 'Encryption'),
        fileVault: optionalBoolean(volume, 'FileVault'),
        locked: optionalBoolean(volume, 'Locked'),
        cryptoMigrationOn: optionalBoolean(volume, 'CryptoMigrationOn'),
        volumeGroupUuid:
          optionalUuid(volume, 'APFSVolumeGroupID') ?? optionalUuid(volume, 'APFSVolumeGroupUUID'),
      };
    });
  });
};
