import { parseFailed, saidTwice } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { parseDiskutilPlist, sanitizeDiskutilPlist } from './diskutil.ts';
import { entryOf, mergedByKey } from './entry.ts';
import type { Entry } from './entry.ts';
import { firstLine } from './lines.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import { asArray } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';

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
  /** Keys that are there, or may be, and that cannot be read: without `Roles` it may have any. */
  readonly unread: ReadonlySet<string>;
}

const volumeKeys: AllowedKeys = {
  APFSVolumeGroupID: 'uuid',
  APFSVolumeGroupUUID: 'uuid',
  APFSVolumeUUID: 'uuid',
  CryptoMigrationOn: 'flag',
  DeviceIdentifier: 'word',
  Encryption: 'flag',
  FileVault: 'flag',
  Internal: 'flag',
  Locked: 'flag',
  Name: 'text',
  Roles: 'words',
};
const keys: AllowedKeys = {
  Containers: {
    APFSContainerUUID: 'uuid',
    ContainerReference: 'word',
    Internal: 'flag',
    Volumes: volumeKeys,
  },
};

/** The keys that are read. */
export const sanitizeDiskutilApfsList = (stdout: string): string => sanitizeDiskutilPlist(stdout, keys);

/** What tells the volumes of one list apart. */
const identities = ['DeviceIdentifier', 'Roles'];
/** What every volume of a list has, where one has it. */
const common = ['APFSVolumeUUID', 'Name', 'Roles', 'Encryption', 'FileVault', 'Locked', 'CryptoMigrationOn'];
const costsOf = (unread: ReadonlySet<string>): 'record' | 'value' =>
  identities.some((key) => unread.has(key)) ? 'record' : 'value';

const readVolume = (volume: Entry, container: Omit<ApfsContainer, 'volumes'>, note: Note): ApfsVolume[] => {
  const printed = volume.text('DeviceIdentifier');
  const isDevice = printed !== null && /^disk[0-9]+s[0-9]+$/.test(printed);
  const deviceIdentifier = isDevice ? printed : volume.odd('DeviceIdentifier', 'is not that of a volume');
  const facts = {
    ...container,
    isInternal: volume.flag('Internal') ?? (volume.unread.has('Internal') ? null : container.isInternal),
    uuid: volume.uuid('APFSVolumeUUID'),
    name: volume.text('Name'),
    roles: volume.texts('Roles') ?? [],
    encryption: volume.flag('Encryption'),
    fileVault: volume.flag('FileVault'),
    locked: volume.flag('Locked'),
    cryptoMigrationOn: volume.flag('CryptoMigrationOn'),
    volumeGroupUuid: volume.uuid('APFSVolumeGroupID') ?? volume.uuid('APFSVolumeGroupUUID'),
    unread: volume.unread,
  };
  volume.tell(note, `diskutil apfs list: volume ${deviceIdentifier ?? 'without a device'}`, costsOf);
  return deviceIdentifier === null ? [] : [{ deviceIdentifier, ...facts }];
};

interface ApfsContainer {
  readonly containerUuid: string | null;
  readonly containerReference: string | null;
  readonly isInternal: boolean | null;
  readonly volumes: readonly PlistValue[];
}

const readContainer = (container: Entry, note: Note): ApfsContainer => {
  const containerReference = container.text('ContainerReference');
  const facts = {
    containerUuid: container.uuid('APFSContainerUUID'),
    containerReference,
    isInternal: container.flag('Internal'),
    volumes: container.list('Volumes') ?? [],
  };
  if (container.value('Volumes') === null) container.odd('Volumes', 'is missing');
  const what = `diskutil apfs list: container ${firstLine(containerReference ?? 'without a name')}`;
  container.tell(note, what, (unread) => (unread.has('Volumes') ? 'record' : costsOf(unread)));
  return facts;
};

