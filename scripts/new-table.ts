/**
 * Writes the files of a new table: its declaration, three fixtures, and a parser where its source is new.
 * What the author has to fill in is marked TODO. It edits no file that exists. docs/adding-a-table.md has an example.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { commandNames, commands, fileNames, files } from '../collector/sources.ts';
import type { Command, CommandName, FileName } from '../collector/sources.ts';
import { openMemory } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import { parserName } from './parsers_index.ts';

const root = join(import.meta.dirname, '..');
const usage = 'npm run new-table -- NAME --source SOURCE';
const hostId = 'F6329A14-3B4C-4D5E-8F60-718293A4B5C6';

type Kind = 'command' | 'file' | 'new';

interface Wanted {
  readonly name: string;
  readonly source: string;
  readonly kind: Kind;
}

/** Path below the project to content. */
type Written = ReadonlyMap<string, string>;

const isName = (word: string): boolean => /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(word);

/** What SQLite says of a name as it stands in queries, where nobody quotes it; null when it is free. */
const sqliteRefuses = (name: string): string | null => {
  const db = openMemory(tables);
  try {
    db.exec(`CREATE TABLE ${name} (x)`);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    db.close();
  }
};

const checkName = (name: string): void => {
  if (!isName(name)) {
    throw new UserError(
      `"${name}" is no name for a table`,
      'lower case words joined by "_", beginning with a letter: plural for many rows, a topic for one',
      2,
    );
  }
  if (tables.some((table) => table.name === name) || existsSync(join(root, 'tables', `${name}.ts`)))
    throw new UserError(`there is a table ${name} already: tables/${name}.ts`, 'choose another name');
  if (['changes', 'findings', 'latest_snapshots', 'snapshots'].includes(name) || name.endsWith('_history'))
    throw new UserError(`the store has a table ${name} of its own`, 'choose another name');
  const refusal = sqliteRefuses(name);
  if (refusal !== null)
    throw new UserError(`SQLite does not take ${name} as the name of a table: ${refusal}`, 'choose another');
};

/** The source, and whether it is a command or file that is known; a word close to a known one is taken for a slip. */
const kindOf = (source: string, isNew: boolean): Kind => {
  if (commandNames.includes(source as CommandName)) {
    const { parameter }: Command = commands[source as CommandName];
    if (parameter === undefined) return 'command';
    throw new UserError(
      `${source} is asked once for each ${parameter.placeholder}, which no scaffold can guess`,
      'begin with a copy of tables/secure_token_observations.ts or tables/apfs_crypto_users.ts',
    );
  }
  if (fileNames.includes(source as FileName)) return 'file';
  if (!isName(source)) {
    throw new UserError(
      `"${source}" is no name for a source`,
      'lower case words joined by "_": the program, then its verb, as csrutil_status',
      2,
    );
  }
  // Two letters at most: the names of real sources are alike.
  const near = nearest(source, [...commandNames, ...fileNames], 2);
  if (near !== null && !isNew) {
    throw new UserError(
      `there is no source ${source}; did you mean ${near}?`,
      'a source that is really new and named so: add --new-source',
    );
  }
  if (existsSync(join(root, 'collector/parsers', `${source}.ts`)))
    throw new UserError(
      `collector/parsers/${source}.ts is there, and collector/sources.ts has no ${source}`,
      'add its entry to collector/sources.ts first, or choose another name',
    );
  return 'new';
};

const readWanted = (): Wanted => {
  const options = { source: { type: 'string' }, 'new-source': { type: 'boolean' } } as const;
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UserError((error as Error).message, `usage: ${usage}`, 2);
  }
  // Without a "--" before them, npm keeps the options to itself and hands on what stands between.
  const [name, second, ...more] = parsed.positionals;
  const source = parsed.values.source ?? second;
  const isNew = parsed.values['new-source'] ?? process.env['npm_config_new_source'] !== undefined;
  if (name === undefined || source === undefined || (second ?? source) !== source || more.length > 0)
    throw new UserError(`usage: ${usage}`, 'collector/sources.ts has the sources', 2);
  checkName(name);
  return { name, source, kind: kindOf(source, isNew) };
};

