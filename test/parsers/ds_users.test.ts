import test from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { hasTag, parseAuthenticationAuthority } from '../../collector/parsers/authentication_authority.ts';
import { sanitizeDsUsers } from '../../collector/parsers/ds_records.ts';
import { parseDsUsers } from '../../collector/parsers/ds_users.ts';
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import { sizeAndDigest } from '../../collector/parsers/withheld.ts';
import {
  answer,
  anyText,
  bytesOf,
  canary,
  caseOf,
  cases,
  casesOf,
  costsOnlyItself,
  hasCanary,
  isHandled,
  mutatedText,
  neverCollected,
  noted,
  numRuns,
  plistOf,
  recordCases,
  secrets,
  textOf,
} from './directory.ts';
import type { Attributes } from './directory.ts';

const parse = (...records: readonly Attributes[]): DsUser[] => parseDsUsers(answer(plistOf(...records)));
const one = (record: Attributes): DsUser => {
  const [user] = parse({ RecordName: ['alice'], ...record });
  if (user === undefined) throw new Error('no user');
  return user;
};
const refused = { instanceOf: CollectError, code: 'parse_failed' } as const;

/** How each fact that the corpus expects of a user is read from the parsed record. */
const facts: Readonly<Record<string, (user: DsUser) => unknown>> = {
  name: (user) => user.recordName,
  aliases: (user) => user.aliases,
  real_name: (user) => user.realName,
  uid: (user) => user.uid,
  gid: (user) => user.gid,
  guid: (user) => user.uuid,
  home: (user) => user.home,
  shell: (user) => user.shell,
  hidden: (user) => user.isHidden,
  hidden_attribute: (user) => user.isHidden === true,
  has_authentication_authority: (user) => user.authenticationAuthority.length > 0,
  secure_token: (user) => hasTag(user.authenticationAuthority, 'SecureToken'),
  secure_token_blocked: (user) =>
    user.authenticationAuthority.some((value) =>
      parseAuthenticationAuthority(value).disabledTags.includes('SecureToken'),
    ),
  disabled: (user) => hasTag(user.authenticationAuthority, 'DisabledUser'),
  mobile: (user) => hasTag(user.authenticationAuthority, 'LocalCachedUser'),
  shadow_hash: (user) => hasTag(user.authenticationAuthority, 'ShadowHash'),
  smartcard_paired: (user) => hasTag(user.authenticationAuthority, 'tokenidentity'),
  original_node: (user) => user.originalNodeName,
  apple_account_linked: (user) =>
    user.aliases.some((alias) => alias.startsWith('com.apple.idms.appleid.prd.')),
  root_enabled: (user) => user.authenticationAuthority.length > 0,
};
/** Facts that this parser does not give, and why. */
const otherFacts: Readonly<Record<string, string>> = {
  created_epoch: 'of ds_account_policy',
  password_last_set_epoch: 'of ds_account_policy',
  failed_logins: 'of ds_account_policy',
  platform_sso_upn: 'not read: only that there is one',
  unlock_options: 'unlockOptions is not asked for',
  picture: 'never collected',
  node: 'the node of the argv: only the local one is asked',
  local: 'the node of the argv',
  network_account: 'the node of the argv',
  directory: 'which product a node belongs to is judged by a table',
  service_account: 'judged by a table from several attributes',
  other_homes: 'only the first home is kept',
  disabled_form: 'the value itself tells it',
  admin_by_primary_group: 'judged by a table',
  guid_valid: 'a GUID that is none stays as it is',
};
// Left out of test/corpus, as they are no answer of our source and cannot be rendered as one: dscl-list-* and
// dscl-search-* (other commands: no records, values that cannot be told apart), dscacheutil-*, id-*, dsmemberutil-*
// and dseditgroup-* (other tools, which tokenquery does not run), diskutil-updatepreboot-01 (a log).

const userCases = recordCases('users');

