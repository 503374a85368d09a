/** The recovery key and the bootstrap token. */
import { mojave, supported } from '../mac.ts';
import type { Mac, Said } from '../mac.ts';
import type { Row } from '../program.ts';
import { change, notHit, listUsersFails, withoutEscrow, noBlob } from './common.ts';
import type { Check, Reproduction } from './common.ts';

// --- Keys and their escrow ---
const saysFalse: Said = { stdout: 'false\n' };
const escrowRule =
  'Recovery key escrow: FileVaultPRK.dat *and* enrolled; the escrow payload alone is unknown';
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
        question: 'prk_not_escrowed_by_profile',
        verdicts: ['unknown'],
      },
      {
        says: 'the key is no way to count on',
        why: escrowRule,
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
        question: 'prk_not_escrowed_by_profile',
        verdicts: ['hit'],
      },
      {
        says: 'the key is no way',
        why: escrowRule,
        question: 'lockout_ways',
        about: 'personal recovery key',
        facts: { counts: 0 },
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
const m11 = (rows: readonly Row[], says: string): Check => ({
  says,
  why: 'M11 escrowed YES, EACS fails; C11 unknown word counts as a no (plan)',
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
        sql: 'SELECT escrowed_to_server, crypto_user_present, state FROM bootstrap_tokens',
        rows: [{ escrowed_to_server: 1, crypto_user_present: null, state: 'unknown' }],
      },
      {
        says: 'it is no way to count on',
        why: 'lockout_ways counts it (counts 1, "its state is escrowed") (plan, 10)',
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
      m11([], noM11),
      {
        says: 'bootstrap_token_stale is clean',
        why: 'statuses with a remark in parentheses behind (issue, 5)',
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
      m11([], 'a word that is not known is no "no"'),
      {
        says: 'bootstrap_token_stale is no hit',
        why: 'C11 unknown word counts as a no (EACSPreflight, PayloadType) (plan)',
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
      m11([], noM11),
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
        sql: "SELECT status, code FROM table_status WHERE table_name = 'bootstrap_tokens'",
        rows: [{ status: 'unsupported', code: 'unsupported_macos' }],
      },
      {
        says: 'bootstrap_token_not_escrowed is no blind spot',
        why: 'a question that needs one is not unknown by it (issue, 10)',
        question: 'bootstrap_token_not_escrowed',
        verdicts: ['clean'],
      },
    ],
  },
];

export const escrow: readonly Reproduction[] = [...keys, ...bootstrap];
