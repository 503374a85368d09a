import { FileError, UserError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';
import { readAtMost, readRegular } from '../../collector/files.ts';
import type { Query } from '../../queries/query.ts';
import type { ColumnDefinition, Statement } from '../../store/database.ts';
import { isInstant, maxSqlBytes, prepareGuarded, unguarded } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import type { AskedWorld, Host, Question } from '../asked_world.ts';
import type { Arguments, Command } from '../command.ts';
import {
  lakeOptions,
  lookOf,
  modeOf,
  modeOptions,
  tableOptions,
  timeoutOption,
  worldOptions,
} from '../options.ts';
import { flush, printNote, printRows } from '../output.ts';
import type { Cells } from '../output.ts';
import { isShown } from '../screen.ts';
import { noTimes } from '../table_text.ts';
import { isTerminal } from '../terminal.ts';
import { asking } from '../world.ts';

const isOfStore = (given: Arguments): boolean => given.text('db') !== null || given.text('lake') !== null;

/** A query of the library. */
const queryOf = async (given: Arguments): Promise<Query> => {
  const { queries } = await import(/* webpackMode: "eager" */ '../../queries/index.ts');
  const { selectQueries } = await import(/* webpackMode: "eager" */ '../findings.ts');
  const chosen = selectQueries(queries, given.texts('n'), null);
  const [query] = chosen;
  if (query === undefined) throw new Error('a name that is known selects a question');
  if (chosen.length > 1) {
    throw new UserError(
      `${given.texts('n').join(', ')} is by now ${chosen.map(({ name }) => name).join(', ')}`,
      'name one of them; tokenquery findings -n takes the old name, too',
      2,
    );
  }
  if (query.needsHistory && !isOfStore(given)) {
    throw new UserError(
      `${query.name} compares snapshots`,
      'ask it with --db FILE, of a database that tokenquery snapshot --db FILE filled on two days or more',
    );
  }
  return query;
};

const longHint = 'a statement has at most 1 MiB';

/** Files that somebody may name in place of a statement, by how they begin. */
const otherKinds: readonly (readonly [begins: string, what: string, hint: string])[] = [
  ['SQLite format 3\0', 'a database', 'ask it with --db'],
  ['\u001f\u008b', 'compressed', 'evidence is named with --source'],
  ['\u0028\u00b5\u002f\u00fd', 'compressed', 'tokenquery merge --db FILE takes exports'],
  ['bplist00', 'a property list', '-f takes the path of a file with one SQL statement'],
];

const checkKind = (bytes: Buffer, file: string | null): void => {
  const begins = bytes.toString('latin1', 0, 16);
  const found = otherKinds.find(([start]) => begins.startsWith(start));
  if (found === undefined && bytes.includes(0))
    throw new FileError(
      file ?? 'standard input',
      ' is no text, and no SQL',
      '-f takes the path of a file with one SQL statement',
    );
  if (found !== undefined)
    throw new FileError(file ?? 'standard input', ` is ${found[1]}, and no SQL`, found[2]);
};

const readSql = (given: Arguments): string => {
  const [inline] = given.positionals;
  const file = given.text('f');
  if (file === null && inline !== undefined && inline !== '-') return inline;
  if (file === null && inline === undefined && isTerminal(0)) {
    throw new UserError(
      'there is no SQL to run',
      'for example: tokenquery query "SELECT * FROM users"; tokenquery shell asks one after the other',
      2,
    );
  }
  try {
    const bytes =
      file === null || file === '-'
        ? readAtMost(0, 'standard input', maxSqlBytes, longHint)
        : readRegular(file, maxSqlBytes, {
            hint: `${longHint}; what a pipe has is read from standard input`,
          });
    checkKind(bytes, file);
    return bytes.toString('utf8');
  } catch (error) {
    const name = file === null || file === '-' ? 'standard input' : file;
    throw fileFailure(error, name, 'read', '-f takes the path of a file with one SQL statement');
  }
};

function* answersOf(statement: Statement, now: number): Generator<Cells> {
  for (const row of statement.raw(true).safeIntegers(true).iterate({ now })) yield row as Cells;
}

/** At most `most` rows; says so when there were more. */
function* limited(rows: Iterable<Cells>, most: number | null): Generator<Cells> {
  let count = 0;
  for (const row of rows) {
    if (most !== null && count === most) {
      flush();
      printNote(`only the first ${most} rows are shown (--max-rows)`);
      return;
    }
    count += 1;
    yield row;
  }
}

/** Whether a statement is asked of nothing and cannot take long. */
const isOfNothing = (given: Arguments, sql: string): boolean =>
  !isOfStore(given) && !given.flag('each-host') && isInstant(sql);

/** A statement that names no table needs none, and no declaration of one; null where something is wrong with it. */
const instantWorld = (sql: string): AskedWorld | null => {
  const db = openMemory([]);
  const names = { tables: [], columns: [] };
  try {
    prepareGuarded(db, sql, names);
  } catch {
    // That is told by those who know the names.
    db.close();
    return null;
  }
  return { db, names, now: 0, store: null, isComplete: true, hosts: () => [], close: () => void db.close() };
};

const worldOf = async (given: Arguments, question: Question): Promise<AskedWorld> => {
  const instant = isOfNothing(given, question.sql) ? instantWorld(question.sql) : null;
  if (instant !== null) return instant;
  const { worldOfSources, worldOfStore } = await import(/* webpackMode: "eager" */ '../asked_world.ts');
  return await (isOfStore(given) ? worldOfStore : worldOfSources)(given, question);
};

interface Output {
  readonly columns: readonly Pick<ColumnDefinition, 'name' | 'column'>[];
  readonly rows: Iterable<Cells>;
}

/** What each host answers, with its host_id in front; a host_id of the answer itself is the same, and goes there. */
const answersOfEach = (statement: Statement, hosts: readonly Host[]): Output => {
  const own = statement.columns();
  const others = own.flatMap(({ name }, index) => (name === 'host_id' ? [] : [index]));
  const rows = function* (): Generator<Cells> {
    for (const host of hosts) {
      const now = host.show();
      for (const row of answersOf(statement, now))
        yield [host.id, ...others.map((index) => row[index] ?? null)];
    }
  };
  const rest = own.filter(({ name }) => name !== 'host_id');
  return { columns: [{ name: 'host_id', column: null }, ...rest], rows: rows() };
};

const run = async (given: Arguments): Promise<number> => {
  const mode = modeOf(given);
  const maxRows = given.number('max-rows');
  const query = given.text('n') === null ? null : await queryOf(given);
  const sql = query === null ? readSql(given) : query.sql;
  if (given.text('lake') !== null && query === null) {
    const { queryLake } = await import(/* webpackMode: "eager" */ '../lake_query.ts');
    return await queryLake(given, sql);
  }
  const world = await worldOf(given, { sql, query });
  const { db } = world;
  const isForPeople = mode === 'pretty' || mode === 'line';
  // Not loaded for what has no table, and for a pipe: it needs what is declared of all of them.
  const momentsIn =
    isForPeople && isShown() && !isInstant(sql)
      ? (await import(/* webpackMode: "eager" */ '../moments.ts')).momentsIn
      : () => noTimes;
  const isEach = given.flag('each-host');
  const isApart = isEach || (world.store !== null && given.text('host') !== null);
  const print = (): void => {
    const hosts = isApart ? unguarded(db, world.hosts) : [];
    if (!isEach) hosts[0]?.show();
    const statement = prepareGuarded(db, sql, world.names);
    const { columns, rows }: Output = isEach
      ? answersOfEach(statement, hosts)
      : { columns: statement.columns(), rows: answersOf(statement, world.now) };
    const look = lookOf(given, isForPeople ? momentsIn(columns, given.flag('raw')) : noTimes);
    printRows(
      mode,
      columns.map(({ name }) => name),
      limited(rows, maxRows),
      look,
    );
  };
  await asking(world, { what: 'the query' }, async () => {
    // Of sources each host is loaded in its turn, and nothing is there before.
    if (query === null || (isEach && world.store === null)) {
      print();
      return;
    }
    // What a query of the library finds is what findings tells.
    const { asSeen } = await import(/* webpackMode: "eager" */ '../../store/seen.ts');
    const { tables } = await import(/* webpackMode: "eager" */ '../../tables/index.ts');
    asSeen(db, tables, query.maxAge, print);
  });
  flush();
  return given.flag('strict') && !world.isComplete ? 4 : 0;
};

export const queryCommand: Command = {
  name: 'query',
  usage:
    'tokenquery query SQL | -f FILE | -n NAME | < FILE   [--source SOURCE]… | --db FILE [--as-of TIME]   [--each-host] [--json|--csv|…] [--strict]',
  summary: 'Answers one SQL statement about this Mac, recorded evidence, or a database of snapshots.',
  about: [
    'Only the tables that the statement names are collected. A table that could not be collected is named',
    'on stderr; --strict then ends with exit code 4. With --db nothing is collected: beside the tables there are',
    'NAME_history for each, snapshots, latest_snapshots and changes (docs/store.md).',
    'A literal that cannot match what it is compared with is an error, and in a file that -f names a note.',
    'Of a host that is given twice the newer source counts.',
    'os_version, mdm and other tables of osquery are there too, and its functions (docs/osquery.md).',
  ],
  options: {
    n: {
      type: 'string',
      value: 'NAME',
      isInPlace: true,
      excludes: [{ option: 'f' }],
      description: 'Run a query of the library; tokenquery queries lists them.',
    },
    f: {
      type: 'string',
      value: 'FILE',
      isInPlace: true,
      description: 'Read the SQL from a file; - is standard input.',
    },
    ...worldOptions,
    ...lakeOptions,
    duckdb: {
      type: 'string',
      value: 'DIR',
      goesWith: { option: 'lake' },
      description:
        'The folder in which DuckDB was installed (npm install --prefix DIR), if not beside tokenquery.',
    },
    host: {
      type: 'string',
      value: 'HOST',
      description: 'Ask one host, as if it were the only one.',
    },
    'each-host': {
      type: 'boolean',
      excludes: [{ option: 'lake', because: 'of a lake, --host asks one, and GROUP BY host_id all of them' }],
      description: 'Ask each host apart, as if it were the only one; host_id comes first.',
    },
    ...modeOptions,
    ...tableOptions,
    strict: {
      type: 'boolean',
      description:
        'Exit code 4 when a needed table was not ok or empty; an error for a literal that cannot match.',
    },
    ...timeoutOption('30 by default, beside what collecting takes'),
    'max-rows': {
      type: 'string',
      value: 'N',
      kind: 'count',
      least: 0,
      description: 'Print at most N rows.',
    },
  },
  positionals: { least: 0, most: 1, name: 'the SQL itself' },
  examples: [
    'tokenquery query "SELECT username, secure_token, confidence FROM secure_tokens WHERE is_admin = 1"',
    'sudo tokenquery query --json "SELECT * FROM bootstrap_tokens"',
    'tokenquery query --source evidence.tar.gz -f tokens.sql --csv',
    'tokenquery query --db fleet.db --each-host "SELECT username FROM users WHERE gid IN (SELECT gid FROM groups)"',
    'tokenquery query --lake s3://inventory/tokenquery "SELECT count(*) AS macs FROM filevault_status WHERE filevault_enabled = 0"',
    'tokenquery query --db fleet.db --as-of -7d "SELECT host_id, username FROM secure_tokens WHERE secure_token = 1"',
  ],
  // What cannot take long needs no guard, whose start would be half of its time.
  limits: (given) => {
    const isShort = isOfNothing(given, given.positionals[0] ?? '');
    return { what: 'the query', seconds: isShort ? null : 30, isMemoryBounded: !isShort };
  },
  handsOverTo: (given) => {
    const hasSql = given.positionals.length > 0 || given.text('f') !== null || given.text('n') !== null;
    return !hasSql && isTerminal(0) && isTerminal(1) ? 'shell' : null;
  },
  run,
};
