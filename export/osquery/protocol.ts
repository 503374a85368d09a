/** What osquery and its extensions say to each other: the services of osquery.thrift, as far as an extension has a part in them. */
import { messages, Writer } from './thrift.ts';
import type { Message, Shape, Struct, Value } from './thrift.ts';

interface Status {
  /** 0 for success. */
  readonly code: number;
  readonly message: string;
}

/** One row of texts: NULL is a key that is not there. */
export type TextRow = Readonly<Record<string, string>>;

export interface Extension {
  readonly name: string;
  readonly version: string;
  readonly sdkVersion: string;
  readonly leastSdkVersion: string;
}

/** What an extension has to offer: the route of each table. */
export type Routes = ReadonlyMap<string, readonly TextRow[]>;

const statusShape: Shape = { struct: { 1: 'i32', 2: 'string', 3: 'i64' } };
const bodies: Readonly<Record<string, Readonly<Record<number, Shape>>>> = {
  call: { 1: 'string', 2: 'string', 3: { map: ['string', 'string'] } },
};
const answers: Readonly<Record<string, Readonly<Record<number, Shape>>>> = {
  registerExtension: { 0: statusShape },
  extensions: { 0: { map: ['i64', { struct: { 1: 'string' } }] } },
};
const exceptionBody: Readonly<Record<number, Shape>> = { 1: 'string', 2: 'i32' };
const nothing: Readonly<Record<number, Shape>> = {};

/** What is kept of a message; nothing of a method that nobody here has. */
export const shapeOf = (name: string, kind: number): Readonly<Record<number, Shape>> => {
  if (kind === messages.exception) return exceptionBody;
  const known = kind === messages.reply ? answers : bodies;
  return (Object.hasOwn(known, name) ? known[name] : undefined) ?? nothing;
};

const writeStatus = (writer: Writer, { code, message }: Status, uuid: bigint): void => {
  writer.field('i32', 1);
  writer.i32(code);
  writer.field('string', 2);
  writer.string(message);
  writer.field('i64', 3);
  writer.i64(uuid);
  writer.stop();
};

const writeRow = (writer: Writer, row: TextRow): void => {
  const cells = Object.entries(row);
  writer.setLater(writer.map('string', 'string'), cells.length);
  for (const [name, value] of cells) {
    writer.string(name);
    writer.string(value);
  }
};

const writeRows = (writer: Writer, rows: readonly TextRow[]): number => {
  for (const row of rows) writeRow(writer, row);
  return rows.length;
};

const written = (name: string, kind: number, sequence: number, body: (writer: Writer) => void): Writer => {
  const writer = new Writer();
  writer.begin(name, kind, sequence);
  body(writer);
  writer.stop();
  return writer;
};

const ok: Status = { code: 0, message: 'OK' };

export const pong = ({ name, sequence }: Message, uuid: bigint): Writer =>
  written(name, messages.reply, sequence, (writer) => {
    writer.field('struct', 0);
    writeStatus(writer, ok, uuid);
  });

/** The answer of a method that returns nothing. */
export const done = ({ name, sequence }: Message): Writer =>
  written(name, messages.reply, sequence, () => {});

const unknownMethod = 1;

/** What Thrift's own servers say of a method that they do not have. */
export const noSuchMethod = ({ name, sequence }: Message): Writer =>
  written(name, messages.exception, sequence, (writer) => {
    writer.field('string', 1);
    writer.string(`Invalid method name: '${name}'`);
    writer.field('i32', 2);
    writer.i32(unknownMethod);
  });

/** What a call is answered with: what went wrong, or rows. */
export type Answered =
  | { readonly failure: string }
  | { readonly rows: readonly TextRow[] }
  | { readonly slices: Slices; release(this: void): void };

/** Rows that are written some at a time. */
export interface Slices {
  /** Writes the rows from a place on, as they come; returns how many they are. */
  write(this: void, writer: Writer, from: number): number;
  /** How many rows there are, once the first of them are written. */
  totalAfter(this: void, first: number): number;
}

