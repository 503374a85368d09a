import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { optionalUuid, parseDiskutilPlist } from './diskutil.ts';
import { asArray, asDict, asString, optionalBoolean } from './plist.ts';

export interface DiskutilApfsListUsers {
  readonly users: readonly {
    /** Upper case: the GeneratedUID of an account, or the well-known one of a key. */
    readonly uuid: string;
    /** As printed, such as `LocalOpenDirectory`. */
    readonly type: string;
    /** Null before macOS 11, which has no such key. */
    readonly volumeOwner: boolean | null;
  }[];
}

/**
 * Parses the cryptographic users of one APFS volume.
 *
 * Input: `diskutil apfs listUsers -plist {device}`; 10.14, 15, 26.
 * Returns: the users in the order printed; none for an empty `Users`, and for an empty dictionary: one with
 * other keys but without `Users` is not known to mean that there is none.
 * Throws: `source_failed` when diskutil reports an error; `parse_failed` when a user lacks its UUID or type,
 * or a key has a wrong kind.
 * Source: diskutil(8), "apfs listUsers".
 */
export const parseDiskutilApfsListUsers = (answer: Answer): DiskutilApfsListUsers => {
  const list = parseDiskutilPlist('diskutil apfs listUsers', answer);
  if (list.size === 0) return { users: [] };
  const users = asArray(list.get('Users'), 'Users').map((element) => {
    const user = asDict(element, 'a user');
    const uuid = optionalUuid(user, 'APFSCryptoUserUUID');
    if (uuid === null) throw parseFailed('APFSCryptoUserUUID is missing');
    const type = asString(user.get('APFSCryptoUserType'), 'APFSCryptoUserType');
    if (type === '') throw parseFailed('APFSCryptoUserType is empty');
    return { uuid, type, volumeOwner: optionalBoolean(user, 'VolumeOwner') };
  });
  return { users };
};
