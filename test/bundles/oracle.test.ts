/** The verdicts of the program against those of the oracle, on every combination of witnesses. */
import test from 'ava';
import { plistOf } from '../fixtures/backend.ts';
import {
  appleSilicon,
  coreStorage,
  cryptoEntry,
  evidenceOf,
  holder,
  mojave,
  otherGroup,
  replacing,
  silent,
} from './mac.ts';
import type { Mac, Person, Said } from './mac.ts';
import { conclude } from './oracle.ts';
import type { Apfs, Witnesses } from './oracle.ts';
import { askFixture } from './program.ts';
import type { Answers, Row } from './program.ts';

/** A way in which the volume of the running system answers, or does not. */
interface Volume {
  readonly says: string;
  readonly base: Mac;
  /** What the oracle is told of an account that stands in the listing, and of one that does not. */
  readonly listed: Apfs;
  readonly notListed: Apfs;
  /** How the Mac is changed, once everybody is in it. */
  readonly change: (mac: Mac) => Mac;
}

const listUsers = ['diskutil_apfs_list_users disk3s5', 'diskutil_apfs_list_users /'] as const;
const everywhere = (said: Said): Mac['answers'] =>
  Object.fromEntries(listUsers.map((question) => [question, said]));
const edited = (edit: (text: string) => string): Mac['edits'] =>
  Object.fromEntries(listUsers.map((question) => [question, edit]));
const unnamed = replacing(
  '<array>\n',
  '<array>\n\t\t<dict>\n\t\t\t<key>APFSCryptoUserType</key>\n\t\t\t<string>LocalOpenDirectory</string>\n\t\t</dict>\n',
);
const apfsIsSilent = { base: appleSilicon, listed: 'silent', notListed: 'silent' } as const;

const volumes: readonly Volume[] = [
  {
    says: 'the listing is whole',
    base: appleSilicon,
    listed: 'listed',
    notListed: 'not listed',
    change: (mac) => mac,
  },
  {
    says: 'the listing of an Intel Mac is whole',
    base: mojave,
    listed: 'listed',
    notListed: 'not listed',
    change: (mac) => mac,
  },
  {
    says: 'an entry of the listing has no UUID',
    base: appleSilicon,
    listed: 'listed in a part',
    notListed: 'silent',
    change: (mac) => ({ ...mac, edits: edited(unnamed) }),
  },
  {
    says: 'the listing fails',
    ...apfsIsSilent,
    change: (mac) => ({ ...mac, answers: everywhere(silent) }),
  },
  {
    says: 'the listing is empty beside others that name tokens',
    ...apfsIsSilent,
    change: (mac) => ({ ...mac, answers: everywhere({ stdout: plistOf({ Users: [] }) }) }),
  },
  {
    says: 'only a volume of another system is listed',
    ...apfsIsSilent,
    change: (mac) => ({
      ...mac,
      containers: [
        { device: 'disk3', volumes: [{ device: 'disk3s1', roles: ['System'] }] },
        { device: 'disk4', volumes: [{ device: 'disk4s5', roles: ['Data'], group: otherGroup }] },
      ],
      listedOn: [],
      answers: {
        'diskutil_apfs_list_users disk4s5': {
          stdout: plistOf({
            Users: [cryptoEntry('LocalOpenDirectory', 'D0000000-0000-4000-8000-000000000001', true)],
          }),
        },
      },
    }),
  },
  {
    says: '"/" is on HFS+',
    base: { ...coreStorage, os: '10.14.6' },
    listed: 'unsupported',
    notListed: 'unsupported',
    change: (mac) => mac,
  },
];

type Fdesetup = 'answers' | 'off' | 'failed';

interface Subject {
  readonly person: Person;
  readonly witnesses: Witnesses;
}

const tags = [
  ['present', false],
  ['absent', false],
  ['present', true],
  ['absent', true],
] as const;
const statuses = ['ENABLED', 'DISABLED', 'failed', 'not asked'] as const;

/** One account for each combination of what witnesses say of it. */
const subjectsOf = (volume: Volume, list: Fdesetup): readonly Subject[] => {
  const subjects: Subject[] = [];
  const owners = ['owner', 'no owner', undefined] as const;
  const lists = list === 'answers' ? [true, false] : [false];
  for (const apfs of owners)
    for (const isInFilevault of lists)
      for (const [tag, isTagDisabled] of tags)
        for (const sysadminctl of statuses) {
          const uid = 601 + subjects.length;
          subjects.push({
            person: {
              name: `person${uid}`,
              uid,
              ...(apfs === undefined ? {} : { apfs }),
              isInFilevault,
              hasTag: tag === 'present',
              authorities: isTagDisabled ? [';DisabledTags;SecureToken'] : [],
              ...(sysadminctl === 'not asked' ? { shell: '/usr/bin/false' } : { sysadminctl }),
            },
            witnesses: {
              apfs: apfs === undefined ? volume.notListed : volume.listed,
              hasOwners: volume.base.isAppleSilicon,
              isOwner: apfs === 'owner',
              fdesetup: list === 'answers' ? (isInFilevault ? 'listed' : 'not listed') : list,
              tag,
              isTagDisabled,
              sysadminctl,
            },
          });
        }
  return subjects;
};

