/** What of the answers is told: for one host, without what somebody accepted, and only what is new or changed. */
import { UserError } from '../collector/errors.ts';
import { folded } from '../collector/folded.ts';
import { plural } from '../collector/plural.ts';
import { answerOn } from '../queries/evaluate.ts';
import type { Answer } from '../queries/evaluate.ts';
import { readExceptions } from '../queries/exceptions.ts';
import type { Exception, Exceptions } from '../queries/exceptions.ts';
import { findingsOfAnswer, isAtLeast, isStored, subjectKey } from '../queries/findings.ts';
import { queries as library } from '../queries/index.ts';
import type { Finding } from '../queries/findings.ts';
import { lastTimes, lifeKey, livesAt } from '../queries/lives.ts';
import type { Life } from '../queries/lives.ts';
import { severities } from '../queries/query.ts';
import type { Query, Severity } from '../queries/query.ts';
import { suppress } from '../queries/suppress.ts';
import type { Suppressed } from '../queries/suppress.ts';
import type { Db } from '../store/database.ts';
import type { Arguments, Options } from './command.ts';
import type { NamedHosts } from './host_names.ts';
import type { NotSeen } from './not_seen.ts';
import { currentTime } from './time.ts';

const lifeReason =
  'when a finding was first seen stands in a database that tokenquery snapshot --db FILE fills';

/** Options that say what of the answers is told. */
export const toldOptions: Options = {
  exceptions: {
    type: 'string',
    value: 'FILE',
    kind: 'file',
    description:
      'Do not count what this file accepts: JSON, docs/exceptions.md. It is shown in a section of its own.',
  },
  host: {
    type: 'string',
    value: 'HOST',
    description: 'Tell of one host, by its UUID or its name.',
  },
  severity: {
    type: 'string',
    value: 'SEVERITY',
    choices: severities,
    description: `Only questions of ${severities.join(', ')} or above.`,
  },
  new: {
    type: 'boolean',
    needs: { option: 'db', or: 'lake', because: lifeReason },
    excludes: [{ option: 'changed-since', because: '--changed-since tells of what is new, too' }],
    description: 'With --db: only what the last snapshot of its host saw first.',
  },
  'changed-since': {
    type: 'string',
    value: 'TIME',
    kind: 'time',
    needs: { option: 'db', or: 'lake', because: lifeReason },
    description:
      'With --db: only what was first seen, or changed, since then, and what was resolved since: 2026-09-01, or -7d.',
  },
  summary: {
    type: 'boolean',
    excludes: ['new', 'changed-since'].map((option) => ({
      option,
      because: 'the summary counts what is new and resolved in seven days',
    })),
    description: 'Only counts: each question, and on how many hosts it has which answer.',
  },
};

/** The questions of the severity that was asked for, or above. */
export const ofSeverityOrAbove = (queries: readonly Query[], given: Arguments): readonly Query[] => {
  const least = given.text('severity') as Severity | null;
  if (least === null) return queries;
  const grave = queries.filter(({ severity }) => isAtLeast(severity, least));
  if (grave.length > 0 || queries.length === 0) return grave;
  const most = severities.findLast((severity) => queries.some((query) => query.severity === severity));
  throw new UserError(
    `none of these questions is of severity ${least} or above`,
    `the gravest of them is ${most}`,
    2,
  );
};

/** What somebody accepted; null where no file is given. */
export const exceptionsOf = (given: Arguments, known: readonly Query[]): Exceptions | null => {
  const file = given.text('exceptions');
  return file === null ? null : readExceptions(file, { queries: known, now: currentTime() });
};

/** What was not seen of one host; null for all. */
export const ofHostAlone = ({ gaps, asRoot }: NotSeen, host: string | null): NotSeen =>
  host === null ? { gaps, asRoot } : { gaps: gaps.filter(({ hostId }) => hostId === host), asRoot };

/** What the store says of the lives of findings. To be read while the world is open. */
export interface Lives {
  readonly all: readonly Life[];
  readonly last: ReadonlyMap<string, number>;
}

export const readLives = (db: Db, now: number): Lives => ({
  all: livesAt(db, now),
  last: lastTimes(db),
});

type State = 'new' | 'ongoing' | 'resolved' | 'suppressed';

/** How it stands with a finding; what the database does not keep is null. */
export interface Standing {
  readonly state: State | null;
  readonly exception: Exception | null;
  readonly life: Life | null;
}

/** A finding that has ended. */
export interface Resolved {
  readonly query: Query;
  readonly life: Life;
}

export interface Told {
  /** What counts, and is asked for. */
  readonly answers: readonly Answer[];
  readonly suppressed: readonly Suppressed[];
  readonly resolved: readonly Resolved[];
  readonly standingOf: (finding: Finding) => Standing;
  /** What the store says of lives; null where nobody asked for it, or there is none. */
  readonly lives: Lives | null;
  /** Whether a life counts: it is of the host that is asked about, and nobody accepted it. */
  readonly isCounted: (life: Life) => boolean;
  readonly now: number;
  readonly least: Severity;
  readonly notes: readonly string[];
}

