/** The token rules of one account: the verdict, and where sources disagree. What each rule says is in conflict_rules.ts. */
import { cachedUserOf, hasTag } from '../../collector/parsers/authentication_authority.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import { isForSysadminctl } from '../../collector/accounts.ts';
import { isGuest, isSetupAssistant, isTagDisabled } from './accounts.ts';
import { conflict } from './conflict_rules.ts';
import type { Conflict, RuleId } from './conflict_rules.ts';
import type { FilevaultList } from './filevault_list.ts';
import { tokenSources } from './observations.ts';
import type { Observation, TokenSource } from './observations.ts';

export const confidences = ['confirmed', 'probable', 'conflicting', 'unknown'] as const;
type Confidence = (typeof confidences)[number];

type Own = ReadonlyMap<TokenSource, Observation>;
const bySource = (observations: readonly Observation[]): Own =>
  new Map(observations.map((observation) => [observation.source, observation]));

/**
 * What an observation says of a token: yes, no, or nothing. Absence is a "no" by APFS alone: an account may have been
 * taken off the list of fdesetup and keep its token (M05), and the tag in its record is not itself the token.
 */
const evidenceOf = ({ source, value }: Observation): 0 | 1 | null =>
  value === 0 && (source === 'fdesetup' || source === 'opendirectory') ? null : value;

/** Those who say yes, or no, in the order of the sources. */
const saying = (own: Own, word: 0 | 1): readonly Observation[] =>
  tokenSources.flatMap((source) => own.get(source) ?? []).filter((each) => evidenceOf(each) === word);

/**
 * Whether an account has a token: APFS where it speaks, but neither yes nor no where it denies whom fdesetup lists
 * (M18). Where APFS is silent, any yes counts, and a no only without one.
 */
const tokenOf = (observations: readonly Observation[]): 0 | 1 | null => {
  const own = bySource(observations);
  const apfs = own.get('apfs')?.value ?? null;
  if (apfs === 0) return own.get('fdesetup')?.value === 1 ? null : 0;
  if (apfs === 1 || saying(own, 1).length > 0) return 1;
  return saying(own, 0).length > 0 ? 0 : null;
};

export interface UserFacts {
  readonly user: DsUser;
  /** The user's own; without one of APFS where there is no APFS. */
  readonly observations: readonly Observation[];
  readonly list: FilevaultList | null;
  readonly isAdmin: 0 | 1 | null;
  /** The command that told the members of the group admin. */
  readonly groupsCommand: string | null;
  /** False where `/` is not on APFS: then there are no tokens, and no source speaks of one. */
  readonly isApfs: boolean;
  /** Whether sysadminctl is asked at all on this macOS; null where macOS is not known. */
  readonly isSysadminctlAsked: boolean | null;
}

/** A rule of one account: the conflicts that it finds. */
type AccountRule = (of: UserFacts, own: Own) => readonly Conflict[];

/** M18, M01, M02 and M07: who says that there is a token, against who says that there is none. */
const tokenDispute: AccountRule = ({ user, isApfs }, own) => {
  if (!isApfs) return [];
  const { recordName } = user;
  const [yes, no] = [saying(own, 1), saying(own, 0)];
  const apfs = own.get('apfs')?.value ?? null;
  if (apfs === 1) {
    const tag = own.get('opendirectory');
    const missing = tag?.value === 0 ? [tag, ...no] : no;
    if (missing.length === 0) return [];
    return [conflict(isGuest(user) ? 'M07' : 'M02', recordName, missing, yes)];
  }
  if (yes.length === 0 || no.length === 0) return [];
  if (apfs === null) return [conflict('M01', recordName, yes, no, 'apfsSilent')];
  return [conflict(own.get('fdesetup')?.value === 1 ? 'M18' : 'M01', recordName, yes, no)];
};

/** M04: the tag that kept the account from a token, and the tag of one. */
const grantedLater: AccountRule = ({ user, isApfs }, own) => {
  const tag = own.get('opendirectory');
  if (!isApfs || tag?.value !== 1 || !isTagDisabled(user, 'SecureToken')) return [];
  const before = { ...tag, value: 'DisabledTags;SecureToken' };
  return [conflict('M04', user.recordName, before, { ...tag, value: 'SecureToken' })];
};

/** M05: a token that APFS knows, and no place in the list of FileVault. Guest is listed by APFS alone (M07). */
const notOffered: AccountRule = ({ user }, own) => {
  const listed = own.get('fdesetup');
  if (own.get('apfs')?.value !== 1 || listed?.value !== 0 || isGuest(user)) return [];
  return [conflict('M05', user.recordName, saying(own, 1), listed)];
};

const commandOfRecord = (own: Own): string | null => own.get('opendirectory')?.command_id ?? null;

