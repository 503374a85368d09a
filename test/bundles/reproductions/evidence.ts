/** Witnesses say yes, no or nothing. */
import {
  appleSilicon,
  cryptoEntry,
  evidenceOf,
  listing,
  mojave,
  plain,
  supported,
  uuidOfUid,
} from '../mac.ts';
import type { Person, Said } from '../mac.ts';
import {
  change,
  withPeople,
  notHit,
  notClean,
  tokenSql,
  tokenRow,
  apfsIsSilent,
  ofUser,
  rulesOf,
  countOf,
  none,
  one,
  namedIn,
  silentRule,
  absence,
  listUsersFails,
} from './common.ts';
import type { Check, Reproduction } from './common.ts';

// --- Three-valued evidence ---
const untagged: readonly Person[] = [
  plain('nora', 505, { apfs: 'owner', sysadminctl: 'ENABLED' }),
  plain('ivo', 506, { apfs: 'owner', sysadminctl: 'failed' }),
  plain('hedda', 507, { hasTag: true, sysadminctl: 'failed' }),
  plain('odile', 508, { hasTag: true, sysadminctl: 'DISABLED' }),
];
const s5: Reproduction = {
  id: 'S5',
  what: 'listUsers fails, and some who are crypto users have no tag',
  mac: change({ people: [...appleSilicon.people, ...untagged], answers: listUsersFails }),
  checks: [
    {
      says: 'sysadminctl ENABLED decides against a missing tag',
      why: '1 by any yes (`probable`) … nothing: … a missing tag.',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'nora'),
      rows: [{ secure_token: 1, confidence: 'probable', sources: 'sysadminctl', has_conflict: null }],
    },
    {
      says: 'a missing tag alone is no verdict (S5b)',
      why: '0 only by sysadminctl DISABLED and no yes, else NULL',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'ivo'),
      rows: [{ secure_token: null, confidence: 'unknown', sources: null, has_conflict: null }],
    },
    {
      says: 'a tag alone is a probable yes',
      why: silentRule,
      sql: ofUser('secure_token, confidence, sources', 'hedda'),
      rows: [{ secure_token: 1, confidence: 'probable', sources: 'opendirectory' }],
    },
    {
      says: 'a tag against DISABLED is a yes in dispute',
      why: '1 by any yes; conflicting = any disagreement not in {M04, M05, M07}, and then conflicts has its row',
      sql: ofUser('secure_token, confidence, has_conflict', 'odile'),
      rows: [{ secure_token: 1, confidence: 'conflicting', has_conflict: 1 }],
    },
    {
      says: 'the others are probable, and it is not known that nothing is in dispute',
      why: `${silentRule} has_conflict is NULL where a source … did not answer and no conflict was found.`,
      sql: tokenSql.replace('uid > 500', 'uid BETWEEN 501 AND 504'),
      rows: apfsIsSilent,
    },
    {
      says: 'the verdicts are named as uncertain',
      why: silentRule,
      sql: namedIn('secure_tokens', 'columns_uncertain', 'secure_token'),
      rows: one,
    },
    {
      says: 'the owners are named as affected',
      why: '`volume_owner` := APFS only',
      sql: namedIn('secure_tokens', 'columns_affected', 'volume_owner'),
      rows: one,
    },
    {
      says: 'the source that failed is named',
      why: '`failed_sources` (JSON array) (issue, 10)',
      sql: namedIn('secure_tokens', 'failed_sources', 'diskutil_apfs_list_users'),
      rows: one,
    },
    ...['no_secure_token_user', 'admin_without_token'].map((question): Check => ({
      says: `${question} is no hit`,
      why: absence,
      question,
      verdicts: notHit,
    })),
  ],
};

const s23: Reproduction = {
  id: 'S23',
  what: 'the directory alone answers, as on a mounted volume',
  mac: change({
    people: [...appleSilicon.people, plain('nadia', 509, { isAdmin: true })],
    answers: {
      ...Object.fromEntries(
        evidenceOf(withPeople(plain('nadia', 509)))
          .commands?.filter(({ command }) => !command.startsWith('ds_'))
          .map(({ command, parameter }) => [
            parameter === undefined ? command : `${command} ${parameter}`,
            null,
          ]) ?? [],
      ),
    },
  }),
  checks: [
    {
      says: 'a tag is a probable yes, and a missing one no verdict',
      why: silentRule,
      sql: tokenSql,
      rows: [
        ...apfsIsSilent.slice(0, 3),
        tokenRow('devon', null, 'unknown', null),
        tokenRow('nadia', null, 'unknown', null),
      ],
    },
    {
      says: 'admin_without_token is unknown',
      why: absence,
      question: 'admin_without_token',
      verdicts: ['unknown'],
    },
  ],
};

const s25 = [
  plain('quinn', 510, { isInFilevault: true }),
  plain('quinn', 510, { isInFilevault: true, hasTag: true, sysadminctl: 'ENABLED' }),
].map((person): Reproduction => ({
  id: 'S25',
  what: `fdesetup lists an account, and APFS does not (${person.hasTag === true ? 'a tag' : 'no tag'})`,
  mac: withPeople(person),
  checks: [
    {
      says: 'the verdict is NULL, and in dispute',
      why: 'NULL with a conflict where fdesetup lists the user (M18)',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'quinn'),
      rows: [{ secure_token: null, confidence: 'conflicting', sources: null, has_conflict: 1 }],
    },
    {
      says: 'conflicts has M18',
      why: 'M18 fdesetup lists the user and APFS does not (NULL; medium)',
      sql: "SELECT severity FROM conflicts WHERE subject = 'quinn' AND rule_id = 'M18'",
      rows: [{ severity: 'medium' }],
    },
    {
      says: 'filevault_enabled is 1',
      why: '`filevault_enabled` := fdesetup only',
      sql: ofUser('filevault_enabled', 'quinn'),
      rows: [{ filevault_enabled: 1 }],
    },
  ],
}));

