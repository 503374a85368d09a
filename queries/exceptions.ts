/**
 * Risks that somebody accepted: a reviewed file of findings that shall not count, each with an owner, a reason and an end. A
 * file with one bad entry is refused as a whole: an exception that hides something else than was meant is worse than none.
 */
import { folded } from '../collector/folded.ts';
import { isUuid } from '../collector/uuid.ts';
import { readText } from './custom.ts';
import { matches } from './glob.ts';
import { queries as library } from './index.ts';
import type { Query } from './query.ts';
import {
  isAboutSeeing,
  mostBytes,
  named,
  noQuestion,
  ownerField,
  quoted,
  readEntries,
  reviewedSchema,
  shapeOf,
} from './reviewed.ts';
import type { Entry, Field, Form } from './reviewed.ts';

/** One risk that somebody accepted. */
export interface Exception {
  /** Its place in the file, from 1. */
  readonly entry: number;
  readonly line: number;
  readonly query: string;
  /** The questions that it is for: those that had the name, where none has it any more. */
  readonly asks: readonly string[];
  /** A UUID or a name in any letter case; * is every host. */
  readonly host: string;
  /** * stands for any text, ? for one character. */
  readonly subject: string;
  readonly owner: string;
  readonly reason: string;
  /** As they are written. */
  readonly until: string;
  readonly from: string | null;
  /** Unix seconds: it holds from the first of them until before the second. */
  readonly fromTime: number | null;
  readonly untilTime: number;
}

/** What an exception is held against. */
export interface Subject {
  readonly query: string;
  /** Null for a report on the fleet. */
  readonly hostId: string | null;
  /** What the host is called beside its id. */
  readonly names: readonly string[];
  readonly subject: string | null;
}

const daySeconds = 86_400;

/** A year that is mistyped would be no end; what is accepted for longer is looked at again in between. */
export const mostDaysAhead = 732;

const dayForm = '\\d{4}-\\d{2}-\\d{2}';
const momentForm = `(${dayForm})T(\\d{2}):(\\d{2}):(\\d{2})(?:\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})`;
const timeForm = `^(?:${dayForm}|${momentForm.replaceAll(/\((?!\?)/g, '(?:')})$`;

const fields = {
  query: {
    isRequired: true,
    most: 256,
    description:
      'The question: one, by its name. There is no exception for all questions. The name of a question that was split is for all that came of it.',
    hint: 'tokenquery queries lists the names',
  },
  host: {
    isRequired: true,
    most: 256,
    description:
      'The host: its UUID, or its hostname or computer_name in any letter case; * is every host. Whoever administers a Mac chooses its name, so the UUID is safer.',
    hint: 'name a UUID or the name of a host, or * for every host',
  },
  subject: {
    isRequired: true,
    most: 1024,
    description:
      'The subject of the finding, as it is told; * stands for any text and ? for one character. What is about the host as a whole has the subject host.',
    hint: 'name the subject as findings tells it, or * for every subject',
  },
  owner: ownerField,
  reason: {
    isRequired: true,
    most: 2000,
    description: 'Why it is accepted.',
    hint: 'say why it is accepted: whoever reads the findings reads it too',
  },
  until: {
    isRequired: true,
    most: 64,
    description: `When it ends by itself: the last day on which it holds, in UTC (2027-03-01), or a moment with its offset (2027-03-01T12:00:00Z). At most ${mostDaysAhead} days from now, which is two years.`,
    hint: 'write the last day on which it holds, such as 2027-03-01, or a moment, such as 2027-03-01T12:00:00Z',
    pattern: timeForm,
  },
  from: {
    isRequired: false,
    most: 64,
    description:
      'When it begins, in the same form; a day begins at 0 o’clock UTC. Without it, it holds already.',
    hint: 'write the first day on which it holds, such as 2027-03-01, or leave it out',
    pattern: timeForm,
  },
} as const satisfies Readonly<Record<string, Field>>;

type FieldName = keyof typeof fields;

const form: Form<FieldName> = {
  list: 'exceptions',
  entry: 'exception',
  file: 'an exceptions file',
  option: '--exceptions',
  until: 'nothing is suppressed',
  fields,
};

