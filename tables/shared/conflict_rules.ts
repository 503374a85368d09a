/** The rules by which sources disagree, as data: tables make their conflicts from it, and docs/conflicts.md is written from it. */

export const severities = ['info', 'low', 'medium', 'high'] as const;
export const subjectKinds = ['user', 'crypto_user', 'host'] as const;
export const facts = [
  'secure_token',
  'volume_owner',
  'filevault_user',
  'bootstrap',
  'guid',
  'recovery_key',
  'enrollment',
  'record',
] as const;

/** What a row of conflicts says for every dispute of the same kind. */
interface Verdict {
  readonly subject_kind: (typeof subjectKinds)[number];
  readonly fact: (typeof facts)[number];
  readonly severity: (typeof severities)[number];
  readonly conclusion: string;
}

export interface Rule extends Verdict {
  readonly title: string;
  /** For people: what the sources say, why they can differ, and what to do. */
  readonly explanation: string;
  /** The same rule seen by other witnesses, by name; what is not given is as in the rule. */
  readonly variants?: Readonly<Record<string, Partial<Verdict>>>;
}

export const rules = {
  M01: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'high',
    title: 'A token is claimed that APFS does not know',
    conclusion:
      'claimed, not effective: the account is not among the crypto users; the record was restored, cloned or tampered with',
    explanation:
      'The record of the account has the tag `;SecureToken;`, or sysadminctl says ENABLED, and APFS does not list its GeneratedUID. ' +
      'APFS decides who unlocks the volume; the others only repeat what the record says. ' +
      'Find out where the record came from before you rely on this account.',
    variants: {
      apfsSilent: {
        severity: 'medium',
        conclusion: 'a token is claimed, sysadminctl denies it, and APFS could not be asked',
      },
    },
  },
  M02: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'medium',
    title: 'APFS knows a token that is not claimed',
    conclusion:
      'effective, not claimed: the account is a crypto user without saying so; its record was rebuilt, so look at the history of its GeneratedUID',
    explanation:
      'APFS lists the GeneratedUID of the account, and its record has no tag, or sysadminctl says DISABLED. ' +
      'The token works. Look in users_history for when the record was made anew.',
  },
  M04: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'info',
    title: 'Kept from the first token, and granted one later',
    conclusion: 'kept from the first automatic token and granted one later: both tags together are normal',
    explanation:
      'The record has both `;DisabledTags;SecureToken` and `;SecureToken;`. The first keeps macOS from granting the first ' +
      'token by itself, and stays when an administrator grants one later. Nothing is to be done.',
  },
  M05: {
    subject_kind: 'user',
    fact: 'filevault_user',
    severity: 'low',
    title: 'A token holder is not offered at startup',
    conclusion: 'removed from FileVault: keeps the token, is not offered at startup',
    explanation:
      'The account holds a token, FileVault is on, and fdesetup does not list the account: it was removed with ' +
      '`fdesetup remove`, or never added. It keeps its token and could be added again.',
  },
  M06: {
    subject_kind: 'crypto_user',
    fact: 'secure_token',
    severity: 'high',
    title: 'An orphan can unlock the disk',
    conclusion:
      'a UUID that no local account has can still unlock the disk: the account was deleted, or its record was replaced',
    explanation:
      'APFS, or fdesetup, lists a UUID that is no well-known one and that no local account has. Whoever knows the password ' +
      'of the account that was can still unlock the disk. This is told only where all accounts could be read.',
    variants: {
      filevault: {
        fact: 'filevault_user',
        conclusion:
          'a UUID that no local account has is still a FileVault user: the account was deleted, or its record was replaced',
      },
    },
  },
  M07: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'info',
    title: 'APFS lists the Guest account',
    conclusion: 'the Guest account is listed by APFS without a tag; this is normal',
    explanation:
      'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9 is the Guest account of macOS (uid 201, 0xC9). APFS may list it although its ' +
      'record claims no token, or although it has no record. Nothing is to be done.',
    variants: {
      withoutRecord: {
        subject_kind: 'crypto_user',
        conclusion: 'the Guest account is listed by APFS; this is normal',
      },
    },
  },
  M10: {
    subject_kind: 'host',
    fact: 'bootstrap',
    severity: 'medium',
    title: 'The bootstrap token of the server and the key on the disk do not fit',
    conclusion:
      'the key is on the disk and the server does not support it: left from another server or enrolment',
    explanation:
      'profiles says whether the MDM server supports and holds a bootstrap token; the MDMRecovery user of APFS is its key on ' +
      'the disk. A key whose server does not support it is left over; a token without a key on the disk cannot be used.',
    variants: {
      keyMissing: {
        conclusion: 'the Mac believes that a token is escrowed and has no key for it on the disk',
      },
    },
  },
  M11: {
    subject_kind: 'host',
    fact: 'bootstrap',
    severity: 'medium',
    title: 'The bootstrap token is escrowed, and an erase would fail',
    conclusion:
      'escrowed is only what the Mac believes, and the trial of an erase did not succeed: compare with the MDM',
    explanation:
      'profiles says that the bootstrap token is escrowed, and what mdmclient found when it tried whether the Mac could be ' +
      'erased is no success. The server may have lost the token: look at what the MDM holds.',
  },
  M12: {
    subject_kind: 'user',
    fact: 'guid',
    severity: 'medium',
    title: 'A mobile account and its directory account differ',
    conclusion:
      'the mobile account and its directory account have different GUIDs; expect a missing icon or an old password at startup',
    explanation:
      'The tag LocalCachedUser of a mobile account names the GUID of the account in the directory, and it is not the ' +
      'GeneratedUID of the record. A change of the password need not reach the disk.',
  },
  M13: {
    subject_kind: 'host',
    fact: 'recovery_key',
    severity: 'info',
    title: 'A personal recovery key exists after all',
    conclusion: 'a personal recovery key exists: fdesetup also says "false" on any error',
    explanation:
      '`fdesetup haspersonalrecoverykey` says "false", which it also says on any error, and APFS lists the user of a ' +
      'personal recovery key. APFS is right.',
  },
  M14: {
    subject_kind: 'host',
    fact: 'recovery_key',
    severity: 'info',
    title: 'A master keychain without an institutional key',
    conclusion: 'a master keychain lies on the disk and no institutional key is in use',
    explanation:
      '`fdesetup status` tells of a master keychain and `fdesetup hasinstitutionalrecoverykey` says "false": a certificate ' +
      'is left from an earlier set-up and unlocks nothing.',
  },
  M15: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'high',
    title: 'The account of Setup Assistant is an administrator',
    conclusion:
      'the account of Setup Assistant is an administrator with a password or a token, which Apple never gives it',
    explanation:
      '`_mbsetupuser` is hidden and has a shell. It may stand in the group admin; with a password (ShadowHash) or a token ' +
      'as well it is a hidden administrator that somebody made.',
  },
  M16: {
    subject_kind: 'user',
    fact: 'guid',
    severity: 'medium',
    title: 'An account was made anew under an old name',
    conclusion:
      'the account was made anew under an old name: the former GeneratedUID can still unlock the disk',
    explanation:
      'fdesetup lists the short name with another UUID than the account has now: the account was deleted and made again. ' +
      'The old UUID is an orphan (M06).',
  },
  M18: {
    subject_kind: 'user',
    fact: 'secure_token',
    severity: 'medium',
    title: 'FileVault lists an account that APFS does not list',
    conclusion:
      'fdesetup lists the account and APFS does not: one of the two is of another volume, or late, so the token is not known',
    explanation:
      'Both lists are made from the same keys of the volume. Where only `fdesetup list` names the account, nobody can say ' +
      'which is right. Collect again; if it stays so, compare `diskutil apfs listUsers /` with `fdesetup list -extended` by hand.',
  },
  M19: {
    subject_kind: 'host',
    fact: 'enrollment',
    severity: 'medium',
    title: 'Witnesses of the enrolment contradict each other',
    conclusion:
      'some say that an MDM server manages the Mac, and others that none does: nothing rests on those that deny it',
    explanation:
      '`profiles status` of both types and `profiles show` tell of the enrolment. An MDM profile without an enrolment, or an ' +
      'enrolment without an MDM profile, is a half-finished enrolment or removal, or an answer that was cut. What the list of ' +
      'profiles lacks is then not known to be absent.',
  },
  M20: {
    subject_kind: 'user',
    fact: 'record',
    severity: 'medium',
    title: 'Two records of one key differ',
    conclusion: 'two records say different things of the same name or UUID: what differs is not known',
    explanation:
      'An answer names an account, a crypto user, a FileVault user, a group, a volume, a profile or an administrator that MDM ' +
      'made twice, and not alike: `value_a` and `value_b` name the attributes. Its row has what both say, and NULL in what ' +
      'differs; of what is neither an account nor a UUID the subject says what it is, as in `group staff`. ' +
      'Look at the records by hand: somebody restored or copied one, or a tool wrote its own.',
    variants: { cryptoUser: { subject_kind: 'crypto_user' }, thing: { subject_kind: 'host' } },
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof rules;
type VariantOf<R extends RuleId> = (typeof rules)[R] extends { readonly variants: infer V }
  ? keyof V & string
  : never;

/** Rules of reading: they say what is no disagreement, or cannot be seen, and make no row. */
export const readingRules = {
  M03: 'A token that is listed everywhere may not work: a password that was replaced outside of OpenDirectory leaves no trace that can be read.',
  M08: 'A crypto user without the key VolumeOwner (Intel, or macOS before 11) is NULL in volume_owner, not 0.',
  M09: 'The bootstrap token may own the volume or not: neither is an alert.',
  M17: 'A table that could not be collected changes nothing: a database keeps what was known before.',
} as const;

export interface Conflict extends Verdict {
  readonly subject: string;
  readonly rule_id: string;
  readonly source_a: string;
  readonly value_a: string | null;
  readonly source_b: string;
  readonly value_b: string | null;
  /** JSON array of ids of command_log. */
  readonly command_ids: string | null;
}

/** Who says what, and by which command; null where a file was read. */
export interface Witness {
  readonly source: string;
  readonly value: string | 0 | 1 | null;
  readonly command_id: string | null;
}

/** One side of a dispute: all who are on it, in a fixed order. */
export type Side = Witness | readonly Witness[];

const witnessesOf = (side: Side): readonly Witness[] => ('source' in side ? [side] : side);

/** The names of a side, and what it says: one value where all say the same, else the value of each. */
const told = (side: readonly Witness[]): { readonly source: string; readonly value: string | null } => {
  const values = side.map(({ value }) => (value === null ? null : String(value)));
  const [first = null] = values;
  return {
    source: side.map(({ source }) => source).join(','),
    value: values.every((value) => value === first) ? first : values.join(','),
  };
};

/**
 * The row of a dispute: one, with all witnesses in it, whatever tables hear it. All but the two sides and the subject
 * comes from the rule.
 */
export const conflict = <R extends RuleId>(
  id: R,
  subject: string,
  a: Side,
  b: Side,
  variant?: VariantOf<R>,
): Conflict => {
  const rule: Rule = rules[id];
  const { subject_kind, fact, severity, conclusion } = {
    ...rule,
    ...(variant === undefined ? {} : rule.variants?.[variant]),
  };
  const [sideA, sideB] = [witnessesOf(a), witnessesOf(b)];
  const [toldByA, toldByB] = [told(sideA), told(sideB)];
  const ids = [...sideA, ...sideB].map(({ command_id }) => command_id).filter((each) => each !== null);
  return {
    subject_kind,
    subject,
    fact,
    rule_id: id,
    source_a: toldByA.source,
    value_a: toldByA.value,
    source_b: toldByB.source,
    value_b: toldByB.value,
    severity,
    conclusion,
    command_ids: ids.length === 0 ? null : JSON.stringify([...new Set(ids)]),
  };
};

type AnyRow = Readonly<Record<string, string | number | null>>;

/** Several rows of one dispute, as versions before 0.3.0 had them: one for each pair of witnesses. */
const joined = (rows: readonly [AnyRow, ...AnyRow[]]): AnyRow => {
  const side = (name: 'a' | 'b') => {
    const witnesses = new Map(
      rows.map((row) => [String(row[`source_${name}`]), row[`value_${name}`] ?? null] as const),
    );
    const { source, value } = told(
      [...witnesses].map(([of, says]) => ({
        source: of,
        value: says === null ? null : String(says),
        command_id: null,
      })),
    );
    return { [`source_${name}`]: source, [`value_${name}`]: value };
  };
  const bySeverity = rows.toSorted(
    (a, b) =>
      severities.findIndex((each) => each === b['severity']) -
      severities.findIndex((each) => each === a['severity']),
  );
  return { ...(bySeverity[0] as AnyRow), ...side('a'), ...side('b') };
};

/** One row for one dispute, whatever witnesses it has. */
export const joinDisputes = (rows: readonly AnyRow[]): readonly AnyRow[] =>
  [
    ...Map.groupBy(rows, ({ subject_kind, subject, rule_id, fact }) =>
      JSON.stringify([subject_kind, subject, rule_id, fact]),
    ).values(),
  ].map((group) => (group.length === 1 ? (group[0] as AnyRow) : joined(group as [AnyRow, ...AnyRow[]])));
