/** The databases that answer osquery: what a look brought, or a file of snapshots. */
import type { Served } from '../../export/osquery/relations.ts';
import { sourceOf } from '../../export/osquery/answer.ts';
import type { Source } from '../../export/osquery/answer.ts';
import { Reader } from '../../export/osquery/rows.ts';
import { openBytes } from '../../store/database.ts';
import type { Db } from '../../store/database.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import { Kept } from './kept.ts';
import { endLooks, look } from './look.ts';
import type { Looked } from './look.ts';

/** A statement of osquery asks many times: after so long without a question it has ended. */
const quietMs = 1000;

interface Held {
  readonly facts: Source;
  readonly library: Source;
  close(): void;
}

export interface Sources {
  of(served: Served): Promise<Source>;
  close(): void;
}

interface Sourcing {
  readonly words: readonly string[];
  readonly db: string | null;
  readonly maxAgeSeconds: number;
  /** Is told how long a look took. */
  readonly looked: (milliseconds: number) => void;
}

const opened = (bytes: Uint8Array): Db => {
  const db = openBytes(Buffer.from(bytes));
  db.pragma('query_only = ON');
  return db;
};

const looking = async ({ words, looked }: Sourcing): Promise<Looked> => {
  const began = performance.now();
  const found = await look(words);
  looked(performance.now() - began);
  return found;
};

const collectedSources = (sourcing: Sourcing): Sources => {
  const load = async (): Promise<Held> => {
    const { facts: bytes, library: more } = await looking(sourcing);
    if (bytes === null) throw new Error('a look at a Mac has tables');
    const [facts, library] = [opened(bytes), opened(more)];
    const close = (): void => {
      facts.close();
      library.close();
    };
    return { facts: sourceOf(new Reader(facts)), library: sourceOf(new Reader(library)), close };
  };
  const kept = new Kept(load, sourcing.maxAgeSeconds * 1000);
  return {
    of: async (served) => (await kept.get())[served.of],
    close: () => {
      endLooks();
      kept.close();
    },
  };
};

/** A file of snapshots, at one moment while a statement goes on. */
class StoredFacts {
  readonly source: Source;
  readonly #store: Store;
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#store = store;
    this.source = sourceOf(new Reader(store.db));
  }

  /** Of what others write meanwhile nothing is seen until nobody asks for a while. */
  asked(): this {
    if (!this.#store.db.inTransaction) this.#store.db.exec('BEGIN');
    this.#timer ??= setTimeout(() => this.#end(), quietMs).unref();
    this.#timer.refresh();
    return this;
  }

  #end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#store.db.inTransaction) this.#store.db.exec('COMMIT');
  }

  close(): void {
    this.#end();
    this.#store.close();
  }
}

const openFacts = async (path: string): Promise<StoredFacts> => {
  const { openForReading } = await import(/* webpackMode: "eager" */ '../../store/file.ts');
  return new StoredFacts(openForReading(path, tables));
};

const storedSources = (sourcing: Sourcing, path: string): Sources => {
  const maxAgeMs = sourcing.maxAgeSeconds * 1000;
  const facts = new Kept(() => openFacts(path), maxAgeMs);
  const library = new Kept(async () => {
    const db = opened((await looking(sourcing)).library);
    return { source: sourceOf(new Reader(db)), close: (): void => void db.close() };
  }, maxAgeMs);
  return {
    of: async (served) =>
      served.of === 'library' ? (await library.get()).source : (await facts.get()).asked().source,
    close: () => {
      endLooks();
      facts.close();
      library.close();
    },
  };
};

export const sourcesOf = (sourcing: Sourcing): Sources =>
  sourcing.db === null ? collectedSources(sourcing) : storedSources(sourcing, sourcing.db);
