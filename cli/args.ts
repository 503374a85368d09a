/** Reads a command line by the declaration of its command, and prints that declaration as help. */
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
  limit: 'max-rows',
  root: 'exec-root',
  file: 'f',
  name: 'n',
  out: 'output',
};

const unknownOption = (command: Command, raw: string): UserError => {
  const bare = raw.replace(/^-+/, '');
  const known = Object.keys(command.options);
  const other = otherNames[bare];
  const near = other !== undefined && known.includes(other) ? other : nearest(bare, known);
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
  if (all.length > most)
    throw new UserError(`unexpected ${JSON.stringify(all[most])}`, `usage: ${command.usage}`, 2);
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
export const helpOf = (command: Command): string =>
  [
    `${paragraph(command.summary)}\n`,
    `${paragraph(`Usage: ${command.usage}`, '  ').trimStart()}\n`,
    ...(command.about === undefined ? [] : [`${flowing(command.about)}\n`]),
    'Options:',
    `${columns(Object.entries({ ...command.options, help: helpOption }).map(([name, spec]) => optionLine(name, spec)))}\n`,
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');

export { columns as alignColumns, paragraph };
