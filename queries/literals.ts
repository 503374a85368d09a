/**
 * Tells of a literal that cannot match what it is compared with. No text is searched for that: each literal is put in as a
 * parameter, and the program that SQLite makes of the statement shows what becomes of it, through joins, subqueries, views
 * and CTEs. Only a literal of which every use is known, and is in vain, is told.
 */
import { nearest } from '../collector/nearest.ts';
import type { Column } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { explain } from '../store/guard.ts';
import type { Instruction } from '../store/guard.ts';
import { comparisons, probes, Program } from '../store/program.ts';
import type { Source } from '../store/program.ts';

export type KnownColumn = Pick<Column, 'type' | 'isBoolean' | 'values' | 'unit'>;
/** What is declared of a column; null where nothing is. */
export type KnowColumn = (table: string, column: string) => KnownColumn | null;

export interface Mistake {
  readonly message: string;
  readonly hint: string;
  /** The columns that the literal is compared with. */
  readonly columns: readonly { readonly table: string; readonly column: string }[];
  readonly value: string | number;
  /** It is compared by order, not for being equal. */
  readonly isOrder: boolean;
  /** Where it stands in the statement. */
  readonly start: number;
  readonly length: number;
}

interface Token {
  readonly kind: 'text' | 'number' | 'parameter' | 'symbol' | 'other';
  readonly text: string;
  readonly start: number;
}

/** Made where a statement has literals: what V8 looks up of Unicode takes a while. */
const tokenForms = (): readonly (readonly [Token['kind'] | 'space', RegExp])[] => [
  ['space', /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ['other', /[xX]'[^']*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y],
  ['text', /'(?:[^']|'')*'/y],
  ['number', /0[xX][0-9a-fA-F]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?/y],
  ['parameter', /\?[0-9]*|[:@$][\p{L}\p{N}_$]+/uy],
  ['other', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['symbol', /[<>=!]=|<>|[\s\S]/y],
];

/** The words of a statement as SQLite divides it. */
const tokensOf = (sql: string): Token[] => {
  const tokens: Token[] = [];
  const forms = tokenForms();
  for (let start = 0; start < sql.length;) {
    let end = start + 1;
    for (const [kind, form] of forms) {
      form.lastIndex = start;
      const text = form.exec(sql)?.[0];
      if (text === undefined) continue;
      if (kind !== 'space') tokens.push({ kind, text, start });
      end = start + text.length;
      break;
    }
    start = end;
  }
  return tokens;
};

/** What a person writes has fewer; to look into each takes the length of the statement. */
const maxLiterals = 500;

interface Literal {
  readonly value: string | number;
  /** As it stands in the statement. */
  readonly text: string;
  readonly start: number;
  /** The operator beside it, turned so that the literal is on the right. */
  readonly operator: string;
}

const turned: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

const literalAt = (tokens: readonly Token[], index: number): Literal | null => {
  const { kind, text, start } = tokens[index] as Token;
  if (kind !== 'text' && kind !== 'number') return null;
  const before = tokens[index - 1]?.text ?? '';
  const operator = before in turned ? before : (turned[tokens[index + 1]?.text ?? ''] ?? '');
  const value = kind === 'text' ? text.slice(1, -1).replaceAll("''", "'") : Number(text.replaceAll('_', ''));
  return { value, text, start, operator };
};

const parameterOf = (index: number): string => `:tokenquery_${index}`;

/** What a literal is compared with, one entry for each comparison of the program; null where something else is done with it. */
type Comparisons = readonly {
  readonly isOrder: boolean;
  readonly collation: string;
  readonly sources: readonly Source[];
}[];

interface Told {
  readonly program: Program;
  readonly literals: ReadonlyMap<number, Literal>;
}

/** The program of a statement with these literals as parameters; null where SQLite does not take one there. */
const programWith = (
  db: Db,
  sql: string,
  tokens: readonly Token[],
  literals: readonly Literal[],
): Told | null => {
  const byStart = new Map(literals.map((literal) => [literal.start, literal]));
  const numbers = new Map<string, number>();
  const own = new Map<number, Literal>();
  const values: Record<string, number> = {};
  let text = '';
  let end = 0;
  for (const token of tokens) {
    const literal = byStart.get(token.start);
    if (literal === undefined && token.kind !== 'parameter') continue;
    const name = literal === undefined ? token.text : parameterOf(token.start);
    if (!numbers.has(name)) numbers.set(name, numbers.size + 1);
    values[name.slice(1)] = 0;
    if (literal === undefined) continue;
    own.set(numbers.get(name) as number, literal);
    text += `${sql.slice(end, token.start)} ${name} `;
    end = token.start + token.text.length;
  }
  try {
    return { program: new Program(db, explain(db, text + sql.slice(end), values)), literals: own };
  } catch {
    return null;
  }
};

