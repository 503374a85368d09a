/** The faults that a long run of mutations found, each rebuilt on a Mac of our own, with what should be answered. */
import { plistOf } from '../fixtures/machine.ts';
import {
  appleSilicon,
  appleUuidOfUid,
  coreStorage,
  cryptoEntry,
  evidenceOf,
  group,
  holder,
  listing,
  mdmPayload,
  mojave,
  otherGroup,
  personalKey,
  plain,
  records,
  replacing,
  silent,
  supported,
  uuidOfUid,
} from './mac.ts';
import type { Mac, Person, Said } from './mac.ts';
import type { Row, Verdict } from './program.ts';

/** What is to be mended; a check that names one fails today. */
export type Mechanism =
  | 'the running system'
  | 'three-valued evidence'
  | 'no APFS, no tokens'
  | 'contradicted answers'
  | 'records stand alone'
  | 'item by item'
  | 'identity'
  | 'three things told apart'
  | 'the state hears every witness'
  | 'open word lists'
  | 'claims of Apple identity'
  | 'table_status says what the store knows'
  | 'one dispute, one row'
  | 'guards of questions'
  | 'escrow of the recovery key'
  | 'facts of hits'
  | 'cut ends';

interface Common {
  /** The end of the test's title. */
  readonly says: string;
  /** The words of semantics.md (3.3), of the plan or of the issue that it rests on. */
  readonly why: string;
  readonly open?: Mechanism;
}
export type Check = Common &
  (
    | { readonly sql: string; readonly rows: readonly Row[] }
    | { readonly question: string; readonly verdicts: readonly Verdict[] }
    /** The facts that a question tells of one subject. */
    | { readonly question: string; readonly about: string; readonly facts: Row }
    /** A word that no fact of the subject may have. */
    | {
        readonly question: string;
        readonly about: string;
        readonly capability: string;
        readonly not: string;
      }
  );

export interface Reproduction {
  readonly id: string;
  readonly what: string;
  readonly mac: Mac;
  readonly checks: readonly Check[];
}

const change = (what: Partial<Mac>, mac: Mac = appleSilicon): Mac => ({ ...mac, ...what });
const withPeople = (...more: readonly Person[]): Mac => change({ people: [...appleSilicon.people, ...more] });
const changePerson = (name: string, more: Partial<Person>, mac: Mac = appleSilicon): readonly Person[] =>
  mac.people.map((person) => (person.name === name ? { ...person, ...more } : person));

const notHit: readonly Verdict[] = ['clean', 'unknown'];
const notClean: readonly Verdict[] = ['hit', 'unknown'];

const tokenSql =
  'SELECT username, secure_token, confidence, has_conflict FROM secure_tokens WHERE uid > 500 ORDER BY uid';
const tokenRow = (
  username: string,
  secure_token: 0 | 1 | null,
  confidence: string,
  has_conflict: 0 | 1 | null,
): Row => ({ username, secure_token, confidence, has_conflict });
const inOrder: readonly Row[] = [
  tokenRow('avery', 1, 'confirmed', 0),
  tokenRow('blake', 1, 'confirmed', 0),
  tokenRow('casey', 1, 'confirmed', 0),
  tokenRow('devon', 0, 'confirmed', 0),
];
const apfsIsSilent: readonly Row[] = [
  tokenRow('avery', 1, 'probable', null),
  tokenRow('blake', 1, 'probable', null),
  tokenRow('casey', 1, 'probable', null),
  tokenRow('devon', 0, 'probable', null),
];
const codeOf = (table: string): string => `SELECT code FROM table_status WHERE table_name = '${table}'`;
const contradicted: readonly Row[] = [{ code: 'contradicted' }];
const ofUser = (columns: string, name: string): string =>
  `SELECT ${columns} FROM secure_tokens WHERE username = '${name}'`;
const rulesOf = (subject: string): string =>
  `SELECT rule_id, severity FROM conflicts WHERE subject = '${subject}' ORDER BY rule_id`;
const countOf = (from: string): string => `SELECT COUNT(*) AS n FROM ${from}`;
const none: readonly Row[] = [{ n: 0 }];
const one: readonly Row[] = [{ n: 1 }];
const namedIn = (table: string, list: string, column: string): string =>
  countOf(`table_status WHERE table_name = '${table}' AND ${list} LIKE '%"${column}"%'`);

// Lines of semantics.md, 3.3.
const silentRule =
  'APFS silent: 1 by any yes (`probable`), 0 only by sysadminctl DISABLED and no yes (`probable`), else NULL; the column is then named as uncertain in table_status.';
const emptyRule =
  'Contradicted answers: … a listing without any row, keys included, where any witness names a token or FileVault is on … Such an answer is NULL with code `contradicted`, naming both commands.';
const contradictedRule = 'Every column that comes from a contradicted answer is NULL (issue, 11).';
const runningRule =
  "not listed in a *whole* APFS listing of the *running system's* volume (container and, where told, volume group of `/`)";
const noApfsRule =
  'No APFS (HFS+, CoreStorage): there are no tokens; one row an account with NULLs, confidence unknown, has_conflict NULL; status `unsupported`, code `unsupported_macos`.';
const usersRule = 'Contradicted answers: users without uid 0, groups without gid 80';
const absence = 'Absence rules: no query may treat NULL, a denied table or a missing snapshot as 0.';

const control: Reproduction = {
  id: 'control',
  what: 'a Mac in order',
  mac: appleSilicon,
  checks: [
    {
      says: 'the tokens are known',
      why: 'confirmed = APFS and ≥1 other agree',
      sql: tokenSql,
      rows: inOrder,
    },
    { says: 'nothing is in dispute', why: 'nothing disagrees', sql: countOf('conflicts'), rows: none },
    {
      says: 'no table is partial for a fact that does not exist on APFS',
      why: '`fdesetup usingrecoverykey` is "not supported on APFS volumes", so NULL, table ok, a reason (issue, 6)',
      open: 'three things told apart',
      sql: "SELECT table_name FROM table_status WHERE status NOT IN ('ok', 'empty', 'skipped')",
      rows: [],
    },
    {
      says: 'the fact that does not exist is named with its reason',
      why: '`columns_inapplicable` (JSON object, column → reason: the fact does not exist on this Mac or macOS) (issue, 10)',
      open: 'table_status says what the store knows',
      sql: namedIn('filevault_status', 'columns_inapplicable', 'using_recovery_key'),
      rows: one,
    },
    {
      says: 'an account that cannot log in has APFS alone',
      why: 'probable = one side only; nothing: … a missing tag',
      open: 'three-valued evidence',
      sql: ofUser('secure_token, confidence, sources, has_conflict', '_spotlight'),
      rows: [{ secure_token: 0, confidence: 'probable', sources: 'apfs', has_conflict: 0 }],
    },
    ...['no_secure_token_user', 'lockout_no_way_left', 'filevault_orphan_users', 'single_token_admin'].map(
      (question): Check => ({
        says: `${question} is clean`,
        why: 'all is known',
        question,
        verdicts: ['clean'],
      }),
    ),
  ],
};

