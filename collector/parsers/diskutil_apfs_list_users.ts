import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { parseDiskutilPlist, sanitizeDiskutilPlist } from './diskutil.ts';
import { entryOf, mergedByKey } from './entry.ts';
import type { Entry } from './entry.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import { asArray } from './plist_value.ts';

export interface ApfsCryptoUser {
  /** Upper case: the GeneratedUID of an account, or the well-known one of a key. */
  readonly uuid: string;
  /** As printed, such as `LocalOpenDirectory`; null where it cannot be read. */
  readonly type: string | null;
  /** Null before macOS 11, which has no such key, and where it cannot be read. */
  readonly volumeOwner: boolean | null;
  /** Keys in which two entries of this UUID differ. */
  readonly differing: readonly string[];
}

export interface DiskutilApfsListUsers {
  readonly users: readonly ApfsCryptoUser[];
}

const tool = 'diskutil apfs listUsers';
// Not the hint of a password.
const keys: AllowedKeys = {
  Users: { APFSCryptoUserType: 'word', APFSCryptoUserUUID: 'uuid', VolumeOwner: 'flag' },
};

/** The keys that are read. */
export const sanitizeDiskutilApfsListUsers = (stdout: string): string => sanitizeDiskutilPlist(stdout, keys);

const readUser = (user: Entry, place: string, note: Note): ApfsCryptoUser[] => {
  const uuid = user.uuid('APFSCryptoUserUUID');
  if (uuid === null && !user.unread.has('APFSCryptoUserUUID')) user.odd('APFSCryptoUserUUID', 'is missing');
  const type = user.text('APFSCryptoUserType') || null;
  if (type === null && !user.unread.has('APFSCryptoUserType')) user.odd('APFSCryptoUserType', 'is missing');
  const volumeOwner = user.flag('VolumeOwner');
  // Whether it is an account that is gone, of which other tables have a row, is told by its type.
  const costs = uuid === null ? 'record' : type === null ? 'entry' : 'value';
  user.tell(note, `${tool}: ${uuid ?? place}`, () => costs);
  return uuid === null ? [] : [{ uuid, type, volumeOwner, differing: [] }];
};

/** Of two entries of one UUID, what both say. */
const merge = (a: ApfsCryptoUser, b: ApfsCryptoUser): ApfsCryptoUser => {
  const differing = new Set([...a.differing, ...b.differing]);
  if (a.type !== b.type) differing.add('APFSCryptoUserType');
  if (a.volumeOwner !== b.volumeOwner) differing.add('VolumeOwner');
  return {
    uuid: a.uuid,
    type: differing.has('APFSCryptoUserType') ? null : a.type,
    volumeOwner: differing.has('VolumeOwner') ? null : a.volumeOwner,
    differing: [...differing].toSorted(),
  };
};

/**
 * Parses the cryptographic users of one APFS volume.
 *
 * Input: `diskutil apfs listUsers -plist {device}`; 10.14, 15, 26.
 * Returns: the users in the order printed; none for an empty `Users`, and for an empty dictionary: one with
 * other keys but without `Users` is not known to mean that there is none.
 * Notes: a user without a UUID, which is left out; what else is missing or of a wrong kind, which is null.
 * Throws: `source_failed` when diskutil reports an error; `parse_failed` when there is no list of users.
 * Source: diskutil(8), "apfs listUsers".
 */
export const parseDiskutilApfsListUsers = (answer: Answer, note: Note = ignore): DiskutilApfsListUsers => {
  const list = parseDiskutilPlist(tool, answer, keys);
  if (list.isEmpty) return { users: [] };
  const values = asArray(list.value('Users') ?? undefined, 'Users');
  list.tell(note, tool, () => 'value');
  const entries = values.map(entryOf);
  const known = entries.filter((entry) => entry !== null);
  const users = entries.flatMap((entry, index) => {
    const place = `user ${index + 1} of ${values.length}`;
    if (entry === null) note(parseFailed(`${tool}: ${place} is no dictionary`));
    entry?.needLike(known, ['VolumeOwner']);
    return entry === null ? [] : readUser(entry, place, note);
  });
  if (values.length > 0 && users.length === 0) throw parseFailed(`none of the users of ${tool} can be read`);
  const twice = (uuid: string, { type }: ApfsCryptoUser): void =>
    note(
      parseFailed(`${tool}: ${uuid} is there twice, with different values`),
      type === null ? 'entry' : 'value',
    );
  return { users: mergedByKey(users, ({ uuid }) => uuid, merge, twice) };
};
