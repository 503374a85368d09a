/** What the tests of the directory parsers share: the corpus, rendered as dscl -plist prints, and hostile inputs. */
import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Note } from '../../collector/answer.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';

export type Attributes = Readonly<Record<string, readonly string[]>>;

export interface AuthorityEntry {
  readonly raw: string;
  readonly version?: string;
  readonly tag: string;
  readonly data?: readonly string[];
  readonly disabled_tags?: readonly string[];
  readonly node?: string;
  readonly record_name?: string;
  readonly guid?: string;
}
export interface Authorities {
  readonly entries: readonly AuthorityEntry[];
  readonly facts: {
    readonly tags: readonly string[];
    readonly secure_token: boolean;
    readonly secure_token_blocked: boolean;
    readonly disabled: boolean;
    readonly shadow_hash: boolean;
    readonly mobile: boolean;
  };
}

/** One case of the corpus; `expect` is what a right parser answers. */
export interface Case {
  readonly file: string;
  readonly argv: readonly string[] | null;
  readonly stream: 'stdout' | 'stderr';
  readonly exit_code: number | null;
  readonly exit_code_inferred?: number;
  readonly kind: string;
  readonly expect: {
    readonly attributes?: Attributes;
    readonly records?: readonly Attributes[];
    readonly error?: { readonly meaning: string; readonly ds_name?: string };
    readonly user?: Readonly<Record<string, unknown>>;
    readonly group?: Readonly<Record<string, unknown>>;
    readonly groups?: ReadonlyArray<Readonly<Record<string, unknown>>>;
    readonly account_policy?: Readonly<Record<string, number>>;
    readonly accountPolicyData?: Readonly<Record<string, number>>;
    readonly authentication_authority?: Authorities;
    readonly authentication_authority_per_record?: readonly Authorities[];
    readonly entries?: readonly AuthorityEntry[];
    readonly format?: string;
    readonly values?: Readonly<Record<string, readonly unknown[]>>;
  };
}

const folder = new URL('../corpus/directory/', import.meta.url);
export const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, folder)));
export const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
export const cases = JSON.parse(textOf('index.json')) as readonly Case[];
export const casesOf = (kind: string): readonly Case[] => cases.filter((each) => each.kind === kind);
export const caseOf = (file: string): Case => {
  const found = cases.find((each) => each.file === file);
  if (found === undefined) throw new Error(`no case ${file}`);
  return found;
};

export const answer = (stdout: string, more: Partial<Answer> = {}): Answer => ({
  stdout,
  stderr: '',
  exitCode: 0,
  euid: 0,
  ...more,
});

/** Records as `dscl -plist . -readall` prints them; the corpus writes standard keys without their prefix. */
export const plistOf = (...records: readonly Attributes[]): string =>
  writeXmlPlist(
    records.map(
      (record) =>
        new Map<string, PlistValue>(
          Object.entries(record).map(([key, values]) => [
            key.startsWith('dsAttrType') ? key : `dsAttrTypeStandard:${key}`,
            values.map((value) => (typeof value === 'string' ? value : '(shortened in the corpus)')),
          ]),
        ),
    ),
  );

/** What the record type and the name are, by the path that was read: `/Users/alice`, `/Search/Users/games`. */
const pathOf = ({ argv }: Case): { type: string; name: string | null } => {
  const [, type = '', name = null] =
    argv
      ?.map((word) => /^\/(?:.*\/)?(users|groups)(?:\/(.+))?$/i.exec(word))
      .find((found) => found !== null) ?? [];
  return { type: type.toLowerCase(), name };
};

/**
 * The cases of users or of groups with their records, as -readall would give them: it always adds RecordName,
 * which a read of one key does not show.
 */