test('every case of a user, as -plist prints it, has the facts that its source shows', (t) => {
  t.true(userCases.length >= 45);
  let checked = 0;
  for (const [{ file, expect }, records] of userCases) {
    // One by one: a read of /Search finds the accounts of one name in several nodes, which the local node never has.
    const users = records.flatMap((record) => parse(record));
    t.is(users.length, records.length, file);
    for (const [index, record] of records.entries()) {
      const user = users[index];
      if (user === undefined) continue;
      t.deepEqual([user.recordName, ...user.aliases], record['RecordName'], file);
      t.deepEqual(user.authenticationAuthority, record['AuthenticationAuthority'] ?? [], file);
      // Who it is at an identity provider is not read.
      const own = (record['AltSecurityIdentities'] ?? []).map((value) => /^PlatformSSO:|/.exec(value)?.[0]);
      t.deepEqual(user.altSecurityIdentities, [...new Set(own)], file);
      t.is(user.realName, record['RealName']?.[0] ?? null, file);
      t.is(user.home, record['NFSHomeDirectory']?.[0] ?? null, file);
      t.is(user.shell, record['UserShell']?.[0] ?? null, file);
      t.is(user.originalNodeName, record['OriginalNodeName']?.[0] ?? null, file);
      const told =
        expect.authentication_authority_per_record?.[index]?.facts ?? expect.authentication_authority?.facts;
      if (told !== undefined) {
        const tags = user.authenticationAuthority.map((value) => parseAuthenticationAuthority(value).tag);
        t.deepEqual(tags, [...told.tags], file);
        for (const fact of [
          'secure_token',
          'secure_token_blocked',
          'disabled',
          'shadow_hash',
          'mobile',
        ] as const) {
          t.is(facts[fact]?.(user), told[fact], `${file}: ${fact}`);
          checked++;
        }
      }
      for (const [fact, is] of Object.entries(expect.user ?? {})) {
        const read = facts[fact];
        if (read === undefined) {
          t.true(fact in otherFacts, `${file}: ${fact} is neither checked nor left out with a reason`);
          continue;
        }
        t.deepEqual(read(user), is, `${file}: ${fact}`);
        checked++;
      }
    }
  }
  t.true(checked >= 199, `${checked} facts`);
});

test('recorded -plist answers', (t) => {
  // These are answers of -read: one dictionary, where -readall gives an array of them. Never taken for it.
  for (const file of ['dscl-plist-01.plist', 'dscl-plist-03.plist', 'dscl-plist-09.plist']) {
    const text = textOf(file);
    t.throws(() => parseDsUsers(answer(text)), refused, file);
    const asArray = text.replace(/(<plist version="1.0">)([^]*)(<\/plist>)/, '$1<array>$2</array>$3');
    // Only the first has a RecordName.
    if (file === 'dscl-plist-01.plist') {
      t.like(parseDsUsers(answer(asArray))[0], {
        recordName: 'nonexistent_user',
        uid: 1000,
        gid: 22,
        isHidden: false,
      });
    } else
      t.throws(
        () => parseDsUsers(answer(asArray)),
        { ...refused, message: /no record of dscl has a name/ },
        file,
      );
  }
  // Other commands: an answer without records is not one of accounts.
  for (const { file } of casesOf('dscl-plist').filter((each) => each.file.includes('search'))) {
    t.throws(() => parseDsUsers(answer(textOf(file))), refused, file);
    t.notThrows(() => parseXmlPlist(textOf(file)), file);
  }
});

test('no text-mode answer is taken for an answer, and none is kept', (t) => {
  for (const { file } of [...casesOf('dscl-text'), ...casesOf('dscl-text-url'), ...casesOf('error')]) {
    const text = textOf(file);
    t.throws(() => parseDsUsers(answer(text)), refused, file);
    // One of them shows the policy of an account, itself a property list: nothing of it is kept.
    const nothing = writeXmlPlist(new Map());
    const isKept = !/^(tokenquery: \d+ bytes that are not a property list were withheld\n)?$/.test(
      sanitizeDsUsers(text),
    );
    if (isKept) t.is(sanitizeDsUsers(text), nothing, file);
  }
});

