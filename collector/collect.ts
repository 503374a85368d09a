import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { sortRows, violations } from './validate.ts';
import { doubtsOf, restsOn, untoldColumns } from './doubts.ts';
import type { Failure } from './doubts.ts';
import { objectionTo } from './contradictions.ts';
import type { Beside } from './contradictions.ts';
import { CollectError, NotAsked, parseFailed } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import type { Backend, Output, Stat } from './backends/backend.ts';
import type { Answer } from './answer.ts';
import { fileParserOf, parserOf } from './parsing.ts';
import type { Parsed } from './parsing.ts';
import { decodeOutput, sanitizeFile, sanitizeOutput } from './sanitize.ts';
import {
  argvOf,
  commandNames,
  commands as commandSources,
  isReadablePath,
  isStatPath,
  isUnsafe,
  laterPlaces,
} from './sources.ts';
import type { Command, CommandName, FileName, SourceName } from './sources.ts';
import type { Status } from './status.ts';
import { allColumns } from './table.ts';
import type { Columns, Context, Row, Table, Value } from './table.ts';
import type { CollectionError, CommandRun } from './report.ts';
import type { Collection, TableResult } from './collection.ts';

type AnyRow = Readonly<Record<string, Value>>;

export interface CollectOptions {
  /** Processes at once; by default the number of cores, at least 4. */
  readonly concurrency?: number;
  /** Lets sources run that may ask a server. */
  readonly allowNetwork?: boolean;
  /** Personal or identifying facts that are off by default: `serial_number`, `organization`. */
  readonly include?: ReadonlySet<string>;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** The same argv has the same id on every Mac and in every snapshot, so that rows do not change with it. */
export const commandIdOf = (argv: readonly string[]): string => `c${sha256(argv.join('\0')).slice(0, 10)}`;

const statusOfCode = (code: ErrorCode): Status => {
  switch (code) {
    case 'permission_denied':
    case 'full_disk_access_required':
      return 'denied';
    case 'unsupported_macos':
      return 'unsupported';
    case 'not_recorded':
      return 'not_recorded';
    default:
      return 'failed';
  }
};

const failureOf = (output: Output, source: CommandName): CollectError | null => {
  const { argv, timeoutSeconds }: Command = commandSources[source];
  const name = (argv[0] ?? '').split('/').at(-1);
  switch (output.outcome) {
    case 'exited':
      return null;
    case 'timed_out':
      return new CollectError(
        'source_timed_out',
        `${name} did not end within ${timeoutSeconds ?? 15} s and was stopped`,
      );
    case 'too_large':
      return new CollectError('output_too_large', `${name} printed more than 64 MiB and was stopped`);
    case 'missing':
      return new CollectError('source_missing', `${argv[0]} is not on this Mac`);
    case 'denied':
      return new CollectError('permission_denied', `${argv[0]} may not be run`);
    case 'not_started':
      return new CollectError('source_failed', `${name} could not be started`, {
        hint: 'the Mac may be out of processes, files or memory: try again',
      });
    case 'signalled':
      return new CollectError('source_failed', `${name} was ended by ${output.signal ?? 'a signal'}`, {
        hint: 'try again; if it repeats, run the command of command_log by hand',
      });
  }
};

/** Where evidence does not name a file: lost, or never looked at by the version that recorded it. */
const unnamedFile = (path: string, backend: Backend): CollectError | NotAsked => {
  const since = Object.hasOwn(laterPlaces, path) ? laterPlaces[path] : undefined;
  if (since === undefined || backend.origin !== 'evidence') return notRecorded(path, backend);
  return new NotAsked(
    `${path} was not looked at: the evidence does not name it, as before tokenquery ${since}`,
  );
};

const notRecorded = (what: string, { origin }: Backend): CollectError =>
  new CollectError('not_recorded', `${what} is not recorded`, {
    hint: origin === 'volume' ? 'a volume cannot say it: ask the running Mac' : '',
  });

/** What is told one by one of an answer in which much is odd. */
const maxTold = 50;
const tell = (told: CollectError[], problem: CollectError, source: SourceName): void => {
  if (told.length < maxTold) told.push(problem);
  else if (told.length === maxTold)
    told.push(parseFailed(`${source}: more than ${maxTold} items cannot be read`));
};

/** Reads each source at most once, and remembers what came of it. */
const sourceReader = (backend: Backend, options: CollectOptions) => {
  const include = options.include ?? new Set<string>();
  const limit = pLimit(options.concurrency ?? Math.max(4, availableParallelism()));
  const outputs = new Map<string, Promise<Output>>();
  const values = new Map<string, Promise<unknown>>();
  const problems = new Map<string, readonly CollectError[]>();
  /** Answers of which a record is left out: what they lack may exist. */
  const incomplete = new Set<string>();
  const finished: CommandRun[] = [];

  const once = <T>(key: string, start: () => Promise<T>): Promise<T> => {
    const known = values.get(key);
    if (known !== undefined) return known as Promise<T>;
    const pending = start();
    pending.catch(() => {});
    values.set(key, pending);
    return pending;
  };

  const outputOf = (source: CommandName, argv: readonly string[]): Promise<Output> => {
    const key = argv.join('\0');
    const known = outputs.get(key);
    if (known !== undefined) return known;
    const running = limit(async (): Promise<Output> => {
      const found = await backend.run(source, argv);
      if (found === null) throw notRecorded(argv.join(' '), backend);
      const output = await sanitizeOutput(source, found, include);
      if (output.isSpawned)
        finished.push({
          commandId: commandIdOf(argv),
          source,
          argv,
          output,
          stdoutSha256: sha256(output.stdout),
          stderrSha256: sha256(output.stderr),
        });
      return output;
    });
    outputs.set(key, running);
    return running;
  };

  // Of evidence, nobody was asked either when nothing is recorded: that is no gap in it.
  const isLeftAlone = async (source: CommandName, parameters: readonly string[]): Promise<boolean> =>
    backend.origin === 'live'
      ? options.allowNetwork !== true
      : (await backend.run(source, argvOf(source, parameters))) === null;

  /** The answer as it came. */
  const hear = (source: CommandName, parameters: readonly string[]): Promise<unknown> =>
    once(`run\0${source}\0${parameters.join('\0')}`, async () => {
      try {
        const { network }: Command = commandSources[source];
        if (network && (await isLeftAlone(source, parameters))) {
          throw new NotAsked(
            `${source} was not asked: it may use the network (--allow-network, on the Mac itself)`,
          );
        }
        const output = await outputOf(source, argvOf(source, parameters));
        const failure = failureOf(output, source);
        if (failure !== null) throw failure;
        const argv = argvOf(source, parameters).join('\0');
        const found = [...(output.problems ?? [])];
        problems.set(argv, found);
        if (found.length > 0) incomplete.add(argv);
        const stdout = decodeOutput(output.stdout);
        // Of a property list, what a framework says beside it on stderr is no part.
        const stderr = decodeOutput(output.stderr) ?? (stdout?.includes('<plist') === true ? '' : null);
        if (stdout === null || stderr === null) {
          throw new CollectError('parse_failed', 'the output is not UTF-8');
        }
        const { exitCode } = output;
        if (exitCode === null) throw new Error(`${source} exited and has no exit code`);
        const parse = await parserOf(source);
        const answer: Answer = { stdout, stderr, exitCode, euid: backend.euid };
        return parse(answer, (problem, costs = 'record') => {
          if (costs === 'record') incomplete.add(argv);
          tell(found, problem.costing(costs), source);
        });
      } catch (error) {
        throw error instanceof CollectError ? error.at(source, parameters) : error;
      }
    });

  /** What an answer that was read leaves out. */
  const problemsOf = (source: CommandName, parameters: readonly string[]): readonly CollectError[] =>
    problems.get(argvOf(source, parameters).join('\0')) ?? [];
  const isComplete = (source: CommandName, parameters: readonly string[]): boolean =>
    !incomplete.has(argvOf(source, parameters).join('\0'));
  const problemsOfFile = (path: string): readonly CollectError[] => problems.get(`file\0${path}`) ?? [];

  const beside: Beside = {
    said: async <S extends CommandName>(source: S, ...parameters: string[]) => {
      try {
        return (await hear(source, parameters)) as Parsed<S>;
      } catch (error) {
        if (error instanceof CollectError || error instanceof NotAsked) return null;
        throw error;
      }
    },
    isComplete: (source, ...parameters) => isComplete(source, parameters),
  };

  /** The answer, where the others do not contradict it. */
  const read = (source: CommandName, parameters: readonly string[]): Promise<unknown> =>
    once(`believed\0${source}\0${parameters.join('\0')}`, async () => {
      const answer = await hear(source, parameters);
      const objection = await objectionTo(source, answer, beside);
      if (objection === null) return answer;
      throw new CollectError('contradicted', objection).at(source, parameters);
    });

  const readFile = (source: FileName, path: string): Promise<unknown> =>
    once(`file\0${path}`, async () => {
      try {
        if (!isReadablePath(source, path)) throw new Error(`${source} does not name ${path}`);
        const found = await backend.readFile(path);
        if (found === null) throw unnamedFile(path, backend);
        if (found.kind === 'missing') return null;
        if (found.kind === 'denied') {
          throw backend.euid === 0
            ? new CollectError('full_disk_access_required', `${path} may not be read, not even by root`)
            : new CollectError('permission_denied', `${path} may not be read`);
        }
        const odd: CollectError[] = [];
        problems.set(`file\0${path}`, odd);
        const parse = await fileParserOf(source);
        return parse(await sanitizeFile(source, found.bytes), (problem, costs = 'record') =>
          tell(odd, problem.costing(costs), source),
        );
      } catch (error) {
        throw error instanceof CollectError ? error.at(source) : error;
      }
    });

  const look = async (path: string): Promise<Stat> => {
    if (!isStatPath(path))
      throw new CollectError('row_invalid', 'a path with a control character or ".." is not looked at');
    const found = await backend.stat(path);
    if (found === null) throw notRecorded(path, backend);
    if (found.kind === 'denied') {
      throw backend.euid === 0
        ? new CollectError('full_disk_access_required', `${path} may not be looked at, not even by root`)
        : new CollectError('permission_denied', `${path} may not be looked at`);
    }
    return found;
  };

  const stat = (path: string): Promise<Stat> =>
    once(`stat\0${path}`, async () => {
      try {
        return await look(path);
      } catch (error) {
        throw error instanceof CollectError ? error.at('stat') : error;
      }
    });

  return {
    read,
    said: beside.said,
    problemsOf,
    problemsOfFile,
    isComplete,
    readFile,
    stat,
    finished,
    include,
  };
};

type Reader = ReturnType<typeof sourceReader>;

const unsafeArgument = new CollectError(
  'row_invalid',
  'a name that could be taken for an option or a path is never put on an argv',
  { hint: 'look at the account by hand' },
);

interface Draft {
  readonly rows: readonly AnyRow[];
  /** What made the table fail as a whole. */
  readonly failure: CollectError | NotAsked | null;
  readonly problems: readonly CollectError[];
  /** Keys of those that came of one item of an answer that was read. */
  readonly ofItems: ReadonlySet<string>;
  readonly skips: ReadonlyMap<SourceName, string>;
  readonly inapplicable: ReadonlyMap<string, string>;
  /** Why what the table tells does not exist on this Mac; null where it may. */
  readonly unsupported: string | null;
  readonly argvs: ReadonlySet<string>;
}

const problemKey = (problem: CollectError): string =>
  [problem.source, ...problem.parameters, problem.code, problem.message].join('\0');

const draftTables = (backend: Backend, reader: Reader) => {
  const drafts = new Map<string, Promise<Draft>>();

  const draftOf = (table: Table): Promise<Draft> => {
    const known = drafts.get(table.name);
    if (known !== undefined) return known;
    const drafting = draft(table);
    drafting.catch(() => {});
    drafts.set(table.name, drafting);
    return drafting;
  };

  const draft = async (table: Table): Promise<Draft> => {
    const problems = new Map<string, CollectError>();
    const ofItems = new Set<string>();
    const skips = new Map<SourceName, string>();
    const inapplicable = new Map<string, string>();
    let unsupported: string | null = null;
    const argvs = new Set<string>();
    const isMine = (source: string | null): boolean =>
      source === null || table.sources.includes(source as SourceName);

    const note: Context['note'] = (problem, subject) => {
      if (problem instanceof NotAsked) {
        if (subject !== undefined) skips.set(subject.source, problem.message);
        return;
      }
      if (!(problem instanceof CollectError)) throw problem;
      const named = subject === undefined ? problem : problem.at(subject.source, subject.parameters);
      problems.set(problemKey(named), named);
    };
    const noteItems = (
      items: readonly CollectError[],
      source: SourceName,
      parameters: readonly string[] = [],
    ) => {
      for (const problem of items) {
        note(problem, { source, parameters });
        ofItems.add(problemKey(problem.at(source, parameters)));
      }
    };
    const using = (source: CommandName, parameters: readonly string[]): void => {
      argvs.add(argvOf(source, parameters).join('\0'));
    };

    const context: Context = {
      read: async (source, ...parameters) => {
        if (!isMine(source)) throw new Error(`${table.name} does not declare ${source}`);
        if (isUnsafe(source, parameters[0])) throw unsafeArgument.at(source, parameters);
        using(source, parameters);
        try {
          const value = await reader.read(source, parameters);
          noteItems(reader.problemsOf(source, parameters), source, parameters);
          return value as never;
        } catch (error) {
          if (error instanceof NotAsked) skips.set(source, error.message);
          throw error;
        }
      },
      said: async (source, ...parameters) => {
        if (!isMine(source)) throw new Error(`${table.name} does not declare ${source}`);
        using(source, parameters);
        return reader.said(source, ...parameters);
      },
      isComplete: (source, ...parameters) => reader.isComplete(source, parameters),
      twice: (source, ...parameters) =>
        reader.problemsOf(source, parameters).flatMap(({ twice }) => twice ?? []),
      readFile: async (source, path) => {
        if (!isMine(source)) throw new Error(`${table.name} does not declare ${source}`);
        const value = await reader.readFile(source, path);
        noteItems(reader.problemsOfFile(path), source);
        return value as never;
      },
      stat: (path) => reader.stat(path),
      rows: async <C extends Columns>(other: Table<C>) => {
        const drafted = await draftOf(other as unknown as Table);
        for (const argv of drafted.argvs) argvs.add(argv);
        for (const problem of drafted.problems)
          if (isMine(problem.source) && problem !== drafted.failure) note(problem);
        for (const key of drafted.ofItems) ofItems.add(key);
        for (const [source, reason] of drafted.skips) if (isMine(source)) skips.set(source, reason);
        if (drafted.failure !== null) throw drafted.failure;
        return drafted.rows as unknown as ReadonlyArray<Row<C>>;
      },
      orUnknown: async (pending) => {
        try {
          return await pending;
        } catch (error) {
          if (error instanceof NotAsked) return null;
          note(error as Error);
          return null;
        }
      },
      note,
      inapplicable: (columns, reason) => {
        for (const column of columns) inapplicable.set(column, reason);
      },
      unsupported: (reason) => {
        unsupported = reason;
      },
      commandId: (source, ...parameters) => {
        const argv = argvOf(source, parameters);
        return backend.origin === 'volume' ? null : commandIdOf(argv);
      },
      // A file holds all of a record: nothing is left out of it, as dscl leaves out for others than root.
      euid: backend.origin === 'volume' ? 0 : backend.euid,
      include: reader.include,
    };

    let rows: readonly AnyRow[] = [];
    let failure: Draft['failure'] = null;
    try {
      rows = ((await table.generate?.(context)) ?? []) as readonly AnyRow[];
    } catch (error) {
      if (!(error instanceof CollectError) && !(error instanceof NotAsked)) throw error;
      failure = error;
      if (error instanceof CollectError) note(error);
    }
    return {
      rows,
      failure,
      problems: [...problems.values()],
      ofItems,
      skips,
      inapplicable,
      unsupported,
      argvs,
    };
  };

  return draftOf;
};

const sourceOrder = (source: string | null): number => {
  const index = commandNames.indexOf(source as CommandName);
  return index === -1 ? commandNames.length : index;
};

const sortProblems = (problems: readonly CollectError[]): CollectError[] =>
  problems.toSorted((a, b) => {
    const order = sourceOrder(a.source) - sourceOrder(b.source);
    if (order !== 0) return order;
    return problemKey(a) < problemKey(b) ? -1 : 1;
  });

/** Rows that may be shown: what a table may not say is set to NULL and noted. */
const checkRows = (table: Table, drafted: readonly AnyRow[], hostId: string | null) => {
  const problems: CollectError[] = [];
  const rows: AnyRow[] = [];
  for (const row of drafted) {
    const full: AnyRow = { ...row, host_id: hostId };
    const found = violations(table, full);
    if (found.length === 0) rows.push(full);
    else problems.push(new CollectError('row_invalid', `a row was left out: ${found.join(', ')}`));
  }
  return { rows: sortRows(table, rows), problems };
};

const affectedColumns = (
  table: Table,
  rows: readonly AnyRow[],
  sources: ReadonlySet<string | null>,
  inapplicable: ReadonlyMap<string, string>,
): string[] =>
  allColumns(table)
    .filter(([name, column]) => {
      if (name === 'host_id' || inapplicable.has(name)) return false;
      const from = column.from ?? table.sources;
      return from.some((source) => sources.has(source)) && rows.some((row) => row[name] === null);
    })
    .map(([name]) => name);

/** A value that could not be read is nothing to a table that has none of it. */
const isFelt = (
  table: Table,
  rows: readonly AnyRow[],
  { costs, source }: CollectError,
  inapplicable: ReadonlyMap<string, string>,
): boolean => costs !== 'value' || affectedColumns(table, rows, new Set([source]), inapplicable).length > 0;

const plain = (count: number): string => (count === 0 ? '' : ` (and ${count} more, see collection_errors)`);

type Outcome = Pick<TableResult, 'rows' | 'status' | 'code' | 'reason' | 'columnsAffected' | 'failedSources'>;

/** What came of a table that failed as a whole, or was not asked for. */
const failed = (failure: CollectError | NotAsked, rows: readonly AnyRow[]): Outcome => {
  const { message: reason } = failure;
  if (failure instanceof NotAsked)
    return { rows, status: 'skipped', code: null, reason, columnsAffected: null };
  const { code } = failure;
  return { rows: [], status: statusOfCode(code), code, reason, columnsAffected: null };
};

/** Columns that are NULL though nothing failed, and why. */
const unfilled = (table: Table, rows: readonly AnyRow[], { skips, inapplicable }: Draft) => {
  const leftOut = allColumns(table).filter(
    ([name, column]) =>
      column.nullBecause !== undefined && !inapplicable.has(name) && rows.some((row) => row[name] === null),
  );
  const skipped = affectedColumns(table, rows, new Set(skips.keys()), inapplicable);
  const untold = untoldColumns({ table, rows, inapplicable }).filter((name) => !skipped.includes(name));
  const reasons = [
    ...[...skips]
      .filter(([source]) => skipped.length > 0 || restsOn({ table, rows, inapplicable }, source))
      .map(([, reason]) => reason),
    ...leftOut.map(([name, column]) => `${name}: ${column.nullBecause}`),
    ...Array.from(inapplicable, ([name, reason]) => `${name}: ${reason}`),
    ...untold.map((name) => `${name}: not told of every row`),
  ];
  return {
    columns: [...skipped, ...leftOut.map(([name]) => name), ...untold],
    reasons: [...new Set(reasons)],
  };
};

const outcomeOf = (
  table: Table,
  drafted: Draft,
  rows: readonly AnyRow[],
  problems: readonly CollectError[],
  isAnyInvalid: boolean,
): Outcome => {
  const { failure, inapplicable, unsupported } = drafted;
  if (failure !== null) return failed(failure, rows);
  const sources = new Set(problems.map((problem) => problem.source));
  const { columns, reasons } = unfilled(table, rows, drafted);
  const columnsAffected = [...new Set([...affectedColumns(table, rows, sources, inapplicable), ...columns])];
  if (unsupported !== null)
    return { rows, status: 'unsupported', code: 'unsupported_macos', reason: unsupported, columnsAffected };
  const [first] = problems;
  if (first === undefined) {
    const reason = reasons.length === 0 ? null : reasons.join('; ');
    return { rows, status: rows.length === 0 ? 'empty' : 'ok', code: null, reason, columnsAffected };
  }
  return {
    rows,
    status: 'partial',
    code: first.code,
    reason: `${first.message}${plain(problems.length - 1)}`,
    // Of a row that was left out every column is missing.
    columnsAffected: rows.length === 0 || isAnyInvalid ? null : columnsAffected,
    failedSources: [...sources].map((source) => source ?? 'row').toSorted(),
  };
};

const finish = (
  table: Table,
  drafted: Draft,
  hostId: string | null,
  durations: ReadonlyMap<string, number | null>,
): { readonly result: TableResult; readonly problems: readonly CollectError[] } => {
  const { rows, problems: invalid } = checkRows(table, drafted.rows, hostId);
  const { inapplicable, ofItems, argvs } = drafted;
  const problems = [
    ...sortProblems(drafted.problems).filter((problem) => isFelt(table, rows, problem, inapplicable)),
    ...invalid,
  ];
  const known = [...argvs].map((argv) => durations.get(argv) ?? null).filter((ms) => ms !== null);
  const durationMs = known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0);
  const outcome = outcomeOf(table, drafted, rows, problems, invalid.length > 0);
  const failures = problems.map((problem): Failure => ({
    problem,
    isOfItem: ofItems.has(problemKey(problem)),
  }));
  const looked = { table, rows: outcome.rows, inapplicable };
  const result = { table, durationMs, ...outcome, doubts: doubtsOf(looked, outcome.status, failures) };
  return { result, problems };
};

