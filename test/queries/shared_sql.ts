/**
 * What engines refuse that fleets run beside the three of the tests: ClickHouse an unaliased qualified column in a joined
 * subquery (its issue 66133), a backslash in a literal, a column from two queries further out, and one that a subquery in the
 * list of SELECT DISTINCT depends on and the list has not; MariaDB a reserved word as a name, and the backslash, too.
 */
interface Token {
  readonly kind: 'word' | 'text' | 'mark';
  readonly text: string;
  /** How many parentheses are open. */
  readonly depth: number;
  readonly line: number;
}

/** The reserved words of MariaDB 11.8 (its documentation, Reserved Words), without those of its Oracle mode. */
const reservedWords = new Set(
  `accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case
change char character check collate column condition constraint continue convert create cross current_date current_role
current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second dec
decimal declare default delayed delete delete_domain_id desc describe deterministic distinct distinctrow div do_domain_ids
double drop dual each else elseif enclosed escaped except exists exit explain false fetch float float4 float8 for force
foreign from fulltext general grant group having high_priority hour_microsecond hour_minute hour_second if ignore
ignore_domain_ids ignore_server_ids in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer
intersect interval into is iterate join key keys kill leading leave left like limit linear lines load localtime
localtimestamp lock long longblob longtext loop low_priority master_heartbeat_period master_ssl_verify_server_cert match
maxvalue mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural not
no_write_to_binlog null numeric offset on optimize option optionally or order out outer outfile over page_checksum
parse_vcol_expr partition position precision primary procedure purge range read reads read_write real recursive
ref_system_id references regexp release rename repeat replace require resignal restrict return returning revoke right
rlike row_number rows schema schemas second_microsecond select sensitive separator set show signal slow smallint spatial
specific sql sqlexception sqlstate sqlwarning sql_big_result sql_calc_found_rows sql_small_result ssl starting
stats_auto_recalc stats_persistent stats_sample_pages straight_join table terminated then tinyblob tinyint tinytext to
trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values
varbinary varchar varcharacter varying when where while window with write xor year_month zerofill`.split(
    /\s+/,
  ),
);

const tokensOf = (sql: string): readonly Token[] => {
  const tokens: Token[] = [];
  let depth = 0;
  let line = 1;
  for (const [text] of sql.matchAll(/--[^\n]*|'(?:[^']|'')*'|\w+|\s+|[^]/g)) {
    const isBlank = text.startsWith('--') || text.trim() === '';
    if (text === ')') depth -= 1;
    const kind = text.startsWith("'") ? 'text' : /^\w/.test(text) ? 'word' : 'mark';
    if (!isBlank) tokens.push({ kind, text, depth, line });
    if (text === '(') depth += 1;
    line += text.split('\n').length - 1;
  }
  return tokens;
};

const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase());

/** From the one to the first of these words at its depth, or the end of its parentheses. */
const until = (tokens: readonly Token[], from: number, ...words: readonly string[]): readonly Token[] => {
  const depth = tokens[from]?.depth ?? 0;
  const rest = tokens.slice(from + 1);
  const end = rest.findIndex(
    (token) => token.depth < depth || (token.depth === depth && isWord(token, ...words)),
  );
  return end === -1 ? rest : rest.slice(0, end);
};

const afterFrom = ['WHERE', 'GROUP', 'HAVING', 'ORDER', 'UNION', 'LIMIT', 'WINDOW', 'SELECT'];

/** The items of a list, as their tokens. */
const itemsOf = (tokens: readonly Token[], depth: number): readonly (readonly Token[])[] => {
  const items: Token[][] = [[]];
  for (const token of tokens)
    if (token.text === ',' && token.depth === depth) items.push([]);
    else items.at(-1)?.push(token);
  return items;
};

/** Columns such as `a.b` of a subquery that joins: their name is not `b` to every engine. */
const unaliased = (tokens: readonly Token[]): string[] =>
  tokens.flatMap((token, at) => {
    if (token.depth === 0 || !isWord(token, 'SELECT')) return [];
    const list = until(tokens, at, 'FROM');
    const from = until(tokens, at + list.length + 1, ...afterFrom);
    const own = from.filter(({ depth }) => depth === token.depth);
    if (!own.some((one) => isWord(one, 'JOIN') || one.text === ',')) return [];
    return itemsOf(
      list.filter((one, index) => index > 0 || !isWord(one, 'DISTINCT')),
      token.depth,
    )
      .filter((item) => item.length === 3 && item[1]?.text === '.')
      .map(
        (item) =>
          `line ${item[0]?.line}: ${item.map(({ text }) => text).join('')} of a joined subquery has no AS`,
      );
  });

/** A backslash is one character to some engines and an escape to others; of two, the first is one to all. */
const backslashes = (tokens: readonly Token[]): string[] =>
  tokens.flatMap(({ kind, text, line }, at) => {
    if (kind !== 'text' || !text.includes('\\')) return [];
    const around = tokens.slice(at - 2, at + 6).map((token) => token.text.toUpperCase());
    return around.join(' ') === "SUBSTR ( '\\\\' , 1 , 1 )"
      ? []
      : [`line ${line}: ${text} has a backslash; SUBSTR('\\\\', 1, 1) is one to every engine`];
  });

