/** The part of `export` that runs in threads: they read and format, so that the first one only writes. */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { formats } from '../export/formats/index.ts';
import type { Format } from '../export/format.ts';
import { exportReader } from '../export/rows/reader.ts';
import { chunkBytes, chunksAhead } from '../export/thread_protocol.ts';
import type { FromWorker, ToWorker, WorkerTask } from '../export/thread_protocol.ts';
import { viewAsOf } from '../store/as_of.ts';
import { openForReading } from '../store/file.ts';
import type { Store } from '../store/store.ts';
import { failureOf } from '../store/thread_failure.ts';
import { tables } from '../tables/index.ts';

/** Text is encoded while it is young and small: long ropes are costly to flatten, and outlive a collection. */
const textAtOnce = 8192;

/** What is to be sent: bytes, and after them text that is not encoded yet. */
interface Output {
  readonly table: string;
  text: string;
  bytes: Uint8Array<ArrayBuffer> | null;
  length: number;
}

/** Sends text as bytes to the thread that writes, and waits where that one has not taken enough of it yet. */
class Sender {
  private readonly port: MessagePort;
  private readonly encoder = new TextEncoder();
  // Buffers go there and back: what is thrown away by the hundred megabytes is not cleared away as fast.
  private readonly idle: Uint8Array<ArrayBuffer>[] = [];
  private unanswered = 0;
  private proceed: (() => void) | null = null;

  constructor(port: MessagePort) {
    this.port = port;
  }

  say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.port.postMessage(message, transfer);
  }

  /** The other thread is done with a chunk. */
  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.unanswered -= 1;
    this.idle.push(bytes);
    this.proceed?.();
    this.proceed = null;
  }

  async encode(output: Output): Promise<void> {
    let rest = output.text;
    output.text = '';
    while (rest !== '') {
      output.bytes ??= this.newBytes();
      const { read, written } = this.encoder.encodeInto(rest, output.bytes.subarray(output.length));
      output.length += written;
      rest = rest.slice(read);
      if (rest !== '') await this.send(output);
    }
  }

  async send(output: Output): Promise<void> {
    const { table, length } = output;
    const bytes = output.bytes ?? this.newBytes();
    output.bytes = null;
    output.length = 0;
    this.unanswered += 1;
    this.say({ table, bytes, length }, [bytes.buffer]);
    if (this.unanswered >= chunksAhead) await new Promise<void>((resolve) => (this.proceed = resolve));
  }

  private newBytes(): Uint8Array<ArrayBuffer> {
    return this.idle.pop() ?? new Uint8Array(chunkBytes);
  }
}

class ReadingWorker {
  private readonly sender: Sender;
  private readonly store: Store;
  private readonly format: Format;
  private readonly newReader: () => ReturnType<typeof exportReader>;
  /** Of the moment that is read. */
  private reader: ReturnType<typeof exportReader> | null = null;

  constructor(sender: Sender, { path, tableNames, format, options, asOf }: WorkerTask) {
    this.sender = sender;
    this.store = openForReading(path, tables);
    // Pages are read once and in order: a large cache would hold what is not needed again.
    this.store.db.pragma('cache_size = -4096');
    if (asOf !== null) viewAsOf(this.store, asOf);
    this.format = formats[format].make(options);
    const { rowSql } = this.format;
    const wanted = tables.filter((table) => tableNames.includes(table.name));
    this.newReader = () =>
      exportReader(this.store, { tables: wanted, rowSql, ...(asOf === null ? {} : { asOf }) });
  }

  /** The moment that is read is that of the first read after BEGIN. */
  begin(): void {
    const { db } = this.store;
    if (db.inTransaction) db.exec('ROLLBACK');
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM main.sqlite_schema').get();
    this.reader = null;
    this.sender.say({ ready: true });
  }

  async work(hostIds: readonly string[]): Promise<void> {
    const { format, sender } = this;
    // By the table, for formats that write a file for each.
    const outputs = new Map<string, Output>();
    const outputOf = (table: string): Output => {
      const known = outputs.get(table);
      if (known !== undefined) return known;
      const made = { table, text: '', bytes: null, length: 0 };
      outputs.set(table, made);
      return made;
    };
    this.reader ??= this.newReader();
    for (const snapshot of this.reader.currentSnapshots(hostIds)) {
      if (format.between !== undefined) outputOf('').text += format.between;
      for (const chunk of format.snapshot(snapshot)) {
        const isText = typeof chunk === 'string';
        const output = outputOf(isText ? '' : chunk.table.name);
        output.text += isText ? chunk : chunk.text;
        if (output.text.length >= textAtOnce) await sender.encode(output);
      }
    }
    for (const output of outputs.values()) {
      await sender.encode(output);
      await sender.send(output);
    }
    sender.say({ done: true });
  }
}

export const serve = (): void => {
  if (parentPort === null) return;
  const sender = new Sender(parentPort);
  const worker = new ReadingWorker(sender, workerData as WorkerTask);
  parentPort.on('message', (message: ToWorker) => {
    if ('begin' in message) worker.begin();
    else if ('took' in message) sender.took(message.took);
    else worker.work(message.hostIds).catch((error: unknown) => sender.say(failureOf(error)));
  });
};
