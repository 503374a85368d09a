import { UserError } from '../../collector/errors.ts';
import { checkExplanations, explain } from '../../queries/explained.ts';
import { isAtLeast, findingsOfAnswer } from '../../queries/findings.ts';
import type { Finding } from '../../queries/findings.ts';
import type { Expectation } from '../../queries/expectations.ts';
import { severities, withNotSeenAfter } from '../../queries/query.ts';
import type { Query, Severity } from '../../queries/query.ts';
import { queries as library } from '../../queries/index.ts';
import { fieldsOfSpot, gradeOn } from '../../queries/evaluate.ts';
import type { Answer, BlindSpot, Verdict } from '../../queries/evaluate.ts';
import { statementsOf } from '../../queries/closed.ts';
import { checkQuery, readQueries } from '../../queries/custom.ts';
import { mistakesIn } from '../../queries/mistakes.ts';
import { addOsqueryViews } from '../../queries/osquery_views.ts';
import { readPacks } from '../../queries/osquery_pack.ts';
import { plural } from '../../collector/plural.ts';
import type { Table } from '../../collector/table.ts';
import type { Db } from '../../store/database.ts';
import type { Store } from '../../store/store.ts';
import { openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command, OptionSpec } from '../command.ts';
import { printFindings } from '../findings_report.ts';
import { printOff, printResolved, printSuppressed } from '../findings_sections.ts';
import { printSummary } from '../findings_summary.ts';
import {
  asksStanding,
  exceptionsOf,
  ofHostAlone,
  ofSeverityOrAbove,
  readLives,
  tell,
  toldOptions,
  wantedBy,
  wantsLives,
} from '../findings_told.ts';
import type { Resolved, Standing, Told } from '../findings_told.ts';
import { evaluateIn, evaluateOneIn, judgedWorld, selectQueries, tablesOfQueries } from '../findings.ts';
import { hostAmong, namedHosts, readAllHosts, withNames } from '../host_names.ts';
import type { NamedHosts } from '../host_names.ts';
import { tellMistakes } from '../mistakes.ts';
import { readNotSeen } from '../not_seen.ts';
import type { NotSeen } from '../not_seen.ts';
import { names } from '../names.ts';
import { offLines, offNotes, overlayOf } from '../overlay.ts';
import {
  expectOf,
  expectOption,
  lakeOptions,
  modeOf,
  modeOptions,
  overlayOption,
  pagerOption,
  timeoutOption,
  worldOptions,
} from '../options.ts';
import { exitUnreadWith, flush, print, printNote, printRows } from '../output.ts';
import type { Cells, Mode } from '../output.ts';
import { evaluatePacks, queriesOfPacks } from '../packs.ts';
import { collectFrom } from '../sources.ts';
import { asking, storedWorld } from '../world.ts';
import type { World } from '../world.ts';

const ownColumns = [
  'verdict',
  'query_name',
  'title',
  'group',
  'severity',
  'host_id',
  'subject',
  'details',
  'purpose',
  'remediation',
  'references',
  'false_positives',
  'blind_spots',
  'severity_reason',
  'explained_by',
] as const;

/** Told where somebody asks how it stands with findings. */
const standingColumns = ['state', 'exception', 'first_seen_time', 'changed_time', 'resolved_time'] as const;

interface OutputRow {
  /** Of what was resolved, how it stands with its question now. */
  readonly verdict: Verdict | null;
  readonly query: Query;
  readonly severity: Severity;
  readonly severityReason: string | null;
  readonly hostId: string | null;
  readonly subject: string | null;
  readonly details: readonly object[];
  readonly blindSpots: readonly BlindSpot[];
  /** The question whose finding explains this one. */
  readonly explainedBy: string | null;
  readonly standing?: Standing;
}

const resolvedRow = ({ query, life }: Resolved, answers: readonly Answer[]): OutputRow => {
  const { hostId, subject, details, severity } = life;
  return {
    verdict: answers.find((answer) => answer.query === query)?.verdicts.get(hostId) ?? null,
    ...{ query, hostId, subject, severity, severityReason: null, blindSpots: [], explainedBy: null },
    details: JSON.parse(details) as object[],
    standing: { state: 'resolved', exception: null, life },
  };
};

