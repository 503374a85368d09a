/** A machine that gives too little: few descriptors, a full disk, nobody who reads; and many runs one after the other. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { makeStandIn, program, root, runsIn, sample } from '../standin.ts';

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

/** The processes of a session: what a run started, in whatever group, and did not end. Of Linux alone. */
const leftOf = (session: number): number =>
  readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        // The name in brackets may hold anything; the session is the fourth field behind it.
        const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /s, '')
          .split(' ');
        return fields[3] === String(session) && fields[0] !== 'Z';
      } catch {
        return false;
      }
    }).length;

/** Collects a stand-in Mac into a database; resolves to what went wrong. */
const liveRun = (db: string, mac: string, temporary: string): Promise<string | null> =>
  new Promise((resolve) => {
    const argv = ['snapshot', '--db', db, '--source', 'live', '--exec-root', mac];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...argv], {
      ...{ cwd: root, detached: true, env: { ...process.env, TMPDIR: temporary } },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code, signal) => {
      const left = leftOf(child.pid ?? 0);
      resolve(
        badEnd({ code, signal, stdout: '', stderr }) ??
          (code === 0 ? null : `ended with ${code}: ${stderr.slice(0, 200)}`) ??
          (left === 0 ? null : `left ${left} processes behind`),
      );
    });
  });

/**
 * What goes wrong where a stand-in Mac is collected so many times into one database, `together` at once: a process or a file
 * that is left, a damaged database, a run that asked something else than the first.
 */
export const liveRuns = async (
  folder: string,
  count: number,
  together: number,
): Promise<readonly string[]> => {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const { root: mac, log } = makeStandIn(one, folder);
  const db = join(folder, 'live.db');
  const faults: string[] = [];
  for (let done = 0; done < count; done += together) {
    const told = await Promise.all(Array.from({ length: together }, () => liveRun(db, mac, temporary)));
    faults.push(...told.flatMap((fault) => (fault === null ? [] : [`run ${done} ${fault}`])));
  }
  const asked = Map.groupBy(runsIn(log), (line) => line);
  for (const [line, times] of asked)
    if (times.length % count !== 0) faults.push(`${line} was run ${times.length} times in ${count} runs`);
  const left = [
    ...readdirSync(temporary),
    ...readdirSync(folder).filter((name) => name.startsWith('live.db-')),
  ];
  if (left.length > 0) faults.push(`${left.join(', ')} left behind`);
  const stored = new Database(db, { readonly: true });
  const [integrity] = stored.pragma('integrity_check', { simple: false }) as { integrity_check: string }[];
  if (integrity?.integrity_check !== 'ok') faults.push(`${db} is damaged`);
  stored.close();
  return faults;
};
