/** The commands of a shell that are no SQL: their names, which are those of osqueryi where it has them, and what they take. */
import { UserError } from '../../collector/errors.ts';
import { modes } from '../output.ts';
import { suggest } from '../suggest.ts';

/** What an argument is, for completion. */
export type Takes = 'table' | 'mode' | 'on or off' | 'host' | 'query';

export interface DotCommand {
  readonly name: string;
  /** Its arguments, as help writes them. */
  readonly usage: string;
  readonly about: string;
  readonly least: number;
  readonly most: number;
  readonly takes?: Takes;
}

const declare = (
  name: string,
  usage: string,
  about: string,
  [least, most]: readonly [number, number],
  takes?: Takes,
): DotCommand => ({ name, usage, about, least, most, ...(takes === undefined ? {} : { takes }) });

/** `column` of osqueryi has no widths to share; a table for people is the nearest. */
export const modeNames: readonly string[] = [...modes, 'spreadsheet'];

const any = 100;

export const dotCommands: readonly DotCommand[] = [
  declare('.all', 'TABLE', 'All rows and columns of a table.', [1, 1], 'table'),
  declare('.as-of', '[TIME]', 'With --db: what was known at that time; alone, what is known last.', [0, 2]),
  declare('.exit', '', 'Leaves.', [0, 0]),
  declare('.explain', 'TABLE', 'What a table and each of its columns say.', [1, 1], 'table'),
  declare('.headers', 'on|off', 'Whether the names of the columns stand above.', [1, 1], 'on or off'),
  declare('.help', '[COMMAND]', 'This list.', [0, 1]),
  declare('.hosts', '', 'The Macs that can be asked about.', [0, 0]),
  declare('.mode', 'MODE', `How answers are printed: ${modeNames.join(', ')}.`, [1, 1], 'mode'),
  declare('.nullvalue', 'TEXT', 'What stands for NULL where people read.', [0, 1]),
  declare('.queries', '', 'The queries of the library.', [0, 0]),
  declare('.quit', '', 'Leaves.', [0, 0]),
  declare('.refresh', '', 'Looks anew at all that was looked at.', [0, 0]),
  declare('.run', 'NAME', 'Runs a query of the library.', [1, 1], 'query'),
  declare('.schema', '[TABLE]', 'The declaration of a table, or of all.', [0, 1], 'table'),
  declare('.show', '', 'The same as .summary.', [0, 0]),
  declare('.sources', '', 'What is asked, and when it was looked at.', [0, 0]),
  declare('.status', '', 'What could be collected, and what not.', [0, 0]),
  declare('.summary', '', 'How this shell is set.', [0, 0]),
  declare(
    '.tables',
    '[LIKE]',
    'The tables; those whose name holds the word, or is like it, with %.',
    [0, 1],
    'table',
  ),
  declare('.timer', 'on|off', 'Whether it is told how long a statement takes.', [1, 1], 'on or off'),
  declare('.use', '[HOST]', 'Asks one Mac alone; without a name, all of them.', [0, any], 'host'),
  declare('.width', '[NUMBER]…', 'The most characters of each column, in their order; 0 for no bound.', [
    0,
    any,
  ]),
];

export interface DotLine {
  readonly command: DotCommand;
  readonly words: readonly string[];
}

/** Words between blanks; one in quotes may hold blanks. */
const wordsOf = (text: string): readonly string[] =>
  Array.from(
    text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, one, other, plain]) => one ?? other ?? plain ?? '',
  );

const usageOf = ({ name, usage }: DotCommand): string => `usage: ${`${name} ${usage}`.trim()}`;

/**
 * Reads a line that begins with a dot; throws UserError for what is none of the commands.
 *
 * @param isNameAlone It is only named, and does not need its arguments.
 */
export const readDotLine = (line: string, isNameAlone = false): DotLine => {
  // A semicolon at the end is a habit from SQL.
  const text = line.trim().replace(/\s*;+$/, '');
  const [, name = '', rest = ''] = /^(\S*)([^]*)$/.exec(text) ?? [];
  const command = dotCommands.find((one) => one.name === name.toLowerCase());
  if (command === undefined) {
    const names = dotCommands.map((one) => one.name);
    throw new UserError(`there is no command ${name}`, suggest(name, names, '.help lists them'));
  }
  const words = wordsOf(rest);
  const { least, most } = command;
  if (isNameAlone) return { command, words };
  if (words.length < least) throw new UserError(`${command.name} needs more`, usageOf(command));
  if (words.length > most)
    throw new UserError(`${command.name}: unexpected ${JSON.stringify(words[most])}`, usageOf(command));
  return { command, words };
};

/** One of some words, in any case; throws UserError for another. */
export const oneOfWords = <T extends string>(command: string, given: string, known: readonly T[]): T => {
  const found = known.find((word) => word === given.toLowerCase());
  if (found !== undefined) return found;
  throw new UserError(
    `${command} does not know ${JSON.stringify(given)}`,
    suggest(given, known, `it takes ${known.join(', ')}`),
  );
};

/** The widths of columns; throws UserError for what is no number of characters. */
export const readWidths = (words: readonly string[]): readonly number[] =>
  words.map((word) => {
    if (/^[0-9]{1,4}$/.test(word)) return Number(word);
    throw new UserError(
      `.width takes whole numbers of at most 9999, not ${JSON.stringify(word)}`,
      'such as .width 20 0 8',
    );
  });