/** The answers for one host; a report on the fleet is of no one host. */
const ofHost = (answers: readonly Answer[], host: string): readonly Answer[] =>
  answers.filter(({ query }) => !query.isOfFleet).map((answer) => answerOn(answer, host));

/** The life of each finding that is there. */
const lifeFinder = (lives: Lives | null): ((finding: Finding) => Life | null) => {
  const open = new Map(
    (lives?.all ?? [])
      .filter(({ resolvedTime }) => resolvedTime === null)
      .map((life) => [lifeKey(life.hostId, life.queryName, life.subject), life]),
  );
  return ({ hostId, query, subject }) =>
    (hostId === null ? undefined : open.get(lifeKey(hostId, query.name, subject ?? ''))) ?? null;
};

const called = ({ entry, query, host, subject, owner }: Exception): string =>
  `exception ${entry} (${query}, ${subject} on ${host === '*' ? 'every host' : host}, of ${owner})`;

const namedAtMost = 3;
const listed = (texts: readonly string[]): string =>
  texts.length > namedAtMost
    ? `${texts.slice(0, namedAtMost).join('; ')}; and ${texts.length - namedAtMost} more`
    : texts.join('; ');

interface Asked {
  readonly answers: readonly Answer[];
  readonly hosts: NamedHosts;
  /** The one host; null for all. */
  readonly host: string | null;
  readonly now: number;
}

/** Whether an exception is for a host. */
const isFor = ({ host }: Exception, hostId: string, { namesOf }: NamedHosts): boolean =>
  host === '*' || [hostId, ...namesOf(hostId)].some((name) => folded(name) === folded(host));

/** Those that fit nothing, of what was asked, and whether that may be for it could not be judged. */
const unusedTexts = (exceptions: Exceptions, { answers, hosts, host, now }: Asked): readonly string[] => {
  const byName = new Map(answers.map((answer) => [answer.query.name, answer]));
  const isAsked = (one: Exception): boolean =>
    one.asks.some((name) => byName.has(name)) &&
    (host === null || (one.host !== '*' && isFor(one, host, hosts)));
  return exceptions.unused(now, isAsked).map((one) => {
    const isOpen = one.asks
      .flatMap((name) => [...(byName.get(name)?.verdicts ?? [])])
      .some(
        ([hostId, verdict]) =>
          (verdict === 'unknown' || verdict === 'not_asked') && isFor(one, hostId, hosts),
      );
    return `${called(one)}${isOpen ? ', whose question could not be judged everywhere' : ''}`;
  });
};

const exceptionNotes = (exceptions: Exceptions, asked: Asked): readonly string[] => {
  const expired = exceptions.expired(asked.now).map((one) => `${called(one)}, until ${one.until}`);
  const unused = unusedTexts(exceptions, asked);
  const notes: string[] = [];
  if (expired.length > 0)
    notes.push(
      `${plural(expired.length, 'exception')} ended, and what ${expired.length === 1 ? 'it' : 'they'} hid counts again: ${listed(expired)}`,
    );
  if (unused.length > 0)
    notes.push(
      `${plural(unused.length, 'exception')} fit${unused.length === 1 ? 's' : ''} nothing that was found, so no longer needed, or mistyped: ${listed(unused)}`,
    );
  return notes;
};

interface Wanted {
  /** Only what the last snapshot of its host saw first. */
  readonly isNew: boolean;
  /** Only what something happened to since; null for all. */
  readonly since: number | null;
  /** Only what matters as much, where it was found. */
  readonly least: Severity;
}

export const wantedBy = (given: Arguments): Wanted => ({
  isNew: given.flag('new'),
  since: given.number('changed-since'),
  least: (given.text('severity') as Severity | null) ?? 'info',
});

/** Whether the lives of findings matter for what is told. */
export const wantsLives = (given: Arguments): boolean => asksStanding(given) || given.flag('summary');

/** Whether each row says how it stands with its finding. */
export const asksStanding = (given: Arguments): boolean => {
  const { isNew, since } = wantedBy(given);
  return isNew || since !== null || given.text('exceptions') !== null;
};

const ofLibrary = new Set(library.map(({ name }) => name));
/** Whether a database keeps what a question finds. */
export const isKept = (query: Query): boolean => ofLibrary.has(query.name) && isStored(query);
const isKeptFinding = ({ query, severity }: Finding): boolean => isKept(query) && severity !== 'info';