/** Programs that have every literal as a parameter where SQLite takes one, as few of them as can be. */
const programsOf = (db: Db, sql: string, tokens: readonly Token[], literals: readonly Literal[]): Told[] => {
  if (literals.length === 0) return [];
  const whole = programWith(db, sql, tokens, literals);
  if (whole !== null) return [whole];
  if (literals.length === 1) return [];
  const middle = Math.ceil(literals.length / 2);
  return [literals.slice(0, middle), literals.slice(middle)].flatMap((half) =>
    programsOf(db, sql, tokens, half),
  );
};

// What these do with a value changes no answer: they ask whether it is NULL, or whether a row can be there at all.
const harmless: ReadonlySet<string> = new Set([
  ...['IsNull', 'NotNull', 'ZeroOrNull', 'Filter', 'FilterAdd', 'Affinity'],
]);

/** The collation of a column of an index, which is written k(2,B,NOCASE). */
const collationOf = (p4: string | null, index: number): string => {
  const name = /^k\([0-9]+,(.*)\)$/.exec(p4 ?? '')?.[1]?.split(',')[index] ?? '';
  return name.replace(/^-/, '') === 'B' ? 'BINARY' : name.replace(/^-/, '');
};

/** Follows a value through a program from where it is written. */
class Follower {
  readonly found: Comparisons[number][] = [];
  private readonly program: Program;
  private readonly seen = new Set<string>();

  constructor(program: Program) {
    this.program = program;
  }

  /** Follows the value of a register; false where something is done with it that is no comparison. */
  register(register: number, writtenAt: number): boolean {
    return (
      this.isNew(`register ${register} ${writtenAt}`) ||
      this.program.usesOf(register, writtenAt).every((use) => this.use(use, register))
    );
  }

  private isNew(key: string): boolean {
    const was = this.seen.has(key);
    this.seen.add(key);
    return was;
  }

  private use(use: Instruction, register: number): boolean {
    const { addr, opcode, p1, p2, p3, p4 } = use;
    if (comparisons.has(opcode)) {
      const sources = this.program.sourcesOf(p1 === register ? p3 : p1, addr);
      const collation = (p4 ?? 'BINARY-8').replace(/-8$/, '');
      this.found.push({ isOrder: opcode !== 'Eq' && opcode !== 'Ne', collation, sources });
      return true;
    }
    if (harmless.has(opcode)) return true;
    if (opcode === 'Copy' || opcode === 'SCopy' || opcode === 'Move')
      return this.register(p2 + register - p1, addr);
    if (opcode === 'MakeRecord') return this.record(p3, addr, register - p1);
    if (probes.has(opcode)) {
      this.noteProbe(p1, register - p3, this.program.cursorSources(p1, register - p3));
      return true;
    }
    return false;
  }

  private noteProbe(cursor: number, index: number, sources: readonly Source[]): void {
    const collation = collationOf(this.program.openings.get(cursor)?.p4 ?? null, index);
    this.found.push({ isOrder: false, collation, sources });
  }

  /** Follows a value into the rows of a cursor. */
  private record(register: number, writtenAt: number, index: number): boolean {
    return this.program.usesOf(register, writtenAt).every(({ opcode, p1 }) => {
      if (opcode === 'FilterAdd') return true;
      if (opcode !== 'Insert' && opcode !== 'IdxInsert') return false;
      // Others read the same rows.
      if (this.program.openings.get(p1)?.opcode === 'OpenDup') return false;
      return this.isNew(`cursor ${p1} ${index}`) || this.cursor(p1, index);
    });
  }