/** Null where no process can have been started: a file, a volume, a name that is never put on an argv. */
const failedCommandId = (
  backend: Backend,
  source: string | null,
  parameters: readonly string[],
): string | null => {
  if (source === null || !(source in commandSources) || backend.origin === 'volume') return null;
  const name = source as CommandName;
  const { parameter }: Command = commandSources[name];
  const isComplete =
    parameter === undefined
      ? parameters.length === 0
      : parameters.length === 1 && parameter.isAllowed(parameters[0] ?? '');
  return isComplete ? commandIdOf(argvOf(name, parameters)) : null;
};

/** The host that the evidence speaks of: what ioreg says now, or what the evidence says of itself. */
const readHostId = async (backend: Backend, reader: Reader): Promise<string | null> => {
  try {
    const { uuid } = (await reader.read('ioreg_platform', [])) as { readonly uuid: string | null };
    return uuid ?? backend.hostId;
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    return backend.hostId;
  }
};

/**
 * Collects tables of one host. A source that fails makes only what rests on it unknown, and says so
 * in the status of each table; nothing is thrown but faults of this program.
 */
export const collect = async (
  tables: readonly Table[],
  backend: Backend,
  options: CollectOptions = {},
): Promise<Collection> => {
  const reader = sourceReader(backend, options);
  const draftOf = draftTables(backend, reader);
  const generated = tables.filter((table) => table.generate !== undefined);
  const [hostId, ...drafts] = await Promise.all([
    readHostId(backend, reader),
    ...generated.map((table) => draftOf(table)),
  ]);
  const durations = new Map(
    reader.finished.map(({ argv, output }) => [argv.join('\0'), output.durationMs] as const),
  );

  const results: TableResult[] = [];
  const errors: CollectionError[] = [];
  for (const [index, table] of generated.entries()) {
    const { result, problems } = finish(table, drafts[index] as Draft, hostId, durations);
    results.push(result);
    for (const { code, message, hint, source, parameters } of problems) {
      const commandId = code === 'not_recorded' ? null : failedCommandId(backend, source, parameters);
      errors.push({ tableName: table.name, commandId, code, message, hint });
    }
  }
  const commands = reader.finished.toSorted(
    (a, b) =>
      sourceOrder(a.source) - sourceOrder(b.source) || (a.argv.join('\0') < b.argv.join('\0') ? -1 : 1),
  );
  return { backend, hostId, results, errors, commands };
};