// --- Contradicted answers ---

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
      open: 'contradicted answers',
      sql: "SELECT DISTINCT value FROM secure_token_observations WHERE source = 'apfs'",
      rows: [{ value: null }],
    },
    {
      says: 'the others decide, and it is probable',
      why: silentRule,
      open: 'contradicted answers',
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
      open: 'contradicted answers',
      sql: codeOf('apfs_crypto_users'),
      rows: contradicted,
    },
    {
      says: 'both commands are named',
      why: emptyRule,
      open: 'contradicted answers',
      sql: countOf(
        "table_status WHERE table_name = 'apfs_crypto_users' AND reason LIKE '%listUsers%' AND (reason LIKE '%fdesetup%' OR reason LIKE '%dscl%' OR reason LIKE '%sysadminctl%')",
      ),
      rows: one,
    },
    {
      says: 'the verdicts are named as uncertain',
      why: silentRule,
      open: 'table_status says what the store knows',
      sql: namedIn('secure_tokens', 'columns_uncertain', 'secure_token'),
      rows: one,
    },
    {
      says: 'the key of the bootstrap token is not known to be missing',
      why: contradictedRule,
      open: 'contradicted answers',
      sql: 'SELECT crypto_user_present, state FROM bootstrap_tokens',
      rows: [{ crypto_user_present: null, state: 'unknown' }],
    },
    ...['no_secure_token_user', 'lockout_no_way_left', 'admin_without_token'].map((question): Check => ({
      says: `${question} does not tell an administrator to erase`,
      why: absence,
      open: 'contradicted answers',
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
      ...(form === 'another container alone' ? {} : { open: 'contradicted answers' as const }),
      sql: tokenSql,
      rows: inOrder,
    },
    {
      says: 'the code is contradicted',
      why: '`/` on APFS and its volume in no list',
      open: 'contradicted answers',
      sql: codeOf('apfs_volumes'),
      rows: contradicted,
    },
    {
      says: 'no_secure_token_user is no hit',
      why: absence,
      ...(form === 'another container alone' ? {} : { open: 'contradicted answers' as const }),
      question: 'no_secure_token_user',
      verdicts: notHit,
    },
    {
      says: 'lockout_no_way_left is no hit',
      why: absence,
      ...(form === 'another container alone' ? {} : { open: 'contradicted answers' as const }),
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
      open: 'contradicted answers',
      sql: codeOf('users'),
      rows: contradicted,
    },
    {
      says: 'nobody becomes an orphan',
      why: 'an empty dscl answer makes every user an orphan to be removed (issue, 3)',
      open: 'contradicted answers',
      sql: countOf("conflicts WHERE rule_id = 'M06'"),
      rows: none,
    },
    ...['filevault_orphan_users', 'lockout_single_loss', 'no_secure_token_user'].map((question): Check => ({
      says: `${question} is unknown`,
      why: absence,
      open: 'contradicted answers',
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
      open: 'contradicted answers',
      sql: codeOf('groups'),
      rows: contradicted,
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
  open: 'contradicted answers',
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
        open: 'contradicted answers',
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
        open: 'contradicted answers',
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
        open: 'contradicted answers',
        sql: 'SELECT state FROM bootstrap_tokens',
        rows: [{ state: 'unknown' }],
      },
      { ...enrolmentDispute },
    ],
  },
]);

// --- The running system ---

const stranger = cryptoEntry('LocalOpenDirectory', 'D0000000-0000-4000-8000-000000000001', null);
const strangerOwner = cryptoEntry('LocalOpenDirectory', 'D0000000-0000-4000-8000-000000000001', true);
const otherSystem: Said = { stdout: listing(stranger) };
const noRoleHere = { device: 'disk1s1', roles: [] } as const;
const twoSystems: readonly (readonly [string, Mac])[] = [
  [
    'in another container',
    change(
      {
        containers: [
          { device: 'disk1', volumes: [noRoleHere] },
          { device: 'disk2', volumes: [{ device: 'disk2s5', roles: ['Data'], group: otherGroup }] },
        ],
        answers: { 'diskutil_apfs_list_users disk2s5': otherSystem },
      },
      mojave,
    ),
  ],
  [
    'in the same container',
    change(
      {
        containers: [
          {
            device: 'disk1',
            volumes: [
              noRoleHere,
              { device: 'disk1s4', roles: ['System'], group: otherGroup },
              { device: 'disk1s5', roles: ['Data'], group: otherGroup },
            ],
          },
        ],
        answers: { 'diskutil_apfs_list_users disk1s5': otherSystem },
      },
      mojave,
    ),
  ],
  [
    'in the same container, in a group that is not that of "/"',
    change({
      containers: [
        {
          device: 'disk3',
          volumes: [
            { device: 'disk3s1', roles: ['System'], group },
            { device: 'disk3s7', roles: ['Data'], group: otherGroup },
          ],
        },
      ],
      listedOn: ['/'],
      answers: { 'diskutil_apfs_list_users disk3s7': { stdout: listing(strangerOwner) } },
    }),
  ],
  [
    'beside the Data volume of "/", in the same container',
    change({
      containers: [
        {
          device: 'disk3',
          volumes: [
            { device: 'disk3s1', roles: ['System'], group },
            { device: 'disk3s5', roles: ['Data'], group },
            { device: 'disk3s7', roles: ['Data'], group: otherGroup },
          ],
        },
      ],
      answers: { 'diskutil_apfs_list_users disk3s7': { stdout: listing(strangerOwner) } },
    }),
  ],
];
const isRightToday = (where: string): boolean => where.startsWith('beside');
const s13 = twoSystems.map(([where, mac]): Reproduction => {
  const open = isRightToday(where) ? {} : { open: 'the running system' as const };
  return {
    id: 'S13',
    what: `the Data volume of another system is ${where}`,
    mac,
    checks: [
      {
        says: 'the tokens are those of the running system',
        why: runningRule,
        ...open,
        sql: tokenSql,
        rows: inOrder,
      },
      {
        says: "the other system's users are nobody here, and no orphans",
        why: "Another system's users are never this Mac's, never orphans (issue, 1)",
        ...open,
        sql: countOf("conflicts WHERE subject_kind = 'crypto_user'"),
        rows: none,
      },
      ...['no_secure_token_user', 'filevault_orphan_users'].map((question): Check => ({
        says: `${question} is clean`,
        why: 'all is known, and there is none',
        ...open,
        question,
        verdicts: ['clean'],
      })),
    ],
  };
});
const s13Silent: Reproduction = {
  id: 'S13',
  what: 'the Data volume of another system answers, and "/" does not',
  mac: change({ listedOn: [] }, twoSystems[0]?.[1]),
  checks: [
    {
      says: 'an answer of another volume is none',
      why: '**nothing**: anything that failed, is partial, … or of another volume',
      open: 'the running system',
      sql: tokenSql,
      rows: apfsIsSilent,
    },
  ],
};

// --- Three-valued evidence ---

