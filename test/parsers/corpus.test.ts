import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import { parseCsrutilStatus } from '../../collector/parsers/csrutil_status.ts';
import { parseDiskutilApfsList } from '../../collector/parsers/diskutil_apfs_list.ts';
import { parseDiskutilApfsListUsers } from '../../collector/parsers/diskutil_apfs_list_users.ts';
import { parseTrueFalse } from '../../collector/parsers/fdesetup_flags.ts';
import { parseFdesetupList } from '../../collector/parsers/fdesetup_list.ts';
import { parseFdesetupListExtended } from '../../collector/parsers/fdesetup_list_extended.ts';
import { parseFdesetupStatus } from '../../collector/parsers/fdesetup_status.ts';
import { parseProfilesStatusBootstraptoken } from '../../collector/parsers/profiles_status_bootstraptoken.ts';
import { parseProfilesStatusEnrollment } from '../../collector/parsers/profiles_status_enrollment.ts';
import { parseSwVers } from '../../collector/parsers/sw_vers.ts';
import { parseSysadminctlSecureTokenStatus } from '../../collector/parsers/sysadminctl_secure_token_status.ts';
import { parserOf } from '../../collector/parsing.ts';
import { commandNames, commands, sourceOf } from '../../collector/sources.ts';
import { answerOfCase, cases, textOf, type Case } from './corpus.ts';

type Expect = Readonly<Record<string, unknown>>;
/** What a parser answers, in the words of the corpus. */
type Tell = (answer: Answer, expect: Expect) => Expect;

const secureTokens = { ENABLED: 'enabled', DISABLED: 'disabled', unknown_user: 'unknown' } as const;

const tells: Readonly<Record<string, Tell>> = {
  sw_vers: (answer) => {
    const { productName, productVersion, productVersionExtra, buildVersion } = parseSwVers(answer);
    return {
      ProductName: productName,
      ProductVersion: productVersion,
      ProductVersionExtra: productVersionExtra,
      BuildVersion: buildVersion,
    };
  },
  csrutil_status: (answer) => {
    const { enabled } = parseCsrutilStatus(answer);
    return { sip: enabled === null ? 'unknown' : enabled ? 'enabled' : 'disabled' };
  },
  diskutil_apfs_list: (answer) => ({
    volumes: parseDiskutilApfsList(answer).map(
      ({ deviceIdentifier, name, roles, encryption, fileVault, locked }) => ({
        device: deviceIdentifier,
        name,
        roles,
        encryption,
        filevault: fileVault,
        locked,
      }),
    ),
  }),
  diskutil_apfs_list_users: (answer) => ({
    users: parseDiskutilApfsListUsers(answer).users.map(({ type, uuid, volumeOwner }) => ({
      type,
      uuid,
      volume_owner: volumeOwner,
    })),
  }),
  sysadminctl_secure_token_status: (answer) => {
    const { state, displayName } = parseSysadminctlSecureTokenStatus(answer);
    return {
      display_name: displayName,
      secure_token: secureTokens[state],
      ...(state === 'unknown_user' ? { error: 'unknown_user' } : {}),
    };
  },
  fdesetup_status: (answer, expect) => {
    const { isOn, status, percentComplete, isDeferred, deferredUser, masterKeychainPresent } =
      parseFdesetupStatus(answer);
    const isConverting = status === 'encrypting' || status === 'decrypting';
    const isPending = expect.conversion !== null && Object(expect.conversion).state === 'pending';
    return {
      filevault: isOn === null ? 'unknown' : isOn ? 'on' : 'off',
      pending: status === 'restart_needed' ? 'enable_after_restart' : null,
      conversion: isConverting
        ? { direction: status, percent: percentComplete, ...(isPending ? { state: 'pending' } : {}) }
        : null,
      deferred: isDeferred ? { active: true, user: deferredUser } : null,
      institutional_keychain: masterKeychainPresent,
      error: null,
    };
  },
  fdesetup_list: (answer) => {
    const { users, isFileVaultOff } = parseFdesetupList(answer);
    const orphans = users.filter(({ name }) => name === null).map(({ uuid }) => uuid);
    return {
      users: users.filter(({ name }) => name !== null),
      error: isFileVaultOff ? 'FileVault is Off.' : null,
      ...(orphans.length > 0 ? { orphans } : {}),
    };
  },
  fdesetup_list_extended: (answer) => ({
    rows: parseFdesetupListExtended(answer).rows.map(({ escrow, uuid, typeText, username }) => ({
      escrow,
      uuid,
      type: typeText,
      user: username,
    })),
  }),
  fdesetup_has_personal_recovery_key: (answer) => ({ value: parseTrueFalse(answer) }),
  fdesetup_has_institutional_recovery_key: (answer) => ({ value: parseTrueFalse(answer) }),
  fdesetup_using_recovery_key: (answer) => ({ value: parseTrueFalse(answer) }),
  fdesetup_supports_auth_restart: (answer) => ({ value: parseTrueFalse(answer) }),
  profiles_status_bootstraptoken: (answer) => {
    const { supported, escrowed, notEnrolled } = parseProfilesStatusBootstraptoken(answer);
    return { supported, escrowed, error: notEnrolled ? 'not_enrolled' : null };
  },
  profiles_status_enrollment: (answer) => {
    const { enrolledViaDep, mdmEnrolled, userApproved, serverUrl, isLegacy } =
      parseProfilesStatusEnrollment(answer);
    return {
      enrolled_via_dep: enrolledViaDep,
      mdm_enrolled: mdmEnrolled,
      user_approved: userApproved,
      server: serverUrl,
      ...(isLegacy ? { legacy: true } : {}),
    };
  },
};

