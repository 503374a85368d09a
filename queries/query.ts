/** A query as its .sql file declares it: comment lines at the top, then one statement. */
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { catalogueNames, citationText, citedIn, faultOf, nothingCited } from './catalogues.ts';
import type { CatalogueName, Cited } from './catalogues.ts';
import { factNames, isFact } from './context.ts';
import type { FactName } from './context.ts';
import { withFirst, withKnownTables } from './known.ts';
import type { Requirement } from './known.ts';

export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** How far a question was tried, in Sigma's words: on Macs, in a release, or not yet in any. */
const statuses = ['stable', 'test', 'experimental'] as const;
type Status = (typeof statuses)[number];

/** What may come of a query on a host (evaluate.ts). */
export const verdicts = ['hit', 'clean', 'unknown', 'not_asked'] as const;

/** A column with a closed list of words: another word is one of a newer version, of which nothing is known here. */
export interface ClosedColumn {
  readonly table: string;
  readonly column: string;
  readonly values: readonly string[];
}

/** How much a question matters on a host of which all of the facts are proven. */
export interface SeverityRule {
  readonly severity: Severity;
  readonly when: readonly FactName[];
  readonly reason: string;
}

/** Another question whose finding on the same host is the cause. */
export interface Explanation {
  readonly query: string;
  /** Both must be about the same. */
  readonly isOfSubject: boolean;
  /** Every row of what is explained has one of these values in the column. */
  readonly where: { readonly column: string; readonly values: readonly string[] } | null;
}

/** Expressions of a WITH that several queries of the library begin with, and what must be known for them. */
export interface Part {
  readonly name: string;
  readonly requires: readonly Requirement[];
  readonly alsoReads: readonly string[];
  /** Without the WITH. */
  readonly sql: string;
}

/** What a site changed of a question (overlay.ts). */
interface Overlaid {
  /** The question without it. */
  readonly of: Query;
  /** It is not asked. */
  readonly isOff: boolean;
  readonly owner: string;
  readonly reason: string;
  /** Where it is said: a file and a line. */
  readonly place: string;
}

export interface Query {
  readonly name: string;
  /** Names of queries of older versions that this one answers, or a part of: they select it. */
  readonly formerly: readonly string[];
  readonly title: string;
  readonly group: string;
  /** From 1; moves with each release in which it answers otherwise (editions.ts). Null where the header has none. */
  readonly version: number | null;
  /** The day on which its answers changed last, in UTC: 2026-11-28. */
  readonly modified: string | null;
  readonly status: Status | null;
  /** How much it matters where nothing makes it matter less. */
  readonly severity: Severity;
  /** Where it matters less; the first that holds counts. */
  readonly severityWhere: readonly SeverityRule[];
  /** The column that says how much each row matters; `severity` is the most. */
  readonly severityFrom: string | null;
  /** What explains its findings; the first that is found on the host. */
  readonly explainedBy: readonly Explanation[];
  readonly purpose: string;
  readonly requires: readonly Requirement[];
  /** The columns with a closed list that it reads; the declarations say it (closed.ts). */
  readonly closed: readonly ClosedColumn[];
  /** Further tables that are read for facts beside the point. */
  readonly alsoReads: readonly string[];
  /** SQL over a row of hosts: false for a host that the query cannot concern, which is then clean. */
  readonly applies: string | null;
  /** The tables that `applies` reads, as SQLite understands it (reads.ts); null where that is not known. */
  readonly appliesReads: readonly string[] | null;
  readonly remediation: string;
  /** What it cites, list by list. */
  readonly cited: Cited;
  /** The same as one text; or the text of a header without lists. */
  readonly references: string;
  readonly falsePositives: string;
  /** Compares snapshots, so it needs a database with two of them. */
  readonly needsHistory: boolean;
  /** A report on the fleet: its rows are of no one host. */
  readonly isOfFleet: boolean;
  /** Hosts that must be known for a comparison between hosts. */
  readonly leastHosts: number;
  /** Seconds: what a complete look saw so long before the last one counts, too; 0 is the last look alone. */
  readonly maxAge: number;
  /** Seconds after which something counts as not seen; its SQL has the number. 0: it asks no such thing. */
  readonly notSeenAfter: number;
  /** One statement, without the semicolon. */
  readonly sql: string;
  /** The file, as errors name it. */
  readonly file: string;
  /** Where a site changed it. */
  readonly overlay?: Overlaid;
}

