/** A table as its `generate` leaves it: rows, and what was noted on the way. What comes of it says table_result.ts. */
import type { Backend, Stat } from './backends/backend.ts';
import { CollectError, NotAsked } from './errors.ts';
import type { Twice } from './errors.ts';
import type { Parsed, ParsedFile } from './parsing.ts';
import { notKept, ownersHidden, unsafeArgument } from './source_failures.ts';
import { argvKey, commandIdOf } from './source_reader.ts';
import type { SourceReader } from './source_reader.ts';
import { argvOf, isUnsafe } from './sources.ts';
import type { CommandName, FileName, FolderName, OwnedName, SourceName } from './sources.ts';
import type { Columns, Context, Owned, Row, Table, Value } from './table.ts';
import { isBefore } from './version.ts';

export type AnyRow = Readonly<Record<string, Value>>;

export interface Draft {
  readonly rows: readonly AnyRow[];
  /** What made the table fail as a whole. */
  readonly failure: CollectError | NotAsked | null;
  readonly problems: readonly CollectError[];
  /** Keys of those that came of one item of an answer that was read. */
  readonly ofItems: ReadonlySet<string>;
  readonly skips: ReadonlyMap<SourceName, string>;
  readonly inapplicable: ReadonlyMap<string, string>;
  /** Columns of which something was left out, because nobody asked for it. */
  readonly leftOut: ReadonlySet<string>;
  /** Columns of which the evidence dropped what they are made of, or does not say it of any file, and why. */
  readonly notKept: ReadonlyMap<string, string>;
  /** Why what the table tells does not exist on this Mac; null where it may. */
  readonly unsupported: string | null;
  /** The commands that were asked for it. */
  readonly argvs: ReadonlySet<string>;
}

/** What tells problems apart: the same one is noted once. */
export const problemKey = (problem: CollectError): string =>
  [problem.source, ...problem.parameters, problem.code, problem.message].join('\0');

/** The drafts of one collection: each is made once, however many tables ask for its rows. */
export class Drafts {
  readonly backend: Backend;
  readonly reader: SourceReader;
  readonly #drafts = new Map<string, Promise<Draft>>();

  constructor(backend: Backend, reader: SourceReader) {
    this.backend = backend;
    this.reader = reader;
  }

  of(table: Table): Promise<Draft> {
    const known = this.#drafts.get(table.name);
    if (known !== undefined) return known;
    const drafting = new TableContext(table, this).draft();
    drafting.catch(() => {});
    this.#drafts.set(table.name, drafting);
    return drafting;
  }
}

/** What one table may ask. Whatever it asks and says is noted for its draft. */
class TableContext implements Context {
  readonly #table: Table;
  readonly #drafts: Drafts;
  readonly #reader: SourceReader;
  readonly #problems = new Map<string, CollectError>();
  readonly #ofItems = new Set<string>();
  readonly #skips = new Map<SourceName, string>();
  readonly #inapplicable = new Map<string, string>();
  readonly #leftOut = new Set<string>();
  readonly #argvs = new Set<string>();
  #unsupported: string | null = null;
  readonly euid: number | null;
  readonly include: ReadonlySet<string>;

  constructor(table: Table, drafts: Drafts) {
    this.#table = table;
    this.#drafts = drafts;
    this.#reader = drafts.reader;
    // A file holds all of a record: nothing is left out of it, as dscl leaves out for others than root.
    this.euid = drafts.backend.origin === 'volume' ? 0 : drafts.backend.euid;
    this.include = drafts.reader.include;
  }

