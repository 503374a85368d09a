/** The state of the bootstrap token on every combination of its witnesses (semantics.md, 3.3, point 4). */
import test from 'ava';
import { appleSilicon, evidenceOf, mdmPayload, silent, supported } from './mac.ts';
import type { Mac, Said } from './mac.ts';
import { askFixture } from './program.ts';

interface Witnesses {
  readonly server: 'YES' | 'NO' | 'failed';
  readonly escrowed: 'YES' | 'NO' | 'not said';
  readonly key: 'found' | 'none' | 'failed';
  readonly status: 'Yes' | 'No' | 'failed';
  readonly show: 'a profile of MDM' | 'no profile' | 'failed';
}

/** "the rest as before" */
const stateOfEnrolled = ({ server, escrowed, key }: Witnesses): string => {
  if (server === 'NO' && key === 'none') return 'not_supported';
  if (server === 'NO' && key === 'found') return 'stale_local';
  if (server === 'YES' && escrowed === 'YES' && key === 'none') return 'stale_local';
  if (server === 'YES' && escrowed === 'NO') return 'supported_not_escrowed';
  // "escrowed only when the key on the disk was looked for and found"
  if (server === 'YES' && escrowed === 'YES' && key === 'found') return 'escrowed';
  return 'unknown';
};

const isDisputed = ({ status, show }: Witnesses): boolean =>
  (status === 'Yes' && show === 'no profile') || (status === 'No' && show === 'a profile of MDM');

/** The states that the text allows; a server that takes tokens of a Mac without enrolment has no rule. */
const statesOf = (of: Witnesses): readonly string[] => {
  const isEnrolled = of.status === 'Yes' || of.show === 'a profile of MDM';
  const isNot = of.status === 'No' || of.show === 'no profile';
  const rest = stateOfEnrolled(of);
  // "not_enrolled only when no witness says enrolled"; witnesses that contradict: "escrowed, or unknown".
  if (isEnrolled) return isNot ? [rest, 'unknown'] : [rest];
  if (!isNot) return [rest];
  return of.server === 'YES' ? ['not_enrolled', rest, 'unknown'] : ['not_enrolled'];
};

const statusSaid: Readonly<Record<Witnesses['status'], Said>> = {
  Yes: { stdout: 'Enrolled via DEP: No\nMDM enrollment: Yes (User Approved)\n' },
  No: { stdout: 'Enrolled via DEP: No\nMDM enrollment: No\n' },
  failed: silent,
};

const macOf = ({ server, escrowed, key, status, show }: Witnesses): Mac => ({
  ...appleSilicon,
  keys: key === 'found' ? ['MDMRecovery', 'PersonalRecovery'] : ['PersonalRecovery'],
  bootstrap: server === 'failed' ? silent : supported(server, escrowed === 'not said' ? null : escrowed),
  payloads: show === 'no profile' ? null : { 'com.apple.mdm': mdmPayload },
  answers: {
    profiles_status_enrollment: statusSaid[status],
    ...(show === 'failed' ? { profiles_show_configuration: silent } : {}),
    ...(key === 'failed'
      ? { 'diskutil_apfs_list_users disk3s5': silent, 'diskutil_apfs_list_users /': silent }
      : {}),
  },
});

const all: Witnesses[] = [];
for (const server of ['YES', 'NO', 'failed'] as const)
  for (const escrowed of ['YES', 'NO', 'not said'] as const)
    for (const key of ['found', 'none', 'failed'] as const)
      for (const status of ['Yes', 'No', 'failed'] as const)
        for (const show of ['a profile of MDM', 'no profile', 'failed'] as const) {
          if (server !== 'failed' || escrowed === 'not said')
            all.push({ server, escrowed, key, status, show });
        }

const look = async (of: Witnesses) => {
  const answers = await askFixture(evidenceOf(macOf(of)), [
    'bootstrap_tokens',
    'mdm_enrollments',
    'conflicts',
  ]);
  const [row] = answers.sql('SELECT state FROM bootstrap_tokens');
  return {
    // Without a row nothing is said, which is unknown too.
    state: String(row?.['state'] ?? 'unknown'),
    disputes: answers.sql("SELECT subject FROM conflicts WHERE rule_id = 'M19'").length,
  };
};

/** Both tests share the collections. */
const found = new Map<Witnesses, ReturnType<typeof look>>();
const ask = (of: Witnesses): ReturnType<typeof look> => {
  const known = found.get(of) ?? look(of);
  found.set(of, known);
  return known;
};

test('the state is one that the text allows, whichever witness answers', async (t) => {
  const wrong: string[] = [];
  for (const of of all) {
    const { state } = await ask(of);
    if (!statesOf(of).includes(state))
      wrong.push(`${JSON.stringify(of)}: ${state}, not ${statesOf(of).join(' or ')}`);
  }
  t.deepEqual(wrong, []);
});

test('witnesses of the enrolment that contradict leave one row, and others none', async (t) => {
  const wrong: string[] = [];
  for (const of of all) {
    // A server that takes tokens is no plain word on the enrolment.
    if (of.server === 'YES' && of.status !== 'Yes' && of.show !== 'a profile of MDM') continue;
    const { disputes } = await ask(of);
    if (disputes !== (isDisputed(of) ? 1 : 0)) wrong.push(`${JSON.stringify(of)}: ${disputes}`);
  }
  t.deepEqual(wrong, []);
});
