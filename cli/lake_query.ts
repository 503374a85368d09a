/** Answers one statement over a lake, by DuckDB, where somebody installed it. */
import { UserError } from '../collector/errors.ts';
import { dataTables } from '../collector/table.ts';
import type { AnyCell } from '../export/cell.ts';
import { loadDuckdb } from '../export/lake/duckdb.ts';
import { LakeEngine, LakeSqlError, withNow } from '../export/lake/engine.ts';
import { checkHosts } from '../export/lake/reading.ts';
import type { LakeReading } from '../export/lake/reading.ts';
import type { Mistake } from '../queries/literals.ts';
import { mistakesIn, putsHostsTogether } from '../queries/mistakes.ts';
import { spotsAmong, statusesSql } from '../store/blind_spots.ts';
import type { StatusCount } from '../store/blind_spots.ts';
import { quoteName, quoteText } from '../store/ddl.ts';
import { checkText } from '../store/guard.ts';
import { openEmptyStore } from '../store/empty.ts';
import { hostStates } from '../store/last_looks.ts';
import { openMemory } from '../store/memory.ts';
import { explainFailure } from '../store/sql_failure.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { noteAhead, noteNewest, noteSpots, noteUnjudged } from './database.ts';
import { programFolder } from './delivered.ts';
import { memoryLimit } from './guarded.ts';
import { hostAmong } from './host_names.ts';
import { readingLake } from './lake_place.ts';
import { tellMistakes } from './mistakes.ts';
import { momentsIn } from './moments.ts';
import { names } from './names.ts';
import { lookOf, modeOf } from './options.ts';
import { flush, printNote, printRowsAsTheyCome } from './output.ts';
import type { Cells } from './output.ts';
import { noTimes } from './table_text.ts';
import { currentTime } from './time.ts';

/** DuckDB has half of what the guard allows: the other half is for the rows on their way, and for the program. */
const engineMemory = (): number => memoryLimit() / 2;

/** What is wrong with the SQL, in the words that a database has for it where it has any. */
const explained = (error: unknown, sql: string, known: LakeEngine['columns']): unknown => {
  if (!(error instanceof LakeSqlError)) return error;
  const [first = ''] = error.message.split('\n');
  const table = /Table with name (.+?) does not exist/.exec(first)?.[1];
  const column =
    /Referenced column "(.+?)" (?:not found|was not found)/.exec(first)?.[1] ??
    /does not have a column named "(.+?)"/.exec(first)?.[1];
  if (table === undefined && column === undefined)
    return new UserError(
      `the SQL cannot be run: ${first.length > 300 ? `${first.slice(0, 300)}…` : first}`,
      'a lake is asked in the SQL of DuckDB; tokenquery tables NAME shows a table and examples',
    );
  const db = openMemory([]);
  for (const [name, columns] of known)
    db.exec(`CREATE TABLE ${quoteName(name)} (${columns.map(quoteName).join(', ')})`);
  try {
    const message = table === undefined ? `no such column: ${column}` : `no such table: ${table}`;
    return explainFailure(db, sql, message, { ...names, tables: [...known.keys()] });
  } finally {
    db.close();
  }
};

const numberIn = (cell: AnyCell | undefined): number => Number(cell ?? 0);
const textIn = (cell: AnyCell | undefined): string | null => (cell == null ? null : String(cell));

/** Snapshots that do not count, and a clock that is behind. */
const noteClocksOf = async (engine: LakeEngine): Promise<boolean> => {
  const ahead = await engine.rows(
    'SELECT s.host_id, s.collected_time, s.ingested_time, s.ingested_time >= coalesce(l.collected_time, 0) AS is_newest ' +
      'FROM snapshots s LEFT JOIN latest_snapshots l ON l.host_id = s.host_id WHERE s.is_ahead = 1 ORDER BY 4 DESC, 1, 2',
  );
  noteAhead(
    ahead.map(([hostId, collected, ingested]) => ({
      hostId: String(hostId),
      collectedTime: numberIn(collected),
      ingestedTime: numberIn(ingested),
    })),
  );
  const [[newest] = []] = await engine.rows('SELECT max(ingested_time) FROM snapshots WHERE is_ahead = 0');
  noteNewest(newest == null ? null : Number(newest));
  return ahead.every(([, , , isNewest]) => isNewest !== 1);
};

/** On how many hosts the last snapshot was not judged when it came. */
const countUnjudged = async (engine: LakeEngine): Promise<number> => {
  const [[count] = []] = await engine.rows(
    `SELECT count(*) FROM latest_snapshots s JOIN ${hostStates} h ON upper(h.host_id) = upper(s.host_id) ` +
      'WHERE h.judged_from_time IS NULL OR s.collected_time NOT BETWEEN h.judged_from_time AND h.judged_until_time',
  );
  return numberIn(count);
};

