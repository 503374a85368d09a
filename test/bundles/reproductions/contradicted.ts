/** An answer that is well-formed and cannot be true beside the others. */
import { plistOf } from '../../fixtures/backend.ts';
import { appleUuidOfUid, mdmPayload, mojave, plain, records, silent, supported, uuidOfUid } from '../mac.ts';
import type { Person, Said } from '../mac.ts';
import type { Row } from '../program.ts';
import {
  change,
  notHit,
  tokenSql,
  tokenRow,
  inOrder,
  apfsIsSilent,
  codeOf,
  codeContradicted,
  countOf,
  none,
  one,
  namedIn,
  silentRule,
  emptyRule,
  contradictedRule,
  usersRule,
  absence,
  withoutEscrow,
  noBlob,
} from './common.ts';
import type { Check, Reproduction } from './common.ts';

const emptyListings: readonly (readonly [string, string])[] = [
  ['an empty dictionary', plistOf({})],
  ['an empty list', plistOf({ Users: [] })],
];
const s1 = emptyListings.map(([form, stdout]): Reproduction => ({
  id: 'S1',
  what: `listUsers prints ${form}, and every other witness names tokens`,
  mac: change({
    answers: { 'diskutil_apfs_list_users disk3s5': { stdout }, 'diskutil_apfs_list_users /': { stdout } },
  }),
  checks: [
    {
      says: 'APFS said nothing of anybody',
      why: contradictedRule,
      sql: "SELECT DISTINCT value FROM secure_token_observations WHERE source = 'apfs'",
      rows: [{ value: null }],
    },
    {
      says: 'the others decide, and it is probable',
      why: silentRule,
      sql: tokenSql,
      rows: apfsIsSilent,
    },
    {
      says: 'nobody is known to own the volume or not',
      why: '`volume_owner` := APFS only',
      sql: 'SELECT DISTINCT volume_owner FROM secure_tokens',
      rows: [{ volume_owner: null }],
    },
    {
      says: 'the code is contradicted',
      why: emptyRule,
      sql: codeOf('apfs_crypto_users'),
      rows: codeContradicted,
    },
    {
      says: 'both commands are named',
      why: emptyRule,
      sql: countOf(
        "table_status WHERE table_name = 'apfs_crypto_users' AND reason LIKE '%listUsers%' AND (reason LIKE '%fdesetup%' OR reason LIKE '%dscl%' OR reason LIKE '%sysadminctl%')",
      ),
      rows: one,
    },
    {
      says: 'the verdicts are named as uncertain',
      why: silentRule,
      sql: namedIn('secure_tokens', 'columns_uncertain', 'secure_token'),
      rows: one,
    },
    {
      says: 'the key of the bootstrap token is not known to be missing',
      why: contradictedRule,
      sql: 'SELECT crypto_user_present, state FROM bootstrap_tokens',
      rows: [{ crypto_user_present: null, state: 'unknown' }],
    },
    ...['no_secure_token_user', 'lockout_no_way_left', 'admin_without_token'].map((question): Check => ({
      says: `${question} does not tell an administrator to erase`,
      why: absence,
      question,
      verdicts: notHit,
    })),
  ],
}));

const nobody: readonly Person[] = [plain('avery', 501, { isAdmin: true }), plain('devon', 504)];
const s1Whole: Reproduction = {
  id: 'S1',
  what: 'an empty listing beside witnesses that all say no is whole',
  mac: change({
    people: nobody,
    keys: [],
    filevault: ['FileVault is Off.'],
    bootstrap: supported('NO', null),
  }),
  checks: [
    {
      says: 'nobody has a token, and that is proven',
      why: 'not listed in a *whole* APFS listing … sysadminctl DISABLED',
      sql: tokenSql,
      rows: [tokenRow('avery', 0, 'confirmed', 0), tokenRow('devon', 0, 'confirmed', 0)],
    },
    {
      says: 'no_secure_token_user is a hit',
      why: 'every fact that it rests on was seen (docs/findings.md)',
      question: 'no_secure_token_user',
      verdicts: ['hit'],
    },
  ],
};

