/** Which volume is that of the running system, and a Mac without APFS. */
import { plistOf } from '../../fixtures/backend.ts';
import { coreStorage, cryptoEntry, group, listing, mojave, otherGroup, silent } from '../mac.ts';
import type { Mac } from '../mac.ts';
import {
  change,
  notHit,
  tokenSql,
  inOrder,
  apfsIsSilent,
  countOf,
  none,
  runningRule,
  noApfsRule,
  absence,
  otherSystem,
} from './common.ts';
import type { Check, Reproduction } from './common.ts';

// --- The running system ---
const strangerOwner = cryptoEntry('LocalOpenDirectory', 'D0000000-0000-4000-8000-000000000001', true);
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
const s13 = twoSystems.map(([where, mac]): Reproduction => {
  return {
    id: 'S13',
    what: `the Data volume of another system is ${where}`,
    mac,
    checks: [
      {
        says: 'the tokens are those of the running system',
        why: runningRule,
        sql: tokenSql,
        rows: inOrder,
      },
      {
        says: "the other system's users are nobody here, and no orphans",
        why: "Another system's users are never this Mac's, never orphans (issue, 1)",
        sql: countOf("conflicts WHERE subject_kind = 'crypto_user'"),
        rows: none,
      },
      ...['no_secure_token_user', 'filevault_orphan_users'].map((question): Check => ({
        says: `${question} is clean`,
        why: 'all is known, and there is none',
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
      sql: tokenSql,
      rows: apfsIsSilent,
    },
  ],
};

// --- No APFS ---
const hfsChecks: readonly Check[] = [
  {
    says: 'one row an account, all NULL',
    why: noApfsRule,
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
      question,
      verdicts: ['clean'],
    }),
  ),
];
const s6: readonly Reproduction[] = [
  { id: 'S6', what: 'FileVault of CoreStorage', mac: coreStorage, checks: hfsChecks },
  {
    id: 'S6',
    what: 'FileVault of CoreStorage, and the list of APFS cannot be read',
    mac: change({ answers: { diskutil_apfs_list: silent } }, coreStorage),
    checks: hfsChecks,
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
    checks: hfsChecks,
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
    checks: hfsChecks,
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

export const volumes: readonly Reproduction[] = [...s13, s13Silent, ...s6, ...s6b];
