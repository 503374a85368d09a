/** The token rules of one account: the verdict, and where sources disagree. What each rule says is in conflict_rules.ts. */
import {
  hasTag,
  parseAuthenticationAuthority,
  parseLocalCachedUser,
} from '../../collector/parsers/authentication_authority.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import { isGuest, isSetupAssistant, isTagDisabled } from './accounts.ts';
import type { FilevaultList } from './filevault_list.ts';
import type { Observation, TokenSource } from '../secure_token_observations.ts';
import { conflict } from './conflict_rules.ts';
import type { Conflict } from './conflict_rules.ts';

export const confidences = ['confirmed', 'probable', 'conflicting', 'unknown'] as const;
export type Confidence = (typeof confidences)[number];

type Own = ReadonlyMap<TokenSource, Observation>;
const bySource = (observations: readonly Observation[]): Own =>
  new Map(observations.map((observation) => [observation.source, observation]));

/**
 * What an observation says of a token. fdesetup's list is evidence only for those whom it names:
 * an account may have been taken off it and keep its token (M05).
 */
const evidenceOf = ({ source, value }: Observation): 0 | 1 | null =>
  source === 'fdesetup' && value === 0 ? null : value;

/**
 * The verdict on one user: APFS where it answered, else fdesetup, OpenDirectory, sysadminctl.
 *
 * @param observations The user's own.
 */
export const verdictOf = (
  user: DsUser,
  observations: readonly Observation[],
): {
  readonly value: 0 | 1 | null;
  readonly confidence: Confidence;
  readonly agreeing: readonly TokenSource[];
} => {
  const order: readonly TokenSource[] = ['apfs', 'fdesetup', 'opendirectory', 'sysadminctl'];
  const own = bySource(observations);
  const evidence = order.flatMap((source) => {
    const observation = own.get(source);
    const value = observation === undefined ? null : evidenceOf(observation);
    return value === null ? [] : [{ source, value }];
  });
  const value = evidence[0]?.value ?? null;
  if (value === null) return { value, confidence: 'unknown', agreeing: [] };
  const agreeing = evidence.filter((each) => each.value === value).map(({ source }) => source);
  const isDisputed = agreeing.length < evidence.length && !isGuest(user);
  const isConfirmed = agreeing[0] === 'apfs' && agreeing.length > 1;
  return { value, confidence: isDisputed ? 'conflicting' : isConfirmed ? 'confirmed' : 'probable', agreeing };
};

export interface UserFacts {
  readonly user: DsUser;
  readonly observations: readonly Observation[];
  readonly list: FilevaultList | null;
  readonly isAdmin: 0 | 1 | null;
  /** The command that told the members of the group admin. */
  readonly groupsCommand: string | null;
}

/** A rule of one account: the conflicts that it finds. */
type AccountRule = (of: UserFacts, own: Own) => readonly Conflict[];

/** M01, M02 and M07: claims of a token that APFS does not bear out. */
const claimsAgainstApfs: AccountRule = ({ user }, own) => {
  const apfs = own.get('apfs');
  if (apfs === undefined || apfs.value === null) return [];
  return (['opendirectory', 'sysadminctl'] as const)
    .flatMap((source) => own.get(source) ?? [])
    .filter(({ value }) => value !== null && value !== apfs.value)
    .map((claim) =>
      conflict(isGuest(user) ? 'M07' : claim.value === 1 ? 'M01' : 'M02', user.recordName, claim, apfs),
    );
};

/** M01 and M02 where APFS is silent: the claims against each other. */
const claimsAgainstEachOther: AccountRule = ({ user }, own) => {
  const tag = own.get('opendirectory');
  const status = own.get('sysadminctl');
  if (own.get('apfs')?.value != null || tag === undefined || status === undefined) return [];
  if (status.value === null || tag.value === status.value) return [];
  return [conflict(tag.value === 1 ? 'M01' : 'M02', user.recordName, tag, status, 'apfsSilent')];
};

/** M04: the tag that kept the account from a token, and the tag of one. */
const grantedLater: AccountRule = ({ user }, own) => {
  const tag = own.get('opendirectory');
  if (tag?.value !== 1 || !isTagDisabled(user, 'SecureToken')) return [];
  const before = { ...tag, value: 'DisabledTags;SecureToken' };
  return [conflict('M04', user.recordName, before, { ...tag, value: 'SecureToken' })];
};

/** M05: a token, and no place in the list of FileVault. Guest is listed by APFS alone (M07). */
const notOffered: AccountRule = ({ user, observations }, own) => {
  const listed = own.get('fdesetup');
  if (verdictOf(user, observations).value !== 1 || listed?.value !== 0 || isGuest(user)) return [];
  const holds = own.get('apfs')?.value === 1 ? own.get('apfs') : own.get('opendirectory');
  const holder = {
    source: holds?.source ?? 'opendirectory',
    value: 1,
    command_id: holds?.command_id ?? null,
  } as const;
  return [conflict('M05', user.recordName, holder, listed)];
};

const commandOfRecord = (own: Own): string | null => own.get('opendirectory')?.command_id ?? null;

/** M12: the GUID that a mobile account has in its directory, and its own. */
const directoryGuid: AccountRule = ({ user }, own) => {
  const cached = user.authenticationAuthority
    .map(parseAuthenticationAuthority)
    .find(({ tag }) => tag === 'LocalCachedUser');
  const origin = cached?.data == null ? null : parseLocalCachedUser(cached.data);
  if (origin === null || origin.guid.toUpperCase() === user.uuid) return [];
  const command_id = commandOfRecord(own);
  const remote = { source: 'opendirectory LocalCachedUser', value: origin.guid.toUpperCase(), command_id };
  const local = { source: 'opendirectory GeneratedUID', value: user.uuid, command_id };
  return [conflict('M12', user.recordName, remote, local)];
};

/** M15: Setup Assistant as an administrator with a password or a token. */
const hiddenAdministrator: AccountRule = ({ user, observations, isAdmin, groupsCommand }, own) => {
  if (!isSetupAssistant(user) || isAdmin !== 1) return [];
  const hasToken = verdictOf(user, observations).value === 1;
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
  const namesake = list?.users.find((listed) => listed.username === recordName && listed.uuid !== uuid);
  if (namesake === undefined || uuid === null) return [];
  const former = {
    source: 'fdesetup',
    value: namesake.uuid,
    command_id: own.get('fdesetup')?.command_id ?? null,
  };
  return [
    conflict('M16', recordName, former, {
      source: 'opendirectory',
      value: uuid,
      command_id: commandOfRecord(own),
    }),
  ];
};

const accountRules: readonly AccountRule[] = [
  claimsAgainstApfs,
  claimsAgainstEachOther,
  grantedLater,
  notOffered,
  directoryGuid,
  hiddenAdministrator,
  madeAnew,
];

/** All that is in dispute about one user. */
export const userConflicts = (of: UserFacts): Conflict[] => {
  const own = bySource(of.observations);
  return accountRules.flatMap((rule) => rule(of, own));
};
