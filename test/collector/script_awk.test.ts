/** What the printed collector keeps of an output is what the collector keeps, or nothing: on mutated real outputs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import fc, { runsOf, shareOf } from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { fileParserOf, parserOf, sanitizerOf } from '../../collector/parsing.ts';
import { decodeUtf8, sanitizeFile, sanitizeOutput } from '../../collector/sanitize.ts';
import { captureScript, isInScript } from '../../collector/script/script.ts';
import { commandNames, commands, fileNames, files } from '../../collector/sources.ts';
import type { Command, CommandName, FileName } from '../../collector/sources.ts';
import { sanitizeDsUsers } from '../../collector/parsers/ds_records.ts';
import { noShells } from '../../collector/accounts.ts';
import { oddAnswers, plistOf } from '../parsers/directory.ts';
import type { Attributes } from '../parsers/directory.ts';
import { fuzzRuns } from '../parsers/fuzz.ts';
import { isReleased } from '../released.ts';
import { root, temporaryFolder } from '../standin.ts';

/** Mutations of each source, for each awk: a shell and an awk for each make them dear. */
const runs = Math.ceil(fuzzRuns / 1000);
/** The same tries every time; another seed finds what these do not. */
const seed = Number(process.env['TOKENQUERY_FUZZ_SEED'] ?? 1);

const script = captureScript({ tool: 'tokenquery', noShells });
/** How the script reduces what each command prints. */
const hows = new Map(
  Array.from(script.matchAll(/^ask ([a-z_]+) [0-9]+ ([a-z]+) /gm), ([, name, how]) => [name, how]),
);
const sanitized = commandNames.filter((name) => hows.has(name) && hows.get(name) !== 'whole');

const sampleFolders = readdirSync(join(root, 'samples')).filter((name) => !name.includes('.md'));
/** What the sample hosts hold, by the beginning of a path or argv. */
const outputsOf = (name: CommandName): Buffer[] => {
  const { argv }: Command = commands[name];
  return sampleFolders.flatMap((host) => {
    const at = join(root, 'samples', host, 'commands');
    return readdirSync(at).flatMap((number) => {
      const own = readFileSync(join(at, number, 'argv'), 'utf8').trimEnd();
      if (own !== argv.join('\n') || !readdirSync(join(at, number)).includes('stdout')) return [];
      return [readFileSync(join(at, number, 'stdout'))];
    });
  });
};
const contentsOf = (name: FileName): Buffer[] => {
  const paths = new Set<string>(files[name].paths);
  return sampleFolders.flatMap((host) => {
    const at = join(root, 'samples', host, 'files');
    return readdirSync(at, { recursive: true, withFileTypes: true })
      .filter(
        (entry) => entry.isFile() && paths.has(join('/', entry.parentPath.slice(at.length), entry.name)),
      )
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  });
};

const oddTexts = [
  ...[
    '',
    ' ',
    '\n',
    '0',
    '-1',
    '1e3',
    '&amp;',
    '&#13;',
    '&#x41;',
    '&lt;key&gt;',
    '&',
    ';',
    '"',
    '\\',
    '\\U00e9',
  ],
  ...['\t', '\r', '\0', '\u0001', '\u0085', '\u00a0', '\u2028', '\u00e9', '\ufeff', '\u{1f511}', '__proto__'],
  ...['(null)', 'YES', '<!-- x -->', '<![CDATA[x]]>', '<?x?>', 'AB12-CD34-EF56-GH78-JK90-LM12'],
];
const elements = [
  ...[
    '<string>x</string>',
    '<string/>',
    '<array/>',
    '<dict/>',
    '<true/>',
    '<false/>',
    '<integer>7</integer>',
  ],
  ...['<integer>x</integer>', '<real>1.5</real>', '<data>eA==</data>', '<date>2026-01-02T03:04:05Z</date>'],
  ...[
    '<dict><key>a</key><string>b</string></dict>',
    '<array><dict/><string>c</string></array>',
    '<key>a</key>',
  ],
];
const edits = fc.array(
  fc.record({
    where: fc.nat(),
    kind: fc.constantFrom('text', 'element', 'insert', 'byte', 'name', 'cut'),
    odd: fc.constantFrom(...oddTexts),
    element: fc.constantFrom(...elements),
    byte: fc.nat(255),
  }),
  { minLength: 1, maxLength: 3 },
);
type Edit = ReturnType<typeof edits.generate>['value_'] extends readonly (infer E)[] | undefined ? E : never;