/** Names that the statement gives: after AS, before AS ( and after a table. */
const reserved = (tokens: readonly Token[]): string[] =>
  tokens.flatMap((token, at) => {
    const [before, after, next] = [tokens[at - 1], tokens[at + 1], tokens[at + 2]];
    const open = tokens.findLastIndex(
      (one, index) => index < at && one.text === '(' && one.depth === token.depth - 1,
    );
    const isType = isWord(tokens[open - 1], 'CAST');
    const isGiven =
      (isWord(before, 'AS') && !isType) ||
      (isWord(after, 'AS') && next?.text === '(' && token.kind === 'word');
    return isGiven && token.kind === 'word' && reservedWords.has(token.text.toLowerCase())
      ? [`line ${token.line}: ${token.text} is a reserved word`]
      : [];
  });

/** A SELECT: where it begins, the one around it, and what its FROM calls its tables. */
interface Scope {
  readonly at: number;
  readonly outer: Scope | null;
  readonly aliases: ReadonlySet<string>;
}

const afterTable = ['ON', 'LEFT', 'INNER', 'CROSS', 'FULL', 'RIGHT', 'NATURAL', 'USING', ...afterFrom];

/** The names under which the tables of a SELECT are known in it. */
const aliasesOf = (tokens: readonly Token[], select: number): ReadonlySet<string> => {
  const { depth = 0 } = tokens[select] ?? {};
  const list = until(tokens, select, 'FROM');
  const from = until(tokens, select + list.length + 1, ...afterFrom).filter((token) => token.depth === depth);
  const names = from.flatMap((token, at) => {
    const [before, after] = [from[at - 1], from[at + 1]];
    if (token.kind !== 'word' || isWord(token, 'JOIN', ...afterTable)) return [];
    const isTable = before === undefined || before.text === ',' || isWord(before, 'JOIN');
    const isAlone = after === undefined || after.kind !== 'word' || isWord(after, 'JOIN', ...afterTable);
    const isAlias =
      before?.text === ')' || (before?.kind === 'word' && !isWord(before, 'JOIN', ...afterTable));
    return (isTable && isAlone) || (!isTable && isAlias && after?.text !== '.') ? [token.text] : [];
  });
  return new Set(names);
};

const scopesOf = (tokens: readonly Token[]): ReadonlyMap<Token, Scope> => {
  const ofToken = new Map<Token, Scope>();
  const open: Scope[] = [];
  for (const [at, token] of tokens.entries()) {
    const depthOf = (scope: Scope | undefined): number => tokens[scope?.at ?? 0]?.depth ?? 0;
    while (open.length > 0 && depthOf(open.at(-1)) > token.depth) open.pop();
    if (isWord(token, 'SELECT')) {
      if (open.length > 0 && depthOf(open.at(-1)) === token.depth) open.pop();
      open.push({ at, outer: open.at(-1) ?? null, aliases: aliasesOf(tokens, at) });
    }
    const scope = open.at(-1);
    if (scope !== undefined) ofToken.set(token, scope);
  }
  return ofToken;
};

/** Columns of a SELECT that is neither this one nor the one around it: ClickHouse knows of one step out alone. */
const farOut = (tokens: readonly Token[]): string[] => {
  const scopes = scopesOf(tokens);
  return tokens.flatMap((token, at) => {
    const scope = scopes.get(token);
    if (token.kind !== 'word' || tokens[at + 1]?.text !== '.' || scope === undefined) return [];
    if (scope.aliases.has(token.text) || scope.outer?.aliases.has(token.text) === true) return [];
    for (let outer = scope.outer?.outer ?? null; outer !== null; outer = outer.outer)
      if (outer.aliases.has(token.text))
        return [`line ${token.line}: ${token.text}.${tokens[at + 2]?.text} is of a SELECT two steps out`];
    return [];
  });
};

/** What a subquery in the list of SELECT DISTINCT depends on, and the list has not: ClickHouse does not find it. */
const unlisted = (tokens: readonly Token[]): string[] =>
  tokens.flatMap((token, at) => {
    if (!isWord(token, 'SELECT') || !isWord(tokens[at + 1], 'DISTINCT')) return [];
    const list = until(tokens, at, 'FROM').slice(1);
    const aliases = aliasesOf(tokens, at);
    const columnAt = (index: number): string =>
      list[index + 1]?.text === '.' ? `${list[index]?.text}.${list[index + 2]?.text}` : '';
    const listed = new Set(
      itemsOf(list, token.depth).map((item) =>
        item
          .slice(0, 3)
          .map(({ text }) => text)
          .join(''),
      ),
    );
    const subqueries = list.filter((one) => isWord(one, 'SELECT'));
    return list.flatMap(({ text, depth, line }, index) =>
      subqueries.some((one) => one.depth <= depth) && aliases.has(text) && depth > token.depth
        ? listed.has(columnAt(index)) || columnAt(index) === ''
          ? []
          : [
              `line ${line}: a subquery of a SELECT DISTINCT depends on ${columnAt(index)}, which is not listed`,
            ]
        : [],
    );
  });

/** What engines beside SQLite, PostgreSQL and DuckDB refuse in a statement, in words. */
export const refusals = (sql: string): readonly string[] => {
  const tokens = tokensOf(sql);
  return [unaliased, backslashes, reserved, farOut, unlisted].flatMap((of) => of(tokens));
};
