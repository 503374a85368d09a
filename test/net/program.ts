/** Starts a program as a user would: by its command line, in a folder, at a given time. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const clock = join(import.meta.dirname, 'clock.cjs');

/** The built program where there is one (`npm test` makes it), else the sources. */
export const thisProgram = process.env['TOKENQUERY_PROGRAM'] ?? join(root, 'cli', 'start.ts');

export interface Ended {
  readonly stdout: string;
  /** Exit code and stderr, as they are recorded. */
  readonly end: string;
}

/** What stands before the lines of a log is not what the program answers; test/cli/log.test.ts has it. */
const withoutStamps = (stderr: string): string =>
  stderr.replaceAll(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ (?=tokenquery: )/gm, '');

/** Runs `A --then B …` in one process: to start one costs more than most commands. */
export type Run = (commands: readonly (readonly string[])[], time: number) => Promise<Ended>;

export const runner =
  (program: string, folder: string): Run =>
  (commands, time) =>
    new Promise((resolve, reject) => {
      const argv = commands.flatMap((words, index) => (index === 0 ? words : ['--then', ...words]));
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '--require', clock, program, ...argv],
        { cwd: folder, env: { ...process.env, NO_COLOR: '1', TOKENQUERY_NET_TIME: String(time) } },
      );
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        resolve({
          stdout: Buffer.concat(out).toString(),
          end: `${withoutStamps(Buffer.concat(err).toString())}exit code ${code}\n`,
        });
      });
      child.stdin.end();
    });

const mark = '=== ';

/** Prints a marker between commands, so that the stdout of one process is told apart by name. */
export const runNamed = async (
  run: Run,
  folder: string,
  named: ReadonlyMap<string, readonly string[]>,
  time: number,
): Promise<{ readonly texts: ReadonlyMap<string, string>; readonly end: string }> => {
  // A statement without a table looks at no evidence, and evidence of nothing is opened at once.
  mkdirSync(join(folder, 'nothing'), { recursive: true });
  writeFileSync(
    join(folder, 'nothing/evidence.json'),
    '{"format":"tokenquery-evidence","version":1,"origin":"constructed","captured_time":1788000000}',
  );
  const commands = [...named].flatMap(([name, words]) => [
    ['query', '--source', 'nothing', '--list', `SELECT '${mark}${name}' AS "${mark}"`],
    words,
  ]);
  const { stdout, end } = await run(commands, time);
  const texts = new Map<string, string>();
  for (const piece of stdout.split(`${mark}\n${mark}`).slice(1)) {
    const at = piece.indexOf('\n');
    texts.set(piece.slice(0, at), piece.slice(at + 1));
  }
  for (const name of named.keys()) if (!texts.has(name)) texts.set(name, `(nothing: ${end})\n`);
  return { texts, end };
};

/** The version of the program that recorded. */
const recordedVersion = '0.1.0';

/**
 * The version of the tool is in what it stores and exports, and is raised with what it says: it is no change by itself.
 * What the first program stored keeps its own; so does a reason that names the version before which nothing was looked at.
 */
export const withoutVersion = (text: string, version: string): string => {
  const either = [recordedVersion, version].map((one) => one.replaceAll('.', '\\.')).join('|');
  return text.replaceAll(
    new RegExp(`(?<![0-9.]|before tokenquery )(?:${either})(?![0-9.])`, 'g'),
    '{version}',
  );
};
export const withRecordedVersion = (text: string): string => text.replaceAll('{version}', recordedVersion);

/** What a program calls itself. */
export const versionOf = async (run: Run): Promise<string> =>
  (await run([['--version']], 0)).stdout.trim().split(' ').at(-1) ?? '';