  private cursor(cursor: number, index: number): boolean {
    if (this.program.isTakenOver(cursor)) return false;
    return this.program.usesOfCursor(cursor).every((use) => {
      const { addr, opcode, p2, p3, p4 } = use;
      if (opcode === 'Column') return p2 !== index || this.register(p3, addr);
      if (!probes.has(opcode)) return !opcode.startsWith('Seek') && !opcode.startsWith('Idx');
      if (Number(p4 ?? 0) <= index) return Number(p4 ?? 0) > 0;
      this.noteProbe(cursor, index, this.program.sourcesOf(p3 + index, addr));
      return true;
    });
  }
}

const comparisonsOf = (program: Program, parameter: number): Comparisons | null => {
  const follower = new Follower(program);
  const isFollowed = program.instructions
    .filter(({ opcode, p1 }) => opcode === 'Variable' && p1 === parameter)
    .every(({ addr, p2 }) => follower.register(p2, addr));
  return isFollowed ? follower.found : null;
};

/** A literal as a number, where a column of numbers would take it for one. */
const numberOf = (value: string | number): number | null => {
  if (typeof value === 'number') return value;
  return /^[ \t-\r]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t-\r]*$/.test(value)
    ? Number(value)
    : null;
};

const foldings: Readonly<Record<string, (text: string) => string>> = {
  BINARY: (text) => text,
  NOCASE: (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  RTRIM: (text) => text.replace(/ +$/, ''),
};

const isVersion = ({ table, column }: { table: string; column: string }): boolean =>
  (column === 'os_version' && table.startsWith('hosts')) || (column === 'version' && table === 'os_version');

/** Whether a comparison with a value of a column can say anything but always the same. */
const canMatchColumn = (
  { value }: Literal,
  column: { readonly table: string; readonly column: string },
  { type, isBoolean, values }: KnownColumn,
  { isOrder, collation }: Comparisons[number],
): boolean => {
  if (isOrder && isVersion(column)) return false;
  const number = numberOf(value);
  if (type !== 'TEXT') {
    if (number === null) return false;
    if (isOrder || type === 'REAL') return true;
    return isBoolean === true ? number === 0 || number === 1 : Number.isInteger(number);
  }
  const fold = foldings[collation];
  if (isOrder || values === undefined || fold === undefined) return true;
  return values.some((known) => fold(known) === fold(String(value)));
};

const canMatchValue = (literal: Literal, value: string | number): boolean =>
  String(literal.value).toLowerCase() === String(value).toLowerCase() ||
  (numberOf(literal.value) !== null && numberOf(literal.value) === numberOf(value));

/** The columns that a literal is compared with in vain; null where it can match, or where that cannot be told. */
const vainColumns = (
  literal: Literal,
  found: Comparisons,
  literals: ReadonlyMap<number, Literal>,
  know: KnowColumn,
): {
  readonly columns: Mistake['columns'];
  readonly known: KnownColumn;
  readonly isOrder: boolean;
} | null => {
  const columns = new Map<string, Mistake['columns'][number]>();
  let first: KnownColumn | null = null;
  for (const comparison of found) {
    let hasColumn = false;
    for (const source of comparison.sources) {
      if (source.kind === 'other') return null;
      if (source.kind === 'null') continue;
      if (source.kind !== 'column') {
        const value = source.kind === 'literal' ? source.value : literals.get(source.number)?.value;
        if (value === undefined || comparison.isOrder || canMatchValue(literal, value)) return null;
        continue;
      }
      const known = know(source.table, source.column);
      if (known === null || canMatchColumn(literal, source, known, comparison)) return null;
      hasColumn = true;
      first ??= known;
      const { table, column } = source;
      columns.set(`${table}.${column}`, { table, column });
    }
    if (!hasColumn) return null;
  }
  if (first === null) return null;
  return { columns: [...columns.values()], known: first, isOrder: found.some(({ isOrder }) => isOrder) };
};

const yesNo: Readonly<Record<string, 0 | 1>> = {
  ...{ true: 1, yes: 1, y: 1, on: 1, t: 1, enabled: 1 },
  ...{ false: 0, no: 0, n: 0, off: 0, f: 0, disabled: 0 },
};

const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s-]+/g, '_');

/** The word of a list that was meant. */
const meantWord = (given: string, values: readonly string[]): string | null => {
  return values.find((known) => plain(known) === plain(given)) ?? nearest(given, values);
};

