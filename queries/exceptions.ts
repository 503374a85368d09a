/**
 * Risks that somebody accepted: a reviewed file of findings that shall not count, each with an owner, a reason and an end. A
 * file with one bad entry is refused as a whole: an exception that hides something else than was meant is worse than none.
 */
import { FileError } from '../collector/errors.ts';
import { folded } from '../collector/folded.ts';
import { isUuid } from '../collector/parsers/lines.ts';
import { nearest } from '../collector/nearest.ts';
import { readText } from './custom.ts';
import { matches } from './glob.ts';
import { queries as library } from './index.ts';
import { parseJson, placesIn } from './json_places.ts';
import type { Query } from './query.ts';

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
const MiB = 1024 * 1024;

/** A year that is mistyped would be no end; what is accepted for longer is looked at again in between. */
export const mostDaysAhead = 732;

interface Field {
  readonly isRequired: boolean;
  /** Characters. */
  readonly most: number;
  readonly description: string;
  /** What to write, for whoever left it out or left it empty. */
  readonly hint: string;
  readonly pattern?: string;
}

const dayForm = '\\d{4}-\\d{2}-\\d{2}';
const momentForm = `(${dayForm})T(\\d{2}):(\\d{2}):(\\d{2})(?:\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})`;
const timeForm = `^(?:${dayForm}|${momentForm.replaceAll(/\((?!\?)/g, '(?:')})$`;

/** The entries of an exception; the schema, the checks and the page in docs/ say the same of each. */
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
  owner: {
    isRequired: true,
    most: 256,
    description: 'Who answers for it.',
    hint: 'name the person or team that answers for it',
  },
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
const fieldNames = Object.keys(fields) as FieldName[];
const topNames = ['version', 'exceptions', '$schema'];

const form = '{"version": 1, "exceptions": […]}';

/** JSON Schema of the file. What only a comparison shows (a question that is not there, a day that no month has) it does not say. */
export const exceptionsSchema = () => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:tokenquery:exceptions:1',
  title: 'Exceptions of tokenquery findings',
  description:
    'Findings that shall not count, each with an owner, a reason and an end: UTF-8, at most 1 MiB. docs/exceptions.md has the rules.',
  type: 'object',
  additionalProperties: false,
  required: ['version', 'exceptions'],
  properties: {
    $schema: { description: 'For editors; it is not read.', type: 'string' },
    version: { const: 1 },
    exceptions: {
      description: 'Of several that fit a finding, the first that holds is told.',
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: fieldNames.filter((name) => fields[name].isRequired),
        properties: Object.fromEntries(
          fieldNames.map((name) => {
            const { description, most, pattern = '\\S' }: Field = fields[name];
            const not = name === 'query' ? { not: { const: '*' } } : {};
            return [name, { description, type: 'string', maxLength: most, pattern, ...not }];
          }),
        ),
      },
    },
  },
});

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text of somebody else within a message. */
const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
const quoted = (value: unknown): string => cut(JSON.stringify(value) ?? 'nothing');

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

/** Whether a question is about what was seen, and not about the Mac: without its answer, the others say nothing. */
const isAboutSeeing = ({ group, requires }: Query): boolean =>
  group === 'trust' || requires.some(({ table }) => table === 'table_status');

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

/** One entry of a file, and how errors call it. */
class Entry {
  readonly #file: string;
  readonly #value: Json;
  readonly number: number;
  readonly line: number;

  constructor(file: string, value: unknown, number: number, line: number) {
    this.#file = file;
    this.number = number;
    this.line = line;
    this.#value = isObject(value) ? value : {};
    if (!isObject(value))
      throw this.fault(`it is ${quoted(value)}, and no object`, `it has ${fieldNames.join(', ')}`);
  }

  fault(what: string, hint: string): FileError {
    const query = this.#value['query'];
    const name = typeof query === 'string' && query.trim() !== '' ? ` (${cut(query)})` : '';
    return new FileError(
      this.#file,
      `:${this.line}: exception ${this.number}${name}: ${what}`,
      `${hint}; until the file is right, nothing is suppressed`,
    );
  }

