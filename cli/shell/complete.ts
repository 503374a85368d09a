/** What a word that was begun may become: it depends on what stands before it. */
import { allColumns } from '../../collector/table.ts';
import type { Column } from '../../collector/table.ts';
import { quoteText } from '../../store/ddl.ts';
import { tables } from '../../tables/index.ts';
import { visible } from '../../export/visible.ts';
import { dotCommands, modeNames } from './dot_commands.ts';
import type { Takes } from './dot_commands.ts';
import type { Catalog } from './frames.ts';
import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

/** What the word may become, and the word, which they take the place of. */
export type Completion = readonly [hits: string[], part: string];

const none: Completion = [[], ''];

const words = (text: string): readonly string[] => text.split(' ');

const keywords = words(
  'SELECT FROM WHERE GROUP ORDER BY HAVING LIMIT OFFSET JOIN LEFT INNER CROSS ON USING AS AND OR NOT IN IS NULL LIKE GLOB BETWEEN ' +
    'EXISTS CASE WHEN THEN ELSE END DISTINCT UNION ALL EXCEPT INTERSECT WITH RECURSIVE VALUES ASC DESC EXPLAIN QUERY PLAN COLLATE OVER ' +
    'PARTITION FILTER CAST',
);
const functions = words(
  'count( sum( min( max( avg( total( group_concat( coalesce( ifnull( iif( length( lower( upper( substr( replace( instr( trim( ' +
    'printf( datetime( date( strftime( unixepoch( json_extract( json_each( abs( round( typeof(',
);
/** Behind these a table is named. */
const beforeTable: ReadonlySet<string> = new Set(['FROM', 'JOIN']);
const endsTables: ReadonlySet<string> = new Set(
  words('SELECT WHERE GROUP ORDER HAVING LIMIT ON USING UNION EXCEPT INTERSECT'),
);
const compares: ReadonlySet<string> = new Set(['=', '==', '<>', '!=', 'IS', 'NOT']);
const reserved: ReadonlySet<string> = new Set(keywords);

const upper = (token: Token | undefined): string =>
  token === undefined || token.kind === 'text' || token.kind === 'name' ? '' : token.value.toUpperCase();
const isName = (token: Token | undefined): token is Token =>
  token !== undefined && (token.kind === 'name' || (token.kind === 'word' && !reserved.has(upper(token))));

/** The tables that a statement names, by the names that they have in it. */
const tablesIn = (tokens: readonly Token[], { tables: known }: Catalog): ReadonlyMap<string, string> => {
  const used = new Map<string, string>();
  for (const [index, token] of tokens.entries()) {
    const name = token.value.toLowerCase();
    if (!isName(token) || !known.has(name)) continue;
    used.set(name, name);
    const alias = upper(tokens[index + 1]) === 'AS' ? tokens[index + 2] : tokens[index + 1];
    if (isName(alias)) used.set(alias.value.toLowerCase(), name);
  }
  return used;
};

const specOf = (table: string, column: string): Column | undefined => {
  const declared = tables.find(({ name }) => name === table || `${name}_history` === table);
  return declared === undefined ? undefined : new Map(allColumns(declared)).get(column);
};

/** What a column can be, as a statement writes it. */
const valuesOf = (column: string, used: readonly string[], { hosts }: Catalog): readonly string[] => {
  if (column === 'host_id') return hosts.map(quoteText);
  const found = used.flatMap((table) => {
    const spec = specOf(table, column);
    return spec?.isBoolean === true ? ['0', '1'] : (spec?.values ?? []).map(quoteText);
  });
  return [...new Set(found)];
};

/** The column that a value is compared with; null where nothing is compared. */
const comparedColumn = (before: readonly Token[]): string | null => {
  let at = before.length - 1;
  const marks = new Set(['(', ',']);
  if (marks.has(before[at]?.value ?? '')) {
    while (before[at]?.value === ',' && ['text', 'number'].includes(before[at - 1]?.kind ?? '')) at -= 2;
    if (before[at]?.value !== '(' || upper(before[at - 1]) !== 'IN') return null;
    at -= 2;
    if (upper(before[at]) === 'NOT') at -= 1;
  } else {
    if (!compares.has(upper(before[at]))) return null;
    while (compares.has(upper(before[at]))) at -= 1;
  }
  const column = before[at];
  return isName(column) ? column.value.toLowerCase() : null;
};

/** Whether a table is to be named: behind FROM or JOIN, or behind a comma in such a list. */
const namesTable = (before: readonly Token[]): boolean => {
  const last = before.at(-1);
  if (beforeTable.has(upper(last))) return true;
  if (last?.value !== ',') return false;
  let depth = 0;
  for (const token of before.toReversed()) {
    if (token.value === ')' && token.kind === 'mark') depth += 1;
    if (token.value === '(' && token.kind === 'mark') depth -= 1;
    if (depth < 0) return false;
    if (depth > 0) continue;
    if (beforeTable.has(upper(token))) return true;
    if (endsTables.has(upper(token))) return false;
  }
  return false;
};

