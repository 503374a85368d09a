import { existsSync } from 'node:fs';
import type { Arguments, Command, RunLines } from './command.ts';
import { alignColumns, helpOf, isSql, parseCommandLine } from './args.ts';
import { UserError } from '../collector/errors.ts';
import { isPassing, passingHint } from '../collector/file_failure.ts';
import { nearest } from '../collector/nearest.ts';
import { beginLog, logForms, logState, restoreLog } from './log.ts';
import { isSingleExecutable } from './single.ts';
import { flush, holdForPager, print, printError, printNote, showHeld } from './output.ts';
import { isTerminal } from './terminal.ts';
import { version } from './version.ts';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every verb. Each is loaded only when it is asked for: start-up counts. */
export const verbs: Readonly<Record<string, Entry>> = {
  overview: {
    summary: 'show who holds the keys, and what could not be collected',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/overview.ts')).overviewCommand,
  },
  query: {
    summary: 'answer one SQL statement',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/query.ts')).queryCommand,
  },
  shell: {
    summary: 'ask in SQL, one statement after the other',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/shell.ts')).shellCommand,
  },
  findings: {
    summary: 'run the queries of the library',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/findings.ts')).findingsCommand,
  },
  queries: {
    summary: 'list the queries, or print one',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/queries.ts')).queriesCommand,
  },
  tables: {
    summary: 'list the tables, or describe one',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/tables.ts')).tablesCommand,
  },
  schema: {
    summary: 'print the declaration of tables as SQL, JSON or Markdown',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/schema.ts')).schemaCommand,
  },
  access: {
    summary: 'print the allow-list: everything that may be run, read or checked',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/access.ts')).accessCommand,
  },
  capture: {
    summary: 'record what this Mac answers',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/capture.ts')).captureCommand,
  },
  snapshot: {
    summary: 'collect everything and store what changed',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/snapshot.ts')).snapshotCommand,
  },
  changes: {
    summary: 'list what changed between snapshots',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/changes.ts')).changesCommand,
  },
  export: {
    summary: 'write rows as SIEMs and data stores take them',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/export.ts')).exportCommand,
  },
  lake: {
    summary: 'publish a database as Parquet, for engines of large fleets',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/lake.ts')).lakeCommand,
  },
  report: {
    summary: 'write a page to look at and to print',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/report.ts')).reportCommand,
  },
  explore: {
    summary: 'write a page that opens a database in a browser',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/explore.ts')).exploreCommand,
  },
  'osquery-extension': {
    summary: 'give osquery all tables and questions; osqueryd starts it',
    load: async () =>
      (await import(/* webpackMode: "eager" */ './commands/osquery_extension.ts')).osqueryExtensionCommand,
  },
  schedule: {
    summary: 'print a job that takes snapshots and exports them',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/schedule.ts')).scheduleCommand,
  },
  job: {
    summary: 'do what a scheduled job does, where it is switched on',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/job.ts')).jobCommand,
  },
  doctor: {
    summary: 'say whether tokenquery is installed and works as it should',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/doctor.ts')).doctorCommand,
  },
  status: {
    summary: 'say how old what is known is, and what was not seen',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/status.ts')).statusCommand,
  },
  merge: {
    summary: 'put the snapshots of many hosts into one database',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/merge.ts')).mergeCommand,
  },
  retain: {
    summary: 'drop history that is older than an age',
    load: async () => (await import(/* webpackMode: "eager" */ './commands/retain.ts')).retainCommand,
  },
};

const general = (): string =>
  [
    'tokenquery: SQL for the keys of a Mac. It only reads.\n',
    'Usage: tokenquery [COMMAND] [OPTIONS]\n',
    'Without a command: the overview.\n',
    'Commands:',
    `${alignColumns(Object.entries(verbs).map(([name, { summary }]) => [name, summary]))}\n`,
    'tokenquery COMMAND --help has the options and examples of each.\n',
  ].join('\n');

/** Options stand behind the command that they are of: `tokenquery --json query …` names none. */
const checkOrder = (argv: readonly string[]): void => {
  const sql = argv.find((word) => isSql(word));
  if (sql !== undefined && !argv.some((word) => Object.hasOwn(verbs, word)))
    throw new UserError(
      'SQL goes with the command query',
      `tokenquery query ${argv.map((word) => (/\s/.test(word) ? `"${word}"` : word)).join(' ')}`,
      2,
    );
  const at = argv.findIndex((word) => Object.hasOwn(verbs, word));
  const isValue = ['--source', '--exec-root', '--host-id'].includes(argv[at - 1] ?? '');
  if (at > 0 && !isValue) {
    const rest = [...argv.slice(0, at), ...argv.slice(at + 1)].map((word) =>
      /\s/.test(word) ? `"${word}"` : word,
    );
    throw new UserError('options stand behind the command', `tokenquery ${argv[at]} ${rest.join(' ')}`, 2);
  }
};