/** Whether a site switched a question off. */
export const isOff = ({ overlay }: Query): boolean => overlay?.isOff === true;

const keys = [
  'name',
  'formerly',
  'title',
  'group',
  'version',
  'modified',
  'status',
  'severity',
  'severity-where',
  'severity-from',
  'explained-by',
  'history',
  'scope',
  'least-hosts',
  'max-age',
  'not-seen-after',
  'purpose',
  'uses',
  'requires',
  'also-reads',
  'applies',
  'remediation',
  'references',
  ...catalogueNames,
  'false-positives',
] as const;
type Key = (typeof keys)[number];

/** What every query says. */
const neededAnywhere: ReadonlySet<Key> = new Set(['name', 'title', 'severity', 'purpose']);
/** What a query of the library says, too. */
const neededInLibrary: ReadonlySet<Key> = new Set([
  ...neededAnywhere,
  'group',
  'version',
  'modified',
  'status',
  'remediation',
  'false-positives',
]);

const secondsOf: Readonly<Record<string, number>> = { h: 3_600, d: 86_400, w: 604_800 };

const nameForm = /^[a-z][a-z0-9_]{0,63}$/;

interface Entry {
  readonly line: number;
  value: string;
}

const fault = (file: string, line: number, message: string, hint = ''): UserError =>
  new UserError(`${file}:${line}: ${message}`, hint);

const isKey = (word: string): word is Key => (keys as readonly string[]).includes(word);

/** What a header may say several times. */
const repeatable: ReadonlySet<Key> = new Set(['severity-where']);

/** The header lines, and where the SQL begins. */
const readHeader = (file: string, lines: readonly string[]) => {
  const entries = new Map<Key, Entry>();
  const repeated: (Entry & { readonly key: Key })[] = [];
  let last: Entry | null = null;
  let at = 0;
  for (; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trimEnd();
    if (line === '' || line === '--') continue;
    if (!line.startsWith('--')) break;
    const [, word, value] = /^--\s?([a-z][a-z0-9-]*):(?:\s+(.*))?$/.exec(line) ?? [];
    if (word !== undefined && isKey(word)) {
      if (entries.has(word) && !repeatable.has(word)) throw fault(file, at + 1, `${word} is given twice`);
      const entry = { key: word, line: at + 1, value: (value ?? '').trim() };
      last = entry;
      entries.set(word, entry);
      if (repeatable.has(word)) repeated.push(entry);
      continue;
    }
    const isContinued = /^--\s{2,}\S/.test(line);
    if (isContinued && last !== null) {
      last.value = `${last.value} ${line.slice(2).trim()}`.trim();
      continue;
    }
    const near = word === undefined ? null : nearest(word, keys);
    throw fault(
      file,
      at + 1,
      `this line of the header is not understood: ${line}`,
      near === null
        ? `a header line is "-- key: text", the next lines of the text begin with "--   "; keys: ${keys.join(', ')}`
        : `did you mean "-- ${near}:"?`,
    );
  }
  return { entries, repeated, sqlLine: at };
};

/** Splits at commas that stand outside of parentheses and strings. */
const splitItems = (text: string): string[] => {
  const items: string[] = [];
  let depth = 0;
  let isText = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "'") isText = !isText;
    else if (isText) continue;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === ',' && depth === 0) {
      items.push(text.slice(start, at));
      start = at + 1;
    }
  }
  items.push(text.slice(start));
  return items.map((item) => item.trim()).filter((item) => item !== '');
};

