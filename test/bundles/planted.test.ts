/**
 * Macs that were planted for a question each, and the accounts of products that look like an attacker's. planted/ has two Macs
 * of others; all of them are constructed.
 */
import { join } from 'node:path';
import test from 'ava';
import { queries } from '../../queries/index.ts';
import { appleSilicon, evidenceOf, plain } from './mac.ts';
import { askBundle, askFixture, runProgram } from './program.ts';

const planted = (name: string): string => join(import.meta.dirname, 'planted', `${name}.tar.gz`);

test('a home Mac whose recovery is by iCloud has a recovery key, in one person’s hands', async (t) => {
  const mac = await askBundle(planted('F4-icloud'));
  t.is(mac.verdict('filevault_without_recovery_key').verdict, 'clean');
  t.is(mac.verdict('legacy_recovery_keys').hits[0]?.['has_icloud_key'], 1);
  const ways = mac.verdict('lockout_ways').hits.filter(({ kind }) => kind === 'key');
  t.deepEqual(
    ways.map(({ subject, counts }) => [subject, counts]),
    [['iCloud recovery', 0]],
  );
});

test('a Mac that its user enrolled and approved has no gap; that it is supervised is derived', async (t) => {
  const mac = await askBundle(planted('F6-device-enrolment'));
  t.deepEqual(mac.sql('SELECT is_enrolled, is_user_approved, is_supervised FROM mdm_enrollments'), [
    { is_enrolled: 1, is_user_approved: 1, is_supervised: null },
  ]);
  for (const { name } of queries.filter(({ formerly }) => formerly.includes('mdm_enrollment_gaps')))
    t.is(mac.verdict(name).verdict, 'clean', name);
});

/** Product, account, uid, and the questions that tell it. */
const accounts = [
  ['JumpCloud', '_jumpcloudserviceaccount', 497, ['system_account_impostor', 'hidden_admin']],
  ['Automox', '_automoxserviceaccount', 498, ['system_account_impostor', 'hidden_admin']],
  ['Fleet', '_fleetadmin', 496, ['system_account_impostor', 'hidden_admin']],
  ['S.U.P.E.R.M.A.N.', 'super', 495, ['hidden_admin']],
] as const;

for (const [product, account, uid, asked] of accounts) {
  test(`${account} is told, and what it usually is with it`, async (t) => {
    // The same account under a name that no product has is no less told: a name hides nobody.
    for (const name of [account, account.startsWith('_') ? '_rook' : 'rook']) {
      const person = plain(name, uid, { isAdmin: true, isHidden: true, shell: '/bin/bash', apfs: 'owner' });
      const mac = { ...appleSilicon, people: [...appleSilicon.people, person] };
      const answers = await askFixture(evidenceOf(mac));
      for (const question of asked)
        t.true(
          answers.verdict(question).hits.some(({ subject }) => subject === name),
          `${question} ${name}`,
        );
    }
    for (const question of asked) {
      const text = queries.find((one) => one.name === question)?.falsePositives ?? '';
      for (const word of [product, account, 'To make sure', 'A name proves nothing'])
        t.true(text.includes(word), `${question}: ${word}`);
    }
  });
}

test('what else a finding may be is printed with it, and its times are dates', async (t) => {
  const bundle = join(import.meta.dirname, '../../samples/macos15-unmanaged');
  const { stdout } = await runProgram([
    'findings',
    '--source',
    bundle,
    '-n',
    'hidden_admin',
    '-n',
    'failed_logins',
  ]);
  const text = stdout.replaceAll(/\s+/g, ' ');
  for (const name of ['hidden_admin', 'failed_logins'])
    t.true(text.includes(queries.find((one) => one.name === name)?.falsePositives ?? '-'), text);
  t.regex(text, /failed_login_timestamp 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  t.notRegex(text, /_time \d{9}/);
});