  async draft(): Promise<Draft> {
    let rows: readonly AnyRow[] = [];
    let failure: Draft['failure'] = null;
    const dropped = this.#notKept();
    try {
      const { name, keptSince } = this.#table;
      if (keptSince !== undefined && this.#isReducedBefore(keptSince)) throw notKept(name, keptSince);
      rows = ((await this.#table.generate?.(this)) ?? []) as readonly AnyRow[];
    } catch (error) {
      if (!(error instanceof CollectError) && !(error instanceof NotAsked)) throw error;
      failure = error;
      if (error instanceof CollectError) this.note(error);
    }
    const unknown = Object.fromEntries([...dropped.keys()].map((column) => [column, null]));
    return {
      rows: dropped.size === 0 ? rows : rows.map((row) => ({ ...row, ...unknown })),
      failure,
      notKept: dropped,
      problems: [...this.#problems.values()],
      ofItems: this.#ofItems,
      skips: this.#skips,
      inapplicable: this.#inapplicable,
      leftOut: this.#leftOut,
      unsupported: this.#unsupported,
      argvs: this.#argvs,
    };
  }

  #isReducedBefore(version: string): boolean {
    const { allowList } = this.#drafts.backend;
    return allowList !== undefined && isBefore(allowList, version);
  }

  #notKept(): ReadonlyMap<string, string> {
    return new Map(
      Object.entries(this.#table.columns).flatMap(([name, { keptSince, isOwner }]): [string, string][] => {
        if (keptSince !== undefined && this.#isReducedBefore(keptSince))
          return [[name, notKept(name, keptSince).message]];
        const isHidden = isOwner === true && this.#drafts.backend.areOwnersHidden === true;
        return isHidden ? [[name, `${name}: ${ownersHidden}`]] : [];
      }),
    );
  }

  async read<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S>> {
    this.#mustDeclare(source);
    if (isUnsafe(source, parameters[0])) throw unsafeArgument.at(source, parameters);
    this.#argvs.add(argvKey(source, parameters));
    try {
      const value = await this.#reader.read(source, parameters);
      this.#noteItems(this.#reader.problemsOf(source, parameters), source, parameters);
      return value as Parsed<S>;
    } catch (error) {
      if (error instanceof NotAsked) this.#skips.set(source, error.message);
      throw error;
    }
  }

  async said<S extends CommandName>(source: S, ...parameters: string[]): Promise<Parsed<S> | null> {
    this.#mustDeclare(source);
    this.#argvs.add(argvKey(source, parameters));
    return this.#reader.said(source, ...parameters);
  }

  isComplete(source: CommandName, ...parameters: string[]): boolean {
    return this.#reader.isComplete(source, ...parameters);
  }

  twice(source: CommandName, ...parameters: string[]): readonly Twice[] {
    return this.#reader.problemsOf(source, parameters).flatMap(({ twice }) => twice ?? []);
  }

  async readFile<S extends FileName>(source: S, path: string): Promise<ParsedFile<S> | null> {
    this.#mustDeclare(source);
    try {
      const value = await this.#reader.readFile(source, path);
      this.#noteItems(this.#reader.problemsOfFile(path), source);
      return value as ParsedFile<S> | null;
    } catch (error) {
      if (error instanceof NotAsked) this.#skips.set(source, error.message);
      throw error;
    }
  }

  async list(source: FolderName): Promise<readonly string[] | null> {
    this.#mustDeclare(source);
    try {
      return await this.#reader.list(source);
    } catch (error) {
      if (error instanceof NotAsked) this.#skips.set(source, error.message);
      throw error;
    }
  }

  async stat(path: string): Promise<Stat> {
    try {
      return await this.#reader.stat(path);
    } catch (error) {
      if (error instanceof NotAsked) this.#skips.set('stat', error.message);
      throw error;
    }
  }

  async readOwned<S extends OwnedName>(source: S, path: string, uid: number): Promise<Owned<ParsedFile<S>>> {
    this.#mustDeclare(source);
    try {
      const value = await this.#reader.readOwned(source, path, uid);
      this.#noteItems(this.#reader.problemsOfFile(path), source);
      return value as Owned<ParsedFile<S>>;
    } catch (error) {
      if (error instanceof NotAsked) this.#skips.set(source, error.message);
      throw error;
    }
  }

  /** What befell the other table befell this one too, where both rest on the source. */
  async rows<C extends Columns>(other: Table<C>): Promise<ReadonlyArray<Row<C>>> {
    const draft = await this.#drafts.of(other);
    for (const argv of draft.argvs) this.#argvs.add(argv);
    for (const problem of draft.problems)
      if (this.#restsOn(problem.source) && problem !== draft.failure) this.note(problem);
    for (const key of draft.ofItems) this.#ofItems.add(key);
    for (const [source, reason] of draft.skips) if (this.#restsOn(source)) this.#skips.set(source, reason);
    if (draft.failure !== null) throw draft.failure;
    return draft.rows as unknown as ReadonlyArray<Row<C>>;
  }

  async orUnknown<T>(reading: Promise<T>): Promise<T | null> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof NotAsked)) this.note(error as Error);
      return null;
    }
  }

  note(problem: Error, subject?: { source: SourceName; parameters?: readonly string[] }): void {
    if (problem instanceof NotAsked) {
      if (subject !== undefined) this.#skips.set(subject.source, problem.message);
      return;
    }
    if (!(problem instanceof CollectError)) throw problem;
    const named = subject === undefined ? problem : problem.at(subject.source, subject.parameters);
    this.#problems.set(problemKey(named), named);
  }

  inapplicable(columns: readonly string[], reason: string): void {
    for (const column of columns) this.#inapplicable.set(column, reason);
  }

  leaveOut(columns: readonly string[]): void {
    for (const column of columns) this.#leftOut.add(column);
  }

  unsupported(reason: string): void {
    this.#unsupported = reason;
  }

  commandId(source: CommandName, ...parameters: string[]): string | null {
    const argv = argvOf(source, parameters);
    return this.#drafts.backend.origin === 'volume' ? null : commandIdOf(argv);
  }

  #restsOn(source: string | null): boolean {
    return source === null || this.#table.sources.includes(source as SourceName);
  }

  #mustDeclare(source: SourceName): void {
    if (!this.#restsOn(source)) throw new Error(`${this.#table.name} does not declare ${source}`);
  }

  #noteItems(items: readonly CollectError[], source: SourceName, parameters: readonly string[] = []): void {
    for (const problem of items) {
      this.note(problem, { source, parameters });
      this.#ofItems.add(problemKey(problem.at(source, parameters)));
    }
  }
}
