/** Makes a report: opens what it is of, judges it where that is asked for, and writes the page as a whole or not at all. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { UserError } from '../collector/errors.ts';
import { statOrNull } from '../collector/files.ts';
import { fileSink, stdoutSink } from '../export/file_sink.ts';
import type { Sink } from '../export/file_sink.ts';
import { hmacOf, readKey } from '../export/pseudonyms.ts';
import { levels } from '../export/redact.ts';
import { appendixLines } from '../export/report/csv.ts';
import type { AppendixOptions } from '../export/report/csv.ts';
import { hostCount } from '../export/report/data.ts';
import { judgeAnew } from '../export/report/judged.ts';
import { hostPseudonym, redactedHosts } from '../export/report/redacted.ts';
import type { Redaction } from '../export/report/redacted.ts';
import { reportText } from '../export/report/report.ts';
import { judgePending } from '../queries/judging.ts';
import { keptQueries } from '../queries/findings.ts';
import type { Judgement } from '../queries/findings.ts';
import type { Query } from '../queries/query.ts';
import { acceptSnapshot } from '../store/door.ts';
import { transact } from '../store/file.ts';
import { snapshotOf } from '../store/snapshot.ts';
import type { Store } from '../store/store.ts';
import { openUnkept } from '../store/unkept.ts';
import { storeWriter } from '../store/writer/writer.ts';
import { tables } from '../tables/index.ts';
import { rules } from '../tables/shared/conflict_rules.ts';
import type { Arguments } from './command.ts';
import { hostNamed, readableStore, using } from './database.ts';
import { withSignals } from './export_output.ts';
import { evaluateIn, evaluateOneIn } from './findings.ts';
import { namedHosts } from './host_names.ts';
import { lakeStore } from './lake_store.ts';
import { judgementOf } from './judgement.ts';
import { expectOf } from './options.ts';
import { offNotes } from './overlay.ts';
import { flush, print, printError, printNote } from './output.ts';
import { Progress } from './progress.ts';
import { collectEach, generatedTables } from './sources.ts';
import { checkTaken } from './taken_places.ts';
import { currentTime } from './time.ts';
import { version } from './version.ts';

/** What a report is made of. */
interface World {
  readonly store: Store;
  readonly now: number;
  readonly isKept: boolean;
  /** A copy in memory of what was published: it has no verdicts and no commands. */
  readonly isLake: boolean;
}

/** Refused before anything is collected or opened: the words of a command line that cannot be. */
const checkArguments = (given: Arguments): void => {
  const inputs = [
    ['the database', given.text('db')],
    ['the key', given.text('redact-key')],
    ['the exceptions', given.text('exceptions')],
  ] as const;
  const output = given.required('output');
  const appendix = given.text('appendix');
  checkTaken(output, [...inputs, ['the appendix', appendix]]);
  if (appendix !== null) checkTaken(appendix, inputs);
  if (given.text('db') === null || given.flag('judge')) return;
  for (const option of ['expect', 'exceptions', 'overlay'])
    if (given.flag(option))
      throw new UserError(
        `--${option} goes with --judge`,
        'the verdicts of a database were stored with its looks; --judge makes them anew for the page',
        2,
      );
};

/** The questions of a page that is judged for itself; what the site switched off is said. */
const askedBy = ({ overlay = null }: Judgement): readonly Query[] => {
  const queries = keptQueries(overlay);
  for (const note of offNotes(queries)) printNote(note);
  return queries;
};

const collected = async (given: Arguments): Promise<World> => {
  const judgement = judgementOf(given);
  const store = openUnkept(tables);
  let newest = 0;
  const writer = storeWriter(store.db, tables);
  await collectEach(given, generatedTables, {
    take: (collection) => {
      const at = Math.max(currentTime(), collection.backend.capturedTime);
      const snapshot = acceptSnapshot(snapshotOf(tables, collection, version), {
        ...{ tables, version },
        now: () => at,
      });
      newest = Math.max(newest, snapshot.collectedTime);
      transact(store, () => writer.add([snapshot], at, true));
    },
    fail: ({ message, hint }) => printError(message, hint),
  });
  askedBy(judgement);
  judgePending(store, new Map(), judgement);
  return { store, now: newest, isKept: false, isLake: false };
};

const stored = (given: Arguments): World => ({
  store: readableStore(given),
  now: currentTime(),
  isKept: true,
  isLake: false,
});

const published = async (given: Arguments): Promise<World> => ({
  store: await lakeStore(given, null),
  now: currentTime(),
  isKept: true,
  isLake: true,
});

const judgeStored = (given: Arguments, { store, now }: World, hostId: string | null): void => {
  const expect = expectOf(given);
  const judgement = judgementOf(given);
  const { exceptions = null } = judgement;
  const queries = askedBy(judgement);
  const world = { db: store.db, now };
  const answers =
    hostId === null ? evaluateIn(world, queries, expect) : evaluateOneIn(world, queries, hostId, expect);
  const { namesOf } = namedHosts(store.db);
  judgeAnew(store.db, answers, { now, exceptions, namesOf });
};

