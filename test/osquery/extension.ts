/** The extension, started as osqueryd starts it, and what it is registered at. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { Incoming } from '../../export/osquery/thrift.ts';
import type { Message } from '../../export/osquery/thrift.ts';
import { program, root, temporaryFolder } from '../standin.ts';
import { message, struct, text } from './wire.ts';
import type { Wire } from './wire.ts';

/** A folder for sockets, which as root must be root's alone. */
export const socketFolder = (t: ExecutionContext): string => {
  const folder = join(temporaryFolder(t), 's');
  mkdirSync(folder);
  chmodSync(folder, 0o700);
  return folder;
};

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  stderr(): string;
}

/** No environment, as of what osqueryd starts. */
export const startExtension = (t: ExecutionContext, socket: string, ...words: readonly string[]): Running => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, 'osquery-extension', '--socket', socket, ...words],
    { cwd: '/', env: { OSQUERY_EXTENSION: '1' }, stdio: ['ignore', 'inherit', 'pipe'] },
  );
  const said: Buffer[] = [];
  child.stderr?.on('data', (bytes: Buffer) => said.push(bytes));
  t.teardown(() => child.kill('SIGKILL'));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  return { child, ended, stderr: () => Buffer.concat(said).toString() };
};

export const until = async (holds: () => boolean, what: string, ms = 20_000): Promise<void> => {
  for (const end = performance.now() + ms; !holds();) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(10);
  }
};

const canConnect = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(socket);
    const end = (is: boolean): void => {
      connection.destroy();
      resolve(is);
    };
    connection.on('connect', () => end(true));
    connection.on('error', () => end(false));
  });

/** Waits until somebody listens on a socket: its file is there a moment before. */
export const listens = async (socket: string, ms = 20_000): Promise<void> => {
  for (const end = performance.now() + ms; !(await canConnect(socket));) {
    if (performance.now() > end) throw new Error(`nobody listens on ${socket} within ${ms} ms`);
    await sleep(10);
  }
};

const uuid = 4711;
const status = (code: number, words: string): Wire => {
  const number = Buffer.alloc(4);
  number.writeInt32BE(code);
  const id = Buffer.alloc(8);
  id.writeBigInt64BE(BigInt(uuid));
  return struct([
    [1, { type: 8, bytes: number }],
    [2, text(words)],
    [3, { type: 10, bytes: id }],
  ]);
};

export interface Manager {
  /** Where the extension listens. */
  readonly extension: string;
  readonly state: { answersRegister: Buffer | null; knows: boolean; registered: number };
  close(): void;
}

const replyTo = (asked: Message, state: Manager['state']): Buffer | null => {
  if (asked.name === 'registerExtension') {
    state.registered += 1;
    return state.answersRegister ?? message('registerExtension', 2, struct([[0, status(0, 'OK')]]));
  }
  const entry = Buffer.alloc(8);
  entry.writeBigInt64BE(BigInt(uuid));
  const knows = state.knows
    ? Buffer.concat([Buffer.from([10, 12, 0, 0, 0, 1]), entry, struct([[1, text('tokenquery')]]).bytes])
    : Buffer.from([10, 12, 0, 0, 0, 0]);
  return message('extensions', 2, struct([[0, { type: 13, bytes: knows }]]));
};

/** How the least of an osquery answers a connection. */
export const managerOf =
  (state: Manager['state']) =>
  (connection: Socket): void => {
    const incoming = new Incoming(() => ({}));
    connection.on('error', () => {});
    connection.on('data', (bytes) => {
      incoming.push(bytes);
      const question = incoming.take();
      if (question !== null) connection.write(replyTo(question, state) ?? '');
    });
  };

/** The least of an osquery: it registers, and says whom it knows. */
export const startManager = (t: ExecutionContext, socket: string): Promise<Manager> =>
  new Promise((resolve) => {
    const state = { answersRegister: null, knows: true, registered: 0 };
    const server = createServer(managerOf(state));
    const close = (): void => void server.close();
    t.teardown(close);
    server.listen(socket, () => resolve({ extension: `${socket}.${uuid}`, state, close }));
  });