/** Most mutations leave a property list that can be read: those that do not are refused at once. */
const mutate = (given: Buffer, list: readonly Edit[]): Buffer => {
  let text = given.toString('latin1');
  const latin1 = (utf8: string): string => Buffer.from(utf8).toString('latin1');
  const nth = (pattern: RegExp, where: number): RegExpExecArray | null => {
    const all = [...text.matchAll(pattern)];
    return all.length === 0 ? null : (all[where % all.length] as RegExpExecArray);
  };
  const splice = (at: number, length: number, by: string): void => {
    text = text.slice(0, at) + by + text.slice(at + length);
  };
  for (const { where, kind, odd, element, byte } of list) {
    const value = nth(
      /<(string|integer|data|date|real)>([^<]*)<\/\1>|<(?:true|false|array|dict|string)\/>/g,
      where,
    );
    const word = nth(/[A-Za-z0-9]{3,}/g, where);
    if (kind === 'text' && value?.[2] !== undefined)
      splice(value.index + (value[1] as string).length + 2, value[2].length, latin1(odd));
    else if (kind === 'element' && value !== null) splice(value.index, value[0].length, latin1(element));
    else if (kind === 'insert') splice(where % (text.length + 1), 0, latin1(odd));
    else if (kind === 'byte') splice(where % (text.length + 1), 1, String.fromCharCode(byte));
    else if (kind === 'name' && word !== null) splice(word.index, word[0].length, latin1(odd));
    else if (kind === 'cut') splice(where % (text.length + 1), 1 + (byte % 40), '');
  }
  return Buffer.from(text, 'latin1');
};

/** What a parser makes of it: rows, or the code of its error. */
const outcomeOf = async (parse: () => unknown): Promise<string> => {
  try {
    return JSON.stringify(parse(), (_, value: unknown) =>
      value instanceof Map || value instanceof Set ? [...value] : value,
    );
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    return `error ${error.code}`;
  }
};
const outcomeOfOutput = async (name: CommandName, stdout: Uint8Array): Promise<string> => {
  const ended = { outcome: 'exited', exitCode: 0, signal: null } as const;
  const untimed = { startedTime: null, durationMs: null, isSpawned: true };
  const kept = await sanitizeOutput(
    name,
    { ...ended, ...untimed, stdout, stderr: new Uint8Array() },
    new Set(),
  );
  const parse = await parserOf(name);
  return outcomeOf(() =>
    parse({ stdout: Buffer.from(kept.stdout).toString(), stderr: '', exitCode: 0, euid: 0 }),
  );
};
const outcomeOfFile = async (name: FileName, content: Uint8Array): Promise<string> => {
  const parse = await fileParserOf(name);
  const kept = await sanitizeFile(name, content).catch((error: unknown) => {
    if (!(error instanceof CollectError)) throw error;
    return error;
  });
  return kept instanceof CollectError ? `error ${kept.code}` : outcomeOf(() => parse(kept));
};

interface PolicyRecord {
  readonly isUnreadable?: boolean;
}
/** accountPolicyData is a property list of its own in each record, and may be refused by itself. */
/** What is told of profiles, where one of the two says that a profile may be missing. */
const asIncomplete = (text: string): string => text.replace('"isComplete":true', '"isComplete":false');

const withRefusals = (ours: string, theirs: string): string => {
  if (ours.startsWith('error') || !theirs.includes('isUnreadable')) return ours;
  const refused = JSON.parse(theirs) as readonly PolicyRecord[];
  return JSON.stringify(
    (JSON.parse(ours) as readonly PolicyRecord[]).map((record, index) =>
      refused[index]?.isUnreadable === true ? { ...record, policy: null, isUnreadable: true } : record,
    ),
  );
};

const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

const log = '2026-09-23 08:49:47.123 dscl[123:456] +[Node x]: <private> & others are not known\n';
const guid = 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050';
const policy = (more: string): string =>
  `<plist version="1.0"><dict><key>creationTime</key><real>1.5</real>${more}</dict></plist>`;