/** Says on stderr what was read and is not complete; returns whether all is. */
const noteBlindSpots = async (
  engine: LakeEngine,
  { place }: LakeReading,
  touched: ReadonlySet<string>,
): Promise<boolean> => {
  const [[count] = []] = await engine.rows('SELECT count(DISTINCT host_id) FROM snapshots');
  const hosts = numberIn(count);
  if (hosts === 0) {
    printNote(`${place.pathOf()} holds no snapshot`);
    return false;
  }
  const isLastKnown = await noteClocksOf(engine);
  const data = dataTables(tables).flatMap(({ name }) => (touched.has(name) ? [name] : []));
  const found =
    data.length === 0 ? [] : await engine.rows(statusesSql(data.map(quoteText).join(', '), '1 = 1'));
  const counts = found.map(([table, status, reason, affected]): StatusCount => ({
    ...{ table: String(table), status: String(status), reason: textIn(reason) },
    hosts: numberIn(affected),
  }));
  const spots = spotsAmong(counts, data, hosts);
  noteSpots(spots, hosts);
  const unjudged = touched.has('findings') ? await countUnjudged(engine) : 0;
  noteUnjudged(unjudged, hosts, 'tokenquery findings --lake judges it');
  return isLastKnown && spots.length === 0 && unjudged === 0;
};

/** What can be told of a statement that SQLite takes, too: literals that cannot match, and hosts that are put together. */
const noteMistakes = (given: Arguments, sql: string, isOfOne: boolean): void => {
  const db = openEmptyStore(tables);
  const views = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all() as string[];
  const asked = { db, tables, names: { tables: views } };
  let mistakes: readonly Mistake[];
  let isMixed: boolean;
  try {
    mistakes = mistakesIn(asked, sql);
    isMixed = !isOfOne && putsHostsTogether(asked, sql);
  } catch {
    // It is SQL of DuckDB alone.
    return;
  } finally {
    db.close();
  }
  // A lake may hold words of a newer version.
  tellMistakes(mistakes, { isError: given.flag('strict') });
  if (isMixed)
    printNote(
      'rows of several hosts are put together, for the statement does not compare their host_id; --host asks one',
    );
};

/** The tables that names stand for: those of the history are of the same table. */
const tablesOf = (named: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...named].map((name) => name.replace(/_history$/, '')));

/** The host that somebody named; null for all. */
const hostOf = async (given: Arguments, engine: LakeEngine): Promise<string | null> => {
  const name = given.text('host');
  if (name === null) return null;
  const rows = await engine.rows(
    'SELECT s.host_id, h.hostname, h.computer_name FROM (SELECT DISTINCT host_id FROM snapshots) s LEFT JOIN hosts h ON h.host_id = s.host_id ORDER BY 1',
  );
  const hosts = rows.map(([hostId, hostname, computerName]) => ({
    ...{ hostId: textIn(hostId), hostname: textIn(hostname), computerName: textIn(computerName) },
  }));
  return hostAmong(hosts, name, 'SELECT host_id, hostname, computer_name FROM hosts lists them');
};

async function* limited(
  rows: AsyncIterable<readonly Cells[]>,
  most: number | null,
): AsyncGenerator<readonly Cells[]> {
  let left = most ?? Number.POSITIVE_INFINITY;
  for await (const some of rows) {
    if (some.length <= left) yield some;
    else {
      yield some.slice(0, left);
      flush();
      printNote(`only the first ${most} rows are shown (--max-rows)`);
      return;
    }
    left -= some.length;
  }
}

const answer = async (
  given: Arguments,
  engine: LakeEngine,
  lake: LakeReading,
  text: string,
): Promise<number> => {
  const named = await engine.namedIn(text);
  const isOfOne = given.text('host') !== null;
  noteMistakes(given, text, isOfOne || lake.manifests.reduce((sum, { hosts }) => sum + hosts, 0) < 2);
  await engine.show(
    new Set([...named, 'snapshots', 'table_status', hostStates, ...(isOfOne ? ['hosts'] : [])]),
  );
  const [[there] = []] = await engine.rows(
    'SELECT count(DISTINCT upper(host_id)) FROM snapshots WHERE is_ahead = 0',
  );
  checkHosts(lake, numberIn(there));
  const host = await hostOf(given, engine);
  if (host !== null) await engine.narrow(host);
  const isComplete = await noteBlindSpots(engine, lake, tablesOf(named));
  const mode = modeOf(given);
  const { columns, rows } = await engine.ask(text);
  const isForPeople = mode === 'pretty' || mode === 'line';
  const origins = columns.map((name) => ({ name, column: null }));
  const times = isForPeople ? momentsIn(origins, given.flag('raw')) : noTimes;
  await printRowsAsTheyCome(mode, columns, limited(rows, given.number('max-rows')), lookOf(given, times));
  flush();
  return given.flag('strict') && !isComplete ? 4 : 0;
};

export const queryLake = async (given: Arguments, sql: string): Promise<number> => {
  checkText(sql, names);
  // Before anything is fetched.
  const duckdb = loadDuckdb(programFolder, given.text('duckdb'));
  return readingLake(given, async (lake) => {
    const engine = await LakeEngine.open(duckdb, lake, engineMemory());
    try {
      return await answer(given, engine, lake, withNow(sql, currentTime()));
    } catch (error) {
      throw explained(error, sql, engine.columns);
    } finally {
      engine.close();
    }
  });
};