/** The header of one file, its lines by their key; whatever asks for one knows what it may be. */
class Header {
  readonly file: string;
  readonly #entries: ReadonlyMap<Key, Entry>;
  readonly #repeated: readonly (Entry & { readonly key: Key })[];
  /** The index of the line at which the SQL begins. */
  readonly sqlLine: number;

  constructor(file: string, lines: readonly string[]) {
    this.file = file;
    const { entries, repeated, sqlLine } = readHeader(file, lines);
    this.#entries = entries;
    this.#repeated = repeated;
    this.sqlLine = sqlLine;
  }

  /** Empty where the header has no such line. */
  text(key: Key): string {
    return this.#entries.get(key)?.value ?? '';
  }

  /** All lines of a key that may be given several times, each with how to say what is wrong with it. */
  each<T>(
    key: Key,
    read: (value: string, wrong: (message: string, hint?: string) => UserError) => T,
  ): readonly T[] {
    return this.#repeated
      .filter((entry) => entry.key === key)
      .map(({ line, value }) => read(value, (message, hint) => fault(this.file, line, message, hint)));
  }

  /** What is wrong with a line. */
  fault(key: Key, message: string, hint = ''): UserError {
    return fault(this.file, this.#entries.get(key)?.line ?? 1, message, hint);
  }

  /** Throws where a line is missing, or says nothing. */
  mustHave(needed: ReadonlySet<Key>): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined && needed.has(key))
        throw fault(this.file, 1, `the header lacks ${key}`, `add a line "-- ${key}: …"`);
      if (entry !== undefined && entry.value === '') throw this.fault(key, `${key} is empty`);
    }
  }

  /** The keys that the header has, in its order. */
  get order(): readonly Key[] {
    return [...this.#entries.keys()];
  }

  isSaid(key: Key, yes: string, no: string): boolean {
    const given = this.text(key);
    if (given !== '' && given !== yes && given !== no)
      throw this.fault(key, `${key} is ${yes} or ${no}, not ${JSON.stringify(given)}`);
    return given === yes;
  }

  items(key: Key): readonly string[] {
    return splitItems(this.text(key));
  }
}

const requirementOf = (header: Header, item: string): Requirement => {
  const [, no, table, column, questionMark, where, unless] =
    /^(no\s+)?([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*)(\?)?)?(?:\s+where\s+(.+?))?(?:\s+unless\s+(.+))?$/s.exec(
      item,
    ) ?? [];
  const isRowRule = no !== undefined || (where !== undefined && column === undefined);
  if (
    table === undefined ||
    (where !== undefined && questionMark !== undefined) ||
    (isRowRule && (no === undefined || where === undefined || column !== undefined))
  ) {
    throw header.fault(
      'requires',
      `requires does not understand ${JSON.stringify(item)}`,
      'it takes: table, table.column, table.column where CONDITION, table.column? where NULL is an answer, or no table where CONDITION; each with unless CONDITION over hosts',
    );
  }
  return {
    ...{ table, column: column ?? null, isNullAnswer: questionMark !== undefined },
    ...{ where: where ?? null, unless: unless ?? null, reads: null },
  };
};

/** A requirement as a header has it. */
export const requirementText = ({ table, column, isNullAnswer, where, unless }: Requirement): string => {
  const condition = (where === null ? '' : ` where ${where}`) + (unless === null ? '' : ` unless ${unless}`);
  if (column === null) return `${where === null ? '' : 'no '}${table}${condition}`;
  return `${table}.${column}${isNullAnswer ? '?' : ''}${condition}`;
};

export interface HeaderOptions {
  /** What a line `uses` may name. */
  readonly parts?: readonly Part[];
  /** Every key must be there, as in the library. */
  readonly isStrict?: boolean;
  /** The group of a query that names none. */
  readonly group?: string;
}