/** JSON Schema of the file. */
export const exceptionsSchema = () =>
  reviewedSchema(form, {
    title: 'Exceptions of tokenquery findings',
    description:
      'Findings that shall not count, each with an owner, a reason and an end: UTF-8, at most 1 MiB. docs/exceptions.md has the rules.',
    entries: 'Of several that fit a finding, the first that holds is told.',
  });

/** Whether the clock of a moment, or a day, is one. */
const secondsOf = (day: string, hour = 0, minute = 0, second = 0): number | null => {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const time = Date.UTC(year, month - 1, date, hour, minute, second);
  // It takes the 31st of February for the 3rd of March, and 24 o'clock for the next day.
  const isSame =
    new Date(time).toISOString().startsWith(`${day}T`) && hour < 24 && minute < 60 && second < 60;
  return isSame ? time / 1000 : null;
};

const offsetOf = (zone: string): number | null => {
  if (zone === 'Z') return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
};

const wholeDay = new RegExp(`^${dayForm}$`);
const wholeMoment = new RegExp(`^${momentForm}$`);

/** Unix seconds of a day, of which the end counts where it is an end, or of a moment; null for what is neither. */
const timeOf = (text: string, isEnd: boolean): number | null => {
  if (wholeDay.test(text)) {
    const begin = secondsOf(text);
    return begin === null ? null : begin + (isEnd ? daySeconds : 0);
  }
  const [, day, hour, minute, second, zone] = wholeMoment.exec(text) ?? [];
  if (day === undefined || zone === undefined) return null;
  const local = secondsOf(day, Number(hour), Number(minute), Number(second));
  const offset = offsetOf(zone);
  return local === null || offset === null ? null : local - offset;
};

/** The questions of this kind that were and will be called so, whatever stands in their place. */
const alwaysAboutSeeing: ReadonlySet<string> = new Set([
  ...['collection_blind_spots', 'host_not_seen', 'table_not_seen'],
]);

interface Against {
  /** The questions that an entry may name. */
  readonly queries: readonly Query[];
  /** Unix seconds by the clock of who reads the file. */
  readonly now: number;
}

type ExceptionEntry = Entry<FieldName>;

const timeIn = (entry: ExceptionEntry, name: 'until' | 'from'): number | null => {
  const text = entry.optional(name);
  if (text === null) return null;
  const time = timeOf(text, name === 'until');
  if (time === null) throw entry.fault(`${name} is no date: ${quoted(text)}`, fields[name].hint);
  return time;
};

const checkQuery = (entry: ExceptionEntry, queries: readonly Query[]): readonly string[] => {
  const name = entry.text('query');
  if (name === '*')
    throw entry.fault(
      'an exception for every question would hide what nobody has thought of',
      'write one entry for each question that is meant',
    );
  const found = named(queries, name);
  if (alwaysAboutSeeing.has(name) || found.some(isAboutSeeing))
    throw entry.fault(
      'what was not seen cannot be excepted: it is no risk that somebody can judge, and without it "clean" means nothing',
      'remove the entry; where a Mac is gone, tokenquery retain drops what is old',
    );
  if (found.length > 0) return [...new Set(found.map((query) => query.name))];
  throw noQuestion(entry, name, queries);
};

const exceptionOf = (entry: ExceptionEntry, queries: readonly Query[], now: number): Exception => {
  const asks = checkQuery(entry, queries);
  const query = entry.text('query');
  const [host, subject] = [entry.text('host'), entry.text('subject')];
  const [owner, reason] = [entry.text('owner'), entry.text('reason')];
  const untilTime = timeIn(entry, 'until') ?? 0;
  const fromTime = timeIn(entry, 'from');
  const [until, from] = [entry.text('until'), entry.optional('from')];
  if (untilTime > now + mostDaysAhead * daySeconds)
    throw entry.fault(
      `until is ${until}, more than two years from now`,
      `an exception is looked at again within ${mostDaysAhead} days: write an earlier end`,
    );
  if (fromTime !== null && fromTime >= untilTime)
    throw entry.fault(`it ends (${until}) before it begins (${from})`, fields.from.hint);
  return {
    ...{ entry: entry.number, line: entry.line, query, asks, host, subject },
    ...{ owner, reason },
    ...{ until, from, fromTime, untilTime },
  };
};

/** Those for one host: by what they say of the subject. */
class Group {
  readonly #exact = new Map<string, Exception[]>();
  readonly #patterns: Exception[] = [];

