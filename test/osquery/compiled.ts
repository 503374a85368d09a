/**
 * The extension and clients that Thrift's compiler and libraries make for C++, which osquery itself uses, and for Go. To compile them takes
 * half a minute, so that `npm test` does without. Run, after `npm run build`: npm run osquery-peers
 * Needs, by Debian's names: thrift-compiler and, for C++, g++, libthrift-dev and libboost-dev; for Go, golang-go, golang-thrift-dev and
 * golang-opentelemetry-otel-dev. What is not there is named and left out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relationsServed, routeOf } from '../../export/osquery/relations.ts';
import { tables } from '../../tables/index.ts';
import { program, root, sample } from '../standin.ts';
import { managerOf, listens } from './extension.ts';

const table = 'tokenquery_users';
const here = join(root, 'test/osquery');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-peers-'));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Made {
  /** Null where it could not be made, for want of something. */
  readonly argv: readonly string[] | null;
  readonly said: string;
}

const run = (
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = folder,
): string | null => {
  const [name = '', ...words] = argv;
  const { status, stderr, error } = spawnSync(name, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return status === 0 ? null : (error?.message ?? stderr);
};

const cpp = (): Made => {
  const at = join(folder, 'cpp');
  mkdirSync(at);
  cpSync(join(here, 'peer.cpp'), join(at, 'peer.cpp'));
  const files = ['peer.cpp', 'Extension.cpp', 'ExtensionManager.cpp', 'extension_types.cpp'];
  const said =
    run(['thrift', '-r', '--gen', 'cpp:no_skeleton', '-out', at, join(here, 'extension.thrift')]) ??
    run(['g++', '-O0', '-std=c++14', '-I.', ...files, '-lthrift', '-o', 'peer'], {}, at);
  return { argv: said === null ? [join(at, 'peer')] : null, said: said ?? '' };
};

const go = (): Made => {
  const at = join(folder, 'go/src');
  mkdirSync(join(at, 'peer'), { recursive: true });
  cpSync(join(here, 'peer.go'), join(at, 'peer/peer.go'));
  const env = {
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOPATH: `${join(folder, 'go')}:/usr/share/gocode`,
    GOCACHE: join(folder, 'cache'),
  };
  const said =
    run(['thrift', '-r', '--gen', 'go', '-out', at, join(here, 'extension.thrift')]) ??
    run(['go', 'build', '-o', join(folder, 'go/client'), 'peer'], env, at);
  return { argv: said === null ? [join(folder, 'go/client')] : null, said: said ?? '' };
};

const expected = (answer: string): boolean => {
  const rows = /^generate 0 (\d+) (\d+)$/m.exec(answer);
  const columns = routeOf(relationsServed(tables, false).get(table) ?? raise()).length;
  return (
    rows !== null &&
    Number(rows[1]) > 3 &&
    rows[1] === rows[2] &&
    answer === `ping 0 4711\ncolumns 0 ${columns}\n${rows[0]}\nunknown 1 0\nmethod 1\nshutdown\n`
  );
};

const raise = (): never => {
  throw new Error(`there is no ${table}`);
};

/** Whether a client is answered as it should be; it ends the extension. */
const asked = async (argv: readonly string[], socket: string): Promise<string> => {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      program,
      'osquery-extension',
      '--socket',
      socket,
      '--source',
      sample('macos15-unmanaged'),
    ],
    { stdio: 'inherit' },
  );
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const own = `${socket}.4711`;
  await listens(own);
  const [name = '', ...words] = argv;
  const client = spawn(name, [...words, own, table], { stdio: ['ignore', 'pipe', 'inherit'] });
  let answer = '';
  client.stdout.setEncoding('utf8').on('data', (came: string) => (answer += came));
  await new Promise((resolve) => client.on('close', resolve));
  const code = expected(answer) ? await ended : null;
  child.kill('SIGKILL');
  return code === 0 && !existsSync(own) ? 'as it should be' : `WRONG: ${answer}, exit code ${code}`;
};

const socket = join(folder, 'em');
const server = createServer(managerOf({ answersRegister: null, knows: true, registered: 0 }));
await new Promise<void>((resolve) => server.listen(socket, resolve));
let wrong = 0;
try {
  for (const [name, make] of Object.entries({ 'C++': cpp, Go: go })) {
    const { argv, said } = make();
    if (argv === null) {
      say(`${name}: left out: ${said.trim().split('\n')[0]}`);
      continue;
    }
    const outcome = await asked(argv, socket);
    say(`${name}: ${outcome}`);
    if (outcome !== 'as it should be') wrong += 1;
  }
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = wrong === 0 ? 0 : 1;