export const recordCases = (
  type: 'users' | 'groups',
): ReadonlyArray<readonly [Case, readonly Attributes[]]> =>
  cases.flatMap((each) => {
    const { expect, file } = each;
    const path = pathOf(each);
    const isOfType =
      path.type === type || (path.type === '' && file === `opendirectory-${type.slice(0, -1)}-01.json`);
    const records = expect.records ?? (expect.attributes === undefined ? [] : [expect.attributes]);
    if (!isOfType || records.length === 0) return [];
    return [[each, records.map((record) => ({ RecordName: [path.name ?? 'unnamed'], ...record }))] as const];
  });

/** Every key that must never be kept, by the names under which dscl and the files of the local node hold it. */
export const neverCollected = [
  'ShadowHashData',
  'HeimdalSRPKey',
  'KerberosKeys',
  'PasswordPlus',
  'passwd-plus',
  'KDCAuthKey',
  'kdcauthkey',
  'SecureTokenVerifierHistory',
  'AutoGrantSecureToken',
  'FVTokenSecret',
  'SmartCardSecureTokenData',
  'SmartCardSecureTokenUUID',
  '_writers_passwd',
  '_writers_hint',
  '_writers_LinkedIdentity',
  'AuthenticationHint',
  'hint',
  'JPEGPhoto',
  'jpegphoto',
  'Picture',
  'picture',
  'LinkedIdentity',
  'EMailAddress',
  'mail',
  'PhoneNumber',
  'phonenumber',
  'MobileNumber',
  'Password',
  'passwd',
  'RecoveryKey',
  'BootstrapToken',
  'PushMagic',
  'UnlockToken',
  'MCXSettings',
  'passwordHistory',
  '_xcreds_oidc_sub',
] as const;
export const canary = (key: string): string => `CANARY-${key}`;
export const hasCanary = (value: unknown): boolean =>
  (typeof value === 'string'
    ? value
    : JSON.stringify(value, (_key, each: unknown) => (each instanceof Map ? [...each] : each))
  ).includes('CANARY');

/** A record with everything that must not be kept, under both kinds of key. */
export const secrets: Attributes = Object.fromEntries(
  neverCollected.flatMap((key) =>
    ['dsAttrTypeStandard:', 'dsAttrTypeNative:'].map((prefix) => [prefix + key, [canary(key)]]),
  ),
);

/** Runs per property; CI asks for more. */
export const numRuns = Number(process.env['TOKENQUERY_FUZZ_RUNS'] ?? 10_000);

/** Whether this answers or throws CollectError; any other error is a bug and goes on. */
export const isHandled = (run: () => unknown): boolean => {
  try {
    run();
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
  }
  return true;
};

const mutate = (bytes: Uint8Array, steps: ReadonlyArray<readonly [string, number, number]>): Uint8Array => {
  let mutated = bytes;
  for (const [kind, where, what] of steps) {
    const at = Math.floor(where * mutated.length);
    const until = Math.min(mutated.length, at + 1 + Math.floor(what * 64));
    const [before, middle, after] = [
      mutated.subarray(0, at),
      mutated.subarray(at, until),
      mutated.subarray(until),
    ];
    if (kind === 'flip') {
      mutated = mutated.slice();
      if (at < mutated.length) mutated[at] = (mutated[at] ?? 0) ^ (1 << Math.floor(what * 8));
    } else if (kind === 'truncate') mutated = before;
    else if (kind === 'remove') mutated = Uint8Array.from([...before, ...after]);
    else mutated = Uint8Array.from([...before, ...middle, ...middle, ...after]);
  }
  return mutated;
};
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Real outputs with flipped bytes, missing ends, missing and doubled parts. */
export const mutated = (...originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.constantFrom(...originals),
      fc.array(fc.tuple(fc.constantFrom('flip', 'truncate', 'remove', 'double'), unit, unit), {
        minLength: 1,
        maxLength: 4,
      }),
    )
    .map(([bytes, steps]) => mutate(bytes, steps));
const decoder = new TextDecoder();
const encoder = new TextEncoder();
export const mutatedText = (...originals: readonly string[]): fc.Arbitrary<string> =>
  mutated(...originals.map((text) => encoder.encode(text))).map((bytes) => decoder.decode(bytes));

