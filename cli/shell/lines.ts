/** A shell that nobody sits at: statements from a pipe or a file, without a prompt. */
import { UserError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';
import { flush, printError } from '../output.ts';
import type { Outcome, Shell } from './shell.ts';
import { Statements } from './statements.ts';

/** A line that is longer is no SQL. */
const longestLine = 2 * 1024 * 1024;

/** Lines as they come, of which one that is too long is told and left out. */
async function* linesOf(input: AsyncIterable<string>): AsyncGenerator<string | UserError> {
  let rest = '';
  let isTooLong = false;
  for await (const chunk of input) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!isTooLong) yield line.endsWith('\r') ? line.slice(0, -1) : line;
      isTooLong = false;
    }
    if (rest.length > longestLine) {
      if (!isTooLong) yield new UserError('a line has more than 2 MiB', 'it was left out, to its end');
      isTooLong = true;
      rest = '';
    }
  }
  if (!isTooLong && rest !== '') yield rest;
}

/** What comes behind one of these is asked of what it chooses: where it chooses nothing, that would be another Mac or time. */
const choosing = /^\s*\.(?:use|as-of)(?:\s|$)/i;

/** Runs what comes on standard input; 1 where a statement or a command failed. */
export const readLines = async (shell: Shell): Promise<number> => {
  const statements = new Statements();
  let exitCode = 0;
  const isLast = (outcome: Outcome): boolean => {
    if (outcome === 'failed') exitCode = 1;
    return outcome === 'leave';
  };
  const runAll = async (whole: readonly string[]): Promise<boolean> => {
    for (const sql of whole) if (isLast(await shell.statement(sql))) return true;
    return false;
  };
  try {
    if (!(await shell.begin())) return 1;
    process.stdin.setEncoding('utf8');
    for await (const line of linesOf(process.stdin as AsyncIterable<string>)) {
      if (line instanceof UserError) {
        printError(line.message, line.hint);
        exitCode = 1;
        statements.clear();
      } else if (statements.isEmpty && line.trimStart().startsWith('.')) {
        const outcome = await shell.dot(line);
        if (isLast(outcome)) break;
        if (outcome === 'failed' && choosing.test(line)) {
          printError('what follows is not asked, for it would be asked of something else', '');
          return exitCode;
        }
      } else if (await runAll(statements.add(line))) break;
    }
    await runAll(statements.end());
    flush();
    return exitCode;
  } catch (error) {
    throw fileFailure(error, 'standard input', 'read');
  } finally {
    shell.close();
    process.stdin.destroy();
  }
};
