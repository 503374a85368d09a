/** Reads a command line by the declaration of its command, and prints that declaration as help. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { checkOptions, dashes, written } from './checks.ts';
import { textWidth } from './screen.ts';
import { wrapWords } from './width.ts';
import type { Arguments, Command, OptionSpec, Options, Values } from './command.ts';

const helpOption: OptionSpec = { type: 'boolean', short: 'h', description: 'Print this help.' };

// Names that other tools give to what has another name here.
const otherNames: Readonly<Record<string, string>> = {
  database: 'db',
  sqlite: 'db',
  host: 'source',
  input: 'source',
  evidence: 'source',
  jsonl: 'ndjson',
  'json-lines': 'ndjson',
  'output-format': 'json',
  format: 'json',
  mode: 'json',
  table: 'pretty',
  markdown: 'markdown',
  md: 'markdown',
  nojson: 'json',
  separator: 'csv',
  header: 'csv',
  db_path: 'db',
  from: 'source',
  bundle: 'source',
  path: 'source',
  after: 'since',
  when: 'as-of',
  at: 'as-of',
  query: 'n',
  severity: 'fail-on',
  question: 'n',
  older: 'older-than',
  'max-age': 'older-than',
  nopager: 'no-pager',
  width: 'wide',
  limit: 'max-rows',
  root: 'exec-root',
  file: 'f',
  name: 'n',
  out: 'output',
};

/** Options of other programs, for which something else stands here. */
const insteadOf: Readonly<Record<string, string>> = {
  output: 'what is printed goes to a file with > FILE',
  out: 'what is printed goes to a file with > FILE',
  o: 'what is printed goes to a file with > FILE',
  quiet: '2> /dev/null leaves out what is said on stderr',
  q: '2> /dev/null leaves out what is said on stderr',
  verbose: 'tables that could not be collected are named without it; table_status has the reasons',
  v: 'tokenquery --version prints the version',
  sudo: 'sudo tokenquery …',
  color: 'NO_COLOR=1 and FORCE_COLOR=1 in the environment decide about colours',
  colour: 'NO_COLOR=1 and FORCE_COLOR=1 in the environment decide about colours',
};

/** The option that may be meant by a name without its dashes. */
const nearOption = (command: Command, bare: string): string | null => {
  const known = Object.keys(command.options);
  const other = Object.hasOwn(otherNames, bare) ? otherNames[bare] : undefined;
  if (other !== undefined && known.includes(other)) return other;
  // A letter is near to every other.
  return bare.length < 2
    ? null
    : nearest(
        bare,
        [...known, 'version', 'help'].filter((name) => name.length > 1),
      );
};

const unknownOption = (command: Command, raw: string): UserError => {
  const bare = raw.replace(/^-+/, '').replace(/=.*$/s, '');
  const near = nearOption(command, bare);
  const instead = near === null && Object.hasOwn(insteadOf, bare) ? insteadOf[bare] : undefined;
  if (instead !== undefined) return new UserError(`unknown option ${raw}`, instead, 2);
  // A database and a source stand for each other where a command has one of them only.
  if (bare === 'source' && 'db' in command.options)
    return new UserError(
      `unknown option ${raw}`,
      `${command.name} reads a database: tokenquery snapshot --db FILE --source SOURCE puts what is collected into one`,
      2,
    );
  if (bare === 'db' && 'source' in command.options)
    return new UserError(
      `unknown option ${raw}`,
      `${command.name} collects: a database is asked with tokenquery query --db FILE or tokenquery findings --db FILE`,
      2,
    );
  const help = `tokenquery ${command.name} --help lists the options`;
  return new UserError(
    `unknown option ${raw}`,
    near === null ? help : `did you mean ${dashes(near)}? ${help}`,
    2,
  );
};

// "-- comment\nSELECT 1" is SQL, not an option.
const isText = (argument: string): boolean => /^-\S*\s/.test(argument);

const wrong = (command: Command, message: string): UserError =>
  new UserError(message, `tokenquery ${command.name} --help`, 2);

