/** What table_status has to say. */
import { appleSilicon, mojave, silent, uuidOfUid } from '../mac.ts';
import type { Mac } from '../mac.ts';
import { change, tokenSql, inOrder, ofUser, countOf, none, one, namedIn, oddAttribute } from './common.ts';
import type { Check, Reproduction } from './common.ts';

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
      sql: "SELECT table_name FROM table_status WHERE status NOT IN ('ok', 'empty', 'skipped')",
      rows: [],
    },
    {
      says: 'the fact that does not exist is named with its reason',
      why: '`columns_inapplicable` (JSON object, column → reason: the fact does not exist on this Mac or macOS) (issue, 10)',
      sql: namedIn('filevault_status', 'columns_inapplicable', 'using_recovery_key'),
      rows: one,
    },
    {
      says: 'an account that cannot log in has APFS alone',
      why: 'probable = one side only; nothing: … a missing tag',
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

const missing = (what: string, mac: Mac, table: string, list: string, column: string): Reproduction => ({
  id: 'unexplained',
  what,
  mac,
  checks: [
    {
      says: `${table}.${list} names ${column}`,
      why: 'No NULL and no missing row without a reason that SQL can read (issue, 10)',
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
      sql: `SELECT rows_may_be_missing FROM table_status WHERE table_name = '${table}'`,
      rows: [{ rows_may_be_missing: 1 }],
    },
  ],
});
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
        sql: "SELECT table_name FROM table_status WHERE status IN ('ok', 'empty') AND rows_may_be_missing <> 0",
        rows: [],
      },
    ],
  },
  missing('a record has no UniqueID', oddAttribute('UniqueID', null), 'users', 'columns_affected', 'uid'),
  missing(
    'a record has no PrimaryGroupID',
    oddAttribute('PrimaryGroupID', null),
    'users',
    'columns_affected',
    'gid',
  ),
  missing(
    'a record has no GeneratedUID',
    oddAttribute('GeneratedUID', null),
    'users',
    'columns_affected',
    'uuid',
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
  ),
  missing(
    'sysctl has no kern.boottime',
    change({
      answers: { sysctl: { stdout: 'hw.model: Mac16,12\nhw.optional.arm64: 1\nkern.hv_vmm_present: 0\n' } },
    }),
    'hosts',
    'columns_affected',
    'boot_time',
  ),
  missing(
    'the line "MDM enrollment" is missing',
    change({ answers: { profiles_status_enrollment: { stdout: 'Enrolled via DEP: Yes\n' } } }),
    'mdm_enrollments',
    'columns_affected',
    'is_user_approved',
  ),
  missing(
    'profiles status -type enrollment fails',
    change({ answers: { profiles_status_enrollment: silent } }),
    'mdm_enrollments',
    'columns_affected',
    'is_supervised',
  ),
  missing(
    'an Intel Mac has no owners of a volume',
    mojave,
    'secure_tokens',
    'columns_inapplicable',
    'volume_owner',
  ),
];

export const status: readonly Reproduction[] = [control, ...unexplained];
