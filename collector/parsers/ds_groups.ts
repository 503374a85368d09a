import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { readGroupRecords } from './ds_records.ts';

/** A group record of the local node. Null means that the attribute is absent or not readable as such. */
export interface DsGroup {
  /** Null where the record has no name that can be read: it is of no table, and may still be nested in another. */
  recordName: string | null;
  aliases: string[];
  /** Signed. */
  gid: number | null;
  /** GeneratedUID in upper case. */
  uuid: string | null;
  /** Short names; `dscl -append` adds only the name, so the two lists of members may differ. */
  memberNames: string[];
  /** GeneratedUIDs of users, in upper case. */
  memberUuids: string[];
  /** GeneratedUIDs of groups, in upper case. */
  nestedGroupUuids: string[];
  /** Attributes that are there, or may be, and that cannot be read whole: what they lack is not proven absent. */
  unread: ReadonlySet<string>;
  /** Attributes in which two records of this name differ. */
  differing: ReadonlySet<string>;
}

/**
 * Reads the local group records.
 *
 * Input: `dscl -plist . -readall /Groups` with named keys; macOS 10.5 to 26.
 * Returns: the records in the order given, members as the record lists them: those who are in it by their
 *   primary group are not. Two of one name are one, of which what differs is unknown.
 * Notes: what is odd of a record, which is null or not among its members.
 * Throws: permission_denied, source_failed or parse_failed as readGroupRecords does.
 * Source: dscl(1), DirServicesConst.h
 */
export const parseDsGroups = (answer: Answer, note: Note = ignore): DsGroup[] =>
  readGroupRecords(answer).map((record) => {
    const group = {
      ...record.names(),
      gid: record.id('PrimaryGroupID'),
      uuid: record.uuid('GeneratedUID'),
      memberNames: record.all('GroupMembership'),
      memberUuids: record.uuids('GroupMembers'),
      nestedGroupUuids: record.uuids('NestedGroups'),
      unread: record.unread,
      differing: record.differing,
    };
    record.tell(note);
    return group;
  });