/** `-json`, as osqueryi and sqlite3 have it, would be read as four options. */
const checkDashes = (command: Command, args: readonly string[]): void => {
  for (const argument of args) {
    const [, bare = ''] = /^-([a-z][a-z-]+)(?:=.*)?$/is.exec(argument) ?? [];
    const isOwn = bare !== '' && command.options[bare[0] ?? '']?.type === 'string';
    const option = Object.hasOwn(command.options, bare) ? bare : isOwn ? null : nearOption(command, bare);
    if (bare.length > 1 && (option !== null || !isOwn)) throw unknownOption(command, argument);
  }
};

/** Whether a text begins as a statement does. */
export const isSql = (text: string): boolean => /^\s*(?:select|with|values|explain)\b/i.test(text);

const quoted = (text: string): string => {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return /^[\w./:@=-]+$/.test(short) ? short : `"${short}"`;
};

/** What a word may be that a command does not take. */
const meantBy = (command: Command, text: string, all: readonly string[], values: Values): string | null => {
  const { name, options, positionals } = command;
  const isAlone = positionals.most === 0;
  if (isAlone && isSql(text)) return `SQL goes with the command query: tokenquery query ${quoted(text)}`;
  if (name === 'query' && /^\s*select\s*$/i.test(all[0] ?? ''))
    return 'the whole statement stands in one pair of quotes: tokenquery query "SELECT * FROM users"';
  if (values.has('source') && isSql(all.at(-1) ?? ''))
    return 'each source has an option of its own: --source ONE --source OTHER';
  if (!isAlone) return null;
  if ('db' in options && /\.(?:db|sqlite3?)$/.test(text))
    return `a database is named with --db: tokenquery ${name} --db ${quoted(text)}`;
  if ('source' in options && (/[/.]/.test(text) || existsSync(text)))
    return values.has('source')
      ? 'each source has an option of its own: --source ONE --source OTHER'
      : `evidence is named with --source: tokenquery ${name} --source ${quoted(text)}`;
  return 'n' in options && /^[a-z][a-z0-9_]*$/.test(text)
    ? `a query of the library is named with -n: tokenquery ${name} -n ${text}`
    : null;
};

const unexpected = (command: Command, all: readonly string[], values: Values): UserError => {
  const text = all[command.positionals.most] ?? '';
  const hint = meantBy(command, text, all, values) ?? `usage: ${command.usage}`;
  return new UserError(`unexpected ${JSON.stringify(text)}`, hint, 2);
};

/** For a command line without what a command is about. */
export const missingArgument = (command: Command): UserError =>
  new UserError('an argument is missing', `usage: ${command.usage}`, 2);

const tokensOf = (args: readonly string[], options: Options) =>
  parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [
        name,
        {
          type,
          multiple: true,
          ...(name.length === 1 ? { short: name } : short === undefined ? {} : { short }),
        },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });

type OptionToken = Extract<ReturnType<typeof tokensOf>['tokens'][number], { readonly kind: 'option' }>;

/** The texts of one option as it is written; a flag has an empty one. */
const textsOf = (command: Command, spec: OptionSpec, token: OptionToken): readonly string[] => {
  const { rawName, value, inlineValue } = token;
  if (spec.type === 'boolean') {
    if (value !== undefined) throw wrong(command, `${rawName} takes no value`);
    return [''];
  }
  // "-d" is the next option, and "-7d" is a value.
  if (value === undefined || (!inlineValue && /^-[a-z-]/.test(value)))
    throw wrong(command, `${rawName} needs a value: ${spec.value ?? 'TEXT'}`);
  if (isSql(value) && token.name !== 'n')
    throw new UserError(
      `${rawName} needs a value before the SQL: ${spec.value ?? 'TEXT'}`,
      `the statement stands last: tokenquery ${command.name} ${rawName} ${spec.value ?? 'TEXT'} "SELECT …"`,
      2,
    );
  return spec.isList === true ? value.split(',') : [value];
};

const valuesOf = (command: Command, options: Options, tokens: readonly OptionToken[]): Values => {
  const values = new Map<string, readonly string[]>();
  for (const token of tokens) {
    const spec = options[token.name];
    if (spec === undefined) throw unknownOption(command, token.rawName);
    const before = values.get(token.name);
    const texts = textsOf(command, spec, token);
    const isOnce = spec.type === 'string' && spec.isRepeatable !== true && spec.isList !== true;
    if (before !== undefined && isOnce) throw wrong(command, `${token.rawName} is given twice`);
    values.set(token.name, [...(before ?? []), ...texts]);
  }
  return values;
};

