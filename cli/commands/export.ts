import { availableParallelism } from 'node:os';
import { UserError } from '../../collector/errors.ts';
import { lockCursor, writeCursor } from '../../export/cursor.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import type { AnySnapshot, ExportSnapshot, TableText } from '../../export/format.ts';
import { levels } from '../../export/redact.ts';
import type { ParallelExport } from '../../export/parallel.ts';
import { leastHosts } from '../../export/thread_protocol.ts';
import { isOneRedaction } from '../../store/known_snapshots.ts';
import { readHostIds } from '../../store/reader.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { dbOption, readableStore, using } from '../database.ts';
import { alternatives } from '../checks.ts';
import { programEntry } from '../delivered.ts';
import { logOption, timeoutOption } from '../options.ts';
import { defaultKeep, outputOf, outputPath, withSignals } from '../export_output.ts';
import type { Output } from '../export_output.ts';
import { exportPlan, isOfFindings } from '../export_plan.ts';
import type { ExportPlan } from '../export_plan.ts';
import { plural } from '../../collector/plural.ts';
import { unwritableHosts } from '../../export/rows/unwritable.ts';
import { hostsOf, sourceOf } from '../export_source.ts';
import type { Source } from '../export_source.ts';
import { printNote } from '../output.ts';
import { Progress } from '../progress.ts';

/** Refuses to put rows of several levels of redaction into one export: the same user would be two. */
const levelCheck = ({ redact, mayMixLevels }: ExportPlan): ((snapshot: AnySnapshot) => void) => {
  const asked = redact?.level ?? null;
  let first: string | null = null;
  return ({ head }) => {
    // What is redacted stays so: there is nothing left from which another level could be made.
    const own = head.redaction ?? asked ?? 'none';
    first ??= own;
    const expected = asked ?? first;
    if (own === expected || mayMixLevels) return;
    const named = (level: string): string => (level === 'none' ? 'not at all' : level);
    throw new UserError(
      `the snapshots are redacted in different ways: ${named(expected)}, and ${named(own)}`,
      '--host selects hosts of one kind; --mixed-redaction exports them all the same, but they must not be joined',
    );
  };
};

/** How many files a format would make that writes one for each table. */
const fileCount = ({ what, tables: wanted }: ExportPlan): number => (isOfFindings(what) ? 1 : wanted.length);

const openOutput = (given: Arguments, plan: ExportPlan): Output =>
  outputOf(given, plan.format, plan.formatName, fileCount(plan));

/** Current rows of many hosts into a file are read in threads; null where they are not, or cannot be. */
const parallelSource = async (
  given: Arguments,
  plan: ExportPlan,
  store: Store,
): Promise<ParallelExport | null> => {
  if (plan.what !== 'current' || outputPath(given) === null) return null;
  if (plan.redact !== null || given.flag('rotate-size') || availableParallelism() < 2) return null;
  const hosts = hostsOf(plan, store);
  if ((hosts ?? readHostIds(store.db)).length < leastHosts || !isOneRedaction(store.db)) return null;
  const { ChunkMaker } = await import(/* webpackMode: "eager" */ '../../export/chunk_maker.ts');
  const { parallelExport } = await import(/* webpackMode: "eager" */ '../../export/parallel.ts');
  const task = {
    task: 'export',
    path: store.path,
    tableNames: plan.tables.map((table) => table.name),
    format: plan.formatName,
    options: plan.formatOptions,
    asOf: plan.asOf,
  } as const;
  const maker = new ChunkMaker(store, plan.tables, task);
  return parallelExport(programEntry, task, maker, () => hosts ?? readHostIds(store.db));
};

