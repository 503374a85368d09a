import { availableParallelism } from 'node:os';
import { UserError } from '../../collector/errors.ts';
import { nearest } from '../../collector/nearest.ts';
import type { Table } from '../../collector/table.ts';
import { lockCursor, newsSince, readCursor, writeCursor } from '../../export/cursor.ts';
import type { News } from '../../export/cursor.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import type { FormatName, FormatOptions } from '../../export/formats/index.ts';
import { makesEvent } from '../../export/formats/ocsf.ts';
import { isReport } from '../../export/format.ts';
import type { Format, ExportSnapshot } from '../../export/format.ts';
import { hostIdsOf, exportReader } from '../../export/rows/reader.ts';
import { readKey } from '../../export/pseudonyms.ts';
import { levels } from '../../export/redact.ts';
import type { Level } from '../../export/redact.ts';
import { redaction } from '../../export/redaction.ts';
import type { ParallelExport } from '../../export/parallel.ts';
import type { Store } from '../../store/file.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../args.ts';
import { defaultKeep, outputOf, outputPath, withSignals } from '../export_output.ts';
import { printNote } from '../output.ts';
import { programEntry } from '../delivered.ts';
import { dbOption, hostNamed, readableStore, using } from '../database.ts';
import { currentTime, parseTime } from '../time.ts';
import { tableNamed } from '../options.ts';

type What = 'current' | 'changes' | 'snapshot' | 'findings';

const formatOf = (given: Arguments): FormatName => {
  const name = given.text('format') ?? 'native';
  const known = formatNames.find((format) => format === name);
  if (known !== undefined) return known;
  const near = nearest(name, formatNames);
  throw new UserError(
    `there is no format ${JSON.stringify(name)}`,
    `${near === null ? '' : `did you mean ${near}? `}the formats are ${formatNames.join(', ')}`,
    2,
  );
};

const whatOf = (given: Arguments): What => {
  const asked = (['current', 'changes', 'snapshot', 'findings'] as const).filter((what) => given.flag(what));
  if (asked.length > 1) throw new UserError(`--${asked[0]} and --${asked[1]} exclude each other`, '', 2);
  const what = asked[0] ?? (given.flag('cursor') ? 'changes' : 'current');
  if (given.flag('cursor') && what !== 'changes') {
    throw new UserError(
      `--cursor and --${what} exclude each other`,
      'a cursor remembers up to where changes were exported',
      2,
    );
  }
  return what;
};

/** Options that go with one format only. */
const formatOptions: Readonly<Record<string, FormatName>> = {
  'osquery-batch': 'osquery',
  'osquery-snapshot': 'osquery',
  'osquery-escape': 'osquery',
  numerics: 'osquery',
  bulk: 'ecs',
  spreadsheet: 'csv',
};

const makeFormat = (given: Arguments, name: FormatName, what: What): Format => {
  for (const [option, only] of Object.entries(formatOptions)) {
    if (given.flag(option) && name !== only)
      throw new UserError(`--${option} goes with --format ${only}`, '', 2);
  }
  if (given.flag('osquery-batch') && given.flag('osquery-snapshot')) {
    throw new UserError('--osquery-batch and --osquery-snapshot exclude each other', '', 2);
  }
  if (given.flag('osquery-snapshot') && what === 'changes') {
    throw new UserError(
      '--osquery-snapshot and --changes exclude each other',
      'a snapshot line holds a whole table',
      2,
    );
  }
  return formats[name].make(formatOptionsOf(given, what));
};

const formatOptionsOf = (given: Arguments, what: What): FormatOptions => ({
  hasChange: what === 'changes',
  isForSpreadsheet: given.flag('spreadsheet'),
  osqueryForm: given.flag('osquery-batch') ? 'batch' : given.flag('osquery-snapshot') ? 'snapshot' : 'event',
  isNumeric: given.flag('numerics'),
  isEscaped: given.flag('osquery-escape'),
  isBulk: given.flag('bulk'),
});