const plainName = /^[a-z_][a-z0-9_]*$/i;

/** A name as a statement writes it, in the quotes that were begun or that it needs. */
const written = (name: string, begun: string): string => {
  const quote = /^["`[]/.exec(begun)?.[0];
  if (quote === undefined) {
    const isPlain = plainName.test(name) && !reserved.has(name.toUpperCase());
    return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
  }
  return quote === '[' ? `[${name}]` : `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
};

const startsWith = (text: string, part: string): boolean => text.toLowerCase().startsWith(part.toLowerCase());

/** Who begins without the quote means what is in it, too. */
// Names come from Macs and from files, and what is offered goes to the terminal, and into the line, as it is.
const longestHit = 200;
const isHarmless = (name: string): boolean => name.length <= longestHit && visible(name) === name;

const hitsOf = (candidates: Iterable<string>, part: string): string[] =>
  [...new Set(candidates)].filter(
    (one) =>
      (startsWith(one, part) || (/^['"]/.test(one) && startsWith(one.slice(1), part))) && isHarmless(one),
  );

/** The word under the cursor, where one was begun, and what stands before it. */
const cut = (text: string, tokens: readonly Token[]): { part: string; before: readonly Token[] } => {
  const last = tokens.at(-1);
  const isPart =
    last !== undefined &&
    last.start + last.raw.length === text.length &&
    (last.isOpen || last.kind === 'word' || last.kind === 'number');
  return isPart ? { part: last.raw, before: tokens.slice(0, -1) } : { part: '', before: tokens };
};

/**
 * What a word of a statement may become.
 *
 * @param before The statement up to the cursor.
 * @param after What stands behind it.
 */
export const completeSql = (before: string, after: string, catalog: Catalog): Completion => {
  const read = tokensOf(before);
  if (read.isComment) return none;
  const { part, before: tokens } = cut(before, read.tokens);
  const used = tablesIn([...tokens, ...tokensOf(after).tokens], catalog);
  const columnsOf = (table: string): readonly string[] => catalog.tables.get(table) ?? [];
  const names = (some: Iterable<string>): Completion => [
    hitsOf(
      [...some].map((name) => written(name, part)),
      part,
    ),
    part,
  ];
  if (tokens.at(-1)?.value === '.') {
    const of = used.get(tokens.at(-2)?.value.toLowerCase() ?? '');
    return of === undefined ? none : names(columnsOf(of));
  }
  const column = comparedColumn(tokens);
  const values = column === null ? [] : valuesOf(column, [...new Set(used.values())], catalog);
  const meant = hitsOf(values, part);
  if (meant.length > 0 || part.startsWith("'")) return [meant, part];
  if (namesTable(tokens)) return names([...catalog.tables.keys()].filter((name) => !name.startsWith('_')));
  const isLower = /[a-z]/.test(part);
  const columns = used.size > 0 ? [...used.values()].flatMap(columnsOf) : [...catalog.tables.values()].flat();
  const own = [...used.keys()];
  if (/^["`[]/.test(part)) return names([...columns, ...own]);
  const others = [...keywords.map((word) => (isLower ? word.toLowerCase() : word)), ...functions];
  const [hits] = names([...columns, ...own]);
  return [[...new Set([...hits, ...hitsOf(others, part)])], part];
};

const argumentsOf = (takes: Takes | undefined, name: string, catalog: Catalog): readonly string[] => {
  if (name === '.help') return dotCommands.map((command) => command.name);
  switch (takes) {
    case 'table':
      return [...catalog.tables.keys()];
    case 'mode':
      return modeNames;
    case 'on or off':
      return ['on', 'off'];
    case 'host':
      return [...catalog.hostNames, ...catalog.hosts];
    case 'query':
      return catalog.queries;
    case undefined:
      return [];
  }
};

/** What a word of a line that begins with a dot may become. */
export const completeDot = (line: string, catalog: Catalog): Completion => {
  const text = line.trimStart();
  const [, name, part] = /^(\S+)\s+(?:\S+\s+)*(\S*)$/.exec(text) ?? [];
  if (name === undefined || part === undefined)
    return [
      hitsOf(
        dotCommands.map((command) => command.name),
        text,
      ),
      text,
    ];
  const command = dotCommands.find((one) => one.name === name.toLowerCase());
  return [hitsOf(argumentsOf(command?.takes, name.toLowerCase(), catalog), part), part];
};