const listUsersFails = {
  'diskutil_apfs_list_users disk3s5': silent,
  'diskutil_apfs_list_users /': silent,
} as const;
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
      why: '1 by any yes (`probable`) … nothing: … a missing tag',
      open: 'three-valued evidence',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'nora'),
      rows: [{ secure_token: 1, confidence: 'probable', sources: 'sysadminctl', has_conflict: null }],
    },
    {
      says: 'a missing tag alone is no verdict (S5b)',
      why: '0 only by sysadminctl DISABLED and no yes, else NULL',
      open: 'three-valued evidence',
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
      open: 'three-valued evidence',
      sql: tokenSql.replace('uid > 500', 'uid BETWEEN 501 AND 504'),
      rows: apfsIsSilent,
    },
    {
      says: 'the verdicts are named as uncertain',
      why: silentRule,
      open: 'table_status says what the store knows',
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
      open: 'table_status says what the store knows',
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
      open: 'three-valued evidence',
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
      open: 'three-valued evidence',
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
      open: 'three-valued evidence',
      sql: ofUser('secure_token, confidence, sources, has_conflict', 'quinn'),
      rows: [{ secure_token: null, confidence: 'conflicting', sources: null, has_conflict: 1 }],
    },
    {
      says: 'conflicts has M18',
      why: 'M18 fdesetup lists the user and APFS does not (NULL; medium)',
      open: 'three-valued evidence',
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
      open: 'one dispute, one row',
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

// --- No APFS ---

/** @param open The questions that fail today. */
const hfsChecks = (open: readonly string[]): readonly Check[] => [
  {
    says: 'one row an account, all NULL',
    why: noApfsRule,
    open: 'no APFS, no tokens',
    sql: 'SELECT DISTINCT secure_token, volume_owner, confidence, sources, has_conflict FROM secure_tokens',
    rows: [
      { secure_token: null, volume_owner: null, confidence: 'unknown', sources: null, has_conflict: null },
    ],
  },
  {
    says: 'every account has its row',
    why: noApfsRule,
    sql: countOf('secure_tokens'),
    rows: [{ n: 5 }],
  },
  {
    says: 'the status is unsupported',
    why: noApfsRule,
    open: 'no APFS, no tokens',
    sql: "SELECT status, code FROM table_status WHERE table_name = 'secure_tokens'",
    rows: [{ status: 'unsupported', code: 'unsupported_macos' }],
  },
  {
    says: 'no token is in dispute',
    why: 'where `/` is not APFS nobody is a crypto user of this system … FileVault’s list does not vote (issue, 1)',
    sql: countOf("conflicts WHERE fact = 'secure_token'"),
    rows: none,
  },
  ...['no_secure_token_user', 'admin_without_token', 'token_holder_not_admin', 'single_token_admin'].map(
    (question): Check => ({
      says: `${question} is clean, and no blind spot`,
      why: 'there are no tokens; the fact does not exist on this Mac …; a question that needs one is not unknown by it (issue, 10)',
      ...(open.includes(question) ? { open: 'no APFS, no tokens' as const } : {}),
      question,
      verdicts: ['clean'],
    }),
  ),
];
const s6: readonly Reproduction[] = [
  { id: 'S6', what: 'FileVault of CoreStorage', mac: coreStorage, checks: hfsChecks(['single_token_admin']) },
  {
    id: 'S6',
    what: 'FileVault of CoreStorage, and the list of APFS cannot be read',
    mac: change({ answers: { diskutil_apfs_list: silent } }, coreStorage),
    checks: hfsChecks(['no_secure_token_user', 'single_token_admin']),
  },
  {
    id: 'S6',
    what: 'HFS+ without FileVault',
    mac: change(
      {
        people: coreStorage.people.map((person) => ({ ...person, isInFilevault: false })),
        filevault: ['FileVault is Off.'],
      },
      coreStorage,
    ),
    checks: hfsChecks(['single_token_admin']),
  },
  {
    id: 'S6',
    what: 'HFS+, and another disk with APFS',
    mac: change(
      {
        containers: [
          { device: 'disk4', volumes: [{ device: 'disk4s5', roles: ['Data'], group: otherGroup }] },
        ],
        answers: { 'diskutil_apfs_list_users disk4s5': otherSystem },
      },
      coreStorage,
    ),
    checks: hfsChecks(['single_token_admin']).map((check) =>
      check.says === 'no token is in dispute' ? { ...check, open: 'the running system' } : check,
    ),
  },
];
const s6b = [plistOf({}), null].map((list): Reproduction => ({
  id: 'S6b',
  what: `HFS+, diskutil info fails, and the list of APFS is ${list === null ? 'silent' : 'empty'}`,
  mac: change(
    {
      answers: {
        diskutil_info_root: silent,
        ...(list === null ? { diskutil_apfs_list: silent } : { diskutil_apfs_list: { stdout: list } }),
      },
    },
    coreStorage,
  ),
  checks: [
    {
      says: 'admin_without_token is no hit',
      why: "admin_without_token hits by `COALESCE(boot_volume_fs,'apfs')` (plan, 9)",
      ...(list === null ? {} : { open: 'facts of hits' as const }),
      question: 'admin_without_token',
      verdicts: notHit,
    },
    {
      says: 'no_secure_token_user is no hit',
      why: absence,
      question: 'no_secure_token_user',
      verdicts: notHit,
    },
  ],
}));

// --- Keys and their escrow ---

const withoutEscrow = Object.fromEntries(
  Object.entries(appleSilicon.payloads ?? {}).filter(([type]) => !type.endsWith('FDERecoveryKeyEscrow')),
);
const noBlob = { ...appleSilicon.looks, '/var/db/FileVaultPRK.dat': 'missing' };
const saysFalse: Said = { stdout: 'false\n' };
const escrowRule =
  'Recovery key escrow: FileVaultPRK.dat *and* enrolled; the escrow payload alone is unknown';
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
      open: 'contradicted answers',
      sql: 'SELECT DISTINCT filevault_enabled FROM secure_tokens',
      rows: [{ filevault_enabled: null }],
    },
    {
      says: 'the code is contradicted',
      why: 'fdesetup list "Off" where status says On. Such an answer is NULL with code `contradicted`',
      open: 'contradicted answers',
      sql: codeOf('filevault_users'),
      rows: contradicted,
    },
    {
      says: 'lockout_no_way_left is no hit',
      why: 'critical lockout from two answers of one tool that contradict (plan, 2)',
      open: 'contradicted answers',
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

const keys: readonly Reproduction[] = [
  {
    id: 'S9b',
    what: 'fdesetup says false, the key is among the crypto users, and nothing escrows it',
    mac: change({
      payloads: withoutEscrow,
      looks: noBlob,
      answers: { fdesetup_has_personal_recovery_key: saysFalse },
    }),
    checks: [
      {
        says: 'there is a key',
        why: '"false" of haspersonalrecoverykey with a PersonalRecovery row in APFS is 1 (M13)',
        open: 'escrow of the recovery key',
        sql: 'SELECT has_personal_recovery_key FROM filevault_status',
        rows: [{ has_personal_recovery_key: 1 }],
      },
      {
        says: 'conflicts has M13',
        why: 'M13 PRK exists; APFS wins',
        sql: "SELECT fact FROM conflicts WHERE rule_id = 'M13'",
        rows: [{ fact: 'recovery_key' }],
      },
      {
        says: 'prk_not_escrowed_by_profile is a hit',
        why: 'two wrong cleans (plan, 5)',
        open: 'escrow of the recovery key',
        question: 'prk_not_escrowed_by_profile',
        verdicts: ['hit'],
      },
    ],
  },
  {
    id: 'S9b',
    what: 'fdesetup says false, and no key is among the crypto users',
    mac: change({ keys: ['MDMRecovery'], answers: { fdesetup_has_personal_recovery_key: saysFalse } }),
    checks: [
      {
        says: 'there is none',
        why: 'fdesetup and APFS agree',
        sql: 'SELECT has_personal_recovery_key FROM filevault_status',
        rows: [{ has_personal_recovery_key: 0 }],
      },
    ],
  },
  {
    id: 'S30',
    what: 'the escrow payload is there, and FileVaultPRK.dat is not',
    mac: change({ looks: noBlob }),
    checks: [
      {
        says: 'prk_not_escrowed_by_profile is unknown',
        why: escrowRule,
        open: 'escrow of the recovery key',
        question: 'prk_not_escrowed_by_profile',
        verdicts: ['unknown'],
      },
      {
        says: 'the key is no way to count on',
        why: escrowRule,
        open: 'escrow of the recovery key',
        question: 'lockout_ways',
        about: 'personal recovery key',
        facts: { counts: null },
      },
    ],
  },
  {
    id: 'S10',
    what: 'a Mac that is not enrolled, with an old FileVaultPRK.dat',
    mac: change({
      payloads: null,
      enrollment: ['Enrolled via DEP: No', 'MDM enrollment: No'],
      bootstrap: supported('NO', null),
      keys: ['PersonalRecovery'],
    }),
    checks: [
      {
        says: 'prk_not_escrowed_by_profile is a hit',
        why: `${escrowRule}; nobody can fetch it (plan, 5)`,
        open: 'escrow of the recovery key',
        question: 'prk_not_escrowed_by_profile',
        verdicts: ['hit'],
      },
      {
        says: 'the key is no way',
        why: escrowRule,
        open: 'escrow of the recovery key',
        question: 'lockout_ways',
        about: 'personal recovery key',
        facts: { counts: 0 },
      },
    ],
  },
];

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
      open: 'three-valued evidence',
      sql: countOf("hosts WHERE is_apple_silicon = 0 OR cpu_arch = 'x86_64'"),
      rows: none,
    },
    ...['apple_silicon_no_admin_volume_owner', 'lockout_no_way_left'].map((question): Check => ({
      says: `${question} is not clean`,
      why: 'volume-owner questions clean, lockout hit → clean (plan, 6)',
      open: 'three-valued evidence',
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
        open: 'cut ends',
        sql: 'SELECT boot_time FROM hosts',
        rows: [{ boot_time: null }],
      },
    ],
  })),
];

// --- Identity ---

