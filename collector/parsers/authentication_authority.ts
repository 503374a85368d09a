import { isWithheldText, isWord, withheldText } from './withheld.ts';

/** One value of the attribute AuthenticationAuthority, in its parts. */
export interface AuthenticationAuthority {
  /** Null when blank, which means the default. */
  version: string | null;
  /** As Apple spells it where it is known, else as it is. Empty for an empty value. */
  tag: string;
  /** All that follows the tag, further semicolons included; null when there is nothing, or it is not kept. */
  data: string | null;
  /** For DisabledTags: the tags that it disables. */
  disabledTags: string[];
}

/** The tags of Apple, and of products that join a Mac to a directory. */
export const authorityTags: readonly string[] = [
  'ApplePasswordServer',
  'AppleID',
  'basic',
  'CentrifyDC',
  'DisabledTags',
  'DisabledUser',
  'Kerberosv5',
  'Kerberosv5Cert',
  'LocalCachedUser',
  'LocalWindowsHash',
  'NetLogon',
  'PlatformSSO',
  'pubkeyhash',
  'SecureToken',
  'ShadowHash',
  'tokenidentity',
];
const knownTags = new Map(authorityTags.map((tag) => [tag.toLowerCase(), tag]));

/** Tags are compared without case. */
const canonical = (tag: string): string => knownTags.get(tag.toLowerCase()) ?? tag;

/** The text before the first semicolon, and that after it; null when there is none. */
const split = (text: string): [string, string | null] => {
  const at = text.indexOf(';');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
};

/**
 * What follows a tag of which it is read, without asking for identities: by the tag, in lower case, as the awk of macOS
 * takes it, without intervals. Of any other tag what follows it may name a person or their place in a directory.
 */
export const keptData: ReadonlyMap<string, string> = new Map([
  ['shadowhash', '(HASHLIST:<[A-Z0-9,._-]*>|BetterHashOnly)'],
  // Of each that it lists. What stands behind a semicolon may be of the value that was disabled, so only a tag is kept.
  ['disabledtags', '[A-Za-z0-9._-]+'],
  ['disabledtags;', `(${[...knownTags.keys()].join('|')})`],
  // Of a value within another, its version and its tag, as far as they are words of letters that all know.
  ['', '[A-Za-z0-9._-]*'],
  // Digests of the public keys of a card.
  ['tokenidentity', '[0-9A-Fa-f]+'],
  ['pubkeyhash', '[0-9A-Fa-f]+'],
]);
const keptForms: ReadonlyMap<string, RegExp> = new Map(
  Array.from(keptData, ([tag, form]) => [tag, new RegExp(`^${form}$`)]),
);
/** Longer is no list of hashes or tags, and no digest. */
export const keptDataLength = 512;
/** More values within one another are none that a Mac writes. */
export const keptDepth = 8;
/** A longer list is hidden whole: each of its words costs the awk of the script the rest of the list. */
export const keptListLength = 4096;

/** In place of a GUID that no account of this Mac has. */
const anotherGuid = 'another GUID';
const withheldGuid = `(?::([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|${anotherGuid}))`;
/** Of LocalCachedUser the directory stays, before what was left out. */
const keptNode = '(/[^;,]*):';
const withheldCached = new RegExp(`^(?:${keptNode})?(withheld [0-9]+)${withheldGuid}?$`);
const withheldOrigin = new RegExp(`;(?:${keptNode})?withheld [0-9]+${withheldGuid}$`);
/** What was left out stands between delimiters. */
const withheldParts = new RegExp(
  `(?<![^;,])(?:(?<=;localcacheduser;)${keptNode})?withheld [0-9]+${withheldGuid}?(?![^;,])`,
  'gi',
);
/** A directory without the delimiters of a value. */
const encodedNode = (node: string): string =>
  node.replaceAll('%', '%25').replaceAll(';', '%3B').replaceAll(',', '%2C');
const decodedNode = (node: string): string =>
  node.replaceAll('%2C', ',').replaceAll('%3B', ';').replaceAll('%25', '%');

/** The value as a row shows it: without what stands in place of what was left out. */
export const shownAuthority = (value: string): string => value.replace(withheldParts, '');

/** The columns of a value of which something was left out. */
export const leftOutOf = (value: string): readonly ('value' | 'data')[] => {
  if (shownAuthority(value) !== value) return ['value', 'data'];
  const { version, tag } = parseAuthenticationAuthority(value);
  return isWithheldText(version ?? '') || isWithheldText(tag) ? ['value'] : [];
};

/**
 * Leaves identities out of one answer. In their place stands a number, the same for the same text: what is the same
 * stays the same, and what differs differs, without a digest that could be guessed.
 */
export class Withholding {
  readonly #numbers = new Map<string, number>();
  readonly #guids: () => ReadonlySet<string>;
  #known: ReadonlySet<string> | null = null;

  /** @param guids GeneratedUIDs of the answer, in upper case: the GUID that one of its accounts has names nobody else. */
  constructor(guids: () => ReadonlySet<string>) {
    this.#guids = guids;
  }

  /** A text of which nothing is kept; one that was left out before is numbered anew, in the order of this answer. */
  text(text: string): string {
    if (text === '') return text;
    const number = this.#numbers.get(text) ?? this.#numbers.size + 1;
    this.#numbers.set(text, number);
    return `withheld ${number}`;
  }