// What other programs call something that has another name here.
const otherVerbs: Readonly<Record<string, string>> = {
  ...{
    sql: 'query',
    select: 'query',
    run: 'query',
    ask: 'query',
    exec: 'query',
    show: 'tables',
    list: 'tables',
  },
  ...{
    describe: 'tables',
    desc: 'tables',
    ls: 'tables',
    status: 'overview',
    info: 'overview',
    summary: 'overview',
  },
  ...{ collect: 'capture', record: 'capture', scan: 'findings', check: 'findings', audit: 'findings' },
  ...{ diff: 'changes', log: 'changes', history: 'changes', import: 'merge', add: 'merge', load: 'merge' },
  ...{
    dump: 'export',
    prune: 'retain',
    gc: 'retain',
    clean: 'retain',
    vacuum: 'retain',
    install: 'schedule',
  },
  ...{
    html: 'report',
    page: 'report',
    dashboard: 'report',
    explorer: 'explore',
    browse: 'explore',
    serve: 'explore',
    cron: 'schedule',
    launchd: 'schedule',
    test: 'doctor',
    verify: 'doctor',
    init: 'snapshot',
    store: 'snapshot',
  },
};

/** How a word is told that is no command. */
const noCommand = (first: string): UserError => {
  const list = 'tokenquery --help lists the commands';
  const other = Object.hasOwn(otherVerbs, first) ? otherVerbs[first] : undefined;
  const near = other ?? nearest(first, Object.keys(verbs));
  if (isSql(first)) return new UserError('SQL goes with the command query', 'tokenquery query "SELECT …"', 2);
  if (/^\.[a-z]/i.test(first))
    return new UserError(`${first} is a command of another shell`, 'tokenquery tables lists the tables', 2);
  if (existsSync(first))
    return new UserError(
      `there is no command ${first}`,
      `evidence is named with --source, and a database with --db: tokenquery query --source ${first} "SELECT …"`,
      2,
    );
  return new UserError(
    `there is no command ${first}`,
    near === null ? list : `did you mean ${near}? ${list}`,
    2,
  );
};

const commandFor = async (argv: readonly string[]): Promise<[Command, readonly string[]]> => {
  const isBare = argv[0] === undefined || argv[0].startsWith('-');
  if (isBare) checkOrder(argv);
  const [first = '', ...rest] = isBare ? ['overview', ...argv] : argv;
  const entry = Object.hasOwn(verbs, first) ? verbs[first] : undefined;
  if (entry !== undefined) return [await entry.load(), rest];
  throw noCommand(first);
};

/** `A … --then B …` is two commands: a job of launchd has one command line and should need no shell. */
const splitSequence = (argv: readonly string[]): (readonly string[])[] => {
  const end = argv.indexOf('--');
  const at = argv.findIndex(
    (word, index) =>
      word === '--then' &&
      (end === -1 || index < end) &&
      index > 0 &&
      Object.hasOwn(verbs, argv[index + 1] ?? ''),
  );
  return at === -1 ? [argv] : [argv.slice(0, at), ...splitSequence(argv.slice(at + 1))];
};

/**
 * The guard of a command that may take too long (cli/guardian.ts): it has to be started, or it watches this thread, or there
 * shall be none, where the program is asked within another one.
 */
export type Guard = 'to start' | 'standing' | 'none';

/**
 * Runs the program.
 *
 * @returns The exit code: the first that is not 0, where there are several commands.
 */
export const main = (argv: readonly string[], guard: Guard): Promise<number> =>
  inTurn(splitSequence(argv), guard);

const inTurn = async (lines: readonly (readonly string[])[], guard: Guard): Promise<number> => {
  const [first = [], ...rest] = lines;
  let exitCode = await runOne(first, guard);
  // Each is run whatever came of the one before: what an earlier run stored is exported even if this one stores nothing.
  for (const next of rest) {
    // A command line that is wrong is not half right.
    if (exitCode === 2) break;
    const own = await runOne(next, guard);
    if (exitCode === 0) exitCode = own;
  }
  return exitCode;
};

const tellAsLog = ({ log }: Command, given: Arguments | null): void => {
  if (log === undefined) return;
  const asked = given?.text('log-lines');
  beginLog(log, logForms.find((form) => form === asked) ?? null, isTerminal(2));
};

