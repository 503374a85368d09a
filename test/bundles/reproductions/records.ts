/** One record, line or item that is odd, twice or cut. */
import {
  appleSilicon,
  cryptoEntry,
  holder,
  listing,
  personalKey,
  replacing,
  silent,
  supported,
  uuidOfUid,
} from '../mac.ts';
import type { Mac, Said } from '../mac.ts';
import type { Row } from '../program.ts';
import {
  change,
  withPeople,
  notHit,
  tokenSql,
  tokenRow,
  inOrder,
  codeOf,
  ofUser,
  countOf,
  none,
  absence,
} from './common.ts';
import type { Check, Reproduction } from './common.ts';

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
        sql: ofUser('secure_token, volume_owner', 'casey'),
        rows: [{ secure_token: 1, volume_owner: null }],
      },
      {
        says: 'apfs_crypto_users has one row of it',
        why: 'two rows of one key (plan, 13)',
        sql: `SELECT volume_owner FROM apfs_crypto_users WHERE crypto_user_uuid = '${uuidOfUid(503)}'`,
        rows: [{ volume_owner: null }],
      },
      {
        says: 'conflicts has M20',
        why: 'M20 two records of one key differ: medium; what differs is NULL',
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
        sql: tokenSql,
        rows: inOrder,
      },
      {
        says: 'system_account_impostor is clean',
        why: 'the same record is no other account',
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
        sql: "SELECT username, uid, shell FROM users WHERE username = 'blake'",
        rows: [{ username: 'blake', uid: 502, shell: null }],
      },
      {
        says: 'conflicts has M20',
        why: 'M20 two records of one key differ',
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
        sql: 'SELECT is_user_approved FROM mdm_enrollments',
        rows: [{ is_user_approved: null }],
      },
    ],
  },
];

// --- Too strict ---
const stays: readonly Check[] = [
  {
    says: 'the tokens stay known',
    why: 'one odd record, line or entry is one noted problem and one uncertain row (issue, 4)',
    sql: tokenSql,
    rows: inOrder,
  },
  ...['no_secure_token_user', 'single_token_admin', 'filevault_off'].map((question): Check => ({
    says: `${question} stays clean`,
    why: 'each 5 hit, **7 clean, 31 unknown** (plan)',
    question,
    verdicts: ['clean'],
  })),
];
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
      ...stays,
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
    checks: stays,
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
    checks: stays,
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
  ...(['ds_users', 'ds_groups', 'diskutil_apfs_list', 'diskutil_apfs_list_users disk3s5'] as const).map(
    (source): Reproduction => ({
      id: 'O8',
      what: `a line of a log stands before the property list of ${source}`,
      mac: change({ edits: { [source]: (text: string) => `${logLine}${text}` } }),
      checks: stays,
    }),
  ),
  {
    id: 'O9',
    what: 'fdesetup status has a sentence more',
    mac: change({ filevault: ['FileVault is On.', 'Remote unlock is enabled.'] }),
    checks: [
      {
        says: 'FileVault is on',
        why: 'filevault_enabled NULL although "FileVault is On." stands there (plan)',
        sql: 'SELECT filevault_enabled, status FROM filevault_status',
        rows: [{ filevault_enabled: 1, status: 'on' }],
      },
      {
        says: 'filevault_off is clean',
        why: 'a known sentence counts beside an unknown one (issue, 4)',
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
        sql: 'SELECT supported_on_server, escrowed_to_server, state FROM bootstrap_tokens',
        rows: [{ supported_on_server: 1, escrowed_to_server: 1, state: 'escrowed' }],
      },
    ],
  },
];

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
const statuses: readonly (readonly [string, Mac])[] = [
  [
    'a line without a colon',
    status('Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)', 'Thank you'),
  ],
  [
    'a line that nobody knows',
    status('Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)', 'Declarative: Yes'),
  ],
  [
    'a log line in front',
    status(
      '2026-09-22 07:14:05.123 profiles[1:2] hello',
      'Enrolled via DEP: Yes',
      'MDM enrollment: Yes (User Approved)',
    ),
  ],
  ['other capitals', status('enrolled via DEP: yes', 'MDM Enrollment: yes (user approved)')],
  [
    'one line twice',
    status('Enrolled via DEP: Yes', 'Enrolled via DEP: Yes', 'MDM enrollment: Yes (User Approved)'),
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
        sql: 'SELECT m.access_rights, p.escrow_payload_present FROM mdm_enrollments m JOIN filevault_policies p ON p.host_id = m.host_id',
        rows: [{ access_rights: 8191, escrow_payload_present: 1 }],
      },
    ],
  })),
  ...statuses.map(([form, mac]): Reproduction => ({
    id: 'item by item',
    what: `profiles status -type enrollment has ${form}`,
    mac,
    checks: [
      {
        says: 'the sentences that are known count',
        why: 'Lines that are not `key: value`, other capitals, … statuses with a remark in parentheses behind (issue, 5)',
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
        sql: 'SELECT filevault_enabled, COUNT(*) AS n FROM secure_tokens GROUP BY 1 ORDER BY 1',
        rows: [
          { filevault_enabled: 0, n: 3 },
          { filevault_enabled: 1, n: 3 },
        ],
      },
    ],
  })),
];

export const records: readonly Reproduction[] = [...doubled, ...cuts, ...strict, ...items];