const identityRule = 'while an account lacks its UUID nobody is an orphan (issue, 4)';
const noUuid: readonly (readonly [string, string, string | null])[] = [
  ['S11', 'no GeneratedUID', null],
  ['S12', 'a blank behind its GeneratedUID', `${uuidOfUid(503)} `],
  ['S12', 'a GeneratedUID that is cut', uuidOfUid(503).slice(0, -1)],
  ['S12', 'an empty GeneratedUID', ''],
  ['S12', 'braces around its GeneratedUID', `{${uuidOfUid(503)}}`],
];
const identity: readonly Reproduction[] = [
  ...noUuid.map(([id, form, uuid]): Reproduction => ({
    id,
    what: `the record of casey has ${form}`,
    mac: change({
      people: appleSilicon.people.map((person) =>
        person.name === 'casey'
          ? { ...person, odd: { GeneratedUID: uuid === null ? null : [uuid] } }
          : person,
      ),
    }),
    checks: [
      {
        says: 'there is no wrong "no" of a token',
        why: 'Identity (GeneratedUID’s form …) is checked once (issue, 4)',
        ...(id === 'S12' ? { open: 'identity' as const } : {}),
        sql: countOf("secure_tokens WHERE username = 'casey' AND secure_token = 0"),
        rows: none,
      },
      {
        says: 'nobody is an orphan, a clone or made anew',
        why: identityRule,
        open: 'identity',
        sql: countOf("conflicts WHERE rule_id IN ('M01', 'M06', 'M16')"),
        rows: none,
      },
      {
        says: 'filevault_orphan_users is no hit',
        why: 'Real users called orphans: `filevault_orphan_users` hit with `fdesetup remove -uuid` (plan, 7)',
        open: 'identity',
        question: 'filevault_orphan_users',
        verdicts: notHit,
      },
      {
        says: 'the others stay known',
        why: 'Records stand alone (issue, 4)',
        sql: tokenSql.replace('uid > 500', "uid > 500 AND username <> 'casey'"),
        rows: inOrder.filter(({ username }) => username !== 'casey'),
      },
    ],
  })),
  {
    id: 'S12',
    what: 'the record of casey has its GeneratedUID in lower case',
    mac: change({
      people: appleSilicon.people.map((person) =>
        person.name === 'casey'
          ? { ...person, odd: { GeneratedUID: [uuidOfUid(503).toLowerCase()] } }
          : person,
      ),
    }),
    checks: [
      {
        says: 'it is the same UUID',
        why: 'Identity key = upper-case GeneratedUID',
        sql: tokenSql,
        rows: inOrder,
      },
    ],
  },
];

// --- The bootstrap token ---

const preflight = (word: string): Said => ({
  stdout: `Daemon response: {\n    QueryResponses =     {\n        EACSPreflight = "${word}";\n    };\n}\n`,
});
const asked = (word: string): Mac =>
  change({ answers: { mdmclient_query_device_information: preflight(word) } });
const m11 = (rows: readonly Row[], says: string, open?: Mechanism): Check => ({
  says,
  why: 'M11 escrowed YES, EACS fails; C11 unknown word counts as a no (plan)',
  ...(open === undefined ? {} : { open }),
  sql: "SELECT rule_id FROM conflicts WHERE rule_id = 'M11'",
  rows,
});
const noM11 = 'nothing speaks against the token';
const bootstrap: readonly Reproduction[] = [
  {
    id: 'S7b',
    what: 'escrowed YES, and the crypto users cannot be read',
    mac: change({ answers: listUsersFails }),
    checks: [
      {
        says: 'the state is unknown',
        why: 'escrowed only when the key on the disk was looked for and found (YES and a listing that could not be read: unknown)',
        open: 'the state hears every witness',
        sql: 'SELECT escrowed_to_server, crypto_user_present, state FROM bootstrap_tokens',
        rows: [{ escrowed_to_server: 1, crypto_user_present: null, state: 'unknown' }],
      },
      {
        says: 'it is no way to count on',
        why: 'lockout_ways counts it (counts 1, "its state is escrowed") (plan, 10)',
        open: 'the state hears every witness',
        question: 'lockout_ways',
        about: 'bootstrap token',
        facts: { counts: null },
      },
    ],
  },
  {
    id: 'S28',
    what: 'EACSPreflight is "success (cached)"',
    mac: asked('success (cached)'),
    checks: [
      m11([], noM11, 'open word lists'),
      {
        says: 'bootstrap_token_stale is clean',
        why: 'statuses with a remark in parentheses behind (issue, 5)',
        open: 'open word lists',
        question: 'bootstrap_token_stale',
        verdicts: ['clean'],
      },
      {
        says: 'the words are shown',
        why: 'show the word, keep the column (issue, 8)',
        sql: 'SELECT eacs_preflight, state FROM bootstrap_tokens',
        rows: [{ eacs_preflight: 'success (cached)', state: 'escrowed' }],
      },
    ],
  },
  {
    id: 'S28',
    what: 'EACSPreflight is a word that nobody knows',
    mac: asked('postponed'),
    checks: [
      m11([], 'a word that is not known is no "no"', 'open word lists'),
      {
        says: 'bootstrap_token_stale is no hit',
        why: 'C11 unknown word counts as a no (EACSPreflight, PayloadType) (plan)',
        open: 'open word lists',
        question: 'bootstrap_token_stale',
        verdicts: notHit,
      },
    ],
  },
  {
    id: 'S31',
    what: 'EACSPreflight is "not supported", as without a T2',
    mac: asked('not supported'),
    checks: [
      m11([], noM11, 'open word lists'),
      {
        says: 'bootstrap_token_stale is clean',
        why: 'normal without T2 (plan, 10)',
        question: 'bootstrap_token_stale',
        verdicts: ['clean'],
      },
    ],
  },
  {
    id: 'S31',
    what: 'EACSPreflight is "Invalid disk layout"',
    mac: asked('Invalid disk layout'),
    checks: [
      m11([{ rule_id: 'M11' }], 'a known failure stays one'),
      {
        says: 'bootstrap_token_stale is a hit',
        why: 'M11',
        question: 'bootstrap_token_stale',
        verdicts: ['hit'],
      },
    ],
  },
  {
    id: 'point 10',
    what: 'macOS 10.14, which has no bootstrap token',
    mac: mojave,
    checks: [
      {
        says: 'the table is unsupported',
        why: 'it should be unsupported (plan, 10); 10.15 (semantics.md, 1.1 row 12)',
        open: 'three things told apart',
        sql: "SELECT status, code FROM table_status WHERE table_name = 'bootstrap_tokens'",
        rows: [{ status: 'unsupported', code: 'unsupported_macos' }],
      },
      {
        says: 'bootstrap_token_not_escrowed is no blind spot',
        why: 'a question that needs one is not unknown by it (issue, 10)',
        open: 'three things told apart',
        question: 'bootstrap_token_not_escrowed',
        verdicts: ['clean'],
      },
    ],
  },
];

// --- Kinds of account ---

const guestUuid = appleUuidOfUid(201);
const guest = plain('Guest', 201, {
  uuid: guestUuid,
  apfs: 'no owner',
  shell: '/usr/bin/false',
  home: '/Users/Guest',
  odd: { AuthenticationAuthority: null },
});
const guestRule =
  'Guest is both, FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9 *and* uid 201; either alone is an ordinary account that claims it, and a finding (issue, 9)';