/** The name, which the file has too. */
const nameOf = (header: Header): string => {
  const name = header.text('name');
  if (!nameForm.test(name)) {
    throw header.fault(
      'name',
      `${JSON.stringify(name)} is no name`,
      'a name is lower-case letters, digits and _, at most 64',
    );
  }
  const stem = header.file
    .split(/[/\\]/)
    .at(-1)
    ?.replace(/\.sql$/, '');
  if (stem !== name)
    throw header.fault('name', `the name is ${name} and the file is ${stem}.sql`, 'make both equal');
  return name;
};

const formerlyOf = (header: Header): readonly string[] => {
  const names = header.items('formerly');
  const wrong = names.find((name) => !nameForm.test(name));
  if (wrong !== undefined) throw header.fault('formerly', `${JSON.stringify(wrong)} is no name`);
  return names;
};

/** The lists of what it cites, and the text of them. A text that is written as lists are is read as such. */
const citedOf = (
  header: Header,
  isStrict: boolean,
): { readonly cited: Cited; readonly references: string } => {
  const isCatalogue = (key: string): key is CatalogueName =>
    (catalogueNames as readonly string[]).includes(key);
  const order = header.order.filter(isCatalogue);
  const cited = { ...nothingCited };
  for (const name of order) {
    const ids = header.items(name);
    const wrong = faultOf(name, ids);
    if (wrong !== null) throw header.fault(name, `${name}: ${wrong}`);
    cited[name] = ids;
  }
  const references = header.text('references');
  const [first] = order;
  if (first === undefined) {
    const found = citedIn(references);
    if (isStrict && found === null && references !== 'none')
      throw header.fault(
        'references',
        'the header cites nothing, or in words',
        `it has lists (${catalogueNames.join(', ')}), or "-- references: none"`,
      );
    return { cited: found ?? nothingCited, references };
  }
  if (references !== '')
    throw header.fault(
      'references',
      'references is made from the lists',
      `leave out references, or ${first}`,
    );
  return { cited, references: citationText(cited, order) };
};

/** The parts that the header names, in its order. */
const partsOf = (header: Header, known: readonly Part[]): readonly Part[] =>
  header.items('uses').map((name) => {
    const part = known.find((one) => one.name === name);
    if (part !== undefined) return part;
    throw header.fault(
      'uses',
      `there is no part ${JSON.stringify(name)}`,
      known.length === 0 ? '' : `the parts are ${known.map((one) => one.name).join(', ')}`,
    );
  });

const versionOf = (header: Header): number | null => {
  const version = header.text('version');
  if (version === '') return null;
  if (!/^[1-9][0-9]{0,5}$/.test(version))
    throw header.fault('version', `version is ${JSON.stringify(version)}, and no whole number from 1`);
  return Number(version);
};

/** Whether a text is a day of the calendar. */
const isDay = (text: string): boolean => {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // It takes the 30th of February for the 2nd of March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
};

const modifiedOf = (header: Header): string | null => {
  const day = header.text('modified');
  if (day !== '' && !isDay(day))
    throw header.fault('modified', `modified is ${JSON.stringify(day)}, and no day such as 2026-11-28`);
  return day || null;
};

const statusOf = (header: Header): Status | null => {
  const given = header.text('status');
  if (given === '') return null;
  const status = statuses.find((known) => known === given);
  if (status !== undefined) return status;
  throw header.fault(
    'status',
    `there is no status ${JSON.stringify(given)}`,
    `it is one of ${statuses.join(', ')}`,
  );
};

const severityOf = (header: Header): Severity => {
  const given = header.text('severity');
  const severity = severities.find((known) => known === given);
  if (severity !== undefined) return severity;
  throw header.fault(
    'severity',
    `there is no severity ${JSON.stringify(given)}`,
    `it is one of ${severities.join(', ')}`,
  );
};