const recordOf: Readonly<Partial<Record<CommandName, (name: string, uuid: string) => Attributes>>> = {
  ds_users: (name, uuid) => ({
    ...{
      RecordName: [name, `${name} & co`],
      UniqueID: ['501'],
      PrimaryGroupID: ['20'],
      GeneratedUID: [uuid],
    },
    UserShell: ['/bin/zsh'],
    AuthenticationAuthority: [
      ...[
        ';ShadowHash;HASHLIST:<A>',
        ';SecureToken;',
        ';DisabledTags;SecureToken,SECRET@x',
        ';ShadowHash;SECRET',
      ],
      ...[`;Kerberosv5;;SECRET@${name}`, '1.0;kerberosv5;SECRET;', ';DisabledUser;;NetLogon;SECRET &'],
      ...[
        `;LocalCachedUser;/LDAPv3/a,b;50%:SECRET:${uuid.toLowerCase()};`,
        ';LocalCachedUser;/SECRET:x:SECRET',
        ';Own;SECRET',
      ],
      `;LocalCachedUser;SECRET:é:${guid.replace('A', '0')}`,
      ...[';DisabledUser;SECRET@x', ';DisabledUser;;SECRET@x;y', ';Kerberosv5;SECRET@x;withheld 3'],
      ...[';DisabledTags;;Kerberosv5;;SECRET;SECRET.COM', `${';DisabledUser;'.repeat(12)};SECRET`],
    ],
    AltSecurityIdentities: [`PlatformSSO:SECRET@${name}`, 'Kerberos:SECRET'],
    OriginalNodeName: ['/LDAPv3/x'],
    'dsAttrTypeNative:ShadowHashData': ['SECRET'],
  }),
  ds_groups: (name, uuid) => ({
    ...{ RecordName: [name], PrimaryGroupID: ['20'], GeneratedUID: [uuid], GroupMembers: [guid] },
  }),
  ds_account_policy: (name, uuid) => ({
    ...{ RecordName: [name], UniqueID: ['501'], PrimaryGroupID: ['20'], GeneratedUID: [uuid] },
    'dsAttrTypeNative:accountPolicyData': [policy('<key>history</key><string>SECRET</string>')],
  }),
};
/** Answers in which one item is odd, so that the rest is known: what the collector reads of them, the script keeps. */
const oddOutputs = (): {
  readonly what: CommandName;
  readonly stdout: string;
  readonly isLatin1?: boolean;
}[] => {
  const wrap = (what: CommandName, stdout: string) =>
    ['', log, `\n${log}objc[1]: x\n`].flatMap((lines) =>
      [lines + stdout, stdout + lines].map((text) => ({ what, stdout: text })),
    );
  const records = Object.entries(recordOf).flatMap(([name, record]) => {
    const id = name === 'ds_account_policy' ? 'UniqueID' : 'PrimaryGroupID';
    const [whole, odd] = oddAnswers(
      name === 'ds_account_policy' ? (...of) => ({ ...record(...of), UniqueID: ['20'] }) : record,
      id,
    );
    const what = name as CommandName;
    return [
      ...wrap(what, whole),
      ...odd.filter(({ at }) => at === 1).map(({ stdout }) => ({ what, stdout })),
    ];
  });
  const policies = [
    '<key>a</key>',
    '<true/>',
    '<key>creationTime</key><real>1.5</real>',
    '<key>failedLoginCount</key><integer>x</integer>',
    '<key>creationTime</key><real>2</real>',
  ].flatMap((more) =>
    [policy(more), `${log}${policy(more)}`].map((text) => ({
      what: 'ds_account_policy' as const,
      stdout: plistOf({
        ...recordOf.ds_account_policy?.('alice', guid),
        'dsAttrTypeNative:accountPolicyData': [text],
      }),
    })),
  );
  const objects = [
    '<key>IOPlatformUUID</key><string>' + guid + '</string>',
    '<key>IOPlatformUUID</key><string>no</string>',
    '<key>IOPlatformUUID</key>',
    '<string>' + guid + '</string>',
  ].flatMap((pair) =>
    wrap(
      'ioreg_platform',
      plistOf({}).replace(
        '<dict/>',
        `<dict><key>model</key><string>Mac14,5</string>${pair}<key>IOPlatformSerialNumber</key><string>SECRET</string></dict>`,
      ),
    ),
  );
  const [whole] = oddAnswers(recordOf.ds_users ?? (() => ({})));
  const bytes = ['name1', 'ShadowHash', 'RecordName'].map((word) => ({
    what: 'ds_users' as const,
    ...{ stdout: whole.replace(word, `${word}\u00ff`), isLatin1: true },
  }));
  return [...records, ...policies, ...objects, ...bytes];
};

