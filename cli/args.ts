import { parseArgs } from 'node:util';
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly isRepeatable?: true;
  /** How help names the value. */
  readonly value?: string;
  readonly description: string;
}

export interface Arguments {
  readonly positionals: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly text: (name: string) => string | null;
  readonly texts: (name: string) => readonly string[];
  /** A whole number of at least `least`; null when the option is not given. */
  readonly count: (name: string, least?: number) => number | null;
}

/** One verb of the command line: help, documentation and parsing come from it. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Further lines of its help. */
  readonly about?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly positionals: { readonly least: number; readonly most: number };
  readonly examples: readonly string[];
  /** @returns The exit code. */
  run(given: Arguments): Promise<number>;
}

export const helpOption: OptionSpec = { type: 'boolean', short: 'h', description: 'Print this help.' };

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

const dashes = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

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

/** Parses the arguments of a command; UserError with exit code 2 for what it does not take. */
export const parseCommandLine = (command: Command, argv: readonly string[]): Arguments => {
  const specs: Readonly<Record<string, OptionSpec>> = { ...command.options, help: helpOption };
  const terminator = argv.indexOf('--');
  const before = terminator === -1 ? argv : argv.slice(0, terminator);
  const after = terminator === -1 ? [] : argv.slice(terminator + 1);
  const { tokens, positionals } = parseArgs({
    args: before.filter((argument) => !isText(argument)),
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type, short }]) => [
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
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = specs[token.name];
    if (spec === undefined) throw unknownOption(command, token.rawName);
    if (spec.type === 'boolean' && token.value !== undefined) {
      throw new UserError(`${token.rawName} takes no value`, `tokenquery ${command.name} --help`, 2);
    }
    if (
      spec.type === 'string' &&
      (token.value === undefined || (!token.inlineValue && /^-[a-z-]/.test(token.value)))
    ) {
      throw new UserError(
        `${token.rawName} needs a value: ${spec.value ?? 'TEXT'}`,
        `tokenquery ${command.name} --help`,
        2,
      );
    }
    const given = [...(values.get(token.name) ?? []), token.value ?? ''];
    if (given.length > 1 && spec.type === 'string' && spec.isRepeatable !== true) {
      throw new UserError(`${token.rawName} is given twice`, `tokenquery ${command.name} --help`, 2);
    }
    values.set(token.name, given);
  }
  const all = [...positionals, ...before.filter(isText), ...after];
  const { least, most } = command.positionals;
  if (!values.has('help')) {
    if (all.length > most) {
      throw new UserError(`unexpected ${JSON.stringify(all[most])}`, `usage: ${command.usage}`, 2);
    }
    if (all.length < least) throw new UserError('an argument is missing', `usage: ${command.usage}`, 2);
  }
  return {
    positionals: all,
    flag: (name) => values.has(name),
    text: (name) => values.get(name)?.[0] ?? null,
    texts: (name) => values.get(name) ?? [],
    count: (name, least_ = 1) => {
      const given = values.get(name)?.[0];
      if (given === undefined) return null;
      const count = /^[0-9]{1,12}$/.test(given) ? Number(given) : Number.NaN;
      if (!(count >= least_)) {
        throw new UserError(
          `--${name} takes a whole number of at least ${least_}, not ${JSON.stringify(given)}`,
          '',
          2,
        );
      }
      return count;
    },
  };
};

const optionLine = (name: string, { type, short, value, description }: OptionSpec): [string, string] => {
  const long = dashes(name) + (type === 'string' ? ` ${value ?? 'TEXT'}` : '');
  return [short === undefined ? long : `-${short}, ${long}`, description];
};

const columns = (pairs: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

/** The text of `tokenquery COMMAND --help`. */
export const helpOf = (command: Command): string =>
  [
    `${command.summary}\n`,
    `Usage: ${command.usage}\n`,
    ...(command.about === undefined ? [] : [`${command.about.join('\n')}\n`]),
    'Options:',
    `${columns(Object.entries({ ...command.options, help: helpOption }).map(([name, spec]) => optionLine(name, spec)))}\n`,
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');

export { columns as alignColumns };
