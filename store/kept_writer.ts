/** One writer for many transactions on a store: its statements are made once, and what it knows by number is kept. */
import { transact } from './file.ts';
import type { Store } from './store.ts';
import { storeWriter } from './writer/writer.ts';
import type { StoreWriter } from './writer/writer.ts';

export class KeptWriter {
  readonly #store: Store;
  #writer: StoreWriter | null = null;
  /** Of the file: SQLite changes it when another connection writes. */
  #version: unknown = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Runs work in one transaction; all of it is stored, or none. */
  transact<T>(work: (writer: StoreWriter) => T): T {
    try {
      return transact(this.#store, () => work(this.#current()));
    } catch (error) {
      // What was numbered in the transaction that was taken back is not in the file.
      this.#writer = null;
      throw error;
    }
  }

  #current(): StoreWriter {
    const { db, tables } = this.#store;
    const version = db.pragma('data_version', { simple: true });
    // What another program dropped has no number any more.
    if (version !== this.#version) this.#writer = null;
    this.#version = version;
    this.#writer ??= storeWriter(db, tables);
    return this.#writer;
  }
}
