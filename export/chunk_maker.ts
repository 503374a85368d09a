/** Makes the bytes of an export of current rows, some hosts at a time, in whichever thread. */
import type { Table } from '../collector/table.ts';
import { viewAsOf } from '../store/as_of.ts';
import type { Store } from '../store/store.ts';
import { formats } from './formats/index.ts';
import type { Format } from './format.ts';
import { exportReader } from './rows/reader.ts';
import { chunkBytes } from './thread_protocol.ts';
import type { Chunk, WorkerTask } from './thread_protocol.ts';

/** Text is encoded while it is young and small: long ropes are costly to flatten, and outlive a collection. */
const textAtOnce = 8192;

/** What is to be handed on: bytes, and after them text that is not encoded yet. */
interface Output {
  readonly table: string;
  text: string;
  bytes: Uint8Array<ArrayBuffer> | null;
  length: number;
}

export class ChunkMaker {
  private readonly store: Store;
  private readonly format: Format;
  private readonly newReader: () => ReturnType<typeof exportReader>;
  private readonly encoder = new TextEncoder();
  // Buffers go there and back: what is thrown away by the hundred megabytes is not cleared away as fast.
  private readonly idle: Uint8Array<ArrayBuffer>[] = [];
  /** Of the moment that is read. */
  private reader: ReturnType<typeof exportReader> | null = null;

  constructor(store: Store, tables: readonly Table[], { format, options, asOf }: WorkerTask) {
    this.store = store;
    // Pages are read once and in order: a large cache would hold what is not needed again.
    store.db.pragma('cache_size = -2048');
    if (asOf !== null) viewAsOf(store, asOf);
    this.format = formats[format].make(options);
    const { rowSql } = this.format;
    this.newReader = () => exportReader(store, { tables, rowSql, ...(asOf === null ? {} : { asOf }) });
  }

  /** Changes when another connection has committed something since this one looked last. */
  version(): number {
    return this.store.db.pragma('data_version', { simple: true }) as number;
  }

  /** The moment that is read is that of the first read after BEGIN. */
  begin(): void {
    this.end();
    const { db } = this.store;
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM main.sqlite_schema').get();
  }

  /** Back in no transaction, as it was before. */
  end(): void {
    this.reader = null;
    const { db } = this.store;
    if (db.inTransaction) db.exec('ROLLBACK');
  }

  /** The bytes of a chunk are needed no more. */
  took(bytes: Uint8Array<ArrayBuffer>): void {
    this.idle.push(bytes);
  }

  *chunks(hostIds: readonly string[]): Generator<Chunk> {
    const { format } = this;
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
        if (output.text.length >= textAtOnce) yield* this.encode(output);
      }
    }
    for (const output of outputs.values()) {
      yield* this.encode(output);
      yield this.chunkOf(output);
    }
  }

  private *encode(output: Output): Generator<Chunk> {
    let rest = output.text;
    output.text = '';
    while (rest !== '') {
      output.bytes ??= this.newBytes();
      const { read, written } = this.encoder.encodeInto(rest, output.bytes.subarray(output.length));
      output.length += written;
      rest = rest.slice(read);
      if (rest !== '') yield this.chunkOf(output);
    }
  }

  private chunkOf(output: Output): Chunk {
    const { table, length } = output;
    const bytes = output.bytes ?? this.newBytes();
    output.bytes = null;
    output.length = 0;
    return { table, bytes, length };
  }

  private newBytes(): Uint8Array<ArrayBuffer> {
    return this.idle.pop() ?? new Uint8Array(chunkBytes);
  }
}