/** Keys of an expectation that are no part of what the parser answers. */
const beside: Readonly<Record<string, readonly string[]>> = {
  // The flags of a custom configuration are in no table.
  csrutil_status: ['custom', 'configuration'],
  // The account that was asked about is known from the argv; error lines before the answer are left out.
  sysadminctl_secure_token_status: ['user_arg', 'warnings'],
};

/** Cases whose unknown facts are an error with a code here, so that table_status can tell why. */
const failures: Readonly<Record<string, CollectError['code']>> = {
  'fdesetup-status-18.txt': 'source_failed', // the tool reports an error, with exit code 15
  'profiles-status-enrollment-12.txt': 'parse_failed', // a text that is not known
  'profiles-status-enrollment-13.txt': 'parse_failed', // nothing at all
  // "not_enrolled" is what the corpus hopes for, but the text is not known, and silence says nothing.
  'profiles-status-bootstraptoken-07.txt': 'parse_failed',
  'fdesetup-list-03.txt': 'parse_failed', // its one line is of another form
};

/** Cases that are answered otherwise. */
const differences: Readonly<Record<string, Expect>> = {
  // The quotes are printed, so they may belong to the full name; the corpus allows both.
  // Of the URL no more is kept than its origin.
  ...Object.fromEntries(
    [
      ['07', true, 'https://applemdm.example.com'],
      ['08', false, 'https://emeia.jamfce.com'],
      ['14', true, 'https://mdmserver'],
    ].map(([number, dep, server]) => [
      `profiles-status-enrollment-${number}.txt`,
      { enrolled_via_dep: dep, mdm_enrolled: true, user_approved: true, server },
    ]),
  ),
  'sysadminctl-securetokenstatus-14.txt': { display_name: '"admin"', secure_token: 'enabled' },
};

/** Cases of a command in a form that is never run: they are not answers to our argv. */
const otherForms: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Array.from({ length: 11 }, (_, index) => [
      `diskutil-listusers-${String(index + 1).padStart(2, '0')}.txt`,
      'text; we ask with -plist (diskutil.test.ts replays what it says as a property list)',
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: 4 }, (_, index) => [
      `diskutil-apfs-list-0${index + 1}.txt`,
      'text; we ask with -plist (diskutil.test.ts replays what it says as a property list)',
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: 4 }, (_, index) => [
      `diskutil-info-0${index + 1}.txt`,
      'text about other volumes; we ask with -plist about / (diskutil.test.ts)',
    ]),
  ),
  'ioreg-platform-03.plist': 'without -r, so of another shape (host.test.ts replays its object)',
  'sysctl-01.txt': 'other names (host.test.ts replays the one that we ask)',
  'sysctl-03.txt': 'other names',
  'sysctl-04.txt': 'with -n, which prints no names',
};

/** By name, the programs that are run. */
const programs = new Map(
  commandNames.map((source) => [commands[source].argv[0]?.split('/').at(-1), commands[source].argv[0]]),
);

/** The argv that is in sources.ts, for one as people type it: by name, with sudo, with -plist at the end. */
const ourArgv = (argv: readonly string[]): readonly string[] => {
  const [name = '', ...words] = argv.filter((word) => word !== 'sudo');
  const option = words.indexOf('-secureTokenStatus');
  if (option > 0) words.splice(0, option); // the credentials of 10.13
  if (words.at(-1) === '-plist' && words.includes('listUsers')) words.splice(2, 0, words.pop() ?? '');
  return [programs.get(name) ?? name, ...words];
};

const without = (expect: Expect, keys: readonly string[]): Expect =>
  Object.fromEntries(Object.entries(expect).filter(([key]) => !keys.includes(key)));

/** What newer parsers answer is written in the corpus as they answer it. */
const parsers = new Map(
  await Promise.all(commandNames.map(async (source) => [source as string, await parserOf(source)] as const)),
);

const replay = (each: Case, source: string): Expect => {
  const tell = tells[source];
  if (tell !== undefined) return tell(answerOfCase(each), each.expect);
  const parse = parsers.get(source);
  if (parse === undefined) throw new Error(`no parser is replayed for ${source}`);
  return parse(answerOfCase(each)) as Expect;
};

for (const each of cases) {
  if (each.file in otherForms) continue;
  test(`${each.file} is answered as the corpus says`, (t) => {
    const source = sourceOf(ourArgv(each.argv)) ?? '';
    const code = failures[each.file];
    if (code !== undefined) {
      const error = t.throws(() => replay(each, source), { instanceOf: CollectError });
      t.is(error?.code, code);
    } else {
      const expected = differences[each.file] ?? without(each.expect, beside[source] ?? []);
      t.deepEqual(replay(each, source), expected);
    }
  });
}

test('a case in another form is not the answer to one of our commands', (t) => {
  for (const file of Object.keys(otherForms)) {
    const each = cases.find((candidate) => candidate.file === file);
    t.truthy(each, file);
    t.is(each === undefined ? null : sourceOf(ourArgv(each.argv)), null, file);
  }
});

test('every case has a file of its own', (t) => {
  t.is(new Set(cases.map(({ file }) => file)).size, cases.length);
  for (const { file } of cases) t.is(typeof textOf(file), 'string');
});

test('the lists of exceptions name cases that exist', (t) => {
  const known = new Set(cases.map(({ file }) => file));
  const named = [...Object.keys(failures), ...Object.keys(differences), ...Object.keys(otherForms)];
  t.deepEqual(
    named.filter((file) => !known.has(file)),
    [],
  );
});
