import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { readUserRecords } from './ds_records.ts';
import type { DsRecord } from './ds_records.ts';
import { unixSecondsOfIso } from './plist_value.ts';

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
  /** Where they stand in the attribute, where that is not one after the other. */
  authorityPlaces?: readonly number[];
  originalNodeName: string | null;
  altSecurityIdentities: string[];
  /** Unix seconds. */
  copyTimestamp: number | null;
  /** Unix seconds. */
  smbPasswordLastSet: number | null;
  /** Attributes that are there, or may be, and that cannot be read whole: what they lack is not proven absent. */
  unread: ReadonlySet<string>;
  /** Attributes in which two records of this name differ. */
  differing: ReadonlySet<string>;
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
const isNever = (text: string): boolean => /^(?:0+|9223372036854775807)$/.test(text);
const unixSecondsOfFileTime = (text: string): number | null => {
  if (!/^[0-9]{1,19}$/.test(text) || BigInt(text) >= 2n ** 63n) return null;
  return Number(BigInt(text) / 10_000_000n - 11_644_473_600n);
};

/** The time of an attribute, noted where it is there and is none. */
const timeOf = (record: DsRecord, attribute: string, of: (text: string) => number | null): number | null => {
  const text = record.first(attribute);
  return text === null ? null : (of(text) ?? record.odd(attribute, 'is no time'));
};

const readUser = (record: DsRecord, recordName: string, aliases: string[]): DsUser => {
  const hidden = record.only('IsHidden');
  const isHidden = record.unread.has('IsHidden') ? null : isHiddenOf(hidden);
  if (isHidden === null) record.odd('IsHidden', 'is neither yes nor no');
  const places = record.places('AuthenticationAuthority');
  const isInOrder = places.every((place, index) => place === index);
  return {
    recordName,
    aliases,
    uid: record.id('UniqueID'),
    gid: record.id('PrimaryGroupID'),
    realName: record.first('RealName'),
    uuid: record.uuid('GeneratedUID'),
    // root has two: /var/root and /private/var/root.
    home: record.first('NFSHomeDirectory'),
    // Whether an account can log in rests on it.
    shell: record.needed('UserShell'),
    isHidden,
    authenticationAuthority: record.all('AuthenticationAuthority'),
    ...(isInOrder ? {} : { authorityPlaces: places }),
    originalNodeName: record.first('OriginalNodeName'),
    altSecurityIdentities: record.all('AltSecurityIdentities'),
    copyTimestamp: timeOf(record, 'CopyTimestamp', unixSecondsOfIso),
    smbPasswordLastSet: isNever(record.first('SMBPasswordLastSet') ?? '')
      ? null
      : timeOf(record, 'SMBPasswordLastSet', unixSecondsOfFileTime),
    unread: record.unread,
    differing: record.differing,
  };
};

/**
 * Reads the local user records.
 *
 * Input: `dscl -plist . -readall /Users` with named keys; macOS 10.5 to 26.
 * Returns: the records in the order given; uid and gid signed, times in unix seconds. Two of one name are one,
 *   of which what differs is unknown.
 * Notes: a record without a name, which is left out, and what is odd of the others, which is null.
 * Throws: permission_denied, source_failed or parse_failed as readUserRecords does.
 * Source: dscl(1), DirServicesConst.h
 */
export const parseDsUsers = (answer: Answer, note: Note = ignore): DsUser[] =>
  readUserRecords(answer).flatMap((record) => {
    const { recordName, aliases } = record.names();
    const user = recordName === null ? [] : [readUser(record, recordName, aliases)];
    record.tell(note);
    return user;
  });