/** A row for each finding, and one for each host on which a query could not be evaluated, or was not asked. */
function* outputRows({ answers, suppressed, resolved, standingOf, least }: Told): Generator<OutputRow> {
  const findings = answers.flatMap(findingsOfAnswer);
  const explained = explain(findings);
  const row = (finding: Finding): OutputRow => ({
    verdict: 'hit',
    ...finding,
    explainedBy: explained.get(finding)?.query.name ?? null,
    standing: standingOf(finding),
  });
  for (const finding of findings) yield row(finding);
  for (const { finding } of suppressed) yield row(finding);
  for (const one of resolved) yield resolvedRow(one, answers);
  for (const answer of answers) {
    const { query, verdicts, blindSpots } = answer;
    for (const [hostId, verdict] of verdicts) {
      if (verdict !== 'unknown' && verdict !== 'not_asked') continue;
      const { severity, reason } = gradeOn(answer, hostId);
      if (!isAtLeast(severity, least)) continue;
      yield {
        verdict,
        query,
        severity,
        severityReason: reason,
        hostId,
        subject: null,
        details: [],
        blindSpots: blindSpots.get(hostId) ?? [],
        explainedBy: null,
      };
    }
  }
}

const fieldsOf = ({
  verdict,
  query,
  severity,
  severityReason,
  hostId,
  subject,
  details,
  blindSpots,
  explainedBy,
}: OutputRow) => [
  verdict,
  query.name,
  query.title,
  query.group,
  severity,
  hostId,
  subject,
  details,
  query.purpose,
  query.remediation,
  query.references,
  query.falsePositives,
  blindSpots.map(fieldsOfSpot),
  severityReason,
  explainedBy,
];

const standingFields = ({ standing }: OutputRow) => {
  const { state = null, exception = null, life = null } = standing ?? {};
  return [
    state,
    exception === null ? null : { owner: exception.owner, reason: exception.reason, until: exception.until },
    life?.firstSeenTime ?? null,
    life?.changedTime ?? null,
    life?.resolvedTime ?? null,
  ];
};

const printOutput = (mode: Mode, told: Told, hosts: NamedHosts, hasStanding: boolean): void => {
  const columns = [...ownColumns, ...(hasStanding ? standingColumns : [])];
  const fieldsOfRow = (row: OutputRow) => [...fieldsOf(row), ...(hasStanding ? standingFields(row) : [])];
  if (mode === 'json' || mode === 'ndjson') {
    let separator = mode === 'json' ? '[\n  ' : '';
    for (const row of outputRows(told)) {
      const fields = fieldsOfRow(row);
      const named = columns.map((name, index) => [name, fields[index]]);
      const hostname = row.hostId === null ? null : hosts.hostnameOf(row.hostId);
      print(separator + JSON.stringify(Object.fromEntries([...named, ['hostname', hostname]])));
      if (mode === 'ndjson') print('\n');
      else separator = ',\n  ';
    }
    if (mode === 'json') print(separator.startsWith('[') ? '[]\n' : '\n]\n');
    return;
  }
  const cells = function* (): Generator<Cells> {
    for (const row of outputRows(told)) {
      yield fieldsOfRow(row).map((field) =>
        field === null || typeof field !== 'object' ? field : JSON.stringify(field),
      );
    }
  };
  const named = withNames(mode, columns, cells(), hosts);
  printRows(mode, named.columns, named.rows);
};

interface Asked {
  readonly queries: readonly Query[];
  /** Also those that are not asked now. */
  readonly known: readonly Query[];
  readonly isLibrary: boolean;
  /** @param host The one host that is asked about, where somebody named it; of others it may tell, too. */
  evaluate(world: World, expect: Expectation, host: string | null): readonly Answer[];
}

