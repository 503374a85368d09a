import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { isText } from './decode.ts';
import { Withholding } from './authentication_authority.ts';
import { keepLines } from './kept_lines.ts';
import { isUuid } from '../uuid.ts';
import { firstLine as lineOf, told } from './lines.ts';
import { sanitizePlist, sanitizeXmlPlist, sanitizeXmlPlistWith } from './plist_sanitize.ts';
import { readPlainArray } from './plist_plain.ts';
import { PlistOdd, asArray, isArray, isDict } from './plist_value.ts';
import { parseXmlPlist } from './plist_xml.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';
import { isWord, withheldText } from './withheld.ts';

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
const remoteRightsAttributes = ['RecordName', 'UniqueID', 'GeneratedUID', 'naprivs'] as const;

/** The attributes that have no standard name. */
const nativeOnly: ReadonlySet<string> = new Set(['IsHidden', 'accountPolicyData', 'naprivs']);

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
  naprivs: ['naprivs'],
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
export const remoteRightsKeys = keysOf(remoteRightsAttributes);

/** Native names of a user's file and of a group's file in the local node. */
export const userAttributesByNativeName = attributesByNativeName([
  ...userAttributes,
  'accountPolicyData',
  'naprivs',
]);
export const groupAttributesByNativeName = attributesByNativeName(groupAttributes);

const failure = ({ exitCode, stderr }: Answer): CollectError => {
  const said = told(keepLines(stderr));
  const message = `dscl ended with exit code ${exitCode}${said === '' ? '' : `: ${said}`}`;
  // The exit code is the low byte of -dsStatus: 40 is eDSPermissionError, 87 eDSAuthAccountDisabled.
  if (exitCode === 40 || exitCode === 87) return permissionDenied(message);
  const hint =
    exitCode === 70 ? 'Open Directory did not answer (eServerError): try outside of a sandbox' : '';
  return new CollectError('source_failed', message, { hint });
};

/** What may be shown of a name in a message. */
const shown = (name: string): string => Array.from(lineOf(name)).slice(0, 64).join('');

/** What an account or group is known by: while it is not known, nothing is known to be absent. */
const identities: ReadonlySet<string> = new Set(['RecordName', 'GeneratedUID']);

/** Attributes that a table has a row of, and none without: a lost one may be a lost row. */
const rowsOf: ReadonlySet<string> = new Set(['accountPolicyData', 'naprivs']);

/** Attributes of which a table has a row for each value. */
const lists: ReadonlySet<string> = new Set([
  'AuthenticationAuthority',
  'GroupMembership',
  'GroupMembers',
  'NestedGroups',
]);

/** Which of all records one is, where it has no name. */
interface Place {
  readonly number: number;
  /** Of how many, once all are read. */
  readonly of: { readonly count: number };
}

const noAttributes: ReadonlySet<string> = new Set();

/**
 * One record: the values of each attribute, by its standard name, or its native one for lack of another. What of
 * it cannot be read is unknown by itself, and told at the end in one problem that names the record.
 */
export class DsRecord {
  /** Null is a value that cannot be read. */
  readonly #values: ReadonlyMap<string, readonly (string | null)[]>;
  readonly #place: Place;
  readonly #oddities: string[] = [];
  #isKnown = true;
  // Hardly a record has any: one that lacks them shares the empty set with all others.
  #unread: Set<string> | null = null;
  #differing: Set<string> | null = null;

  constructor(values: ReadonlyMap<string, readonly (string | null)[]>, place: Place) {
    this.#values = values;
    this.#place = place;
    for (const [attribute, all] of values) {
      if (all.includes(null)) this.odd(attribute, 'cannot be read');
    }
  }

  /** Attributes that are there, or may be, and that cannot be read whole. */
  get unread(): ReadonlySet<string> {
    return this.#unread ?? noAttributes;
  }

  /** Attributes in which two records of this name differ. */
  get differing(): ReadonlySet<string> {
    return this.#differing ?? noAttributes;
  }

  #isUnread(attribute: string): void {
    (this.#unread ??= new Set()).add(attribute);
  }