const hintOf = (db: Db, { value }: Literal, { type, isBoolean, values, unit }: KnownColumn): string => {
  if (isBoolean === true) {
    const meant = yesNo[String(value).toLowerCase()];
    return `${meant === undefined ? '' : `did you mean ${meant}? `}it is 1, 0 or NULL`;
  }
  if (type === 'TEXT') {
    const meant = meantWord(String(value), values ?? []);
    return `${meant === null ? '' : `did you mean ${meant}? `}it is one of ${(values ?? []).join(', ')}`;
  }
  const isDate =
    unit === 'unix_seconds' &&
    typeof value === 'string' &&
    db.prepare('SELECT unixepoch(?)').pluck().get(value) !== null;
  if (isDate) return `it is in unix seconds: unixepoch('${value.replaceAll("'", "''")}')`;
  return `it is a ${type === 'REAL' ? '' : 'whole '}number${unit === 'unix_seconds' ? ', in unix seconds' : ''}`;
};

/** 15.6.1 as os_version_num has it; null where it is no version. */
const versionNumber = (text: string): number | null => {
  const [, major, minor, patch] = /^([0-9]{1,3})(?:\.([0-9]{1,2}))?(?:\.([0-9]{1,2}))?$/.exec(text) ?? [];
  return major === undefined ? null : Number(major) * 10_000 + Number(minor ?? 0) * 100 + Number(patch ?? 0);
};

const hintOfVersion = ({ value, text, operator }: Literal, columns: Mistake['columns']): string => {
  const order = operator === '' ? '>=' : operator;
  // In osquery's table of this name there is no number of the whole.
  if (columns.some(({ table }) => table === 'os_version'))
    return typeof value === 'string'
      ? `version_compare(version, ${text}) ${order} 0, or compare major and minor`
      : "compare major and minor, or use version_compare(version, '15.6')";
  const number = versionNumber(String(value));
  return number === null
    ? 'compare os_version_num, which is 150601 for 15.6.1'
    : `os_version_num ${order} ${number}`;
};

const mistakeOf = (
  db: Db,
  literal: Literal,
  { columns, known, isOrder }: NonNullable<ReturnType<typeof vainColumns>>,
): Mistake => {
  const { value, text, start } = literal;
  const named = columns.map(({ table, column }) => `${table}.${column}`).join(' and ');
  const place = { columns, value, isOrder, start, length: text.length };
  const verb = columns.length > 1 ? 'are' : 'is';
  if (isOrder && columns.every(isVersion)) {
    return {
      message: `${named} ${verb} a text, in which 15.6.1 comes before 9: ${text} says nothing about it`,
      hint: hintOfVersion(literal, columns),
      ...place,
    };
  }
  return {
    message: isOrder
      ? `${named} ${verb} a number: ${text} says nothing about it`
      : `${named} ${verb} never ${text}`,
    hint: hintOf(db, literal, known),
    ...place,
  };
};

/**
 * The literals of a statement that cannot match what they are compared with, in their order.
 *
 * @param db An empty database in which every name that the statement uses is a table, with plain columns.
 */
export const literalMistakes = (db: Db, sql: string, know: KnowColumn): readonly Mistake[] => {
  const tokens = tokensOf(sql);
  // Numbers of parameters that the statement itself chooses are not foreseen.
  if (tokens.some(({ kind, text }) => kind === 'parameter' && text.startsWith('?'))) return [];
  const literals = tokens.flatMap((_, index) => literalAt(tokens, index) ?? []);
  if (literals.length > maxLiterals) return [];
  const found = new Map<number, Mistake>();
  // A number may be the place of a column, as in GROUP BY 1: without it the statement is another one.
  const [texts, numbers] = [
    (one: Literal) => typeof one.value === 'string',
    (one: Literal) => typeof one.value === 'number',
  ];
  const told = [texts, numbers].flatMap((is) => programsOf(db, sql, tokens, literals.filter(is)));
  for (const { program, literals: own } of told) {
    if (!program.isUnderstood) continue;
    for (const [parameter, literal] of own) {
      const compared = comparisonsOf(program, parameter);
      const vain = compared === null ? null : vainColumns(literal, compared, own, know);
      if (vain !== null) found.set(literal.start, mistakeOf(db, literal, vain));
    }
  }
  return [...found].toSorted(([a], [b]) => a - b).map(([, mistake]) => mistake);
};