function* writeSlices(begun: Writer, { write, totalAfter }: Slices): Generator<Writer, Writer> {
  // Their number stands before them, and is known behind the first: all of a small table.
  const count = begun.list('map');
  let sent = write(begun, 0);
  const total = totalAfter(sent);
  begun.setLater(count, total);
  let writer = begun;
  while (sent < total) {
    yield writer;
    writer = new Writer();
    const more = write(writer, sent);
    if (more === 0) break;
    sent += more;
  }
  // Never a message that says something else than it holds.
  if (sent !== total) throw new Error('a table changed while it was sent');
  return writer;
}

function* pieces({ name, sequence }: Message, answer: Answered, uuid: bigint): Generator<Writer, void> {
  let writer = new Writer();
  writer.begin(name, messages.reply, sequence);
  writer.field('struct', 0);
  writer.field('struct', 1);
  writeStatus(writer, 'failure' in answer ? { code: 1, message: answer.failure } : ok, uuid);
  writer.field('list', 2);
  if ('slices' in answer) writer = yield* writeSlices(writer, answer.slices);
  else {
    const count = writer.list('map');
    writer.setLater(count, 'rows' in answer ? writeRows(writer, answer.rows) : 0);
  }
  writer.stop();
  writer.stop();
  yield writer;
}

/**
 * The answer to a call, in pieces: the next one is made when it is asked for. What goes wrong before anything was sent is an
 * answer, too; later it throws, and the message never ends.
 */
export function* answered(message: Message, answer: Answered, uuid: bigint): Generator<Writer, void> {
  let isBegun = false;
  try {
    for (const piece of pieces(message, answer, uuid)) {
      isBegun = true;
      yield piece;
    }
  } catch (error) {
    if (isBegun) throw error;
    const failure = `tokenquery: ${error instanceof Error ? error.message : String(error)}`;
    yield* pieces(message, { failure }, uuid);
  } finally {
    if ('slices' in answer) answer.release();
  }
}

export interface Call {
  readonly registry: string;
  readonly item: string;
  readonly request: ReadonlyMap<string, string>;
}

const noRequest: ReadonlyMap<string, string> = new Map();
const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

export const callOf = ({ body }: Message): Call => {
  const request = body.get(3);
  return {
    registry: textOf(body.get(1)),
    item: textOf(body.get(2)),
    // The shape keeps texts alone.
    request: request instanceof Map ? (request as ReadonlyMap<string, string>) : noRequest,
  };
};

/** What a manager is asked, each in a connection of its own. */
export const register = ({ name, version, ...sdk }: Extension, routes: Routes): Writer =>
  written('registerExtension', messages.call, 1, (writer) => {
    writer.field('struct', 1);
    for (const [index, text] of [name, version, sdk.sdkVersion, sdk.leastSdkVersion].entries()) {
      writer.field('string', index + 1);
      writer.string(text);
    }
    writer.stop();
    writer.field('map', 2);
    writer.setLater(writer.map('string', 'map'), 1);
    writer.string('table');
    writer.setLater(writer.map('string', 'list'), routes.size);
    for (const [table, rows] of routes) {
      writer.string(table);
      const count = writer.list('map');
      writer.setLater(count, writeRows(writer, rows));
    }
  });

export const askExtensions = (): Writer => written('extensions', messages.call, 1, () => {});

export interface Registered extends Status {
  readonly uuid: bigint;
}

/** Whether it was registered, and under which number; null where the answer is none. */
export const registeredOf = ({ body }: Message): Registered | null => {
  const status = body.get(0) as Struct | undefined;
  if (status === undefined) return null;
  const [code, message, uuid] = [status.get(1), status.get(2), status.get(3)];
  return typeof code === 'number'
    ? { code, message: textOf(message), uuid: typeof uuid === 'bigint' ? uuid : 0n }
    : null;
};

/** The numbers of the extensions that the manager knows; null where the answer is none. */
export const extensionsOf = ({ kind, body }: Message): ReadonlySet<bigint> | null => {
  const known = body.get(0);
  return kind === messages.reply && known instanceof Map
    ? new Set([...known.keys()].map(BigInt as (value: Value) => bigint))
    : null;
};