/** The lines `severity-where: SEVERITY when FACT and FACT: REASON`. */
const severityWhereOf = (header: Header, most: Severity): readonly SeverityRule[] =>
  header.each('severity-where', (value, wrong) => {
    const [, word, condition, reason] =
      /^([a-z]+)\s+when\s+([a-z_]+(?:\s+and\s+[a-z_]+)*)\s*:\s+(\S.*)$/s.exec(value) ?? [];
    const severity = severities.find((known) => known === word);
    if (severity === undefined || condition === undefined || reason === undefined)
      throw wrong(
        `severity-where does not understand ${JSON.stringify(value)}`,
        'it takes: SEVERITY when FACT: REASON, or when FACT and FACT',
      );
    if (severities.indexOf(severity) >= severities.indexOf(most))
      throw wrong(
        `severity-where says ${severity}, and severity is ${most}`,
        'severity is what holds where nothing is known; a line lowers it',
      );
    const words = condition.split(/\s+and\s+/);
    const unknown = words.find((name) => !isFact(name));
    if (unknown !== undefined)
      throw wrong(
        `severity-where names a fact that is not there: ${unknown}`,
        `facts: ${factNames.join(', ')}`,
      );
    return { severity, when: words.filter(isFact), reason };
  });

/** A line `severity-where` as a header has it. */
export const severityRuleText = ({ severity, when, reason }: SeverityRule): string =>
  `${severity} when ${when.join(' and ')}: ${reason}`;

const severityFromOf = (header: Header): string | null => {
  const column = header.text('severity-from');
  if (column !== '' && !nameForm.test(column))
    throw header.fault('severity-from', `${JSON.stringify(column)} is no column`);
  return column || null;
};

/** `NAME`, `NAME for the same subject`, each with `where COLUMN is VALUE or VALUE`. */
const explanationOf = (header: Header, item: string): Explanation => {
  const [, query, same, column, values] =
    /^([a-z][a-z0-9_]*)(\s+for\s+the\s+same\s+subject)?(?:\s+where\s+([a-z][a-z0-9_]*)\s+is\s+(\w+(?:\s+or\s+\w+)*))?$/.exec(
      item,
    ) ?? [];
  if (query === undefined)
    throw header.fault(
      'explained-by',
      `explained-by does not understand ${JSON.stringify(item)}`,
      'it takes: NAME, or NAME for the same subject; each with where COLUMN is VALUE or VALUE',
    );
  const where =
    column === undefined || values === undefined ? null : { column, values: values.split(/\s+or\s+/) };
  return { query, isOfSubject: same !== undefined, where };
};

/** An explanation as a header has it. */
export const explanationText = ({ query, isOfSubject, where }: Explanation): string =>
  `${query}${isOfSubject ? ' for the same subject' : ''}${where === null ? '' : ` where ${where.column} is ${where.values.join(' or ')}`}`;

const leastHostsOf = (header: Header): number => {
  const least = header.text('least-hosts');
  if (least !== '' && !/^[1-9][0-9]{0,5}$/.test(least))
    throw header.fault('least-hosts', 'least-hosts is a whole number');
  return Number(least);
};

/** Seconds; 0 where it is not said. */
const ageOf = (header: Header, key: 'max-age' | 'not-seen-after'): number => {
  const age = header.text(key);
  const [, count, unit] = /^([1-9][0-9]{0,4})([hdw])$/.exec(age) ?? [];
  if (age !== '' && count === undefined)
    throw header.fault(key, `${key} is a whole number with h, d or w, such as 30d`);
  return Number(count ?? 0) * (secondsOf[unit ?? ''] ?? 0);
};

const wholeNumber = (seconds: number): RegExp => new RegExp(`\\b${seconds}\\b`, 'g');