const writeParallel = async (
  given: Arguments,
  plan: ExportPlan,
  { chunks, end }: ParallelExport,
): Promise<void> => {
  try {
    const output = openOutput(given, plan);
    await withSignals(output, async () => {
      await output.begin();
      const progress = new Progress('exporting', 'bytes');
      let written = 0;
      let excess = plan.format.between?.length ?? 0;
      for await (const { table, bytes } of chunks) {
        const sink = output.sinkFor(tables.find((known) => known.name === table) ?? null);
        await sink.writeBytes?.(bytes.subarray(excess));
        excess = 0;
        written += bytes.length;
        progress.at(written, null);
      }
      progress.end();
      await output.finish();
    });
  } finally {
    end();
  }
};

/** Nothing at all is an answer too, but one that should not be taken for a command that did not work. */
const noteNothing = (given: Arguments, plan: ExportPlan, store: Store): void => {
  const hosts = (hostsOf(plan, store) ?? readHostIds(store.db)).length;
  const on = `on ${plural(hosts, 'host')}`;
  if (hosts === 0) printNote('nothing was exported: the database holds no host');
  else if (plan.what === 'findings')
    printNote(`nothing was exported: nothing was found ${on}, nor left unknown`);
  else if (plan.what === 'finding-events')
    printNote(`nothing was exported: nothing happened to findings ${on}`);
  else if (plan.what === 'changes') printNote(`nothing was exported: there is no change ${on}`);
  else {
    const rows = plan.areTablesNamed ? ` in ${given.texts('table').join(', ')}` : '';
    printNote(`nothing was exported: there are no rows${rows} ${on}; table_status tells what was looked at`);
  }
};

/** Writes a chunk; a file may end behind each that is whole lines, where the format is one of lines. */
const writeChunk = (
  output: Output,
  chunk: string | TableText,
  isOfLines: boolean,
): Promise<void> | undefined => {
  if (typeof chunk !== 'string') return output.sinkFor(chunk.table).write(chunk.text) ?? undefined;
  const sink = output.sinkFor(null);
  const writing = sink.write(chunk) ?? undefined;
  if (!isOfLines || !chunk.endsWith('\n')) return writing;
  return writing === undefined ? (sink.cut() ?? undefined) : writing.then(() => sink.cut());
};

/** @returns Whether there was anything to write. */
const writeSnapshots = async (
  output: Output,
  plan: ExportPlan,
  { snapshots, reports = null }: Source,
  hosts: number | null,
): Promise<boolean> => {
  const progress = new Progress('exporting host');
  let done = 0;
  const { format, redact } = plan;
  const { cut } = formats[plan.formatName];
  const check = levelCheck(plan);
  let isNothing = true;
  let between: string | null = null;
  for (const snapshot of snapshots) {
    progress.at(done, hosts);
    done += 1;
    check(snapshot);
    if (between !== null) await output.sinkFor(null).write(between);
    between = format.between ?? null;
    // With redaction, rows were read as cells.
    const redacted = redact === null ? snapshot : redact.apply(snapshot as ExportSnapshot);
    const told = reports === null ? redacted : reports.apply(snapshot.head, redacted as ExportSnapshot);
    for (const chunk of format.snapshot(told)) {
      isNothing = false;
      const writing = writeChunk(output, chunk, cut === 'line');
      if (writing !== undefined) await writing;
    }
    if (cut === 'snapshot') await output.sinkFor(null).cut();
  }
  progress.end();
  return !isNothing;
};

const writeInOrder = async (given: Arguments, plan: ExportPlan, store: Store): Promise<void> => {
  const { cursorPath } = plan;
  // One moment of the database, whoever writes into it meanwhile.
  store.db.exec('BEGIN');
  const source = await sourceOf(plan, store);
  const next = cursorPath === null ? null : (source.news?.next ?? null);
  if (cursorPath !== null && next !== null && source.news?.hosts.size === 0) {
    // Nothing is new: a file without rows would only push one with rows out.
    writeCursor(cursorPath, next);
    return;
  }
  const output = openOutput(given, plan);
  let isAny = false;
  await withSignals(output, async () => {
    await output.begin();
    const hosts = plan.what === 'current' ? (hostsOf(plan, store) ?? readHostIds(store.db)).length : null;
    isAny = await writeSnapshots(output, plan, source, hosts);
    await output.finish();
  });
  // Only now: what is told to be exported is on the disk.
  if (cursorPath !== null && next !== null)
    writeCursor(cursorPath, { ...next, reports: source.reports?.told ?? next.reports });
  else if (!isAny) noteNothing(given, plan, store);
};

