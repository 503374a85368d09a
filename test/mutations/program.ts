/** All that the mutation test knows of the program: from a bundle to its tables, their status and the verdicts. */
import { names } from '../../cli/names.ts';
import type { Backend, Output, PathStat } from '../../collector/backends/backend.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { commands, files, sourceOf } from '../../collector/sources.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { queries as library } from '../../queries/index.ts';
import type { Query } from '../../queries/query.ts';
import type { Db } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import { loadRows, openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import type { Bundle, Run } from './bundle.ts';

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

export interface Verdict {
  readonly verdict: 'hit' | 'clean' | 'unknown' | 'not_asked' | 'suppressed';
  /** The facts of each hit, with its subject. */
  readonly hits: readonly Row[];
  /** Something of the query could not be collected. */
  readonly isBlind: boolean;
}

/** What the program answers of one Mac. */
export interface Answers {
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  /** The row of table_status, by table. */
  readonly status: ReadonlyMap<string, Row>;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** The commands, files and paths that were asked for: nothing else can matter. */
  readonly asked: ReadonlySet<string>;
}

/** The columns that tell the rows of a table apart, in the order of their weight. */
export const keyOf: ReadonlyMap<string, readonly string[]> = new Map(
  tables.map(({ name, key }) => [name, key]),
);

/** The source of an argv, by its name in sources.ts. */
export const sourceNameOf = (argv: readonly string[]): string => sourceOf(argv) ?? 'none';

// --- The Mac ---

const words: Readonly<Record<string, Output['outcome']>> = {
  timeout: 'timed_out',
  missing: 'missing',
  denied: 'denied',
  output_too_large: 'too_large',
  not_started: 'not_started',
};

const outputOf = ({ exit, stdout, stderr }: Run): Output => {
  const signal = exit.startsWith('signal:') ? exit.slice('signal:'.length) : null;
  const outcome = signal === null ? (words[exit] ?? 'exited') : 'signalled';
  return {
    outcome,
    exitCode: outcome === 'exited' ? Number(exit) : null,
    signal,
    stdout,
    stderr,
    startedTime: null,
    durationMs: null,
    isSpawned: !['missing', 'denied', 'not_started'].includes(outcome),
  };
};

const lookOf = (said: string | undefined): PathStat | null => {
  const [kind, mode = '', uid, size, mtime] = (said ?? '').split('\t');
  if (kind === 'missing' || kind === 'denied') return { kind };
  if (kind !== 'file' && kind !== 'dir') return null;
  return { kind, mode: Number.parseInt(mode, 8), uid: Number(uid), size: Number(size), mtime: Number(mtime) };
};

/** As an evidence bundle of these bytes on a disk would answer. */
const backendOf = (bundle: Bundle, asked: Set<string>): Backend => ({
  origin: 'evidence',
  label: bundle.name,
  capturedTime: bundle.capturedTime,
  euid: bundle.euid,
  hostId: bundle.hostId,
  run: async (_source, argv) => {
    asked.add(argv.join(' '));
    const run = bundle.runs.get(argv.join(' '));
    return run === undefined ? null : outputOf(run);
  },
  readFile: async (path) => {
    asked.add(path);
    const bytes = bundle.files.get(path);
    if (bytes !== undefined) return { kind: 'content', bytes };
    const look = lookOf(bundle.stats.get(path));
    return look?.kind === 'missing' || look?.kind === 'denied' ? { kind: look.kind } : null;
  },
  stat: async (path) => {
    asked.add(path);
    return lookOf(bundle.stats.get(path));
  },
});

// --- Remembering, which makes the test four times as fast and changes no answer ---

type Reading = (input: never) => unknown;
/** Few, so that mutated outputs fill no memory: the unmutated ones come first. */
const mostRemembered = 24;
const memories: Map<string, () => unknown>[] = [];

const remembering = (read: Reading): Reading => {
  const known = new Map<string, () => unknown>();
  memories.push(known);
  return (input: never) => {
    const key =
      typeof input === 'string'
        ? input
        : (input as unknown) instanceof Uint8Array
          ? Buffer.from(input).toString('latin1')
          : JSON.stringify(input);
    const before = known.get(key);
    if (before !== undefined) return before();
    let answer: () => unknown;
    try {
      const value = read(input);
      answer = () => value;
    } catch (error) {
      answer = () => {
        throw error;
      };
    }
    if (known.size < mostRemembered) known.set(key, answer);
    return answer();
  };
};

interface Replaceable {
  parser: () => Promise<Reading>;
  sanitizer?: (include: unknown) => Promise<Reading>;
}
for (const source of [...Object.values(commands), ...Object.values(files)] as unknown as Replaceable[]) {
  const { parser, sanitizer } = source;
  let parse: Reading | undefined;
  source.parser = async () => (parse ??= remembering(await parser()));
  if (sanitizer !== undefined) {
    let sanitize: Reading | undefined;
    // Nothing is included that is off by default, so one memory serves every call.
    source.sanitizer = async (include) => (sanitize ??= remembering(await sanitizer(include)));
  }
}

// --- Verdicts ---

/** The queries on the state of one Mac. How a collection went is no fact of the Mac. */
const queries = library.filter(
  ({ needsHistory, isOfFleet, leastHosts, group }) =>
    !needsHistory && !isOfFleet && leastHosts === 0 && group !== 'trust',
);

const readBy = (query: Query): readonly string[] => {
  const text = JSON.stringify([query.sql, query.requires, query.alsoReads, query.applies, 'hosts']);
  return tables.map(({ name }) => name).filter((name) => new RegExp(`\\b${name}\\b`).test(text));
};
const tablesOf = new Map(queries.map((query) => [query, readBy(query)]));

/** The tables in memory, of which each statement is prepared once. */
const openDb = (): Db => {
  const db = openMemory(tables);
  const prepare = db.prepare.bind(db);
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const remembered = (sql: string): ReturnType<typeof prepare> => {
    const statement = prepared.get(sql) ?? prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
  return Object.assign(db, { prepare: remembered as typeof db.prepare });
};

/** Answers collections of one Mac after another; only what differs from the one before is done again. */
export class Program {
  private readonly db: Db = openDb();
  private readonly loaded = new Map<string, string>();
  private readonly evaluated = new Map<string, Verdict>();

  async answer(bundle: Bundle): Promise<Answers> {
    const asked = new Set<string>();
    return this.answerFrom(backendOf(bundle, asked), asked);
  }

  /** @param asked What the backend adds to while it is asked. */
  async answerFrom(backend: Backend, asked: ReadonlySet<string> = new Set()): Promise<Answers> {
    const collection = await collect(tables, backend);
    const rows = new Map<string, readonly Row[]>();
    for (const table of tables) rows.set(table.name, this.rowsOf(table.name, collection));
    const status = new Map((rows.get('table_status') ?? []).map((row) => [String(row['table_name']), row]));
    return { rows, status, verdicts: this.evaluate(backend, rows, status), asked };
  }

  /** Forgets one Mac before the next. */
  forget(): void {
    this.evaluated.clear();
    for (const memory of memories) memory.clear();
  }

  private rowsOf(name: string, collection: Collection): readonly Row[] {
    const table = tables.find((each) => each.name === name);
    const found =
      table?.report === undefined
        ? (collection.results.find((result) => result.table.name === name)?.rows ?? [])
        : (table.report(collection) as readonly Row[]);
    return found.map((row) => ({ ...row, host_id: collection.hostId }));
  }

  private evaluate(
    { capturedTime: now }: Backend,
    rows: ReadonlyMap<string, readonly Row[]>,
    status: ReadonlyMap<string, Row>,
  ): ReadonlyMap<string, Verdict> {
    const prints = new Map(
      [...rows].map(([name, own]) => [name, JSON.stringify([own, status.get(name) ?? null])]),
    );
    const keyOfQuery = (query: Query): string =>
      [query.name, ...(tablesOf.get(query) ?? []).map((name) => prints.get(name))].join('\n');
    const open = queries.filter((query) => !this.evaluated.has(keyOfQuery(query)));
    if (open.length > 0) this.load(rows, prints);
    for (const { query, verdicts, hits, blindSpots } of evaluate(this.db, open, { now, names, tables })) {
      const [verdict] = verdicts.values();
      this.evaluated.set(keyOfQuery(query), {
        verdict: verdict ?? 'unknown',
        hits: hits.map(({ subject, facts }) => ({ subject, ...facts })),
        isBlind: blindSpots.size > 0,
      });
    }
    return new Map(queries.map((query) => [query.name, this.evaluated.get(keyOfQuery(query)) as Verdict]));
  }

  private load(
    rows: ReadonlyMap<string, readonly Row[]>,
    prints: ReadonlyMap<string, string | undefined>,
  ): void {
    for (const table of tables) {
      const print = prints.get(table.name) ?? '';
      if (this.loaded.get(table.name) === print) continue;
      this.db.exec(`DELETE FROM ${quoteName(table.name)}`);
      loadRows(this.db, table, rows.get(table.name) ?? []);
      this.loaded.set(table.name, print);
    }
  }
}
