/** The databases that answer osquery: what a look brought, or a file of snapshots. */
import type { Served } from '../../export/osquery/relations.ts';
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

/** A database that answers; it is closed when nobody is being sent its rows any more. */
class HeldDatabase {
  readonly source: Source;
  readonly #close: () => void;
  #holders = 0;
  #isClosing = false;

  constructor(db: Db, close: () => void) {
    this.#close = close;
    this.source = { reader: new Reader(db), unseen: new Map(), hold: () => this.#hold() };
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  #hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      if (this.#isClosing) this.close();
    };
  }

  close(): void {
    this.#isClosing = true;
    if (!this.isHeld) this.#close();
  }
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

const opened = (bytes: Uint8Array): HeldDatabase => {
  const db = openBytes(Buffer.from(bytes));
  db.pragma('query_only = ON');
  return new HeldDatabase(db, () => void db.close());
};

interface Look {
  readonly facts: HeldDatabase;
  readonly library: HeldDatabase;
  close(): void;
}

const looking = async ({ words, looked }: Sourcing): Promise<Looked> => {
  const began = performance.now();
  const found = await look(words);
  looked(performance.now() - began);
  return found;
};

const collectedSources = (sourcing: Sourcing): Sources => {
  const load = async (): Promise<Look> => {
    const { facts: bytes, library: more } = await looking(sourcing);
    if (bytes === null) throw new Error('a look at a Mac has tables');
    const [facts, library] = [opened(bytes), opened(more)];
    const close = (): void => {
      facts.close();
      library.close();
    };
    return { facts, library, close };
  };
  const kept = new Kept(load, sourcing.maxAgeSeconds * 1000);
  return {
    of: async (served) => (await kept.get())[served.of].source,
    close: () => {
      endLooks();
      kept.close();
    },
  };
};

/** A file of snapshots, at one moment while a statement goes on. */
class StoredFacts {
  readonly #db: Db;
  readonly #held: HeldDatabase;
  #timer: NodeJS.Timeout | null = null;
  #version: unknown = null;
  /** Another one where the file is another than before, as far as that is known. */
  state = Symbol('state');

  constructor(store: Store) {
    this.#db = store.db;
    this.#held = new HeldDatabase(store.db, () => {
      this.#end();
      store.close();
    });
  }

  /** Of what others write meanwhile nothing is seen until nobody asks for a while. */
  asked(): Source {
    if (!this.#db.inTransaction) this.#begin();
    this.#timer ??= setInterval(() => {
      if (!this.#held.isHeld) this.#end();
    }, quietMs).unref();
    this.#timer.refresh();
    return this.#held.source;
  }

  #begin(): void {
    this.#db.exec('BEGIN');
    // Only what reads begins in fact.
    this.#db.prepare('SELECT 1 FROM main._host LIMIT 1').get();
    const version = this.#db.pragma('data_version', { simple: true });
    if (version === this.#version) return;
    this.#version = version;
    this.state = Symbol('state');
    this.#held.source.unseen.clear();
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#db.inTransaction) this.#db.exec('COMMIT');
  }

  close(): void {
    this.#held.close();
  }
}

const openFacts = async (path: string): Promise<StoredFacts> => {
  const { openForReading } = await import(/* webpackMode: "eager" */ '../../store/file.ts');
  return new StoredFacts(openForReading(path, tables));
};

const storedSources = (sourcing: Sourcing, path: string): Sources => {
  const maxAgeMs = sourcing.maxAgeSeconds * 1000;
  const facts = new Kept(() => openFacts(path), maxAgeMs);
  const library = new Kept(async () => opened((await looking(sourcing)).library), maxAgeMs);
  let judged: symbol | null = null;
  return {
    of: async (served) => {
      const stored = await facts.get();
      const source = stored.asked();
      // What was judged before the file came to be another tells of another moment than its tables do.
      if (judged !== null && judged !== stored.state) library.expire();
      judged = stored.state;
      return served.of === 'library' ? (await library.get()).source : source;
    },
    close: () => {
      endLooks();
      facts.close();
      library.close();
    },
  };
};

export const sourcesOf = (sourcing: Sourcing): Sources =>
  sourcing.db === null ? collectedSources(sourcing) : storedSources(sourcing, sourcing.db);