/** Tells of literals in queries of others that cannot match: such a query would find nothing, whatever there is. */
const tellLiterals = (
  given: Arguments,
  queries: readonly Query[],
  ofStore: Db | null,
  more: (query: Query) => readonly string[] = () => [],
): void => {
  const isError = given.flag('strict');
  const memory = openMemory(tables);
  const viewsOf = (db: Db): readonly string[] =>
    db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").pluck().all() as string[];
  for (const query of queries) {
    // Without a store, one that compares snapshots is asked of nobody.
    const db = query.needsHistory ? ofStore : memory;
    if (db === null) continue;
    const namesIn = (sql: string): readonly string[] =>
      query.needsHistory ? viewsOf(db) : [...names.tables, ...addOsqueryViews(db, sql)];
    const statements = new Set([...statementsOf(query), ...more(query)]);
    const mistakes = [...statements].flatMap((sql) =>
      mistakesIn({ db, tables, names: { tables: namesIn(sql) } }, sql),
    );
    // What a condition says is said again where the table that it reads is required.
    const byMessage = new Map(mistakes.map((mistake) => [mistake.message, mistake]));
    tellMistakes([...byMessage.values()], { isError, of: query.name });
  }
  memory.close();
};

/** The queries of a folder, checked. */
const queriesIn = (folder: string, store: Store | null): readonly Query[] => {
  const empty = openMemory(tables);
  const all = readQueries(folder).map((one) => checkQuery(one, names, tables, empty, store?.db ?? null));
  empty.close();
  return all;
};

/** The queries that the command line asks for, checked before anything is collected. */
const askedOf = (given: Arguments, store: Store | null): Asked => {
  const folder = given.text('queries');
  const file = given.text('pack');
  const select = (
    all: readonly Query[],
    change: (queries: readonly Query[]) => readonly Query[] = (queries) => queries,
  ): readonly Query[] =>
    ofSeverityOrAbove(change(selectQueries(all, given.texts('n'), given.text('group'))), given);
  if (file !== null) {
    const { packs, skipped } = readPacks(file);
    const prepared = queriesOfPacks(packs, file);
    for (const reason of [...skipped, ...prepared.skipped]) printNote(`left out: ${reason}`);
    if (prepared.queries.length === 0)
      throw new UserError(`${file} has no query that can be asked here`, 'tokenquery tables lists what can');
    const queries = select(prepared.queries);
    tellLiterals(given, queries, null, (query) => prepared.discoveryOf.get(query) ?? []);
    return {
      queries,
      known: prepared.queries,
      isLibrary: false,
      evaluate: ({ db, now }) => evaluatePacks(db, { ...prepared, queries }, now),
    };
  }
  const all = folder === null ? library : queriesIn(folder, store);
  if (folder !== null) checkExplanations(all);
  const notSeenAfter = given.number('not-seen-after');
  const overlay = overlayOf(given, folder === null ? [] : all);
  const queries = select(all, (selected) => {
    const timed = selected.map((query) =>
      notSeenAfter === null ? query : withNotSeenAfter(query, notSeenAfter),
    );
    return overlay?.apply(timed) ?? timed;
  });
  if (folder !== null) tellLiterals(given, queries, store?.db ?? null);
  return {
    queries,
    known: all,
    isLibrary: folder === null,
    evaluate: (world, expect, host) =>
      host === null || folder !== null || world.store === null
        ? evaluateIn(world, queries, expect)
        : evaluateOneIn(world, queries, host, expect),
  };
};

const worldOfStore = async (given: Arguments, store: Store, isLibrary: boolean): Promise<World> => {
  const world = await storedWorld(given, store);
  if (world.asOf !== null) {
    const { noteStoreBlindSpots } = await import(/* webpackMode: "eager" */ '../database.ts');
    noteStoreBlindSpots(store, new Set(), world.asOf);
  }
  if (isLibrary)
    (await import(/* webpackMode: "eager" */ '../../store/plain_hosts.ts')).withPlainHosts(
      store.db,
      store.tables,
    );
  return world;
};

/** @param wanted The tables of a lake of which the rows are needed; null for all. */
const storeOf = async (given: Arguments, wanted: readonly Table[] | null): Promise<Store | null> => {
  if (given.text('lake') !== null)
    return (await import(/* webpackMode: "eager" */ '../lake_store.ts')).lakeStore(given, wanted);
  if (given.text('db') === null) return null;
  return (await import(/* webpackMode: "eager" */ '../database.ts')).readableStore(given);
};

interface Evaluated {
  readonly told: Told;
  readonly hosts: NamedHosts;
  readonly notSeen: NotSeen;
}

