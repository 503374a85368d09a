/**
 * What was collected and is kept: for one command nothing is, a shell keeps it for its session (cli/shell/session.ts). A look is
 * what one collecting brought, and what a statement reads is of one look: rows of two moments are never put together.
 */
import type { Backend } from '../collector/backends/backend.ts';
import type { Collection } from '../collector/collection.ts';
import type { Table } from '../collector/table.ts';
import { tables } from '../tables/index.ts';

/** Loaded where something is kept: one command keeps nothing. */
const v8 = () => process.getBuiltinModule('node:v8');

type Collect = (wanted: readonly Table[]) => Promise<Collection[]>;

interface Look {
  readonly tables: ReadonlySet<string>;
  readonly collections: Collection[];
  /** In the form in which another process takes it. */
  readonly bytes: Uint8Array;
}

const notAgain = (): never => {
  throw new Error('what is kept is not read again');
};

/** A collection without what cannot be handed to another process: the code of its tables, and where its bytes are from. */
const packed = (collection: Collection): unknown => {
  const { backend, results, ...rest } = collection;
  const { origin, label, capturedTime, euid, hostId } = backend;
  return {
    ...rest,
    backend: { origin, label, capturedTime, euid, hostId },
    results: results.map((result) => ({ ...result, table: result.table.name })),
  };
};

const unpacked = (given: unknown): Collection => {
  const { backend, results, ...rest } = given as Collection & {
    readonly results: readonly (Collection['results'][number] & { readonly table: unknown })[];
  };
  const source: Backend = { ...backend, run: notAgain, readFile: notAgain, stat: notAgain };
  return {
    ...rest,
    backend: source,
    results: results.flatMap((result) => {
      const table = tables.find(({ name }) => name === (result.table as unknown));
      return table === undefined ? [] : [{ ...result, table }];
    }),
  };
};

const namesIn = (collections: readonly Collection[]): ReadonlySet<string> =>
  new Set(collections.flatMap(({ results }) => results.map(({ table }) => table.name)));

/** The looks of a session, the newest first. */
export class Looks {
  #all: readonly Look[] = [];
  readonly #changed: () => void;

  /** @param changed Hears of each new look. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get bytes(): readonly Uint8Array[] {
    return this.#all.map(({ bytes }) => bytes);
  }

  get collections(): readonly Collection[] {
    return this.#all.flatMap(({ collections }) => collections);
  }

  /** The tables that some look has. */
  get tables(): ReadonlySet<string> {
    return new Set(this.#all.flatMap((look) => [...look.tables]));
  }

  /** Takes what another process kept. */
  restore(looks: readonly Uint8Array[]): void {
    this.#all = looks.map((bytes) => {
      const collections = (v8().deserialize(bytes) as unknown[]).map(unpacked);
      return { tables: namesIn(collections), collections, bytes };
    });
  }

  #add(wanted: readonly Table[], collections: Collection[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    const look: Look = { tables: names, collections, bytes: v8().serialize(collections.map(packed)) };
    // One of which every table was looked at again is of no use any more.
    this.#all = [look, ...this.#all.filter((old) => ![...old.tables].every((name) => names.has(name)))];
    this.#changed();
  }

  /** The newest look that has all tables; a new one where none has. */
  async collected(wanted: readonly Table[], collect: Collect): Promise<Collection[]> {
    const known = this.#all.find((look) => wanted.every(({ name }) => look.tables.has(name)));
    if (known !== undefined) return known.collections;
    return await this.again(wanted, collect);
  }

  /** A new look. */
  async again(wanted: readonly Table[], collect: Collect): Promise<Collection[]> {
    const collections = await collect(wanted);
    this.#add(wanted, collections);
    return collections;
  }
}

let session: Looks | null = null;

/** From here on what is collected is kept. */
export const keepLooks = (looks: Looks): void => void (session = looks);

/** Collects, where what is wanted is not kept. */
export const lookAt = (wanted: readonly Table[], collect: Collect): Promise<Collection[]> =>
  session === null ? collect(wanted) : session.collected(wanted, collect);