const kinds: readonly Reproduction[] = [
  {
    id: 'S15b',
    what: 'an administrator with uid 201 whose tag APFS denies',
    mac: withPeople(
      plain('rook', 201, { isAdmin: true, hasTag: true, sysadminctl: 'ENABLED', uuid: uuidOfUid(9001) }),
    ),
    checks: [
      {
        says: 'it is a claim without effect',
        why: `M01 claimed, not effective; high. ${guestRule}`,
        open: 'claims of Apple identity',
        sql: rulesOf('rook'),
        rows: [{ rule_id: 'M01', severity: 'high' }],
      },
      {
        says: 'it is no guest',
        why: guestRule,
        open: 'claims of Apple identity',
        sql: "SELECT account_type FROM users WHERE username = 'rook'",
        rows: [{ account_type: 'local' }],
      },
      {
        says: 'the confidence is conflicting',
        why: 'conflicting = any disagreement not in {M04, M05, M07}',
        open: 'claims of Apple identity',
        sql: ofUser('secure_token, confidence, has_conflict', 'rook'),
        rows: [{ secure_token: 0, confidence: 'conflicting', has_conflict: 1 }],
      },
      {
        says: 'system_account_impostor is a hit',
        why: guestRule,
        open: 'claims of Apple identity',
        question: 'system_account_impostor',
        verdicts: ['hit'],
      },
    ],
  },
  {
    id: 'S15b',
    what: "an account with Guest's GeneratedUID and uid 555",
    mac: withPeople(holder('vex', 555, { isAdmin: true, uuid: guestUuid })),
    checks: [
      {
        says: 'it is no guest',
        why: guestRule,
        open: 'claims of Apple identity',
        sql: "SELECT account_type FROM users WHERE username = 'vex'",
        rows: [{ account_type: 'local' }],
      },
      {
        says: 'system_account_impostor is a hit',
        why: guestRule,
        open: 'claims of Apple identity',
        question: 'system_account_impostor',
        verdicts: ['hit'],
      },
    ],
  },
  {
    id: 'S15b',
    what: 'Guest itself, listed by APFS',
    mac: withPeople(guest),
    checks: [
      {
        says: 'it is the guest',
        why: guestRule,
        sql: "SELECT account_type FROM users WHERE username = 'Guest'",
        rows: [{ account_type: 'guest' }],
      },
      {
        says: 'that is normal',
        why: 'M07 Guest (uid 201 = 0xC9); benign',
        sql: rulesOf('Guest'),
        rows: [{ rule_id: 'M07', severity: 'info' }],
      },
      {
        says: 'system_account_impostor is clean',
        why: 'M07 … benign',
        question: 'system_account_impostor',
        verdicts: ['clean'],
      },
    ],
  },
  ...[
    ['another uid than its own', 333, appleUuidOfUid(334)],
    ['the form of Apple and uid 512', 512, appleUuidOfUid(512)],
  ].map(([form, uid, uuid]): Reproduction => ({
    id: 'point 9',
    what: `an administrator whose GeneratedUID has ${String(form)}`,
    mac: withPeople(holder('sly', Number(uid), { isAdmin: true, uuid: String(uuid) })),
    checks: [
      {
        says: 'system_account_impostor is a hit',
        why: 'An Apple GeneratedUID ends in its uid in hexadecimal; one that does not is a false claim. An account that claims it and can log in … is exactly what one looks for (issue, 9)',
        open: 'claims of Apple identity',
        question: 'system_account_impostor',
        verdicts: ['hit'],
      },
    ],
  })),
  {
    id: 'S29',
    what: 'a hidden administrator on an enrolled Mac whose MDM was not asked',
    mac: withPeople(holder('ladmin', 512, { isAdmin: true, isHidden: true })),
    checks: [
      {
        says: 'users says that MDM was not asked',
        why: '**ok** without a word on it (plan, 11); `reason` may stand beside `ok` (issue, 10)',
        open: 'three things told apart',
        sql: countOf("table_status WHERE table_name = 'users' AND reason LIKE '%--allow-network%'"),
        rows: one,
      },
    ],
  },
  {
    id: 'S26',
    what: 'the second administrator with a token is disabled',
    mac: change({
      people: changePerson('blake', { authorities: [';DisabledUser;'] }),
      keys: ['PersonalRecovery'],
      bootstrap: supported('NO', null),
    }),
    checks: [
      {
        says: 'single_token_admin is a hit',
        why: '`single_token_admin` counts a disabled administrator as the second (S26: clean; lockout catches it) (plan, 3)',
        open: 'facts of hits',
        question: 'single_token_admin',
        verdicts: ['hit'],
      },
    ],
  },
];

// --- Questions ---

const locked: Partial<Mac> = {
  people: appleSilicon.people.map((person) => (person.apfs ? { ...person, apfs: 'no owner' } : person)),
  keys: ['PersonalRecovery'],
  bootstrap: supported('NO', null),
};
const lockoutChecks = (open?: Mechanism): readonly Check[] =>
  ['lockout_no_way_left'].map((question) => ({
    says: `${question} is not clean`,
    why: 'Should be: hit (the facts are all known), at least unknown (plan, 1)',
    ...(open === undefined ? {} : { open }),
    question,
    verdicts: notClean,
  }));
const questions: readonly Reproduction[] = [
  {
    id: 'S39b',
    what: 'no administrator owns the volume',
    mac: change(locked),
    checks: [
      {
        says: 'lockout_no_way_left is a hit',
        why: 'truth: 1 critical hit (plan, 1)',
        question: 'lockout_no_way_left',
        verdicts: ['hit'],
      },
    ],
  },
  {
    id: 'S39b',
    what: 'no administrator owns the volume, and one home is denied',
    mac: change({ ...locked, looks: { ...appleSilicon.looks, '/Users/casey': 'denied' } }),
    checks: lockoutChecks('guards of questions'),
  },
  {
    id: 'S40',
    what: 'no administrator owns the volume, and mdmclient does not answer in time',
    mac: change({
      ...locked,
      answers: { mdmclient_query_device_information: { exitCode: 'timeout' } },
    }),
    checks: [
      ...lockoutChecks('guards of questions'),
      {
        says: 'users names what is uncertain',
        why: '`partial` with columns_affected `[]` (users, S40) names nothing (plan, 3)',
        open: 'table_status says what the store knows',
        sql: namedIn('users', 'columns_uncertain', 'account_type'),
        rows: one,
      },
    ],
  },
  {
    id: 'S41',
    what: 'no administrator owns the volume, and one home leads out of its folder',
    mac: change({
      ...locked,
      people: [...(locked.people ?? []), plain('lee', 513, { home: '/Users/../lee' })],
    }),
    checks: lockoutChecks('guards of questions'),
  },
  {
    id: 'S17',
    what: 'the policy of the oldest account cannot be read',
    mac: change({
      edits: { ds_account_policy: replacing('&lt;real&gt;1760000501.5', '&lt;real&gt;long ago') },
    }),
    checks: [
      {
        says: 'nobody is called the first token holder',
        why: 'the next is "first token holder" (plan, 9); every fact that it rests on was seen (docs/findings.md)',
        open: 'facts of hits',
        question: 'first_token_holder',
        verdicts: ['unknown'],
      },
    ],
  },
];

// --- Twice, and cut ---

const twice = (...more: readonly Said[]): Mac =>
  change({
    answers: Object.fromEntries(
      ['disk3s5', '/'].map((device) => [`diskutil_apfs_list_users ${device}`, more[0] ?? silent]),
    ),
  });
const entryOf = (uid: number, isOwner: boolean) => cryptoEntry('LocalOpenDirectory', uuidOfUid(uid), isOwner);
const doubled: readonly Reproduction[] = [
  {
    id: 'point 13',
    what: 'a crypto user stands in the listing twice, as an owner and as none',
    mac: twice({
      stdout: listing(
        entryOf(501, true),
        entryOf(502, true),
        entryOf(503, true),
        entryOf(503, false),
        cryptoEntry('PersonalRecovery', personalKey, true),
      ),
    }),
    checks: [
      {
        says: 'what differs is NULL, and the token is known',
        why: 'a record twice, or against itself, is NULL in what differs (issue, 4); M20',
        open: 'records stand alone',
        sql: ofUser('secure_token, volume_owner', 'casey'),
        rows: [{ secure_token: 1, volume_owner: null }],
      },
      {
        says: 'apfs_crypto_users has one row of it',
        why: 'two rows of one key (plan, 13)',
        open: 'records stand alone',
        sql: `SELECT volume_owner FROM apfs_crypto_users WHERE crypto_user_uuid = '${uuidOfUid(503)}'`,
        rows: [{ volume_owner: null }],
      },
      {
        says: 'conflicts has M20',
        why: 'M20 two records of one key differ: medium; what differs is NULL',
        open: 'records stand alone',
        sql: "SELECT severity FROM conflicts WHERE rule_id = 'M20'",
        rows: [{ severity: 'medium' }],
      },
    ],
  },
  {
    id: 'point 13',
    what: 'a record of /Users stands there twice',
    mac: withPeople(holder('blake', 502, { isAdmin: true })),
    checks: [
      {
        says: 'it is one account',
        why: 'two rows of one key, token_admins 2 → 3, system_account_impostor fires (plan, 13)',
        open: 'records stand alone',
        sql: tokenSql,
        rows: inOrder,
      },
      {
        says: 'system_account_impostor is clean',
        why: 'the same record is no other account',
        open: 'records stand alone',
        question: 'system_account_impostor',
        verdicts: ['clean'],
      },
    ],
  },
  {
    id: 'point 13',
    what: 'a record of /Users stands there twice, with two shells',
    mac: withPeople(holder('blake', 502, { isAdmin: true, shell: '/bin/bash' })),
    checks: [
      {
        says: 'it is one account, and its shell is NULL',
        why: 'a record twice, or against itself, is NULL in what differs (issue, 4)',
        open: 'records stand alone',
        sql: "SELECT username, uid, shell FROM users WHERE username = 'blake'",
        rows: [{ username: 'blake', uid: 502, shell: null }],
      },
      {
        says: 'conflicts has M20',
        why: 'M20 two records of one key differ',
        open: 'records stand alone',
        sql: "SELECT severity FROM conflicts WHERE rule_id = 'M20'",
        rows: [{ severity: 'medium' }],
      },
    ],
  },
];
const cutBy =
  (characters: number) =>
  (text: string): string =>
    text.slice(0, text.length - characters);