/** What a parser makes of an output as it is kept, and what it notes. */
const readingOf = async (name: CommandName, stdout: Uint8Array): Promise<string> => {
  const [parse, sanitize] = [await parserOf(name), await sanitizerOf(name)];
  const notes: string[] = [];
  const kept = sanitize?.(decodeUtf8(stdout) ?? '', new Set()) ?? '';
  const outcome = await outcomeOf(() =>
    parse(
      { stdout: kept, stderr: '', exitCode: 0, euid: 0 },
      ({ message }, costs) => void notes.push(`${costs} ${message}`),
    ),
  );
  return [outcome, ...notes].join('\n');
};

interface Try {
  readonly what: string;
  readonly input: Buffer;
  readonly how: string;
}
/** What the functions of the script, up to where it asks the Mac, keep of each input. */
const keptBy = (t: ExecutionContext, awk: string, cases: readonly Try[]): readonly Buffer[] => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'in'));
  for (const [index, { input }] of cases.entries()) writeFileSync(join(folder, 'in', String(index)), input);
  const tries = cases.map(({ what, how }, index) => {
    const [from, to] = [`${folder}/in/${index}`, `${folder}/in/${index}.kept`];
    return how === 'allow'
      ? `plist -v mode=allow -v set=${what} '${from}' > '${to}' 2>/dev/null || withheld '${from}' 'a known property list' > '${to}'; redact '${to}'`
      : `cp '${from}' "$work/out"; code=0; reduce ${what} ${how}; redact "$work/kept"; cp "$work/kept" '${to}'`;
  });
  const [head = ''] = script.split('\nstarted=$(date +%s)\n');
  const at = join(folder, 'script.sh');
  writeFileSync(at, `${head.replaceAll(/\bawk -v/g, `${awk} -v`)}\n${tries.join('\n')}\n`);
  const { status, stderr } = spawnSync('sh', [at, join(folder, 'out.tar.gz')], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  return cases.map((_, index) => readFileSync(join(folder, 'in', `${index}.kept`)));
};

const authorityParts = fc.constantFrom(
  ...[
    '',
    '1.0',
    'ShadowHash',
    'shadowhash',
    'DisabledUser',
    'disableduser',
    'DisabledTags',
    'Kerberosv5',
    'LocalCachedUser',
  ],
  ...[
    'localcacheduser',
    'tokenidentity',
    'Own',
    'SECRET',
    'SECRET@x',
    'SECRET é',
    '\u{1f511}SECRET',
    '<S>&"\'',
    ' ',
    '\n',
    '\t',
  ],
  ...[
    'SecureToken',
    'SecureToken,SECRET@x',
    ',',
    'HASHLIST:<A,B>',
    'HASHLIST:<a>',
    'BetterHashOnly',
    '0123ABCD',
    'withheld 3',
  ],
  ...[
    `/n:SECRET:${guid}`,
    `/n:SECRET:${guid.toLowerCase()}`,
    `/n:SECRET:CAFECAFE${guid.slice(8)}`,
    `n:${guid}`,
    `withheld 1:${guid}`,
  ],
  ...[
    'withheld 4:another GUID',
    'withheld 10 bytes, sha256 0123456789ab',
    'A'.repeat(513),
    'SECRET@'.repeat(700),
    'a,'.repeat(2100),
  ],
);
/** A value of AuthenticationAuthority as nobody writes it. */
const oddAuthority = fc
  .array(authorityParts, { minLength: 1, maxLength: 7 })
  .map((parts) => `;${parts.join(';')}`);
