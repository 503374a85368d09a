/** The options of a shell, which are those of `query` that go with every statement, and the words that repeat them. */
import type { Arguments, Options } from '../command.ts';
import { modeOptions, tableOptions, timeoutOption, worldOptions } from '../options.ts';

/** What the shell itself may change from one statement to the next. */
const changing: ReadonlySet<string> = new Set([
  ...Object.keys({ ...modeOptions, ...tableOptions }),
  ...['host', 'as-of'],
]);

/** A shell has no pager: the keys are its own. */
const { 'no-pager': _, ...lookOptions } = tableOptions;

export const shellOptions: Options = {
  ...worldOptions,
  host: { type: 'string', value: 'HOST', description: 'Ask one host, as .use does.' },
  'each-host': {
    type: 'boolean',
    description: 'Ask each host apart, as if it were the only one; host_id comes first.',
  },
  ...modeOptions,
  ...lookOptions,
  ...timeoutOption('30 for each statement by default, beside what collecting takes'),
  'max-rows': {
    type: 'string',
    value: 'N',
    kind: 'count',
    least: 0,
    description: 'Print at most N rows of each answer.',
  },
};

const wordsOf = (given: Arguments, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => {
    if (shellOptions[name]?.type === 'boolean') return given.flag(name) ? [`--${name}`] : [];
    return given.texts(name).map((text) => `--${name}=${text}`);
  });

/** What stays the same for every statement. */
export const lastingWords = (given: Arguments): readonly string[] =>
  wordsOf(
    given,
    Object.keys(shellOptions).filter((name) => !changing.has(name)),
  );

/** How an answer looks, as far as the mode has a say in it. */
export const lookWords = (given: Arguments, mode: string): readonly string[] => [
  ...(mode === 'pretty' && given.flag('wide') ? ['--wide'] : []),
  ...((mode === 'pretty' || mode === 'line') && given.flag('raw') ? ['--raw'] : []),
];
