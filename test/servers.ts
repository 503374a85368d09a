/**
 * Servers of Debian, which .ci/run installs where it can: each belongs to one test, as an ordinary user, in a folder of its own, on a
 * socket and on no network.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const isIn = (folder: string, names: readonly string[]): boolean =>
  names.every((name) => existsSync(join(folder, name)));

const postgresBase = '/usr/lib/postgresql';
const postgresPrograms =
  (existsSync(postgresBase) ? readdirSync(postgresBase) : [])
    .toSorted((one, other) => Number(other) - Number(one))
    .map((version) => join(postgresBase, version, 'bin'))
    .find((folder) => isIn(folder, ['initdb', 'postgres', 'psql'])) ?? null;
export const hasPostgres = postgresPrograms !== null;

const mariadbServer = ['/usr/sbin/mariadbd', '/usr/bin/mariadbd'].find((path) => existsSync(path)) ?? null;
const mariadbClient = '/usr/bin/mariadb';
export const hasMariadb = mariadbServer !== null && isIn('/usr/bin', ['mariadb', 'mariadb-install-db']);

/** Neither server runs as root: there, it is started as nobody. */
const nobody = 65_534;
const user = process.geteuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' };

/** A folder of the user of the server; the path of a socket in it must be short. */
const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  else chmodSync(folder, 0o700);
  return folder;
};

const runOnce = (program: string, words: readonly string[], cwd: string): void => {
  const { status, stderr, error } = spawnSync(program, words, { ...user, cwd, env, encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${program}: ${stderr}`);
};

/** A test, or what else ends. */
interface Owner {
  teardown(end: () => Promise<void>): void;
}

interface Started {
  readonly program: string;
  readonly words: readonly string[];
  readonly folder: string;
  /** By which it is asked to end. */
  readonly signal: NodeJS.Signals;
  isReady(this: void): boolean;
}

const start = async (t: Owner, { program, words, folder, signal, isReady }: Started): Promise<void> => {
  const child: ChildProcess = spawn(program, words, { ...user, cwd: folder, env, stdio: 'ignore' });
  const ended = new Promise<void>((fulfil) => child.on('close', () => fulfil()));
  // Also where the test ends in another way than it should.
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  t.teardown(async () => {
    child.kill(signal);
    await Promise.race([ended, wait(20_000, undefined, { ref: false })]);
    kill();
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  });
  for (let tries = 0; !isReady(); tries += 1) {
    if (tries > 600 || child.exitCode !== null) throw new Error(`${program} does not answer`);
    await wait(100);
  }
};

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Client {
  /** The program, and the words by which it finds the server. */
  readonly command: readonly [program: string, ...words: string[]];
  /** Runs a script; `cut` ends the client, as by SIGKILL, when it has read so many characters of it. */
  run(
    this: void,
    script: string,
    options?: { readonly words?: readonly string[]; readonly cut?: number },
  ): Promise<Answer>;
}

const clientOf = (program: string, usual: readonly string[]): Client => ({
  command: [program, ...usual],
  run: (script, { words = [], cut } = {}) =>
    new Promise((fulfil, reject) => {
      const child = spawn(program, [...usual, ...words], { env });
      const told = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8');
        child[name].on('data', (text: string) => (told[name] += text));
      }
      child.on('error', reject);
      child.on('close', (code) => fulfil({ code, ...told }));
      child.stdin.on('error', () => {});
      if (cut === undefined) child.stdin.end(script);
      else child.stdin.write(script.slice(0, cut), () => setTimeout(() => child.kill('SIGKILL'), 300));
    }),
});

/** PostgreSQL with an order of texts of its own, as most have it; psql to its one database. */
export const startPostgres = async (t: Owner): Promise<Client> => {
  if (postgresPrograms === null) throw new Error('there is no PostgreSQL');
  const folder = folderOf();
  const data = join(folder, 'data');
  const program = (name: string): string => join(postgresPrograms, name);
  runOnce(
    program('initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'].concat(
      '--locale-provider=icu',
      '--icu-locale=en-US',
    ),
    folder,
  );
  const client = ['-X', '-q', '-h', folder, '-U', 'postgres', 'postgres'];
  const settings = ['listen_addresses=', 'fsync=off', 'shared_buffers=64MB', 'autovacuum=off', 'jit=off'];
  await start(t, {
    ...{ program: program('postgres'), folder, signal: 'SIGINT' },
    words: ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    isReady: () => spawnSync(program('psql'), [...client, '-c', 'SELECT 1'], { env }).status === 0,
  });
  return clientOf(program('psql'), client);
};

/** MariaDB with a database `fleet`; its client, in the form of which each line is a row and a tab ends a column. */
export const startMariadb = async (t: Owner): Promise<Client> => {
  if (mariadbServer === null) throw new Error('there is no MariaDB');
  const folder = folderOf();
  const data = join(folder, 'data');
  const socket = join(folder, 's.sock');
  runOnce(
    '/usr/bin/mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    folder,
  );
  const client = ['--no-defaults', `--socket=${socket}`, '--user=root', '--default-character-set=utf8mb4'];
  await start(t, {
    ...{ program: mariadbServer, folder, signal: 'SIGTERM' },
    words: [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${join(folder, 'pid')}`],
      ...['--skip-networking', '--local-infile=1', '--innodb-flush-log-at-trx-commit=0', '--skip-log-bin'],
      ...['--innodb-buffer-pool-size=64M', `--log-error=${join(folder, 'log')}`],
    ],
    isReady: () =>
      spawnSync(mariadbClient, [...client, '-e', 'CREATE DATABASE IF NOT EXISTS fleet'], { env }).status ===
      0,
  }).catch((error: unknown) => {
    throw new Error(existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : '', {
      cause: error,
    });
  });
  return clientOf(mariadbClient, [...client, '--local-infile=1', '--batch', '--skip-column-names', 'fleet']);
};
