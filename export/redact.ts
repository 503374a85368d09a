/**
 * Redaction: what becomes of each class of columns (collector/privacy.ts) in a redacted export. Of tables and columns it knows
 * what they declare. docs/privacy.md has the classes for readers, docs/siem.md the levels.
 */
import { undecided } from '../collector/privacy.ts';
import type { KnownWords, Privacy, PrivacyClass } from '../collector/privacy.ts';
import { commands, files } from '../collector/sources.ts';
import type { CommandName } from '../collector/sources.ts';
import { allColumns } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { redactionLevels } from '../store/snapshot.ts';
import type { Cell } from './format.ts';
import { tellsOfFindings } from './own_tables.ts';
import { uuid } from './pseudonyms.ts';

export const levels = redactionLevels;
export type Level = (typeof levels)[number];

/** The classes of which the value alone decides. */
type Plain = 'name' | 'device' | 'linkable' | 'organisation' | 'private' | 'behaviour' | 'hash' | 'free';

type Rule = Plain | KnownWords | ((value: Cell, row: RowReader, by: Redactor) => Cell);

/** Another column of the same row, as it was. */
type RowReader = (column: string) => Cell;

const day = 86_400;

/** One level, one key, one host. */
export class Redactor {
  readonly level: Level;
  /** Stable across hosts, so that what is the same stays the same. */
  readonly hmac: (text: string) => string;
  readonly hostId: string;
  readonly columns: ColumnsByName;

  constructor(level: Level, hmac: (text: string) => string, hostId: string, columns: ColumnsByName) {
    this.level = level;
    this.hmac = hmac;
    this.hostId = hostId;
    this.columns = columns;
  }

  apply(kind: Plain, value: Cell): Cell {
    if (value === null) return null;
    switch (kind) {
      case 'device':
        return this.hmac(String(value));
      case 'name':
      case 'linkable':
      case 'organisation':
      case 'hash':
        return this.level === 'strict' ? null : this.hmac(String(value));
      case 'behaviour': {
        if (typeof value !== 'number') return null;
        // Weeks begin on a Monday; unix time began on a Thursday.
        const rounded =
          this.level === 'strict'
            ? Math.floor((value + 3 * day) / (7 * day)) * 7 * day - 3 * day
            : Math.floor(value / day) * day;
        // What is no time can be too large to be rounded.
        return Number.isFinite(rounded) ? rounded : null;
      }
      case 'private':
        return null;
      case 'free':
        return '(redacted)';
    }
  }

  /** A list with commas is kept where every one of its words is known. */
  applyWords({ known, otherwise }: KnownWords, value: Cell): Cell {
    if (typeof value !== 'string') return value;
    const isKnown = (word: string): boolean =>
      known instanceof RegExp ? known.test(word) : known.includes(word);
    return value.split(',').every(isKnown) ? value : this.apply(otherwise, value);
  }
}

export const applied = (rule: Rule | null, value: Cell, row: RowReader, by: Redactor): Cell => {
  if (rule === null) return value;
  if (typeof rule === 'function') return rule(value, row, by);
  return typeof rule === 'string' ? by.apply(rule, value) : by.applyWords(rule, value);
};

const appleGroups =
  /^(?:nobody|nogroup|wheel|daemon|kmem|sys|tty|operator|mail|bin|procview|procmod|owner|everyone|group|staff|network|utmp|certusers|authedusers|interactusers|netusers|consoleusers|localaccounts|netaccounts|admin|accessibility|_[a-z_]+|com\.apple\.[a-z_.-]+)$/;

/** Apple's own groups have ids below 500, as have some that somebody wanted hidden: both the id and the name must fit. */
const groupName: Rule = (value, row, by) => {
  const gid = row('gid');
  return typeof gid === 'number' && gid < 500 && appleGroups.test(String(value))
    ? value
    : by.apply('organisation', value);
};

/** What an MDM server says it can do: the names of Apple, and no others. */
const capabilities: Rule = (value, _row, by) =>
  typeof value !== 'string' || /^\[(?:"com\.apple\.mdm\.[a-z-]+",?)*\]$/.test(value)
    ? value
    : by.apply('organisation', value);

const nameOrUuid = (value: Cell, by: Redactor): Cell =>
  typeof value === 'string' && uuid.test(value) ? by.apply('device', value) : by.apply('name', value);

/** Of a thing of the host that has a name of its own, such as `group staff`: the kind of it is kept. */
const thing = /^(group|profile|administrator) (.+)$/s;
const subject: Rule = (value, row, by) => {
  if (row('subject_kind') !== 'host') return nameOrUuid(value, by);
  const [, kind, name] = thing.exec(String(value)) ?? [];
  return name === undefined ? value : `${kind} ${String(nameOrUuid(name, by))}`;
};

