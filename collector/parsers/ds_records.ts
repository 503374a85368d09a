import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import {
  asArray,
  asDict,
  asString,
  parseXmlPlist,
  sanitizePlist,
  sanitizeXmlPlist,
  sanitizeXmlPlistWith,
} from './plist.ts';
import type { AllowedKeys, PlistDict, PlistValue } from './plist.ts';

/** One record: the values of each attribute, by its standard name, or its native one for lack of another. */
export type DsRecord = ReadonlyMap<string, readonly string[]>;

const standard = 'dsAttrTypeStandard:';
const native = 'dsAttrTypeNative:';

/** Attributes that tell who an account is, without any that could hold a secret. */
const userAttributes = [
  'RecordName',
  'UniqueID',
  'PrimaryGroupID',
  'RealName',
  'GeneratedUID',
  'NFSHomeDirectory',
  'UserShell',
  'IsHidden',
  'AuthenticationAuthority',
  'OriginalNodeName',
  'AltSecurityIdentities',
  'CopyTimestamp',
  'SMBPasswordLastSet',
] as const;
const groupAttributes = [
  'RecordName',
  'PrimaryGroupID',
  'GeneratedUID',
  'GroupMembership',
  'GroupMembers',
  'NestedGroups',
] as const;
const accountPolicyAttributes = ['RecordName', 'UniqueID', 'GeneratedUID', 'accountPolicyData'] as const;

/** The attributes that have no standard name. */
const nativeOnly: ReadonlySet<string> = new Set(['IsHidden', 'accountPolicyData']);

/**
 * What the files of the local node call an attribute. dscl answers under the native name when it was
 * asked by it. The names with an underscore are those of Apple's DSLocal, the others are met in the field.
 */
const nativeNames: Readonly<Record<string, readonly string[]>> = {
  RecordName: ['name'],
  UniqueID: ['uid'],
  PrimaryGroupID: ['gid'],
  RealName: ['realname'],
  GeneratedUID: ['generateduid'],
  NFSHomeDirectory: ['home'],
  UserShell: ['shell'],
  IsHidden: ['IsHidden'],
  AuthenticationAuthority: ['authentication_authority'],
  OriginalNodeName: ['original_node_name', 'OriginalNodeName'],
  AltSecurityIdentities: ['altsecurityidentities', 'AltSecurityIdentities'],
  CopyTimestamp: ['copy_timestamp', 'CopyTimestamp'],
  SMBPasswordLastSet: ['smb_pwd_last_set', 'SMBPasswordLastSet'],
  GroupMembership: ['users'],
  GroupMembers: ['groupmembers'],
  NestedGroups: ['nestedgroups'],
  accountPolicyData: ['accountPolicyData'],
};

/** The attribute that a native name stands for, among these. */
const attributesByNativeName = (attributes: readonly string[]): ReadonlyMap<string, string> =>
  new Map(attributes.flatMap((attribute) => (nativeNames[attribute] ?? []).map((name) => [name, attribute])));

/** The attribute as `dscl -plist` prints it. */
export const dsclKey = (attribute: string): string =>
  (nativeOnly.has(attribute) ? native : standard) + attribute;

/** Every key, of both kinds, under which dscl may print these attributes. */
const keysOf = (attributes: readonly string[]): ReadonlyMap<string, string> => {
  const keys = new Map<string, string>();
  for (const attribute of attributes) keys.set(standard + attribute, attribute);
  for (const [name, attribute] of attributesByNativeName(attributes)) keys.set(native + name, attribute);
  return keys;
};

export const userKeys = keysOf(userAttributes);
export const groupKeys = keysOf(groupAttributes);
export const accountPolicyKeys = keysOf(accountPolicyAttributes);

/** Native names of a user's file and of a group's file in the local node. */
export const userAttributesByNativeName = attributesByNativeName([...userAttributes, 'accountPolicyData']);
export const groupAttributesByNativeName = attributesByNativeName(groupAttributes);

// eslint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const firstLine = (text: string): string =>
  (text.trimStart().split(/[\r\n]/, 1)[0] ?? '').replace(controlCharacters, ' ').slice(0, 200).trim();

