/**
 * The socket of the extension. Who connects is osquery, or anything else that runs as the same user: what is held of all of them
 * together has a bound, a message that does not end is given up, and one connection never keeps another waiting.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Incoming, messages, mostBytes } from '../../export/osquery/thrift.ts';
import type { Message, Writer } from '../../export/osquery/thrift.ts';
import { answered, callOf, done, noSuchMethod, pong, shapeOf } from '../../export/osquery/protocol.ts';
import type { Answered, Call } from '../../export/osquery/protocol.ts';
import { clearPlace, inodeOf, removeOwn } from './place.ts';

/** So long a message that was begun may take to come, and an answer to be read. */
const patienceMs = 30_000;
const mostConnections = 512;
/** Of messages that are not whole, in all connections. */
const mostHeld = 16 * mostBytes;
/** Of answers that nobody has read yet. */
const mostUnread = 64 * 1024 * 1024;

export interface Handler {
  call(call: Call): Promise<Answered> | Answered;
  shutdown(): void;
}

interface Bounds {
  /** Bytes that are held of messages, and of answers. */
  held: number;
  unread: number;
  readonly connections: Set<Connection>;
}

/** What takes the most pays for what is too much: whoever asks little goes on. */
const endLargest = ({ connections }: Bounds): void => {
  let largest: Connection | null = null;
  for (const one of connections) if (largest === null || one.heldBytes > largest.heldBytes) largest = one;
  largest?.end();
};

class Connection {
  readonly #socket: Socket;
  readonly #handler: Handler;
  readonly #bounds: Bounds;
  readonly #uuid: bigint;
  readonly #incoming = new Incoming(shapeOf);
  #held = 0;
  /** Of the message that is being answered. */
  #taken = 0;
  #isBusy = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(socket: Socket, handler: Handler, bounds: Bounds, uuid: bigint) {
    this.#socket = socket;
    this.#handler = handler;
    this.#bounds = bounds;
    this.#uuid = uuid;
    bounds.connections.add(this);
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** What it held is free at once, and not only when the system has closed it. */
  end(): void {
    this.ended();
    this.#socket.destroy();
  }

  ended(): void {
    this.#bounds.connections.delete(this);
    this.#count(0);
    this.#wait(false);
  }

  #count(held: number): void {
    this.#bounds.held += held - this.#held;
    this.#held = held;
  }

  /** Gives up what does not go on. */
  #wait(isWaiting: boolean): void {
    if (!isWaiting && this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (isWaiting) this.#timer ??= setTimeout(() => this.#socket.destroy(), patienceMs).unref();
  }

  async take(bytes: Buffer): Promise<void> {
    this.#incoming.push(bytes);
    this.#count(this.#incoming.heldBytes + this.#taken);
    if (this.#bounds.held > mostHeld) endLargest(this.#bounds);
    if (this.#socket.destroyed) return;
    if (this.#isBusy) {
      // One answer after the other: what is sent meanwhile waits where it is.
      this.#socket.pause();
      return;
    }
    this.#isBusy = true;
    try {
      let before = this.#incoming.heldBytes;
      for (let next = this.#incoming.take(); next !== null; next = this.#incoming.take()) {
        this.#wait(false);
        // What is being answered is held, too.
        this.#taken = before - this.#incoming.heldBytes;
        if (next.kind === messages.call || next.kind === messages.oneway) await this.#answer(next);
        else this.#socket.destroy();
        if (this.#socket.destroyed) return;
        this.#taken = 0;
        before = this.#incoming.heldBytes;
        this.#count(before);
      }
      this.#wait(this.#incoming.heldBytes > 0);
      this.#socket.resume();
    } catch {
      // What is not Thrift is not answered.
      this.#socket.destroy();
    } finally {
      this.#isBusy = false;
    }
  }

  async #answer(message: Message): Promise<void> {
    for (const piece of await this.#answerTo(message)) {
      // Nobody reads on.
      if (this.#socket.destroyed) break;
      if (message.kind === messages.call) await this.#send(piece);
    }
    if (message.name === 'shutdown') this.#handler.shutdown();
  }

  async #answerTo(message: Message): Promise<Iterable<Writer>> {
    if (message.name === 'ping') return [pong(message, this.#uuid)];
    if (message.name === 'shutdown') return [done(message)];
    if (message.name !== 'call') return [noSuchMethod(message)];
    if (this.#bounds.unread > mostUnread)
      return answered(message, { failure: 'too many answers wait to be read: ask again later' }, this.#uuid);
    return answered(message, await this.#handler.call(callOf(message)), this.#uuid);
  }

  #send(answer: Writer): Promise<void> {
    const { length } = answer;
    this.#bounds.unread += length;
    return new Promise((resolve) => {
      this.#wait(true);
      let isOver = false;
      // Written, failed or closed, whichever comes first.
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        this.#socket.removeListener('close', end);
        this.#wait(false);
        this.#bounds.unread -= length;
        resolve();
      };
      this.#socket.on('close', end);
      const chunks = answer.chunks();
      for (const chunk of chunks.slice(0, -1)) this.#socket.write(chunk);
      this.#socket.write(chunks.at(-1) ?? '', end);
    });
  }
}

const serve = (socket: Socket, connection: Connection): void => {
  socket.on('error', () => socket.destroy());
  socket.on('close', () => connection.ended());
  socket.on('data', (bytes) => void connection.take(bytes));
};

interface Listening {
  close(): void;
}

/** Listens on a socket that only this user may open, from the first moment on. */
export const listen = async (path: string, uuid: bigint, handler: Handler): Promise<Listening> => {
  await clearPlace(path);
  return await listenAt(path, uuid, handler);
};

const listenAt = (path: string, uuid: bigint, handler: Handler): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const bounds: Bounds = { held: 0, unread: 0, connections: new Set() };
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      serve(socket, new Connection(socket, handler, bounds, uuid));
    });
    server.maxConnections = mostConnections;
    server.on('error', reject);
    // The socket is made before listen() returns.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        const inode = inodeOf(path);
        resolve({
          close: () => {
            removeOwn(path, inode);
            server.close();
            for (const socket of sockets) socket.destroy();
          },
        });
      });
    } finally {
      process.umask(before);
    }
  });