const s2 = [
  ['an empty dictionary', plistOf({})],
  ['no container', plistOf({ Containers: [] })],
  [
    'another container alone',
    plistOf({
      Containers: [
        {
          APFSContainerUUID: uuidOfUid(9),
          ContainerReference: 'disk9',
          Volumes: [{ APFSVolumeUUID: uuidOfUid(8), DeviceIdentifier: 'disk9s1', Roles: ['Backup'] }],
        },
      ],
    }),
  ],
].map(([form, stdout]): Reproduction => ({
  id: 'S2',
  what: `diskutil apfs list prints ${form}, and "/" is on APFS`,
  mac: change({ answers: { diskutil_apfs_list: { stdout: stdout ?? '' } } }),
  checks: [
    {
      says: '"/" is asked, and APFS speaks',
      why: "ask the Data volume of `/`'s container (volume group) once; else `/` (3.1)",
      sql: tokenSql,
      rows: inOrder,
    },
    {
      says: 'the code is contradicted',
      why: '`/` on APFS and its volume in no list',
      sql: codeOf('apfs_volumes'),
      rows: codeContradicted,
    },
    {
      says: 'no_secure_token_user is no hit',
      why: absence,
      question: 'no_secure_token_user',
      verdicts: notHit,
    },
    {
      says: 'lockout_no_way_left is no hit',
      why: absence,
      question: 'lockout_no_way_left',
      verdicts: notHit,
    },
  ],
}));

const s3 = [
  ['an empty array', records([])],
  [
    'no account with uid 0',
    records([
      {
        RecordName: ['_spotlight'],
        UniqueID: ['89'],
        PrimaryGroupID: ['89'],
        GeneratedUID: [appleUuidOfUid(89)],
        NFSHomeDirectory: ['/var/empty'],
        UserShell: ['/usr/bin/false'],
      },
    ]),
  ],
].map(([form, stdout]): Reproduction => ({
  id: 'S3',
  what: `dscl prints ${form} for /Users`,
  mac: change({ answers: { ds_users: { stdout: stdout ?? '' } } }),
  checks: [
    {
      says: 'the code is contradicted',
      why: usersRule,
      sql: codeOf('users'),
      rows: codeContradicted,
    },
    {
      says: 'nobody becomes an orphan',
      why: 'an empty dscl answer makes every user an orphan to be removed (issue, 3)',
      sql: countOf("conflicts WHERE rule_id = 'M06'"),
      rows: none,
    },
    ...['filevault_orphan_users', 'lockout_single_loss', 'no_secure_token_user'].map((question): Check => ({
      says: `${question} is unknown`,
      why: absence,
      question,
      verdicts: ['unknown'],
    })),
  ],
}));

const s3Groups = [
  ['an empty array', records([])],
  [
    'no group with gid 80',
    records([{ RecordName: ['wheel'], PrimaryGroupID: ['0'], GroupMembership: ['root'] }]),
  ],
].map(([form, stdout]): Reproduction => ({
  id: 'S3',
  what: `dscl prints ${form} for /Groups`,
  mac: change({ answers: { ds_groups: { stdout: stdout ?? '' } } }),
  checks: [
    {
      says: 'the code is contradicted',
      why: usersRule,
      sql: codeOf('groups'),
      rows: codeContradicted,
    },
    {
      says: 'nobody is known to be an administrator or none',
      why: contradictedRule,
      sql: 'SELECT DISTINCT is_admin FROM users',
      rows: [{ is_admin: null }],
    },
    {
      says: 'single_token_admin is unknown',
      why: absence,
      question: 'single_token_admin',
      verdicts: ['unknown'],
    },
  ],
}));