const cuts: readonly Reproduction[] = [
  {
    id: 'point 14',
    what: 'the version of fdesetup is cut to "1"',
    mac: change({ answers: { fdesetup_version: { stdout: '1' } } }),
    checks: [
      {
        says: 'it is not a version',
        why: 'fdesetup_version "15.0" → "1"; a cut last line is not a whole one',
        open: 'cut ends',
        sql: 'SELECT fdesetup_version FROM filevault_status',
        rows: [{ fdesetup_version: null }],
      },
    ],
  },
  ...[30, 60].map((characters): Reproduction => ({
    id: 'point 14',
    what: `the list of fdesetup is cut ${characters} characters before its end`,
    mac: change({
      keys: ['PersonalRecovery'],
      answers: { fdesetup_list: silent },
      people: [...appleSilicon.people].toReversed(),
      // The keys go first, so that the cut is in the row of an account.
      edits: {
        fdesetup_list_extended: (text) =>
          cutBy(characters)(text.replace(/^(.*\n)((?:.*\n)*)(.*Personal Recovery Record\n)$/, '$1$3$2')),
      },
    }),
    checks: [
      {
        says: 'avery is not known to be missing in it',
        why: 'extended list cut inside a row: alice’s filevault_enabled 1 → 0, status ok (plan, 14)',
        sql: countOf("secure_tokens WHERE username = 'avery' AND filevault_enabled = 0"),
        rows: none,
      },
    ],
  })),
  {
    id: 'point 14',
    what: 'the list of fdesetup is cut behind a UUID and a type',
    mac: change({
      keys: [],
      answers: { fdesetup_list: silent },
      edits: { fdesetup_list_extended: (text) => text.slice(0, text.lastIndexOf('casey') - 1) },
    }),
    checks: [
      {
        says: 'nobody is known to be missing in it',
        why: 'a cut last line is not a whole one (issue, 4)',
        open: 'cut ends',
        sql: countOf("secure_tokens WHERE username = 'devon' AND filevault_enabled = 0"),
        rows: none,
      },
    ],
  },
  {
    id: 'point 14',
    what: '"Yes (User Approved)" is cut to "Yes"',
    mac: change({
      answers: { profiles_status_enrollment: { stdout: 'Enrolled via DEP: Yes\nMDM enrollment: Yes' } },
    }),
    checks: [
      {
        says: 'it is not known whether a user approved',
        why: '"Yes" of "Yes (User Approved)": is_user_approved 0 (plan, 14)',
        open: 'cut ends',
        sql: 'SELECT is_user_approved FROM mdm_enrollments',
        rows: [{ is_user_approved: null }],
      },
    ],
  },
];

// --- Too strict ---

/** @param open What of it fails today: the tokens, or a question. */
const stays = (mechanism: Mechanism, open: readonly string[]): readonly Check[] => [
  {
    says: 'the tokens stay known',
    why: 'one odd record, line or entry is one noted problem and one uncertain row (issue, 4)',
    ...(open.includes('tokens') ? { open: mechanism } : {}),
    sql: tokenSql,
    rows: inOrder,
  },
  ...['no_secure_token_user', 'single_token_admin', 'filevault_off'].map((question): Check => ({
    says: `${question} stays clean`,
    why: 'each 5 hit, **7 clean, 31 unknown** (plan)',
    ...(open.includes(question) ? { open: mechanism } : {}),
    question,
    verdicts: ['clean'],
  })),
];
const allOfUsers = ['tokens', 'no_secure_token_user', 'single_token_admin'];
const withOddEntry = (text: string): string =>
  replacing(
    '</array>\n</dict>\n</plist>',
    '\t<dict>\n\t\t<key>APFSCryptoUserType</key>\n\t\t<string>LocalOpenDirectory</string>\n\t</dict>\n\t</array>\n</dict>\n</plist>',
  )(text);
const logLine = '2026-09-22 07:14:05.123 dscl[1234:56789] a line of a log\n';
const strict: readonly Reproduction[] = [
  {
    id: 'O2',
    what: 'the full name of _spotlight is <data>',
    mac: change({
      edits: { ds_users: replacing('<string>Full name of _spotlight</string>', '<data>\nAAEC\n</data>') },
    }),
    checks: [
      ...stays('records stand alone', allOfUsers),
      {
        says: 'it is noted',
        why: 'one noted problem',
        sql: codeOf('users'),
        rows: [{ code: 'parse_failed' }],
      },
    ],
  },
  {
    id: 'O3',
    what: 'the record of _spotlight has no RecordName',
    mac: change({
      edits: {
        ds_users: replacing(
          '\t\t<key>dsAttrTypeStandard:RecordName</key>\n\t\t<array>\n\t\t\t<string>_spotlight</string>\n\t\t</array>\n',
          '',
        ),
      },
    }),
    checks: stays('records stand alone', allOfUsers),
  },
  {
    id: 'O6',
    what: 'a volume of another container has no DeviceIdentifier',
    mac: change({
      containers: [
        ...appleSilicon.containers,
        { device: 'disk8', volumes: [{ device: 'disk8s1', roles: ['Backup'] }] },
      ],
      edits: {
        diskutil_apfs_list: replacing(
          '<key>DeviceIdentifier</key>\n\t\t\t\t\t<string>disk8s1</string>\n',
          '<key>Other</key>\n\t\t\t\t\t<string>disk8s1</string>\n',
        ),
      },
    }),
    checks: stays('records stand alone', ['no_secure_token_user']),
  },
  {
    id: 'O7',
    what: 'an entry of listUsers has no UUID',
    mac: change({
      edits: { 'diskutil_apfs_list_users disk3s5': withOddEntry, 'diskutil_apfs_list_users /': withOddEntry },
    }),
    checks: [
      {
        says: 'who is listed is listed, and who is not may be the one without a name',
        why: '**nothing**: anything that … is partial; 0 only by sysadminctl DISABLED and no yes (`probable`)',
        open: 'records stand alone',
        sql: tokenSql,
        rows: [...inOrder.slice(0, 3), tokenRow('devon', 0, 'probable', null)],
      },
      {
        says: 'no_secure_token_user is no hit',
        why: absence,
        question: 'no_secure_token_user',
        verdicts: notHit,
      },
    ],
  },
  ...(
    [
      ['ds_users', allOfUsers],
      ['ds_groups', ['single_token_admin']],
      ['diskutil_apfs_list', ['no_secure_token_user']],
      ['diskutil_apfs_list_users disk3s5', ['tokens', 'no_secure_token_user']],
    ] as const
  ).map(([source, open]): Reproduction => ({
    id: 'O8',
    what: `a line of a log stands before the property list of ${source}`,
    mac: change({ edits: { [source]: (text: string) => `${logLine}${text}` } }),
    checks: stays('item by item', open),
  })),
  {
    id: 'O9',
    what: 'fdesetup status has a sentence more',
    mac: change({ filevault: ['FileVault is On.', 'Remote unlock is enabled.'] }),
    checks: [
      {
        says: 'FileVault is on',
        why: 'filevault_enabled NULL although "FileVault is On." stands there (plan)',
        open: 'item by item',
        sql: 'SELECT filevault_enabled, status FROM filevault_status',
        rows: [{ filevault_enabled: 1, status: 'on' }],
      },
      {
        says: 'filevault_off is clean',
        why: 'a known sentence counts beside an unknown one (issue, 4)',
        open: 'item by item',
        question: 'filevault_off',
        verdicts: ['clean'],
      },
      {
        says: 'it is noted',
        why: 'the unknown one is noted (partial) (plan, 4.5)',
        sql: "SELECT status FROM table_status WHERE table_name = 'filevault_status'",
        rows: [{ status: 'partial' }],
      },
    ],
  },
  {
    id: 'O9',
    what: 'fdesetup status says Off, and a sentence more',
    mac: change({ filevault: ['FileVault is Off.', 'Remote unlock is disabled.'] }),
    checks: [
      {
        says: 'FileVault is off',
        why: 'a known sentence counts beside an unknown one (issue, 4)',
        open: 'item by item',
        sql: 'SELECT filevault_enabled, status FROM filevault_status',
        rows: [{ filevault_enabled: 0, status: 'off' }],
      },
    ],
  },
  {
    id: 'O9',
    what: 'fdesetup status says one thing twice',
    mac: change({ filevault: ['FileVault is On.', 'FileVault is On.'] }),
    checks: [
      {
        says: 'FileVault is on',
        why: 'a record twice, or against itself, is NULL in what differs (issue, 4): nothing differs',
        open: 'item by item',
        sql: 'SELECT filevault_enabled FROM filevault_status',
        rows: [{ filevault_enabled: 1 }],
      },
    ],
  },
  {
    id: 'O9',
    what: 'fdesetup status contradicts itself',
    mac: change({ filevault: ['FileVault is On.', 'FileVault is Off.'] }),
    checks: [
      {
        says: 'nothing is known',
        why: 'against itself, is NULL in what differs (issue, 4)',
        sql: 'SELECT filevault_enabled, status FROM filevault_status',
        rows: [{ filevault_enabled: null, status: 'unknown' }],
      },
    ],
  },
  {
    id: 'O10',
    what: 'profiles status -type bootstraptoken has a line more',
    mac: change({
      bootstrap: {
        stdout: `${supported('YES', 'YES').stdout ?? ''}profiles: Bootstrap Token rotated: NO\n`,
      },
    }),
    checks: [
      {
        says: 'both facts are known',
        why: 'O10 a third line in bootstrap status: both facts NULL (plan)',
        open: 'item by item',
        sql: 'SELECT supported_on_server, escrowed_to_server, state FROM bootstrap_tokens',
        rows: [{ supported_on_server: 1, escrowed_to_server: 1, state: 'escrowed' }],
      },
    ],
  },
];