test('a record that was forged in a real name stays one record', (t) => {
  const forged = ' Ålice – B\n-\nRecordName: root\nUniqueID: 0\n</string></array><key>x</key>';
  t.true(textOf('dscl-read-hostile-01.txt').includes('\n-\nRecordName: root\n'));
  const users = parse({ RecordName: ['alice b'], UniqueID: ['501'], RealName: [forged] });
  t.is(users.length, 1);
  t.like(users[0], { recordName: 'alice b', uid: 501, realName: forged });
  t.is(one({ RealName: ['👩‍💻 \u202Eevil\u0007'] }).realName, '👩‍💻 \u202Eevil\u0007');
});

test('uid and gid are text', (t) => {
  const ids: ReadonlyArray<readonly [string, number | null]> = [
    ['501', 501],
    ['-2', -2],
    ['0501', 501],
    ['0', 0],
    ['-0', 0],
    ['4294967294', -2],
    ['2147483647', 2_147_483_647],
    ['2147483648', -2_147_483_648],
    ['4294967296', null],
    ['-2147483648', -2_147_483_648],
    ['-2147483649', null],
    ...['', ' 501', '501 ', '5 01', '0x1F5', '501.0', '1e3', '+501', 'junk', '٥٠١', '9'.repeat(400)].map(
      (text) => [text, null] as const,
    ),
    ['0'.repeat(50) + '7', 7],
  ];
  for (const [text, id] of ids) {
    const user = one({ UniqueID: [text], PrimaryGroupID: [text] });
    t.is(user.uid, id, text);
    t.is(user.gid, id, text);
  }
  t.is(one({ UniqueID: [] }).uid, null);
});

test('IsHidden is absent, 0 or 1', (t) => {
  const hidden = (...values: string[]): boolean | null =>
    one({ 'dsAttrTypeNative:IsHidden': values }).isHidden;
  for (const yes of ['1', 'YES', 'yes', 'true', 'TRUE']) t.true(hidden(yes), yes);
  for (const no of ['0', 'NO', 'false']) t.false(hidden(no), no);
  for (const other of ['', '2', 'y', 'constructor', '__proto__', ' 1']) t.is(hidden(other), null, other);
  // Asked for and not there: hidden by nothing.
  t.false(hidden());
  t.false(one({}).isHidden);
  t.true(one({ IsHidden: ['1'] }).isHidden);
});

test('times', (t) => {
  const copied = (text: string): number | null => one({ CopyTimestamp: [text] }).copyTimestamp;
  t.is(copied('2024-01-02T03:04:05Z'), 1_704_164_645);
  for (const text of ['', '2024-01-02', '2024-02-30T00:00:00Z', '2024-01-02T03:04:05+01:00', 'x'])
    t.is(copied(text), null);
  const set = (text: string): number | null => one({ SMBPasswordLastSet: [text] }).smbPasswordLastSet;
  t.is(set('133500000000000000'), 1_705_526_400);
  t.is(set('116444736000000000'), 0);
  for (const text of ['0', '', '-1', 'x', '9223372036854775807', '1'.repeat(30), '1.5'])
    t.is(set(text), null, text);
});