const selectTables = (given: Arguments, name: FormatName, what: What): readonly Table[] => {
  const named = given
    .texts('table')
    .flatMap((text) => text.split(','))
    .map(tableNamed);
  if (named.length > 0) return tables.filter((table) => named.includes(table));
  // Which commands ran is new in each snapshot, and no change of the Mac; a complete snapshot has them.
  return what === 'changes' && !formats[name].isWhole
    ? tables.filter((table) => table.name !== 'command_log')
    : tables;
};

/** How many files a format would make that writes one for each table. */
const fileCount = (given: Arguments, name: FormatName, what: What): number =>
  what === 'findings' ? 1 : selectTables(given, name, what).length;

/** Refuses tables of which a format makes nothing: no output would read as no rows. */
const checkTables = (given: Arguments, name: FormatName, what: What): void => {
  if (name !== 'ocsf' || what === 'findings' || !given.flag('table')) return;
  const wanted = selectTables(given, name, what);
  if (wanted.some(makesEvent)) return;
  const beside = wanted.every(isReport) ? 'hosts' : 'users';
  throw new UserError(
    `--format ocsf makes no event of ${wanted.map((table) => table.name).join(', ')} alone`,
    beside === 'users'
      ? 'they become tags, groups and labels of accounts: add --table users'
      : 'they stand beside the facts of a Mac: add --table hosts',
    2,
  );
};

const selectHosts = (given: Arguments, store: Store): readonly string[] | null => {
  const named = given.texts('host').flatMap((text) => text.split(','));
  if (named.length === 0) return null;
  return named.map((name) => hostNamed(store, name));
};

const redactOf = (
  given: Arguments,
): { readonly level: Level; readonly apply: (snapshot: ExportSnapshot) => ExportSnapshot } | null => {
  const text = given.text('redact');
  const file = given.text('redact-key');
  if (text === null) {
    if (file !== null) throw new UserError('--redact-key goes with --redact', '', 2);
    return null;
  }
  const level = levels.find((known) => known === text);
  if (level === undefined)
    throw new UserError(
      `--redact does not know ${JSON.stringify(text)}`,
      `it takes ${levels.join(' or ')}`,
      2,
    );
  if (file === null) {
    throw new UserError(
      '--redact needs --redact-key FILE',
      'one key for the whole fleet, so that the same user is the same everywhere',
      2,
    );
  }
  return { level, apply: redaction(level, readKey(file), tables) };
};

/** Refuses to put rows of several levels of redaction into one export: the same user would be two. */
const oneLevel = (given: Arguments, asked: Level | null): ((snapshot: ExportSnapshot) => ExportSnapshot) => {
  let first: string | null | undefined;
  return (snapshot) => {
    // What is redacted stays so: there is nothing left from which another level could be made.
    const level = snapshot.head.redaction ?? asked;
    first ??= level === null ? 'none' : level;
    const own = level === null ? 'none' : level;
    const expected = asked ?? first;
    if (own !== expected && !given.flag('mixed-redaction')) {
      throw new UserError(
        `the snapshots are redacted in different ways: ${expected === 'none' ? 'not at all' : expected}, and ${own === 'none' ? 'not at all' : own}`,
        '--host selects hosts of one kind; --mixed-redaction exports them all the same, but they must not be joined',
      );
    }
    return snapshot;
  };
};

const snapshotOf = (given: Arguments, store: Store): { readonly id: number; readonly hostId: string } => {
  const text = given.text('snapshot') ?? '';
  const id = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(id))
    throw new UserError(
      `--snapshot takes the id of a snapshot, not ${JSON.stringify(text)}`,
      'SELECT snapshot_id FROM snapshots lists them',
      2,
    );
  const host = store.db
    .prepare(
      'SELECT h.host_id FROM main._snapshot s JOIN main._host h ON h.host = s.host WHERE s.snapshot_id = ?',
    )
    .pluck()
    .get(id) as string | undefined;
  if (host === undefined)
    throw new UserError(
      `there is no snapshot ${text} in the database`,
      'SELECT snapshot_id, host_id, collected_time FROM snapshots lists them',
    );
  return { id, hostId: host };
};

