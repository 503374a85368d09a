/** What the printed collector keeps of an output is what the collector keeps, or nothing: on mutated real outputs. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { CollectError } from '../../collector/errors.ts';
import { fileParserOf, isSanitized, parserOf } from '../../collector/parsing.ts';
import { sanitizeFile, sanitizeOutput } from '../../collector/sanitize.ts';
import { captureScript, isInScript } from '../../collector/script.ts';
import { commandNames, commands, fileNames, files } from '../../collector/sources.ts';
import type { Command, CommandName, FileName } from '../../collector/sources.ts';
import { noShells } from '../../tables/shared/accounts.ts';
import { fuzzRuns } from '../parsers/fuzz.ts';
import { isReleased } from '../released.ts';
import { root, temporaryFolder } from '../standin.ts';

/** Mutations of each source, for each awk: a shell and an awk for each make them dear. */
const runs = Math.ceil(fuzzRuns / 1000);

const script = captureScript({ tool: 'tokenquery', noShells });
/** How the script reduces what each command prints. */
const hows = new Map(
  Array.from(script.matchAll(/^ask ([a-z_]+) [0-9]+ ([a-z]+) /gm), ([, name, how]) => [name, how]),
);
const sanitized = commandNames.filter((name) => isSanitized(name) && hows.has(name));

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
const mutate = (seed: Buffer, list: readonly Edit[]): Buffer => {
  let text = seed.toString('latin1');
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
    return JSON.stringify(parse(), (_, value: unknown) => (value instanceof Map ? [...value] : value));
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
  readonly policyError?: string | null;
}
/** accountPolicyData is a property list of its own in each record, and may be refused by itself. */
const withRefusals = (ours: string, theirs: string): string => {
  if (ours.startsWith('error') || !theirs.includes('policyError')) return ours;
  const refused = JSON.parse(theirs) as readonly PolicyRecord[];
  return JSON.stringify(
    (JSON.parse(ours) as readonly PolicyRecord[]).map((record, index) => {
      const policyError = refused[index]?.policyError ?? null;
      return policyError === null ? record : { ...record, policy: null, policyError };
    }),
  );
};

const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

for (const awk of ['original-awk', 'mawk', 'gawk', 'busybox awk']) {
  const [program = ''] = awk.split(' ');
  const needing = process.platform !== 'win32' && isThere(program) ? test : test.skip;
  needing(`with ${awk}, the script keeps what the collector keeps, or refuses it`, async (t) => {
    const folder = temporaryFolder(t);
    const cases: { readonly what: string; readonly input: Buffer; readonly how: string }[] = [];
    const add = (what: string, how: string, seeds: readonly Buffer[]): void => {
      t.true(seeds.length > 0, `no sample host has ${what}`);
      const mutations = fc.sample(fc.tuple(fc.constantFrom(...seeds), edits), runs);
      for (const [seed, list] of mutations) cases.push({ what, input: mutate(seed, list), how });
    };
    for (const name of sanitized) add(name, hows.get(name) as string, outputsOf(name));
    // Of a file that came later, a sample may have none, and the script no rules.
    for (const name of fileNames.filter((file) => isReleased(file) || contentsOf(file).length > 0))
      if (isInScript(name)) add(name, 'allow', contentsOf(name));
    mkdirSync(join(folder, 'in'));
    for (const [index, { input }] of cases.entries()) writeFileSync(join(folder, 'in', String(index)), input);
    // The script up to where it asks the Mac; its own functions are what is tried.
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
    let same = 0;
    for (const [index, { what, input }] of cases.entries()) {
      const kept = readFileSync(join(folder, 'in', `${index}.kept`));
      const isFile = (fileNames as readonly string[]).includes(what);
      const outcome = (bytes: Uint8Array): Promise<string> =>
        isFile ? outcomeOfFile(what as FileName, bytes) : outcomeOfOutput(what as CommandName, bytes);
      const [ours, theirs] = [await outcome(input), await outcome(kept)];
      if (ours === theirs && !ours.startsWith('error')) same += 1;
      // A form that only one of the two knows is unknown; what both know is the same.
      if (!theirs.startsWith('error'))
        t.is(theirs, withRefusals(ours, theirs), `${what}: ${JSON.stringify(input.toString('latin1'))}`);
    }
    t.log(`${same} of ${cases.length} could be read`);
    t.true(same > 0);
  });
}