test('names, GUIDs and hexadecimal values', (t) => {
  const user = one({
    RecordName: ['root', 'BUILTIN\\Local System', 'com.apple.idms.appleid.prd.0A771AC1'],
    GeneratedUID: ['bf1ada88-9d04-4d58-9c15-570a4d46d227'],
    NFSHomeDirectory: ['/var/root', '/private/var/root'],
    // What is not UTF-8 is printed so; it cannot be told from a text of the same look.
    RealName: ['01050000 00000005 15000000'],
  });
  t.deepEqual(
    [user.recordName, ...user.aliases],
    ['root', 'BUILTIN\\Local System', 'com.apple.idms.appleid.prd.0A771AC1'],
  );
  t.is(user.uuid, 'BF1ADA88-9D04-4D58-9C15-570A4D46D227');
  t.is(user.home, '/var/root');
  t.is(user.realName, '01050000 00000005 15000000');
  t.is(one({ GeneratedUID: ['not-a-guid'] }).uuid, null);
  t.deepEqual(one({}), {
    recordName: 'alice',
    aliases: [],
    uid: null,
    gid: null,
    realName: null,
    uuid: null,
    home: null,
    shell: null,
    isHidden: false,
    authenticationAuthority: [],
    originalNodeName: null,
    altSecurityIdentities: [],
    copyTimestamp: null,
    smbPasswordLastSet: null,
    unread: new Set(['UniqueID', 'PrimaryGroupID', 'GeneratedUID', 'UserShell']),
    differing: new Set(),
  });
});

test('records keep their order; native names are the same attributes', (t) => {
  t.deepEqual(
    parse({ RecordName: ['b'] }, { RecordName: ['a'] }, { RecordName: ['c'] }).map((user) => user.recordName),
    ['b', 'a', 'c'],
  );
  t.deepEqual(parse(), []);
  const native = (record: Attributes): Attributes =>
    Object.fromEntries(Object.entries(record).map(([key, values]) => [`dsAttrTypeNative:${key}`, values]));
  const record = native({
    name: ['alice'],
    uid: ['501'],
    generateduid: ['bf1ada88-9d04-4d58-9c15-570a4d46d227'],
    authentication_authority: [';SecureToken;'],
  });
  t.like(parse(record)[0], {
    recordName: 'alice',
    uid: 501,
    uuid: 'BF1ADA88-9D04-4D58-9C15-570A4D46D227',
    authenticationAuthority: [';SecureToken;'],
  });
  t.is(parse({ ...native({ name: ['other'] }), RecordName: ['x'] })[0]?.recordName, 'x');
  t.is(parse({ ...native({ name: ['x'], copy_timestamp: ['1970-01-01T00:00:00Z'] }) })[0]?.copyTimestamp, 0);
});

test('what is not known is refused', (t) => {
  const wrong: readonly string[] = [
    '',
    '\n',
    plistOf({ UniqueID: ['501'] }),
    plistOf({ RecordName: [] }),
    plistOf({ RecordName: ['alice'] }) + plistOf({ RecordName: ['bob'] }),
    plistOf({ RecordName: ['alice'] }).slice(0, -20),
  ];
  for (const stdout of wrong) t.throws(() => parseDsUsers(answer(stdout)), refused, stdout);
});

test('the exit code comes first', (t) => {
  const whole = plistOf({ RecordName: ['alice'] });
  for (const each of casesOf('error')) {
    const { file, stream } = each;
    const exitCode = each.exit_code ?? each.exit_code_inferred ?? 1;
    const code = [40, 87].includes(exitCode) ? 'permission_denied' : 'source_failed';
    const failed = answer(stream === 'stdout' ? textOf(file) : whole, { exitCode, [stream]: textOf(file) });
    const error = t.throws(() => parseDsUsers(failed), { instanceOf: CollectError, code }, file);
    t.true(error.message.includes(String(exitCode)), file);
    const said = textOf(file).split('\n')[0] ?? '?';
    // The name of a directory is not repeated.
    const told = said.includes('/Active Directory/') ? sizeAndDigest(said) : said;
    if (stream === 'stderr') t.true(error.message.includes(told), file);
  }
  const stderr = `\u001b[31m${'x'.repeat(300)}\u0000\nSECRET\n`;
  const error = t.throws(() => parseDsUsers(answer('', { exitCode: 70, stderr })), {
    instanceOf: CollectError,
  });
  t.is(error.code, 'source_failed');
  t.regex(error.message, /^dscl ended with exit code 70: 306 bytes, sha256 [0-9a-f]{12}$/);
  t.false(error.message.includes('SECRET'));
  t.is(t.throws(() => parseDsUsers(answer('', { exitCode: 1 }))).message, 'dscl ended with exit code 1');
  t.is(caseOf('dscl-error-11.txt').exit_code, 40);
});