interface Source {
  readonly snapshots: Iterable<ExportSnapshot>;
  readonly news: News | null;
}

const sourceOf = async (
  given: Arguments,
  store: Store,
  name: FormatName,
  what: What,
  rowSql: Format['rowSql'],
): Promise<Source> => {
  const wanted = selectTables(given, name, what);
  const hosts = selectHosts(given, store);
  const asOfText = given.text('as-of');
  if (asOfText !== null && what !== 'current' && what !== 'findings') {
    throw new UserError(`--as-of and --${what} exclude each other`, '', 2);
  }
  const asOf = asOfText === null ? null : parseTime('--as-of', asOfText);
  if (asOf !== null) viewAsOf(store, asOf);
  const reading = (options: { hostIds?: readonly string[]; tables?: readonly Table[] } = {}) =>
    exportReader(store, {
      tables: options.tables ?? wanted,
      rowSql,
      ...(options.hostIds !== undefined
        ? { hostIds: options.hostIds }
        : hosts === null
          ? {}
          : { hostIds: hosts }),
      ...(asOf === null ? {} : { asOf }),
    });
  switch (what) {
    case 'current':
      return { snapshots: reading().currentSnapshots(), news: null };
    case 'snapshot': {
      const { id, hostId } = snapshotOf(given, store);
      if (hosts !== null && !hosts.includes(hostId))
        throw new UserError(`snapshot ${id} is of another host`, `--host ${hostId}`);
      return {
        snapshots: reading({ hostIds: [hostId] }).wholeSnapshots((snapshot) => snapshot.id === id),
        news: null,
      };
    }
    case 'findings': {
      if (given.texts('table').length > 0)
        throw new UserError('--findings and --table exclude each other', '', 2);
      const { evaluate } = await import(/* webpackMode: "eager" */ '../../queries/evaluate.ts');
      const { queries } = await import(/* webpackMode: "eager" */ '../../queries/index.ts');
      const { findingSnapshots } = await import(/* webpackMode: "eager" */ '../../export/findings.ts');
      const { names } = await import(/* webpackMode: "eager" */ '../names.ts');
      const answers = evaluate(store.db, queries, { now: asOf ?? currentTime(), names, tables });
      const heads = reading({ tables: [] }).currentSnapshots();
      return { snapshots: findingSnapshots(store, answers, heads), news: null };
    }
    case 'changes': {
      const cursorPath = given.text('cursor');
      const selection = JSON.stringify({
        format: name,
        tables: given.flag('table') ? wanted.map((table) => table.name) : null,
        hosts,
        redact: given.text('redact'),
      });
      const cursor =
        cursorPath === null
          ? { selection, recent: new Map(), settled: new Map() }
          : readCursor(cursorPath, selection);
      const news = newsSince(store, cursor, hosts);
      const own = reading();
      const { isWhole } = formats[name];
      const snapshots = function* (): Generator<ExportSnapshot> {
        for (const [hostId, { ids, since }] of news.hosts) {
          // Only other databases need what does not count.
          if (isWhole)
            yield* own.wholeSnapshots(
              ({ id, isAhead }) => ids.has(id) && (!isAhead || name === 'native'),
              [hostId],
            );
          else yield* own.changedSnapshots(hostId, since, (id) => ids.has(id));
        }
      };
      return { snapshots: snapshots(), news };
    }
  }
};

