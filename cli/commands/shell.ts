import type { Arguments, Command } from '../command.ts';
import { shellOptions } from '../shell/options.ts';
import { isTerminal } from '../terminal.ts';

const run = async (given: Arguments): Promise<number> => {
  const { Shell } = await import(/* webpackMode: "eager" */ '../shell/shell.ts');
  const shell = new Shell(given);
  if (isTerminal(0) && isTerminal(1)) {
    const { talk } = await import(/* webpackMode: "eager" */ '../shell/talk.ts');
    return await talk(shell);
  }
  const { readLines } = await import(/* webpackMode: "eager" */ '../shell/lines.ts');
  return await readLines(shell);
};

export const shellCommand: Command = {
  name: 'shell',
  usage:
    'tokenquery shell [--source SOURCE]… | --db FILE [--as-of TIME]   [--host HOST] [--json|--csv|…] [--timeout SECONDS]',
  summary: 'Asks in SQL, one statement after the other, on a terminal or from a pipe.',
  about: [
    'A statement ends with ; and may have several lines. What begins with a dot is a command: .help lists them.',
    'Tab completes, Ctrl-C ends a statement, Ctrl-D leaves. tokenquery query without SQL opens the shell on a terminal.',
    'What a statement needs is collected once and kept; .refresh collects anew. docs/shell.md tells the rest.',
    'From a pipe there is no prompt, and the exit code is 1 where a statement failed; a .use or .as-of that fails ends it.',
  ],
  options: shellOptions,
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery shell',
    'tokenquery shell --db fleet.db --timeout 5',
    'tokenquery shell --source evidence.tar.gz --line',
    'tokenquery shell --source sample --csv < statements.sql',
  ],
  boundsItself: true,
  run,
};