const identities = new Set(['identities']);

test('reducing keeps what was asked for, unchanged', (t) => {
  for (const [{ file }, records] of userCases) {
    const text = plistOf(...records);
    const reduced = sanitizeDsUsers(text, identities);
    t.deepEqual(parseDsUsers(answer(reduced)), parseDsUsers(answer(text)), file);
    t.notRegex(reduced, /<key>[^<]*(:Password|Photo|Picture|Hint|_writers_|record_daemon)[^<]*</, file);
  }
  const plain = plistOf(
    {
      RecordName: ['alice', 'a'],
      RealName: ['a &'],
      AuthenticationAuthority: [';ShadowHash;HASHLIST:<A>'],
    },
    { RecordName: ['bob'], 'dsAttrTypeNative:IsHidden': ['1'] },
    {},
  );
  t.is(sanitizeDsUsers(plain), plain);
  t.is(sanitizeDsUsers(''), '');
  // The same in another layout is parsed first, and kept as it is too.
  const indented = plain.replaceAll('\t', '  ');
  t.is(sanitizeDsUsers(indented), indented);
  const many = plistOf({ RecordName: ['alice'], AltSecurityIdentities: Array<string>(300_000).fill('') });
  t.is(sanitizeDsUsers(many), many);
});

test('no secret survives, wherever it stands', (t) => {
  const record = { RecordName: ['alice'], UniqueID: ['501'], ...secrets };
  const plain = plistOf({ RecordName: ['bob'] }, record);
  const texts: readonly string[] = [
    plain,
    plain.replaceAll('\t', ''),
    plain.replace('<plist ', '<!-- CANARY --><plist '),
    plain.replace('</dict>', '<!-- CANARY --></dict>'),
    `${plain}<!-- CANARY -->`,
    `${plain}CANARY`,
    // Only allowed records, so that what follows them is all there is to find.
    `${plistOf({ RecordName: ['alice'] })}CANARY`,
    `${plistOf({ RecordName: ['alice'] })}<!-- CANARY -->\n`,
    plistOf({ RecordName: ['alice'] }).replace(
      '<dict>',
      '<dict><key>ShadowHashData</key><string>CANARY</string>',
    ),
    plistOf({ RecordName: ['alice'] }).replace(
      '<string>alice</string>',
      '<string>alice</string><dict><key>ShadowHashData</key><data>Q0FOQVJZ</data></dict>',
    ),
    plistOf({ RecordName: ['alice'] }).replace(
      /<array>\s*<string>alice<\/string>\s*<\/array>/,
      '<dict><key>dsAttrTypeStandard:RecordName</key><string>CANARY</string></dict>',
    ),
    plistOf({ RecordName: ['alice'] }).replace(
      '</array>\n</plist>',
      '<string>CANARY</string></array>\n</plist>',
    ),
    plain.slice(0, -10),
    'RecordName: alice\nShadowHashData: CANARY\n',
    '<plist><string>CANARY</string></plist>',
    '<plist><dict><key>CANARY</key><string>x</string></dict></plist>',
  ];
  for (const text of texts) {
    t.true(hasCanary(text) || text.includes('Q0FOQVJZ'));
    const reduced = sanitizeDsUsers(text);
    t.false(hasCanary(reduced));
    t.false(reduced.includes('Q0FOQVJZ'));
    t.is(sanitizeDsUsers(reduced), reduced);
  }
  for (const key of neverCollected) t.false(sanitizeDsUsers(plain).includes(canary(key)), key);
  t.deepEqual(parseDsUsers(answer(sanitizeDsUsers(plain))), parseDsUsers(answer(plain)));
  t.false(hasCanary(parseDsUsers(answer(plain))));
});

