/** What this program and a process that it started of itself tell each other through pipes: the shell, and the extension of osquery. */
import { read, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { codeOf } from '../../collector/errors.ts';
import { sleep } from '../../collector/sleep.ts';
import type { Shown } from '../shown.ts';

/** What the shell asks for. */
export type Asked =
  /** Runs a command line of this program. */
  | { readonly kind: 'line'; readonly line: readonly string[]; readonly shown: Shown }
  /** What statements may name; also whether what is to be asked can be opened. */
  | { readonly kind: 'catalog' }
  /** The host that somebody named. */
  | { readonly kind: 'host'; readonly name: string }
  /** What was collected, and what could not be. */
  | { readonly kind: 'looks' }
  /** Collects anew what was collected. */
  | { readonly kind: 'refresh' }
  /** What an earlier process collected; nothing is answered. */
  | { readonly kind: 'kept'; readonly looks: readonly Uint8Array[] };

/** The hosts that can be named. */
export type HostsKnown = Pick<Catalog, 'hosts' | 'hostNames'>;

export interface Catalog {
  /** Names of tables and views, each with its columns. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  readonly queries: readonly string[];
  /** The ids of hosts. */
  readonly hosts: readonly string[];
  /** What hosts are called besides. */
  readonly hostNames: readonly string[];
}

/** What one collecting brought of one source. */
export interface LookedAt {
  readonly label: string;
  readonly hostId: string | null;
  readonly capturedTime: number;
  readonly tables: readonly {
    readonly name: string;
    readonly status: string;
    readonly rows: number;
    readonly reason: string | null;
  }[];
}

/** What comes back; each question but one ends with `done`. */
export type Told =
  | { readonly kind: 'done'; readonly code: number; readonly isLarge: boolean }
  | { readonly kind: 'catalog'; readonly catalog: Catalog }
  | { readonly kind: 'host'; readonly id: string }
  | { readonly kind: 'looked'; readonly sources: readonly LookedAt[] }
  /** All that is kept of what was collected, in the form in which another process takes it. */
  | { readonly kind: 'kept'; readonly looks: readonly Uint8Array[]; readonly hosts: HostsKnown };

const headBytes = 4;

/** A message behind its length. */
export const framed = (message: object): Buffer => {
  const body = serialize(message);
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
};

/** Takes pieces of what comes, as they come, and gives the messages in them. */
export class Unframing<T> {
  #pieces: Buffer[] = [];
  #length = 0;

  #take(count: number): Buffer {
    const all =
      this.#pieces.length === 1 ? (this.#pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#pieces);
    this.#pieces = [all.subarray(count)];
    this.#length -= count;
    return all.subarray(0, count);
  }

  #peekLength(): number {
    if (this.#length < headBytes) return Number.POSITIVE_INFINITY;
    if ((this.#pieces[0]?.length ?? 0) < headBytes) this.#pieces = [Buffer.concat(this.#pieces)];
    return headBytes + (this.#pieces[0]?.readUInt32BE() ?? 0);
  }

  *add(piece: Buffer): Generator<T> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    while (this.#peekLength() <= this.#length)
      yield deserialize(this.#take(this.#peekLength()).subarray(headBytes)) as T;
  }
}

/** Writes all of a message; false when nobody reads it any more. */
export const sendTo = (fd: number, message: object): boolean => {
  let bytes = framed(message);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') return false;
      sleep(2);
    }
  }
  return true;
};

const readSome = (fd: number, into: Buffer): Promise<number> =>
  new Promise((fulfil) => {
    read(fd, into, 0, into.length, null, (error, count) => fulfil(error === null ? count : 0));
  });

/** The messages that come, one by one, until nobody writes any more. */
export async function* messagesFrom(fd: number): AsyncGenerator<Asked> {
  const unframing = new Unframing<Asked>();
  for (;;) {
    const buffer = Buffer.allocUnsafe(65_536);
    const count = await readSome(fd, buffer);
    if (count === 0) return;
    yield* unframing.add(buffer.subarray(0, count));
  }
}
