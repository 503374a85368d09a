/**
 * The token rules: the verdict on a user, and where sources disagree (M01 to M17).
 *
 * M03 cannot be seen by reading: a token that is listed everywhere and whose password was replaced
 * outside of OpenDirectory. M08 and M09 are ways to read, not disagreements: an absent VolumeOwner key
 * is NULL, and the bootstrap token may or may not own the volume. M17 is a rule of the store: a table
 * that was not looked at changes nothing.
 */
import {
  hasTag,
  parseAuthenticationAuthority,
  parseLocalCachedUser,
} from '../../collector/parsers/authentication_authority.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import { isGuest, isSetupAssistant, isTagDisabled } from './accounts.ts';
import type { FilevaultList } from './filevault_list.ts';
import type { Observation, TokenSource } from '../secure_token_observations.ts';

export const confidences = ['confirmed', 'probable', 'conflicting', 'unknown'] as const;
export type Confidence = (typeof confidences)[number];

export const severities = ['info', 'low', 'medium', 'high'] as const;
export const subjectKinds = ['user', 'crypto_user', 'host'] as const;
export const facts = [
  'secure_token',
  'volume_owner',
  'filevault_user',
  'bootstrap',
  'guid',
  'recovery_key',
] as const;

export interface Conflict {
  readonly subject_kind: (typeof subjectKinds)[number];
  readonly subject: string;
  readonly fact: (typeof facts)[number];
  readonly rule_id: string;
  readonly source_a: string;
  readonly value_a: string | null;
  readonly source_b: string;
  readonly value_b: string | null;
  readonly severity: (typeof severities)[number];
  readonly conclusion: string;
}

/** Names the commands that a conclusion rests on. */
export const seeCommands = (conclusion: string, ids: readonly (string | null | undefined)[]): string => {
  const known = [...new Set(ids.filter((id) => id != null))];
  return known.length === 0 ? `${conclusion}.` : `${conclusion}. See command_log: ${known.join(', ')}.`;
};

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
}

const text = (value: 0 | 1 | null): string | null => (value === null ? null : String(value));

/** Claims of a token that APFS, or the other claimant, does not bear out: M01, M02, M07. */
const tokenDisputes = ({ user, observations }: UserFacts): Conflict[] => {
  const own = bySource(observations);
  const apfs = own.get('apfs');
  const common = { subject_kind: 'user', subject: user.recordName, fact: 'secure_token' } as const;
  const claims = (['opendirectory', 'sysadminctl'] as const).flatMap((source) => own.get(source) ?? []);
  if (apfs === undefined || apfs.value === null) {
    const [tag, status] = claims;
    if (tag === undefined || status === undefined || status.value === null || tag.value === status.value)
      return [];
    return [
      {
        ...common,
        rule_id: tag.value === 1 ? 'M01' : 'M02',
        source_a: tag.source,
        value_a: text(tag.value),
        source_b: status.source,
        value_b: text(status.value),
        severity: 'medium',
        conclusion: seeCommands('the tag and sysadminctl disagree, and APFS could not be asked', [
          tag.command_id,
          status.command_id,
        ]),
      },
    ];
  }
  return claims
    .filter(({ value }) => value !== null && value !== apfs.value)
    .map((claim): Conflict => {
      const sides = {
        ...common,
        source_a: claim.source,
        value_a: text(claim.value),
        source_b: 'apfs',
        value_b: text(apfs.value),
      };
      const ids = [claim.command_id, apfs.command_id];
      if (isGuest(user)) {
        return {
          ...sides,
          rule_id: 'M07',
          severity: 'info',
          conclusion: seeCommands('the Guest account is listed by APFS without a tag; this is normal', ids),
        };
      }
      if (claim.value === 1) {
        return {
          ...sides,
          rule_id: 'M01',
          severity: 'high',
          conclusion: seeCommands(
            'claimed, not effective: the account is not among the crypto users; the record was restored, cloned or tampered with',
            ids,
          ),
        };
      }
      return {
        ...sides,
        rule_id: 'M02',
        severity: 'medium',
        conclusion: seeCommands(
          'effective, not claimed: the account is a crypto user without saying so; its record was rebuilt, so look at the history of its GeneratedUID',
          ids,
        ),
      };
    });
};

