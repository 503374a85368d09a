/** A source that fails, or contradicts the others, between two good days: nothing may have changed by it. */
import { join } from 'node:path';
import test from 'ava';
import { plistOf } from '../fixtures/backend.ts';
import { temporaryFolder } from '../standin.ts';
import { appleSilicon, evidenceOf, plain, records, silent } from './mac.ts';
import type { Mac, Said } from './mac.ts';
import { storeFixtures } from './program.ts';

const listing = (said: Said): Mac['answers'] => ({
  'diskutil_apfs_list_users disk3s5': said,
  'diskutil_apfs_list_users /': said,
});

/** With M01, M02, M04 and M05, so that rows of conflicts can move. */
const disputed: Mac = {
  ...appleSilicon,
  people: [
    ...appleSilicon.people,
    plain('theo', 511, { hasTag: true }),
    plain('uma', 512, { apfs: 'owner', isInFilevault: true, sysadminctl: 'ENABLED' }),
    plain('vito', 513, {
      apfs: 'owner',
      hasTag: true,
      authorities: [';DisabledTags;SecureToken'],
      sysadminctl: 'ENABLED',
    }),
  ],
};

const days: readonly {
  readonly id: string;
  readonly what: string;
  readonly answers: Mac['answers'];
}[] = [
  {
    id: 'S1',
    what: 'listUsers prints an empty dictionary',
    answers: listing({ stdout: plistOf({}) }),
  },
  {
    id: 'S1',
    what: 'listUsers prints an empty list',
    answers: listing({ stdout: plistOf({ Users: [] }) }),
  },
  {
    id: 'S2',
    what: 'diskutil apfs list prints an empty dictionary',
    answers: { diskutil_apfs_list: { stdout: plistOf({}) } },
  },
  {
    id: 'S3',
    what: 'dscl prints no account',
    answers: { ds_users: { stdout: records([]) } },
  },
  { id: 'S23', what: 'listUsers fails', answers: listing(silent) },
  {
    id: 'S23',
    what: 'fdesetup list fails',
    answers: { fdesetup_list_extended: silent, fdesetup_list: silent },
  },
];
for (const { id, what, answers } of days) {
  const bad: Mac = { ...disputed, answers };
  test(`${id}, ${what} on the last day: nobody lost a token`, async (t) => {
    const store = await storeFixtures(join(temporaryFolder(t), 'a.db'), [
      evidenceOf(disputed),
      evidenceOf(bad),
    ]);
    const { verdict, hits } = store.verdict('secure_token_lost');
    store.close();
    t.not(verdict, 'hit', JSON.stringify(hits));
  });

  test(`${id}, ${what} between two good days: no token and no dispute came or went`, async (t) => {
    const store = await storeFixtures(
      join(temporaryFolder(t), 'b.db'),
      [disputed, bad, disputed].map(evidenceOf),
    );
    // A row may change its words, but not come or go: its versions cover the three days without a gap, once.
    const moved = store.sql(
      // Theo has a tag alone: while APFS is silent the verdict is 1, and M05 is of such accounts.
      "SELECT subject, rule_id, fact FROM conflicts_history WHERE subject <> 'theo' OR rule_id = 'M01' GROUP BY subject_kind, subject, rule_id, fact " +
        'HAVING SUM(COALESCE(valid_until_time, 1790259200) - valid_from_time) <> 259200 ORDER BY 1, 2, 3',
    );
    const lostTokens = store.sql(
      'SELECT username FROM secure_tokens_history GROUP BY username HAVING MAX(secure_token) = 1 AND ' +
        '(SUM(CASE WHEN secure_token = 1 THEN COALESCE(valid_until_time, 1790259200) - valid_from_time ELSE 0 END) <> 259200) ' +
        'ORDER BY 1',
    );
    store.close();
    t.deepEqual({ moved, lostTokens }, { moved: [], lostTokens: [] });
  });
}