class CheckedArguments implements Arguments {
  readonly positionals: readonly string[];
  readonly #values: Values;
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(positionals: readonly string[], values: Values, numbers: ReadonlyMap<string, number>) {
    this.positionals = positionals;
    this.#values = values;
    this.#numbers = numbers;
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }
  text(name: string): string | null {
    return this.#values.get(name)?.[0] ?? null;
  }
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
  number(name: string): number | null {
    return this.#numbers.get(name) ?? null;
  }
  required(name: string): string {
    const text = this.text(name);
    if (text === null) throw new Error(`--${name} is not declared as required`);
    return text;
  }
}

/** Parses the arguments of a command; UserError with exit code 2 for what it does not take. */
export const parseCommandLine = (command: Command, argv: readonly string[]): Arguments => {
  const options: Options = { ...command.options, help: helpOption };
  const terminator = argv.indexOf('--');
  const before = terminator === -1 ? argv : argv.slice(0, terminator);
  const after = terminator === -1 ? [] : argv.slice(terminator + 1);
  checkDashes(
    command,
    before.filter((argument) => !isText(argument)),
  );
  const { tokens, positionals } = tokensOf(
    before.filter((argument) => !isText(argument)),
    options,
  );
  const values = valuesOf(
    command,
    options,
    tokens.filter((token) => token.kind === 'option'),
  );
  const all = [...positionals, ...before.filter(isText), ...after];
  // Who asks for help has not said anything else yet.
  if (values.has('help')) return new CheckedArguments(all, values, new Map());
  const { least, most } = command.positionals;
  if (all.length > most) throw unexpected(command, all, values);
  if (all.length < least) throw missingArgument(command);
  return new CheckedArguments(all, values, checkOptions(command, all, values));
};

const optionLine = (name: string, spec: OptionSpec): [string, string] => {
  const long = written(name, spec);
  return [spec.short === undefined ? long : `-${spec.short}, ${long}`, spec.description];
};

// Beside a wider name there is no room for a text.
const mostOfLeft = 0.45;

/** Names, and beside each what it is; on a narrow terminal a long name has its text below it. */
const columns = (pairs: readonly (readonly [string, string])[]): string => {
  const width = textWidth();
  const most = Math.floor(width * mostOfLeft);
  const left = Math.max(...pairs.map(([name]) => name.length).filter((length) => length <= most), 0);
  const indent = ' '.repeat(left + 4);
  return pairs
    .map(([name, text]) => {
      const first = `  ${name.padEnd(left)}  `;
      if (name.length <= left) return wrapWords(text, { width, indent, first });
      return `  ${name}\n${wrapWords(text, { width, indent })}`;
    })
    .join('')
    .slice(0, -1);
};

const paragraph = (text: string, indent = ''): string =>
  wrapWords(text, { width: textWidth(), indent }).slice(0, -1);

/** Lines that were broken by hand, as one paragraph on a terminal. */
const flowing = (lines: readonly string[]): string =>
  textWidth() === Number.POSITIVE_INFINITY ? lines.join('\n') : paragraph(lines.join(' '));

/** The text of `tokenquery COMMAND --help`. */
/** Groups stand apart in one long line; where lines are wrapped, the blanks would stand anywhere. */
const usageOf = ({ usage }: Command): string =>
  textWidth() === Number.POSITIVE_INFINITY ? usage : usage.replaceAll(/ {2,}/g, ' ');

export const helpOf = (command: Command): string =>
  [
    `${paragraph(command.summary)}\n`,
    `${paragraph(`Usage: ${usageOf(command)}`, '  ').trimStart()}\n`,
    ...(command.about === undefined ? [] : [`${flowing(command.about)}\n`]),
    'Options:',
    `${columns(Object.entries({ ...command.options, help: helpOption }).map(([name, spec]) => optionLine(name, spec)))}\n`,
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');

export { columns as alignColumns, paragraph };