const m01: Reproduction = {
  id: 'one dispute',
  what: 'APFS does not list whom the tag and sysadminctl name',
  mac: withPeople(plain('theo', 511, { hasTag: true, sysadminctl: 'ENABLED' })),
  checks: [
    {
      says: 'APFS goes before both',
      why: 'No by APFS is 0, against a tag or sysadminctl too (both may copy the record: M01, `conflicting`)',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'theo'),
      rows: [{ secure_token: 0, confidence: 'conflicting', sources: 'apfs', has_conflict: 1 }],
    },
    {
      says: 'conflicts has one row',
      why: 'One dispute is one row of conflicts, … key (subject_kind, subject, rule_id, fact), all witnesses in it (issue, 11)',
      sql: rulesOf('theo'),
      rows: [{ rule_id: 'M01', severity: 'high' }],
    },
  ],
};

const m06: Reproduction = {
  id: 'one dispute',
  what: 'an account that is gone stands in both lists',
  mac: change({
    answers: {
      'diskutil_apfs_list_users disk3s5': {
        stdout: listing(
          ...[501, 502, 503, 999].map((uid) => cryptoEntry('LocalOpenDirectory', uuidOfUid(uid), true)),
        ),
      },
    },
    edits: {
      fdesetup_list_extended: (text) =>
        `${text}        ${uuidOfUid(999)}                            Unknown User\n`,
    },
  }),
  checks: [
    {
      says: 'each fact has one row',
      why: 'key (subject_kind, subject, rule_id, fact), not the witness',
      sql: `SELECT rule_id, fact, COUNT(*) AS n FROM conflicts WHERE subject = '${uuidOfUid(999)}' GROUP BY rule_id, fact ORDER BY fact`,
      rows: [
        { rule_id: 'M06', fact: 'filevault_user', n: 1 },
        { rule_id: 'M06', fact: 'secure_token', n: 1 },
      ],
    },
    {
      says: 'filevault_orphan_users is a hit',
      why: 'M06 orphan; high',
      question: 'filevault_orphan_users',
      verdicts: ['hit'],
    },
  ],
};

// --- The chip and the time of start ---
const s4 = [
  ['no arm64 line, exit code 0', { stdout: 'hw.model: Mac16,12\nkern.hv_vmm_present: 0\n' }],
  [
    'no arm64 line, another name unknown',
    {
      stdout: 'hw.model: Mac16,12\n',
      stderr: "sysctl: unknown oid 'kern.hv_vmm_present'\n",
      exitCode: '1',
    },
  ],
  ['no arm64 line, exit code 1 without a word', { stdout: 'hw.model: Mac16,12\n', exitCode: '1' }],
].map(([form, sysctl]): Reproduction => ({
  id: 'S4',
  what: `sysctl prints ${String(form)}`,
  mac: change({
    people: appleSilicon.people.map((person) => (person.apfs ? { ...person, apfs: 'no owner' } : person)),
    keys: ['PersonalRecovery'],
    bootstrap: supported('NO', null),
    answers: { sysctl: sysctl as Said },
  }),
  checks: [
    {
      says: 'it is not read as Intel',
      why: 'arm64 is told by a witness, not by a missing line (issue, 2)',
      sql: countOf("hosts WHERE is_apple_silicon = 0 OR cpu_arch = 'x86_64'"),
      rows: none,
    },
    ...['apple_silicon_no_admin_volume_owner', 'lockout_no_way_left'].map((question): Check => ({
      says: `${question} is not clean`,
      why: 'volume-owner questions clean, lockout hit → clean (plan, 6)',
      question,
      verdicts: notClean,
    })),
  ],
}));
const chips: readonly Reproduction[] = [
  {
    id: 'S4',
    what: 'an Intel Mac says that the name is unknown',
    mac: mojave,
    checks: [
      {
        says: 'it is Intel',
        why: 'An Intel Mac says `unknown oid` and exits 1 (plan, 6)',
        sql: 'SELECT is_apple_silicon, cpu_arch FROM hosts',
        rows: [{ is_apple_silicon: 0, cpu_arch: 'x86_64' }],
      },
    ],
  },
  ...['kern.boottime: { sec = 1789', 'kern.boottime: { sec = 1789453269, us'].map((cut): Reproduction => ({
    id: 'S16',
    what: `the line of the start is cut: ${cut}`,
    mac: change({ answers: { sysctl: { stdout: `hw.model: Mac16,12\nhw.optional.arm64: 1\n${cut}` } } }),
    checks: [
      {
        says: 'the time is NULL',
        why: 'a cut last line is not a whole one (issue, 4)',
        sql: 'SELECT boot_time FROM hosts',
        rows: [{ boot_time: null }],
      },
    ],
  })),
];

export const evidence: readonly Reproduction[] = [s5, s23, ...s25, m01, m06, ...s4, ...chips];
