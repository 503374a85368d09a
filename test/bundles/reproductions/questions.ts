/** What questions make of what is known. */
import { appleSilicon, holder, mojave, plain, replacing, silent, supported } from '../mac.ts';
import type { Mac } from '../mac.ts';
import { change, changePerson, notClean, one, namedIn, listUsersFails } from './common.ts';
import type { Check, Reproduction } from './common.ts';

// --- Questions ---
const locked: Partial<Mac> = {
  people: appleSilicon.people.map((person) => (person.apfs ? { ...person, apfs: 'no owner' } : person)),
  keys: ['PersonalRecovery'],
  bootstrap: supported('NO', null),
};
const lockoutChecks = (): readonly Check[] =>
  ['lockout_no_way_left'].map((question) => ({
    says: `${question} is not clean`,
    why: 'Should be: hit (the facts are all known), at least unknown (plan, 1)',
    question,
    verdicts: notClean,
  }));
const lockouts: readonly Reproduction[] = [
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
    checks: lockoutChecks(),
  },
  {
    id: 'S40',
    what: 'no administrator owns the volume, and mdmclient does not answer in time',
    mac: change({
      ...locked,
      answers: { mdmclient_query_device_information: { exitCode: 'timeout' } },
    }),
    checks: [
      ...lockoutChecks(),
      {
        says: 'users names what is uncertain',
        why: '`partial` with columns_affected `[]` (users, S40) names nothing (plan, 3)',
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
    checks: lockoutChecks(),
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
        question: 'first_token_holder',
        verdicts: ['unknown'],
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
        says: 'token_holder_not_admin is unknown: APFS, which decides, is silent',
        why: 'token_admins ("act only when 0") undercounts (plan, 9)',
        question: 'token_holder_not_admin',
        verdicts: ['unknown'],
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
        question: 'legacy_recovery_keys',
        about: 'host',
        facts: { has_icloud_key: null },
      },
    ],
  },
];

export const questions: readonly Reproduction[] = [...lockouts, ...someFacts];