const failure = ({ exitCode, stderr }: Answer): CollectError => {
  const said = firstLine(stderr);
  const message = `dscl ended with exit code ${exitCode}${said === '' ? '' : `: ${said}`}`;
  // The exit code is the low byte of -dsStatus: 40 is eDSPermissionError, 87 eDSAuthAccountDisabled.
  if (exitCode === 40 || exitCode === 87) return permissionDenied(message);
  const hint =
    exitCode === 70 ? 'Open Directory did not answer (eServerError): try outside of a sandbox' : '';
  return new CollectError('source_failed', message, { hint });
};

const readRecord = (dict: PlistDict, keys: ReadonlyMap<string, string>): DsRecord => {
  const record = new Map<string, readonly string[]>();
  for (const [key, value] of dict) {
    const attribute = keys.get(key);
    if (attribute === undefined) {
      if (key.startsWith(standard) || key.startsWith(native)) continue;
      throw parseFailed('a record of dscl has a key without the prefix of an attribute');
    }
    // In nodes of other kinds an attribute of its own may have the native name: the standard one holds.
    const isTwin = key.startsWith(native) && !nativeOnly.has(attribute);
    if (isTwin && dict.has(standard + attribute)) continue;
    if (record.has(attribute)) throw parseFailed(`a record of dscl has ${attribute} twice`);
    const values = asArray(value, key).map((element) => asString(element, `a value of ${key}`));
    record.set(attribute, values);
  }
  return record;
};

const readRecords = (answer: Answer, keys: ReadonlyMap<string, string>): readonly DsRecord[] => {
  // Some errors go to stdout and look like a header (`read: DS error: …`): the exit code comes first.
  if (answer.exitCode !== 0) throw failure(answer);
  if (answer.stdout === '') throw parseFailed('dscl ended well but printed nothing');
  const records = asArray(parseXmlPlist(answer.stdout), 'the answer of dscl -readall');
  return records.map((record) => readRecord(asDict(record, 'a record of dscl'), keys));
};

/**
 * Reads what `dscl -plist . -readall` printed, keeping only the attributes that were asked for.
 *
 * Input: an array of dictionaries of arrays of strings, keys with their prefix; macOS 10.5 to 26.
 * Returns: the records in the order given, attributes by their standard name.
 * Throws: permission_denied for exit codes 40 and 87, source_failed for the others, parse_failed for a
 *   stdout of any other form, nothing at all included.
 * Source: dscl(1), DSTools-162
 */
export const readUserRecords = (answer: Answer): readonly DsRecord[] => readRecords(answer, userKeys);
export const readGroupRecords = (answer: Answer): readonly DsRecord[] => readRecords(answer, groupKeys);
export const readAccountPolicyRecords = (answer: Answer): readonly DsRecord[] =>
  readRecords(answer, accountPolicyKeys);

export const firstValue = (record: DsRecord, attribute: string): string | null =>
  record.get(attribute)?.[0] ?? null;
export const allValues = (record: DsRecord, attribute: string): string[] => [
  ...(record.get(attribute) ?? []),
];

/** The name and the further names that the record answers to; throws parse_failed when there is none. */
export const namesOf = (record: DsRecord): { recordName: string; aliases: string[] } => {
  const [recordName, ...aliases] = record.get('RecordName') ?? [];
  if (recordName === undefined) throw parseFailed('a record of dscl has no RecordName');
  return { recordName, aliases };
};

/** A GUID in upper case, as it is compared; what is no GUID stays what it is. */
export const upperCase = (guid: string): string => guid.toUpperCase();

/** A uid or gid, which Open Directory keeps as text: signed, as dscl prints it; null when it is none. */
export const idOf = (text: string | null): number | null => {
  const [, digits] = /^(-?0*[0-9]{1,10})$/.exec(text ?? '') ?? [];
  const value = Number(digits ?? Number.NaN);
  if (!(value >= -(2 ** 31) && value < 2 ** 32)) return null;
  // id(1) prints nobody as 4294967294, dscl as -2.
  return value | 0;
};