  /** A value of AuthenticationAuthority, with what follows its tag only where that is known to name nobody. */
  authority(value: string): string {
    let [start, rest] = ['', value];
    // A disabled account keeps its former value behind the tag.
    for (let depth = 0; ; depth += 1) {
      const word = (text: string): string => (depth === 0 ? wordOf(text) : this.#word(text));
      const [version, after] = split(rest);
      if (after === null) return start + word(rest);
      const [tag, data] = split(after);
      start += `${word(version)};${word(tag)}`;
      if (data === null) return start;
      start += ';';
      if (tag.toLowerCase() !== 'disableduser' || depth === keptDepth)
        return start + this.#data(tag.toLowerCase(), data);
      rest = data;
    }
  }

  /** Of a value within another no part stands in a column of its own, so there is a number and no digest. */
  #word(text: string): string {
    return isKept('', text) ? text : this.text(text);
  }

  #data(tag: string, data: string): string {
    if (tag === 'disabledtags') return this.#list(data);
    if (data === '' || isKept(tag, data)) return data;
    if (tag !== 'localcacheduser') return this.text(data);
    const origin = parseLocalCachedUser(data);
    const directory = origin?.node.startsWith('/') === true ? encodedNode(origin.node) : undefined;
    const [, node = directory, before = data, guid = origin?.guid] = withheldCached.exec(data) ?? [];
    const kept = this.text(before);
    if (guid === undefined) return kept;
    this.#known ??= this.#guids();
    const told = `${kept}:${this.#known.has(guid) ? guid : anotherGuid}`;
    return node === undefined ? told : `${node}:${told}`;
  }

  #list(data: string): string {
    if (Buffer.byteLength(data) > keptListLength) return this.text(data);
    const first = data.split(';', 1)[0]?.length ?? 0;
    return data.replace(/[^;,]+/g, (each, at: number) =>
      (at < first ? isKept('disabledtags', each) : isKept('disabledtags;', each.toLowerCase()))
        ? each
        : this.text(each),
    );
  }
}

const isKept = (tag: string, text: string): boolean =>
  text.length <= keptDataLength && keptForms.get(tag)?.test(text) === true;
const isVersion = (text: string): boolean => /^[0-9.]{0,16}$/.test(text);
const wordOf = (text: string): string => (isVersion(text) || isWord(text) ? text : withheldText(text));

/**
 * Reads one AuthenticationAuthority: `version;tag;data`.
 *
 * Input: a value as Open Directory keeps it, such as `;SecureToken;`, `;DisabledTags;SecureToken` (which is
 *   no secure token), `;DisabledUser;;ShadowHash;…` (which wraps the former value) or the bare
 *   `DisabledUser`.
 * Returns: its parts; a tag that is not known stays as it is.
 * Throws: never.
 * Source: Open Directory Programming Guide, DirServicesUtils.c
 */
export const parseAuthenticationAuthority = (value: string): AuthenticationAuthority => {
  const [first, rest] = split(shownAuthority(value));
  // Scripts append a bare word where a tag was meant.
  const [word, data] = rest === null ? [first, null] : split(rest);
  const tag = canonical(word);
  return {
    version: rest === null || first === '' ? null : first,
    tag,
    data: data === '' ? null : data,
    disabledTags:
      tag === 'DisabledTags' && data !== null ? data.split(/[;,]/).filter(Boolean).map(canonical) : [],
  };
};

/** Whether one of the values has exactly this tag. A substring would find `;DisabledTags;SecureToken` too. */
export const hasTag = (values: readonly string[], tag: string): boolean =>
  values.some((value) => parseAuthenticationAuthority(value).tag.toLowerCase() === tag.toLowerCase());

/** Where a mobile account comes from. */
export interface LocalCachedUser {
  node: string;
  recordName: string;
  /** In upper case. */
  guid: string;
}

/**
 * Reads the data of a LocalCachedUser tag: `node:record name:GUID`.
 *
 * Input: such as `/Active Directory/CORP/All Domains:alice:E9F6E0ED-138E-40C9-B9E7-A7F3F661DB14`; the node
 *   may hold anything, so it is split from the right.
 * Returns: the parts, or null when it is not of this form.
 * Throws: never.
 * Source: DirServicesConst.h
 */
export const parseLocalCachedUser = (data: string): LocalCachedUser | null => {
  const [, node, recordName, guid] =
    /^(.+):([^:]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12});?$/is.exec(data) ?? [];
  if (node === undefined || recordName === undefined || guid === undefined) return null;
  return { node, recordName, guid: guid.toUpperCase() };
};

/** The directory account of a mobile account, as its record has it. */
export interface CachedUser {
  /** Null where it is not of the known form, or the account is left out. */
  readonly origin: LocalCachedUser | null;
  /** The directory; null where the record does not tell. */
  readonly node: string | null;
  /** It has the known form, and the account was left out. */
  readonly isWithheld: boolean;
  /** Whether the directory account has this GUID, in upper case; null where the record does not tell. */
  readonly hasGuid: (uuid: string) => boolean | null;
}

/** What the first tag LocalCachedUser among the values says; null where there is none. */
export const cachedUserOf = (values: readonly string[]): CachedUser | null => {
  const value = values.find((each) => parseAuthenticationAuthority(each).tag === 'LocalCachedUser');
  if (value === undefined) return null;
  const [, kept, guid = null] = withheldOrigin.exec(value) ?? [];
  const { data } = parseAuthenticationAuthority(value);
  const origin = data === null ? null : parseLocalCachedUser(data);
  const told = guid ?? origin?.guid ?? null;
  return {
    origin,
    node: kept === undefined ? (origin?.node ?? null) : decodedNode(kept),
    isWithheld: guid !== null,
    hasGuid: (uuid) => (told === null ? null : told === uuid),
  };
};