const pathOf = (source: string): string => files[source as FileName].paths[0] ?? '';

const tableText = ({ name, source, kind }: Wanted): string => {
  const read =
    kind === 'file' ? `context.readFile('${source}', '${pathOf(source)}')` : `context.read('${source}')`;
  return `import { defineTable, text } from '../collector/table.ts';

export default defineTable({
  name: '${name}',
  description: 'TODO: One row per … : what it tells an analyst, in one sentence.',
  columns: {
    // \`privacy\` is TODO: what the column says of whom, in a word of docs/privacy.md. Until then no redacted export has it.
    todo: text('TODO: what it says, and when it is NULL.', { privacy: 'private', example: 'TODO' }),
  },
  // The columns that tell the rows of a Mac apart; none where there is one row.
  key: [],
  sources: ['${source}'],
  macos: 'TODO: 10.15+',
  examples: ['SELECT * FROM ${name};'],
  generate: async (context) => {
    const answer = await ${read};
${kind === 'file' ? '    // Null where the file is proven absent.\n    if (answer === null) return [];\n' : ''}    // TODO: the test of the normal fixture prints what the parser answers, until this names it.
    return [{ todo: JSON.stringify(answer) }];
  },
});
`;
};

/** As the other parsers import it. */
const answerImport = (): string =>
  /^import type \{ Answer \} from .*;$/m.exec(
    readFileSync(join(root, 'collector/parsers/csrutil_status.ts'), 'utf8'),
  )?.[0] ?? '';

const parserText = (source: string): string => {
  const parser = parserName(source);
  const type = parser.slice('parse'.length);
  return `${answerImport()}
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { filledLinesOf, notUnderstood } from './lines.ts';

export interface ${type} {
  readonly todo: string;
}

// TODO: the lines that the parser reads; of any other, only size and digest are kept.
const rules: LineRules = { keep: (line) => (line.startsWith('TODO') ? line : null) };

/** What is kept of the answer: what the parser reads. */
export const sanitize${type} = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses TODO.
 *
 * Input: \`TODO: the command\`; TODO: the versions of macOS whose output is known.
 * Returns: TODO.
 * Throws: \`parse_failed\` for anything but TODO.
 * Source: TODO: the manual page, or where the output was published.
 */
export const ${parser} = (printed: Answer): ${type} => {
  const answer = keptAnswer(printed, rules);
  const [line, ...more] = filledLinesOf(answer.stdout);
  // What is not known is never guessed at: it is said not to be understood, and the table is then unknown.
  if (answer.exitCode !== 0 || line === undefined || more.length > 0 || !line.startsWith('TODO'))
    throw notUnderstood('TODO: the command', answer);
  return { todo: line };
};
`;
};