/** `1`, `escrowed 1`, `token`: what sources say is made of few words; a name, a UUID or a path is not among them. */
const statement =
  /^(?:(?:supported|escrowed) )?[01]$|^(?:tag|absent|listed|success|master keychain|unknown_user|ENABLED|DISABLED|token|ShadowHash|SecureToken|DisabledTags;SecureToken|APFSCryptoUserType|VolumeOwner)$/;

/** One value, or that of each witness, with commas. */
const stated: Rule = (value, _row, by) => {
  if (typeof value !== 'string') return value;
  const parts = value.split(',').map((part) => (statement.test(part) ? part : nameOrUuid(part, by)));
  return parts.includes(null) ? null : parts.join(',');
};

/** The id of a command is a hash of its argv, which may hold a name: it would be guessed. */
const commandId: Rule = (value, _row, by) => {
  if (typeof value !== 'string') return value;
  // A strict export has nothing by which the same name on two hosts could be told to be the same.
  return `c${by.hmac(by.level === 'strict' ? `${by.hostId} ${value}` : value).slice(0, 10)}`;
};

/** The texts of a JSON array; null where it is none, for a file that was merged may hold anything. */
const listOf = (value: Cell): readonly string[] | null => {
  try {
    const list = JSON.parse(String(value)) as unknown;
    return Array.isArray(list) ? list.map(String) : null;
  } catch {
    return null;
  }
};

const commandIds: Rule = (value, row, by) => {
  const ids = listOf(value);
  return ids === null ? null : JSON.stringify(ids.map((id) => commandId(id, row, by)));
};

const argv: Rule = (value, row, by) => {
  const source = row('source');
  if (typeof value !== 'string' || typeof source !== 'string' || !Object.hasOwn(commands, source))
    return null;
  const known = commands[source as CommandName] as { readonly argv: readonly string[] };
  const given = listOf(value);
  if (given === null) return null;
  const words = given.map((word, index) => {
    const fixed = known.argv[index];
    if (fixed === word || (fixed === '{device}' && /^(?:\/|disk[0-9]+s[0-9]+)$/.test(word))) return word;
    return by.level === 'strict' ? commandId(row('command_id'), row, by) : by.hmac(word);
  });
  return JSON.stringify(words);
};

const listOfNames: Rule = (value, _row, by) => {
  const names = typeof value !== 'string' || by.level === 'strict' ? null : listOf(value);
  return names === null ? null : JSON.stringify(names.map(by.hmac));
};

/** A JSON array of words of our own; others are left out, for a file that was merged may hold anything. */
const ownWords =
  (isOwn: (word: string, by: Redactor) => boolean): Rule =>
  (value, _row, by) => {
    if (typeof value !== 'string') return value;
    const words = listOf(value);
    return words === null ? null : JSON.stringify(words.filter((word) => isOwn(word, by)));
  };

const isSource = (word: string): boolean =>
  word === 'row' || word === 'stat' || Object.hasOwn(commands, word) || Object.hasOwn(files, word);

const isColumn = (word: string, { columns }: Redactor): boolean => columns.names.has(word);

const member: Rule = (value, row, by) => {
  if (typeof value === 'string' && uuid.test(value)) return by.apply('device', value);
  return by.apply(row('member_kind') === 'nested_group' ? 'organisation' : 'name', value);
};

/** What is told of a class: its rule, and what comes of it at each level in the words of docs/privacy.md. */
interface Told {
  readonly rule: Rule | null;
  readonly pseudonym: string;
  readonly strict: string;
}

const told = (rule: Rule | null, pseudonym: string, strict: string = pseudonym): Told => ({
  rule,
  pseudonym,
  strict,
});

export const rules: Readonly<Record<PrivacyClass, Told>> = {
  nobody: told(null, 'kept'),
  name: told('name', 'pseudonym', 'dropped'),
  names: told(listOfNames, 'pseudonyms', 'dropped'),
  account: told((value, _row, by) => nameOrUuid(value, by), 'pseudonym', 'UUID: pseudonym; name: dropped'),
  member: told(member, 'pseudonym', 'UUID: pseudonym; name: dropped'),
  device: told('device', 'pseudonym'),
  linkable: told('linkable', 'pseudonym', 'dropped'),
  organisation: told('organisation', 'pseudonym', 'dropped'),
  group_name: told(groupName, "Apple's: kept; others: pseudonym", "Apple's: kept; others: dropped"),
  capabilities: told(capabilities, "Apple's: kept; others: pseudonym", "Apple's: kept; others: dropped"),
  private: told('private', 'dropped'),
  behaviour: told('behaviour', 'to the day', 'to the week, which begins on Monday'),
  hash: told('hash', 'pseudonym', 'dropped'),
  free: told('free', '`(redacted)`'),
  command_id: told(commandId, 'pseudonym', 'pseudonym, another on each host'),
  command_ids: told(commandIds, 'pseudonyms', 'pseudonyms, others on each host'),
  argv: told(argv, 'words of the program: kept; others: pseudonym', 'the same, others on each host'),
  subject: told(
    subject,
    'words of the program: kept; names and UUIDs: pseudonym',
    'UUIDs: pseudonym; names: dropped',
  ),
  statement: told(
    stated,
    'few words: kept; others: pseudonym',
    'few words: kept; UUIDs: pseudonym; others: dropped',
  ),
  facts: told(facts, 'each as its column'),
  source_names: told(ownWords(isSource), 'names of sources: kept; others: left out'),
  column_names: told(ownWords(isColumn), 'names of columns: kept; others: left out'),
};