const words = [
  '<plist> </plist> <dict> </dict> <array> </array> <dict/> <array/> <true/> <key> </key> <string> </string> <string/>',
  '<integer> </integer> <real> </real> <date> </date> <data> </data> <!-- --> <![CDATA[ ]]> <?xml ?> <!DOCTYPE plist [',
  '<!ENTITY a "b"> &a; &lt; &#10; & " = \r\n 12 x dsAttrTypeStandard:RecordName dsAttrTypeNative:name creationTime',
  '__proto__ constructor',
].flatMap((line) => line.split(' '));

/** Texts of any kind, some of them in the words of a property list. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary', maxLength: 8 })), {
      maxLength: 30,
    })
    .map((parts) => parts.join('')),
);

/** What a parser notes of an answer, beside what it returns. */
export const noted = <T>(
  parse: (answer: Answer, note: Note) => T,
  stdout: string,
): { value: T; notes: string[]; isComplete: boolean } => {
  const notes: string[] = [];
  let isComplete = true;
  const value = parse(answer(stdout), (problem, costs = 'record') => {
    notes.push(problem.message);
    if (costs === 'record') isComplete = false;
  });
  return { value, notes, isComplete };
};

interface Oddity {
  readonly what: string;
  readonly change: (record: string) => string;
  /** What it costs: nothing, a value of the record, or what others are told apart by. */
  readonly costs: 'nothing' | 'value' | 'record';
}
const oddity = (
  what: string,
  costs: Oddity['costs'],
  search: string | RegExp,
  by: string | ((found: string) => string),
): Oddity => ({ what, costs, change: (record) => record.replace(search, by as string) });
const arrayOf = (attribute: string): RegExp =>
  new RegExp(`<key>dsAttrTypeStandard:${attribute}</key>\\s*<array>[^]*?</array>`);
const keyOf = (attribute: string): string => `<key>dsAttrTypeStandard:${attribute}</key>`;

/** How one record of dscl can be odd, by what its rendering looks like afterwards; its `id` is 20. */
const odditiesOf = (id: string): readonly Oddity[] => [
  oddity('no name', 'record', arrayOf('RecordName'), ''),
  oddity('no GUID', 'record', arrayOf('GeneratedUID'), ''),
  oddity('a GUID with a blank', 'record', /(?<=[0-9A-F]{12})<\/string>/, ' </string>'),
  oddity('a word for a GUID', 'record', /[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}/, 'none'),
  oddity('a GUID in lower case', 'nothing', /[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}/, (guid) =>
    guid.toLowerCase(),
  ),
  oddity('no primary group', 'value', arrayOf(id), ''),
  oddity('a primary group that is no number', 'value', '<string>20</string>', '<string>staff</string>'),
  oddity('a number as such', 'nothing', '<string>20</string>', '<integer>20</integer>'),
  oddity('a lone text', 'nothing', /<array>\s*<string>20<\/string>\s*<\/array>/, '<string>20</string>'),
  oddity('a value of another kind', 'value', '<string>20</string>', '<dict/>'),
  oddity('a number that is none', 'value', '<string>20</string>', '<integer>x</integer>'),
  oddity('a value twice', 'nothing', '<string>20</string>', '<string>20</string><string>20</string>'),
  oddity('two values', 'value', '<string>20</string>', '<string>20</string><string>80</string>'),
  oddity('a further key', 'nothing', '<dict>', '<dict><key>dsAttrTypeStandard:New</key><dict/>'),
  oddity('a key of no kind', 'nothing', '<dict>', '<dict><key>New</key><integer>x</integer>'),
  oddity('a pair twice', 'nothing', arrayOf(id), (pair) => pair + pair),
  oddity('a key twice', 'nothing', keyOf(id), (pair) => pair + pair),
  oddity('a pair against itself', 'value', arrayOf(id), (pair) => pair + pair.replace('20', '80')),
  oddity('a lost key', 'value', keyOf(id), ''),
  oddity('a lost name', 'record', keyOf('RecordName'), ''),
  oddity('a lost value', 'value', new RegExp(`(?<=${id}</key>)\\s*<array>[^]*?</array>`), ''),
  oddity('no record', 'record', /<dict>[^]*<\/dict>/, '<string>x</string>'),
  oddity('an ampersand', 'value', '<string>20</string>', '<string>2&0</string>'),
  oddity('the record twice', 'nothing', /<dict>[^]*<\/dict>/, (record) => record + record),
  oddity(
    'the record twice, against itself',
    'value',
    /<dict>[^]*<\/dict>/,
    (record) => record + record.replace('<string>20<', '<string>80<'),
  ),
  oddity(
    'two accounts of one name',
    'record',
    /<dict>[^]*<\/dict>/,
    (record) => record + record.replace(/(?<=-)[0-9A-F]{12}/, 'FFFFFFFFFFFF'),
  ),
];

