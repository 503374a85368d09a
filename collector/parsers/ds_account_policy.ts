import { CollectError } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { allValues, firstValue, idOf, namesOf, readAccountPolicyRecords, upperCase } from './ds_records.ts';
import { asDict, optionalInteger, optionalNumber, parseXmlPlist } from './plist.ts';

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
  /** Null when the record has none, or has one that could not be read: then `policyError` says why. */
  policy: AccountPolicy | null;
  policyError: string | null;
}

const parsePolicy = (text: string): AccountPolicy => {
  const dict = asDict(parseXmlPlist(text), 'the policy');
  return {
    creationTime: optionalNumber(dict, 'creationTime'),
    passwordLastSetTime: optionalNumber(dict, 'passwordLastSetTime'),
    failedLoginCount: optionalInteger(dict, 'failedLoginCount'),
    // An <integer> until the first failure, a <real> after it.
    failedLoginTimestamp: optionalNumber(dict, 'failedLoginTimestamp'),
    lastLoginTimestamp: optionalNumber(dict, 'lastLoginTimestamp'),
  };
};

const policyOf = (values: readonly string[]): Pick<DsAccountPolicy, 'policy' | 'policyError'> => {
  const [text, ...more] = values;
  if (text === undefined) return { policy: null, policyError: null };
  if (more.length > 0) return { policy: null, policyError: 'accountPolicyData has more than one value' };
  try {
    return { policy: parsePolicy(text), policyError: null };
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    return { policy: null, policyError: `accountPolicyData: ${error.message}` };
  }
};

/**
 * Reads the account policies of the local users.
 *
 * Input: `dscl -plist . -readall /Users` with accountPolicyData, whose value is the text of an XML property
 *   list; macOS 10.10 to 26. A caller who is not root gets records without it.
 * Returns: one per record, in the order given; a policy that cannot be read leaves the others right.
 * Throws: permission_denied, source_failed or parse_failed as readAccountPolicyRecords does; parse_failed
 *   for a record without a name.
 * Source: dscl(1), pwpolicy(8)
 */
export const parseDsAccountPolicy = (answer: Answer): DsAccountPolicy[] =>
  readAccountPolicyRecords(answer).map((record) => {
    const uuid = firstValue(record, 'GeneratedUID');
    return {
      recordName: namesOf(record).recordName,
      uid: idOf(firstValue(record, 'UniqueID')),
      uuid: uuid === null ? null : upperCase(uuid),
      ...policyOf(allValues(record, 'accountPolicyData')),
    };
  });