/** Null where the column says nothing of anybody. */
export const ruleOf = (privacy: Privacy): Rule | null =>
  typeof privacy === 'string' ? rules[privacy].rule : privacy;

/** The rules of the columns of a table, in their order. */
export const rulesOf = (table: Table): readonly (Rule | null)[] =>
  Object.values(table.columns).map(({ privacy }) => ruleOf(privacy));

/** The rules of one table by name. What is no column of it is one that a newer program declared. */
export const rulesByName = (table: Table): ((name: string) => Rule | null) => {
  const own = new Map(allColumns(table).map(([name, { privacy }]) => [name, ruleOf(privacy)]));
  return (name) => own.get(name) ?? (own.has(name) ? null : undecided('TEXT'));
};

/** True where the column may be NULL in a redacted export though it never is otherwise. */
export const mayBeDropped = (table: Table, name: string): boolean => {
  const privacy = table.columns[name]?.privacy ?? 'private';
  // Of a list of words the schema always said so, also where other words become `(redacted)`: it is not made narrower.
  if (typeof privacy === 'object') return privacy.otherwise !== 'device';
  return privacy !== 'nobody' && privacy !== 'free' && privacy !== 'device';
};

/** What columns of all tables say, by their names: for a fact of a finding, of which nothing says from which table it is. */
export class ColumnsByName {
  readonly names: ReadonlySet<string>;
  readonly #rules = new Map<string, readonly Rule[]>();
  readonly #harmless = new Set<string>();

  constructor(tables: readonly Table[]) {
    const names = new Set<string>();
    for (const table of tables) {
      for (const [name, { privacy }] of allColumns(table)) {
        const rule = ruleOf(privacy);
        names.add(name);
        if (rule === null) this.#harmless.add(name);
        // A fact is of another table than those that tell of facts.
        else if (!tellsOfFindings(table.name)) this.#rules.set(name, [...this.rulesOf(name), rule]);
      }
    }
    this.names = names;
  }

  /** Whatever hides a column of this name. */
  rulesOf(name: string): readonly Rule[] {
    return this.#rules.get(name) ?? [];
  }

  /** Some table has a column of this name that says nothing of anybody. */
  isHarmless(name: string): boolean {
    return this.#harmless.has(name);
  }
}

/** A fact has the name of the column that it comes from: what any column of that name hides is hidden. */
const redactFact = (name: string, fact: Cell, row: RowReader, by: Redactor): Cell => {
  if (fact === null) return null;
  const own = by.columns.rulesOf(name);
  const isHarmless = by.columns.isHarmless(name);
  if (typeof fact === 'number') {
    // A number is a count, an id or a bit; or it is a time, and of what is known only by its name.
    const isTime = /_time(?:stamp)?$|_last_set$/.test(name) && !isHarmless;
    if (own.includes('private')) return null;
    return own.includes('behaviour') || isTime ? by.apply('behaviour', fact) : fact;
  }
  if (own.length === 0) return isHarmless && name !== 'path' ? fact : nameOrUuid(fact, by);
  let redacted: Cell = fact;
  for (const rule of own) {
    const one = applied(rule, fact, row, by);
    if (one !== fact) redacted = one;
  }
  return redacted;
};

/** The facts that a text holds; null where it is none of ours. */
const factsIn = (text: string): readonly Record<string, Cell>[] | null => {
  try {
    const list = JSON.parse(text) as unknown;
    const isFacts = Array.isArray(list) && list.every((one) => typeof one === 'object' && one !== null);
    return isFacts ? (list as Record<string, Cell>[]) : null;
  } catch {
    return null;
  }
};

/** What a finding rests on: names of columns as the queries give them. */
function facts(value: Cell, _row: RowReader, by: Redactor): Cell {
  if (typeof value !== 'string') return null;
  const list = factsIn(value);
  // A fact of a query of somebody's own may have this name and be a text like any other.
  if (list === null) return null;
  const redacted = list.map((one) =>
    Object.fromEntries(
      Object.entries(one).map(([name, fact]): [string, Cell] => [
        name,
        redactFact(name, fact, (column) => one[column] ?? null, by),
      ]),
    ),
  );
  return JSON.stringify(redacted);
}