/** Current rows of many hosts into a file are read in threads; null where they are not, or cannot be. */
const parallelSource = async (
  given: Arguments,
  store: Store,
  name: FormatName,
  what: What,
): Promise<ParallelExport | null> => {
  if (what !== 'current' || outputPath(given) === null) return null;
  if (given.flag('redact') || given.flag('rotate-size') || availableParallelism() < 2) return null;
  const hosts = selectHosts(given, store);
  const { leastHosts, parallelExport } = await import(/* webpackMode: "eager" */ '../../export/parallel.ts');
  if ((hosts ?? hostIdsOf(store)).length < leastHosts) return null;
  const levels_ = store.db
    .prepare('SELECT count(DISTINCT coalesce(redaction, 1)) FROM main._snapshot')
    .pluck()
    .get();
  if (levels_ !== 1) return null;
  const asOf = given.text('as-of');
  const task = {
    task: 'export',
    path: store.path,
    tableNames: selectTables(given, name, what).map((table) => table.name),
    format: name,
    options: formatOptionsOf(given, what),
    asOf: asOf === null ? null : parseTime('--as-of', asOf),
  } as const;
  return parallelExport(programEntry, task, store.db, () => hosts ?? hostIdsOf(store));
};

const writeParallel = async (
  given: Arguments,
  format: Format,
  name: FormatName,
  what: What,
  { chunks, end }: ParallelExport,
): Promise<number> => {
  try {
    const output = outputOf(given, format, name, fileCount(given, name, what));
    await withSignals(output, async () => {
      await output.begin();
      let excess = format.between?.length ?? 0;
      for await (const { table, bytes } of chunks) {
        const sink = output.sinkFor(tables.find((known) => known.name === table) ?? null);
        await sink.writeBytes?.(bytes.subarray(excess));
        excess = 0;
      }
      await output.finish();
    });
    return 0;
  } finally {
    end();
  }
};

/** Nothing at all is an answer too, but one that should not be taken for a command that did not work. */
const noteNothing = (given: Arguments, store: Store, what: What): void => {
  const hosts = (selectHosts(given, store) ?? hostIdsOf(store)).length;
  const on = `on ${hosts} host${hosts === 1 ? '' : 's'}`;
  if (hosts === 0) printNote('nothing was exported: the database holds no host');
  else if (what === 'findings') printNote(`nothing was exported: nothing was found ${on}, nor left unknown`);
  else if (what === 'changes') printNote(`nothing was exported: there is no change ${on}`);
  else {
    const rows = given.flag('table') ? ` in ${given.texts('table').join(', ')}` : '';
    printNote(`nothing was exported: there are no rows${rows} ${on}; table_status tells what was looked at`);
  }
};

const run = async (given: Arguments): Promise<number> => {
  const name = formatOf(given);
  const what = whatOf(given);
  checkTables(given, name, what);
  const format = makeFormat(given, name, what);
  const redact = redactOf(given);
  const check = oneLevel(given, redact?.level ?? null);
  const cursorPath = given.text('cursor');
  if (cursorPath === '') throw new UserError('--cursor names no file', '', 2);
  return using(readableStore(given), async (store) => {
    const parallel = await parallelSource(given, store, name, what);
    if (parallel !== null) return writeParallel(given, format, name, what, parallel);
    const release = cursorPath === null ? null : lockCursor(cursorPath);
    try {
      // One moment of the database, whoever writes into it meanwhile.
      store.db.exec('BEGIN');
      const source = await sourceOf(given, store, name, what, redact === null ? format.rowSql : null);
      if (source.news !== null && source.news.hosts.size === 0 && cursorPath !== null) {
        // Nothing is new: a file without rows would only push one with rows out.
        writeCursor(cursorPath, source.news.next);
        return 0;
      }
      const output = outputOf(given, format, name, fileCount(given, name, what));
      const { cut } = formats[name];
      let isNothing = true;
      await withSignals(output, async () => {
        await output.begin();
        let between: string | null = null;
        for (const snapshot of source.snapshots) {
          check(snapshot);
          if (between !== null) await output.sinkFor(null).write(between);
          between = format.between ?? null;
          for (const chunk of format.snapshot(redact === null ? snapshot : redact.apply(snapshot))) {
            isNothing = false;
            const isText = typeof chunk === 'string';
            const sink = output.sinkFor(isText ? null : chunk.table);
            const writing = sink.write(isText ? chunk : chunk.text);
            if (writing !== undefined) await writing;
            if (cut === 'line' && isText && chunk.endsWith('\n')) {
              const cutting = sink.cut();
              if (cutting !== undefined) await cutting;
            }
          }
          if (cut === 'snapshot') await output.sinkFor(null).cut();
        }
        await output.finish();
      });
      // Only now: what is told to be exported is on the disk.
      if (source.news !== null && cursorPath !== null) writeCursor(cursorPath, source.news.next);
      else if (isNothing) noteNothing(given, store, what);
      return 0;
    } finally {
      release?.();
    }
  });
};

