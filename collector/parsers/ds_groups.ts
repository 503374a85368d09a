import type { Answer } from '../answer.ts';
import { allValues, firstValue, idOf, namesOf, readGroupRecords, upperCase } from './ds_records.ts';

/** A group record of the local node. Null means that the attribute is absent or not readable as such. */
export interface DsGroup {
  recordName: string;
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
}

/**
 * Reads the local group records.
 *
 * Input: `dscl -plist . -readall /Groups` with named keys; macOS 10.5 to 26.
 * Returns: the records in the order given, members as the record lists them: those who are in it by their
 *   primary group are not.
 * Throws: permission_denied, source_failed or parse_failed as readGroupRecords does; parse_failed for a
 *   record without a name.
 * Source: dscl(1), DirServicesConst.h
 */
export const parseDsGroups = (answer: Answer): DsGroup[] =>
  readGroupRecords(answer).map((record) => {
    const uuid = firstValue(record, 'GeneratedUID');
    return {
      ...namesOf(record),
      gid: idOf(firstValue(record, 'PrimaryGroupID')),
      uuid: uuid === null ? null : upperCase(uuid),
      memberNames: allValues(record, 'GroupMembership'),
      memberUuids: allValues(record, 'GroupMembers').map(upperCase),
      nestedGroupUuids: allValues(record, 'NestedGroups').map(upperCase),
    };
  });