test('what is not a text is emptied, not taken for absent', (t) => {
  const odd = plistOf({ RecordName: ['alice'], UniqueID: ['1'] }).replace(
    /<array>\s*<string>1<\/string>\s*<\/array>/,
    '<dict/>',
  );
  const [user] = parseDsUsers(answer(sanitizeDsUsers(odd)));
  t.is(user?.uid, null);
  t.true(user?.unread.has('UniqueID'));
});

const wholeUser = (name: string, guid: string): Attributes => ({
  RecordName: [name, `${name} alias`],
  UniqueID: ['501'],
  PrimaryGroupID: ['20'],
  RealName: [`${name} & co`],
  GeneratedUID: [guid],
  NFSHomeDirectory: [`/Users/${name}`],
  UserShell: ['/bin/zsh'],
  AuthenticationAuthority: [';ShadowHash;HASHLIST:<A>', ';SecureToken;'],
});
test('one odd record of many costs itself', (t) => {
  costsOnlyItself(t, parseDsUsers, sanitizeDsUsers, wholeUser);
});

test('one odd value costs itself, and is told with the name of its record', (t) => {
  const guid = '00000000-0000-4000-8000-000000000000';
  const read = (over: Attributes, change: (stdout: string) => string = (stdout) => stdout) => {
    const { value, notes, isComplete } = noted(
      parseDsUsers,
      change(plistOf({ ...wholeUser('kim', guid), ...over })),
    );
    return { user: value[0], notes, isComplete };
  };
  const normal = read({}).user;
  const odd: ReadonlyArray<readonly [Attributes, Partial<DsUser>, string]> = [
    [{ UniqueID: ['5o1'] }, { uid: null }, 'UniqueID is no id'],
    [{ UniqueID: ['501', '502'] }, { uid: null }, 'UniqueID has different values'],
    [{ UserShell: ['/bin/sh', '/bin/zsh'] }, { shell: null }, 'UserShell has different values'],
    [{ 'dsAttrTypeNative:IsHidden': ['maybe'] }, { isHidden: null }, 'IsHidden is neither yes nor no'],
    [{ CopyTimestamp: ['yesterday'] }, { copyTimestamp: null }, 'CopyTimestamp is no time'],
    [{ SMBPasswordLastSet: ['x'] }, { smbPasswordLastSet: null }, 'SMBPasswordLastSet is no time'],
  ];
  for (const [over, lost, why] of odd) {
    const { user, notes, isComplete } = read(over);
    t.deepEqual(notes, [`the record kim of dscl: ${why}`]);
    t.true(isComplete);
    t.deepEqual(user, { ...(normal as DsUser), ...lost, unread: user?.unread ?? new Set() });
  }
  // dscl prints a list: a lone text is no value, but for what has the form of an id.
  const lone = (attribute: string) => (stdout: string) =>
    stdout.replace(
      new RegExp(`(:${attribute}</key>)\\s*<array>\\s*(<string>[^<]*</string>)[^]*?</array>`),
      '$1$2',
    );
  t.is(read({}, lone('UserShell')).user?.shell, null);
  t.true(read({}, lone('UserShell')).user?.unread.has('UserShell'));
  t.deepEqual(read({}, lone('AuthenticationAuthority')).user?.authenticationAuthority, []);
  t.true(read({}, lone('AuthenticationAuthority')).user?.unread.has('AuthenticationAuthority'));
  t.deepEqual(read({}, lone('UniqueID')), read({}));
  // A tag that cannot be read may be any; the others are what they are.
  const tag = read({}, (stdout) => stdout.replace('<string>;SecureToken;</string>', '<data>AQ==</data>'));
  t.deepEqual(tag.user?.authenticationAuthority, [';ShadowHash;HASHLIST:<A>']);
  t.true(tag.user?.unread.has('AuthenticationAuthority'));
  // Never, and without an hour: no oddity.
  t.deepEqual(read({ SMBPasswordLastSet: ['0'] }).notes, []);
  // A lost key may be that of anything that is not there.
  const lost = read({}, (stdout) =>
    stdout.replace('<key>dsAttrTypeStandard:AuthenticationAuthority</key>', ''),
  );
  t.deepEqual(lost.user?.authenticationAuthority, []);
  t.true(lost.user?.unread.has('AuthenticationAuthority'));
  t.is(lost.user?.isHidden, null);
});

