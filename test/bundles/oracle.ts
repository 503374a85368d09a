/**
 * The verdict on one account, written anew from the text of the rules (semantics.md, 3.3), to hold the program to it.
 * It knows witnesses and nothing of the program.
 */

/** What the volume of the running system says. */
export type Apfs =
  /** A whole listing has the account, or has it not. */
  | 'listed'
  | 'not listed'
  /** It failed, is empty against the other outputs, is of another volume, or is partial and has not the account. */
  | 'silent'
  /** A listing that is partial, and has the account all the same. */
  | 'listed in a part'
  /** "/" is not on APFS. */
  | 'unsupported';

export interface Witnesses {
  readonly apfs: Apfs;
  /** Whether the listing speaks of owners at all: not on Intel, and not before macOS 11. */
  readonly hasOwners: boolean;
  /** VolumeOwner of the account's entry. */
  readonly isOwner: boolean;
  readonly fdesetup: 'listed' | 'not listed' | 'off' | 'failed';
  readonly tag: 'present' | 'absent' | 'unknown';
  /** Beside ;DisabledTags;SecureToken */
  readonly isTagDisabled: boolean;
  readonly sysadminctl: 'ENABLED' | 'DISABLED' | 'failed' | 'not asked';
}

export type Rule = 'M01' | 'M02' | 'M04' | 'M05' | 'M18';

export interface Conclusion {
  readonly secure_token: 0 | 1 | null;
  readonly confidence: 'confirmed' | 'probable' | 'conflicting' | 'unknown';
  readonly sources: string | null;
  readonly has_conflict: 0 | 1 | null;
  readonly volume_owner: 0 | 1 | null;
  readonly filevault_enabled: 0 | 1 | null;
  /** Rules of which conflicts must have a row; null is any rule. */
  readonly rules: readonly (Rule | null)[];
}

type Word = 'yes' | 'no' | 'nothing';
const order = ['apfs', 'fdesetup', 'opendirectory', 'sysadminctl'] as const;
type Source = (typeof order)[number];

/** "Each witness says yes, no or nothing." */
const wordsOf = (of: Witnesses): Readonly<Record<Source, Word>> => ({
  apfs:
    of.apfs === 'listed' || of.apfs === 'listed in a part'
      ? 'yes'
      : of.apfs === 'not listed'
        ? 'no'
        : 'nothing',
  // "nothing: … absence from fdesetup's list"
  fdesetup: of.fdesetup === 'listed' ? 'yes' : 'nothing',
  // "nothing: … a missing tag"
  opendirectory: of.tag === 'present' ? 'yes' : 'nothing',
  sysadminctl: of.sysadminctl === 'ENABLED' ? 'yes' : of.sysadminctl === 'DISABLED' ? 'no' : 'nothing',
});

const verdictOf = (words: Readonly<Record<Source, Word>>): 0 | 1 | null => {
  const others = [words.fdesetup, words.opendirectory, words.sysadminctl];
  // "yes by APFS is 1"
  if (words.apfs === 'yes') return 1;
  // "No by APFS is 0, against a tag or sysadminctl too, but NULL … where fdesetup lists the user (M18)"
  if (words.apfs === 'no') return words.fdesetup === 'yes' ? null : 0;
  // "APFS silent: 1 by any yes, 0 only by sysadminctl DISABLED and no yes, else NULL"
  if (others.includes('yes')) return 1;
  return words.sysadminctl === 'no' ? 0 : null;
};

/** What of the witnesses cannot be true together, by the catalogue (3.2). */
const disputesOf = (of: Witnesses, words: Readonly<Record<Source, Word>>): readonly (Rule | null)[] => {
  if (words.apfs === 'no' && words.fdesetup === 'yes') return ['M18'];
  if (words.apfs === 'no') {
    return words.opendirectory === 'yes' || words.sysadminctl === 'yes' ? ['M01'] : [];
  }
  // M02: "UUID in crypto users, no tag": the tag was looked for, and is absent. DISABLED denies the token as well.
  if (words.apfs === 'yes') return of.tag === 'absent' || words.sysadminctl === 'no' ? ['M02'] : [];
  // No rule of the catalogue is of APFS silent; "conflicting … and then conflicts has its row, by construction".
  const isClaimed = words.fdesetup === 'yes' || words.opendirectory === 'yes';
  return isClaimed && words.sysadminctl === 'no' ? [null] : [];
};

/** "where a source that sources.ts asks for this account and macOS did not answer" */
const isAnyMissing = (of: Witnesses): boolean =>
  of.apfs === 'silent' || of.fdesetup === 'failed' || of.tag === 'unknown' || of.sysadminctl === 'failed';

export const conclude = (of: Witnesses): Conclusion => {
  const filevault_enabled = of.fdesetup === 'failed' ? null : of.fdesetup === 'listed' ? 1 : 0;
  // "No APFS: … one row an account with NULLs, confidence unknown, has_conflict NULL"
  if (of.apfs === 'unsupported') {
    return {
      secure_token: null,
      confidence: 'unknown',
      sources: null,
      has_conflict: null,
      volume_owner: null,
      filevault_enabled,
      rules: [],
    };
  }
  const words = wordsOf(of);
  const secure_token = verdictOf(words);
  const disputes = disputesOf(of, words);
  const rules = [
    ...disputes,
    // M04: both tags. M05: crypto user yes, fdesetup list no: a claim alone proves no token that could be missed there.
    // Neither bears on the confidence.
    ...(of.isTagDisabled && of.tag === 'present' ? (['M04'] as const) : []),
    ...(words.apfs === 'yes' && of.fdesetup === 'not listed' ? (['M05'] as const) : []),
  ];
  const wanted = secure_token === 1 ? 'yes' : secure_token === 0 ? 'no' : null;
  const agreeing = order.filter((source) => words[source] === wanted);
  const isListed = of.apfs === 'listed' || of.apfs === 'listed in a part';
  return {
    secure_token,
    // "confirmed = APFS and ≥1 other agree; probable = one side only; … unknown = none"
    confidence:
      disputes.length > 0
        ? 'conflicting'
        : secure_token === null
          ? 'unknown'
          : agreeing.includes('apfs') && agreeing.length > 1
            ? 'confirmed'
            : 'probable',
    sources: agreeing.length === 0 ? null : agreeing.join(','),
    has_conflict: rules.length > 0 ? 1 : isAnyMissing(of) ? null : 0,
    volume_owner: !of.hasOwners
      ? null
      : isListed
        ? of.isOwner
          ? 1
          : 0
        : of.apfs === 'not listed'
          ? 0
          : null,
    filevault_enabled,
    rules,
  };
};