/** M04, M05, M12, M15 and M16: what else about one account does not fit together. */
const accountDisputes = ({ user, observations, list, isAdmin }: UserFacts): Conflict[] => {
  const own = bySource(observations);
  const tag = own.get('opendirectory');
  const fdesetup = own.get('fdesetup');
  const { value } = verdictOf(user, observations);
  const common = { subject_kind: 'user', subject: user.recordName } as const;
  const found: Conflict[] = [];

  if (tag?.value === 1 && isTagDisabled(user, 'SecureToken')) {
    found.push({
      ...common,
      fact: 'secure_token',
      rule_id: 'M04',
      source_a: 'opendirectory',
      value_a: 'DisabledTags;SecureToken',
      source_b: 'opendirectory',
      value_b: 'SecureToken',
      severity: 'info',
      conclusion: seeCommands(
        'kept from the first automatic token and granted one later: both tags together are normal',
        [tag.command_id],
      ),
    });
  }
  // Guest is listed by APFS alone (M07).
  if (value === 1 && fdesetup?.value === 0 && !isGuest(user)) {
    const apfs = own.get('apfs')?.value === 1 ? own.get('apfs') : tag;
    found.push({
      ...common,
      fact: 'filevault_user',
      rule_id: 'M05',
      source_a: apfs?.source ?? 'opendirectory',
      value_a: '1',
      source_b: 'fdesetup',
      value_b: '0',
      severity: 'low',
      conclusion: seeCommands('removed from FileVault: keeps the token, is not offered at startup', [
        apfs?.command_id,
        fdesetup.command_id,
      ]),
    });
  }
  const cached = user.authenticationAuthority
    .map(parseAuthenticationAuthority)
    .find(({ tag: name }) => name === 'LocalCachedUser');
  const origin = cached?.data == null ? null : parseLocalCachedUser(cached.data);
  if (origin !== null && origin.guid.toUpperCase() !== user.uuid) {
    found.push({
      ...common,
      fact: 'guid',
      rule_id: 'M12',
      source_a: 'opendirectory LocalCachedUser',
      value_a: origin.guid.toUpperCase(),
      source_b: 'opendirectory GeneratedUID',
      value_b: user.uuid,
      severity: 'medium',
      conclusion: seeCommands(
        'the mobile account and its directory account have different GUIDs; expect a missing icon or an old password at startup',
        [tag?.command_id],
      ),
    });
  }
  if (
    isSetupAssistant(user) &&
    isAdmin === 1 &&
    (value === 1 || hasTag(user.authenticationAuthority, 'ShadowHash'))
  ) {
    found.push({
      ...common,
      fact: 'secure_token',
      rule_id: 'M15',
      source_a: 'opendirectory',
      value_a: value === 1 ? 'token' : 'ShadowHash',
      source_b: 'group admin',
      value_b: '1',
      severity: 'high',
      conclusion: seeCommands(
        'the account of Setup Assistant is an administrator with a password or a token, which Apple never gives it',
        [tag?.command_id],
      ),
    });
  }
  const namesake = list?.users.find(
    ({ username, uuid }) => username === user.recordName && uuid !== user.uuid,
  );
  if (namesake !== undefined && user.uuid !== null) {
    found.push({
      ...common,
      fact: 'guid',
      rule_id: 'M16',
      source_a: 'fdesetup',
      value_a: namesake.uuid,
      source_b: 'opendirectory',
      value_b: user.uuid,
      severity: 'medium',
      conclusion: seeCommands(
        'the account was made anew under an old name: the former GeneratedUID can still unlock the disk',
        [fdesetup?.command_id, tag?.command_id],
      ),
    });
  }
  return found;
};

/** All that is in dispute about one user. */
export const userConflicts = (of: UserFacts): Conflict[] => [...tokenDisputes(of), ...accountDisputes(of)];