// --- Facts of hits ---

const someFacts: readonly Reproduction[] = [
  {
    id: 'point 9',
    what: 'the groups cannot be read, and the account with a token is disabled',
    mac: change({
      people: changePerson('casey', { authorities: [';DisabledUser;'] }),
      answers: { ds_groups: silent },
    }),
    checks: [
      {
        says: 'lockout_ways does not call it an administrator',
        why: 'lockout_ways says "administrator" of is_admin NULL (plan, 9)',
        open: 'facts of hits',
        question: 'lockout_ways',
        about: 'casey',
        capability: 'authority',
        not: 'administrator',
      },
    ],
  },
  {
    id: 'point 9',
    what: 'one administrator is not known to hold a token',
    mac: change({
      people: [
        ...changePerson('avery', { sysadminctl: 'failed', hasTag: false, isInFilevault: false }).slice(0, 1),
        plain('blake', 502, { isAdmin: true, sysadminctl: 'failed' }),
        holder('casey', 503),
      ],
      answers: listUsersFails,
    }),
    checks: [
      {
        says: 'token_holder_not_admin does not count to none',
        why: 'token_admins ("act only when 0") undercounts (plan, 9)',
        open: 'facts of hits',
        question: 'token_holder_not_admin',
        about: 'casey',
        facts: { token_admins: null },
      },
    ],
  },
  {
    id: 'point 9',
    what: 'an institutional key is in use, and the crypto users cannot be read',
    mac: change(
      {
        answers: {
          ...listUsersFails,
          fdesetup_has_institutional_recovery_key: { stdout: 'true\n' },
        },
      },
      mojave,
    ),
    checks: [
      {
        says: 'legacy_recovery_keys does not know of an iCloud key',
        why: 'legacy_recovery_keys.has_icloud_key 1 → 0 (plan, 9)',
        open: 'facts of hits',
        question: 'legacy_recovery_keys',
        about: 'host',
        facts: { has_icloud_key: null },
      },
    ],
  },
];

// --- What nobody explained ---

const missing = (
  what: string,
  mac: Mac,
  table: string,
  list: string,
  column: string,
  open?: Mechanism,
): Reproduction => ({
  id: 'unexplained',
  what,
  mac,
  checks: [
    {
      says: `${table}.${list} names ${column}`,
      why: 'No NULL and no missing row without a reason that SQL can read (issue, 10)',
      ...(open === undefined ? {} : { open }),
      sql: namedIn(table, list, column),
      rows: one,
    },
  ],
});
const rowsMissing = (what: string, mac: Mac, table: string): Reproduction => ({
  id: 'unexplained',
  what,
  mac,
  checks: [
    {
      says: `${table} says that rows may be missing`,
      why: '`rows_may_be_missing` (0/1) (issue, 10); rows missing from a `partial` table whose columns_affected names columns only (plan)',
      open: 'table_status says what the store knows',
      sql: `SELECT rows_may_be_missing FROM table_status WHERE table_name = '${table}'`,
      rows: [{ rows_may_be_missing: 1 }],
    },
  ],
});
const oddAttribute = (key: string, values: readonly string[] | null): Mac =>
  change({ people: changePerson('casey', { odd: { [key]: values } }) });
const columnsTold = 'table_status says what the store knows' as const;
const unexplained: readonly Reproduction[] = [
  rowsMissing('sw_vers fails', change({ answers: { sw_vers: silent } }), 'secure_token_observations'),
  ...['mobile_account_policies', 'platform_sso_states'].map((table) =>
    rowsMissing(`dscl fails (${table})`, change({ answers: { ds_users: silent } }), table),
  ),
  rowsMissing(
    'the plain list of fdesetup stands in for the extended one',
    change({
      answers: {
        fdesetup_list_extended: silent,
        fdesetup_list: {
          stdout: `avery,${uuidOfUid(501)}\nblake,${uuidOfUid(502)}\ncasey,${uuidOfUid(503)}\n`,
        },
      },
    }),
    'filevault_users',
  ),
  {
    id: 'unexplained',
    what: 'a Mac in order',
    mac: appleSilicon,
    checks: [
      {
        says: 'no table says that rows may be missing',
        why: '`rows_may_be_missing` (0/1) (issue, 10)',
        open: columnsTold,
        sql: "SELECT table_name FROM table_status WHERE status IN ('ok', 'empty') AND rows_may_be_missing <> 0",
        rows: [],
      },
    ],
  },
  missing(
    'a record has no UniqueID',
    oddAttribute('UniqueID', null),
    'users',
    'columns_affected',
    'uid',
    columnsTold,
  ),
  missing(
    'a record has no PrimaryGroupID',
    oddAttribute('PrimaryGroupID', null),
    'users',
    'columns_affected',
    'gid',
    columnsTold,
  ),
  missing(
    'a record has no GeneratedUID',
    oddAttribute('GeneratedUID', null),
    'users',
    'columns_affected',
    'uuid',
    columnsTold,
  ),
  missing(
    'sysctl has no hw.model, nor ioreg',
    change({
      answers: { sysctl: { stdout: 'hw.optional.arm64: 1\n' } },
      edits: { ioreg_platform: (text) => text.replace(/\t*<key>model<\/key>\n\t*<data>[^]*?<\/data>\n/, '') },
    }),
    'hosts',
    'columns_affected',
    'model_identifier',
    columnsTold,
  ),
  missing(
    'sysctl has no kern.boottime',
    change({
      answers: { sysctl: { stdout: 'hw.model: Mac16,12\nhw.optional.arm64: 1\nkern.hv_vmm_present: 0\n' } },
    }),
    'hosts',
    'columns_affected',
    'boot_time',
    columnsTold,
  ),
  missing(
    'the line "MDM enrollment" is missing',
    change({ answers: { profiles_status_enrollment: { stdout: 'Enrolled via DEP: Yes\n' } } }),
    'mdm_enrollments',
    'columns_affected',
    'is_user_approved',
    columnsTold,
  ),
  missing(
    'profiles status -type enrollment fails',
    change({ answers: { profiles_status_enrollment: silent } }),
    'mdm_enrollments',
    'columns_affected',
    'is_supervised',
    columnsTold,
  ),
  missing(
    'an Intel Mac has no owners of a volume',
    mojave,
    'secure_tokens',
    'columns_inapplicable',
    'volume_owner',
    columnsTold,
  ),
];

// --- Integer ids ---