  checkKeys(): void {
    const unknown = Object.keys(this.#value).find((key) => !Object.hasOwn(fields, key));
    if (unknown === undefined) return;
    const near = nearest(unknown, fieldNames);
    throw this.fault(
      `there is no key ${quoted(unknown)}`,
      `${near === null ? '' : `did you mean ${near}? `}the keys are ${fieldNames.join(', ')}`,
    );
  }

  /** The text of a key; null where it may be left out, and is. */
  optional(name: FieldName): string | null {
    const { isRequired, most, hint } = fields[name];
    const value = Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
    if (value === undefined && !isRequired) return null;
    if (value === undefined) throw this.fault(`${name} is missing`, hint);
    if (typeof value !== 'string') throw this.fault(`${name} is a text, not ${quoted(value)}`, hint);
    if (!/\S/.test(value)) throw this.fault(`${name} is empty`, hint);
    if (Array.from(value).length > most)
      throw this.fault(`${name} has more than ${most} characters`, 'say it more shortly');
    return value;
  }

  text(name: FieldName): string {
    return this.optional(name) ?? '';
  }

  time(name: 'until' | 'from'): number | null {
    const text = this.optional(name);
    if (text === null) return null;
    const time = timeOf(text, name === 'until');
    if (time === null) throw this.fault(`${name} is no date: ${quoted(text)}`, fields[name].hint);
    return time;
  }
}

/** The questions that have a name, or that had it, where none has it any more. */
const named = (queries: readonly Query[], name: string): readonly Query[] => {
  const own = queries.filter((query) => query.name === name);
  return own.length > 0 ? own : queries.filter(({ formerly }) => formerly.includes(name));
};

const checkQuery = (entry: Entry, queries: readonly Query[]): readonly string[] => {
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
  const near = nearest(
    name,
    queries.map((query) => query.name),
  );
  throw entry.fault(
    `there is no question ${quoted(name)}`,
    `${near === null ? '' : `did you mean ${near}? `}tokenquery queries lists them all`,
  );
};

const exceptionOf = (entry: Entry, queries: readonly Query[], now: number): Exception => {
  entry.checkKeys();
  const asks = checkQuery(entry, queries);
  const query = entry.text('query');
  const [host, subject] = [entry.text('host'), entry.text('subject')];
  const [owner, reason] = [entry.text('owner'), entry.text('reason')];
  const untilTime = entry.time('until') ?? 0;
  const fromTime = entry.time('from');
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

  /** The first exception that holds for a finding at a time; null where it counts. */
  of({ query, hostId, names, subject }: Subject, time: number): Exception | null {
    const hosts = this.#groups.get(query);
    if (hosts === undefined) return null;
    // A Mac that is called by the id of another one is not that one.
    const called = [hostId, ...names.filter((name) => !isUuid(name))].filter((name) => name !== null);
    let first: Exception | null = null;
    for (const host of new Set(['*', ...called.map(folded)])) {
      for (const one of hosts.get(host)?.fitting(subject ?? '') ?? []) {
        if (!holds(one, time)) continue;
        this.#used.add(one);
        if (first === null || one.entry < first.entry) first = one;
      }
    }
    return first;
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
export const parseExceptions = (text: string, file: string, { queries, now }: Against): Exceptions => {
  const document = parseJson(
    text.replace(/^\ufeff/, ''),
    file,
    `an exceptions file is ${form}; JSON has no comments, and no comma after the last entry`,
  );
  const shape = `an exceptions file is ${form}; tokenquery schema --exceptions prints its schema`;
  if (!isObject(document)) throw new FileError(file, ' holds no object', shape);
  const { twice, lines } = placesIn(text);
  if (document['version'] !== 1)
    throw new FileError(file, `: version is ${quoted(document['version'])}, and not 1`, shape);
  const unknown = Object.keys(document).find((key) => !topNames.includes(key));
  if (unknown !== undefined) throw new FileError(file, `: there is no key ${quoted(unknown)}`, shape);
  if (document['$schema'] !== undefined && typeof document['$schema'] !== 'string')
    throw new FileError(file, ': $schema is a text', shape);
  const given = document['exceptions'];
  if (!Array.isArray(given)) throw new FileError(file, ': exceptions is no list', shape);
  const lineOf = (index: number): number => lines.get('exceptions')?.[index] ?? 1;
  const entries = given.map((value: unknown, index) => new Entry(file, value, index + 1, lineOf(index)));
  const hint = 'of two equal keys one would be lost: remove one';
  if (twice !== null) {
    const what = `${quoted(twice.key)} is given twice`;
    const entry = twice.item === null ? undefined : entries[twice.item];
    throw entry?.fault(what, hint) ?? new FileError(file, `:${twice.line}: ${what}`, hint);
  }
  return new Exceptions(entries.map((entry) => exceptionOf(entry, queries, now)));
};

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
  const hint = `--exceptions takes a file of at most 1 MiB: ${form}`;
  const text = readText(path, '--exceptions', hint, MiB);
  return parseExceptions(text, path, { queries: [...library, ...queries], now });
};