/** M12: the GUID that a mobile account has in its directory, and its own. */
const directoryGuid: AccountRule = ({ user }, own) => {
  const cached = cachedUserOf(user.authenticationAuthority);
  // Without its own GeneratedUID nobody can tell.
  if (cached === null || user.uuid === null || cached.hasGuid(user.uuid) !== false) return [];
  const command_id = commandOfRecord(own);
  // Where identities are not asked for, the GUID in the directory is not told.
  const value = cached.origin?.guid ?? null;
  const remote = { source: 'opendirectory LocalCachedUser', value, command_id };
  const local = { source: 'opendirectory GeneratedUID', value: user.uuid, command_id };
  return [conflict('M12', user.recordName, remote, local)];
};

/** M15: Setup Assistant as an administrator with a password or a token. */
const hiddenAdministrator: AccountRule = ({ user, observations, isAdmin, groupsCommand, isApfs }, own) => {
  if (!isSetupAssistant(user) || isAdmin !== 1) return [];
  const hasToken = isApfs && tokenOf(observations) === 1;
  if (!hasToken && !hasTag(user.authenticationAuthority, 'ShadowHash')) return [];
  const value = hasToken ? 'token' : 'ShadowHash';
  const record = { source: 'opendirectory', value, command_id: commandOfRecord(own) };
  return [
    conflict('M15', user.recordName, record, { source: 'group admin', value: 1, command_id: groupsCommand }),
  ];
};

/** M16: FileVault knows the name by another GeneratedUID. */
const madeAnew: AccountRule = ({ user, list }, own) => {
  const { recordName, uuid } = user;
  const former = (list?.users ?? [])
    .filter((listed) => listed.username === recordName && listed.uuid !== uuid)
    .map((listed) => listed.uuid)
    .toSorted()
    .map((value) => ({
      source: 'fdesetup',
      value,
      command_id: own.get('fdesetup')?.command_id ?? null,
    }));
  if (former.length === 0 || uuid === null) return [];
  return [
    conflict('M16', recordName, former, {
      source: 'opendirectory',
      value: uuid,
      command_id: commandOfRecord(own),
    }),
  ];
};

/** M20: two records of the name differ. Which attributes is told; what they say stays in the evidence. */
const twoRecords: AccountRule = ({ user }, own) => {
  if (user.differing.size === 0) return [];
  const command_id = commandOfRecord(own);
  const record = { source: 'opendirectory', value: [...user.differing].toSorted().join(','), command_id };
  return [conflict('M20', user.recordName, record, record)];
};

const accountRules: readonly AccountRule[] = [
  tokenDispute,
  grantedLater,
  notOffered,
  directoryGuid,
  hiddenAdministrator,
  madeAnew,
  twoRecords,
];

/** Rules by which the token itself is in dispute; the others are normal (M04, M05, M07), or of another fact. */
const tokenDisputes: ReadonlySet<string> = new Set<RuleId>(['M01', 'M02', 'M18']);

/**
 * Whether a source that is asked for this account did not answer. Not asked by rule is no such source: a name that goes
 * on no argv, an account that cannot log in, an old macOS.
 */
const isAnySilent = ({ user, isSysadminctlAsked }: UserFacts, own: Own): boolean => {
  const isSilent = (source: TokenSource): boolean => {
    const observation = own.get(source);
    return observation === undefined || (observation.value === null && observation.raw_state === null);
  };
  if (isSilent('apfs') || isSilent('fdesetup') || isSilent('opendirectory')) return true;
  const isAsked = isForSysadminctl(user) && isSysadminctlAsked !== false;
  return isAsked && isSilent('sysadminctl');
};

export interface TokenVerdict {
  readonly value: 0 | 1 | null;
  readonly confidence: Confidence;
  readonly agreeing: readonly TokenSource[];
  readonly hasConflict: 0 | 1 | null;
  /** All that is in dispute about the account. */
  readonly conflicts: readonly Conflict[];
}

/** The verdict on one account. What makes it `conflicting` is what conflicts has a row for, and nothing else. */
export const verdictOf = (of: UserFacts): TokenVerdict => {
  const own = bySource(of.observations);
  const conflicts = accountRules.flatMap((rule) => rule(of, own));
  if (!of.isApfs) {
    const hasConflict = conflicts.length > 0 ? 1 : null;
    return { value: null, confidence: 'unknown', agreeing: [], hasConflict, conflicts };
  }
  const value = tokenOf(of.observations);
  const agreeing = value === null ? [] : saying(own, value).map(({ source }) => source);
  const isDisputed = conflicts.some(({ rule_id }) => tokenDisputes.has(rule_id));
  const isConfirmed = agreeing[0] === 'apfs' && agreeing.length > 1;
  return {
    value,
    confidence: isDisputed
      ? 'conflicting'
      : value === null
        ? 'unknown'
        : isConfirmed
          ? 'confirmed'
          : 'probable',
    agreeing,
    hasConflict: conflicts.length > 0 ? 1 : isAnySilent(of, own) ? null : 0,
    conflicts,
  };
};