const ids: readonly Reproduction[] = (
  [
    ['UniqueID', '5o3', 'uid'],
    ['UniqueID', '', 'uid'],
    ['PrimaryGroupID', '20.5', 'gid'],
  ] as const
).map(([key, text, column]): Reproduction => ({
  id: 'identity',
  what: `the record of casey has the ${key} ${JSON.stringify(text)}`,
  mac: oddAttribute(key, [text]),
  checks: [
    {
      says: `${column} is NULL, and the account is there`,
      why: 'Identity (GeneratedUID’s form, integer ids) is checked once (issue, 4)',
      sql: `SELECT username, ${column} FROM users WHERE username = 'casey'`,
      rows: [{ username: 'casey', [column]: null }],
    },
    {
      says: 'the others stay known',
      why: 'Records stand alone (issue, 4)',
      sql: tokenSql.replace('uid > 500', "uid > 500 AND username <> 'casey'"),
      rows: inOrder.filter(({ username }) => username !== 'casey'),
    },
  ],
}));

// --- Item by item ---

const withProfile = (xml: string): Mac =>
  change({
    edits: { profiles_show_configuration: replacing('<array>\n', `<array>\n${xml}`) },
  });
const oddProfiles: readonly (readonly [string, string])[] = [
  ['a profile without payloads', '<dict><key>ProfileIdentifier</key><string>x</string></dict>\n'],
  ['a profile that is a text', '<string>x</string>\n'],
  [
    'a payload that is a number',
    '<dict><key>ProfileIdentifier</key><string>x</string><key>ProfileItems</key><array><integer>1</integer></array></dict>\n',
  ],
  [
    'a payload whose type is a number',
    '<dict><key>ProfileIdentifier</key><string>x</string><key>ProfileItems</key><array><dict><key>PayloadType</key><integer>1</integer></dict></array></dict>\n',
  ],
  [
    'a payload of interest without content',
    '<dict><key>ProfileIdentifier</key><string>x</string><key>ProfileItems</key><array><dict><key>PayloadType</key><string>com.apple.loginwindow</string></dict></array></dict>\n',
  ],
];
const enrolled = 'SELECT is_enrolled, is_user_approved, is_dep_enrolled FROM mdm_enrollments';
const enrolledRows: readonly Row[] = [{ is_enrolled: 1, is_user_approved: 1, is_dep_enrolled: 1 }];
const status = (...text: readonly string[]): Mac =>
  change({
    answers: { profiles_status_enrollment: { stdout: text.map((line) => `${line}\n`).join('') } },
  });
const statuses: readonly (readonly [string, Mac, Mechanism | null])[] = [
  [
    'a line without a colon',
    status('Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)', 'Thank you'),
    'item by item',
  ],
  [
    'a line that nobody knows',
    status('Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)', 'Declarative: Yes'),
    null,
  ],
  [
    'a log line in front',
    status(
      '2026-09-22 07:14:05.123 profiles[1:2] hello',
      'Enrolled via DEP: Yes',
      'MDM enrollment: Yes (User Approved)',
    ),
    'item by item',
  ],
  ['other capitals', status('enrolled via DEP: yes', 'MDM Enrollment: yes (user approved)'), 'item by item'],
  [
    'one line twice',
    status('Enrolled via DEP: Yes', 'Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)'),
    null,
  ],
];
const items: readonly Reproduction[] = [
  ...oddProfiles.map(([form, xml]): Reproduction => ({
    id: 'item by item',
    what: `profiles show has ${form}`,
    mac: withProfile(xml),
    checks: [
      {
        says: 'the MDM profile and the escrow payload beside it are whole',
        why: 'One odd profile, payload, record, line or word costs itself, not the answer (issue, 5)',
        open: 'item by item',
        sql: 'SELECT m.access_rights, p.escrow_payload_present FROM mdm_enrollments m JOIN filevault_policies p ON p.host_id = m.host_id',
        rows: [{ access_rights: 8191, escrow_payload_present: 1 }],
      },
    ],
  })),
  ...statuses.map(([form, mac, open]): Reproduction => ({
    id: 'item by item',
    what: `profiles status -type enrollment has ${form}`,
    mac,
    checks: [
      {
        says: 'the sentences that are known count',
        why: 'Lines that are not `key: value`, other capitals, … statuses with a remark in parentheses behind (issue, 5)',
        ...(open === null ? {} : { open }),
        sql: enrolled,
        rows: enrolledRows,
      },
    ],
  })),
  {
    id: 'item by item',
    what: 'profiles status -type bootstraptoken has remarks in parentheses',
    mac: change({
      bootstrap: {
        stdout:
          'profiles: Bootstrap Token supported on server: YES (cached)\nprofiles: Bootstrap Token escrowed to server: YES (cached)\n',
      },
    }),
    checks: [
      {
        says: 'both facts are known',
        why: 'statuses with a remark in parentheses behind (issue, 5)',
        open: 'item by item',
        sql: 'SELECT supported_on_server, escrowed_to_server, state FROM bootstrap_tokens',
        rows: [{ supported_on_server: 1, escrowed_to_server: 1, state: 'escrowed' }],
      },
    ],
  },
  {
    id: 'item by item',
    what: 'a row of fdesetup list -extended has a type that nobody knows',
    mac: change({
      answers: { fdesetup_list: silent },
      edits: {
        fdesetup_list_extended: (text) =>
          `${text}        ${uuidOfUid(998)}                       Passkey Recovery Record\n`,
      },
    }),
    checks: [
      {
        says: 'the others stay listed',
        why: 'Records stand alone in every parser: one odd record … is one noted problem and one uncertain row (issue, 4)',
        open: 'records stand alone',
        sql: 'SELECT username, filevault_enabled FROM secure_tokens WHERE filevault_enabled = 1 ORDER BY uid',
        rows: ['avery', 'blake', 'casey'].map((username) => ({ username, filevault_enabled: 1 })),
      },
    ],
  },
  {
    id: 'item by item',
    what: 'an account of AutoSetupAdminAccounts has no GUID',
    mac: change({
      people: [...appleSilicon.people, holder('ladmin', 512, { isAdmin: true, isHidden: true })],
      answers: {
        mdmclient_query_device_information: {
          stdout:
            'Daemon response: {\n    QueryResponses =     {\n        AutoSetupAdminAccounts =         (\n' +
            `                        {\n                GUID = "${uuidOfUid(512)}";\n                shortName = ladmin;\n            },\n` +
            '                        {\n                shortName = other;\n            }\n        );\n' +
            '        EACSPreflight = success;\n    };\n}\n',
        },
      },
    }),
    checks: [
      {
        says: 'the other account is known, and the rest of the answer',
        why: 'one odd record, line or entry is one noted problem (issue, 4)',
        open: 'records stand alone',
        sql: "SELECT u.account_type, b.eacs_preflight FROM users u JOIN bootstrap_tokens b ON b.host_id = u.host_id WHERE u.username = 'ladmin'",
        rows: [{ account_type: 'managed_admin', eacs_preflight: 'success' }],
      },
    ],
  },
  ...[
    ['before the answer', (text: string) => `2026-09-22 07:14:05.123 fdesetup[1:2] hello\n${text}`],
    ['after the answer', (text: string) => `${text}2026-09-22 07:14:05.123 fdesetup[1:2] hello\n`],
  ].map(([where, edit]): Reproduction => ({
    id: 'item by item',
    what: `a line of a log stands ${String(where)} of fdesetup list -extended`,
    mac: change({
      answers: { fdesetup_list: silent },
      edits: { fdesetup_list_extended: edit as (text: string) => string },
    }),
    checks: [
      {
        says: 'the list is known',
        why: 'log line before/after 76 % (plan): "The bytes say the same" and something is lost all the same',
        open: 'item by item',
        sql: 'SELECT filevault_enabled, COUNT(*) AS n FROM secure_tokens GROUP BY 1 ORDER BY 1',
        rows: [
          { filevault_enabled: 0, n: 3 },
          { filevault_enabled: 1, n: 3 },
        ],
      },
    ],
  })),
];

export const reproductions: readonly Reproduction[] = [
  control,
  ...s1,
  s1Whole,
  ...s2,
  ...s3,
  ...s3Groups,
  s24,
  ...s8,
  ...s13,
  s13Silent,
  s5,
  s23,
  ...s25,
  m01,
  m06,
  ...s6,
  ...s6b,
  ...keys,
  ...s4,
  ...chips,
  ...identity,
  ...bootstrap,
  ...kinds,
  ...questions,
  ...doubled,
  ...cuts,
  ...strict,
  ...someFacts,
  ...unexplained,
  ...ids,
  ...items,
];
