/** The part of `export` that runs in threads: they read and format, so that the first one only writes. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../collector/errors.ts';
import { formats } from '../export/formats/index.ts';
import { chunkBytes, chunksAhead } from '../export/parallel.ts';
import type { FromWorker, WorkerTask, ToWorker } from '../export/parallel.ts';
import { exportReader } from '../export/rows/reader.ts';
import { openForReading } from '../store/file.ts';
import { viewAsOf } from '../store/as_of.ts';
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

export const serve = (): void => {
  const port = parentPort;
  if (port === null) return;
  const { path, tableNames, format: name, options, asOf } = workerData as WorkerTask;
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const store = openForReading(path, tables);
  // Pages are read once and in order: a large cache would hold what is not needed again.
  store.db.pragma('cache_size = -4096');
  if (asOf !== null) viewAsOf(store, asOf);
  const format = formats[name].make(options);
  const wanted = tables.filter((table) => tableNames.includes(table.name));
  let reading: ReturnType<typeof exportReader> | null = null;
  const encoder = new TextEncoder();
  // Buffers go there and back: what is thrown away by the hundred megabytes is not cleared away as fast.
  const idle: Uint8Array<ArrayBuffer>[] = [];
  const newBytes = (): Uint8Array<ArrayBuffer> => idle.pop() ?? new Uint8Array(chunkBytes);
  let unanswered = 0;
  let proceed: (() => void) | null = null;

  const work = async (hostIds: readonly string[]): Promise<void> => {
    // By the table, for formats that write a file for each.
    const outputs = new Map<string, Output>();
    const outputOf = (table: string): Output => {
      const known = outputs.get(table);
      if (known !== undefined) return known;
      const made = { table, text: '', bytes: null, length: 0 };
      outputs.set(table, made);
      return made;
    };
    const send = async (output: Output): Promise<void> => {
      const { table, length } = output;
      const bytes = output.bytes ?? newBytes();
      output.bytes = null;
      output.length = 0;
      unanswered += 1;
      say({ table, bytes, length }, [bytes.buffer]);
      if (unanswered >= chunksAhead) await new Promise<void>((resolve) => (proceed = resolve));
    };
    const encode = async (output: Output): Promise<void> => {
      let rest = output.text;
      output.text = '';
      while (rest !== '') {
        output.bytes ??= newBytes();
        const { read, written } = encoder.encodeInto(rest, output.bytes.subarray(output.length));
        output.length += written;
        rest = rest.slice(read);
        if (rest !== '') await send(output);
      }
    };
    reading ??= exportReader(store, {
      tables: wanted,
      rowSql: format.rowSql,
      ...(asOf === null ? {} : { asOf }),
    });
    for (const snapshot of reading.currentSnapshots(hostIds)) {
      if (format.between !== undefined) outputOf('').text += format.between;
      for (const chunk of format.snapshot(snapshot)) {
        const isText = typeof chunk === 'string';
        const output = outputOf(isText ? '' : chunk.table.name);
        output.text += isText ? chunk : chunk.text;
        if (output.text.length >= textAtOnce) await encode(output);
      }
    }
    for (const output of outputs.values()) {
      await encode(output);
      await send(output);
    }
    say({ done: true });
  };

  port.on('message', (message: ToWorker) => {
    if ('begin' in message) {
      // The moment that is read is that of the first read after BEGIN.
      if (store.db.inTransaction) store.db.exec('ROLLBACK');
      store.db.exec('BEGIN');
      store.db.prepare('SELECT count(*) FROM main.sqlite_schema').get();
      reading = null;
      say({ ready: true });
    } else if ('hostIds' in message) {
      work(message.hostIds).catch((error: unknown) => {
        if (error instanceof UserError) say({ message: error.message, hint: error.hint });
        else say({ fault: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      });
    } else {
      unanswered -= 1;
      idle.push(message.took);
      proceed?.();
      proceed = null;
    }
  });
};