test('two records of one name are one, of which what differs is unknown', (t) => {
  const guid = '00000000-0000-4000-8000-000000000000';
  const first = wholeUser('kim', guid);
  const other = { ...wholeUser('KIM', guid), UniqueID: ['502'], AuthenticationAuthority: [';SecureToken;'] };
  const { value, notes } = noted(parseDsUsers, plistOf(first, wholeUser('lee', guid), other));
  t.deepEqual(
    value.map(({ recordName }) => recordName),
    ['kim', 'lee'],
  );
  t.like(value[0], { uid: null, uuid: guid, realName: null, authenticationAuthority: [';SecureToken;'] });
  t.deepEqual([...(value[0]?.differing ?? [])].toSorted(), [
    'AuthenticationAuthority',
    'NFSHomeDirectory',
    'RealName',
    'RecordName',
    'UniqueID',
  ]);
  t.is(notes.length, 1);
});

test('the name of a record is shown plain and short', (t) => {
  const name = `\u001b[31m${'k'.repeat(300)}\nSECRET`;
  const [note] = noted(
    parseDsUsers,
    plistOf(wholeUser('lee', '00000000-0000-4000-8000-000000000000'), { RecordName: [name] }),
  ).notes;
  t.is(
    note,
    `the record [31m${'k'.repeat(60)} of dscl: UniqueID is missing, PrimaryGroupID is missing, GeneratedUID is missing, UserShell is missing`,
  );
});

test('any answer is read or refused, reduced or not, with the same users', (t) => {
  const originals = [
    plistOf(
      ...userCases.filter(([{ file }]) => file === 'dscl-readall-03.txt').flatMap(([, records]) => records),
    ),
    plistOf({
      RecordName: ['a'],
      UniqueID: ['-2'],
      ...Object.fromEntries(Object.entries(secrets).slice(0, 3)),
    }),
    textOf('dscl-plist-02.plist'),
  ];
  const read = (stdout: string): DsUser[] | string => {
    try {
      return parseDsUsers(answer(stdout));
    } catch (error) {
      if (error instanceof CollectError) return error.code;
      throw error;
    }
  };
  fc.assert(
    fc.property(
      fc.oneof(anyText, mutatedText(...originals)),
      fc.string(),
      fc.constantFrom(0, 0, 0, 1, 40, 70),
      (stdout, stderr, exitCode) => {
        const short = sanitizeDsUsers(stdout);
        t.is(sanitizeDsUsers(short), short);
        const reduced = sanitizeDsUsers(stdout, identities);
        t.is(sanitizeDsUsers(reduced, identities), reduced);
        t.is(sanitizeDsUsers(reduced), short);
        const users = read(stdout);
        t.deepEqual(read(reduced), users);
        isHandled(() => parseDsUsers(answer(stdout, { stderr, exitCode })));
      },
    ),
    { numRuns },
  );
});

test('the corpus is whole', (t) => {
  t.is(cases.length, 107);
  for (const { file } of cases)
    t.true(
      bytesOf(file).length > 0 || file === 'dscl-missing-key-02.txt' || file === 'dscl-search-04.txt',
      file,
    );
});
