/** One value of the attribute AuthenticationAuthority, in its parts. */
export interface AuthenticationAuthority {
  /** Null when blank, which means the default. */
  version: string | null;
  /** As Apple spells it where it is known, else as it is. Empty for an empty value. */
  tag: string;
  /** All that follows the tag, further semicolons included; null when there is nothing. */
  data: string | null;
  /** For DisabledTags: the tags that it disables. */
  disabledTags: string[];
}

const knownTags: ReadonlyMap<string, string> = new Map(
  [
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
    'pubkeyhash',
    'SecureToken',
    'ShadowHash',
    'tokenidentity',
  ].map((tag) => [tag.toLowerCase(), tag]),
);

/** Tags are compared without case. */
const canonical = (tag: string): string => knownTags.get(tag.toLowerCase()) ?? tag;

/** The text before the first semicolon, and that after it; null when there is none. */
const split = (text: string): [string, string | null] => {
  const at = text.indexOf(';');
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
};

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
  const [first, rest] = split(value);
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
