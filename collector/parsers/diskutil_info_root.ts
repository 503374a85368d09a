import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { parseDiskutilPlist, sanitizeDiskutilPlist } from './diskutil.ts';
import type { AllowedKeys } from './plist_sanitize.ts';

export interface DiskutilInfoRoot {
  /** Null for any other file system. */
  readonly filesystem: 'apfs' | 'hfs' | null;
  readonly fileVault: boolean | null;
  /** Encrypted at rest, which on T2 and Apple silicon is not FileVault. */
  readonly encryption: boolean | null;
  /** The sealed snapshot from macOS 11 on, such as `disk3s1s1`. */
  readonly deviceIdentifier: string | null;
  /** Upper case. */
  readonly volumeUuid: string | null;
  /** The container of the running system, such as `disk3`. */
  readonly containerReference: string | null;
  /** The System and Data volume of one macOS have it in common. Upper case. */
  readonly volumeGroupUuid: string | null;
}

const keys: AllowedKeys = {
  APFSContainerReference: 'word',
  APFSVolumeGroupID: 'uuid',
  DeviceIdentifier: 'word',
  Encryption: 'flag',
  FileVault: 'flag',
  FilesystemName: 'label',
  FilesystemType: 'label',
  VolumeUUID: 'uuid',
};

/** The keys that are read. */
export const sanitizeDiskutilInfoRoot = (stdout: string): string => sanitizeDiskutilPlist(stdout, keys);

/**
 * Parses what the startup volume is.
 *
 * Input: `diskutil info -plist /`; the text form is known of 11 and 12.
 * Returns: one fact for each key, null where the key is absent: the Data volume of an M1 had no `Encryption`.
 * Notes: a key of a wrong kind, which is null.
 * Throws: `source_failed` when diskutil reports an error; `parse_failed` when none of the keys that tell the
 * volume and its file system is there.
 * Source: diskutil(8), "info".
 */
export const parseDiskutilInfoRoot = (answer: Answer, note: Note = ignore): DiskutilInfoRoot => {
  const info = parseDiskutilPlist('diskutil info', answer, keys);
  const type = info.text('FilesystemType');
  const name = info.text('FilesystemName');
  const facts = {
    filesystem: info.unread.has('FilesystemType')
      ? null
      : (filesystemOf(type) ?? (type ? null : filesystemOf(name))),
    fileVault: info.flag('FileVault'),
    encryption: info.flag('Encryption'),
    deviceIdentifier: info.text('DeviceIdentifier') || null,
    volumeUuid: info.uuid('VolumeUUID'),
    containerReference: info.text('APFSContainerReference') || null,
    volumeGroupUuid: info.uuid('APFSVolumeGroupID'),
  };
  if (type === null && name === null && facts.deviceIdentifier === null) {
    throw parseFailed('diskutil info printed a property list that tells no volume');
  }
  info.tell(note, 'diskutil info', () => 'value');
  return facts;
};

/** `apfs` and `hfs` are types; `APFS`, `Case-sensitive APFS`, `Journaled HFS+` are names. */
const filesystemOf = (text: string | null): 'apfs' | 'hfs' | null => {
  const last = text?.toLowerCase().split(' ').at(-1);
  return last === 'apfs' ? 'apfs' : last === 'hfs' || last === 'hfs+' ? 'hfs' : null;
};
