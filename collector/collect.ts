/** Tables of one host, from its sources to rows and their status. */
import type { Backend } from './backends/backend.ts';
import type { Collection, TableResult } from './collection.ts';
import { CollectError } from './errors.ts';
import type { CollectionError, CommandRun } from './report.ts';
import { SourceReader, commandIdOf } from './source_reader.ts';
import type { CollectOptions } from './source_reader.ts';
import { argvOf, commands as commandSources } from './sources.ts';
import type { Command, CommandName } from './sources.ts';
import { dataTables } from './table.ts';
import type { Table } from './table.ts';
import { Drafts } from './table_draft.ts';
import type { Draft } from './table_draft.ts';
import { resultOf, sourceOrder } from './table_result.ts';
import { lastTimeOf } from './time.ts';

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
const readHostId = async (backend: Backend, reader: SourceReader): Promise<string | null> => {
  try {
    const { uuid } = (await reader.read('ioreg_platform', [])) as { readonly uuid: string | null };
    return uuid ?? backend.hostId;
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    return backend.hostId;
  }
};

const errorsOf = (
  { name }: Table,
  problems: readonly CollectError[],
  backend: Backend,
): readonly CollectionError[] =>
  problems.map(({ code, message, hint, source, parameters }) => {
    const commandId = code === 'not_recorded' ? null : failedCommandId(backend, source, parameters);
    return { tableName: name, commandId, code, message, hint };
  });

/** In the order of the list, so that what ended first makes no difference. */
const sortRuns = (runs: readonly CommandRun[]): readonly CommandRun[] =>
  runs.toSorted(
    (a, b) =>
      sourceOrder(a.source) - sourceOrder(b.source) || (a.argv.join('\0') < b.argv.join('\0') ? -1 : 1),
  );

/**
 * Collects tables of one host. A source that fails makes only what rests on it unknown, and says so
 * in the status of each table; nothing is thrown but faults of this program.
 */
export const collect = async (
  tables: readonly Table[],
  backend: Backend,
  options: CollectOptions = {},
): Promise<Collection> => {
  const reader = new SourceReader(backend, options);
  const drafts = new Drafts(backend, reader);
  const generated = dataTables(tables);
  let done = 0;
  const draftOf = async (table: Table): Promise<Draft> => {
    const draft = await drafts.of(table);
    done += 1;
    options.progress?.(done, generated.length);
    return draft;
  };
  const [hostId, ...drafted] = await Promise.all([readHostId(backend, reader), ...generated.map(draftOf)]);
  const durations = new Map(
    reader.finished.map(({ argv, output }) => [argv.join('\0'), output.durationMs] as const),
  );
  const { now = backend.capturedTime } = options;
  const frame = { hostId, durations, lastTime: lastTimeOf(backend.capturedTime, now) };
  const results: TableResult[] = [];
  const errors: CollectionError[] = [];
  for (const [index, table] of generated.entries()) {
    const { result, problems } = resultOf(table, drafted[index] as Draft, frame);
    results.push(result);
    errors.push(...errorsOf(table, problems, backend));
  }
  return { backend, hostId, results, errors, commands: sortRuns(reader.finished) };
};