/** Texts and data are emptied. */
const numberOnly: AllowedKeys = {};
export const policyKeys: AllowedKeys = {
  creationTime: numberOnly,
  passwordLastSetTime: numberOnly,
  failedLoginCount: numberOnly,
  failedLoginTimestamp: numberOnly,
  lastLoginTimestamp: numberOnly,
};

/** Keeps of the text of one accountPolicyData, itself a property list, only the times and the count. */
export const sanitizeAccountPolicyData = (text: string): string => sanitizeXmlPlist(text, policyKeys);

const allow = (keys: ReadonlyMap<string, string>): AllowedKeys =>
  Object.fromEntries([...keys.keys()].map((key) => [key, true as const]));
const allowedUserKeys = allow(userKeys);
const allowedGroupKeys = allow(groupKeys);
const allowedAccountPolicyKeys = allow(accountPolicyKeys);

const head =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
  '<plist version="1.0">\n<array>\n';
const tail = '</array>\n</plist>\n';
const keyLines = /\t\t<key>([A-Za-z:_]+)<\/key>\n\t\t<array>\n/y;
const valueLine = /\t\t\t<string>[^<]*<\/string>\n/y;

/**
 * Whether a text is, line for line, records of nothing but allowed attributes, as dscl prints them when it
 * was asked for these: then there is nothing to drop, and it need not be parsed to know it.
 */
const isPlainlyAllowed = (text: string, keys: ReadonlyMap<string, string>): boolean => {
  let at = 0;
  const skip = (line: string): boolean => {
    const isThere = text.startsWith(line, at);
    if (isThere) at += line.length;
    return isThere;
  };
  const match = (lines: RegExp): RegExpExecArray | null => {
    lines.lastIndex = at;
    const found = lines.exec(text);
    if (found !== null) at = lines.lastIndex;
    return found;
  };
  if (!skip(head)) return false;
  while (skip('\t<dict>\n')) {
    while (!skip('\t</dict>\n')) {
      const key = match(keyLines)?.[1];
      if (key === undefined || !keys.has(key)) return false;
      while (match(valueLine) !== null);
      if (!skip('\t\t</array>\n')) return false;
    }
  }
  return skip(tail) && at === text.length;
};

/**
 * Keep of what dscl printed only the attributes that were asked for: as root it returns password hashes
 * and keys when it is asked for whole records.
 *
 * Input: stdout of `dscl -plist . -readall`.
 * Returns: the same text when there was nothing to drop.
 * Throws: never.
 * Source: dscl(1)
 */
export const sanitizeDsUsers = (stdout: string): string =>
  isPlainlyAllowed(stdout, userKeys) ? stdout : sanitizeXmlPlist(stdout, allowedUserKeys);

/** The same for groups. */
export const sanitizeDsGroups = (stdout: string): string =>
  isPlainlyAllowed(stdout, groupKeys) ? stdout : sanitizeXmlPlist(stdout, allowedGroupKeys);

/** Sanitizes the policies of a record, or of the records of an array. */
const sanitizePolicies = (value: PlistValue): PlistValue => {
  if (Array.isArray(value)) return mapSame(value, sanitizePolicies);
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, values]): [string, PlistValue] => [
    key,
    accountPolicyKeys.get(key) === 'accountPolicyData' ? sanitizePolicyValues(values) : values,
  ]);
  return entries.every(([key, values]) => values === value.get(key)) ? value : new Map(entries);
};

const sanitizePolicyValues = (value: PlistValue): PlistValue => {
  if (typeof value === 'string') return sanitizeAccountPolicyData(value);
  if (value instanceof Uint8Array) return '';
  return Array.isArray(value) ? mapSame(value, sanitizePolicyValues) : value;
};

/** Array.map that answers the array itself when no element changed. */
const mapSame = (
  array: readonly PlistValue[],
  map: (value: PlistValue) => PlistValue,
): readonly PlistValue[] => {
  const mapped = array.map(map);
  return mapped.every((value, index) => value === array[index]) ? array : mapped;
};

/** The same for account policies, and within each accountPolicyData. */
export const sanitizeDsAccountPolicy = (stdout: string): string =>
  sanitizeXmlPlistWith(stdout, (value) => sanitizePolicies(sanitizePlist(value, allowedAccountPolicyKeys)));