const answer = async (argv: readonly string[], guard: Guard): Promise<number> => {
  const [first] = argv;
  if (argv.length === 1 && ['--version', '-V', '-v', 'version'].includes(first ?? '')) {
    print(`tokenquery ${version}\n`);
    return 0;
  }
  if (argv.length <= 1 && (first === '--help' || first === '-h' || first === 'help')) {
    holdForPager(false);
    print(general());
    return 0;
  }
  if (first === undefined && guard === 'to start' && !isTerminal(0)) {
    const { pipedSql } = await import(/* webpackMode: "eager" */ './piped.ts');
    const sql = await pipedSql();
    if (sql !== null) return await answer(['query', sql], guard);
  }
  // `help query`, as git has it.
  if (first === 'help') return await answer([...argv.slice(1), '--help'], guard);
  const [command, rest] = await commandFor(argv);
  // Before the command line is read: what is wrong with it stands in the log too.
  tellAsLog(command, null);
  const given = parseCommandLine(command, rest);
  tellAsLog(command, given);
  if (given.flag('help')) {
    holdForPager(false);
    print(helpOf(command));
    return 0;
  }
  // A thread has no terminal of its own.
  const other = guard === 'standing' ? null : (command.handsOverTo?.(given) ?? null);
  if (other !== null) return await answer([other, ...rest], guard);
  return await guarded(command, given, argv, guard);
};

/** Runs a command behind its limits: the guard stands before anything of the work begins. */
const guarded = async (
  command: Command,
  given: Arguments,
  argv: readonly string[],
  guard: Guard,
): Promise<number> => {
  const runLines: RunLines = (lines) => inTurn(lines, guard);
  const run = (): Promise<number> => {
    if ('no-pager' in command.options && !given.flag('no-pager')) holdForPager(given.flag('wide'));
    return command.run(given, runLines);
  };
  const own = command.limits?.(given) ?? { what: command.name, seconds: null, isMemoryBounded: false };
  const asked = 'timeout' in command.options ? given.number('timeout') : null;
  const seconds = asked ?? own.seconds;
  const isUnbounded = command.boundsItself === true || (seconds === null && !own.isMemoryBounded);
  if (guard === 'none' || isUnbounded) return await run();
  if (guard === 'to start') {
    const { runGuarded } = await import(/* webpackMode: "eager" */ './guardian.ts');
    const { programEntry } = await import(/* webpackMode: "eager" */ './delivered.ts');
    return await runGuarded(programEntry, argv);
  }
  const { bounded, memoryLimit } = await import(/* webpackMode: "eager" */ './guarded.ts');
  const { what, hint = '--timeout SECONDS gives it longer' } = own;
  const limits = { what, hint, seconds, bytes: own.isMemoryBounded ? memoryLimit() : null };
  return await bounded(limits, asked !== null, run);
};

let isOwnerKnown = !isSingleExecutable || process.geteuid?.() !== 0;

/** Elsewhere the launcher looks, as root, whose program it starts; the single executable has none, and looks itself, once. */
const checkOwner = async (): Promise<void> => {
  if (isOwnerKnown) return;
  const { checkProgram } = await import(/* webpackMode: "eager" */ '../collector/trust.ts');
  const note = checkProgram(process.execPath);
  isOwnerKnown = true;
  if (note !== null) printNote(note);
};

const runOne = async (argv: readonly string[], guard: Guard): Promise<number> => {
  // better-sqlite3 needs Node-API 10 and ends an older Node without a word.
  if (Number(process.versions.napi ?? 0) < 10) {
    printError(
      `this is Node ${process.version}, and tokenquery needs Node 22.18 or newer`,
      'start bin/tokenquery, which looks for one',
    );
    return 1;
  }
  return await telling(async () => {
    await checkOwner();
    return await answer(argv, guard);
  });
};

/** Runs work; what it throws is told, and becomes an exit code. */
export const telling = async (work: () => Promise<number>): Promise<number> => {
  const before = logState();
  try {
    const exitCode = await work();
    await showHeld();
    flush();
    return exitCode;
  } catch (error) {
    if (error instanceof UserError) {
      printError(error.message, error.hint);
      return error.exitCode;
    }
    if (isPassing(error)) {
      printError((error as Error).message, passingHint(error));
      return 1;
    }
    // A fault of this program: its trace helps nobody who meets it, its message may.
    if (process.env['TOKENQUERY_DEBUG'] === '1') throw error;
    printError(
      `this should not happen: ${error instanceof Error ? error.message : String(error)}`,
      'please report it, with the command line and tokenquery --version; TOKENQUERY_DEBUG=1 shows where it happened',
    );
    return 1;
  } finally {
    restoreLog(before);
  }
};