/** What a manager says of an extension that it does not take. */
export const refusal = (words: string): Buffer =>
  message('registerExtension', 2, struct([[0, status(1, words)]]));

export interface Talk {
  send(bytes: Uint8Array): void;
  /** All that came so far. */
  received(): Buffer;
  readonly closed: Promise<void>;
  isClosed(): boolean;
  end(): void;
}

export const talk = (socket: string): Promise<Talk> =>
  new Promise((resolve, reject) => {
    const connection = connect(socket);
    const came: Buffer[] = [];
    let isClosed = false;
    const closed = new Promise<void>((fulfil) =>
      connection.on('close', () => {
        isClosed = true;
        fulfil();
      }),
    );
    connection.on('error', reject);
    connection.on('data', (bytes) => came.push(bytes));
    connection.on('connect', () => {
      connection.removeListener('error', reject);
      connection.on('error', () => {});
      resolve({
        send: (bytes) => void connection.write(bytes),
        received: () => Buffer.concat(came),
        closed,
        isClosed: () => isClosed,
        end: () => connection.destroy(),
      });
    });
  });

/** One question, and the bytes of the answer once they end as an answer does. */
export const asked = async (socket: string, question: Buffer, ms = 20_000): Promise<Buffer> => {
  const own = await talk(socket);
  own.send(question);
  const isWhole = (): boolean => {
    const incoming = new Incoming(() => ({}));
    incoming.push(own.received());
    return incoming.take() !== null;
  };
  await until(() => own.isClosed() || isWhole(), 'an answer', ms);
  own.end();
  return own.received();
};

export const ping = message('ping', 1, struct([]));

export const isAlive = async (socket: string): Promise<boolean> => {
  const answer = await asked(socket, ping, 5000);
  return answer.includes('OK');
};

/** The memory of a process that is in RAM, in MB; null where the system does not say it so. */
export const memoryOf = ({ child }: Running, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number | null => {
  const path = `/proc/${child.pid}/status`;
  if (!existsSync(path)) return null;
  const kilobytes = new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(path, 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
};

/** Debian's Python, which has thrift and apsw where they are installed. */
export const python = '/usr/bin/python3';
const has = (command: string, ...words: readonly string[]): boolean =>
  spawnSync(command, words, { stdio: 'ignore' }).status === 0;
export const missingForPeer = [
  ...(has('thrift', '--version') ? [] : ['thrift-compiler']),
  ...(has(python, '-c', 'import thrift.protocol') ? [] : ['python3-thrift']),
  ...(has(python, '-c', 'import apsw') ? [] : ['python3-apsw']),
];

export type Told = Readonly<Record<string, unknown>>;

export interface Peer {
  readonly registered: Promise<Told>;
  ask(command: Told): Promise<Told>;
  kill(): void;
}

/** osquery of Thrift's own code (peer.py). */
export const startPeer = async (t: ExecutionContext, socket: string): Promise<Peer> => {
  const generated = join(temporaryFolder(t), 'gen');
  mkdirSync(generated);
  const made = spawnSync('thrift', [
    '--gen',
    'py',
    '-out',
    generated,
    join(root, 'test/osquery/extension.thrift'),
  ]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  const child = spawn(python, [join(root, 'test/osquery/peer.py'), generated, socket], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const waiting: ((told: Told) => void)[] = [];
  let rest = '';
  let isListening: () => void = () => {};
  const listening = new Promise<void>((resolve) => (isListening = resolve));
  let isRegistered: (told: Told) => void = () => {};
  const registered = new Promise<Told>((resolve) => (isRegistered = resolve));
  child.stdout.setEncoding('utf8').on('data', (came: string) => {
    const lines = (rest + came).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const told = JSON.parse(line) as Told;
      if (told['event'] === 'listening') isListening();
      else if (told['event'] === 'registered') isRegistered(told);
      else waiting.shift()?.(told['answer'] as Told);
    }
  });
  await listening;
  return {
    registered,
    ask: (command) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(command)}\n`);
      }),
    kill: () => void child.kill('SIGKILL'),
  };
};
