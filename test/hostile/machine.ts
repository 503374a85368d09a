/** A machine that gives too little: few descriptors, a full disk, nobody who reads; and many runs one after the other. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { program, root, sample } from '../standin.ts';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const mostMs = 60_000;

/** Runs a command line behind some words of the shell, such as `ulimit -n 20;`. */
const run = (before: string, parameters: readonly string[]): Ended => {
  const ended = spawnSync(
    'sh',
    [
      '-c',
      `${before} exec "$@"`,
      'sh',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      program,
      ...parameters,
    ],
    { cwd: root, encoding: 'utf8', timeout: mostMs, killSignal: 'SIGKILL', maxBuffer: 1 << 28 },
  );
  return { code: ended.status, signal: ended.signal, stdout: ended.stdout, stderr: ended.stderr };
};

const one = sample('macos26-managed');

/** Command lines that only read, and one of each that writes; `folder` takes what they write. */
export const commandsIn = (folder: string): Readonly<Record<string, readonly string[]>> => ({
  query: ['query', '--source', one, '--json', 'SELECT * FROM secure_tokens'],
  'query of a file': ['query', '--db', join(folder, 'good.db'), '--json', 'SELECT count(*) FROM users'],
  findings: ['findings', '--source', one, '--json'],
  overview: ['overview', '--source', one],
  changes: ['changes', '--db', join(folder, 'good.db'), '--json'],
  export: ['export', '--db', join(folder, 'good.db'), '--format', 'native'],
  merge: ['merge', '--db', join(folder, 'merged.db'), one],
  snapshot: ['snapshot', '--db', join(folder, 'taken.db'), '--source', one],
});

export const makeGood = (folder: string): void => {
  const { code, stderr } = run('', ['snapshot', '--db', join(folder, 'good.db'), '--source', one]);
  if (code !== 0) throw new Error(stderr);
};

const badEnd = ({ signal, stderr }: Ended): string | null => {
  if (signal !== null) return `was ended by ${signal}`;
  return /should not happen|^ {4}at /m.test(stderr)
    ? `ended as a fault of the program: ${stderr.slice(0, 300)}`
    : null;
};

/** What goes wrong with so many descriptors: an answer that says it is whole must be the one that is given without a limit. */
export const withDescriptors = (folder: string, limits: readonly number[]): readonly string[] =>
  Object.entries(commandsIn(folder)).flatMap(([name, argv]) => {
    const isWriting = name === 'merge' || name === 'snapshot';
    const whole = isWriting ? null : run('', argv);
    return limits.flatMap((limit) => {
      const ended = run(`ulimit -n ${limit};`, argv);
      const fault =
        badEnd(ended) ??
        (whole !== null &&
        ended.code === whole.code &&
        ended.stderr === whole.stderr &&
        ended.stdout !== whole.stdout
          ? 'gives another answer'
          : null);
      return fault === null ? [] : [`${name} with ${limit} descriptors ${fault}`];
    });
  });

/** What goes wrong where stdout takes nothing, or nobody reads it. */
export const withoutReader = (folder: string): readonly string[] =>
  Object.entries(commandsIn(folder)).flatMap(([name, argv]) =>
    ['>/dev/full', '| head -c 1 >/dev/null', '>&-'].flatMap((where) => {
      const script = `"$@" ${where}`;
      const ended = spawnSync(
        'sh',
        ['-c', script, 'sh', process.execPath, '--disable-warning=ExperimentalWarning', program, ...argv],
        { cwd: root, encoding: 'utf8', timeout: mostMs, killSignal: 'SIGKILL' },
      );
      const fault = badEnd({ ...ended, code: ended.status });
      return fault === null ? [] : [`${name} ${where} ${fault}`];
    }),
  );

/** What many runs leave behind in a folder, and where one differs from the first. */
export const manyRuns = (folder: string, count: number, temporary: string): readonly string[] => {
  const before = readdirSync(temporary).length;
  const argv = ['query', '--source', one, '--json', 'SELECT * FROM conflicts'];
  const first = run('', argv);
  const faults: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const ended = run(`TMPDIR=${temporary};`, argv);
    if (ended.code !== first.code || ended.stdout !== first.stdout)
      faults.push(`run ${number} differs from the first`);
  }
  const db = ['snapshot', '--db', join(folder, 'many.db'), '--source', one];
  for (let number = 0; number < count; number += 1) {
    const fault = badEnd(run(`TMPDIR=${temporary};`, db));
    if (fault !== null) faults.push(`snapshot ${number} ${fault}`);
  }
  if (readdirSync(temporary).length !== before) faults.push(`${temporary} has files left behind`);
  return faults;
};