/** The seconds stand in the SQL, which so runs unchanged on any engine; a run may want others. */
const notSeenAfterOf = (header: Header, sql: string): number => {
  const seconds = ageOf(header, 'not-seen-after');
  if (seconds !== 0 && !wholeNumber(seconds).test(sql))
    throw header.fault('not-seen-after', `not-seen-after is ${seconds} seconds, which the SQL does not have`);
  return seconds;
};

/** The query with another time after which something counts as not seen. */
export const withNotSeenAfter = (query: Query, seconds: number): Query =>
  query.notSeenAfter === 0 || query.notSeenAfter === seconds
    ? query
    : {
        ...query,
        notSeenAfter: seconds,
        sql: query.sql.replace(wholeNumber(query.notSeenAfter), String(seconds)),
      };

/** The header of a file, and its statement, without which it is no query. */
const readFileText = (
  text: string,
  file: string,
): { readonly header: Header; readonly sql: () => string } => {
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/^\ufeff/, '')
    .split('\n');
  const header = new Header(file, lines);
  const body = lines.slice(header.sqlLine).join('\n').trim().replace(/;\s*$/, '');
  const sql = (): string => {
    if (body === '') throw fault(file, lines.length, 'there is no SQL after the header');
    return body;
  };
  return { header, sql };
};

const requirementsOf = (header: Header): readonly Requirement[] =>
  header.items('requires').map((item) => requirementOf(header, item));

/** The part of the library that a .sql file holds; its header has a name, and may have purpose, requires and also-reads. */
export const parsePart = (text: string, file: string): Part => {
  const { header, sql } = readFileText(text, file);
  header.mustHave(new Set(['name', 'purpose']));
  return {
    name: nameOf(header),
    requires: requirementsOf(header),
    alsoReads: header.items('also-reads'),
    sql: sql(),
  };
};

/**
 * The query of a .sql file.
 *
 * @param file As errors name it; its stem must be the name of the query.
 * @throws UserError that names the file and the line.
 */
export const parseQuery = (text: string, file: string, options: HeaderOptions = {}): Query => {
  const { header, sql } = readFileText(text, file);
  const isStrict = options.isStrict === true;
  header.mustHave(isStrict ? neededInLibrary : neededAnywhere);
  const name = nameOf(header);
  const severity = severityOf(header);
  const leastHosts = leastHostsOf(header);
  const maxAge = ageOf(header, 'max-age');
  const own = sql();
  const parts = partsOf(header, options.parts ?? []);
  const requires = [...parts.flatMap((part) => part.requires), ...requirementsOf(header)];
  // What a part requires its query does.
  if (isStrict && requires.length === 0) header.mustHave(new Set(['requires']));
  const applies = header.text('applies');
  return {
    name,
    formerly: formerlyOf(header),
    title: header.text('title'),
    group: header.text('group') || options.group || 'own',
    version: versionOf(header),
    modified: modifiedOf(header),
    status: statusOf(header),
    severity,
    severityWhere: severityWhereOf(header, severity),
    severityFrom: severityFromOf(header),
    explainedBy: header.items('explained-by').map((item) => explanationOf(header, item)),
    purpose: header.text('purpose'),
    requires,
    closed: [],
    alsoReads: [...new Set([...parts.flatMap((part) => part.alsoReads), ...header.items('also-reads')])],
    applies: applies || null,
    appliesReads: applies === '' ? [] : null,
    remediation: header.text('remediation'),
    ...citedOf(header, isStrict),
    falsePositives: header.text('false-positives'),
    needsHistory: header.isSaid('history', 'yes', 'no'),
    isOfFleet: header.isSaid('scope', 'fleet', 'host'),
    leastHosts,
    maxAge,
    notSeenAfter: notSeenAfterOf(header, own),
    sql: withKnownTables(
      withFirst(
        own,
        parts.map((part) => part.sql),
      ),
      requires,
    ),
    file,
  };
};

/** Orders severities from critical down to info. */
export const severityRank = (severity: unknown): number =>
  severities.length - severities.indexOf(severity as Severity);