const lifeNotes = (wanted: Wanted, answers: readonly Answer[], unjudged: number): readonly string[] => {
  if (!wanted.isNew && wanted.since === null) return [];
  const left = answers
    .filter(({ query, hits }) => hits.length > 0 && !isKept(query))
    .map(({ query }) => query.name);
  return [
    ...(left.length === 0
      ? []
      : [
          `when it was first seen is not kept of what is only information, or compares hosts: left out ${left.join(', ')}`,
        ]),
    ...(unjudged === 0
      ? []
      : [
          `on ${plural(unjudged, 'host')} the last snapshot was not judged when it came: what it saw first is not known there, and not told`,
        ]),
  ];
};

export interface Telling extends Asked {
  readonly lives: Lives | null;
  readonly exceptions: Exceptions | null;
  readonly wanted: Wanted;
  /** Hosts of which the last snapshot was not judged when it was stored. */
  readonly unjudged: number;
}

const counter =
  ({ host, exceptions, hosts, now }: Telling): Told['isCounted'] =>
  ({ queryName, hostId, subject }) => {
    if (host !== null && hostId !== host) return false;
    const names = exceptions === null ? [] : hosts.namesOf(hostId);
    return exceptions?.of({ query: queryName, hostId, names, subject }, now) == null;
  };

const resolvedSince = (
  { answers, lives, wanted: { since, least } }: Telling,
  isCounted: Told['isCounted'],
): readonly Resolved[] => {
  if (since === null || lives === null) return [];
  const byName = new Map(answers.map(({ query }) => [query.name, query]));
  return lives.all.flatMap((life) => {
    const query = byName.get(life.queryName);
    const isRecent = life.resolvedTime !== null && life.resolvedTime >= since;
    const isWanted = isRecent && isAtLeast(life.severity, least) && isCounted(life);
    return query !== undefined && isWanted ? [{ query, life }] : [];
  });
};

/** An answer with these of its findings alone. */
const narrowed = (answer: Answer, isTold: (finding: Finding) => boolean): Answer => {
  const told = new Set(findingsOfAnswer(answer).filter(isTold).map(subjectKey));
  return { ...answer, hits: answer.hits.filter((hit) => told.has(subjectKey(hit))) };
};

/** The life of each finding; that it is accepted, or counts again, is a change like one of its facts. */
const lifeWithExceptions =
  ({ exceptions, hosts, now }: Telling, lifeOf: (finding: Finding) => Life | null) =>
  (finding: Finding): Life | null => {
    const life = lifeOf(finding);
    if (life === null || exceptions === null) return life;
    const { query, hostId, subject } = finding;
    const names = hostId === null ? [] : hosts.namesOf(hostId);
    const changed = exceptions.changedTime({ query: query.name, hostId, names, subject }, now);
    return changed === null ? life : { ...life, changedTime: Math.max(life.changedTime, changed) };
  };

/** What is told of answers. */
export const tell = (telling: Telling): Told => {
  const { host, lives, exceptions, hosts, now, wanted } = telling;
  const answers = host === null ? telling.answers : ofHost(telling.answers, host);
  const asked = { answers, hosts, host, now };
  const rest =
    exceptions === null
      ? { answers, suppressed: [] }
      : suppress(answers, { exceptions, namesOf: hosts.namesOf, time: now });
  const lifeOf = lifeFinder(lives);
  const isNew = ({ hostId }: Finding, life: Life | null): boolean =>
    life !== null && life.firstSeenTime === lives?.last.get(hostId ?? '');
  const isOfLife = wanted.isNew || wanted.since !== null;
  const lifeNow = lifeWithExceptions(telling, lifeOf);
  const isTold = (finding: Finding): boolean => {
    if (!isAtLeast(finding.severity, wanted.least)) return false;
    if (!isOfLife) return true;
    const life = lifeNow(finding);
    // What is found now and was not when the last snapshot was judged came since.
    if (life === null) return isKeptFinding(finding) && telling.unjudged === 0;
    return wanted.isNew ? isNew(finding, life) : life.changedTime >= (wanted.since ?? 0);
  };
  const isAll = wanted.least === 'info' && !isOfLife;
  const suppressed = rest.suppressed.filter(({ finding }) => isTold(finding));
  const exceptionOf = new Map(suppressed.map(({ finding, exception }) => [standingKey(finding), exception]));
  const isCounted = counter(telling);
  const resolved = resolvedSince(telling, isCounted);
  return {
    answers: isAll ? rest.answers : rest.answers.map((answer) => narrowed(answer, isTold)),
    ...{ suppressed, resolved, lives, isCounted, now, least: wanted.least },
    standingOf: (finding) => {
      const life = lifeNow(finding);
      const exception = exceptionOf.get(standingKey(finding)) ?? null;
      const own: State | null = life === null ? null : isNew(finding, life) ? 'new' : 'ongoing';
      return { state: exception === null ? own : 'suppressed', exception, life };
    },
    notes: [
      ...(exceptions === null ? [] : exceptionNotes(exceptions, asked)),
      ...lifeNotes(wanted, answers, telling.unjudged),
    ],
  };
};

const standingKey = (finding: Finding): string => JSON.stringify([finding.query.name, subjectKey(finding)]);