  /** Notes an attribute that is not the same wherever it is said. */
  differs(attribute: string, why: string): void {
    (this.#differing ??= new Set()).add(attribute);
    this.odd(attribute, why);
  }

  /** Notes what is odd of an attribute, which is then unknown. */
  odd(attribute: string, why: string): null {
    if (!this.unread.has(attribute)) this.#oddities.push(`${attribute} ${why}`);
    this.#isUnread(attribute);
    if (identities.has(attribute)) this.#isKnown = false;
    return null;
  }

  /** Of a record that has lost a key, what it lacks may have been there. */
  mayLack(attributes: Iterable<string>, why: string): void {
    this.#oddities.push(why);
    for (const attribute of attributes) if (!this.#values.has(attribute)) this.#isUnread(attribute);
    if (!this.#values.has('RecordName') || !this.#values.has('GeneratedUID')) this.#isKnown = false;
  }

  /** Every value that can be read, each once. */
  all(attribute: string): string[] {
    const values = this.#values.get(attribute) ?? [];
    const [first = null] = values;
    if (values.length < 2) return first === null ? [] : [first];
    return [...new Set(values.filter((value) => value !== null))];
  }

  has(attribute: string): boolean {
    return this.#values.has(attribute);
  }

  first(attribute: string): string | null {
    return this.#values.get(attribute)?.[0] ?? null;
  }

  /** Where in the attribute these stand; what cannot be read, or is there twice, has a place too. */
  places(attribute: string): number[] {
    const values = this.#values.get(attribute) ?? [];
    return this.all(attribute).map((text) => values.indexOf(text));
  }

  /** The value of an attribute that has but one; null where it is absent or not known. */
  only(attribute: string): string | null {
    const [value, ...more] = this.all(attribute);
    if (more.length > 0) return this.odd(attribute, 'has different values');
    return this.unread.has(attribute) ? null : (value ?? null);
  }

  /** The same for one that no record is without. */
  needed(attribute: string): string | null {
    const value = this.only(attribute);
    return value === null && !this.unread.has(attribute) ? this.odd(attribute, 'is missing') : value;
  }

  /** A uid or gid, signed. */
  id(attribute: string): number | null {
    const text = this.needed(attribute);
    return text === null ? null : (idOf(text) ?? this.odd(attribute, 'is no id'));
  }

  /** A GUID in upper case, as it is compared. */
  uuid(attribute: string): string | null {
    const text = this.needed(attribute);
    if (text === null || isUuid(text)) return text?.toUpperCase() ?? null;
    return this.odd(attribute, 'is not a GUID');
  }

  /** GUIDs in upper case. What is none is kept, for the record lists it, and noted, for it may mean somebody. */
  uuids(attribute: string): string[] {
    const texts = this.all(attribute);
    if (!texts.every(isUuid)) this.odd(attribute, 'holds what is not a GUID');
    return [...new Set(texts.map((text) => text.toUpperCase()))];
  }

  /** The name, null where there is none, and the further names that the record answers to. */
  names(): { recordName: string | null; aliases: string[] } {
    const recordName = this.first('RecordName');
    if (recordName === null) this.needed('RecordName');
    return { recordName, aliases: this.all('RecordName').filter((name) => name !== recordName) };
  }

  /** This and another record of the same name as one: what both say, and no more. */
  mergedWith(other: DsRecord, attributes: Iterable<string>): DsRecord {
    const values = new Map<string, readonly (string | null)[]>();
    const differing: string[] = [];
    for (const attribute of attributes) {
      const [own, others] = [this.#values.get(attribute), other.#values.get(attribute)];
      if (own === undefined && others === undefined) continue;
      if (!isSame(own, others)) differing.push(attribute);
      // Names are compared without case: the first of both is the same.
      const isShared = (value: string | null, index: number): boolean =>
        others?.includes(value) === true || (attribute === 'RecordName' && index === 0);
      // What an account authenticates with has a place: a value that differs leaves its place behind.
      const kept =
        attribute === 'AuthenticationAuthority'
          ? own?.map((value, index) => (isShared(value, index) ? value : null))
          : own?.filter(isShared);
      values.set(attribute, kept ?? []);
    }
    const merged = new DsRecord(values, this.#place);
    for (const record of [this, other]) {
      for (const attribute of record.unread) merged.#isUnread(attribute);
      for (const attribute of record.differing) (merged.#differing ??= new Set()).add(attribute);
      merged.#oddities.push(...record.#oddities.filter((oddity) => !merged.#oddities.includes(oddity)));
      if (!record.#isKnown) merged.#isKnown = false;
    }
    for (const attribute of differing) merged.differs(attribute, 'differs from another record of this name');
    return merged;
  }

  /** Tells all that is odd of the record, as one problem. */
  tell(note: Note): void {
    if (this.#oddities.length === 0) return;
    const name = this.first('RecordName');
    const { number, of } = this.#place;
    const what =
      name === null ? `record ${number} of ${of.count} of dscl` : `the record ${shown(name)} of dscl`;
    const isRow = (attribute: string): boolean =>
      lists.has(attribute) || (rowsOf.has(attribute) && !this.has(attribute));
    const costs = [...this.unread].some(isRow) ? 'entry' : 'value';
    note(parseFailed(`${what}: ${this.#oddities.join(', ')}`), this.#isKnown ? costs : 'record');
  }
}

const isSame = (a: readonly (string | null)[] = [], b: readonly (string | null)[] = []): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

const numbers: ReadonlySet<string> = new Set(['UniqueID', 'PrimaryGroupID']);
/** A value as dscl prints it, a text; null for one that is none. */
const textOf = (value: PlistValue, attribute: string): string | null => {
  if (typeof value === 'string') return value;
  return numbers.has(attribute) && typeof value === 'number' && Number.isSafeInteger(value)
    ? String(value)
    : null;
};
/** What has a form of its own is known by it. */
const formed: ReadonlySet<string> = new Set([...numbers, 'GeneratedUID']);
/** dscl prints every attribute as a list: what is none is no value, but for an id. */
const textsOf = (value: PlistValue, attribute: string): (string | null)[] => {
  if (Array.isArray(value)) return value.map((each) => textOf(each, attribute));
  return [formed.has(attribute) ? textOf(value, attribute) : null];
};

/** Whether a key is the native one of an attribute that the record has by its standard key too, and is not read. */
const isTwin = (key: string, attribute: string, dict: PlistDict): boolean =>
  // In nodes of other kinds an attribute of its own may have the native name: the standard one holds.
  key.startsWith(native) && !nativeOnly.has(attribute) && dict.has(standard + attribute);

/** What is read of one value of an attribute; given the first of them. */
type ReadValue = (text: string, first: string) => string;
const firstOnly: ReadValue = (text, first) => (text === first ? text : withheldText(text));
const ofForm =
  (isOne: (text: string) => boolean) =>
  (text: string): string =>
    isOne(text) ? text : withheldText(text);
const isNumber = (text: string): boolean => /^-?[0-9]{1,64}$/.test(text);

/** What is read of the values of an attribute, where that is not each of them whole. */
const readOf: Readonly<Record<string, ReadValue>> = {
  UniqueID: ofForm(isNumber),
  PrimaryGroupID: ofForm(isNumber),
  GeneratedUID: ofForm(isUuid),
  RealName: firstOnly,
  NFSHomeDirectory: firstOnly,
  // Of two shells neither is known.
  UserShell: firstOnly,
  IsHidden: ofForm(isWord),
  OriginalNodeName: firstOnly,
  // Who somebody is at an identity provider is not read: only that it is there.
  AltSecurityIdentities: (text) => /^PlatformSSO:/.exec(text)?.[0] ?? '',
  CopyTimestamp: ofForm((text) => /^[0-9TZ:.+-]{1,40}$/.test(text)),
  SMBPasswordLastSet: ofForm(isNumber),
  naprivs: ofForm(isNumber),
};
const keptText = (text: string, attribute: string, first: string): string =>
  readOf[attribute]?.(text, first) ?? text;

const readRecord = (dict: PlistDict, keys: ReadonlyMap<string, string>, place: Place): DsRecord => {
  const values = new Map<string, (string | null)[]>();
  const twice: string[] = [];
  for (const [key, value] of dict) {
    const attribute = keys.get(key);
    if (attribute === undefined) continue;
    if (isTwin(key, attribute, dict)) continue;
    const printed = textsOf(value, attribute);
    const read = readOf[attribute];
    const texts = read === undefined ? printed : printed.map((text) => text && read(text, printed[0] ?? ''));
    const known = values.get(attribute);
    if (known !== undefined && known.join('\0') !== texts.join('\0')) twice.push(attribute);
    values.set(attribute, known?.filter((text) => texts.includes(text)) ?? texts);
  }
  const record = new DsRecord(values, place);
  for (const attribute of twice) record.differs(attribute, 'is there twice, with different values');
  return record;
};

/** Records of one name as one: the same twice is there once, and what differs is not known. */
const merged = (records: readonly DsRecord[], attributes: ReadonlySet<string>): readonly DsRecord[] => {
  const byName = new Map<string, DsRecord>();
  for (const [index, record] of records.entries()) {
    const name = record.first('RecordName');
    const key = name === null ? `\0${index}` : name.toLowerCase();
    const known = byName.get(key);
    byName.set(key, known === undefined ? record : known.mergedWith(record, attributes));
  }
  return [...byName.values()];
};

/** The same of a text that is not plain. */
const readOther = (
  text: string,
  recordOf: (value: PlistValue) => DsRecord,
  all: { count: number },
): readonly DsRecord[] => {
  all.count = 0;
  return asArray(parseXmlPlist(text), 'the answer of dscl -readall').map(recordOf);
};

const readRecords = (answer: Answer, keys: ReadonlyMap<string, string>): readonly DsRecord[] => {
  // Some errors go to stdout and look like a header (`read: DS error: …`): the exit code comes first.
  if (answer.exitCode !== 0) throw failure(answer);
  if (answer.stdout === '') throw parseFailed('dscl ended well but printed nothing');
  const attributes = new Set(keys.values());
  const all = { count: 0 };
  const recordOf = (value: PlistValue): DsRecord => {
    const place = { number: (all.count += 1), of: all };
    if (value instanceof Map) return readRecord(value, keys, place);
    const rest = value instanceof PlistOdd ? value.rest : null;
    const record = readRecord(rest ?? new Map(), keys, place);
    record.mayLack(attributes, value instanceof PlistOdd ? value.why : 'it is not a dictionary');
    return record;
  };
  const records = readPlainArray(answer.stdout, recordOf) ?? readOther(answer.stdout, recordOf, all);
  if (records.length > 0 && records.every((record) => record.first('RecordName') === null)) {
    throw parseFailed('no record of dscl has a name');
  }
  return merged(records, attributes);
};

/**
 * Reads what `dscl -plist . -readall` printed, keeping only the attributes that were asked for.
 *
 * Input: an array of dictionaries of arrays of strings, keys with their prefix; macOS 10.5 to 26.
 * Returns: the records in the order given, attributes by their standard name; what is no record is one
 *   of which nothing is known. What is odd of a record it tells when it was read.
 * Throws: permission_denied for exit codes 40 and 87, source_failed for the others, parse_failed for a
 *   stdout of any other form, nothing at all included, and where no record has a name.
 * Source: dscl(1), DSTools-162
 */
export const readUserRecords = (answer: Answer): readonly DsRecord[] => readRecords(answer, userKeys);
export const readGroupRecords = (answer: Answer): readonly DsRecord[] => readRecords(answer, groupKeys);
export const readAccountPolicyRecords = (answer: Answer): readonly DsRecord[] =>
  readRecords(answer, accountPolicyKeys);
export const readRemoteRightsRecords = (answer: Answer): readonly DsRecord[] =>
  readRecords(answer, remoteRightsKeys);

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

/** What is left of a value of an attribute, where something of it is not asked for. */
type Hide = ReadonlyMap<string, (text: string) => string>;
const hideNothing: Hide = new Map();
/** Who a person is in a directory. Every other attribute is of this Mac. */
const hideIdentities = (guids: () => ReadonlySet<string>): Hide => {
  const withholding = new Withholding(guids);
  return new Map([['AuthenticationAuthority', (text) => withholding.authority(text)]]);
};

/** The first GeneratedUID of each record. */
const guidsOf = (value: PlistValue): readonly string[] => {
  if (isArray(value)) return value.flatMap(guidsOf);
  if (value instanceof PlistOdd) return value.rest === null ? [] : guidsOf(value.rest);
  if (!isDict(value)) return [];
  return [...value].flatMap(([key, values]) => {
    const first = isArray(values) ? values[0] : values;
    return userKeys.get(key) === 'GeneratedUID' && typeof first === 'string' && isUuid(first)
      ? [first.toUpperCase()]
      : [];
  });
};
/** The same of records as dscl prints them. */
const guidLines = /:GeneratedUID<\/key>\n\t\t<array>\n\t\t\t<string>([0-9A-Fa-f-]{36})<\/string>/g;
const guidsOfPlain = (text: string): readonly string[] =>
  Array.from(text.matchAll(guidLines), ([, guid = '']) => guid)
    .filter(isUuid)
    .map((guid) => guid.toUpperCase());

/** The values of a record, or of the records of an array, as far as they are read. */
const reduceRecords = (
  value: PlistValue,
  keys: ReadonlyMap<string, string>,
  hide: Hide = hideNothing,
): PlistValue => {
  if (Array.isArray(value)) return mapSame(value, (each) => reduceRecords(each, keys, hide));
  if (value instanceof PlistOdd && value.rest !== null) {
    const rest = reduceRecords(value.rest, keys, hide);
    return rest instanceof Map && rest !== value.rest ? new PlistOdd(value.why, rest) : value;
  }
  if (!(value instanceof Map)) return value;
  const record: PlistDict = value;
  const entries = [...record].flatMap(([key, values]): [string, PlistValue][] => {
    const attribute = keys.get(key);
    return attribute === undefined || isTwin(key, attribute, record)
      ? []
      : [[key, reduceValues(values, attribute, keys, hide)]];
  });
  const isWhole = entries.length === record.size && entries.every(([key, each]) => each === record.get(key));
  return isWhole ? value : new Map(entries);
};

const reduceValues = (
  value: PlistValue,
  attribute: string,
  keys: ReadonlyMap<string, string>,
  hide: Hide,
): PlistValue => {
  if (attribute === 'accountPolicyData') return reducePolicyValues(value);
  if (typeof value === 'string') return formed.has(attribute) ? keptText(value, attribute, value) : '';
  if (!Array.isArray(value)) return sanitizePlist(value, numberOnly);
  const [first] = value as readonly PlistValue[];
  // A policy, or a right, is told by the name of its account, and by no other that it answers to.
  const isOfOne = (keys === accountPolicyKeys || keys === remoteRightsKeys) && attribute === 'RecordName';
  const read: ReadValue = isOfOne
    ? firstOnly
    : (text, of) => {
        const kept = keptText(text, attribute, of);
        return hide.get(attribute)?.(kept) ?? kept;
      };
  const kept = value.map((each: PlistValue) =>
    typeof each === 'string'
      ? read(each, typeof first === 'string' ? first : '')
      : sanitizePlist(each, numberOnly),
  );
  return kept.every((each, index) => each === value[index]) ? value : kept;
};

const allow = (keys: ReadonlyMap<string, string>): AllowedKeys =>
  Object.fromEntries([...keys.keys()].map((key) => [key, true as const]));
const allowedUserKeys = allow(userKeys);
const allowedGroupKeys = allow(groupKeys);
const allowedAccountPolicyKeys = allow(accountPolicyKeys);
const allowedRemoteRightsKeys = allow(remoteRightsKeys);

const head =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
  '<plist version="1.0">\n<array>\n';
const tail = '</array>\n</plist>\n';
const keyLines = /\t\t<key>([A-Za-z:_]+)<\/key>\n\t\t<array>\n/y;
const valueLine = /\t\t\t<string>([^<]*)<\/string>\n/y;
const beforeValue = '\t\t\t<string>'.length;

/** A text as it is between tags; null for one that only a parser reads. */
const plainText = (written: string): string | null =>
  !written.includes('&')
    ? written
    : /&(?!(?:lt|gt|amp);)/.test(written)
      ? null
      : written.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const escapedText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

// A text with one of these is no XML, and must not become it by what is left out.
// eslint-disable-next-line no-control-regex
const noXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** Goes through a text that is, line for line, records as dscl prints them when it was asked for named attributes. */
class PlainRecords {
  readonly #text: string;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #hide: Hide;
  readonly #pieces: string[] = [];
  #at = 0;
  /** Up to where the text is in the pieces. */
  #taken = 0;

  constructor(text: string, keys: ReadonlyMap<string, string>, hide: Hide) {
    this.#text = text;
    this.#keys = keys;
    this.#hide = hide;
  }

  /** The text with the values as they are kept, itself where all are; null where it must be parsed to know it. */
  kept(): string | null {
    if (!isText(this.#text) || noXml.test(this.#text) || !this.#skip(head)) return null;
    while (this.#skip('\t<dict>\n')) {
      while (!this.#skip('\t</dict>\n')) if (!this.#attribute()) return null;
    }
    if (!this.#skip(tail) || this.#at !== this.#text.length) return null;
    return this.#taken === 0 ? this.#text : this.#pieces.join('') + this.#text.slice(this.#taken);
  }

  #attribute(): boolean {
    const key = this.#match(keyLines)?.[1] ?? '';
    const attribute = this.#keys.get(key);
    // One of two keys of one attribute may be none that is read.
    if (attribute === undefined || (key.startsWith(native) && !nativeOnly.has(attribute))) return false;
    for (let first: string | null = null; ;) {
      const start = this.#at + beforeValue;
      const value = this.#match(valueLine)?.[1];
      if (value === undefined) return this.#skip('\t\t</array>\n');
      first ??= value;
      const kept = this.#kept(value, attribute, first);
      if (kept === value) continue;
      if (kept === null) return false;
      this.#pieces.push(this.#text.slice(this.#taken, start), kept);
      this.#taken = start + value.length;
    }
  }

  /** The value, as it is written; null where it must be parsed to know it. */
  #kept(value: string, attribute: string, first: string): string | null {
    const read = keptText(value, attribute, first);
    if (read !== value && value.includes('&')) return null;
    const hide = this.#hide.get(attribute);
    if (hide === undefined) return read;
    const text = plainText(read);
    if (text === null) return null;
    const left = hide(text);
    return left === text ? read : escapedText(left);
  }

  #skip(line: string): boolean {
    const isThere = this.#text.startsWith(line, this.#at);
    if (isThere) this.#at += line.length;
    return isThere;
  }

  #match(lines: RegExp): RegExpExecArray | null {
    lines.lastIndex = this.#at;
    const found = lines.exec(this.#text);
    if (found !== null) this.#at = lines.lastIndex;
    return found;
  }
}

const sanitizeRecords = (
  stdout: string,
  keys: ReadonlyMap<string, string>,
  allowed: AllowedKeys,
  isHiding = false,
): string => {
  const hide = isHiding ? hideIdentities(() => new Set(guidsOfPlain(stdout))) : hideNothing;
  return (
    new PlainRecords(stdout, keys, hide).kept() ??
    sanitizeXmlPlistWith(stdout, (value) =>
      reduceRecords(
        sanitizePlist(value, allowed),
        keys,
        isHiding ? hideIdentities(() => new Set(guidsOf(value))) : hideNothing,
      ),
    )
  );
};

/**
 * Keep of what dscl printed only the attributes that were asked for: as root it returns password hashes
 * and keys when it is asked for whole records. Of their values it keeps what is read, and who somebody is in a
 * directory only where identities are asked for.
 *
 * Input: stdout of `dscl -plist . -readall`.
 * Returns: the same text when there was nothing to drop.
 * Throws: never.
 * Source: dscl(1)
 */
export const sanitizeDsUsers = (stdout: string, include: ReadonlySet<string> = new Set()): string =>
  sanitizeRecords(stdout, userKeys, allowedUserKeys, !include.has('identities'));

/** The same for groups. */
export const sanitizeDsGroups = (stdout: string): string =>
  sanitizeRecords(stdout, groupKeys, allowedGroupKeys);

const reducePolicyValues = (value: PlistValue): PlistValue => {
  if (typeof value === 'string') return sanitizeAccountPolicyData(value);
  if (value instanceof Uint8Array) return '';
  return Array.isArray(value) ? mapSame(value, reducePolicyValues) : value;
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
  sanitizeXmlPlistWith(stdout, (value) =>
    reduceRecords(sanitizePlist(value, allowedAccountPolicyKeys), accountPolicyKeys),
  );

/** The same for the rights of Remote Desktop. */
export const sanitizeDsRemoteRights = (stdout: string): string =>
  sanitizeXmlPlistWith(stdout, (value) =>
    reduceRecords(sanitizePlist(value, allowedRemoteRightsKeys), remoteRightsKeys),
  );
