import type { Answer } from '../answer.ts';
import { allValues, firstValue, idOf, namesOf, readUserRecords, upperCase } from './ds_records.ts';
import { unixSecondsOfIso } from './plist.ts';

/** A user record of the local node. Null means that the attribute is absent or not readable as such. */
export interface DsUser {
  recordName: string;
  /** Further names that the record answers to; one of them may name an Apple Account. */
  aliases: string[];
  /** Signed. */
  uid: number | null;
  gid: number | null;
  realName: string | null;
  /** GeneratedUID in upper case. */
  uuid: string | null;
  home: string | null;
  shell: string | null;
  /** False without the attribute; null for a word that is not known. */
  isHidden: boolean | null;
  authenticationAuthority: string[];
  originalNodeName: string | null;
  altSecurityIdentities: string[];
  /** Unix seconds. */
  copyTimestamp: number | null;
  /** Unix seconds. */
  smbPasswordLastSet: number | null;
}

const hiddenWords: Readonly<Record<string, boolean>> = {
  '1': true,
  yes: true,
  true: true,
  '0': false,
  no: false,
  false: false,
};
/** An absent attribute hides nobody: it was asked for, so its absence is proven. */
const isHiddenOf = (text: string | null): boolean | null => {
  if (text === null) return false;
  const word = text.toLowerCase();
  return Object.hasOwn(hiddenWords, word) ? (hiddenWords[word] ?? null) : null;
};

/** FILETIME: units of 100 ns since 1601; 0 and the largest value mean never. */
const unixSecondsOfFileTime = (text: string | null): number | null => {
  if (text === null || !/^[0-9]{1,19}$/.test(text)) return null;
  const units = BigInt(text);
  return units === 0n || units >= 2n ** 63n - 1n ? null : Number(units / 10_000_000n - 11_644_473_600n);
};

/**
 * Reads the local user records.
 *
 * Input: `dscl -plist . -readall /Users` with named keys; macOS 10.5 to 26.
 * Returns: the records in the order given; uid and gid signed, times in unix seconds.
 * Throws: permission_denied, source_failed or parse_failed as readUserRecords does; parse_failed for a
 *   record without a name.
 * Source: dscl(1), DirServicesConst.h
 */
export const parseDsUsers = (answer: Answer): DsUser[] =>
  readUserRecords(answer).map((record) => {
    const uuid = firstValue(record, 'GeneratedUID');
    const copied = firstValue(record, 'CopyTimestamp');
    return {
      ...namesOf(record),
      uid: idOf(firstValue(record, 'UniqueID')),
      gid: idOf(firstValue(record, 'PrimaryGroupID')),
      realName: firstValue(record, 'RealName'),
      uuid: uuid === null ? null : upperCase(uuid),
      // root has two: /var/root and /private/var/root.
      home: firstValue(record, 'NFSHomeDirectory'),
      shell: firstValue(record, 'UserShell'),
      isHidden: isHiddenOf(firstValue(record, 'IsHidden')),
      authenticationAuthority: allValues(record, 'AuthenticationAuthority'),
      originalNodeName: firstValue(record, 'OriginalNodeName'),
      altSecurityIdentities: allValues(record, 'AltSecurityIdentities'),
      copyTimestamp: copied === null ? null : unixSecondsOfIso(copied),
      smbPasswordLastSet: unixSecondsOfFileTime(firstValue(record, 'SMBPasswordLastSet')),
    };
  });