/** To read all of a larger file would take as long as the page itself; what it holds has a digest in any case. */
const mostHashed = 256 * 1024 * 1024;

/** Of the file alone: where a log lies beside it, the file is not all that there is. */
const fileDigestOf = async ({ store, isKept, isLake }: World): Promise<string | null> => {
  if (!isKept || isLake || (statOrNull(`${store.path}-wal`, statSync)?.size ?? 0) > 0) return null;
  if ((statOrNull(store.path, statSync)?.size ?? 0) > mostHashed) return null;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(store.path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
};

const redactionOf = (given: Arguments, { store }: World, hostId: string | null): Redaction | null => {
  const level = levels.find((known) => known === given.text('redact')) ?? null;
  const redacted = redactedHosts(store.db, level, hostId);
  return level === null ? null : { level, key: readKey(given.required('redact-key')), redacted, tables };
};

const ruleWords: ReadonlyMap<string, string> = new Map(
  Object.entries(rules).map(([id, { title, explanation }]) => [
    id,
    `${title}. ${explanation}`.replaceAll('`', ''),
  ]),
);

const noteUnjudged = ({ store }: World, hostId: string | null): void => {
  const { unjudged, hosts } = store.db
    .prepare(
      "SELECT COUNT(DISTINCT CASE WHEN b.table_name = 'findings' THEN b.host_id END) AS unjudged, COUNT(DISTINCT l.host_id) AS hosts " +
        "FROM latest_snapshots l LEFT JOIN blind_spots b ON b.host_id = l.host_id AND b.table_name = 'findings' WHERE :host IS NULL OR l.host_id = :host",
    )
    .get({ host: hostId }) as { unjudged: number; hosts: number };
  if (unjudged > 0)
    printNote(
      `the last look at ${unjudged} of ${hosts} hosts was not judged when it came, and the page says so: --judge judges them for it`,
    );
};

const appendixOptions = (redaction: Redaction | null, { store }: World): AppendixOptions => {
  if (redaction === null)
    return { nameOf: namedHosts(store.db).hostnameOf, idOf: (id) => id, hostOf: (id) => id };
  const hmac = hmacOf(redaction.key);
  return {
    nameOf: () => null,
    idOf: (id) => (redaction.level === 'strict' ? null : hmac(String(id))),
    hostOf: hostPseudonym(redaction),
  };
};

const sinkOf = (path: string): Sink => (path === '-' ? stdoutSink(print, flush) : fileSink(path));

const writeAll = async (given: Arguments, page: string, appendix: Iterable<string> | null): Promise<void> => {
  const sinks: Sink[] = [];
  const abandon = (): void => {
    for (const sink of sinks) sink.abandon();
  };
  await withSignals({ abandon }, async () => {
    const beside = given.text('appendix');
    if (appendix !== null && beside !== null) {
      const sink = sinkOf(beside);
      sinks.push(sink);
      for (const line of appendix) {
        const writing = sink.write(line) ?? undefined;
        if (writing !== undefined) await writing;
      }
    }
    const sink = sinkOf(given.required('output'));
    sinks.push(sink);
    await sink.write(page);
    for (const one of sinks) await one.finish();
  });
};

const write = async (given: Arguments, world: World): Promise<void> => {
  const { store, now, isKept, isLake } = world;
  if (hostCount(store.db) === 0)
    throw new UserError(
      isKept ? `${store.path} holds no snapshot` : 'nothing was collected',
      isLake
        ? 'tokenquery lake --db FILE publishes a database that has one'
        : isKept
          ? `tokenquery snapshot --db ${store.path} makes one`
          : 'the errors above say why',
    );
  const named = given.text('host');
  const hostId = named === null ? null : hostNamed(store, named);
  // One moment of the database, whoever writes into it meanwhile.
  if (isKept) store.db.exec('BEGIN');
  const redaction = redactionOf(given, world, hostId);
  const fileDigest = await fileDigestOf(world);
  const isJudgedAnew = given.flag('judge') || !isKept || isLake;
  if (isKept && isJudgedAnew) judgeStored(given, world, hostId);
  else if (isKept) noteUnjudged(world, hostId);
  const progress = new Progress('telling');
  const page = reportText(store.db, {
    ...{ now, tables, hostId, redaction, isKept, isLake, isJudgedAnew, fileDigest, version },
    nameOf: namedHosts(store.db).nameOf,
    rules: ruleWords,
    progress: progress.at,
  });
  progress.end();
  await writeAll(
    given,
    page,
    given.flag('appendix') ? appendixLines(store.db, appendixOptions(redaction, world)) : null,
  );
};

export const makeReport = async (given: Arguments): Promise<number> => {
  checkArguments(given);
  const world =
    given.text('lake') !== null
      ? await published(given)
      : given.text('db') === null
        ? await collected(given)
        : stored(given);
  await using(world.store, () => write(given, world));
  return 0;
};