const saysOff: Said = { stderr: 'Error: FileVault is Off.\n', exitCode: '1' };
const m19: readonly Row[] = [
  { subject_kind: 'host', subject: 'mdm enrollment', fact: 'enrollment', severity: 'medium' },
];
const enrolmentDispute: Check = {
  says: 'conflicts has the one dispute',
  why: 'M19 witnesses of the enrolment contradict: one row, subject_kind host, subject `mdm enrollment`, fact enrollment; medium',
  sql: "SELECT subject_kind, subject, fact, severity FROM conflicts WHERE rule_id = 'M19'",
  rows: m19,
};
const showsNoMdm: readonly (readonly [string, string, string])[] = [
  ['S8', 'an empty dictionary', plistOf({})],
  ['S8', 'an empty list of profiles', plistOf({ _computerlevel: [] })],
  [
    'S8b',
    'the MDM payload under another type',
    plistOf({
      _computerlevel: [
        {
          ProfileIdentifier: 'a',
          ProfileItems: [{ PayloadContent: mdmPayload, PayloadType: 'com.apple.mdm2' }],
        },
      ],
    }),
  ],
];
const s8 = showsNoMdm.flatMap(([id, form, stdout]): readonly Reproduction[] => [
  {
    id,
    what: `profiles show prints ${form}, and every other witness says enrolled`,
    mac: change({ answers: { profiles_show_configuration: { stdout } } }),
    checks: [
      {
        says: 'the state rests on the others',
        why: 'not_enrolled only when no witness says enrolled; escrowed only when the key on the disk was looked for and found',
        sql: 'SELECT state FROM bootstrap_tokens',
        rows: [{ state: 'escrowed' }],
      },
      { ...enrolmentDispute },
      {
        says: 'the Mac is enrolled',
        why: '`profiles show` without com.apple.mdm where status says enrolled … is NULL',
        sql: 'SELECT is_enrolled FROM mdm_enrollments',
        rows: [{ is_enrolled: 1 }],
      },
      {
        says: 'no policy of FileVault is proven to be absent',
        why: contradictedRule,
        sql: countOf("table_status WHERE table_name = 'filevault_policies' AND status = 'empty'"),
        rows: none,
      },
    ],
  },
  {
    id,
    what: `the same on Intel, where profiles status -type bootstraptoken is silent (${form})`,
    mac: change(
      {
        os: '10.15.7',
        bootstrap: silent,
        answers: { profiles_show_configuration: { stdout } },
      },
      mojave,
    ),
    checks: [
      {
        says: 'the state is unknown',
        why: 'not_enrolled only when no witness says enrolled',
        sql: 'SELECT state FROM bootstrap_tokens',
        rows: [{ state: 'unknown' }],
      },
      { ...enrolmentDispute },
    ],
  },
]);

const s24: Reproduction = {
  id: 'S24',
  what: 'the status says On, and the list says that FileVault is off',
  mac: change({
    payloads: withoutEscrow,
    looks: noBlob,
    answers: { fdesetup_list_extended: saysOff, fdesetup_list: saysOff },
  }),
  checks: [
    {
      says: 'nobody is known to be in the list or not',
      why: '`filevault_enabled` := fdesetup only; fdesetup list "Off" where status says On … is NULL',
      sql: 'SELECT DISTINCT filevault_enabled FROM secure_tokens',
      rows: [{ filevault_enabled: null }],
    },
    {
      says: 'the code is contradicted',
      why: 'fdesetup list "Off" where status says On. Such an answer is NULL with code `contradicted`',
      sql: codeOf('filevault_users'),
      rows: codeContradicted,
    },
    {
      says: 'lockout_no_way_left is no hit',
      why: 'critical lockout from two answers of one tool that contradict (plan, 2)',
      question: 'lockout_no_way_left',
      verdicts: notHit,
    },
    {
      says: 'the tokens stay known',
      why: 'confirmed = APFS and ≥1 other agree',
      sql: 'SELECT username, secure_token, confidence FROM secure_tokens WHERE uid > 500 ORDER BY uid',
      rows: inOrder.map(({ username, secure_token, confidence }) => ({ username, secure_token, confidence })),
    },
  ],
};

export const contradicted: readonly Reproduction[] = [...s1, s1Whole, ...s2, ...s3, ...s3Groups, s24, ...s8];