/** Says what is left out, for no format has a way to write it; the rest goes out. */
const noteUnwritable = ({ db }: Store): void => {
  const hosts = unwritableHosts(db);
  if (hosts.length === 0) return;
  const named = hosts.slice(0, 3).map(({ hostId, collectedTime }) => `${hostId} (${collectedTime})`);
  const more = hosts.length > 3 ? ` and ${hosts.length - 3} more` : '';
  printNote(
    `left out: snapshots of ${plural(hosts.length, 'host')} with a collected_time that is no date: ${named.join(', ')}${more}`,
  );
};

const run = async (given: Arguments): Promise<number> => {
  const plan = exportPlan(given);
  return using(readableStore(given), async (store) => {
    noteUnwritable(store);
    const parallel = await parallelSource(given, plan, store);
    if (parallel !== null) {
      await writeParallel(given, plan, parallel);
      return 0;
    }
    const release = plan.cursorPath === null ? null : lockCursor(plan.cursorPath);
    try {
      await writeInOrder(given, plan, store);
      return 0;
    } finally {
      release?.();
    }
  });
};

export const exportCommand: Command = {
  name: 'export',
  usage:
    'tokenquery export --db FILE [--format FORMAT] [--current|--changes|--snapshot ID|--findings|--finding-events] [--table NAME]… [--host NAME]… [--output FILE] [--cursor FILE]',
  summary: 'Writes rows as SIEMs and data stores take them.',
  about: [
    `FORMAT is one of ${formatNames.join(', ')}. docs/siem.md shows them, and what reads them.`,
    'Every row has an identity that is the same in every format and every run: a receiver can drop repeats.',
    'With --cursor, what was exported before is left out. The cursor moves when the output is on the disk: a run that',
    'is killed repeats rows and drops none. native and ocsf then have each new snapshot whole; the others have what',
    'changed, removed rows before added ones. Of table_status and collection_errors, json, csv, ecs and hec then have what is new:',
    'all rows of a Mac where any is, else the one row of the table hosts, which says that the Mac was looked at.',
  ],
  options: {
    db: dbOption,
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: formatNames,
      noun: 'format',
      description: `${formatNames.join(', ')}; native by default.`,
    },
    ...alternatives({
      current: {
        type: 'boolean',
        description: 'The rows of each host’s last good observation of each table (the default).',
      },
      changes: {
        type: 'boolean',
        description: 'What changed; with --cursor, since the last export (and the default).',
      },
      snapshot: {
        type: 'string',
        value: 'ID',
        kind: 'snapshot',
        description: 'One snapshot, as it was taken.',
      },
      findings: {
        type: 'boolean',
        excludes: [{ option: 'table' }],
        description: 'What the queries of the library find, and where they cannot be evaluated.',
      },
      'finding-events': {
        type: 'boolean',
        excludes: [{ option: 'table' }],
        description:
          'What happened to findings, each event once: new, changed, suppressed, expired, resolved; with --cursor, since the last export.',
      },
    }),
    passes: {
      type: 'boolean',
      goesWith: { option: 'findings' },
      description: 'Also the questions that found nothing, so that shares can be told.',
    },
    overlay: {
      type: 'string',
      value: 'DIR',
      goesWith: { option: 'findings' },
      description:
        'Judge as the files of this folder say: questions that matter more or less here, or are not asked. JSON, docs/overlay.md.',
    },
    'as-of': {
      type: 'string',
      value: 'TIME',
      kind: 'time',
      excludes: [
        { option: 'changes' },
        { option: 'snapshot' },
        { option: 'finding-events' },
        { option: 'cursor' },
      ],
      description: 'With --current or --findings: what was known at that time.',
    },
    table: { type: 'string', isRepeatable: true, value: 'NAME', description: 'Only this table. Repeatable.' },
    host: {
      type: 'string',
      isRepeatable: true,
      value: 'NAME',
      description: 'Only this host: its UUID, hostname or computer_name. Repeatable.',
    },
    cursor: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      excludes: ['current', 'snapshot', 'findings'].map((option) => ({
        option,
        because: 'a cursor remembers up to where changes were exported',
      })),
      description:
        'Leave out what was exported before, and remember what is exported now. Made where it is not there.',
    },
    'repeat-status': {
      type: 'boolean',
      goesWith: { option: 'cursor' },
      excludes: [{ option: 'finding-events', because: 'it has no rows of table_status' }],
      description:
        'With --cursor: table_status, collection_errors and command_log of each Mac whole, also where nothing in them is new.',
    },
    output: {
      type: 'string',
      value: 'FILE',
      description:
        'Write into a file, whole or not at all, and not to stdout. A name in .zst or .gz is compressed.',
    },
    compress: {
      type: 'boolean',
      goesWith: { option: 'output' },
      description: 'Compress it: zstd where this Node has it, gzip else. Adds to the name.',
    },
    'rotate-size': {
      type: 'string',
      value: 'SIZE',
      kind: 'size',
      goesWith: { option: 'output' },
      description: 'Begin a new file after so much text: 25m, 500k.',
    },
    keep: {
      type: 'string',
      value: 'N',
      kind: 'count',
      least: 0,
      goesWith: { option: 'output' },
      description: `Files of earlier runs to keep, as FILE.1 and so on; ${defaultKeep} with --cursor or --rotate-size, else 0.`,
    },
    ...alternatives({
      'osquery-batch': {
        type: 'boolean',
        goesWith: { option: 'format', value: 'osquery' },
        description: 'osquery: a line for each difference, not for each row.',
      },
      'osquery-snapshot': {
        type: 'boolean',
        goesWith: { option: 'format', value: 'osquery' },
        excludes: ['changes', 'cursor'].map((option) => ({
          option,
          because: 'a snapshot line holds a whole table',
        })),
        description: 'osquery: a line for each whole table.',
      },
    }),
    'osquery-escape': {
      type: 'boolean',
      goesWith: { option: 'format', value: 'osquery' },
      description:
        'osquery: bytes that are not printable ASCII as \\xNN, as osqueryd has them. It cannot be undone.',
    },
    numerics: {
      type: 'boolean',
      goesWith: { option: 'format', value: 'osquery' },
      description: 'osquery: numbers in place of texts.',
    },
    bulk: {
      type: 'boolean',
      goesWith: { option: 'format', value: 'ecs' },
      description: 'ecs: what _bulk takes, two lines for each row.',
    },
    spreadsheet: {
      type: 'boolean',
      goesWith: { option: 'format', value: 'csv' },
      description: 'csv: put an apostrophe before a text that a spreadsheet would calculate.',
    },
    redact: {
      type: 'string',
      value: 'LEVEL',
      choices: levels,
      needs: {
        option: 'redact-key',
        because: 'one key for the whole fleet, so that the same user is the same everywhere',
      },
      description: `${levels.join(' or ')}: say less of people and machines.`,
    },
    'redact-key': {
      type: 'string',
      value: 'FILE',
      goesWith: { option: 'redact' },
      description: 'The key of the pseudonyms, readable by its owner alone. It is never made here.',
    },
    ...logOption,
    ...timeoutOption('no limit by default; a half-written output is removed'),
    'mixed-redaction': {
      type: 'boolean',
      description: 'Export snapshots of several levels of redaction together.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery export --db fleet.db --format ecs --bulk | curl -sS --data-binary @- …/_bulk',
    'tokenquery export --db tokenquery.db --cursor export.cursor --output results.ndjson.zst',
    'tokenquery export --db fleet.db --format csv --output tables/',
    'tokenquery export --db fleet.db --format ocsf --findings',
  ],
  log: 'messages',
  run,
};
