/** What the declarations of options say, held against a command line. */
import { UserError } from '../collector/errors.ts';
import type { Command, OptionSpec, Options, Relation, Values } from './command.ts';
import { numberOf } from './kinds.ts';
import { suggest } from './suggest.ts';

/** `-n`, `--db`. */
export const dashes = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** `--db FILE`, and a flag without more. */
export const written = (name: string, spec: OptionSpec | undefined, value = spec?.value): string =>
  spec?.type === 'string' ? `${dashes(name)} ${value ?? 'TEXT'}` : dashes(name);

/** Options of which one at most is given. */
export const alternatives = (options: Options): Options => {
  const names = Object.keys(options);
  return Object.fromEntries(
    Object.entries(options).map(([name, spec], index) => {
      const others = names.slice(index + 1).map((option) => ({ option }));
      return [name, { ...spec, excludes: [...others, ...(spec.excludes ?? [])] }];
    }),
  );
};

const holds = (values: Values, { option, value, orNone, or }: Relation): boolean => {
  if (or !== undefined && values.has(or)) return true;
  const given = values.get(option);
  if (given === undefined) return orNone === true;
  return value === undefined || given.every((text) => text === value);
};

const checkExcluded = (values: Values, name: string, { excludes = [] }: OptionSpec): void => {
  for (const { option, because = '' } of excludes) {
    if (values.has(option))
      throw new UserError(`${dashes(name)} and ${dashes(option)} exclude each other`, because, 2);
  }
};

const checkCompanions = (values: Values, options: Options, name: string, spec: OptionSpec): void => {
  const { goesWith, needs } = spec;
  for (const [relation, word] of [
    [goesWith, 'goes with'],
    [needs, 'needs'],
  ] as const) {
    if (relation === undefined || holds(values, relation)) continue;
    const other = written(relation.option, options[relation.option], relation.value);
    throw new UserError(`${dashes(name)} ${word} ${other}`, relation.because ?? '', 2);
  }
};

const listed = (words: readonly string[], last: string): string =>
  words.length === 2 ? words.join(last) : words.join(', ');

const checkChoice = (shown: string, spec: OptionSpec, text: string): void => {
  const { choices, noun, isList } = spec;
  if (choices === undefined || choices.includes(text)) return;
  if (noun !== undefined) {
    const all = `the ${noun}s are ${choices.join(', ')}`;
    throw new UserError(`there is no ${noun} ${JSON.stringify(text)}`, suggest(text, choices, all), 2);
  }
  throw new UserError(
    `${shown} does not know ${JSON.stringify(text)}`,
    suggest(text, choices, `it takes ${listed(choices, isList === true ? ' and ' : ' or ')}`),
    2,
  );
};

/**
 * Checks one value of an option; UserError for what is none.
 *
 * @param shown How the option is called where the value stands.
 * @returns The number that it stands for; null where the text itself is the value.
 */
export const checkValue = (shown: string, spec: OptionSpec, text: string): number | null => {
  checkChoice(shown, spec, text);
  return spec.kind === undefined ? null : numberOf(spec.kind, shown, text, spec.least);
};

/** What stands in the place of a positional argument is not given beside one. */
const checkPlace = (command: Command, positionals: readonly string[], values: Values): void => {
  const { name } = command.positionals;
  if (name === undefined || positionals.length === 0) return;
  for (const [option, spec] of Object.entries(command.options)) {
    if (spec.isInPlace === true && values.has(option))
      throw new UserError(`give ${name} or ${written(option, spec)}, not both`, '', 2);
  }
};

/**
 * Checks a command line against all that the options say; UserError for the first thing that is wrong.
 *
 * @returns The numbers that values stand for.
 */
export const checkOptions = (
  command: Command,
  positionals: readonly string[],
  values: Values,
): ReadonlyMap<string, number> => {
  const given = Object.entries(command.options).filter(([name]) => values.has(name));
  checkPlace(command, positionals, values);
  for (const [name, spec] of given) checkExcluded(values, name, spec);
  for (const [name, spec] of given) checkCompanions(values, command.options, name, spec);
  const numbers = new Map<string, number>();
  for (const [name, spec] of given) {
    for (const text of values.get(name) ?? []) {
      const number = checkValue(dashes(name), spec, text);
      if (number !== null) numbers.set(name, number);
    }
  }
  for (const [name, spec] of Object.entries(command.options)) {
    if (spec.isRequired === undefined || values.get(name)?.some((text) => text !== '') === true) continue;
    throw new UserError(`${written(name, spec)} is missing`, spec.isRequired, 2);
  }
  return numbers;
};