/** How diskutil calls what two volumes can differ in. */
const printedKeys: Readonly<Partial<Record<keyof ApfsVolume, string>>> = {
  containerUuid: 'APFSContainerUUID',
  containerReference: 'ContainerReference',
  isInternal: 'Internal',
  uuid: 'APFSVolumeUUID',
  name: 'Name',
  roles: 'Roles',
  encryption: 'Encryption',
  fileVault: 'FileVault',
  locked: 'Locked',
  cryptoMigrationOn: 'CryptoMigrationOn',
  volumeGroupUuid: 'APFSVolumeGroupID',
};
const differingKeys = (a: ApfsVolume, b: ApfsVolume): readonly string[] =>
  Object.entries(printedKeys).flatMap(([fact, key]) => {
    const [one, other] = [a, b].map((volume) => JSON.stringify(volume[fact as keyof ApfsVolume]));
    return one === other ? [] : [key];
  });

/** Of two volumes of one device, what both say. */
const merge = (a: ApfsVolume, b: ApfsVolume): ApfsVolume => {
  const entries = Object.entries(a).map(([key, value]) => {
    const isSame = JSON.stringify(value) === JSON.stringify(b[key as keyof ApfsVolume]);
    return [key, isSame ? value : key === 'roles' ? a.roles.filter((role) => b.roles.includes(role)) : null];
  });
  const isOfOneRole = JSON.stringify(a.roles) === JSON.stringify(b.roles);
  const unread = new Set([...a.unread, ...b.unread, ...(isOfOneRole ? [] : ['Roles'])]);
  return { ...(Object.fromEntries(entries) as ApfsVolume), unread };
};

/**
 * Parses the APFS volumes of all containers.
 *
 * Input: `diskutil apfs list -plist`; 10.12, 10.13, 12.
 * Returns: the volumes in the order printed; none for an empty list of containers, and for the empty
 * dictionary that 10.12 prints when there is no APFS at all (diskutil-apfs-list-plist-04).
 * Notes: a container or volume that is none, or has no device, which is left out; a key of a wrong kind, which
 * is null.
 * Throws: `source_failed` when diskutil reports an error; `parse_failed` when a dictionary with other keys
 * has no `Containers`, or none of the volumes can be read.
 * Source: diskutil(8), "apfs list".
 */
export const parseDiskutilApfsList = (answer: Answer, note: Note = ignore): readonly ApfsVolume[] => {
  const list = parseDiskutilPlist('diskutil apfs list', answer, keys);
  if (list.isEmpty) return [];
  const containers = asArray(list.value('Containers') ?? undefined, 'Containers');
  list.tell(note, 'diskutil apfs list', () => 'value');
  let lost = 0;
  const counting: Note = (problem, costs) => {
    if (costs !== 'value') lost += 1;
    note(problem, costs);
  };
  const isNone = (what: string): [] => {
    counting(parseFailed(`diskutil apfs list: ${what} is no dictionary`));
    return [];
  };
  const found = containers.flatMap((value) => {
    const container = entryOf(value);
    if (container === null) return isNone('a container');
    const { volumes: values, ...facts } = readContainer(container, counting);
    return values.flatMap((each) => {
      const volume = entryOf(each);
      return volume === null ? isNone('a volume') : [{ volume, facts }];
    });
  });
  for (const { volume } of found)
    volume.needLike(
      found.map((each) => each.volume),
      common,
    );
  const volumes = found.flatMap(({ volume, facts }) => readVolume(volume, facts, counting));
  // That there is no volume is not said by a list of which nothing can be read.
  if (lost > 0 && volumes.length === 0) throw parseFailed('no volume of diskutil apfs list can be read');
  const twice = (device: string, _: ApfsVolume, pair: readonly [ApfsVolume, ApfsVolume]): void => {
    const of = { of: 'volume', key: device, differing: differingKeys(...pair) } as const;
    note(saidTwice(`diskutil apfs list: volume ${device} is there twice, with different values`, of));
  };
  return mergedByKey(volumes, (volume) => volume.deviceIdentifier, merge, twice);
};