const listAnswers: Readonly<Record<Fdesetup, Partial<Mac>>> = {
  answers: {},
  off: { filevault: ['FileVault is Off.'] },
  failed: { answers: { fdesetup_list_extended: silent, fdesetup_list: silent } },
};

const macWith = (volume: Volume, list: Fdesetup, subjects: readonly Subject[]): Mac => {
  // Avery is there so that nothing rests on the accounts under test alone.
  const people = [holder('avery', 501, { isAdmin: true }), ...subjects.map(({ person }) => person)];
  const changed = volume.change({ ...volume.base, people });
  const { answers: more, ...rest } = listAnswers[list];
  return { ...changed, ...rest, answers: { ...changed.answers, ...more } };
};

const columns = [
  'secure_token',
  'confidence',
  'sources',
  'has_conflict',
  'volume_owner',
  'filevault_enabled',
] as const;

/** In what the program and the oracle differ on one account. */
const differences = (
  { person, witnesses }: Subject,
  row: Row | undefined,
  rules: readonly string[],
): string[] => {
  const wanted = conclude(witnesses);
  const found = columns.flatMap((column) =>
    row?.[column] === wanted[column]
      ? []
      : [`${column} is ${String(row?.[column])}, not ${String(wanted[column])}`],
  );
  for (const rule of wanted.rules) {
    if (rule === null ? rules.length === 0 : !rules.includes(rule))
      found.push(`conflicts has no ${rule ?? 'row'}`);
  }
  // Beside M18 the tag may be in dispute too; where no rule has a name, any may be taken.
  if (!wanted.rules.includes(null) && !wanted.rules.includes('M18')) {
    for (const rule of rules) if (!wanted.rules.includes(rule as 'M01')) found.push(`conflicts has ${rule}`);
  }
  return found.length === 0 ? [] : [`${person.name} ${JSON.stringify(witnesses)}: ${found.join(', ')}`];
};

const compare = (answers: Answers, subjects: readonly Subject[]): readonly string[] => {
  const rows = new Map(
    answers.sql('SELECT * FROM secure_tokens').map((row) => [String(row['username']), row]),
  );
  const rules = Map.groupBy(
    answers.sql("SELECT subject, rule_id FROM conflicts WHERE subject_kind = 'user'"),
    ({ subject }) => String(subject),
  );
  return subjects.flatMap((subject) =>
    differences(
      subject,
      rows.get(subject.person.name),
      (rules.get(subject.person.name) ?? []).map((row) => String(row['rule_id'])),
    ),
  );
};

const consistency: Readonly<Record<string, string>> = {
  'a conflicting verdict has its row in conflicts': `SELECT s.username FROM secure_tokens s
      WHERE s.confidence = 'conflicting' AND NOT EXISTS (SELECT 1 FROM conflicts c
        WHERE c.subject_kind = 'user' AND c.subject = s.username)`,
  'has_conflict is 1 where conflicts has a row, and only there': `SELECT s.username FROM secure_tokens s
      WHERE (COALESCE(s.has_conflict, 0) = 1) <> EXISTS (SELECT 1 FROM conflicts c
        WHERE c.subject_kind = 'user' AND c.subject = s.username)`,
  'one dispute is one row': `SELECT subject, rule_id, fact FROM conflicts
      GROUP BY subject_kind, subject, rule_id, fact HAVING COUNT(*) > 1`,
};

const tablesAsked = ['secure_tokens', 'conflicts', 'secure_token_observations'];

/** Each Mac is collected once. */
const macs = volumes.flatMap((volume) =>
  (['answers', 'off', 'failed'] as const).map((list) => {
    const subjects = subjectsOf(volume, list);
    let asked: Promise<Answers> | null = null;
    return {
      where: `${volume.says}, fdesetup list ${list === 'off' ? 'says off' : list}`,
      subjects,
      ask: () => (asked ??= askFixture(evidenceOf(macWith(volume, list, subjects)), tablesAsked)),
    };
  }),
);

for (const { where, subjects, ask } of macs) {
  test(`${where}: every verdict is that of the text`, async (t) => {
    const found = compare(await ask(), subjects);
    t.is(found.length, 0, `${found.length} of ${subjects.length}:\n${found.slice(0, 20).join('\n')}`);
  });
}

for (const [what, sql] of Object.entries(consistency)) {
  test(`whatever the witnesses say, ${what}`, async (t) => {
    for (const { where, ask } of macs) t.deepEqual((await ask()).sql(sql), [], where);
  });
}

test('a tag that cannot be read is no evidence, and costs its own account alone', async (t) => {
  const [volume] = volumes;
  if (volume === undefined) throw new Error('there is no volume');
  const own: Subject = {
    person: { ...holder('person700', 700), odd: { AuthenticationAuthority: [{ $data: 'AAEC' }] } },
    witnesses: {
      apfs: 'listed',
      hasOwners: true,
      isOwner: true,
      fdesetup: 'listed',
      tag: 'unknown',
      isTagDisabled: false,
      sysadminctl: 'ENABLED',
    },
  };
  const others = subjectsOf(volume, 'answers').slice(0, 8);
  const answers = await askFixture(evidenceOf(macWith(volume, 'answers', [own, ...others])), tablesAsked);
  t.deepEqual(compare(answers, [own, ...others]), []);
});
