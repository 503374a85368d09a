/** A query as its .sql file declares it: comment lines at the top, then one statement. */
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import { withKnownTables } from './known.ts';
import type { Requirement } from './known.ts';

export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** A column with a closed list of words: another word is one of a newer version, of which nothing is known here. */
export interface ClosedColumn {
  readonly table: string;
  readonly column: string;
  readonly values: readonly string[];
}

export interface Query {
  readonly name: string;
  readonly title: string;
  readonly group: string;
  readonly severity: Severity;
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
  /** One statement, without the semicolon. */
  readonly sql: string;
  /** The file, as errors name it. */
  readonly file: string;
}

const keys = [
  'name',
  'title',
  'group',
  'severity',
  'history',
  'scope',
  'least-hosts',
  'max-age',
  'purpose',
  'requires',
  'also-reads',
  'applies',
  'remediation',
  'references',
  'false-positives',
] as const;
type Key = (typeof keys)[number];

/** What a file of one's own may leave out. */
const optional: ReadonlySet<Key> = new Set([
  'group',
  'history',
  'scope',
  'least-hosts',
  'max-age',
  'requires',
  'also-reads',
  'applies',
  'remediation',
  'references',
  'false-positives',
]);

const secondsOf: Readonly<Record<string, number>> = { h: 3_600, d: 86_400, w: 604_800 };

export const nameForm = /^[a-z][a-z0-9_]{0,63}$/;

interface Entry {
  readonly line: number;
  value: string;
}

const fault = (file: string, line: number, message: string, hint = ''): UserError =>
  new UserError(`${file}:${line}: ${message}`, hint);

const isKey = (word: string): word is Key => (keys as readonly string[]).includes(word);

/** The header lines, and where the SQL begins. */
const readHeader = (file: string, lines: readonly string[]) => {
  const entries = new Map<Key, Entry>();
  let last: Entry | null = null;
  let at = 0;
  for (; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').trimEnd();
    if (line === '' || line === '--') continue;
    if (!line.startsWith('--')) break;
    const [, word, value] = /^--\s?([a-z][a-z-]*):(?:\s+(.*))?$/.exec(line) ?? [];
    if (word !== undefined && isKey(word)) {
      if (entries.has(word)) throw fault(file, at + 1, `${word} is given twice`);
      last = { line: at + 1, value: (value ?? '').trim() };
      entries.set(word, last);
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
  return { entries, sqlLine: at };
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

const requirementOf = (file: string, line: number, item: string): Requirement => {
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
    throw fault(
      file,
      line,
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
  /** Every key must be there, as in the library. */
  readonly isStrict?: boolean;
  /** The group of a query that names none. */
  readonly group?: string;
}

/**
 * The query of a .sql file.
 *
 * @param file As errors name it; its stem must be the name of the query.
 * @throws UserError that names the file and the line.
 */
export const parseQuery = (text: string, file: string, options: HeaderOptions = {}): Query => {
  const lines = text
    .replaceAll('\r\n', '\n')
    .replace(/^\ufeff/, '')
    .split('\n');
  const { entries, sqlLine } = readHeader(file, lines);
  const value = (key: Key): string => entries.get(key)?.value ?? '';
  const lineOf = (key: Key): number => entries.get(key)?.line ?? 1;

  for (const key of keys) {
    const isNeeded =
      options.isStrict === true
        ? !['history', 'scope', 'least-hosts', 'max-age', 'also-reads', 'applies'].includes(key)
        : !optional.has(key);
    const entry = entries.get(key);
    if (entry === undefined && isNeeded)
      throw fault(file, 1, `the header lacks ${key}`, `add a line "-- ${key}: …"`);
    if (entry !== undefined && entry.value === '') throw fault(file, entry.line, `${key} is empty`);
  }
  const name = value('name');
  if (!nameForm.test(name)) {
    throw fault(
      file,
      lineOf('name'),
      `${JSON.stringify(name)} is no name`,
      'a name is lower-case letters, digits and _, at most 64',
    );
  }
  const stem = file
    .split(/[/\\]/)
    .at(-1)
    ?.replace(/\.sql$/, '');
  if (stem !== name)
    throw fault(file, lineOf('name'), `the name is ${name} and the file is ${stem}.sql`, 'make both equal');
  const severity = severities.find((known) => known === value('severity'));
  if (severity === undefined) {
    throw fault(
      file,
      lineOf('severity'),
      `there is no severity ${JSON.stringify(value('severity'))}`,
      `it is one of ${severities.join(', ')}`,
    );
  }
  const yesNo = (key: Key, yes: string, no: string): boolean => {
    const given = value(key);
    if (given !== '' && given !== yes && given !== no)
      throw fault(file, lineOf(key), `${key} is ${yes} or ${no}, not ${JSON.stringify(given)}`);
    return given === yes;
  };
  const least = value('least-hosts');
  if (least !== '' && !/^[1-9][0-9]{0,5}$/.test(least))
    throw fault(file, lineOf('least-hosts'), 'least-hosts is a whole number');

  const maxAge = value('max-age');
  const [, count, unit] = /^([1-9][0-9]{0,4})([hdw])$/.exec(maxAge) ?? [];
  if (maxAge !== '' && count === undefined)
    throw fault(file, lineOf('max-age'), 'max-age is a whole number with h, d or w, such as 30d');

  const sql = lines.slice(sqlLine).join('\n').trim().replace(/;\s*$/, '');
  if (sql === '') throw fault(file, lines.length, 'there is no SQL after the header');
  const requires = splitItems(value('requires')).map((item) => requirementOf(file, lineOf('requires'), item));
  return {
    name,
    title: value('title'),
    group: value('group') || options.group || 'own',
    severity,
    purpose: value('purpose'),
    requires,
    closed: [],
    alsoReads: splitItems(value('also-reads')),
    applies: value('applies') || null,
    appliesReads: value('applies') === '' ? [] : null,
    remediation: value('remediation'),
    references: value('references'),
    falsePositives: value('false-positives'),
    needsHistory: yesNo('history', 'yes', 'no'),
    isOfFleet: yesNo('scope', 'fleet', 'host'),
    leastHosts: least === '' ? 0 : Number(least),
    maxAge: Number(count ?? 0) * (secondsOf[unit ?? ''] ?? 0),
    sql: withKnownTables(sql, requires),
    file,
  };
};

/** Orders severities from critical down to info. */
export const severityRank = (severity: Severity): number => severities.length - severities.indexOf(severity);