/** The host that somebody named; null for all. */
const hostOf = async (given: Arguments, { db, store }: World): Promise<string | null> => {
  const name = given.text('host');
  if (name === null) return null;
  if (store === null) return hostAmong(readAllHosts(db), name, 'findings without --host tells of them all');
  return (await import(/* webpackMode: "eager" */ '../database.ts')).hostNamed(store, name);
};

const evaluated = async (given: Arguments, asked: Asked, store: Store | null): Promise<Evaluated> => {
  // Before anything is collected: what is wrong with the file is told at once.
  const exceptions = exceptionsOf(given, asked.known);
  const world =
    store === null
      ? judgedWorld(await collectFrom(given, tablesOfQueries(asked.queries)))
      : await worldOfStore(given, store, asked.isLibrary);
  const how = {
    what: 'a question',
    hint: 'tokenquery findings -n NAME asks one alone',
  };
  return asking(world, how, async () => {
    const host = await hostOf(given, world);
    const hosts = namedHosts(world.db);
    const telling = {
      ...{
        answers: asked.evaluate(world, expectOf(given), host),
        hosts,
        host,
        now: world.now,
        exceptions,
        wanted: wantedBy(given),
      },
      lives: store !== null && wantsLives(given) ? readLives(world.db, world.now) : null,
      unjudged: store === null ? 0 : await unjudgedIn(given, store, host),
    };
    return { told: tell(telling), hosts, notSeen: ofHostAlone(readNotSeen(world.db), host) };
  });
};

/** On how many hosts the last snapshot was not judged when it came. */
const unjudgedIn = async (given: Arguments, store: Store, host: string | null): Promise<number> => {
  const { blindSpots } = await import(/* webpackMode: "eager" */ '../../store/blind_spots.ts');
  return blindSpots(store, new Set(['findings']), given.number('as-of'), host).unevaluated;
};

/** The hosts with a verdict on which it matters as much, or more. */
const hasVerdict = (answer: Answer, wanted: Verdict, least: Severity): boolean => {
  for (const [host, verdict] of answer.verdicts)
    if (verdict === wanted && isAtLeast(gradeOn(answer, host).severity, least)) return true;
  return false;
};

interface Outcome {
  readonly exitCode: number;
  readonly notes: readonly string[];
}

/** What a job goes by: decided before anything is printed, for nobody may read it to the end. */
const outcomeOf = (given: Arguments, { answers, least: told }: Told): Outcome => {
  const failOn = given.text('fail-on') as Severity | null;
  const isNobody = answers.every(({ verdicts }) => verdicts.size === 0);
  const notes = isNobody ? ['there is no host to judge: that is no pass'] : [];
  const least = failOn !== null && isAtLeast(failOn, told) ? failOn : told;
  const open = answers.filter((answer) => hasVerdict(answer, 'unknown', least));
  if (failOn !== null && open.length > 0)
    notes.push(
      `${plural(open.length, 'question')} of severity ${failOn} or above could not be judged on every host: that is no pass (--strict makes it exit code 4)`,
    );
  const isFound = ({ severity }: Finding): boolean => isAtLeast(severity, least);
  if (failOn !== null && answers.some((answer) => findingsOfAnswer(answer).some(isFound)))
    return { exitCode: 3, notes };
  return { exitCode: given.flag('strict') && (isNobody || open.length > 0) ? 4 : 0, notes };
};

const printTold = (given: Arguments, asked: Asked, { told, hosts, notSeen }: Evaluated): void => {
  const mode = modeOf(given);
  const { labelOf, nameOf } = hosts;
  if (given.flag('summary')) printSummary(mode, told);
  else if (mode === 'pretty') {
    const isChosen = given.texts('n').length > 0 || given.text('group') !== null;
    const sections = (): void => {
      printOff(offLines(asked.queries));
      printSuppressed(told.suppressed, hosts);
      printResolved(told.resolved, wantedBy(given).since, hosts);
    };
    printFindings(told.answers, {
      notSeen,
      labelOf,
      nameOf,
      isChosen: isChosen || !asked.isLibrary,
      sections,
    });
  } else printOutput(mode, told, hosts, asksStanding(given));
};

