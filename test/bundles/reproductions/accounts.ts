/** Who an account is. */
import { appleSilicon, appleUuidOfUid, holder, plain, supported, uuidOfUid } from '../mac.ts';
import {
  change,
  withPeople,
  changePerson,
  notHit,
  tokenSql,
  inOrder,
  ofUser,
  rulesOf,
  countOf,
  none,
  one,
  oddAttribute,
} from './common.ts';
import type { Reproduction } from './common.ts';

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
        sql: countOf("secure_tokens WHERE username = 'casey' AND secure_token = 0"),
        rows: none,
      },
      {
        says: 'nobody is an orphan, a clone or made anew',
        why: identityRule,
        sql: countOf("conflicts WHERE rule_id IN ('M01', 'M06', 'M16')"),
        rows: none,
      },
      {
        says: 'filevault_orphan_users is no hit',
        why: 'Real users called orphans: `filevault_orphan_users` hit with `fdesetup remove -uuid` (plan, 7)',
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
        sql: rulesOf('rook'),
        rows: [{ rule_id: 'M01', severity: 'high' }],
      },
      {
        says: 'it is no guest',
        why: guestRule,
        sql: "SELECT account_type FROM users WHERE username = 'rook'",
        rows: [{ account_type: 'local' }],
      },
      {
        says: 'the confidence is conflicting',
        why: 'conflicting = any disagreement not in {M04, M05, M07}',
        sql: ofUser('secure_token, confidence, has_conflict', 'rook'),
        rows: [{ secure_token: 0, confidence: 'conflicting', has_conflict: 1 }],
      },
      {
        says: 'system_account_impostor is a hit',
        why: guestRule,
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
        sql: "SELECT account_type FROM users WHERE username = 'vex'",
        rows: [{ account_type: 'local' }],
      },
      {
        says: 'system_account_impostor is a hit',
        why: guestRule,
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
        question: 'single_token_admin',
        verdicts: ['hit'],
      },
    ],
  },
];

export const accounts: readonly Reproduction[] = [...identity, ...kinds, ...ids];