const guidOf = (index: number): string => `ABCDEF00-0000-4000-8000-00000000000${index}`;
const recordPattern = /<dict>[^]*<\/dict>/;

interface OddAnswer {
  readonly what: string;
  readonly costs: Oddity['costs'];
  /** Which record is odd, from 0. */
  readonly at: number;
  readonly stdout: string;
}

/**
 * Answers of four records, each time one of them odd in one way; the first is whole.
 *
 * @param attributesOf A whole record.
 * @param id Its attribute that is the number 20.
 */
export const oddAnswers = (
  attributesOf: (name: string, guid: string) => Attributes,
  id = 'PrimaryGroupID',
): readonly [whole: string, odd: readonly OddAnswer[]] => {
  const texts = [0, 1, 2, 3].map((index) => plistOf(attributesOf(`name${index}`, guidOf(index))));
  const records = texts.map((text) => recordPattern.exec(text)?.[0] ?? '');
  const documentOf = (all: readonly string[]): string =>
    (texts[0] ?? '').replace(recordPattern, () => all.join('\n\t'));
  const odd = odditiesOf(id).flatMap(({ what, change, costs }) =>
    records.map((_, at) => ({
      ...{ what, costs, at },
      stdout: documentOf(records.map((record, index) => (index === at ? change(record) : record))),
    })),
  );
  return [documentOf(records), odd];
};

/**
 * One odd record of many costs itself: the others read as before, one problem names it, and the reducer changes
 * nothing of that.
 */
export const costsOnlyItself = (
  t: ExecutionContext,
  parse: (answer: Answer, note: Note) => readonly { readonly recordName: string | null }[],
  reduce: (stdout: string) => string,
  ...of: Parameters<typeof oddAnswers>
): void => {
  const [document, odd] = oddAnswers(...of);
  const whole = noted(parse, document);
  t.deepEqual([whole.notes, whole.value.length], [[], 4]);
  for (const { what, costs, at, stdout } of odd) {
    t.true(stdout !== document, what);
    const { value, notes, isComplete } = noted(parse, stdout);
    const isOther = ({ recordName }: { readonly recordName: string | null }): boolean =>
      recordName !== null && recordName !== `name${at}`;
    t.deepEqual(value.filter(isOther), whole.value.filter(isOther), what);
    t.is(notes.length, costs === 'nothing' ? 0 : 1, `${what}: ${notes.join()}`);
    t.is(isComplete, costs !== 'record', what);
    if (costs === 'nothing') t.deepEqual(value, whole.value, what);
    else t.regex(notes[0] ?? '', new RegExp(`record ${at + 1} of 4|name${at}`), what);
    const reduced = reduce(stdout);
    t.is(reduce(reduced), reduced, what);
    const again = noted(parse, reduced);
    t.deepEqual([again.value, again.isComplete], [value, isComplete], what);
  }
};