export const exportCommand: Command = {
  name: 'export',
  usage:
    'tokenquery export --db FILE [--format FORMAT] [--current|--changes|--snapshot ID|--findings] [--table NAME]… [--host ID]… [--output FILE] [--cursor FILE]',
  summary: 'Writes rows as SIEMs and data stores take them.',
  about: [
    `FORMAT is one of ${formatNames.join(', ')}. docs/siem.md shows them, and what reads them.`,
    'Every row has an identity that is the same in every format and every run: a receiver can drop repeats.',
    'With --cursor, what was exported before is left out. The cursor moves when the output is on the disk: a run that',
    'is killed repeats rows and drops none. native and ocsf then have each new snapshot whole; the others have what',
    'changed, removed rows before added ones.',
  ],
  options: {
    db: dbOption,
    format: { type: 'string', value: 'FORMAT', description: `${formatNames.join(', ')}; native by default.` },
    current: {
      type: 'boolean',
      description: 'The rows of each host’s last good observation of each table (the default).',
    },
    changes: {
      type: 'boolean',
      description: 'What changed; with --cursor, since the last export (and the default).',
    },
    snapshot: { type: 'string', value: 'ID', description: 'One snapshot, as it was taken.' },
    findings: {
      type: 'boolean',
      description: 'What the queries of the library find, and where they cannot be evaluated.',
    },
    'as-of': {
      type: 'string',
      value: 'TIME',
      description: 'With --current or --findings: what was known at that time.',
    },
    table: { type: 'string', isRepeatable: true, value: 'NAME', description: 'Only this table. Repeatable.' },
    host: { type: 'string', isRepeatable: true, value: 'ID', description: 'Only this host. Repeatable.' },
    cursor: {
      type: 'string',
      value: 'FILE',
      description:
        'Leave out what was exported before, and remember what is exported now. Made where it is not there.',
    },
    output: {
      type: 'string',
      value: 'FILE',
      description:
        'Write into a file, whole or not at all, and not to stdout. A name in .zst or .gz is compressed.',
    },
    compress: {
      type: 'boolean',
      description: 'Compress it: zstd where this Node has it, gzip else. Adds to the name.',
    },
    'rotate-size': {
      type: 'string',
      value: 'SIZE',
      description: 'Begin a new file after so much text: 25m, 500k.',
    },
    keep: {
      type: 'string',
      value: 'N',
      description: `Files of earlier runs to keep, as FILE.1 and so on; ${defaultKeep} with --cursor or --rotate-size, else 0.`,
    },
    'osquery-batch': {
      type: 'boolean',
      description: 'osquery: a line for each difference, not for each row.',
    },
    'osquery-snapshot': { type: 'boolean', description: 'osquery: a line for each whole table.' },
    'osquery-escape': {
      type: 'boolean',
      description:
        'osquery: bytes that are not printable ASCII as \\xNN, as osqueryd has them. It cannot be undone.',
    },
    numerics: { type: 'boolean', description: 'osquery: numbers in place of texts.' },
    bulk: { type: 'boolean', description: 'ecs: what _bulk takes, two lines for each row.' },
    spreadsheet: {
      type: 'boolean',
      description: 'csv: put an apostrophe before a text that a spreadsheet would calculate.',
    },
    redact: {
      type: 'string',
      value: 'LEVEL',
      description: `${levels.join(' or ')}: say less of people and machines.`,
    },
    'redact-key': {
      type: 'string',
      value: 'FILE',
      description: 'The key of the pseudonyms, readable by its owner alone. It is never made here.',
    },
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
  run,
};