/** What others ask is held against the views of the store; the library is known, and so are the tables that it needs. */
const storeAndAsked = async (
  given: Arguments,
): Promise<{ readonly store: Store | null; readonly asked: Asked }> => {
  if (given.text('queries') !== null || given.text('pack') !== null) {
    const store = await storeOf(given, null);
    return { store, asked: askedOf(given, store) };
  }
  const asked = askedOf(given, null);
  return { store: await storeOf(given, tablesOfQueries(asked.queries)), asked };
};

const run = async (given: Arguments): Promise<number> => {
  const { store, asked } = await storeAndAsked(given);
  const found = await evaluated(given, asked, store);
  const { exitCode, notes } = outcomeOf(given, found.told);
  exitUnreadWith(exitCode);
  printTold(given, asked, found);
  flush();
  // A page for people has a section for it.
  const off = modeOf(given) === 'pretty' && !given.flag('summary') ? [] : offNotes(asked.queries);
  for (const note of [...notes, ...off, ...found.told.notes]) printNote(note);
  return exitCode;
};

export const findingsCommand: Command = {
  name: 'findings',
  usage:
    'tokenquery findings [-n NAME]… [--group GROUP] [--source SOURCE]… | --db FILE [--as-of TIME] [--fail-on SEVERITY] [--json|--csv|…]',
  summary: 'Runs the queries of the library, and says what was found, what it means and what to do.',
  about: [
    'Every query has one answer for each host: hit, clean, unknown or not_asked. A host whose needed table could not',
    'be collected is unknown, never clean; it is listed separately, with the reason. What the means of this run exclude (no',
    'database, no --allow-network, too few hosts) was not asked. docs/findings.md has the rules.',
    'Questions that compare snapshots need a database that snapshot --db FILE made.',
    'Exit code 3: --fail-on is met. Exit code 4: --strict, and something is unknown, with --fail-on something of',
    'that severity or above; 3 goes before 4.',
  ],
  options: {
    n: {
      type: 'string',
      isRepeatable: true,
      value: 'NAME',
      description: 'Run this query only. Repeatable.',
    },
    group: { type: 'string', value: 'GROUP', description: 'Run the queries of this group only.' },
    queries: {
      type: 'string',
      value: 'DIR',
      excludes: [{ option: 'pack' }],
      description: 'Ask the .sql files of this folder in place of the library.',
    },
    pack: {
      type: 'string',
      value: 'FILE',
      description: 'Ask the queries of this osquery pack in place of the library.',
    },
    'not-seen-after': {
      type: 'string',
      value: 'DURATION',
      kind: 'age',
      least: 3600,
      description: 'After so long a host, or a table of it, counts as not seen: 36h, 14d; 7d by default.',
    },
    'fail-on': {
      type: 'string',
      value: 'SEVERITY',
      choices: severities,
      description: `Exit code 3 for a finding of ${severities.join(', ')} or above.`,
    },
    strict: {
      type: 'boolean',
      description:
        'Exit code 4 when a query could not be evaluated on a host (what was not asked is none); an error for a literal that cannot match.',
    },
    ...expectOption,
    overlay: {
      ...overlayOption['overlay'],
      excludes: [{ option: 'pack', because: 'a pack names no severities: leave out what you do not ask' }],
    } as OptionSpec,
    ...toldOptions,
    ...timeoutOption('no limit by default'),
    ...worldOptions,
    ...lakeOptions,
    ...modeOptions,
    ...pagerOption,
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery findings',
    'tokenquery findings --db fleet.db --summary --exceptions accepted.json',
    'tokenquery findings --lake lake --severity high',
    'tokenquery findings --db fleet.db --changed-since -7d --severity medium',
    'tokenquery findings --source evidence.tar.gz --group posture --fail-on high',
    'tokenquery findings --db fleet.db --group detection',
    'tokenquery findings --queries my-queries --json',
    'tokenquery findings --pack it-compliance.conf',
  ],
  limits: (given) => ({
    what: 'the questions',
    seconds: null,
    isMemoryBounded: ['queries', 'pack', 'lake'].some((option) => given.text(option) !== null),
    hint: '--timeout SECONDS gives them longer; tokenquery findings -n NAME asks one alone',
  }),
  run,
};
