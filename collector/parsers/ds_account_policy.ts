import { CollectError } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { readAccountPolicyRecords } from './ds_records.ts';
import type { DsRecord } from './ds_records.ts';
import { parseXmlDict } from './plist_xml.ts';

/** What macOS notes of the logins of one account. */
export interface AccountPolicy {
  /** Unix seconds with a fraction, as are the other times. */
  creationTime: number | null;
  passwordLastSetTime: number | null;
  failedLoginCount: number | null;
  /** 0 means that no login failed. */
  failedLoginTimestamp: number | null;
  lastLoginTimestamp: number | null;
}

export interface DsAccountPolicy {
  recordName: string;
  /** Signed. */
  uid: number | null;
  /** GeneratedUID in upper case. */
  uuid: string | null;
  /** Null when the record has none, or has one that could not be read. */
  policy: AccountPolicy | null;
  isUnreadable: boolean;
}

const keys = [
  'creationTime',
  'passwordLastSetTime',
  'failedLoginCount',
  // An <integer> until the first failure, a <real> after it.
  'failedLoginTimestamp',
  'lastLoginTimestamp',
] as const satisfies readonly (keyof AccountPolicy)[];

const parsePolicy = (record: DsRecord, text: string): AccountPolicy => {
  const { dict, odd } = parseXmlDict(text, 'the policy');
  const wrong = odd === null ? [] : [odd];
  const [creationTime, passwordLastSetTime, failedLoginCount, failedLoginTimestamp, lastLoginTimestamp] =
    keys.map((key) => {
      const value = dict.get(key);
      const isRight = key === 'failedLoginCount' ? Number.isSafeInteger(value) : typeof value === 'number';
      if (value !== undefined && !isRight) wrong.push(`${key} is no number`);
      return isRight ? (value as number) : null;
    }) as [number | null, number | null, number | null, number | null, number | null];
  if (wrong.length > 0) record.odd('accountPolicyData', `has what cannot be read (${wrong.join(', ')})`);
  return { creationTime, passwordLastSetTime, failedLoginCount, failedLoginTimestamp, lastLoginTimestamp };
};

const policyOf = (record: DsRecord): Pick<DsAccountPolicy, 'policy' | 'isUnreadable'> => {
  const text = record.only('accountPolicyData');
  // Of a record that lost a key nobody knows whether it has one: that is no policy that cannot be read.
  const isThere = record.has('accountPolicyData');
  if (text === null) return { policy: null, isUnreadable: isThere && record.unread.has('accountPolicyData') };
  try {
    return { policy: parsePolicy(record, text), isUnreadable: false };
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    record.odd('accountPolicyData', `is ${error.message}`);
    return { policy: null, isUnreadable: true };
  }
};

/**
 * Reads the account policies of the local users.
 *
 * Input: `dscl -plist . -readall /Users` with accountPolicyData, whose value is the text of an XML property
 *   list; macOS 10.10 to 26. A caller who is not root gets records without it.
 * Returns: one per record, in the order given.
 * Notes: a record without a name, which is left out, and what is odd of the others and of their policies.
 * Throws: permission_denied, source_failed or parse_failed as readAccountPolicyRecords does.
 * Source: dscl(1), pwpolicy(8)
 */
export const parseDsAccountPolicy = (answer: Answer, note: Note = ignore): DsAccountPolicy[] =>
  readAccountPolicyRecords(answer).flatMap((record) => {
    const { recordName } = record.names();
    const [uid, uuid, policy] = [record.id('UniqueID'), record.uuid('GeneratedUID'), policyOf(record)];
    record.tell(note);
    return recordName === null ? [] : [{ recordName, uid, uuid, ...policy }];
  });