  add(exception: Exception): void {
    const { subject } = exception;
    if (/[*?]/.test(subject)) this.#patterns.push(exception);
    else this.#exact.set(subject, [...(this.#exact.get(subject) ?? []), exception]);
  }

  *fitting(subject: string): Generator<Exception> {
    yield* this.#exact.get(subject) ?? [];
    for (const one of this.#patterns) if (matches(one.subject, subject)) yield one;
  }
}

const holds = ({ fromTime, untilTime }: Exception, time: number): boolean =>
  (fromTime === null || fromTime <= time) && time < untilTime;

/** The exceptions of a file. */
export class Exceptions {
  readonly all: readonly Exception[];
  /** By question, and then by host. */
  readonly #groups = new Map<string, Map<string, Group>>();
  readonly #used = new Set<Exception>();

  constructor(all: readonly Exception[]) {
    this.all = all;
    for (const [query, exception] of all.flatMap((one) => one.asks.map((name) => [name, one] as const))) {
      const hosts = this.#groups.get(query) ?? new Map<string, Group>();
      this.#groups.set(query, hosts);
      const host = folded(exception.host);
      const group = hosts.get(host) ?? new Group();
      hosts.set(host, group);
      group.add(exception);
    }
  }

  /** Those that are for a finding, whenever they hold. */
  *#fitting({ query, hostId, names, subject }: Subject): Generator<Exception> {
    const hosts = this.#groups.get(query);
    if (hosts === undefined) return;
    // A Mac that is called by the id of another one is not that one.
    const called = [hostId, ...names.filter((name) => !isUuid(name))].filter((name) => name !== null);
    for (const host of new Set(['*', ...called.map(folded)]))
      yield* hosts.get(host)?.fitting(subject ?? '') ?? [];
  }

  /** The first exception that holds for a finding at a time; null where it counts. */
  of(finding: Subject, time: number): Exception | null {
    let first: Exception | null = null;
    for (const one of this.#fitting(finding)) {
      if (!holds(one, time)) continue;
      this.#used.add(one);
      if (first === null || one.entry < first.entry) first = one;
    }
    return first;
  }

  /** When a finding last came to be accepted, or to count again, by a time; null where neither is known to have been. */
  changedTime(finding: Subject, time: number): number | null {
    const fitting = [...this.#fitting(finding)];
    const isAccepted = (at: number): boolean => fitting.some((one) => holds(one, at));
    const bounds = fitting
      .flatMap(({ fromTime, untilTime }) => (fromTime === null ? [untilTime] : [fromTime, untilTime]))
      .filter((bound) => bound <= time)
      .toSorted((a, b) => b - a);
    return bounds.find((bound) => isAccepted(bound) !== isAccepted(bound - 1)) ?? null;
  }

  /** Those that hold, were asked for, and fit nothing that `of` was asked; one that comes after another and fits the same is none. */
  unused(time: number, isAsked: (exception: Exception) => boolean = () => true): readonly Exception[] {
    return this.all.filter((one) => holds(one, time) && isAsked(one) && !this.#used.has(one));
  }

  /** Those that have ended: what they hid counts again. */
  expired(time: number): readonly Exception[] {
    return this.all.filter(({ untilTime }) => untilTime <= time);
  }
}

/**
 * The exceptions of a text.
 *
 * @param file As errors name it.
 * @throws UserError that names the entry, and says what to do.
 */
export const parseExceptions = (text: string, file: string, { queries, now }: Against): Exceptions =>
  new Exceptions(readEntries(text, file, form).map((entry) => exceptionOf(entry, queries, now)));

/**
 * The exceptions of a file: UTF-8, at most 1 MiB.
 *
 * @param against The clock, and questions that are asked beside those of the library.
 * @throws UserError when it cannot be read, or is not right in every entry; as root, when others can have written it.
 */
export const readExceptions = (
  path: string,
  { queries = [], now }: { readonly queries?: readonly Query[]; readonly now: number },
): Exceptions => {
  const hint = `--exceptions takes a file of at most 1 MiB: ${shapeOf(form)}`;
  const text = readText(path, '--exceptions', hint, mostBytes);
  return parseExceptions(text, path, { queries: [...library, ...queries], now });
};