/** What is no word. */
const secret = /SECRET@|:SECRET/;
/** All but the outermost tag, which the script leaves to the reader. */
const behindATag = (text: string): string => text.replace(/<string>(0;)?;?[^;<]*/g, '');

for (const [turn, awk] of ['original-awk', 'mawk', 'gawk', 'busybox awk'].entries()) {
  const [program = ''] = awk.split(' ');
  const needing = process.platform !== 'win32' && isThere(program) ? test : test.skip;
  needing(`with ${awk}, one odd item of many costs the script what it costs the collector`, async (t) => {
    const odd = shareOf(oddOutputs(), 2, turn);
    const cases = odd.map(({ what, stdout, isLatin1 }) => ({
      what,
      input: Buffer.from(stdout, isLatin1 === true ? 'latin1' : 'utf8'),
      how: hows.get(what) ?? '',
    }));
    for (const [index, kept] of keptBy(t, awk, cases).entries()) {
      const { what, stdout } = odd[index] as (typeof odd)[number];
      const { input } = cases[index] as (typeof cases)[number];
      const [ours, theirs] = [await readingOf(what, input), await readingOf(what, kept)];
      t.is(theirs, ours, stdout);
      t.false(ours.startsWith('error'), stdout);
      t.false(kept.includes('SECRET') || kept.includes('2026-09-23'), stdout);
    }
  });

  needing(`with ${awk}, the script leaves out of a value what the collector leaves out`, (t) => {
    const values = fc.sample(oddAuthority, { numRuns: runsOf(200), seed: seed + turn });
    const record = (of: readonly string[]): string =>
      plistOf({ RecordName: ['a'], GeneratedUID: [guid], AuthenticationAuthority: of });
    const [input, again] = [record(values), record(values.map((value) => `0;${value}`))];
    const cases = [input, again].map((text) => ({
      what: 'ds_users',
      input: Buffer.from(text),
      how: hows.get('ds_users') ?? '',
    }));
    for (const [index, kept] of keptBy(t, awk, cases).entries()) {
      const theirs = kept.toString();
      const ours = sanitizeDsUsers((cases[index] as Try).input.toString());
      t.deepEqual(sanitizeDsUsers(theirs).split('\n'), ours.split('\n'));
      t.is(sanitizeDsUsers(ours), ours);
      t.notRegex(behindATag(ours), secret);
      t.notRegex(behindATag(theirs), secret);
    }
  });

  needing(`with ${awk}, the script keeps what the collector keeps, or refuses it`, async (t) => {
    const cases: Try[] = [];
    const add = (what: string, how: string, seeds: readonly Buffer[]): void => {
      t.true(seeds.length > 0, `no sample host has ${what}`);
      const mutations = fc.sample(fc.tuple(fc.constantFrom(...seeds), edits), { numRuns: runs, seed });
      for (const [given, list] of mutations) cases.push({ what, input: mutate(given, list), how });
    };
    for (const name of sanitized) add(name, hows.get(name) as string, outputsOf(name));
    // Of a file that came later, a sample may have none, and the script no rules.
    for (const name of fileNames.filter((file) => isReleased(file) || contentsOf(file).length > 0))
      if (isInScript(name)) add(name, 'allow', contentsOf(name));
    const keptOf = keptBy(t, awk, cases);
    let same = 0;
    for (const [index, { what, input }] of cases.entries()) {
      const kept = keptOf[index] as Buffer;
      const isFile = (fileNames as readonly string[]).includes(what);
      const outcome = (bytes: Uint8Array): Promise<string> =>
        isFile ? outcomeOfFile(what as FileName, bytes) : outcomeOfOutput(what as CommandName, bytes);
      const [ours, theirs] = [await outcome(input), await outcome(kept)];
      if (ours === theirs && !ours.startsWith('error')) same += 1;
      // A form that only one of the two knows is unknown; what both know is the same.
      // The script may call a list of profiles incomplete that is not, and never the reverse.
      const isSame = theirs === asIncomplete(ours);
      if (!theirs.startsWith('error') && !isSame)
        t.is(theirs, withRefusals(ours, theirs), `${what}: ${JSON.stringify(input.toString('latin1'))}`);
    }
    t.log(`${same} of ${cases.length} could be read`);
    t.true(same > 0);
  });
}