interface SituationOf {
  readonly folder: string;
  readonly fixture: Readonly<Record<string, unknown>>;
  readonly rows: readonly unknown[];
  readonly status: {
    readonly situation: string;
    readonly status: string;
    readonly code: string | null;
    readonly columns_affected: readonly string[] | null;
  };
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

interface KnownFixture {
  readonly origin: string;
  readonly euid?: number;
  readonly commands?: readonly { readonly command: string }[];
  readonly files?: Readonly<Record<string, unknown>>;
}

/** What a source answers in a normal fixture of another table: an output that is known already. */
const knownAnswer = ({ source, kind }: Wanted): Readonly<Record<string, unknown>> | null => {
  const fixtures = join(root, 'test/fixtures');
  for (const folder of readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const at = join(fixtures, folder);
    if (!existsSync(join(at, 'fixture.json')) || !existsSync(join(at, 'status.json'))) continue;
    if ((json(join(at, 'status.json')) as SituationOf['status']).situation !== 'normal') continue;
    const fixture = json(join(at, 'fixture.json')) as KnownFixture;
    const command = fixture.commands?.find((each) => each.command === source);
    const path = kind === 'file' ? pathOf(source) : '';
    const file = fixture.files?.[path];
    if (command === undefined && file === undefined) continue;
    const { origin, euid = 0 } = fixture;
    const about = { origin, source: `as test/fixtures/${folder.replaceAll('\\', '/')}`, euid };
    return command === undefined ? { ...about, files: { [path]: file } } : { ...about, commands: [command] };
  }
  return null;
};

const situations = (wanted: Wanted): readonly SituationOf[] => {
  const { source, kind } = wanted;
  const about = {
    origin: 'constructed',
    source: 'TODO: what it follows, or where it was published',
    euid: 0,
  };
  const command = (more: object) => ({ commands: [{ command: source, ...more }] });
  const nobodySaw = ['tokenquery has never seen this line'];
  const path = kind === 'file' ? pathOf(source) : '';
  return [
    {
      folder: '26--normal',
      fixture: {
        ...about,
        ...(knownAnswer(wanted) ??
          (kind === 'file'
            ? { files: { [path]: { plist: { TODO: 'what the file holds' } } } }
            : command({ stdout: ['TODO: what the command prints, line by line'] }))),
      },
      rows: [{ todo: 'TODO', host_id: hostId }],
      status: { situation: 'normal', status: 'ok', code: null, columns_affected: [] },
    },
    kind === 'file'
      ? {
          folder: '26--no-file',
          fixture: { ...about, stat: { [path]: 'missing' } },
          rows: [],
          status: { situation: 'absent', status: 'empty', code: null, columns_affected: [] },
        }
      : {
          folder: '26--no-such-program',
          fixture: { ...about, ...command({ exit_code: 'missing' }) },
          rows: [],
          status: { situation: 'absent', status: 'failed', code: 'source_missing', columns_affected: null },
        },
    {
      folder: '26--not-known',
      fixture: {
        ...about,
        ...(kind === 'file' ? { files: { [path]: nobodySaw } } : command({ stdout: nobodySaw })),
      },
      rows: [],
      status: { situation: 'malformed', status: 'failed', code: 'parse_failed', columns_affected: null },
    },
  ];
};

const filesOf = (wanted: Wanted): Written => {
  const written = new Map([[`tables/${wanted.name}.ts`, tableText(wanted)]]);
  if (wanted.kind === 'new') written.set(`collector/parsers/${wanted.source}.ts`, parserText(wanted.source));
  for (const { folder, fixture, rows, status } of situations(wanted)) {
    for (const [name, content] of Object.entries({ fixture, rows, status }))
      written.set(
        `test/fixtures/${wanted.name}/${folder}/${name}.json`,
        `${JSON.stringify(content, null, 2)}\n`,
      );
  }
  return written;
};

const sourceEntry = (source: string): string => `  ${source}: command({
    argv: ['/usr/sbin/TODO', 'TODO'],
    privilege: 'user',
    why: 'TODO: why running this only reads',
  }),
`;

const nextSteps = ({ name, source, kind }: Wanted): string => {
  const steps = [
    ...(kind === 'new'
      ? [`Add this entry to the end of \`commands\` in collector/sources.ts:\n\n${sourceEntry(source)}`]
      : []),
    `Fill in what is marked TODO: grep -rn TODO tables/${name}.ts test/fixtures/${name}${kind === 'new' ? ` collector/parsers/${source}.ts` : ''}`,
    'npm run generate -- --registries    (so that the program knows the new files)',
    `npx ava test/tables.test.ts -m '${name}: *'    (as often as you like)`,
    'npm run generate && npm test',
  ];
  return steps.map((step, index) => `${index + 1}. ${step}\n`).join('');
};

const main = (): void => {
  const wanted = readWanted();
  const written = filesOf(wanted);
  const taken = [...written.keys()].find((path) => existsSync(join(root, path)));
  if (taken !== undefined)
    throw new UserError(`${taken} is there already`, 'remove it, or choose another name');
  for (const [path, content] of written) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    process.stdout.write(`wrote ${path}\n`);
  }
  process.stdout.write(`\n${nextSteps(wanted)}\ndocs/adding-a-table.md shows each step on an example.\n`);
};

try {
  main();
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`new-table: error: ${error.message}\n`);
  if (error.hint !== '') process.stderr.write(`new-table: hint: ${error.hint}\n`);
  process.exitCode = error.exitCode;
}
